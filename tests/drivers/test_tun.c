/*
 * The TUN driver against the kernel of this machine, in a network namespace of
 * the test's own. Skipped where there is no /dev/net/tun or no right to make one.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/trains.h"
#include "support/cmocka_all.h"
#include "wire/icmp4.h"
#include "wire/vnet.h"

#define KERNEL 0x0A090001u /* 10.9.0.1 */
#define OURS 0x0A090002u
#define MSS 1448u
#define PATIENCE_MS 2000

static const char *why_skipped; /* NULL: the namespace is there */

struct fixture {
    struct rill_stack *stack;
    struct rill_driver *tun;
    struct rill_tun_config config;
    uint8_t payload[65280];
};

static void start(struct fixture *f, bool offload)
{
    struct rill_config config;
    struct rill_netif_config netif = {.name = "tun", .addr = rill_addr4(10, 9, 0, 2), .prefix_bits = 24};
    if (why_skipped != NULL)
        skip();
    memset(f, 0, sizeof *f);
    f->config = (struct rill_tun_config){.offload = offload, .kernel_addr = rill_addr4(10, 9, 0, 1), .prefix_bits = 24};
    assert_int_equal(rill_tun_open(&f->config, &f->tun), 0);
    rill_config_default(&config);
    assert_int_equal(rill_stack_open(&config, &f->stack), 0);
    assert_int_equal(rill_attach(f->stack, f->tun, &netif), 0);
    stream_fill(f->payload, 0, sizeof f->payload);
}

static void stop(struct fixture *f)
{
    f->tun->ops->close(f->tun);
    rill_stack_close(f->stack);
}

/*
 * The next packet of this protocol from the kernel's address, copied to `to`; others (the kernel's own multicasts) are
 * passed over. Fails when none comes.
 */
static struct rill_packet receive(struct fixture *f, unsigned protocol, uint8_t to[65536])
{
    struct pollfd readable = {.fd = f->tun->ops->descriptor(f->tun), .events = POLLIN};
    for (;;) {
        struct rill_packet packet;
        if (f->tun->ops->rx_burst(f->tun, &packet, 1, 0) == 0) {
            assert_int_equal(poll(&readable, 1, PATIENCE_MS), 1);
            continue;
        }
        memcpy(to, packet.data, packet.length_bytes);
        bool is_it = to[0] >> 4 == 4 && to[9] == protocol && get_be32(to + 12) == KERNEL;
        f->tun->ops->rx_done(f->tun, &packet, 1);
        packet.data = to;
        if (is_it)
            return packet;
    }
}

/* The kernel sends a datagram of stream bytes to us. */
static void kernel_sends_udp(uint32_t bytes)
{
    static uint8_t data[65536];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(OURS)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    stream_fill(data, 0, bytes);
    assert_int_equal(sendto(fd, data, bytes, 0, (struct sockaddr *)&to, sizeof to), bytes);
    close(fd);
}

static void a_packet_from_the_kernel_arrives_with_its_checksum(void **state)
{
    struct fixture f;
    uint8_t bytes[65536];
    struct packet_facts facts;
    (void)state;
    start(&f, false);
    kernel_sends_udp(1000);
    struct rill_packet packet = receive(&f, 17, bytes);
    assert_null(packet_check(packet.data, packet.length_bytes, &facts));
    assert_int_equal(facts.payload_bytes, 1000);
    assert_memory_equal(facts.payload, (stream_fill(f.payload, 0, 1000), f.payload), 1000);
    assert_int_equal(packet.buffer, 0);
    stop(&f);
}

static void with_offloads_the_kernel_leaves_the_checksum_out_and_says_so(void **state)
{
    struct fixture f;
    uint8_t bytes[65536];
    (void)state;
    start(&f, true);
    kernel_sends_udp(1000);
    struct rill_packet packet = receive(&f, 17, bytes);
    assert_int_equal(packet.flags, RILL_PACKET_CHECKSUM_OK);
    assert_int_equal(packet.length_bytes, 1028);
    assert_int_equal(packet.buffer, 0); /* small: not worth a buffer of 64 KiB */
    stop(&f);
}

