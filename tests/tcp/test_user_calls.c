/*
 * SEND, RECEIVE, CLOSE, ABORT and STATUS from SYN-SENT on (RFC 9293 3.10.2 to
 * 3.10.6), through the native API.
 */
#include "support/segment_rows.h"

static const struct rill_endpoint *the_remote(void)
{
    static struct rill_endpoint remote;

    remote = (struct rill_endpoint){rill_addr4(10, 77, 0, 1), PEER_PORT};
    return &remote;
}

static enum rill_state gone(const struct peer *p)
{
    return p->setup.passive ? RILL_STATE_LISTEN : RILL_STATE_CLOSED;
}

/* Everything that there is is unmoved by a call that was refused. */
static void expect_untouched(struct peer *p, enum rill_state state)
{
    peer_run(p);
    expect_unmoved(p, state);
}

/* -------------------------------------------------------------------- SEND */

static void send_before_established_is_queued(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);
    struct rill_status status;

    (void)variant;
    assert_int_equal(peer_user_send(p, 100), 100);
    expect_unmoved(p, state);
    expect_status_of(p, p->conn, &status);
    assert_int_equal(status.send_queued, 100);
}

static void send_without_room_is_refused(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);

    (void)variant;
    for (unsigned i = 0; peer_user_send(p, 10000) > 0; i++)
        assert_true(i < 20);
    assert_int_equal(peer_user_send(p, 1), -RILL_EAGAIN);
    peer_forget(p);
    expect_untouched(p, state);
}

static void send_sends(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);
    struct rill_status status;
    struct peer_segment segment;

    (void)variant;
    assert_int_equal(peer_user_send(p, 100), 100);
    segment = expect_segment(p, TCP_ACK, 1, p->rcv_nxt, 100);
    assert_int_equal(segment.flags & TCP_PSH, TCP_PSH); /* nothing more is buffered */
    expect_unmoved(p, state);
    expect_status_of(p, p->conn, &status);
    assert_int_equal(status.timer, RILL_TIMER_RETRANSMISSION);
}

static void send_is_cut_into_segments(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);

    (void)variant;
    assert_int_equal(peer_user_send(p, 3000), 3000);
    expect_segment(p, TCP_ACK, 1, p->rcv_nxt, 1460);
    expect_segment(p, TCP_ACK, 1461, p->rcv_nxt, 1460);
    expect_segment(p, TCP_ACK, 2921, p->rcv_nxt, 80);
    expect_unmoved(p, state);
}

static void urgent_send_sets_the_pointer(struct peer *p, unsigned variant)
{
    /* Byte 0 of the stream is what the peer's check expects. */
    uint8_t byte = 0;
    struct peer_segment segment;

    (void)variant;
    assert_int_equal(rill_send(p->stack, p->conn, &byte, 1, RILL_SEND_URGENT), 1);
    peer_run(p);
    segment = expect_segment(p, TCP_ACK | TCP_URG, 1, p->rcv_nxt, 1);
    assert_int_equal(segment.urgent, 1); /* points behind the last urgent byte: RFC 9293 3.8.5 */
    expect_nothing(p);
}

static void send_after_close_is_refused(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);

    (void)variant;
    assert_int_equal(peer_user_send(p, 10), -RILL_EPIPE);
    assert_int_equal(peer_user_send(p, 10), -RILL_EPIPE);
    expect_unmoved(p, state);
}

/* ----------------------------------------------------------------- RECEIVE */

static void receive_with_nothing_is_pending(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);

    (void)variant;
    assert_int_equal(peer_user_receive(p, 10), -RILL_EAGAIN);
    expect_unmoved(p, state);
}

static void receive_opens_the_window_again(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);
    uint32_t rcv_nxt, snd_nxt = p->snd_nxt;

    (void)variant;
    peer_fill_window(p, una_of(p));
    rcv_nxt = p->rcv_nxt;
    assert_int_equal(peer_user_receive(p, 1), 1); /* not worth a segment: RFC 9293 3.8.6.2.2 */
    expect_unmoved(p, state);
    assert_true(peer_user_receive(p, 65536) > 1000);
    assert_true(expect_segment(p, TCP_ACK, snd_nxt, rcv_nxt, 0).window >= 1024);
    expect_unmoved(p, state);
}

