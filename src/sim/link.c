/*
 * The faults of a link, each from a stream of its own, rolled for every frame
 * while the fault is on.
 */
#include "sim/link.h"

#include <stdlib.h>

#define DELAY_HEALED_MAX (50 * NANOS_PER_MS)
#define IP_HEADER_BYTES 20u

static const uint32_t class_bytes[FRAME_CLASSES] = {128, 2048, 9216, 66000};

struct frame *frame_take(struct frames *frames, uint32_t length_bytes)
{
    uint8_t class = 0;
    struct frame *frame;

    while (class_bytes[class] < length_bytes)
        class ++;
    frame = frames->free[class];
    if (frame != NULL)
        frames->free[class] = frame->next;
    else
        frame = malloc(sizeof *frame + class_bytes[class]);
    if (frame == NULL)
        abort();
    *frame = (struct frame){.length_bytes = length_bytes, .size_class = class};
    frames->live++;
    return frame;
}

void frame_give(struct frames *frames, struct frame *frame)
{
    frame->next = frames->free[frame->size_class];
    frames->free[frame->size_class] = frame;
    frames->live--;
}

void frames_free(struct frames *frames)
{
    for (unsigned class = 0; class < FRAME_CLASSES; class ++) {
        while (frames->free[class] != NULL) {
            struct frame *frame = frames->free[class];

            frames->free[class] = frame->next;
            free(frame);
        }
    }
}

void link_init(struct link *link, uint64_t seed, const struct link_faults *faults, unsigned from, unsigned to)
{
    static const char *const names[LINK_STREAMS] = {"loss",    "burst",  "duplicate", "copy", "reorder",
                                                    "corrupt", "jitter", "spike",     "mark"};

    *link = (struct link){.faults = *faults};
    for (unsigned i = 0; i < LINK_STREAMS; i++)
        choices_init(&link->streams[i], seed, "link/%u-%u/%s", from, to, names[i]);
}

void link_heal(struct link *link)
{
    rill_time delay = min_u64(link->faults.delay, DELAY_HEALED_MAX);

    link->faults = (struct link_faults){.delay = delay, .life_max = RILL_NEVER};
    link->cut_until = 0;
    link->mtu = 0;
    link->free_at = 0;
}

static bool is_kth(struct link *link, const struct frame *frame)
{
    const struct link_faults *f = &link->faults;

    return f->kth != 0 && (frame->facts.flags & f->kth_flag) != 0 && ++link->kth_seen == f->kth;
}

static bool is_lost(struct link *link, const struct frame *frame, rill_time now)
{
    const struct link_faults *f = &link->faults;

    if (now < link->cut_until || is_kth(link, frame))
        return true;
    if (f->burst_begins_ppm != 0)
        link->is_in_burst = link->is_in_burst ? !chance(&link->streams[LINK_BURST], f->burst_ends_ppm)
                                              : chance(&link->streams[LINK_BURST], f->burst_begins_ppm);
    if (f->burst_begins_ppm != 0 && link->is_in_burst)
        return true;
    return f->loss_ppm != 0 && chance(&link->streams[LINK_LOSS], f->loss_ppm);
}

/*
 * Bits flipped in one byte (which a sum of 16-bit words never misses), a tail cut off, or bytes behind the end. Of a
 * fragment only the header, which has a sum of its own: one in a thousand pairs of flipped bytes that come together
 * again cancel out in TCP's.
 */
static void damage(struct link *link, struct frame *frame)
{
    struct choices *c = &link->streams[LINK_CORRUPT];
    uint64_t kind = choose(c, 8);

    if (kind == 0) {
        frame->length_bytes = (uint32_t)choose_between(c, 1, frame->length_bytes - 1);
    } else if (kind == 1 && frame->length_bytes + 16 <= class_bytes[frame->size_class]) {
        uint32_t more = (uint32_t)choose_between(c, 1, 16);

        memset(frame->data + frame->length_bytes, 0x5a, more);
        frame->length_bytes += more;
        return; /* what IP says is still there */
    } else {
        uint32_t most = frame->is_fragment ? IP_HEADER_BYTES : frame->length_bytes;

        frame->data[choose(c, most)] ^= (uint8_t)choose_between(c, 1, 255);
    }
    frame->is_damaged = true;
}

/* When the frame's last bit is on the wire; RILL_NEVER when the queue has no room for it. */
static rill_time transmitted(struct link *link, const struct frame *frame, rill_time now)
{
    const struct link_faults *f = &link->faults;
    rill_time starts = max_u64(link->free_at, now);

    if (f->rate_bits == 0)
        return now;
    if ((starts - now) / NANOS_PER_US * f->rate_bits / 8000000 > f->queue_bytes)
        return RILL_NEVER;
    link->free_at = starts + (uint64_t)frame->length_bytes * 8 * NANOS_PER_S / f->rate_bits;
    return link->free_at;
}

