/* RTT and RTO against RFC 6298 in floating point. */
#include "tcp/rtt.h"

#include <math.h>

#include "tcp/inside.h"

#define ROUNDING_US 10.0 /* SRTT is kept in eighths of a microsecond, its error in whole ones */

struct model {
    double srtt, rttvar;
    bool known;
};

static void model_sample(struct model *m, double r)
{
    if (!m->known) {
        m->srtt = r;
        m->rttvar = r / 2;
        m->known = true;
        return;
    }
    m->rttvar = 0.75 * m->rttvar + 0.25 * fabs(m->srtt - r);
    m->srtt = 0.875 * m->srtt + 0.125 * r;
}

static double model_rto(const struct model *m, double min_us, double max_us)
{
    return fmin(fmax(m->srtt + fmax(1000.0, 4 * m->rttvar), min_us), max_us);
}

static void start(struct inside *t)
{
    inside_configure(t, 1u << 20);
    t->config.rto_min_ms = 1;
    t->config.rto_granularity_ms = 1;
    inside_open(t, 1, 1, 65535);
}

static void compare(const struct inside *t, const struct model *m)
{
    double min_us = t->config.rto_min_ms * 1000.0, max_us = t->config.rto_max_ms * 1000.0;

    assert_true(fabs(t->tcb->srtt_us8 / 8.0 - m->srtt) <= ROUNDING_US);
    assert_true(fabs(t->tcb->rttvar_us4 / 4.0 - m->rttvar) <= ROUNDING_US);
    assert_true(fabs(rtt_rto_us(t->tcp, t->tcb) - model_rto(m, min_us, max_us)) <= 6 * ROUNDING_US);
}

static void series(uint64_t seed, uint32_t low_us, uint32_t high_us)
{
    struct inside t;
    struct model m = {0};

    start(&t);
    for (unsigned i = 0; i < 2000; i++) {
        uint32_t r = low_us + inside_below(&seed, high_us - low_us);

        rtt_sample(t.tcp, t.tcb, r);
        model_sample(&m, r);
        compare(&t, &m);
    }
    inside_close(&t);
}

static void R6298_3_random_series_follow_the_formula(void **state)
{
    (void)state;
    series(1, 100, 300);
    series(2, 1000, 50000);
    series(3, 1, 10000000);
}

static void R6298_3_a_step_in_the_rtt_is_followed(void **state)
{
    struct inside t;
    struct model m = {0};
    (void)state;
    start(&t);
    for (unsigned i = 0; i < 400; i++) {
        uint32_t r = i / 50 % 2 == 0 ? 20000 : 900000;

        rtt_sample(t.tcp, t.tcb, r);
        model_sample(&m, r);
        compare(&t, &m);
    }
    inside_close(&t);
}

static void R6298_2_the_first_sample_of_200_ms_makes_600_ms(void **state)
{
    struct inside t;
    (void)state;
    start(&t);
    rtt_sample(t.tcp, t.tcb, 200000);
    assert_int_equal(t.tcb->srtt_us8 / 8, 200000);
    assert_int_equal(t.tcb->rttvar_us4 / 4, 100000);
    assert_int_equal(rtt_rto_us(t.tcp, t.tcb), 600000);
    inside_close(&t);
}

static void R6298_4_the_rto_stays_at_or_above_its_floor(void **state)
{
    struct inside t;
    (void)state;
    inside_configure(&t, 1u << 20);
    t.config.rto_min_ms = 200;
    inside_open(&t, 1, 1, 65535);
    for (unsigned i = 0; i < 100; i++)
        rtt_sample(t.tcp, t.tcb, 50);
    assert_int_equal(rtt_rto_us(t.tcp, t.tcb), 200000);
    inside_close(&t);
}

static void R6298_5_the_rto_stays_at_or_below_its_cap(void **state)
{
    struct inside t;
    (void)state;
    start(&t);
    rtt_sample(t.tcp, t.tcb, UINT32_MAX);
    assert_int_equal(rtt_rto_us(t.tcp, t.tcb), 60000000);
    inside_close(&t);
}

static void TCH_11_no_sample_leaves_the_bounds(void **state)
{
    struct inside t;
    uint64_t seed = 9;
    (void)state;
    start(&t);
    for (unsigned i = 0; i < 10000; i++) {
        rtt_sample(t.tcp, t.tcb, (uint32_t)inside_draw(&seed) >> inside_below(&seed, 32));
        assert_true(rtt_rto_us(t.tcp, t.tcb) >= 1000 && rtt_rto_us(t.tcp, t.tcb) <= 60000000);
        assert_true(t.tcb->srtt_us8 != 0); /* 0 means "no sample yet" */
    }
    inside_close(&t);
}

static void R6298_9_the_timeout_doubles_with_each_backoff_up_to_the_cap(void **state)
{
    struct inside t;
    (void)state;
    start(&t);
    rtt_sample(t.tcp, t.tcb, 200000);
    for (unsigned backoff = 0; backoff < 256; backoff++) {
        double expected = fmin(600000.0 * pow(2, backoff), 60000000.0);

        t.tcb->ep.own_backoff = (uint8_t)backoff;
        assert_int_equal(rtt_timeout(t.tcp, t.tcb) / NANOS_PER_US, (uint64_t)expected);
    }
    inside_close(&t);
}

static void R6298_1_before_any_sample_the_timeout_is_one_second(void **state)
{
    struct inside t;
    (void)state;
    start(&t);
    assert_int_equal(rtt_timeout(t.tcp, t.tcb), UINT64_C(1000000000));
    inside_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R6298_3_random_series_follow_the_formula),
        cmocka_unit_test(R6298_3_a_step_in_the_rtt_is_followed),
        cmocka_unit_test(R6298_2_the_first_sample_of_200_ms_makes_600_ms),
        cmocka_unit_test(R6298_4_the_rto_stays_at_or_above_its_floor),
        cmocka_unit_test(R6298_5_the_rto_stays_at_or_below_its_cap),
        cmocka_unit_test(TCH_11_no_sample_leaves_the_bounds),
        cmocka_unit_test(R6298_9_the_timeout_doubles_with_each_backoff_up_to_the_cap),
        cmocka_unit_test(R6298_1_before_any_sample_the_timeout_is_one_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
