/*
 * Records of what was sent: a list in sequence order with a treap over it
 * (priorities from the records' places, which no peer chooses), and two lists
 * through those in flight, by time, and those lost, by sequence.
 */
#include "tcp/scoreboard.h"

#include "tcp/rack.h"
#include "tcp/rate.h"
#include "tcp/send_queue.h"

static ref ref_of(const struct tcp *tcp, const struct sent *record)
{
    return arena_ref(&tcp->ip.host.arena, record);
}

/* ----------------------------------------------------------------- treap */

static uint32_t priority(ref r)
{
    return (uint32_t)(r * UINT64_C(2654435761)) ^ r >> 7;
}

static void replace_child(struct tcp *tcp, struct scoreboard *board, ref parent, ref old, ref new)
{
    if (parent == REF_NONE)
        board->root = new;
    else if (sent_at(tcp, parent)->left == old)
        sent_at(tcp, parent)->left = new;
    else
        sent_at(tcp, parent)->right = new;
    if (new != REF_NONE)
        sent_at(tcp, new)->parent = parent;
}

/* The node takes its parent's place; order stays. */
static void rotate_up(struct tcp *tcp, struct scoreboard *board, ref r)
{
    struct sent *node = sent_at(tcp, r);
    ref p = node->parent;
    struct sent *parent = sent_at(tcp, p);
    bool was_left = parent->left == r;
    ref inner = was_left ? node->right : node->left;

    replace_child(tcp, board, parent->parent, p, r);
    if (was_left) {
        parent->left = inner;
        node->right = p;
    } else {
        parent->right = inner;
        node->left = p;
    }
    if (inner != REF_NONE)
        sent_at(tcp, inner)->parent = p;
    parent->parent = r;
}

/* Put a record in behind `before` (REF_NONE: it is the only one). */
static void insert_behind(struct tcp *tcp, struct scoreboard *board, ref before, ref r)
{
    struct sent *record = sent_at(tcp, r);
    struct sent *previous = sent_at(tcp, before);

    record->left = record->right = record->parent = REF_NONE;
    record->previous = before;
    record->next = previous == NULL ? REF_NONE : previous->next;
    if (previous == NULL) {
        board->root = r;
        board->all.first = r;
    } else if (previous->right == REF_NONE) {
        previous->right = r;
        record->parent = before;
    } else {
        sent_at(tcp, record->next)->left = r;
        record->parent = record->next;
    }
    if (previous != NULL)
        previous->next = r;
    if (record->next == REF_NONE)
        board->all.last = r;
    else
        sent_at(tcp, record->next)->previous = r;
    board->records++;
    while (record->parent != REF_NONE && priority(record->parent) < priority(r))
        rotate_up(tcp, board, r);
}

static void take_out(struct tcp *tcp, struct scoreboard *board, ref r)
{
    struct sent *record = sent_at(tcp, r);

    while (record->left != REF_NONE && record->right != REF_NONE)
        rotate_up(tcp, board, priority(record->left) > priority(record->right) ? record->left : record->right);
    replace_child(tcp, board, record->parent, r, record->left != REF_NONE ? record->left : record->right);
    if (record->previous == REF_NONE)
        board->all.first = record->next;
    else
        sent_at(tcp, record->previous)->next = record->next;
    if (record->next == REF_NONE)
        board->all.last = record->previous;
    else
        sent_at(tcp, record->next)->previous = record->previous;
    board->records--;
}

struct sent *scoreboard_find(const struct tcp *tcp, const struct tcb *tcb, struct seq at)
{
    struct sent *record = sent_at(tcp, sender_at(tcp, tcb)->board.root);

