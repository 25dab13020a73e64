/* ICMP: what is believed of it (RFC 1191, 5927, 9293 3.9.2.2), and ping. */
#include "base/bytes.h"
#include "support/packet_check.h"
#include "support/tcp_peer.h"
#include "wire/checksum.h"
#include "wire/icmp4.h"
#include "wire/ipv4.h"
#include "wire/train.h"

#define STACK_ADDRESS 0x0a4d0002u
#define PEER_ADDRESS 0x0a4d0001u
#define ROUTER_ADDRESS 0x0a4d00feu

enum { NET = 0, HOST = 1, PROTOCOL = 2, PORT = 3, TOO_BIG = 4, SOURCE_ROUTE = 5 };

static void established_with(struct peer *p, const struct peer_setup *setup)
{
    peer_open(p, setup);
    peer_reach(p, RILL_STATE_ESTABLISHED);
}

static struct rill_status status_of(struct peer *p)
{
    struct rill_status status;

    expect_status_of(p, p->conn, &status);
    return status;
}

static void icmp_from_router(struct peer *p, const struct icmp4_message *message)
{
    uint8_t packet[2048];
    struct ipv4_header ip = {.source = ROUTER_ADDRESS,
                             .destination = STACK_ADDRESS,
                             .header_bytes = IPV4_HEADER_BYTES,
                             .ttl = 64,
                             .protocol = IP_PROTOCOL_ICMP};
    size_t n = icmp4_build(packet + IPV4_HEADER_BYTES, sizeof packet - IPV4_HEADER_BYTES, message);

    ip.total_bytes = (uint16_t)(IPV4_HEADER_BYTES + n);
    ipv4_build(packet, &ip);
    peer_inject(p, packet, ip.total_bytes);
}

/* An error that quotes the stack's segment with relative sequence number `seq`, of `total` bytes in all. */
static void icmp_error(struct peer *p, uint8_t type, uint8_t code, uint16_t mtu, uint32_t seq, uint16_t total)
{
    uint8_t quote[28] = {0};
    struct ipv4_header ip = {.source = STACK_ADDRESS,
                             .destination = PEER_ADDRESS,
                             .header_bytes = IPV4_HEADER_BYTES,
                             .ttl = 63,
                             .protocol = IP_PROTOCOL_TCP,
                             .total_bytes = total,
                             .dont_fragment = true};
    struct icmp4_message message = {
        .type = type, .code = code, .next_hop_mtu = mtu, .body = quote, .body_bytes = sizeof quote};

    ipv4_build(quote, &ip);
    put_be16(quote + 20, STACK_PORT);
    put_be16(quote + 22, PEER_PORT);
    put_be32(quote + 24, p->iss + seq);
    icmp_from_router(p, &message);
}

static void MUST_56_R5927_3_no_error_ends_an_established_connection(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    assert_int_equal(peer_user_send(&p, 1000), 1000);
    peer_forget(&p);
    for (uint8_t code = 0; code < 16; code++)
        if (code != TOO_BIG)
            icmp_error(&p, ICMP4_UNREACHABLE, code, 0, 1, 1040);
    icmp_error(&p, ICMP4_TIME_EXCEEDED, 0, 0, 1, 1040);
    icmp_error(&p, ICMP4_PARAMETER_PROBLEM, 0, 0, 1, 1040);
    expect_nothing(&p);
    expect_state(&p, RILL_STATE_ESTABLISHED);
    assert_int_equal(p.events[0].what, RILL_SOFT_ERROR);
    peer_close(&p);
}

static void MUST_47_SHLD_25_a_soft_error_is_told_with_its_reason(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    assert_int_equal(peer_user_send(&p, 1000), 1000);
    peer_forget(&p);
    icmp_error(&p, ICMP4_UNREACHABLE, HOST, 0, 1, 1040);
    expect_event_error(&p, p.conn, RILL_SOFT_ERROR, -RILL_EHOSTUNREACH);
    icmp_error(&p, ICMP4_UNREACHABLE, NET, 0, 1, 1040);
    expect_event_error(&p, p.conn, RILL_SOFT_ERROR, -RILL_ENETUNREACH);
    peer_close(&p);
}

