/* One impaired direction, in virtual time: what goes in, what comes out, and when. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/impaired_link.h"
#include "support/cmocka_all.h"
#include "wire/checksum.h"

#define MS NANOS_PER_MS
#define PACKETS 100000u

/* A packet that has come out: its number, and when. */
struct arrival {
    uint32_t number;
    rill_time at;
    bool is_damaged;
};

struct fixture {
    struct impaired_link link;
    struct arrival *arrivals;
    unsigned count, capacity;
    rill_time now;
};

static void start(struct fixture *f, struct rill_impairment impairment)
{
    memset(f, 0, sizeof *f);
    f->capacity = 3 * PACKETS;
    f->arrivals = calloc(f->capacity, sizeof *f->arrivals);
    assert_non_null(f->arrivals);
    impaired_link_init(&f->link, &impairment, "tx");
}

static void stop(struct fixture *f)
{
    impaired_link_free(&f->link);
    free(f->arrivals);
}

/* Every byte says its packet's number; a wrong one shows. */
static void enter(struct fixture *f, uint32_t number, uint32_t length_bytes)
{
    static uint8_t data[65536];
    for (uint32_t i = 0; i < length_bytes; i++)
        data[i] = (uint8_t)(number >> (i % 4 * 8));
    struct rill_packet packet = {.data = data, .length_bytes = length_bytes, .flags = RILL_PACKET_CHECKSUM_OK};
    impaired_link_enter(&f->link, &packet, f->now);
}

/* How many bits differ from what went in; the number is the majority of the first 12 bytes. */
static unsigned damaged_bits(const struct flight *flight, uint32_t number)
{
    unsigned bits = 0;
    for (uint32_t i = 0; i < flight->length_bytes; i++)
        bits += (unsigned)__builtin_popcount((unsigned)(flight->data[i] ^ (uint8_t)(number >> (i % 4 * 8))));
    return bits;
}

static uint32_t number_in(const struct flight *flight)
{
    uint32_t copies[3] = {0};
    assert_true(flight->length_bytes >= 12);
    for (unsigned i = 0; i < 12; i++)
        copies[i / 4] |= (uint32_t)flight->data[i] << (i % 4 * 8);
    return (copies[0] & copies[1]) | (copies[1] & copies[2]) | (copies[0] & copies[2]);
}

static void take_arrived(struct fixture *f)
{
    const struct flight *flight;
    impaired_link_advance(&f->link, f->now);
    while ((flight = impaired_link_peek(&f->link)) != NULL) {
        assert_true(f->count < f->capacity);
        uint32_t number = number_in(flight);
        f->arrivals[f->count++] = (struct arrival){number, f->now, damaged_bits(flight, number) != 0};
        struct flight *done = impaired_link_taken(&f->link);
        if (done != NULL)
            impaired_link_forget(&f->link, done);
    }
}

/* Step from deadline to deadline until `until`. */
static void run_until(struct fixture *f, rill_time until)
{
    for (;;) {
        take_arrived(f);
        rill_time next = impaired_link_deadline(&f->link);
        if (next > until)
            break;
        assert_true(next > f->now);
        f->now = next;
    }
    if (until != RILL_NEVER)
        f->now = until;
}

static void run_dry(struct fixture *f)
{
    run_until(f, RILL_NEVER - 1);
    assert_null(f->link.travelling.head);
    assert_null(f->link.held.head);
    assert_int_equal(f->link.owned_bytes, 0);
}

static void a_perfect_wire_delivers_all_at_once_in_order(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, (struct rill_impairment){0});
    for (uint32_t i = 0; i < 1000; i++)
        enter(&f, i, 100);
    take_arrived(&f);
    assert_int_equal(f.count, 1000);
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(f.arrivals[i].number, i);
    assert_true(impaired_link_deadline(&f.link) == RILL_NEVER);
    stop(&f);
}

static void delay_is_exact(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, (struct rill_impairment){.delay = 20 * MS});
    f.now = 7;
    enter(&f, 1, 100);
    assert_int_equal(impaired_link_deadline(&f.link), 20 * MS + 7);
    f.now = 20 * MS + 6;
    take_arrived(&f);
    assert_int_equal(f.count, 0);
    f.now++;
    take_arrived(&f);
    assert_int_equal(f.count, 1);
    stop(&f);
}

