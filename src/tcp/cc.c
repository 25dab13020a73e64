/*
 * The congestion controls there are, and what they share.
 */
#include "tcp/cc.h"

/* The first is the default. */
static const struct cc_ops *const controls[] = {&cc_reno};

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
    tcb->cwnd = (tcb->flags & TCB_SYN_RESENT) != 0 ? tcb->snd_mss : cc_initial_window(tcp, tcb);
    tcb->ssthresh = CWND_MAX;
}
