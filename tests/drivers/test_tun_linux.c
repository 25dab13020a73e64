/*
 * The whole stack against Linux's own TCP and ICMP over a TUN device, in a
 * network namespace of the test's own. Skipped where none can be made.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/trains.h"
#include "support/cmocka_all.h"
#include "wire/checksum.h"

#define KERNEL 0x0A090001u /* 10.9.0.1 */
#define OURS 0x0A090002u
#define PORT 7777
#define BYTES (8u << 20)
#define PATIENCE (20 * NANOS_PER_S)
#define BLOCK_BYTES 65536u

static bool has_namespace;

/* rill echoes; the kernel's socket sends a stream and checks what comes back. */
struct fixture {
    struct rill_stack *stack;
    struct rill_driver *tun;
    rill_conn listener, conn;
    uint8_t kept[BLOCK_BYTES]; /* received, not echoed yet: kept[kept_first .. kept_end) */
    size_t kept_first, kept_end;
    bool saw_end, has_shut_down;
    int error;
    int fd; /* the kernel's */
    uint32_t sent, echoed;
    bool kernel_saw_end;
    uint8_t stream[BLOCK_BYTES];
};

static struct sockaddr_in kernel_name(uint32_t address, uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
}

static struct fixture *start(bool offload)
{
    struct rill_config config;
    struct rill_netif_config netif = {.name = "tun", .addr = rill_addr4(10, 9, 0, 2), .prefix_bits = 24};
    struct rill_tun_config tun = {.offload = offload, .kernel_addr = rill_addr4(10, 9, 0, 1), .prefix_bits = 24};
    struct rill_options options;
    struct fixture *f;
    if (!has_namespace)
        skip();
    f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->fd = -1;
    assert_int_equal(rill_tun_open(&tun, &f->tun), 0);
    rill_config_default(&config);
    assert_int_equal(rill_stack_open(&config, &f->stack), 0);
    assert_int_equal(rill_attach(f->stack, f->tun, &netif), 0);
    rill_options_default(&options);
    options.local.port = PORT;
    assert_int_equal(rill_tcp_listen(f->stack, &options, &f->listener), 0);
    return f;
}

static void stop(struct fixture *f)
{
    if (f->fd >= 0)
        close(f->fd);
    f->tun->ops->close(f->tun);
    rill_stack_close(f->stack);
    free(f);
}

static void take_events(struct fixture *f)
{
    struct rill_event event;
    while (rill_next(f->stack, &event)) {
        if (event.what & RILL_ACCEPTABLE)
            assert_int_equal(rill_accept(f->stack, f->listener, &f->conn, NULL), 0);
        if (event.what & RILL_RESET)
            f->error = event.error;
    }
}

/* Echo as much as goes now. */
static void echo(struct fixture *f)
{
    while (f->conn != 0 && f->error == 0) {
        if (f->kept_first == f->kept_end && !f->saw_end) {
            int64_t got = rill_receive(f->stack, f->conn, f->kept, sizeof f->kept, 0);
            if (got == -RILL_EAGAIN || got == -RILL_ENOTCONN)
                return;
            assert_true(got >= 0);
            f->saw_end = got == 0;
            f->kept_first = 0;
            f->kept_end = (size_t)got;
        }
        if (f->kept_first == f->kept_end) {
            if (f->saw_end && !f->has_shut_down)
                assert_int_equal(rill_shutdown(f->stack, f->conn), 0);
            f->has_shut_down = f->saw_end;
            return;
        }
        int64_t taken = rill_send(f->stack, f->conn, f->kept + f->kept_first, f->kept_end - f->kept_first, 0);
        if (taken == -RILL_EAGAIN)
            return;
        assert_true(taken >= 0);
        f->kept_first += (size_t)taken;
    }
}

/* The kernel's side: send and receive as much as goes now. The stream repeats every 64 KiB. */
static void run_kernel_socket(struct fixture *f)
{
    static uint8_t data[BLOCK_BYTES];
    while (f->sent < BYTES) {
        uint32_t offset = f->sent % BLOCK_BYTES;
        ssize_t taken = send(f->fd, f->stream + offset, BLOCK_BYTES - offset, MSG_NOSIGNAL);
        if (taken < 0)
            break;
        f->sent += (uint32_t)taken;
        if (f->sent == BYTES)
            assert_int_equal(shutdown(f->fd, SHUT_WR), 0);
    }
    while (!f->kernel_saw_end) {
        uint32_t offset = f->echoed % BLOCK_BYTES;
        ssize_t got = recv(f->fd, data, BLOCK_BYTES - offset, 0);
        if (got < 0) {
            assert_true(errno == EAGAIN || errno == ENOTCONN);
            break;
        }
        assert_memory_equal(data, f->stream + offset, (size_t)got);
        f->kernel_saw_end = got == 0;
        f->echoed += (uint32_t)got;
    }
}

/* One round of everything; sleeps until there is something to do. */
static void run_once(struct fixture *f)
{
    struct pollfd fd = {.fd = f->fd, .events = (short)(f->sent < BYTES ? POLLIN | POLLOUT : POLLIN)};
    rill_turn(f->stack, &f->tun, 1, rill_clock());
    take_events(f);
    echo(f);
    rill_turn(f->stack, &f->tun, 1, rill_clock());
    run_kernel_socket(f);
    rill_wait(f->stack, &f->tun, 1, &fd, 1, 50);
}

