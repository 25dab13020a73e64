/*
 * Only differences of sequence numbers count: whatever segment comes in
 * whatever state, the answer at corner sequence numbers is the answer at
 * ordinary ones. Every combination of flags with numbers around the edges.
 */
#include "support/segment_rows.h"

#define ORDINARY_ISN 1000000u
#define ORDINARY_ISS 3000000u

/* The corners, and some from where what is probed wraps between two of its own numbers. */
static const uint32_t isns[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe, 0xfffffffd, 0x7ffffffe};
#define ISNS (sizeof isns / sizeof isns[0])

struct answer {
    enum rill_state state;
    unsigned events;
    int error;
    int64_t receivable;
    unsigned count;
    struct {
        uint8_t flags;
        uint32_t seq, ack, data_bytes;
        uint16_t window, urgent;
    } sent[4];
};

/* A segment by its place: offsets from RCV.NXT, from its right edge, or from SND.NXT. */
struct probe {
    uint8_t flags;
    bool from_edge;
    int32_t seq, ack;
    uint32_t data_bytes;
};

static const uint8_t probe_flags[] = {0,
                                      TCP_ACK,
                                      TCP_SYN,
                                      TCP_SYN | TCP_ACK,
                                      TCP_RST,
                                      TCP_RST | TCP_ACK,
                                      TCP_FIN | TCP_ACK,
                                      TCP_SYN | TCP_FIN,
                                      TCP_ACK | TCP_URG};
static const int32_t probe_seqs[] = {-5, -1, 0, 1};
static const int32_t probe_edges[] = {-1, 0, 1};
static const int32_t probe_acks[] = {-65537, -2, -1, 0, 1};

static void send_probe(struct peer *p, const struct probe *probe)
{
    uint32_t base = p->rcv_nxt + (probe->from_edge ? p->rcv_wnd : 0);
    struct peer_packet packet = {
        .flags = probe->flags,
        .seq = base + (uint32_t)probe->seq,
        .ack = p->snd_nxt + (uint32_t)probe->ack,
        .data_bytes = probe->data_bytes,
        .urgent = 3,
    };

    peer_send_packet(p, &packet);
}

static void take_answer(struct peer *p, struct answer *answer)
{
    memset(answer, 0, sizeof *answer);
    answer->state = peer_state(p);
    answer->receivable = p->conn != 0 ? rill_receive_queued(p->stack, p->conn) : 0;
    for (unsigned i = 0; i < p->event_count; i++) {
        answer->events |= p->events[i].what;
        answer->error += p->events[i].error;
    }
    answer->count = p->sent_count;
    for (unsigned i = 0; i < p->sent_count && i < 4; i++) {
        const struct peer_segment *s = &p->sent[i];
        bool has_ack = (s->flags & TCP_ACK) != 0;

        answer->sent[i].flags = s->flags;
        answer->sent[i].seq = s->seq;
        answer->sent[i].ack = has_ack ? s->ack : s->raw_ack;
        answer->sent[i].data_bytes = s->data_bytes;
        answer->sent[i].window = s->window;
        answer->sent[i].urgent = s->urgent;
    }
}

static void ask(const struct peer_setup *setup, enum rill_state state, bool block, const struct probe *probe,
                struct answer *answer)
{
    struct peer p;

    peer_open(&p, setup);
    p.iss = setup->iss;
    if (block)
        peer_reach_time_wait_block(&p);
    else
        peer_reach(&p, state);
    send_probe(&p, probe);
    take_answer(&p, answer);
    peer_close(&p);
}

static void compare(enum rill_state state, bool block, bool passive, const struct probe *probe)
{
    struct peer_setup setup = {.isn = ORDINARY_ISN, .force_iss = true, .iss = ORDINARY_ISS, .passive = passive};
    struct answer ordinary, corner;

    ask(&setup, state, block, probe, &ordinary);
    for (unsigned i = 0; i < ISNS; i++) {
        setup.isn = isns[i];
        setup.iss = isns[(i + 3) % ISNS];
        ask(&setup, state, block, probe, &corner);
        if (memcmp(&ordinary, &corner, sizeof corner) != 0)
            fail_msg("%s%s%s: flags %#x seq %d%s ack %d +%u: at ISN %#x, ISS %#x another answer than elsewhere",
                     rill_state_name(state), block ? " (block)" : "", passive ? " (passive)" : "", probe->flags,
                     (int)probe->seq, probe->from_edge ? " from the right edge" : "", (int)probe->ack,
                     probe->data_bytes, setup.isn, setup.iss);
    }
}

static void compare_all(enum rill_state state, bool block, bool passive)
{
    for (unsigned f = 0; f < sizeof probe_flags; f++) {
        for (unsigned s = 0; s < 7; s++) {
            for (unsigned a = 0; a < 5; a++) {
                struct probe probe = {.flags = probe_flags[f],
                                      .from_edge = s >= 4,
                                      .seq = s >= 4 ? probe_edges[s - 4] : probe_seqs[s],
                                      .ack = probe_acks[a],
                                      .data_bytes = (f + s + a) % 2 * 3};

                if ((probe.flags & TCP_ACK) == 0 && a > 0)
                    continue;
                compare(state, block, passive, &probe);
            }
        }
    }
}

static void the_answer_does_not_depend_on_the_isn(void **unused)
{
    (void)unused;
    for (unsigned state = RILL_STATE_SYN_SENT; state < RILL_STATES; state++) {
        compare_all((enum rill_state)state, false, false);
        if (state != RILL_STATE_SYN_SENT)
            compare_all((enum rill_state)state, false, true);
    }
    compare_all(RILL_STATE_TIME_WAIT, true, false);
    compare_all(RILL_STATE_TIME_WAIT, true, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_answer_does_not_depend_on_the_isn)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
