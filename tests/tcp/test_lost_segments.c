/* Two stacks and chosen losses: every handshake and every close comes to its end, and quickly. */
#include <stdio.h>
#include <string.h>

#include "support/stack_pair.h"
#include "wire/tcp.h"

/* Loses the first `count[kind]` packets of each kind, whoever sends them. */
enum kind { SYN, SYN_ACK, LAST_ACK, FIN_OF_0, FIN_OF_1, ACK_OF_FIN_0, ACK_OF_FIN_1, KINDS };

struct losses {
    unsigned count[KINDS];
    bool handshake_done;
    uint32_t fin[2]; /* sequence number behind the FIN of each side */
    bool fin_seen[2];
};

static enum kind kind_of(struct losses *losses, unsigned from, const struct packet_facts *packet)
{
    if ((packet->flags & TCP_SYN) != 0)
        return (packet->flags & TCP_ACK) != 0 ? SYN_ACK : SYN;
    if ((packet->flags & TCP_FIN) != 0) {
        losses->fin[from] = packet->seq + (uint32_t)packet->payload_bytes + 1;
        losses->fin_seen[from] = true;
        return from == 0 ? FIN_OF_0 : FIN_OF_1;
    }
    if (losses->fin_seen[1 - from] && packet->ack == losses->fin[1 - from])
        return from == 0 ? ACK_OF_FIN_1 : ACK_OF_FIN_0;
    return from == 0 && !losses->handshake_done ? LAST_ACK : KINDS; /* it may carry data */
}

static bool lose(void *context, unsigned from, const struct packet_facts *packet)
{
    struct losses *losses = context;
    enum kind kind = kind_of(losses, from, packet);

    if (kind == KINDS || losses->count[kind] == 0) {
        losses->handshake_done = losses->handshake_done || kind == LAST_ACK;
        return true;
    }
    losses->count[kind]--;
    return false;
}

/* The client sends one byte as soon as it may. Milliseconds until the server has it. */
static uint64_t time_to_first_byte(struct pair *p)
{
    rill_time begin = p->now;
    bool sent = false;

    assert_int_equal(pair_connect(p, &p->conn[0]), 0);
    for (;;) {
        uint8_t byte;

        pair_advance(p, 1);
        if (!sent)
            sent = rill_send(p->stack[0], p->conn[0], "x", 1, 0) == 1;
        if (p->conn[1] == 0 && !pair_accept(p, &p->conn[1]))
            p->conn[1] = 0;
        if (p->conn[1] != 0 && rill_receive(p->stack[1], p->conn[1], &byte, 1, 0) == 1)
            return (p->now - begin) / 1000000;
        assert_true(p->now - begin < UINT64_C(60000000000));
    }
}

/* coder#7388: the first RTO after a lost SYN must not poison the rest. */
static void any_loss_in_the_handshake_delays_the_first_byte_by_a_few_seconds_at_most(void **state)
{
    static struct pair p;
    (void)state;
    for (unsigned syn = 0; syn < 3; syn++) {
        for (unsigned syn_ack = 0; syn_ack < 3; syn_ack++) {
            for (unsigned ack = 0; ack < 2; ack++) {
                struct losses losses = {.count = {[SYN] = syn, [SYN_ACK] = syn_ack, [LAST_ACK] = ack}};
                /* The timer of the SYN runs out once for each lost SYN or SYN,ACK: 1, 3, 7, 15 s. */
                uint64_t bound = (UINT64_C(1000) << (syn + syn_ack)) - 1000 + (ack != 0 ? 3000 : 0) + 100;
                uint64_t took;

                pair_open(&p, 1u << 20, NULL);
                p.pass = lose;
                p.context = &losses;
                took = time_to_first_byte(&p);
                assert_int_equal(losses.count[SYN] + losses.count[SYN_ACK] + losses.count[LAST_ACK], 0);
                if (took > bound)
                    fail_msg("SYN lost %u, SYN,ACK %u, ACK %u: %u ms", syn, syn_ack, ack, (unsigned)took);
                pair_close(&p);
            }
        }
    }
}

static void send_all(struct pair *p, unsigned side, uint32_t bytes)
{
    uint8_t data[5000];

    for (uint32_t i = 0; i < bytes; i++)
        data[i] = pair_byte(i);
    assert_int_equal(rill_send(p->stack[side], p->conn[side], data, bytes, 0), bytes);
}

static void receive_all(struct pair *p, unsigned side, uint32_t bytes)
{
    uint8_t data[5000];

    assert_int_equal(rill_receive(p->stack[side], p->conn[side], data, sizeof data, 0), bytes);
    for (uint32_t i = 0; i < bytes; i++)
        assert_int_equal(data[i], pair_byte(i));
    assert_int_equal(rill_receive(p->stack[side], p->conn[side], data, sizeof data, 0), 0);
}

/* zephyr#46350, tricep#27, 86Box#3199. */
static void close_with_losses(const struct losses *wanted, bool crossed)
{
    static struct pair p;
    struct losses losses = *wanted;

    pair_open(&p, 1u << 20, NULL);
    pair_establish(&p);
    losses.handshake_done = true;
    p.pass = lose;
    p.context = &losses;
    send_all(&p, 0, 3000);
    send_all(&p, 1, 2000);
    assert_int_equal(rill_shutdown(p.stack[0], p.conn[0]), 0);
    if (!crossed)
        pair_advance(&p, 30000);
    assert_int_equal(rill_shutdown(p.stack[1], p.conn[1]), 0);
    pair_advance(&p, 60000);
    receive_all(&p, 0, 2000);
    receive_all(&p, 1, 3000);
    assert_int_equal(rill_close(p.stack[0], p.conn[0]), 0);
    assert_int_equal(rill_close(p.stack[1], p.conn[1]), 0);
    pair_advance(&p, 120000);
    assert_int_equal(losses.count[FIN_OF_0] + losses.count[FIN_OF_1], 0); /* all that was to be lost was lost */
    pair_expect_baseline(&p);
    pair_close(&p);
}

static void MUST_22_a_close_survives_the_loss_of_any_five_fins_and_acks(void **state)
{
    (void)state;
    for (unsigned n = 0; n <= 5; n++) {
        for (unsigned kind = FIN_OF_0; kind <= ACK_OF_FIN_1; kind++) {
            struct losses losses = {.count = {[0] = 0}};

            losses.count[kind] = n;
            close_with_losses(&losses, false);
            close_with_losses(&losses, true);
        }
    }
}

static void a_close_survives_the_loss_of_fins_and_acks_of_both_sides(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 5; n++) {
        struct losses losses = {
            .count = {[FIN_OF_0] = n, [FIN_OF_1] = 5 - n, [ACK_OF_FIN_0] = n, [ACK_OF_FIN_1] = 5 - n}};

        close_with_losses(&losses, false);
        close_with_losses(&losses, true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_loss_in_the_handshake_delays_the_first_byte_by_a_few_seconds_at_most),
        cmocka_unit_test(MUST_22_a_close_survives_the_loss_of_any_five_fins_and_acks),
        cmocka_unit_test(a_close_survives_the_loss_of_fins_and_acks_of_both_sides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
