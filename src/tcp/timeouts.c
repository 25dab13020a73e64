/*
 * Timers of connections. Each TCB has three deadlines and one node in the
 * wheel; a timer that fires only marks what is owed, output does the rest.
 */
#include "tcp/timeouts.h"

#include "tcp/acknowledge.h"
#include "tcp/answer.h"
#include "tcp/connection.h"
#include "tcp/fast_open.h"
#include "tcp/half_open.h"
#include "tcp/limits.h"
#include "tcp/options.h"
#include "tcp/output.h"
#include "tcp/rack.h"
#include "tcp/recovery.h"
#include "tcp/rtt.h"
#include "tcp/send_queue.h"
#include "tcp/state.h"
#include "tcp/time_wait.h"
#include "tcp/trace.h"

#define REST_MS 10000u        /* the sender block of a connection that sends nothing is kept for so long */
#define R1_RETRANSMISSIONS 3u /* RFC 9293 3.8.3: at R1 the trouble is reported (SHLD-9) */

/* R2: how long this connection may go without an answer (MUST-20, MUST-23). */
static uint32_t patience_ms(const struct tcp *tcp, const struct tcb *tcb)
{
    const struct limits *limits = limits_of(tcp, tcb);

    if (tcb->ep.state != RILL_STATE_SYN_SENT && tcb->ep.state != RILL_STATE_SYN_RECEIVED)
        return limits->user_timeout_ms;
    return limits->syn_retries != 0 ? UINT32_MAX : max_u32(tcp->settings.syn_timeout_ms, 1);
}

/* R2 for a SYN as a number of copies, where the application wants it so. */
static bool syn_was_sent_enough(const struct tcp *tcp, const struct tcb *tcb)
{
    uint32_t retries = limits_of(tcp, tcb)->syn_retries;

    return (tcb->flags & TCB_SYN_UNACKED) != 0 &&
           ((retries != 0 && tcb->ep.own_backoff >= retries) || fast_open_is_given_up(tcp, tcb));
}

static uint32_t unanswered_for_ms(const struct tcp *tcp, const struct tcb *tcb)
{
    return host_ms_since(&tcp->ip.host, tcb->unanswered_ms);
}

/* RFC 9293 3.10.8: the user timeout. A RST is customary once the peer may know of us. */
static void give_up(struct tcp *tcp, struct tcb *tcb)
{
    host_count(tcp_host(tcp), RILL_COUNT_TCP_TIMEOUTS, 1);
    if (!state_is_synchronized(tcb->ep.state))
        host_count(tcp_host(tcp), RILL_COUNT_TCP_FAILED_OPENS, 1);
    else
        answer_abort(tcp, tcb);
    connection_end(tcp, tcb, -RILL_ETIMEDOUT);
}

static void backoff(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->ep.own_backoff < UINT8_MAX)
        tcb->ep.own_backoff++;
    if (tcb->ep.own_backoff == R1_RETRANSMISSIONS) {
        tcb->error = RILL_ETIMEDOUT;
        event_raise(tcp, tcb, RILL_SOFT_ERROR);
    }
}

/* RFC 6298 5.4 to 5.7, RFC 5681 3.1. */
static void on_retransmission(struct tcp *tcp, struct tcb *tcb)
{
    trace_event(tcp, &tcb->ep, RILL_TRACE_TIMER, RILL_TIMER_RETRANSMISSION, 0);
    if (unanswered_for_ms(tcp, tcb) >= patience_ms(tcp, tcb) || syn_was_sent_enough(tcp, tcb)) {
        give_up(tcp, tcb);
        return;
    }
    host_count(tcp_host(tcp), RILL_COUNT_TCP_RTO_FIRED, 1);
    backoff(tcp, tcb);
    if ((tcb->flags & TCB_SYN_UNACKED) != 0) {
        tcb->flags |= TCB_SYN_DUE | TCB_SYN_RESENT;
        rtt_syn_timed_out(tcp, tcb);
        if (tcb->ep.own_backoff > 1) /* RFC 6928 2: once may be a round trip of more than a second */
            tcb->tuning |= SYN_IS_LOST;
        fast_open_timed_out(tcp, tcb);
    } else if (tcb->sender != REF_NONE) {
        recovery_timeout(tcp, tcb);
    }
}

