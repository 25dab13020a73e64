/*
 * What SYNs agree, and RFC 3168. The counters of AccECN are in accurate_ecn.c.
 */
#include "tcp/ecn.h"

#include "tcp/accurate_ecn.h"
#include "tcp/answer.h"
#include "tcp/cc.h"
#include "tcp/connection.h"
#include "tcp/rtt.h"
#include "tcp/tuning.h"

#define ACE_CLASSIC_SYN (TCP_ACE_CWR | TCP_ACE_ECE)
#define ACE_ACCURATE_SYN (TCP_ACE_AE | TCP_ACE_CWR | TCP_ACE_ECE)
#define ACCURATE_SYNS 2u /* AccECN 3.1.4: the second one asks too, later ones are plain */
#define CLASSIC_SYNS 1u  /* RFC 3168 6.1.1.1 */

uint8_t ecn_setting(const struct tcp *tcp, uint8_t own)
{
    return own != RILL_ECN_DEFAULT ? own : tcp->settings.ecn;
}

void ecn_open(struct tcp *tcp, struct tcb *tcb, uint8_t setting)
{
    if (setting == RILL_ECN_ON)
        tcb->ecn = ECN_ASKS;
    else if (setting == RILL_ECN_ACCURATE && accurate_ecn_make(tcp, tcb))
        tcb->ecn = ECN_ASKS_ACCURATE;
}

/* ------------------------------------------------------------------- server */

static uint8_t ip_bits(const struct arrival *arrival)
{
    return arrival->packet->tos & IP_ECN_MASK;
}

uint8_t ecn_answer_syn(uint8_t setting, const struct arrival *arrival)
{
    uint8_t ace = arrival->seg.ace;

    if (setting == RILL_ECN_OFF || ace == 0)
        return 0;
    /* AccECN 3.1.3: what has no meaning yet is taken as 111. A host of RFC 3168 looks at CWR and ECE only. */
    if (setting == RILL_ECN_ACCURATE && ace != ACE_CLASSIC_SYN)
        return (uint8_t)(ECN_ACCURATE | ip_bits(arrival) << HALF_OPEN_IP_ECN_SHIFT);
    return (ace & ACE_CLASSIC_SYN) == ACE_CLASSIC_SYN ? ECN_CLASSIC : 0;
}

bool ecn_answer_syn_again(uint8_t *ecn, const struct arrival *arrival)
{
    uint8_t ace = arrival->seg.ace;

    if ((*ecn & ECN_ACCURATE) != 0) {
        if (ace == ACE_CLASSIC_SYN)
            return false;
        *ecn &= (uint8_t) ~(IP_ECN_MASK << HALF_OPEN_IP_ECN_SHIFT);
        *ecn |= (uint8_t)(ip_bits(arrival) << HALF_OPEN_IP_ECN_SHIFT);
        *ecn |= ace == 0 ? ECN_NO_ECT : 0;
        return true;
    }
    if ((*ecn & ECN_CLASSIC) != 0) {
        if ((ace & ACE_CLASSIC_SYN) == ACE_CLASSIC_SYN)
            return (ace & TCP_ACE_AE) == 0;
        *ecn |= ECN_NO_ECT; /* RFC 3168 6.1.1: its own packets will be Not-ECT, and ours should */
    }
    return true;
}

void ecn_fill_syn_ack(uint8_t ecn, uint32_t retries, struct tcp_header *header)
{
    header->ae = false;
    if ((ecn & ECN_CLASSIC) != 0)
        header->flags |= TCP_ECE;
    if ((ecn & ECN_ACCURATE) != 0)
        accurate_ecn_fill_syn_ack(ecn >> HALF_OPEN_IP_ECN_SHIFT & IP_ECN_MASK, retries, header);
}

void ecn_inherit(struct tcp *tcp, struct tcb *tcb, uint8_t ecn, uint32_t retries)
{
    if ((ecn & ECN_ACCURATE) != 0) {
        if (!accurate_ecn_make(tcp, tcb))
            return;
        accurate_ecn_of(tcp, tcb)->syn_ecn = ecn >> HALF_OPEN_IP_ECN_SHIFT & IP_ECN_MASK;
        tcb->ecn |= retries >= ACCURATE_SYN_ACKS ? ECN_NO_ECT : 0; /* 3.1.5: the last SYN,ACK was plain */
    }
    tcb->ecn |= ecn & (ECN_CLASSIC | ECN_ACCURATE | ECN_NO_ECT);
}

void ecn_take_handshake_ack(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival)
{
    if ((tcb->ecn & ECN_ACCURATE) != 0)
        accurate_ecn_take_handshake_ack(tcp, tcb, arrival);
}

/* ------------------------------------------------------------------- client */

