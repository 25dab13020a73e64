/*
 * The supervisor's life and its steps: what happened on the pairs, in the
 * stack, and which calls wait to be answered.
 */
#include "run/supervisor.h"

#include "run/datagrams.h"
#include "run/filter.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define EVENTS_MAX 256
#define TIDY_INTERVAL UINT64_C(100000000)
/* From headers of Linux 6.6. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

#define CALLS_MAX 64u /* a step, so that packets have their turn */

static int open_sockets(struct run *run)
{
    struct rill_sockets_config config;

    rill_sockets_config_default(&config);
    config.stack = run->stack;
    config.max_descriptors = SOCKETS_MAX;
    config.max_watches = SOCKETS_MAX;
    config.first_descriptor = 0;
    config.memory_bytes = rill_sockets_bytes(&config);
    config.memory =
        mmap(NULL, config.memory_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (config.memory == MAP_FAILED)
        return -ENOMEM;
    run->sockets_memory = config.memory;
    run->sockets_memory_bytes = config.memory_bytes;
    if (rill_sockets_create(&config, &run->sockets) != 0)
        return -EINVAL;
    run->watch = rill_sock_epoll_create(run->sockets, 0);
    return run->watch < 0 ? run->watch : 0;
}

/* Each connection takes a descriptor here. */
static void allow_many_files(struct run *run)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    run->files_before = run->files_max = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
        run->files_max = limit.rlim_cur;
}

int run_create(const struct run_config *config, struct run **out)
{
    struct run *run = calloc(1, sizeof *run);
    int error;

    if (run == NULL)
        return -ENOMEM;
    run->config = *config;
    run->stack = config->stack;
    run->diag = DIAG_NOT_OPEN;
    for (unsigned i = 0; i < LISTENERS_MAX; i++)
        run->listeners[i] = -1;
    run->all = calloc(SOCKETS_MAX, sizeof(struct psock *));
    run->unused = calloc(SOCKETS_MAX, sizeof *run->unused);
    run->epoll = epoll_create1(EPOLL_CLOEXEC);
    error = run->all == NULL || run->unused == NULL || run->epoll < 0 ? -ENOMEM : open_sockets(run);
    if (error != 0) {
        run_destroy(run);
        return error;
    }
    allow_many_files(run);
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* daemons stay ours: their descriptors are reached, and their end is seen */
    *out = run;
    return 0;
}

void run_destroy(struct run *run)
{
    for (uint32_t i = 0; i < run->all_used; i++)
        if (run->all[i] != NULL)
            psock_free(run, run->all[i]);
    for (unsigned i = 0; i < LISTENERS_MAX; i++)
        if (run->listeners[i] >= 0)
            close(run->listeners[i]);
    if (run->sockets != NULL)
        rill_sockets_destroy(run->sockets);
    if (run->sockets_memory != NULL)
        munmap(run->sockets_memory, run->sockets_memory_bytes);
    if (run->epoll >= 0)
        close(run->epoll);
    if (run->diag >= 0)
        close(run->diag);
    free(run->all);
    free(run->unused);
    free(run);
}

