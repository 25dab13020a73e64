/*
 * Acknowledgements in: the sender's half of an arriving segment. What was
 * delivered goes into the scoreboard; what follows from it is in recovery.c.
 */
#include "tcp/acknowledge.h"

#include "tcp/connection.h"
#include "tcp/ecn.h"
#include "tcp/fast_open.h"
#include "tcp/mtu.h"
#include "tcp/options.h"
#include "tcp/output.h"
#include "tcp/rate.h"
#include "tcp/recovery.h"
#include "tcp/rtt.h"
#include "tcp/scoreboard.h"
#include "tcp/send_queue.h"
#include "tcp/trace.h"
#include "tcp/tuning.h"

#define ECHO_AGE_MS_MAX 120000u /* longer round trips are measured as this */

/* Marks that SND.UNA has passed come along, or they would look ahead of it again 2^31 bytes later. */
static void forget_before_una(struct tcb *tcb, struct busy *busy)
{
    if (seq_before(busy->small_end, tcb->snd_una))
        busy->small_end = tcb->snd_una;
    if (seq_before(busy->snd_up, tcb->snd_una))
        busy->snd_up = tcb->snd_una;
}

static void begin_sample(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival, struct ack_sample *sample)
{
    const struct tcp_options *options = &arrival->seg.options;

    *sample = (struct ack_sample){
        .flight_before = sender_flight(tcp, tcb),
        .echo_age_ms = UINT32_MAX,
        .sacked_end = tcb->snd_una,
    };
    if ((tcb->flags & TCB_TIMESTAMPS) != 0 && (options->present & TCP_OPTION_TIMESTAMP) != 0)
        sample->echo_age_ms = wrapping_sub(options_timestamp_now(tcp, tcb), options->timestamp_echo);
    if (tcb->sender != REF_NONE) {
        struct sender *sender = sender_at(tcp, tcb);
        bool is_new = !seq_before(tcb->snd_una, sender->window_end);

        if (is_new)
            sender->window_end = tcb->snd_nxt;
        sender->window_flight = is_new ? sample->flight_before : max_u32(sender->window_flight, sample->flight_before);
        /* In slow start a window may become twice what was in flight: it is not known yet what the path takes. */
        sample->window_limited = seq_before(tcb->snd_una, sender->limited_end) ||
                                 (tcb->cwnd < tcb->ssthresh && tcb->cwnd / 2 < sender->window_flight);
    }
}

/* RFC 2883 4, 5: the first block tells of data that came twice when it lies before the ACK or within the second. */
static unsigned take_dsack(const struct tcp_segment *seg, struct ack_sample *sample)
{
    const struct tcp_sack_block *blocks = seg->options.sack;
    bool within = seg->options.sack_count > 1 && !seq_before(blocks[0].start, blocks[1].start) &&
                  !seq_after(blocks[0].end, blocks[1].end);

    if (!seq_before(blocks[0].start, blocks[0].end) || (seq_after(blocks[0].end, seg->ack) && !within))
        return 0;
    sample->dsack = true;
    sample->dsack_block = blocks[0];
    return 1;
}

/* In ascending order, so that what one ACK tells is not taken for reordering (RFC 8985 6.2 step 3). */
static unsigned sorted_blocks(const struct tcb *tcb, const struct tcp_segment *seg, unsigned first,
                              struct tcp_sack_block *sorted)
{
    unsigned count = 0;

    for (unsigned i = first; i < seg->options.sack_count; i++) {
        struct tcp_sack_block block = seg->options.sack[i];
        unsigned at = count;

        block.start = seq_max(block.start, tcb->snd_una);
        if (!seq_before(block.start, block.end) || seq_after(block.end, tcb->snd_nxt))
            continue; /* old, or of nothing that was sent */
        while (at > 0 && seq_before(block.start, sorted[at - 1].start)) {
            sorted[at] = sorted[at - 1];
            at--;
        }
        sorted[at] = block;
        count++;
    }
    return count;
}

/* RFC 2018 5, RFC 6675 4 Update(): what the blocks say has arrived. */
static void take_sack(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival, struct ack_sample *sample)
{
    const struct tcp_segment *seg = &arrival->seg;
    struct tcp_sack_block sorted[TCP_SACK_BLOCKS_MAX];
    unsigned count;

    if ((tcb->flags & TCB_SACK) == 0 || seg->options.sack_count == 0 || tcb->sender == REF_NONE)
        return;
    count = sorted_blocks(tcb, seg, take_dsack(seg, sample), sorted);
    for (unsigned i = 0; i < count; i++)
        if (!scoreboard_sacked(tcp, tcb, sorted[i].start, sorted[i].end, sample))
            return; /* the peer tells it again */
}

