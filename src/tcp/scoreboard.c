/*
 * Records of what was sent: spans of sequence space, and two lists through
 * those in flight, by time, and those lost, by sequence.
 */
#include "tcp/scoreboard.h"

#include "tcp/mtu.h"
#include "tcp/rack.h"
#include "tcp/rate.h"
#include "tcp/send_queue.h"

#define LOST_RUN_STEPS 16u

static ref ref_of(const struct tcp *tcp, const struct sent *record)
{
    return arena_ref(&tcp->ip.host.arena, record);
}

static const struct arena *arena_of(const struct tcp *tcp)
{
    return &tcp->ip.host.arena;
}

struct sent *scoreboard_find(const struct tcp *tcp, const struct tcb *tcb, struct seq at)
{
    return sent_at(tcp, spans_find(arena_of(tcp), &sender_at(tcp, tcb)->board.all, at));
}

/* ----------------------------------------------------------------- lists */

/* Put a record into a list behind `behind` (REF_NONE: at its head). */
static void list_insert(struct tcp *tcp, struct sent_list *list, ref behind, ref r)
{
    struct sent *record = sent_at(tcp, r);

    record->earlier = behind;
    record->later = behind == REF_NONE ? list->first : sent_at(tcp, behind)->later;
    if (record->later == REF_NONE)
        list->last = r;
    else
        sent_at(tcp, record->later)->earlier = r;
    if (behind == REF_NONE)
        list->first = r;
    else
        sent_at(tcp, behind)->later = r;
}

static void list_take(struct tcp *tcp, struct sent_list *list, const struct sent *record)
{
    if (record->earlier == REF_NONE)
        list->first = record->later;
    else
        sent_at(tcp, record->earlier)->later = record->later;
    if (record->later == REF_NONE)
        list->last = record->earlier;
    else
        sent_at(tcp, record->later)->earlier = record->earlier;
}

/* The lost list is in sequence order, as far as a short walk finds the place. */
static ref lost_place(struct tcp *tcp, const struct scoreboard *board, const struct sent *record)
{
    struct work *work = &tcp_host(tcp)->work;
    ref r = board->lost.last;

    for (unsigned i = 0; i < SCOREBOARD_LOST_STEPS_MAX / 2 && r != REF_NONE; i++, r = sent_at(tcp, r)->earlier) {
        if (seq_before(sent_at(tcp, r)->span.start, record->span.start))
            return r;
        work_step(work);
    }
    if (r == REF_NONE)
        return REF_NONE;
    r = REF_NONE;
    for (unsigned i = 0; i < SCOREBOARD_LOST_STEPS_MAX / 2; i++) {
        ref after = r == REF_NONE ? board->lost.first : sent_at(tcp, r)->later;

        if (!seq_before(sent_at(tcp, after)->span.start, record->span.start))
            break;
        work_step(work);
        r = after;
    }
    return r;
}

/* Out of the list and the count that its state puts it in. */
static void leave_state(struct tcp *tcp, struct scoreboard *board, const struct sent *record)
{
    if ((record->flags & SENT_SACKED) != 0) {
        board->sacked_bytes -= sent_bytes(record);
        board->sacked_segments -= record->sacked_segments;
    } else if ((record->flags & SENT_LOST) != 0) {
        board->lost_bytes -= sent_bytes(record);
        list_take(tcp, &board->lost, record);
    } else {
        board->flight_bytes -= sent_bytes(record);
        list_take(tcp, &board->in_flight, record);
    }
}

/* ------------------------------------------------------- making, splitting */

struct sent *scoreboard_new(struct tcp *tcp, struct tcb *tcb)
{
    struct sender *sender = sender_at(tcp, tcb);
    ref r;

    if (!sender->own_is_taken) {
        sender->own_is_taken = true;
        sender->own.buffer = REF_NONE;
        return &sender->own;
    }
    r = pool_take(tcp_arena(tcp), &tcp->sents);
    return sent_at(tcp, r);
}

static void free_record(struct tcp *tcp, struct sender *sender, struct sent *record)
{
    if (record == &sender->own)
        sender->own_is_taken = false;
    else
        pool_give(tcp_arena(tcp), &tcp->sents, ref_of(tcp, record));
}

