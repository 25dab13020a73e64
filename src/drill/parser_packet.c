/*
 * Packets: IP prefixes, flags, numbers, ICMP and UDP. See parser.h.
 */
#include "drill/parser.h"

#include "wire/tcp.h"

#include <string.h>

#define FLAG_CHARACTERS "FSRP.UEWA0123456789-"

static bool unknown(struct lexer *lexer, const struct token *token, const char *what)
{
    return drill_complain(lexer->script, token->place, "%s '%.*s' is not known to rill drill", what,
                          (int)(token->end - token->start), token->start);
}

/* ---------------------------------------------------------------- [tos 0x10], [ect0], [8080 > 1234] */

static bool parse_ip_word(struct lexer *lexer, struct drill_packet *packet)
{
    static const struct {
        const char *name;
        int ecn;
    } marks[] = {
        {"noecn", DRILL_ECN_NONE}, {"nonect", DRILL_ECN_NONE}, {"ect0", DRILL_ECN_ECT0},
        {"ect1", DRILL_ECN_ECT1},  {"ect01", DRILL_ECN_ECT01}, {"ce", DRILL_ECN_CE},
    };
    struct token word = lexer_next(lexer);
    int64_t number = 0;

    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (token_is_word(&word, marks[i].name)) {
            packet->ecn = marks[i].ecn;
            return true;
        }
    }
    if (token_is_word(&word, "bad_checksum") && packet->inbound) {
        packet->bad_checksum = true;
        return true;
    }
    if (token_is_word(&word, "tos")) {
        if (!parse_number(lexer, "a TOS value", 255, &number))
            return false;
        packet->tos = (int)number;
        return true;
    }
    if (token_is_word(&word, "ttl") || token_is_word(&word, "hlim")) {
        if (!parse_number(lexer, "a TTL", 255, &number))
            return false;
        packet->ttl = (int)number;
        return true;
    }
    if (token_is_word(&word, "flowlabel"))
        return parse_number(lexer, "a flow label", 0xfffff, &packet->flow_label);
    return unknown(lexer, &word, "the IP prefix");
}

static bool parse_ports(struct lexer *lexer, struct drill_packet *packet)
{
    int64_t source = 0, destination = 0;

    if (!parse_number(lexer, "a port", 65535, &source) || !parse_sign(lexer, '>') ||
        !parse_number(lexer, "a port", 65535, &destination))
        return false;
    packet->has_ports = true;
    packet->source_port = (uint16_t)source;
    packet->destination_port = (uint16_t)destination;
    return true;
}

static bool parse_prefixes(struct lexer *lexer, struct drill_packet *packet)
{
    while (token_is_sign(lexer_peek(lexer), '[') || token_is_sign(lexer_peek(lexer), '(')) {
        char close = lexer_next(lexer).sign == '[' ? ']' : ')';

        do {
            bool done;

            if (token_is_sign(lexer_peek(lexer), ','))
                lexer_next(lexer);
            if (lexer_peek(lexer)->kind == TOKEN_NUMBER)
                done = parse_ports(lexer, packet);
            else if (lexer_peek(lexer)->kind == TOKEN_WORD)
                done = parse_ip_word(lexer, packet);
            else
                done = lexer_expected(lexer, "an IP prefix (tos, ttl, ect0, ...) or ports (A > B)");
            if (!done)
                return false;
        } while (!token_is_sign(lexer_peek(lexer), close) && lexer_peek(lexer)->kind != TOKEN_END);
        if (!parse_sign(lexer, close))
            return false;
    }
    return true;
}

/* ------------------------------------------------------------------------------ TCP */

static bool parse_flags(struct lexer *lexer, struct drill_packet *packet)
{
    static const char letters[] = "FSRP.UEWA";
    struct token run = lexer_run_of(lexer, FLAG_CHARACTERS);
    bool none = run.end - run.start == 1 && *run.start == '-';

    if (run.start == run.end)
        return lexer_expected(lexer, "TCP flags (F S R P . U E W A, or - for none)");
    packet->ace = -1;
    for (const char *at = run.start; at < run.end && !none; at++) {
        const char *letter = strchr(letters, *at);

        if (letter != NULL) {
            packet->flags |= (uint16_t)(1u << (letter - letters));
        } else if (*at >= '0' && *at <= '7' && packet->ace < 0 && at > run.start) {
            packet->ace = *at - '0';
        } else {
            run.place.column += (uint32_t)(at - run.start);
            return drill_complain(lexer->script, run.place, "'%c' is no TCP flag (F S R P . U E W A)", *at);
        }
    }
    return true;
}

