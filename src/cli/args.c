/*
 * Option tables over getopt_long: see args.h.
 */
#include "cli/args.h"

#include "rill/rill.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define ARGS_HELP_ID 1

void args_begin(struct args *args, const struct args_command *command, int argc, char **argv)
{
    memset(args, 0, sizeof *args);
    args->command = command;
    args->argc = argc;
    args->argv = argv;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") != 0)
            continue;
        args->argc = i;
        argv[i] = NULL; /* getopt may look at argv[argc] */
        args->program = &argv[i + 1];
        break;
    }
    optind = 0; /* glibc: start over, and forget the last scan's state */
    opterr = 0;
}

static unsigned add_table(const struct args_option *options, struct option *longs, unsigned count, char *shorts)
{
    for (; options != NULL && options->id != 0; options++) {
        if (options->letter != 0) {
            size_t end = strlen(shorts);

            shorts[end] = options->letter;
            shorts[end + 1] = options->value != NULL ? ':' : '\0';
            shorts[end + 2] = '\0';
        }
        if (options->name == NULL || count >= ARGS_OPTIONS_MAX)
            continue;
        longs[count].name = options->name;
        longs[count].has_arg = options->value != NULL ? required_argument : no_argument;
        longs[count].flag = NULL;
        longs[count].val = options->id;
        count++;
    }
    return count;
}

static int id_of_letter(const struct args_option *options, int letter)
{
    for (; options != NULL && options->id != 0; options++)
        if (options->letter == letter)
            return options->id;
    return 0;
}

static int refuse(const struct args *args, int got)
{
    const char *word = args->argv[optind > 1 ? optind - 1 : 1];

    if (got == ':')
        cli_error("option %s needs a value; see rill %s --help", word, args->command->name);
    else if (optopt != 0 && optopt < 256 && strncmp(word, "--", 2) != 0)
        cli_error("there is no option -%c; see rill %s --help", optopt, args->command->name);
    else
        cli_error("there is no option %s (or it takes no value); see rill %s --help", word, args->command->name);
    return ARGS_ERROR;
}

int args_next(struct args *args)
{
    static const struct option zero = {0};
    struct option longs[ARGS_OPTIONS_MAX + 2];
    char shorts[2 * ARGS_OPTIONS_MAX + 8] = ":h";
    unsigned count = 0;
    int got, id;

    longs[count++] = (struct option){"help", no_argument, NULL, ARGS_HELP_ID};
    count = add_table(args->command->options, longs, count, shorts);
    count = add_table(args->command->options2, longs, count, shorts);
    longs[count] = zero;

    got = getopt_long(args->argc, args->argv, shorts, longs, NULL);
    args->value = optarg;
    if (got == -1) {
        args->words = args->argv + optind;
        args->word_count = args->argc - optind;
        return ARGS_END;
    }
    if (got == ARGS_HELP_ID || got == 'h') {
        args_print_help(args->command, stdout);
        return ARGS_HELP;
    }
    if (got == '?' || got == ':')
        return refuse(args, got);
    id = id_of_letter(args->command->options, got);
    if (id == 0)
        id = id_of_letter(args->command->options2, got);
    return id != 0 ? id : got;
}

static void print_table(const struct args_option *options, FILE *to)
{
    for (; options != NULL && options->id != 0; options++) {
        char left[64];
        int used = options->letter != 0 ? snprintf(left, sizeof left, "-%c", options->letter) : 0;

        if (options->name != NULL)
            used += snprintf(left + used, sizeof left - (size_t)used, "%s--%s", used > 0 ? ", " : "", options->name);
        if (options->value != NULL)
            snprintf(left + used, sizeof left - (size_t)used, " %s", options->value);
        fprintf(to, "  %-24s %s\n", left, options->help);
    }
}

void args_print_help(const struct args_command *command, FILE *to)
{
    fprintf(to, "usage: rill %s %s\n\n%s\n", command->name, command->synopsis, command->teaches);
    if (command->options != NULL && command->options->id != 0) {
        fprintf(to, "\nOptions:\n");
        print_table(command->options, to);
    }
    if (command->options2 != NULL) {
        fprintf(to, "\nWhere rill lives (all optional; without --dev it makes a network namespace of its own):\n");
        print_table(command->options2, to);
    }
    fprintf(to, "\nExit status: 0 done, 1 failed, 2 usage.\n");
}

