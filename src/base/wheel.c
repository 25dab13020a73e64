/*
 * The timing wheel. Owners are known only by their node's offset. The tick
 * moves only to where the structure stays right: past slots that are empty, and
 * into a slot of a high level only when that slot's timers are moved down.
 */
#include "base/wheel.h"

#define LEVEL_BITS 6
#define SLOT_MASK UINT64_C(63)

static inline struct wheel_node *node_of(const struct arena *arena, const struct wheel *wheel, ref owner)
{
    return (struct wheel_node *)((uint8_t *)arena_at(arena, owner) + wheel->node_offset);
}

/* The slot, counted through all levels, of a timer with this deadline while the wheel is at its tick. */
static inline unsigned slot_of(const struct wheel *wheel, nanos deadline)
{
    uint64_t tick = max_u64(deadline >> WHEEL_TICK_SHIFT, wheel->tick);
    unsigned top_bit = 63u ^ (unsigned)__builtin_clzll((tick ^ wheel->tick) | 1);
    unsigned level = top_bit * 43u >> 8; /* top_bit / 6, exact up to 63 */

    return level * WHEEL_SLOTS + (unsigned)(tick >> (level * LEVEL_BITS) & SLOT_MASK);
}

static inline unsigned level_of(unsigned slot)
{
    return slot / WHEEL_SLOTS;
}

static inline uint64_t bit_of(unsigned slot)
{
    return UINT64_C(1) << slot % WHEEL_SLOTS;
}

static inline bool is_sorted(const struct wheel *wheel, unsigned slot)
{
    return wheel->sorted[level_of(slot)] & bit_of(slot);
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

/* Link a node, whose deadline is set, into its slot: as the head when it is earlier than the head. */
static inline void link_node(struct arena *arena, struct wheel *wheel, ref owner, struct wheel_node *node,
                             unsigned slot)
{
    ref *list = &wheel->slots[slot];
    ref head = *list;
    struct wheel_node *first;

    if (head == REF_NONE) {
        node->next = node->prev = owner;
        *list = owner;
        wheel->occupied[level_of(slot)] |= bit_of(slot);
        wheel->sorted[level_of(slot)] |= bit_of(slot);
        return;
    }
    first = node_of(arena, wheel, head);
    node->next = head;
    node->prev = first->prev;
    node_of(arena, wheel, first->prev)->next = owner;
    first->prev = owner;
    if (node->deadline < first->deadline)
        *list = owner;
}

/* Unlink a node from the list at a place that is known to hold it. */
static inline void unlink_node(struct arena *arena, struct wheel *wheel, ref owner, const struct wheel_node *node,
                               unsigned slot)
{
    ref *list = &wheel->slots[slot];

    if (node->next == owner) {
        *list = REF_NONE;
        wheel->occupied[level_of(slot)] &= ~bit_of(slot);
        return;
    }
    node_of(arena, wheel, node->next)->prev = node->prev;
    node_of(arena, wheel, node->prev)->next = node->next;
    if (*list == owner) {
        *list = node->next;
        wheel->sorted[level_of(slot)] &= ~bit_of(slot);
    }
}

/* Give an armed timer another deadline in the slot where it is. */
static inline void move_in_slot(const struct arena *arena, struct wheel *wheel, ref owner, struct wheel_node *node,
                                unsigned slot, nanos deadline)
{
    ref *list = &wheel->slots[slot];

    if (*list == owner) {
        if (deadline > node->deadline)
            wheel->sorted[level_of(slot)] &= ~bit_of(slot);
    } else if (deadline < node_of(arena, wheel, *list)->deadline) {
        *list = owner;
    }
    node->deadline = deadline;
}

void wheel_arm(struct arena *arena, struct wheel *wheel, ref owner, nanos deadline)
{
    struct wheel_node *node = node_of(arena, wheel, owner);
    unsigned from, to;

    if (unlikely(deadline == NANOS_NEVER)) {
        wheel_disarm(arena, wheel, owner);
        return;
    }
    to = slot_of(wheel, deadline);
    if (node->deadline != NANOS_NEVER) {
        from = slot_of(wheel, node->deadline);
        if (from == to) {
            move_in_slot(arena, wheel, owner, node, to, deadline);
            return;
        }
        unlink_node(arena, wheel, owner, node, from);
    } else {
        wheel->armed++;
    }
    node->deadline = deadline;
    link_node(arena, wheel, owner, node, to);
}

/* Unlink an armed timer and mark it as not armed. */
static void disarm(struct arena *arena, struct wheel *wheel, ref owner, unsigned slot)
{
    struct wheel_node *node = node_of(arena, wheel, owner);

    unlink_node(arena, wheel, owner, node, slot);
    node->deadline = NANOS_NEVER;
    wheel->armed--;
}

void wheel_disarm(struct arena *arena, struct wheel *wheel, ref owner)
{
    nanos deadline = node_of(arena, wheel, owner)->deadline;

    if (deadline != NANOS_NEVER)
        disarm(arena, wheel, owner, slot_of(wheel, deadline));
}

/* The first occupied slot: the earliest timer is in it. False when no timer is armed. */
static inline bool first_slot(const struct wheel *wheel, unsigned *slot)
{
    for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
        if (wheel->occupied[level] != 0) {
            *slot = level * WHEEL_SLOTS + (unsigned)__builtin_ctzll(wheel->occupied[level]);
            return true;
        }
    }
    return false;
}

