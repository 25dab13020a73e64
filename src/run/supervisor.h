/*
 * What the rooms of src/run share: the supervisor, and the programs' sockets.
 *
 * A program's socket is one end of an AF_UNIX pair; the other end, `pair`, is
 * ours, and the socket proper is a descriptor of <rill/sockets.h>. We never
 * hold the program's end: when its last holder closes it, our end hangs up.
 */
#ifndef RUN_SUPERVISOR_H
#define RUN_SUPERVISOR_H

#include "rill/driver.h"
#include "rill/sockets.h"
#include "run/notify.h"
#include "run/run.h"

#include <sys/resource.h>

#define SOCKETS_MAX 20480u
#define INODE_BUCKETS 4096u
#define SCRATCH_BYTES 262144u
#define DEAD_MAX 1024u
#define LISTENERS_MAX 16u
#define OPTIONS_KEPT 12u
#define ADDRESS_BYTES 28u
#define RETURNED_MAX 16u
#define DIAG_NOT_OPEN (-1)
#define DIAG_NONE (-2)

enum psock_phase {
    PSOCK_FRESH,      /* no peer yet, or not any more */
    PSOCK_CONNECTING, /* a SYN is out */
    PSOCK_OPEN,       /* bytes go both ways */
    PSOCK_LISTENING,
    PSOCK_DATAGRAMS, /* UDP */
    PSOCK_DEAD,      /* reset: our end of the pair is closed, what the program may still ask is kept a while */
};

/* An option that the program set: set again when the kernel takes the socket over. */
struct kept_option {
    int level, name;
    uint32_t bytes;
    uint8_t value[16];
};

/* A thread that sleeps in accept, connect, a receive or a send. */
struct waiter {
    struct call call;
    struct waiter *next;
    rill_time deadline;
    uint64_t done; /* bytes of a send that have gone */
};

struct psock {
    uint32_t index, generation;
    enum psock_phase phase;
    bool v6, datagrams;
    int fd;         /* in run->sockets */
    int pair;       /* ours; -1 */
    uint64_t inode; /* of the program's end */
    struct psock *inode_next;
    struct psock *dead_previous, *dead_next;
    struct psock *busy_next; /* there may be more to do without a new event */
    bool is_busy;

    pid_t process; /* where the program's end was seen last */
    int process_fd;

    /* What the pair's edges told. */
    bool readable, writable, hung_up;
    bool more_behind;             /* an end or urgent data was told: a read that falls short has not read all */
    bool eof_in;                  /* the program sends nothing more */
    bool eof_out;                 /* it was told that nothing more comes */
    bool peer_ended;              /* for the peer's FIN came: a later RST says nothing to a reader */
    bool reserve;                 /* the last byte in the pair is ours, not the program's: psock_keep_unread() */
    bool shut_receive, shut_send; /* by its shutdown(2) */
    bool urgent;                  /* urgent data was seen: receive by the long way */
    int error;                    /* why it is dead, negative; told once */
    uint32_t stuffing;            /* bytes that keep the pair full while connecting: not the program's */
    uint8_t *carry;               /* read from the pair, and the stack had no room after all */
    uint32_t carry_bytes, carry_done;

    struct waiter *waiters; /* oldest first */
    uint8_t remote[ADDRESS_BYTES];
    uint32_t remote_bytes;

    /* Listeners. */
    unsigned tokens;            /* bytes in the pair that make the program's end readable */
    int returned[RETURNED_MAX]; /* accepted in run->sockets, and the thread that waited had gone */
    unsigned returned_count;
    int shadow;          /* the kernel's socket for the same port on the loopback; -1 */
    int shadow_returned; /* accepted from it, and the program had no room for a descriptor; -1 */
    bool shadow_ready;   /* its edge came, and it was not found empty since */

