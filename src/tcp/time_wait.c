/*
 * TIME-WAIT blocks. All wait 2 MSL, so one list in order of arrival is in
 * order of deadline; a retransmitted FIN moves a block to the tail.
 */
#include "tcp/time_wait.h"

#include "tcp/answer.h"
#include "tcp/connection.h"
#include "tcp/fifo.h"
#include "tcp/listen.h"
#include "tcp/options.h"
#include "tcp/segment_arrives.h"
#include "tcp/state.h"
#include "tcp/timeouts.h"

static struct time_wait *time_wait_at(const struct tcp *tcp, ref r)
{
    return (struct time_wait *)host_at(&tcp->ip.host, r);
}

static void queue_block(struct tcp *tcp, ref r, uint32_t wait_ms)
{
    time_wait_at(tcp, r)->due_ms = wrapping_add(host_ms(tcp_host(tcp)), wait_ms);
    fifo_push(tcp_arena(tcp), &tcp->time_wait, r, offsetof(struct time_wait, link));
    timeouts_note(tcp, host_due_at(tcp_host(tcp), time_wait_at(tcp, r)->due_ms));
}

/* reopened: a new incarnation takes over; what becomes of the state is told by it. */
static void remove_block(struct tcp *tcp, ref r, bool reopened)
{
    struct time_wait *time_wait = time_wait_at(tcp, r);
    bool removed;

    fifo_remove(tcp_arena(tcp), &tcp->time_wait, r, offsetof(struct time_wait, link));
    removed =
        table_remove(tcp_arena(tcp), &tcp->connections, endpoint_hash(tcp, &time_wait->ep), r, endpoint_hash_of, tcp);
    rill_assert(removed);
    if (!reopened)
        state_change(tcp, &time_wait->ep, RILL_STATE_CLOSED);
    path_drop(&tcp->ip, time_wait->ep.path);
    pool_give(tcp_arena(tcp), &tcp->time_waits, r);
}

/* A block, if need be that of the oldest TIME-WAIT, which then ends early: counted, never silent. */
static ref take_block(struct tcp *tcp)
{
    uint32_t most = tcp->settings.max_time_wait;
    ref r = most != 0 && tcp->time_waits.used >= most ? REF_NONE : pool_take(tcp_arena(tcp), &tcp->time_waits);

    if (r == REF_NONE && tcp->time_wait.head != REF_NONE) {
        host_count(tcp_host(tcp), RILL_COUNT_TCP_TIME_WAIT_EVICTED, 1);
        remove_block(tcp, tcp->time_wait.head, false);
        r = pool_take(tcp_arena(tcp), &tcp->time_waits);
    }
    return r;
}

static uint8_t bits_of(uint32_t number)
{
    uint8_t bits = 0;

    for (; number != 0; number >>= 1)
        bits++;
    return bits;
}

void time_wait_take_over(struct tcp *tcp, struct tcb *tcb)
{
    struct host *host = tcp_host(tcp);
    ref old = tcb_ref(tcp, tcb);
    ref r = take_block(tcp);
    nanos left = tcb->keep_at > host->now ? tcb->keep_at - host->now : 0;
    struct time_wait *time_wait;
    bool replaced;

    if (r == REF_NONE) {
        host_count(host, RILL_COUNT_TCP_TIME_WAIT_EVICTED, 1);
        connection_end(tcp, tcb, 0);
        return;
    }
    time_wait = time_wait_at(tcp, r);
    time_wait->ep.path = tcb->ep.path;
    time_wait->ep.local_port = tcb->ep.local_port;
    time_wait->ep.remote_port = tcb->ep.remote_port;
    time_wait->ep.state = RILL_STATE_TIME_WAIT;
    time_wait->ep.own_options = (tcb->flags & TCB_TIMESTAMPS) != 0 ? TIME_WAIT_TS : 0;
    time_wait->ep.own_window_bits = bits_of(tcb->snd_wnd_max);
    time_wait->snd_nxt = tcb->snd_nxt;
    time_wait->rcv_nxt = tcb->rcv_nxt;
    time_wait->rcv_wnd = seq_offset(tcb->rcv_nxt, tcb->rcv_adv);
    time_wait->ep.own_shift = tcb->rcv_wscale;
    time_wait->ts_recent = tcb->ts_recent;
    time_wait->answer_ms = tcb->answer_ms;
    path_hold(&tcp->ip, tcb->ep.path);
    replaced = table_replace(tcp_arena(tcp), &tcp->connections, endpoint_hash(tcp, &tcb->ep), old, r);
    rill_assert(replaced);
    /* An application that let go late pushes a shorter wait behind longer ones: it may last 4 MSL in all, never less than 2. */
    queue_block(tcp, r, (uint32_t)((left + NANOS_PER_MS - 1) / NANOS_PER_MS));
    connection_forget(tcp, tcb);
}

