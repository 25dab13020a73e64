/*
 * Running a script in virtual time: one stack, no device. The rooms:
 * run.c (time and events), world.c (the stack, packets in and out),
 * capture.c (what came out, in the script's numbers), match.c (expected
 * against captured), inject.c (the script's packets), run_call.c and calls_*.c
 * (system calls), settings.c (sysctl names, profiles), assertions.c (Python).
 */
#ifndef DRILL_RUN_H
#define DRILL_RUN_H

#include "drill/ast.h"
#include "rill/rill.h"
#include "rill/sockets.h"

#define DRILL_FLOWS_MAX 64
#define DRILL_FDS_MAX 1024

struct drill_options {
    const char *profile; /* "linux", "freebsd", "rill" */
    bool skip_code;      /* %{ }% is passed over */
    bool strict;         /* an unknown setting or command fails the script */
    bool trace;          /* the ladder even when the script passes */
    bool exact_segments, options_as_set, any_window;
    bool has_isn;
    uint32_t isn;       /* the peer's */
    rill_time start_at; /* the stack's clock at the script's time 0; decides our ISN */
};

/* One connection's numbers, between the script's and the wire's. */
struct flow {
    uint16_t local_port, remote_port;
    uint32_t iss; /* the stack's, from its last SYN; 0 before */
    bool iss_known;
    bool heard_no_ack; /* the script's last segment had no ACK */
    bool ts_known;
    uint32_t ts_offset; /* script's = wire's + this */
};

/* A packet that the stack sent and the script has not asked for yet, in the script's numbers. */
struct captured {
    struct captured *next;
    rill_time at;
    struct flow *flow;
    uint8_t protocol, tos, ttl;
    uint16_t source_port, destination_port;
    uint16_t flags;
    uint32_t seq, ack, length_bytes;
    uint16_t window, urgent;
    uint8_t icmp_type, icmp_code;
    uint16_t echo_id, echo_seq;
    unsigned option_count;
    struct drill_option options[DRILL_OPTIONS_MAX];
};

/* A call that waits for its result: tried again after each thing that happens. */
struct blocked {
    const struct drill_event *event; /* NULL: none */
    rill_time begin, end;            /* when the script wants it to return */
    rill_time timeout;               /* poll's, RILL_NEVER: none */
    int64_t so_far;                  /* bytes that a long write has moved */
};

struct run {
    const struct drill_script *script;
    const struct drill_options *options;
    struct rill_config config;
    struct rill_stack *stack;
    struct rill_sockets *sockets;
    void *memory, *sockets_memory;
    int netif;

    struct rill_addr local, gateway, remote;
    uint32_t local4, remote4; /* the same as numbers */
    /* What names of settings say of every new socket: options that it is given. */
    struct drill_default {
        int level, name, value;
    } defaults[8];
    unsigned default_count;
    unsigned depth; /* of files of commands that name others */

    bool mapped; /* sockets are AF_INET6's, addresses ::ffff:a.b.c.d, packets IPv4 */
    uint16_t bind_port, connect_port, mtu;
    bool exact_segments; /* the script asks for what options->exact_segments says */
    int64_t tolerance_us;

    rill_time zero, now;                /* the script's time 0, and now */
    rill_time event_time;               /* when the event before was due: relative times count from it */
    rill_time window_begin, window_end; /* of the current event */
    uint32_t peer_isn;
    uint32_t first_iss;
    bool first_iss_known;

    struct flow flows[DRILL_FLOWS_MAX];
    unsigned flow_count;
    struct flow *flow; /* that packets without ports belong to */
    struct captured *captured, **captured_tail;
    struct drill_pool pool;
    uint8_t *data; /* room for a call's bytes, from the pool */
    size_t data_bytes;

    int fds[DRILL_FDS_MAX]; /* script's number to rill's; -1: none */
    int subject_fd;         /* rill's number of the socket that %{ }% looks at */
    struct blocked blocked;

    const struct drill_event *event;
    struct text python;
    struct text ladder;
    struct text notes;
    struct text failure;
    uint32_t failure_line, failure_column; /* column 0: the event as a whole */
};

/* Run a parsed script. True when it passed; run->failure and run->ladder say the rest. run_end() either way. */
bool drill_run(struct run *run, const struct drill_script *script, const struct drill_options *options);
void drill_run_end(struct run *run);

/* -------------------------------------------------------- shared by the rooms */

/* The script fails here; only the first reason is kept. Returns false. */
bool run_fail(struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for what stands at one place: a name that is not known. */
bool run_fail_at(struct run *run, struct drill_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A line of the ladder, with the time in front. */
void run_say(struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
void run_note(struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
double run_seconds(const struct run *run, rill_time at);

/* world.c */
bool run_open_world(struct run *run);
void run_close_world(struct run *run);
bool run_turn(struct run *run); /* everything that can happen now; false: the script failed */
bool run_advance(struct run *run, rill_time until);
/* To the first captured packet, or until. */
bool run_wait_for_packet(struct run *run, rill_time until);
bool run_wait_for_call(struct run *run);
void run_input(struct run *run, const uint8_t *packet, size_t length_bytes);

/* capture.c */
void captured_add(struct run *run, const uint8_t *packet, size_t length_bytes);
struct flow *flow_find(struct run *run, uint16_t local_port, uint16_t remote_port);
struct flow *flow_for_script(struct run *run, const struct drill_packet *packet);
void captured_describe(const struct captured *captured, struct text *to);
void captured_drop_first(struct run *run);

/* match.c */
bool match_packet(struct run *run, const struct drill_packet *expected);

/* inject.c */
bool inject_packet(struct run *run, const struct drill_packet *packet);

/* run_call.c */
bool run_call(struct run *run, const struct drill_event *event);
bool run_call_retry(struct run *run); /* the blocked one */

/* settings.c */
bool settings_apply(struct run *run);
bool settings_shell(struct run *run, const struct drill_event *event);

/* assertions.c */
void assertions_add(struct run *run, const struct drill_event *event);
bool assertions_run(struct run *run);

#endif
