/*
 * rill: a TCP/IP stack that you link. The native API.
 *
 * The engine is sans I/O: it never reads a clock, a descriptor or a random
 * device and never allocates. Time, entropy, memory and packets come in here:
 *
 *     struct rill_config config;
 *     rill_config_default(&config);
 *     config.memory = region; config.memory_bytes = sizeof region;
 *     config.now = now; memcpy(config.secret, random, 16);
 *     rill_stack_create(&config, &stack);
 *     rill_netif_add(stack, &netif_config, &netif);
 *     for (;;) {
 *         rill_input(stack, netif, packets, count, now);      packets that came
 *         rill_poll(stack, now);                              timers
 *         while (rill_next(stack, &event)) ...                what happened
 *         n = rill_output(stack, netif, trains, max, now);    packets to send
 *         wait until rill_deadline(stack) or a packet
 *     }
 *
 * <rill/driver.h> has drivers (TUN, memory wire, ...) and a loop that does this.
 *
 * THREADS. A stack belongs to one thread at a time. No call here may run while
 * another one on the same stack runs. Different stacks share nothing.
 *
 * RE-ENTRANCY. The engine never calls the application (but for the trace
 * function, which must not call back). It queues events; rill_next() takes them.
 *
 * ERRORS. Functions return 0 or a count when they succeed and a negative
 * RILL_E... when they do not; errno is never touched. The numbers are Linux's.
 *
 * TIME. rill_time is nanoseconds of any clock that does not go backward
 * (CLOCK_MONOTONIC, a simulated one); an earlier time than the last one given
 * counts as that last one. It may be coarse: ticks of 55 ms work. But ISNs go
 * by it (RFC 6528, 4 us), so that a pair of ports that is used, aborted and used
 * again within a tick has the same ISN twice, and old packets may pass for new.
 */
#ifndef RILL_RILL_H
#define RILL_RILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rill/counters.h"
#include "rill/packet.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef uint64_t rill_time;
#define RILL_NEVER UINT64_MAX

struct rill_stack;

/* A connection, a listener or a UDP socket (<rill/udp.h>). Never a pointer, never reused: a stale one is answered with
 * RILL_EBADF. 0 is none. */
typedef uint64_t rill_conn;

enum rill_error {
    RILL_EPERM = 1,
    RILL_ENOENT = 2,
    RILL_EIO = 5,
    RILL_ENXIO = 6,
    RILL_EBADF = 9,
    RILL_EAGAIN = 11,
    RILL_ENOMEM = 12,
    RILL_EACCES = 13,
    RILL_EINVAL = 22,
    RILL_EPIPE = 32,
    RILL_EPROTO = 71,
    RILL_EMSGSIZE = 90,
    RILL_EOPNOTSUPP = 95,
    RILL_EADDRINUSE = 98,
    RILL_EADDRNOTAVAIL = 99,
    RILL_ENETUNREACH = 101,
    RILL_ECONNABORTED = 103,
    RILL_ECONNRESET = 104,
    RILL_ENOBUFS = 105,
    RILL_EISCONN = 106,
    RILL_ENOTCONN = 107,
    RILL_ESHUTDOWN = 108,
    RILL_ETIMEDOUT = 110,
    RILL_ECONNREFUSED = 111,
    RILL_EHOSTUNREACH = 113,
    RILL_EALREADY = 114,
    RILL_EINPROGRESS = 115,
};

/* The error's symbol without the prefix, "ECONNRESET"; takes either sign. */
const char *rill_error_name(int error);

/* ------------------------------------------------------------------ addresses */

/* IPv6 in network order; an IPv4 address a.b.c.d is ::ffff:a.b.c.d. All zero is "unspecified". */
struct rill_addr {
    uint8_t bytes[16];
};

struct rill_endpoint {
    struct rill_addr addr;
    uint16_t port; /* host order */
};

struct rill_addr rill_addr4(uint8_t a, uint8_t b, uint8_t c, uint8_t d);
bool rill_addr_is_v4(const struct rill_addr *addr);
bool rill_addr_is_unspecified(const struct rill_addr *addr);
bool rill_addr_equal(const struct rill_addr *a, const struct rill_addr *b);

/* "10.77.0.2", "fd77::2". Returns 0 or -RILL_EINVAL; text ends at the NUL. */
int rill_addr_parse(const char *text, struct rill_addr *out);

#define RILL_ADDR_TEXT_BYTES 46
/* RFC 5952 text into `to`; returns to. */
char *rill_addr_format(const struct rill_addr *addr, char to[RILL_ADDR_TEXT_BYTES]);

/* ------------------------------------------------------------------ the stack */

struct rill_config {
    uint32_t size; /* sizeof(struct rill_config), set by rill_config_default(): lets the struct grow */

    void *memory;        /* the stack's whole memory, 4096-aligned; the caller's, for the stack's life */
    size_t memory_bytes; /* the hard cap; at least RILL_MEMORY_MIN. Untouched pages stay untouched. */
    uint8_t secret[16];  /* from a CSPRNG: ISNs, ports and tables rest on it (RFC 6528, 6056) */
    rill_time now;       /* the time of creation */