/* RFC 9293 3.8.6.1: probe; or, when the window is only too small for a full segment, use it (3.8.6.2.1). */
static void on_persist(struct tcp *tcp, struct tcb *tcb)
{
    bool is_answered = tcb->ep.own_backoff > 0 && (tcb->flags & (TCB_PROBED | TCB_ORPHAN)) == 0;

    if (tcb->sender != REF_NONE && sender_at(tcp, tcb)->pacing_waits) {
        tcb->unanswered_ms = host_ms(tcp_host(tcp)); /* withheld is not unanswered */
        return;
    }
    trace_event(tcp, &tcb->ep, RILL_TRACE_TIMER, RILL_TIMER_PERSIST, 0);
    if (is_answered) { /* MUST-37: time without an answer begins with a probe, and not with the answer before it */
        tcb->unanswered_ms = host_ms(tcp_host(tcp));
    } else if (unanswered_for_ms(tcp, tcb) >= patience_ms(tcp, tcb)) {
        give_up(tcp, tcb);
        return;
    }
    tcb->flags |= TCB_PROBED;
    backoff(tcp, tcb);
    if (tcb->snd_wnd > 0) {
        tcb->flags |= TCB_FORCE_SEND;
        return;
    }
    host_count(tcp_host(tcp), RILL_COUNT_TCP_PERSIST_PROBES, 1);
    tcb->flags |= TCB_PROBE_DUE;
}

/* RFC 5482 4.2: keep-alive must not end what an adopted user timeout keeps. */
static uint32_t keep_idle_ms(const struct tcp *tcp, const struct tcb *tcb)
{
    const struct limits *limits = limits_of(tcp, tcb);

    return (tcb->flags & TCB_USER_TIMEOUT) != 0 ? max_u32(limits->keep_idle_ms, limits->user_timeout_ms)
                                                : limits->keep_idle_ms;
}

/* Probes went unanswered for long enough; a user timeout that the application set is the measure then, as in Linux. */
static bool keep_alive_is_over(const struct limits *limits, const struct tcb *tcb, uint32_t quiet_ms)
{
    if (options_user_timeout_is_fixed(tcb))
        return tcb->keep_probes > 0 && quiet_ms >= limits->user_timeout_ms;
    return tcb->keep_probes >= limits->keep_probes;
}

static void on_keep_alive(struct tcp *tcp, struct tcb *tcb)
{
    const struct limits *limits = limits_of(tcp, tcb);
    uint32_t quiet_ms = host_ms_since(tcp_host(tcp), tcb->last_heard_ms);

    /* MUST-26: only when nothing is outstanding; what is has a timer of its own. */
    if (!seq_equal(tcb->snd_una, tcb->snd_nxt) || output_has_unsent(tcp, tcb)) {
        tcb->keep_probes = 0;
        tcb->keep_at = tcp_host(tcp)->now + limits->keep_interval_ms * NANOS_PER_MS;
        return;
    }
    if (quiet_ms < keep_idle_ms(tcp, tcb)) {
        tcb->keep_probes = 0;
    } else if (keep_alive_is_over(limits, tcb, quiet_ms)) {
        give_up(tcp, tcb);
        return;
    } else {
        trace_event(tcp, &tcb->ep, RILL_TRACE_TIMER, RILL_TIMER_KEEPALIVE, 0);
        host_count(tcp_host(tcp), RILL_COUNT_TCP_KEEPALIVE_PROBES, 1);
        tcb->keep_probes = (uint8_t)min_u32(tcb->keep_probes + 1u, UINT8_MAX);
        tcb->flags |= TCB_PROBE_DUE;
    }
    timeouts_keep_alive(tcp, tcb);
}

