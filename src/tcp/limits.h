/*
 * How long and how much a connection puts up with, where it is not the
 * stack's own: few connections say so, so that a TCB has only a reference. One
 * block serves a listener and all that it accepted, until one of them changes it.
 */
#ifndef TCP_LIMITS_H
#define TCP_LIMITS_H

#include "tcp/tcp.h"

static inline const struct limits *limits_at(const struct tcp *tcp, ref r)
{
    return r == REF_NONE ? &tcp->settings.limits : (const struct limits *)host_at(&tcp->ip.host, r);
}

static inline const struct limits *limits_of(const struct tcp *tcp, const struct tcb *tcb)
{
    return limits_at(tcp, tcb->limits);
}

/* Make *owner's limits these; 0 in a member: the stack's own. 0, or -RILL_ENOMEM: *owner is as it was. */
int limits_set(struct tcp *tcp, ref *owner, const struct rill_limits *wanted);

/* The user timeout alone. */
int limits_set_user_timeout(struct tcp *tcp, ref *owner, uint32_t user_timeout_ms);

/* A connection takes over what its listener had. */
void limits_inherit(struct tcp *tcp, struct tcb *tcb, ref r);

/* One owner less: *owner becomes the stack's own. */
void limits_drop(struct tcp *tcp, ref *owner);

/* What limits_set() was given, members that are the stack's own filled in. */
void limits_tell(const struct limits *limits, struct rill_limits *out);

#endif
