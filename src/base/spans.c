/*
 * Spans in a treap: see spans.h.
 */
#include "base/spans.h"

static uint32_t priority(ref r)
{
    return (uint32_t)(r * UINT64_C(2654435761)) ^ r >> 7;
}

static void replace_child(const struct arena *arena, struct spans *spans, ref parent, ref old, ref new)
{
    if (parent == REF_NONE)
        spans->root = new;
    else if (span_at(arena, parent)->left == old)
        span_at(arena, parent)->left = new;
    else
        span_at(arena, parent)->right = new;
    if (new != REF_NONE)
        span_at(arena, new)->parent = parent;
}

/* The span takes its parent's place; order stays. */
static void rotate_up(const struct arena *arena, struct spans *spans, ref r)
{
    struct span *span = span_at(arena, r);
    ref p = span->parent;
    struct span *parent = span_at(arena, p);
    bool was_left = parent->left == r;
    ref inner = was_left ? span->right : span->left;

    replace_child(arena, spans, parent->parent, p, r);
    if (was_left) {
        parent->left = inner;
        span->right = p;
    } else {
        parent->right = inner;
        span->left = p;
    }
    if (inner != REF_NONE)
        span_at(arena, inner)->parent = p;
    parent->parent = r;
}

/* Under its neighbour in order that has a free place: one of the two always has. */
static void hang(const struct arena *arena, struct spans *spans, ref before, ref r)
{
    struct span *span = span_at(arena, r);

    if (before != REF_NONE && span_at(arena, before)->right == REF_NONE) {
        span_at(arena, before)->right = r;
        span->parent = before;
    } else if (span->next != REF_NONE) {
        span_at(arena, span->next)->left = r;
        span->parent = span->next;
    } else {
        spans->root = r;
        span->parent = REF_NONE;
    }
}

void spans_insert(const struct arena *arena, struct spans *spans, ref before, ref r)
{
    struct span *span = span_at(arena, r);

    span->left = span->right = REF_NONE;
    span->previous = before;
    span->next = before == REF_NONE ? spans->first : span_at(arena, before)->next;
    hang(arena, spans, before, r);
    if (before == REF_NONE)
        spans->first = r;
    else
        span_at(arena, before)->next = r;
    if (span->next == REF_NONE)
        spans->last = r;
    else
        span_at(arena, span->next)->previous = r;
    spans->count++;
    while (span->parent != REF_NONE && priority(span->parent) < priority(r))
        rotate_up(arena, spans, r);
}

void spans_take(const struct arena *arena, struct spans *spans, ref r)
{
    const struct span *span = span_at(arena, r);

    while (span->left != REF_NONE && span->right != REF_NONE)
        rotate_up(arena, spans, priority(span->left) > priority(span->right) ? span->left : span->right);
    replace_child(arena, spans, span->parent, r, span->left != REF_NONE ? span->left : span->right);
    if (span->previous == REF_NONE)
        spans->first = span->next;
    else
        span_at(arena, span->previous)->next = span->next;
    if (span->next == REF_NONE)
        spans->last = span->previous;
    else
        span_at(arena, span->next)->previous = span->previous;
    spans->count--;
}

ref spans_floor(const struct arena *arena, const struct spans *spans, struct seq at)
{
    ref r = spans->root, found = REF_NONE;

    while (r != REF_NONE) {
        const struct span *span = span_at(arena, r);

        if (seq_before(at, span->start)) {
            r = span->left;
        } else {
            found = r;
            r = span->right;
        }
    }
    return found;
}

ref spans_find(const struct arena *arena, const struct spans *spans, struct seq at)
{
    ref r = spans_floor(arena, spans, at);

    return r != REF_NONE && seq_before(at, span_at(arena, r)->end) ? r : REF_NONE;
}

static bool child_check(const struct arena *arena, ref parent, ref child, bool is_left)
{
    const struct span *above = span_at(arena, parent), *below = span_at(arena, child);

    if (below == NULL)
        return true;
    return below->parent == parent && priority(child) <= priority(parent) &&
           (is_left ? seq_before(below->start, above->start) : seq_before(above->start, below->start));
}

bool spans_check(const struct arena *arena, const struct spans *spans)
{
    uint32_t count = 0;
    ref before = REF_NONE;

    for (ref r = spans->first; r != REF_NONE; before = r, r = span_at(arena, r)->next) {
        const struct span *span = span_at(arena, r);

        if (span->previous != before || !seq_before(span->start, span->end) ||
            (before != REF_NONE && seq_before(span->start, span_at(arena, before)->end)) ||
            !child_check(arena, r, span->left, true) || !child_check(arena, r, span->right, false) ||
            (span->parent == REF_NONE) != (spans->root == r))
            return false;
        count++;
    }
    return spans->last == before && spans->count == count;
}
