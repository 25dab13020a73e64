/*
 * src/base/seq.h: the two-operand helpers over all 2^32 differences, the
 * three-operand ones over all positions and spans of a 16-bit instantiation of
 * the same text. What is expected is never computed: each range of differences
 * is walked with the answers that RFC 9293 3.4 wants of it.
 */
/* gcc vectorizes these loops only at -O3: 6 seconds instead of 75. */
#if defined(__OPTIMIZE__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

#include "region.h"

#include "base/seq.h"
#include "support/sanitized.h"

struct seq16 {
    uint16_t v;
};

#define SEQ_TYPE struct seq16
#define SEQ_WORD uint16_t
#define SEQ_HALF UINT16_C(0x8000)
#define SEQ_NAME(verb) seq16_##verb
#include "base/seq_template.h"
#undef SEQ_TYPE
#undef SEQ_WORD
#undef SEQ_HALF
#undef SEQ_NAME

/* Without optimization, or with sanitizers, only every 61st: those builds look for other things. */
#if !defined(__OPTIMIZE__) || IS_SANITIZED
#define STRIDE 61
#else
#define STRIDE 1
#endif

static const uint32_t corners[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff};
#define CORNERS (sizeof(corners) / sizeof(corners[0]))

/* The answers for a, and b = a + difference, in one range of differences. */
struct masks {
    uint32_t equal, before, after, before_or_equal, after_or_equal;
    uint32_t max_is_b, min_is_b;
};

#define YES UINT32_MAX

static const struct masks same = {.equal = YES, .before_or_equal = YES, .after_or_equal = YES};
static const struct masks b_follows = {.before = YES, .before_or_equal = YES, .max_is_b = YES};
static const struct masks b_precedes = {.after = YES, .after_or_equal = YES, .min_is_b = YES};
static const struct masks opposite = {.equal = 0};

/* The bits that are wrong for one difference: none. The answers are 0 or all ones here, so that this is vectorized. */
static inline uint32_t wrong_bits(struct seq a, uint32_t d, const struct masks *right)
{
    struct seq b = {a.v + d};
    uint32_t bad = 0;

    bad |= (seq_equal(a, b) ? UINT32_MAX : 0) ^ right->equal;
    bad |= (seq_before(a, b) ? UINT32_MAX : 0) ^ right->before;
    bad |= (seq_after(a, b) ? UINT32_MAX : 0) ^ right->after;
    bad |= (seq_before_or_equal(a, b) ? UINT32_MAX : 0) ^ right->before_or_equal;
    bad |= (seq_after_or_equal(a, b) ? UINT32_MAX : 0) ^ right->after_or_equal;
    bad |= seq_max(a, b).v ^ ((right->max_is_b & b.v) | (~right->max_is_b & a.v));
    bad |= seq_min(a, b).v ^ ((right->min_is_b & b.v) | (~right->min_is_b & a.v));
    bad |= seq_add(a, d).v ^ b.v;
    bad |= seq_sub(b, d).v ^ a.v;
    bad |= seq_offset(a, b) ^ d;
    return bad;
}

/* Is any difference from first to last answered otherwise? */
static bool any_wrong(uint32_t base, uint32_t first, uint32_t last, struct masks right)
{
    struct seq a = {base};
    uint32_t count = (last - first) / STRIDE + 1;
    uint32_t bad = 0;

    for (uint32_t i = 0; i < count; i++)
        bad |= wrong_bits(a, first + i * STRIDE, &right);
    return bad | wrong_bits(a, last, &right);
}

static void two_operand_helpers_are_right_at_every_difference(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CORNERS; i++) {
        assert_false(any_wrong(corners[i], 0, 0, same));
        assert_false(any_wrong(corners[i], 1, 0x7fffffff, b_follows));
        assert_false(any_wrong(corners[i], 0x80000000, 0x80000000, opposite));
        assert_false(any_wrong(corners[i], 0x80000001, 0xffffffff, b_precedes));
    }
}

/* The comparisons must be able to fail. */
static void wrong_expectations_are_noticed(void **state)
{
    (void)state;
    assert_true(any_wrong(7, 0x80000000, 0x80000000, b_follows));
    assert_true(any_wrong(7, 0x7fffffff, 0x7fffffff, b_precedes));
    assert_true(any_wrong(7, 1, 0x80000000, b_follows));
}

