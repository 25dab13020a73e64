/*
 * The user's side of a connection. These mark what is wanted; output emits it.
 */
#include "tcp/user_calls.h"

#include "tcp/answer.h"
#include "tcp/cc.h"
#include "tcp/connection.h"
#include "tcp/ecn.h"
#include "tcp/fast_open.h"
#include "tcp/lent.h"
#include "tcp/limits.h"
#include "tcp/listen.h"
#include "tcp/mtu.h"
#include "tcp/options.h"
#include "tcp/output.h"
#include "tcp/reassembly.h"
#include "tcp/rtt.h"
#include "tcp/send_queue.h"
#include "tcp/state.h"
#include "tcp/timeouts.h"
#include "tcp/tuning.h"

#define PORT_FIRST 32768u /* ephemeral ports: RFC 6056 3.2 wants many; below are what servers are configured to */
#define PORT_COUNT 32768u

/* RFC 6056 3.3.3: a keyed offset for each destination, and a counter; unused for this pair of addresses. */
static uint16_t choose_port(struct tcp *tcp, const struct rill_addr *local, const struct rill_endpoint *remote)
{
    uint32_t offset =
        (uint32_t)(ip_hash_tuple(tcp_host(tcp), PRF_PORT, local, &remote->addr, 0, remote->port) % PORT_COUNT);

    for (uint32_t tries = 0; tries < PORT_COUNT; tries++) {
        uint16_t port = (uint16_t)(PORT_FIRST + (offset + tcp->next_port) % PORT_COUNT);

        tcp->next_port = (tcp->next_port + 1) % PORT_COUNT;
        if (connection_find(tcp, local, &remote->addr, port, remote->port) == REF_NONE &&
            listen_find(tcp, &(struct rill_endpoint){*local, port}, remote) == NULL)
            return port;
    }
    return 0;
}

static void take_options(struct tcp *tcp, struct tcb *tcb, const struct rill_options *options)
{
    tcb->flags |= TCB_SYN_UNACKED;
    tcb->flags |= tcp->settings.timestamps ? TCB_TIMESTAMPS : 0;
    tcb->flags |= tcp->settings.sack ? TCB_SACK : 0;
    tcb->flags |= tcp->settings.window_scaling ? TCB_WINDOW_SCALE : 0;
    if (options == NULL)
        return;
    connection_set_options(tcb, options->flags, 0);
    tcb->fast_open = (options->flags & RILL_OPTION_FAST_OPEN) != 0 ? FAST_OPEN_WANTED : 0;
    tcb->user = options->user;
    tcb->tos = options->tos;
    tcb->ttl = options->ttl != 0 ? options->ttl : tcb->ttl;
    tuning_set_send_limit(tcp, tcb, options->send_buffer_bytes);
    tuning_set_receive_limit(tcp, tcb, options->receive_buffer_bytes);
    tcb->cc = cc_choice(tcp, options->congestion_control);
    if (options->limits.user_timeout_ms != 0)
        options_fix_user_timeout(tcb);
}

static uint32_t wanted_or(uint32_t wanted, uint32_t otherwise)
{
    return wanted != 0 ? wanted : otherwise;
}

void user_change(struct tcp *tcp, struct tcb *tcb, const struct rill_options *options, unsigned which)
{
    if ((which & RILL_CHANGE_SEND_BUFFER) != 0)
        tuning_set_send_limit(tcp, tcb, options->send_buffer_bytes);
    if ((which & RILL_CHANGE_RECEIVE_BUFFER) != 0)
        tuning_set_receive_limit(tcp, tcb, options->receive_buffer_bytes);
    if ((which & RILL_CHANGE_MSS) != 0 && options->mss != 0 && options->mss < tcb->snd_mss_max) {
        tcb->snd_mss_max = options->mss;
        mtu_follow_path(tcp, tcb);
    }
    if ((which & RILL_CHANGE_TOS) != 0)
        tcb->tos = options->tos;
    if ((which & RILL_CHANGE_TTL) != 0)
        tcb->ttl = (uint8_t)wanted_or(options->ttl, IP_TTL_DEFAULT);
    send_queue_tell_of_room(tcp, tcb);
}

