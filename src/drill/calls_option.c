/*
 * Calls that set and ask: see calls.h.
 */
#include "drill/calls.h"
#include "drill/data.h"
#include "drill/info.h"

#include <string.h>

#define OPTION_BYTES 512

/* {onoff=1, linger=5} and {tv_sec=1, tv_usec=0}; 0 for another struct. */
static uint32_t struct_bytes(struct run *run, const struct drill_expr *expr, uint8_t *to)
{
    static const char *const linger_names[] = {"onoff", "linger", NULL}, *const time_names[] = {"tv_sec", "tv_usec",
                                                                                                NULL};
    const struct drill_expr *on = field_of(expr, "onoff"), *seconds = field_of(expr, "tv_sec");
    int64_t first = 0, second = 0;

    if ((on != NULL && !fields_known(run, expr, linger_names)) ||
        (seconds != NULL && !fields_known(run, expr, time_names)))
        return 0;
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
    run_fail_at(run, expr->place,
                "a struct that is not known to rill drill ({onoff=1, linger=0}, {tv_sec=1, tv_usec=0})");
    return 0;
}

/* A number may be written without its brackets; only this is no memory. */
static bool is_null(const struct drill_expr *expr)
{
    return expr != NULL && expr->kind == EXPR_WORD && strcmp(expr->text, "NULL") == 0;
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

/* The length as the script says it; the value's own when it says nothing. */
static bool get_length(struct run *run, const struct drill_call *call, uint32_t *bytes)
{
    int64_t length;

    if (!argument_value(run, call, 4, *bytes, &length))
        return false;
    if (length > OPTION_BYTES)
        return run_fail_at(run, argument_of(call, 4)->place, "an option of %lld bytes", (long long)length);
    *bytes = (uint32_t)length;
    return true;
}

#define FREEBSD_FUNCTION_BLK 0x2000

/* FreeBSD's choice among its TCPs: there is one here, and whichever was asked for, it is not that. */
static bool chooses_a_tcp(struct run *run, int64_t level, int64_t name)
{
    if (level != RILL_SOL_TCP || name != FREEBSD_FUNCTION_BLK || strcmp(run->options->profile, "freebsd") != 0 ||
        run->options->strict)
        return false;
    run_note(run, "TCP_FUNCTION_BLK is without effect: there is one TCP here");
    return true;
}

int64_t call_setsockopt(struct run *run, const struct drill_call *call)
{
    uint8_t value[OPTION_BYTES] = {0};
    int64_t level, name;
    uint32_t bytes = sizeof(int);
    bool bad;
    int fd;

    if (!call_fd(run, call, 0, &fd) || !argument_value(run, call, 1, 0, &level) ||
        !argument_value(run, call, 2, 0, &name))
        return CALL_FAILED;
    if (chooses_a_tcp(run, level, name))
        return 0;
    bad = is_null(argument_of(call, 3));
    if (!bad)
        bytes = option_value(run, argument_of(call, 3), value);
    if (bytes == 0 || !get_length(run, call, &bytes))
        return CALL_FAILED;
    return rill_sock_setsockopt(run->sockets, fd, (int)level, (int)name, bad ? NULL : value, bytes);
}

static bool check_linger(struct run *run, const struct drill_expr *expr, const uint8_t *value)
{
    static const char *const names[] = {"onoff", "linger", NULL};
    struct rill_linger linger;

    memcpy(&linger, value, sizeof linger);
    return fields_known(run, expr, names) && value_expected(run, field_of(expr, "onoff"), "onoff", linger.on) &&
           value_expected(run, field_of(expr, "linger"), "linger", linger.seconds);
}

static bool check_timeout(struct run *run, const struct drill_expr *expr, const uint8_t *value)
{
    static const char *const names[] = {"tv_sec", "tv_usec", NULL};
    struct rill_timeval time;

    memcpy(&time, value, sizeof time);
    return fields_known(run, expr, names) && value_expected(run, field_of(expr, "tv_sec"), "tv_sec", time.seconds) &&
           value_expected(run, field_of(expr, "tv_usec"), "tv_usec", time.microseconds);
}

/* TCPS_... are FreeBSD's numbers of states whatever the profile, TCP_... Linux's. */
static bool state_in_dialect_of(const struct drill_expr *expr, const struct info *info, int64_t *out)
{
    if (expr->kind != EXPR_WORD)
        return false;
    if (strncmp(expr->text, "TCPS_", 5) == 0)
        *out = (int64_t)info->bsd_state;
    else
        *out = info->tcp.tcpi_state;
    return true;
}

static bool check_info(struct run *run, const struct drill_expr *expr, int fd)
{
    struct info info;

    info_read(run, fd, &info);
    for (const struct drill_expr *field = expr->child; field != NULL; field = field->next) {
        int64_t value;

        if (field->kind != EXPR_FIELD)
            continue;
        if (!info_member(&info, field->text, &value))
            return run_fail_at(run, field->place, "rill's TCP_INFO has no member '%s'", field->text);
        if (strcmp(field->text, "tcpi_state") == 0)
            (void)state_in_dialect_of(field->child, &info, &value);
        if (!value_expected(run, field->child, field->text, value))
            return false;
    }
    return true;
}

/* An option that was asked for, and what came out. */
struct got_option {
    int fd;
    int64_t level, name;
    const uint8_t *value;
};

static bool check_struct(struct run *run, const struct drill_expr *expr, const struct got_option *got)
{
    if (got->level == RILL_SOL_TCP && got->name == RILL_TCP_INFO)
        return check_info(run, expr, got->fd);
    if (got->level == RILL_SOL_SOCKET && got->name == RILL_SO_LINGER)
        return check_linger(run, expr, got->value);
    if (got->level == RILL_SOL_SOCKET && (got->name == RILL_SO_RCVTIMEO || got->name == RILL_SO_SNDTIMEO))
        return check_timeout(run, expr, got->value);
    return run_fail_at(run, expr->place, "the struct of this option is not known to rill drill");
}

static bool check_option(struct run *run, const struct drill_expr *expr, const struct got_option *got)
{
    int number;

    if (expr != NULL && expr->kind == EXPR_LIST)
        expr = expr->child;
    if (expr == NULL || expr->kind == EXPR_ANY)
        return true;
    if (expr->kind == EXPR_STRING)
        return strcmp(expr->text, (const char *)got->value) == 0 ||
               run_fail(run, "expected %s, got \"%s\"", run->event->source, (const char *)got->value);
    if (expr->kind == EXPR_STRUCT)
        return check_struct(run, expr, got);
    memcpy(&number, got->value, sizeof number);
    return value_expected(run, expr, "the value", number);
}

/* Room is enough, unless the script gives less than nothing: to be refused. */
static bool get_room(struct run *run, const struct drill_call *call, uint32_t *room)
{
    int64_t length;

    *room = OPTION_BYTES - 1;
    if (!argument_value(run, call, 4, *room, &length))
        return false;
    if (length < 0)
        *room = UINT32_MAX;
    return true;
}

int64_t call_getsockopt(struct run *run, const struct drill_call *call)
{
    uint8_t value[OPTION_BYTES] = {0};
    struct got_option got = {.value = value};
    const struct drill_expr *expr = argument_of(call, 3);
    uint32_t bytes;
    int result;

    if (!call_fd(run, call, 0, &got.fd) || !argument_value(run, call, 1, 0, &got.level) ||
        !argument_value(run, call, 2, 0, &got.name) || !get_room(run, call, &bytes))
        return CALL_FAILED;
    result = rill_sock_getsockopt(run->sockets, got.fd, (int)got.level, (int)got.name, is_null(expr) ? NULL : value,
                                  is_null(argument_of(call, 4)) ? NULL : &bytes);
    return result == 0 && !check_option(run, expr, &got) ? CALL_FAILED : result;
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
