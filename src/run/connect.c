/*
 * connect: the program's thread sleeps until the handshake is done, or, when
 * its descriptor does not block, sees it become writable then.
 */
#include "run/supervisor.h"

#include "run/datagrams.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STUFFING_BYTES 61440u /* an AF_UNIX socket is writable while a quarter of its buffer, 208 KiB, is not used */

void pair_stuff(struct psock *ps, int end, uint32_t bytes)
{
    static const uint8_t nothing[STUFFING_BYTES];
    ssize_t n = send(end, nothing, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (n > 0)
        ps->stuffing += (uint32_t)n;
}

/* The program's end becomes writable. */
static void unstuff(struct run *run, struct psock *ps)
{
    while (ps->stuffing > 0) {
        ssize_t n = recv(ps->pair, run->scratch, ps->stuffing, MSG_DONTWAIT);

        if (n <= 0)
            break;
        ps->stuffing -= (uint32_t)n;
    }
    ps->stuffing = 0;
}

static void opened(struct run *run, struct psock *ps)
{
    run->counts.connections++;
    ps->phase = PSOCK_OPEN;
    unstuff(run, ps);
    ps->readable = true;
    psock_mark_busy(run, ps);
}

/* The call again, for a thread that waited: 0, or how it failed. The socket may be connected anew then. */
static int ask_again(struct run *run, struct psock *ps)
{
    return rill_sock_connect(run->sockets, ps->fd, ps->remote, ps->remote_bytes);
}

/* Those who send with MSG_FASTOPEN wait on: their bytes go now. */
static void answer_connects(struct run *run, struct psock *ps, int result)
{
    struct waiter *next;

    for (struct waiter *waiter = ps->waiters; waiter != NULL; waiter = next) {
        next = waiter->next;
        if (waiter->call.number != SYS_connect)
            continue;
        call_answer(&waiter->call, result);
        waiter_drop(run, ps, waiter);
    }
}

void connect_progress(struct run *run, struct psock *ps)
{
    struct rill_pollfd poll = {.fd = ps->fd, .events = RILL_POLLOUT};
    bool waited = ps->waiters != NULL;
    int error = 0;

    if (ps->hung_up) { /* closed meanwhile: the SYN is forgotten */
        psock_free(run, ps);
        return;
    }
    if (rill_sock_poll(run->sockets, &poll, 1, 0) <= 0)
        return;
    if (waited)
        error = ask_again(run, ps);
    if ((poll.revents & (RILL_POLLERR | RILL_POLLHUP)) == 0) {
        answer_connects(run, ps, error);
        opened(run, ps);
        return;
    }
    if (waited) {
        waiters_end(run, ps, error);
        unstuff(run, ps);
        ps->phase = PSOCK_FRESH;
        return;
    }
    psock_reset(run, ps); /* run->sockets keeps the error for SO_ERROR */
}

/* Written before there was a connection: a kernel's socket would have refused it. Some rounds, for a hostile writer. */
static void drop_early(const struct psock *ps)
{
    uint8_t bytes[16384];

    for (unsigned round = 0; round < 64 && recv(ps->pair, bytes, sizeof bytes, MSG_DONTWAIT) > 0; round++)
        continue;
}

static void begin(struct run *run, struct psock *ps, const struct call *call, int end)
{
    bool nonblocking = (fcntl(end, F_GETFL) & O_NONBLOCK) != 0;
    bool fresh = ps->phase == PSOCK_FRESH;
    uint16_t family;
    int error;

    if (fresh)
        drop_early(ps);
    if (fresh && nonblocking)
        pair_stuff(ps, end, STUFFING_BYTES); /* before the SYN,ACK can come */
    error = rill_sock_connect(run->sockets, ps->fd, ps->remote, ps->remote_bytes);
    if (error == -RILL_EINPROGRESS)
        ps->phase = PSOCK_CONNECTING;
    else if (fresh)
        unstuff(run, ps);
    if ((error == -RILL_EINPROGRESS || error == -RILL_EALREADY) && !nonblocking) {
        waiter_add(run, ps, call, psock_deadline(run, ps, RILL_SO_SNDTIMEO), 0);
        return;
    }
    memcpy(&family, ps->remote, sizeof family);
    if (error == 0 && family != AF_UNSPEC && (fresh || ps->phase == PSOCK_CONNECTING))
        opened(run, ps); /* at once: TCP_FASTOPEN_CONNECT, whose SYN waits for the first data */
    call_answer(call, error);
}

int64_t connect_fast(struct run *run, struct psock *ps, int end, size_t bytes, bool may_wait)
{
    int64_t n;

    drop_early(ps);
    if (!may_wait)
        pair_stuff(ps, end, STUFFING_BYTES);
    n = rill_sock_sendto(run->sockets, ps->fd, run->scratch, bytes, RILL_MSG_FASTOPEN | RILL_MSG_NOSIGNAL, ps->remote,
                         ps->remote_bytes);
    if (n == -RILL_EINPROGRESS)
        ps->phase = PSOCK_CONNECTING;
    else if (n >= 0)
        opened(run, ps);
    else
        unstuff(run, ps);
    return n;
}

void answer_connect(struct run *run, struct psock *ps, const struct call *call)
{
    uint8_t addr[ADDRESS_BYTES];
    uint32_t bytes;
    int error = read_address(call, call->args[1], call->args[2], addr, &bytes);
    int end;

    if (error != 0) {
        call_answer(call, error);
        return;
    }
    if ((ps->phase == PSOCK_FRESH || ps->phase == PSOCK_DATAGRAMS) && address_is_loopback(addr, bytes)) {
        kernel_takes_over(run, ps, call);
        return;
    }
    if (ps->phase == PSOCK_DEAD && !psock_revive(run, ps, call)) {
        call_answer(call, -ENOBUFS);
        return;
    }
    if (ps->datagrams) {
        /* What was sent before goes where it was to go. */
        error = datagrams_flush(run, ps) ? rill_sock_connect(run->sockets, ps->fd, addr, bytes) : -EBADF;
        call_answer(call, error);
        return;
    }
    if (ps->phase == PSOCK_LISTENING) {
        error = rill_sock_connect(run->sockets, ps->fd, addr, bytes);
        if (error == 0)
            listener_end(run, ps); /* to no address: it is disconnected */
        call_answer(call, error);
        return;
    }
    memcpy(ps->remote, addr, sizeof addr);
    ps->remote_bytes = bytes;
    end = process_file(call->thread, (int)call->args[0]);
    if (end < 0) {
        call_answer(call, -EBADF);
        return;
    }
    begin(run, ps, call, end);
    close(end);
}
