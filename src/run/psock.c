/*
 * The programs' sockets: made, found by the number of the program's end, ended.
 */
#include "run/supervisor.h"
#include "run/window.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_KEPT 32u
#define DATAGRAM_PAIR_BYTES 524288 /* a datagram of 64 KiB must fit, with what the kernel adds */

static uint64_t source_of(const struct psock *ps, enum source source)
{
    return (uint64_t)ps->generation << 32 | (uint64_t)ps->index << 2 | source;
}

struct psock *psock_by_source(struct run *run, uint64_t source)
{
    uint32_t index = (uint32_t)source >> 2;
    struct psock *ps = index < SOCKETS_MAX ? run->all[index] : NULL;

    return ps != NULL && ps->generation == (uint32_t)(source >> 32) ? ps : NULL;
}

static struct psock **bucket(struct run *run, uint64_t inode)
{
    return &run->by_inode[inode % INODE_BUCKETS];
}

struct psock *psock_by_inode(struct run *run, uint64_t inode)
{
    struct psock *ps = *bucket(run, inode);

    while (ps != NULL && ps->inode != inode)
        ps = ps->inode_next;
    return ps;
}

static void forget_inode(struct run *run, struct psock *ps)
{
    struct psock **at = bucket(run, ps->inode);

    while (*at != NULL && *at != ps)
        at = &(*at)->inode_next;
    if (*at == ps)
        *at = ps->inode_next;
    ps->inode = 0;
}

static void remember_inode(struct run *run, struct psock *ps, uint64_t inode)
{
    struct psock *old = psock_by_inode(run, inode);

    if (old != NULL) /* numbers come again only when their socket is gone */
        psock_free(run, old);
    ps->inode = inode;
    ps->inode_next = *bucket(run, inode);
    *bucket(run, inode) = ps;
}

/* A few descriptors are kept free for the calls themselves: a supervisor without any could answer nothing. */
static bool has_room(const struct run *run, int highest)
{
    return (rlim_t)highest + FILES_KEPT < run->files_max;
}

/* The pair itself, watched; false with errno set. */
static bool open_pair(struct run *run, struct psock *ps, bool nonblocking, int *end)
{
    int type = (ps->datagrams ? SOCK_SEQPACKET : SOCK_STREAM) | SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET};
    struct stat status;
    int ends[2], on = 1;

    if (socketpair(AF_UNIX, type, 0, ends) != 0)
        return false;
    if (!has_room(run, ends[0])) {
        close(ends[0]);
        close(ends[1]);
        errno = ENFILE;
        return false;
    }
    if (ps->datagrams) {
        int bytes = DATAGRAM_PAIR_BYTES;

        for (unsigned i = 0; i < 2; i++)
            if (setsockopt(ends[i], SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) != 0)
                setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    }
    event.data.u64 = source_of(ps, SOURCE_PAIR);
    if (fstat(ends[1], &status) != 0 || epoll_ctl(run->epoll, EPOLL_CTL_ADD, ends[0], &event) != 0) {
        int error = errno;

        close(ends[0]);
        close(ends[1]);
        errno = error;
        return false;
    }
    if (!ps->datagrams)
        setsockopt(ends[0], SOL_SOCKET, SO_OOBINLINE, &on, sizeof on);
    ps->pair = ends[0];
    ps->writable = true;
    remember_inode(run, ps, (uint64_t)status.st_ino);
    run->sockets_device = status.st_dev;
    *end = ends[1];
    return true;
}

static uint32_t take_index(struct run *run)
{
    if (run->unused_count > 0)
        return run->unused[--run->unused_count];
    return run->all_used < SOCKETS_MAX ? run->all_used++ : SOCKETS_MAX;
}

static void put_index(struct run *run, uint32_t index)
{
    run->all[index] = NULL;
    run->unused[run->unused_count++] = index;
}

static void watch(struct run *run, const struct psock *ps)
{
    const struct rill_epoll_event event = {
        .events = RILL_EPOLLIN | RILL_EPOLLOUT | RILL_EPOLLRDHUP | RILL_EPOLLPRI | RILL_EPOLLET,
        .data = source_of(ps, SOURCE_PAIR),
    };

    /* A connection that was given back to its listener is watched already, as the socket that it was before. */
    if (rill_sock_epoll_ctl(run->sockets, run->watch, RILL_EPOLL_CTL_ADD, ps->fd, &event) == -RILL_EEXIST)
        (void)rill_sock_epoll_ctl(run->sockets, run->watch, RILL_EPOLL_CTL_MOD, ps->fd, &event);
}

