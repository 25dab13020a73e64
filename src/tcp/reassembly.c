/*
 * Reassembly: ranges of bytes that wait for a gap to be filled, each a list of
 * buffers. A range costs the logarithm of their number to find; memory is
 * bounded by the connection's limit, charged at true size, ranges included.
 * Where data overlaps, a segment that covers a whole range replaces it; else
 * what came first stays.
 */
#include "tcp/reassembly.h"

#include "tcp/connection.h"
#include "tcp/counts.h"

/* Payloads up to this are gathered in the tail's spare room rather than holding a buffer each. */
#define GATHER_BYTES_MAX 512u

static struct reassembly *reassembly_of(const struct tcp *tcp, const struct tcb *tcb)
{
    ref r = tcb->busy == REF_NONE ? REF_NONE : busy_at(tcp, tcb)->reassembly;

    return r == REF_NONE ? NULL : (struct reassembly *)host_at(&tcp->ip.host, r);
}

/*
 * A buffer with these bytes of the arrival: the driver's own, by reference,
 * when the bytes fill at least half of it; else a copy of the right size.
 */
static ref hold_bytes(struct tcp *tcp, struct tcb *tcb, struct arrival *arrival, const uint8_t *data,
                      uint32_t length_bytes, struct seq at)
{
    struct arena *arena = tcp_arena(tcp);
    struct busy *busy = busy_at(tcp, tcb);
    ref r = arrival->packet->buffer;
    struct buffer *buffer;

    if (r != REF_NONE && length_bytes >= buffer_at(arena, r)->capacity_bytes / 2) {
        buffer = buffer_at(arena, r);
        buffer->start = (uint32_t)(data - buffer_bytes(buffer));
        arrival->packet->buffer = REF_NONE;
    } else {
        r = buffer_take(arena, &tcp_host(tcp)->buffers, length_bytes);
        if (r == REF_NONE)
            return REF_NONE;
        buffer = buffer_at(arena, r);
        buffer->start = 0;
        memcpy(buffer_bytes(buffer), data, length_bytes);
    }
    buffer->next = REF_NONE;
    buffer->length_bytes = length_bytes;
    buffer->seq = at;
    busy->receive_charge += buffer_charge(buffer);
    return r;
}

static void release(struct tcp *tcp, struct busy *busy, ref r)
{
    busy->receive_charge -= buffer_charge(buffer_at(tcp_arena(tcp), r));
    buffer_drop(tcp_arena(tcp), &tcp_host(tcp)->buffers, r);
    tcp_host(tcp)->work.settled++;
}

static struct reassembly_range *range_at(const struct tcp *tcp, ref r)
{
    return r == REF_NONE ? NULL : (struct reassembly_range *)host_at(&tcp->ip.host, r);
}

static uint32_t range_charge(const struct tcp *tcp)
{
    return tcp->ranges.object_bytes;
}

/* The range itself, whatever became of its buffers. */
static void forget_range(struct tcp *tcp, struct busy *busy, struct reassembly *reassembly, ref r)
{
    spans_take(tcp_arena(tcp), &reassembly->ranges, r);
    pool_give(tcp_arena(tcp), &tcp->ranges, r);
    busy->receive_charge -= range_charge(tcp);
    tcp_host(tcp)->work.settled++;
}

static void drop_range_buffers(struct tcp *tcp, struct busy *busy, const struct reassembly_range *range)
{
    ref r = range->head;

    while (r != REF_NONE) {
        ref next = buffer_at(tcp_arena(tcp), r)->next;

        release(tcp, busy, r);
        r = next;
    }
}

static void drop_range(struct tcp *tcp, struct busy *busy, struct reassembly *reassembly, ref r)
{
    drop_range_buffers(tcp, busy, range_at(tcp, r));
    forget_range(tcp, busy, reassembly, r);
}

