/*
 * Receives on a stream that the program's end of the pair does not do as TCP
 * does: MSG_TRUNC, which discards what it counts, and the error queue.
 */
#ifndef RUN_RECEIVE_H
#define RUN_RECEIVE_H

#include "run/supervisor.h"

/* recvfrom, recvmsg and recvmmsg on a stream. */
void answer_stream_receive(struct run *run, struct psock *ps, const struct call *call);

#endif
