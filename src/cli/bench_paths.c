/*
 * `rill bench paths`: named paths, mixes of flows and congestion controls, one
 * run for each combination, as a table or as JSON lines.
 */
#include "cli/bench_paths.h"

#include <stdlib.h>
#include <string.h>

#include "base/types.h"
#include "cli/args.h"
#include "cli/json.h"
#include "lab/path.h"
#include "lab/run.h"

#define LIST_MAX 32u

enum {
    OPTION_PATH = 256,
    OPTION_IMPAIR,
    OPTION_BACK,
    OPTION_FLOWS,
    OPTION_CC,
    OPTION_LEFT,
    OPTION_RIGHT,
    OPTION_SECONDS,
    OPTION_SEED,
    OPTION_BUFFERS,
    OPTION_REAL,
    OPTION_CHECK,
    OPTION_PLOT,
    OPTION_PCAP,
    OPTION_JSON,
    OPTION_LIST
};

static const struct args_option options[] = {
    {OPTION_PATH, 0, "path", "LIST", "names of paths, or all (all)"},
    {OPTION_IMPAIR, 0, "impair", "SPEC", "a path of your own instead: the way of the data"},
    {OPTION_BACK, 0, "back", "SPEC", "of that path, the way of the ACKs (only its delay)"},
    {OPTION_FLOWS, 0, "flows", "LIST", "mixes of flows, or all (bulk)"},
    {OPTION_CC, 0, "cc", "LIST", "congestion controls of the sender, or all (the stack's default)"},
    {OPTION_LEFT, 0, "left", "HOST", "a sender, KIND[:CC[:TIME]]; can be given again, all send at once"},
    {OPTION_RIGHT, 0, "right", "HOST", "the receiver, rill or linux (rill)"},
    {OPTION_SECONDS, 0, "seconds", "N", "how long a run lasts (as the path has it)"},
    {OPTION_SEED, 0, "seed", "N", "of the path's faults (1)"},
    {OPTION_BUFFERS, 0, "buffers", "N", "of rill's connections; 0: the stack's defaults (as the path asks for)"},
    {OPTION_REAL, 0, "real", NULL, "in real time, though all run rill"},
    {OPTION_CHECK, 0, "check", NULL, "check every invariant of rill's stacks at the end of a run"},
    {OPTION_PLOT, 0, "plot", "DIR", "write what bench/paths --plot draws"},
    {OPTION_PCAP, 0, "pcap", "FILE", "the first sender's packets"},
    {OPTION_JSON, 0, "json", NULL, "a JSON object for each run"},
    {OPTION_LIST, 0, "list", NULL, "the paths and the mixes of flows, and end"},
    {0, 0, NULL, NULL, NULL},
};

static const struct args_command command = {
    .name = "bench paths",
    .synopsis = "[OPTIONS]",
    .summary = "goodput, queue and waiting on named paths",
    .teaches =
        "Senders on the left, a receiver on the right, and a path between them. When all of them run rill, time\n"
        "is virtual: a run takes as long as its packets do, and a seed always gives the same run. A host may\n"
        "also be this machine's kernel, in a network namespace that goes with the command: that needs root,\n"
        "and real time. Every byte is checked.\n\n"
        "  rill bench paths --list\n"
        "  rill bench paths --path 20ms,20ms-1,satellite --flows bulk,objects\n"
        "  rill bench paths --impair rate=5mbit,delay=80ms,burst=1% --flows mixed --json\n"
        "  rill bench paths --path 100ms-1 --left linux:cubic --right linux\n"
        "  rill bench paths --path 20ms --left rill --left linux:cubic --left linux:bbr:40ms --right linux",
    .options = options,
};

struct list {
    const char *items[LIST_MAX];
    unsigned count;
};

struct job {
    struct lab_settings settings;
    struct list paths, mixes, controls;
    struct lab_path own; /* its forward text is NULL when there is none */
    bool has_json, has_left;
    unsigned runs, failures;
};

/* ------------------------------------------------------------------ options */