static void jitter_never_reorders_and_stays_in_its_bounds(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, (struct rill_impairment){.seed = 1, .delay = 5 * MS, .jitter = 3 * MS});
    for (uint32_t i = 0; i < 20000; i++) {
        run_until(&f, i * (MS / 10));
        enter(&f, i, 60);
    }
    run_dry(&f);
    assert_int_equal(f.count, 20000);
    bool has_jitter = false;
    for (uint32_t i = 0; i < f.count; i++) {
        rill_time took = f.arrivals[i].at - i * (MS / 10);
        assert_int_equal(f.arrivals[i].number, i);
        assert_in_range(took, 5 * MS, 8 * MS);
        has_jitter |= took > 6 * MS;
    }
    assert_true(has_jitter);
    stop(&f);
}

static void the_rate_is_exact_over_many_packets(void **state)
{
    struct fixture f;
    const uint64_t rate = 7777777; /* divides nothing */
    (void)state;
    start(&f, (struct rill_impairment){.rate_bits = rate, .queue_bytes = 1u << 30});
    for (uint32_t i = 0; i < 10000; i++)
        enter(&f, i, 1000 + i % 100);
    run_dry(&f);
    uint64_t bits = 0;
    for (uint32_t i = 0; i < 10000; i++) {
        bits += (1000 + i % 100) * 8;
        assert_int_equal(f.arrivals[i].at, bits * NANOS_PER_S / rate);
    }
    stop(&f);
}

static void an_idle_bottleneck_gives_no_credit(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, (struct rill_impairment){.rate_bits = 8000000}); /* a byte per us */
    run_until(&f, 1000 * MS);
    enter(&f, 0, 1000);
    enter(&f, 1, 1000);
    run_dry(&f);
    assert_int_equal(f.arrivals[0].at, 1001 * MS);
    assert_int_equal(f.arrivals[1].at, 1002 * MS);
    stop(&f);
}

static void a_full_queue_drops_the_tail(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, (struct rill_impairment){.rate_bits = 8000000, .queue_bytes = 3000});
    for (uint32_t i = 0; i < 10; i++)
        enter(&f, i, 1000);
    assert_int_equal(f.link.counts.queue_dropped, 6);
    run_dry(&f);
    assert_int_equal(f.count, 4); /* one being sent, three waiting */
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(f.arrivals[i].number, i);
    stop(&f);
}

static void the_queue_has_room_again_when_a_packet_begins_to_leave(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, (struct rill_impairment){.rate_bits = 8000000, .queue_bytes = 1000});
    enter(&f, 0, 1000);
    enter(&f, 1, 1000);
    f.now = MS - 1;
    enter(&f, 2, 1000); /* number 1 still waits */
    assert_int_equal(f.link.counts.queue_dropped, 1);
    f.now = MS;
    enter(&f, 3, 1000);
    assert_int_equal(f.link.counts.queue_dropped, 1);
    run_dry(&f);
    assert_int_equal(f.count, 3);
    assert_int_equal(f.arrivals[2].number, 3);
    stop(&f);
}

static void a_packet_larger_than_the_queue_passes_an_idle_bottleneck(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, (struct rill_impairment){.rate_bits = 8000000, .queue_bytes = 100});
    enter(&f, 0, 1500);
    run_dry(&f);
    assert_int_equal(f.count, 1);
    stop(&f);
}

static void packets_in_flight_are_capped(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, (struct rill_impairment){.delay = 1000 * MS});
    for (uint32_t i = 0; i < 4200; i++)
        enter(&f, i, 65535);
    assert_int_equal(f.link.counts.queue_dropped, 4200 - (256u << 20) / 65535);
    assert_in_range(f.link.owned_bytes, (256u << 20) - 65535, 256u << 20);
    stop(&f);
}

static void scatter_reorders_and_stays_in_its_bounds(void **state)
{
    struct fixture f;
    uint32_t newest = 0, late = 0;
    (void)state;
    start(&f, (struct rill_impairment){.seed = 1, .delay = 5 * MS, .scatter = 3 * MS});
    for (uint32_t i = 0; i < 20000; i++) {
        run_until(&f, i * (MS / 10));
        enter(&f, i, 60);
    }
    run_dry(&f);
    assert_int_equal(f.count, 20000);
    for (uint32_t i = 0; i < f.count; i++) {
        assert_in_range(f.arrivals[i].at - f.arrivals[i].number * (MS / 10), 5 * MS, 8 * MS);
        late += f.arrivals[i].number < newest;
        newest = f.arrivals[i].number > newest ? f.arrivals[i].number : newest;
    }
    assert_in_range(late, 10000, 19999);
    assert_int_equal(f.link.counts.reordered, late);
    stop(&f);
}

