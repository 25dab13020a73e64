/*
 * %{ Python }%: the values of tcp_info at that moment and the code are written
 * into one program, which python3 runs when the script is over.
 */
#include "drill/info.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define VERDICT_FD 3
#define CODE_SECONDS 20 /* code that runs on is ended */

/* No imports, no site: they take longer than all the rest of a script. What the code prints is not the verdict. */
static const char prologue[] =
    "def check(line, code):\n"
    "    try:\n"
    "        first, _, rest = code.partition('\\n')\n"
    "        lines = rest.split('\\n')\n"
    "        margins = [len(l) - len(l.lstrip()) for l in lines if l.strip()]\n"
    "        margin = min(margins) if margins else 0\n"
    "        indent = ' ' if first.rstrip().endswith(':') else ''\n"
    "        exec('\\n'.join([first.strip()] + [indent + l[margin:] for l in lines]), g)\n"
    "    except BaseException as e:\n"
    "        at = e.__traceback__.tb_next\n"
    "        line += (at.tb_lineno if at is not None else getattr(e, 'lineno', None) or 1) - 1\n"
    "        what = '%s: %s' % (type(e).__name__, e)\n"
    "        print('%d %s' % (line, what.replace('\\n', ' ')), file=verdict, flush=True)\n"
    "        raise SystemExit(1)\n"
    "verdict = open(3, 'w')\n";

/* As a Python string: every byte that could mean something is written as a number. */
static void add_string(struct text *to, const char *from)
{
    text_add(to, "'");
    for (; *from != '\0'; from++) {
        if (*from == '\'' || *from == '\\' || (unsigned char)*from < ' ' || (unsigned char)*from > '~')
            text_add(to, "\\x%02x", (unsigned)(unsigned char)*from);
        else
            text_add(to, "%c", *from);
    }
    text_add(to, "'");
}

void assertions_add(struct run *run, const struct drill_event *event)
{
    struct info info;

    info_read(run, run->subject_fd, &info);
    if (run->python.bytes == 0) {
        info_add_python_names(info.bsd, &run->python);
        text_add(&run->python, "%s", prologue);
    }
    text_add(&run->python, "g.update(");
    info_add_python(&info, &run->python);
    text_add(&run->python, ")\ncheck(%u, ", event->place.line);
    add_string(&run->python, event->text);
    text_add(&run->python, ")\n");
}

static bool python_exists(void)
{
    const char *path = getenv("PATH");
    char file[4096];

    while (path != NULL && *path != '\0') {
        size_t bytes = strcspn(path, ":");

        snprintf(file, sizeof file, "%.*s/python3", (int)bytes, path);
        if (access(file, X_OK) == 0)
            return true;
        path += bytes + (path[bytes] == ':');
    }
    return false;
}

/* "LINE what": what the program says before it gives up. */
static bool judge(struct run *run, FILE *from, pid_t child)
{
    char line[512] = "";
    int status = 0;
    char *what;
    bool said = fgets(line, sizeof line, from) != NULL;

    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (!said && WIFSIGNALED(status))
        return run_fail(run, "the script's code did not end within %d seconds", CODE_SECONDS);
    if (!said)
        return run_fail(run, "python3 could not run the script's code");
    run_fail(run, "expected %%{ code }%% to hold, got ");
    run->failure_line = (uint32_t)strtoul(line, &what, 10);
    text_add(&run->failure, "%.*s", (int)strcspn(what + 1, "\n"), what + 1);
    return false;
}

/* In the child: the program is its input, the verdict descriptor 3, and what it prints goes nowhere. */
static void start_python(int program, int verdict)
{
    int nowhere = open("/dev/null", O_WRONLY);
    int kept = fcntl(verdict, F_DUPFD_CLOEXEC, VERDICT_FD + 1); /* behind what is put in its place below */

    dup2(program, 0);
    dup2(nowhere, 1);
    dup2(kept, VERDICT_FD);
    alarm(CODE_SECONDS);
    execlp("python3", "python3", "-ISB", "-", (char *)NULL);
    _exit(127);
}

/* Into a file, not a pipe: the program may be longer than a pipe holds. */
bool assertions_run(struct run *run)
{
    FILE *program, *from;
    int out[2];
    pid_t child;

    if (run->python.bytes == 0)
        return true;
    if (!python_exists()) {
        run_note(run, "python3 is not here: the script's code was not run");
        return true;
    }
    program = tmpfile();
    if (program == NULL || pipe(out) != 0)
        return run_fail(run, "no temporary file for the script's code");
    fputs(run->python.at, program);
    fflush(program);
    rewind(program);
    fflush(NULL);
    child = fork();
    if (child == 0)
        start_python(fileno(program), out[1]);
    close(out[1]);
    fclose(program);
    from = fdopen(out[0], "r");
    if (child < 0 || from == NULL)
        return run_fail(run, "python3 could not be started");
    if (judge(run, from, child)) {
        fclose(from);
        return true;
    }
    fclose(from);
    return false;
}
