/*
 * Segments out: retransmissions first, then new data and FIN as trains, then
 * probes, then a bare ACK. Nagle, silly window avoidance on both sides, and
 * the window we offer.
 */
#include "tcp/output.h"

#include "tcp/accurate_ecn.h"
#include "tcp/connection.h"
#include "tcp/counts.h"
#include "tcp/fast_open.h"
#include "tcp/limits.h"
#include "tcp/mtu.h"
#include "tcp/options.h"
#include "tcp/pacing.h"
#include "tcp/rack.h"
#include "tcp/rate.h"
#include "tcp/reassembly.h"
#include "tcp/recovery.h"
#include "tcp/scoreboard.h"
#include "tcp/send_queue.h"
#include "tcp/state.h"
#include "tcp/trace.h"

bool output_has_unsent(const struct tcp *tcp, const struct tcb *tcb)
{
    if ((tcb->flags & TCB_FIN_SENT) != 0)
        return false;
    return (tcb->flags & TCB_CLOSE_QUEUED) != 0 || !seq_equal(tcb->snd_nxt, send_queue_end(tcp, tcb));
}

/* The application's bound, as far as the scale can express one that still moves. */
static uint32_t window_bound(const struct tcp *tcp, const struct tcb *tcb)
{
    uint32_t bound = limits_of(tcp, tcb)->window_bytes;

    return bound == 0 ? UINT32_MAX / 4 : min_u32(max_u32(bound, 4u << tcb->rcv_wscale), UINT32_MAX / 4);
}

/* The right edge that the true room of memory allows; may lie left of what was offered. */
static struct seq honest_edge(const struct tcp *tcp, const struct tcb *tcb)
{
    uint32_t charge = tcb->busy == REF_NONE ? 0 : busy_at(tcp, tcb)->receive_charge;
    uint32_t room = charge < tcb->receive_limit ? tcb->receive_limit - charge : 0;
    uint32_t memory = (uint32_t)min_u64(host_free_bytes(&tcp->ip.host) / 2, UINT32_MAX);

    room = min_u32(room, 2 * window_bound(tcp, tcb));
    /* Half of the true room: the other half is for the overhead of the buffers that will hold it (ADR 0006). */
    return seq_add(tcb->rcv_nxt, min_u32(min_u32(room, memory) / 2, (uint32_t)UINT16_MAX << tcb->rcv_wscale));
}

struct seq output_right_edge(const struct tcp *tcp, const struct tcb *tcb)
{
    struct seq edge = honest_edge(tcp, tcb);
    uint32_t part = min_u32(tcb->receive_limit, window_bound(tcp, tcb)) / 4;
    uint32_t step = max_u32(min_u32(part, tcb->rcv_mss), 1u << tcb->rcv_wscale);

    /* RFC 9293 3.8.6.2.2: the edge advances by a full segment or a good part of the buffer, or not at all. */
    if (seq_after(edge, tcb->rcv_adv) && seq_offset(tcb->rcv_adv, edge) >= step)
        return edge;
    return tcb->rcv_adv;
}

/*
 * The window field for a segment, and with it the right edge that the peer may
 * rely on from now on (SHLD-14). Where scaling cannot say exactly what was
 * offered it is rounded up, so that nothing is taken back, as long as there is
 * room; without room it is rounded down, or the window would open a little with each ACK and
 * never close. rcv_adv stays: what was offered is accepted (RFC 7323 2.4).
 */
static uint16_t offer_window(struct tcp *tcp, struct tcb *tcb, bool syn)
{
    struct seq edge = output_right_edge(tcp, tcb);
    uint32_t shift = syn ? 0 : tcb->rcv_wscale;
    uint32_t held = seq_offset(tcb->rcv_nxt, tcb->rcv_adv);
    uint32_t field = min_u32(seq_offset(tcb->rcv_nxt, edge) >> shift, UINT16_MAX);

    if (field << shift < held) {
        uint32_t up = min_u32((held + (1u << shift) - 1) >> shift, UINT16_MAX);
        uint32_t honest = seq_offset(tcb->rcv_nxt, seq_max(honest_edge(tcp, tcb), tcb->rcv_nxt));

        field = up << shift <= honest || up << shift == held ? up : min_u32(held >> shift, UINT16_MAX);
    }
    if (field << shift > held)
        tcb->rcv_adv = seq_add(tcb->rcv_nxt, field << shift);
    return (uint16_t)field;
}

