/*
 * Pacing: see pacing.h. pace_at is exact, but whoever turns the stack comes
 * late: what the time that passed would have allowed may then leave at once,
 * up to one quantum more.
 */
#include "tcp/pacing.h"

#include "tcp/cc.h"
#include "tcp/connection.h"
#include "tcp/limits.h"

#define QUANTUM_NS NANOS_PER_MS
#define QUANTUM_SEGMENTS_MIN 2u
#define SPREAD_QUANTUM_NS (NANOS_PER_MS / 4) /* ACKs released two segments: more at once would be no better */
#define SPREAD_SEGMENTS_MIN 32u              /* a smaller window is no burst, and would only wait */
#define SPREAD_RTT_US_MIN 2000u              /* nearer, a queue is over before a timer could do anything about it */
#define WAIT_US_MIN 10000u
#define WAIT_US_MAX 1000000u

/* How a connection is paced now. */
struct pace {
    uint64_t rate;    /* bytes a second; 0: not at all */
    uint32_t quantum; /* bytes of a train */
    bool is_bounded;  /* by the application, and not by the congestion control's rate */
};

static const struct sender *sender_of(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcb->sender == REF_NONE ? NULL : sender_at(tcp, tcb);
}

static bool is_paced_under(const struct tcp *tcp, const struct tcb *tcb, const struct limits *limits)
{
    return tcp->settings.pacing || (cc_of(tcb)->traits & CC_OWN_WINDOW) != 0 || limits->pacing_rate != 0;
}

bool pacing_is_on(const struct tcp *tcp, const struct tcb *tcb)
{
    return is_paced_under(tcp, tcb, limits_of(tcp, tcb));
}

static uint32_t quantum_bytes(uint64_t rate, nanos span, uint32_t least_bytes)
{
    return max_u32((uint32_t)min_u64(rate / (NANOS_PER_S / span), RILL_TRAIN_PAYLOAD_MAX), least_bytes);
}

uint32_t pacing_send_quantum(const struct sender *sender, const struct tcb *tcb)
{
    return quantum_bytes(sender->pacing_rate, QUANTUM_NS, QUANTUM_SEGMENTS_MIN * tcb->snd_mss);
}

static struct pace bound_by(const struct limits *limits, uint64_t own_rate)
{
    uint64_t most = limits->pacing_rate;
    bool is_bounded = most != 0 && (own_rate == 0 || own_rate > most);

    return (struct pace){.rate = is_bounded ? most : own_rate, .is_bounded = is_bounded};
}

uint64_t pacing_rate(const struct tcp *tcp, const struct tcb *tcb)
{
    return tcb->sender == REF_NONE ? 0 : bound_by(limits_of(tcp, tcb), sender_at(tcp, tcb)->pacing_rate).rate;
}

/* Without a sender block it is the first train, or the first after a rest. */
static struct pace pace_of(const struct tcp *tcp, const struct tcb *tcb, const struct sender *sender)
{
    const struct limits *limits = limits_of(tcp, tcb);
    /* The first flight is the initial window, which RFC 6928 lets leave at once. */
    struct pace pace = bound_by(limits, sender == NULL || sender->delivered == 0 ? 0 : sender->pacing_rate);

    if (is_paced_under(tcp, tcb, limits))
        pace.quantum = quantum_bytes(pace.rate, QUANTUM_NS, QUANTUM_SEGMENTS_MIN * tcb->snd_mss);
    else
        pace.quantum = quantum_bytes(pace.rate, SPREAD_QUANTUM_NS, tcb->snd_mss);
    return pace;
}

bool pacing_allows(const struct tcp *tcp, const struct tcb *tcb)
{
    const struct sender *sender = sender_of(tcp, tcb);

    return sender == NULL || tcp->ip.host.now >= sender->pace_at;
}

/*
 * When the schedule says that the next train is due; at most a quantum's time ago, however long nothing was sent, and
 * not at all where the application's bound is to hold.
 */
