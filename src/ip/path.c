/*
 * Interned paths: one per pair of addresses, found by one hash probe, counted.
 */
#include "ip/path.h"

#include "ip/path_mtu.h"

static uint64_t path_hash(const struct host *host, const struct rill_addr *local, const struct rill_addr *remote)
{
    return ip_place_tuple(host, PRF_PATHS, local, remote, 0, 0);
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

static bool is_unused(const struct path *path)
{
    return path->is_kept && path->holders == 1;
}

ref path_take(struct ip *ip, uint32_t netif, const struct rill_addr *local, const struct rill_addr *remote)
{
    struct arena *arena = &ip->host.arena;
    uint64_t hash = path_hash(&ip->host, local, remote);
    ref r = path_find(ip, hash, local, remote);
    struct path *path;

    if (r != REF_NONE) {
        path = path_at(&ip->host, r);
        if (is_unused(path) && path_mtu_is_old(ip, path)) {
            path_mtu_begin(ip, path);
            path->rtt_4ms = 0;
        }
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
    path->is_kept = false;
    path_mtu_begin(ip, path);
    return r;
}

void path_hold(struct ip *ip, ref path)
{
    path_at(&ip->host, path)->holders++;
}

static void forget(struct ip *ip, ref r)
{
    const struct path *path = path_at(&ip->host, r);
    bool removed = table_remove(&ip->host.arena, &ip->path_table, path_hash(&ip->host, &path->local, &path->remote), r,
                                path_hash_of, &ip->host);

    rill_assert(removed);
    pool_give(&ip->host.arena, &ip->paths, r);
}

/*
 * RFC 1191 6.3: the next connection to this peer is not to find out again, maybe by timeouts, that the path is narrow.
 * The last ones that were found so are remembered.
 */
static void keep(struct ip *ip, ref r)
{
    ref *place = &ip->kept_paths[ip->kept_next];
    ref oldest = *place;

    ip->kept_next = (ip->kept_next + 1) % IP_PATHS_KEPT;
    *place = r;
    path_at(&ip->host, r)->is_kept = true;
    path_hold(ip, r);
    if (oldest == REF_NONE)
        return;
    path_at(&ip->host, oldest)->is_kept = false;
    if (--path_at(&ip->host, oldest)->holders == 0)
        forget(ip, oldest);
}

void path_drop(struct ip *ip, ref r)
{
    struct path *path = path_at(&ip->host, r);

    rill_assert(path->holders > 0);
    if (path->holders == 1 && path_mtu_is_learned(ip, path))
        keep(ip, r);
    if (--path->holders == 0)
        forget(ip, r);
}

uint32_t path_unused_count(const struct ip *ip)
{
    uint32_t count = 0;

    for (unsigned i = 0; i < IP_PATHS_KEPT; i++)
        count += ip->kept_paths[i] != REF_NONE && is_unused(path_at(&ip->host, ip->kept_paths[i])) ? 1 : 0;
    return count;
}
