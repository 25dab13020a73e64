/* TIME-WAIT: how long, what answers, what may take its place; both in a TCB and in the small block. */
#include "support/tcp_peer.h"

#define TWO_MSL_MS 60000u

/* In TIME-WAIT with the application still there (index 0) or gone (1). */
static void time_wait(struct peer *p, const struct peer_setup *setup, unsigned index)
{
    peer_open(p, setup);
    if (index == 0)
        peer_reach(p, RILL_STATE_TIME_WAIT);
    else
        peer_reach_time_wait_block(p);
}

static void MUST_13_ST_307_time_wait_lasts_exactly_2_msl(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct peer p;

        time_wait(&p, NULL, i);
        peer_advance(&p, TWO_MSL_MS - 1);
        expect_state(&p, RILL_STATE_TIME_WAIT);
        peer_advance(&p, 1);
        expect_state(&p, RILL_STATE_CLOSED);
        expect_nothing(&p); /* ST-306 */
        peer_send(&p, TCP_FIN | TCP_ACK, 1, 2, 0);
        expect_segment(&p, TCP_RST, 2, 0, 0);
        peer_close(&p);
    }
}

static void MUST_13_a_fin_sent_again_is_acknowledged_and_starts_2_msl_anew(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct peer p;

        time_wait(&p, NULL, i);
        for (unsigned k = 0; k < 5; k++) {
            peer_advance(&p, TWO_MSL_MS - 1);
            peer_send(&p, TCP_FIN | TCP_ACK, 1, 2, 0);
            expect_segment(&p, TCP_ACK, 2, 2, 0);
            expect_nothing(&p);
        }
        peer_advance(&p, TWO_MSL_MS - 1);
        expect_state(&p, RILL_STATE_TIME_WAIT);
        peer_advance(&p, 1);
        expect_state(&p, RILL_STATE_CLOSED);
        peer_close(&p);
    }
}

static void R1337_1_TCS_11_a_reset_does_not_end_time_wait(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct peer p;

        time_wait(&p, NULL, i);
        peer_send(&p, TCP_RST, 2, 0, 0);
        peer_send(&p, TCP_RST | TCP_ACK, 2, 2, 0);
        expect_nothing(&p);
        expect_state(&p, RILL_STATE_TIME_WAIT);
        assert_int_equal(rill_drops(p.stack, RILL_DROP_TCP_TIME_WAIT_RST), 2);
        peer_close(&p);
    }
}

static void R1337_2_an_old_duplicate_gets_one_ack_at_a_limited_rate(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct peer p;

        time_wait(&p, NULL, i);
        peer_advance(&p, 1000);
        for (unsigned k = 0; k < 100; k++)
            peer_send(&p, TCP_ACK, 0 - 5000u, 2, 0);
        assert_true(p.sent_count <= 1);
        expect_state(&p, RILL_STATE_TIME_WAIT);
        peer_close(&p);
    }
}

static struct peer_setup passive(bool timestamps)
{
    return (struct peer_setup){.passive = true, .timestamps = timestamps};
}

/* A SYN with this sequence number, relative to the old connection's ISN. True when a SYN,ACK comes. */
static bool syn_opens(struct peer *p, uint32_t seq, int32_t timestamp_shift, bool with_timestamp)
{
    struct peer_packet syn = {
        .flags = TCP_SYN, .seq = seq, .timestamp_shift = timestamp_shift, .without_timestamp = !with_timestamp};
    bool opens;

    syn.with_timestamp = with_timestamp;
    peer_send_packet(p, &syn);
    opens = p->sent_count > 0 && (p->sent[0].flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK);
    if (!opens) {
        assert_int_equal(p->sent_count, 0); /* R6191-5: silently */
        assert_int_equal(rill_drops(p->stack, RILL_DROP_TCP_TIME_WAIT_SYN), 1);
        expect_state(p, RILL_STATE_TIME_WAIT);
    } else {
        assert_int_equal(rill_counted(p->stack, RILL_COUNT_TCP_TIME_WAIT_REUSED), 1);
        expect_state(p, RILL_STATE_SYN_RECEIVED);
    }
    return opens;
}

/* RFC 6191 2, all cases; the peer's FIN had sequence number 1, so RCV.NXT is 2. */
static void R6191_1_R6191_5_SHLD_4_what_may_reuse_time_wait(void **state)
{
    static const struct {
        bool had, has;
        int32_t later; /* TSval against the last one */
        uint32_t seq;
        bool opens;
    } cases[] = {
        {true, true, 1, 0x80000001, true},                               /* R6191-1: newer timestamp, any ISN */
        {true, true, -1, 100, false},                                    /* older */
        {true, true, 0, 100, true},                                      /* R6191-2 */
        {true, true, 0, 1, false},          {true, false, 0, 100, true}, /* R6191-3 */
        {true, false, 0, 1, false},         {true, false, 0, 0xffffff00, false},
        {false, true, 0, 0xffffff00, true}, /* R6191-4 */
        {false, false, 0, 100, true},       /* R6191-3 */
        {false, false, 0, 1, false},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct peer_setup setup = passive(cases[i].had);
        struct peer p;

        setup.isn = 0xfffffffe; /* the comparison wraps */
        peer_open(&p, &setup);
        peer_reach_time_wait_block(&p);
        if (syn_opens(&p, cases[i].seq, cases[i].later, cases[i].has) != cases[i].opens)
            fail_msg("case %u", i);
        peer_close(&p);
    }
}

