/* The loop around a real stack, with a driver that does what the test says. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/types.h"
#include "rill/driver.h"
#include "support/cmocka_all.h"
#include "wire/icmp4.h"
#include "wire/ipv4.h"

/* A driver of this test: delivers one packet so many times, counts what is done with it. */
struct fake {
    struct rill_driver driver;
    const uint8_t *packet;
    uint32_t packet_bytes;
    unsigned to_deliver, bursts, done, room, sent;
    rill_time deadline;
    int fd;
};

static struct fake *fake_of(struct rill_driver *driver)
{
    return (struct fake *)(void *)driver;
}

static unsigned fake_rx_burst(struct rill_driver *self, struct rill_packet *packets, unsigned max, rill_time now)
{
    struct fake *fake = fake_of(self);
    unsigned count = min_u32(max, fake->to_deliver);
    (void)now;
    for (unsigned i = 0; i < count; i++)
        packets[i] = (struct rill_packet){.data = fake->packet, .length_bytes = fake->packet_bytes};
    fake->to_deliver -= fake->to_deliver == UINT32_MAX ? 0 : count;
    fake->bursts++;
    return count;
}

static void fake_rx_done(struct rill_driver *self, struct rill_packet *packets, unsigned count)
{
    (void)packets;
    fake_of(self)->done += count;
}

static unsigned fake_tx_burst(struct rill_driver *self, struct rill_train *trains, unsigned count, rill_time now)
{
    (void)trains;
    (void)now;
    fake_of(self)->sent += count;
    return count;
}

static bool fake_tx_packet(struct rill_driver *self, const uint8_t *data, uint32_t length_bytes, rill_time now)
{
    (void)self;
    (void)data;
    (void)length_bytes;
    (void)now;
    return true;
}

static unsigned fake_tx_room(struct rill_driver *self)
{
    return fake_of(self)->room;
}

static rill_time fake_deadline(struct rill_driver *self)
{
    return fake_of(self)->deadline;
}

static int fake_descriptor(struct rill_driver *self)
{
    return fake_of(self)->fd;
}

static void fake_close(struct rill_driver *self)
{
    (void)self;
}

static const struct rill_driver_ops fake_ops = {
    .kind = "fake",
    .rx_burst = fake_rx_burst,
    .rx_done = fake_rx_done,
    .tx_burst = fake_tx_burst,
    .tx_packet = fake_tx_packet,
    .tx_room = fake_tx_room,
    .deadline = fake_deadline,
    .descriptor = fake_descriptor,
    .close = fake_close,
};

struct fixture {
    struct rill_stack *stack;
    struct fake fake;
    struct rill_driver *drivers[1];
};

static void start(struct fixture *f)
{
    static const uint8_t useless[1] = {0};
    struct rill_config config;
    struct rill_netif_config netif = {.name = "fake", .addr = rill_addr4(10, 0, 0, 1), .prefix_bits = 24};
    rill_config_default(&config);
    assert_int_equal(rill_stack_open(&config, &f->stack), 0);
    f->fake = (struct fake){.driver = {.ops = &fake_ops, .mtu = 1500},
                            .packet = useless,
                            .packet_bytes = 1,
                            .room = 8,
                            .deadline = RILL_NEVER,
                            .fd = -1};
    f->drivers[0] = &f->fake.driver;
    assert_int_equal(rill_attach(f->stack, f->drivers[0], &netif), 0);
}

static void stop(struct fixture *f)
{
    rill_stack_close(f->stack);
}

static void a_turn_with_nothing_to_do_says_so(void **state)
{
    struct fixture f;
    (void)state;
    start(&f);
    assert_false(rill_turn(f.stack, f.drivers, 1, rill_clock()));
    assert_int_equal(f.fake.bursts, 1);
    stop(&f);
}

static void turns_take_all_that_has_arrived(void **state)
{
    struct fixture f;
    (void)state;
    start(&f);
    f.fake.to_deliver = 200;
    assert_true(rill_turn(f.stack, f.drivers, 1, rill_clock()));
    while (rill_turn(f.stack, f.drivers, 1, rill_clock()))
        continue;
    assert_int_equal(f.fake.to_deliver, 0);
    assert_int_equal(f.fake.done, 200);
    assert_int_equal(rill_drops(f.stack, RILL_DROP_IP_SHORT), 200);
    stop(&f);
}

static void a_turn_ends_even_when_packets_never_do(void **state)
{
    struct fixture f;
    (void)state;
    start(&f);
    f.fake.to_deliver = UINT32_MAX;
    assert_true(rill_turn(f.stack, f.drivers, 1, rill_clock()));
    assert_in_range(f.fake.done, 1, 128);
    stop(&f);
}