static void send_ack(struct tcp *tcp, const struct time_wait *time_wait)
{
    struct tcp_header header;

    header.flags = TCP_ACK;
    header.ae = false;
    header.seq = time_wait->snd_nxt;
    header.ack = time_wait->rcv_nxt;
    header.window = (uint16_t)min_u32(time_wait->rcv_wnd >> time_wait->ep.own_shift, UINT16_MAX);
    header.urgent = 0;
    header.options.present = 0;
    header.options.sack_count = 0;
    if ((time_wait->ep.own_options & TIME_WAIT_TS) != 0) {
        header.options.present = TCP_OPTION_TIMESTAMP;
        header.options.timestamp_value =
            wrapping_add(host_ms(tcp_host(tcp)), options_timestamp_offset(tcp, &time_wait->ep));
        header.options.timestamp_echo = time_wait->ts_recent;
    }
    answer_segment(tcp, &time_wait->ep, &header);
}

static void drop_and_ack(struct tcp *tcp, struct time_wait *time_wait, const struct arrival *arrival,
                         enum rill_drop reason)
{
    segment_drop(tcp, arrival, reason);
    if (answer_is_allowed(tcp, &time_wait->answer_ms))
        send_ack(tcp, time_wait);
}

/* RFC 6191 2: may this SYN open a new incarnation? Newer in time, or, where time says nothing, newer in sequence. */
static bool may_reuse(bool had_timestamps, uint32_t ts_recent, struct seq rcv_nxt, const struct tcp_segment *seg)
{
    bool has = (seg->options.present & TCP_OPTION_TIMESTAMP) != 0;

    if (had_timestamps && has && seg->options.timestamp_value != ts_recent)
        return wrapping_before(ts_recent, seg->options.timestamp_value);
    if (!had_timestamps && has)
        return true;
    return seq_after(seg->seq, rcv_nxt);
}

/* The listener that would take the SYN; NULL. */
static struct listener *reopener(struct tcp *tcp, const struct arrival *arrival)
{
    const struct ip_packet *packet = arrival->packet;
    struct listener *listener =
        listen_find(tcp, &(struct rill_endpoint){packet->destination, arrival->seg.destination_port},
                    &(struct rill_endpoint){packet->source, arrival->seg.source_port});

    return listener != NULL && listen_takes_syn(tcp, listener, &arrival->seg) ? listener : NULL;
}

