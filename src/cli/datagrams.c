/*
 * Datagrams between stdin, stdout and one peer: what one read of stdin gives
 * is one datagram, what comes is written as it is. A listener's peer is the
 * first one who sends.
 */
#include "cli/datagrams.h"

#include "cli/name.h"
#include "rill/udp.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define RETRY_NS UINT64_C(250000000) /* and twice as long each time: Linux refuses six times, then one a second */
#define RETRY_FOR_NS UINT64_C(10000000000)

struct datagrams {
    const struct datagrams_config *config;
    struct session session;
    struct name_lookup name;
    rill_conn conn; /* 0: the name is being looked up */
    struct rill_endpoint remote;
    bool has_peer, input_ended, has_room;
    unsigned retries; /* fewer than 8 fit in RETRY_FOR_NS */
    uint64_t received, sent;
    rill_time quiet_until;
    rill_time retry_until, resend_at; /* a server that we have started ourselves may not be there yet */
    size_t room_bytes;                /* of one datagram */
    uint8_t held[65536];
    size_t held_bytes; /* read from stdin, not sent yet */
    bool is_held;
};

static void fail(struct datagrams *d, int error)
{
    char text[160];

    if (error == -RILL_ECONNREFUSED && d->received == 0 && rill_clock() < d->retry_until) {
        d->resend_at = rill_clock() + (RETRY_NS << d->retries++);
        return;
    }
    if (error == -RILL_ECONNREFUSED)
        cli_error("port %u of %s is closed: no socket there takes datagrams", (unsigned)d->remote.port,
                  rill_addr_format(&d->remote.addr, text));
    else {
        explain_error(error, &d->remote, text, sizeof text);
        cli_error("%s", text);
    }
    session_stop(&d->session, CLI_FAILED);
}

static void stay_quiet(struct datagrams *d)
{
    d->quiet_until = d->input_ended && d->config->quiet_ns != 0 ? rill_clock() + d->config->quiet_ns : RILL_NEVER;
}

static void connect_to_peer(struct datagrams *d)
{
    int error = rill_udp_connect(d->session.stack, d->conn, &d->remote);

    if (error != 0)
        fail(d, error);
    d->has_peer = error == 0;
}

/* The socket, and for a caller its peer. */
static void open_socket(struct datagrams *d)
{
    const bool listens = d->config->host == NULL;
    const struct rill_endpoint local = {.port = listens ? d->config->port : d->config->local_port};
    int error = rill_udp_open(d->session.stack, NULL, &d->conn);

    if (error == 0)
        error = rill_udp_bind(d->session.stack, d->conn, &local);
    if (error != 0) {
        cli_error("cannot take port %u: %s", (unsigned)local.port, rill_error_name(error));
        session_stop(&d->session, CLI_FAILED);
        return;
    }
    d->has_room = true;
    if (!listens)
        connect_to_peer(d);
}

/* --------------------------------------------------------------------- input */

/* True when the datagram has left, or cannot. */
static bool send_held(struct datagrams *d)
{
    const struct rill_slice slice = {d->held, (uint32_t)d->held_bytes};
    int64_t n = rill_udp_send_to(d->session.stack, d->conn, NULL, &slice, 1, NULL);

    d->has_room = n != -RILL_EAGAIN && n != -RILL_ENOBUFS;
    if (!d->has_room)
        return false;
    if (n < 0)
        fail(d, (int)n);
    else
        d->sent++;
    d->is_held = false;
    return true;
}

static void move_input(struct datagrams *d)
{
    if (!d->has_peer || d->input_ended || d->config->echo || d->config->sink || d->resend_at != RILL_NEVER)
        return;
    while (!d->session.stopping && (!d->is_held || send_held(d))) {
        struct pollfd pollfd = {.fd = STDIN_FILENO, .events = POLLIN};
        ssize_t got;

        if (poll(&pollfd, 1, 0) <= 0)
            return;
        got = read(STDIN_FILENO, d->held, d->room_bytes);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            return;
        if (got <= 0) {
            d->input_ended = true;
            stay_quiet(d);
            return;
        }
        d->held_bytes = (size_t)got;
        d->is_held = true;
    }
}

/* -------------------------------------------------------------------- output */

static bool write_all(const uint8_t *data, size_t bytes)
{
    while (bytes > 0) {
        ssize_t put = write(STDOUT_FILENO, data, bytes);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        data += put;
        bytes -= (size_t)put;
    }
    return true;
}

static void meet(struct datagrams *d, const struct rill_endpoint *from)
{
    char text[64];

    if (d->has_peer || d->config->echo || d->config->sink)
        return;
    d->remote = *from;
    connect_to_peer(d);
    if (d->session.verbose)
        cli_note("datagrams from %s", endpoint_text(from, text, sizeof text));
}

static bool take_datagram(struct datagrams *d, const struct rill_slice *slice, const struct rill_endpoint *from)
{
    if (d->config->echo)
        (void)rill_udp_send_to(d->session.stack, d->conn, from, slice, 1, NULL); /* no room: as lost on the way */
    else if (!d->config->sink && !write_all(slice->data, slice->length_bytes)) {
        if (errno != EPIPE)
            cli_error("standard output: %s", strerror(errno));
        session_stop(&d->session, errno == EPIPE ? CLI_DONE : CLI_FAILED);
        return false;
    }
    return true;
}

