/*
 * The descriptor table and what it holds: descriptors refer to files (open
 * file descriptions, shared by dup), a file is a socket or an epoll. The words
 * follow Linux's: what a socket shows is what the same calls show there.
 *
 * All memory is one region of the caller's; entries are named by index.
 */
#ifndef SOCKETS_SOCKETS_H
#define SOCKETS_SOCKETS_H

#include "rill/sockets.h"
#include "rill/udp.h"

#define NONE UINT32_MAX /* no index */

/* Where connect(2) is, apart from where TCP is: Linux's socket_state. */
enum link {
    LINK_UNCONNECTED,
    LINK_CONNECTING,
    LINK_CONNECTED,
    LINK_DISCONNECTING, /* shut before its failure was told: connect(2) has no way on from here but to nothing */
};

/* What TCP is doing for the socket, as far as calls tell it apart. */
enum phase {
    PHASE_CLOSED, /* nothing yet, or nothing any more: Linux's TCP_CLOSE (TIME-WAIT looks the same) */
    PHASE_LISTENING,
    PHASE_CONNECTING, /* SYN-SENT, SYN-RECEIVED of an active open */
    PHASE_OPEN,
};

/* sock.shut: which directions will carry nothing more to or from the application */
#define SHUT_RECEIVE 1u
#define SHUT_SEND 2u
#define SHUT_BOTH 3u

enum urgent {
    URGENT_NONE,
    URGENT_AHEAD, /* the mark is known; its byte was not asked for */
    URGENT_READ,  /* the byte was received out of band; the mark stands in the stream still */
};

/* sock_options.tell: what recvmsg(2) adds to a datagram, and whether errors are queued */
#define TELL_PKTINFO 0x01u
#define TELL_TTL 0x02u
#define TELL_TOS 0x04u
#define TELL_PKTINFO6 0x08u
#define TELL_ERRORS 0x10u

struct sock_options {
    uint32_t flags;                                   /* enum rill_option_flag */
    uint32_t send_buffer_bytes, receive_buffer_bytes; /* true size, as SO_SNDBUF tells it; 0: the stack's default */
    uint32_t receive_low;                             /* SO_RCVLOWAT */
    struct rill_limits limits;                        /* 0: the stack's own */
    const char *congestion_control;                   /* NULL: the stack's */
    rill_time receive_timeout, send_timeout;          /* RILL_NEVER: none */
    struct rill_linger linger;
    int linger_2; /* TCP_LINGER2 in seconds, as Linux tells it; 0: the stack's own */
    int priority;
    uint16_t mss;
    uint8_t tos, ttl; /* 0: the default */
    uint8_t tclass, hops;
    uint8_t defer_accept;       /* Linux's number: SYN,ACKs sent again before data is waited for no longer */
    uint32_t fast_open_backlog; /* TCP_FASTOPEN */
    uint32_t stamping;          /* SO_TIMESTAMPING: enum rill_stamping */
    bool tell_inq;              /* TCP_INQ */
    bool fast_open_connect;     /* TCP_FASTOPEN_CONNECT */
    bool zero_copy;             /* SO_ZEROCOPY */
    bool reuse_address, reuse_port, broadcast, v6only, quick_ack;
    uint16_t kept;             /* option_kept.c */
    bool discovers_mtu_always; /* streams: RILL_IP_PMTUDISC_DO was asked for */
    uint8_t multicast_ttl;     /* datagrams; 0: the default */
    uint8_t tell;              /* datagrams: TELL_... */
    uint8_t mtu_discovery;     /* datagrams: enum rill_udp_mtu_discovery */
};

#define ZERO_COPY_ENDS 8u

/* SO_ZEROCOPY's sends, numbered from 0: told <= returned <= next, modulo 2^32. */
struct zero_copy {
    uint32_t next, returned, told;
    uint32_t lent_ever;      /* bytes, modulo 2^32 */
    uint8_t oldest, waiting; /* of ends */
    struct zero_copy_end {
        uint32_t number;    /* of the last send that ends here */
        uint32_t lent_ever; /* behind it */
    } ends[ZERO_COPY_ENDS];
};

struct sock {
    rill_conn conn; /* 0: none; kept after its end until close or the next connect */
    enum link link;
    enum phase phase;
    uint32_t shut; /* SHUT_... */
    int error;     /* pending, negative: SO_ERROR, told once */
    int soft_error;
    bool done;                      /* the peer's FIN arrived: reading ends with 0 */
    bool v6;                        /* RILL_AF_INET6 */
    bool datagram;                  /* RILL_SOCK_DGRAM: sockets/datagram.h */
    bool error_queued;              /* RILL_IP_RECVERR: last_error waits to be read */
    bool bound_address, bound_port; /* by bind(2) */
    bool holds_port;                /* local.port is this socket's; else it only tells where it was */
    uint32_t backlog;               /* of a listener */
    struct rill_endpoint local, remote;
    enum urgent urgent;
    uint32_t urgent_seq; /* sequence number of the urgent byte */
    struct rill_udp_error last_error;
    struct zero_copy zero_copy;
    uint32_t stamps_buffer;
    struct stamps *stamps; /* in it; NULL: none (sockets/stamps.h) */
    struct sock_options options;
};

