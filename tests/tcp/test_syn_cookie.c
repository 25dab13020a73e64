/* SYN cookies (RFC 4987 3.6, R4987-2, R4987-4) from inside: what a cookie brings back, for how long, to whom. */
#include "inside.h"

#include "tcp/syn_cookie.h"

static void open_stack(struct inside *t)
{
    inside_configure(t, 1u << 20);
    inside_open(t, 1, 1, 65535);
}

/* A half-open connection over the path of the one that `inside` has. */
static struct half_open half_open_of(const struct inside *t, uint16_t mss, uint8_t options)
{
    struct half_open half_open = {.irs = {0xfffffffe}, .mss = mss};

    half_open.ep.path = t->tcb->ep.path;
    half_open.ep.local_port = 80;
    half_open.ep.remote_port = 40000;
    half_open.ep.own_options = options;
    return half_open;
}

/* The handshake's last ACK for this cookie: true when it is believed, and *out what it brings back. */
static bool bring_back(const struct inside *t, const struct half_open *half_open, struct seq cookie,
                       struct half_open *out)
{
    struct tcp_segment ack = {.flags = TCP_ACK, .seq = seq_add(half_open->irs, 1), .ack = seq_add(cookie, 1)};

    if ((half_open->ep.own_options & HALF_OPEN_TS) != 0) {
        ack.options.present = TCP_OPTION_TIMESTAMP;
        ack.options.timestamp_value = 7;
    }
    *out = (struct half_open){.ep = half_open->ep};
    out->ep.own_options = 0;
    return syn_cookie_read(t->tcp, &ack, out);
}

static void every_combination_of_options_comes_back(void **state)
{
    struct inside t;
    (void)state;
    open_stack(&t);
    for (unsigned bits = 0; bits < 8; bits++) {
        for (uint8_t shift = 0; shift <= 14; shift++) {
            uint8_t options = (uint8_t)(((bits & 1) != 0 ? HALF_OPEN_WSCALE | shift : 0) |
                                        ((bits & 2) != 0 ? HALF_OPEN_SACK : 0) | ((bits & 4) != 0 ? HALF_OPEN_TS : 0));
            struct half_open half_open = half_open_of(&t, 1460, options), back;

            assert_true(bring_back(&t, &half_open, syn_cookie_make(t.tcp, &half_open), &back));
            assert_int_equal(back.ep.own_options, options);
            assert_int_equal(back.irs.v, half_open.irs.v);
            assert_int_equal(back.mss, 1460);
        }
    }
    inside_close(&t);
}

static void the_mss_that_comes_back_is_never_larger_than_the_peers(void **state)
{
    struct inside t;
    (void)state;
    open_stack(&t);
    for (uint32_t mss = 64; mss <= UINT16_MAX; mss += 13) {
        struct half_open half_open = half_open_of(&t, (uint16_t)mss, 0), back;

        assert_true(bring_back(&t, &half_open, syn_cookie_make(t.tcp, &half_open), &back));
        assert_in_range(back.mss, 64, mss);
    }
    inside_close(&t);
}

static void MUST_15_a_peer_that_announced_nothing_gets_536(void **state)
{
    struct half_open half_open, back;
    struct inside t;
    (void)state;
    open_stack(&t);
    half_open = half_open_of(&t, 0, 0);
    assert_true(bring_back(&t, &half_open, syn_cookie_make(t.tcp, &half_open), &back));
    assert_int_equal(back.mss, 536);
    inside_close(&t);
}

static void a_cookie_is_good_for_its_period_and_the_next(void **state)
{
    struct half_open half_open, back;
    struct seq cookie;
    struct inside t;
    rill_time period = SYN_COOKIE_PERIOD_MS * NANOS_PER_MS;
    (void)state;
    open_stack(&t);
    half_open = half_open_of(&t, 1460, HALF_OPEN_SACK);
    for (unsigned start = 0; start < 6; start++) { /* the first periods of all wrap below zero */
        rill_time begin = t.config.now + start * 8 * period;

        rill_poll(t.stack, begin);
        cookie = syn_cookie_make(t.tcp, &half_open);
        rill_poll(t.stack, begin + period - NANOS_PER_MS);
        assert_true(bring_back(&t, &half_open, cookie, &back));
        rill_poll(t.stack, begin + 2 * period + NANOS_PER_MS);
        assert_false(bring_back(&t, &half_open, cookie, &back));
    }
    inside_close(&t);
}

static void nobody_elses_cookie_is_believed_and_guesses_are_rare(void **state)
{
    struct half_open half_open, other, back;
    unsigned lucky = 0;
    struct seq cookie;
    struct inside t;
    (void)state;
    open_stack(&t);
    half_open = half_open_of(&t, 1460, 0);
    cookie = syn_cookie_make(t.tcp, &half_open);
    other = half_open;
    other.ep.remote_port++;
    assert_false(bring_back(&t, &other, cookie, &back));
    other = half_open;
    other.irs = seq_add(other.irs, 1);
    assert_false(bring_back(&t, &other, cookie, &back));
    other = half_open;
    other.ep.own_options = HALF_OPEN_TS;
    assert_false(bring_back(&t, &other, cookie, &back));
    for (uint32_t i = 0; i < 1000000; i++)
        lucky += bring_back(&t, &half_open, seq_make(i * 2654435761u), &back);
    assert_true(lucky <= 4); /* one in four million, half of the periods: more is no accident */
    inside_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination_of_options_comes_back),
        cmocka_unit_test(the_mss_that_comes_back_is_never_larger_than_the_peers),
        cmocka_unit_test(MUST_15_a_peer_that_announced_nothing_gets_536),
        cmocka_unit_test(a_cookie_is_good_for_its_period_and_the_next),
        cmocka_unit_test(nobody_elses_cookie_is_believed_and_guesses_are_rare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
