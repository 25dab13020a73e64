/*
 * Pools. A run of 2^run_order pages is aligned to its own size, so the header
 * at its start is found from any object by masking. Objects lie at the run's
 * end, so that power-of-two sizes are naturally aligned; free ones are linked
 * through their second word by their offset in the run, counted in granules.
 * Knows nothing of what the objects are.
 */
#include "base/pool.h"

#define PAGE_GRANULES (ARENA_PAGE_BYTES / ARENA_GRANULE_BYTES)
#define RUN_ORDER_MAX 7 /* offsets in granules, the end included, fit 16 bits */

/* At the start of each run: one granule. */
struct run {
    ref next, prev; /* in pool->partial; REF_NONE at the ends */
    uint16_t free;  /* offset of the first object on the free list; 0: none */
    uint16_t fresh; /* objects from this offset on were never taken: their words mean nothing */
    uint16_t used;  /* live objects */
    uint16_t spare;
};

/* What a free object holds. */
struct free_object {
    uint32_t generation; /* 0 */
    uint16_t next;       /* offset of the next free object; 0: none */
};

static inline uint32_t run_granules(const struct pool *pool)
{
    return PAGE_GRANULES << pool->run_order;
}

static inline uint32_t object_granules(const struct pool *pool)
{
    return pool->object_bytes / ARENA_GRANULE_BYTES;
}

static inline uint32_t first_object(const struct pool *pool)
{
    return run_granules(pool) - pool->per_run * object_granules(pool);
}

static inline struct run *run_at(const struct arena *arena, ref r)
{
    return arena_at(arena, r);
}

void pool_init(struct pool *pool, uint8_t number, size_t object_bytes, uint8_t run_order, uint32_t limit)
{
    size_t rounded = (object_bytes + ARENA_GRANULE_BYTES - 1) & ~(size_t)(ARENA_GRANULE_BYTES - 1);
    size_t run_bytes;

    rill_assert(number <= 200 && run_order <= RUN_ORDER_MAX && object_bytes >= ARENA_GRANULE_BYTES);
    run_bytes = (size_t)ARENA_PAGE_BYTES << run_order;
    rill_assert(rounded <= UINT16_MAX && rounded + sizeof(struct run) <= run_bytes);
    memset(pool, 0, sizeof(*pool));
    pool->object_bytes = (uint16_t)rounded;
    pool->kind = (uint8_t)(PAGE_POOL_FIRST + number);
    pool->run_order = run_order;
    pool->per_run = (uint32_t)((run_bytes - sizeof(struct run)) / rounded);
    pool->limit = limit;
}

static void partial_push(const struct arena *arena, struct pool *pool, ref r)
{
    struct run *run = run_at(arena, r);

    run->prev = REF_NONE;
    run->next = pool->partial;
    if (run->next != REF_NONE)
        run_at(arena, run->next)->prev = r;
    pool->partial = r;
}

static void partial_remove(const struct arena *arena, struct pool *pool, const struct run *run)
{
    if (run->next != REF_NONE)
        run_at(arena, run->next)->prev = run->prev;
    if (run->prev != REF_NONE)
        run_at(arena, run->prev)->next = run->next;
    else
        pool->partial = run->next;
}

/* Put a run with free objects in front of pool->partial: the one kept empty, or a new one. */
static bool partial_refill(struct arena *arena, struct pool *pool)
{
    ref r = pool->empty;

    if (r != REF_NONE) {
        pool->empty = REF_NONE;
    } else {
        r = arena_take(arena, UINT32_C(1) << pool->run_order, pool->kind);
        if (r == REF_NONE)
            return false;
        *run_at(arena, r) = (struct run){.fresh = (uint16_t)first_object(pool)};
        pool->runs++;
    }
    partial_push(arena, pool, r);
    return true;
}

static inline ref take(struct arena *arena, struct pool *pool)
{
    struct run *run;
    ref object;

    if (arena_refuses(arena) || unlikely(pool->limit != 0 && pool->used >= pool->limit) ||
        unlikely(pool->partial == REF_NONE && !partial_refill(arena, pool))) {
        pool->refusals++;
        return REF_NONE;
    }
    run = run_at(arena, pool->partial);
    if (run->free != 0) {
        object = pool->partial + run->free;
        run->free = ((struct free_object *)arena_at(arena, object))->next;
    } else {
        object = pool->partial + run->fresh;
        run->fresh = (uint16_t)(run->fresh + object_granules(pool));
    }
    if (unlikely(++run->used == pool->per_run))
        partial_remove(arena, pool, run);
    if (++pool->used > pool->used_max)
        pool->used_max = pool->used;
    return object;
}

ref pool_take_dirty(struct arena *arena, struct pool *pool)
{
    ref object = take(arena, pool);

    if (likely(object != REF_NONE))
        *(uint32_t *)arena_at(arena, object) = arena_next_generation(arena);
    return object;
}

