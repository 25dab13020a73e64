/*
 * Messages between a program's memory and ours: see message.h.
 */
#include "run/message.h"

#include <errno.h>
#include <string.h>

int message_of_arguments(const struct call *call, struct message *out)
{
    *out = (struct message){
        .name_at = call->args[4],
        .name_bytes_at = call->args[5],
        .name_room = (uint32_t)call->args[5],
        .pieces = 1,
        .bytes = (size_t)call->args[2],
    };
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
    *out = (struct message){
        .name_at = (uint64_t)(uintptr_t)header.msg_name,
        .name_room = header.msg_namelen,
        .control_at = (uint64_t)(uintptr_t)header.msg_control,
        .control_room = header.msg_control != NULL ? header.msg_controllen : 0,
        .header_at = header_at,
        .pieces = header.msg_iovlen,
    };
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
    for (size_t i = 0; i < message->pieces; i++) {
        if (!program_read(call, (uint64_t)(uintptr_t)message->there[i].iov_base, contents->data + contents->bytes,
                          message->there[i].iov_len))
            return -EFAULT;
        contents->bytes += message->there[i].iov_len;
    }
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
    size_t got = 0;

    for (size_t i = 0; i < message->pieces && got < room; i++) {
        uint64_t at = (uint64_t)(uintptr_t)message->there[i].iov_base;
        size_t part = message->there[i].iov_len;

        if (offset >= part) {
            offset -= part;
            continue;
        }
        part -= offset;
        if (part > room - got)
            part = room - got;
        if (!program_read(call, at + offset, to + got, part))
            return 0;
        got += part;
        offset = 0;
    }
    return got;
}

static bool deliver_bytes(const struct call *call, const struct message *message, const struct contents *contents)
{
    size_t done = 0;

    for (size_t i = 0; i < message->pieces && done < contents->bytes; i++) {
        size_t part = message->there[i].iov_len;

        if (part > contents->bytes - done)
            part = contents->bytes - done;
        if (!program_write(call, (uint64_t)(uintptr_t)message->there[i].iov_base, contents->data + done, part))
            return false;
        done += part;
    }
    return true;
}

int message_deliver(const struct call *call, const struct message *message, const struct contents *contents)
{
    uint32_t room = message->name_room;
    struct msghdr header;

    if (!deliver_bytes(call, message, contents))
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
