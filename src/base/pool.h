/*
 * Pools of objects of one size, cut from arena pages. Taking and giving are
 * O(1). An object's first 32-bit word is its generation: unique among live
 * objects, 0 while free, so that a handle (ref, generation) is never a
 * dangling pointer, whatever its page is used for later.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include "base/arena.h"

struct pool {
    uint16_t object_bytes; /* rounded up to 16 */
    uint8_t kind;          /* page kind: PAGE_POOL_FIRST + its number */
    uint8_t run_order;     /* objects are cut from runs of 2^run_order pages */
    uint32_t per_run;      /* objects in one run */
    uint32_t used;         /* live objects */
    uint32_t used_max;
    uint32_t limit; /* most live objects; 0: no limit but the arena's */
    uint32_t runs;  /* runs held */
    ref partial;    /* list of runs with both live and free objects */
    ref empty;      /* one run without live objects, kept; REF_NONE when there is none */
    uint64_t refusals;
};

/*
 * number: 0 .. 200, unique among the arena's pools. object_bytes >= 16. run_order <= 7. A run's header takes 16
 * bytes, and objects whose size is a power of two are aligned to it.
 */
void pool_init(struct pool *pool, uint8_t number, size_t object_bytes, uint8_t run_order, uint32_t limit);

/* A new object with all bytes zero but the generation in its first word; REF_NONE when refused (counted). */
ref pool_take(struct arena *arena, struct pool *pool);

/* The same, but the bytes behind the generation are left as they are (for big buffers). */
ref pool_take_dirty(struct arena *arena, struct pool *pool);

/* Give a live object back. Empty runs go back to the arena, but for one kept against flutter. */
void pool_give(struct arena *arena, struct pool *pool, ref object);

/* True when object is a live object of this pool with this generation. Total: any numbers may be asked. */
bool pool_holds(const struct arena *arena, const struct pool *pool, ref object, uint32_t generation);

/* Bytes of arena that the pool holds now (whole runs). */
uint64_t pool_bytes(const struct pool *pool);

/* Walk all live objects: start with REF_NONE; returns REF_NONE at the end. Order is by address. Slow (page scan). */
ref pool_next(const struct arena *arena, const struct pool *pool, ref after);

bool pool_check(const struct arena *arena, const struct pool *pool);

#endif
