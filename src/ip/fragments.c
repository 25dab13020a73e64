/*
 * A datagram's fragments lie in an array in the order of their offsets,
 * disjoint, each in a buffer of its own size, until none is missing. What it
 * costs an attacker to fill is what it may cost us: memory is counted at its
 * true size, for all and for each source, and the oldest goes first.
 */
#include "ip/fragments.h"

#include "base/bytes.h"
#include "ip/ip.h"
#include "wire/checksum.h"
#include "wire/tcp.h"

#define IP_BYTES_MAX 65535u
#define FRAGMENTS_FIRST 28u         /* an array of so many fits the smallest buffer */
#define CHARGE_MAX (4u << 20)       /* in a big arena */
#define SHARE_OF_ARENA 8u           /* in a small one */
#define PLACES_TO_FILL 4u           /* so many sources are needed to hold all of it */
#define LARGEST_CHARGE (160u << 10) /* of one datagram, cut badly */
#define ECN_NOT_ECT 0u
#define ECN_CE 3u

struct fragment {
    uint16_t offset, length_bytes;
    ref buffer; /* its data; of the one at offset 0 the whole packet, its live bytes being the data */
};

struct datagram {
    uint32_t generation; /* the pool's word */
    ref older, newer;    /* of all */
    ref place_older, place_newer;
    struct rill_addr source, destination;
    uint16_t id;
    uint8_t protocol;
    uint8_t netif;
    bool broadcast;
    uint8_t ecn;       /* a bit for each codepoint seen */
    uint8_t refused;   /* enum rill_drop: why nothing that comes is taken any more; RILL_DROP_NONE */
    uint8_t count;     /* fragments */
    uint32_t received; /* bytes of them */
    uint32_t total;    /* bytes of the whole, known from the last fragment; 0: not yet */
    uint32_t charge;
    ref fragments; /* buffer of struct fragment; REF_NONE when it has none */
    nanos deadline;
};

_Static_assert(RILL_DROP_KINDS <= UINT8_MAX, "a reason fits datagram.refused");

/* What arrived, checked by itself. */
struct arrival {
    const struct ip_packet *packet;
    uint64_t hash;
    uint32_t offset, end; /* of its data in the datagram */
    uint16_t id;
    bool more;
    uint8_t header_bytes;
};

static struct datagram *datagram_at(const struct ip *ip, ref r)
{
    return (struct datagram *)host_at(&ip->host, r);
}

static struct fragment *fragments_of(const struct ip *ip, const struct datagram *datagram)
{
    return (struct fragment *)(void *)buffer_bytes(buffer_at(&ip->host.arena, datagram->fragments));
}

static uint64_t hash_of(const void *context, ref entry)
{
    const struct ip *ip = (const struct ip *)context;
    const struct datagram *d = datagram_at(ip, entry);

    return ip_place_tuple(&ip->host, PRF_FRAGMENTS, &d->destination, &d->source, d->id, d->protocol);
}

static struct fragments_place *place_of(struct ip *ip, const struct rill_addr *source)
{
    uint64_t words[2];

    memcpy(words, source->bytes, sizeof words);
    return &ip->fragments
                .places[prf_words2(&ip->host.key, PRF_FRAGMENT_SOURCES, words[0], words[1]) % FRAGMENTS_PLACES];
}

static uint64_t charge_max(const struct ip *ip)
{
    return min_u64(CHARGE_MAX, ip->host.arena.size_bytes / SHARE_OF_ARENA);
}

static uint64_t place_charge_max(const struct ip *ip)
{
    return max_u64(charge_max(ip) / PLACES_TO_FILL, min_u64(charge_max(ip), LARGEST_CHARGE));
}

int fragments_init(struct ip *ip)
{
    pool_init(&ip->fragments.datagrams, POOL_FRAGMENTED, sizeof(struct datagram), 0, FRAGMENTS_DATAGRAMS_MAX);
    return table_init(&ip->host.arena, &ip->fragments.table, 16);
}

/* ------------------------------------------------------------------- memory */

static void charge(struct ip *ip, struct datagram *datagram, uint32_t bytes)
{
    datagram->charge += bytes;
    ip->fragments.charge += bytes;
    place_of(ip, &datagram->source)->charge += bytes;
}

