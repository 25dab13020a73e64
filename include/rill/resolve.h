/*
 * rill: names to addresses (RFC 1034, 1035), over the UDP and TCP of a stack
 * that you link. A stub resolver: it asks the servers it is given, and believes
 * what they say. Like the engine it is sans I/O; each lookup is an object in
 * memory of the caller's:
 *
 *     struct rill_resolve_config config;
 *     rill_resolve_config_default(&config);
 *     rill_resolve_config_take(&config, text, bytes);               /etc/resolv.conf
 *     rill_lookup_start(memory, stack, &config, "example.org", RILL_LOOKUP_V4, &lookup);
 *     while (rill_lookup_result(lookup, &result) == -RILL_EINPROGRESS) {
 *         turn the stack; give each event to rill_lookup_event(); rill_lookup_poll(lookup, now);
 *     }
 *     rill_lookup_end(lookup);
 */
#ifndef RILL_RESOLVE_H
#define RILL_RESOLVE_H

#include "rill/rill.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RILL_RESOLVE_SERVERS_MAX 3
#define RILL_RESOLVE_SEARCH_MAX 6
#define RILL_RESOLVE_NAME_BYTES 256 /* text with its NUL; longer names cannot be asked for (RFC 1035 2.3.4) */
#define RILL_LOOKUP_ADDRS_MAX 16

struct rill_resolve_config {
    uint32_t size;                                          /* set by rill_resolve_config_default() */
    struct rill_endpoint servers[RILL_RESOLVE_SERVERS_MAX]; /* asked in this order; port 53 */
    unsigned server_count;
    char search[RILL_RESOLVE_SEARCH_MAX][RILL_RESOLVE_NAME_BYTES]; /* tried behind names with fewer than ndots dots */
    unsigned search_count;
    unsigned ndots;      /* default 1 */
    unsigned timeout_ms; /* for one answer; default 5,000 */
    unsigned attempts;   /* at each server; default 2 */
    bool tcp_only;       /* "use-vc" */
    const char *hosts;   /* text of /etc/hosts, looked at first; read by rill_lookup_start() only; may be NULL */
    size_t hosts_bytes;
};

void rill_resolve_config_default(struct rill_resolve_config *config);

/* resolv.conf(5): nameserver, search, domain, options ndots, timeout, attempts, use-vc. What else it says is ignored,
 * and so is what is too much or malformed. */
void rill_resolve_config_take(struct rill_resolve_config *config, const char *text, size_t bytes);

/* rill_lookup_start() families */
#define RILL_LOOKUP_V4 0x1u
#define RILL_LOOKUP_V6 0x2u

struct rill_lookup;

/* The memory that a lookup needs, 16-aligned. */
size_t rill_lookup_bytes(void);

/*
 * Begin: an address as text and names in config->hosts have their result at once, for others the first queries are
 * queued. A name that ends in a dot is taken as it is. 0; -RILL_EINVAL (no name, no family, no server).
 */
int rill_lookup_start(void *memory, struct rill_stack *stack, const struct rill_resolve_config *config,
                      const char *name, unsigned families, struct rill_lookup **out);

/* True when the event was the lookup's. */
bool rill_lookup_event(struct rill_lookup *lookup, const struct rill_event *event);

/* Time has passed; the next time that matters. */
void rill_lookup_poll(struct rill_lookup *lookup, rill_time now);
rill_time rill_lookup_deadline(const struct rill_lookup *lookup);

struct rill_lookup_result {
    struct rill_addr addrs[RILL_LOOKUP_ADDRS_MAX]; /* IPv4 first */
    unsigned count;
    char canonical[RILL_RESOLVE_NAME_BYTES]; /* where aliases led to; bytes that no host name has are '?' */
    uint32_t ttl_seconds;                    /* of the answer that dies first; 0 when it came from no server */
};

/*
 * -RILL_EINPROGRESS while it is not known; 0 and *out; -RILL_EADDRNOTAVAIL (the name is there, but has no address of
 * these families), -RILL_ENXIO (there is no such name), -RILL_ETIMEDOUT (no server answered), -RILL_EIO (no server had
 * a good answer), or what sending to them said.
 */
int rill_lookup_result(const struct rill_lookup *lookup, struct rill_lookup_result *out);

/* Close what is open; also in the midst of it. The memory is the caller's again. */
void rill_lookup_end(struct rill_lookup *lookup);

#ifdef __cplusplus
}
#endif
#endif
