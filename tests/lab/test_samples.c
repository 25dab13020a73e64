/* Quantiles, mean and Jain's index. */
#include <math.h>

#include "lab/samples.h"
#include "support/cmocka_all.h"

static void assert_near(double value, double expected)
{
    assert_true(fabs(value - expected) < 1e-12);
}

static void nothing_was_sampled(void **state)
{
    struct samples none = {0};
    (void)state;
    assert_near(samples_quantile(&none, 0.5), 0);
    assert_near(samples_mean(&none), 0);
    assert_near(samples_jain(&none), 1);
}

static void quantiles_are_of_the_nearest_rank_whatever_the_order(void **state)
{
    struct samples samples = {0};
    (void)state;
    for (unsigned i = 0; i < 100; i++)
        samples_add(&samples, (i * 37) % 100 + 1); /* each of 1 .. 100 once */
    assert_near(samples_quantile(&samples, 0), 1);
    assert_near(samples_quantile(&samples, 0.5), 50);
    assert_near(samples_quantile(&samples, 0.95), 95);
    assert_near(samples_quantile(&samples, 1), 100);
    samples_add(&samples, 0);
    assert_near(samples_quantile(&samples, 0), 0);
    assert_near(samples_mean(&samples), 50);
    samples_free(&samples);
}

static void jain_is_1_for_equals_and_1_over_n_when_one_has_all(void **state)
{
    struct samples equal = {0}, one = {0};
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        samples_add(&equal, 25);
        samples_add(&one, i == 2 ? 100 : 0);
    }
    assert_near(samples_jain(&equal), 1);
    assert_near(samples_jain(&one), 0.25);
    samples_free(&equal);
    samples_free(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_was_sampled),
        cmocka_unit_test(quantiles_are_of_the_nearest_rank_whatever_the_order),
        cmocka_unit_test(jain_is_1_for_equals_and_1_over_n_when_one_has_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
