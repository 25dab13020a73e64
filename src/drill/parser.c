/*
 * Scripts, events and times: see parser.h.
 */
#include "drill/parser.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS_MAX INT64_C(1000000000)

bool parse_sign(struct lexer *lexer, char sign)
{
    const char text[] = {'\'', sign, '\'', '\0'};

    if (!token_is_sign(lexer_peek(lexer), sign))
        return lexer_expected(lexer, text);
    lexer_next(lexer);
    return true;
}

bool parse_number(struct lexer *lexer, const char *what, int64_t most, int64_t *out)
{
    const struct token *token = lexer_peek(lexer);

    if (token->kind != TOKEN_NUMBER || token->fraction)
        return lexer_expected(lexer, what);
    if (token->number > most)
        return drill_complain(lexer->script, token->place, "%s expected, of at most %lld", what, (long long)most);
    *out = lexer_next(lexer).number;
    return true;
}

bool parse_sequence(struct lexer *lexer, uint32_t *out)
{
    int64_t number = 0;
    bool negative = token_is_sign(lexer_peek(lexer), '-');

    if (negative)
        lexer_next(lexer);
    if (!parse_number(lexer, "a sequence number", UINT32_MAX, &number))
        return false;
    *out = (uint32_t)(negative ? -number : number);
    return true;
}

bool parse_range(struct lexer *lexer, uint32_t *start, uint32_t *end, uint32_t *length_bytes)
{
    struct drill_place place = lexer_peek(lexer)->place;
    int64_t length = 0;

    if (!parse_sequence(lexer, start) || !parse_sign(lexer, ':') || !parse_sequence(lexer, end) ||
        !parse_sign(lexer, '(') || !parse_number(lexer, "a length", 1 << 20, &length) || !parse_sign(lexer, ')'))
        return false;
    *length_bytes = (uint32_t)length;
    if (*end - *start != *length_bytes)
        return drill_complain(lexer->script, place, "%u:%u is not %u long", *start, *end, *length_bytes);
    return true;
}

/* -------------------------------------------------------------------------- times */

static bool parse_time(struct lexer *lexer, bool *relative, int64_t *micros)
{
    if (token_is_sign(lexer_peek(lexer), '+')) {
        lexer_next(lexer);
        *relative = true;
    }
    if (lexer_peek(lexer)->kind != TOKEN_NUMBER)
        return lexer_expected(lexer, "a time");
    if (lexer_peek(lexer)->micros > SECONDS_MAX * 1000000)
        return drill_complain(lexer->script, lexer_peek(lexer)->place, "a time of at most %lld seconds expected",
                              (long long)SECONDS_MAX);
    *micros = lexer_next(lexer).micros;
    return true;
}

/* No time at all is +0. */
static bool parse_when(struct lexer *lexer, struct drill_when *when)
{
    const struct token *token = lexer_peek(lexer);
    struct drill_place place = token->place;
    bool end_relative = false;

    *when = (struct drill_when){.form = WHEN_POINT};
    if (token_is_sign(token, '*')) {
        lexer_next(lexer);
        when->form = WHEN_ANY;
        return true;
    }
    if (!token_is_sign(token, '+') && token->kind != TOKEN_NUMBER) {
        when->relative = true;
        return true;
    }
    if (!parse_time(lexer, &when->relative, &when->start_us))
        return false;
    when->end_us = when->start_us;
    if (token_is_sign(lexer_peek(lexer), '~'))
        when->form = WHEN_RANGE;
    else if (lexer_peek(lexer)->kind == TOKEN_ELLIPSIS)
        when->form = WHEN_BLOCKING;
    else
        return true;
    lexer_next(lexer);
    if (!parse_time(lexer, &end_relative, &when->end_us))
        return false;
    if (when->end_us < when->start_us)
        return drill_complain(lexer->script, place, "this time ends before it begins");
    return true;
}

/* ------------------------------------------------------------------------- events */

/* The source between two places as one line. */
static const char *source_of(struct lexer *lexer, const char *start, const char *end)
{
    char *to = drill_take(&lexer->script->pool, (size_t)(end - start) + 1), *at = to;

    for (; start < end; start++) {
        if (!isspace((unsigned char)*start))
            *at++ = *start;
        else if (at > to && at[-1] != ' ')
            *at++ = ' ';
    }
    while (at > to && at[-1] == ' ')
        *--at = '\0';
    return to;
}