    uint32_t max_connections; /* most TCBs; 0: as memory allows */
    uint32_t max_time_wait;   /* most TIME-WAIT blocks, the oldest give way (counted); 0: as memory allows */

    /* TCP defaults; each can be set per connection where struct rill_options has it. 0 is never "unlimited" here. */
    uint32_t send_buffer_bytes;    /* true size a connection may queue to send */
    uint32_t receive_buffer_bytes; /* true size it may hold received; the largest window follows from it */
    /*
     * What these grow to by themselves on connections whose options choose no size: with the congestion window, and with
     * what the application reads in a round trip; while half of the memory is free, to a quarter of what is free. Not
     * more than the sizes above: no growth. Default: 512 MiB.
     */
    uint32_t send_buffer_bytes_max, receive_buffer_bytes_max;
    uint32_t window_bytes_max;   /* what the scale of our SYNs can express unless a buffer is chosen; default 8 MiB */
    uint32_t msl_ms;             /* TIME-WAIT lasts twice this (RFC 9293 3.4.2); default 30,000 */
    uint32_t rto_initial_ms;     /* RFC 6298 2.1: 1,000 */
    uint32_t rto_min_ms;         /* default 200: see docs/decisions */
    uint32_t rto_max_ms;         /* RFC 6298 2.5: at least 60,000; default 60,000 */
    uint32_t rto_granularity_ms; /* RFC 6298 2.3, G: an RTO is at least this above SRTT; default 100, Linux's is 200 */
    uint32_t user_timeout_ms;    /* R2 for data: given up after this without an answer (MUST-20, >= 100 s) */
    uint32_t syn_timeout_ms;     /* R2 for a SYN (MUST-23: at least 3 minutes) */
    uint32_t delayed_ack_ms;     /* below 500 (MUST-40... RFC 9293 3.8.6.3); default 40 */
    uint32_t fin_wait_2_ms;      /* how long a closed (orphan) connection waits in FIN-WAIT-2; default 60,000 */
    uint32_t keepalive_idle_ms;  /* RFC 9293 3.8.4: at least two hours by default */
    uint32_t keepalive_interval_ms;
    uint32_t keepalive_probes;
    uint32_t initial_window_segments; /* RFC 6928: 10 */
    uint32_t syn_retries;             /* times a SYN,ACK is sent again before the half-open entry goes */
    bool timestamps;                  /* offer and accept RFC 7323 timestamps */
    bool window_scaling;
    bool sack;
    bool loss_probes; /* RFC 8985 7: ask after a lost tail before the retransmission timer does; default: on */
    bool syn_cookies; /* answer SYNs without state when a SYN queue is full (RFC 4987) */

    const char *congestion_control; /* rill_congestion_control_name(); NULL: the default */
    uint32_t
        bbr_loss_percent; /* a round trip that loses more shows "bbr" that it sends too much; default 8, its draft: 2 */
    /*
     * Keep for each connection that has carried data what struct rill_status tells from data_segments_in on: 96 bytes,
     * which stay until its end. Default: false.
     */
    bool transfer_counts;
    /*
     * A SYN is sent again after three of the round trips that the last connection to the same host began with, within
     * rto_min_ms and rto_initial_ms, as long as a connection to that host is there, in TIME-WAIT too, or its narrow path is remembered (RFC 9040 6;
     * RFC 6298 2.1 asks for a second only where nothing was measured between the two hosts). Default: true.
     */
    bool remember_rtt;
    bool pacing; /* spread what a window allows over the round trip; those that need it ("bbr") do so anyway */
    /*
     * The same for "cubic", "reno" and "dctcp" past slow start, while the window and nothing else holds a sender back for
     * whole round trips, of 2 ms or more: two that share a full queue lose alike then. Default: on.
     */
    bool window_pacing;
    /* TCP Fast Open (RFC 7413): what connections and listeners may ask for. docs/ecn-and-fast-open.md */
    uint32_t fast_open;           /* enum rill_fast_open; default: both sides may */
    uint32_t fast_open_key_ms;    /* a new key for our cookies so often; those of the key before are valid too */
    uint32_t fast_open_key_count; /* or these keys instead: as rill_set_fast_open_keys() */
    uint8_t fast_open_keys[2][16];

    uint32_t ecn; /* enum rill_ecn; default RILL_ECN_ACCEPT */

    /* Path MTU discovery without ICMP (RFC 4821). docs/path-mtu.md */
    uint32_t mtu_probing; /* enum rill_mtu_probing; default RILL_MTU_PROBING_BLACK_HOLE */
    uint32_t
        mtu_base; /* packets of so many bytes fit nearly every path: where a search begins; 1200 (RFC 8899 5.1.2) */
};

/* When TCP finds out by itself what a path carries. What routers say of it is heeded always. */
enum rill_mtu_probing {
    RILL_MTU_PROBING_OFF,        /* never */
    RILL_MTU_PROBING_BLACK_HOLE, /* once full-sized segments have vanished without a word */
    RILL_MTU_PROBING_ALWAYS,     /* from the start: every path begins with mtu_base */
};

