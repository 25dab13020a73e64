/* The segment size on paths that lose what is too big for them without a word. */
#include "tcp/mtu.h"

#include <stdlib.h>
#include <string.h>

#include "support/stack_pair.h"
#include "tcp/inside.h"
#include "tcp/scoreboard.h"

#define MEMORY (8u << 20)
#define ROUND_BYTES 20000u

/* The way from stack 0 to stack 1. */
struct way {
    uint32_t mtu; /* 0: nothing passes */
    uint32_t largest;
    uint64_t too_big;
    uint32_t lose_one_in; /* 0: none */
    uint64_t draws;
};

static struct pair pair;
static struct way way;
static uint64_t given, taken;
static uint32_t probing;

static bool passes(void *context, unsigned from, const struct packet_facts *packet)
{
    uint32_t bytes = (uint32_t)(packet->ip_bytes + packet->transport_bytes);

    (void)context;
    if (from != 0)
        return way.mtu != 0;
    way.largest = bytes > way.largest ? bytes : way.largest;
    if (bytes > way.mtu) {
        way.too_big++;
        return false;
    }
    return way.lose_one_in == 0 || inside_below(&way.draws, way.lose_one_in) != 0;
}

static void configure(unsigned side, struct rill_config *config)
{
    (void)side;
    config->mtu_probing = probing;
}

static void open_way(uint32_t wanted_probing, uint32_t mtu)
{
    probing = wanted_probing;
    way = (struct way){.mtu = mtu};
    given = taken = 0;
    pair_open(&pair, MEMORY, configure);
    pair.pass = passes;
    pair_establish(&pair);
}

static void close_way(void)
{
    rill_abort(pair.stack[0], pair.conn[0]);
    rill_abort(pair.stack[1], pair.conn[1]);
    pair_close(&pair);
}

static void give(uint32_t bytes)
{
    static uint8_t data[ROUND_BYTES];
    int64_t n;

    for (uint32_t i = 0; i < bytes; i++)
        data[i] = pair_byte(given + i);
    n = rill_send(pair.stack[0], pair.conn[0], data, bytes, 0);
    given += n > 0 ? (uint64_t)n : 0;
}

/* What came is taken, and is what was given. */
static void take(void)
{
    static uint8_t data[ROUND_BYTES];
    int64_t n;

    while ((n = rill_receive(pair.stack[1], pair.conn[1], data, sizeof data, 0)) > 0)
        for (int64_t i = 0; i < n; i++)
            if (data[i] != pair_byte(taken++))
                fail_msg("another byte than was sent");
}

static void send_for(uint64_t ms)
{
    rill_time end = pair.now + ms * NANOS_PER_MS;

    while (pair.now < end) {
        give(ROUND_BYTES);
        pair_advance(&pair, 50);
        take();
    }
}

/* Nothing passes for a while; then what the way takes by now, and all that waits is sent. */
static void open_way_with_an_outage(uint64_t ms, uint32_t mtu_after)
{
    open_way(RILL_MTU_PROBING_BLACK_HOLE, 1500);
    send_for(200);
    way.mtu = 0;
    send_for(ms);
    way.mtu = mtu_after;
    pair_advance(&pair, 100000);
}

static struct rill_status status(void)
{
    struct rill_status out;

    assert_int_equal(rill_status(pair.stack[0], pair.conn[0], &out), 0);
    return out;
}

static uint64_t counted(enum rill_count count)
{
    return rill_counted(pair.stack[0], count);
}

static void R4821_1_probes_find_out_what_a_path_carries(void **state)
{
    static const uint16_t mtus[] = {1200, 1301, 1399, 1400, 1499, 1500};
    (void)state;
    for (unsigned i = 0; i < sizeof mtus / sizeof mtus[0]; i++) {
        open_way(RILL_MTU_PROBING_ALWAYS, mtus[i]);
        send_for(5000);
        assert_in_range(status().pmtu, mtus[i] - 15u, mtus[i]);
        assert_int_equal(way.too_big, counted(RILL_COUNT_TCP_MTU_PROBES_LOST)); /* nothing but probes was too big */
        assert_int_equal(counted(RILL_COUNT_TCP_RTO_FIRED), 0);
        assert_int_equal(counted(RILL_COUNT_TCP_FAST_RETRANSMITS), 0);
        close_way();
    }
}

