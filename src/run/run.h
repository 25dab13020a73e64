/*
 * rill run: programs that know nothing of rill, with their TCP and UDP served
 * by a stack. A supervisor: it answers their system calls about sockets, and
 * carries bytes between the stack and the descriptors that it gave them.
 *
 * Whoever has the stack turns it, gives each event to run_event(), waits for
 * run_descriptor() besides, and calls run_step() after each wait.
 */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include "rill/rill.h"

#include <sys/types.h>

struct run;

struct run_config {
    struct rill_stack *stack;
    struct rill_addr addr; /* the stack's own */
    bool verbose;
    bool watch_opens; /* /proc/net/... and /etc/resolv.conf are answered */
    bool io_uring;    /* leave it alone */
    const char *dns;  /* name servers, with commas between them; NULL: /etc/resolv.conf as it is */
    uid_t uid;        /* who the program is to be, when that is another than the supervisor */
    gid_t gid;
    bool change_user;
};

/* 0 or -errno. */
int run_create(const struct run_config *config, struct run **out);
/* Everything that programs still have open ends as with kill -9: no program is ended by this. */
void run_destroy(struct run *run);

/* Start a program under this supervisor. Its process, or -errno after saying why. */
pid_t run_start(struct run *run, char **argv);

/*
 * Start one that another process will serve: adopt() tells it the program's process and the listener's descriptor
 * there, for run_adopt(). It returns 0, or -errno after saying why.
 */
pid_t run_start_elsewhere(const struct run_config *config, char **argv,
                          int (*adopt)(void *context, pid_t process, int listener), void *context);

/* Serve a program that another process started. 0 or -errno. */
int run_adopt(struct run *run, pid_t process, int listener);

int run_descriptor(const struct run *run);
void run_event(struct run *run, const struct rill_event *event);
void run_step(struct run *run);
/* The part of it that follows the stack's events, when run_descriptor() had nothing to say. */
void run_step_stack(struct run *run);
rill_time run_deadline(struct run *run);

/* How many programs there are whose processes have not all ended, adopted ones too. */
unsigned run_programs(const struct run *run);

/* What was done, for --verbose and for tests. */
struct run_counts {
    uint64_t calls, continued, sockets, connections, accepted, datagrams_out, datagrams_in;
    uint64_t datagrams_lost; /* between the program and the stack */
    unsigned live;           /* sockets that programs hold */
};

void run_counts(const struct run *run, struct run_counts *out);

#endif