/* Cuts the text at its commas. */
static bool parse_list(char *text, struct list *out)
{
    out->count = 0;
    for (char *item = strtok(text, ","); item != NULL; item = strtok(NULL, ",")) {
        if (out->count == LIST_MAX) {
            cli_error("a list has at most %u items", LIST_MAX);
            return false;
        }
        out->items[out->count++] = item;
    }
    return true;
}

static bool parse_paths(char *text, struct list *out)
{
    if (!parse_list(text, out))
        return false;
    bool is_all = out->count == 1 && strcmp(out->items[0], "all") == 0;
    out->count = is_all ? 0 : out->count;
    for (const struct lab_path *path = lab_paths; is_all && path->name != NULL && out->count < LIST_MAX; path++)
        out->items[out->count++] = path->name;
    for (unsigned i = 0; i < out->count; i++) {
        if (lab_path_find(out->items[i]) == NULL) {
            cli_error("there is no path '%s': see --list", out->items[i]);
            return false;
        }
    }
    return true;
}

static bool parse_mixes(char *text, struct list *out)
{
    if (!parse_list(text, out))
        return false;
    bool is_all = out->count == 1 && strcmp(out->items[0], "all") == 0;
    out->count = is_all ? 0 : out->count;
    for (const struct lab_mix *mix = lab_mixes; is_all && mix->name != NULL; mix++)
        out->items[out->count++] = mix->name;
    for (unsigned i = 0; i < out->count; i++) {
        if (lab_mix_find(out->items[i]) == NULL) {
            cli_error("there are no flows '%s': see --list", out->items[i]);
            return false;
        }
    }
    return true;
}

/* Names that rill does not have; what the kernel has, the kernel says. */
static bool is_control(const char *name)
{
    char all[128] = "";
    size_t used = 0;
    for (unsigned i = 0; rill_congestion_control_name(i) != NULL && used < sizeof all; i++) {
        const char *known = rill_congestion_control_name(i);
        if (name[0] == '\0' || strcmp(name, known) == 0)
            return true;
        used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", used > 0 ? ", " : "", known);
    }
    cli_error("there is no congestion control '%s' here: %s", name, all);
    return false;
}

static bool parse_controls(char *text, struct list *out)
{
    if (!parse_list(text, out))
        return false;
    bool is_all = out->count == 1 && strcmp(out->items[0], "all") == 0;
    out->count = is_all ? 0 : out->count;
    for (unsigned i = 0; is_all && rill_congestion_control_name(i) != NULL && i < LIST_MAX; i++)
        out->items[out->count++] = rill_congestion_control_name(i);
    for (unsigned i = 0; i < out->count; i++) {
        if (!is_control(out->items[i]))
            return false;
    }
    return true;
}

static bool parse_spec(const char *text, struct rill_impairment *out)
{
    const char *where = NULL;
    if (rill_impairment_parse(text, out, &where) == 0)
        return true;
    cli_error("in '%s': '%s' is not understood; docs/impairments.md has all words", text, where);
    return false;
}

static bool parse_extra(const char *text, rill_time *out)
{
    struct rill_impairment parsed;
    char spec[48];
    snprintf(spec, sizeof spec, "delay=%.32s", text);
    if (!parse_spec(spec, &parsed))
        return false;
    *out = parsed.delay;
    return true;
}

/* KIND[:CC[:TIME]] */
static bool parse_host(const char *text, struct lab_host_choice *out)
{
    size_t kind = strcspn(text, ":");
    const char *control = text[kind] == ':' ? text + kind + 1 : "";
    size_t bytes = strcspn(control, ":");
    *out = (struct lab_host_choice){.is_linux = kind == 5 && strncmp(text, "linux", kind) == 0};
    if ((!out->is_linux && (kind != 4 || strncmp(text, "rill", kind) != 0)) ||
        bytes >= sizeof out->congestion_control) {
        cli_error("'%s' is no host: rill or linux, then :CC and :TIME if you like, as linux:bbr:40ms", text);
        return false;
    }
    memcpy(out->congestion_control, control, bytes);
    if (!out->is_linux && !is_control(out->congestion_control))
        return false;
    return control[bytes] != ':' || parse_extra(control + bytes + 1, &out->extra_delay);
}

