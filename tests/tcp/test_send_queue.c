/* The send queue: what was given comes out by sequence number, whatever was acknowledged, at every corner. */
#include "tcp/send_queue.h"

#include "tcp/inside.h"

struct fixture {
    struct inside in;
    uint32_t given, acked; /* stream offsets */
    uint64_t random;
};

static void start(struct fixture *f, uint32_t iss, uint32_t limit)
{
    memset(f, 0, sizeof *f);
    inside_configure(&f->in, 4u << 20);
    inside_open(&f->in, iss, 7, 65535);
    f->in.tcb->send_limit = limit;
    f->random = iss + 1u;
}

static void stop(struct fixture *f)
{
    inside_close(&f->in);
}

static uint32_t append(struct fixture *f, uint32_t length)
{
    uint8_t data[20000];
    uint32_t taken;

    assert_true(length <= sizeof data);
    for (uint32_t i = 0; i < length; i++)
        data[i] = inside_byte(f->given + i);
    taken = send_queue_append(f->in.tcp, f->in.tcb, data, length);
    f->given += taken;
    assert_true(send_queue_check(f->in.tcp, f->in.tcb));
    return taken;
}

static void acknowledge(struct fixture *f, uint32_t length)
{
    send_queue_acked(f->in.tcp, f->in.tcb, length);
    f->acked += length;
    f->in.tcb->snd_una = seq_add(f->in.tcb->snd_una, length);
    if (seq_before(f->in.tcb->snd_nxt, f->in.tcb->snd_una))
        f->in.tcb->snd_nxt = f->in.tcb->snd_una;
    assert_true(send_queue_check(f->in.tcp, f->in.tcb));
}

/* Slices of [offset, offset + length): at most the asked bytes, and each the stream's. */
static uint32_t slice(struct fixture *f, uint32_t offset, uint32_t length)
{
    struct rill_train train = {0};
    struct seq from = seq_add(f->in.tcb->iss, 1 + offset);
    uint32_t taken = send_queue_slices(f->in.tcp, f->in.tcb, from, length, &(ref){REF_NONE}, &train);
    uint32_t at = offset;

    for (unsigned i = 0; i < train.slice_count; i++)
        for (uint32_t k = 0; k < train.slices[i].length_bytes; k++)
            assert_int_equal(train.slices[i].data[k], inside_byte(at++));
    assert_int_equal(at - offset, taken);
    assert_int_equal(train.payload_bytes, taken);
    assert_true(taken <= length && (taken == length || train.slice_count == RILL_SLICES_MAX));
    return taken;
}

static void any_mixture_of_appends_slices_and_acks_keeps_the_stream_at_every_corner(void **state)
{
    (void)state;
    for (unsigned corner = 0; corner < INSIDE_CORNERS; corner++) {
        struct fixture f;

        start(&f, inside_corners[corner] - 30000, 60000);
        for (unsigned step = 0; step < 3000; step++) {
            uint32_t queued = f.given - f.acked, at;

            switch (inside_below(&f.random, 3)) {
            case 0:
                append(&f, 1 + inside_below(&f.random, 8000));
                break;
            case 1:
                if (queued > 0)
                    acknowledge(&f, 1 + inside_below(&f.random, queued));
                break;
            default:
                if (queued == 0)
                    break;
                at = inside_below(&f.random, queued);
                /* As output does: new data moves SND.NXT and with it the cursor; old data does not. */
                if (inside_below(&f.random, 2) == 0)
                    at = min_u32(seq_offset(f.in.tcb->snd_una, f.in.tcb->snd_nxt), queued - 1);
                slice(&f, f.acked + at, 1 + inside_below(&f.random, queued - at));
                if (seq_equal(seq_add(f.in.tcb->snd_una, at), f.in.tcb->snd_nxt))
                    f.in.tcb->snd_nxt = seq_add(f.in.tcb->snd_nxt, inside_below(&f.random, queued - at + 1));
                break;
            }
            assert_int_equal(send_queue_bytes(f.in.tcp, f.in.tcb), f.given - f.acked);
        }
        acknowledge(&f, f.given - f.acked);
        assert_int_equal(busy_at(f.in.tcp, f.in.tcb)->send_charge, 0);
        assert_int_equal(buffers_live_bytes(&f.in.tcp->ip.host.buffers), 0);
        stop(&f);
    }
}