/* RFC 6298 4, RFC 7323 4: what was sent once is unambiguous; else the echo says which sending it answers. */
static void measure_round_trip(struct tcp *tcp, struct tcb *tcb, const struct ack_sample *sample)
{
    /* One a round trip: the gains of RFC 6298 2.3 are made for that, and RTTVAR would be gone after twenty ACKs. */
    if (tcb->sender != REF_NONE && seq_before(tcb->snd_una, sender_at(tcp, tcb)->rtt_round_end))
        return;
    /* Without SACK, what was sent once may have waited long for a hole that was filled by what was sent again. */
    if (sample->oldest_rtt_us != 0 && (!sample->again_delivered || (tcb->flags & TCB_SACK) != 0))
        rtt_sample(tcp, tcb, sample->oldest_rtt_us);
    else if (sample->acked_bytes > 0 && sample->again_delivered && sample->echo_age_ms != UINT32_MAX &&
             sample->echo_age_ms <= host_ms_since(tcp_host(tcp), tcb->unanswered_ms))
        rtt_sample(tcp, tcb, min_u32(max_u32(sample->echo_age_ms, 1), ECHO_AGE_MS_MAX) * 1000);
    else
        return;
    if (tcb->sender != REF_NONE) {
        sender_at(tcp, tcb)->kept_backoff = 0;
        sender_at(tcp, tcb)->tlp_sampled = true;
        sender_at(tcp, tcb)->rtt_round_end = tcb->snd_nxt;
    }
}

static void tell_application(struct tcp *tcp, struct tcb *tcb, uint32_t acked_bytes)
{
    const struct busy *busy = tcb->busy == REF_NONE ? NULL : busy_at(tcp, tcb);

    tuning_acknowledged(tcp, tcb);
    send_queue_tell_of_room(tcp, tcb);
    if (acked_bytes > 0 && (busy == NULL || busy->send_bytes == 0))
        event_raise(tcp, tcb, RILL_SENT);
    if (acked_bytes > 0 && (tcb->events & EVENTS_WITH_PROGRESS) != 0)
        event_raise(tcp, tcb, RILL_PROGRESS);
}

/* The SYN, sent once: the first round trip (RFC 6298 2.2). */
static void measure_syn(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->srtt_us8 == 0 && tcb->syn_sent_us1 != 0 && (tcb->fast_open & FAST_OPEN_EARLY) == 0 &&
        (tcb->flags & TCB_SYN_RESENT) == 0)
        rtt_sample(tcp, tcb, host_us_since(tcp_host(tcp), wrapping_sub(tcb->syn_sent_us1, 1)));
}

/*
 * RFC 6928 2: a SYN that was sent again may only have been late; the echo of the second says that the first, or its
 * answer, was lost.
 */
static bool is_syn_lost(const struct tcp *tcp, const struct tcb *tcb, const struct ack_sample *sample)
{
    if (likely((tcb->flags & TCB_SYN_RESENT) == 0) || tcb->ep.state != RILL_STATE_SYN_SENT || tcb->syn_sent_us1 == 0)
        return false;
    return sample->echo_age_ms != UINT32_MAX &&
           sample->echo_age_ms + 1 < host_us_since(&tcp->ip.host, wrapping_sub(tcb->syn_sent_us1, 1)) / 1000;
}

/* RFC 6298 5.3, 5.5 (Karn): the timer starts anew; a backed-off RTO stays until a round trip is measured. */
static void timer_answered(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->ep.own_backoff > 0 && tcb->sender != REF_NONE && (tcb->flags & TCB_PERSIST) == 0) {
        struct sender *sender = sender_at(tcp, tcb);

        sender->kept_backoff = (uint8_t)min_u32(sender->kept_backoff + tcb->ep.own_backoff, BACKOFF_MAX);
        mtu_answered(tcp, tcb);
    }
    if (tcb->sender != REF_NONE)
        sender_at(tcp, tcb)->still_unanswered = false;
    tcb->ep.own_backoff = 0;
    tcb->retransmit_at = NANOS_NEVER; /* output arms it anew */
}