/* The local end of an active OPEN: what the user bound, or what the route says (MUST-44). */
static int choose_local(struct tcp *tcp, const struct rill_endpoint *remote, const struct rill_options *options,
                        uint32_t *netif, struct rill_endpoint *local)
{
    int error = ip_route(&tcp->ip, &remote->addr, netif, &local->addr);

    if (error != 0)
        return error;
    local->port = options != NULL ? options->local.port : 0;
    if (options != NULL && !ip_addr_is_unspecified(&options->local.addr)) {
        if (!ip_is_local(&tcp->ip, &options->local.addr))
            return -RILL_EADDRNOTAVAIL;
        local->addr = options->local.addr;
    }
    if (local->port == 0) {
        local->port = choose_port(tcp, &local->addr, remote);
        return local->port != 0 ? 0 : -RILL_EADDRNOTAVAIL;
    }
    return connection_find(tcp, &local->addr, &remote->addr, local->port, remote->port) == REF_NONE ? 0
                                                                                                    : -RILL_EADDRINUSE;
}

static int open_from(struct tcp *tcp, const struct rill_endpoint *remote, const struct rill_options *options,
                     enum rill_state from, struct tcb **out)
{
    struct rill_endpoint local;
    uint32_t netif;
    struct tcb *tcb;
    int error;
    ref path, limits = REF_NONE;

    if (ip_addr_is_unspecified(&remote->addr) || remote->port == 0)
        return -RILL_EINVAL;
    error = choose_local(tcp, remote, options, &netif, &local);
    if (error != 0)
        return error;
    if (host_is_short(tcp_host(tcp), RESERVE_FOR_OPENING))
        return -RILL_ENOMEM;
    if (options != NULL && limits_set(tcp, &limits, &options->limits) != 0)
        return -RILL_ENOMEM;
    path = path_take(&tcp->ip, netif, &local.addr, &remote->addr);
    tcb = path == REF_NONE ? NULL : connection_create(tcp, path, local.port, remote->port, REF_NONE);
    if (tcb == NULL) {
        if (path != REF_NONE)
            path_drop(&tcp->ip, path);
        limits_drop(tcp, &limits);
        return -RILL_ENOMEM;
    }
    tcb->limits = limits;
    take_options(tcp, tcb, options);
    tcb->rcv_wscale =
        options_window_shift(tcp, options != NULL ? options->receive_buffer_bytes : 0); /* for good: RFC 7323 2.2 */
    tcb->ts_offset = options_timestamp_offset(tcp, &tcb->ep);
    tcb->iss = initial_sequence_number(tcp, &tcb->ep);
    tcb->snd_una = tcb->snd_nxt = tcb->iss;
    tcb->rcv_mss = options != NULL && options->mss != 0 ? options->mss : UINT16_MAX; /* the limit, until established */
    tcb->ep.state = (uint8_t)from;
    state_change(tcp, &tcb->ep, RILL_STATE_SYN_SENT);
    host_count(tcp_host(tcp), RILL_COUNT_TCP_ACTIVE_OPENS, 1);
    *out = tcb;
    ecn_open(tcp, tcb, ecn_setting(tcp, options != NULL ? options->ecn : (uint8_t)RILL_ECN_DEFAULT));
    if (fast_open_waits(tcp, tcb))
        return 0;
    tcb->flags |= TCB_SYN_DUE;
    connection_touch(tcp, tcb);
    timeouts_settle(tcp, tcb);
    return 0;
}

int user_open(struct tcp *tcp, const struct rill_endpoint *remote, const struct rill_options *options, struct tcb **out)
{
    return open_from(tcp, remote, options, RILL_STATE_CLOSED, out);
}

int user_open_listener(struct tcp *tcp, struct listener *listener, const struct rill_endpoint *remote, struct tcb **out)
{
    struct rill_options options = {
        .user = listener->user,
        .local = {listener->local, listener->ep.local_port},
        .send_buffer_bytes = listener->send_limit,
        .receive_buffer_bytes = listener->receive_limit,
        .mss = listener->mss,
        .tos = listener->tos,
        .ecn = listener->ecn,
        .ttl = listener->ttl,
        .flags = listener->flags,
        .congestion_control = cc_name(listener->cc),
    };
    int error = open_from(tcp, remote, &options, RILL_STATE_LISTEN, out);

    if (error != 0)
        return error;
    limits_inherit(tcp, *out, listener->limits);
    listen_close(tcp, listener);
    return 0;
}

/* Why an ended connection ended: told once, then what the call says of a connection that is simply gone. */
static int ended(struct tcb *tcb, int otherwise)
{
    int error = -(int)tcb->error;

    tcb->error = 0;
    return error != 0 ? error : otherwise;
}

