/*
 * The text form of a wire's faults: "loss=2%,delay=10ms,rate=100mbit". Strict:
 * what is not understood is pointed at, never guessed.
 */
#include <string.h>

#include "base/types.h"
#include "rill/driver.h"

struct unit {
    const char *name;
    double factor;
};

static const struct unit time_units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {NULL, 0}};
static const struct unit rate_units[] = {{"bit", 1}, {"kbit", 1e3}, {"mbit", 1e6}, {"gbit", 1e9}, {NULL, 0}};
static const struct unit size_units[] = {{"", 1}, {"k", 1024}, {"m", 1048576}, {NULL, 0}};
static const struct unit share_units[] = {{"", 1}, {"%", 0.01}, {NULL, 0}};

enum field_type { FIELD_U32, FIELD_U64, FIELD_DOUBLE, FIELD_LIST };

struct word {
    const char *name;
    const struct unit *units; /* NULL: a whole number, taken digit by digit */
    double most;
    enum field_type type;
    size_t offset;
};

#define FIELD(type, member) FIELD_##type, offsetof(struct rill_impairment, member)
#define TIME_MOST 3.6e12 /* an hour, in ns: sums of such times stay far from wrapping */

static const struct word words[] = {
    {"seed", NULL, 0, FIELD(U64, seed)},
    {"gap", NULL, 65535, FIELD(U32, reorder_packets)},
    {"burstlen", NULL, 65535, FIELD(U32, burst_packets)},
    {"drop", NULL, 4294967295.0, FIELD(LIST, drop)},
    {"delay", time_units, TIME_MOST, FIELD(U64, delay)},
    {"jitter", time_units, TIME_MOST, FIELD(U64, jitter)},
    {"scatter", time_units, TIME_MOST, FIELD(U64, scatter)},
    {"codel", time_units, TIME_MOST, FIELD(U64, codel)},
    {"rate", rate_units, 1e12, FIELD(U64, rate_bits)},
    {"police", rate_units, 1e12, FIELD(U64, police_bits)},
    {"bucket", size_units, 1073741824.0, FIELD(U32, police_bytes)},
    {"queue", size_units, 4294967295.0, FIELD(U32, queue_bytes)},
    {"mark", size_units, 4294967295.0, FIELD(U32, mark_bytes)},
    {"loss", share_units, 1, FIELD(DOUBLE, loss)},
    {"burst", share_units, 1, FIELD(DOUBLE, burst)},
    {"burstloss", share_units, 1, FIELD(DOUBLE, burst_loss)},
    {"dup", share_units, 1, FIELD(DOUBLE, duplicate)},
    {"duplicate", share_units, 1, FIELD(DOUBLE, duplicate)},
    {"reorder", share_units, 1, FIELD(DOUBLE, reorder)},
    {"corrupt", share_units, 1, FIELD(DOUBLE, corrupt)},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool text_equals(const char *text, size_t length, const char *name)
{
    return strlen(name) == length && memcmp(text, name, length) == 0;
}

/* Digits only, all of the text, no overflow. */
static bool parse_whole(const char *text, size_t length, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < length; i++) {
        if (!is_digit(text[i]))
            return false;
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return length > 0;
}

/* Digits with at most one point and digits on either side of it; strtod() would take signs, hex and locales too. */
static size_t parse_decimal(const char *text, size_t length, double *out)
{
    size_t i = 0, digits = 0;
    double value = 0, scale = 1;
    bool has_point = false;
    for (; i < length && (is_digit(text[i]) || (text[i] == '.' && !has_point)); i++) {
        if (text[i] == '.') {
            has_point = true;
            continue;
        }
        digits++;
        value = value * 10 + (text[i] - '0');
        scale = has_point ? scale * 10 : scale;
    }
    bool is_complete = digits > 0 && text[0] != '.' && text[i - 1] != '.';
    *out = value / scale;
    return is_complete ? i : 0;
}

static bool parse_with_unit(const char *text, size_t length, const struct unit *units, double *out)
{
    double value = 0;
    size_t used = parse_decimal(text, length, &value);
    for (const struct unit *unit = units; used > 0 && unit->name != NULL; unit++) {
        if (text_equals(text + used, length - used, unit->name)) {
            *out = value * unit->factor;
            return true;
        }
    }
    return false;
}

/* Into the first place that is free; 0 is no packet's number. */
static bool add_drop(uint32_t *drop, uint32_t number)
{
    unsigned i = 0;
    while (i < RILL_DROPS_MAX && drop[i] != 0)
        i++;
    if (i == RILL_DROPS_MAX || number == 0)
        return false;
    drop[i] = number;
    return true;
}

static bool set_field(const struct word *word, const char *text, size_t length, struct rill_impairment *out)
{
    uint8_t *field = (uint8_t *)out + word->offset;
    double value = 0;
    uint64_t whole = 0;
    if (word->units == NULL) {
        if (!parse_whole(text, length, &whole) || (word->most > 0 && (double)whole > word->most))
            return false;
    } else {
        if (!parse_with_unit(text, length, word->units, &value) || value > word->most)
            return false;
        whole = (uint64_t)(value + 0.5);
    }
    uint32_t small = (uint32_t)whole;
    switch (word->type) {
    case FIELD_U32:
        memcpy(field, &small, sizeof small);
        break;
    case FIELD_U64:
        memcpy(field, &whole, sizeof whole);
        break;
    case FIELD_DOUBLE:
        memcpy(field, &value, sizeof value);
        break;
    case FIELD_LIST:
        return add_drop(out->drop, small);
    }
    return true;
}

/* One "name=value" of so many bytes. */
static bool parse_word(const char *text, size_t length, struct rill_impairment *out)
{
    const char *equals = memchr(text, '=', length);
    if (equals == NULL)
        return false;
    size_t name_bytes = (size_t)(equals - text);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (text_equals(text, name_bytes, words[i].name))
            return set_field(&words[i], equals + 1, length - name_bytes - 1, out);
    }
    return false;
}

int rill_impairment_parse(const char *text, struct rill_impairment *out, const char **where)
{
    struct rill_impairment parsed = {0};
    const char *at = text;
    while (*at != '\0') {
        size_t length = strcspn(at, ",");
        bool is_last = at[length] == '\0';
        if (!parse_word(at, length, &parsed) || (!is_last && at[length + 1] == '\0')) {
            *where = at;
            return -RILL_EINVAL;
        }
        at += is_last ? length : length + 1;
    }
    *out = parsed;
    return 0;
}