/* Explicit congestion notification (RFC 3168, AccECN). docs/ecn-and-fast-open.md */
enum rill_ecn {
    RILL_ECN_DEFAULT,  /* in struct rill_options: the stack's own */
    RILL_ECN_OFF,      /* neither ask for it nor agree to it */
    RILL_ECN_ACCEPT,   /* agree to RFC 3168's when asked */
    RILL_ECN_ON,       /* ask for RFC 3168's too */
    RILL_ECN_ACCURATE, /* ask for AccECN, and agree to whichever is asked for */
};

enum rill_fast_open {
    RILL_FAST_OPEN_CLIENT = 0x1, /* connections may send data in their SYN */
    RILL_FAST_OPEN_SERVER = 0x2, /* listeners may take it */
    /* Without cookies, for closed networks: nothing then proves an address before its data is taken (RFC 7413 5). */
    RILL_FAST_OPEN_CLIENT_NO_COOKIE = 0x8,
    RILL_FAST_OPEN_SERVER_NO_COOKIE = 0x10,
    RILL_FAST_OPEN_ALL_LISTENERS = 0x4, /* all do, up to their backlog, without being asked to */
};

#define RILL_MEMORY_MIN (256u * 1024u)

void rill_config_default(struct rill_config *config);

/* Lay a stack over config->memory. 0, -RILL_EINVAL (a setting is out of range), -RILL_ENOMEM (too small). */
int rill_stack_create(const struct rill_config *config, struct rill_stack **out);

/* Every connection is dropped without a packet; the memory is the caller's again. */
void rill_stack_destroy(struct rill_stack *stack);

/* ---------------------------------------------------------------- interfaces */

struct rill_netif_config {
    char name[16];
    uint16_t mtu; /* largest IP packet, 576 .. 65535; where it varies, the least (RFC 9293 SHLD-6) */
    bool offload; /* the driver takes trains whole (TSO and checksum): see rill_output() */
    struct rill_addr addr;
    uint8_t prefix_bits;      /* of addr's own family: 0 .. 32 or 0 .. 128 */
    struct rill_addr gateway; /* unspecified: none */
};

/* 0 and the interface's number, or a negative error. */
int rill_netif_add(struct rill_stack *stack, const struct rill_netif_config *config, int *netif);

/* --------------------------------------------------------------- packets, time */

/*
 * Give the stack packets that came in on an interface. A packet whose buffer
 * is not 0 lies in a buffer from rill_buffer_take(): when the stack keeps it,
 * packets[i].buffer is 0 afterwards and the driver forgets it; else it is still
 * the driver's. Other packets are copied where something must be kept.
 * Never fails: a bad packet is dropped and counted.
 */
void rill_input(struct rill_stack *stack, int netif, struct rill_packet *packets, unsigned count, rill_time now);

/*
 * Take what the stack wants to send on an interface: up to max trains. Fewer
 * than max means that nothing is left. The slices are valid until the next call
 * on the stack, so a driver consumes (or copies) the trains first. A driver
 * whose device is full asks for fewer or not at all: the data waits in the
 * stack, and is put together when it leaves.
 * With netif offload false a train is still a train: cut it with wire/train.h,
 * as all of rill's own drivers do.
 */
unsigned rill_output(struct rill_stack *stack, int netif, struct rill_train *trains, unsigned max, rill_time now);

/* Run the timers that are due. */
void rill_poll(struct rill_stack *stack, rill_time now);

/*
 * When rill_poll() must be called next: the next thing due, RILL_NEVER when nothing is. With some hundred timers or
 * more it may be earlier than that, never later: timers that moved away, as the retransmission timer does with each
 * ACK, are then found out when they come up.
 */
rill_time rill_deadline(struct rill_stack *stack);

/* True when rill_output() on this interface would return something. */
bool rill_wants_output(const struct rill_stack *stack, int netif);

/* A receive buffer in the stack's memory, for a driver to read a packet into. 0 when memory is short. */
uint32_t rill_buffer_take(struct rill_stack *stack, uint32_t bytes, uint8_t **data);
void rill_buffer_give(struct rill_stack *stack, uint32_t buffer);

/* -------------------------------------------------------------------- events */

enum rill_what {
    RILL_ESTABLISHED = 0x001, /* the handshake is done */
    RILL_READABLE = 0x002,    /* data, or the end of the stream, can be received */
    RILL_WRITABLE = 0x004,    /* room to send, after a send that was short */
    RILL_PEER_CLOSED = 0x008, /* the peer's FIN: after what is queued comes the end of the stream */
    RILL_URGENT = 0x010,      /* the urgent mark moved ahead of the reader (RFC 9293 3.8.5) */
    RILL_RESET = 0x020,       /* over: error says why (RILL_ECONNRESET, RILL_ECONNREFUSED, RILL_ETIMEDOUT, ...) */
    RILL_CLOSED = 0x040,      /* the connection is gone from the network; close the handle */
    RILL_ACCEPTABLE = 0x080,  /* a listener has a connection to accept */
    RILL_SENT = 0x100,        /* everything given to rill_send() has been acknowledged */
    RILL_SOFT_ERROR = 0x200,  /* RFC 9293 3.9.2.2, SHLD-9: trouble on the way, nothing given up */
    RILL_RELEASED = 0x400,    /* of what was lent by RILL_SEND_LENT, some is the application's again: rill_lent() */
    RILL_PROGRESS = 0x800,    /* with RILL_OPTION_PROGRESS: new data was sent, or some was acknowledged */
};

