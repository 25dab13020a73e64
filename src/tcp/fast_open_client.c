/*
 * The client's side of RFC 7413: the cookie that is asked for, the data that
 * the SYN carries, and what the answer teaches. SND.NXT stays in front of the
 * SYN's data until they are acknowledged: those that are not count as unsent,
 * so they leave with the first ACK, and no timer waits for them.
 */
#include "tcp/fast_open.h"

#include "tcp/connection.h"
#include "tcp/fast_open_cache.h"
#include "tcp/options.h"
#include "tcp/send_queue.h"

#define MSS_UNKNOWN_V4 536u /* RFC 7413 4.1.3 */
#define MSS_UNKNOWN_V6 1220u
#define MSS_MOST_V4 1460u /* more may be fragmented, and be stopped by what does not expect it (same paragraph) */
#define MSS_MOST_V6 1440u

static bool is_allowed(const struct tcp *tcp, const struct tcb *tcb)
{
    return (tcb->fast_open & FAST_OPEN_WANTED) != 0 && (tcp->settings.fast_open & RILL_FAST_OPEN_CLIENT) != 0;
}

static bool needs_cookie(const struct tcp *tcp)
{
    return (tcp->settings.fast_open & RILL_FAST_OPEN_CLIENT_NO_COOKIE) == 0;
}

bool fast_open_waits(struct tcp *tcp, struct tcb *tcb)
{
    const struct fast_open_entry *entry;

    if (!is_allowed(tcp, tcb))
        return false;
    entry = fast_open_cache_find(tcp, tcb_path(tcp, tcb));
    if (needs_cookie(tcp) && (entry == NULL || entry->cookie_bytes == 0))
        return false;
    if (entry != NULL && fast_open_cache_is_barred(tcp, entry, tcb->ep.remote_port))
        return false;
    tcb->fast_open |= FAST_OPEN_WAITS;
    tcb->flags &= ~TCB_SYN_UNACKED; /* nothing was sent, so no timer runs */
    event_raise(tcp, tcb, RILL_WRITABLE);
    return true;
}

void fast_open_release(struct tcp *tcp, struct tcb *tcb)
{
    if ((tcb->fast_open & FAST_OPEN_WAITS) == 0)
        return;
    tcb->fast_open &= (uint8_t)~FAST_OPEN_WAITS;
    tcb->flags |= TCB_SYN_UNACKED | TCB_SYN_DUE;
    tcb->events &= (uint16_t)~RILL_WRITABLE;
    connection_touch(tcp, tcb);
}

/* How much the server is known to take in a packet with these options. */
static uint32_t syn_data_room(const struct tcp *tcp, const struct tcb *tcb, const struct fast_open_entry *entry,
                              const struct tcp_options *options)
{
    const struct path *path = tcb_path(tcp, tcb);
    bool v4 = path->ip_header_bytes == 20;
    uint32_t mss = entry != NULL && entry->mss != 0 ? entry->mss : v4 ? MSS_UNKNOWN_V4 : MSS_UNKNOWN_V6;
    uint32_t option_bytes = (uint32_t)tcp_header_bytes_for(options, TCP_SYN) - TCP_HEADER_BYTES;

    mss = min_u32(mss, v4 ? MSS_MOST_V4 : MSS_MOST_V6);
    mss = min_u32(mss, path->mtu - path->ip_header_bytes - TCP_HEADER_BYTES);
    mss = min_u32(mss, tcb->rcv_mss); /* still the application's limit */
    return mss > option_bytes ? mss - option_bytes : 0;
}

/* The option in what room is left; false when there is not enough: "abort TFO". */
static bool put_option(const struct fast_open_entry *entry, struct tcp_options *options)
{
    size_t without = tcp_header_bytes_for(options, TCP_SYN);

    options->present |= TCP_OPTION_FAST_OPEN;
    options->fast_open_experimental = false;
    options->fast_open_bytes = entry == NULL ? 0 : entry->cookie_bytes;
    options->fast_open_cookie = entry == NULL ? NULL : entry->cookie;
    if (tcp_header_bytes_for(options, TCP_SYN) > without)
        return true;
    options->present &= (uint16_t)~TCP_OPTION_FAST_OPEN;
    return false;
}

static void take_along(struct tcp *tcp, struct tcb *tcb, uint32_t room, struct rill_train *train)
{
    uint32_t n = min_u32(send_queue_bytes(tcp, tcb), room);
    ref buffer = REF_NONE;

    if (n == 0)
        return;
    n = send_queue_slices(tcp, tcb, seq_add(tcb->iss, 1), n, &buffer, train);
    busy_at(tcp, tcb)->syn_data_bytes = (uint16_t)n;
    tcp->syn_data_bytes = wrapping_add(tcp->syn_data_bytes, n + 1); /* and the SYN itself */
    tcb->fast_open |= FAST_OPEN_SYN_DATA;
    host_count(tcp_host(tcp), RILL_COUNT_TCP_FAST_OPEN_ACTIVE, 1);
}