void acknowledge_new(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival)
{
    struct seq ack = arrival->seg.ack;
    uint32_t newly = seq_offset(tcb->snd_una, ack);
    bool syn = (tcb->flags & TCB_SYN_UNACKED) != 0;
    bool fin = (tcb->flags & TCB_FIN_SENT) != 0 && seq_equal(ack, tcb->snd_nxt);
    uint32_t data = newly - (syn ? 1 : 0) - (fin ? 1 : 0);
    struct ack_sample sample;

    begin_sample(tcp, tcb, arrival, &sample);
    sample.acked_bytes = data;
    sample.marked_bytes = ecn_acknowledged(tcp, tcb, &arrival->seg, data, &sample.ece);
    if (syn) {
        tcb->tuning |= is_syn_lost(tcp, tcb, &sample) ? SYN_IS_LOST : 0;
        measure_syn(tcp, tcb);
    }
    if (tcb->sender != REF_NONE)
        scoreboard_acked(tcp, tcb, ack, &sample);
    if (data > 0)
        send_queue_acked(tcp, tcb, data);
    tcb->flags &= ~(TCB_SYN_UNACKED | TCB_SYN_DUE); /* one that waits to be sent again has arrived after all */
    tcb->snd_una = ack;
    tcb->bytes_acked += data;
    take_sack(tcp, tcb, arrival, &sample);
    timer_answered(tcp, tcb);
    measure_round_trip(tcp, tcb, &sample);
    tcb->unanswered_ms = host_ms(tcp_host(tcp));
    if (tcb->busy != REF_NONE)
        forget_before_una(tcb, busy_at(tcp, tcb));
    if (tcb->sender != REF_NONE) {
        rate_finish(tcp, tcb, &sample);
        recovery_acked(tcp, tcb, &sample);
        sender_at(tcp, tcb)->probe_wanted = true;
        sender_at(tcp, tcb)->tlp_due = false; /* RFC 8985 7.2: an ACK of new data starts the PTO anew */
    }
    tell_application(tcp, tcb, data);
    connection_touch(tcp, tcb);
}

/* RFC 5681 2, but for the data outstanding: no data, no SYN or FIN, the same window, and no SACK. */
static bool is_duplicate(const struct tcb *tcb, const struct tcp_segment *seg)
{
    return seg->data_bytes == 0 && (seg->flags & (TCP_SYN | TCP_FIN)) == 0 && seg->options.sack_count == 0 &&
           (uint32_t)seg->window << tcb->snd_wscale == tcb->snd_wnd;
}

/* With nothing outstanding it may still tell that a probe, or what was sent again, came twice (RFC 8985 7.4.2). */
static bool may_tell_something(const struct tcp *tcp, const struct tcb *tcb, const struct tcp_segment *seg)
{
    if (tcb->sender == REF_NONE || (tcb->flags & TCB_SYN_UNACKED) != 0)
        return false;
    return !seq_equal(tcb->snd_una, tcb->snd_nxt) ||
           ((tcb->flags & TCB_SACK) != 0 && (seg->options.sack_count > 0 || sender_at(tcp, tcb)->tlp_in_flight));
}

void acknowledge_duplicate(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival)
{
    struct ack_sample sample;

    if (!may_tell_something(tcp, tcb, &arrival->seg))
        return;
    begin_sample(tcp, tcb, arrival, &sample);
    sample.marked_bytes = ecn_acknowledged(tcp, tcb, &arrival->seg, 0, &sample.ece);
    sample.duplicate = is_duplicate(tcb, &arrival->seg);
    if ((tcb->flags & TCB_SACK) != 0) {
        take_sack(tcp, tcb, arrival, &sample);
        if (sample.delivered_bytes > 0)
            measure_round_trip(tcp, tcb, &sample);
        rate_finish(tcp, tcb, &sample);
        recovery_acked(tcp, tcb, &sample);
    } else if (sample.duplicate) {
        recovery_duplicate(tcp, tcb, &sample);
    }
    connection_touch(tcp, tcb);
}

void acknowledge_old(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival)
{
    if ((tcb->flags & TCB_SACK) != 0 && arrival->seg.options.sack_count > 0)
        acknowledge_duplicate(tcp, tcb, arrival);
}
