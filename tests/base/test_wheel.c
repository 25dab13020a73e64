/* src/base/wheel.c against a plain array of deadlines. */
#include "region.h"

#include "base/wheel.h"

#define TIMERS 300
#define DAY (UINT64_C(86400) * NANOS_PER_S)
#define TICK (UINT64_C(1) << WHEEL_TICK_SHIFT)

struct owner {
    uint64_t padding;
    struct wheel_node node;
};

struct world {
    struct arena *arena;
    struct wheel wheel;
    ref owners[TIMERS];
    nanos deadlines[TIMERS]; /* the model: NANOS_NEVER when not armed */
    nanos now;
};

static struct owner *owner_at(const struct world *w, ref r)
{
    return arena_at(w->arena, r);
}

static struct world *world_open(nanos now)
{
    struct world *w = calloc(1, sizeof(*w));
    ref run;

    assert_non_null(w);
    w->arena = region_open(1 << 20);
    w->now = now;
    wheel_init(&w->wheel, offsetof(struct owner, node), now);
    run = arena_take(w->arena, 8, PAGE_RUN);
    assert_int_not_equal(run, REF_NONE);
    for (unsigned i = 0; i < TIMERS; i++) {
        w->owners[i] = run + i * 2; /* 32 bytes each */
        w->deadlines[i] = NANOS_NEVER;
        wheel_node_init(&owner_at(w, w->owners[i])->node);
    }
    return w;
}

static void world_close(struct world *w)
{
    free(w->arena);
    free(w);
}

static unsigned owner_number(const struct world *w, ref r)
{
    return (r - w->owners[0]) / 2;
}

static void arm(struct world *w, unsigned i, nanos deadline)
{
    wheel_arm(w->arena, &w->wheel, w->owners[i], deadline);
    w->deadlines[i] = deadline;
}

static void disarm(struct world *w, unsigned i)
{
    wheel_disarm(w->arena, &w->wheel, w->owners[i]);
    w->deadlines[i] = NANOS_NEVER;
}

static nanos model_minimum(const struct world *w)
{
    nanos minimum = NANOS_NEVER;

    for (unsigned i = 0; i < TIMERS; i++)
        minimum = min_u64(minimum, w->deadlines[i]);
    return minimum;
}

/* Everything due fires, nothing else does, ticks in order. */
static void expire_all(struct world *w)
{
    nanos last_tick = 0;
    ref r;

    while ((r = wheel_expire(w->arena, &w->wheel, w->now)) != REF_NONE) {
        unsigned i = owner_number(w, r);

        assert_true(w->deadlines[i] <= w->now);
        assert_true(owner_at(w, r)->node.deadline == NANOS_NEVER);
        assert_true(w->deadlines[i] >> WHEEL_TICK_SHIFT >= last_tick || last_tick == 0);
        last_tick = w->deadlines[i] >> WHEEL_TICK_SHIFT;
        w->deadlines[i] = NANOS_NEVER;
    }
    assert_true(model_minimum(w) > w->now);
}

/* Any magnitude from 1 ns to 60 days is as likely as any other. */
static nanos draw_span(uint64_t *seed)
{
    nanos span = draw(seed) >> draw_below(seed, 64);

    return span % (60 * DAY) + 1;
}

static void run_model(uint64_t seed, unsigned steps)
{
    struct world *w = world_open(draw_span(&seed));

    for (unsigned step = 0; step < steps; step++) {
        unsigned i = draw_below(&seed, TIMERS);

        switch (draw_below(&seed, 8)) {
        case 0:
            disarm(w, i);
            break;
        case 1:
            w->now += draw_below(&seed, 50) == 0 ? 30 * DAY : draw_span(&seed) >> draw_below(&seed, 40);
            expire_all(w);
            break;
        default:
            arm(w, i, w->now + draw_span(&seed));
            break;
        }
        assert_true(wheel_deadline(w->arena, &w->wheel) == model_minimum(w));
        if (step % 16 == 0)
            assert_true(wheel_check(w->arena, &w->wheel));
    }
    world_close(w);
}

