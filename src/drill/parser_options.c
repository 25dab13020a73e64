/*
 * TCP options and ICMP messages of a packet: see parser.h.
 */
#include "drill/parser.h"

#include "wire/icmp4.h"

#include <ctype.h>
#include <string.h>

enum option_number {
    OPTION_EOL = 0,
    OPTION_NOP = 1,
    OPTION_MSS = 2,
    OPTION_WSCALE = 3,
    OPTION_SACK_OK = 4,
    OPTION_SACK = 5,
    OPTION_TS = 8,
    OPTION_MD5 = 19,
    OPTION_UTO = 28,
    OPTION_FAST_OPEN = 34,
    OPTION_EXPERIMENT = 254,
};

/* One value that may be "...". */
static bool parse_value(struct lexer *lexer, const char *what, int64_t most, struct drill_option *option)
{
    int64_t number = 0;

    if (lexer_peek(lexer)->kind == TOKEN_ELLIPSIS) {
        lexer_next(lexer);
        option->any = true;
    } else if (!parse_number(lexer, what, most, &number)) {
        return false;
    }
    option->values[option->value_count++] = (uint32_t)number;
    return true;
}

static bool parse_timestamp(struct lexer *lexer, struct drill_option *option)
{
    static const char *const names[] = {"val", "ecr"};

    for (unsigned i = 0; i < 2; i++) {
        if (!token_is_word(lexer_peek(lexer), names[i]))
            return lexer_expected(lexer, i == 0 ? "'val'" : "'ecr'");
        lexer_next(lexer);
        if (!parse_value(lexer, "a timestamp", UINT32_MAX, option))
            return false;
    }
    return true;
}

static bool parse_sack(struct lexer *lexer, struct drill_option *option)
{
    while (lexer_peek(lexer)->kind == TOKEN_NUMBER) {
        if (option->value_count == 8)
            return lexer_expected(lexer, "at most 4 SACK blocks, then ',' or '>'");
        if (!parse_sequence(lexer, &option->values[option->value_count]) || !parse_sign(lexer, ':') ||
            !parse_sequence(lexer, &option->values[option->value_count + 1]))
            return false;
        option->value_count = (uint8_t)(option->value_count + 2);
    }
    return true;
}

static uint8_t hex_digit(char c)
{
    return (uint8_t)(isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10);
}

/* A run of hexadecimal digits, two a byte; may be empty. */
static bool parse_hex(struct lexer *lexer, struct drill_option *option)
{
    struct token run;
    size_t bytes;

    if (token_is_sign(lexer_peek(lexer), ',') || token_is_sign(lexer_peek(lexer), '>'))
        return true;
    if (lexer_peek(lexer)->kind == TOKEN_ELLIPSIS) {
        lexer_next(lexer);
        option->any = true;
        return true;
    }
    run = lexer_run_of(lexer, "0123456789abcdefABCDEF");
    bytes = (size_t)(run.end - run.start) / 2;
    if (run.start == run.end)
        return lexer_expected(lexer, "hexadecimal digits");
    if ((run.end - run.start) % 2 != 0 || option->byte_count + bytes > sizeof option->bytes)
        return drill_complain(lexer->script, run.place, "pairs of hexadecimal digits expected, 36 bytes at most");
    for (size_t i = 0; i < bytes; i++)
        option->bytes[option->byte_count++] =
            (uint8_t)(hex_digit(run.start[2 * i]) << 4 | hex_digit(run.start[2 * i + 1]));
    return true;
}

/* FOEXP: fast open under the experimental number, behind its magic (RFC 7413 A). */
static bool parse_experiment(struct lexer *lexer, struct drill_option *option)
{
    option->bytes[0] = 0xf9;
    option->bytes[1] = 0x89;
    option->byte_count = 2;
    return parse_hex(lexer, option);
}

static bool parse_option(struct lexer *lexer, struct drill_option *option)
{
    static const struct {
        const char *name;
        enum option_number kind;
    } names[] = {
        {"eol", OPTION_EOL},        {"nop", OPTION_NOP},          {"mss", OPTION_MSS},   {"wscale", OPTION_WSCALE},
        {"sackOK", OPTION_SACK_OK}, {"sackok", OPTION_SACK_OK},   {"sack", OPTION_SACK}, {"TS", OPTION_TS},
        {"FO", OPTION_FAST_OPEN},   {"FOEXP", OPTION_EXPERIMENT}, {"md5", OPTION_MD5},   {"uto", OPTION_UTO},
    };
    struct token word = lexer_next(lexer);
    size_t i = 0;

    if (token_is_word(&word, "raw")) {
        option->raw = true;
        return parse_hex(lexer, option);
    }
    while (i < sizeof names / sizeof names[0] && !token_is_word(&word, names[i].name))
        i++;
    if (i == sizeof names / sizeof names[0])
        return drill_complain(lexer->script, word.place, "the TCP option '%.*s' is not known to rill drill",
                              (int)(word.end - word.start), word.start);
    option->kind = (uint8_t)names[i].kind;
    switch (names[i].kind) {
    case OPTION_MSS:
        return parse_value(lexer, "an MSS", 65535, option);
    case OPTION_UTO:
        return parse_value(lexer, "a user timeout", 65535, option);
    case OPTION_WSCALE:
        return parse_value(lexer, "a window scale", 255, option);
    case OPTION_TS:
        return parse_timestamp(lexer, option);
    case OPTION_SACK:
        return parse_sack(lexer, option);
    case OPTION_FAST_OPEN:
        return parse_hex(lexer, option);
    case OPTION_MD5:
        if (token_is_word(lexer_peek(lexer), "valid") || token_is_word(lexer_peek(lexer), "invalid")) {
            lexer_next(lexer);
            option->any = true;
            return true;
        }
        return parse_hex(lexer, option);
    case OPTION_EXPERIMENT:
        return parse_experiment(lexer, option);
    default:
        return true;
    }
}

