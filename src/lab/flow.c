/*
 * Three applications over two ends each. An end acts on what its host told it
 * since it was last refused, as real programs do.
 */
#include "lab/flow.h"

#include <stdio.h>
#include <string.h>

#include "base/types.h"

#define CHUNK_BYTES 65536u
#define PERIOD 65521u    /* a prime: bytes at a wrong place show, whatever the sizes of segments */
#define CHUNKS_A_STEP 4u /* so that an empty buffer, which may be large, is not filled up while packets wait */
#define OBJECT_BYTES 100000u
#define REQUEST_BYTES 100u
#define RESPONSE_BYTES 8192u

/* Byte i of every stream is pattern[i % PERIOD]. */
static uint8_t pattern[PERIOD + CHUNK_BYTES];

static void fill_pattern(void)
{
    uint32_t random = 1;
    if (pattern[0] != 0)
        return;
    for (uint32_t i = 0; i < PERIOD; i++) {
        random = random * 1664525u + 1013904223u;
        pattern[i] = (uint8_t)(random >> 24 | 1u);
    }
    memcpy(pattern + PERIOD, pattern, PERIOD);
    memcpy(pattern + 2 * PERIOD, pattern, CHUNK_BYTES - PERIOD);
}

static bool fail(struct lab_flow *flow, const char *where, const char *why)
{
    if (flow->failure[0] == '\0')
        snprintf(flow->failure, sizeof flow->failure, "%s: %s", where, why);
    return false;
}

/* --------------------------------------------------------------- both ends */

/* Send on, up to `until` of the stream; true when something was taken. */
static bool send_until(struct lab_flow *flow, struct conn *conn, uint64_t *sent, uint64_t until)
{
    uint64_t before = *sent;
    for (unsigned chunk = 0; conn->is_open && conn->can_send && *sent < until && chunk < CHUNKS_A_STEP; chunk++) {
        size_t bytes = (size_t)min_u64(until - *sent, CHUNK_BYTES);
        int64_t taken = conn->host->ops->send(conn, pattern + *sent % PERIOD, bytes);
        if (taken < 0)
            return fail(flow, "send", conn->failure);
        *sent += (uint64_t)taken;
    }
    return *sent != before;
}

/* Receive and check; sets *is_done at the end of the stream. True when something came. */
static bool receive_all(struct lab_flow *flow, struct conn *conn, uint64_t *received, bool *is_done)
{
    static uint8_t data[CHUNK_BYTES];
    bool has_moved = false;
    while (conn->is_open && conn->can_receive && !*is_done) {
        int64_t got = conn->host->ops->receive(conn, data, sizeof data);
        if (got == CONN_FAILED)
            return fail(flow, "receive", conn->failure);
        if (got == 0)
            return has_moved;
        has_moved = true;
        *is_done = got == CONN_END;
        if (*is_done)
            return true;
        if (memcmp(data, pattern + *received % PERIOD, (size_t)got) != 0)
            return fail(flow, "receive", "a byte is wrong");
        *received += (uint64_t)got;
        flow->bytes += conn == &flow->right_end ? (uint64_t)got : 0;
    }
    return has_moved;
}

static void count(struct lab_flow *flow)
{
    struct conn_counts counts;
    flow->left->ops->count(&flow->left_end, &counts);
    flow->counts.segments += counts.segments;
    flow->counts.retransmitted += counts.retransmitted;
    flow->counts.cwnd_bytes = counts.cwnd_bytes;
    flow->counts.srtt_us = counts.srtt_us;
}

static bool begin_connection(struct lab_flow *flow, rill_time now)
{
    flow->left_sent = flow->left_received = flow->right_sent = flow->right_received = 0;
    flow->left_is_done = flow->right_is_done = false;
    flow->began = now;
    return flow->left->ops->connect(flow->left, &flow->left_end, flow->right->port->number, flow->port) ||
           fail(flow, "connect", flow->left_end.failure);
}

static void took(struct lab_flow *flow, rill_time now)
{
    samples_add(&flow->times, (double)(now - flow->began) / (double)NANOS_PER_MS);
}