/* Fill the train's template. The caller has put the payload in; fresh: text that was never sent. */
static void finish_train(struct tcp *tcp, struct tcb *tcb, struct rill_train *train, struct tcp_header *header,
                         bool fresh)
{
    const struct path *path = tcb_path(tcp, tcb);
    uint8_t ecn = ecn_mark(tcp, tcb, header, train, fresh);
    uint8_t tos = (uint8_t)((tcb->tos & ~IP_ECN_MASK) | ecn);
    size_t ip_bytes;

    header->source_port = tcb->ep.local_port;
    header->destination_port = tcb->ep.remote_port;
    header->window = offer_window(tcp, tcb, (header->flags & TCP_SYN) != 0);
    header->ack = tcb->rcv_nxt;
    ip_bytes = ip_build_header(&path->local, &path->remote, IP_PROTOCOL_TCP, tos, tcb->ttl, train->header);
    train->transport_start = (uint16_t)ip_bytes;
    train->header_bytes = (uint16_t)(ip_bytes + tcp_build(train->header + ip_bytes, header));
    train->protocol = IP_PROTOCOL_TCP;
    train->ip_version = path->ip_header_bytes == 20 ? 4 : 6;
    if ((header->flags & TCP_ACK) != 0) {
        tcb->flags &= ~(uint32_t)(TCB_ACK_NOW | TCB_ACK_DELAYED);
        tcb->ack_at = NANOS_NEVER;
        tcb->last_ack_sent = tcb->rcv_nxt;
        reassembly_twice_told(tcp, tcb);
        if ((header->flags & TCP_SYN) == 0)
            tcb->flags &= ~TCB_UTO_DUE;
        if (tcb->ep.own_quick_acks > 0)
            tcb->ep.own_quick_acks--;
    }
    if (trace_is_on(tcp))
        trace_emit_packet(tcp, &tcb->ep, RILL_TRACE_SEGMENT_OUT, train->header, train->header_bytes,
                          train->payload_bytes);
}

static void begin_train(struct rill_train *train, uint16_t segment_bytes)
{
    train->slice_count = 0;
    train->flags = 0;
    train->payload_bytes = 0;
    train->segment_bytes = segment_bytes;
}

static void count_segments(struct tcp *tcp, struct tcb *tcb, const struct rill_train *train, bool again)
{
    uint32_t n = train->payload_bytes <= train->segment_bytes
                     ? 1
                     : (train->payload_bytes + train->segment_bytes - 1) / train->segment_bytes;

    tcb->segments_out += n;
    host_count(tcp_host(tcp), RILL_COUNT_TCP_SEGMENTS_OUT, n);
    if (again) {
        tcb->retransmitted += n;
        host_count(tcp_host(tcp), RILL_COUNT_TCP_RETRANSMITTED, n);
    }
    counts_sent(tcp, tcb, n, train->payload_bytes, again);
}

static bool send_syn(struct tcp *tcp, struct tcb *tcb, struct rill_train *train)
{
    struct tcp_header header;
    struct fast_open_answer cookie;
    bool first = seq_equal(tcb->snd_nxt, tcb->iss);

    tcb->flags &= ~(uint32_t)TCB_SYN_DUE;
    begin_train(train, UINT16_MAX);
    header.seq = tcb->iss;
    header.urgent = 0;
    header.flags = tcb->ep.state == RILL_STATE_SYN_SENT ? TCP_SYN : TCP_SYN | TCP_ACK;
    options_for_syn(tcp, tcb, &header.options);
    fast_open_fill_syn(tcp, tcb, &header.options, &cookie, train);
    finish_train(tcp, tcb, train, &header, false);
    if ((header.flags & TCP_ACK) == 0)
        memset(train->header + train->transport_start + 8, 0, 4); /* no ACK field on a bare SYN */
    count_segments(tcp, tcb, train, !first);
    if (first) {
        tcb->snd_nxt = seq_add(tcb->iss, 1);
        if (tcb->ep.state == RILL_STATE_SYN_SENT)
            tcb->syn_sent_us1 = max_u32(wrapping_add(host_us(tcp_host(tcp)), 1), 1);
    }
    return true;
}