static nanos due_at(const struct tcp *tcp, const struct sender *sender, struct pace pace)
{
    nanos now = tcp->ip.host.now;
    nanos credit = pace.is_bounded ? 0 : pace.quantum * NANOS_PER_S / pace.rate;

    return max_u64(sender == NULL ? 0 : sender->pace_at, now > credit ? now - credit : 0);
}

uint32_t pacing_quantum(const struct tcp *tcp, const struct tcb *tcb)
{
    const struct sender *sender = sender_of(tcp, tcb);
    struct pace pace = pace_of(tcp, tcb, sender);
    uint32_t quantum = pace.quantum;
    nanos due;

    if (pace.rate == 0)
        return RILL_TRAIN_PAYLOAD_MAX;
    due = due_at(tcp, sender, pace);
    if (due < tcp->ip.host.now) { /* late by no more than a quantum's time: the product stays small */
        uint32_t missed = (uint32_t)min_u64((tcp->ip.host.now - due) * pace.rate / NANOS_PER_S, quantum);

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
    struct pace pace;

    if (tcb->sender == REF_NONE)
        return;
    sender = sender_at(tcp, tcb);
    pace = pace_of(tcp, tcb, sender);
    if (pace.rate == 0)
        return;
    sender->pace_at = due_at(tcp, sender, pace) + bytes * NANOS_PER_S / pace.rate;
    if (!pace.is_bounded)
        sender->pace_at = min_u64(sender->pace_at, latest(tcp, tcb));
}

/*
 * Past slow start, with nothing wrong, and held back by its window for a round trip: what leaves is one window after
 * another, and where in the round trip each segment stands is all that pacing changes. An answer that fits the window
 * does not wait.
 */
static bool spreads_window(const struct tcp *tcp, const struct tcb *tcb, const struct sender *sender)
{
    return tcp->settings.window_pacing && sender->state == SENDER_OPEN && tcb->cwnd >= tcb->ssthresh &&
           tcb->cwnd >= SPREAD_SEGMENTS_MIN * tcb->snd_mss && tcb->srtt_us8 >> 3 >= SPREAD_RTT_US_MIN &&
           seq_before(tcb->snd_una, sender->limited_end);
}

/* Faster than this a quantum is a whole train, and ACKs space trains as well as timers do. */
static bool is_worth_a_timer(uint64_t rate)
{
    return rate / (NANOS_PER_S / SPREAD_QUANTUM_NS) < RILL_TRAIN_PAYLOAD_MAX;
}

static void stop_spreading(struct sender *sender)
{
    if (sender->pacing_rate == 0)
        return;
    sender->pacing_rate = 0;
    sender->pace_at = 0;
    sender->pacing_waits = false;
}

/* Tenths of the window in a round trip: twice, or slow start could not double it; else enough to let it grow. */
static unsigned share_of_window(const struct tcp *tcp, const struct tcb *tcb)
{
    if (tcb->cwnd < tcb->ssthresh)
        return 20;
    return tcp->settings.pacing ? 12 : 15;
}

void pacing_bound_changed(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->sender == REF_NONE || tcb->ep.state == RILL_STATE_CLOSED)
        return;
    sender_at(tcp, tcb)->pace_at = 0;
    sender_at(tcp, tcb)->pacing_waits = false;
    connection_touch(tcp, tcb);
}

void pacing_follow_window(struct tcp *tcp, struct tcb *tcb)
{
    uint32_t srtt_us = tcb->srtt_us8 >> 3;
    struct sender *sender;
    uint64_t rate;

    if (tcb->sender == REF_NONE || (cc_of(tcb)->traits & CC_OWN_WINDOW) != 0)
        return;
    sender = sender_at(tcp, tcb);
    if (srtt_us == 0 || (!tcp->settings.pacing && !spreads_window(tcp, tcb, sender))) {
        stop_spreading(sender);
        return;
    }
    rate = max_u64((uint64_t)tcb->cwnd * share_of_window(tcp, tcb) * 100000 / srtt_us, tcb->snd_mss);
    if (!tcp->settings.pacing && !is_worth_a_timer(rate))
        stop_spreading(sender);
    else
        sender->pacing_rate = rate;
}
