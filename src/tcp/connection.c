/*
 * Connection blocks and the lists they are in.
 */
#include "tcp/connection.h"

#include "tcp/accurate_ecn.h"
#include "tcp/cc.h"
#include "tcp/counts.h"
#include "tcp/fast_open.h"
#include "tcp/limits.h"
#include "tcp/listen.h"
#include "tcp/output.h"
#include "tcp/reassembly.h"
#include "tcp/scoreboard.h"
#include "tcp/send_queue.h"
#include "tcp/state.h"
#include "tcp/timeouts.h"
#include "tcp/tuning.h"

#define RCV_MSS_DEFAULT 536u /* until the peer's segments show theirs */

enum endpoint_kind endpoint_kind(const struct tcp *tcp, ref r)
{
    switch (arena_kind(&tcp->ip.host.arena, r) - PAGE_POOL_FIRST) {
    case POOL_TCBS:
        return ENDPOINT_TCB;
    case POOL_HALF_OPEN:
        return ENDPOINT_HALF_OPEN;
    case POOL_TIME_WAIT:
        return ENDPOINT_TIME_WAIT;
    case POOL_LISTENERS:
        return ENDPOINT_LISTENER;
    default:
        return ENDPOINT_NONE;
    }
}

uint64_t endpoint_hash(const struct tcp *tcp, const struct endpoint *ep)
{
    const struct path *path = path_at(&tcp->ip.host, ep->path);

    return ip_place_tuple(&tcp->ip.host, PRF_CONNECTIONS, &path->local, &path->remote, ep->local_port, ep->remote_port);
}

uint64_t endpoint_hash_of(const void *tcp, ref entry)
{
    return endpoint_hash((const struct tcp *)tcp,
                         (const struct endpoint *)host_at(&((const struct tcp *)tcp)->ip.host, entry));
}

ref connection_find(const struct tcp *tcp, const struct rill_addr *local, const struct rill_addr *remote,
                    uint16_t local_port, uint16_t remote_port)
{
    const struct host *host = &tcp->ip.host;
    uint64_t hash = ip_place_tuple(host, PRF_CONNECTIONS, local, remote, local_port, remote_port);
    struct table_probe probe = table_probe(&host->arena, &tcp->connections, hash);
    ref r;

    while ((r = table_probe_next(&probe)) != REF_NONE) {
        const struct endpoint *ep = (const struct endpoint *)host_at(host, r);
        const struct path *path;

        if (ep->local_port != local_port || ep->remote_port != remote_port)
            continue;
        path = path_at(host, ep->path);
        if (ip_addr_equal(&path->remote, remote) && ip_addr_equal(&path->local, local))
            return r;
    }
    return REF_NONE;
}

static void set_defaults(struct tcp *tcp, struct tcb *tcb)
{
    const struct tcp_settings *settings = &tcp->settings;

    wheel_node_init(&tcb->timer);
    tcb->retransmit_at = NANOS_NEVER;
    tcb->ack_at = NANOS_NEVER;
    tcb->keep_at = NANOS_NEVER;
    tuning_set_send_limit(tcp, tcb, 0);
    tuning_set_receive_limit(tcp, tcb, 0);
    tcb->ttl = IP_TTL_DEFAULT;
    tcb->cc = settings->cc;
    tcb->last_heard_ms = host_ms(tcp_host(tcp));
    tcb->answer_ms = wrapping_sub(tcb->last_heard_ms, 60000); /* long ago */
}

struct tcb *connection_create(struct tcp *tcp, ref path, uint16_t local_port, uint16_t remote_port, ref replaces)
{
    struct arena *arena = tcp_arena(tcp);
    ref r = pool_take(arena, &tcp->tcbs);
    struct tcb *tcb;
    uint64_t hash;
    bool done;

    if (r == REF_NONE)
        return NULL;
    tcb = tcb_at(tcp, r);
    tcb->ep.path = path;
    tcb->ep.local_port = local_port;
    tcb->ep.remote_port = remote_port;
    tcb->ep.state = RILL_STATE_CLOSED;
    hash = endpoint_hash(tcp, &tcb->ep);
    if (replaces != REF_NONE)
        done = table_replace(arena, &tcp->connections, hash, replaces, r);
    else
        done = table_insert(arena, &tcp->connections, hash, r, endpoint_hash_of, tcp) == 0;
    if (!done) {
        pool_give(arena, &tcp->tcbs, r);
        return NULL;
    }
    set_defaults(tcp, tcb);
    tcp->last_found = r; /* whose segment is the next one, as likely as any other's */
    return tcb;
}

