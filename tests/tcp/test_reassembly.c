/* Reassembly against a byte map: what arrived, in any order and overlap, is delivered once and in order. */
#include "tcp/reassembly.h"

#include "tcp/inside.h"

#define STREAM_BYTES 40000u
#define WINDOW_BYTES 16384u

struct model {
    bool held[STREAM_BYTES]; /* by stream offset: arrived, read or not */
    uint32_t next;           /* RCV.NXT - IRS - 1 */
    uint32_t read;
};

struct fixture {
    struct inside in;
    uint32_t irs;
    struct model model;
    uint64_t random;
};

static void start(struct fixture *f, uint32_t irs, uint64_t seed)
{
    memset(&f->model, 0, sizeof f->model);
    inside_configure(&f->in, 4u << 20);
    inside_open(&f->in, 1000, irs, WINDOW_BYTES);
    f->irs = irs;
    f->random = seed;
}

static void stop(struct fixture *f)
{
    inside_close(&f->in);
}

static struct seq seq_of(const struct fixture *f, uint32_t offset)
{
    return seq_make(f->irs + 1 + offset);
}

/* Bytes [offset, offset + length) of the stream arrive; in a buffer of the stack's own, as a driver has it, or not. */
static enum rill_drop arrive(struct fixture *f, uint32_t offset, uint32_t length, bool in_buffer)
{
    uint8_t plain[12000], *bytes = plain;
    struct ip_packet packet = {.data_bytes = length};
    struct arrival arrival = {.packet = &packet, .segments = 1};
    uint32_t buffer = 0;
    enum rill_drop drop;

    assert_true(length <= sizeof plain - 40);
    if (in_buffer) {
        buffer = rill_buffer_take(f->in.stack, length + 40, &bytes);
        assert_int_not_equal(buffer, 0);
    }
    packet.buffer = buffer;
    for (uint32_t i = 0; i < length; i++)
        bytes[40 + i] = inside_byte(offset + i);
    arrival.seg.seq = seq_of(f, offset);
    arrival.seg.data = bytes + 40;
    arrival.seg.data_bytes = length;
    drop = reassembly_insert(f->in.tcp, f->in.tcb, &arrival);
    if (buffer != 0 && packet.buffer != 0)
        rill_buffer_give(f->in.stack, buffer);
    return drop;
}

static uint32_t next_offset(const struct fixture *f)
{
    return seq_offset(seq_of(f, 0), f->in.tcb->rcv_nxt);
}

static void model_arrive(struct model *m, uint32_t offset, uint32_t length)
{
    for (uint32_t i = offset; i < offset + length; i++)
        m->held[i] = true;
    while (m->next < STREAM_BYTES && m->held[m->next])
        m->next++;
}

/* Take up to `want` bytes out and compare them with the stream. */
static void read_some(struct fixture *f, uint32_t want)
{
    uint8_t out[STREAM_BYTES];
    uint32_t n = receive_queue_copy(f->in.tcp, f->in.tcb, out, want);

    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(out[i], inside_byte(f->model.read + i));
    if (n > 0)
        receive_queue_consume(f->in.tcp, f->in.tcb, n);
    f->model.read += n;
}

/* SACK blocks name exactly runs that the model holds beyond RCV.NXT, each whole and each once. */
static void check_blocks(const struct fixture *f)
{
    struct tcp_sack_block blocks[TCP_SACK_BLOCKS_MAX];
    uint8_t n = reassembly_sack_blocks(f->in.tcp, f->in.tcb, blocks, TCP_SACK_BLOCKS_MAX);

    for (unsigned i = 0; i < n; i++) {
        uint32_t from = seq_offset(seq_of(f, 0), blocks[i].start), to = seq_offset(seq_of(f, 0), blocks[i].end);

        assert_true(f->model.next < from && from < to && to <= STREAM_BYTES);
        assert_false(f->model.held[from - 1]);
        assert_true(to == STREAM_BYTES || !f->model.held[to]);
        for (uint32_t k = from; k < to; k++)
            assert_true(f->model.held[k]);
        for (unsigned j = 0; j < i; j++)
            assert_false(seq_equal(blocks[i].start, blocks[j].start));
    }
}