/* Is any position from first to before last, counted from start, answered otherwise? */
static bool wrong_in_span(uint16_t start, uint16_t span, uint32_t first, uint32_t last, bool right)
{
    uint16_t yes = 0;
    uint16_t no = 0;

    for (uint32_t k = first; k < last; k++) {
        bool in = seq16_in_span((struct seq16){(uint16_t)(start + k)}, (struct seq16){start}, span);

        yes |= in;
        no |= !in;
    }
    return right ? no : yes;
}

static bool wrong_between(uint16_t low, uint16_t high, uint32_t first, uint32_t last, bool right)
{
    uint16_t yes = 0;
    uint16_t no = 0;

    for (uint32_t k = first; k < last; k++) {
        bool in = seq16_between((struct seq16){low}, (struct seq16){(uint16_t)(low + k)}, (struct seq16){high});

        yes |= in;
        no |= !in;
    }
    return right ? no : yes;
}

static const uint16_t starts[] = {0, 1, 0x7fff, 0x8000, 0xffff};
#define STARTS (sizeof(starts) / sizeof(starts[0]))
#define RANGE UINT32_C(0x10000)

static void in_span_is_right_at_every_position_and_span(void **state)
{
    (void)state;
    for (unsigned i = 0; i < STARTS; i++) {
        for (uint32_t span = 0; span < RANGE; span += STRIDE) {
            assert_false(wrong_in_span(starts[i], (uint16_t)span, 0, span, true));
            assert_false(wrong_in_span(starts[i], (uint16_t)span, span, RANGE, false));
        }
    }
}

static void between_is_right_at_every_position_and_span(void **state)
{
    (void)state;
    for (unsigned i = 0; i < STARTS; i++) {
        for (uint32_t span = 0; span < RANGE; span += STRIDE) {
            uint16_t high = (uint16_t)(starts[i] + span);

            assert_false(wrong_between(starts[i], high, 0, span + 1, true));
            assert_false(wrong_between(starts[i], high, span + 1, RANGE, false));
        }
    }
}

/* Any start: what holds at the corners holds everywhere. */
static void three_operand_helpers_do_not_depend_on_where_they_are(void **state)
{
    uint64_t seed = 4;

    (void)state;
    for (uint32_t start = 0; start < RANGE; start++) {
        uint16_t at = (uint16_t)start;
        uint16_t span = (uint16_t)draw(&seed);

        for (unsigned i = 0; i < 256; i++) {
            uint16_t k = (uint16_t)draw(&seed);
            struct seq16 x = {(uint16_t)(at + k)};

            assert_int_equal(seq16_in_span(x, (struct seq16){at}, span), k < span);
            assert_int_equal(seq16_between((struct seq16){at}, x, (struct seq16){(uint16_t)(at + span)}), k <= span);
        }
    }
}

static void three_operand_helpers_hold_at_32_bit_corners(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CORNERS; i++) {
        struct seq start = {corners[i]};

        for (unsigned j = 0; j < CORNERS; j++) {
            uint32_t span = corners[j];

            assert_int_equal(seq_in_span(start, start, span), span > 0);
            assert_false(seq_in_span(seq_add(start, span), start, span));
            assert_true(seq_between(start, start, seq_add(start, span)));
            assert_true(seq_between(start, seq_add(start, span), seq_add(start, span)));
            if (span == 0)
                continue;
            assert_true(seq_in_span(seq_add(start, span - 1), start, span));
            assert_false(seq_in_span(seq_sub(start, 1), start, span));
            if (span < UINT32_MAX)
                assert_false(seq_between(start, seq_add(start, span + 1), seq_add(start, span)));
        }
    }
}

static void make_keeps_the_value(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CORNERS; i++)
        assert_int_equal(seq_make(corners[i]).v, corners[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_operand_helpers_are_right_at_every_difference),
        cmocka_unit_test(wrong_expectations_are_noticed),
        cmocka_unit_test(in_span_is_right_at_every_position_and_span),
        cmocka_unit_test(between_is_right_at_every_position_and_span),
        cmocka_unit_test(three_operand_helpers_do_not_depend_on_where_they_are),
        cmocka_unit_test(three_operand_helpers_hold_at_32_bit_corners),
        cmocka_unit_test(make_keeps_the_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
