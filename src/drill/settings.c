/*
 * A script's options, its profile, and its shell commands as far as they are
 * settings: see run.h and settings.h.
 */
#include "drill/settings.h"

#include "drill/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROC "/proc/sys/"
#define FILE_DEPTH_MAX 4

static uint32_t as_number(const struct rill_addr *addr)
{
    return (uint32_t)addr->bytes[12] << 24 | (uint32_t)addr->bytes[13] << 16 | (uint32_t)addr->bytes[14] << 8 |
           addr->bytes[15];
}

static bool set_address(struct run *run, const char *value, struct rill_addr *to)
{
    if (rill_addr_parse(value, to) != 0 || !rill_addr_is_v4(to))
        return run_fail(run, "'%s' is no IPv4 address", value);
    return true;
}

static bool set_number(struct run *run, const char *value, uint64_t most, uint64_t *to)
{
    char *end;

    *to = strtoull(value, &end, 0);
    if (*value == '\0' || *end != '\0' || *to > most)
        return run_fail(run, "'%s' is no number from 0 to %llu", value, (unsigned long long)most);
    return true;
}

static bool is_ignored(const char *name)
{
    static const char *const names[] = {"speed",
                                        "mss",
                                        "wire_server_ip",
                                        "wire_server_port",
                                        "wire_client_dev",
                                        "wire_server_dev",
                                        "wire_client",
                                        "wire_server",
                                        "non_fatal",
                                        "send_omit_free",
                                        "netmask_ip",
                                        "init_scripts",
                                        "dry_run",
                                        "verbose",
                                        "gateway_ip",
                                        "udp_encaps",
                                        "code_command",
                                        "code_format",
                                        "code_sockopt",
                                        "is_anyip",
                                        "no_cleanup",
                                        "persistent_tun_dev",
                                        "tun_dev",
                                        "so_filename",
                                        "so_flags",
                                        "stop",
                                        "local_linux_ip",
                                        "tcp_ts_tick_usecs",
                                        "tcp_ts_ecr_scaled",
                                        "debug",
                                        "tolerance_percent"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static bool set_option(struct run *run, const struct drill_setting *setting)
{
    const char *name = setting->name, *value = setting->value;
    uint64_t number = 0;

    if (strcmp(name, "ip_version") == 0) {
        run->mapped = strcmp(value, "ipv4-mapped-ipv6") == 0;
        return run->mapped || strcmp(value, "ipv4") == 0 ||
               run_fail_at(run, setting->place,
                           "--ip_version=%s: rill's packets are IPv4 only so far (ipv4, ipv4-mapped-ipv6)", value);
    }
    if (strcmp(name, "local_ip") == 0)
        return set_address(run, value, &run->local);
    if (strcmp(name, "remote_ip") == 0)
        return set_address(run, value, &run->remote);
    if (strcmp(name, "tolerance_usecs") == 0) {
        if (!set_number(run, value, 1000000000, &number))
            return false;
        run->tolerance_us = (int64_t)number;
        return true;
    }
    if (strcmp(name, "bind_port") == 0 || strcmp(name, "connect_port") == 0 || strcmp(name, "mtu") == 0) {
        if (!set_number(run, value, 65535, &number))
            return false;
        *(name[0] == 'b' ? &run->bind_port : name[0] == 'c' ? &run->connect_port : &run->mtu) = (uint16_t)number;
        return true;
    }
    if (strcmp(name, "segments") == 0) {
        run->exact_segments = strcmp(value, "exact") == 0;
        return run->exact_segments || run_fail(run, "--segments=%s: only 'exact' can be asked for", value);
    }
    if (strcmp(name, "profile") == 0)
        return settings_profile(&run->config, value) ||
               run_fail_at(run, setting->place, "there is no profile '%s': linux, freebsd or rill", value);
    if (is_ignored(name))
        return true;
    return run_fail_at(run, setting->place, "the option --%s is not known to rill drill", name);
}

/* ------------------------------------------------------------------ shell commands */

static bool complain(struct run *run, const char *format, const char *what)
{
    char line[512];

    snprintf(line, sizeof line, format, what);
    if (run->options->strict)
        return run_fail(run, "%s", line);
    run_note(run, "%s", line);
    return true;
}

/* The last part of a command's path. */
static bool word_is(const char *command, size_t word, const char *name)
{
    size_t bytes = strlen(name);

    return word >= bytes && strncmp(command + word - bytes, name, bytes) == 0 &&
           (word == bytes || command[word - bytes - 1] == '/');
}

/* Settings that rill has per connection only: they are options of each new socket. */
static bool set_socket_default(struct run *run, const char *name, const char *value)
{
    static const struct {
        const char *name;
        int level, option;
        bool inverted; /* on when the setting is 0 */
    } rows[] = {
        {"net.ipv4.tcp_syn_retries", RILL_SOL_TCP, RILL_TCP_SYNCNT, false},
        {"net.ipv4.tcp_notsent_lowat", RILL_SOL_TCP, RILL_TCP_NOTSENT_LOWAT, false},
        {"net.inet.tcp.always_keepalive", RILL_SOL_SOCKET, RILL_SO_KEEPALIVE, false},
        {"net.inet.tcp.delayed_ack", RILL_SOL_TCP, RILL_TCP_QUICKACK, true},
    };
    unsigned long number = strtoul(value, NULL, 0);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].name, name) != 0)
            continue;
        if (rows[i].inverted && number != 0)
            return true; /* as it is anyway */
        if (run->default_count < sizeof run->defaults / sizeof run->defaults[0])
            run->defaults[run->default_count++] =
                (struct drill_default){rows[i].level, rows[i].option, rows[i].inverted ? 1 : (int)number};
        return true;
    }
    return false;
}

