/*
 * The kernel is the oracle: small sequences of calls run on Linux's loopback
 * sockets and on two stacks back to back; what every call returned, errors,
 * readiness and bytes included, must be the same.
 *
 * A sequence is words: "SLOT OPERATION ARGUMENTS;". Slots l s t are sockets of
 * the server's side, c d of the client's, p q epolls (server, client). All are
 * non-blocking unless the stack's caller waits.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sockets/pair.h"
#include "sockets/sequences.h"
#include "support/cmocka_all.h"

#define TRANSCRIPT_BYTES 8192

struct world {
    bool kernel;
    struct pair *pair;
    int fd[26];
    uint16_t port, dead_port;
    char transcript[TRANSCRIPT_BYTES];
    size_t length;
};

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
    return w->pair->end[is_server(slot) ? 0 : 1].sockets;
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

static struct rill_sockaddr_in to_port(struct world *w, bool server, uint16_t port)
{
    struct rill_sockaddr_in addr = rill_sockaddr4(10, 0, 0, server ? 1 : 2, port);

    if (w->kernel)
        addr = rill_sockaddr4(127, 0, 0, 1, port);
    return addr;
}

/* --------------------------------------------------------------- operations */

struct op {
    char slot, other;
    char words[4][24];
    int number[4];
    int count;
};

static int64_t do_socket(struct world *w, const struct op *op)
{
    int type = SOCK_STREAM | SOCK_NONBLOCK;
    int64_t fd = w->kernel ? k(socket(AF_INET, type, 0)) : rill_sock_open(table(w, op->slot), AF_INET, type, 0);

    w->fd[op->slot - 'a'] = (int)fd;
    return fd < 0 ? fd : 0;
}

static int64_t do_bind(struct world *w, const struct op *op, int fd)
{
    struct rill_sockaddr_in addr = to_port(w, is_server(op->slot), w->port);

    return w->kernel ? k(bind(fd, (const struct sockaddr *)(const void *)&addr, sizeof addr))
                     : rill_sock_bind(table(w, op->slot), fd, &addr, sizeof addr);
}

static int64_t do_connect(struct world *w, const struct op *op, int fd)
{
    struct rill_sockaddr_in addr = to_port(w, true, op->number[0] == 1 ? w->dead_port : w->port);

    if (op->number[0] == 2)
        addr.family = AF_UNSPEC;
    return w->kernel ? k(connect(fd, (const struct sockaddr *)(const void *)&addr, sizeof addr))
                     : rill_sock_connect(table(w, op->slot), fd, &addr, sizeof addr);
}

static int64_t do_accept(struct world *w, const struct op *op, int fd)
{
    struct rill_sockaddr_in addr = {0};
    socklen_t length = sizeof addr;
    uint32_t bytes = sizeof addr;
    int64_t result = w->kernel ? k(accept4(fd, (struct sockaddr *)(void *)&addr, &length, SOCK_NONBLOCK))
                               : rill_sock_accept4(table(w, op->slot), fd, &addr, &bytes, RILL_SOCK_NONBLOCK);

    if (result < 0)
        return result;
    w->fd[op->words[0][0] - 'a'] = (int)result;
    say(w, "family %d, %u bytes, ", addr.family, w->kernel ? (unsigned)length : bytes);
    return 0;
}