static void give_back_if_empty(struct tcp *tcp, struct tcb *tcb)
{
    struct busy *busy = busy_at(tcp, tcb);
    struct reassembly *reassembly = reassembly_of(tcp, tcb);

    if (reassembly == NULL || reassembly->ranges.count > 0 || reassembly->fin_known)
        return;
    pool_give(tcp_arena(tcp), &tcp->reassemblies, busy->reassembly);
    busy->reassembly = REF_NONE;
}

/* Small payloads in a row share a buffer: a flood of 1-byte segments costs little more than its bytes. */
static bool gather(struct tcp *tcp, struct busy *busy, const struct arrival *arrival)
{
    uint32_t n = arrival->seg.data_bytes;
    struct buffer *tail;

    if (n > GATHER_BYTES_MAX || busy->receive.tail == REF_NONE)
        return false;
    tail = buffer_at(tcp_arena(tcp), busy->receive.tail);
    if (tail->holders != 1 || tail->capacity_bytes - tail->start - tail->length_bytes < n)
        return false;
    memcpy(buffer_data(tail) + tail->length_bytes, arrival->seg.data, n);
    tail->length_bytes += n;
    return true;
}

/* Cut the first `bytes` off a range that begins before rcv_nxt. */
static void trim_front(struct tcp *tcp, struct busy *busy, struct reassembly_range *range, uint32_t bytes)
{
    range->span.start = seq_add(range->span.start, bytes);
    while (bytes > 0) {
        struct buffer *head = buffer_at(tcp_arena(tcp), range->head);
        ref r = range->head;

        if (bytes < head->length_bytes) {
            head->start += bytes;
            head->length_bytes -= bytes;
            head->seq = seq_add(head->seq, bytes);
            return;
        }
        bytes -= head->length_bytes;
        range->head = head->next;
        release(tcp, busy, r);
    }
}

/*
 * Text up to `end` replaces what ranges from r on hold of it: as many buffers of theirs as a packet may look at. Where
 * it has to stop, and what is behind comes again. No honest peer's segment lies on so many.
 */
static struct seq affordable_end(struct tcp *tcp, ref r, struct seq end)
{
    for (; r != REF_NONE && seq_before(range_at(tcp, r)->span.start, end); r = range_at(tcp, r)->span.next)
        for (ref b = range_at(tcp, r)->head; b != REF_NONE && seq_before(buffer_at(tcp_arena(tcp), b)->seq, end);
             b = buffer_at(tcp_arena(tcp), b)->next)
            if (!work_may_step(&tcp_host(tcp)->work, WORK_STEPS_MAX))
                return range_at(tcp, r)->span.start;
    return end;
}

/* rcv_nxt has advanced: what it reached or passed is in order now. */
static void join(struct tcp *tcp, struct tcb *tcb)
{
    struct busy *busy = busy_at(tcp, tcb);
    struct reassembly *reassembly = reassembly_of(tcp, tcb);
    ref r;

    if (reassembly == NULL)
        return;
    while ((r = reassembly->ranges.first) != REF_NONE) {
        struct reassembly_range *range = range_at(tcp, r);

        if (seq_after(range->span.start, tcb->rcv_nxt))
            break;
        if (seq_after(range->span.end, tcb->rcv_nxt)) {
            struct buffer_queue rest;
            uint32_t fresh = seq_offset(tcb->rcv_nxt, range->span.end);

            trim_front(tcp, busy, range, seq_offset(range->span.start, tcb->rcv_nxt));
            rest = (struct buffer_queue){range->head, range->tail};
            buffer_queue_splice(tcp_arena(tcp), &busy->receive, &rest);
            busy->receive_bytes += fresh;
            tcb->rcv_nxt = range->span.end;
            tcb->bytes_received += fresh;
        } else {
            drop_range_buffers(tcp, busy, range);
        }
        forget_range(tcp, busy, reassembly, r);
    }
    give_back_if_empty(tcp, tcb);
}

/* What is behind the end is treated as if it had not come; so is the FIN. */
static void cut_text(struct tcp_segment *seg, struct seq end)
{
    uint32_t bytes = seq_offset(seg->seq, end);

    if (bytes >= seg->data_bytes)
        return;
    seg->data_bytes = bytes;
    seg->flags &= (uint8_t)~TCP_FIN;
}

