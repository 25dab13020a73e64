/*
 * How the examples get their stack: one on a TUN device, which is made when it
 * does not exist (root may, or who is in a namespace of his own: unshare -rn).
 * The kernel's side gets the address that ends in 1.
 */
#ifndef EXAMPLES_ON_TUN_H
#define EXAMPLES_ON_TUN_H

#include <stdio.h>
#include <stdlib.h>

#include "rill/driver.h"
#include "rill/sockets.h"

static struct rill_stack *stack;
static struct rill_driver *tun;

static inline void check(int64_t result, const char *what)
{
    if (result >= 0)
        return;
    fprintf(stderr, "%s: %s\n", what, rill_sock_error_name((int)result));
    exit(1);
}

static inline void open_stack_on_tun(const char *name, const char *addr)
{
    struct rill_config config;
    struct rill_netif_config netif = {.name = "tun", .prefix_bits = 24};
    struct rill_tun_config device = {.offload = true, .prefix_bits = 24};

    snprintf(device.name, sizeof device.name, "%s", name);
    check(rill_addr_parse(addr, &netif.addr), addr);
    device.kernel_addr = netif.addr;
    device.kernel_addr.bytes[15] = 1;
    netif.gateway = device.kernel_addr;
    rill_config_default(&config);
    check(rill_tun_open(&device, &tun), name);
    check(rill_stack_open(&config, &stack), "rill_stack_open");
    check(rill_attach(stack, tun, &netif), addr);
}

/* What makes the sockets calls block: turn the stack, sleep when there is nothing to do. */
static inline int wait_on_tun(void *context, rill_time deadline)
{
    rill_time now = rill_clock(), left = deadline > now ? (deadline - now) / 1000000 + 1 : 0;

    (void)context;
    if (!rill_turn(stack, &tun, 1, now))
        rill_wait(stack, &tun, 1, NULL, 0, left > 3600000 ? -1 : (int)left);
    return 0;
}

static void *sockets_memory;

static inline struct rill_sockets *open_sockets_on_tun(const char *name, const char *addr)
{
    struct rill_sockets_config config;
    struct rill_sockets *sockets;

    open_stack_on_tun(name, addr);
    rill_sockets_config_default(&config);
    config.stack = stack;
    config.wait = wait_on_tun;
    config.memory_bytes = rill_sockets_bytes(&config);
    config.memory = sockets_memory = malloc(config.memory_bytes);
    check(rill_sockets_create(&config, &sockets), "rill_sockets_create");
    return sockets;
}

/* What is still to be sent is sent. */
static inline void close_on_tun(struct rill_sockets *sockets)
{
    rill_sockets_destroy(sockets);
    free(sockets_memory);
    while (rill_wants_output(stack, tun->netif))
        rill_turn(stack, &tun, 1, rill_clock());
    rill_stack_close(stack);
    tun->ops->close(tun);
}

#endif
