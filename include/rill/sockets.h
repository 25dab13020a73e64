/*
 * rill: the sockets calls over a stack that you link (see <rill/rill.h>).
 *
 * Every call of the textbooks, named rill_sock_..., with POSIX's meaning and
 * Linux's numbers, layouts and habits. What differs:
 *
 * - The first argument is the table of descriptors, made by
 *   rill_sockets_create() in memory that the caller gives.
 * - errno is never touched: a call returns what its namesake returns, or a
 *   negative RILL_E..., never -1.
 * - SIGPIPE is the caller's: -RILL_EPIPE from a send without RILL_MSG_NOSIGNAL
 *   is where it would be raised.
 *
 * BLOCKING. The layer has no loop of its own. With config.wait a call that
 * must wait calls it until what it waits for has happened. Without it, such a
 * call returns what it has done so far, or -RILL_EAGAIN, and is called again.
 *
 * EVENTS. Each call first takes the stack's events. Those of native connections
 * on the same stack go to config.stranger; and an event that the program took
 * by rill_next() itself goes in by rill_sockets_event().
 *
 * THREADS. As for the stack: one thread at a time.
 */
#ifndef RILL_SOCKETS_H
#define RILL_SOCKETS_H

#include "rill/rill.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What only these calls return; the rest is in <rill/rill.h>. */
enum rill_sock_error {
    RILL_EINTR = 4,
    RILL_EFAULT = 14,
    RILL_EEXIST = 17,
    RILL_EMFILE = 24,
    RILL_ENOTTY = 25,
    RILL_EDOM = 33,
    RILL_ELOOP = 40,
    RILL_ENODEV = 19,
    RILL_ENONET = 64,
    RILL_ENOTSOCK = 88,
    RILL_EDESTADDRREQ = 89,
    RILL_EPROTOTYPE = 91,
    RILL_ENOPROTOOPT = 92,
    RILL_EPROTONOSUPPORT = 93,
    RILL_ESOCKTNOSUPPORT = 94,
    RILL_EAFNOSUPPORT = 97,
    RILL_EHOSTDOWN = 112,
};

/* As rill_error_name(), and these. */
const char *rill_sock_error_name(int error);

/* ------------------------------------------------------------- the descriptors */

struct rill_sockets;

struct rill_sockets_config {
    uint32_t size; /* sizeof(struct rill_sockets_config), set by rill_sockets_config_default() */
    struct rill_stack *stack;
    void *memory; /* 16-aligned, the layer's for its life */
    size_t memory_bytes;
    uint32_t max_descriptors;  /* default 1,024 */
    uint32_t max_watches;      /* descriptors in epolls, summed over all of them; default 2,048 */
    uint32_t first_descriptor; /* the lowest number given out; default 3, as in a program with its three */

    /*
     * Turn the stack's loop until something happened, at most until deadline (the stack's clock; RILL_NEVER: no
     * limit). 0, or a negative error that ends the waiting call: -RILL_EINTR. NULL: no call waits.
     */
    int (*wait)(void *context, rill_time deadline);
    /* An event of a connection that is none of this table's; NULL: such events are dropped. */
    void (*stranger)(void *context, const struct rill_event *event);
    void *context; /* of both */

    uint64_t wall_offset_ns; /* what makes the stack's clock the time of day (RILL_SO_TIMESTAMPING); default 0 */
};

void rill_sockets_config_default(struct rill_sockets_config *config);

/* The memory that such a configuration needs. */
size_t rill_sockets_bytes(const struct rill_sockets_config *config);

/* 0, -RILL_EINVAL, -RILL_ENOMEM (memory_bytes is less than rill_sockets_bytes()). */
int rill_sockets_create(const struct rill_sockets_config *config, struct rill_sockets **out);

/* Close every descriptor, as the end of a process does. */
void rill_sockets_destroy(struct rill_sockets *sockets);

