/*
 * A ladder in a terminal, as a Mermaid diagram, and as SVG: see ladder.h.
 */
#include "cli/ladder.h"

#include "rill/rill.h"

#include <string.h>

#define ARROW_COLUMNS 70

static const char *state_of(const struct ladder_connection *connection, unsigned index, enum ladder_end end)
{
    return rill_state_name((enum rill_state)connection->segments[index].state[end]);
}

/* The state before the first segment. */
static const char *first_state(const struct ladder_connection *connection, enum ladder_end end)
{
    unsigned flags = connection->segments[0].tcp.flags;

    if ((flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
        return end == LADDER_CLIENT ? "CLOSED" : "LISTEN";
    return "(before)";
}

static const char *last_state(const struct ladder_connection *connection, const struct ladder_row *row,
                              enum ladder_end end)
{
    return row->first == 0 ? first_state(connection, end) : state_of(connection, row->first - 1, end);
}

/* Columns that UTF-8 text takes: one per character here. */
static int columns_of(const char *text)
{
    int columns = 0;

    for (; *text != '\0'; text++)
        columns += ((unsigned char)*text & 0xc0) != 0x80;
    return columns;
}

static void repeat(FILE *to, const char *what, int times)
{
    for (; times > 0; times--)
        fputs(what, to);
}

static const char *colour_of(const struct ladder_segment *segment)
{
    if ((segment->tcp.flags & TCP_RST) != 0 || (segment->marks & (LADDER_RETRANSMITTED | LADDER_OUT_OF_ORDER)) != 0)
        return "\033[31m";
    if ((segment->marks & (LADDER_ZERO_WINDOW | LADDER_WINDOW_PROBE)) != 0)
        return "\033[33m";
    if ((segment->tcp.flags & TCP_SYN) != 0)
        return "\033[32m";
    return (segment->tcp.flags & TCP_FIN) != 0 ? "\033[36m" : "";
}

static void draw_arrow(FILE *to, const char *text, const char *line, bool left, bool right)
{
    int fill = ARROW_COLUMNS - 4 - columns_of(text);

    fputs(left ? "◀" : line, to);
    repeat(to, line, fill / 2);
    fprintf(to, " %s ", text);
    repeat(to, line, fill - fill / 2);
    fputs(right ? "▶" : line, to);
}

static void draw_row(const struct ladder_connection *connection, const struct ladder_row *row, FILE *to,
                     enum ladder_colour colour)
{
    const struct ladder_segment *segment = &connection->segments[row->first];
    double ms = (double)(segment->time_ns - connection->segments[0].time_ns) / 1e6;
    bool changes[2], run = row->last > row->first;
    const char *tint = colour == LADDER_COLOUR ? colour_of(segment) : "";
    char text[256];

    for (unsigned end = 0; end < 2; end++)
        changes[end] = strcmp(state_of(connection, row->last, (enum ladder_end)end),
                              last_state(connection, row, (enum ladder_end)end)) != 0;
    if (run)
        ladder_describe_run(connection, row, text, sizeof text);
    else
        ladder_describe(segment, text, sizeof text);
    fprintf(to, "%10.3f  %12s ", ms, changes[0] ? state_of(connection, row->last, LADDER_CLIENT) : "│");
    fputs(tint, to);
    if (run)
        draw_arrow(to, text, "┈", ladder_row_goes(row, LADDER_SERVER), ladder_row_goes(row, LADDER_CLIENT));
    else
        draw_arrow(to, text, "─", segment->from == LADDER_SERVER, segment->from == LADDER_CLIENT);
    fprintf(to, "%s %s\n", *tint != '\0' ? "\033[0m" : "",
            changes[1] ? state_of(connection, row->last, LADDER_SERVER) : "│");
}

static void draw_sum(const struct ladder_connection *connection, FILE *to)
{
    uint64_t bytes[2] = {0, 0};
    unsigned again = 0;
    uint64_t span = connection->segments[connection->count - 1].time_ns - connection->segments[0].time_ns;

    for (unsigned i = 0; i < connection->count; i++) {
        const struct ladder_segment *segment = &connection->segments[i];

        again += (segment->marks & LADDER_RETRANSMITTED) != 0;
        if ((segment->marks & LADDER_RETRANSMITTED) == 0)
            bytes[segment->from] += segment->tcp.data_bytes;
    }
    fprintf(to, "%10s  %u segments in %.3f ms, %llu bytes to the right, %llu to the left, %u sent again\n", "",
            connection->count, (double)span / 1e6, (unsigned long long)bytes[LADDER_CLIENT],
            (unsigned long long)bytes[LADDER_SERVER], again);
}

void ladder_draw(const struct ladder_connection *connection, FILE *to, enum ladder_colour colour)
{
    struct ladder_row row;
    char name[2][24];
    unsigned at = 0;
    int gap;

    if (connection->count == 0)
        return;
    ladder_end_name(connection, LADDER_CLIENT, name[0]);
    ladder_end_name(connection, LADDER_SERVER, name[1]);
    gap = ARROW_COLUMNS + 14 - (int)strlen(name[0]);
    fprintf(to, "%10s  %s%*s%s\n", "ms", name[0], gap, "", name[1]);
    fprintf(to, "%10s  %12s %*s %s\n", "", first_state(connection, LADDER_CLIENT), ARROW_COLUMNS, "",
            first_state(connection, LADDER_SERVER));
    while (ladder_next_row(connection, &at, &row))
        draw_row(connection, &row, to, colour);
    draw_sum(connection, to);
}

/* ------------------------------------------------------------------ mermaid */

void ladder_draw_mermaid(const struct ladder_connection *connection, FILE *to)
{
    struct ladder_row row;
    char name[2][24], text[256];
    unsigned at = 0;

    fprintf(to, "sequenceDiagram\n    participant C as %s\n    participant S as %s\n",
            ladder_end_name(connection, LADDER_CLIENT, name[0]), ladder_end_name(connection, LADDER_SERVER, name[1]));
    while (ladder_next_row(connection, &at, &row)) {
        bool run = row.last > row.first;
        bool client =
            run ? ladder_row_goes(&row, LADDER_CLIENT) : connection->segments[row.first].from == LADDER_CLIENT;

        if (run)
            ladder_describe_run(connection, &row, text, sizeof text);
        else
            ladder_describe(&connection->segments[row.first], text, sizeof text);
        fprintf(to, "    %s%s%s: %s\n", client ? "C" : "S", run ? "-->>" : "->>", client ? "S" : "C", text);
        for (unsigned end = 0; end < 2; end++) {
            const char *state = state_of(connection, row.last, (enum ladder_end)end);

            if (strcmp(state, last_state(connection, &row, (enum ladder_end)end)) != 0)
                fprintf(to, "    Note over %s: %s\n", end == LADDER_CLIENT ? "C" : "S", state);
        }
    }
}

/* ---------------------------------------------------------------------- SVG */

#define SVG_LEFT 150
#define SVG_RIGHT 750
#define SVG_ROW 30

static void svg_row(const struct ladder_connection *connection, const struct ladder_row *row, int y, FILE *to)
{
    bool run = row->last > row->first;
    bool client = run ? ladder_row_goes(row, LADDER_CLIENT) : connection->segments[row->first].from == LADDER_CLIENT;
    char text[256];

    if (run)
        ladder_describe_run(connection, row, text, sizeof text);
    else
        ladder_describe(&connection->segments[row->first], text, sizeof text);
    fprintf(to,
            "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"currentColor\"%s marker-end=\"url(#head)\"/>\n"
            "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
            client ? SVG_LEFT : SVG_RIGHT, y, client ? SVG_RIGHT : SVG_LEFT, y + 10,
            run ? " stroke-dasharray=\"4 4\"" : "", (SVG_LEFT + SVG_RIGHT) / 2, y - 1, text);
    for (unsigned end = 0; end < 2; end++) {
        const char *state = state_of(connection, row->last, (enum ladder_end)end);

        if (strcmp(state, last_state(connection, row, (enum ladder_end)end)) == 0)
            continue;
        fprintf(to, "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\" font-weight=\"bold\">%s</text>\n",
                end == LADDER_CLIENT ? SVG_LEFT - 8 : SVG_RIGHT + 8, y + 10, end == LADDER_CLIENT ? "end" : "start",
                state);
    }
}

void ladder_draw_svg(const struct ladder_connection *connection, FILE *to)
{
    struct ladder_row row;
    unsigned at = 0;
    int rows = 0, y = 70;
    char name[2][24];

    while (ladder_next_row(connection, &at, &row))
        rows++;
    fprintf(to,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 900 %d\" font-family=\"monospace\" "
            "font-size=\"12\">\n<defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" "
            "markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"currentColor\"/></marker></defs>\n",
            100 + rows * SVG_ROW);
    for (unsigned end = 0; end < 2; end++) {
        int x = end == LADDER_CLIENT ? SVG_LEFT : SVG_RIGHT;

        fprintf(to,
                "<text x=\"%d\" y=\"20\" text-anchor=\"middle\">%s</text>\n<text x=\"%d\" y=\"40\" "
                "text-anchor=\"middle\" font-weight=\"bold\">%s</text>\n<line x1=\"%d\" y1=\"48\" x2=\"%d\" y2=\"%d\" "
                "stroke=\"currentColor\"/>\n",
                x, ladder_end_name(connection, (enum ladder_end)end, name[end]), x,
                connection->count > 0 ? first_state(connection, (enum ladder_end)end) : "", x, x, 80 + rows * SVG_ROW);
    }
    at = 0;
    while (ladder_next_row(connection, &at, &row)) {
        svg_row(connection, &row, y, to);
        y += SVG_ROW;
    }
    fputs("</svg>\n", to);
}
