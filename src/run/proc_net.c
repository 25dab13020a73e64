/*
 * /proc/net/{tcp,tcp6,udp,udp6,snmp,netstat,dev} as netstat, ss and
 * node_exporter read them, proc(5): the kernel's lines for the loopback, the
 * stack's for everything else.
 */
#include "run/proc_files.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 8192u
#define UDP_PROTOCOL 17

/* ------------------------------------------------------------------------- sockets */

/* Linux's numbers, include/net/tcp_states.h. */
static unsigned state_number(const struct rill_status *status)
{
    static const uint8_t numbers[RILL_STATES] = {
        [RILL_STATE_CLOSED] = 7,       [RILL_STATE_LISTEN] = 10,     [RILL_STATE_SYN_SENT] = 2,
        [RILL_STATE_SYN_RECEIVED] = 3, [RILL_STATE_ESTABLISHED] = 1, [RILL_STATE_FIN_WAIT_1] = 4,
        [RILL_STATE_FIN_WAIT_2] = 5,   [RILL_STATE_CLOSE_WAIT] = 8,  [RILL_STATE_CLOSING] = 11,
        [RILL_STATE_LAST_ACK] = 9,     [RILL_STATE_TIME_WAIT] = 6,
    };

    return numbers[status->state];
}

static unsigned timer_number(enum rill_timer timer)
{
    switch (timer) {
    case RILL_TIMER_RETRANSMISSION:
        return 1;
    case RILL_TIMER_KEEPALIVE:
    case RILL_TIMER_FIN_WAIT_2:
        return 2;
    case RILL_TIMER_TIME_WAIT:
        return 3;
    case RILL_TIMER_PERSIST:
        return 4;
    default:
        return 0;
    }
}

/* Each word of the address as a number of the machine, in hexadecimal: so it stands in these files. */
static void put_endpoint(FILE *to, const struct rill_endpoint *end, bool v6)
{
    uint32_t word;

    for (unsigned at = v6 ? 0 : 12; at < 16; at += 4) {
        memcpy(&word, end->addr.bytes + at, sizeof word);
        fprintf(to, "%08X", (unsigned)word);
    }
    fprintf(to, ":%04X ", (unsigned)end->port);
}

static void put_socket(const struct run *run, FILE *to, unsigned number, const struct rill_status *status,
                       uint64_t inode, bool v6)
{
    unsigned timer = timer_number(status->timer);
    unsigned long ticks = timer == 0 ? 0 : (unsigned long)(status->timer_left / 10000000u);

    fprintf(to, "%4u: ", number);
    put_endpoint(to, &status->local, v6);
    put_endpoint(to, &status->remote, v6);
    fprintf(to, "%02X %08X:%08X %02X:%08lX %08X %5u %8d %llu 1 0000000000000000", state_number(status),
            (unsigned)status->send_queued, (unsigned)status->receive_queued, timer, ticks, (unsigned)status->backoff,
            (unsigned)run->config.uid, 0, (unsigned long long)inode);
    if (status->protocol == UDP_PROTOCOL)
        fprintf(to, " 0\n");
    else
        fprintf(to, " %u %u %u %u %d\n", (unsigned)(status->rto_us / 10000), 4, 0,
                status->snd_mss != 0 ? (unsigned)(status->cwnd_bytes / status->snd_mss) : 0, -1);
}

/* Which of a program's sockets a connection is: a table from handles to their sockets, open addressing. */
struct owners {
    size_t size; /* a power of two */
    struct psock **slots;
};

