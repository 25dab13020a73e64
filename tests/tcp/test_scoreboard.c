/* The scoreboard against a plain model that knows each byte's state, under random histories, and its step bound. */
#include "tcp/scoreboard.h"

#include "tcp/inside.h"
#include "tcp/output.h"
#include "tcp/rack.h"
#include "tcp/send_queue.h"

#define STREAM_BYTES 60000u
#define MSS 1000u

enum byte_state { UNSENT, FLYING, LOST, SACKED, ACKED };

struct fixture {
    struct inside in;
    uint8_t model[STREAM_BYTES];
    bool counted[STREAM_BYTES]; /* SACKED, reneged, and not sent again since */
    uint32_t una, nxt;          /* offsets into the stream */
    uint64_t random;
};

static struct sender *sender_of(const struct fixture *f)
{
    return sender_at(f->in.tcp, f->in.tcb);
}

static struct seq seq_of(const struct fixture *f, uint32_t offset)
{
    return seq_add(seq_add(f->in.tcb->iss, 1), offset);
}

static uint32_t offset_of(const struct fixture *f, struct seq seq)
{
    return seq_offset(seq_of(f, 0), seq);
}

static void start(struct fixture *f, uint32_t iss, uint64_t seed)
{
    static uint8_t stream[STREAM_BYTES];

    memset(f->model, UNSENT, sizeof f->model);
    memset(f->counted, false, sizeof f->counted);
    f->una = f->nxt = 0;
    f->random = seed;
    inside_configure(&f->in, 4u << 20);
    f->in.config.send_buffer_bytes = 1u << 18;
    inside_open(&f->in, iss, 7000, 1u << 20);
    f->in.tcb->flags |= TCB_SACK;
    assert_true(sender_make(f->in.tcp, f->in.tcb));
    assert_int_equal(rill_send(f->in.stack, f->in.conn, stream, STREAM_BYTES, 0), STREAM_BYTES);
}

static void stop(struct fixture *f)
{
    inside_close(&f->in);
}

static void count_states(const struct fixture *f, uint32_t counts[5])
{
    memset(counts, 0, 5 * sizeof counts[0]);
    for (uint32_t i = f->una; i < f->nxt; i++)
        counts[f->model[i]]++;
}

/* Each byte is in the state that the model has for it, and the counts are those of the model. */
static void compare(struct fixture *f)
{
    const struct scoreboard *board = &sender_of(f)->board;
    uint32_t counts[5];

    assert_true(scoreboard_check(f->in.tcp, f->in.tcb));
    count_states(f, counts);
    assert_int_equal(board->flight_bytes, counts[FLYING]);
    assert_int_equal(board->lost_bytes, counts[LOST]);
    assert_int_equal(board->sacked_bytes, counts[SACKED]);
    for (const struct sent *r = sent_at(f->in.tcp, board->all.first); r != NULL; r = sent_at(f->in.tcp, r->span.next)) {
        uint8_t state = (r->flags & SENT_SACKED) != 0 ? SACKED : (r->flags & SENT_LOST) != 0 ? LOST : FLYING;

        for (uint32_t i = offset_of(f, r->span.start); i < offset_of(f, r->span.end); i++)
            assert_int_equal(f->model[i], state);
    }
}

static void paint(struct fixture *f, uint32_t from, uint32_t to, uint8_t state)
{
    memset(f->model + from, state, to - from);
}

static void send_new(struct fixture *f)
{
    uint32_t bytes = min_u32(1 + inside_below(&f->random, 8 * MSS), STREAM_BYTES - f->nxt);
    struct sent *record;

    if (bytes == 0 || (record = scoreboard_new(f->in.tcp, f->in.tcb)) == NULL)
        return;
    record->buffer = REF_NONE;
    f->in.tcb->snd_nxt = seq_of(f, f->nxt + bytes);
    scoreboard_sent_new(f->in.tcp, f->in.tcb, record, seq_of(f, f->nxt), MSS, 0);
    paint(f, f->nxt, f->nxt + bytes, FLYING);
    f->nxt += bytes;
}

