/*
 * rill connect -u and rill listen -u: netcat with datagrams.
 */
#ifndef CLI_DATAGRAMS_H
#define CLI_DATAGRAMS_H

#include "cli/session.h"

struct datagrams_config {
    const struct session_config *session;
    const char *host, *dns; /* NULL host: listen */
    uint16_t port, local_port;
    rill_time quiet_ns; /* connect: over when stdin has ended and nothing came for so long */
    bool echo, sink;
    uint64_t count; /* over after so many datagrams; UINT64_MAX: never */
    char **program; /* NULL: none */
};

/* HOST of a command line as an address: false after saying what is wrong. *is_name: it is to be looked up. */
bool datagrams_take_host(const char *text, struct rill_addr *addr, bool *is_name);

/* Returns the exit code. */
int datagrams_run(const struct datagrams_config *config);

#endif
