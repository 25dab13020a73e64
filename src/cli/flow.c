/*
 * The table of flows, and how events reach them: see flow.h.
 */
#include "cli/flow.h"

#include <stdlib.h>
#include <string.h>

#define CHECK_INTERVAL UINT64_C(1000000000)

uint8_t flow_buffer[FLOW_BUFFER_BYTES];

static struct flow **free_slot(struct flows *flows)
{
    unsigned count = flows->slot_count == 0 ? 16 : flows->slot_count * 2;
    struct flow **grown;

    if (flows->live < flows->slot_count)
        for (unsigned i = 0; i < flows->slot_count; i++)
            if (flows->slots[i] == NULL)
                return &flows->slots[i];
    grown = realloc(flows->slots, count * sizeof *grown);
    if (grown == NULL)
        return NULL;
    memset(grown + flows->slot_count, 0, (count - flows->slot_count) * sizeof *grown);
    flows->slots = grown;
    grown += flows->slot_count;
    flows->slot_count = count;
    return grown;
}

/* Free the flow of a slot when it has ended. */
static void reap(struct flows *flows, unsigned slot)
{
    struct flow *flow = flows->slots[slot];

    if (!flow->ended)
        return;
    flows->slots[slot] = NULL;
    if (flows->config.service->finish != NULL && flow->established)
        flows->config.service->finish(flow);
    if (flows->ended != NULL)
        flows->ended(flows, flow);
    flows->live--;
    free(flow);
}

static void begin(struct flow *flow)
{
    const struct service *service = flow->flows->config.service;

    flow->established = true;
    if (service->start != NULL && !service->start(flow)) {
        flow->established = false;
        flow->error = -RILL_ENOMEM;
        flow->ended = true;
        rill_abort(flow->flows->session->stack, flow->conn);
    }
}

struct flow *flow_start(struct flows *flows, rill_conn conn, const struct rill_endpoint *remote,
                        enum flow_origin origin)
{
    struct flow *flow = calloc(1, sizeof *flow);
    struct flow **slot = flow != NULL ? free_slot(flows) : NULL;

    if (slot == NULL) {
        free(flow);
        rill_abort(flows->session->stack, conn);
        return NULL;
    }
    flow->flows = flows;
    flow->slot = (unsigned)(slot - flows->slots);
    flow->conn = conn;
    flow->remote = *remote;
    flow->deadline = RILL_NEVER;
    *slot = flow;
    flows->live++;
    rill_set_user(flows->session->stack, conn, (uint64_t)flow->slot + 1);
    if (origin == FLOW_CONNECTING)
        return flow;
    begin(flow);
    if (!flow->ended)
        flows->config.service->progress(flow);
    if (!flow->ended)
        return flow;
    reap(flows, flow->slot);
    return NULL;
}

static void end_by_error(struct flow *flow, int error)
{
    flow->error = error;
    flow->ended = true;
    rill_close(flow->flows->session->stack, flow->conn);
}

bool flows_event(struct flows *flows, const struct rill_event *event)
{
    struct flow *flow;

    if (event->user == 0 || event->user > flows->slot_count)
        return false;
    flow = flows->slots[event->user - 1];
    if (flow == NULL || flow->conn != event->conn)
        return false;
    if (!flow->established && (event->what & RILL_ESTABLISHED) != 0)
        begin(flow);
    /* What came before a reset has been delivered only as far as it was read: read first. */
    if (flow->established && !flow->ended)
        flows->config.service->progress(flow);
    if (!flow->ended && (event->what & RILL_RESET) != 0)
        end_by_error(flow, event->error != 0 ? event->error : -RILL_ECONNRESET);
    reap(flows, flow->slot);
    return true;
}

/* Only one flow at a time has descriptors: stdin and stdout are there once. */
unsigned flows_descriptors(struct flows *flows, struct pollfd *fds)
{
    unsigned count = 0;

    if (flows->config.service->descriptors == NULL)
        return 0;
    for (unsigned i = 0; i < flows->slot_count && count == 0; i++)
        if (flows->slots[i] != NULL && flows->slots[i]->established)
            count = flows->config.service->descriptors(flows->slots[i], fds);
    return count;
}

static void check_deadlines(struct flows *flows)
{
    rill_time now = rill_clock();

    if (now < flows->next_check)
        return;
    flows->next_check = now + CHECK_INTERVAL;
    for (unsigned i = 0; i < flows->slot_count; i++) {
        struct flow *flow = flows->slots[i];

        if (flow == NULL || flow->deadline > now)
            continue;
        flow->error = -RILL_ETIMEDOUT;
        flow->ended = true;
        rill_abort(flows->session->stack, flow->conn);
        reap(flows, i);
    }
}

void flows_step(struct flows *flows)
{
    if (flows->config.service->descriptors != NULL) {
        for (unsigned i = 0; i < flows->slot_count; i++) {
            struct flow *flow = flows->slots[i];

            if (flow == NULL || !flow->established)
                continue;
            flows->config.service->progress(flow);
            reap(flows, i);
        }
    }
    check_deadlines(flows);
}

rill_time flows_deadline(struct flows *flows)
{
    return flows->live > 0 && flows->config.service == &http_service ? flows->next_check : RILL_NEVER;
}

void flows_abort_all(struct flows *flows)
{
    for (unsigned i = 0; i < flows->slot_count; i++) {
        struct flow *flow = flows->slots[i];

        if (flow == NULL)
            continue;
        flow->ended = true;
        flow->error = -RILL_ECONNABORTED;
        rill_abort(flows->session->stack, flow->conn);
        reap(flows, i);
    }
}

void flows_free(struct flows *flows)
{
    free(flows->slots);
    flows->slots = NULL;
    flows->slot_count = 0;
}

/* ------------------------------------------------------------- for services */

int64_t flow_receive(struct flow *flow, void *data, size_t length_bytes)
{
    int64_t got = rill_receive(flow->flows->session->stack, flow->conn, data, length_bytes, 0);

    if (got > 0)
        flow->received_bytes += (uint64_t)got;
    else if (got == 0)
        flow->end_received = true;
    else if (got != -RILL_EAGAIN)
        end_by_error(flow, (int)got);
    return got;
}

int64_t flow_send(struct flow *flow, const void *data, size_t length_bytes)
{
    int64_t put = rill_send(flow->flows->session->stack, flow->conn, data, length_bytes, 0);

    if (put > 0)
        flow->sent_bytes += (uint64_t)put;
    else if (put < 0 && put != -RILL_EAGAIN)
        end_by_error(flow, (int)put);
    return put;
}

void flow_shut(struct flow *flow)
{
    if (flow->shut)
        return;
    flow->shut = true;
    rill_shutdown(flow->flows->session->stack, flow->conn);
}

void flow_end(struct flow *flow)
{
    if (flow->ended)
        return;
    flow->ended = true;
    rill_close(flow->flows->session->stack, flow->conn);
}

void flow_drain(struct flow *flow)
{
    int64_t got;

    do
        got = flow_receive(flow, flow_buffer, sizeof flow_buffer);
    while (got > 0);
    if (got == 0)
        flow_end(flow);
}