/* An echo request from 10.0.0.2 to the stack's address. */
static uint32_t make_echo_request(uint8_t packet[64])
{
    const struct ipv4_header ip = {
        .source = 0x0A000002, .destination = 0x0A000001, .ttl = 64, .protocol = IP_PROTOCOL_ICMP, .total_bytes = 28};
    const struct icmp4_message echo = {.type = ICMP4_ECHO_REQUEST, .echo_id = 1, .echo_sequence = 2};
    ipv4_build(packet, &ip);
    return 20 + (uint32_t)icmp4_build(packet + 20, 44, &echo);
}

static void answers_to_what_was_received_leave_in_the_next_turn(void **state)
{
    struct fixture f;
    uint8_t request[64];
    (void)state;
    start(&f);
    f.fake.packet_bytes = make_echo_request(request);
    f.fake.packet = request;
    f.fake.to_deliver = 1;
    assert_true(rill_turn(f.stack, f.drivers, 1, rill_clock()));
    assert_int_equal(f.fake.sent, 0);
    assert_int_equal(rill_wait(f.stack, f.drivers, 1, NULL, 0, -1), 0); /* at once */
    assert_true(rill_turn(f.stack, f.drivers, 1, rill_clock()));
    assert_int_equal(f.fake.sent, 1);
    assert_false(rill_turn(f.stack, f.drivers, 1, rill_clock()));
    stop(&f);
}

static void a_stack_has_memory_secret_and_time_of_its_own(void **state)
{
    struct rill_config a, b;
    struct rill_stack *stacks[2];
    const uint8_t zeros[16] = {0};
    (void)state;
    rill_config_default(&a);
    rill_config_default(&b);
    a.memory_bytes = 0;
    b.memory_bytes = 4096 * 1024;
    rill_time before = rill_clock();
    assert_int_equal(rill_stack_open(&a, &stacks[0]), 0);
    assert_int_equal(rill_stack_open(&b, &stacks[1]), 0);
    assert_int_equal(a.memory_bytes, 256 << 20);
    assert_int_equal((uintptr_t)a.memory % 4096, 0);
    assert_memory_not_equal(a.secret, zeros, sizeof zeros);
    assert_memory_not_equal(a.secret, b.secret, sizeof a.secret);
    assert_in_range(a.now, before, rill_clock());
    rill_stack_close(stacks[0]);
    rill_stack_close(stacks[1]);
    rill_stack_close(NULL);
}

static void a_stack_that_cannot_be_made_is_an_error(void **state)
{
    struct rill_config config;
    struct rill_stack *stack;
    (void)state;
    rill_config_default(&config);
    config.memory_bytes = RILL_MEMORY_MIN / 2;
    assert_true(rill_stack_open(&config, &stack) < 0);
    config.memory_bytes = SIZE_MAX;
    assert_int_equal(rill_stack_open(&config, &stack), -RILL_ENOMEM);
}

static void what_a_driver_wraps_learns_of_the_stack(void **state)
{
    struct fixture f;
    struct fake outer = {.driver = {.ops = &fake_ops, .mtu = 1500}};
    struct rill_netif_config netif = {.name = "two", .addr = rill_addr4(10, 0, 1, 1), .prefix_bits = 24};
    (void)state;
    start(&f);
    f.fake.driver.stack = NULL;
    outer.driver.inner = &f.fake.driver;
    assert_int_equal(rill_attach(f.stack, &outer.driver, &netif), 0);
    assert_ptr_equal(outer.driver.stack, f.stack);
    assert_ptr_equal(f.fake.driver.stack, f.stack);
    assert_int_equal(f.fake.driver.netif, outer.driver.netif);
    stop(&f);
}

static void an_interface_that_the_stack_refuses_leaves_the_driver_unattached(void **state)
{
    struct fixture f;
    struct fake odd = {.driver = {.ops = &fake_ops, .mtu = 10}};
    struct rill_netif_config netif = {.name = "odd", .addr = rill_addr4(10, 0, 1, 1), .prefix_bits = 24};
    (void)state;
    start(&f);
    assert_true(rill_attach(f.stack, &odd.driver, &netif) < 0);
    assert_null(odd.driver.stack);
    stop(&f);
}

static void waiting_ends_at_once_when_a_driver_is_due(void **state)
{
    struct fixture f;
    (void)state;
    start(&f);
    f.fake.deadline = 0;
    assert_int_equal(rill_wait(f.stack, f.drivers, 1, NULL, 0, -1), 0);
    stop(&f);
}

static void waiting_ends_at_a_driver_s_deadline_not_before(void **state)
{
    struct fixture f;
    (void)state;
    start(&f);
    f.fake.deadline = rill_clock() + 2 * NANOS_PER_MS;
    assert_int_equal(rill_wait(f.stack, f.drivers, 1, NULL, 0, -1), 0);
    assert_true(rill_clock() >= f.fake.deadline);
    stop(&f);
}

