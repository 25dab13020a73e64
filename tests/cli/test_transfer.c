/*
 * Whole transfers between two stacks, both ways at once, byte for byte, in
 * virtual time. `rill bench soak` does the same with more bytes and seeds.
 */
#include <stdio.h>
#include <string.h>

#include "cli/soak.h"
#include "support/cmocka_all.h"

#define KIB 1024u
#define MIB (1024u * 1024)

static struct rill_impairment faults(const char *text)
{
    struct rill_impairment impairment;
    const char *where;
    assert_int_equal(rill_impairment_parse(text, &impairment, &where), 0);
    return impairment;
}

static struct soak_result run(const struct soak_settings *settings)
{
    struct soak_result result;
    if (!soak_run(settings, &result))
        fail_msg("seed %llu: %s", (unsigned long long)settings->seed, result.failure);
    return result;
}

static void run_seeds(const char *impairment, uint64_t bytes, unsigned seeds, unsigned checks_every)
{
    for (unsigned seed = 1; seed <= seeds; seed++) {
        struct soak_settings settings = {
            .seed = seed, .bytes = bytes, .impairment = faults(impairment), .checks_every = checks_every};
        run(&settings);
    }
}

static void a_clean_wire_needs_no_retransmission(void **state)
{
    (void)state;
    struct soak_result result = run(&(struct soak_settings){.seed = 1, .bytes = 16 * MIB, .is_direct = true});
    assert_int_equal(result.retransmitted, 0);
}

static void super_segments_carry_the_streams_too(void **state)
{
    (void)state;
    struct soak_result result =
        run(&(struct soak_settings){.seed = 1, .bytes = 16 * MIB, .is_direct = true, .has_offload = true});
    assert_int_equal(result.retransmitted, 0);
}

static void a_wire_with_delay_and_room_needs_no_retransmission(void **state)
{
    (void)state;
    struct soak_settings settings = {.seed = 1, .bytes = 4 * MIB, .impairment = faults("delay=10ms,jitter=2ms")};
    assert_int_equal(run(&settings).retransmitted, 0);
}

static void nothing_at_all_to_send_opens_and_closes(void **state)
{
    (void)state;
    run(&(struct soak_settings){.seed = 1, .bytes = 0, .is_direct = true});
    run_seeds("loss=20%,delay=5ms", 0, 20, 1);
}

static void a_single_byte_each_way_survives_a_bad_wire(void **state)
{
    (void)state;
    run_seeds("loss=20%,dup=20%,reorder=20%,corrupt=5%,delay=5ms", 1, 20, 1);
}

static void small_mtus_work(void **state)
{
    (void)state;
    const uint16_t mtus[] = {576, 577, 1280, 9000, 65535};
    for (unsigned i = 0; i < sizeof mtus / sizeof mtus[0]; i++)
        run(&(struct soak_settings){.seed = i, .bytes = 1 * MIB, .mtu = mtus[i], .is_direct = true});
}

static void loss_alone(void **state)
{
    (void)state;
    run_seeds("loss=5%,delay=2ms", 512 * KIB, 4, 16);
}

static void duplication_alone(void **state)
{
    (void)state;
    run_seeds("dup=20%,delay=2ms", 512 * KIB, 4, 16);
}

static void reordering_alone(void **state)
{
    (void)state;
    run_seeds("reorder=20%,gap=10,delay=2ms", 512 * KIB, 4, 16);
}

static void corruption_alone(void **state)
{
    (void)state;
    run_seeds("corrupt=5%,delay=2ms", 512 * KIB, 4, 16);
}

static void all_faults_together(void **state)
{
    (void)state;
    run_seeds("loss=5%,dup=5%,reorder=10%,corrupt=1%,delay=1ms", 1 * MIB, 6, 0);
}

static void all_faults_together_with_every_invariant_checked_each_turn(void **state)
{
    (void)state;
    run_seeds("loss=10%,dup=10%,reorder=20%,corrupt=5%,delay=3ms,jitter=1ms", 64 * KIB, 10, 1);
}

static void a_bottleneck_with_a_short_queue(void **state)
{
    (void)state;
    run_seeds("rate=10mbit,queue=20k,delay=20ms", 1 * MIB, 2, 16);
}

static void a_stack_short_of_memory_is_slow_but_right(void **state)
{
    (void)state;
    run(&(struct soak_settings){.seed = 1, .bytes = 4 * MIB, .memory_bytes = 1 * MIB, .is_direct = true});
    run(&(struct soak_settings){
        .seed = 2, .bytes = 512 * KIB, .memory_bytes = 512 * KIB, .impairment = faults("loss=2%,delay=2ms")});
}

static void a_seed_always_gives_the_same_run(void **state)
{
    (void)state;
    struct soak_settings settings = {
        .seed = 99, .bytes = 256 * KIB, .impairment = faults("loss=5%,dup=5%,reorder=10%,corrupt=1%,delay=1ms")};
    struct soak_result first = run(&settings), second = run(&settings);
    assert_int_equal(first.took, second.took);
    assert_int_equal(first.turns, second.turns);
    assert_memory_equal(first.faults, second.faults, sizeof first.faults);
    assert_true(first.retransmitted > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clean_wire_needs_no_retransmission),
        cmocka_unit_test(super_segments_carry_the_streams_too),
        cmocka_unit_test(a_wire_with_delay_and_room_needs_no_retransmission),
        cmocka_unit_test(nothing_at_all_to_send_opens_and_closes),
        cmocka_unit_test(a_single_byte_each_way_survives_a_bad_wire),
        cmocka_unit_test(small_mtus_work),
        cmocka_unit_test(loss_alone),
        cmocka_unit_test(duplication_alone),
        cmocka_unit_test(reordering_alone),
        cmocka_unit_test(corruption_alone),
        cmocka_unit_test(all_faults_together),
        cmocka_unit_test(all_faults_together_with_every_invariant_checked_each_turn),
        cmocka_unit_test(a_bottleneck_with_a_short_queue),
        cmocka_unit_test(a_stack_short_of_memory_is_slow_but_right),
        cmocka_unit_test(a_seed_always_gives_the_same_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
