/*
 * Delivery rate estimation: see rate.h. Times are microseconds that wrap, and
 * a sample never spans more than a flight: with nothing in flight the next
 * sending starts the clocks anew.
 */
#include "tcp/rate.h"

#include "tcp/counts.h"
#include "tcp/output.h"

void rate_sent(struct tcp *tcp, struct tcb *tcb, struct sent *record)
{
    struct sender *sender = sender_at(tcp, tcb);
    uint32_t flight = sender_flight(tcp, tcb);

    if (flight <= sent_bytes(record)) /* nothing but this */
        sender->first_sent_us = sender->delivered_us = record->sent_us;
    record->first_sent_us = sender->first_sent_us;
    record->delivered_us = sender->delivered_us;
    record->delivered = (uint32_t)sender->delivered;
    record->lost = (uint32_t)sender->lost;
    record->flight = flight;
    if (sender->app_limited != 0)
        record->flags |= SENT_APP_LIMITED;
    else
        record->flags &= (uint8_t)~SENT_APP_LIMITED;
}

/* IsNewestPacket(): sent last of what this ACK tells. */
static bool is_newest(const struct sender *sender, const struct sent *record, const struct ack_sample *ack)
{
    if (!ack->has_data)
        return true;
    if (record->sent_us != sender->first_sent_us)
        return wrapping_before(sender->first_sent_us, record->sent_us);
    return seq_after(record->span.end, ack->newest_end);
}

void rate_delivered(struct tcp *tcp, struct tcb *tcb, const struct sent *record, struct ack_sample *ack)
{
    struct sender *sender = sender_at(tcp, tcb);
    struct counts *counts = counts_of(tcp, tcb);
    uint32_t send_elapsed, ack_elapsed;

    sender->delivered += sent_data_bytes(record);
    if (counts != NULL)
        counts->delivered += sent_segments(record);
    sender->delivered_us = host_us(tcp_host(tcp));
    if (!is_newest(sender, record, ack))
        return;
    send_elapsed = wrapping_sub(record->sent_us, record->first_sent_us);
    ack_elapsed = wrapping_sub(sender->delivered_us, record->delivered_us);
    ack->has_data = true;
    ack->newest_end = record->span.end;
    /* The counter of then, from its low half: less than 4 GiB is delivered while a record is in flight. */
    ack->prior_delivered = sender->delivered - wrapping_sub((uint32_t)sender->delivered, record->delivered);
    ack->prior_lost = record->lost;
    ack->prior_flight = record->flight;
    ack->is_app_limited = (record->flags & SENT_APP_LIMITED) != 0;
    ack->interval_us = max_u32(send_elapsed, ack_elapsed);
    sender->first_sent_us = record->sent_us;
}

/* For rill_status(): a sample that the application held down says less than a higher one before it. */
static void remember(struct sender *sender, const struct ack_sample *ack)
{
    if (ack->is_app_limited &&
        (uint64_t)ack->rate_bytes * sender->rate_us < (uint64_t)sender->rate_bytes * ack->interval_us)
        return;
    sender->rate_bytes = ack->rate_bytes;
    sender->rate_us = ack->interval_us;
    sender->rate_app_limited = ack->is_app_limited;
}

void rate_finish(struct tcp *tcp, struct tcb *tcb, struct ack_sample *ack)
{
    struct sender *sender = sender_at(tcp, tcb);

    if (sender->app_limited != 0 && sender->delivered > sender->app_limited)
        sender->app_limited = 0; /* the bubble has left the pipe */
    if (!ack->has_data)
        return;
    ack->rate_bytes = (uint32_t)min_u64(sender->delivered - ack->prior_delivered, UINT32_MAX);
    /* Shorter than any round trip: an ACK of what was sent again for nothing. */
    ack->is_rate_valid = ack->interval_us > 0 && ack->interval_us >= sender->min_rtt_us;
    if (ack->is_rate_valid)
        remember(sender, ack);
}

void rate_check_app_limited(struct tcp *tcp, struct tcb *tcb)
{
    struct sender *sender;
    uint32_t flight;

    if (tcb->sender == REF_NONE || output_has_unsent(tcp, tcb))
        return;
    sender = sender_at(tcp, tcb);
    flight = sender_flight(tcp, tcb);
    if (flight >= tcb->cwnd || sender->board.lost_bytes > 0)
        return;
    sender->app_limited = max_u64(sender->delivered + flight, 1);
}