/* True when the event belongs to one of these descriptors; it is taken into account. */
bool rill_sockets_event(struct rill_sockets *sockets, const struct rill_event *event);

/* The connection or listener under a descriptor; 0 when there is none (yet, or any more). */
rill_conn rill_sock_conn(struct rill_sockets *sockets, int fd);

/* ------------------------------------------------------------------- addresses */

#define RILL_AF_UNSPEC 0
#define RILL_AF_INET 2
#define RILL_AF_INET6 10

/* Linux's layouts. Addresses are passed as bytes with their length, as in the BSD calls, and need no alignment. */
struct rill_sockaddr_in {
    uint16_t family;
    uint16_t port; /* network order: rill_htons() */
    uint8_t addr[4];
    uint8_t zero[8];
};

struct rill_sockaddr_in6 {
    uint16_t family;
    uint16_t port; /* network order */
    uint32_t flowinfo;
    uint8_t addr[16]; /* ::ffff:a.b.c.d is IPv4 */
    uint32_t scope_id;
};

uint16_t rill_htons(uint16_t host_order);
uint16_t rill_ntohs(uint16_t network_order);
struct rill_sockaddr_in rill_sockaddr4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port_host_order);

/* --------------------------------------------------------------------- sockets */

#define RILL_SOCK_STREAM 1
#define RILL_SOCK_DGRAM 2
#define RILL_SOCK_NONBLOCK 0x800
#define RILL_SOCK_CLOEXEC 0x80000

#define RILL_IPPROTO_IP 0
#define RILL_IPPROTO_TCP 6
#define RILL_IPPROTO_UDP 17
#define RILL_IPPROTO_IPV6 41

#define RILL_SOMAXCONN 4096

#define RILL_SHUT_RD 0
#define RILL_SHUT_WR 1
#define RILL_SHUT_RDWR 2

#define RILL_MSG_OOB 0x1
#define RILL_MSG_PEEK 0x2
#define RILL_MSG_CTRUNC 0x8
#define RILL_MSG_TRUNC 0x20
#define RILL_MSG_DONTWAIT 0x40
#define RILL_MSG_EOR 0x80
#define RILL_MSG_WAITALL 0x100
#define RILL_MSG_NOSIGNAL 0x4000
#define RILL_MSG_MORE 0x8000
#define RILL_MSG_WAITFORONE 0x10000
#define RILL_MSG_ERRQUEUE 0x2000
#define RILL_MSG_FASTOPEN 0x20000000 /* sendto, sendmsg: connect and send; the data may go in the SYN */
#define RILL_MSG_LENT 0x4000000      /* send without copying: see rill_sock_lent() */

struct rill_iovec {
    void *base;
    size_t length_bytes;
};

struct rill_msghdr {
    void *name;
    uint32_t name_bytes;
    struct rill_iovec *iov;
    size_t iov_count;
    void *control;
    size_t control_bytes;
    int flags; /* out: RILL_MSG_... */
};

struct rill_mmsghdr {
    struct rill_msghdr header;
    uint32_t bytes; /* out: what sendmsg or recvmsg returned */
};

/*
 * RILL_SOCK_STREAM or RILL_SOCK_DGRAM, of RILL_AF_INET, or of RILL_AF_INET6 for both families (IPv4 as mapped
 * addresses). What the calls below say of connections is RILL_SOCK_STREAM's.
 */
int rill_sock_open(struct rill_sockets *sockets, int family, int type, int protocol);
int rill_sock_bind(struct rill_sockets *sockets, int fd, const void *addr, uint32_t addr_bytes);
int rill_sock_listen(struct rill_sockets *sockets, int fd, int backlog);

/* addr_bytes: room in, length out; both may be NULL. The flags are RILL_SOCK_NONBLOCK and RILL_SOCK_CLOEXEC. */
int rill_sock_accept(struct rill_sockets *sockets, int fd, void *addr, uint32_t *addr_bytes);
int rill_sock_accept4(struct rill_sockets *sockets, int fd, void *addr, uint32_t *addr_bytes, int flags);

