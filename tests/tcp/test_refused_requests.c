/*
 * The k-th request for memory is refused, for every k that a scenario has:
 * nothing is lost, nothing hangs, nothing is left behind. A pair of stacks,
 * one of which is refused; then the same with five refusals in a row, which no
 * second try in another size survives.
 */
#include <string.h>

#include "rill/udp.h"
#include "support/stack_pair.h"

#define STREAM 30000u
#define CROWD 24u /* connections, more than a SYN queue of 16 takes */
#define REQUESTS_MAX 20000u

/* One end of one connection: writes and reads STREAM bytes, closes when it has both. */
struct life {
    rill_conn conn;
    uint32_t sent, received;
    bool has_shut, saw_end, is_over;
    int error;
};

struct scenario {
    struct pair pair;
    unsigned connections, losses; /* every so-many-th packet is lost; 0: none */
    bool fast_open;
    struct life lives[2][CROWD];
    uint64_t passed;
};

static bool lose_some(void *context, unsigned from, const struct packet_facts *packet)
{
    struct scenario *s = context;

    (void)from;
    (void)packet;
    return s->losses == 0 || ++s->passed % s->losses != 0;
}

static void begin(struct scenario *s, void (*configure)(unsigned side, struct rill_config *config))
{
    memset(s, 0, sizeof *s);
    pair_open(&s->pair, 4u << 20, configure);
    s->pair.pass = lose_some;
    s->pair.context = s;
    s->connections = 1;
}

static void over(struct scenario *s, unsigned side, struct life *life, int error)
{
    life->error = error;
    life->is_over = true;
    assert_int_equal(rill_close(s->pair.stack[side], life->conn), 0);
}

static void write_some(struct scenario *s, unsigned side, struct life *life)
{
    uint8_t data[STREAM];
    int64_t n;

    for (uint32_t k = life->sent; k < STREAM; k++)
        data[k] = pair_byte(k);
    n = rill_send(s->pair.stack[side], life->conn, data + life->sent, STREAM - life->sent, 0);
    if (n > 0)
        life->sent += (uint32_t)n;
    else if (n != -RILL_EAGAIN && n != -RILL_ENOBUFS)
        over(s, side, life, (int)n);
}

static void read_some(struct scenario *s, unsigned side, struct life *life)
{
    uint8_t data[STREAM];
    int64_t n = rill_receive(s->pair.stack[side], life->conn, data, sizeof data, 0);

    for (int64_t k = 0; k < n; k++)
        assert_int_equal(data[k], pair_byte(life->received++));
    if (n == 0) {
        life->saw_end = true;
        assert_int_equal(life->received, STREAM); /* the peer closes when all is sent */
    } else if (n < 0 && n != -RILL_EAGAIN) {
        over(s, side, life, (int)n);
    }
}

/* CLOSE in SYN-SENT would give up the connection (RFC 9293 3.10.4). */
static bool is_open(struct scenario *s, unsigned side, const struct life *life)
{
    struct rill_status status;

    return rill_status(s->pair.stack[side], life->conn, &status) == 0 && status.state != RILL_STATE_SYN_SENT;
}

static void drive(struct scenario *s, unsigned side, struct life *life)
{
    if (life->conn == 0 || life->is_over)
        return;
    if (life->sent < STREAM)
        write_some(s, side, life);
    if (!life->is_over && !life->saw_end)
        read_some(s, side, life);
    if (!life->is_over && life->sent == STREAM && !life->has_shut && is_open(s, side, life)) {
        int result = rill_shutdown(s->pair.stack[side], life->conn);

        life->has_shut = true;
        if (result != 0)
            over(s, side, life, result);
    }
    if (!life->is_over && life->saw_end && life->has_shut)
        over(s, side, life, 0);
}

static void connect_one(struct scenario *s, struct life *life)
{
    struct rill_endpoint remote = {rill_addr4(10, 0, 0, 2), 80};
    struct rill_options options;

    rill_options_default(&options);
    options.flags = s->fast_open ? RILL_OPTION_FAST_OPEN : 0;
    if (rill_tcp_connect(s->pair.stack[0], &remote, &options, &life->conn) != 0)
        life->conn = 0; /* once more, in the next round */
}

