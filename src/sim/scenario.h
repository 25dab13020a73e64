/*
 * What a seed stands for: how many hosts and sessions, which faults at all
 * (each with p = 1/2: a swarm), how strong, and what each application is like.
 * Drawn before the run; plain data.
 */
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include "rill/rill.h"
#include "sim/choices.h"

#define HOSTS_MAX 8u
#define SESSIONS_MAX 1024u
#define REFERENCES_MAX 8u /* sessions of a world with a reference peer */
#define NO_REFERENCE UINT8_MAX
#define TIMED_FAULTS_MAX 32u

/* X(symbol, "name") */
#define SIM_FAULTS(X)                                                                                                  \
    X(LOSS, "loss")                                                                                                    \
    X(BURSTS, "bursts")                                                                                                \
    X(KTH, "kth")                                                                                                      \
    X(DUPLICATE, "duplicate")                                                                                          \
    X(REORDER, "reorder")                                                                                              \
    X(CORRUPT, "corrupt")                                                                                              \
    X(DELAY, "delay")                                                                                                  \
    X(JITTER, "jitter")                                                                                                \
    X(SPIKES, "spikes")                                                                                                \
    X(RATE, "rate")                                                                                                    \
    X(PARTITION, "partition")                                                                                          \
    X(TX_FULL, "tx-full")                                                                                              \
    X(TX_PARTIAL, "tx-partial")                                                                                        \
    X(LATE_POLLS, "late-polls")                                                                                        \
    X(RX_BATCHES, "rx-batches")                                                                                        \
    X(RX_BORROWED, "rx-borrowed")                                                                                      \
    X(MEMORY, "memory")                                                                                                \
    X(BUFFERS, "buffers")                                                                                              \
    X(CLOCK_START, "clock-start")                                                                                      \
    X(CLOCK_JUMP, "clock-jump")                                                                                        \
    X(CLOCK_COARSE, "clock-coarse")                                                                                    \
    X(ISN, "isn")                                                                                                      \
    X(MTU, "mtu")                                                                                                      \
    X(OFFLOAD, "offload")                                                                                              \
    X(MSL, "msl")                                                                                                      \
    X(TIMEOUTS, "timeouts")                                                                                            \
    X(OPTIONS, "options")                                                                                              \
    X(LISTENER, "listener")                                                                                            \
    X(REUSE, "reuse")                                                                                                  \
    X(SIMULTANEOUS, "simultaneous")                                                                                    \
    X(TEMPERS, "tempers")                                                                                              \
    X(REFERENCE, "reference")                                                                                          \
    X(VICES, "vices")                                                                                                  \
    X(ATTACKER, "attacker")                                                                                            \
    X(SENDER, "sender")                                                                                                \
    X(ECN, "ecn")                                                                                                      \
    X(SQUEEZE, "squeeze")                                                                                              \
    X(PATH_MTU, "path-mtu")                                                                                            \
    X(FRAGMENTS, "fragments")                                                                                          \
    X(REFUSALS, "refusals")                                                                                            \
    X(FAST_OPEN, "fast-open")                                                                                          \
    X(URGENT, "urgent")

#define SIM_X(symbol, name) FAULT_##symbol,
enum fault { SIM_FAULTS(SIM_X) FAULTS };
#undef SIM_X

enum profile { PROFILE_TINY, PROFILE_SMALL, PROFILE_CROWD };

/* One direction between two hosts. Zero is a perfect wire without delay. */
struct link_faults {
    uint32_t loss_ppm;
    uint32_t burst_begins_ppm, burst_ends_ppm; /* Gilbert-Elliott; inside a burst all is lost */
    uint8_t kth_flag;                          /* of these segments ... */
    uint32_t kth;                              /* ... exactly the k-th is lost; 0: none */
    uint32_t duplicate_ppm, copies_max;
    uint32_t reorder_ppm, corrupt_ppm, spike_ppm;
    uint32_t mark_ppm;       /* CE instead of ECT (RFC 3168) */
    uint32_t fragment_bytes; /* a tunnel on the way cuts packets of more data, whatever DF says; 0: none */
    rill_time copy_delay_max, reorder_delay_max, spike_max;
    rill_time delay, jitter;
    rill_time life_max; /* what would take longer is lost: the network's side of the MSL */
    uint64_t rate_bits;
    uint64_t queue_bytes;
};

