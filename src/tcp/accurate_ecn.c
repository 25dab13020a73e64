/*
 * AccECN's counters, both ways.
 */
#include "tcp/accurate_ecn.h"

#include "tcp/connection.h"

#define ACE_MASK 7u
#define CEP_BEGIN 5u
#define BYTES_BEGIN 1u        /* of E0B and E1B; CEB begins at 0 */
#define FIELD_MASK 0xffffffu  /* 24 bits */
#define FIELD_AHEAD 0x800000u /* a field that seems to be further ahead is behind: of an ACK that came late */
#define OPTIONS_DUE 2u        /* a client's first ACK and first data */

/* Table 2, table 3: how a packet of the handshake arrived. */
static const uint8_t handshake_ace[4] = {[IP_NOT_ECT] = 2, [IP_ECT_1] = 3, [IP_ECT_0] = 4, [IP_CE] = 6};
#define HANDSHAKE_ACE_CE 6u
#define ACE_RESERVED 5u /* in a SYN,ACK: as if the SYN had arrived as it was sent (3.1.3) */

bool accurate_ecn_make(struct tcp *tcp, struct tcb *tcb)
{
    struct accurate_ecn *ecn;
    struct counts *counts = counts_make(tcp, tcb);

    if (counts == NULL)
        return false;
    counts->accurate_ecn = pool_take(tcp_arena(tcp), &tcp->accurate_ecns);
    if (counts->accurate_ecn == REF_NONE)
        return false;
    ecn = accurate_ecn_of(tcp, tcb);
    ecn->r_cep = ecn->s_cep = CEP_BEGIN;
    for (unsigned i = 0; i < TCP_ECN_FIELDS; i++)
        ecn->r_bytes[i] = ecn->told[i] = ecn->s_bytes[i] = i == TCP_ECN_CEB ? 0 : BYTES_BEGIN;
    return true;
}

void accurate_ecn_give(struct tcp *tcp, struct tcb *tcb)
{
    struct counts *counts = counts_block(tcp, tcb);

    if (counts == NULL || counts->accurate_ecn == REF_NONE)
        return;
    pool_give(tcp_arena(tcp), &tcp->accurate_ecns, counts->accurate_ecn);
    counts->accurate_ecn = REF_NONE;
}

static void put_ace(struct tcp_header *header, uint32_t ace)
{
    header->ae = (ace & TCP_ACE_AE) != 0;
    header->flags = (uint8_t)((header->flags & 0x3f) | ace << 6); /* CWR and ECE are the upper two */
}

/* ---------------------------------------------------------------- handshake */

void accurate_ecn_fill_syn_ack(uint8_t syn_ecn, uint32_t retries, struct tcp_header *header)
{
    struct tcp_options *options = &header->options;

    if (retries >= ACCURATE_SYN_ACKS)
        return;
    put_ace(header, handshake_ace[syn_ecn]);
    if (retries > 0)
        return;
    options->present |= TCP_OPTION_ACCURATE_ECN;
    options->accurate_ecn_fields = 1u << TCP_ECN_E0B | 1u << TCP_ECN_E1B;
    options->accurate_ecn[TCP_ECN_E0B] = options->accurate_ecn[TCP_ECN_E1B] = BYTES_BEGIN;
    options->accurate_ecn[TCP_ECN_CEB] = 0;
}

/* 3.2.3.2.3, 3.2.3.2.4: what the first option says of the path. */
static void test_option(struct accurate_ecn *ecn, const struct tcp_options *theirs)
{
    if ((theirs->present & TCP_OPTION_ACCURATE_ECN) == 0)
        return;
    ecn->options_come = true;
    for (unsigned i = 0; i < TCP_ECN_FIELDS; i++)
        if (i != TCP_ECN_CEB && (theirs->accurate_ecn_fields & 1u << i) != 0 && theirs->accurate_ecn[i] == 0)
            ecn->options_bad = true;
}

/* 3.2.2.3: our SYN or SYN,ACK left as Not-ECT; if it arrived otherwise, somebody mangles the field. */
static void test_mangling(struct tcb *tcb, uint8_t ace)
{
    if (ace == handshake_ace[IP_ECT_1] || ace == handshake_ace[IP_ECT_0] || ace == HANDSHAKE_ACE_CE)
        tcb->ecn |= ECN_NO_ECT;
}

