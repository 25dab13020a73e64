/*
 * Quantiles, mean and Jain's index.
 */
#include "lab/samples.h"

#include <math.h>
#include <stdlib.h>

void samples_add(struct samples *samples, double value)
{
    if (samples->count == samples->capacity) {
        size_t capacity = samples->capacity == 0 ? 64 : samples->capacity * 2;
        double *values = realloc(samples->values, capacity * sizeof *values);
        if (values == NULL)
            return;
        samples->values = values;
        samples->capacity = capacity;
    }
    samples->values[samples->count++] = value;
    samples->is_sorted = false;
}

void samples_free(struct samples *samples)
{
    free(samples->values);
    *samples = (struct samples){0};
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double samples_quantile(struct samples *samples, double share)
{
    if (samples->count == 0)
        return 0;
    if (!samples->is_sorted)
        qsort(samples->values, samples->count, sizeof *samples->values, compare);
    samples->is_sorted = true;
    double rank = ceil(share * (double)samples->count);
    return samples->values[rank < 1 ? 0 : (size_t)rank - 1];
}

double samples_mean(const struct samples *samples)
{
    double sum = 0;
    for (size_t i = 0; i < samples->count; i++)
        sum += samples->values[i];
    return samples->count == 0 ? 0 : sum / (double)samples->count;
}

double samples_jain(const struct samples *samples)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < samples->count; i++) {
        sum += samples->values[i];
        squares += samples->values[i] * samples->values[i];
    }
    return squares > 0 ? sum * sum / ((double)samples->count * squares) : 1;
}
