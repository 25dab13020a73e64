#include "support/tcp_peer.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "support/packet_check.h"
#include "wire/checksum.h"
#include "wire/ipv4.h"
#include "wire/train.h"

#define MEMORY_BYTES (1u << 20)
#define STACK_ADDRESS 0x0a4d0002u /* 10.77.0.2 */
#define PEER_ADDRESS 0x0a4d0001u  /* 10.77.0.1 */
#define START_TIME UINT64_C(1000000000)
#define TRAINS 8u
#define TIMESTAMP_FIRST 500000u /* the peer's clock when the stack is made */

const uint32_t peer_corners[PEER_CORNERS] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff};

bool peer_edge_seen[RILL_STATES][RILL_STATES];

uint8_t peer_stream_byte(uint32_t position)
{
    return (uint8_t)((position * UINT32_C(2654435761)) >> 24);
}

/* ------------------------------------------------------------------- set-up */

static void on_trace(void *context, const struct rill_trace_event *event)
{
    (void)context;
    if (event->type == RILL_TRACE_STATE)
        peer_edge_seen[event->a][event->b] = true;
}

static void make_stack(struct peer *p, rill_time now)
{
    struct rill_config config;
    struct rill_netif_config netif = {
        .name = "peer0", .mtu = 1500, .addr = rill_addr4(10, 77, 0, 2), .prefix_bits = 24};
    const struct peer_setup *setup = &p->setup;

    rill_config_default(&config);
    config.window_pacing = false; /* what an ACK releases leaves at once, and is looked at */
    config.memory = p->memory;
    config.memory_bytes = MEMORY_BYTES;
    config.now = START_TIME;
    config.receive_buffer_bytes = setup->receive_buffer_bytes != 0 ? setup->receive_buffer_bytes : 65536;
    config.send_buffer_bytes = setup->send_buffer_bytes != 0 ? setup->send_buffer_bytes : 65536;
    if (setup->user_timeout_ms != 0)
        config.user_timeout_ms = setup->user_timeout_ms;
    for (unsigned i = 0; i < sizeof config.secret; i++)
        config.secret[i] = (uint8_t)(17 * i + 3);
    if (setup->configure != NULL)
        setup->configure(&config);
    assert_int_equal(rill_stack_create(&config, &p->stack), 0);
    assert_int_equal(rill_netif_add(p->stack, &netif, &p->netif), 0);
    p->now = now;
    rill_poll(p->stack, now);
}

static int open_active(struct peer *p, rill_conn *conn)
{
    struct rill_endpoint remote = {rill_addr4(10, 77, 0, 1), PEER_PORT};
    struct rill_options options;

    rill_options_default(&options);
    options.local.port = STACK_PORT;
    options.flags = p->setup.option_flags;
    options.ecn = p->setup.ecn;
    return rill_tcp_connect(p->stack, &remote, &options, conn);
}

/* RFC 6528: ISS = a secret function of the endpoints + time / 4 us. So there is a time for each ISS. */
static rill_time time_for_iss(struct peer *p, uint32_t iss)
{
    struct rill_status status;
    rill_conn conn;

    make_stack(p, START_TIME);
    assert_int_equal(open_active(p, &conn), 0);
    assert_int_equal(rill_status(p->stack, conn, &status), 0);
    rill_stack_destroy(p->stack);
    return START_TIME + (uint64_t)(uint32_t)(iss - status.iss) * 4000;
}

void peer_open(struct peer *p, const struct peer_setup *setup)
{
    memset(p, 0, sizeof *p);
    if (setup != NULL)
        p->setup = *setup;
    p->isn = p->setup.isn;
    p->window = p->setup.window != 0 ? p->setup.window : 65535;
    p->what = "";
    p->memory = aligned_alloc(4096, MEMORY_BYTES);
    assert_non_null(p->memory);
    make_stack(p, p->setup.force_iss ? time_for_iss(p, p->setup.iss) : START_TIME);
    rill_trace(p->stack, on_trace, NULL);
}

void peer_close(struct peer *p)
{
    assert_true(rill_check(p->stack));
    rill_stack_destroy(p->stack);
    free(p->memory);
    p->stack = NULL;
    p->memory = NULL;
}

struct peer_setup peer_corner(unsigned index)
{
    struct peer_setup setup = {
        .isn = peer_corners[index % PEER_CORNERS],
        .force_iss = true,
        .iss = peer_corners[(index + 2) % PEER_CORNERS],
    };

    return setup;
}

/* --------------------------------------------------------------- collecting */