/* Cut a record that is not SACKED in two at `at`, inside it. The second part; NULL when memory is short. */
static struct sent *split(struct tcp *tcp, struct tcb *tcb, struct sent *record, struct seq at)
{
    struct sender *sender = sender_at(tcp, tcb);
    struct scoreboard *board = &sender->board;
    struct sent *second = scoreboard_new(tcp, tcb);
    uint32_t generation;

    if (second == NULL)
        return NULL;
    generation = second->span.generation;
    *second = *record;
    second->span.generation = generation;
    second->span.start = at;
    second->buffer = send_queue_buffer(tcp, tcb, record->buffer, at);
    record->span.end = at;
    record->flags &= (uint8_t)~SENT_FIN;
    spans_insert(arena_of(tcp), &board->all, ref_of(tcp, record), ref_of(tcp, second));
    list_insert(tcp, (record->flags & SENT_LOST) != 0 ? &board->lost : &board->in_flight, ref_of(tcp, record),
                ref_of(tcp, second));
    return second;
}

static void forget(struct tcp *tcp, struct tcb *tcb, struct sent *record)
{
    struct sender *sender = sender_at(tcp, tcb);

    spans_take(arena_of(tcp), &sender->board.all, ref_of(tcp, record));
    free_record(tcp, sender, record);
    tcp_host(tcp)->work.settled++;
}

/* ------------------------------------------------------------ what happens */

static void stamp(struct tcp *tcp, struct tcb *tcb, struct sent *record)
{
    record->sent_us = host_us(tcp_host(tcp));
    rate_sent(tcp, tcb, record);
}

void scoreboard_sent_new(struct tcp *tcp, struct tcb *tcb, struct sent *record, struct seq start,
                         uint16_t segment_bytes, uint8_t flags)
{
    struct scoreboard *board = &sender_at(tcp, tcb)->board;

    record->span.start = start;
    record->span.end = tcb->snd_nxt;
    record->segment_bytes = segment_bytes;
    record->flags = flags;
    board->flight_bytes += sent_bytes(record);
    spans_insert(arena_of(tcp), &board->all, board->all.last, ref_of(tcp, record));
    list_insert(tcp, &board->in_flight, board->in_flight.last, ref_of(tcp, record));
    stamp(tcp, tcb, record);
}

struct sent *scoreboard_sent_again(struct tcp *tcp, struct tcb *tcb, struct sent *record, struct seq end,
                                   uint16_t segment_bytes)
{
    struct scoreboard *board = &sender_at(tcp, tcb)->board;

    if (seq_before(end, record->span.end))
        (void)split(tcp, tcb, record, end); /* refused: all of it counts as sent; its loss is found again */
    leave_state(tcp, board, record);
    record->flags =
        (uint8_t)((record->flags & ~(SENT_LOST | SENT_SACKED | SENT_RENEGED | SENT_APP_LIMITED | SENT_MTU_PROBE)) |
                  SENT_AGAIN);
    record->segment_bytes = segment_bytes;
    board->flight_bytes += sent_bytes(record);
    list_insert(tcp, &board->in_flight, board->in_flight.last, ref_of(tcp, record));
    stamp(tcp, tcb, record);
    return record;
}

/* The peer has it: what RACK and the rate sampler learn from that. */
static void delivered(struct tcp *tcp, struct tcb *tcb, const struct sent *record, struct ack_sample *ack)
{
    if ((record->flags & SENT_RENEGED) != 0)
        return; /* that sending has been counted, and its counters are gone */
    ack->delivered_bytes += sent_data_bytes(record);
    rack_delivered(tcp, tcb, record, ack);
    rate_delivered(tcp, tcb, record, ack);
    mtu_delivered(sender_at(tcp, tcb), record);
    if (unlikely((record->flags & SENT_MTU_PROBE) != 0))
        mtu_probe_delivered(tcp, tcb, record);
}

