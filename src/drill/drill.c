/*
 * Scripts from files: see drill.h.
 */
#include "drill/drill.h"

#include "drill/parser.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_AT UINT64_C(1000000000)
#define ISN_TICK UINT64_C(4000) /* RFC 9293 3.4.1: the ISN moves by one every 4 microseconds */

static void report(const struct drill_job *job, const struct run *run, const char *file, bool passed,
                   const uint32_t *isn, struct text *to)
{
    text_add(to, "%s", text_of(&run->notes));
    if (passed) {
        if (job->options.trace)
            text_add(to, "%s", text_of(&run->ladder));
        return;
    }
    text_add(to, "FAIL %s:%u: ", file, run->failure_line);
    if (run->failure_column > 0)
        text_add(to, "column %u: ", run->failure_column);
    text_add(to, "%s", text_of(&run->failure));
    if (isn != NULL)
        text_add(to, " [ISN %u]", *isn);
    text_add(to, "\n%s", text_of(&run->ladder));
}

static bool run_once(const struct drill_job *job, const struct drill_script *script, struct drill_options *options,
                     const uint32_t *isn, struct text *to, uint32_t *iss)
{
    struct run *run = calloc(1, sizeof *run);
    bool passed;

    if (run == NULL)
        return false;
    passed = drill_run(run, script, options);
    *iss = run->first_iss_known ? run->first_iss : 0;
    if (to != NULL)
        report(job, run, script->file, passed, isn, to);
    drill_run_end(run);
    free(run);
    return passed;
}

/*
 * Our ISN is a PRF of the addresses plus a clock (RFC 6528). The first run tells what it is at one start; the second
 * one starts as much later as makes it what is wanted.
 */
static bool run_at(const struct drill_job *job, const struct drill_script *script, uint32_t isn, struct text *to)
{
    struct drill_options options = job->options;
    uint32_t iss = 0, unused = 0;

    options.has_isn = true;
    options.isn = isn;
    options.start_at = START_AT;
    options.skip_code = true;
    run_once(job, script, &options, NULL, NULL, &iss);
    options.skip_code = job->options.skip_code;
    options.start_at = START_AT + (uint64_t)(uint32_t)(isn - iss) * ISN_TICK;
    return run_once(job, script, &options, &isn, to, &unused);
}

bool drill_one(const struct drill_job *job, const char *file, struct text *to)
{
    struct drill_job mine = *job;
    struct drill_script script;
    bool passed = drill_parse_file(&script, file, job->options.profile);
    uint32_t unused = 0;

    mine.options.start_at = START_AT;
    if (script.profile != NULL)
        mine.options.profile = script.profile;
    if (!passed)
        text_add(to, "FAIL %s", text_of(&script.error));
    else if (job->isn_count == 0)
        passed = run_once(&mine, &script, &mine.options, NULL, to, &unused);
    else
        for (unsigned i = 0; passed && i < job->isn_count; i++)
            passed = run_at(&mine, &script, job->isns[i], to);
    if (passed)
        text_add(to, "ok %s\n", file);
    drill_script_free(&script);
    return passed;
}

/* Files number first, first + step, ...: the report of each, behind its length and its verdict. */
static void work(const struct drill_job *job, unsigned first, unsigned step, FILE *to)
{
    for (unsigned i = first; i < job->file_count; i += step) {
        struct text text = {0};
        bool passed = drill_one(job, job->files[i], &text);

        fprintf(to, "%d %zu\n%s", passed, text.bytes, text_of(&text));
        text_free(&text);
    }
    fflush(to);
}

/* The report of one file, from the worker that ran it. True when it passed. */
static bool copy_report(FILE *from, FILE *to, const char *file)
{
    int passed = 0;
    size_t bytes = 0;

    if (fscanf(from, "%d %zu", &passed, &bytes) != 2 || fgetc(from) != '\n') {
        fprintf(to, "FAIL %s:0: the process that ran it died\n", file);
        return false;
    }
    for (; bytes > 0; bytes--) {
        int c = fgetc(from);

        if (c == EOF)
            return false;
        fputc(c, to);
    }
    return passed != 0;
}

static unsigned collect(const struct drill_job *job, FILE **from, unsigned workers, FILE *to)
{
    unsigned failed = 0;

    for (unsigned i = 0; i < workers; i++)
        rewind(from[i]);
    for (unsigned i = 0; i < job->file_count; i++)
        failed += !copy_report(from[i % workers], to, job->files[i]);
    for (unsigned i = 0; i < workers; i++)
        fclose(from[i]);
    return failed;
}

static unsigned run_all(const struct drill_job *job, FILE *to)
{
    FILE *from[64];
    pid_t children[64];
    unsigned workers = job->processes < 64 ? job->processes : 64;

    fflush(NULL);
    for (unsigned i = 0; i < workers; i++) {
        from[i] = tmpfile();
        if (from[i] == NULL)
            return job->file_count;
        children[i] = fork();
        if (children[i] == 0) {
            work(job, i, workers, from[i]);
            _exit(0);
        }
        if (children[i] < 0)
            work(job, i, workers, from[i]);
    }
    for (unsigned i = 0; i < workers; i++)
        if (children[i] > 0)
            waitpid(children[i], NULL, 0);
    return collect(job, from, workers, to);
}

unsigned drill_all(const struct drill_job *job, FILE *to)
{
    unsigned failed = 0;

    if (job->processes > 1) {
        failed = run_all(job, to);
    } else {
        for (unsigned i = 0; i < job->file_count; i++) {
            struct text text = {0};

            failed += !drill_one(job, job->files[i], &text);
            fputs(text_of(&text), to);
            text_free(&text);
        }
    }
    fprintf(to, "%u passed, %u failed\n", job->file_count - failed, failed);
    return failed;
}
