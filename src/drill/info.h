/*
 * TCP_INFO by the names of its members, in the dialect of the profile: Linux's
 * numbers of states and its window in segments, or FreeBSD's numbers and bytes.
 */
#ifndef DRILL_INFO_H
#define DRILL_INFO_H

#include "drill/run.h"

struct info {
    struct rill_tcp_info tcp;
    bool bsd;
    uint64_t bsd_state, cwnd_bytes, ssthresh_bytes;
};

/* What the socket under rill's descriptor says now; all zero when there is none. */
void info_read(struct run *run, int fd, struct info *out);

/* The member's value. False when there is no such member in the profile's dialect. */
bool info_member(const struct info *info, const char *name, int64_t *out);

/* Names of states and flags, "TCP_ESTABLISHED", "TCPS_LISTEN": as constants, and as a Python dictionary. */
bool info_constant(const char *name, int64_t *out);
void info_add_python_names(bool bsd, struct text *to);

/* All members as Python's keyword arguments: "tcpi_state=1, ...". */
void info_add_python(const struct info *info, struct text *to);

#endif
