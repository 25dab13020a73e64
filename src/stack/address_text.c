/*
 * Addresses as text: dotted quads, and IPv6 by RFC 4291 2.2 in, RFC 5952 out.
 */
#include "rill/rill.h"

#include "ip/ip.h"

struct rill_addr rill_addr4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    return ip_from_v4((uint32_t)a << 24 | (uint32_t)b << 16 | (uint32_t)c << 8 | d);
}

bool rill_addr_is_v4(const struct rill_addr *addr)
{
    return ip_addr_is_v4(addr);
}

bool rill_addr_is_unspecified(const struct rill_addr *addr)
{
    return ip_addr_is_unspecified(addr);
}

bool rill_addr_equal(const struct rill_addr *a, const struct rill_addr *b)
{
    return ip_addr_equal(a, b);
}

/* Four decimal bytes without leading zeros; returns the character behind, NULL when it is not that. */
static const char *parse_quad(const char *text, uint8_t to[4])
{
    for (int i = 0; i < 4; i++) {
        unsigned value = 0;
        int digits = 0;

        if (i > 0 && *text++ != '.')
            return NULL;
        while (*text >= '0' && *text <= '9' && digits < 4) {
            if (digits > 0 && value == 0)
                return NULL;
            value = value * 10 + (unsigned)(*text++ - '0');
            digits++;
        }
        if (digits == 0 || value > 255)
            return NULL;
        to[i] = (uint8_t)value;
    }
    return text;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* One group of up to four hex digits; returns the number of digits. */
static int parse_group(const char *text, unsigned *value)
{
    int digits = 0;

    *value = 0;
    while (digits < 5 && hex_digit(text[digits]) >= 0)
        *value = *value << 4 | (unsigned)hex_digit(text[digits++]);
    return digits;
}

static int parse_v6(const char *text, struct rill_addr *out)
{
    uint8_t bytes[16] = {0};
    int n = 0, gap = -1;

    if (text[0] == ':' && text[1] != ':')
        return -RILL_EINVAL;
    while (*text != '\0') {
        unsigned value;
        int digits;

        if (text[0] == ':' && text[1] == ':') {
            if (gap >= 0)
                return -RILL_EINVAL;
            gap = n;
            text += 2;
            continue;
        }
        if (n > 0 && n != gap && *text++ != ':')
            return -RILL_EINVAL;
        digits = parse_group(text, &value);
        if (text[digits] == '.' && n <= 12) {
            text = parse_quad(text, bytes + n);
            if (text == NULL || *text != '\0')
                return -RILL_EINVAL;
            n += 4;
            break;
        }
        if (digits < 1 || digits > 4 || n > 14)
            return -RILL_EINVAL;
        bytes[n++] = (uint8_t)(value >> 8);
        bytes[n++] = (uint8_t)value;
        text += digits;
    }
    if (gap < 0 ? n != 16 : n > 14)
        return -RILL_EINVAL;
    *out = (struct rill_addr){{0}};
    if (gap < 0)
        gap = n;
    for (int i = 0; i < gap; i++)
        out->bytes[i] = bytes[i];
    for (int i = gap; i < n; i++)
        out->bytes[16 - n + i] = bytes[i];
    return 0;
}

int rill_addr_parse(const char *text, struct rill_addr *out)
{
    uint8_t quad[4];
    const char *end = parse_quad(text, quad);

    if (end != NULL && *end == '\0') {
        *out = rill_addr4(quad[0], quad[1], quad[2], quad[3]);
        return 0;
    }
    return parse_v6(text, out);
}

static char *put_number(char *to, unsigned value, unsigned base)
{
    char digits[5];
    int n = 0;

    do {
        digits[n++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value > 0);
    while (n > 0)
        *to++ = digits[--n];
    return to;
}

/* RFC 5952 4.2: the longest run of zero groups, at least two, the first of equals. */
static int longest_gap(const struct rill_addr *addr, int *length)
{
    int best = -1;

    *length = 1;
    for (int i = 0; i < 8; i++) {
        int n = 0;

        while (i + n < 8 && addr->bytes[2 * (i + n)] == 0 && addr->bytes[2 * (i + n) + 1] == 0)
            n++;
        if (n > *length) {
            *length = n;
            best = i;
        }
    }
    return best;
}

char *rill_addr_format(const struct rill_addr *addr, char text[RILL_ADDR_TEXT_BYTES])
{
    char *to = text;
    int gap, gap_length;

    if (ip_addr_is_v4(addr)) {
        for (int i = 12; i < 16; i++) {
            if (i > 12)
                *to++ = '.';
            to = put_number(to, addr->bytes[i], 10);
        }
        *to = '\0';
        return text;
    }
    gap = longest_gap(addr, &gap_length);
    for (int i = 0; i < 8; i++) {
        if (i == gap) {
            *to++ = ':';
            *to++ = ':';
            i += gap_length - 1;
            continue;
        }
        if (i > 0 && i != gap + gap_length)
            *to++ = ':';
        to = put_number(to, (unsigned)addr->bytes[2 * i] << 8 | addr->bytes[2 * i + 1], 16);
    }
    *to = '\0';
    return text;
}
