/*
 * The kernel is the oracle for datagrams too: sequences of calls run on
 * Linux's loopback sockets and on two stacks back to back; what every call
 * returned must be the same. As test_oracle.c, with the calls of datagrams.
 *
 * A sequence is words: "SLOT OPERATION ARGUMENTS;". Slots l s t p are of the
 * server's side, c d q of the client's. All are non-blocking.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sockets/as_tests.h"
#include "sockets/pair.h"
#include "sockets/sequences_udp.h"

#define TRANSCRIPT_BYTES 8192

struct world {
    bool kernel;
    uint8_t address[4]; /* where both sides of the kernel's are */
    struct pair *pair;
    int fd[26];
    struct rill_sockaddr_in last[26]; /* whom a slot received from */
    uint16_t port, dead_port;
    long pause_ms; /* after each call, for what it sent to arrive */
    char transcript[TRANSCRIPT_BYTES];
    size_t length;
};

struct op {
    char slot;
    char words[4][24];
    int number[4];
};

static const char data[] = "abcdefghijklmnopqrstuvwxyz";

static void say(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct world *w, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    w->length += (size_t)vsnprintf(w->transcript + w->length, sizeof w->transcript - w->length, format, arguments);
    va_end(arguments);
    assert_true(w->length < sizeof w->transcript);
}

static bool is_server(char slot)
{
    return strchr("lstp", slot) != NULL;
}

static struct rill_sockets *table(struct world *w, char slot)
{
    return w->kernel ? NULL : w->pair->end[is_server(slot) ? 0 : 1].sockets;
}

static int64_t k(int64_t result)
{
    return result < 0 ? -errno : result;
}

static void say_result(struct world *w, int64_t result)
{
    if (result < 0)
        say(w, "%s", rill_sock_error_name((int)result));
    else
        say(w, "%lld", (long long)result);
}

static void say_mask(struct world *w, unsigned mask)
{
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {{POLLIN, "IN"},         {POLLPRI, "PRI"},       {POLLOUT, "OUT"},       {POLLERR, "ERR"},
                 {POLLHUP, "HUP"},       {POLLNVAL, "NVAL"},     {POLLRDNORM, "RDNORM"}, {POLLRDBAND, "RDBAND"},
                 {POLLWRNORM, "WRNORM"}, {POLLWRBAND, "WRBAND"}, {0x2000, "RDHUP"}};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((mask & names[i].bit) != 0)
            say(w, " %s", names[i].name);
    }
}

static void say_address(struct world *w, const struct rill_sockaddr_in *addr, unsigned bytes)
{
    if (bytes == 0)
        say(w, "from nowhere ");
    else
        say(w, "family %d %s port %s address ", addr->family,
            addr->port == 0                     ? "no"
            : addr->port == rill_htons(w->port) ? "the"
                                                : "a",
            addr->addr[0] == 0 ? "no" : "an");
}

/* The server's or, for a bind, one's own address. */
static struct rill_sockaddr_in to_port(struct world *w, bool server, uint16_t port)
{
    struct rill_sockaddr_in addr = rill_sockaddr4(10, 0, 0, server ? 1 : 2, port);

    if (w->kernel)
        memcpy(addr.addr, w->address, sizeof addr.addr);
    return addr;
}

/* What `where` names in the sequences' header; returns its length. */
static uint32_t destination(struct world *w, const struct op *op, int where, struct rill_sockaddr_in *out)
{
    *out = to_port(w, true, where == 1 ? w->dead_port : where == 3 ? 0 : w->port);
    if (where == 2)
        *out = w->last[op->slot - 'a'];
    if (where == 4)
        out->family = AF_UNSPEC;
    if (where == 5)
        out->family = AF_INET6;
    return where == 6 ? 7 : sizeof *out;
}

/* --------------------------------------------------------------- operations */

static int64_t do_socket(struct world *w, const struct op *op, int type)
{
    int64_t fd = w->kernel ? k(socket(AF_INET, type | SOCK_NONBLOCK, 0))
                           : rill_sock_open(table(w, op->slot), AF_INET, type | RILL_SOCK_NONBLOCK, 0);

    w->fd[op->slot - 'a'] = (int)fd;
    return fd < 0 ? fd : 0;
}

