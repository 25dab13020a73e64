/*
 * Received datagrams on their way to a program: they lie in its pair, and what
 * is known of them beside their bytes here, in the same order.
 */
#ifndef RUN_WINDOW_H
#define RUN_WINDOW_H

#include "run/message.h"

/* Move what has arrived into the pair, as far as it has room. */
void window_fill(struct run *run, struct psock *ps);

/*
 * The oldest datagram, as recvmsg has it: bytes into contents->data, at most `room`, name and control data beside. How
 * many bytes it has, or a negative error, -EAGAIN above all. `end` is the program's end of the pair.
 */
int64_t window_take(struct run *run, struct psock *ps, struct contents *contents, size_t room, size_t control_room,
                    int flags, int end);

/* The oldest, when it is no datagram but an error: negative, and it is gone. 0: it is none. */
int window_take_error(struct run *run, struct psock *ps);

void window_free(struct window *window); /* or NULL */

/* MSG_ERRQUEUE. */
int64_t window_errors(struct run *run, struct psock *ps, struct contents *contents, size_t room, size_t control_room,
                      int flags);

#endif
