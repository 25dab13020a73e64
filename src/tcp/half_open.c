/*
 * The SYN queue: passive opens in SYN-RECEIVED (RFC 9293 3.10.7.4, RFC 4987).
 * Until the handshake's last ACK a connection costs one 48-byte block; when
 * the queue is full, it costs nothing (syn_cookie.c).
 */
#include "tcp/half_open.h"

#include "tcp/answer.h"
#include "tcp/connection.h"
#include "tcp/ecn.h"
#include "tcp/fast_open.h"
#include "tcp/fifo.h"
#include "tcp/limits.h"
#include "tcp/listen.h"
#include "tcp/mtu.h"
#include "tcp/options.h"
#include "tcp/rtt.h"
#include "tcp/segment_arrives.h"
#include "tcp/state.h"
#include "tcp/syn_cookie.h"
#include "tcp/timeouts.h"
#include "tcp/tuning.h"

#define HALF_OPEN_MIN 16u       /* half-open connections that any listener may have */
#define HANDSHAKE_MS_MAX 60000u /* the SYN,ACK goes again long before, unless nobody polls the stack */

static struct listener *listener_at(const struct tcp *tcp, ref r)
{
    return (struct listener *)host_at(&tcp->ip.host, r);
}

static struct half_open *half_open_at(const struct tcp *tcp, ref r)
{
    return (struct half_open *)host_at(&tcp->ip.host, r);
}

static uint32_t receive_limit(const struct tcp *tcp, const struct listener *listener)
{
    return listener->receive_limit != 0 ? listener->receive_limit : tcp->settings.receive_buffer_bytes;
}

/* The window field of a SYN,ACK; never scaled. */
static uint16_t first_window(const struct tcp *tcp, const struct listener *listener)
{
    uint32_t bound = limits_at(tcp, listener->limits)->window_bytes;
    uint32_t window = min_u32(receive_limit(tcp, listener) / 2, UINT16_MAX);

    return (uint16_t)(bound != 0 ? min_u32(window, bound) : window);
}

static void build_header(struct tcp *tcp, const struct half_open *half_open, struct tcp_header *header)
{
    header->flags = TCP_ACK;
    header->ae = false;
    header->seq = seq_add(half_open->iss, 1);
    header->ack = seq_add(half_open->irs, 1);
    header->urgent = 0;
    header->window = first_window(tcp, listener_at(tcp, half_open->listener));
    header->options.present = 0;
    header->options.sack_count = 0;
    if ((half_open->ep.own_options & HALF_OPEN_TS) != 0) {
        header->options.present = TCP_OPTION_TIMESTAMP;
        header->options.timestamp_value =
            wrapping_add(host_ms(tcp_host(tcp)), options_timestamp_offset(tcp, &half_open->ep));
        header->options.timestamp_echo = half_open->ts_recent;
    }
}

/* At most one in half a second, as for TCBs (answer_is_allowed()): two listeners must not answer each other. */
static void send_ack(struct tcp *tcp, struct half_open *half_open)
{
    const struct listener *listener = listener_at(tcp, half_open->listener);
    uint8_t half_second = (uint8_t)(1 + (host_ms(tcp_host(tcp)) >> 9) % 255);
    struct tcp_header header;

    if (half_open->answered == half_second) {
        host_count(tcp_host(tcp), RILL_COUNT_TCP_ACKS_HELD, 1);
        return;
    }
    half_open->answered = half_second;
    build_header(tcp, half_open, &header);
    header.window =
        (uint16_t)(header.window >> ((half_open->ep.own_options & HALF_OPEN_WSCALE) != 0 ? listener->window_shift : 0));
    answer_segment(tcp, &half_open->ep, &header);
}