bool parse_tcp_options(struct lexer *lexer, struct drill_packet *packet)
{
    packet->options = drill_take(&lexer->script->pool, DRILL_OPTIONS_MAX * sizeof *packet->options);
    if (lexer_peek(lexer)->kind == TOKEN_ELLIPSIS) {
        lexer_next(lexer);
        packet->options_any = true;
        return parse_sign(lexer, '>');
    }
    while (!token_is_sign(lexer_peek(lexer), '>')) {
        if (lexer_peek(lexer)->kind != TOKEN_WORD)
            return lexer_expected(lexer, "a TCP option, or '>'");
        if (packet->option_count == DRILL_OPTIONS_MAX)
            return lexer_expected(lexer, "at most 40 options, then '>'");
        if (!parse_option(lexer, &packet->options[packet->option_count++]))
            return false;
        if (!token_is_sign(lexer_peek(lexer), ','))
            break;
        lexer_next(lexer);
    }
    return parse_sign(lexer, '>');
}

/* ----------------------------------------------------------------------------- ICMP */

struct icmp_name {
    const char *name;
    uint8_t number;
};

static const struct icmp_name types[] = {
    {"unreachable", ICMP4_UNREACHABLE},     {"time_exceeded", ICMP4_TIME_EXCEEDED},
    {"source_quench", ICMP4_SOURCE_QUENCH}, {"parameter_problem", ICMP4_PARAMETER_PROBLEM},
    {"redirect", ICMP4_REDIRECT},           {"echo_request", ICMP4_ECHO_REQUEST},
    {"echo_reply", ICMP4_ECHO_REPLY},
};

static const struct icmp_name codes[] = {
    {"net_unreachable", 0},
    {"host_unreachable", 1},
    {"protocol_unreachable", 2},
    {"proto_unreachable", 2},
    {"port_unreachable", 3},
    {"frag_needed", 4},
    {"source_route_failed", 5},
    {"net_unknown", 6},
    {"host_unknown", 7},
    {"source_host_isolated", 8},
    {"net_prohibited", 9},
    {"host_prohibited", 10},
    {"net_unreachable_for_tos", 11},
    {"host_unreachable_for_tos", 12},
    {"admin_prohibited", 13},
    {"host_precedence_violation", 14},
    {"precedence_cutoff", 15},
    {"ttl_expired", 0},
    {"reassembly_expired", 1},
};

static bool find_name(const struct icmp_name *names, size_t count, const struct token *word, uint8_t *number)
{
    for (size_t i = 0; i < count; i++) {
        if (token_is_word(word, names[i].name)) {
            *number = names[i].number;
            return true;
        }
    }
    return false;
}

/* NAME NUMBER, when it stands there. */
static bool parse_named_word16(struct lexer *lexer, const char *name, bool *has, uint16_t *out)
{
    int64_t number = 0;

    if (!token_is_word(lexer_peek(lexer), name))
        return true;
    lexer_next(lexer);
    if (!parse_number(lexer, "a number", 65535, &number))
        return false;
    *has = true;
    *out = (uint16_t)number;
    return true;
}

/* What an error quotes: [1:1461(1460)] or [udp (100)]. */
static bool parse_quote(struct lexer *lexer, struct drill_packet *packet)
{
    uint32_t end;
    bool done;

    lexer_next(lexer);
    packet->quotes_data = true;
    packet->quotes_udp = token_is_word(lexer_peek(lexer), "udp");
    if (packet->quotes_udp) {
        lexer_next(lexer);
        done = parse_udp(lexer, &packet->quoted_length_bytes);
    } else {
        done = parse_range(lexer, &packet->quoted_seq, &end, &packet->quoted_length_bytes);
    }
    return done && parse_sign(lexer, ']');
}

static bool parse_icmp_details(struct lexer *lexer, struct drill_packet *packet)
{
    bool has_mtu = false;

    if (!parse_named_word16(lexer, "mtu", &has_mtu, &packet->icmp_mtu) ||
        !parse_named_word16(lexer, "id", &packet->has_echo_id, &packet->echo_id) ||
        !parse_named_word16(lexer, "seq", &packet->has_echo_seq, &packet->echo_seq))
        return false;
    if (token_is_sign(lexer_peek(lexer), '(')) {
        packet->has_echo_bytes = true;
        return parse_udp(lexer, &packet->length_bytes);
    }
    return !token_is_sign(lexer_peek(lexer), '[') || parse_quote(lexer, packet);
}

bool parse_icmp(struct lexer *lexer, struct drill_packet *packet)
{
    struct token word = lexer_next(lexer);

    if (!find_name(types, sizeof types / sizeof types[0], &word, &packet->icmp_type))
        return drill_complain(lexer->script, word.place, "the ICMP type '%.*s' is not known to rill drill",
                              (int)(word.end - word.start), word.start);
    word = *lexer_peek(lexer);
    if (word.kind == TOKEN_WORD && !token_is_word(&word, "mtu") && !token_is_word(&word, "id") &&
        !token_is_word(&word, "seq")) {
        lexer_next(lexer);
        if (!find_name(codes, sizeof codes / sizeof codes[0], &word, &packet->icmp_code))
            return drill_complain(lexer->script, word.place, "the ICMP code '%.*s' is not known to rill drill",
                                  (int)(word.end - word.start), word.start);
    }
    return parse_icmp_details(lexer, packet);
}
