/*
 * One run of the laboratory: hosts, a network, flows, some seconds, what came
 * of it. In virtual time when all hosts run rill, else in real time.
 */
#ifndef LAB_RUN_H
#define LAB_RUN_H

#include "lab/flow.h"
#include "lab/plot.h"

#define LAB_LEFTS_MAX 8u
#define LAB_FLOWS_MAX 16u

/* What a host on the left does. */
struct lab_mix {
    const char *name;
    const char *what;
    struct {
        enum flow_kind kind;
        unsigned count;
    } parts[2];
};

/* Ends with a name of NULL. */
extern const struct lab_mix lab_mixes[];
const struct lab_mix *lab_mix_find(const char *name);

struct lab_host_choice {
    bool is_linux;
    char congestion_control[16]; /* "": the stack's default */
    rill_time extra_delay;       /* further away than the others, there and back together */
};

struct lab_settings {
    const char *path_name;
    struct rill_impairment forward, back;
    const struct lab_mix *mix; /* of every host on the left */
    struct lab_host_choice lefts[LAB_LEFTS_MAX], right;
    unsigned left_count;
    uint64_t seed;
    rill_time duration;
    int64_t buffer_bytes;    /* of each connection of rill's; 0: the stack's defaults; below: what the path asks for */
    bool is_real;            /* in real time whoever the hosts are */
    bool has_check;          /* rill_check() at the end */
    const char *plot, *pcap; /* a folder, a file; NULL */
};

struct lab_flow_result {
    enum flow_kind kind;
    unsigned left;
    double mbit;
    uint64_t bytes, done; /* objects or requests */
    double mean_ms, median_ms, p95_ms, max_ms;
    struct conn_counts counts;
};

struct lab_result {
    struct lab_flow_result flows[LAB_FLOWS_MAX];
    unsigned flow_count;
    double mbit, jain; /* of bulk flows; without one: of all flows */
    double queue_mean_ms, queue_p95_ms;
    struct rill_impaired_counts forward, back;
    uint64_t refused; /* by a kernel's device, or lost between hosts: above 0 the run says little */
    double cpu_share; /* of one core, in real time */
    double late_ms;   /* p99 of how late the lab woke up, in real time */
    char drops[256];  /* "NAME=COUNT ...": what rill's stacks dropped, by reason */
    char failure[160];
};

/* False when it failed; the reason is in the result. */
bool lab_run(const struct lab_settings *settings, struct lab_result *result);

#endif
