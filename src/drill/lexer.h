/*
 * Tokens of a script, one at a time. What a character means depends on where
 * it stands (a dot is a flag, a decimal point or part of "..."): so the parser
 * may also take flags and hexadecimal runs raw, from where the token ahead
 * begins.
 */
#ifndef DRILL_LEXER_H
#define DRILL_LEXER_H

#include "drill/ast.h"

enum token_kind {
    TOKEN_END,
    TOKEN_NUMBER,
    TOKEN_WORD,
    TOKEN_STRING,
    TOKEN_SHELL,    /* `...` */
    TOKEN_CODE,     /* %{ ... }% */
    TOKEN_SETTING,  /* --name=value */
    TOKEN_ELLIPSIS, /* ... */
    TOKEN_SIGN,     /* any other single character */
    TOKEN_ERROR,    /* said in the script's error */
};

struct token {
    enum token_kind kind;
    struct drill_place place;
    const char *start, *end; /* in the source; for STRING, SHELL and CODE what is between the marks */
    int64_t number;          /* NUMBER: its whole part */
    int64_t micros;          /* NUMBER: in millionths */
    bool fraction;           /* NUMBER: has a decimal point */
    char sign;
};

struct lexer {
    struct drill_script *script;
    const char *profile; /* the name for which #ifdef holds */
    const char *at, *line_start;
    uint32_t line;
    unsigned depth, skipping; /* #ifdef nesting; the level from which text is skipped, 0: none */
    bool ahead;
    struct token token;                        /* valid when ahead */
    const char *before_at, *before_line_start; /* where the token ahead began */
    uint32_t before_line;
};

void lexer_begin(struct lexer *lexer, struct drill_script *script, const char *profile);

const struct token *lexer_peek(struct lexer *lexer);
struct token lexer_next(struct lexer *lexer);

/* From where the token ahead begins: the longest run of characters out of `set`. May be empty. */
struct token lexer_run_of(struct lexer *lexer, const char *set);

/* Behind a "(" that was taken: everything up to its ")" on the same level, which is taken too. */
struct token lexer_until_closed(struct lexer *lexer);

bool token_is_word(const struct token *token, const char *word);
bool token_is_sign(const struct token *token, char sign);
char *token_copy(struct lexer *lexer, const struct token *token);

/* "FILE:LINE:COLUMN: message", the source line and a caret; only the first one is kept. Returns false. */
bool drill_complain(struct drill_script *script, struct drill_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "... expected, but here is 'x'". Returns false. */
bool lexer_expected(struct lexer *lexer, const char *what);

#endif
