/*
 * What the sockets calls must know of a connection and the native API does not
 * tell (yet): the only room here that looks at connection blocks.
 */
#ifndef SOCKETS_BELOW_H
#define SOCKETS_BELOW_H

#include "rill/rill.h"

struct below {
    enum rill_state state;
    uint32_t readable_bytes;
    uint32_t reader;                      /* sequence number of the next byte to read */
    uint32_t unacked_bytes, unsent_bytes; /* queued to send; of these, never sent */
    uint32_t send_limit, receive_limit;   /* true sizes of the buffers, as they have grown */
    bool syn_waits;                       /* RFC 7413: for the first data, which it takes along */
    bool is_writable;
    bool urgent;         /* the urgent pointer is ahead of the reader */
    uint32_t urgent_end; /* sequence number behind the urgent byte */
};

/* False when the handle is no connection. */
bool below_look(struct rill_stack *stack, rill_conn conn, struct below *out);

/* Tell RILL_WRITABLE when there is room again. */
void below_want_room(struct rill_stack *stack, rill_conn conn);

/* Nobody will read any more: data that comes is answered with RST (RFC 9293 3.6.1, SHLD-3). */
void below_refuse_data(struct rill_stack *stack, rill_conn conn);

/* Copy readable bytes from an offset on; returns how many. */
uint32_t below_copy(struct rill_stack *stack, rill_conn conn, uint32_t offset, void *to, uint32_t length_bytes);

/* The same of a UDP socket; all zero for another handle. */
struct below_datagram {
    bool is_readable;
    uint32_t readable_bytes; /* of the oldest datagram */
    bool is_writable;        /* less than half of the send buffer is in use, as Linux wants it */
    uint32_t unsent_bytes;   /* true size */
};

void below_look_datagram(struct rill_stack *stack, rill_conn conn, struct below_datagram *out);

/* The address of an interface; unspecified when there is no such one. */
struct rill_addr below_netif_addr(const struct rill_stack *stack, int netif);

/* The stack's own settings, for what cannot be set per connection. */
struct below_defaults {
    uint32_t send_buffer_bytes, receive_buffer_bytes;
    uint32_t keepalive_idle_ms, keepalive_interval_ms, keepalive_probes;
    uint32_t fin_wait_2_ms;
    bool fast_open_client; /* RFC 7413: a SYN may take data along */
    const char *congestion_control;
    uint32_t syn_retries; /* how often a SYN is sent again before the syn_timeout_ms are over */
};

void below_defaults(const struct rill_stack *stack, struct below_defaults *out);

bool below_is_local(const struct rill_stack *stack, const struct rill_addr *addr);
rill_time below_now(const struct rill_stack *stack);
uint64_t below_draw(struct rill_stack *stack);

#endif
