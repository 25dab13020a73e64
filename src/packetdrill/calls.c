/*
 * The table's functions: each takes the lock, translates what it was given
 * into the sockets layer's structs, and the result into errno. Numbers need no
 * translation: the layer's are Linux's.
 */
#include "packetdrill/plugin.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>

#define EPOCH_USECS 1000000000000000LL /* the virtual clock's beginning, on 2001-09-09: no time is 0 */
#define NANOS_PER_USEC UINT64_C(1000)

_Static_assert(sizeof(struct timeval) == sizeof(struct rill_timeval), "SO_RCVTIMEO, SO_SNDTIMEO pass as they are");
_Static_assert(sizeof(struct linger) == sizeof(struct rill_linger), "SO_LINGER passes as it is");
_Static_assert(sizeof(socklen_t) == sizeof(uint32_t), "lengths of addresses and options pass as they are");
_Static_assert(IOV_MAX == 1024, "an array of pieces is small enough for the frame");

/* ------------------------------------------------------------ opening, names */

static int call_socket(void *userdata, int domain, int type, int protocol)
{
    struct visit visit;
    struct plugin *plugin = plugin_enter(userdata, &visit, -1);

    return (int)plugin_leave(plugin, &visit, rill_sock_open(plugin->sockets, domain, type, protocol));
}

static int call_bind(void *userdata, int fd, const struct sockaddr *addr, socklen_t addr_bytes)
{
    struct visit visit;
    struct plugin *plugin = plugin_enter(userdata, &visit, fd);

    return (int)plugin_leave(plugin, &visit, rill_sock_bind(plugin->sockets, fd, addr, addr_bytes));
}

static int call_listen(void *userdata, int fd, int backlog)
{
    struct visit visit;
    struct plugin *plugin = plugin_enter(userdata, &visit, fd);

    return (int)plugin_leave(plugin, &visit, rill_sock_listen(plugin->sockets, fd, backlog));
}

static int call_accept(void *userdata, int fd, struct sockaddr *addr, socklen_t *addr_bytes)
{
    struct visit visit;
    struct plugin *plugin = plugin_enter(userdata, &visit, fd);

    return (int)plugin_leave(plugin, &visit, rill_sock_accept(plugin->sockets, fd, addr, addr_bytes));
}

static int call_connect(void *userdata, int fd, const struct sockaddr *addr, socklen_t addr_bytes)
{
    struct visit visit;
    struct plugin *plugin = plugin_enter(userdata, &visit, fd);

    return (int)plugin_leave(plugin, &visit, rill_sock_connect(plugin->sockets, fd, addr, addr_bytes));
}

static int call_shutdown(void *userdata, int fd, int how)
{
    struct visit visit;
    struct plugin *plugin = plugin_enter(userdata, &visit, fd);

    return (int)plugin_leave(plugin, &visit, rill_sock_shutdown(plugin->sockets, fd, how));
}

static int call_close(void *userdata, int fd)
{
    struct visit visit;
    struct plugin *plugin = plugin_enter(userdata, &visit, -1);

    return (int)plugin_leave(plugin, &visit, rill_sock_close(plugin->sockets, fd));
}

/* ----------------------------------------------------------------- transfers */

/* False: too many pieces. */
static bool translate_pieces(struct rill_iovec to[IOV_MAX], const struct iovec *iov, size_t count)
{
    if (count > IOV_MAX || (count > 0 && iov == NULL))
        return false;
    for (size_t i = 0; i < count; i++)
        to[i] = (struct rill_iovec){iov[i].iov_base, iov[i].iov_len};
    return true;
}

static ssize_t call_read(void *userdata, int fd, void *data, size_t bytes)
{
    struct visit visit;
    struct plugin *plugin = plugin_enter(userdata, &visit, fd);

    return plugin_leave(plugin, &visit, rill_sock_read(plugin->sockets, fd, data, bytes));
}

static ssize_t call_readv(void *userdata, int fd, const struct iovec *iov, int iov_count)
{
    struct rill_iovec pieces[IOV_MAX];
    struct visit visit;
    struct plugin *plugin = plugin_enter(userdata, &visit, fd);

    if (iov_count < 0 || !translate_pieces(pieces, iov, (size_t)iov_count))
        return plugin_leave(plugin, &visit, -RILL_EINVAL);
    return plugin_leave(plugin, &visit, rill_sock_readv(plugin->sockets, fd, pieces, iov_count));
}

