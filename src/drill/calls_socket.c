/*
 * Calls that make, name and end sockets: see calls.h.
 */
#include "drill/calls.h"

#include <string.h>
#include <unistd.h>

static bool address_from(struct run *run, const struct drill_expr *expr, struct rill_addr *out)
{
    int64_t number;

    if (expr == NULL || is_any(expr))
        return true;
    if (expr->kind == EXPR_CALL && strcmp(expr->text, "inet_addr") == 0 && expr->child != NULL &&
        expr->child->kind == EXPR_STRING) {
        if (rill_addr_parse(expr->child->text, out) == 0)
            return true;
        return run_fail(run, "\"%s\" is no address", expr->child->text);
    }
    if (!value_of(run, expr, &number))
        return false;
    *out = rill_addr4((uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number);
    return true;
}

/* "...": the script's own addresses. Returns the length, 0 after run_fail(). */
uint32_t sockaddr_from(struct run *run, const struct drill_expr *expr, bool local, struct rill_sockaddr_in *out)
{
    struct rill_addr addr = local ? rill_addr4(0, 0, 0, 0) : run->remote;
    const struct drill_expr *family = field_of(expr, "sa_family"), *port = field_of(expr, "sin_port");
    int64_t number = local ? run->bind_port : run->connect_port;
    int64_t family_number = RILL_AF_INET;

    if (family != NULL && !value_of(run, family, &family_number))
        return 0;
    if (port != NULL && !is_any(port) && !value_of(run, port, &number))
        return 0;
    if (!address_from(run, field_of(expr, "sin_addr"), &addr))
        return 0;
    *out = rill_sockaddr4(addr.bytes[12], addr.bytes[13], addr.bytes[14], addr.bytes[15], (uint16_t)number);
    out->family = (uint16_t)family_number;
    return sizeof *out;
}

int64_t call_socket(struct run *run, const struct drill_call *call)
{
    int64_t family, type, protocol;
    int fd;

    if (!argument_value(run, call, 0, RILL_AF_INET, &family) ||
        !argument_value(run, call, 1, RILL_SOCK_STREAM, &type) || !argument_value(run, call, 2, 0, &protocol))
        return CALL_FAILED;
    fd = rill_sock_open(run->sockets, (int)family, (int)type, (int)protocol);
    if (fd >= 0 && run->subject_fd < 0)
        run->subject_fd = fd;
    return fd;
}

int64_t call_bind(struct run *run, const struct drill_call *call)
{
    struct rill_sockaddr_in addr;
    uint32_t bytes;
    int fd;

    if (!call_fd(run, call, 0, &fd))
        return CALL_FAILED;
    bytes = sockaddr_from(run, argument_of(call, 1), true, &addr);
    return bytes == 0 ? CALL_FAILED : rill_sock_bind(run->sockets, fd, &addr, bytes);
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
bool check_address(struct run *run, const struct drill_expr *expr, const struct rill_sockaddr_in *got)
{
    struct rill_addr addr = rill_addr4(got->addr[0], got->addr[1], got->addr[2], got->addr[3]), expected = addr;

    if (!value_expected(run, field_of(expr, "sa_family"), "sa_family", got->family) ||
        !value_expected(run, field_of(expr, "sin_port"), "sin_port", rill_ntohs(got->port)) ||
        !address_from(run, field_of(expr, "sin_addr"), &expected))
        return false;
    return rill_addr_equal(&addr, &expected) || run_fail(run, "expected %s, got another address", run->event->source);
}

static int64_t accept_with(struct run *run, const struct drill_call *call, int flags)
{
    struct rill_sockaddr_in addr = {0};
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
    struct rill_sockaddr_in addr;
    uint32_t bytes;
    int fd;

    if (!call_fd(run, call, 0, &fd))
        return CALL_FAILED;
    bytes = sockaddr_from(run, argument_of(call, 1), false, &addr);
    if (bytes == 0)
        return CALL_FAILED;
    run->subject_fd = fd;
    return rill_sock_connect(run->sockets, fd, &addr, bytes);
}

int64_t call_shutdown(struct run *run, const struct drill_call *call)
{
    int64_t how;
    int fd;

    if (!call_fd(run, call, 0, &fd) || !argument_value(run, call, 1, RILL_SHUT_WR, &how))
        return CALL_FAILED;
    return rill_sock_shutdown(run->sockets, fd, (int)how);
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
    struct rill_sockaddr_in addr = {0};
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
