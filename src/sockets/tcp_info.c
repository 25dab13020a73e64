/*
 * TCP_INFO: the stack's STATUS in Linux's struct and units. What rill has no
 * figure for is 0, as in a kernel that does not know the member.
 */
#include "sockets/option.h"

#include "base/types.h"

#define HEADER_BYTES 40u /* IPv4's and TCP's, without options */
#define REORDERING 3u    /* Linux's tcp_reordering */

_Static_assert(sizeof(struct rill_tcp_info) == 240, "Linux's struct tcp_info up to tcpi_rehash");
_Static_assert(sizeof(struct rill_tcp_info) <= OPTION_BYTES_MAX, "a getter's room");

static uint8_t state_number(const struct sock *sock, enum rill_state state)
{
    static const uint8_t numbers[RILL_STATES] = {
        [RILL_STATE_CLOSED] = RILL_TCPI_CLOSE,
        [RILL_STATE_LISTEN] = RILL_TCPI_LISTEN,
        [RILL_STATE_SYN_SENT] = RILL_TCPI_SYN_SENT,
        [RILL_STATE_SYN_RECEIVED] = RILL_TCPI_SYN_RECV,
        [RILL_STATE_ESTABLISHED] = RILL_TCPI_ESTABLISHED,
        [RILL_STATE_FIN_WAIT_1] = RILL_TCPI_FIN_WAIT1,
        [RILL_STATE_FIN_WAIT_2] = RILL_TCPI_FIN_WAIT2,
        [RILL_STATE_CLOSE_WAIT] = RILL_TCPI_CLOSE_WAIT,
        [RILL_STATE_CLOSING] = RILL_TCPI_CLOSING,
        [RILL_STATE_LAST_ACK] = RILL_TCPI_LAST_ACK,
        [RILL_STATE_TIME_WAIT] = RILL_TCPI_CLOSE, /* Linux's socket has let go of it by then */
    };

    return sock->phase == PHASE_LISTENING ? RILL_TCPI_LISTEN : numbers[state];
}

static uint32_t segments(uint32_t bytes, uint32_t mss)
{
    return mss == 0 ? 0 : (bytes + mss - 1) / mss;
}

/* What our SYN offered: what a packet of the path's size has room for, or less when the application said so. */
static uint32_t offered_mss(const struct sock *sock, const struct rill_status *status)
{
    uint32_t room = status->pmtu > HEADER_BYTES ? status->pmtu - HEADER_BYTES : 0;

    return sock->options.mss != 0 ? min_u32(sock->options.mss, room) : room;
}

static void fill_path(const struct sock *sock, const struct rill_status *status, struct rill_tcp_info *out)
{
    uint32_t infinite = UINT32_C(0x7fffffff); /* Linux's TCP_INFINITE_SSTHRESH */

    out->tcpi_snd_mss = status->snd_mss;
    out->tcpi_rcv_mss = status->rcv_mss;
    out->tcpi_advmss = offered_mss(sock, status);
    out->tcpi_pmtu = status->pmtu;
    out->tcpi_rto = status->rto_us;
    out->tcpi_ato = status->delayed_ack_us;
    out->tcpi_rtt = status->srtt_us;
    out->tcpi_rttvar = status->rttvar_us;
    out->tcpi_snd_cwnd = status->snd_mss == 0 ? 0 : max_u32(status->cwnd_bytes / status->snd_mss, 1);
    out->tcpi_snd_ssthresh = status->snd_mss == 0 || status->ssthresh_bytes >= 1u << 30
                                 ? infinite
                                 : status->ssthresh_bytes / status->snd_mss;
}

static void fill_queues(const struct below *below, const struct rill_status *status, struct rill_tcp_info *out)
{
    out->tcpi_notsent_bytes = below->unsent_bytes;
    out->tcpi_snd_wnd = status->snd_wnd;
    out->tcpi_rcv_wnd = status->rcv_wnd;
    out->tcpi_rcv_ssthresh = status->rcv_wnd;
    out->tcpi_total_retrans = status->retransmitted;
    out->tcpi_bytes_acked = status->bytes_sent_acked;
    out->tcpi_bytes_received = status->bytes_received;
    out->tcpi_segs_out = status->segments_out;
    out->tcpi_segs_in = status->segments_in;
    out->tcpi_last_ack_recv = status->quiet_ms;
}

