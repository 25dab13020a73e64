/*
 * Calls that move bytes of one buffer: see calls.h.
 */
#include "drill/calls.h"
#include "drill/data.h"

#include <string.h>
#include <unistd.h>

#define LENGTH_MAX (64 << 20)

uint8_t *data_room(struct run *run, size_t bytes)
{
    bytes += bytes == 0; /* nothing has a place too */
    if (run->data_bytes < bytes) {
        run->data = drill_take(&run->pool, bytes);
        run->data_bytes = bytes;
    }
    return run->data;
}

bool is_bad_address(struct run *run, const struct drill_expr *expr)
{
    int64_t ignored;

    return expr != NULL && (expr->kind == EXPR_NUMBER || expr->kind == EXPR_WORD) && value_of(run, expr, &ignored);
}

/* "..." is a pattern, a string is itself; fewer characters than the length: zeros follow. */
const uint8_t *data_to_send(struct run *run, const struct drill_expr *expr, size_t bytes, uint8_t *room)
{
    if (is_bad_address(run, expr))
        return NULL;
    for (size_t i = 0; i < bytes; i++)
        room[i] = (uint8_t)('A' + i % 26);
    if (expr != NULL && expr->kind == EXPR_STRING) {
        size_t have = strlen(expr->text);

        memset(room, 0, bytes);
        memcpy(room, expr->text, have < bytes ? have : bytes);
    }
    return room;
}

bool data_expected(struct run *run, const struct drill_expr *expr, const uint8_t *got, size_t bytes)
{
    if (expr == NULL || expr->kind != EXPR_STRING)
        return true;
    if (strlen(expr->text) >= bytes && memcmp(expr->text, got, bytes) == 0)
        return true;
    return run_fail(run, "expected %s, got other bytes: \"%.*s\"", run->event->source, (int)bytes, (const char *)got);
}

/* fd, buffer, length, flags: what all of these calls begin with. */
struct transfer {
    int fd;
    const struct drill_expr *buffer;
    bool bad_length; /* negative: no memory is so large */
    int64_t length_bytes, flags;
};

static bool get_transfer(struct run *run, const struct drill_call *call, struct transfer *out)
{
    out->buffer = argument_of(call, 1);
    if (!call_fd(run, call, 0, &out->fd) || !argument_value(run, call, 2, 0, &out->length_bytes) ||
        !argument_value(run, call, 3, 0, &out->flags))
        return false;
    if (out->length_bytes > LENGTH_MAX)
        return run_fail_at(run, argument_of(call, 2)->place, "%lld bytes are more than rill drill moves in a call (%d)",
                           (long long)out->length_bytes, LENGTH_MAX);
    out->bad_length = out->length_bytes < 0;
    if (out->bad_length)
        out->length_bytes = 1; /* and no memory for it: the call looks at all else before that */
    return true;
}

/* read(2) and write(2): Linux looks at the memory before anything but the descriptor. */
static int64_t no_such_memory(struct run *run, int fd)
{
    int result = rill_sock_fcntl(run->sockets, fd, RILL_F_GETFD, 0);

    return result < 0 ? result : -RILL_EFAULT;
}

/* A write, or a read with MSG_WAITALL, that waits has moved a part of its bytes each time it is called again. */
int64_t moved(struct run *run, int64_t bytes, int64_t length_bytes)
{
    if (bytes < 0)
        return bytes == -RILL_EAGAIN || run->blocked.so_far == 0 ? bytes : run->blocked.so_far;
    run->blocked.so_far += bytes;
    if (run->blocked.so_far < length_bytes && run->event->when.form == WHEN_BLOCKING)
        return -RILL_EAGAIN;
    return run->blocked.so_far;
}

static int64_t receive(struct run *run, const struct drill_call *call, bool flags_count)
{
    size_t done = (size_t)run->blocked.so_far, left;
    struct transfer t;
    uint8_t *room, *to;
    int64_t got;

    if (!get_transfer(run, call, &t))
        return CALL_FAILED;
    if (t.bad_length && !flags_count)
        return no_such_memory(run, t.fd);
    room = data_room(run, (size_t)t.length_bytes);
    to = t.bad_length || is_bad_address(run, t.buffer) ? NULL : room + done;
    left = (size_t)t.length_bytes - done;
    got = flags_count ? rill_sock_recv(run->sockets, t.fd, to, left, (int)t.flags)
                      : rill_sock_read(run->sockets, t.fd, to, left);
    if (flags_count && (t.flags & RILL_MSG_WAITALL) != 0 && (t.flags & RILL_MSG_PEEK) == 0)
        got = got == 0 ? run->blocked.so_far : moved(run, got, t.length_bytes);
    return got > 0 && to != NULL && !data_expected(run, t.buffer, room, (size_t)got) ? CALL_FAILED : got;
}