struct psock *psock_make(struct run *run, int fd, bool datagrams, bool nonblocking, int *end)
{
    struct psock *ps = calloc(1, sizeof *ps);
    uint32_t index = ps != NULL ? take_index(run) : SOCKETS_MAX;

    if (index == SOCKETS_MAX) {
        free(ps);
        errno = ENOMEM;
        return NULL;
    }
    ps->index = index;
    ps->generation = ++run->generation;
    ps->fd = fd;
    ps->pair = -1;
    ps->shadow = ps->shadow_returned = -1;
    ps->datagrams = datagrams;
    ps->phase = datagrams ? PSOCK_DATAGRAMS : PSOCK_FRESH;
    if (!open_pair(run, ps, nonblocking, end)) {
        int error = errno;

        put_index(run, index);
        free(ps);
        errno = error;
        return NULL;
    }
    run->all[index] = ps;
    run->counts.sockets++;
    run->counts.live++;
    watch(run, ps);
    return ps;
}

static void unlink_dead(struct run *run, struct psock *ps)
{
    *(ps->dead_previous != NULL ? &ps->dead_previous->dead_next : &run->dead_head) = ps->dead_next;
    *(ps->dead_next != NULL ? &ps->dead_next->dead_previous : &run->dead_tail) = ps->dead_previous;
    ps->dead_previous = ps->dead_next = NULL;
    run->dead_count--;
}

static void link_dead(struct run *run, struct psock *ps)
{
    ps->dead_previous = run->dead_tail;
    *(run->dead_tail != NULL ? &run->dead_tail->dead_next : &run->dead_head) = ps;
    run->dead_tail = ps;
    run->dead_count++;
}

static bool renew(struct run *run, struct psock *ps, bool nonblocking, int *end)
{
    unlink_dead(run, ps);
    forget_inode(run, ps);
    ps->phase = PSOCK_FRESH;
    ps->readable = ps->hung_up = ps->more_behind = ps->eof_in = ps->eof_out = ps->shut_receive = ps->shut_send = false;
    ps->urgent = ps->peer_ended = ps->reserve = false;
    ps->stuffing = 0;
    ps->tokens = 0;
    free(ps->carry);
    ps->carry = NULL;
    ps->carry_bytes = ps->carry_done = 0;
    if (open_pair(run, ps, nonblocking, end))
        return true;
    psock_free(run, ps);
    return false;
}

bool psock_revive(struct run *run, struct psock *ps, const struct call *call)
{
    int flags = process_file_flags(call->thread, (int)call->args[0]);
    bool done;
    int end;

    if (!renew(run, ps, (flags & O_NONBLOCK) != 0, &end))
        return false;
    done = call_replace_file(call, end, (int)call->args[0], (flags & O_CLOEXEC) != 0);
    close(end);
    return done;
}

static void close_pair(struct psock *ps)
{
    if (ps->pair >= 0)
        close(ps->pair);
    ps->pair = -1;
}

void psock_free(struct run *run, struct psock *ps)
{
    waiters_end(run, ps, -EBADF);
    if (ps->is_busy) { /* freed when its turn comes */
        struct psock **at = &run->busy;

        while (*at != ps)
            at = &(*at)->busy_next;
        *at = ps->busy_next;
    }
    if (ps->phase == PSOCK_DEAD)
        unlink_dead(run, ps);
    forget_inode(run, ps);
    for (unsigned i = 0; i < ps->returned_count; i++)
        (void)rill_sock_close(run->sockets, ps->returned[i]);
    close_pair(ps);
    if (ps->shadow >= 0)
        close(ps->shadow);
    if (ps->shadow_returned >= 0)
        close(ps->shadow_returned);
    if (ps->fd >= 0)
        (void)rill_sock_close(run->sockets, ps->fd);
    put_index(run, ps->index);
    run->counts.live--;
    free(ps->carry);
    window_free(ps->window);
    free(ps);
}

