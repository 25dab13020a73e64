/*
 * What a capture does not say: both ends' states (RFC 9293 3.3.2), which
 * segments were sent again, which came out of order. A segment is taken to
 * arrive when it is captured, with one exception: a FIN that the other end's
 * own FIN does not acknowledge crossed it, and arrives behind it.
 */
#include "cli/ladder.h"

#include "rill/rill.h"

#include <string.h>

struct end {
    enum rill_state state;
    bool has_isn, has_scale, sent_fin, fin_waits; /* fin_waits: the peer's FIN crosses ours and comes behind it */
    uint32_t isn, next, fin_end;                  /* next: one past the highest sent */
    uint32_t last_ack, last_window;
    bool has_ack, has_data;
    uint8_t scale;
};

struct tracker {
    const struct ladder_connection *connection;
    struct end end[2];
};

static bool before(uint32_t a, uint32_t b)
{
    return (a - b) >> 31 != 0;
}

static bool has(const struct ladder_segment *segment, unsigned flag)
{
    return (segment->tcp.flags & flag) != 0;
}

/* The other end's next FIN does not acknowledge this one: they crossed. */
static bool fin_crosses(const struct ladder_connection *connection, unsigned index, uint32_t fin_end)
{
    enum ladder_end from = connection->segments[index].from;

    for (unsigned i = index + 1; i < connection->count; i++) {
        const struct ladder_segment *later = &connection->segments[i];

        if (later->from == from)
            continue;
        if (has(later, TCP_ACK) && !before(later->tcp.ack.v, fin_end))
            return false;
        if (has(later, TCP_FIN))
            return true;
    }
    return false;
}

static void send_changes(struct end *self, const struct ladder_segment *segment)
{
    if (has(segment, TCP_SYN) && self->state == RILL_STATE_CLOSED)
        self->state = has(segment, TCP_ACK) ? RILL_STATE_SYN_RECEIVED : RILL_STATE_SYN_SENT;
    else if (has(segment, TCP_SYN) && self->state == RILL_STATE_LISTEN)
        self->state = RILL_STATE_SYN_RECEIVED;
    if (!has(segment, TCP_FIN) || self->sent_fin)
        return;
    self->sent_fin = true;
    self->fin_end = segment->tcp.seq.v + tcp_segment_length(&segment->tcp);
    if (self->state == RILL_STATE_ESTABLISHED || self->state == RILL_STATE_SYN_RECEIVED)
        self->state = RILL_STATE_FIN_WAIT_1;
    else if (self->state == RILL_STATE_CLOSE_WAIT)
        self->state = RILL_STATE_LAST_ACK;
}

static void fin_arrives(struct end *self)
{
    switch (self->state) {
    case RILL_STATE_SYN_RECEIVED:
    case RILL_STATE_ESTABLISHED:
        self->state = RILL_STATE_CLOSE_WAIT;
        break;
    case RILL_STATE_FIN_WAIT_1:
        self->state = RILL_STATE_CLOSING;
        break;
    case RILL_STATE_FIN_WAIT_2:
        self->state = RILL_STATE_TIME_WAIT;
        break;
    default:
        break;
    }
}

static void ack_arrives(struct end *self, uint32_t ack)
{
    bool fin_acked = self->sent_fin && !before(ack, self->fin_end);

    if ((self->state == RILL_STATE_SYN_RECEIVED || self->state == RILL_STATE_SYN_SENT) && self->has_isn &&
        before(self->isn, ack))
        self->state = RILL_STATE_ESTABLISHED;
    if (!fin_acked)
        return;
    if (self->state == RILL_STATE_FIN_WAIT_1)
        self->state = RILL_STATE_FIN_WAIT_2;
    else if (self->state == RILL_STATE_CLOSING)
        self->state = RILL_STATE_TIME_WAIT;
    else if (self->state == RILL_STATE_LAST_ACK)
        self->state = RILL_STATE_CLOSED;
}

static void arrival_changes(struct tracker *tracker, unsigned index, struct end *self)
{
    const struct ladder_segment *segment = &tracker->connection->segments[index];

    if (has(segment, TCP_RST)) {
        self->state = self->state == RILL_STATE_LISTEN ? RILL_STATE_LISTEN : RILL_STATE_CLOSED;
        return;
    }
    if (has(segment, TCP_SYN) && !has(segment, TCP_ACK) &&
        (self->state == RILL_STATE_LISTEN || self->state == RILL_STATE_SYN_SENT))
        self->state = RILL_STATE_SYN_RECEIVED;
    if (has(segment, TCP_ACK))
        ack_arrives(self, segment->tcp.ack.v);
    if (!has(segment, TCP_FIN) || self->fin_waits)
        return;
    self->fin_waits = !self->sent_fin &&
                      fin_crosses(tracker->connection, index, segment->tcp.seq.v + tcp_segment_length(&segment->tcp));
    if (!self->fin_waits)
        fin_arrives(self);
}

