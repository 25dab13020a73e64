/*
 * A running rill: one stack, one chain of drivers (tun, impaired wire, pcap
 * tap, gate), a control socket, and the loop that turns them all.
 */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "cli/args.h"
#include "cli/control.h"
#include "cli/explain.h"
#include "cli/runtime.h"
#include "rill/driver.h"

#include <poll.h>
#include <sys/types.h>

extern const struct args_option session_options[];

struct session_config {
    const char *dev, *addr, *gw, *impair, *pcap, *name, *congestion_control;
    uint64_t memory_bytes, mtu, msl_ms;
    uint32_t ecn;         /* enum rill_ecn */
    uint32_t mtu_probing; /* enum rill_mtu_probing */
    bool offload, verbose, shell, pacing, fast_open;
    bool shared; /* the stack's memory, with processes forked later */
};

/* Defaults and the environment (RILL_DEV, RILL_ADDR, RILL_GW). */
void session_config_default(struct session_config *config);

/* Take one option by its id. 0, or CLI_USAGE after saying what is wrong. */
int session_config_take(struct session_config *config, const struct args *args, int id);

#define SESSION_APP_DESCRIPTORS 4

/* What the command does on top of the stack. All are called between two turns of the stack; events and step may be
 * NULL. */
struct session_app {
    void *context;
    void (*event)(void *context, const struct rill_event *event);
    unsigned (*descriptors)(void *context, struct pollfd *fds);            /* at most SESSION_APP_DESCRIPTORS */
    void (*step)(void *context, const struct pollfd *fds, unsigned count); /* after every wait */
    rill_time (*deadline)(void *context);                                  /* when step must be called at the latest */
    void (*stop)(void *context); /* SIGINT or SIGTERM: end what runs, then session_stop() */
};

struct session {
    struct rill_stack *stack;
    struct rill_driver *driver; /* the outermost one: the gate */
    struct rill_driver *loop;   /* the way to rill's own address; NULL: there is none */
    struct session_app app;
    /* rill run --join: serve a program too, whose listener is that descriptor of its process. 0 or -errno; NULL. */
    int (*adopt)(void *app_context, int pid, int listener);
    struct control control;
    char name[RUNTIME_NAME_MAX];
    struct rill_addr addr, gateway;
    uint8_t prefix_bits;
    bool verbose, own_namespace;
    bool stopping;
    int status; /* the exit code to be */
    int signal_fd;
    int namespace_fd;     /* the kernel side's network, when this process has gone on to another; 0: it has not */
    pid_t program;        /* the kernel-side program that runs beside, 0: none */
    bool program_decides; /* when it ends, the session ends with its status */
    rill_time linger_until;
};

/* Everything up to a stack that talks. 0, CLI_FAILED or CLI_USAGE after saying why. */
int session_open(struct session *session, const struct session_config *config);
void session_close(struct session *session);

/* What is sent to rill's own address comes back to it from now on. 0, or CLI_FAILED after saying why. */
int session_open_loop(struct session *session);

/* Start a program beside rill, on the kernel's side of the TUN; NULL argv: the user's shell. 0 or CLI_FAILED. */
int session_start_program(struct session *session, char **argv);

/* Turn until session_stop(), then give connections that still close a moment. Returns the exit code. */
int session_run(struct session *session);

/* One turn of the stack, its events and the control socket; waits for at most timeout_ms. For scripted scenes. */
void session_step(struct session *session, int timeout_ms);

void session_stop(struct session *session, int status);

#endif
