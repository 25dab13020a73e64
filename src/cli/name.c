/*
 * Names on the command line: see name.h.
 */
#include "cli/name.h"

#include "cli/cli.h"
#include "rill/driver.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX (1u << 20)
#define DNS_PORT 53
#define RETRY_NS UINT64_C(400000000) /* and twice as long each time: Linux refuses six times, then one a second */

/* A small file's text, to be freed; NULL when it cannot be read. */
static char *read_text(const char *path, size_t *bytes)
{
    FILE *from = fopen(path, "re");
    char *text = malloc(FILE_BYTES_MAX);

    *bytes = 0;
    if (from != NULL && text != NULL)
        *bytes = fread(text, 1, FILE_BYTES_MAX, from);
    if (from != NULL)
        fclose(from);
    if (*bytes > 0)
        return text;
    free(text);
    return NULL;
}

bool name_is_possible(const char *text)
{
    bool letter = false;

    for (const char *at = text; *at != '\0'; at++) {
        if (!isalnum((unsigned char)*at) && strchr("-_.", *at) == NULL)
            return false;
        letter |= isalpha((unsigned char)*at) != 0;
    }
    return letter && strlen(text) < RILL_RESOLVE_NAME_BYTES;
}

bool name_check_dns(const char *dns)
{
    struct rill_addr addr;

    if (rill_addr_parse(dns, &addr) == 0 && rill_addr_is_v4(&addr))
        return true;
    cli_error("--dns '%s' is not an IPv4 address", dns);
    return false;
}

static void configure(struct name_lookup *lookup)
{
    size_t bytes;
    char *text = read_text("/etc/resolv.conf", &bytes);

    rill_resolve_config_default(&lookup->config);
    if (text != NULL)
        rill_resolve_config_take(&lookup->config, text, bytes);
    free(text);
    if (lookup->dns != NULL) {
        (void)rill_addr_parse(lookup->dns, &lookup->config.servers[0].addr);
        lookup->config.servers[0].port = DNS_PORT;
        lookup->config.server_count = 1;
    }
    lookup->hosts = read_text("/etc/hosts", &lookup->config.hosts_bytes);
    lookup->config.hosts = lookup->hosts;
}

bool name_begin(struct name_lookup *lookup, struct rill_stack *stack, const char *name, const char *dns)
{
    const rill_time retry_until = lookup->retry_until;

    *lookup = (struct name_lookup){
        .name = name, .dns = dns, .stack = stack, .retry_until = retry_until, .again_at = RILL_NEVER};
    configure(lookup);
    lookup->memory = aligned_alloc(16, rill_lookup_bytes());
    if (lookup->memory != NULL &&
        rill_lookup_start(lookup->memory, stack, &lookup->config, name, RILL_LOOKUP_V4, &lookup->lookup) == 0)
        return true;
    if (lookup->config.server_count == 0)
        cli_error("the name '%s' cannot be looked up: /etc/resolv.conf names no server; --dns A does", name);
    else
        cli_error("'%s' is no name that can be looked up", name);
    name_end(lookup);
    return false;
}

static void say(const struct name_lookup *lookup, int error)
{
    char server[RILL_ADDR_TEXT_BYTES] = "";

    if (lookup->config.server_count > 0)
        (void)rill_addr_format(&lookup->config.servers[0].addr, server);
    if (error == -RILL_ENXIO)
        cli_error("there is no host '%s', says the DNS server %s", lookup->name, server);
    else if (error == -RILL_EADDRNOTAVAIL)
        cli_error("'%s' has no IPv4 address", lookup->name);
    else if (error == -RILL_EIO)
        cli_error("the DNS server %s cannot say what the address of '%s' is", server, lookup->name);
    else
        cli_error("the DNS server %s does not answer (%s)%s", server, rill_error_name(error),
                  lookup->dns == NULL ? "; it is the one of /etc/resolv.conf, --dns A asks another" : "");
}

int name_result(struct name_lookup *lookup, struct rill_addr *out)
{
    struct rill_lookup_result result;
    int error = rill_lookup_result(lookup->lookup, &result);

    if (error == -RILL_EINPROGRESS || lookup->again_at != RILL_NEVER)
        return -RILL_EINPROGRESS;
    if (error == -RILL_ECONNREFUSED && rill_clock() < lookup->retry_until) {
        lookup->again_at = rill_clock() + (RETRY_NS << lookup->retries++);
        return -RILL_EINPROGRESS;
    }
    if (error == 0)
        *out = result.addrs[0];
    else
        say(lookup, error);
    name_end(lookup);
    return error;
}

bool name_event(struct name_lookup *lookup, const struct rill_event *event)
{
    return lookup->lookup != NULL && rill_lookup_event(lookup->lookup, event);
}

void name_poll(struct name_lookup *lookup, rill_time now)
{
    if (lookup->lookup == NULL)
        return;
    if (now >= lookup->again_at) {
        lookup->again_at = RILL_NEVER;
        (void)rill_lookup_start(lookup->memory, lookup->stack, &lookup->config, lookup->name, RILL_LOOKUP_V4,
                                &lookup->lookup); /* as it was started before */
    }
    rill_lookup_poll(lookup->lookup, now);
}

rill_time name_deadline(const struct name_lookup *lookup)
{
    if (lookup->lookup == NULL)
        return RILL_NEVER;
    return lookup->again_at != RILL_NEVER ? lookup->again_at : rill_lookup_deadline(lookup->lookup);
}

void name_end(struct name_lookup *lookup)
{
    if (lookup->lookup != NULL)
        rill_lookup_end(lookup->lookup);
    free(lookup->memory);
    free(lookup->hosts);
    lookup->lookup = NULL;
    lookup->memory = NULL;
    lookup->hosts = NULL;
}
