/*
 * ss's filter language, the part that people type: sport = :80, dport,
 * src and dst with an optional port, and, or, not, parentheses.
 */
#ifndef CLI_SS_FILTER_H
#define CLI_SS_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ss_row {
    char state[16]; /* the RFC's name */
    char local_address[48], remote_address[48];
    uint16_t local_port, remote_port;
    bool udp;
};

#define SS_FILTER_WORDS 64

struct ss_filter {
    char text[512];
    const char *words[SS_FILTER_WORDS];
    unsigned word_count;
};

/* Take the words of a filter, however they were quoted. False when it is not one (said so). */
bool ss_filter_parse(struct ss_filter *filter, char *const *words, int count);
bool ss_filter_matches(const struct ss_filter *filter, const struct ss_row *row);

#endif
