/*
 * Listeners: opened, found, asked by a SYN, closed; and the accept queue of
 * connections that are done with their handshake.
 */
#include "tcp/listen.h"

#include "tcp/answer.h"
#include "tcp/cc.h"
#include "tcp/connection.h"
#include "tcp/half_open.h"
#include "tcp/limits.h"
#include "tcp/options.h"
#include "tcp/segment_arrives.h"
#include "tcp/state.h"
#include "tcp/timeouts.h"

static struct listener *listener_at(const struct tcp *tcp, ref r)
{
    return (struct listener *)host_at(&tcp->ip.host, r);
}

static uint64_t listener_hash_of(const void *tcp, ref entry)
{
    return place_own(listener_at((const struct tcp *)tcp, entry)->ep.local_port);
}

/* What a listener bound to `local` with these LISTENER_FLAGS hears. */
static bool hears(const struct rill_addr *local, uint32_t accept, const struct rill_addr *addr)
{
    if (!ip_addr_is_unspecified(local))
        return ip_addr_equal(local, addr);
    return (accept & (uint32_t)(ip_addr_is_v4(addr) ? RILL_OPTION_V6_ONLY : RILL_OPTION_V4_ONLY)) == 0;
}

/* Rendezvous hashing: each flow has an order of its own of all listeners, which stays when others come and go. */
static bool is_preferred(const struct tcp *tcp, const struct listener *a, const struct listener *b,
                         const struct rill_endpoint *local, const struct rill_endpoint *remote)
{
    const struct host *host = &tcp->ip.host;
    uint64_t flow = ip_hash_tuple(host, PRF_LISTENERS, &local->addr, &remote->addr, local->port, remote->port);

    return prf_words2(&host->key, PRF_LISTENERS, flow, a->ep.generation) >
           prf_words2(&host->key, PRF_LISTENERS, flow, b->ep.generation);
}

struct listener *listen_find(const struct tcp *tcp, const struct rill_endpoint *local,
                             const struct rill_endpoint *remote)
{
    const struct host *host = &tcp->ip.host;
    struct table_probe probe = table_probe(&host->arena, &tcp->listening, place_own(local->port));
    struct listener *best = NULL;
    bool best_is_exact = false;
    ref r;

    while ((r = table_probe_next(&probe)) != REF_NONE) {
        struct listener *listener = listener_at(tcp, r);
        bool exact = !ip_addr_is_unspecified(&listener->local);

        if (listener->ep.local_port != local->port || !hears(&listener->local, listener->accept, &local->addr))
            continue;
        if (best == NULL || (exact && !best_is_exact) ||
            (exact == best_is_exact && is_preferred(tcp, listener, best, local, remote))) {
            best = listener;
            best_is_exact = exact;
        }
    }
    return best;
}

/* Both would hear some address. */
static bool overlap(const struct listener *listener, const struct rill_addr *addr, uint32_t accept)
{
    const uint32_t families = (uint32_t)(RILL_OPTION_V4_ONLY | RILL_OPTION_V6_ONLY);

    if (!ip_addr_is_unspecified(addr))
        return hears(&listener->local, listener->accept, addr);
    if (!ip_addr_is_unspecified(&listener->local))
        return hears(addr, accept, &listener->local);
    return ((listener->accept | accept) & families) != families;
}

/* Two listeners collide on a port when both hear some address and not both would share it. */
static bool is_taken(const struct tcp *tcp, const struct rill_endpoint *local, uint32_t accept)
{
    const struct host *host = &tcp->ip.host;
    struct table_probe probe = table_probe(&host->arena, &tcp->listening, place_own(local->port));
    ref r;

    while ((r = table_probe_next(&probe)) != REF_NONE) {
        const struct listener *listener = listener_at(tcp, r);

        if (listener->ep.local_port == local->port && overlap(listener, &local->addr, accept) &&
            (listener->accept & accept & (uint32_t)RILL_OPTION_REUSE_PORT) == 0)
            return true;
    }
    return false;
}