/* Payload per segment: options that not every segment carries take their room from it. */
static uint16_t payload_mss(uint16_t mss, const struct tcp_options *options)
{
    uint32_t taken = options->sack_count > 0 ? 4u + 8u * options->sack_count : 0;

    if ((options->present & TCP_OPTION_USER_TIMEOUT) != 0)
        taken += 4;
    taken += accurate_ecn_option_bytes(options);
    return (uint16_t)(mss > taken + 8 ? mss - taken : 8);
}

/* The options that a segment would have now, and with them, in train->segment_bytes, the payload for which they leave room. */
static void begin_text(struct tcp *tcp, struct tcb *tcb, struct rill_train *train, struct tcp_header *header,
                       uint16_t mss)
{
    options_for_segment(tcp, tcb, &header->options);
    begin_train(train, payload_mss(mss, &header->options));
}

/*
 * Send [from, from + length) and, with fin, the FIN behind it, in what begin_text() has begun; record: theirs, to know
 * and to learn where the bytes lie. Returns the sequence numbers used.
 */
static uint32_t send_range(struct tcp *tcp, struct tcb *tcb, struct rill_train *train, struct tcp_header *header,
                           struct seq from, uint32_t length_bytes, bool fin, struct sent *record)
{
    bool again = !seq_equal(from, tcb->snd_nxt);
    struct seq end;
    ref hint;

    if (length_bytes > 0) {
        uint32_t taken = send_queue_slices(tcp, tcb, from, length_bytes, &record->buffer, train);

        /* Out of slices in the middle of a segment: that one goes with the next train (MUST-38). */
        hint = record->buffer;
        if (unlikely(taken < length_bytes) && taken > train->segment_bytes && taken % train->segment_bytes != 0 &&
            !send_queue_ends_record(tcp, tcb, &hint, seq_add(from, taken))) {
            train->slice_count = 0;
            train->payload_bytes = 0;
            taken = send_queue_slices(tcp, tcb, from, taken - taken % train->segment_bytes, &record->buffer, train);
        }
        fin = fin && taken == length_bytes;
        length_bytes = taken;
    }
    end = seq_add(from, length_bytes);
    hint = record->buffer; /* the end is a train's few slices further */
    header->seq = from;
    header->flags = TCP_ACK;
    header->urgent = 0;
    if (length_bytes > 0 && (seq_equal(end, send_queue_end(tcp, tcb)) || send_queue_ends_record(tcp, tcb, &hint, end)))
        header->flags |= TCP_PSH; /* RFC 9293 3.9.1.2: nothing more is buffered, or to be waited for */
    if (fin)
        header->flags |= TCP_FIN;
    if (tcb->busy != REF_NONE && seq_after(busy_at(tcp, tcb)->snd_up, from)) {
        header->flags |= TCP_URG;
        header->urgent = (uint16_t)min_u32(seq_offset(from, busy_at(tcp, tcb)->snd_up), UINT16_MAX);
    }
    finish_train(tcp, tcb, train, header, !again && length_bytes > 0);
    count_segments(tcp, tcb, train, again);
    return length_bytes + (fin ? 1 : 0);
}

/* The RTO counts from now (RFC 6298 5.1): for a first segment that was sent again, too. */
static void restart_timer(struct tcp *tcp, struct tcb *tcb)
{
    if ((tcb->flags & TCB_PERSIST) != 0)
        return;
    sender_at(tcp, tcb)->still_unanswered = true;
    tcb->retransmit_at = NANOS_NEVER;
}

