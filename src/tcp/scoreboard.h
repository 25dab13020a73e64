/*
 * The scoreboard: what was sent and when, and what became of it, by ranges of
 * sequence space (struct sent). Finding one costs the logarithm of their
 * number; what a packet may make it look at is bounded (base/work.h). The
 * work of forgetting what was cumulatively acknowledged is paid by its sending.
 */
#ifndef TCP_SCOREBOARD_H
#define TCP_SCOREBOARD_H

#include "tcp/cc.h"

/* To take a record for lost may cost so many steps beside its own, to put it into order among the others. */
#define SCOREBOARD_LOST_STEPS_MAX 16u
#define SCOREBOARD_LOST_FROM_MAX (WORK_STEPS_ACK_MAX - SCOREBOARD_LOST_STEPS_MAX)

static inline struct sent *sent_at(const struct tcp *tcp, ref r)
{
    return r == REF_NONE ? NULL : (struct sent *)host_at(&tcp->ip.host, r);
}

/* A record for what is about to be sent; NULL when memory is short, which it never is for the first one. */
struct sent *scoreboard_new(struct tcp *tcp, struct tcb *tcb);

/* [start, SND.NXT) was sent for the first time, cut in segment_bytes; flags: SENT_FIN. */
void scoreboard_sent_new(struct tcp *tcp, struct tcb *tcb, struct sent *record, struct seq start,
                         uint16_t segment_bytes, uint8_t flags);

/*
 * The first bytes of a record were sent again, up to `end`, which lies in it: what follows keeps its state. The
 * record that is now in flight.
 */
struct sent *scoreboard_sent_again(struct tcp *tcp, struct tcb *tcb, struct sent *record, struct seq end,
                                   uint16_t segment_bytes);

/* SND.UNA is to become `ack`: everything before it is delivered and forgotten. */
void scoreboard_acked(struct tcp *tcp, struct tcb *tcb, struct seq ack, struct ack_sample *ack_sample);

/* [start, end) within SND.UNA .. SND.NXT is SACKED. Whole segments only; false when the steps ran out. */
bool scoreboard_sacked(struct tcp *tcp, struct tcb *tcb, struct seq start, struct seq end,
                       struct ack_sample *ack_sample);

/* The last segment sent, as a record of its own; NULL when it is not in flight. */
struct sent *scoreboard_last_segment(struct tcp *tcp, struct tcb *tcb);

/* RFC 1191: segments of more than `mss` bytes do not fit any more: they go again, and it is no sign of congestion. */
void scoreboard_too_big(struct tcp *tcp, struct tcb *tcb, uint16_t mss);

/* The lost record that goes again next: the first of all that was sent (RFC 6298 5.4), if it is one; NULL: none is. */
struct sent *scoreboard_next_lost(const struct tcp *tcp, const struct scoreboard *board);

/* What a lost record has with the lost ones that follow on it, up to wanted_bytes; that many if a short walk is not enough. */
uint32_t scoreboard_lost_run(const struct tcp *tcp, const struct sent *record, uint32_t wanted_bytes);

/*
 * It is about to go again: lost records that follow on it become part of it until it has wanted_bytes, so that full
 * segments leave. How the original segments were cut is forgotten with that.
 */
void scoreboard_gather_lost(struct tcp *tcp, struct tcb *tcb, struct sent *record, uint32_t wanted_bytes);

/* An in-flight record, or its first bytes up to `end`, is taken for lost. */
void scoreboard_lost(struct tcp *tcp, struct tcb *tcb, struct sent *record, struct seq end);

/* Nothing that is LOST was: back in flight. */
void scoreboard_unlose(struct tcp *tcp, struct tcb *tcb);

/* The peer reneged (RFC 2018 8): nothing is SACKED any more, all of it is LOST. */
void scoreboard_renege(struct tcp *tcp, struct tcb *tcb);

/* The record that holds `at`; NULL when none does. */
struct sent *scoreboard_find(const struct tcp *tcp, const struct tcb *tcb, struct seq at);

void scoreboard_clear(struct tcp *tcp, struct tcb *tcb);

bool scoreboard_check(const struct tcp *tcp, const struct tcb *tcb);

#endif
