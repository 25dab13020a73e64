/*
 * Every combination of flags, at every kind of place in sequence and
 * acknowledgement space, with and without text, in every state: the engine
 * against the reference model.
 *
 * Each state is reached once; each case then runs on a fork of that world, a
 * copy of the stack's memory.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "model/reference.h"
#include "support/tcp_peer.h"
#include "tcp/state.h"
#include "wire/ipv4.h"

#define MEMORY_BYTES RILL_MEMORY_MIN
#define ANY_FLAGS 0xffu
#define CONTROL_FLAGS (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK)
#define PEER_WINDOW 65535u /* while a world is made; so it is MAX.SND.WND */
#define CASE_WINDOW 5000u
#define CHECKED_EVERY 64u
#define CLASSES_MAX 64u

struct world_kind {
    const char *name;
    enum rill_state state;
    bool passive, orphan, closed_window, timestamps;
    void (*reach)(struct peer *p);
    uint8_t flags; /* bits that are combined */
};

struct world {
    const struct world_kind *kind;
    struct peer peer;
    struct rill_stack *fork;
    struct reference_tcb tcb;
};

struct test_case {
    unsigned flags, seq_place, ack_place, text_place, time_place;
    struct reference_segment seg;
};

/* What the stack did with a case. */
struct observation {
    enum rill_state state;
    struct rill_status status;
    bool listener;
    unsigned segments; /* at once */
    bool later;        /* or after the delay of ACKs */
    struct tcp_segment segment;
    uint32_t payload_bytes;
};

static const char *const seq_places[] = {"before", "text ends at", "one before", "at",
                                         "inside", "last byte",    "just past",  "far past"};
static const char *const ack_places[] = {"too old", "old", "una", "inside", "nxt", "beyond", "absent"};
static const char *const text_places[] = {"none", "a few", "more than the window"};
static const char *const time_places[] = {"later", "equal", "earlier", "missing"};

#define PLACES(names) (sizeof(names) / sizeof(names)[0])

/* Differences that are known bugs of the engine: each must still be there, so that a fix takes its line away. */
static const struct known_bug {
    const char *world, *paragraph;
    unsigned long cases; /* that differ: another number is another bug */
    const char *bug;
} known_bugs[] = {
    {NULL, NULL, 0, NULL},
};

static unsigned long cases_run, cases_checked, differences;

/* ------------------------------------------------------------------- worlds */

static void say(struct peer *p, unsigned flags, uint32_t seq, uint32_t ack)
{
    peer_send(p, flags, seq, ack, 0);
}

static void reach_directly(struct peer *p)
{
    (void)p;
}

/* 200 bytes sent, 100 of them acknowledged. */
static void reach_established(struct peer *p)
{
    assert_int_equal(peer_user_send(p, 200), 200);
    say(p, TCP_ACK, 1, 101);
}

/* The same, after so much text that ACKs are delayed. */
static void reach_established_slowly(struct peer *p)
{
    for (unsigned i = 0; i < 40; i++) {
        peer_send(p, TCP_ACK | TCP_PSH, p->rcv_nxt, 1, 10);
        assert_int_equal(peer_user_receive(p, 10), 10);
        peer_advance(p, 100);
        peer_forget(p);
    }
    assert_int_equal(peer_user_send(p, 200), 200);
    say(p, TCP_ACK, p->rcv_nxt, 101);
}

static void reach_fin_wait_1(struct peer *p)
{
    reach_established(p);
    assert_int_equal(peer_user_shutdown(p), 0);
}

static void reach_fin_wait_2(struct peer *p)
{
    reach_fin_wait_1(p);
    say(p, TCP_ACK, p->rcv_nxt, 202);
}

static void reach_close_wait(struct peer *p)
{
    reach_established(p);
    say(p, TCP_FIN | TCP_ACK, 1, 101);
}

static void reach_closing(struct peer *p)
{
    reach_fin_wait_1(p);
    say(p, TCP_FIN | TCP_ACK, 1, 101);
}