static uint32_t uncounted(const struct fixture *f, uint32_t from, uint32_t to)
{
    uint32_t bytes = 0;

    for (uint32_t i = from; i < to; i++)
        bytes += !f->counted[i];
    return bytes;
}

/* What the peer says it holds: whole segments of a record are taken, unless the block covers its ragged end. */
static void sack(struct fixture *f)
{
    struct ack_sample sample = {.echo_age_ms = UINT32_MAX, .sacked_end = f->in.tcb->snd_una};
    uint32_t from = f->una + inside_below(&f->random, f->nxt - f->una);
    uint32_t to = from + 1 + inside_below(&f->random, min_u32(f->nxt - from, 9 * MSS));
    uint32_t delivered = 0;
    bool whole;

    work_begin(&tcp_host(f->in.tcp)->work);
    for (const struct sent *r = sent_at(f->in.tcp, sender_of(f)->board.all.first); r != NULL;
         r = sent_at(f->in.tcp, r->span.next)) {
        uint32_t start = offset_of(f, r->span.start), end = offset_of(f, r->span.end);

        for (uint32_t at = start; at < end && (r->flags & SENT_SACKED) == 0; at += r->segment_bytes) {
            uint32_t next = min_u32(at + r->segment_bytes, end);

            if (at >= from && next <= to) {
                paint(f, at, next, SACKED);
                delivered += uncounted(f, at, next);
            }
        }
    }
    whole = scoreboard_sacked(f->in.tcp, f->in.tcb, seq_of(f, from), seq_of(f, to), &sample);
    assert_true(whole);
    assert_int_equal(sample.delivered_bytes, delivered);
    assert_true(tcp_host(f->in.tcp)->work.steps <= WORK_STEPS_ACK_MAX + 2);
}

static void acknowledge(struct fixture *f)
{
    struct ack_sample sample = {.echo_age_ms = UINT32_MAX, .sacked_end = f->in.tcb->snd_una};
    uint32_t to = f->una + 1 + inside_below(&f->random, min_u32(f->nxt - f->una, 6 * MSS)), delivered = 0;

    for (uint32_t i = f->una; i < to; i++)
        delivered += f->model[i] != SACKED && !f->counted[i];
    scoreboard_acked(f->in.tcp, f->in.tcb, seq_of(f, to), &sample);
    assert_int_equal(sample.delivered_bytes, delivered);
    paint(f, f->una, to, ACKED);
    send_queue_acked(f->in.tcp, f->in.tcb, to - f->una);
    f->una = to;
    f->in.tcb->snd_una = seq_of(f, to);
}

static void lose(struct fixture *f)
{
    struct sent *record =
        scoreboard_find(f->in.tcp, f->in.tcb, seq_of(f, f->una + inside_below(&f->random, f->nxt - f->una)));
    uint32_t bytes;

    assert_non_null(record);
    if ((record->flags & (SENT_SACKED | SENT_LOST)) != 0)
        return;
    bytes = 1 + inside_below(&f->random, sent_bytes(record));
    paint(f, offset_of(f, record->span.start), offset_of(f, record->span.start) + bytes, LOST);
    scoreboard_lost(f->in.tcp, f->in.tcb, record, seq_add(record->span.start, bytes));
}

static void send_again(struct fixture *f)
{
    struct sent *record = sent_at(f->in.tcp, sender_of(f)->board.lost.first);
    uint32_t bytes;

    if (record == NULL)
        return;
    scoreboard_gather_lost(f->in.tcp, f->in.tcb, record, MSS);
    memset(f->counted + offset_of(f, record->span.start), (record->flags & SENT_RENEGED) != 0, sent_bytes(record));
    bytes = 1 + inside_below(&f->random, sent_bytes(record));
    paint(f, offset_of(f, record->span.start), offset_of(f, record->span.start) + bytes, FLYING);
    memset(f->counted + offset_of(f, record->span.start), false, bytes);
    record = scoreboard_sent_again(f->in.tcp, f->in.tcb, record, seq_add(record->span.start, bytes), MSS);
    assert_int_equal(record->flags & (SENT_AGAIN | SENT_LOST | SENT_SACKED), SENT_AGAIN);
}

