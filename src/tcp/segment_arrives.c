/*
 * RFC 9293 3.10.7: CLOSED, SYN-SENT, and the eight steps of all other states,
 * one function a step, in the RFC's order. LISTEN and the half-open blocks are
 * in listen.c, TIME-WAIT blocks in time_wait.c.
 */
#include "tcp/segment_arrives.h"

#include "tcp/acknowledge.h"
#include "tcp/answer.h"
#include "tcp/connection.h"
#include "tcp/counts.h"
#include "tcp/ecn.h"
#include "tcp/fast_open.h"
#include "tcp/listen.h"
#include "tcp/options.h"
#include "tcp/reassembly.h"
#include "tcp/rtt.h"
#include "tcp/send_queue.h"
#include "tcp/state.h"
#include "tcp/time_wait.h"
#include "tcp/timeouts.h"
#include "tcp/tuning.h"

enum step { GO_ON, STOP };

#define RCV_MSS_DEFAULT 536u                  /* until the peer's segments show theirs */
#define RCV_MSS_MIN 88u                       /* smaller ones say nothing about the path */
#define PAWS_MEMORY_MS (24u * 86400u * 1000u) /* RFC 7323 5.5: TS.Recent is not believed for longer */

void segment_drop(struct tcp *tcp, const struct arrival *arrival, enum rill_drop reason)
{
    ip_drop(&tcp->ip, reason, arrival->packet->whole, arrival->packet->whole_bytes);
}

void segment_arrives_closed(struct tcp *tcp, const struct arrival *arrival)
{
    segment_drop(tcp, arrival, RILL_DROP_TCP_NO_CONNECTION);
    answer_with_reset(tcp, arrival);
}

static void owe_ack(struct tcp *tcp, struct tcb *tcb)
{
    tcb->flags |= TCB_ACK_NOW;
    connection_touch(tcp, tcb);
}

/*
 * Drop, and answer with an ACK. Segments with text are always answered (the
 * peer retransmits because our ACK was lost); empty ones at a limited rate, or
 * two ends could answer each other for ever.
 */
static enum step drop_and_ack(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival, enum rill_drop reason)
{
    const struct tcp_segment *seg = &arrival->seg;

    segment_drop(tcp, arrival, reason);
    if ((seg->data_bytes > 0 && (seg->flags & TCP_SYN) == 0) || answer_is_allowed(tcp, &tcb->answer_ms))
        owe_ack(tcp, tcb);
    return STOP;
}

/* RFC 5961 3.2, 4.2, 5.2: a challenge ACK instead of believing a stranger. */
static enum step challenge(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival, enum rill_drop reason)
{
    segment_drop(tcp, arrival, reason);
    if (answer_is_allowed(tcp, &tcb->answer_ms)) {
        host_count(tcp_host(tcp), RILL_COUNT_TCP_CHALLENGE_ACKS, 1);
        owe_ack(tcp, tcb);
    }
    return STOP;
}

static void learn_window(struct tcb *tcb, const struct tcp_segment *seg, uint8_t shift)
{
    tcb->snd_wnd = (uint32_t)seg->window << shift;
    tcb->snd_wnd_max = max_u32(tcb->snd_wnd_max, tcb->snd_wnd);
    tcb->snd_wl1 = seg->seq;
}

/* Both SYNs are acknowledged: the connection is open. */
static void established(struct tcp *tcp, struct tcb *tcb)
{
    state_change(tcp, &tcb->ep, RILL_STATE_ESTABLISHED);
    tcb->ep.own_backoff = 0;
    connection_opened(tcp, tcb);
    timeouts_keep_alive(tcp, tcb);
    if ((tcb->flags & TCB_USER_TIMEOUT) != 0)
        tcb->flags |= TCB_UTO_DUE; /* RFC 5482 3: again on the first segment that is no SYN */
    if ((tcb->flags & TCB_UNACCEPTED) != 0 && (tcb->fast_open & FAST_OPEN_EARLY) == 0) /* a passive open (MUST-11) */
        listen_completed(tcp, tcb);
    event_raise(tcp, tcb, RILL_ESTABLISHED | RILL_WRITABLE);
    if ((tcb->flags & TCB_CLOSE_QUEUED) != 0)
        state_change(tcp, &tcb->ep, RILL_STATE_FIN_WAIT_1); /* a CLOSE was waiting for this (3.10.4) */
}

