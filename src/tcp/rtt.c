/*
 * RFC 6298 in integers: SRTT is kept times 8 and RTTVAR times 4, in
 * microseconds, so that no rounding is lost between samples.
 */
#include "tcp/rtt.h"

#include "tcp/sender.h"
#include "tcp/trace.h"

#define RTO_AFTER_SYN_US 3000000u
#define SAMPLE_US_MAX (120u * 1000000u)

#define PATH_UNIT_US 4000u /* path.rtt_4ms */

static uint32_t clamp_rto(const struct tcp *tcp, uint64_t rto_us)
{
    rto_us = max_u64(rto_us, tcp->settings.rto_min_us);
    return (uint32_t)min_u64(rto_us, tcp->settings.rto_max_us);
}

static void tell_path(struct tcp *tcp, const struct tcb *tcb, uint32_t first_us)
{
    uint32_t units = first_us / PATH_UNIT_US + 1;

    if (tcp->settings.remember_rtt)
        path_at(tcp_host(tcp), tcb->ep.path)->rtt_4ms = (uint8_t)(units <= UINT8_MAX ? units : 0);
}

void rtt_syn_timed_out(struct tcp *tcp, const struct tcb *tcb)
{
    path_at(tcp_host(tcp), tcb->ep.path)->rtt_4ms = 0;
}

/* RFC 9040 6: what the last connection measured on the path, as RFC 6298 2.2 takes a first sample: R + 4 * R / 2. */
static uint32_t syn_rto_us(const struct tcp *tcp, const struct tcb *tcb)
{
    uint32_t initial_us = tcp->settings.rto_initial_us, rtt_4ms = path_at(&tcp->ip.host, tcb->ep.path)->rtt_4ms;

    return rtt_4ms == 0 ? initial_us : min_u32(clamp_rto(tcp, 3 * rtt_4ms * PATH_UNIT_US), initial_us);
}

void rtt_sample(struct tcp *tcp, struct tcb *tcb, uint32_t sample_us)
{
    uint32_t r = min_u32(max_u32(sample_us, 1), SAMPLE_US_MAX);

    if (tcb->srtt_us8 == 0) {
        tcb->srtt_us8 = r << 3; /* 2.2: SRTT = R, RTTVAR = R/2 */
        tcb->rttvar_us4 = r << 1;
        tell_path(tcp, tcb, r);
    } else {
        uint32_t srtt = tcb->srtt_us8 >> 3;
        uint32_t error = r > srtt ? r - srtt : srtt - r;

        /* 2.3: RTTVAR before SRTT; alpha 1/8, beta 1/4. */
        tcb->rttvar_us4 = tcb->rttvar_us4 - (tcb->rttvar_us4 >> 2) + error;
        tcb->srtt_us8 = max_u32(tcb->srtt_us8 - srtt + r, 1);
    }
    trace_event(tcp, &tcb->ep, RILL_TRACE_RTT, r, tcb->srtt_us8 >> 3);
}

uint32_t rtt_rto_us(const struct tcp *tcp, const struct tcb *tcb)
{
    uint32_t initial_us = tcp->settings.rto_initial_us;

    if (tcb->srtt_us8 != 0)
        return clamp_rto(tcp,
                         (uint64_t)(tcb->srtt_us8 >> 3) + max_u32(tcp->settings.rto_granularity_us, tcb->rttvar_us4));
    /* 5.7: a SYN that had to be sent again says that the path is slow. */
    if ((tcb->flags & TCB_SYN_RESENT) != 0 && tcb->ep.state >= RILL_STATE_ESTABLISHED)
        return max_u32(initial_us, RTO_AFTER_SYN_US);
    return tcb->ep.state == RILL_STATE_SYN_SENT ? syn_rto_us(tcp, tcb) : initial_us;
}

nanos rtt_timeout(const struct tcp *tcp, const struct tcb *tcb)
{
    uint32_t shift = tcb->ep.own_backoff + (tcb->sender != REF_NONE ? sender_at(tcp, tcb)->kept_backoff : 0u);
    uint64_t us = (uint64_t)rtt_rto_us(tcp, tcb) << min_u32(shift, BACKOFF_MAX);

    return clamp_rto(tcp, us) * NANOS_PER_US;
}
