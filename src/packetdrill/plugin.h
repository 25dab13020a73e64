/*
 * rill under packetdrill: one stack in virtual time, its sockets calls, and
 * the packets on their way out. The rooms: plugin.c (making and freeing it),
 * flags.c (--so_flags), clock.c (threads and time), calls.c (the table's
 * functions).
 *
 * THREADS. Everything happens under one lock, which a call that waits lets go
 * of. Time is moved by the driver: the thread that made the plug-in, or called
 * usleep or netdev_... last. Before time moves on, each waiting call has
 * looked at what happened up to then, so that a run does not depend on how the
 * threads are scheduled.
 */
#ifndef PACKETDRILL_PLUGIN_H
#define PACKETDRILL_PLUGIN_H

#include <pthread.h>

#include "packetdrill/interface.h"
#include "rill/sockets.h"

struct plugin_settings {
    struct rill_config config;
    struct rill_netif_config netif;
    rill_time settle;   /* real time: how long a thread that is not in a call is waited for before time moves */
    rill_time patience; /* virtual time: how far netdev_receive looks ahead for a packet */
};

/* A call in progress; lives in its caller's frame. */
struct visit {
    struct visit *next; /* in plugin.waiting */
    rill_time deadline; /* of its waiting */
    int fd;             /* what it waits on; -1: nothing that could be closed under it */
    int pin;            /* a descriptor that keeps fd's file while the call waits; -1: none */
    bool is_awake;      /* was told to look again, and has neither left nor gone on waiting */
};

struct outbound; /* a packet that left the stack */

struct plugin {
    pthread_mutex_t lock;
    pthread_cond_t look;  /* for waiting calls: something happened */
    pthread_cond_t quiet; /* for who told them: one has looked, or a thread came or went */

    pthread_t driver;
    struct visit *current; /* whose thread has the lock */
    struct visit *waiting;
    unsigned awake;          /* visits that are */
    unsigned inside;         /* threads in a call */
    uint64_t foreign_visits; /* calls from threads other than the driver */
    bool one_returned;       /* a call that had waited did, and its thread has not been heard of since */
    bool is_closing;
    unsigned pins;        /* bits: which of the descriptors for pins are taken */
    unsigned times_asked; /* gettimeofday calls in a row */
    unsigned still;       /* steps in a row that did not move time */

    struct plugin_settings settings;
    struct rill_stack *stack;
    struct rill_sockets *sockets;
    void *memory, *sockets_memory;
    size_t sockets_bytes;
    int netif;
    rill_time now;

    struct outbound *first, **last; /* oldest first */
    unsigned outbound_count;
};

#define PLUGIN_DESCRIPTORS 1024u
#define PLUGIN_FIRST_DESCRIPTOR 3
#define PLUGIN_PINS 16u

/* flags.c: "local=192.168.0.1,mtu=1500,rill.sack=0". False, with a sentence in complaint, when one is not understood. */
bool flags_parse(const char *flags, struct plugin_settings *settings, char *complaint, size_t complaint_bytes);

/* calls.c: everything but userdata and free. */
void calls_fill(struct packetdrill_interface *iface);

/* ------------------------------------------------------------------ clock.c */

/* Take the lock for a call; fd as in struct visit. Returns the plug-in. */
struct plugin *plugin_enter(void *userdata, struct visit *visit, int fd);
/* The same for a call that moves time. */
struct plugin *plugin_enter_driver(void *userdata, struct visit *visit);
/* Give the lock back. Returns the result, or -1 with errno when it is a negative error. */
int64_t plugin_leave(struct plugin *plugin, struct visit *visit, int64_t result);
/* The same when nothing happened that a waiting call should look at. */
void plugin_leave_quietly(struct plugin *plugin, struct visit *visit);

/* rill_sockets_config.wait */
int plugin_wait(void *context, rill_time deadline);

void plugin_sleep(struct plugin *plugin, rill_time interval);
/* Ask for the time: one that is asked again and again moves on, for callers that spin. */
rill_time plugin_time(struct plugin *plugin);
void plugin_input(struct plugin *plugin, const void *packet, uint32_t bytes);
/* 0, with *bytes 0 when no packet comes; -RILL_EMSGSIZE when it is larger than the room: it stays. */
int plugin_take_packet(struct plugin *plugin, void *packet, size_t *bytes, rill_time *sent_at);

/* Wait until no other thread is in a call; those that wait are ended by EINTR. The lock is free again afterwards. */
void plugin_close(struct plugin *plugin);
void plugin_drop_packets(struct plugin *plugin);

#endif
