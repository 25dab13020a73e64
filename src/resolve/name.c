/*
 * Domain names. Pointers lead backwards only, each before where the last one
 * led, so that a walk ends whatever the message says (RFC 9267 2).
 */
#include "resolve/name.h"

#define POINTER_MASK 0xc0u
#define HOPS_MAX 126u

static bool append_label(struct dns_name *name, const uint8_t *label, size_t label_bytes)
{
    if (label_bytes == 0 || label_bytes > DNS_LABEL_BYTES_MAX ||
        name->length_bytes + label_bytes + 2 > DNS_NAME_BYTES_MAX) /* the root's 0 is still to come */
        return false;
    name->bytes[name->length_bytes++] = (uint8_t)label_bytes;
    memcpy(name->bytes + name->length_bytes, label, label_bytes);
    name->length_bytes = (uint8_t)(name->length_bytes + label_bytes);
    return true;
}

bool dns_name_from_text(const char *text, size_t text_bytes, struct dns_name *out)
{
    size_t start = 0;

    out->length_bytes = 0;
    if (text_bytes > 0 && text[text_bytes - 1] == '.')
        text_bytes--;
    if (text_bytes == 0)
        return false;
    for (size_t i = 0; i <= text_bytes; i++) {
        if (i < text_bytes && text[i] != '.')
            continue;
        if (!append_label(out, (const uint8_t *)text + start, i - start))
            return false;
        start = i + 1;
    }
    out->bytes[out->length_bytes++] = 0;
    return true;
}

static bool is_host_character(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

void dns_name_to_text(const struct dns_name *name, char *to, size_t to_bytes)
{
    size_t out = 0;

    for (size_t at = 0; at + 1 < name->length_bytes; at += 1u + name->bytes[at]) {
        if (at > 0 && out + 1 < to_bytes)
            to[out++] = '.';
        for (size_t i = 1; i <= name->bytes[at] && out + 1 < to_bytes; i++) {
            uint8_t c = name->bytes[at + i];

            to[out++] = is_host_character(c) ? (char)c : '?';
        }
    }
    to[out] = '\0';
}

size_t dns_name_parse(const uint8_t *message, size_t message_bytes, size_t at, struct dns_name *out)
{
    size_t earliest = at; /* a pointer must lead before this */
    size_t behind = 0;    /* where the name ends in its own place; 0 as long as no pointer was met */

    out->length_bytes = 0;
    for (unsigned hops = 0; hops <= HOPS_MAX;) {
        uint8_t length;

        if (at >= message_bytes)
            return 0;
        length = message[at];
        if (length == 0) {
            out->bytes[out->length_bytes++] = 0;
            return behind != 0 ? behind : at + 1;
        }
        if ((length & POINTER_MASK) == POINTER_MASK) {
            size_t target;

            if (message_bytes - at < 2)
                return 0;
            target = (size_t)(length & ~POINTER_MASK) << 8 | message[at + 1];
            behind = behind != 0 ? behind : at + 2;
            if (target >= earliest)
                return 0;
            at = earliest = target;
            hops++;
            continue;
        }
        if (length > DNS_LABEL_BYTES_MAX || length > message_bytes - at - 1 ||
            !append_label(out, message + at + 1, length))
            return 0;
        at += 1u + length;
    }
    return 0;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool dns_name_equal(const struct dns_name *a, const struct dns_name *b)
{
    if (a->length_bytes != b->length_bytes)
        return false;
    for (size_t i = 0; i < a->length_bytes; i++) /* lengths of labels are below 'A': lower() leaves them alone */
        if (lower(a->bytes[i]) != lower(b->bytes[i]))
            return false;
    return true;
}
