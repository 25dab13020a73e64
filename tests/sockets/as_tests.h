/*
 * Sequences of calls as cmocka tests. The file that includes this has
 * run_both(), true when the two transcripts are equal, and show_both(), which
 * fails and prints them.
 */
#ifndef TESTS_SOCKETS_AS_TESTS_H
#define TESTS_SOCKETS_AS_TESTS_H

#include <stdbool.h>

#include "support/cmocka_all.h"

static bool run_both(const char *sequence);
static void show_both(const char *why);

static void same(const char *sequence)
{
    if (!run_both(sequence))
        show_both("differs");
}

static void different(const char *sequence, const char *reason)
{
    if (run_both(sequence))
        show_both(reason);
}

#define AS_FUNCTION(name, sequence)                                                                                    \
    static void name(void **unused)                                                                                    \
    {                                                                                                                  \
        (void)unused;                                                                                                  \
        same(sequence);                                                                                                \
    }
#define AS_DIFFERENCE(name, reason, sequence)                                                                          \
    static void name(void **unused)                                                                                    \
    {                                                                                                                  \
        (void)unused;                                                                                                  \
        different(sequence, "no longer different (" reason ")");                                                       \
    }
#define AS_ENTRY(name, sequence) cmocka_unit_test(name),
#define AS_DIFFERENT_ENTRY(name, reason, sequence) cmocka_unit_test(name),

#endif
