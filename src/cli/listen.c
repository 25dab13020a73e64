/*
 * rill listen: netcat, file server, sink, source or echo behind a listening
 * port of rill's.
 */
#include "cli/datagrams.h"
#include "cli/flow.h"
#include "cli/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum listen_option { OPTION_SERVE = 256, OPTION_SINK, OPTION_SOURCE, OPTION_ECHO, OPTION_ONCE, OPTION_COUNT };

static const struct args_option listen_options[] = {
    {'u', 'u', "udp", NULL, "datagrams: stdin and stdout with the first who sends; --echo, --sink for all"},
    {OPTION_SERVE, 0, "serve", "DIR", "an HTTP/1.1 server of the files below DIR"},
    {OPTION_SINK, 0, "sink", NULL, "receive and forget"},
    {OPTION_SOURCE, 0, "source", "BYTES", "send so many bytes to everyone (64k, 64M, 1G)"},
    {OPTION_ECHO, 0, "echo", NULL, "send back what comes"},
    {OPTION_ONCE, 0, "once", NULL, "end after one connection (-u: one datagram)"},
    {OPTION_COUNT, 0, "count", "N", "end after N connections (-u: datagrams)"},
    {0, 0, NULL, NULL, NULL},
};

static const struct args_command listen_args = {
    .name = "listen",
    .synopsis = "PORT [-u] [--serve DIR | --sink | --source BYTES | --echo] [OPTIONS] [-- PROGRAM ARGS]",
    .summary = "wait for connections: stdin/stdout like netcat, or a file server",
    .teaches =
        "Waits for TCP connections on rill's own stack. Alone it is netcat: one connection, stdin goes out, what\n"
        "comes goes to stdout, and each side may close its half first. With a service it answers any number of\n"
        "connections until SIGINT or SIGTERM. Behind \"--\" stands a program that runs on the kernel's side of the\n"
        "wire; when it ends, rill ends.\n\n"
        "  rill listen 80 --serve . -- curl -s http://10.77.0.2/     the kernel's curl reads from rill\n"
        "  rill listen 7 --echo --name e --shell                     a shell beside it: try nc 10.77.0.2 7, rill ss",
    .options = listen_options,
    .options2 = session_options,
};

struct listen {
    struct session session;
    struct flows flows;
    struct session_config config;
    rill_conn listener;
    uint64_t accepted, accept_max;
    uint16_t port;
    bool udp;
    const char *serve;
};

static void stop_listening(struct listen *listen)
{
    if (listen->listener != 0)
        rill_close(listen->session.stack, listen->listener);
    listen->listener = 0;
}

static void accept_all(struct listen *listen)
{
    struct rill_endpoint peer;
    rill_conn conn;

    while (listen->listener != 0 && rill_accept(listen->session.stack, listen->listener, &conn, &peer) == 0) {
        char text[64];

        if (listen->session.verbose)
            cli_note("connection from %s", endpoint_text(&peer, text, sizeof text));
        /* Before it is served: closing the listener resets those that still wait. */
        if (++listen->accepted >= listen->accept_max)
            stop_listening(listen);
        flow_start(&listen->flows, conn, &peer, FLOW_ACCEPTED);
    }
    if (listen->listener == 0 && listen->flows.live == 0)
        session_stop(&listen->session, listen->session.status);
}

static void on_event(void *context, const struct rill_event *event)
{
    struct listen *listen = context;

    if (event->conn == listen->listener)
        accept_all(listen);
    else
        flows_event(&listen->flows, event);
}

static void on_ended(struct flows *flows, struct flow *flow)
{
    struct listen *listen = flows->context;
    char text[160];

    if (flow->error != 0 && (listen->session.verbose || flows->config.service == &stdio_service)) {
        explain_error(flow->error, &flow->remote, text, sizeof text);
        cli_error("%s", text);
    } else if (listen->session.verbose) {
        cli_note("%s: received %" PRIu64 " bytes, sent %" PRIu64, endpoint_text(&flow->remote, text, sizeof text),
                 flow->received_bytes, flow->sent_bytes);
    }
    if (flows->config.service == &stdio_service && (flow->error != 0 || flow->failed))
        listen->session.status = CLI_FAILED;
    if (listen->listener == 0 && flows->live == 1)
        session_stop(&listen->session, listen->session.status);
}

static unsigned on_descriptors(void *context, struct pollfd *fds)
{
    return flows_descriptors(&((struct listen *)context)->flows, fds);
}

static void on_step(void *context, const struct pollfd *fds, unsigned count)
{
    (void)fds;
    (void)count;
    flows_step(&((struct listen *)context)->flows);
}

static rill_time on_deadline(void *context)
{
    return flows_deadline(&((struct listen *)context)->flows);
}

/* SIGINT is how a server is meant to end; a netcat that is interrupted has not done its work. */
static void on_stop(void *context)
{
    struct listen *listen = context;
    bool stdio = listen->flows.config.service == &stdio_service;

    stop_listening(listen);
    flows_abort_all(&listen->flows);
    session_stop(&listen->session, stdio ? CLI_FAILED : CLI_DONE);
}

