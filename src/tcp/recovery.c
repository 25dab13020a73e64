/*
 * RFC 6675 5 with RFC 8985 as the judge of what is lost; RFC 6582 where the
 * peer has no SACK; RFC 6937 for the window.
 */
#include "tcp/recovery.h"

#include "tcp/counts.h"
#include "tcp/ecn.h"
#include "tcp/limits.h"
#include "tcp/mtu.h"
#include "tcp/pacing.h"
#include "tcp/rack.h"
#include "tcp/scoreboard.h"
#include "tcp/send_queue.h"
#include "tcp/trace.h"

#define DUP_THRESH 3u /* RFC 5681 3.2 */

uint32_t sender_flight(const struct tcp *tcp, const struct tcb *tcb)
{
    const struct sender *sender;

    if (tcb->sender == REF_NONE)
        return 0;
    sender = sender_at(tcp, tcb);
    return sender->board.flight_bytes - min_u32(sender->duplicate_bytes, sender->board.flight_bytes);
}

static bool has_sack(const struct tcb *tcb)
{
    return (tcb->flags & TCB_SACK) != 0;
}

/*
 * RFC 5681's FlightSize, without what limited transmit added (3.2 step 2), and with what the windows have let go but has
 * not left yet: that pacing spreads it, or that the ACK which let it go is this one, says nothing of the path.
 */
static uint32_t flight_size(const struct tcp *tcp, const struct tcb *tcb)
{
    uint32_t in_flight = seq_offset(tcb->snd_una, tcb->snd_nxt);
    uint32_t let_go = min_u32(seq_offset(tcb->snd_una, send_queue_end(tcp, tcb)), tcb->snd_wnd);

    if (limits_of(tcp, tcb)->pacing_rate != 0)
        let_go = 0; /* the application's bound may keep it back for good */
    return min_u32(max_u32(in_flight, let_go), tcb->cwnd);
}

/*
 * RFC 4015 3.2: what undo gives back is what this episode takes, not what one before it took, whose loss was real.
 * Timeouts in a row are one, and what the first sent again is the measure (RFC 3522 3.2 step 2).
 */
static void remember_window(const struct tcb *tcb, struct sender *sender)
{
    bool led =
        (sender->state == SENDER_CWR || sender->state == SENDER_RECOVERY) && (cc_of(tcb)->traits & CC_OWN_WINDOW) == 0;

    if (sender->state == SENDER_LOSS && tcb->ep.own_backoff > 1)
        return;
    sender->prior_cwnd = led ? tcb->ssthresh : tcb->cwnd;
    sender->prior_ssthresh = tcb->ssthresh;
    sender->prior_state = sender->state == SENDER_LOSS ? SENDER_OPEN : sender->state;
    sender->prior_high_seq = sender->high_seq;
    sender->undo_stamped = sender->undo_judged = false;
    sender->undo_una = tcb->snd_una;
    sender->undo_again = 0;
}

void recovery_begin_reduction(const struct tcb *tcb, struct sender *sender, uint32_t flight_bytes)
{
    sender->prr_delivered = sender->prr_out = 0;
    sender->recover_flight = max_u32(flight_bytes, tcb->snd_mss);
}

/* The state changes, and what it breaks into is remembered. */
static void enter(struct tcp *tcp, struct tcb *tcb, enum sender_state state, enum cc_event event)
{
    struct sender *sender = sender_at(tcp, tcb);

    mtu_probe_not_alone(tcp, tcb, event);
    remember_window(tcb, sender);
    sender->undo_possible = event != CC_ECN;
    sender->again_lost = false;
    sender->tlp_in_flight = sender->tlp_due = false;
    sender->frto = FRTO_NONE;
    sender->state = (uint8_t)state;
    sender->high_seq_is_recover = state != SENDER_CWR;
}