static void receive_gives_what_came_then_the_end(struct peer *p, unsigned variant)
{
    (void)variant;
    assert_int_equal(peer_user_receive(p, 10), 0);
    expect_unmoved(p, RILL_STATE_CLOSE_WAIT);
    peer_close(p);
    peer_open(p, &(struct peer_setup){.isn = p->setup.isn, .passive = p->setup.passive});
    peer_reach(p, RILL_STATE_ESTABLISHED);
    peer_send(p, TCP_FIN | TCP_ACK, 1, 1, 100);
    peer_forget(p);
    assert_int_equal(peer_user_receive(p, 60), 60);
    assert_int_equal(peer_user_receive(p, 60), 40);
    assert_int_equal(peer_user_receive(p, 60), 0);
    expect_unmoved(p, RILL_STATE_CLOSE_WAIT);
}

/* Bytes and a FIN come while the connection goes to the state that the row is about. */
static void go_with_text(struct peer *p, enum rill_state state)
{
    struct peer_setup setup = p->setup;

    peer_close(p);
    peer_open(p, &setup);
    peer_reach(p, RILL_STATE_ESTABLISHED);
    if (state == RILL_STATE_LAST_ACK) {
        peer_send(p, TCP_FIN | TCP_ACK, 1, 1, 100);
        assert_int_equal(peer_user_shutdown(p), 0);
    } else {
        assert_int_equal(peer_user_shutdown(p), 0);
        peer_send(p, TCP_FIN | TCP_ACK, 1, state == RILL_STATE_CLOSING ? 1 : 2, 100);
    }
    peer_forget(p);
    expect_state(p, state);
}

/* Deviation from the RFC's "connection closing" on purpose: what came before the FIN is the application's. */
static void receive_after_fin_gives_what_came_then_the_end(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);

    (void)variant;
    assert_int_equal(peer_user_receive(p, 10), 0);
    expect_unmoved(p, state);
    go_with_text(p, state);
    assert_int_equal(peer_user_receive(p, 60), 60);
    assert_int_equal(peer_user_receive(p, 60), 40);
    assert_int_equal(peer_user_receive(p, 60), 0);
    expect_unmoved(p, state);
}

/* ------------------------------------------------------------------- CLOSE */

static void close_in_syn_sent_ends_it(struct peer *p, unsigned variant)
{
    assert_int_equal(peer_user_send(p, 10), 10);
    if (variant == 0) {
        assert_int_equal(peer_user_shutdown(p), 0);
        expect_event(p, p->conn, RILL_CLOSED);
        assert_int_equal(peer_user_send(p, 10), -RILL_EPIPE);
        assert_int_equal(peer_user_receive(p, 10), 0);
    }
    assert_int_equal(peer_user_close(p), 0);
    expect_unmoved(p, RILL_STATE_CLOSED);
    assert_int_equal(peer_user_close(p), -RILL_EBADF);
}

static void close_sends_a_fin(struct peer *p, unsigned variant)
{
    enum rill_state next = peer_state(p) == RILL_STATE_CLOSE_WAIT ? RILL_STATE_LAST_ACK : RILL_STATE_FIN_WAIT_1;
    uint32_t rcv_nxt = p->rcv_nxt;

    if (variant == 0)
        assert_int_equal(peer_user_shutdown(p), 0);
    else
        assert_int_equal(peer_user_close(p), 0);
    expect_segment(p, TCP_FIN | TCP_ACK, 1, rcv_nxt, 0);
    expect_unmoved(p, next);
}

static void close_behind_queued_data_waits(struct peer *p, unsigned variant)
{
    (void)variant;
    assert_int_equal(peer_user_send(p, 100), 100);
    assert_int_equal(peer_user_shutdown(p), 0);
    expect_unmoved(p, RILL_STATE_SYN_RECEIVED);
    assert_int_equal(peer_user_shutdown(p), -RILL_EPIPE);
}

static void close_follows_queued_data(struct peer *p, unsigned variant)
{
    enum rill_state next = peer_state(p) == RILL_STATE_CLOSE_WAIT ? RILL_STATE_LAST_ACK : RILL_STATE_FIN_WAIT_1;
    uint32_t rcv_nxt = p->rcv_nxt;

    (void)variant;
    assert_int_equal(peer_user_send(p, 20000), 20000); /* more than the initial window of ten segments */
    assert_int_equal(peer_user_shutdown(p), 0);
    expect_state(p, next);
    for (uint32_t i = 0; i < 10; i++)
        expect_segment(p, TCP_ACK, 1 + i * 1460, rcv_nxt, 1460);
    expect_unmoved(p, next);
    peer_send(p, TCP_ACK, rcv_nxt, 14601, 0);
    for (uint32_t i = 10; i < 13; i++)
        expect_segment(p, TCP_ACK, 1 + i * 1460, rcv_nxt, 1460);
    expect_segment(p, TCP_FIN | TCP_ACK, 18981, rcv_nxt, 1020);
    expect_unmoved(p, next);
}

