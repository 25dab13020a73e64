/*
 * An echo server on the native API: the stack tells what happened, nothing is
 * copied but once, from what is borrowed into what is sent.
 * events [TUN [ADDR [PORT]]]
 */
#include "on_tun.h"

static void echo(rill_conn conn)
{
    struct rill_slice slice;
    int64_t sent = 1;
    int count = 1;

    while (sent > 0 && (count = rill_borrow(stack, conn, &slice, 1)) > 0) {
        sent = rill_send(stack, conn, slice.data, slice.length_bytes, 0);
        if (sent > 0)
            rill_consume(stack, conn, (size_t)sent); /* the rest stays: RILL_WRITABLE will tell */
    }
    if (count == 0) /* the end of the stream: nothing more to say either */
        rill_close(stack, conn);
}

int main(int argc, char **argv)
{
    struct rill_options options;
    rill_conn listener;

    open_stack_on_tun(argc > 1 ? argv[1] : "rill0", argc > 2 ? argv[2] : "10.77.0.2");
    rill_options_default(&options);
    options.local.port = (uint16_t)(argc > 3 ? atoi(argv[3]) : 7);
    check(rill_tcp_listen(stack, &options, &listener), "listen");
    for (;;) {
        struct rill_event event;
        rill_conn conn;

        if (!rill_turn(stack, &tun, 1, rill_clock()))
            rill_wait(stack, &tun, 1, NULL, 0, -1);
        while (rill_next(stack, &event)) {
            if (event.what & (RILL_RESET | RILL_CLOSED))
                rill_close(stack, event.conn);
            else if (event.what & RILL_ACCEPTABLE)
                while (rill_accept(stack, event.conn, &conn, NULL) == 0)
                    echo(conn);
            else if (event.what & (RILL_READABLE | RILL_WRITABLE | RILL_PEER_CLOSED))
                echo(event.conn);
        }
    }
}