static void what_exceeds_the_policer_s_rate_is_dropped_not_queued(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, (struct rill_impairment){.police_bits = 8000000, .police_bytes = 3000, .delay = MS}); /* a byte per us */
    for (uint32_t i = 0; i < 10; i++)
        enter(&f, i, 1000);
    assert_int_equal(f.link.counts.policed, 7);
    run_until(&f, 2 * MS);
    enter(&f, 10, 1000);
    enter(&f, 11, 1000);
    enter(&f, 12, 1000);
    assert_int_equal(f.link.counts.policed, 8);
    run_dry(&f);
    const uint32_t expected[] = {0, 1, 2, 10, 11};
    assert_int_equal(f.count, 5);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(f.arrivals[i].number, expected[i]);
    stop(&f);
}

static void bursts_have_their_share_and_their_mean_length(void **state)
{
    struct fixture f;
    uint32_t bursts = 0;
    (void)state;
    start(&f, (struct rill_impairment){.seed = 3, .burst = 0.01, .burst_packets = 8});
    for (uint32_t i = 0; i < PACKETS; i++)
        enter(&f, i, 60);
    run_dry(&f);
    for (uint32_t i = 1; i < f.count; i++)
        bursts += f.arrivals[i].number != f.arrivals[i - 1].number + 1;
    assert_in_range(bursts, 850, 1000); /* 1 % of the packets outside of bursts */
    assert_in_range(f.link.counts.lost / bursts, 7, 8);
    stop(&f);
}

static void a_burst_may_lose_a_part_only(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, (struct rill_impairment){.seed = 3, .burst = 1, .burst_packets = 65535, .burst_loss = 0.25});
    for (uint32_t i = 0; i < 10000; i++)
        enter(&f, i, 60);
    assert_in_range(f.link.counts.lost, 2200, 2800);
    stop(&f);
}

/* An IPv4 header with this type of service and a right checksum, the rest as enter() would have it. */
static void enter_with_tos(struct fixture *f, uint8_t tos)
{
    uint8_t data[1000] = {0x45, tos, 1000 >> 8, 1000 & 0xff, 0, 0, 0, 0, 64, 6};
    uint16_t checksum = checksum_finish(checksum_bytes20(data));
    data[10] = (uint8_t)(checksum >> 8);
    data[11] = (uint8_t)checksum;
    impaired_link_enter(&f->link, &(struct rill_packet){.data = data, .length_bytes = sizeof data}, f->now);
}

static void a_packet_that_finds_the_threshold_waiting_is_marked_when_it_can_be(void **state)
{
    struct fixture f;
    const uint8_t tos[] = {2, 2, 2, 2, 0, 1, 0x2e};
    const uint8_t expected[] = {2, 2, 2, 3, 0, 3, 0x2f}; /* the first is on its way, the next two wait */
    (void)state;
    start(&f, (struct rill_impairment){.rate_bits = 8000000, .mark_bytes = 2000});
    for (unsigned i = 0; i < sizeof tos; i++)
        enter_with_tos(&f, tos[i]);
    impaired_link_advance(&f.link, 7 * MS);
    for (unsigned i = 0; i < sizeof expected; i++) {
        const struct flight *flight = impaired_link_peek(&f.link);
        assert_non_null(flight);
        assert_int_equal(flight->data[1], expected[i]);
        assert_int_equal(checksum_finish(checksum_bytes20(flight->data)), 0);
        impaired_link_forget(&f.link, impaired_link_taken(&f.link));
    }
    assert_int_equal(f.link.counts.marked, 3);
    assert_int_equal(f.link.counts.queue_dropped, 0);
    stop(&f);
}

/* Twice the rate for two seconds. */
static void overload(struct fixture *f, uint8_t tos)
{
    for (uint32_t i = 0; i < 4000; i++) {
        f->now = i * MS / 2;
        enter_with_tos(f, tos);
    }
}

static void codel_drops_more_and_more_while_the_queue_stays_long(void **state)
{
    struct fixture f;
    uint64_t early;
    (void)state;
    start(&f, (struct rill_impairment){.rate_bits = 8000000, .codel = 5 * MS, .queue_bytes = 1u << 30});
    overload(&f, 0);
    early = f.link.counts.codel_dropped;
    assert_in_range(early, 10, 1000);
    overload(&f, 0);
    assert_true(f.link.counts.codel_dropped > 2 * early);
    stop(&f);
}

