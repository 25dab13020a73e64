/*
 * Calls with iovecs and messages: see calls.h.
 */
#include "drill/calls.h"
#include "drill/control.h"
#include "drill/data.h"

#include <string.h>

#define IOVECS_MAX 64
#define VECTOR_BYTES_MAX (16 << 20)

struct vector {
    struct rill_iovec iov[IOVECS_MAX];
    const struct drill_expr *buffers[IOVECS_MAX];
    unsigned count;
    size_t bytes;
};

/* {..., 1000} or {iov_base=..., iov_len=1000} */
static bool get_piece(struct run *run, const struct drill_expr *expr, struct vector *vector)
{
    static const char *const names[] = {"iov_base", "iov_len", NULL};
    const struct drill_expr *length = field_of(expr, "iov_len");
    int64_t bytes = 0;

    if (!fields_known(run, expr, names))
        return false;

    if (expr->kind != EXPR_STRUCT || expr->child == NULL)
        return run_fail(run, "%s: an iovec is written {buffer, length}", run->event->source);
    vector->buffers[vector->count] = length != NULL ? field_of(expr, "iov_base") : expr->child;
    if (length == NULL)
        length = expr->child->next;
    if (length == NULL || !value_of(run, length, &bytes))
        return run_fail(run, "%s: an iovec is written {buffer, length}", run->event->source);
    if (bytes < 0 || bytes > VECTOR_BYTES_MAX)
        return run_fail_at(run, length->place, "an iovec of %lld bytes", (long long)bytes);
    vector->iov[vector->count++].length_bytes = (size_t)bytes;
    vector->bytes += (size_t)bytes;
    return true;
}

/* The pieces, laid one after another in the run's room; those with a bad address have none. */
static bool get_vector(struct run *run, const struct drill_expr *list, struct vector *vector, bool fill)
{
    uint8_t *room;

    memset(vector, 0, sizeof *vector);
    for (const struct drill_expr *piece = list != NULL ? list->child : NULL; piece != NULL; piece = piece->next) {
        if (vector->count == IOVECS_MAX)
            return run_fail_at(run, piece->place, "more than %d iovecs", IOVECS_MAX);
        if (!get_piece(run, piece, vector))
            return false;
    }
    room = data_room(run, vector->bytes);
    for (unsigned i = 0; i < vector->count; i++) {
        vector->iov[i].base = is_bad_address(run, vector->buffers[i]) ? NULL : room;
        if (fill)
            (void)data_to_send(run, vector->buffers[i], vector->iov[i].length_bytes, room);
        room += vector->iov[i].length_bytes;
    }
    return true;
}

/* What a call that waits has moved already. */
static void skip_moved(struct vector *vector, size_t bytes)
{
    for (unsigned i = 0; i < vector->count && bytes > 0; i++) {
        size_t part = vector->iov[i].length_bytes < bytes ? vector->iov[i].length_bytes : bytes;

        if (vector->iov[i].base != NULL)
            vector->iov[i].base = (uint8_t *)vector->iov[i].base + part;
        vector->iov[i].length_bytes -= part;
        bytes -= part;
    }
}

static bool check_vector(struct run *run, const struct vector *vector, int64_t got)
{
    size_t left = got > 0 ? (size_t)got : 0;

    for (unsigned i = 0; i < vector->count && left > 0; i++) {
        size_t bytes = vector->iov[i].length_bytes < left ? vector->iov[i].length_bytes : left;

        if (vector->iov[i].base != NULL && !data_expected(run, vector->buffers[i], vector->iov[i].base, bytes))
            return false;
        left -= bytes;
    }
    return true;
}

/* readv's and writev's count, as the script says it; the list's own when it says "...". */
static bool get_count(struct run *run, const struct drill_call *call, const struct vector *vector, int *out)
{
    int64_t count;

    if (!argument_value(run, call, 2, vector->count, &count))
        return false;
    if (count > (int64_t)vector->count)
        return run_fail_at(run, argument_of(call, 2)->place, "%lld pieces, but the list has %u", (long long)count,
                           vector->count);
    *out = (int)count;
    return true;
}

