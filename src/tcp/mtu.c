/*
 * The segment size and the path's MTU: see mtu.h.
 */
#include "tcp/mtu.h"

#include "ip/path_mtu.h"
#include "tcp/connection.h"
#include "tcp/options.h"
#include "tcp/scoreboard.h"
#include "tcp/send_queue.h"
#include "tcp/trace.h"

#define SUSPICIOUS_TIMEOUTS 3u  /* RFC 4821 7.7, RFC 9293 3.8.3: R1 */
#define SEGMENTS_BEHIND 3u      /* RFC 4821 7.4: they tell of its loss */
#define TIMEOUT_WAITS_LONGER 5u /* RFC 4821 7.6.3 */

/* sender.mtu_probe */
enum { NO_PROBE, PROBE_IN_FLIGHT, PROBE_LOST /* alone so far: until all that was sent with it is acknowledged */ };

/* What a packet has besides TCP's payload, without the options that not every segment carries. */
static uint32_t overhead(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcb_path(tcp, tcb)->ip_header_bytes + TCP_HEADER_BYTES +
           ((tcb->flags & TCB_TIMESTAMPS) != 0 ? TIMESTAMP_OPTION_BYTES : 0);
}

static uint32_t mss_for(const struct tcp *tcp, const struct tcb *tcb, uint32_t mtu)
{
    return min_u32(mtu - overhead(tcp, tcb), tcb->snd_mss_max);
}

void mtu_follow_path(struct tcp *tcp, struct tcb *tcb)
{
    struct path *path = tcb_path(tcp, tcb);
    uint16_t before = tcb->snd_mss;

    path_mtu_age(&tcp->ip, path);
    tcb->snd_mss = (uint16_t)mss_for(tcp, tcb, path->mtu);
    if (unlikely(tcb->snd_mss > before) &&
        before != 0) /* a window of less than a segment would wait for the persist timer */
        tcb->cwnd = max_u32(tcb->cwnd, tcb->snd_mss);
}

/* -------------------------------------------------------------------- probes */

/* RFC 4821 7.4: nothing is outstanding that was lost, or may have been. */
static bool is_calm(const struct tcb *tcb, const struct sender *sender)
{
    return sender->state == SENDER_OPEN && sender->mtu_probe == NO_PROBE && sender->board.lost_bytes == 0 &&
           sender->board.sacked_bytes == 0 && !sender->tlp_in_flight && tcb->srtt_us8 != 0 &&
           (tcb->flags & TCB_SYN_UNACKED) == 0;
}

uint32_t mtu_probe_due(struct tcp *tcp, struct tcb *tcb, uint32_t unsent)
{
    const struct path *path = tcb_path(tcp, tcb);
    uint32_t bytes, mss, behind, ahead;

    if (likely((path->search & PATH_SEARCHES) == 0))
        return 0;
    /* RFC 4821 4: where there is no SACK, which segment was lost is a guess. */
    if (tcb->sender == REF_NONE || (tcb->flags & TCB_SACK) == 0 || !is_calm(tcb, sender_at(tcp, tcb)))
        return 0;
    bytes = path_mtu_probe(&tcp->ip, path, tcb->snd_mss_max + overhead(tcp, tcb));
    if (bytes == 0)
        return 0;
    mss = bytes - overhead(tcp, tcb);
    behind = SEGMENTS_BEHIND * tcb->snd_mss;
    ahead = seq_offset(send_queue_start(tcb), tcb->snd_nxt);
    if (unsent < mss + behind || tcb->snd_wnd < ahead + mss + behind || tcb->cwnd < mss + behind + tcb->snd_mss)
        return 0;
    return mss;
}

void mtu_probe_sent(struct tcp *tcp, struct tcb *tcb, uint16_t mss)
{
    struct sender *sender = sender_at(tcp, tcb);
    struct sent *record = sent_at(tcp, sender->board.all.last);

    record->flags |= SENT_MTU_PROBE;
    sender->mtu_probe = PROBE_IN_FLIGHT;
    sender->mtu_probe_end = record->span.end;
    sender->mtu_probe_bytes = (uint16_t)(mss + overhead(tcp, tcb));
    host_count(tcp_host(tcp), RILL_COUNT_TCP_MTU_PROBES, 1);
    trace_event(tcp, &tcb->ep, RILL_TRACE_MTU, RILL_MTU_PROBE, sender->mtu_probe_bytes);
}

static bool is_the_probe(const struct sender *sender, const struct sent *record)
{
    return sender->mtu_probe != NO_PROBE && seq_equal(record->span.end, sender->mtu_probe_end);
}

void mtu_probe_delivered(struct tcp *tcp, struct tcb *tcb, const struct sent *record)
{
    struct sender *sender = sender_at(tcp, tcb);

    if (!is_the_probe(sender, record))
        return;
    sender->mtu_probe = NO_PROBE;
    path_mtu_carried(&tcp->ip, tcb_path(tcp, tcb), sender->mtu_probe_bytes);
    mtu_follow_path(tcp, tcb);
    host_count(tcp_host(tcp), RILL_COUNT_TCP_MTU_PROBES_ACKED, 1);
    trace_event(tcp, &tcb->ep, RILL_TRACE_MTU, RILL_MTU_PROBE_ACKED, sender->mtu_probe_bytes);
}

