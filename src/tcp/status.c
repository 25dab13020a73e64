/*
 * What a connection looks like from outside.
 */
#include "tcp/status.h"

#include "tcp/cc.h"
#include "tcp/connection.h"
#include "tcp/counts.h"
#include "tcp/ecn.h"
#include "tcp/fast_open.h"
#include "tcp/options.h"
#include "tcp/output.h"
#include "tcp/pacing.h"
#include "tcp/reassembly.h"
#include "tcp/rtt.h"
#include "tcp/scoreboard.h"
#include "tcp/send_queue.h"
#include "tcp/sender.h"
#include "tcp/timeouts.h"
#include "tcp/tuning.h"

static void fill_endpoint(struct tcp *tcp, const struct endpoint *ep, struct rill_status *out)
{
    out->conn = conn_of(tcp, ep);
    out->state = (enum rill_state)ep->state;
    out->local.port = ep->local_port;
    out->remote.port = ep->remote_port;
    if (ep->path != REF_NONE) {
        const struct path *path = path_at(tcp_host(tcp), ep->path);

        out->local.addr = path->local;
        out->remote.addr = path->remote;
        out->netif = path->netif;
        out->pmtu = path->mtu;
    }
}

static rill_time left_until(const struct tcp *tcp, nanos deadline)
{
    return deadline > tcp->ip.host.now ? deadline - tcp->ip.host.now : 0;
}

static rill_time left_until_ms(const struct tcp *tcp, uint32_t due_ms)
{
    return left_until(tcp, host_due_at(&tcp->ip.host, due_ms));
}

static enum rill_timer timer_name(const struct tcp *tcp, const struct tcb *tcb, nanos earliest)
{
    if (earliest == tcb->retransmit_at)
        return (tcb->flags & TCB_PERSIST) != 0 ? RILL_TIMER_PERSIST : RILL_TIMER_RETRANSMISSION;
    if (earliest == tcb->ack_at)
        return RILL_TIMER_DELAYED_ACK;
    if (tcb->sender != REF_NONE && earliest == sender_at(tcp, tcb)->early_at)
        return sender_at(tcp, tcb)->timer == SENDER_TIMER_PROBE ? RILL_TIMER_PROBE : RILL_TIMER_REORDER;
    if (tcb->sender != REF_NONE && earliest == sender_at(tcp, tcb)->pace_at)
        return RILL_TIMER_PACING;
    if (tcb->ep.state == RILL_STATE_TIME_WAIT)
        return RILL_TIMER_TIME_WAIT;
    return tcb->ep.state == RILL_STATE_FIN_WAIT_2 && (tcb->flags & TCB_ORPHAN) != 0 ? RILL_TIMER_FIN_WAIT_2
                                                                                    : RILL_TIMER_KEEPALIVE;
}

static void fill_timer(const struct tcp *tcp, const struct tcb *tcb, struct rill_status *out)
{
    nanos earliest = timeouts_earliest(tcp, tcb);

    out->backoff = tcb->ep.own_backoff;
    if (tcb->sender != REF_NONE && sender_at(tcp, tcb)->timer == SENDER_TIMER_REST &&
        earliest == sender_at(tcp, tcb)->early_at) /* housekeeping; nothing happens on the network then */
        earliest = min_u64(tcb->ack_at, tcb->keep_at);
    if (earliest == NANOS_NEVER)
        return;
    out->timer_left = left_until(tcp, earliest);
    out->timer = timer_name(tcp, tcb, earliest);
}

static enum rill_sending sending_state(const struct sender *sender)
{
    static const uint8_t states[] = {
        [SENDER_OPEN] = RILL_SENDING_OPEN,
        [SENDER_CWR] = RILL_SENDING_REDUCED,
        [SENDER_RECOVERY] = RILL_SENDING_RECOVERY,
        [SENDER_LOSS] = RILL_SENDING_LOSS,
    };

    if (sender->state == SENDER_OPEN && (sender->board.sacked_bytes > 0 || sender->duplicate_bytes > 0))
        return RILL_SENDING_DISORDER;
    return (enum rill_sending)states[sender->state];
}

static uint32_t again_bytes(const struct tcp *tcp, const struct scoreboard *board)
{
    uint32_t bytes = 0;

    for (const struct sent *record = sent_at(tcp, board->in_flight.first); record != NULL;
         record = sent_at(tcp, record->later))
        bytes += (record->flags & SENT_AGAIN) != 0 ? sent_bytes(record) : 0;
    return bytes;
}

