/*
 * TCP as one of a stack's layers: its pools, tables, lists and settings, and
 * the doors through which the stack drives it. What happens inside is in the
 * rooms that docs/architecture.md names.
 */
#ifndef TCP_TCP_H
#define TCP_TCP_H

#include "ip/ip.h"
#include "tcp/tcb.h"

#define SYN_RETRIES_MAX 8u

struct tcp_settings {
    uint32_t send_buffer_bytes, receive_buffer_bytes, window_bytes_max;
    uint32_t send_buffer_bytes_max, receive_buffer_bytes_max;
    uint32_t msl_ms;
    uint32_t rto_initial_us, rto_min_us, rto_max_us, rto_granularity_us;
    uint32_t syn_timeout_ms;
    uint32_t delayed_ack_ms;
    struct limits limits; /* of connections that have none of their own */
    uint32_t initial_window_segments;
    uint32_t bbr_loss_percent;
    uint32_t syn_retries;
    uint32_t max_time_wait;
    bool timestamps, window_scaling, sack, loss_probes, syn_cookies;
    bool pacing, window_pacing;
    bool remember_rtt;
    bool transfer_counts;
    uint8_t cc; /* cc.h: of connections that do not choose */
    uint32_t fast_open, fast_open_key_ms;
    uint8_t ecn; /* enum rill_ecn */
};

struct fifo {
    ref head, tail;
};

struct tcp {
    struct ip ip; /* first */
    struct tcp_settings settings;

    struct pool tcbs, busies, senders, sents, models, ranges, half_opens, time_waits, listeners, reassemblies, limits;
    struct pool accurate_ecns, counts;
    struct table connections; /* TCBs, half-open and TIME-WAIT blocks, by address and port pairs */
    struct table listening;   /* listeners, by local port */

    nanos stamps_at;         /* when the stamps of idle connections were last pulled along */
    nanos due_from;          /* nothing is due before: a lower bound, so that looking costs nothing */
    struct wheel wheel;      /* one node per TCB */
    uint32_t syn_data_bytes; /* that SYNs have carried; wraps, as ISNs do (listen.h) */
    struct fifo half_open[SYN_RETRIES_MAX + 1]; /* by retries, each in order of its deadline */
    struct fifo time_wait;                      /* in order of deadline */
    ref event_head, event_tail;                 /* TCBs and listeners with events to take */
    uint32_t next_port;                         /* RFC 6056 */
    ref fast_open_cache;                        /* what a client remembers (fast_open_cache.h); REF_NONE: nothing yet */
    uint8_t fast_open_key_count;                /* 0: keys of our own, that change */
    struct prf_key fast_open_keys[2];           /* newest first */
    ref last_found;                             /* TCB of the last segment: most segments come in rows */
};

int tcp_init(struct tcp *tcp, const struct rill_config *config);

/*
 * Time has passed since `before`. The millisecond stamps of idle connections would come round after 49 days (and
 * PAWS's memory with them, RFC 7323 5.5): every ten days they are pulled along, to no more than 25 days ago.
 */
void tcp_time_passes(struct tcp *tcp, nanos before);

/* A packet for us with protocol TCP. Takes packet->buffer (sets it to REF_NONE) when it keeps it. */
void tcp_input(struct tcp *tcp, struct ip_packet *packet);

static inline struct host *tcp_host(struct tcp *tcp)
{
    return &tcp->ip.host;
}

static inline struct arena *tcp_arena(struct tcp *tcp)
{
    return &tcp->ip.host.arena;
}

static inline struct tcb *tcb_at(const struct tcp *tcp, ref r)
{
    return (struct tcb *)host_at(&tcp->ip.host, r);
}

static inline ref tcb_ref(const struct tcp *tcp, const struct tcb *tcb)
{
    return arena_ref(&tcp->ip.host.arena, tcb);
}

static inline struct busy *busy_at(const struct tcp *tcp, const struct tcb *tcb)
{
    return (struct busy *)host_at(&tcp->ip.host, tcb->busy);
}

static inline struct path *tcb_path(const struct tcp *tcp, const struct tcb *tcb)
{
    return path_at(&tcp->ip.host, tcb->ep.path);
}

/* The public handle of a block: its generation and its place. */
static inline rill_conn conn_of(const struct tcp *tcp, const struct endpoint *ep)
{
    return (rill_conn)ep->generation << 32 | arena_ref(&tcp->ip.host.arena, ep);
}

#endif