static bool all_over(const struct scenario *s, unsigned accepted)
{
    for (unsigned i = 0; i < s->connections; i++)
        if (!s->lives[0][i].is_over)
            return false;
    for (unsigned i = 0; i < accepted; i++)
        if (!s->lives[1][i].is_over)
            return false;
    return true;
}

/* All live and end, in the time that one refusal may cost: a few retransmissions. */
static void live(struct scenario *s)
{
    struct pair *p = &s->pair;
    unsigned accepted = 0;

    for (unsigned round = 0; round < 400 && !all_over(s, accepted); round++) {
        for (unsigned i = 0; i < s->connections; i++)
            if (s->lives[0][i].conn == 0)
                connect_one(s, &s->lives[0][i]);
        pair_settle(p);
        while (accepted < CROWD && pair_accept(p, &s->lives[1][accepted].conn))
            accepted++;
        for (unsigned i = 0; i < CROWD; i++) {
            drive(s, 0, &s->lives[0][i]);
            drive(s, 1, &s->lives[1][i]);
        }
        pair_advance(p, 250);
    }
    if (!all_over(s, accepted))
        fail_msg("a connection hangs");
}

/* What is refused is asked for again: no connection is lost for it. */
static unsigned errors_of(const struct scenario *s)
{
    unsigned errors = 0;

    for (unsigned i = 0; i < s->connections; i++)
        errors += s->lives[0][i].error != 0 || s->lives[1][i].error != 0;
    return errors;
}

static void finish(struct scenario *s)
{
    pair_advance(&s->pair, 1200000);
    pair_expect_baseline(&s->pair);
    pair_close(&s->pair);
}

static void one_connection(struct scenario *s)
{
    begin(s, NULL);
}

static void with_loss(struct scenario *s)
{
    begin(s, NULL);
    s->losses = 7;
}

static void crowd_configure(unsigned side, struct rill_config *config)
{
    (void)side;
    config->send_buffer_bytes = config->receive_buffer_bytes = 32768;
}

/* More SYNs at once than the queue takes: the rest are answered with cookies. */
static void with_cookies(struct scenario *s)
{
    begin(s, crowd_configure);
    s->connections = CROWD;
}

static void with_fast_open(struct scenario *s)
{
    begin(s, NULL);
    assert_int_equal(rill_set_fast_open(s->pair.stack[1], s->pair.listener, 16), 0);
    s->fast_open = true;
    live(s); /* brings the cookie home */
    assert_int_equal(errors_of(s), 0);
    memset(s->lives, 0, sizeof s->lives);
}

/* How many requests the scenario makes on that side, when `after` requests are granted and then `count` are not. */
static uint64_t run(void (*prepare)(struct scenario *), unsigned side, uint64_t after, uint64_t count)
{
    static struct scenario s;
    struct rill_memory before, m;

    prepare(&s);
    rill_memory(s.pair.stack[side], &before);
    rill_refuse_memory(s.pair.stack[side], after, count);
    live(&s);
    rill_memory(s.pair.stack[side], &m);
    if (errors_of(&s) != 0)
        fail_msg("%u connections ended with an error", errors_of(&s));
    finish(&s);
    return m.requests - before.requests;
}

static void sweep(void (*prepare)(struct scenario *), unsigned side, uint64_t stride)
{
    uint64_t requests = run(prepare, side, 0, 0);

    assert_in_range(requests, 20, REQUESTS_MAX);
    for (uint64_t k = 0; k < requests; k += stride)
        run(prepare, side, k, k / stride % 2 == 0 ? 1 : 5);
    for (uint64_t k = 0; k < requests && k < 40; k++)
        run(prepare, side, k, 5);
}

static void RES_09_any_request_refused_to_the_one_who_connects_is_survived(void **state)
{
    (void)state;
    sweep(one_connection, 0, 1);
}

static void RES_09_any_request_refused_to_the_one_who_listens_is_survived(void **state)
{
    (void)state;
    sweep(one_connection, 1, 1);
}

static void RES_09_any_request_refused_while_packets_are_lost_is_survived(void **state)
{
    (void)state;
    sweep(with_loss, 0, 1);
    sweep(with_loss, 1, 1);
}

