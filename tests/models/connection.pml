/*
 * Two ends open, close, abort and reopen a connection over channels that lose,
 * duplicate and reorder. No text: a SYN and a FIN take a number each, windows
 * are open (crossed_fins.pml and window.pml shut them). RFC 9293 3.10 with the
 * amendments of RFC 5961, 1337 and 6191 as rill has them.
 *
 * Every change of state is a go(): tests/models/run compares those that are
 * walked with the list in src/tcp/state.c.
 *
 * Time passes (timers fire) only when no segment is under way: segments are
 * faster than timers, and a TIME-WAIT outlives them.
 */
#ifndef LOSSES
#define LOSSES 1
#endif
#ifndef COPIES
#define COPIES 1
#endif
#ifndef SWAPS
#define SWAPS 1
#endif
#ifndef RETRIES
#define RETRIES 2
#endif
#ifndef OPENS
#define OPENS 1 /* of end 1; end 0 opens once */
#endif
#define CAPACITY 2
#define WINDOW 4

#define SYN 1
#define ACK 2
#define FIN 4
#define RST 8

#include "states.h"

byte st[2];
bool listening[2], answered[2];
byte iss[2], irs[2], una[2], nxt[2], rcv[2], tries[2], incarnation[2];
byte losses = LOSSES, copies = COPIES, swaps = SWAPS;
chan to[2] = [CAPACITY] of { byte, byte, byte }; /* flags, SEG.SEQ, SEG.ACK */

#define has(flag) ((f & (flag)) != 0)
#define length ((f & SYN) + ((f & FIN) >> 2))
#define quiet (len(to[0]) + len(to[1]) == 0)
#define synchronized(end) (st[end] >= ESTABLISHED)

inline go(end, from, into)
{
    assert(st[end] == from);
    walk(from, into);
    st[end] = into;
    assert(!(st[0] == ESTABLISHED && st[1] == ESTABLISHED) || (irs[0] == iss[1] && irs[1] == iss[0]));
}

/* A channel that is full loses, too: whoever needs an answer asks again. */
inline send(end, flags, seq, ack)
{
    if :: nfull(to[1 - end]) -> to[1 - end]!flags,seq,ack :: full(to[1 - end]) fi
}

inline send_ack(end)
{
    send(end, ACK, nxt[end], rcv[end])
}

/* rill's rule: at most one answer in a unit of time to what is not acceptable. */
inline challenge(end)
{
    if
    :: !answered[end] ->
        answered[end] = true;
        send_ack(end)
    :: else
    fi
}

/* The connection is over; the listener, if there is one, is what the next segment meets. */
inline gone(end)
{
    una[end] = 0; nxt[end] = 0; rcv[end] = 0; irs[end] = 0; iss[end] = 0; tries[end] = 0; answered[end] = false;
    if :: listening[end] -> st[end] = LISTEN :: else fi
}

/* ABORT, RST, or no answer. */
inline end_it(end)
{
    if
    :: st[end] == SYN_SENT -> go(end, SYN_SENT, CLOSED)
    :: st[end] == SYN_RECEIVED -> go(end, SYN_RECEIVED, CLOSED)
    :: st[end] == ESTABLISHED -> go(end, ESTABLISHED, CLOSED)
    :: st[end] == FIN_WAIT_1 -> go(end, FIN_WAIT_1, CLOSED)
    :: st[end] == FIN_WAIT_2 -> go(end, FIN_WAIT_2, CLOSED)
    :: st[end] == CLOSE_WAIT -> go(end, CLOSE_WAIT, CLOSED)
    :: st[end] == CLOSING -> go(end, CLOSING, CLOSED)
    :: st[end] == LAST_ACK -> go(end, LAST_ACK, CLOSED)
    :: st[end] == TIME_WAIT -> go(end, TIME_WAIT, CLOSED)
    fi;
    gone(end)
}

/* ISNs grow from one incarnation to the next, by more than one of them uses. */
inline choose_iss(end)
{
    incarnation[end]++;
    iss[end] = 32 * end + 3 * incarnation[end];
    una[end] = iss[end];
    nxt[end] = iss[end] + 1;
    tries[end] = 0
}

inline take_syn(end)
{
    irs[end] = s;
    rcv[end] = s + 1
}

#include "segment_arrives.h"

proctype segments(byte me)
{
    byte f, s, a;
end:
    do
    :: atomic {
        to[me]?f,s,a ->
        if
        :: st[me] == CLOSED -> closed_segment(me)
        :: st[me] == LISTEN -> listen_segment(me)
        :: st[me] == SYN_SENT -> syn_sent_segment(me)
        :: st[me] > SYN_SENT -> other_segment(me)
        fi;
        f = 0; s = 0; a = 0
    }
    od
}

