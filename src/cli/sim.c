/*
 * `rill sim`: seeds through the simulated network, one line for each that
 * fails.
 */
#include "sim/shrink.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/args.h"

#define FORKS_MAX 10000u
#define SHRINK_EVENTS UINT64_C(40000000)
#define TWICE_EVERY 64u /* so often a seed runs twice, to see that it does the same */

enum {
    OPTION_SEEDS = 256,
    OPTION_SEED,
    OPTION_TRACE,
    OPTION_CHECK,
    OPTION_PROFILE,
    OPTION_PCAP,
    OPTION_FAULTS,
    OPTION_FILE,
    OPTION_FIRST,
    OPTION_FOR,
    OPTION_SHRINK,
    OPTION_SESSIONS,
    OPTION_PLAIN,
    OPTION_BYTES,
    OPTION_HEAL_BY,
    OPTION_TIMED,
    OPTION_MISHAPS,
    OPTION_FAIL_ALLOCATION,
    OPTION_REFUSE,
    OPTION_FORK_AT,
    OPTION_FORKS
};

static const struct args_option options[] = {
    {OPTION_SEEDS, 0, "seeds", "A..B", "one run for each seed (1..1000); A.. goes on without end"},
    {OPTION_SEED, 0, "seed", "N", "this one, with what it draws"},
    {OPTION_FILE, 0, "seed-file", "FILE",
     "a line each: PROFILE SEED, anything behind is a comment; or, for the lines behind it: faults LIST"},
    {OPTION_PROFILE, 0, "profile", "NAME", "how large: tiny, small or crowd (small)"},
    {OPTION_CHECK, 0, "check", "K", "check every invariant of every stack each K events (only at the end)"},
    {OPTION_FAULTS, 0, "faults", "LIST", "let seeds draw no other faults: loss,delay,...; none; or all"},
    {OPTION_FIRST, 0, "first", NULL, "stop at the first seed that fails"},
    {OPTION_TRACE, 0, "trace", NULL, "print every event"},
    {OPTION_PCAP, 0, "pcap", "FILE", "all packets of the last seed, as they were sent"},
    {OPTION_FOR, 0, "for", "SECONDS", "begin no other seed after so long"},
    {OPTION_SHRINK, 0, "shrink", "NAME",
     "make each seed that fails small; say its command line, write NAME-SEED.pcap and scripts NAME-SEED-*.pkt"},
    {OPTION_SESSIONS, 0, "sessions", "LIST", "only these sessions happen: 0,3-5"},
    {OPTION_PLAIN, 0, "plain", "LIST",
     "ends whose applications have no temper: twice the session, 1 more for its server"},
    {OPTION_BYTES, 0, "bytes", "N", "no application sends more"},
    {OPTION_HEAL_BY, 0, "heal-by", "NS", "the heal comes by then at the latest, in nanoseconds"},
    {OPTION_TIMED, 0, "timed", "LIST", "of the cuts, jumps and closed listeners that were drawn, only these happen"},
    {OPTION_MISHAPS, 0, "mishaps", "LIST", "links harm only these frames, FROM-TO:INDEX: 0-1:7,1-0:2; or none"},
    {OPTION_FAIL_ALLOCATION, 0, "fail-allocation", "N",
     "run each seed again for every request for memory that a host makes, with that one and the N - 1 behind it "
     "refused"},
    {OPTION_REFUSE, 0, "refuse", "HOST:K:N", "this host's K-th request for memory is refused, and the N - 1 behind it"},
    {OPTION_FORK_AT, 0, "fork-at", "MS", "with --forks: where the world is copied, in milliseconds (1000)"},
    {OPTION_FORKS, 0, "forks", "N",
     "from a copy of each world at one instant go on N times, as it would have and with N - 1 other series of chances"},
    {0, 0, NULL, NULL, NULL},
};