static void R4821_7_a_black_hole_is_found_and_then_its_size(void **state)
{
    static const uint16_t mtus[] = {552, 1000, 1199, 1200, 1400};
    (void)state;
    for (unsigned i = 0; i < sizeof mtus / sizeof mtus[0]; i++) {
        open_way(RILL_MTU_PROBING_BLACK_HOLE, mtus[i]);
        send_for(10000);
        assert_in_range(status().pmtu, mtus[i] - 15u, mtus[i]);
        assert_int_equal(counted(RILL_COUNT_TCP_MTU_BLACK_HOLES), mtus[i] < 1200 ? 2 : 1);
        assert_true(taken > 1000000);
        close_way();
    }
}

static void R4821_7_without_it_the_connection_hangs(void **state)
{
    (void)state;
    open_way(RILL_MTU_PROBING_OFF, 1400);
    send_for(20000);
    assert_int_equal(taken, 0);
    assert_int_equal(counted(RILL_COUNT_TCP_MTU_PROBES), 0);
    close_way();
}

static void an_outage_leaves_no_small_segments_behind(void **state)
{
    (void)state;
    for (uint64_t ms = 100; ms < 100000; ms *= 2) {
        open_way_with_an_outage(ms, 1500);
        send_for(3000);
        assert_int_equal(status().pmtu, 1500);
        assert_int_equal(status().snd_mss, 1448);
        assert_int_equal(counted(RILL_COUNT_TCP_MTU_PROBES_LOST), 0);
        close_way();
    }
}

static void after_an_outage_a_way_with_less_room_is_found_out_as_well(void **state)
{
    (void)state;
    for (uint64_t ms = 100; ms < 30000; ms *= 3) {
        open_way_with_an_outage(ms, 1400);
        send_for(10000);
        assert_in_range(status().pmtu, 1385, 1400);
        assert_true(taken > 1000000);
        close_way();
    }
}

static void R4821_6_a_search_that_is_over_begins_again_after_ten_minutes_of_bulk(void **state)
{
    (void)state;
    open_way(RILL_MTU_PROBING_ALWAYS, 1400);
    send_for(5000);
    way.largest = 0;
    for (unsigned i = 0; i < 59; i++) {
        send_for(200);
        pair_advance(&pair, 9800);
    }
    assert_int_equal(way.largest, 1400);
    way.mtu = 1500;
    send_for(15000);
    assert_int_equal(status().pmtu, 1500);
    close_way();
}

static void R1191_6_all_connections_of_the_path_follow(void **state)
{
    static const uint8_t data[3000];
    rill_conn other, accepted;
    uint64_t black_holes;
    (void)state;
    open_way(RILL_MTU_PROBING_BLACK_HOLE, 1400);
    assert_int_equal(pair_connect(&pair, &other), 0);
    pair_settle(&pair);
    assert_true(pair_accept(&pair, &accepted));
    send_for(5000);
    black_holes = way.too_big;
    assert_int_equal(rill_send(pair.stack[0], other, data, sizeof data, 0), sizeof data);
    pair_settle(&pair);
    assert_int_equal(way.too_big, black_holes);
    close_way();
}

/* A connection that sends once and is gone, as it is with many that follow one another. */
static void connect_and_send(void)
{
    pair_establish(&pair);
    given = taken = 0;
    give(10000);
    pair_advance(&pair, 5000);
    take();
    assert_int_equal(taken, 10000);
    assert_int_equal(rill_abort(pair.stack[0], pair.conn[0]), 0);
    pair_settle(&pair);
    (void)rill_close(pair.stack[1], pair.conn[1]);
    pair_settle(&pair);
}

static void the_next_connection_knows_that_the_path_is_narrow(void **state)
{
    (void)state;
    open_way(RILL_MTU_PROBING_BLACK_HOLE, 1400);
    rill_abort(pair.stack[0], pair.conn[0]);
    rill_abort(pair.stack[1], pair.conn[1]);
    connect_and_send();
    pair_expect_baseline(&pair);
    assert_int_equal(counted(RILL_COUNT_TCP_MTU_BLACK_HOLES), 1);
    pair_advance(&pair, 500000);
    connect_and_send();
    assert_int_equal(counted(RILL_COUNT_TCP_MTU_BLACK_HOLES), 1);
    pair_advance(&pair, 601000); /* forgotten, and found out again */
    connect_and_send();
    assert_int_equal(counted(RILL_COUNT_TCP_MTU_BLACK_HOLES), 2);
    pair_expect_baseline(&pair);
    pair_close(&pair);
}

