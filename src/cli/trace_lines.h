/*
 * The trace of a stack as lines on stderr, one thing that happened a line.
 */
#ifndef CLI_TRACE_LINES_H
#define CLI_TRACE_LINES_H

#include "rill/rill.h"

/* Print everything from now on. */
void trace_lines_begin(struct rill_stack *stack);

#endif
