/*
 * RFC 8985 7: the tail loss probe.
 */
#include "tcp/rack.h"
#include "tcp/scoreboard.h"

#define PTO_WITHOUT_SRTT_US 1000000u /* 7.2 */
#define PTO_MIN_US 10000u            /* nearer peers answer as late as their scheduling lets them */
#define MAX_ACK_DELAY_US 200000u     /* TLP.max_ack_delay: peers may delay an ACK by this, some by more */
#define MAX_FIN_ACK_DELAY_US 50000u  /* ... but a FIN's is sent at once, or waits 40 ms for a FIN of theirs */

bool probe_is_wanted(const struct tcp *tcp, const struct tcb *tcb)
{
    const struct sender *sender = sender_at(tcp, tcb);

    return tcp->settings.loss_probes && (tcb->flags & (TCB_SACK | TCB_SYN_UNACKED)) == TCB_SACK &&
           sender->state <= SENDER_CWR && sender->board.sacked_bytes == 0 && sender->board.flight_bytes > 0;
}

/* What is in flight is the last data and the FIN in one segment. */
static bool ends_with_fin(const struct tcp *tcp, const struct scoreboard *board)
{
    const struct sent *last = sent_at(tcp, board->all.last);

    return last != NULL && (last->flags & SENT_FIN) != 0 && sent_data_bytes(last) > 0;
}

nanos probe_due_at(const struct tcp *tcp, const struct tcb *tcb, nanos rto_at)
{
    const struct scoreboard *board = &sender_at(tcp, tcb)->board;
    uint64_t pto_us = PTO_WITHOUT_SRTT_US;

    if (tcb->srtt_us8 != 0) {
        pto_us = max_u32(tcb->srtt_us8 >> 2, PTO_MIN_US); /* 2 SRTT */
        if (board->flight_bytes <= tcb->snd_mss)
            pto_us += ends_with_fin(tcp, board) ? MAX_FIN_ACK_DELAY_US : MAX_ACK_DELAY_US;
    }
    return min_u64(tcp->ip.host.now + pto_us * NANOS_PER_US, rto_at);
}

void probe_timeout(struct tcp *tcp, struct tcb *tcb)
{
    struct sender *sender = sender_at(tcp, tcb);

    if (sender->tlp_in_flight || !sender->tlp_sampled)
        return; /* the RTO is armed, and stays: each new segment would put it off by another PTO */
    sender->tlp_due = true;
    sender->still_unanswered = true;
    tcb->retransmit_at = NANOS_NEVER; /* the RTO anew from now */
}

void probe_sent(struct tcp *tcp, struct tcb *tcb, bool is_again)
{
    struct sender *sender = sender_at(tcp, tcb);

    sender->tlp_due = false;
    sender->tlp_sampled = false;
    sender->tlp_in_flight = true;
    sender->tlp_is_again = is_again;
    sender->tlp_end = tcb->snd_nxt;
    sender->probe_wanted = false; /* 7.2: new data "that was not itself a loss probe" */
    tcb->retransmit_at = NANOS_NEVER;
    host_count(tcp_host(tcp), RILL_COUNT_TCP_LOSS_PROBES, 1);
}

bool probe_acked(struct tcp *tcp, struct tcb *tcb, const struct ack_sample *ack)
{
    struct sender *sender = sender_at(tcp, tcb);
    bool both_arrived, repaired;

    if (!sender->tlp_in_flight || seq_before(tcb->snd_una, sender->tlp_end))
        return false;
    both_arrived = ack->dsack && seq_equal(ack->dsack_block.end, sender->tlp_end); /* case 1 */
    /* Nobody has said that both arrived: one was lost. */
    repaired = sender->tlp_is_again && !both_arrived && seq_after(tcb->snd_una, sender->tlp_end);
    if (!sender->tlp_is_again || both_arrived || repaired || (ack->acked_bytes == 0 && ack->duplicate)) /* case 2 */
        sender->tlp_in_flight = false;
    return repaired;
}