/* False when the option's value is wrong (said so). */
static bool take_one(struct listen *listen, const struct args *args, int id)
{
    struct service_config *service = &listen->flows.config;

    switch (id) {
    case 'u':
        listen->udp = true;
        break;
    case OPTION_SERVE:
        listen->serve = args->value;
        service->service = &http_service;
        break;
    case OPTION_SINK:
        service->service = &sink_service;
        break;
    case OPTION_ECHO:
        service->service = &echo_service;
        break;
    case OPTION_SOURCE:
        service->service = &source_service;
        return args_bytes("--source", args->value, &service->source_bytes);
    case OPTION_ONCE:
        listen->accept_max = 1;
        break;
    case OPTION_COUNT:
        return args_number(args, "--count", args->value, 1, UINT32_MAX, &listen->accept_max);
    default:
        return session_config_take(&listen->config, args, id) == 0;
    }
    return true;
}

/* False when there is nothing to do but to exit with *status. */
static bool take_options(struct listen *listen, struct args *args, int *status)
{
    const struct service *last = &stdio_service;
    int id, services = 0;

    listen->flows.config.service = last;
    *status = CLI_USAGE;
    while ((id = args_next(args)) != ARGS_END) {
        if (id == ARGS_HELP)
            *status = CLI_DONE;
        if (id < 0 || !take_one(listen, args, id))
            return false;
        services += listen->flows.config.service != last;
        last = listen->flows.config.service;
    }
    if (services > 1) {
        cli_error("--serve, --sink, --source and --echo exclude each other");
        return false;
    }
    if (args->word_count != 1) {
        args_usage(args->command);
        return false;
    }
    return args_port(args->words[0], &listen->port);
}

static bool check_combination(struct listen *listen, const struct args *args)
{
    bool stdio = listen->flows.config.service == &stdio_service;

    if (stdio && (listen->config.shell || args->program != NULL)) {
        cli_error("a program beside netcat would share its stdin: choose --serve, --sink, --source or --echo");
        return false;
    }
    if (listen->config.shell && args->program != NULL) {
        cli_error("--shell and -- PROGRAM exclude each other");
        return false;
    }
    if (listen->accept_max == 0)
        listen->accept_max = stdio ? 1 : UINT64_MAX;
    return true;
}

static int open_directory(struct listen *listen)
{
    if (listen->serve == NULL)
        return 0;
    listen->flows.config.root_fd = open(listen->serve, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (listen->flows.config.root_fd >= 0)
        return 0;
    cli_error("--serve %s: %s", listen->serve, strerror(errno));
    return CLI_FAILED;
}

static int begin(struct listen *listen, const struct args *args)
{
    struct rill_options options;
    struct rill_endpoint at = {.addr = listen->session.addr, .port = listen->port};
    char text[64];
    int error;

    rill_options_default(&options);
    options.local.port = listen->port;
    options.backlog = listen->flows.config.service == &stdio_service ? 1 : 512;
    error = rill_tcp_listen(listen->session.stack, &options, &listen->listener);
    if (error != 0) {
        cli_error("cannot listen on port %u: %s", (unsigned)listen->port, rill_error_name(error));
        return CLI_FAILED;
    }
    cli_note("listening on %s, as '%s'%s%s", endpoint_text(&at, text, sizeof text), listen->session.name,
             listen->session.own_namespace ? "; reach it by: rill shell " : "",
             listen->session.own_namespace ? listen->session.name : "");
    if (args->program == NULL && !listen->config.shell)
        return 0;
    listen->session.program_decides = true;
    return session_start_program(&listen->session, args->program);
}

static int run_udp(struct listen *listen, const struct args *args)
{
    const struct service *service = listen->flows.config.service;
    const struct datagrams_config config = {
        .session = &listen->config,
        .port = listen->port,
        .echo = service == &echo_service,
        .sink = service == &sink_service,
        .count = listen->accept_max != 0 ? listen->accept_max : UINT64_MAX,
        .program = args->program,
    };

    if (!config.echo && !config.sink && service != &stdio_service) {
        cli_error("-u goes with --echo or --sink, or with neither");
        return CLI_USAGE;
    }
    return datagrams_run(&config);
}

static int listen_run(int argc, char **argv)
{
    static struct listen listen;
    struct args args;
    int status;

    session_config_default(&listen.config);
    args_begin(&args, &listen_args, argc, argv);
    if (!take_options(&listen, &args, &status))
        return status;
    if (listen.udp)
        return run_udp(&listen, &args);
    if (!check_combination(&listen, &args))
        return CLI_USAGE;
    status = open_directory(&listen);
    if (status == 0)
        status = session_open(&listen.session, &listen.config);
    if (status != 0)
        return status;
    listen.flows.session = &listen.session;
    listen.flows.ended = on_ended;
    listen.flows.context = &listen;
    listen.session.app = (struct session_app){&listen, on_event, on_descriptors, on_step, on_deadline, on_stop};
    status = begin(&listen, &args);
    if (status == 0)
        status = session_run(&listen.session);
    flows_abort_all(&listen.flows);
    flows_free(&listen.flows);
    session_close(&listen.session);
    return status;
}

const struct cli_command listen_command = {&listen_args, listen_run};