/* AE, CWR and ECE of our SYN. */
static uint8_t syn_ace(struct tcb *tcb)
{
    if ((tcb->ecn & (ECN_ASKS | ECN_ASKS_ACCURATE)) == 0)
        return 0;
    if (tcb->ep.own_backoff >= ((tcb->ecn & ECN_ASKS) != 0 ? CLASSIC_SYNS : ACCURATE_SYNS)) {
        if ((tcb->ecn & ECN_ASKS) != 0)
            tcb->ecn |= ECN_NO_ECT; /* RFC 3168 6.1.1: having sent a SYN of both kinds */
        return 0;
    }
    return (tcb->ecn & ECN_ASKS) != 0 ? ACE_CLASSIC_SYN : ACE_ACCURATE_SYN;
}

/* AccECN table 2; RFC 3168 6.1.1 for one who asked for no more. */
static uint8_t mode_of_syn_ack(uint8_t asked, uint8_t ace)
{
    if ((asked & ECN_ASKS_ACCURATE) != 0) {
        if (ace == 0 || ace == ACE_ACCURATE_SYN) /* no, or a mirror */
            return 0;
        return ace == TCP_ACE_ECE ? ECN_CLASSIC : ECN_ACCURATE;
    }
    return (asked & ECN_ASKS) != 0 && (ace & ACE_CLASSIC_SYN) == TCP_ACE_ECE ? ECN_CLASSIC : 0;
}

void ecn_take_syn_ack(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival)
{
    uint8_t asked = tcb->ecn;

    if (likely(asked == 0))
        return;
    tcb->ecn = mode_of_syn_ack(asked, arrival->seg.ace);
    if (tcb->ecn == ECN_CLASSIC)
        tcb->ecn |= asked & ECN_NO_ECT;
    if (tcb->ecn == ECN_ACCURATE)
        accurate_ecn_take_syn_ack(tcp, tcb, arrival);
    else
        accurate_ecn_give(tcp, tcb);
}

void ecn_take_syn_ack_again(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival)
{
    if ((tcb->ecn & ECN_ACCURATE) == 0 || (arrival->seg.flags & TCP_ACK) == 0 ||
        !seq_equal(arrival->seg.seq, tuning_irs(tcb)))
        return;
    accurate_ecn_of(tcp, tcb)->syn_ack_ecn = ip_bits(arrival);
    tcb->ecn |= ECN_HANDSHAKE_DUE;
}

/* Simultaneous open: the mode that a listener would have entered (AccECN 3.1.2). */
void ecn_take_syn(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival)
{
    uint8_t asked = tcb->ecn;
    uint8_t setting = (asked & ECN_ASKS_ACCURATE) != 0 ? RILL_ECN_ACCURATE : RILL_ECN_ON;

    if (likely(asked == 0))
        return;
    tcb->ecn = ecn_answer_syn(setting, arrival);
    if ((tcb->ecn & ECN_ACCURATE) != 0) {
        accurate_ecn_of(tcp, tcb)->syn_ecn = ip_bits(arrival);
        tcb->ecn = ECN_ACCURATE;
    } else {
        accurate_ecn_give(tcp, tcb);
    }
    tcb->ecn |= asked & ECN_NO_ECT;
}

/* ----------------------------------------------------------------- segments */

/*
 * RFC 8257 3.2: each ACK says of the very segments that it acknowledges whether they came marked, so that the change
 * from one to the other ends what a delayed ACK may wait for. CWR means nothing.
 */
static void dctcp_arrives(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival, bool is_marked)
{
    if (is_marked)
        host_count(tcp_host(tcp), RILL_COUNT_TCP_ECN_MARKS_IN, arrival->segments);
    if (is_marked == ((tcb->ecn & ECN_ECHO) != 0))
        return;
    if (!seq_equal(tcb->last_ack_sent, tcb->rcv_nxt))
        answer_with_ack(tcp, tcb, is_marked ? 0 : TCP_ECE);
    tcb->ecn ^= ECN_ECHO;
}

/* RFC 3168 6.1.3: CWR ends the echo, a mark in the same segment begins it anew. */
static void classic_arrives(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival)
{
    bool is_marked = ip_bits(arrival) == IP_CE;

    if (arrival->seg.data_bytes == 0)
        return;
    if ((cc_of(tcb)->traits & CC_WANTS_ECN) != 0) {
        dctcp_arrives(tcp, tcb, arrival, is_marked);
        return;
    }
    if ((arrival->seg.flags & TCP_CWR) != 0)
        tcb->ecn &= (uint8_t)~ECN_ECHO;
    if (!is_marked)
        return;
    host_count(tcp_host(tcp), RILL_COUNT_TCP_ECN_MARKS_IN, arrival->segments);
    if ((tcb->ecn & ECN_ECHO) == 0) { /* the news goes at once */
        tcb->flags |= TCB_ACK_NOW;
        connection_touch(tcp, tcb);
    }
    tcb->ecn |= ECN_ECHO;
}

