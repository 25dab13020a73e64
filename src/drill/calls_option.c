/*
 * Calls that set and ask: see calls.h.
 */
#include "drill/calls.h"

#include <string.h>

#define OPTION_BYTES 512

/* {onoff=1, linger=5} and {tv_sec=1, tv_usec=0}; 0 for another struct. */
static uint32_t struct_bytes(struct run *run, const struct drill_expr *expr, uint8_t *to)
{
    const struct drill_expr *on = field_of(expr, "onoff"), *seconds = field_of(expr, "tv_sec");
    int64_t first = 0, second = 0;

    if (on != NULL) {
        const struct drill_expr *time = field_of(expr, "linger");
        struct rill_linger linger;

        if (!value_of(run, on, &first) || (time != NULL && !value_of(run, time, &second)))
            return 0;
        linger = (struct rill_linger){(int)first, (int)second};
        memcpy(to, &linger, sizeof linger);
        return sizeof linger;
    }
    if (seconds != NULL) {
        const struct drill_expr *micros = field_of(expr, "tv_usec");
        struct rill_timeval time;

        if (!value_of(run, seconds, &first) || (micros != NULL && !value_of(run, micros, &second)))
            return 0;
        time = (struct rill_timeval){first, second};
        memcpy(to, &time, sizeof time);
        return sizeof time;
    }
    run_fail(run, "%s: a struct that is not known to rill drill", run->event->source);
    return 0;
}

static uint32_t option_value(struct run *run, const struct drill_expr *expr, uint8_t *to)
{
    int64_t number;
    int narrow;

    if (expr != NULL && expr->kind == EXPR_LIST && expr->child != NULL)
        expr = expr->child;
    if (expr == NULL) {
        run_fail(run, "%s: a value is missing", run->event->source);
        return 0;
    }
    if (expr->kind == EXPR_STRING) {
        size_t bytes = strlen(expr->text) + 1;

        memcpy(to, expr->text, bytes < OPTION_BYTES ? bytes : OPTION_BYTES);
        return (uint32_t)bytes;
    }
    if (expr->kind == EXPR_STRUCT)
        return struct_bytes(run, expr, to);
    if (!value_of(run, expr, &number))
        return 0;
    narrow = (int)number;
    memcpy(to, &narrow, sizeof narrow);
    return sizeof narrow;
}

int64_t call_setsockopt(struct run *run, const struct drill_call *call)
{
    uint8_t value[OPTION_BYTES] = {0};
    int64_t level, name;
    uint32_t bytes;
    int fd;

    if (!call_fd(run, call, 0, &fd) || !argument_value(run, call, 1, 0, &level) ||
        !argument_value(run, call, 2, 0, &name))
        return CALL_FAILED;
    bytes = option_value(run, argument_of(call, 3), value);
    return bytes == 0 ? CALL_FAILED : rill_sock_setsockopt(run->sockets, fd, (int)level, (int)name, value, bytes);
}

static bool check_linger(struct run *run, const struct drill_expr *expr, const uint8_t *value)
{
    struct rill_linger linger;

    memcpy(&linger, value, sizeof linger);
    return value_expected(run, field_of(expr, "onoff"), "onoff", linger.on) &&
           value_expected(run, field_of(expr, "linger"), "linger", linger.seconds);
}

static bool check_option(struct run *run, const struct drill_expr *expr, const uint8_t *value)
{
    int number;

    if (expr != NULL && expr->kind == EXPR_LIST)
        expr = expr->child;
    if (expr == NULL || expr->kind == EXPR_ANY)
        return true;
    if (expr->kind == EXPR_STRING)
        return strcmp(expr->text, (const char *)value) == 0 ||
               run_fail(run, "expected %s, got \"%s\"", run->event->source, (const char *)value);
    if (expr->kind == EXPR_STRUCT)
        return check_linger(run, expr, value);
    memcpy(&number, value, sizeof number);
    return value_expected(run, expr, "the value", number);
}

int64_t call_getsockopt(struct run *run, const struct drill_call *call)
{
    uint8_t value[OPTION_BYTES] = {0};
    uint32_t bytes = OPTION_BYTES - 1;
    int64_t level, name;
    int fd, result;

    if (!call_fd(run, call, 0, &fd) || !argument_value(run, call, 1, 0, &level) ||
        !argument_value(run, call, 2, 0, &name))
        return CALL_FAILED;
    result = rill_sock_getsockopt(run->sockets, fd, (int)level, (int)name, value, &bytes);
    return result == 0 && !check_option(run, argument_of(call, 3), value) ? CALL_FAILED : result;
}

int64_t call_fcntl(struct run *run, const struct drill_call *call)
{
    int64_t command, value;
    int fd;

    if (!call_fd(run, call, 0, &fd) || !argument_value(run, call, 1, 0, &command) ||
        !argument_value(run, call, 2, 0, &value))
        return CALL_FAILED;
    return rill_sock_fcntl(run->sockets, fd, (int)command, (int)value);
}

int64_t call_ioctl(struct run *run, const struct drill_call *call)
{
    const struct drill_expr *expr = argument_of(call, 2);
    int64_t request, value = 0;
    int fd, number, result;

    if (!call_fd(run, call, 0, &fd) || !argument_value(run, call, 1, 0, &request) ||
        !argument_value(run, call, 2, 0, &value))
        return CALL_FAILED;
    number = (int)value;
    result = rill_sock_ioctl(run->sockets, fd, (unsigned long)request, &number);
    return result >= 0 && !value_expected(run, expr, "the value", number) ? CALL_FAILED : result;
}
