/* TCP Fast Open, the server's side (RFC 7413). */
#include "stack/stack.h"
#include "support/tcp_peer.h"
#include "tcp/connection.h"
#include "tcp/fast_open.h"

#define ASKING_PORT 41000u /* from which the cookie is asked for */

static void listening(struct peer *p, struct peer_setup setup, uint32_t backlog)
{
    setup.passive = true;
    setup.fast_open_backlog = backlog;
    peer_open(p, &setup);
    assert_int_equal(peer_listen(p), 0);
}

static struct peer_packet syn_with(const uint8_t *cookie, uint8_t cookie_bytes, uint32_t data_bytes)
{
    return (struct peer_packet){
        .flags = TCP_SYN, .fast_open = true, .cookie = cookie, .cookie_bytes = cookie_bytes, .data_bytes = data_bytes};
}

/* What the stack's SYN,ACK gives to one who asks; 0 bytes: no option. */
static uint8_t ask_for_cookie(struct peer *p, uint8_t cookie[16])
{
    struct peer_packet syn = syn_with(NULL, 0, 0);
    struct peer_segment answer;

    syn.source_port = ASKING_PORT;
    peer_send_packet(p, &syn);
    answer = expect_segment(p, TCP_SYN | TCP_ACK, 0, 1, 0);
    peer_send_packet(p, &(struct peer_packet){.flags = TCP_RST, .seq = 1, .source_port = ASKING_PORT});
    if ((answer.options.present & TCP_OPTION_FAST_OPEN) == 0)
        return 0;
    memcpy(cookie, answer.cookie, sizeof answer.cookie);
    return answer.options.fast_open_bytes;
}

static void syn_data_with_cookie(struct peer *p, uint32_t data_bytes)
{
    uint8_t cookie[16];
    uint8_t n = ask_for_cookie(p, cookie);
    struct peer_packet syn = syn_with(cookie, n, data_bytes);

    assert_int_equal(n, 8);
    peer_send_packet(p, &syn);
}

/* An early connection with 500 bytes of text, accepted; its SYN,ACK is read. */
static void accept_early(struct peer *p, struct peer_setup setup)
{
    listening(p, setup, 5);
    syn_data_with_cookie(p, 500);
    assert_int_equal(expect_segment(p, TCP_SYN | TCP_ACK, 0, 501, 0).options.present & TCP_OPTION_FAST_OPEN, 0);
    expect_event(p, p->listener, RILL_ACCEPTABLE);
    assert_int_equal(rill_accept(p->stack, p->listener, &p->conn, NULL), 0);
    peer_run(p);
    expect_event(p, p->conn, RILL_READABLE | RILL_WRITABLE);
}

static void without_fast_open_the_option_and_the_data_are_ignored(void **state) /* R7413-1 */
{
    struct peer p;
    uint8_t cookie[16];
    (void)state;
    listening(&p, (struct peer_setup){0}, 0);
    assert_int_equal(ask_for_cookie(&p, cookie), 0);
    peer_send_packet(&p,
                     &(struct peer_packet){
                         .flags = TCP_SYN, .fast_open = true, .cookie = cookie, .cookie_bytes = 8, .data_bytes = 9});
    assert_int_equal(expect_segment(&p, TCP_SYN | TCP_ACK, 0, 1, 0).options.present & TCP_OPTION_FAST_OPEN, 0);
    assert_int_equal(rill_accept(p.stack, p.listener, &p.conn, NULL), -RILL_EAGAIN);
    peer_close(&p);
}

static void a_cookie_is_given_to_one_who_asks(void **state) /* R7413-3 R7413-4 */
{
    struct peer p;
    uint8_t first[16], second[16];
    (void)state;
    listening(&p, (struct peer_setup){0}, 5);
    assert_int_equal(ask_for_cookie(&p, first), 8);
    assert_int_equal(ask_for_cookie(&p, second), 8);
    assert_memory_equal(first, second, 8);
    peer_close(&p);
}

