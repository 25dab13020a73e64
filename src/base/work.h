/*
 * What one packet makes the stack look at. A step is a record, a range or a
 * buffer that a loop stops at; finding one (a tree's depth) and cutting one (a
 * train's few slices) belong to its step. Steps have a bound whatever a peer
 * makes the lists grow to (CVE-2018-5390, CVE-2019-11478). What only takes
 * apart what an earlier packet or call has put together is paid for by that,
 * and counted as settled.
 */
#ifndef BASE_WORK_H
#define BASE_WORK_H

#include "base/types.h"

#define WORK_STEPS_MAX 64u     /* for any packet */
#define WORK_STEPS_ACK_MAX 44u /* of these for its ACK field; what remains is for its text */

struct work {
    uint32_t steps;     /* for the packet or timer at hand */
    uint32_t steps_max; /* for any packet so far; a retransmission timeout looks at all that is in flight */
    uint64_t settled;
};

static inline void work_begin(struct work *work)
{
    work->steps = 0;
}

static inline void work_step(struct work *work)
{
    work->steps++;
}

/* The packet has been dealt with. */
static inline void work_end(struct work *work)
{
    work->steps_max = max_u32(work->steps_max, work->steps);
}

/* One step more, if there have been fewer than `most`. */
static inline bool work_may_step(struct work *work, uint32_t most)
{
    if (work->steps >= most)
        return false;
    work_step(work);
    return true;
}

#endif
