/* Buffers that grow by themselves: by how much, until where, and when they do not. */
#include "support/stack_pair.h"
#include "tcp/counts.h"
#include "tcp/inside.h"
#include "tcp/options.h"
#include "tcp/tuning.h"

#define KIB 1024u
#define MIB (1024u * KIB)
#define ROUND_TRIP_MS 100u

static void start(struct inside *t, size_t memory_bytes, uint32_t receive_max, uint32_t send_max)
{
    inside_configure(t, memory_bytes);
    t->config.receive_buffer_bytes = t->config.send_buffer_bytes = 64 * KIB;
    t->config.receive_buffer_bytes_max = receive_max;
    t->config.send_buffer_bytes_max = send_max;
    inside_open(t, 1, 1, 65535);
    t->tcb->srtt_us8 = (ROUND_TRIP_MS * 1000) << 3;
}

static void time_passes(struct inside *t, uint64_t ms)
{
    host_set_now(&t->tcp->ip.host, t->tcp->ip.host.now + ms * NANOS_PER_MS);
}

/* Text came and was read; the segment that brought it echoes a timestamp of ours of so long ago. */
static void received_and_read(struct inside *t, uint32_t bytes, uint32_t echo_age_ms)
{
    struct tcp_segment seg = {.options = {.present = TCP_OPTION_TIMESTAMP}};

    seg.options.timestamp_echo = wrapping_sub(options_timestamp_now(t->tcp, t->tcb), echo_age_ms);
    t->tcb->bytes_received += bytes;
    t->tcb->rcv_nxt = seq_add(t->tcb->rcv_nxt, bytes);
    tuning_received(t->tcp, t->tcb, &seg);
}

/* A round begins, and is over one round trip later. */
static void one_round(struct inside *t, uint32_t bytes)
{
    received_and_read(t, 0, ROUND_TRIP_MS);
    time_passes(t, ROUND_TRIP_MS + 1);
    received_and_read(t, bytes, ROUND_TRIP_MS);
}

static void the_receive_buffer_grows_to_eight_times_what_is_read_in_a_round_trip(void **state)
{
    struct inside t;
    (void)state;

    start(&t, 64 * MIB, 32 * MIB, 0);
    one_round(&t, 50000);
    assert_int_equal(t.tcb->receive_limit, 8 * 50000);
    time_passes(&t, ROUND_TRIP_MS + 1);
    received_and_read(&t, 100000, ROUND_TRIP_MS);
    assert_int_equal(t.tcb->receive_limit, 8 * 100000);
    inside_close(&t);
}

static void a_round_lasts_until_the_peer_echoes_what_was_sent_in_it(void **state)
{
    struct inside t;
    (void)state;

    start(&t, 64 * MIB, 32 * MIB, 0);
    received_and_read(&t, 0, ROUND_TRIP_MS);
    for (unsigned i = 0; i < 10; i++) {
        time_passes(&t, 10);
        received_and_read(&t, 10000, ROUND_TRIP_MS); /* all sent before the round began, or when it did */
    }
    assert_int_equal(t.tcb->receive_limit, 64 * KIB);
    time_passes(&t, 1);
    received_and_read(&t, 10000, ROUND_TRIP_MS);
    assert_int_equal(t.tcb->receive_limit, 8 * 110000);
    inside_close(&t);
}

static void without_timestamps_a_round_is_as_long_as_that_of_the_syn(void **state)
{
    struct inside t;
    (void)state;

    start(&t, 64 * MIB, 32 * MIB, 0);
    t.tcb->flags &= ~TCB_TIMESTAMPS;
    received_and_read(&t, 0, 0);
    time_passes(&t, ROUND_TRIP_MS);
    received_and_read(&t, 50000, 0);
    assert_int_equal(t.tcb->receive_limit, 64 * KIB);
    time_passes(&t, 1);
    received_and_read(&t, 0, 0);
    assert_int_equal(t.tcb->receive_limit, 8 * 50000);
    inside_close(&t);
}

static void without_timestamps_and_round_trip_nothing_grows(void **state)
{
    struct inside t;
    (void)state;

    start(&t, 64 * MIB, 32 * MIB, 0);
    t.tcb->flags &= ~TCB_TIMESTAMPS;
    t.tcb->srtt_us8 = 0;
    one_round(&t, 50000);
    assert_int_equal(t.tcb->receive_limit, 64 * KIB);
    inside_close(&t);
}

static void what_the_application_does_not_read_makes_nothing_grow(void **state)
{
    struct inside t;
    (void)state;

    start(&t, 64 * MIB, 32 * MIB, 0);
    received_and_read(&t, 0, ROUND_TRIP_MS);
    time_passes(&t, ROUND_TRIP_MS + 1);
    assert_true(connection_make_busy(t.tcp, t.tcb));
    busy_at(t.tcp, t.tcb)->receive_bytes = 50000;
    received_and_read(&t, 50000, ROUND_TRIP_MS);
    assert_int_equal(t.tcb->receive_limit, 64 * KIB);
    busy_at(t.tcp, t.tcb)->receive_bytes = 0;
    inside_close(&t);
}

