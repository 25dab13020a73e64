/*
 * The server's side: cookies, and connections before their handshake is done
 * (RFC 7413 4.1.2, 4.2.2, 5.1).
 */
#include "tcp/fast_open.h"

#include "tcp/cc.h"
#include "tcp/connection.h"
#include "tcp/counts.h"
#include "tcp/half_open.h"
#include "tcp/listen.h"
#include "tcp/reassembly.h"
#include "tcp/segment_arrives.h"
#include "tcp/timeouts.h"

#define RESET_LINGER_MS 60000u /* RFC 7413 5.1: a request that was reset counts for so long */

static const struct prf_key *key_of(const struct tcp *tcp, unsigned age, struct prf_key *derived)
{
    const struct host *host = &tcp->ip.host;
    uint64_t period = host->now / (tcp->settings.fast_open_key_ms * NANOS_PER_MS);

    if (tcp->fast_open_key_count > 0)
        return age < tcp->fast_open_key_count ? &tcp->fast_open_keys[age] : NULL;
    if (age > period || age > 1)
        return NULL;
    derived->k0 = prf_words2(&host->key, PRF_FAST_OPEN, period - age, 0);
    derived->k1 = prf_words2(&host->key, PRF_FAST_OPEN, period - age, 1);
    return derived;
}

/*
 * SipHash-2-4 of the client's address and the one it called (RFC 7413 4.1.2: a MAC of the address, cheap). False when
 * there is no key of that age.
 */
static bool make_cookie(const struct tcp *tcp, const struct rill_addr *client, const struct rill_addr *server,
                        unsigned age, uint8_t cookie[FAST_OPEN_COOKIE_BYTES])
{
    struct prf_key derived;
    const struct prf_key *key = key_of(tcp, age, &derived);
    size_t skip = ip_addr_is_v4(client) ? 12 : 0, each = 16 - skip;
    uint8_t pair[32];
    uint64_t mac;

    if (key == NULL)
        return false;
    memcpy(pair, client->bytes + skip, each);
    memcpy(pair + each, server->bytes + skip, each);
    mac = prf_bytes(key, PRF_PLAIN, pair, 2 * each);
    for (unsigned i = 0; i < FAST_OPEN_COOKIE_BYTES; i++)
        cookie[i] = (uint8_t)(mac >> 8 * i);
    return true;
}

/* Without a branch on what differs. */
static bool is_same(const uint8_t *a, const uint8_t *b)
{
    uint8_t apart = 0;

    for (unsigned i = 0; i < FAST_OPEN_COOKIE_BYTES; i++)
        apart |= a[i] ^ b[i];
    return apart == 0;
}

/* RFC 7413 5.1: those that were just reset count too, or resets would free the place for the next forgery. */
static bool has_room(struct tcp *tcp, struct listener *listener)
{
    if (host_ms_since(tcp_host(tcp), listener->fast_open_reset_ms) >= RESET_LINGER_MS)
        listener->fast_open_resets = 0;
    return listener->fast_open_pending + listener->fast_open_resets < listener->fast_open_backlog;
}

void fast_open_judge(struct tcp *tcp, struct listener *listener, const struct arrival *arrival,
                     struct fast_open_answer *out)
{
    const struct tcp_options *theirs = &arrival->seg.options;
    const struct rill_addr *client = &arrival->packet->source, *server = &arrival->packet->destination;
    uint8_t older[FAST_OPEN_COOKIE_BYTES];
    bool newest, anybody;

    *out = (struct fast_open_answer){0};
    if (listener->fast_open_backlog == 0 || (tcp->settings.fast_open & RILL_FAST_OPEN_SERVER) == 0)
        return;
    anybody = (tcp->settings.fast_open & RILL_FAST_OPEN_SERVER_NO_COOKIE) != 0 && arrival->seg.data_bytes > 0;
    if ((theirs->present & TCP_OPTION_FAST_OPEN) == 0 && !anybody)
        return;
    if (!has_room(tcp, listener)) {
        host_count(tcp_host(tcp), RILL_COUNT_TCP_FAST_OPEN_LIMITED, 1);
        return;
    }
    out->opens = anybody;
    if (anybody)
        return;
    out->experimental = theirs->fast_open_experimental;
    (void)make_cookie(tcp, client, server, 0, out->cookie); /* there always is a newest key */
    newest = theirs->fast_open_bytes == FAST_OPEN_COOKIE_BYTES && is_same(theirs->fast_open_cookie, out->cookie);
    out->opens = newest || (theirs->fast_open_bytes == FAST_OPEN_COOKIE_BYTES &&
                            make_cookie(tcp, client, server, 1, older) && is_same(theirs->fast_open_cookie, older));
    out->gives_cookie = !newest;
    if (listener->defer_accept > 0 && arrival->seg.data_bytes == 0)
        out->opens = false; /* the application wants no connection without data */
    if (!out->opens && theirs->fast_open_bytes > 0)
        host_count(tcp_host(tcp), RILL_COUNT_TCP_FAST_OPEN_BAD_COOKIE, 1);
}

void fast_open_put_cookie(const struct fast_open_answer *answer, struct tcp_options *options)
{
    options->present |= TCP_OPTION_FAST_OPEN;
    options->fast_open_bytes = FAST_OPEN_COOKIE_BYTES;
    options->fast_open_cookie = answer->cookie;
    options->fast_open_experimental = answer->experimental;
}