/* RFC 4821 7.6.2: as many round trips as the window has segments. */
static uint32_t wait_ms(const struct tcb *tcb)
{
    uint64_t segments = tcb->cwnd / tcb->snd_mss + 1;

    return (uint32_t)min_u64(segments * (tcb->srtt_us8 >> 3) / 1000 + 1, 600000);
}

static void end_unclear(struct tcp *tcp, struct tcb *tcb, uint32_t wait)
{
    struct sender *sender = sender_at(tcp, tcb);

    sender->mtu_probe = NO_PROBE;
    path_mtu_unclear(&tcp->ip, tcb_path(tcp, tcb), sender->mtu_probe_bytes, wait);
    trace_event(tcp, &tcb->ep, RILL_TRACE_MTU, RILL_MTU_PROBE_UNCLEAR, sender->mtu_probe_bytes);
}

void mtu_probe_lost(struct tcp *tcp, struct tcb *tcb, const struct sent *record)
{
    struct sender *sender = sender_at(tcp, tcb);

    if (!is_the_probe(sender, record))
        return;
    if (sender->state >= SENDER_RECOVERY) {
        end_unclear(tcp, tcb, 0); /* RFC 4821 7.6.4 */
        return;
    }
    sender->mtu_probe = PROBE_LOST;
    sender->mtu_alone_until = tcb->snd_nxt;
}

void mtu_probe_not_alone(struct tcp *tcp, struct tcb *tcb, enum cc_event event)
{
    if (event != CC_ECN && sender_at(tcp, tcb)->mtu_probe == PROBE_LOST)
        end_unclear(tcp, tcb, event == CC_TIMEOUT ? TIMEOUT_WAITS_LONGER * wait_ms(tcb) : 0);
}

void mtu_una_moved(struct tcp *tcp, struct tcb *tcb)
{
    struct sender *sender = sender_at(tcp, tcb);

    if (unlikely(sender->mtu_claimed != 0) && seq_after(tcb->snd_una, sender->mtu_claimed_seq))
        sender->mtu_claimed = 0; /* RFC 5927 7.2: there is progress, so it was not true */
    if (likely(sender->mtu_probe == NO_PROBE))
        return;
    if (sender->mtu_probe == PROBE_IN_FLIGHT) {
        if (!seq_before(tcb->snd_una, sender->mtu_probe_end)) /* sent again by a tail loss probe: which one arrived? */
            end_unclear(tcp, tcb, 0);
    } else if (!seq_before(tcb->snd_una, sender->mtu_alone_until)) {
        sender->mtu_probe = NO_PROBE;
        path_mtu_refused(&tcp->ip, tcb_path(tcp, tcb), sender->mtu_probe_bytes, wait_ms(tcb));
        host_count(tcp_host(tcp), RILL_COUNT_TCP_MTU_PROBES_LOST, 1);
        trace_event(tcp, &tcb->ep, RILL_TRACE_MTU, RILL_MTU_PROBE_LOST, sender->mtu_probe_bytes);
    }
}

/* -------------------------------------------------------------- what routers say */

/* RFC 4821 7.6.2: the probe's size is refuted, and the claim is what is probed next. Nothing grows by it. */
static void probe_too_big(struct tcp *tcp, struct tcb *tcb, uint32_t claimed)
{
    struct sender *sender = sender_at(tcp, tcb);

    sender->mtu_probe = NO_PROBE;
    path_mtu_hint(&tcp->ip, tcb_path(tcp, tcb), claimed);
    host_count(tcp_host(tcp), RILL_COUNT_TCP_MTU_PROBES_LOST, 1);
    trace_event(tcp, &tcb->ep, RILL_TRACE_MTU, RILL_MTU_PROBE_LOST, sender->mtu_probe_bytes);
}

/* The path carries `claimed` and no more: what is larger goes again. False when that was known. */
static bool believe(struct tcp *tcp, struct tcb *tcb, uint32_t claimed)
{
    struct path *path = tcb_path(tcp, tcb);

    if (!path_mtu_too_big(&tcp->ip, path, claimed))
        return false;
    trace_event(tcp, &tcb->ep, RILL_TRACE_MTU, RILL_MTU_TOO_BIG, path->mtu);
    return true;
}

/*
 * RFC 5927 7.2: that segments of a size that has arrived are too big is believed when the segment quoted times out, and
 * forgotten when it arrives. The first segment quoted is the one to wait for.
 */
