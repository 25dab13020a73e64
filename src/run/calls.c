/*
 * Calls that make, name and shut sockets; and which room answers which call.
 */
#include "run/supervisor.h"

#include "run/datagrams.h"
#include "run/filter.h"
#include "run/proc_files.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ADDRESS_MAX 128u

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

void supervisor_say(const struct run *run, const char *format, ...)
{
    char line[512];
    va_list values;

    if (!run->config.verbose)
        return;
    va_start(values, format);
    vsnprintf(line, sizeof line, format, values);
    va_end(values);
    fprintf(stderr, "rill run: %s\n", line);
}

int read_address(const struct call *call, uint64_t at, uint64_t bytes, uint8_t *out, uint32_t *out_bytes)
{
    uint8_t address[ADDRESS_MAX];

    if ((int)bytes < 0 || bytes > sizeof address)
        return -EINVAL;
    if (!program_read(call, at, address, (size_t)bytes))
        return -EFAULT;
    *out_bytes = (uint32_t)(bytes < ADDRESS_BYTES ? bytes : ADDRESS_BYTES);
    memset(out, 0, ADDRESS_BYTES);
    memcpy(out, address, *out_bytes);
    return 0;
}

int write_address(const struct call *call, uint64_t to, uint64_t bytes_at, const void *addr, uint32_t bytes)
{
    int32_t room, length = (int32_t)bytes;

    if (to == 0)
        return 0;
    if (!program_read(call, bytes_at, &room, sizeof room))
        return -EFAULT;
    if (room < 0)
        return -EINVAL;
    {
        const struct iovec from[2] = {{(void *)(uintptr_t)addr, room < length ? (size_t)room : bytes},
                                      {&length, sizeof length}};
        const struct iovec there[2] = {{(void *)(uintptr_t)to, from[0].iov_len},
                                       {(void *)(uintptr_t)bytes_at, sizeof length}};

        return program_write_two(call, from, there) ? 0 : -EFAULT;
    }
}

/* ------------------------------------------------------------------- socket */

/* What the kernel serves as ever: raw sockets, ICMP, and what has no place here. */
static bool is_ours(int type, int protocol)
{
    if (type == SOCK_STREAM)
        return protocol == 0 || protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP;
    return type == SOCK_DGRAM && (protocol == 0 || protocol == IPPROTO_UDP);
}

void answer_socket(struct run *run, const struct call *call)
{
    int family = (int)call->args[0], flags = (int)call->args[1] & (SOCK_NONBLOCK | SOCK_CLOEXEC);
    int type = (int)call->args[1] & ~flags, protocol = (int)call->args[2];
    struct psock *ps;
    int fd, end, number;

    if (!is_ours(type, protocol)) {
        call_continue(call);
        return;
    }
    if (protocol == IPPROTO_MPTCP) { /* as a kernel without it; Go then takes TCP */
        call_answer(call, -EPROTONOSUPPORT);
        return;
    }
    fd = rill_sock_open(run->sockets, family, type | RILL_SOCK_NONBLOCK, protocol);
    if (fd < 0) {
        call_answer(call, fd == -RILL_EMFILE ? -ENFILE : fd);
        return;
    }
    ps = psock_make(run, fd, type == SOCK_DGRAM, (flags & SOCK_NONBLOCK) != 0, &end);
    if (ps == NULL) {
        call_answer(call, errno == EMFILE ? -ENFILE : -errno);
        (void)rill_sock_close(run->sockets, fd);
        return;
    }
    ps->v6 = family == AF_INET6;
    ps->process = call->thread;
    number = call_answer_with_file(call, end, (flags & SOCK_CLOEXEC) != 0);
    close(end);
    if (number < 0)
        psock_free(run, ps);
    else
        ps->process_fd = number;
}

/* A socket that has a name already cannot be bound, not even to the loopback. */
static bool may_be_bound(struct run *run, const struct psock *ps)
{
    uint8_t addr[ADDRESS_BYTES];
    uint32_t bytes = sizeof addr;
    uint16_t port = 0;

    if (rill_sock_getsockname(run->sockets, ps->fd, addr, &bytes) == 0)
        memcpy(&port, addr + 2, sizeof port);
    return port == 0 && (ps->phase == PSOCK_FRESH || ps->phase == PSOCK_DATAGRAMS);
}

void answer_bind(struct run *run, struct psock *ps, const struct call *call)
{
    uint8_t addr[ADDRESS_BYTES];
    uint32_t bytes;
    int error = read_address(call, call->args[1], call->args[2], addr, &bytes);

    if (error == 0 && address_is_loopback(addr, bytes)) {
        if (may_be_bound(run, ps))
            kernel_takes_over(run, ps, call);
        else
            call_answer(call, -EINVAL);
        return;
    }
    if (error == 0)
        error = rill_sock_bind(run->sockets, ps->fd, addr, bytes);
    if (error == 0 && ps->datagrams)
        shadow_bind(run, ps);
    call_answer(call, error);
}

/* It sends no more from here on. Out of reach: what it still sends finds the connection shut. */
static void shut_programs_end(struct run *run, struct psock *ps)
{
    int end = psock_borrow_end(ps);

    if (end >= 0) {
        if (!ps->shut_send)
            psock_keep_unread(ps, end);
        shutdown(end, SHUT_WR);
        close(end);
    } else {
        (void)rill_sock_shutdown(run->sockets, ps->fd, RILL_SHUT_WR);
        ps->eof_in = true;
    }
    ps->shut_send = true;
}

