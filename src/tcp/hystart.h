/*
 * HyStart++ (RFC 9406): leaves the first slow start when round trips grow
 * longer, before anything is lost. Says how much a window grows; whose window
 * it is, and what follows, is the congestion control's business.
 */
#ifndef TCP_HYSTART_H
#define TCP_HYSTART_H

#include "tcp/cc.h"

#define HYSTART_NO_RTT UINT32_MAX /* the RFC's infinity */

/* Zeroed: nothing seen yet. */
struct hystart {
    uint32_t last_round_min_rtt_us, current_round_min_rtt_us; /* valid once begun */
    uint32_t css_baseline_min_rtt_us;                         /* valid in CSS */
    struct seq window_end;
    uint8_t rtt_sample_count; /* stops at 255 */
    uint8_t css_rounds;
    bool begun, in_css; /* in conservative slow start */
};

/*
 * An ACK in slow start that acknowledges bytes, of which `counted` may grow the window. Returns by how much it grows;
 * *done when slow start is over: ssthresh is then the window.
 */
uint32_t hystart_acked(struct hystart *hystart, const struct tcb *tcb, const struct ack_sample *ack, uint32_t counted,
                       bool *done);

#endif
