/*
 * A non-blocking echo server: one edge-triggered epoll, many connections.
 * epoll_server [TUN [ADDR [PORT]]]
 */
#include "on_tun.h"

/* What does not go out yet stays in the stream: the next edge goes on with it. */
static void echo(struct rill_sockets *s, int fd)
{
    struct rill_slice slice;
    int64_t n;

    while ((n = rill_sock_borrow(s, fd, &slice, 1, 0)) > 0 &&
           (n = rill_sock_send(s, fd, slice.data, slice.length_bytes, 0)) > 0)
        rill_sock_return(s, fd, (size_t)n);
    if (n != -RILL_EAGAIN) /* the end, or an error; out of the epoll by itself */
        rill_sock_close(s, fd);
}

int main(int argc, char **argv)
{
    struct rill_sockets *s = open_sockets_on_tun(argc > 1 ? argv[1] : "rill0", argc > 2 ? argv[2] : "10.77.0.2");
    struct rill_sockaddr_in here = rill_sockaddr4(0, 0, 0, 0, (uint16_t)(argc > 3 ? atoi(argv[3]) : 7));
    int listener = rill_sock_open(s, RILL_AF_INET, RILL_SOCK_STREAM | RILL_SOCK_NONBLOCK, 0);
    int epoll = rill_sock_epoll_create(s, 0), count, fd;
    struct rill_epoll_event ready[64], interest = {RILL_EPOLLIN | RILL_EPOLLOUT | RILL_EPOLLET, (uint64_t)listener};

    check(rill_sock_bind(s, listener, &here, sizeof here), "bind");
    check(rill_sock_listen(s, listener, 128), "listen");
    check(rill_sock_epoll_ctl(s, epoll, RILL_EPOLL_CTL_ADD, listener, &interest), "epoll_ctl");
    while ((count = rill_sock_epoll_wait(s, epoll, ready, 64, -1)) >= 0) {
        for (int i = 0; i < count; i++) {
            if ((int)ready[i].data != listener)
                echo(s, (int)ready[i].data);
            else
                while ((fd = rill_sock_accept4(s, listener, NULL, NULL, RILL_SOCK_NONBLOCK)) >= 0) {
                    interest.data = (uint64_t)fd;
                    rill_sock_epoll_ctl(s, epoll, RILL_EPOLL_CTL_ADD, fd, &interest);
                }
        }
    }
    check(count, "epoll_wait");
}