static void whatever_the_congestion_control_losses_do_not_end_the_search(void **state)
{
    const char *name;
    (void)state;
    for (unsigned i = 0; (name = rill_congestion_control_name(i)) != NULL; i++) {
        open_way(RILL_MTU_PROBING_ALWAYS, 1400);
        way.lose_one_in = 100;
        assert_int_equal(rill_set_congestion_control(pair.stack[0], pair.conn[0], name), 0);
        send_for(15000);
        assert_in_range(status().pmtu, 1300, 1400);
        assert_true(taken > 1000000);
        close_way();
    }
}

/* ------------------------------------------------------------- from inside */

/* A probe of 1400 bytes and three segments behind it, of a connection that begins with `iss`. */
static struct sender *send_probe_and_three(struct inside *t, uint32_t iss)
{
    struct sender *sender;

    inside_configure(t, 4u << 20);
    t->config.mtu_probing = RILL_MTU_PROBING_ALWAYS;
    inside_open(t, iss, 1, 1u << 20);
    t->tcb->flags |= TCB_SACK;
    t->tcb->snd_mss_max = 1400;
    assert_true(sender_make(t->tcp, t->tcb));
    sender = sender_at(t->tcp, t->tcb);
    for (unsigned i = 0; i < 4; i++) {
        struct seq from = t->tcb->snd_nxt;
        uint16_t bytes = i == 0 ? 1400 : 1000;
        struct sent *record = scoreboard_new(t->tcp, t->tcb);

        assert_non_null(record);
        t->tcb->snd_nxt = seq_add(from, bytes);
        scoreboard_sent_new(t->tcp, t->tcb, record, from, bytes, 0);
        if (i == 0)
            mtu_probe_sent(t->tcp, t->tcb, bytes);
    }
    return sender;
}

static void R4821_4_what_a_probe_finds_out_leaves_the_window_in_bytes(void **state)
{
    (void)state;
    for (unsigned i = 0; i < INSIDE_CORNERS; i++) {
        struct ack_sample sample = {0};
        struct inside t;
        uint32_t cwnd;

        (void)send_probe_and_three(&t, inside_corners[i]);
        cwnd = t.tcb->cwnd;
        scoreboard_acked(t.tcp, t.tcb, seq_add(t.tcb->snd_una, 1400), &sample);
        assert_true(t.tcb->snd_mss > 1000);
        assert_int_equal(t.tcb->cwnd, cwnd);
        inside_close(&t);
    }
}

static void R4821_2_a_probe_that_is_lost_counts_as_no_loss(void **state)
{
    (void)state;
    for (unsigned i = 0; i < INSIDE_CORNERS; i++) {
        struct inside t;
        struct sender *sender = send_probe_and_three(&t, inside_corners[i]);
        struct sent *probe = sent_at(t.tcp, sender->board.all.first);

        scoreboard_lost(t.tcp, t.tcb, probe, probe->span.end);
        assert_int_equal(sender->lost, 0);
        assert_int_equal(sender->board.lost_bytes, 1400);
        assert_true(scoreboard_check(t.tcp, t.tcb));
        inside_close(&t);
    }
}

static void half_of_a_probe_is_no_probe_that_arrived(void **state)
{
    struct ack_sample sample = {0};
    struct inside t;
    (void)state;
    (void)send_probe_and_three(&t, 1);
    scoreboard_acked(t.tcp, t.tcb, seq_add(t.tcb->snd_una, 700), &sample);
    assert_int_equal(rill_counted(t.stack, RILL_COUNT_TCP_MTU_PROBES_ACKED), 0);
    inside_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R4821_1_probes_find_out_what_a_path_carries),
        cmocka_unit_test(R4821_7_a_black_hole_is_found_and_then_its_size),
        cmocka_unit_test(R4821_7_without_it_the_connection_hangs),
        cmocka_unit_test(an_outage_leaves_no_small_segments_behind),
        cmocka_unit_test(after_an_outage_a_way_with_less_room_is_found_out_as_well),
        cmocka_unit_test(R4821_6_a_search_that_is_over_begins_again_after_ten_minutes_of_bulk),
        cmocka_unit_test(R1191_6_all_connections_of_the_path_follow),
        cmocka_unit_test(the_next_connection_knows_that_the_path_is_narrow),
        cmocka_unit_test(whatever_the_congestion_control_losses_do_not_end_the_search),
        cmocka_unit_test(R4821_4_what_a_probe_finds_out_leaves_the_window_in_bytes),
        cmocka_unit_test(R4821_2_a_probe_that_is_lost_counts_as_no_loss),
        cmocka_unit_test(half_of_a_probe_is_no_probe_that_arrived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
