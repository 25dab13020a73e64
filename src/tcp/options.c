/*
 * Negotiation of TCP options.
 */
#include "tcp/options.h"

#include "tcp/accurate_ecn.h"
#include "tcp/limits.h"
#include "tcp/mtu.h"
#include "tcp/reassembly.h"
#include "tcp/tuning.h"

#define MSS_DEFAULT_V4 536u /* RFC 9293 MUST-15 */
#define MSS_DEFAULT_V6 1220u
#define MSS_PEER_MIN 48u /* below, a peer makes us send mostly headers (CVE-2019-11479); no path needs it */
#define UTO_VALUE_MAX 0x7fffu
#define UTO_MINUTES 0x8000u
#define UTO_LOWER_MS 100000u  /* RFC 5482 3: at least 100 s, so more than any RTO but a backed-off one */
#define UTO_UPPER_MS 3600000u /* and no peer makes us wait longer than an hour */

uint16_t options_announced_mss(const struct tcp *tcp, const struct path *path)
{
    return (uint16_t)(tcp->ip.netifs[path->netif].mtu - path->ip_header_bytes - TCP_HEADER_BYTES);
}

uint16_t options_send_mss_max(const struct path *path, uint16_t peer_mss, bool timestamps)
{
    uint32_t fallback = path->ip_header_bytes == 20 ? MSS_DEFAULT_V4 : MSS_DEFAULT_V6;
    uint32_t ours = timestamps ? TIMESTAMP_OPTION_BYTES : 0;
    uint32_t mss = peer_mss == 0 ? fallback : max_u32(peer_mss, MSS_PEER_MIN + ours);

    return (uint16_t)(min_u32(mss, RILL_TRAIN_PAYLOAD_MAX) - ours);
}

uint16_t options_send_mss(const struct path *path, uint16_t peer_mss, bool timestamps)
{
    uint32_t ours = timestamps ? TIMESTAMP_OPTION_BYTES : 0;

    return (uint16_t)min_u32(options_send_mss_max(path, peer_mss, timestamps),
                             path->mtu - path->ip_header_bytes - TCP_HEADER_BYTES - ours);
}

/*
 * Half of a buffer is offered. One whose size was chosen needs no larger scale than that asks for, and the smaller the
 * scale, the finer the window can be told; if it is set to more later, the window ends where this scale does.
 */
uint8_t options_window_shift(const struct tcp *tcp, uint32_t wanted_bytes)
{
    uint32_t target = tuning_receive_limit_max(tcp, wanted_bytes) / 2;
    uint8_t shift = 0;

    if (wanted_bytes == 0)
        target = max_u32(target, max_u32(tcp->settings.receive_buffer_bytes, tcp->settings.window_bytes_max));
    while (shift < 14 && (UINT64_C(65535) << shift) < target)
        shift++;
    return shift;
}

uint32_t options_timestamp_offset(const struct tcp *tcp, const struct endpoint *ep)
{
    const struct path *path = path_at(&tcp->ip.host, ep->path);

    return (uint32_t)ip_hash_tuple(&tcp->ip.host, PRF_TIMESTAMP, &path->local, &path->remote, ep->local_port,
                                   ep->remote_port);
}

uint16_t options_encode_user_timeout(uint32_t user_timeout_ms)
{
    uint32_t seconds = max_u32(user_timeout_ms / 1000, 1);

    return (uint16_t)(seconds <= UTO_VALUE_MAX ? seconds : UTO_MINUTES | min_u32(seconds / 60, UTO_VALUE_MAX));
}

static void put_user_timeout(const struct tcp *tcp, const struct tcb *tcb, struct tcp_options *out)
{
    out->present |= TCP_OPTION_USER_TIMEOUT;
    out->user_timeout = options_encode_user_timeout(limits_of(tcp, tcb)->user_timeout_ms);
}

void options_fix_user_timeout(struct tcb *tcb)
{
    tcb->flags |= TCB_UTO_FIXED;
    if ((tcb->flags & TCB_USER_TIMEOUT) != 0)
        tcb->flags |= TCB_UTO_DUE;
}