void accurate_ecn_take_syn_ack(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival)
{
    struct accurate_ecn *ecn = accurate_ecn_of(tcp, tcb);

    ecn->syn_ack_ecn = arrival->packet->tos & IP_ECN_MASK;
    if (ecn->syn_ack_ecn == IP_CE)
        ecn->r_cep++;
    tcb->ecn |= ECN_HANDSHAKE_DUE;
    if (arrival->seg.ace != ACE_RESERVED)
        test_mangling(tcb, arrival->seg.ace);
    test_option(ecn, &arrival->seg.options);
    ecn->options_due = OPTIONS_DUE;
}

void accurate_ecn_take_handshake_ack(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival)
{
    struct accurate_ecn *ecn = accurate_ecn_of(tcp, tcb);
    const struct tcp_segment *seg = &arrival->seg;

    test_option(ecn, &seg->options);
    if (seg->data_bytes > 0 || (seg->flags & TCP_SYN) != 0 || seg->options.sack_count > 0)
        return; /* a counter, as on any other segment */
    ecn->is_handshake = true;
    if (seg->ace == 0) { /* note 1 */
        ecn->deaf = true;
        tcb->ecn |= ECN_NO_ECT;
        return;
    }
    if (seg->ace == HANDSHAKE_ACE_CE)
        ecn->s_cep = CEP_BEGIN + 1;
    test_mangling(tcb, seg->ace);
}

/* ----------------------------------------------------------------- receiver */

/* 3.2.2.5.1: the second mark with text that waits for its ACK, the third one without, is told at once. */
static bool owes_ack(const struct tcb *tcb, const struct accurate_ecn *ecn, bool has_text)
{
    if (has_text && !ecn->last_was_ce)
        return true;
    return ecn->unacked_marks >= (has_text || (tcb->flags & TCB_ACK_DELAYED) != 0 ? 2 : 3);
}

void accurate_ecn_arrives(struct tcp *tcp, struct tcb *tcb, const struct arrival *arrival)
{
    static const uint8_t field_of[4] = {[IP_ECT_1] = TCP_ECN_E1B, [IP_ECT_0] = TCP_ECN_E0B, [IP_CE] = TCP_ECN_CEB};
    struct accurate_ecn *ecn = accurate_ecn_of(tcp, tcb);
    uint8_t ip = arrival->packet->tos & IP_ECN_MASK;

    if (ip != IP_NOT_ECT)
        ecn->r_bytes[field_of[ip]] += arrival->seg.data_bytes;
    if (ip == IP_CE) {
        host_count(tcp_host(tcp), RILL_COUNT_TCP_ECN_MARKS_IN, arrival->segments);
        ecn->r_cep += arrival->segments;
        ecn->unacked_marks = (uint8_t)min_u32(ecn->unacked_marks + arrival->segments, UINT8_MAX);
        if (owes_ack(tcb, ecn, arrival->seg.data_bytes > 0)) {
            tcb->flags |= TCB_ACK_NOW;
            connection_touch(tcp, tcb);
        }
    }
    ecn->last_was_ce = ip == IP_CE;
}

void accurate_ecn_put_option(const struct tcp *tcp, const struct tcb *tcb, struct tcp_options *options)
{
    const struct accurate_ecn *ecn;
    bool changed = false;

    if (likely((tcb->ecn & ECN_ACCURATE) == 0))
        return;
    ecn = accurate_ecn_of(tcp, tcb);
    options->accurate_ecn_fields = 0;
    for (unsigned i = 0; i < TCP_ECN_FIELDS; i++) {
        options->accurate_ecn[i] = ecn->r_bytes[i] & FIELD_MASK;
        changed = changed || ecn->r_bytes[i] != ecn->told[i];
        if (ecn->r_bytes[i] != (i == TCP_ECN_CEB ? 0 : BYTES_BEGIN))
            options->accurate_ecn_fields |= (uint8_t)(1u << i);
    }
    if (changed || ecn->options_due > 0)
        options->present |= TCP_OPTION_ACCURATE_ECN;
}

uint32_t accurate_ecn_option_bytes(const struct tcp_options *options)
{
    struct tcp_options alone = {.present = TCP_OPTION_ACCURATE_ECN,
                                .accurate_ecn_fields = options->accurate_ecn_fields};

    if (likely((options->present & TCP_OPTION_ACCURATE_ECN) == 0))
        return 0;
    return (uint32_t)tcp_header_bytes_for(&alone, 0) - TCP_HEADER_BYTES;
}