static void discharge(struct ip *ip, struct datagram *datagram, uint32_t bytes)
{
    datagram->charge -= bytes;
    ip->fragments.charge -= bytes;
    place_of(ip, &datagram->source)->charge -= bytes;
}

static void release(struct ip *ip, struct datagram *datagram, ref buffer)
{
    discharge(ip, datagram, buffer_charge(buffer_at(&ip->host.arena, buffer)));
    buffer_drop(&ip->host.arena, &ip->host.buffers, buffer);
}

/* Let go of all fragments; each is counted as dropped, unless they leave as a datagram. */
static void release_fragments(struct ip *ip, struct datagram *datagram, enum rill_drop reason)
{
    for (uint32_t i = 0; i < datagram->count; i++) {
        release(ip, datagram, fragments_of(ip, datagram)[i].buffer);
        if (reason != RILL_DROP_NONE)
            ip_drop(ip, reason, NULL, 0);
    }
    if (datagram->fragments != REF_NONE)
        release(ip, datagram, datagram->fragments);
    datagram->fragments = REF_NONE;
    datagram->count = 0;
}

static void link_newest(struct ip *ip, ref r)
{
    struct datagram *datagram = datagram_at(ip, r);
    struct fragments_place *place = place_of(ip, &datagram->source);

    datagram->older = ip->fragments.newest;
    datagram->place_older = place->newest;
    *(datagram->older != REF_NONE ? &datagram_at(ip, datagram->older)->newer : &ip->fragments.oldest) = r;
    *(datagram->place_older != REF_NONE ? &datagram_at(ip, datagram->place_older)->place_newer : &place->oldest) = r;
    ip->fragments.newest = r;
    place->newest = r;
}

static void take_out(struct ip *ip, const struct datagram *d)
{
    struct fragments_place *place = place_of(ip, &d->source);

    *(d->older != REF_NONE ? &datagram_at(ip, d->older)->newer : &ip->fragments.oldest) = d->newer;
    *(d->newer != REF_NONE ? &datagram_at(ip, d->newer)->older : &ip->fragments.newest) = d->older;
    *(d->place_older != REF_NONE ? &datagram_at(ip, d->place_older)->place_newer : &place->oldest) = d->place_newer;
    *(d->place_newer != REF_NONE ? &datagram_at(ip, d->place_newer)->place_older : &place->newest) = d->place_older;
}

static void give_up(struct ip *ip, ref r, enum rill_drop reason)
{
    struct datagram *datagram = datagram_at(ip, r);
    bool removed;

    release_fragments(ip, datagram, reason);
    discharge(ip, datagram, datagram->charge);
    take_out(ip, datagram);
    removed = table_remove(&ip->host.arena, &ip->fragments.table, hash_of(ip, r), r, hash_of, ip);
    rill_assert(removed);
    pool_give(&ip->host.arena, &ip->fragments.datagrams, r);
}

/*
 * RFC 5722 4, RFC 8200 4.5: the datagram is dropped with all fragments that are still to come, so its name stays, and
 * nothing else of it.
 */
static enum rill_drop refuse(struct ip *ip, struct datagram *datagram, enum rill_drop reason)
{
    release_fragments(ip, datagram, reason);
    datagram->refused = (uint8_t)reason;
    return reason;
}

/* RFC 6274 4.1.2: what is held is bounded; the oldest makes room, which has waited longest for what was lost. */
static void shed(struct ip *ip, struct fragments_place *place)
{
    while (place->charge > place_charge_max(ip))
        give_up(ip, place->oldest, RILL_DROP_IP_FRAGMENT_EVICTED);
    while (ip->fragments.charge > charge_max(ip))
        give_up(ip, ip->fragments.oldest, RILL_DROP_IP_FRAGMENT_EVICTED);
}

/* ------------------------------------------------------------------ arrival */

/*
 * RFC 1858 3.2.2, RFC 3128 3: whatever judges a segment by its first fragment must find the whole of the fixed header
 * in it. No link has so small an MTU (RFC 791 3.2: 68).
 */
static bool is_tiny(const struct arrival *arrival)
{
    if (arrival->packet->protocol != IP_PROTOCOL_TCP)
        return false;
    return arrival->offset == 0 ? arrival->end < TCP_HEADER_BYTES : arrival->offset < TCP_HEADER_BYTES;
}

