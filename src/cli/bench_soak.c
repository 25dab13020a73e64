/*
 * `rill bench soak`: two stacks, a bad wire, streams both ways at once, for
 * each of many seeds. One JSON line a seed; fails when one byte is wrong.
 */
#include "cli/bench_soak.h"

#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/json.h"
#include "cli/soak.h"

#define IMPAIRMENT_DEFAULT "loss=5%,dup=5%,reorder=10%,corrupt=1%,delay=1ms"

enum { OPTION_BYTES = 256, OPTION_SEEDS, OPTION_IMPAIR, OPTION_MTU, OPTION_CHECK, OPTION_PCAP };

static const struct args_option options[] = {
    {OPTION_BYTES, 0, "bytes", "N", "bytes each way, as 64k, 16M, 1G (1G)"},
    {OPTION_SEEDS, 0, "seeds", "A..B", "one run for each seed (1..20)"},
    {OPTION_IMPAIR, 0, "impair", "FAULTS", "of both directions (" IMPAIRMENT_DEFAULT ")"},
    {OPTION_MTU, 0, "mtu", "N", "of the wire (1500)"},
    {OPTION_CHECK, 0, "check", "N", "check every invariant each N turns (only at the end)"},
    {OPTION_PCAP, 0, "pcap", "FILE", "the packets of the last seed's first stack"},
    {0, 0, NULL, NULL, NULL},
};

static const struct args_command command = {
    .name = "bench soak",
    .synopsis = "[OPTIONS]",
    .summary = "streams both ways over a bad wire, byte for byte, many seeds",
    .teaches = "Two stacks in one process send each other streams whose every byte is known, over a wire that\n"
               "loses, duplicates, reorders and damages packets. Time is virtual: a seed always gives the same run.\n\n"
               "  rill bench soak --bytes 16M --seeds 1..5\n"
               "  rill bench soak --bytes 1M --seeds 7..7 --impair loss=30%,delay=50ms --pcap seven.pcap",
    .options = options,
};

struct range {
    uint64_t first, last;
};

/* "A..B" or "A". */
static bool parse_seeds(const struct args *args, const char *text, struct range *out)
{
    char first[32];
    const char *dots = strstr(text, "..");
    size_t length = dots == NULL ? strlen(text) : (size_t)(dots - text);
    if (length >= sizeof first)
        length = sizeof first - 1;
    memcpy(first, text, length);
    first[length] = '\0';
    if (!args_number(args, "the first seed", first, 0, UINT32_MAX, &out->first))
        return false;
    out->last = out->first;
    return dots == NULL || args_number(args, "the last seed", dots + 2, out->first, UINT32_MAX, &out->last);
}

static bool parse_impairment(const char *text, struct rill_impairment *out)
{
    const char *where = NULL;
    if (rill_impairment_parse(text, out, &where) == 0)
        return true;
    cli_error("faults '%s': '%s' is not understood", text, where);
    return false;
}

static bool apply(const struct args *args, int id, struct soak_settings *settings, struct range *seeds)
{
    uint64_t number = 0;
    switch (id) {
    case OPTION_BYTES:
        return args_bytes("--bytes", args->value, &settings->bytes);
    case OPTION_SEEDS:
        return parse_seeds(args, args->value, seeds);
    case OPTION_IMPAIR:
        return parse_impairment(args->value, &settings->impairment);
    case OPTION_MTU:
        if (!args_number(args, "--mtu", args->value, 576, 65535, &number))
            return false;
        settings->mtu = (uint16_t)number;
        return true;
    case OPTION_CHECK:
        if (!args_number(args, "--check", args->value, 1, 1000000000, &number))
            return false;
        settings->checks_every = (unsigned)number;
        return true;
    default:
        settings->pcap = args->value;
        return true;
    }
}

static void print_result(const struct soak_settings *settings, const struct soak_result *result)
{
    const struct rill_impaired_counts *tx = &result->faults[0], *rx = &result->faults[1];
    double seconds = (double)result->took / 1e9;
    struct json json;
    json_begin(&json, stdout);
    json_text(&json, "bench", "soak");
    json_number(&json, "seed", settings->seed);
    json_bool(&json, "ok", result->failure[0] == '\0');
    if (result->failure[0] != '\0')
        json_text(&json, "failure", result->failure);
    json_number(&json, "bytes_each_way", settings->bytes);
    json_real(&json, "virtual_seconds", seconds);
    json_real(&json, "virtual_mbit_each_way", seconds > 0 ? (double)settings->bytes * 8 / seconds / 1e6 : 0);
    json_number(&json, "packets", tx->packets + rx->packets);
    json_number(&json, "lost", tx->lost + rx->lost);
    json_number(&json, "duplicated", tx->duplicated + rx->duplicated);
    json_number(&json, "reordered", tx->reordered + rx->reordered);
    json_number(&json, "corrupted", tx->corrupted + rx->corrupted);
    json_number(&json, "queue_dropped", tx->queue_dropped + rx->queue_dropped);
    json_number(&json, "retransmitted", result->retransmitted);
    json_end(&json);
    fflush(stdout);
}

static int run_seeds(struct soak_settings *settings, struct range seeds)
{
    const char *pcap = settings->pcap;
    unsigned failed = 0;
    for (uint64_t seed = seeds.first; seed <= seeds.last; seed++) {
        struct soak_result result;
        settings->seed = seed;
        settings->pcap = seed == seeds.last ? pcap : NULL;
        failed += !soak_run(settings, &result);
        print_result(settings, &result);
    }
    if (failed > 0)
        cli_error("%u seeds failed", failed);
    return failed == 0 ? CLI_DONE : CLI_FAILED;
}

int bench_soak(int argc, char **argv)
{
    struct soak_settings settings = {.bytes = UINT64_C(1) << 30};
    struct range seeds = {1, 20};
    struct args args;
    int id;
    if (!parse_impairment(IMPAIRMENT_DEFAULT, &settings.impairment))
        return CLI_FAILED;
    args_begin(&args, &command, argc, argv);
    while ((id = args_next(&args)) != ARGS_END) {
        if (id == ARGS_HELP)
            return CLI_DONE;
        if (id == ARGS_ERROR || !apply(&args, id, &settings, &seeds))
            return CLI_USAGE;
    }
    if (args.word_count > 0)
        return args_usage(&command);
    return run_seeds(&settings, seeds);
}