bool connection_make_busy(struct tcp *tcp, struct tcb *tcb)
{
    struct busy *busy;

    if (tcb->busy != REF_NONE)
        return true;
    tcb->busy = pool_take(tcp_arena(tcp), &tcp->busies);
    if (tcb->busy == REF_NONE)
        return false;
    busy = busy_at(tcp, tcb);
    busy->small_end = tcb->snd_una;
    busy->snd_up = tcb->snd_una;
    return true;
}

void connection_rest(struct tcp *tcp, struct tcb *tcb)
{
    struct busy *busy;

    if (tcb->busy == REF_NONE)
        return;
    busy = busy_at(tcp, tcb);
    if (busy->send_bytes > 0 || busy->receive.head != REF_NONE || busy->reassembly != REF_NONE ||
        (tcb->flags & TCB_URGENT_SEEN) != 0)
        return;
    pool_give(tcp_arena(tcp), &tcp->busies, tcb->busy);
    tcb->busy = REF_NONE;
}

/* What a connection that may carry data begins with. */
void connection_opened(struct tcp *tcp, struct tcb *tcb)
{
    tcb->rcv_mss = RCV_MSS_DEFAULT;
    tcb->ep.own_quick_acks = QUICK_ACKS;
    if ((tcb->fast_open & FAST_OPEN_EARLY) == 0) /* it had its initial window with the SYN,ACK */
        cc_of(tcb)->established(tcp, tcb);
}

void connection_touch(struct tcp *tcp, struct tcb *tcb)
{
    struct netif *netif = &tcp->ip.netifs[tcb_path(tcp, tcb)->netif];
    ref r = tcb_ref(tcp, tcb);

    if ((tcb->flags & TCB_TOUCHED) != 0)
        return;
    tcb->flags |= TCB_TOUCHED;
    tcb->touched_next = REF_NONE;
    if (netif->touched_tail == REF_NONE)
        netif->touched_head = r;
    else
        tcb_at(tcp, netif->touched_tail)->touched_next = r;
    netif->touched_tail = r;
}

/* Timers off, nothing owed, queues emptied but for what may still be read. */
static void let_go(struct tcp *tcp, struct tcb *tcb, bool keep_received)
{
    struct arena *arena = tcp_arena(tcp);

    if (tcp->last_found == tcb_ref(tcp, tcb))
        tcp->last_found = REF_NONE;
    tcb->retransmit_at = tcb->ack_at = tcb->keep_at = NANOS_NEVER;
    wheel_disarm(arena, &tcp->wheel, tcb_ref(tcp, tcb));
    tcb->flags &= ~(TCB_ACK_NOW | TCB_ACK_DELAYED | TCB_SYN_DUE | TCB_PROBE_DUE | TCB_FORCE_SEND | TCB_PERSIST);
    send_queue_clear(tcp, tcb);
    sender_give(tcp, tcb);
    if (keep_received)
        reassembly_finish(tcp, tcb); /* no gap will be filled any more */
    else
        receive_queue_clear(tcp, tcb);
    if (tcb->busy != REF_NONE && busy_at(tcp, tcb)->receive.head == REF_NONE) {
        receive_queue_clear(tcp, tcb);
        pool_give(arena, &tcp->busies, tcb->busy);
        tcb->busy = REF_NONE;
    }
}

void connection_end(struct tcp *tcp, struct tcb *tcb, int error)
{
    bool removed;

    fast_open_ended(tcp, tcb, error);
    state_change(tcp, &tcb->ep, RILL_STATE_CLOSED);
    removed = table_remove(tcp_arena(tcp), &tcp->connections, endpoint_hash(tcp, &tcb->ep), tcb_ref(tcp, tcb),
                           endpoint_hash_of, tcp);
    rill_assert(removed);
    let_go(tcp, tcb, (tcb->flags & TCB_ORPHAN) == 0); /* what came in order can still be read: ADR 0016 */
    tcb->error = (uint8_t)-error;
    event_raise(tcp, tcb, error != 0 ? RILL_RESET | RILL_CLOSED : RILL_CLOSED);
}

