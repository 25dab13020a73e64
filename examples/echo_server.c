/*
 * The textbook's echo server: socket, bind, listen, accept, read, write, close.
 * echo_server [TUN [ADDR [PORT]]], then: nc 10.77.0.2 7
 */
#include "on_tun.h"

static void echo(struct rill_sockets *s, int fd)
{
    char data[4096];
    int64_t n;

    while ((n = rill_sock_read(s, fd, data, sizeof data)) > 0) {
        if (rill_sock_write(s, fd, data, (size_t)n) < 0)
            break;
    }
    rill_sock_close(s, fd);
}

int main(int argc, char **argv)
{
    struct rill_sockets *s = open_sockets_on_tun(argc > 1 ? argv[1] : "rill0", argc > 2 ? argv[2] : "10.77.0.2");
    struct rill_sockaddr_in here = rill_sockaddr4(0, 0, 0, 0, (uint16_t)(argc > 3 ? atoi(argv[3]) : 7)), peer;
    int listener = rill_sock_open(s, RILL_AF_INET, RILL_SOCK_STREAM, 0);

    check(listener, "socket");
    check(rill_sock_bind(s, listener, &here, sizeof here), "bind");
    check(rill_sock_listen(s, listener, 16), "listen");
    for (;;) {
        uint32_t bytes = sizeof peer;
        int fd = rill_sock_accept(s, listener, &peer, &bytes);

        check(fd, "accept");
        printf("%d.%d.%d.%d:%d\n", peer.addr[0], peer.addr[1], peer.addr[2], peer.addr[3], rill_ntohs(peer.port));
        fflush(stdout);
        echo(s, fd);
    }
}