static void many_small_packets_of_one_burst_all_keep_their_bytes(void **state)
{
    struct fixture f;
    struct rill_packet packets[64];
    unsigned seen = 0, count;
    (void)state;
    start(&f, true);
    for (uint32_t i = 0; i < 64; i++)
        kernel_sends_udp(500 + i);
    while ((count = f.tun->ops->rx_burst(f.tun, packets, 64, 0)) > 0) {
        for (unsigned i = 0; i < count; i++) {
            if (packets[i].data[0] >> 4 != 4 || packets[i].data[9] != 17)
                continue;
            assert_int_equal(packets[i].length_bytes, 528 + seen);
            assert_memory_equal(packets[i].data + 28, f.payload, 500 + seen);
            seen++;
        }
        f.tun->ops->rx_done(f.tun, packets, count);
    }
    assert_int_equal(seen, 64);
    stop(&f);
}

static void the_kernel_answers_an_echo_request(void **state)
{
    struct fixture f;
    uint8_t bytes[65536];
    struct packet_facts facts;
    struct rill_train train = {.transport_start = IPV4_HEADER_BYTES, .protocol = IP_PROTOCOL_ICMP, .ip_version = 4};
    struct ipv4_header ip = {.source = OURS, .destination = KERNEL, .ttl = 64, .protocol = IP_PROTOCOL_ICMP};
    struct icmp4_message echo = {
        .type = ICMP4_ECHO_REQUEST, .echo_id = 7, .echo_sequence = 1, .body = (const uint8_t *)"rill", .body_bytes = 4};
    (void)state;
    start(&f, false);
    ipv4_build_template(train.header, &ip);
    train.header_bytes = (uint16_t)(IPV4_HEADER_BYTES + icmp4_build(train.header + IPV4_HEADER_BYTES, 64, &echo));
    assert_int_equal(f.tun->ops->tx_burst(f.tun, &train, 1, 0), 1);
    struct rill_packet packet = receive(&f, IP_PROTOCOL_ICMP, bytes);
    assert_null(packet_check(packet.data, packet.length_bytes, &facts));
    assert_int_equal(facts.icmp_type, ICMP4_ECHO_REPLY);
    assert_int_equal(f.tun->device_errors, 0);
    stop(&f);
}

/*
 * A train to a port where nobody listens, without ACK: RFC 9293 3.10.7.1 has the kernel's RST acknowledge all that it
 * took in, so the RST says how much of the train arrived in one piece, with right checksums.
 */
static void send_to_closed_port(struct fixture *f, struct rill_train *train, uint32_t seq, uint32_t bytes,
                                uint8_t flags)
{
    make_train(train, seq, f->payload, bytes, MSS);
    put_be32(train->header + 12, OURS);
    put_be32(train->header + 16, KERNEL);
    train->header[IPV4_HEADER_BYTES + 13] = flags;
    assert_int_equal(f->tun->ops->tx_burst(f->tun, train, 1, 0), 1);
}

static void assert_reset_acknowledges(struct fixture *f, uint32_t seq)
{
    uint8_t bytes[65536];
    struct rill_packet packet = receive(f, IP_PROTOCOL_TCP, bytes);
    assert_true(bytes[33] & TCP_RST);
    assert_int_equal(get_be32(packet.data + 28), seq);
}

static void the_kernel_takes_a_train_whole(void **state)
{
    struct fixture f;
    struct rill_train train;
    (void)state;
    start(&f, true);
    send_to_closed_port(&f, &train, 1000, 60000, TCP_PSH);
    assert_reset_acknowledges(&f, 61000);
    assert_int_equal(f.tun->device_errors, 0);
    stop(&f);
}

