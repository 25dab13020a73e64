/* What a connection has carried: rill_status() with rill_config.transfer_counts, and without. */
#include "support/tcp_peer.h"

static void count(struct rill_config *config)
{
    config->transfer_counts = true;
}

static struct rill_status status_of(struct peer *p)
{
    struct rill_status status;

    expect_status_of(p, p->conn, &status);
    return status;
}

static void counting(struct peer *p)
{
    struct peer_setup setup = {.receive_buffer_bytes = 8192, .configure = count};

    peer_open(p, &setup);
    peer_reach(p, RILL_STATE_ESTABLISHED);
}

static void data_counts_also_when_it_comes_again(void **state)
{
    struct peer p;
    (void)state;
    counting(&p);
    peer_send(&p, TCP_ACK, 1, 1, 100);
    peer_send(&p, TCP_ACK, 1, 1, 100);
    assert_int_equal(status_of(&p).data_segments_in, 2);
    peer_forget(&p);
    peer_close(&p);
}

/* A blind guess in other words. */
static void data_beyond_the_window_does_not_count(void **state)
{
    struct peer p;
    (void)state;
    counting(&p);
    peer_send(&p, TCP_ACK, 1, 1, 100);
    peer_advance(&p, 5000);
    peer_send(&p, TCP_ACK, 100000, 1, 100);
    assert_int_equal(status_of(&p).data_segments_in, 1);
    assert_in_range(status_of(&p).received_ms, 5000, 5100);
    peer_forget(&p);
    peer_close(&p);
}

static void nor_does_data_with_an_ack_of_what_was_never_sent(void **state)
{
    struct peer p;
    (void)state;
    counting(&p);
    peer_send(&p, TCP_ACK, 1, 1000, 100);
    assert_int_equal(status_of(&p).data_segments_in, 0);
    peer_forget(&p);
    peer_close(&p);
}

static void a_pure_ack_is_no_data(void **state)
{
    struct peer p;
    (void)state;
    counting(&p);
    peer_send(&p, TCP_ACK, 1, 1, 0);
    peer_send(&p, TCP_ACK, 0, 1, 0); /* a keep-alive probe */
    assert_int_equal(status_of(&p).data_segments_in, 0);
    peer_forget(&p);
    peer_close(&p);
}

/* AccECN keeps its counters in the same block. */
static void nothing_is_told_by_a_stack_that_does_not_count(void **state)
{
    struct rill_status status;
    struct peer p;
    (void)state;
    peer_open(&p, &(struct peer_setup){.ecn = RILL_ECN_ACCURATE});
    assert_int_equal(peer_connect(&p), 0);
    peer_forget(&p);
    peer_send(&p, TCP_SYN | TCP_ACK | TCP_CWR, 0, 1, 0);
    assert_int_equal(peer_user_send(&p, 100), 100);
    peer_send(&p, TCP_ACK | TCP_ECE, 1, 101, 100);
    status = status_of(&p);
    assert_int_equal(status.ecn, RILL_ECN_ACCURATE);
    assert_int_equal(status.data_segments_in, 0);
    assert_int_equal(status.data_segments_out, 0);
    assert_int_equal(status.delivered_segments, 0);
    assert_int_equal(status.bytes_sent, 0);
    assert_int_equal(status.busy_us, 0);
    peer_forget(&p);
    peer_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_counts_also_when_it_comes_again),
        cmocka_unit_test(data_beyond_the_window_does_not_count),
        cmocka_unit_test(nor_does_data_with_an_ack_of_what_was_never_sent),
        cmocka_unit_test(a_pure_ack_is_no_data),
        cmocka_unit_test(nothing_is_told_by_a_stack_that_does_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