static const struct args_command command = {
    .name = "sim",
    .synopsis = "[OPTIONS]",
    .summary = "deterministic network simulation, many seeds",
    .teaches = "A seed makes a world: 2 to 8 hosts that run rill, links that lose, damage, duplicate and reorder,\n"
               "drivers that stall, clocks that jump, and applications of all tempers. Time is virtual. First comes\n"
               "chaos, then all faults end, and every connection must finish. A seed always gives the same run.\n\n"
               "  rill sim --seeds 1..10000\n"
               "  rill sim --seed 7 --trace --pcap seven.pcap         see what a seed does\n"
               "  rill sim --seeds 1..100 --faults loss,reorder       only these faults\n"
               "  rill sim --profile crowd --seeds 1..10 --check 64\n"
               "  rill sim --profile tiny --seeds 1..20 --fail-allocation 1\n"
               "  rill sim --seed 7 --forks 100 --fork-at 250\n"
               "  rill sim --seed 4396 --shrink /tmp/case             the smallest case that still fails",
    .options = options,
};

struct job {
    struct sim_settings settings;
    uint64_t first, last, seconds; /* 0: as long as it takes */
    const char *pcap, *seed_file, *shrink;
    struct cuts cuts;
    struct shrunk shrunk;
    bool is_single, stops_at_first;
    uint64_t forks;             /* --forks; 0: not asked for */
    uint64_t refusals_in_a_row; /* --fail-allocation; 0: not asked for */
    uint64_t passed, failed, events, packets;
    rill_time took;
};

/* "A..B" or "A". */
static bool parse_seeds(const struct args *args, const char *text, struct job *job)
{
    char first[32];
    const char *dots = strstr(text, "..");
    size_t length = dots == NULL ? strlen(text) : (size_t)(dots - text);

    length = length < sizeof first ? length : sizeof first - 1;
    memcpy(first, text, length);
    first[length] = '\0';
    if (!args_number(args, "the first seed", first, 0, UINT64_MAX - 1, &job->first))
        return false;
    job->last = job->first;
    if (dots != NULL && dots[2] == '\0') {
        job->last = UINT64_MAX - 1;
        return true;
    }
    return dots == NULL || args_number(args, "the last seed", dots + 2, job->first, UINT64_MAX - 1, &job->last);
}

static bool parse_profile(const char *text, enum profile *out)
{
    static const char *const names[] = {"tiny", "small", "crowd"};

    for (unsigned i = 0; i < 3; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = (enum profile)i;
            return true;
        }
    }
    cli_error("there is no profile '%s': tiny, small or crowd", text);
    return false;
}

static bool parse_faults(const char *text, uint64_t *out)
{
    const char *wrong = faults_read(text, out);

    if (wrong != NULL)
        cli_error("there is no fault '%.*s'", (int)strcspn(wrong, ",\n"), wrong);
    return wrong == NULL;
}

/* "HOST:K:N" */
static bool parse_refusal(const char *text, struct sim_settings *settings)
{
    unsigned long long k, count;
    unsigned host;
    int end = 0;

    if (sscanf(text, "%u:%llu:%llu%n", &host, &k, &count, &end) != 3 || text[end] != '\0' || host >= HOSTS_MAX ||
        k == 0 || count == 0) {
        cli_error("'%s' is not HOST:K:N, as 0:17:1 is", text);
        return false;
    }
    settings->refuse_host = host;
    settings->refuse_after = k - 1;
    settings->refuse_count = count;
    return true;
}

/* What leaves things out of what seeds draw. */
static bool apply_cut(const struct args *args, int id, struct job *job)
{
    struct cuts *cuts = &job->cuts;
    const char *text = args->value;
    bool is_read;

    job->settings.cuts = cuts;
    switch (id) {
    case OPTION_SESSIONS:
        is_read = cuts_read_sessions(cuts, text);
        break;
    case OPTION_PLAIN:
        is_read = cuts_read_plain(cuts, text);
        break;
    case OPTION_TIMED:
        is_read = cuts_read_timed(cuts, text);
        break;
    case OPTION_MISHAPS:
        is_read = cuts_read_mishaps(cuts, text);
        break;
    case OPTION_BYTES:
        cuts->has_bytes_max = true;
        return args_number(args, "--bytes", text, 0, UINT64_MAX - 1, &cuts->bytes_max);
    default:
        return args_number(args, "--heal-by", text, 1, UINT64_MAX - 1, &cuts->heal_by);
    }
    if (!is_read)
        cli_error("'%s' is no such list: rill sim --help shows them", text);
    return is_read;
}

