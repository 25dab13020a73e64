/*
 * System calls: which one, whether it waits, and whether it returned what the
 * script says, when the script says.
 */
#include "drill/calls.h"

#include <string.h>

#define FD_OF_NOBODY 1000000

struct call_row {
    const char *name;
    int64_t (*run)(struct run *run, const struct drill_call *call);
    bool gives_descriptor;
    int timeout; /* the option that says how long it waits; 0: none */
};

static const struct call_row rows[] = {
    {"socket", call_socket, true, 0},
    {"bind", call_bind, false, 0},
    {"listen", call_listen, false, 0},
    {"accept", call_accept, true, RILL_SO_RCVTIMEO},
    {"accept4", call_accept4, true, RILL_SO_RCVTIMEO},
    {"connect", call_connect, false, 0},
    {"shutdown", call_shutdown, false, 0},
    {"close", call_close, false, 0},
    {"getsockname", call_getsockname, false, 0},
    {"getpeername", call_getpeername, false, 0},
    {"dup", call_dup, true, 0},
    {"read", call_read, false, RILL_SO_RCVTIMEO},
    {"recv", call_recv, false, RILL_SO_RCVTIMEO},
    {"recvfrom", call_recvfrom, false, RILL_SO_RCVTIMEO},
    {"write", call_write, false, RILL_SO_SNDTIMEO},
    {"send", call_send, false, RILL_SO_SNDTIMEO},
    {"sendto", call_sendto, false, RILL_SO_SNDTIMEO},
    {"readv", call_readv, false, RILL_SO_RCVTIMEO},
    {"writev", call_writev, false, RILL_SO_SNDTIMEO},
    {"sendmsg", call_sendmsg, false, RILL_SO_SNDTIMEO},
    {"recvmsg", call_recvmsg, false, RILL_SO_RCVTIMEO},
    {"sendfile", call_sendfile, false, RILL_SO_SNDTIMEO},
    {"open", call_open, true, 0},
    {"pipe", call_pipe, false, 0},
    {"splice", call_splice, false, 0},
    {"setsockopt", call_setsockopt, false, 0},
    {"getsockopt", call_getsockopt, false, 0},
    {"fcntl", call_fcntl, false, 0},
    {"ioctl", call_ioctl, false, 0},
    {"poll", call_poll, false, 0},
    {"epoll_create", call_epoll_create, true, 0},
    {"epoll_create1", call_epoll_create, true, 0},
    {"epoll_ctl", call_epoll_ctl, false, 0},
    {"epoll_wait", call_epoll_wait, false, 0},
};

int fd_of(const struct run *run, int64_t script_fd)
{
    int fd = script_fd >= 0 && script_fd < DRILL_FDS_MAX ? run->fds[script_fd] : -1;

    return fd >= 0 ? fd : FD_OF_NOBODY;
}

int script_fd_of(const struct run *run, int fd)
{
    for (int i = 0; i < DRILL_FDS_MAX; i++)
        if (run->fds[i] == fd)
            return i;
    return -1;
}

bool call_fd(struct run *run, const struct drill_call *call, unsigned index, int *out)
{
    int64_t number;

    if (!argument_value(run, call, index, -1, &number))
        return false;
    *out = fd_of(run, number);
    return true;
}