int64_t call_readv(struct run *run, const struct drill_call *call)
{
    struct vector vector;
    int64_t got;
    int fd, count;

    if (!call_fd(run, call, 0, &fd) || !get_vector(run, argument_of(call, 1), &vector, false) ||
        !get_count(run, call, &vector, &count))
        return CALL_FAILED;
    got = rill_sock_readv(run->sockets, fd, vector.iov, count);
    return check_vector(run, &vector, got) ? got : CALL_FAILED;
}

int64_t call_writev(struct run *run, const struct drill_call *call)
{
    struct vector vector;
    int fd, count;

    if (!call_fd(run, call, 0, &fd) || !get_vector(run, argument_of(call, 1), &vector, true) ||
        !get_count(run, call, &vector, &count))
        return CALL_FAILED;
    skip_moved(&vector, (size_t)run->blocked.so_far);
    return moved(run, rill_sock_writev(run->sockets, fd, vector.iov, count), (int64_t)vector.bytes);
}

static bool get_message(struct run *run, const struct drill_call *call, bool fill, struct vector *vector,
                        struct rill_msghdr *message, int *fd, int64_t *flags)
{
    static const char *const names[] = {"msg_name",    "msg_namelen",    "msg_iov",   "msg_iovlen",
                                        "msg_control", "msg_controllen", "msg_flags", NULL};
    const struct drill_expr *expr = argument_of(call, 1);

    if (expr == NULL || expr->kind != EXPR_STRUCT)
        return run_fail(run,
                        "%s: a struct msghdr belongs here, {msg_name(...)=..., msg_iov(1)=[{..., 100}], "
                        "msg_flags=0}",
                        run->event->source);
    if (!call_fd(run, call, 0, fd) || !argument_value(run, call, 2, 0, flags) || !fields_known(run, expr, names) ||
        !get_vector(run, field_of(expr, "msg_iov"), vector, fill))
        return false;
    memset(message, 0, sizeof *message);
    message->iov = vector->iov;
    message->iov_count = vector->count;
    return true;
}

/* An address is given to a sendmsg only when the script writes it down: on a connection it means nothing. */
static bool get_name(struct run *run, const struct drill_call *call, int64_t flags, union drill_sockaddr *addr,
                     struct rill_msghdr *message)
{
    const struct drill_expr *name = field_of(argument_of(call, 1), "msg_name");

    if (name == NULL || (name->kind != EXPR_STRUCT && (flags & RILL_MSG_FASTOPEN) == 0))
        return true;
    message->name_bytes = sockaddr_from(run, name, false, addr);
    message->name = addr;
    return message->name_bytes > 0;
}

int64_t call_sendmsg(struct run *run, const struct drill_call *call)
{
    uint8_t control[CONTROL_BYTES_MAX];
    union drill_sockaddr addr;
    struct rill_msghdr message;
    struct vector vector;
    int64_t flags;
    int fd;

    if (!get_message(run, call, true, &vector, &message, &fd, &flags) || !get_name(run, call, flags, &addr, &message) ||
        !control_from(run, field_of(argument_of(call, 1), "msg_control"), control, &message))
        return CALL_FAILED;
    skip_moved(&vector, (size_t)run->blocked.so_far);
    if (run->blocked.so_far > 0)
        flags &= ~(int64_t)RILL_MSG_FASTOPEN;
    return moved(run, rill_sock_sendmsg(run->sockets, fd, &message, (int)flags | RILL_MSG_NOSIGNAL),
                 (int64_t)vector.bytes);
}

int64_t call_recvmsg(struct run *run, const struct drill_call *call)
{
    const struct drill_expr *expr = argument_of(call, 1);
    uint8_t control[CONTROL_BYTES_MAX];
    union drill_sockaddr addr = {0};
    struct rill_msghdr message;
    struct vector vector;
    int64_t flags, got;
    int fd;

    if (!get_message(run, call, false, &vector, &message, &fd, &flags))
        return CALL_FAILED;
    message.name = &addr;
    message.name_bytes = sizeof addr;
    message.control = control;
    message.control_bytes = sizeof control;
    got = rill_sock_recvmsg(run->sockets, fd, &message, (int)flags);
    if (got < 0)
        return got;
    if (!value_expected(run, field_of(expr, "msg_flags"), "msg_flags", message.flags) ||
        (message.name_bytes > 0 && !check_address(run, field_of(expr, "msg_name"), &addr)) ||
        !control_expected(run, field_of(expr, "msg_control"), &message) || !check_vector(run, &vector, got))
        return CALL_FAILED;
    return got;
}
