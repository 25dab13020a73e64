/*
 * TCP's set-up and its front door: which block a segment belongs to.
 */
#include "tcp/tcp.h"

#include "tcp/accurate_ecn.h"
#include "tcp/cc.h"
#include "tcp/connection.h"
#include "tcp/counts.h"
#include "tcp/fast_open.h"
#include "tcp/half_open.h"
#include "tcp/listen.h"
#include "tcp/reassembly.h"
#include "tcp/segment_arrives.h"
#include "tcp/sender.h"
#include "tcp/time_wait.h"
#include "tcp/trace.h"
#include "wire/checksum.h"

static void take_settings(struct tcp_settings *settings, const struct rill_config *config)
{
    *settings = (struct tcp_settings){
        .send_buffer_bytes = config->send_buffer_bytes,
        .receive_buffer_bytes = config->receive_buffer_bytes,
        .window_bytes_max = config->window_bytes_max,
        .send_buffer_bytes_max = config->send_buffer_bytes_max,
        .receive_buffer_bytes_max = config->receive_buffer_bytes_max,
        .msl_ms = config->msl_ms,
        .rto_initial_us = config->rto_initial_ms * 1000,
        .rto_min_us = config->rto_min_ms * 1000,
        .rto_max_us = config->rto_max_ms * 1000,
        .rto_granularity_us = config->rto_granularity_ms * 1000,
        .syn_timeout_ms = config->syn_timeout_ms,
        .delayed_ack_ms = config->delayed_ack_ms,
        .limits = {.user_timeout_ms = config->user_timeout_ms,
                   .keep_idle_ms = config->keepalive_idle_ms,
                   .keep_interval_ms = config->keepalive_interval_ms,
                   .fin_wait_2_ms = config->fin_wait_2_ms,
                   .keep_probes = (uint8_t)min_u32(config->keepalive_probes, UINT8_MAX)},
        .initial_window_segments = config->initial_window_segments,
        .bbr_loss_percent = config->bbr_loss_percent,
        .syn_retries = min_u32(config->syn_retries, SYN_RETRIES_MAX),
        .max_time_wait = config->max_time_wait,
        .timestamps = config->timestamps,
        .window_scaling = config->window_scaling,
        .sack = config->sack,
        .loss_probes = config->loss_probes,
        .syn_cookies = config->syn_cookies,
        .pacing = config->pacing,
        .window_pacing = config->window_pacing,
        .remember_rtt = config->remember_rtt,
        .transfer_counts = config->transfer_counts,
        .cc = (uint8_t)cc_find(config->congestion_control),
        .fast_open = config->fast_open,
        .ecn = (uint8_t)config->ecn,
        .fast_open_key_ms = config->fast_open_key_ms,
    };
}

int tcp_init(struct tcp *tcp, const struct rill_config *config)
{
    struct arena *arena = tcp_arena(tcp);

    take_settings(&tcp->settings, config);
    tcp->ip.mtu_probing = config->mtu_probing;
    tcp->ip.mtu_base = config->mtu_base;
    fast_open_set_keys(tcp, config->fast_open_keys, config->fast_open_key_count);
    pool_init(&tcp->tcbs, POOL_TCBS, sizeof(struct tcb), 0, config->max_connections);
    pool_init(&tcp->busies, POOL_BUSY, sizeof(struct busy), 0, 0);
    pool_init(&tcp->senders, POOL_SENDERS, sizeof(struct sender), 0, 0);
    pool_init(&tcp->sents, POOL_SENT, sizeof(struct sent), 0, 0);
    pool_init(&tcp->models, POOL_MODELS, CC_MODEL_BYTES, 0, 0);
    pool_init(&tcp->half_opens, POOL_HALF_OPEN, sizeof(struct half_open), 0, 0);
    pool_init(&tcp->time_waits, POOL_TIME_WAIT, sizeof(struct time_wait), 0, 0);
    pool_init(&tcp->listeners, POOL_LISTENERS, sizeof(struct listener), 0, 0);
    pool_init(&tcp->reassemblies, POOL_REASSEMBLY, sizeof(struct reassembly), 0, 0);
    pool_init(&tcp->ranges, POOL_RANGES, sizeof(struct reassembly_range), 0, 0);
    pool_init(&tcp->limits, POOL_LIMITS, sizeof(struct limits), 0, 0);
    pool_init(&tcp->accurate_ecns, POOL_ACCURATE_ECN, sizeof(struct accurate_ecn), 0, 0);
    pool_init(&tcp->counts, POOL_COUNTS, sizeof(struct counts), 0, 0);
    tcp->due_from = NANOS_NEVER;
    wheel_init(&tcp->wheel, offsetof(struct tcb, timer), tcp_host(tcp)->now);
    tcp->next_port = (uint16_t)host_draw(tcp_host(tcp));
    if (table_init(arena, &tcp->connections, 64) != 0 || table_init(arena, &tcp->listening, 16) != 0)
        return -RILL_ENOMEM;
    return 0;
}

#define MS_PER_DAY UINT64_C(86400000)

static void pull_stamps(struct tcp *tcp, nanos before)
{
    uint64_t gap_ms = (tcp_host(tcp)->now - before) / NANOS_PER_MS;
    uint32_t before_ms = (uint32_t)(before / NANOS_PER_MS);

    for (ref r = pool_next(tcp_arena(tcp), &tcp->tcbs, REF_NONE); r != REF_NONE;
         r = pool_next(tcp_arena(tcp), &tcp->tcbs, r)) {
        struct tcb *tcb = tcb_at(tcp, r);
        uint64_t quiet_ms = wrapping_sub(before_ms, tcb->last_heard_ms) + gap_ms;

        tcb->last_heard_ms = wrapping_sub(host_ms(tcp_host(tcp)), (uint32_t)min_u64(quiet_ms, 25 * MS_PER_DAY));
    }
    tcp->stamps_at = tcp_host(tcp)->now;
}

