/*
 * DNS messages. Counts and lengths in a message are looked at, never trusted:
 * every walk ends at the message's last byte (RFC 9267 3, 4).
 */
#include "resolve/message.h"

#include "base/bytes.h"

#define CLASS_IN 1u
#define FLAG_RESPONSE 0x8000u
#define FLAG_TRUNCATED 0x0200u
#define FLAG_RECURSION_DESIRED 0x0100u
#define OPCODE_MASK 0x7800u
#define RCODE_MASK 0x000fu
#define RCODE_NO_NAME 3u
#define ALIASES_MAX 16u /* in one message; a resolver has followed them, so they are few */

size_t dns_query_build(uint8_t *to, uint16_t id, const struct dns_name *name, enum dns_type type)
{
    size_t at = DNS_HEADER_BYTES;

    memset(to, 0, DNS_HEADER_BYTES);
    put_be16(to, id);
    put_be16(to + 2, FLAG_RECURSION_DESIRED);
    put_be16(to + 4, 1);
    memcpy(to + at, name->bytes, name->length_bytes);
    at += name->length_bytes;
    put_be16(to + at, (uint16_t)type);
    put_be16(to + at + 2, CLASS_IN);
    return at + 4;
}

struct record {
    struct dns_name owner;
    uint16_t type, class;
    uint32_t ttl_seconds;
    size_t data; /* offset */
    uint16_t data_bytes;
};

/* The record at an offset; returns the offset behind it, 0 when it is malformed. */
static size_t record_parse(const uint8_t *message, size_t bytes, size_t at, struct record *out)
{
    at = dns_name_parse(message, bytes, at, &out->owner);
    if (at == 0 || bytes - at < 10)
        return 0;
    out->type = get_be16(message + at);
    out->class = get_be16(message + at + 2);
    out->ttl_seconds = get_be32(message + at + 4);
    out->data_bytes = get_be16(message + at + 8);
    out->data = at + 10;
    if (out->data_bytes > bytes - out->data)
        return 0;
    return out->data + out->data_bytes;
}

/* RFC 5452 9.1: what is not the question that was asked is no answer to it. Returns the offset behind it; 0. */
static size_t question_is_ours(const uint8_t *message, size_t bytes, const struct dns_name *name, enum dns_type type)
{
    struct dns_name asked;
    size_t at;

    if (get_be16(message + 4) != 1)
        return 0;
    at = dns_name_parse(message, bytes, DNS_HEADER_BYTES, &asked);
    if (at == 0 || bytes - at < 4 || !dns_name_equal(&asked, name) || get_be16(message + at) != (uint16_t)type ||
        get_be16(message + at + 2) != CLASS_IN)
        return 0;
    return at + 4;
}

static bool take_address(const uint8_t *message, const struct record *record, enum dns_type type,
                         struct dns_answer *out)
{
    const uint8_t *data = message + record->data;

    if (record->data_bytes != (type == DNS_TYPE_A ? 4 : 16))
        return false;
    if (out->count == RILL_LOOKUP_ADDRS_MAX)
        return true;
    if (type == DNS_TYPE_A)
        out->addrs[out->count] = rill_addr4(data[0], data[1], data[2], data[3]);
    else
        memcpy(out->addrs[out->count].bytes, data, 16);
    out->count++;
    return true;
}

/* RFC 2181 8: a TTL with the top bit set is 0. */
static uint32_t sooner(uint32_t ttl_seconds, uint32_t than)
{
    return min_u32((ttl_seconds & UINT32_C(0x80000000)) != 0 ? 0 : ttl_seconds, than);
}

enum step { STEP_MALFORMED, STEP_NOTHING, STEP_ALIAS, STEP_ADDRESSES };

/* One walk over the answers: the addresses of out->canonical, or the name that it is an alias of. */
static enum step walk_answers(const uint8_t *message, size_t bytes, size_t at, enum dns_type type,
                              struct dns_answer *out)
{
    enum step step = STEP_NOTHING;
    struct dns_name alias_of = {.length_bytes = 0};
    struct record record;

    for (unsigned left = get_be16(message + 6); left > 0; left--) {
        at = record_parse(message, bytes, at, &record);
        if (at == 0)
            return STEP_MALFORMED;
        if (record.class != CLASS_IN || !dns_name_equal(&record.owner, &out->canonical))
            continue;
        if (record.type == (uint16_t)type) {
            if (!take_address(message, &record, type, out))
                return STEP_MALFORMED;
            step = STEP_ADDRESSES;
        } else if (record.type == DNS_TYPE_CNAME && step == STEP_NOTHING) {
            if (dns_name_parse(message, bytes, record.data, &alias_of) != record.data + record.data_bytes)
                return STEP_MALFORMED;
            step = STEP_ALIAS;
        } else {
            continue;
        }
        out->ttl_seconds = sooner(record.ttl_seconds, out->ttl_seconds);
    }
    if (step == STEP_ALIAS)
        out->canonical = alias_of;
    return step;
}

static enum dns_verdict read_answers(const uint8_t *message, size_t bytes, size_t at, const struct dns_name *name,
                                     enum dns_type type, struct dns_answer *out)
{
    *out = (struct dns_answer){.canonical = *name, .ttl_seconds = UINT32_MAX};
    for (unsigned aliases = 0; aliases <= ALIASES_MAX; aliases++) {
        switch (walk_answers(message, bytes, at, type, out)) {
        case STEP_MALFORMED:
            return DNS_MALFORMED;
        case STEP_ADDRESSES:
            return DNS_ANSWER;
        case STEP_NOTHING:
            return aliases > 0 ? DNS_ALIAS : DNS_NO_DATA;
        case STEP_ALIAS:
            break;
        }
    }
    return DNS_MALFORMED; /* they go round in a circle */
}

enum dns_verdict dns_response_parse(const uint8_t *message, size_t bytes, uint16_t id, const struct dns_name *name,
                                    enum dns_type type, struct dns_answer *out)
{
    unsigned flags;
    size_t at;

    if (bytes < DNS_HEADER_BYTES || get_be16(message) != id)
        return DNS_NOT_OURS;
    flags = get_be16(message + 2);
    if ((flags & FLAG_RESPONSE) == 0 || (flags & OPCODE_MASK) != 0)
        return DNS_NOT_OURS;
    at = question_is_ours(message, bytes, name, type);
    if (at == 0) /* a server that cannot read a question may leave it out (RFC 1035 4.1.1: format error) */
        return get_be16(message + 4) == 0 && (flags & RCODE_MASK) != 0 ? DNS_FAILURE : DNS_NOT_OURS;
    if ((flags & FLAG_TRUNCATED) != 0)
        return DNS_TRUNCATED;
    if ((flags & RCODE_MASK) == RCODE_NO_NAME)
        return DNS_NO_NAME;
    if ((flags & RCODE_MASK) != 0)
        return DNS_FAILURE;
    return read_answers(message, bytes, at, name, type, out);
}
