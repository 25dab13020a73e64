/*
 * The drill language's grammar (docs/drill.md), by recursive descent.
 */
#ifndef DRILL_PARSER_H
#define DRILL_PARSER_H

#include "drill/lexer.h"

/*
 * Parse the text of a file into *script, all of it. profile is the name for which
 * #ifdef holds. False when something is wrong: script->error says what, and
 * where. drill_script_free() either way.
 */
bool drill_parse(struct drill_script *script, const char *file, const char *source, const char *profile);
bool drill_parse_file(struct drill_script *script, const char *file, const char *profile);
void drill_script_free(struct drill_script *script);

/* The grammar's rooms. All return NULL or false after saying what is wrong. */
struct drill_packet *parse_packet(struct lexer *lexer);
bool parse_tcp_options(struct lexer *lexer, struct drill_packet *packet); /* behind "<" */
bool parse_icmp(struct lexer *lexer, struct drill_packet *packet);        /* behind "icmp" */
struct drill_call *parse_call(struct lexer *lexer);
struct drill_expr *parse_expression(struct lexer *lexer);

bool parse_sign(struct lexer *lexer, char sign);
bool parse_number(struct lexer *lexer, const char *what, int64_t most, int64_t *out);
bool parse_sequence(struct lexer *lexer, uint32_t *out);

/* START:END(LENGTH) */
bool parse_udp(struct lexer *lexer, uint32_t *length_bytes); /* behind "udp" */
bool parse_range(struct lexer *lexer, uint32_t *start, uint32_t *end, uint32_t *length_bytes);

#endif
