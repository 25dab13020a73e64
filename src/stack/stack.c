/*
 * Creation, the batch loop (input, timers, output) and events: the native
 * API's core.
 */
#include "stack/stack.h"

#include "icmp/icmp.h"
#include "ip/reply.h"
#include "tcp/cc.h"
#include "tcp/connection.h"
#include "tcp/counts.h"
#include "tcp/network_error.h"
#include "tcp/output.h"
#include "tcp/time_wait.h"
#include "tcp/timeouts.h"
#include "tcp/user_calls.h"
#include "udp/receive.h"
#include "udp/send.h"
#include "wire/icmp4.h"

void rill_config_default(struct rill_config *config)
{
    *config = (struct rill_config){
        .size = sizeof *config,
        .send_buffer_bytes = 1u << 20,
        .receive_buffer_bytes = 1u << 20,
        .send_buffer_bytes_max = 512u << 20,
        .receive_buffer_bytes_max = 512u << 20,
        .window_bytes_max = 8u << 20,
        .msl_ms = 30000,
        .rto_initial_ms = 1000,
        .rto_min_ms = 200,
        .rto_max_ms = 60000,
        .rto_granularity_ms = 100,
        .user_timeout_ms = 900000,
        .syn_timeout_ms = 180000,
        .delayed_ack_ms = 40,
        .fin_wait_2_ms = 60000,
        .keepalive_idle_ms = 7200000,
        .keepalive_interval_ms = 75000,
        .keepalive_probes = 9,
        .initial_window_segments = 10,
        .bbr_loss_percent = 8,
        .syn_retries = 5,
        .timestamps = true,
        .window_scaling = true,
        .sack = true,
        .loss_probes = true,
        .syn_cookies = true,
        .window_pacing = true,
        .remember_rtt = true,
        .fast_open = RILL_FAST_OPEN_CLIENT | RILL_FAST_OPEN_SERVER,
        .ecn = RILL_ECN_ACCEPT,
        .fast_open_key_ms = 24u * 3600u * 1000u,
        .mtu_probing = RILL_MTU_PROBING_BLACK_HOLE,
        .mtu_base = 1200,
    };
}

static bool config_is_valid(const struct rill_config *config)
{
    return config->size == sizeof *config && config->memory != NULL &&
           ((uintptr_t)config->memory & (ARENA_PAGE_BYTES - 1)) == 0 && config->send_buffer_bytes >= 4096 &&
           config->receive_buffer_bytes >= 4096 && config->send_buffer_bytes <= 1u << 30 &&
           config->receive_buffer_bytes <= 1u << 30 && config->send_buffer_bytes_max <= 1u << 30 &&
           config->receive_buffer_bytes_max <= 1u << 30 && config->rto_min_ms >= 1 &&
           config->rto_min_ms <= config->rto_max_ms && config->rto_max_ms <= 3600000 && config->rto_initial_ms >= 1 &&
           config->rto_granularity_ms >= 1 && config->rto_granularity_ms <= config->rto_max_ms &&
           config->rto_initial_ms <= config->rto_max_ms && config->delayed_ack_ms < 500 && config->msl_ms >= 1 &&
           config->msl_ms <= 3600000 && config->user_timeout_ms >= 1 && config->syn_timeout_ms >= 1 &&
           config->initial_window_segments >= 1 && config->initial_window_segments <= 100 &&
           config->bbr_loss_percent >= 1 && config->bbr_loss_percent <= 50 && config->keepalive_idle_ms >= 1 &&
           config->keepalive_interval_ms >= 1 && config->ecn >= RILL_ECN_OFF && config->ecn <= RILL_ECN_ACCURATE &&
           config->fast_open_key_ms >= 1000 && config->fast_open_key_count <= 2 &&
           config->mtu_probing <= RILL_MTU_PROBING_ALWAYS && config->mtu_base >= 552 &&
           config->mtu_base <= UINT16_MAX && cc_find(config->congestion_control) >= 0;
}

static void take_secret(struct host *host, const uint8_t secret[16])
{
    memcpy(&host->key.k0, secret, 8);
    memcpy(&host->key.k1, secret + 8, 8);
}

