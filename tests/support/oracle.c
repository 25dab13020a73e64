/* The words of oracle.h. */
#include "support/oracle.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct op {
    char slot;
    char words[4][24];
    int number[4];
    int count;
};

static void say(struct oracle_world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct oracle_world *w, const char *format, ...)
{
    size_t room = sizeof w->text - w->length;
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(w->text + w->length, room, format, arguments);
    va_end(arguments);
    if (n < 0 || (size_t)n >= room)
        abort(); /* a sequence that long is a mistake */
    w->length += (size_t)n;
}

static const char *error_name(int64_t error)
{
    const char *name = strerrorname_np((int)(error < 0 ? -error : error));

    return name != NULL ? name : "an unknown error";
}

static void say_result(struct oracle_world *w, int64_t result)
{
    if (result < 0)
        say(w, "%s", error_name(result));
    else
        say(w, "%lld", (long long)result);
}

static void say_mask(struct oracle_world *w, unsigned mask)
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

bool oracle_is_server(char slot)
{
    return strchr("lstp", slot) != NULL;
}

static int *slot_of(struct oracle_world *w, char slot)
{
    if (slot < 'a' || slot > 'z')
        abort();
    return &w->fd[slot - 'a'];
}

/* --------------------------------------------------------------- addresses */

struct address {
    union {
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
    uint32_t bytes;
};

static struct address address_of(struct in_addr addr, uint16_t port, bool mapped)
{
    struct address out = {.bytes = mapped ? sizeof out.v6 : sizeof out.v4};

    if (mapped) {
        out.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
        if (addr.s_addr != htonl(INADDR_ANY)) {
            out.v6.sin6_addr.s6_addr[10] = out.v6.sin6_addr.s6_addr[11] = 0xff;
            memcpy(out.v6.sin6_addr.s6_addr + 12, &addr, 4);
        }
    } else {
        out.v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = addr};
    }
    return out;
}

static int64_t do_socket(struct oracle_world *w, const struct op *op)
{
    int64_t fd = w->calls->socket(w->context, op->slot, op->number[0] == 0 ? AF_INET : AF_INET6);

    *slot_of(w, op->slot) = (int)fd;
    if (fd >= 0 && op->number[0] == 2)
        return w->calls->set(w->context, op->slot, (int)fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){1}, sizeof(int));
    return fd < 0 ? fd : 0;
}

static int64_t do_bind(struct oracle_world *w, const struct op *op, int fd)
{
    struct in_addr own = oracle_is_server(op->slot) ? w->server : w->client;
    struct in_addr any = {.s_addr = htonl(INADDR_ANY)}, foreign = {.s_addr = htonl(0xc0000201)};
    int which = op->number[0];
    struct address addr = address_of(which == 1 || which == 3 ? any
                                     : which == 5             ? foreign
                                                              : own,
                                     which == 2 ? w->spare_port : w->port, which == 3 || which == 4);

    return w->calls->bind(w->context, op->slot, fd, &addr, addr.bytes);
}

static int64_t do_connect(struct oracle_world *w, const struct op *op, int fd)
{
    struct address addr = address_of(w->server, op->number[0] == 1 ? w->dead_port : w->port, op->number[0] == 3);

    if (op->number[0] == 2)
        addr.v4.sin_family = AF_UNSPEC;
    return w->calls->connect(w->context, op->slot, fd, &addr, addr.bytes);
}

static int64_t do_accept(struct oracle_world *w, const struct op *op, int fd)
{
    struct address addr = {.bytes = sizeof addr.v6};
    int64_t result = w->calls->accept(w->context, op->slot, fd, &addr, &addr.bytes);

    if (result < 0)
        return result;
    *slot_of(w, op->words[0][0]) = (int)result;
    say(w, "family %d, %u bytes, ", addr.v4.sin_family, addr.bytes);
    return 0;
}

static int64_t do_name(struct oracle_world *w, const struct op *op, int fd)
{
    struct address addr = {.bytes = sizeof addr.v6};
    int64_t result = w->calls->name(w->context, op->slot, fd, strcmp(op->words[0], "peer") == 0, &addr, &addr.bytes);
    bool none = addr.v4.sin_addr.s_addr == 0;

    if (result != 0)
        return result;
    if (addr.v4.sin_family == AF_INET6)
        none = IN6_IS_ADDR_UNSPECIFIED(&addr.v6.sin6_addr);
    say(w, "%s port, %s address ",
        addr.v4.sin_port == 0                ? "no"
        : addr.v4.sin_port == htons(w->port) ? "the"
                                             : "a",
        none ? "no" : "an");
    return result;
}

