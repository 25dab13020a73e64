/* Memory: bounded whatever arrives, back to nothing afterwards, and every refusal survived. */
#include <string.h>

#include "stack/stack.h"
#include "support/stack_pair.h"
#include "support/tcp_peer.h"

#define STREAM 20000u
#define CONNECTIONS 3u

static struct rill_memory memory_of(struct rill_stack *stack)
{
    struct rill_memory memory;

    rill_memory(stack, &memory);
    return memory;
}

/* picotcp#47: overhead is charged, or 4 KiB of window would be 4 MiB of memory. */
static void picotcp_47_a_flood_of_1_byte_segments_is_bounded_in_order(void **state)
{
    struct peer p;
    uint64_t before;
    uint32_t sent;
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    before = memory_of(p.stack).used_bytes;
    for (sent = 0; sent < 100000 && p.rcv_wnd > 0; sent++) {
        peer_send(&p, TCP_ACK, p.rcv_nxt, 1, 1);
        peer_forget(&p);
        if (sent % 64 == 63)
            peer_advance(&p, 50);
        peer_forget(&p);
    }
    assert_true(sent > 20000); /* the window was honest about what it takes */
    assert_true(memory_of(p.stack).used_bytes - before < 3 * 65536);
    assert_int_equal(peer_user_receive(&p, 65535), (int64_t)(p.rcv_nxt - 1));
    peer_close(&p);
}

static void picotcp_47_a_flood_of_1_byte_segments_with_gaps_is_bounded(void **state)
{
    struct peer p;
    uint64_t before;
    (void)state;
    peer_open(&p, &(struct peer_setup){.sack = true});
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    before = memory_of(p.stack).used_bytes;
    for (uint32_t i = 0; i < 15000; i++) {
        peer_send(&p, TCP_ACK, 3 + 2 * (i * 7919u % 15000), 1, 1);
        peer_forget(&p);
    }
    assert_true(memory_of(p.stack).used_bytes - before < 3 * 65536);
    for (uint32_t i = 0; p.rcv_nxt < 30000; i++) { /* the stream can still be completed */
        assert_true(i < 30000);
        peer_send(&p, TCP_ACK, p.rcv_nxt, 1, 500);
        (void)peer_user_receive(&p, 65535);
        peer_forget(&p);
    }
    peer_close(&p);
}

static void a_whole_life_leaves_the_memory_as_it_was(void **state)
{
    static struct pair p;
    uint64_t before[2];
    (void)state;
    pair_open(&p, 4u << 20, NULL);
    for (unsigned round = 0; round < 5; round++) {
        uint8_t data[STREAM];

        memset(data, (int)round, sizeof data);
        pair_establish(&p);
        assert_int_equal(rill_send(p.stack[0], p.conn[0], data, sizeof data, 0), sizeof data);
        assert_int_equal(rill_send(p.stack[1], p.conn[1], data, sizeof data, 0), sizeof data);
        pair_advance(&p, 1000);
        assert_int_equal(rill_receive(p.stack[0], p.conn[0], data, sizeof data, 0), sizeof data);
        assert_int_equal(rill_receive(p.stack[1], p.conn[1], data, sizeof data, 0), sizeof data);
        assert_int_equal(rill_close(p.stack[0], p.conn[0]), 0);
        pair_settle(&p);
        assert_int_equal(rill_close(p.stack[1], p.conn[1]), 0);
        pair_advance(&p, 60000);
        pair_expect_baseline(&p);
        for (unsigned side = 0; side < 2; side++) {
            if (round == 1)
                before[side] = memory_of(p.stack[side]).used_bytes;
            if (round > 1)
                assert_int_equal(memory_of(p.stack[side]).used_bytes, before[side]);
        }
    }
    pair_close(&p);
}

static void an_abort_leaves_nothing_on_either_side(void **state)
{
    static struct pair p;
    static uint8_t data[STREAM];
    (void)state;
    pair_open(&p, 4u << 20, NULL);
    pair_establish(&p);
    assert_int_equal(rill_send(p.stack[0], p.conn[0], data, sizeof data, 0), sizeof data);
    assert_int_equal(rill_send(p.stack[1], p.conn[1], data, sizeof data, 0), sizeof data);
    pair_settle(&p);
    assert_int_equal(rill_abort(p.stack[0], p.conn[0]), 0);
    pair_settle(&p);
    assert_int_equal(rill_close(p.stack[1], p.conn[1]), 0);
    pair_settle(&p);
    pair_expect_baseline(&p);
    pair_close(&p);
}

/* ------------------------------------------------- the k-th page is refused */

struct hog {
    ref pages[2048];
    unsigned count;
};

/* Leave `spare` pages in the arena. */
static void hog_take(struct hog *hog, struct rill_stack *stack, unsigned spare)
{
    struct arena *arena = tcp_arena(&stack->tcp);

    hog->count = 0;
    while (arena->page_count - arena->head_pages - arena->pages_used > spare) {
        assert_true(hog->count < sizeof hog->pages / sizeof hog->pages[0]);
        hog->pages[hog->count] = arena_take(arena, 1, PAGE_RUN);
        assert_int_not_equal(hog->pages[hog->count], REF_NONE);
        hog->count++;
    }
}

static void hog_give(struct hog *hog, struct rill_stack *stack)
{
    while (hog->count > 0)
        arena_give(tcp_arena(&stack->tcp), hog->pages[--hog->count], 1);
}