static void a_buffer_never_shrinks(void **state)
{
    struct inside t;
    (void)state;

    start(&t, 64 * MIB, 32 * MIB, 32 * MIB);
    one_round(&t, 50000);
    one_round(&t, 1000);
    assert_int_equal(t.tcb->receive_limit, 8 * 50000);
    t.tcb->flags |= TCB_ROOM_WANTED;
    t.tcb->cwnd = 100000;
    tuning_acknowledged(t.tcp, t.tcb);
    t.tcb->cwnd = 50000;
    tuning_acknowledged(t.tcp, t.tcb);
    assert_int_equal(t.tcb->send_limit, 300000);
    inside_close(&t);
}

static void the_settings_bound_what_grows(void **state)
{
    struct inside t;
    (void)state;

    start(&t, 64 * MIB, 100000, 120000);
    one_round(&t, 50000);
    assert_int_equal(t.tcb->receive_limit, 100000);
    t.tcb->flags |= TCB_ROOM_WANTED;
    t.tcb->cwnd = 1 * MIB;
    tuning_acknowledged(t.tcp, t.tcb);
    assert_int_equal(t.tcb->send_limit, 120000);
    inside_close(&t);
}

static void a_setting_below_the_first_size_means_no_growth(void **state)
{
    struct inside t;
    (void)state;

    start(&t, 64 * MIB, 0, 0);
    one_round(&t, 50000);
    assert_int_equal(t.tcb->receive_limit, 64 * KIB);
    t.tcb->flags |= TCB_ROOM_WANTED;
    t.tcb->cwnd = 1 * MIB;
    tuning_acknowledged(t.tcp, t.tcb);
    assert_int_equal(t.tcb->send_limit, 64 * KIB);
    inside_close(&t);
}

static void sizes_that_the_application_chose_stay(void **state)
{
    struct rill_options options;
    struct inside t;
    (void)state;

    start(&t, 64 * MIB, 32 * MIB, 32 * MIB);
    rill_options_default(&options);
    options.receive_buffer_bytes = options.send_buffer_bytes = 100000;
    assert_int_equal(rill_set_options(t.stack, t.conn, &options, RILL_CHANGE_RECEIVE_BUFFER | RILL_CHANGE_SEND_BUFFER),
                     0);
    one_round(&t, 50000);
    t.tcb->flags |= TCB_ROOM_WANTED;
    t.tcb->cwnd = 1 * MIB;
    tuning_acknowledged(t.tcp, t.tcb);
    assert_int_equal(t.tcb->receive_limit, 100000);
    assert_int_equal(t.tcb->send_limit, 100000);
    inside_close(&t);
}

static void set_receive_buffer(struct inside *t, uint32_t bytes)
{
    struct rill_options options;

    rill_options_default(&options);
    options.receive_buffer_bytes = bytes;
    assert_int_equal(rill_set_options(t->stack, t->conn, &options, RILL_CHANGE_RECEIVE_BUFFER), 0);
}

static void what_was_read_while_the_size_was_the_applications_makes_nothing_grow(void **state)
{
    struct inside t;
    (void)state;

    start(&t, 64 * MIB, 32 * MIB, 0);
    one_round(&t, 5000);
    set_receive_buffer(&t, 100000);
    time_passes(&t, ROUND_TRIP_MS + 1);
    received_and_read(&t, 1 * MIB, ROUND_TRIP_MS);
    time_passes(&t, 10);
    set_receive_buffer(&t, 0);
    time_passes(&t, ROUND_TRIP_MS + 1);
    received_and_read(&t, 50000, ROUND_TRIP_MS);
    assert_int_equal(t.tcb->receive_limit, 8 * 50000);
    inside_close(&t);
}

static void the_round_trip_is_told_and_what_was_read_in_it(void **state)
{
    (void)state;

    for (unsigned stamps = 0; stamps < 2; stamps++) {
        struct inside t;

        start(&t, 64 * MIB, 32 * MIB, 0);
        t.tcb->flags &= stamps != 0 ? ~UINT32_C(0) : ~TCB_TIMESTAMPS;
        t.tcb->ts_offset = 12345;
        t.tcp->settings.transfer_counts = true;
        assert_non_null(counts_make(t.tcp, t.tcb));
        one_round(&t, 50000);
        assert_int_equal(counts_of(t.tcp, t.tcb)->receive_rtt_us, (ROUND_TRIP_MS + 1) * 1000);
        assert_int_equal(counts_of(t.tcp, t.tcb)->receive_space, 50000);
        inside_close(&t);
    }
}

static void a_round_trip_of_hours_is_told_as_one(void **state)
{
    struct inside t;
    (void)state;

    start(&t, 64 * MIB, 32 * MIB, 0);
    t.tcp->settings.transfer_counts = true;
    assert_non_null(counts_make(t.tcp, t.tcb));
    received_and_read(&t, 0, ROUND_TRIP_MS);
    time_passes(&t, 4295 * 1000); /* wraps as microseconds */
    received_and_read(&t, 1000, 0);
    assert_int_equal(counts_of(t.tcp, t.tcb)->receive_rtt_us, UINT32_C(3600000000));
    inside_close(&t);
}

