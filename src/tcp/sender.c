/*
 * The sender block's life.
 */
#include "tcp/sender.h"

#include "tcp/scoreboard.h"

bool sender_make(struct tcp *tcp, struct tcb *tcb)
{
    struct sender *sender;

    if (tcb->sender != REF_NONE)
        return true;
    tcb->sender = pool_take(tcp_arena(tcp), &tcp->senders);
    if (tcb->sender == REF_NONE)
        return false;
    sender = sender_at(tcp, tcb);
    sender->high_seq = seq_sub(tcb->snd_una, 1);
    sender->limited_end = sender->window_end = sender->rtt_round_end = tcb->snd_una;
    sender->early_at = NANOS_NEVER;
    sender->reo_wnd_mult = 1;
    sender->tlp_sampled = true;
    if (cc_of(tcb)->begin != NULL)
        cc_of(tcb)->begin(tcp, tcb);
    return true;
}

void sender_give(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->sender == REF_NONE)
        return;
    if (cc_of(tcb)->end != NULL)
        cc_of(tcb)->end(tcp, tcb);
    scoreboard_clear(tcp, tcb);
    pool_give(tcp_arena(tcp), &tcp->senders, tcb->sender);
    tcb->sender = REF_NONE;
}

void sender_una_moved(struct tcp *tcp, struct tcb *tcb)
{
    struct sender *sender = sender_at(tcp, tcb);

    if (sender->state == SENDER_OPEN && seq_before(sender->high_seq, tcb->snd_una))
        sender->high_seq = seq_sub(tcb->snd_una, 1);
    if (seq_before(sender->limited_end, tcb->snd_una))
        sender->limited_end = tcb->snd_una;
    if (seq_before(sender->window_end, tcb->snd_una))
        sender->window_end = tcb->snd_una;
    if (seq_before(sender->rtt_round_end, tcb->snd_una))
        sender->rtt_round_end = tcb->snd_una;
    if (!seq_after(sender->rack_fack, tcb->snd_una))
        sender->rack_fack = tcb->snd_una;
    if (sender->dsack_round_valid && !seq_before(tcb->snd_una, sender->dsack_round))
        sender->dsack_round_valid = false;
    if (!sender->tlp_in_flight)
        sender->tlp_end = tcb->snd_una;
    if (sender->undo_possible && seq_offset(sender->undo_una, tcb->snd_una) > CWND_MAX)
        sender->undo_possible = false;
}