static int64_t do_send(struct world *w, const struct op *op, int fd)
{
    static const char data[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    size_t bytes = (size_t)op->number[0];

    assert_true(bytes < sizeof data);
    return w->kernel ? k(send(fd, data, bytes, op->number[1]))
                     : rill_sock_send(table(w, op->slot), fd, data, bytes, op->number[1]);
}

static int64_t do_recv(struct world *w, const struct op *op, int fd)
{
    char data[64] = "";
    size_t bytes = (size_t)op->number[0];
    int64_t n = w->kernel ? k(recv(fd, data, bytes, op->number[1]))
                          : rill_sock_recv(table(w, op->slot), fd, data, bytes, op->number[1]);

    if (n > 0)
        say(w, "\"%.*s\" ", (int)n, data);
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

static int64_t do_set(struct world *w, const struct op *op, int fd)
{
    struct linger linger = {op->number[2] >= 0, op->number[2]};
    const void *value = op->number[1] == SO_LINGER && op->number[0] == SOL_SOCKET ? (const void *)&linger
                                                                                  : (const void *)&op->number[2];
    unsigned bytes = value == (const void *)&linger ? sizeof linger : sizeof(int);

    return w->kernel ? k(setsockopt(fd, op->number[0], op->number[1], value, bytes))
                     : rill_sock_setsockopt(table(w, op->slot), fd, op->number[0], op->number[1], value, bytes);
}

static int64_t do_get(struct world *w, const struct op *op, int fd)
{
    int value;
    int64_t result = get_option(w, op->slot, fd, op->number[0], op->number[1], &value);

    say(w, "%d ", value);
    return result;
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
        say(w, "%s port, %s address ",
            addr.port == 0                     ? "no"
            : addr.port == rill_htons(w->port) ? "the"
                                               : "a",
            addr.addr[0] == 0 ? "no" : "an");
    return result;
}

static int64_t do_epoll(struct world *w, const struct op *op)
{
    int64_t fd = w->kernel ? k(epoll_create1(0)) : rill_sock_epoll_create(table(w, op->slot), 0);

    w->fd[op->slot - 'a'] = (int)fd;
    return fd < 0 ? fd : 0;
}

static int64_t do_control(struct world *w, const struct op *op, int fd)
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

static int64_t do_close(struct world *w, const struct op *op, int fd)
{
    return w->kernel ? k(close(fd)) : rill_sock_close(table(w, op->slot), fd);
}

static int64_t do_dup(struct world *w, const struct op *op, int fd)
{
    int64_t result = w->kernel ? k(dup(fd)) : rill_sock_dup(table(w, op->slot), fd);

    if (result < 0)
        return result;
    w->fd[op->words[0][0] - 'a'] = (int)result;
    return 0;
}

static int64_t do_op(struct world *w, const struct op *op, const char *verb)
{
    int fd = w->fd[op->slot - 'a'];
    struct rill_sockets *s = table(w, op->slot);

    if (strcmp(verb, "socket") == 0)
        return do_socket(w, op);
    if (strcmp(verb, "bind") == 0)
        return do_bind(w, op, fd);
    if (strcmp(verb, "listen") == 0)
        return w->kernel ? k(listen(fd, op->number[0])) : rill_sock_listen(s, fd, op->number[0]);
    if (strcmp(verb, "connect") == 0)
        return do_connect(w, op, fd);
    if (strcmp(verb, "accept") == 0)
        return do_accept(w, op, fd);
    if (strcmp(verb, "send") == 0)
        return do_send(w, op, fd);
    if (strcmp(verb, "recv") == 0)
        return do_recv(w, op, fd);
    if (strcmp(verb, "shutdown") == 0)
        return w->kernel ? k(shutdown(fd, op->number[0])) : rill_sock_shutdown(s, fd, op->number[0]);
    if (strcmp(verb, "poll") == 0)
        return do_poll(w, op, fd);
    if (strcmp(verb, "error") == 0)
        return do_error(w, op, fd);
    if (strcmp(verb, "set") == 0)
        return do_set(w, op, fd);
    if (strcmp(verb, "get") == 0)
        return do_get(w, op, fd);
    if (strcmp(verb, "ioctl") == 0)
        return do_ioctl(w, op, fd);
    if (strcmp(verb, "name") == 0)
        return do_name(w, op, fd);
    if (strcmp(verb, "epoll") == 0)
        return do_epoll(w, op);
    if (strcmp(verb, "ctl") == 0)
        return do_control(w, op, fd);
    if (strcmp(verb, "wait") == 0)
        return do_wait(w, op, fd);
    if (strcmp(verb, "dup") == 0)
        return do_dup(w, op, fd);
    assert_string_equal(verb, "close");
    return do_close(w, op, fd);
}

/* ------------------------------------------------------------------ running */

static void run_line(struct world *w, const char *line)
{
    struct op op = {0};
    char verb[24] = "";
    int words = sscanf(line, " %c %23s %23s %23s %23s", &op.slot, verb, op.words[0], op.words[1], op.words[2]);

    if (words < 2)
        return;
    op.count = words - 2;
    for (int i = 0; i < op.count; i++)
        op.number[i] = (int)strtol(op.words[i], NULL, 0);
    say(w, "%s -> ", line);
    say_result(w, do_op(w, &op, verb));
    say(w, "\n");
    if (!w->kernel)
        pair_turn(w->pair);
}

static void run_all(struct world *w, const char *sequence)
{
    char copy[2048];
    char *rest = NULL;

    snprintf(copy, sizeof copy, "%s", sequence);
    for (char *line = strtok_r(copy, ";", &rest); line != NULL; line = strtok_r(NULL, ";", &rest))
        run_line(w, line + strspn(line, " "));
}

static uint16_t free_port(void)
{
    struct rill_sockaddr_in addr = rill_sockaddr4(127, 0, 0, 1, 0);
    socklen_t length = sizeof addr;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0 && bind(fd, (const struct sockaddr *)(const void *)&addr, sizeof addr) == 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&addr, &length), 0);
    close(fd);
    return rill_ntohs(addr.port);
}

