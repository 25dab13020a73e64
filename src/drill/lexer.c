/*
 * Tokens: see lexer.h.
 */
#include "drill/lexer.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

void lexer_begin(struct lexer *lexer, struct drill_script *script, const char *profile)
{
    memset(lexer, 0, sizeof *lexer);
    lexer->script = script;
    lexer->profile = profile;
    lexer->at = lexer->line_start = script->source;
    lexer->line = 1;
}

static struct drill_place here(const struct lexer *lexer, const char *at)
{
    return (struct drill_place){lexer->line, (uint32_t)(at - lexer->line_start) + 1};
}

static const char *line_of(const char *source, uint32_t line)
{
    for (; line > 1 && *source != '\0'; source++)
        if (*source == '\n')
            line--;
    return source;
}

bool drill_complain(struct drill_script *script, struct drill_place place, const char *format, ...)
{
    const char *line = line_of(script->source, place.line);
    va_list values;

    if (script->error.bytes > 0)
        return false;
    text_add(&script->error, "%s:%u:%u: ", script->file, place.line, place.column);
    va_start(values, format);
    text_add_values(&script->error, format, values);
    va_end(values);
    text_add(&script->error, "\n    %.*s\n    ", (int)strcspn(line, "\r\n"), line);
    for (uint32_t i = 1; i < place.column; i++)
        text_add(&script->error, "%c", line[i - 1] == '\t' ? '\t' : ' ');
    text_add(&script->error, "^\n");
    return false;
}

bool lexer_expected(struct lexer *lexer, const char *what)
{
    const struct token *token = lexer_peek(lexer);

    if (token->kind == TOKEN_END)
        return drill_complain(lexer->script, token->place, "%s expected, but the script ends", what);
    if (token->kind == TOKEN_ERROR)
        return false;
    return drill_complain(lexer->script, token->place, "%s expected, but here is '%.*s'", what,
                          (int)(token->end - token->start), token->start);
}

/* ---------------------------------------------------------------- blanks and #ifdef */

static void new_line(struct lexer *lexer)
{
    lexer->line++;
    lexer->line_start = lexer->at + 1;
}

/* Over everything up to `mark`, which is left; false at the end of the script. */
static bool skip_to(struct lexer *lexer, const char *mark)
{
    size_t bytes = strlen(mark);

    for (; *lexer->at != '\0'; lexer->at++) {
        if (strncmp(lexer->at, mark, bytes) == 0)
            return true;
        if (*lexer->at == '\n')
            new_line(lexer);
    }
    return false;
}

static bool is_directive(const char *at, const char *name)
{
    size_t bytes = strlen(name);

    return strncmp(at, name, bytes) == 0 && !isalnum((unsigned char)at[bytes]);
}

static bool names_profile(const struct lexer *lexer, const char *at)
{
    size_t bytes;

    at += strspn(at, " \t");
    bytes = strcspn(at, " \t\r\n");
    return bytes == strlen(lexer->profile) && strncasecmp(at, lexer->profile, bytes) == 0;
}

static bool directive(struct lexer *lexer)
{
    const char *at = lexer->at + 1 + strspn(lexer->at + 1, " \t");

    if (is_directive(at, "ifdef") || is_directive(at, "ifndef")) {
        bool wanted = names_profile(lexer, at + (at[2] == 'd' ? 5 : 6)) == (at[2] == 'd');

        lexer->depth++;
        if (!wanted && lexer->skipping == 0)
            lexer->skipping = lexer->depth;
    } else if (is_directive(at, "else") && lexer->depth > 0) {
        if (lexer->skipping == 0)
            lexer->skipping = lexer->depth;
        else if (lexer->skipping == lexer->depth)
            lexer->skipping = 0;
    } else if (is_directive(at, "endif") && lexer->depth > 0) {
        if (lexer->skipping == lexer->depth)
            lexer->skipping = 0;
        lexer->depth--;
    } else if (lexer->at[1] != '!' || lexer->line != 1) {
        return drill_complain(lexer->script, here(lexer, lexer->at), "'%.*s' is no directive known here",
                              (int)strcspn(lexer->at, " \t\r\n"), lexer->at);
    }
    skip_to(lexer, "\n");
    return true;
}

/* To the next character that means something; false when what lies between is wrong. */
static bool skip_blanks(struct lexer *lexer)
{
    for (;;) {
        if (*lexer->at == '#') {
            if (!directive(lexer))
                return false;
        } else if (strncmp(lexer->at, "//", 2) == 0) {
            skip_to(lexer, "\n");
        } else if (strncmp(lexer->at, "/*", 2) == 0) {
            struct drill_place place = here(lexer, lexer->at);

            if (!skip_to(lexer, "*/"))
                return drill_complain(lexer->script, place, "this comment does not end");
            lexer->at += 2;
        } else if (*lexer->at == '\n') {
            new_line(lexer);
            lexer->at++;
        } else if (*lexer->at != '\0' && (isspace((unsigned char)*lexer->at) || lexer->skipping != 0)) {
            lexer->at++;
        } else {
            return *lexer->at != '\0' || lexer->depth == 0 ||
                   drill_complain(lexer->script, here(lexer, lexer->at), "#endif expected, but the script ends");
        }
    }
}

/* ------------------------------------------------------------------------ tokens */

