/*
 * The ground that all of a stack's layers stand on: its memory, its clock, its
 * secret, its counters and its trace door. Lies at the arena's first byte:
 * each layer's struct begins with the one below, so a pointer to any of them
 * is a pointer to the arena.
 */
#ifndef BASE_HOST_H
#define BASE_HOST_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/prf.h"
#include "base/work.h"
#include "base/wrapping.h"
#include "rill/rill.h"

struct host {
    struct arena arena; /* first: see above */
    nanos now;          /* since epoch; never goes back */
    uint32_t now_ms;    /* the same in milliseconds, wrapping: see host_ms() */
    uint64_t epoch;     /* the caller's clock at creation */
    struct prf_key key;
    uint64_t draws; /* counter behind host_draw() */
    struct buffers buffers;
    struct work work;
    uint64_t drops[RILL_DROP_KINDS];
    uint64_t counts[RILL_COUNT_KINDS];

    /* Of this process, not of the stack's state: meaningless in a copy of the arena. */
    rill_trace_fn trace;
    void *trace_context;
};

/* Take over the caller's time; an earlier one than the last counts as the last. */
static inline void host_set_now(struct host *host, rill_time now)
{
    if (now <= host->epoch || now - host->epoch <= host->now)
        return;
    host->now = now - host->epoch;
    host->now_ms = (uint32_t)(host->now / NANOS_PER_MS);
}

static inline void *host_at(const struct host *host, ref r)
{
    return arena_at(&host->arena, r);
}

static inline void host_count(struct host *host, enum rill_count what, uint64_t n)
{
    host->counts[what] += n;
}

/* The microsecond clock of round trips and rates; wraps after 71 minutes. Compare by base/wrapping.h. */
static inline uint32_t host_us(const struct host *host)
{
    return (uint32_t)(host->now / NANOS_PER_US);
}

/* The millisecond clock of timestamps and rate limits; wraps after 49 days, which its users allow for. */
static inline uint32_t host_ms(const struct host *host)
{
    return host->now_ms;
}

/* Microseconds since an earlier host_us(). */
static inline uint32_t host_us_since(const struct host *host, uint32_t then)
{
    return wrapping_sub(host_us(host), then);
}

/* Milliseconds since an earlier host_ms(). */
static inline uint32_t host_ms_since(const struct host *host, uint32_t then)
{
    return wrapping_sub(host->now_ms, then);
}

#define HOST_DUE_MS_MAX (UINT32_C(1) << 24) /* no block waits longer: 4.6 hours, more than 2 MSL or an RTO may be */

/* When a block that is due at due_ms is due, as an instant; now, when that has passed, however long ago. */
static inline nanos host_due_at(const struct host *host, uint32_t due_ms)
{
    uint32_t left_ms = wrapping_sub(due_ms, host->now_ms);

    return (host->now / NANOS_PER_MS + (left_ms <= HOST_DUE_MS_MAX ? left_ms : 0)) * NANOS_PER_MS;
}

/*
 * Old work comes before new: what is left of the arena, in eighths of the
 * whole, under which a kind of work is refused. The last eighth is for packets
 * on their way in, among which are the ACKs that free the rest.
 */
enum host_reserve {
    RESERVE_FOR_IN_ORDER = 1,
    RESERVE_FOR_OUT_OF_ORDER = 2,
    RESERVE_FOR_OPENING = 2,
    RESERVE_FOR_DATAGRAMS = 2,
    RESERVE_FOR_SENDING = 3,
    RESERVE_FOR_ECHO = 4,
    RESERVE_FOR_GROWTH = 4, /* of buffers beyond what every connection has */
};

static inline uint64_t host_free_bytes(const struct host *host)
{
    const struct arena *arena = &host->arena;

    return (uint64_t)(arena->page_count - arena->head_pages - arena->pages_used) * ARENA_PAGE_BYTES;
}

static inline bool host_is_short(const struct host *host, enum host_reserve reserve)
{
    return host_free_bytes(host) < host->arena.size_bytes / 8 * (uint64_t)reserve;
}

/*
 * So little is left that not even every connection's first buffer may have it: packets on their way in need it. Spare
 * buffers are as good as pages, or those that are kept would count as missing for ever.
 */
static inline bool host_is_at_floor(const struct host *host)
{
    uint64_t floor = host->arena.size_bytes / 32, left = host_free_bytes(host);

    return left < floor && left + buffers_bytes(&host->buffers) - buffers_live_bytes(&host->buffers) < floor;
}

/* A number that nobody outside can guess. */
static inline uint64_t host_draw(struct host *host)
{
    host->draws++;
    return prf_words2(&host->key, PRF_DRAW, host->draws, 0);
}

#endif
