/*
 * Buffers of calls: what "..." holds when it is sent, and what a string says of
 * what came.
 */
#ifndef DRILL_DATA_H
#define DRILL_DATA_H

#include "drill/run.h"

/* Room for a call's bytes, until the next call. */
uint8_t *data_room(struct run *run, size_t bytes);

/* NULL, or a number: no memory to read from or to write to. */
bool is_bad_address(struct run *run, const struct drill_expr *expr);

/* Fill room with what the expression says; returns room, or NULL for a bad address. */
const uint8_t *data_to_send(struct run *run, const struct drill_expr *expr, size_t bytes, uint8_t *room);

/* A call that may move a part of its bytes, and is made again while it waits: what it returns, -RILL_EAGAIN to wait. */
int64_t moved(struct run *run, int64_t bytes, int64_t length_bytes);

/* A string in the script is what must have come. False after run_fail(). */
bool data_expected(struct run *run, const struct drill_expr *expr, const uint8_t *got, size_t bytes);

#endif
