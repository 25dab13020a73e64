/*
 * Events in virtual time: see run.h.
 */
#include "drill/run.h"

#include <stdio.h>
#include <string.h>

double run_seconds(const struct run *run, rill_time at)
{
    return at >= run->zero ? (double)(at - run->zero) / 1e9 : 0.0;
}

bool run_fail(struct run *run, const char *format, ...)
{
    va_list values;

    if (run->failure.bytes > 0)
        return false;
    run->failure_line = run->event != NULL ? run->event->place.line : 0;
    va_start(values, format);
    text_add_values(&run->failure, format, values);
    va_end(values);
    return false;
}

bool run_fail_at(struct run *run, struct drill_place place, const char *format, ...)
{
    va_list values;

    if (run->failure.bytes > 0)
        return false;
    run->failure_line = place.line;
    run->failure_column = place.column;
    va_start(values, format);
    text_add_values(&run->failure, format, values);
    va_end(values);
    return false;
}

void run_say(struct run *run, const char *format, ...)
{
    va_list values;

    text_add(&run->ladder, "  %10.6f  ", run_seconds(run, run->now));
    va_start(values, format);
    text_add_values(&run->ladder, format, values);
    va_end(values);
    text_add(&run->ladder, "\n");
}

void run_note(struct run *run, const char *format, ...)
{
    va_list values;

    text_add(&run->notes, "%s:%u: ", run->script->file, run->event != NULL ? run->event->place.line : 0);
    va_start(values, format);
    text_add_values(&run->notes, format, values);
    va_end(values);
    text_add(&run->notes, "\n");
}

static rill_time later(rill_time from, int64_t micros)
{
    return from + (rill_time)micros * 1000;
}

/* When the event is due. Relative times count from when the event before was due, or happened if that was any time. */
static void set_window(struct run *run, const struct drill_event *event)
{
    const struct drill_when *when = &event->when;
    rill_time from = when->relative ? run->event_time : run->zero;

    if (when->form == WHEN_ANY) {
        run->window_begin = run->now;
        run->window_end = RILL_NEVER;
        return;
    }
    run->window_begin = later(from, when->start_us);
    run->window_end = later(from, when->end_us);
    run->event_time = run->window_begin;
}

static bool do_event(struct run *run, const struct drill_event *event)
{
    if (event->kind == EVENT_SHELL)
        return settings_shell(run, event);
    if (event->kind == EVENT_PACKET && !event->packet->inbound)
        return match_packet(run, event->packet);
    if (event->kind == EVENT_CALL && run->blocked.event != NULL && !run_wait_for_call(run))
        return false;
    if (!run_advance(run, run->window_begin))
        return false;
    switch (event->kind) {
    case EVENT_PACKET:
        return inject_packet(run, event->packet) && run_turn(run);
    case EVENT_CALL:
        return run_call(run, event) && run_turn(run);
    default:
        if (!run->options->skip_code)
            assertions_add(run, event);
        return true;
    }
}

static bool run_events(struct run *run)
{
    for (const struct drill_event *event = run->script->events; event != NULL; event = event->next) {
        run->event = event;
        set_window(run, event);
        if (!do_event(run, event))
            return false;
        if (event->when.form == WHEN_ANY)
            run->event_time = run->now;
    }
    return run->blocked.event == NULL || run_wait_for_call(run);
}

/* What was due by the script's last event and nobody asked for. */
static bool nothing_is_left(struct run *run)
{
    struct text text = {0};

    if (!run_advance(run, run->now > run->event_time ? run->now : run->event_time))
        return false;
    if (run->captured == NULL)
        return true;
    captured_describe(run->captured, &text);
    run_fail(run, "expected nothing more at the end of the script, got %s", text_of(&text));
    text_free(&text);
    return false;
}

bool drill_run(struct run *run, const struct drill_script *script, const struct drill_options *options)
{
    memset(run, 0, sizeof *run);
    run->script = script;
    run->options = options;
    run->captured_tail = &run->captured;
    run->event = script->events;
    if (!settings_apply(run) || !run_open_world(run))
        return false;
    return run_events(run) && nothing_is_left(run) && assertions_run(run);
}

void drill_run_end(struct run *run)
{
    run_close_world(run);
    drill_pool_free(&run->pool);
    text_free(&run->python);
    text_free(&run->ladder);
    text_free(&run->notes);
    text_free(&run->failure);
}
