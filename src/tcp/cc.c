/*
 * The congestion controls there are, and what they share.
 */
#include "tcp/cc.h"

#include "tcp/pacing.h"
#include "tcp/rtt.h"
#include "tcp/trace.h"

/* The first is the default. */
static const struct cc_ops *const controls[] = {&cc_cubic, &cc_reno, &cc_bbr, &cc_dctcp};

#define CONTROLS (sizeof controls / sizeof controls[0])

const struct cc_ops *cc_of(const struct tcb *tcb)
{
    rill_assert(tcb->cc < CONTROLS);
    return controls[tcb->cc];
}

static bool is_named(const char *name, const char *text)
{
    while (*name != '\0' && *name == *text) {
        name++;
        text++;
    }
    return *name == *text;
}

int cc_find(const char *name)
{
    if (name == NULL || *name == '\0')
        return 0;
    for (unsigned i = 0; i < CONTROLS; i++)
        if (is_named(controls[i]->name, name))
            return (int)i;
    return -1;
}

uint8_t cc_choice(const struct tcp *tcp, const char *name)
{
    int found = name == NULL || *name == '\0' ? tcp->settings.cc : cc_find(name);

    rill_assert(found >= 0);
    return (uint8_t)found;
}

const char *cc_name(unsigned index)
{
    return index < CONTROLS ? controls[index]->name : NULL;
}

void cc_change(struct tcp *tcp, struct tcb *tcb, uint8_t cc)
{
    struct sender *sender;

    if (cc == tcb->cc)
        return;
    if (tcb->sender == REF_NONE) {
        tcb->cc = cc;
        return;
    }
    if (cc_of(tcb)->end != NULL)
        cc_of(tcb)->end(tcp, tcb);
    sender = sender_at(tcp, tcb);
    memset(sender->cc_state, 0, sizeof sender->cc_state);
    sender->pacing_rate = 0;
    tcb->cc = cc;
    if (cc_of(tcb)->begin != NULL)
        cc_of(tcb)->begin(tcp, tcb);
}

uint32_t cc_initial_window(const struct tcp *tcp, const struct tcb *tcb)
{
    uint32_t segments = tcp->settings.initial_window_segments;

    return min_u32(segments * tcb->snd_mss, max_u32(2u * tcb->snd_mss, segments * 1460u));
}

void cc_open_window(struct tcp *tcp, struct tcb *tcb)
{
    /* RFC 5681 3.1: one segment when the SYN or SYN,ACK was lost. */
    tcb->cwnd = (tcb->tuning & SYN_IS_LOST) != 0 ? tcb->snd_mss : cc_initial_window(tcp, tcb);
    tcb->ssthresh = CWND_MAX;
}

uint32_t cc_slow_start_bytes(const struct tcp *tcp, const struct tcb *tcb, uint32_t acked_bytes)
{
    /* RFC 3465 2.3: after a timeout an ACK covers what had arrived before; it says little of what the path can carry. */
    if (tcb->sender != REF_NONE && sender_at(tcp, tcb)->state == SENDER_LOSS)
        return min_u32(acked_bytes, tcb->snd_mss);
    /* RFC 9406 4.3's L bounds the burst that one ACK releases: unpaced, it is what may leave as one train anyway. */
    return pacing_is_on(tcp, tcb) ? acked_bytes : min_u32(acked_bytes, RILL_TRAIN_PAYLOAD_MAX);
}

void cc_slow_start(struct tcb *tcb, uint32_t growth_bytes)
{
    tcb->cwnd = min_u32(tcb->cwnd + min_u32(growth_bytes, CWND_MAX), min_u32(tcb->ssthresh, CWND_MAX));
}

bool cc_restart(struct tcp *tcp, struct tcb *tcb, uint32_t idle_us)
{
    if (idle_us < rtt_rto_us(tcp, tcb))
        return false;
    /* RFC 7661 4.4.1: the way back up to what was known to fit is slow start's. */
    if (tcb->ssthresh < CWND_MAX)
        tcb->ssthresh = max_u32(tcb->ssthresh, tcb->cwnd - tcb->cwnd / 4);
    tcb->cwnd = min_u32(tcb->cwnd, cc_initial_window(tcp, tcb)); /* RFC 5681 4.1 */
    cc_window_changed(tcp, tcb);
    return true;
}

void cc_window_changed(struct tcp *tcp, struct tcb *tcb)
{
    pacing_follow_window(tcp, tcb);
    trace_event(tcp, &tcb->ep, RILL_TRACE_CWND, tcb->cwnd, tcb->ssthresh);
}
