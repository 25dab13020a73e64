/*
 * Flat JSON objects, one per line: see json.h.
 */
#include "cli/json.h"

#include <stdlib.h>
#include <string.h>

void json_begin(struct json *json, FILE *to)
{
    json->to = to;
    json->first = true;
    fputc('{', to);
}

static void put_text(FILE *to, const char *text)
{
    fputc('"', to);
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte == '"' || byte == '\\')
            fprintf(to, "\\%c", byte);
        else if (byte < 0x20)
            fprintf(to, "\\u%04x", (unsigned)byte);
        else
            fputc(byte, to);
    }
    fputc('"', to);
}

static void put_key(struct json *json, const char *key)
{
    if (!json->first)
        fputc(',', json->to);
    json->first = false;
    put_text(json->to, key);
    fputc(':', json->to);
}

void json_text(struct json *json, const char *key, const char *value)
{
    put_key(json, key);
    put_text(json->to, value);
}

void json_number(struct json *json, const char *key, uint64_t value)
{
    put_key(json, key);
    fprintf(json->to, "%llu", (unsigned long long)value);
}

void json_real(struct json *json, const char *key, double value)
{
    put_key(json, key);
    fprintf(json->to, "%.3f", value);
}

void json_bool(struct json *json, const char *key, bool value)
{
    put_key(json, key);
    fputs(value ? "true" : "false", json->to);
}

void json_end(struct json *json)
{
    fputs("}\n", json->to);
}

/* Past the string that begins at the quote `at`; copies it unescaped to value when that is not NULL. */
static const char *skip_text(const char *at, char *value, size_t value_bytes)
{
    size_t used = 0;

    for (at++; *at != '\0' && *at != '"'; at++) {
        char byte = *at;

        if (byte == '\\' && at[1] != '\0') {
            byte = *++at;
            if (byte == 'u' && strlen(at) >= 5) {
                char digits[5] = {at[1], at[2], at[3], at[4], '\0'};

                byte = (char)strtoul(digits, NULL, 16);
                at += 4;
            }
        }
        if (value != NULL && used + 1 < value_bytes)
            value[used++] = byte;
    }
    if (value != NULL && value_bytes > 0)
        value[used] = '\0';
    return *at == '"' ? at + 1 : at;
}

static const char *skip_value(const char *at, char *value, size_t value_bytes)
{
    size_t length;

    if (*at == '"')
        return skip_text(at, value, value_bytes);
    length = strcspn(at, ",}");
    if (value != NULL && value_bytes > 0)
        snprintf(value, value_bytes, "%.*s", (int)length, at);
    return at + length;
}

bool json_find(const char *line, const char *key, char *value, size_t value_bytes)
{
    const char *at = strchr(line, '{');

    while (at != NULL && (*at == '{' || *at == ',')) {
        char name[64];

        at++;
        if (*at != '"')
            return false;
        at = skip_text(at, name, sizeof name);
        if (*at != ':')
            return false;
        at++;
        if (strcmp(name, key) == 0) {
            skip_value(at, value, value_bytes);
            return true;
        }
        at = skip_value(at, NULL, 0);
    }
    return false;
}

uint64_t json_find_number(const char *line, const char *key)
{
    char text[32];

    return json_find(line, key, text, sizeof text) ? strtoull(text, NULL, 10) : 0;
}
