/*
 * A message in a program's memory: where its parts are, and bringing them here
 * and back.
 */
#ifndef RUN_MESSAGE_H
#define RUN_MESSAGE_H

#include "run/notify.h"
#include "run/supervisor.h"

#include <sys/socket.h>
#include <sys/uio.h>

#define MESSAGE_PIECES_MAX 1024u /* UIO_MAXIOV */
#define MESSAGE_BYTES_MAX 65536u
#define MESSAGE_CONTROL_MAX 512u

struct message {
    uint64_t name_at, control_at;
    uint64_t header_at;     /* of the program's struct msghdr; 0: sendto and recvfrom, which have none */
    uint64_t name_bytes_at; /* recvfrom's */
    uint32_t name_room;
    size_t control_room;
    size_t pieces, bytes;
    struct iovec there[MESSAGE_PIECES_MAX];
};

/* What was received, or is to be sent, here. */
struct contents {
    uint8_t *data;
    size_t bytes; /* copied */
    uint8_t name[ADDRESS_BYTES];
    uint32_t name_bytes;
    uint8_t control[MESSAGE_CONTROL_MAX];
    size_t control_bytes;
    int flags;
};

/* From sendto's and recvfrom's arguments, or from a struct msghdr. 0, -EFAULT, -EINVAL, -EMSGSIZE. */
int message_of_arguments(const struct call *call, struct message *out);
int message_of_header(const struct call *call, uint64_t header_at, struct message *out);

/* All that is to be sent; contents->data has MESSAGE_BYTES_MAX bytes. */
int message_fetch(const struct call *call, const struct message *message, struct contents *contents);

/* Bytes from `offset` on, at most `room`. How many; 0: they cannot be reached. */
size_t message_fetch_part(const struct call *call, const struct message *message, size_t offset, uint8_t *to,
                          size_t room);

/* What was received, into the program's memory. */
int message_deliver(const struct call *call, const struct message *message, const struct contents *contents);

#endif