int rill_stack_create(const struct rill_config *config, struct rill_stack **out)
{
    struct rill_stack *stack;
    struct host *host;

    if (!config_is_valid(config))
        return -RILL_EINVAL;
    if (config->memory_bytes < RILL_MEMORY_MIN)
        return -RILL_ENOMEM;
    stack = (struct rill_stack *)config->memory;
    memset(stack, 0, sizeof *stack);
    host = tcp_host(&stack->tcp);
    if (arena_init(&host->arena, config->memory_bytes, sizeof *stack) != 0)
        return -RILL_ENOMEM;
    host->epoch = config->now;
    take_secret(host, config->secret);
    buffers_init(&host->buffers, POOL_BUFFERS);
    if (ip_init(&stack->tcp.ip) != 0)
        return -RILL_ENOMEM;
    reply_init(&stack->tcp.ip);
    if (tcp_init(&stack->tcp, config) != 0 || udp_init(&stack->udp, &stack->tcp.ip) != 0)
        return -RILL_ENOMEM;
    *out = stack;
    return 0;
}

void rill_stack_destroy(struct rill_stack *stack)
{
    /* The secret does not outlive the stack. */
    tcp_host(&stack->tcp)->key = (struct prf_key){0, 0};
}

int rill_netif_add(struct rill_stack *stack, const struct rill_netif_config *config, int *netif)
{
    return ip_netif_add(&stack->tcp.ip, config, netif);
}

/* Every entry with a time comes through here. */
static void time_passes(struct rill_stack *stack, rill_time now)
{
    nanos before = tcp_host(&stack->tcp)->now;

    host_set_now(tcp_host(&stack->tcp), now);
    tcp_time_passes(&stack->tcp, before);
}

/* What the driver was given is its own no longer. */
static void release_spent(struct rill_stack *stack)
{
    struct host *host = tcp_host(&stack->tcp);

    if (stack->spent.head != REF_NONE)
        buffer_queue_clear(&host->arena, &host->buffers, &stack->spent);
}

static void tell_tcp(struct rill_stack *stack, const struct icmp_error *icmp)
{
    const struct network_error error = {
        .local = icmp->local,
        .remote = icmp->remote,
        .local_port = icmp->local_port,
        .remote_port = icmp->remote_port,
        .sequence = seq_make(icmp->sequence),
        .hard = icmp->hard,
        .packet_too_big = icmp->packet_too_big,
        .next_hop_mtu = icmp->next_hop_mtu,
        .error = icmp->error,
    };

    network_error_arrives(&stack->tcp, &error);
}

static bool tell_udp(struct rill_stack *stack, const struct icmp_error *icmp)
{
    const struct rill_endpoint local = {icmp->local, icmp->local_port};
    const struct rill_udp_error error = {
        .error = icmp->error,
        .hard = icmp->hard || icmp->packet_too_big,
        .icmp_type = icmp->type,
        .icmp_code = icmp->code,
        .mtu = icmp->next_hop_mtu,
        .remote = {icmp->remote, icmp->remote_port},
        .reporter = icmp->reporter,
    };

    return udp_error_arrives(&stack->udp, &local, &error);
}

static void icmp_arrives(struct rill_stack *stack, const struct ip_packet *packet)
{
    struct icmp_error icmp;

    if (!icmp_input(&stack->tcp.ip, packet, &icmp))
        return;
    if (icmp.protocol == IP_PROTOCOL_TCP)
        tell_tcp(stack, &icmp);
    else if (icmp.protocol != IP_PROTOCOL_UDP || !tell_udp(stack, &icmp))
        ip_drop(&stack->tcp.ip, RILL_DROP_ICMP_NO_CONNECTION, packet->whole, packet->whole_bytes);
}

static void datagram_arrives(struct rill_stack *stack, struct ip_packet *packet)
{
    struct ip *ip = &stack->tcp.ip;

    switch (packet->protocol) {
    case IP_PROTOCOL_TCP:
        tcp_input(&stack->tcp, packet);
        break;
    case IP_PROTOCOL_UDP:
        if (!udp_input(&stack->udp, packet))
            icmp_send_unreachable(ip, &stack->icmp_limit, packet, ICMP4_PORT_UNREACHABLE);
        break;
    case IP_PROTOCOL_ICMP:
        icmp_arrives(stack, packet);
        break;
    default:
        ip_drop(ip, RILL_DROP_IP_PROTOCOL, packet->whole, packet->whole_bytes);
        icmp_send_unreachable(ip, &stack->icmp_limit, packet, ICMP4_PROTOCOL_UNREACHABLE);
        break;
    }
}

