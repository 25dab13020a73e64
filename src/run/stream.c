/*
 * Bytes of a TCP connection between the program's pair and the stack. No more
 * is read from the pair than the stack has room for, and no more taken from
 * the stack than the pair has room for: what the program does not read stays
 * in the stack and closes the window.
 */
#include "run/send.h"
#include "run/supervisor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define ROUNDS_MAX 8u /* then the others have their turn */
#define SLICES_MAX 32u
#define SIOCATMARK_ 0x8905
#define URGENT_PIECE_BYTES 16384u

static void shut(struct run *run, struct psock *ps)
{
    (void)rill_sock_shutdown(run->sockets, ps->fd, RILL_SHUT_WR);
}

/* ------------------------------------------------- from the program to the stack */

/* Room for the program's next bytes; asks to be told when there is none. */
static size_t send_room(struct run *run, const struct psock *ps)
{
    int64_t room = rill_send_room(run->stack, rill_sock_conn(run->sockets, ps->fd));
    struct rill_pollfd poll = {.fd = ps->fd, .events = RILL_POLLOUT};

    if (room > 0)
        return (size_t)room;
    if (room == 0)
        (void)rill_sock_poll(run->sockets, &poll, 1, 0);
    return 0;
}

/* What was read from the pair, and the stack took only a part of: it goes first when there is room. */
static bool keep(struct psock *ps, const uint8_t *data, size_t bytes)
{
    ps->carry = malloc(bytes);
    if (ps->carry == NULL)
        return false;
    memcpy(ps->carry, data, bytes);
    ps->carry_bytes = (uint32_t)bytes;
    ps->carry_done = 0;
    return true;
}

/* False: nothing more can go now. */
static bool send_carry(struct run *run, struct psock *ps)
{
    int64_t n;

    if (ps->carry == NULL)
        return true;
    n = rill_sock_send(run->sockets, ps->fd, ps->carry + ps->carry_done, ps->carry_bytes - ps->carry_done,
                       RILL_MSG_NOSIGNAL);
    if (n == -RILL_EAGAIN || n == -RILL_ENOBUFS)
        return false;
    if (n > 0)
        ps->carry_done += (uint32_t)n;
    if (n > 0 && ps->carry_done < ps->carry_bytes)
        return false;
    free(ps->carry);
    ps->carry = NULL;
    return true;
}

static void to_stack(struct run *run, struct psock *ps, const uint8_t *data, size_t bytes, int flags)
{
    int64_t n = rill_sock_send(run->sockets, ps->fd, data, bytes, RILL_MSG_NOSIGNAL | flags);

    if (n == -RILL_EAGAIN || n == -RILL_ENOBUFS)
        n = 0;
    if (n < 0 || (size_t)n == bytes)
        return; /* an error: the reset is told by its event, and what is sent after it is lost as anywhere */
    if (!keep(ps, data + n, bytes - (size_t)n))
        psock_reset(run, ps);
}

/* Our end of the pair has urgent bytes inline: the one at the mark is read alone. */
static bool is_urgent_next(const struct psock *ps)
{
    int at_mark = 0;

    return ioctl(ps->pair, SIOCATMARK_, &at_mark) == 0 && at_mark != 0;
}

/* The program has closed the last descriptor; data that was not read makes it a reset, as anywhere. */
static void program_closed(struct run *run, struct psock *ps, bool lost)
{
    const struct rill_linger now = {1, 0};

    if (lost || rill_receive_queued(run->stack, rill_sock_conn(run->sockets, ps->fd)) > 0)
        (void)rill_sock_setsockopt(run->sockets, ps->fd, RILL_SOL_SOCKET, RILL_SO_LINGER, &now, sizeof now);
    psock_free(run, ps);
}

/*
 * Our end hangs up when the program's is closed, but also when both directions are shut and it is still open. Only
 * then must it be looked for.
 */
static bool is_closed(struct run *run, const struct psock *ps)
{
    bool both_shut = ps->shut_send && (ps->eof_out || ps->shut_receive);

    return ps->hung_up && (!both_shut || !psock_exists(run, ps));
}

/* Nothing more comes from the pair. False: the socket is gone. */
static bool end_of_input(struct run *run, struct psock *ps, bool lost)
{
    psock_look_at_pair(ps); /* the end may have been read before its event was taken */
    if (lost || is_closed(run, ps)) {
        program_closed(run, ps, lost);
        return false;
    }
    if (!ps->eof_in)
        shut(run, ps);
    ps->eof_in = true;
    return true;
}