inline open_actively(end)
{
    if
    :: st[end] == LISTEN -> listening[end] = false; go(end, LISTEN, SYN_SENT)
    :: st[end] == CLOSED -> go(end, CLOSED, SYN_SENT)
    fi;
    choose_iss(end);
    send(end, SYN, iss[end], 0)
}

inline send_fin(end)
{
    nxt[end]++;
    send(end, FIN | ACK, nxt[end] - 1, rcv[end])
}

#define can_close(end) (st[end] == SYN_SENT || st[end] == SYN_RECEIVED || st[end] == ESTABLISHED || st[end] == CLOSE_WAIT)

/* 3.10.4 */
inline close(end)
{
    if
    :: st[end] == SYN_SENT -> go(end, SYN_SENT, CLOSED); gone(end)
    :: st[end] == SYN_RECEIVED -> go(end, SYN_RECEIVED, FIN_WAIT_1); send_fin(end)
    :: st[end] == ESTABLISHED -> go(end, ESTABLISHED, FIN_WAIT_1); send_fin(end)
    :: st[end] == CLOSE_WAIT -> go(end, CLOSE_WAIT, LAST_ACK); send_fin(end)
    fi
}

proctype user(byte me; byte opens)
{
    do
    :: opens > 0 && !listening[me] && st[me] == CLOSED -> atomic {
        opens--;
        if
        :: listening[me] = true; go(me, CLOSED, LISTEN)
        :: open_actively(me)
        fi }
    :: atomic { opens > 0 && st[me] == LISTEN -> opens--; open_actively(me) }
    :: atomic { can_close(me) -> close(me) }
    :: atomic { synchronized(me) || st[me] == SYN_RECEIVED -> /* ABORT; the RST may be lost */
        if :: st[me] != TIME_WAIT -> send(me, RST, nxt[me], 0) :: else fi;
        opens = 0; end_it(me) }
    :: atomic { listening[me] -> /* CLOSE of the listener */
        listening[me] = false;
        opens = 0;
        if :: st[me] == LISTEN -> go(me, LISTEN, CLOSED) :: else fi }
    :: atomic { opens > 0 && st[me] == CLOSED -> opens = 0 } /* or not at all */
    :: opens == 0 && st[me] == CLOSED && !listening[me] -> break
    od
}

#define unacknowledged(end) (st[end] != CLOSED && st[end] != LISTEN && una[end] != nxt[end])

/* What is first in the retransmission queue; with the patience at its end, the end. */
inline retransmit(end)
{
    if
    :: tries[end] == RETRIES -> end_it(end)
    :: tries[end] < RETRIES ->
        tries[end]++;
        if
        :: st[end] == SYN_SENT -> send(end, SYN, iss[end], 0)
        :: st[end] != SYN_SENT && una[end] == iss[end] -> send(end, SYN | ACK, iss[end], rcv[end])
        :: st[end] != SYN_SENT && una[end] > iss[end] -> send(end, FIN | ACK, una[end], rcv[end])
        fi
    fi
}

proctype timers(byte me)
{
end:
    do
    :: atomic { quiet && unacknowledged(me) -> answered[0] = false; answered[1] = false; retransmit(me) }
    :: atomic { quiet && st[me] == TIME_WAIT -> answered[0] = false; answered[1] = false; end_it(me) }
    :: atomic { quiet && st[me] == FIN_WAIT_2 -> answered[0] = false; answered[1] = false; end_it(me) } /* an orphan's */
    od
}

proctype network(byte side)
{
    byte f, s, a;
end:
    do
    :: atomic { losses > 0 && nempty(to[side]) -> losses--; to[side]?f,s,a; f = 0; s = 0; a = 0 }
    :: atomic { copies > 0 && nempty(to[side]) && nfull(to[side]) -> copies--; to[side]?<f,s,a>; to[side]!f,s,a; f = 0; s = 0; a = 0 }
    :: atomic { swaps > 0 && len(to[side]) > 1 -> swaps--; to[side]?f,s,a; to[side]!f,s,a; f = 0; s = 0; a = 0 }
    od
}

/* Nothing can move any more: that must be the end of it. */
proctype rest()
{
    timeout -> assert(st[0] == CLOSED && st[1] == CLOSED)
}

init
{
    atomic {
        run segments(0); run segments(1);
        run timers(0); run timers(1);
        run network(0); run network(1);
        run user(0, 1); run user(1, OPENS);
        run rest()
    }
}

ltl closes { <>[] (st[0] == CLOSED && st[1] == CLOSED && quiet) }