static void data_in_a_syn_with_a_good_cookie_is_there_at_once(void **state) /* R7413-5 */
{
    (void)state;
    for (unsigned i = 0; i < PEER_CORNERS; i++) {
        struct rill_status status;
        struct peer p;

        accept_early(&p, peer_corner(i));
        expect_state(&p, RILL_STATE_SYN_RECEIVED);
        expect_status_of(&p, p.conn, &status);
        assert_true(status.syn_data);
        assert_int_equal(peer_user_receive(&p, 1000), 500);
        assert_int_equal(peer_user_send(&p, 700), 700);
        expect_segment(&p, TCP_ACK, 1, 501, 700);
        peer_send(&p, TCP_ACK, 501, 701, 0);
        expect_state(&p, RILL_STATE_ESTABLISHED);
        expect_event(&p, p.conn, RILL_ESTABLISHED | RILL_WRITABLE | RILL_SENT);
        expect_nothing(&p);
        peer_close(&p);
    }
}

static void an_early_connection_goes_on_as_any_other(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PEER_CORNERS; i++) {
        struct peer p;

        accept_early(&p, peer_corner(i));
        peer_send(&p, TCP_ACK, 501, 1, 300);
        expect_ack(&p, 801);
        assert_int_equal(peer_user_receive(&p, 1000), 800);
        peer_send(&p, TCP_FIN | TCP_ACK, 801, 1, 0);
        expect_ack(&p, 802);
        assert_int_equal(peer_user_close(&p), 0);
        expect_segment(&p, TCP_FIN | TCP_ACK, 1, 802, 0);
        peer_send(&p, TCP_ACK, 802, 2, 0);
        expect_state(&p, RILL_STATE_LISTEN);
        peer_close(&p);
    }
}

static void a_cookie_without_data_opens_too(void **state)
{
    struct peer p;
    (void)state;
    listening(&p, (struct peer_setup){0}, 5);
    syn_data_with_cookie(&p, 0);
    expect_segment(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
    assert_int_equal(rill_accept(p.stack, p.listener, &p.conn, NULL), 0);
    assert_int_equal(peer_user_receive(&p, 10), -RILL_EAGAIN);
    assert_int_equal(peer_user_send(&p, 100), 100); /* one who speaks first gains as well */
    expect_segment(&p, TCP_ACK, 1, 1, 100);
    peer_close(&p);
}

static void a_bad_cookie_gets_a_good_one_and_its_data_is_dropped(void **state) /* R7413-6 */
{
    struct peer p;
    uint8_t good[16], bad[16] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct peer_segment answer;
    struct peer_packet syn = syn_with(bad, 8, 500);
    (void)state;
    listening(&p, (struct peer_setup){0}, 5);
    assert_int_equal(ask_for_cookie(&p, good), 8);
    peer_send_packet(&p, &syn);
    answer = expect_segment(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
    assert_int_equal(answer.options.fast_open_bytes, 8);
    assert_memory_equal(answer.cookie, good, 8);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_FAST_OPEN_BAD_COOKIE), 1);
    assert_int_equal(rill_accept(p.stack, p.listener, &p.conn, NULL), -RILL_EAGAIN);
    peer_send(&p, TCP_ACK, 1, 1, 500); /* the data again, with the last ACK */
    assert_int_equal(rill_accept(p.stack, p.listener, &p.conn, NULL), 0);
    assert_int_equal(peer_user_receive(&p, 1000), 500);
    peer_close(&p);
}

static void a_cookie_of_another_length_is_a_bad_one(void **state)
{
    (void)state;
    for (uint8_t bytes = 4; bytes <= 16; bytes = (uint8_t)(bytes + 2)) {
        struct peer p;
        uint8_t cookie[16] = {0};
        struct peer_packet syn = syn_with(cookie, bytes, 10);

        listening(&p, (struct peer_setup){0}, 5);
        assert_int_equal(ask_for_cookie(&p, cookie), 8);
        peer_send_packet(&p, &syn);
        expect_segment(&p, TCP_SYN | TCP_ACK, 0, bytes == 8 ? 11 : 1, 0);
        peer_close(&p);
    }
}

