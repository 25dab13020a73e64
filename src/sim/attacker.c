/*
 * RFC 5961 for segments, RFC 5927 for ICMP: what a blind attacker may try.
 */
#include "sim/attacker.h"

#include "sim/forge.h"
#include "sim/world.h"

#define ATTACKS_MAX 3000u
#define TRIES 8u
#define PAYLOAD_MAX 1400u

/* Someone whose connection is worth attacking, as the attacker sees it. */
struct victim {
    const struct end *end;
    struct rill_status status;
    struct choices *choices;
};

void attacker_init(struct world *world)
{
    choices_init(&world->attacker, world->scenario.seed, "attacker");
    world->attacks = 0;
}

static bool choose_victim(struct world *world, struct victim *victim)
{
    struct choices *c = &world->attacker;

    for (unsigned i = 0; i < TRIES; i++) {
        const struct end *end = end_at(world, (unsigned)choose(c, 2 * world->scenario.session_count));
        struct rill_stack *stack = world->hosts[end->host].stack;

        if (end->conn == 0 || end->is_over || stack == NULL || rill_status(stack, end->conn, &victim->status) != 0 ||
            victim->status.state < RILL_STATE_SYN_SENT)
            continue;
        victim->end = end;
        victim->choices = c;
        return true;
    }
    return false;
}

static struct forged forge_to(const struct victim *v, uint32_t seq, uint32_t ack, uint8_t flags)
{
    const struct rill_status *s = &v->status;
    struct forged f = {.from = (uint8_t)(s->remote.addr.bytes[15] - 1),
                       .to = v->end->host,
                       .from_port = s->remote.port,
                       .to_port = s->local.port,
                       .seq = seq,
                       .ack = ack,
                       .window = (uint32_t)choose(v->choices, 65536),
                       .flags = flags};

    f.has_timestamp = s->timestamps;
    f.timestamp[0] = (uint32_t)choices_word(v->choices);
    f.timestamp[1] = (uint32_t)choices_word(v->choices);
    return f;
}

/* The frame comes from nowhere: no link carries it. */
static void arrive(struct world *world, struct frame *frame)
{
    frame->from = frame->data[15] - 1;
    frame->to = frame->data[19] - 1;
    frame->is_damaged = frame->is_forged = true;
    (void)packet_read(frame->data, frame->length_bytes, &frame->facts);
    event_queue_push(&world->queue, (struct event){.at = world->now, .kind = EVENT_ARRIVAL, .object = frame});
}

static void send(struct world *world, const struct victim *v, const struct forged *forged)
{
    struct frame *frame = forge_begin(&world->frames, forged);

    for (uint32_t i = 0; i < forged->payload_bytes; i++)
        forge_payload(frame)[i] = (uint8_t)choices_word(v->choices);
    forge_finish(frame);
    arrive(world, frame);
}

static uint32_t in_window(const struct victim *v)
{
    return v->status.rcv_nxt + (uint32_t)choose(v->choices, v->status.rcv_wnd + 1u);
}

/*
 * An ACK number that no peer could send: of what will not be sent before the segment is looked at, or from before any
 * window (RFC 5961 5.2).
 */
static uint32_t bad_ack(const struct victim *v)
{
    const struct rill_status *s = &v->status;

    if (chance(v->choices, PPM / 2))
        return s->snd_nxt + (uint32_t)choose_log(v->choices, UINT32_C(1) << 27, UINT32_C(1) << 30);
    return s->snd_una - (UINT32_C(1) << 30) - (uint32_t)choose_log(v->choices, 1, UINT32_C(1) << 29);
}

/* ------------------------------------------------------------- off the path */

/*
 * RFC 5961 3: nearly right resets, behind the window and ahead of all that the peer will ever send; in the window they
 * cost a challenge ACK, elsewhere nothing.
 */
static void blind_reset(struct world *world, const struct victim *v)
{
    uint32_t away = (uint32_t)choose_log(v->choices, 1, UINT32_C(1) << 30);
    uint32_t last = v->status.irs + 2 + (uint32_t)v->end->session->ends[1 - v->end->side].temper.send_total;
    uint32_t seq = chance(v->choices, PPM / 2) ? last + away : v->status.rcv_nxt - away;
    struct forged f =
        forge_to(v, seq, bad_ack(v), v->status.state == RILL_STATE_SYN_SENT ? TCP_RST | TCP_ACK : TCP_RST);

    send(world, v, &f);
}

/* RFC 5961 4; to SYN-SENT only one with an ACK, for without it would be a simultaneous open. */
static void blind_syn(struct world *world, const struct victim *v)
{
    bool is_opening = v->status.state == RILL_STATE_SYN_SENT || chance(v->choices, PPM / 2);
    uint32_t ack = bad_ack(v); /* a choice a statement: the order of arguments is the compiler's */
    uint32_t seq = chance(v->choices, PPM / 2) ? in_window(v) : (uint32_t)choices_word(v->choices);
    struct forged f = forge_to(v, seq, ack, is_opening ? TCP_SYN | TCP_ACK : TCP_SYN);

    if (v->status.state == RILL_STATE_SYN_RECEIVED && f.seq == v->status.irs)
        return;
    f.mss = 1460;
    send(world, v, &f);
}

