/*
 * Where all of a simulation's chances come from: named streams of SplitMix64,
 * each started from the seed and its stable name ("link/0-1/loss"), so that
 * adding or removing one thing shifts no other. Every decision goes through
 * choose(). Integers only: the same on every machine and compiler.
 */
#ifndef SIM_CHOICES_H
#define SIM_CHOICES_H

#include "base/types.h"

struct choices {
    uint64_t state;
};

#define PPM UINT32_C(1000000)

/* The name is printf's, cut at 63 bytes. */
void choices_init(struct choices *choices, uint64_t seed, const char *name, ...) __attribute__((format(printf, 3, 4)));

uint64_t choices_word(struct choices *choices);

/* 0 .. n - 1; n > 0. */
uint64_t choose(struct choices *choices, uint64_t n);

/* low .. high, both included. */
uint64_t choose_between(struct choices *choices, uint64_t low, uint64_t high);

/* low .. high, each octave as likely as any other; low > 0. */
uint64_t choose_log(struct choices *choices, uint64_t low, uint64_t high);

/* True in so many of a million cases. */
bool chance(struct choices *choices, uint32_t ppm);

/* SplitMix64's output function: a hash of one word. */
uint64_t mix64(uint64_t word);

#endif
