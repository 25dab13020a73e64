/*
 * rill run: any program, unmodified, with rill's TCP and UDP under it. Here:
 * the options, the namespaces and the loop; src/run does the rest.
 *
 * Two network namespaces: the session's, where the TUN's kernel side is and
 * `rill shell` leads to, and the program's own, whose one interface has rill's
 * address, so that whoever lists interfaces sees the truth.
 */
#include "run/run.h"
#include "cli/args.h"
#include "cli/json.h"
#include "cli/keeper.h"
#include "cli/namespace.h"
#include "cli/session.h"
#include "cli/trace_lines.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/route.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum run_option { OPTION_DNS = 256, OPTION_JOIN, OPTION_TRACE, OPTION_IO_URING, OPTION_NO_PROC, OPTION_HOST_LOOPBACK };

static const struct args_option run_options[] = {
    {OPTION_DNS, 0, "dns", "A[,A]", "name servers: what the program finds in /etc/resolv.conf"},
    {OPTION_JOIN, 0, "join", "NAME", "the stack of a running rill run, with the program that it has already"},
    {OPTION_TRACE, 0, "trace", NULL, "every segment and change of state, as lines on stderr"},
    {OPTION_HOST_LOOPBACK, 0, "host-loopback", NULL, "127.0.0.1 and the interfaces are those outside, not its own"},
    {OPTION_NO_PROC, 0, "no-proc", NULL, "leave /proc/net and /etc/resolv.conf alone"},
    {OPTION_IO_URING, 0, "io-uring", NULL, "allow io_uring; sockets made through it are the kernel's"},
    {0, 0, NULL, NULL, NULL},
};

static const struct args_command run_args = {
    .name = "run",
    .synopsis = "[OPTIONS] -- PROGRAM [ARGS]",
    .summary = "any program, unmodified, with rill's TCP and UDP under it",
    .teaches =
        "Starts PROGRAM, and whatever it starts, with sockets that rill serves: C or Go, static or dynamic, forking "
        "or\n"
        "threaded. No root is needed and nothing on the host changes. By default rill makes a network of its own, in\n"
        "which it is 10.77.0.2 and the kernel 10.77.0.1; `rill shell NAME` is a way in for the kernel's programs.\n"
        "The loopback and AF_UNIX stay the kernel's. It is for compatibility, not for security.\n\n"
        "  rill run --name web -- python3 -m http.server 80\n"
        "  rill shell web -- curl -s http://10.77.0.2/\n"
        "  rill run --dev tun:rill0 -- curl -s http://10.77.0.1:8000/\n"
        "  rill run --impair loss=1%,delay=10ms -- nginx -g 'daemon off;'\n\n"
        "The exit status is the program's; 126 and 127 when it cannot be run, 128 + N when signal N ended it.",
    .options = run_options,
    .options2 = session_options,
};

struct run_command {
    struct session session;
    struct session_config config;
    struct run_config run_config;
    struct run *run;
    struct keeper keeper;
    struct rill_driver *mirror; /* the program's interface; nobody reads it */
    bool host_loopback, trace;
    const char *join;
    pid_t program;
    int status;          /* of the program; -1 while it runs */
    rill_time next_look; /* for what it left running */
    unsigned stops;
};

/* ------------------------------------------------------------------ options */

static int take_one(struct run_command *command, const struct args *args, int id)
{
    switch (id) {
    case OPTION_DNS:
        command->run_config.dns = args->value;
        return 0;
    case OPTION_JOIN:
        command->join = args->value;
        return 0;
    case OPTION_TRACE:
        command->trace = true;
        return 0;
    case OPTION_IO_URING:
        command->run_config.io_uring = true;
        return 0;
    case OPTION_NO_PROC:
        command->run_config.watch_opens = false;
        return 0;
    case OPTION_HOST_LOOPBACK:
        command->host_loopback = true;
        return 0;
    default:
        return session_config_take(&command->config, args, id);
    }
}

static bool take_options(struct run_command *command, struct args *args, int *status)
{
    int id;

    *status = CLI_USAGE;
    while ((id = args_next(args)) != ARGS_END) {
        if (id == ARGS_HELP)
            *status = CLI_DONE;
        if (id == ARGS_HELP || id == ARGS_ERROR || take_one(command, args, id) != 0)
            return false;
    }
    if (args->word_count > 0 || args->program == NULL || args->program[0] == NULL) {
        args_usage(args->command);
        return false;
    }
    return true;
}

/* --------------------------------------------------------------- namespaces */

/* Everything that is not near goes by the gateway, as far as anybody asks. */
static void add_default_route(const struct session *session)
{
    struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY};
    struct sockaddr_in gateway = {.sin_family = AF_INET}, any = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    memcpy(&gateway.sin_addr, session->gateway.bytes + 12, 4);
    memcpy(&route.rt_gateway, &gateway, sizeof gateway);
    memcpy(&route.rt_dst, &any, sizeof any);
    memcpy(&route.rt_genmask, &any, sizeof any);
    if (fd < 0)
        return;
    (void)ioctl(fd, SIOCADDRT, &route); /* without it only what lists routes knows less */
    close(fd);
}