static void without_offloads_the_kernel_gets_each_packet(void **state)
{
    struct fixture f;
    struct rill_train train;
    (void)state;
    start(&f, false);
    send_to_closed_port(&f, &train, 1000, 3 * MSS + 7, TCP_PSH);
    assert_reset_acknowledges(&f, 1000 + MSS);
    assert_reset_acknowledges(&f, 1000 + 2 * MSS);
    assert_reset_acknowledges(&f, 1000 + 3 * MSS);
    assert_reset_acknowledges(&f, 1000 + 3 * MSS + 7);
    stop(&f);
}

static void an_urgent_train_is_cut_here_even_with_offloads(void **state)
{
    struct fixture f;
    struct rill_train train;
    (void)state;
    start(&f, true);
    send_to_closed_port(&f, &train, 1000, 2 * MSS, TCP_PSH | TCP_URG);
    assert_reset_acknowledges(&f, 1000 + MSS);
    assert_reset_acknowledges(&f, 1000 + 2 * MSS);
    stop(&f);
}

/* Put a socket pair in the device's place, so that it can be full; returns the far end. */
static int replace_device(struct fixture *f, int send_buffer_bytes)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
    assert_int_equal(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &send_buffer_bytes, sizeof send_buffer_bytes), 0);
    assert_true(dup2(pair[0], f->tun->ops->descriptor(f->tun)) >= 0);
    close(pair[0]);
    return pair[1];
}

static void what_a_full_device_refuses_is_kept_and_sent_first_in_order(void **state)
{
    struct fixture f;
    uint32_t next = 0;
    (void)state;
    start(&f, false);
    int far = replace_device(&f, 20000);
    struct rill_train trains[8];
    for (uint32_t i = 0; i < 8; i++)
        make_train(&trains[i], i * 60000, f.payload, 60000, MSS);
    assert_int_equal(f.tun->ops->tx_burst(f.tun, trains, 8, 0), 8);
    memset(trains, 0xA5, sizeof trains); /* the stack's memory is somebody else's now */
    assert_int_equal(f.tun->ops->tx_room(f.tun), 0);
    assert_false(f.tun->ops->tx_packet(f.tun, f.payload, 40, 0));
    while (next < 8 * 60000) {
        uint8_t bytes[65536];
        struct packet_facts facts;
        ssize_t got = recv(far, bytes, sizeof bytes, 0);
        if (got < 0) {
            f.tun->ops->tx_room(f.tun); /* tries again */
            continue;
        }
        assert_true(packet_is_right(bytes + VNET_HEADER_BYTES, (uint32_t)got - VNET_HEADER_BYTES, &facts));
        assert_int_equal(facts.seq, next);
        assert_true(data_is_stream(&facts, next / 60000 * 60000));
        next += (uint32_t)facts.payload_bytes;
    }
    assert_true(f.tun->ops->tx_room(f.tun) > 0);
    assert_int_equal(f.tun->device_errors, 0);
    close(far);
    stop(&f);
}

static void hand_in(int far, const struct vnet_header *vnet, uint32_t bytes)
{
    static uint8_t data[VNET_HEADER_BYTES + 65536];
    vnet_build(data, vnet);
    stream_fill(data + VNET_HEADER_BYTES, 0, bytes);
    assert_int_equal(send(far, data, VNET_HEADER_BYTES + bytes, 0), VNET_HEADER_BYTES + bytes);
}

static void a_super_segment_is_handed_over_in_a_buffer_of_the_stack(void **state)
{
    struct fixture f;
    struct rill_packet packets[3];
    (void)state;
    start(&f, true);
    int far = replace_device(&f, 20000);
    hand_in(far, &(struct vnet_header){.needs_checksum = true, .segmentation = VNET_GSO_TCPV4, .segment_bytes = MSS},
            60000);
    hand_in(far, &(struct vnet_header){.data_valid = true}, 100);
    hand_in(far, &(struct vnet_header){.segmentation = VNET_GSO_NONE}, 9000);
    assert_int_equal(f.tun->ops->rx_burst(f.tun, packets, 3, 0), 3);
    const struct rill_packet expected[3] = {
        {.length_bytes = 60000, .segment_bytes = MSS, .flags = RILL_PACKET_CHECKSUM_OK, .buffer = 1},
        {.length_bytes = 100, .flags = RILL_PACKET_CHECKSUM_OK},
        {.length_bytes = 9000, .buffer = 1},
    };
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(packets[i].length_bytes, expected[i].length_bytes);
        assert_int_equal(packets[i].segment_bytes, expected[i].segment_bytes);
        assert_int_equal(packets[i].flags, expected[i].flags);
        assert_int_equal(packets[i].buffer != 0, expected[i].buffer != 0);
        assert_memory_equal(packets[i].data, f.payload, packets[i].length_bytes);
    }
    f.tun->ops->rx_done(f.tun, packets, 3);
    close(far);
    stop(&f);
}