void psock_look_at_pair(struct psock *ps)
{
    struct pollfd one = {.fd = ps->pair};

    if (poll(&one, 1, 0) > 0 && (one.revents & POLLHUP) != 0)
        ps->hung_up = true;
}

/*
 * A pair whose one end is closed with something unread in it tells the other end ECONNRESET, as TCP does; with
 * nothing in it, the end of the stream. So something is put into it where need be.
 */
static void leave_unread(struct psock *ps)
{
    int unread = 0;
    int end;

    if (ioctl(ps->pair, FIONREAD, &unread) == 0 && unread > 0)
        return;
    end = psock_find_end(ps);
    if (end < 0)
        return;
    (void)send(end, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    close(end);
}

void psock_keep_unread(struct psock *ps, int end)
{
    int on = 1;

    if (ps->reserve)
        return;
    setsockopt(ps->pair, SOL_SOCKET, SO_PASSCRED, &on, sizeof on); /* who sent a byte tells it from the program's */
    ps->reserve = send(end, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1;
}

static void leave_nothing(struct run *run, const struct psock *ps)
{
    while (recv(ps->pair, run->scratch, SCRATCH_BYTES, MSG_DONTWAIT) > 0)
        continue;
}

void psock_reset(struct run *run, struct psock *ps)
{
    if (ps->phase == PSOCK_DEAD)
        return;
    waiters_end(run, ps, ps->error < 0 ? ps->error : -ECONNRESET);
    if (ps->peer_ended)
        leave_nothing(run, ps); /* behind its FIN a peer's RST says nothing to a reader; writing fails by EPIPE */
    else
        leave_unread(ps);
    psock_bury(run, ps);
}

void psock_bury(struct run *run, struct psock *ps)
{
    close_pair(ps);
    ps->phase = PSOCK_DEAD;
    link_dead(run, ps);
    ps->process = process_of_thread(ps->process); /* the thread may end before the process closes it */
    if (run->dead_count > DEAD_MAX)
        psock_tidy(run); /* rather one that nobody has */
    if (run->dead_count > DEAD_MAX)
        psock_free(run, run->dead_head);
}

#define LOOKS_MAX 64u

/* Nobody tells when the program closes a dead one: they are looked for. */
void psock_tidy(struct run *run)
{
    unsigned looks = run->dead_count < LOOKS_MAX ? run->dead_count : LOOKS_MAX;

    for (; looks > 0; looks--) {
        struct psock *ps = run->dead_head;

        if (!psock_exists(run, ps)) {
            psock_free(run, ps);
            continue;
        }
        unlink_dead(run, ps); /* the others have their turn */
        link_dead(run, ps);
    }
}

static struct psock *seen(struct psock *ps, const struct call *call, uint64_t fd)
{
    if (ps != NULL) {
        ps->process = call->thread;
        ps->process_fd = (int)fd;
    }
    return ps;
}

struct psock *psock_of_end(struct run *run, const struct call *call, uint64_t fd, int end)
{
    struct stat status;

    /* A path to a socket, opened with O_PATH, has a number of another kind. */
    if (fstat(end, &status) != 0 || !S_ISSOCK(status.st_mode) || status.st_dev != run->sockets_device)
        return NULL;
    return seen(psock_by_inode(run, (uint64_t)status.st_ino), call, fd);
}

struct psock *psock_of_call(struct run *run, const struct call *call, uint64_t fd)
{
    int end = process_file(call->thread, (int)fd); /* half of what it costs to ask /proc */
    struct psock *ps;
    uint64_t inode;

    if (end >= 0) {
        ps = psock_of_end(run, call, fd, end);
        close(end);
        return ps;
    }
    inode = process_socket(call->thread, (int)fd);
    return inode != 0 ? seen(psock_by_inode(run, inode), call, fd) : NULL;
}

bool psock_watch_shadow(struct run *run, struct psock *ps)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = source_of(ps, SOURCE_SHADOW)};

    return epoll_ctl(run->epoll, EPOLL_CTL_ADD, ps->shadow, &event) == 0;
}

void psock_mark_busy(struct run *run, struct psock *ps)
{
    if (ps->is_busy)
        return;
    ps->is_busy = true;
    ps->busy_next = run->busy;
    run->busy = ps;
}