struct rill_event {
    rill_conn conn;
    uint64_t user; /* what rill_set_user() or struct rill_options gave */
    uint32_t what; /* enum rill_what bits; more than one may have happened */
    int32_t error; /* negative, with RILL_RESET and RILL_SOFT_ERROR */
};

/* The next event, oldest first; false when there is none. Edge-triggered: each thing that happened is told once. */
bool rill_next(struct rill_stack *stack, struct rill_event *event);

/* ----------------------------------------------------------------------- TCP */

/* How long and how much a connection puts up with. 0: the stack's own. */
struct rill_limits {
    uint32_t user_timeout_ms; /* R2 for data: given up after this without an answer */
    uint32_t keepalive_idle_ms, keepalive_interval_ms;
    uint32_t keepalive_probes; /* at most 255, as the next */
    uint32_t syn_retries;      /* a SYN is sent again so often; the stack's own is a time, rill_config.syn_timeout_ms */
    uint32_t fin_wait_2_ms;    /* a closed connection waits for the peer's FIN no longer */
    uint32_t unsent_bytes;     /* no room to send while so much was never sent, whatever the buffer would hold */
    uint32_t window_bytes;     /* the most that is offered as window, as far as its scale can say that; 0: no bound */
    uint64_t pacing_rate;      /* bytes a second that leave at most, over more than two segments; 0: no bound */
};

struct rill_options {
    uint32_t size;                 /* sizeof(struct rill_options), set by rill_options_default() */
    uint64_t user;                 /* comes back in events */
    struct rill_endpoint local;    /* where to bind; unspecified address and port 0: the stack chooses (RFC 6056) */
    uint32_t send_buffer_bytes;    /* 0: the stack's default, which may grow (rill_config.send_buffer_bytes_max) */
    uint32_t receive_buffer_bytes; /* 0: likewise */
    struct rill_limits limits;
    uint16_t mss; /* most payload per segment, both ways; 0: what the path allows */
    uint8_t tos;
    uint8_t ttl;    /* 0: 64 */
    uint32_t flags; /* enum rill_option_flag */
    /*
     * Listeners: a connection waits for accept only when its first data has come, or the SYN,ACK was sent again so
     * often (at most 8, each after twice the time) without any; 0: as soon as it is established.
     */
    uint8_t defer_accept;
    uint32_t backlog; /* listeners: connections waiting for accept; half-open ones have as many again (>= 16) */
    const char *congestion_control; /* rill_congestion_control_name(); NULL: the stack's */
    /*
     * Listeners: connections that a SYN with a valid cookie may open before its handshake is done (RFC 7413 4.2,
     * PendingFastOpenRequests). 0: fast open is off. The data of such a SYN may be a copy of what came before (RFC
     * 7413 6.3.1): only for applications that can bear that.
     */
    uint32_t fast_open_backlog;
    uint8_t ecn; /* enum rill_ecn */
};

enum rill_option_flag {
    RILL_OPTION_NODELAY = 0x1,   /* no Nagle (RFC 9293 MUST-17) */
    RILL_OPTION_KEEPALIVE = 0x2, /* off unless asked for (MUST-25) */
    RILL_OPTION_CORK = 0x4,      /* hold segments that are not full */
    RILL_OPTION_QUICK_ACK = 0x8, /* acknowledge at once */
    RILL_OPTION_OOB_INLINE = 0x10,
    RILL_OPTION_NO_SOFT_ERRORS = 0x20, /* RILL_SOFT_ERROR is not told (RFC 9293 SHLD-20) */
    RILL_OPTION_FAST_OPEN = 0x40,      /* connect: the first data goes in the SYN, see rill_tcp_connect() */
    RILL_OPTION_PROGRESS = 0x80,       /* tell RILL_PROGRESS */
    RILL_OPTION_REUSE_PORT = 0x100000, /* listeners: share the port with others that ask for it, each flow finds one */
    RILL_OPTION_V4_ONLY = 0x200000,    /* listeners at the unspecified address: of one family alone */
    RILL_OPTION_V6_ONLY = 0x400000,
    RILL_OPTION_USER_TIMEOUT = 0x8000000, /* tell and take user timeouts (RFC 5482); off unless asked for */
};

void rill_options_default(struct rill_options *options);

/*
 * OPEN, passive (RFC 9293 3.10.1): wait for connections to options->local.
 * 0; -RILL_EADDRINUSE, -RILL_EADDRNOTAVAIL, -RILL_ENOMEM, -RILL_EINVAL.
 */