/* Send the first n bytes of a record again; with fin, all of it and the FIN. */
static bool send_record(struct tcp *tcp, struct tcb *tcb, struct rill_train *train, struct tcp_header *header,
                        struct sent *record, uint32_t n, bool fin)
{
    bool is_first = record->span.previous == REF_NONE;
    struct seq from = record->span.start;
    uint32_t sent = send_range(tcp, tcb, train, header, record->span.start, n, fin, record);

    if (sent == 0)
        return false;
    sender_at(tcp, tcb)->first_due = false;
    (void)scoreboard_sent_again(tcp, tcb, record, seq_add(from, sent), train->segment_bytes);
    pacing_sent(tcp, tcb, train->payload_bytes);
    recovery_sent(tcp, tcb, train->payload_bytes);
    recovery_sent_again(tcp, tcb, from, train->payload_bytes);
    if (is_first)
        restart_timer(tcp, tcb);
    return true;
}

/* What the peer's window leaves from the record on: a full segment at least, should it have shrunk under the first one. */
static uint32_t window_again(const struct tcb *tcb, const struct sent *record)
{
    uint32_t ahead = seq_offset(tcb->snd_una, record->span.start);
    uint32_t window = max_u32(tcb->snd_wnd, tcb->snd_mss);

    return window > ahead ? window - ahead : 0;
}

/* What windows leave for `wanted` bytes that were lost, from the record on; notes when it is cwnd that holds them back. */
static uint32_t room_again(struct tcp *tcp, struct tcb *tcb, const struct sent *record, uint32_t wanted, uint16_t mss)
{
    struct sender *sender = sender_at(tcp, tcb);
    uint32_t flight = sender_flight(tcp, tcb);
    uint32_t window = window_again(tcb, record);
    uint32_t allowed = tcb->cwnd > flight ? tcb->cwnd - flight : 0;

    if (seq_equal(record->span.start, tcb->snd_una) && (flight == 0 || sender->first_due))
        return mss; /* the first segment always goes */
    if (allowed < min_u32(wanted, window))
        sender->limited_end = tcb->snd_nxt;
    return min_u32(allowed, window);
}

/* Else output waits for it. */
static bool pacing_allows_now(struct tcp *tcp, struct tcb *tcb)
{
    if (pacing_allows(tcp, tcb))
        return true;
    sender_at(tcp, tcb)->pacing_waits = true;
    return false;
}

/* What was lost goes out again, first of all. */
static bool send_again(struct tcp *tcp, struct tcb *tcb, struct rill_train *train)
{
    struct tcp_header header;
    struct sent *record;
    uint32_t run, room, n;
    bool fin;

    if (tcb->sender == REF_NONE || (record = scoreboard_next_lost(tcp, &sender_at(tcp, tcb)->board)) == NULL)
        return false;
    if (sender_at(tcp, tcb)->frto == FRTO_NEW_DATA)
        return false; /* RFC 5682 3.1 step 2 b: new data goes, and tells whether anything was lost at all */
    mtu_follow_path(tcp, tcb);
    begin_text(tcp, tcb, train, &header, tcb->snd_mss);
    run = scoreboard_lost_run(tcp, record, train->segment_bytes);
    room = room_again(tcp, tcb, record, run, train->segment_bytes);
    if (room < min_u32(run, train->segment_bytes))
        return false;
    if (!sender_at(tcp, tcb)->first_due && !pacing_allows_now(tcp, tcb)) /* a timeout's own segment has waited enough */
        return false;
    scoreboard_gather_lost(tcp, tcb, record, train->segment_bytes);
    n = min_u32(sent_data_bytes(record), min_u32(room, RILL_TRAIN_PAYLOAD_MAX));
    n = min_u32(n, pacing_quantum(tcp, tcb));
    if (n < sent_data_bytes(record) && n > train->segment_bytes)
        n -= n % train->segment_bytes; /* whole segments */
    fin = (record->flags & SENT_FIN) != 0 && n == sent_data_bytes(record) && window_again(tcb, record) > n;
    return send_record(tcp, tcb, train, &header, record, n, fin);
}

