/*
 * A host of the laboratory and its connections, whoever's TCP it runs: one of
 * rill's stacks, or the kernel in a network namespace of its own.
 */
#ifndef LAB_HOST_H
#define LAB_HOST_H

#include "lab/net.h"
#include "rill/rill.h"

struct lab_flow;
struct host;

/* One end of a connection, or a listener. */
struct conn {
    struct host *host;
    struct lab_flow *flow;
    rill_conn handle;
    int fd;
    bool is_open;
    bool can_accept, can_send, can_receive; /* tried until the answer is "not now", then again after an event */
    const char *failure;                    /* NULL: none */
};

/* What an end has done so far. */
struct conn_counts {
    uint64_t segments, retransmitted;
    uint32_t cwnd_bytes, srtt_us;
};

#define CONN_END (-1)
#define CONN_FAILED (-2)

struct host_ops {
    const char *name;
    bool (*listen)(struct host *host, struct conn *listener, uint16_t port);
    bool (*accept)(struct conn *listener, struct conn *out); /* false: nobody there */
    bool (*connect)(struct host *host, struct conn *conn, uint8_t to, uint16_t port);
    int64_t (*send)(struct conn *conn, const void *data, size_t bytes); /* 0: not now; CONN_FAILED */
    int64_t (*receive)(struct conn *conn, void *data, size_t bytes);    /* 0: not now; CONN_END; CONN_FAILED */
    void (*shutdown)(struct conn *conn);
    void (*close)(struct conn *conn);
    void (*count)(struct conn *conn, struct conn_counts *out);
    bool (*turn)(struct host *host, rill_time now); /* events, packets; true when something moved */
    rill_time (*deadline)(struct host *host);
    int (*descriptor)(struct host *host); /* to poll; -1 */
    void (*free)(struct host *host);
};

struct host_settings {
    enum lab_side side;
    rill_time extra_delay;
    const char *congestion_control; /* NULL: the stack's default */
    uint32_t buffer_bytes;          /* of each connection, both ways; 0: the stack's defaults */
    const char *pcap;               /* where the host's packets are written to; NULL */
    uint64_t seed;
    rill_time now;
};

struct host {
    const struct host_ops *ops;
    struct lab_port *port;
    struct host_settings settings;
};

/* NULL after saying why. */
struct host *host_open_rill(struct lab_net *net, const struct host_settings *settings);
struct host *host_open_linux(struct lab_net *net, const struct host_settings *settings);

/* The stack of a host of rill's, else NULL. */
struct rill_stack *host_stack(struct host *host);

#endif
