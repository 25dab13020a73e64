/*
 * Traces of Reno and CUBIC against models in floating point, written from the
 * RFCs and sharing nothing with the code: over many paths and histories of
 * losses, timeouts, congestion marks, pauses and slow applications the window
 * is never further than one segment (and the roundings to bytes) from the model's.
 */
#include "tcp/cc_inside.h"

#include <math.h>

/* In segments and seconds. */
struct model {
    bool cubic;
    double cwnd, ssthresh;
    double counted; /* Reno: acknowledged since the last increase */
    /* RFC 9438 */
    double w_max, cwnd_prior, k, t, w_est, last;
    bool epoch, timed_out;
};

static double w_cubic(const struct model *m, double t)
{
    return 0.4 * pow(t - m->k, 3) + m->w_max;
}

static void model_avoid_cubic(struct model *m, double acked, bool used, double now, double srtt)
{
    double target;

    if (m->epoch && used)
        m->t += now - m->last;
    m->last = now;
    if (!used)
        return;
    if (!m->epoch) {
        if (m->timed_out || m->w_max < m->cwnd)
            m->w_max = m->cwnd;
        if (m->cwnd_prior == 0)
            m->cwnd_prior = m->cwnd;
        m->k = (m->w_max - m->cwnd) * CC_MSS < 2 ? 0 : cbrt((m->w_max - m->cwnd) / 0.4);
        m->t = 0;
        m->w_est = m->cwnd;
        m->epoch = true;
        m->timed_out = false;
    }
    m->w_est += (m->w_est >= m->cwnd_prior ? 1.0 : 3 * 0.3 / 1.7) * acked / m->cwnd;
    if (w_cubic(m, m->t) < m->w_est) {
        m->cwnd = fmax(m->cwnd, m->w_est);
        return;
    }
    target = fmin(fmax(w_cubic(m, m->t + srtt), m->cwnd), 1.5 * m->cwnd);
    m->cwnd += (target - m->cwnd) / m->cwnd * acked;
}

static void model_acked(struct model *m, double acked, bool used, double now, double srtt)
{
    if (m->cwnd < m->ssthresh) {
        if (used)
            m->cwnd = fmin(m->cwnd + acked, m->ssthresh);
    } else if (m->cubic) {
        model_avoid_cubic(m, acked, used, now, srtt);
    } else if (used) {
        m->counted += acked;
        if (m->counted >= m->cwnd) {
            m->counted -= m->cwnd;
            m->cwnd += 1;
        }
    }
}

static void model_congestion(struct model *m, enum cc_event event, double flight)
{
    double kept = m->cubic ? (event == CC_ECN ? 0.85 : 0.7) : (event == CC_ECN ? 0.8 : 0.5);

    /* Windows are whole bytes: closer than that they are equal. */
    m->w_max = m->cwnd < m->w_max - 2.0 / CC_MSS ? m->cwnd * 1.7 / 2 : m->cwnd;
    m->cwnd_prior = m->cwnd;
    m->ssthresh = fmax(flight * kept, 2);
    m->cwnd = event == CC_TIMEOUT ? 1 : m->ssthresh;
    m->counted = 0;
    m->epoch = false;
    m->timed_out = event == CC_TIMEOUT;
}

static void model_idle(struct model *m, double idle, double rto, double now)
{
    m->last = now;
    if (idle < rto)
        return;
    if (m->ssthresh < 1e5)
        m->ssthresh = fmax(m->ssthresh, 0.75 * m->cwnd);
    m->cwnd = fmin(m->cwnd, 10);
    m->epoch = false;
}

struct history {
    uint64_t random;
    uint32_t rtt_us, ack_segments, loss_per_million, mark_per_million, timeout_per_million, pause_per_million;
    double now;
    bool used;
};