/* ------------------------------------------------------------- three kinds */

static bool step_bulk(struct lab_flow *flow, rill_time now)
{
    (void)now;
    bool has_sent = send_until(flow, &flow->left_end, &flow->left_sent, UINT64_MAX);
    bool has_received = receive_all(flow, &flow->right_end, &flow->right_received, &flow->right_is_done);
    return has_sent || has_received;
}

/* The object has come; both ends close, and the next one begins. */
static bool finish_object(struct lab_flow *flow, rill_time now)
{
    if (flow->right_received != OBJECT_BYTES)
        return fail(flow, "receive", "the object is not whole");
    count(flow);
    flow->right->ops->close(&flow->right_end);
    flow->left->ops->close(&flow->left_end);
    return begin_connection(flow, now);
}

static bool step_objects(struct lab_flow *flow, rill_time now)
{
    bool was_right_done = flow->right_is_done;
    bool has_moved = send_until(flow, &flow->left_end, &flow->left_sent, OBJECT_BYTES);
    if (flow->left_sent == OBJECT_BYTES && has_moved)
        flow->left->ops->shutdown(&flow->left_end);
    has_moved |= receive_all(flow, &flow->right_end, &flow->right_received, &flow->right_is_done);
    if (flow->right_is_done && !was_right_done) {
        took(flow, now);
        flow->right->ops->shutdown(&flow->right_end);
    }
    has_moved |= receive_all(flow, &flow->left_end, &flow->left_received, &flow->left_is_done);
    if (flow->right_is_done && flow->left_is_done)
        return finish_object(flow, now);
    return has_moved;
}

/* The right end asks, the left end has the data. */
static bool step_requests(struct lab_flow *flow, rill_time now)
{
    uint64_t asked = flow->times.count + 1;
    if (flow->right_sent == (asked - 1) * REQUEST_BYTES && flow->right_end.is_open)
        flow->began = now;
    bool has_moved =
        flow->right_end.is_open && send_until(flow, &flow->right_end, &flow->right_sent, asked * REQUEST_BYTES);
    has_moved |= receive_all(flow, &flow->left_end, &flow->left_received, &flow->left_is_done);
    uint64_t answers = flow->left_received / REQUEST_BYTES;
    has_moved |= send_until(flow, &flow->left_end, &flow->left_sent, answers * RESPONSE_BYTES);
    has_moved |= receive_all(flow, &flow->right_end, &flow->right_received, &flow->right_is_done);
    if (flow->right_received == asked * RESPONSE_BYTES) {
        took(flow, now);
        return true;
    }
    return has_moved;
}

bool lab_flow_step(struct lab_flow *flow, rill_time now)
{
    static bool (*const steps[])(struct lab_flow *, rill_time) = {step_bulk, step_objects, step_requests};
    bool has_moved = false;
    if (flow->failure[0] != '\0')
        return false;
    if (flow->listener.can_accept && !flow->right_end.is_open)
        has_moved = flow->right->ops->accept(&flow->listener, &flow->right_end);
    return steps[flow->kind](flow, now) || has_moved;
}

bool lab_flow_start(struct lab_flow *flow, enum flow_kind kind, struct host *left, struct host *right, uint16_t port,
                    rill_time now)
{
    fill_pattern();
    *flow = (struct lab_flow){.kind = kind, .left = left, .right = right, .port = port};
    flow->listener.flow = flow->left_end.flow = flow;
    if (!right->ops->listen(right, &flow->listener, port))
        return fail(flow, "listen", flow->listener.failure);
    return begin_connection(flow, now);
}

void lab_flow_end(struct lab_flow *flow)
{
    count(flow);
    if (flow->left != NULL)
        flow->left->ops->close(&flow->left_end);
    if (flow->right_end.host != NULL)
        flow->right->ops->close(&flow->right_end);
    if (flow->listener.host != NULL)
        flow->right->ops->close(&flow->listener);
    samples_free(&flow->times);
}