static void begin_episode(struct tcp *tcp, struct tcb *tcb, enum sender_state state, enum cc_event event,
                          uint32_t flight_bytes)
{
    struct sender *sender = sender_at(tcp, tcb);

    enter(tcp, tcb, state, event);
    sender->has_reduced = true;
    sender->high_seq = sender->later_lost = tcb->snd_nxt;
    sender->episode_us = host_us(tcp_host(tcp));
    recovery_begin_reduction(tcb, sender, max_u32(flight_bytes, sender_flight(tcp, tcb))); /* marks may have cut cwnd */
    cc_of(tcb)->congestion(tcp, tcb, event, flight_bytes);
    ecn_window_reduced(tcb);
    trace_event(tcp, &tcb->ep, RILL_TRACE_CWND, tcb->cwnd, tcb->ssthresh);
}

/* RFC 3168 6.1.2, RFC 8511 4.2: a mark has reduced the window already. RFC 5681 4.3: but a retransmission was lost. */
static bool is_reduced_for(const struct tcb *tcb, const struct sender *sender)
{
    return sender->state == SENDER_CWR && !sender->again_lost && (cc_of(tcb)->traits & CC_OWN_WINDOW) == 0;
}

/*
 * The reduction goes on, up to the same high_seq: what was sent since is another window's. Without SACK they cannot be
 * told apart, and RFC 6582's recover is all that was sent.
 */
static void recover_without_reduction(struct tcp *tcp, struct tcb *tcb)
{
    struct sender *sender = sender_at(tcp, tcb);

    enter(tcp, tcb, SENDER_RECOVERY, CC_LOSS);
    sender->has_reduced = false;
    if (!has_sack(tcb))
        sender->high_seq = sender->later_lost = tcb->snd_nxt;
}

static void end_episode(struct tcp *tcp, struct tcb *tcb)
{
    struct sender *sender = sender_at(tcp, tcb);
    bool own_window = (cc_of(tcb)->traits & CC_OWN_WINDOW) != 0;

    if (sender->state == SENDER_OPEN)
        return;
    if (sender->state != SENDER_LOSS && !own_window) {
        tcb->cwnd = tcb->ssthresh;
        if (!has_sack(tcb)) /* RFC 6582 3.2 step 3, full acknowledgment (1): no burst */
            tcb->cwnd =
                min_u32(tcb->ssthresh, max_u32(seq_offset(tcb->snd_una, tcb->snd_nxt), tcb->snd_mss) + tcb->snd_mss);
    }
    if (sender->state >= SENDER_RECOVERY)
        rack_recovered(tcp, tcb);
    sender->state = SENDER_OPEN;
    sender->frto = FRTO_NONE;
    if (cc_of(tcb)->recovered != NULL)
        cc_of(tcb)->recovered(tcp, tcb);
    trace_event(tcp, &tcb->ep, RILL_TRACE_LOSS, RILL_LOSS_RECOVERED, tcb->snd_una.v);
    trace_event(tcp, &tcb->ep, RILL_TRACE_CWND, tcb->cwnd, tcb->ssthresh);
}

void sender_reduce(struct tcp *tcp, struct tcb *tcb)
{
    if (!sender_make(tcp, tcb) || sender_at(tcp, tcb)->state != SENDER_OPEN)
        return;
    begin_episode(tcp, tcb, SENDER_CWR, CC_ECN, flight_size(tcp, tcb));
}

/*
 * RFC 6937 3, the share in whole segments as in its figures (ADR 0015), with the bound chosen by whether the ACK shows
 * progress without new loss, as its successor does.
 */