static enum rill_drop insert_in_order(struct tcp *tcp, struct tcb *tcb, struct arrival *arrival)
{
    struct busy *busy = busy_at(tcp, tcb);
    uint32_t n;

    if (reassembly_has_gap(tcp, tcb))
        cut_text(&arrival->seg, affordable_end(tcp, reassembly_of(tcp, tcb)->ranges.first,
                                               seq_add(arrival->seg.seq, arrival->seg.data_bytes)));
    n = arrival->seg.data_bytes;
    if (!gather(tcp, busy, arrival)) {
        ref r;

        /* The window promised room for the payload; overhead may take as much again (ADR 0006). */
        if (busy->receive_charge / 2 >= tcb->receive_limit)
            return RILL_DROP_TCP_RECEIVE_FULL;
        if ((busy->receive_bytes > 0 && host_is_short(tcp_host(tcp), RESERVE_FOR_IN_ORDER)) ||
            host_is_at_floor(tcp_host(tcp)))
            return RILL_DROP_TCP_NO_MEMORY;
        r = hold_bytes(tcp, tcb, arrival, arrival->seg.data, n, tcb->rcv_nxt);
        if (r == REF_NONE)
            return RILL_DROP_TCP_NO_MEMORY;
        buffer_queue_push(tcp_arena(tcp), &busy->receive, r);
    }
    busy->receive_bytes += n;
    tcb->rcv_nxt = seq_add(tcb->rcv_nxt, n);
    tcb->bytes_received += n;
    join(tcp, tcb);
    return RILL_DROP_NONE;
}

static struct reassembly *make_reassembly(struct tcp *tcp, struct tcb *tcb)
{
    struct busy *busy = busy_at(tcp, tcb);

    if (busy->reassembly == REF_NONE)
        busy->reassembly = pool_take(tcp_arena(tcp), &tcp->reassemblies);
    return reassembly_of(tcp, tcb);
}

/* The byte at `at` was touched just now: its range leads the next SACK option. */
static void note_recent(struct reassembly *reassembly, struct seq at)
{
    for (unsigned i = 3; i > 0; i--)
        reassembly->recent[i] = reassembly->recent[i - 1];
    reassembly->recent[0] = at;
    if (reassembly->recent_count < 4)
        reassembly->recent_count++;
}

/*
 * Put the buffer r, which fills [start, end) of the gap behind the range
 * `before`, in: joined to its neighbours or as a range of its own. False when
 * there is no memory for one.
 */
static bool place(struct tcp *tcp, struct busy *busy, struct reassembly *reassembly, ref before, ref r,
                  struct seq start, struct seq end)
{
    struct arena *arena = tcp_arena(tcp);
    ref after = before == REF_NONE ? reassembly->ranges.first : range_at(tcp, before)->span.next;
    struct reassembly_range *left = range_at(tcp, before), *right = range_at(tcp, after), *own;
    ref place;

    if (left != NULL && seq_equal(left->span.end, start)) {
        buffer_at(arena, left->tail)->next = r;
        left->tail = r;
        left->span.end = end;
        if (right != NULL && seq_equal(right->span.start, end)) {
            buffer_at(arena, r)->next = right->head;
            left->tail = right->tail;
            left->span.end = right->span.end;
            forget_range(tcp, busy, reassembly, after);
        }
        return true;
    }
    if (right != NULL && seq_equal(right->span.start, end)) {
        buffer_at(arena, r)->next = right->head;
        right->head = r;
        right->span.start = start;
        return true;
    }
    place = pool_take(arena, &tcp->ranges);
    if (place == REF_NONE)
        return false;
    own = range_at(tcp, place);
    own->span.start = start;
    own->span.end = end;
    own->head = own->tail = r;
    spans_insert(arena, &reassembly->ranges, before, place);
    busy->receive_charge += range_charge(tcp);
    return true;
}

/*
 * The part of [*start, *end) that the ranges do not hold yet, but for those that lie in it whole, and the range before
 * it.
 */
