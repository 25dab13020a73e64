/*
 * A host that is the kernel: a network namespace of its own, a TUN in it that
 * is the lab's cable, and non-blocking sockets. The namespace has no name and
 * no process of its own, so it goes with this process, however that ends.
 */
#include "lab/host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/namespace.h"

#define EVENTS_MAX 64
#define DEVICE_QUEUE_PACKETS 10000 /* so that it is the lab's link that drops, not the kernel's end of the cable */

struct linux_host {
    struct host host;
    int namespace_fd, epoll_fd;
};

static struct linux_host *linux_of(struct host *host)
{
    return (struct linux_host *)(void *)host;
}

/* -------------------------------------------------------------- connections */

static bool fail(struct conn *conn, const char *why)
{
    conn->failure = why;
    return false;
}

static bool watch(struct conn *conn)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = conn};
    conn->is_open = true;
    return epoll_ctl(linux_of(conn->host)->epoll_fd, EPOLL_CTL_ADD, conn->fd, &event) == 0 || fail(conn, "epoll");
}

/* A socket in the host's namespace, with its congestion control. */
static int make_socket(struct host *host)
{
    const char *name = host->settings.congestion_control;
    const int on = 1;
    if (setns(linux_of(host)->namespace_fd, CLONE_NEWNET) != 0)
        return -1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (name == NULL || setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, (socklen_t)strlen(name)) == 0)
        return fd;
    close(fd);
    return -1;
}

static struct sockaddr_in address(uint8_t number, uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(0x0A000000u | number)};
}

static bool listen_at(struct host *host, struct conn *listener, uint16_t port)
{
    struct sockaddr_in local = address(host->port->number, port);
    *listener = (struct conn){.host = host, .flow = listener->flow, .fd = make_socket(host)};
    if (listener->fd < 0 || bind(listener->fd, (struct sockaddr *)&local, sizeof local) != 0 ||
        listen(listener->fd, 64) != 0)
        return fail(listener, strerror(errno));
    return watch(listener);
}

static bool accept_from(struct conn *listener, struct conn *out)
{
    const int on = 1;
    int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    listener->can_accept = fd >= 0;
    if (fd < 0)
        return false;
    *out = (struct conn){.host = listener->host, .flow = listener->flow, .fd = fd};
    out->can_send = out->can_receive = true;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return watch(out);
}

static bool connect_to(struct host *host, struct conn *conn, uint8_t to, uint16_t port)
{
    struct sockaddr_in remote = address(to, port);
    *conn = (struct conn){.host = host, .flow = conn->flow, .fd = make_socket(host)};
    if (conn->fd < 0)
        return fail(conn, strerror(errno));
    if (connect(conn->fd, (struct sockaddr *)&remote, sizeof remote) != 0 && errno != EINPROGRESS)
        return fail(conn, strerror(errno));
    return watch(conn);
}

static int64_t send_some(struct conn *conn, const void *data, size_t bytes)
{
    ssize_t sent = send(conn->fd, data, bytes, MSG_NOSIGNAL);
    conn->can_send = sent == (ssize_t)bytes;
    if (sent >= 0)
        return sent;
    if (errno == EAGAIN || errno == ENOTCONN)
        return 0;
    fail(conn, strerror(errno));
    return CONN_FAILED;
}

static int64_t receive_some(struct conn *conn, void *data, size_t bytes)
{
    ssize_t got = recv(conn->fd, data, bytes, 0);
    conn->can_receive = got > 0;
    if (got > 0)
        return got;
    if (got == 0)
        return CONN_END;
    if (errno == EAGAIN || errno == ENOTCONN)
        return 0;
    fail(conn, strerror(errno));
    return CONN_FAILED;
}

static void shut_down(struct conn *conn)
{
    (void)shutdown(conn->fd, SHUT_WR);
}

static void close_conn(struct conn *conn)
{
    if (conn->is_open)
        close(conn->fd);
    conn->is_open = false;
}

static void count(struct conn *conn, struct conn_counts *out)
{
    struct tcp_info info = {0};
    socklen_t bytes = sizeof info;
    *out = (struct conn_counts){0};
    if (!conn->is_open || getsockopt(conn->fd, IPPROTO_TCP, TCP_INFO, &info, &bytes) != 0)
        return;
    *out = (struct conn_counts){info.tcpi_segs_out, info.tcpi_total_retrans, info.tcpi_snd_cwnd * info.tcpi_snd_mss,
                                info.tcpi_rtt};
}

