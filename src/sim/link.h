/*
 * One direction between two hosts: frames enter, and leave later, damaged,
 * more than once or never, as its faults say.
 */
#ifndef SIM_LINK_H
#define SIM_LINK_H

#include "sim/cuts.h"
#include "sim/event_queue.h"
#include "sim/packet_oracle.h"
#include "sim/scenario.h"

/* A packet on its way. */
struct frame {
    struct frame *next;
    struct packet_seen facts;
    uint32_t incarnation; /* packet_oracle_sent() */
    rill_time entered_at;
    uint32_t length_bytes;
    uint16_t segment_bytes, flags; /* of struct rill_packet */
    uint8_t from, to, size_class;
    bool is_damaged, is_copy, is_forged, is_fragment;
    uint8_t data[];
};

#define FRAME_CLASSES 4u

/* Frames that are free, by size. */
struct frames {
    struct frame *free[FRAME_CLASSES];
    uint64_t live;
};

struct frame *frame_take(struct frames *frames, uint32_t length_bytes);
void frame_give(struct frames *frames, struct frame *frame);
void frames_free(struct frames *frames);

enum link_stream {
    LINK_LOSS,
    LINK_BURST,
    LINK_DUPLICATE,
    LINK_COPY,
    LINK_REORDER,
    LINK_CORRUPT,
    LINK_JITTER,
    LINK_SPIKE,
    LINK_MARK,
    LINK_STREAMS
};

struct link {
    struct link_faults faults;
    struct choices streams[LINK_STREAMS];
    const struct mishaps *only; /* NULL: any frame may meet with a mishap */
    struct mishaps *met;        /* where those that did are noted; NULL: nowhere */
    uint32_t entered;           /* frames so far */
    uint32_t mtu;               /* 0: any */
    bool is_black_hole;         /* what is larger than the MTU is lost without a word */
    uint32_t kth_seen;
    bool is_in_burst;
    uint16_t fragment_id; /* of the packet that was cut last */
    rill_time cut_until;
    rill_time free_at, last_arrival;
};

struct link_counts {
    uint64_t sent, lost, copies, damaged;
};

void link_init(struct link *link, uint64_t seed, const struct link_faults *faults, unsigned from, unsigned to);

/*
 * A fragment of a packet that a tunnel cuts: what of its data lies from `at` on, no more than the link's faults say.
 * Moves `at` on. For hosts that put fragments together.
 */
struct frame *link_cut(struct link *link, struct frames *frames, const struct frame *whole, uint32_t *at);

/* From now on perfect; what is on its way still comes. */
void link_heal(struct link *link);

/* The frame enters: its arrivals are pushed as events. Takes the frame. */
void link_enter(struct link *link, struct frames *frames, struct event_queue *queue, struct link_counts *counts,
                struct frame *frame, rill_time now);

#endif
