/*
 * RFC 8985 6: every record has the time of its last sending; once one that was
 * sent later has arrived, what was sent earlier is late, and lost when the
 * reordering window has passed, too.
 */
#include "tcp/rack.h"

#include "tcp/counts.h"
#include "tcp/scoreboard.h"

#define RTT_US_MAX (120u * 1000000u) /* longer ones are measured as this */
#define DUP_THRESH 3u                /* RFC 5681 */
#define MIN_RTT_WINDOW_US 300000000u /* RACK.min_RTT is forgotten after this, so that it can follow a longer path */
#define REO_WND_PERSIST 16u          /* 6.2 step 4 */

/* RACK_sent_after() of 6.2 step 2 */
static bool sent_after(uint32_t t1, struct seq end1, uint32_t t2, struct seq end2)
{
    return wrapping_before(t2, t1) || (t1 == t2 && seq_after(end1, end2));
}

static void min_rtt(const struct tcp *tcp, struct sender *sender, uint32_t rtt_us)
{
    if (sender->min_rtt_us != 0 && rtt_us > sender->min_rtt_us &&
        host_us_since(&tcp->ip.host, sender->min_rtt_at_us) < MIN_RTT_WINDOW_US)
        return;
    sender->min_rtt_us = rtt_us;
    sender->min_rtt_at_us = host_us(&tcp->ip.host);
}

/* Step 3: a never retransmitted one below what has already arrived. Called in ascending order of sequence. */
static void detect_reordering(const struct tcp *tcp, const struct tcb *tcb, const struct sent *record)
{
    struct sender *sender = sender_at(tcp, tcb);

    if (!sender->rack_valid || seq_after(record->span.end, sender->rack_fack))
        sender->rack_fack = record->span.end;
    else if (seq_before(record->span.end, sender->rack_fack) && (record->flags & SENT_AGAIN) == 0) {
        sender->reordering_seen = true;
        if (counts_of(tcp, tcb) != NULL)
            counts_of(tcp, tcb)->reorderings++;
    }
}

/*
 * Step 2: its RTT may be that of an earlier transmission. An echo that is too old says so of what was next in order
 * only: for what came ahead of a gap the peer echoes the last segment before the gap (RFC 7323 4.3).
 */
static bool is_ambiguous(const struct sender *sender, const struct sent *record, const struct ack_sample *ack,
                         uint32_t rtt_us)
{
    if ((record->flags & SENT_AGAIN) == 0)
        return false;
    if (!ack->is_ahead && ack->echo_age_ms != UINT32_MAX && ack->echo_age_ms > rtt_us / 1000 + 1)
        return true;
    /* A little less is none: a probe is often small, and passes a link sooner than the full segments did. */
    return rtt_us < sender->min_rtt_us - sender->min_rtt_us / 32;
}

void rack_delivered(struct tcp *tcp, struct tcb *tcb, const struct sent *record, struct ack_sample *ack)
{
    struct sender *sender = sender_at(tcp, tcb);
    uint32_t rtt_us = min_u32(max_u32(host_us_since(tcp_host(tcp), record->sent_us), 1), RTT_US_MAX);

    detect_reordering(tcp, tcb, record);
    if ((record->flags & SENT_AGAIN) != 0) {
        ack->again_delivered = true;
    } else {
        min_rtt(tcp, sender, rtt_us);
        ack->oldest_rtt_us = max_u32(ack->oldest_rtt_us, rtt_us);
    }
    if (is_ambiguous(sender, record, ack, rtt_us))
        return;
    if (ack->rtt_us == 0 || sent_after(record->sent_us, record->span.end, ack->rtt_sent_us, ack->rtt_end)) {
        ack->rtt_sent_us = record->sent_us;
        ack->rtt_end = record->span.end;
        ack->rtt_us = rtt_us;
        sender->rack_rtt_us = rtt_us;
    }
    if (!sender->rack_valid || sent_after(record->sent_us, record->span.end, sender->rack_sent_us, sender->rack_end)) {
        sender->rack_sent_us = record->sent_us;
        sender->rack_end = record->span.end;
        sender->rack_valid = true;
    }
}

void rack_dsack(struct tcp *tcp, struct tcb *tcb, const struct ack_sample *ack)
{
    struct sender *sender = sender_at(tcp, tcb);

    if (sender->dsack_round_valid && !seq_before(tcb->snd_una, sender->dsack_round))
        sender->dsack_round_valid = false;
    if (!ack->dsack || sender->dsack_round_valid)
        return;
    sender->dsack_round = tcb->snd_nxt;
    sender->dsack_round_valid = true;
    sender->reo_wnd_persist = REO_WND_PERSIST;
    if (sender->reo_wnd_mult < UINT8_MAX)
        sender->reo_wnd_mult++;
}

