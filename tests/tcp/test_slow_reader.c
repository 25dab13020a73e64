/*
 * A transfer never crawls because of how the reader reads (gvisor#1398, podman#28219): big MTU, small buffers,
 * readers that take a byte, a part, or all, now or later. Without delay on the link, virtual time is only what
 * timers cost: a stall of 40 or 200 ms per window would show.
 */
#include <string.h>

#include "support/stack_pair.h"

struct reader {
    uint32_t bytes; /* of the whole transfer */
    uint32_t step;  /* most that it reads at once */
    uint32_t every; /* reads that often: 1, always; 3, two of three times it looks away */
    uint64_t bound_ms;
};

static uint32_t buffer_bytes;

static void configure(unsigned side, struct rill_config *config)
{
    (void)side;
    config->receive_buffer_bytes = buffer_bytes;
}

static uint32_t write_some(struct pair *p, uint32_t written, uint32_t all)
{
    static uint8_t data[65536];
    uint32_t n = all - written < sizeof data ? all - written : (uint32_t)sizeof data;
    int64_t taken;

    for (uint32_t i = 0; i < n; i++)
        data[i] = pair_byte(written + i);
    taken = n == 0 ? 0 : rill_send(p->stack[0], p->conn[0], data, n, 0);
    assert_true(taken >= 0 || taken == -RILL_EAGAIN);
    return taken > 0 ? (uint32_t)taken : 0;
}

static uint32_t read_some(struct pair *p, uint32_t read, uint32_t step)
{
    static uint8_t data[65536];
    int64_t n = rill_receive(p->stack[1], p->conn[1], data, step, 0);

    for (int64_t i = 0; i < n; i++)
        assert_int_equal(data[i], pair_byte(read + (uint32_t)i));
    return n > 0 ? (uint32_t)n : 0;
}

/* Milliseconds of virtual time for the whole transfer. Time passes only when neither end can do anything. */
static uint64_t transfer(uint16_t mtu, const struct reader *reader)
{
    static struct pair p;
    uint32_t written = 0, read = 0, turns = 0;
    rill_time begin;

    pair_open_with_mtu(&p, mtu, 8u << 20, configure);
    pair_establish(&p);
    begin = p.now;
    while (read < reader->bytes) {
        uint32_t w = write_some(&p, written, reader->bytes), r = 0;

        if (++turns % reader->every == 0)
            r = read_some(&p, read, reader->step);
        written += w;
        read += r;
        if (w == 0 && r == 0)
            pair_advance(&p, 1);
        else
            pair_settle(&p);
        assert_true(p.now - begin < UINT64_C(600000000000));
    }
    assert_true(rill_check(p.stack[0]) && rill_check(p.stack[1]));
    pair_close(&p);
    return (p.now - begin) / 1000000;
}

static void all_mtus_and_buffers(const struct reader *reader)
{
    static const uint16_t mtus[] = {1500, 9000, 65520};
    static const uint32_t buffers[] = {16384, 65536, 1u << 20};

    for (unsigned i = 0; i < 3; i++) {
        for (unsigned k = 0; k < 3; k++) {
            uint64_t took;

            buffer_bytes = buffers[k];
            took = transfer(mtus[i], reader);
            if (took > reader->bound_ms)
                fail_msg("MTU %u, buffer %u: %u ms", mtus[i], buffers[k], (unsigned)took);
        }
    }
}

static void a_reader_of_64_kib_steps_never_waits_for_a_timer(void **state)
{
    (void)state;
    all_mtus_and_buffers(&(struct reader){.bytes = 1000000, .step = 65536, .every = 1, .bound_ms = 10});
}

static void a_reader_of_1000_byte_steps_never_waits_for_a_timer(void **state)
{
    (void)state;
    all_mtus_and_buffers(&(struct reader){.bytes = 300000, .step = 1000, .every = 1, .bound_ms = 10});
}

static void a_reader_of_7_byte_steps_never_waits_for_a_timer(void **state)
{
    (void)state;
    all_mtus_and_buffers(&(struct reader){.bytes = 30000, .step = 7, .every = 1, .bound_ms = 10});
}

static void a_reader_that_stops_and_goes_costs_only_its_own_pauses(void **state)
{
    (void)state;
    all_mtus_and_buffers(&(struct reader){.bytes = 1000000, .step = 20000, .every = 4, .bound_ms = 500});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_of_64_kib_steps_never_waits_for_a_timer),
        cmocka_unit_test(a_reader_of_1000_byte_steps_never_waits_for_a_timer),
        cmocka_unit_test(a_reader_of_7_byte_steps_never_waits_for_a_timer),
        cmocka_unit_test(a_reader_that_stops_and_goes_costs_only_its_own_pauses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