static void proportional_rate_reduction(struct tcp *tcp, struct tcb *tcb, const struct ack_sample *ack)
{
    struct sender *sender = sender_at(tcp, tcb);
    uint32_t pipe = sender_flight(tcp, tcb);
    uint32_t send = 0;

    sender->prr_delivered += ack->delivered_bytes;
    if (pipe > tcb->ssthresh) {
        uint64_t share = (uint64_t)sender->prr_delivered * tcb->ssthresh / sender->recover_flight;
        uint32_t due = (uint32_t)min_u64((share + tcb->snd_mss - 1) / tcb->snd_mss * tcb->snd_mss, CWND_MAX);

        send = due > sender->prr_out ? due - sender->prr_out : 0;
    } else {
        uint32_t behind = sender->prr_delivered > sender->prr_out ? sender->prr_delivered - sender->prr_out : 0;

        send = max_u32(behind, ack->delivered_bytes);
        if (ack->acked_bytes > 0 && ack->lost_bytes == 0)
            send += tcb->snd_mss; /* slow start towards ssthresh */
        send = min_u32(send, tcb->ssthresh - pipe);
    }
    if (sender->prr_out == 0 || (sender->state == SENDER_RECOVERY && !sender->undo_stamped))
        send = max_u32(send, tcb->snd_mss); /* the fast retransmit goes at once */
    tcb->cwnd = min_u32(pipe + send, CWND_MAX);
    trace_event(tcp, &tcb->ep, RILL_TRACE_CWND, tcb->cwnd, tcb->ssthresh);
}

static void move_window(struct tcp *tcp, struct tcb *tcb, struct ack_sample *ack)
{
    const struct cc_ops *cc = cc_of(tcb);
    struct sender *sender = sender_at(tcp, tcb);

    if ((cc->traits & CC_OWN_WINDOW) != 0) {
        if (ack->delivered_bytes > 0)
            cc->acked(tcp, tcb, ack);
        return;
    }
    if (sender->state == SENDER_CWR || sender->state == SENDER_RECOVERY) {
        proportional_rate_reduction(tcp, tcb, ack);
        return;
    }
    if (ack->acked_bytes > 0 && !ack->recovered) /* RFC 5681 3.2 step 6: with this ACK cwnd is ssthresh */
        cc->acked(tcp, tcb, ack);
}

/* Losses were found. */
static void on_loss(struct tcp *tcp, struct tcb *tcb, enum rill_trace_loss why)
{
    struct sender *sender = sender_at(tcp, tcb);
    bool again = sender->state == SENDER_RECOVERY && sender->again_lost;

    if (sender->state >= SENDER_RECOVERY && !again) /* RFC 5681 4.3: the loss of a retransmission counts anew */
        return;
    if (is_reduced_for(tcb, sender))
        recover_without_reduction(tcp, tcb);
    else
        begin_episode(tcp, tcb, SENDER_RECOVERY, CC_LOSS, flight_size(tcp, tcb));
    host_count(tcp_host(tcp), RILL_COUNT_TCP_FAST_RETRANSMITS, 1);
    trace_event(tcp, &tcb->ep, RILL_TRACE_LOSS, why, tcb->snd_una.v);
}

/* Without SACK there is one hole that is known: the first segment. */
static void first_is_lost(struct tcp *tcp, struct tcb *tcb, struct ack_sample *ack)
{
    struct sent *record = sent_at(tcp, sender_at(tcp, tcb)->board.all.first);
    uint32_t bytes;

    if (record == NULL || (record->flags & (SENT_LOST | SENT_SACKED)) != 0)
        return;
    bytes = min_u32(sent_bytes(record), tcb->snd_mss);
    scoreboard_lost(tcp, tcb, record, seq_add(record->span.start, bytes));
    ack->lost_bytes += bytes;
}

/* RFC 6582 3.2 step 3: a partial acknowledgment names the next hole. */
static void partial_ack(struct tcp *tcp, struct tcb *tcb, struct ack_sample *ack)
{
    struct sender *sender = sender_at(tcp, tcb);
    uint32_t counted = ack->acked_bytes > tcb->snd_mss ? ack->acked_bytes - tcb->snd_mss : 0;

    counted = min_u32(counted, sender->duplicate_bytes); /* had left the network by its duplicate ACKs */
    sender->duplicate_bytes -= counted;
    ack->delivered_bytes -= min_u32(counted, ack->delivered_bytes);
    first_is_lost(tcp, tcb, ack);
    trace_event(tcp, &tcb->ep, RILL_TRACE_LOSS, RILL_LOSS_PARTIAL_ACK, tcb->snd_una.v);
}