static void reach_last_ack(struct peer *p)
{
    reach_close_wait(p);
    assert_int_equal(peer_user_shutdown(p), 0);
}

static void reach_time_wait(struct peer *p)
{
    reach_fin_wait_2(p);
    say(p, TCP_FIN | TCP_ACK, 1, 202);
}

static void reach_closed_window(struct peer *p)
{
    reach_established(p);
    peer_fill_window(p, 101);
    say(p, TCP_ACK, p->rcv_nxt, 101);
}

static void reach_fin_wait_1_closed_window(struct peer *p)
{
    reach_closed_window(p);
    assert_int_equal(peer_user_shutdown(p), 0);
}

static void reach_fin_wait_2_closed_window(struct peer *p)
{
    reach_fin_wait_1_closed_window(p);
    say(p, TCP_ACK, p->rcv_nxt, 202);
}

#define STATE(name) RILL_STATE_##name

static const struct world_kind kinds[] = {
    {"CLOSED", STATE(CLOSED), .reach = reach_directly, .flags = ANY_FLAGS},
    {"LISTEN", STATE(LISTEN), .passive = true, .reach = reach_directly, .flags = ANY_FLAGS},
    {"SYN-SENT", STATE(SYN_SENT), .reach = reach_directly, .flags = ANY_FLAGS},
    {"SYN-RECEIVED, passive", STATE(SYN_RECEIVED), .passive = true, .reach = reach_directly, .flags = ANY_FLAGS},
    {"SYN-RECEIVED, active", STATE(SYN_RECEIVED), .reach = reach_directly, .flags = ANY_FLAGS},
    {"ESTABLISHED", STATE(ESTABLISHED), .reach = reach_established, .flags = ANY_FLAGS},
    {"ESTABLISHED, delayed ACKs", STATE(ESTABLISHED), .reach = reach_established_slowly, .flags = CONTROL_FLAGS},
    {"FIN-WAIT-1", STATE(FIN_WAIT_1), .reach = reach_fin_wait_1, .flags = ANY_FLAGS},
    {"FIN-WAIT-2", STATE(FIN_WAIT_2), .reach = reach_fin_wait_2, .flags = ANY_FLAGS},
    {"CLOSE-WAIT", STATE(CLOSE_WAIT), .reach = reach_close_wait, .flags = ANY_FLAGS},
    {"CLOSING", STATE(CLOSING), .reach = reach_closing, .flags = ANY_FLAGS},
    {"LAST-ACK", STATE(LAST_ACK), .reach = reach_last_ack, .flags = ANY_FLAGS},
    {"TIME-WAIT, held", STATE(TIME_WAIT), .reach = reach_time_wait, .flags = ANY_FLAGS},
    {"TIME-WAIT, held, and listener", STATE(TIME_WAIT), .passive = true, .reach = reach_time_wait, .flags = ANY_FLAGS},
    {"TIME-WAIT, block", STATE(TIME_WAIT), .orphan = true, .reach = reach_time_wait, .flags = ANY_FLAGS},
    {"TIME-WAIT, block and listener", STATE(TIME_WAIT), .passive = true, .orphan = true, .reach = reach_time_wait,
     .flags = ANY_FLAGS},

    {"FIN-WAIT-1, orphan", STATE(FIN_WAIT_1), .orphan = true, .reach = reach_fin_wait_1, .flags = CONTROL_FLAGS},
    {"FIN-WAIT-2, orphan", STATE(FIN_WAIT_2), .orphan = true, .reach = reach_fin_wait_2, .flags = CONTROL_FLAGS},
    {"CLOSING, orphan", STATE(CLOSING), .orphan = true, .reach = reach_closing, .flags = CONTROL_FLAGS},
    {"LAST-ACK, orphan", STATE(LAST_ACK), .orphan = true, .reach = reach_last_ack, .flags = CONTROL_FLAGS},

    {"ESTABLISHED, window 0", STATE(ESTABLISHED), .closed_window = true, .reach = reach_closed_window,
     .flags = CONTROL_FLAGS},
    {"FIN-WAIT-1, window 0", STATE(FIN_WAIT_1), .closed_window = true, .reach = reach_fin_wait_1_closed_window,
     .flags = CONTROL_FLAGS},
    {"FIN-WAIT-2, window 0", STATE(FIN_WAIT_2), .closed_window = true, .reach = reach_fin_wait_2_closed_window,
     .flags = CONTROL_FLAGS},

    {"SYN-RECEIVED, passive, timestamps", STATE(SYN_RECEIVED), .passive = true, .timestamps = true,
     .reach = reach_directly, .flags = CONTROL_FLAGS},
    {"SYN-RECEIVED, active, timestamps", STATE(SYN_RECEIVED), .timestamps = true, .reach = reach_directly,
     .flags = CONTROL_FLAGS},
    {"ESTABLISHED, timestamps", STATE(ESTABLISHED), .timestamps = true, .reach = reach_established,
     .flags = CONTROL_FLAGS},
    {"FIN-WAIT-1, timestamps", STATE(FIN_WAIT_1), .timestamps = true, .reach = reach_fin_wait_1,
     .flags = CONTROL_FLAGS},
    {"FIN-WAIT-2, timestamps", STATE(FIN_WAIT_2), .timestamps = true, .reach = reach_fin_wait_2,
     .flags = CONTROL_FLAGS},
    {"CLOSE-WAIT, timestamps", STATE(CLOSE_WAIT), .timestamps = true, .reach = reach_close_wait,
     .flags = CONTROL_FLAGS},
    {"CLOSING, timestamps", STATE(CLOSING), .timestamps = true, .reach = reach_closing, .flags = CONTROL_FLAGS},
    {"LAST-ACK, timestamps", STATE(LAST_ACK), .timestamps = true, .reach = reach_last_ack, .flags = CONTROL_FLAGS},
    {"TIME-WAIT, held, timestamps", STATE(TIME_WAIT), .timestamps = true, .reach = reach_time_wait,
     .flags = CONTROL_FLAGS},
    {"TIME-WAIT, held, and listener, timestamps", STATE(TIME_WAIT), .passive = true, .timestamps = true,
     .reach = reach_time_wait, .flags = CONTROL_FLAGS},
    {"TIME-WAIT, block, timestamps", STATE(TIME_WAIT), .orphan = true, .timestamps = true, .reach = reach_time_wait,
     .flags = CONTROL_FLAGS},
    {"TIME-WAIT, block and listener, timestamps", STATE(TIME_WAIT), .passive = true, .orphan = true, .timestamps = true,
     .reach = reach_time_wait, .flags = CONTROL_FLAGS},
};