/* RFC 5681 4.1: nothing was in flight for longer than the RTO, so what cwnd knew of the path is out of date. */
static void restart_after_idle(struct tcp *tcp, struct tcb *tcb)
{
    uint32_t idle_ms = host_ms_since(tcp_host(tcp), tcb->unanswered_ms);

    if (state_can_send(tcb->ep.state) && seq_equal(tcb->snd_una, tcb->snd_nxt) && send_queue_bytes(tcp, tcb) == 0 &&
        idle_ms > rtt_rto_us(tcp, tcb) / 1000)
        cc_of(tcb)->idle(tcp, tcb, min_u32(idle_ms, UINT32_MAX / 1000) * 1000);
}

int64_t user_send(struct tcp *tcp, struct tcb *tcb, const void *data, size_t length_bytes, unsigned flags)
{
    uint32_t wanted = (uint32_t)min_u64(length_bytes, INT32_MAX);
    uint32_t taken;

    if (tcb->ep.state == RILL_STATE_CLOSED)
        return ended(tcb, -RILL_EPIPE);
    if ((tcb->flags & TCB_CLOSE_QUEUED) != 0)
        return -RILL_EPIPE;
    fast_open_release(tcp, tcb);
    if (wanted == 0)
        return 0;
    restart_after_idle(tcp, tcb);
    taken = (flags & RILL_SEND_LENT) != 0 ? send_queue_lend(tcp, tcb, (const uint8_t *)data, wanted)
                                          : send_queue_append(tcp, tcb, (const uint8_t *)data, wanted);
    if (taken < wanted)
        send_queue_want_room(tcp, tcb);
    if (taken == 0 && (tcb->flags & TCB_TOUCHED) == 0)
        connection_rest(tcp, tcb); /* refused: a block that was taken for it is not kept */
    if (taken == 0)
        return send_queue_bytes(tcp, tcb) > 0 ? -RILL_EAGAIN : -RILL_ENOBUFS; /* queued bytes make room when acked */
    tcb->flags = (flags & RILL_SEND_MORE) != 0 ? tcb->flags | TCB_MORE : tcb->flags & ~TCB_MORE;
    if ((flags & RILL_SEND_END_OF_RECORD) != 0 && taken == wanted)
        send_queue_end_record(tcp, tcb);
    if ((flags & RILL_SEND_URGENT) != 0 && taken == wanted) { /* 3.10.2: SND.UP <- the end of what was given */
        busy_at(tcp, tcb)->snd_up = send_queue_end(tcp, tcb);
    }
    if ((state_can_send(tcb->ep.state) || fast_open_may_send(tcb)) && (tcb->flags & TCB_TOUCHED) == 0) {
        connection_touch(tcp, tcb);
        timeouts_settle(tcp, tcb); /* should the driver not pull, somebody still counts the time */
    }
    return taken;
}

/* What RECEIVE says when nothing is queued. */
static int nothing_to_receive(struct tcb *tcb)
{
    if ((tcb->flags & TCB_FIN_RECEIVED) != 0)
        return 0; /* nothing is missing, whatever came after */
    if (tcb->ep.state == RILL_STATE_CLOSED)
        return ended(tcb, 0);
    return -RILL_EAGAIN;
}

/* RFC 9293 3.8.6.2.2: the application read; tell the peer when it is worth a segment. */
static void offer_more(struct tcp *tcp, struct tcb *tcb)
{
    uint32_t window = seq_offset(tcb->rcv_nxt, tcb->rcv_adv);
    uint32_t grown;

    if (!state_can_receive(tcb->ep.state))
        return;
    grown = seq_offset(tcb->rcv_adv, output_right_edge(tcp, tcb));
    if (grown == 0 || (window >= tcb->receive_limit / 8 && grown < max_u32(window, 2u * tcb->rcv_mss)))
        return;
    tcb->flags |= TCB_ACK_NOW;
    connection_touch(tcp, tcb);
}

static void after_reading(struct tcp *tcp, struct tcb *tcb)
{
    struct seq reader = seq_sub(tcb->rcv_nxt, receive_queue_bytes(tcp, tcb));

    if ((tcb->flags & TCB_FIN_RECEIVED) != 0)
        reader = seq_sub(reader, 1);
    if ((tcb->flags & TCB_URGENT_SEEN) != 0 && !seq_after(busy_at(tcp, tcb)->rcv_up, reader))
        tcb->flags &= ~TCB_URGENT_SEEN;
    offer_more(tcp, tcb);
    if ((tcb->flags & TCB_TOUCHED) == 0)
        connection_rest(tcp, tcb);
}

