/*
 * A non-blocking echo server: one epoll, many connections.
 * epoll_server [TUN [ADDR [PORT]]]
 */
#include "on_tun.h"

#define FDS (3 + 1024) /* as rill_sockets_config_default() numbers them */

static struct held {
    char data[4096];
    size_t from, to; /* read and not written yet */
} held[FDS];

static void serve(struct rill_sockets *s, int epoll, int fd)
{
    struct held *h = &held[fd];
    struct rill_epoll_event interest = {.data = (uint64_t)fd};
    int64_t n = 1;

    while (n > 0) {
        if (h->from == h->to) {
            n = rill_sock_read(s, fd, h->data, sizeof h->data);
            h->from = 0;
            h->to = n > 0 ? (size_t)n : 0;
        } else {
            n = rill_sock_write(s, fd, h->data + h->from, h->to - h->from);
            h->from += n > 0 ? (size_t)n : 0;
        }
    }
    interest.events = h->from == h->to ? RILL_EPOLLIN : RILL_EPOLLOUT;
    if (n != -RILL_EAGAIN) /* the end, or an error; out of the epoll by itself */
        rill_sock_close(s, fd);
    else
        rill_sock_epoll_ctl(s, epoll, RILL_EPOLL_CTL_MOD, fd, &interest);
}

int main(int argc, char **argv)
{
    struct rill_sockets *s = open_sockets_on_tun(argc > 1 ? argv[1] : "rill0", argc > 2 ? argv[2] : "10.77.0.2");
    struct rill_sockaddr_in here = rill_sockaddr4(0, 0, 0, 0, (uint16_t)(argc > 3 ? atoi(argv[3]) : 7));
    int listener = rill_sock_open(s, RILL_AF_INET, RILL_SOCK_STREAM | RILL_SOCK_NONBLOCK, 0);
    int epoll = rill_sock_epoll_create(s, 0);
    struct rill_epoll_event ready[64] = {{.events = RILL_EPOLLIN, .data = (uint64_t)listener}};

    check(rill_sock_bind(s, listener, &here, sizeof here), "bind");
    check(rill_sock_listen(s, listener, 128), "listen");
    check(rill_sock_epoll_ctl(s, epoll, RILL_EPOLL_CTL_ADD, listener, &ready[0]), "epoll_ctl");
    for (;;) {
        int count = rill_sock_epoll_wait(s, epoll, ready, 64, -1);

        check(count, "epoll_wait");
        for (int i = 0; i < count; i++) {
            int fd = (int)ready[i].data;

            if (fd != listener) {
                serve(s, epoll, fd);
                continue;
            }
            while ((fd = rill_sock_accept4(s, listener, NULL, NULL, RILL_SOCK_NONBLOCK)) >= 0) {
                held[fd].from = held[fd].to = 0;
                rill_sock_epoll_ctl(s, epoll, RILL_EPOLL_CTL_ADD, fd,
                                    &(struct rill_epoll_event){.events = RILL_EPOLLIN, .data = (uint64_t)fd});
            }
        }
    }
}
