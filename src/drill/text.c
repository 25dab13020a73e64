/*
 * Memory of a script, and growing text: see text.h.
 */
#include "drill/text.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 16384u

struct pool_block {
    struct pool_block *next;
    alignas(max_align_t) char data[];
};

static void *checked(void *memory)
{
    if (memory == NULL) {
        fputs("rill drill: no memory\n", stderr);
        exit(1);
    }
    return memory;
}

void *drill_take(struct drill_pool *pool, size_t bytes)
{
    size_t size = (bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    char *at;

    if (pool->blocks == NULL || size > BLOCK_BYTES - pool->used_bytes || size > BLOCK_BYTES) {
        size_t data_bytes = size > BLOCK_BYTES ? size : BLOCK_BYTES;
        struct pool_block *block = checked(calloc(1, sizeof *block + data_bytes));

        block->next = pool->blocks;
        pool->blocks = block;
        pool->used_bytes = 0;
    }
    at = pool->blocks->data + pool->used_bytes;
    pool->used_bytes = size > BLOCK_BYTES ? BLOCK_BYTES : pool->used_bytes + size;
    return at;
}

char *drill_copy(struct drill_pool *pool, const char *from, size_t bytes)
{
    char *at = drill_take(pool, bytes + 1);

    memcpy(at, from, bytes);
    return at;
}

void drill_pool_free(struct drill_pool *pool)
{
    while (pool->blocks != NULL) {
        struct pool_block *block = pool->blocks;

        pool->blocks = block->next;
        free(block);
    }
    pool->used_bytes = 0;
}

void text_add_values(struct text *text, const char *format, va_list values)
{
    va_list again;
    int needed;

    va_copy(again, values);
    needed = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (needed < 0)
        return;
    if (text->capacity_bytes - text->bytes <= (size_t)needed) {
        text->capacity_bytes = 2 * text->capacity_bytes + (size_t)needed + 64;
        text->at = checked(realloc(text->at, text->capacity_bytes));
    }
    vsnprintf(text->at + text->bytes, text->capacity_bytes - text->bytes, format, values);
    text->bytes += (size_t)needed;
}

void text_add(struct text *text, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    text_add_values(text, format, values);
    va_end(values);
}

void text_clear(struct text *text)
{
    text->bytes = 0;
    if (text->at != NULL)
        text->at[0] = '\0';
}

void text_free(struct text *text)
{
    free(text->at);
    *text = (struct text){0};
}

const char *text_of(const struct text *text)
{
    return text->at != NULL ? text->at : "";
}