#define KINDS (sizeof kinds / sizeof kinds[0])

static void small_memory(struct rill_config *config)
{
    config->memory_bytes = MEMORY_BYTES;
    config->ecn = RILL_ECN_OFF; /* the reference has no answer to CWR and ECE on a SYN */
}

/* The peer's clock as the harness writes it; time stands still while a world is made. */
static uint32_t peer_clock(const struct peer *p)
{
    return 500000u + (uint32_t)((p->now - UINT64_C(1000000000)) / 1000000);
}

static void describe(struct world *w)
{
    struct peer *p = &w->peer;
    struct rill_status status = {0};
    uint64_t cursor = 0;

    w->tcb = (struct reference_tcb){
        .state = w->kind->state,
        .passive = w->kind->passive,
        .listener = w->kind->passive,
        .orphan = w->kind->orphan,
        .timestamps = w->kind->timestamps,
        .iss = p->iss,
        .max_snd_wnd = PEER_WINDOW,
        .rcv_nxt = p->isn + p->rcv_nxt,
        .rcv_wnd = p->rcv_wnd,
        .ts_recent = peer_clock(p),
    };
    while (rill_list(p->stack, &cursor, &status) && status.remote.port != PEER_PORT)
        ;
    w->tcb.snd_una = status.snd_una;
    w->tcb.snd_nxt = status.snd_nxt;
    /* Every world's last segment that could update the window is at RCV.NXT, or is the FIN before it. */
    w->tcb.snd_wl1 = w->tcb.rcv_nxt - (w->kind->state >= RILL_STATE_CLOSE_WAIT);
    w->tcb.snd_wl2 = w->tcb.snd_una;
    if (w->kind->state == RILL_STATE_SYN_SENT)
        w->tcb.rcv_wnd = p->sent[0].window;
    if (status.remote.port == PEER_PORT) {
        assert_int_equal(status.state, w->kind->state);
        assert_true(w->kind->state == RILL_STATE_SYN_SENT || status.rcv_nxt == w->tcb.rcv_nxt);
    }
}