static int64_t do_bind(struct world *w, const struct op *op, int fd, bool any)
{
    struct rill_sockaddr_in addr = to_port(w, is_server(op->slot), w->port);

    if (any)
        addr = rill_sockaddr4(0, 0, 0, 0, 0);
    return w->kernel ? k(bind(fd, (const struct sockaddr *)(const void *)&addr, sizeof addr))
                     : rill_sock_bind(table(w, op->slot), fd, &addr, sizeof addr);
}

static int64_t do_connect(struct world *w, const struct op *op, int fd)
{
    struct rill_sockaddr_in addr;
    uint32_t bytes = destination(w, op, op->number[0], &addr);

    return w->kernel ? k(connect(fd, (const struct sockaddr *)(const void *)&addr, bytes))
                     : rill_sock_connect(table(w, op->slot), fd, &addr, bytes);
}

static int64_t do_send(struct world *w, const struct op *op, int fd)
{
    size_t bytes = (size_t)op->number[0];

    assert_true(bytes < sizeof data);
    return w->kernel ? k(send(fd, data, bytes, op->number[1]))
                     : rill_sock_send(table(w, op->slot), fd, data, bytes, op->number[1]);
}

static int64_t send_to(struct world *w, const struct op *op, int fd, const void *bytes, size_t length,
                       const struct rill_sockaddr_in *addr, uint32_t addr_bytes)
{
    return w->kernel ? k(sendto(fd, bytes, length, 0, (const struct sockaddr *)(const void *)addr, addr_bytes))
                     : rill_sock_sendto(table(w, op->slot), fd, bytes, length, 0, addr, addr_bytes);
}

static int64_t do_sendto(struct world *w, const struct op *op, int fd)
{
    struct rill_sockaddr_in addr;
    uint32_t addr_bytes = destination(w, op, op->number[1], &addr);
    bool none = op->number[1] == 7;

    return send_to(w, op, fd, data, (size_t)op->number[0], none ? NULL : &addr, none ? 0 : addr_bytes);
}

static int64_t do_broadcast(struct world *w, const struct op *op, int fd)
{
    struct rill_sockaddr_in addr = rill_sockaddr4(255, 255, 255, 255, 9);

    return send_to(w, op, fd, data, (size_t)op->number[0], &addr, sizeof addr);
}

static int64_t do_long(struct world *w, const struct op *op, int fd)
{
    static uint8_t bytes[70000];
    struct rill_sockaddr_in addr = to_port(w, true, w->port);

    return send_to(w, op, fd, bytes, (size_t)op->number[0], &addr, sizeof addr);
}

static void say_data(struct world *w, const char *bytes, int64_t n, size_t room)
{
    if (n > 0)
        say(w, "\"%.*s\" ", (int)((size_t)n < room ? (size_t)n : room), bytes);
}

static int64_t do_recv(struct world *w, const struct op *op, int fd)
{
    char got[64] = "";
    size_t room = (size_t)op->number[0];
    int64_t n = w->kernel ? k(recv(fd, got, room, op->number[1]))
                          : rill_sock_recv(table(w, op->slot), fd, got, room, op->number[1]);

    say_data(w, got, n, room);
    return n;
}

static int64_t do_recvfrom(struct world *w, const struct op *op, int fd)
{
    struct rill_sockaddr_in *addr = &w->last[op->slot - 'a'];
    socklen_t length = sizeof *addr;
    uint32_t bytes = sizeof *addr;
    char got[64] = "";
    size_t room = (size_t)op->number[0];
    int64_t n = w->kernel ? k(recvfrom(fd, got, room, op->number[1], (struct sockaddr *)(void *)addr, &length))
                          : rill_sock_recvfrom(table(w, op->slot), fd, got, room, op->number[1], addr, &bytes);

    say_data(w, got, n, room);
    if (n >= 0)
        say_address(w, addr, w->kernel ? (unsigned)length : bytes);
    return n;
}

/* Linux's struct cmsghdr and rill's have one layout, so one reader does for both. */
static void say_control(struct world *w, const uint8_t *control, size_t bytes)
{
    struct rill_cmsghdr header;

    for (size_t at = 0; at + sizeof header <= bytes;) {
        const uint8_t *value = control + at + sizeof header;
        size_t n;

        memcpy(&header, control + at, sizeof header);
        n = header.bytes - sizeof header;
        say(w, "[%d %d: %zu", header.level, header.type, n);
        if (header.type == IP_TTL || header.type == IP_TOS)
            for (size_t i = 0; i < n; i++)
                say(w, " %02x", value[i]);
        if (header.type == IP_PKTINFO && n == 12)
            say(w, " interface %s, spec %s addr", value[0] != 0 ? "some" : "none",
                memcmp(value + 4, value + 8, 4) == 0 ? "is" : "is not");
        say(w, "] ");
        at += (header.bytes + 7) & ~(size_t)7;
    }
    say(w, "control %zu ", bytes);
}

