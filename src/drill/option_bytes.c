/*
 * TCP options as bytes: see option_bytes.h.
 */
#include "drill/option_bytes.h"

#include "base/bytes.h"

#include <string.h>

/* A kind's values, each of so many bytes; 0: kept as bytes. */
static unsigned value_bytes(uint8_t kind)
{
    switch (kind) {
    case WIRE_MSS:
    case WIRE_UTO:
        return 2;
    case WIRE_WSCALE:
        return 1;
    case WIRE_SACK:
    case WIRE_TS:
        return 4;
    default:
        return 0;
    }
}

static void read_values(struct drill_option *option, const uint8_t *at, size_t bytes, uint32_t sack_base)
{
    size_t each = value_bytes(option->kind);

    if (each == 0 || bytes % each != 0 || bytes / each > 8) {
        option->byte_count = (uint8_t)bytes;
        memcpy(option->bytes, at, bytes);
        return;
    }
    for (size_t i = 0; i < bytes; i += each)
        option->values[option->value_count++] = each == 1 ? at[i] : each == 2 ? get_be16(at + i) : get_be32(at + i);
    for (unsigned i = 0; option->kind == WIRE_SACK && i < option->value_count; i++)
        option->values[i] -= sack_base;
}

unsigned option_bytes_parse(const uint8_t *at, size_t bytes, uint32_t sack_base, struct drill_option *to)
{
    unsigned count = 0;
    size_t i = 0;

    while (i < bytes && count < DRILL_OPTIONS_MAX) {
        struct drill_option *option = &to[count++];
        size_t length = at[i] <= WIRE_NOP ? 1 : i + 1 < bytes ? at[i + 1] : 0;

        memset(option, 0, sizeof *option);
        option->kind = at[i];
        if (at[i] > WIRE_NOP && (length < 2 || i + length > bytes))
            break;
        if (length > 2)
            read_values(option, at + i + 2, length - 2, sack_base);
        i += length;
    }
    return count;
}

static size_t data_bytes(const struct drill_option *option)
{
    return option->value_count > 0 ? option->value_count * value_bytes(option->kind) : option->byte_count;
}

static void write_value(uint8_t *to, unsigned bytes, uint32_t value)
{
    if (bytes == 1)
        *to = (uint8_t)value;
    else if (bytes == 2)
        put_be16(to, (uint16_t)value);
    else
        put_be32(to, value);
}

/* All of it, kind and length included. */
static size_t whole_bytes(const struct drill_option *option)
{
    if (option->raw)
        return option->byte_count;
    return option->kind <= WIRE_NOP ? 1 : 2 + data_bytes(option);
}

static void write_option(const struct drill_option *option, uint32_t sack_base, uint32_t ts_offset, uint8_t *to)
{
    unsigned each = value_bytes(option->kind);

    to[0] = option->kind;
    to[1] = (uint8_t)(2 + data_bytes(option));
    if (option->value_count == 0)
        memcpy(to + 2, option->bytes, option->byte_count);
    for (unsigned i = 0; i < option->value_count; i++) {
        uint32_t value = option->values[i];

        if (option->kind == WIRE_SACK)
            value += sack_base;
        if (option->kind == WIRE_TS && i == 1)
            value -= ts_offset;
        write_value(to + 2 + i * each, each, value);
    }
}

int option_bytes_build(const struct drill_packet *packet, uint32_t sack_base, uint32_t ts_offset, uint8_t to[40])
{
    size_t used = 0;

    for (unsigned i = 0; i < packet->option_count; i++) {
        const struct drill_option *option = &packet->options[i];
        size_t bytes = whole_bytes(option);

        if (used + bytes > 40)
            return -1;
        if (option->raw)
            memcpy(to + used, option->bytes, bytes);
        else if (option->kind <= WIRE_NOP)
            to[used] = option->kind;
        else
            write_option(option, sack_base, ts_offset, to + used);
        used += bytes;
    }
    while (used % 4 != 0)
        to[used++] = WIRE_EOL;
    return (int)used;
}

static void describe_one(const struct drill_option *option, struct text *to)
{
    static const char *const names[] = {"eol", "nop", "mss", "wscale", "sackOK", "sack"};
    const uint32_t *v = option->values;

    if (option->kind == WIRE_TS && option->value_count == 2) {
        text_add(to, "TS val %u ecr %u", v[0], v[1]);
        return;
    }
    if (option->kind == WIRE_FAST_OPEN)
        text_add(to, "FO");
    else if (option->kind < sizeof names / sizeof names[0])
        text_add(to, "%s", names[option->kind]);
    else
        text_add(to, "option %u", option->kind);
    for (unsigned i = 0; i < option->value_count; i++)
        text_add(to, option->kind == WIRE_SACK && i % 2 == 1 ? ":%u" : " %u", v[i]);
    for (unsigned i = 0; i < option->byte_count; i++)
        text_add(to, i == 0 ? " %02x" : "%02x", option->bytes[i]);
}

void option_bytes_describe(const struct drill_option *options, unsigned count, struct text *to)
{
    text_add(to, " <");
    for (unsigned i = 0; i < count; i++) {
        if (i > 0)
            text_add(to, ",");
        describe_one(&options[i], to);
    }
    text_add(to, ">");
}