static void SHLD_26_port_unreachable_refuses_an_open(void **state)
{
    static const uint8_t codes[] = {PROTOCOL, PORT};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct peer p;

        peer_open(&p, NULL);
        peer_reach(&p, RILL_STATE_SYN_SENT);
        icmp_error(&p, ICMP4_UNREACHABLE, codes[i], 0, 0, 60);
        expect_state(&p, RILL_STATE_CLOSED);
        expect_event_error(&p, p.conn, RILL_RESET | RILL_CLOSED, -RILL_ECONNREFUSED);
        peer_close(&p);
    }
}

static void MUST_56_host_unreachable_does_not_end_an_open(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_SYN_SENT);
    icmp_error(&p, ICMP4_UNREACHABLE, HOST, 0, 0, 60);
    expect_state(&p, RILL_STATE_SYN_SENT);
    expect_event_error(&p, p.conn, RILL_SOFT_ERROR, -RILL_EHOSTUNREACH);
    peer_close(&p);
}

static void R5927_1_an_error_about_a_number_not_in_flight_is_dropped_and_counted(void **state)
{
    static const uint32_t seqs[] = {0, 1001, 5000, 0x80000000};
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    assert_int_equal(peer_user_send(&p, 1000), 1000);
    peer_forget(&p);
    for (unsigned i = 0; i < 4; i++) {
        icmp_error(&p, ICMP4_UNREACHABLE, TOO_BIG, 600, seqs[i], 1500);
        icmp_error(&p, ICMP4_UNREACHABLE, HOST, 0, seqs[i], 1500);
    }
    assert_int_equal(rill_drops(p.stack, RILL_DROP_ICMP_SEQUENCE), 8);
    assert_int_equal(status_of(&p).snd_mss, 1460);
    expect_no_event(&p);
    peer_close(&p);
}

static void R5927_2_MUST_54_an_error_about_no_connection_is_dropped_and_counted(void **state)
{
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    icmp_error(&p, ICMP4_UNREACHABLE, PORT, 0, 0, 60);
    expect_nothing(&p);
    assert_int_equal(rill_drops(p.stack, RILL_DROP_ICMP_NO_CONNECTION), 1);
    peer_close(&p);
}

static void MUST_55_ICM_02_source_quench_changes_nothing(void **state)
{
    struct peer p;
    uint32_t cwnd;
    (void)state;
    established_with(&p, NULL);
    assert_int_equal(peer_user_send(&p, 1000), 1000);
    peer_forget(&p);
    cwnd = status_of(&p).cwnd_bytes;
    icmp_error(&p, 4, 0, 0, 1, 1040);
    assert_int_equal(status_of(&p).cwnd_bytes, cwnd);
    expect_no_event(&p);
    assert_int_equal(rill_drops(p.stack, RILL_DROP_ICMP_TYPE), 1);
    peer_close(&p);
}

static void R1191_1_R5927_5_a_smaller_path_is_used_at_once_and_what_was_lost_goes_again(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    assert_int_equal(peer_user_send(&p, 3000), 3000);
    peer_forget(&p);
    icmp_error(&p, ICMP4_UNREACHABLE, TOO_BIG, 1400, 1, 1500);
    assert_int_equal(status_of(&p).snd_mss, 1360);
    assert_int_equal(status_of(&p).pmtu, 1400);
    expect_segment(&p, TCP_ACK, 1, 1, 1360);
    for (unsigned i = p.sent_first; i < p.sent_count; i++)
        assert_true(p.sent[i].data_bytes <= 1360);
    peer_close(&p);
}

static void R1191_3_R5927_6_ICM_03_the_path_never_shrinks_below_552_and_never_grows(void **state)
{
    static const uint16_t claims[] = {68, 296, 551};
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct peer p;

        established_with(&p, NULL);
        assert_int_equal(peer_user_send(&p, 3000), 3000);
        peer_forget(&p);
        icmp_error(&p, ICMP4_UNREACHABLE, TOO_BIG, 9000, 1, 1500);
        assert_int_equal(status_of(&p).pmtu, 1500);
        expect_nothing(&p);
        icmp_error(&p, ICMP4_UNREACHABLE, TOO_BIG, claims[i], 1, 1500);
        assert_true(status_of(&p).pmtu >= 552);
        peer_close(&p);
    }
}

