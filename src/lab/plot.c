/*
 * The trace of a run, written down as columns.
 */
#include "lab/plot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/cli.h"
#include "lab/run.h"

enum column { COLUMN_CWND, COLUMN_SEQ, COLUMN_ACK, COLUMN_LOSS, COLUMNS };

/* First sequence number seen, and the highest one sent, so that what is sent again can be told. */
struct plot_flow {
    FILE *files[COLUMNS];
    bool has_base;
    uint32_t base, highest;
};

struct lab_plot {
    struct plot_flow flows[LAB_FLOWS_MAX];
    unsigned flow_count;
    uint16_t first_port;
    rill_time began;
    FILE *queue;
};

static const char *const column_names[COLUMNS] = {"cwnd", "seq", "ack", "loss"};

static FILE *make_file(const char *folder, const char *name, const char *column, int flow)
{
    char path[512], number[16] = "";
    if (flow >= 0)
        snprintf(number, sizeof number, "-%d", flow);
    snprintf(path, sizeof path, "%s/%s-%s%s.dat", folder, name, column, number);
    FILE *file = fopen(path, "we");
    if (file == NULL)
        cli_error("%s: %s", path, strerror(errno));
    return file;
}

struct lab_plot *plot_open(const char *folder, const char *name, unsigned flows, uint16_t first_port, rill_time now)
{
    struct lab_plot *plot = calloc(1, sizeof *plot);
    if (plot == NULL)
        return NULL;
    plot->flow_count = flows;
    plot->first_port = first_port;
    plot->began = now;
    bool is_whole = (plot->queue = make_file(folder, name, "queue", -1)) != NULL;
    for (unsigned i = 0; i < flows; i++) {
        for (unsigned column = 0; column < COLUMNS && is_whole; column++)
            is_whole = (plot->flows[i].files[column] = make_file(folder, name, column_names[column], (int)i)) != NULL;
    }
    if (is_whole)
        return plot;
    plot_close(plot);
    return NULL;
}

void plot_close(struct lab_plot *plot)
{
    if (plot == NULL)
        return;
    for (unsigned i = 0; i < plot->flow_count; i++) {
        for (unsigned column = 0; column < COLUMNS; column++) {
            if (plot->flows[i].files[column] != NULL)
                fclose(plot->flows[i].files[column]);
        }
    }
    if (plot->queue != NULL)
        fclose(plot->queue);
    free(plot);
}

static double seconds(const struct lab_plot *plot, rill_time now)
{
    return (double)(now - plot->began) / 1e9;
}

/* Of the TCP header in an IPv4 packet or template. */
static const uint8_t *tcp_of(const struct rill_trace_event *event)
{
    return event->packet + (event->packet[0] & 0x0Fu) * 4u;
}

/* A point for the segments of a train: when, from, to, and whether some of it was sent before. */
static void sent(struct lab_plot *plot, struct plot_flow *flow, const struct rill_trace_event *event)
{
    uint32_t seq = get_be32(tcp_of(event) + 4);
    if (!flow->has_base) {
        flow->base = flow->highest = seq;
        flow->has_base = true;
    }
    uint32_t from = seq - flow->base, to = from + event->payload_bytes;
    if (event->payload_bytes == 0)
        return;
    fprintf(flow->files[COLUMN_SEQ], "%.6f %u %u %d\n", seconds(plot, event->now), from, to,
            (int32_t)(seq - flow->highest) < 0);
    if ((int32_t)(flow->base + to - flow->highest) > 0)
        flow->highest = flow->base + to;
}

static void trace(void *context, const struct rill_trace_event *event)
{
    struct lab_plot *plot = context;
    unsigned index = (unsigned)event->remote.port - plot->first_port;
    if (event->remote.port < plot->first_port || index >= plot->flow_count)
        return;
    struct plot_flow *flow = &plot->flows[index];
    double at = seconds(plot, event->now);
    switch (event->type) {
    case RILL_TRACE_SEGMENT_OUT:
        sent(plot, flow, event);
        break;
    case RILL_TRACE_SEGMENT_IN:
        if (flow->has_base)
            fprintf(flow->files[COLUMN_ACK], "%.6f %u\n", at, get_be32(tcp_of(event) + 8) - flow->base);
        break;
    case RILL_TRACE_LOSS:
        fprintf(flow->files[COLUMN_LOSS], "%.6f %u %u\n", at, event->a, event->b - flow->base);
        break;
    default:
        break;
    }
}

void plot_watch(struct lab_plot *plot, struct rill_stack *stack)
{
    rill_trace(stack, trace, plot);
}

void plot_cwnd(struct lab_plot *plot, unsigned flow, uint32_t cwnd_bytes, rill_time now)
{
    fprintf(plot->flows[flow].files[COLUMN_CWND], "%.6f %u\n", seconds(plot, now), cwnd_bytes);
}

void plot_queue(struct lab_plot *plot, double delay_ms, rill_time now)
{
    fprintf(plot->queue, "%.6f %.3f\n", seconds(plot, now), delay_ms);
}