static void a_packet_without_a_whole_header_is_a_device_error(void **state)
{
    struct fixture f;
    struct rill_packet packet;
    (void)state;
    start(&f, true);
    int far = replace_device(&f, 20000);
    assert_int_equal(send(far, "123456789", 9, 0), 9);
    assert_int_equal(f.tun->ops->rx_burst(f.tun, &packet, 1, 0), 0);
    assert_int_equal(f.tun->device_errors, 1);
    close(far);
    stop(&f);
}

static void what_the_device_refuses_for_good_is_counted(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, false);
    const uint8_t version_5[20] = {0x55};
    assert_true(f.tun->ops->tx_packet(f.tun, version_5, sizeof version_5, 0));
    assert_int_equal(f.tun->device_errors, 1);
    stop(&f);
}

/* ------------------------------------------------------------- the device */

/* The device's address of the family as text; "" when it has none. */
static const char *address_of(const char *name, int family)
{
    static char text[INET6_ADDRSTRLEN];
    struct ifaddrs *all;
    text[0] = '\0';
    assert_int_equal(getifaddrs(&all), 0);
    for (const struct ifaddrs *each = all; each != NULL; each = each->ifa_next) {
        if (each->ifa_addr == NULL || each->ifa_addr->sa_family != family || strcmp(each->ifa_name, name) != 0)
            continue;
        const struct sockaddr_in6 *address6 = (const void *)each->ifa_addr;
        const struct sockaddr_in *address4 = (const void *)each->ifa_addr;
        if (family == AF_INET)
            inet_ntop(AF_INET, &address4->sin_addr, text, sizeof text);
        else if (!IN6_IS_ADDR_LINKLOCAL(&address6->sin6_addr))
            inet_ntop(AF_INET6, &address6->sin6_addr, text, sizeof text);
    }
    freeifaddrs(all);
    return text;
}

static int device_flags_and_mtu(const char *name, int *mtu)
{
    struct ifreq request = {0};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    assert_int_equal(ioctl(fd, SIOCGIFMTU, &request), 0);
    *mtu = request.ifr_mtu;
    assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &request), 0);
    close(fd);
    return request.ifr_flags;
}

static void a_device_is_made_named_addressed_and_brought_up(void **state)
{
    struct rill_driver *tun;
    struct rill_tun_config config = {.mtu = 1400, .kernel_addr = rill_addr4(10, 9, 1, 1), .prefix_bits = 24};
    int mtu;
    (void)state;
    if (why_skipped != NULL)
        skip();
    assert_int_equal(rill_tun_open(&config, &tun), 0);
    assert_int_not_equal(config.name[0], '\0');
    assert_true(device_flags_and_mtu(config.name, &mtu) & IFF_UP);
    assert_int_equal(mtu, 1400);
    assert_int_equal(tun->mtu, 1400);
    assert_string_equal(address_of(config.name, AF_INET), "10.9.1.1");
    tun->ops->close(tun);
}

static void an_ipv6_address_is_given_too(void **state)
{
    struct rill_driver *tun;
    struct rill_tun_config config = {.prefix_bits = 64};
    (void)state;
    if (why_skipped != NULL)
        skip();
    config.kernel_addr.bytes[0] = 0xFD;
    config.kernel_addr.bytes[1] = 0x77;
    config.kernel_addr.bytes[15] = 1;
    assert_int_equal(rill_tun_open(&config, &tun), 0);
    assert_string_equal(address_of(config.name, AF_INET6), "fd77::1");
    tun->ops->close(tun);
}

