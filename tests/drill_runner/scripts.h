/*
 * Scripts as strings, run as rill drill runs them.
 */
#ifndef TESTS_DRILL_RUNNER_SCRIPTS_H
#define TESTS_DRILL_RUNNER_SCRIPTS_H

#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drill/parser.h"
#include "drill/run.h"

#define LISTEN "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 bind(3, ..., ...) = 0\n+0 listen(3, 1) = 0\n"
#define OPEN                                                                                                           \
    LISTEN "+0 < S 0:0(0) win 65535 <mss 1000,nop,wscale 7>\n+0 > S. 0:0(0) ack 1 <...>\n"                             \
           "+.01 < . 1:1(0) ack 1 win 512\n+0 accept(3, ..., ...) = 4\n"                                               \
           "+0 fcntl(4, F_SETFL, O_RDWR|O_NONBLOCK) = 0\n"

static struct drill_options options;
static struct text failure, notes;
static uint32_t failure_line;

static inline int begin(void **state)
{
    (void)state;
    options = (struct drill_options){.profile = "rill", .start_at = 1000000000};
    return 0;
}

static inline bool passes(const char *source)
{
    struct run *run = calloc(1, sizeof *run);
    struct drill_script script;
    bool passed;

    assert_non_null(run);
    if (!drill_parse(&script, "x.pkt", source, options.profile))
        fail_msg("%s", text_of(&script.error));
    passed = drill_run(run, &script, &options);
    text_clear(&failure);
    text_clear(&notes);
    text_add(&failure, "%s", text_of(&run->failure));
    text_add(&notes, "%s", text_of(&run->notes));
    failure_line = run->failure_line;
    drill_run_end(run);
    free(run);
    drill_script_free(&script);
    return passed;
}

static inline void holds(const char *source)
{
    if (!passes(source))
        fail_msg("line %u: %s", failure_line, text_of(&failure));
}

static inline void fails_with(const char *source, const char *message)
{
    assert_false(passes(source));
    if (strstr(text_of(&failure), message) == NULL)
        fail_msg("no \"%s\" in: %s", message, text_of(&failure));
}

#endif