void accurate_ecn_mark(struct tcp *tcp, struct tcb *tcb, struct tcp_header *header, struct rill_train *train)
{
    struct accurate_ecn *ecn = accurate_ecn_of(tcp, tcb);
    bool is_pure = train->payload_bytes == 0 && header->options.sack_count == 0 && (header->flags & TCP_FIN) == 0;

    train->flags |= RILL_TRAIN_ACE;
    ecn->unacked_marks = 0;
    if ((tcb->ecn & ECN_HANDSHAKE_DUE) != 0 && is_pure) {
        put_ace(header, handshake_ace[ecn->syn_ack_ecn]);
    } else {
        put_ace(header, ecn->r_cep & ACE_MASK);
    }
    if (train->payload_bytes == 0) /* with SACK blocks the chance is gone, and nothing waits for it */
        tcb->ecn &= (uint8_t)~ECN_HANDSHAKE_DUE;
    if ((header->options.present & TCP_OPTION_ACCURATE_ECN) == 0)
        return;
    if (ecn->options_due > 0)
        ecn->options_due--;
    for (unsigned i = 0; i < TCP_ECN_FIELDS; i++)
        ecn->told[i] = ecn->r_bytes[i];
}

/* ------------------------------------------------------------------- sender */

/* 3.2.3.1: bytes that came marked, by the option; what is further behind than ahead is of an older ACK. */
static uint32_t take_option(struct accurate_ecn *ecn, const struct tcp_options *theirs)
{
    uint32_t marked = 0;

    if ((theirs->present & TCP_OPTION_ACCURATE_ECN) == 0 || ecn->options_bad)
        return 0;
    ecn->options_come = true;
    for (unsigned i = 0; i < TCP_ECN_FIELDS; i++) {
        uint32_t more = wrapping_sub(theirs->accurate_ecn[i], ecn->s_bytes[i]) & FIELD_MASK;

        if ((theirs->accurate_ecn_fields & 1u << i) == 0 || more >= FIELD_AHEAD)
            continue;
        ecn->s_bytes[i] += more;
        marked = i == TCP_ECN_CEB ? more : marked;
    }
    return marked;
}

/* 3.2.2.5.2, appendix A.2: with so many packets acknowledged at once the counter may have gone round. */
static uint32_t safest_packets(const struct accurate_ecn *ecn, uint32_t packets, uint32_t acked_packets)
{
    if (ecn->options_come || acked_packets <= ACE_MASK)
        return packets;
    return acked_packets - ((acked_packets - packets) & ACE_MASK);
}

/* 3.2.2.4: what is zero from the beginning does not count. */
static bool is_zeroed(struct tcb *tcb, struct accurate_ecn *ecn, uint8_t ace)
{
    if (ecn->heard)
        return false;
    ecn->heard = true;
    if (ace != 0)
        return false;
    ecn->deaf = true;
    tcb->ecn |= ECN_NO_ECT;
    return true;
}

uint32_t accurate_ecn_acknowledged(struct tcp *tcp, struct tcb *tcb, const struct tcp_segment *seg,
                                   uint32_t acked_bytes, bool *echo)
{
    struct accurate_ecn *ecn = accurate_ecn_of(tcp, tcb);
    uint32_t packets, bytes, acked_packets = (acked_bytes + tcb->snd_mss - 1) / tcb->snd_mss;
    bool is_handshake = ecn->is_handshake || (seg->flags & TCP_SYN) != 0;

    ecn->is_handshake = false;
    if (is_handshake || ecn->deaf || is_zeroed(tcb, ecn, seg->ace))
        return 0;
    bytes = take_option(ecn, &seg->options);
    packets = safest_packets(ecn, wrapping_sub(seg->ace, ecn->s_cep) & ACE_MASK, acked_packets);
    ecn->s_cep += packets;
    *echo = packets > 0 || bytes > 0;
    if (bytes > 0 || (seg->options.present & TCP_OPTION_ACCURATE_ECN) != 0)
        return bytes;
    return min_u32(packets * tcb->snd_mss, acked_bytes); /* appendix A.3 */
}