static void on_keep(struct tcp *tcp, struct tcb *tcb)
{
    tcb->keep_at = NANOS_NEVER;
    switch (tcb->ep.state) {
    case RILL_STATE_TIME_WAIT:  /* 2 MSL passed */
    case RILL_STATE_FIN_WAIT_2: /* an orphan waited long enough for a FIN */
        if (tcb->ep.state == RILL_STATE_TIME_WAIT || (tcb->flags & TCB_ORPHAN) != 0) {
            connection_end(tcp, tcb, 0);
            return;
        }
        break;
    default:
        break;
    }
    if ((tcb->flags & TCB_KEEPALIVE) != 0)
        on_keep_alive(tcp, tcb);
}

nanos timeouts_earliest(const struct tcp *tcp, const struct tcb *tcb)
{
    nanos earliest = min_u64(tcb->retransmit_at, min_u64(tcb->ack_at, tcb->keep_at));

    if (tcb->sender != REF_NONE) {
        const struct sender *sender = sender_at(tcp, tcb);

        earliest = min_u64(earliest, sender->early_at);
        if (sender->pacing_waits)
            earliest = min_u64(earliest, sender->pace_at);
    }
    return earliest;
}

static void on_early(struct tcp *tcp, struct tcb *tcb)
{
    struct sender *sender = sender_at(tcp, tcb);

    sender->early_at = NANOS_NEVER;
    switch (sender->timer) {
    case SENDER_TIMER_PROBE:
        trace_event(tcp, &tcb->ep, RILL_TRACE_TIMER, RILL_TIMER_PROBE, 0);
        if ((tcb->flags & TCB_HELD) == 0)
            probe_timeout(tcp, tcb);
        break;
    case SENDER_TIMER_REORDER:
        recovery_reorder_timeout(tcp, tcb);
        break;
    default: /* SENDER_TIMER_REST */
        sender_give(tcp, tcb);
        break;
    }
}

/* The sender block's own timers. */
static void fire_sender(struct tcp *tcp, struct tcb *tcb)
{
    nanos now = tcp_host(tcp)->now;

    if (sender_at(tcp, tcb)->early_at <= now)
        on_early(tcp, tcb);
    if (tcb->sender != REF_NONE && sender_at(tcp, tcb)->pace_at <= now)
        sender_at(tcp, tcb)->pacing_waits = false;
}

static void arm(struct tcp *tcp, struct tcb *tcb, nanos deadline)
{
    wheel_arm(tcp_arena(tcp), &tcp->wheel, tcb_ref(tcp, tcb), deadline);
    timeouts_note(tcp, deadline);
}

static void fire(struct tcp *tcp, struct tcb *tcb)
{
    nanos now = tcp_host(tcp)->now;

    if (timeouts_earliest(tcp, tcb) > now) { /* it has been moved since it was armed, or output has yet to set it */
        timeouts_settle(tcp, tcb);
        return;
    }

    if (tcb->sender != REF_NONE)
        fire_sender(tcp, tcb); /* first: a probe that is due with the RTO goes instead of it (RFC 8985 7.2) */
    if (tcb->retransmit_at <= now) {
        tcb->retransmit_at = NANOS_NEVER;
        if ((tcb->flags & TCB_HELD) != 0)
            tcb->unanswered_ms = host_ms(tcp_host(tcp)); /* withheld is not unanswered */
        else if ((tcb->flags & TCB_PERSIST) != 0)
            on_persist(tcp, tcb);
        else
            on_retransmission(tcp, tcb);
    }
    if (tcb->ep.state != RILL_STATE_CLOSED && tcb->ack_at <= now) {
        tcb->ack_at = NANOS_NEVER;
        if ((tcb->flags & TCB_ACK_DELAYED) != 0) {
            host_count(tcp_host(tcp), RILL_COUNT_TCP_DELAYED_ACKS, 1);
            tcb->flags |= TCB_ACK_NOW;
        }
    }
    if (tcb->ep.state != RILL_STATE_CLOSED && tcb->keep_at <= now)
        on_keep(tcp, tcb);
    if (tcb->ep.state == RILL_STATE_CLOSED) {
        connection_free_if_done(tcp, tcb);
        return;
    }
    connection_touch(tcp, tcb);
    timeouts_settle(tcp, tcb); /* armed again at once: the driver may not pull for long */
}

