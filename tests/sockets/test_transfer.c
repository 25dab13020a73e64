/*
 * Whole transfers through edge-triggered epoll: nothing is lost, nobody
 * sleeps for ever, and nothing buffers without limit.
 */
#include "sockets/pair.h"

#define BYTES (3u << 20)
#define BUFFER 8192

static struct pair pair;

/* One end: sends BYTES, receives BYTES, each as far as its epoll tells it to. */
struct party {
    struct rill_sockets *s;
    int fd, epoll;
    uint32_t sent, received;
    uint32_t seed;
    bool shut, ended, may_send, may_receive;
};

static uint8_t byte_at(uint32_t seed, uint32_t offset)
{
    return (uint8_t)((offset + seed) * 2654435761u >> 19);
}

static void set_number(struct rill_sockets *s, int fd, int level, int name, int value)
{
    assert_int_equal(rill_sock_setsockopt(s, fd, level, name, &value, sizeof value), 0);
}

static void party_begin(struct party *p, struct rill_sockets *s, int fd, uint32_t seed)
{
    struct rill_epoll_event event = {RILL_EPOLLIN | RILL_EPOLLOUT | RILL_EPOLLRDHUP | RILL_EPOLLET, 5};

    *p = (struct party){.s = s, .fd = fd, .epoll = rill_sock_epoll_create(s, 0), .seed = seed};
    set_number(s, fd, RILL_SOL_SOCKET, RILL_SO_SNDBUF, BUFFER);
    set_number(s, fd, RILL_SOL_SOCKET, RILL_SO_RCVBUF, BUFFER);
    assert_int_equal(rill_sock_epoll_ctl(s, p->epoll, RILL_EPOLL_CTL_ADD, fd, &event), 0);
}

static void party_send(struct party *p)
{
    uint8_t data[3000];

    while (p->may_send && p->sent < BYTES) {
        uint32_t wanted = BYTES - p->sent < sizeof data ? BYTES - p->sent : (uint32_t)sizeof data;
        struct rill_iovec iov[3];
        int64_t n;

        for (uint32_t i = 0; i < wanted; i++)
            data[i] = byte_at(p->seed, p->sent + i);
        iov[0] = (struct rill_iovec){data, wanted / 3};
        iov[1] = (struct rill_iovec){NULL, 0};
        iov[2] = (struct rill_iovec){data + wanted / 3, wanted - wanted / 3};
        n = rill_sock_writev(p->s, p->fd, iov, 3);
        assert_true(n > 0 || n == -RILL_EAGAIN);
        p->may_send = n == (int64_t)wanted;
        p->sent += n > 0 ? (uint32_t)n : 0;
    }
    if (p->sent == BYTES && !p->shut) {
        assert_int_equal(rill_sock_shutdown(p->s, p->fd, RILL_SHUT_WR), 0);
        p->shut = true;
    }
}

static void party_receive(struct party *p, uint32_t other_seed)
{
    uint8_t data[5000];

    while (p->may_receive && !p->ended) {
        struct rill_iovec iov[2] = {{data, 1000}, {data + 1000, 4000}};
        int64_t n = rill_sock_readv(p->s, p->fd, iov, 2);

        assert_true(n >= 0 || n == -RILL_EAGAIN);
        p->may_receive = n > 0;
        p->ended = n == 0;
        for (int64_t i = 0; i < n; i++)
            assert_int_equal(data[i], byte_at(other_seed, p->received + (uint32_t)i));
        p->received += n > 0 ? (uint32_t)n : 0;
    }
}

static void party_act(struct party *p, uint32_t other_seed)
{
    struct rill_epoll_event event;

    while (rill_sock_epoll_wait(p->s, p->epoll, &event, 1, 0) == 1) {
        assert_int_equal(event.data, 5);
        assert_int_equal(event.events & RILL_EPOLLERR, 0);
        p->may_send |= (event.events & RILL_EPOLLOUT) != 0;
        p->may_receive |= (event.events & RILL_EPOLLIN) != 0;
    }
    party_send(p);
    party_receive(p, other_seed);
}

static void megabytes_pass_both_ways_on_edges_alone(void **state)
{
    struct party a, b;
    int server, client;

    (void)state;
    pair_open(&pair);
    pair_connection(&pair, &server, &client);
    party_begin(&a, SERVER(&pair), server, 1);
    party_begin(&b, CLIENT(&pair), client, 2);
    for (int i = 0; i < 200000 && !(a.ended && b.ended); i++) {
        party_act(&a, 2);
        party_act(&b, 1);
        pair_step(&pair, pair.now + 1000000);
    }
    assert_true(a.ended && b.ended);
    assert_int_equal(a.received, BYTES);
    assert_int_equal(b.received, BYTES);
    pair_close(&pair);
}

