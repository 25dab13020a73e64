/*
 * The search for a path's MTU: see path_mtu.h.
 */
#include "ip/path_mtu.h"

#define AGE_MS (10u * 60u * 1000u) /* RFC 1191 6.3, RFC 4821 7.3: never less than five minutes */
#define FLOOR_V6 1280u             /* RFC 8200 5 */
#define CLOSE_ENOUGH 16u           /* a range so small is not worth another probe: a hundredth of a packet */
#define WHOLE_MAX 9216u            /* a larger probe may wait for ever for a window that takes it: smaller ones first */
#define UNCLEAR_MAX 3u             /* RFC 8899 5.1.2 MAX_PROBES: then it was the size */

static uint32_t floor_of(const struct path *path)
{
    return path->ip_header_bytes == 20 ? PATH_MTU_FLOOR_V4 : FLOOR_V6;
}

static uint32_t interface_mtu(const struct ip *ip, const struct path *path)
{
    return ip->netifs[path->netif].mtu;
}

/* RFC 4821 7.2: search_low's first value; RFC 8899's BASE_PLPMTU. */
static uint32_t base_of(const struct ip *ip, const struct path *path)
{
    return min_u32(max_u32(ip->mtu_base, floor_of(path)), interface_mtu(ip, path));
}

static void stamp(const struct ip *ip, struct path *path)
{
    path->mtu_ms = host_ms(&ip->host);
}

static void wait(const struct ip *ip, struct path *path, uint32_t wait_ms)
{
    path->probe_ms = host_ms(&ip->host);
    path->probe_wait_ms = wait_ms;
}

void path_mtu_begin(const struct ip *ip, struct path *path)
{
    path->mtu = path->search_high = (uint16_t)interface_mtu(ip, path);
    path->search_low = (uint16_t)base_of(ip, path);
    path->search = 0;
    path->probe_wait_ms = 0;
    path->unclear = 0;
    if (ip->mtu_probing == RILL_MTU_PROBING_ALWAYS) {
        path->mtu = path->search_low;
        path->search = PATH_SEARCHES | PATH_WHOLE;
    }
    stamp(ip, path);
}

bool path_mtu_is_learned(const struct ip *ip, const struct path *path)
{
    bool begins = ip->mtu_probing == RILL_MTU_PROBING_ALWAYS && (path->search & PATH_WHOLE) != 0;

    return path->mtu < interface_mtu(ip, path) && !begins;
}

bool path_mtu_is_old(const struct ip *ip, const struct path *path)
{
    return host_ms_since(&ip->host, path->mtu_ms) > AGE_MS;
}

void path_mtu_age(const struct ip *ip, struct path *path)
{
    uint32_t most = interface_mtu(ip, path);

    if (likely(path->mtu == most) || !path_mtu_is_old(ip, path))
        return;
    path->search_high = (uint16_t)most;
    if ((path->search & PATH_SEARCHES) != 0)
        path->search |= PATH_WHOLE;
    else
        path->mtu = (uint16_t)most;
    stamp(ip, path);
}

bool path_mtu_too_big(const struct ip *ip, struct path *path, uint32_t claimed)
{
    uint32_t mtu = max_u32(claimed, floor_of(path));

    if (claimed == 0 || mtu > path->mtu) /* an old router, or a claim that we already know better than */
        return false;
    path->mtu = path->search_high = (uint16_t)mtu;
    path->search_low = (uint16_t)min_u32(path->search_low, mtu);
    stamp(ip, path);
    return true;
}

uint32_t path_mtu_below(const struct ip *ip, const struct path *path)
{
    uint32_t base = base_of(ip, path), least = floor_of(path);

    if (path->mtu > path->search_low)
        return path->search_low;
    if (path->mtu > base)
        return base;
    least = path->mtu / 2u > least + least / 4 ? path->mtu / 2u : least;
    return min_u32(least, path->mtu);
}