/* One stream in random segments, aimed at holes, overlaps and duplicates; every step compared with the model. */
static void one_stream(uint32_t irs, uint64_t seed, uint32_t segment_max)
{
    struct fixture f;
    unsigned steps = 0;

    start(&f, irs, seed);
    while (f.model.read < STREAM_BYTES) {
        uint32_t window = WINDOW_BYTES - (f.model.next - f.model.read);
        uint32_t edge = min_u32(f.model.next + window, STREAM_BYTES);
        uint32_t offset = f.model.next, length;

        f.in.tcb->rcv_adv = seq_of(&f, edge);
        if (edge > f.model.next) {
            if (inside_below(&f.random, 4) != 0)
                offset += inside_below(&f.random, edge - f.model.next);
            length = 1 + inside_below(&f.random, min_u32(segment_max, edge - offset));
            assert_int_equal(arrive(&f, offset, length, inside_below(&f.random, 2) == 0), RILL_DROP_NONE);
            model_arrive(&f.model, offset, length);
        }
        assert_int_equal(next_offset(&f), f.model.next);
        assert_int_equal(receive_queue_bytes(f.in.tcp, f.in.tcb), f.model.next - f.model.read);
        assert_true(reassembly_check(f.in.tcp, f.in.tcb));
        check_blocks(&f);
        if (inside_below(&f.random, 3) == 0)
            read_some(&f, 1 + inside_below(&f.random, 6000));
        assert_true(++steps < 1000000);
    }
    assert_false(reassembly_has_gap(f.in.tcp, f.in.tcb));
    assert_int_equal(busy_at(f.in.tcp, f.in.tcb)->receive_charge, 0);
    stop(&f);
}

static void SHLD_31_any_order_and_overlap_delivers_the_stream_at_every_corner(void **state)
{
    (void)state;
    for (unsigned i = 0; i < INSIDE_CORNERS; i++)
        for (uint64_t seed = 1; seed <= 6; seed++)
            one_stream(inside_corners[i] - 2000, seed * 77 + i, 3000);
}

static void SHLD_31_segments_shorter_than_holes_deliver_the_stream(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++)
        one_stream(0xffffd000, seed, 1460);
}

static uint64_t live_bytes(const struct fixture *f)
{
    return buffers_live_bytes(&f->in.tcp->ip.host.buffers);
}

static void every_buffer_is_given_back_when_the_stream_is_read_or_dropped(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, 5, 1);
    assert_int_equal(live_bytes(&f), 0);
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(arrive(&f, 1000 + 2000 * i, 700, i % 2 == 0), RILL_DROP_NONE);
    assert_int_equal(live_bytes(&f) + 8 * f.in.tcp->ranges.object_bytes, busy_at(f.in.tcp, f.in.tcb)->receive_charge);
    receive_queue_clear(f.in.tcp, f.in.tcb);
    assert_int_equal(live_bytes(&f), 0);
    stop(&f);
}

static void a_hole_filled_exactly_joins_both_neighbours(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, UINT32_MAX - 150, 1);
    assert_int_equal(arrive(&f, 100, 50, false), RILL_DROP_NONE);
    assert_int_equal(arrive(&f, 200, 50, false), RILL_DROP_NONE);
    assert_int_equal(arrive(&f, 150, 50, false), RILL_DROP_NONE);
    assert_true(reassembly_check(f.in.tcp, f.in.tcb));
    assert_int_equal(arrive(&f, 0, 100, false), RILL_DROP_NONE);
    assert_int_equal(next_offset(&f), 250);
    assert_false(reassembly_has_gap(f.in.tcp, f.in.tcb));
    stop(&f);
}

static void TCS_19_text_that_covers_many_ranges_replaces_them(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, 0x7ffffff0, 1);
    for (uint32_t i = 0; i < 20; i++)
        assert_int_equal(arrive(&f, 10 + 20 * i, 5, false), RILL_DROP_NONE);
    assert_int_equal(arrive(&f, 3, 500, true), RILL_DROP_NONE);
    assert_true(reassembly_check(f.in.tcp, f.in.tcb));
    assert_int_equal(arrive(&f, 0, 3, false), RILL_DROP_NONE);
    assert_int_equal(next_offset(&f), 503);
    read_some(&f, 503);
    assert_int_equal(f.model.read, 503);
    stop(&f);
}