struct host_scenario {
    struct rill_config config; /* without memory and secret */
    uint8_t secret[16];
    uint16_t mtu;
    bool has_offload, borrows_rx, polls_often;
    uint32_t tx_burst_max;   /* trains per turn; 0: any */
    uint32_t rx_burst_max;   /* packets per rill_input() */
    rill_time rx_delay_max;  /* interrupts are held back so long */
    rill_time poll_late_max; /* the engine is called so long after its deadline */
    uint32_t tx_full_ppm;    /* per output */
    rill_time tx_full_max;   /* ... and so long the device then takes nothing */
    rill_time clock_offset;  /* the host's clock at the world's time 0 */
    rill_time clock_tick;    /* it goes on by so much at a time */
    rill_time ran_before;    /* ... and how long the stack has been there then */
    bool has_corner_isn;     /* the first session's client: ran_before is set so that its ISN is about the corner */
    uint32_t corner_isn;
    uint32_t refuse_ppm, refuse_max; /* per turn: so many requests for memory in a row are refused */
    uint32_t fast_open_backlog;      /* of its listener */
};

enum ending {
    ENDING_POLITE,     /* half close when all is sent, close at the peer's end */
    ENDING_CLOSE_SENT, /* close(2) when all is sent, whatever the peer still says */
    ENDING_CLOSE_AT,   /* close(2) at a time */
    ENDING_ABORT_AT,
    ENDINGS
};

/* What one end's application is like. */
struct temper {
    uint64_t send_total;
    uint32_t write_bytes, read_bytes; /* at a time */
    rill_time write_pause, read_pause;
    rill_time read_after; /* of the opening; RILL_NEVER: reads nothing before the heal */
    enum ending ending;
    rill_time ending_after;
    rill_time hold_after, hold_for; /* rill_hold_output(); for 0: never */
    uint32_t flags;                 /* enum rill_option_flag */
    uint32_t send_buffer_bytes, receive_buffer_bytes;
    uint16_t mss;
    uint32_t urgent_every; /* ... of its writes ends at an urgent mark; 0: none */
    bool borrows, peeks;
    bool stops_at_mark; /* reads up to an urgent byte, then that one alone, as if it came out of band */
};

struct session_scenario {
    uint8_t client, server; /* hosts */
    bool is_simultaneous;   /* both connect */
    bool is_left_out;       /* by cuts */
    uint16_t client_port;   /* 0: the stack chooses */
    rill_time starts_at[2];
    struct temper tempers[2];
};

enum attacker { ATTACKER_NONE, ATTACKER_OFF_PATH, ATTACKER_ON_PATH };

enum timed_kind {
    TIMED_CUT,
    TIMED_JUMP,
    TIMED_LISTENER_CLOSES,
    TIMED_LISTENER_OPENS,
    TIMED_SQUEEZE,   /* somebody takes the host's memory but for about so many buffers: value */
    TIMED_RELEASE,   /* ... and gives it back */
    TIMED_MTU,       /* between host and other only packets up to value pass, others are answered by ICMP */
    TIMED_BLACK_HOLE /* ... or are not */
};

struct timed_fault {
    enum timed_kind kind;
    rill_time at, lasts; /* a cut's duration, a jump's distance */
    uint32_t value;
    uint8_t host, other; /* a cut: from host to other, both ways when host == other: all of the host's links */
};

struct scenario {
    uint64_t seed;
    enum profile profile;
    uint64_t faults; /* bits of enum fault */
    uint32_t host_count, session_count, timed_count;
    rill_time heal_at;
    rill_time msl;
    uint8_t reference; /* the host that is a reference peer; or NO_REFERENCE */
    uint32_t vices;    /* its bits of enum reference_vice */
    enum attacker attacker;
    rill_time attack_pause; /* at most, between two attacks */
    struct host_scenario hosts[HOSTS_MAX];
    struct link_faults links[HOSTS_MAX][HOSTS_MAX];
    struct session_scenario sessions[SESSIONS_MAX];
    struct timed_fault timed[TIMED_FAULTS_MAX];
};

const char *fault_name(enum fault fault);

/* "loss,delay", "none" or "all" as bits. NULL, or where what is no fault begins. */
const char *faults_read(const char *text, uint64_t *out);

/* How the stacks' memories differ in size is drawn too, up to this. */
#define MEMORY_MAX ((size_t)16 << 20)

/* only: bits of enum fault that may be drawn at all. */
void scenario_draw(struct scenario *scenario, uint64_t seed, enum profile profile, uint64_t only);

static inline bool has_fault(const struct scenario *scenario, enum fault fault)
{
    return (scenario->faults >> fault & 1) != 0;
}

#endif