static bool parse_ack(struct lexer *lexer, struct drill_packet *packet)
{
    packet->has_ack = true;
    return parse_sequence(lexer, &packet->ack);
}

static bool parse_word16(struct lexer *lexer, const char *what, bool *has, uint16_t *out)
{
    int64_t number = 0;

    *has = true;
    if (!parse_number(lexer, what, 65535, &number))
        return false;
    *out = (uint16_t)number;
    return true;
}

static bool parse_tcp(struct lexer *lexer, struct drill_packet *packet)
{
    if (!parse_flags(lexer, packet) || !parse_range(lexer, &packet->seq, &packet->end, &packet->length_bytes))
        return false;
    while (lexer_peek(lexer)->kind == TOKEN_WORD) {
        struct token word = *lexer_peek(lexer);
        bool done;

        if (token_is_word(&word, "ack") && !packet->has_ack) {
            lexer_next(lexer);
            done = parse_ack(lexer, packet);
        } else if (token_is_word(&word, "win") && !packet->has_window) {
            lexer_next(lexer);
            done = parse_word16(lexer, "a window", &packet->has_window, &packet->window);
        } else if (token_is_word(&word, "urg") && !packet->has_urgent) {
            lexer_next(lexer);
            done = parse_word16(lexer, "an urgent pointer", &packet->has_urgent, &packet->urgent);
        } else {
            break; /* a call without a time: the next event */
        }
        if (!done)
            return false;
    }
    if (!token_is_sign(lexer_peek(lexer), '<')) {
        packet->options_any = false;
        return true;
    }
    lexer_next(lexer);
    return parse_tcp_options(lexer, packet);
}

/* ----------------------------------------------------------------------------- UDP */

bool parse_udp(struct lexer *lexer, uint32_t *length_bytes)
{
    int64_t length = 0;

    if (!parse_sign(lexer, '(') || !parse_number(lexer, "a length", 65507, &length))
        return false;
    if (token_is_sign(lexer_peek(lexer), '>'))
        return drill_complain(lexer->script, lexer_peek(lexer)->place, "UDP encapsulation is not known to rill drill");
    *length_bytes = (uint32_t)length;
    return parse_sign(lexer, ')');
}

/*
 * An ISO-C number such as 1: could also be the next event's time. A packet line that begins with a bare `A > B`
 * carries ports without brackets.
 */
static bool parse_bare_ports(struct lexer *lexer, struct drill_packet *packet)
{
    if (lexer_peek(lexer)->kind != TOKEN_NUMBER ||
        lexer_peek(lexer)->fraction) /* ".5" is an ACK with AccECN's counter */
        return true;
    if (!parse_ports(lexer, packet))
        return false;
    if (token_is_sign(lexer_peek(lexer), ':'))
        lexer_next(lexer);
    return true;
}

static bool parse_protocol(struct lexer *lexer, struct drill_packet *packet)
{
    static const char *const strangers[] = {"ipv4", "ipv6", "gre", "mpls", "vxlan", "udplite", "sctp", "ip", "eth"};
    struct token word = *lexer_peek(lexer);

    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++)
        if (token_is_word(&word, strangers[i]))
            return unknown(lexer, &word, "the tunnel or protocol");
    if (token_is_word(&word, "udp")) {
        lexer_next(lexer);
        packet->protocol = DRILL_UDP;
        return parse_udp(lexer, &packet->length_bytes);
    }
    if (token_is_word(&word, "icmpv6"))
        return drill_complain(lexer->script, word.place, "icmpv6: rill drill runs IPv4 only so far");
    if (token_is_word(&word, "icmp")) {
        lexer_next(lexer);
        packet->protocol = DRILL_ICMP;
        return parse_icmp(lexer, packet);
    }
    packet->protocol = DRILL_TCP;
    return parse_tcp(lexer, packet);
}

struct drill_packet *parse_packet(struct lexer *lexer)
{
    struct drill_packet *packet = drill_take(&lexer->script->pool, sizeof *packet);

    packet->inbound = lexer_next(lexer).sign == '<';
    packet->tos = packet->ecn = packet->ttl = -1;
    packet->flow_label = -1;
    packet->ace = -1;
    if (!parse_prefixes(lexer, packet) || !parse_bare_ports(lexer, packet) || !parse_protocol(lexer, packet))
        return NULL;
    return packet;
}