static void wheel_agrees_with_a_plain_list_of_deadlines(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++)
        run_model(seed, 5000);
}

static void next_deadline_is_where_the_next_timer_fires(void **state)
{
    uint64_t seed = 7;
    struct world *w = world_open(0);

    (void)state;
    for (unsigned i = 0; i < TIMERS; i++)
        arm(w, i, draw_span(&seed));
    for (unsigned fired = 0; fired < TIMERS; fired++) {
        nanos deadline = wheel_deadline(w->arena, &w->wheel);

        assert_int_equal(wheel_expire(w->arena, &w->wheel, deadline - 1), REF_NONE);
        assert_int_not_equal(wheel_expire(w->arena, &w->wheel, deadline), REF_NONE);
    }
    assert_true(wheel_deadline(w->arena, &w->wheel) == NANOS_NEVER);
    world_close(w);
}

static void timer_does_not_fire_one_nanosecond_early(void **state)
{
    static const nanos spans[] = {1, TICK - 1, TICK, TICK + 1, 63 * TICK, 64 * TICK, 4096 * TICK, 14 * DAY, 60 * DAY};
    struct world *w = world_open(12345);

    (void)state;
    for (unsigned i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
        arm(w, 0, w->now + spans[i]);
        w->now += spans[i];
        assert_int_equal(wheel_expire(w->arena, &w->wheel, w->now - 1), REF_NONE);
        assert_int_equal(wheel_expire(w->arena, &w->wheel, w->now), w->owners[0]);
    }
    world_close(w);
}

static void deadline_in_the_past_fires_at_the_next_expire(void **state)
{
    struct world *w = world_open(10 * NANOS_PER_S);

    (void)state;
    assert_int_equal(wheel_expire(w->arena, &w->wheel, w->now), REF_NONE);
    arm(w, 0, 3);
    arm(w, 1, w->now - NANOS_PER_S);
    assert_true(wheel_deadline(w->arena, &w->wheel) == 3);
    assert_int_not_equal(wheel_expire(w->arena, &w->wheel, w->now), REF_NONE);
    assert_int_not_equal(wheel_expire(w->arena, &w->wheel, w->now), REF_NONE);
    assert_int_equal(wheel_expire(w->arena, &w->wheel, w->now), REF_NONE);
    world_close(w);
}

static void deadline_now_fires_now(void **state)
{
    struct world *w = world_open(99);

    (void)state;
    arm(w, 0, 99);
    assert_int_equal(wheel_expire(w->arena, &w->wheel, 99), w->owners[0]);
    world_close(w);
}

static void arming_for_never_disarms(void **state)
{
    struct world *w = world_open(0);

    (void)state;
    arm(w, 0, 5);
    arm(w, 0, NANOS_NEVER);
    assert_int_equal(w->wheel.armed, 0);
    assert_int_equal(wheel_expire(w->arena, &w->wheel, DAY), REF_NONE);
    world_close(w);
}

static void disarming_an_idle_timer_changes_nothing(void **state)
{
    struct world *w = world_open(0);

    (void)state;
    arm(w, 1, 5);
    disarm(w, 0);
    assert_int_equal(w->wheel.armed, 1);
    assert_true(wheel_check(w->arena, &w->wheel));
    world_close(w);
}

static void latest_possible_deadline_can_be_armed(void **state)
{
    struct world *w = world_open(0);

    (void)state;
    arm(w, 0, NANOS_NEVER - 1);
    assert_true(wheel_deadline(w->arena, &w->wheel) == NANOS_NEVER - 1);
    assert_int_equal(wheel_expire(w->arena, &w->wheel, NANOS_NEVER - 2), REF_NONE);
    assert_int_equal(wheel_expire(w->arena, &w->wheel, NANOS_NEVER - 1), w->owners[0]);
    world_close(w);
}

