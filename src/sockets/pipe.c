/*
 * Pipes, and splice(2) between them and sockets. A pipe's bytes lie in one
 * buffer of the stack's memory; its two ends are two files that know each other.
 */
#include "sockets/pipe.h"

#include "base/types.h"

#define PIPE_BYTES 65536u /* what Linux gives a pipe that says nothing */

static struct file *other_end(struct rill_sockets *s, const struct file *file)
{
    return file->pipe.other == NONE ? NULL : &s->files[file->pipe.other];
}

/* ------------------------------------------------------------- bytes in and out */

/* The bytes that can be read without a break, or written: they lie in a ring. */
static uint32_t whole_used(const struct ring *ring)
{
    return min_u32(ring->used, PIPE_BYTES - ring->start);
}

static uint32_t whole_room(const struct ring *ring, uint8_t **at)
{
    uint32_t end = (ring->start + ring->used) % PIPE_BYTES;

    *at = ring->bytes + end;
    return min_u32(PIPE_BYTES - ring->used, PIPE_BYTES - end);
}

static void consume(struct ring *ring, uint32_t n)
{
    ring->start = (ring->start + n) % PIPE_BYTES;
    ring->used -= n;
}

static uint32_t copy_out(struct ring *ring, uint8_t *to, size_t most)
{
    uint32_t done = 0;

    while (done < most && ring->used > 0) {
        uint32_t n = (uint32_t)min_u64(whole_used(ring), most - done);

        memcpy(to + done, ring->bytes + ring->start, n);
        consume(ring, n);
        done += n;
    }
    return done;
}

static uint32_t copy_in(struct ring *ring, const uint8_t *from, size_t most)
{
    uint32_t done = 0;

    while (done < most && ring->used < PIPE_BYTES) {
        uint8_t *at;
        uint32_t n = (uint32_t)min_u64(whole_room(ring, &at), most - done);

        memcpy(at, from + done, n);
        ring->used += n;
        done += n;
    }
    return done;
}

/* ------------------------------------------------------------------- readiness */

uint32_t pipe_mask(struct rill_sockets *s, const struct file *file)
{
    const struct file *other = other_end(s, file);

    if (file->pipe.writes)
        return other == NULL                        ? RILL_POLLOUT | RILL_POLLWRNORM | RILL_POLLERR
               : other->pipe.ring.used < PIPE_BYTES ? RILL_POLLOUT | RILL_POLLWRNORM
                                                    : 0;
    return (file->pipe.ring.used > 0 ? RILL_POLLIN | RILL_POLLRDNORM : 0) | (other == NULL ? RILL_POLLHUP : 0);
}

/* Something moved: both ends may be ready for something else now. */
static void signal_ends(struct rill_sockets *s, struct file *file)
{
    struct file *other = other_end(s, file);

    file_signal(s, file, 0);
    if (other != NULL)
        file_signal(s, other, 0);
}

/* The ring to read from with something in it; NULL: *result is what the call returns. */
static struct ring *wait_for_bytes(struct rill_sockets *s, struct file *file, bool may_wait, int64_t *result)
{
    *result = -RILL_EBADF;
    if (file->pipe.writes)
        return NULL;
    while (file->pipe.ring.used == 0) {
        *result = 0;
        if (other_end(s, file) == NULL)
            return NULL;
        *result = may_wait ? wait_for_more(s, RILL_NEVER) : -RILL_EAGAIN;
        if (*result != 0)
            return NULL;
    }
    return &file->pipe.ring;
}

/* The ring to write to with some room. */
static struct ring *wait_for_room(struct rill_sockets *s, const struct file *file, bool may_wait, int64_t *result)
{
    for (;;) {
        struct file *other = other_end(s, file);

        *result = !file->pipe.writes ? -RILL_EBADF : -RILL_EPIPE;
        if (!file->pipe.writes || other == NULL)
            return NULL;
        if (other->pipe.ring.used < PIPE_BYTES)
            return &other->pipe.ring;
        *result = may_wait ? wait_for_more(s, RILL_NEVER) : -RILL_EAGAIN;
        if (*result != 0)
            return NULL;
    }
}

/* ------------------------------------------------------------------------ calls */

int rill_sock_pipe(struct rill_sockets *s, int fds[2], int flags)
{
    struct file *reads, *writes;
    uint32_t buffer;
    uint8_t *bytes;

    if ((flags & ~(RILL_O_NONBLOCK | RILL_O_CLOEXEC)) != 0)
        return -RILL_EINVAL;
    buffer = rill_buffer_take(s->stack, PIPE_BYTES, &bytes);
    if (buffer == 0)
        return -RILL_ENOMEM;
    fds[0] = file_open(s, FILE_PIPE, (uint32_t)flags & RILL_O_NONBLOCK, (flags & RILL_O_CLOEXEC) != 0, &reads);
    fds[1] = fds[0] < 0
                 ? fds[0]
                 : file_open(s, FILE_PIPE, (uint32_t)flags & RILL_O_NONBLOCK, (flags & RILL_O_CLOEXEC) != 0, &writes);
    if (fds[1] < 0) {
        rill_buffer_give(s->stack, buffer);
        if (fds[0] >= 0) {
            reads->pipe.other = NONE;
            (void)rill_sock_close(s, fds[0]);
        }
        return fds[1];
    }
    reads->pipe = (struct pipe){.other = file_index(s, writes), .ring = {.buffer = buffer, .bytes = bytes}};
    writes->pipe = (struct pipe){.other = file_index(s, reads), .writes = true};
    return 0;
}

