/* What both sides offered is agreed, in both roles; sizes are clamped. */
#include "tcp/options.h"

#include "support/tcp_peer.h"
#include "tcp/inside.h"

enum offer { OFFER_TIMESTAMPS = 1, OFFER_SACK = 2, OFFER_SCALING = 4, OFFERS = 8 };

static void offer_nothing(struct rill_config *config)
{
    config->timestamps = config->sack = config->window_scaling = false;
}

#define OFFER_FUNCTION(bits)                                                                                           \
    static void offer_##bits(struct rill_config *config)                                                               \
    {                                                                                                                  \
        offer_nothing(config);                                                                                         \
        config->timestamps = ((bits)&OFFER_TIMESTAMPS) != 0;                                                           \
        config->sack = ((bits)&OFFER_SACK) != 0;                                                                       \
        config->window_scaling = ((bits)&OFFER_SCALING) != 0;                                                          \
    }
OFFER_FUNCTION(0)
OFFER_FUNCTION(1)
OFFER_FUNCTION(2)
OFFER_FUNCTION(3)
OFFER_FUNCTION(4)
OFFER_FUNCTION(5)
OFFER_FUNCTION(6)
OFFER_FUNCTION(7)

typedef void (*configure_fn)(struct rill_config *config);
static const configure_fn offers[OFFERS] = {offer_0, offer_1, offer_2, offer_3, offer_4, offer_5, offer_6, offer_7};

static unsigned offer_of(uint16_t present)
{
    return ((present & TCP_OPTION_TIMESTAMP) != 0 ? OFFER_TIMESTAMPS : 0u) |
           ((present & TCP_OPTION_SACK_PERMITTED) != 0 ? OFFER_SACK : 0u) |
           ((present & TCP_OPTION_WINDOW_SCALE) != 0 ? OFFER_SCALING : 0u);
}

static struct peer_setup setup_of(unsigned ours, unsigned theirs, bool passive)
{
    struct peer_setup setup = {
        .passive = passive,
        .timestamps = (theirs & OFFER_TIMESTAMPS) != 0,
        .sack = (theirs & OFFER_SACK) != 0,
        .window_scaling = (theirs & OFFER_SCALING) != 0,
        .configure = offers[ours],
    };

    return setup;
}

/* After the handshake: status says what is agreed, and the segments carry that. */
static void check_agreed(struct peer *p, unsigned agreed)
{
    struct rill_status status;
    struct peer_segment data;

    assert_int_equal(rill_status(p->stack, p->conn, &status), 0);
    assert_int_equal(status.timestamps, (agreed & OFFER_TIMESTAMPS) != 0);
    assert_int_equal(status.sack, (agreed & OFFER_SACK) != 0);
    assert_int_equal(status.window_scaling, (agreed & OFFER_SCALING) != 0);
    assert_int_equal(status.snd_wscale, (agreed & OFFER_SCALING) != 0 ? 7 : 0);
    assert_int_equal(status.snd_mss, 1460 - ((agreed & OFFER_TIMESTAMPS) != 0 ? 12 : 0));
    peer_forget(p);
    assert_int_equal(peer_user_send(p, 10), 10);
    data = expect_segment(p, TCP_ACK, 1, 1, 10);
    assert_int_equal(data.options.present, (agreed & OFFER_TIMESTAMPS) != 0 ? TCP_OPTION_TIMESTAMP : 0);
    peer_send(p, TCP_ACK, 11, 11, 5); /* ahead of a gap: SACK only when agreed */
    data = expect_segment(p, TCP_ACK, 11, 1, 0);
    assert_int_equal((data.options.present & TCP_OPTION_SACK) != 0, (agreed & OFFER_SACK) != 0);
}