static bool waits_for_timeout(const struct tcp *tcp, const struct tcb *tcb, struct seq sequence, uint32_t claimed)
{
    struct sender *sender = tcb->sender == REF_NONE ? NULL : sender_at(tcp, tcb);

    if (sender == NULL || sender->mtu_acked_bytes == 0 || sender->mtu_acked_bytes + overhead(tcp, tcb) <= claimed)
        return false;
    if (claimed == 0 || claimed >= tcb_path(tcp, tcb)->mtu)
        return false; /* nothing new */
    if (sender->mtu_claimed == 0 || !seq_after(sequence, sender->mtu_claimed_seq)) {
        sender->mtu_claimed = (uint16_t)claimed;
        sender->mtu_claimed_seq = sequence;
    }
    return true;
}

void mtu_too_big(struct tcp *tcp, struct tcb *tcb, struct seq sequence, uint32_t claimed)
{
    struct path *path = tcb_path(tcp, tcb);
    struct sender *sender = tcb->sender == REF_NONE ? NULL : sender_at(tcp, tcb);
    const struct sent *quoted = sender == NULL ? NULL : scoreboard_find(tcp, tcb, sequence);

    if (quoted != NULL && (quoted->flags & SENT_MTU_PROBE) != 0 && is_the_probe(sender, quoted) &&
        claimed >= path->mtu && claimed < sender->mtu_probe_bytes) {
        probe_too_big(tcp, tcb, claimed);
    } else if (waits_for_timeout(tcp, tcb, sequence, claimed) || !believe(tcp, tcb, claimed)) {
        return;
    }
    mtu_follow_path(tcp, tcb);
    /* Each connection hears of its own packets: the first error about a flight finds all that is too big in it. */
    if (quoted == NULL || quoted->segment_bytes <= tcb->snd_mss)
        return;
    scoreboard_too_big(tcp, tcb, tcb->snd_mss);
    connection_touch(tcp, tcb);
}

/* --------------------------------------------------------------------- black holes */

/* Of the segment that the timer is for. */
static uint32_t first_segment_bytes(const struct tcp *tcp, const struct sender *sender)
{
    const struct sent *first = sent_at(tcp, sender->board.all.first);

    return first == NULL ? 0 : min_u32(sent_data_bytes(first), first->segment_bytes);
}

/* A claim about the segment that has timed out is believed. */
static bool claim_is_true(struct tcp *tcp, struct tcb *tcb)
{
    struct sender *sender = sender_at(tcp, tcb);
    uint32_t claimed = sender->mtu_claimed;

    if (likely(claimed == 0) ||
        seq_offset(tcb->snd_una, sender->mtu_claimed_seq) >= max_u32(first_segment_bytes(tcp, sender), 1))
        return false;
    sender->mtu_claimed = sender->mtu_acked_bytes = 0;
    if (!believe(tcp, tcb, claimed))
        return false;
    mtu_follow_path(tcp, tcb);
    scoreboard_too_big(tcp, tcb, tcb->snd_mss);
    return true;
}

bool mtu_timed_out(struct tcp *tcp, struct tcb *tcb)
{
    struct path *path = tcb_path(tcp, tcb);
    struct sender *sender = sender_at(tcp, tcb);
    uint32_t below = path_mtu_below(&tcp->ip, path), before = path->mtu;

    if (claim_is_true(tcp, tcb))
        return true;
    if (tcp->ip.mtu_probing == RILL_MTU_PROBING_OFF || tcb->ep.own_backoff < SUSPICIOUS_TIMEOUTS)
        return false;
    mtu_follow_path(tcp, tcb);
    if (first_segment_bytes(tcp, sender) >
        tcb->snd_mss) { /* the timeouts of others on this path have made it smaller */
        if (sender->mtu_before == 0)
            sender->mtu_before = (uint16_t)(first_segment_bytes(tcp, sender) + overhead(tcp, tcb));
        return true;
    }
    if (below == path->mtu || first_segment_bytes(tcp, sender) <= mss_for(tcp, tcb, below)) {
        sender->mtu_in_vain = sender->mtu_before != 0; /* it is as small as it will be, and did not arrive either */
        return false;
    }
    path_mtu_black_hole(&tcp->ip, path);
    mtu_follow_path(tcp, tcb);
    if (sender->mtu_before == 0)
        sender->mtu_before = (uint16_t)before;
    host_count(tcp_host(tcp), RILL_COUNT_TCP_MTU_BLACK_HOLES, 1);
    trace_event(tcp, &tcb->ep, RILL_TRACE_MTU, RILL_MTU_BLACK_HOLE, path->mtu);
    return true;
}

void mtu_answered(struct tcp *tcp, struct tcb *tcb)
{
    struct sender *sender = sender_at(tcp, tcb);

    if (sender->mtu_in_vain) {
        path_mtu_restore(&tcp->ip, tcb_path(tcp, tcb), sender->mtu_before);
        mtu_follow_path(tcp, tcb);
        host_count(tcp_host(tcp), RILL_COUNT_TCP_MTU_RESTORED, 1);
        trace_event(tcp, &tcb->ep, RILL_TRACE_MTU, RILL_MTU_RESTORED, tcb_path(tcp, tcb)->mtu);
    }
    sender->mtu_in_vain = false;
    sender->mtu_before = 0;
}
