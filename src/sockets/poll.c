/*
 * poll(2) and select(2).
 */
#include "sockets/sockets.h"

#include "base/types.h"

/* Linux's sets of fs/select.c. */
#define SELECT_READ (RILL_POLLRDNORM | RILL_POLLRDBAND | RILL_POLLIN | RILL_POLLHUP | RILL_POLLERR)
#define SELECT_WRITE (RILL_POLLWRBAND | RILL_POLLWRNORM | RILL_POLLOUT | RILL_POLLERR)

static int poll_once(struct rill_sockets *s, struct rill_pollfd *fds, unsigned count)
{
    int ready = 0;

    for (unsigned i = 0; i < count; i++) {
        struct file *file = file_of(s, fds[i].fd);
        uint32_t asked = (uint16_t)fds[i].events | RILL_POLLERR | RILL_POLLHUP;

        fds[i].revents = 0;
        if (fds[i].fd < 0)
            continue;
        fds[i].revents = (int16_t)(file == NULL ? RILL_POLLNVAL : file_mask(s, file) & asked);
        ready += fds[i].revents != 0;
    }
    return ready;
}

int rill_sock_poll(struct rill_sockets *s, struct rill_pollfd *fds, unsigned count, int timeout_ms)
{
    rill_time deadline;

    catch_up(s);
    deadline = deadline_after_ms(s, timeout_ms);
    for (;;) {
        int ready = poll_once(s, fds, count);
        int error;

        if (ready > 0)
            return ready;
        error = wait_for_more(s, deadline);
        if (error != 0)
            return error == -RILL_EAGAIN ? 0 : error;
    }
}

static bool bit_is_set(const uint64_t *set, int fd)
{
    return set != NULL && (set[fd / 64] >> (fd % 64) & 1) != 0;
}

static int select_one(uint64_t *set, int fd, bool ready, bool clear)
{
    if (!bit_is_set(set, fd))
        return 0;
    if (ready)
        return 1;
    if (clear)
        set[fd / 64] &= ~(UINT64_C(1) << (fd % 64));
    return 0;
}

/* Count the bits that are ready; with `clear`, leave only these. */
static int select_once(struct rill_sockets *s, int fd_end, uint64_t *const sets[3], bool clear)
{
    int ready = 0;

    for (int fd = 0; fd < fd_end; fd++) {
        struct file *file;
        uint32_t mask;

        if (!bit_is_set(sets[0], fd) && !bit_is_set(sets[1], fd) && !bit_is_set(sets[2], fd))
            continue;
        file = file_of(s, fd);
        if (file == NULL)
            return -RILL_EBADF;
        mask = file_mask(s, file);
        ready += select_one(sets[0], fd, (mask & SELECT_READ) != 0, clear);
        ready += select_one(sets[1], fd, (mask & SELECT_WRITE) != 0, clear);
        ready += select_one(sets[2], fd, (mask & RILL_POLLPRI) != 0, clear);
    }
    return ready;
}

int rill_sock_select(struct rill_sockets *s, int fd_end, uint64_t *readable, uint64_t *writable, uint64_t *exceptional,
                     const struct rill_timeval *timeout)
{
    uint64_t *const sets[3] = {readable, writable, exceptional};
    rill_time interval = RILL_NEVER;
    rill_time deadline;

    if (fd_end < 0)
        return -RILL_EINVAL;
    if (timeout != NULL) {
        if (timeout->seconds < 0 || timeout->microseconds < 0)
            return -RILL_EINVAL;
        interval = min_u64((uint64_t)timeout->seconds, INT32_MAX) * NANOS_PER_S +
                   min_u64((uint64_t)timeout->microseconds, UINT64_C(1000000000000)) * NANOS_PER_US;
    }
    catch_up(s);
    deadline = deadline_after(s, interval);
    for (;;) {
        int ready = select_once(s, fd_end, sets, false);
        int error = ready != 0 ? 0 : wait_for_more(s, deadline);

        if (ready < 0)
            return ready;
        if (ready > 0 || error == -RILL_EAGAIN)
            return select_once(s, fd_end, sets, true);
        if (error != 0)
            return error;
    }
}
