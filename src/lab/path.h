/*
 * Named paths: what lies between a sender and a receiver, as two texts of
 * docs/impairments.md.
 */
#ifndef LAB_PATH_H
#define LAB_PATH_H

#include "rill/driver.h"

struct lab_path {
    const char *name;
    const char *what;    /* in a few words */
    const char *forward; /* the way of the data */
    const char *back;    /* the way of the ACKs */
    uint32_t seconds;    /* how long a run lasts, unless it is told otherwise */
};

/* Ends with a name of NULL. */
extern const struct lab_path lab_paths[];

/* NULL when there is none of this name. */
const struct lab_path *lab_path_find(const char *name);

/* Of both ways together, when nothing else is on its way. */
rill_time lab_round_trip(const struct rill_impairment *forward, const struct rill_impairment *back);

/* Send and receive buffers that the path does not fill up: 0 for a path without a rate. */
uint32_t lab_buffer_bytes(const struct rill_impairment *forward, const struct rill_impairment *back);

#endif
