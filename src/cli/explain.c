/*
 * Addresses and errors in words: a sentence that says what happened.
 */
#include "cli/explain.h"

#include <stdio.h>

char *endpoint_text(const struct rill_endpoint *endpoint, char *text, size_t text_bytes)
{
    char address[RILL_ADDR_TEXT_BYTES];

    snprintf(text, text_bytes, "%s:%u", rill_addr_format(&endpoint->addr, address), (unsigned)endpoint->port);
    return text;
}

void explain_error(int error, const struct rill_endpoint *remote, char *text, size_t text_bytes)
{
    char peer[64];

    endpoint_text(remote, peer, sizeof peer);
    switch (error < 0 ? -error : error) {
    case RILL_ECONNREFUSED:
        snprintf(text, text_bytes, "connection refused by %s: nothing listens there", peer);
        break;
    case RILL_ECONNRESET:
        snprintf(text, text_bytes, "connection reset by %s: it gave the connection up, what was under way is lost",
                 peer);
        break;
    case RILL_ETIMEDOUT:
        snprintf(text, text_bytes, "no answer from %s: the connection timed out", peer);
        break;
    case RILL_ENETUNREACH:
        snprintf(text, text_bytes, "no route to %s: neither in rill's own network nor behind a gateway", peer);
        break;
    case RILL_EHOSTUNREACH:
        snprintf(text, text_bytes, "%s cannot be reached: a router on the way, or the host, said so", peer);
        break;
    case RILL_EINVAL:
        snprintf(text, text_bytes, "%s is not an address to connect to", peer);
        break;
    case RILL_EADDRINUSE:
        snprintf(text, text_bytes, "the local port is in use already");
        break;
    default:
        snprintf(text, text_bytes, "%s: %s", peer, rill_error_name(error));
        break;
    }
}
