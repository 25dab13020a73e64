/* Two stacks that have nothing to say to each other say nothing: no storm of ACKs, whatever a stranger forges. */
#include <string.h>

#include "base/bytes.h"
#include "support/stack_pair.h"
#include "wire/checksum.h"
#include "wire/ipv4.h"
#include "wire/tcp.h"

#define ADDRESS(side) (0x0a000001u + (side))

static void small_buffers(unsigned side, struct rill_config *config)
{
    (void)side;
    config->receive_buffer_bytes = 8192;
}

/* A segment that seems to come from the other end; options none. */
static void forge(struct pair *p, unsigned to, uint16_t source_port, uint16_t destination_port, unsigned flags,
                  uint32_t seq, uint32_t ack)
{
    uint8_t packet[40];
    struct tcp_header tcp = {.source_port = source_port,
                             .destination_port = destination_port,
                             .seq = {seq},
                             .ack = {ack},
                             .window = 1000,
                             .flags = (uint8_t)flags};
    struct ipv4_header ip = {.source = ADDRESS(1 - to),
                             .destination = ADDRESS(to),
                             .header_bytes = IPV4_HEADER_BYTES,
                             .ttl = 64,
                             .protocol = IP_PROTOCOL_TCP,
                             .total_bytes = sizeof packet};

    assert_int_equal(tcp_build(packet + 20, &tcp), 20);
    put_be16(packet + 36, checksum_finish(checksum_pseudo4(ip.source, ip.destination, IP_PROTOCOL_TCP, 20) +
                                          checksum_bytes(packet + 20, 20)));
    ipv4_build(packet, &ip);
    pair_inject(p, to, packet, sizeof packet);
}

static struct rill_status status_of(struct pair *p, unsigned side)
{
    struct rill_status status;

    assert_int_equal(rill_status(p->stack[side], p->conn[side], &status), 0);
    return status;
}

static uint64_t packets_in(struct pair *p, uint64_t ms)
{
    uint64_t before = p->packets[0] + p->packets[1];

    pair_advance(p, ms);
    return p->packets[0] + p->packets[1] - before;
}

static void fill(struct pair *p, unsigned side)
{
    uint8_t data[20000];

    memset(data, 7, sizeof data);
    assert_int_equal(rill_send(p->stack[side], p->conn[side], data, sizeof data, 0), sizeof data);
}

static void TCS_05_shut_windows_and_crossed_fins_go_quiet(void **state)
{
    static struct pair p;
    (void)state;
    pair_open(&p, 1u << 20, small_buffers);
    pair_establish(&p);
    fill(&p, 0);
    fill(&p, 1);
    assert_int_equal(rill_shutdown(p.stack[0], p.conn[0]), 0);
    assert_int_equal(rill_shutdown(p.stack[1], p.conn[1]), 0);
    pair_advance(&p, 60000);
    assert_true(packets_in(&p, 60000) <= 20); /* a probe and its answer from each, each minute, some overlap */
    for (unsigned i = 0; i < 60000; i++) {
        uint8_t data[1000];

        (void)rill_receive(p.stack[0], p.conn[0], data, sizeof data, 0);
        (void)rill_receive(p.stack[1], p.conn[1], data, sizeof data, 0);
        if (i % 100 == 0)
            pair_advance(&p, 1000);
        else
            pair_settle(&p);
    }
    assert_int_equal(status_of(&p, 0).bytes_received, 20000);
    assert_int_equal(status_of(&p, 1).bytes_received, 20000);
    assert_int_equal(rill_close(p.stack[0], p.conn[0]), 0);
    assert_int_equal(rill_close(p.stack[1], p.conn[1]), 0);
    pair_advance(&p, 120000);
    pair_expect_baseline(&p);
    pair_close(&p);
}