int rill_sock_connect(struct rill_sockets *sockets, int fd, const void *addr, uint32_t addr_bytes);
int rill_sock_shutdown(struct rill_sockets *sockets, int fd, int how);
int rill_sock_getsockname(struct rill_sockets *sockets, int fd, void *addr, uint32_t *addr_bytes);
int rill_sock_getpeername(struct rill_sockets *sockets, int fd, void *addr, uint32_t *addr_bytes);

int64_t rill_sock_send(struct rill_sockets *sockets, int fd, const void *data, size_t length_bytes, int flags);
int64_t rill_sock_sendto(struct rill_sockets *sockets, int fd, const void *data, size_t length_bytes, int flags,
                         const void *addr, uint32_t addr_bytes);
int64_t rill_sock_sendmsg(struct rill_sockets *sockets, int fd, const struct rill_msghdr *message, int flags);
int64_t rill_sock_write(struct rill_sockets *sockets, int fd, const void *data, size_t length_bytes);
int64_t rill_sock_writev(struct rill_sockets *sockets, int fd, const struct rill_iovec *iov, int iov_count);

int64_t rill_sock_recv(struct rill_sockets *sockets, int fd, void *data, size_t length_bytes, int flags);
int64_t rill_sock_recvfrom(struct rill_sockets *sockets, int fd, void *data, size_t length_bytes, int flags, void *addr,
                           uint32_t *addr_bytes);
int64_t rill_sock_recvmsg(struct rill_sockets *sockets, int fd, struct rill_msghdr *message, int flags);
/* How many messages were sent or received; an error only when none was. timeout (may be NULL): looked at between. */
int rill_sock_sendmmsg(struct rill_sockets *sockets, int fd, struct rill_mmsghdr *messages, unsigned count, int flags);
struct rill_timeval;
int rill_sock_recvmmsg(struct rill_sockets *sockets, int fd, struct rill_mmsghdr *messages, unsigned count, int flags,
                       const struct rill_timeval *timeout);

int64_t rill_sock_read(struct rill_sockets *sockets, int fd, void *data, size_t length_bytes);
/*
 * Without copying, streams only. Sending: with RILL_MSG_LENT the bytes that a send took are lent until the peer has
 * acknowledged them, and must not change meanwhile; rill_sock_lent() says how many are, counted from the last, and
 * rill_sock_reclaim() waits until none is (-RILL_EAGAIN when it may not wait). The last close copies what is lent.
 * With RILL_SO_ZEROCOPY such sends are numbered from 0, and rill_sock_recvmsg() with RILL_MSG_ERRQUEUE tells the numbers
 * of those that are done (RILL_IP_RECVERR: origin 5, info the first, data the last), as with Linux's MSG_ZEROCOPY.
 *
 * Receiving: rill_sock_borrow() gives up to max slices of what recv would copy, 0 at the end of the stream; they are
 * valid until the next call on the stack. rill_sock_return() takes the first length_bytes of them out of the stream.
 */
int64_t rill_sock_lent(struct rill_sockets *sockets, int fd);
int rill_sock_reclaim(struct rill_sockets *sockets, int fd);
int rill_sock_borrow(struct rill_sockets *sockets, int fd, struct rill_slice *slices, unsigned max, int flags);
int rill_sock_return(struct rill_sockets *sockets, int fd, size_t length_bytes);

int64_t rill_sock_readv(struct rill_sockets *sockets, int fd, const struct rill_iovec *iov, int iov_count);

/* ----------------------------------------------------------------- descriptors */

#define RILL_O_RDONLY 0
#define RILL_O_WRONLY 0x1
#define RILL_O_RDWR 0x2
#define RILL_O_NONBLOCK 0x800
#define RILL_O_CLOEXEC 0x80000
#define RILL_FD_CLOEXEC 1

