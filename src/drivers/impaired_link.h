/*
 * One direction of an impaired wire, without the wire: packets go in at a time
 * and come out later, fewer, more, elsewhere in the order, or with a bit
 * flipped. In this order: loss, a policer, corruption, a queue before a
 * bottleneck that drops its tail and may mark (ECN) or run CoDel, delay and
 * jitter, scatter, reordering, duplication.
 */
#ifndef DRIVERS_IMPAIRED_LINK_H
#define DRIVERS_IMPAIRED_LINK_H

#include "drivers/fault_streams.h"
#include "drivers/queue_policy.h"
#include "rill/driver.h"

/* A packet on its way, in memory of the link. */
struct flight {
    struct flight *next;
    rill_time starts; /* when its first bit leaves the queue for the bottleneck */
    rill_time due;    /* when its last bit arrives; held packets: when they are let go at the latest */
    rill_time scatter;
    uint64_t serial; /* of its entry */
    uint32_t held_for_packets;
    uint32_t passed_by; /* of those, as many have */
    uint32_t copies;
    uint32_t length_bytes;
    uint16_t segment_bytes, flags; /* of struct rill_packet */
    uint8_t data[];
};

struct flights {
    struct flight *head, *tail;
};

struct impaired_link {
    struct rill_impairment impairment;
    struct rill_impaired_counts counts;
    struct fault_streams streams;
    struct flights travelling; /* in order of entry, so in order of starts and of due as well */
    struct flights scattered;  /* in order of due */
    struct flights held;       /* in order of due */
    struct flights ready;      /* arrived, not taken yet; in order of delivery */
    struct flight *waiting;    /* the first of travelling that waits in the queue */
    uint64_t waiting_bytes;    /* of it and all behind it */
    uint64_t owned_bytes;      /* of all packets, whatever list they are in */
    rill_time free_at;         /* when the bottleneck has sent all that was let into the queue */
    uint64_t remainder;        /* of the division that made free_at, so that the rate is exact in the long run */
    rill_time last_due;
    struct token_bucket bucket;
    struct codel codel;
    uint64_t newest_serial; /* of those that have arrived */
};

void impaired_link_init(struct impaired_link *link, const struct rill_impairment *impairment, const char *direction);
void impaired_link_free(struct impaired_link *link);

/* A packet enters now; it is copied. Its buffer member does not matter. */
void impaired_link_enter(struct impaired_link *link, const struct rill_packet *packet, rill_time now);

/* Let everything arrive that is due by now. */
void impaired_link_advance(struct impaired_link *link, rill_time now);

/* The next packet that has arrived, NULL when there is none; impaired_link_taken() counts one copy as delivered. */
const struct flight *impaired_link_peek(const struct impaired_link *link);

/* Returns the flight when that was its last copy: it is the caller's, to be given back with impaired_link_forget(). */
struct flight *impaired_link_taken(struct impaired_link *link);
void impaired_link_forget(struct impaired_link *link, struct flight *flight);

/* When impaired_link_advance() has something to do next; RILL_NEVER. */
rill_time impaired_link_deadline(const struct impaired_link *link);

#endif
