/*
 * Files that a program opens and rill answers: /proc/net/... and
 * /etc/resolv.conf. What it gets is the file's content at that moment.
 */
#ifndef RUN_PROC_FILES_H
#define RUN_PROC_FILES_H

#include "run/supervisor.h"

#include <stdio.h>

/* openat, open. */
void answer_open(struct run *run, const struct call *call);

/* Each writes a whole file: the kernel's own, with the stack's lines and numbers in it. False: leave it alone. */
bool proc_sockets(struct run *run, FILE *to, bool datagrams, bool v6);
bool proc_counters(struct run *run, FILE *to, const char *name); /* snmp, netstat */
bool proc_interfaces(struct run *run, FILE *to);

/* The kernel's /proc/net/NAME in the program's network. NULL: there is none. */
FILE *proc_open_kernels(const char *name);

#endif
