/*
 * Buffers that grow by themselves: how much, and when not (ADR 0022).
 */
#include "tcp/tuning.h"

#include "tcp/acknowledge.h"
#include "tcp/arrival.h"
#include "tcp/counts.h"
#include "tcp/options.h"
#include "tcp/reassembly.h"
#include "tcp/state.h"

/*
 * A sender in slow start has twice in flight what was read in the last round
 * trip, and four times as much before the next one has been measured; half of
 * the buffer is offered as window (ADR 0006).
 */
#define RECEIVE_ROUNDS (4u * 2u)

/* What is in flight, what the next round trip adds to it, and as much again while the application is woken. */
#define SEND_WINDOWS 3u

#define ROUND_MS_MAX 3600000u /* longer ones are told as this */

uint32_t tuning_receive_limit_max(const struct tcp *tcp, uint32_t wanted_bytes)
{
    uint64_t most = tcp->ip.host.arena.size_bytes / 2;

    if (wanted_bytes != 0)
        return wanted_bytes;
    most = min_u64(most, tcp->settings.receive_buffer_bytes_max);
    return max_u32((uint32_t)most, tcp->settings.receive_buffer_bytes);
}

/* `limit`, grown to `wanted` as far as the setting and memory allow. Half of the arena is for those that do not grow. */
static uint32_t grown(const struct tcp *tcp, uint32_t limit, uint64_t wanted, uint32_t most)
{
    if (host_is_short(&tcp->ip.host, RESERVE_FOR_GROWTH))
        return limit;
    wanted = min_u64(wanted, host_free_bytes(&tcp->ip.host) / 4);
    return max_u32(limit, (uint32_t)min_u64(wanted, most));
}

/* All that the application has read, and that what is queued for it is not. */
static uint32_t bytes_read(const struct tcp *tcp, const struct tcb *tcb)
{
    return wrapping_sub((uint32_t)tcb->bytes_received, receive_queue_bytes(tcp, tcb));
}

static void begin_round(struct tcp *tcp, struct tcb *tcb)
{
    tcb->tuning |= TUNING_ROUND;
    tcb->round.read = bytes_read(tcp, tcb);
    tcb->round.stamp =
        (tcb->flags & TCB_TIMESTAMPS) != 0 ? wrapping_add(options_timestamp_now(tcp, tcb), 1) : host_ms(tcp_host(tcp));
}

/* What a buffer begins with, which grows by itself when the application wants no size. */
static uint32_t set_limit(struct tcb *tcb, uint8_t growing, uint32_t wanted_bytes, uint32_t own_bytes)
{
    tcb->tuning &= (uint8_t)~growing;
    tcb->tuning |= wanted_bytes == 0 ? growing : 0;
    return wanted_bytes == 0 ? own_bytes : wanted_bytes;
}

void tuning_set_receive_limit(struct tcp *tcp, struct tcb *tcb, uint32_t wanted_bytes)
{
    tcb->receive_limit = set_limit(tcb, TUNING_RECEIVE, wanted_bytes, tcp->settings.receive_buffer_bytes);
    if ((tcb->tuning & TUNING_ROUND) != 0) /* of another time, if it did not grow until now */
        begin_round(tcp, tcb);
}

void tuning_set_send_limit(const struct tcp *tcp, struct tcb *tcb, uint32_t wanted_bytes)
{
    tcb->send_limit = set_limit(tcb, TUNING_SEND, wanted_bytes, tcp->settings.send_buffer_bytes);
}

/* With timestamps: the peer sent this after an ACK of ours that left in this round. Else by the SYN's round trip. */
static bool round_is_over(const struct tcp *tcp, const struct tcb *tcb, const struct tcp_segment *seg)
{
    if ((tcb->flags & TCB_TIMESTAMPS) != 0)
        return !wrapping_before(seg->options.timestamp_echo, tcb->round.stamp);
    return tcb->srtt_us8 != 0 && host_ms_since(&tcp->ip.host, tcb->round.stamp) > (tcb->srtt_us8 >> 3) / 1000;
}

/* How long the round trip was, to a millisecond, an hour at most, and what was read in it. */
static void count_round(struct tcp *tcp, struct tcb *tcb, uint32_t read)
{
    struct counts *counts = counts_of(tcp, tcb);
    bool by_stamps = (tcb->flags & TCB_TIMESTAMPS) != 0;
    uint32_t begun = by_stamps ? wrapping_sub(tcb->round.stamp, 1) : tcb->round.stamp;
    uint32_t now = by_stamps ? options_timestamp_now(tcp, tcb) : host_ms(tcp_host(tcp));

    if (counts == NULL)
        return;
    counts->receive_rtt_us = min_u32(wrapping_sub(now, begun), ROUND_MS_MAX) * 1000;
    counts->receive_space = read;
}

void tuning_received(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg)
{
    uint32_t read;

    if ((tcb->tuning & TUNING_RECEIVE) == 0 || !state_can_receive(tcb->ep.state) || (tcb->flags & TCB_SYN_UNACKED) != 0)
        return;
    if ((tcb->tuning & TUNING_ROUND) == 0) {
        begin_round(tcp, tcb);
        return;
    }
    if (!round_is_over(tcp, tcb, seg))
        return;
    read = wrapping_sub(bytes_read(tcp, tcb), tcb->round.read);
    count_round(tcp, tcb, read);
    tcb->receive_limit =
        grown(tcp, tcb->receive_limit, (uint64_t)read * RECEIVE_ROUNDS, tcp->settings.receive_buffer_bytes_max);
    begin_round(tcp, tcb);
}

void tuning_acknowledged(struct tcp *tcp, struct tcb *tcb)
{
    /* Only for an application that would have sent more. */
    if ((tcb->tuning & TUNING_SEND) == 0 || (tcb->flags & TCB_ROOM_WANTED) == 0 ||
        tcb->cwnd <= tcb->send_limit / SEND_WINDOWS)
        return;
    tcb->send_limit =
        grown(tcp, tcb->send_limit, (uint64_t)tcb->cwnd * SEND_WINDOWS, tcp->settings.send_buffer_bytes_max);
}

struct seq tuning_iss(const struct tcb *tcb)
{
    uint32_t passed = (uint32_t)tcb->bytes_acked + 1;

    if ((tcb->tuning & TUNING_ROUND) == 0)
        return tcb->iss;
    return seq_sub(tcb->snd_una, passed + (fin_is_acknowledged(tcb) ? 1 : 0));
}

struct seq tuning_irs(const struct tcb *tcb)
{
    uint32_t passed = (uint32_t)tcb->bytes_received + 1;

    if ((tcb->tuning & TUNING_ROUND) == 0)
        return tcb->irs;
    return seq_sub(tcb->rcv_nxt, passed + ((tcb->flags & TCB_FIN_RECEIVED) != 0 ? 1 : 0));
}