void timeouts_run(struct tcp *tcp)
{
    ref r;

    if (likely(tcp_host(tcp)->now < tcp->due_from))
        return;
    while ((r = wheel_expire(tcp_arena(tcp), &tcp->wheel, tcp_host(tcp)->now)) != REF_NONE) {
        work_begin(&tcp_host(tcp)->work);
        fire(tcp, tcb_at(tcp, r));
    }
    half_open_run(tcp);
    time_wait_run(tcp);
    (void)timeouts_deadline(tcp);
}

#define TIMERS_FEW 256u /* with more, finding out what the first one stands for costs more than waking early */

nanos timeouts_deadline(struct tcp *tcp)
{
    struct arena *arena = tcp_arena(tcp);
    ref r;

    while (tcp->wheel.armed <= TIMERS_FEW && (r = wheel_first(arena, &tcp->wheel)) != REF_NONE) {
        const struct tcb *tcb = tcb_at(tcp, r);
        nanos earliest = timeouts_earliest(tcp, tcb);

        if (earliest <= tcb->timer.deadline)
            break;
        wheel_arm(arena, &tcp->wheel, r, earliest); /* it had moved; NANOS_NEVER disarms */
    }
    tcp->due_from =
        min_u64(wheel_deadline(arena, &tcp->wheel), min_u64(half_open_deadline(tcp), time_wait_deadline(tcp)));
    return tcp->due_from;
}

/* The retransmission or persist timer: exactly one of them when something is unacknowledged or unsent (T1). */
static void settle_retransmission(struct tcp *tcp, struct tcb *tcb)
{
    bool in_flight = !seq_equal(tcb->snd_una, tcb->snd_nxt) || (tcb->flags & TCB_SYN_UNACKED) != 0;
    bool unsent = state_is_synchronized(tcb->ep.state) && output_has_unsent(tcp, tcb);
    bool persist = !in_flight && unsent;

    if (!in_flight && !unsent) {
        tcb->retransmit_at = NANOS_NEVER;
        tcb->flags &= ~(TCB_PERSIST | TCB_PROBED);
        return;
    }
    if (((tcb->flags & TCB_PERSIST) != 0) != persist) {
        tcb->retransmit_at = NANOS_NEVER;
        tcb->flags = (tcb->flags ^ TCB_PERSIST) & ~TCB_PROBED;
    }
    if (tcb->retransmit_at == NANOS_NEVER) {
        uint64_t left_ms;

        if (tcb->ep.own_backoff == 0 && (tcb->sender == REF_NONE || !sender_at(tcp, tcb)->still_unanswered))
            tcb->unanswered_ms = host_ms(tcp_host(tcp));
        left_ms = patience_ms(tcp, tcb);
        left_ms -= min_u64(left_ms, unanswered_for_ms(tcp, tcb));
        tcb->retransmit_at = tcp_host(tcp)->now + min_u64(rtt_timeout(tcp, tcb), max_u64(left_ms, 1) * NANOS_PER_MS);
    }
}

