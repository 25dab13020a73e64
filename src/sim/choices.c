/*
 * Named streams of SplitMix64 (Steele, Lea, Flood 2014). Wraps on purpose.
 */
#include "sim/choices.h"

#include <stdarg.h>
#include <stdio.h>

#define GOLDEN UINT64_C(0x9E3779B97F4A7C15)
#define NAME_BYTES 64

uint64_t mix64(uint64_t word)
{
    word = (word ^ (word >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    word = (word ^ (word >> 27)) * UINT64_C(0x94D049BB133111EB);
    return word ^ (word >> 31);
}

void choices_init(struct choices *choices, uint64_t seed, const char *name, ...)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325); /* FNV-1a */
    char text[NAME_BYTES];
    va_list values;

    va_start(values, name);
    vsnprintf(text, sizeof text, name, values);
    va_end(values);
    for (const char *c = text; *c != '\0'; c++)
        hash = (hash ^ (uint8_t)*c) * UINT64_C(0x100000001B3);
    choices->state = mix64(seed + GOLDEN) ^ mix64(hash);
}

uint64_t choices_word(struct choices *choices)
{
    choices->state += GOLDEN;
    return mix64(choices->state);
}

uint64_t choose(struct choices *choices, uint64_t n)
{
    return choices_word(choices) % n;
}

uint64_t choose_between(struct choices *choices, uint64_t low, uint64_t high)
{
    return low + choose(choices, high - low + 1);
}

uint64_t choose_log(struct choices *choices, uint64_t low, uint64_t high)
{
    uint64_t octaves = 0, base, value;

    while (octaves < 62 && low << (octaves + 1) <= high && low << (octaves + 1) > low)
        octaves++;
    base = low << choose(choices, octaves + 1);
    value = base + choose(choices, base);
    return value < high ? value : high;
}

bool chance(struct choices *choices, uint32_t ppm)
{
    return choose(choices, PPM) < ppm;
}