bool time_wait_reopen(struct tcp *tcp, struct tcb *tcb, struct arrival *arrival)
{
    struct listener *listener;
    struct seq floor = tcb->snd_nxt;

    if ((arrival->seg.flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)
        return false;
    listener = reopener(tcp, arrival);
    if (listener == NULL ||
        !may_reuse((tcb->flags & TCB_TIMESTAMPS) != 0, tcb->ts_recent, tcb->rcv_nxt, &arrival->seg)) {
        segment_drop(tcp, arrival, RILL_DROP_TCP_TIME_WAIT_SYN);
        return true;
    }
    host_count(tcp_host(tcp), RILL_COUNT_TCP_TIME_WAIT_REUSED, 1);
    connection_end(tcp, tcb, 0);
    listen_segment(tcp, listener, arrival, &floor);
    return true;
}

static void syn_arrives(struct tcp *tcp, struct time_wait *time_wait, struct arrival *arrival)
{
    bool had_timestamps = (time_wait->ep.own_options & TIME_WAIT_TS) != 0;
    struct listener *listener = reopener(tcp, arrival);
    struct seq floor = time_wait->snd_nxt;

    if (listener == NULL || !may_reuse(had_timestamps, time_wait->ts_recent, time_wait->rcv_nxt, &arrival->seg)) {
        segment_drop(tcp, arrival, RILL_DROP_TCP_TIME_WAIT_SYN);
        return;
    }
    host_count(tcp_host(tcp), RILL_COUNT_TCP_TIME_WAIT_REUSED, 1);
    remove_block(tcp, arena_ref(tcp_arena(tcp), time_wait), true);
    listen_segment(tcp, listener, arrival, &floor);
}

static bool is_acceptable(const struct time_wait *time_wait, const struct tcp_segment *seg)
{
    uint32_t length = tcp_segment_length(seg);

    if (length == 0)
        return seq_offset(time_wait->rcv_nxt, seg->seq) <= time_wait->rcv_wnd;
    return seq_in_span(seg->seq, time_wait->rcv_nxt, time_wait->rcv_wnd) ||
           (time_wait->rcv_wnd > 0 && seq_before(seg->seq, time_wait->rcv_nxt) &&
            seq_offset(seg->seq, time_wait->rcv_nxt) < length);
}

/* RFC 5961 5.2: SND.UNA - MAX.SND.WND =< SEG.ACK, with the window rounded up to what its bits can say. */
static bool is_too_old(const struct time_wait *time_wait, struct seq ack)
{
    return seq_before(ack, time_wait->snd_nxt) &&
           seq_offset(ack, time_wait->snd_nxt) >> time_wait->ep.own_window_bits != 0;
}

/* The peer's FIN again: our ACK was lost. Answered always, and 2 MSL start anew. */
static void fin_again(struct tcp *tcp, struct time_wait *time_wait, const struct arrival *arrival)
{
    ref r = arena_ref(tcp_arena(tcp), time_wait);

    segment_drop(tcp, arrival, RILL_DROP_TCP_OUT_OF_WINDOW);
    fifo_remove(tcp_arena(tcp), &tcp->time_wait, r, offsetof(struct time_wait, link));
    queue_block(tcp, r, 2 * tcp->settings.msl_ms);
    send_ack(tcp, time_wait);
}

void time_wait_segment(struct tcp *tcp, struct time_wait *time_wait, struct arrival *arrival)
{
    const struct tcp_segment *seg = &arrival->seg;
    bool expects_ts = (time_wait->ep.own_options & TIME_WAIT_TS) != 0;
    bool has_ts = (seg->options.present & TCP_OPTION_TIMESTAMP) != 0;

    if ((seg->flags & TCP_RST) != 0) { /* RFC 1337 */
        segment_drop(tcp, arrival, RILL_DROP_TCP_TIME_WAIT_RST);
    } else if ((seg->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
        syn_arrives(tcp, time_wait, arrival);
    } else if (expects_ts && !has_ts) {
        segment_drop(tcp, arrival, RILL_DROP_TCP_NO_TIMESTAMP);
    } else if (expects_ts && wrapping_before(seg->options.timestamp_value, time_wait->ts_recent)) {
        drop_and_ack(tcp, time_wait, arrival, RILL_DROP_TCP_PAWS);
    } else if ((seg->flags & TCP_FIN) != 0 && seq_equal(seq_add(seg->seq, seg->data_bytes + 1), time_wait->rcv_nxt)) {
        fin_again(tcp, time_wait, arrival);
    } else if (!is_acceptable(time_wait, seg)) {
        drop_and_ack(tcp, time_wait, arrival, RILL_DROP_TCP_OUT_OF_WINDOW);
    } else if ((seg->flags & TCP_SYN) != 0) {
        drop_and_ack(tcp, time_wait, arrival, RILL_DROP_TCP_SYN_IN_WINDOW);
    } else if ((seg->flags & TCP_ACK) == 0) {
        segment_drop(tcp, arrival, RILL_DROP_TCP_NO_ACK_BIT);
    } else if (seq_after(seg->ack, time_wait->snd_nxt)) {
        drop_and_ack(tcp, time_wait, arrival, RILL_DROP_TCP_ACK_UNSENT);
    } else if (is_too_old(time_wait, seg->ack)) {
        drop_and_ack(tcp, time_wait, arrival, RILL_DROP_TCP_ACK_TOO_OLD);
    } else if (seg->data_bytes > 0) {
        segment_drop(tcp, arrival, RILL_DROP_TCP_DATA_AFTER_FIN);
    }
}

void time_wait_run(struct tcp *tcp)
{
    while (tcp->time_wait.head != REF_NONE &&
           host_due_at(tcp_host(tcp), time_wait_at(tcp, tcp->time_wait.head)->due_ms) <= tcp_host(tcp)->now)
        remove_block(tcp, tcp->time_wait.head, false);
}

nanos time_wait_deadline(const struct tcp *tcp)
{
    ref head = tcp->time_wait.head;

    return head == REF_NONE ? NANOS_NEVER : host_due_at(&tcp->ip.host, time_wait_at(tcp, head)->due_ms);
}