/* The program's own namespace, with an interface that carries rill's address. */
static int enter_program_namespace(struct run_command *command)
{
    struct session *session = &command->session;
    struct rill_tun_config mirror = {
        .name = "rill0",
        .mtu = (uint16_t)command->config.mtu,
        .kernel_addr = session->addr,
        .prefix_bits = session->prefix_bits,
    };
    int error;

    session->namespace_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (!namespace_enter())
        return CLI_FAILED;
    error = rill_tun_open(&mirror, &command->mirror);
    if (error != 0) {
        cli_error("the program's interface cannot be made: %s", strerror(-error));
        return CLI_FAILED;
    }
    add_default_route(session);
    return 0;
}

/* --------------------------------------------------------------------- loop */

static void on_event(void *context, const struct rill_event *event)
{
    run_event(((struct run_command *)context)->run, event);
}

static unsigned on_descriptors(void *context, struct pollfd *fds)
{
    fds[0] = (struct pollfd){.fd = run_descriptor(((struct run_command *)context)->run), .events = POLLIN};
    return 1;
}

static rill_time on_deadline(void *context)
{
    const struct run_command *command = (const struct run_command *)context;
    rill_time deadline = run_deadline(command->run);

    return deadline < command->next_look ? deadline : command->next_look;
}

static void say_counts(const struct run_command *command)
{
    struct run_counts counts;

    run_counts(command->run, &counts);
    if (counts.datagrams_lost > 0)
        cli_note("%llu datagrams were lost between the program and the stack",
                 (unsigned long long)counts.datagrams_lost);
    cli_note("%llu calls answered, %llu passed on; %llu sockets, %llu connected, %llu accepted; %u left open",
             (unsigned long long)(counts.calls - counts.continued), (unsigned long long)counts.continued,
             (unsigned long long)counts.sockets, (unsigned long long)counts.connections,
             (unsigned long long)counts.accepted, counts.live);
}

static void say_impairment(const char *way, const struct rill_impaired_counts *counts)
{
    cli_note("impairment, %s: %llu packets, %llu delivered; %llu lost, %llu dropped by the queue, %llu duplicated, "
             "%llu reordered, %llu corrupted",
             way, (unsigned long long)counts->packets, (unsigned long long)counts->delivered,
             (unsigned long long)counts->lost,
             (unsigned long long)(counts->queue_dropped + counts->policed + counts->codel_dropped),
             (unsigned long long)counts->duplicated, (unsigned long long)counts->reordered,
             (unsigned long long)counts->corrupted);
}

/* What --impair really did: a test that nothing was lost in proves nothing. */
static void say_impairments(const struct session *session)
{
    const struct rill_driver *driver = session->driver;
    struct rill_impaired_counts out, in;

    while (driver != NULL && strcmp(driver->ops->kind, "impaired") != 0)
        driver = driver->inner;
    if (driver == NULL)
        return;
    rill_impaired_counts(driver, &out, &in);
    say_impairment("out", &out);
    say_impairment("in", &in);
}

#define LOOK_INTERVAL UINT64_C(50000000)

