/*
 * A shut window: the sender has TEXT bytes and a FIN behind them, the receiver
 * room for ROOM. The segment that says that there is room again may be lost
 * (RFC 9293 3.8.6.1, MUST-35 to MUST-37): without the persist timer
 * (NO_PERSIST) both ends then wait for ever.
 */
#ifndef TEXT
#define TEXT 4
#endif
#define ROOM 2
#define LOSSES 3
#define END (TEXT + 1) /* past the FIN */

byte una, nxt, edge; /* edge: SND.UNA + SND.WND, never moved left */
byte rcv, held;      /* the FIN needs no room, but a number in the window */
byte losses = LOSSES;
chan data = [3] of { byte };
chan acks = [3] of { byte, byte }; /* SEG.ACK, SEG.WND */

#define quiet (len(data) + len(acks) == 0)
#define offered (ROOM - held)

inline acknowledge()
{
    if :: nfull(acks) -> acks!rcv,offered :: full(acks) fi
}

proctype sender()
{
    byte a, w;
end:
    do
    :: atomic { nxt < END && nxt < edge && nfull(data) -> data!nxt; nxt++ }
    :: atomic {
        acks?a,w ->
        assert(a <= nxt);
        if :: a > una -> una = a :: else fi;
        if :: a + w > edge -> edge = a + w :: else fi;
        a = 0; w = 0 }
    :: atomic { quiet && una < nxt -> data!una } /* retransmission, of a probe too */
#ifndef NO_PERSIST
    :: atomic { quiet && una == nxt && nxt < END && nxt >= edge -> data!nxt; nxt++ } /* a probe, past the window */
#endif
    od
}

proctype receiver()
{
    byte s;
end:
    do
    :: atomic {
        data?s ->
        if
        :: s == rcv && offered > 0 ->
            if
            :: s < TEXT -> held++
            :: s == TEXT
            fi;
            rcv++
        :: else
        fi;
        assert(held <= ROOM && rcv <= END);
        acknowledge();
        s = 0 }
    od
}

/* Reads in its own time. RFC 9293 3.8.6.2.2: only a window that has grown by half of all room is told. */
proctype reader()
{
end:
    do
    :: atomic {
        held > 0 -> held--;
        if :: offered >= ROOM / 2 -> acknowledge() :: else fi }
    od
}

proctype network()
{
    byte s, a, w;
end:
    do
    :: atomic { losses > 0 && nempty(data) -> losses--; data?s; s = 0 }
    :: atomic { losses > 0 && nempty(acks) -> losses--; acks?a,w; a = 0; w = 0 }
    od
}

/* Nothing can move any more: then all has arrived. */
proctype rest()
{
    timeout -> assert(una == END && held == 0)
}

init
{
    atomic {
        select(edge : 0 .. ROOM); /* shut from the start, too */
        run sender(); run receiver(); run reader(); run network(); run rest()
    }
}

ltl arrives { <>[] (una == END && held == 0 && quiet) }