/* cookie: what the option of the SYN that is answered gets; NULL on those sent again (RFC 7413 4.2.2) */
static void send_syn_ack(struct tcp *tcp, const struct half_open *half_open, const struct fast_open_answer *cookie)
{
    const struct listener *listener = listener_at(tcp, half_open->listener);
    struct tcp_header header;

    build_header(tcp, half_open, &header);
    header.flags = TCP_SYN | TCP_ACK;
    ecn_fill_syn_ack(half_open->ecn, half_open_retries(half_open), &header);
    header.seq = half_open->iss;
    header.options.present |= TCP_OPTION_MSS;
    header.options.mss = options_announced_mss(tcp, path_at(tcp_host(tcp), half_open->ep.path));
    if (listener->mss != 0)
        header.options.mss = (uint16_t)min_u32(header.options.mss, listener->mss);
    if ((half_open->ep.own_options & HALF_OPEN_WSCALE) != 0) {
        header.options.present |= TCP_OPTION_WINDOW_SCALE;
        header.options.window_scale = listener->window_shift;
    }
    if ((half_open->ep.own_options & HALF_OPEN_SACK) != 0)
        header.options.present |= TCP_OPTION_SACK_PERMITTED;
    if ((listener->flags & TCB_USER_TIMEOUT) != 0) {
        header.options.present |= TCP_OPTION_USER_TIMEOUT;
        header.options.user_timeout = options_encode_user_timeout(limits_at(tcp, listener->limits)->user_timeout_ms);
    }
    if (cookie != NULL && cookie->gives_cookie)
        fast_open_put_cookie(cookie, &header.options);
    answer_segment(tcp, &half_open->ep, &header);
}

/* From a SYN,ACK to the next one. */
static uint32_t retry_wait_ms(const struct tcp *tcp, uint32_t retries)
{
    return min_u32((tcp->settings.rto_initial_us / 1000) << retries, tcp->settings.rto_max_us / 1000);
}

static void half_open_queue(struct tcp *tcp, ref r)
{
    struct half_open *half_open = half_open_at(tcp, r);
    uint32_t retries = half_open_retries(half_open);

    half_open->due_ms = wrapping_add(host_ms(tcp_host(tcp)), retry_wait_ms(tcp, retries));
    fifo_push(tcp_arena(tcp), &tcp->half_open[retries], r, offsetof(struct half_open, link));
    timeouts_note(tcp, host_due_at(tcp_host(tcp), half_open->due_ms));
}

/* Out of the lists and the table; the block is given back, its hold on the path too unless a TCB took it over. */
static void half_open_remove(struct tcp *tcp, struct half_open *half_open, bool replaced)
{
    ref r = arena_ref(tcp_arena(tcp), half_open);

    fifo_remove(tcp_arena(tcp), &tcp->half_open[half_open_retries(half_open)], r, offsetof(struct half_open, link));
    listener_at(tcp, half_open->listener)->half_open_count--;
    if (!replaced) {
        bool removed = table_remove(tcp_arena(tcp), &tcp->connections, endpoint_hash(tcp, &half_open->ep), r,
                                    endpoint_hash_of, tcp);

        rill_assert(removed);
        state_change(tcp, &half_open->ep, RILL_STATE_CLOSED);
        host_count(tcp_host(tcp), RILL_COUNT_TCP_FAILED_OPENS, 1);
        path_drop(&tcp->ip, half_open->ep.path);
    }
    pool_give(tcp_arena(tcp), &tcp->half_opens, r);
}

static void take_options(const struct tcp *tcp, struct half_open *half_open, const struct tcp_options *theirs)
{
    uint8_t agreed = 0;

    if (tcp->settings.window_scaling && (theirs->present & TCP_OPTION_WINDOW_SCALE) != 0)
        agreed |= (uint8_t)(HALF_OPEN_WSCALE | theirs->window_scale);
    if (tcp->settings.sack && (theirs->present & TCP_OPTION_SACK_PERMITTED) != 0)
        agreed |= HALF_OPEN_SACK;
    if (tcp->settings.timestamps && (theirs->present & TCP_OPTION_TIMESTAMP) != 0) {
        agreed |= HALF_OPEN_TS;
        half_open->ts_recent = theirs->timestamp_value;
    }
    half_open->ep.own_options = agreed;
    half_open->mss = (theirs->present & TCP_OPTION_MSS) != 0 ? theirs->mss : 0;
}

