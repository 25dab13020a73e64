/*
 * The send queue: a list of buffers, contiguous in sequence space from
 * send_queue_start() on. A cursor remembers where new data was last taken, so
 * that sending costs the same however long the queue is.
 */
#include "tcp/send_queue.h"

#include "tcp/connection.h"
#include "tcp/lent.h"
#include "tcp/limits.h"
#include "tcp/state.h"
#include "tcp/timeouts.h"

#define PIECE_BYTES 1024u
#define CHUNK_BYTES (4 * ARENA_PAGE_BYTES - BUFFER_HEADER_BYTES)

uint32_t send_queue_unsent(const struct tcp *tcp, const struct tcb *tcb)
{
    struct seq next, end;

    if (send_queue_bytes(tcp, tcb) == 0)
        return 0;
    next = (tcb->flags & TCB_SYN_UNACKED) != 0 ? seq_max(tcb->snd_nxt, send_queue_start(tcb)) : tcb->snd_nxt;
    end = send_queue_end(tcp, tcb);
    return seq_before(next, end) ? seq_offset(next, end) : 0; /* snd_nxt is past the end when the FIN was sent */
}

uint32_t send_queue_room(const struct tcp *tcp, const struct tcb *tcb)
{
    uint32_t charge = tcb->busy == REF_NONE ? 0 : busy_at(tcp, tcb)->send_charge;
    uint32_t room = charge >= tcb->send_limit ? 0 : tcb->send_limit - charge;
    uint32_t most_unsent = limits_of(tcp, tcb)->unsent_bytes;
    uint32_t unsent;

    if (likely(most_unsent == 0))
        return room;
    unsent = send_queue_unsent(tcp, tcb);
    /* A small limit still lets in what is worth a buffer, or a limit of 1 would mean a byte at a time. */
    return unsent >= most_unsent ? 0 : min_u32(room, max_u32(most_unsent - unsent, CHUNK_BYTES));
}

void send_queue_tell_of_room(struct tcp *tcp, struct tcb *tcb)
{
    uint32_t charge = tcb->busy == REF_NONE ? 0 : busy_at(tcp, tcb)->send_charge;

    if ((tcb->flags & TCB_ROOM_WANTED) == 0 || charge > tcb->send_limit / 2 || send_queue_room(tcp, tcb) == 0)
        return;
    tcb->flags &= ~TCB_ROOM_WANTED;
    event_raise(tcp, tcb, RILL_WRITABLE);
}

void send_queue_want_room(struct tcp *tcp, struct tcb *tcb)
{
    tcb->flags |= TCB_ROOM_WANTED;
    if ((tcb->flags & (TCB_CORK | TCB_MORE)) == 0 || !state_can_send(tcb->ep.state) || send_queue_bytes(tcp, tcb) == 0)
        return;
    connection_touch(tcp, tcb);
    timeouts_settle(tcp, tcb);
}

/* A fresh buffer at the tail, big ones once the queue shows that a stream is being written; 0: for lent bytes. */
static struct buffer *add_buffer(struct tcp *tcp, struct tcb *tcb, uint32_t wanted_bytes)
{
    struct arena *arena = tcp_arena(tcp);
    struct busy *busy = busy_at(tcp, tcb);
    uint32_t bytes = wanted_bytes == 0 ? (uint32_t)sizeof(struct lent)
                                       : min_u32(max_u32(wanted_bytes, busy->send_bytes), CHUNK_BYTES);
    struct buffer *buffer;
    ref r;

    /* Every connection may have one buffer; more only while memory is not short. */
    if ((busy->send_charge > 0 && host_is_short(tcp_host(tcp), RESERVE_FOR_SENDING)) || host_is_at_floor(tcp_host(tcp)))
        return NULL;
    /* Memory may be free in pieces only: a smaller buffer carries on where there is no run of pages. */
    while ((r = buffer_take(arena, &tcp_host(tcp)->buffers, bytes)) == REF_NONE && bytes > PIECE_BYTES)
        bytes /= 2;
    if (r == REF_NONE)
        return NULL;
    buffer = buffer_at(arena, r);
    buffer->seq = seq_add(send_queue_start(tcb), busy->send_bytes);
    buffer_queue_push(arena, &busy->send, r);
    busy->send_charge += buffer_charge(buffer);
    return buffer;
}

