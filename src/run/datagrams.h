/*
 * UDP: calls that carry addresses, and the pair that makes the program's end
 * readable.
 */
#ifndef RUN_DATAGRAMS_H
#define RUN_DATAGRAMS_H

#include "run/supervisor.h"

/* sendto, recvfrom, sendmsg, recvmsg, sendmmsg, recvmmsg. */
void answer_message(struct run *run, struct psock *ps, const struct call *call);

/* A call about a descriptor that is none of ours. */
void answer_stranger(struct run *run, const struct call *call);

void datagrams_progress(struct run *run, struct psock *ps);

#endif
