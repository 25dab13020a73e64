/* The laboratory's network: whose packet goes where, and when. */
#include <string.h>

#include "lab/net.h"
#include "support/cmocka_all.h"

#define MS NANOS_PER_MS

/* Two senders on the left (1, and 2 further away), a receiver on the right (3). */
struct fixture {
    struct lab_net net;
    struct lab_port *ports[3];
};

static void start(struct fixture *f)
{
    const struct rill_impairment forward = {.delay = 10 * MS}, back = {.delay = 5 * MS};
    lab_net_init(&f->net, &forward, &back);
    f->ports[0] = lab_net_plug(&f->net, LAB_LEFT, 0, NULL);
    f->ports[1] = lab_net_plug(&f->net, LAB_LEFT, 40 * MS, NULL);
    f->ports[2] = lab_net_plug(&f->net, LAB_RIGHT, 0, NULL);
    for (unsigned i = 0; i < 3; i++) {
        assert_non_null(f->ports[i]);
        assert_int_equal(f->ports[i]->number, i + 1);
    }
}

static void send_to(struct lab_port *from, uint8_t number, rill_time now)
{
    uint8_t packet[40] = {0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, from->number, 10, 0, 0, number};
    assert_true(from->driver.ops->tx_packet(&from->driver, packet, sizeof packet, now));
}

/* How many packets the port has by now. */
static unsigned receive(struct fixture *f, struct lab_port *port, rill_time now)
{
    struct rill_packet packets[8];
    (void)lab_net_turn(&f->net, now);
    return port->driver.ops->rx_burst(&port->driver, packets, 8, now);
}

static void packets_go_forward_by_the_forward_link_and_back_by_the_other(void **state)
{
    struct fixture f;
    (void)state;
    start(&f);
    send_to(f.ports[0], 3, 0);
    assert_int_equal(lab_net_deadline(&f.net), 10 * MS);
    assert_int_equal(receive(&f, f.ports[2], 10 * MS - 1), 0);
    assert_int_equal(receive(&f, f.ports[2], 10 * MS), 1);
    send_to(f.ports[2], 1, 10 * MS);
    assert_int_equal(receive(&f, f.ports[0], 15 * MS - 1), 0);
    assert_int_equal(receive(&f, f.ports[0], 15 * MS), 1);
    assert_true(lab_net_deadline(&f.net) == RILL_NEVER);
    lab_net_close(&f.net);
}

static void what_is_for_a_host_further_away_arrives_later(void **state)
{
    struct fixture f;
    (void)state;
    start(&f);
    send_to(f.ports[2], 2, 0);
    assert_int_equal(receive(&f, f.ports[1], 5 * MS), 0);
    assert_int_equal(lab_net_deadline(&f.net), 45 * MS);
    assert_int_equal(receive(&f, f.ports[1], 45 * MS), 1);
    lab_net_close(&f.net);
}

static void what_is_for_nobody_is_counted(void **state)
{
    struct fixture f;
    (void)state;
    start(&f);
    send_to(f.ports[0], 0, 0);
    send_to(f.ports[0], 4, 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(receive(&f, f.ports[i], 60 * MS), 0);
    assert_int_equal(f.net.strays, 2);
    lab_net_close(&f.net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_go_forward_by_the_forward_link_and_back_by_the_other),
        cmocka_unit_test(what_is_for_a_host_further_away_arrives_later),
        cmocka_unit_test(what_is_for_nobody_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
