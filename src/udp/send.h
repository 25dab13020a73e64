/*
 * Datagrams out: built once, with their headers, in a buffer of their
 * interface's queue, where they wait for the driver.
 */
#ifndef UDP_SEND_H
#define UDP_SEND_H

#include "udp/udp.h"

int64_t udp_send_to(struct udp *udp, struct udp_socket *socket, const struct rill_endpoint *remote,
                    const struct rill_slice *slices, unsigned count, const struct rill_udp_how *how);

/* There is room for another send. */
bool udp_has_send_room(const struct udp_socket *socket);

/*
 * The oldest datagram of an interface, or its next fragment, as a train; false when there is none. `spent`, unless it
 * is REF_NONE, is dropped when it has left.
 */
bool udp_pop(struct udp *udp, uint32_t netif, struct rill_train *train, ref *spent);

#endif
