/*
 * State names: see ss_names.h.
 */
#include "cli/ss_names.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *rfc, *ss, *netstat, *word;
} states[] = {
    {"CLOSED", "UNCONN", "CLOSE", "closed"},
    {"LISTEN", "LISTEN", "LISTEN", "listening"},
    {"SYN-SENT", "SYN-SENT", "SYN_SENT", "syn-sent"},
    {"SYN-RECEIVED", "SYN-RECV", "SYN_RECV", "syn-recv"},
    {"ESTABLISHED", "ESTAB", "ESTABLISHED", "established"},
    {"FIN-WAIT-1", "FIN-WAIT-1", "FIN_WAIT1", "fin-wait-1"},
    {"FIN-WAIT-2", "FIN-WAIT-2", "FIN_WAIT2", "fin-wait-2"},
    {"CLOSE-WAIT", "CLOSE-WAIT", "CLOSE_WAIT", "close-wait"},
    {"CLOSING", "CLOSING", "CLOSING", "closing"},
    {"LAST-ACK", "LAST-ACK", "LAST_ACK", "last-ack"},
    {"TIME-WAIT", "TIME-WAIT", "TIME_WAIT", "time-wait"},
};

#define STATES (sizeof states / sizeof states[0])

const char *ss_state_name(const char *rfc, enum ss_dialect dialect)
{
    for (size_t i = 0; i < STATES; i++) {
        if (strcmp(states[i].rfc, rfc) != 0)
            continue;
        return dialect == SS_NAMES_SS ? states[i].ss : dialect == SS_NAMES_NETSTAT ? states[i].netstat : rfc;
    }
    return rfc;
}

uint32_t ss_state_bit(const char *rfc)
{
    for (size_t i = 0; i < STATES; i++)
        if (strcmp(states[i].rfc, rfc) == 0)
            return UINT32_C(1) << i;
    return 0;
}

/* Case and the kind of dash do not matter. */
static bool same_word(const char *a, const char *b)
{
    for (; *a != '\0' && *b != '\0'; a++, b++) {
        char x = *a == '_' ? '-' : *a, y = *b == '_' ? '-' : *b;

        x = x >= 'A' && x <= 'Z' ? (char)(x - 'A' + 'a') : x;
        y = y >= 'A' && y <= 'Z' ? (char)(y - 'A' + 'a') : y;
        if (x != y)
            return false;
    }
    return *a == *b;
}

uint32_t ss_states_without_listen(void)
{
    return SS_STATES_ALL & ~(ss_state_bit("LISTEN") | ss_state_bit("CLOSED"));
}

uint32_t ss_states_meant(const char *word)
{
    uint32_t time_wait = ss_state_bit("TIME-WAIT"), half = ss_state_bit("SYN-RECEIVED");

    if (same_word(word, "all"))
        return SS_STATES_ALL;
    if (same_word(word, "connected"))
        return ss_states_without_listen();
    if (same_word(word, "synchronized"))
        return ss_states_without_listen() & ~ss_state_bit("SYN-SENT");
    if (same_word(word, "bucket"))
        return time_wait | half;
    if (same_word(word, "big"))
        return SS_STATES_ALL & ~(time_wait | half);
    for (size_t i = 0; i < STATES; i++)
        if (same_word(word, states[i].word) || same_word(word, states[i].ss) || same_word(word, states[i].rfc) ||
            same_word(word, states[i].netstat))
            return UINT32_C(1) << i;
    return 0;
}