/* RFC 8985 8: the loss probe; or, once nothing is left to send, the rest that ends with the block given back. */
static void settle_sender(struct tcp *tcp, struct tcb *tcb)
{
    struct sender *sender = sender_at(tcp, tcb);
    bool resting = tcb->retransmit_at == NANOS_NEVER;

    if (resting) {
        if (sender->timer != SENDER_TIMER_REST || sender->early_at == NANOS_NEVER) {
            sender->timer = SENDER_TIMER_REST;
            sender->early_at = tcp_host(tcp)->now + REST_MS * NANOS_PER_MS;
        }
    } else if (sender->probe_wanted && probe_is_wanted(tcp, tcb)) {
        if (sender->timer != SENDER_TIMER_REORDER || sender->early_at == NANOS_NEVER) {
            sender->timer = SENDER_TIMER_PROBE;
            sender->early_at = probe_due_at(tcp, tcb, tcb->retransmit_at);
        }
    } else if (sender->timer == SENDER_TIMER_REST ||
               (sender->timer == SENDER_TIMER_PROBE && !probe_is_wanted(tcp, tcb))) {
        sender->early_at = NANOS_NEVER;
    }
    sender->probe_wanted = false;
}

void timeouts_patience_changed(struct tcp *tcp, struct tcb *tcb)
{
    uint64_t left_ms = patience_ms(tcp, tcb);

    if (tcb->retransmit_at == NANOS_NEVER)
        return;
    left_ms -= min_u64(left_ms, unanswered_for_ms(tcp, tcb));
    tcb->retransmit_at = min_u64(tcb->retransmit_at, tcp_host(tcp)->now + max_u64(left_ms, 1) * NANOS_PER_MS);
    timeouts_settle(tcp, tcb);
}

void timeouts_settle(struct tcp *tcp, struct tcb *tcb)
{
    nanos earliest;

    if (tcb->ep.state == RILL_STATE_TIME_WAIT) {
        tcb->retransmit_at = NANOS_NEVER;
    } else {
        settle_retransmission(tcp, tcb);
    }
    if (fin_is_acknowledged(tcb))
        sender_give(tcp, tcb);
    else if (tcb->sender != REF_NONE)
        settle_sender(tcp, tcb);
    if ((tcb->flags & (TCB_ACK_DELAYED | TCB_ACK_NOW)) == TCB_ACK_DELAYED && tcb->ack_at == NANOS_NEVER)
        tcb->ack_at = tcp_host(tcp)->now + tcp->settings.delayed_ack_ms * NANOS_PER_MS;
    earliest = timeouts_earliest(tcp, tcb);
    /* Moved lazily: a timer that is now due later is found out when it comes up. */
    if (earliest < tcb->timer.deadline)
        arm(tcp, tcb, earliest);
}

void timeouts_keep_alive(struct tcp *tcp, struct tcb *tcb)
{
    uint32_t quiet_ms = host_ms_since(tcp_host(tcp), tcb->last_heard_ms);
    uint64_t wait_ms = limits_of(tcp, tcb)->keep_interval_ms;

    if (tcb->ep.state == RILL_STATE_TIME_WAIT ||
        (tcb->ep.state == RILL_STATE_FIN_WAIT_2 && (tcb->flags & TCB_ORPHAN) != 0))
        return; /* keep_at is theirs */
    if ((tcb->flags & TCB_KEEPALIVE) == 0 || !state_is_synchronized(tcb->ep.state)) {
        tcb->keep_at = NANOS_NEVER;
        return;
    }
    if (tcb->keep_probes == 0)
        wait_ms = keep_idle_ms(tcp, tcb) > quiet_ms ? keep_idle_ms(tcp, tcb) - quiet_ms : 1;
    tcb->keep_at = tcp_host(tcp)->now + wait_ms * NANOS_PER_MS;
}

void timeouts_time_wait(struct tcp *tcp, struct tcb *tcb)
{
    tcb->retransmit_at = NANOS_NEVER;
    tcb->keep_at = tcp_host(tcp)->now + 2 * (nanos)tcp->settings.msl_ms * NANOS_PER_MS;
}

void timeouts_fin_wait_2(struct tcp *tcp, struct tcb *tcb)
{
    tcb->keep_at = tcp_host(tcp)->now + limits_of(tcp, tcb)->fin_wait_2_ms * NANOS_PER_MS;
}