static void one_step(struct inside *t, struct model *m, struct history *h)
{
    uint32_t draw = inside_below(&h->random, 1000000), acked = h->ack_segments * CC_MSS;
    uint64_t gap_us = (uint64_t)h->rtt_us * acked / t->tcb->cwnd + 1;
    struct ack_sample ack = {.acked_bytes = acked, .delivered_bytes = acked, .rtt_us = h->rtt_us};
    enum cc_event event = CC_LOSS;

    cc_time_passes(t, gap_us);
    h->now += (double)gap_us / 1e6;
    if (inside_below(&h->random, 2000) == 0)
        h->used = !h->used;
    if (draw < h->pause_per_million) {
        uint64_t idle_us = inside_below(&h->random, 3000000);

        cc_time_passes(t, idle_us);
        h->now += (double)idle_us / 1e6;
        cc_of(t->tcb)->idle(t->tcp, t->tcb, (uint32_t)idle_us);
        model_idle(m, (double)idle_us / 1e6, fmax(h->rtt_us / 1e6 + 0.1, 0.2), h->now);
        return;
    }
    draw = inside_below(&h->random, 1000000);
    if (draw >= h->loss_per_million + h->mark_per_million + h->timeout_per_million) {
        ack.window_limited = h->used;
        cc_of(t->tcb)->acked(t->tcp, t->tcb, &ack);
        model_acked(m, (double)acked / CC_MSS, h->used, h->now, h->rtt_us / 1e6);
        return;
    }
    if (draw >= h->loss_per_million)
        event = draw < h->loss_per_million + h->mark_per_million ? CC_ECN : CC_TIMEOUT;
    model_congestion(m, event, (double)t->tcb->cwnd / CC_MSS);
    cc_lose(t, event, t->tcb->cwnd);
}

static void run_history(const char *name, uint64_t seed)
{
    static const uint32_t rtts_us[] = {500, 5000, 20000, 40000, 100000, 300000};
    struct history h = {.random = seed, .used = true};
    struct inside t;
    struct model m = {.cubic = name[0] == 'c', .cwnd = 10, .ssthresh = 1e9};

    h.rtt_us = rtts_us[inside_below(&h.random, 6)];
    h.ack_segments = 1 + inside_below(&h.random, 2);
    h.loss_per_million = 50 + inside_below(&h.random, 1u << inside_below(&h.random, 15));
    h.mark_per_million = inside_below(&h.random, 4) == 0 ? h.loss_per_million : 0;
    h.timeout_per_million = inside_below(&h.random, 4) == 0 ? h.loss_per_million / 4 : 0;
    h.pause_per_million = inside_below(&h.random, 4) == 0 ? 100 : 0;
    cc_start(&t, name, h.rtt_us);
    t.tcp->settings.pacing = true; /* ACKs come evenly spread: no trains, of which the models know nothing */
    for (unsigned i = 0; i < 20000 && t.tcb->cwnd < 20000 * CC_MSS; i++) {
        double cwnd;

        one_step(&t, &m, &h);
        cwnd = (double)t.tcb->cwnd / CC_MSS;
        if (fabs(cwnd - m.cwnd) > 1.0 + 10.0 / CC_MSS) /* windows are whole bytes */
            fail_msg("%s, seed %u, step %u: %.2f segments, the model has %.2f", name, (unsigned)seed, i, cwnd, m.cwnd);
    }
    inside_close(&t);
}

static void R5681_5_R5681_6_R5681_7_renos_trace_is_the_models_within_one_segment(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 500; seed++)
        run_history("reno", seed);
}

static void R9438_1_R9438_2_R9438_3_R9438_4_R9438_5_R9438_8_cubics_trace_is_the_models_within_one_segment(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 500; seed++)
        run_history("cubic", seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R5681_5_R5681_6_R5681_7_renos_trace_is_the_models_within_one_segment),
        cmocka_unit_test(R9438_1_R9438_2_R9438_3_R9438_4_R9438_5_R9438_8_cubics_trace_is_the_models_within_one_segment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