/* Nagle (RFC 9293 3.7.4) as Minshall refined it: one small segment in flight at a time, full ones do not count. */
static bool small_may_go(const struct tcp *tcp, const struct tcb *tcb)
{
    if ((tcb->flags & (TCB_CLOSE_QUEUED | TCB_FORCE_SEND)) != 0)
        return true;
    if ((tcb->flags & (TCB_CORK | TCB_MORE)) != 0) /* held, unless that keeps the rest of it from being sent at all */
        return (tcb->flags & TCB_ROOM_WANTED) != 0 && seq_equal(tcb->snd_una, tcb->snd_nxt);
    if ((tcb->flags & TCB_NODELAY) != 0)
        return true;
    if (tcb->busy == REF_NONE)
        return true;
    return !seq_after(busy_at(tcp, tcb)->small_end, tcb->snd_una);
}

/* What windows leave for new data; notes when it is cwnd that holds it back. */
static uint32_t window_room(struct tcp *tcp, struct tcb *tcb, uint32_t unsent)
{
    uint32_t ahead = seq_offset(send_queue_start(tcb), tcb->snd_nxt);
    uint32_t flight = sender_flight(tcp, tcb);
    uint32_t window = tcb->snd_wnd > ahead ? tcb->snd_wnd - ahead : 0;
    uint32_t allowed = tcb->cwnd > flight ? tcb->cwnd - flight : 0;
    uint32_t n = min_u32(unsent, window);

    if (allowed >= n)
        return n;
    if (tcb->sender != REF_NONE)
        sender_at(tcp, tcb)->limited_end = tcb->snd_nxt;
    return allowed;
}

/*
 * How much new data may leave now: windows, Nagle, and the sender's silly window rule (RFC 9293 3.8.6.2.1). What is
 * `complete`, a record with more behind it, gains nothing by waiting.
 */
static uint32_t sendable(struct tcp *tcp, struct tcb *tcb, uint32_t unsent, uint16_t mss, bool complete)
{
    uint32_t ahead = seq_offset(send_queue_start(tcb), tcb->snd_nxt);
    uint32_t n = window_room(tcp, tcb, unsent);

    n = min_u32(n, RILL_TRAIN_PAYLOAD_MAX - RILL_TRAIN_PAYLOAD_MAX % mss);
    n = min_u32(n, pacing_quantum(tcp, tcb));
    if (n % mss == 0)
        return n;
    if (n == unsent && (complete || small_may_go(tcp, tcb)))
        return n;
    if (n > mss)
        return n - n % mss;
    if ((tcb->flags & TCB_FORCE_SEND) != 0)
        return n;
    /* A window that is small because the peer's buffer is. */
    if (n >= tcb->snd_wnd_max / 2 && n < unsent && tcb->snd_wnd == ahead + n)
        return n;
    return 0;
}

/* n bytes of new data, or the FIN, or both, leave. */
static bool send_fresh(struct tcp *tcp, struct tcb *tcb, struct rill_train *train, struct tcp_header *header,
                       uint32_t n, bool fin)
{
    struct seq from = tcb->snd_nxt;
    struct sent *record;
    uint32_t sent;

    if (!sender_make(tcp, tcb) || (record = scoreboard_new(tcp, tcb)) == NULL)
        return false; /* no memory: ACKs give some back, or the persist timer tries again */
    sent = send_range(tcp, tcb, train, header, from, n, fin, record);
    tcb->snd_nxt = seq_add(from, sent);
    tcb->flags &= ~(uint32_t)TCB_FORCE_SEND;
    if (limits_of(tcp, tcb)->unsent_bytes != 0)
        send_queue_tell_of_room(tcp, tcb); /* where what was never sent is limited, sending makes room */
    if ((tcb->events & EVENTS_WITH_PROGRESS) != 0)
        event_raise(tcp, tcb, RILL_PROGRESS);
    if (sent == n + 1)
        tcb->flags |= TCB_FIN_SENT;
    scoreboard_sent_new(tcp, tcb, record, from, train->segment_bytes, sent == n + 1 ? SENT_FIN : 0);
    pacing_sent(tcp, tcb, train->payload_bytes);
    recovery_sent(tcp, tcb, train->payload_bytes);
    sender_at(tcp, tcb)->probe_wanted = true;
    if (tcb->busy != REF_NONE && train->payload_bytes % train->segment_bytes != 0)
        busy_at(tcp, tcb)->small_end = tcb->snd_nxt;
    return true;
}

