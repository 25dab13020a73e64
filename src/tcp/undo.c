/*
 * Second thoughts: the segments taken for lost were only late. Three witnesses:
 * the timestamp echo of an ACK that answers the original (RFC 3522), D-SACKs
 * for all that was sent again (RFC 2883, RFC 3708), and F-RTO (RFC 5682).
 */
#include "tcp/rack.h"
#include "tcp/recovery.h"
#include "tcp/scoreboard.h"
#include "tcp/trace.h"

/* The episode is over; the one that it broke into goes on, unless SND.UNA has passed that as well. */
static void go_back(struct tcb *tcb, struct sender *sender)
{
    sender->state = SENDER_OPEN;
    if (sender->prior_state != SENDER_OPEN && seq_before(tcb->snd_una, sender->prior_high_seq)) {
        sender->state = sender->prior_state;
        sender->high_seq_is_recover = sender->prior_state != SENDER_CWR;
        sender->high_seq = sender->later_lost = sender->prior_high_seq;
        recovery_begin_reduction(tcb, sender, seq_offset(tcb->snd_una, tcb->snd_nxt));
    } else {
        sender->high_seq = seq_sub(tcb->snd_una, 1); /* RFC 5682 3.1: what is late may still prove to be lost */
    }
}

/* RFC 4015: what was taken is given back. */
static void undo(struct tcp *tcp, struct tcb *tcb)
{
    struct sender *sender = sender_at(tcp, tcb);

    tcb->cwnd = max_u32(tcb->cwnd, sender->prior_cwnd);
    tcb->ssthresh = max_u32(tcb->ssthresh, sender->prior_ssthresh);
    scoreboard_unlose(tcp, tcb);
    if (sender->state >= SENDER_RECOVERY)
        rack_recovered(tcp, tcb);
    go_back(tcb, sender);
    sender->frto = FRTO_NONE;
    sender->undo_possible = false;
    if (sender->has_reduced && cc_of(tcb)->undo != NULL)
        cc_of(tcb)->undo(tcp, tcb);
    host_count(tcp_host(tcp), RILL_COUNT_TCP_SPURIOUS, 1);
    trace_event(tcp, &tcb->ep, RILL_TRACE_LOSS, RILL_LOSS_SPURIOUS, tcb->snd_una.v);
    trace_event(tcp, &tcb->ep, RILL_TRACE_CWND, tcb->cwnd, tcb->ssthresh);
}

/*
 * RFC 3522 3.2 steps 4 and 5: the first ACK that covers the first retransmission echoes a stamp from before it. One that
 * only fills a hole which the episode before sent again says nothing.
 */
static bool eifel(const struct tcp *tcp, const struct tcb *tcb, struct sender *sender, const struct ack_sample *ack)
{
    if (!sender->undo_stamped || sender->undo_judged || !seq_after(tcb->snd_una, sender->undo_first))
        return false;
    sender->undo_judged = true;
    return ack->echo_age_ms != UINT32_MAX && ack->echo_age_ms > host_ms_since(&tcp->ip.host, sender->undo_stamp);
}

/* Every byte sent again has come twice. */
static bool all_came_twice(struct sender *sender, const struct ack_sample *ack)
{
    uint32_t bytes;

    if (!ack->dsack || sender->undo_again == 0 || sender->undo_again == UINT32_MAX ||
        seq_before(ack->dsack_block.start, sender->undo_una) || seq_after(ack->dsack_block.end, sender->high_seq))
        return false;
    bytes = seq_offset(ack->dsack_block.start, ack->dsack_block.end);
    sender->undo_again -= min_u32(bytes, sender->undo_again);
    return sender->undo_again == 0;
}

/* RFC 5682 3.1, and 2.1 where there is no SACK. True when the timeout was spurious. */
static bool frto_step(struct tcp *tcp, struct tcb *tcb, const struct ack_sample *ack)
{
    struct sender *sender = sender_at(tcp, tcb);
    bool advances = ack->acked_bytes > 0;

    if (sender->frto == FRTO_FIRST_ACK) { /* step 2 */
        if (!advances) {
            if ((tcb->flags & TCB_SACK) == 0)
                sender->frto = FRTO_NONE; /* 2.1 step 2 a: a duplicate ACK */
            return false;
        }
        /* Output sends the two segments that cwnd has become anew from unsent data; an ACK of all ends the episode. */
        sender->frto = FRTO_NEW_DATA;
        return false;
    }
    /* step 3 */
    if (seq_after(seq_max(tcb->snd_una, ack->sacked_end), sender->high_seq) ||
        (!advances && !ack->original_delivered)) {
        tcb->cwnd = min_u32(tcb->cwnd, 3u * tcb->snd_mss);
        sender->frto = FRTO_NONE;
        return false;
    }
    return true;
}

void undo_acked(struct tcp *tcp, struct tcb *tcb, const struct ack_sample *ack)
{
    struct sender *sender = sender_at(tcp, tcb);
    bool spurious = false;

    if (!sender->undo_possible)
        return;
    if (sender->state >= SENDER_RECOVERY)
        spurious = eifel(tcp, tcb, sender, ack);
    spurious = all_came_twice(sender, ack) || spurious;
    if (!spurious && sender->state == SENDER_LOSS && sender->frto != FRTO_NONE)
        spurious = frto_step(tcp, tcb, ack);
    if (spurious)
        undo(tcp, tcb);
}
