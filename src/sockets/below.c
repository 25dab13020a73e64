/*
 * The one room of the sockets layer that looks at connection blocks. Each
 * function here is a wish of the native API's: when it has the call, this goes.
 */
#include "sockets/below.h"

#include "stack/stack.h"
#include "tcp/cc.h"
#include "tcp/connection.h"
#include "tcp/fast_open.h"
#include "tcp/output.h"
#include "tcp/reassembly.h"
#include "tcp/send_queue.h"
#include "udp/receive.h"

/* Linux's sk_stream_is_writeable(): a third of the buffer is free, and not too much waits to be sent. */
static bool is_writable(const struct tcp *tcp, const struct tcb *tcb)
{
    uint32_t charge = tcb->busy == REF_NONE ? 0 : busy_at(tcp, tcb)->send_charge;

    return charge <= tcb->send_limit / 3 * 2 && send_queue_room(tcp, tcb) > 0;
}

bool below_look(struct rill_stack *stack, rill_conn conn, struct below *out)
{
    const struct tcp *tcp = &stack->tcp;
    const struct tcb *tcb = connection_from_handle(tcp, conn);
    uint32_t fin;

    if (tcb == NULL)
        return false;
    *out = (struct below){.state = (enum rill_state)tcb->ep.state};
    fin = (tcb->flags & TCB_FIN_RECEIVED) != 0 ? 1 : 0;
    out->readable_bytes = receive_queue_bytes(tcp, tcb);
    out->reader = seq_sub(tcb->rcv_nxt, out->readable_bytes + fin).v;
    out->unacked_bytes = send_queue_bytes(tcp, tcb);
    out->unsent_bytes = send_queue_unsent(tcp, tcb);
    out->is_writable = is_writable(tcp, tcb);
    out->send_limit = tcb->send_limit;
    out->receive_limit = tcb->receive_limit;
    out->syn_waits = (tcb->fast_open & FAST_OPEN_WAITS) != 0;
    out->urgent = (tcb->flags & TCB_URGENT_SEEN) != 0 && tcb->busy != REF_NONE;
    if (out->urgent)
        out->urgent_end = busy_at(tcp, tcb)->rcv_up.v;
    return true;
}

void below_want_room(struct rill_stack *stack, rill_conn conn)
{
    struct tcb *tcb = connection_from_handle(&stack->tcp, conn);
    struct udp_socket *udp = udp_from_handle(&stack->udp, conn);

    if (tcb != NULL)
        send_queue_want_room(&stack->tcp, tcb);
    if (udp != NULL)
        udp->flags |= UDP_ROOM_WANTED;
}

void below_look_datagram(struct rill_stack *stack, rill_conn conn, struct below_datagram *out)
{
    const struct udp_socket *udp = udp_from_handle(&stack->udp, conn);
    struct rill_slice oldest = {.length_bytes = 0};

    *out = (struct below_datagram){.is_readable = false};
    if (udp == NULL)
        return;
    out->is_readable = udp_borrow(&stack->udp, udp, &oldest, NULL);
    out->readable_bytes = oldest.length_bytes;
    out->is_writable = udp->send_charge < udp->send_limit / 2;
    out->unsent_bytes = udp->send_charge;
}

struct rill_addr below_netif_addr(const struct rill_stack *stack, int netif)
{
    const struct ip *ip = &stack->tcp.ip;

    return netif >= 0 && (uint32_t)netif < ip->netif_count ? ip->netifs[netif].addr : (struct rill_addr){{0}};
}

void below_refuse_data(struct rill_stack *stack, rill_conn conn)
{
    struct tcb *tcb = connection_from_handle(&stack->tcp, conn);

    if (tcb != NULL)
        tcb->flags |= TCB_RECEIVE_SHUT;
}

uint32_t below_copy(struct rill_stack *stack, rill_conn conn, uint32_t offset, void *to, uint32_t length_bytes)
{
    const struct tcp *tcp = &stack->tcp;
    const struct tcb *tcb = connection_from_handle(tcp, conn);
    uint32_t copied = 0;

    if (tcb == NULL || tcb->busy == REF_NONE)
        return 0;
    for (ref r = busy_at(tcp, tcb)->receive.head; r != REF_NONE && copied < length_bytes;) {
        struct buffer *buffer = buffer_at(&tcp->ip.host.arena, r);
        uint32_t skip = min_u32(offset, buffer->length_bytes);
        uint32_t n = min_u32(buffer->length_bytes - skip, length_bytes - copied);

        memcpy((uint8_t *)to + copied, buffer_data(buffer) + skip, n);
        offset -= skip;
        copied += n;
        r = buffer->next;
    }
    return copied;
}

/* RFC 6298 5.5, 5.7: the waits double up to their largest, until R2 is over. */
static uint32_t syn_retries(uint64_t first_us, uint64_t largest_us, uint64_t patience_us)
{
    uint64_t wait_us = first_us, at_us = first_us;
    uint32_t n = 0;

    while (at_us < patience_us && n < 127) {
        n++;
        wait_us = min_u64(2 * wait_us, largest_us);
        at_us += wait_us;
    }
    return n;
}

void below_defaults(const struct rill_stack *stack, struct below_defaults *out)
{
    const struct tcp_settings *settings = &stack->tcp.settings;

    *out = (struct below_defaults){
        .send_buffer_bytes = settings->send_buffer_bytes,
        .receive_buffer_bytes = settings->receive_buffer_bytes,
        .keepalive_idle_ms = settings->limits.keep_idle_ms,
        .keepalive_interval_ms = settings->limits.keep_interval_ms,
        .keepalive_probes = settings->limits.keep_probes,
        .fin_wait_2_ms = settings->limits.fin_wait_2_ms,
        .fast_open_client = (settings->fast_open & RILL_FAST_OPEN_CLIENT) != 0,
        .congestion_control = cc_name(settings->cc),
        .syn_retries =
            syn_retries(settings->rto_initial_us, settings->rto_max_us, (uint64_t)settings->syn_timeout_ms * 1000),
    };
}

bool below_is_local(const struct rill_stack *stack, const struct rill_addr *addr)
{
    return ip_is_local(&stack->tcp.ip, addr);
}

rill_time below_now(const struct rill_stack *stack)
{
    return stack->tcp.ip.host.epoch + stack->tcp.ip.host.now;
}

uint64_t below_draw(struct rill_stack *stack)
{
    return host_draw(tcp_host(&stack->tcp));
}