static int64_t do_recvmsg(struct world *w, const struct op *op, int fd)
{
    _Alignas(8) uint8_t control[256];
    size_t control_bytes = op->number[2] != 0 ? (size_t)op->number[2] : sizeof control;
    struct rill_sockaddr_in addr = {0};
    char got[64] = "";
    size_t room = (size_t)op->number[0];
    int64_t n;

    memset(control, 0xee, sizeof control);
    if (w->kernel) {
        struct iovec piece = {got, room};
        struct msghdr message = {.msg_name = &addr,
                                 .msg_namelen = sizeof addr,
                                 .msg_iov = &piece,
                                 .msg_iovlen = 1,
                                 .msg_control = control,
                                 .msg_controllen = control_bytes};

        n = k(recvmsg(fd, &message, op->number[1]));
        if (n >= 0) {
            say(w, "flags 0x%x ", (unsigned)message.msg_flags);
            say_address(w, &addr, message.msg_namelen);
            say_control(w, control, message.msg_controllen);
        }
    } else {
        struct rill_iovec piece = {got, room};
        struct rill_msghdr message = {.name = &addr,
                                      .name_bytes = sizeof addr,
                                      .iov = &piece,
                                      .iov_count = 1,
                                      .control = control,
                                      .control_bytes = control_bytes};

        n = rill_sock_recvmsg(table(w, op->slot), fd, &message, op->number[1]);
        if (n >= 0) {
            say(w, "flags 0x%x ", (unsigned)message.flags);
            say_address(w, &addr, message.name_bytes);
            say_control(w, control, message.control_bytes);
        }
    }
    say_data(w, got, n, room);
    return n;
}

/* control BYTES LEVEL TYPE NUMBER: to the server, with one control message that holds an int. */
static int64_t do_control_send(struct world *w, const struct op *op, int fd)
{
    struct rill_sockaddr_in addr = to_port(w, true, w->port);
    struct {
        struct rill_cmsghdr header;
        int number;
        int padding;
    } control = {{.bytes = sizeof(struct rill_cmsghdr) + sizeof(int), .level = op->number[1], .type = op->number[2]},
                 op->number[3],
                 0};
    struct iovec piece = {(void *)(uintptr_t)data, (size_t)op->number[0]};
    struct rill_iovec its_piece = {(void *)(uintptr_t)data, (size_t)op->number[0]};
    const struct msghdr message = {.msg_name = &addr,
                                   .msg_namelen = sizeof addr,
                                   .msg_iov = &piece,
                                   .msg_iovlen = 1,
                                   .msg_control = &control,
                                   .msg_controllen = sizeof control};
    const struct rill_msghdr its = {.name = &addr,
                                    .name_bytes = sizeof addr,
                                    .iov = &its_piece,
                                    .iov_count = 1,
                                    .control = &control,
                                    .control_bytes = sizeof control};

    return w->kernel ? k(sendmsg(fd, &message, 0)) : rill_sock_sendmsg(table(w, op->slot), fd, &its, 0);
}

static int64_t do_many(struct world *w, const struct op *op, int fd, bool send)
{
    char got[8][8] = {""};
    struct mmsghdr ours[8] = {0};
    struct rill_mmsghdr its[8] = {0};
    struct iovec pieces[8];
    struct rill_iovec its_pieces[8];
    unsigned count = (unsigned)op->number[0];
    int64_t n;

    for (unsigned i = 0; i < count; i++) {
        memcpy(got[i], data, send ? i + 1 : 0);
        pieces[i] = (struct iovec){got[i], send ? i + 1 : 8};
        its_pieces[i] = (struct rill_iovec){got[i], send ? i + 1 : 8};
        ours[i].msg_hdr = (struct msghdr){.msg_iov = &pieces[i], .msg_iovlen = 1};
        its[i].header = (struct rill_msghdr){.iov = &its_pieces[i], .iov_count = 1};
    }
    if (w->kernel)
        n = k(send ? sendmmsg(fd, ours, count, 0) : recvmmsg(fd, ours, count, 0, NULL));
    else
        n = send ? rill_sock_sendmmsg(table(w, op->slot), fd, its, count, 0)
                 : rill_sock_recvmmsg(table(w, op->slot), fd, its, count, 0, NULL);
    for (int64_t i = 0; i < n; i++)
        say(w, "%u ", w->kernel ? ours[i].msg_len : its[i].bytes);
    return n;
}