/* ---------------------------------------------------------------- seventh, eighth */

static void enter_time_wait(struct tcp *tcp, struct tcb *tcb)
{
    state_change(tcp, &tcb->ep, RILL_STATE_TIME_WAIT);
    timeouts_time_wait(tcp, tcb);
}

/* RFC 9293 3.10.7.4, eighth: the FIN is next in order. */
static void process_fin(struct tcp *tcp, struct tcb *tcb)
{
    tcb->rcv_nxt = seq_add(tcb->rcv_nxt, 1);
    if (seq_after(tcb->rcv_nxt, tcb->rcv_adv))
        tcb->rcv_adv = tcb->rcv_nxt;
    tcb->flags |= TCB_FIN_RECEIVED;
    reassembly_finish(tcp, tcb);
    owe_ack(tcp, tcb);
    switch (tcb->ep.state) {
    case RILL_STATE_SYN_RECEIVED:
    case RILL_STATE_ESTABLISHED:
        state_change(tcp, &tcb->ep, RILL_STATE_CLOSE_WAIT);
        break;
    case RILL_STATE_FIN_WAIT_1:
        if (fin_is_acknowledged(tcb))
            enter_time_wait(tcp, tcb);
        else
            state_change(tcp, &tcb->ep, RILL_STATE_CLOSING);
        break;
    case RILL_STATE_FIN_WAIT_2:
        enter_time_wait(tcp, tcb);
        break;
    default: /* CLOSE-WAIT, CLOSING, LAST-ACK: remain; TIME-WAIT is met in the first step */
        break;
    }
    event_raise(tcp, tcb, RILL_PEER_CLOSED | RILL_READABLE);
}

static void eighth_check_fin(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival)
{
    const struct tcp_segment *seg = &arrival->seg;
    struct seq fin = seq_add(seg->seq, seg->data_bytes);

    if ((tcb->flags & TCB_FIN_RECEIVED) != 0)
        return;
    if (reassembly_has_gap(tcp, tcb) && reassembly_fin_is_next(tcp, tcb)) {
        process_fin(tcp, tcb);
        return;
    }
    if ((seg->flags & TCP_FIN) == 0)
        return;
    if (seq_equal(fin, tcb->rcv_nxt)) {
        process_fin(tcp, tcb);
    } else if (seq_after(fin, tcb->rcv_nxt)) {
        reassembly_note_fin(tcp, tcb, fin);
        owe_ack(tcp, tcb); /* a gap: RFC 5681 4.2 */
    }
}

/* RFC 9293 3.10.7.4, first, last paragraph: only the part inside the window is looked at. */
static void trim_to_window(struct tcp *tcp, struct tcb *tcb, struct tcp_segment *seg)
{
    uint32_t window = seq_offset(tcb->rcv_nxt, tcb->rcv_adv);
    uint32_t ahead;

    if (seq_before(seg->seq, tcb->rcv_nxt)) {
        uint32_t old = seq_offset(seg->seq, tcb->rcv_nxt);

        rill_assert(old <= seg->data_bytes); /* what is older was not acceptable */
        reassembly_note_twice(tcp, tcb, seg->seq, tcb->rcv_nxt);
        seg->data += old;
        seg->data_bytes -= old;
        seg->seq = tcb->rcv_nxt;
    }
    ahead = seq_offset(tcb->rcv_nxt, seg->seq);
    if (ahead + seg->data_bytes > window) {
        seg->data_bytes = window - ahead;
        seg->flags &= (uint8_t)~TCP_FIN;
    }
}

/*
 * A window that is still small grows by what each ACK takes out of it, and an ACK that waits for a second segment may
 * cost its peer a round trip (RFC 5681 4.2 allows one for each). Text in segments that are not full is a dialogue's.
 */
static bool is_slow_start(const struct tcb *tcb, uint32_t segment_bytes)
{
    return tcb->ep.own_quick_acks > QUICK_ACKS_FULL ||
           (tcb->ep.own_quick_acks > 0 && segment_bytes >= max_u32(tcb->rcv_mss, tcb->snd_mss));
}

