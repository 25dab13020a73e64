/*
 * Control messages: see control.h. Their data are an int, a byte (IP_TOS), or
 * the struct of an error queue.
 */
#include "drill/control.h"

#include <string.h>

static const char *const message_fields[] = {"cmsg_len", "cmsg_level", "cmsg_type", "cmsg_data", NULL};

static size_t rounded(size_t bytes)
{
    return (bytes + 7) & ~(size_t)7;
}

static bool get_header(struct run *run, const struct drill_expr *expr, int64_t *level, int64_t *type)
{
    const struct drill_expr *level_expr = field_of(expr, "cmsg_level"), *type_expr = field_of(expr, "cmsg_type");

    if (!fields_known(run, expr, message_fields))
        return false;
    if (level_expr == NULL || type_expr == NULL)
        return run_fail_at(run, expr->place,
                           "a control message is written {cmsg_level=..., cmsg_type=..., cmsg_data=...}");
    return value_of(run, level_expr, level) && value_of(run, type_expr, type);
}

bool control_from(struct run *run, const struct drill_expr *list, uint8_t *room, struct rill_msghdr *message)
{
    size_t used = 0;

    if (list == NULL || list->kind != EXPR_LIST)
        return true;
    for (const struct drill_expr *expr = list->child; expr != NULL; expr = expr->next) {
        const struct drill_expr *data = field_of(expr, "cmsg_data");
        struct rill_cmsghdr header = {.bytes = sizeof header + sizeof(int)};
        int64_t level = 0, type = 0, value = 0;
        int narrow;

        if (!get_header(run, expr, &level, &type) || (data != NULL && !value_of(run, data, &value)))
            return false;
        if (used + rounded(header.bytes) > CONTROL_BYTES_MAX)
            return run_fail_at(run, expr->place, "more control messages than rill drill has room for");
        header.level = (int)level;
        header.type = (int)type;
        narrow = (int)value;
        memset(room + used, 0, rounded(header.bytes));
        memcpy(room + used, &header, sizeof header);
        memcpy(room + used + sizeof header, &narrow, sizeof narrow);
        used += rounded(header.bytes);
    }
    message->control = room;
    message->control_bytes = used;
    return true;
}

static bool check_error(struct run *run, const struct drill_expr *expr, const uint8_t *data, size_t bytes)
{
    static const char *const names[] = {"ee_errno", "ee_origin", "ee_type", "ee_code", "ee_info", "ee_data", NULL};
    struct rill_sock_extended_err error;

    if (!fields_known(run, expr, names))
        return false;
    if (bytes < sizeof error)
        return run_fail_at(run, expr->place, "%zu bytes are no error of an error queue", bytes);
    memcpy(&error, data, sizeof error);
    return value_expected(run, field_of(expr, "ee_errno"), "ee_errno", error.error) &&
           value_expected(run, field_of(expr, "ee_origin"), "ee_origin", error.origin) &&
           value_expected(run, field_of(expr, "ee_type"), "ee_type", error.type) &&
           value_expected(run, field_of(expr, "ee_code"), "ee_code", error.code) &&
           value_expected(run, field_of(expr, "ee_info"), "ee_info", error.info) &&
           value_expected(run, field_of(expr, "ee_data"), "ee_data", error.data);
}

/* Times are the script's. */
static bool check_stamp(struct run *run, const struct drill_expr *expr, const uint8_t *data, size_t bytes)
{
    static const char *const names[] = {"scm_sec", "scm_nsec", NULL};
    const struct drill_expr *sec = field_of(expr, "scm_sec"), *nsec = field_of(expr, "scm_nsec");
    struct rill_scm_timestamping times;
    int64_t seconds = 0, nanos = 0, got, apart;

    if (!fields_known(run, expr, names) || (sec != NULL && !value_of(run, sec, &seconds)) ||
        (nsec != NULL && !value_of(run, nsec, &nanos)))
        return false;
    if (bytes < sizeof times)
        return run_fail_at(run, expr->place, "%zu bytes are no timestamp", bytes);
    if (seconds < 0 || seconds > INT32_MAX || nanos < 0 || nanos > INT32_MAX)
        return run_fail_at(run, expr->place, "such a time is out of a script's range");
    memcpy(&times, data, sizeof times);
    got = times.times[0].seconds * 1000000000 + times.times[0].nanoseconds - (int64_t)run->zero;
    apart = got - (seconds * 1000000000 + nanos);
    if ((apart < 0 ? -apart : apart) <= run->tolerance_us * 1000)
        return true;
    return run_fail(run, "expected %s with a timestamp of %lld.%09lld, got %lld.%09lld", run->event->source,
                    (long long)seconds, (long long)nanos, (long long)(got / 1000000000), (long long)(got % 1000000000));
}

static bool check_data(struct run *run, const struct drill_expr *expr, const uint8_t *data, size_t bytes)
{
    int number = 0;

    if (expr == NULL || is_any(expr))
        return true;
    if (expr->kind == EXPR_STRUCT && (field_of(expr, "scm_sec") != NULL || field_of(expr, "scm_nsec") != NULL))
        return check_stamp(run, expr, data, bytes);
    if (expr->kind == EXPR_STRUCT)
        return check_error(run, expr, data, bytes);
    if (bytes == 1)
        number = data[0];
    else if (bytes >= sizeof number)
        memcpy(&number, data, sizeof number);
    return value_expected(run, expr, "cmsg_data", number);
}

bool control_expected(struct run *run, const struct drill_expr *list, const struct rill_msghdr *message)
{
    const uint8_t *at = (const uint8_t *)message->control;
    size_t left = message->control_bytes;

    if (list == NULL || list->kind != EXPR_LIST)
        return true;
    for (const struct drill_expr *expr = list->child; expr != NULL; expr = expr->next) {
        struct rill_cmsghdr header;
        int64_t level = 0, type = 0;

        if (!get_header(run, expr, &level, &type))
            return false;
        if (left < sizeof header)
            return run_fail(run, "expected %s, got fewer control messages", run->event->source);
        memcpy(&header, at, sizeof header);
        if (header.level != level || header.type != type)
            return run_fail(run, "expected %s, got a control message of level %d and type %d", run->event->source,
                            header.level, header.type);
        if (!check_data(run, field_of(expr, "cmsg_data"), at + sizeof header, header.bytes - sizeof header))
            return false;
        at += rounded(header.bytes) < left ? rounded(header.bytes) : left;
        left -= rounded(header.bytes) < left ? rounded(header.bytes) : left;
    }
    return left == 0 || run_fail(run, "expected %s, got more control messages", run->event->source);
}