static enum rill_drop read_arrival(const struct ip *ip, const struct ip_packet *packet, struct arrival *out)
{
    struct ipv4_header header;
    enum rill_drop drop = ipv4_parse(packet->whole, packet->whole_bytes, &header);

    if (drop != RILL_DROP_NONE)
        return drop;
    *out = (struct arrival){
        .packet = packet,
        .hash = ip_place_tuple(&ip->host, PRF_FRAGMENTS, &packet->destination, &packet->source, header.id,
                               packet->protocol),
        .offset = header.fragment_offset_bytes,
        .end = header.fragment_offset_bytes + packet->data_bytes,
        .id = header.id,
        .more = header.more_fragments,
        .header_bytes = header.header_bytes,
    };
    if (packet->data_bytes == 0 || (out->more && packet->data_bytes % 8 != 0))
        return RILL_DROP_IP_FRAGMENT_LENGTH;
    return is_tiny(out) ? RILL_DROP_IP_FRAGMENT_TINY : RILL_DROP_NONE;
}

static ref find(const struct ip *ip, const struct arrival *arrival)
{
    struct table_probe probe = table_probe(&ip->host.arena, &ip->fragments.table, arrival->hash);
    const struct ip_packet *packet = arrival->packet;
    ref r;

    while ((r = table_probe_next(&probe)) != REF_NONE) {
        const struct datagram *d = datagram_at(ip, r);

        if (d->id == arrival->id && d->protocol == packet->protocol && ip_addr_equal(&d->source, &packet->source) &&
            ip_addr_equal(&d->destination, &packet->destination))
            return r;
    }
    return REF_NONE;
}

static ref begin(struct ip *ip, const struct arrival *arrival)
{
    const struct ip_packet *packet = arrival->packet;
    struct arena *arena = &ip->host.arena;
    struct datagram *datagram;
    ref r;

    if (ip->fragments.datagrams.used == FRAGMENTS_DATAGRAMS_MAX)
        give_up(ip, ip->fragments.oldest, RILL_DROP_IP_FRAGMENT_EVICTED);
    r = pool_take(arena, &ip->fragments.datagrams);
    if (r == REF_NONE)
        return REF_NONE;
    if (table_insert(arena, &ip->fragments.table, arrival->hash, r, hash_of, ip) != 0) {
        pool_give(arena, &ip->fragments.datagrams, r);
        return REF_NONE;
    }
    datagram = datagram_at(ip, r);
    datagram->source = packet->source;
    datagram->destination = packet->destination;
    datagram->id = arrival->id;
    datagram->protocol = packet->protocol;
    datagram->netif = packet->netif;
    datagram->broadcast = packet->broadcast;
    datagram->deadline = ip->host.now + FRAGMENTS_TIME;
    link_newest(ip, r);
    charge(ip, datagram, sizeof *datagram);
    return r;
}