static void world_make(struct world *w, const struct world_kind *kind)
{
    /* What is in flight and what may come both lie across the end of sequence space, or across the sign. */
    struct peer_setup setup = {
        .isn = kind->timestamps ? 0x7ffffe00 : 0xfffffe00,
        .force_iss = true,
        .iss = kind->timestamps ? 0x7fffff60 : 0xffffff60,
        .passive = kind->passive,
        .timestamps = kind->timestamps,
        .receive_buffer_bytes = 4096,
        .window = PEER_WINDOW,
        .configure = small_memory,
    };

    w->kind = kind;
    peer_open(&w->peer, &setup);
    peer_reach(&w->peer, kind->reach == reach_directly ? kind->state : RILL_STATE_ESTABLISHED);
    kind->reach(&w->peer);
    if (kind->orphan)
        assert_int_equal(peer_user_close(&w->peer), 0);
    assert_int_equal(kind->closed_window, w->peer.rcv_nxt != 0 && w->peer.rcv_wnd == 0);
    describe(w);
    rill_trace(w->peer.stack, NULL, NULL);
    w->fork = aligned_alloc(4096, MEMORY_BYTES);
    assert_non_null(w->fork);
}

static void world_close(struct world *w)
{
    free(w->fork);
    peer_close(&w->peer);
}

/* -------------------------------------------------------------------- cases */

static void place(const struct world *w, struct test_case *c)
{
    const struct reference_tcb *tcb = &w->tcb;
    const uint32_t texts[] = {0, 5, tcb->rcv_wnd + 200};
    const uint32_t seqs[] = {tcb->rcv_nxt - 100,
                             tcb->rcv_nxt - texts[c->text_place],
                             tcb->rcv_nxt - 1,
                             tcb->rcv_nxt,
                             tcb->rcv_nxt + tcb->rcv_wnd / 2,
                             tcb->rcv_nxt + tcb->rcv_wnd - 1,
                             tcb->rcv_nxt + tcb->rcv_wnd,
                             tcb->rcv_nxt + tcb->rcv_wnd + 100000};
    const uint32_t acks[] = {tcb->snd_una - PEER_WINDOW - 10,
                             tcb->snd_una - 50,
                             tcb->snd_una,
                             tcb->snd_una + (tcb->snd_nxt - tcb->snd_una) / 2,
                             tcb->snd_nxt,
                             tcb->snd_nxt + 1,
                             0};
    const uint32_t times[] = {10, 0, (uint32_t)-1000, 0};

    c->seg = (struct reference_segment){
        .flags = (uint8_t)c->flags,
        .seq = seqs[c->seq_place],
        .ack = acks[c->ack_place],
        .data_bytes = texts[c->text_place],
        .timestamp = w->kind->timestamps && c->time_place != 3,
        .ts_value = tcb->ts_recent + times[c->time_place],
    };
}

