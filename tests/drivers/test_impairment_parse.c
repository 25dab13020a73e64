/* The text form of a wire's faults. */
#include <math.h>
#include <string.h>

#include "rill/driver.h"
#include "support/cmocka_all.h"

static struct rill_impairment parse(const char *text)
{
    struct rill_impairment impairment;
    const char *where = NULL;
    memset(&impairment, 0xA5, sizeof impairment);
    assert_int_equal(rill_impairment_parse(text, &impairment, &where), 0);
    return impairment;
}

/* The text is refused, and the error points at the word that begins at byte `at`. */
static void assert_refused(const char *text, size_t at)
{
    struct rill_impairment impairment = {.seed = 77};
    const char *where = NULL;
    assert_int_equal(rill_impairment_parse(text, &impairment, &where), -RILL_EINVAL);
    assert_ptr_equal(where, text + at);
    assert_int_equal(impairment.seed, 77);
}

static void assert_near(double value, double expected)
{
    assert_true(fabs(value - expected) < 1e-12);
}

static void nothing_is_a_perfect_wire(void **state)
{
    (void)state;
    struct rill_impairment perfect = {0}, parsed = parse("");
    assert_memory_equal(&parsed, &perfect, sizeof perfect);
}

static void every_word_is_understood(void **state)
{
    (void)state;
    struct rill_impairment parsed = parse("loss=2%,delay=10ms,rate=100mbit,queue=64k,dup=5%,reorder=10%,corrupt=1%,"
                                          "jitter=1ms,seed=7,gap=5,scatter=2ms,codel=5ms,burst=0.5%,burstlen=8,"
                                          "burstloss=80%,police=10mbit,bucket=16k,mark=30k,drop=3");
    assert_near(parsed.loss, 0.02);
    assert_int_equal(parsed.delay, 10000000);
    assert_int_equal(parsed.rate_bits, 100000000);
    assert_int_equal(parsed.queue_bytes, 65536);
    assert_near(parsed.duplicate, 0.05);
    assert_near(parsed.reorder, 0.10);
    assert_near(parsed.corrupt, 0.01);
    assert_int_equal(parsed.jitter, 1000000);
    assert_int_equal(parsed.seed, 7);
    assert_int_equal(parsed.reorder_packets, 5);
    assert_int_equal(parsed.scatter, 2000000);
    assert_int_equal(parsed.codel, 5000000);
    assert_near(parsed.burst, 0.005);
    assert_int_equal(parsed.burst_packets, 8);
    assert_near(parsed.burst_loss, 0.8);
    assert_int_equal(parsed.police_bits, 10000000);
    assert_int_equal(parsed.police_bytes, 16384);
    assert_int_equal(parsed.mark_bytes, 30720);
    assert_int_equal(parsed.drop[0], 3);
}

static void eight_packets_can_be_named_to_be_lost(void **state)
{
    (void)state;
    struct rill_impairment parsed = parse("drop=8,drop=7,drop=6,drop=5,drop=4,drop=3,drop=2,drop=4294967295");
    assert_int_equal(parsed.drop[0], 8);
    assert_int_equal(parsed.drop[7], 4294967295u);
    assert_refused("drop=1,drop=2,drop=3,drop=4,drop=5,drop=6,drop=7,drop=8,drop=9", 56);
    assert_refused("drop=0", 0);
}

static void times_have_four_units(void **state)
{
    (void)state;
    assert_int_equal(parse("delay=7ns").delay, 7);
    assert_int_equal(parse("delay=7us").delay, 7000);
    assert_int_equal(parse("delay=0.25ms").delay, 250000);
    assert_int_equal(parse("delay=1.5s").delay, 1500000000);
}

static void rates_are_decimal(void **state)
{
    (void)state;
    assert_int_equal(parse("rate=9600bit").rate_bits, 9600);
    assert_int_equal(parse("rate=56.6kbit").rate_bits, 56600);
    assert_int_equal(parse("rate=2.5gbit").rate_bits, 2500000000);
}

static void sizes_are_binary(void **state)
{
    (void)state;
    assert_int_equal(parse("queue=1500").queue_bytes, 1500);
    assert_int_equal(parse("queue=1m").queue_bytes, 1048576);
}

static void a_probability_may_be_a_fraction(void **state)
{
    (void)state;
    assert_near(parse("duplicate=0.125").duplicate, 0.125);
    assert_near(parse("loss=100%").loss, 1);
}

static void a_seed_takes_all_64_bits(void **state)
{
    (void)state;
    assert_true(parse("seed=18446744073709551615").seed == UINT64_MAX);
}

static void the_later_of_two_same_words_counts(void **state)
{
    (void)state;
    assert_int_equal(parse("seed=1,seed=2").seed, 2);
}

static void an_unknown_word_is_pointed_at(void **state)
{
    (void)state;
    assert_refused("loss=2%,speed=3mbit,seed=1", 8);
    assert_refused("loss", 0);
    assert_refused("=2%", 0);
}

static void a_missing_or_wrong_unit_is_pointed_at(void **state)
{
    (void)state;
    assert_refused("seed=1,delay=10", 7);
    assert_refused("rate=100", 0);
    assert_refused("rate=100mb", 0);
    assert_refused("delay=10msx", 0);
    assert_refused("loss=2%%", 0);
}

static void what_is_not_a_plain_number_is_pointed_at(void **state)
{
    (void)state;
    const char *const refused[] = {"loss=",    "loss=%",   "loss=-1%", "loss=+1%",  "loss=1.2.3%", "loss=.5%",
                                   "loss=5.%", "loss=0x1", "loss=nan", "loss=1e-3", "seed=1.5",    "seed=-1",
                                   "loss= 2%", "seed=",    "delay=ms", "gap=3%"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_refused(refused[i], 0);
}

static void what_is_out_of_range_is_pointed_at(void **state)
{
    (void)state;
    assert_refused("loss=101%", 0);
    assert_refused("loss=1.5", 0);
    assert_refused("delay=3601s", 0);
    assert_refused("queue=4096m", 0);
    assert_refused("gap=65536", 0);
    assert_refused("seed=18446744073709551616", 0);
    assert_refused("rate=1001gbit", 0);
}

static void empty_words_are_pointed_at(void **state)
{
    (void)state;
    assert_refused(",", 0);
    assert_refused("seed=1,,loss=1%", 7);
    assert_refused("seed=1,", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_a_perfect_wire),
        cmocka_unit_test(every_word_is_understood),
        cmocka_unit_test(eight_packets_can_be_named_to_be_lost),
        cmocka_unit_test(times_have_four_units),
        cmocka_unit_test(rates_are_decimal),
        cmocka_unit_test(sizes_are_binary),
        cmocka_unit_test(a_probability_may_be_a_fraction),
        cmocka_unit_test(a_seed_takes_all_64_bits),
        cmocka_unit_test(the_later_of_two_same_words_counts),
        cmocka_unit_test(an_unknown_word_is_pointed_at),
        cmocka_unit_test(a_missing_or_wrong_unit_is_pointed_at),
        cmocka_unit_test(what_is_not_a_plain_number_is_pointed_at),
        cmocka_unit_test(what_is_out_of_range_is_pointed_at),
        cmocka_unit_test(empty_words_are_pointed_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