/* RFC 2018 4: the first block is the range that the last segment went to; then the ranges before it, newest first. */
static void R2018_4_first_sack_block_is_the_range_touched_last(void **state)
{
    static const uint32_t order[] = {3000, 1000, 5000, 7000, 2000};
    struct tcp_sack_block blocks[TCP_SACK_BLOCKS_MAX];
    struct fixture f;
    (void)state;
    start(&f, 0x7fffffff, 1);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(arrive(&f, order[i], 100, false), RILL_DROP_NONE);
    assert_int_equal(reassembly_sack_blocks(f.in.tcp, f.in.tcb, blocks, 4), 4);
    assert_int_equal(blocks[0].start.v, seq_of(&f, 2000).v);
    assert_int_equal(blocks[1].start.v, seq_of(&f, 7000).v);
    assert_int_equal(blocks[2].start.v, seq_of(&f, 5000).v);
    assert_int_equal(blocks[3].start.v, seq_of(&f, 1000).v);
    stop(&f);
}

static void R2018_4_a_segment_that_extends_a_range_puts_the_whole_range_first(void **state)
{
    struct tcp_sack_block blocks[TCP_SACK_BLOCKS_MAX];
    struct fixture f;
    (void)state;
    start(&f, 77, 1);
    assert_int_equal(arrive(&f, 1000, 100, false), RILL_DROP_NONE);
    assert_int_equal(arrive(&f, 3000, 100, false), RILL_DROP_NONE);
    assert_int_equal(arrive(&f, 1100, 100, false), RILL_DROP_NONE);
    assert_int_equal(reassembly_sack_blocks(f.in.tcp, f.in.tcb, blocks, 3), 2);
    assert_int_equal(blocks[0].start.v, seq_of(&f, 1000).v);
    assert_int_equal(blocks[0].end.v, seq_of(&f, 1200).v);
    assert_int_equal(blocks[1].start.v, seq_of(&f, 3000).v);
    stop(&f);
}

static void R2018_4_a_duplicate_ahead_of_the_gap_is_reported_first_again(void **state)
{
    struct tcp_sack_block blocks[TCP_SACK_BLOCKS_MAX];
    struct fixture f;
    (void)state;
    start(&f, 77, 1);
    assert_int_equal(arrive(&f, 1000, 100, false), RILL_DROP_NONE);
    assert_int_equal(arrive(&f, 3000, 100, false), RILL_DROP_NONE);
    assert_int_equal(arrive(&f, 1000, 100, false), RILL_DROP_NONE);
    assert_int_equal(reassembly_sack_blocks(f.in.tcp, f.in.tcb, blocks, 1), 1);
    assert_int_equal(blocks[0].start.v, seq_of(&f, 1000).v);
    stop(&f);
}

static void a_thousand_gaps_are_kept_apart_and_told_newest_first(void **state)
{
    struct tcp_sack_block blocks[TCP_SACK_BLOCKS_MAX];
    struct fixture f;
    const struct reassembly *reassembly;
    (void)state;
    start(&f, 0xfffffc00, 1);
    for (uint32_t i = 0; i < 1000; i++) /* 7 is prime to 1000: in no order, and each once */
        assert_int_equal(arrive(&f, 2 + 2 * (i * 7 % 1000), 1, false), RILL_DROP_NONE);
    assert_true(reassembly_check(f.in.tcp, f.in.tcb));
    reassembly = (const struct reassembly *)host_at(&f.in.tcp->ip.host, busy_at(f.in.tcp, f.in.tcb)->reassembly);
    assert_int_equal(reassembly->ranges.count, 1000);
    assert_int_equal(reassembly_sack_blocks(f.in.tcp, f.in.tcb, blocks, 4), 4);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(blocks[i].start.v, seq_of(&f, 2 + 2 * ((999 - i) * 7 % 1000)).v);
    for (uint32_t i = 0; i < 1001; i++)
        assert_int_equal(arrive(&f, next_offset(&f), 1, false), RILL_DROP_NONE);
    read_some(&f, 2001);
    assert_int_equal(f.model.read, 2001);
    stop(&f);
}