struct scenario {
    struct pair pair;
    rill_conn conn[2][CONNECTIONS];
    uint32_t sent[2][CONNECTIONS], received[2][CONNECTIONS];
    bool over[2][CONNECTIONS];
};

static void drive_one(struct scenario *s, unsigned side, unsigned i)
{
    struct pair *p = &s->pair;
    uint8_t data[STREAM];
    int64_t n;

    if (s->conn[side][i] == 0 || s->over[side][i])
        return;
    for (uint32_t k = s->sent[side][i]; k < STREAM; k++)
        data[k] = pair_byte(k);
    if (s->sent[side][i] < STREAM) {
        n = rill_send(p->stack[side], s->conn[side][i], data + s->sent[side][i], STREAM - s->sent[side][i], 0);
        assert_true(n != 0);
        if (n > 0)
            s->sent[side][i] += (uint32_t)n;
        else if (n != -RILL_EAGAIN && n != -RILL_ENOBUFS)
            s->over[side][i] = true;
    }
    n = rill_receive(p->stack[side], s->conn[side][i], data, sizeof data, 0);
    for (int64_t k = 0; k < n; k++)
        assert_int_equal(data[k], pair_byte(s->received[side][i]++));
    if (n < 0 && n != -RILL_EAGAIN)
        s->over[side][i] = true;
}

static void drive(struct scenario *s, unsigned rounds)
{
    unsigned accepted = 0;

    while (accepted < CONNECTIONS && s->conn[1][accepted] != 0)
        accepted++;
    for (unsigned round = 0; round < rounds; round++) {
        if (accepted < CONNECTIONS && pair_accept(&s->pair, &s->conn[1][accepted]))
            accepted++;
        for (unsigned i = 0; i < CONNECTIONS; i++) {
            if (s->conn[0][i] == 0 && pair_connect(&s->pair, &s->conn[0][i]) != 0)
                s->conn[0][i] = 0;
            drive_one(s, 0, i);
            drive_one(s, 1, i);
        }
        pair_advance(&s->pair, 250);
    }
}

static void close_all(struct scenario *s)
{
    rill_conn conn;

    while (pair_accept(&s->pair, &conn))
        (void)rill_close(s->pair.stack[1], conn);
    for (unsigned side = 0; side < 2; side++)
        for (unsigned i = 0; i < CONNECTIONS; i++)
            if (s->conn[side][i] != 0)
                assert_int_equal(rill_close(s->pair.stack[side], s->conn[side][i]), 0);
    pair_advance(&s->pair, 1200000);
}

/*
 * The stack on `side` has only `spare` pages for a minute; then all of it again. Returns how many connections were
 * either told of an error or got all their data.
 */
static unsigned short_of_pages(unsigned side, unsigned spare)
{
    static struct scenario s;
    static struct hog hog;
    unsigned done = 0;

    memset(&s, 0, sizeof s);
    pair_open(&s.pair, 1u << 20, NULL);
    hog_take(&hog, s.pair.stack[side], spare);
    drive(&s, 240);
    hog_give(&hog, s.pair.stack[side]);
    drive(&s, 1200);
    for (unsigned i = 0; i < CONNECTIONS; i++)
        done += s.over[0][i] || (s.received[0][i] == STREAM && s.received[1][i] == STREAM);
    close_all(&s);
    pair_expect_baseline(&s.pair);
    pair_close(&s.pair);
    return done;
}

static void memory_that_is_free_in_pieces_of_a_page_is_sent_from(void **state)
{
    static uint8_t data[STREAM];
    struct peer p;
    uint32_t pages[4096], count = 0;
    uint8_t *at;
    (void)state;
    peer_open(&p, NULL);
    peer_reach(&p, RILL_STATE_ESTABLISHED);
    while (count < 4096 && (pages[count] = rill_buffer_take(p.stack, 4096 - 32, &at)) != 0)
        count++;
    assert_in_range(count, 16, 4095);
    for (uint32_t i = 0; i < count; i += 2)
        rill_buffer_give(p.stack, pages[i]);
    assert_true(rill_send(p.stack, p.conn, data, sizeof data, 0) > 0);
    peer_forget(&p);
    peer_close(&p);
}

static void RES_09_any_page_refused_to_the_one_who_connects_is_survived(void **state)
{
    (void)state;
    for (unsigned spare = 0; spare < 40; spare++)
        if (short_of_pages(0, spare) != CONNECTIONS)
            fail_msg("with %u pages: a connection hangs, though memory came back", spare);
}

static void RES_09_any_page_refused_to_the_one_who_listens_is_survived(void **state)
{
    (void)state;
    for (unsigned spare = 0; spare < 40; spare++)
        if (short_of_pages(1, spare) != CONNECTIONS)
            fail_msg("with %u pages: a connection hangs, though memory came back", spare);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(picotcp_47_a_flood_of_1_byte_segments_is_bounded_in_order),
        cmocka_unit_test(picotcp_47_a_flood_of_1_byte_segments_with_gaps_is_bounded),
        cmocka_unit_test(a_whole_life_leaves_the_memory_as_it_was),
        cmocka_unit_test(an_abort_leaves_nothing_on_either_side),
        cmocka_unit_test(memory_that_is_free_in_pieces_of_a_page_is_sent_from),
        cmocka_unit_test(RES_09_any_page_refused_to_the_one_who_connects_is_survived),
        cmocka_unit_test(RES_09_any_page_refused_to_the_one_who_listens_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
