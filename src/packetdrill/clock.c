/*
 * Threads and time: see plugin.h. Nothing here knows what a call does.
 */
#include "packetdrill/plugin.h"

#include "wire/train.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TRAINS 16
#define OUTBOUND_MAX 65536u /* packets that nobody has asked for yet; more wait in the stack */
#define STILL_MAX 1000u     /* steps at one instant */
#define ASKED_MAX 64u       /* who asks for the time more often in a row is spinning */
#define NANOS_PER_USEC UINT64_C(1000)
#define NANOS_PER_SECOND 1000000000L

struct outbound {
    struct outbound *next;
    rill_time at;
    size_t bytes;
    uint8_t data[];
};

/* ------------------------------------------------------------------ packets */

static void keep_packet(struct plugin *plugin, const uint8_t *data, size_t bytes)
{
    struct outbound *packet = malloc(sizeof *packet + bytes);

    if (packet == NULL)
        return; /* lost on the way, as packets are */
    packet->next = NULL;
    packet->at = plugin->now;
    packet->bytes = bytes;
    memcpy(packet->data, data, bytes);
    *plugin->last = packet;
    plugin->last = &packet->next;
    plugin->outbound_count++;
}

/* Everything that the stack wants to send now, cut into packets. */
static void collect(struct plugin *plugin)
{
    struct rill_train trains[TRAINS];
    uint8_t packet[65536];
    unsigned count = TRAINS;

    while (count == TRAINS && plugin->outbound_count < OUTBOUND_MAX) {
        count = rill_output(plugin->stack, plugin->netif, trains, TRAINS, plugin->now);
        for (unsigned i = 0; i < count; i++) {
            struct train_cursor cursor = {0};

            for (uint32_t k = 0; k < train_packet_count(&trains[i]); k++) {
                size_t bytes = train_cut(&trains[i], &cursor, k, packet, sizeof packet);

                if (bytes > 0)
                    keep_packet(plugin, packet, bytes);
            }
        }
    }
}

static void drop_first(struct plugin *plugin)
{
    struct outbound *packet = plugin->first;

    plugin->first = packet->next;
    if (plugin->first == NULL)
        plugin->last = &plugin->first;
    plugin->outbound_count--;
    free(packet);
}

void plugin_drop_packets(struct plugin *plugin)
{
    while (plugin->first != NULL)
        drop_first(plugin);
}

/* ------------------------------------------------------------------ threads */

/* Let go of the lock until the condition is signalled, or the real time comes. False: the time came. */
static bool rest(struct plugin *plugin, pthread_cond_t *condition, const struct timespec *until)
{
    struct visit *visit = plugin->current;
    int error = until != NULL ? pthread_cond_timedwait(condition, &plugin->lock, until)
                              : pthread_cond_wait(condition, &plugin->lock);

    plugin->current = visit;
    return error != ETIMEDOUT;
}

static bool is_driver(const struct plugin *plugin)
{
    return pthread_equal(pthread_self(), plugin->driver) != 0;
}

static void wake_waiting(struct plugin *plugin)
{
    if (plugin->waiting == NULL)
        return;
    for (struct visit *visit = plugin->waiting; visit != NULL; visit = visit->next) {
        visit->is_awake = true;
        plugin->awake++;
    }
    plugin->waiting = NULL;
    pthread_cond_broadcast(&plugin->look);
}

static void be_no_more_awake(struct plugin *plugin, struct visit *visit)
{
    if (!visit->is_awake)
        return;
    visit->is_awake = false;
    plugin->awake--;
    pthread_cond_broadcast(&plugin->quiet);
}

/* Something happened: packets leave, and waiting calls have looked at it when this returns. */
static void spread(struct plugin *plugin)
{
    collect(plugin);
    wake_waiting(plugin);
    while (plugin->awake > 0)
        (void)rest(plugin, &plugin->quiet, NULL);
}

struct plugin *plugin_enter(void *userdata, struct visit *visit, int fd)
{
    struct plugin *plugin = userdata;

    *visit = (struct visit){.fd = fd, .pin = -1};
    pthread_mutex_lock(&plugin->lock);
    plugin->current = visit;
    plugin->inside++;
    if (!is_driver(plugin)) {
        plugin->foreign_visits++;
        plugin->one_returned = false;
        pthread_cond_broadcast(&plugin->quiet);
    }
    return plugin;
}

struct plugin *plugin_enter_driver(void *userdata, struct visit *visit)
{
    struct plugin *plugin = plugin_enter(userdata, visit, -1);

    plugin->driver = pthread_self();
    return plugin;
}

void plugin_leave_quietly(struct plugin *plugin, struct visit *visit)
{
    plugin->one_returned |= visit->is_awake;
    be_no_more_awake(plugin, visit);
    plugin->inside--;
    if (plugin->is_closing)
        pthread_cond_broadcast(&plugin->quiet);
    pthread_mutex_unlock(&plugin->lock);
}

static void let_go_of_pin(struct plugin *plugin, struct visit *visit)
{
    int pin = visit->pin;

    if (pin < 0)
        return;
    visit->fd = visit->pin = -1; /* closing may wait: SO_LINGER */
    (void)rill_sock_close(plugin->sockets, pin);
    plugin->pins &= ~(1u << (pin - PLUGIN_FIRST_DESCRIPTOR - (int)PLUGIN_DESCRIPTORS));
}