/* RFC 9293 3.8.6.3, RFC 5681 4.2: when the ACK goes. `came`: payload bytes before anything was trimmed off. */
static void schedule_ack(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival, uint32_t came, bool at_once)
{
    uint32_t unacked = seq_offset(tcb->last_ack_sent, tcb->rcv_nxt);
    uint32_t segment = arrival->packet->segment_bytes != 0 ? arrival->packet->segment_bytes : came;

    /* A segment in mid-stream shows the peer's segment size, also when its path has become narrower. */
    if (segment > tcb->rcv_mss || (arrival->seg.flags & TCP_PSH) == 0)
        tcb->rcv_mss = (uint16_t)min_u32(max_u32(segment, RCV_MSS_MIN), UINT16_MAX);
    if (at_once || is_slow_start(tcb, segment) || unacked >= 2u * tcb->rcv_mss || (tcb->flags & TCB_QUICK_ACK) != 0)
        tcb->flags |= TCB_ACK_NOW;
    else
        tcb->flags |= TCB_ACK_DELAYED;
    connection_touch(tcp, tcb);
}

/* Text for a connection that nobody will read: the peer must learn that it is lost (SHLD-3, RFC 1122 4.2.2.13). */
static enum step refuse_text(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival)
{
    segment_drop(tcp, arrival, RILL_DROP_TCP_DATA_AFTER_CLOSE);
    answer_text_for_nobody(tcp, tcb);
    connection_end(tcp, tcb, -RILL_ECONNRESET);
    return STOP;
}

static enum step seventh_process_text(struct tcp *tcp, struct tcb *tcb, struct arrival *arrival)
{
    struct tcp_segment *seg = &arrival->seg;
    struct seq rcv_nxt = tcb->rcv_nxt;
    bool had_gap, trimmed;
    uint32_t came = seg->data_bytes;
    enum rill_drop drop;

    if (came == 0)
        return GO_ON;
    if (!state_can_receive(tcb->ep.state)) { /* "should not occur": after the peer's FIN */
        segment_drop(tcp, arrival, RILL_DROP_TCP_DATA_AFTER_FIN);
        return GO_ON;
    }
    counts_received(tcp, tcb, arrival->segments);
    trim_to_window(tcp, tcb, seg);
    trimmed = seg->data_bytes < came;
    if (seg->data_bytes == 0) { /* all of it came before; acceptable for its FIN, which is answered */
        host_count(tcp_host(tcp), RILL_COUNT_TCP_DUPLICATES, 1);
        return GO_ON;
    }
    if ((tcb->flags & TCB_RECEIVE_SHUT) != 0)
        return refuse_text(tcp, tcb, arrival);
    had_gap = reassembly_has_gap(tcp, tcb);
    drop = reassembly_insert(tcp, tcb, arrival);
    if (drop != RILL_DROP_NONE) {
        segment_drop(tcp, arrival, drop);
        owe_ack(tcp, tcb);
        return STOP; /* its FIN is behind what was not kept */
    }
    if (!seq_equal(tcb->rcv_nxt, rcv_nxt))
        event_raise(tcp, tcb, RILL_READABLE);
    tuning_received(tcp, tcb, seg);
    schedule_ack(tcp, tcb, arrival, came, had_gap || trimmed || seq_equal(tcb->rcv_nxt, rcv_nxt));
    return GO_ON;
}

/* ---------------------------------------------------------------- first to sixth */

/* Text whose mark finds no memory is not taken either: both come again. */
static enum step sixth_check_urg(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival)
{
    const struct tcp_segment *seg = &arrival->seg;
    struct seq up = seq_add(seg->seq, seg->urgent);

    if ((seg->flags & TCP_URG) == 0 || !state_can_receive(tcb->ep.state) || !seq_after(up, tcb->rcv_nxt))
        return GO_ON;
    if (!connection_make_busy(tcp, tcb)) {
        segment_drop(tcp, arrival, RILL_DROP_TCP_NO_MEMORY);
        owe_ack(tcp, tcb);
        return STOP;
    }
    if ((tcb->flags & TCB_URGENT_SEEN) != 0 && !seq_after(up, busy_at(tcp, tcb)->rcv_up))
        return GO_ON;
    busy_at(tcp, tcb)->rcv_up = up;
    tcb->flags |= TCB_URGENT_SEEN;
    event_raise(tcp, tcb, RILL_URGENT);
    return GO_ON;
}

