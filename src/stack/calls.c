/*
 * The native API's TCP calls: handles are checked here, the work is in
 * tcp/user_calls.c.
 */
#include "stack/stack.h"

#include "tcp/cc.h"
#include "tcp/connection.h"
#include "tcp/fast_open.h"
#include "tcp/lent.h"
#include "tcp/limits.h"
#include "tcp/listen.h"
#include "tcp/options.h"
#include "tcp/pacing.h"
#include "tcp/reassembly.h"
#include "tcp/send_queue.h"
#include "tcp/state.h"
#include "tcp/status.h"
#include "tcp/timeouts.h"
#include "tcp/trace.h"
#include "tcp/user_calls.h"
#include "udp/bind.h"

#define BACKLOG_DEFAULT 128u

void rill_options_default(struct rill_options *options)
{
    *options = (struct rill_options){.size = sizeof *options, .backlog = BACKLOG_DEFAULT};
}

/* What a call says about a handle that is no connection: a listener, or nothing at all. */
static int not_a_connection(struct rill_stack *stack, rill_conn conn)
{
    return listener_from_handle(&stack->tcp, conn) != NULL ? -RILL_ENOTCONN : -RILL_EBADF;
}

static void trace_call(struct rill_stack *stack, const struct endpoint *ep, enum rill_trace_call call)
{
    trace_event(&stack->tcp, ep, RILL_TRACE_CALL, (uint32_t)call, 0);
}

static bool options_are_valid(const struct rill_options *options)
{
    return options->size == sizeof *options && options->ecn <= RILL_ECN_ACCURATE &&
           (options->send_buffer_bytes == 0 || options->send_buffer_bytes >= 2048) &&
           (options->receive_buffer_bytes == 0 || options->receive_buffer_bytes >= 2048) &&
           options->defer_accept <= SYN_RETRIES_MAX && options->send_buffer_bytes <= 1u << 30 &&
           options->receive_buffer_bytes <= 1u << 30 && cc_find(options->congestion_control) >= 0;
}

int rill_tcp_listen(struct rill_stack *stack, const struct rill_options *options, rill_conn *out)
{
    int error;

    if (!options_are_valid(options))
        return -RILL_EINVAL;
    error = listen_open(&stack->tcp, options, out);
    if (error == 0)
        trace_call(stack, &listener_from_handle(&stack->tcp, *out)->ep, RILL_CALL_LISTEN);
    return error;
}

int rill_accept(struct rill_stack *stack, rill_conn conn, rill_conn *out, struct rill_endpoint *peer)
{
    struct listener *listener = listener_from_handle(&stack->tcp, conn);
    struct tcb *tcb;
    int error;

    if (listener == NULL)
        return connection_from_handle(&stack->tcp, conn) != NULL ? -RILL_EINVAL : -RILL_EBADF;
    error = listen_accept(&stack->tcp, listener, &tcb);
    if (error != 0)
        return error;
    *out = conn_of(&stack->tcp, &tcb->ep);
    if (peer != NULL)
        *peer = (struct rill_endpoint){tcb_path(&stack->tcp, tcb)->remote, tcb->ep.remote_port};
    trace_call(stack, &tcb->ep, RILL_CALL_ACCEPT);
    return 0;
}

int rill_tcp_connect(struct rill_stack *stack, const struct rill_endpoint *remote, const struct rill_options *options,
                     rill_conn *out)
{
    struct tcb *tcb;
    int error;

    if (options != NULL && !options_are_valid(options))
        return -RILL_EINVAL;
    error = user_open(&stack->tcp, remote, options, &tcb);
    if (error != 0)
        return error;
    *out = conn_of(&stack->tcp, &tcb->ep);
    trace_call(stack, &tcb->ep, RILL_CALL_CONNECT);
    return 0;
}

int rill_tcp_connect_listener(struct rill_stack *stack, rill_conn conn, const struct rill_endpoint *remote,
                              rill_conn *out)
{
    struct listener *listener = listener_from_handle(&stack->tcp, conn);
    struct tcb *tcb;
    int error;

    if (listener == NULL)
        return connection_from_handle(&stack->tcp, conn) != NULL ? -RILL_EISCONN : -RILL_EBADF;
    error = user_open_listener(&stack->tcp, listener, remote, &tcb);
    if (error != 0)
        return error;
    *out = conn_of(&stack->tcp, &tcb->ep);
    trace_call(stack, &tcb->ep, RILL_CALL_CONNECT);
    return 0;
}