static void codel_marks_what_is_capable_of_it_and_leaves_a_short_queue_alone(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, (struct rill_impairment){.rate_bits = 8000000, .codel = 5 * MS, .queue_bytes = 1u << 30});
    for (uint32_t i = 0; i < 1000; i++) {
        f.now = i * MS;
        enter_with_tos(&f, 2);
    }
    assert_int_equal(f.link.counts.marked, 0);
    overload(&f, 2);
    assert_in_range(f.link.counts.marked, 10, 1000);
    assert_int_equal(f.link.counts.codel_dropped, 0);
    stop(&f);
}

static void loss_comes_before_the_queue_and_is_counted(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, (struct rill_impairment){.loss = 1, .rate_bits = 8});
    for (uint32_t i = 0; i < 100; i++)
        enter(&f, i, 1500);
    assert_int_equal(f.link.counts.packets, 100);
    assert_int_equal(f.link.counts.bytes, 150000);
    assert_int_equal(f.link.counts.lost, 100);
    assert_int_equal(f.link.counts.queue_dropped, 0);
    stop(&f);
}

static void a_copy_follows_right_behind(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, (struct rill_impairment){.duplicate = 1, .delay = MS});
    enter(&f, 1, 100);
    enter(&f, 2, 100);
    run_dry(&f);
    assert_int_equal(f.count, 4);
    const uint32_t expected[] = {1, 1, 2, 2};
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(f.arrivals[i].number, expected[i]);
        assert_int_equal(f.arrivals[i].at, MS);
    }
    assert_int_equal(f.link.counts.duplicated, 2);
    assert_int_equal(f.link.counts.delivered, 4);
    stop(&f);
}

/* Number 0 is held back for `distance` packets, all later ones are not. */
static void start_holding_first(struct fixture *f, uint32_t distance, rill_time delay)
{
    start(f, (struct rill_impairment){.reorder = 1, .reorder_packets = 1, .delay = delay});
    enter(f, 0, 100);
    f->link.travelling.head->held_for_packets = distance;
    f->link.impairment.reorder = 0;
}

static void a_held_packet_comes_right_behind_the_last_that_it_waits_for(void **state)
{
    struct fixture f;
    (void)state;
    start_holding_first(&f, 3, MS);
    for (uint32_t i = 1; i <= 5; i++)
        enter(&f, i, 100);
    run_dry(&f);
    const uint32_t expected[] = {1, 2, 3, 0, 4, 5};
    assert_int_equal(f.count, 6);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(f.arrivals[i].number, expected[i]);
    assert_int_equal(f.arrivals[3].at, MS);
    assert_int_equal(f.link.counts.reordered, 1);
    stop(&f);
}

static void a_held_packet_that_nothing_passes_is_let_go_after_ten_delays_and_1_ms(void **state)
{
    struct fixture f;
    (void)state;
    start_holding_first(&f, 3, 2 * MS);
    assert_int_equal(impaired_link_deadline(&f.link), 2 * MS);
    run_dry(&f);
    assert_int_equal(f.count, 1);
    assert_int_equal(f.arrivals[0].at, 23 * MS);
    assert_int_equal(f.link.counts.reordered, 0);
    stop(&f);
}

static void the_result_does_not_depend_on_how_often_the_clock_is_looked_at(void **state)
{
    struct fixture often, once;
    struct rill_impairment impairment = {
        .seed = 8,
        .delay = 3 * MS,
        .jitter = MS,
        .rate_bits = 50000000,
        .loss = 0.1,
        .duplicate = 0.1,
        .reorder = 0.3,
    };
    (void)state;
    start(&often, impairment);
    start(&once, impairment);
    for (uint32_t i = 0; i < 5000; i++) {
        run_until(&often, i * (MS / 5));
        enter(&often, i, 1000);
        once.now = i * (MS / 5);
        enter(&once, i, 1000);
    }
    run_dry(&often);
    once.now = 3600 * NANOS_PER_S;
    take_arrived(&once);
    assert_int_equal(often.count, once.count);
    for (unsigned i = 0; i < once.count; i++)
        assert_int_equal(often.arrivals[i].number, once.arrivals[i].number);
    stop(&often);
    stop(&once);
}

static void assert_share(uint64_t count, uint64_t of, double share)
{
    double sigma = sqrt((double)of * share * (1 - share));
    assert_true(fabs((double)count - (double)of * share) <= 5 * sigma);
}