    int stamp;             /* UDP: SO_TIMESTAMP or SO_TIMESTAMPNS, which the program set; 0: neither */
    struct window *window; /* UDP: what is known of the datagrams that lie in the pair; NULL: none ever did */

    struct kept_option kept[OPTIONS_KEPT];
    unsigned kept_count;
};

struct run {
    struct run_config config;
    struct rill_stack *stack;
    struct rill_sockets *sockets;
    void *sockets_memory;
    size_t sockets_memory_bytes;
    int watch; /* an epoll of run->sockets with every socket in it */
    int epoll;
    struct psock **all; /* by index; SOCKETS_MAX */
    uint32_t all_used;
    uint32_t *unused;
    uint32_t unused_count;
    struct psock *by_inode[INODE_BUCKETS];
    struct psock *dead_head, *dead_tail; /* oldest first */
    unsigned dead_count;
    struct psock *busy;
    uint32_t generation;
    int listeners[LISTENERS_MAX]; /* one a program; -1 */
    unsigned waiting;             /* waiters in all */
    uint64_t resumed_done;        /* of the call that is being answered: waiters_forget_thread() */
    rill_time next_sweep, next_tidy;
    rlim_t files_before;  /* the limit of open files that programs get back */
    rlim_t files_max;     /* our own */
    dev_t sockets_device; /* what numbers of sockets are numbers of */
    int diag;             /* a socket to ask the kernel about sockets; or one of these two */
    bool told_foreign, told_io_uring;
    struct run_counts counts;
    uint8_t scratch[SCRATCH_BYTES];
};

/* Where an event of run->epoll comes from, in its low bits; the rest is the index and generation of a socket. */
enum source { SOURCE_PAIR, SOURCE_SHADOW, SOURCE_LISTENER };

/* ------------------------------------------------------------------- psock.c */

/* A socket with its pair; *end is the program's end, to be given to it and closed. NULL: errno says why. */
struct psock *psock_make(struct run *run, int fd, bool datagrams, bool nonblocking, int *end);
/* A new pair at the descriptor that the call is about, for a socket that was reset or buried. */
bool psock_revive(struct run *run, struct psock *ps, const struct call *call);
/* The program has closed it: unlinked and freed, run->sockets' descriptor closed too. */
void psock_free(struct run *run, struct psock *ps);
/* The connection is over by an error: the program's end reads ECONNRESET, and hangs up. */
void psock_reset(struct run *run, struct psock *ps);
/*
 * Before the program's end is shut for sending: something stays unread in ours, so that psock_reset() can still tell a
 * reset. It is never read while the connection lives.
 */
void psock_keep_unread(struct psock *ps, int end);
/* There is nothing any more behind the program's end: it hangs up. */
void psock_bury(struct run *run, struct psock *ps);
/* Free dead ones that the program has closed; now and then. */
void psock_tidy(struct run *run);
struct psock *psock_by_inode(struct run *run, uint64_t inode);
struct psock *psock_by_source(struct run *run, uint64_t source);
/* The socket that a call is about, and where it was seen; NULL: none of ours. */
struct psock *psock_of_call(struct run *run, const struct call *call, uint64_t fd);
/* The same with a descriptor of ours for the same file. */
struct psock *psock_of_end(struct run *run, const struct call *call, uint64_t fd, int end);
bool psock_watch_shadow(struct run *run, struct psock *ps);
/* Has it hung up meanwhile? */
void psock_look_at_pair(struct psock *ps);
/* Look at it again in this step though nothing more happens. */
void psock_mark_busy(struct run *run, struct psock *ps);

/* ----------------------------------------------------------------- holders.c */

/* False: the program's end is nowhere any more where it was seen last. */
bool psock_is_held(const struct psock *ps);
/* False: nobody has it; as far as a kernel without unix_diag lets us know, nobody where it was seen last. */
bool psock_exists(struct run *run, const struct psock *ps);
/* The program's end for us too, looked for everywhere if need be, for it was passed on. -1: nobody has it. */
int psock_find_end(struct psock *ps);
/* The program's end for us too, to be closed soon; -1: it is not where it was seen last. */
int psock_borrow_end(const struct psock *ps);

