/*
 * Numbers collected in a run, and what is told of them.
 */
#ifndef LAB_SAMPLES_H
#define LAB_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>

struct samples {
    double *values;
    size_t count, capacity;
    bool is_sorted;
};

/* Without memory a sample is lost. */
void samples_add(struct samples *samples, double value);
void samples_free(struct samples *samples);

/* share 0.5: the median. Nearest rank; 0 without samples. */
double samples_quantile(struct samples *samples, double share);
double samples_mean(const struct samples *samples);

/* Jain's index of fairness: 1 when all are the same, 1/n when one has all. */
double samples_jain(const struct samples *samples);

#endif
