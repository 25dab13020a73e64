/*
 * Listeners. The program's end of the pair is readable while a connection
 * waits: there are bytes in it, tokens, which accept takes out again. It is
 * never writable: its own direction is kept full.
 */
#include "run/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TOKENS_MAX 64u
#define STUFFING_BYTES 2048u /* fills the least send buffer that a socket can have */

static bool shadow_has_one(const struct psock *ps)
{
    struct pollfd poll_one = {.fd = ps->shadow, .events = POLLIN};

    return ps->shadow >= 0 && poll(&poll_one, 1, 0) > 0;
}

/* Connections that wait to be accepted. */
static unsigned count_waiting(const struct run *run, const struct psock *ps)
{
    struct rill_status status;
    rill_conn conn = rill_sock_conn(run->sockets, ps->fd);
    unsigned count = ps->returned_count;

    if (conn != 0 && rill_status(run->stack, conn, &status) == 0)
        count += status.receive_queued;
    if (shadow_has_one(ps))
        count++;
    return count;
}

static void add_token(struct psock *ps)
{
    if (ps->tokens < TOKENS_MAX && send(ps->pair, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1)
        ps->tokens++;
}

/* No more tokens than connections; at least one while there are some. */
static void settle_tokens(struct run *run, struct psock *ps, int end)
{
    unsigned waiting = count_waiting(run, ps);
    char out[TOKENS_MAX];

    if (ps->tokens > waiting) {
        ssize_t n = recv(end, out, ps->tokens - waiting, MSG_DONTWAIT);

        ps->tokens -= n > 0 ? (unsigned)n : ps->tokens; /* none there: the program has read them */
    }
    if (waiting > 0 && ps->tokens == 0)
        add_token(ps);
}

void answer_listen(struct run *run, struct psock *ps, const struct call *call)
{
    bool again = ps->phase == PSOCK_LISTENING;
    int error = rill_sock_listen(run->sockets, ps->fd, (int)call->args[1]);
    int end, least = 1;

    if (error == 0 && !again) {
        ps->phase = PSOCK_LISTENING;
        end = process_file(call->thread, (int)call->args[0]);
        if (end >= 0) {
            setsockopt(end, SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
            pair_stuff(ps, end, STUFFING_BYTES);
            close(end);
        }
        shadow_listen(run, ps, (int)call->args[1]);
    }
    call_answer(call, error);
}

/* ------------------------------------------------------------------- accept */

static int accept_flags(const struct call *call)
{
    return call->number == SYS_accept4 ? (int)call->args[3] : 0;
}

/* False: the thread has gone, the connection waits for another. */
static bool hand_over(struct run *run, struct psock *listener, const struct call *call, int fd)
{
    int flags = accept_flags(call), end, number;
    uint8_t addr[ADDRESS_BYTES];
    uint32_t bytes = sizeof addr;
    struct psock *ps = psock_make(run, fd, false, (flags & SOCK_NONBLOCK) != 0, &end);

    if (ps == NULL) {
        call_answer(call, errno == EMFILE ? -ENFILE : -errno);
        (void)rill_sock_close(run->sockets, fd);
        return true;
    }
    ps->v6 = listener->v6;
    ps->phase = PSOCK_OPEN;
    ps->process = call->thread;
    if (call->args[1] != 0 && rill_sock_getpeername(run->sockets, fd, addr, &bytes) == 0)
        (void)write_address(call, call->args[1], call->args[2], addr, bytes);
    number = call_answer_with_file(call, end, (flags & SOCK_CLOEXEC) != 0);
    close(end);
    if (number >= 0) {
        ps->process_fd = number;
        ps->readable = true;
        run->counts.accepted++;
        psock_mark_busy(run, ps);
        return true;
    }
    ps->fd = -1; /* stays open, for the next one who asks */
    psock_free(run, ps);
    if (listener->returned_count < RETURNED_MAX)
        listener->returned[listener->returned_count++] = fd;
    else
        (void)rill_sock_close(run->sockets, fd);
    return false;
}

/* A connection over the loopback is the kernel's, and stays so. */
static bool hand_over_kernels(const struct psock *listener, const struct call *call)
{
    uint8_t addr[ADDRESS_BYTES];
    socklen_t bytes = sizeof addr;
    int flags = accept_flags(call);
    int fd = accept4(listener->shadow, (struct sockaddr *)(void *)addr, &bytes, SOCK_CLOEXEC | (flags & SOCK_NONBLOCK));

    if (fd < 0)
        return false;
    (void)write_address(call, call->args[1], call->args[2], addr, bytes);
    (void)call_answer_with_file(call, fd, (flags & SOCK_CLOEXEC) != 0);
    close(fd);
    return true;
}

/* Answer the call with what waits. -EAGAIN: nothing does. 0: answered, or its thread has gone. */
static int try_accept(struct run *run, struct psock *ps, const struct call *call)
{
    int fd;

    if (ps->returned_count > 0) {
        fd = ps->returned[--ps->returned_count];
        (void)hand_over(run, ps, call, fd);
        return 0;
    }
    if (shadow_has_one(ps) && hand_over_kernels(ps, call))
        return 0;
    fd = rill_sock_accept4(run->sockets, ps->fd, NULL, NULL, RILL_SOCK_NONBLOCK);
    if (fd < 0)
        return fd == -RILL_EMFILE ? -ENFILE : fd;
    (void)hand_over(run, ps, call, fd);
    return 0;
}

void answer_accept(struct run *run, struct psock *ps, const struct call *call)
{
    int end = process_file(call->thread, (int)call->args[0]);
    int error;

    if (end < 0) {
        call_answer(call, -EBADF);
        return;
    }
    error = (accept_flags(call) & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != 0 ? -EINVAL : try_accept(run, ps, call);
    if (error == -EAGAIN && (fcntl(end, F_GETFL) & O_NONBLOCK) == 0)
        waiter_add(run, ps, call, psock_deadline(run, ps, RILL_SO_RCVTIMEO));
    else if (error != 0)
        call_answer(call, error);
    if (ps->phase == PSOCK_LISTENING)
        settle_tokens(run, ps, end);
    close(end);
}

void listener_progress(struct run *run, struct psock *ps)
{
    if (ps->hung_up) {
        psock_free(run, ps);
        return;
    }
    while (ps->waiters != NULL) {
        if (!call_is_waiting(&ps->waiters->call)) {
            waiter_pop(run, ps);
            continue;
        }
        if (try_accept(run, ps, &ps->waiters->call) == -EAGAIN)
            return;
        waiter_pop(run, ps);
    }
    if (count_waiting(run, ps) > 0)
        add_token(ps); /* one for each arrival, so that an edge-triggered epoll is woken each time */
}