static ssize_t call_recv(void *userdata, int fd, void *data, size_t bytes, int flags)
{
    struct visit visit;
    struct plugin *plugin = plugin_enter(userdata, &visit, fd);

    return plugin_leave(plugin, &visit, rill_sock_recv(plugin->sockets, fd, data, bytes, flags));
}

static ssize_t call_recvfrom(void *userdata, int fd, void *data, size_t bytes, int flags, struct sockaddr *addr,
                             socklen_t *addr_bytes)
{
    struct visit visit;
    struct plugin *plugin = plugin_enter(userdata, &visit, fd);

    return plugin_leave(plugin, &visit, rill_sock_recvfrom(plugin->sockets, fd, data, bytes, flags, addr, addr_bytes));
}

static bool translate_message(struct rill_msghdr *to, struct rill_iovec pieces[IOV_MAX], const struct msghdr *message)
{
    *to = (struct rill_msghdr){.name = message->msg_name,
                               .name_bytes = message->msg_namelen,
                               .iov = pieces,
                               .iov_count = message->msg_iovlen,
                               .control = message->msg_control,
                               .control_bytes = message->msg_controllen,
                               .flags = message->msg_flags};
    return translate_pieces(pieces, message->msg_iov, message->msg_iovlen);
}

static ssize_t call_recvmsg(void *userdata, int fd, struct msghdr *message, int flags)
{
    struct rill_iovec pieces[IOV_MAX];
    struct rill_msghdr in;
    struct visit visit;
    struct plugin *plugin = plugin_enter(userdata, &visit, fd);
    int64_t bytes;

    if (!translate_message(&in, pieces, message))
        return plugin_leave(plugin, &visit, -RILL_EMSGSIZE);
    bytes = rill_sock_recvmsg(plugin->sockets, fd, &in, flags);
    if (bytes >= 0) {
        message->msg_namelen = in.name_bytes;
        message->msg_controllen = in.control_bytes;
        message->msg_flags = in.flags;
    }
    return plugin_leave(plugin, &visit, bytes);
}

static ssize_t call_write(void *userdata, int fd, const void *data, size_t bytes)
{
    struct visit visit;
    struct plugin *plugin = plugin_enter(userdata, &visit, fd);

    return plugin_leave(plugin, &visit, rill_sock_write(plugin->sockets, fd, data, bytes));
}

static ssize_t call_writev(void *userdata, int fd, const struct iovec *iov, int iov_count)
{
    struct rill_iovec pieces[IOV_MAX];
    struct visit visit;
    struct plugin *plugin = plugin_enter(userdata, &visit, fd);

    if (iov_count < 0 || !translate_pieces(pieces, iov, (size_t)iov_count))
        return plugin_leave(plugin, &visit, -RILL_EINVAL);
    return plugin_leave(plugin, &visit, rill_sock_writev(plugin->sockets, fd, pieces, iov_count));
}

static ssize_t call_send(void *userdata, int fd, const void *data, size_t bytes, int flags)
{
    struct visit visit;
    struct plugin *plugin = plugin_enter(userdata, &visit, fd);

    return plugin_leave(plugin, &visit, rill_sock_send(plugin->sockets, fd, data, bytes, flags));
}

static ssize_t call_sendto(void *userdata, int fd, const void *data, size_t bytes, int flags,
                           const struct sockaddr *addr, socklen_t addr_bytes)
{
    struct visit visit;
    struct plugin *plugin = plugin_enter(userdata, &visit, fd);

    return plugin_leave(plugin, &visit, rill_sock_sendto(plugin->sockets, fd, data, bytes, flags, addr, addr_bytes));
}

static ssize_t call_sendmsg(void *userdata, int fd, const struct msghdr *message, int flags)
{
    struct rill_iovec pieces[IOV_MAX];
    struct rill_msghdr out;
    struct visit visit;
    struct plugin *plugin = plugin_enter(userdata, &visit, fd);

    if (!translate_message(&out, pieces, message))
        return plugin_leave(plugin, &visit, -RILL_EMSGSIZE);
    return plugin_leave(plugin, &visit, rill_sock_sendmsg(plugin->sockets, fd, &out, flags));
}

