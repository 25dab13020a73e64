/*
 * Pipes as the rest of the layer sees them.
 */
#ifndef SOCKETS_PIPE_H
#define SOCKETS_PIPE_H

#include "sockets/sockets.h"

/* What an end is ready for: RILL_POLL... bits. */
uint32_t pipe_mask(struct rill_sockets *s, const struct file *file);

/* The last descriptor of an end is closed. */
void pipe_drop(struct rill_sockets *s, struct file *file);

/* readv(2) and writev(2); -RILL_EBADF on the wrong end. */
int64_t pipe_read(struct rill_sockets *s, struct file *file, const struct rill_iovec *iov, size_t count);
int64_t pipe_write(struct rill_sockets *s, struct file *file, const struct rill_iovec *iov, size_t count);

#endif