static void R7323_2_R2018_2_an_active_open_agrees_on_what_both_offered(void **state)
{
    (void)state;
    for (unsigned ours = 0; ours < OFFERS; ours++) {
        for (unsigned theirs = 0; theirs < OFFERS; theirs++) {
            struct peer_setup setup = setup_of(ours, theirs, false);
            struct peer_segment syn;
            struct peer p;

            peer_open(&p, &setup);
            assert_int_equal(peer_connect(&p), 0);
            syn = expect_segment(&p, TCP_SYN, 0, 0, 0);
            assert_int_equal(offer_of(syn.options.present), ours);
            assert_true((syn.options.present & TCP_OPTION_MSS) != 0); /* SHLD-5, MAY-3 */
            assert_int_equal(syn.options.mss, 1460);
            if ((ours & OFFER_TIMESTAMPS) != 0)
                assert_int_equal(syn.options.timestamp_echo, 0); /* R7323-12 */
            peer_send(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
            check_agreed(&p, ours & theirs);
            peer_close(&p);
        }
    }
}

static void R7323_3_R7323_10_a_passive_open_answers_only_what_was_offered(void **state)
{
    (void)state;
    for (unsigned ours = 0; ours < OFFERS; ours++) {
        for (unsigned theirs = 0; theirs < OFFERS; theirs++) {
            struct peer_setup setup = setup_of(ours, theirs, true);
            struct peer_segment syn_ack;
            struct peer p;

            peer_open(&p, &setup);
            assert_int_equal(peer_listen(&p), 0);
            peer_send(&p, TCP_SYN, 0, 0, 0);
            syn_ack = expect_segment(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
            assert_int_equal(offer_of(syn_ack.options.present), ours & theirs);
            assert_int_equal(syn_ack.options.mss, 1460);
            peer_send(&p, TCP_ACK, 1, 1, 0);
            assert_int_equal(rill_accept(p.stack, p.listener, &p.conn, NULL), 0);
            check_agreed(&p, ours & theirs);
            peer_close(&p);
        }
    }
}

static void TCH_04_every_mss_that_a_peer_may_announce_gives_one_between_floor_and_path(void **state)
{
    struct inside t;
    const struct path *path;
    (void)state;
    inside_configure(&t, 1u << 20);
    inside_open(&t, 1, 1, 65535);
    path = tcb_path(t.tcp, t.tcb);
    for (uint32_t mss = 0; mss <= UINT16_MAX; mss++) {
        uint16_t plain = options_send_mss(path, (uint16_t)mss, false);
        uint16_t stamped = options_send_mss(path, (uint16_t)mss, true);

        assert_int_equal(plain, mss == 0 ? 536 : mss < 48 ? 48 : mss > 1460 ? 1460 : mss);
        assert_int_equal(stamped, mss == 0 ? 524 : mss < 60 ? 48 : mss > 1460 ? 1448 : mss - 12);
    }
    inside_close(&t);
}

static void MUST_67_the_announced_mss_is_the_mtu_less_fixed_headers(void **state)
{
    struct inside t;
    (void)state;
    inside_configure(&t, 1u << 20);
    inside_open(&t, 1, 1, 65535);
    assert_int_equal(options_announced_mss(t.tcp, tcb_path(t.tcp, t.tcb)), 1460);
    inside_close(&t);
}

/* 3.7.1: MMS_R is the MTU less the headers without options, which the peer's segments may or may not have. */
static void SHLD_6_the_announced_mss_is_that_of_the_interface_for_each_mtu(void **state)
{
    static const uint16_t mtus[] = {576, 1280, 1500, 9000, 65535};
    (void)state;
    for (unsigned i = 0; i < sizeof mtus / sizeof mtus[0]; i++) {
        struct inside t;

        inside_configure(&t, 1u << 20);
        inside_connect(&t);
        t.tcp->ip.netifs[0].mtu = mtus[i];
        assert_int_equal(options_announced_mss(t.tcp, tcb_path(t.tcp, t.tcb)), mtus[i] - 40);
        inside_close(&t);
    }
}

static void the_window_shift_is_what_a_chosen_receive_buffer_needs(void **state)
{
    (void)state;
    for (unsigned bits = 12; bits <= 30; bits++) {
        struct inside t;
        uint8_t shift;

        inside_configure(&t, 1u << 20);
        t.config.receive_buffer_bytes = 1u << bits;
        inside_open(&t, 1, 1, 65535);
        shift = options_window_shift(t.tcp, t.config.receive_buffer_bytes);
        assert_true(shift <= 14);
        assert_true((UINT64_C(65535) << shift) >= t.config.receive_buffer_bytes / 2); /* which is offered */
        assert_true(shift == 0 || (UINT64_C(65535) << (shift - 1)) < t.config.receive_buffer_bytes / 2);
        inside_close(&t);
    }
}

/* R2018-1 */
static void TCH_07_options_of_the_handshake_change_nothing_later(void **state)
{
    struct peer_setup setup = {.mss = 1000};
    struct rill_status before, after;
    struct peer p;
    (void)state;
    peer_open(&p, &setup);
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    assert_int_equal(rill_status(p.stack, p.conn, &before), 0);
    p.setup.timestamps = p.setup.sack = true;
    p.setup.mss = 300;
    peer_send(&p, TCP_SYN | TCP_ACK, 0, 1, 0); /* its options come again, with others */
    peer_send(&p, TCP_ACK, 1, 1, 100);
    assert_int_equal(rill_status(p.stack, p.conn, &after), 0);
    assert_int_equal(after.snd_mss, before.snd_mss);
    assert_int_equal(after.timestamps, false);
    assert_int_equal(after.sack, false);
    assert_int_equal(after.receive_queued, 100);
    peer_close(&p);
}

static void TCH_10_options_never_exceed_40_bytes_and_sack_blocks_give_way(void **state)
{
    struct peer_setup setup = {.timestamps = true, .sack = true};
    struct peer_segment ack;
    struct peer p;
    (void)state;
    peer_open(&p, &setup);
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    for (uint32_t i = 0; i < 6; i++)
        peer_send(&p, TCP_ACK, 11 + 20 * i, 1, 10);
    for (uint32_t i = 0; i < 6; i++)
        ack = expect_segment(&p, TCP_ACK, 1, 1, 0);
    assert_int_equal(ack.options.sack_count, 3);
    assert_true((ack.options.present & TCP_OPTION_TIMESTAMP) != 0);
    peer_close(&p);
}

static void sack_blocks_take_their_room_from_the_payload(void **state)
{
    struct peer_setup setup = {.timestamps = true, .sack = true};
    struct peer_segment data;
    struct peer p;
    (void)state;
    peer_open(&p, &setup);
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    peer_send(&p, TCP_ACK, 11, 1, 10);
    peer_forget(&p);
    assert_int_equal(peer_user_send(&p, 3000), 3000);
    data = expect_segment(&p, TCP_ACK, 1, 1, 1460 - 12 - 12);
    assert_int_equal(data.options.sack_count, 1);
    peer_close(&p);
}

static void the_mss_option_of_an_open_bounds_segments_both_ways(void **state)
{
    struct rill_endpoint remote = {rill_addr4(10, 77, 0, 1), PEER_PORT};
    struct rill_options options;
    struct rill_status status;
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    rill_options_default(&options);
    options.local.port = STACK_PORT;
    options.mss = 700;
    assert_int_equal(rill_tcp_connect(p.stack, &remote, &options, &p.conn), 0);
    peer_run(&p);
    assert_int_equal(p.sent[0].options.mss, 700);
    peer_send(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
    assert_int_equal(rill_status(p.stack, p.conn, &status), 0);
    assert_int_equal(status.snd_mss, 700);
    peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R7323_2_R2018_2_an_active_open_agrees_on_what_both_offered),
        cmocka_unit_test(R7323_3_R7323_10_a_passive_open_answers_only_what_was_offered),
        cmocka_unit_test(TCH_04_every_mss_that_a_peer_may_announce_gives_one_between_floor_and_path),
        cmocka_unit_test(MUST_67_the_announced_mss_is_the_mtu_less_fixed_headers),
        cmocka_unit_test(SHLD_6_the_announced_mss_is_that_of_the_interface_for_each_mtu),
        cmocka_unit_test(the_window_shift_is_what_a_chosen_receive_buffer_needs),
        cmocka_unit_test(TCH_07_options_of_the_handshake_change_nothing_later),
        cmocka_unit_test(TCH_10_options_never_exceed_40_bytes_and_sack_blocks_give_way),
        cmocka_unit_test(sack_blocks_take_their_room_from_the_payload),
        cmocka_unit_test(the_mss_option_of_an_open_bounds_segments_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