static bool set_sysctl(struct run *run, const char *name, const char *value)
{
    if (run->stack != NULL)
        return complain(run, "%s comes after the first event: too late to be set", name);
    if (set_socket_default(run, name, value))
        return true;
    switch (settings_set(&run->config, name, value)) {
    case SETTING_DONE:
        return true;
    case SETTING_NO_KNOB:
        return complain(run, "rill has no knob for %s", name);
    default:
        return complain(run, "the setting %s is not known", name);
    }
}

/* "net/ipv4/tcp_sack" and "/proc/sys/net/ipv4/tcp_sack" are net.ipv4.tcp_sack. */
static char *setting_name(char *name)
{
    if (strncmp(name, PROC, strlen(PROC)) == 0)
        name += strlen(PROC);
    for (char *at = name; *at != '\0'; at++)
        if (*at == '/')
            *at = '.';
    return name;
}

/* sysctl [-w] [-q] NAME=VALUE ..., whose values may be quoted; ends at the end of the command. */
static bool run_sysctl(struct run *run, char *words)
{
    while (*words != '\0') {
        char *name = words + strspn(words, " \t"), *value, *end;

        value = name + strcspn(name, "= \t");
        if (*value != '=') {
            words = value;
            if (value == name || *name == '-')
                continue;
            return complain(run, "the sysctl '%s' sets nothing", name);
        }
        *value++ = '\0';
        end = *value == '"' || *value == '\'' ? strchr(value + 1, *value) : value + strcspn(value, " \t");
        if (end == NULL)
            end = value + strlen(value);
        value += *value == '"' || *value == '\'';
        words = *end != '\0' ? end + 1 : end;
        *end = '\0';
        if (!set_sysctl(run, setting_name(name), value))
            return false;
    }
    return true;
}

/* echo VALUE > /proc/sys/NAME: the value and the name; false when it is no such command. */
static bool is_echo_into_proc(char *command, char **name, char **value)
{
    char *to = strchr(command, '>');

    if (strncmp(command, "echo ", 5) != 0 || to == NULL)
        return false;
    *name = to + 1 + strspn(to + 1, " \t");
    if (strncmp(*name, PROC, strlen(PROC)) != 0)
        return false;
    *value = command + 5 + strspn(command + 5, " \t\"'");
    while (to > *value && strchr(" \t\"'", to[-1]) != NULL)
        to--;
    *to = '\0';
    return true;
}

/* What stands behind: > /dev/null, 2>&1, &> /dev/null; and the blanks before it. */
static void cut_redirections(char *command)
{
    char *end = command + strlen(command), *at = strchr(command, '>');

    if (at != NULL && strncmp(command, "echo", 4) != 0) {
        end = at;
        while (end > command && strchr("12&", end[-1]) != NULL)
            end--;
    }
    while (end > command && strchr(" \t\r", end[-1]) != NULL)
        end--;
    *end = '\0';
}

/* In front of all events there is no time yet, and later it is the stack's. */
static bool run_sleep(struct run *run, const char *seconds)
{
    char *end;
    double time = strtod(seconds, &end);

    if (end == seconds || *end != '\0' || time < 0 || time > 1e6)
        return complain(run, "'sleep %s' is not understood", seconds);
    return run->stack == NULL || run_advance(run, run->now + (rill_time)(time * 1e9));
}

static bool run_commands(struct run *run, const char *text);

/* Commands for what a stack of a script has anew each time, or has built in. */
static bool is_needless(const char *command)
{
    static const char *const commands[] = {"true", "set -e", "kldload ", "ip tcp_metrics flush", "modprobe "};

    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        size_t length = strlen(commands[i]);

        if (strncmp(command, commands[i], length) == 0 &&
            (commands[i][length - 1] == ' ' || strspn(command + length, " ") == strlen(command + length)))
            return true;
    }
    return *command == '\0' || *command == '#';
}