/* What the SYN says, put into a block: one in the arena, or one that lives only as long as its answer is built. */
static void describe(struct tcp *tcp, struct half_open *half_open, struct listener *listener,
                     const struct arrival *arrival, ref path)
{
    half_open->ep.path = path;
    half_open->ep.local_port = arrival->seg.destination_port;
    half_open->ep.remote_port = arrival->seg.source_port;
    half_open->listener = arena_ref(tcp_arena(tcp), listener);
    half_open->irs = arrival->seg.seq;
    take_options(tcp, half_open, &arrival->seg.options);
    half_open->ecn = ecn_answer_syn(ecn_setting(tcp, listener->ecn), arrival);
}

/* A half-open block for the SYN, in the table and the queue; REF_NONE when memory is short. */
static ref create(struct tcp *tcp, struct listener *listener, const struct arrival *arrival, ref path)
{
    struct arena *arena = tcp_arena(tcp);
    ref r = pool_take(arena, &tcp->half_opens);
    struct half_open *half_open;

    if (r == REF_NONE)
        return REF_NONE;
    half_open = half_open_at(tcp, r);
    describe(tcp, half_open, listener, arrival, path);
    if (table_insert(arena, &tcp->connections, endpoint_hash(tcp, &half_open->ep), r, endpoint_hash_of, tcp) != 0) {
        pool_give(arena, &tcp->half_opens, r);
        return REF_NONE;
    }
    listener->half_open_count++;
    half_open_queue(tcp, r);
    return r;
}

/* RFC 4987 3.6: answer the SYN and remember nothing; the ACK brings everything back. */
static void answer_with_cookie(struct tcp *tcp, struct listener *listener, const struct arrival *arrival, ref path,
                               const struct fast_open_answer *fast_open)
{
    struct half_open half_open = {0};

    describe(tcp, &half_open, listener, arrival, path);
    half_open.iss = syn_cookie_make(tcp, &half_open);
    listener->cookies_sent = true;
    listener->cookie_ms = host_ms(tcp_host(tcp));
    host_count(tcp_host(tcp), RILL_COUNT_TCP_SYN_COOKIES_SENT, 1);
    send_syn_ack(tcp, &half_open, fast_open);
}

/*
 * The path back: by the routes, not by where the SYN came in, or a stranger on
 * one interface could draw another one's traffic to itself. REF_NONE when there is no route or no memory.
 */
static ref take_path(struct tcp *tcp, const struct ip_packet *packet)
{
    struct rill_addr ours;
    uint32_t netif;

    if (ip_route(&tcp->ip, &packet->source, &netif, &ours) != 0)
        return REF_NONE;
    return path_take(&tcp->ip, netif, &packet->destination, &packet->source);
}

static struct seq choose_iss(struct tcp *tcp, const struct endpoint *ep, const struct seq *iss_floor)
{
    struct seq iss = initial_sequence_number(tcp, ep);

    if (iss_floor != NULL && !seq_after(iss, *iss_floor))
        return seq_add(*iss_floor, 1 + ((uint32_t)host_draw(tcp_host(tcp)) & 0xffff));
    return iss;
}

static void enter_syn_received(struct tcp *tcp, struct endpoint *ep, const struct seq *iss_floor)
{
    ep->state = iss_floor != NULL ? RILL_STATE_TIME_WAIT : RILL_STATE_CLOSED;
    state_change(tcp, ep, RILL_STATE_SYN_RECEIVED);
}

bool half_open_has_room(const struct listener *listener)
{
    return listener->half_open_count < max_u32(listener->backlog, HALF_OPEN_MIN);
}

