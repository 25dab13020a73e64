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

static bool shadow_has_one(struct psock *ps)
{
    struct pollfd poll_one = {.fd = ps->shadow, .events = POLLIN};

    ps->shadow_ready = ps->shadow >= 0 && ps->shadow_ready && poll(&poll_one, 1, 0) > 0;
    return ps->shadow_ready;
}

/* Connections that wait to be accepted. */
static unsigned count_waiting(const struct run *run, struct psock *ps)
{
    struct rill_status status;
    rill_conn conn = rill_sock_conn(run->sockets, ps->fd);
    unsigned count = ps->returned_count;

    if (conn != 0 && rill_status(run->stack, conn, &status) == 0)
        count += status.receive_queued;
    count += ps->shadow_returned >= 0;
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
    int end, least = 1, error;

    if (ps->phase == PSOCK_DEAD && !psock_revive(run, ps, call)) {
        call_answer(call, -ENOBUFS);
        return;
    }
    error = rill_sock_listen(run->sockets, ps->fd, (int)call->args[1]);

    if (error == 0 && !again) {
        ps->phase = PSOCK_LISTENING;
        end = process_file(call->thread, (int)call->args[0]);
        if (end >= 0) {
            setsockopt(end, SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
            pair_stuff(ps, end, STUFFING_BYTES);
            shutdown(ps->pair, SHUT_RD); /* a listener does not send: EPIPE */
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

/* A connection taken off a listener's queue. */
struct taken {
    int fd; /* in run->sockets, or of the kernel's */
    bool kernels;
    uint8_t addr[ADDRESS_BYTES];
    uint32_t addr_bytes;
};

/* 0, -EAGAIN when nothing waits, or what accept answers. */
static int take(struct run *run, struct psock *ps, const struct call *call, struct taken *out)
{
    socklen_t room = sizeof out->addr;

    *out = (struct taken){.addr_bytes = sizeof out->addr};
    if (ps->shadow_returned >= 0) {
        out->kernels = true;
        out->fd = ps->shadow_returned;
        ps->shadow_returned = -1;
        (void)fcntl(out->fd, F_SETFL, (accept_flags(call) & SOCK_NONBLOCK) != 0 ? O_NONBLOCK : 0);
        (void)getpeername(out->fd, (struct sockaddr *)(void *)out->addr, &room);
        out->addr_bytes = room;
        return 0;
    }
    if (shadow_has_one(ps)) {
        out->kernels = true;
        out->fd = accept4(ps->shadow, (struct sockaddr *)(void *)out->addr, &room,
                          SOCK_CLOEXEC | (accept_flags(call) & SOCK_NONBLOCK));
        out->addr_bytes = room;
        if (out->fd >= 0)
            return 0;
        out->kernels = false;
    }
    if (ps->returned_count > 0) {
        out->fd = ps->returned[0];
        memmove(ps->returned, ps->returned + 1, --ps->returned_count * sizeof ps->returned[0]);
        (void)rill_sock_getpeername(run->sockets, out->fd, out->addr, &out->addr_bytes);
        return 0;
    }
    out->fd = rill_sock_accept4(run->sockets, ps->fd, out->addr, &out->addr_bytes, RILL_SOCK_NONBLOCK);
    return out->fd >= 0 ? 0 : out->fd == -RILL_EMFILE ? -ENFILE : out->fd;
}

/* A connection over the loopback is the kernel's, and stays so. */
static void hand_over_kernels(struct psock *listener, const struct call *call, const struct taken *taken)
{
    (void)write_address(call, call->args[1], call->args[2], taken->addr, taken->addr_bytes);
    if (call_answer_with_file(call, taken->fd, (accept_flags(call) & SOCK_CLOEXEC) != 0) >= 0) {
        close(taken->fd);
        return;
    }
    listener->shadow_returned = taken->fd;
    add_token(listener);
}

/* The thread that was to have it has gone: the connection waits for another. */
static void give_back(struct run *run, struct psock *listener, int fd)
{
    if (listener->returned_count == RETURNED_MAX) {
        (void)rill_sock_close(run->sockets, fd);
        return;
    }
    listener->returned[listener->returned_count++] = fd;
    add_token(listener);
}

static void hand_over(struct run *run, struct psock *listener, const struct call *call, const struct taken *taken)
{
    int flags = accept_flags(call), end, number;
    struct psock *ps = psock_make(run, taken->fd, false, (flags & SOCK_NONBLOCK) != 0, &end);

    if (ps == NULL) {
        call_answer(call, errno == EMFILE ? -ENFILE : -errno);
        give_back(run, listener, taken->fd);
        return;
    }
    ps->v6 = listener->v6;
    ps->phase = PSOCK_OPEN;
    ps->process = call->thread;
    (void)write_address(call, call->args[1], call->args[2], taken->addr, taken->addr_bytes);
    number = call_answer_with_file(call, end, (flags & SOCK_CLOEXEC) != 0);
    close(end);
    if (number < 0) {
        ps->fd = -1; /* stays open, for the next one who asks */
        psock_free(run, ps);
        give_back(run, listener, taken->fd);
        return;
    }
    ps->process_fd = number;
    run->counts.accepted++;
    stream_progress(run, ps); /* what has come already; the pair's own edges tell of what the program writes */
}

/* The tokens are right before the program knows: it may poll at once. */
static int try_accept(struct run *run, struct psock *ps, const struct call *call, int end)
{
    struct taken taken;
    int error = take(run, ps, call, &taken);

    if (ps->phase == PSOCK_LISTENING && end >= 0)
        settle_tokens(run, ps, end);
    if (error != 0)
        return error;
    if (taken.kernels)
        hand_over_kernels(ps, call, &taken);
    else
        hand_over(run, ps, call, &taken);
    return 0;
}

void answer_accept(struct run *run, struct psock *ps, const struct call *call, int end)
{
    int error = (accept_flags(call) & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != 0 ? -EINVAL : try_accept(run, ps, call, end);
    if (error == -EAGAIN && (fcntl(end, F_GETFL) & O_NONBLOCK) == 0)
        waiter_add(run, ps, call, psock_deadline(run, ps, RILL_SO_RCVTIMEO), 0);
    else if (error != 0)
        call_answer(call, error);
}

void listener_end(struct run *run, struct psock *ps)
{
    waiters_end(run, ps, -EINVAL);
    if (ps->shadow >= 0)
        close(ps->shadow);
    ps->shadow = -1;
    if (ps->shadow_returned >= 0)
        close(ps->shadow_returned);
    ps->shadow_returned = -1;
    (void)recv(ps->pair, run->scratch, ps->stuffing, MSG_DONTWAIT); /* it is no error that it hangs up with */
    psock_bury(run, ps);
}

void listener_progress(struct run *run, struct psock *ps)
{
    if (ps->hung_up) {
        psock_free(run, ps);
        return;
    }
    while (ps->waiters != NULL) {
        const struct call *call = &ps->waiters->call;
        int error = call_is_waiting(call) ? try_accept(run, ps, call, -1) : 0;

        if (error == -EAGAIN)
            return;
        if (error != 0)
            call_answer(call, error);
        waiter_pop(run, ps);
    }
    if (count_waiting(run, ps) > 0)
        add_token(ps); /* one for each arrival, so that an edge-triggered epoll is woken each time */
}
