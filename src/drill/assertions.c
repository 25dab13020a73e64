/*
 * %{ Python }%: the values of tcp_info at that moment and the code are written
 * into one program, which python3 runs when the script is over.
 */
#include "drill/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct info_field {
    const char *name;
    size_t offset, bytes;
};

#define FIELD(name)                                                                                                    \
    {                                                                                                                  \
#name, offsetof(struct rill_tcp_info, name), sizeof((struct rill_tcp_info *)0)->name                           \
    }

static const struct info_field fields[] = {
    FIELD(tcpi_state),
    FIELD(tcpi_ca_state),
    FIELD(tcpi_retransmits),
    FIELD(tcpi_probes),
    FIELD(tcpi_backoff),
    FIELD(tcpi_options),
    FIELD(tcpi_rto),
    FIELD(tcpi_ato),
    FIELD(tcpi_snd_mss),
    FIELD(tcpi_rcv_mss),
    FIELD(tcpi_unacked),
    FIELD(tcpi_sacked),
    FIELD(tcpi_lost),
    FIELD(tcpi_retrans),
    FIELD(tcpi_fackets),
    FIELD(tcpi_pmtu),
    FIELD(tcpi_last_data_sent),
    FIELD(tcpi_last_ack_sent),
    FIELD(tcpi_last_data_recv),
    FIELD(tcpi_last_ack_recv),
    FIELD(tcpi_rcv_ssthresh),
    FIELD(tcpi_rtt),
    FIELD(tcpi_rttvar),
    FIELD(tcpi_snd_ssthresh),
    FIELD(tcpi_snd_cwnd),
    FIELD(tcpi_advmss),
    FIELD(tcpi_reordering),
    FIELD(tcpi_rcv_rtt),
    FIELD(tcpi_rcv_space),
    FIELD(tcpi_total_retrans),
    FIELD(tcpi_pacing_rate),
    FIELD(tcpi_max_pacing_rate),
    FIELD(tcpi_bytes_acked),
    FIELD(tcpi_bytes_received),
    FIELD(tcpi_segs_out),
    FIELD(tcpi_segs_in),
    FIELD(tcpi_notsent_bytes),
    FIELD(tcpi_min_rtt),
    FIELD(tcpi_data_segs_in),
    FIELD(tcpi_data_segs_out),
    FIELD(tcpi_delivery_rate),
    FIELD(tcpi_busy_time),
    FIELD(tcpi_rwnd_limited),
    FIELD(tcpi_sndbuf_limited),
    FIELD(tcpi_delivered),
    FIELD(tcpi_delivered_ce),
    FIELD(tcpi_bytes_sent),
    FIELD(tcpi_bytes_retrans),
    FIELD(tcpi_dsack_dups),
    FIELD(tcpi_reord_seen),
    FIELD(tcpi_snd_wnd),
    FIELD(tcpi_rcv_wnd),
};

static const char prologue[] =
    /* No imports, no site: they take longer than all the rest of a script. */
    "g = {'TCP_ESTABLISHED': 1, 'TCP_SYN_SENT': 2, 'TCP_SYN_RECV': 3, 'TCP_FIN_WAIT1': 4, 'TCP_FIN_WAIT2': 5,\n"
    "     'TCP_TIME_WAIT': 6, 'TCP_CLOSE': 7, 'TCP_CLOSE_WAIT': 8, 'TCP_LAST_ACK': 9, 'TCP_LISTEN': 10,\n"
    "     'TCP_CLOSING': 11, 'TCP_CA_Open': 0, 'TCP_CA_Disorder': 1, 'TCP_CA_CWR': 2, 'TCP_CA_Recovery': 3,\n"
    "     'TCP_CA_Loss': 4, 'TCPI_OPT_TIMESTAMPS': 1, 'TCPI_OPT_SACK': 2, 'TCPI_OPT_WSCALE': 4,\n"
    "     'TCPI_OPT_ECN': 8, 'TCPI_OPT_ECN_SEEN': 16, 'TCPI_OPT_SYN_DATA': 32, 'TCPI_OPT_USEC_TS': 64}\n"
    "def check(line, code):\n"
    "    try:\n"
    "        first, _, rest = code.partition('\\n')\n"
    "        lines = [l for l in rest.split('\\n') if l.strip()]\n"
    "        margin = min(len(l) - len(l.lstrip()) for l in lines) if lines else 0\n"
    "        exec('\\n'.join([first.strip()] + [l[margin:] for l in lines]), g)\n"
    "    except BaseException as e:\n"
    "        print('%d %s: %s' % (line, type(e).__name__, e))\n"
    "        raise SystemExit(1)\n";

static uint64_t field_value(const struct rill_tcp_info *info, const struct info_field *field)
{
    const uint8_t *at = (const uint8_t *)info + field->offset;
    uint64_t wide = 0;
    uint32_t word = 0;

    if (field->bytes == 1)
        return *at;
    if (field->bytes == 4) {
        memcpy(&word, at, sizeof word);
        return word;
    }
    memcpy(&wide, at, sizeof wide);
    return wide;
}

/* As a Python string: every byte that could mean something is written as a number. */
static void add_string(struct text *to, const char *from)
{
    text_add(to, "'");
    for (; *from != '\0'; from++) {
        if (*from == '\'' || *from == '\\' || (unsigned char)*from < ' ')
            text_add(to, "\\x%02x", (unsigned)(unsigned char)*from);
        else
            text_add(to, "%c", *from);
    }
    text_add(to, "'");
}

void assertions_add(struct run *run, const struct drill_event *event)
{
    struct rill_tcp_info info = {0};
    uint32_t bytes = sizeof info;

    if (run->subject_fd >= 0)
        rill_sock_getsockopt(run->sockets, run->subject_fd, RILL_SOL_TCP, RILL_TCP_INFO, &info, &bytes);
    if (run->python.bytes == 0)
        text_add(&run->python, "%s", prologue);
    text_add(&run->python, "g.update(");
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        text_add(&run->python, "%s=%llu, ", fields[i].name, (unsigned long long)field_value(&info, &fields[i]));
    text_add(&run->python, "tcpi_snd_wscale=%u, tcpi_rcv_wscale=%u)\ncheck(%u, ", info.tcpi_wscales & 15u,
             info.tcpi_wscales >> 4u, event->place.line);
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
    if (!said)
        return run_fail(run, "python3 could not run the script's code");
    run_fail(run, "expected %%{ code }%% to hold, got ");
    run->failure_line = (uint32_t)strtoul(line, &what, 10);
    text_add(&run->failure, "%.*s", (int)strcspn(what + 1, "\n"), what + 1);
    return false;
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
    if (child == 0) {
        dup2(fileno(program), 0);
        dup2(out[1], 1);
        close(out[0]);
        execlp("python3", "python3", "-ISB", "-", (char *)NULL);
        _exit(127);
    }
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
