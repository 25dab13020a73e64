/*
 * Data for gnuplot from a run: the congestion window over time, time and
 * sequence numbers of what was sent and acknowledged, and the queue.
 */
#ifndef LAB_PLOT_H
#define LAB_PLOT_H

#include "lab/flow.h"

struct lab_plot;

/*
 * Files NAME-cwnd-N.dat, NAME-seq-N.dat, NAME-ack-N.dat, NAME-loss-N.dat, NAME-queue.dat in the folder, N the flow's
 * number. NULL after saying why.
 */
struct lab_plot *plot_open(const char *folder, const char *name, unsigned flows, uint16_t first_port, rill_time now);
void plot_close(struct lab_plot *plot);

/* From now on: what this stack of rill's sends. Flows are told apart by their remote port. */
void plot_watch(struct lab_plot *plot, struct rill_stack *stack);

/* Windows are asked for now and then, whoever's they are: the kernel tells of none by itself. */
void plot_cwnd(struct lab_plot *plot, unsigned flow, uint32_t cwnd_bytes, rill_time now);
void plot_queue(struct lab_plot *plot, double delay_ms, rill_time now);

#endif
