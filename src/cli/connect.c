/*
 * rill connect: netcat, sink, source or an HTTP GET from rill's own stack.
 */
#include "cli/datagrams.h"
#include "cli/flow.h"
#include "cli/gate.h"
#include "cli/name.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum connect_option {
    OPTION_SINK = 256,
    OPTION_SOURCE,
    OPTION_HTTP,
    OPTION_OUTPUT,
    OPTION_LOCAL_PORT,
    OPTION_RETRY,
    OPTION_TIMEOUT,
    OPTION_HOLD_HANDSHAKE,
    OPTION_DNS,
};

static const struct args_option connect_options[] = {
    {'u', 'u', "udp", NULL, "datagrams: each read of stdin is one; ends 1 s (-w) after stdin and what comes"},
    {OPTION_DNS, 0, "dns", "A", "the DNS server that knows HOST; default: as /etc/resolv.conf says"},
    {OPTION_SINK, 0, "sink", NULL, "receive and forget"},
    {OPTION_SOURCE, 0, "source", "BYTES", "send so many bytes (64k, 64M, 1G), then close"},
    {OPTION_HTTP, 0, "http", "PATH", "GET PATH, and write the body to stdout"},
    {OPTION_OUTPUT, 'o', "output", "FILE", "with --http: write the body to FILE"},
    {OPTION_LOCAL_PORT, 'p', "local-port", "N", "connect from this port"},
    {OPTION_RETRY, 0, "retry", "SECONDS", "try again for so long while the peer refuses"},
    {OPTION_TIMEOUT, 'w', "timeout", "SECONDS", "give up when the connection is not there by then"},
    {OPTION_HOLD_HANDSHAKE, 0, "hold-handshake", "SECONDS", "withhold the handshake's last ACK: see rill catch"},
    {0, 0, NULL, NULL, NULL},
};

static const struct args_command connect_args = {
    .name = "connect",
    .synopsis = "HOST PORT [-u] [--sink | --source BYTES | --http PATH] [OPTIONS] [-- PROGRAM ARGS]",
    .summary = "open a connection: stdin/stdout like netcat, or one HTTP GET",
    .teaches =
        "Opens a TCP connection from rill's own stack; HOST is an address or a name. stdin goes out and its end\n"
        "closes that half only; what comes goes to stdout; rill ends when both halves are closed. Behind \"--\" stands "
        "a program\n"
        "that runs on the kernel's side of the wire, for instance the server; rill then tries for 10 s to reach it.\n\n"
        "  echo hello | rill connect 10.77.0.1 7000 -- nc -l 7000               half close: nc can still answer\n"
        "  rill connect 10.77.0.1 8000 --http / -- python3 -m http.server 8000  rill reads from python",
    .options = connect_options,
    .options2 = session_options,
};

struct connect {
    struct session session;
    struct flows flows;
    struct session_config config;
    struct rill_endpoint remote;
    struct name_lookup name;
    const char *dns;
    bool is_name, udp;
    uint16_t local_port;
    const char *output;
    rill_time retry_ns, timeout_ns, hold_ns;
    rill_time retry_until, give_up, next_try, lift; /* RILL_NEVER: not running */
    rill_conn conn;
};

static void fail(struct connect *connect, int error)
{
    char text[160];

    explain_error(error, &connect->remote, text, sizeof text);
    cli_error("%s", text);
    session_stop(&connect->session, CLI_FAILED);
}

static void try_now(struct connect *connect)
{
    struct rill_options options;
    struct flow *flow;
    int error;

    connect->next_try = RILL_NEVER;
    rill_options_default(&options);
    options.local.port = connect->local_port;
    error = rill_tcp_connect(connect->session.stack, &connect->remote, &options, &connect->conn);
    if (error != 0) {
        fail(connect, error);
        return;
    }
    flow = flow_start(&connect->flows, connect->conn, &connect->remote, FLOW_CONNECTING);
    if (flow == NULL) {
        cli_error("no memory");
        session_stop(&connect->session, CLI_FAILED);
        return;
    }
    if (connect->hold_ns == 0)
        return;
    /* The SYN leaves; the answer, which may be there at once, is read only when nothing can leave any more. */
    gate_set(connect->session.driver, GATE_SHUT);
    rill_turn(connect->session.stack, &connect->session.driver, 1, rill_clock());
    rill_hold_output(connect->session.stack, connect->conn, true);
    gate_set(connect->session.driver, GATE_OPEN);
}

