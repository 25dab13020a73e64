/*
 * Two stacks back to back, each with a table of descriptors: 10.0.0.1 (end 0,
 * the server's by habit) and 10.0.0.2. Virtual time; nothing moves unless
 * pair_turn() is called, or a call waits and `waits` was set.
 */
#ifndef TESTS_SOCKETS_PAIR_H
#define TESTS_SOCKETS_PAIR_H

#include <stdlib.h>
#include <string.h>

#include "rill/driver.h"
#include "rill/sockets.h"
#include "support/cmocka_all.h"

#define PAIR_MEMORY (4u << 20)

struct pair_end {
    struct rill_stack *stack;
    struct rill_driver *driver;
    struct rill_sockets *sockets;
    void *memory, *table;
};

struct pair {
    struct pair_end end[2];
    rill_time now;
    bool cut;                        /* nothing arrives */
    void (*on_wait)(struct pair *p); /* when a call waits: what others do meanwhile; may be NULL */
    int wait_result;                 /* what waiting returns: -RILL_EINTR */
    unsigned waits;
};

/* All that can happen now happens. */
static inline void pair_turn(struct pair *p)
{
    bool moved = true;

    while (moved) {
        moved = false;
        for (int i = 0; i < 2; i++) {
            struct pair_end *end = &p->end[i];

            if (end->stack != NULL)
                moved |= rill_turn(end->stack, &end->driver, p->cut ? 0 : 1, p->now);
        }
    }
    for (int i = 0; i < 2; i++) {
        if (p->end[i].stack != NULL)
            assert_true(rill_check(p->end[i].stack));
    }
}

/* Time goes on to the next thing due, or by a millisecond; at most to the deadline. */
static inline void pair_step(struct pair *p, rill_time deadline)
{
    rill_time next = deadline;

    for (int i = 0; i < 2; i++) {
        rill_time due = rill_deadline(p->end[i].stack);

        next = due < next ? due : next;
    }
    if (next > p->now && next != RILL_NEVER)
        p->now = next;
    pair_turn(p);
}

static inline void pair_advance(struct pair *p, uint64_t ms)
{
    rill_time end = p->now + ms * 1000000u;

    pair_turn(p);
    while (p->now < end)
        pair_step(p, end);
}

static inline int pair_wait(void *context, rill_time deadline)
{
    struct pair *p = (struct pair *)context;

    p->waits++;
    if (p->on_wait != NULL)
        p->on_wait(p);
    pair_step(p, deadline);
    return p->wait_result;
}

static inline void pair_open_end(struct pair *p, int i, bool waits, void (*configure)(struct rill_config *))
{
    struct pair_end *end = &p->end[i];
    struct rill_config config;
    struct rill_netif_config netif = {
        .name = "wire", .addr = rill_addr4(10, 0, 0, (uint8_t)(i + 1)), .prefix_bits = 24};
    struct rill_sockets_config sockets;

    rill_config_default(&config);
    end->memory = aligned_alloc(4096, PAIR_MEMORY);
    config.memory = end->memory;
    config.memory_bytes = PAIR_MEMORY;
    config.now = p->now;
    memset(config.secret, i + 1, sizeof config.secret);
    if (configure != NULL)
        configure(&config);
    assert_int_equal(rill_stack_create(&config, &end->stack), 0);
    assert_int_equal(rill_attach(end->stack, end->driver, &netif), 0);
    rill_sockets_config_default(&sockets);
    sockets.stack = end->stack;
    sockets.max_descriptors = 64;
    sockets.max_watches = 64;
    sockets.memory_bytes = rill_sockets_bytes(&sockets);
    end->table = aligned_alloc(16, sockets.memory_bytes);
    sockets.memory = end->table;
    sockets.wait = waits ? pair_wait : NULL;
    sockets.context = p;
    assert_int_equal(rill_sockets_create(&sockets, &end->sockets), 0);
}

static inline void pair_open_as(struct pair *p, bool waits, void (*configure)(struct rill_config *))
{
    memset(p, 0, sizeof *p);
    p->now = 1000000000;
    assert_int_equal(rill_memory_wire(1500, 256, &p->end[0].driver, &p->end[1].driver), 0);
    pair_open_end(p, 0, waits, configure);
    pair_open_end(p, 1, waits, configure);
}

static inline void pair_open(struct pair *p)
{
    pair_open_as(p, false, NULL);
}

/* The two tables, in the order that tests think in. */
#define SERVER(p) ((p)->end[0].sockets)
#define CLIENT(p) ((p)->end[1].sockets)

static inline int pair_listener(struct pair *p, int flags)
{
    struct rill_sockaddr_in addr = rill_sockaddr4(0, 0, 0, 0, 80);
    int fd = rill_sock_open(SERVER(p), RILL_AF_INET, RILL_SOCK_STREAM | flags, 0);

    assert_int_equal(rill_sock_setsockopt(SERVER(p), fd, RILL_SOL_SOCKET, RILL_SO_REUSEADDR, &(int){1}, sizeof(int)),
                     0);
    assert_int_equal(rill_sock_bind(SERVER(p), fd, &addr, sizeof addr), 0);
    assert_int_equal(rill_sock_listen(SERVER(p), fd, 8), 0);
    return fd;
}

static inline int pair_connect(struct pair *p, int fd)
{
    struct rill_sockaddr_in addr = rill_sockaddr4(10, 0, 0, 1, 80);

    return rill_sock_connect(CLIENT(p), fd, &addr, sizeof addr);
}

/* A connection, both of whose descriptors do not block. */
static inline void pair_connection(struct pair *p, int *server, int *client)
{
    int listener = pair_listener(p, RILL_SOCK_NONBLOCK);

    *client = rill_sock_open(CLIENT(p), RILL_AF_INET, RILL_SOCK_STREAM | RILL_SOCK_NONBLOCK, 0);
    assert_int_equal(pair_connect(p, *client), -RILL_EINPROGRESS);
    pair_turn(p);
    *server = rill_sock_accept4(SERVER(p), listener, NULL, NULL, RILL_SOCK_NONBLOCK);
    assert_true(*server > listener);
    assert_int_equal(rill_sock_close(SERVER(p), listener), 0);
    assert_int_equal(pair_connect(p, *client), 0);
    pair_turn(p);
}

static inline void pair_close(struct pair *p)
{
    for (int i = 0; i < 2; i++) {
        struct pair_end *end = &p->end[i];

        rill_sockets_destroy(end->sockets);
        assert_true(rill_check(end->stack));
        rill_stack_destroy(end->stack);
        free(end->memory);
        free(end->table);
        end->stack = NULL;
    }
    for (int i = 0; i < 2; i++)
        p->end[i].driver->ops->close(p->end[i].driver);
}

#endif
