/*
 * The kernel's own TCP as the peer: a few socket calls, and its table of
 * connections as /proc/net/tcp has it.
 */
#ifndef CLI_KERNEL_TCP_H
#define CLI_KERNEL_TCP_H

#include "rill/rill.h"

enum kernel_state {
    KERNEL_NONE = 0,
    KERNEL_ESTABLISHED = 1,
    KERNEL_SYN_SENT,
    KERNEL_SYN_RECV,
    KERNEL_FIN_WAIT_1,
    KERNEL_FIN_WAIT_2,
    KERNEL_TIME_WAIT,
    KERNEL_CLOSE,
    KERNEL_CLOSE_WAIT,
    KERNEL_LAST_ACK,
    KERNEL_LISTEN,
    KERNEL_CLOSING,
};

/* All return a non-blocking descriptor or -1 with errno. */
int kernel_listen(const struct rill_addr *addr, uint16_t port);
int kernel_accept(int listener);
int kernel_connect(const struct rill_addr *addr, uint16_t port);

/* Close with a RST: no trace is left in the kernel's table. */
void kernel_abort(int fd);

/* The state of the kernel's connection that has `port` at either end; listeners do not count. */
enum kernel_state kernel_state_of(uint16_t port);

/* The name that ss prints. */
const char *kernel_state_name(enum kernel_state state);

/* Print what `ss -tan` shows for the port; without ss, the same from /proc/net/tcp. */
void kernel_print_ss(uint16_t port);

#endif
