/*
 * UDP. The pair carries datagrams as they are, so that the program's end polls
 * and plain read and recv work; what else is known of each, its address above
 * all, waits beside in a window, for calls that ask for it.
 */
#ifndef RUN_DATAGRAMS_H
#define RUN_DATAGRAMS_H

#include "run/supervisor.h"

/* sendto, recvfrom, sendmsg, recvmsg, sendmmsg, recvmmsg. */
void answer_message(struct run *run, struct psock *ps, const struct call *call);

void answer_datagrams_shutdown(struct run *run, struct psock *ps, const struct call *call);

/* A call about a descriptor that is none of ours. */
void answer_stranger(struct run *run, const struct call *call);

void datagrams_progress(struct run *run, struct psock *ps);

/* Bound to all addresses: the loopback's datagrams come too, by a socket of the kernel's. */
void shadow_bind(struct run *run, struct psock *ps);

/* Datagrams that the program sent before now go out. False: it was closed meanwhile, and the socket is gone. */
bool datagrams_flush(struct run *run, struct psock *ps);

#endif