int listen_open(struct tcp *tcp, const struct rill_options *options, rill_conn *out)
{
    struct arena *arena = tcp_arena(tcp);
    const struct rill_endpoint *local = &options->local;
    struct listener *listener;
    ref r;

    if (local->port == 0)
        return -RILL_EINVAL;
    if (!ip_addr_is_unspecified(&local->addr) && !ip_is_local(&tcp->ip, &local->addr))
        return -RILL_EADDRNOTAVAIL;
    if (is_taken(tcp, local, options->flags & LISTENER_FLAGS))
        return -RILL_EADDRINUSE;
    r = pool_take(arena, &tcp->listeners);
    if (r == REF_NONE)
        return -RILL_ENOMEM;
    listener = listener_at(tcp, r);
    if (limits_set(tcp, &listener->limits, &options->limits) != 0) {
        pool_give(arena, &tcp->listeners, r);
        return -RILL_ENOMEM;
    }
    listener->ep.local_port = local->port;
    listener->local = local->addr;
    if (table_insert(arena, &tcp->listening, place_own(local->port), r, listener_hash_of, tcp) != 0) {
        limits_drop(tcp, &listener->limits);
        pool_give(arena, &tcp->listeners, r);
        return -RILL_ENOMEM;
    }
    listener->user = options->user;
    listener->flags = options->flags & OPTION_FLAGS;
    listener->accept = options->flags & LISTENER_FLAGS;
    listener->defer_accept = options->defer_accept;
    listener->send_limit = options->send_buffer_bytes;
    listener->receive_limit = options->receive_buffer_bytes;
    listener->window_shift = options_window_shift(tcp, options->receive_buffer_bytes); /* what a SYN,ACK said holds */
    listener->mss = options->mss;
    listener->tos = options->tos;
    listener->ecn = options->ecn;
    listener->ttl = options->ttl;
    listener->cc = cc_choice(tcp, options->congestion_control);
    listener->backlog = options->backlog;
    listener->fast_open_backlog = options->fast_open_backlog;
    if ((tcp->settings.fast_open & RILL_FAST_OPEN_ALL_LISTENERS) != 0)
        listener->fast_open_backlog = max_u32(options->fast_open_backlog, options->backlog);
    state_change(tcp, &listener->ep, RILL_STATE_LISTEN);
    *out = conn_of(tcp, &listener->ep);
    return 0;
}

void listen_change(struct listener *listener, const struct rill_options *options, unsigned which)
{
    if ((which & RILL_CHANGE_SEND_BUFFER) != 0)
        listener->send_limit = options->send_buffer_bytes;
    if ((which & RILL_CHANGE_RECEIVE_BUFFER) != 0)
        listener->receive_limit = options->receive_buffer_bytes;
    if ((which & RILL_CHANGE_MSS) != 0)
        listener->mss = options->mss;
    if ((which & RILL_CHANGE_TOS) != 0)
        listener->tos = options->tos;
    if ((which & RILL_CHANGE_TTL) != 0)
        listener->ttl = options->ttl;
    if ((which & RILL_CHANGE_BACKLOG) != 0)
        listener->backlog = options->backlog;
    if ((which & RILL_CHANGE_DEFER_ACCEPT) != 0)
        listener->defer_accept = options->defer_accept;
    if ((which & RILL_CHANGE_REUSE_PORT) != 0)
        listener->accept = (listener->accept & ~(uint32_t)RILL_OPTION_REUSE_PORT) |
                           (options->flags & (uint32_t)RILL_OPTION_REUSE_PORT);
}

struct seq initial_sequence_number(const struct tcp *tcp, const struct endpoint *ep)
{
    const struct host *host = &tcp->ip.host;
    const struct path *path = path_at(host, ep->path);
    uint64_t f = ip_hash_tuple(host, PRF_ISN, &path->local, &path->remote, ep->local_port, ep->remote_port);

    return seq_add(seq_add(seq_make((uint32_t)f), (uint32_t)(host->now / (4 * NANOS_PER_US))), tcp->syn_data_bytes);
}

