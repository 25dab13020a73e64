/*
 * UDP sockets of programs: see datagrams.h.
 */
#include "run/datagrams.h"

#include "run/message.h"
#include "run/receive.h"
#include "run/send.h"
#include "run/window.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BATCH_MAX 1024u
#define ROUND_MAX 64u   /* then the others have their turn */
#define FLUSH_MAX 4096u /* more than a pair holds */

static uint8_t datagram[MESSAGE_BYTES_MAX];

/* ------------------------------------------------------------------------- sending */

/* False: no room in the stack now. */
static bool send_plain(struct run *run, struct psock *ps, const uint8_t *data, size_t bytes)
{
    int64_t n = rill_sock_send(run->sockets, ps->fd, data, bytes, RILL_MSG_NOSIGNAL);

    if (n < 0 && n != -RILL_EAGAIN) /* an earlier one's error, which nobody is here to hear */
        n = rill_sock_send(run->sockets, ps->fd, data, bytes, RILL_MSG_NOSIGNAL);
    if (n == -RILL_EAGAIN)
        return false;
    if (n < 0)
        run->counts.datagrams_lost++;
    else
        run->counts.datagrams_out++;
    return true;
}

/* The carry is one datagram that found no room. False: it still finds none. */
static bool send_carry(struct run *run, struct psock *ps)
{
    if (ps->carry == NULL)
        return true;
    if (!send_plain(run, ps, ps->carry, ps->carry_bytes))
        return false;
    free(ps->carry);
    ps->carry = NULL;
    return true;
}

/* An empty datagram in front of others is no end. */
static bool has_more(const struct psock *ps)
{
    int bytes = 0;

    return ioctl(ps->pair, FIONREAD, &bytes) == 0 && bytes > 0;
}

/*
 * Nothing came from the pair, and that was no datagram: it was closed, or shut. When both directions are shut our end
 * hangs up though the program still has its own.
 */
static bool is_closed(struct run *run, const struct psock *ps)
{
    return ps->hung_up && !has_more(ps) && (!ps->shut_send || !ps->shut_receive || !psock_exists(run, ps));
}

/* Datagrams of plain write and send, in the order of the calls, at most so many. False: the socket is gone. */
static bool take_plain(struct run *run, struct psock *ps, unsigned most)
{
    for (; most > 0 && ps->readable && send_carry(run, ps); most--) {
        ssize_t n = recv(ps->pair, datagram, sizeof datagram, MSG_DONTWAIT);

        if (n == 0)
            psock_look_at_pair(ps); /* an empty datagram, or the end */
        if ((n == 0 && is_closed(run, ps)) || (n < 0 && errno != EAGAIN)) {
            psock_free(run, ps);
            return false;
        }
        if (n < 0 || (n == 0 && ps->shut_send)) { /* all that was before it went at the shutdown */
            ps->readable = false;
            break;
        }
        if (send_plain(run, ps, datagram, (size_t)n))
            continue;
        ps->carry = malloc((size_t)n + 1);
        if (ps->carry == NULL) {
            run->counts.datagrams_lost++;
            break;
        }
        memcpy(ps->carry, datagram, (size_t)n);
        ps->carry_bytes = (uint32_t)n;
    }
    if (most == 0)
        psock_mark_busy(run, ps);
    return true;
}

bool datagrams_flush(struct run *run, struct psock *ps)
{
    ps->readable = true;
    return ps->hung_up || take_plain(run, ps, FLUSH_MAX);
}

/* A socket of the kernel's with the same port, for the loopback; bound or not. */
static bool open_shadow(struct run *run, struct psock *ps)
{
    uint8_t addr[ADDRESS_BYTES];
    uint32_t bytes = sizeof addr;
    uint16_t port;

    ps->shadow = kernels_socket(ps, SOCK_NONBLOCK);
    if (ps->shadow < 0)
        return false;
    if (rill_sock_getsockname(run->sockets, ps->fd, addr, &bytes) == 0) {
        memcpy(&port, addr + 2, sizeof port);
        if (port != 0)
            (void)bind(ps->shadow, (const struct sockaddr *)(const void *)addr, bytes);
    }
    if (psock_watch_shadow(run, ps))
        return true;
    close(ps->shadow);
    ps->shadow = -1;
    return false;
}

void shadow_bind(struct run *run, struct psock *ps)
{
    if (ps->shadow < 0 && !open_shadow(run, ps))
        supervisor_say(run, "the loopback will not reach this socket: %s", strerror(errno));
}