/* RFC 9293 3.10.7.4, fifth, ESTABLISHED: "the send window should be updated". */
static void update_window(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg)
{
    uint32_t before = tcb->snd_wnd;

    if (seq_before(seg->seq, tcb->snd_wl1))
        return;
    learn_window(tcb, seg, tcb->snd_wscale);
    if (tcb->snd_wnd > before && (tcb->flags & TCB_PERSIST) != 0) {
        tcb->ep.own_backoff = 0;
        tcb->retransmit_at = NANOS_NEVER;
    }
    if (tcb->snd_wnd != before)
        connection_touch(tcp, tcb);
}

/* What the ACK of our FIN changes. */
static enum step fin_acknowledged(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg)
{
    switch (tcb->ep.state) {
    case RILL_STATE_FIN_WAIT_1:
        /* With the peer's FIN in the same segment: the eighth step goes straight to TIME-WAIT (figure 5). */
        if ((seg->flags & TCP_FIN) != 0 && seg->data_bytes == 0 && seq_equal(seg->seq, tcb->rcv_nxt))
            return GO_ON;
        state_change(tcp, &tcb->ep, RILL_STATE_FIN_WAIT_2);
        if ((tcb->flags & TCB_ORPHAN) != 0)
            timeouts_fin_wait_2(tcp, tcb);
        return GO_ON;
    case RILL_STATE_CLOSING:
        enter_time_wait(tcp, tcb);
        return GO_ON;
    case RILL_STATE_LAST_ACK:
        connection_end(tcp, tcb, 0);
        return STOP;
    default:
        return GO_ON;
    }
}

/* fifth, SYN-RECEIVED: our SYN is acknowledged, or this is none of ours (RFC 9293 3.5.2 group 2 wants a RST). */
static enum step check_handshake_ack(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival)
{
    const struct tcp_segment *seg = &arrival->seg;

    if (!seq_after(seg->ack, tcb->snd_una) || seq_after(seg->ack, fast_open_ack_limit(tcp, tcb))) {
        segment_drop(tcp, arrival, RILL_DROP_TCP_BAD_HANDSHAKE_ACK);
        answer_with_reset(tcp, arrival);
        return STOP;
    }
    /* RFC 7323 3.2 would drop it; but there are peers whose last ACK comes without the option: they mean "none". */
    if ((seg->options.present & TCP_OPTION_TIMESTAMP) == 0)
        tcb->flags &= ~TCB_TIMESTAMPS;
    learn_window(tcb, seg, tcb->snd_wscale);
    fast_open_answered(tcp, tcb, seg);
    ecn_take_handshake_ack(tcp, tcb, arrival);
    established(tcp, tcb);
    return GO_ON;
}

/*
 * The peer answers: never give up for its window, shut (MUST-37) or shrunk under what is in flight (SHLD-17). But
 * nobody could tire of an orphan, and an application with a user timeout of its own has said when it does (RFC 6429;
 * tcp(7): TCP_USER_TIMEOUT is for data that is not acknowledged, and for what a shut window keeps from being sent).
 */
static bool answer_keeps_it(const struct tcb *tcb)
{
    if ((tcb->flags & TCB_ORPHAN) != 0 || options_user_timeout_is_fixed(tcb))
        return false;
    return (tcb->flags & TCB_PERSIST) != 0 || seq_offset(tcb->snd_una, tcb->snd_nxt) > tcb->snd_wnd;
}

static enum step fifth_check_ack(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival)
{
    const struct tcp_segment *seg = &arrival->seg;