/* ../common/defaults.sh, seen from where the script lies: its lines are taken as if they stood in the script. */
static bool run_file(struct run *run, const char *command)
{
    const char *slash = strrchr(run->script->file, '/');
    struct text path = {0}, lines = {0};
    char block[512];
    bool passed, is_read;
    FILE *from;

    if (slash != NULL && command[0] != '/')
        text_add(&path, "%.*s", (int)(slash + 1 - run->script->file), run->script->file);
    text_add(&path, "%s", command);
    from = run->depth < FILE_DEPTH_MAX ? fopen(text_of(&path), "r") : NULL;
    text_free(&path);
    if (from == NULL)
        return complain(run, "the command '%s' is not carried out: the file cannot be read", command);
    while (fgets(block, sizeof block, from) != NULL)
        text_add(&lines, "%s", block);
    is_read = ferror(from) == 0;
    fclose(from);
    run->depth++;
    passed = is_read ? run_commands(run, text_of(&lines))
                     : complain(run, "the command '%s' is not carried out: the file cannot be read", command);
    run->depth--;
    text_free(&lines);
    return passed;
}

static bool is_file_of_commands(const char *command, size_t word)
{
    return command[word] == '\0' && word > 3 && strcmp(command + word - 3, ".sh") == 0;
}

static bool run_command(struct run *run, char *command)
{
    size_t word;
    char *name, *value;

    command += strspn(command, " \t\r");
    cut_redirections(command);
    word = strcspn(command, " \t");
    if (is_needless(command))
        return true;
    if (is_file_of_commands(command, word))
        return run_file(run, command);
    if (strncmp(command, "sleep ", 6) == 0)
        return run_sleep(run, command + 6 + strspn(command + 6, " \t"));
    if (is_echo_into_proc(command, &name, &value))
        return set_sysctl(run, setting_name(name), value);
    if (command[word] != '\0' && (word_is(command, word, "sysctl") || word_is(command, word, "set_sysctls.py")))
        return run_sysctl(run, command + word + 1);
    return complain(run, "the command '%s' is not carried out", command);
}

/* A comment, from a # where a word begins on, ends with its line whatever it says; behind a backslash a command goes on. */
static void make_plain(char *text)
{
    bool in_comment = false;

    for (char *at = text; *at != '\0'; at++) {
        if (*at == '\n')
            in_comment = false;
        else if (*at == '#' && (at == text || strchr(" \t\n;&|", at[-1]) != NULL))
            in_comment = true;
        if (in_comment)
            *at = ' ';
        else if (at[0] == '\\' && at[1] == '\n')
            at[0] = at[1] = ' ';
    }
}

/* Where a command ends: at a newline, a semicolon, && or ||. */
static char *command_end(char *at)
{
    for (; *at != '\0'; at++)
        if (*at == '\n' || *at == ';' || strncmp(at, "&&", 2) == 0 || strncmp(at, "||", 2) == 0)
            return at;
    return NULL;
}

static bool run_commands(struct run *run, const char *text)
{
    char *copy = drill_copy(&run->pool, text, strlen(text)), *at = copy;

    make_plain(copy);
    while (at != NULL) {
        char *end = command_end(at), *command = at;

        at = end != NULL ? end + 1 + strspn(end + 1, "\n;&|") : NULL;
        if (end != NULL)
            *end = '\0';
        if (strcmp(command + strspn(command, " \t\r"), "exit 0") == 0)
            return true;
        if (!run_command(run, command))
            return false;
    }
    return true;
}

bool settings_shell(struct run *run, const struct drill_event *event)
{
    if (event->place.line == 0 || run->stack == NULL)
        return run_commands(run, event->text);
    /* Those in front of all other events were carried out before the stack was made. */
    for (const struct drill_event *first = run->script->events; first->kind == EVENT_SHELL; first = first->next) {
        if (first == event)
            return true;
        if (first->next == NULL)
            break;
    }
    return run_commands(run, event->text);
}

bool settings_apply(struct run *run)
{
    const struct drill_options *options = run->options;

    run->local = rill_addr4(192, 168, 0, 1);
    run->gateway = rill_addr4(192, 168, 0, 2);
    run->remote = rill_addr4(192, 0, 2, 1);
    run->bind_port = run->connect_port = 8080;
    run->mtu = 1500;
    run->tolerance_us = 4000;
    run->zero = options->start_at;
    run->peer_isn = options->has_isn ? options->isn : 0;
    if (!settings_profile(&run->config, options->profile))
        return run_fail(run, "there is no profile '%s'", options->profile);
    for (const struct drill_setting *setting = run->script->settings; setting != NULL; setting = setting->next)
        if (!set_option(run, setting))
            return false;
    run->local4 = as_number(&run->local);
    run->remote4 = as_number(&run->remote);
    for (const struct drill_event *event = run->script->events; event != NULL && event->kind == EVENT_SHELL;
         event = event->next) {
        run->event = event;
        if (!run_commands(run, event->text))
            return false;
    }
    return true;
}