int rill_tcp_listen(struct rill_stack *stack, const struct rill_options *options, rill_conn *out);

/* The oldest connection that waits at a listener, -RILL_EAGAIN when none does. Inherits the listener's options. */
int rill_accept(struct rill_stack *stack, rill_conn listener, rill_conn *out, struct rill_endpoint *peer);

/*
 * OPEN, active: send a SYN. Returns at once; RILL_ESTABLISHED or RILL_RESET tells how it went. options may be
 * NULL. 0; -RILL_EINVAL (no remote: "remote socket unspecified"), -RILL_ENETUNREACH (no route, or a broadcast or
 * multicast address, MUST-46), -RILL_EADDRINUSE, -RILL_EADDRNOTAVAIL, -RILL_ENOMEM.
 *
 * With RILL_OPTION_FAST_OPEN (RFC 7413), when a cookie for the server is known, the SYN waits for the first
 * rill_send(), whose data it takes along; RILL_WRITABLE is told at once. When none is known the SYN leaves now and asks
 * for one, for the next time. The server may see the data twice (RFC 7413 6.3.1).
 */
int rill_tcp_connect(struct rill_stack *stack, const struct rill_endpoint *remote, const struct rill_options *options,
                     rill_conn *out);

/*
 * rill_tcp_connect() with RILL_OPTION_FAST_OPEN and the first rill_send() in one. Returns the bytes taken, which are in
 * the SYN as far as one is allowed to carry them, or the error of either call: then there is no connection.
 */
int64_t rill_tcp_connect_data(struct rill_stack *stack, const struct rill_endpoint *remote,
                              const struct rill_options *options, const void *data, size_t length_bytes,
                              rill_conn *out);

/* Change a listener's fast_open_backlog. 0; -RILL_EBADF when it is no listener. */
int rill_set_fast_open(struct rill_stack *stack, rill_conn listener, uint32_t fast_open_backlog);

/*
 * Keys for the cookies of our listeners: the first makes them, all are accepted. At most two; 0: the stack's own, which
 * change by themselves. Servers behind one address must share them.
 */
#define RILL_FAST_OPEN_KEY_BYTES 16
int rill_set_fast_open_keys(struct rill_stack *stack, const uint8_t keys[][RILL_FAST_OPEN_KEY_BYTES], unsigned count);

/*
 * OPEN, active, on a passive connection (3.10.1: "changed from passive to active"): the listener's local end
 * sends a SYN, the listener is gone. Errors as rill_tcp_connect(); then the listener stays.
 */
int rill_tcp_connect_listener(struct rill_stack *stack, rill_conn listener, const struct rill_endpoint *remote,
                              rill_conn *out);

/* rill_send() flags */
#define RILL_SEND_URGENT 0x1u /* RFC 9293 3.8.5: the urgent pointer is set behind these bytes */
#define RILL_SEND_MORE 0x2u   /* more follows soon: a segment that is not full may wait */
#define RILL_SEND_LENT 0x4u /* do not copy: the bytes taken are lent, and must stay as they are, until RILL_RELEASED */

#define RILL_SEND_END_OF_RECORD                                                                                        \
    0x8u /* no segment holds these bytes and later ones, not even when they are sent again */

/*
 * SEND: copy bytes into the send queue. Returns how many were taken, which
 * may be fewer than asked; -RILL_EAGAIN when there is no room (RILL_WRITABLE
 * follows), -RILL_ENOBUFS when the stack has no memory even for one buffer ("insufficient
 * resources": try again later), -RILL_EPIPE after rill_shutdown() or rill_close() ("connection
 * closing"), -RILL_ENOTCONN for a listener, -RILL_EBADF ("connection does not
 * exist"), or the error that ended the connection, once.
 */
int64_t rill_send(struct rill_stack *stack, rill_conn conn, const void *data, size_t length_bytes, unsigned flags);

/*
 * Bytes that are still lent: the last so many of those that sends with RILL_SEND_LENT took; all others are the
 * application's again. rill_close() copies what is lent then (or resets the connection, when memory is short), so that
 * nothing is lent any more when it, or rill_abort(), has returned; nor when the connection has ended. The pointers stand
 * in the stack's memory: with something lent it cannot be carried into another process.
 */
int64_t rill_lent(struct rill_stack *stack, rill_conn conn);

/* rill_receive() flags */
#define RILL_RECEIVE_PEEK 0x1u

/*
 * RECEIVE: copy bytes out. Returns how many; 0 at the end of the stream (the
 * peer's FIN, all before it delivered); -RILL_EAGAIN when nothing is there yet;
 * the error that ended the connection, behind what had come in order; -RILL_EBADF, -RILL_ENOTCONN as above.
 */
int64_t rill_receive(struct rill_stack *stack, rill_conn conn, void *data, size_t length_bytes, unsigned flags);

/*
 * Borrow instead of copying: up to max slices of what is queued, in order.
 * Valid until the next call on this connection; rill_consume() then gives the
 * first length_bytes back. Returns the number of slices, 0 at the end of the stream, negative
 * as rill_receive().
 */
