/*
 * System calls and their expressions: see parser.h.
 */
#include "drill/parser.h"

static struct drill_expr *make(struct lexer *lexer, enum expr_kind kind)
{
    struct drill_expr *expr = drill_take(&lexer->script->pool, sizeof *expr);

    expr->kind = kind;
    expr->place = lexer_peek(lexer)->place;
    return expr;
}

/* Elements up to the closing sign, which is taken. */
static bool parse_elements(struct lexer *lexer, char close, struct drill_expr **first)
{
    while (!token_is_sign(lexer_peek(lexer), close)) {
        *first = parse_expression(lexer);
        if (*first == NULL)
            return false;
        first = &(*first)->next;
        if (!token_is_sign(lexer_peek(lexer), ','))
            break;
        lexer_next(lexer);
    }
    return parse_sign(lexer, close);
}

/* A constant, f(x), name=value or name(n)=value. */
static struct drill_expr *parse_word(struct lexer *lexer)
{
    struct drill_expr *expr = make(lexer, EXPR_WORD);
    struct token word = lexer_next(lexer);

    expr->text = token_copy(lexer, &word);
    if (token_is_sign(lexer_peek(lexer), '(')) {
        lexer_next(lexer);
        expr->kind = EXPR_CALL;
        if (!parse_elements(lexer, ')', &expr->child))
            return NULL;
    }
    if (token_is_sign(lexer_peek(lexer), '=')) {
        lexer_next(lexer);
        expr->kind = EXPR_FIELD;
        expr->count = expr->child;
        expr->child = parse_expression(lexer);
        if (expr->child == NULL)
            return NULL;
    }
    return expr;
}

static struct drill_expr *parse_negative(struct lexer *lexer)
{
    struct drill_expr *expr = make(lexer, EXPR_NUMBER);
    bool complement = token_is_sign(lexer_peek(lexer), '~');
    int64_t number = 0;

    lexer_next(lexer);
    if (!parse_number(lexer, "a number", INT64_MAX, &number))
        return NULL;
    expr->number = complement ? ~number : -number;
    return expr;
}

static struct drill_expr *parse_group(struct lexer *lexer, enum expr_kind kind, char close)
{
    struct drill_expr *expr = make(lexer, kind);

    lexer_next(lexer);
    return parse_elements(lexer, close, &expr->child) ? expr : NULL;
}

static struct drill_expr *parse_operand(struct lexer *lexer)
{
    const struct token *token = lexer_peek(lexer);
    struct drill_expr *expr;
    struct token taken;

    if (token->kind == TOKEN_WORD)
        return parse_word(lexer);
    if (token_is_sign(token, '-') || token_is_sign(token, '~'))
        return parse_negative(lexer);
    if (token_is_sign(token, '['))
        return parse_group(lexer, EXPR_LIST, ']');
    if (token_is_sign(token, '{'))
        return parse_group(lexer, EXPR_STRUCT, '}');
    if (token->kind != TOKEN_NUMBER && token->kind != TOKEN_STRING && token->kind != TOKEN_ELLIPSIS) {
        lexer_expected(lexer, "a value");
        return NULL;
    }
    expr = make(lexer, token->kind == TOKEN_NUMBER   ? EXPR_NUMBER
                       : token->kind == TOKEN_STRING ? EXPR_STRING
                                                     : EXPR_ANY);
    taken = lexer_next(lexer);
    expr->number = taken.number;
    expr->text = token_copy(lexer, &taken);
    return expr;
}

struct drill_expr *parse_expression(struct lexer *lexer)
{
    struct drill_expr *first = parse_operand(lexer), * or, *last;

    if (first == NULL || !token_is_sign(lexer_peek(lexer), '|'))
        return first;
    or = make(lexer, EXPR_OR);
    or->place = first->place;
    or->child = last = first;
    while (token_is_sign(lexer_peek(lexer), '|')) {
        lexer_next(lexer);
        last->next = parse_operand(lexer);
        if (last->next == NULL)
            return NULL;
        last = last->next;
    }
    return or ;
}

/* = RESULT [ERRNO] [(note)] */
static bool parse_result(struct lexer *lexer, struct drill_call *call)
{
    struct token token;

    if (!token_is_sign(lexer_peek(lexer), '='))
        return lexer_expected(lexer, "'=' and the call's result");
    lexer_next(lexer);
    call->result = parse_expression(lexer);
    if (call->result == NULL)
        return false;
    token = *lexer_peek(lexer);
    if (token.kind == TOKEN_WORD && token.start[0] == 'E') {
        lexer_next(lexer);
        call->error = token_copy(lexer, &token);
    }
    if (token_is_sign(lexer_peek(lexer), '(')) {
        lexer_next(lexer);
        token = lexer_until_closed(lexer);
        call->note = token_copy(lexer, &token);
        return token.kind != TOKEN_ERROR;
    }
    return true;
}

struct drill_call *parse_call(struct lexer *lexer)
{
    struct drill_call *call = drill_take(&lexer->script->pool, sizeof *call);
    struct token name = lexer_next(lexer);

    call->name = token_copy(lexer, &name);
    if (!token_is_sign(lexer_peek(lexer), '(')) {
        lexer_expected(lexer, "'(' and the call's arguments");
        return NULL;
    }
    lexer_next(lexer);
    if (!parse_elements(lexer, ')', &call->arguments))
        return NULL;
    return parse_result(lexer, call) ? call : NULL;
}
