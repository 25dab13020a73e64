/*
 * Acknowledgements in: the sender's half of an arriving segment. NewReno
 * (RFC 6582) recovers; its successor takes the same two doors.
 */
#include "tcp/acknowledge.h"

#include "tcp/cc.h"
#include "tcp/connection.h"
#include "tcp/options.h"
#include "tcp/output.h"
#include "tcp/rtt.h"
#include "tcp/send_queue.h"
#include "tcp/trace.h"

#define DUPLICATE_ACKS 3u       /* RFC 5681 3.2 */
#define ECHO_AGE_MS_MAX 120000u /* longer round trips are measured as this */

/* RFC 6298 4, RFC 7323 4: the timed segment when there is one; after a retransmission only the echo is unambiguous. */
static void measure_round_trip(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival)
{
    const struct tcp_options *options = &arrival->seg.options;

    if (tcb->busy != REF_NONE && busy_at(tcp, tcb)->rtt_timing) {
        struct busy *busy = busy_at(tcp, tcb);

        if (seq_before(arrival->seg.ack, busy->rtt_seq))
            return;
        busy->rtt_timing = false;
        rtt_sample(tcp, tcb, (uint32_t)min_u64((tcp_host(tcp)->now - busy->rtt_sent_at) / NANOS_PER_US, UINT32_MAX));
        return;
    }
    if ((tcb->flags & TCB_TIMESTAMPS) != 0 && tcb->ep.own_backoff > 0 &&
        (options->present & TCP_OPTION_TIMESTAMP) != 0) {
        uint32_t age_ms = wrapping_sub(options_timestamp_now(tcp, tcb), options->timestamp_echo);

        /* An echo older than the flight that is acknowledged was never sent in it. */
        if (age_ms <= host_ms_since(tcp_host(tcp), tcb->unanswered_ms))
            rtt_sample(tcp, tcb, min_u32(age_ms, ECHO_AGE_MS_MAX) * 1000);
    }
}

/* Marks that SND.UNA has passed come along, or they would look ahead of it again 2^31 bytes later. */
static void forget_before_una(struct tcb *tcb, struct busy *busy)
{
    if (seq_before(busy->resend, tcb->snd_una))
        busy->resend = tcb->snd_una;
    if (seq_before(busy->resend_end, busy->resend))
        busy->resend_end = busy->resend;
    if (seq_before(busy->small_end, tcb->snd_una))
        busy->small_end = tcb->snd_una;
    if (seq_before(busy->recover, tcb->snd_una) && (tcb->flags & TCB_IN_RECOVERY) == 0)
        busy->recover = seq_sub(tcb->snd_una, 1);
    if (seq_before(busy->snd_up, tcb->snd_una))
        busy->snd_up = tcb->snd_una;
}

/* RFC 6582 3.2 step 3: while in recovery, a partial ACK names the next hole; a full one ends it. */
static void recovery_step(struct tcp *tcp, struct tcb *tcb, uint32_t acked_bytes)
{
    struct busy *busy = busy_at(tcp, tcb);
    uint32_t flight = seq_offset(tcb->snd_una, tcb->snd_nxt);

    if (!seq_before(tcb->snd_una, busy->recover)) {
        tcb->flags &= ~TCB_IN_RECOVERY;
        forget_before_una(tcb, busy);
        tcb->ep.own_dup_acks = 0;
        tcb->cwnd = min_u32(tcb->ssthresh, max_u32(flight, tcb->snd_mss) + tcb->snd_mss);
        trace_event(tcp, &tcb->ep, RILL_TRACE_LOSS, RILL_LOSS_RECOVERED, tcb->snd_una.v);
        return;
    }
    tcb->cwnd -= min_u32(acked_bytes, tcb->cwnd - tcb->snd_mss);
    if (acked_bytes >= tcb->snd_mss)
        tcb->cwnd += tcb->snd_mss;
    busy->resend = tcb->snd_una;
    busy->resend_end = seq_add(tcb->snd_una, min_u32(tcb->snd_mss, flight));
    trace_event(tcp, &tcb->ep, RILL_TRACE_LOSS, RILL_LOSS_PARTIAL_ACK, tcb->snd_una.v);
}

static void tell_application(struct tcp *tcp, struct tcb *tcb, uint32_t acked_bytes)
{
    const struct busy *busy = tcb->busy == REF_NONE ? NULL : busy_at(tcp, tcb);

    send_queue_tell_of_room(tcp, tcb);
    if (acked_bytes > 0 && (busy == NULL || busy->send_bytes == 0))
        event_raise(tcp, tcb, RILL_SENT);
}

