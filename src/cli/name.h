/*
 * A host's name on the command line becomes an address: /etc/hosts, then the
 * servers of --dns or /etc/resolv.conf, asked over rill itself.
 */
#ifndef CLI_NAME_H
#define CLI_NAME_H

#include "rill/resolve.h"

struct name_lookup {
    const char *name, *dns;
    struct rill_resolve_config config;
    struct rill_lookup *lookup; /* NULL: none is under way */
    void *memory;
    char *hosts;
    rill_time retry_until; /* asked again as long as nobody is there yet: a server that we have started ourselves */
    unsigned retries;
    rill_time again_at; /* RILL_NEVER: not waiting for that */
    struct rill_stack *stack;
};

/* Could be a name: not something that was meant for an address. */
bool name_is_possible(const char *text);

/* --dns: false after saying what is wrong with it. */
bool name_check_dns(const char *dns);

/* dns NULL: as /etc/resolv.conf says. False after saying why there is no asking. */
bool name_begin(struct name_lookup *lookup, struct rill_stack *stack, const char *name, const char *dns);

/* -RILL_EINPROGRESS; 0 and *out; another error, which was said. When it is over, so is the lookup. */
int name_result(struct name_lookup *lookup, struct rill_addr *out);

bool name_event(struct name_lookup *lookup, const struct rill_event *event);
void name_poll(struct name_lookup *lookup, rill_time now);
rill_time name_deadline(const struct name_lookup *lookup);
void name_end(struct name_lookup *lookup);

#endif
