/* RILL_SO_TIMESTAMPING of streams: what the error queue tells of sends. */
#include "sockets/connection.h"

#define SENT 0
#define SCHEDULED 1
#define ACKNOWLEDGED 2

static int ask_for(int flags)
{
    return rill_sock_setsockopt(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_TIMESTAMPING, &flags, sizeof flags);
}

static void send_bytes(size_t bytes)
{
    static const char zeros[8192];

    assert_true(bytes <= sizeof zeros);
    assert_int_equal(rill_sock_send(CLIENT(&pair), client, zeros, bytes, 0), bytes);
}

struct told {
    struct rill_cmsghdr time_header;
    struct rill_scm_timestamping times;
    struct rill_cmsghdr header;
    struct rill_sock_extended_err error;
};

/* The oldest message of the error queue, with its time. */
static void expect_stamp(int kind, uint32_t key, struct told *told)
{
    struct rill_msghdr message = {.control = told, .control_bytes = sizeof *told};

    assert_int_equal(rill_sock_recvmsg(CLIENT(&pair), client, &message, RILL_MSG_ERRQUEUE), 0);
    assert_int_equal(message.control_bytes, sizeof *told);
    assert_int_equal(told->time_header.type, RILL_SCM_TIMESTAMPING);
    assert_int_equal(told->header.type, RILL_IP_RECVERR);
    assert_int_equal(told->error.error, 42);
    assert_int_equal(told->error.origin, 4);
    assert_int_equal(told->error.info, kind);
    assert_int_equal(told->error.data, key);
}

static void expect_nothing(void)
{
    struct rill_pollfd one = {.fd = client};
    struct rill_msghdr message = {0};

    (void)rill_sock_poll(CLIENT(&pair), &one, 1, 0);
    assert_int_equal(one.revents & RILL_POLLERR, 0);
    assert_int_equal(rill_sock_recvmsg(CLIENT(&pair), client, &message, RILL_MSG_ERRQUEUE), -RILL_EAGAIN);
}

static void a_send_is_told_when_it_left_and_when_it_was_acknowledged(void **state)
{
    struct told left, acknowledged;

    (void)state;
    assert_int_equal(ask_for(RILL_STAMPING_TX_SCHED | RILL_STAMPING_TX_SOFTWARE | RILL_STAMPING_TX_ACK |
                             RILL_STAMPING_SOFTWARE | RILL_STAMPING_OPT_ID),
                     0);
    send_bytes(1000);
    expect_nothing();
    pair_advance(&pair, 100);
    expect_stamp(SCHEDULED, 999, &left);
    expect_stamp(SENT, 999, &left);
    expect_stamp(ACKNOWLEDGED, 999, &acknowledged);
    assert_true(acknowledged.times.times[0].nanoseconds + acknowledged.times.times[0].seconds * 1000000000 >=
                left.times.times[0].nanoseconds + left.times.times[0].seconds * 1000000000);
    expect_nothing();
}

static void what_waits_is_polled_as_an_error(void **state)
{
    struct rill_pollfd one = {.fd = client};
    struct told told;

    (void)state;
    assert_int_equal(ask_for(RILL_STAMPING_TX_ACK | RILL_STAMPING_SOFTWARE), 0);
    send_bytes(1);
    pair_advance(&pair, 100);
    assert_int_equal(rill_sock_poll(CLIENT(&pair), &one, 1, 0), 1);
    assert_int_equal(one.revents, RILL_POLLERR);
    expect_stamp(ACKNOWLEDGED, 0, &told); /* without OPT_ID no number */
    expect_nothing();
}

static void an_epoll_is_told_of_an_edge(void **state)
{
    struct rill_epoll_event event = {.events = RILL_EPOLLET, .data = 7};
    int epoll = rill_sock_epoll_create(CLIENT(&pair), 0);

    (void)state;
    assert_int_equal(rill_sock_epoll_ctl(CLIENT(&pair), epoll, RILL_EPOLL_CTL_ADD, client, &event), 0);
    assert_int_equal(ask_for(RILL_STAMPING_TX_ACK), 0);
    send_bytes(1);
    assert_int_equal(rill_sock_epoll_wait(CLIENT(&pair), epoll, &event, 1, 0), 0);
    pair_advance(&pair, 100);
    assert_int_equal(rill_sock_epoll_wait(CLIENT(&pair), epoll, &event, 1, 0), 1);
    assert_int_equal(event.events, RILL_EPOLLERR);
    assert_int_equal(rill_sock_epoll_wait(CLIENT(&pair), epoll, &event, 1, 0), 0);
}

static void numbers_begin_with_what_is_not_acknowledged_or_with_what_is_written_next(void **state)
{
    struct told told;

    (void)state;
    send_bytes(100);
    assert_int_equal(ask_for(RILL_STAMPING_TX_ACK | RILL_STAMPING_SOFTWARE | RILL_STAMPING_OPT_ID), 0);
    send_bytes(10);
    pair_advance(&pair, 100);
    expect_stamp(ACKNOWLEDGED, 109, &told);
    assert_int_equal(ask_for(0), 0);
    send_bytes(100);
    assert_int_equal(
        ask_for(RILL_STAMPING_TX_ACK | RILL_STAMPING_SOFTWARE | RILL_STAMPING_OPT_ID | RILL_STAMPING_OPT_ID_TCP), 0);
    send_bytes(10);
    pair_advance(&pair, 100);
    expect_stamp(ACKNOWLEDGED, 9, &told);
    expect_nothing();
}

