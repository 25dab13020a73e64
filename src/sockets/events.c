/*
 * What happened on the network, as a socket shows it: the pending error, the
 * directions that are shut, readiness (poll(2)) and who is told.
 */
#include "sockets/datagram.h"
#include "sockets/pipe.h"
#include "sockets/sock.h"
#include "sockets/stamps.h"
#include "sockets/zero_copy.h"

#include "base/types.h"

#define KEY_READABLE (RILL_POLLIN | RILL_POLLPRI | RILL_POLLRDNORM | RILL_POLLRDBAND)
#define KEY_WRITABLE (RILL_POLLOUT | RILL_POLLWRNORM | RILL_POLLWRBAND)

void sock_end(struct sock *sock)
{
    sock->phase = PHASE_CLOSED;
    sock->shut = SHUT_BOTH;
    sock->holds_port = sock->bound_port;
}

/* The end by a RST, a timeout or a network error. */
static void take_reset(struct sock *sock, int error)
{
    bool close_wait = sock->done && (sock->shut & SHUT_SEND) == 0;

    if (error == -RILL_ETIMEDOUT && sock->soft_error != 0)
        error = sock->soft_error; /* what the network said meanwhile explains it better (RFC 1122 4.2.3.9) */
    if (error == -RILL_ECONNRESET && close_wait)
        error = -RILL_EPIPE; /* nothing that was to be read is missing: only sending failed */
    sock->error = error;
}

/*
 * RFC 5461 3.1, 4: an opening connection gives up on what would be a soft error later, as Linux does, so that a
 * program with several addresses tries the next one.
 */
static void take_soft_error(struct rill_sockets *s, struct sock *sock, int error)
{
    if (error == -RILL_ETIMEDOUT)
        return; /* R1: no more than "it takes long" */
    if (sock->phase != PHASE_CONNECTING) {
        sock->soft_error = error;
        return;
    }
    (void)rill_abort(s->stack, sock->conn);
    sock->conn = 0;
    sock->error = error;
    sock_end(sock);
}

/* The urgent byte is next in the stream, and not part of it for the reader. */
static bool hole_is_next(const struct sock *sock, const struct below *below)
{
    return sock->urgent != URGENT_NONE && (sock->options.flags & RILL_OPTION_OOB_INLINE) == 0 &&
           sock->urgent_seq == below->reader;
}

static void take_urgent(struct rill_sockets *s, struct sock *sock)
{
    struct below below;

    if (!below_look(s->stack, sock->conn, &below) || !below.urgent)
        return;
    /* Linux: an urgent byte that stands next to be read when another one is announced is lost (telnet wants it so). */
    if (hole_is_next(sock, &below) && below.readable_bytes > 0)
        (void)rill_consume(s->stack, sock->conn, 1);
    sock->urgent = URGENT_AHEAD;
    sock->urgent_seq = seq_sub(seq_make(below.urgent_end), 1).v; /* RFC 6093 3.1: as everybody reads the pointer */
}

static void change_state(struct rill_sockets *s, struct sock *sock, const struct rill_event *event)
{
    if ((event->what & RILL_ESTABLISHED) != 0 && sock->phase == PHASE_CONNECTING)
        sock_established(s, sock);
    if ((event->what & RILL_PEER_CLOSED) != 0) {
        sock->done = true;
        sock->shut |= SHUT_RECEIVE;
    }
    if ((event->what & (RILL_RESET | RILL_CLOSED)) != 0) {
        if ((event->what & RILL_RESET) != 0)
            take_reset(sock, event->error);
        sock_end(sock);
    } else if ((event->what & RILL_SOFT_ERROR) != 0) {
        take_soft_error(s, sock, event->error);
    }
}

/* Data below the low-water mark wakes nobody. */
static bool has_enough(struct rill_sockets *s, struct sock *sock)
{
    struct below below;

    return !sock_look(s, sock, &below) || sock->done || below.readable_bytes >= sock->options.receive_low;
}

/* What was lent has come back, some or all of it. True when that is to be told. */
static bool take_returned(struct rill_sockets *s, struct sock *sock)
{
    int64_t lent = rill_lent(s->stack, sock->conn);

    zero_copy_returned(&sock->zero_copy, lent > 0 ? (uint32_t)lent : 0); /* of a connection that is gone: nothing */
    return zero_copy_waits(&sock->zero_copy);
}

bool rill_sockets_event(struct rill_sockets *s, const struct rill_event *event)
{
    const uint32_t state_changes = RILL_ESTABLISHED | RILL_PEER_CLOSED | RILL_RESET | RILL_CLOSED | RILL_SOFT_ERROR;
    struct file *file;
    uint32_t key = 0;

    if (event->user == 0 || event->user > s->max_descriptors)
        return false;
    file = &s->files[event->user - 1]; /* rill_options.user is the file's index + 1 */
    if (file->kind != FILE_SOCKET || file->sock.conn != event->conn)
        return false;
    if (file->sock.datagram) {
        datagram_event(s, file, event);
        return true;
    }
    if ((event->what & RILL_URGENT) != 0)
        take_urgent(s, &file->sock);
    change_state(s, &file->sock, event);
    if ((event->what & (RILL_URGENT | RILL_ACCEPTABLE)) != 0 ||
        ((event->what & RILL_READABLE) != 0 && has_enough(s, &file->sock)))
        key |= KEY_READABLE;
    if ((event->what & RILL_WRITABLE) != 0)
        key |= KEY_WRITABLE;
    if ((event->what & (RILL_RELEASED | RILL_RESET | RILL_CLOSED)) != 0 && take_returned(s, &file->sock))
        key |= RILL_POLLERR;
    if (file->sock.stamps != NULL && stamps_event(s, &file->sock, event->what))
        key |= RILL_POLLERR;
    if ((event->what & state_changes) != 0)
        file_signal(s, file, 0);
    else if (key != 0)
        file_signal(s, file, key);
    return true;
}