#define RILL_F_DUPFD 0
#define RILL_F_GETFD 1
#define RILL_F_SETFD 2
#define RILL_F_GETFL 3
#define RILL_F_SETFL 4
#define RILL_F_DUPFD_CLOEXEC 1030

#define RILL_FIONREAD 0x541b
#define RILL_FIONBIO 0x5421
#define RILL_SIOCINQ 0x541b
#define RILL_SIOCOUTQ 0x5411
#define RILL_SIOCATMARK 0x8905
#define RILL_SIOCOUTQNSD 0x894b

/* pipe2(2): fds[0] reads, fds[1] writes; flags are RILL_O_NONBLOCK and RILL_O_CLOEXEC. 64 KiB of the stack's memory. */
int rill_sock_pipe(struct rill_sockets *sockets, int fds[2], int flags);

#define RILL_SPLICE_MOVE 0x1u
#define RILL_SPLICE_NONBLOCK 0x2u
#define RILL_SPLICE_MORE 0x4u

/* splice(2) without offsets: one of both is a pipe, the other one a pipe or a socket. */
int64_t rill_sock_splice(struct rill_sockets *sockets, int fd_in, int fd_out, size_t length_bytes, unsigned flags);

int rill_sock_close(struct rill_sockets *sockets, int fd);
int rill_sock_dup(struct rill_sockets *sockets, int fd);
/* new_fd must lie where the table has numbers. */
int rill_sock_dup3(struct rill_sockets *sockets, int fd, int new_fd, int flags);
int rill_sock_fcntl(struct rill_sockets *sockets, int fd, int command, int argument);
int rill_sock_ioctl(struct rill_sockets *sockets, int fd, unsigned long request, int *argument);

/* --------------------------------------------------------------------- options */

#define RILL_SOL_SOCKET 1
#define RILL_SOL_IP 0
#define RILL_SOL_TCP 6
#define RILL_SOL_IPV6 41

#define RILL_SO_DEBUG 1
#define RILL_SO_REUSEADDR 2
#define RILL_SO_TYPE 3
#define RILL_SO_ERROR 4
#define RILL_SO_DONTROUTE 5
#define RILL_SO_BROADCAST 6
#define RILL_SO_SNDBUF 7
#define RILL_SO_RCVBUF 8
#define RILL_SO_KEEPALIVE 9
#define RILL_SO_OOBINLINE 10
#define RILL_SO_NO_CHECK 11
#define RILL_SO_PRIORITY 12
#define RILL_SO_LINGER 13
#define RILL_SO_BSDCOMPAT 14
#define RILL_SO_REUSEPORT 15
#define RILL_SO_RCVLOWAT 18
#define RILL_SO_SNDLOWAT 19
#define RILL_SO_RCVTIMEO 20
#define RILL_SO_SNDTIMEO 21
#define RILL_SO_BINDTODEVICE 25
#define RILL_SO_TIMESTAMP 29
#define RILL_SO_ACCEPTCONN 30
#define RILL_SO_SNDBUFFORCE 32
#define RILL_SO_RCVBUFFORCE 33
#define RILL_SO_TIMESTAMPNS 35
#define RILL_SO_MARK 36
#define RILL_SO_TIMESTAMPING 37
#define RILL_SO_PROTOCOL 38
#define RILL_SO_DOMAIN 39
#define RILL_SO_RXQ_OVFL 40
#define RILL_SO_PEEK_OFF 42
#define RILL_SO_LOCK_FILTER 44
#define RILL_SO_BUSY_POLL 46
#define RILL_SO_MAX_PACING_RATE 47
#define RILL_SO_INCOMING_CPU 49
#define RILL_SO_ZEROCOPY 60
#define RILL_SO_BINDTOIFINDEX 62