/* --------------------------------------------------------- flags and options */

static int call_fcntl(void *userdata, int fd, int command, ...)
{
    struct visit visit;
    struct plugin *plugin;
    int argument = 0;

    if (command != F_GETFL && command != F_GETFD) {
        va_list arguments;

        va_start(arguments, command);
        argument = va_arg(arguments, int);
        va_end(arguments);
    }
    plugin = plugin_enter(userdata, &visit, fd);
    return (int)plugin_leave(plugin, &visit, rill_sock_fcntl(plugin->sockets, fd, command, argument));
}

static int call_ioctl(void *userdata, int fd, unsigned long request, ...)
{
    struct visit visit;
    struct plugin *plugin = plugin_enter(userdata, &visit, fd);
    va_list arguments;
    int *argument;

    va_start(arguments, request);
    argument = va_arg(arguments, int *);
    va_end(arguments);
    return (int)plugin_leave(plugin, &visit,
                             argument != NULL ? rill_sock_ioctl(plugin->sockets, fd, request, argument) : -EFAULT);
}

static int call_getsockopt(void *userdata, int fd, int level, int name, void *value, socklen_t *value_bytes)
{
    struct visit visit;
    struct plugin *plugin = plugin_enter(userdata, &visit, fd);

    return (int)plugin_leave(plugin, &visit,
                             rill_sock_getsockopt(plugin->sockets, fd, level, name, value, value_bytes));
}

static int call_setsockopt(void *userdata, int fd, int level, int name, const void *value, socklen_t value_bytes)
{
    struct visit visit;
    struct plugin *plugin = plugin_enter(userdata, &visit, fd);

    return (int)plugin_leave(plugin, &visit,
                             rill_sock_setsockopt(plugin->sockets, fd, level, name, value, value_bytes));
}

/* ----------------------------------------------------------------- readiness */

static int call_poll(void *userdata, struct pollfd *fds, nfds_t count, int timeout_ms)
{
    struct rill_pollfd asked[PLUGIN_DESCRIPTORS];
    struct visit visit;
    struct plugin *plugin = plugin_enter(userdata, &visit, -1);
    int ready;

    if (count > PLUGIN_DESCRIPTORS) /* poll(2): more than RLIMIT_NOFILE */
        return (int)plugin_leave(plugin, &visit, -RILL_EINVAL);
    for (nfds_t i = 0; i < count; i++)
        asked[i] = (struct rill_pollfd){.fd = fds[i].fd, .events = fds[i].events};
    ready = rill_sock_poll(plugin->sockets, asked, (unsigned)count, timeout_ms);
    for (nfds_t i = 0; ready >= 0 && i < count; i++)
        fds[i].revents = asked[i].revents;
    return (int)plugin_leave(plugin, &visit, ready);
}

static int call_epoll_create(void *userdata, int size)
{
    struct visit visit;
    struct plugin *plugin = plugin_enter(userdata, &visit, -1);

    return (int)plugin_leave(plugin, &visit, size > 0 ? rill_sock_epoll_create(plugin->sockets, 0) : -RILL_EINVAL);
}

static int call_epoll_ctl(void *userdata, int epoll_fd, int operation, int fd, struct epoll_event *event)
{
    struct visit visit;
    struct plugin *plugin = plugin_enter(userdata, &visit, epoll_fd);
    struct rill_epoll_event asked = {0};

    if (event == NULL && operation != EPOLL_CTL_DEL)
        return (int)plugin_leave(plugin, &visit, -EFAULT);
    if (event != NULL)
        asked = (struct rill_epoll_event){.events = event->events, .data = event->data.u64};
    return (int)plugin_leave(plugin, &visit, rill_sock_epoll_ctl(plugin->sockets, epoll_fd, operation, fd, &asked));
}

static int call_epoll_wait(void *userdata, int epoll_fd, struct epoll_event *events, int max, int timeout_ms)
{
    struct rill_epoll_event found[PLUGIN_DESCRIPTORS];
    struct visit visit;
    struct plugin *plugin = plugin_enter(userdata, &visit, epoll_fd);
    int room = max > (int)PLUGIN_DESCRIPTORS ? (int)PLUGIN_DESCRIPTORS : max;
    int count = rill_sock_epoll_wait(plugin->sockets, epoll_fd, found, room, timeout_ms);

    for (int i = 0; i < count; i++) {
        events[i].events = found[i].events;
        events[i].data.u64 = found[i].data;
    }
    return (int)plugin_leave(plugin, &visit, count);
}