void pipe_drop(struct rill_sockets *s, struct file *file)
{
    struct file *other = other_end(s, file);

    if (file->pipe.ring.buffer != 0)
        rill_buffer_give(s->stack, file->pipe.ring.buffer);
    if (other != NULL) {
        other->pipe.other = NONE;
        file_signal(s, other, 0);
    }
}

int64_t pipe_read(struct rill_sockets *s, struct file *file, const struct rill_iovec *iov, size_t count)
{
    int64_t result, done = 0;
    struct ring *ring = wait_for_bytes(s, file, file_may_wait(file, 0), &result);

    if (ring == NULL)
        return result;
    for (size_t i = 0; i < count; i++)
        done += copy_out(ring, (uint8_t *)iov[i].base, iov[i].length_bytes);
    signal_ends(s, file);
    return done;
}

int64_t pipe_write(struct rill_sockets *s, struct file *file, const struct rill_iovec *iov, size_t count)
{
    int64_t result, done = 0;

    for (size_t i = 0; i < count; i++) {
        for (size_t at = 0; at < iov[i].length_bytes;) {
            struct ring *ring = wait_for_room(s, file, file_may_wait(file, 0), &result);
            uint32_t n;

            if (ring == NULL)
                return done > 0 ? done : result;
            n = copy_in(ring, (const uint8_t *)iov[i].base + at, iov[i].length_bytes - at);
            at += n;
            done += n;
            signal_ends(s, file);
        }
    }
    return done;
}

/* ----------------------------------------------------------------------- splice */

/* While a call waits, others may move bytes: so sockets are asked without waiting, and the ring looked at again. */
static int64_t wait_for_socket(struct rill_sockets *s, const struct file *file, bool waits)
{
    return waits && file_may_wait(file, 0) ? wait_for_more(s, RILL_NEVER) : -RILL_EAGAIN;
}

static int64_t splice_into_pipe(struct rill_sockets *s, int fd_in, struct file *out, size_t length_bytes, bool waits)
{
    const struct file *in = file_of(s, fd_in);

    for (;;) {
        int64_t n;
        uint8_t *at;
        struct ring *ring = wait_for_room(s, out, waits && file_may_wait(out, 0), &n);

        if (ring == NULL)
            return n;
        n = (int64_t)min_u64(whole_room(ring, &at), length_bytes);
        n = rill_sock_recv(s, fd_in, at, (size_t)n, RILL_MSG_DONTWAIT);
        if (n > 0) {
            ring->used += (uint32_t)n;
            signal_ends(s, out);
        }
        if (n == -RILL_EAGAIN)
            n = wait_for_socket(s, in, waits);
        else
            return n;
        if (n != 0)
            return n;
    }
}

static int64_t splice_out_of_pipe(struct rill_sockets *s, struct file *in, int fd_out, size_t length_bytes,
                                  unsigned flags)
{
    const struct file *out = file_of(s, fd_out);
    bool waits = (flags & RILL_SPLICE_NONBLOCK) == 0;
    int send_flags = RILL_MSG_NOSIGNAL | RILL_MSG_DONTWAIT | ((flags & RILL_SPLICE_MORE) != 0 ? RILL_MSG_MORE : 0);
    int64_t n = 0, done = 0;

    while ((uint64_t)done < length_bytes && (done == 0 || in->pipe.ring.used > 0)) {
        struct ring *ring = wait_for_bytes(s, in, waits && file_may_wait(in, 0), &n);

        if (ring == NULL)
            break;
        n = (int64_t)min_u64(whole_used(ring), length_bytes - (uint64_t)done);
        n = rill_sock_send(s, fd_out, ring->bytes + ring->start, (size_t)n, send_flags);
        if (n > 0) {
            consume(ring, (uint32_t)n);
            done += n;
            signal_ends(s, in);
            continue;
        }
        if (n == -RILL_EAGAIN)
            n = wait_for_socket(s, out, waits);
        if (n != 0)
            break;
    }
    return done > 0 ? done : n;
}

static int64_t splice_pipes(struct rill_sockets *s, struct file *in, struct file *out, size_t length_bytes, bool waits)
{
    int64_t result;
    struct ring *from = wait_for_bytes(s, in, waits && file_may_wait(in, 0), &result), *to;
    uint32_t n;

    if (from == NULL)
        return result;
    to = wait_for_room(s, out, waits && file_may_wait(out, 0), &result);
    if (to == NULL || to == from)
        return to == NULL ? result : -RILL_EINVAL;
    n = copy_in(to, from->bytes + from->start, min_u64(whole_used(from), length_bytes));
    consume(from, n);
    signal_ends(s, in);
    signal_ends(s, out);
    return n;
}

int64_t rill_sock_splice(struct rill_sockets *s, int fd_in, int fd_out, size_t length_bytes, unsigned flags)
{
    struct file *in = file_of(s, fd_in), *out = file_of(s, fd_out);
    bool waits = (flags & RILL_SPLICE_NONBLOCK) == 0;

    if (in == NULL || out == NULL)
        return -RILL_EBADF;
    if ((flags & ~(RILL_SPLICE_MOVE | RILL_SPLICE_NONBLOCK | RILL_SPLICE_MORE)) != 0 ||
        (in->kind != FILE_PIPE && out->kind != FILE_PIPE))
        return -RILL_EINVAL;
    if (length_bytes == 0)
        return 0;
    if (in->kind == FILE_PIPE && out->kind == FILE_PIPE)
        return splice_pipes(s, in, out, length_bytes, waits);
    if (out->kind == FILE_PIPE)
        return in->kind == FILE_SOCKET ? splice_into_pipe(s, fd_in, out, length_bytes, waits) : -RILL_EINVAL;
    return out->kind == FILE_SOCKET ? splice_out_of_pipe(s, in, fd_out, length_bytes, flags) : -RILL_EINVAL;
}
