/*
 * RFC 9293 3.10 once more, in the simplest form that is right.
 */
#include "sim/reference.h"

#include "sim/end.h"
#include "sim/forge.h"
#include "sim/host.h"
#include "sim/stream.h"

#define RTO (300 * NANOS_PER_MS)
#define BACKOFF_MAX 5u /* doublings: 10 s */
#define IDLE_PROBE (20 * NANOS_PER_S)
#define TINY_BYTES 8u
#define STRETCH (200 * NANOS_PER_MS)

static bool is_before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

static bool has_vice(const struct world *world, enum reference_vice vice)
{
    return !world->is_healed && (world->scenario.vices >> vice & 1) != 0;
}

static struct reference *reference_of(struct world *world, const struct end *end)
{
    return &world->references[end->index / 2];
}

static struct end *end_of(struct world *world, const struct reference *r)
{
    struct session *session = &world->sessions[r - world->references];

    return &session->ends[session->ends[0].host == world->scenario.reference ? 0 : 1];
}

static uint64_t total_of(struct world *world, const struct reference *r)
{
    return end_of(world, r)->temper.send_total;
}

/* The sequence number of our FIN. */
static uint32_t fin_of(struct world *world, const struct reference *r)
{
    return r->iss + 1 + (uint32_t)total_of(world, r);
}

static void forget(struct reference *r)
{
    r->state = REFERENCE_CLOSED;
    r->owes_ack = false;
    r->timer_at = r->probe_at = r->read_at = r->ack_at = r->gone_at = RILL_NEVER;
}

void references_init(struct world *world)
{
    for (unsigned i = 0; i < world->scenario.session_count && i < REFERENCES_MAX; i++) {
        struct reference *r = &world->references[i];

        *r = (struct reference){0};
        forget(r);
        choices_init(&r->choices, world->scenario.seed, "reference/%u", i);
        r->buffer_bytes = (uint32_t)choose_log(&r->choices, 1000, 50000);
        r->burst = (uint32_t)choose_log(&r->choices, 1, 20);
    }
}

/* Payload is the end's stream from position on. */
static void send(struct world *world, const struct forged *forged, const struct end *end, uint64_t position)
{
    struct frame *frame = forge_begin(&world->frames, forged);

    if (forged->payload_bytes > 0)
        stream_fill(end->send_key, position, forge_payload(frame), forged->payload_bytes);
    forge_finish(frame);
    host_send(world, &world->hosts[world->scenario.reference], frame);
}

/* ------------------------------------------------------------------- sending */

static uint32_t window_of(struct world *world, struct reference *r)
{
    uint32_t edge = r->rcv_nxt + r->buffer_bytes - r->unread;

    if (is_before(r->edge, edge))
        r->edge = edge;
    if (has_vice(world, VICE_SHRINKS_WINDOW) && chance(&r->choices, PPM / 8))
        return (uint32_t)choose(&r->choices, r->edge - r->rcv_nxt + 1);
    return r->edge - r->rcv_nxt;
}

static struct forged header_of(struct world *world, struct reference *r, uint32_t seq, uint8_t flags)
{
    struct forged h = {.seq = seq,
                       .ack = r->rcv_nxt,
                       .from = world->scenario.reference,
                       .to = r->remote_host,
                       .from_port = r->local_port,
                       .to_port = r->remote_port,
                       .flags = flags};

    if ((flags & TCP_ACK) != 0)
        h.window = window_of(world, r);
    else if ((flags & TCP_SYN) != 0)
        h.window = r->buffer_bytes;
    if ((flags & TCP_SYN) != 0) {
        h.mss = (uint16_t)(world->scenario.hosts[world->scenario.reference].mtu - FORGED_HEADERS_BYTES);
        h.permits_sack = (world->scenario.vices >> VICE_SACK_LIES & 1) != 0;
    }
    return h;
}