static uint32_t build(const struct world *w, const struct reference_segment *seg, uint8_t *bytes)
{
    struct tcp_header tcp = {
        .source_port = PEER_PORT,
        .destination_port = STACK_PORT,
        .seq = {seg->seq},
        .ack = {seg->ack},
        .window = CASE_WINDOW,
        .urgent = (seg->flags & TCP_URG) != 0 ? 3 : 0,
        .flags = seg->flags,
    };
    struct ipv4_header ip = {.source = 0x0a4d0001,
                             .destination = 0x0a4d0002,
                             .header_bytes = IPV4_HEADER_BYTES,
                             .ttl = 64,
                             .protocol = IP_PROTOCOL_TCP};

    if (seg->timestamp) {
        tcp.options.present = TCP_OPTION_TIMESTAMP;
        tcp.options.timestamp_value = seg->ts_value;
        tcp.options.timestamp_echo = w->peer.stack_timestamp;
    }
    ip.total_bytes = (uint16_t)(IPV4_HEADER_BYTES + tcp_build(bytes + IPV4_HEADER_BYTES, &tcp) + seg->data_bytes);
    ipv4_build(bytes, &ip);
    return ip.total_bytes;
}

/* What the stack sends now; the first segment is kept. */
static unsigned collect(struct world *w, rill_time now, struct observation *o)
{
    struct rill_train trains[4];
    unsigned n = rill_output(w->fork, w->peer.netif, trains, 4, now);

    if (n > 0) {
        assert_int_equal(tcp_parse(trains[0].header + trains[0].transport_start,
                                   (size_t)(trains[0].header_bytes - trains[0].transport_start), &o->segment),
                         RILL_DROP_NONE);
        o->payload_bytes = trains[0].payload_bytes;
    }
    return n;
}

static void observe(struct world *w, struct observation *o)
{
    struct rill_status status;
    uint64_t cursor = 0;

    o->state = RILL_STATE_CLOSED;
    while (rill_list(w->fork, &cursor, &status)) {
        if (status.state == RILL_STATE_LISTEN) {
            o->listener = true;
        } else if (status.remote.port == PEER_PORT && status.state != RILL_STATE_CLOSED) {
            o->state = status.state;
            o->status = status;
        }
    }
    if (o->state == RILL_STATE_CLOSED && o->listener)
        o->state = RILL_STATE_LISTEN;
}

static void run_case(struct world *w, const struct reference_segment *seg, bool may_be_later, struct observation *o)
{
    static uint8_t bytes[8192];
    struct rill_packet packet = {.data = bytes, .flags = RILL_PACKET_CHECKSUM_OK};
    rill_time now = w->peer.now;

    memset(o, 0, sizeof *o);
    memcpy((void *)w->fork, w->peer.memory, MEMORY_BYTES);
    packet.length_bytes = build(w, seg, bytes);
    rill_input(w->fork, w->peer.netif, &packet, 1, now);
    o->segments = collect(w, now, o);
    observe(w, o);
    if (o->segments == 0 && may_be_later) {
        now += UINT64_C(100) * 1000000;
        rill_poll(w->fork, now);
        o->segments = collect(w, now, o);
        o->later = o->segments != 0;
    }
    if (cases_run++ % CHECKED_EVERY == 0) {
        cases_checked++;
        assert_true(rill_check(w->fork));
    }
}

/* ---------------------------------------------------------------- judgement */

static bool is_reply(const struct observation *o, unsigned flags, uint32_t seq, uint32_t ack)
{
    return o->segment.flags == flags && o->segment.seq.v == seq && o->segment.ack.v == ack;
}

/* SHLD-14: what was offered is not taken back. */
static bool takes_window_back(const struct world *w, const struct observation *o)
{
    uint32_t was = w->tcb.rcv_nxt + w->tcb.rcv_wnd, is = o->segment.ack.v + o->segment.window;

    return w->kind->state > RILL_STATE_SYN_SENT && (int32_t)(is - was) < 0;
}

/* RFC 7323 3.2: once agreed it is in every segment, and nowhere else; a new incarnation agrees anew. */
static bool lacks_timestamp(const struct world *w, const struct observation *o)
{
    bool has = (o->segment.options.present & TCP_OPTION_TIMESTAMP) != 0;
    bool anew = w->kind->state == RILL_STATE_TIME_WAIT && (o->segment.flags & TCP_SYN) != 0;
    /* Peers whose last ACK of the handshake has none mean that there shall be none. */
    bool agreed = w->kind->state == RILL_STATE_SYN_RECEIVED && state_is_synchronized((uint8_t)o->state)
                      ? o->status.timestamps
                      : w->tcb.timestamps;

    return w->kind->state > RILL_STATE_SYN_SENT && !anew && has != agreed;
}

