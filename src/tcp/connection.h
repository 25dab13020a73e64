/*
 * The life of connection blocks: made, found, marked as having work, ended,
 * freed. Knows nothing of why.
 */
#ifndef TCP_CONNECTION_H
#define TCP_CONNECTION_H

#include "tcp/tcp.h"

enum endpoint_kind { ENDPOINT_NONE, ENDPOINT_TCB, ENDPOINT_HALF_OPEN, ENDPOINT_TIME_WAIT, ENDPOINT_LISTENER };

enum endpoint_kind endpoint_kind(const struct tcp *tcp, ref r);

uint64_t endpoint_hash(const struct tcp *tcp, const struct endpoint *ep);
uint64_t endpoint_hash_of(const void *tcp, ref entry);

/* The block of this pair of addresses and ports, of whatever kind; REF_NONE. One probe. */
ref connection_find(const struct tcp *tcp, const struct rill_addr *local, const struct rill_addr *remote,
                    uint16_t local_port, uint16_t remote_port);

/*
 * A TCB in CLOSED with the stack's defaults and every timer off. Takes over the caller's hold on
 * `path`. With `replaces` it takes that block's place in the table. NULL when the arena refuses: the hold is still
 * the caller's.
 */
struct tcb *connection_create(struct tcp *tcp, ref path, uint16_t local_port, uint16_t remote_port, ref replaces);

/* Make sure that tcb->busy is there; false when the arena refuses. */
bool connection_make_busy(struct tcp *tcp, struct tcb *tcb);

/* Both SYNs have passed: the connection may carry data. */
void connection_opened(struct tcp *tcp, struct tcb *tcb);

/* Give tcb->busy back when nothing is queued and nothing in flight. */
void connection_rest(struct tcp *tcp, struct tcb *tcb);

/* The connection may have something to send: its interface's rill_output() will ask it. */
void connection_touch(struct tcp *tcp, struct tcb *tcb);

/*
 * The connection is over: CLOSED, out of the table, queues emptied, timers off.
 * error: 0 for an orderly end, else what the application is told. The block
 * itself goes when the application, the touched list and the event queue have
 * all let go of it.
 */
void connection_end(struct tcp *tcp, struct tcb *tcb, int error);

/* The connection lives on in a TIME-WAIT block, which has the TCB's place in the table: the TCB is only let go. */
void connection_forget(struct tcp *tcp, struct tcb *tcb);

/* Free the block of an ended connection once nobody holds it. The pointer is dead afterwards when true. */
bool connection_free_if_done(struct tcp *tcp, struct tcb *tcb);

/* The TCB of a handle that the application may use; NULL for anything else. */
struct tcb *connection_from_handle(const struct tcp *tcp, rill_conn conn);
struct listener *listener_from_handle(const struct tcp *tcp, rill_conn conn);

/* Set and clear what the application may choose: bits of enum rill_option_flag, OPTION_FLAGS. */
void connection_set_options(struct tcb *tcb, uint32_t set, uint32_t clear);

/* Tell the application; while the connection waits for accept, remembered for then. */
void event_raise(struct tcp *tcp, struct tcb *tcb, unsigned what);
void event_raise_listener(struct tcp *tcp, struct listener *listener, unsigned what);
bool event_take(struct tcp *tcp, struct rill_event *out);

/* Invariants of one connection (oracles Q1..Q7, T1, R1). */
bool connection_check(const struct tcp *tcp, const struct tcb *tcb);

#endif
