/*
 * Control messages as scripts write them:
 * [{cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, cmsg_data=40}, ...].
 */
#ifndef DRILL_CONTROL_H
#define DRILL_CONTROL_H

#include "drill/values.h"

#define CONTROL_BYTES_MAX 512

/* Put into room what sendmsg is given. False after run_fail(). */
bool control_from(struct run *run, const struct drill_expr *list, uint8_t *room, struct rill_msghdr *message);

/* What recvmsg told against the script's list, one by one; nothing is compared when the script says nothing. */
bool control_expected(struct run *run, const struct drill_expr *list, const struct rill_msghdr *message);

#endif