static const struct call_row *find_row(const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

/* ---------------------------------------------------------------------- results */

static const char *canonical(const char *error)
{
    if (strcmp(error, "EWOULDBLOCK") == 0)
        return "EAGAIN";
    return strcmp(error, "ENOTSUP") == 0 ? "EOPNOTSUPP" : error;
}

static void describe(int64_t value, struct text *to)
{
    if (value < 0)
        text_add(to, "-1 %s", rill_sock_error_name((int)value));
    else
        text_add(to, "%lld", (long long)value);
}

static bool wrong_result(struct run *run, int64_t value)
{
    struct text text = {0};

    describe(value, &text);
    run_fail(run, "expected %s, got %s", run->event->source, text_of(&text));
    text_free(&text);
    return false;
}

bool name_descriptor(struct run *run, int64_t script_fd, int fd)
{
    if (script_fd < 0 || script_fd >= DRILL_FDS_MAX)
        return run_fail(run, "%lld is no number for a descriptor (0 to %d)", (long long)script_fd, DRILL_FDS_MAX - 1);
    if (run->fds[script_fd] >= 0)
        return run_fail(run, "expected %s, but descriptor %lld is open", run->event->source, (long long)script_fd);
    run->fds[script_fd] = fd;
    return true;
}

static bool check_result(struct run *run, const struct call_row *row, const struct drill_call *call, int64_t value)
{
    const struct drill_expr *result = call->result;
    int64_t expected;

    if (result->kind == EXPR_ANY)
        return value >= 0 || wrong_result(run, value);
    if (!value_of(run, result, &expected))
        return false;
    if (expected < 0) {
        if (value >= 0 ||
            (call->error != NULL && strcmp(canonical(call->error), rill_sock_error_name((int)value)) != 0))
            return wrong_result(run, value);
        return true;
    }
    if (value < 0)
        return wrong_result(run, value);
    if (row->gives_descriptor)
        return name_descriptor(run, expected, (int)value);
    return value == expected || wrong_result(run, value);
}

/* ------------------------------------------------------------------------ waiting */

/* -RILL_EAGAIN is an answer on a descriptor that does not wait, and for a call that the script does not let wait. */
static bool must_wait(const struct run *run, const struct drill_event *event, int64_t value)
{
    return event->when.form == WHEN_BLOCKING && value == -RILL_EAGAIN && run->now < run->blocked.timeout;
}

/* SO_RCVTIMEO or SO_SNDTIMEO of the descriptor that a call waits for. */
static rill_time patience(struct run *run, const struct call_row *row, const struct drill_call *call)
{
    struct rill_timeval time = {0};
    uint32_t bytes = sizeof time;
    int fd;

    if (row->timeout == 0 || !call_fd(run, call, 0, &fd) ||
        rill_sock_getsockopt(run->sockets, fd, RILL_SOL_SOCKET, row->timeout, &time, &bytes) != 0 ||
        (time.seconds == 0 && time.microseconds == 0))
        return RILL_NEVER;
    return run->blocked.begin + (rill_time)time.seconds * UINT64_C(1000000000) + (rill_time)time.microseconds * 1000;
}

static bool in_time(struct run *run, const struct drill_event *event, rill_time end)
{
    rill_time slack = (rill_time)run->tolerance_us * 1000;

    if (event->when.form != WHEN_BLOCKING || (run->now + slack >= end && run->now <= end + slack))
        return true;
    return run_fail(run, "expected %s to return at %.6f, got it at %.6f", event->source, run_seconds(run, end),
                    run_seconds(run, run->now));
}

/* The call's own text, without the result that the script expects. */
static int call_length(const struct drill_event *event)
{
    const char *result = strstr(event->source, ") =");

    return result != NULL ? (int)(result - event->source) + 1 : (int)strlen(event->source);
}

static bool finish(struct run *run, const struct drill_event *event, int64_t value, rill_time end)
{
    struct text text = {0};

    run->event = event;
    if (value == -RILL_EAGAIN && run->blocked.so_far > 0)
        value = run->blocked.so_far; /* its time was over in the middle */
    describe(value, &text);
    run_say(run, "%.*s = %s", call_length(event), event->source, text_of(&text));
    text_free(&text);
    return check_result(run, find_row(event->call->name), event->call, value) && in_time(run, event, end);
}

bool run_call(struct run *run, const struct drill_event *event)
{
    const struct call_row *row = find_row(event->call->name);
    int64_t value;

    if (row == NULL)
        return run_fail_at(run, event->place, "the call '%s' is not known to rill drill", event->call->name);
    run->blocked.so_far = 0;
    run->blocked.begin = run->now;
    run->blocked.timeout = event->when.form == WHEN_BLOCKING ? patience(run, row, event->call) : RILL_NEVER;
    run->blocked.end = run->window_end;
    if (run->flow != NULL)
        run->flow->heard_no_ack = false; /* what comes now answers the call */
    value = row->run(run, event->call);
    if (value == CALL_FAILED)
        return false;
    if (must_wait(run, event, value)) {
        run_say(run, "%.*s waits", call_length(event), event->source);
        run->blocked.event = event;
        return true;
    }
    return finish(run, event, value, run->window_end);
}

bool run_call_retry(struct run *run)
{
    const struct drill_event *event = run->blocked.event, *outer = run->event;
    bool passed;
    int64_t value;

    run->event = event;
    value = find_row(event->call->name)->run(run, event->call);
    if (value == CALL_FAILED)
        return false;
    if (must_wait(run, event, value)) {
        run->event = outer;
        return true;
    }
    run->blocked.event = NULL;
    passed = finish(run, event, value, run->blocked.end);
    if (passed)
        run->event = outer;
    return passed;
}
