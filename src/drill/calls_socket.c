/*
 * Calls that make, name and end sockets: see calls.h.
 */
#include "drill/calls.h"

#include <string.h>
#include <unistd.h>

static const char *const address_fields[] = {"sa_family", "sin_family", "sin6_family",   "sin_port",      "sin6_port",
                                             "sin_addr",  "sin6_addr",  "sin6_flowinfo", "sin6_scope_id", NULL};

/* A field by the name that either family has for it. */
static const struct drill_expr *either_field(const struct drill_expr *expr, const char *name, const char *name6)
{
    const struct drill_expr *field = field_of(expr, name);

    return field != NULL ? field : field_of(expr, name6);
}

static bool address_from(struct run *run, const struct drill_expr *expr, struct rill_addr *out)
{
    int64_t number;

    if (expr == NULL || is_any(expr))
        return true;
    if (expr->kind == EXPR_CALL && expr->child != NULL && expr->child->kind == EXPR_STRING &&
        (strcmp(expr->text, "inet_addr") == 0 || strcmp(expr->text, "inet_pton") == 0)) {
        if (rill_addr_parse(expr->child->text, out) == 0)
            return true;
        return run_fail_at(run, expr->child->place, "\"%s\" is no address", expr->child->text);
    }
    if (!value_of(run, expr, &number))
        return false;
    *out = rill_addr4((uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number);
    return true;
}

uint32_t sockaddr_from(struct run *run, const struct drill_expr *expr, bool local, union drill_sockaddr *out)
{
    struct rill_addr addr = local ? (struct rill_addr){.bytes = {0}} : run->remote;
    const struct drill_expr *family = field_of(expr, "sa_family"), *port = either_field(expr, "sin_port", "sin6_port");
    int64_t number = local ? run->bind_port : run->connect_port;
    int64_t family_number = run->mapped ? RILL_AF_INET6 : RILL_AF_INET;

    if (family == NULL)
        family = either_field(expr, "sin_family", "sin6_family");
    if (!fields_known(run, expr, address_fields) ||
        (family != NULL && !is_any(family) && !value_of(run, family, &family_number)))
        return 0;
    if (port != NULL && !is_any(port) && !value_of(run, port, &number))
        return 0;
    if (!address_from(run, either_field(expr, "sin_addr", "sin6_addr"), &addr))
        return 0;
    memset(out, 0, sizeof *out);
    if (run->mapped) {
        out->v6.port = rill_htons((uint16_t)number);
        memcpy(out->v6.addr, addr.bytes, sizeof out->v6.addr);
    } else {
        out->v4.port = rill_htons((uint16_t)number);
        memcpy(out->v4.addr, addr.bytes + 12, sizeof out->v4.addr);
    }
    out->family = (uint16_t)family_number;
    return run->mapped ? sizeof out->v6 : sizeof out->v4;
}

/* NULL, or a number, where an address belongs. */
static bool is_no_address(const struct drill_expr *expr)
{
    return expr != NULL && (expr->kind == EXPR_WORD || expr->kind == EXPR_NUMBER);
}

/* bind and connect: the length is the script's when it says one. */
static int64_t with_address(struct run *run, const struct drill_call *call, int fd, bool local,
                            int (*make)(struct rill_sockets *, int, const void *, uint32_t))
{
    const struct drill_expr *expr = argument_of(call, 1);
    union drill_sockaddr addr;
    uint32_t bytes = sizeof addr;
    int64_t length;

    if (!is_no_address(expr)) {
        bytes = sockaddr_from(run, expr, local, &addr);
        if (bytes == 0)
            return CALL_FAILED;
    }
    if (!argument_value(run, call, 2, bytes, &length))
        return CALL_FAILED;
    if (length > (int64_t)sizeof addr) /* as long as the script likes, of what there is */
        length = sizeof addr;
    return make(run->sockets, fd, is_no_address(expr) ? NULL : &addr, (uint32_t)length);
}

int64_t call_socket(struct run *run, const struct drill_call *call)
{
    int64_t family, type, protocol;
    int fd;

    if (!argument_value(run, call, 0, run->mapped ? RILL_AF_INET6 : RILL_AF_INET, &family) ||
        !argument_value(run, call, 1, RILL_SOCK_STREAM, &type) || !argument_value(run, call, 2, 0, &protocol))
        return CALL_FAILED;
    fd = rill_sock_open(run->sockets, (int)family, (int)type, (int)protocol);
    if (fd >= 0 && run->subject_fd < 0)
        run->subject_fd = fd;
    for (unsigned i = 0; fd >= 0 && i < run->default_count; i++)
        (void)rill_sock_setsockopt(run->sockets, fd, run->defaults[i].level, run->defaults[i].name,
                                   &run->defaults[i].value, sizeof run->defaults[i].value); /* a UDP socket has fewer */
    return fd;
}

int64_t call_bind(struct run *run, const struct drill_call *call)
{
    int fd;

    return call_fd(run, call, 0, &fd) ? with_address(run, call, fd, true, rill_sock_bind) : CALL_FAILED;
}

int64_t call_listen(struct run *run, const struct drill_call *call)
{
    int64_t backlog;
    int fd;

    if (!call_fd(run, call, 0, &fd) || !argument_value(run, call, 1, 0, &backlog))
        return CALL_FAILED;
    return rill_sock_listen(run->sockets, fd, (int)backlog);
}

/* An address that came out, against the struct that the script wrote for it. */
bool check_address(struct run *run, const struct drill_expr *expr, const union drill_sockaddr *got)
{
    const struct drill_expr *family = field_of(expr, "sa_family"), *port = either_field(expr, "sin_port", "sin6_port");
    struct rill_addr addr = rill_addr4(got->v4.addr[0], got->v4.addr[1], got->v4.addr[2], got->v4.addr[3]), expected;

    if (got->family == RILL_AF_INET6)
        memcpy(addr.bytes, got->v6.addr, sizeof addr.bytes);
    expected = addr;
    if (!fields_known(run, expr, address_fields) || !value_expected(run, family, "sa_family", got->family) ||
        !value_expected(run, port, "the port", rill_ntohs(got->v4.port)) ||
        !address_from(run, either_field(expr, "sin_addr", "sin6_addr"), &expected))
        return false;
    return rill_addr_equal(&addr, &expected) || run_fail(run, "expected %s, got another address", run->event->source);
}

static int64_t accept_with(struct run *run, const struct drill_call *call, int flags)
{
    union drill_sockaddr addr = {0};
    uint32_t bytes = sizeof addr;
    int fd, accepted;

    if (!call_fd(run, call, 0, &fd))
        return CALL_FAILED;
    accepted = rill_sock_accept4(run->sockets, fd, &addr, &bytes, flags);
    if (accepted >= 0) {
        run->subject_fd = accepted;
        if (!check_address(run, argument_of(call, 1), &addr))
            return CALL_FAILED;
    }
    return accepted;
}

int64_t call_accept(struct run *run, const struct drill_call *call)
{
    return accept_with(run, call, 0);
}

int64_t call_accept4(struct run *run, const struct drill_call *call)
{
    int64_t flags;

    return argument_value(run, call, 3, 0, &flags) ? accept_with(run, call, (int)flags) : CALL_FAILED;
}

int64_t call_connect(struct run *run, const struct drill_call *call)
{
    int fd;

    if (!call_fd(run, call, 0, &fd))
        return CALL_FAILED;
    run->subject_fd = fd;
    return with_address(run, call, fd, false, rill_sock_connect);
}

int64_t call_shutdown(struct run *run, const struct drill_call *call)
{
    int64_t how;
    int fd;

    if (!call_fd(run, call, 0, &fd) || !argument_value(run, call, 1, RILL_SHUT_WR, &how))
        return CALL_FAILED;
    return rill_sock_shutdown(run->sockets, fd, (int)how);
}

/*
 * SO_LINGER with a time, which only a script that lets close wait can see: it returns when the peer has acknowledged
 * everything, or the time is over. The sockets calls do the same where they may wait.
 */
static bool lingers(struct run *run, int fd)
{
    struct rill_linger linger = {0};
    uint32_t bytes = sizeof linger;
    struct rill_status status;

    if (run->event->when.form != WHEN_BLOCKING ||
        rill_sock_getsockopt(run->sockets, fd, RILL_SOL_SOCKET, RILL_SO_LINGER, &linger, &bytes) != 0 ||
        linger.on == 0 || linger.seconds == 0 ||
        rill_status(run->stack, rill_sock_conn(run->sockets, fd), &status) != 0 || status.receive_queued > 0)
        return false;
    (void)rill_sock_shutdown(run->sockets, fd, RILL_SHUT_WR);
    run->blocked.timeout = run->blocked.begin + (rill_time)linger.seconds * UINT64_C(1000000000);
    return run->now < run->blocked.timeout && rill_status(run->stack, rill_sock_conn(run->sockets, fd), &status) == 0 &&
           (status.state == RILL_STATE_FIN_WAIT_1 || status.state == RILL_STATE_CLOSING ||
            status.state == RILL_STATE_LAST_ACK);
}

int64_t call_close(struct run *run, const struct drill_call *call)
{
    int64_t number;
    int result;

    if (!argument_value(run, call, 0, -1, &number))
        return CALL_FAILED;
    if (host_fd_of(run, number, &result)) {
        run->fds[number] = -1;
        return close(result) == 0 ? 0 : -RILL_EIO;
    }
    if (lingers(run, fd_of(run, number)))
        return -RILL_EAGAIN;
    result = rill_sock_close(run->sockets, fd_of(run, number));
    if (result == 0 && number >= 0 && number < DRILL_FDS_MAX) {
        if (run->subject_fd == run->fds[number])
            run->subject_fd = -1;
        run->fds[number] = -1;
    }
    return result;
}

static int64_t name_of(struct run *run, const struct drill_call *call,
                       int (*get)(struct rill_sockets *, int, void *, uint32_t *))
{
    union drill_sockaddr addr = {0};
    uint32_t bytes = sizeof addr;
    int fd, result;

    if (!call_fd(run, call, 0, &fd))
        return CALL_FAILED;
    result = get(run->sockets, fd, &addr, &bytes);
    return result == 0 && !check_address(run, argument_of(call, 1), &addr) ? CALL_FAILED : result;
}

int64_t call_getsockname(struct run *run, const struct drill_call *call)
{
    return name_of(run, call, rill_sock_getsockname);
}

int64_t call_getpeername(struct run *run, const struct drill_call *call)
{
    return name_of(run, call, rill_sock_getpeername);
}

int64_t call_dup(struct run *run, const struct drill_call *call)
{
    int fd;

    return call_fd(run, call, 0, &fd) ? rill_sock_dup(run->sockets, fd) : CALL_FAILED;
}
