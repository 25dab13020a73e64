#include "model/reference.h"

#include <assert.h>

#include "wire/tcp.h"

/* A case that is being judged: the connection as far as the segment has changed it, and the set so far. */
struct judgement {
    const struct reference_tcb *tcb;
    const struct reference_segment *seg;
    struct reference_set *set;
    enum rill_state state;
    uint32_t snd_una, rcv_nxt;
    unsigned windows;
};

/* What is left of a segment between the edges of the window (3.10.7.4, first check, last paragraph). */
struct ideal {
    uint32_t offset; /* of its first byte from RCV.NXT */
    uint32_t data_bytes;
    bool fin;
};

static bool has(const struct judgement *j, unsigned flag)
{
    return (j->seg->flags & flag) != 0;
}

/* a < b, as 3.4 has it. */
static bool before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

static uint32_t segment_length(const struct judgement *j)
{
    return j->seg->data_bytes + has(j, TCP_SYN) + has(j, TCP_FIN);
}

/* The connection as it is now, with these replies, is allowed. */
static void allow(struct judgement *j, unsigned replies, const char *paragraph)
{
    assert(j->set->count < REFERENCE_OUTCOMES_MAX);
    j->set->outcomes[j->set->count++] = (struct reference_outcome){
        .state = j->state,
        .replies = replies,
        .windows = j->windows,
        .snd_una = j->snd_una,
        .rcv_nxt = j->rcv_nxt,
        .paragraph = paragraph,
    };
}

/* So is the connection as it was before the segment came. */
static void allow_unmoved(const struct judgement *j, unsigned replies, const char *paragraph)
{
    struct judgement old = *j;

    old.state = j->tcb->state;
    old.snd_una = j->tcb->snd_una;
    old.rcv_nxt = j->tcb->rcv_nxt;
    old.windows = WINDOW_KEPT;
    allow(&old, replies, paragraph);
}

static void allow_gone(struct judgement *j, unsigned replies, const char *paragraph)
{
    j->state = j->tcb->listener ? RILL_STATE_LISTEN : RILL_STATE_CLOSED;
    allow(j, replies, paragraph);
}

/* ---------------------------------------------------- 3.10.7.1 to 3.10.7.3 */

static void closed_state(struct judgement *j)
{
    if (has(j, TCP_RST))
        allow(j, REPLY_NONE, "3.10.7.1: a RST is discarded");
    else if (has(j, TCP_ACK))
        allow(j, REPLY_RST, "3.10.7.1: ACK on");
    else
        allow(j, REPLY_RST_ACK, "3.10.7.1: ACK off");
}

static void listen_state(struct judgement *j)
{
    if (has(j, TCP_RST)) {
        allow(j, REPLY_NONE, "3.10.7.2 first: RST");
    } else if (has(j, TCP_ACK)) {
        allow(j, REPLY_RST, "3.10.7.2 second: ACK");
    } else if (has(j, TCP_SYN)) {
        if (has(j, TCP_FIN))
            allow(j, REPLY_NONE, "3.10.7.4 eighth: a FIN that cannot be validated, dropped with its segment");
        j->state = RILL_STATE_SYN_RECEIVED;
        j->rcv_nxt = j->seg->seq + 1;
        j->windows = WINDOW_KEPT | WINDOW_TAKEN;
        allow(j, REPLY_SYN_ACK_NEW, "3.10.7.2 third: SYN");
    } else {
        allow(j, REPLY_NONE, "3.10.7.2 fourth: other data or control");
    }
}

static void text_and_fin(struct judgement *j, const struct ideal *ideal);

/* Cut a segment that has something in the window down to that. */
static struct ideal trimmed(const struct judgement *j, uint32_t rcv_nxt)
{
    uint32_t first = j->seg->seq + has(j, TCP_SYN); /* of the text; a SYN in the window never comes here */
    uint32_t old = before(first, rcv_nxt) ? rcv_nxt - first : 0;
    struct ideal ideal = {.offset = old != 0 ? 0 : first - rcv_nxt};
    uint32_t room = j->tcb->rcv_wnd > ideal.offset ? j->tcb->rcv_wnd - ideal.offset : 0;