static void expire_fragments(struct rill_stack *stack)
{
    struct ip *ip = &stack->tcp.ip;
    struct ip_packet first;

    while (fragments_expire(ip, &first)) {
        if (first.buffer == REF_NONE)
            continue;
        icmp_send_time_exceeded(ip, &stack->icmp_limit, &first);
        buffer_drop(&ip->host.arena, &ip->host.buffers, first.buffer);
    }
}

static void fragment_arrives(struct rill_stack *stack, struct ip_packet *packet)
{
    struct ip *ip = &stack->tcp.ip;

    expire_fragments(stack); /* what is due waits for nobody's poll: this may be its last one, too late */
    if (!fragments_arrive(ip, packet))
        return;
    datagram_arrives(stack, packet);
    if (packet->buffer != REF_NONE)
        buffer_drop(&ip->host.arena, &ip->host.buffers, packet->buffer);
}

static void packet_arrives(struct rill_stack *stack, uint32_t netif, struct rill_packet *raw)
{
    struct ip *ip = &stack->tcp.ip;
    struct ip_packet packet;
    enum rill_drop drop = ip_check(ip, netif, raw, &packet);

    host_count(&ip->host, RILL_COUNT_IP_IN, 1);
    host_count(&ip->host, RILL_COUNT_IP_BYTES_IN, raw->length_bytes);
    if (drop != RILL_DROP_NONE) {
        ip_drop(ip, drop, raw->data, raw->length_bytes);
        return;
    }
    if (unlikely(packet.is_fragment)) {
        fragment_arrives(stack, &packet);
        return;
    }
    datagram_arrives(stack, &packet);
    raw->buffer = packet.buffer;
}

void rill_input(struct rill_stack *stack, int netif, struct rill_packet *packets, unsigned count, rill_time now)
{
    time_passes(stack, now);
    release_spent(stack);
    if (netif < 0 || (uint32_t)netif >= stack->tcp.ip.netif_count)
        return;
    for (unsigned i = 0; i < count; i++) {
        work_begin(&tcp_host(&stack->tcp)->work);
        packet_arrives(stack, (uint32_t)netif, &packets[i]);
        work_end(&tcp_host(&stack->tcp)->work);
    }
}

void rill_poll(struct rill_stack *stack, rill_time now)
{
    time_passes(stack, now);
    release_spent(stack);
    timeouts_run(&stack->tcp);
    expire_fragments(stack);
}

rill_time rill_deadline(struct rill_stack *stack)
{
    nanos deadline = min_u64(timeouts_deadline(&stack->tcp), fragments_deadline(&stack->tcp.ip));

    return deadline == NANOS_NEVER ? RILL_NEVER : deadline + tcp_host(&stack->tcp)->epoch;
}

bool rill_wants_output(const struct rill_stack *stack, int netif)
{
    const struct netif *n;

    if (netif < 0 || (uint32_t)netif >= stack->tcp.ip.netif_count)
        return false;
    n = &stack->tcp.ip.netifs[netif];
    return n->replies_head != REF_NONE || n->touched_head != REF_NONE || stack->udp.queues[netif].count > 0;
}

static void count_out(struct host *host, const struct rill_train *train)
{
    uint32_t packets = 1;

    if (train->payload_bytes > train->segment_bytes)
        packets = (train->payload_bytes + train->segment_bytes - 1) / train->segment_bytes;
    host->counts[RILL_COUNT_IP_OUT] += packets;
    host->counts[RILL_COUNT_IP_BYTES_OUT] += (uint64_t)packets * train->header_bytes + train->payload_bytes;
}

/* Everything that the connection wanted to send has left: timers are set, what it no longer needs is given back. */
static void settle(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->ep.state == RILL_STATE_CLOSED) {
        connection_free_if_done(tcp, tcb);
        return;
    }
    if (tcb->ep.state == RILL_STATE_TIME_WAIT && (tcb->flags & (TCB_ORPHAN | TCB_ACK_NOW)) == TCB_ORPHAN) {
        time_wait_take_over(tcp, tcb);
        connection_free_if_done(tcp, tcb);
        return;
    }
    tcb->flags &= ~TCB_FORCE_SEND;
    timeouts_settle(tcp, tcb);
    counts_settle(tcp, tcb);
    connection_rest(tcp, tcb);
}