static void on_ended(struct flows *flows, struct flow *flow)
{
    struct connect *connect = flows->context;
    rill_time now = rill_clock();
    char text[64];

    if (!flow->established && flow->error == -RILL_ECONNREFUSED && now < connect->retry_until) {
        connect->next_try = now + 50000000u;
        return;
    }
    if (flow->error == -RILL_ECONNABORTED) {
        session_stop(&connect->session, CLI_FAILED);
        return;
    }
    if (flow->error != 0) {
        fail(connect, flow->error);
        return;
    }
    if (connect->session.verbose)
        cli_note("%s: received %" PRIu64 " bytes, sent %" PRIu64, endpoint_text(&flow->remote, text, sizeof text),
                 flow->received_bytes, flow->sent_bytes);
    session_stop(&connect->session, flow->failed ? CLI_FAILED : CLI_DONE);
}

static void on_event(void *context, const struct rill_event *event)
{
    struct connect *connect = context;

    if (name_event(&connect->name, event))
        return;
    if ((event->what & RILL_ESTABLISHED) != 0) {
        connect->give_up = RILL_NEVER;
        if (connect->session.verbose)
            cli_note("connected");
        if (connect->hold_ns != 0) {
            connect->lift = rill_clock() + connect->hold_ns;
            cli_note("the handshake's last ACK is withheld for %.1f s: the peer's kernel shows SYN-RECV",
                     (double)connect->hold_ns / 1e9);
        }
    }
    flows_event(&connect->flows, event);
}

static unsigned on_descriptors(void *context, struct pollfd *fds)
{
    return flows_descriptors(&((struct connect *)context)->flows, fds);
}

static int check_remote(const struct connect *connect)
{
    if (connect->name.lookup != NULL || !rill_addr_equal(&connect->remote.addr, &connect->session.addr))
        return 0;
    cli_error("%s is this rill's own address; the kernel's side is the other one (--gw), by default 10.77.0.1",
              connect->flows.config.http_host);
    return CLI_USAGE;
}

/* The lookup is over and was good: the connection is tried. */
static bool found_name(struct connect *connect, rill_time now)
{
    int error;

    name_poll(&connect->name, now);
    error = name_result(&connect->name, &connect->remote.addr);
    if (error == -RILL_EINPROGRESS)
        return false;
    if (error != 0 || check_remote(connect) != 0) {
        session_stop(&connect->session, CLI_FAILED);
        return false;
    }
    connect->retry_until = now + connect->retry_ns; /* looking up may have taken its time */
    connect->next_try = now;
    return true;
}

static void on_step(void *context, const struct pollfd *fds, unsigned count)
{
    struct connect *connect = context;
    rill_time now = rill_clock();

    (void)fds;
    (void)count;
    if (connect->name.lookup != NULL && !found_name(connect, now))
        return;
    if (now >= connect->lift) {
        connect->lift = RILL_NEVER;
        rill_hold_output(connect->session.stack, connect->conn, false);
    }
    if (now >= connect->give_up) {
        connect->give_up = RILL_NEVER;
        fail(connect, -RILL_ETIMEDOUT);
        flows_abort_all(&connect->flows);
        return;
    }
    if (now >= connect->next_try)
        try_now(connect);
    flows_step(&connect->flows);
}

static rill_time on_deadline(void *context)
{
    struct connect *connect = context;
    rill_time first = connect->lift < connect->give_up ? connect->lift : connect->give_up;
    rill_time lookup = name_deadline(&connect->name);

    first = first < lookup ? first : lookup;
    return first < connect->next_try ? first : connect->next_try;
}

static void on_stop(void *context)
{
    struct connect *connect = context;

    session_stop(&connect->session, CLI_FAILED);
    flows_abort_all(&connect->flows);
}

static bool take_one(struct connect *connect, const struct args *args, int id)
{
    struct service_config *service = &connect->flows.config;
    uint64_t number;

    switch (id) {
    case 'u':
        connect->udp = true;
        return true;
    case OPTION_DNS:
        connect->dns = args->value;
        return name_check_dns(args->value);
    case OPTION_SINK:
        service->service = &sink_service;
        return true;
    case OPTION_SOURCE:
        service->service = &source_service;
        return args_bytes("--source", args->value, &service->source_bytes);
    case OPTION_HTTP:
        service->service = &http_get_service;
        service->http_path = args->value;
        return true;
    case OPTION_OUTPUT:
        connect->output = args->value;
        return true;
    case OPTION_RETRY:
        return args_seconds("--retry", args->value, &connect->retry_ns);
    case OPTION_TIMEOUT:
        return args_seconds("--timeout", args->value, &connect->timeout_ns);
    case OPTION_HOLD_HANDSHAKE:
        return args_seconds("--hold-handshake", args->value, &connect->hold_ns);
    case OPTION_LOCAL_PORT:
        if (!args_number(args, "--local-port", args->value, 1, 65535, &number))
            return false;
        connect->local_port = (uint16_t)number;
        return true;
    default:
        return session_config_take(&connect->config, args, id) == 0;
    }
}