static bool add_left(struct job *job, const char *text)
{
    unsigned count = job->has_left ? job->settings.left_count : 0;
    job->has_left = true;
    if (count == LAB_LEFTS_MAX) {
        cli_error("there is room for %u senders", LAB_LEFTS_MAX);
        return false;
    }
    job->settings.left_count = count + 1;
    return parse_host(text, &job->settings.lefts[count]);
}

static bool apply_number(const struct args *args, int id, struct job *job)
{
    uint64_t number = 0;
    switch (id) {
    case OPTION_SECONDS:
        return args_seconds("--seconds", args->value, &job->settings.duration);
    case OPTION_SEED:
        return args_number(args, "--seed", args->value, 0, UINT64_MAX, &job->settings.seed);
    default:
        if (!args_bytes("--buffers", args->value, &number) || number > 1u << 30)
            return false;
        job->settings.buffer_bytes = (int64_t)number;
        return true;
    }
}

static bool apply(const struct args *args, int id, struct job *job)
{
    char *value = (char *)(uintptr_t)args->value; /* of argv, which is ours */
    switch (id) {
    case OPTION_PATH:
        return parse_paths(value, &job->paths);
    case OPTION_IMPAIR:
        job->own.forward = value;
        return parse_spec(value, &job->settings.forward);
    case OPTION_BACK:
        job->own.back = value;
        return parse_spec(value, &job->settings.back);
    case OPTION_FLOWS:
        return parse_mixes(value, &job->mixes);
    case OPTION_CC:
        return parse_controls(value, &job->controls);
    case OPTION_LEFT:
        return add_left(job, value);
    case OPTION_RIGHT:
        return parse_host(value, &job->settings.right);
    case OPTION_REAL:
        job->settings.is_real = true;
        return true;
    case OPTION_CHECK:
        job->settings.has_check = true;
        return true;
    case OPTION_PLOT:
        job->settings.plot = value;
        return true;
    case OPTION_PCAP:
        job->settings.pcap = value;
        return true;
    case OPTION_JSON:
        job->has_json = true;
        return true;
    default:
        return apply_number(args, id, job);
    }
}

static void print_list(void)
{
    printf("paths (there and back):\n");
    for (const struct lab_path *path = lab_paths; path->name != NULL; path++)
        printf("  %-12s %s\n  %-12s   %s; %s\n", path->name, path->what, "", path->forward, path->back);
    printf("flows:\n");
    for (const struct lab_mix *mix = lab_mixes; mix->name != NULL; mix++)
        printf("  %-12s %s\n", mix->name, mix->what);
}

/* ------------------------------------------------------------------- report */

static void describe_senders(const struct lab_settings *settings, char *text, size_t bytes)
{
    size_t used = 0;
    text[0] = '\0';
    for (unsigned i = 0; i < settings->left_count && used + 1 < bytes; i++) {
        const struct lab_host_choice *left = &settings->lefts[i];
        int written =
            snprintf(text + used, bytes - used, "%s%s%s%s", i == 0 ? "" : " ", left->is_linux ? "linux" : "rill",
                     left->congestion_control[0] == '\0' ? "" : ":", left->congestion_control);
        used += written > 0 ? (size_t)written : 0;
        if (left->extra_delay != 0 && used + 1 < bytes) {
            written = snprintf(text + used, bytes - used, ":+%.0fms", (double)left->extra_delay / 1e6);
            used += written > 0 ? (size_t)written : 0;
        }
    }
}

static double share(uint64_t part, uint64_t of)
{
    return of == 0 ? 0 : 100 * (double)part / (double)of;
}

static uint64_t dropped(const struct rill_impaired_counts *counts)
{
    return counts->lost + counts->queue_dropped + counts->policed + counts->codel_dropped;
}