uint32_t send_queue_append(struct tcp *tcp, struct tcb *tcb, const uint8_t *data, uint32_t length_bytes)
{
    uint32_t room = send_queue_room(tcp, tcb);
    uint32_t left = min_u32(length_bytes, room);
    uint32_t taken = 0;
    struct busy *busy;

    if (left == 0 || !connection_make_busy(tcp, tcb))
        return 0;
    busy = busy_at(tcp, tcb);
    while (left > 0) {
        struct buffer *tail = busy->send.tail == REF_NONE ? NULL : buffer_at(tcp_arena(tcp), busy->send.tail);
        uint32_t n;

        if (tail == NULL || send_buffer_is_full(tail)) {
            tail = add_buffer(tcp, tcb, left);
            if (tail == NULL)
                break;
        }
        n = min_u32(left, tail->capacity_bytes - tail->start - tail->length_bytes);
        memcpy(buffer_data(tail) + tail->length_bytes, data + taken, n);
        tail->length_bytes += n;
        busy->send_bytes += n;
        taken += n;
        left -= n;
    }
    return taken;
}

uint32_t send_queue_lend(struct tcp *tcp, struct tcb *tcb, const uint8_t *data, uint32_t length_bytes)
{
    uint32_t room = send_queue_room(tcp, tcb);
    uint32_t left = min_u32(length_bytes, room);
    uint32_t taken = 0;

    if (left == 0 || !connection_make_busy(tcp, tcb))
        return 0;
    while (left > 0) {
        struct busy *busy = busy_at(tcp, tcb);
        uint32_t n = min_u32(left, LENT_BYTES_MAX);
        struct buffer *buffer = add_buffer(tcp, tcb, 0);

        if (buffer == NULL)
            break;
        lent_begin(buffer, data + taken, n);
        busy->send_charge += n;
        busy->send_bytes += n;
        busy->lent_bytes += n;
        taken += n;
        left -= n;
    }
    return taken;
}

void send_queue_end_record(struct tcp *tcp, struct tcb *tcb)
{
    struct busy *busy = busy_at(tcp, tcb);

    buffer_at(tcp_arena(tcp), busy->send.tail)->flags |= BUFFER_ENDS_RECORD;
    busy->has_records = true;
}

/* So many bytes of a lent buffer are the application's again. */
static void released(struct busy *busy, struct buffer *buffer, uint32_t length_bytes)
{
    if (buffer_is_lent(buffer))
        busy->lent_bytes -= length_bytes;
}

void send_queue_acked(struct tcp *tcp, struct tcb *tcb, uint32_t length_bytes)
{
    struct arena *arena = tcp_arena(tcp);
    struct busy *busy = busy_at(tcp, tcb);
    uint32_t left = length_bytes;
    uint32_t lent = busy->lent_bytes;

    rill_assert(left <= busy->send_bytes);
    busy->send_bytes -= left;
    while (left > 0) {
        struct buffer *head = buffer_at(arena, busy->send.head);
        ref r;

        released(busy, head, min_u32(left, head->length_bytes));
        if (left < head->length_bytes) {
            head->start += left;
            head->length_bytes -= left;
            head->seq = seq_add(head->seq, left);
            break;
        }
        left -= head->length_bytes;
        busy->send_charge -= send_buffer_charge(head);
        lent_end(arena, &tcp_host(tcp)->buffers, head);
        r = buffer_queue_pop(arena, &busy->send);
        if (busy->cursor == r)
            busy->cursor = REF_NONE;
        buffer_drop(arena, &tcp_host(tcp)->buffers, r);
        tcp_host(tcp)->work.settled++;
    }
    busy->has_records = busy->has_records && busy->send_bytes > 0;
    if (busy->lent_bytes < lent)
        event_raise(tcp, tcb, RILL_RELEASED);
}

/* The buffer that holds the byte `at`, which is queued. New data starts from the cursor, old data from the head. */
static ref locate(struct tcp *tcp, struct busy *busy, ref hint, struct seq at)
{
    struct arena *arena = tcp_arena(tcp);
    struct seq first = buffer_at(arena, busy->send.head)->seq;
    ref r = busy->send.head;

    if (hint != REF_NONE)
        r = hint;
    else if (busy->cursor != REF_NONE &&
             seq_offset(first, buffer_at(arena, busy->cursor)->seq) <= seq_offset(first, at))
        r = busy->cursor;
    while (seq_offset(buffer_at(arena, r)->seq, at) >= buffer_at(arena, r)->length_bytes) {
        r = buffer_at(arena, r)->next;
        rill_assert(r != REF_NONE); /* the byte is queued */
    }
    return r;
}

ref send_queue_buffer(struct tcp *tcp, struct tcb *tcb, ref hint, struct seq at)
{
    return seq_before(at, send_queue_end(tcp, tcb)) ? locate(tcp, busy_at(tcp, tcb), hint, at) : REF_NONE;
}