static void swap_states(struct fixture *f, uint8_t old, uint8_t new)
{
    for (uint32_t i = f->una; i < f->nxt; i++)
        f->model[i] = f->model[i] == old ? new : f->model[i];
}

static void one_step(struct fixture *f)
{
    tcp_host(f->in.tcp)->now += inside_below(&f->random, 3000) * NANOS_PER_US;
    if (f->una == f->nxt) {
        send_new(f);
        return;
    }
    switch (inside_below(&f->random, 16)) {
    case 0:
        acknowledge(f);
        break;
    case 1:
        if (inside_below(&f->random, 8) == 0) {
            scoreboard_renege(f->in.tcp, f->in.tcb);
            for (uint32_t i = f->una; i < f->nxt; i++)
                f->counted[i] = f->counted[i] || f->model[i] == SACKED;
            swap_states(f, SACKED, LOST);
        }
        break;
    case 2:
        if (inside_below(&f->random, 8) == 0) {
            scoreboard_unlose(f->in.tcp, f->in.tcb);
            swap_states(f, LOST, FLYING);
        }
        break;
    case 3:
    case 4:
        send_new(f);
        break;
    case 5:
    case 6:
    case 7:
        lose(f);
        break;
    case 8:
    case 9:
    case 10:
        send_again(f);
        break;
    default:
        sack(f);
        break;
    }
}

static void each_byte_is_in_the_state_that_its_history_gives_it(void **state)
{
    (void)state;
    for (unsigned corner = 0; corner < INSIDE_CORNERS; corner++) {
        struct fixture f;

        start(&f, inside_corners[corner] - STREAM_BYTES / 2, corner + 1);
        for (unsigned i = 0; i < 20000 && f.una < STREAM_BYTES; i++) {
            one_step(&f);
            compare(&f);
        }
        assert_int_equal(f.una, STREAM_BYTES);
        stop(&f);
    }
}

/* Every other segment of a long flight is SACKED, then all of them in one block: what one packet may look at is bounded. */
static void the_worst_blocks_make_no_packet_touch_more_than_the_bound(void **state)
{
    struct fixture f;
    struct ack_sample sample = {.echo_age_ms = UINT32_MAX};
    unsigned packets = 0;
    bool whole = false;
    (void)state;
    start(&f, 1000, 1);
    for (uint32_t at = 0; at < STREAM_BYTES; at += 20) {
        struct sent *record = scoreboard_new(f.in.tcp, f.in.tcb);

        assert_non_null(record);
        record->buffer = REF_NONE;
        f.in.tcb->snd_nxt = seq_of(&f, at + 20);
        scoreboard_sent_new(f.in.tcp, f.in.tcb, record, seq_of(&f, at), 20, 0);
    }
    for (uint32_t at = 20; at + 20 < STREAM_BYTES; at += 40) {
        work_begin(&tcp_host(f.in.tcp)->work);
        assert_true(scoreboard_sacked(f.in.tcp, f.in.tcb, seq_of(&f, at), seq_of(&f, at + 20), &sample));
        (void)rack_detect_loss(f.in.tcp, f.in.tcb);
        assert_true(tcp_host(f.in.tcp)->work.steps <= WORK_STEPS_ACK_MAX);
    }
    while (!whole && packets++ < 3000) {
        work_begin(&tcp_host(f.in.tcp)->work);
        whole = scoreboard_sacked(f.in.tcp, f.in.tcb, seq_of(&f, 20), f.in.tcb->snd_nxt, &sample);
        assert_true(tcp_host(f.in.tcp)->work.steps <= WORK_STEPS_ACK_MAX);
        assert_true(scoreboard_check(f.in.tcp, f.in.tcb));
    }
    assert_true(whole);
    assert_true(packets > 20);
    assert_int_equal(sender_of(&f)->board.sacked_bytes, STREAM_BYTES - 20);
    stop(&f);
}