static bool apply(const struct args *args, int id, struct job *job)
{
    uint64_t number = 0;

    switch (id) {
    case OPTION_SEED:
        job->is_single = true;
        return parse_seeds(args, args->value, job);
    case OPTION_SEEDS:
        return parse_seeds(args, args->value, job);
    case OPTION_FILE:
        job->seed_file = args->value;
        return true;
    case OPTION_PROFILE:
        return parse_profile(args->value, &job->settings.profile);
    case OPTION_FAULTS:
        return parse_faults(args->value, &job->settings.faults);
    case OPTION_FOR:
        return args_number(args, "--for", args->value, 1, 1000000, &job->seconds);
    case OPTION_FIRST:
        job->stops_at_first = true;
        return true;
    case OPTION_TRACE:
        job->settings.trace = stdout;
        return true;
    case OPTION_PCAP:
        job->pcap = args->value;
        return true;
    case OPTION_SHRINK:
        job->shrink = args->value;
        return true;
    case OPTION_FORK_AT:
        if (!args_number(args, "--fork-at", args->value, 0, UINT64_C(1000000000), &number))
            return false;
        job->settings.fork_at = number * 1000000;
        return true;
    case OPTION_FORKS:
        return args_number(args, "--forks", args->value, 1, FORKS_MAX, &job->forks);
    case OPTION_FAIL_ALLOCATION:
        return args_number(args, "--fail-allocation", args->value, 1, 1000000, &job->refusals_in_a_row);
    case OPTION_REFUSE:
        return parse_refusal(args->value, &job->settings);
    case OPTION_CHECK:
        if (!args_number(args, "--check", args->value, 1, 1000000000, &number))
            return false;
        job->settings.check = (uint32_t)number;
        return true;
    default:
        return apply_cut(args, id, job);
    }
}

/* Once, and now and then once more: the same seed must do the same. */
static bool run_once_or_twice(struct world *world, const struct job *job, struct sim_result *result)
{
    struct sim_result again;

    if (!sim_run(world, &job->settings, result))
        return false;
    if (job->settings.seed % TWICE_EVERY != 0 || job->settings.pcap != NULL || job->settings.trace != NULL)
        return true;
    sim_run(world, &job->settings, &again);
    if (again.hash == result->hash)
        return true;
    snprintf(result->failure, sizeof result->failure, "X5 not the same when run again: %llu and %llu events",
             (unsigned long long)result->events, (unsigned long long)again.events);
    result->failed_at = result->took;
    return false;
}

static const char *profile_name(enum profile profile)
{
    return profile == PROFILE_TINY ? "tiny" : profile == PROFILE_SMALL ? "small" : "crowd";
}

static void print_faults(uint64_t faults)
{
    const char *before = " --faults ";

    for (unsigned fault = 0; fault < FAULTS; fault++) {
        if ((faults >> fault & 1) != 0)
            printf("%s%s", before, fault_name((enum fault)fault));
        before = (faults >> fault & 1) != 0 ? "," : before;
    }
    if (faults == 0)
        printf("%snone", before);
}

static FILE *open_for(const struct job *job, const char *suffix)
{
    char name[512];
    FILE *file;

    snprintf(name, sizeof name, "%s-%llu%s", job->shrink, (unsigned long long)job->settings.seed, suffix);
    file = fopen(name, "wb");
    if (file == NULL)
        cli_error("%s cannot be written", name);
    else
        printf("  %s\n", name);
    return file;
}

static unsigned first_session(const struct cuts *cuts)
{
    unsigned i = 0;

    while (i + 1 < SESSIONS_MAX && cut_bit(cuts->sessions_out, i))
        i++;
    return i;
}