ref pool_take(struct arena *arena, struct pool *pool)
{
    ref object = take(arena, pool);

    if (likely(object != REF_NONE)) {
        memset(arena_at(arena, object), 0, pool->object_bytes);
        *(uint32_t *)arena_at(arena, object) = arena_next_generation(arena);
    }
    return object;
}

/* A run has lost its last object: keep one such, return the others. */
static void run_emptied(struct arena *arena, struct pool *pool, ref r)
{
    struct run *run = run_at(arena, r);

    partial_remove(arena, pool, run);
    if (pool->empty == REF_NONE) {
        pool->empty = r;
    } else {
        arena_give(arena, r, UINT32_C(1) << pool->run_order);
        pool->runs--;
    }
}

void pool_give(struct arena *arena, struct pool *pool, ref object)
{
    ref r = object & ~(run_granules(pool) - 1);
    struct run *run = run_at(arena, r);
    struct free_object *free_object = arena_at(arena, object);

    rill_assert(arena_kind(arena, object) == pool->kind);
    rill_assert(free_object->generation != 0);
    free_object->generation = 0;
    free_object->next = run->free;
    run->free = (uint16_t)(object - r);
    pool->used--;
    if (unlikely(run->used-- == pool->per_run))
        partial_push(arena, pool, r);
    if (unlikely(run->used == 0))
        run_emptied(arena, pool, r);
}

bool pool_holds(const struct arena *arena, const struct pool *pool, ref object, uint32_t generation)
{
    ref r = object & ~(run_granules(pool) - 1);
    uint32_t offset = object - r;
    uint32_t first = first_object(pool);

    if (generation == 0 || arena_kind(arena, object) != pool->kind)
        return false;
    if (offset < first || offset >= run_at(arena, r)->fresh || (offset - first) % object_granules(pool) != 0)
        return false;
    return *(const uint32_t *)arena_at(arena, object) == generation;
}

uint64_t pool_bytes(const struct pool *pool)
{
    return (uint64_t)pool->runs * ARENA_PAGE_BYTES << pool->run_order;
}

/* The first live object at `offset` of the run or behind it; REF_NONE when there is none. */
static ref next_in_run(const struct arena *arena, const struct pool *pool, ref r, uint32_t offset)
{
    uint32_t fresh = run_at(arena, r)->fresh;

    for (; offset < fresh; offset += object_granules(pool))
        if (*(const uint32_t *)arena_at(arena, r + offset) != 0)
            return r + offset;
    return REF_NONE;
}

ref pool_next(const struct arena *arena, const struct pool *pool, ref after)
{
    uint32_t step = run_granules(pool);
    uint64_t end = (uint64_t)arena->page_count * PAGE_GRANULES;
    uint64_t run = after & ~(step - 1);
    uint32_t offset = after == REF_NONE ? first_object(pool) : after - (uint32_t)run + object_granules(pool);

    for (; run < end; run += step, offset = first_object(pool)) {
        ref object;

        if (arena_kind(arena, (ref)run) != pool->kind)
            continue;
        object = next_in_run(arena, pool, (ref)run, offset);
        if (object != REF_NONE)
            return object;
    }
    return REF_NONE;
}

/* A run's own numbers agree; false or its live objects counted in *used. */
static bool run_is_right(const struct arena *arena, const struct pool *pool, ref r, uint32_t *used)
{
    const struct run *run = run_at(arena, r);
    uint32_t live = 0;
    uint32_t listed = 0;
    uint32_t taken = (run->fresh - first_object(pool)) / object_granules(pool);

    for (ref object = next_in_run(arena, pool, r, first_object(pool)); object != REF_NONE;
         object = next_in_run(arena, pool, r, object - r + object_granules(pool)))
        live++;
    for (uint32_t offset = run->free; offset != 0 && listed <= pool->per_run; listed++) {
        const struct free_object *object = arena_at(arena, r + offset);

        if (offset >= run->fresh || object->generation != 0)
            return false;
        offset = object->next;
    }
    *used += live;
    return run->fresh >= first_object(pool) && run->fresh <= run_granules(pool) && live == run->used &&
           live + listed == taken && (r != pool->empty || live == 0);
}

bool pool_check(const struct arena *arena, const struct pool *pool)
{
    uint64_t end = (uint64_t)arena->page_count * PAGE_GRANULES;
    uint32_t runs = 0, used = 0, partial = 0, listed = 0;
    ref prev = REF_NONE;

    for (uint64_t r = 0; r < end; r += run_granules(pool)) {
        uint32_t in_run = 0;

        if (arena_kind(arena, (ref)r) != pool->kind)
            continue;
        if (!run_is_right(arena, pool, (ref)r, &in_run))
            return false;
        runs++;
        used += in_run;
        partial += in_run > 0 && in_run < pool->per_run;
    }
    for (ref r = pool->partial; r != REF_NONE && listed <= runs; r = run_at(arena, r)->next, listed++) {
        const struct run *run = run_at(arena, r);

        if (run->prev != prev || run->used == 0 || run->used >= pool->per_run)
            return false;
        prev = r;
    }
    return runs == pool->runs && used == pool->used && partial == listed && used <= pool->used_max;
}
