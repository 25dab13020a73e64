/*
 * Drivers and the loop: how a stack meets the world. Needs libc; the core does
 * not know any of this. Thread rule: a driver and its loop belong to the thread
 * of their stack.
 */
#ifndef RILL_DRIVER_H
#define RILL_DRIVER_H

#include "rill/rill.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rill_driver;

/* What a driver is: a small table. `self` is the driver itself. */
struct rill_driver_ops {
    const char *kind; /* "tun", "memory", ... */

    /*
     * Up to max packets that have arrived by now, 0 when none. Packets may lie in buffers taken from the
     * stack, or in the driver's own memory until the next rx_burst. Never blocks.
     */
    unsigned (*rx_burst)(struct rill_driver *self, struct rill_packet *packets, unsigned max, rill_time now);

    /* After rill_input(): gives back or reuses the buffers that the stack did not keep (buffer != 0). */
    void (*rx_done)(struct rill_driver *self, struct rill_packet *packets, unsigned count);

    /* Send trains; returns how many were taken: fewer when the device is full. Consumes what it takes. */
    unsigned (*tx_burst)(struct rill_driver *self, struct rill_train *trains, unsigned count, rill_time now);

    /*
     * Send one finished packet bytewise as it is, wrong checksums included. False: the device is full, and nothing
     * was taken.
     */
    bool (*tx_packet)(struct rill_driver *self, const uint8_t *data, uint32_t length_bytes, rill_time now);

    /* How many trains tx_burst would take now, each of any size; the loop asks the stack for no more. */
    unsigned (*tx_room)(struct rill_driver *self);

    /* When the driver itself has something to do (an impaired wire's next delivery); 0: now; RILL_NEVER. */
    rill_time (*deadline)(struct rill_driver *self);

    /* A descriptor to poll: readable when rx_burst has something, writable when tx_room grew; -1 when none. */
    int (*descriptor)(struct rill_driver *self);

    /* Frees the driver, and what it wraps. Touches no stack: packets still in the driver go with the stack. */
    void (*close)(struct rill_driver *self);
};

struct rill_driver {
    const struct rill_driver_ops *ops;
    struct rill_driver *inner; /* the one that it wraps; NULL when it is the device itself */
    struct rill_stack *stack;  /* set by rill_attach(): whose buffers rx_burst takes */
    int netif;
    uint16_t mtu;
    bool offload;            /* takes trains whole, delivers super-segments */
    uint64_t lost_no_memory; /* packets lost as in a NIC with an empty ring: the receiving stack had no buffer */
    uint64_t device_errors;  /* packets that the device or the file refused or garbled */
};

/*
 * Make an interface of the driver: rill_netif_add() with its MTU and offload, whatever config says of them. 0 (the
 * number is in driver->netif) or a negative error. What the driver wraps learns of the stack too.
 */
int rill_attach(struct rill_stack *stack, struct rill_driver *driver, const struct rill_netif_config *config);

/*
 * A stack in memory of its own (mmap, committed as used), with a secret from the system and CLOCK_MONOTONIC: config's
 * memory, secret and now are filled in; memory_bytes 0 means 256 MiB. 0, or a negative error.
 */
int rill_stack_open(struct rill_config *config, struct rill_stack **out);
/* The same, in memory that processes which are forked from this one share: they can look at it, and survive it. */
int rill_stack_open_shared(struct rill_config *config, struct rill_stack **out);
void rill_stack_close(struct rill_stack *stack);

/* CLOCK_MONOTONIC in ns. */
rill_time rill_clock(void);

/* --------------------------------------------------------------------- loop */

/*
 * One turn for one stack and its drivers: timers, send what waits, receive some of what has arrived. `now` may be any
 * clock. True when a packet moved: take the events, read and write, then turn again; the answers to what was received
 * leave in that next turn. False: nothing to do for now.
 */
bool rill_turn(struct rill_stack *stack, struct rill_driver *const *drivers, unsigned count, rill_time now);

/*
 * Sleep until a driver's descriptor, one of the caller's pollfds, or a deadline needs attention, at most
 * timeout_ms (-1: no limit). The caller's descriptors have their revents set. Deadlines are of rill_clock(). Returns
 * how many of the caller's descriptors are ready; -RILL_EINVAL for more than 256 descriptors in all.
 */
struct pollfd;
int rill_wait(struct rill_stack *stack, struct rill_driver *const *drivers, unsigned count, struct pollfd *fds,
              unsigned fd_count, int timeout_ms);

/* ------------------------------------------------------------------ drivers */

/*
 * Two ends back to back in one process. What one end sends is cut into packets with right checksums, put into
 * buffers of the other end's stack, and delivered by its rx_burst. queue_packets: room for packets on the way,
 * each direction: a queue that holds as many takes no further train (nothing is lost; the last one taken may
 * overfill it). Each end is closed by itself.
 */
