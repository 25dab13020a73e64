/*
 * The language of the oracle's sequences: words "SLOT OPERATION ARGUMENTS;".
 * Slots l s t p are of the server's side, c d q of the client's; sockets do
 * not block. A line's text says what the call returned. What the calls are
 * called on is behind a table, so that one sequence runs on the kernel's
 * sockets, on rill's, or in an agent at another place.
 *
 *     socket [1: IPv6, 2: IPv6 only]      listen N            accept SLOT
 *     bind [1: any address, 2: the spare port, 3: any address as IPv6, 4: mapped, 5: an address that is not ours]
 *     connect [1: nobody listens there, 2: AF_UNSPEC, 3: the listener, IPv4 mapped]
 *     send N [FLAGS]      recv N [FLAGS]  shutdown HOW    close               dup SLOT     poll     select
 *     set LEVEL NAME N    get LEVEL NAME  error           ioctl REQUEST       name sock|peer
 *     setn LEVEL NAME BYTES N (so many bytes, the first four of them N)       getn LEVEL NAME BYTES
 *     epoll               ctl OP SLOT EVENTS              wait                nonblock 0|1
 */
#ifndef SUPPORT_ORACLE_H
#define SUPPORT_ORACLE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ORACLE_TEXT_BYTES 16384
#define ORACLE_LINE_BYTES 512

struct oracle_ready {
    uint32_t events;
    uint64_t data;
};

/* As the calls of their names; negative errno. The slot says on whose side. */
struct oracle_calls {
    int64_t (*socket)(void *context, char slot, int family);
    int64_t (*bind)(void *context, char slot, int fd, const void *addr, uint32_t bytes);
    int64_t (*listen)(void *context, char slot, int fd, int backlog);
    int64_t (*accept)(void *context, char slot, int fd, void *addr, uint32_t *bytes);
    int64_t (*connect)(void *context, char slot, int fd, const void *addr, uint32_t bytes);
    int64_t (*shutdown)(void *context, char slot, int fd, int how);
    int64_t (*close)(void *context, char slot, int fd);
    int64_t (*dup)(void *context, char slot, int fd);
    int64_t (*name)(void *context, char slot, int fd, bool peer, void *addr, uint32_t *bytes);
    int64_t (*send)(void *context, char slot, int fd, const void *data, size_t bytes, int flags, bool *signal);
    int64_t (*recv)(void *context, char slot, int fd, void *data, size_t bytes, int flags);
    int64_t (*set)(void *context, char slot, int fd, int level, int name, const void *value, uint32_t bytes);
    int64_t (*get)(void *context, char slot, int fd, int level, int name, void *value, uint32_t *bytes);
    int64_t (*ioctl)(void *context, char slot, int fd, unsigned long request, int *argument);
    int64_t (*nonblock)(void *context, char slot, int fd, bool on);
    int64_t (*poll)(void *context, char slot, int fd, int events, unsigned *revents);
    int64_t (*select)(void *context, char slot, int fd, bool ready[3]);
    int64_t (*epoll_create)(void *context, char slot);
    int64_t (*epoll_ctl)(void *context, char slot, int epoll, int operation, int fd, struct oracle_ready event);
    int64_t (*epoll_wait)(void *context, char slot, int epoll, struct oracle_ready *events, int max);
};

struct oracle_world {
    const struct oracle_calls *calls;
    void *context;
    void (*after)(void *context); /* each line: let what was sent arrive; may be NULL */
    struct in_addr server, client;
    uint16_t port, dead_port; /* the listener's; where nobody listens */
    uint16_t spare_port;      /* for who binds elsewhere */
    int fd[26];
    char text[ORACLE_TEXT_BYTES];
    size_t length;
};

/* The calls of the C library. Counts SIGPIPE by a handler of its own. */
extern const struct oracle_calls oracle_kernel;
void oracle_kernel_begin(void);
/* Close all that is open, with a RST. */
void oracle_kernel_end(struct oracle_world *world);
/* A port of this address that nobody has now; 0: there is none, since the address is not here. */
uint16_t oracle_kernel_port(struct in_addr at, uint16_t not_this, uint16_t nor_this);
/* All three, when both sides are here. */
void oracle_kernel_ports(struct oracle_world *world);

bool oracle_is_server(char slot);

/* No descriptor, no text. */
void oracle_begin(struct oracle_world *world);
/* One line, or all of a sequence; the text is added: "LINE -> RESULT\n". */
void oracle_line(struct oracle_world *world, const char *line);
void oracle_run(struct oracle_world *world, const char *sequence);
/* Each line of a sequence in turn; until `each` says false. */
void oracle_each_line(const char *sequence, bool (*each)(void *context, const char *line), void *context);

#endif