static bool is_word_character(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static void scan_number(struct lexer *lexer, struct token *token)
{
    const char *at = lexer->at;
    int64_t scale = 100000;

    token->kind = TOKEN_NUMBER;
    if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X')) {
        for (at += 2; isxdigit((unsigned char)*at); at++)
            token->number = (int64_t)((uint64_t)token->number << 4) |
                            (isdigit((unsigned char)*at) ? *at - '0' : tolower((unsigned char)*at) - 'a' + 10);
    } else {
        for (; isdigit((unsigned char)*at); at++)
            if (token->number < INT64_MAX / 100000000)
                token->number = token->number * 10 + (*at - '0');
        token->micros = token->number * 1000000;
        if (at[0] == '.' && isdigit((unsigned char)at[1])) {
            token->fraction = true;
            for (at++; isdigit((unsigned char)*at); at++, scale /= 10)
                token->micros += (*at - '0') * scale;
        } else if (at[0] == '.' && (at[1] == ' ' || at[1] == '\t')) {
            token->fraction = true; /* "+0. > ..." */
            at++;
        }
    }
    lexer->at = token->end = at;
}

/* Text between an opening mark that was just passed and the closing one. */
static void scan_between(struct lexer *lexer, struct token *token, enum token_kind kind, const char *close)
{
    token->start = lexer->at;
    if (!skip_to(lexer, close)) {
        token->kind = TOKEN_ERROR;
        drill_complain(lexer->script, token->place, "%s expected, but the script ends", close);
        return;
    }
    token->kind = kind;
    token->end = lexer->at;
    lexer->at += strlen(close);
}

static void scan_string(struct lexer *lexer, struct token *token)
{
    token->kind = TOKEN_STRING;
    token->start = lexer->at;
    while (*lexer->at != '"' && *lexer->at != '\n' && *lexer->at != '\0')
        lexer->at += *lexer->at == '\\' && lexer->at[1] != '\0' ? 2 : 1;
    token->end = lexer->at;
    if (*lexer->at == '"') {
        lexer->at++;
        return;
    }
    token->kind = TOKEN_ERROR;
    drill_complain(lexer->script, token->place, "this string does not end on its line");
}

static void scan(struct lexer *lexer, struct token *token)
{
    const char *at = lexer->at;

    if (isdigit((unsigned char)*at) || (*at == '.' && isdigit((unsigned char)at[1]))) {
        scan_number(lexer, token);
    } else if (is_word_character(*at)) {
        token->kind = TOKEN_WORD;
        while (is_word_character(*lexer->at))
            lexer->at++;
        token->end = lexer->at;
    } else if (strncmp(at, "...", 3) == 0) {
        token->kind = TOKEN_ELLIPSIS;
        token->end = lexer->at += 3;
    } else if (strncmp(at, "%{", 2) == 0) {
        lexer->at += 2;
        scan_between(lexer, token, TOKEN_CODE, "}%");
    } else if (*at == '`') {
        lexer->at++;
        scan_between(lexer, token, TOKEN_SHELL, "`");
    } else if (*at == '"') {
        lexer->at++;
        scan_string(lexer, token);
    } else if (strncmp(at, "--", 2) == 0 && isalpha((unsigned char)at[2])) {
        token->kind = TOKEN_SETTING;
        token->end = lexer->at += strcspn(at, " \t\r\n");
    } else if (*at != '\0') {
        token->kind = TOKEN_SIGN;
        token->sign = *at;
        token->end = ++lexer->at;
    }
}

const struct token *lexer_peek(struct lexer *lexer)
{
    struct token *token = &lexer->token;

    if (lexer->ahead)
        return token;
    *token = (struct token){.kind = TOKEN_END};
    lexer->ahead = true;
    if (!skip_blanks(lexer))
        token->kind = TOKEN_ERROR;
    lexer->before_at = lexer->at;
    lexer->before_line_start = lexer->line_start;
    lexer->before_line = lexer->line;
    token->place = here(lexer, lexer->at);
    token->start = token->end = lexer->at;
    if (token->kind == TOKEN_END)
        scan(lexer, token);
    return token;
}

struct token lexer_next(struct lexer *lexer)
{
    struct token token = *lexer_peek(lexer);

    lexer->ahead = token.kind == TOKEN_ERROR; /* which stays */
    return token;
}

struct token lexer_run_of(struct lexer *lexer, const char *set)
{
    struct token token = *lexer_peek(lexer);

    lexer->at = lexer->before_at;
    lexer->line_start = lexer->before_line_start;
    lexer->line = lexer->before_line;
    lexer->ahead = false;
    token.kind = TOKEN_WORD;
    token.start = lexer->at;
    lexer->at += strspn(lexer->at, set);
    token.end = lexer->at;
    return token;
}

struct token lexer_until_closed(struct lexer *lexer)
{
    struct token token = {.kind = TOKEN_WORD, .place = here(lexer, lexer->at), .start = lexer->at};
    unsigned open = 1;

    for (; *lexer->at != '\0' && *lexer->at != '\n'; lexer->at++) {
        if (*lexer->at == '(')
            open++;
        if (*lexer->at == ')' && --open == 0)
            break;
    }
    token.end = lexer->at;
    if (*lexer->at == ')') {
        lexer->at++;
    } else {
        token.kind = TOKEN_ERROR;
        drill_complain(lexer->script, token.place, "')' expected, but the line ends");
    }
    return token;
}

bool token_is_word(const struct token *token, const char *word)
{
    size_t bytes = strlen(word);

    return token->kind == TOKEN_WORD && (size_t)(token->end - token->start) == bytes &&
           memcmp(token->start, word, bytes) == 0;
}

bool token_is_sign(const struct token *token, char sign)
{
    return token->kind == TOKEN_SIGN && token->sign == sign;
}

char *token_copy(struct lexer *lexer, const struct token *token)
{
    return drill_copy(&lexer->script->pool, token->start, (size_t)(token->end - token->start));
}
