/*
 * Scripts from files: each run as often as asked, reported as text. What the
 * command `rill drill` is made of.
 */
#ifndef DRILL_DRILL_H
#define DRILL_DRILL_H

#include "drill/run.h"

#include <stdio.h>

#define DRILL_ISNS_MAX 32

struct drill_job {
    struct drill_options options;
    char **files;
    unsigned file_count;
    uint32_t isns[DRILL_ISNS_MAX];
    unsigned isn_count; /* 0: whatever the stack chooses */
    unsigned processes;
};

/* Run all; "ok FILE" or "FAIL FILE:LINE: ..." each, then "N passed, N failed". Returns how many failed. */
unsigned drill_all(const struct drill_job *job, FILE *to);

/* One script, at every ISN asked for, up to the first that fails. The report is added to *to. */
bool drill_one(const struct drill_job *job, const char *file, struct text *to);

#endif