void tcp_time_passes(struct tcp *tcp, nanos before)
{
    if (unlikely(tcp_host(tcp)->now - tcp->stamps_at >= 10 * MS_PER_DAY * NANOS_PER_MS))
        pull_stamps(tcp, before);
}

static bool checksum_is_right(const struct ip_packet *packet)
{
    checksum_sum sum = checksum_bytes(packet->data, packet->data_bytes);

    if (ip_addr_is_v4(&packet->source))
        sum +=
            checksum_pseudo4(ip_v4(&packet->source), ip_v4(&packet->destination), IP_PROTOCOL_TCP, packet->data_bytes);
    else
        sum += checksum_pseudo6(packet->source.bytes, packet->destination.bytes, IP_PROTOCOL_TCP, packet->data_bytes);
    return checksum_finish(sum) == 0;
}

/* Segments mostly come in rows: the block of the last one is tried before the table. */
static bool is_last_found(const struct tcp *tcp, const struct arrival *arrival)
{
    const struct endpoint *ep;
    const struct path *path;

    if (tcp->last_found == REF_NONE)
        return false;
    ep = (const struct endpoint *)host_at(&tcp->ip.host, tcp->last_found);
    if (ep->local_port != arrival->seg.destination_port || ep->remote_port != arrival->seg.source_port)
        return false;
    path = path_at(&tcp->ip.host, ep->path);
    return ip_addr_equal(&path->remote, &arrival->packet->source) &&
           ip_addr_equal(&path->local, &arrival->packet->destination);
}

static ref find_block(struct tcp *tcp, const struct arrival *arrival)
{
    const struct ip_packet *packet = arrival->packet;
    ref r;

    if (is_last_found(tcp, arrival))
        return tcp->last_found;
    r = connection_find(tcp, &packet->destination, &packet->source, arrival->seg.destination_port,
                        arrival->seg.source_port);
    if (r != REF_NONE && endpoint_kind(tcp, r) == ENDPOINT_TCB)
        tcp->last_found = r;
    return r;
}

/* No block: a listener's segment, or nobody's. */
static void no_block(struct tcp *tcp, struct arrival *arrival)
{
    const struct ip_packet *packet = arrival->packet;
    struct listener *listener =
        listen_find(tcp, &(struct rill_endpoint){packet->destination, arrival->seg.destination_port},
                    &(struct rill_endpoint){packet->source, arrival->seg.source_port});

    if (ip_is_local(&tcp->ip, &packet->source) && !ip_netif_is_loop(&tcp->ip.netifs[packet->netif])) {
        segment_drop(tcp, arrival, RILL_DROP_TCP_LAND); /* our own address as a stranger's: we would answer ourselves */
    } else if (listener == NULL) {
        segment_arrives_closed(tcp, arrival);
    } else {
        listen_segment(tcp, listener, arrival, NULL);
    }
}

static void dispatch(struct tcp *tcp, struct arrival *arrival)
{
    ref r = find_block(tcp, arrival);
    void *block = host_at(tcp_host(tcp), r);

    if (trace_is_on(tcp))
        trace_emit_packet(tcp, r == REF_NONE ? NULL : (const struct endpoint *)block, RILL_TRACE_SEGMENT_IN,
                          arrival->packet->whole, arrival->packet->whole_bytes, arrival->seg.data_bytes);
    if (r == REF_NONE) {
        no_block(tcp, arrival);
        return;
    }
    switch (endpoint_kind(tcp, r)) {
    case ENDPOINT_TCB:
        segment_arrives(tcp, (struct tcb *)block, arrival);
        break;
    case ENDPOINT_HALF_OPEN:
        half_open_segment(tcp, (struct half_open *)block, arrival);
        break;
    case ENDPOINT_TIME_WAIT:
        time_wait_segment(tcp, (struct time_wait *)block, arrival);
        break;
    default:
        rill_assert(false);
    }
}

void tcp_input(struct tcp *tcp, struct ip_packet *packet)
{
    struct arrival arrival;
    enum rill_drop drop;

    arrival.packet = packet;
    drop = tcp_parse(packet->data, packet->data_bytes, &arrival.seg);
    if (drop == RILL_DROP_NONE && packet->broadcast)
        drop = RILL_DROP_TCP_BROADCAST; /* RFC 9293 MUST-57 */
    if (drop == RILL_DROP_NONE && !packet->checksum_ok && !checksum_is_right(packet))
        drop = RILL_DROP_TCP_CHECKSUM; /* MUST-3 */
    if (drop != RILL_DROP_NONE) {
        ip_drop(&tcp->ip, drop, packet->whole, packet->whole_bytes);
        return;
    }
    arrival.segments = 1;
    if (packet->segment_bytes != 0 && arrival.seg.data_bytes > packet->segment_bytes)
        arrival.segments = (arrival.seg.data_bytes + packet->segment_bytes - 1) / packet->segment_bytes;
    host_count(tcp_host(tcp), RILL_COUNT_TCP_SEGMENTS_IN, arrival.segments);
    dispatch(tcp, &arrival);
}