    ideal.fin = has(j, TCP_FIN) && old <= j->seg->data_bytes;
    ideal.data_bytes = old < j->seg->data_bytes ? j->seg->data_bytes - old : 0;
    if (ideal.data_bytes + ideal.fin > room) {
        ideal.fin = false;
        ideal.data_bytes = ideal.data_bytes < room ? ideal.data_bytes : room;
    }
    return ideal;
}

static void syn_sent_syn(struct judgement *j)
{
    struct ideal ideal;

    j->rcv_nxt = j->seg->seq + 1;
    j->windows = WINDOW_TAKEN;
    if (!has(j, TCP_ACK)) {
        j->state = RILL_STATE_SYN_RECEIVED;
        allow(j, REPLY_SYN_ACK, "3.10.7.3 fourth: SYN without ACK");
        return;
    }
    j->state = RILL_STATE_ESTABLISHED;
    j->snd_una = j->seg->ack;
    ideal = trimmed(j, j->rcv_nxt);
    if (ideal.data_bytes == 0 && !ideal.fin)
        allow(j, REPLY_ACK, "3.10.7.3 fourth: SYN,ACK");
    else
        text_and_fin(j, &ideal);
}

static void syn_sent_state(struct judgement *j)
{
    bool ack_acceptable = before(j->tcb->snd_una, j->seg->ack) && !before(j->tcb->snd_nxt, j->seg->ack);

    if (has(j, TCP_ACK) && !ack_acceptable)
        allow(j, has(j, TCP_RST) ? REPLY_NONE : REPLY_RST, "3.10.7.3 first: ACK not acceptable");
    else if (has(j, TCP_RST) && has(j, TCP_ACK))
        allow_gone(j, REPLY_NONE, "3.10.7.3 second: RST with an acceptable ACK");
    else if (has(j, TCP_RST))
        allow(j, REPLY_NONE, "3.10.7.3 second: RST without ACK");
    else if (has(j, TCP_SYN))
        syn_sent_syn(j);
    else
        allow(j, REPLY_NONE, "3.10.7.3 fifth: neither SYN nor RST");
}

/* ---------------------------------------------------------------- 3.10.7.4 */

/*
 * RFC 6191 2, which takes the place of the sequence check for a SYN in
 * TIME-WAIT, and 3.6.1 MAY-2.
 */
static void time_wait_syn(struct judgement *j)
{
    uint32_t offset = j->seg->seq - j->tcb->rcv_nxt;
    bool later = j->seg->timestamp && before(j->tcb->ts_recent, j->seg->ts_value);
    bool by_sequence = !j->seg->timestamp || (j->tcb->timestamps && j->seg->ts_value == j->tcb->ts_recent);
    bool by_time = j->seg->timestamp && (later || !j->tcb->timestamps);
    bool newer = (int32_t)offset >= 0; /* than the FIN's number, which is RCV.NXT - 1 */
    bool honored = j->tcb->listener && (by_time || (by_sequence && newer));

    /* At RCV.NXT exactly: newer by RFC 6191, and not by 3.6.1's "largest sequence number used" as stacks read it. */
    if (!honored || has(j, TCP_FIN) || (!by_time && offset == 0))
        allow(j, REPLY_NONE | REPLY_ACK, "RFC 6191 2: SYN not honored; 3.10.7.4 fourth: or challenged");
    if (honored) {
        j->state = RILL_STATE_SYN_RECEIVED;
        j->rcv_nxt = j->seg->seq + 1;
        allow(j, REPLY_SYN_ACK_NEW, "RFC 6191 2: SYN honored");
    }
}

/* RFC 7323 3.2 and 5.3 R1. Returns true when the segment went no further. */
static bool timestamp_check(struct judgement *j)
{
    if (!j->tcb->timestamps || has(j, TCP_RST))
        return false;
    if (!j->seg->timestamp) {
        allow_unmoved(j, has(j, TCP_SYN) ? REPLY_NONE | REPLY_ACK : REPLY_NONE, "RFC 7323 3.2: timestamp missing");
        return true;
    }
    if (before(j->seg->ts_value, j->tcb->ts_recent)) {
        /* ADR 0021: an empty ACK overtaken on its way may go unanswered. */
        if (j->tcb->state >= RILL_STATE_ESTABLISHED && segment_length(j) == 0 && has(j, TCP_ACK) &&
            j->seg->seq == j->tcb->rcv_nxt && !before(j->tcb->snd_una, j->seg->ack))
            allow_unmoved(j, REPLY_NONE, "RFC 7323 5.3 R1: timestamp too old, of an ACK");
        allow_unmoved(j, REPLY_ACK, "RFC 7323 5.3 R1: timestamp too old");
        return true;
    }
    return false;
}