int run_adopt(struct run *run, pid_t process, int listener)
{
    struct epoll_event event = {.events = EPOLLIN};
    unsigned place = 0;
    int fd;

    while (place < LISTENERS_MAX && run->listeners[place] >= 0)
        place++;
    if (place == LISTENERS_MAX)
        return -EMFILE;
    fd = process_file(process, listener);
    if (fd < 0)
        return -errno;
    event.data.u64 = (uint64_t)place << 2 | SOURCE_LISTENER;
    if (epoll_ctl(run->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        int error = -errno;

        close(fd);
        return error;
    }
    /* The two sides wake each other on one processor (Linux 6.6): an answer takes half the time. */
    (void)ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
    run->listeners[place] = fd;
    return 0;
}

int run_descriptor(const struct run *run)
{
    return run->epoll;
}

rill_time run_deadline(struct run *run)
{
    struct rill_pollfd watch = {.fd = run->watch, .events = RILL_POLLIN};

    if (run->busy != NULL || rill_sock_poll(run->sockets, &watch, 1, 0) > 0)
        return 0;
    return waiters_deadline(run);
}

void run_counts(const struct run *run, struct run_counts *out)
{
    *out = run->counts;
}

unsigned run_programs(const struct run *run)
{
    unsigned count = 0;

    for (unsigned i = 0; i < LISTENERS_MAX; i++)
        count += run->listeners[i] >= 0;
    return count;
}

/* ---------------------------------------------------------------------- step */

static void progress(struct run *run, struct psock *ps)
{
    switch (ps->phase) {
    case PSOCK_FRESH:
        if (ps->hung_up)
            psock_free(run, ps);
        break;
    case PSOCK_CONNECTING:
        connect_progress(run, ps);
        break;
    case PSOCK_OPEN:
        stream_progress(run, ps);
        break;
    case PSOCK_LISTENING:
        listener_progress(run, ps);
        break;
    case PSOCK_DATAGRAMS:
        datagrams_progress(run, ps);
        break;
    case PSOCK_DEAD:
        break;
    }
}

static void take_pair_event(struct run *run, struct psock *ps, uint32_t events)
{
    if ((events & (EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        ps->readable = true;
    if ((events & (EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        ps->more_behind = true;
    if ((events & EPOLLOUT) != 0)
        ps->writable = true;
    if ((events & EPOLLHUP) != 0)
        ps->hung_up = true;
    progress(run, ps);
}

/* Everything that the pairs told; true: there is at least one call to answer. */
static bool take_pair_events(struct run *run, struct epoll_event *listeners, int *listener_count)
{
    struct epoll_event events[EVENTS_MAX];
    int count;

    *listener_count = 0;
    do {
        count = epoll_wait(run->epoll, events, EVENTS_MAX, 0);
        *listener_count = 0;
        for (int i = 0; i < count; i++) {
            uint64_t source = events[i].data.u64;
            struct psock *ps;

            if ((source & 3) == SOURCE_LISTENER) {
                if (*listener_count < (int)LISTENERS_MAX)
                    listeners[(*listener_count)++] = events[i];
                continue;
            }
            ps = psock_by_source(run, source);
            if (ps == NULL)
                continue;
            if ((source & 3) == SOURCE_SHADOW) {
                ps->shadow_ready = true;
                progress(run, ps);
            } else {
                take_pair_event(run, ps, events[i].events);
            }
        }
    } while (count == EVENTS_MAX);
    return *listener_count > 0;
}

static void take_stack_events(struct run *run)
{
    struct rill_epoll_event events[64];
    int count;

    while ((count = rill_sock_epoll_wait(run->sockets, run->watch, events, 64, 0)) > 0) {
        for (int i = 0; i < count; i++) {
            struct psock *ps = psock_by_source(run, events[i].data);

            if (ps == NULL)
                continue;
            if ((events[i].events & RILL_EPOLLPRI) != 0)
                ps->urgent = true;
            if (ps->phase == PSOCK_OPEN && ps->eof_out && (!ps->eof_in || ps->shut_receive) &&
                (events[i].events & RILL_EPOLLERR) != 0)
                psock_reset(run, ps); /* a RST while nothing is read: what is written leads nowhere */
            else
                progress(run, ps);
        }
    }
}

static void take_busy(struct run *run)
{
    struct psock *list = run->busy;

    /* One at a time, off the list: what one does may free another. */
    for (unsigned budget = 256; list != NULL && budget > 0; budget--) {
        struct psock *ps = run->busy;

        if (ps == NULL)
            return;
        run->busy = ps->busy_next;
        ps->is_busy = false;
        progress(run, ps);
        list = run->busy;
    }
}

/* The last process under the filter has ended. */
static void listener_gone(struct run *run, unsigned place)
{
    close(run->listeners[place]);
    run->listeners[place] = -1;
}

static bool has_call(int listener)
{
    struct pollfd poll_one = {.fd = listener, .events = POLLIN};

    return poll(&poll_one, 1, 0) > 0 && (poll_one.revents & POLLIN) != 0;
}

static void take_calls(struct run *run, unsigned number)
{
    struct epoll_event ignored[LISTENERS_MAX];
    struct call call;
    int count;

    for (unsigned n = 0; n < CALLS_MAX; n++) {
        if (n > 0 && !has_call(run->listeners[number]))
            return;
        if (call_receive(run->listeners[number], &call) != 0)
            return;
        /* What the program did before this call, a close above all, is seen before it. */
        (void)take_pair_events(run, ignored, &count);
        dispatch(run, &call);
    }
}

void run_event(struct run *run, const struct rill_event *event)
{
    (void)rill_sockets_event(run->sockets, event);
    take_stack_events(run);
}

void run_step_stack(struct run *run)
{
    take_stack_events(run);
    take_busy(run);
}

void run_step(struct run *run)
{
    struct epoll_event listeners[LISTENERS_MAX];
    int count;

    take_stack_events(run);
    if (take_pair_events(run, listeners, &count)) {
        for (int i = 0; i < count; i++) {
            unsigned number = (unsigned)(listeners[i].data.u64 >> 2);

            if ((listeners[i].events & EPOLLIN) != 0)
                take_calls(run, number);
            else
                listener_gone(run, number);
        }
    }
    run_step_stack(run);
    if (run->waiting > 0)
        waiters_sweep(run, rill_clock());
    if (run->dead_head != NULL && rill_clock() >= run->next_tidy) {
        run->next_tidy = rill_clock() + TIDY_INTERVAL;
        psock_tidy(run);
    }
}