static ref find_gap(struct tcp *tcp, const struct reassembly *reassembly, struct seq *start, struct seq *end)
{
    ref before = spans_floor(tcp_arena(tcp), &reassembly->ranges, *start), last;

    if (before != REF_NONE)
        *start = seq_max(*start, range_at(tcp, before)->span.end);
    if (!seq_before(*start, *end)) {
        *start = *end;
        return before;
    }
    *end = affordable_end(tcp, before == REF_NONE ? reassembly->ranges.first : range_at(tcp, before)->span.next, *end);
    last = spans_floor(tcp_arena(tcp), &reassembly->ranges, seq_sub(*end, 1));
    if (last != before && seq_after(range_at(tcp, last)->span.end, *end))
        *end = range_at(tcp, last)->span.start;
    return before;
}

/* What came now takes the place of the ranges behind `before` that lie before `end`. */
static void drop_covered(struct tcp *tcp, struct busy *busy, struct reassembly *reassembly, ref before, struct seq end)
{
    ref r;

    while ((r = before == REF_NONE ? reassembly->ranges.first : range_at(tcp, before)->span.next) != REF_NONE &&
           seq_before(range_at(tcp, r)->span.start, end))
        drop_range(tcp, busy, reassembly, r);
}

static enum rill_drop insert_ahead(struct tcp *tcp, struct tcb *tcb, struct arrival *arrival)
{
    struct busy *busy = busy_at(tcp, tcb);
    struct reassembly *reassembly = make_reassembly(tcp, tcb);
    struct seq first = arrival->seg.seq;
    struct seq start = first, end = seq_add(first, arrival->seg.data_bytes);
    ref before, r;

    if (reassembly == NULL)
        return RILL_DROP_TCP_NO_MEMORY;
    if (busy->receive_charge >= tcb->receive_limit || host_is_short(tcp_host(tcp), RESERVE_FOR_OUT_OF_ORDER)) {
        give_back_if_empty(tcp, tcb);
        return RILL_DROP_TCP_REASSEMBLY_FULL;
    }
    before = find_gap(tcp, reassembly, &start, &end);
    note_recent(reassembly, first);
    reassembly_note_twice(tcp, tcb, first, start); /* what a range held already, up to its end */
    if (seq_equal(start, end)) {
        host_count(tcp_host(tcp), RILL_COUNT_TCP_DUPLICATES, 1);
        return RILL_DROP_NONE;
    }
    r = hold_bytes(tcp, tcb, arrival, arrival->seg.data + seq_offset(first, start), seq_offset(start, end), start);
    if (r != REF_NONE) /* RFC 2018 8: what has been SACKed is dropped only for what holds its bytes, too */
        drop_covered(tcp, busy, reassembly, before, end);
    if (r == REF_NONE || !place(tcp, busy, reassembly, before, r, start, end)) {
        if (r != REF_NONE)
            release(tcp, busy, r);
        give_back_if_empty(tcp, tcb);
        return RILL_DROP_TCP_NO_MEMORY;
    }
    host_count(tcp_host(tcp), RILL_COUNT_TCP_OUT_OF_ORDER, arrival->segments);
    if (counts_of(tcp, tcb) != NULL)
        counts_of(tcp, tcb)->out_of_order += arrival->segments;
    return RILL_DROP_NONE;
}

enum rill_drop reassembly_insert(struct tcp *tcp, struct tcb *tcb, struct arrival *arrival)
{
    if (!connection_make_busy(tcp, tcb))
        return RILL_DROP_TCP_NO_MEMORY;
    if (seq_equal(arrival->seg.seq, tcb->rcv_nxt))
        return insert_in_order(tcp, tcb, arrival);
    return insert_ahead(tcp, tcb, arrival);
}

void reassembly_note_twice(struct tcp *tcp, struct tcb *tcb, struct seq start, struct seq end)
{
    if ((tcb->flags & TCB_SACK) == 0 || seq_equal(start, end) || !connection_make_busy(tcp, tcb))
        return;
    busy_at(tcp, tcb)->twice = start;
    busy_at(tcp, tcb)->twice_end = end;
}

