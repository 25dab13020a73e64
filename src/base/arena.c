/*
 * The arena's page runs: a buddy allocator. Free runs are linked through their
 * own first pages; a page's state byte says whether a free run begins there.
 * Knows nothing of what the pages are used for.
 */
#include "base/arena.h"

#define PAGE_GRANULES (ARENA_PAGE_BYTES / ARENA_GRANULE_BYTES)
#define PAGES_MAX (UINT32_C(1) << (ARENA_ORDERS - 1))

/* The first bytes of a free run. */
struct free_run {
    ref next, prev; /* REF_NONE at the ends */
};

static inline uint8_t *kinds(const struct arena *arena)
{
    return (uint8_t *)(uintptr_t)arena + arena->page_kinds;
}

/* 0, or 1 + order where a free run of 2^order pages begins. */
static inline uint8_t *states(const struct arena *arena)
{
    return (uint8_t *)(uintptr_t)arena + arena->page_states;
}

static inline ref page_ref(uint32_t page)
{
    return page * PAGE_GRANULES;
}

static inline uint32_t ref_page(ref r)
{
    return r / PAGE_GRANULES;
}

/* Largest order with 2^order <= pages; pages >= 1. */
static inline unsigned order_below(uint32_t pages)
{
    return 31u - (unsigned)__builtin_clz(pages);
}

/* Smallest order with 2^order >= pages; pages >= 1. */
static inline unsigned order_above(uint32_t pages)
{
    return pages == 1 ? 0 : order_below(pages - 1) + 1;
}

static void link_run(struct arena *arena, uint32_t page, unsigned order)
{
    ref r = page_ref(page);
    struct free_run *run = arena_at(arena, r);

    run->prev = REF_NONE;
    run->next = arena->free_runs[order];
    if (run->next != REF_NONE)
        ((struct free_run *)arena_at(arena, run->next))->prev = r;
    arena->free_runs[order] = r;
    states(arena)[page] = (uint8_t)(1 + order);
}

static void unlink_run(struct arena *arena, uint32_t page, unsigned order)
{
    const struct free_run *run = arena_at(arena, page_ref(page));

    if (run->next != REF_NONE)
        ((struct free_run *)arena_at(arena, run->next))->prev = run->prev;
    if (run->prev != REF_NONE)
        ((struct free_run *)arena_at(arena, run->prev))->next = run->next;
    else
        arena->free_runs[order] = run->next;
    states(arena)[page] = 0;
}

/* Free 2^order pages, merging with free buddies as far as that goes. */
static void free_block(struct arena *arena, uint32_t page, unsigned order)
{
    for (; order < ARENA_ORDERS - 1; order++) {
        uint32_t buddy = page ^ (UINT32_C(1) << order);

        if (buddy >= arena->page_count || states(arena)[buddy] != 1 + order)
            break;
        unlink_run(arena, buddy, order);
        page &= buddy;
    }
    link_run(arena, page, order);
}

/* Free any range of pages, as the fewest naturally aligned blocks. page >= 1: the head is never freed. */
static void free_range(struct arena *arena, uint32_t page, uint32_t count)
{
    while (count > 0) {
        unsigned aligned = (unsigned)__builtin_ctz(page);
        unsigned order = min_u32(aligned, order_below(count));

        free_block(arena, page, order);
        page += UINT32_C(1) << order;
        count -= UINT32_C(1) << order;
    }
}

int arena_init(struct arena *arena, uint64_t size_bytes, size_t head_bytes)
{
    uint64_t pages = size_bytes / ARENA_PAGE_BYTES;
    uint64_t head;

    if (pages > PAGES_MAX || head_bytes > size_bytes)
        return -1;
    if (head_bytes < sizeof(*arena))
        head_bytes = sizeof(*arena);
    head = (head_bytes + 2 * pages + ARENA_PAGE_BYTES - 1) / ARENA_PAGE_BYTES;
    if (head >= pages || head_bytes > UINT32_MAX - 2 * pages)
        return -1;

    memset(arena, 0, sizeof(*arena));
    arena->size_bytes = size_bytes;
    arena->page_count = (uint32_t)pages;
    arena->head_pages = (uint32_t)head;
    arena->page_kinds = (uint32_t)head_bytes;
    arena->page_states = (uint32_t)(head_bytes + pages);
    memset(kinds(arena), PAGE_FREE, pages);
    memset(states(arena), 0, pages);
    free_range(arena, arena->head_pages, arena->page_count - arena->head_pages);
    return 0;
}