static void acked_without_sack(struct tcp *tcp, struct tcb *tcb, struct ack_sample *ack)
{
    struct sender *sender = sender_at(tcp, tcb);

    if (ack->acked_bytes == 0)
        return;
    if (sender->state == SENDER_RECOVERY) {
        partial_ack(tcp, tcb, ack);
    } else {
        ack->delivered_bytes -= min_u32(sender->duplicate_bytes, ack->delivered_bytes);
        sender->duplicate_bytes = 0;
        tcb->ep.own_dup_acks = 0;
    }
}

static void detect_loss(struct tcp *tcp, struct tcb *tcb, struct ack_sample *ack)
{
    if (!has_sack(tcb)) {
        acked_without_sack(tcp, tcb, ack);
        return;
    }
    ack->lost_bytes += rack_detect_loss(tcp, tcb);
    if (ack->lost_bytes > 0)
        on_loss(tcp, tcb, RILL_LOSS_RACK);
}

/* What is in flight for more than the first time; UINT32_MAX when a short walk does not tell. */
static uint32_t bytes_sent_again(struct tcp *tcp, const struct scoreboard *board)
{
    const struct sent *record = sent_at(tcp, board->all.first);
    uint32_t bytes = 0;

    for (; record != NULL; record = sent_at(tcp, record->span.next)) {
        if (!work_may_step(&tcp_host(tcp)->work, SCOREBOARD_LOST_FROM_MAX / 2))
            return UINT32_MAX;
        bytes += (record->flags & (SENT_AGAIN | SENT_LOST | SENT_SACKED)) == SENT_AGAIN ? sent_data_bytes(record) : 0;
    }
    return bytes;
}

/*
 * SND.UNA has passed what the episode was about. RFC 5681 4.3: what was sent within it and is known to be lost, sent
 * again or not, is another window's loss. A control with a window of its own counts the losses of each round itself;
 * recoveries without end would only keep it from what it does outside of them.
 */
static void pass_high_seq(struct tcp *tcp, struct tcb *tcb, struct ack_sample *ack)
{
    struct sender *sender = sender_at(tcp, tcb);
    bool more_is_lost = sender->state >= SENDER_RECOVERY && seq_after(sender->later_lost, tcb->snd_una);

    ack->recovered = sender->state == SENDER_CWR || sender->state == SENDER_RECOVERY;
    end_episode(tcp, tcb);
    if (!more_is_lost || (cc_of(tcb)->traits & CC_OWN_WINDOW) != 0)
        return;
    on_loss(tcp, tcb, RILL_LOSS_RACK);
    sender->undo_again = bytes_sent_again(tcp, &sender->board); /* RFC 3708: it must all come twice as well */
}

void recovery_acked(struct tcp *tcp, struct tcb *tcb, struct ack_sample *ack)
{
    struct sender *sender = sender_at(tcp, tcb);

    if (sender->state == SENDER_LOSS) /* RFC 3465 2.3: what a timeout's retransmissions fill in is not new capacity */
        ack->acked_bytes = min_u32(ack->acked_bytes, tcb->snd_mss);
    rack_dsack(tcp, tcb, ack);
    counts_acknowledged(tcp, tcb, ack);
    if (probe_acked(tcp, tcb, ack) && sender->state == SENDER_OPEN) {
        /* What was in flight is what this ACK has taken out of it, most of the time. */
        begin_episode(tcp, tcb, SENDER_CWR, CC_LOSS,
                      max_u32(flight_size(tcp, tcb), min_u32(ack->flight_before, tcb->cwnd)));
        sender->high_seq = tcb->snd_una; /* it is repaired already: the window is reduced, and that is all */
    }
    undo_acked(tcp, tcb, ack);
    if (!seq_before(tcb->snd_una, sender->high_seq))
        pass_high_seq(tcp, tcb, ack);
    detect_loss(tcp, tcb, ack);
    if (ack->acked_bytes > 0 || ack->delivered_bytes > 0)
        move_window(tcp, tcb, ack);
    pacing_follow_window(tcp, tcb);
    mtu_una_moved(tcp, tcb);
    sender_una_moved(tcp, tcb);
}

