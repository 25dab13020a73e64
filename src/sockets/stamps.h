/*
 * SO_TIMESTAMPING of streams: when the last byte of a send was first sent and
 * when it was acknowledged, told through the error queue as Linux tells it. A
 * time is that of the turn in which the stack's event was taken.
 */
#ifndef SOCKETS_STAMPS_H
#define SOCKETS_STAMPS_H

#include "sockets/sockets.h"

enum stamp_kind { STAMP_SENT, STAMP_SCHEDULED, STAMP_ACKNOWLEDGED }; /* SCM_TSTAMP_...'s numbers */

struct stamp {
    enum stamp_kind kind;
    uint32_t key; /* RILL_STAMPING_OPT_ID: the byte's number; else 0 */
    rill_time at;
};

/* The option: 0, or -RILL_EINVAL, -RILL_EOPNOTSUPP, -RILL_ENOMEM. */
int stamps_set(struct rill_sockets *s, struct sock *sock, int flags);

/* A send put so many bytes into the queue. Without memory it goes unstamped. */
void stamps_sent(struct rill_sockets *s, struct sock *sock, uint32_t length_bytes);

/* What an event says of them (enum rill_what). True when there is something to tell. */
bool stamps_event(struct rill_sockets *s, struct sock *sock, uint32_t what);

/* The oldest that was not told yet; false when there is none. Then take it. */
bool stamps_next(const struct sock *sock, struct stamp *out);
void stamps_take(struct sock *sock, struct stamp *out);

/* The socket ends. */
void stamps_drop(struct rill_sockets *s, struct sock *sock);

#endif
