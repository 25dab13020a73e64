/* Receives on a stream by the long way: see receive.h. */
#include "run/receive.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int flags_of(const struct call *call)
{
    return (int)call->args[call->number == SYS_recvmsg ? 2 : 3];
}

/* tcp(7): the bytes are counted and not copied, and there may be no room for them anywhere. How many, or an error. */
static int64_t discard(struct run *run, const struct call *call)
{
    int end = process_file(call->thread, (int)call->args[0]), flags = flags_of(call) & MSG_PEEK;
    size_t bytes = (size_t)call->args[2], done = 0;
    ssize_t n = 0;
    int there = 0;

    if (end < 0)
        return -EBADF;
    if ((flags_of(call) & (MSG_WAITALL | MSG_DONTWAIT)) == MSG_WAITALL &&
        (ioctl(end, FIONREAD, &there) != 0 || (size_t)there < bytes)) {
        close(end);
        return -EAGAIN;
    }
    while (done < bytes) {
        size_t part = bytes - done < SCRATCH_BYTES ? bytes - done : SCRATCH_BYTES;

        n = recv(end, run->scratch, part, flags | MSG_DONTWAIT);
        if (n > 0)
            done += (size_t)n;
        if (n < (ssize_t)part || flags != 0) /* the end of what is there, or of what is before an urgent byte */
            break;
    }
    if (done == 0 && n < 0)
        n = -errno;
    close(end);
    return done > 0 ? (int64_t)done : n;
}

void answer_stream_receive(struct run *run, struct psock *ps, const struct call *call)
{
    int flags = flags_of(call);
    int64_t result = -EAGAIN;

    if ((flags & MSG_ERRQUEUE) != 0) {
        call_answer(call, -EAGAIN); /* the pair has no such queue, and would give data */
        return;
    }
    if ((flags & (MSG_TRUNC | MSG_OOB)) == MSG_TRUNC && call->number == SYS_recvfrom && ps->phase != PSOCK_LISTENING)
        result = discard(run, call);
    if (result != -EAGAIN) {
        call_answer(call, result);
        return;
    }
    run->counts.continued++;
    call_continue(call); /* nothing is there: the kernel waits, or says so */
}
