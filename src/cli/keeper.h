/*
 * The keeper of a rill run: a process that holds the device and sees the
 * stack's memory, sleeps, and acts when rill itself was killed: the peers are
 * told by RST, and nothing of the program is left behind.
 */
#ifndef CLI_KEEPER_H
#define CLI_KEEPER_H

#include "cli/session.h"

struct keeper {
    int line; /* to it; its end tells each side of the other's; -1: there is none */
};

/*
 * Before the program is started and while there is one thread; the stack's memory must be shared. own_network: all
 * that lives in this process's network namespace is the program's. False after saying why there is none.
 */
bool keeper_start(struct keeper *keeper, const struct session *session, bool own_network);

/* All is in order: it goes, and has gone when this returns. */
void keeper_dismiss(struct keeper *keeper);

#endif
