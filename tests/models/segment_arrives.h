/*
 * What an end of connection.pml does with a segment: RFC 9293 3.10.7. The
 * segment is f (flags), s (SEG.SEQ), a (SEG.ACK).
 */
/* 3.10.7.1 to 3.10.7.3 */
inline closed_segment(end)
{
    if
        ::has(RST)::!has(RST) && has(ACK)->send(end, RST, a, 0)::!has(RST) &&
            !has(ACK)->send(end, RST | ACK, 0, s + length) fi
}

inline listen_segment(end)
{
    if
        ::has(RST)::!has(RST) && has(ACK)->send(end, RST, a, 0)::f == SYN->st[end] =
            CLOSED; /* the new connection's own; the listener stays */
    go(end, CLOSED, SYN_RECEIVED);
    choose_iss(end);
    take_syn(end);
    send(end, SYN | ACK, iss[end], rcv[end])::else fi
}

#ifdef ANY_ACK /* without the checks of 3.10.7.3, first, and of 3.10.7.4, fifth, in SYN-RECEIVED */
#define good_ack(end) true
#else
#define good_ack(end) (a == nxt[end])
#endif

inline syn_sent_segment(end)
{
    if
        ::has(ACK) && !good_ack(end)->if ::has(RST)::else->send(end, RST, a, 0) fi ::has(RST) && has(ACK) &&
            good_ack(end)->end_it(end)::f == (SYN | ACK) && good_ack(end)->take_syn(end);
    una[end] = a;
    tries[end] = 0;
    go(end, SYN_SENT, ESTABLISHED);
    send_ack(end)::f == SYN->take_syn(end);
    go(end, SYN_SENT, SYN_RECEIVED);
    send(end, SYN | ACK, iss[end], rcv[end])::else fi
}

#define in_window(end, number) ((number) >= rcv[end] && (number) < rcv[end] + WINDOW)
#define acceptable(end)                                                                                                \
    (length == 0 && s <= rcv[end] + WINDOW && s >= rcv[end] ||                                                         \
     length > 0 && (in_window(end, s) || in_window(end, s + length - 1)))

/* 3.10.7.4, fifth; `a` is in (SND.UNA, SND.NXT] */
inline acknowledge(end)
{
    una[end] = a;
    tries[end] = 0;
    if
        ::st[end] == SYN_RECEIVED->go(end, SYN_RECEIVED, ESTABLISHED)::st[end] == FIN_WAIT_1 &&a ==
            iss[end] + 2->go(end, FIN_WAIT_1, FIN_WAIT_2)::st[end] == CLOSING &&a ==
            iss[end] + 2->go(end, CLOSING, TIME_WAIT)::st[end] == LAST_ACK &&a ==
            iss[end] + 2->go(end, LAST_ACK, CLOSED);
    gone(end)::else fi
}

/* 3.10.7.4, eighth: the FIN is in order */
inline take_fin(end)
{
    rcv[end]++;
    if
        ::st[end] == ESTABLISHED->go(end, ESTABLISHED, CLOSE_WAIT)::st[end] == FIN_WAIT_1 &&una[end] ==
            iss[end] + 2->go(end, FIN_WAIT_1, TIME_WAIT)::st[end] ==
            FIN_WAIT_1 &&una[end] < iss[end] + 2->go(end, FIN_WAIT_1, CLOSING)::st[end] ==
            FIN_WAIT_2->go(end, FIN_WAIT_2, TIME_WAIT) fi;
    send_ack(end)
}

inline fifth_to_eighth(end)
{
    if
        ::st[end] == SYN_RECEIVED && !good_ack(end)->send(end, RST, a, 0)::st[end] != SYN_RECEIVED &&
            a > nxt[end]->challenge(end)::else->if ::st[end] == FIN_WAIT_1 && has(FIN) && s == rcv[end] &&
            a == nxt[end]->una[end] = a; /* FIN with the ACK of ours, seen as one */
    take_fin(end)::else->if ::a > una[end]->acknowledge(end)::else fi;
    if
        ::has(FIN) && s == rcv[end] && synchronized(end) && st[end] <= FIN_WAIT_2->take_fin(end)::else fi fi fi
}

/* 3.10.7.4, in its order */
inline other_segment(end)
{
    if
        ::st[end] ==
                TIME_WAIT &&has(RST) /* RFC 1337 */
                ::st[end] == TIME_WAIT &&f == SYN->if ::listening[end] &&
            s > rcv[end]->/* RFC 6191 */
                go(end, TIME_WAIT, SYN_RECEIVED);
    choose_iss(end);
    take_syn(end);
    send(end, SYN | ACK, iss[end], rcv[end])::else fi ::has(RST) && s == rcv[end]->end_it(end)::has(RST) &&
        s != rcv[end]->if ::in_window(end, s)->challenge(end)::else fi ::st[end] == SYN_RECEIVED &&f == SYN &&s ==
            irs[end]->send(end, SYN | ACK, iss[end], rcv[end])::st[end] == SYN_RECEIVED &&f == (SYN | ACK) &&
        s == irs[end] && a == nxt[end]->acknowledge(end); /* 3.5 figure 7: the old SYN, and the ACK that matters */
    send_ack(end)::else->if ::has(SYN) ||
        !acceptable(end)->if ::has(FIN) && s + length == rcv[end]
                                                             ->send_ack(end) /* the FIN again: answered always */
                                                         ::else->challenge(end) fi ::else->if ::has(ACK)
                                                             ->fifth_to_eighth(end)::else fi fi fi
}
