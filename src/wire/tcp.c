/*
 * TCP segments: RFC 9293 3.1 and 3.2, with the options of RFC 2018, 5482, 7323
 * and 7413. Any bytes, any length; the connection is not known here. Nearly all
 * segments carry either no option or NOP NOP timestamp (RFC 7323 appendix A):
 * both are read and written without a loop.
 */
#include "wire/tcp.h"

#include "base/bytes.h"

enum tcp_option_kind {
    KIND_END = 0,
    KIND_NOP = 1,
    KIND_MSS = 2,
    KIND_WINDOW_SCALE = 3,
    KIND_SACK_PERMITTED = 4,
    KIND_SACK = 5,
    KIND_TIMESTAMP = 8,
    KIND_USER_TIMEOUT = 28,
    KIND_FAST_OPEN = 34,
    KIND_ACCURATE_ECN_0 = 172,
    KIND_ACCURATE_ECN_1 = 174,
    KIND_EXPERIMENT = 254, /* RFC 6994: shared, told apart by the first two bytes */
};

#define FAST_OPEN_EXPERIMENT 0xf989u /* RFC 7413 appendix A */

#define WINDOW_SCALE_MAX 14u

/* Four bytes of options as one word. */
#define OPTION_WORD(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))
#define NOP_NOP(kind, length) OPTION_WORD(KIND_NOP, KIND_NOP, kind, length)
#define NOP_NOP_TIMESTAMP NOP_NOP(KIND_TIMESTAMP, 10u)
#define TIMESTAMP_BYTES_ALIGNED 12u

/* -------------------------------------------------------------------- parse */

static bool fast_open_length_is_valid(uint32_t cookie_bytes)
{
    return cookie_bytes == 0 || (cookie_bytes >= 4 && cookie_bytes <= 16 && cookie_bytes % 2 == 0);
}

static bool sack_length_is_valid(uint32_t option_bytes)
{
    return option_bytes >= 10 && option_bytes <= 2 + 8 * TCP_SACK_BLOCKS_MAX && option_bytes % 8 == 2;
}

/* A server may meet clients from before the number 34 was given out. */
static uint32_t read_experiment(const uint8_t *value, uint32_t value_bytes, struct tcp_options *out)
{
    if (value_bytes < 2 || get_be16(value) != FAST_OPEN_EXPERIMENT)
        return 0;
    if (!fast_open_length_is_valid(value_bytes - 2))
        return TCP_OPTION_MALFORMED;
    out->fast_open_bytes = (uint8_t)(value_bytes - 2);
    out->fast_open_cookie = value + 2;
    out->fast_open_experimental = true;
    return TCP_OPTION_FAST_OPEN;
}

/* The present bit of an option, 0 for a kind not known here, TCP_OPTION_MALFORMED when the length is not its kind's. */
static uint32_t classify(uint8_t kind, uint32_t option_bytes)
{
    switch (kind) {
    case KIND_MSS:
        return option_bytes == 4 ? TCP_OPTION_MSS : TCP_OPTION_MALFORMED;
    case KIND_WINDOW_SCALE:
        return option_bytes == 3 ? TCP_OPTION_WINDOW_SCALE : TCP_OPTION_MALFORMED;
    case KIND_SACK_PERMITTED:
        return option_bytes == 2 ? TCP_OPTION_SACK_PERMITTED : TCP_OPTION_MALFORMED;
    case KIND_SACK:
        return sack_length_is_valid(option_bytes) ? TCP_OPTION_SACK : TCP_OPTION_MALFORMED;
    case KIND_TIMESTAMP:
        return option_bytes == 10 ? TCP_OPTION_TIMESTAMP : TCP_OPTION_MALFORMED;
    case KIND_USER_TIMEOUT:
        return option_bytes == 4 ? TCP_OPTION_USER_TIMEOUT : TCP_OPTION_MALFORMED;
    case KIND_FAST_OPEN:
        return fast_open_length_is_valid(option_bytes - 2) ? TCP_OPTION_FAST_OPEN : TCP_OPTION_MALFORMED;
    case KIND_ACCURATE_ECN_0:
    case KIND_ACCURATE_ECN_1: /* any length: whole fields count, the rest is padding */
        return TCP_OPTION_ACCURATE_ECN;
    default:
        return 0;
    }
}

/* Order 0: E0B, CEB, E1B; order 1: the other way round. */
static uint32_t accurate_ecn_field(bool order_1, uint32_t place)
{
    return order_1 ? TCP_ECN_E1B - place : place;
}

static void read_accurate_ecn(bool order_1, const uint8_t *value, uint32_t value_bytes, struct tcp_options *out)
{
    out->accurate_ecn_fields = 0;
    for (uint32_t i = 0; i < TCP_ECN_FIELDS && 3 * (i + 1) <= value_bytes; i++) {
        uint32_t field = accurate_ecn_field(order_1, i);

        out->accurate_ecn[field] = (uint32_t)value[3 * i] << 16 | (uint32_t)value[3 * i + 1] << 8 | value[3 * i + 2];
        out->accurate_ecn_fields |= (uint8_t)(1u << field);
    }
}

