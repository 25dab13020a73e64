/*
 * RFC 9293 3.10.1 to 3.10.6: OPEN, SEND, RECEIVE, CLOSE, ABORT, STATUS.
 * Return 0 or a count, or a negative RILL_E...; the public calls of rill.h are
 * thin covers of these.
 */
#ifndef TCP_USER_CALLS_H
#define TCP_USER_CALLS_H

#include "tcp/tcp.h"

int user_open(struct tcp *tcp, const struct rill_endpoint *remote, const struct rill_options *options,
              struct tcb **out);

/* 3.10.1, 3.10.2: a passive connection becomes an active one; the listener is gone. */
int user_open_listener(struct tcp *tcp, struct listener *listener, const struct rill_endpoint *remote,
                       struct tcb **out);

/* Take the members of options that `which` names (enum rill_option_change). */
void user_change(struct tcp *tcp, struct tcb *tcb, const struct rill_options *options, unsigned which);

int64_t user_send(struct tcp *tcp, struct tcb *tcb, const void *data, size_t length_bytes, unsigned flags);
int64_t user_receive(struct tcp *tcp, struct tcb *tcb, void *data, size_t length_bytes, unsigned flags);
int user_borrow(struct tcp *tcp, struct tcb *tcb, struct rill_slice *slices, unsigned max);
int user_consume(struct tcp *tcp, struct tcb *tcb, size_t length_bytes);

/* 3.10.4 CLOSE: no more to send. */
int user_close_send(struct tcp *tcp, struct tcb *tcb);

/* close(2): CLOSE, and nobody will read either. The handle is gone. */
void user_close(struct tcp *tcp, struct tcb *tcb);

/* 3.10.5 */
void user_abort(struct tcp *tcp, struct tcb *tcb);

#endif