enum acceptability { UNACCEPTABLE = 0x1, ACCEPTABLE = 0x2 };

/* Table 6, with what is allowed besides its letter. */
static unsigned first_check_sequence_number(const struct judgement *j)
{
    uint32_t length = segment_length(j), window = j->tcb->rcv_wnd;
    uint32_t first = j->seg->seq - j->tcb->rcv_nxt, last = first + length - 1;

    if (length == 0 && first == window)
        return ACCEPTABLE | (window != 0 ? (unsigned)UNACCEPTABLE : 0); /* an ACK sent when the window was full */
    if (window == 0)
        return UNACCEPTABLE;
    if (first < window || (length > 0 && last < window))
        return ACCEPTABLE;
    if (length > 0 && (int32_t)first < 0 && (int32_t)last >= 0)
        return ACCEPTABLE | UNACCEPTABLE; /* covers the window: the table's four cases forget it */
    return UNACCEPTABLE;
}

/* Second check, for RSTs of any sequence number: RFC 5961 3.2. */
static void second_check_rst(struct judgement *j)
{
    uint32_t offset = j->seg->seq - j->tcb->rcv_nxt;

    if (j->state == RILL_STATE_TIME_WAIT) {
        allow(j, REPLY_NONE, "RFC 1337 F1 (ADR 5): RST ignored");
    } else if (offset == 0) {
        if (j->tcb->rcv_wnd == 0 && segment_length(j) > 0)
            allow(j, REPLY_NONE, "3.10.7.4 first: unacceptable RST");
        allow_gone(j, REPLY_NONE, "3.10.7.4 second: RST at RCV.NXT");
    } else if (offset < j->tcb->rcv_wnd) {
        allow(j, REPLY_ACK, "3.10.7.4 second: RST in the window");
    } else if (offset == j->tcb->rcv_wnd && segment_length(j) == 0) {
        allow(j, REPLY_NONE | REPLY_ACK, "3.10.7.4 second: RST at the right edge");
    } else if ((first_check_sequence_number(j) & ACCEPTABLE) != 0) {
        /* Its text reaches into the window, its SEG.SEQ does not: between cases 1 and 3, and never case 2. */
        allow(j, REPLY_NONE | REPLY_ACK, "3.10.7.4 second: RST partly in the window");
    } else {
        allow(j, REPLY_NONE, "3.10.7.4 second: RST outside the window");
    }
}

static void from_fifth_check(struct judgement *j, const struct ideal *ideal);

/* Fourth check, for SYNs of any sequence number in any state but TIME-WAIT's new ones. */
static void fourth_check_syn(struct judgement *j)
{
    uint32_t offset = j->seg->seq - j->tcb->rcv_nxt;
    bool again = offset == UINT32_MAX; /* at IRS */
    struct ideal ideal;

    if (j->state == RILL_STATE_TIME_WAIT) {
        allow(j, REPLY_NONE | REPLY_ACK, "RFC 6191 2: SYN,ACK; 3.10.7.4 fourth: or challenged");
        return;
    }
    if (j->state != RILL_STATE_SYN_RECEIVED) {
        allow(j, REPLY_ACK, "3.10.7.4 fourth: SYN in a synchronized state");
        return;
    }
    if (offset < j->tcb->rcv_wnd) {
        if (j->tcb->passive)
            allow_gone(j, REPLY_NONE, "3.10.7.4 fourth: SYN in SYN-RECEIVED, passive");
        else
            allow(j, REPLY_ACK, "3.10.7.4 fourth: SYN in SYN-RECEIVED, active");
        return;
    }
    if (again)
        allow(j, REPLY_ACK | REPLY_SYN_ACK, "3.10.7.4 first: the SYN again");
    else
        allow(j, REPLY_ACK, "3.10.7.4 first: SYN before or after the window");
    /* 3.5 figure 8: in a simultaneous open the SYN,ACK carries the old SYN; what follows it is in the window. */
    if (has(j, TCP_ACK) && (again || (first_check_sequence_number(j) & ACCEPTABLE) != 0)) {
        unsigned from = j->set->count;

        ideal = trimmed(j, j->tcb->rcv_nxt);
        from_fifth_check(j, &ideal);
        for (unsigned i = from; i < j->set->count; i++)
            if (j->set->outcomes[i].replies == REPLY_NONE)
                j->set->outcomes[i].replies = REPLY_ACK; /* the old SYN is owed one */
    }
}