int rill_borrow(struct rill_stack *stack, rill_conn conn, struct rill_slice *slices, unsigned max);
int rill_consume(struct rill_stack *stack, rill_conn conn, size_t length_bytes);

/*
 * Half close: RFC 9293's CLOSE. What is queued is sent, then a FIN. Receiving
 * goes on. 0; -RILL_EPIPE when already closed so ("connection closing"); -RILL_ENOTCONN, -RILL_EBADF.
 */
int rill_shutdown(struct rill_stack *stack, rill_conn conn);

/*
 * Close as close(2) does: both directions; the handle is gone at once. What is
 * queued to send is still sent, then FIN. If received data was not read, or
 * more arrives, the peer gets a RST (SHLD-3: it learns that data was lost).
 * For a listener: connections not yet accepted are reset. 0 or -RILL_EBADF.
 */
int rill_close(struct rill_stack *stack, rill_conn conn);

/* ABORT: RST to the peer where the state asks for it, everything queued is dropped, the handle is gone. */
int rill_abort(struct rill_stack *stack, rill_conn conn);

/* Change flags (enum rill_option_flag) of a connection; of a listener: those of its connections to come. */
int rill_set_flags(struct rill_stack *stack, rill_conn conn, uint32_t set, uint32_t clear);
/*
 * Change what was given in struct rill_options, of a connection or of a listener for its connections to come: those
 * members that `which` names, enum rill_option_change bits. 0, -RILL_EINVAL, -RILL_EBADF.
 */
enum rill_option_change {
    RILL_CHANGE_SEND_BUFFER = 0x1,
    RILL_CHANGE_RECEIVE_BUFFER = 0x2, /* the window that was offered stays; 0: the stack's, as for the others */
    RILL_CHANGE_MSS = 0x4,            /* of a connection: only to less than was agreed */
    RILL_CHANGE_TOS = 0x8,
    RILL_CHANGE_TTL = 0x10,
    RILL_CHANGE_BACKLOG = 0x20, /* this and the next two: of listeners alone */
    RILL_CHANGE_DEFER_ACCEPT = 0x40,
    RILL_CHANGE_REUSE_PORT = 0x80, /* the flag: whether others may come; those that are there stay */
};
int rill_set_options(struct rill_stack *stack, rill_conn conn, const struct rill_options *options, unsigned which);

/*
 * Change a connection's user timeout: given up after this without an answer. With RILL_OPTION_USER_TIMEOUT the peer
 * is told. What the peer tells changes nothing from then on (RFC 5482 3.1: CHANGEABLE is false).
 */
int rill_set_user_timeout(struct rill_stack *stack, rill_conn conn, uint32_t user_timeout_ms);

/*
 * Change all limits of a connection, or of a listener for its connections to come; rill_limits() tells them, those of
 * the stack filled in. -RILL_ENOMEM, -RILL_EINVAL: nothing has changed.
 */
int rill_set_limits(struct rill_stack *stack, rill_conn conn, const struct rill_limits *limits);
int rill_limits(struct rill_stack *stack, rill_conn conn, struct rill_limits *out);

/*
 * Change a connection's congestion control (RFC 9293 MAY-18), at any time; of a listener: that of its connections to
 * come. NULL or "": the stack's. 0; -RILL_ENOENT: there is none of this name.
 */
int rill_set_congestion_control(struct rill_stack *stack, rill_conn conn, const char *name);

/* The names there are: index 0 is the default; NULL behind the last. */
const char *rill_congestion_control_name(unsigned index);

int rill_set_user(struct rill_stack *stack, rill_conn conn, uint64_t user);

/* Bytes that rill_receive() would give now; room that rill_send() would take now. Negative errors as above. */
int64_t rill_receive_queued(struct rill_stack *stack, rill_conn conn);
int64_t rill_send_room(struct rill_stack *stack, rill_conn conn);

/*
 * For teaching and tests: withhold what the connection would send. Segments
 * wait (nothing is lost) until the hold is lifted, so that a peer can be seen
 * in SYN-RECEIVED, CLOSING or LAST-ACK for as long as one likes.
 */
int rill_hold_output(struct rill_stack *stack, rill_conn conn, bool hold);

/* ------------------------------------------------------------------- STATUS */

enum rill_state {
    RILL_STATE_CLOSED,
    RILL_STATE_LISTEN,
    RILL_STATE_SYN_SENT,
    RILL_STATE_SYN_RECEIVED,
    RILL_STATE_ESTABLISHED,
    RILL_STATE_FIN_WAIT_1,
    RILL_STATE_FIN_WAIT_2,
    RILL_STATE_CLOSE_WAIT,
    RILL_STATE_CLOSING,
    RILL_STATE_LAST_ACK,
    RILL_STATE_TIME_WAIT,
    RILL_STATES
};

/* "SYN-RECEIVED": the RFC's name. */
const char *rill_state_name(enum rill_state state);