static void read_sack(const uint8_t *value, uint32_t count, struct tcp_options *out)
{
    out->sack_count = (uint8_t)count;
    for (uint32_t i = 0; i < TCP_SACK_BLOCKS_MAX && i < count; i++) {
        out->sack[i].start = seq_make(get_be32(value + 8 * i));
        out->sack[i].end = seq_make(get_be32(value + 8 * i + 4));
    }
}

/* value: behind kind and length; the length is right for the kind. */
static void read_option(uint32_t bit, const uint8_t *value, uint32_t value_bytes, struct tcp_options *out)
{
    switch (bit) {
    case TCP_OPTION_MSS:
        out->mss = get_be16(value);
        break;
    case TCP_OPTION_WINDOW_SCALE:
        out->window_scale = (uint8_t)min_u32(value[0], WINDOW_SCALE_MAX);
        break;
    case TCP_OPTION_SACK:
        read_sack(value, value_bytes / 8, out);
        break;
    case TCP_OPTION_TIMESTAMP:
        out->timestamp_value = get_be32(value);
        out->timestamp_echo = get_be32(value + 4);
        break;
    case TCP_OPTION_USER_TIMEOUT:
        out->user_timeout = get_be16(value);
        break;
    case TCP_OPTION_FAST_OPEN:
        out->fast_open_bytes = (uint8_t)value_bytes;
        out->fast_open_cookie = value;
        out->fast_open_experimental = false;
        break;
    case TCP_OPTION_ACCURATE_ECN:
        read_accurate_ecn(value[-2] == KIND_ACCURATE_ECN_1, value, value_bytes, out);
        break;
    default:
        break;
    }
}

/* RFC 9293 MUST-7: an illegal length is no reason to crash; MUST-6: unknown kinds are skipped. */
static void parse_options(const uint8_t *options, uint32_t length_bytes, struct tcp_options *out)
{
    uint32_t at = 0;
    uint32_t present = 0;

    for (uint32_t step = 0; step < TCP_OPTION_BYTES_MAX && at < length_bytes; step++) {
        uint32_t left = length_bytes - at;
        uint8_t kind = options[at];
        uint32_t option_bytes, bit;

        if (kind == KIND_END)
            break;
        if (kind == KIND_NOP) {
            at++;
            continue;
        }
        if (left < 2 || options[at + 1] < 2 || options[at + 1] > left) {
            present |= TCP_OPTION_MALFORMED;
            break;
        }
        option_bytes = options[at + 1];
        bit = classify(kind, option_bytes);
        if (unlikely(kind == KIND_EXPERIMENT) && (present & TCP_OPTION_FAST_OPEN) == 0)
            bit = read_experiment(options + at + 2, option_bytes - 2, out);
        else if ((present & bit) == 0)
            read_option(bit, options + at + 2, option_bytes - 2, out);
        present |= bit;
        at += option_bytes;
    }
    out->present = (uint16_t)present;
}

enum rill_drop tcp_parse(const uint8_t *segment, size_t length_bytes, struct tcp_segment *out)
{
    uint32_t header_bytes;

    if (unlikely(length_bytes < TCP_HEADER_BYTES))
        return RILL_DROP_TCP_SHORT;
    header_bytes = (uint32_t)(segment[12] >> 4) * 4;
    if (unlikely(header_bytes < TCP_HEADER_BYTES || header_bytes > length_bytes))
        return RILL_DROP_TCP_DATA_OFFSET;
    out->source_port = get_be16(segment);
    out->destination_port = get_be16(segment + 2);
    if (unlikely(out->source_port == 0 || out->destination_port == 0))
        return RILL_DROP_TCP_PORT_ZERO;
    out->seq = seq_make(get_be32(segment + 4));
    out->ack = seq_make(get_be32(segment + 8));
    out->flags = segment[13];
    out->ace = (uint8_t)((segment[12] & 1) << 2 | segment[13] >> 6);
    out->window = get_be16(segment + 14);
    out->urgent = get_be16(segment + 18);
    out->header_bytes = (uint8_t)header_bytes;
    out->data = segment + header_bytes;
    out->data_bytes = (uint32_t)(length_bytes - header_bytes);
    out->options.sack_count = 0;
    if (likely(header_bytes == TCP_HEADER_BYTES + TIMESTAMP_BYTES_ALIGNED &&
               get_be32(segment + TCP_HEADER_BYTES) == NOP_NOP_TIMESTAMP)) {
        out->options.present = TCP_OPTION_TIMESTAMP;
        out->options.timestamp_value = get_be32(segment + TCP_HEADER_BYTES + 4);
        out->options.timestamp_echo = get_be32(segment + TCP_HEADER_BYTES + 8);
    } else {
        parse_options(segment + TCP_HEADER_BYTES, header_bytes - TCP_HEADER_BYTES, &out->options);
    }
    return RILL_DROP_NONE;
}