int64_t rill_tcp_connect_data(struct rill_stack *stack, const struct rill_endpoint *remote,
                              const struct rill_options *options, const void *data, size_t length_bytes, rill_conn *out)
{
    struct rill_options with_flag;
    struct tcb *tcb;
    int64_t taken;
    int error;

    if (options == NULL)
        rill_options_default(&with_flag);
    else
        with_flag = *options;
    with_flag.flags |= RILL_OPTION_FAST_OPEN;
    error = rill_tcp_connect(stack, remote, &with_flag, out);
    if (error != 0)
        return error;
    tcb = connection_from_handle(&stack->tcp, *out);
    taken = user_send(&stack->tcp, tcb, data, length_bytes, 0);
    if (taken < 0)
        user_abort(&stack->tcp, tcb);
    return taken;
}

int rill_set_fast_open(struct rill_stack *stack, rill_conn conn, uint32_t fast_open_backlog)
{
    struct listener *listener = listener_from_handle(&stack->tcp, conn);

    if (listener == NULL)
        return -RILL_EBADF;
    listener->fast_open_backlog = fast_open_backlog;
    return 0;
}

int rill_set_fast_open_keys(struct rill_stack *stack, const uint8_t keys[][RILL_FAST_OPEN_KEY_BYTES], unsigned count)
{
    if (count > 2)
        return -RILL_EINVAL;
    fast_open_set_keys(&stack->tcp, keys, count);
    return 0;
}

int64_t rill_send(struct rill_stack *stack, rill_conn conn, const void *data, size_t length_bytes, unsigned flags)
{
    struct tcb *tcb = connection_from_handle(&stack->tcp, conn);

    return tcb == NULL ? not_a_connection(stack, conn) : user_send(&stack->tcp, tcb, data, length_bytes, flags);
}

int64_t rill_lent(struct rill_stack *stack, rill_conn conn)
{
    struct tcb *tcb = connection_from_handle(&stack->tcp, conn);

    return tcb == NULL ? not_a_connection(stack, conn) : (int64_t)lent_bytes(&stack->tcp, tcb);
}

int64_t rill_receive(struct rill_stack *stack, rill_conn conn, void *data, size_t length_bytes, unsigned flags)
{
    struct tcb *tcb = connection_from_handle(&stack->tcp, conn);

    return tcb == NULL ? not_a_connection(stack, conn) : user_receive(&stack->tcp, tcb, data, length_bytes, flags);
}

int rill_borrow(struct rill_stack *stack, rill_conn conn, struct rill_slice *slices, unsigned max)
{
    struct tcb *tcb = connection_from_handle(&stack->tcp, conn);

    return tcb == NULL ? not_a_connection(stack, conn) : user_borrow(&stack->tcp, tcb, slices, max);
}

int rill_consume(struct rill_stack *stack, rill_conn conn, size_t length_bytes)
{
    struct tcb *tcb = connection_from_handle(&stack->tcp, conn);

    return tcb == NULL ? not_a_connection(stack, conn) : user_consume(&stack->tcp, tcb, length_bytes);
}

int rill_shutdown(struct rill_stack *stack, rill_conn conn)
{
    struct tcb *tcb = connection_from_handle(&stack->tcp, conn);

    if (tcb == NULL)
        return not_a_connection(stack, conn);
    trace_call(stack, &tcb->ep, RILL_CALL_SHUTDOWN);
    return user_close_send(&stack->tcp, tcb);
}

static int close_udp(struct rill_stack *stack, rill_conn conn)
{
    struct udp_socket *socket = udp_from_handle(&stack->udp, conn);

    if (socket == NULL)
        return -RILL_EBADF;
    udp_close(&stack->udp, socket);
    return 0;
}

int rill_close(struct rill_stack *stack, rill_conn conn)
{
    struct tcb *tcb = connection_from_handle(&stack->tcp, conn);
    struct listener *listener;

    if (tcb != NULL) {
        trace_call(stack, &tcb->ep, RILL_CALL_CLOSE);
        user_close(&stack->tcp, tcb);
        return 0;
    }
    listener = listener_from_handle(&stack->tcp, conn);
    if (listener == NULL)
        return close_udp(stack, conn);
    trace_call(stack, &listener->ep, RILL_CALL_CLOSE);
    listen_close(&stack->tcp, listener);
    return 0;
}