/* How long the frame takes, and would take but for chance; RILL_NEVER when the queue has no room for it. */
static rill_time travel(struct link *link, const struct frame *frame, rill_time now, rill_time *undisturbed)
{
    const struct link_faults *f = &link->faults;
    rill_time arrival = transmitted(link, frame, now);

    *undisturbed = RILL_NEVER;
    if (arrival == RILL_NEVER)
        return RILL_NEVER;
    arrival += f->delay;
    *undisturbed = max_u64(arrival, f->reorder_ppm == 0 ? link->last_arrival + 1 : 0) - now;
    if (f->jitter != 0)
        arrival += choose(&link->streams[LINK_JITTER], f->jitter + 1);
    if (f->spike_ppm != 0 && chance(&link->streams[LINK_SPIKE], f->spike_ppm))
        arrival += choose_log(&link->streams[LINK_SPIKE], 1, f->spike_max);
    if (f->reorder_ppm != 0 && chance(&link->streams[LINK_REORDER], f->reorder_ppm))
        return arrival + choose(&link->streams[LINK_REORDER], f->reorder_delay_max) - now;
    if (f->reorder_ppm == 0 && arrival - now <= f->life_max) {
        arrival = max_u64(arrival, link->last_arrival + 1); /* in order, unless reordering is what the seed wants */
        link->last_arrival = arrival;
    }
    return arrival - now;
}

/* queue NULL: the frame is one that cuts spare, its fate drawn only for those behind it. */
static void arrive(struct event_queue *queue, struct frames *frames, struct frame *frame, rill_time at)
{
    if (queue != NULL)
        event_queue_push(queue, (struct event){.at = at, .kind = EVENT_ARRIVAL, .object = frame});
    else
        frame_give(frames, frame);
}

static struct frame *clone(struct frames *frames, const struct frame *frame)
{
    struct frame *twin = frame_take(frames, frame->length_bytes);
    uint8_t size_class = twin->size_class; /* the original may lie in a larger one than it needs */

    memcpy(twin, frame, sizeof *frame + frame->length_bytes);
    twin->size_class = size_class;
    return twin;
}

static void copy(struct link *link, struct frames *frames, struct event_queue *queue, struct link_counts *counts,
                 const struct frame *frame, rill_time now, rill_time took)
{
    const struct link_faults *f = &link->faults;
    struct choices *c = &link->streams[LINK_COPY];
    uint64_t copies = choose_log(c, 1, f->copies_max);

    for (uint64_t i = 0; i < copies; i++) {
        rill_time later = took + choose_log(c, 1, f->copy_delay_max);
        struct frame *twin;

        if (later > f->life_max)
            continue;
        twin = clone(frames, frame);
        twin->is_copy = true;
        counts->copies++;
        arrive(queue, frames, twin, now + later);
    }
}

/* RFC 3168: where a queue would drop it, a packet that says it can be told is told; with the header's sum, RFC 1624. */
static bool mark(struct link *link, struct frame *frame)
{
    uint32_t sum;

    if (link->faults.mark_ppm == 0 || !chance(&link->streams[LINK_MARK], link->faults.mark_ppm) ||
        (frame->data[1] & 3) == 0 || (frame->data[1] & 3) == 3)
        return false;
    sum = ((uint32_t)frame->data[10] << 8 | frame->data[11]) ^ 0xffff;
    sum += (3u - (frame->data[1] & 3u)) & 0xffff;
    sum = 0xffff - ((sum & 0xffff) + (sum >> 16));
    frame->data[1] |= 3;
    frame->data[10] = (uint8_t)(sum >> 8);
    frame->data[11] = (uint8_t)sum;
    return true;
}

static void sum_ip_header(uint8_t *ip)
{
    uint32_t sum = 0;

    ip[10] = ip[11] = 0;
    for (unsigned i = 0; i < IP_HEADER_BYTES; i += 2)
        sum += (uint32_t)ip[i] << 8 | ip[i + 1];
    sum = (sum & 0xffff) + (sum >> 16);
    sum = 0xffff - ((sum & 0xffff) + (sum >> 16));
    ip[10] = (uint8_t)(sum >> 8);
    ip[11] = (uint8_t)sum;
}