static void move_output(struct datagrams *d)
{
    struct rill_udp_info info;
    struct rill_slice slice;
    int error;

    while (!d->session.stopping &&
           (error = rill_udp_borrow(d->session.stack, d->conn, &slice, &info)) != -RILL_EAGAIN) {
        if (error != 0) {
            fail(d, error);
            return;
        }
        if (!take_datagram(d, &slice, &info.remote))
            return;
        (void)rill_udp_consume(d->session.stack, d->conn);
        meet(d, &info.remote);
        d->received++;
        stay_quiet(d);
        if (d->received >= d->config->count)
            session_stop(&d->session, CLI_DONE);
    }
}

/* ------------------------------------------------------------------- session */

static void on_event(void *context, const struct rill_event *event)
{
    struct datagrams *d = context;

    if (name_event(&d->name, event) || event->conn != d->conn)
        return;
    if ((event->what & RILL_WRITABLE) != 0)
        d->has_room = true;
    move_output(d);
}

static unsigned on_descriptors(void *context, struct pollfd *fds)
{
    const struct datagrams *d = context;

    if (!d->has_peer || d->input_ended || d->is_held || d->resend_at != RILL_NEVER || d->config->echo ||
        d->config->sink)
        return 0;
    fds[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    return 1;
}

static void on_step(void *context, const struct pollfd *fds, unsigned count)
{
    struct datagrams *d = context;
    rill_time now = rill_clock();
    int error;

    (void)fds;
    (void)count;
    if (d->name.lookup != NULL) {
        name_poll(&d->name, now);
        error = name_result(&d->name, &d->remote.addr);
        if (error == -RILL_EINPROGRESS)
            return;
        if (error != 0) {
            session_stop(&d->session, CLI_FAILED);
            return;
        }
        open_socket(d);
    }
    if (now >= d->resend_at) {
        d->resend_at = RILL_NEVER;
        (void)send_held(d);
        stay_quiet(d);
    }
    move_input(d);
    if (now >= d->quiet_until)
        session_stop(&d->session, CLI_DONE);
}

static rill_time on_deadline(void *context)
{
    const struct datagrams *d = context;
    rill_time lookup = name_deadline(&d->name);

    lookup = lookup < d->resend_at ? lookup : d->resend_at;
    return lookup < d->quiet_until ? lookup : d->quiet_until;
}

static void on_stop(void *context)
{
    session_stop(&((struct datagrams *)context)->session, CLI_DONE);
}

bool datagrams_take_host(const char *text, struct rill_addr *addr, bool *is_name)
{
    *is_name = false;
    if (strcmp(text, "localhost") == 0 || strncmp(text, "127.", 4) == 0) {
        cli_error("%s is the kernel's own loopback: rill has addresses of its own and reaches the kernel at the other "
                  "end of the wire, by default 10.77.0.1",
                  text);
        return false;
    }
    if (rill_addr_parse(text, addr) == 0) {
        if (!rill_addr_is_v4(addr))
            cli_error("HOST '%s' is an IPv6 address: this version speaks IPv4", text);
        return rill_addr_is_v4(addr);
    }
    *is_name = name_is_possible(text);
    if (!*is_name)
        cli_error("HOST '%s' is neither an IPv4 address as 10.77.0.1 nor a name", text);
    return *is_name;
}

static int begin(struct datagrams *d)
{
    const struct datagrams_config *config = d->config;
    struct rill_endpoint at = {.addr = d->session.addr, .port = config->port};
    bool is_name = false;
    char text[64];

    d->remote.port = config->port;
    if (config->host != NULL && !datagrams_take_host(config->host, &d->remote.addr, &is_name))
        return CLI_USAGE;
    if (config->program != NULL || config->session->shell) {
        d->session.program_decides = config->host == NULL;
        if (session_start_program(&d->session, config->program) != 0)
            return CLI_FAILED;
        d->name.retry_until = d->retry_until = rill_clock() + RETRY_FOR_NS;
    }
    if (is_name)
        return name_begin(&d->name, d->session.stack, config->host, config->dns) ? 0 : CLI_FAILED;
    open_socket(d);
    if (config->host == NULL && d->conn != 0)
        cli_note("waiting for datagrams at %s, as '%s'%s%s", endpoint_text(&at, text, sizeof text), d->session.name,
                 d->session.own_namespace ? "; reach it by: rill shell " : "",
                 d->session.own_namespace ? d->session.name : "");
    return 0;
}

int datagrams_run(const struct datagrams_config *config)
{
    static struct datagrams d;
    int status;

    d.config = config;
    d.quiet_until = d.resend_at = RILL_NEVER;
    status = session_open(&d.session, config->session);
    if (status != 0)
        return status;
    d.session.app = (struct session_app){&d, on_event, on_descriptors, on_step, on_deadline, on_stop};
    d.room_bytes = d.session.driver->mtu - 28u; /* what fits behind the headers of IPv4 and UDP */
    status = begin(&d);
    if (status == 0)
        status = session_run(&d.session);
    if (d.session.verbose)
        cli_note("received %" PRIu64 " datagrams, sent %" PRIu64, d.received, d.sent);
    name_end(&d.name);
    session_close(&d.session);
    return status;
}
