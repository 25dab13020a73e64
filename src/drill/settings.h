/*
 * Names of settings, as they are said in the world, and rill's configuration.
 */
#ifndef DRILL_SETTINGS_H
#define DRILL_SETTINGS_H

#include "rill/rill.h"

enum setting_result {
    SETTING_DONE,
    SETTING_NO_KNOB, /* a known name for something that rill has no knob for */
    SETTING_UNKNOWN,
};

/* "net.ipv4.tcp_sack", "net.inet.tcp.sack.enable", "rill.sack"; the value is text as sysctl takes it. */
enum setting_result settings_set(struct rill_config *config, const char *name, const char *value);

/* The defaults that scripts of an origin assume. False when there is no such profile. */
bool settings_profile(struct rill_config *config, const char *profile);

#endif