enum rill_timer {
    RILL_TIMER_NONE,
    RILL_TIMER_RETRANSMISSION,
    RILL_TIMER_PERSIST,
    RILL_TIMER_DELAYED_ACK,
    RILL_TIMER_KEEPALIVE,
    RILL_TIMER_TIME_WAIT,
    RILL_TIMER_FIN_WAIT_2,
    RILL_TIMER_USER,
    RILL_TIMER_PROBE,   /* RFC 8985 7: tail loss probe */
    RILL_TIMER_REORDER, /* RFC 8985 6.2: what is late may have been reordered */
    RILL_TIMER_PACING,
};

/* What the sender is doing about loss; Linux's numbers (tcpi_ca_state). */
enum rill_sending {
    RILL_SENDING_OPEN,     /* nothing is wrong */
    RILL_SENDING_DISORDER, /* something came out of order, or is being waited for */
    RILL_SENDING_REDUCED,  /* the window is being reduced without loss (ECN) */
    RILL_SENDING_RECOVERY, /* fast recovery */
    RILL_SENDING_LOSS      /* after the retransmission timer fired */
};

/* RFC 9293 3.10.6 STATUS, and more. */
struct rill_status {
    uint32_t size; /* set by rill_status() */
    rill_conn conn;
    uint8_t protocol;      /* 6: TCP; 17: UDP, which has the ends, the queues and what was counted, and nothing else */
    enum rill_state state; /* UDP: RILL_STATE_ESTABLISHED when connected, else RILL_STATE_CLOSED */
    struct rill_endpoint local, remote;
    int netif;
    uint64_t user;
    bool orphan; /* the application has closed its handle */

    uint32_t receive_queued, receive_buffer_bytes; /* listener: waiting for accept, and the backlog */
    uint32_t urgent_ahead; /* bytes to read until the urgent mark is passed, come or not (RFC 9293 3.8.5); 0: none is */
    uint32_t send_queued, send_buffer_bytes; /* not acknowledged: sent or not */
    uint32_t half_open;                      /* listener: connections in SYN-RECEIVED */

    uint32_t iss, irs, snd_una, snd_nxt, snd_wnd, rcv_nxt, rcv_wnd;
    uint32_t snd_mss, rcv_mss, pmtu;
    uint8_t snd_wscale, rcv_wscale;
    bool timestamps, sack, window_scaling;
    enum rill_ecn ecn; /* agreed: RILL_ECN_OFF, RILL_ECN_ON or RILL_ECN_ACCURATE */
    bool syn_data;     /* data in a SYN, sent or received, was acknowledged by the SYN,ACK (RFC 7413) */
    bool reordering_seen;
    bool delivery_rate_is_low; /* the application, not the network, made it so */

    uint32_t srtt_us, rttvar_us, rto_us;
    uint32_t cwnd_bytes, ssthresh_bytes, flight_bytes;
    const char *congestion_control;
    enum rill_sending sending;
    uint32_t sacked_bytes, lost_bytes; /* of what was sent and is not acknowledged */
    uint32_t again_bytes;              /* in flight, and not for the first time */
    uint32_t sacked_segments;
    uint32_t unsent_bytes;  /* of send_queued */
    uint32_t min_rtt_us;    /* lately; 0: not measured */
    uint32_t quiet_ms;      /* since the last acceptable segment */
    uint32_t retransmitted; /* segments, over the connection's life */
    uint32_t segments_in, segments_out;
    uint64_t pacing_rate;   /* bytes a second; 0: not paced */
    uint64_t delivery_rate; /* bytes a second, the last measurement; 0: none yet */
    uint64_t bytes_sent_acked, bytes_received;

    uint32_t delayed_ack_us; /* how long an ACK may wait for a second segment */

    /* With rill_config.transfer_counts, else 0: over the connection's life, from its first data on. */
    uint32_t data_segments_in, data_segments_out; /* of the stream; sent again, and come twice, too */
    uint32_t delivered_segments;                  /* that the peer has, as far as it has said */
    uint32_t delivered_marked;                    /* of these, came there with a congestion mark (ECN) */
    uint32_t duplicates_told;                     /* segments that the peer has had twice (RFC 2883) */
    uint32_t reorderings;                         /* times that something arrived there late */
    uint32_t out_of_order;                        /* segments that came here before their time */
    uint32_t sent_ms, received_ms;                /* since data was sent last, and came last */
    uint32_t receive_rtt_us, receive_space;       /* a round trip as the receiver sees it; what was read in it */
    uint64_t bytes_sent, bytes_retransmitted;     /* bytes_sent: these too */
    uint64_t busy_us;                             /* with something to send, or to be acknowledged. Of this: */
    uint64_t window_limited_us;                   /* the peer's window was shut, or too small */
    uint64_t buffer_limited_us; /* all was on its way, and the application waited for room to send more */

    enum rill_timer timer; /* the one that is due first */
    rill_time timer_left;  /* until it fires */
    uint32_t backoff;      /* retransmissions or probes in a row without an answer */
};

int rill_status(struct rill_stack *stack, rill_conn conn, struct rill_status *out);

/* Walk everything: listeners, half-open, connections, TIME-WAIT, UDP sockets. Start with *cursor = 0; false at the end. */
bool rill_list(struct rill_stack *stack, uint64_t *cursor, struct rill_status *out);