bool reassembly_twice_block(const struct tcp *tcp, const struct tcb *tcb, struct tcp_sack_block *block)
{
    const struct busy *busy;

    if (tcb->busy == REF_NONE)
        return false;
    busy = busy_at(tcp, tcb);
    *block = (struct tcp_sack_block){busy->twice, busy->twice_end};
    return !seq_equal(busy->twice, busy->twice_end);
}

void reassembly_note_fin(struct tcp *tcp, struct tcb *tcb, struct seq fin)
{
    struct reassembly *reassembly;

    if (!connection_make_busy(tcp, tcb))
        return;
    reassembly = make_reassembly(tcp, tcb);
    if (reassembly == NULL || reassembly->fin_known)
        return; /* not remembered: the peer sends its FIN again */
    reassembly->fin_known = true;
    reassembly->fin = fin;
}

bool reassembly_fin_is_next(const struct tcp *tcp, const struct tcb *tcb)
{
    const struct reassembly *reassembly = reassembly_of(tcp, tcb);

    return reassembly != NULL && reassembly->fin_known && seq_equal(reassembly->fin, tcb->rcv_nxt);
}

void reassembly_finish(struct tcp *tcp, struct tcb *tcb)
{
    struct reassembly *reassembly = reassembly_of(tcp, tcb);

    if (reassembly == NULL)
        return;
    while (reassembly->ranges.first != REF_NONE)
        drop_range(tcp, busy_at(tcp, tcb), reassembly, reassembly->ranges.first);
    reassembly->fin_known = false;
    give_back_if_empty(tcp, tcb);
}

/* The range is told: as the next block, if it is not among them yet. */
/* A FIN has a sequence number, and a sender that sent it with text waits for that of both. */
static unsigned add_block(const struct reassembly *reassembly, struct seq start, struct seq end,
                          struct tcp_sack_block *blocks, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (seq_equal(blocks[i].start, start))
            return n;
    if (reassembly->fin_known && seq_equal(end, reassembly->fin))
        end = seq_add(end, 1);
    blocks[n] = (struct tcp_sack_block){start, end};
    return n + 1;
}

static unsigned add_range(const struct tcp *tcp, const struct reassembly *reassembly, ref r,
                          struct tcp_sack_block *blocks, unsigned n)
{
    const struct span *span = &range_at(tcp, r)->span;

    return add_block(reassembly, span->start, span->end, blocks, n);
}

static bool fin_is_in_a_range(const struct tcp *tcp, const struct reassembly *reassembly)
{
    const struct reassembly_range *last = range_at(tcp, reassembly->ranges.last);

    return last != NULL && !seq_before(last->span.end, reassembly->fin);
}

uint8_t reassembly_sack_blocks(const struct tcp *tcp, const struct tcb *tcb, struct tcp_sack_block *blocks,
                               unsigned max)
{
    const struct reassembly *reassembly = reassembly_of(tcp, tcb);
    unsigned n = 0;

    if (reassembly == NULL)
        return 0;
    for (unsigned i = 0; i < reassembly->recent_count && n < max; i++) {
        ref r = spans_find(&tcp->ip.host.arena, &reassembly->ranges, reassembly->recent[i]);

        if (r != REF_NONE)
            n = add_range(tcp, reassembly, r, blocks, n);
    }
    for (ref r = reassembly->ranges.first; r != REF_NONE && n < max; r = range_at(tcp, r)->span.next)
        n = add_range(tcp, reassembly, r, blocks, n);
    if (reassembly->fin_known && n < max && !fin_is_in_a_range(tcp, reassembly))
        n = add_block(reassembly, reassembly->fin, reassembly->fin, blocks, n);
    return (uint8_t)n;
}