static unsigned marks_of(const struct ladder_segment *segment, const struct end *self, const struct end *peer)
{
    uint32_t length = tcp_segment_length(&segment->tcp);
    unsigned marks = 0;

    if (self->has_isn && length > 0 && before(segment->tcp.seq.v, self->next)) {
        bool at_edge = segment->tcp.seq.v + 1 == self->next && segment->tcp.data_bytes <= 1 && !has(segment, TCP_FIN) &&
                       !has(segment, TCP_SYN);

        marks |= at_edge ? LADDER_KEEP_ALIVE : LADDER_RETRANSMITTED;
    }
    if (self->has_isn && length == 0 && !has(segment, TCP_RST) && segment->tcp.seq.v + 1 == self->next &&
        self->state >= RILL_STATE_ESTABLISHED)
        marks |= LADDER_KEEP_ALIVE;
    if (self->has_isn && length > 0 && before(self->next, segment->tcp.seq.v))
        marks |= LADDER_OUT_OF_ORDER;
    if (!has(segment, TCP_RST) && !has(segment, TCP_SYN) && segment->tcp.window == 0)
        marks |= LADDER_ZERO_WINDOW;
    if (self->has_ack && length == 0 && !has(segment, TCP_RST) && segment->tcp.ack.v == self->last_ack &&
        segment->tcp.window == self->last_window && before(segment->tcp.ack.v, peer->next))
        marks |= LADDER_DUPLICATE_ACK;
    if (peer->has_ack && peer->last_window == 0 && segment->tcp.data_bytes == 1)
        marks |= LADDER_WINDOW_PROBE;
    return marks;
}

static void note_numbers(struct ladder_segment *segment, struct end *self, struct end *peer)
{
    uint32_t end_seq = segment->tcp.seq.v + tcp_segment_length(&segment->tcp);

    if (!self->has_isn) {
        self->has_isn = true;
        self->isn = segment->tcp.seq.v - !has(segment, TCP_SYN);
        self->next = segment->tcp.seq.v;
    }
    if (!peer->has_isn && has(segment, TCP_ACK)) {
        peer->has_isn = true;
        peer->isn = segment->tcp.ack.v - 1;
        peer->next = segment->tcp.ack.v;
    }
    if (has(segment, TCP_SYN)) {
        self->has_scale = (segment->tcp.options.present & TCP_OPTION_WINDOW_SCALE) != 0;
        self->scale = self->has_scale ? segment->tcp.options.window_scale : 0;
    }
    segment->seq = segment->tcp.seq.v - self->isn;
    segment->ack = has(segment, TCP_ACK) && peer->has_isn ? segment->tcp.ack.v - peer->isn : 0;
    segment->window_bytes = segment->tcp.window;
    if (!has(segment, TCP_SYN) && self->has_scale && peer->has_scale)
        segment->window_bytes <<= self->scale;
    if (before(self->next, end_seq))
        self->next = end_seq;
    if (has(segment, TCP_ACK)) {
        self->has_ack = true;
        self->last_ack = segment->tcp.ack.v;
        self->last_window = segment->tcp.window;
    }
}

/* A capture that begins in the middle shows an established connection. */
static void set_first_states(struct tracker *tracker)
{
    const struct ladder_segment *first = &tracker->connection->segments[0];
    bool whole = has(first, TCP_SYN) && !has(first, TCP_ACK);

    tracker->end[LADDER_CLIENT].state = whole ? RILL_STATE_CLOSED : RILL_STATE_ESTABLISHED;
    tracker->end[LADDER_SERVER].state = whole ? RILL_STATE_LISTEN : RILL_STATE_ESTABLISHED;
    if (whole || !has(first, TCP_SYN))
        return;
    tracker->end[LADDER_CLIENT].state = RILL_STATE_SYN_SENT;
    tracker->end[LADDER_CLIENT].has_isn = true;
    tracker->end[LADDER_CLIENT].isn = first->tcp.ack.v - 1;
    tracker->end[LADDER_CLIENT].next = first->tcp.ack.v;
    tracker->end[LADDER_SERVER].state = RILL_STATE_SYN_RECEIVED;
}

void ladder_infer(struct ladder_connection *connection)
{
    struct tracker tracker;

    memset(&tracker, 0, sizeof tracker);
    tracker.connection = connection;
    if (connection->count == 0)
        return;
    set_first_states(&tracker);
    for (unsigned i = 0; i < connection->count; i++) {
        struct ladder_segment *segment = &connection->segments[i];
        struct end *self = &tracker.end[segment->from], *peer = &tracker.end[1 - segment->from];

        segment->marks = marks_of(segment, self, peer);
        connection->marked += (segment->marks & LADDER_TROUBLE) != 0;
        if (segment->tcp.data_bytes > 0 && !self->has_data) {
            self->has_data = true;
            segment->marks |= LADDER_FIRST_DATA;
        }
        note_numbers(segment, self, peer);
        send_changes(self, segment);
        arrival_changes(&tracker, i, peer);
        if (has(segment, TCP_RST))
            self->state = RILL_STATE_CLOSED;
        if (has(segment, TCP_FIN) && self->fin_waits) {
            self->fin_waits = false;
            fin_arrives(self);
        }
        segment->state[LADDER_CLIENT] = (uint8_t)tracker.end[LADDER_CLIENT].state;
        segment->state[LADDER_SERVER] = (uint8_t)tracker.end[LADDER_SERVER].state;
    }
}
