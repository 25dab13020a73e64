/*
 * ioctl(2): how much is queued, and where the urgent mark is.
 */
#include "sockets/datagram.h"
#include "sockets/sock.h"

#include "base/types.h"

/* Linux's tcp_inq(): up to the urgent byte, when that is not part of the stream. */
static uint32_t readable_bytes(const struct sock *sock, const struct below *below)
{
    if (sock->urgent == URGENT_NONE || (sock->options.flags & RILL_OPTION_OOB_INLINE) != 0)
        return below->readable_bytes;
    return min_u32(seq_offset(seq_make(below->reader), seq_make(sock->urgent_seq)), below->readable_bytes);
}

static int socket_ioctl(struct rill_sockets *s, struct sock *sock, unsigned long request, int *argument)
{
    struct below below;

    (void)sock_look(s, sock, &below);
    switch (request) {
    case RILL_FIONREAD:
        *argument = sock->phase == PHASE_CONNECTING ? 0 : (int)readable_bytes(sock, &below);
        break;
    case RILL_SIOCATMARK:
        *argument = sock->urgent != URGENT_NONE && sock->urgent_seq == below.reader;
        return 0;
    case RILL_SIOCOUTQ:
        *argument = sock->phase == PHASE_CONNECTING ? 0 : (int)below.unacked_bytes;
        break;
    case RILL_SIOCOUTQNSD:
        *argument = sock->phase == PHASE_CONNECTING ? 0 : (int)below.unsent_bytes;
        break;
    default:
        return -RILL_ENOTTY;
    }
    return sock->phase == PHASE_LISTENING ? -RILL_EINVAL : 0;
}

int rill_sock_ioctl(struct rill_sockets *s, int fd, unsigned long request, int *argument)
{
    struct file *file = file_of(s, fd);

    if (file == NULL)
        return -RILL_EBADF;
    if (request == RILL_FIONBIO) {
        file->status = *argument != 0 ? RILL_O_NONBLOCK : 0;
        return 0;
    }
    if (file->kind != FILE_SOCKET)
        return -RILL_ENOTTY;
    catch_up(s);
    if (is_datagram(file))
        return datagram_ioctl(s, &file->sock, request, argument);
    return socket_ioctl(s, &file->sock, request, argument);
}