/* The first bytes of a record are acknowledged: they are delivered, the rest stays as it was. */
static void cut_front(struct tcp *tcp, struct tcb *tcb, struct sent *record, struct seq ack, struct ack_sample *sample)
{
    struct scoreboard *board = &sender_at(tcp, tcb)->board;
    uint32_t bytes = seq_offset(record->span.start, ack);

    if ((record->flags & SENT_SACKED) != 0) {
        board->sacked_bytes -= bytes;
    } else {
        struct sent part = *record;

        part.span.end = ack;
        part.flags &= (uint8_t) ~(SENT_FIN | SENT_MTU_PROBE);
        delivered(tcp, tcb, &part, sample);
        if ((record->flags & SENT_LOST) != 0)
            board->lost_bytes -= bytes;
        else
            board->flight_bytes -= bytes;
    }
    record->span.start = ack;
    record->buffer = REF_NONE;
}

void scoreboard_acked(struct tcp *tcp, struct tcb *tcb, struct seq ack, struct ack_sample *sample)
{
    struct scoreboard *board = &sender_at(tcp, tcb)->board;
    struct sent *record;

    while ((record = sent_at(tcp, board->all.first)) != NULL && seq_before(record->span.start, ack)) {
        if (seq_before(ack, record->span.end)) {
            cut_front(tcp, tcb, record, ack, sample);
            return;
        }
        if ((record->flags & SENT_SACKED) == 0)
            delivered(tcp, tcb, record, sample);
        leave_state(tcp, board, record);
        forget(tcp, tcb, record);
    }
}

/* Two SACKED records in a row become one. */
static struct sent *join(struct tcp *tcp, struct tcb *tcb, struct sent *first, struct sent *second)
{
    if (first == NULL || second == NULL || (first->flags & second->flags & SENT_SACKED) == 0)
        return NULL;
    first->span.end = second->span.end;
    first->flags |= second->flags & SENT_FIN;
    first->sacked_segments += second->sacked_segments;
    forget(tcp, tcb, second);
    return first;
}

/* A record inside a SACK block. The record that now holds it. */
static struct sent *take_sack(struct tcp *tcp, struct tcb *tcb, struct sent *record, struct ack_sample *sample)
{
    struct scoreboard *board = &sender_at(tcp, tcb)->board;
    struct sent *joined;

    delivered(tcp, tcb, record, sample);
    sample->sacked_end = seq_max(sample->sacked_end, record->span.end);
    if ((record->flags & (SENT_AGAIN | SENT_RENEGED)) == 0)
        sample->original_delivered = true;
    leave_state(tcp, board, record);
    record->flags = (uint8_t)((record->flags & ~(SENT_LOST | SENT_MTU_PROBE)) | SENT_SACKED);
    record->sacked_segments = sent_segments(record);
    board->sacked_bytes += sent_bytes(record);
    board->sacked_segments += record->sacked_segments;
    joined = join(tcp, tcb, sent_at(tcp, record->span.previous), record);
    record = joined != NULL ? joined : record;
    (void)join(tcp, tcb, record, sent_at(tcp, record->span.next));
    return record;
}

/* Where a block that reaches `at` inside a record may cut it: at whole segments, or a peer could have it cut to dust. */
static struct seq segment_edge(const struct sent *record, struct seq at, bool round_up)
{
    uint32_t offset = seq_offset(record->span.start, at);
    uint32_t over = offset % record->segment_bytes;

    if (offset == sent_data_bytes(record))
        return at; /* there are peers that tell of the text and not of the FIN behind it */
    if (over != 0)
        offset = round_up ? offset - over + record->segment_bytes : offset - over;
    return seq_add(record->span.start, min_u32(offset, sent_bytes(record)));
}

bool scoreboard_sacked(struct tcp *tcp, struct tcb *tcb, struct seq start, struct seq end, struct ack_sample *sample)
{
    struct sent *record = scoreboard_find(tcp, tcb, start);

    sample->is_ahead = true;
    while (record != NULL && seq_before(record->span.start, end)) {
        if (!work_may_step(&tcp_host(tcp)->work, WORK_STEPS_ACK_MAX))
            return false;
        if ((record->flags & SENT_SACKED) == 0) {
            struct seq from =
                seq_before(record->span.start, start) ? segment_edge(record, start, true) : record->span.start;
            struct seq to = seq_before(end, record->span.end) ? segment_edge(record, end, false) : record->span.end;

            if (seq_before(from, to)) {
                if (seq_before(record->span.start, from) && (record = split(tcp, tcb, record, from)) == NULL)
                    return false;
                if (seq_before(to, record->span.end) && split(tcp, tcb, record, to) == NULL)
                    return false;
                record = take_sack(tcp, tcb, record, sample);
            }
        }
        record = sent_at(tcp, record->span.next);
    }
    return true;
}