/* The program's processes: its first one says what we exit with, the last one when. */
static void look_after_processes(struct run_command *command)
{
    int status;
    pid_t ended;

    while ((ended = waitpid(-1, &status, WNOHANG)) > 0) {
        if (ended != command->program)
            continue;
        command->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    if (ended >= 0 || errno != ECHILD)
        return;
    run_step(command->run); /* what they closed by ending */
    if (run_programs(command->run) == 0)
        session_stop(&command->session, command->status >= 0 ? command->status : CLI_FAILED);
}

static void on_step(void *context, const struct pollfd *fds, unsigned count)
{
    struct run_command *command = (struct run_command *)context;
    rill_time now = rill_clock();

    if (count > 0 && (fds[0].revents != 0 || run_deadline(command->run) <= now))
        run_step(command->run);
    else
        run_step_stack(command->run);
    if (now < command->next_look)
        return;
    command->next_look = now + LOOK_INTERVAL;
    look_after_processes(command);
}

/* What the program has left running comes to us when its own parent ends. */
static void kill_children(int signal_number)
{
    char path[64];
    FILE *file;
    int pid;

    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    file = fopen(path, "re");
    if (file == NULL)
        return;
    while (fscanf(file, "%d", &pid) == 1)
        kill((pid_t)pid, signal_number);
    fclose(file);
}

/* The first signal goes on to the program, which a terminal's Ctrl-C has reached already; the third one ends it. */
static void on_stop(void *context)
{
    struct run_command *command = (struct run_command *)context;

    kill_children(++command->stops < 3 ? SIGTERM : SIGKILL);
    if (command->stops >= 3)
        session_stop(&command->session, CLI_FAILED);
}

static int on_adopt(void *context, int pid, int listener)
{
    return run_adopt(((struct run_command *)context)->run, (pid_t)pid, listener);
}

static int run_program(struct run_command *command, char **argv)
{
    int error;

    command->run_config.stack = command->session.stack;
    command->run_config.addr = command->session.addr;
    command->run_config.verbose = command->config.verbose;
    error = run_create(&command->run_config, &command->run);
    if (error != 0) {
        cli_error("cannot begin: %s", strerror(-error));
        return CLI_FAILED;
    }
    command->session.app = (struct session_app){command, on_event, on_descriptors, on_step, on_deadline, on_stop};
    command->session.adopt = on_adopt;
    setenv("RILL_RUNTIME_DIR", runtime_directory(), 1);
    setenv("RILL_NAME", command->session.name, 1);
    if (command->run_config.watch_opens)
        setenv("PROC_ROOT", "/proc", 0); /* ss: read /proc/net, and do not ask the kernel by netlink first */
    if (command->trace)
        trace_lines_begin(command->session.stack);
    command->program = run_start(command->run, argv);
    if (command->program < 0)
        return CLI_FAILED;
    return session_run(&command->session);
}

/* ----------------------------------------------------------------------- join */

static bool ask(const char *name, const char *question, char *line, size_t line_bytes)
{
    FILE *from = runtime_ask_stream(name, question);
    bool answered = from != NULL && fgets(line, (int)line_bytes, from) != NULL;

    if (from != NULL)
        fclose(from);
    if (!answered)
        cli_error("no rill named '%s' is running (of this user); rill ss -ae lists them", name);
    return answered;
}

static int adopt_by_asking(void *context, pid_t process, int listener)
{
    char question[64], line[512], why[128] = "";

    snprintf(question, sizeof question, "adopt %d %d", (int)process, listener);
    if (!ask(context, question, line, sizeof line))
        return -ECONNREFUSED;
    if (json_find_number(line, "adopted") == 1)
        return 0;
    (void)json_find(line, "error", why, sizeof why);
    cli_error("%s does not take the program: %s", (const char *)context, why);
    return -ECONNREFUSED;
}

static volatile sig_atomic_t joined;

/* A program that has changed its user would not be told of our end by the kernel. */
static void pass_on(int signal_number)
{
    kill((pid_t)joined, signal_number);
}

/* The program enters the other rill's namespaces, and is served there; here it is only waited for. */
static int join(const struct run_command *command, char **argv)
{
    char name[RUNTIME_NAME_MAX], line[512];
    struct run_config config = command->run_config;
    pid_t program;
    int status;

    snprintf(name, sizeof name, "%s", command->join);
    if (!ask(name, "netns", line, sizeof line))
        return CLI_FAILED;
    if (!namespace_join((pid_t)json_find_number(line, "pid"), 0))
        return CLI_FAILED;
    config.change_user = config.uid != 0 && geteuid() == 0;
    setenv("RILL_RUNTIME_DIR", runtime_directory(), 1);
    setenv("RILL_NAME", name, 1);
    setenv("PROC_ROOT", "/proc", 0);
    program = run_start_elsewhere(&config, argv, adopt_by_asking, name);
    if (program < 0)
        return CLI_FAILED;
    joined = program;
    signal(SIGINT, SIG_IGN); /* the program has it from the terminal */
    signal(SIGTERM, pass_on);
    signal(SIGHUP, pass_on);
    while (waitpid(program, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run_run(int argc, char **argv)
{
    static struct run_command command;
    struct args args;
    int status;

    session_config_default(&command.config);
    command.run_config.watch_opens = true;
    command.run_config.uid = geteuid();
    command.run_config.gid = getegid();
    command.status = -1;
    command.keeper.line = -1;
    command.config.shared = true;
    args_begin(&args, &run_args, argc, argv);
    if (!take_options(&command, &args, &status))
        return status;
    if (command.join != NULL)
        return join(&command, args.program);
    status = session_open(&command.session, &command.config);
    if (status != 0)
        return status;
    status = session_open_loop(&command.session);
    if (status == 0 && !command.host_loopback)
        status = enter_program_namespace(&command);
    command.run_config.change_user = command.run_config.uid != 0 && geteuid() == 0;
    if (status == 0 && keeper_start(&command.keeper, &command.session, !command.host_loopback))
        status = run_program(&command, args.program);
    else if (status == 0)
        status = CLI_FAILED;
    if (command.run != NULL && command.config.verbose)
        say_counts(&command);
    say_impairments(&command.session);
    if (command.run != NULL)
        run_destroy(command.run);
    if (command.mirror != NULL)
        command.mirror->ops->close(command.mirror);
    session_close(&command.session);
    keeper_dismiss(&command.keeper);
    return status;
}

const struct cli_command run_command = {&run_args, run_run};
