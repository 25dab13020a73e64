/*
 * DNS responses for tests, byte by byte: written from RFC 1035 alone.
 */
#ifndef TESTS_RESOLVE_DNS_WRITER_H
#define TESTS_RESOLVE_DNS_WRITER_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct dns_writer {
    uint8_t bytes[2048];
    size_t length;
};

static inline void dns_put16(struct dns_writer *w, unsigned value)
{
    w->bytes[w->length++] = (uint8_t)(value >> 8);
    w->bytes[w->length++] = (uint8_t)value;
}

static inline void dns_put_name(struct dns_writer *w, const char *text)
{
    while (*text != '\0') {
        size_t n = strcspn(text, ".");

        w->bytes[w->length++] = (uint8_t)n;
        memcpy(w->bytes + w->length, text, n);
        w->length += n;
        text += n + (text[n] == '.');
    }
    w->bytes[w->length++] = 0;
}

/* Header and question. flags 0x8180: a response, recursion available. */
static inline void dns_begin(struct dns_writer *w, unsigned id, unsigned flags, const char *name, unsigned type,
                             unsigned answers)
{
    w->length = 0;
    dns_put16(w, id);
    dns_put16(w, flags);
    dns_put16(w, 1);
    dns_put16(w, answers);
    dns_put16(w, 0);
    dns_put16(w, 0);
    dns_put_name(w, name);
    dns_put16(w, type);
    dns_put16(w, 1);
}

static inline void dns_put_record(struct dns_writer *w, const char *owner, unsigned type, unsigned ttl,
                                  const void *data, unsigned data_bytes)
{
    dns_put_name(w, owner);
    dns_put16(w, type);
    dns_put16(w, 1);
    dns_put16(w, ttl >> 16);
    dns_put16(w, ttl);
    dns_put16(w, data_bytes);
    if (data_bytes > 0)
        memcpy(w->bytes + w->length, data, data_bytes);
    w->length += data_bytes;
}

static inline void dns_put_alias(struct dns_writer *w, const char *owner, const char *target)
{
    size_t at;

    dns_put_record(w, owner, 5, 300, NULL, 0);
    at = w->length;
    dns_put_name(w, target);
    w->bytes[at - 1] = (uint8_t)(w->length - at);
}

#endif
