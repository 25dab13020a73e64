/*
 * How the command speaks: one line on stderr, with the subcommand's name in
 * front, so that a script's log says who complained.
 */
#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>

static const char *cli_name = "";

void cli_set_name(const char *name)
{
    cli_name = name;
}

static void say(const char *line)
{
    fprintf(stderr, "rill%s%s: %s\n", *cli_name ? " " : "", cli_name, line);
}

void cli_error(const char *format, ...)
{
    char line[1024];
    va_list values;

    va_start(values, format);
    vsnprintf(line, sizeof line, format, values);
    va_end(values);
    say(line);
}

void cli_note(const char *format, ...)
{
    char line[1024];
    va_list values;

    va_start(values, format);
    vsnprintf(line, sizeof line, format, values);
    va_end(values);
    say(line);
}