void rack_recovered(struct tcp *tcp, struct tcb *tcb)
{
    struct sender *sender = sender_at(tcp, tcb);

    if (sender->reo_wnd_persist > 0 && --sender->reo_wnd_persist == 0)
        sender->reo_wnd_mult = 1;
}

/* 6.2 step 4: RACK.reo_wnd now. */
static uint32_t reorder_window_us(const struct tcp *tcp, const struct tcb *tcb)
{
    const struct sender *sender = sender_at(tcp, tcb);

    if (!sender->reordering_seen && (sender->state >= SENDER_RECOVERY || sender->board.sacked_segments >= DUP_THRESH))
        return 0;
    return (uint32_t)min_u64((uint64_t)sender->reo_wnd_mult * sender->min_rtt_us / 4, tcb->srtt_us8 >> 3);
}

/* How old a record in flight may be before it is lost. */
static uint32_t patience_us(const struct tcp *tcp, const struct tcb *tcb)
{
    return sender_at(tcp, tcb)->rack_rtt_us + reorder_window_us(tcp, tcb);
}

static void arm_reorder_timer(struct tcp *tcp, struct tcb *tcb, uint32_t wait_us)
{
    struct sender *sender = sender_at(tcp, tcb);

    if (wait_us > 0) {
        sender->timer = SENDER_TIMER_REORDER;
        sender->early_at = tcp_host(tcp)->now + wait_us * NANOS_PER_US;
    } else if (sender->timer == SENDER_TIMER_REORDER) {
        sender->early_at = NANOS_NEVER;
    }
}

/* RFC 5681 4.3: what makes this more than the loss that the episode at hand is about. */
static void note_loss(struct sender *sender, const struct sent *record)
{
    if ((record->flags & SENT_AGAIN) != 0 && !wrapping_before(record->sent_us, sender->episode_us))
        sender->again_lost = true;
    sender->later_lost = seq_max(sender->later_lost, record->span.end);
}

uint32_t rack_detect_loss(struct tcp *tcp, struct tcb *tcb)
{
    struct sender *sender = sender_at(tcp, tcb);
    uint32_t age_max_us, wait_us = 0, lost_bytes = 0;
    struct sent *record = sent_at(tcp, sender->board.in_flight.first);

    if (!sender->rack_valid)
        return 0;
    age_max_us = patience_us(tcp, tcb);
    /* Of one instant, the list is in order of sequence as well: what is behind the first that is not late is not. */
    while (record != NULL && sent_after(sender->rack_sent_us, sender->rack_end, record->sent_us, record->span.end)) {
        struct sent *later = sent_at(tcp, record->later);
        uint32_t age_us = host_us_since(tcp_host(tcp), record->sent_us);

        if (!work_may_step(&tcp_host(tcp)->work, SCOREBOARD_LOST_FROM_MAX)) {
            wait_us = max_u32(wait_us, 1); /* at once, but as an event of its own */
            break;
        }
        if (age_us >= age_max_us) {
            if (likely((record->flags & SENT_MTU_PROBE) == 0)) { /* RFC 4821 4: lost alone, no sign of congestion */
                lost_bytes += sent_data_bytes(record);
                note_loss(sender, record);
            }
            scoreboard_lost(tcp, tcb, record, record->span.end);
        } else {
            wait_us = max_u32(wait_us, age_max_us - age_us);
        }
        record = later;
    }
    arm_reorder_timer(tcp, tcb, wait_us);
    return lost_bytes;
}

void rack_timeout(struct tcp *tcp, struct tcb *tcb)
{
    struct sender *sender = sender_at(tcp, tcb);
    struct sent *record = sent_at(tcp, sender->board.in_flight.first);
    bool by_time = (tcb->flags & TCB_SACK) != 0 && sender->rack_valid;
    uint32_t age_max_us = by_time ? patience_us(tcp, tcb) : 0;

    while (record != NULL) {
        struct sent *later = sent_at(tcp, record->later);

        if (record->span.previous == REF_NONE || host_us_since(tcp_host(tcp), record->sent_us) >= age_max_us)
            scoreboard_lost(tcp, tcb, record, record->span.end);
        record = later;
    }
}
