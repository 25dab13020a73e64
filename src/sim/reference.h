/*
 * The reference peer: a small TCP, written from RFC 9293 apart from the
 * engine and sharing no line with it, so that a misunderstanding common to
 * both of rill's ends cannot hide. Go-back-N, in order only, MSS the only
 * option. Its vices, when it has any, are what bad peers do.
 */
#ifndef SIM_REFERENCE_H
#define SIM_REFERENCE_H

#include "sim/choices.h"

struct end;
struct frame;
struct host_sim;
struct world;

enum reference_state {
    REFERENCE_CLOSED,
    REFERENCE_SYN_SENT,
    REFERENCE_SYN_RECEIVED,
    REFERENCE_OPEN, /* ESTABLISHED and all behind it: what was sent and what came says which */
    REFERENCE_TIME_WAIT
};

/* One connection: that of the session with the same index. */
struct reference {
    struct choices choices;
    uint64_t timer_at, probe_at;       /* retransmission, or the probe of a shut window; is anybody there? */
    uint64_t read_at, ack_at, gone_at; /* the next read, a late ACK, the end of TIME-WAIT */
    enum reference_state state;
    uint32_t iss, una, nxt, max; /* nxt goes back to una when the timer is up; max never does */
    uint32_t wnd, wl1, wl2;
    uint32_t irs, rcv_nxt, edge;
    uint32_t buffer_bytes, unread;
    uint32_t burst; /* segments at a time */
    uint16_t local_port, remote_port, mss;
    uint8_t remote_host, backoff;
    bool owes_ack, has_fin, closes_first, takes_sack;
};

/* X(symbol): what a peer may do to others (a seed draws which). The stream stays right in all of them. */
#define REFERENCE_VICES(X)                                                                                             \
    X(TINY_SEGMENTS)  /* a few bytes at a time */                                                                      \
    X(OVERLAPS)       /* text again, cut elsewhere */                                                                  \
    X(ACK_DIVISION)   /* many ACKs for one segment, each for a part of it (RFC 3465 2.3) */                            \
    X(DUPLICATE_ACKS) /* ACKs that say nothing new */                                                                  \
    X(SHRINKS_WINDOW) /* takes back what it offered */                                                                 \
    X(SACK_LIES)      /* acknowledges text that never came, and forgets it (reneges) */                                \
    X(STRETCH_ACKS)   /* one ACK for many segments, late */                                                            \
    X(BARE_URGENT)    /* urgent pointers anywhere */

#define VICE_X(symbol) VICE_##symbol,
enum reference_vice { REFERENCE_VICES(VICE_X) VICES };
#undef VICE_X

void references_init(struct world *world);

void reference_connect(struct world *world, struct end *end);
void reference_arrival(struct world *world, struct host_sim *host, struct frame *frame);

/* Timers that are up; the next one is set. */
void reference_turn(struct world *world, struct host_sim *host);

void reference_heal(struct world *world, struct host_sim *host);

/* With a RST; the end is the caller's to end. */
void reference_abort(struct world *world, const struct end *end);

/* Whether the end's connection is there and well. */
bool reference_is_well(const struct world *world, const struct end *end);

/* No connection is left. */
bool reference_is_gone(const struct world *world);

#endif
