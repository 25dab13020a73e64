/*
 * The table's growth. Each operation does a bounded share of the work, and the
 * shares are chosen so that a side is clear before it is needed and empty
 * before the next one is:
 *
 * - From 27/32 load on, each operation clears NEXT_CLEARS tags of the next side,
 *   which has at most twice the slots: done within 1/32 of the slots, so before
 *   7/8 load. (Begun late, because until it is done both sides cost memory.)
 * - Each operation then looks at OLD_SCANS old slots, or fewer when it has moved
 *   TABLE_MOVES entries: done within 1/32 of the old side's slots and 1/4 of its
 *   entries. A doubled side is then at most (7/8 + 1/32 + 7/32) / 2 full. A side
 *   of the same size, chosen only to be rid of tombs when at most half of the
 *   slots are live (at most 1/2 + 1/16 by the time it is clear), is then at most
 *   9/16 + 1/32 + 9/64 full. Both are below 27/32, where the next round begins.
 */
#include "base/table.h"

#define NEXT_CLEARS 64
#define OLD_SCANS 32
#define SLOT_BYTES (sizeof(ref) + 1)
#define SLOTS_MIN UINT32_C(512) /* fills the better part of one page, the least that the arena gives */
#define SLOTS_MAX (UINT32_C(1) << 29)

static uint32_t load(const struct table_side *side)
{
    return side->used + side->tombs;
}

static uint32_t load_to_prepare(const struct table_side *side)
{
    return (side->mask + 1) / 32 * 27;
}

static uint32_t load_max(const struct table_side *side)
{
    return (side->mask + 1) / 8 * 7;
}

static bool side_in_use(const struct table_side *side)
{
    return side->run != REF_NONE;
}

/* Take a run for a side; its tags still hold anything. */
static bool side_take(struct arena *arena, struct table_side *side, uint32_t slots)
{
    uint64_t pages = ((uint64_t)slots * SLOT_BYTES + ARENA_PAGE_BYTES - 1) / ARENA_PAGE_BYTES;
    ref run = arena_take(arena, (uint32_t)pages, PAGE_RUN);

    if (run == REF_NONE)
        return false;
    *side = (struct table_side){.run = run, .pages = (uint32_t)pages, .mask = slots - 1};
    return true;
}

static void side_give(struct arena *arena, struct table_side *side)
{
    arena_give(arena, side->run, side->pages);
    *side = (struct table_side){.run = REF_NONE};
}

int table_init(struct arena *arena, struct table *table, uint32_t entries)
{
    uint32_t slots = SLOTS_MIN;

    *table = (struct table){.moved = 0};
    while (slots < SLOTS_MAX && slots / 4 * 3 < entries)
        slots *= 2;
    if (slots / 4 * 3 < entries || !side_take(arena, &table->now, slots))
        return -1;
    memset(table_tags(arena, &table->now), TABLE_TAG_EMPTY, slots);
    return 0;
}

/* Take the side that follows now, unless it is there or the table is not that full. False when it is refused. */
static bool next_wanted(struct arena *arena, struct table *table)
{
    uint32_t slots = table->now.mask + 1;
    bool rid_of_tombs = table->now.used <= slots / 2;

    if (side_in_use(&table->next) || side_in_use(&table->old) || load(&table->now) < load_to_prepare(&table->now))
        return true;
    if (!rid_of_tombs && slots == SLOTS_MAX)
        return false;
    table->cleared = 0;
    return side_take(arena, &table->next, rid_of_tombs ? slots : 2 * slots);
}

/* Clear `count` tags more of next; when it is clear, it becomes now. */
static void next_clear(struct arena *arena, struct table *table, uint32_t count)
{
    uint32_t slots = table->next.mask + 1;

    count = min_u32(count, slots - table->cleared);
    memset(table_tags(arena, &table->next) + table->cleared, TABLE_TAG_EMPTY, count);
    table->cleared += count;
    if (table->cleared < slots)
        return;
    table->old = table->now;
    table->now = table->next;
    table->next = (struct table_side){.run = REF_NONE};
    table->moved = 0;
}

/* Put an entry into the first free slot of a side that has one; false when that would take the load too far. */
static bool side_insert(struct arena *arena, struct table_side *side, uint64_t hash, ref entry)
{
    uint8_t *tags = table_tags(arena, side);
    uint32_t at = (uint32_t)hash & side->mask;

    while (tags[at] > TABLE_TAG_TOMB)
        at = (at + 1) & side->mask;
    if (tags[at] == TABLE_TAG_TOMB)
        side->tombs--;
    else if (unlikely(load(side) >= load_max(side)))
        return false;
    side->used++;
    tags[at] = table_tag(hash);
    table_slots(arena, side)[at] = entry;
    return true;
}

/* Move the next few entries of old into now; give old back when it is empty. */
static void old_move(struct arena *arena, struct table *table, table_hash_of hash_of, const void *context)
{
    uint8_t *tags = table_tags(arena, &table->old);
    const ref *slots = table_slots(arena, &table->old);
    unsigned moves = 0;

    for (unsigned scans = 0; scans < OLD_SCANS && moves < TABLE_MOVES && table->old.used > 0; scans++) {
        uint32_t at = table->moved++;
        bool inserted;

        if (tags[at] <= TABLE_TAG_TOMB)
            continue;
        inserted = side_insert(arena, &table->now, hash_of(context, slots[at]), slots[at]);
        rill_assert(inserted);
        tags[at] = TABLE_TAG_TOMB;
        table->old.used--;
        table->old.tombs++;
        moves++;
    }
    if (table->old.used == 0)
        side_give(arena, &table->old);
}