/* The first tick of a slot. */
static inline uint64_t slot_tick(const struct wheel *wheel, unsigned slot)
{
    unsigned shift = level_of(slot) * LEVEL_BITS;

    return ((wheel->tick >> shift & ~SLOT_MASK) | slot % WHEEL_SLOTS) << shift;
}

/* Make the earliest timer the head of its slot's list, and return its deadline. */
static nanos sort_slot(const struct arena *arena, struct wheel *wheel, unsigned slot)
{
    ref *list = &wheel->slots[slot];
    ref head = *list;
    nanos earliest = node_of(arena, wheel, head)->deadline;

    if (is_sorted(wheel, slot))
        return earliest;
    for (ref r = node_of(arena, wheel, head)->next; r != head;) {
        const struct wheel_node *node = node_of(arena, wheel, r);

        if (node->deadline < earliest) {
            earliest = node->deadline;
            *list = r;
        }
        r = node->next;
    }
    wheel->sorted[level_of(slot)] |= bit_of(slot);
    return earliest;
}

/* The wheel's tick enters a slot of a high level: its timers move down. Each timer moves at most once a level. */
static void cascade(struct arena *arena, struct wheel *wheel, unsigned slot)
{
    ref head = wheel->slots[slot];
    ref r = head;

    wheel->slots[slot] = REF_NONE;
    wheel->occupied[level_of(slot)] &= ~bit_of(slot);
    do {
        struct wheel_node *node = node_of(arena, wheel, r);
        ref next = node->next;

        link_node(arena, wheel, r, node, slot_of(wheel, node->deadline));
        r = next;
    } while (r != head);
}

/*
 * A timer of the lowest level's slot that is due, or REF_NONE. Those passed by
 * go to the list's end, so that taking all that are due walks the list at most
 * twice.
 */
static ref due_in_slot(const struct arena *arena, struct wheel *wheel, unsigned slot, nanos now)
{
    ref head = wheel->slots[slot];
    ref r = head;

    if (is_sorted(wheel, slot))
        return node_of(arena, wheel, head)->deadline <= now ? head : REF_NONE;
    do {
        const struct wheel_node *node = node_of(arena, wheel, r);

        if (node->deadline <= now) {
            wheel->slots[slot] = r;
            return r;
        }
        r = node->next;
    } while (r != head);
    sort_slot(arena, wheel, slot);
    return REF_NONE;
}

ref wheel_expire(struct arena *arena, struct wheel *wheel, nanos now)
{
    uint64_t now_tick = now >> WHEEL_TICK_SHIFT;
    unsigned slot;

    while (first_slot(wheel, &slot) && slot_tick(wheel, slot) <= now_tick) {
        ref due;

        wheel->tick = slot_tick(wheel, slot);
        if (slot >= WHEEL_SLOTS) {
            cascade(arena, wheel, slot);
            continue;
        }
        due = due_in_slot(arena, wheel, slot, now);
        if (due != REF_NONE)
            disarm(arena, wheel, due, slot);
        return due;
    }
    /* No timer lies before now_tick, nor in the slots that hold it, so all stay where they are. */
    wheel->tick = max_u64(wheel->tick, now_tick);
    return REF_NONE;
}

nanos wheel_deadline(const struct arena *arena, struct wheel *wheel)
{
    unsigned slot;

    return first_slot(wheel, &slot) ? sort_slot(arena, wheel, slot) : NANOS_NEVER;
}

ref wheel_first(const struct arena *arena, struct wheel *wheel)
{
    unsigned slot;

    if (!first_slot(wheel, &slot))
        return REF_NONE;
    (void)sort_slot(arena, wheel, slot);
    return wheel->slots[slot];
}

/* One slot's list: closed, each timer where it belongs, the head earliest if sorted. False or its length added. */
static bool slot_check(const struct arena *arena, const struct wheel *wheel, unsigned slot, uint64_t *timers)
{
    ref head = wheel->slots[slot];
    bool sorted = is_sorted(wheel, slot);
    ref r = head;

    if (head == REF_NONE)
        return !(wheel->occupied[level_of(slot)] & bit_of(slot));
    do {
        const struct wheel_node *node = node_of(arena, wheel, r);

        if (node->deadline == NANOS_NEVER || slot_of(wheel, node->deadline) != slot)
            return false;
        if (node_of(arena, wheel, node->next)->prev != r || ++*timers > wheel->armed)
            return false;
        if (sorted && node->deadline < node_of(arena, wheel, head)->deadline)
            return false;
        r = node->next;
    } while (r != head);
    return wheel->occupied[level_of(slot)] & bit_of(slot);
}

bool wheel_check(const struct arena *arena, const struct wheel *wheel)
{
    uint64_t timers = 0;

    for (unsigned slot = 0; slot < WHEEL_LEVELS * WHEEL_SLOTS; slot++)
        if (!slot_check(arena, wheel, slot, &timers))
            return false;
    return timers == wheel->armed;
}