/* Once more, as a capture and as a script of each end; a script is written in a run of its own. */
static void write_case(struct world *world, const struct job *job)
{
    struct sim_settings settings = job->settings;
    struct sim_result result;

    settings.faults = job->shrunk.faults;
    settings.cuts = &job->shrunk.cuts;
    for (unsigned side = 0; side < 2; side++) {
        struct tape tape = {.end = 2 * first_session(settings.cuts) + side};

        settings.pcap = side == 0 ? open_for(job, ".pcap") : NULL;
        tape.file = open_for(job, side == 0 ? "-client.pkt" : "-server.pkt");
        settings.tape = &tape;
        sim_run(world, &settings, &result);
        if (tape.file != NULL) {
            fprintf(tape.file, "// Then: %s\n", result.failure);
            fclose(tape.file);
        }
        if (settings.pcap != NULL)
            fclose(settings.pcap);
    }
}

static void shrink_seed(struct world *world, struct job *job)
{
    struct shrunk *shrunk = &job->shrunk;

    if (!sim_shrink(world, &job->settings, SHRINK_EVENTS, shrunk))
        return;
    printf("  shrunk in %u runs to %llu packets: %s\n  rill sim --profile %s --seed %llu", shrunk->runs,
           (unsigned long long)shrunk->result.packets, shrunk->result.failure, profile_name(job->settings.profile),
           (unsigned long long)job->settings.seed);
    print_faults(shrunk->faults);
    scenario_draw(&world->scenario, job->settings.seed, job->settings.profile, shrunk->faults);
    cuts_print(&shrunk->cuts, &world->scenario, stdout);
    if (job->settings.check != 0)
        printf(" --check %u", job->settings.check);
    putchar('\n');
    write_case(world, job);
}

static void run_seed(struct world *world, struct job *job, uint64_t seed)
{
    struct sim_result result;
    char text[640];

    job->settings.seed = seed;
    if (run_once_or_twice(world, job, &result)) {
        job->passed++;
    } else {
        job->failed++;
        printf("seed %llu at %.6f s: %s\n", (unsigned long long)seed, (double)result.failed_at / (double)NANOS_PER_S,
               result.failure);
        if (job->shrink != NULL)
            shrink_seed(world, job);
    }
    job->events += result.events;
    job->packets += result.packets;
    job->took += result.took;
    if (!job->is_single)
        return;
    sim_describe(world, text, sizeof text);
    printf("seed %llu: %s\n%llu events, %llu packets (%llu lost, %llu copies, %llu damaged), %u opened, %u errors, "
           "%.3f s, hash %016llx\n",
           (unsigned long long)seed, text, (unsigned long long)result.events, (unsigned long long)result.packets,
           (unsigned long long)result.links.lost, (unsigned long long)result.links.copies,
           (unsigned long long)result.links.damaged, result.established, result.errors,
           (double)result.took / (double)NANOS_PER_S, (unsigned long long)result.hash);
}

static void count_run(struct job *job, const struct sim_result *result)
{
    *(result->failure[0] == '\0' ? &job->passed : &job->failed) += 1;
    job->events += result->events;
    job->packets += result->packets;
    job->took += result->took;
}

/* Once without a refusal, to count the requests; then once for each of them. */
static void fail_allocations(struct world *world, struct job *job, uint64_t seed)
{
    struct sim_settings settings = job->settings;
    struct sim_result counted, result;

    settings.seed = seed;
    settings.refuse_count = 0;
    if (!sim_run(world, &settings, &counted))
        return;
    settings.refuse_count = job->refusals_in_a_row;
    for (unsigned host = 0; host < HOSTS_MAX; host++) {
        settings.refuse_host = host;
        for (uint64_t k = 0; k < counted.requests[host]; k++) {
            settings.refuse_after = k;
            (void)sim_run(world, &settings, &result);
            count_run(job, &result);
            if (result.failure[0] == '\0')
                continue;
            printf("seed %llu --refuse %u:%llu:%llu at %.6f s: %s\n", (unsigned long long)seed, host,
                   (unsigned long long)(k + 1), (unsigned long long)settings.refuse_count,
                   (double)result.failed_at / (double)NANOS_PER_S, result.failure);
        }
    }
}