/* RFC 9293 SHLD-14, RFC 7323 2.4: what was offered is not taken back. */
static void check_right_edge(struct peer *p)
{
    uint32_t edge = p->rcv_nxt + p->rcv_wnd;

    int32_t moved = p->right_edge_known ? (int32_t)(edge - p->right_edge) : 0;

    /* Scaling may take back less than one unit, when there is no room to give more: what was offered still counts. */
    if (moved <= -256)
        fail_msg("%s: the right edge moved left, from %u to %u", p->what, p->right_edge, edge);
    if (moved >= 0)
        p->right_edge = edge;
    p->right_edge_known = true;
}

static void keep_segment(struct peer *p, const uint8_t *packet, size_t length_bytes)
{
    const char *wrong = packet_check(packet, length_bytes, NULL);
    struct peer_segment *kept = &p->sent[p->sent_count];
    struct ipv4_header ip;
    struct tcp_segment seg;

    if (wrong != NULL)
        fail_msg("%s: the stack sent a bad packet: %s", p->what, wrong);
    assert_int_equal(ipv4_parse(packet, length_bytes, &ip), RILL_DROP_NONE);
    assert_int_equal(ip.protocol, IP_PROTOCOL_TCP);
    assert_int_equal(ip.source, STACK_ADDRESS);
    assert_int_equal(ip.destination, PEER_ADDRESS);
    assert_int_equal(tcp_parse(packet + ip.header_bytes, length_bytes - ip.header_bytes, &seg), RILL_DROP_NONE);
    assert_true(p->sent_count < PEER_SEGMENTS_MAX);
    if ((seg.flags & TCP_SYN) != 0) {
        p->iss = seg.seq.v;
        p->iss_known = true;
        p->snd_nxt = 0;
        p->right_edge_known = false;
        p->stack_shift = (seg.options.present & TCP_OPTION_WINDOW_SCALE) != 0 ? seg.options.window_scale : 0;
    }
    *kept = (struct peer_segment){
        .flags = seg.flags,
        .seq = seg.seq.v - p->iss,
        .ack = seg.ack.v - p->isn,
        .raw_seq = seg.seq.v,
        .raw_ack = seg.ack.v,
        .data_bytes = seg.data_bytes,
        .window = seg.window,
        .urgent = seg.urgent,
        .options = seg.options,
        .ecn = ip.tos & 3,
        .ace = seg.ace,
        .sent_at = p->now,
    };
    p->sent_count++;
    if ((seg.options.present & TCP_OPTION_FAST_OPEN) != 0 && seg.options.fast_open_bytes > 0)
        memcpy(kept->cookie, seg.options.fast_open_cookie, seg.options.fast_open_bytes);
    for (uint32_t i = 0; i < seg.data_bytes; i++) {
        uint32_t place = kept->seq - 1 + i + ((seg.flags & TCP_SYN) != 0);

        if (seg.data[i] != peer_stream_byte(place))
            fail_msg("%s: byte %u of the stream is wrong", p->what, place);
    }
    if ((seg.flags & TCP_RST) != 0)
        return;
    if ((int32_t)(kept->seq + tcp_segment_length(&seg) - p->snd_nxt) > 0)
        p->snd_nxt = kept->seq + tcp_segment_length(&seg);
    if ((seg.flags & TCP_ACK) != 0) {
        p->rcv_nxt = kept->ack;
        p->rcv_wnd = (uint32_t)seg.window
                     << ((seg.flags & TCP_SYN) != 0 || !p->setup.window_scaling ? 0 : p->stack_shift);
        check_right_edge(p);
    }
    if ((seg.options.present & TCP_OPTION_TIMESTAMP) != 0)
        p->stack_timestamp = seg.options.timestamp_value;
}

static void keep_train(struct peer *p, const struct rill_train *train)
{
    struct train_cursor cursor = {0};
    uint8_t packet[2048];

    for (uint32_t i = 0; i < train_packet_count(train); i++) {
        size_t n = train_cut(train, &cursor, i, packet, sizeof packet);

        assert_int_not_equal(n, 0);
        keep_segment(p, packet, n);
    }
}

static void keep_event(struct peer *p, const struct rill_event *event)
{
    for (unsigned i = 0; i < p->event_count; i++) {
        if (p->events[i].conn == event->conn) {
            p->events[i].what |= event->what;
            p->events[i].error = event->error != 0 ? event->error : p->events[i].error;
            return;
        }
    }
    assert_true(p->event_count < PEER_EVENTS_MAX);
    p->events[p->event_count++] = *event;
}

