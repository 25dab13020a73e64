/*
 * The marks of SO_TIMESTAMPING: see stamps.h. They lie in a buffer of the
 * stack's, which only a socket that asks for stamps has.
 */
#include "sockets/stamps.h"

#include "base/types.h"
#include "base/wrapping.h"
#include "sockets/option.h"
#include "sockets/sock.h"

#define MARKS 64u /* sends under way; one more goes unstamped */

#define RECORD_SENT ((uint32_t)RILL_STAMPING_TX_SOFTWARE)
#define RECORD_ANY (RECORD_SENT | (uint32_t)RILL_STAMPING_TX_SCHED | (uint32_t)RILL_STAMPING_TX_ACK)

struct mark {
    uint32_t end; /* of the send, in bytes written since there are marks, modulo 2^32 */
    uint32_t key;
    uint32_t owed;               /* 1 << enum stamp_kind: to be told */
    rill_time sent_at, acked_at; /* RILL_NEVER: not yet */
};

struct stamps {
    uint32_t written;  /* bytes, modulo 2^32 */
    uint32_t key_base; /* key of the first of them */
    uint32_t oldest, count;
    struct mark marks[MARKS];
};

static struct mark *mark_at(struct stamps *stamps, uint32_t index)
{
    return &stamps->marks[(stamps->oldest + index) % MARKS];
}

static bool begin(struct rill_sockets *s, struct sock *sock)
{
    uint8_t *bytes;
    struct below below;

    if (sock->stamps != NULL)
        return true;
    sock->stamps_buffer = rill_buffer_take(s->stack, sizeof(struct stamps), &bytes);
    if (sock->stamps_buffer == 0)
        return false;
    sock->stamps = (struct stamps *)(void *)bytes;
    memset(sock->stamps, 0, sizeof *sock->stamps);
    /* Linux counts from the oldest byte without an acknowledgement, or from what is written from now on. */
    if (sock_look(s, sock, &below) && (sock->options.stamping & RILL_STAMPING_OPT_ID_TCP) == 0)
        sock->stamps->key_base = below.unacked_bytes;
    option_flag(s, sock, RILL_OPTION_PROGRESS, true);
    return true;
}

/* Linux's sock_set_timestamping(). */
int stamps_set(struct rill_sockets *s, struct sock *sock, int flags)
{
    uint32_t wanted = (uint32_t)flags;
    bool new_id = (wanted & RILL_STAMPING_OPT_ID) != 0 && (sock->options.stamping & RILL_STAMPING_OPT_ID) == 0;

    if ((wanted & ~(uint32_t)RILL_STAMPING_ALL) != 0 ||
        ((wanted & RILL_STAMPING_OPT_ID_TCP) != 0 && (wanted & RILL_STAMPING_OPT_ID) == 0) ||
        ((wanted & RILL_STAMPING_OPT_STATS) != 0 && (wanted & RILL_STAMPING_OPT_TSONLY) == 0))
        return -RILL_EINVAL;
    if (sock->datagram)
        return wanted == 0 ? 0 : -RILL_EOPNOTSUPP;
    if (new_id && sock->phase != PHASE_OPEN && sock->phase != PHASE_CONNECTING)
        return -RILL_EINVAL;
    if (new_id)
        stamps_drop(s, sock); /* numbers begin anew */
    sock->options.stamping = wanted;
    /* Bytes are counted from the number's option on, though none is stamped yet. */
    if ((wanted & (RECORD_ANY | (uint32_t)RILL_STAMPING_OPT_ID)) != 0 && sock->phase != PHASE_LISTENING &&
        !begin(s, sock))
        return -RILL_ENOMEM;
    return 0;
}

static uint32_t owed_for(uint32_t stamping)
{
    return ((stamping & RECORD_SENT) != 0 ? 1u << STAMP_SENT : 0) |
           ((stamping & RILL_STAMPING_TX_SCHED) != 0 ? 1u << STAMP_SCHEDULED : 0) |
           ((stamping & RILL_STAMPING_TX_ACK) != 0 ? 1u << STAMP_ACKNOWLEDGED : 0);
}

