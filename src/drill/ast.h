/*
 * A script as the parser leaves it: options, then events, each with its time
 * and its place in the file. Names are kept as written; what a constant or an
 * option means is for those who run it.
 */
#ifndef DRILL_AST_H
#define DRILL_AST_H

#include "drill/text.h"

#include <stdbool.h>
#include <stdint.h>

struct drill_place {
    uint32_t line, column; /* from 1 */
};

/* ------------------------------------------------------------------ expressions */

enum expr_kind {
    EXPR_NUMBER,
    EXPR_WORD,   /* a constant, O_NONBLOCK */
    EXPR_STRING, /* "abc" */
    EXPR_ANY,    /* ... */
    EXPR_LIST,   /* [a, b] */
    EXPR_STRUCT, /* {a=1, b}: the children are EXPR_FIELDs or values */
    EXPR_FIELD,  /* name=value, name(n)=value */
    EXPR_CALL,   /* htons(80) */
    EXPR_OR,     /* a|b|c */
};

struct drill_expr {
    enum expr_kind kind;
    struct drill_place place;
    int64_t number;
    const char *text;         /* word, string, name of a field or of a function */
    struct drill_expr *child; /* elements, operands, a call's arguments, a field's value */
    struct drill_expr *count; /* the n of name(n)=value */
    struct drill_expr *next;  /* in the list that this one is part of */
};

/* ---------------------------------------------------------------------- packets */

#define DRILL_OPTIONS_MAX 40
#define DRILL_FLAG_AE 0x100u /* RFC 9768's ninth flag */

struct drill_option {
    uint8_t kind; /* the option's number on the wire */
    bool any;     /* its values are not looked at */
    bool raw;     /* bytes as they stand, kind and length among them (a word of rill's own) */
    uint8_t value_count, byte_count;
    uint32_t values[8]; /* mss, wscale, TS val and ecr, SACK edges (relative) */
    uint8_t bytes[38];  /* cookie, or what an unknown option holds */
};

enum drill_protocol { DRILL_TCP, DRILL_UDP, DRILL_ICMP };
enum drill_ecn {
    DRILL_ECN_UNSAID = -1,
    DRILL_ECN_NONE = 0,
    DRILL_ECN_ECT1 = 1,
    DRILL_ECN_ECT0 = 2,
    DRILL_ECN_CE = 3,
    DRILL_ECN_ECT01 = 4
};

struct drill_packet {
    bool inbound;
    enum drill_protocol protocol;
    int tos, ecn, ttl; /* -1: not said */
    int64_t flow_label;
    bool bad_checksum; /* inbound: the transport checksum is wrong (a word of rill's own) */
    bool has_ports;
    uint16_t source_port, destination_port;

    uint16_t flags; /* as on the wire, and DRILL_FLAG_AE */
    int ace;        /* the ACE field as a digit, -1 not said */
    uint32_t seq, end, length_bytes;
    bool has_ack, has_window, has_urgent;
    bool options_any; /* <...> */
    uint32_t ack;
    uint16_t window, urgent;
    unsigned option_count;
    struct drill_option *options;

    /* icmp */
    uint8_t icmp_type, icmp_code;
    bool quotes_data; /* the bracket was there */
    bool quotes_udp;  /* and a datagram is in it; else a segment */
    bool has_echo_id, has_echo_seq, has_echo_bytes;
    uint16_t icmp_mtu, echo_id, echo_seq;
    uint32_t quoted_seq, quoted_length_bytes;
};

/* ------------------------------------------------------------------------ events */

enum when_form { WHEN_POINT, WHEN_RANGE, WHEN_BLOCKING, WHEN_ANY };

struct drill_when {
    enum when_form form;
    bool relative;            /* both times are counted from the event before */
    int64_t start_us, end_us; /* equal for a point */
};

struct drill_call {
    const char *name;
    struct drill_expr *arguments;
    struct drill_expr *result; /* NULL: none was written */
    const char *error;         /* "EAGAIN", NULL: none */
    const char *note;
};

enum event_kind { EVENT_PACKET, EVENT_CALL, EVENT_SHELL, EVENT_CODE };

struct drill_event {
    struct drill_event *next;
    enum event_kind kind;
    struct drill_place place;
    struct drill_when when;
    const char *source; /* the event's text on one line, for messages */
    struct drill_packet *packet;
    struct drill_call *call;
    const char *text; /* shell command, Python code */
};

struct drill_setting {
    struct drill_setting *next;
    struct drill_place place;
    const char *name, *value; /* without the dashes; value "" when there is none */
};

struct drill_script {
    const char *file;
    const char *source;  /* the whole file */
    const char *profile; /* that it says it was written for; NULL: it says nothing */
    struct drill_setting *settings;
    struct drill_event *events;
    struct drill_pool pool;
    struct text error; /* what is wrong with it, when it did not parse */
};

#endif
