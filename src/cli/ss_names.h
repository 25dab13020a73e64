/*
 * The states' names in three dialects, and the groups of them that ss knows.
 */
#ifndef CLI_SS_NAMES_H
#define CLI_SS_NAMES_H

#include <stdbool.h>
#include <stdint.h>

enum ss_dialect { SS_NAMES_SS, SS_NAMES_RFC, SS_NAMES_NETSTAT };

/* rfc: "SYN-RECEIVED". The name itself when it is none of TCP's. */
const char *ss_state_name(const char *rfc, enum ss_dialect dialect);

/* Bit of a state by its RFC name; 0 when it is none. */
uint32_t ss_state_bit(const char *rfc);

/* "established", "connected", "SYN-RECV", "syn_recv" ...: the states meant, 0 when unknown. */
uint32_t ss_states_meant(const char *word);

#define SS_STATES_ALL 0x7ffu
uint32_t ss_states_without_listen(void);

#endif
