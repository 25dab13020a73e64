/*
 * Sends on a stream that the program's own end of the pair does not do as TCP
 * does: see send.h. What fits goes, and who blocks waits for the rest.
 */
#include "run/send.h"

#include "run/message.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int flags_of(const struct call *call)
{
    return (int)call->args[call->number == SYS_sendto ? 3 : 2];
}

static int message_of(const struct call *call, struct message *out)
{
    return call->number == SYS_sendto ? message_of_arguments(call, out) : message_of_header(call, call->args[1], out);
}

/* Nothing that was written before lies between the program and the stack. */
static bool is_drained(const struct psock *ps)
{
    return ps->phase == PSOCK_OPEN && ps->carry == NULL && !ps->readable && !ps->hung_up;
}

/*
 * MSG_MORE goes to the stack at once, which keeps a short segment back for what follows. When the stack is full the
 * flag has nothing to say, and the bytes go as any others.
 */
static int64_t send_part(struct run *run, struct psock *ps, int end, size_t bytes, int flags)
{
    ssize_t n;

    if ((flags & MSG_MORE) != 0 && (flags & MSG_OOB) == 0 && is_drained(ps)) {
        int64_t taken = rill_sock_send(run->sockets, ps->fd, run->scratch, bytes, RILL_MSG_NOSIGNAL | RILL_MSG_MORE);

        if (taken > 0)
            return taken;
    }
    n = send(end, run->scratch, bytes, (flags & MSG_OOB) | MSG_DONTWAIT | MSG_NOSIGNAL);
    return n < 0 ? -errno : n;
}

/* What there is room for; *done counts it. 0 when all has gone. */
static int send_some(struct run *run, struct psock *ps, const struct call *call, int end, uint64_t *done)
{
    struct message message;
    int error = message_of(call, &message);

    while (error == 0 && *done < message.bytes) {
        size_t part = message_fetch_part(call, &message, (size_t)*done, run->scratch, SCRATCH_BYTES);
        int64_t n = part > 0 ? send_part(run, ps, end, part, flags_of(call)) : -EFAULT;

        if (n < 0)
            error = (int)n;
        else
            *done += (uint64_t)n;
    }
    return error;
}

/* Linux counts what went before an error, and keeps the error for the next call. */
static void answer_sent(const struct call *call, int error, uint64_t done)
{
    if (done > 0 || error == 0) {
        call_answer(call, (int64_t)done);
        return;
    }
    call_answer(call, error);
    if (error == -EPIPE && (flags_of(call) & MSG_NOSIGNAL) == 0)
        (void)syscall(SYS_tgkill, process_of_thread(call->thread), call->thread, SIGPIPE);
}

/* A connection to the address, with the first bytes in its SYN where the peer's cookie allows it (RFC 7413). */
static int open_fast(struct run *run, struct psock *ps, const struct call *call, int end, bool may_wait, uint64_t *done)
{
    struct message message;
    size_t part;
    int64_t n;
    int error = message_of(call, &message);

    if (error == 0)
        error = read_address(call, message.name_at, message.name_room, ps->remote, &ps->remote_bytes);
    if (error != 0)
        return error;
    part = message_fetch_part(call, &message, 0, run->scratch, SCRATCH_BYTES);
    if (part == 0 && message.bytes > 0)
        return -EFAULT;
    n = connect_fast(run, ps, end, part, may_wait);
    if (n < 0)
        return n == -EINPROGRESS && may_wait ? -EAGAIN : (int)n;
    *done = (uint64_t)n;
    return *done == message.bytes ? 0 : may_wait ? send_some(run, ps, call, end, done) : -EAGAIN;
}

static bool is_opening(const struct psock *ps, const struct call *call)
{
    return (flags_of(call) & RILL_MSG_FASTOPEN) != 0 && ps->phase == PSOCK_FRESH;
}

static int try_send(struct run *run, struct psock *ps, const struct call *call, int end, bool may_wait, uint64_t *done)
{
    switch (ps->phase) {
    case PSOCK_CONNECTING:
        return (flags_of(call) & RILL_MSG_FASTOPEN) != 0 && !may_wait ? -EALREADY : -EAGAIN;
    case PSOCK_OPEN:
        if (*done == 0 && (flags_of(call) & RILL_MSG_FASTOPEN) != 0)
            return -EISCONN;
        return send_some(run, ps, call, end, done);
    case PSOCK_DEAD:
        return send_some(run, ps, call, end, done); /* the pair tells the error, once */
    default:
        return is_opening(ps, call) ? open_fast(run, ps, call, end, may_wait, done) : -EPIPE;
    }
}

/* True: the loopback's, and the kernel goes on with the call. */
static bool goes_to_loopback(struct run *run, struct psock *ps, const struct call *call)
{
    uint8_t addr[ADDRESS_BYTES];
    struct message message;
    uint32_t bytes;

    if (!is_opening(ps, call) || message_of(call, &message) != 0 ||
        read_address(call, message.name_at, message.name_room, addr, &bytes) != 0 || !address_is_loopback(addr, bytes))
        return false;
    kernel_takes_over(run, ps, call);
    return true;
}

/* An address on a connected stream is nobody's business: Linux ignores it, but AF_UNIX answers EISCONN. */
static bool is_the_pairs_own(const struct call *call)
{
    struct message message;

    if ((flags_of(call) & (MSG_MORE | RILL_MSG_FASTOPEN)) != 0)
        return false;
    return message_of(call, &message) != 0 || message.name_at == 0;
}

void answer_stream_send(struct run *run, struct psock *ps, const struct call *call)
{
    uint64_t done = run->resumed_done;
    bool may_wait;
    int end, error;

    if (is_the_pairs_own(call)) {
        run->counts.continued++;
        call_continue(call);
        return;
    }
    if (goes_to_loopback(run, ps, call))
        return;
    end = process_file(call->thread, (int)call->args[0]);
    if (end < 0 || (ps->phase == PSOCK_OPEN && !stream_flush(run, ps))) {
        call_answer(call, -EBADF);
        if (end >= 0)
            close(end);
        return;
    }
    may_wait = (flags_of(call) & MSG_DONTWAIT) == 0 && (fcntl(end, F_GETFL) & O_NONBLOCK) == 0;
    error = try_send(run, ps, call, end, may_wait, &done);
    close(end);
    if (error == -EAGAIN && may_wait)
        waiter_add(run, ps, call, psock_deadline(run, ps, RILL_SO_SNDTIMEO), done);
    else
        answer_sent(call, error, done);
}

/* True: the waiter is done with. */
static bool retry(struct run *run, struct psock *ps, struct waiter *waiter)
{
    int end, error;

    if (!call_is_waiting(&waiter->call))
        return waiter->done == 0; /* interrupted: it asks again, and goes on from there */
    end = psock_find_end(ps);     /* not by the number, which may be closed or another file's by now */
    if (end < 0) {
        call_answer(&waiter->call, waiter->done > 0 ? (int64_t)waiter->done : -EBADF);
        return true;
    }
    error = send_some(run, ps, &waiter->call, end, &waiter->done);
    close(end);
    if (error == -EAGAIN)
        return false;
    answer_sent(&waiter->call, error, waiter->done);
    return true;
}

void stream_send_retry(struct run *run, struct psock *ps)
{
    struct waiter *next;

    for (struct waiter *waiter = ps->waiters; waiter != NULL; waiter = next) {
        next = waiter->next;
        if (retry(run, ps, waiter))
            waiter_drop(run, ps, waiter);
    }
}
