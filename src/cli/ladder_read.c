/*
 * Captures into connections: see ladder.h. Checksums are not looked at: what a
 * kernel hands to an offloading device is captured without one.
 */
#include "cli/ladder.h"

#include "cli/cli.h"

#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENTS_MAX 8000000u
#define CONNECTIONS_MAX 100000u

static uint32_t read32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static unsigned read16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

static struct ladder_connection *add_connection(struct ladder *ladder)
{
    struct ladder_connection *connection;

    if (ladder->count == ladder->room) {
        unsigned room = ladder->room == 0 ? 16 : ladder->room * 2;
        struct ladder_connection *grown =
            room <= CONNECTIONS_MAX ? realloc(ladder->connections, room * sizeof *grown) : NULL;

        if (grown == NULL)
            return NULL;
        ladder->connections = grown;
        ladder->room = room;
    }
    connection = &ladder->connections[ladder->count++];
    memset(connection, 0, sizeof *connection);
    return connection;
}

static bool is_opening(const struct tcp_segment *tcp)
{
    return (tcp->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

/* A SYN with another number than the one before opens a new connection on the same ports. */
static bool belongs(const struct ladder_connection *connection, enum ladder_end from, const struct tcp_segment *tcp)
{
    if (!is_opening(tcp))
        return true;
    for (unsigned i = 0; i < connection->count && i < 16; i++) {
        const struct ladder_segment *segment = &connection->segments[i];

        if (segment->from == from && is_opening(&segment->tcp))
            return segment->tcp.seq.v == tcp->seq.v;
        if (segment->from != from && is_opening(&segment->tcp) && connection->count < 8)
            return true; /* simultaneous open */
    }
    return false;
}

static struct ladder_connection *find_connection(struct ladder *ladder, uint32_t source, uint32_t destination,
                                                 const struct tcp_segment *tcp, enum ladder_end *from)
{
    struct ladder_connection *connection;
    bool answers = (tcp->flags & TCP_SYN) != 0 && (tcp->flags & TCP_ACK) != 0;

    for (unsigned i = ladder->count; i > 0; i--) {
        connection = &ladder->connections[i - 1];
        for (unsigned end = 0; end < 2; end++) {
            if (connection->addr[end] != source || connection->port[end] != tcp->source_port ||
                connection->addr[1 - end] != destination || connection->port[1 - end] != tcp->destination_port)
                continue;
            *from = (enum ladder_end)end;
            if (belongs(connection, *from, tcp))
                return connection;
        }
    }
    connection = add_connection(ladder);
    if (connection == NULL)
        return NULL;
    /* Without a SYN the higher port is most likely the client's. */
    if (is_opening(tcp))
        *from = LADDER_CLIENT;
    else
        *from = answers || tcp->source_port < tcp->destination_port ? LADDER_SERVER : LADDER_CLIENT;
    connection->addr[*from] = source;
    connection->port[*from] = tcp->source_port;
    connection->addr[1 - *from] = destination;
    connection->port[1 - *from] = tcp->destination_port;
    return connection;
}

static struct ladder_segment *add_segment(struct ladder_connection *connection)
{
    if (connection->count == connection->room) {
        unsigned room = connection->room == 0 ? 64 : connection->room * 2;
        struct ladder_segment *grown =
            room <= SEGMENTS_MAX ? realloc(connection->segments, room * sizeof *grown) : NULL;

        if (grown == NULL)
            return NULL;
        connection->segments = grown;
        connection->room = room;
    }
    return &connection->segments[connection->count++];
}

bool ladder_add_packet(struct ladder *ladder, const uint8_t *packet, size_t captured_bytes, uint64_t time_ns)
{
    struct ladder_connection *connection;
    struct ladder_segment *segment;
    struct tcp_segment tcp;
    enum ladder_end from;
    unsigned header, total;
    size_t present;

    ladder->packets++;
    ladder->unread++;
    if (captured_bytes < 40 || packet[0] >> 4 != 4 || packet[9] != 6)
        return false;
    header = (packet[0] & 0xfu) * 4;
    total = read16(packet + 2);
    if (header < 20 || total < header + 20 || captured_bytes < header + 20 || (read16(packet + 6) & 0x3fff) != 0)
        return false;
    /* A capture may be cut: the headers must be there, the payload's length follows from the IP header. */
    present = captured_bytes < total ? captured_bytes - header : total - header;
    if (tcp_parse(packet + header, present, &tcp) != RILL_DROP_NONE)
        return false;
    tcp.data_bytes = total - header - tcp.header_bytes;
    tcp.data = NULL;
    tcp.options.fast_open_cookie = NULL;
    connection = find_connection(ladder, read32(packet + 12), read32(packet + 16), &tcp, &from);
    segment = connection != NULL ? add_segment(connection) : NULL;
    if (segment == NULL)
        return false;
    memset(segment, 0, sizeof *segment);
    segment->time_ns = time_ns;
    segment->from = from;
    segment->tcp = tcp;
    ladder->unread--;
    return true;
}

/* Where the IP header begins, by link type; 0 with *known false when the type is not known. */
static size_t link_bytes(int type, const uint8_t *packet, size_t length, bool *known)
{
    *known = true;
    switch (type) {
    case DLT_RAW:
    case DLT_IPV4:
        return 0;
    case DLT_NULL:
        return 4;
    case DLT_LINUX_SLL:
        return 16;
    case DLT_LINUX_SLL2:
        return 20;
    case DLT_EN10MB:
        return length > 18 && read16(packet + 12) == 0x8100 ? 18 : 14;
    default:
        *known = false;
        return 0;
    }
}

int ladder_read(struct ladder *ladder, const char *path)
{
    char error[PCAP_ERRBUF_SIZE] = "";
    struct pcap_pkthdr *header;
    const uint8_t *packet;
    pcap_t *pcap;
    int got;

    memset(ladder, 0, sizeof *ladder);
    pcap = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, error);
    if (pcap == NULL) {
        if (strstr(error, path) != NULL)
            cli_error("%s", error);
        else
            cli_error("%s: %s", path, error);
        return -1;
    }
    while ((got = pcap_next_ex(pcap, &header, &packet)) == 1) {
        bool known;
        size_t skip = link_bytes(pcap_datalink(pcap), packet, header->caplen, &known);

        if (!known) {
            cli_error("%s: link type %d is not one that rill reads (raw IP, Ethernet, Linux cooked)", path,
                      pcap_datalink(pcap));
            pcap_close(pcap);
            return -1;
        }
        if (header->caplen > skip)
            ladder_add_packet(ladder, packet + skip, header->caplen - skip,
                              (uint64_t)header->ts.tv_sec * 1000000000u + (uint64_t)header->ts.tv_usec);
    }
    if (got == PCAP_ERROR)
        cli_error("%s: %s (what was read before is shown)", path, pcap_geterr(pcap));
    pcap_close(pcap);
    for (unsigned i = 0; i < ladder->count; i++)
        ladder_infer(&ladder->connections[i]);
    return 0;
}

void ladder_free(struct ladder *ladder)
{
    for (unsigned i = 0; i < ladder->count; i++)
        free(ladder->connections[i].segments);
    free(ladder->connections);
    memset(ladder, 0, sizeof *ladder);
}