/* -------------------------------------------------------------------- build */

/* What fits into 40 bytes. */
struct option_plan {
    uint32_t bytes;
    uint32_t cookie_bytes; /* of the whole fast open option, padded; 0: left out */
    uint32_t sack_blocks;
    uint32_t ecn_fields; /* of AccECN's option */
    bool ecn;            /* it is there, with fields or without */
};

static uint32_t fast_open_head_bytes(const struct tcp_options *options)
{
    return options->fast_open_experimental ? 4 : 2;
}

static uint32_t plan_fixed_bytes(uint32_t present)
{
    uint32_t bytes = 0;

    if (present & TCP_OPTION_MSS)
        bytes += 4;
    if (present & TCP_OPTION_TIMESTAMP)
        bytes += TIMESTAMP_BYTES_ALIGNED;
    else if (present & TCP_OPTION_SACK_PERMITTED)
        bytes += 4;
    if (present & TCP_OPTION_WINDOW_SCALE)
        bytes += 4;
    if (present & TCP_OPTION_USER_TIMEOUT)
        bytes += 4;
    return bytes;
}

/* Fields up to the last one that is wanted; order 1 when E0B is not. */
static uint32_t accurate_ecn_count(const struct tcp_options *options)
{
    uint8_t fields = options->accurate_ecn_fields;

    if ((fields & (1u << TCP_ECN_E0B)) != 0 && (fields & (1u << TCP_ECN_E1B)) != 0)
        return 3;
    return (fields & (1u << TCP_ECN_CEB)) != 0 ? 2 : fields != 0;
}

static bool accurate_ecn_is_order_1(const struct tcp_options *options)
{
    return (options->accurate_ecn_fields & (1u << TCP_ECN_E0B | 1u << TCP_ECN_E1B)) == 1u << TCP_ECN_E1B;
}

/* AccECN yields to two SACK blocks (its section 3.2.3.3), the rest of them to it. All fields, or none of it. */
static void plan_accurate_ecn(const struct tcp_options *options, struct option_plan *plan)
{
    uint32_t count = accurate_ecn_count(options);
    uint32_t bytes = (2 + 3 * count + 3) & ~3u;
    uint32_t sack = (options->present & TCP_OPTION_SACK) != 0 ? 4 + 8 * min_u32(options->sack_count, 2) : 0;

    if (plan->bytes + bytes + sack > TCP_OPTION_BYTES_MAX)
        return;
    plan->ecn = true;
    plan->ecn_fields = count;
    plan->bytes += bytes;
}

/* The fixed ones take 24 bytes at most. SACK blocks yield to the cookie, and the cookie to the fixed ones. */
static struct option_plan plan_options(const struct tcp_options *options)
{
    struct option_plan plan = {.bytes = plan_fixed_bytes(options->present)};
    uint32_t room;

    if ((options->present & TCP_OPTION_FAST_OPEN) && fast_open_length_is_valid(options->fast_open_bytes)) {
        uint32_t cookie_bytes = (fast_open_head_bytes(options) + options->fast_open_bytes + 3u) & ~3u;

        if (plan.bytes + cookie_bytes <= TCP_OPTION_BYTES_MAX)
            plan.cookie_bytes = cookie_bytes;
    }
    plan.bytes += plan.cookie_bytes;
    if (unlikely((options->present & TCP_OPTION_ACCURATE_ECN) != 0))
        plan_accurate_ecn(options, &plan);
    room = TCP_OPTION_BYTES_MAX - plan.bytes;
    if ((options->present & TCP_OPTION_SACK) && options->sack_count > 0 && room >= 12) {
        plan.sack_blocks = min_u32(min_u32(options->sack_count, TCP_SACK_BLOCKS_MAX), (room - 4) / 8);
        plan.bytes += 4 + 8 * plan.sack_blocks;
    }
    return plan;
}

static uint8_t *write_timestamp(uint8_t *to, const struct tcp_options *options, uint32_t lead)
{
    put_be32(to, lead);
    put_be32(to + 4, options->timestamp_value);
    put_be32(to + 8, options->timestamp_echo);
    return to + TIMESTAMP_BYTES_ALIGNED;
}

