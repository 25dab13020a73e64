/*
 * The diagram, read once more: rows are where from, bits where to.
 */
#include "sim/state_oracle.h"

#define TO(state) (1u << RILL_STATE_##state)

static const uint16_t edges[RILL_STATES] = {
    [RILL_STATE_CLOSED] = TO(LISTEN) | TO(SYN_SENT) | TO(SYN_RECEIVED), /* the last: a listener's new connection */
    [RILL_STATE_LISTEN] = TO(SYN_RECEIVED) | TO(SYN_SENT) | TO(CLOSED),
    [RILL_STATE_SYN_SENT] = TO(SYN_RECEIVED) | TO(ESTABLISHED) | TO(CLOSED),
    [RILL_STATE_SYN_RECEIVED] = TO(ESTABLISHED) | TO(FIN_WAIT_1) | TO(CLOSED) | TO(LISTEN),
    [RILL_STATE_ESTABLISHED] = TO(FIN_WAIT_1) | TO(CLOSE_WAIT) | TO(CLOSED),
    [RILL_STATE_FIN_WAIT_1] = TO(FIN_WAIT_2) | TO(CLOSING) | TO(TIME_WAIT) | TO(CLOSED),
    [RILL_STATE_FIN_WAIT_2] = TO(TIME_WAIT) | TO(CLOSED),
    [RILL_STATE_CLOSE_WAIT] = TO(LAST_ACK) | TO(CLOSED),
    [RILL_STATE_CLOSING] = TO(TIME_WAIT) | TO(CLOSED),
    [RILL_STATE_LAST_ACK] = TO(CLOSED),
    [RILL_STATE_TIME_WAIT] = TO(CLOSED) | TO(SYN_RECEIVED), /* the last: RFC 9293 3.6.1 MAY-2 */
};

bool state_edge_is_known(unsigned from, unsigned to)
{
    return from < RILL_STATES && to < RILL_STATES && (edges[from] >> to & 1) != 0;
}

static void trace_event(struct world *world, const struct host_sim *host, const struct rill_trace_event *event)
{
    const char *name = rill_trace_type_name(event->type);

    switch (event->type) {
    case RILL_TRACE_STATE:
        world_trace(world, "host %u %u > .%u.%u %s -> %s", host->index, event->local.port, event->remote.addr.bytes[15],
                    event->remote.port, rill_state_name((enum rill_state)event->a),
                    rill_state_name((enum rill_state)event->b));
        break;
    case RILL_TRACE_DROP:
        world_trace(world, "host %u drops: %s", host->index, rill_drop_name((enum rill_drop)event->a));
        break;
    case RILL_TRACE_SEGMENT_IN:
    case RILL_TRACE_SEGMENT_OUT:
        break;
    default:
        world_trace(world, "host %u %u > .%u.%u %s %u %u", host->index, event->local.port, event->remote.addr.bytes[15],
                    event->remote.port, name, event->a, event->b);
    }
}

static void told(void *context, const struct rill_trace_event *event)
{
    struct host_sim *host = context;
    struct world *world = host->world;

    if (event->type == RILL_TRACE_STATE) {
        world_hash(world, event->a << 8 | event->b, host->index);
        if (!state_edge_is_known(event->a, event->b))
            world_fail(world, "M1 host %u: %s -> %s is no edge", host->index,
                       rill_state_name((enum rill_state)event->a), rill_state_name((enum rill_state)event->b));
    }
    if (world->settings.trace != NULL)
        trace_event(world, host, event);
}

void state_oracle_attach(struct world *world, struct host_sim *host)
{
    host->world = world;
    rill_trace(host->stack, told, host);
}