static void timers_of_one_tick_fire_each_at_its_own_nanosecond(void **state)
{
    struct world *w = world_open(0);

    (void)state;
    for (unsigned i = 0; i < TIMERS; i++)
        arm(w, i, 5 * TICK + TIMERS - i);
    for (unsigned i = 0; i < TIMERS; i++) {
        w->now = 5 * TICK + 1 + i;
        assert_int_equal(wheel_expire(w->arena, &w->wheel, w->now), w->owners[TIMERS - 1 - i]);
        assert_int_equal(wheel_expire(w->arena, &w->wheel, w->now), REF_NONE);
    }
    world_close(w);
}

/* Otherwise all of a busy stack's timers would lie in one slot of a high level. */
static void timers_lie_in_the_lowest_level_again_after_a_long_idle_time(void **state)
{
    struct world *w = world_open(0);

    (void)state;
    w->now = 4096 * 64 * TICK;
    assert_int_equal(wheel_expire(w->arena, &w->wheel, w->now), REF_NONE);
    arm(w, 0, w->now + 63 * TICK);
    assert_true(w->wheel.occupied[0] != 0);
    w->now += 62 * TICK;
    assert_int_equal(wheel_expire(w->arena, &w->wheel, w->now), REF_NONE);
    assert_true(w->wheel.tick == w->now / TICK);
    world_close(w);
}

/* 10^5 timers: that this ends at once shows that no operation walks them all. */
static void hundred_thousand_timers_are_armed_moved_and_disarmed(void **state)
{
    enum { COUNT = 100000 };
    struct arena *arena = region_open(8 << 20);
    ref run = arena_take(arena, COUNT * 32 / 4096 + 1, PAGE_RUN);
    struct wheel wheel;
    uint64_t seed = 3;

    (void)state;
    assert_int_not_equal(run, REF_NONE);
    wheel_init(&wheel, offsetof(struct owner, node), 0);
    for (unsigned i = 0; i < COUNT; i++) {
        wheel_node_init(&((struct owner *)arena_at(arena, run + 2 * i))->node);
        wheel_arm(arena, &wheel, run + 2 * i, 2 * 3600 * NANOS_PER_S + draw_span(&seed));
    }
    for (unsigned i = 0; i < COUNT; i++) {
        wheel_arm(arena, &wheel, run + 2 * i, 200 * NANOS_PER_MS);
        assert_true(wheel_deadline(arena, &wheel) == 200 * NANOS_PER_MS);
        wheel_disarm(arena, &wheel, run + 2 * i);
        assert_true(wheel_deadline(arena, &wheel) > 3600 * NANOS_PER_S);
        wheel_arm(arena, &wheel, run + 2 * i, 3 * 3600 * NANOS_PER_S + 60 * DAY);
    }
    assert_true(wheel_check(arena, &wheel));
    for (unsigned i = 0; i < COUNT; i++)
        wheel_disarm(arena, &wheel, run + 2 * i);
    assert_int_equal(wheel.armed, 0);
    assert_true(wheel_deadline(arena, &wheel) == NANOS_NEVER);
    region_close(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wheel_agrees_with_a_plain_list_of_deadlines),
        cmocka_unit_test(next_deadline_is_where_the_next_timer_fires),
        cmocka_unit_test(timer_does_not_fire_one_nanosecond_early),
        cmocka_unit_test(deadline_in_the_past_fires_at_the_next_expire),
        cmocka_unit_test(deadline_now_fires_now),
        cmocka_unit_test(arming_for_never_disarms),
        cmocka_unit_test(disarming_an_idle_timer_changes_nothing),
        cmocka_unit_test(latest_possible_deadline_can_be_armed),
        cmocka_unit_test(timers_of_one_tick_fire_each_at_its_own_nanosecond),
        cmocka_unit_test(timers_lie_in_the_lowest_level_again_after_a_long_idle_time),
        cmocka_unit_test(hundred_thousand_timers_are_armed_moved_and_disarmed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