/* 3.10.7.4 fifth, ESTABLISHED, second paragraph. */
static void update_send_window(struct judgement *j)
{
    const struct reference_tcb *tcb = j->tcb;
    uint32_t seq = j->seg->seq;

    if (before(j->seg->ack, tcb->snd_una))
        return;
    if (before(tcb->snd_wl1, seq) || (tcb->snd_wl1 == seq && !before(j->seg->ack, tcb->snd_wl2)))
        j->windows = WINDOW_TAKEN;
    else if (before(seq, tcb->rcv_nxt) && !before(tcb->rcv_nxt, tcb->snd_wl1))
        j->windows = WINDOW_KEPT | WINDOW_TAKEN; /* SEG.SEQ of the segment as it came, or as it was trimmed */
}

static bool ack_in_rfc_5961_range(const struct judgement *j)
{
    return j->seg->ack - (j->tcb->snd_una - j->tcb->max_snd_wnd) <=
           j->tcb->snd_nxt - (j->tcb->snd_una - j->tcb->max_snd_wnd);
}

static void fifth_check_ack_syn_received(struct judgement *j, const struct ideal *ideal)
{
    if (before(j->tcb->snd_una, j->seg->ack) && !before(j->tcb->snd_nxt, j->seg->ack)) {
        j->state = RILL_STATE_ESTABLISHED;
        j->snd_una = j->seg->ack;
        j->windows = WINDOW_TAKEN;
        text_and_fin(j, ideal);
    } else {
        allow(j, ack_in_rfc_5961_range(j) ? REPLY_RST : REPLY_RST | REPLY_ACK,
              "3.10.7.4 fifth: bad ACK in SYN-RECEIVED (RFC 5961 5.2: or an ACK)");
    }
}

/* From "fifth, check the ACK field" on, for a segment that is acceptable. */
static void from_fifth_check(struct judgement *j, const struct ideal *ideal)
{
    bool fin_acknowledged = j->seg->ack == j->tcb->snd_nxt; /* our FIN is the last thing sent */

    if (!has(j, TCP_ACK)) {
        allow(j, REPLY_NONE, "3.10.7.4 fifth: ACK off");
        return;
    }
    if (j->state == RILL_STATE_SYN_RECEIVED) {
        fifth_check_ack_syn_received(j, ideal);
        return;
    }
    if (!ack_in_rfc_5961_range(j)) {
        allow(j, REPLY_ACK, "3.10.7.4 fifth: ACK too old or of what was not sent (RFC 5961 5.2)");
        return;
    }
    if (before(j->tcb->snd_una, j->seg->ack))
        j->snd_una = j->seg->ack;
    update_send_window(j);
    if (j->state == RILL_STATE_FIN_WAIT_1 && fin_acknowledged)
        j->state = RILL_STATE_FIN_WAIT_2;
    else if (j->state == RILL_STATE_CLOSING && fin_acknowledged)
        j->state = RILL_STATE_TIME_WAIT;
    if (j->state == RILL_STATE_LAST_ACK && fin_acknowledged)
        allow_gone(j, REPLY_NONE, "3.10.7.4 fifth: ACK of our FIN in LAST-ACK");
    else
        text_and_fin(j, ideal);
}

/* Eighth: the FIN is in order. */
static void eighth_check_fin(struct judgement *j)
{
    if (j->state == RILL_STATE_ESTABLISHED)
        j->state = RILL_STATE_CLOSE_WAIT;
    else if (j->state == RILL_STATE_FIN_WAIT_1)
        j->state = RILL_STATE_CLOSING;
    else
        j->state = RILL_STATE_TIME_WAIT;
    j->rcv_nxt++;
    allow(j, REPLY_ACK | REPLY_ACK_LATER, "3.10.7.4 eighth: FIN");
}