void half_open_begin(struct tcp *tcp, struct listener *listener, struct arrival *arrival, const struct seq *iss_floor)
{
    bool has_room = half_open_has_room(listener);
    struct fast_open_answer fast_open;
    ref path = take_path(tcp, arrival->packet);
    ref r;

    fast_open_judge(tcp, listener, arrival, &fast_open);
    /* Whatever room there is: the cookie has proved the peer's address, and a limit of its own holds. */
    if (fast_open.opens && path != REF_NONE && !host_is_short(tcp_host(tcp), RESERVE_FOR_OPENING) &&
        fast_open_accept(tcp, listener, arrival, path, iss_floor, &fast_open))
        return;
    r = path != REF_NONE && has_room && !host_is_short(tcp_host(tcp), RESERVE_FOR_OPENING)
            ? create(tcp, listener, arrival, path)
            : REF_NONE;

    if (r != REF_NONE) {
        struct half_open *half_open = half_open_at(tcp, r);

        half_open->iss = choose_iss(tcp, &half_open->ep, iss_floor);
        enter_syn_received(tcp, &half_open->ep, iss_floor);
        send_syn_ack(tcp, half_open, &fast_open);
        return;
    }
    /* A cookie only for want of room in the queue: short of memory, its ACK would be refused as well. */
    if (path != REF_NONE && !has_room && tcp->settings.syn_cookies &&
        !host_is_short(tcp_host(tcp), RESERVE_FOR_OPENING))
        answer_with_cookie(tcp, listener, arrival, path, &fast_open);
    else
        segment_drop(tcp, arrival, has_room ? RILL_DROP_TCP_NO_MEMORY : RILL_DROP_TCP_SYN_QUEUE_FULL);
    if (path != REF_NONE)
        path_drop(&tcp->ip, path);
}

/* How often the SYN,ACK was sent again for want of an answer, and not for a deferred accept's data. */
static uint32_t times_lost(const struct half_open *half_open)
{
    if ((half_open->ep.own_options & HALF_OPEN_RESENT) == 0)
        return 0;
    if ((half_open->ep.own_retries & HALF_OPEN_WAITS) != 0)
        return (half_open->ep.own_retries & HALF_OPEN_LOST) != 0 ? 2 : 0;
    return half_open_retries(half_open);
}

/*
 * The handshake's last ACK: a TCB from the block, in the place in the table of
 * `replaces` when there is one. Takes over the block's hold on the path. NULL when the arena refuses.
 */
static struct tcb *promote(struct tcp *tcp, const struct half_open *half_open, ref replaces)
{
    struct listener *listener = listener_at(tcp, half_open->listener);
    uint8_t agreed = half_open->ep.own_options;
    struct tcb *tcb =
        connection_create(tcp, half_open->ep.path, half_open->ep.local_port, half_open->ep.remote_port, replaces);

    if (tcb == NULL)
        return NULL;
    tcb->ep.state = RILL_STATE_SYN_RECEIVED; /* not a change: the same connection in another block */
    tcb->listener = half_open->listener;
    tcb->flags = TCB_UNACCEPTED | TCB_SYN_UNACKED;
    connection_set_options(tcb, listener->flags, 0);
    tcb->flags |= (agreed & HALF_OPEN_TS) != 0 ? TCB_TIMESTAMPS : 0;
    tcb->flags |= (agreed & HALF_OPEN_SACK) != 0 ? TCB_SACK : 0;
    tcb->flags |= (agreed & HALF_OPEN_WSCALE) != 0 ? TCB_WINDOW_SCALE : 0;
    tcb->flags |= times_lost(half_open) > 0 ? TCB_SYN_RESENT : 0;
    tcb->tuning |= times_lost(half_open) > 1 ? SYN_IS_LOST : 0; /* RFC 6928 2 */
    tcb->snd_wscale = (agreed & HALF_OPEN_WSCALE) != 0 ? agreed & HALF_OPEN_SCALE_MASK : 0;
    tcb->rcv_wscale = (agreed & HALF_OPEN_WSCALE) != 0 ? listener->window_shift : 0;
    tcb->ts_offset = options_timestamp_offset(tcp, &tcb->ep);
    tcb->ts_recent = half_open->ts_recent;
    tcb->iss = tcb->snd_una = half_open->iss;
    tcb->snd_nxt = seq_add(half_open->iss, 1);
    tcb->irs = half_open->irs;
    tcb->rcv_nxt = tcb->last_ack_sent = seq_add(half_open->irs, 1);
    tcb->rcv_adv = seq_add(tcb->rcv_nxt, first_window(tcp, listener));
    tcb->snd_mss_max = options_send_mss_max(tcb_path(tcp, tcb), half_open->mss, (agreed & HALF_OPEN_TS) != 0);
    if (listener->mss != 0)
        tcb->snd_mss_max = (uint16_t)min_u32(tcb->snd_mss_max, listener->mss);
    mtu_follow_path(tcp, tcb);
    tuning_set_send_limit(tcp, tcb, listener->send_limit);
    tuning_set_receive_limit(tcp, tcb, listener->receive_limit);
    limits_inherit(tcp, tcb, listener->limits);
    tcb->cc = listener->cc;
    tcb->tos = listener->tos;
    ecn_inherit(tcp, tcb, half_open->ecn, times_lost(half_open));
    tcb->ttl = listener->ttl != 0 ? listener->ttl : tcb->ttl;
    return tcb;
}

