/*
 * Messages between a program's memory and ours: see message.h.
 */
#include "run/message.h"

#include <errno.h>
#include <string.h>

/* All but the pieces, which are many. */
static void clear(struct message *message)
{
    memset(message, 0, offsetof(struct message, there));
}

/* So many bytes of them, from an offset on; how many pieces. The kernel brings all pages of a piece into memory. */
static size_t cut(const struct message *message, size_t offset, size_t bytes, struct iovec *out)
{
    size_t count = 0;

    for (size_t i = 0; i < message->pieces && bytes > 0; i++) {
        const struct iovec *piece = &message->there[i];
        size_t part = piece->iov_len > offset ? piece->iov_len - offset : 0;

        if (part > bytes)
            part = bytes;
        if (part > 0)
            out[count++] = (struct iovec){(void *)((uintptr_t)piece->iov_base + offset), part};
        offset = piece->iov_len > offset ? 0 : offset - piece->iov_len;
        bytes -= part;
    }
    return count;
}

int message_of_arguments(const struct call *call, struct message *out)
{
    clear(out);
    out->name_at = call->args[4];
    out->name_bytes_at = call->args[5];
    out->name_room = (uint32_t)call->args[5];
    out->pieces = 1;
    out->bytes = (size_t)call->args[2];
    out->there[0] = (struct iovec){(void *)(uintptr_t)call->args[1], out->bytes};
    return 0;
}

int message_of_header(const struct call *call, uint64_t header_at, struct message *out)
{
    struct msghdr header;

    if (!program_read(call, header_at, &header, sizeof header))
        return -EFAULT;
    if (header.msg_iovlen > MESSAGE_PIECES_MAX)
        return -EMSGSIZE;
    if (header.msg_name != NULL && (int)header.msg_namelen < 0)
        return -EINVAL;
    clear(out);
    out->name_at = (uint64_t)(uintptr_t)header.msg_name;
    out->name_room = header.msg_namelen;
    out->control_at = (uint64_t)(uintptr_t)header.msg_control;
    out->control_room = header.msg_control != NULL ? header.msg_controllen : 0;
    out->header_at = header_at;
    out->pieces = header.msg_iovlen;
    if (!program_read(call, (uint64_t)(uintptr_t)header.msg_iov, out->there, out->pieces * sizeof out->there[0]))
        return -EFAULT;
    for (size_t i = 0; i < out->pieces; i++) {
        if (out->there[i].iov_len > SIZE_MAX / 2 - out->bytes)
            return -EINVAL;
        out->bytes += out->there[i].iov_len;
    }
    return 0;
}

int message_fetch(const struct call *call, const struct message *message, struct contents *contents)
{
    contents->bytes = 0;
    contents->name_bytes = 0;
    contents->control_bytes = 0;
    if (message->bytes > MESSAGE_BYTES_MAX || message->control_room > sizeof contents->control)
        return -EMSGSIZE;
    if (!program_read_pieces(call, message->there, message->pieces, contents->data, message->bytes))
        return -EFAULT;
    contents->bytes = message->bytes;
    if (!program_read(call, message->control_at, contents->control, message->control_room))
        return -EFAULT;
    contents->control_bytes = message->control_room;
    if (message->name_at == 0)
        return 0;
    return read_address(call, message->name_at, message->name_room, contents->name, &contents->name_bytes);
}

size_t message_fetch_part(const struct call *call, const struct message *message, size_t offset, uint8_t *to,
                          size_t room)
{
    struct iovec part[MESSAGE_PIECES_MAX];
    size_t bytes = message->bytes - offset < room ? message->bytes - offset : room;
    size_t count = cut(message, offset, bytes, part);

    return program_read_pieces(call, part, count, to, bytes) ? bytes : 0;
}

int message_deliver(const struct call *call, const struct message *message, const struct contents *contents)
{
    uint32_t room = message->name_room;
    struct iovec pieces[MESSAGE_PIECES_MAX];
    struct msghdr header;

    if (!program_write_pieces(call, pieces, cut(message, 0, contents->bytes, pieces), contents->data, contents->bytes))
        return -EFAULT;
    if (message->header_at == 0)
        return write_address(call, message->name_at, message->name_bytes_at, contents->name, contents->name_bytes);
    if (!program_read(call, message->header_at, &header, sizeof header))
        return -EFAULT;
    if (message->name_at != 0 && !program_write(call, message->name_at, contents->name,
                                                room < contents->name_bytes ? room : contents->name_bytes))
        return -EFAULT;
    if (!program_write(call, message->control_at, contents->control, contents->control_bytes))
        return -EFAULT;
    header.msg_namelen = message->name_at != 0 ? contents->name_bytes : 0;
    header.msg_controllen = contents->control_bytes;
    header.msg_flags = contents->flags;
    return program_write(call, message->header_at, &header, sizeof header) ? 0 : -EFAULT;
}