/* This operation's share of growing. */
static void step(struct arena *arena, struct table *table, table_hash_of hash_of, const void *context)
{
    if (side_in_use(&table->next))
        next_clear(arena, table, NEXT_CLEARS);
    else if (side_in_use(&table->old))
        old_move(arena, table, hash_of, context);
}

int table_insert(struct arena *arena, struct table *table, uint64_t hash, ref entry, table_hash_of hash_of,
                 const void *context)
{
    rill_assert(entry != REF_NONE);
    if (unlikely(load(&table->now) >= load_to_prepare(&table->now)) && next_wanted(arena, table) &&
        side_in_use(&table->next) && unlikely(load(&table->now) >= load_max(&table->now))) {
        /* The arena refused until now, so there is no room left to clear the new side in shares. */
        next_clear(arena, table, table->next.mask + 1);
    }
    if (!side_insert(arena, &table->now, hash, entry))
        return -1;
    step(arena, table, hash_of, context);
    return 0;
}

/* The slot of an entry, or UINT32_MAX when it is not in this side. */
static uint32_t side_find(const struct arena *arena, const struct table_side *side, uint64_t hash, ref entry)
{
    const uint8_t *tags = table_tags(arena, side);
    const ref *slots = table_slots(arena, side);

    for (uint32_t at = (uint32_t)hash & side->mask; tags[at] != TABLE_TAG_EMPTY; at = (at + 1) & side->mask)
        if (slots[at] == entry && tags[at] == table_tag(hash))
            return at;
    return UINT32_MAX;
}

/* The side that holds an entry, and where in it; NULL when none does. */
static struct table_side *find(const struct arena *arena, struct table *table, uint64_t hash, ref entry, uint32_t *at)
{
    *at = side_find(arena, &table->now, hash, entry);
    if (*at != UINT32_MAX)
        return &table->now;
    if (!side_in_use(&table->old))
        return NULL;
    *at = side_find(arena, &table->old, hash, entry);
    return *at != UINT32_MAX ? &table->old : NULL;
}

/* Before an empty slot no tomb is needed, nor are the tombs right before it. */
static void side_remove(struct arena *arena, struct table_side *side, uint32_t at)
{
    uint8_t *tags = table_tags(arena, side);

    side->used--;
    side->tombs++;
    tags[at] = TABLE_TAG_TOMB;
    if (tags[(at + 1) & side->mask] != TABLE_TAG_EMPTY)
        return;
    for (; tags[at] == TABLE_TAG_TOMB; at = (at + side->mask) & side->mask) {
        tags[at] = TABLE_TAG_EMPTY;
        side->tombs--;
    }
}

bool table_remove(struct arena *arena, struct table *table, uint64_t hash, ref entry, table_hash_of hash_of,
                  const void *context)
{
    uint32_t at;
    struct table_side *side = find(arena, table, hash, entry, &at);

    if (side == NULL)
        return false;
    side_remove(arena, side, at);
    step(arena, table, hash_of, context);
    return true;
}

bool table_replace(struct arena *arena, struct table *table, uint64_t hash, ref old_entry, ref entry)
{
    uint32_t at;
    struct table_side *side = find(arena, table, hash, old_entry, &at);

    rill_assert(entry != REF_NONE);
    if (side == NULL)
        return false;
    table_slots(arena, side)[at] = entry;
    return true;
}

uint32_t table_count(const struct table *table)
{
    return table->now.used + table->old.used;
}

uint64_t table_bytes(const struct table *table)
{
    return ((uint64_t)table->now.pages + table->old.pages + table->next.pages) * ARENA_PAGE_BYTES;
}

static bool side_check(const struct arena *arena, const struct table_side *side, table_hash_of hash_of,
                       const void *context)
{
    const uint8_t *tags = table_tags(arena, side);
    const ref *slots = table_slots(arena, side);
    uint32_t used = 0;
    uint32_t tombs = 0;

    for (uint32_t at = 0; at <= side->mask; at++) {
        used += tags[at] > TABLE_TAG_TOMB;
        tombs += tags[at] == TABLE_TAG_TOMB;
    }
    if (used != side->used || tombs != side->tombs || used + tombs > load_max(side))
        return false;
    for (uint32_t at = 0; at <= side->mask; at++)
        if (tags[at] > TABLE_TAG_TOMB && side_find(arena, side, hash_of(context, slots[at]), slots[at]) != at)
            return false;
    return true;
}

bool table_check(const struct arena *arena, const struct table *table, table_hash_of hash_of, const void *context)
{
    if (side_in_use(&table->old)) {
        if (side_in_use(&table->next) || !side_check(arena, &table->old, hash_of, context))
            return false;
        for (uint32_t at = 0; at < table->moved; at++)
            if (table_tags(arena, &table->old)[at] > TABLE_TAG_TOMB)
                return false;
    }
    return side_check(arena, &table->now, hash_of, context);
}
