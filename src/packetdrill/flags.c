/*
 * What --so_flags may say. Defaults are those of `rill drill`, so that a
 * script finds the same world under both.
 */
#include "packetdrill/plugin.h"

#include "drill/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_BYTES 128
#define NANOS_PER_USEC UINT64_C(1000)

static bool parse_number(const char *value, uint64_t least, uint64_t most, uint64_t *to)
{
    char *end;

    *to = strtoull(value, &end, 0);
    return *value >= '0' && *value <= '9' && *end == '\0' && *to >= least && *to <= most;
}

static bool set_address(struct rill_addr *to, const char *value)
{
    return rill_addr_parse(value, to) == 0 && rill_addr_is_v4(to);
}

static void set_seed(struct rill_config *config, uint64_t seed)
{
    for (unsigned i = 0; i < 8; i++)
        config->secret[i] = (uint8_t)(0x5a ^ seed >> 8 * i);
}

/* One of the plug-in's own; `known` tells whether the name is one. */
static bool set_own(struct plugin_settings *settings, const char *name, const char *value, bool *known)
{
    uint64_t number = 0;
    bool right = true;

    *known = true;
    if (strcmp(name, "profile") == 0)
        return true; /* was taken first */
    if (strcmp(name, "local") == 0)
        return set_address(&settings->netif.addr, value);
    if (strcmp(name, "gateway") == 0)
        return set_address(&settings->netif.gateway, value);
    if (strcmp(name, "prefix") == 0 && (right = parse_number(value, 0, 32, &number)))
        settings->netif.prefix_bits = (uint8_t)number;
    else if (strcmp(name, "mtu") == 0 && (right = parse_number(value, 576, 65535, &number)))
        settings->netif.mtu = (uint16_t)number;
    else if (strcmp(name, "seed") == 0 && (right = parse_number(value, 0, UINT64_MAX, &number)))
        set_seed(&settings->config, number);
    else if (strcmp(name, "settle_usecs") == 0 && (right = parse_number(value, 0, 1000000, &number)))
        settings->settle = number * NANOS_PER_USEC;
    else if (strcmp(name, "patience_usecs") == 0 && (right = parse_number(value, 0, UINT32_MAX, &number)))
        settings->patience = number * NANOS_PER_USEC;
    else if (right)
        *known = false;
    return right;
}

static bool set_flag(struct plugin_settings *settings, const char *name, const char *value, char *complaint,
                     size_t complaint_bytes)
{
    bool known;

    if (!set_own(settings, name, value, &known)) {
        snprintf(complaint, complaint_bytes, "'%s' is no value for %s", value, name);
        return false;
    }
    if (known)
        return true;
    switch (settings_set(&settings->config, name, value)) {
    case SETTING_DONE:
        return true;
    case SETTING_NO_KNOB:
        snprintf(complaint, complaint_bytes, "rill has no knob for %s", name);
        return false;
    default:
        snprintf(complaint, complaint_bytes, "the flag '%s' is not known", name);
        return false;
    }
}

/* The flag that *at stands on, and *at behind its comma. False: it is not NAME=VALUE, or too long. */
static bool next_flag(const char **at, char name[VALUE_BYTES], char value[VALUE_BYTES])
{
    size_t bytes = strcspn(*at, ","), name_bytes = strcspn(*at, "=,");

    if (name_bytes == 0 || name_bytes == bytes || name_bytes >= VALUE_BYTES || bytes - name_bytes > VALUE_BYTES)
        return false;
    memcpy(name, *at, name_bytes);
    name[name_bytes] = '\0';
    memcpy(value, *at + name_bytes + 1, bytes - name_bytes - 1);
    value[bytes - name_bytes - 1] = '\0';
    *at += bytes + ((*at)[bytes] == ',');
    return true;
}

static void set_defaults(struct plugin_settings *settings)
{
    memset(settings, 0, sizeof *settings);
    settings->netif = (struct rill_netif_config){.name = "packetdrill", .mtu = 1500, .prefix_bits = 16};
    settings->netif.addr = rill_addr4(192, 168, 0, 1);
    settings->netif.gateway = rill_addr4(192, 168, 0, 2);
    settings->settle = 5000 * NANOS_PER_USEC;
    settings->patience = RILL_NEVER;
    (void)settings_profile(&settings->config, "linux");
    memset(settings->config.secret, 0x5a, sizeof settings->config.secret);
}

bool flags_parse(const char *flags, struct plugin_settings *settings, char *complaint, size_t complaint_bytes)
{
    char name[VALUE_BYTES], value[VALUE_BYTES];

    set_defaults(settings);
    flags = flags != NULL ? flags : "";
    /* The profile is what the other flags change, wherever it stands. */
    for (const char *at = flags; *at != '\0';) {
        if (!next_flag(&at, name, value)) {
            snprintf(complaint, complaint_bytes, "flags are NAME=VALUE,NAME=VALUE; this is not: %s", at);
            return false;
        }
        if (strcmp(name, "profile") == 0 && !settings_profile(&settings->config, value)) {
            snprintf(complaint, complaint_bytes, "there is no profile '%s'", value);
            return false;
        }
    }
    memset(settings->config.secret, 0x5a, sizeof settings->config.secret); /* a profile begins with the defaults */
    for (const char *at = flags; *at != '\0';) {
        (void)next_flag(&at, name, value);
        if (!set_flag(settings, name, value, complaint, complaint_bytes))
            return false;
    }
    return true;
}
