/*
 * Delta debugging over cuts (Zeller, Hildebrandt 2002): a candidate is kept
 * when the oracle that failed fails again.
 */
#include "sim/shrink.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS_MAX 4u

struct search {
    struct world *world;
    struct sim_settings settings; /* of the next candidate */
    struct shrunk *best;
    char oracle[8];
    uint64_t events_left;
    bool has_gained;
};

/* "L1 for 300 s ..." to "L1". */
static void name_oracle(const char *failure, char oracle[8])
{
    unsigned n = 0;

    while (n < 7 && failure[n] != ' ' && failure[n] != '\0' && failure[n] != ':') {
        oracle[n] = failure[n];
        n++;
    }
    oracle[n] = '\0';
}

/* Runs the candidate, and makes it the best when it fails in the same way. */
static bool keeps_failing(struct search *search, uint64_t faults, const struct cuts *cuts)
{
    struct sim_result result;
    char oracle[8];

    if (search->events_left == 0)
        return false;
    search->settings.faults = faults;
    search->settings.cuts = cuts;
    search->best->runs++;
    sim_run(search->world, &search->settings, &result);
    search->events_left -= min_u64(search->events_left, result.events + 100);
    name_oracle(result.failure, oracle);
    if (search->oracle[0] == '\0')
        memcpy(search->oracle, oracle, sizeof oracle);
    if (oracle[0] == '\0' || strcmp(oracle, search->oracle) != 0)
        return false;
    if (cuts != &search->best->cuts)
        search->best->cuts = *cuts;
    search->best->faults = faults;
    search->best->result = result;
    search->has_gained = true;
    return true;
}

static void cut_faults(struct search *search)
{
    struct cuts *same = &search->best->cuts;

    if (search->best->faults == 0 || keeps_failing(search, 0, same))
        return;
    for (unsigned fault = 0; fault < FAULTS; fault++) {
        uint64_t bit = UINT64_C(1) << fault;

        if ((search->best->faults & bit) != 0)
            keeps_failing(search, search->best->faults & ~bit, same);
    }
}

/* Sets ever smaller runs of the bits that are not set yet. */
static void cut_bits(struct search *search, size_t offset, unsigned count)
{
    for (unsigned chunk = count; chunk > 0; chunk /= 2) {
        for (unsigned at = 0; at < count; at += chunk) {
            struct cuts cuts = search->best->cuts;
            uint64_t *bits = (uint64_t *)((char *)&cuts + offset);
            bool is_new = false;

            for (unsigned i = at; i < at + chunk && i < count; i++) {
                is_new |= !cut_bit(bits, i);
                cut_set(bits, i);
            }
            if (is_new)
                keeps_failing(search, search->best->faults, &cuts);
        }
    }
}

static void cut_timed(struct search *search, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct cuts cuts = search->best->cuts;

        cuts.timed_out |= UINT32_C(1) << i;
        if (cuts.timed_out != search->best->cuts.timed_out)
            keeps_failing(search, search->best->faults, &cuts);
    }
}

static void cut_bytes(struct search *search, const struct scenario *drawn)
{
    struct cuts cuts = search->best->cuts;
    uint64_t low = 0, high = 0;

    for (unsigned i = 0; i < drawn->session_count; i++)
        for (unsigned side = 0; side < 2 && !cut_bit(cuts.sessions_out, i); side++)
            high = max_u64(high, drawn->sessions[i].tempers[side].send_total);
    if (cuts.has_bytes_max)
        high = min_u64(high, cuts.bytes_max);
    cuts.has_bytes_max = true;
    while (low < high) { /* the least that still fails, if more bytes fail more easily */
        cuts.bytes_max = low + (high - low) / 2;
        if (keeps_failing(search, search->best->faults, &cuts))
            high = cuts.bytes_max;
        else
            low = cuts.bytes_max + 1;
    }
}

static void cut_time(struct search *search, const struct scenario *drawn)
{
    struct cuts cuts = search->best->cuts;
    rill_time low = NANOS_PER_MS, high = cuts.heal_by != 0 ? min_u64(cuts.heal_by, drawn->heal_at) : drawn->heal_at;

    while (low + low / 8 < high) {
        cuts.heal_by = low + (high - low) / 2;
        if (keeps_failing(search, search->best->faults, &cuts))
            high = cuts.heal_by;
        else
            low = cuts.heal_by + 1;
    }
}

/* From now on only frames on a list meet with mishaps: first all that did, then ever fewer. */
static void cut_mishaps(struct search *search)
{
    struct cuts cuts = search->best->cuts;

    if (!cuts.has_mishaps) {
        cuts.has_mishaps = true;
        if (keeps_failing(search, search->best->faults, &cuts))
            return;
        cuts.has_mishaps = false;
        search->settings.met = &cuts.mishaps;
        cuts.mishaps.count = 0;
        keeps_failing(search, search->best->faults, &search->best->cuts);
        search->settings.met = NULL;
        cuts.has_mishaps = true;
        if (cuts.mishaps.count == MISHAPS_MAX || !keeps_failing(search, search->best->faults, &cuts))
            return;
    }
    for (uint32_t chunk = search->best->cuts.mishaps.count; chunk > 0; chunk /= 2) {
        uint32_t at = 0;

        while (at < search->best->cuts.mishaps.count) {
            struct mishaps *list = &cuts.mishaps;
            uint32_t n;

            cuts = search->best->cuts;
            n = min_u32(chunk, list->count - at);
            for (uint32_t i = at; i + n < list->count; i++)
                list->list[i] = list->list[i + n];
            list->count -= n;
            if (!keeps_failing(search, search->best->faults, &cuts))
                at += n;
        }
    }
}

static void cut_all(struct search *search, struct scenario *drawn)
{
    const struct sim_settings *s = &search->settings;

    for (unsigned round = 0; round < ROUNDS_MAX && search->has_gained; round++) {
        search->has_gained = false;
        cut_faults(search);
        scenario_draw(drawn, s->seed, s->profile, search->best->faults);
        cut_bits(search, offsetof(struct cuts, sessions_out), drawn->session_count);
        cut_bits(search, offsetof(struct cuts, plain), 2 * drawn->session_count);
        cut_timed(search, drawn->timed_count);
        cut_bytes(search, drawn);
        cut_time(search, drawn);
        cut_mishaps(search);
    }
}

bool sim_shrink(struct world *world, const struct sim_settings *settings, uint64_t events_max, struct shrunk *out)
{
    struct scenario *drawn = malloc(sizeof *drawn);
    struct search search = {.world = world, .settings = *settings, .best = out, .events_left = events_max};

    *out = (struct shrunk){.faults = settings->faults};
    search.settings.trace = search.settings.pcap = NULL;
    if (settings->cuts != NULL)
        out->cuts = *settings->cuts;
    if (drawn != NULL && keeps_failing(&search, settings->faults, &out->cuts)) {
        out->faults &= world->scenario.faults;
        if (settings->events_max == 0)
            search.settings.events_max = 2 * out->result.events + 10000;
        cut_all(&search, drawn);
    }
    free(drawn);
    return search.oracle[0] != '\0';
}
