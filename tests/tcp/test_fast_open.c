/* TCP Fast Open, the server's side (RFC 7413). */
#include "support/tcp_peer.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_fast_open_the_option_and_the_data_are_ignored),
        cmocka_unit_test(a_cookie_is_given_to_one_who_asks),
        cmocka_unit_test(data_in_a_syn_with_a_good_cookie_is_there_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
