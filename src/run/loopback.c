/*
 * The loopback is the kernel's: a socket that is bound or connected there
 * becomes a kernel socket at the same descriptor, and a listener on all
 * addresses has one of the kernel's beside it.
 */
#include "run/supervisor.h"

#include "run/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The IPv4 address, mapped or not; NULL: there is none. */
static const uint8_t *v4_of(const uint8_t *addr, uint32_t bytes)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    uint16_t family;

    if (bytes < 8)
        return NULL;
    memcpy(&family, addr, sizeof family);
    if (family == AF_INET)
        return addr + 4;
    return family == AF_INET6 && bytes >= 24 && memcmp(addr + 8, mapped, 12) == 0 ? addr + 20 : NULL;
}

bool address_is_loopback(const uint8_t *addr, uint32_t bytes)
{
    static const uint8_t loopback6[16] = {[15] = 1};
    const uint8_t *v4 = v4_of(addr, bytes);
    uint16_t family;

    if (v4 != NULL)
        return v4[0] == 127;
    if (bytes < 24)
        return false;
    memcpy(&family, addr, sizeof family);
    return family == AF_INET6 && memcmp(addr + 8, loopback6, 16) == 0;
}

int kernels_socket(const struct psock *ps, int type_flags)
{
    int fd =
        socket(ps->v6 ? AF_INET6 : AF_INET, (ps->datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | type_flags, 0);

    if (fd < 0)
        return -1;
    for (unsigned i = 0; i < ps->kept_count; i++)
        setsockopt(fd, ps->kept[i].level, ps->kept[i].name, ps->kept[i].value, ps->kept[i].bytes);
    return fd;
}

/* The port that it was bound to, on the kernel's side too. */
static void bind_as_before(struct run *run, const struct psock *ps, int fd)
{
    uint8_t addr[ADDRESS_BYTES];
    uint32_t bytes = sizeof addr;
    uint16_t port;

    if (rill_sock_getsockname(run->sockets, ps->fd, addr, &bytes) != 0)
        return;
    memcpy(&port, addr + 2, sizeof port);
    if (port != 0)
        (void)bind(fd, (const struct sockaddr *)(const void *)addr, bytes);
}

void kernel_takes_over(struct run *run, struct psock *ps, const struct call *call)
{
    int flags = process_file_flags(call->thread, (int)call->args[0]);
    int fd = kernels_socket(ps, (flags & O_NONBLOCK) != 0 ? SOCK_NONBLOCK : 0);

    if (fd < 0) {
        call_answer(call, -errno);
        return;
    }
    bind_as_before(run, ps, fd);
    if (call_replace_file(call, fd, (int)call->args[0], (flags & O_CLOEXEC) != 0))
        call_continue(call);
    else
        call_answer(call, -EBADF);
    close(fd);
    psock_free(run, ps);
}

void shadow_listen(struct run *run, struct psock *ps, int backlog)
{
    uint8_t addr[ADDRESS_BYTES];
    uint32_t bytes = sizeof addr;
    int on = 1;

    if (rill_sock_getsockname(run->sockets, ps->fd, addr, &bytes) != 0)
        return;
    ps->shadow = kernels_socket(ps, SOCK_NONBLOCK);
    if (ps->shadow < 0)
        return;
    setsockopt(ps->shadow, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(ps->shadow, (const struct sockaddr *)(const void *)addr, bytes) != 0 || listen(ps->shadow, backlog) != 0 ||
        !psock_watch_shadow(run, ps)) {
        supervisor_say(run, "the loopback will not reach this listener: %s", strerror(errno));
        close(ps->shadow);
        ps->shadow = -1;
    }
}
