/*
 * The small services: sink (receive and forget), source (send so many bytes),
 * echo (send back what comes).
 */
#include "cli/flow.h"

#include <stdlib.h>
#include <string.h>

static void sink_progress(struct flow *flow)
{
    flow_drain(flow);
}

const struct service sink_service = {.name = "sink", .progress = sink_progress};

/* Byte n of the source is n modulo 251: not a power of two, so that a shifted copy shows. */
#define PATTERN 251u
#define PATTERN_BYTES (PATTERN * 256u)

static uint8_t pattern[PATTERN_BYTES];

static bool source_start(struct flow *flow)
{
    (void)flow;
    if (pattern[1] == 0)
        for (unsigned i = 0; i < PATTERN_BYTES; i++)
            pattern[i] = (uint8_t)(i % PATTERN);
    return true;
}

static void source_progress(struct flow *flow)
{
    uint64_t all = flow->flows->config.source_bytes;

    while (flow->sent_bytes < all && !flow->shut) {
        size_t offset = (size_t)(flow->sent_bytes % PATTERN);
        uint64_t left = all - flow->sent_bytes;
        size_t most = PATTERN_BYTES - offset;

        if (flow_send(flow, pattern + offset, left < most ? (size_t)left : most) <= 0)
            break;
    }
    if (flow->ended)
        return;
    if (flow->sent_bytes >= all)
        flow_shut(flow);
    flow_drain(flow);
}

const struct service source_service = {.name = "source", .start = source_start, .progress = source_progress};

struct echo {
    size_t held, sent;
    uint8_t bytes[16384];
};

static bool echo_start(struct flow *flow)
{
    flow->state = calloc(1, sizeof(struct echo));
    return flow->state != NULL;
}

static void echo_progress(struct flow *flow)
{
    struct echo *echo = flow->state;

    for (;;) {
        int64_t moved;

        if (echo->sent == echo->held) {
            moved = flow_receive(flow, echo->bytes, sizeof echo->bytes);
            if (moved == 0)
                flow_end(flow);
            if (moved <= 0)
                return;
            echo->held = (size_t)moved;
            echo->sent = 0;
        }
        moved = flow_send(flow, echo->bytes + echo->sent, echo->held - echo->sent);
        if (moved <= 0)
            return;
        echo->sent += (size_t)moved;
    }
}

static void echo_finish(struct flow *flow)
{
    free(flow->state);
}

const struct service echo_service = {
    .name = "echo",
    .start = echo_start,
    .progress = echo_progress,
    .finish = echo_finish,
};