static void an_append_takes_what_the_limit_has_room_for_and_no_more(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, 0, 10000);
    assert_int_equal(append(&f, 20000), 10000);
    assert_int_equal(send_queue_room(f.in.tcp, f.in.tcb), 0);
    assert_int_equal(append(&f, 1), 0);
    stop(&f);
}

static void room_returns_as_acknowledgements_free_whole_buffers(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, 0, 10000);
    append(&f, 20000);
    acknowledge(&f, 10000);
    assert_int_equal(send_queue_room(f.in.tcp, f.in.tcb), 10000);
    stop(&f);
}

static void small_appends_share_a_buffer(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, 0, 60000);
    for (unsigned i = 0; i < 10000; i++)
        assert_int_equal(append(&f, 1), 1);
    assert_true(busy_at(f.in.tcp, f.in.tcb)->send_charge < 3 * 10000);
    stop(&f);
}

static void the_queue_starts_behind_the_syn_until_it_is_acknowledged(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, UINT32_MAX, 60000);
    f.in.tcb->snd_una = f.in.tcb->iss;
    f.in.tcb->flags |= TCB_SYN_UNACKED;
    append(&f, 100);
    assert_int_equal(send_queue_start(f.in.tcb).v, 0);
    assert_int_equal(send_queue_end(f.in.tcp, f.in.tcb).v, 100);
    f.in.tcb->snd_una = seq_add(f.in.tcb->iss, 1);
    f.in.tcb->flags &= ~TCB_SYN_UNACKED;
    assert_int_equal(send_queue_start(f.in.tcb).v, 0);
    assert_true(send_queue_check(f.in.tcp, f.in.tcb));
    stop(&f);
}

static void clearing_gives_every_buffer_back(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, 0, 60000);
    append(&f, 20000);
    append(&f, 20000);
    send_queue_clear(f.in.tcp, f.in.tcb);
    assert_int_equal(buffers_live_bytes(&f.in.tcp->ip.host.buffers), 0);
    assert_int_equal(send_queue_bytes(f.in.tcp, f.in.tcb), 0);
    stop(&f);
}

static void the_end_of_a_record_is_found_from_where_one_stands(void **state)
{
    struct fixture f;
    ref third, hint;
    (void)state;

    start(&f, 0xfffffff0, 1u << 20);
    for (unsigned i = 0; i < 10; i++) {
        append(&f, 100);
        send_queue_end_record(f.in.tcp, f.in.tcb);
    }
    hint = third = send_queue_buffer(f.in.tcp, f.in.tcb, REF_NONE, seq_add(f.in.tcb->iss, 1 + 200));
    assert_true(send_queue_ends_record(f.in.tcp, f.in.tcb, &hint, seq_add(f.in.tcb->iss, 1 + 300)));
    assert_int_equal(hint, third);
    assert_false(send_queue_ends_record(f.in.tcp, f.in.tcb, &hint, seq_add(f.in.tcb->iss, 1 + 350)));
    assert_int_equal(hint, buffer_at(tcp_arena(f.in.tcp), third)->next);
    assert_true(send_queue_ends_record(f.in.tcp, f.in.tcb, &hint, seq_add(f.in.tcb->iss, 1 + 1000)));
    assert_int_equal(hint, busy_at(f.in.tcp, f.in.tcb)->send.tail);
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_mixture_of_appends_slices_and_acks_keeps_the_stream_at_every_corner),
        cmocka_unit_test(an_append_takes_what_the_limit_has_room_for_and_no_more),
        cmocka_unit_test(room_returns_as_acknowledgements_free_whole_buffers),
        cmocka_unit_test(small_appends_share_a_buffer),
        cmocka_unit_test(the_queue_starts_behind_the_syn_until_it_is_acknowledged),
        cmocka_unit_test(clearing_gives_every_buffer_back),
        cmocka_unit_test(the_end_of_a_record_is_found_from_where_one_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
