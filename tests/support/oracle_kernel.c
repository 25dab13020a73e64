/* The oracle's calls on the kernel's sockets: the C library's, and nothing else. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/oracle.h"

static volatile sig_atomic_t pipes;

static void on_pipe(int number)
{
    (void)number;
    pipes++;
}

void oracle_kernel_begin(void)
{
    struct sigaction action = {.sa_handler = on_pipe};

    sigaction(SIGPIPE, &action, NULL);
}

static int64_t k(int64_t result)
{
    return result < 0 ? -errno : result;
}

static int64_t k_socket(void *context, char slot, int family)
{
    (void)context, (void)slot;
    return k(socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0));
}

static int64_t k_bind(void *context, char slot, int fd, const void *addr, uint32_t bytes)
{
    (void)context, (void)slot;
    return k(bind(fd, (const struct sockaddr *)addr, bytes));
}

static int64_t k_listen(void *context, char slot, int fd, int backlog)
{
    (void)context, (void)slot;
    return k(listen(fd, backlog));
}

static int64_t k_accept(void *context, char slot, int fd, void *addr, uint32_t *bytes)
{
    (void)context, (void)slot;
    return k(accept4(fd, (struct sockaddr *)addr, bytes, SOCK_NONBLOCK));
}

static int64_t k_connect(void *context, char slot, int fd, const void *addr, uint32_t bytes)
{
    (void)context, (void)slot;
    return k(connect(fd, (const struct sockaddr *)addr, bytes));
}

static int64_t k_shutdown(void *context, char slot, int fd, int how)
{
    (void)context, (void)slot;
    return k(shutdown(fd, how));
}

static int64_t k_close(void *context, char slot, int fd)
{
    (void)context, (void)slot;
    return k(close(fd));
}

static int64_t k_dup(void *context, char slot, int fd)
{
    (void)context, (void)slot;
    return k(dup(fd));
}

static int64_t k_name(void *context, char slot, int fd, bool peer, void *addr, uint32_t *bytes)
{
    (void)context, (void)slot;
    return k(peer ? getpeername(fd, (struct sockaddr *)addr, bytes) : getsockname(fd, (struct sockaddr *)addr, bytes));
}

static int64_t k_send(void *context, char slot, int fd, const void *data, size_t bytes, int flags, bool *signal)
{
    sig_atomic_t before = pipes;
    int64_t result = k(send(fd, data, bytes, flags));

    (void)context, (void)slot;
    *signal = pipes != before;
    return result;
}

static int64_t k_recv(void *context, char slot, int fd, void *data, size_t bytes, int flags)
{
    (void)context, (void)slot;
    return k(recv(fd, data, bytes, flags));
}

static int64_t k_set(void *context, char slot, int fd, int level, int name, const void *value, uint32_t bytes)
{
    (void)context, (void)slot;
    return k(setsockopt(fd, level, name, value, bytes));
}

static int64_t k_get(void *context, char slot, int fd, int level, int name, void *value, uint32_t *bytes)
{
    (void)context, (void)slot;
    return k(getsockopt(fd, level, name, value, bytes));
}

static int64_t k_ioctl(void *context, char slot, int fd, unsigned long request, int *argument)
{
    (void)context, (void)slot;
    return k(ioctl(fd, request, argument));
}

static int64_t k_nonblock(void *context, char slot, int fd, bool on)
{
    (void)context, (void)slot;
    return k(fcntl(fd, F_SETFL, on ? O_NONBLOCK : 0));
}

static int64_t k_poll(void *context, char slot, int fd, int events, unsigned *revents)
{
    struct pollfd ours = {.fd = fd, .events = (short)events};
    int64_t n = k(poll(&ours, 1, 0));

    (void)context, (void)slot;
    *revents = (unsigned short)ours.revents;
    return n;
}

static int64_t k_select(void *context, char slot, int fd, bool ready[3])
{
    struct timeval at_once = {0, 0};
    fd_set sets[3];
    int64_t n;

    (void)context, (void)slot;
    if (fd < 0 || fd >= FD_SETSIZE)
        return -EBADF;
    for (int i = 0; i < 3; i++) {
        FD_ZERO(&sets[i]);
        FD_SET(fd, &sets[i]);
    }
    n = k(select(fd + 1, &sets[0], &sets[1], &sets[2], &at_once));
    for (int i = 0; i < 3; i++)
        ready[i] = n > 0 && FD_ISSET(fd, &sets[i]);
    return n;
}

static int64_t k_epoll_create(void *context, char slot)
{
    (void)context, (void)slot;
    return k(epoll_create1(0));
}

static int64_t k_epoll_ctl(void *context, char slot, int epoll, int operation, int fd, struct oracle_ready event)
{
    struct epoll_event ours = {.events = event.events, .data.u64 = event.data};

    (void)context, (void)slot;
    return k(epoll_ctl(epoll, operation, fd, &ours));
}

static int64_t k_epoll_wait(void *context, char slot, int epoll, struct oracle_ready *events, int max)
{
    struct epoll_event ours[8];
    int64_t n = k(epoll_wait(epoll, ours, max < 8 ? max : 8, 0));

    (void)context, (void)slot;
    for (int64_t i = 0; i < n; i++)
        events[i] = (struct oracle_ready){ours[i].events, ours[i].data.u64};
    return n;
}

const struct oracle_calls oracle_kernel = {
    .socket = k_socket,
    .bind = k_bind,
    .listen = k_listen,
    .accept = k_accept,
    .connect = k_connect,
    .shutdown = k_shutdown,
    .close = k_close,
    .dup = k_dup,
    .name = k_name,
    .send = k_send,
    .recv = k_recv,
    .set = k_set,
    .get = k_get,
    .ioctl = k_ioctl,
    .nonblock = k_nonblock,
    .poll = k_poll,
    .select = k_select,
    .epoll_create = k_epoll_create,
    .epoll_ctl = k_epoll_ctl,
    .epoll_wait = k_epoll_wait,
};

void oracle_kernel_end(struct oracle_world *w)
{
    struct linger at_once = {1, 0};

    for (int i = 0; i < 26; i++) {
        if (w->fd[i] < 0)
            continue;
        (void)setsockopt(w->fd[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(w->fd[i]);
        w->fd[i] = -1;
    }
}

static uint16_t free_port(struct in_addr at)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr = at};
    socklen_t length = sizeof addr;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool found = fd >= 0 && bind(fd, (const struct sockaddr *)(const void *)&addr, sizeof addr) == 0 &&
                 getsockname(fd, (struct sockaddr *)(void *)&addr, &length) == 0;

    if (fd >= 0)
        close(fd);
    return found ? ntohs(addr.sin_port) : 0;
}

uint16_t oracle_kernel_port(struct in_addr at, uint16_t not_this, uint16_t nor_this)
{
    uint16_t port;

    do {
        port = free_port(at);
    } while (port != 0 && (port == not_this || port == nor_this));
    return port;
}

void oracle_kernel_ports(struct oracle_world *w)
{
    w->port = oracle_kernel_port(w->server, 0, 0);
    w->dead_port = oracle_kernel_port(w->server, w->port, 0);
    w->spare_port = oracle_kernel_port(w->client, w->port, w->dead_port);
}
