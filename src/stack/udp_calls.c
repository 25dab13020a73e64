/*
 * The native API's UDP calls: handles are checked here, the work is in src/udp.
 */
#include "stack/stack.h"

#include "udp/bind.h"
#include "udp/receive.h"
#include "udp/send.h"

void rill_udp_options_default(struct rill_udp_options *options)
{
    *options = (struct rill_udp_options){.size = sizeof *options};
}

int rill_udp_open(struct rill_stack *stack, const struct rill_udp_options *options, rill_conn *out)
{
    const struct rill_udp_options defaults = {.size = sizeof defaults};
    struct udp_socket *socket;
    int error = udp_open(&stack->udp, options != NULL ? options : &defaults, &socket);

    if (error == 0)
        *out = udp_conn_of(&stack->udp, socket);
    return error;
}

int rill_udp_set_options(struct rill_stack *stack, rill_conn conn, const struct rill_udp_options *options)
{
    struct udp_socket *socket = udp_from_handle(&stack->udp, conn);

    return socket == NULL ? -RILL_EBADF : udp_set_options(socket, options);
}

int rill_udp_get_options(struct rill_stack *stack, rill_conn conn, struct rill_udp_options *out)
{
    const struct udp_socket *socket = udp_from_handle(&stack->udp, conn);

    if (socket == NULL)
        return -RILL_EBADF;
    *out = (struct rill_udp_options){
        .size = sizeof *out,
        .flags = socket->flags & UDP_OPTION_FLAGS,
        .user = socket->user,
        .send_buffer_bytes = socket->send_limit,
        .receive_buffer_bytes = socket->receive_limit,
        .tos = socket->tos,
        .ttl = socket->ttl,
        .multicast_ttl = socket->multicast_ttl,
        .mtu_discovery = socket->mtu_discovery,
    };
    return 0;
}

int rill_udp_bind(struct rill_stack *stack, rill_conn conn, const struct rill_endpoint *local)
{
    struct udp_socket *socket = udp_from_handle(&stack->udp, conn);

    return socket == NULL ? -RILL_EBADF : udp_bind(&stack->udp, socket, local);
}

int rill_udp_connect(struct rill_stack *stack, rill_conn conn, const struct rill_endpoint *remote)
{
    struct udp_socket *socket = udp_from_handle(&stack->udp, conn);

    if (socket == NULL)
        return -RILL_EBADF;
    if (remote != NULL && !ip_addr_is_unspecified(&remote->addr))
        return udp_connect(&stack->udp, socket, remote);
    udp_disconnect(&stack->udp, socket);
    return 0;
}

int64_t rill_udp_send_to(struct rill_stack *stack, rill_conn conn, const struct rill_endpoint *remote,
                         const struct rill_slice *slices, unsigned count, const struct rill_udp_how *how)
{
    struct udp_socket *socket = udp_from_handle(&stack->udp, conn);

    return socket == NULL ? -RILL_EBADF : udp_send_to(&stack->udp, socket, remote, slices, count, how);
}

int rill_udp_borrow(struct rill_stack *stack, rill_conn conn, struct rill_slice *out, struct rill_udp_info *info)
{
    struct udp_socket *socket = udp_from_handle(&stack->udp, conn);
    int error;

    if (socket == NULL)
        return -RILL_EBADF;
    error = udp_take_pending(socket);
    if (error != 0)
        return error;
    return udp_borrow(&stack->udp, socket, out, info) ? 0 : -RILL_EAGAIN;
}

int rill_udp_consume(struct rill_stack *stack, rill_conn conn)
{
    struct udp_socket *socket = udp_from_handle(&stack->udp, conn);

    if (socket == NULL)
        return -RILL_EBADF;
    if (socket->receive_count == 0)
        return -RILL_EAGAIN;
    udp_consume(&stack->udp, socket);
    return 0;
}

int64_t rill_udp_receive_from(struct rill_stack *stack, rill_conn conn, void *data, size_t length_bytes, unsigned flags,
                              struct rill_udp_info *info)
{
    struct rill_slice slice;
    uint32_t n;
    int error = rill_udp_borrow(stack, conn, &slice, info);

    if (error != 0)
        return error;
    n = (uint32_t)min_u64(length_bytes, slice.length_bytes);
    if (n > 0)
        memcpy(data, slice.data, n);
    if ((flags & RILL_RECEIVE_PEEK) == 0)
        (void)rill_udp_consume(stack, conn);
    return n;
}

int64_t rill_udp_queued(struct rill_stack *stack, rill_conn conn)
{
    const struct udp_socket *socket = udp_from_handle(&stack->udp, conn);
    struct rill_slice slice;

    if (socket == NULL)
        return -RILL_EBADF;
    return udp_borrow(&stack->udp, socket, &slice, NULL) ? (int64_t)slice.length_bytes : -RILL_EAGAIN;
}

int64_t rill_udp_send_room(struct rill_stack *stack, rill_conn conn)
{
    const struct udp_socket *socket = udp_from_handle(&stack->udp, conn);

    if (socket == NULL)
        return -RILL_EBADF;
    return udp_has_send_room(socket) ? (int64_t)(socket->send_limit - socket->send_charge) : 0;
}

int rill_udp_take_error(struct rill_stack *stack, rill_conn conn, struct rill_udp_error *out)
{
    struct udp_socket *socket = udp_from_handle(&stack->udp, conn);

    if (socket == NULL)
        return -RILL_EBADF;
    if ((socket->flags & UDP_ERROR_KEPT) == 0)
        return -RILL_EAGAIN;
    *out = socket->last_error;
    socket->flags &= ~UDP_ERROR_KEPT;
    return 0;
}
