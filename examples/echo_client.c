/*
 * The textbook's echo client: socket, connect, write, shutdown, read, close.
 * echo_client TUN ADDR SERVER PORT TEXT: sends the text, prints what comes back.
 */
#include <string.h>

#include "on_tun.h"

int main(int argc, char **argv)
{
    struct rill_sockaddr_in server = rill_sockaddr4(0, 0, 0, 0, (uint16_t)(argc > 4 ? atoi(argv[4]) : 0));
    struct rill_addr addr;
    char data[4096];
    int64_t n;

    if (argc != 6 || rill_addr_parse(argv[3], &addr) != 0) {
        fprintf(stderr, "usage: echo_client TUN ADDR SERVER PORT TEXT\n");
        return 2;
    }
    struct rill_sockets *s = open_sockets_on_tun(argv[1], argv[2]);
    int fd = rill_sock_open(s, RILL_AF_INET, RILL_SOCK_STREAM, 0);

    memcpy(server.addr, addr.bytes + 12, 4);
    check(fd, "socket");
    check(rill_sock_connect(s, fd, &server, sizeof server), "connect");
    check(rill_sock_write(s, fd, argv[5], strlen(argv[5])), "write");
    check(rill_sock_shutdown(s, fd, RILL_SHUT_WR), "shutdown"); /* half closed: the answer still comes */
    while ((n = rill_sock_read(s, fd, data, sizeof data)) > 0)
        fwrite(data, 1, (size_t)n, stdout);
    check(n, "read");
    check(rill_sock_close(s, fd), "close");
    close_on_tun(s);
    return 0;
}