static void small_buffers(struct rill_config *config)
{
    config->receive_buffer_bytes = config->receive_buffer_bytes_max = 2 * BUFFER;
    config->send_buffer_bytes = config->send_buffer_bytes_max = 2 * BUFFER;
}

static void what_nobody_reads_stops_the_sender_at_both_buffers(void **state)
{
    static uint8_t data[1 << 20];
    struct rill_pollfd poll;
    int server, client, value = 0;
    int64_t sent = 0, n;

    (void)state;
    pair_open_as(&pair, false, small_buffers);
    pair_connection(&pair, &server, &client);
    for (int i = 0; i < 1000; i++) {
        n = rill_sock_send(CLIENT(&pair), client, data, sizeof data, 0);
        sent += n > 0 ? n : 0;
        pair_advance(&pair, 10);
    }
    assert_true(sent > 0 && sent <= 2 * 2 * BUFFER);
    poll = (struct rill_pollfd){.fd = client, .events = RILL_POLLOUT};
    assert_int_equal(rill_sock_poll(CLIENT(&pair), &poll, 1, 0), 0);
    assert_int_equal(rill_sock_ioctl(CLIENT(&pair), client, RILL_SIOCOUTQ, &value), 0);
    assert_true(value > 0);
    while (rill_sock_recv(SERVER(&pair), server, data, sizeof data, 0) > 0)
        pair_advance(&pair, 1000);
    assert_int_equal(rill_sock_poll(CLIENT(&pair), &poll, 1, 0), 1);
    pair_close(&pair);
}

static void a_buffer_filled_to_the_brim_still_wakes_its_writer(void **state)
{
    static uint8_t data[1 << 20];
    struct rill_epoll_event event = {RILL_EPOLLOUT, 1};
    int server, client, epoll;

    (void)state;
    pair_open(&pair);
    pair_connection(&pair, &server, &client);
    set_number(CLIENT(&pair), client, RILL_SOL_SOCKET, RILL_SO_SNDBUF, BUFFER);
    epoll = rill_sock_epoll_create(CLIENT(&pair), 0);
    while (rill_sock_send(CLIENT(&pair), client, data, 1, 0) == 1)
        ;
    assert_int_equal(rill_sock_epoll_ctl(CLIENT(&pair), epoll, RILL_EPOLL_CTL_ADD, client, &event), 0);
    assert_int_equal(rill_sock_epoll_wait(CLIENT(&pair), epoll, &event, 1, 0), 0);
    pair_advance(&pair, 2000);
    assert_int_equal(rill_sock_epoll_wait(CLIENT(&pair), epoll, &event, 1, 0), 1);
    assert_int_equal(event.events, RILL_EPOLLOUT);
    pair_close(&pair);
}

static void fifty_connections_leave_nothing_behind(void **state)
{
    struct rill_memory memory;
    int listener;

    (void)state;
    pair_open(&pair);
    listener = pair_listener(&pair, RILL_SOCK_NONBLOCK);
    for (int i = 0; i < 50; i++) {
        int client = rill_sock_open(CLIENT(&pair), RILL_AF_INET, RILL_SOCK_STREAM | RILL_SOCK_NONBLOCK, 0);
        int server;

        assert_int_equal(client, 3);
        assert_int_equal(pair_connect(&pair, client), -RILL_EINPROGRESS);
        pair_turn(&pair);
        server = rill_sock_accept(SERVER(&pair), listener, NULL, NULL);
        assert_int_equal(server, 4);
        assert_int_equal(rill_sock_send(SERVER(&pair), server, "hello", 5, 0), 5);
        assert_int_equal(rill_sock_close(SERVER(&pair), server), 0);
        pair_turn(&pair);
        assert_int_equal(rill_sock_recv(CLIENT(&pair), client, (char[9]){0}, 9, 0), 5);
        assert_int_equal(rill_sock_recv(CLIENT(&pair), client, (char[9]){0}, 9, 0), 0);
        assert_int_equal(rill_sock_close(CLIENT(&pair), client), 0);
        pair_turn(&pair);
    }
    assert_int_equal(rill_sock_close(SERVER(&pair), listener), 0);
    pair_advance(&pair, 61000);
    for (int i = 0; i < 2; i++) {
        rill_memory(pair.end[i].stack, &memory);
        assert_int_equal(memory.connections + memory.half_open + memory.time_wait + memory.listeners, 0);
        assert_int_equal(memory.buffer_bytes, 0);
    }
    pair_close(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(megabytes_pass_both_ways_on_edges_alone),
        cmocka_unit_test(what_nobody_reads_stops_the_sender_at_both_buffers),
        cmocka_unit_test(a_buffer_filled_to_the_brim_still_wakes_its_writer),
        cmocka_unit_test(fifty_connections_leave_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