/* As Linux does: SACK-permitted stands where the timestamp's NOPs would be. */
static uint8_t *write_sack_permitted_and_timestamp(uint8_t *to, const struct tcp_options *options)
{
    uint32_t both = OPTION_WORD(KIND_SACK_PERMITTED, 2u, KIND_TIMESTAMP, 10u);

    switch (options->present & (TCP_OPTION_SACK_PERMITTED | TCP_OPTION_TIMESTAMP)) {
    case TCP_OPTION_SACK_PERMITTED | TCP_OPTION_TIMESTAMP:
        return write_timestamp(to, options, both);
    case TCP_OPTION_TIMESTAMP:
        return write_timestamp(to, options, NOP_NOP_TIMESTAMP);
    case TCP_OPTION_SACK_PERMITTED:
        put_be32(to, NOP_NOP(KIND_SACK_PERMITTED, 2u));
        return to + 4;
    default:
        return to;
    }
}

static uint8_t *write_fast_open(uint8_t *to, const struct tcp_options *options, uint32_t padded_bytes)
{
    uint32_t head = fast_open_head_bytes(options);
    uint32_t used = head + options->fast_open_bytes;

    to[0] = options->fast_open_experimental ? KIND_EXPERIMENT : KIND_FAST_OPEN;
    to[1] = (uint8_t)used;
    if (options->fast_open_experimental)
        put_be16(to + 2, FAST_OPEN_EXPERIMENT);
    if (options->fast_open_bytes > 0)
        memcpy(to + head, options->fast_open_cookie, options->fast_open_bytes);
    memset(to + used, KIND_NOP, padded_bytes - used);
    return to + padded_bytes;
}

static void write_sack(uint8_t *to, const struct tcp_options *options, uint32_t blocks)
{
    put_be32(to, NOP_NOP(KIND_SACK, 2 + 8 * blocks));
    for (uint32_t i = 0; i < TCP_SACK_BLOCKS_MAX && i < blocks; i++) {
        put_be32(to + 4 + 8 * i, options->sack[i].start.v);
        put_be32(to + 8 + 8 * i, options->sack[i].end.v);
    }
}

static uint8_t *write_accurate_ecn(uint8_t *to, const struct tcp_options *options, uint32_t count)
{
    bool order_1 = accurate_ecn_is_order_1(options);
    uint32_t used = 2 + 3 * count, padded = (used + 3) & ~3u;

    to[0] = order_1 ? KIND_ACCURATE_ECN_1 : KIND_ACCURATE_ECN_0;
    to[1] = (uint8_t)used;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t value = options->accurate_ecn[accurate_ecn_field(order_1, i)];

        to[2 + 3 * i] = (uint8_t)(value >> 16);
        put_be16(to + 3 + 3 * i, (uint16_t)value);
    }
    memset(to + used, KIND_NOP, padded - used);
    return to + padded;
}

static size_t write_options(uint8_t *to, const struct tcp_options *options)
{
    struct option_plan plan = plan_options(options);

    if (options->present & TCP_OPTION_MSS) {
        put_be32(to, OPTION_WORD(KIND_MSS, 4u, 0, 0) | options->mss);
        to += 4;
    }
    to = write_sack_permitted_and_timestamp(to, options);
    if (options->present & TCP_OPTION_WINDOW_SCALE) {
        put_be32(to, OPTION_WORD(KIND_NOP, KIND_WINDOW_SCALE, 3u, options->window_scale));
        to += 4;
    }
    if (options->present & TCP_OPTION_USER_TIMEOUT) {
        put_be32(to, OPTION_WORD(KIND_USER_TIMEOUT, 4u, 0, 0) | options->user_timeout);
        to += 4;
    }
    if (plan.cookie_bytes > 0)
        to = write_fast_open(to, options, plan.cookie_bytes);
    if (plan.ecn)
        to = write_accurate_ecn(to, options, plan.ecn_fields);
    if (plan.sack_blocks > 0)
        write_sack(to, options, plan.sack_blocks);
    return plan.bytes;
}

size_t tcp_build(uint8_t *to, const struct tcp_header *header)
{
    size_t header_bytes = TCP_HEADER_BYTES;

    if (header->options.present == TCP_OPTION_TIMESTAMP)
        header_bytes = (size_t)(write_timestamp(to + TCP_HEADER_BYTES, &header->options, NOP_NOP_TIMESTAMP) - to);
    else if (header->options.present != 0)
        header_bytes += write_options(to + TCP_HEADER_BYTES, &header->options);
    put_be16(to, header->source_port);
    put_be16(to + 2, header->destination_port);
    put_be32(to + 4, header->seq.v);
    put_be32(to + 8, header->ack.v);
    to[12] = (uint8_t)(header_bytes << 2 | (header->ae ? 1 : 0));
    to[13] = header->flags;
    put_be16(to + 14, header->window);
    put_be16(to + 16, 0);
    put_be16(to + 18, header->urgent);
    return header_bytes;
}

size_t tcp_header_bytes_for(const struct tcp_options *options, uint8_t flags)
{
    (void)flags;
    return TCP_HEADER_BYTES + plan_options(options).bytes;
}