static bool take_options(struct connect *connect, struct args *args, int *status)
{
    int id;

    connect->flows.config.service = &stdio_service;
    *status = CLI_USAGE;
    while ((id = args_next(args)) != ARGS_END) {
        if (id == ARGS_HELP) {
            *status = CLI_DONE;
            return false;
        }
        if (id == ARGS_ERROR || !take_one(connect, args, id))
            return false;
    }
    if (args->word_count != 2) {
        args_usage(args->command);
        return false;
    }
    if (connect->output != NULL && connect->flows.config.service != &http_get_service) {
        cli_error("--output goes with --http");
        return false;
    }
    if (connect->config.shell && connect->flows.config.service == &stdio_service) {
        cli_error("a shell beside netcat would share its stdin: choose --sink, --source or --http");
        return false;
    }
    if (connect->udp && connect->flows.config.service != &stdio_service) {
        cli_error("-u is netcat alone: --sink, --source and --http are TCP's");
        return false;
    }
    connect->flows.config.http_host = args->words[0];
    return datagrams_take_host(args->words[0], &connect->remote.addr, &connect->is_name) &&
           args_port(args->words[1], &connect->remote.port);
}

static int open_output(struct connect *connect)
{
    struct service_config *service = &connect->flows.config;

    service->output_fd = STDOUT_FILENO;
    if (connect->output == NULL)
        return 0;
    service->output_fd = open(connect->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (service->output_fd >= 0)
        return 0;
    cli_error("--output %s: %s", connect->output, strerror(errno));
    return CLI_FAILED;
}

static int start_peer(struct connect *connect, const struct args *args)
{
    if (args->program == NULL && !connect->config.shell)
        return 0;
    /* A server beside us needs a moment before it listens. */
    if (connect->retry_ns == 0)
        connect->retry_ns = UINT64_C(10000000000);
    return session_start_program(&connect->session, args->program);
}

static int run_udp(struct connect *connect, const struct args *args)
{
    const struct datagrams_config config = {
        .session = &connect->config,
        .host = args->words[0],
        .dns = connect->dns,
        .port = connect->remote.port,
        .local_port = connect->local_port,
        .quiet_ns = connect->timeout_ns != 0 ? connect->timeout_ns : UINT64_C(1000000000),
        .count = UINT64_MAX,
        .program = args->program,
    };

    return datagrams_run(&config);
}

static int connect_run(int argc, char **argv)
{
    static struct connect connect;
    struct args args;
    int status;

    session_config_default(&connect.config);
    args_begin(&args, &connect_args, argc, argv);
    if (!take_options(&connect, &args, &status))
        return status;
    if (connect.udp)
        return run_udp(&connect, &args);
    status = open_output(&connect);
    if (status == 0)
        status = session_open(&connect.session, &connect.config);
    if (status != 0)
        return status;
    connect.flows.session = &connect.session;
    connect.flows.ended = on_ended;
    connect.flows.context = &connect;
    connect.session.app = (struct session_app){&connect, on_event, on_descriptors, on_step, on_deadline, on_stop};
    status = check_remote(&connect);
    if (status == 0)
        status = start_peer(&connect, &args);
    if (status == 0) {
        rill_time now = rill_clock();

        connect.lift = RILL_NEVER;
        connect.retry_until = now + connect.retry_ns;
        connect.give_up = connect.timeout_ns != 0 ? now + connect.timeout_ns : RILL_NEVER;
        connect.next_try = RILL_NEVER;
        connect.name.retry_until = connect.retry_until;
        if (connect.is_name && !name_begin(&connect.name, connect.session.stack, args.words[0], connect.dns))
            status = CLI_FAILED;
        else if (!connect.is_name)
            try_now(&connect);
    }
    if (status == 0)
        status = session_run(&connect.session);
    name_end(&connect.name);
    flows_abort_all(&connect.flows);
    flows_free(&connect.flows);
    session_close(&connect.session);
    return status;
}

const struct cli_command connect_command = {&connect_args, connect_run};
