/* The dice of an impaired wire. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/fault_streams.h"
#include "support/cmocka_all.h"

#define PACKETS 100000u

static const struct rill_impairment all_faults = {
    .seed = 42,
    .loss = 0.05,
    .duplicate = 0.05,
    .reorder = 0.1,
    .reorder_packets = 4,
    .corrupt = 0.01,
    .jitter = 1000,
};

/* The fates of PACKETS packets; freed by the caller. */
static struct fate *roll_all(const struct rill_impairment *impairment, const char *direction)
{
    struct fault_streams streams;
    struct fate *fates = calloc(PACKETS, sizeof *fates); /* padding zeroed, so that they can be compared whole */
    assert_non_null(fates);
    fault_streams_init(&streams, impairment->seed, direction);
    for (unsigned i = 0; i < PACKETS; i++)
        fates[i] = fault_streams_roll(&streams, impairment);
    return fates;
}

static bool same_fate(const struct fate *a, const struct fate *b)
{
    return a->is_lost == b->is_lost && a->is_duplicated == b->is_duplicated && a->is_corrupted == b->is_corrupted &&
           a->held_for_packets == b->held_for_packets && a->bit == b->bit && a->jitter == b->jitter;
}

/* How many packets fare differently. */
static unsigned differences(const struct rill_impairment *a, const char *direction_a, const struct rill_impairment *b,
                            const char *direction_b)
{
    struct fate *fates_a = roll_all(a, direction_a), *fates_b = roll_all(b, direction_b);
    unsigned different = 0;
    for (unsigned i = 0; i < PACKETS; i++)
        different += !same_fate(&fates_a[i], &fates_b[i]);
    free(fates_a);
    free(fates_b);
    return different;
}

static void the_same_seed_gives_the_same_fates(void **state)
{
    (void)state;
    assert_int_equal(differences(&all_faults, "tx", &all_faults, "tx"), 0);
}

static void a_packet_is_lost_by_its_number(void **state)
{
    (void)state;
    struct rill_impairment numbered = {.drop = {2, 5}};
    struct fate *fates = roll_all(&numbered, "tx");
    for (unsigned i = 0; i < PACKETS; i++)
        assert_int_equal(fates[i].is_lost, i + 1 == 2 || i + 1 == 5);
    free(fates);
}

static void another_seed_gives_other_fates(void **state)
{
    (void)state;
    struct rill_impairment other = all_faults;
    other.seed++;
    assert_true(differences(&all_faults, "tx", &other, "tx") > PACKETS / 2);
}

static void directions_with_one_seed_are_independent(void **state)
{
    (void)state;
    struct fate *tx = roll_all(&all_faults, "tx"), *rx = roll_all(&all_faults, "rx");
    unsigned both_lost = 0;
    for (unsigned i = 0; i < PACKETS; i++)
        both_lost += tx[i].is_lost && rx[i].is_lost;
    free(tx);
    free(rx);
    assert_in_range(both_lost, 250 - 80, 250 + 80); /* 5 % of 5 %: sigma is 16 */
}

static void switching_loss_off_leaves_all_other_fates(void **state)
{
    (void)state;
    struct rill_impairment without = all_faults;
    without.loss = 0;
    struct fate *a = roll_all(&all_faults, "tx"), *b = roll_all(&without, "tx");
    for (unsigned i = 0; i < PACKETS; i++) {
        assert_false(b[i].is_lost);
        b[i].is_lost = a[i].is_lost;
        assert_true(same_fate(&a[i], &b[i]));
    }
    free(a);
    free(b);
}

static void switching_reordering_off_leaves_all_other_fates(void **state)
{
    (void)state;
    struct rill_impairment without = all_faults;
    without.reorder = 0;
    struct fate *a = roll_all(&all_faults, "tx"), *b = roll_all(&without, "tx");
    for (unsigned i = 0; i < PACKETS; i++) {
        assert_int_equal(b[i].held_for_packets, 0);
        b[i].held_for_packets = a[i].held_for_packets;
        assert_true(same_fate(&a[i], &b[i]));
    }
    free(a);
    free(b);
}

static void more_loss_loses_the_same_packets_and_others(void **state)
{
    (void)state;
    struct rill_impairment more = all_faults;
    more.loss = 0.2;
    struct fate *few = roll_all(&all_faults, "tx"), *many = roll_all(&more, "tx");
    for (unsigned i = 0; i < PACKETS; i++)
        assert_true(!few[i].is_lost || many[i].is_lost);
    free(few);
    free(many);
}

static void assert_share(unsigned count, double share)
{
    double sigma = sqrt(PACKETS * share * (1 - share));
    assert_true(fabs(count - PACKETS * share) <= 5 * sigma);
}