/* RFC 5961 5: data, FIN, urgent pointers and windows, in the right place, with an impossible ACK or none. */
static void blind_data(struct world *world, const struct victim *v)
{
    uint8_t flags = (uint8_t)choose(v->choices, 64) & (uint8_t) ~(TCP_SYN | TCP_RST);
    uint32_t ack = bad_ack(v);
    struct forged f = forge_to(v, in_window(v), ack, flags);

    f.urgent = (uint16_t)choices_word(v->choices);
    f.payload_bytes = (uint32_t)choose_log(v->choices, 1, PAYLOAD_MAX);
    f.sack[0] = (uint32_t)choices_word(v->choices);
    f.sack[1] = (uint32_t)choices_word(v->choices);
    if (v->status.state == RILL_STATE_SYN_RECEIVED)
        f.flags &= (uint8_t)~TCP_ACK; /* there it is answered with a reset, which is as forged as the ACK */
    send(world, v, &f);
}

/* ------------------------------------------------------------- on the path */

static void right_segment(struct world *world, const struct victim *v)
{
    const struct rill_status *s = &v->status;
    uint8_t flags = (uint8_t)(TCP_ACK | (uint8_t)choose(v->choices, 64));
    uint32_t ack;
    struct forged f;

    flags &= (uint8_t) ~(chance(v->choices, PPM * 7 / 8) ? TCP_SYN | TCP_RST : TCP_SYN);
    ack = s->snd_una + (uint32_t)choose(v->choices, s->snd_nxt - s->snd_una + 1);
    f = forge_to(v, chance(v->choices, PPM / 2) ? s->rcv_nxt : in_window(v), ack, flags);
    f.timestamp[0] = s->timestamps ? UINT32_C(0x7fffffff) : 0;
    f.has_timestamp = s->timestamps && chance(v->choices, PPM / 2);
    f.urgent = (uint16_t)choices_word(v->choices);
    if (chance(v->choices, PPM / 2))
        f.payload_bytes = (uint32_t)choose_log(v->choices, 1, PAYLOAD_MAX);
    if (chance(v->choices, PPM / 4))
        f.window = 0;
    f.sack[0] = s->snd_una + (uint32_t)choose(v->choices, 2 * (s->snd_nxt - s->snd_una) + 1);
    f.sack[1] = f.sack[0] + (uint32_t)choose_log(v->choices, 1, 100000);
    send(world, v, &f);
}

/* --------------------------------------------------------------------- ICMP */

/* RFC 5927: an error about a segment: one in flight when the attacker is on the path, else one that is not. */
static void icmp_error(struct world *world, const struct victim *v)
{
    static const uint8_t kinds[][2] = {{3, 0}, {3, 1}, {3, 2}, {3, 3}, {3, 4}, {11, 0}, {4, 0}, {12, 0}, {5, 1}};
    const struct rill_status *s = &v->status;
    const uint8_t *kind = kinds[choose(v->choices, sizeof kinds / sizeof kinds[0])];
    uint32_t away = (uint32_t)choose_log(v->choices, 1, UINT32_C(1) << 30);
    bool is_right = world->scenario.attacker == ATTACKER_ON_PATH;
    uint32_t seq = is_right ? s->snd_una : chance(v->choices, PPM / 2) ? s->snd_nxt + away - 1 : s->snd_una - away;

    arrive(world, forge_icmp(&world->frames, (uint8_t)(s->remote.addr.bytes[15] - 1), v->end->host, kind[0], kind[1],
                             (uint16_t)choose(v->choices, 1500), s->local.port, s->remote.port, seq));
}

void attacker_acts(struct world *world)
{
    const struct scenario *s = &world->scenario;
    struct choices *c = &world->attacker;
    struct victim victim;

    if (world->is_healed || ++world->attacks > ATTACKS_MAX)
        return;
    if (choose_victim(world, &victim)) {
        uint64_t kind = choose(c, 4);

        if (kind == 0)
            icmp_error(world, &victim);
        else if (s->attacker == ATTACKER_ON_PATH && victim.status.state >= RILL_STATE_ESTABLISHED)
            right_segment(world, &victim);
        else if (kind == 1)
            blind_reset(world, &victim);
        else if (kind == 2)
            blind_syn(world, &victim);
        else
            blind_data(world, &victim);
    }
    event_queue_push(&world->queue,
                     (struct event){.at = world->now + choose_log(c, 1, s->attack_pause), .kind = EVENT_ATTACK});
}