void answer_shutdown(struct run *run, struct psock *ps, const struct call *call)
{
    int how = (int)call->args[1];
    int error;
    bool waits; /* the FIN goes when the pair's end is read, after what is before it */

    if (ps->datagrams) {
        answer_datagrams_shutdown(run, ps, call);
        return;
    }
    if (ps->phase == PSOCK_OPEN && !stream_flush(run, ps)) {
        call_answer(call, -EBADF);
        return;
    }
    if (ps->phase == PSOCK_DEAD) {
        call_answer(call, -ENOTCONN);
        return;
    }
    waits = ps->phase == PSOCK_OPEN && (how == SHUT_WR || how == SHUT_RDWR) && !ps->eof_in;
    error = waits && how == SHUT_WR ? 0 : rill_sock_shutdown(run->sockets, ps->fd, waits ? SHUT_RD : how);
    if (error != 0 || ps->phase != PSOCK_OPEN) {
        if (error == 0 && ps->phase == PSOCK_LISTENING && how != SHUT_WR)
            listener_end(run, ps);
        call_answer(call, error);
        return;
    }
    /* Reading ends at once: the pair's other direction is ours to shut. Sending ends as the program's end says. */
    if (how != SHUT_WR) {
        ps->shut_receive = true;
        ps->eof_out = true;
        shutdown(ps->pair, SHUT_WR);
    }
    if (how != SHUT_RD) {
        shut_programs_end(run, ps);
        if (waits)
            (void)stream_flush(run, ps); /* what another thread wrote meanwhile goes before the FIN */
    }
    call_answer(call, 0);
}

void answer_getsockname(struct run *run, struct psock *ps, const struct call *call)
{
    uint8_t addr[ADDRESS_BYTES];
    uint32_t bytes = sizeof addr;
    int error = rill_sock_getsockname(run->sockets, ps->fd, addr, &bytes);

    call_answer(call, error != 0 ? error : write_address(call, call->args[1], call->args[2], addr, bytes));
}

void answer_getpeername(struct run *run, struct psock *ps, const struct call *call)
{
    uint8_t addr[ADDRESS_BYTES];
    uint32_t bytes = sizeof addr;
    int error = rill_sock_getpeername(run->sockets, ps->fd, addr, &bytes);

    call_answer(call, error != 0 ? error : write_address(call, call->args[1], call->args[2], addr, bytes));
}

/* ------------------------------------------------------------------ dispatch */

/* A call of 32-bit programs: their numbers and structs are others. */
static void refuse_foreign(struct run *run, const struct call *call)
{
    if (!run->told_foreign)
        fprintf(stderr, "rill run: process %d is a 32-bit program: those get no sockets here\n", (int)call->thread);
    run->told_foreign = true;
    call_answer(call, -EAFNOSUPPORT);
}

static void refuse_io_uring(struct run *run, const struct call *call)
{
    if (!run->told_io_uring)
        supervisor_say(run,
                       "process %d wanted io_uring, whose sockets would be the kernel's: ENOSYS (--io-uring allows it)",
                       (int)call->thread);
    run->told_io_uring = true;
    call_answer(call, -ENOSYS);
}

static void socket_call(struct run *run, struct psock *ps, const struct call *call)
{
    switch (call->number) {
    case SYS_bind:
        answer_bind(run, ps, call);
        break;
    case SYS_listen:
        answer_listen(run, ps, call);
        break;
    case SYS_connect:
        answer_connect(run, ps, call);
        break;
    case SYS_accept:
    case SYS_accept4: /* its descriptor is out of reach: descriptor_call() */
        call_answer(call, -EBADF);
        break;
    case SYS_shutdown:
        answer_shutdown(run, ps, call);
        break;
    case SYS_getsockname:
        answer_getsockname(run, ps, call);
        break;
    case SYS_getpeername:
        answer_getpeername(run, ps, call);
        break;
    case SYS_getsockopt:
        answer_getsockopt(run, ps, call);
        break;
    case SYS_setsockopt:
        answer_setsockopt(run, ps, call);
        break;
    case SYS_ioctl:
        answer_ioctl(run, ps, call);
        break;
    default:
        answer_message(run, ps, call);
        break;
    }
}

static bool is_accept(const struct call *call)
{
    return call->number == SYS_accept || call->number == SYS_accept4;
}

/* A call about a descriptor that is there. */
static void descriptor_call(struct run *run, const struct call *call)
{
    int end = is_accept(call) ? process_file(call->thread, (int)call->args[0]) : -1;
    struct psock *ps = end >= 0 ? psock_of_end(run, call, call->args[0], end) : psock_of_call(run, call, call->args[0]);

    if (ps == NULL) {
        run->counts.continued++;
        answer_stranger(run, call);
    } else {
        run->resumed_done = waiters_forget_thread(run, ps, call);
        if (end >= 0)
            answer_accept(run, ps, call, end);
        else
            socket_call(run, ps, call);
    }
    if (end >= 0)
        close(end);
}

void dispatch(struct run *run, const struct call *call)
{
    run->counts.calls++;
    if (call->arch != FILTER_ARCH) {
        refuse_foreign(run, call);
        return;
    }
    switch (call->number) {
    case SYS_socket:
        answer_socket(run, call);
        return;
    case SYS_io_uring_setup:
        refuse_io_uring(run, call);
        return;
    case SYS_openat:
#ifdef SYS_open
    case SYS_open:
#endif
        answer_open(run, call);
        return;
    default:
        descriptor_call(run, call);
        return;
    }
}