/* A bare ACK; a vice may make it say more, or say it more often. */
static void send_ack(struct world *world, struct reference *r)
{
    struct forged h = header_of(world, r, r->nxt, TCP_ACK);
    unsigned copies = has_vice(world, VICE_DUPLICATE_ACKS) && chance(&r->choices, PPM / 4) ? 4 : 1;

    r->owes_ack = false;
    r->ack_at = RILL_NEVER;
    if (r->takes_sack && has_vice(world, VICE_SACK_LIES) && chance(&r->choices, PPM / 3)) {
        h.sack[0] = r->rcv_nxt + (uint32_t)choose_log(&r->choices, 1, 100000);
        h.sack[1] = h.sack[0] + (uint32_t)choose_log(&r->choices, 1, 10000);
    }
    if (has_vice(world, VICE_BARE_URGENT) && chance(&r->choices, PPM / 8)) {
        h.flags |= TCP_URG;
        h.urgent = (uint16_t)choose(&r->choices, 65536);
    }
    while (copies-- > 0 && !world_has_failed(world))
        send(world, &h, NULL, 0);
}

static void send_reset(struct world *world, const struct frame *frame)
{
    const struct packet_seen *f = &frame->facts;
    struct forged h = {.from = world->scenario.reference,
                       .to = (uint8_t)(f->from - 1),
                       .from_port = f->to_port,
                       .to_port = f->from_port};

    if ((f->flags & TCP_RST) != 0)
        return;
    h.flags = (f->flags & TCP_ACK) != 0 ? TCP_RST : TCP_RST | TCP_ACK;
    h.seq = (f->flags & TCP_ACK) != 0 ? f->ack : 0;
    h.ack = f->seq + f->payload_bytes + ((f->flags & TCP_SYN) != 0) + ((f->flags & TCP_FIN) != 0);
    send(world, &h, NULL, 0);
}

static void send_syn(struct world *world, struct reference *r)
{
    struct forged h =
        header_of(world, r, r->iss, r->state == REFERENCE_SYN_SENT ? TCP_SYN : (uint8_t)(TCP_SYN | TCP_ACK));

    send(world, &h, NULL, 0);
}

static void arm(struct world *world, struct reference *r)
{
    r->timer_at = world->now + (RTO << r->backoff);
    r->probe_at = world->now + IDLE_PROBE;
}

/* One segment at nxt, with text and perhaps our FIN; room is what the peer's window still takes. */
static void send_segment(struct world *world, struct reference *r, uint32_t room)
{
    struct end *end = end_of(world, r);
    uint32_t left = fin_of(world, r) - r->nxt;
    uint32_t n = min_u32(min_u32(left, room), r->mss);
    struct forged h;

    if (has_vice(world, VICE_TINY_SEGMENTS))
        n = min_u32(n, 1 + (uint32_t)choose(&r->choices, TINY_BYTES));
    h = header_of(world, r, r->nxt, TCP_ACK);
    if (n == left && n < room) {
        h.flags |= TCP_FIN;
        end->has_shut_down = true;
        r->closes_first |= !r->has_fin;
    }
    r->owes_ack = false;
    r->ack_at = RILL_NEVER;
    end->sent = max_u64(end->sent, (uint64_t)(r->nxt - r->iss - 1) + n);
    h.payload_bytes = n;
    send(world, &h, end, r->nxt - r->iss - 1);
    r->nxt += n + ((h.flags & TCP_FIN) != 0);
    if (is_before(r->max, r->nxt))
        r->max = r->nxt;
}

static void send_what_may_go(struct world *world, struct reference *r)
{
    uint32_t end = fin_of(world, r) + 1;
    uint32_t flight_max = r->burst * (has_vice(world, VICE_TINY_SEGMENTS) ? TINY_BYTES : r->mss);

    for (unsigned i = 0; i < r->burst && r->state == REFERENCE_OPEN && !world_has_failed(world); i++) {
        uint32_t again = is_before(r->nxt, r->una) ? r->una - r->nxt : 0;
        uint32_t flight = again > 0 ? 0 : r->nxt - r->una;

        if (r->nxt == end || flight >= r->wnd || (i > 0 && flight >= flight_max))
            break;
        if (r->timer_at == RILL_NEVER)
            arm(world, r);
        send_segment(world, r, r->wnd - flight + again);
    }
    if (r->state == REFERENCE_OPEN && r->una != end && r->timer_at == RILL_NEVER)
        arm(world, r); /* the window is shut: the timer probes it */
}

/* At once; with stretch ACKs mostly later, for all that came until then. */
static void acknowledge(struct world *world, struct reference *r)
{
    if (!r->owes_ack || world_has_failed(world))
        return;
    if (r->state == REFERENCE_OPEN && has_vice(world, VICE_STRETCH_ACKS) && chance(&r->choices, PPM * 3 / 4))
        r->ack_at = min_u64(r->ack_at, world->now + STRETCH);
    else
        send_ack(world, r);
}

