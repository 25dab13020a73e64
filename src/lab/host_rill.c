/*
 * A host that runs rill.
 */
#include "lab/host.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cli/cli.h"

#define MEMORY_BYTES (UINT64_C(8) << 30) /* reserved, not used */

struct rill_host {
    struct host host;
    struct rill_stack *stack;
    struct rill_driver *driver;
    void *memory;
};

static struct rill_host *rill_of(struct host *host)
{
    return (struct rill_host *)(void *)host;
}

static struct rill_stack *stack_of(const struct conn *conn)
{
    return rill_of(conn->host)->stack;
}

/* Settings of every connection; user finds its conn again. */
static void set_options(const struct host *host, struct conn *conn, struct rill_options *options)
{
    rill_options_default(options);
    options->user = (uint64_t)(uintptr_t)conn;
    options->send_buffer_bytes = host->settings.buffer_bytes;
    options->receive_buffer_bytes = host->settings.buffer_bytes;
    options->flags = RILL_OPTION_NODELAY;
    options->congestion_control = host->settings.congestion_control;
}

static bool fail(struct conn *conn, int64_t error)
{
    conn->failure = rill_error_name((int)error);
    return false;
}

static bool listen_at(struct host *host, struct conn *listener, uint16_t port)
{
    struct rill_options options;
    *listener = (struct conn){.host = host, .flow = listener->flow};
    set_options(host, listener, &options);
    options.local.port = port;
    options.backlog = 64;
    int result = rill_tcp_listen(rill_of(host)->stack, &options, &listener->handle);
    listener->is_open = result == 0;
    return result == 0 || fail(listener, result);
}

static bool accept_from(struct conn *listener, struct conn *out)
{
    rill_conn handle;
    listener->can_accept = false;
    if (rill_accept(stack_of(listener), listener->handle, &handle, NULL) < 0)
        return false;
    listener->can_accept = true;
    *out = (struct conn){.host = listener->host, .flow = listener->flow, .handle = handle, .is_open = true};
    out->can_send = out->can_receive = true;
    (void)rill_set_user(stack_of(out), handle, (uint64_t)(uintptr_t)out);
    return true;
}

static bool connect_to(struct host *host, struct conn *conn, uint8_t to, uint16_t port)
{
    struct rill_endpoint remote = {.addr = rill_addr4(10, 0, 0, to), .port = port};
    struct rill_options options;
    *conn = (struct conn){.host = host, .flow = conn->flow};
    set_options(host, conn, &options);
    int result = rill_tcp_connect(rill_of(host)->stack, &remote, &options, &conn->handle);
    conn->is_open = result == 0;
    return result == 0 || fail(conn, result);
}

static int64_t send_some(struct conn *conn, const void *data, size_t bytes)
{
    int64_t sent = rill_send(stack_of(conn), conn->handle, data, bytes, 0);
    conn->can_send = sent == (int64_t)bytes;
    if (sent >= 0)
        return sent;
    if (sent == -RILL_EAGAIN)
        return 0;
    fail(conn, sent);
    return CONN_FAILED;
}

static int64_t receive_some(struct conn *conn, void *data, size_t bytes)
{
    int64_t got = rill_receive(stack_of(conn), conn->handle, data, bytes, 0);
    conn->can_receive = got > 0;
    if (got > 0)
        return got;
    if (got == 0)
        return CONN_END;
    if (got == -RILL_EAGAIN)
        return 0;
    fail(conn, got);
    return CONN_FAILED;
}

static void shut_down(struct conn *conn)
{
    (void)rill_shutdown(stack_of(conn), conn->handle);
}

static void close_conn(struct conn *conn)
{
    if (conn->is_open)
        (void)rill_close(stack_of(conn), conn->handle);
    conn->is_open = false;
}

static void count(struct conn *conn, struct conn_counts *out)
{
    struct rill_status status;
    *out = (struct conn_counts){0};
    if (!conn->is_open || rill_status(stack_of(conn), conn->handle, &status) < 0)
        return;
    *out = (struct conn_counts){status.segments_out, status.retransmitted, status.cwnd_bytes, status.srtt_us};
}

static void take_event(const struct rill_event *event)
{
    struct conn *conn = (struct conn *)(uintptr_t)event->user;
    if (conn == NULL || conn->handle != event->conn)
        return;
    if (event->what & RILL_RESET)
        fail(conn, event->error);
    conn->can_accept |= (event->what & RILL_ACCEPTABLE) != 0;
    conn->can_send |= (event->what & (RILL_ESTABLISHED | RILL_WRITABLE)) != 0;
    conn->can_receive |= (event->what & (RILL_READABLE | RILL_PEER_CLOSED | RILL_RESET)) != 0;
}

static bool turn(struct host *host, rill_time now)
{
    struct rill_host *own = rill_of(host);
    struct rill_event event;
    bool has_moved = rill_turn(own->stack, &own->driver, 1, now);
    while (rill_next(own->stack, &event)) {
        take_event(&event);
        has_moved = true;
    }
    return has_moved;
}

static rill_time deadline(struct host *host)
{
    struct rill_host *own = rill_of(host);
    return min_u64(rill_deadline(own->stack), own->driver->ops->deadline(own->driver));
}

static int descriptor(struct host *host)
{
    (void)host;
    return -1;
}

static void free_host(struct host *host)
{
    struct rill_host *own = rill_of(host);
    own->driver->ops->close(own->driver);
    if (own->stack != NULL)
        rill_stack_destroy(own->stack);
    if (own->memory != NULL)
        munmap(own->memory, MEMORY_BYTES);
    free(own);
}

static const struct host_ops rill_ops = {
    .name = "rill",
    .listen = listen_at,
    .accept = accept_from,
    .connect = connect_to,
    .send = send_some,
    .receive = receive_some,
    .shutdown = shut_down,
    .close = close_conn,
    .count = count,
    .turn = turn,
    .deadline = deadline,
    .descriptor = descriptor,
    .free = free_host,
};

static int open_stack(struct rill_host *own)
{
    const struct host_settings *settings = &own->host.settings;
    struct rill_netif_config netif = {
        .name = "lab", .addr = rill_addr4(10, 0, 0, own->host.port->number), .prefix_bits = 24};
    struct rill_config config;
    void *memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return -RILL_ENOMEM;
    own->memory = memory;
    rill_config_default(&config);
    config.memory = memory;
    config.memory_bytes = MEMORY_BYTES;
    config.now = settings->now;
    memset(config.secret, own->host.port->number, sizeof config.secret);
    memcpy(config.secret, &settings->seed, sizeof settings->seed);
    int result = rill_stack_create(&config, &own->stack);
    return result < 0 ? result : rill_attach(own->stack, own->driver, &netif);
}

struct host *host_open_rill(struct lab_net *net, const struct host_settings *settings)
{
    struct rill_host *own = calloc(1, sizeof *own);
    struct lab_port *port = lab_net_plug(net, settings->side, settings->extra_delay, NULL);
    if (own == NULL || port == NULL) {
        cli_error("no memory for a host");
        free(own);
        return NULL;
    }
    own->host = (struct host){.ops = &rill_ops, .port = port, .settings = *settings};
    own->driver = &port->driver;
    int result = settings->pcap == NULL ? 0 : rill_pcap_tap(&port->driver, settings->pcap, &own->driver);
    if (result == 0)
        result = open_stack(own);
    if (result < 0) {
        cli_error("a stack: %s", rill_error_name(result));
        free_host(&own->host);
        return NULL;
    }
    return &own->host;
}

struct rill_stack *host_stack(struct host *host)
{
    return host->ops == &rill_ops ? rill_of(host)->stack : NULL;
}