/*
 * RFC 4821 7.5: the next bytes of the stream as one segment larger than the others. mss: what a segment of that size
 * has room for, as snd_mss says it of the others.
 */
static bool send_mtu_probe(struct tcp *tcp, struct tcb *tcb, struct rill_train *train, uint16_t mss)
{
    struct tcp_header header;
    uint32_t n;

    begin_text(tcp, tcb, train, &header, mss);
    n = train->segment_bytes;
    if (!send_fresh(tcp, tcb, train, &header, n, false))
        return false;
    if (train->payload_bytes == n) /* fewer when it would have had too many slices */
        mtu_probe_sent(tcp, tcb, mss);
    return true;
}

/* As one piece: a train has so many slices and no more. */
static bool fits_a_train(struct tcp *tcp, struct tcb *tcb, struct rill_train *train, uint32_t n)
{
    ref hint = REF_NONE, cursor = busy_at(tcp, tcb)->cursor;
    uint32_t taken;

    begin_train(train, (uint16_t)n);
    taken = send_queue_slices(tcp, tcb, tcb->snd_nxt, n, &hint, train);
    busy_at(tcp, tcb)->cursor = cursor;
    return taken == n;
}

static bool something_is_lost(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcb->sender != REF_NONE && sender_at(tcp, tcb)->board.lost.first != REF_NONE;
}

/* RFC 5682 3.1 step 2 b: with nothing new that could be sent, now or when pacing allows, there is nothing to learn. */
static void frto_gives_up(struct tcp *tcp, struct tcb *tcb)
{
    struct sender *sender;

    if (tcb->sender == REF_NONE)
        return;
    sender = sender_at(tcp, tcb);
    if (sender->frto == FRTO_NEW_DATA && seq_equal(sender->high_seq, tcb->snd_nxt) && !sender->pacing_waits)
        sender->frto = FRTO_NONE;
}

static bool send_new(struct tcp *tcp, struct tcb *tcb, struct rill_train *train)
{
    uint32_t queued, unsent, n, window_left, ahead;
    struct tcp_header header;
    bool fin;

    if ((tcb->flags & TCB_FIN_SENT) != 0 || (!state_is_synchronized(tcb->ep.state) && !fast_open_may_send(tcb)))
        return false;
    queued = seq_offset(tcb->snd_nxt, send_queue_end(tcp, tcb));
    if (queued == 0 && (tcb->flags & TCB_CLOSE_QUEUED) == 0)
        return false;
    if (something_is_lost(tcp, tcb) && sender_at(tcp, tcb)->frto != FRTO_NEW_DATA)
        return false; /* what was lost goes first */
    mtu_follow_path(tcp, tcb);
    unsent = send_queue_record_left(tcp, tcb, tcb->snd_nxt, queued);
    if ((n = mtu_probe_due(tcp, tcb, unsent)) > 0 && fits_a_train(tcp, tcb, train, n)) {
        /* RFC 4821 7.4: what ACKs make room for is saved up for it, which is never long: more is in flight than that. */
        if (window_room(tcp, tcb, n) < n || !pacing_allows_now(tcp, tcb))
            return false;
        return send_mtu_probe(tcp, tcb, train, (uint16_t)n);
    }
    ahead = seq_offset(send_queue_start(tcb), tcb->snd_nxt);
    begin_text(tcp, tcb, train, &header, tcb->snd_mss);
    n = sendable(tcp, tcb, unsent, train->segment_bytes, unsent < queued);
    window_left = tcb->snd_wnd > ahead ? tcb->snd_wnd - ahead : 0;
    fin = (tcb->flags & TCB_CLOSE_QUEUED) != 0 && n == queued && window_left > n && !fast_open_may_send(tcb);
    if (n == 0 && !fin)
        return false;
    if (n > 0 && !pacing_allows_now(tcp, tcb))
        return false;
    return send_fresh(tcp, tcb, train, &header, n, fin);
}

