/*
 * The simulated world: hosts with their stacks, the links between them, the
 * sessions of their applications, one clock and one queue of events.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stdio.h>

#include "sim/link.h"
#include "sim/reference.h"
#include "sim/tape.h"

struct session;
struct world;

#define MARKS 64u

/* One end of a session: an application that acts on events and its own timer alone. */
struct end {
    struct temper temper;
    struct session *session;
    uint16_t index; /* 2 * session + side */
    uint8_t side, host;
    rill_conn conn; /* 0: none yet, or none any more */
    uint64_t send_key, receive_key;
    uint64_t sent, received;
    rill_time opened_at, next_write, next_read, timer_at;
    uint32_t timer_version;
    uint32_t iss;
    uint16_t port; /* its own */
    bool has_opened, is_established, may_send, may_receive;
    bool has_shut_down;                 /* said that no more comes: by shutdown or close */
    bool saw_end, has_aborted, is_over; /* over: the handle is given back */
    bool is_held, was_held;
    int error; /* what the stack said when it ended the connection */
    uint32_t writes;
    uint64_t marks[MARKS]; /* where in its stream it has set urgent marks: the last ones, oldest first overwritten */
    uint32_t mark_count;
    uint64_t mark_seen; /* the furthest of its peer's that it was told of */
};

struct session {
    struct session_scenario *scenario;
    struct end ends[2];
    rill_time moved_at; /* a byte, an opening or an end, on either side */
};

#define HELD_MAX 4096u

enum host_stream { HOST_TX, HOST_RX, HOST_LATE, HOST_POLL, HOST_MEMORY, HOST_STREAMS };

struct host_sim {
    struct world *world;
    struct host_scenario *scenario;
    struct rill_stack *stack;
    struct choices streams[HOST_STREAMS];
    uint8_t index;
    int netif;
    rill_conn listener;
    rill_time clock_offset;
    rill_time wakes_at; /* of the one wake that is not stale */
    uint32_t wake_version;
    struct frame *arrived, **arrived_tail;
    uint32_t arrived_count;
    rill_time rx_held_until, tx_full_until;
    rill_time deadline, poll_due_at; /* of the stack, and when it will be called for it: in its own clock */
    uint32_t idle_polls;
    uint64_t packets_out;
    uint64_t requests_before; /* of memory, when it was made */
    uint32_t held_count;      /* buffers that somebody else has taken: TIMED_SQUEEZE */
    uint32_t held[HELD_MAX];
};

struct sim_settings {
    uint64_t seed;
    enum profile profile;
    uint64_t faults;         /* bits of enum fault that may be drawn; UINT64_MAX: all */
    const struct cuts *cuts; /* what is left out of what the seed draws; NULL: nothing */
    struct mishaps *met;     /* where what befell frames is noted; NULL: nowhere */
    rill_time fork_at;       /* sim_run_forked() */
    uint64_t events_max;     /* 0: as many as a run may have */
    uint32_t refuse_host;    /* its `refuse_count` requests for memory behind `refuse_after` others are refused */
    uint64_t refuse_after, refuse_count;
    uint32_t check;    /* rill_check() on all stacks every so many events; 0: never */
    struct tape *tape; /* one end as a script; NULL: none */
    FILE *trace;       /* every event as a line; NULL: none */
    FILE *pcap;        /* all that stacks send, in classic pcap; NULL: none */
};

struct sim_result {
    char failure[512]; /* "ORACLE what was seen"; empty when all went well */
    rill_time failed_at;
    uint64_t events, packets, bytes, hash;
    rill_time took; /* virtual */
    uint32_t established, errors;
    uint32_t marks, fast_opens; /* urgent marks told; connections opened by a SYN with a cookie */
    struct link_counts links;
    uint64_t requests[HOSTS_MAX]; /* for memory, since the stack was made */
};

struct world {
    struct sim_settings settings;
    struct sim_result *result;
    struct scenario scenario;
    struct event_queue queue;
    struct frames frames;
    struct packet_oracle packets;
    struct host_sim hosts[HOSTS_MAX];
    struct link links[HOSTS_MAX][HOSTS_MAX];
    struct session sessions[SESSIONS_MAX];
    struct reference references[REFERENCES_MAX]; /* by session */
    rill_time now;
    uint64_t events_at_now;
    uint32_t open_ends; /* opened or to be opened, not over */
    rill_time last_over_at, quiet_since, progress_judged_at;
    uint64_t quiet_packets, copies_arrived;
    bool is_healed, is_over;
    struct choices attacker;
    uint32_t attacks;
    uint8_t scratch[66048]; /* a packet, or an application's bytes */
    void *memory[HOSTS_MAX];
};

#define SERVER_PORT 7
#define USER_LISTENER UINT64_MAX

/* The first failure stays; always returns false. */
bool world_fail(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool world_has_failed(const struct world *world);

/* All that happens goes into the trace hash. */
void world_hash(struct world *world, uint64_t a, uint64_t b);

/* A line of the trace, when one is wanted. */
void world_trace(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct rill_addr host_addr(unsigned host);

static inline struct end *end_at(struct world *world, unsigned index)
{
    return &world->sessions[index / 2].ends[index % 2];
}

static inline struct end *peer_of(struct end *end)
{
    return &end->session->ends[1 - end->side];
}

static inline rill_time host_clock(const struct world *world, const struct host_sim *host)
{
    rill_time exact = world->now + host->clock_offset;

    return exact - exact % host->scenario->clock_tick;
}

#endif