#define RILL_TCP_NODELAY 1
#define RILL_TCP_MAXSEG 2
#define RILL_TCP_CORK 3
#define RILL_TCP_KEEPIDLE 4
#define RILL_TCP_KEEPINTVL 5
#define RILL_TCP_KEEPCNT 6
#define RILL_TCP_SYNCNT 7
#define RILL_TCP_LINGER2 8
#define RILL_TCP_DEFER_ACCEPT 9
#define RILL_TCP_WINDOW_CLAMP 10
#define RILL_TCP_INFO 11
#define RILL_TCP_QUICKACK 12
#define RILL_TCP_CONGESTION 13
#define RILL_TCP_USER_TIMEOUT 18
#define RILL_TCP_FASTOPEN 23
#define RILL_TCP_NOTSENT_LOWAT 25
#define RILL_TCP_FASTOPEN_CONNECT 30
#define RILL_TCP_INQ 36

#define RILL_IP_TOS 1
#define RILL_IP_TTL 2
#define RILL_IP_RECVOPTS 6
#define RILL_IP_RETOPTS 7
#define RILL_IP_PKTINFO 8
#define RILL_IP_MTU_DISCOVER 10
#define RILL_IP_RECVERR 11
#define RILL_IP_RECVTTL 12
#define RILL_IP_RECVTOS 13
#define RILL_IP_MTU 14
#define RILL_IP_TRANSPARENT 19
#define RILL_IP_BIND_ADDRESS_NO_PORT 24
#define RILL_IP_MULTICAST_TTL 33

#define RILL_IPV6_UNICAST_HOPS 16
#define RILL_IPV6_MTU_DISCOVER 23
#define RILL_IPV6_RECVERR 25
#define RILL_IPV6_V6ONLY 26
#define RILL_IPV6_RECVPKTINFO 49
#define RILL_IPV6_PKTINFO 50
#define RILL_IPV6_RECVHOPLIMIT 51
#define RILL_IPV6_RECVTCLASS 66
#define RILL_IPV6_TCLASS 67

/* RILL_IP_MTU_DISCOVER, RILL_IPV6_MTU_DISCOVER */
#define RILL_IP_PMTUDISC_DONT 0
#define RILL_IP_PMTUDISC_WANT 1
#define RILL_IP_PMTUDISC_DO 2
#define RILL_IP_PMTUDISC_PROBE 3
#define RILL_IP_PMTUDISC_INTERFACE 4
#define RILL_IP_PMTUDISC_OMIT 5

/*
 * Control messages of sendmsg and recvmsg of RILL_SOCK_DGRAM, laid out as Linux's: this header, data, zeros up to a
 * multiple of 8. Received when the option of the same name is on (TTL, TOS: RECVTTL, RECVTOS): RILL_IP_PKTINFO,
 * RILL_IP_TTL (int), RILL_IP_TOS (one byte), RILL_IPV6_PKTINFO; with RILL_MSG_ERRQUEUE: RILL_IP_RECVERR. To send:
 * RILL_IP_PKTINFO (spec_dst is the source), RILL_IP_TTL, RILL_IP_TOS (ints), RILL_IPV6_PKTINFO.
 */
struct rill_cmsghdr {
    size_t bytes; /* header and data */
    int level, type;
};

struct rill_in_pktinfo {
    int interface; /* number of the netif + 1 */
    uint8_t spec_dst[4];
    uint8_t addr[4];
};

struct rill_in6_pktinfo {
    uint8_t addr[16];
    uint32_t interface;
};

/*
 * RILL_SO_TIMESTAMPING of streams, with Linux's numbers. Each send then has a place in the error queue for each TX_ bit:
 * when its last byte was given to the driver (TX_SCHED and TX_SOFTWARE: there is nothing in between), and when it was
 * acknowledged. RILL_MSG_ERRQUEUE reads one after the other: RILL_SCM_TIMESTAMPING when SOFTWARE is asked for, and
 * RILL_IP_RECVERR with origin 4, the kind as info (0 sent, 1 scheduled, 2 acknowledged), and with OPT_ID the byte's
 * number as data. The bytes themselves are not given back (RILL_MSG_TRUNC unless OPT_TSONLY). The other bits are taken
 * and have no effect, as on Linux those that a device does not support; datagrams have none of it.
 */