int rill_memory_wire(uint16_t mtu, unsigned queue_packets, struct rill_driver **a, struct rill_driver **b);

/* The same with offloads: a train arrives whole, as one super-segment whose checksum nobody computes. */
int rill_memory_wire_offload(uint16_t mtu, unsigned queue_packets, struct rill_driver **a, struct rill_driver **b);

/*
 * One end that is its own other end, with offloads: what a stack sends to its own address comes back to it. Attached
 * with that address and all of its bits as the prefix, it is the way there.
 */
int rill_memory_loop(uint16_t mtu, unsigned queue_packets, struct rill_driver **out);

#define RILL_DROPS_MAX 8

/* Faults of one direction. All probabilities 0 .. 1. A zeroed struct is a perfect wire. */
struct rill_impairment {
    uint64_t seed;                 /* same seed, same faults, packet for packet */
    rill_time delay;               /* one way */
    rill_time jitter;              /* uniform 0 .. jitter, added; never reorders by itself */
    rill_time scatter;             /* uniform 0 .. scatter, added to each packet alone: later ones overtake it */
    uint64_t rate_bits;            /* per second; 0: no limit */
    double loss;                   /* before the queue */
    double burst;                  /* a burst of losses begins at a packet (Gilbert-Elliott); before the queue */
    double burst_loss;             /* so many are lost within a burst; 0: all */
    uint64_t police_bits;          /* a policer before the queue: what exceeds this rate is dropped; 0: none */
    double duplicate;              /* the copy follows right behind */
    double reorder;                /* a packet is held back until reorder_packets later ones have passed */
    double corrupt;                /* one bit flipped, checksums left alone */
    rill_time codel;               /* CoDel's target: the queue drops, or marks, by RFC 8289; 0: drop-tail only */
    uint32_t queue_bytes;          /* of the drop-tail queue before the bottleneck; 0: 256 KiB */
    uint32_t mark_bytes;           /* an ECN-capable packet that finds so much waiting is marked CE; 0: none is */
    uint32_t police_bytes;         /* depth of the policer's token bucket; 0: 32 KiB */
    uint32_t burst_packets;        /* mean length of a burst; 0: 5 */
    uint32_t reorder_packets;      /* 1 .. n, uniform; 0: 3 */
    uint32_t drop[RILL_DROPS_MAX]; /* packets that are lost by their number, the first is 1; 0: no more */
};

/* What was really done to the packets of one direction; reordered: those that a later one overtook. */
struct rill_impaired_counts {
    uint64_t packets, bytes, delivered, lost, queue_dropped, duplicated, reordered, corrupted;
    uint64_t policed, codel_dropped, marked;
};

/*
 * Parse "loss=2%,delay=10ms,rate=100mbit,queue=64k,dup=5%,reorder=10%,corrupt=1%,jitter=1ms,seed=7"; all words are
 * told in docs/impairments.md. Probabilities with or without %, times in ns us ms s, rates in bit kbit mbit gbit
 * (decimal), sizes plain or in k m (binary). 0, or -RILL_EINVAL with *where at the word that was not understood.
 */
int rill_impairment_parse(const char *text, struct rill_impairment *out, const char **where);

/*
 * A wire with faults in front of another driver, which it owns when it succeeds: tx and rx are what leaves the stack
 * and what comes to it. Trains are cut into packets first, so that each packet has its own fate; the inner driver
 * should have its offloads off, so that the same holds on the way in. -RILL_EINVAL: a probability outside 0 .. 1, a
 * time over an hour, a rate over 1 Pbit/s.
 */
int rill_impaired_wire(struct rill_driver *inner, const struct rill_impairment *tx, const struct rill_impairment *rx,
                       struct rill_driver **out);
void rill_impaired_counts(const struct rill_driver *impaired, struct rill_impaired_counts *tx,
                          struct rill_impaired_counts *rx);

/* A Linux TUN device, made when it does not exist. offload false: no virtio-net offloads either way. */
struct rill_tun_config {
    char name[16]; /* "" : the kernel picks, and writes it here */
    uint16_t mtu;  /* 0: 1500 */
    bool offload;
    struct rill_addr kernel_addr; /* given to the kernel's side when it has none, and brought up; unspecified: leave */
    uint8_t prefix_bits;
};

/* 0; -errno of the system call that failed: ENOENT (no /dev/net/tun), EPERM, EBUSY (in use), EINVAL (not a TUN). */
int rill_tun_open(struct rill_tun_config *config, struct rill_driver **out);

/* Everything that passes an inner driver, written to a pcap file as packets (trains cut as on a wire, what
 * offloads left out filled in). Nanosecond timestamps of the day; flushed every second of `now`. Owns inner when it
 * succeeds; -errno of the file that cannot be made. */
int rill_pcap_tap(struct rill_driver *inner, const char *path, struct rill_driver **out);

#ifdef __cplusplus
}
#endif
#endif
