/*
 * Hierarchical timing wheel: arming, disarming and expiring are O(1) however
 * many timers there are. A timer is a struct wheel_node inside its owner's
 * arena object, at an offset that is the same for all owners of a wheel.
 * Deadlines are exact nanoseconds: a timer never fires early, and
 * wheel_deadline() is the true minimum.
 *
 * What is not O(1): a slot of a high level holds many timers; each is moved
 * down once a level, when its slot's time comes. And when a slot's earliest
 * timer is disarmed or moved, the next wheel_deadline() that comes to that slot
 * walks its list once. So an owner that keeps pushing its deadline back does
 * well to leave the timer where it is, and to arm it again when it fires.
 */
#ifndef BASE_WHEEL_H
#define BASE_WHEEL_H

#include "base/arena.h"

#define WHEEL_LEVELS 9      /* of 6 bits each: all ticks that 64 bits of ns have, so that no deadline is too far */
#define WHEEL_SLOTS 64      /* of each level */
#define WHEEL_TICK_SHIFT 14 /* lowest level: 16.4 us a slot */

struct wheel_node {
    ref next, prev; /* owners; a node that is not armed has deadline NANOS_NEVER */
    nanos deadline;
};

/*
 * A timer lies at the level of the highest 6-bit group in which its tick and
 * the wheel's differ, in the slot that its own group names. So all timers of a
 * level are later than all of the levels below, and within a level a later slot
 * is later: the first occupied slot holds the minimum.
 */
struct wheel {
    uint32_t node_offset; /* of the struct wheel_node in each owner, multiple of 8 */
    uint32_t armed;       /* timers armed */
    uint64_t tick;        /* all timers of earlier ticks have fired; overdue ones are kept in this tick's slot */
    uint64_t occupied[WHEEL_LEVELS];       /* one bit a slot */
    uint64_t sorted[WHEEL_LEVELS];         /* slots whose list's head is known to be their earliest timer */
    ref slots[WHEEL_LEVELS * WHEEL_SLOTS]; /* circular lists of owners, lowest level first */
};

void wheel_init(struct wheel *wheel, size_t node_offset, nanos now);

/* Make a node of a fresh owner "not armed". */
void wheel_node_init(struct wheel_node *node);

/*
 * Arm, or move, the owner's timer. A deadline in the past fires at the next
 * wheel_expire(); NANOS_NEVER disarms.
 */
void wheel_arm(struct arena *arena, struct wheel *wheel, ref owner, nanos deadline);

/* Disarm; nothing happens when it is not armed. */
void wheel_disarm(struct arena *arena, struct wheel *wheel, ref owner);

/*
 * Take one timer with deadline <= now out of the wheel, earliest first up to
 * one tick; REF_NONE when none is left. Time does not go back: a now before an
 * earlier call's may leave timers that are due for later.
 */
ref wheel_expire(struct arena *arena, struct wheel *wheel, nanos now);

/* The earliest deadline armed, exact; NANOS_NEVER when none. */
nanos wheel_deadline(const struct arena *arena, struct wheel *wheel);

/* The owner of the earliest timer armed; REF_NONE when none. */
ref wheel_first(const struct arena *arena, struct wheel *wheel);

bool wheel_check(const struct arena *arena, const struct wheel *wheel);

#endif
