/*
 * Between Linux's socket addresses and the stack's endpoints.
 */
#ifndef SOCKETS_ADDRESS_H
#define SOCKETS_ADDRESS_H

#include "rill/sockets.h"

/* The family field; the caller has seen that two bytes are there. */
uint16_t address_family(const void *addr);

/*
 * An address for a socket of this family. -RILL_EINVAL: too short; -RILL_EAFNOSUPPORT: another family. 0.0.0.0 and
 * :: come out unspecified.
 */
int address_read(bool v6, const void *addr, uint32_t addr_bytes, struct rill_endpoint *out);

/* As accept(2) and its like do: what fits is written, the length is the whole one. Both pointers may be NULL. */
void address_write(bool v6, const struct rill_endpoint *endpoint, void *addr, uint32_t *addr_bytes);

#endif