/* ------------------------------------------------------------------ endings */

static void fail_with(struct world *world, struct reference *r, int error)
{
    struct end *end = end_of(world, r);

    forget(r);
    end->error = error;
    end_over(world, end);
}

/* Both directions are done: TIME-WAIT for who closed first or at the same time. */
static void finish(struct world *world, struct reference *r)
{
    struct end *end = end_of(world, r);

    if (r->state != REFERENCE_OPEN || !r->has_fin || r->una != fin_of(world, r) + 1 || r->unread > 0)
        return;
    forget(r);
    if (r->closes_first) {
        r->state = REFERENCE_TIME_WAIT;
        r->gone_at = world->now + 2 * world->scenario.msl;
    }
    end_over(world, end);
}

/* ------------------------------------------------------------------ receiving */

/* What lies unread is read at the end's pace; its bytes were checked when they came. */
static void read(struct world *world, struct reference *r)
{
    const struct temper *t = &end_of(world, r)->temper;
    uint32_t before = r->edge - r->rcv_nxt;

    if (r->unread == 0) {
        r->read_at = RILL_NEVER;
        return;
    }
    if (world->is_healed || (t->read_pause == 0 && t->read_after != RILL_NEVER))
        r->unread = 0;
    else
        r->unread -= min_u32(r->unread, t->read_bytes);
    r->read_at = r->unread > 0 ? world->now + max_u64(t->read_pause, NANOS_PER_MS) : RILL_NEVER;
    if (r->buffer_bytes - r->unread >= before + min_u32(r->mss, r->buffer_bytes / 2))
        r->ack_at = world->now; /* worth a window update */
}

static void take_text(struct world *world, struct reference *r, const struct frame *frame)
{
    const struct packet_seen *f = &frame->facts;
    const uint8_t *text = frame->data + 20 + (frame->data[32] >> 4) * 4u;
    struct end *end = end_of(world, r);
    uint32_t old = r->rcv_nxt - f->seq, n = f->payload_bytes;
    rill_time wait = world->is_healed ? 0 : end->temper.read_after;
    rill_time first_read = wait == RILL_NEVER ? RILL_NEVER : end->opened_at + wait;

    if (n > 0 || (f->flags & TCP_FIN) != 0)
        r->owes_ack = true;
    if (is_before(r->rcv_nxt, f->seq) || r->has_fin)
        return; /* out of order: it comes again */
    if (old < n) {
        uint32_t fresh = min_u32(n - old, r->edge - r->rcv_nxt);
        uint32_t begin = r->rcv_nxt;

        if (!end_check_bytes(world, end, text + old, fresh))
            return;
        end->received += fresh;
        end->session->moved_at = world->now;
        r->rcv_nxt += fresh;
        r->unread += fresh;
        if (r->read_at == RILL_NEVER && first_read != RILL_NEVER)
            r->read_at = max_u64(world->now, first_read);
        if (has_vice(world, VICE_ACK_DIVISION) && fresh > 4) {
            for (uint32_t part = 1; part < 4; part++) {
                struct forged h = header_of(world, r, r->nxt, TCP_ACK);

                h.window += r->rcv_nxt - (begin + fresh / 4 * part);
                h.ack = begin + fresh / 4 * part;
                h.window = min_u32(h.window, 65535);
                send(world, &h, NULL, 0);
            }
        }
    }
    if ((f->flags & TCP_FIN) != 0 && f->seq + n == r->rcv_nxt) {
        r->rcv_nxt++;
        r->has_fin = true;
        end_saw_end(world, end);
    }
}

/* RFC 9293 3.10.7.4, first: any part of it in the window. */
static bool is_acceptable(const struct reference *r, const struct packet_seen *f)
{
    uint32_t window = r->edge - r->rcv_nxt;
    uint32_t length = f->payload_bytes + ((f->flags & TCP_FIN) != 0) + ((f->flags & TCP_SYN) != 0);
    uint32_t last = f->seq + length - 1;

    if (length == 0)
        return window == 0 ? f->seq == r->rcv_nxt : f->seq - r->rcv_nxt < window;
    return window > 0 && (f->seq - r->rcv_nxt < window || last - r->rcv_nxt < window);
}