static void count_all(const struct lab_result *result, struct conn_counts *out)
{
    *out = (struct conn_counts){0};
    for (unsigned i = 0; i < result->flow_count; i++) {
        out->segments += result->flows[i].counts.segments;
        out->retransmitted += result->flows[i].counts.retransmitted;
    }
}

/* The flow whose waiting is told: objects or requests, when there are any. */
static const struct lab_flow_result *waiting_flow(const struct lab_result *result)
{
    for (unsigned i = 0; i < result->flow_count; i++) {
        if (result->flows[i].kind != FLOW_BULK)
            return &result->flows[i];
    }
    return NULL;
}

static void print_row(const struct job *job, const struct lab_result *result)
{
    const struct lab_settings *settings = &job->settings;
    const struct lab_flow_result *waiting = waiting_flow(result);
    struct conn_counts counts;
    char senders[160];
    if (job->runs == 1)
        printf("%-12s %-8s %-22s %9s %7s %7s %15s %6s %8s %17s\n", "path", "flows", "senders", "Mb/s", "resent",
               "dropped", "queue ms (p95)", "Jain", "finished", "took ms (p95)");
    describe_senders(settings, senders, sizeof senders);
    count_all(result, &counts);
    printf("%-12s %-8s %-22s %9.2f %6.2f%% %6.2f%% %7.1f (%5.1f) %6.3f", settings->path_name, settings->mix->name,
           senders, result->mbit, share(counts.retransmitted, counts.segments),
           share(dropped(&result->forward), result->forward.packets), result->queue_mean_ms, result->queue_p95_ms,
           result->jain);
    if (waiting != NULL)
        printf(" %8llu %8.1f (%6.1f)", (unsigned long long)waiting->done, waiting->median_ms, waiting->p95_ms);
    printf("\n");
    if (result->failure[0] != '\0')
        printf("  FAILED: %s\n", result->failure);
}

static void print_flow_keys(struct json *json, unsigned index, const struct lab_flow_result *flow)
{
    char key[32];
    snprintf(key, sizeof key, "mbit_%u", index);
    json_real(json, key, flow->mbit);
    snprintf(key, sizeof key, "left_%u", index);
    json_number(json, key, flow->left);
    if (flow->kind == FLOW_BULK)
        return;
    snprintf(key, sizeof key, "done_%u", index);
    json_number(json, key, flow->done);
    snprintf(key, sizeof key, "mean_ms_%u", index);
    json_real(json, key, flow->mean_ms);
    snprintf(key, sizeof key, "median_ms_%u", index);
    json_real(json, key, flow->median_ms);
    snprintf(key, sizeof key, "p95_ms_%u", index);
    json_real(json, key, flow->p95_ms);
    snprintf(key, sizeof key, "max_ms_%u", index);
    json_real(json, key, flow->max_ms);
}

static void print_counts(struct json *json, const struct lab_result *result)
{
    const struct rill_impaired_counts *forward = &result->forward;
    struct conn_counts counts;
    count_all(result, &counts);
    json_number(json, "segments", counts.segments);
    json_number(json, "retransmitted", counts.retransmitted);
    json_number(json, "packets", forward->packets);
    json_number(json, "lost", forward->lost);
    json_number(json, "queue_dropped", forward->queue_dropped);
    json_number(json, "policed", forward->policed);
    json_number(json, "codel_dropped", forward->codel_dropped);
    json_number(json, "marked", forward->marked);
    json_number(json, "reordered", forward->reordered);
}