/* The first fragment that does not begin before `offset`: its index, or the number of fragments. */
static uint32_t lower_bound(const struct fragment *fragments, uint32_t count, uint32_t offset)
{
    uint32_t low = 0, high = count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (fragments[middle].offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint32_t end_of(const struct fragment *fragment)
{
    return (uint32_t)fragment->offset + fragment->length_bytes;
}

/* RFC 8200 4.5: what the network has doubled may be dropped alone. */
static bool is_duplicate(const struct ip *ip, const struct datagram *datagram, const struct fragment *fragment,
                         const struct arrival *arrival)
{
    return fragment->offset == arrival->offset && end_of(fragment) == arrival->end &&
           arrival->more == (arrival->end != datagram->total) &&
           memcmp(buffer_data(buffer_at(&ip->host.arena, fragment->buffer)), arrival->packet->data,
                  fragment->length_bytes) == 0;
}

/* Does it fit between its neighbours, and to the end that is known? */
static enum rill_drop judge(const struct ip *ip, const struct datagram *datagram, const struct arrival *arrival,
                            uint32_t *at)
{
    const struct fragment *fragments;
    uint32_t count = datagram->count;

    *at = 0;
    if (count == 0)
        return RILL_DROP_NONE;
    fragments = fragments_of(ip, datagram);
    *at = lower_bound(fragments, count, arrival->offset);
    if (*at < count && is_duplicate(ip, datagram, &fragments[*at], arrival))
        return RILL_DROP_IP_FRAGMENT_DUPLICATE;
    if (*at > 0 && end_of(&fragments[*at - 1]) > arrival->offset)
        return RILL_DROP_IP_FRAGMENT_OVERLAP;
    if (*at < count && (fragments[*at].offset < arrival->end || !arrival->more))
        return RILL_DROP_IP_FRAGMENT_OVERLAP;
    if (datagram->total != 0 && (!arrival->more || arrival->end >= datagram->total))
        return RILL_DROP_IP_FRAGMENT_OVERLAP;
    return count == FRAGMENTS_MAX ? RILL_DROP_IP_FRAGMENT_TOO_MANY : RILL_DROP_NONE;
}

/* Room for one more in the array. */
static bool reserve(struct ip *ip, struct datagram *datagram)
{
    uint32_t room = datagram->count < FRAGMENTS_FIRST ? FRAGMENTS_FIRST : FRAGMENTS_MAX;
    ref r;

    if (datagram->count != 0 && datagram->count != FRAGMENTS_FIRST)
        return true;
    r = buffer_take(&ip->host.arena, &ip->host.buffers, room * (uint32_t)sizeof(struct fragment));
    if (r == REF_NONE)
        return false;
    charge(ip, datagram, buffer_charge(buffer_at(&ip->host.arena, r)));
    if (datagram->fragments != REF_NONE) {
        memcpy(buffer_bytes(buffer_at(&ip->host.arena, r)), fragments_of(ip, datagram),
               datagram->count * sizeof(struct fragment));
        release(ip, datagram, datagram->fragments);
    }
    datagram->fragments = r;
    return true;
}

/* A copy, in a buffer of its own size: what is charged is then what was sent, and not what a driver reads into. */
static ref copy(struct ip *ip, const struct arrival *arrival)
{
    const struct ip_packet *packet = arrival->packet;
    bool is_first = arrival->offset == 0;
    const uint8_t *from = is_first ? packet->whole : packet->data;
    uint32_t bytes = is_first ? packet->whole_bytes : packet->data_bytes;
    ref r = buffer_take(&ip->host.arena, &ip->host.buffers, bytes);
    struct buffer *buffer;

    if (r == REF_NONE)
        return REF_NONE;
    buffer = buffer_at(&ip->host.arena, r);
    memcpy(buffer_bytes(buffer), from, bytes);
    buffer->start = is_first ? arrival->header_bytes : 0;
    buffer->length_bytes = packet->data_bytes;
    return r;
}

static enum rill_drop insert(struct ip *ip, struct datagram *datagram, const struct arrival *arrival, uint32_t at)
{
    struct fragment *fragments;
    ref r;

    if (host_is_short(&ip->host, RESERVE_FOR_DATAGRAMS) || !reserve(ip, datagram))
        return RILL_DROP_IP_FRAGMENT_NO_MEMORY;
    r = copy(ip, arrival);
    if (r == REF_NONE)
        return RILL_DROP_IP_FRAGMENT_NO_MEMORY;
    charge(ip, datagram, buffer_charge(buffer_at(&ip->host.arena, r)));
    fragments = fragments_of(ip, datagram);
    for (uint32_t i = datagram->count; i > at; i--)
        fragments[i] = fragments[i - 1];
    fragments[at] = (struct fragment){(uint16_t)arrival->offset, (uint16_t)arrival->packet->data_bytes, r};
    datagram->count++;
    datagram->received += arrival->packet->data_bytes;
    datagram->ecn |= (uint8_t)(1u << (arrival->packet->tos & 3));
    if (!arrival->more)
        datagram->total = arrival->end;
    return RILL_DROP_NONE;
}

static enum rill_drop take(struct ip *ip, struct datagram *datagram, const struct arrival *arrival)
{
    enum rill_drop drop;
    uint32_t at;

    if (datagram->refused != RILL_DROP_NONE)
        return (enum rill_drop)datagram->refused;
    if (arrival->end > IP_BYTES_MAX - arrival->header_bytes) /* the ping of death */
        return refuse(ip, datagram, RILL_DROP_IP_FRAGMENT_TOO_LONG);
    drop = judge(ip, datagram, arrival, &at);
    if (drop == RILL_DROP_IP_FRAGMENT_DUPLICATE)
        return drop;
    return drop != RILL_DROP_NONE ? refuse(ip, datagram, drop) : insert(ip, datagram, arrival, at);
}

/* ------------------------------------------------------------------ the whole */

/*
 * RFC 3168 5.3: CE of one is CE of all, but among fragments whose sender knows of no ECN it cannot be; then -1. A
 * mixture without CE has no rule: it is not marked where one of them could not have been.
 */
static int join_ecn(const struct datagram *datagram, uint8_t tos_of_first)
{
    bool has_ce = (datagram->ecn >> ECN_CE & 1) != 0;
    bool has_not_ect = (datagram->ecn >> ECN_NOT_ECT & 1) != 0;

    if (has_ce)
        return has_not_ect ? -1 : (tos_of_first | 3);
    return has_not_ect ? tos_of_first & ~3 : tos_of_first;
}

/* The header is the first fragment's (RFC 791 3.2), as if it had never been cut. */
static void write_header(uint8_t *to, const struct buffer *first, uint32_t whole_bytes, uint8_t tos)
{
    memcpy(to, (const uint8_t *)first + BUFFER_HEADER_BYTES, first->start);
    to[1] = tos;
    put_be16(to + 2, (uint16_t)whole_bytes);
    put_be16(to + 6, 0);
    put_be16(to + 10, 0);
    put_be16(to + 10, checksum_finish(checksum_bytes(to, first->start)));
}

/* RILL_DROP_NONE when *packet is the whole. */
static enum rill_drop assemble(struct ip *ip, const struct datagram *datagram, struct ip_packet *packet)
{
    struct arena *arena = &ip->host.arena;
    const struct fragment *fragments = fragments_of(ip, datagram);
    struct buffer *first = buffer_at(arena, fragments[0].buffer);
    uint32_t whole_bytes = first->start + datagram->total;
    int tos = join_ecn(datagram, buffer_bytes(first)[1]);
    uint8_t *to;
    ref r;

    if (tos < 0)
        return RILL_DROP_IP_FRAGMENT_ECN;
    if (whole_bytes > IP_BYTES_MAX)
        return RILL_DROP_IP_FRAGMENT_TOO_LONG;
    r = buffer_take(arena, &ip->host.buffers, whole_bytes);
    if (r == REF_NONE)
        return RILL_DROP_IP_FRAGMENT_NO_MEMORY;
    to = buffer_bytes(buffer_at(arena, r));
    write_header(to, first, whole_bytes, (uint8_t)tos);
    packet->data = to + first->start;
    packet->data_bytes = datagram->total;
    packet->segment_bytes = 0;
    packet->tos = (uint8_t)tos;
    packet->netif = datagram->netif;
    packet->checksum_ok = false; /* a device has seen pieces of what is summed */
    packet->buffer = r;
    packet->whole = to;
    packet->whole_bytes = whole_bytes;
    for (uint32_t i = 0; i < datagram->count; i++)
        memcpy(to + first->start + fragments[i].offset, buffer_data(buffer_at(arena, fragments[i].buffer)),
               fragments[i].length_bytes);
    return RILL_DROP_NONE;
}

/* What comes of a fragment: *r is its datagram, which may be whole now. RILL_DROP_NONE when it was taken. */
static enum rill_drop join(struct ip *ip, const struct arrival *arrival, ref *r)
{
    enum rill_drop drop;

    *r = find(ip, arrival);
    if (*r == REF_NONE)
        *r = begin(ip, arrival);
    if (*r == REF_NONE)
        return RILL_DROP_IP_FRAGMENT_NO_MEMORY;
    drop = take(ip, datagram_at(ip, *r), arrival);
    if (drop == RILL_DROP_IP_FRAGMENT_NO_MEMORY && datagram_at(ip, *r)->count == 0)
        give_up(ip, *r, drop);
    return drop;
}

bool fragments_arrive(struct ip *ip, struct ip_packet *packet)
{
    const struct ip_packet as_it_came = *packet;
    struct arrival arrival;
    bool is_whole = false;
    ref r;
    enum rill_drop drop = read_arrival(ip, &as_it_came, &arrival);

    host_count(&ip->host, RILL_COUNT_IP_FRAGMENTS_IN, 1);
    if (drop == RILL_DROP_NONE)
        drop = join(ip, &arrival, &r);
    if (drop != RILL_DROP_NONE) {
        ip_drop(ip, drop, as_it_came.whole, as_it_came.whole_bytes);
    } else if (datagram_at(ip, r)->received == datagram_at(ip, r)->total) {
        drop = assemble(ip, datagram_at(ip, r), packet);
        give_up(ip, r, drop);
        is_whole = drop == RILL_DROP_NONE;
        host_count(&ip->host, RILL_COUNT_IP_REASSEMBLED, is_whole ? 1 : 0);
    }
    shed(ip, place_of(ip, &as_it_came.source));
    return is_whole;
}

/* --------------------------------------------------------------------- time */

bool fragments_expire(struct ip *ip, struct ip_packet *first)
{
    ref r = ip->fragments.oldest;
    const struct datagram *datagram;
    const struct fragment *fragments;

    if (fragments_deadline(ip) > ip->host.now)
        return false;
    datagram = datagram_at(ip, r);
    first->buffer = REF_NONE;
    fragments = datagram->count > 0 ? fragments_of(ip, datagram) : NULL;
    if (fragments != NULL && fragments[0].offset == 0) {
        struct buffer *buffer = buffer_at(&ip->host.arena, fragments[0].buffer);

        *first = (struct ip_packet){
            .source = datagram->source,
            .destination = datagram->destination,
            .protocol = datagram->protocol,
            .netif = datagram->netif,
            .broadcast = datagram->broadcast,
            .buffer = fragments[0].buffer,
            .whole = buffer_bytes(buffer),
            .whole_bytes = buffer->start + buffer->length_bytes,
        };
        buffer_hold(&ip->host.arena, first->buffer);
    }
    give_up(ip, r, RILL_DROP_IP_FRAGMENT_TIMEOUT);
    return true;
}

nanos fragments_deadline(const struct ip *ip)
{
    ref oldest = ip->fragments.oldest;

    return oldest == REF_NONE ? NANOS_NEVER : datagram_at(ip, oldest)->deadline;
}

/* ------------------------------------------------------------- from outside */

uint64_t fragments_bytes(const struct ip *ip)
{
    return pool_bytes(&ip->fragments.datagrams) + table_bytes(&ip->fragments.table);
}

static bool datagram_check(const struct ip *ip, const struct datagram *datagram)
{
    const struct fragment *fragments = datagram->count > 0 ? fragments_of(ip, datagram) : NULL;
    uint32_t bytes = 0, charged = sizeof *datagram, before = 0;

    for (uint32_t i = 0; i < datagram->count; i++) {
        const struct buffer *buffer = buffer_at(&ip->host.arena, fragments[i].buffer);

        if (fragments[i].offset < before || buffer->length_bytes != fragments[i].length_bytes)
            return false;
        before = end_of(&fragments[i]);
        bytes += fragments[i].length_bytes;
        charged += buffer_charge(buffer);
    }
    if (datagram->fragments != REF_NONE)
        charged += buffer_charge(buffer_at(&ip->host.arena, datagram->fragments));
    if (datagram->refused != RILL_DROP_NONE)
        return datagram->fragments == REF_NONE && datagram->count == 0 && datagram->charge == charged;
    return bytes == datagram->received && datagram->charge == charged &&
           (datagram->total == 0 || (before <= datagram->total && bytes < datagram->total));
}

bool fragments_check(const struct ip *ip)
{
    const struct fragments *all = &ip->fragments;
    uint64_t of_all = 0, of_places = 0;
    uint32_t count = 0;
    nanos before = 0;

    for (ref r = all->oldest; r != REF_NONE; r = datagram_at(ip, r)->newer) {
        const struct datagram *datagram = datagram_at(ip, r);

        if (datagram->deadline < before || !datagram_check(ip, datagram))
            return false;
        before = datagram->deadline;
        of_all += datagram->charge;
        count++;
    }
    for (uint32_t i = 0; i < FRAGMENTS_PLACES; i++)
        of_places += all->places[i].charge;
    return of_all == all->charge && of_places == of_all && of_all <= charge_max(ip) && count == all->datagrams.used &&
           count == table_count(&all->table) && pool_check(&ip->host.arena, &all->datagrams) &&
           table_check(&ip->host.arena, &all->table, hash_of, ip);
}