enum rill_stamping {
    RILL_STAMPING_TX_SOFTWARE = 0x2,
    RILL_STAMPING_SOFTWARE = 0x10,
    RILL_STAMPING_OPT_ID = 0x80,
    RILL_STAMPING_TX_SCHED = 0x100,
    RILL_STAMPING_TX_ACK = 0x200,
    RILL_STAMPING_OPT_TSONLY = 0x800,
    RILL_STAMPING_OPT_STATS = 0x1000,
    RILL_STAMPING_OPT_ID_TCP = 0x10000,
    RILL_STAMPING_ALL = 0x7ffff,
};

#define RILL_SCM_TIMESTAMPING RILL_SO_TIMESTAMPING

struct rill_timespec {
    int64_t seconds, nanoseconds;
};

struct rill_scm_timestamping {
    struct rill_timespec times[3]; /* the first alone is used */
};

/* RILL_IP_RECVERR: followed by the struct rill_sockaddr_in of who sent the ICMP message. */
struct rill_sock_extended_err {
    uint32_t error;
    uint8_t origin; /* 2: ICMP; 4: a timestamp; 5: a send's bytes are the application's again */
    uint8_t type, code, pad;
    uint32_t info; /* next-hop MTU */
    uint32_t data;
};

struct rill_linger {
    int on;
    int seconds;
};

struct rill_timeval {
    int64_t seconds, microseconds;
};

/* Linux's struct tcp_info up to tcpi_rehash; a shorter buffer gets its beginning. What rill does not have is 0. */
struct rill_tcp_info {
    uint8_t tcpi_state; /* RILL_TCPI_... */
    uint8_t tcpi_ca_state;
    uint8_t tcpi_retransmits;
    uint8_t tcpi_probes;
    uint8_t tcpi_backoff;
    uint8_t tcpi_options; /* 1 timestamps, 2 SACK, 4 window scaling, 32 data in the SYN */
    uint8_t tcpi_wscales; /* snd low four bits, rcv high four (the bit fields of x86 and ARM) */
    uint8_t tcpi_flags;   /* 1: tcpi_delivery_rate is limited by the application */
    uint32_t tcpi_rto, tcpi_ato, tcpi_snd_mss, tcpi_rcv_mss;
    uint32_t tcpi_unacked, tcpi_sacked, tcpi_lost, tcpi_retrans, tcpi_fackets;
    uint32_t tcpi_last_data_sent, tcpi_last_ack_sent, tcpi_last_data_recv, tcpi_last_ack_recv;
    uint32_t tcpi_pmtu, tcpi_rcv_ssthresh, tcpi_rtt, tcpi_rttvar, tcpi_snd_ssthresh, tcpi_snd_cwnd, tcpi_advmss,
        tcpi_reordering;
    uint32_t tcpi_rcv_rtt, tcpi_rcv_space, tcpi_total_retrans;
    uint64_t tcpi_pacing_rate, tcpi_max_pacing_rate, tcpi_bytes_acked, tcpi_bytes_received;
    uint32_t tcpi_segs_out, tcpi_segs_in, tcpi_notsent_bytes, tcpi_min_rtt, tcpi_data_segs_in, tcpi_data_segs_out;
    uint64_t tcpi_delivery_rate, tcpi_busy_time, tcpi_rwnd_limited, tcpi_sndbuf_limited;
    uint32_t tcpi_delivered, tcpi_delivered_ce;
    uint64_t tcpi_bytes_sent, tcpi_bytes_retrans;
    uint32_t tcpi_dsack_dups, tcpi_reord_seen, tcpi_rcv_ooopack, tcpi_snd_wnd, tcpi_rcv_wnd, tcpi_rehash;
};