static void take_ack(struct world *world, struct reference *r, const struct packet_seen *f)
{
    if (is_before(r->una, f->ack)) {
        r->una = f->ack;
        if (is_before(r->nxt, r->una))
            r->nxt = r->una;
        r->backoff = 0;
        r->timer_at = RILL_NEVER;
        end_of(world, r)->session->moved_at = world->now;
        if (r->una != r->max)
            arm(world, r);
        r->wl1 = f->seq;
        r->wl2 = f->ack;
        r->wnd = f->window;
    } else if (f->ack == r->una && !is_before(f->seq, r->wl1)) {
        r->wl1 = f->seq;
        r->wnd = f->window;
    }
    r->probe_at = world->now + IDLE_PROBE;
}

static void arrives_open(struct world *world, struct reference *r, const struct frame *frame)
{
    const struct packet_seen *f = &frame->facts;

    if (!is_acceptable(r, f)) {
        if ((f->flags & TCP_RST) == 0)
            r->owes_ack = true;
        if (r->state == REFERENCE_TIME_WAIT && (f->flags & TCP_FIN) != 0)
            r->gone_at = world->now + 2 * world->scenario.msl;
        if ((f->flags & (TCP_RST | TCP_ACK)) != TCP_ACK || r->state == REFERENCE_TIME_WAIT || r->edge != r->rcv_nxt ||
            f->seq != r->rcv_nxt)
            return; /* while our window is shut its ACK is taken all the same (MUST-66) */
        if (!is_before(r->max, f->ack))
            take_ack(world, r, f);
        return;
    }
    if ((f->flags & TCP_RST) != 0) {
        if (f->seq != r->rcv_nxt)
            r->owes_ack = true;
        else if (r->state == REFERENCE_TIME_WAIT)
            forget(r);
        else
            fail_with(world, r, -RILL_ECONNRESET);
        return;
    }
    if ((f->flags & TCP_SYN) != 0 || is_before(r->max, f->ack)) {
        r->owes_ack = true;
        return;
    }
    if ((f->flags & TCP_ACK) == 0 || r->state == REFERENCE_TIME_WAIT)
        return;
    take_ack(world, r, f);
    take_text(world, r, frame);
}

static void open(struct world *world, struct reference *r, const struct frame *frame)
{
    struct end *end = end_of(world, r);

    r->state = REFERENCE_OPEN;
    r->una = r->nxt = r->max = r->iss + 1;
    r->wnd = frame->facts.window;
    r->wl1 = frame->facts.seq;
    r->timer_at = RILL_NEVER;
    r->backoff = 0;
    end->is_established = true;
    if (end->side == 1) {
        world->open_ends++;
        end_opened(world, end);
    }
    world->result->established++;
}

/* The MSS of a SYN, and whether SACK is permitted: packet_read() found the options right. */
static void take_syn_options(struct world *world, struct reference *r, const struct frame *frame)
{
    const uint8_t *tcp = frame->data + 20;
    uint32_t at = 20, end = (tcp[12] >> 4) * 4u, mss = 536;

    for (; at < end && tcp[at] != 0; at += tcp[at] == 1 ? 1 : tcp[at + 1]) {
        if (tcp[at] == 2)
            mss = (uint32_t)tcp[at + 2] << 8 | tcp[at + 3];
        if (tcp[at] == 4)
            r->takes_sack = (world->scenario.vices >> VICE_SACK_LIES & 1) != 0;
    }
    r->mss = (uint16_t)min_u32(mss, world->scenario.hosts[world->scenario.reference].mtu - FORGED_HEADERS_BYTES);
    r->irs = frame->facts.seq;
    r->rcv_nxt = r->irs + 1;
    r->edge = r->rcv_nxt + r->buffer_bytes;
}

static void arrives_syn_sent(struct world *world, struct reference *r, const struct frame *frame)
{
    const struct packet_seen *f = &frame->facts;

    if ((f->flags & TCP_ACK) != 0 && f->ack != r->iss + 1) {
        send_reset(world, frame);
        return;
    }
    if ((f->flags & TCP_RST) != 0) {
        if ((f->flags & TCP_ACK) != 0)
            fail_with(world, r, -RILL_ECONNREFUSED);
        return;
    }
    if ((f->flags & (TCP_SYN | TCP_ACK)) != (TCP_SYN | TCP_ACK))
        return;
    take_syn_options(world, r, frame);
    open(world, r, frame);
    r->owes_ack = true;
}