/*
 * All was read that was there when the last edge came, so another edge tells of what comes now. Not so in front of an
 * end or a mark: behind them there may be more, and no new edge.
 */
static bool is_emptied(const struct psock *ps, size_t got, size_t asked)
{
    return got < asked && !ps->more_behind && !ps->reserve && ps->carry == NULL;
}

/* How many bytes of the program's lie in the pair: all but the one that was put behind them. */
static size_t before_reserve(const struct psock *ps)
{
    int bytes = 0;

    return ioctl(ps->pair, FIONREAD, &bytes) == 0 && bytes > 1 ? (size_t)bytes - 1 : 0;
}

/*
 * As recv(2). What different processes sent is never read together, so the byte of ours comes alone: *is_reserve. It
 * does when another thread of the program wrote behind it, before the program's end was shut.
 */
static ssize_t read_and_see_who(const struct psock *ps, void *to, size_t bytes, int flags, bool *is_reserve)
{
    _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct ucred))];
    struct iovec piece = {to, bytes};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t n = recvmsg(ps->pair, &message, flags);
    const struct cmsghdr *first = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    struct ucred who = {.pid = 0};

    if (first != NULL && first->cmsg_level == SOL_SOCKET && first->cmsg_type == SCM_CREDENTIALS)
        memcpy(&who, CMSG_DATA(first), sizeof who);
    *is_reserve = who.pid == getpid();
    return n;
}

/* The program has shut its direction, and all that was before that is read. False: the socket is gone. */
static bool end_before_reserve(struct run *run, struct psock *ps)
{
    uint8_t byte;
    bool lost = false;

    psock_look_at_pair(ps);
    ps->readable = false;
    if (ps->hung_up) {
        (void)recv(ps->pair, &byte, 1, MSG_DONTWAIT);
        ps->reserve = false;
        lost = recv(ps->pair, &byte, 1, MSG_DONTWAIT) < 0 && errno == ECONNRESET;
    }
    return end_of_input(run, ps, lost);
}

/* False: the socket is gone. *moved: there may be more. */
static bool pump_out(struct run *run, struct psock *ps, bool *moved)
{
    size_t room;
    ssize_t n;
    bool urgent, is_reserve = false;
    int flags;

    *moved = false;
    if (!ps->readable || !send_carry(run, ps))
        return true;
    room = send_room(run, ps);
    if (room == 0 && !ps->hung_up)
        return true;
    urgent = is_urgent_next(ps);
    if (ps->reserve && before_reserve(ps) == 0)
        return end_before_reserve(run, ps);
    if (ps->reserve && room > before_reserve(ps))
        room = before_reserve(ps);
    if (room > SCRATCH_BYTES)
        room = SCRATCH_BYTES;
    flags = MSG_DONTWAIT | (room == 0 ? MSG_PEEK : 0);
    if (ps->reserve)
        n = read_and_see_who(ps, run->scratch, room == 0 || urgent ? 1 : room, flags, &is_reserve);
    else
        n = recv(ps->pair, run->scratch, room == 0 || urgent ? 1 : room, flags);
    if (n > 0 && room == 0)
        return true;
    if (n > 0 && is_reserve) {
        ps->reserve = false;
        *moved = true;
        return true;
    }
    if (n > 0) {
        *moved = true;
        to_stack(run, ps, run->scratch, (size_t)n, urgent ? RILL_MSG_OOB : 0);
        if (is_emptied(ps, (size_t)n, urgent ? 1 : room))
            ps->readable = *moved = false;
        return true;
    }
    if (n < 0 && errno == EAGAIN) {
        ps->readable = false;
        return true;
    }
    ps->readable = false;
    return end_of_input(run, ps, n < 0 && errno == ECONNRESET);
}

/* ------------------------------------------------- from the stack to the program */

/* The stack has no more: the end of the stream, or of the connection. */
static void end_of_output(struct run *run, struct psock *ps, int error)
{
    if (error == 0) {
        ps->eof_out = ps->peer_ended = true;
        shutdown(ps->pair, SHUT_WR);
    } else if (error < 0 && error != -RILL_EAGAIN) {
        ps->error = error;
        psock_reset(run, ps);
    }
}

static void discard(struct run *run, const struct psock *ps)
{
    while (rill_sock_recv(run->sockets, ps->fd, run->scratch, SCRATCH_BYTES, 0) > 0)
        continue;
}