void ecn_arrives(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival)
{
    if ((tcb->ecn & ECN_CLASSIC) != 0)
        classic_arrives(tcp, tcb, arrival);
    else if ((tcb->ecn & ECN_ACCURATE) != 0)
        accurate_ecn_arrives(tcp, tcb, arrival);
}

/*
 * RFC 3168 6.1.2: as a loss, once for each window: not again for an ACK that is no further than what had been sent at
 * the last reduction, since CWR was not there yet.
 */
static void react(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg)
{
    struct sender *sender;

    host_count(tcp_host(tcp), RILL_COUNT_TCP_ECN_ECHOES_IN, 1);
    if (tcb->sender == REF_NONE)
        return;
    if ((cc_of(tcb)->traits & CC_WANTS_ECN) != 0) { /* it reduces by itself; a peer of RFC 3168 waits for CWR */
        ecn_window_reduced(tcb);
        return;
    }
    sender = sender_at(tcp, tcb);
    /*
     * The window cannot be smaller: the next segment waits for as long as a timeout. Not what a timeout sends again: the
     * echo lasts until CWR, which rides on new data only.
     */
    if (tcb->cwnd <= tcb->snd_mss && (cc_of(tcb)->traits & CC_OWN_WINDOW) == 0 &&
        (sender->state != SENDER_LOSS || !seq_before(seg->ack, sender->high_seq)))
        sender->pace_at = max_u64(sender->pace_at, tcp_host(tcp)->now + rtt_timeout(tcp, tcb));
    if (seq_after(seg->ack, sender->high_seq))
        sender_reduce(tcp, tcb);
}

uint32_t ecn_acknowledged(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg, uint32_t acked_bytes,
                          bool *echo)
{
    uint32_t marked = 0;

    *echo = false;
    if (likely((tcb->ecn & (ECN_CLASSIC | ECN_ACCURATE)) == 0) || (seg->flags & TCP_SYN) != 0)
        return 0;
    if ((tcb->ecn & ECN_ACCURATE) != 0) {
        marked = accurate_ecn_acknowledged(tcp, tcb, seg, acked_bytes, echo);
    } else if ((seg->flags & TCP_ECE) != 0) {
        *echo = true;
        marked = acked_bytes; /* DCTCP's reading (RFC 8257 3.3) */
    }
    if (*echo)
        react(tcp, tcb, seg);
    return marked;
}

/* AE, CWR and ECE of a SYN,ACK of a connection that has its TCB already: an early or a simultaneous open. */
static void fill_own_syn_ack(struct tcp *tcp, struct tcb *tcb, struct tcp_header *header)
{
    uint8_t ecn = tcb->ecn;

    if ((ecn & ECN_ACCURATE) != 0) {
        ecn |= (uint8_t)(accurate_ecn_of(tcp, tcb)->syn_ecn << HALF_OPEN_IP_ECN_SHIFT);
        tcb->ecn |= tcb->ep.own_backoff >= ACCURATE_SYN_ACKS ? ECN_NO_ECT : 0;
    }
    ecn_fill_syn_ack(ecn, tcb->ep.own_backoff, header);
}

static void fill_syn(struct tcb *tcb, struct tcp_header *header)
{
    uint8_t ace = syn_ace(tcb);

    header->ae = (ace & TCP_ACE_AE) != 0;
    header->flags |= (uint8_t)(ace << 6);
}

uint8_t ecn_mark(struct tcp *tcp, struct tcb *tcb, struct tcp_header *header, struct rill_train *train, bool fresh)
{
    uint8_t ecn = tcb->ecn;

    header->ae = false;
    if (likely(ecn == 0))
        return IP_NOT_ECT;
    if ((header->flags & TCP_SYN) != 0) {
        if ((header->flags & TCP_ACK) != 0)
            fill_own_syn_ack(tcp, tcb, header);
        else
            fill_syn(tcb, header);
        return IP_NOT_ECT; /* RFC 3168 6.1.1 */
    }
    if ((ecn & ECN_ACCURATE) != 0) {
        accurate_ecn_mark(tcp, tcb, header, train);
    } else if ((ecn & ECN_CLASSIC) != 0) {
        header->flags |= (ecn & ECN_ECHO) != 0 ? TCP_ECE : 0;
        if (fresh && (ecn & ECN_CWR_DUE) != 0) {
            header->flags |= TCP_CWR;
            tcb->ecn &= (uint8_t)~ECN_CWR_DUE;
        }
    }
    return fresh && (ecn & (ECN_CLASSIC | ECN_ACCURATE)) != 0 && (ecn & ECN_NO_ECT) == 0 ? IP_ECT_0 : IP_NOT_ECT;
}
