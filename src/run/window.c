/*
 * The window of datagrams that lie in a program's pair: see window.h. Plain
 * reads take them without a word; how many are left is told by the bytes that
 * the pair's queue is charged with, which are known of each.
 */
#include "run/window.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define ENTRIES 32u
#define CONTROL_KEPT 128u
#define SIOCOUTQ_ 0x5411

struct entry {
    int charge; /* of the pair's queue */
    int error;  /* not a datagram, but this error, negative: it wakes the program by an empty one */
    uint8_t name[ADDRESS_BYTES];
    uint32_t name_bytes;
    uint8_t control[CONTROL_KEPT];
    size_t control_bytes;
};

/* entries[first], entries[first + 1], ... modulo ENTRIES: the oldest first. */
struct window {
    struct entry entries[ENTRIES];
    unsigned first, count;
    int charged; /* the sum of their charges */

    /* One that was received and finds no room in the pair: its entry is the one behind the last. */
    uint8_t *held;
    size_t held_bytes;
};

static uint8_t bytes_here[MESSAGE_BYTES_MAX];

static int charge_of(int fd)
{
    int charge = 0;

    return ioctl(fd, SIOCOUTQ_, &charge) == 0 ? charge : 0;
}

/*
 * What a pair is charged with for a datagram of so many bytes. Measured once for each size, on a pair that nobody else
 * reads from: between a look before and a look after on the program's own, it may read.
 */