/* What kinds of reply it can be that was sent; 0 when it is none. */
static unsigned reply_sent(const struct world *w, const struct reference_segment *seg, const struct observation *o,
                           const struct reference_outcome *outcome)
{
    uint32_t length = seg->data_bytes + ((seg->flags & TCP_SYN) != 0) + ((seg->flags & TCP_FIN) != 0);
    unsigned can_be = 0;

    if (o->segments == 0)
        return REPLY_NONE;
    if (o->segments > 1 || o->payload_bytes != 0)
        return 0;
    if ((o->segment.flags & TCP_RST) == 0 && lacks_timestamp(w, o))
        return 0;
    if (is_reply(o, TCP_ACK, w->tcb.snd_nxt, outcome->rcv_nxt) && !takes_window_back(w, o))
        can_be |= o->later ? REPLY_ACK_LATER : REPLY_ACK;
    if (o->later)
        return can_be;
    if (is_reply(o, TCP_RST, seg->ack, 0))
        can_be |= REPLY_RST;
    if (is_reply(o, TCP_RST | TCP_ACK, 0, seg->seq + length))
        can_be |= REPLY_RST_ACK;
    if (is_reply(o, TCP_SYN | TCP_ACK, w->tcb.iss, outcome->rcv_nxt))
        can_be |= REPLY_SYN_ACK;
    if (is_reply(o, TCP_SYN | TCP_ACK, o->status.iss, outcome->rcv_nxt))
        can_be |= REPLY_SYN_ACK_NEW;
    if (is_reply(o, TCP_RST, w->tcb.snd_nxt, 0) || is_reply(o, TCP_RST | TCP_ACK, w->tcb.snd_nxt, w->tcb.rcv_nxt))
        can_be |= REPLY_ABORT;
    return can_be;
}

static bool sequence_matches(const struct world *w, const struct observation *o,
                             const struct reference_outcome *outcome)
{
    /* The small blocks know nothing of the send window and of what was agreed. */
    bool full = !(o->state == RILL_STATE_SYN_RECEIVED && w->kind->passive) &&
                !(o->state == RILL_STATE_TIME_WAIT && o->status.orphan);
    unsigned window = o->status.snd_wnd == CASE_WINDOW ? WINDOW_TAKEN : WINDOW_KEPT;

    if (outcome->state == RILL_STATE_CLOSED || outcome->state == RILL_STATE_LISTEN)
        return true;
    if (outcome->state != RILL_STATE_SYN_SENT && o->status.rcv_nxt != outcome->rcv_nxt)
        return false;
    if ((outcome->replies & REPLY_SYN_ACK_NEW) != 0) /* another connection; RFC 6191 2, 3.6.1: its ISS is larger */
        return w->kind->state != RILL_STATE_TIME_WAIT || (int32_t)(o->status.iss - w->tcb.snd_nxt) > 0;
    if (o->status.snd_una != outcome->snd_una || o->status.snd_nxt != w->tcb.snd_nxt)
        return false;
    /* RFC 7323 3.2: what was agreed is not changed by a segment that changes nothing else. */
    if (full && outcome->state != RILL_STATE_SYN_SENT && outcome->state == w->kind->state &&
        o->status.timestamps != w->tcb.timestamps)
        return false;
    return !full || (outcome->windows & window) != 0;
}

static bool is_allowed(const struct world *w, const struct reference_segment *seg, const struct observation *o,
                       const struct reference_set *allowed)
{
    if (o->listener != w->tcb.listener)
        return false;
    for (unsigned i = 0; i < allowed->count; i++) {
        const struct reference_outcome *outcome = &allowed->outcomes[i];

        if (outcome->state == o->state && (reply_sent(w, seg, o, outcome) & outcome->replies) != 0 &&
            sequence_matches(w, o, outcome))
            return true;
    }
    return false;
}