static void numbers_count_what_is_written_before_anything_is_stamped(void **state)
{
    struct told told;

    (void)state;
    assert_int_equal(ask_for(RILL_STAMPING_SOFTWARE | RILL_STAMPING_OPT_ID), 0);
    send_bytes(100);
    pair_advance(&pair, 100);
    assert_int_equal(ask_for(RILL_STAMPING_TX_ACK | RILL_STAMPING_SOFTWARE | RILL_STAMPING_OPT_ID), 0);
    send_bytes(10);
    pair_advance(&pair, 100);
    expect_stamp(ACKNOWLEDGED, 109, &told);
    expect_nothing();
}

static void what_goes_unread_is_told_up_to_a_bound(void **state)
{
    struct told told;
    unsigned count = 0;

    (void)state;
    assert_int_equal(ask_for(RILL_STAMPING_TX_ACK | RILL_STAMPING_SOFTWARE | RILL_STAMPING_OPT_ID), 0);
    for (unsigned i = 0; i < 100; i++) {
        send_bytes(1);
        pair_advance(&pair, 10);
    }
    for (struct rill_msghdr message = {.control = &told, .control_bytes = sizeof told};
         rill_sock_recvmsg(CLIENT(&pair), client, &message, RILL_MSG_ERRQUEUE) == 0;
         message.control_bytes = sizeof told)
        assert_int_equal(told.error.data, count++);
    assert_int_equal(count, 64);
    send_bytes(1); /* there is room again */
    pair_advance(&pair, 100);
    expect_stamp(ACKNOWLEDGED, 100, &told);
}

static void the_bytes_themselves_are_not_given_back(void **state)
{
    struct rill_msghdr message = {0};

    (void)state;
    assert_int_equal(ask_for(RILL_STAMPING_TX_ACK), 0);
    send_bytes(1);
    pair_advance(&pair, 100);
    assert_int_equal(rill_sock_recvmsg(CLIENT(&pair), client, &message, RILL_MSG_ERRQUEUE), 0);
    assert_int_equal(message.flags, RILL_MSG_ERRQUEUE | RILL_MSG_TRUNC | RILL_MSG_CTRUNC);
    assert_int_equal(ask_for(RILL_STAMPING_TX_ACK | RILL_STAMPING_OPT_TSONLY), 0);
    send_bytes(1);
    pair_advance(&pair, 100);
    assert_int_equal(rill_sock_recvmsg(CLIENT(&pair), client, &message, RILL_MSG_ERRQUEUE), 0);
    assert_int_equal(message.flags, RILL_MSG_ERRQUEUE | RILL_MSG_CTRUNC);
}

static void a_reset_leaves_what_was_told_before_it(void **state)
{
    const struct rill_linger now = {1, 0};
    struct told told;

    (void)state;
    assert_int_equal(ask_for(RILL_STAMPING_TX_SOFTWARE | RILL_STAMPING_TX_ACK | RILL_STAMPING_SOFTWARE), 0);
    assert_int_equal(rill_sock_setsockopt(SERVER(&pair), server, RILL_SOL_SOCKET, RILL_SO_LINGER, &now, sizeof now), 0);
    send_bytes(1);
    pair_turn(&pair);
    assert_int_equal(rill_sock_close(SERVER(&pair), server), 0);
    pair_advance(&pair, 100);
    expect_stamp(SENT, 0, &told);
}

static void what_linux_refuses_is_refused(void **state)
{
    const int listener = rill_sock_open(CLIENT(&pair), RILL_AF_INET, RILL_SOCK_STREAM, 0);
    const int datagrams = rill_sock_open(CLIENT(&pair), RILL_AF_INET, RILL_SOCK_DGRAM, 0);
    const int id = RILL_STAMPING_OPT_ID, ack = RILL_STAMPING_TX_ACK;
    uint32_t bytes = sizeof(int);
    int got = -1;

    (void)state;
    assert_int_equal(ask_for(1 << 19), -RILL_EINVAL);
    assert_int_equal(ask_for(RILL_STAMPING_OPT_ID_TCP), -RILL_EINVAL);
    assert_int_equal(ask_for(RILL_STAMPING_OPT_STATS), -RILL_EINVAL);
    assert_int_equal(
        rill_sock_setsockopt(CLIENT(&pair), listener, RILL_SOL_SOCKET, RILL_SO_TIMESTAMPING, &id, sizeof id),
        -RILL_EINVAL);
    assert_int_equal(
        rill_sock_setsockopt(CLIENT(&pair), datagrams, RILL_SOL_SOCKET, RILL_SO_TIMESTAMPING, &ack, sizeof ack),
        -RILL_EOPNOTSUPP);
    assert_int_equal(ask_for(ack), 0);
    assert_int_equal(rill_sock_getsockopt(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_TIMESTAMPING, &got, &bytes),
                     0);
    assert_int_equal(got, ack);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, connection_open_blocking, connection_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(a_send_is_told_when_it_left_and_when_it_was_acknowledged),
        FACT(what_waits_is_polled_as_an_error),
        FACT(an_epoll_is_told_of_an_edge),
        FACT(numbers_begin_with_what_is_not_acknowledged_or_with_what_is_written_next),
        FACT(numbers_count_what_is_written_before_anything_is_stamped),
        FACT(what_goes_unread_is_told_up_to_a_bound),
        FACT(the_bytes_themselves_are_not_given_back),
        FACT(a_reset_leaves_what_was_told_before_it),
        FACT(what_linux_refuses_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
