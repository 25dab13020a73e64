/*
 * HyStart++: see hystart.h. Names and constants of RFC 9406 4.2 and 4.3.
 */
#include "tcp/hystart.h"

#define MIN_RTT_THRESH_US 4000u
#define MAX_RTT_THRESH_US 16000u
#define MIN_RTT_DIVISOR 8u
#define N_RTT_SAMPLE 8u
#define CSS_GROWTH_DIVISOR 4u
#define CSS_ROUNDS 5u
#define TRAIN_GAP_US 2000u     /* longer: the ACK does not belong to the train */
#define TRAIN_SEGMENTS_MIN 16u /* a smaller window says nothing */

static void begin_round(struct hystart *hystart, const struct tcb *tcb)
{
    hystart->last_round_min_rtt_us = hystart->begun ? hystart->current_round_min_rtt_us : HYSTART_NO_RTT;
    hystart->current_round_min_rtt_us = HYSTART_NO_RTT;
    hystart->rtt_sample_count = 0;
    hystart->window_end = tcb->snd_nxt;
    hystart->begun = true;
}

/*
 * "When windowEnd is ACKed": it is the first byte that had not been sent, so the ACK that ends a round is of a byte of
 * the next. One ACK earlier, and each round would begin within the burst of the last one, where its queue is.
 */
static void end_round(struct hystart *hystart, const struct tcb *tcb, bool *done)
{
    /* A round that CSS was entered in counts, too. */
    if (hystart->in_css)
        *done = ++hystart->css_rounds >= CSS_ROUNDS;
    begin_round(hystart, tcb);
}

static bool delay_has_increased(const struct hystart *hystart)
{
    uint32_t last = hystart->last_round_min_rtt_us;
    uint32_t thresh_us = max_u32(MIN_RTT_THRESH_US, min_u32(last / MIN_RTT_DIVISOR, MAX_RTT_THRESH_US));

    return last != HYSTART_NO_RTT && hystart->current_round_min_rtt_us != HYSTART_NO_RTT &&
           hystart->current_round_min_rtt_us - min_u32(last, hystart->current_round_min_rtt_us) >= thresh_us;
}

static void look_at_delay(struct hystart *hystart)
{
    if (hystart->rtt_sample_count < N_RTT_SAMPLE)
        return;
    if (hystart->in_css) {
        /* "slow start exit was spurious" */
        hystart->in_css = hystart->current_round_min_rtt_us >= hystart->css_baseline_min_rtt_us;
    } else if (delay_has_increased(hystart)) {
        hystart->css_baseline_min_rtt_us = hystart->current_round_min_rtt_us;
        hystart->in_css = true;
        hystart->css_rounds = 0;
    }
}

uint32_t hystart_acked(struct hystart *hystart, const struct tcb *tcb, const struct ack_sample *ack, uint32_t counted,
                       bool *done)
{
    uint32_t growth;

    *done = false;
    if (!hystart->begun)
        begin_round(hystart, tcb);
    else if (seq_after(tcb->snd_una, hystart->window_end))
        end_round(hystart, tcb, done);
    growth = hystart->in_css ? counted / CSS_GROWTH_DIVISOR : counted;
    if (ack->rtt_us != 0) {
        hystart->current_round_min_rtt_us = min_u32(hystart->current_round_min_rtt_us, ack->rtt_us);
        if (hystart->rtt_sample_count < UINT8_MAX)
            hystart->rtt_sample_count++;
    }
    look_at_delay(hystart);
    return growth;
}

void hystart_train(struct hystart *hystart, const struct tcb *tcb, uint32_t now_us)
{
    uint32_t min_rtt_us = min_u32(hystart->last_round_min_rtt_us, hystart->current_round_min_rtt_us);

    if (!hystart->begun || hystart->in_css)
        return;
    if (!hystart->has_train || !seq_equal(hystart->train_round, hystart->window_end)) {
        hystart->has_train = true;
        hystart->train_round = hystart->window_end;
        hystart->round_us = hystart->train_us = now_us;
    }
    if (wrapping_sub(now_us, hystart->train_us) > TRAIN_GAP_US)
        return;
    hystart->train_us = now_us;
    if (min_rtt_us == HYSTART_NO_RTT || tcb->cwnd < TRAIN_SEGMENTS_MIN * tcb->snd_mss ||
        wrapping_sub(now_us, hystart->round_us) <= min_rtt_us / 2)
        return;
    hystart->css_baseline_min_rtt_us = 0; /* no delay is below it: what the train says is not spurious */
    hystart->in_css = true;
    hystart->css_rounds = 0;
}