bool listen_takes_syn(const struct tcp *tcp, const struct listener *listener, const struct tcp_segment *seg)
{
    return (seg->flags & (TCP_RST | TCP_ACK | TCP_SYN | TCP_FIN)) == TCP_SYN && half_open_has_room(listener) &&
           listener->accept_count <= listener->backlog && !host_is_short(&tcp->ip.host, RESERVE_FOR_OPENING);
}

void listen_segment(struct tcp *tcp, struct listener *listener, struct arrival *arrival, const struct seq *iss_floor)
{
    uint8_t flags = arrival->seg.flags;

    if ((flags & (TCP_RST | TCP_ACK)) == TCP_ACK) { /* second */
        if ((flags & TCP_SYN) == 0 && half_open_take_cookie(tcp, listener, arrival))
            return;
        segment_drop(tcp, arrival, RILL_DROP_TCP_NO_CONNECTION);
        answer_with_reset(tcp, arrival);
    } else if ((flags & (TCP_RST | TCP_SYN | TCP_FIN)) != TCP_SYN) { /* first, fourth; SYN with FIN opens nothing */
        segment_drop(tcp, arrival, RILL_DROP_TCP_FLAGS);
    } else if (listener->accept_count > listener->backlog) {
        segment_drop(tcp, arrival, RILL_DROP_TCP_ACCEPT_QUEUE_FULL);
    } else { /* third: a connection of its own; the listener stays */
        half_open_begin(tcp, listener, arrival, iss_floor);
    }
}

/* ---------------------------------------------------------------- the accept queue */

void listen_completed(struct tcp *tcp, struct tcb *tcb)
{
    struct listener *listener = listener_at(tcp, tcb->listener);
    ref r = tcb_ref(tcp, tcb);

    host_count(tcp_host(tcp), RILL_COUNT_TCP_PASSIVE_OPENS, 1);
    tcb->event_next = REF_NONE;
    if (listener->accept_tail == REF_NONE)
        listener->accept_head = r;
    else
        tcb_at(tcp, listener->accept_tail)->event_next = r;
    listener->accept_tail = r;
    listener->accept_count++;
    event_raise_listener(tcp, listener, RILL_ACCEPTABLE);
}

int listen_accept(struct tcp *tcp, struct listener *listener, struct tcb **out)
{
    ref r = listener->accept_head;
    struct tcb *tcb;

    if (r == REF_NONE)
        return -RILL_EAGAIN;
    tcb = tcb_at(tcp, r);
    listener->accept_head = tcb->event_next;
    if (listener->accept_head == REF_NONE)
        listener->accept_tail = REF_NONE;
    listener->accept_count--;
    tcb->event_next = REF_NONE;
    tcb->flags &= ~TCB_UNACCEPTED;
    tcb->user = listener->user;
    *out = tcb;
    event_raise(tcp, tcb, 0); /* what happened while it waited */
    return 0;
}

void listener_free_if_done(struct tcp *tcp, struct listener *listener)
{
    if (listener->closed && !listener->event_queued && listener->fast_open_pending == 0)
        pool_give(tcp_arena(tcp), &tcp->listeners, arena_ref(tcp_arena(tcp), listener));
}

void listen_close(struct tcp *tcp, struct listener *listener)
{
    struct arena *arena = tcp_arena(tcp);
    ref r = arena_ref(arena, listener);
    struct tcb *tcb;
    bool removed;

    half_open_drop_all(tcp, r);
    while (listen_accept(tcp, listener, &tcb) == 0) {
        tcb->flags |= TCB_ORPHAN;
        if (tcb->ep.state != RILL_STATE_CLOSED) {
            answer_abort(tcp, tcb);
            connection_end(tcp, tcb, -RILL_ECONNABORTED);
        }
        connection_free_if_done(tcp, tcb);
    }
    removed = table_remove(arena, &tcp->listening, place_own(listener->ep.local_port), r, listener_hash_of, tcp);
    rill_assert(removed);
    state_change(tcp, &listener->ep, RILL_STATE_CLOSED);
    limits_drop(tcp, &listener->limits);
    listener->closed = true;
    listener_free_if_done(tcp, listener);
}
