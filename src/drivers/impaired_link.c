/*
 * The model of one impaired direction. Reads no clock: the same packets at the
 * same times with the same seed come out the same, packet for packet.
 */
#include <stdlib.h>
#include <string.h>

#include "drivers/impaired_link.h"

#define QUEUE_BYTES_DEFAULT (256u * 1024)
#define OWNED_BYTES_MAX (UINT64_C(256) << 20) /* of packets in one direction, whatever rate and delay ask for */
#define HELD_DELAYS_MAX 10u                   /* a packet waits for later ones no longer than this many delays ... */
#define HELD_EXTRA NANOS_PER_MS               /* ... and this */

static void append(struct flights *list, struct flight *flight)
{
    flight->next = NULL;
    if (list->tail == NULL)
        list->head = flight;
    else
        list->tail->next = flight;
    list->tail = flight;
}

/* Behind all that are due no later. Few are scattered at a time: those of one scatter's length. */
static void insert_by_due(struct flights *list, struct flight *flight)
{
    struct flight **at = &list->head;
    while (*at != NULL && (*at)->due <= flight->due)
        at = &(*at)->next;
    flight->next = *at;
    *at = flight;
    if (flight->next == NULL)
        list->tail = flight;
}

static struct flight *take_first(struct flights *list)
{
    struct flight *flight = list->head;
    list->head = flight->next;
    if (list->head == NULL)
        list->tail = NULL;
    return flight;
}

void impaired_link_init(struct impaired_link *link, const struct rill_impairment *impairment, const char *direction)
{
    *link = (struct impaired_link){.impairment = *impairment};
    if (link->impairment.queue_bytes == 0)
        link->impairment.queue_bytes = QUEUE_BYTES_DEFAULT;
    token_bucket_init(&link->bucket, impairment->police_bits, impairment->police_bytes);
    fault_streams_init(&link->streams, impairment->seed, direction);
}

static void free_all(struct flights *list)
{
    while (list->head != NULL)
        free(take_first(list));
}

void impaired_link_free(struct impaired_link *link)
{
    free_all(&link->travelling);
    free_all(&link->scattered);
    free_all(&link->held);
    free_all(&link->ready);
}

/* Packets whose transmission has begun by now no longer take room in the queue. */
static void drain_queue(struct impaired_link *link, rill_time now)
{
    while (link->waiting != NULL && link->waiting->starts <= now) {
        link->waiting_bytes -= link->waiting->length_bytes;
        link->waiting = link->waiting->next;
    }
}

/* Drop-tail: a packet that finds the bottleneck idle needs no room in the queue. */
static bool queue_takes(const struct impaired_link *link, uint32_t length_bytes, rill_time now)
{
    if (link->owned_bytes + length_bytes > OWNED_BYTES_MAX)
        return false;
    if (link->impairment.rate_bits == 0 || link->free_at <= now)
        return true;
    return link->waiting_bytes + length_bytes <= link->impairment.queue_bytes;
}

/* When the packet's first bit would leave the queue. */
static rill_time start_time(const struct impaired_link *link, rill_time now)
{
    return link->impairment.rate_bits == 0 ? now : max_u64(link->free_at, now);
}

/* Give the packet its turn at the bottleneck; returns when its last bit has left. */
static rill_time serialise(struct impaired_link *link, struct flight *flight, rill_time now)
{
    uint64_t rate = link->impairment.rate_bits;
    flight->starts = start_time(link, now);
    if (rate == 0)
        return now;
    if (link->free_at < now)
        link->remainder = 0;
    uint64_t bit_nanos = (uint64_t)flight->length_bytes * 8 * NANOS_PER_S + link->remainder; /* below 2^51 + rate */
    link->free_at = flight->starts + bit_nanos / rate;
    link->remainder = bit_nanos % rate;
    return link->free_at;
}

/*
 * The queue says that it is too long: the packet is marked, or else dropped (false). CoDel decides when a packet
 * leaves the queue; in a queue that is served in order at a known rate, that is known when it enters.
 */
static bool pass_queue_policy(struct impaired_link *link, struct flight *flight, rill_time now)
{
    const struct rill_impairment *impairment = &link->impairment;
    rill_time starts = start_time(link, now);
    bool shall_mark = impairment->mark_bytes != 0 && link->waiting_bytes >= impairment->mark_bytes;
    bool shall_drop = impairment->codel != 0 && codel_signals(&link->codel, impairment->codel, starts - now, starts);
    if (!shall_mark && !shall_drop)
        return true;
    if (mark_congestion(flight->data, flight->length_bytes)) {
        link->counts.marked++;
        return true;
    }
    link->counts.codel_dropped += shall_drop;
    return !shall_drop;
}

static struct flight *copy_packet(const struct rill_packet *packet, const struct fate *fate)
{
    struct flight *flight = malloc(sizeof *flight + packet->length_bytes);
    if (flight == NULL)
        return NULL;
    *flight = (struct flight){
        .held_for_packets = fate->held_for_packets,
        .copies = fate->is_duplicated ? 2 : 1,
        .scatter = fate->scatter,
        .length_bytes = packet->length_bytes,
        .segment_bytes = packet->segment_bytes,
        .flags = packet->flags,
    };
    memcpy(flight->data, packet->data, packet->length_bytes);
    return flight;
}