int64_t call_read(struct run *run, const struct drill_call *call)
{
    return receive(run, call, false);
}

int64_t call_recv(struct run *run, const struct drill_call *call)
{
    return receive(run, call, true);
}

/* The sender's address is compared with the struct that the script wrote for it. */
int64_t call_recvfrom(struct run *run, const struct drill_call *call)
{
    const struct drill_expr *address = argument_of(call, 4);
    union drill_sockaddr addr = {0};
    uint32_t addr_bytes = sizeof addr;
    struct transfer t;
    uint8_t *room;
    int64_t got;

    if (address == NULL || address->kind != EXPR_STRUCT)
        return receive(run, call, true);
    if (!get_transfer(run, call, &t))
        return CALL_FAILED;
    room = data_room(run, (size_t)t.length_bytes);
    got = rill_sock_recvfrom(run->sockets, t.fd, t.bad_length || is_bad_address(run, t.buffer) ? NULL : room,
                             (size_t)t.length_bytes, (int)t.flags, &addr, &addr_bytes);
    if (got >= 0 && (!check_address(run, address, &addr) || !data_expected(run, t.buffer, room, (size_t)got)))
        return CALL_FAILED;
    return got;
}

static int64_t send_flags(struct run *run, const struct drill_call *call, bool flags_count)
{
    struct transfer t;
    const uint8_t *data;
    size_t done = (size_t)run->blocked.so_far;

    if (!get_transfer(run, call, &t))
        return CALL_FAILED;
    if (t.bad_length && !flags_count)
        return no_such_memory(run, t.fd);
    data = data_to_send(run, t.buffer, (size_t)t.length_bytes, data_room(run, (size_t)t.length_bytes));
    data = t.bad_length || data == NULL ? NULL : data + done;
    return moved(run,
                 flags_count ? rill_sock_send(run->sockets, t.fd, data, (size_t)t.length_bytes - done,
                                              (int)t.flags | RILL_MSG_NOSIGNAL)
                             : rill_sock_write(run->sockets, t.fd, data, (size_t)t.length_bytes - done),
                 t.length_bytes);
}

int64_t call_write(struct run *run, const struct drill_call *call)
{
    return send_flags(run, call, false);
}

int64_t call_send(struct run *run, const struct drill_call *call)
{
    return send_flags(run, call, true);
}

int64_t call_sendto(struct run *run, const struct drill_call *call)
{
    const struct drill_expr *address = argument_of(call, 4);
    union drill_sockaddr addr;
    size_t done = (size_t)run->blocked.so_far;
    struct transfer t;
    uint32_t addr_bytes;
    const uint8_t *data;

    if (address == NULL || address->kind == EXPR_NUMBER || (address->kind == EXPR_WORD))
        return send_flags(run, call, true);
    if (!get_transfer(run, call, &t))
        return CALL_FAILED;
    addr_bytes = sockaddr_from(run, address, false, &addr);
    if (addr_bytes == 0)
        return CALL_FAILED;
    data = data_to_send(run, t.buffer, (size_t)t.length_bytes, data_room(run, (size_t)t.length_bytes));
    data = t.bad_length || data == NULL ? NULL : data + done;
    if (done > 0)
        t.flags &= ~(int64_t)RILL_MSG_FASTOPEN; /* the call goes on with what it has opened */
    return moved(run,
                 rill_sock_sendto(run->sockets, t.fd, data, (size_t)t.length_bytes - done,
                                  (int)t.flags | RILL_MSG_NOSIGNAL, &addr, addr_bytes),
                 t.length_bytes);
}

/* sendfile(to, file, [offset], length): the file is read where the offset says, or from its beginning. */
int64_t call_sendfile(struct run *run, const struct drill_call *call)
{
    int64_t number, offset, length_bytes;
    size_t done = (size_t)run->blocked.so_far;
    uint8_t *data;
    ssize_t bytes;
    int fd, file;

    if (!call_fd(run, call, 0, &fd) || !argument_value(run, call, 1, -1, &number) ||
        !argument_value(run, call, 2, 0, &offset) || !argument_value(run, call, 3, 0, &length_bytes))
        return CALL_FAILED;
    if (!host_fd_of(run, number, &file))
        return -RILL_EBADF;
    if (length_bytes < 0 || length_bytes > LENGTH_MAX)
        return -RILL_EINVAL;
    data = data_room(run, (size_t)length_bytes);
    bytes = pread(file, data, (size_t)length_bytes, (off_t)offset);
    if (bytes < 0)
        return -RILL_EINVAL;
    return moved(run, rill_sock_send(run->sockets, fd, data + done, (size_t)bytes - done, RILL_MSG_NOSIGNAL), bytes);
}