    if ((seg->flags & TCP_ACK) == 0) {
        segment_drop(tcp, arrival, RILL_DROP_TCP_NO_ACK_BIT);
        return STOP;
    }
    if (tcb->ep.state == RILL_STATE_SYN_RECEIVED && check_handshake_ack(tcp, tcb, arrival) == STOP)
        return STOP;
    if (seq_after(seg->ack, tcb->snd_nxt))
        return drop_and_ack(tcp, tcb, arrival, RILL_DROP_TCP_ACK_UNSENT);
    /* RFC 5961 5.2: SND.UNA - MAX.SND.WND =< SEG.ACK. */
    if (seq_before(seg->ack, tcb->snd_una) && seq_offset(seg->ack, tcb->snd_una) > tcb->snd_wnd_max)
        return challenge(tcp, tcb, arrival, RILL_DROP_TCP_ACK_TOO_OLD);
    if (answer_keeps_it(tcb)) {
        tcb->unanswered_ms = host_ms(tcp_host(tcp));
        tcb->flags &= ~TCB_PROBED;
    }
    if (seq_after(seg->ack, tcb->snd_una)) {
        fast_open_confirmed(tcp, tcb);
        tcb->snd_wl1 = seg->seq; /* a new ACK tells the newest window, also when its text is old and sent again */
        acknowledge_new(tcp, tcb, arrival);
    } else if (seq_equal(seg->ack, tcb->snd_una)) {
        acknowledge_duplicate(tcp, tcb, arrival);
    } else {
        acknowledge_old(tcp, tcb, arrival);
    }
    if (seq_equal(seg->ack, tcb->snd_una)) /* also after acknowledge_new() */
        update_window(tcp, tcb, seg);
    if (fin_is_acknowledged(tcb))
        return fin_acknowledged(tcp, tcb, seg);
    return GO_ON;
}

/* RFC 5961 4.2: whatever its sequence number, a SYN now is a challenge. */
static enum step fourth_check_syn(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival)
{
    if ((arrival->seg.flags & TCP_SYN) == 0)
        return GO_ON;
    return challenge(tcp, tcb, arrival, RILL_DROP_TCP_SYN_IN_WINDOW);
}

/* RFC 9293 3.10.7.4, second, with RFC 5961 3.2: only a RST at RCV.NXT is believed. */
static enum step second_check_rst(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival)
{
    const struct tcp_segment *seg = &arrival->seg;
    bool refused = tcb->ep.state == RILL_STATE_SYN_RECEIVED && (tcb->fast_open & FAST_OPEN_EARLY) == 0;

    if ((seg->flags & TCP_RST) == 0)
        return GO_ON;
    if (tcb->ep.state == RILL_STATE_TIME_WAIT) { /* RFC 1337: a RST may not cut TIME-WAIT short */
        segment_drop(tcp, arrival, RILL_DROP_TCP_TIME_WAIT_RST);
        return STOP;
    }
    if (!seq_equal(seg->seq, tcb->rcv_nxt))
        return challenge(tcp, tcb, arrival, RILL_DROP_TCP_RST_NOT_EXACT);
    host_count(tcp_host(tcp), refused ? RILL_COUNT_TCP_FAILED_OPENS : RILL_COUNT_TCP_RESETS_IN, 1);
    connection_end(tcp, tcb, refused ? -RILL_ECONNREFUSED : -RILL_ECONNRESET);
    return STOP;
}

/*
 * RFC 9293 3.10.7.4, first: the four cases of the window test in one form. A
 * segment is acceptable when any part of it lies in the window; an empty one
 * also exactly at the right edge, where a peer that used the whole window
 * stands. A segment that covers the whole window is trimmed, where the RFC's
 * letter (which looks at the two ends only) would drop it.
 */
static bool is_acceptable(const struct tcb *tcb, const struct tcp_segment *seg)
{
    uint32_t window = seq_offset(tcb->rcv_nxt, tcb->rcv_adv);
    uint32_t length = tcp_segment_length(seg);

    if (length == 0)
        return seq_offset(tcb->rcv_nxt, seg->seq) <= window;
    if (window == 0)
        return false;
    if (seq_in_span(seg->seq, tcb->rcv_nxt, window))
        return true;
    /* Starts before the window and reaches into it. */
    return seq_before(seg->seq, tcb->rcv_nxt) && seq_offset(seg->seq, tcb->rcv_nxt) < length;
}

/* RFC 7323 5.3 R1 and 5.5: older than what was seen, and what was seen is not itself out of date. */
static bool fails_paws(const struct tcp *tcp, const struct tcb *tcb, const struct tcp_segment *seg)
{
    return wrapping_before(seg->options.timestamp_value, tcb->ts_recent) &&
           host_ms_since(&tcp->ip.host, tcb->last_heard_ms) < PAWS_MEMORY_MS;
}