static void corrupt(struct impaired_link *link, struct flight *flight, uint64_t random)
{
    uint64_t bit = random % ((uint64_t)flight->length_bytes * 8);
    flight->data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    flight->flags &= (uint16_t)~RILL_PACKET_CHECKSUM_OK;
    link->counts.corrupted++;
}

static void depart(struct impaired_link *link, struct flight *flight, const struct fate *fate, rill_time now)
{
    rill_time departs = serialise(link, flight, now);
    flight->due = max_u64(departs + link->impairment.delay + fate->jitter, link->last_due);
    link->last_due = flight->due;
    link->owned_bytes += flight->length_bytes;
    append(&link->travelling, flight);
    if (flight->starts > now) {
        link->waiting_bytes += flight->length_bytes;
        link->waiting = link->waiting == NULL ? flight : link->waiting;
    }
}

void impaired_link_enter(struct impaired_link *link, const struct rill_packet *packet, rill_time now)
{
    struct fate fate = fault_streams_roll(&link->streams, &link->impairment);
    link->counts.packets++;
    link->counts.bytes += packet->length_bytes;
    if (fate.is_lost) {
        link->counts.lost++;
        return;
    }
    if (!token_bucket_takes(&link->bucket, packet->length_bytes, now)) {
        link->counts.policed++;
        return;
    }
    drain_queue(link, now);
    struct flight *flight = queue_takes(link, packet->length_bytes, now) ? copy_packet(packet, &fate) : NULL;
    if (flight == NULL) {
        link->counts.queue_dropped++;
        return;
    }
    if (!pass_queue_policy(link, flight, now)) {
        free(flight);
        return;
    }
    flight->serial = link->counts.packets;
    if (fate.is_corrupted && flight->length_bytes > 0)
        corrupt(link, flight, fate.bit);
    depart(link, flight, &fate, now);
}

static void let_go(struct impaired_link *link, struct flight *flight)
{
    link->counts.reordered += flight->passed_by > 0;
    append(&link->ready, flight);
}

/* A packet went by: those held back that have waited for it last are let go right behind it. */
static void count_passing(struct impaired_link *link)
{
    struct flights held = link->held;
    link->held = (struct flights){0};
    while (held.head != NULL) {
        struct flight *flight = take_first(&held);
        if (++flight->passed_by >= flight->held_for_packets)
            let_go(link, flight);
        else
            append(&link->held, flight);
    }
}

/* It has come to the far end, but for being held back. */
static void arrive(struct impaired_link *link, struct flight *flight)
{
    if (flight->held_for_packets > 0) {
        flight->due += HELD_DELAYS_MAX * link->impairment.delay + HELD_EXTRA;
        append(&link->held, flight);
        return;
    }
    link->counts.reordered += flight->serial < link->newest_serial && flight->scatter > 0;
    link->newest_serial = max_u64(link->newest_serial, flight->serial);
    append(&link->ready, flight);
    count_passing(link);
}

static void finish_travel(struct impaired_link *link, struct flight *flight)
{
    if (flight->scatter == 0) {
        arrive(link, flight);
        return;
    }
    flight->due += flight->scatter;
    insert_by_due(&link->scattered, flight);
}

static rill_time first_due(const struct flights *list)
{
    return list->head == NULL ? RILL_NEVER : list->head->due;
}

void impaired_link_advance(struct impaired_link *link, rill_time now)
{
    drain_queue(link, now);
    for (;;) {
        rill_time travelled = first_due(&link->travelling);
        rill_time arrival = first_due(&link->scattered);
        rill_time release = first_due(&link->held);
        rill_time first = min_u64(min_u64(travelled, arrival), release);
        if (first == RILL_NEVER || first > now)
            return;
        if (first == travelled)
            finish_travel(link, take_first(&link->travelling));
        else if (first == arrival)
            arrive(link, take_first(&link->scattered));
        else
            let_go(link, take_first(&link->held));
    }
}

const struct flight *impaired_link_peek(const struct impaired_link *link)
{
    return link->ready.head;
}

struct flight *impaired_link_taken(struct impaired_link *link)
{
    struct flight *flight = link->ready.head;
    link->counts.delivered++;
    if (--flight->copies > 0) {
        link->counts.duplicated++;
        return NULL;
    }
    return take_first(&link->ready);
}

void impaired_link_forget(struct impaired_link *link, struct flight *flight)
{
    link->owned_bytes -= flight->length_bytes;
    free(flight);
}

rill_time impaired_link_deadline(const struct impaired_link *link)
{
    if (link->ready.head != NULL)
        return 0;
    rill_time arrival = min_u64(first_due(&link->travelling), first_due(&link->scattered));
    return min_u64(arrival, first_due(&link->held));
}
