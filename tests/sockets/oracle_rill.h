/*
 * The oracle's calls on the descriptors of two stacks back to back.
 */
#ifndef TESTS_SOCKETS_ORACLE_RILL_H
#define TESTS_SOCKETS_ORACLE_RILL_H

#include <errno.h>

#include "sockets/pair.h"
#include "support/oracle.h"

static struct rill_sockets *table(void *context, char slot)
{
    return ((struct pair *)context)->end[oracle_is_server(slot) ? 0 : 1].sockets;
}

static int64_t r_socket(void *context, char slot, int family)
{
    return rill_sock_open(table(context, slot), family, RILL_SOCK_STREAM | RILL_SOCK_NONBLOCK, 0);
}

static int64_t r_bind(void *context, char slot, int fd, const void *addr, uint32_t bytes)
{
    return rill_sock_bind(table(context, slot), fd, addr, bytes);
}

static int64_t r_listen(void *context, char slot, int fd, int backlog)
{
    return rill_sock_listen(table(context, slot), fd, backlog);
}

static int64_t r_accept(void *context, char slot, int fd, void *addr, uint32_t *bytes)
{
    return rill_sock_accept4(table(context, slot), fd, addr, bytes, RILL_SOCK_NONBLOCK);
}

static int64_t r_connect(void *context, char slot, int fd, const void *addr, uint32_t bytes)
{
    return rill_sock_connect(table(context, slot), fd, addr, bytes);
}

static int64_t r_shutdown(void *context, char slot, int fd, int how)
{
    return rill_sock_shutdown(table(context, slot), fd, how);
}

static int64_t r_close(void *context, char slot, int fd)
{
    return rill_sock_close(table(context, slot), fd);
}

static int64_t r_dup(void *context, char slot, int fd)
{
    return rill_sock_dup(table(context, slot), fd);
}

static int64_t r_name(void *context, char slot, int fd, bool peer, void *addr, uint32_t *bytes)
{
    return (peer ? rill_sock_getpeername : rill_sock_getsockname)(table(context, slot), fd, addr, bytes);
}

/* A cover over these calls raises the signal where they say EPIPE. */
static int64_t r_send(void *context, char slot, int fd, const void *data, size_t bytes, int flags, bool *signal)
{
    int64_t n = rill_sock_send(table(context, slot), fd, data, bytes, flags);

    *signal = n == -RILL_EPIPE && (flags & RILL_MSG_NOSIGNAL) == 0;
    return n;
}

static int64_t r_recv(void *context, char slot, int fd, void *data, size_t bytes, int flags)
{
    return rill_sock_recv(table(context, slot), fd, data, bytes, flags);
}

static int64_t r_set(void *context, char slot, int fd, int level, int name, const void *value, uint32_t bytes)
{
    return rill_sock_setsockopt(table(context, slot), fd, level, name, value, bytes);
}

static int64_t r_get(void *context, char slot, int fd, int level, int name, void *value, uint32_t *bytes)
{
    return rill_sock_getsockopt(table(context, slot), fd, level, name, value, bytes);
}

static int64_t r_ioctl(void *context, char slot, int fd, unsigned long request, int *argument)
{
    return rill_sock_ioctl(table(context, slot), fd, request, argument);
}

static int64_t r_nonblock(void *context, char slot, int fd, bool on)
{
    return rill_sock_fcntl(table(context, slot), fd, RILL_F_SETFL, on ? RILL_O_NONBLOCK : 0);
}

static int64_t r_poll(void *context, char slot, int fd, int events, unsigned *revents)
{
    struct rill_pollfd its = {.fd = fd, .events = (int16_t)events};
    int64_t n = rill_sock_poll(table(context, slot), &its, 1, 0);

    *revents = (uint16_t)its.revents;
    return n;
}

static int64_t r_select(void *context, char slot, int fd, bool ready[3])
{
    const struct rill_timeval at_once = {0, 0};
    uint64_t sets[3];
    int64_t n;

    if (fd < 0 || fd >= 64)
        return -EBADF;
    for (int i = 0; i < 3; i++)
        sets[i] = UINT64_C(1) << fd;
    n = rill_sock_select(table(context, slot), fd + 1, &sets[0], &sets[1], &sets[2], &at_once);
    for (int i = 0; i < 3; i++)
        ready[i] = n > 0 && sets[i] != 0;
    return n;
}

static int64_t r_epoll_create(void *context, char slot)
{
    return rill_sock_epoll_create(table(context, slot), 0);
}

static int64_t r_epoll_ctl(void *context, char slot, int epoll, int operation, int fd, struct oracle_ready event)
{
    struct rill_epoll_event its = {.events = event.events, .data = event.data};

    return rill_sock_epoll_ctl(table(context, slot), epoll, operation, fd, &its);
}

static int64_t r_epoll_wait(void *context, char slot, int epoll, struct oracle_ready *events, int max)
{
    struct rill_epoll_event its[8];
    int64_t n = rill_sock_epoll_wait(table(context, slot), epoll, its, max < 8 ? max : 8, 0);

    for (int64_t i = 0; i < n; i++)
        events[i] = (struct oracle_ready){its[i].events, its[i].data};
    return n;
}

static const struct oracle_calls oracle_rill = {
    .socket = r_socket,
    .bind = r_bind,
    .listen = r_listen,
    .accept = r_accept,
    .connect = r_connect,
    .shutdown = r_shutdown,
    .close = r_close,
    .dup = r_dup,
    .name = r_name,
    .send = r_send,
    .recv = r_recv,
    .set = r_set,
    .get = r_get,
    .ioctl = r_ioctl,
    .nonblock = r_nonblock,
    .poll = r_poll,
    .select = r_select,
    .epoll_create = r_epoll_create,
    .epoll_ctl = r_epoll_ctl,
    .epoll_wait = r_epoll_wait,
};

#endif