uint64_t rill_drops(const struct rill_stack *stack, enum rill_drop reason);
const char *rill_drop_name(enum rill_drop reason);
const char *rill_drop_meaning(enum rill_drop reason);
uint64_t rill_counted(const struct rill_stack *stack, enum rill_count count);
const char *rill_count_name(enum rill_count count);

struct rill_memory {
    uint64_t arena_bytes, used_bytes, used_bytes_max;
    uint64_t head_bytes; /* the stack itself, whatever it holds */
    uint64_t connection_bytes, half_open_bytes, time_wait_bytes, path_bytes, table_bytes, udp_bytes;
    uint64_t fragment_bytes;     /* datagrams that come in pieces; the pieces are in buffers */
    uint64_t buffer_bytes;       /* in live buffers */
    uint64_t spare_buffer_bytes; /* held for buffers to come */
    uint32_t connections, half_open, time_wait, paths, listeners, udp_sockets;
    uint64_t requests, refusals; /* of memory, by whatever part of the stack */
};

void rill_memory(const struct rill_stack *stack, struct rill_memory *out);

/*
 * For tests of programs, which must survive a stack without memory: of the requests to come, `count` are refused after
 * the next `after`. Replaces what was asked before; count 0: none is.
 */
void rill_refuse_memory(struct rill_stack *stack, uint64_t after, uint64_t count);

/*
 * What packets make the stack look at: records, ranges and buffers that loops stop at. At most 64 for a packet,
 * whatever peers make the queues grow to.
 */
struct rill_work {
    uint32_t steps, steps_max; /* for the last packet or timer; for any packet so far */
    uint64_t settled;          /* records and buffers done with, each once: paid for by what made them */
};

void rill_work(const struct rill_stack *stack, struct rill_work *out);

/* Every invariant of the whole stack (slow); true when all hold. Tests and simulators call it after each step. */
bool rill_check(struct rill_stack *stack);

/* --------------------------------------------------------------------- trace */

enum rill_trace_type {
    RILL_TRACE_STATE,       /* a = old state, b = new state */
    RILL_TRACE_SEGMENT_IN,  /* packet */
    RILL_TRACE_SEGMENT_OUT, /* packet */
    RILL_TRACE_DROP,        /* a = enum rill_drop; packet where there is one */
    RILL_TRACE_RTT,         /* a = sample in us, b = SRTT in us */
    RILL_TRACE_CWND,        /* a = cwnd, b = ssthresh, bytes */
    RILL_TRACE_LOSS,        /* a = enum rill_trace_loss, b = SND.UNA */
    RILL_TRACE_TIMER,       /* a = enum rill_timer, fired */
    RILL_TRACE_CALL,        /* a = enum rill_trace_call */
    RILL_TRACE_MTU,         /* a = enum rill_trace_mtu, b = bytes of a packet: the probe's, or the path's MTU now */
};

enum rill_trace_loss {
    RILL_LOSS_DUPLICATE_ACKS,
    RILL_LOSS_PARTIAL_ACK,
    RILL_LOSS_TIMEOUT,
    RILL_LOSS_RECOVERED,
    RILL_LOSS_RACK,     /* found by time (RFC 8985) */
    RILL_LOSS_SPURIOUS, /* it was none: what it cost is given back */
};
enum rill_trace_call {
    RILL_CALL_LISTEN,
    RILL_CALL_CONNECT,
    RILL_CALL_ACCEPT,
    RILL_CALL_SHUTDOWN,
    RILL_CALL_CLOSE,
    RILL_CALL_ABORT,
};

enum rill_trace_mtu {
    RILL_MTU_TOO_BIG,       /* a router said so (RFC 1191) */
    RILL_MTU_BLACK_HOLE,    /* full-sized segments vanish: smaller ones are tried (RFC 4821 7.7) */
    RILL_MTU_RESTORED,      /* it was not their size */
    RILL_MTU_PROBE,         /* a probe left */
    RILL_MTU_PROBE_ACKED,   /* it arrived: the path's MTU is its size */
    RILL_MTU_PROBE_LOST,    /* it alone was lost: it was too big */
    RILL_MTU_PROBE_UNCLEAR, /* it was lost, but not alone */
};

struct rill_trace_event {
    enum rill_trace_type type;
    rill_time now;
    rill_conn conn; /* 0 when it belongs to none */
    uint32_t a, b;
    const uint8_t *packet; /* IP header on (in), or the train's template (out); NULL when there is none */
    uint32_t packet_bytes;
    uint32_t payload_bytes; /* out: bytes behind the template */
    struct rill_endpoint local, remote;
};

typedef void (*rill_trace_fn)(void *context, const struct rill_trace_event *event);

/* NULL turns it off. The function runs inside the engine and must not call the stack. */
void rill_trace(struct rill_stack *stack, rill_trace_fn fn, void *context);

const char *rill_trace_type_name(enum rill_trace_type type);

#ifdef __cplusplus
}
#endif
#endif