void connection_forget(struct tcp *tcp, struct tcb *tcb)
{
    rill_assert((tcb->flags & TCB_ORPHAN) != 0);
    tcb->ep.state = RILL_STATE_CLOSED; /* of this block; the connection's own state is the new block's */
    let_go(tcp, tcb, false);
}

bool connection_free_if_done(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->ep.state != RILL_STATE_CLOSED || (tcb->flags & TCB_ORPHAN) == 0 ||
        (tcb->flags & (TCB_TOUCHED | TCB_EVENT_QUEUED)) != 0)
        return false;
    if (tcb->busy != REF_NONE) {
        receive_queue_clear(tcp, tcb);
        pool_give(tcp_arena(tcp), &tcp->busies, tcb->busy);
    }
    sender_give(tcp, tcb);
    accurate_ecn_give(tcp, tcb);
    counts_give(tcp, tcb);
    limits_drop(tcp, &tcb->limits);
    path_drop(&tcp->ip, tcb->ep.path);
    pool_give(tcp_arena(tcp), &tcp->tcbs, tcb_ref(tcp, tcb));
    return true;
}

struct tcb *connection_from_handle(const struct tcp *tcp, rill_conn conn)
{
    ref r = (ref)conn;
    struct tcb *tcb;

    if (!pool_holds(&tcp->ip.host.arena, &tcp->tcbs, r, (uint32_t)(conn >> 32)))
        return NULL;
    tcb = tcb_at(tcp, r);
    return (tcb->flags & (TCB_ORPHAN | TCB_UNACCEPTED)) != 0 ? NULL : tcb;
}

struct listener *listener_from_handle(const struct tcp *tcp, rill_conn conn)
{
    struct listener *listener;

    if (!pool_holds(&tcp->ip.host.arena, &tcp->listeners, (ref)conn, (uint32_t)(conn >> 32)))
        return NULL;
    listener = (struct listener *)host_at(&tcp->ip.host, (ref)conn);
    return listener->closed ? NULL : listener;
}

/* The link of whatever is in the event queue. */
static ref *event_link(struct tcp *tcp, ref r)
{
    if (endpoint_kind(tcp, r) == ENDPOINT_LISTENER)
        return &((struct listener *)host_at(tcp_host(tcp), r))->event_next;
    return &tcb_at(tcp, r)->event_next;
}

static void event_push(struct tcp *tcp, ref r)
{
    *event_link(tcp, r) = REF_NONE;
    if (tcp->event_tail == REF_NONE)
        tcp->event_head = r;
    else
        *event_link(tcp, tcp->event_tail) = r;
    tcp->event_tail = r;
}

void connection_set_options(struct tcb *tcb, uint32_t set, uint32_t clear)
{
    tcb->flags = (tcb->flags & ~(clear & TCB_OPTION_FLAGS)) | (set & TCB_OPTION_FLAGS);
    if ((set & RILL_OPTION_NO_SOFT_ERRORS) != 0)
        tcb->events = (uint16_t)((tcb->events & ~(unsigned)RILL_SOFT_ERROR) | EVENTS_WITHOUT_SOFT_ERRORS);
    else if ((clear & RILL_OPTION_NO_SOFT_ERRORS) != 0)
        tcb->events = (uint16_t)(tcb->events & ~EVENTS_WITHOUT_SOFT_ERRORS);
    if ((set & RILL_OPTION_PROGRESS) != 0)
        tcb->events = (uint16_t)(tcb->events | EVENTS_WITH_PROGRESS);
    else if ((clear & RILL_OPTION_PROGRESS) != 0)
        tcb->events = (uint16_t)(tcb->events & ~EVENTS_WITH_PROGRESS);
}

