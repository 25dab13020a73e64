/*
 * The queue of packets that belong to no connection.
 */
#include "ip/reply.h"

#define ATOMIC_BYTES_MAX 576u /* RFC 791: what every host takes */

void reply_init(struct ip *ip)
{
    pool_init(&ip->replies, POOL_REPLIES, sizeof(struct reply), 0, IP_REPLIES_MAX);
}

static uint32_t total_bytes(const struct arena *arena, const struct reply *reply)
{
    return reply->header_bytes + (reply->body != REF_NONE ? buffer_at(arena, reply->body)->length_bytes : 0);
}

void reply_push(struct ip *ip, uint32_t netif, const struct rill_addr *source, const struct rill_addr *destination,
                uint8_t protocol, const uint8_t *transport, size_t transport_bytes, ref body)
{
    struct arena *arena = &ip->host.arena;
    struct netif *n = &ip->netifs[netif];
    bool has_room = n->replies_count < IP_REPLIES_MAX / ip->netif_count;
    ref r = has_room ? pool_take_dirty(arena, &ip->replies) : REF_NONE;
    struct reply *reply;

    if (r == REF_NONE) {
        ip_drop(ip, RILL_DROP_REPLY_QUEUE_FULL, NULL, 0);
        if (body != REF_NONE)
            buffer_drop(arena, &ip->host.buffers, body);
        return;
    }
    reply = (struct reply *)arena_at(arena, r);
    reply->next = REF_NONE;
    reply->body = body;
    reply->protocol = protocol;
    reply->transport_start = (uint8_t)ip_build_header(source, destination, protocol, 0, IP_TTL_DEFAULT, reply->header);
    rill_assert(reply->transport_start + transport_bytes <= REPLY_HEADER_BYTES_MAX);
    memcpy(reply->header + reply->transport_start, transport, transport_bytes);
    reply->header_bytes = (uint16_t)(reply->transport_start + transport_bytes);
    reply->sent_bytes = 0;
    if (total_bytes(arena, reply) > ATOMIC_BYTES_MAX)
        ip_allow_fragments(ip, reply->header);
    if (n->replies_tail == REF_NONE)
        n->replies_head = r;
    else
        ((struct reply *)arena_at(arena, n->replies_tail))->next = r;
    n->replies_tail = r;
    n->replies_count++;
}

static void fill_train(const struct arena *arena, const struct reply *reply, struct rill_train *train)
{
    train->header_bytes = reply->header_bytes;
    train->transport_start = reply->transport_start;
    train->segment_bytes = UINT16_MAX;
    train->slice_count = 0;
    train->flags = 0;
    train->payload_bytes = 0;
    train->protocol = reply->protocol;
    train->ip_version = 4;
    memcpy(train->header, reply->header, reply->header_bytes);
    if (reply->body != REF_NONE) {
        struct buffer *body = buffer_at(arena, reply->body);

        train->slices[0] = (struct rill_slice){buffer_data(body), body->length_bytes};
        train->slice_count = 1;
        train->payload_bytes = body->length_bytes;
    }
}

/* True when all of it has left. */
static bool next_fragment(const struct arena *arena, const struct netif *netif, struct reply *reply,
                          struct rill_train *train)
{
    struct buffer *body = buffer_at(arena, reply->body);
    const struct fragmented whole = {
        .header = reply->header,
        .header_bytes = reply->header_bytes,
        .body = buffer_data(body),
        .body_bytes = body->length_bytes,
        .mtu = netif->mtu,
    };

    return fragmentation_next(&whole, &reply->sent_bytes, train);
}

bool reply_pop(struct ip *ip, uint32_t netif, struct rill_train *train, ref *spent)
{
    struct arena *arena = &ip->host.arena;
    struct netif *n = &ip->netifs[netif];
    ref r = n->replies_head;
    struct reply *reply;

    *spent = REF_NONE;
    if (r == REF_NONE)
        return false;
    reply = (struct reply *)arena_at(arena, r);
    if (reply->body == REF_NONE || total_bytes(arena, reply) <= n->mtu)
        fill_train(arena, reply, train);
    else if (!next_fragment(arena, n, reply, train))
        return true;
    else
        host_count(&ip->host, RILL_COUNT_IP_FRAGMENTED, 1);
    n->replies_head = reply->next;
    n->replies_count--;
    if (n->replies_head == REF_NONE)
        n->replies_tail = REF_NONE;
    *spent = reply->body;
    pool_give(arena, &ip->replies, r);
    return true;
}
