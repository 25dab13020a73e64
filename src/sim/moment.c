/*
 * The copies. Pointers in a world lead into itself, into the arenas or to
 * packets; world and arenas come back to where they were, so that only those
 * to packets change.
 */
#include "sim/moment.h"

#include <stdlib.h>

struct moment {
    struct world world;
    struct sim_result result;
    void *arenas[HOSTS_MAX];
    struct event *events;             /* the heap, as it lies */
    struct frame *arrived[HOSTS_MAX]; /* what hosts had not yet taken in, each in a list */
};

static struct frame *twin_of(struct frames *frames, const struct frame *frame)
{
    struct frame *twin = frame_take(frames, frame->length_bytes);
    uint8_t size_class = twin->size_class;

    memcpy(twin, frame, sizeof *frame + frame->length_bytes);
    twin->size_class = size_class;
    twin->next = NULL;
    return twin;
}

/* The end of the list that begins at *to is returned. */
static struct frame **copy_list(struct frames *frames, struct frame **to, const struct frame *from)
{
    for (*to = NULL; from != NULL; from = from->next) {
        *to = twin_of(frames, from);
        to = &(*to)->next;
    }
    return to;
}

static void copy_events(struct frames *frames, struct event *to, const struct event *from, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        to[i] = from[i];
        if (from[i].kind == EVENT_ARRIVAL)
            to[i].object = twin_of(frames, from[i].object);
    }
}

struct moment *moment_take(const struct world *world)
{
    struct moment *moment = calloc(1, sizeof *moment);

    if (moment == NULL)
        return NULL;
    moment->world = *world;
    moment->world.frames = (struct frames){0};
    moment->result = *world->result;
    moment->events = malloc((world->queue.count + 1) * sizeof *moment->events);
    if (moment->events == NULL) {
        free(moment);
        return NULL;
    }
    copy_events(&moment->world.frames, moment->events, world->queue.heap, world->queue.count);
    for (unsigned i = 0; i < world->scenario.host_count; i++) {
        size_t bytes = world->scenario.hosts[i].config.memory_bytes;

        copy_list(&moment->world.frames, &moment->arrived[i], world->hosts[i].arrived);
        if (world->hosts[i].stack == NULL)
            continue;
        moment->arenas[i] = malloc(bytes);
        if (moment->arenas[i] == NULL) {
            moment_free(moment);
            return NULL;
        }
        memcpy(moment->arenas[i], world->memory[i], bytes);
    }
    return moment;
}

static void give_list(struct frames *frames, struct frame *list)
{
    while (list != NULL) {
        struct frame *next = list->next;

        frame_give(frames, list);
        list = next;
    }
}

/* All that is on its way, in links and before hosts. */
static void drop_frames(struct world *world)
{
    struct event event;

    while (event_queue_pop(&world->queue, &event))
        if (event.kind == EVENT_ARRIVAL)
            frame_give(&world->frames, event.object);
    for (unsigned i = 0; i < world->scenario.host_count; i++)
        give_list(&world->frames, world->hosts[i].arrived);
}

void moment_restore(const struct moment *moment, struct world *world)
{
    struct sim_settings settings = world->settings;
    struct sim_result *result = world->result;
    const struct event_queue *then = &moment->world.queue;
    struct event_queue queue;
    struct frames frames;

    drop_frames(world);
    frames = world->frames;
    queue = world->queue;
    event_queue_make_room(&queue, then->count);
    queue.count = then->count;
    queue.ties = then->ties;

    *world = moment->world;
    world->settings = settings;
    world->result = result;
    *world->result = moment->result;
    world->frames = frames;
    world->queue = queue;
    copy_events(&world->frames, world->queue.heap, moment->events, then->count);
    for (unsigned i = 0; i < world->scenario.host_count; i++) {
        struct host_sim *host = &world->hosts[i];

        host->arrived_tail = copy_list(&world->frames, &host->arrived, moment->arrived[i]);
        if (moment->arenas[i] != NULL)
            memcpy(world->memory[i], moment->arenas[i], world->scenario.hosts[i].config.memory_bytes);
    }
}

void moment_free(struct moment *moment)
{
    struct frames *frames = &moment->world.frames;

    for (uint32_t i = 0; i < moment->world.queue.count; i++)
        if (moment->events[i].kind == EVENT_ARRIVAL)
            frame_give(frames, moment->events[i].object);
    for (unsigned i = 0; i < HOSTS_MAX; i++) {
        give_list(frames, moment->arrived[i]);
        free(moment->arenas[i]);
    }
    frames_free(frames);
    free(moment->events);
    free(moment);
}

static void reseed(struct choices *streams, unsigned count, uint64_t seed)
{
    for (unsigned i = 0; i < count; i++)
        streams[i].state = mix64(streams[i].state + mix64(seed));
}

void moment_reseed(struct world *world, uint64_t seed)
{
    reseed(&world->attacker, 1, seed);
    reseed(&world->queue.ties, 1, seed);
    for (unsigned i = 0; i < REFERENCES_MAX; i++)
        reseed(&world->references[i].choices, 1, seed);
    for (unsigned i = 0; i < world->scenario.host_count; i++) {
        reseed(world->hosts[i].streams, HOST_STREAMS, seed);
        for (unsigned j = 0; j < world->scenario.host_count; j++)
            reseed(world->links[i][j].streams, LINK_STREAMS, seed);
    }
}