void peer_run(struct peer *p)
{
    struct rill_train trains[TRAINS];
    struct rill_event event;
    unsigned n;

    if (!rill_check(p->stack))
        fail_msg("%s: an invariant of the stack is broken", p->what);
    do {
        n = rill_output(p->stack, p->netif, trains, TRAINS, p->now);
        for (unsigned i = 0; i < n; i++)
            keep_train(p, &trains[i]);
    } while (n == TRAINS);
    while (rill_next(p->stack, &event))
        keep_event(p, &event);
    if (!rill_check(p->stack))
        fail_msg("%s: an invariant of the stack is broken after output", p->what);
}

void peer_forget(struct peer *p)
{
    p->sent_first = p->sent_count = 0;
    p->event_count = 0;
}

/* ------------------------------------------------------------------- acting */

void peer_inject(struct peer *p, const uint8_t *packet, uint32_t length_bytes)
{
    /* A copy of its own, so that a sanitizer sees a read past the end. */
    uint8_t *copy = malloc(length_bytes > 0 ? length_bytes : 1);
    struct rill_packet in = {.data = copy, .length_bytes = length_bytes};

    assert_non_null(copy);
    memcpy(copy, packet, length_bytes);
    rill_input(p->stack, p->netif, &in, 1, p->now);
    free(copy);
    peer_run(p);
}

static void add_options(const struct peer *p, const struct peer_packet *packet, struct tcp_options *options)
{
    const struct peer_setup *setup = &p->setup;
    bool syn = (packet->flags & TCP_SYN) != 0;

    memset(options, 0, sizeof *options);
    if (syn) {
        options->present = TCP_OPTION_MSS;
        options->mss = setup->mss != 0 ? setup->mss : 1460;
        options->present |= setup->sack ? TCP_OPTION_SACK_PERMITTED : 0;
        options->present |= setup->window_scaling ? TCP_OPTION_WINDOW_SCALE : 0;
        options->window_scale = 7;
    }
    if (packet->user_timeout != 0) {
        options->present |= TCP_OPTION_USER_TIMEOUT;
        options->user_timeout = packet->user_timeout;
    }
    if ((setup->timestamps && !packet->without_timestamp) || packet->with_timestamp) {
        options->present |= TCP_OPTION_TIMESTAMP;
        options->timestamp_value =
            TIMESTAMP_FIRST + (uint32_t)((p->now - START_TIME) / 1000000) + (uint32_t)packet->timestamp_shift;
        options->timestamp_echo = (packet->flags & TCP_ACK) != 0 ? p->stack_timestamp : 0;
    }
    if (packet->accurate_ecn) {
        options->present |= TCP_OPTION_ACCURATE_ECN;
        options->accurate_ecn_fields = packet->accurate_ecn_fields;
        options->accurate_ecn[TCP_ECN_E0B] = packet->e0b;
        options->accurate_ecn[TCP_ECN_CEB] = packet->ceb;
        options->accurate_ecn[TCP_ECN_E1B] = packet->e1b;
    }
    if (packet->sack_count > 0) {
        options->present |= TCP_OPTION_SACK;
        options->sack_count = packet->sack_count;
        for (unsigned i = 0; i < packet->sack_count; i++)
            options->sack[i] =
                (struct tcp_sack_block){{p->iss + packet->sack[i].start}, {p->iss + packet->sack[i].end}};
    }
    if (packet->fast_open) {
        options->present |= TCP_OPTION_FAST_OPEN;
        options->fast_open_experimental = packet->experimental;
        options->fast_open_bytes = packet->cookie_bytes;
        options->fast_open_cookie = packet->cookie;
    }
}

