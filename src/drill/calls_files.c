/*
 * Calls on what is no socket: pipes, and files of the machine that runs the
 * script, which sendfile reads. See calls.h.
 */
#include "drill/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define HOST_FD_FIRST 2000000 /* in run->fds: a descriptor of this process, not one of rill's */

bool host_fd_of(const struct run *run, int64_t script_fd, int *out)
{
    int fd = script_fd >= 0 && script_fd < DRILL_FDS_MAX ? run->fds[script_fd] : -1;

    *out = fd - HOST_FD_FIRST;
    return fd >= HOST_FD_FIRST;
}

int64_t call_open(struct run *run, const struct drill_call *call)
{
    const struct drill_expr *path = argument_of(call, 0);
    int64_t flags;
    int fd;

    if (path == NULL || path->kind != EXPR_STRING)
        return run_fail(run, "%s: a path in quotes belongs here", run->event->source), CALL_FAILED;
    if (!argument_value(run, call, 1, O_RDONLY, &flags))
        return CALL_FAILED;
    if ((flags & O_ACCMODE) != O_RDONLY)
        return run_fail(run, "%s: rill drill opens files for reading only", run->event->source), CALL_FAILED;
    fd = open(path->text, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : HOST_FD_FIRST + fd;
}

void host_fds_close(struct run *run)
{
    for (int i = 0; i < DRILL_FDS_MAX; i++)
        if (run->fds[i] >= HOST_FD_FIRST)
            close(run->fds[i] - HOST_FD_FIRST);
}

/* pipe([5, 6]): the script's numbers for both ends. */
int64_t call_pipe(struct run *run, const struct drill_call *call)
{
    const struct drill_expr *list = argument_of(call, 0), *first = list != NULL ? list->child : NULL;
    int64_t numbers[2];
    int fds[2], error;

    if (list == NULL || list->kind != EXPR_LIST || first == NULL || first->next == NULL)
        return run_fail(run, "%s: two descriptors belong here, [5, 6]", run->event->source), CALL_FAILED;
    if (!value_of(run, first, &numbers[0]) || !value_of(run, first->next, &numbers[1]))
        return CALL_FAILED;
    error = rill_sock_pipe(run->sockets, fds, 0);
    if (error == 0 && (!name_descriptor(run, numbers[0], fds[0]) || !name_descriptor(run, numbers[1], fds[1])))
        return CALL_FAILED;
    return error;
}

/* NULL, 0 and "..." are no offset. */
static bool has_no_offset(struct run *run, const struct drill_call *call, unsigned index)
{
    int64_t offset;

    if (!argument_value(run, call, index, 0, &offset))
        return false;
    return offset == 0 || run_fail(run, "%s: neither a pipe nor a socket has an offset", run->event->source);
}

int64_t call_splice(struct run *run, const struct drill_call *call)
{
    int64_t length_bytes, flags;
    int in, out;

    if (!call_fd(run, call, 0, &in) || !has_no_offset(run, call, 1) || !call_fd(run, call, 2, &out) ||
        !has_no_offset(run, call, 3) || !argument_value(run, call, 4, 0, &length_bytes) ||
        !argument_value(run, call, 5, 0, &flags))
        return CALL_FAILED;
    if (length_bytes < 0)
        return -RILL_EINVAL;
    return rill_sock_splice(run->sockets, in, out, (size_t)length_bytes, (unsigned)flags);
}