/* Take a free block of 2^order pages, splitting the smallest that is big enough; 0 when there is none. */
static uint32_t take_block(struct arena *arena, unsigned order)
{
    unsigned from = order;
    uint32_t page;

    while (from < ARENA_ORDERS && arena->free_runs[from] == REF_NONE)
        from++;
    if (from == ARENA_ORDERS)
        return 0;
    page = ref_page(arena->free_runs[from]);
    unlink_run(arena, page, from);
    while (from > order) {
        from--;
        link_run(arena, page + (UINT32_C(1) << from), from);
    }
    return page;
}

ref arena_take(struct arena *arena, uint32_t pages, uint8_t kind)
{
    unsigned order;
    uint32_t page;

    rill_assert(pages > 0 && kind != PAGE_FREE);
    if (arena_refuses(arena))
        return REF_NONE;
    order = pages <= PAGES_MAX ? order_above(pages) : ARENA_ORDERS;
    page = take_block(arena, order);
    if (page == 0) {
        arena->refusals++;
        return REF_NONE;
    }
    memset(kinds(arena) + page, kind, pages);
    free_range(arena, page + pages, (UINT32_C(1) << order) - pages);
    arena->pages_used += pages;
    arena->pages_used_max = max_u32(arena->pages_used_max, arena->pages_used);
    return page_ref(page);
}

void arena_give(struct arena *arena, ref run, uint32_t pages)
{
    uint32_t page = ref_page(run);

    rill_assert(run % PAGE_GRANULES == 0 && page >= arena->head_pages);
    rill_assert(page < arena->page_count && pages > 0 && pages <= arena->page_count - page);
    rill_assert(kinds(arena)[page] != PAGE_FREE && kinds(arena)[page + pages - 1] != PAGE_FREE);
    rill_assert(pages <= arena->pages_used);

    memset(kinds(arena) + page, PAGE_FREE, pages);
    arena->pages_used -= pages;
    free_range(arena, page, pages);
}

void arena_mark(struct arena *arena, ref page, uint8_t kind)
{
    uint8_t *old = kinds(arena) + ref_page(page);

    rill_assert(*old != PAGE_FREE && kind != PAGE_FREE);
    *old = kind;
}

uint64_t arena_free_bytes(const struct arena *arena)
{
    return (uint64_t)(arena->page_count - arena->head_pages - arena->pages_used) * ARENA_PAGE_BYTES;
}

/* The free run that begins at page is aligned, inside, all free, and could not have been merged. */
static bool free_run_is_right(const struct arena *arena, uint32_t page, unsigned order)
{
    uint32_t pages = UINT32_C(1) << order;
    uint32_t buddy = page ^ pages;

    if (page % pages != 0 || pages > arena->page_count - page)
        return false;
    if (buddy < arena->page_count && states(arena)[buddy] == 1 + order)
        return false;
    for (uint32_t i = 0; i < pages; i++)
        if (kinds(arena)[page + i] != PAGE_FREE || (i > 0 && states(arena)[page + i] != 0))
            return false;
    return true;
}

/* Pages in the free lists, or UINT32_MAX when a list is broken. */
static uint32_t listed_pages(const struct arena *arena)
{
    uint32_t listed = 0;

    for (unsigned order = 0; order < ARENA_ORDERS; order++) {
        ref prev = REF_NONE;

        for (ref r = arena->free_runs[order]; r != REF_NONE;) {
            const struct free_run *run = arena_at(arena, r);

            if (ref_page(r) >= arena->page_count || states(arena)[ref_page(r)] != 1 + order || run->prev != prev)
                return UINT32_MAX;
            listed += UINT32_C(1) << order;
            if (listed > arena->page_count)
                return UINT32_MAX;
            prev = r;
            r = run->next;
        }
    }
    return listed;
}

bool arena_check(const struct arena *arena)
{
    uint32_t page = arena->head_pages;
    uint32_t used = 0;

    for (uint32_t i = 0; i < page; i++)
        if (kinds(arena)[i] != PAGE_FREE || states(arena)[i] != 0)
            return false;
    while (page < arena->page_count) {
        unsigned state = states(arena)[page];

        if (state > ARENA_ORDERS || (state == 0 && kinds(arena)[page] == PAGE_FREE))
            return false;
        if (state != 0 && !free_run_is_right(arena, page, state - 1))
            return false;
        used += state == 0;
        page += state == 0 ? 1 : UINT32_C(1) << (state - 1);
    }
    return used == arena->pages_used && used <= arena->pages_used_max &&
           listed_pages(arena) == arena->page_count - arena->head_pages - used;
}
