/*
 * A socket and the connection under it, for the rooms that work on both.
 */
#ifndef SOCKETS_SOCK_H
#define SOCKETS_SOCK_H

#include "base/seq.h"
#include "sockets/below.h"
#include "sockets/sockets.h"

/* How the connection stands; brings the socket's phase up to date. False, and CLOSED, when there is none. */
bool sock_look(struct rill_sockets *s, struct sock *sock, struct below *out);

/* TCP has nothing more to do with the socket. */
void sock_end(struct sock *sock);

/* The urgent byte can be received, and was not. */
bool sock_urgent_arrived(const struct sock *sock, const struct below *below);

/* The handshake is done. */
void sock_established(struct rill_sockets *s, struct sock *sock);

/* Bind to a port of the layer's choice: -RILL_EADDRINUSE when all are taken. */
int sock_choose_port(struct rill_sockets *s, struct file *file);

/* Local and remote ends as the stack has them. */
void sock_learn_ends(struct rill_sockets *s, struct sock *sock);

/* What the native OPEN calls are given. */
void sock_native_options(const struct rill_sockets *s, const struct file *file, struct rill_options *out);

/* What the socket's options say of these (enum rill_option_change) is so from now on. */
void sock_change(struct rill_sockets *s, const struct sock *sock, unsigned which);

/*
 * Connect with fast open. 0: connected, or the SYN waits for data; -RILL_EINPROGRESS without waiting, and the error of
 * connect(2).
 */
int sock_open_fast(struct rill_sockets *s, struct file *file, const void *addr, uint32_t addr_bytes, bool may_wait);

/* Forget the connection, RST where its state asks for it, and what went with it; bound ends stay. */
void sock_disconnect(struct rill_sockets *s, struct file *file);

#endif