static void fill_sender(const struct tcp *tcp, const struct tcb *tcb, struct rill_status *out)
{
    const struct sender *sender;

    if (tcb->sender == REF_NONE)
        return;
    sender = sender_at(tcp, tcb);
    out->sending = sending_state(sender);
    out->sacked_bytes = sender->board.sacked_bytes;
    out->sacked_segments = sender->board.sacked_segments;
    out->lost_bytes = sender->board.lost_bytes;
    out->again_bytes = again_bytes(tcp, &sender->board);
    out->min_rtt_us = sender->min_rtt_us;
    out->pacing_rate = pacing_rate(tcp, tcb);
    out->delivery_rate = sender->rate_us == 0 ? 0 : (uint64_t)sender->rate_bytes * 1000000 / sender->rate_us;
    out->delivery_rate_is_low = sender->rate_app_limited;
    out->reordering_seen = sender->reordering_seen;
}

static uint32_t urgent_ahead(const struct tcp *tcp, const struct tcb *tcb)
{
    struct seq reader = seq_sub(tcb->rcv_nxt, receive_queue_bytes(tcp, tcb));

    if ((tcb->flags & TCB_URGENT_SEEN) == 0 || tcb->busy == REF_NONE)
        return 0;
    if ((tcb->flags & TCB_FIN_RECEIVED) != 0)
        reader = seq_sub(reader, 1);
    return seq_offset(reader, busy_at(tcp, tcb)->rcv_up);
}

static void fill_counts(const struct tcp *tcp, const struct tcb *tcb, struct rill_status *out)
{
    const struct counts *counts = counts_of(tcp, tcb);

    if (counts == NULL)
        return;
    out->data_segments_in = counts->data_segments_in;
    out->data_segments_out = counts->data_segments_out;
    out->delivered_segments = counts->delivered;
    out->delivered_marked = counts->delivered_ce;
    out->duplicates_told = counts->dsacks;
    out->reorderings = counts->reorderings;
    out->out_of_order = counts->out_of_order;
    out->sent_ms = counts->data_segments_out > 0 ? host_ms_since(&tcp->ip.host, counts->last_sent_ms) : 0;
    out->received_ms = counts->data_segments_in > 0 ? host_ms_since(&tcp->ip.host, counts->last_received_ms) : 0;
    out->receive_rtt_us = counts->receive_rtt_us;
    out->receive_space = counts->receive_space;
    out->bytes_retransmitted = counts->again_bytes;
    out->bytes_sent = tcb->bytes_acked + out->send_queued - out->unsent_bytes + counts->again_bytes;
    out->window_limited_us = counts_spent(tcp, counts, COUNTS_WINDOW) / NANOS_PER_US;
    out->buffer_limited_us = counts_spent(tcp, counts, COUNTS_BUFFER) / NANOS_PER_US;
    out->busy_us =
        counts_spent(tcp, counts, COUNTS_BUSY) / NANOS_PER_US + out->window_limited_us + out->buffer_limited_us;
}

static void fill_tcb(struct tcp *tcp, const struct tcb *tcb, struct rill_status *out)
{
    out->user = (tcb->flags & TCB_UNACCEPTED) != 0 ? 0 : tcb->user;
    out->orphan = (tcb->flags & TCB_ORPHAN) != 0;
    out->receive_queued = receive_queue_bytes(tcp, tcb);
    out->urgent_ahead = urgent_ahead(tcp, tcb);
    out->receive_buffer_bytes = tcb->receive_limit;
    out->send_queued = send_queue_bytes(tcp, tcb);
    out->send_buffer_bytes = tcb->send_limit;
    out->iss = tuning_iss(tcb).v;
    out->irs = tuning_irs(tcb).v;
    out->snd_una = tcb->snd_una.v;
    out->snd_nxt = tcb->snd_nxt.v;
    out->snd_wnd = tcb->snd_wnd;
    out->rcv_nxt = tcb->rcv_nxt.v;
    out->rcv_wnd = seq_offset(tcb->rcv_nxt, tcb->rcv_adv);
    out->snd_mss = tcb->snd_mss;
    out->rcv_mss = tcb->rcv_mss;
    out->snd_wscale = tcb->snd_wscale;
    out->rcv_wscale = tcb->rcv_wscale;
    out->timestamps = (tcb->flags & TCB_TIMESTAMPS) != 0;
    out->sack = (tcb->flags & TCB_SACK) != 0;
    out->window_scaling = (tcb->flags & TCB_WINDOW_SCALE) != 0;
    out->ecn = (tcb->ecn & ECN_ACCURATE) != 0  ? RILL_ECN_ACCURATE
               : (tcb->ecn & ECN_CLASSIC) != 0 ? RILL_ECN_ON
                                               : RILL_ECN_OFF;
    out->syn_data = (tcb->fast_open & FAST_OPEN_ACKED) != 0;
    out->srtt_us = tcb->srtt_us8 >> 3;
    out->rttvar_us = tcb->srtt_us8 != 0 ? tcb->rttvar_us4 >> 2 : 0;
    out->rto_us = rtt_rto_us(tcp, tcb);
    out->cwnd_bytes = tcb->cwnd;
    out->ssthresh_bytes = tcb->ssthresh;
    out->flight_bytes = sender_flight(tcp, tcb);
    out->congestion_control = cc_of(tcb)->name;
    out->unsent_bytes = send_queue_unsent(tcp, tcb);
    out->quiet_ms = host_ms_since(tcp_host(tcp), tcb->last_heard_ms);
    out->retransmitted = tcb->retransmitted;
    out->segments_in = tcb->segments_in;
    out->segments_out = tcb->segments_out;
    out->bytes_sent_acked = tcb->bytes_acked;
    out->bytes_received = tcb->bytes_received;
    out->delayed_ack_us = tcp->settings.delayed_ack_ms * 1000;
    fill_sender(tcp, tcb, out);
    fill_counts(tcp, tcb, out);
    fill_timer(tcp, tcb, out);
}

