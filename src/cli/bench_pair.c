/*
 * rill bench pair: bulk transfer between two stacks, every byte copied in,
 * checksummed, cut, checksummed again and copied out.
 */
#include "cli/bench.h"
#include "cli/json.h"

#include <string.h>

/* Virtual time per turn: the order of a fast LAN's round trip. */
#define STEP_NS 20000u
#define PORT 5001

enum pair_option { OPTION_BYTES = 256, OPTION_MTU, OPTION_BORROW, OPTION_CC };

static const struct args_option pair_options[] = {
    {OPTION_BYTES, 0, "bytes", "N", "how much to transfer, default 256M"},
    {OPTION_MTU, 0, "mtu", "N", "of the wire, default 1500"},
    {OPTION_BORROW, 0, "borrow", NULL, "the receiver reads in place and copies nothing"},
    {OPTION_CC, 0, "cc", "NAME", "congestion control of the sender"},
    {0, 0, NULL, NULL, NULL},
};

static const struct args_command pair_args = {
    .name = "bench pair",
    .synopsis = "[--bytes N] [--mtu N] [--borrow] [--cc NAME]",
    .summary = "bulk transfer between two stacks",
    .teaches = "Transfers N bytes from one stack to another in the same process and prints CPU time per segment:\n"
               "sending, receiving, acknowledging, copies and checksums of both ends together.\n\n"
               "  rill bench pair --bytes 1G",
    .options = pair_options,
};

static uint8_t out_bytes[65536], in_bytes[65536];
static bool borrows;

/* False when the connection broke. */
static bool send_some(struct world *world, rill_conn conn, uint64_t *left)
{
    while (*left > 0) {
        size_t length = *left < sizeof out_bytes ? (size_t)*left : sizeof out_bytes;
        int64_t put = rill_send(world->stack[0], conn, out_bytes, length, 0);

        if (put < 0)
            return put == -RILL_EAGAIN;
        *left -= (uint64_t)put;
    }
    return true;
}

/* As rill_receive() into nothing: what is borrowed is looked at where it lies. */
static int64_t receive_in_place(struct rill_stack *stack, rill_conn conn)
{
    struct rill_slice slices[16];
    int64_t bytes = 0;
    int n = rill_borrow(stack, conn, slices, 16);

    for (int i = 0; i < n; i++)
        bytes += slices[i].length_bytes;
    if (n > 0)
        (void)rill_consume(stack, conn, (size_t)bytes);
    return n > 0 ? bytes : n;
}

static bool receive_some(struct world *world, rill_conn conn, uint64_t *left)
{
    while (*left > 0) {
        int64_t got = borrows ? receive_in_place(world->stack[1], conn)
                              : rill_receive(world->stack[1], conn, in_bytes, sizeof in_bytes, 0);

        if (got <= 0)
            return got == -RILL_EAGAIN;
        *left -= (uint64_t)got;
    }
    return true;
}

__attribute__((noinline)) int bench_pair_loop(struct world *world, rill_conn from, rill_conn to, uint64_t bytes)
{
    uint64_t to_send = bytes, to_receive = bytes, idle = 0, before;

    while (to_receive > 0) {
        before = to_receive;
        if (!send_some(world, from, &to_send))
            return CLI_FAILED;
        rill_turn(world->stack[0], &world->driver[0], 1, world->now);
        rill_turn(world->stack[1], &world->driver[1], 1, world->now);
        if (!receive_some(world, to, &to_receive))
            return CLI_FAILED;
        world_forget_events(world, 0);
        world_forget_events(world, 1);
        world->now += STEP_NS;
        idle = to_receive < before ? 0 : idle + 1;
        if (idle > 10000000)
            return CLI_FAILED; /* hundreds of virtual seconds without a byte */
    }
    return CLI_DONE;
}

static void report(const struct world *world, uint64_t bytes, uint64_t mtu, uint64_t cpu_ns)
{
    uint64_t segments = rill_counted(world->stack[1], RILL_COUNT_TCP_SEGMENTS_IN);
    uint64_t data_segments = (bytes + mtu - 53) / (mtu - 52); /* timestamps are on */
    struct json json;

    json_begin(&json, stdout);
    json_text(&json, "bench", "pair");
    json_text(&json, "congestion_control",
              world_congestion_control != NULL ? world_congestion_control : rill_congestion_control_name(0));
    json_number(&json, "bytes", bytes);
    json_number(&json, "mtu", mtu);
    json_number(&json, "segments", data_segments);
    json_number(&json, "segments_received", segments);
    json_number(&json, "acks", rill_counted(world->stack[0], RILL_COUNT_TCP_SEGMENTS_IN));
    json_number(&json, "retransmitted", rill_counted(world->stack[0], RILL_COUNT_TCP_RETRANSMITTED));
    json_number(&json, "cpu_ns", cpu_ns);
    json_real(&json, "ns_per_segment", (double)cpu_ns / (double)data_segments);
    json_real(&json, "gbit_per_s", cpu_ns > 0 ? (double)bytes * 8.0 / (double)cpu_ns : 0.0);
    json_end(&json);
}

static int transfer(struct world *world, uint64_t bytes, uint64_t mtu)
{
    rill_conn listener = world_listen(world, PORT, 1), from = listener != 0 ? world_connect(world, PORT) : 0, to = 0;
    uint64_t start;
    int status;

    if (from == 0)
        return CLI_FAILED;
    world_settle(world);
    if (rill_accept(world->stack[1], listener, &to, NULL) != 0) {
        cli_error("the handshake failed");
        return CLI_FAILED;
    }
    start = world_cpu_ns();
    status = bench_pair_loop(world, from, to, bytes);
    if (status == CLI_DONE)
        report(world, bytes, mtu, world_cpu_ns() - start);
    else
        cli_error("the transfer broke or stalled");
    return status;
}

int bench_pair(int argc, char **argv)
{
    uint64_t bytes = UINT64_C(256) << 20, mtu = 1500;
    struct world world;
    struct args args;
    int id, status;

    borrows = false;
    world_congestion_control = NULL;
    args_begin(&args, &pair_args, argc, argv);
    while ((id = args_next(&args)) != ARGS_END) {
        if (id == ARGS_HELP)
            return CLI_DONE;
        if (id == ARGS_ERROR || (id == OPTION_BYTES && !args_bytes("--bytes", args.value, &bytes)) ||
            (id == OPTION_CC && !args_congestion_control("--cc", args.value)) ||
            (id == OPTION_MTU && !args_number(&args, "--mtu", args.value, 576, 65535, &mtu)))
            return CLI_USAGE;
        borrows = borrows || id == OPTION_BORROW;
        if (id == OPTION_CC)
            world_congestion_control = args.value;
    }
    if (args.word_count != 0 || bytes == 0)
        return args_usage(&pair_args);
    memset(out_bytes, 'r', sizeof out_bytes);
    status = world_open(&world, (size_t)64 << 20, (uint16_t)mtu);
    if (status != 0)
        return status;
    status = transfer(&world, bytes, mtu);
    world_close(&world);
    return status;
}