static void RES_09_any_request_refused_to_a_crowd_with_cookies_is_survived(void **state)
{
    static struct scenario s;
    (void)state;
    with_cookies(&s);
    live(&s);
    assert_true(rill_counted(s.pair.stack[1], RILL_COUNT_TCP_SYN_COOKIES_TAKEN) > 0);
    finish(&s);
    sweep(with_cookies, 0, 19);
    sweep(with_cookies, 1, 19);
}

static void RES_09_any_request_refused_with_fast_open_is_survived(void **state)
{
    static struct scenario s;
    (void)state;
    with_fast_open(&s);
    live(&s);
    assert_int_equal(rill_counted(s.pair.stack[1], RILL_COUNT_TCP_FAST_OPEN_PASSIVE), 1);
    finish(&s);
    sweep(with_fast_open, 0, 1);
    sweep(with_fast_open, 1, 1);
}

/* ---------------------------------------------------------------------- UDP */

static rill_conn bound(struct pair *p, unsigned side)
{
    struct rill_endpoint local = {.port = 9};
    rill_conn conn;

    if (rill_udp_open(p->stack[side], NULL, &conn) != 0)
        return 0;
    if (rill_udp_bind(p->stack[side], conn, &local) == 0)
        return conn;
    assert_int_equal(rill_close(p->stack[side], conn), 0);
    return 0;
}

/* Datagrams may be lost, but those that come are whole, and each comes once and in order. */
static void exchange(struct pair *p, rill_conn conns[2], uint32_t *next, uint32_t *got)
{
    const struct rill_endpoint remote = {rill_addr4(10, 0, 0, 2), 9};
    uint8_t data[1200];
    const struct rill_slice slice = {data, sizeof data};
    int64_t n;

    for (unsigned i = 0; i < 2; i++)
        if (conns[i] == 0)
            conns[i] = bound(p, i);
    memset(data, (int)*next, sizeof data);
    if (conns[0] != 0 && rill_udp_send_to(p->stack[0], conns[0], &remote, &slice, 1, NULL) > 0)
        ++*next;
    pair_advance(p, 10);
    while (conns[1] != 0 && (n = rill_udp_receive_from(p->stack[1], conns[1], data, sizeof data, 0, NULL)) >= 0) {
        assert_int_equal(n, sizeof data);
        assert_in_range(data[0], *got, *next - 1);
        assert_int_equal(data[sizeof data - 1], data[0]);
        *got = data[0] + 1u;
    }
}

static uint64_t run_udp(unsigned side, uint64_t after, uint64_t count)
{
    static struct pair p;
    struct rill_memory before, m;
    rill_conn conns[2] = {0, 0};
    uint32_t next = 0, got = 0, came;

    pair_open(&p, 1u << 20, NULL);
    rill_memory(p.stack[side], &before);
    rill_refuse_memory(p.stack[side], after, count);
    for (unsigned round = 0; round < 30; round++)
        exchange(&p, conns, &next, &got);
    rill_memory(p.stack[side], &m);
    rill_refuse_memory(p.stack[side], 0, 0);
    came = got;
    for (unsigned round = 0; round < 3; round++)
        exchange(&p, conns, &next, &got);
    assert_int_equal(got, next); /* with memory again all come */
    assert_true(got >= came + 3);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(rill_close(p.stack[i], conns[i]), 0);
    pair_advance(&p, 1000);
    pair_expect_baseline(&p);
    pair_close(&p);
    return m.requests - before.requests;
}

static void RES_09_any_request_refused_to_udp_is_survived(void **state)
{
    (void)state;
    for (unsigned side = 0; side < 2; side++) {
        uint64_t requests = run_udp(side, 0, 0);

        assert_in_range(requests, 20, REQUESTS_MAX);
        for (uint64_t k = 0; k < requests; k++) {
            (void)run_udp(side, k, 1);
            (void)run_udp(side, k, 5);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(RES_09_any_request_refused_to_the_one_who_connects_is_survived),
        cmocka_unit_test(RES_09_any_request_refused_to_the_one_who_listens_is_survived),
        cmocka_unit_test(RES_09_any_request_refused_while_packets_are_lost_is_survived),
        cmocka_unit_test(RES_09_any_request_refused_to_a_crowd_with_cookies_is_survived),
        cmocka_unit_test(RES_09_any_request_refused_with_fast_open_is_survived),
        cmocka_unit_test(RES_09_any_request_refused_to_udp_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
