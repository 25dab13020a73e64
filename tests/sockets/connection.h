/*
 * For tests of one connection between two stacks: who they are, and their options by number.
 */
#ifndef TESTS_SOCKETS_CONNECTION_H
#define TESTS_SOCKETS_CONNECTION_H

#include "sockets/pair.h"

static struct pair pair;
static int server, client; /* descriptors of the connection's ends */

static inline int connection_open_as(void (*configure)(struct rill_config *config))
{
    pair_open_as(&pair, false, configure);
    pair_connection(&pair, &server, &client);
    return 0;
}

/* Its calls do not wait. */
static inline int connection_open(void **state)
{
    (void)state;
    return connection_open_as(NULL);
}

/* Its calls wait. */
static inline int connection_open_blocking(void **state)
{
    (void)state;
    pair_open_as(&pair, true, NULL);
    pair_connection(&pair, &server, &client);
    return 0;
}

static inline int connection_close(void **state)
{
    (void)state;
    pair_close(&pair);
    return 0;
}

static inline int set_option(struct rill_sockets *sockets, int fd, int level, int name, int value)
{
    return rill_sock_setsockopt(sockets, fd, level, name, &value, sizeof value);
}

static inline int get_option(struct rill_sockets *sockets, int fd, int level, int name)
{
    uint32_t length = sizeof(int);
    int value = 0;

    assert_int_equal(rill_sock_getsockopt(sockets, fd, level, name, &value, &length), 0);
    assert_int_equal(length, sizeof value);
    return value;
}

static inline struct rill_tcp_info info_of(struct rill_sockets *sockets, int fd)
{
    struct rill_tcp_info out;
    uint32_t length = sizeof out;

    assert_int_equal(rill_sock_getsockopt(sockets, fd, RILL_SOL_TCP, RILL_TCP_INFO, &out, &length), 0);
    assert_int_equal(length, sizeof out);
    return out;
}

/* The client's. */
static inline struct rill_tcp_info info(void)
{
    return info_of(CLIENT(&pair), client);
}

#endif
