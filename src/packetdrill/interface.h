/*
 * What packetdrill asks of a shared object (--so_filename): one function that
 * fills a table of functions. Declared here anew from its description; the
 * order of the members is the contract. All but userdata take it first; then
 * come the arguments of the call of the same name, whose results and errno
 * they have.
 */
#ifndef PACKETDRILL_INTERFACE_H
#define PACKETDRILL_INTERFACE_H

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>

struct packetdrill_interface {
    void *userdata;
    void (*free)(void *userdata);
    int (*socket)(void *userdata, int domain, int type, int protocol);
    int (*bind)(void *userdata, int fd, const struct sockaddr *addr, socklen_t addr_bytes);
    int (*listen)(void *userdata, int fd, int backlog);
    int (*accept)(void *userdata, int fd, struct sockaddr *addr, socklen_t *addr_bytes);
    int (*connect)(void *userdata, int fd, const struct sockaddr *addr, socklen_t addr_bytes);
    ssize_t (*read)(void *userdata, int fd, void *data, size_t bytes);
    ssize_t (*readv)(void *userdata, int fd, const struct iovec *iov, int iov_count);
    ssize_t (*recv)(void *userdata, int fd, void *data, size_t bytes, int flags);
    ssize_t (*recvfrom)(void *userdata, int fd, void *data, size_t bytes, int flags, struct sockaddr *addr,
                        socklen_t *addr_bytes);
    ssize_t (*recvmsg)(void *userdata, int fd, struct msghdr *message, int flags);
    ssize_t (*write)(void *userdata, int fd, const void *data, size_t bytes);
    ssize_t (*writev)(void *userdata, int fd, const struct iovec *iov, int iov_count);
    ssize_t (*send)(void *userdata, int fd, const void *data, size_t bytes, int flags);
    ssize_t (*sendto)(void *userdata, int fd, const void *data, size_t bytes, int flags, const struct sockaddr *addr,
                      socklen_t addr_bytes);
    ssize_t (*sendmsg)(void *userdata, int fd, const struct msghdr *message, int flags);
    int (*fcntl)(void *userdata, int fd, int command, ...);
    int (*ioctl)(void *userdata, int fd, unsigned long request, ...);
    int (*close)(void *userdata, int fd);
    int (*shutdown)(void *userdata, int fd, int how);
    int (*getsockopt)(void *userdata, int fd, int level, int name, void *value, socklen_t *value_bytes);
    int (*setsockopt)(void *userdata, int fd, int level, int name, const void *value, socklen_t value_bytes);
    int (*poll)(void *userdata, struct pollfd *fds, nfds_t count, int timeout_ms);

    /* An IP packet into the stack. 0 or -1. */
    int (*netdev_send)(void *userdata, const void *packet, size_t bytes);
    /* The next IP packet out of it: *bytes is the room, then the packet's length, 0 when there is none. 0 or -1. */
    int (*netdev_receive)(void *userdata, void *packet, size_t *bytes, long long *time_usecs);
    int (*usleep)(void *userdata, useconds_t usecs);
    int (*gettimeofday)(void *userdata, struct timeval *time, struct timezone *zone);

    int (*epoll_create)(void *userdata, int size);
    int (*epoll_ctl)(void *userdata, int epoll_fd, int operation, int fd, struct epoll_event *event);
    int (*epoll_wait)(void *userdata, int epoll_fd, struct epoll_event *events, int max, int timeout_ms);
    int (*pipe)(void *userdata, int fds[2]);
    ssize_t (*splice)(void *userdata, int fd_in, loff_t *offset_in, int fd_out, loff_t *offset_out, size_t bytes,
                      unsigned flags);
};

/* flags: what --so_flags says, NULL when nothing. 0; -1 with a sentence on stderr, and the table all zero. */
int packetdrill_interface_init(const char *flags, struct packetdrill_interface *iface);

#endif
