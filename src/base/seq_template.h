/*
 * The helpers of seq.h for one width. Included with SEQ_TYPE (a struct with a
 * member v), SEQ_WORD (its unsigned word), SEQ_HALF (half its range) and
 * SEQ_NAME(verb) defined. No include guard: it is a template.
 */

static inline SEQ_TYPE SEQ_NAME(make)(SEQ_WORD value)
{
    return (SEQ_TYPE){value};
}

/* a + n, modulo the range: meant to wrap. */
static inline SEQ_TYPE SEQ_NAME(add)(SEQ_TYPE a, SEQ_WORD n)
{
    return (SEQ_TYPE){(SEQ_WORD)(a.v + n)};
}

/* a - n, modulo the range: meant to wrap. */
static inline SEQ_TYPE SEQ_NAME(sub)(SEQ_TYPE a, SEQ_WORD n)
{
    return (SEQ_TYPE){(SEQ_WORD)(a.v - n)};
}

/* How far a lies after from, as an unsigned offset. */
static inline SEQ_WORD SEQ_NAME(offset)(SEQ_TYPE from, SEQ_TYPE a)
{
    return (SEQ_WORD)(a.v - from.v);
}

static inline bool SEQ_NAME(equal)(SEQ_TYPE a, SEQ_TYPE b)
{
    return a.v == b.v;
}

/* a comes before b: b is 1 .. half-1 after a. At exactly half neither comes before the other. */
static inline bool SEQ_NAME(before)(SEQ_TYPE a, SEQ_TYPE b)
{
    SEQ_WORD d = (SEQ_WORD)(b.v - a.v);

    return d != 0 && d < SEQ_HALF;
}

static inline bool SEQ_NAME(after)(SEQ_TYPE a, SEQ_TYPE b)
{
    return SEQ_NAME(before)(b, a);
}

static inline bool SEQ_NAME(before_or_equal)(SEQ_TYPE a, SEQ_TYPE b)
{
    return (SEQ_WORD)(b.v - a.v) < SEQ_HALF;
}

static inline bool SEQ_NAME(after_or_equal)(SEQ_TYPE a, SEQ_TYPE b)
{
    return SEQ_NAME(before_or_equal)(b, a);
}

static inline SEQ_TYPE SEQ_NAME(max)(SEQ_TYPE a, SEQ_TYPE b)
{
    return SEQ_NAME(before)(a, b) ? b : a;
}

static inline SEQ_TYPE SEQ_NAME(min)(SEQ_TYPE a, SEQ_TYPE b)
{
    return SEQ_NAME(before)(b, a) ? b : a;
}

/* x lies in [start, start + span): exact for every span up to the whole range less one. */
static inline bool SEQ_NAME(in_span)(SEQ_TYPE x, SEQ_TYPE start, SEQ_WORD span)
{
    return (SEQ_WORD)(x.v - start.v) < span;
}

/* low <= x <= high, walking upward from low. */
static inline bool SEQ_NAME(between)(SEQ_TYPE low, SEQ_TYPE x, SEQ_TYPE high)
{
    return (SEQ_WORD)(x.v - low.v) <= (SEQ_WORD)(high.v - low.v);
}