static void shares_are_as_asked(void **state)
{
    (void)state;
    struct fate *fates = roll_all(&all_faults, "tx");
    unsigned lost = 0, duplicated = 0, reordered = 0, corrupted = 0;
    for (unsigned i = 0; i < PACKETS; i++) {
        lost += fates[i].is_lost;
        duplicated += fates[i].is_duplicated;
        reordered += fates[i].held_for_packets > 0;
        corrupted += fates[i].is_corrupted;
    }
    free(fates);
    assert_share(lost, 0.05);
    assert_share(duplicated, 0.05);
    assert_share(reordered, 0.1);
    assert_share(corrupted, 0.01);
}

static void faults_do_not_come_together_more_often_than_by_chance(void **state)
{
    (void)state;
    struct rill_impairment half = {.seed = 3, .loss = 0.5, .duplicate = 0.5, .reorder = 0.5, .corrupt = 0.5};
    struct fate *fates = roll_all(&half, "tx");
    unsigned both[3] = {0};
    for (unsigned i = 0; i < PACKETS; i++) {
        both[0] += fates[i].is_lost && fates[i].is_duplicated;
        both[1] += fates[i].is_duplicated && fates[i].is_corrupted;
        both[2] += fates[i].is_lost && fates[i].held_for_packets > 0;
    }
    free(fates);
    for (unsigned i = 0; i < 3; i++)
        assert_share(both[i], 0.25);
}

static void share_0_never_and_share_1_always_happens(void **state)
{
    (void)state;
    struct rill_impairment sure = {.seed = 9, .loss = 1, .corrupt = 0};
    struct fate *fates = roll_all(&sure, "rx");
    for (unsigned i = 0; i < PACKETS; i++) {
        assert_true(fates[i].is_lost);
        assert_false(fates[i].is_corrupted);
    }
    free(fates);
}

static void distances_are_uniform_from_1_to_the_most(void **state)
{
    (void)state;
    struct rill_impairment impairment = {.seed = 5, .reorder = 1, .reorder_packets = 4};
    struct fate *fates = roll_all(&impairment, "tx");
    unsigned seen[5] = {0};
    for (unsigned i = 0; i < PACKETS; i++) {
        assert_in_range(fates[i].held_for_packets, 1, 4);
        seen[fates[i].held_for_packets]++;
    }
    free(fates);
    for (unsigned distance = 1; distance <= 4; distance++)
        assert_share(seen[distance], 0.25);
}

static void jitter_is_uniform_from_0_to_the_most(void **state)
{
    (void)state;
    struct rill_impairment impairment = {.seed = 5, .jitter = 9};
    struct fate *fates = roll_all(&impairment, "tx");
    unsigned seen[10] = {0};
    for (unsigned i = 0; i < PACKETS; i++) {
        assert_in_range(fates[i].jitter, 0, 9);
        seen[fates[i].jitter]++;
    }
    free(fates);
    for (unsigned jitter = 0; jitter <= 9; jitter++)
        assert_share(seen[jitter], 0.1);
}

/* A change of the generator would silently change every seed that a bug report names. */
static void the_fates_of_seed_42_stay_what_they_are(void **state)
{
    (void)state;
    struct fate *fates = roll_all(&all_faults, "tx");
    uint64_t digest = 0;
    for (unsigned i = 0; i < PACKETS; i++) {
        uint64_t fate = fates[i].bit ^ fates[i].jitter << 8 ^ (uint64_t)fates[i].held_for_packets << 4 ^
                        (uint64_t)(fates[i].is_lost * 4 + fates[i].is_duplicated * 2 + fates[i].is_corrupted);
        digest = (digest ^ fate) * UINT64_C(0x100000001B3);
    }
    free(fates);
    assert_int_equal(digest, UINT64_C(0xF967A03B6E17184D));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_fates),
        cmocka_unit_test(a_packet_is_lost_by_its_number),
        cmocka_unit_test(another_seed_gives_other_fates),
        cmocka_unit_test(directions_with_one_seed_are_independent),
        cmocka_unit_test(switching_loss_off_leaves_all_other_fates),
        cmocka_unit_test(switching_reordering_off_leaves_all_other_fates),
        cmocka_unit_test(more_loss_loses_the_same_packets_and_others),
        cmocka_unit_test(shares_are_as_asked),
        cmocka_unit_test(faults_do_not_come_together_more_often_than_by_chance),
        cmocka_unit_test(share_0_never_and_share_1_always_happens),
        cmocka_unit_test(distances_are_uniform_from_1_to_the_most),
        cmocka_unit_test(jitter_is_uniform_from_0_to_the_most),
        cmocka_unit_test(the_fates_of_seed_42_stay_what_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
