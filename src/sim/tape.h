/*
 * One end of a session as a packetdrill script: the calls of its application,
 * the packets that its host was given and those that it sent. It says what
 * happened, not what should have.
 */
#ifndef SIM_TAPE_H
#define SIM_TAPE_H

#include <stdarg.h>
#include <stdio.h>

#include "sim/packet_oracle.h"

struct end;
struct frame;
struct host_sim;
struct world;

struct tape {
    FILE *file;   /* NULL: nothing is taped */
    unsigned end; /* 2 * session + side */
    bool has_begun;
    uint64_t last_at;
    bool has_iss[2]; /* of the host, of its peer */
    uint32_t iss[2];
};

/* A packet leaves the host, or is given to its stack. */
void tape_packet(struct world *world, const struct host_sim *host, bool is_sent, const uint8_t *packet,
                 const struct packet_seen *facts);

/* A call of the application: "shutdown(%d, SHUT_WR) = 0" and the like; the first argument is the descriptor. */
void tape_call(struct world *world, const struct end *end, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The descriptor that the script gives the end. */
int tape_descriptor(const struct end *end);

/* What a call returned, as a script says it: "5" or "-1 EAGAIN". */
const char *tape_result(int64_t result, char text[32]);

#endif
