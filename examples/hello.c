/*
 * Two stacks in one process, back to back: one listens, one connects, a line
 * goes across. No root, no device; build/release/examples/hello runs it.
 */
#include <stdio.h>
#include <string.h>

#include "rill/driver.h"

static struct rill_stack *open_stack(struct rill_driver *wire, uint8_t last_byte)
{
    struct rill_config config;
    struct rill_netif_config netif = {.name = "wire", .addr = rill_addr4(10, 0, 0, last_byte), .prefix_bits = 24};
    struct rill_stack *stack = NULL;

    rill_config_default(&config);
    if (rill_stack_open(&config, &stack) < 0 || rill_attach(stack, wire, &netif) < 0)
        return NULL;
    return stack;
}

int main(void)
{
    struct rill_driver *wires[2];
    if (rill_memory_wire(1500, 64, &wires[0], &wires[1]) < 0)
        return 1;
    struct rill_stack *server = open_stack(wires[0], 1);
    struct rill_stack *client = open_stack(wires[1], 2);
    if (server == NULL || client == NULL)
        return 1;

    struct rill_options options;
    rill_conn listener = 0, caller = 0, called = 0;
    rill_options_default(&options);
    options.local.port = 7;
    struct rill_endpoint peer, remote = {.addr = rill_addr4(10, 0, 0, 1), .port = 7};
    if (rill_tcp_listen(server, &options, &listener) < 0 || rill_tcp_connect(client, &remote, NULL, &caller) < 0)
        return 1;

    char line[64] = "";
    for (int turn = 0; turn < 100 && line[0] == '\0'; turn++) {
        struct rill_event event;

        rill_turn(client, &wires[1], 1, rill_clock());
        rill_turn(server, &wires[0], 1, rill_clock());
        while (rill_next(client, &event))
            if (event.what & RILL_ESTABLISHED)
                rill_send(client, event.conn, "hello over rill", 15, 0);
        while (rill_next(server, &event)) {
            if (event.what & RILL_ACCEPTABLE)
                rill_accept(server, event.conn, &called, &peer);
            if (event.what & RILL_READABLE)
                rill_receive(server, event.conn, line, sizeof line - 1, 0);
        }
    }
    puts(line);

    for (int i = 0; i < 2; i++) {
        rill_stack_close(i == 0 ? server : client);
        wires[i]->ops->close(wires[i]);
    }
    return strcmp(line, "hello over rill") == 0 ? 0 : 1;
}