/* --------------------------------------------------------------------- host */

static bool turn(struct host *host, rill_time now)
{
    struct epoll_event events[EVENTS_MAX];
    int n = epoll_wait(linux_of(host)->epoll_fd, events, EVENTS_MAX, 0);
    (void)now;
    for (int i = 0; i < n; i++) {
        struct conn *conn = events[i].data.ptr;
        conn->can_accept |= (events[i].events & EPOLLIN) != 0;
        conn->can_send |= (events[i].events & EPOLLOUT) != 0;
        conn->can_receive |= (events[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP)) != 0;
    }
    return n > 0;
}

static rill_time deadline(struct host *host)
{
    (void)host;
    return RILL_NEVER;
}

static int descriptor(struct host *host)
{
    return linux_of(host)->epoll_fd;
}

static void free_host(struct host *host)
{
    struct linux_host *own = linux_of(host);
    close(own->epoll_fd);
    close(own->namespace_fd);
    free(own);
}

static const struct host_ops linux_ops = {
    .name = "linux",
    .listen = listen_at,
    .accept = accept_from,
    .connect = connect_to,
    .send = send_some,
    .receive = receive_some,
    .shutdown = shut_down,
    .close = close_conn,
    .count = count,
    .turn = turn,
    .deadline = deadline,
    .descriptor = descriptor,
    .free = free_host,
};

static bool set_sysctl(const char *name, const char *value)
{
    char path[96];
    snprintf(path, sizeof path, "/proc/sys/net/ipv4/%s", name);
    FILE *file = fopen(path, "we");
    bool is_set = file != NULL && fputs(value, file) >= 0;
    if (file != NULL)
        is_set &= fclose(file) == 0;
    if (!is_set)
        cli_error("%s: %s", path, strerror(errno));
    return is_set;
}

/* The path is to be the limit, not a setting, and no run may learn from the one before it. */
static bool set_up_kernel(void)
{
    return set_sysctl("tcp_rmem", "4096 1048576 134217728") && set_sysctl("tcp_wmem", "4096 1048576 134217728") &&
           set_sysctl("tcp_no_metrics_save", "1");
}

static void lengthen_device_queue(const char *name)
{
    struct ifreq request = {.ifr_qlen = DEVICE_QUEUE_PACKETS};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    memcpy(request.ifr_name, name, sizeof request.ifr_name);
    if (fd < 0 || ioctl(fd, SIOCSIFTXQLEN, &request) != 0)
        cli_error("the device's queue: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
}

/* In the namespace that this process is in now. */
static struct rill_driver *open_device(uint8_t number, const char *pcap)
{
    struct rill_tun_config tun = {.kernel_addr = rill_addr4(10, 0, 0, number), .prefix_bits = 24};
    struct rill_driver *device = NULL;
    int result = rill_tun_open(&tun, &device);
    if (result < 0) {
        cli_error("a TUN device: %s", strerror(-result));
        return NULL;
    }
    lengthen_device_queue(tun.name);
    if (pcap != NULL && rill_pcap_tap(device, pcap, &device) < 0)
        cli_error("%s cannot be written", pcap);
    return device;
}

static bool open_namespace(struct linux_host *own, struct lab_net *net, const struct host_settings *settings)
{
    if (!namespace_enter() || !set_up_kernel())
        return false;
    own->namespace_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    own->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct rill_driver *device = open_device((uint8_t)(net->port_count + 1), settings->pcap);
    if (own->namespace_fd < 0 || own->epoll_fd < 0 || device == NULL)
        return false;
    own->host.port = lab_net_plug(net, settings->side, settings->extra_delay, device);
    return own->host.port != NULL;
}

struct host *host_open_linux(struct lab_net *net, const struct host_settings *settings)
{
    struct linux_host *own = calloc(1, sizeof *own);
    if (own == NULL) {
        cli_error("no memory for a host");
        return NULL;
    }
    own->host = (struct host){.ops = &linux_ops, .settings = *settings};
    if (open_namespace(own, net, settings))
        return &own->host;
    free(own);
    return NULL;
}