/* SHLD-3: the peer learns that its data was lost. */
static void close_with_unread_data_resets(struct peer *p, unsigned variant)
{
    (void)variant;
    peer_send(p, TCP_ACK, 1, 1, 10);
    peer_forget(p);
    assert_int_equal(peer_user_close(p), 0);
    expect_segment(p, TCP_RST | TCP_ACK, 1, 11, 0);
    expect_unmoved(p, gone(p));
}

static void close_again_is_refused(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);

    (void)variant;
    assert_int_equal(peer_user_shutdown(p), -RILL_EPIPE);
    expect_unmoved(p, state);
}

static void letting_go_sends_no_second_fin(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);

    (void)variant;
    assert_int_equal(peer_user_close(p), 0);
    expect_unmoved(p, state);
    assert_int_equal(peer_user_close(p), -RILL_EBADF);
}

/* ------------------------------------------------------------------- ABORT */

static void abort_sends_nothing(struct peer *p, unsigned variant)
{
    (void)variant;
    assert_int_equal(peer_user_abort(p), 0);
    expect_unmoved(p, gone(p));
    assert_int_equal(peer_user_abort(p), -RILL_EBADF);
}

static void abort_sends_rst(struct peer *p, unsigned variant)
{
    uint32_t snd_nxt = p->snd_nxt, rcv_nxt = p->rcv_nxt;
    struct peer_segment rst;

    (void)variant;
    assert_int_equal(peer_user_abort(p), 0);
    rst = expect_segment(p, TCP_RST | TCP_ACK, snd_nxt, rcv_nxt, 0);
    assert_int_equal((rst.options.present & TCP_OPTION_TIMESTAMP) != 0, p->setup.timestamps); /* RFC 7323 3.2 */
    expect_unmoved(p, gone(p));
    assert_int_equal(peer_user_abort(p), -RILL_EBADF);
}

static void abort_drops_what_is_queued(struct peer *p, unsigned variant)
{
    struct rill_memory memory;
    uint32_t rcv_nxt = p->rcv_nxt, snd_nxt;

    (void)variant;
    assert_int_equal(peer_user_send(p, 30000), 30000);
    snd_nxt = p->snd_nxt;
    peer_forget(p);
    assert_int_equal(peer_user_abort(p), 0);
    expect_segment(p, TCP_RST | TCP_ACK, snd_nxt, rcv_nxt, 0);
    expect_unmoved(p, gone(p));
    rill_poll(p->stack, p->now);
    rill_memory(p->stack, &memory);
    assert_int_equal(memory.connections, 0);
    assert_int_equal(memory.buffer_bytes, 0);
}

/* ------------------------------------------------------------------ STATUS */

static void check_status(struct peer *p, const struct rill_status *status, enum rill_state state)
{
    assert_int_equal(status->state, state);
    assert_int_equal(status->local.port, STACK_PORT);
    assert_int_equal(status->remote.port, PEER_PORT);
    assert_true(rill_addr_equal(&status->remote.addr, &the_remote()->addr));
    assert_int_equal(status->snd_nxt, p->iss + p->snd_nxt);
    assert_int_equal(status->snd_una, p->iss + una_of(p));
    assert_int_equal(status->iss, p->iss);
    if (state != RILL_STATE_SYN_SENT) {
        assert_int_equal(status->irs, p->isn);
        assert_int_equal(status->rcv_nxt, p->isn + p->rcv_nxt);
    }
}

static void status_tells_the_state(struct peer *p, unsigned variant)
{
    enum rill_state state = peer_state(p);
    struct rill_status status;
    uint64_t cursor = 0;
    unsigned found = 0;

    (void)variant;
    if (p->conn != 0) {
        expect_status_of(p, p->conn, &status);
        assert_int_equal(status.conn, p->conn);
        check_status(p, &status, state);
    }
    while (rill_list(p->stack, &cursor, &status)) {
        if (status.state == RILL_STATE_LISTEN)
            continue;
        check_status(p, &status, state);
        found++;
    }
    assert_int_equal(found, 1);
    expect_untouched(p, state);
}