int64_t plugin_leave(struct plugin *plugin, struct visit *visit, int64_t result)
{
    plugin->times_asked = 0;
    let_go_of_pin(plugin, visit);
    if (visit->is_awake) {
        collect(plugin);
        wake_waiting(plugin); /* who woke this call waits for them too */
    } else {
        spread(plugin);
    }
    plugin_leave_quietly(plugin, visit);
    if (result >= 0)
        return result;
    errno = (int)-result; /* the numbers are Linux's */
    return -1;
}

/* A file stays while a call waits on it, whoever closes its descriptor: as in a kernel. */
static void pin(struct plugin *plugin, struct visit *visit)
{
    if (visit->fd < 0 || visit->pin >= 0)
        return;
    for (unsigned i = 0; i < PLUGIN_PINS; i++) {
        int number = PLUGIN_FIRST_DESCRIPTOR + (int)(PLUGIN_DESCRIPTORS + i);

        if ((plugin->pins >> i & 1u) != 0)
            continue;
        if (rill_sock_dup3(plugin->sockets, visit->fd, number, 0) == number) {
            plugin->pins |= 1u << i;
            visit->pin = number;
        }
        return;
    }
}

/* --------------------------------------------------------------------- time */

static rill_time earlier(rill_time a, rill_time b)
{
    return a < b ? a : b;
}

static rill_time after(const struct plugin *plugin, rill_time interval)
{
    return interval >= RILL_NEVER - plugin->now ? RILL_NEVER : plugin->now + interval;
}

/* When something next happens by itself. */
static rill_time next_instant(struct plugin *plugin)
{
    rill_time next = rill_deadline(plugin->stack);

    for (const struct visit *visit = plugin->waiting; visit != NULL; visit = visit->next)
        next = earlier(next, visit->deadline);
    return next;
}

/*
 * A thread that is about to begin a call, or has just come back from one and will ask for the time, cannot be seen.
 * It gets a moment of real time before virtual time goes on; a thread that is waiting in a call needs none.
 */
static void settle(struct plugin *plugin)
{
    uint64_t before = plugin->foreign_visits;
    struct timespec until;
    bool in_time = plugin->settings.settle > 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)plugin->settings.settle;
    until.tv_sec += until.tv_nsec / NANOS_PER_SECOND;
    until.tv_nsec %= NANOS_PER_SECOND;
    while (in_time && plugin->foreign_visits == before && (plugin->waiting == NULL || plugin->one_returned))
        in_time = rest(plugin, &plugin->quiet, &until);
    plugin->one_returned = false;
    while (plugin->awake > 0)
        (void)rest(plugin, &plugin->quiet, NULL);
}

/* To the next instant, at most to the limit. False: nothing will ever happen. */
static bool step(struct plugin *plugin, rill_time limit)
{
    rill_time next;

    if (plugin->one_returned)
        settle(plugin);
    next = earlier(next_instant(plugin), limit);
    if (next == RILL_NEVER)
        return false;
    plugin->still = next > plugin->now ? 0 : plugin->still + 1;
    if (plugin->still > STILL_MAX)
        next = plugin->now + NANOS_PER_USEC;
    if (next > plugin->now)
        plugin->now = next;
    rill_poll(plugin->stack, plugin->now);
    spread(plugin);
    return true;
}

int plugin_wait(void *context, rill_time deadline)
{
    struct plugin *plugin = context;
    struct visit *visit = plugin->current;

    collect(plugin);
    if (plugin->is_closing)
        return -RILL_EINTR;
    pin(plugin, visit);
    if (is_driver(plugin))
        return step(plugin, deadline) ? 0 : -EDEADLK; /* the only one who could end the waiting is waiting */
    be_no_more_awake(plugin, visit);
    visit->deadline = deadline;
    visit->next = plugin->waiting;
    plugin->waiting = visit;
    pthread_cond_broadcast(&plugin->quiet);
    while (!visit->is_awake)
        (void)rest(plugin, &plugin->look, NULL);
    return 0;
}

void plugin_sleep(struct plugin *plugin, rill_time interval)
{
    rill_time until = after(plugin, interval);

    settle(plugin);
    plugin->still = 0;
    do
        (void)step(plugin, until);
    while (plugin->now < until);
}

rill_time plugin_time(struct plugin *plugin)
{
    if (++plugin->times_asked > ASKED_MAX)
        (void)step(plugin, plugin->now + NANOS_PER_USEC);
    return plugin->now;
}

void plugin_input(struct plugin *plugin, const void *packet, uint32_t bytes)
{
    struct rill_packet in = {.data = packet, .length_bytes = bytes};

    rill_input(plugin->stack, plugin->netif, &in, 1, plugin->now);
}

int plugin_take_packet(struct plugin *plugin, void *packet, size_t *bytes, rill_time *sent_at)
{
    rill_time until = after(plugin, plugin->settings.patience);

    if (plugin->first == NULL)
        settle(plugin);
    while (plugin->first == NULL && plugin->now < until && step(plugin, until))
        ;
    *sent_at = plugin->now;
    if (plugin->first == NULL) {
        *bytes = 0;
        return 0;
    }
    if (plugin->first->bytes > *bytes)
        return -RILL_EMSGSIZE;
    *sent_at = plugin->first->at;
    *bytes = plugin->first->bytes;
    memcpy(packet, plugin->first->data, *bytes);
    drop_first(plugin);
    return 0;
}

void plugin_close(struct plugin *plugin)
{
    pthread_mutex_lock(&plugin->lock);
    plugin->is_closing = true;
    wake_waiting(plugin);
    while (plugin->inside > 0)
        (void)rest(plugin, &plugin->quiet, NULL);
    pthread_mutex_unlock(&plugin->lock);
}