static void run_forks(struct world *world, struct job *job, uint64_t seed)
{
    static struct sim_result results[FORKS_MAX];
    static uint64_t seeds[FORKS_MAX];
    struct sim_settings settings = job->settings;
    unsigned done;

    settings.seed = seed;
    for (unsigned i = 0; i < job->forks; i++)
        seeds[i] = i;
    done = sim_run_forked(world, &settings, (unsigned)job->forks, seeds, results);
    for (unsigned i = 0; i < done; i++) {
        count_run(job, &results[i]);
        if (results[i].failure[0] != '\0')
            printf("seed %llu fork %u at %.6f s: %s\n", (unsigned long long)seed, i,
                   (double)results[i].failed_at / (double)NANOS_PER_S, results[i].failure);
    }
    if (done < job->forks)
        cli_error("no memory for a copy of the world of seed %llu", (unsigned long long)seed);
}

static bool run_file(struct world *world, struct job *job)
{
    FILE *file = fopen(job->seed_file, "r");
    char line[512], profile[16];
    unsigned long long seed;

    if (file == NULL) {
        cli_error("%s cannot be read", job->seed_file);
        return false;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        if (line[0] == '#' || line[0] == '\n')
            continue;
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "faults ", 7) == 0 && parse_faults(line + 7, &job->settings.faults))
            continue;
        if (sscanf(line, "%15s %llu", profile, &seed) != 2 || !parse_profile(profile, &job->settings.profile)) {
            cli_error("%s: '%s' is not PROFILE SEED", job->seed_file, line);
            fclose(file);
            return false;
        }
        run_seed(world, job, seed);
    }
    fclose(file);
    return true;
}

static bool is_enough(const struct job *job, time_t began)
{
    return (job->stops_at_first && job->failed > 0) ||
           (job->seconds != 0 && (uint64_t)(time(NULL) - began) >= job->seconds);
}

static bool run_range(struct world *world, struct job *job)
{
    time_t began = time(NULL);

    for (uint64_t seed = job->first; seed <= job->last && !is_enough(job, began); seed++) {
        FILE *pcap = seed == job->last && job->pcap != NULL ? fopen(job->pcap, "wb") : NULL;

        if (seed == job->last && job->pcap != NULL && pcap == NULL) {
            cli_error("%s cannot be written", job->pcap);
            return false;
        }
        job->settings.pcap = pcap;
        run_seed(world, job, seed);
        if (job->forks != 0)
            run_forks(world, job, seed);
        if (job->refusals_in_a_row != 0)
            fail_allocations(world, job, seed);
        if (pcap != NULL)
            fclose(pcap);
    }
    return true;
}

static int run_job(struct job *job)
{
    struct world *world = sim_open();
    clock_t began = clock();
    double cpu;
    bool is_done;

    if (world == NULL) {
        cli_error("no memory");
        return CLI_FAILED;
    }
    is_done = job->seed_file != NULL ? run_file(world, job) : run_range(world, job);
    sim_close(world);
    cpu = (double)(clock() - began) / CLOCKS_PER_SEC;
    printf("%llu events, %llu packets, %.0f s simulated in %.2f CPU-seconds: %.0f events per CPU-second\n",
           (unsigned long long)job->events, (unsigned long long)job->packets, (double)job->took / (double)NANOS_PER_S,
           cpu, (double)job->events / (cpu > 0 ? cpu : 1e-9));
    printf("%llu passed, %llu failed\n", (unsigned long long)job->passed, (unsigned long long)job->failed);
    return is_done && job->failed == 0 ? CLI_DONE : CLI_FAILED;
}

static int sim_main(int argc, char **argv)
{
    struct job job = {
        .settings = {.profile = PROFILE_SMALL, .faults = UINT64_MAX, .fork_at = NANOS_PER_S}, .first = 1, .last = 1000};
    struct args args;
    int option;

    args_begin(&args, &command, argc, argv);
    while ((option = args_next(&args)) > 0)
        if (!apply(&args, option, &job))
            return CLI_USAGE;
    if (option != ARGS_END)
        return option == ARGS_HELP ? CLI_DONE : CLI_USAGE;
    if (args.word_count > 0)
        return args_usage(&command);
    return run_job(&job);
}

const struct cli_command sim_command = {&command, sim_main};
