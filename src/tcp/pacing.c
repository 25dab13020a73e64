/*
 * Pacing: see pacing.h. pace_at is exact, but whoever turns the stack comes
 * late: what the time that passed would have allowed may then leave at once,
 * up to one quantum more.
 */
#include "tcp/pacing.h"

#include "tcp/cc.h"
#include "tcp/limits.h"

#define QUANTUM_NS NANOS_PER_MS
#define QUANTUM_SEGMENTS_MIN 2u
#define WAIT_US_MIN 10000u
#define WAIT_US_MAX 1000000u

static const struct sender *sender_of(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcb->sender == REF_NONE ? NULL : sender_at(tcp, tcb);
}

bool pacing_is_on(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcp->settings.pacing || (cc_of(tcb)->traits & CC_OWN_WINDOW) != 0 || limits_of(tcp, tcb)->pacing_rate != 0;
}

/* The application's bound is what holds it, not the congestion control's rate. */
static bool is_bounded(const struct tcp *tcp, const struct tcb *tcb, const struct sender *sender)
{
    uint64_t most = limits_of(tcp, tcb)->pacing_rate;

    return most != 0 && (sender->pacing_rate == 0 || sender->pacing_rate > most);
}

static uint64_t rate_of(const struct tcp *tcp, const struct tcb *tcb, const struct sender *sender)
{
    return is_bounded(tcp, tcb, sender) ? limits_of(tcp, tcb)->pacing_rate : sender->pacing_rate;
}

uint64_t pacing_rate(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcb->sender == REF_NONE ? 0 : rate_of(tcp, tcb, sender_at(tcp, tcb));
}

/* The first flight is the initial window, which RFC 6928 lets leave at once. */
static bool is_unpaced(const struct tcp *tcp, const struct tcb *tcb, const struct sender *sender)
{
    return !is_bounded(tcp, tcb, sender) && (sender->pacing_rate == 0 || sender->delivered == 0);
}

bool pacing_allows(const struct tcp *tcp, const struct tcb *tcb)
{
    const struct sender *sender = sender_of(tcp, tcb);

    return sender == NULL || tcp->ip.host.now >= sender->pace_at;
}

static uint32_t quantum_of(uint64_t rate, const struct tcb *tcb)
{
    uint64_t bytes = min_u64(rate / (NANOS_PER_S / QUANTUM_NS), RILL_TRAIN_PAYLOAD_MAX);

    return max_u32((uint32_t)bytes, QUANTUM_SEGMENTS_MIN * tcb->snd_mss);
}

uint32_t pacing_send_quantum(const struct sender *sender, const struct tcb *tcb)
{
    return quantum_of(sender->pacing_rate, tcb);
}

/* When the schedule says that the next train is due; at most a quantum's time ago, however long nothing was sent. */
static nanos due_at(const struct tcp *tcp, const struct tcb *tcb, const struct sender *sender)
{
    nanos now = tcp->ip.host.now;
    uint64_t rate = rate_of(tcp, tcb, sender);
    nanos credit = quantum_of(rate, tcb) * NANOS_PER_S / rate;

    return max_u64(sender->pace_at, now > credit ? now - credit : 0);
}

uint32_t pacing_quantum(const struct tcp *tcp, const struct tcb *tcb)
{
    const struct sender *sender = sender_of(tcp, tcb);
    uint32_t quantum;
    nanos due;

    if (sender == NULL || is_unpaced(tcp, tcb, sender))
        return RILL_TRAIN_PAYLOAD_MAX;
    quantum = quantum_of(rate_of(tcp, tcb, sender), tcb);
    due = due_at(tcp, tcb, sender);
    if (due < tcp->ip.host.now) { /* late by no more than a quantum's time: the product stays small */
        uint32_t missed =
            (uint32_t)min_u64((tcp->ip.host.now - due) * rate_of(tcp, tcb, sender) / NANOS_PER_S, quantum);

        quantum = min_u32(quantum + missed, RILL_TRAIN_PAYLOAD_MAX);
    }
    return max_u32(quantum - quantum % tcb->snd_mss, min_u32(quantum, tcb->snd_mss));
}

/*
 * A rate that was measured while next to nothing got through must not keep the
 * sender from measuring a better one: a train goes in every round trip, and in
 * every second.
 */
static nanos latest(const struct tcp *tcp, const struct tcb *tcb)
{
    uint32_t srtt_us = tcb->srtt_us8 == 0 ? WAIT_US_MAX : tcb->srtt_us8 >> 3;
    uint32_t wait_us = min_u32(max_u32(srtt_us, WAIT_US_MIN), WAIT_US_MAX);

    return tcp->ip.host.now + wait_us * NANOS_PER_US;
}

void pacing_sent(struct tcp *tcp, struct tcb *tcb, uint32_t bytes)
{
    struct sender *sender;

    if (tcb->sender == REF_NONE)
        return;
    sender = sender_at(tcp, tcb);
    if (is_unpaced(tcp, tcb, sender))
        return;
    sender->pace_at = due_at(tcp, tcb, sender) + bytes * NANOS_PER_S / rate_of(tcp, tcb, sender);
    if (!is_bounded(tcp, tcb, sender))
        sender->pace_at = min_u64(sender->pace_at, latest(tcp, tcb));
}

void pacing_follow_window(struct tcp *tcp, struct tcb *tcb)
{
    uint32_t srtt_us = tcb->srtt_us8 >> 3;
    struct sender *sender;

    if (tcb->sender == REF_NONE || (cc_of(tcb)->traits & CC_OWN_WINDOW) != 0)
        return;
    sender = sender_at(tcp, tcb);
    if (!tcp->settings.pacing || srtt_us == 0) {
        sender->pacing_rate = 0;
        return;
    }
    /* Twice the window in a round trip, or slow start could not double it; else enough to let it grow. */
    sender->pacing_rate =
        max_u64((uint64_t)tcb->cwnd * (tcb->cwnd < tcb->ssthresh ? 20 : 12) * 100000 / srtt_us, tcb->snd_mss);
}
