/*
 * What the drill keeps in memory: pieces that live as long as their script
 * (pool), and text that grows. Both end the program when memory is out: there
 * is nothing to test without it.
 */
#ifndef DRILL_TEXT_H
#define DRILL_TEXT_H

#include <stdarg.h>
#include <stddef.h>

struct pool_block;

struct drill_pool {
    struct pool_block *blocks;
    size_t used_bytes; /* of the first block */
};

/* Zeroed memory, given back with the pool. */
void *drill_take(struct drill_pool *pool, size_t bytes);
char *drill_copy(struct drill_pool *pool, const char *from, size_t bytes);
void drill_pool_free(struct drill_pool *pool);

struct text {
    char *at; /* NUL-terminated; NULL while nothing was added */
    size_t bytes, capacity_bytes;
};

void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_values(struct text *text, const char *format, va_list values) __attribute__((format(printf, 2, 0)));
void text_clear(struct text *text);
void text_free(struct text *text);

/* The text so far, "" when there is none. */
const char *text_of(const struct text *text);

#endif