uint32_t receive_queue_copy(const struct tcp *tcp, const struct tcb *tcb, uint8_t *to, uint32_t length_bytes)
{
    const struct arena *arena = &tcp->ip.host.arena;
    uint32_t done = 0;

    if (tcb->busy == REF_NONE)
        return 0;
    for (ref r = busy_at(tcp, tcb)->receive.head; r != REF_NONE && done < length_bytes; r = buffer_at(arena, r)->next) {
        struct buffer *buffer = buffer_at(arena, r);
        uint32_t n = min_u32(buffer->length_bytes, length_bytes - done);

        memcpy(to + done, buffer_data(buffer), n);
        done += n;
    }
    return done;
}

void receive_queue_consume(struct tcp *tcp, struct tcb *tcb, uint32_t length_bytes)
{
    struct arena *arena = tcp_arena(tcp);
    struct busy *busy = busy_at(tcp, tcb);

    rill_assert(length_bytes <= busy->receive_bytes);
    busy->receive_bytes -= length_bytes;
    while (length_bytes > 0) {
        struct buffer *head = buffer_at(arena, busy->receive.head);

        if (length_bytes < head->length_bytes) {
            head->start += length_bytes;
            head->length_bytes -= length_bytes;
            return;
        }
        length_bytes -= head->length_bytes;
        release(tcp, busy, buffer_queue_pop(arena, &busy->receive));
    }
}

void receive_queue_clear(struct tcp *tcp, struct tcb *tcb)
{
    struct reassembly *reassembly = reassembly_of(tcp, tcb);
    struct busy *busy;

    if (tcb->busy == REF_NONE)
        return;
    busy = busy_at(tcp, tcb);
    if (reassembly != NULL) {
        while (reassembly->ranges.first != REF_NONE)
            drop_range(tcp, busy, reassembly, reassembly->ranges.first);
        pool_give(tcp_arena(tcp), &tcp->reassemblies, busy->reassembly);
        busy->reassembly = REF_NONE;
    }
    while (busy->receive.head != REF_NONE)
        release(tcp, busy, buffer_queue_pop(tcp_arena(tcp), &busy->receive));
    busy->receive_bytes = 0;
    rill_assert(busy->receive_charge == 0);
}

static bool range_check(const struct arena *arena, const struct reassembly_range *range, uint32_t *charge)
{
    struct seq expected = range->span.start;
    ref last = REF_NONE;

    for (ref r = range->head; r != REF_NONE; r = buffer_at(arena, r)->next) {
        const struct buffer *buffer = buffer_at(arena, r);

        if (!seq_equal(buffer->seq, expected) || buffer->length_bytes == 0)
            return false;
        expected = seq_add(expected, buffer->length_bytes);
        *charge += buffer_charge(buffer);
        last = r;
    }
    return seq_equal(expected, range->span.end) && last == range->tail;
}

/* Oracle Q7 and the receive side of R1. */
bool reassembly_check(const struct tcp *tcp, const struct tcb *tcb)
{
    const struct arena *arena = &tcp->ip.host.arena;
    const struct reassembly *reassembly = reassembly_of(tcp, tcb);
    uint32_t charge = 0, bytes = 0;
    const struct busy *busy;
    struct seq low = tcb->rcv_nxt;

    if (tcb->busy == REF_NONE)
        return true;
    busy = busy_at(tcp, tcb);
    for (ref r = busy->receive.head; r != REF_NONE; r = buffer_at(arena, r)->next) {
        bytes += buffer_at(arena, r)->length_bytes;
        charge += buffer_charge(buffer_at(arena, r));
    }
    for (ref r = reassembly == NULL ? REF_NONE : reassembly->ranges.first; r != REF_NONE;
         r = range_at(tcp, r)->span.next) {
        const struct reassembly_range *range = range_at(tcp, r);

        if (!seq_after(range->span.start, low) || seq_after(range->span.end, tcb->rcv_adv) ||
            !range_check(arena, range, &charge))
            return false;
        low = range->span.end;
        charge += range_charge(tcp);
    }
    if (reassembly != NULL && !spans_check(arena, &reassembly->ranges))
        return false;
    return bytes == busy->receive_bytes && charge == busy->receive_charge;
}