struct epoll {
    uint32_t watches; /* all, by watch.epoll_next */
    uint32_t ready_head, ready_tail;
    uint32_t ready_count;
};

/* Bytes on their way through a pipe, in a buffer of the stack's. */
struct ring {
    uint32_t buffer;
    uint8_t *bytes;
    uint32_t start, used;
};

struct pipe {
    uint32_t other; /* the other end's file; NONE: closed */
    bool writes;
    struct ring ring; /* the reading end's; the other one has none */
};

enum file_kind { FILE_FREE, FILE_SOCKET, FILE_EPOLL, FILE_PIPE };

struct file {
    enum file_kind kind;
    uint32_t references;
    uint32_t status;  /* RILL_O_NONBLOCK */
    uint32_t watches; /* of this file, by watch.file_next; when free: the next free one */
    union {
        struct sock sock;
        struct epoll epoll;
        struct pipe pipe;
    };
};

struct descriptor {
    uint32_t file; /* NONE: free */
    bool close_on_exec;
};

/* One descriptor in one epoll. */
struct watch {
    uint32_t file, epoll; /* file indices */
    int fd;
    uint32_t events; /* asked for, with RILL_EPOLLET and so on; 0 after a one-shot */
    uint64_t data;
    uint32_t file_next;
    uint32_t epoll_next, epoll_previous;
    uint32_t ready_next, ready_previous;
    bool is_ready; /* in the epoll's ready list: to be looked at */
};

struct rill_sockets {
    struct rill_stack *stack;
    int (*wait)(void *context, rill_time deadline);
    void (*stranger)(void *context, const struct rill_event *event);
    void *context;
    uint64_t wall_offset; /* of the stack's clock, in nanoseconds */
    uint32_t first_descriptor, max_descriptors, max_watches;
    uint32_t lowest; /* no descriptor below is free */
    uint32_t free_file, free_watch;
    struct descriptor *descriptors;
    struct file *files;
    struct watch *watches;
};

/* ---------------------------------------------------------------- files.c */

/* NULL: no such descriptor. */
struct file *file_of(struct rill_sockets *s, int fd);
/* 0, -RILL_EBADF, -RILL_ENOTSOCK. */
int sock_of(struct rill_sockets *s, int fd, struct file **file, struct sock **sock);
uint32_t file_index(const struct rill_sockets *s, const struct file *file);

bool descriptor_is_free(const struct rill_sockets *s);
/* A file with a descriptor of its own; the descriptor's number, or -RILL_EMFILE. */
int file_open(struct rill_sockets *s, enum file_kind kind, uint32_t status, bool close_on_exec, struct file **file);

static inline bool file_may_wait(const struct file *file, int message_flags)
{
    return (file->status & RILL_O_NONBLOCK) == 0 && (message_flags & RILL_MSG_DONTWAIT) == 0;
}

/* --------------------------------------------------------------- events.c */

/* Take the stack's events. */
void catch_up(struct rill_sockets *s);

/* What a file is ready for: RILL_POLL... bits. */
uint32_t file_mask(struct rill_sockets *s, struct file *file);

/* The pending error, which is told once. */
int sock_take_error(struct sock *sock);

/*
 * Wait for anything to happen: 0 when the caller should look again; -RILL_EAGAIN when the deadline is past or nobody
 * can wait; the wait function's error.
 */
int wait_for_more(struct rill_sockets *s, rill_time deadline);

/* now + interval, RILL_NEVER included. */
rill_time deadline_after(struct rill_sockets *s, rill_time interval);
rill_time deadline_after_ms(struct rill_sockets *s, int timeout_ms);

/* --------------------------------------------------------------- socket.c */

/* The last descriptor is closed. */
void sock_release(struct rill_sockets *s, struct file *file);

/* ---------------------------------------------------------------- epoll.c */

/* Something happened to the file: RILL_POLL... bits of what it may concern, 0 for all. */
void file_signal(struct rill_sockets *s, struct file *file, uint32_t key);
/* The file is gone: out of all epolls; and what an epoll watched. */
void watches_drop(struct rill_sockets *s, struct file *file);
void epoll_drop(struct rill_sockets *s, struct file *file);
/* The epoll has something to tell. */
bool epoll_is_ready(struct rill_sockets *s, struct epoll *epoll);

#endif