static void a_device_that_has_an_address_keeps_it(void **state)
{
    struct rill_driver *tun;
    struct rill_tun_config config = {.name = "kept0", .kernel_addr = rill_addr4(10, 9, 2, 1), .prefix_bits = 24};
    (void)state;
    if (why_skipped != NULL)
        skip();
    assert_int_equal(rill_tun_open(&config, &tun), 0);
    assert_int_equal(ioctl(tun->ops->descriptor(tun), TUNSETPERSIST, 1), 0);
    tun->ops->close(tun);
    config.kernel_addr = rill_addr4(10, 9, 2, 99);
    assert_int_equal(rill_tun_open(&config, &tun), 0);
    assert_string_equal(address_of("kept0", AF_INET), "10.9.2.1");
    tun->ops->close(tun);
}

static void a_device_without_a_kernel_address_is_left_as_it_is(void **state)
{
    struct rill_driver *tun;
    struct rill_tun_config config = {.name = "bare0"};
    int mtu;
    (void)state;
    if (why_skipped != NULL)
        skip();
    assert_int_equal(rill_tun_open(&config, &tun), 0);
    assert_string_equal(address_of("bare0", AF_INET), "");
    assert_int_equal(device_flags_and_mtu("bare0", &mtu) & IFF_UP, 0);
    tun->ops->close(tun);
}

static void what_cannot_be_had_is_a_clear_error(void **state)
{
    struct rill_driver *tun, *second;
    struct rill_tun_config used = {.name = "used0"};
    struct rill_tun_config loopback = {.name = "lo"}, tiny = {.mtu = 500};
    struct rill_tun_config wide = {.kernel_addr = rill_addr4(10, 9, 3, 1), .prefix_bits = 33};
    (void)state;
    if (why_skipped != NULL)
        skip();
    assert_int_equal(rill_tun_open(&used, &tun), 0);
    assert_int_equal(rill_tun_open(&used, &second), -EBUSY);
    assert_int_equal(rill_tun_open(&loopback, &second), -EINVAL);
    assert_int_equal(rill_tun_open(&tiny, &second), -EINVAL);
    assert_int_equal(rill_tun_open(&wide, &second), -EINVAL);
    tun->ops->close(tun);
}

static const char *enter_namespace(void)
{
    if (access("/dev/net/tun", R_OK | W_OK) != 0)
        return "/dev/net/tun cannot be opened";
    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return "no network namespace can be made";
    return NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_packet_from_the_kernel_arrives_with_its_checksum),
        cmocka_unit_test(with_offloads_the_kernel_leaves_the_checksum_out_and_says_so),
        cmocka_unit_test(many_small_packets_of_one_burst_all_keep_their_bytes),
        cmocka_unit_test(the_kernel_answers_an_echo_request),
        cmocka_unit_test(the_kernel_takes_a_train_whole),
        cmocka_unit_test(without_offloads_the_kernel_gets_each_packet),
        cmocka_unit_test(an_urgent_train_is_cut_here_even_with_offloads),
        cmocka_unit_test(what_a_full_device_refuses_is_kept_and_sent_first_in_order),
        cmocka_unit_test(a_super_segment_is_handed_over_in_a_buffer_of_the_stack),
        cmocka_unit_test(a_packet_without_a_whole_header_is_a_device_error),
        cmocka_unit_test(what_the_device_refuses_for_good_is_counted),
        cmocka_unit_test(a_device_is_made_named_addressed_and_brought_up),
        cmocka_unit_test(an_ipv6_address_is_given_too),
        cmocka_unit_test(a_device_that_has_an_address_keeps_it),
        cmocka_unit_test(a_device_without_a_kernel_address_is_left_as_it_is),
        cmocka_unit_test(what_cannot_be_had_is_a_clear_error),
    };
    why_skipped = enter_namespace();
    if (why_skipped != NULL)
        print_message("skipped: %s\n", why_skipped);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