static void TCS_05_forged_acks_of_unsent_data_to_both_ends_go_quiet(void **state)
{
    static struct pair p;
    uint16_t port;
    (void)state;
    pair_open(&p, 1u << 20, NULL);
    pair_establish(&p);
    port = status_of(&p, 0).local.port;
    pair_advance(&p, 5000);
    for (unsigned i = 0; i < 2; i++) {
        struct rill_status a = status_of(&p, 0), b = status_of(&p, 1);

        forge(&p, 0, 80, port, TCP_ACK, b.snd_nxt, a.snd_nxt + 1);
        forge(&p, 1, port, 80, TCP_ACK, a.snd_nxt, b.snd_nxt + 1);
    }
    assert_true(packets_in(&p, 1000) <= 4);
    assert_int_equal(packets_in(&p, 60000), 0);
    pair_close(&p);
}

static void TCS_05_forged_acks_outside_the_window_of_both_ends_go_quiet(void **state)
{
    static struct pair p;
    uint16_t port;
    (void)state;
    pair_open(&p, 1u << 20, NULL);
    pair_establish(&p);
    port = status_of(&p, 0).local.port;
    pair_advance(&p, 5000);
    forge(&p, 0, 80, port, TCP_ACK, status_of(&p, 0).rcv_nxt - 5, status_of(&p, 0).snd_nxt);
    forge(&p, 1, port, 80, TCP_ACK, status_of(&p, 1).rcv_nxt - 5, status_of(&p, 1).snd_nxt);
    assert_true(packets_in(&p, 1000) <= 4);
    assert_int_equal(packets_in(&p, 60000), 0);
    pair_close(&p);
}

static void idle_for_a_day_means_no_packet_in_either_direction(void **state)
{
    static struct pair p;
    (void)state;
    pair_open(&p, 1u << 20, NULL);
    pair_establish(&p);
    pair_settle(&p);
    assert_int_equal(packets_in(&p, UINT64_C(86400000)), 0);
    pair_close(&p);
}

/* FreeRTOS-Plus-TCP#1235: RST in window, challenge ACK, RST, ... */
static void a_reset_in_the_window_and_its_challenge_go_quiet(void **state)
{
    static struct pair p;
    uint16_t port;
    (void)state;
    pair_open(&p, 1u << 20, NULL);
    pair_establish(&p);
    port = status_of(&p, 0).local.port;
    pair_advance(&p, 5000);
    forge(&p, 0, 80, port, TCP_RST, status_of(&p, 0).rcv_nxt + 5, 0);
    forge(&p, 1, port, 80, TCP_RST, status_of(&p, 1).rcv_nxt + 5, 0);
    assert_true(packets_in(&p, 1000) <= 4);
    assert_int_equal(packets_in(&p, 60000), 0);
    assert_int_equal(pair_state(&p, 0), RILL_STATE_ESTABLISHED);
    assert_int_equal(pair_state(&p, 1), RILL_STATE_ESTABLISHED);
    pair_close(&p);
}

static void listen_on_0(struct pair *p)
{
    struct rill_options options;
    rill_conn conn;

    rill_options_default(&options);
    options.local.port = 80;
    assert_int_equal(rill_tcp_listen(p->stack[0], &options, &conn), 0);
}

/* A stranger's two SYNs make each of two servers believe that the other opened: both half open, neither right. */
static void TCS_05_two_listeners_set_upon_each_other_by_forged_syns_go_quiet(void **state)
{
    static struct pair p;
    (void)state;
    pair_open(&p, 1u << 20, NULL);
    listen_on_0(&p);
    forge(&p, 0, 80, 80, TCP_SYN, 5000, 0);
    forge(&p, 1, 80, 80, TCP_SYN, 90000, 0);
    assert_true(packets_in(&p, 1000) <= 20);
    pair_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(TCS_05_shut_windows_and_crossed_fins_go_quiet),
        cmocka_unit_test(TCS_05_forged_acks_of_unsent_data_to_both_ends_go_quiet),
        cmocka_unit_test(TCS_05_forged_acks_outside_the_window_of_both_ends_go_quiet),
        cmocka_unit_test(idle_for_a_day_means_no_packet_in_either_direction),
        cmocka_unit_test(a_reset_in_the_window_and_its_challenge_go_quiet),
        cmocka_unit_test(TCS_05_two_listeners_set_upon_each_other_by_forged_syns_go_quiet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
