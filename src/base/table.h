/*
 * Open-addressing hash table of refs with one tag byte an entry. It grows
 * incrementally: an insertion or removal clears and moves a bounded number of
 * slots, so there is no stop-the-world rehash and no operation's cost depends
 * on the number of entries. Hashes come from the keyed PRF, so that nobody
 * outside can aim at a bucket. Entries do not store their hash: the owner gives
 * a function that finds it again.
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include "base/arena.h"

/* Entries that one insertion or removal moves at most; so many calls of hash_of at most. */
#define TABLE_MOVES 4

/* Finds the hash of the entry again; context is the owner's. */
typedef uint64_t (*table_hash_of)(const void *context, ref entry);

struct table_side {
    ref run;        /* slots then tags, one arena run; REF_NONE when the side is not in use */
    uint32_t pages; /* of that run */
    uint32_t mask;  /* slots - 1 */
    uint32_t used;  /* live entries */
    uint32_t tombs; /* slots of removed entries that a probe must still pass */
};

/*
 * At 3/4 load the next side is taken and cleared bit by bit; once clear it
 * becomes now, and now becomes old, which is then emptied slot by slot. old
 * and next are never in use at the same time. used + tombs <= 7/8 of each side.
 */
struct table {
    struct table_side now;  /* insertions go here */
    struct table_side old;  /* being emptied into now; run REF_NONE when no growth is under way */
    struct table_side next; /* being cleared; run REF_NONE when none is wanted yet */
    uint32_t moved;         /* slots of old already emptied */
    uint32_t cleared;       /* tags of next already cleared */
};

/* A table with room for at least `entries` before it first grows. 0, or -1 when the arena refuses. */
int table_init(struct arena *arena, struct table *table, uint32_t entries);

/*
 * Insert an entry that is known not to be in the table. 0, or -1 when the
 * table had to grow and the arena refused (the table is unchanged and usable).
 */
int table_insert(struct arena *arena, struct table *table, uint64_t hash, ref entry, table_hash_of hash_of,
                 const void *context);

/* Remove an entry; true when it was there. */
bool table_remove(struct arena *arena, struct table *table, uint64_t hash, ref entry, table_hash_of hash_of,
                  const void *context);

/* Put `entry` where `old_entry` is (same key, same hash); true when old_entry was there. */
bool table_replace(struct arena *arena, struct table *table, uint64_t hash, ref old_entry, ref entry);

/* Tags: what a slot holds. A live one has the top bit and seven bits of the hash that the slot number does not use. */
#define TABLE_TAG_EMPTY 0
#define TABLE_TAG_TOMB 1

static inline uint8_t table_tag(uint64_t hash)
{
    return (uint8_t)(0x80 | hash >> 57);
}

static inline uint32_t *table_slots(const struct arena *arena, const struct table_side *side)
{
    return arena_at(arena, side->run);
}

static inline uint8_t *table_tags(const struct arena *arena, const struct table_side *side)
{
    return (uint8_t *)arena_at(arena, side->run) + ((size_t)side->mask + 1) * sizeof(uint32_t);
}

/*
 * Look-up is a walk over candidates, so that the comparison is inlined:
 *
 *   struct table_probe p = table_probe(arena, table, hash);
 *   while ((r = table_probe_next(&p)) != REF_NONE)
 *       if (matches(arena_at(arena, r))) return r;
 */
struct table_probe {
    const uint32_t *slots;
    const uint8_t *tags;
    uint32_t mask, at;
    uint64_t hash;
    uint8_t tag;
    const struct arena *arena;
    const struct table_side *then; /* the old side, searched second; NULL when it is under way or not in use */
};

static inline struct table_probe table_probe(const struct arena *arena, const struct table *table, uint64_t hash)
{
    return (struct table_probe){
        .slots = table_slots(arena, &table->now),
        .tags = table_tags(arena, &table->now),
        .mask = table->now.mask,
        .at = (uint32_t)hash & table->now.mask,
        .hash = hash,
        .tag = table_tag(hash),
        .arena = arena,
        .then = table->old.run != REF_NONE ? &table->old : NULL,
    };
}

/* Ends, because each side always has an empty slot. */
static inline ref table_probe_next(struct table_probe *probe)
{
    for (;;) {
        uint32_t at = probe->at;
        uint8_t tag = probe->tags[at];

        probe->at = (at + 1) & probe->mask;
        if (tag == probe->tag)
            return probe->slots[at];
        if (tag != TABLE_TAG_EMPTY)
            continue;
        if (likely(probe->then == NULL)) {
            probe->at = at; /* asked again, says so again */
            return REF_NONE;
        }
        probe->slots = table_slots(probe->arena, probe->then);
        probe->tags = table_tags(probe->arena, probe->then);
        probe->mask = probe->then->mask;
        probe->at = (uint32_t)probe->hash & probe->mask;
        probe->then = NULL;
    }
}

uint32_t table_count(const struct table *table);

/* Bytes of arena held, all sides. */
uint64_t table_bytes(const struct table *table);

/* Every invariant, and every entry found again by its hash. Slow. */
bool table_check(const struct arena *arena, const struct table *table, table_hash_of hash_of, const void *context);

#endif
