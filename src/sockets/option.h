/*
 * Socket options, one room per level. A getter fills at most
 * OPTION_BYTES_MAX and says how many bytes there are; copying what the caller
 * has room for is done once, in option.c.
 */
#ifndef SOCKETS_OPTION_H
#define SOCKETS_OPTION_H

#include "sockets/sock.h"

#define OPTION_BYTES_MAX 256u

struct option_value {
    uint32_t bytes;
    union {
        int number;
        struct rill_linger linger;
        struct rill_timeval time;
        uint8_t raw[OPTION_BYTES_MAX];
    };
};

static inline int option_number(struct option_value *value, int number)
{
    value->bytes = sizeof number;
    value->number = number;
    return 0;
}

int option_set_socket(struct rill_sockets *s, struct file *file, int name, const void *value, uint32_t bytes);
int option_get_socket(struct rill_sockets *s, struct file *file, int name, struct option_value *out);

int option_set_tcp(struct rill_sockets *s, struct sock *sock, int name, const void *value, uint32_t bytes);
int option_get_tcp(struct rill_sockets *s, struct sock *sock, int name, struct option_value *out);

int option_set_ip(struct rill_sockets *s, struct sock *sock, int name, int value);
int option_get_ip(struct rill_sockets *s, struct sock *sock, int name, struct option_value *out);
int option_set_ipv6(struct rill_sockets *s, struct sock *sock, int name, int value);
int option_get_ipv6(struct rill_sockets *s, struct sock *sock, int name, struct option_value *out);

/* What changes nothing. -RILL_ENOPROTOOPT: none of these. */
int option_set_kept(struct sock *sock, int level, int name, int value);
int option_get_kept(const struct sock *sock, int level, int name, struct option_value *out);
int option_set_stream_mtu_discovery(struct sock *sock, int value);
int option_get_stream_mtu_discovery(const struct sock *sock, struct option_value *out);

/* Linux's int from the caller's bytes; -RILL_EINVAL when there are too few. */
int option_read_number(const void *value, uint32_t bytes, int *out);

/* A flag of the connection, from now on. */
void option_flag(struct rill_sockets *s, struct sock *sock, uint32_t flag, bool on);

/* The connection's limits, and those of the socket's connections to come. */
int option_set_limits(struct rill_sockets *s, struct sock *sock, const struct rill_limits *limits);

void tcp_info_fill(struct rill_sockets *s, struct sock *sock, struct rill_tcp_info *out);

#endif