/*
 * An empty ACK that a later one has overtaken on its way fails PAWS, too. It is
 * not answered (R1), or a path that reorders would carry two ACKs for one; and
 * what its SACK blocks tell has not become wrong.
 */
static bool is_overtaken_ack(const struct tcp *tcp, const struct tcb *tcb, const struct tcp_segment *seg)
{
    return state_is_synchronized(tcb->ep.state) && tcp_segment_length(seg) == 0 && (seg->flags & TCP_ACK) != 0 &&
           seq_equal(seg->seq, tcb->rcv_nxt) && !seq_after(seg->ack, tcb->snd_una) &&
           seq_offset(seg->ack, tcb->snd_una) <= tcb->snd_wnd_max &&
           wrapping_sub(tcb->ts_recent, seg->options.timestamp_value) <= rtt_rto_us(tcp, tcb) / 1000;
}

static enum step check_timestamp(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival)
{
    const struct tcp_segment *seg = &arrival->seg;

    if ((tcb->flags & TCB_TIMESTAMPS) == 0 || (seg->flags & TCP_RST) != 0)
        return GO_ON;
    if ((seg->options.present & TCP_OPTION_TIMESTAMP) != 0) {
        if (!fails_paws(tcp, tcb, seg))
            return GO_ON;
        if (!is_overtaken_ack(tcp, tcb, seg))
            return drop_and_ack(tcp, tcb, arrival, RILL_DROP_TCP_PAWS);
        segment_drop(tcp, arrival, RILL_DROP_TCP_OVERTAKEN_ACK);
        acknowledge_old(tcp, tcb, arrival);
        return STOP;
    }
    if (tcb->ep.state == RILL_STATE_SYN_RECEIVED)
        return GO_ON; /* judged when its ACK has proved to be the peer's: check_handshake_ack() */
    segment_drop(tcp, arrival, RILL_DROP_TCP_NO_TIMESTAMP);
    return STOP;
}

/* The peer's SYN again, in SYN-RECEIVED: a strict first step would refuse it and break RFC 9293 figure 7. */
static enum step syn_again(struct tcp *tcp, struct tcb *tcb, struct arrival *arrival)
{
    struct tcp_segment *seg = &arrival->seg;

    if ((seg->flags & TCP_ACK) == 0) {
        tcb->flags |= TCB_SYN_DUE;
        connection_touch(tcp, tcb);
        return STOP;
    }
    /* Its ACK is what matters: the SYN is at RCV.NXT - 1 already. */
    seg->flags &= (uint8_t) ~(TCP_SYN | TCP_CWR | TCP_ECE);
    seg->seq = seq_add(seg->seq, 1);
    seg->window = (uint16_t)(seg->window >> tcb->snd_wscale); /* a SYN's is not scaled (RFC 7323 2.2) */
    if (seq_after(seg->ack, tcb->snd_una) && !seq_after(seg->ack, tcb->snd_nxt))
        tcb->flags |= TCB_ACK_NOW; /* another one gets a RST in the fifth step, and nothing else */
    return GO_ON;
}

/*
 * RFC 9293 3.10.7.4, first, and MUST-66: while the window is shut "special
 * allowance should be made to accept valid ACKs, URGs, and RSTs". What stands
 * exactly at RCV.NXT is taken without its text and its FIN, which are refused.
 */
static bool is_allowed_at_shut_window(struct tcp *tcp, struct tcb *tcb, struct arrival *arrival)
{
    struct tcp_segment *seg = &arrival->seg;

    if (!seq_equal(tcb->rcv_nxt, tcb->rcv_adv) || !seq_equal(seg->seq, tcb->rcv_nxt) || (seg->flags & TCP_SYN) != 0)
        return false;
    if ((seg->flags & TCP_RST) == 0) {
        segment_drop(tcp, arrival, RILL_DROP_TCP_OUT_OF_WINDOW);
        owe_ack(tcp, tcb);
    }
    seg->data_bytes = 0;
    seg->flags &= (uint8_t)~TCP_FIN;
    return true;
}

static enum step first_check_sequence_number(struct tcp *tcp, struct tcb *tcb, struct arrival *arrival)
{
    struct tcp_segment *seg = &arrival->seg;