/* How much the program's end took; 0: it is full. */
static size_t to_program(struct psock *ps, const struct msghdr *message, int flags)
{
    ssize_t n = sendmsg(ps->pair, message, MSG_DONTWAIT | MSG_NOSIGNAL | flags);

    if (n > 0)
        return (size_t)n;
    if (errno == EAGAIN || errno == ENOBUFS)
        ps->writable = false;
    else
        ps->hung_up = ps->readable = ps->more_behind = true; /* EPIPE: it is closed, and how is to be read */
    return 0;
}

/* The urgent byte, when the reader stands at it and has not had it; its place in the stream stays. */
static int64_t peek_urgent(struct run *run, const struct psock *ps)
{
    int at_mark = 0, is_inline = 0;
    uint32_t bytes = sizeof is_inline;

    if (rill_sock_ioctl(run->sockets, ps->fd, RILL_SIOCATMARK, &at_mark) != 0 || at_mark == 0)
        return 0;
    (void)rill_sock_getsockopt(run->sockets, ps->fd, RILL_SOL_SOCKET, RILL_SO_OOBINLINE, &is_inline, &bytes);
    return rill_sock_recv(run->sockets, ps->fd, run->scratch, 1, RILL_MSG_PEEK | (is_inline ? 0 : RILL_MSG_OOB));
}

/* With urgent data, where the mark is matters: only the sockets calls know it. False: stop for now. */
static bool pump_in_urgent(struct run *run, struct psock *ps)
{
    struct iovec piece = {run->scratch, 0};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    int64_t n = peek_urgent(run, ps);
    bool urgent = n == 1;

    if (!urgent)
        n = rill_sock_recv(run->sockets, ps->fd, run->scratch, URGENT_PIECE_BYTES, RILL_MSG_PEEK);
    if (n <= 0) {
        end_of_output(run, ps, (int)n);
        return false;
    }
    piece.iov_len = (size_t)n;
    n = (int64_t)to_program(ps, &message, urgent ? MSG_OOB : 0);
    if (n == 0)
        return false;
    if (urgent && rill_sock_recv(run->sockets, ps->fd, run->scratch, 1, RILL_MSG_OOB) == 1)
        return true;
    return rill_sock_recv(run->sockets, ps->fd, run->scratch, (size_t)n, 0) == n;
}

static bool pump_in(struct run *run, struct psock *ps)
{
    struct rill_slice slices[SLICES_MAX];
    struct iovec pieces[SLICES_MAX];
    struct msghdr message = {.msg_iov = pieces};
    rill_conn conn = rill_sock_conn(run->sockets, ps->fd);
    size_t total = 0, taken;
    int count;

    if (ps->eof_out || !ps->writable || ps->stuffing != 0)
        return false;
    if (ps->shut_receive) {
        discard(run, ps);
        return false;
    }
    if (ps->urgent)
        return pump_in_urgent(run, ps);
    count = rill_borrow(run->stack, conn, slices, SLICES_MAX);
    if (count <= 0) {
        /* What the socket says of the end, not the connection, which may be gone. */
        end_of_output(run, ps, (int)rill_sock_recv(run->sockets, ps->fd, run->scratch, 1, RILL_MSG_PEEK));
        return false;
    }
    for (int i = 0; i < count; i++) {
        pieces[i] = (struct iovec){(void *)(uintptr_t)slices[i].data, slices[i].length_bytes};
        total += slices[i].length_bytes;
    }
    message.msg_iovlen = (size_t)count;
    taken = to_program(ps, &message, 0);
    if (taken > 0)
        (void)rill_consume(run->stack, conn, taken);
    return taken == total;
}

void stream_progress(struct run *run, struct psock *ps)
{
    bool in = true, out = true;

    for (unsigned round = 0; round < ROUNDS_MAX && (in || out); round++) {
        if (out && !pump_out(run, ps, &out))
            return;
        in = in && ps->phase == PSOCK_OPEN && pump_in(run, ps);
        if (ps->phase != PSOCK_OPEN)
            return;
    }
    if (in || out)
        psock_mark_busy(run, ps);
    if (ps->waiters != NULL)
        stream_send_retry(run, ps);
    if (ps->hung_up && ps->eof_in && is_closed(run, ps))
        program_closed(run, ps, false);
}

bool stream_flush(struct run *run, struct psock *ps)
{
    bool moved = true;

    ps->readable = true; /* its event may not have been taken yet */
    while (moved && ps->phase == PSOCK_OPEN && !ps->hung_up && ps->readable)
        if (!pump_out(run, ps, &moved))
            return false;
    return true;
}