struct tcb *half_open_bypass(struct tcp *tcp, struct listener *listener, const struct arrival *arrival, ref path,
                             const struct seq *iss_floor)
{
    struct half_open half_open = {0};
    struct tcb *tcb;

    describe(tcp, &half_open, listener, arrival, path);
    half_open.iss = choose_iss(tcp, &half_open.ep, iss_floor);
    tcb = promote(tcp, &half_open, REF_NONE);
    if (tcb == NULL)
        return NULL;
    tcb->snd_nxt = tcb->iss;
    enter_syn_received(tcp, &tcb->ep, iss_floor);
    return tcb;
}

/* RFC 6298 2.2, 3: a SYN,ACK that was sent once, and its ACK, are the connection's first round trip. */
static void measure_handshake(struct tcp *tcp, const struct half_open *half_open, struct tcb *tcb)
{
    uint32_t sent_ms = wrapping_sub(half_open->due_ms, retry_wait_ms(tcp, 0));

    if ((half_open->ep.own_options & HALF_OPEN_RESENT) == 0 && (half_open->ep.own_retries & HALF_OPEN_WAITS) == 0)
        rtt_sample(tcp, tcb, min_u32(host_ms_since(tcp_host(tcp), sent_ms), HANDSHAKE_MS_MAX) * 1000);
}

static void complete(struct tcp *tcp, struct half_open *half_open, struct arrival *arrival)
{
    /* However short memory is: the peer believes in the connection, and the SYN queue bounds their number. */
    struct tcb *tcb = promote(tcp, half_open, arena_ref(tcp_arena(tcp), half_open));

    if (tcb == NULL) {
        segment_drop(tcp, arrival, RILL_DROP_TCP_NO_MEMORY);
        return;
    }
    measure_handshake(tcp, half_open, tcb);
    half_open_remove(tcp, half_open, true);
    segment_arrives(tcp, tcb, arrival);
}

bool half_open_take_cookie(struct tcp *tcp, struct listener *listener, struct arrival *arrival)
{
    const struct ip_packet *packet = arrival->packet;
    struct half_open half_open = {0};
    struct tcb *tcb;
    ref path;

    /* Believed only for as long as a cookie that we sent is valid: at other times guesses are worth nothing. */
    if (!listener->cookies_sent || host_ms_since(tcp_host(tcp), listener->cookie_ms) > SYN_COOKIE_LIFE_MS) {
        listener->cookies_sent = false;
        return false;
    }
    /* No place now: the peer's next segments may find one. None of them is answered with a RST meanwhile. */
    if (listener->accept_count > listener->backlog || host_is_short(tcp_host(tcp), RESERVE_FOR_OPENING)) {
        segment_drop(tcp, arrival, RILL_DROP_TCP_ACCEPT_QUEUE_FULL);
        return true;
    }
    path = take_path(tcp, packet);
    if (path == REF_NONE)
        return false;
    half_open.ep.path = path;
    half_open.ep.local_port = arrival->seg.destination_port;
    half_open.ep.remote_port = arrival->seg.source_port;
    half_open.listener = arena_ref(tcp_arena(tcp), listener);
    if (!syn_cookie_read(tcp, &arrival->seg, &half_open)) {
        path_drop(&tcp->ip, path);
        if (arrival->seg.data_bytes == 0)
            return false;
        /* It may follow the one that brings the cookie and was lost: only that one's number fits. */
        segment_drop(tcp, arrival, RILL_DROP_TCP_NO_CONNECTION);
        return true;
    }
    tcb = promote(tcp, &half_open, REF_NONE);
    if (tcb == NULL) {
        segment_drop(tcp, arrival, RILL_DROP_TCP_NO_MEMORY);
        path_drop(&tcp->ip, path);
        return true;
    }
    host_count(tcp_host(tcp), RILL_COUNT_TCP_SYN_COOKIES_TAKEN, 1);
    segment_arrives(tcp, tcb, arrival);
    return true;
}