void catch_up(struct rill_sockets *s)
{
    struct rill_event event;

    while (rill_next(s->stack, &event)) {
        if (!rill_sockets_event(s, &event) && s->stranger != NULL)
            s->stranger(s->context, &event);
    }
}

bool sock_look(struct rill_sockets *s, struct sock *sock, struct below *out)
{
    if (sock->conn == 0 || !below_look(s->stack, sock->conn, out)) {
        *out = (struct below){.state = RILL_STATE_CLOSED};
        return false;
    }
    if (sock->phase == PHASE_OPEN && (out->state == RILL_STATE_TIME_WAIT || out->state == RILL_STATE_CLOSED))
        sock_end(sock);
    return true;
}

bool sock_urgent_arrived(const struct sock *sock, const struct below *below)
{
    return sock->urgent == URGENT_AHEAD &&
           seq_in_span(seq_make(sock->urgent_seq), seq_make(below->reader), below->readable_bytes);
}

static uint32_t mask_of_listener(const struct rill_sockets *s, const struct sock *sock)
{
    struct rill_status status;

    if (rill_status(s->stack, sock->conn, &status) != 0 || status.receive_queued == 0)
        return 0;
    return RILL_POLLIN | RILL_POLLRDNORM;
}

static uint32_t mask_of_stream(struct rill_sockets *s, const struct sock *sock, const struct below *below)
{
    uint32_t enough = max_u32(sock->options.receive_low, 1) + (hole_is_next(sock, below) ? 1u : 0u);
    uint32_t mask = 0;

    if (below->readable_bytes >= enough)
        mask |= RILL_POLLIN | RILL_POLLRDNORM;
    if ((sock->shut & SHUT_SEND) != 0 || sock->phase == PHASE_CLOSED || below->is_writable)
        mask |= RILL_POLLOUT | RILL_POLLWRNORM;
    else
        below_want_room(s->stack, sock->conn);
    if (sock_urgent_arrived(sock, below))
        mask |= RILL_POLLPRI;
    return mask;
}

/* Linux's tcp_poll(), whose combinations programs have learnt to rely on. */
static uint32_t sock_mask(struct rill_sockets *s, struct sock *sock)
{
    struct stamp stamp;
    struct below below;
    uint32_t mask = 0;

    if (sock->phase == PHASE_LISTENING)
        return mask_of_listener(s, sock);
    (void)sock_look(s, sock, &below);
    if (sock->shut == SHUT_BOTH || sock->phase == PHASE_CLOSED)
        mask |= RILL_POLLHUP;
    if ((sock->shut & SHUT_RECEIVE) != 0)
        mask |= RILL_POLLIN | RILL_POLLRDNORM | RILL_POLLRDHUP;
    if (sock->phase != PHASE_CONNECTING)
        mask |= mask_of_stream(s, sock, &below);
    else if (below.syn_waits)
        mask |= RILL_POLLOUT | RILL_POLLWRNORM;
    if (sock->error != 0 || zero_copy_waits(&sock->zero_copy) || stamps_next(sock, &stamp))
        mask |= RILL_POLLERR;
    return mask;
}

uint32_t file_mask(struct rill_sockets *s, struct file *file)
{
    if (is_datagram(file))
        return datagram_mask(s, &file->sock);
    if (file->kind == FILE_SOCKET)
        return sock_mask(s, &file->sock);
    if (file->kind == FILE_PIPE)
        return pipe_mask(s, file);
    return epoll_is_ready(s, &file->epoll) ? RILL_POLLIN | RILL_POLLRDNORM : 0;
}

int sock_take_error(struct sock *sock)
{
    int error = sock->error;

    sock->error = 0;
    return error;
}

int wait_for_more(struct rill_sockets *s, rill_time deadline)
{
    int error;

    if (s->wait == NULL || (deadline != RILL_NEVER && below_now(s->stack) >= deadline))
        return -RILL_EAGAIN;
    error = s->wait(s->context, deadline);
    catch_up(s);
    return error;
}

rill_time deadline_after(struct rill_sockets *s, rill_time interval)
{
    rill_time now = below_now(s->stack);

    return interval >= RILL_NEVER - now ? RILL_NEVER : now + interval;
}

rill_time deadline_after_ms(struct rill_sockets *s, int timeout_ms)
{
    return timeout_ms < 0 ? RILL_NEVER : deadline_after(s, (rill_time)timeout_ms * NANOS_PER_MS);
}
