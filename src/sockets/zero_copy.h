/*
 * SO_ZEROCOPY: sends with RILL_MSG_LENT are numbered, and when the bytes of one
 * are the application's again the error queue says so, as MSG_ZEROCOPY's does.
 */
#ifndef SOCKETS_ZERO_COPY_H
#define SOCKETS_ZERO_COPY_H

#include "sockets/sockets.h"

/* A send took so many bytes, and lent them. */
void zero_copy_sent(struct zero_copy *sends, uint32_t length_bytes);

/* So many bytes are still lent. */
void zero_copy_returned(struct zero_copy *sends, uint32_t lent_bytes);

/* Something waits in the error queue. */
bool zero_copy_waits(const struct zero_copy *sends);

/* Take it: the numbers of the sends whose bytes have come back, first to last. */
void zero_copy_take(struct zero_copy *sends, uint32_t *first, uint32_t *last);

#endif
