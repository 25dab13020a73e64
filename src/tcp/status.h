/*
 * RFC 9293 3.10.6 STATUS for every kind of block, and the walk over all.
 */
#ifndef TCP_STATUS_H
#define TCP_STATUS_H

#include "tcp/tcp.h"

/* Fill *out from the block at r. */
void status_fill(struct tcp *tcp, ref r, struct rill_status *out);

/* The block after *cursor in the order listeners, half-open, TCBs, TIME-WAIT; REF_NONE at the end. */
ref status_next(struct tcp *tcp, uint64_t *cursor);

#endif