static void choose_iss(struct reference *r)
{
    static const uint32_t corners[] = {0, UINT32_C(0x80000000), UINT32_C(0xffffffff), UINT32_C(0x7fffffff)};

    r->iss = (uint32_t)choices_word(&r->choices);
    if (chance(&r->choices, PPM / 2))
        r->iss = corners[choose(&r->choices, 4)] - (uint32_t)choose_log(&r->choices, 1, 100000);
}

/* A SYN to our listener: the session that it begins; others are old copies. */
static struct reference *take_syn(struct world *world, const struct frame *frame)
{
    const struct packet_seen *f = &frame->facts;

    for (unsigned i = 0; i < world->scenario.session_count; i++) {
        struct end *client = &world->sessions[i].ends[0], *server = &world->sessions[i].ends[1];
        struct reference *r = &world->references[i];

        if (server->host != world->scenario.reference || !client->has_opened || client->is_over ||
            client->host + 1u != f->from || client->port != f->from_port || client->iss != f->seq ||
            f->to_port != SERVER_PORT || server->has_opened || r->state != REFERENCE_CLOSED)
            continue;
        choose_iss(r);
        r->state = REFERENCE_SYN_RECEIVED;
        r->local_port = SERVER_PORT;
        r->remote_port = f->from_port;
        r->remote_host = (uint8_t)(f->from - 1);
        r->una = r->iss;
        r->nxt = r->max = r->iss + 1;
        take_syn_options(world, r, frame);
        send_syn(world, r);
        arm(world, r);
        return r;
    }
    return NULL;
}

static void arrives_syn_received(struct world *world, struct reference *r, const struct frame *frame)
{
    const struct packet_seen *f = &frame->facts;

    if ((f->flags & TCP_RST) != 0) {
        if (f->seq == r->rcv_nxt)
            forget(r);
    } else if ((f->flags & TCP_SYN) != 0 && f->seq == r->irs) {
        send_syn(world, r);
    } else if (!is_acceptable(r, f)) {
        r->owes_ack = true;
    } else if ((f->flags & TCP_ACK) != 0 && f->ack != r->iss + 1) {
        send_reset(world, frame);
    } else if ((f->flags & TCP_ACK) != 0) {
        open(world, r, frame);
        arrives_open(world, r, frame);
    }
}

static struct reference *find(struct world *world, const struct packet_seen *f)
{
    for (unsigned i = 0; i < world->scenario.session_count; i++) {
        struct reference *r = &world->references[i];

        if (r->state != REFERENCE_CLOSED && r->remote_host + 1u == f->from && r->remote_port == f->from_port &&
            r->local_port == f->to_port)
            return r;
    }
    return NULL;
}