int rill_abort(struct rill_stack *stack, rill_conn conn)
{
    struct tcb *tcb = connection_from_handle(&stack->tcp, conn);

    if (tcb == NULL)
        return rill_close(stack, conn);
    trace_call(stack, &tcb->ep, RILL_CALL_ABORT);
    user_abort(&stack->tcp, tcb);
    return 0;
}

int rill_set_flags(struct rill_stack *stack, rill_conn conn, uint32_t set, uint32_t clear)
{
    struct tcb *tcb = connection_from_handle(&stack->tcp, conn);
    struct listener *listener = listener_from_handle(&stack->tcp, conn);

    if (tcb == NULL && listener == NULL)
        return -RILL_EBADF;
    if (((set | clear) & ~OPTION_FLAGS) != 0)
        return -RILL_EINVAL;
    if (listener != NULL) {
        listener->flags = (listener->flags & ~clear) | set;
        return 0;
    }
    connection_set_options(tcb, set, clear);
    if ((set & TCB_QUICK_ACK) != 0 && (tcb->flags & TCB_ACK_DELAYED) != 0)
        tcb->flags |= TCB_ACK_NOW;
    if ((clear & TCB_QUICK_ACK) != 0)
        tcb->ep.own_quick_acks = 0;
    /* tcp(7): to turn Nagle off is to push what waits, the cork notwithstanding. */
    if ((set & TCB_NODELAY) != 0 && state_can_send(tcb->ep.state) && send_queue_unsent(&stack->tcp, tcb) > 0)
        tcb->flags |= TCB_FORCE_SEND;
    timeouts_keep_alive(&stack->tcp, tcb);
    if (tcb->ep.state != RILL_STATE_CLOSED)
        connection_touch(&stack->tcp, tcb); /* what Nagle or the cork held may go now */
    return 0;
}

int rill_set_options(struct rill_stack *stack, rill_conn conn, const struct rill_options *options, unsigned which)
{
    struct tcb *tcb = connection_from_handle(&stack->tcp, conn);
    struct listener *listener = listener_from_handle(&stack->tcp, conn);

    if (tcb == NULL && listener == NULL)
        return -RILL_EBADF;
    if (!options_are_valid(options))
        return -RILL_EINVAL;
    if (listener != NULL)
        listen_change(listener, options, which);
    else
        user_change(&stack->tcp, tcb, options, which);
    return 0;
}

int rill_set_user_timeout(struct rill_stack *stack, rill_conn conn, uint32_t user_timeout_ms)
{
    struct tcb *tcb = connection_from_handle(&stack->tcp, conn);

    if (tcb == NULL)
        return not_a_connection(stack, conn);
    if (user_timeout_ms == 0)
        return -RILL_EINVAL;
    if (limits_set_user_timeout(&stack->tcp, &tcb->limits, user_timeout_ms) != 0)
        return -RILL_ENOMEM;
    options_fix_user_timeout(tcb);
    timeouts_patience_changed(&stack->tcp, tcb);
    return 0;
}

/* The limits' owner; NULL when the handle is none. */
static ref *limits_owner(struct rill_stack *stack, rill_conn conn)
{
    struct tcb *tcb = connection_from_handle(&stack->tcp, conn);
    struct listener *listener = listener_from_handle(&stack->tcp, conn);

    if (tcb != NULL)
        return &tcb->limits;
    return listener != NULL ? &listener->limits : NULL;
}

int rill_set_limits(struct rill_stack *stack, rill_conn conn, const struct rill_limits *limits)
{
    struct tcb *tcb = connection_from_handle(&stack->tcp, conn);
    ref *owner = limits_owner(stack, conn);
    uint64_t pacing_rate = tcb != NULL ? limits_of(&stack->tcp, tcb)->pacing_rate : 0;

    if (owner == NULL)
        return -RILL_EBADF;
    if (limits_set(&stack->tcp, owner, limits) != 0)
        return -RILL_ENOMEM;
    if (tcb == NULL)
        return 0;
    tcb->flags &= ~TCB_UTO_FIXED;
    if (limits->user_timeout_ms != 0)
        options_fix_user_timeout(tcb);
    timeouts_keep_alive(&stack->tcp, tcb);
    timeouts_patience_changed(&stack->tcp, tcb);
    if (limits->pacing_rate != pacing_rate)
        pacing_bound_changed(&stack->tcp, tcb);
    if (tcb->ep.state != RILL_STATE_CLOSED)
        timeouts_settle(&stack->tcp, tcb);
    send_queue_tell_of_room(&stack->tcp, tcb);
    return 0;
}