    if (check_timestamp(tcp, tcb, arrival) == STOP)
        return STOP;
    if (tcb->ep.state == RILL_STATE_SYN_RECEIVED && (seg->flags & (TCP_SYN | TCP_RST)) == TCP_SYN &&
        seq_equal(seg->seq, tcb->irs))
        return syn_again(tcp, tcb, arrival);
    if (is_acceptable(tcb, seg) || is_allowed_at_shut_window(tcp, tcb, arrival))
        return GO_ON;
    if ((seg->flags & TCP_RST) != 0) {
        segment_drop(tcp, arrival, RILL_DROP_TCP_OUT_OF_WINDOW);
        return STOP;
    }
    /* The peer's FIN again: our ACK was lost, so the 2 MSL start anew (RFC 9293 3.10.7.4, eighth). */
    if (tcb->ep.state == RILL_STATE_TIME_WAIT && (seg->flags & TCP_FIN) != 0 &&
        seq_equal(seq_add(seg->seq, seg->data_bytes + 1), tcb->rcv_nxt)) {
        timeouts_time_wait(tcp, tcb);
        segment_drop(tcp, arrival, RILL_DROP_TCP_OUT_OF_WINDOW);
        owe_ack(tcp, tcb);
        return STOP;
    }
    if ((seg->flags & TCP_SYN) != 0) {
        ecn_take_syn_ack_again(tcp, tcb, arrival);
        return challenge(tcp, tcb, arrival, RILL_DROP_TCP_OUT_OF_WINDOW);
    }
    if (seg->data_bytes > 0 && seq_before(seg->seq, tcb->rcv_nxt)) {
        counts_received(tcp, tcb, arrival->segments);
        reassembly_note_twice(tcp, tcb, seg->seq, seq_min(seq_add(seg->seq, seg->data_bytes), tcb->rcv_nxt));
    }
    return drop_and_ack(tcp, tcb, arrival, RILL_DROP_TCP_OUT_OF_WINDOW);
}

/* RFC 7323 4.3 (2): the echo follows the segment that the last ACK stands before. */
static void remember_timestamp(struct tcb *tcb, const struct tcp_segment *seg)
{
    if ((tcb->flags & TCB_TIMESTAMPS) == 0)
        return;
    rill_assert((seg->options.present & TCP_OPTION_TIMESTAMP) != 0); /* check_timestamp() */
    if (seq_after(seg->seq, tcb->last_ack_sent))
        return;
    tcb->ts_recent = seg->options.timestamp_value;
}

/* RFC 5681 4.1: a peer that was silent for long begins with a small window again. */
static void after_silence(const struct tcp *tcp, struct tcb *tcb)
{
    uint32_t silent_ms = host_ms_since(&tcp->ip.host, tcb->last_heard_ms);

    if (unlikely(silent_ms > tcp->settings.rto_min_us / 1000) && silent_ms > rtt_rto_us(tcp, tcb) / 1000)
        tcb->ep.own_quick_acks = (uint8_t)max_u32(tcb->ep.own_quick_acks, QUICK_ACKS_AFTER_SILENCE);
}

/* RFC 9293 3.10.7.4: all states but CLOSED, LISTEN and SYN-SENT. */
static void segment_arrives_otherwise(struct tcp *tcp, struct tcb *tcb, struct arrival *arrival)
{
    if (first_check_sequence_number(tcp, tcb, arrival) == STOP)
        return;
    if (second_check_rst(tcp, tcb, arrival) == STOP)
        return;
    /* third: security and compartment; deliberately not carried out (RFC 9293 A.1). */
    if (fourth_check_syn(tcp, tcb, arrival) == STOP)
        return;
    after_silence(tcp, tcb);
    tcb->last_heard_ms = host_ms(tcp_host(tcp));
    tcb->keep_probes = 0;
    if (fifth_check_ack(tcp, tcb, arrival) == STOP)
        return;
    ecn_arrives(tcp, tcb, arrival);
    remember_timestamp(tcb, &arrival->seg);
    options_take_user_timeout(tcp, tcb, &arrival->seg.options);
    if (sixth_check_urg(tcp, tcb, arrival) == STOP || seventh_process_text(tcp, tcb, arrival) == STOP)
        return;
    eighth_check_fin(tcp, tcb, arrival);
}

/* ---------------------------------------------------------------- SYN-SENT */