void scoreboard_lost(struct tcp *tcp, struct tcb *tcb, struct sent *record, struct seq end)
{
    struct sender *sender = sender_at(tcp, tcb);
    struct scoreboard *board = &sender->board;

    if (seq_before(end, record->span.end))
        (void)split(tcp, tcb, record, end);
    leave_state(tcp, board, record);
    record->flags |= SENT_LOST;
    board->lost_bytes += sent_bytes(record);
    list_insert(tcp, &board->lost, lost_place(tcp, board, record), ref_of(tcp, record));
    if (unlikely((record->flags & SENT_MTU_PROBE) != 0)) { /* RFC 4821 7.6.2: no sign of congestion */
        mtu_probe_lost(tcp, tcb, record);
        return;
    }
    sender->lost += sent_data_bytes(record);
    if (cc_of(tcb)->lost != NULL)
        cc_of(tcb)->lost(tcp, tcb, record);
}

struct sent *scoreboard_last_segment(struct tcp *tcp, struct tcb *tcb)
{
    struct sent *last = sent_at(tcp, sender_at(tcp, tcb)->board.all.last);
    uint32_t over;

    if (last == NULL || (last->flags & (SENT_SACKED | SENT_LOST)) != 0)
        return NULL;
    over = sent_data_bytes(last) % last->segment_bytes;
    over = over == 0 && sent_data_bytes(last) > 0 ? last->segment_bytes : over;
    over += (last->flags & SENT_FIN) != 0 ? 1 : 0;
    if (over >= sent_bytes(last))
        return last;
    return split(tcp, tcb, last, seq_sub(last->span.end, over));
}

struct sent *scoreboard_next_lost(const struct tcp *tcp, const struct scoreboard *board)
{
    struct sent *first = sent_at(tcp, board->all.first);

    /* The list's order is that of a short walk: what the peer waits for may stand anywhere in it. */
    return first != NULL && (first->flags & SENT_LOST) != 0 ? first : sent_at(tcp, board->lost.first);
}

uint32_t scoreboard_lost_run(const struct tcp *tcp, const struct sent *record, uint32_t wanted_bytes)
{
    uint32_t bytes = sent_bytes(record);

    for (unsigned i = 0; i < LOST_RUN_STEPS && bytes < wanted_bytes; i++) {
        record = sent_at(tcp, record->span.next);
        if (record == NULL || (record->flags & SENT_LOST) == 0)
            return bytes;
        bytes += sent_bytes(record);
    }
    return max_u32(bytes, wanted_bytes);
}

void scoreboard_gather_lost(struct tcp *tcp, struct tcb *tcb, struct sent *record, uint32_t wanted_bytes)
{
    struct scoreboard *board = &sender_at(tcp, tcb)->board;
    ref hint = record->buffer;
    struct sent *next;

    while (sent_bytes(record) <= wanted_bytes && (next = sent_at(tcp, record->span.next)) != NULL &&
           (next->flags & SENT_LOST) != 0) {
        uint32_t lacks = wanted_bytes - sent_bytes(record);

        if (send_queue_ends_record(tcp, tcb, &hint, record->span.end))
            return;
        if (sent_data_bytes(next) > lacks &&
            (lacks == 0 || split(tcp, tcb, next, seq_add(next->span.start, lacks)) == NULL))
            return;
        list_take(tcp, &board->lost, next);
        record->span.end = next->span.end;
        record->flags |= next->flags & (SENT_FIN | SENT_RENEGED);
        forget(tcp, tcb, next);
    }
}