/* tcpi_state: Linux's numbers of the states */
enum rill_tcpi_state {
    RILL_TCPI_ESTABLISHED = 1,
    RILL_TCPI_SYN_SENT,
    RILL_TCPI_SYN_RECV,
    RILL_TCPI_FIN_WAIT1,
    RILL_TCPI_FIN_WAIT2,
    RILL_TCPI_TIME_WAIT,
    RILL_TCPI_CLOSE,
    RILL_TCPI_CLOSE_WAIT,
    RILL_TCPI_LAST_ACK,
    RILL_TCPI_LISTEN,
    RILL_TCPI_CLOSING,
};

/*
 * docs/sockets.md says of each option what it does here. An option that rill knows but cannot carry out answers
 * -RILL_EOPNOTSUPP, an unknown one -RILL_ENOPROTOOPT.
 */
int rill_sock_setsockopt(struct rill_sockets *sockets, int fd, int level, int name, const void *value,
                         uint32_t value_bytes);
int rill_sock_getsockopt(struct rill_sockets *sockets, int fd, int level, int name, void *value, uint32_t *value_bytes);

/* ------------------------------------------------------------------- readiness */

#define RILL_POLLIN 0x001
#define RILL_POLLPRI 0x002
#define RILL_POLLOUT 0x004
#define RILL_POLLERR 0x008
#define RILL_POLLHUP 0x010
#define RILL_POLLNVAL 0x020
#define RILL_POLLRDNORM 0x040
#define RILL_POLLRDBAND 0x080
#define RILL_POLLWRNORM 0x100
#define RILL_POLLWRBAND 0x200
#define RILL_POLLRDHUP 0x2000

struct rill_pollfd {
    int fd;
    int16_t events, revents;
};

/* timeout_ms -1: no limit. Without config.wait: what is ready now. */
int rill_sock_poll(struct rill_sockets *sockets, struct rill_pollfd *fds, unsigned count, int timeout_ms);

/* Bit sets as Linux's fd_set: bit fd % 64 of word fd / 64. NULL timeout: no limit; it is not written back. */
int rill_sock_select(struct rill_sockets *sockets, int fd_end, uint64_t *readable, uint64_t *writable,
                     uint64_t *exceptional, const struct rill_timeval *timeout);

#define RILL_EPOLL_CLOEXEC 0x80000
#define RILL_EPOLL_CTL_ADD 1
#define RILL_EPOLL_CTL_DEL 2
#define RILL_EPOLL_CTL_MOD 3

/* As the RILL_POLL... of the same name, and: */
#define RILL_EPOLLIN UINT32_C(0x001)
#define RILL_EPOLLPRI UINT32_C(0x002)
#define RILL_EPOLLOUT UINT32_C(0x004)
#define RILL_EPOLLERR UINT32_C(0x008)
#define RILL_EPOLLHUP UINT32_C(0x010)
#define RILL_EPOLLRDNORM UINT32_C(0x040)
#define RILL_EPOLLRDBAND UINT32_C(0x080)
#define RILL_EPOLLWRNORM UINT32_C(0x100)
#define RILL_EPOLLWRBAND UINT32_C(0x200)
#define RILL_EPOLLRDHUP UINT32_C(0x2000)
#define RILL_EPOLLEXCLUSIVE (UINT32_C(1) << 28)
#define RILL_EPOLLWAKEUP (UINT32_C(1) << 29)
#define RILL_EPOLLONESHOT (UINT32_C(1) << 30)
#define RILL_EPOLLET (UINT32_C(1) << 31)

/* Not packed, unlike x86-64's struct epoll_event: a cover copies the two members. */
struct rill_epoll_event {
    uint32_t events;
    uint64_t data;
};

int rill_sock_epoll_create(struct rill_sockets *sockets, int flags);
int rill_sock_epoll_ctl(struct rill_sockets *sockets, int epoll_fd, int operation, int fd,
                        const struct rill_epoll_event *event);
int rill_sock_epoll_wait(struct rill_sockets *sockets, int epoll_fd, struct rill_epoll_event *events, int max,
                         int timeout_ms);

#ifdef __cplusplus
}
#endif
#endif