void acknowledge_new(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival)
{
    struct seq ack = arrival->seg.ack;
    uint32_t flight = output_flight(tcp, tcb);
    uint32_t newly = seq_offset(tcb->snd_una, ack);
    bool syn = (tcb->flags & TCB_SYN_UNACKED) != 0;
    bool fin = (tcb->flags & TCB_FIN_SENT) != 0 && seq_equal(ack, tcb->snd_nxt);
    uint32_t data = newly - (syn ? 1 : 0) - (fin ? 1 : 0);
    bool after_timeout = tcb->busy != REF_NONE && seq_before(tcb->snd_una, busy_at(tcp, tcb)->recover);

    if (data > 0)
        send_queue_acked(tcp, tcb, data);
    tcb->flags &= ~TCB_SYN_UNACKED;
    tcb->snd_una = ack;
    tcb->bytes_acked += data;
    measure_round_trip(tcp, tcb, arrival);
    if (tcb->busy != REF_NONE)
        forget_before_una(tcb, busy_at(tcp, tcb));
    tcb->ep.own_backoff = 0;
    tcb->retransmit_at = NANOS_NEVER; /* RFC 6298 5.3: output arms it anew */
    if ((tcb->flags & TCB_IN_RECOVERY) != 0) {
        recovery_step(tcp, tcb, data);
    } else {
        tcb->ep.own_dup_acks = 0;
        /* RFC 3465 2.3: what a timeout's retransmissions fill in is not new capacity. */
        if (data > 0)
            cc_of(tcb)->acked(tcp, tcb,
                              &(struct ack_sample){.acked_bytes = after_timeout ? min_u32(data, tcb->snd_mss) : data,
                                                   .flight_before = flight,
                                                   .window_limited = flight + tcb->snd_mss >= tcb->cwnd / 2});
    }
    tell_application(tcp, tcb, data);
    connection_touch(tcp, tcb);
}

/* RFC 5681 3.2 step 2 and RFC 6582 3.2 step 2. */
static void enter_recovery(struct tcp *tcp, struct tcb *tcb)
{
    uint32_t flight = seq_offset(tcb->snd_una, tcb->snd_nxt);
    struct busy *busy;

    if (!connection_make_busy(tcp, tcb))
        return; /* the retransmission timer will do it */
    busy = busy_at(tcp, tcb);
    cc_of(tcb)->congestion(tcp, tcb, CC_LOSS,
                           min_u32(flight, tcb->cwnd)); /* without what limited transmit added (step 2) */
    busy->recover = tcb->snd_nxt;
    tcb->flags |= TCB_IN_RECOVERY;
    tcb->cwnd += DUPLICATE_ACKS * tcb->snd_mss; /* step 3: what left the network */
    busy->resend = tcb->snd_una;
    busy->resend_end = seq_add(tcb->snd_una, min_u32(tcb->snd_mss, flight));
    host_count(tcp_host(tcp), RILL_COUNT_TCP_FAST_RETRANSMITS, 1);
    trace_event(tcp, &tcb->ep, RILL_TRACE_LOSS, RILL_LOSS_DUPLICATE_ACKS, tcb->snd_una.v);
}

void acknowledge_duplicate(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival)
{
    const struct tcp_segment *seg = &arrival->seg;
    bool nothing_in_flight = seq_equal(tcb->snd_una, tcb->snd_nxt);

    /* RFC 5681 2: data outstanding, no data, no SYN or FIN, the same window. */
    if (nothing_in_flight || seg->data_bytes > 0 || (seg->flags & (TCP_SYN | TCP_FIN)) != 0 ||
        (uint32_t)seg->window << tcb->snd_wscale != tcb->snd_wnd)
        return;
    if ((tcb->flags & TCB_IN_RECOVERY) != 0) {
        /* RFC 5681 3.2 step 4: one more segment left the network; no more of them than were in it (4.2). */
        if (tcb->cwnd < tcb->ssthresh + seq_offset(tcb->snd_una, busy_at(tcp, tcb)->recover))
            tcb->cwnd += tcb->snd_mss;
    } else {
        if (tcb->ep.own_dup_acks < UINT8_MAX)
            tcb->ep.own_dup_acks++;
        /* RFC 6582 3.2 step 2: not for what was in flight at the last timeout or recovery. */
        if (tcb->ep.own_dup_acks == DUPLICATE_ACKS &&
            (tcb->busy == REF_NONE || seq_after(tcb->snd_una, busy_at(tcp, tcb)->recover)))
            enter_recovery(tcp, tcb);
    }
    connection_touch(tcp, tcb);
}