/* ---------------------------------------------------------------------- pipes */

static int call_pipe(void *userdata, int fds[2])
{
    struct visit visit;
    struct plugin *plugin = plugin_enter(userdata, &visit, -1);

    return (int)plugin_leave(plugin, &visit, rill_sock_pipe(plugin->sockets, fds, 0));
}

static ssize_t call_splice(void *userdata, int fd_in, loff_t *offset_in, int fd_out, loff_t *offset_out, size_t bytes,
                           unsigned flags)
{
    struct visit visit;
    struct plugin *plugin = plugin_enter(userdata, &visit, fd_in);

    if (offset_in != NULL || offset_out != NULL) /* neither pipes nor sockets have any */
        return plugin_leave(plugin, &visit, -ESPIPE);
    return plugin_leave(plugin, &visit, rill_sock_splice(plugin->sockets, fd_in, fd_out, bytes, flags));
}

/* ---------------------------------------------------------- packets and time */

static long long usecs_of(rill_time time)
{
    return EPOCH_USECS + (long long)(time / NANOS_PER_USEC);
}

static int call_netdev_send(void *userdata, const void *packet, size_t bytes)
{
    struct visit visit;
    struct plugin *plugin = plugin_enter_driver(userdata, &visit);

    if (bytes > 65535)
        return (int)plugin_leave(plugin, &visit, -RILL_EMSGSIZE);
    plugin_input(plugin, packet, (uint32_t)bytes);
    return (int)plugin_leave(plugin, &visit, 0);
}

static int call_netdev_receive(void *userdata, void *packet, size_t *bytes, long long *time_usecs)
{
    struct visit visit;
    struct plugin *plugin = plugin_enter_driver(userdata, &visit);
    rill_time sent_at;
    int error = plugin_take_packet(plugin, packet, bytes, &sent_at);

    *time_usecs = usecs_of(sent_at);
    return (int)plugin_leave(plugin, &visit, error);
}

static int call_usleep(void *userdata, useconds_t usecs)
{
    struct visit visit;
    struct plugin *plugin = plugin_enter_driver(userdata, &visit);

    plugin_sleep(plugin, usecs * NANOS_PER_USEC);
    return (int)plugin_leave(plugin, &visit, 0);
}

static int call_gettimeofday(void *userdata, struct timeval *time, struct timezone *zone)
{
    struct visit visit;
    struct plugin *plugin = plugin_enter(userdata, &visit, -1);
    long long usecs = usecs_of(plugin_time(plugin));

    (void)zone;
    plugin_leave_quietly(plugin, &visit);
    if (time != NULL)
        *time = (struct timeval){.tv_sec = usecs / 1000000, .tv_usec = usecs % 1000000};
    return 0;
}

void calls_fill(struct packetdrill_interface *iface)
{
    iface->socket = call_socket;
    iface->bind = call_bind;
    iface->listen = call_listen;
    iface->accept = call_accept;
    iface->connect = call_connect;
    iface->read = call_read;
    iface->readv = call_readv;
    iface->recv = call_recv;
    iface->recvfrom = call_recvfrom;
    iface->recvmsg = call_recvmsg;
    iface->write = call_write;
    iface->writev = call_writev;
    iface->send = call_send;
    iface->sendto = call_sendto;
    iface->sendmsg = call_sendmsg;
    iface->fcntl = call_fcntl;
    iface->ioctl = call_ioctl;
    iface->close = call_close;
    iface->shutdown = call_shutdown;
    iface->getsockopt = call_getsockopt;
    iface->setsockopt = call_setsockopt;
    iface->poll = call_poll;
    iface->netdev_send = call_netdev_send;
    iface->netdev_receive = call_netdev_receive;
    iface->usleep = call_usleep;
    iface->gettimeofday = call_gettimeofday;
    iface->epoll_create = call_epoll_create;
    iface->epoll_ctl = call_epoll_ctl;
    iface->epoll_wait = call_epoll_wait;
    iface->pipe = call_pipe;
    iface->splice = call_splice;
}