/* `count` records of one segment each. */
static void send_segments(struct inside *in, unsigned count)
{
    static const uint8_t text[MSS];

    inside_configure(in, 4u << 20);
    inside_open(in, 1000, 7000, 1u << 20);
    in->tcb->flags |= TCB_SACK;
    for (unsigned i = 0; i < count; i++) {
        struct rill_train train;

        assert_int_equal(rill_send(in->stack, in->conn, text, MSS, 0), MSS);
        assert_true(output_next(in->tcp, in->tcb, &train));
    }
}

static void R2018_7_what_the_peer_had_after_all_is_counted_as_delivered_once(void **state)
{
    struct ack_sample told = {0}, acked = {0};
    struct inside in;
    struct sender *sender;
    (void)state;
    send_segments(&in, 4);
    sender = sender_at(in.tcp, in.tcb);
    assert_true(scoreboard_sacked(in.tcp, in.tcb, seq_add(in.tcb->snd_una, MSS), in.tcb->snd_nxt, &told));
    assert_int_equal(sender->delivered, 3 * MSS);
    scoreboard_renege(in.tcp, in.tcb);
    assert_true(scoreboard_check(in.tcp, in.tcb));
    scoreboard_acked(in.tcp, in.tcb, in.tcb->snd_nxt, &acked);
    assert_int_equal(sender->delivered, 4 * MSS);
    assert_int_equal(acked.delivered_bytes, MSS);
    assert_int_equal(acked.prior_delivered, 0); /* of the first segment: the counters of the others are gone */
    inside_close(&in);
}

static void R2018_7_what_was_reneged_and_sent_again_is_delivered_again(void **state)
{
    struct ack_sample told = {0}, acked = {0};
    struct rill_train train;
    struct inside in;
    struct sender *sender;
    (void)state;
    send_segments(&in, 2);
    sender = sender_at(in.tcp, in.tcb);
    assert_true(scoreboard_sacked(in.tcp, in.tcb, seq_add(in.tcb->snd_una, MSS), in.tcb->snd_nxt, &told));
    scoreboard_renege(in.tcp, in.tcb);
    assert_true(output_next(in.tcp, in.tcb, &train));
    assert_int_equal(train.payload_bytes, MSS);
    scoreboard_acked(in.tcp, in.tcb, in.tcb->snd_nxt, &acked);
    assert_int_equal(acked.delivered_bytes, 2 * MSS);
    assert_true(acked.again_delivered);
    assert_int_equal(sender->delivered, 3 * MSS);
    inside_close(&in);
}

static void R5682_1_what_was_reneged_and_sacked_again_is_no_sign_of_an_original(void **state)
{
    struct ack_sample told = {0}, again = {0};
    struct inside in;
    (void)state;
    send_segments(&in, 2);
    assert_true(scoreboard_sacked(in.tcp, in.tcb, seq_add(in.tcb->snd_una, MSS), in.tcb->snd_nxt, &told));
    assert_true(told.original_delivered);
    scoreboard_renege(in.tcp, in.tcb);
    assert_true(scoreboard_sacked(in.tcp, in.tcb, seq_add(in.tcb->snd_una, MSS), in.tcb->snd_nxt, &again));
    assert_false(again.original_delivered);
    inside_close(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_byte_is_in_the_state_that_its_history_gives_it),
        cmocka_unit_test(R2018_7_what_the_peer_had_after_all_is_counted_as_delivered_once),
        cmocka_unit_test(R2018_7_what_was_reneged_and_sent_again_is_delivered_again),
        cmocka_unit_test(R5682_1_what_was_reneged_and_sacked_again_is_no_sign_of_an_original),
        cmocka_unit_test(the_worst_blocks_make_no_packet_touch_more_than_the_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
