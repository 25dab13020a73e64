/*
 * rill ladder: which connection of a capture to draw, and how.
 */
#include "cli/ladder.h"

#include "cli/args.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum ladder_option { OPTION_CONN = 256, OPTION_PORT, OPTION_LIST, OPTION_COLOR, OPTION_SVG, OPTION_MERMAID };

static const struct args_option ladder_options[] = {
    {OPTION_CONN, 0, "conn", "N", "the Nth connection of the capture, from 1; default the first"},
    {OPTION_PORT, 0, "port", "N", "the first connection with this port at either end"},
    {OPTION_LIST, 'l', "list", NULL, "list the capture's connections"},
    {OPTION_COLOR, 0, "color", "auto|always|never", "colours; NO_COLOR is heeded"},
    {OPTION_SVG, 0, "svg", "FILE", "write an SVG drawing to FILE instead"},
    {OPTION_MERMAID, 0, "mermaid", NULL, "print a Mermaid sequenceDiagram instead"},
    {0, 0, NULL, NULL, NULL},
};

static const struct args_command ladder_args = {
    .name = "ladder",
    .synopsis = "FILE [--conn N | --port N | --list] [OPTIONS]",
    .summary = "draw a connection of a pcap file as a ladder, with both ends' states",
    .teaches =
        "Draws handshake, data and close with sequence numbers relative to the SYN. The states of both ends follow\n"
        "from the segments; long runs of data become one line; segments sent again, out of order, and closed\n"
        "windows are marked.\n\n"
        "  rill listen 80 --serve . --pcap web.pcap -- curl -so /dev/null http://10.77.0.2/\n"
        "  rill ladder web.pcap",
    .options = ladder_options,
};

struct ladder_choice {
    uint64_t conn, port;
    bool list, mermaid;
    const char *svg, *file;
    enum ladder_colour colour;
};

static bool take_colour(struct ladder_choice *choice, const char *text)
{
    if (strcmp(text, "always") == 0)
        choice->colour = LADDER_COLOUR;
    else if (strcmp(text, "never") == 0)
        choice->colour = LADDER_PLAIN;
    else if (strcmp(text, "auto") != 0) {
        cli_error("--color '%s' is none of auto, always, never", text);
        return false;
    }
    return true;
}

static bool take_one(struct ladder_choice *choice, const struct args *args, int id)
{
    switch (id) {
    case OPTION_CONN:
        return args_number(args, "--conn", args->value, 1, UINT32_MAX, &choice->conn);
    case OPTION_PORT:
        return args_number(args, "--port", args->value, 1, 65535, &choice->port);
    case OPTION_LIST:
        choice->list = true;
        return true;
    case OPTION_COLOR:
        return take_colour(choice, args->value);
    case OPTION_SVG:
        choice->svg = args->value;
        return true;
    default:
        choice->mermaid = true;
        return true;
    }
}

static void list(const struct ladder *ladder)
{
    for (unsigned i = 0; i < ladder->count; i++) {
        const struct ladder_connection *connection = &ladder->connections[i];
        char name[2][24];

        printf("%4u  %-21s  %-21s  %u segments\n", i + 1, ladder_end_name(connection, LADDER_CLIENT, name[0]),
               ladder_end_name(connection, LADDER_SERVER, name[1]), connection->count);
    }
}

static const struct ladder_connection *choose(const struct ladder *ladder, const struct ladder_choice *choice)
{
    if (ladder->count == 0) {
        cli_error("%s: %llu packets, and no TCP over IPv4 among them", choice->file,
                  (unsigned long long)ladder->packets);
        return NULL;
    }
    if (choice->conn > ladder->count) {
        cli_error("%s has %u connections; --list lists them", choice->file, ladder->count);
        return NULL;
    }
    if (choice->conn != 0)
        return &ladder->connections[choice->conn - 1];
    for (unsigned i = 0; i < ladder->count; i++)
        if (choice->port == 0 || ladder->connections[i].port[0] == choice->port ||
            ladder->connections[i].port[1] == choice->port)
            return &ladder->connections[i];
    cli_error("%s has no connection with port %u; --list lists them", choice->file, (unsigned)choice->port);
    return NULL;
}

static int draw(const struct ladder *ladder, const struct ladder_choice *choice)
{
    const struct ladder_connection *connection = choose(ladder, choice);
    FILE *to;

    if (connection == NULL)
        return CLI_FAILED;
    if (choice->svg == NULL) {
        if (choice->mermaid)
            ladder_draw_mermaid(connection, stdout);
        else
            ladder_draw(connection, stdout, choice->colour);
        return fflush(stdout) == 0 ? CLI_DONE : CLI_FAILED;
    }
    to = fopen(choice->svg, "we");
    if (to == NULL) {
        cli_error("%s: %s", choice->svg, strerror(errno));
        return CLI_FAILED;
    }
    ladder_draw_svg(connection, to);
    return fclose(to) == 0 ? CLI_DONE : CLI_FAILED;
}

static int ladder_run(int argc, char **argv)
{
    const char *no_color = getenv("NO_COLOR");
    struct ladder_choice choice = {.colour = LADDER_PLAIN};
    struct ladder ladder;
    struct args args;
    int id, status = CLI_DONE;

    if (isatty(STDOUT_FILENO) && (no_color == NULL || *no_color == '\0'))
        choice.colour = LADDER_COLOUR;
    args_begin(&args, &ladder_args, argc, argv);
    while ((id = args_next(&args)) != ARGS_END) {
        if (id == ARGS_HELP)
            return CLI_DONE;
        if (id == ARGS_ERROR || !take_one(&choice, &args, id))
            return CLI_USAGE;
    }
    if (args.word_count != 1)
        return args_usage(&ladder_args);
    choice.file = args.words[0];
    if (ladder_read(&ladder, choice.file) != 0)
        status = CLI_FAILED;
    else if (choice.list)
        list(&ladder);
    else
        status = draw(&ladder, &choice);
    ladder_free(&ladder);
    return status;
}

const struct cli_command ladder_command = {&ladder_args, ladder_run};