uint32_t send_queue_record_left(struct tcp *tcp, struct tcb *tcb, struct seq from, uint32_t most)
{
    struct arena *arena = tcp_arena(tcp);
    struct busy *busy = tcb->busy == REF_NONE ? NULL : busy_at(tcp, tcb);
    uint32_t bytes;
    ref r;

    if (busy == NULL || !busy->has_records || most == 0)
        return most;
    r = locate(tcp, busy, REF_NONE, from);
    bytes = buffer_at(arena, r)->length_bytes - seq_offset(buffer_at(arena, r)->seq, from);
    /* No further than one train has slices for. */
    for (unsigned i = 0; i < RILL_SLICES_MAX && bytes < most; i++) {
        if ((buffer_at(arena, r)->flags & BUFFER_ENDS_RECORD) != 0)
            return bytes;
        r = buffer_at(arena, r)->next;
        bytes += buffer_at(arena, r)->length_bytes;
    }
    return most;
}

bool send_queue_ends_record(struct tcp *tcp, struct tcb *tcb, ref *hint, struct seq at)
{
    struct busy *busy = tcb->busy == REF_NONE ? NULL : busy_at(tcp, tcb);
    struct seq before = seq_sub(at, 1);
    const struct buffer *buffer;

    if (busy == NULL || !busy->has_records || seq_before(before, send_queue_start(tcb)) ||
        !seq_before(before, send_queue_end(tcp, tcb)))
        return false;
    *hint = locate(tcp, busy, *hint, before);
    buffer = buffer_at(tcp_arena(tcp), *hint);
    return (buffer->flags & BUFFER_ENDS_RECORD) != 0 && seq_equal(seq_add(buffer->seq, buffer->length_bytes), at);
}

uint32_t send_queue_slices(struct tcp *tcp, struct tcb *tcb, struct seq from, uint32_t length_bytes, ref *hint,
                           struct rill_train *train)
{
    struct arena *arena = tcp_arena(tcp);
    struct busy *busy = busy_at(tcp, tcb);
    uint32_t left = length_bytes;
    ref r = *hint = locate(tcp, busy, *hint, from);
    ref last = r;
    uint32_t skip = seq_offset(buffer_at(arena, r)->seq, from);

    while (left > 0 && train->slice_count < RILL_SLICES_MAX) {
        struct buffer *buffer = buffer_at(arena, r);
        uint32_t n = min_u32(left, buffer->length_bytes - skip);

        train->slices[train->slice_count++] = (struct rill_slice){send_buffer_data(arena, buffer) + skip, n};
        left -= n;
        skip = 0;
        last = r;
        if ((buffer->flags & BUFFER_ENDS_RECORD) != 0)
            break;
        r = buffer->next;
    }
    if (seq_equal(from, tcb->snd_nxt))
        busy->cursor = last;
    train->payload_bytes += length_bytes - left;
    return length_bytes - left;
}

void send_queue_clear(struct tcp *tcp, struct tcb *tcb)
{
    struct busy *busy;

    if (tcb->busy == REF_NONE)
        return;
    busy = busy_at(tcp, tcb);
    for (ref r = busy->send.head; r != REF_NONE; r = buffer_at(tcp_arena(tcp), r)->next)
        lent_end(tcp_arena(tcp), &tcp_host(tcp)->buffers, buffer_at(tcp_arena(tcp), r));
    buffer_queue_clear(tcp_arena(tcp), &tcp_host(tcp)->buffers, &busy->send);
    if (busy->lent_bytes > 0)
        event_raise(tcp, tcb, RILL_RELEASED);
    busy->lent_bytes = 0;
    busy->has_records = false;
    busy->send_bytes = 0;
    busy->send_charge = 0;
    busy->cursor = REF_NONE;
}

/* Contiguous from the start on, each byte once; charges equal a recount (oracles Q5, R1). */
bool send_queue_check(const struct tcp *tcp, const struct tcb *tcb)
{
    const struct arena *arena = &tcp->ip.host.arena;
    const struct busy *busy;
    struct seq expected = send_queue_start(tcb);
    uint32_t bytes = 0, charge = 0, lent = 0;

    if (tcb->busy == REF_NONE)
        return true;
    busy = busy_at(tcp, tcb);
    for (ref r = busy->send.head; r != REF_NONE; r = buffer_at(arena, r)->next) {
        struct buffer *buffer = buffer_at(arena, r);
        uint32_t most = (buffer->flags & BUFFER_LENT) != 0 ? LENT_BYTES_MAX : buffer->capacity_bytes;

        if (!seq_equal(buffer->seq, expected) || buffer->length_bytes == 0 ||
            buffer->start + buffer->length_bytes > most)
            return false;
        expected = seq_add(expected, buffer->length_bytes);
        bytes += buffer->length_bytes;
        charge += send_buffer_charge(buffer);
        lent += buffer_is_lent(buffer) ? buffer->length_bytes : 0;
    }
    return bytes == busy->send_bytes && charge == busy->send_charge && lent == busy->lent_bytes;
}
