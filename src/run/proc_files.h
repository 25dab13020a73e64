/*
 * Files that a program opens and rill answers: /proc/net/... and
 * /etc/resolv.conf.
 */
#ifndef RUN_PROC_FILES_H
#define RUN_PROC_FILES_H

#include "run/supervisor.h"

/* openat, open. */
void answer_open(struct run *run, const struct call *call);

#endif