void peer_send_packet(struct peer *p, const struct peer_packet *packet)
{
    static uint8_t bytes[65536];
    struct tcp_header tcp = {
        .source_port = packet->source_port != 0 ? packet->source_port : PEER_PORT,
        .destination_port = STACK_PORT,
        .seq = {p->isn + packet->seq},
        .ack = {(packet->flags & TCP_ACK) != 0 ? p->iss + packet->ack : 0},
        .window = p->window,
        .urgent = packet->urgent,
        .flags = packet->flags,
        .ae = packet->ae,
    };
    struct ipv4_header ip = {.source = packet->source != 0 ? packet->source : PEER_ADDRESS,
                             .destination = packet->destination != 0 ? packet->destination : STACK_ADDRESS,
                             .header_bytes = IPV4_HEADER_BYTES,
                             .ttl = 64,
                             .protocol = IP_PROTOCOL_TCP,
                             .tos = packet->ecn,
                             .dont_fragment = true};
    uint8_t *segment = bytes + IPV4_HEADER_BYTES;
    uint32_t header_bytes, segment_bytes;
    checksum_sum sum;

    add_options(p, packet, &tcp.options);
    header_bytes = (uint32_t)tcp_build(segment, &tcp);
    segment_bytes = header_bytes + packet->data_bytes;
    assert_true(IPV4_HEADER_BYTES + segment_bytes < sizeof bytes);
    for (uint32_t i = 0; i < packet->data_bytes; i++)
        segment[header_bytes + i] = peer_stream_byte(packet->seq - 1 + i + ((packet->flags & TCP_SYN) != 0));
    sum = checksum_pseudo4(ip.source, ip.destination, IP_PROTOCOL_TCP, segment_bytes);
    put_be16(segment + 16, checksum_finish(sum + checksum_bytes(segment, segment_bytes)));
    segment[16] ^= packet->bad_checksum ? 0x40 : 0;
    ip.total_bytes = (uint16_t)(IPV4_HEADER_BYTES + segment_bytes);
    ipv4_build(bytes, &ip);
    peer_inject(p, bytes, ip.total_bytes);
}

void peer_send(struct peer *p, unsigned flags, uint32_t seq, uint32_t ack, uint32_t data_bytes)
{
    struct peer_packet packet = {.flags = (uint8_t)flags, .seq = seq, .ack = ack, .data_bytes = data_bytes};

    peer_send_packet(p, &packet);
}

void peer_sack(struct peer *p, uint32_t ack, uint32_t start, uint32_t end)
{
    peer_send_packet(p, &(struct peer_packet){
                            .flags = TCP_ACK, .seq = p->rcv_nxt, .ack = ack, .sack_count = 1, .sack = {{start, end}}});
}

void peer_advance(struct peer *p, uint64_t ms)
{
    rill_time end = p->now + ms * 1000000;

    for (;;) {
        rill_time next = rill_deadline(p->stack);

        if (next > end)
            break;
        p->now = next > p->now ? next : p->now;
        rill_poll(p->stack, p->now);
        peer_run(p);
    }
    p->now = end;
    rill_poll(p->stack, p->now);
    peer_run(p);
}

int peer_listen(struct peer *p)
{
    struct rill_options options;
    int error;

    rill_options_default(&options);
    options.local.port = STACK_PORT;
    options.flags = p->setup.option_flags;
    options.ecn = p->setup.ecn;
    options.fast_open_backlog = p->setup.fast_open_backlog;
    error = rill_tcp_listen(p->stack, &options, &p->listener);
    peer_run(p);
    return error;
}

int peer_connect(struct peer *p)
{
    int error = open_active(p, &p->conn);

    peer_run(p);
    return error;
}

int64_t peer_user_send(struct peer *p, uint32_t bytes)
{
    static uint8_t data[65536];
    struct rill_status status;
    int64_t n;
    uint32_t first = 0;

    assert_true(bytes <= sizeof data);
    if (rill_status(p->stack, p->conn, &status) == 0)
        first = (uint32_t)status.bytes_sent_acked + status.send_queued;
    for (uint32_t i = 0; i < bytes; i++)
        data[i] = peer_stream_byte(first + i);
    n = rill_send(p->stack, p->conn, data, bytes, 0);
    peer_run(p);
    return n;
}

int64_t peer_user_receive(struct peer *p, uint32_t bytes)
{
    static uint8_t data[65536];
    struct rill_status status = {0};
    uint32_t first = 0;
    int64_t n;

    assert_true(bytes <= sizeof data);
    if (rill_status(p->stack, p->conn, &status) == 0)
        first = (uint32_t)status.bytes_received - status.receive_queued;
    n = rill_receive(p->stack, p->conn, data, bytes, 0);
    for (int64_t i = 0; i < n; i++)
        if (data[i] != peer_stream_byte(first + (uint32_t)i))
            fail_msg("%s: byte %u received is not what the peer sent", p->what, first + (uint32_t)i);
    peer_run(p);
    return n;
}

int peer_user_shutdown(struct peer *p)
{
    int error = rill_shutdown(p->stack, p->conn);

    peer_run(p);
    return error;
}

int peer_user_close(struct peer *p)
{
    int error = rill_close(p->stack, p->conn);

    peer_run(p);
    return error;
}

int peer_user_abort(struct peer *p)
{
    int error = rill_abort(p->stack, p->conn);

    peer_run(p);
    return error;
}