/* -------------------------------------------------------------------- data */

static int64_t do_send(struct oracle_world *w, const struct op *op, int fd)
{
    static const char data[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    size_t bytes = (size_t)op->number[0];
    bool signal = false;
    int64_t result;

    if (bytes >= sizeof data)
        abort();
    result = w->calls->send(w->context, op->slot, fd, data, bytes, op->number[1], &signal);
    if (signal)
        say(w, "SIGPIPE ");
    return result;
}

static int64_t do_recv(struct oracle_world *w, const struct op *op, int fd)
{
    char data[64] = "";
    size_t bytes = (size_t)op->number[0];
    int64_t n;

    if (bytes > sizeof data)
        abort();
    n = w->calls->recv(w->context, op->slot, fd, data, bytes, op->number[1]);
    if (n > 0)
        say(w, "\"%.*s\" ", (int)n, data);
    return n;
}

/* ----------------------------------------------------------------- options */

static int64_t do_error(struct oracle_world *w, const struct op *op, int fd)
{
    uint32_t bytes = sizeof(int);
    int value = 0;
    int64_t result = w->calls->get(w->context, op->slot, fd, SOL_SOCKET, SO_ERROR, &value, &bytes);

    say(w, "%s ", value == 0 ? "none" : error_name(value));
    return result;
}

static int64_t do_set(struct oracle_world *w, const struct op *op, int fd)
{
    struct linger linger = {op->number[2] >= 0, op->number[2]};
    bool lingers = op->number[1] == SO_LINGER && op->number[0] == SOL_SOCKET;

    return w->calls->set(w->context, op->slot, fd, op->number[0], op->number[1],
                         lingers ? (const void *)&linger : (const void *)&op->number[2],
                         lingers ? sizeof linger : sizeof(int));
}

static int64_t do_get(struct oracle_world *w, const struct op *op, int fd)
{
    uint32_t bytes = sizeof(int);
    int value = 0;
    int64_t result = w->calls->get(w->context, op->slot, fd, op->number[0], op->number[1], &value, &bytes);

    say(w, "%d ", value);
    return result;
}

#define OPTION_BYTES_MAX 1024

/* Of the length given: too short, too long, negative. */
static int64_t do_set_bytes(struct oracle_world *w, const struct op *op, int fd)
{
    uint8_t value[OPTION_BYTES_MAX] = {0};

    if (op->number[2] > OPTION_BYTES_MAX)
        abort();
    memcpy(value, &op->number[3], sizeof op->number[3]);
    return w->calls->set(w->context, op->slot, fd, op->number[0], op->number[1], value, (uint32_t)op->number[2]);
}

/* How many bytes were told, and the first of them. */
static int64_t do_get_bytes(struct oracle_world *w, const struct op *op, int fd)
{
    uint8_t value[OPTION_BYTES_MAX] = {0};
    uint32_t bytes = (uint32_t)op->number[2];
    int64_t result;

    if (op->number[2] > OPTION_BYTES_MAX)
        abort();
    result = w->calls->get(w->context, op->slot, fd, op->number[0], op->number[1], value, &bytes);
    say(w, "%d bytes, %02x%02x%02x%02x ", (int)bytes, value[0], value[1], value[2], value[3]);
    return result;
}

static int64_t do_ioctl(struct oracle_world *w, const struct op *op, int fd)
{
    int value = 0;
    int64_t result = w->calls->ioctl(w->context, op->slot, fd, (unsigned long)op->number[0], &value);

    if (result >= 0)
        say(w, "%d ", value);
    return result;
}

/* --------------------------------------------------------------- readiness */

static int64_t do_poll(struct oracle_world *w, const struct op *op, int fd)
{
    unsigned mask = 0;
    int64_t n = w->calls->poll(w->context, op->slot, fd, 0x23ff, &mask);

    say_mask(w, mask);
    say(w, " ");
    return n;
}

static int64_t do_select(struct oracle_world *w, const struct op *op, int fd)
{
    bool ready[3] = {false, false, false};
    int64_t n = w->calls->select(w->context, op->slot, fd, ready);

    say(w, "%s%s%s ", ready[0] ? "r" : "-", ready[1] ? "w" : "-", ready[2] ? "e" : "-");
    return n;
}

static int64_t do_epoll(struct oracle_world *w, const struct op *op)
{
    int64_t fd = w->calls->epoll_create(w->context, op->slot);

    *slot_of(w, op->slot) = (int)fd;
    return fd < 0 ? fd : 0;
}

static int64_t do_control(struct oracle_world *w, const struct op *op, int fd)
{
    struct oracle_ready event = {(uint32_t)strtoul(op->words[2], NULL, 0), (uint64_t)op->words[1][0]};

    return w->calls->epoll_ctl(w->context, op->slot, fd, op->number[0], *slot_of(w, op->words[1][0]), event);
}

static int64_t do_wait(struct oracle_world *w, const struct op *op, int fd)
{
    struct oracle_ready events[4];
    int64_t n = w->calls->epoll_wait(w->context, op->slot, fd, events, 4);

    for (int64_t i = 0; i < n; i++) {
        say(w, "%c:", (char)events[i].data);
        say_mask(w, events[i].events);
        say(w, " ");
    }
    return n;
}

/* ----------------------------------------------------------------- the rest */

static int64_t do_listen(struct oracle_world *w, const struct op *op, int fd)
{
    return w->calls->listen(w->context, op->slot, fd, op->number[0]);
}

static int64_t do_shutdown(struct oracle_world *w, const struct op *op, int fd)
{
    return w->calls->shutdown(w->context, op->slot, fd, op->number[0]);
}

static int64_t do_close(struct oracle_world *w, const struct op *op, int fd)
{
    return w->calls->close(w->context, op->slot, fd);
}

static int64_t do_nonblock(struct oracle_world *w, const struct op *op, int fd)
{
    return w->calls->nonblock(w->context, op->slot, fd, op->number[0] != 0);
}

static int64_t do_dup(struct oracle_world *w, const struct op *op, int fd)
{
    int64_t result = w->calls->dup(w->context, op->slot, fd);

    if (result < 0)
        return result;
    *slot_of(w, op->words[0][0]) = (int)result;
    return 0;
}

static int64_t do_op(struct oracle_world *w, const struct op *op, const char *verb)
{
    static const struct {
        const char *verb;
        int64_t (*run)(struct oracle_world *w, const struct op *op, int fd);
    } verbs[] = {
        {"bind", do_bind},      {"listen", do_listen},     {"connect", do_connect},   {"accept", do_accept},
        {"send", do_send},      {"recv", do_recv},         {"poll", do_poll},         {"select", do_select},
        {"error", do_error},    {"set", do_set},           {"get", do_get},           {"ioctl", do_ioctl},
        {"name", do_name},      {"ctl", do_control},       {"wait", do_wait},         {"dup", do_dup},
        {"close", do_close},    {"shutdown", do_shutdown}, {"nonblock", do_nonblock}, {"setn", do_set_bytes},
        {"getn", do_get_bytes},
    };

    if (strcmp(verb, "socket") == 0)
        return do_socket(w, op);
    if (strcmp(verb, "epoll") == 0)
        return do_epoll(w, op);
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(verbs[i].verb, verb) == 0)
            return verbs[i].run(w, op, *slot_of(w, op->slot));
    }
    fprintf(stderr, "oracle: no operation is called \"%s\"\n", verb);
    abort();
}

