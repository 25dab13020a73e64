/*
 * The segment size: what the path's MTU leaves of what the peer takes, and
 * TCP's part in finding that MTU out (RFC 1191, RFC 4821): black holes told by
 * timeouts, and probes, which are segments of the stream that are larger than
 * the others. The search itself is in ip/path_mtu.h.
 */
#ifndef TCP_MTU_H
#define TCP_MTU_H

#include "tcp/cc.h"

/* snd_mss anew from what is known of the path: before anything is cut. */
void mtu_follow_path(struct tcp *tcp, struct tcb *tcb);

/*
 * The most payload of the probe that the connection is in a position to send, but for what congestion control allows at
 * the moment; 0: none. unsent: bytes of the stream.
 */
uint32_t mtu_probe_due(struct tcp *tcp, struct tcb *tcb, uint32_t unsent);

/* The newest record is a probe, with room for `mss` as snd_mss says it of others. */
void mtu_probe_sent(struct tcp *tcp, struct tcb *tcb, uint16_t mss);

/* Its fate, told by the scoreboard: record is flagged SENT_MTU_PROBE. */
void mtu_probe_delivered(struct tcp *tcp, struct tcb *tcb, const struct sent *record);
void mtu_probe_lost(struct tcp *tcp, struct tcb *tcb, const struct sent *record);

/* RFC 5927 7.2, maxsizeacked: segments of this size arrive. */
static inline void mtu_delivered(struct sender *sender, const struct sent *record)
{
    uint32_t bytes = min_u32(sent_data_bytes(record), record->segment_bytes);

    sender->mtu_acked_bytes = (uint16_t)max_u32(sender->mtu_acked_bytes, bytes);
}

/* Other segments were lost as well: `event` begins an episode. */
void mtu_probe_not_alone(struct tcp *tcp, struct tcb *tcb, enum cc_event event);

/* SND.UNA has moved. */
void mtu_una_moved(struct tcp *tcp, struct tcb *tcb);

/* A router says that the segment at `sequence` was too big for its link, which takes `claimed`. */
void mtu_too_big(struct tcp *tcp, struct tcb *tcb, struct seq sequence, uint32_t claimed);

/* The retransmission timer fired, ep.own_backoff times in a row. True when segments are smaller from now on. */
bool mtu_timed_out(struct tcp *tcp, struct tcb *tcb);

/* ... and what it sent again has been answered. */
void mtu_answered(struct tcp *tcp, struct tcb *tcb);

#endif