static unsigned output_connections(struct rill_stack *stack, struct netif *netif, struct rill_train *trains,
                                   unsigned max)
{
    struct tcp *tcp = &stack->tcp;
    unsigned n = 0;

    while (n < max && netif->touched_head != REF_NONE) {
        struct tcb *tcb = tcb_at(tcp, netif->touched_head);

        bool sent = output_next(tcp, tcb, &trains[n]);

        if (sent) {
            count_out(tcp_host(tcp), &trains[n]);
            n++;
            if (tcb->touched_next == REF_NONE)
                continue;
        }
        netif->touched_head = tcb->touched_next;
        if (netif->touched_head == REF_NONE)
            netif->touched_tail = REF_NONE;
        tcb->flags &= ~TCB_TOUCHED;
        if (sent)
            connection_touch(tcp, tcb); /* others wait: a train each, in turn */
        else
            settle(tcp, tcb);
    }
    return n;
}

static unsigned output_datagrams(struct rill_stack *stack, int netif, struct rill_train *trains, unsigned max)
{
    struct host *host = tcp_host(&stack->tcp);
    unsigned n = 0;
    ref spent;

    while (n < max && udp_pop(&stack->udp, (uint32_t)netif, &trains[n], &spent)) {
        if (spent != REF_NONE)
            buffer_queue_push(&host->arena, &stack->spent, spent);
        count_out(host, &trains[n]);
        n++;
    }
    return n;
}

static unsigned output_replies(struct rill_stack *stack, int netif, struct rill_train *trains, unsigned max)
{
    struct ip *ip = &stack->tcp.ip;
    unsigned n = 0;
    ref spent;

    while (n < max && reply_pop(ip, (uint32_t)netif, &trains[n], &spent)) {
        if (spent != REF_NONE)
            buffer_queue_push(&ip->host.arena, &stack->spent, spent);
        count_out(&ip->host, &trains[n]);
        n++;
    }
    return n;
}

unsigned rill_output(struct rill_stack *stack, int netif, struct rill_train *trains, unsigned max, rill_time now)
{
    struct ip *ip = &stack->tcp.ip;
    bool has_datagrams;
    unsigned n = 0;

    time_passes(stack, now);
    release_spent(stack);
    if (netif < 0 || (uint32_t)netif >= ip->netif_count)
        return 0;
    if (ip->netifs[netif].replies_head != REF_NONE)
        n = output_replies(stack, netif, trains, max);
    has_datagrams = stack->udp.queues[netif].count > 0;
    /* Half of what is left, and then what connections leave: neither of the two starves the other. */
    stack->udp_goes_first = !stack->udp_goes_first;
    if (has_datagrams)
        n += output_datagrams(stack, netif, trains + n, (max - n + (stack->udp_goes_first ? 1 : 0)) / 2);
    n += output_connections(stack, &ip->netifs[netif], trains + n, max - n);
    if (has_datagrams)
        n += output_datagrams(stack, netif, trains + n, max - n);
    return n;
}

uint32_t rill_buffer_take(struct rill_stack *stack, uint32_t bytes, uint8_t **data)
{
    struct host *host = tcp_host(&stack->tcp);
    ref r = buffer_take(&host->arena, &host->buffers, bytes);

    if (r != REF_NONE)
        *data = buffer_bytes(buffer_at(&host->arena, r));
    return r;
}

void rill_buffer_give(struct rill_stack *stack, uint32_t buffer)
{
    struct host *host = tcp_host(&stack->tcp);

    if (buffer_is_live(&host->arena, &host->buffers, buffer))
        buffer_drop(&host->arena, &host->buffers, buffer);
}

bool rill_next(struct rill_stack *stack, struct rill_event *event)
{
    bool udp = !stack->udp_was_last;

    for (int turn = 0; turn < 2; turn++, udp = !udp) {
        if (udp ? udp_event_take(&stack->udp, event) : event_take(&stack->tcp, event)) {
            stack->udp_was_last = udp;
            return true;
        }
    }
    return false;
}

void rill_trace(struct rill_stack *stack, rill_trace_fn fn, void *context)
{
    struct host *host = tcp_host(&stack->tcp);

    host->trace = fn;
    host->trace_context = context;
}