static int64_t do_poll(struct world *w, const struct op *op, int fd)
{
    struct pollfd ours = {.fd = fd, .events = (short)0x23ff};
    struct rill_pollfd its = {.fd = fd, .events = 0x23ff};
    int64_t n = w->kernel ? k(poll(&ours, 1, 0)) : rill_sock_poll(table(w, op->slot), &its, 1, 0);

    say_mask(w, (unsigned short)(w->kernel ? ours.revents : its.revents));
    say(w, " ");
    return n;
}

static int64_t get_option(struct world *w, char slot, int fd, int level, int name, int *value)
{
    socklen_t length = sizeof *value;
    uint32_t bytes = sizeof *value;

    *value = 0;
    return w->kernel ? k(getsockopt(fd, level, name, value, &length))
                     : rill_sock_getsockopt(table(w, slot), fd, level, name, value, &bytes);
}

static int64_t do_error(struct world *w, const struct op *op, int fd)
{
    int value;
    int64_t result = get_option(w, op->slot, fd, SOL_SOCKET, SO_ERROR, &value);

    say(w, "%s ", value == 0 ? "none" : rill_sock_error_name(value));
    return result;
}

static int64_t do_get(struct world *w, const struct op *op, int fd)
{
    int value;
    int64_t result = get_option(w, op->slot, fd, op->number[0], op->number[1], &value);

    say(w, "%d ", value);
    return result;
}

static int64_t do_set(struct world *w, const struct op *op, int fd)
{
    return w->kernel ? k(setsockopt(fd, op->number[0], op->number[1], &op->number[2], sizeof(int)))
                     : rill_sock_setsockopt(table(w, op->slot), fd, op->number[0], op->number[1], &op->number[2],
                                            sizeof(int));
}

static int64_t do_ioctl(struct world *w, const struct op *op, int fd)
{
    int value = 0;
    int64_t result = w->kernel ? k(ioctl(fd, (unsigned long)op->number[0], &value))
                               : rill_sock_ioctl(table(w, op->slot), fd, (unsigned long)op->number[0], &value);

    if (result >= 0)
        say(w, "%d ", value);
    return result;
}

static int64_t do_name(struct world *w, const struct op *op, int fd)
{
    bool peer = strcmp(op->words[0], "peer") == 0;
    struct rill_sockaddr_in addr = {0};
    socklen_t length = sizeof addr;
    uint32_t bytes = sizeof addr;
    struct sockaddr *out = (struct sockaddr *)(void *)&addr;
    int64_t result;

    if (w->kernel)
        result = k(peer ? getpeername(fd, out, &length) : getsockname(fd, out, &length));
    else
        result = peer ? rill_sock_getpeername(table(w, op->slot), fd, &addr, &bytes)
                      : rill_sock_getsockname(table(w, op->slot), fd, &addr, &bytes);
    if (result == 0)
        say_address(w, &addr, sizeof addr);
    return result;
}

static int64_t do_epoll(struct world *w, const struct op *op)
{
    int64_t fd = w->kernel ? k(epoll_create1(0)) : rill_sock_epoll_create(table(w, op->slot), 0);

    w->fd[op->slot - 'a'] = (int)fd;
    return fd < 0 ? fd : 0;
}

static int64_t do_epoll_control(struct world *w, const struct op *op, int fd)
{
    uint32_t events = (uint32_t)strtoul(op->words[2], NULL, 0);
    int target = w->fd[op->words[1][0] - 'a'];
    struct epoll_event ours = {.events = events, .data.u64 = (uint64_t)op->words[1][0]};
    struct rill_epoll_event its = {.events = events, .data = (uint64_t)op->words[1][0]};

    return w->kernel ? k(epoll_ctl(fd, op->number[0], target, &ours))
                     : rill_sock_epoll_ctl(table(w, op->slot), fd, op->number[0], target, &its);
}