int args_usage(const struct args_command *command)
{
    fprintf(stderr, "usage: rill %s %s\n       rill %s --help says more\n", command->name, command->synopsis,
            command->name);
    return CLI_USAGE;
}

bool args_number(const struct args *args, const char *what, const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    char *end = NULL;
    unsigned long long value;

    (void)args;
    errno = 0;
    value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || value < min || value > max) {
        cli_error("%s '%s' is not a number from %llu to %llu", what, text, (unsigned long long)min,
                  (unsigned long long)max);
        return false;
    }
    *out = value;
    return true;
}

bool args_bytes(const char *what, const char *text, uint64_t *out)
{
    char *end = NULL;
    unsigned long long value;
    unsigned shift = 0;

    errno = 0;
    value = strtoull(text, &end, 10);
    if (end != text && *end != '\0') {
        static const char units[] = "kKmMgGtT";
        const char *unit = strchr(units, *end);

        if (unit != NULL && end[1] == '\0') {
            shift = 10u * ((unsigned)(unit - units) / 2 + 1);
            end++;
        }
    }
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || value > (UINT64_MAX >> 1 >> shift)) {
        cli_error("%s '%s' is not a number of bytes (as 1500, 64k, 64M, 1G)", what, text);
        return false;
    }
    *out = (uint64_t)value << shift;
    return true;
}

bool args_port(const char *text, uint16_t *out)
{
    char *end = NULL;
    long value = strtol(text, &end, 10);

    if (end == text || *end != '\0' || value < 1 || value > 65535) {
        cli_error("port '%s' is not a number from 1 to 65535", text);
        return false;
    }
    *out = (uint16_t)value;
    return true;
}

bool args_congestion_control(const char *what, const char *text)
{
    char known[80] = "";
    const char *name;

    for (unsigned i = 0; (name = rill_congestion_control_name(i)) != NULL; i++) {
        size_t used = strlen(known);

        if (strcmp(name, text) == 0)
            return true;
        snprintf(known + used, sizeof known - used, "%s%s", i == 0 ? "" : ", ", name);
    }
    cli_error("%s '%s': there is no such congestion control; there is %s", what, text, known);
    return false;
}

bool args_seconds(const char *what, const char *text, uint64_t *nanoseconds)
{
    char *end = NULL;
    double value = strtod(text, &end);

    if (end == text || *end != '\0' || !(value >= 0.0) || value > 1e6) {
        cli_error("%s '%s' is not a number of seconds", what, text);
        return false;
    }
    *nanoseconds = (uint64_t)(value * 1e9);
    return true;
}

/* The word's number; -1, after saying what there is, when it is none of them. */
static int word_number(const char *what, const char *text, const char *const *words, uint32_t count, const char *all)
{
    for (uint32_t i = 0; i < count; i++)
        if (words[i] != NULL && strcmp(words[i], text) == 0)
            return (int)i;
    cli_error("%s '%s': say %s", what, text, all);
    return -1;
}

bool args_ecn(const char *what, const char *text, uint32_t *ecn)
{
    static const char *const names[] = {
        [RILL_ECN_OFF] = "off", [RILL_ECN_ACCEPT] = "accept", [RILL_ECN_ON] = "on", [RILL_ECN_ACCURATE] = "accurate"};
    int number = word_number(what, text, names, RILL_ECN_ACCURATE + 1, "off, accept, on or accurate");

    if (number >= 0)
        *ecn = (uint32_t)number;
    return number >= 0;
}

bool args_mtu_probing(const char *what, const char *text, uint32_t *probing)
{
    static const char *const names[] = {[RILL_MTU_PROBING_OFF] = "off",
                                        [RILL_MTU_PROBING_BLACK_HOLE] = "black-hole",
                                        [RILL_MTU_PROBING_ALWAYS] = "always"};
    int number = word_number(what, text, names, RILL_MTU_PROBING_ALWAYS + 1, "off, black-hole or always");

    if (number >= 0)
        *probing = (uint32_t)number;
    return number >= 0;
}