static size_t owner_slot(const struct run *run, const struct owners *owners, rill_conn conn)
{
    size_t at = (size_t)((conn * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (owners->size - 1);

    while (owners->slots[at] != NULL && rill_sock_conn(run->sockets, owners->slots[at]->fd) != conn)
        at = (at + 1) & (owners->size - 1);
    return at;
}

static bool owners_make(const struct run *run, struct owners *owners)
{
    owners->size = 64;
    while (owners->size < 2u * run->counts.live)
        owners->size *= 2;
    owners->slots = calloc(owners->size, sizeof(struct psock *));
    if (owners->slots == NULL)
        return false;
    for (uint32_t i = 0; i < run->all_used; i++) {
        struct psock *ps = run->all[i];
        rill_conn conn = ps != NULL ? rill_sock_conn(run->sockets, ps->fd) : 0;

        if (conn != 0)
            owners->slots[owner_slot(run, owners, conn)] = ps;
    }
    return true;
}

/* A program's AF_INET6 socket stands in the file of IPv6, with mapped addresses. */
static bool is_in_file(const struct rill_status *status, const struct psock *owner, bool datagrams, bool v6)
{
    bool is_v6 = owner != NULL
                     ? owner->v6
                     : !rill_addr_is_v4(&status->local.addr) && !rill_addr_is_unspecified(&status->local.addr);

    return (status->protocol == UDP_PROTOCOL) == datagrams && is_v6 == v6;
}

/* The kernel's own sockets, but for those that stand beside ours for the loopback. Returns how many. */
static unsigned put_kernels_sockets(FILE *from, FILE *to)
{
    static const char *const beside[] = {" 00000000:", " 00000000000000000000000000000000:"};
    char line[LINE_BYTES];
    unsigned count = 0;

    if (fgets(line, sizeof line, from) != NULL)
        fputs(line, to);
    while (fgets(line, sizeof line, from) != NULL) {
        const char *local = strchr(line, ':');

        if (local != NULL && (strncmp(local + 1, beside[0], strlen(beside[0])) == 0 ||
                              strncmp(local + 1, beside[1], strlen(beside[1])) == 0))
            continue;
        fputs(line, to);
        count++;
    }
    return count;
}

bool proc_sockets(struct run *run, FILE *to, bool datagrams, bool v6)
{
    static const char *const names[2][2] = {{"tcp", "tcp6"}, {"udp", "udp6"}};
    FILE *from = proc_open_kernels(names[datagrams][v6]);
    struct rill_status status;
    struct owners owners;
    uint64_t cursor = 0;
    unsigned number;

    if (from == NULL)
        return false;
    number = put_kernels_sockets(from, to);
    fclose(from);
    if (!owners_make(run, &owners))
        return false;
    while (rill_list(run->stack, &cursor, &status)) {
        const struct psock *owner = status.conn != 0 ? owners.slots[owner_slot(run, &owners, status.conn)] : NULL;

        if (is_in_file(&status, owner, datagrams, v6))
            put_socket(run, to, number++, &status, owner != NULL ? owner->inode : 0, v6);
    }
    free(owners.slots);
    return true;
}

/* ------------------------------------------------------------------------ counters */

/* What the stack adds to a column of the kernel's. */
struct addition {
    const char *group, *column;
    uint64_t value;
};

static uint64_t established(const struct run *run)
{
    struct rill_status status;
    uint64_t cursor = 0, count = 0;

    while (rill_list(run->stack, &cursor, &status))
        count += status.protocol != UDP_PROTOCOL &&
                 (status.state == RILL_STATE_ESTABLISHED || status.state == RILL_STATE_CLOSE_WAIT);
    return count;
}

#define COUNT(name) rill_counted(run->stack, RILL_COUNT_##name)
#define DROP(name) rill_drops(run->stack, RILL_DROP_##name)

static uint64_t added(const struct run *run, const char *group, const char *column)
{
    const struct addition additions[] = {
        {"Ip:", "InReceives", COUNT(IP_IN)},
        {"Ip:", "InDelivers", COUNT(IP_IN)},
        {"Ip:", "OutRequests", COUNT(IP_OUT)},
        {"Ip:", "OutTransmits", COUNT(IP_OUT)},
        {"Icmp:", "InDestUnreachs", COUNT(ICMP_ERRORS_IN)},
        {"Icmp:", "OutEchoReps", COUNT(ICMP_ECHO_REPLIES)},
        {"Icmp:", "OutDestUnreachs", COUNT(ICMP_UNREACHABLE_OUT)},
        {"Tcp:", "ActiveOpens", COUNT(TCP_ACTIVE_OPENS)},
        {"Tcp:", "PassiveOpens", COUNT(TCP_PASSIVE_OPENS)},
        {"Tcp:", "AttemptFails", COUNT(TCP_FAILED_OPENS)},
        {"Tcp:", "EstabResets", COUNT(TCP_RESETS_IN)},
        {"Tcp:", "CurrEstab", established(run)},
        {"Tcp:", "InSegs", COUNT(TCP_SEGMENTS_IN)},
        {"Tcp:", "OutSegs", COUNT(TCP_SEGMENTS_OUT) - COUNT(TCP_RETRANSMITTED)},
        {"Tcp:", "RetransSegs", COUNT(TCP_RETRANSMITTED)},
        {"Tcp:", "OutRsts", COUNT(TCP_RESETS_OUT)},
        {"Udp:", "InDatagrams", COUNT(UDP_DATAGRAMS_IN)},
        {"Udp:", "OutDatagrams", COUNT(UDP_DATAGRAMS_OUT)},
        {"Udp:", "NoPorts", DROP(UDP_NO_SOCKET)},
        {"Udp:", "RcvbufErrors", DROP(UDP_RECEIVE_FULL)},
        {"TcpExt:", "SyncookiesSent", COUNT(TCP_SYN_COOKIES_SENT)},
        {"TcpExt:", "SyncookiesRecv", COUNT(TCP_SYN_COOKIES_TAKEN)},
        {"TcpExt:", "DelayedACKs", COUNT(TCP_DELAYED_ACKS)},
        {"TcpExt:", "TCPTimeouts", COUNT(TCP_RTO_FIRED)},
        {"TcpExt:", "TCPFastRetrans", COUNT(TCP_FAST_RETRANSMITS)},
        {"TcpExt:", "TCPOFOQueue", COUNT(TCP_OUT_OF_ORDER)},
        {"TcpExt:", "TCPMTUPFail", COUNT(TCP_MTU_PROBES_LOST)},
        {"TcpExt:", "TCPMTUPSuccess", COUNT(TCP_MTU_PROBES_ACKED)},
        {"TcpExt:", "TCPChallengeACK", COUNT(TCP_CHALLENGE_ACKS)},
        {"TcpExt:", "TCPKeepAlive", COUNT(TCP_KEEPALIVE_PROBES)},
        {"TcpExt:", "TCPAbortOnTimeout", COUNT(TCP_TIMEOUTS)},
        {"IpExt:", "InOctets", COUNT(IP_BYTES_IN)},
        {"IpExt:", "OutOctets", COUNT(IP_BYTES_OUT)},
    };

    for (size_t i = 0; i < sizeof additions / sizeof additions[0]; i++)
        if (strcmp(additions[i].group, group) == 0 && strcmp(additions[i].column, column) == 0)
            return additions[i].value;
    return 0;
}

/* A line of names and the line of their values, the stack's added. */
static void put_pair(const struct run *run, char *names, char *values, FILE *to)
{
    char *name_at = NULL, *value_at = NULL;
    const char *group, *name, *value;

    fputs(names, to);
    group = strtok_r(names, " \n", &name_at);
    if (group == NULL)
        return;
    fputs(group, to);
    (void)strtok_r(values, " \n", &value_at);
    while ((name = strtok_r(NULL, " \n", &name_at)) != NULL && (value = strtok_r(NULL, " \n", &value_at)) != NULL) {
        uint64_t ours = added(run, group, name);

        if (ours == 0)
            fprintf(to, " %s", value); /* as it is: it may be negative */
        else
            fprintf(to, " %llu", (unsigned long long)(strtoull(value, NULL, 10) + ours));
    }
    fputc('\n', to);
}

bool proc_counters(struct run *run, FILE *to, const char *name)
{
    static char names[LINE_BYTES], values[LINE_BYTES];
    FILE *from = proc_open_kernels(name);

    if (from == NULL)
        return false;
    while (fgets(names, sizeof names, from) != NULL && fgets(values, sizeof values, from) != NULL)
        put_pair(run, names, values, to);
    fclose(from);
    return true;
}

/* The program's interface carries nothing: what is told of it is the stack's. */
bool proc_interfaces(struct run *run, FILE *to)
{
    FILE *from = proc_open_kernels("dev");
    char line[512];

    if (from == NULL)
        return false;
    while (fgets(line, sizeof line, from) != NULL) {
        const char *name = line + strspn(line, " ");

        if (strncmp(name, "rill0:", 6) != 0)
            fputs(line, to);
        else
            fprintf(to,
                    " rill0: %7llu %7llu    0    0    0     0          0         0 %8llu %7llu    0    0    0     0    "
                    "   0          0\n",
                    (unsigned long long)COUNT(IP_BYTES_IN), (unsigned long long)COUNT(IP_IN),
                    (unsigned long long)COUNT(IP_BYTES_OUT), (unsigned long long)COUNT(IP_OUT));
    }
    fclose(from);
    return true;
}
