/*
 * What a run leaves out of what its seed draws. Found by sim_shrink(), and
 * said again on a command line: a shrunk case is a seed and its cuts.
 */
#ifndef SIM_CUTS_H
#define SIM_CUTS_H

#include <stdio.h>

#include "sim/scenario.h"

#define MISHAPS_MAX 4096u

/* What befell one frame on its way: the index-th that entered the link. */
struct mishap {
    uint8_t from, to;
    uint32_t index;
};

struct mishaps {
    uint32_t count;
    struct mishap list[MISHAPS_MAX];
};

#define ENDS_MAX (2 * SESSIONS_MAX)

/* All zero: nothing is left out. */
struct cuts {
    uint64_t sessions_out[SESSIONS_MAX / 64]; /* bits: sessions that do not happen */
    uint64_t plain[ENDS_MAX / 64];            /* bits: ends with an application of no temper, 2 * session + side */
    uint32_t timed_out;                       /* bits of the scenario's timed faults */
    bool has_bytes_max;
    uint64_t bytes_max; /* what each application sends at most */
    rill_time heal_by;  /* 0: as drawn */
    bool has_mishaps;   /* then frames that the list does not name travel undisturbed */
    struct mishaps mishaps;
};

static inline bool cut_bit(const uint64_t *bits, unsigned i)
{
    return (bits[i / 64] >> (i % 64) & 1) != 0;
}

static inline void cut_set(uint64_t *bits, unsigned i)
{
    bits[i / 64] |= UINT64_C(1) << (i % 64);
}

/* Leaves out of the scenario what is not the links'. */
void cuts_apply(const struct cuts *cuts, struct scenario *scenario);

bool mishaps_name(const struct mishaps *mishaps, unsigned from, unsigned to, uint32_t index);

/* Adds it while there is room. */
void mishaps_note(struct mishaps *mishaps, unsigned from, unsigned to, uint32_t index);

/* The options of `rill sim` that say these cuts, each with a space before it. */
void cuts_print(const struct cuts *cuts, const struct scenario *drawn, FILE *out);

/* The values of these options; false: not understood. */
bool cuts_read_sessions(struct cuts *cuts, const char *text);
bool cuts_read_plain(struct cuts *cuts, const char *text);
bool cuts_read_timed(struct cuts *cuts, const char *text);
bool cuts_read_mishaps(struct cuts *cuts, const char *text);

#endif
