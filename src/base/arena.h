/*
 * The arena: one memory region that holds all of a stack's state. It is
 * divided into 4 KiB pages handed out in runs; pools cut pages into objects.
 * No pointer is stored in it, only refs, so that the region can be copied,
 * compared, saved and mapped elsewhere. Its size is the stack's hard memory cap.
 *
 * The struct lies at the region's first byte; behind it, in the same first
 * pages, lies whatever the owner reserved (the stack itself), then one byte of
 * page kind and one of buddy state for each page, then the pages.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/types.h"

#define ARENA_PAGE_BYTES 4096u
#define ARENA_GRANULE_BYTES 16u
#define ARENA_ORDERS 25 /* runs of up to 2^24 pages: 64 GiB, all that a ref can name */

/* What a page is used for; kept so that a handle can be checked without trusting it. */
enum page_kind {
    PAGE_FREE = 0,
    PAGE_RUN = 1,        /* taken by arena_take() for something that is not a pool */
    PAGE_POOL_FIRST = 2, /* pool k's pages have kind PAGE_POOL_FIRST + k */
    PAGE_BUFFER = 255,   /* first page of a buffer that is a run of pages */
};

struct arena {
    uint64_t size_bytes;         /* the whole region */
    uint32_t page_count;         /* all pages, those of the head included */
    uint32_t head_pages;         /* pages at the front that are never handed out */
    uint32_t pages_used;         /* handed out now, head not counted */
    uint32_t pages_used_max;     /* high-water mark */
    uint32_t page_kinds;         /* byte offset of the page-kind bytes */
    uint32_t page_states;        /* byte offset of the buddy state bytes */
    ref free_runs[ARENA_ORDERS]; /* heads of the lists of free runs of 2^order pages */
    uint32_t generation;         /* last generation given to an object; never 0 */
    uint64_t requests;           /* times something asked for memory: of a pool, or for a run */
    uint64_t refusals;           /* ... and was refused */
    uint64_t refuse_from;        /* requests from here on are refused ... */
    uint64_t refuse_to;          /* ... up to here: for tests; 0: none */
};

/* Every request passes here: is it one that a test wants refused? */
static inline bool arena_refuses(struct arena *arena)
{
    uint64_t number = arena->requests++;

    if (likely(number >= arena->refuse_to) || number < arena->refuse_from)
        return false;
    arena->refusals++;
    return true;
}

/* Where a ref points. The region must be at least 16-byte aligned. */
static inline void *arena_at(const struct arena *arena, ref r)
{
    return (void *)((uintptr_t)arena + ((uintptr_t)r << 4));
}

static inline ref arena_ref(const struct arena *arena, const void *at)
{
    return (ref)(((uintptr_t)at - (uintptr_t)arena) >> 4);
}

/*
 * Lay an arena over size_bytes at the region that arena points to, keeping
 * head_bytes (which include struct arena) for the owner. Returns 0, or -1 when
 * size_bytes leaves no page to hand out or exceeds what refs can name. Touches
 * only the head, the page bytes and the first page of each free run (at most
 * two for each order), so an untouched mapping stays uncommitted.
 */
int arena_init(struct arena *arena, uint64_t size_bytes, size_t head_bytes);

/* Take a run of `pages` contiguous pages (any count >= 1); aligned to 4096. A run of 2^k pages is
 * aligned to its own size counted from the region's start. Contents undefined. REF_NONE when there is
 * no such run (counted in refusals). */
ref arena_take(struct arena *arena, uint32_t pages, uint8_t kind);

/* Give back exactly what one arena_take() returned. */
void arena_give(struct arena *arena, ref run, uint32_t pages);

/* Change the kind of the one page that `page` lies in, which is handed out. */
void arena_mark(struct arena *arena, ref page, uint8_t kind);

/* The kind of the page that r lies in; PAGE_FREE for any r outside the pages handed out. Total. */
static inline uint8_t arena_kind(const struct arena *arena, ref r)
{
    uint32_t page = r / (ARENA_PAGE_BYTES / ARENA_GRANULE_BYTES);

    if (page >= arena->page_count)
        return PAGE_FREE;
    return ((const uint8_t *)arena)[arena->page_kinds + page];
}

/* A number for a new object, unlike those of all other live objects; never 0. */
static inline uint32_t arena_next_generation(struct arena *arena)
{
    arena->generation = arena->generation == UINT32_MAX ? 1 : arena->generation + 1;
    return arena->generation;
}

/* Bytes that could still be handed out. */
uint64_t arena_free_bytes(const struct arena *arena);

/* All invariants (free lists disjoint, merged, counts right); true when they hold. Slow: tests and simulator. */
bool arena_check(const struct arena *arena);

#endif