static void R1191_6_all_connections_of_the_path_learn(void **state)
{
    struct rill_endpoint remote = {rill_addr4(10, 77, 0, 1), PEER_PORT};
    struct rill_status status;
    struct rill_options options;
    rill_conn other;
    struct peer p;
    (void)state;
    peer_open(&p, NULL);
    rill_options_default(&options);
    options.local.port = 81;
    assert_int_equal(rill_tcp_connect(p.stack, &remote, &options, &other), 0);
    peer_run(&p);
    peer_forget(&p);
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    assert_int_equal(peer_user_send(&p, 3000), 3000);
    icmp_error(&p, ICMP4_UNREACHABLE, TOO_BIG, 1400, 1, 1500);
    assert_int_equal(rill_status(p.stack, other, &status), 0);
    assert_int_equal(status.pmtu, 1400);
    peer_close(&p);
}

static void SHLD_20_soft_errors_can_be_turned_off_and_on(void **state)
{
    (void)state;
    for (unsigned passive = 0; passive < 2; passive++) {
        struct peer p;

        established_with(&p, &(struct peer_setup){.passive = passive != 0, .option_flags = RILL_OPTION_NO_SOFT_ERRORS});
        assert_int_equal(peer_user_send(&p, 1000), 1000);
        peer_forget(&p);
        icmp_error(&p, ICMP4_UNREACHABLE, HOST, 0, 1, 1040);
        expect_no_event(&p);
        assert_int_equal(rill_set_flags(p.stack, p.conn, 0, RILL_OPTION_NO_SOFT_ERRORS), 0);
        peer_run(&p);
        icmp_error(&p, ICMP4_UNREACHABLE, HOST, 0, 1, 1040);
        expect_event_error(&p, p.conn, RILL_SOFT_ERROR, -RILL_EHOSTUNREACH);
        assert_int_equal(rill_set_flags(p.stack, p.conn, RILL_OPTION_NO_SOFT_ERRORS, 0), 0);
        peer_advance(&p, 60000); /* excessive retransmissions are one as well */
        assert_int_equal(p.event_count, 0);
        peer_close(&p);
    }
}

/* What ends the connection, or is no error, is told all the same. */
static void SHLD_20_without_soft_errors_all_else_is_told(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, &(struct peer_setup){.option_flags = RILL_OPTION_NO_SOFT_ERRORS});
    peer_send(&p, TCP_ACK, 1, 1, 10);
    expect_event(&p, p.conn, RILL_READABLE);
    peer_send(&p, TCP_RST, 11, 0, 0);
    expect_event_error(&p, p.conn, RILL_RESET | RILL_CLOSED, -RILL_ECONNRESET);
    peer_close(&p);
}

static void R1122_3_icmp_errors_many_retransmissions_and_urgent_data_are_told_without_being_asked(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    assert_int_equal(peer_user_send(&p, 1000), 1000);
    peer_forget(&p);
    icmp_error(&p, ICMP4_TIME_EXCEEDED, 0, 0, 1, 1040);
    expect_event_error(&p, p.conn, RILL_SOFT_ERROR, -RILL_EHOSTUNREACH);
    peer_send_packet(&p, &(struct peer_packet){.flags = TCP_ACK | TCP_URG, .seq = 1, .ack = 1, .urgent = 9});
    expect_event(&p, p.conn, RILL_URGENT);
    peer_advance(&p, 20000);
    expect_event_error(&p, p.conn, RILL_SOFT_ERROR, -RILL_ETIMEDOUT);
    peer_close(&p);
}