static void measured_faults_are_as_asked_and_counted(void **state)
{
    struct fixture f;
    const struct rill_impaired_counts *counts = &f.link.counts;
    unsigned damaged = 0, overtaken = 0, newest = 0;
    (void)state;
    start(&f, (struct rill_impairment){
                  .seed = 20, .delay = MS, .loss = 0.05, .duplicate = 0.05, .reorder = 0.1, .corrupt = 0.01});
    for (uint32_t i = 0; i < PACKETS; i++) {
        run_until(&f, i * 1000);
        enter(&f, i, 64);
    }
    run_dry(&f);
    for (unsigned i = 0; i < f.count; i++) {
        bool is_copy = i > 0 && f.arrivals[i].number == f.arrivals[i - 1].number;
        damaged += f.arrivals[i].is_damaged && !is_copy;
        overtaken += f.arrivals[i].number < newest && !is_copy;
        newest = f.arrivals[i].number > newest ? f.arrivals[i].number : newest;
    }
    uint64_t entered = PACKETS - counts->lost;
    assert_share(counts->lost, PACKETS, 0.05);
    assert_share(counts->duplicated, entered, 0.05);
    assert_share(counts->corrupted, entered, 0.01);
    assert_share(counts->reordered, entered, 0.1);
    assert_int_equal(counts->packets, PACKETS);
    assert_int_equal(counts->delivered, f.count);
    assert_int_equal(f.count, entered + counts->duplicated);
    assert_int_equal(damaged, counts->corrupted);
    assert_int_equal(overtaken, counts->reordered);
    stop(&f);
}

static void corruption_flips_one_bit_and_takes_back_the_device_s_word(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, (struct rill_impairment){.seed = 4, .corrupt = 1});
    for (uint32_t i = 0; i < 1000; i++) {
        enter(&f, i, 40);
        impaired_link_advance(&f.link, f.now);
        const struct flight *flight = impaired_link_peek(&f.link);
        assert_int_equal(damaged_bits(flight, i), 1);
        assert_int_equal(flight->flags & RILL_PACKET_CHECKSUM_OK, 0);
        impaired_link_forget(&f.link, impaired_link_taken(&f.link));
    }
    stop(&f);
}

static void an_empty_packet_is_not_corrupted_but_passes(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, (struct rill_impairment){.corrupt = 1});
    enter(&f, 0, 0);
    impaired_link_advance(&f.link, f.now);
    assert_non_null(impaired_link_peek(&f.link));
    assert_int_equal(f.link.counts.corrupted, 0);
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_perfect_wire_delivers_all_at_once_in_order),
        cmocka_unit_test(delay_is_exact),
        cmocka_unit_test(jitter_never_reorders_and_stays_in_its_bounds),
        cmocka_unit_test(the_rate_is_exact_over_many_packets),
        cmocka_unit_test(an_idle_bottleneck_gives_no_credit),
        cmocka_unit_test(a_full_queue_drops_the_tail),
        cmocka_unit_test(the_queue_has_room_again_when_a_packet_begins_to_leave),
        cmocka_unit_test(a_packet_larger_than_the_queue_passes_an_idle_bottleneck),
        cmocka_unit_test(packets_in_flight_are_capped),
        cmocka_unit_test(scatter_reorders_and_stays_in_its_bounds),
        cmocka_unit_test(what_exceeds_the_policer_s_rate_is_dropped_not_queued),
        cmocka_unit_test(bursts_have_their_share_and_their_mean_length),
        cmocka_unit_test(a_burst_may_lose_a_part_only),
        cmocka_unit_test(a_packet_that_finds_the_threshold_waiting_is_marked_when_it_can_be),
        cmocka_unit_test(codel_drops_more_and_more_while_the_queue_stays_long),
        cmocka_unit_test(codel_marks_what_is_capable_of_it_and_leaves_a_short_queue_alone),
        cmocka_unit_test(loss_comes_before_the_queue_and_is_counted),
        cmocka_unit_test(a_copy_follows_right_behind),
        cmocka_unit_test(a_held_packet_comes_right_behind_the_last_that_it_waits_for),
        cmocka_unit_test(a_held_packet_that_nothing_passes_is_let_go_after_ten_delays_and_1_ms),
        cmocka_unit_test(the_result_does_not_depend_on_how_often_the_clock_is_looked_at),
        cmocka_unit_test(measured_faults_are_as_asked_and_counted),
        cmocka_unit_test(corruption_flips_one_bit_and_takes_back_the_device_s_word),
        cmocka_unit_test(an_empty_packet_is_not_corrupted_but_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