/* RFC 8985 7.3: one segment of new data if the peer's window takes it, else the last one sent; cwnd or no. */
static bool send_probe(struct tcp *tcp, struct tcb *tcb, struct rill_train *train)
{
    struct sender *sender;
    struct sent *record;
    uint32_t ahead = seq_offset(send_queue_start(tcb), tcb->snd_nxt), unsent, n;
    struct tcp_header header;
    bool again = false, sent;

    if (tcb->sender == REF_NONE || !sender_at(tcp, tcb)->tlp_due)
        return false;
    sender = sender_at(tcp, tcb);
    sender->tlp_due = false;
    if (!probe_is_wanted(tcp, tcb))
        return false; /* SACKs came since: RACK finds what is missing */
    unsent = (tcb->flags & TCB_FIN_SENT) != 0 ? 0 : seq_offset(tcb->snd_nxt, send_queue_end(tcp, tcb));
    begin_text(tcp, tcb, train, &header, tcb->snd_mss);
    n = min_u32(unsent, train->segment_bytes);
    if (n > 0 && ahead + n <= tcb->snd_wnd) {
        sent = send_fresh(tcp, tcb, train, &header, n, false);
    } else if ((record = scoreboard_last_segment(tcp, tcb)) != NULL) {
        again = true;
        sent = send_record(tcp, tcb, train, &header, record, sent_data_bytes(record), (record->flags & SENT_FIN) != 0);
    } else {
        return false;
    }
    if (sent)
        probe_sent(tcp, tcb, again);
    return sent;
}

/* Zero-window and keep-alive probes: <SEQ=SND.UNA-1>, which the peer must answer (RFC 9293 3.8.4, 3.8.6.1). */
static bool send_bare(struct tcp *tcp, struct tcb *tcb, struct rill_train *train, struct seq seq)
{
    struct tcp_header header;

    begin_train(train, UINT16_MAX);
    header.seq = seq;
    header.flags = TCP_ACK;
    header.urgent = 0;
    options_for_segment(tcp, tcb, &header.options);
    finish_train(tcp, tcb, train, &header, false);
    count_segments(tcp, tcb, train, false);
    return true;
}

bool output_next(struct tcp *tcp, struct tcb *tcb, struct rill_train *train)
{
    if ((tcb->flags & TCB_HELD) != 0 || tcb->ep.state == RILL_STATE_CLOSED)
        return false;
    if ((tcb->flags & TCB_SYN_DUE) != 0)
        return send_syn(tcp, tcb, train);
    if (tcb->ep.state == RILL_STATE_SYN_SENT)
        return false;
    if (ecn_owes_bare_ack(tcb))
        return send_bare(tcp, tcb, train, tcb->snd_nxt);
    if (send_probe(tcp, tcb, train) || send_again(tcp, tcb, train) || send_new(tcp, tcb, train))
        return true;
    frto_gives_up(tcp, tcb);
    if (send_again(tcp, tcb, train))
        return true;
    rate_check_app_limited(tcp, tcb);
    if ((tcb->flags & TCB_PROBE_DUE) != 0) {
        tcb->flags &= ~(uint32_t)TCB_PROBE_DUE;
        return send_bare(tcp, tcb, train, seq_sub(tcb->snd_una, 1));
    }
    if ((tcb->flags & TCB_ACK_NOW) != 0)
        return send_bare(tcp, tcb, train, tcb->snd_nxt);
    return false;
}