static bool is_in_window(const struct tcp *tcp, const struct half_open *half_open, struct seq seq)
{
    return seq_in_span(seq, seq_add(half_open->irs, 1), first_window(tcp, listener_at(tcp, half_open->listener)));
}

/* The peer's window test for a block that has no window of its own to speak of. */
static bool is_acceptable(const struct tcp *tcp, const struct half_open *half_open, const struct tcp_segment *seg)
{
    struct seq rcv_nxt = seq_add(half_open->irs, 1);

    return is_in_window(tcp, half_open, seg->seq) ||
           (seq_before(seg->seq, rcv_nxt) && seq_offset(seg->seq, rcv_nxt) < tcp_segment_length(seg));
}

/* The peer opened at the same time and answers our SYN with its own again: its ACK is what matters, as for a TCB. */
static bool is_syn_ack_again(const struct half_open *half_open, const struct tcp_segment *seg)
{
    return (seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == (TCP_SYN | TCP_ACK) && seq_equal(seg->seq, half_open->irs);
}

/* RFC 9293 3.10.7.4 second and fourth for a passive open: RST and SYN. True when the segment is dealt with. */
static bool half_open_rst_or_syn(struct tcp *tcp, struct half_open *half_open, struct arrival *arrival)
{
    const struct tcp_segment *seg = &arrival->seg;
    bool acceptable = is_acceptable(tcp, half_open, seg);

    if ((seg->flags & TCP_RST) != 0) {
        if (seq_equal(seg->seq, seq_add(half_open->irs, 1))) {
            half_open_remove(tcp, half_open, false); /* "return to the LISTEN state" */
            return true;
        }
        segment_drop(tcp, arrival, acceptable ? RILL_DROP_TCP_RST_NOT_EXACT : RILL_DROP_TCP_OUT_OF_WINDOW);
        if (acceptable) /* RFC 5961 3.2 */
            send_ack(tcp, half_open);
        return true;
    }
    if ((seg->flags & TCP_SYN) == 0)
        return false;
    if (seq_equal(seg->seq, half_open->irs) && (seg->flags & TCP_ACK) == 0) {
        host_count(tcp_host(tcp), RILL_COUNT_TCP_SYN_RETRANSMITTED, 1);
        half_open->ep.own_options |= HALF_OPEN_RESENT;
        if (!ecn_answer_syn_again(&half_open->ecn, arrival)) {
            answer_with_reset(tcp, arrival);
            half_open_remove(tcp, half_open, false);
            return true;
        }
        send_syn_ack(tcp, half_open, NULL); /* the peer's SYN again: ours was lost */
        return true;
    }
    if (is_in_window(tcp, half_open, seg->seq)) {
        segment_drop(tcp, arrival, RILL_DROP_TCP_SYN_IN_WINDOW);
        half_open_remove(tcp, half_open, false); /* "return to the LISTEN state" */
        return true;
    }
    segment_drop(tcp, arrival, RILL_DROP_TCP_OUT_OF_WINDOW);
    send_ack(tcp, half_open);
    return true;
}

void half_open_segment(struct tcp *tcp, struct half_open *half_open, struct arrival *arrival)
{
    const struct tcp_segment *seg = &arrival->seg;
    const struct listener *listener = listener_at(tcp, half_open->listener);

    bool syn_again = is_syn_ack_again(half_open, seg);

    if (!syn_again && half_open_rst_or_syn(tcp, half_open, arrival))
        return;
    if ((half_open->ep.own_options & HALF_OPEN_TS) != 0 && (seg->options.present & TCP_OPTION_TIMESTAMP) != 0 &&
        wrapping_before(seg->options.timestamp_value, half_open->ts_recent)) {
        segment_drop(tcp, arrival, RILL_DROP_TCP_PAWS);
        send_ack(tcp, half_open);
        return;
    }
    if (!syn_again && !is_acceptable(tcp, half_open, seg)) {
        segment_drop(tcp, arrival, RILL_DROP_TCP_OUT_OF_WINDOW);
        send_ack(tcp, half_open);
        return;
    }
    if ((seg->flags & TCP_ACK) == 0) {
        segment_drop(tcp, arrival, RILL_DROP_TCP_NO_ACK_BIT);
        return;
    }
    if (!seq_equal(seg->ack, seq_add(half_open->iss, 1))) {
        segment_drop(tcp, arrival, RILL_DROP_TCP_BAD_HANDSHAKE_ACK);
        answer_with_reset(tcp, arrival);
        return;
    }
    if (listener->accept_count > listener->backlog) { /* the SYN,ACK sent again will bring the ACK again */
        segment_drop(tcp, arrival, RILL_DROP_TCP_ACCEPT_QUEUE_FULL);
        return;
    }
    if (tcp_segment_length(seg) == 0 && half_open_retries(half_open) < listener->defer_accept) {
        half_open->ep.own_retries |= times_lost(half_open) > 1 ? HALF_OPEN_LOST : 0;
        half_open->ep.own_retries |= HALF_OPEN_WAITS; /* the application wants to see data first */
        return;
    }
    complete(tcp, half_open, arrival);
}

/* How often the SYN,ACK is sent again: to a peer that has answered it, as often as its data is waited for. */
static uint32_t retries_of(const struct tcp *tcp, const struct half_open *half_open)
{
    const struct listener *listener = listener_at(tcp, half_open->listener);
    uint32_t own = limits_at(tcp, listener->limits)->syn_retries;
    uint32_t retries = own != 0 ? own : tcp->settings.syn_retries;

    if ((half_open->ep.own_retries & HALF_OPEN_WAITS) != 0)
        retries = max_u32(retries, listener->defer_accept);
    return min_u32(retries, SYN_RETRIES_MAX);
}

/* The peer has answered: the SYN,ACK goes out again only to have its ACK once more, when data is waited for no longer. */
static bool only_waits(const struct tcp *tcp, const struct half_open *half_open)
{
    return (half_open->ep.own_retries & HALF_OPEN_WAITS) != 0 &&
           half_open_retries(half_open) < listener_at(tcp, half_open->listener)->defer_accept;
}

void half_open_run(struct tcp *tcp)
{
    for (unsigned retries = 0; retries <= SYN_RETRIES_MAX; retries++) {
        struct fifo *fifo = &tcp->half_open[retries];

        while (fifo->head != REF_NONE) {
            ref r = fifo->head;
            struct half_open *half_open = half_open_at(tcp, r);

            if (host_due_at(tcp_host(tcp), half_open->due_ms) > tcp_host(tcp)->now)
                break;
            if (retries >= retries_of(tcp, half_open)) {
                host_count(tcp_host(tcp), RILL_COUNT_TCP_TIMEOUTS, 1);
                half_open_remove(tcp, half_open, false);
                continue;
            }
            fifo_remove(tcp_arena(tcp), fifo, r, offsetof(struct half_open, link));
            half_open->ep.own_retries++;
            half_open_queue(tcp, r);
            if (only_waits(tcp, half_open))
                continue;
            half_open->ep.own_options |= HALF_OPEN_RESENT;
            host_count(tcp_host(tcp), RILL_COUNT_TCP_SYN_RETRANSMITTED, 1);
            send_syn_ack(tcp, half_open, NULL);
        }
    }
}

nanos half_open_deadline(const struct tcp *tcp)
{
    nanos deadline = NANOS_NEVER;

    for (unsigned retries = 0; retries <= SYN_RETRIES_MAX; retries++) {
        ref head = tcp->half_open[retries].head;

        if (head != REF_NONE)
            deadline = min_u64(deadline, host_due_at(&tcp->ip.host, half_open_at(tcp, head)->due_ms));
    }
    return deadline;
}

void half_open_drop_all(struct tcp *tcp, ref listener)
{
    for (unsigned retries = 0; retries <= SYN_RETRIES_MAX; retries++) {
        ref r = tcp->half_open[retries].head;

        while (r != REF_NONE) {
            struct half_open *half_open = half_open_at(tcp, r);
            ref next = half_open->link.next;

            if (half_open->listener == listener)
                half_open_remove(tcp, half_open, false);
            r = next;
        }
    }
}