void fast_open_put_own_cookie(struct tcp *tcp, struct tcb *tcb, struct tcp_options *options,
                              struct fast_open_answer *room)
{
    const struct path *path = tcb_path(tcp, tcb);

    room->experimental = false;
    (void)make_cookie(tcp, &path->remote, &path->local, 0, room->cookie);
    fast_open_put_cookie(room, options);
}

/* The SYN's text, as far as the window goes that the SYN,ACK will offer. */
static void take_text(struct tcp *tcp, struct tcb *tcb, struct arrival *arrival)
{
    struct tcp_segment *seg = &arrival->seg;
    enum rill_drop drop;

    seg->flags &= (uint8_t)~TCP_SYN;
    seg->seq = seq_add(seg->seq, 1);
    seg->data_bytes = min_u32(seg->data_bytes, seq_offset(tcb->rcv_nxt, tcb->rcv_adv));
    if (seg->data_bytes == 0)
        return;
    drop = reassembly_insert(tcp, tcb, arrival);
    if (drop != RILL_DROP_NONE) {
        segment_drop(tcp, arrival, drop); /* the SYN,ACK does not acknowledge it: it comes again */
        return;
    }
    counts_received(tcp, tcb, arrival->segments);
    tcb->fast_open |= FAST_OPEN_ACKED;
    event_raise(tcp, tcb, RILL_READABLE);
}

bool fast_open_accept(struct tcp *tcp, struct listener *listener, struct arrival *arrival, ref path,
                      const struct seq *iss_floor, const struct fast_open_answer *answer)
{
    const struct tcp_segment *seg = &arrival->seg;
    struct tcb *tcb = half_open_bypass(tcp, listener, arrival, path, iss_floor);

    if (tcb == NULL)
        return false;
    tcb->fast_open = FAST_OPEN_EARLY | FAST_OPEN_PENDING | (answer->gives_cookie ? FAST_OPEN_COOKIE_DUE : 0);
    tcb->opener = arena_ref(tcp_arena(tcp), listener);
    listener->fast_open_pending++;
    tcb->rcv_mss = listener->mss != 0 ? listener->mss : UINT16_MAX; /* the limit, until established */
    tcb->snd_wnd = tcb->snd_wnd_max = seg->window;                  /* a SYN's is never scaled (RFC 7323 2.2) */
    tcb->snd_wl1 = seg->seq;
    tcb->segments_in = arrival->segments;
    cc_of(tcb)->established(tcp, tcb); /* step 6: RFC 5681's initial window for what goes before the last ACK */
    take_text(tcp, tcb, arrival);
    tcb->flags |= TCB_SYN_DUE;
    connection_touch(tcp, tcb);
    timeouts_settle(tcp, tcb);
    host_count(tcp_host(tcp), RILL_COUNT_TCP_FAST_OPEN_PASSIVE, 1);
    event_raise(tcp, tcb, RILL_WRITABLE);
    listen_completed(tcp, tcb);
    return true;
}

bool fast_open_is_given_up(const struct tcp *tcp, const struct tcb *tcb)
{
    return (tcb->fast_open & FAST_OPEN_PENDING) != 0 && tcb->ep.own_backoff >= tcp->settings.syn_retries;
}

static void not_pending(struct tcp *tcp, struct tcb *tcb, bool reset)
{
    struct listener *listener;

    if ((tcb->fast_open & FAST_OPEN_PENDING) == 0)
        return;
    listener = (struct listener *)host_at(tcp_host(tcp), tcb->opener);
    tcb->fast_open &= (uint8_t)~FAST_OPEN_PENDING;
    tcb->rttvar_us4 = 0;
    rill_assert(listener->fast_open_pending > 0);
    listener->fast_open_pending--;
    if (reset) {
        listener->fast_open_resets++;
        listener->fast_open_reset_ms = host_ms(tcp_host(tcp));
    }
    listener_free_if_done(tcp, listener);
}

void fast_open_confirmed(struct tcp *tcp, struct tcb *tcb)
{
    not_pending(tcp, tcb, false);
}

void fast_open_ended(struct tcp *tcp, struct tcb *tcb, int error)
{
    not_pending(tcp, tcb, error == -RILL_ECONNRESET);
    if (tcb->ep.state == RILL_STATE_SYN_SENT && error != 0 && error != -RILL_ECONNREFUSED)
        fast_open_timed_out(tcp, tcb); /* ICMP: a negative response too (RFC 7413 4.1.3.1) */
}

void fast_open_set_keys(struct tcp *tcp, const uint8_t keys[][RILL_FAST_OPEN_KEY_BYTES], unsigned count)
{
    tcp->fast_open_key_count = (uint8_t)count;
    for (unsigned i = 0; i < count; i++) {
        struct prf_key *key = &tcp->fast_open_keys[i];

        *key = (struct prf_key){0, 0};
        for (unsigned k = 0; k < 8; k++) {
            key->k0 |= (uint64_t)keys[i][k] << 8 * k;
            key->k1 |= (uint64_t)keys[i][8 + k] << 8 * k;
        }
    }
}