/* Sixth to eighth, after the ACK field has done its part. */
static void text_and_fin(struct judgement *j, const struct ideal *ideal)
{
    bool something = ideal->data_bytes > 0 || ideal->fin;
    bool receives =
        j->state == RILL_STATE_ESTABLISHED || j->state == RILL_STATE_FIN_WAIT_1 || j->state == RILL_STATE_FIN_WAIT_2;

    if (!receives) {
        allow(j, something || segment_length(j) > 0 ? REPLY_NONE | REPLY_ACK : REPLY_NONE,
              "3.10.7.4 seventh and eighth: text or FIN behind the peer's FIN");
    } else if (j->tcb->orphan && ideal->data_bytes > 0) {
        allow_gone(j, REPLY_ABORT, "RFC 1122 4.2.2.13 (SHLD-3): text that nobody will read");
    } else if (ideal->offset > 0) {
        /* SHLD-31: held, with its ACK field or without; RFC 5681 4.2 asks for the ACK that MAY-13 allows. */
        allow(j, something ? REPLY_ACK : REPLY_NONE | REPLY_ACK, "3.10.7.4 first: out of order, held");
        allow_unmoved(j, something ? REPLY_ACK : REPLY_NONE | REPLY_ACK, "3.10.7.4 first: out of order, all held");
    } else {
        j->rcv_nxt += ideal->data_bytes;
        if (ideal->fin)
            eighth_check_fin(j);
        else if (ideal->data_bytes > 0)
            allow(j, REPLY_ACK | REPLY_ACK_LATER, "3.10.7.4 seventh: text in order");
        else
            allow(j, REPLY_NONE, "3.10.7.4 fifth: ACK without text");
    }
}

/* "Special allowance should be made to accept valid ACKs" when the window is closed, besides the ACK that is owed. */
static void unacceptable(struct judgement *j)
{
    allow(j, REPLY_ACK, "3.10.7.4 first: unacceptable");
    if (j->tcb->rcv_wnd == 0 && j->seg->seq == j->tcb->rcv_nxt && has(j, TCP_ACK)) {
        struct ideal nothing = {0};
        unsigned from = j->set->count;

        from_fifth_check(j, &nothing);
        for (unsigned i = from; i < j->set->count; i++)
            j->set->outcomes[i].replies |= REPLY_ACK;
    }
}

/* 3.10.7.4 in its order, but that the checks of RST and SYN come with the sequence numbers that RFC 5961 gives them. */
static void first_to_eighth(struct judgement *j)
{
    unsigned acceptability;
    struct ideal ideal;

    if (has(j, TCP_RST)) {
        second_check_rst(j);
        return;
    }
    if (has(j, TCP_SYN)) {
        fourth_check_syn(j);
        return;
    }
    acceptability = first_check_sequence_number(j);
    if ((acceptability & UNACCEPTABLE) != 0)
        unacceptable(j);
    if ((acceptability & ACCEPTABLE) != 0) {
        ideal = trimmed(j, j->tcb->rcv_nxt);
        from_fifth_check(j, &ideal);
    }
}

static void other_states(struct judgement *j)
{
    if (j->state == RILL_STATE_TIME_WAIT && (j->seg->flags & (TCP_SYN | TCP_RST | TCP_ACK)) == TCP_SYN) {
        time_wait_syn(j);
    } else if (j->state == RILL_STATE_SYN_RECEIVED) {
        /* RFC 7323 5.3: "a synchronized connection"; here our SYN,ACK with its option may be lost: with PAWS or not. */
        first_to_eighth(j);
        (void)timestamp_check(j);
    } else if (!timestamp_check(j)) {
        first_to_eighth(j);
    }
}

void reference_segment_arrives(const struct reference_tcb *tcb, const struct reference_segment *seg,
                               struct reference_set *out)
{
    struct judgement j = {
        .tcb = tcb,
        .seg = seg,
        .set = out,
        .state = tcb->state,
        .snd_una = tcb->snd_una,
        .rcv_nxt = tcb->rcv_nxt,
        .windows = WINDOW_KEPT,
    };

    out->count = 0;
    switch (tcb->state) {
    case RILL_STATE_CLOSED:
        closed_state(&j);
        break;
    case RILL_STATE_LISTEN:
        listen_state(&j);
        break;
    case RILL_STATE_SYN_SENT:
        syn_sent_state(&j);
        break;
    default:
        other_states(&j);
        break;
    }
}