    while (record != NULL) {
        if (seq_before(at, record->start))
            record = sent_at(tcp, record->left);
        else if (!seq_before(at, record->end))
            record = sent_at(tcp, record->right);
        else
            return record;
    }
    return NULL;
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
static ref lost_place(const struct tcp *tcp, const struct scoreboard *board, const struct sent *record)
{
    ref r = board->lost.last;

    for (unsigned i = 0; i < 16 && r != REF_NONE; i++, r = sent_at(tcp, r)->earlier)
        if (seq_before(sent_at(tcp, r)->start, record->start))
            return r;
    if (r == REF_NONE)
        return REF_NONE;
    r = REF_NONE;
    for (unsigned i = 0; i < 16; i++) {
        ref after = r == REF_NONE ? board->lost.first : sent_at(tcp, r)->later;

        if (!seq_before(sent_at(tcp, after)->start, record->start))
            break;
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

static uint32_t segments_in(const struct sent *record)
{
    return (sent_bytes(record) + record->segment_bytes - 1) / record->segment_bytes;
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
    generation = second->generation;
    *second = *record;
    second->generation = generation;
    second->start = at;
    second->buffer = send_queue_buffer(tcp, tcb, record->buffer, at);
    record->end = at;
    record->flags &= (uint8_t)~SENT_FIN;
    insert_behind(tcp, board, ref_of(tcp, record), ref_of(tcp, second));
    list_insert(tcp, (record->flags & SENT_LOST) != 0 ? &board->lost : &board->in_flight, ref_of(tcp, record),
                ref_of(tcp, second));
    return second;
}

static void forget(struct tcp *tcp, struct tcb *tcb, struct sent *record)
{
    struct sender *sender = sender_at(tcp, tcb);

    take_out(tcp, &sender->board, ref_of(tcp, record));
    free_record(tcp, sender, record);
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

    record->start = start;
    record->end = tcb->snd_nxt;
    record->segment_bytes = segment_bytes;
    record->flags = flags;
    record->times = 1;
    board->flight_bytes += sent_bytes(record);
    insert_behind(tcp, board, board->all.last, ref_of(tcp, record));
    list_insert(tcp, &board->in_flight, board->in_flight.last, ref_of(tcp, record));
    stamp(tcp, tcb, record);
}

struct sent *scoreboard_sent_again(struct tcp *tcp, struct tcb *tcb, struct sent *record, struct seq end,
                                   uint16_t segment_bytes)
{
    struct scoreboard *board = &sender_at(tcp, tcb)->board;

    if (seq_before(end, record->end))
        (void)split(tcp, tcb, record, end); /* refused: all of it counts as sent; its loss is found again */
    leave_state(tcp, board, record);
    record->flags = (uint8_t)((record->flags & ~(SENT_LOST | SENT_SACKED | SENT_APP_LIMITED)) | SENT_AGAIN);
    record->segment_bytes = segment_bytes;
    if (record->times < UINT8_MAX)
        record->times++;
    board->flight_bytes += sent_bytes(record);
    list_insert(tcp, &board->in_flight, board->in_flight.last, ref_of(tcp, record));
    stamp(tcp, tcb, record);
    return record;
}

/* The peer has it: what RACK and the rate sampler learn from that. */
static void delivered(struct tcp *tcp, struct tcb *tcb, const struct sent *record, struct ack_sample *ack)
{
    ack->delivered_bytes += sent_data_bytes(record);
    rack_delivered(tcp, tcb, record, ack);
    rate_delivered(tcp, tcb, record, ack);
}

/* The first bytes of a record are acknowledged: they are delivered, the rest stays as it was. */
static void cut_front(struct tcp *tcp, struct tcb *tcb, struct sent *record, struct seq ack, struct ack_sample *sample)
{
    struct scoreboard *board = &sender_at(tcp, tcb)->board;
    uint32_t bytes = seq_offset(record->start, ack);

    if ((record->flags & SENT_SACKED) != 0) {
        board->sacked_bytes -= bytes;
    } else {
        struct sent part = *record;

        part.end = ack;
        part.flags &= (uint8_t)~SENT_FIN;
        delivered(tcp, tcb, &part, sample);
        if ((record->flags & SENT_LOST) != 0)
            board->lost_bytes -= bytes;
        else
            board->flight_bytes -= bytes;
    }
    record->start = ack;
    record->buffer = REF_NONE;
}

void scoreboard_acked(struct tcp *tcp, struct tcb *tcb, struct seq ack, struct ack_sample *sample)
{
    struct scoreboard *board = &sender_at(tcp, tcb)->board;
    struct sent *record;

    while ((record = sent_at(tcp, board->all.first)) != NULL && seq_before(record->start, ack)) {
        if (seq_before(ack, record->end)) {
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
    first->end = second->end;
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
    sample->sacked_end = seq_max(sample->sacked_end, record->end);
    if ((record->flags & SENT_AGAIN) == 0)
        sample->original_delivered = true;
    leave_state(tcp, board, record);
    record->flags = (uint8_t)((record->flags & ~SENT_LOST) | SENT_SACKED);
    record->sacked_segments = segments_in(record);
    board->sacked_bytes += sent_bytes(record);
    board->sacked_segments += record->sacked_segments;
    joined = join(tcp, tcb, sent_at(tcp, record->previous), record);
    record = joined != NULL ? joined : record;
    (void)join(tcp, tcb, record, sent_at(tcp, record->next));
    return record;
}

/* Where a block that reaches `at` inside a record may cut it: at whole segments, or a peer could have it cut to dust. */
static struct seq segment_edge(const struct sent *record, struct seq at, bool round_up)
{
    uint32_t offset = seq_offset(record->start, at);
    uint32_t over = offset % record->segment_bytes;

    if (over != 0)
        offset = round_up ? offset - over + record->segment_bytes : offset - over;
    return seq_add(record->start, min_u32(offset, sent_bytes(record)));
}

bool scoreboard_sacked(struct tcp *tcp, struct tcb *tcb, struct seq start, struct seq end, struct ack_sample *sample)
{
    struct scoreboard *board = &sender_at(tcp, tcb)->board;
    struct sent *record = scoreboard_find(tcp, tcb, start);

    while (record != NULL && seq_before(record->start, end)) {
        if (board->steps >= SCOREBOARD_STEPS_MAX)
            return false;
        board->steps++;
        if ((record->flags & SENT_SACKED) == 0) {
            struct seq from = seq_before(record->start, start) ? segment_edge(record, start, true) : record->start;
            struct seq to = seq_before(end, record->end) ? segment_edge(record, end, false) : record->end;

            if (seq_before(from, to)) {
                if (seq_before(record->start, from) && (record = split(tcp, tcb, record, from)) == NULL)
                    return false;
                if (seq_before(to, record->end) && split(tcp, tcb, record, to) == NULL)
                    return false;
                record = take_sack(tcp, tcb, record, sample);
            }
        }
        record = sent_at(tcp, record->next);
    }
    return true;
}

void scoreboard_lost(struct tcp *tcp, struct tcb *tcb, struct sent *record, struct seq end)
{
    struct sender *sender = sender_at(tcp, tcb);
    struct scoreboard *board = &sender->board;

    if (seq_before(end, record->end))
        (void)split(tcp, tcb, record, end);
    leave_state(tcp, board, record);
    record->flags |= SENT_LOST;
    board->lost_bytes += sent_bytes(record);
    sender->lost += sent_data_bytes(record);
    list_insert(tcp, &board->lost, lost_place(tcp, board, record), ref_of(tcp, record));
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
    return split(tcp, tcb, last, seq_sub(last->end, over));
}

void scoreboard_gather_lost(struct tcp *tcp, struct tcb *tcb, struct sent *record, uint32_t bytes)
{
    struct scoreboard *board = &sender_at(tcp, tcb)->board;
    struct sent *next;

    while (sent_bytes(record) < bytes && (next = sent_at(tcp, record->next)) != NULL &&
           (next->flags & SENT_LOST) != 0) {
        list_take(tcp, &board->lost, next);
        record->end = next->end;
        record->flags |= next->flags & SENT_FIN;
        record->times = record->times > next->times ? record->times : next->times;
        forget(tcp, tcb, next);
    }
}

void scoreboard_too_big(struct tcp *tcp, struct tcb *tcb, uint16_t mss)
{
    struct sent *record = sent_at(tcp, sender_at(tcp, tcb)->board.in_flight.first);

    while (record != NULL) {
        struct sent *later = sent_at(tcp, record->later);

        if (record->segment_bytes > mss && sent_data_bytes(record) > mss)
            scoreboard_lost(tcp, tcb, record, record->end);
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
    }
}

void scoreboard_renege(struct tcp *tcp, struct tcb *tcb)
{
    struct scoreboard *board = &sender_at(tcp, tcb)->board;

    for (struct sent *record = sent_at(tcp, board->all.first); record != NULL; record = sent_at(tcp, record->next)) {
        if ((record->flags & SENT_SACKED) == 0)
            continue;
        leave_state(tcp, board, record);
        record->flags = (uint8_t)((record->flags & ~SENT_SACKED) | SENT_LOST);
        board->lost_bytes += sent_bytes(record);
        list_insert(tcp, &board->lost, lost_place(tcp, board, record), ref_of(tcp, record));
    }
}

void scoreboard_clear(struct tcp *tcp, struct tcb *tcb)
{
    struct sender *sender = sender_at(tcp, tcb);
    struct sent *record = sent_at(tcp, sender->board.all.first);

    while (record != NULL) {
        struct sent *next = sent_at(tcp, record->next);

        free_record(tcp, sender, record);
        record = next;
    }
    sender->board = (struct scoreboard){0};
}

/* ------------------------------------------------------------------- check */

static bool record_check(const struct tcp *tcp, const struct sent *record)
{
    const struct sent *left = sent_at(tcp, record->left), *right = sent_at(tcp, record->right);
    ref self = ref_of(tcp, record);

    if (left != NULL &&
        (left->parent != self || !seq_before(left->start, record->start) || priority(record->left) > priority(self)))
        return false;
    return right == NULL || (right->parent == self && seq_before(record->start, right->start) &&
                             priority(record->right) <= priority(self));
}

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
    uint32_t records = 0, sacked = 0, segments = 0;
    bool good = true;

    if (tcb->sender == REF_NONE)
        return true;
    board = &sender_at(tcp, tcb)->board;
    for (const struct sent *record = sent_at(tcp, board->all.first); record != NULL;
         record = sent_at(tcp, record->next)) {
        if (!seq_equal(record->start, expected) || !seq_before(record->start, record->end) ||
            record->segment_bytes == 0 || !record_check(tcp, record))
            return false;
        expected = record->end;
        records++;
        sacked += (record->flags & SENT_SACKED) != 0 ? sent_bytes(record) : 0;
        segments += (record->flags & SENT_SACKED) != 0 ? record->sacked_segments : 0;
    }
    good = list_bytes(tcp, &board->in_flight, 0, &good) == board->flight_bytes && good;
    good = list_bytes(tcp, &board->lost, SENT_LOST, &good) == board->lost_bytes && good;
    return good && records == board->records && sacked == board->sacked_bytes && segments == board->sacked_segments &&
           (records == 0 || seq_equal(expected, tcb->snd_nxt));
}