void stamps_sent(struct rill_sockets *s, struct sock *sock, uint32_t length_bytes)
{
    uint32_t owed = owed_for(sock->options.stamping);
    struct stamps *stamps;
    struct mark *mark;

    if (owed != 0 && !begin(s, sock)) /* an accepted socket has the listener's option, and no marks yet */
        return;
    stamps = sock->stamps;
    if (stamps == NULL)
        return;
    stamps->written = wrapping_add(stamps->written, length_bytes);
    if (owed == 0 || stamps->count == MARKS)
        return;
    mark = mark_at(stamps, stamps->count++);
    *mark = (struct mark){.end = stamps->written, .owed = owed, .sent_at = RILL_NEVER, .acked_at = RILL_NEVER};
    if ((sock->options.stamping & RILL_STAMPING_OPT_ID) != 0)
        mark->key = wrapping_sub(wrapping_add(stamps->key_base, stamps->written), 1);
}

/* What has happened to the bytes up to here. */
static void note(struct stamps *stamps, uint32_t sent, uint32_t acked, rill_time now)
{
    for (uint32_t i = 0; i < stamps->count; i++) {
        struct mark *mark = mark_at(stamps, i);

        if (mark->sent_at == RILL_NEVER && !wrapping_before(sent, mark->end))
            mark->sent_at = now;
        if (mark->acked_at == RILL_NEVER && !wrapping_before(acked, mark->end))
            mark->acked_at = now;
    }
}

static void forget_told(struct stamps *stamps)
{
    while (stamps->count > 0 && mark_at(stamps, 0)->owed == 0) {
        stamps->oldest = (stamps->oldest + 1) % MARKS;
        stamps->count--;
    }
}

/* The connection is over: nothing more will happen to these. */
static void give_up(struct stamps *stamps)
{
    for (uint32_t i = 0; i < stamps->count; i++) {
        struct mark *mark = mark_at(stamps, i);

        if (mark->sent_at == RILL_NEVER)
            mark->owed = 0;
        if (mark->acked_at == RILL_NEVER)
            mark->owed &= ~(1u << STAMP_ACKNOWLEDGED);
    }
    forget_told(stamps);
}

bool stamps_event(struct rill_sockets *s, struct sock *sock, uint32_t what)
{
    struct stamps *stamps = sock->stamps;
    rill_time now = below_now(s->stack);
    struct below below;
    struct stamp next;

    if (stamps == NULL)
        return false;
    if (sock_look(s, sock, &below))
        note(stamps, wrapping_sub(stamps->written, below.unsent_bytes),
             wrapping_sub(stamps->written, below.unacked_bytes), now);
    else if ((what & (RILL_RESET | RILL_CLOSED)) == RILL_CLOSED)
        note(stamps, stamps->written, stamps->written, now); /* it ended well: the peer has everything */
    if ((what & RILL_RESET) != 0)
        give_up(stamps);
    return stamps_next(sock, &next);
}

static rill_time time_of(const struct mark *mark, enum stamp_kind kind)
{
    if ((mark->owed & 1u << kind) == 0)
        return RILL_NEVER;
    return kind == STAMP_ACKNOWLEDGED ? mark->acked_at : mark->sent_at;
}

/* The earliest; of one time, in the order of the sends and of what happens to each. */
static struct mark *find_next(struct stamps *stamps, struct stamp *out)
{
    static const enum stamp_kind order[] = {STAMP_SCHEDULED, STAMP_SENT, STAMP_ACKNOWLEDGED};
    struct mark *found = NULL;

    out->at = RILL_NEVER;
    for (uint32_t i = 0; i < stamps->count; i++) {
        struct mark *mark = mark_at(stamps, i);

        for (unsigned k = 0; k < 3; k++) {
            if (time_of(mark, order[k]) < out->at) {
                *out = (struct stamp){order[k], mark->key, time_of(mark, order[k])};
                found = mark;
            }
        }
    }
    return found;
}

bool stamps_next(const struct sock *sock, struct stamp *out)
{
    return sock->stamps != NULL && find_next(sock->stamps, out) != NULL;
}

void stamps_take(struct sock *sock, struct stamp *out)
{
    struct mark *mark = find_next(sock->stamps, out);

    mark->owed &= ~(1u << out->kind);
    forget_told(sock->stamps);
}

void stamps_drop(struct rill_sockets *s, struct sock *sock)
{
    if (sock->stamps == NULL)
        return;
    rill_buffer_give(s->stack, sock->stamps_buffer);
    sock->stamps = NULL;
    sock->stamps_buffer = 0;
}
