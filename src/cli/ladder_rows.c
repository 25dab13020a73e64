/*
 * The rows of a ladder, and their words: see ladder.h.
 */
#include "cli/ladder.h"

#include <string.h>

/* So many plain segments in a row become one line. */
#define RUN_MIN 5u

/* More marked segments than this are counted in their runs instead of being shown one by one. */
#define MARKED_ROWS_MAX 40u

static bool is_plain(const struct ladder_connection *connection, unsigned index)
{
    const struct ladder_segment *segment = &connection->segments[index];
    const struct ladder_segment *last = index > 0 ? segment - 1 : NULL;

    if ((segment->tcp.flags & (TCP_SYN | TCP_FIN | TCP_RST)) != 0 || last == NULL ||
        (segment->marks & LADDER_FIRST_DATA) != 0)
        return false;
    if (segment->state[0] != last->state[0] || segment->state[1] != last->state[1])
        return false;
    if ((segment->marks & LADDER_ZERO_WINDOW) != 0 && connection->marked <= 10 * MARKED_ROWS_MAX)
        return false;
    return (segment->marks & LADDER_TROUBLE) == 0 || connection->marked > MARKED_ROWS_MAX;
}

bool ladder_next_row(const struct ladder_connection *connection, unsigned *at, struct ladder_row *row)
{
    unsigned end = *at;

    memset(row, 0, sizeof *row);
    if (*at >= connection->count)
        return false;
    while (end < connection->count && is_plain(connection, end))
        end++;
    if (end < *at + RUN_MIN)
        end = *at + 1;
    row->first = *at;
    row->last = end - 1;
    for (unsigned i = *at; i < end; i++) {
        const struct ladder_segment *segment = &connection->segments[i];

        row->bytes_from[segment->from] += segment->tcp.data_bytes;
        row->acks_from[segment->from] += segment->tcp.data_bytes == 0;
        row->segments += segment->tcp.data_bytes != 0;
        row->marked += (segment->marks & LADDER_TROUBLE) != 0;
    }
    *at = end;
    return true;
}

struct words {
    char *text;
    size_t room, used;
};

static void words_begin(struct words *words, char *text, size_t text_bytes)
{
    words->text = text;
    words->room = text_bytes;
    words->used = 0;
    text[0] = '\0';
}

static void put(struct words *words, const char *word)
{
    int more = snprintf(words->text + words->used, words->room - words->used, "%s%s", words->used > 0 ? " " : "", word);

    if (more > 0)
        words->used += (size_t)more < words->room - words->used ? (size_t)more : words->room - words->used - 1;
}

static void put_number(struct words *words, const char *word, uint32_t number)
{
    char text[48];

    snprintf(text, sizeof text, "%s %u", word, (unsigned)number);
    put(words, text);
}

static void put_flags(struct words *words, unsigned flags)
{
    static const struct {
        unsigned flag;
        const char *name;
    } names[] = {{TCP_SYN, "SYN"}, {TCP_FIN, "FIN"}, {TCP_RST, "RST"}, {TCP_URG, "URG"}, {TCP_ACK, "ACK"}};
    char text[32] = "";
    size_t used = 0;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if ((flags & names[i].flag) != 0)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", used > 0 ? "," : "", names[i].name);
    put(words, used > 0 ? text : "(no flags)");
}

static void put_options(struct words *words, const struct tcp_options *options)
{
    if ((options->present & TCP_OPTION_MSS) != 0)
        put_number(words, "mss", options->mss);
    if ((options->present & TCP_OPTION_SACK_PERMITTED) != 0)
        put(words, "sackOK");
    if ((options->present & TCP_OPTION_WINDOW_SCALE) != 0)
        put_number(words, "wscale", options->window_scale);
    if ((options->present & TCP_OPTION_TIMESTAMP) != 0)
        put(words, "ts");
}

static void put_marks(struct words *words, const struct ladder_segment *segment)
{
    if ((segment->marks & LADDER_RETRANSMITTED) != 0)
        put(words, "[sent again]");
    if ((segment->marks & LADDER_OUT_OF_ORDER) != 0)
        put(words, "[out of order]");
    if ((segment->marks & LADDER_ZERO_WINDOW) != 0)
        put(words, "[window closed]");
    if ((segment->marks & LADDER_WINDOW_PROBE) != 0)
        put(words, "[window probe]");
    if ((segment->marks & LADDER_KEEP_ALIVE) != 0)
        put(words, "[keep-alive]");
    if ((segment->marks & LADDER_DUPLICATE_ACK) != 0)
        put(words, "[duplicate ACK]");
}

void ladder_describe(const struct ladder_segment *segment, char *text, size_t text_bytes)
{
    const struct tcp_segment *tcp = &segment->tcp;
    struct words words;

    words_begin(&words, text, text_bytes);
    put_flags(&words, tcp->flags);
    if (tcp->data_bytes > 0)
        put_number(&words, "data", tcp->data_bytes);
    put_number(&words, "seq", segment->seq);
    if ((tcp->flags & TCP_ACK) != 0)
        put_number(&words, "ack", segment->ack);
    if ((tcp->flags & TCP_RST) == 0)
        put_number(&words, "win", segment->window_bytes);
    if ((tcp->flags & TCP_SYN) != 0)
        put_options(&words, &tcp->options);
    if ((tcp->options.present & TCP_OPTION_SACK) != 0)
        put_number(&words, "sack", tcp->options.sack_count);
    put_marks(&words, segment);
}

/* 596736: "596,736". */
static char *grouped(uint32_t number, char text[16])
{
    char digits[16];
    int length = snprintf(digits, sizeof digits, "%u", (unsigned)number), used = 0;

    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            text[used++] = ',';
        text[used++] = digits[i];
    }
    text[used] = '\0';
    return text;
}

void ladder_describe_run(const struct ladder_connection *connection, const struct ladder_row *row, char *text,
                         size_t text_bytes)
{
    unsigned acks = row->acks_from[0] + row->acks_from[1];
    char number[16];
    int used = snprintf(text, text_bytes, "…");

    (void)connection;
    if (row->segments > 0) {
        used += snprintf(text + used, text_bytes - (size_t)used, " %s segments", grouped(row->segments, number));
        used += snprintf(text + used, text_bytes - (size_t)used, ", %s bytes",
                         grouped(row->bytes_from[0] + row->bytes_from[1], number));
    }
    if (acks > 0)
        used += snprintf(text + used, text_bytes - (size_t)used, "%s %s ACK%s", row->segments > 0 ? "," : "",
                         grouped(acks, number), acks == 1 ? "" : "s");
    if (row->marked > 0)
        snprintf(text + used, text_bytes - (size_t)used, ", %s out of line", grouped(row->marked, number));
}

char *ladder_end_name(const struct ladder_connection *connection, enum ladder_end end, char text[24])
{
    uint32_t addr = connection->addr[end];

    snprintf(text, 24, "%u.%u.%u.%u:%u", (unsigned)(addr >> 24), (unsigned)(addr >> 16 & 0xff),
             (unsigned)(addr >> 8 & 0xff), (unsigned)(addr & 0xff), (unsigned)connection->port[end]);
    return text;
}