int64_t user_receive(struct tcp *tcp, struct tcb *tcb, void *data, size_t length_bytes, unsigned flags)
{
    uint32_t queued = receive_queue_bytes(tcp, tcb);
    uint32_t n = (uint32_t)min_u64(queued, length_bytes);

    if (queued == 0)
        return nothing_to_receive(tcb);
    receive_queue_copy(tcp, tcb, (uint8_t *)data, n);
    if ((flags & RILL_RECEIVE_PEEK) == 0) {
        receive_queue_consume(tcp, tcb, n);
        after_reading(tcp, tcb);
    }
    return n;
}

int user_borrow(struct tcp *tcp, struct tcb *tcb, struct rill_slice *slices, unsigned max)
{
    int n = 0;

    if (receive_queue_bytes(tcp, tcb) == 0)
        return nothing_to_receive(tcb);
    for (ref r = busy_at(tcp, tcb)->receive.head; r != REF_NONE && (unsigned)n < max;
         r = buffer_at(tcp_arena(tcp), r)->next) {
        struct buffer *buffer = buffer_at(tcp_arena(tcp), r);

        slices[n++] = (struct rill_slice){buffer_data(buffer), buffer->length_bytes};
    }
    return n;
}

int user_consume(struct tcp *tcp, struct tcb *tcb, size_t length_bytes)
{
    if (length_bytes > receive_queue_bytes(tcp, tcb))
        return -RILL_EINVAL;
    if (length_bytes > 0) {
        receive_queue_consume(tcp, tcb, (uint32_t)length_bytes);
        after_reading(tcp, tcb);
    }
    return 0;
}

int user_close_send(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->ep.state == RILL_STATE_CLOSED)
        return ended(tcb, -RILL_ENOTCONN);
    if ((tcb->flags & TCB_CLOSE_QUEUED) != 0)
        return -RILL_EPIPE;
    if (tcb->ep.state == RILL_STATE_SYN_SENT) {
        connection_end(tcp, tcb, 0);
        return 0;
    }
    tcb->flags |= TCB_CLOSE_QUEUED;
    switch (tcb->ep.state) {
    case RILL_STATE_SYN_RECEIVED: /* 3.10.4: at once when nothing is queued, else after ESTABLISHED */
        if (send_queue_bytes(tcp, tcb) == 0) {
            connection_opened(tcp, tcb);
            state_change(tcp, &tcb->ep, RILL_STATE_FIN_WAIT_1);
        }
        break;
    case RILL_STATE_ESTABLISHED:
        state_change(tcp, &tcb->ep, RILL_STATE_FIN_WAIT_1);
        break;
    case RILL_STATE_CLOSE_WAIT:
        state_change(tcp, &tcb->ep, RILL_STATE_LAST_ACK);
        break;
    default:
        break;
    }
    connection_touch(tcp, tcb);
    return 0;
}

/* RFC 9293 3.10.5: in these states the peer believes in the connection. */
static bool abort_sends_reset(uint8_t state)
{
    return state == RILL_STATE_SYN_RECEIVED || state_can_receive(state) || state == RILL_STATE_CLOSE_WAIT;
}

static void abandon(struct tcp *tcp, struct tcb *tcb)
{
    if (abort_sends_reset(tcb->ep.state))
        answer_abort(tcp, tcb);
    connection_end(tcp, tcb, 0);
}

void user_close(struct tcp *tcp, struct tcb *tcb)
{
    bool unread = receive_queue_bytes(tcp, tcb) > 0 || reassembly_has_gap(tcp, tcb);

    tcb->flags |= TCB_ORPHAN | TCB_RECEIVE_SHUT;
    tcb->flags &= ~TCB_HELD;
    tcb->events = 0;
    if ((unread && abort_sends_reset(tcb->ep.state)) || !lent_copy_all(tcp, tcb)) {
        abandon(tcp, tcb); /* SHLD-3: the peer learns that its data was lost, or that ours will be missing */
    } else if (tcb->ep.state != RILL_STATE_CLOSED) {
        receive_queue_clear(tcp, tcb);
        (void)user_close_send(tcp, tcb); /* -RILL_EPIPE: was half closed already */
        if (tcb->ep.state == RILL_STATE_FIN_WAIT_2)
            timeouts_fin_wait_2(tcp, tcb);
        if (tcb->ep.state != RILL_STATE_CLOSED)
            connection_touch(tcp, tcb);
    }
    connection_free_if_done(tcp, tcb);
}

void user_abort(struct tcp *tcp, struct tcb *tcb)
{
    tcb->flags |= TCB_ORPHAN | TCB_RECEIVE_SHUT;
    tcb->events = 0;
    if (tcb->ep.state != RILL_STATE_CLOSED)
        abandon(tcp, tcb);
    connection_free_if_done(tcp, tcb);
}