static int64_t do_wait(struct world *w, const struct op *op, int fd)
{
    struct epoll_event ours[4];
    struct rill_epoll_event its[4];
    int64_t n = w->kernel ? k(epoll_wait(fd, ours, 4, 0)) : rill_sock_epoll_wait(table(w, op->slot), fd, its, 4, 0);

    for (int64_t i = 0; i < n; i++) {
        say(w, "%c:", (char)(w->kernel ? ours[i].data.u64 : its[i].data));
        say_mask(w, w->kernel ? ours[i].events : its[i].events);
        say(w, " ");
    }
    return n;
}

static int64_t do_dup(struct world *w, const struct op *op, int fd)
{
    int64_t result = w->kernel ? k(dup(fd)) : rill_sock_dup(table(w, op->slot), fd);

    if (result < 0)
        return result;
    w->fd[op->words[0][0] - 'a'] = (int)result;
    return 0;
}

static int64_t do_transfer(struct world *w, const struct op *op, const char *verb, int fd)
{
    static const struct {
        const char *verb;
        int64_t (*run)(struct world *w, const struct op *op, int fd);
    } verbs[] = {{"send", do_send},         {"sendto", do_sendto},        {"recv", do_recv},
                 {"recvfrom", do_recvfrom}, {"recvmsg", do_recvmsg},      {"broadcast", do_broadcast},
                 {"long", do_long},         {"control", do_control_send}, {"connect", do_connect},
                 {"poll", do_poll},         {"error", do_error},          {"set", do_set},
                 {"get", do_get},           {"ioctl", do_ioctl},          {"name", do_name},
                 {"dup", do_dup},           {"ctl", do_epoll_control},    {"wait", do_wait}};

    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(verb, verbs[i].verb) == 0)
            return verbs[i].run(w, op, fd);
    }
    fail_msg("no such operation: %s", verb);
    return 0;
}

static int64_t do_op(struct world *w, const struct op *op, const char *verb)
{
    int fd = w->fd[op->slot - 'a'];
    struct rill_sockets *s = table(w, op->slot);

    if (strcmp(verb, "socket") == 0)
        return do_socket(w, op, SOCK_DGRAM);
    if (strcmp(verb, "stream") == 0)
        return do_socket(w, op, SOCK_STREAM);
    if (strncmp(verb, "bind", 4) == 0)
        return do_bind(w, op, fd, verb[4] != '\0');
    if (strcmp(verb, "listen") == 0)
        return w->kernel ? k(listen(fd, op->number[0])) : rill_sock_listen(s, fd, op->number[0]);
    if (strcmp(verb, "accept") == 0)
        return w->kernel ? k(accept(fd, NULL, NULL)) : rill_sock_accept(s, fd, NULL, NULL);
    if (strcmp(verb, "shutdown") == 0)
        return w->kernel ? k(shutdown(fd, op->number[0])) : rill_sock_shutdown(s, fd, op->number[0]);
    if (strcmp(verb, "close") == 0)
        return w->kernel ? k(close(fd)) : rill_sock_close(s, fd);
    if (strcmp(verb, "epoll") == 0)
        return do_epoll(w, op);
    if (strcmp(verb, "sendmmsg") == 0 || strcmp(verb, "recvmmsg") == 0)
        return do_many(w, op, fd, verb[0] == 's');
    return do_transfer(w, op, verb, fd);
}

/* ------------------------------------------------------------------ running */

static void run_line(struct world *w, const char *line)
{
    struct op op = {0};
    char verb[24] = "";
    int words = sscanf(line, " %c %23s %23s %23s %23s %23s", &op.slot, verb, op.words[0], op.words[1], op.words[2],
                       op.words[3]);

    if (words < 2)
        return;
    for (int i = 0; i < words - 2; i++)
        op.number[i] = (int)strtol(op.words[i], NULL, 0);
    say(w, "%s -> ", line);
    say_result(w, do_op(w, &op, verb));
    say(w, "\n");
    if (!w->kernel)
        pair_turn(w->pair);
    else if (w->pause_ms > 0)
        nanosleep(&(struct timespec){w->pause_ms / 1000, w->pause_ms % 1000 * 1000000}, NULL);
}

static void run_all(struct world *w, const char *sequence)
{
    char copy[2048];
    char *rest = NULL;

    snprintf(copy, sizeof copy, "%s", sequence);
    for (char *line = strtok_r(copy, ";", &rest); line != NULL; line = strtok_r(NULL, ";", &rest))
        run_line(w, line + strspn(line, " "));
}

