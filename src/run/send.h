/*
 * Sends on a stream that the pair alone cannot carry out: with an address,
 * which AF_UNIX would refuse; with MSG_MORE, which it does not know; and
 * MSG_FASTOPEN, which connects.
 */
#ifndef RUN_SEND_H
#define RUN_SEND_H

#include "run/supervisor.h"

/* sendto and sendmsg on a stream. */
void answer_stream_send(struct run *run, struct psock *ps, const struct call *call);

/* There may be room, or a connection, for those who wait. */
void stream_send_retry(struct run *run, struct psock *ps);

#endif