static void fill_half_open(struct tcp *tcp, const struct half_open *half_open, struct rill_status *out)
{
    out->iss = out->snd_una = half_open->iss.v;
    out->snd_nxt = half_open->iss.v + 1;
    out->irs = half_open->irs.v;
    out->rcv_nxt = half_open->irs.v + 1;
    out->backoff = (uint32_t)half_open_retries(half_open);
    out->timer = RILL_TIMER_RETRANSMISSION;
    out->timer_left = left_until_ms(tcp, half_open->due_ms);
}

static void fill_time_wait(struct tcp *tcp, const struct time_wait *time_wait, struct rill_status *out)
{
    out->orphan = true;
    out->snd_una = out->snd_nxt = time_wait->snd_nxt.v;
    out->rcv_nxt = time_wait->rcv_nxt.v;
    out->rcv_wnd = time_wait->rcv_wnd;
    out->timer = RILL_TIMER_TIME_WAIT;
    out->timer_left = left_until_ms(tcp, time_wait->due_ms);
}

static void fill_listener(const struct listener *listener, struct rill_status *out)
{
    out->local.addr = listener->local;
    out->user = listener->user;
    out->receive_queued = listener->accept_count;
    out->receive_buffer_bytes = listener->backlog;
    out->half_open = listener->half_open_count;
    out->netif = -1;
}

void status_fill(struct tcp *tcp, ref r, struct rill_status *out)
{
    const struct endpoint *ep = (const struct endpoint *)host_at(tcp_host(tcp), r);

    *out = (struct rill_status){.size = sizeof *out, .protocol = IP_PROTOCOL_TCP};
    fill_endpoint(tcp, ep, out);
    switch (endpoint_kind(tcp, r)) {
    case ENDPOINT_TCB:
        fill_tcb(tcp, tcb_at(tcp, r), out);
        break;
    case ENDPOINT_HALF_OPEN:
        fill_half_open(tcp, (const struct half_open *)(const void *)ep, out);
        break;
    case ENDPOINT_TIME_WAIT:
        fill_time_wait(tcp, (const struct time_wait *)(const void *)ep, out);
        break;
    case ENDPOINT_LISTENER:
        fill_listener((const struct listener *)(const void *)ep, out);
        break;
    default:
        break;
    }
}

/* A cursor is the number of a pool and a place in it. */
#define CURSOR_POOL (UINT64_C(1) << 32)

ref status_next(struct tcp *tcp, uint64_t *cursor)
{
    const struct pool *const pools[] = {&tcp->listeners, &tcp->half_opens, &tcp->tcbs, &tcp->time_waits};
    uint32_t which = (uint32_t)(*cursor / CURSOR_POOL);
    ref r = (ref)*cursor;

    for (; which < sizeof pools / sizeof pools[0]; which++) {
        r = pool_next(tcp_arena(tcp), pools[which], r);
        if (r != REF_NONE) {
            *cursor = which * CURSOR_POOL + r;
            return r;
        }
    }
    *cursor = which * CURSOR_POOL;
    return REF_NONE;
}