static struct fast_open_answer judged(struct peer *p, const uint8_t cookie[8], struct rill_addr client)
{
    struct tcp *tcp = &p->stack->tcp;
    struct ip_packet packet = {.source = client, .destination = rill_addr4(10, 77, 0, 2)};
    struct arrival arrival = {.packet = &packet};
    struct fast_open_answer answer;

    arrival.seg.options.present = TCP_OPTION_FAST_OPEN;
    arrival.seg.options.fast_open_bytes = 8;
    arrival.seg.options.fast_open_cookie = cookie;
    fast_open_judge(tcp, listener_from_handle(tcp, p->listener), &arrival, &answer);
    return answer;
}

static void a_cookie_is_good_for_one_address_only(void **state) /* R7413-3 */
{
    struct rill_addr six = {{0xfd, 0x77, [15] = 1}};
    struct peer p;
    uint8_t cookie[16];
    (void)state;
    listening(&p, (struct peer_setup){0}, 5);
    assert_int_equal(ask_for_cookie(&p, cookie), 8);
    assert_true(judged(&p, cookie, rill_addr4(10, 77, 0, 1)).opens);
    assert_false(judged(&p, cookie, rill_addr4(10, 77, 0, 3)).opens);
    assert_false(judged(&p, cookie, six).opens);
    assert_true(judged(&p, judged(&p, cookie, six).cookie, six).opens);
    for (unsigned bit = 0; bit < 64; bit++) {
        cookie[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(judged(&p, cookie, rill_addr4(10, 77, 0, 1)).opens);
        cookie[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    peer_close(&p);
}

static void short_key_life(struct rill_config *config)
{
    config->fast_open_key_ms = 100000;
}

static void a_cookie_of_the_key_before_opens_and_is_replaced(void **state) /* R7413-3 */
{
    struct peer p;
    uint8_t cookie[16];
    struct peer_packet syn = syn_with(cookie, 8, 100);
    struct peer_segment answer;
    (void)state;
    listening(&p, (struct peer_setup){.configure = short_key_life}, 5);
    assert_int_equal(ask_for_cookie(&p, cookie), 8);
    peer_advance(&p, 100000);
    peer_send_packet(&p, &syn);
    answer = expect_segment(&p, TCP_SYN | TCP_ACK, 0, 101, 0);
    assert_int_equal(answer.options.fast_open_bytes, 8);
    assert_memory_not_equal(answer.cookie, cookie, 8);
    peer_send(&p, TCP_ACK, 101, 1, 0);
    peer_advance(&p, 100000);
    syn.source_port = 41001;
    peer_send_packet(&p, &syn);
    expect_segment(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
    peer_close(&p);
}

static void two_keys_that_are_given_hold_until_they_are_replaced(void **state)
{
    static const uint8_t keys[3][RILL_FAST_OPEN_KEY_BYTES] = {{1}, {2}, {3}};
    struct peer p;
    uint8_t cookie[16];
    struct fast_open_answer answer;
    (void)state;
    listening(&p, (struct peer_setup){.configure = short_key_life}, 5);
    assert_int_equal(rill_set_fast_open_keys(p.stack, keys, 3), -RILL_EINVAL);
    assert_int_equal(rill_set_fast_open_keys(p.stack, &keys[1], 1), 0);
    assert_int_equal(ask_for_cookie(&p, cookie), 8);
    peer_advance(&p, 500000); /* they do not change by themselves */
    assert_true(judged(&p, cookie, rill_addr4(10, 77, 0, 1)).opens);
    assert_int_equal(rill_set_fast_open_keys(p.stack, keys, 2), 0);
    answer = judged(&p, cookie, rill_addr4(10, 77, 0, 1));
    assert_true(answer.opens && answer.gives_cookie);
    assert_int_equal(rill_set_fast_open_keys(p.stack, keys, 1), 0);
    assert_false(judged(&p, cookie, rill_addr4(10, 77, 0, 1)).opens);
    assert_int_equal(rill_set_fast_open_keys(p.stack, NULL, 0), 0);
    assert_false(judged(&p, cookie, rill_addr4(10, 77, 0, 1)).opens);
    peer_close(&p);
}

static void more_than_the_limit_are_opened_as_usual(void **state) /* R7413-7 */
{
    struct peer p;
    uint8_t cookie[16];
    struct peer_packet syn = syn_with(cookie, 8, 100);
    struct peer_segment answer;
    (void)state;
    listening(&p, (struct peer_setup){0}, 1);
    assert_int_equal(ask_for_cookie(&p, cookie), 8);
    peer_send_packet(&p, &syn);
    expect_segment(&p, TCP_SYN | TCP_ACK, 0, 101, 0);
    syn.source_port = 41001;
    peer_send_packet(&p, &syn);
    answer = expect_segment(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
    assert_int_equal(answer.options.present & TCP_OPTION_FAST_OPEN, 0);
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_FAST_OPEN_LIMITED), 1);
    peer_close(&p);
}

static void the_last_ack_frees_its_place(void **state) /* R7413-7 */
{
    struct peer p;
    uint8_t cookie[16];
    struct peer_packet syn = syn_with(cookie, 8, 100);
    (void)state;
    listening(&p, (struct peer_setup){0}, 1);
    assert_int_equal(ask_for_cookie(&p, cookie), 8);
    for (uint16_t port = 41001; port < 41010; port++) {
        syn.source_port = port;
        peer_send_packet(&p, &syn);
        expect_segment(&p, TCP_SYN | TCP_ACK, 0, 101, 0);
        peer_send_packet(&p, &(struct peer_packet){.flags = TCP_ACK, .seq = 101, .ack = 1, .source_port = port});
        if (port == 41005) /* whether it is accepted or not */
            assert_int_equal(rill_accept(p.stack, p.listener, &p.conn, NULL), 0);
    }
    peer_close(&p);
}

static void a_reset_behind_the_data_ends_it_and_counts_for_a_minute(void **state) /* R7413-11 */
{
    struct peer p;
    uint8_t cookie[16];
    struct peer_packet syn = syn_with(cookie, 8, 100);
    (void)state;
    listening(&p, (struct peer_setup){0}, 1);
    assert_int_equal(ask_for_cookie(&p, cookie), 8);
    peer_send_packet(&p, &syn);
    expect_segment(&p, TCP_SYN | TCP_ACK, 0, 101, 0);
    assert_int_equal(rill_accept(p.stack, p.listener, &p.conn, NULL), 0);
    peer_send(&p, TCP_RST, 102, 0, 0); /* not at RCV.NXT: a challenge ACK, as anywhere */
    expect_ack(&p, 101);
    peer_forget(&p);
    peer_send(&p, TCP_RST, 101, 0, 0);
    expect_event_error(&p, p.conn, RILL_RESET | RILL_CLOSED, -RILL_ECONNRESET);
    expect_state(&p, RILL_STATE_LISTEN);
    peer_advance(&p, 59000);
    peer_send_packet(&p, &syn);
    expect_segment(&p, TCP_SYN | TCP_ACK, 0, 1, 0); /* RFC 7413 5.1: it still counts */
    peer_send(&p, TCP_RST, 1, 0, 0);
    peer_advance(&p, 1001);
    peer_send_packet(&p, &syn);
    expect_segment(&p, TCP_SYN | TCP_ACK, 0, 101, 0);
    peer_close(&p);
}

static void the_same_syn_again_gets_a_plain_syn_ack(void **state) /* R7413-11 */
{
    (void)state;
    for (unsigned i = 0; i < PEER_CORNERS; i++) {
        struct peer p;

        accept_early(&p, peer_corner(i));
        peer_send(&p, TCP_SYN, 0, 0, 0);
        expect_segment(&p, TCP_SYN | TCP_ACK, 0, 501, 0);
        peer_send(&p, TCP_SYN, 0, 0, 500);
        expect_segment(&p, TCP_SYN | TCP_ACK, 0, 501, 0);
        assert_int_equal(peer_user_receive(&p, 1000), 500);
        assert_int_equal(peer_user_receive(&p, 1000), -RILL_EAGAIN);
        peer_close(&p);
    }
}

static void a_syn_ack_sent_again_is_plain(void **state) /* R7413-9 */
{
    struct peer p;
    uint8_t cookie[16];
    struct peer_packet syn = syn_with(NULL, 0, 0);
    struct peer_segment again;
    (void)state;
    listening(&p, (struct peer_setup){0}, 5);
    peer_send_packet(&p, &syn); /* asks */
    assert_int_equal(expect_segment(&p, TCP_SYN | TCP_ACK, 0, 1, 0).options.fast_open_bytes, 8);
    peer_advance(&p, 1000);
    again = expect_segment(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
    assert_int_equal(again.options.present & TCP_OPTION_FAST_OPEN, 0);
    peer_send(&p, TCP_RST, 1, 0, 0);
    assert_int_equal(ask_for_cookie(&p, cookie), 8);
    syn = syn_with(cookie, 8, 100);
    peer_send_packet(&p, &syn);
    expect_segment(&p, TCP_SYN | TCP_ACK, 0, 101, 0);
    assert_int_equal(rill_accept(p.stack, p.listener, &p.conn, NULL), 0);
    assert_int_equal(peer_user_send(&p, 100), 100);
    expect_segment(&p, TCP_ACK, 1, 101, 100);
    peer_advance(&p, 1000);
    again = expect_segment(&p, TCP_SYN | TCP_ACK, 0, 101, 0); /* without the text */
    assert_int_equal(again.options.present & TCP_OPTION_FAST_OPEN, 0);
    expect_nothing(&p);
    peer_send(&p, TCP_ACK, 101, 1, 0);
    peer_advance(&p, 3000); /* RFC 6298 5.7 */
    expect_segment(&p, TCP_ACK, 1, 101, 100);
    peer_close(&p);
}

static void an_early_connection_waits_as_long_as_a_half_open_one(void **state)
{
    struct peer p;
    struct rill_memory memory;
    (void)state;
    accept_early(&p, (struct peer_setup){0});
    for (unsigned i = 0; i < 5; i++) {
        peer_advance(&p, 1000ull << i);
        expect_segment(&p, TCP_SYN | TCP_ACK, 0, 501, 0);
    }
    peer_advance(&p, 32000);
    expect_event_error(&p, p.conn, RILL_SOFT_ERROR | RILL_RESET | RILL_CLOSED, -RILL_ETIMEDOUT);
    expect_nothing(&p);
    assert_int_equal(peer_user_close(&p), 0);
    rill_memory(p.stack, &memory);
    assert_int_equal(memory.connections, 0);
    peer_close(&p);
}

static void what_goes_before_the_last_ack_is_an_initial_window(void **state) /* R7413-10 */
{
    struct peer p;
    uint32_t sent = 0;
    (void)state;
    accept_early(&p, (struct peer_setup){.send_buffer_bytes = 262144});
    assert_int_equal(peer_user_send(&p, 60000), 60000);
    while (p.sent_first < p.sent_count) {
        sent += p.sent[p.sent_first].data_bytes;
        p.sent_first++;
    }
    assert_in_range(sent, 9 * 1460, 10 * 1460);
    peer_close(&p);
}

static void a_small_window_in_the_syn_holds_the_response_back(void **state)
{
    struct peer p;
    (void)state;
    accept_early(&p, (struct peer_setup){.window = 700});
    assert_int_equal(peer_user_send(&p, 1000), 1000);
    expect_segment(&p, TCP_ACK, 1, 501, 700);
    expect_nothing(&p);
    peer_close(&p);
}

static void a_response_and_a_close_wait_for_the_last_ack_with_the_fin(void **state) /* RFC 9293 3.10.4 */
{
    struct peer p;
    (void)state;
    accept_early(&p, (struct peer_setup){0});
    assert_int_equal(peer_user_receive(&p, 1000), 500);
    assert_int_equal(peer_user_send(&p, 100), 100);
    assert_int_equal(peer_user_close(&p), 0);
    expect_segment(&p, TCP_ACK, 1, 501, 100);
    expect_nothing(&p);
    peer_send(&p, TCP_ACK, 501, 101, 0);
    expect_segment(&p, TCP_FIN | TCP_ACK, 101, 501, 0);
    expect_state(&p, RILL_STATE_FIN_WAIT_1);
    peer_close(&p);
}

static void a_close_without_a_response_sends_the_fin_at_once(void **state)
{
    struct peer p;
    (void)state;
    accept_early(&p, (struct peer_setup){0});
    assert_int_equal(peer_user_receive(&p, 1000), 500);
    assert_int_equal(peer_user_close(&p), 0);
    expect_segment(&p, TCP_FIN | TCP_ACK, 1, 501, 0);
    expect_state(&p, RILL_STATE_FIN_WAIT_1);
    peer_send(&p, TCP_ACK, 501, 2, 0);
    expect_state(&p, RILL_STATE_FIN_WAIT_2);
    peer_close(&p);
}

static void closing_with_unread_data_resets(void **state) /* SHLD-3 */
{
    struct peer p;
    (void)state;
    accept_early(&p, (struct peer_setup){0});
    assert_int_equal(peer_user_close(&p), 0);
    expect_segment(&p, TCP_RST | TCP_ACK, 1, 501, 0);
    expect_state(&p, RILL_STATE_LISTEN);
    peer_close(&p);
}

static void an_early_connection_outlives_its_listener(void **state)
{
    struct peer p;
    struct rill_memory memory;
    (void)state;
    accept_early(&p, (struct peer_setup){0});
    assert_int_equal(rill_close(p.stack, p.listener), 0);
    peer_run(&p);
    peer_send(&p, TCP_ACK, 501, 1, 0);
    expect_state(&p, RILL_STATE_ESTABLISHED);
    rill_memory(p.stack, &memory);
    assert_int_equal(memory.listeners, 0);
    peer_close(&p);
}

static void closing_a_listener_resets_early_ones_that_wait(void **state)
{
    struct peer p;
    struct rill_memory memory;
    (void)state;
    listening(&p, (struct peer_setup){0}, 5);
    syn_data_with_cookie(&p, 100);
    expect_segment(&p, TCP_SYN | TCP_ACK, 0, 101, 0);
    assert_int_equal(rill_close(p.stack, p.listener), 0);
    peer_run(&p);
    expect_segment(&p, TCP_RST | TCP_ACK, 1, 101, 0);
    rill_memory(p.stack, &memory);
    assert_int_equal(memory.listeners, 0);
    assert_int_equal(memory.connections, 0);
    peer_close(&p);
}

static void a_syn_with_fin_opens_nothing_whatever_its_cookie(void **state)
{
    struct peer p;
    uint8_t cookie[16];
    struct peer_packet syn = syn_with(cookie, 8, 100);
    (void)state;
    listening(&p, (struct peer_setup){0}, 5);
    assert_int_equal(ask_for_cookie(&p, cookie), 8);
    syn.flags = TCP_SYN | TCP_FIN;
    peer_send_packet(&p, &syn);
    expect_nothing(&p);
    peer_close(&p);
}

static void text_beyond_the_first_window_is_not_acknowledged(void **state)
{
    struct peer p;
    (void)state;
    listening(&p, (struct peer_setup){.receive_buffer_bytes = 4096}, 5);
    syn_data_with_cookie(&p, 2500);
    expect_segment(&p, TCP_SYN | TCP_ACK, 0, 2049, 0);
    peer_close(&p);
}

static void the_experimental_number_is_answered_in_kind(void **state) /* RFC 7413 appendix A */
{
    struct peer p;
    struct peer_packet syn = syn_with(NULL, 0, 0);
    struct peer_segment answer;
    (void)state;
    listening(&p, (struct peer_setup){0}, 5);
    syn.experimental = true;
    syn.source_port = ASKING_PORT;
    peer_send_packet(&p, &syn);
    answer = expect_segment(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
    assert_true(answer.options.fast_open_experimental);
    assert_int_equal(answer.options.fast_open_bytes, 8);
    syn = syn_with(answer.cookie, 8, 100);
    syn.experimental = true;
    peer_send_packet(&p, &syn);
    expect_segment(&p, TCP_SYN | TCP_ACK, 0, 101, 0);
    peer_close(&p);
}

static void flood(struct peer *p)
{
    for (uint16_t port = 50000; port < 50200; port++) {
        peer_forget(p);
        peer_send_packet(p, &(struct peer_packet){.flags = TCP_SYN, .source_port = port});
    }
    peer_forget(p);
}

static void a_full_syn_queue_does_not_stop_one_with_a_cookie(void **state)
{
    struct peer p;
    uint8_t cookie[16];
    struct peer_packet syn = syn_with(cookie, 8, 100);
    (void)state;
    listening(&p, (struct peer_setup){0}, 5);
    assert_int_equal(ask_for_cookie(&p, cookie), 8);
    flood(&p);
    assert_true(rill_counted(p.stack, RILL_COUNT_TCP_SYN_COOKIES_SENT) > 0);
    peer_send_packet(&p, &syn);
    expect_segment(&p, TCP_SYN | TCP_ACK, 0, 101, 0);
    peer_close(&p);
}

static void a_syn_cookie_and_a_fast_open_cookie_go_together(void **state)
{
    struct peer p;
    uint8_t cookie[16];
    (void)state;
    listening(&p, (struct peer_setup){0}, 5);
    flood(&p);
    assert_int_equal(ask_for_cookie(&p, cookie), 8);
    peer_close(&p);
}

static void a_full_accept_queue_takes_no_early_one(void **state)
{
    struct peer p;
    uint8_t cookie[16];
    struct peer_packet syn = syn_with(cookie, 8, 100);
    rill_conn conn;
    (void)state;
    listening(&p, (struct peer_setup){0}, 1000);
    assert_int_equal(ask_for_cookie(&p, cookie), 8);
    for (uint16_t port = 42000; port < 42300; port++) {
        peer_forget(&p);
        syn.source_port = port;
        peer_send_packet(&p, &syn);
    }
    assert_int_equal(rill_counted(p.stack, RILL_COUNT_TCP_FAST_OPEN_PASSIVE), 129); /* the backlog and one */
    for (unsigned i = 0; i < 129; i++)
        assert_int_equal(rill_accept(p.stack, p.listener, &conn, NULL), 0);
    peer_close(&p);
}

static void fast_open_of_a_listener_can_be_turned_on_and_off(void **state) /* R7413-1 */
{
    struct peer p;
    uint8_t cookie[16];
    (void)state;
    listening(&p, (struct peer_setup){0}, 0);
    assert_int_equal(ask_for_cookie(&p, cookie), 0);
    assert_int_equal(rill_set_fast_open(p.stack, p.listener, 3), 0);
    assert_int_equal(ask_for_cookie(&p, cookie), 8);
    assert_int_equal(rill_set_fast_open(p.stack, p.listener, 0), 0);
    assert_int_equal(ask_for_cookie(&p, cookie), 0);
    assert_int_equal(rill_set_fast_open(p.stack, p.listener + 1, 3), -RILL_EBADF);
    peer_close(&p);
}

static void all_listeners(struct rill_config *config)
{
    config->fast_open = RILL_FAST_OPEN_SERVER | RILL_FAST_OPEN_ALL_LISTENERS;
}

static void client_only(struct rill_config *config)
{
    config->fast_open = RILL_FAST_OPEN_CLIENT;
}

static void the_stack_may_turn_it_on_for_all_or_forbid_it(void **state)
{
    struct peer p;
    uint8_t cookie[16];
    (void)state;
    listening(&p, (struct peer_setup){.configure = all_listeners}, 0);
    assert_int_equal(ask_for_cookie(&p, cookie), 8);
    peer_close(&p);
    listening(&p, (struct peer_setup){.configure = client_only}, 5);
    assert_int_equal(ask_for_cookie(&p, cookie), 0);
    peer_close(&p);
}

static void a_new_incarnation_may_bring_data_in_its_syn(void **state) /* RFC 6191 */
{
    (void)state;
    for (unsigned i = 0; i < PEER_CORNERS; i++) {
        struct peer_setup setup = peer_corner(i);
        struct peer p;
        uint8_t cookie[16];
        struct peer_packet syn = syn_with(cookie, 8, 100);

        setup.timestamps = true;
        listening(&p, setup, 5);
        assert_int_equal(ask_for_cookie(&p, cookie), 8);
        peer_send(&p, TCP_SYN, 0, 0, 0);
        expect_segment(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
        peer_send(&p, TCP_ACK, 1, 1, 0);
        assert_int_equal(rill_accept(p.stack, p.listener, &p.conn, NULL), 0);
        assert_int_equal(peer_user_close(&p), 0);
        expect_segment(&p, TCP_FIN | TCP_ACK, 1, 1, 0);
        peer_send(&p, TCP_FIN | TCP_ACK, 1, 2, 0);
        expect_segment(&p, TCP_ACK, 2, 2, 0);
        expect_state(&p, RILL_STATE_TIME_WAIT);
        peer_advance(&p, 2000);
        p.isn += 1000;
        peer_forget(&p);
        peer_send_packet(&p, &syn);
        expect_segment(&p, TCP_SYN | TCP_ACK, 0, 101, 0);
        peer_close(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_fast_open_the_option_and_the_data_are_ignored),
        cmocka_unit_test(a_cookie_is_given_to_one_who_asks),
        cmocka_unit_test(data_in_a_syn_with_a_good_cookie_is_there_at_once),
        cmocka_unit_test(an_early_connection_goes_on_as_any_other),
        cmocka_unit_test(a_cookie_without_data_opens_too),
        cmocka_unit_test(a_bad_cookie_gets_a_good_one_and_its_data_is_dropped),
        cmocka_unit_test(a_cookie_of_another_length_is_a_bad_one),
        cmocka_unit_test(a_cookie_is_good_for_one_address_only),
        cmocka_unit_test(a_cookie_of_the_key_before_opens_and_is_replaced),
        cmocka_unit_test(two_keys_that_are_given_hold_until_they_are_replaced),
        cmocka_unit_test(more_than_the_limit_are_opened_as_usual),
        cmocka_unit_test(the_last_ack_frees_its_place),
        cmocka_unit_test(a_reset_behind_the_data_ends_it_and_counts_for_a_minute),
        cmocka_unit_test(the_same_syn_again_gets_a_plain_syn_ack),
        cmocka_unit_test(a_syn_ack_sent_again_is_plain),
        cmocka_unit_test(an_early_connection_waits_as_long_as_a_half_open_one),
        cmocka_unit_test(what_goes_before_the_last_ack_is_an_initial_window),
        cmocka_unit_test(a_small_window_in_the_syn_holds_the_response_back),
        cmocka_unit_test(a_response_and_a_close_wait_for_the_last_ack_with_the_fin),
        cmocka_unit_test(a_close_without_a_response_sends_the_fin_at_once),
        cmocka_unit_test(closing_with_unread_data_resets),
        cmocka_unit_test(an_early_connection_outlives_its_listener),
        cmocka_unit_test(closing_a_listener_resets_early_ones_that_wait),
        cmocka_unit_test(a_syn_with_fin_opens_nothing_whatever_its_cookie),
        cmocka_unit_test(text_beyond_the_first_window_is_not_acknowledged),
        cmocka_unit_test(the_experimental_number_is_answered_in_kind),
        cmocka_unit_test(a_full_syn_queue_does_not_stop_one_with_a_cookie),
        cmocka_unit_test(a_syn_cookie_and_a_fast_open_cookie_go_together),
        cmocka_unit_test(a_full_accept_queue_takes_no_early_one),
        cmocka_unit_test(fast_open_of_a_listener_can_be_turned_on_and_off),
        cmocka_unit_test(the_stack_may_turn_it_on_for_all_or_forbid_it),
        cmocka_unit_test(a_new_incarnation_may_bring_data_in_its_syn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