/* RFC 791 3.2. A tunnel that takes DF out must give an ID too: those of packets with DF are all the same. */
struct frame *link_cut(struct link *link, struct frames *frames, const struct frame *whole, uint32_t *at)
{
    uint32_t data_bytes = whole->length_bytes - IP_HEADER_BYTES, left = data_bytes - *at;
    uint32_t most = (max_u32(link->faults.fragment_bytes, data_bytes / 100) + 7) / 8 * 8;
    uint32_t bytes = min_u32(left, most);
    struct frame *frame = frame_take(frames, IP_HEADER_BYTES + bytes);
    uint8_t size_class = frame->size_class;

    *frame = *whole;
    frame->size_class = size_class;
    frame->length_bytes = IP_HEADER_BYTES + bytes;
    frame->flags = 0;
    frame->is_fragment = true;
    memcpy(frame->data, whole->data, IP_HEADER_BYTES);
    memcpy(frame->data + IP_HEADER_BYTES, whole->data + IP_HEADER_BYTES + *at, bytes);
    if (*at == 0)
        link->fragment_id++;
    frame->data[2] = (uint8_t)(frame->length_bytes >> 8);
    frame->data[3] = (uint8_t)frame->length_bytes;
    frame->data[4] = (uint8_t)(link->fragment_id >> 8);
    frame->data[5] = (uint8_t)link->fragment_id;
    frame->data[6] = (uint8_t)(*at >> 11 | (bytes < left ? 0x20 : 0));
    frame->data[7] = (uint8_t)(*at >> 3);
    sum_ip_header(frame->data);
    *at += bytes;
    return frame;
}

/* True when the frame met with a mishap. Takes it. */
static bool befall(struct link *link, struct frames *frames, struct event_queue *queue, struct link_counts *counts,
                   struct frame *frame, rill_time now)
{
    const struct link_faults *f = &link->faults;
    rill_time took, undisturbed = 0;
    bool is_hit = false;

    if (is_lost(link, frame, now)) {
        counts->lost++;
        frame_give(frames, frame);
        return now >= link->cut_until;
    }
    took = travel(link, frame, now, &undisturbed);
    if (took > f->life_max) {
        counts->lost++;
        frame_give(frames, frame);
        return undisturbed <= f->life_max;
    }
    is_hit = mark(link, frame);
    if (f->duplicate_ppm != 0 && chance(&link->streams[LINK_DUPLICATE], f->duplicate_ppm)) {
        is_hit = true;
        copy(link, frames, queue, counts, frame, now, took);
    }
    if (f->corrupt_ppm != 0 && chance(&link->streams[LINK_CORRUPT], f->corrupt_ppm) && frame->flags == 0) {
        is_hit = true;
        counts->damaged++;
        damage(link, frame);
    }
    arrive(queue, frames, frame, now + took);
    return is_hit || took != undisturbed;
}

static rill_time travel_undisturbed(struct link *link, const struct frame *frame, rill_time now)
{
    const struct link_faults *f = &link->faults;
    rill_time arrival = transmitted(link, frame, now);

    if (arrival == RILL_NEVER)
        return RILL_NEVER;
    arrival += f->delay;
    if (f->reorder_ppm == 0 && arrival - now <= f->life_max)
        arrival = link->last_arrival = max_u64(arrival, link->last_arrival + 1);
    return arrival - now;
}

/* As the link would be without chance: delay and rate alone. */
static void spare(struct link *link, struct frames *frames, struct event_queue *queue, struct link_counts *counts,
                  struct frame *frame, rill_time now)
{
    struct link after = *link, plain = *link;
    struct link_counts ignored = {0};
    rill_time took;

    befall(&after, frames, NULL, &ignored, clone(frames, frame), now);
    took = travel_undisturbed(&plain, frame, now);
    memcpy(link->streams, after.streams, sizeof link->streams);
    link->is_in_burst = after.is_in_burst;
    link->kth_seen = after.kth_seen;
    link->free_at = plain.free_at;
    link->last_arrival = plain.last_arrival;
    if (now >= link->cut_until && took <= link->faults.life_max) {
        arrive(queue, frames, frame, now + took);
        return;
    }
    counts->lost++;
    frame_give(frames, frame);
}

void link_enter(struct link *link, struct frames *frames, struct event_queue *queue, struct link_counts *counts,
                struct frame *frame, rill_time now)
{
    uint32_t index = link->entered++;
    unsigned from = frame->from, to = frame->to;

    frame->entered_at = now;
    counts->sent++;
    if (link->only != NULL && !mishaps_name(link->only, from, to, index))
        spare(link, frames, queue, counts, frame, now);
    else if (befall(link, frames, queue, counts, frame, now) && link->met != NULL)
        mishaps_note(link->met, from, to, index);
}