/* ------------------------------------------------------------------- telling */

static const char *flag_names(unsigned flags, char text[40])
{
    static const char *const names[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};

    text[0] = '\0';
    for (unsigned i = 0; i < 8; i++) {
        if ((flags >> i & 1) != 0) {
            (void)strcat(text, text[0] != '\0' ? "," : "");
            (void)strcat(text, names[i]);
        }
    }
    return text;
}

static void tell_allowed(const struct world *w, const struct reference_outcome *outcome)
{
    static const char *const replies[] = {"nothing", "ACK",     "delayed ACK", "RST",
                                          "RST,ACK", "SYN,ACK", "new SYN,ACK", "RST of ours"};

    print_error("    allowed: %s, SND.UNA %+d, RCV.NXT %+d, window %s%s, reply", rill_state_name(outcome->state),
                (int)(outcome->snd_una - w->tcb.snd_una), (int)(outcome->rcv_nxt - w->tcb.rcv_nxt),
                (outcome->windows & WINDOW_KEPT) != 0 ? "kept" : "",
                (outcome->windows & WINDOW_TAKEN) != 0 ? "taken" : "");
    for (unsigned i = 0; i < PLACES(replies); i++)
        if ((outcome->replies >> i & 1) != 0)
            print_error(" (%s)", replies[i]);
    print_error(": %s\n", outcome->paragraph);
}

static void tell(const struct world *w, const struct test_case *c, const struct observation *o,
                 const struct reference_set *allowed)
{
    char text[40];

    print_error("%s: SND.UNA %#x SND.NXT %#x RCV.NXT %#x RCV.WND %u\n", w->kind->name, w->tcb.snd_una, w->tcb.snd_nxt,
                w->tcb.rcv_nxt, w->tcb.rcv_wnd);
    print_error("    segment: %s, sequence %s (%#x), acknowledgement %s (%#x), text %s (%u)%s%s\n",
                flag_names(c->flags, text), seq_places[c->seq_place], c->seg.seq, ack_places[c->ack_place], c->seg.ack,
                text_places[c->text_place], c->seg.data_bytes, w->kind->timestamps ? ", timestamp " : "",
                w->kind->timestamps ? time_places[c->time_place] : "");
    print_error("    came: %s, SND.UNA %+d, RCV.NXT %+d, SND.WND %u, %u segments%s", rill_state_name(o->state),
                (int)(o->status.snd_una - w->tcb.snd_una), (int)(o->status.rcv_nxt - w->tcb.rcv_nxt), o->status.snd_wnd,
                o->segments, o->later ? " later" : "");
    if (o->segments > 0)
        print_error(": <SEQ=%#x><ACK=%#x><%s>, window %u, %u bytes", o->segment.seq.v, o->segment.ack.v,
                    flag_names(o->segment.flags, text), o->segment.window, o->payload_bytes);
    print_error("\n");
    for (unsigned i = 0; i < allowed->count; i++)
        tell_allowed(w, &allowed->outcomes[i]);
}

/* Differences of one world, by the paragraph that was not followed and by what came instead. */
struct differences {
    struct {
        const char *paragraph;
        unsigned came;
        unsigned long cases;
        struct test_case first;
    } classes[CLASSES_MAX];
    unsigned count;
};

static void note_difference(struct differences *d, const struct test_case *c, const struct observation *o,
                            const struct reference_set *allowed)
{
    const char *paragraph = allowed->outcomes[0].paragraph;
    unsigned came = (unsigned)o->state << 16 | o->segments << 8 | o->segment.flags;
    unsigned i = 0;

    differences++;
    while (i < d->count && (d->classes[i].came != came || strcmp(d->classes[i].paragraph, paragraph) != 0))
        i++;
    if (i == d->count) {
        assert_true(d->count < CLASSES_MAX);
        d->classes[d->count].paragraph = paragraph;
        d->classes[d->count].first = *c;
        d->classes[d->count++].came = came;
    }
    d->classes[i].cases++;
}