int rill_limits(struct rill_stack *stack, rill_conn conn, struct rill_limits *out)
{
    const ref *owner = limits_owner(stack, conn);

    if (owner == NULL)
        return -RILL_EBADF;
    limits_tell(limits_at(&stack->tcp, *owner), out);
    return 0;
}

int rill_set_congestion_control(struct rill_stack *stack, rill_conn conn, const char *name)
{
    struct tcb *tcb = connection_from_handle(&stack->tcp, conn);
    struct listener *listener = listener_from_handle(&stack->tcp, conn);

    if (tcb == NULL && listener == NULL)
        return -RILL_EBADF;
    if (cc_find(name) < 0)
        return -RILL_ENOENT;
    if (tcb != NULL)
        cc_change(&stack->tcp, tcb, cc_choice(&stack->tcp, name));
    else
        listener->cc = cc_choice(&stack->tcp, name);
    return 0;
}

const char *rill_congestion_control_name(unsigned index)
{
    return cc_name(index);
}

int rill_set_user(struct rill_stack *stack, rill_conn conn, uint64_t user)
{
    struct tcb *tcb = connection_from_handle(&stack->tcp, conn);
    struct listener *listener = listener_from_handle(&stack->tcp, conn);
    struct udp_socket *udp = udp_from_handle(&stack->udp, conn);

    if (tcb != NULL)
        tcb->user = user;
    else if (listener != NULL)
        listener->user = user;
    else if (udp != NULL)
        udp->user = user;
    else
        return -RILL_EBADF;
    return 0;
}

int64_t rill_receive_queued(struct rill_stack *stack, rill_conn conn)
{
    struct tcb *tcb = connection_from_handle(&stack->tcp, conn);

    return tcb == NULL ? not_a_connection(stack, conn) : (int64_t)receive_queue_bytes(&stack->tcp, tcb);
}

int64_t rill_send_room(struct rill_stack *stack, rill_conn conn)
{
    struct tcb *tcb = connection_from_handle(&stack->tcp, conn);

    if (tcb == NULL)
        return not_a_connection(stack, conn);
    if (tcb->ep.state == RILL_STATE_CLOSED || (tcb->flags & TCB_CLOSE_QUEUED) != 0)
        return -RILL_EPIPE;
    return send_queue_room(&stack->tcp, tcb);
}

int rill_hold_output(struct rill_stack *stack, rill_conn conn, bool hold)
{
    struct tcb *tcb = connection_from_handle(&stack->tcp, conn);

    if (tcb == NULL)
        return not_a_connection(stack, conn);
    tcb->flags = hold ? tcb->flags | TCB_HELD : tcb->flags & ~TCB_HELD;
    if (!hold && tcb->ep.state != RILL_STATE_CLOSED)
        connection_touch(&stack->tcp, tcb);
    return 0;
}

int rill_status(struct rill_stack *stack, rill_conn conn, struct rill_status *out)
{
    const struct udp_socket *udp = udp_from_handle(&stack->udp, conn);

    if (udp != NULL)
        udp_status_fill(&stack->udp, udp, out);
    else if (connection_from_handle(&stack->tcp, conn) != NULL || listener_from_handle(&stack->tcp, conn) != NULL)
        status_fill(&stack->tcp, (ref)conn, out);
    else
        return -RILL_EBADF;
    return 0;
}

/* A cursor is TCP's own until that is done; then this bit and a UDP socket. */
#define CURSOR_UDP (UINT64_C(1) << 63)

bool rill_list(struct rill_stack *stack, uint64_t *cursor, struct rill_status *out)
{
    ref r;

    while ((*cursor & CURSOR_UDP) == 0 && (r = status_next(&stack->tcp, cursor)) != REF_NONE) {
        status_fill(&stack->tcp, r, out);
        if (out->state != RILL_STATE_CLOSED) /* ended, and only waiting to be let go */
            return true;
    }
    r = udp_next(&stack->udp, (*cursor & CURSOR_UDP) != 0 ? (ref)*cursor : REF_NONE);
    *cursor = CURSOR_UDP | r;
    if (r == REF_NONE)
        return false;
    udp_status_fill(&stack->udp, udp_socket_at(&stack->udp, r), out);
    return true;
}
