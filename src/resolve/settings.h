/*
 * What /etc/hosts says; /etc/resolv.conf is in <rill/resolve.h>.
 */
#ifndef RESOLVE_SETTINGS_H
#define RESOLVE_SETTINGS_H

#include "rill/resolve.h"

/* hosts(5): the addresses of these families that the text gives the name; how many were written. */
unsigned hosts_find(const char *text, size_t bytes, const char *name, unsigned families, struct rill_addr *to,
                    unsigned max);

#endif