static const struct CMUnitTest tests[] = {
    ROW("ST-035 SYN-SENT: send_before_established_is_queued", RILL_STATE_SYN_SENT, ONLY_ACTIVE, 1,
        send_before_established_is_queued),
    ROW("ST-035 SYN-SENT: send_without_room_is_refused", RILL_STATE_SYN_SENT, ONLY_ACTIVE, 1,
        send_without_room_is_refused),
    ROW("ST-036 SYN-SENT: receive_with_nothing_is_pending", RILL_STATE_SYN_SENT, ONLY_ACTIVE, 1,
        receive_with_nothing_is_pending),
    ROW("ST-037 SYN-SENT: close_in_syn_sent_ends_it", RILL_STATE_SYN_SENT, ONLY_ACTIVE, 2, close_in_syn_sent_ends_it),
    ROW("ST-038 SYN-SENT: abort_sends_nothing", RILL_STATE_SYN_SENT, ONLY_ACTIVE, 1, abort_sends_nothing),
    ROW("ST-039 SYN-SENT: status_tells_the_state", RILL_STATE_SYN_SENT, ONLY_ACTIVE, 1, status_tells_the_state),
    ROW("ST-056 SYN-RECEIVED: send_before_established_is_queued", RILL_STATE_SYN_RECEIVED, ONLY_ACTIVE, 1,
        send_before_established_is_queued),
    ROW("ST-056 SYN-RECEIVED: send_without_room_is_refused", RILL_STATE_SYN_RECEIVED, ONLY_ACTIVE, 1,
        send_without_room_is_refused),
    ROW("ST-057 SYN-RECEIVED: receive_with_nothing_is_pending", RILL_STATE_SYN_RECEIVED, ONLY_ACTIVE, 1,
        receive_with_nothing_is_pending),
    ROW("ST-058 SYN-RECEIVED: close_sends_a_fin", RILL_STATE_SYN_RECEIVED, ONLY_ACTIVE, 2, close_sends_a_fin),
    ROW("ST-058 SYN-RECEIVED: close_behind_queued_data_waits", RILL_STATE_SYN_RECEIVED, ONLY_ACTIVE, 1,
        close_behind_queued_data_waits),
    ROW("ST-059 SYN-RECEIVED: abort_sends_rst", RILL_STATE_SYN_RECEIVED, ONLY_ACTIVE, 1, abort_sends_rst),
    ROW("ST-059 SYN-RECEIVED: abort_sends_rst_with_timestamp", RILL_STATE_SYN_RECEIVED, ONLY_ACTIVE | WITH_TIMESTAMPS,
        1, abort_sends_rst),
    ROW("ST-060 SYN-RECEIVED: status_tells_the_state", RILL_STATE_SYN_RECEIVED, 0, 1, status_tells_the_state),
    ROW("ST-084 ESTABLISHED: send_sends", RILL_STATE_ESTABLISHED, 0, 1, send_sends),
    ROW("ST-084 ESTABLISHED: send_is_cut_into_segments", RILL_STATE_ESTABLISHED, 0, 1, send_is_cut_into_segments),
    ROW("ST-084 ESTABLISHED: urgent_send_sets_the_pointer", RILL_STATE_ESTABLISHED, 0, 1, urgent_send_sets_the_pointer),
    ROW("ST-084 ESTABLISHED: send_without_room_is_refused", RILL_STATE_ESTABLISHED, 0, 1, send_without_room_is_refused),
    ROW("ST-085 ESTABLISHED: receive_with_nothing_is_pending", RILL_STATE_ESTABLISHED, 0, 1,
        receive_with_nothing_is_pending),
    ROW("ST-085 ESTABLISHED: receive_opens_the_window_again", RILL_STATE_ESTABLISHED, WITH_SMALL_BUFFER, 1,
        receive_opens_the_window_again),
    ROW("ST-086 ESTABLISHED: close_sends_a_fin", RILL_STATE_ESTABLISHED, 0, 2, close_sends_a_fin),
    ROW("ST-086 ESTABLISHED: close_follows_queued_data", RILL_STATE_ESTABLISHED, 0, 1, close_follows_queued_data),
    ROW("ST-086 ESTABLISHED: close_with_unread_data_resets", RILL_STATE_ESTABLISHED, 0, 1,
        close_with_unread_data_resets),
    ROW("ST-087 ESTABLISHED: abort_sends_rst", RILL_STATE_ESTABLISHED, 0, 1, abort_sends_rst),
    ROW("ST-087 ESTABLISHED: abort_sends_rst_with_timestamp", RILL_STATE_ESTABLISHED, WITH_TIMESTAMPS, 1,
        abort_sends_rst),
    ROW("ST-087 ESTABLISHED: abort_drops_what_is_queued", RILL_STATE_ESTABLISHED, 0, 1, abort_drops_what_is_queued),
    ROW("ST-088 ESTABLISHED: status_tells_the_state", RILL_STATE_ESTABLISHED, 0, 1, status_tells_the_state),
    ROW("ST-121 FIN-WAIT-1: send_after_close_is_refused", RILL_STATE_FIN_WAIT_1, 0, 1, send_after_close_is_refused),
    ROW("ST-122 FIN-WAIT-1: receive_with_nothing_is_pending", RILL_STATE_FIN_WAIT_1, 0, 1,
        receive_with_nothing_is_pending),
    ROW("ST-122 FIN-WAIT-1: receive_opens_the_window_again", RILL_STATE_FIN_WAIT_1, WITH_SMALL_BUFFER, 1,
        receive_opens_the_window_again),
    ROW("ST-123 FIN-WAIT-1: close_again_is_refused", RILL_STATE_FIN_WAIT_1, 0, 1, close_again_is_refused),
    ROW("ST-123 FIN-WAIT-1: letting_go_sends_no_second_fin", RILL_STATE_FIN_WAIT_1, 0, 1,
        letting_go_sends_no_second_fin),
    ROW("ST-124 FIN-WAIT-1: abort_sends_rst", RILL_STATE_FIN_WAIT_1, 0, 1, abort_sends_rst),
    ROW("ST-124 FIN-WAIT-1: abort_sends_rst_with_timestamp", RILL_STATE_FIN_WAIT_1, WITH_TIMESTAMPS, 1,
        abort_sends_rst),
    ROW("ST-125 FIN-WAIT-1: status_tells_the_state", RILL_STATE_FIN_WAIT_1, 0, 1, status_tells_the_state),
    ROW("ST-158 FIN-WAIT-2: send_after_close_is_refused", RILL_STATE_FIN_WAIT_2, 0, 1, send_after_close_is_refused),
    ROW("ST-159 FIN-WAIT-2: receive_with_nothing_is_pending", RILL_STATE_FIN_WAIT_2, 0, 1,
        receive_with_nothing_is_pending),
    ROW("ST-159 FIN-WAIT-2: receive_opens_the_window_again", RILL_STATE_FIN_WAIT_2, WITH_SMALL_BUFFER, 1,
        receive_opens_the_window_again),
    ROW("ST-160 FIN-WAIT-2: close_again_is_refused", RILL_STATE_FIN_WAIT_2, 0, 1, close_again_is_refused),
    ROW("ST-160 FIN-WAIT-2: letting_go_sends_no_second_fin", RILL_STATE_FIN_WAIT_2, 0, 1,
        letting_go_sends_no_second_fin),
    ROW("ST-161 FIN-WAIT-2: abort_sends_rst", RILL_STATE_FIN_WAIT_2, 0, 1, abort_sends_rst),
    ROW("ST-161 FIN-WAIT-2: abort_sends_rst_with_timestamp", RILL_STATE_FIN_WAIT_2, WITH_TIMESTAMPS, 1,
        abort_sends_rst),
    ROW("ST-162 FIN-WAIT-2: status_tells_the_state", RILL_STATE_FIN_WAIT_2, 0, 1, status_tells_the_state),
    ROW("ST-194 CLOSE-WAIT: send_sends", RILL_STATE_CLOSE_WAIT, 0, 1, send_sends),
    ROW("ST-194 CLOSE-WAIT: send_is_cut_into_segments", RILL_STATE_CLOSE_WAIT, 0, 1, send_is_cut_into_segments),
    ROW("ST-194 CLOSE-WAIT: urgent_send_sets_the_pointer", RILL_STATE_CLOSE_WAIT, 0, 1, urgent_send_sets_the_pointer),
    ROW("ST-194 CLOSE-WAIT: send_without_room_is_refused", RILL_STATE_CLOSE_WAIT, 0, 1, send_without_room_is_refused),
    ROW("ST-195 CLOSE-WAIT: receive_gives_what_came_then_the_end", RILL_STATE_CLOSE_WAIT, 0, 1,
        receive_gives_what_came_then_the_end),
    ROW("ST-196 CLOSE-WAIT: close_sends_a_fin", RILL_STATE_CLOSE_WAIT, 0, 2, close_sends_a_fin),
    ROW("ST-196 CLOSE-WAIT: close_follows_queued_data", RILL_STATE_CLOSE_WAIT, 0, 1, close_follows_queued_data),
    ROW("ST-197 CLOSE-WAIT: abort_sends_rst", RILL_STATE_CLOSE_WAIT, 0, 1, abort_sends_rst),
    ROW("ST-197 CLOSE-WAIT: abort_sends_rst_with_timestamp", RILL_STATE_CLOSE_WAIT, WITH_TIMESTAMPS, 1,
        abort_sends_rst),
    ROW("ST-197 CLOSE-WAIT: abort_drops_what_is_queued", RILL_STATE_CLOSE_WAIT, 0, 1, abort_drops_what_is_queued),
    ROW("ST-198 CLOSE-WAIT: status_tells_the_state", RILL_STATE_CLOSE_WAIT, 0, 1, status_tells_the_state),
    ROW("ST-224 CLOSING: send_after_close_is_refused", RILL_STATE_CLOSING, 0, 1, send_after_close_is_refused),
    ROW("ST-225 CLOSING: receive_after_fin_gives_what_came_then_the_end", RILL_STATE_CLOSING, 0, 1,
        receive_after_fin_gives_what_came_then_the_end),
    ROW("ST-226 CLOSING: close_again_is_refused", RILL_STATE_CLOSING, 0, 1, close_again_is_refused),
    ROW("ST-226 CLOSING: letting_go_sends_no_second_fin", RILL_STATE_CLOSING, 0, 1, letting_go_sends_no_second_fin),
    ROW("ST-227 CLOSING: abort_sends_nothing", RILL_STATE_CLOSING, 0, 1, abort_sends_nothing),
    ROW("ST-228 CLOSING: status_tells_the_state", RILL_STATE_CLOSING, 0, 1, status_tells_the_state),
    ROW("ST-254 LAST-ACK: send_after_close_is_refused", RILL_STATE_LAST_ACK, 0, 1, send_after_close_is_refused),
    ROW("ST-255 LAST-ACK: receive_after_fin_gives_what_came_then_the_end", RILL_STATE_LAST_ACK, 0, 1,
        receive_after_fin_gives_what_came_then_the_end),
    ROW("ST-256 LAST-ACK: close_again_is_refused", RILL_STATE_LAST_ACK, 0, 1, close_again_is_refused),
    ROW("ST-256 LAST-ACK: letting_go_sends_no_second_fin", RILL_STATE_LAST_ACK, 0, 1, letting_go_sends_no_second_fin),
    ROW("ST-257 LAST-ACK: abort_sends_nothing", RILL_STATE_LAST_ACK, 0, 1, abort_sends_nothing),
    ROW("ST-258 LAST-ACK: status_tells_the_state", RILL_STATE_LAST_ACK, 0, 1, status_tells_the_state),
    ROW("ST-284 TIME-WAIT: send_after_close_is_refused", RILL_STATE_TIME_WAIT, 0, 1, send_after_close_is_refused),
    ROW("ST-285 TIME-WAIT: receive_after_fin_gives_what_came_then_the_end", RILL_STATE_TIME_WAIT, 0, 1,
        receive_after_fin_gives_what_came_then_the_end),
    ROW("ST-286 TIME-WAIT: close_again_is_refused", RILL_STATE_TIME_WAIT, 0, 1, close_again_is_refused),
    ROW("ST-286 TIME-WAIT: letting_go_sends_no_second_fin", RILL_STATE_TIME_WAIT, 0, 1, letting_go_sends_no_second_fin),
    ROW("ST-287 TIME-WAIT: abort_sends_nothing", RILL_STATE_TIME_WAIT, 0, 1, abort_sends_nothing),
    ROW("ST-288 TIME-WAIT: status_tells_the_state", RILL_STATE_TIME_WAIT, 0, 1, status_tells_the_state),
};

int main(void)
{
    return cmocka_run_group_tests(tests, NULL, NULL);
}