void options_take_user_timeout(struct tcp *tcp, struct tcb *tcb, const struct tcp_options *theirs)
{
    uint32_t ours_ms = tcp->settings.limits.user_timeout_ms, value;
    uint64_t remote_ms;

    if ((theirs->present & TCP_OPTION_USER_TIMEOUT) == 0 ||
        (tcb->flags & (TCB_USER_TIMEOUT | TCB_UTO_FIXED)) != TCB_USER_TIMEOUT)
        return;
    value = theirs->user_timeout & UTO_VALUE_MAX;
    if (value == 0)
        return;
    remote_ms = value * UINT64_C(1000) * ((theirs->user_timeout & UTO_MINUTES) != 0 ? 60 : 1);
    /* min(U_LIMIT, max(ADV_UTO, REMOTE_UTO, L_LIMIT)) */
    remote_ms = max_u64(remote_ms, max_u64(ours_ms, UTO_LOWER_MS));
    remote_ms = min_u64(remote_ms, max_u64(UTO_UPPER_MS, ours_ms));
    (void)limits_set_user_timeout(tcp, &tcb->limits, (uint32_t)remote_ms); /* without memory it stays ours */
}

void options_for_syn(const struct tcp *tcp, const struct tcb *tcb, struct tcp_options *out)
{
    out->present = TCP_OPTION_MSS;
    out->mss = (uint16_t)min_u32(options_announced_mss(tcp, tcb_path(tcp, tcb)), tcb->rcv_mss);
    out->sack_count = 0;
    if ((tcb->flags & TCB_WINDOW_SCALE) != 0) {
        out->present |= TCP_OPTION_WINDOW_SCALE;
        out->window_scale = tcb->rcv_wscale;
    }
    if ((tcb->flags & TCB_SACK) != 0)
        out->present |= TCP_OPTION_SACK_PERMITTED;
    if ((tcb->flags & TCB_TIMESTAMPS) != 0) {
        out->present |= TCP_OPTION_TIMESTAMP;
        out->timestamp_value = options_timestamp_now(tcp, tcb);
        out->timestamp_echo = tcb->ts_recent; /* 0 while there is none: RFC 7323 3.2 */
    }
    if ((tcb->flags & TCB_USER_TIMEOUT) != 0)
        put_user_timeout(tcp, tcb, out);
}

void options_for_segment(const struct tcp *tcp, const struct tcb *tcb, struct tcp_options *out)
{
    out->present = 0;
    out->sack_count = 0;
    if ((tcb->flags & TCB_UTO_DUE) != 0)
        put_user_timeout(tcp, tcb, out);
    if ((tcb->flags & TCB_TIMESTAMPS) != 0) {
        out->present |= TCP_OPTION_TIMESTAMP;
        out->timestamp_value = options_timestamp_now(tcp, tcb);
        out->timestamp_echo = tcb->ts_recent;
    }
    if ((tcb->flags & TCB_SACK) != 0 && tcb->busy != REF_NONE) {
        unsigned used = ((tcb->flags & TCB_TIMESTAMPS) != 0 ? 12u : 0) + ((tcb->flags & TCB_UTO_DUE) != 0 ? 4u : 0);
        unsigned most = (TCP_OPTION_BYTES_MAX - 4 - used) / 8;
        unsigned told = reassembly_twice_block(tcp, tcb, &out->sack[0]) ? 1 : 0;

        out->sack_count = (uint8_t)(told + reassembly_sack_blocks(tcp, tcb, out->sack + told, most - told));
        if (out->sack_count > 0)
            out->present |= TCP_OPTION_SACK;
    }
    accurate_ecn_put_option(tcp, tcb, out);
}

void options_agree(struct tcp *tcp, struct tcb *tcb, const struct tcp_options *theirs)
{
    uint16_t mss;

    if ((theirs->present & TCP_OPTION_TIMESTAMP) == 0)
        tcb->flags &= ~(uint32_t)TCB_TIMESTAMPS;
    if ((theirs->present & TCP_OPTION_SACK_PERMITTED) == 0)
        tcb->flags &= ~(uint32_t)TCB_SACK;
    if ((theirs->present & TCP_OPTION_WINDOW_SCALE) == 0)
        tcb->flags &= ~(uint32_t)TCB_WINDOW_SCALE;
    if ((tcb->flags & TCB_TIMESTAMPS) != 0)
        tcb->ts_recent = theirs->timestamp_value;
    /* RFC 7323 2.2: both shifts are 0 unless both sides sent the option. */
    tcb->snd_wscale = (tcb->flags & TCB_WINDOW_SCALE) != 0 ? theirs->window_scale : 0;
    tcb->rcv_wscale = (tcb->flags & TCB_WINDOW_SCALE) != 0 ? tcb->rcv_wscale : 0; /* as our SYN said */
    mss = options_send_mss_max(tcb_path(tcp, tcb), (theirs->present & TCP_OPTION_MSS) != 0 ? theirs->mss : 0,
                               (tcb->flags & TCB_TIMESTAMPS) != 0);
    tcb->snd_mss_max = (uint16_t)min_u32(mss, tcb->rcv_mss); /* still the application's limit */
    mtu_follow_path(tcp, tcb);
}
