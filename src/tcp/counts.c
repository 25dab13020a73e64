/*
 * Counting: see counts.h.
 */
#include "tcp/counts.h"

#include "tcp/cc.h"
#include "tcp/send_queue.h"
#include "tcp/sender.h"

struct counts *counts_make(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->counts == REF_NONE)
        tcb->counts = pool_take(tcp_arena(tcp), &tcp->counts);
    return counts_block(tcp, tcb);
}

void counts_give(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->counts == REF_NONE)
        return;
    pool_give(tcp_arena(tcp), &tcp->counts, tcb->counts);
    tcb->counts = REF_NONE;
}

/* Taken with the first data. */
static struct counts *counting(struct tcp *tcp, struct tcb *tcb)
{
    return tcp->settings.transfer_counts ? counts_make(tcp, tcb) : NULL;
}

void counts_sent(struct tcp *tcp, struct tcb *tcb, uint32_t segments, uint32_t bytes, bool again)
{
    struct counts *counts = bytes > 0 ? counting(tcp, tcb) : NULL;

    if (counts == NULL)
        return;
    counts->data_segments_out += segments;
    counts->again_bytes += again ? bytes : 0;
    counts->last_sent_ms = host_ms(tcp_host(tcp));
}

void counts_received(struct tcp *tcp, struct tcb *tcb, uint32_t segments)
{
    struct counts *counts = counting(tcp, tcb);

    if (counts == NULL)
        return;
    counts->data_segments_in += segments;
    counts->last_received_ms = host_ms(tcp_host(tcp));
}

void counts_acknowledged(struct tcp *tcp, struct tcb *tcb, const struct ack_sample *ack)
{
    struct counts *counts = counts_of(tcp, tcb);
    uint32_t mss = tcb->snd_mss;

    if (counts == NULL)
        return;
    counts->delivered_ce += (ack->marked_bytes + mss - 1) / mss;
    if (ack->dsack)
        counts->dsacks += (seq_offset(ack->dsack_block.start, ack->dsack_block.end) + mss - 1) / mss;
}

static enum counts_limit limit_of(const struct tcp *tcp, const struct tcb *tcb)
{
    uint32_t window_left, next;

    if (send_queue_bytes(tcp, tcb) == 0)
        return COUNTS_IDLE;
    next = min_u32(send_queue_unsent(tcp, tcb), tcb->snd_mss);
    if (next == 0)
        return (tcb->flags & TCB_ROOM_WANTED) != 0 ? COUNTS_BUFFER : COUNTS_BUSY;
    window_left = seq_after(seq_add(tcb->snd_una, tcb->snd_wnd), tcb->snd_nxt)
                      ? seq_offset(tcb->snd_nxt, seq_add(tcb->snd_una, tcb->snd_wnd))
                      : 0;
    return window_left < next && sender_flight(tcp, tcb) + next <= tcb->cwnd ? COUNTS_WINDOW : COUNTS_BUSY;
}

void counts_settle(struct tcp *tcp, struct tcb *tcb)
{
    struct counts *counts = counts_of(tcp, tcb);
    enum counts_limit limit;

    if (counts == NULL)
        return;
    limit = limit_of(tcp, tcb);
    if (limit == counts->limit)
        return;
    counts->spent[counts->limit] += tcp_host(tcp)->now - counts->since;
    counts->since = tcp_host(tcp)->now;
    counts->limit = (uint8_t)limit;
}

nanos counts_spent(const struct tcp *tcp, const struct counts *counts, enum counts_limit limit)
{
    return counts->spent[limit] + (counts->limit == (uint8_t)limit ? tcp->ip.host.now - counts->since : 0);
}