static int64_t send_by_kernel(struct run *run, struct psock *ps, const struct contents *contents)
{
    struct iovec piece = {contents->data, contents->bytes};
    struct msghdr header = {
        .msg_name = (void *)(uintptr_t)contents->name,
        .msg_namelen = contents->name_bytes,
        .msg_iov = &piece,
        .msg_iovlen = 1,
        .msg_control = contents->control_bytes > 0 ? (void *)(uintptr_t)contents->control : NULL,
        .msg_controllen = contents->control_bytes,
    };
    ssize_t n;

    if (ps->shadow < 0 && !open_shadow(run, ps))
        return -ENOBUFS;
    n = sendmsg(ps->shadow, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
    return n < 0 ? -errno : n;
}

static int64_t send_one(struct run *run, struct psock *ps, const struct call *call, const struct message *message,
                        int flags)
{
    struct contents contents = {.data = datagram};
    struct rill_iovec piece;
    struct rill_msghdr header = {.iov = &piece, .iov_count = 1};
    int error = message_fetch(call, message, &contents);

    if (error == 0)
        error = window_take_error(run, ps);
    if (error != 0)
        return error;
    if (contents.name_bytes != 0 && address_is_loopback(contents.name, contents.name_bytes))
        return send_by_kernel(run, ps, &contents);
    piece = (struct rill_iovec){contents.data, contents.bytes};
    header.name = contents.name_bytes != 0 ? contents.name : NULL;
    header.name_bytes = contents.name_bytes;
    header.control = contents.control;
    header.control_bytes = contents.control_bytes;
    run->counts.datagrams_out++;
    return rill_sock_sendmsg(run->sockets, ps->fd, &header, flags | RILL_MSG_NOSIGNAL);
}

/* ----------------------------------------------------------------------- receiving */

static int64_t receive_one(struct run *run, struct psock *ps, const struct call *call, const struct message *message,
                           int flags, int end)
{
    struct contents contents = {.data = datagram};
    size_t room = message->bytes < sizeof datagram ? message->bytes : sizeof datagram;
    int64_t n;
    int error;

    n = (flags & MSG_ERRQUEUE) != 0 ? window_errors(run, ps, &contents, room, message->control_room, flags)
                                    : window_take(run, ps, &contents, room, message->control_room, flags, end);
    if (n < 0)
        return n;
    contents.bytes = (size_t)n < room ? (size_t)n : room; /* MSG_TRUNC tells the whole length */
    error = message_deliver(call, message, &contents);
    return error != 0 ? error : n;
}

/* --------------------------------------------------------------------------- calls */

/* sendmmsg and recvmmsg: as many as go; an error only when none did. */
static int64_t answer_batch(struct run *run, struct psock *ps, const struct call *call, int end, bool sending)
{
    size_t count = (size_t)(uint32_t)call->args[2] < BATCH_MAX ? (size_t)(uint32_t)call->args[2] : BATCH_MAX;
    int flags = (int)call->args[3];
    size_t done = 0;
    int64_t n = 0;

    for (; done < count; done++) {
        uint64_t at = call->args[1] + done * sizeof(struct mmsghdr);
        struct message message;
        uint32_t bytes;

        n = message_of_header(call, at, &message);
        if (n == 0)
            n = sending ? send_one(run, ps, call, &message, flags) : receive_one(run, ps, call, &message, flags, end);
        bytes = (uint32_t)n;
        if (n >= 0 && !program_write(call, at + offsetof(struct mmsghdr, msg_len), &bytes, sizeof bytes))
            n = -EFAULT;
        if (n < 0)
            break;
    }
    return done > 0 ? (int64_t)done : n;
}

static int64_t try_call(struct run *run, struct psock *ps, const struct call *call, int end)
{
    struct message message;
    int64_t error;

    switch (call->number) {
    case SYS_sendto:
        error = message_of_arguments(call, &message);
        return error != 0 ? error : send_one(run, ps, call, &message, (int)call->args[3]);
    case SYS_recvfrom:
        error = message_of_arguments(call, &message);
        return error != 0 ? error : receive_one(run, ps, call, &message, (int)call->args[3], end);
    case SYS_sendmsg:
        error = message_of_header(call, call->args[1], &message);
        return error != 0 ? error : send_one(run, ps, call, &message, (int)call->args[2]);
    case SYS_recvmsg:
        error = message_of_header(call, call->args[1], &message);
        return error != 0 ? error : receive_one(run, ps, call, &message, (int)call->args[2], end);
    case SYS_sendmmsg:
        return answer_batch(run, ps, call, end, true);
    default:
        return answer_batch(run, ps, call, end, false);
    }
}

static int flags_of(const struct call *call)
{
    switch (call->number) {
    case SYS_sendto:
    case SYS_recvfrom:
    case SYS_sendmmsg:
    case SYS_recvmmsg:
        return (int)call->args[3];
    default:
        return (int)call->args[2];
    }
}

static bool is_sending(const struct call *call)
{
    return call->number == SYS_sendto || call->number == SYS_sendmsg || call->number == SYS_sendmmsg;
}

/* After shutdown(2) nothing comes any more: who would wait reads nothing, as on Linux. */
static bool waits_in_vain(const struct psock *ps, const struct call *call)
{
    return ps->shut_receive && !is_sending(call);
}

/* recvmmsg's own time limit is looked at between messages; we answer with what is there at once. */
static void answer_datagram(struct run *run, struct psock *ps, const struct call *call)
{
    int end = process_file(call->thread, (int)call->args[0]);
    int64_t result;

    if (end < 0) {
        call_answer(call, -EBADF);
        return;
    }
    if (!datagrams_flush(run, ps)) {
        call_answer(call, -EBADF);
        close(end);
        return;
    }
    result = try_call(run, ps, call, end);
    if (result == -EAGAIN && (flags_of(call) & (MSG_DONTWAIT | MSG_ERRQUEUE)) == 0 &&
        (fcntl(end, F_GETFL) & O_NONBLOCK) == 0) {
        if (waits_in_vain(ps, call))
            call_answer(call, 0);
        else
            waiter_add(run, ps, call, psock_deadline(run, ps, is_sending(call) ? RILL_SO_SNDTIMEO : RILL_SO_RCVTIMEO),
                       0);
    } else {
        call_answer(call, result);
    }
    close(end);
}

void answer_message(struct run *run, struct psock *ps, const struct call *call)
{
    if (ps->datagrams) {
        answer_datagram(run, ps, call);
    } else if (call->number == SYS_sendto || call->number == SYS_sendmsg) {
        answer_stream_send(run, ps, call);
    } else if (!is_sending(call)) {
        answer_stream_receive(run, ps, call);
    } else {
        run->counts.continued++;
        call_continue(call);
    }
}

void answer_stranger(struct run *run, const struct call *call)
{
    (void)run;
    call_continue(call);
}

/* ------------------------------------------------------------------------ progress */

static void retry_waiters(struct run *run, struct psock *ps)
{
    while (ps->waiters != NULL) {
        const struct call *call = &ps->waiters->call;
        int end = psock_find_end(ps); /* not by the number, which may be another file's by now */
        int64_t result = call_is_waiting(call) ? try_call(run, ps, call, end) : 0;

        if (end >= 0)
            close(end);
        if (result == -EAGAIN && waits_in_vain(ps, call))
            result = 0;
        if (result == -EAGAIN)
            return;
        call_answer(call, result);
        waiter_pop(run, ps);
    }
}

void answer_datagrams_shutdown(struct run *run, struct psock *ps, const struct call *call)
{
    int how = (int)call->args[1], end, error;

    if (!datagrams_flush(run, ps)) {
        call_answer(call, -EBADF);
        return;
    }
    error = rill_sock_shutdown(run->sockets, ps->fd, how);
    if (error != 0 && error != -RILL_ENOTCONN) { /* one without a peer is shut all the same, as on Linux */
        call_answer(call, error);
        return;
    }
    if (how != SHUT_WR) {
        window_fill(run, ps);
        ps->shut_receive = true;
        shutdown(ps->pair, SHUT_WR); /* wakes who reads, and poll */
    }
    end = how != SHUT_RD ? psock_borrow_end(ps) : -1;
    if (end >= 0) {
        ps->shut_send = true;
        shutdown(end, SHUT_WR);
        close(end);
    }
    retry_waiters(run, ps);
    call_answer(call, error);
}

void datagrams_progress(struct run *run, struct psock *ps)
{
    if (!take_plain(run, ps, ROUND_MAX))
        return;
    window_fill(run, ps);
    retry_waiters(run, ps);
}
