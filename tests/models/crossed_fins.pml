/*
 * Two ends whose windows are shut close at once: their FINs cross, and neither
 * is acceptable. Each <ACK> that says so has SEG.SEQ = SND.NXT, one past the
 * peer's RCV.NXT, and is not acceptable either. With PLAIN, "if an incoming
 * segment is not acceptable, an acknowledgment should be sent in reply" (RFC
 * 9293 3.10.7.4, first), the two answer each other for ever. rill sends at most
 * one such answer in a unit of time.
 *
 * A unit of time passes only when no segment is under way: segments are faster
 * than timers and than applications. An end that never falls silent never gets
 * to read, to time out, or to anything else.
 */
#include "states.h"

#define SLOWEST 2 /* units of time until an application reads */
#define WINDOW 4

byte st[2] = ESTABLISHED;
byte una[2], nxt[2], rcv[2]; /* a FIN is all there is to send: number 0 */
byte window[2]; /* what each end offers; the other end's bytes fill it */
byte patience[2];
bool answered[2];
chan to[2] = [2] of { bool, byte, byte }; /* FIN, SEG.SEQ, SEG.ACK */

#define quiet (len(to[0]) + len(to[1]) == 0)
#define acceptable(end) (fin && window[end] > 0 && s >= rcv[end] && s < rcv[end] + window[end] || \
                         !fin && s >= rcv[end] && s <= rcv[end] + window[end])

inline go(end, from, into)
{
    assert(st[end] == from);
    walk(from, into);
    st[end] = into
}

inline send(end, is_fin, seq)
{
    if :: nfull(to[1 - end]) -> to[1 - end]!is_fin,seq,rcv[end] :: full(to[1 - end]) fi
}

inline answer(end)
{
#ifdef PLAIN
    send(end, false, nxt[end])
#else
    if
    :: !answered[end] ->
        answered[end] = true;
        send(end, false, nxt[end])
    :: else
    fi
#endif
}

inline take_ack(end)
{
    if
    :: a > una[end] ->
        una[end] = 1;
        if
        :: st[end] == FIN_WAIT_1 -> go(end, FIN_WAIT_1, FIN_WAIT_2)
        :: st[end] == CLOSING -> go(end, CLOSING, TIME_WAIT)
        :: st[end] == LAST_ACK -> go(end, LAST_ACK, CLOSED)
        fi
    :: else
    fi
}

inline take_fin(end)
{
    if
    :: fin && s == rcv[end] ->
        rcv[end] = 1;
        if
        :: st[end] == ESTABLISHED -> go(end, ESTABLISHED, CLOSE_WAIT)
        :: st[end] == FIN_WAIT_1 -> go(end, FIN_WAIT_1, CLOSING)
        :: st[end] == FIN_WAIT_2 -> go(end, FIN_WAIT_2, TIME_WAIT)
        fi;
        send(end, false, nxt[end])
    :: else
    fi
}

proctype segments(byte me)
{
    bool fin;
    byte s, a;
end:
    do
    :: atomic {
        to[me]?fin,s,a ->
        if
        :: st[me] == CLOSED
        :: st[me] != CLOSED && !acceptable(me) -> answer(me)
        :: st[me] != CLOSED && acceptable(me) ->
            take_ack(me);
            take_fin(me)
        fi;
        fin = false; s = 0; a = 0
    }
    od
}

proctype user(byte me)
{
    atomic {
        if
        :: st[me] == ESTABLISHED -> go(me, ESTABLISHED, FIN_WAIT_1)
        :: st[me] == CLOSE_WAIT -> go(me, CLOSE_WAIT, LAST_ACK)
        fi;
        nxt[me] = 1;
        send(me, true, 0)
    }
}

/* What one end does in a unit of time: read, ask again, or be done with TIME-WAIT. */
inline tick(end)
{
    answered[end] = false;
    if
    :: window[end] == 0 && patience[end] > 0 -> patience[end]--
    :: window[end] == 0 && patience[end] == 0 ->
        window[end] = WINDOW;
        send(end, false, nxt[end])
    :: else
    fi;
    if
    :: una[end] < nxt[end] -> send(end, true, 0)
    :: una[end] == nxt[end] && st[end] == TIME_WAIT && st[1 - end] == CLOSED -> go(end, TIME_WAIT, CLOSED)
    :: una[end] == nxt[end] && st[end] == TIME_WAIT && st[1 - end] == TIME_WAIT -> go(end, TIME_WAIT, CLOSED)
    :: else
    fi
}

proctype clock()
{
end:
    do
    :: atomic { quiet && (st[0] != CLOSED || st[1] != CLOSED) -> tick(0); tick(1) }
    od
}

/* Nothing can move any more: that must be the end of it. */
proctype rest()
{
    timeout -> assert(st[0] == CLOSED && st[1] == CLOSED)
}

init
{
    byte n;

    atomic {
        if
        :: window[0] = 0
        :: window[0] = WINDOW
        fi;
        if
        :: window[1] = 0
        :: window[1] = WINDOW
        fi;
        select(n : 0 .. SLOWEST); patience[0] = n;
        select(n : 0 .. SLOWEST); patience[1] = n; n = 0;
        run segments(0); run segments(1);
        run user(0); run user(1);
        run clock(); run rest()
    }
}

ltl closes { <>[] (st[0] == CLOSED && st[1] == CLOSED) }
