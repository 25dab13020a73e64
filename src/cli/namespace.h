/*
 * Linux namespaces: a network of one's own without root, so that nothing on
 * the host changes.
 */
#ifndef CLI_NAMESPACE_H
#define CLI_NAMESPACE_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Move this process into a network namespace of its own (in a user namespace of its own too, unless it is root and
 * may do without), loopback up. False after saying why not, and the remedy.
 */
bool namespace_enter(void);

/*
 * Move into the namespaces of a running process; network_fd: its descriptor of the network to enter, 0: the one that
 * it is in. False after saying why not.
 */
bool namespace_join(pid_t pid, int network_fd);

/* Can a TUN device be made here? False after saying why not, and the remedy. */
bool namespace_check_tun(void);

#endif