static void R1191_5_a_burst_of_errors_about_one_flight_sends_it_again_once(void **state)
{
    struct peer p;
    uint32_t again = 0;
    (void)state;
    established_with(&p, NULL);
    assert_int_equal(peer_user_send(&p, 4380), 4380);
    peer_forget(&p);
    for (uint32_t i = 0; i < 3; i++)
        icmp_error(&p, ICMP4_UNREACHABLE, TOO_BIG, 1400, 1 + 1460 * i, 1500);
    for (unsigned i = 0; i < p.sent_count; i++) {
        assert_true(p.sent[i].data_bytes <= 1360);
        again += p.sent[i].seq == 1;
    }
    assert_int_equal(again, 1);
    peer_close(&p);
}

static void R1191_5_no_path_makes_segments_larger_than_the_peers_mss(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, &(struct peer_setup){.mss = 700});
    assert_int_equal(peer_user_send(&p, 2100), 2100);
    icmp_error(&p, ICMP4_UNREACHABLE, TOO_BIG, 1400, 1, 1500);
    for (unsigned i = 0; i < p.sent_count; i++)
        assert_true(p.sent[i].data_bytes <= 700);
    assert_int_equal(status_of(&p).snd_mss, 700);
    peer_close(&p);
}

/* A new connection's segment size: what the stack knows of the path. */
static uint32_t mss_of_another(struct peer *p, uint16_t port)
{
    struct rill_endpoint remote = {rill_addr4(10, 77, 0, 1), PEER_PORT};
    struct rill_options options;
    struct rill_status status;
    rill_conn other;

    rill_options_default(&options);
    options.local.port = port;
    assert_int_equal(rill_tcp_connect(p->stack, &remote, &options, &other), 0);
    assert_int_equal(rill_status(p->stack, other, &status), 0);
    assert_int_equal(rill_abort(p->stack, other), 0);
    return status.pmtu;
}

static void R1191_4_a_smaller_path_is_remembered_for_ten_minutes(void **state)
{
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    assert_int_equal(peer_user_send(&p, 1000), 1000);
    icmp_error(&p, ICMP4_UNREACHABLE, TOO_BIG, 1400, 1, 1500);
    peer_send(&p, TCP_ACK, 1, 1001, 0);
    peer_forget(&p);
    peer_advance(&p, 600000);
    assert_int_equal(mss_of_another(&p, 81), 1400);
    peer_advance(&p, 2);
    assert_int_equal(mss_of_another(&p, 82), 1500);
    peer_close(&p);
}

static void R792_1_R792_7_other_messages_and_bad_checksums_are_silently_dropped(void **state)
{
    static const uint8_t types[] = {4, 5, 6, 9, 10, 13, 14, 15, 16, 17, 18, 30, 37, 41, 255};
    struct icmp4_message message = {.body = (const uint8_t *)"0123456789abcdef0123456789abcdef", .body_bytes = 32};
    uint8_t packet[64] = {0x45, 0, 0, 36, 0, 0, 0, 0, 64, 1, 0, 0, 10, 77, 0, 1, 10, 77, 0, 2, 8, 0, 1, 2};
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    for (unsigned i = 0; i < sizeof types; i++) {
        message.type = types[i];
        icmp_from_router(&p, &message);
    }
    expect_nothing(&p);
    assert_int_equal(rill_drops(p.stack, RILL_DROP_ICMP_TYPE), sizeof types);
    put_be16(packet + 10, checksum_finish(checksum_bytes(packet, 20)));
    peer_inject(&p, packet, 36); /* an echo request whose checksum is wrong */
    expect_nothing(&p);
    expect_no_event(&p);
    peer_close(&p);
}