static void fill_sender(const struct below *below, const struct rill_status *status, struct rill_tcp_info *out)
{
    out->tcpi_ca_state = (uint8_t)status->sending;
    out->tcpi_unacked = segments(below->unacked_bytes - below->unsent_bytes, status->snd_mss);
    out->tcpi_sacked = status->sacked_segments;
    /* Linux counts a segment as lost until it is acknowledged, though it was sent again; not what a probe repeats. */
    out->tcpi_lost = segments(status->lost_bytes, status->snd_mss);
    if (status->sending == RILL_SENDING_RECOVERY || status->sending == RILL_SENDING_LOSS)
        out->tcpi_lost = segments(status->lost_bytes + status->again_bytes, status->snd_mss);
    out->tcpi_retrans = segments(status->again_bytes, status->snd_mss);
    out->tcpi_reordering = REORDERING; /* RFC 8985 waits by time: the number stays what it begins with */
    out->tcpi_reord_seen = status->reordering_seen;
    out->tcpi_min_rtt = status->min_rtt_us != 0 ? status->min_rtt_us : UINT32_MAX;
    out->tcpi_delivery_rate = status->delivery_rate;
    out->tcpi_flags = status->delivery_rate_is_low ? 1 : 0;
    out->tcpi_pacing_rate =
        status->pacing_rate != 0 ? status->pacing_rate : UINT64_MAX; /* not paced: as Linux says it */
}

/* What only a stack with transfer_counts knows. */
static void fill_counts(const struct rill_status *status, struct rill_tcp_info *out)
{
    out->tcpi_data_segs_in = status->data_segments_in;
    out->tcpi_data_segs_out = status->data_segments_out;
    out->tcpi_last_data_sent = status->sent_ms;
    out->tcpi_last_data_recv = status->received_ms;
    out->tcpi_rcv_rtt = status->receive_rtt_us;
    out->tcpi_rcv_space = status->receive_space;
    out->tcpi_busy_time = status->busy_us;
    out->tcpi_rwnd_limited = status->window_limited_us;
    out->tcpi_sndbuf_limited = status->buffer_limited_us;
    out->tcpi_delivered = status->delivered_segments;
    out->tcpi_delivered_ce = status->delivered_marked;
    out->tcpi_bytes_sent = status->bytes_sent;
    out->tcpi_bytes_retrans = status->bytes_retransmitted;
    out->tcpi_dsack_dups = status->duplicates_told;
    out->tcpi_rcv_ooopack = status->out_of_order;
    if (status->reorderings != 0)
        out->tcpi_reord_seen = status->reorderings;
}

void tcp_info_fill(struct rill_sockets *s, struct sock *sock, struct rill_tcp_info *out)
{
    struct rill_status status;
    struct below below;

    memset(out, 0, sizeof *out);
    out->tcpi_state = state_number(sock, RILL_STATE_CLOSED);
    if (sock->conn == 0 || rill_status(s->stack, sock->conn, &status) != 0)
        return;
    out->tcpi_state = state_number(sock, status.state);
    if (sock->phase == PHASE_LISTENING) { /* as Linux tells a listener's queue and backlog */
        out->tcpi_unacked = status.receive_queued;
        out->tcpi_sacked = status.receive_buffer_bytes;
        return;
    }
    (void)sock_look(s, sock, &below);
    out->tcpi_options =
        (uint8_t)((status.timestamps ? 1 : 0) | (status.sack ? 2 : 0) | (status.window_scaling ? 4 : 0) |
                  (status.ecn != RILL_ECN_OFF ? 8 : 0) | (status.syn_data ? 32 : 0));
    out->tcpi_wscales = (uint8_t)((status.snd_wscale & 0xf) | (status.rcv_wscale & 0xf) << 4);
    out->tcpi_backoff = (uint8_t)min_u32(status.backoff, UINT8_MAX);
    if (status.timer == RILL_TIMER_PERSIST)
        out->tcpi_probes = out->tcpi_backoff;
    else
        out->tcpi_retransmits = out->tcpi_backoff;
    fill_path(sock, &status, out);
    fill_queues(&below, &status, out);
    fill_sender(&below, &status, out);
    fill_counts(&status, out);
    out->tcpi_max_pacing_rate = sock->options.limits.pacing_rate != 0 ? sock->options.limits.pacing_rate : UINT64_MAX;
}
