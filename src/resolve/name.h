/*
 * Domain names (RFC 1035 3.1, 4.1.4): text to and from the form of messages.
 * Total: any bytes, any length.
 */
#ifndef RESOLVE_NAME_H
#define RESOLVE_NAME_H

#include "base/types.h"

#define DNS_NAME_BYTES_MAX 255u
#define DNS_LABEL_BYTES_MAX 63u

/* Without compression: labels with their lengths, then the root's 0. length_bytes 1 .. 255. */
struct dns_name {
    uint8_t bytes[DNS_NAME_BYTES_MAX];
    uint8_t length_bytes;
};

/* "a.b", "a.b."; text_bytes of it. False: an empty or too long label, or too long in all. */
bool dns_name_from_text(const char *text, size_t text_bytes, struct dns_name *out);

/* Into `to`, with a NUL; bytes that no host name has are '?'. The root is "". */
void dns_name_to_text(const struct dns_name *name, char *to, size_t to_bytes);

/* The name at message[at]. Returns the offset behind it, 0 when it is malformed. */
size_t dns_name_parse(const uint8_t *message, size_t message_bytes, size_t at, struct dns_name *out);

/* RFC 1034 3.1: without regard to case. */
bool dns_name_equal(const struct dns_name *a, const struct dns_name *b);

#endif
