/*
 * Interned paths: one per pair of addresses, found by one hash probe, counted.
 */
#include "ip/path.h"

#include "ip/path_mtu.h"

static uint64_t path_hash(const struct host *host, const struct rill_addr *local, const struct rill_addr *remote)
{
    return ip_hash_tuple(host, PRF_PATHS, local, remote, 0, 0);
}

static uint64_t path_hash_of(const void *context, ref entry)
{
    const struct host *host = (const struct host *)context;
    const struct path *path = path_at(host, entry);

    return path_hash(host, &path->local, &path->remote);
}

static ref path_find(const struct ip *ip, uint64_t hash, const struct rill_addr *local, const struct rill_addr *remote)
{
    struct table_probe probe = table_probe(&ip->host.arena, &ip->path_table, hash);
    ref r;

    while ((r = table_probe_next(&probe)) != REF_NONE) {
        const struct path *path = path_at(&ip->host, r);

        if (ip_addr_equal(&path->local, local) && ip_addr_equal(&path->remote, remote))
            return r;
    }
    return REF_NONE;
}

ref path_take(struct ip *ip, uint32_t netif, const struct rill_addr *local, const struct rill_addr *remote)
{
    struct arena *arena = &ip->host.arena;
    uint64_t hash = path_hash(&ip->host, local, remote);
    ref r = path_find(ip, hash, local, remote);
    struct path *path;

    if (r != REF_NONE) {
        path = path_at(&ip->host, r);
        path->holders++;
        path_mtu_age(ip, path);
        return r;
    }
    r = pool_take(arena, &ip->paths);
    if (r == REF_NONE)
        return REF_NONE;
    if (table_insert(arena, &ip->path_table, hash, r, path_hash_of, &ip->host) != 0) {
        pool_give(arena, &ip->paths, r);
        return REF_NONE;
    }
    path = path_at(&ip->host, r);
    path->holders = 1;
    path->local = *local;
    path->remote = *remote;
    path->netif = (uint8_t)netif;
    path->ip_header_bytes = ip_addr_is_v4(remote) ? 20 : 40;
    path_mtu_begin(ip, path);
    return r;
}

void path_hold(struct ip *ip, ref path)
{
    path_at(&ip->host, path)->holders++;
}

void path_drop(struct ip *ip, ref r)
{
    struct path *path = path_at(&ip->host, r);
    bool removed;

    rill_assert(path->holders > 0);
    if (--path->holders > 0)
        return;
    removed = table_remove(&ip->host.arena, &ip->path_table, path_hash(&ip->host, &path->local, &path->remote), r,
                           path_hash_of, &ip->host);
    rill_assert(removed);
    pool_give(&ip->host.arena, &ip->paths, r);
}
