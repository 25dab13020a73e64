/*
 * For tests of TCP's rooms from inside: one connection block in a real stack,
 * put into ESTABLISHED at the sequence numbers that the test wants.
 */
#ifndef TESTS_TCP_INSIDE_H
#define TESTS_TCP_INSIDE_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "stack/stack.h"
#include "support/cmocka_all.h"
#include "tcp/connection.h"

struct inside {
    struct rill_config config;
    struct rill_stack *stack;
    struct tcp *tcp;
    struct tcb *tcb;
    rill_conn conn;
    int netif;
};

/* The corners of sequence space: what begins here wraps, or crosses the sign. */
static const uint32_t inside_corners[] = {0, 1, 0x7fffff00, 0x7fffffff, 0x80000000, 0xffffff00, 0xffffffff};
#define INSIDE_CORNERS (sizeof inside_corners / sizeof inside_corners[0])

static inline void inside_configure(struct inside *t, size_t memory_bytes)
{
    rill_config_default(&t->config);
    t->config.memory_bytes = memory_bytes;
    memset(t->config.secret, 0x5a, sizeof t->config.secret);
}

/* A stack and one connection in SYN-SENT whose SYN has not left. */
static inline void inside_connect(struct inside *t)
{
    struct rill_netif_config netif = {.name = "test", .mtu = 1500, .addr = rill_addr4(10, 0, 0, 1), .prefix_bits = 24};
    struct rill_endpoint remote = {rill_addr4(10, 0, 0, 2), 80};

    t->config.memory = aligned_alloc(4096, t->config.memory_bytes);
    assert_non_null(t->config.memory);
    assert_int_equal(rill_stack_create(&t->config, &t->stack), 0);
    assert_int_equal(rill_netif_add(t->stack, &netif, &t->netif), 0);
    assert_int_equal(rill_tcp_connect(t->stack, &remote, NULL, &t->conn), 0);
    t->tcp = &t->stack->tcp;
    t->tcb = connection_from_handle(t->tcp, t->conn);
    assert_non_null(t->tcb);
}

/* The same in ESTABLISHED: both SYNs acknowledged, windows of `window` bytes. */
static inline void inside_open(struct inside *t, uint32_t iss, uint32_t irs, uint32_t window)
{
    struct tcb *tcb;

    inside_connect(t);
    tcb = t->tcb;
    tcb->ep.state = RILL_STATE_ESTABLISHED;
    tcb->flags &= ~(TCB_SYN_DUE | TCB_SYN_UNACKED);
    tcb->iss = seq_make(iss);
    tcb->snd_una = tcb->snd_nxt = seq_make(iss + 1);
    tcb->irs = seq_make(irs);
    tcb->rcv_nxt = tcb->last_ack_sent = seq_make(irs + 1);
    tcb->rcv_adv = seq_add(tcb->rcv_nxt, window);
    tcb->snd_wnd = tcb->snd_wnd_max = window;
    tcb->snd_mss = tcb->snd_mss_max = 1000;
    tcb->cwnd = 10000;
    tcb->ssthresh = 1u << 30;
}

static inline void inside_close(struct inside *t)
{
    rill_stack_destroy(t->stack);
    free(t->config.memory);
}

/* splitmix64 */
static inline uint64_t inside_draw(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static inline uint32_t inside_below(uint64_t *state, uint32_t bound)
{
    return (uint32_t)(inside_draw(state) % bound);
}

/* The byte that a stream of these tests has at this offset: no two neighbouring pages of it look alike. */
static inline uint8_t inside_byte(uint32_t offset)
{
    return (uint8_t)(offset * 2654435761u >> 13);
}

#endif
