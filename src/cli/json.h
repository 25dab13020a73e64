/*
 * JSON lines: an emitter for flat objects, and a reader for the lines that
 * rill itself writes (control.c to ss.c), nothing more general.
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct json {
    FILE *to;
    bool first;
};

void json_begin(struct json *json, FILE *to);
void json_text(struct json *json, const char *key, const char *value);
void json_number(struct json *json, const char *key, uint64_t value);
void json_real(struct json *json, const char *key, double value);
void json_bool(struct json *json, const char *key, bool value);
void json_end(struct json *json); /* with the newline */

/* The value of a top-level key of a flat object, unescaped, as text. False when it is not there. */
bool json_find(const char *line, const char *key, char *value, size_t value_bytes);
uint64_t json_find_number(const char *line, const char *key); /* 0 when it is not there */

#endif