static void arrives(struct world *world, const struct frame *frame)
{
    const struct packet_seen *f = &frame->facts;
    struct reference *r = find(world, f);
    uint32_t una = r != NULL ? r->una : 0;

    if (r == NULL && (f->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN)
        r = take_syn(world, frame);
    else if (r == NULL)
        send_reset(world, frame);
    else if (r->state == REFERENCE_SYN_SENT)
        arrives_syn_sent(world, r, frame);
    else if (r->state == REFERENCE_SYN_RECEIVED)
        arrives_syn_received(world, r, frame);
    else
        arrives_open(world, r, frame);
    if (r == NULL || r->state == REFERENCE_CLOSED || world_has_failed(world))
        return;
    finish(world, r);
    if (r->state == REFERENCE_OPEN && (r->una != una || r->nxt == r->una))
        send_what_may_go(world, r);
    acknowledge(world, r);
    finish(world, r);
}

void reference_arrival(struct world *world, struct host_sim *host, struct frame *frame)
{
    struct packet_seen facts;

    if (packet_read(frame->data, frame->length_bytes, &facts) == NULL && facts.to == host->index + 1u) {
        packet_oracle_delivered(&world->packets, &frame->facts, frame->incarnation);
        frame->facts = facts;
        arrives(world, frame);
    }
    frame_give(&world->frames, frame);
    if (!world_has_failed(world))
        reference_turn(world, host);
}

/* ---------------------------------------------------------------------- time */

void reference_connect(struct world *world, struct end *end)
{
    struct reference *r = reference_of(world, end);

    choose_iss(r);
    r->state = REFERENCE_SYN_SENT;
    r->local_port = (uint16_t)(40000 + end->index);
    r->remote_port = SERVER_PORT;
    r->remote_host = peer_of(end)->host;
    r->una = r->iss;
    r->nxt = r->max = r->iss + 1;
    end->iss = r->iss;
    end->port = r->local_port;
    end_opened(world, end);
    send_syn(world, r);
    arm(world, r);
}

/* RFC 6298 5.4, and the probe of a shut window: one byte beyond it. */
static void timer_is_up(struct world *world, struct reference *r)
{
    if (r->backoff < BACKOFF_MAX)
        r->backoff++;
    arm(world, r);
    if (r->state == REFERENCE_SYN_SENT || r->state == REFERENCE_SYN_RECEIVED) {
        send_syn(world, r);
        return;
    }
    r->nxt = r->una;
    if (has_vice(world, VICE_OVERLAPS) && r->una - r->iss > 1)
        r->nxt -= (uint32_t)choose(&r->choices, min_u32(r->una - r->iss, 100));
    if (r->wnd == 0 && r->una != fin_of(world, r) + 1)
        send_segment(world, r, 1);
    else
        send_what_may_go(world, r);
}

/* Is anybody there? Answered, or with a RST. */
static void probe(struct world *world, struct reference *r)
{
    struct forged h = header_of(world, r, r->una - 1, TCP_ACK);

    r->probe_at = world->now + IDLE_PROBE;
    send(world, &h, NULL, 0);
}

void reference_abort(struct world *world, const struct end *end)
{
    struct reference *r = reference_of(world, end);
    struct forged h = header_of(world, r, r->nxt, TCP_RST | TCP_ACK);

    if (r->state >= REFERENCE_SYN_RECEIVED)
        send(world, &h, NULL, 0);
    forget(r);
}

static void abort_on_time(struct world *world, struct reference *r)
{
    struct end *end = end_of(world, r);

    if (end->temper.ending != ENDING_ABORT_AT || r->state != REFERENCE_OPEN ||
        world->now < end->opened_at + end->temper.ending_after)
        return;
    end->has_aborted = true;
    reference_abort(world, end);
    end_over(world, end);
}

static void run(struct world *world, struct reference *r)
{
    if (r->gone_at <= world->now)
        forget(r);
    if (r->timer_at <= world->now)
        timer_is_up(world, r);
    if (r->read_at <= world->now) {
        read(world, r);
        finish(world, r);
    }
    if (r->probe_at <= world->now && r->state == REFERENCE_OPEN)
        probe(world, r);
    abort_on_time(world, r);
    if (r->ack_at <= world->now && r->state == REFERENCE_OPEN)
        send_ack(world, r);
}

void reference_turn(struct world *world, struct host_sim *host)
{
    rill_time next = RILL_NEVER;

    for (unsigned i = 0; i < world->scenario.session_count && !world_has_failed(world); i++) {
        struct reference *r = &world->references[i];
        const struct end *end = end_of(world, r);

        if (r->state == REFERENCE_CLOSED)
            continue;
        run(world, r);
        if (r->state == REFERENCE_CLOSED)
            continue;
        next = min_u64(next, min_u64(min_u64(r->timer_at, r->read_at), min_u64(r->probe_at, r->gone_at)));
        next = min_u64(next, r->ack_at);
        if (end->temper.ending == ENDING_ABORT_AT && r->state == REFERENCE_OPEN)
            next = min_u64(next, end->opened_at + end->temper.ending_after);
    }
    host_wake(world, host, max_u64(next, world->now));
}

void reference_heal(struct world *world, struct host_sim *host)
{
    for (unsigned i = 0; i < world->scenario.session_count; i++) {
        struct reference *r = &world->references[i];

        if (r->state == REFERENCE_OPEN && r->unread > 0)
            r->read_at = world->now;
        if (r->state != REFERENCE_CLOSED && r->timer_at != RILL_NEVER)
            r->timer_at = world->now;
    }
    reference_turn(world, host);
}

bool reference_is_well(const struct world *world, const struct end *end)
{
    return world->references[end->index / 2].state == REFERENCE_OPEN;
}

bool reference_is_gone(const struct world *world)
{
    for (unsigned i = 0; i < world->scenario.session_count && i < REFERENCES_MAX; i++)
        if (world->references[i].state != REFERENCE_CLOSED)
            return false;
    return true;
}
