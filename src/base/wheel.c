/*
 * The timing wheel. Owners are known only by their node's offset. The tick
 * moves only to where the structure stays right: past slots that are empty, and
 * into a slot of a high level only when that slot's timers are moved down.
 */
#include "base/wheel.h"

#define LEVEL_BITS 6
#define SLOT_MASK UINT64_C(63)

struct place {
    unsigned level;
    unsigned slot;
};

static inline struct wheel_node *node_of(const struct arena *arena, const struct wheel *wheel, ref owner)
{
    return (struct wheel_node *)((uint8_t *)arena_at(arena, owner) + wheel->node_offset);
}

/* Where a timer with this deadline lies while the wheel is at its tick. */
static inline struct place place_of(const struct wheel *wheel, nanos deadline)
{
    uint64_t tick = max_u64(deadline >> WHEEL_TICK_SHIFT, wheel->tick);
    unsigned top_bit = 63u - (unsigned)__builtin_clzll((tick ^ wheel->tick) | 1);
    unsigned level = top_bit * 43u >> 8; /* top_bit / 6, exact up to 63 */

    return (struct place){level, (unsigned)(tick >> (level * LEVEL_BITS) & SLOT_MASK)};
}

static inline uint64_t slot_bit(struct place at)
{
    return UINT64_C(1) << at.slot;
}

void wheel_init(struct wheel *wheel, size_t node_offset, nanos now)
{
    rill_assert(node_offset % 8 == 0 && node_offset <= UINT16_MAX);
    memset(wheel, 0, sizeof(*wheel));
    wheel->node_offset = (uint32_t)node_offset;
    wheel->tick = now >> WHEEL_TICK_SHIFT;
}

void wheel_node_init(struct wheel_node *node)
{
    *node = (struct wheel_node){.next = REF_NONE, .prev = REF_NONE, .deadline = NANOS_NEVER};
}

/* Link a node, whose deadline is set, into its slot: as the head where the list is sorted and it is the earliest. */
static void link_node(struct arena *arena, struct wheel *wheel, ref owner, struct wheel_node *node)
{
    struct place at = place_of(wheel, node->deadline);
    ref *slot = &wheel->slots[at.level][at.slot];
    ref head = *slot;
    struct wheel_node *first;

    if (head == REF_NONE) {
        node->next = node->prev = owner;
        *slot = owner;
        wheel->occupied[at.level] |= slot_bit(at);
        wheel->sorted[at.level] |= slot_bit(at);
        return;
    }
    first = node_of(arena, wheel, head);
    node->next = head;
    node->prev = first->prev;
    node_of(arena, wheel, first->prev)->next = owner;
    first->prev = owner;
    if (node->deadline < first->deadline)
        *slot = owner;
}

/* Unlink a node from the list at a place that is known to hold it. */
static void unlink_node(struct arena *arena, struct wheel *wheel, ref owner, const struct wheel_node *node,
                        struct place at)
{
    ref *slot = &wheel->slots[at.level][at.slot];

    if (node->next == owner) {
        *slot = REF_NONE;
        wheel->occupied[at.level] &= ~slot_bit(at);
        return;
    }
    node_of(arena, wheel, node->next)->prev = node->prev;
    node_of(arena, wheel, node->prev)->next = node->next;
    if (*slot == owner) {
        *slot = node->next;
        wheel->sorted[at.level] &= ~slot_bit(at);
    }
}

void wheel_arm(struct arena *arena, struct wheel *wheel, ref owner, nanos deadline)
{
    struct wheel_node *node = node_of(arena, wheel, owner);

    if (unlikely(deadline == NANOS_NEVER)) {
        wheel_disarm(arena, wheel, owner);
        return;
    }
    if (node->deadline != NANOS_NEVER)
        unlink_node(arena, wheel, owner, node, place_of(wheel, node->deadline));
    else
        wheel->armed++;
    node->deadline = deadline;
    link_node(arena, wheel, owner, node);
}

/* Unlink an armed timer and mark it as not armed. */
static void disarm(struct arena *arena, struct wheel *wheel, ref owner, struct place at)
{
    struct wheel_node *node = node_of(arena, wheel, owner);

    unlink_node(arena, wheel, owner, node, at);
    node->deadline = NANOS_NEVER;
    wheel->armed--;
}

void wheel_disarm(struct arena *arena, struct wheel *wheel, ref owner)
{
    nanos deadline = node_of(arena, wheel, owner)->deadline;

    if (deadline != NANOS_NEVER)
        disarm(arena, wheel, owner, place_of(wheel, deadline));
}

/* The first occupied slot: the earliest timer is in it. False when no timer is armed. */
static inline bool first_slot(const struct wheel *wheel, struct place *at)
{
    for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
        if (wheel->occupied[level] != 0) {
            *at = (struct place){level, (unsigned)__builtin_ctzll(wheel->occupied[level])};
            return true;
        }
    }
    return false;
}