/* RFC 9293 3.10.7.3, fourth: SYN,ACK. Text and FIN in it are taken from the sixth step on. */
static void syn_sent_established(struct tcp *tcp, struct tcb *tcb, struct arrival *arrival)
{
    struct tcp_segment *seg = &arrival->seg;

    fast_open_answered(tcp, tcb, seg);
    ecn_take_syn_ack(tcp, tcb, arrival);
    acknowledge_new(tcp, tcb, arrival);
    learn_window(tcb, seg, 0); /* a SYN's window is never scaled (RFC 7323 2.2) */
    established(tcp, tcb);
    options_take_user_timeout(tcp, tcb, &seg->options);
    owe_ack(tcp, tcb);
    seg->flags &= (uint8_t)~TCP_SYN;
    seg->seq = seq_add(seg->seq, 1);
    if (sixth_check_urg(tcp, tcb, arrival) == STOP || seventh_process_text(tcp, tcb, arrival) == STOP)
        return;
    eighth_check_fin(tcp, tcb, arrival);
}

static void syn_sent_take_syn(struct tcp *tcp, struct tcb *tcb, struct arrival *arrival)
{
    const struct tcp_segment *seg = &arrival->seg;
    uint32_t offered = seq_offset(tcb->rcv_nxt, tcb->rcv_adv); /* what our SYN's window field said */

    tcb->irs = seg->seq;
    tcb->rcv_nxt = seq_add(seg->seq, 1);
    tcb->rcv_adv = seq_add(tcb->rcv_nxt, offered);
    tcb->last_ack_sent = tcb->rcv_nxt;
    options_agree(tcp, tcb, &seg->options);
    tcb->last_heard_ms = host_ms(tcp_host(tcp));
    if ((seg->flags & TCP_ACK) != 0) {
        syn_sent_established(tcp, tcb, arrival);
        return;
    }
    /* Simultaneous open (RFC 9293 3.5 figure 7). Its text, if any, comes again. */
    ecn_take_syn(tcp, tcb, arrival);
    learn_window(tcb, seg, 0);
    state_change(tcp, &tcb->ep, RILL_STATE_SYN_RECEIVED);
    tcb->flags |= TCB_SYN_DUE;
    connection_touch(tcp, tcb);
}

static void segment_arrives_syn_sent(struct tcp *tcp, struct tcb *tcb, struct arrival *arrival)
{
    const struct tcp_segment *seg = &arrival->seg;

    /* first: ISS < SEG.ACK =< SND.NXT */
    if ((seg->flags & TCP_ACK) != 0 &&
        (!seq_after(seg->ack, tcb->iss) || seq_after(seg->ack, fast_open_ack_limit(tcp, tcb)))) {
        segment_drop(tcp, arrival, RILL_DROP_TCP_BAD_HANDSHAKE_ACK);
        answer_with_reset(tcp, arrival);
        return;
    }
    /* second: RCV.NXT is not known yet, so the ACK is the proof (RFC 5961 3.2) */
    if ((seg->flags & TCP_RST) != 0) {
        if ((seg->flags & TCP_ACK) == 0) {
            segment_drop(tcp, arrival, RILL_DROP_TCP_FLAGS);
            return;
        }
        host_count(tcp_host(tcp), RILL_COUNT_TCP_FAILED_OPENS, 1);
        connection_end(tcp, tcb, -RILL_ECONNREFUSED);
        return;
    }
    /* fourth, fifth */
    if ((seg->flags & TCP_SYN) == 0) {
        segment_drop(tcp, arrival, RILL_DROP_TCP_FLAGS);
        return;
    }
    fast_open_release(tcp, tcb); /* simultaneous open, before there was data */
    syn_sent_take_syn(tcp, tcb, arrival);
}

void segment_arrives(struct tcp *tcp, struct tcb *tcb, struct arrival *arrival)
{
    tcb->segments_in += arrival->segments;
    if (tcb->ep.state == RILL_STATE_SYN_SENT)
        segment_arrives_syn_sent(tcp, tcb, arrival);
    else if (tcb->ep.state != RILL_STATE_TIME_WAIT || !time_wait_reopen(tcp, tcb, arrival))
        segment_arrives_otherwise(tcp, tcb, arrival);
    connection_free_if_done(tcp, tcb);
}
