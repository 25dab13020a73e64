/*
 * The client's memory of servers: sets of four, the oldest of a set gives way.
 * Which set a server is in is a keyed hash, so that nobody can aim at one.
 */
#include "tcp/fast_open_cache.h"

#define CACHE_PAGES 4u
#define SET_ENTRIES 4u
#define SETS (CACHE_PAGES * ARENA_PAGE_BYTES / sizeof(struct fast_open_entry) / SET_ENTRIES)
#define BAR_MS (2u * 60u * 1000u) /* after the first failure; twice as long after each further one */
#define BAR_DOUBLINGS_MAX 9u      /* 17 hours */

uint64_t fast_open_cache_bytes(const struct tcp *tcp)
{
    return tcp->fast_open_cache == REF_NONE ? 0 : (uint64_t)CACHE_PAGES * ARENA_PAGE_BYTES;
}

static struct fast_open_entry *set_of(const struct tcp *tcp, const struct path *path)
{
    const struct host *host = &tcp->ip.host;
    uint64_t hash = ip_hash_tuple(host, PRF_FAST_OPEN, &path->local, &path->remote, 0, 0);

    return (struct fast_open_entry *)host_at(host, tcp->fast_open_cache) + hash % SETS * SET_ENTRIES;
}

struct fast_open_entry *fast_open_cache_find(struct tcp *tcp, const struct path *path)
{
    struct fast_open_entry *set;

    if (tcp->fast_open_cache == REF_NONE)
        return NULL;
    set = set_of(tcp, path);
    for (unsigned i = 0; i < SET_ENTRIES; i++) {
        if (ip_addr_equal(&set[i].remote, &path->remote) && ip_addr_equal(&set[i].local, &path->local)) {
            set[i].used_ms = host_ms(tcp_host(tcp));
            return &set[i];
        }
    }
    return NULL;
}

static bool make_cache(struct tcp *tcp)
{
    if (tcp->fast_open_cache != REF_NONE)
        return true;
    if (host_is_short(tcp_host(tcp), RESERVE_FOR_OPENING))
        return false;
    tcp->fast_open_cache = arena_take(tcp_arena(tcp), CACHE_PAGES, PAGE_RUN);
    if (tcp->fast_open_cache == REF_NONE)
        return false;
    memset(host_at(tcp_host(tcp), tcp->fast_open_cache), 0, (size_t)CACHE_PAGES * ARENA_PAGE_BYTES);
    return true;
}

struct fast_open_entry *fast_open_cache_make(struct tcp *tcp, const struct path *path)
{
    struct fast_open_entry *entry = fast_open_cache_find(tcp, path);
    struct fast_open_entry *set;

    if (entry != NULL || !make_cache(tcp))
        return entry;
    set = set_of(tcp, path);
    entry = &set[0];
    for (unsigned i = 0; i < SET_ENTRIES; i++) {
        if (ip_addr_is_unspecified(&set[i].remote)) {
            entry = &set[i];
            break;
        }
        if (host_ms_since(tcp_host(tcp), set[i].used_ms) > host_ms_since(tcp_host(tcp), entry->used_ms))
            entry = &set[i];
    }
    *entry = (struct fast_open_entry){
        .local = path->local,
        .remote = path->remote,
        .used_ms = host_ms(tcp_host(tcp)),
    };
    return entry;
}

bool fast_open_cache_is_barred(const struct tcp *tcp, const struct fast_open_entry *entry, uint16_t port)
{
    uint32_t bar_ms;

    if (entry->failures == 0 || entry->failed_port != port)
        return false;
    bar_ms = BAR_MS << min_u32(entry->failures - 1u, BAR_DOUBLINGS_MAX);
    return host_ms_since(&tcp->ip.host, entry->failed_ms) < bar_ms;
}

void fast_open_cache_failed(struct tcp *tcp, struct fast_open_entry *entry, uint16_t port)
{
    if (entry->failed_port != port)
        entry->failures = 0;
    if (entry->failures < UINT8_MAX)
        entry->failures++;
    entry->failed_port = port;
    entry->failed_ms = host_ms(tcp_host(tcp));
}