static void waiting_ends_when_the_driver_s_descriptor_is_readable(void **state)
{
    struct fixture f;
    int pipes[2];
    (void)state;
    start(&f);
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(write(pipes[1], "x", 1), 1);
    f.fake.fd = pipes[0];
    assert_int_equal(rill_wait(f.stack, f.drivers, 1, NULL, 0, -1), 0);
    close(pipes[0]);
    close(pipes[1]);
    stop(&f);
}

static void a_full_driver_is_waited_for_until_it_is_writable(void **state)
{
    struct fixture f;
    int pipes[2];
    (void)state;
    start(&f);
    assert_int_equal(pipe(pipes), 0);
    f.fake.fd = pipes[1]; /* writable at once, never readable */
    f.fake.room = 0;
    assert_int_equal(rill_wait(f.stack, f.drivers, 1, NULL, 0, -1), 0);
    close(pipes[0]);
    close(pipes[1]);
    stop(&f);
}

static void the_caller_s_descriptors_are_waited_for_too(void **state)
{
    struct fixture f;
    int pipes[2];
    (void)state;
    start(&f);
    assert_int_equal(pipe(pipes), 0);
    struct pollfd fds[2] = {{.fd = pipes[0], .events = POLLIN, .revents = 77}, {.fd = pipes[1], .events = POLLOUT}};
    assert_int_equal(rill_wait(f.stack, f.drivers, 1, fds, 2, -1), 1);
    assert_int_equal(fds[0].revents, 0);
    assert_int_equal(fds[1].revents, POLLOUT);
    assert_int_equal(rill_wait(f.stack, f.drivers, 1, fds, 1, 0), 0);
    close(pipes[0]);
    close(pipes[1]);
    stop(&f);
}

static void too_many_descriptors_are_refused(void **state)
{
    struct fixture f;
    struct pollfd fds[256] = {{.fd = -1}};
    (void)state;
    start(&f);
    assert_int_equal(rill_wait(f.stack, f.drivers, 1, fds, 256, 0), -RILL_EINVAL);
    stop(&f);
}

static void waiting_ends_at_once_when_the_stack_wants_to_send(void **state)
{
    struct fixture f;
    struct rill_endpoint remote = {.addr = rill_addr4(10, 0, 0, 2), .port = 80};
    rill_conn conn;
    (void)state;
    start(&f);
    assert_int_equal(rill_tcp_connect(f.stack, &remote, NULL, &conn), 0);
    rill_time before = rill_clock();
    assert_int_equal(rill_wait(f.stack, f.drivers, 1, NULL, 0, 10000), 0);
    assert_true(rill_clock() < before + NANOS_PER_S / 2); /* not when the SYN would be sent again */
    assert_true(rill_turn(f.stack, f.drivers, 1, rill_clock()));
    assert_false(rill_turn(f.stack, f.drivers, 1, rill_clock()));
    stop(&f);
}

static void a_full_driver_is_not_given_trains(void **state)
{
    struct fixture f;
    struct rill_endpoint remote = {.addr = rill_addr4(10, 0, 0, 2), .port = 80};
    rill_conn conn;
    (void)state;
    start(&f);
    f.fake.room = 0;
    assert_int_equal(rill_tcp_connect(f.stack, &remote, NULL, &conn), 0);
    assert_false(rill_turn(f.stack, f.drivers, 1, rill_clock()));
    f.fake.room = 1;
    assert_true(rill_turn(f.stack, f.drivers, 1, rill_clock()));
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_with_nothing_to_do_says_so),
        cmocka_unit_test(turns_take_all_that_has_arrived),
        cmocka_unit_test(a_turn_ends_even_when_packets_never_do),
        cmocka_unit_test(answers_to_what_was_received_leave_in_the_next_turn),
        cmocka_unit_test(a_stack_has_memory_secret_and_time_of_its_own),
        cmocka_unit_test(a_stack_that_cannot_be_made_is_an_error),
        cmocka_unit_test(what_a_driver_wraps_learns_of_the_stack),
        cmocka_unit_test(an_interface_that_the_stack_refuses_leaves_the_driver_unattached),
        cmocka_unit_test(waiting_ends_at_once_when_a_driver_is_due),
        cmocka_unit_test(waiting_ends_at_a_driver_s_deadline_not_before),
        cmocka_unit_test(waiting_ends_when_the_driver_s_descriptor_is_readable),
        cmocka_unit_test(a_full_driver_is_waited_for_until_it_is_writable),
        cmocka_unit_test(the_caller_s_descriptors_are_waited_for_too),
        cmocka_unit_test(too_many_descriptors_are_refused),
        cmocka_unit_test(waiting_ends_at_once_when_the_stack_wants_to_send),
        cmocka_unit_test(a_full_driver_is_not_given_trains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