static int charge_for(size_t bytes)
{
    static int known[MESSAGE_BYTES_MAX + 1], probe[2] = {-1, -1};
    int size = 1 << 20;

    if (known[bytes] != 0)
        return known[bytes];
    if (probe[0] < 0) {
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, probe) != 0)
            return 0;
        if (setsockopt(probe[0], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0)
            (void)setsockopt(probe[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    }
    if (send(probe[0], bytes_here, bytes, MSG_NOSIGNAL) == (ssize_t)bytes) {
        known[bytes] = charge_of(probe[0]);
        (void)recv(probe[1], (uint8_t[1]){0}, 1, 0);
    }
    return known[bytes];
}

static void pop(struct window *window)
{
    window->charged -= window->entries[window->first].charge;
    window->first = (window->first + 1) % ENTRIES;
    window->count--;
}

/* Plain reads have taken some. */
static void drop_taken(struct psock *ps)
{
    struct window *window = ps->window;
    int charge = window->count > 0 ? charge_of(ps->pair) : 0;

    while (window->count > 0 && (window->charged > charge || charge == 0))
        pop(window);
    if (window->count == 0)
        window->charged = 0;
}

/* From the kernel's socket for the loopback, or from the stack. Bytes, or a negative error. */
static int64_t receive_from_shadow(struct psock *ps, struct entry *entry)
{
    struct iovec piece = {bytes_here, sizeof bytes_here};
    struct msghdr header = {
        .msg_name = entry->name,
        .msg_namelen = sizeof entry->name,
        .msg_iov = &piece,
        .msg_iovlen = 1,
        .msg_control = entry->control,
        .msg_controllen = sizeof entry->control,
    };
    ssize_t n = ps->shadow >= 0 ? recvmsg(ps->shadow, &header, MSG_DONTWAIT) : -1;

    if (n < 0)
        return -EAGAIN;
    entry->name_bytes = header.msg_namelen;
    entry->control_bytes = header.msg_controllen;
    return n;
}

/* SCM_TIMESTAMP or SCM_TIMESTAMPNS, which Linux puts before all others. How many bytes. */
static size_t put_stamp(int name, uint8_t *to)
{
    struct cmsghdr header = {
        .cmsg_len = CMSG_LEN(sizeof(struct timespec)), .cmsg_level = SOL_SOCKET, .cmsg_type = name};
    struct timespec now;
    struct timeval coarse;

    clock_gettime(CLOCK_REALTIME, &now);
    coarse = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    memcpy(to, &header, sizeof header);
    if (name == SO_TIMESTAMP)
        memcpy(to + sizeof header, &coarse, sizeof coarse);
    else
        memcpy(to + sizeof header, &now, sizeof now);
    return CMSG_SPACE(sizeof now);
}

static int64_t receive_from_stack(struct run *run, struct psock *ps, struct entry *entry)
{
    size_t stamp_bytes = ps->stamp != 0 ? put_stamp(ps->stamp, entry->control) : 0;
    struct rill_iovec piece = {bytes_here, sizeof bytes_here};
    struct rill_msghdr header = {
        .name = entry->name,
        .name_bytes = sizeof entry->name,
        .iov = &piece,
        .iov_count = 1,
        .control = entry->control + stamp_bytes,
        .control_bytes = sizeof entry->control - stamp_bytes,
    };
    int64_t n = rill_sock_recvmsg(run->sockets, ps->fd, &header, RILL_MSG_DONTWAIT);

    entry->name_bytes = header.name_bytes;
    entry->control_bytes = stamp_bytes + header.control_bytes;
    return n;
}

/* The next one, its bytes in bytes_here; how many, or -EAGAIN. */
static int64_t receive_next(struct run *run, struct psock *ps, struct entry *entry)
{
    int64_t n;

    if (ps->window->held != NULL) {
        memcpy(bytes_here, ps->window->held, ps->window->held_bytes);
        return (int64_t)ps->window->held_bytes;
    }
    n = receive_from_stack(run, ps, entry);
    entry->error = 0;
    if (n == -RILL_EAGAIN)
        n = receive_from_shadow(ps, entry);
    if (n < 0 && n != -EAGAIN) {
        entry->error = (int)n;
        n = 0;
    }
    return n;
}

static void hold(struct run *run, struct window *window, size_t bytes)
{
    if (window->held != NULL)
        return;
    window->held = malloc(bytes + 1);
    window->held_bytes = bytes;
    if (window->held == NULL)
        run->counts.datagrams_lost++;
    else
        memcpy(window->held, bytes_here, bytes);
}

/* One more into the pair. False: nothing has arrived, or it has no room. */
static bool fill_one(struct run *run, struct psock *ps)
{
    struct window *window = ps->window;
    struct entry *entry = &window->entries[(window->first + window->count) % ENTRIES];
    int64_t n = receive_next(run, ps, entry);

    if (n < 0)
        return false;
    if (send(ps->pair, bytes_here, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        hold(run, window, (size_t)n);
        return false;
    }
    free(window->held);
    window->held = NULL;
    entry->charge = charge_for((size_t)n);
    window->charged += entry->charge;
    window->count++;
    run->counts.datagrams_in++;
    return true;
}

static bool has_window(struct psock *ps)
{
    if (ps->window == NULL)
        ps->window = calloc(1, sizeof *ps->window);
    return ps->window != NULL;
}

void window_fill(struct run *run, struct psock *ps)
{
    if (!has_window(ps))
        return;
    drop_taken(ps);
    while (!ps->shut_receive && ps->window->count < ENTRIES && fill_one(run, ps))
        continue;
}

void window_free(struct window *window)
{
    if (window != NULL)
        free(window->held);
    free(window);
}

/* As the kernel's put_cmsg(): what does not fit is cut off, what has not even room for a header is left out. */
static void copy_control(struct contents *contents, const struct entry *entry, size_t room)
{
    struct cmsghdr header;

    contents->control_bytes = 0;
    for (size_t at = 0; at + sizeof header <= entry->control_bytes; at += CMSG_ALIGN(header.cmsg_len)) {
        size_t left = room - contents->control_bytes, step;

        memcpy(&header, entry->control + at, sizeof header);
        step = CMSG_ALIGN(header.cmsg_len) < left ? CMSG_ALIGN(header.cmsg_len) : left;
        if (header.cmsg_len < sizeof header || step > entry->control_bytes - at)
            return;
        if (left < header.cmsg_len)
            contents->flags |= MSG_CTRUNC;
        if (left < sizeof header)
            return;
        memcpy(contents->control + contents->control_bytes, entry->control + at, step);
        if (left < header.cmsg_len) {
            struct cmsghdr cut = header;

            cut.cmsg_len = left;
            memcpy(contents->control + contents->control_bytes, &cut, sizeof cut);
        }
        contents->control_bytes += step;
    }
}

static void copy_beside(struct contents *contents, const struct entry *entry, size_t control_room)
{
    memcpy(contents->name, entry->name, sizeof contents->name);
    contents->name_bytes = entry->name_bytes;
    copy_control(contents, entry, control_room);
}

int64_t window_take(struct run *run, struct psock *ps, struct contents *contents, size_t room, size_t control_room,
                    int flags, int end)
{
    struct iovec piece = {contents->data, room};
    struct msghdr header = {.msg_iov = &piece, .msg_iovlen = 1};
    struct entry *entry;
    int64_t n, result;

    window_fill(run, ps);
    if (ps->window == NULL || ps->window->count == 0 || end < 0)
        return -EAGAIN;
    entry = &ps->window->entries[ps->window->first];
    if (entry->error != 0)
        flags &= ~MSG_PEEK; /* an error is told once, to who peeks too */
    n = recvmsg(end, &header, MSG_DONTWAIT | (flags & (MSG_PEEK | MSG_TRUNC)));
    if (n < 0)
        return -errno;
    contents->flags = header.msg_flags & MSG_TRUNC;
    copy_beside(contents, entry, control_room);
    result = entry->error != 0 ? entry->error : n;
    if ((flags & MSG_PEEK) == 0)
        pop(ps->window);
    return result;
}

int window_take_error(struct run *run, struct psock *ps)
{
    const struct entry *oldest;
    int end, error;

    window_fill(run, ps);
    if (ps->window == NULL || ps->window->count == 0)
        return 0;
    oldest = &ps->window->entries[ps->window->first];
    error = oldest->error;
    end = error != 0 ? psock_borrow_end(ps) : -1;
    if (end < 0)
        return 0;
    (void)recv(end, bytes_here, 1, MSG_DONTWAIT);
    close(end);
    pop(ps->window);
    return error;
}

int64_t window_errors(struct run *run, struct psock *ps, struct contents *contents, size_t room, size_t control_room,
                      int flags)
{
    struct rill_iovec piece = {contents->data, room};
    struct rill_msghdr header = {
        .name = contents->name,
        .name_bytes = sizeof contents->name,
        .iov = &piece,
        .iov_count = 1,
        .control = contents->control,
        .control_bytes = control_room < sizeof contents->control ? control_room : sizeof contents->control,
    };
    int64_t n = rill_sock_recvmsg(run->sockets, ps->fd, &header, flags);

    contents->name_bytes = header.name_bytes;
    contents->control_bytes = header.control_bytes;
    contents->flags = header.flags;
    return n;
}