/* The first tick of a slot. */
static inline uint64_t slot_tick(const struct wheel *wheel, struct place at)
{
    unsigned shift = at.level * LEVEL_BITS;

    return (wheel->tick >> shift & ~SLOT_MASK) << shift | (uint64_t)at.slot << shift;
}

/* Make the earliest timer the head of its slot's list, and return its deadline. */
static nanos sort_slot(const struct arena *arena, struct wheel *wheel, struct place at)
{
    ref *slot = &wheel->slots[at.level][at.slot];
    ref head = *slot;
    nanos earliest = node_of(arena, wheel, head)->deadline;

    if (wheel->sorted[at.level] & slot_bit(at))
        return earliest;
    for (ref r = node_of(arena, wheel, head)->next; r != head;) {
        const struct wheel_node *node = node_of(arena, wheel, r);

        if (node->deadline < earliest) {
            earliest = node->deadline;
            *slot = r;
        }
        r = node->next;
    }
    wheel->sorted[at.level] |= slot_bit(at);
    return earliest;
}

/* The wheel's tick enters a slot of a high level: its timers move down. Each timer moves at most once a level. */
static void cascade(struct arena *arena, struct wheel *wheel, struct place at)
{
    ref head = wheel->slots[at.level][at.slot];
    ref r = head;

    wheel->slots[at.level][at.slot] = REF_NONE;
    wheel->occupied[at.level] &= ~slot_bit(at);
    do {
        struct wheel_node *node = node_of(arena, wheel, r);
        ref next = node->next;

        link_node(arena, wheel, r, node);
        r = next;
    } while (r != head);
}

/*
 * A timer of the lowest level's slot that is due, or REF_NONE. Those passed by
 * go to the list's end, so that taking all that are due walks the list at most
 * twice.
 */
static ref due_in_slot(const struct arena *arena, struct wheel *wheel, struct place at, nanos now)
{
    ref head = wheel->slots[at.level][at.slot];
    ref r = head;

    if (wheel->sorted[at.level] & slot_bit(at))
        return node_of(arena, wheel, head)->deadline <= now ? head : REF_NONE;
    do {
        const struct wheel_node *node = node_of(arena, wheel, r);

        if (node->deadline <= now) {
            wheel->slots[at.level][at.slot] = r;
            return r;
        }
        r = node->next;
    } while (r != head);
    sort_slot(arena, wheel, at);
    return REF_NONE;
}

ref wheel_expire(struct arena *arena, struct wheel *wheel, nanos now)
{
    uint64_t now_tick = now >> WHEEL_TICK_SHIFT;
    struct place at;

    while (first_slot(wheel, &at) && slot_tick(wheel, at) <= now_tick) {
        ref due;

        wheel->tick = slot_tick(wheel, at);
        if (at.level > 0) {
            cascade(arena, wheel, at);
            continue;
        }
        due = due_in_slot(arena, wheel, at, now);
        if (due != REF_NONE)
            disarm(arena, wheel, due, at);
        return due;
    }
    /* No timer lies before now_tick, nor in the slots that hold it, so all stay where they are. */
    wheel->tick = max_u64(wheel->tick, now_tick);
    return REF_NONE;
}

nanos wheel_deadline(const struct arena *arena, struct wheel *wheel)
{
    struct place at;

    return first_slot(wheel, &at) ? sort_slot(arena, wheel, at) : NANOS_NEVER;
}

/* One slot's list: closed, each timer where it belongs, the head earliest if sorted. False or its length added. */
static bool slot_check(const struct arena *arena, const struct wheel *wheel, struct place at, uint64_t *timers)
{
    ref head = wheel->slots[at.level][at.slot];
    bool sorted = wheel->sorted[at.level] & slot_bit(at);
    ref r = head;

    if (head == REF_NONE)
        return !(wheel->occupied[at.level] & slot_bit(at));
    do {
        const struct wheel_node *node = node_of(arena, wheel, r);
        struct place right = place_of(wheel, node->deadline);

        if (node->deadline == NANOS_NEVER || right.level != at.level || right.slot != at.slot)
            return false;
        if (node_of(arena, wheel, node->next)->prev != r || ++*timers > wheel->armed)
            return false;
        if (sorted && node->deadline < node_of(arena, wheel, head)->deadline)
            return false;
        r = node->next;
    } while (r != head);
    return wheel->occupied[at.level] & slot_bit(at);
}

bool wheel_check(const struct arena *arena, const struct wheel *wheel)
{
    uint64_t timers = 0;

    for (unsigned level = 0; level < WHEEL_LEVELS; level++)
        for (unsigned slot = 0; slot < WHEEL_SLOTS; slot++)
            if (!slot_check(arena, wheel, (struct place){level, slot}, &timers))
                return false;
    return timers == wheel->armed;
}
