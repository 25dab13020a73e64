/*
 * What expressions are worth: constants by name, numbers, fields.
 */
#ifndef DRILL_VALUES_H
#define DRILL_VALUES_H

#include "drill/run.h"

/* A constant's value. False when the name is not known. */
bool constant_find(const char *name, int64_t *out);

/* Numbers, constants, a|b, htons(80). False after run_fail(). */
bool value_of(struct run *run, const struct drill_expr *expr, int64_t *out);

/* "...", or a function of it. */
bool is_any(const struct drill_expr *expr);

/* Argument number index (from 0); NULL when there are fewer. */
const struct drill_expr *argument_of(const struct drill_call *call, unsigned index);

/* The same, as a number; an argument that is not there, or "...", is `otherwise`. */
bool argument_value(struct run *run, const struct drill_call *call, unsigned index, int64_t otherwise, int64_t *out);

/* The value of a struct's field; NULL when it has none of that name. */
const struct drill_expr *field_of(const struct drill_expr *expr, const char *name);

/* False after run_fail(): a struct with a field that is not in `names`, which ends with NULL. */
bool fields_known(struct run *run, const struct drill_expr *expr, const char *const names[]);

/* Compare with a number that came out; "..." and a missing expression match anything. False after run_fail(). */
bool value_expected(struct run *run, const struct drill_expr *expr, const char *what, int64_t got);

#endif