void oracle_begin(struct oracle_world *w)
{
    memset(w->fd, 0xff, sizeof w->fd);
    w->length = 0;
    w->text[0] = '\0';
}

void oracle_line(struct oracle_world *w, const char *line)
{
    struct op op = {0};
    char verb[24] = "";
    int words = sscanf(line, " %c %23s %23s %23s %23s %23s", &op.slot, verb, op.words[0], op.words[1], op.words[2],
                       op.words[3]);
    int64_t result;

    if (words < 2)
        return;
    op.count = words - 2;
    for (int i = 0; i < op.count; i++)
        op.number[i] = (int)strtol(op.words[i], NULL, 0);
    say(w, "%s -> ", line);
    result = do_op(w, &op, verb);
    say_result(w, result);
    say(w, "\n");
    if (w->after != NULL)
        w->after(w->context);
}

void oracle_each_line(const char *sequence, bool (*each)(void *context, const char *line), void *context)
{
    char line[ORACLE_LINE_BYTES];

    while (*sequence != '\0') {
        size_t length = strcspn(sequence, ";");
        size_t skip = strspn(sequence, " ");

        if (length >= sizeof line)
            abort();
        memcpy(line, sequence + skip, length - skip);
        line[length - skip] = '\0';
        sequence += length + (sequence[length] == ';');
        if (line[0] != '\0' && !each(context, line))
            return;
    }
}

static bool run_line(void *context, const char *line)
{
    oracle_line((struct oracle_world *)context, line);
    return true;
}

void oracle_run(struct oracle_world *w, const char *sequence)
{
    oracle_each_line(sequence, run_line, w);
}