static void print_json(const struct job *job, const struct lab_result *result)
{
    const struct lab_settings *settings = &job->settings;
    char senders[160];
    struct json json;
    describe_senders(settings, senders, sizeof senders);
    json_begin(&json, stdout);
    json_text(&json, "bench", "paths");
    json_text(&json, "path", settings->path_name);
    json_text(&json, "flows", settings->mix->name);
    json_text(&json, "senders", senders);
    json_text(&json, "receiver", settings->right.is_linux ? "linux" : "rill");
    json_number(&json, "seed", settings->seed);
    json_real(&json, "seconds", (double)settings->duration / 1e9);
    json_bool(&json, "ok", result->failure[0] == '\0');
    if (result->failure[0] != '\0')
        json_text(&json, "failure", result->failure);
    json_real(&json, "mbit", result->mbit);
    json_real(&json, "jain", result->jain);
    json_real(&json, "queue_mean_ms", result->queue_mean_ms);
    json_real(&json, "queue_p95_ms", result->queue_p95_ms);
    print_counts(&json, result);
    for (unsigned i = 0; i < result->flow_count; i++)
        print_flow_keys(&json, i, &result->flows[i]);
    json_text(&json, "drops", result->drops);
    json_number(&json, "refused", result->refused);
    json_real(&json, "cpu_share", result->cpu_share);
    json_real(&json, "late_p99_ms", result->late_ms);
    json_end(&json);
}

/* ---------------------------------------------------------------------- runs */

static void run_one(struct job *job)
{
    struct lab_result result;
    job->runs++;
    job->failures += !lab_run(&job->settings, &result);
    if (job->has_json)
        print_json(job, &result);
    else
        print_row(job, &result);
    fflush(stdout);
}

static bool take_path(struct job *job, const struct lab_path *path, rill_time asked)
{
    job->settings.path_name = path->name;
    job->settings.duration = asked != 0 ? asked : path->seconds * NANOS_PER_S;
    return parse_spec(path->forward, &job->settings.forward) && parse_spec(path->back, &job->settings.back);
}

static int run_path(struct job *job, const struct lab_path *path, rill_time asked)
{
    if (!take_path(job, path, asked))
        return CLI_USAGE;
    for (unsigned m = 0; m < job->mixes.count; m++) {
        job->settings.mix = lab_mix_find(job->mixes.items[m]);
        for (unsigned c = 0; c < job->controls.count; c++) {
            if (!job->has_left)
                snprintf(job->settings.lefts[0].congestion_control, sizeof job->settings.lefts[0].congestion_control,
                         "%s", job->controls.items[c]);
            run_one(job);
        }
    }
    return CLI_DONE;
}

static int run_all(struct job *job)
{
    rill_time asked = job->settings.duration;
    char back[48];
    int status = CLI_DONE;
    if (job->own.forward != NULL) {
        snprintf(back, sizeof back, "delay=%lluns", (unsigned long long)job->settings.forward.delay);
        if (job->own.back == NULL)
            job->own.back = back;
        status = run_path(job, &job->own, asked);
    }
    for (unsigned i = 0; i < job->paths.count && job->own.forward == NULL && status == CLI_DONE; i++)
        status = run_path(job, lab_path_find(job->paths.items[i]), asked);
    return status == CLI_DONE && job->failures > 0 ? CLI_FAILED : status;
}

static void set_defaults(struct job *job)
{
    static char all[] = "all", bulk[] = "bulk";
    *job = (struct job){
        .settings = {.left_count = 1, .seed = 1, .buffer_bytes = -1},
        .own = {.name = "own", .what = "", .seconds = 10},
        .controls = {.items = {""}, .count = 1},
    };
    (void)parse_paths(all, &job->paths);
    (void)parse_mixes(bulk, &job->mixes);
}

int bench_paths(int argc, char **argv)
{
    static struct job job;
    struct args args;
    int option;
    set_defaults(&job);
    args_begin(&args, &command, argc, argv);
    while ((option = args_next(&args)) > 0) {
        if (option == OPTION_LIST) {
            print_list();
            return CLI_DONE;
        }
        if (!apply(&args, option, &job))
            return CLI_USAGE;
    }
    if (option != ARGS_END)
        return option == ARGS_HELP ? CLI_DONE : CLI_USAGE;
    if (args.word_count > 0)
        return args_usage(&command);
    if (job.has_left && (job.controls.count > 1 || job.controls.items[0][0] != '\0')) {
        cli_error("--cc is for senders without --left: say --left rill:%s", job.controls.items[0]);
        return CLI_USAGE;
    }
    return run_all(&job);
}
