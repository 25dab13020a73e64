/*
 * What expressions are worth: see values.h.
 */
#include "drill/values.h"

#include <string.h>

bool is_any(const struct drill_expr *expr)
{
    return expr->kind == EXPR_ANY || (expr->kind == EXPR_CALL && expr->child != NULL && is_any(expr->child));
}

const struct drill_expr *argument_of(const struct drill_call *call, unsigned index)
{
    const struct drill_expr *expr = call->arguments;

    while (expr != NULL && index-- > 0)
        expr = expr->next;
    return expr;
}

/* Byte order is the runner's business: ports are host order everywhere. */
static bool call_value(struct run *run, const struct drill_expr *expr, int64_t *out)
{
    static const char *const orders[] = {"htons", "htonl", "ntohs", "ntohl"};

    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++)
        if (strcmp(expr->text, orders[i]) == 0 && expr->child != NULL)
            return value_of(run, expr->child, out);
    return run_fail_at(run, expr->place, "the function '%s' is not known to rill drill", expr->text);
}

bool value_of(struct run *run, const struct drill_expr *expr, int64_t *out)
{
    int64_t part;

    *out = 0;
    switch (expr->kind) {
    case EXPR_NUMBER:
        *out = expr->number;
        return true;
    case EXPR_WORD:
        return constant_find(expr->text, out) ||
               run_fail_at(run, expr->place, "the constant '%s' is not known to rill drill", expr->text);
    case EXPR_OR:
        for (const struct drill_expr *operand = expr->child; operand != NULL; operand = operand->next) {
            if (!value_of(run, operand, &part))
                return false;
            *out |= part;
        }
        return true;
    case EXPR_CALL:
        return call_value(run, expr, out);
    case EXPR_LIST: /* [4] where a pointer to a number goes */
        if (expr->child != NULL && expr->child->next == NULL)
            return value_of(run, expr->child, out);
        return run_fail_at(run, expr->place, "%s: a list where a number belongs", run->event->source);
    default:
        return run_fail_at(run, expr->place, "%s: a number was expected here", run->event->source);
    }
}

bool argument_value(struct run *run, const struct drill_call *call, unsigned index, int64_t otherwise, int64_t *out)
{
    const struct drill_expr *expr = argument_of(call, index);

    if (expr != NULL && expr->kind == EXPR_LIST && expr->child != NULL)
        expr = expr->child; /* [4]: a pointer to it */
    if (expr == NULL || expr->kind == EXPR_ANY) {
        *out = otherwise;
        return true;
    }
    return value_of(run, expr, out);
}

const struct drill_expr *field_of(const struct drill_expr *expr, const char *name)
{
    if (expr == NULL || expr->kind != EXPR_STRUCT)
        return NULL;
    for (const struct drill_expr *field = expr->child; field != NULL; field = field->next)
        if (field->kind == EXPR_FIELD && strcmp(field->text, name) == 0)
            return field->child;
    return NULL;
}

bool fields_known(struct run *run, const struct drill_expr *expr, const char *const names[])
{
    if (expr == NULL || expr->kind != EXPR_STRUCT)
        return true;
    for (const struct drill_expr *field = expr->child; field != NULL; field = field->next) {
        unsigned i = 0;

        if (field->kind != EXPR_FIELD)
            continue;
        while (names[i] != NULL && strcmp(names[i], field->text) != 0)
            i++;
        if (names[i] == NULL)
            return run_fail_at(run, field->place, "the field '%s' is not known to rill drill", field->text);
    }
    return true;
}

bool value_expected(struct run *run, const struct drill_expr *expr, const char *what, int64_t got)
{
    int64_t expected;

    if (expr == NULL || is_any(expr))
        return true;
    if (!value_of(run, expr, &expected))
        return false;
    if (expected == got)
        return true;
    return run_fail(run, "expected %s with %s %lld, got %lld", run->event->source, what, (long long)expected,
                    (long long)got);
}
