/*
 * The sender block's life.
 */
#include "tcp/sender.h"

#include "tcp/cc.h"

bool sender_make(struct tcp *tcp, struct tcb *tcb)
{
    struct sender *sender;

    if (tcb->sender != REF_NONE)
        return true;
    tcb->sender = pool_take(tcp_arena(tcp), &tcp->senders);
    if (tcb->sender == REF_NONE)
        return false;
    sender = sender_at(tcp, tcb);
    sender->high_seq = tcb->snd_una;
    if (cc_of(tcb)->begin != NULL)
        cc_of(tcb)->begin(tcp, tcb);
    return true;
}

/* Until there is a scoreboard. */
__attribute__((weak)) uint32_t sender_flight(const struct tcp *tcp, const struct tcb *tcb)
{
    (void)tcp;
    return seq_offset(tcb->snd_una, tcb->snd_nxt);
}

void sender_give(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->sender == REF_NONE)
        return;
    if (cc_of(tcb)->end != NULL)
        cc_of(tcb)->end(tcp, tcb);
    pool_give(tcp_arena(tcp), &tcp->senders, tcb->sender);
    tcb->sender = REF_NONE;
}