/* Bytes with a gap behind each, until no more is kept: how many. */
static uint32_t fill_with_gaps(struct fixture *f)
{
    uint32_t kept = 0;

    while (arrive(f, 2 + 2 * kept, 1, false) == RILL_DROP_NONE)
        kept++;
    return kept;
}

static void ranges_are_charged_to_the_receive_buffer(void **state)
{
    struct fixture f;
    uint32_t kept;
    uint64_t live;
    (void)state;
    start(&f, 9, 1);
    f.in.tcb->receive_limit = 20000;
    kept = fill_with_gaps(&f);
    assert_in_range(kept, 20, 20000 / sizeof(struct reassembly_range));
    assert_in_range(busy_at(f.in.tcp, f.in.tcb)->receive_charge, 20000, 21000);
    live = live_bytes(&f);
    assert_int_equal(arrive(&f, 10000, 10, true), RILL_DROP_TCP_REASSEMBLY_FULL);
    assert_int_equal(live_bytes(&f), live);
    assert_true(reassembly_check(f.in.tcp, f.in.tcb));
    stop(&f);
}

static void R2018_8_what_was_refused_is_in_no_sack_block(void **state)
{
    struct tcp_sack_block blocks[TCP_SACK_BLOCKS_MAX];
    struct fixture f;
    uint32_t kept;
    uint8_t n;
    (void)state;
    start(&f, 0x7fffff80, 1);
    f.in.tcb->receive_limit = 20000;
    kept = fill_with_gaps(&f);
    n = reassembly_sack_blocks(f.in.tcp, f.in.tcb, blocks, TCP_SACK_BLOCKS_MAX);
    assert_int_equal(n, TCP_SACK_BLOCKS_MAX);
    for (unsigned i = 0; i < n; i++)
        assert_true(seq_before(blocks[i].start, seq_of(&f, 2 + 2 * kept)));
    stop(&f);
}

/* Every other page is taken: there is memory, and nowhere two pages of it together. */
static void scatter_memory(struct arena *arena)
{
    static ref pages[1024];
    unsigned count = 0;

    while (count < 1024 && (pages[count] = arena_take(arena, 1, PAGE_RUN)) != REF_NONE)
        count++;
    assert_in_range(count, 1, 1023);
    for (unsigned i = 0; i < count; i++)
        if ((pages[i] / (ARENA_PAGE_BYTES / ARENA_GRANULE_BYTES)) % 2 == 0)
            arena_give(arena, pages[i], 1);
}

static void R2018_8_what_was_sacked_stays_when_there_is_no_memory_for_what_covers_it(void **state)
{
    struct tcp_sack_block blocks[4];
    struct fixture f;
    (void)state;
    start(&f, 7000, 1);
    assert_int_equal(arrive(&f, 1000, 100, false), RILL_DROP_NONE);
    assert_int_equal(arrive(&f, 3000, 100, false), RILL_DROP_NONE);
    scatter_memory(tcp_arena(f.in.tcp));
    assert_int_equal(arrive(&f, 500, 10000, false), RILL_DROP_TCP_NO_MEMORY);
    assert_int_equal(reassembly_sack_blocks(f.in.tcp, f.in.tcb, blocks, 4), 2);
    assert_true(reassembly_check(f.in.tcp, f.in.tcb));
    stop(&f);
}

static void what_was_refused_and_sent_again_completes_the_stream(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, 0x80000000, 1);
    f.in.tcb->receive_limit = 20000;
    for (uint32_t i = 0; i < 100; i++) /* the last ones find no room */
        (void)arrive(&f, 5 + 10 * i, 5, false);
    for (uint32_t i = 0; i < 101; i++)
        assert_int_equal(arrive(&f, next_offset(&f), 5, false), RILL_DROP_NONE);
    for (uint32_t guard = 0; next_offset(&f) < 1000; guard++) {
        assert_true(guard < 300);
        assert_int_equal(arrive(&f, next_offset(&f), 5, false), RILL_DROP_NONE);
    }
    read_some(&f, 1000);
    assert_int_equal(f.model.read, 1000);
    stop(&f);
}