static void one_connection_gets_a_quarter_of_what_is_free(void **state)
{
    struct inside t;
    uint64_t free_bytes;
    (void)state;

    start(&t, 4 * MIB, 32 * MIB, 32 * MIB);
    free_bytes = host_free_bytes(&t.tcp->ip.host);
    one_round(&t, 1 * MIB);
    assert_int_equal(t.tcb->receive_limit, free_bytes / 4);
    inside_close(&t);
}

static void nothing_grows_while_half_of_the_memory_is_in_use(void **state)
{
    struct inside t;
    (void)state;

    start(&t, 4 * MIB, 32 * MIB, 32 * MIB);
    while (!host_is_short(&t.tcp->ip.host, RESERVE_FOR_GROWTH))
        assert_int_not_equal(arena_take(tcp_arena(t.tcp), 1, PAGE_RUN), REF_NONE);
    one_round(&t, 1 * MIB);
    t.tcb->flags |= TCB_ROOM_WANTED;
    t.tcb->cwnd = 1 * MIB;
    tuning_acknowledged(t.tcp, t.tcb);
    assert_int_equal(t.tcb->receive_limit, 64 * KIB);
    assert_int_equal(t.tcb->send_limit, 64 * KIB);
    inside_close(&t);
}

static void the_send_buffer_grows_to_three_windows_of_one_who_has_more_to_send(void **state)
{
    struct inside t;
    (void)state;

    start(&t, 64 * MIB, 0, 32 * MIB);
    t.tcb->cwnd = 100000;
    tuning_acknowledged(t.tcp, t.tcb);
    assert_int_equal(t.tcb->send_limit, 64 * KIB); /* nobody was refused room */
    t.tcb->flags |= TCB_ROOM_WANTED;
    tuning_acknowledged(t.tcp, t.tcb);
    assert_int_equal(t.tcb->send_limit, 300000);
    inside_close(&t);
}

/* RFC 7323 2.3: the shift is told once. */
static void the_window_scale_has_room_for_the_growth_that_memory_allows(void **state)
{
    static const struct {
        size_t memory_bytes;
        uint8_t shift;
    } rows[] = {{8 * MIB, 8}, {32 * MIB, 8}, {64 * MIB, 9}, {256 * MIB, 11}};
    (void)state;

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct inside t;

        inside_configure(&t, rows[i].memory_bytes);
        inside_open(&t, 1, 1, 65535);
        assert_int_equal(options_window_shift(t.tcp, 0), rows[i].shift);
        assert_int_equal(options_window_shift(t.tcp, 1u << 18), 2); /* one that stays as it is */
        inside_close(&t);
    }
}

static void initial_sequence_numbers_are_known_all_the_while(void **state)
{
    static struct pair p;
    static uint8_t data[100000];
    struct rill_status before[2], after;
    (void)state;

    pair_open(&p, 8u << 20, NULL);
    pair_establish(&p);
    for (unsigned side = 0; side < 2; side++)
        assert_int_equal(rill_status(p.stack[side], p.conn[side], &before[side]), 0);
    for (unsigned side = 0; side < 2; side++)
        assert_int_equal(rill_send(p.stack[side], p.conn[side], data, sizeof data, 0), sizeof data);
    pair_settle(&p);
    assert_int_equal(rill_shutdown(p.stack[0], p.conn[0]), 0);
    pair_settle(&p);
    for (unsigned side = 0; side < 2; side++) {
        assert_int_equal(rill_status(p.stack[side], p.conn[side], &after), 0);
        assert_true(after.bytes_received > 0);
        assert_int_equal(after.iss, before[side].iss);
        assert_int_equal(after.irs, before[side].irs);
    }
    pair_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_receive_buffer_grows_to_eight_times_what_is_read_in_a_round_trip),
        cmocka_unit_test(a_round_lasts_until_the_peer_echoes_what_was_sent_in_it),
        cmocka_unit_test(without_timestamps_a_round_is_as_long_as_that_of_the_syn),
        cmocka_unit_test(without_timestamps_and_round_trip_nothing_grows),
        cmocka_unit_test(what_the_application_does_not_read_makes_nothing_grow),
        cmocka_unit_test(a_buffer_never_shrinks),
        cmocka_unit_test(the_settings_bound_what_grows),
        cmocka_unit_test(a_setting_below_the_first_size_means_no_growth),
        cmocka_unit_test(sizes_that_the_application_chose_stay),
        cmocka_unit_test(what_was_read_while_the_size_was_the_applications_makes_nothing_grow),
        cmocka_unit_test(the_round_trip_is_told_and_what_was_read_in_it),
        cmocka_unit_test(a_round_trip_of_hours_is_told_as_one),
        cmocka_unit_test(one_connection_gets_a_quarter_of_what_is_free),
        cmocka_unit_test(nothing_grows_while_half_of_the_memory_is_in_use),
        cmocka_unit_test(the_send_buffer_grows_to_three_windows_of_one_who_has_more_to_send),
        cmocka_unit_test(the_window_scale_has_room_for_the_growth_that_memory_allows),
        cmocka_unit_test(initial_sequence_numbers_are_known_all_the_while),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