/* ----------------------------------------------------------------- waiting.c */

/* Let the call's thread sleep. */
void waiter_add(struct run *run, struct psock *ps, const struct call *call, rill_time deadline, uint64_t done);
/*
 * Forget what a thread waited for: it asks anew, so that was interrupted. How many bytes of the same send have gone
 * already: the program was told of none of them.
 */
uint64_t waiters_forget_thread(struct run *run, struct psock *ps, const struct call *call);
void waiter_drop(struct run *run, struct psock *ps, const struct waiter *waiter);
void waiter_pop(struct run *run, struct psock *ps);
/* Answer all of them. */
void waiters_end(struct run *run, struct psock *ps, int64_t result);
/* Those whose time is over or who have gone. */
void waiters_sweep(struct run *run, rill_time now);
rill_time waiters_deadline(const struct run *run);
/* Now plus a SO_RCVTIMEO or SO_SNDTIMEO of the socket. */
rill_time psock_deadline(struct run *run, const struct psock *ps, int option);

/* ------------------------------------------------------------------ stream.c */

void stream_progress(struct run *run, struct psock *ps);
/* What the program wrote before now goes to the stack. False: it was closed meanwhile, and the socket is gone. */
bool stream_flush(struct run *run, struct psock *ps);

/* ---------------------------------------------------------------- calls_*.c */

void answer_socket(struct run *run, const struct call *call);
void answer_bind(struct run *run, struct psock *ps, const struct call *call);
void answer_shutdown(struct run *run, struct psock *ps, const struct call *call);
void answer_getsockname(struct run *run, struct psock *ps, const struct call *call);
void answer_getpeername(struct run *run, struct psock *ps, const struct call *call);

void answer_connect(struct run *run, struct psock *ps, const struct call *call);
void connect_progress(struct run *run, struct psock *ps);
/* MSG_FASTOPEN to ps->remote, with bytes of run->scratch. How many went, or a negative error; -EINPROGRESS: none. */
int64_t connect_fast(struct run *run, struct psock *ps, int end, size_t bytes, bool may_wait);
/* Keep the program's end from being writable; `end` is that end. */
void pair_stuff(struct psock *ps, int end, uint32_t bytes);

void answer_listen(struct run *run, struct psock *ps, const struct call *call);
/* end: the program's end for us too. */
void answer_accept(struct run *run, struct psock *ps, const struct call *call, int end);
/* It listens no more, and is still open. */
void listener_end(struct run *run, struct psock *ps);
void listener_progress(struct run *run, struct psock *ps);

void answer_getsockopt(struct run *run, struct psock *ps, const struct call *call);
void answer_setsockopt(struct run *run, struct psock *ps, const struct call *call);
void answer_ioctl(struct run *run, struct psock *ps, const struct call *call);

/* A call of any kind, to the right one of these. */
void dispatch(struct run *run, const struct call *call);

/* ---------------------------------------------------------------- loopback.c */

/* A kernel socket like it, with the options that the program set. */
int kernels_socket(const struct psock *ps, int type_flags);
bool address_is_loopback(const uint8_t *addr, uint32_t bytes);
/* The kernel takes the socket over, and the call goes on there. */
void kernel_takes_over(struct run *run, struct psock *ps, const struct call *call);
/* A listener of the kernel beside ours, for the loopback. */
void shadow_listen(struct run *run, struct psock *ps, int backlog);

/* Sockets addresses between the program and us. 0 or a negative error. */
int read_address(const struct call *call, uint64_t at, uint64_t bytes, uint8_t *out, uint32_t *out_bytes);
int write_address(const struct call *call, uint64_t to, uint64_t bytes_at, const void *addr, uint32_t bytes);

void supervisor_say(const struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