void path_mtu_black_hole(const struct ip *ip, struct path *path)
{
    path->mtu = path->search_low = (uint16_t)path_mtu_below(ip, path);
    path->search = PATH_SEARCHES | PATH_WHOLE; /* was it the size? One probe tells, and costs no more than itself */
    path->probe_wait_ms = 0;
    path->unclear = 0;
    stamp(ip, path);
}

void path_mtu_restore(const struct ip *ip, struct path *path, uint32_t mtu)
{
    if (mtu <= path->mtu)
        return;
    path->mtu = (uint16_t)mtu;
    path->search_high = (uint16_t)max_u32(path->search_high, mtu);
    path->search_low = (uint16_t)min_u32(base_of(ip, path), mtu);
    if (mtu == interface_mtu(ip, path) && ip->mtu_probing != RILL_MTU_PROBING_ALWAYS)
        path->search = 0;
}

/*
 * RFC 4821 7.3: sizes that links and tunnels have. Among those in (low, high] the one in the middle is tried, so that
 * the size is found exactly, as it mostly is one of these; where there is none, the middle.
 */
static uint32_t between(uint32_t low, uint32_t high)
{
    static const uint16_t common[] = {552,  576,  1006, 1280, 1400, 1420, 1450, 1476, 1480,
                                      1492, 1500, 2002, 4352, 4470, 8166, 9000, 17914};
    unsigned first = 0, end;

    while (first < sizeof common / sizeof common[0] && common[first] <= low)
        first++;
    end = first;
    while (end < sizeof common / sizeof common[0] && common[end] <= high)
        end++;
    return first < end ? common[first + (end - first) / 2] : low + (high - low + 1) / 2;
}

uint32_t path_mtu_probe(const struct ip *ip, const struct path *path, uint32_t ceiling)
{
    uint32_t high = min_u32(path->search_high, ceiling);

    if ((path->search & PATH_SEARCHES) == 0 || high <= path->search_low ||
        host_ms_since(&ip->host, path->probe_ms) < path->probe_wait_ms)
        return 0;
    if ((path->search & PATH_WHOLE) != 0 && high <= WHOLE_MAX)
        return high;
    return high - path->search_low < CLOSE_ENOUGH ? 0 : between(path->search_low, high);
}

void path_mtu_carried(const struct ip *ip, struct path *path, uint32_t bytes)
{
    path->mtu = (uint16_t)max_u32(path->mtu, bytes);
    path->search_low = (uint16_t)max_u32(path->search_low, bytes);
    path->search_high = (uint16_t)max_u32(path->search_high, bytes);
    path->search &= (uint8_t)~PATH_WHOLE;
    path->probe_wait_ms = 0;
    path->unclear = 0;
    if (path->mtu == interface_mtu(ip, path) && ip->mtu_probing != RILL_MTU_PROBING_ALWAYS)
        path->search = 0; /* no hole here, or none any more */
    stamp(ip, path);
}

void path_mtu_refused(const struct ip *ip, struct path *path, uint32_t bytes, uint32_t wait_ms)
{
    path->search_high = (uint16_t)min_u32(path->search_high, max_u32(bytes - 1, path->search_low));
    path->search &= (uint8_t)~PATH_WHOLE;
    path->unclear = 0;
    wait(ip, path, wait_ms);
    stamp(ip, path);
}

void path_mtu_unclear(const struct ip *ip, struct path *path, uint32_t bytes, uint32_t wait_ms)
{
    path->unclear++;
    if (path->unclear >= UNCLEAR_MAX)
        path_mtu_refused(ip, path, bytes, wait_ms);
    else
        wait(ip, path, wait_ms);
}

void path_mtu_hint(const struct ip *ip, struct path *path, uint32_t claimed)
{
    path->search_high = (uint16_t)max_u32(claimed, path->search_low);
    path->search |= PATH_WHOLE;
    path->unclear = 0;
    stamp(ip, path);
}
