/*
 * Calls that ask what is ready: see calls.h. Without a result in time they wait,
 * as the script's own time says, up to their timeout.
 */
#include "drill/calls.h"

#include <string.h>

#define POLLS_MAX 64

/* 0 so far: an answer only when the timeout is over. */
static int64_t nothing_ready(struct run *run, int64_t timeout_ms)
{
    rill_time over = timeout_ms < 0 ? RILL_NEVER : run->blocked.begin + (rill_time)timeout_ms * 1000000;

    if (run->now >= over)
        return 0;
    run->blocked.timeout = over;
    return -RILL_EAGAIN;
}

static bool get_poll(struct run *run, const struct drill_expr *expr, struct rill_pollfd *out)
{
    static const char *const names[] = {"fd", "events", "revents", NULL};
    const struct drill_expr *fd = field_of(expr, "fd"), *events = field_of(expr, "events");
    int64_t number = -1, mask = 0;

    if (!fields_known(run, expr, names) || (fd != NULL && !value_of(run, fd, &number)) ||
        (events != NULL && !value_of(run, events, &mask)))
        return false;
    out->fd = fd_of(run, number);
    out->events = (int16_t)mask;
    out->revents = 0;
    return true;
}

int64_t call_poll(struct run *run, const struct drill_call *call)
{
    const struct drill_expr *list = argument_of(call, 0), *expr;
    struct rill_pollfd polls[POLLS_MAX];
    unsigned count = 0;
    int64_t timeout_ms;
    int ready;

    if (!argument_value(run, call, 2, 0, &timeout_ms))
        return CALL_FAILED;
    for (expr = list != NULL ? list->child : NULL; expr != NULL && count < POLLS_MAX; expr = expr->next)
        if (!get_poll(run, expr, &polls[count++]))
            return CALL_FAILED;
    ready = rill_sock_poll(run->sockets, polls, count, 0);
    if (ready == 0 && timeout_ms != 0) {
        int64_t waits = nothing_ready(run, timeout_ms);

        if (waits != 0)
            return waits;
    }
    count = 0;
    for (expr = list != NULL ? list->child : NULL; expr != NULL && count < POLLS_MAX; expr = expr->next)
        if (!value_expected(run, field_of(expr, "revents"), "revents", polls[count++].revents))
            return CALL_FAILED;
    return ready;
}

int64_t call_epoll_create(struct run *run, const struct drill_call *call)
{
    bool with_flags = strcmp(call->name, "epoll_create1") == 0;
    int64_t number;

    if (!argument_value(run, call, 0, with_flags ? 0 : 1, &number))
        return CALL_FAILED;
    if (!with_flags && number <= 0) /* a size, of which nothing else is asked any more */
        return -RILL_EINVAL;
    return rill_sock_epoll_create(run->sockets, with_flags ? (int)number : 0);
}

/* The data is what the script wrote: fd, u32, u64 or ptr, all as the script's number. */
static bool get_epoll_data(struct run *run, const struct drill_expr *expr, int64_t *out)
{
    static const char *const names[] = {"fd", "u32", "u64", "ptr", "events", NULL};

    if (!fields_known(run, expr, names))
        return false;
    for (size_t i = 0; i < 4; i++) {
        const struct drill_expr *field = field_of(expr, names[i]);

        if (field != NULL)
            return value_of(run, field, out);
    }
    return true;
}

int64_t call_epoll_ctl(struct run *run, const struct drill_call *call)
{
    const struct drill_expr *expr = argument_of(call, 3), *mask = field_of(expr, "events");
    struct rill_epoll_event event = {0};
    int64_t operation, events = 0, data = 0;
    int epoll_fd, fd;

    if (!call_fd(run, call, 0, &epoll_fd) || !argument_value(run, call, 1, 0, &operation) ||
        !call_fd(run, call, 2, &fd) || (mask != NULL && !value_of(run, mask, &events)) ||
        !get_epoll_data(run, expr, &data))
        return CALL_FAILED;
    event.events = (uint32_t)events;
    event.data = (uint64_t)data;
    return rill_sock_epoll_ctl(run->sockets, epoll_fd, (int)operation, fd, &event);
}

static bool check_epoll(struct run *run, const struct drill_expr *expr, const struct rill_epoll_event *got)
{
    int64_t data = (int64_t)got->data;

    if (!value_expected(run, field_of(expr, "events"), "events", got->events) || !get_epoll_data(run, expr, &data))
        return false;
    return data == (int64_t)got->data ||
           run_fail(run, "expected %s, got data %lld", run->event->source, (long long)got->data);
}

int64_t call_epoll_wait(struct run *run, const struct drill_call *call)
{
    const struct drill_expr *expr = argument_of(call, 1);
    struct rill_epoll_event events[POLLS_MAX];
    int64_t most, timeout_ms;
    int fd, ready;

    if (!call_fd(run, call, 0, &fd) || !argument_value(run, call, 2, 1, &most) ||
        !argument_value(run, call, 3, 0, &timeout_ms))
        return CALL_FAILED;
    ready = rill_sock_epoll_wait(run->sockets, fd, events, most < POLLS_MAX ? (int)most : POLLS_MAX, 0);
    if (ready == 0 && timeout_ms != 0) {
        int64_t waits = nothing_ready(run, timeout_ms);

        if (waits != 0)
            return waits;
    }
    if (expr != NULL && expr->kind == EXPR_LIST)
        expr = expr->child;
    for (int i = 0; i < ready && expr != NULL; i++, expr = argument_of(call, 1)->kind == EXPR_LIST ? expr->next : NULL)
        if (!check_epoll(run, expr, &events[i]))
            return CALL_FAILED;
    return ready;
}