/* Ping: what the stack sends is no TCP, so it is taken here and not by the scripted peer. */
static void R792_4_ping_is_answered_with_its_own_bytes(void **state)
{
    static const uint8_t body[] = "0123456789abcdef";
    struct icmp4_message message = {
        .type = ICMP4_ECHO_REQUEST, .echo_id = 7, .echo_sequence = 9, .body = body, .body_bytes = sizeof body};
    uint8_t packet[128], reply[256];
    struct ipv4_header ip = {.source = PEER_ADDRESS,
                             .destination = STACK_ADDRESS,
                             .header_bytes = IPV4_HEADER_BYTES,
                             .ttl = 64,
                             .protocol = IP_PROTOCOL_ICMP};
    struct rill_packet in = {.data = packet};
    struct train_cursor cursor = {0};
    struct packet_facts facts;
    struct rill_train train;
    struct peer p;
    size_t n;
    (void)state;
    peer_open(&p, NULL);
    n = icmp4_build(packet + IPV4_HEADER_BYTES, sizeof packet - IPV4_HEADER_BYTES, &message);
    ip.total_bytes = (uint16_t)(IPV4_HEADER_BYTES + n);
    ipv4_build(packet, &ip);
    in.length_bytes = ip.total_bytes;
    rill_input(p.stack, p.netif, &in, 1, p.now);
    assert_int_equal(rill_output(p.stack, p.netif, &train, 1, p.now), 1);
    n = train_cut(&train, &cursor, 0, reply, sizeof reply);
    assert_null(packet_check(reply, n, &facts));
    assert_int_equal(facts.icmp_type, ICMP4_ECHO_REPLY);
    assert_int_equal(facts.transport_bytes, 8 + sizeof body);
    assert_memory_equal(facts.transport + 8, body, sizeof body);
    assert_memory_equal(facts.transport + 4, packet + 24, 4);
    peer_close(&p);
}

static void MUST_67_the_announced_mss_is_the_interfaces_not_the_paths(void **state)
{
    struct rill_endpoint remote = {rill_addr4(10, 77, 0, 1), PEER_PORT};
    struct rill_options options;
    rill_conn other;
    struct peer p;
    (void)state;
    established_with(&p, NULL);
    assert_int_equal(peer_user_send(&p, 3000), 3000);
    icmp_error(&p, ICMP4_UNREACHABLE, TOO_BIG, 600, 1, 1500);
    peer_forget(&p);
    rill_options_default(&options);
    options.local.port = 81;
    assert_int_equal(rill_tcp_connect(p.stack, &remote, &options, &other), 0);
    peer_run(&p);
    for (unsigned i = 0; i < p.sent_count; i++)
        if ((p.sent[i].flags & TCP_SYN) != 0)
            assert_int_equal(p.sent[i].options.mss, 1460); /* RFC 6691: what we send does not bound what we receive */
    peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(MUST_56_R5927_3_no_error_ends_an_established_connection),
        cmocka_unit_test(MUST_47_SHLD_25_a_soft_error_is_told_with_its_reason),
        cmocka_unit_test(SHLD_26_port_unreachable_refuses_an_open),
        cmocka_unit_test(MUST_56_host_unreachable_does_not_end_an_open),
        cmocka_unit_test(R5927_1_an_error_about_a_number_not_in_flight_is_dropped_and_counted),
        cmocka_unit_test(R5927_2_MUST_54_an_error_about_no_connection_is_dropped_and_counted),
        cmocka_unit_test(MUST_55_ICM_02_source_quench_changes_nothing),
        cmocka_unit_test(R1191_1_R5927_5_a_smaller_path_is_used_at_once_and_what_was_lost_goes_again),
        cmocka_unit_test(R1191_3_R5927_6_ICM_03_the_path_never_shrinks_below_552_and_never_grows),
        cmocka_unit_test(R1191_6_all_connections_of_the_path_learn),
        cmocka_unit_test(SHLD_20_soft_errors_can_be_turned_off_and_on),
        cmocka_unit_test(SHLD_20_without_soft_errors_all_else_is_told),
        cmocka_unit_test(R1122_3_icmp_errors_many_retransmissions_and_urgent_data_are_told_without_being_asked),
        cmocka_unit_test(R1191_5_a_burst_of_errors_about_one_flight_sends_it_again_once),
        cmocka_unit_test(R1191_5_no_path_makes_segments_larger_than_the_peers_mss),
        cmocka_unit_test(R1191_4_a_smaller_path_is_remembered_for_ten_minutes),
        cmocka_unit_test(R792_1_R792_7_other_messages_and_bad_checksums_are_silently_dropped),
        cmocka_unit_test(R792_4_ping_is_answered_with_its_own_bytes),
        cmocka_unit_test(MUST_67_the_announced_mss_is_the_interfaces_not_the_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