static void run_echo(struct fixture *f)
{
    rill_time until = rill_clock() + PATIENCE;
    stream_fill(f->stream, 0, sizeof f->stream);
    while (!f->kernel_saw_end && f->error == 0 && rill_clock() < until)
        run_once(f);
    assert_int_equal(f->error, 0);
    assert_int_equal(f->sent, BYTES);
    assert_int_equal(f->echoed, BYTES);
    assert_true(f->kernel_saw_end);
    assert_int_equal(f->tun->device_errors, 0);
    assert_int_equal(rill_drops(f->stack, RILL_DROP_TCP_CHECKSUM), 0);
    assert_int_equal(rill_drops(f->stack, RILL_DROP_IP_CHECKSUM), 0);
    /* A busy machine answers late, and a probe asks; nothing else goes again. */
    assert_true(rill_counted(f->stack, RILL_COUNT_TCP_RETRANSMITTED) <=
                rill_counted(f->stack, RILL_COUNT_TCP_LOSS_PROBES));
    assert_int_equal(rill_counted(f->stack, RILL_COUNT_TCP_RTO_FIRED), 0);
    assert_true(rill_check(f->stack));
}

static void connect_from_kernel(struct fixture *f)
{
    struct sockaddr_in to = kernel_name(OURS, PORT);
    f->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(connect(f->fd, (struct sockaddr *)&to, sizeof to), -1);
    assert_int_equal(errno, EINPROGRESS);
}

static void connect_to_kernel(struct fixture *f)
{
    struct sockaddr_in at = kernel_name(KERNEL, PORT);
    struct rill_endpoint remote = {.addr = rill_addr4(10, 9, 0, 1), .port = PORT};
    int one = 1;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    rill_time until = rill_clock() + PATIENCE;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(rill_tcp_connect(f->stack, &remote, NULL, &f->conn), 0);
    while (f->fd < 0 && f->error == 0 && rill_clock() < until) {
        rill_turn(f->stack, &f->tun, 1, rill_clock());
        take_events(f);
        f->fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    }
    close(listener);
    assert_true(f->fd >= 0);
}

static void linux_connects_and_gets_its_stream_echoed(void **state)
{
    (void)state;
    struct fixture *f = start(false);
    connect_from_kernel(f);
    run_echo(f);
    stop(f);
}

static void linux_connects_and_gets_its_stream_echoed_with_offloads(void **state)
{
    (void)state;
    struct fixture *f = start(true);
    connect_from_kernel(f);
    run_echo(f);
    stop(f);
}

static void linux_accepts_us_and_gets_its_stream_echoed(void **state)
{
    (void)state;
    struct fixture *f = start(false);
    connect_to_kernel(f);
    run_echo(f);
    stop(f);
}

static void linux_accepts_us_and_gets_its_stream_echoed_with_offloads(void **state)
{
    (void)state;
    struct fixture *f = start(true);
    connect_to_kernel(f);
    run_echo(f);
    stop(f);
}

static void a_closed_port_refuses_linux(void **state)
{
    struct sockaddr_in to = kernel_name(OURS, PORT + 1);
    int error = 0;
    socklen_t error_bytes = sizeof error;
    (void)state;
    struct fixture *f = start(true);
    f->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    connect(f->fd, (struct sockaddr *)&to, sizeof to);
    struct pollfd writable = {.fd = f->fd, .events = POLLOUT};
    rill_time until = rill_clock() + PATIENCE;
    do {
        rill_turn(f->stack, &f->tun, 1, rill_clock());
    } while (poll(&writable, 1, 10) == 0 && rill_clock() < until);
    assert_int_equal(getsockopt(f->fd, SOL_SOCKET, SO_ERROR, &error, &error_bytes), 0);
    assert_int_equal(error, ECONNREFUSED);
    stop(f);
}

static void linux_pings_us(void **state)
{
    struct sockaddr_in to = kernel_name(OURS, 0);
    uint8_t request[64] = {ICMP_ECHO, 0, 0, 0, 0x12, 0x34, 0, 1, 'r', 'i', 'l', 'l'}, reply[1500] = {0};
    ssize_t got = -1;
    (void)state;
    struct fixture *f = start(true);
    put_be16(request + 2, checksum_finish(checksum_bytes(request, sizeof request)));
    f->fd = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_ICMP);
    assert_true(f->fd >= 0);
    assert_int_equal(sendto(f->fd, request, sizeof request, 0, (struct sockaddr *)&to, sizeof to), sizeof request);
    rill_time until = rill_clock() + PATIENCE;
    while (got < 0 && rill_clock() < until) {
        struct pollfd fd = {.fd = f->fd, .events = POLLIN};
        rill_turn(f->stack, &f->tun, 1, rill_clock());
        got = recv(f->fd, reply, sizeof reply, 0);
        if (got < 0)
            rill_wait(f->stack, &f->tun, 1, &fd, 1, 50);
    }
    assert_int_equal(got, 20 + sizeof request);
    assert_null(packet_check(reply, (size_t)got, NULL));
    assert_int_equal(get_be32(reply + 12), OURS);
    assert_int_equal(reply[20], ICMP_ECHOREPLY);
    assert_memory_equal(reply + 24, request + 4, sizeof request - 4);
    assert_int_equal(rill_counted(f->stack, RILL_COUNT_ICMP_ECHO_REPLIES), 1);
    stop(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linux_pings_us),
        cmocka_unit_test(a_closed_port_refuses_linux),
        cmocka_unit_test(linux_connects_and_gets_its_stream_echoed),
        cmocka_unit_test(linux_connects_and_gets_its_stream_echoed_with_offloads),
        cmocka_unit_test(linux_accepts_us_and_gets_its_stream_echoed),
        cmocka_unit_test(linux_accepts_us_and_gets_its_stream_echoed_with_offloads),
    };
    has_namespace = access("/dev/net/tun", R_OK | W_OK) == 0 &&
                    (unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0);
    if (!has_namespace)
        print_message("skipped: no /dev/net/tun, or no network namespace can be made\n");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