static bool parse_action(struct lexer *lexer, struct drill_event *event)
{
    const struct token *token = lexer_peek(lexer);
    struct token text;

    if (token_is_sign(token, '<') || token_is_sign(token, '>')) {
        event->kind = EVENT_PACKET;
        event->packet = parse_packet(lexer);
        return event->packet != NULL;
    }
    if (token->kind == TOKEN_WORD) {
        event->kind = EVENT_CALL;
        event->call = parse_call(lexer);
        return event->call != NULL;
    }
    if (token->kind != TOKEN_SHELL && token->kind != TOKEN_CODE)
        return lexer_expected(lexer, "an event ('<', '>', a call, `command` or %{ code }%)");
    text = lexer_next(lexer);
    event->kind = text.kind == TOKEN_SHELL ? EVENT_SHELL : EVENT_CODE;
    event->text = token_copy(lexer, &text);
    return true;
}

/* Where the token before the one ahead ended: nothing but blanks and comments lies behind it. */
static const char *taken_end(const struct lexer *lexer, const char *start)
{
    const char *end = lexer->ahead ? lexer->before_at : lexer->at;
    const char *line = memchr(start, '\n', (size_t)(end - start));
    const char *comment = line != NULL ? strstr(start, "//") : NULL;

    return comment != NULL && comment < line ? comment : end;
}

static struct drill_event *parse_event(struct lexer *lexer)
{
    struct drill_event *event = drill_take(&lexer->script->pool, sizeof *event);
    const char *start;

    if (!parse_when(lexer, &event->when))
        return NULL;
    event->place = lexer_peek(lexer)->place;
    start = lexer->before_at;
    if (!parse_action(lexer, event))
        return NULL;
    event->source = source_of(lexer, start, taken_end(lexer, start));
    if (event->when.form == WHEN_BLOCKING && event->kind != EVENT_CALL) {
        drill_complain(lexer->script, event->place, "only a call can take a time that ends (a...b)");
        return NULL;
    }
    return event;
}

static void parse_setting(struct lexer *lexer, struct drill_setting ***tail)
{
    struct drill_setting *setting = drill_take(&lexer->script->pool, sizeof *setting);
    struct token token = lexer_next(lexer);
    char *name, *equals;

    token.start += 2;
    name = token_copy(lexer, &token);
    equals = strchr(name, '=');
    setting->place = token.place;
    setting->name = name;
    setting->value = equals != NULL ? equals + 1 : "";
    if (equals != NULL)
        *equals = '\0';
    **tail = setting;
    *tail = &setting->next;
}

bool drill_parse(struct drill_script *script, const char *file, const char *source, const char *profile)
{
    struct drill_setting **settings = &script->settings;
    struct drill_event **events = &script->events;
    struct lexer lexer;

    memset(script, 0, sizeof *script);
    script->file = drill_copy(&script->pool, file, strlen(file));
    script->source = drill_copy(&script->pool, source, strlen(source));
    lexer_begin(&lexer, script, profile);
    while (lexer_peek(&lexer)->kind == TOKEN_SETTING) {
        struct drill_setting **last = settings;

        parse_setting(&lexer, &settings);
        if (strcmp((*last)->name, "profile") == 0)
            lexer.profile = script->profile = (*last)->value;
    }
    while (lexer_peek(&lexer)->kind != TOKEN_END && lexer_peek(&lexer)->kind != TOKEN_ERROR) {
        *events = parse_event(&lexer);
        if (*events == NULL)
            return false;
        events = &(*events)->next;
    }
    return script->error.bytes == 0;
}

bool drill_parse_file(struct drill_script *script, const char *file, const char *profile)
{
    FILE *from = fopen(file, "r");
    struct text text = {0};
    char block[4096];
    size_t bytes;
    bool parsed;

    if (from == NULL) {
        memset(script, 0, sizeof *script);
        text_add(&script->error, "%s: cannot be read\n", file);
        return false;
    }
    while ((bytes = fread(block, 1, sizeof block, from)) > 0)
        text_add(&text, "%.*s", (int)bytes, block);
    fclose(from);
    parsed = drill_parse(script, file, text_of(&text), profile);
    text_free(&text);
    return parsed;
}

void drill_script_free(struct drill_script *script)
{
    drill_pool_free(&script->pool);
    text_free(&script->error);
}
