/*
 * TCP_INFO by name: see info.h.
 */
#include "drill/info.h"

#include <string.h>

struct member {
    const char *name;
    size_t offset, bytes;
};

#define MEMBER(name)                                                                                                   \
    {                                                                                                                  \
#name, offsetof(struct rill_tcp_info, name), sizeof((struct rill_tcp_info *)0)->name                           \
    }

static const struct member members[] = {
    MEMBER(tcpi_state),
    MEMBER(tcpi_ca_state),
    MEMBER(tcpi_retransmits),
    MEMBER(tcpi_probes),
    MEMBER(tcpi_backoff),
    MEMBER(tcpi_options),
    MEMBER(tcpi_rto),
    MEMBER(tcpi_ato),
    MEMBER(tcpi_snd_mss),
    MEMBER(tcpi_rcv_mss),
    MEMBER(tcpi_unacked),
    MEMBER(tcpi_sacked),
    MEMBER(tcpi_lost),
    MEMBER(tcpi_retrans),
    MEMBER(tcpi_fackets),
    MEMBER(tcpi_pmtu),
    MEMBER(tcpi_last_data_sent),
    MEMBER(tcpi_last_ack_sent),
    MEMBER(tcpi_last_data_recv),
    MEMBER(tcpi_last_ack_recv),
    MEMBER(tcpi_rcv_ssthresh),
    MEMBER(tcpi_rtt),
    MEMBER(tcpi_rttvar),
    MEMBER(tcpi_snd_ssthresh),
    MEMBER(tcpi_snd_cwnd),
    MEMBER(tcpi_advmss),
    MEMBER(tcpi_reordering),
    MEMBER(tcpi_rcv_rtt),
    MEMBER(tcpi_rcv_space),
    MEMBER(tcpi_total_retrans),
    MEMBER(tcpi_pacing_rate),
    MEMBER(tcpi_max_pacing_rate),
    MEMBER(tcpi_bytes_acked),
    MEMBER(tcpi_bytes_received),
    MEMBER(tcpi_segs_out),
    MEMBER(tcpi_segs_in),
    MEMBER(tcpi_notsent_bytes),
    MEMBER(tcpi_min_rtt),
    MEMBER(tcpi_data_segs_in),
    MEMBER(tcpi_data_segs_out),
    MEMBER(tcpi_delivery_rate),
    MEMBER(tcpi_busy_time),
    MEMBER(tcpi_rwnd_limited),
    MEMBER(tcpi_sndbuf_limited),
    MEMBER(tcpi_delivered),
    MEMBER(tcpi_delivered_ce),
    MEMBER(tcpi_bytes_sent),
    MEMBER(tcpi_bytes_retrans),
    MEMBER(tcpi_dsack_dups),
    MEMBER(tcpi_reord_seen),
    MEMBER(tcpi_rcv_ooopack),
    MEMBER(tcpi_snd_wnd),
    MEMBER(tcpi_rcv_wnd),
    MEMBER(tcpi_rehash),
};