static void close_kernel(struct world *w)
{
    struct linger at_once = {1, 0};

    for (int i = 0; i < 26; i++) {
        if (w->fd[i] < 0)
            continue;
        (void)setsockopt(w->fd[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(w->fd[i]);
    }
}

static struct world kernel, rill;

/* On both; true when the transcripts are equal. */
static bool run_both(const char *sequence)
{
    struct pair pair;

    pair_open(&pair);
    memset(&kernel, 0, sizeof kernel);
    memset(&rill, 0, sizeof rill);
    memset(kernel.fd, 0xff, sizeof kernel.fd);
    memset(rill.fd, 0xff, sizeof rill.fd);
    kernel.kernel = true;
    kernel.pair = rill.pair = &pair;
    kernel.port = rill.port = free_port();
    do {
        kernel.dead_port = rill.dead_port = free_port();
    } while (kernel.dead_port == kernel.port);
    run_all(&kernel, sequence);
    run_all(&rill, sequence);
    close_kernel(&kernel);
    pair_close(&pair);
    return strcmp(kernel.transcript, rill.transcript) == 0;
}

static void same(const char *sequence)
{
    if (!run_both(sequence))
        fail_msg("\n--- Linux\n%s--- rill\n%s", kernel.transcript, rill.transcript);
}

#define AS_FUNCTION(name, sequence)                                                                                    \
    static void name(void **unused)                                                                                    \
    {                                                                                                                  \
        (void)unused;                                                                                                  \
        same(sequence);                                                                                                \
    }
#define AS_DIFFERENCE(name, reason, sequence)                                                                          \
    static void name(void **unused)                                                                                    \
    {                                                                                                                  \
        (void)unused;                                                                                                  \
        if (run_both(sequence))                                                                                        \
            fail_msg("no longer different (%s):\n%s", reason, rill.transcript);                                        \
    }
#define AS_ENTRY(name, sequence) cmocka_unit_test(name),
#define AS_DIFFERENT_ENTRY(name, reason, sequence) cmocka_unit_test(name),

SEQUENCES(AS_FUNCTION)
DIFFERENCES(AS_DIFFERENCE)

/* With sequences as arguments: run these, and show where the two differ. */
static int compare_given(int count, char **given)
{
    int different = 0;

    for (int i = 0; i < count; i++) {
        if (run_both(given[i]))
            continue;
        different++;
        printf("--- Linux\n%s--- rill\n%s", kernel.transcript, rill.transcript);
    }
    return different;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {SEQUENCES(AS_ENTRY) DIFFERENCES(AS_DIFFERENT_ENTRY)};

    signal(SIGPIPE, SIG_IGN);
    if (argc > 1)
        return compare_given(argc - 1, argv + 1) != 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