static void fill_first_syn(struct tcp *tcp, struct tcb *tcb, struct tcp_options *options, struct rill_train *train)
{
    const struct fast_open_entry *entry = fast_open_cache_find(tcp, tcb_path(tcp, tcb));

    if ((entry != NULL && fast_open_cache_is_barred(tcp, entry, tcb->ep.remote_port)) ||
        (needs_cookie(tcp) && !put_option(entry, options)))
        return;
    tcb->fast_open |= FAST_OPEN_TRIED;
    if (!needs_cookie(tcp) || options->fast_open_bytes > 0)
        take_along(tcp, tcb, syn_data_room(tcp, tcb, entry, options), train);
}

void fast_open_fill_syn(struct tcp *tcp, struct tcb *tcb, struct tcp_options *options, struct fast_open_answer *room,
                        struct rill_train *train)
{
    bool first = seq_equal(tcb->snd_nxt, tcb->iss);

    if (likely(tcb->fast_open == 0) || !first)
        return;
    if ((tcb->fast_open & FAST_OPEN_COOKIE_DUE) != 0)
        fast_open_put_own_cookie(tcp, tcb, options, room);
    else if (tcb->ep.state == RILL_STATE_SYN_SENT && is_allowed(tcp, tcb))
        fill_first_syn(tcp, tcb, options, train);
}

struct seq fast_open_ack_limit(const struct tcp *tcp, const struct tcb *tcb)
{
    if ((tcb->fast_open & FAST_OPEN_SYN_DATA) == 0 || tcb->busy == REF_NONE)
        return tcb->snd_nxt;
    return seq_add(tcb->snd_nxt, busy_at(tcp, tcb)->syn_data_bytes);
}

/* RFC 7413 4.2.1 step 3, 4.2.2 "Receiving SYN-ACK" step 1, 4.1.3.1. */
static void learn(struct tcp *tcp, struct tcb *tcb, const struct tcp_options *theirs, bool refused)
{
    bool got_cookie = (theirs->present & TCP_OPTION_FAST_OPEN) != 0 && theirs->fast_open_bytes > 0;
    bool acked = (tcb->fast_open & FAST_OPEN_ACKED) != 0;
    struct fast_open_entry *entry;

    if (!got_cookie && !acked && (tcb->fast_open & FAST_OPEN_TRIED) == 0)
        return; /* nothing was tried, or it was given up: known already */
    entry = fast_open_cache_make(tcp, tcb_path(tcp, tcb));
    if (entry == NULL)
        return;
    if ((theirs->present & TCP_OPTION_MSS) != 0)
        entry->mss = theirs->mss;
    if (got_cookie) {
        entry->cookie_bytes = theirs->fast_open_bytes;
        memcpy(entry->cookie, theirs->fast_open_cookie, entry->cookie_bytes);
    }
    if (got_cookie || acked)
        entry->failures = 0;
    else if (refused || entry->cookie_bytes == 0)
        fast_open_cache_failed(tcp, entry, tcb->ep.remote_port);
}

void fast_open_answered(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg)
{
    bool carried = (tcb->fast_open & FAST_OPEN_SYN_DATA) != 0;

    if (likely((tcb->fast_open & FAST_OPEN_WANTED) == 0))
        return;
    if (carried) {
        tcb->fast_open &= (uint8_t)~FAST_OPEN_SYN_DATA;
        if (seq_after(seg->ack, seq_add(tcb->iss, 1))) {
            tcb->snd_nxt = seg->ack;
            tcb->fast_open |= FAST_OPEN_ACKED;
        } else {
            host_count(tcp_host(tcp), RILL_COUNT_TCP_FAST_OPEN_REFUSED, 1);
        }
    }
    if ((seg->flags & TCP_SYN) != 0)
        learn(tcp, tcb, &seg->options, carried && (tcb->fast_open & FAST_OPEN_ACKED) == 0);
}

void fast_open_timed_out(struct tcp *tcp, struct tcb *tcb)
{
    struct fast_open_entry *entry;

    if ((tcb->fast_open & FAST_OPEN_EARLY) != 0)
        tcb->cwnd = tcb->snd_mss; /* RFC 5681 3.1: a lost SYN,ACK leaves an initial window of one segment */
    if ((tcb->fast_open & FAST_OPEN_TRIED) == 0)
        return;
    tcb->fast_open &= (uint8_t)~FAST_OPEN_TRIED;
    entry = fast_open_cache_make(tcp, tcb_path(tcp, tcb));
    if (entry != NULL)
        fast_open_cache_failed(tcp, entry, tcb->ep.remote_port);
}