static void MAY_2_the_new_incarnations_iss_is_beyond_the_olds_snd_nxt(void **state)
{
    struct peer_setup setup = passive(true);
    uint32_t old;
    struct peer p;
    (void)state;
    peer_open(&p, &setup);
    peer_reach_time_wait_block(&p);
    old = p.iss + 2;
    peer_advance(&p, 10);
    assert_true(syn_opens(&p, 5000, 0, true));
    assert_true((int32_t)(p.iss - old) > 0);
    peer_close(&p);
}

static void gap_tap_vsock_127_the_same_endpoints_20_times(void **state)
{
    struct peer_setup setup = passive(true);
    struct peer p;
    (void)state;
    peer_open(&p, &setup);
    for (unsigned i = 0; i < 20; i++) {
        if (i > 0) { /* reuses TIME-WAIT: a newer timestamp */
            peer_advance(&p, 5);
            p.isn += 100000;
        }
        peer_reach_time_wait_block(&p);
    }
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_TIME_WAIT_REUSED), 19);
    peer_close(&p);
}

static void a_health_check_that_resets_leaves_no_trace_20_times(void **state)
{
    struct peer_setup setup = passive(false);
    struct rill_memory before, after;
    struct peer p;
    (void)state;
    peer_open(&p, &setup);
    assert_int_equal(peer_listen(&p), 0);
    peer_send(&p, TCP_SYN, 0, 0, 0);
    peer_send(&p, TCP_RST, 1, 0, 0);
    rill_memory(p.stack, &before);
    for (unsigned i = 0; i < 20; i++) {
        peer_forget(&p);
        peer_send(&p, TCP_SYN, 0, 0, 0);
        expect_segment(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
        peer_send(&p, TCP_RST, 1, 0, 0);
        expect_nothing(&p);
        expect_state(&p, RILL_STATE_LISTEN);
    }
    rill_memory(p.stack, &after);
    assert_int_equal(after.used_bytes, before.used_bytes);
    assert_int_equal(after.half_open, 0);
    peer_close(&p);
}

static void two_blocks(struct rill_config *config)
{
    config->max_time_wait = 2;
}

static void RES_06_the_oldest_time_wait_gives_way_and_is_counted(void **state)
{
    struct peer_setup setup = {.passive = true, .configure = two_blocks};
    struct rill_memory memory;
    struct peer p;
    (void)state;
    peer_open(&p, &setup);
    assert_int_equal(peer_listen(&p), 0);
    for (uint16_t i = 0; i < 5; i++) {
        struct peer_packet packet = {.flags = TCP_SYN, .source_port = (uint16_t)(41000 + i)};
        rill_conn conn;

        peer_send_packet(&p, &packet);
        packet = (struct peer_packet){.flags = TCP_ACK, .seq = 1, .ack = 1, .source_port = packet.source_port};
        peer_send_packet(&p, &packet);
        assert_int_equal(rill_accept(p.stack, p.listener, &conn, NULL), 0);
        assert_int_equal(rill_close(p.stack, conn), 0);
        peer_run(&p);
        packet.flags = TCP_FIN | TCP_ACK;
        packet.ack = 2;
        peer_send_packet(&p, &packet);
        peer_forget(&p);
    }
    rill_memory(p.stack, &memory);
    assert_int_equal(memory.time_wait, 2);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_TIME_WAIT_EVICTED), 3);
    peer_advance(&p, TWO_MSL_MS);
    rill_memory(p.stack, &memory);
    assert_int_equal(memory.time_wait, 0);
    peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(MUST_13_ST_307_time_wait_lasts_exactly_2_msl),
        cmocka_unit_test(MUST_13_a_fin_sent_again_is_acknowledged_and_starts_2_msl_anew),
        cmocka_unit_test(R1337_1_TCS_11_a_reset_does_not_end_time_wait),
        cmocka_unit_test(R1337_2_an_old_duplicate_gets_one_ack_at_a_limited_rate),
        cmocka_unit_test(R6191_1_R6191_5_SHLD_4_what_may_reuse_time_wait),
        cmocka_unit_test(MAY_2_the_new_incarnations_iss_is_beyond_the_olds_snd_nxt),
        cmocka_unit_test(gap_tap_vsock_127_the_same_endpoints_20_times),
        cmocka_unit_test(a_health_check_that_resets_leaves_no_trace_20_times),
        cmocka_unit_test(RES_06_the_oldest_time_wait_gives_way_and_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
