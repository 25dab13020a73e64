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
    struct seq train_round;      /* window_end of the round that the next two are of */
    uint32_t round_us, train_us; /* when its first ACK came, and the last one of the train that began with it */
    uint8_t rtt_sample_count;    /* stops at 255 */
    uint8_t css_rounds;
    bool begun, in_css; /* in conservative slow start */
    bool has_train;
};

/*
 * An ACK in slow start that acknowledges bytes, of which `counted` may grow the window. Returns by how much it grows;
 * *done when slow start is over: ssthresh is then the window.
 */
uint32_t hystart_acked(struct hystart *hystart, const struct tcb *tcb, const struct ack_sample *ack, uint32_t counted,
                       bool *done);

/*
 * After it, where what is sent is not spread by pacing: ACKs that come close together tell how long the bottleneck
 * takes for what was sent in a round trip. At half of a round trip the window that slow start is about to open fills
 * the path, and conservative slow start begins before a queue does.
 */
void hystart_train(struct hystart *hystart, const struct tcb *tcb, uint32_t now_us);

#endif
