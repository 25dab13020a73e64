/*
 * DNS messages (RFC 1035 4): a query is built, a response is judged. Total:
 * any bytes, any length.
 */
#ifndef RESOLVE_MESSAGE_H
#define RESOLVE_MESSAGE_H

#include "resolve/name.h"
#include "rill/resolve.h"

#define DNS_HEADER_BYTES 12u
#define DNS_QUERY_BYTES_MAX (DNS_HEADER_BYTES + DNS_NAME_BYTES_MAX + 4u)

enum dns_type { DNS_TYPE_A = 1, DNS_TYPE_CNAME = 5, DNS_TYPE_AAAA = 28 };

enum dns_verdict {
    DNS_NOT_OURS,  /* no response to this question: to be ignored */
    DNS_MALFORMED, /* to be ignored, and the server with it */
    DNS_TRUNCATED, /* TC: ask by TCP */
    DNS_FAILURE,   /* the server cannot or will not say */
    DNS_NO_NAME,   /* there is no such name */
    DNS_NO_DATA,   /* it has no record of this type */
    DNS_ALIAS,     /* aliases lead to a name of which nothing is said */
    DNS_ANSWER,
};

struct dns_answer {
    struct dns_name canonical; /* with DNS_ALIAS and DNS_ANSWER */
    struct rill_addr addrs[RILL_LOOKUP_ADDRS_MAX];
    unsigned count;
    uint32_t ttl_seconds;
};

/* A query with recursion desired, in at most DNS_QUERY_BYTES_MAX; returns its bytes. */
size_t dns_query_build(uint8_t *to, uint16_t id, const struct dns_name *name, enum dns_type type);

enum dns_verdict dns_response_parse(const uint8_t *message, size_t bytes, uint16_t id, const struct dns_name *name,
                                    enum dns_type type, struct dns_answer *out);

#endif