static unsigned long cases_of(const struct differences *d, const char *paragraph)
{
    unsigned long cases = 0;

    for (unsigned i = 0; i < d->count; i++)
        if (strcmp(d->classes[i].paragraph, paragraph) == 0)
            cases += d->classes[i].cases;
    return cases;
}

static bool is_known(const struct differences *d, const char *world, const char *paragraph)
{
    for (const struct known_bug *known = known_bugs; known->world != NULL; known++)
        if (strcmp(known->world, world) == 0 && strcmp(known->paragraph, paragraph) == 0)
            return known->cases == cases_of(d, paragraph);
    return false;
}

/* Every difference is one of a known bug of the engine, and every known bug still shows. */
static bool all_known(struct world *w, const struct differences *d)
{
    bool known = true;

    for (unsigned i = 0; i < d->count; i++) {
        struct reference_set allowed;
        struct observation o;

        if (is_known(d, w->kind->name, d->classes[i].paragraph))
            continue;
        known = false;
        reference_segment_arrives(&w->tcb, &d->classes[i].first.seg, &allowed);
        run_case(w, &d->classes[i].first.seg, true, &o);
        print_error("%lu cases like this differ:\n", d->classes[i].cases);
        tell(w, &d->classes[i].first, &o, &allowed);
    }
    for (const struct known_bug *bug = known_bugs; bug->world != NULL; bug++) {
        if (strcmp(bug->world, w->kind->name) == 0 && cases_of(d, bug->paragraph) != bug->cases) {
            known = false;
            print_error("%s: %lu cases differ, not %lu as listed: %s: %s\n", bug->world, cases_of(d, bug->paragraph),
                        bug->cases, bug->paragraph, bug->bug);
        }
    }
    return known;
}

/* ------------------------------------------------------------------ walking */

static void judge_case(struct world *w, struct test_case *c, struct differences *d)
{
    struct reference_set allowed;
    struct observation o;
    bool later = false;

    place(w, c);
    reference_segment_arrives(&w->tcb, &c->seg, &allowed);
    for (unsigned i = 0; i < allowed.count; i++)
        later = later || (allowed.outcomes[i].replies & REPLY_ACK_LATER) != 0;
    run_case(w, &c->seg, later, &o);
    if (!is_allowed(w, &c->seg, &o, &allowed))
        note_difference(d, c, &o, &allowed);
}

static void walk_flags(struct world *w, unsigned flags, struct differences *d)
{
    const unsigned seq_count = PLACES(seq_places), ack_count = PLACES(ack_places);
    const unsigned text_count = PLACES(text_places), time_count = w->kind->timestamps ? PLACES(time_places) : 1;

    for (unsigned i = 0; i < seq_count * ack_count * text_count * time_count; i++) {
        struct test_case c = {
            .flags = flags,
            .seq_place = i % seq_count,
            .ack_place = i / seq_count % ack_count,
            .text_place = i / (seq_count * ack_count) % text_count,
            .time_place = i / (seq_count * ack_count * text_count),
        };

        judge_case(w, &c, d);
    }
}

static void no_case_differs_from_the_reference(void **state)
{
    struct differences d = {.count = 0};
    static struct world w;
    bool known;

    world_make(&w, *state);
    for (unsigned flags = 0; flags < 256; flags++)
        if ((flags & ~(unsigned)w.kind->flags) == 0)
            walk_flags(&w, flags, &d);
    known = all_known(&w, &d);
    world_close(&w);
    assert_true(known);
}

int main(void)
{
    struct CMUnitTest tests[KINDS];
    int failed;

    for (unsigned i = 0; i < KINDS; i++)
        tests[i] = (struct CMUnitTest){kinds[i].name, no_case_differs_from_the_reference, NULL, NULL,
                                       (void *)(uintptr_t)&kinds[i]};
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    printf("%lu cases, %lu of them with all invariants checked, %lu differences\n", cases_run, cases_checked,
           differences);
    return failed;
}
