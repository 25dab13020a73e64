/*
 * Threads that sleep in accept, connect or a receive: nobody answers them
 * until there is something to say. A thread waits for one call at a time, so
 * when it asks anew the earlier call was interrupted.
 */
#include "run/supervisor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SWEEP_INTERVAL UINT64_C(500000000)

void waiter_add(struct run *run, struct psock *ps, const struct call *call, rill_time deadline, uint64_t done)
{
    struct waiter **at = &ps->waiters;
    struct waiter *waiter = malloc(sizeof *waiter);

    if (waiter == NULL) {
        call_answer(call, done > 0 ? (int64_t)done : -ENOMEM);
        return;
    }
    *waiter = (struct waiter){.call = *call, .deadline = deadline, .done = done};
    while (*at != NULL)
        at = &(*at)->next;
    *at = waiter;
    if (run->waiting++ == 0)
        run->next_sweep = rill_clock() + SWEEP_INTERVAL;
    if (deadline < run->next_sweep)
        run->next_sweep = deadline;
}

static void drop(struct run *run, struct waiter **at)
{
    struct waiter *waiter = *at;

    *at = waiter->next;
    free(waiter);
    run->waiting--;
}

static bool is_same_call(const struct call *a, const struct call *b)
{
    return a->number == b->number && memcmp(a->args, b->args, sizeof a->args) == 0;
}

uint64_t waiters_forget_thread(struct run *run, struct psock *ps, const struct call *call)
{
    struct waiter **at = &ps->waiters;
    uint64_t done = 0;

    while (*at != NULL) {
        if ((*at)->call.thread == call->thread) {
            if (is_same_call(&(*at)->call, call))
                done = (*at)->done;
            drop(run, at);
        } else {
            at = &(*at)->next;
        }
    }
    return done;
}

void waiter_drop(struct run *run, struct psock *ps, const struct waiter *waiter)
{
    struct waiter **at = &ps->waiters;

    while (*at != NULL && *at != waiter)
        at = &(*at)->next;
    if (*at != NULL)
        drop(run, at);
}

void waiter_pop(struct run *run, struct psock *ps)
{
    drop(run, &ps->waiters);
}

void waiters_end(struct run *run, struct psock *ps, int64_t result)
{
    while (ps->waiters != NULL) {
        const struct waiter *waiter = ps->waiters;

        call_answer(&waiter->call, waiter->done > 0 ? (int64_t)waiter->done : result);
        waiter_pop(run, ps);
    }
}

static bool is_over(const struct psock *ps, const struct waiter *waiter, rill_time now)
{
    if (!call_is_waiting(&waiter->call))
        return waiter->done == 0; /* a send that was interrupted is asked again, and goes on from there */
    if (now < waiter->deadline)
        return false;
    if (waiter->done > 0)
        call_answer(&waiter->call, (int64_t)waiter->done);
    else /* connect(2): the attempt goes on, and a later call or poll tells how it ended. */
        call_answer(&waiter->call, ps->phase == PSOCK_CONNECTING ? -EINPROGRESS : -EAGAIN);
    return true;
}

static void sweep_socket(struct run *run, struct psock *ps, rill_time now)
{
    struct waiter **at = &ps->waiters;

    while (*at != NULL) {
        if (is_over(ps, *at, now)) {
            drop(run, at);
            continue;
        }
        if ((*at)->deadline > now && (*at)->deadline < run->next_sweep) /* one that was interrupted may be past it */
            run->next_sweep = (*at)->deadline;
        at = &(*at)->next;
    }
}

void waiters_sweep(struct run *run, rill_time now)
{
    if (now < waiters_deadline(run))
        return;
    run->next_sweep = now + SWEEP_INTERVAL;
    for (uint32_t i = 0; i < run->all_used; i++)
        if (run->all[i] != NULL)
            sweep_socket(run, run->all[i], now);
}

rill_time waiters_deadline(const struct run *run)
{
    return run->waiting == 0 ? RILL_NEVER : run->next_sweep;
}

rill_time psock_deadline(struct run *run, const struct psock *ps, int option)
{
    struct rill_timeval time = {0, 0};
    uint32_t bytes = sizeof time;

    if (rill_sock_getsockopt(run->sockets, ps->fd, RILL_SOL_SOCKET, option, &time, &bytes) != 0 ||
        (time.seconds == 0 && time.microseconds == 0))
        return RILL_NEVER;
    return rill_clock() + (rill_time)time.seconds * 1000000000u + (rill_time)time.microseconds * 1000u;
}