void recovery_duplicate(struct tcp *tcp, struct tcb *tcb, struct ack_sample *ack)
{
    struct sender *sender = sender_at(tcp, tcb);
    uint32_t flight = sender->board.flight_bytes;

    undo_acked(tcp, tcb, ack);
    if (tcb->ep.own_dup_acks < UINT8_MAX)
        tcb->ep.own_dup_acks++;
    /* One more segment has left the network; one at least has not. */
    if (flight > sender->duplicate_bytes + tcb->snd_mss || sender->state == SENDER_RECOVERY) {
        sender->duplicate_bytes = min_u32(sender->duplicate_bytes + tcb->snd_mss, flight);
        ack->delivered_bytes = tcb->snd_mss;
    }
    /* RFC 6582 3.2 step 2: not for what was in flight at the last timeout or recovery. */
    if (tcb->ep.own_dup_acks == DUP_THRESH && sender->state <= SENDER_CWR &&
        (!sender->high_seq_is_recover || seq_after(tcb->snd_una, sender->high_seq))) {
        on_loss(tcp, tcb, RILL_LOSS_DUPLICATE_ACKS);
        first_is_lost(tcp, tcb, ack);
    }
    if (sender->state == SENDER_CWR || sender->state == SENDER_RECOVERY)
        move_window(tcp, tcb, ack);
}

void recovery_reorder_timeout(struct tcp *tcp, struct tcb *tcb)
{
    struct ack_sample ack = {.echo_age_ms = UINT32_MAX, .sacked_end = tcb->snd_una};

    work_begin(&tcp_host(tcp)->work);
    trace_event(tcp, &tcb->ep, RILL_TRACE_TIMER, RILL_TIMER_REORDER, 0);
    detect_loss(tcp, tcb, &ack);
    if (ack.lost_bytes > 0)
        move_window(tcp, tcb, &ack);
}

void recovery_timeout(struct tcp *tcp, struct tcb *tcb)
{
    struct sender *sender = sender_at(tcp, tcb);
    const struct sent *first = sent_at(tcp, sender->board.all.first);
    bool in_recovery = sender->state >= SENDER_RECOVERY, smaller = mtu_timed_out(tcp, tcb);

    trace_event(tcp, &tcb->ep, RILL_TRACE_LOSS, RILL_LOSS_TIMEOUT, tcb->snd_una.v);
    if (first != NULL && (first->flags & SENT_SACKED) != 0)
        scoreboard_renege(tcp, tcb); /* RFC 2018 8: it would have been acknowledged */
    rack_timeout(tcp, tcb);
    begin_episode(tcp, tcb, SENDER_LOSS, CC_TIMEOUT, flight_size(tcp, tcb));
    /*
     * RFC 5682 3.1 step 1: not within a recovery, but again and again for the same segment; and not while no round trip
     * could be measured since the last timeout, or each one's new data goes the way of what was lost, once a minute.
     */
    sender->frto = (!in_recovery || tcb->ep.own_backoff > 1) && sender->kept_backoff == 0 ? FRTO_FIRST_ACK : FRTO_NONE;
    if (smaller) /* its ACK says that the size was at fault, and no more */
        sender->frto = FRTO_NONE;
    sender->first_due = true;
    sender->duplicate_bytes = 0;
    tcb->ep.own_dup_acks = 0;
}

void recovery_sent(struct tcp *tcp, struct tcb *tcb, uint32_t bytes)
{
    struct sender *sender = sender_at(tcp, tcb);

    sender->prr_out += sender->state == SENDER_OPEN ? 0 : bytes;
}

void recovery_sent_again(struct tcp *tcp, struct tcb *tcb, struct seq from, uint32_t bytes)
{
    struct sender *sender = sender_at(tcp, tcb);

    sender->undo_again += min_u32(bytes, UINT32_MAX - sender->undo_again); /* UINT32_MAX: nobody knows how much */
    if (!sender->undo_stamped) {
        sender->undo_stamp = host_ms(tcp_host(tcp));
        sender->undo_stamped = true;
        sender->undo_first = from;
    }
}