void scoreboard_too_big(struct tcp *tcp, struct tcb *tcb, uint16_t mss)
{
    struct sent *record = sent_at(tcp, sender_at(tcp, tcb)->board.in_flight.first);

    while (record != NULL) {
        struct sent *later = sent_at(tcp, record->later);

        if (!work_may_step(&tcp_host(tcp)->work, SCOREBOARD_LOST_FROM_MAX))
            return;
        if (record->segment_bytes > mss && sent_data_bytes(record) > mss)
            scoreboard_lost(tcp, tcb, record, record->span.end);
        record = later;
    }
}

void scoreboard_unlose(struct tcp *tcp, struct tcb *tcb)
{
    struct scoreboard *board = &sender_at(tcp, tcb)->board;
    ref r;

    /* They were sent before all that is in flight, or nearly so. */
    while ((r = board->lost.last) != REF_NONE) {
        struct sent *record = sent_at(tcp, r);

        leave_state(tcp, board, record);
        record->flags &= (uint8_t)~SENT_LOST;
        board->flight_bytes += sent_bytes(record);
        list_insert(tcp, &board->in_flight, REF_NONE, r);
        tcp_host(tcp)->work.settled++;
    }
}

void scoreboard_renege(struct tcp *tcp, struct tcb *tcb)
{
    struct scoreboard *board = &sender_at(tcp, tcb)->board;

    for (struct sent *record = sent_at(tcp, board->all.first); record != NULL;
         record = sent_at(tcp, record->span.next)) {
        if ((record->flags & SENT_SACKED) == 0)
            continue;
        leave_state(tcp, board, record);
        record->flags = (uint8_t)((record->flags & ~SENT_SACKED) | SENT_LOST | SENT_RENEGED);
        board->lost_bytes += sent_bytes(record);
        list_insert(tcp, &board->lost, lost_place(tcp, board, record), ref_of(tcp, record));
    }
}

void scoreboard_clear(struct tcp *tcp, struct tcb *tcb)
{
    struct sender *sender = sender_at(tcp, tcb);
    struct sent *record = sent_at(tcp, sender->board.all.first);

    while (record != NULL) {
        struct sent *next = sent_at(tcp, record->span.next);

        free_record(tcp, sender, record);
        record = next;
    }
    sender->board = (struct scoreboard){0};
}

/* ------------------------------------------------------------------- check */

static uint32_t list_bytes(const struct tcp *tcp, const struct sent_list *list, uint8_t flags, bool *good)
{
    uint32_t bytes = 0;
    ref before = REF_NONE;

    for (ref r = list->first; r != REF_NONE; before = r, r = sent_at(tcp, r)->later) {
        const struct sent *record = sent_at(tcp, r);

        bytes += sent_bytes(record);
        *good = *good && record->earlier == before && (record->flags & (SENT_LOST | SENT_SACKED)) == flags;
    }
    *good = *good && list->last == before;
    return bytes;
}

bool scoreboard_check(const struct tcp *tcp, const struct tcb *tcb)
{
    const struct scoreboard *board;
    struct seq expected = send_queue_start(tcb);
    uint32_t sacked = 0, segments = 0;
    bool good = true;

    if (tcb->sender == REF_NONE)
        return true;
    board = &sender_at(tcp, tcb)->board;
    for (const struct sent *record = sent_at(tcp, board->all.first); record != NULL;
         record = sent_at(tcp, record->span.next)) {
        if (!seq_equal(record->span.start, expected) || !seq_before(record->span.start, record->span.end) ||
            record->segment_bytes == 0)
            return false;
        expected = record->span.end;
        sacked += (record->flags & SENT_SACKED) != 0 ? sent_bytes(record) : 0;
        segments += (record->flags & SENT_SACKED) != 0 ? record->sacked_segments : 0;
    }
    good = list_bytes(tcp, &board->in_flight, 0, &good) == board->flight_bytes && good;
    good = list_bytes(tcp, &board->lost, SENT_LOST, &good) == board->lost_bytes && good;
    return good && spans_check(arena_of(tcp), &board->all) && sacked == board->sacked_bytes &&
           segments == board->sacked_segments && (board->all.count == 0 || seq_equal(expected, tcb->snd_nxt));
}