static const struct {
    const char *name;
    int value;
} constants[] = {
    {"TCP_ESTABLISHED", 1},
    {"TCP_SYN_SENT", 2},
    {"TCP_SYN_RECV", 3},
    {"TCP_FIN_WAIT1", 4},
    {"TCP_FIN_WAIT2", 5},
    {"TCP_TIME_WAIT", 6},
    {"TCP_CLOSE", 7},
    {"TCP_CLOSE_WAIT", 8},
    {"TCP_LAST_ACK", 9},
    {"TCP_LISTEN", 10},
    {"TCP_CLOSING", 11},
    {"TCP_CA_Open", 0},
    {"TCP_CA_Disorder", 1},
    {"TCP_CA_CWR", 2},
    {"TCP_CA_Recovery", 3},
    {"TCP_CA_Loss", 4},
    {"TCPI_OPT_TIMESTAMPS", 1},
    {"TCPI_OPT_SACK", 2},
    {"TCPI_OPT_WSCALE", 4},
    {"TCPI_OPT_ECN", 8},
    {"TCPI_OPT_ECN_SEEN", 16},
    {"TCPI_OPT_SYN_DATA", 32},
    {"TCPI_OPT_USEC_TS", 64},
    /* FreeBSD's numbers, in RFC 9293's order */
    {"TCPS_CLOSED", 0},
    {"TCPS_LISTEN", 1},
    {"TCPS_SYN_SENT", 2},
    {"TCPS_SYN_RECEIVED", 3},
    {"TCPS_ESTABLISHED", 4},
    {"TCPS_CLOSE_WAIT", 5},
    {"TCPS_FIN_WAIT_1", 6},
    {"TCPS_CLOSING", 7},
    {"TCPS_LAST_ACK", 8},
    {"TCPS_FIN_WAIT_2", 9},
    {"TCPS_TIME_WAIT", 10},
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static uint64_t bsd_state(enum rill_state state)
{
    static const uint8_t numbers[RILL_STATES] = {
        [RILL_STATE_CLOSED] = 0,       [RILL_STATE_LISTEN] = 1,      [RILL_STATE_SYN_SENT] = 2,
        [RILL_STATE_SYN_RECEIVED] = 3, [RILL_STATE_ESTABLISHED] = 4, [RILL_STATE_CLOSE_WAIT] = 5,
        [RILL_STATE_FIN_WAIT_1] = 6,   [RILL_STATE_CLOSING] = 7,     [RILL_STATE_LAST_ACK] = 8,
        [RILL_STATE_FIN_WAIT_2] = 9,   [RILL_STATE_TIME_WAIT] = 10,
    };

    return numbers[state];
}

void info_read(struct run *run, int fd, struct info *out)
{
    uint32_t bytes = sizeof out->tcp;
    struct rill_status status;

    memset(out, 0, sizeof *out);
    out->bsd = strcmp(run->options->profile, "freebsd") == 0;
    if (fd < 0)
        return;
    (void)rill_sock_getsockopt(run->sockets, fd, RILL_SOL_TCP, RILL_TCP_INFO, &out->tcp, &bytes);
    if (rill_status(run->stack, rill_sock_conn(run->sockets, fd), &status) != 0)
        return;
    out->bsd_state = bsd_state(status.state);
    out->cwnd_bytes = status.cwnd_bytes;
    out->ssthresh_bytes = status.ssthresh_bytes;
}

static uint64_t value_of_member(const struct rill_tcp_info *info, const struct member *member)
{
    const uint8_t *at = (const uint8_t *)info + member->offset;
    uint64_t wide = 0;
    uint32_t word = 0;

    if (member->bytes == 1)
        return *at;
    if (member->bytes == 4) {
        memcpy(&word, at, sizeof word);
        return word;
    }
    memcpy(&wide, at, sizeof wide);
    return wide;
}

/* Members that FreeBSD counts or names in its own way, and the bit fields. */
static bool special_member(const struct info *info, const char *name, uint64_t *out)
{
    const struct {
        const char *name;
        bool bsd_only;
        uint64_t value;
    } special[] = {
        {"tcpi_snd_wscale", false, info->tcp.tcpi_wscales & 15u},
        {"tcpi_rcv_wscale", false, info->tcp.tcpi_wscales >> 4u},
        {"tcpi_delivery_rate_app_limited", false, info->tcp.tcpi_flags & 1u},
        {"tcpi_fastopen_client_fail", false, info->tcp.tcpi_flags >> 1 & 3u},
        {"tcpi_state", true, info->bsd_state},
        {"tcpi_snd_cwnd", true, info->cwnd_bytes},
        {"tcpi_snd_ssthresh", true, info->ssthresh_bytes},
        {"tcpi_snd_rexmitpack", true, info->tcp.tcpi_total_retrans},
    };

    for (size_t i = 0; i < COUNT(special); i++) {
        if (strcmp(special[i].name, name) == 0 && (info->bsd || !special[i].bsd_only)) {
            *out = special[i].value;
            return true;
        }
    }
    return false;
}

bool info_member(const struct info *info, const char *name, int64_t *out)
{
    uint64_t value = 0;
    bool found = special_member(info, name, &value);

    for (size_t i = 0; !found && i < COUNT(members); i++) {
        if (strcmp(members[i].name, name) == 0) {
            value = value_of_member(&info->tcp, &members[i]);
            found = true;
        }
    }
    *out = (int64_t)value;
    return found;
}

bool info_constant(const char *name, int64_t *out)
{
    for (size_t i = 0; i < COUNT(constants); i++) {
        if (strcmp(constants[i].name, name) == 0) {
            *out = constants[i].value;
            return true;
        }
    }
    return false;
}

/* A state's name in the other dialect would be another number: it stays unknown. */
void info_add_python_names(bool bsd, struct text *to)
{
    text_add(to, "g = {");
    for (size_t i = 0; i < COUNT(constants); i++)
        if ((strncmp(constants[i].name, "TCPS_", 5) == 0) == bsd || strncmp(constants[i].name, "TCPI_", 5) == 0)
            text_add(to, "'%s': %d, ", constants[i].name, constants[i].value);
    text_add(to, "}\n");
}

void info_add_python(const struct info *info, struct text *to)
{
    static const char *const others[] = {"tcpi_snd_wscale", "tcpi_rcv_wscale", "tcpi_delivery_rate_app_limited",
                                         "tcpi_fastopen_client_fail", "tcpi_snd_rexmitpack"};
    int64_t value;

    for (size_t i = 0; i < COUNT(members); i++)
        if (info_member(info, members[i].name, &value))
            text_add(to, "%s=%llu, ", members[i].name, (unsigned long long)value);
    for (size_t i = 0; i < COUNT(others); i++)
        if (info_member(info, others[i], &value))
            text_add(to, "%s=%llu, ", others[i], (unsigned long long)value);
}
