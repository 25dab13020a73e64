/*
 * Command line arguments: one table per command, read by getopt_long, that
 * also prints the help, so that the two cannot disagree.
 */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include "cli/cli.h"

#include <stdio.h>

/* Commands' own ids are letters or 256 and up; ids of the shared session options begin here. */
#define ARGS_SESSION_IDS 1000

struct args_option {
    int id;            /* what args_next() returns, > 0 */
    char letter;       /* 0: none */
    const char *name;  /* long name; NULL: only the letter */
    const char *value; /* what its value is called in the help; NULL: takes none */
    const char *help;
};

struct args_command {
    const char *name;
    const char *synopsis;               /* behind "rill NAME " */
    const char *summary;                /* one line, for the list of commands */
    const char *teaches;                /* a paragraph and examples, for --help */
    const struct args_option *options;  /* ends with an id of 0; may be NULL */
    const struct args_option *options2; /* more of them (the session's) */
};

#define ARGS_OPTIONS_MAX 64

struct args {
    const struct args_command *command;
    char **words; /* after ARGS_END: the arguments that are no options */
    int word_count;
    char **program; /* what stood behind "--", NULL-terminated; NULL when nothing did */
    int argc;
    char **argv;
    const char *value; /* of the option that args_next() returned */
};

enum args_end { ARGS_END = 0, ARGS_HELP = -1, ARGS_ERROR = -2 };

/* argv[0] is the command's name. A first "--" ends the command's own arguments. */
void args_begin(struct args *args, const struct args_command *command, int argc, char **argv);

/* The next option's id, ARGS_END, ARGS_HELP (help was printed), ARGS_ERROR (said so on stderr). */
int args_next(struct args *args);

void args_print_help(const struct args_command *command, FILE *to);

/* "usage: ..." on stderr; returns CLI_USAGE, for `return args_usage(...)`. */
int args_usage(const struct args_command *command);

/* Values. All return false after saying what is wrong with it. */
bool args_number(const struct args *args, const char *what, const char *text, uint64_t min, uint64_t max,
                 uint64_t *out);
bool args_bytes(const char *what, const char *text, uint64_t *out); /* 64, 64k, 64M, 1G: powers of 1,024 */
bool args_port(const char *text, uint16_t *out);                    /* 1 .. 65535 */
bool args_congestion_control(const char *what, const char *text);   /* one of rill_congestion_control_name() */

/* "off", "accept", "on", "accurate": enum rill_ecn. */
bool args_ecn(const char *what, const char *text, uint32_t *ecn);

/* "off", "black-hole", "always": enum rill_mtu_probing. */
bool args_mtu_probing(const char *what, const char *text, uint32_t *probing);
bool args_seconds(const char *what, const char *text, uint64_t *nanoseconds);

#endif