static void out_of_order_bytes_stop_at_the_true_size_limit(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, 3, 1);
    f.in.tcb->receive_limit = 8192;
    for (uint32_t i = 0; i < 1000; i++)
        (void)arrive(&f, 2 + i, 1, true); /* 1 byte each in a buffer of its own */
    assert_true(busy_at(f.in.tcp, f.in.tcb)->receive_charge <= 8192 + 2048);
    assert_true(rill_drops(f.in.stack, RILL_DROP_TCP_REASSEMBLY_FULL) == 0); /* told by the return value, not twice */
    assert_true(reassembly_check(f.in.tcp, f.in.tcb));
    stop(&f);
}

static void in_order_segments_of_one_byte_share_buffers(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, 3, 1);
    for (uint32_t i = 0; i < 8000; i++)
        assert_int_equal(arrive(&f, i, 1, true), RILL_DROP_NONE);
    assert_int_equal(receive_queue_bytes(f.in.tcp, f.in.tcb), 8000);
    assert_true(busy_at(f.in.tcp, f.in.tcb)->receive_charge < 3 * 8000);
    read_some(&f, 8000);
    assert_int_equal(f.model.read, 8000);
    stop(&f);
}

static void TCS_13_a_fin_noted_ahead_of_a_gap_is_next_only_when_the_gap_is_filled(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, 0xfffffff0, 1);
    assert_int_equal(arrive(&f, 100, 100, false), RILL_DROP_NONE);
    reassembly_note_fin(f.in.tcp, f.in.tcb, seq_of(&f, 200));
    assert_false(reassembly_fin_is_next(f.in.tcp, f.in.tcb));
    assert_int_equal(arrive(&f, 0, 100, false), RILL_DROP_NONE);
    assert_true(reassembly_fin_is_next(f.in.tcp, f.in.tcb));
    reassembly_finish(f.in.tcp, f.in.tcb);
    assert_false(reassembly_has_gap(f.in.tcp, f.in.tcb));
    stop(&f);
}

static void TCS_13_the_first_fin_noted_fixes_the_end(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, 0xfffffff0, 1);
    reassembly_note_fin(f.in.tcp, f.in.tcb, seq_of(&f, 200));
    reassembly_note_fin(f.in.tcp, f.in.tcb, seq_of(&f, 50));
    assert_int_equal(arrive(&f, 0, 50, false), RILL_DROP_NONE);
    assert_false(reassembly_fin_is_next(f.in.tcp, f.in.tcb));
    assert_int_equal(arrive(&f, 50, 150, false), RILL_DROP_NONE);
    assert_true(reassembly_fin_is_next(f.in.tcp, f.in.tcb));
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(SHLD_31_any_order_and_overlap_delivers_the_stream_at_every_corner),
        cmocka_unit_test(SHLD_31_segments_shorter_than_holes_deliver_the_stream),
        cmocka_unit_test(every_buffer_is_given_back_when_the_stream_is_read_or_dropped),
        cmocka_unit_test(a_hole_filled_exactly_joins_both_neighbours),
        cmocka_unit_test(TCS_19_text_that_covers_many_ranges_replaces_them),
        cmocka_unit_test(R2018_4_first_sack_block_is_the_range_touched_last),
        cmocka_unit_test(R2018_4_a_segment_that_extends_a_range_puts_the_whole_range_first),
        cmocka_unit_test(R2018_4_a_duplicate_ahead_of_the_gap_is_reported_first_again),
        cmocka_unit_test(a_thousand_gaps_are_kept_apart_and_told_newest_first),
        cmocka_unit_test(ranges_are_charged_to_the_receive_buffer),
        cmocka_unit_test(R2018_8_what_was_refused_is_in_no_sack_block),
        cmocka_unit_test(R2018_8_what_was_sacked_stays_when_there_is_no_memory_for_what_covers_it),
        cmocka_unit_test(what_was_refused_and_sent_again_completes_the_stream),
        cmocka_unit_test(out_of_order_bytes_stop_at_the_true_size_limit),
        cmocka_unit_test(in_order_segments_of_one_byte_share_buffers),
        cmocka_unit_test(TCS_13_a_fin_noted_ahead_of_a_gap_is_next_only_when_the_gap_is_filled),
        cmocka_unit_test(TCS_13_the_first_fin_noted_fixes_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