/* Free for datagrams and for streams. */
static uint16_t free_port(const uint8_t address[4])
{
    for (int tries = 0; tries < 100; tries++) {
        struct rill_sockaddr_in addr = rill_sockaddr4(address[0], address[1], address[2], address[3], 0);
        socklen_t length = sizeof addr;
        int fd = socket(AF_INET, SOCK_DGRAM, 0), stream = socket(AF_INET, SOCK_STREAM, 0);
        bool is_free;

        assert_true(fd >= 0 && bind(fd, (const struct sockaddr *)(const void *)&addr, sizeof addr) == 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&addr, &length), 0);
        is_free = bind(stream, (const struct sockaddr *)(const void *)&addr, sizeof addr) == 0;
        close(fd);
        close(stream);
        if (is_free)
            return rill_ntohs(addr.port);
    }
    fail_msg("no port is free");
    return 0;
}

static struct world kernel, rill;

static void run_on_kernel(const uint8_t address[4], long pause_ms, const char *sequence)
{
    memset(&kernel, 0, sizeof kernel);
    memset(kernel.fd, 0xff, sizeof kernel.fd);
    kernel.kernel = true;
    memcpy(kernel.address, address, sizeof kernel.address);
    kernel.pause_ms = pause_ms;
    kernel.port = free_port(address);
    do {
        kernel.dead_port = free_port(address);
    } while (kernel.dead_port == kernel.port);
    run_all(&kernel, sequence);
    for (int i = 0; i < 26; i++)
        if (kernel.fd[i] >= 0)
            close(kernel.fd[i]);
}

/* On both; true when the transcripts are equal. */
static bool run_both(const char *sequence)
{
    static const uint8_t loopback[4] = {127, 0, 0, 1};
    struct pair pair;

    run_on_kernel(loopback, 0, sequence);
    pair_open(&pair);
    memset(&rill, 0, sizeof rill);
    memset(rill.fd, 0xff, sizeof rill.fd);
    rill.pair = &pair;
    rill.port = kernel.port;
    rill.dead_port = kernel.dead_port;
    run_all(&rill, sequence);
    pair_close(&pair);
    return strcmp(kernel.transcript, rill.transcript) == 0;
}

static void show_both(const char *why)
{
    fail_msg("%s\n--- Linux\n%s--- rill\n%s", why, kernel.transcript, rill.transcript);
}

SEQUENCES(AS_FUNCTION)
DIFFERENCES(AS_DIFFERENCE)

/* The C library's calls alone, on the address and with the pause given: what they say is for oracle-run to compare. */
static int run_alone(const char *address, const char *pause_ms, char **only)
{
    static const struct {
        const char *name, *sequence;
    } all[] = {
#define AS_ROW(name, sequence) {#name, sequence},
#define AS_DIFFERENT_ROW(name, reason, sequence) {#name, sequence},
        SEQUENCES(AS_ROW) DIFFERENCES(AS_DIFFERENT_ROW)};
    uint8_t at[4];

    if (inet_pton(AF_INET, address, at) != 1)
        return 2;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        char **wanted = only;

        while (*wanted != NULL && strcmp(*wanted, all[i].name) != 0)
            wanted++;
        if (*only != NULL && *wanted == NULL)
            continue;
        run_on_kernel(at, strtol(pause_ms, NULL, 10), all[i].sequence);
        printf("== %s\n%s", all[i].name, kernel.transcript);
        fflush(stdout);
    }
    for (; *only != NULL; only++) {
        if (strchr(*only, ' ') == NULL)
            continue;
        run_on_kernel(at, strtol(pause_ms, NULL, 10), *only);
        printf("== %s\n%s", *only, kernel.transcript);
    }
    return 0;
}

/* Arguments: --alone ADDRESS PAUSE_MS [NAME or sequence...], or sequences: what the two say of each. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {SEQUENCES(AS_ENTRY) DIFFERENCES(AS_DIFFERENT_ENTRY)};

    signal(SIGPIPE, SIG_IGN);
    if (argc > 3 && strcmp(argv[1], "--alone") == 0)
        return run_alone(argv[2], argv[3], argv + 4);
    for (int i = 1; i < argc; i++)
        printf("%s\n--- Linux\n%s--- rill\n%s", run_both(argv[i]) ? "same" : "different", kernel.transcript,
               rill.transcript);
    return argc > 1 ? 0 : cmocka_run_group_tests(tests, NULL, NULL);
}
