/*
 * Calls with iovecs and messages: see calls.h.
 */
#include "drill/calls.h"
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
    const struct drill_expr *length = field_of(expr, "iov_len");
    int64_t bytes = 0;

    if (expr->kind != EXPR_STRUCT || expr->child == NULL)
        return run_fail(run, "%s: an iovec is written {buffer, length}", run->event->source);
    vector->buffers[vector->count] = length != NULL ? field_of(expr, "iov_base") : expr->child;
    if (length == NULL)
        length = expr->child->next;
    if (length == NULL || !value_of(run, length, &bytes) || bytes < 0 || bytes > VECTOR_BYTES_MAX)
        return run_fail(run, "%s: an iovec's length is wrong", run->event->source);
    vector->iov[vector->count++].length_bytes = (size_t)bytes;
    vector->bytes += (size_t)bytes;
    return true;
}

/* The pieces, laid one after another in the run's room. */
static bool get_vector(struct run *run, const struct drill_expr *list, struct vector *vector, bool fill)
{
    uint8_t *room;

    memset(vector, 0, sizeof *vector);
    for (const struct drill_expr *piece = list != NULL ? list->child : NULL; piece != NULL; piece = piece->next)
        if (vector->count == IOVECS_MAX || !get_piece(run, piece, vector))
            return run_fail(run, "%s: more than %d iovecs", run->event->source, IOVECS_MAX);
    room = data_room(run, vector->bytes);
    for (unsigned i = 0; i < vector->count; i++) {
        vector->iov[i].base = room;
        if (fill)
            data_to_send(run, vector->buffers[i], vector->iov[i].length_bytes, room);
        room += vector->iov[i].length_bytes;
    }
    return true;
}

static bool check_vector(struct run *run, const struct vector *vector, int64_t got)
{
    size_t left = got > 0 ? (size_t)got : 0;

    for (unsigned i = 0; i < vector->count && left > 0; i++) {
        size_t bytes = vector->iov[i].length_bytes < left ? vector->iov[i].length_bytes : left;

        if (!data_expected(run, vector->buffers[i], vector->iov[i].base, bytes))
            return false;
        left -= bytes;
    }
    return true;
}

int64_t call_readv(struct run *run, const struct drill_call *call)
{
    struct vector vector;
    int64_t got;
    int fd;

    if (!call_fd(run, call, 0, &fd) || !get_vector(run, argument_of(call, 1), &vector, false))
        return CALL_FAILED;
    got = rill_sock_readv(run->sockets, fd, vector.iov, (int)vector.count);
    return check_vector(run, &vector, got) ? got : CALL_FAILED;
}

int64_t call_writev(struct run *run, const struct drill_call *call)
{
    struct vector vector;
    int fd;

    if (!call_fd(run, call, 0, &fd) || !get_vector(run, argument_of(call, 1), &vector, true))
        return CALL_FAILED;
    return rill_sock_writev(run->sockets, fd, vector.iov, (int)vector.count);
}

static bool get_message(struct run *run, const struct drill_call *call, bool fill, struct vector *vector,
                        struct rill_msghdr *message, int *fd, int64_t *flags)
{
    if (!call_fd(run, call, 0, fd) || !argument_value(run, call, 2, 0, flags) ||
        !get_vector(run, field_of(argument_of(call, 1), "msg_iov"), vector, fill))
        return false;
    if (field_of(argument_of(call, 1), "msg_control") != NULL)
        return run_fail(run, "msg_control is not known to rill drill");
    memset(message, 0, sizeof *message);
    message->iov = vector->iov;
    message->iov_count = vector->count;
    return true;
}

int64_t call_sendmsg(struct run *run, const struct drill_call *call)
{
    struct rill_msghdr message;
    struct vector vector;
    int64_t flags;
    int fd;

    if (!get_message(run, call, true, &vector, &message, &fd, &flags))
        return CALL_FAILED;
    return rill_sock_sendmsg(run->sockets, fd, &message, (int)flags);
}

int64_t call_recvmsg(struct run *run, const struct drill_call *call)
{
    struct rill_msghdr message;
    struct vector vector;
    int64_t flags, got;
    int fd;

    if (!get_message(run, call, false, &vector, &message, &fd, &flags))
        return CALL_FAILED;
    got = rill_sock_recvmsg(run->sockets, fd, &message, (int)flags);
    if (got < 0)
        return got;
    if (!value_expected(run, field_of(argument_of(call, 1), "msg_flags"), "msg_flags", message.flags) ||
        !check_vector(run, &vector, got))
        return CALL_FAILED;
    return got;
}