void event_raise(struct tcp *tcp, struct tcb *tcb, unsigned what)
{
    if ((tcb->flags & TCB_ORPHAN) != 0 || (what == RILL_SOFT_ERROR && (tcb->events & EVENTS_WITHOUT_SOFT_ERRORS) != 0))
        return;
    tcb->events = (uint16_t)(tcb->events | what);
    if ((tcb->flags & (TCB_UNACCEPTED | TCB_EVENT_QUEUED)) != 0)
        return;
    tcb->flags |= TCB_EVENT_QUEUED;
    event_push(tcp, tcb_ref(tcp, tcb));
}

void event_raise_listener(struct tcp *tcp, struct listener *listener, unsigned what)
{
    listener->events = (uint16_t)(listener->events | what);
    if (listener->event_queued)
        return;
    listener->event_queued = true;
    event_push(tcp, arena_ref(tcp_arena(tcp), listener));
}

static bool take_from_listener(struct tcp *tcp, struct listener *listener, struct rill_event *out)
{
    listener->event_queued = false;
    if (listener->closed) {
        listener_free_if_done(tcp, listener);
        return false;
    }
    *out = (struct rill_event){conn_of(tcp, &listener->ep), listener->user, listener->events, 0};
    listener->events = 0;
    return true;
}

static bool take_from_tcb(struct tcp *tcp, struct tcb *tcb, struct rill_event *out)
{
    tcb->flags &= ~(uint32_t)TCB_EVENT_QUEUED;
    if (connection_free_if_done(tcp, tcb) || (tcb->flags & TCB_ORPHAN) != 0)
        return false;
    *out = (struct rill_event){conn_of(tcp, &tcb->ep), tcb->user, tcb->events & ~EVENTS_SETTINGS, 0};
    if ((tcb->events & (RILL_RESET | RILL_SOFT_ERROR)) != 0)
        out->error = -(int)tcb->error;
    tcb->events &= EVENTS_SETTINGS;
    return out->what != 0;
}

bool event_take(struct tcp *tcp, struct rill_event *out)
{
    while (tcp->event_head != REF_NONE) {
        ref r = tcp->event_head;
        bool told;

        tcp->event_head = *event_link(tcp, r);
        if (tcp->event_head == REF_NONE)
            tcp->event_tail = REF_NONE;
        if (endpoint_kind(tcp, r) == ENDPOINT_LISTENER)
            told = take_from_listener(tcp, (struct listener *)host_at(tcp_host(tcp), r), out);
        else
            told = take_from_tcb(tcp, tcb_at(tcp, r), out);
        if (told)
            return true;
    }
    return false;
}

/* Marks that are compared with SND.UNA stay near it, or they would be taken for the other side of the circle. */
static bool marks_check(const struct tcb *tcb, const struct busy *busy)
{
    uint32_t flight = seq_offset(tcb->snd_una, tcb->snd_nxt);

    return seq_offset(tcb->snd_una, busy->small_end) <= flight;
}

bool connection_check(const struct tcp *tcp, const struct tcb *tcb)
{
    uint32_t flight = seq_offset(tcb->snd_una, tcb->snd_nxt);
    bool open = tcb->ep.state != RILL_STATE_CLOSED;

    if (tcb->busy != REF_NONE && !marks_check(tcb, busy_at(tcp, tcb)))
        return false;
    if (flight > (1u << 30) + UINT16_MAX || seq_after(tcb->rcv_nxt, seq_add(tcb->rcv_adv, 1)))
        return false;
    if (!scoreboard_check(tcp, tcb) || !send_queue_check(tcp, tcb) || !reassembly_check(tcp, tcb))
        return false;
    if (!open && (tcb->retransmit_at != NANOS_NEVER || tcb->timer.deadline != NANOS_NEVER))
        return false;
    /* T1 and "every connection with something unacknowledged has a timer", once output has settled it. */
    if (open && (tcb->flags & (TCB_TOUCHED | TCB_HELD)) == 0 && tcb->ep.state != RILL_STATE_TIME_WAIT) {
        bool waiting = flight > 0 || (state_is_synchronized(tcb->ep.state) && output_has_unsent(tcp, tcb));

        if (waiting != (tcb->retransmit_at != NANOS_NEVER))
            return false;
        if (tcb->timer.deadline > timeouts_earliest(tcp, tcb))
            return false;
    }
    return true;
}
