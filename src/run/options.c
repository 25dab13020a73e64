/*
 * getsockopt, setsockopt and ioctl of the programs' sockets. What the kernel's
 * read and write look at (timeouts, low-water marks) is set on the pair too.
 */
#include "run/supervisor.h"

#include "run/datagrams.h"
#include "run/window.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define VALUE_MAX 1024u

#ifndef SIOCOUTQNSD
#define SIOCOUTQNSD 0x894b
#endif
#define SIOCOUTQ_ 0x5411

/* Options that tune and promise nothing, which a program may not be able to do without: taken, and without effect. */
static bool is_only_tuning(int level, int name)
{
    static const struct {
        int level, name;
    } tuning[] = {
        {RILL_SOL_TCP, RILL_TCP_DEFER_ACCEPT},
        {RILL_SOL_TCP, RILL_TCP_FASTOPEN},
        {RILL_SOL_TCP, RILL_TCP_NOTSENT_LOWAT},
        {RILL_SOL_TCP, RILL_TCP_KEEPIDLE},
        {RILL_SOL_TCP, RILL_TCP_KEEPINTVL},
        {RILL_SOL_TCP, RILL_TCP_KEEPCNT},
        {RILL_SOL_TCP, RILL_TCP_SYNCNT},
        {RILL_SOL_TCP, RILL_TCP_LINGER2},
        {RILL_SOL_TCP, RILL_TCP_WINDOW_CLAMP},
        {RILL_SOL_TCP, 30 /* TCP_FASTOPEN_CONNECT */},
        {RILL_SOL_SOCKET, SO_INCOMING_CPU},
        {RILL_SOL_SOCKET, SO_BUSY_POLL},
        {RILL_SOL_SOCKET, SO_MARK},
        {RILL_SOL_SOCKET, SO_MAX_PACING_RATE},
        {RILL_SOL_SOCKET, SO_RCVBUFFORCE},
        {RILL_SOL_SOCKET, SO_SNDBUFFORCE},
        {RILL_SOL_IP, 10 /* IP_MTU_DISCOVER */},
        {RILL_SOL_IP, 11 /* IP_RECVERR */},
        {RILL_SOL_IP, 24 /* IP_BIND_ADDRESS_NO_PORT */},
        {RILL_SOL_IPV6, 23 /* IPV6_MTU_DISCOVER */},
        {RILL_SOL_IPV6, 25 /* IPV6_RECVERR */},
        {RILL_SOL_SOCKET, SO_REUSEPORT},
    };

    for (size_t i = 0; i < sizeof tuning / sizeof tuning[0]; i++)
        if (tuning[i].level == level && tuning[i].name == name)
            return true;
    return false;
}

/* What the kernel must know to read, write and poll the pair as asked. */
static void set_on_pair(const struct call *call, int level, int name, const void *value, uint32_t bytes)
{
    int end;

    if (level != SOL_SOCKET ||
        (name != SO_RCVTIMEO && name != SO_SNDTIMEO && name != SO_RCVLOWAT && name != SO_OOBINLINE))
        return;
    end = process_file(call->thread, (int)call->args[0]);
    if (end < 0)
        return;
    setsockopt(end, level, name, value, bytes);
    close(end);
}

static void keep_option(struct psock *ps, int level, int name, const void *value, uint32_t bytes)
{
    struct kept_option *kept = ps->kept;

    while (kept < ps->kept + ps->kept_count && (kept->level != level || kept->name != name))
        kept++;
    if (kept == ps->kept + OPTIONS_KEPT || bytes > sizeof kept->value)
        return;
    if (kept == ps->kept + ps->kept_count)
        ps->kept_count++;
    *kept = (struct kept_option){.level = level, .name = name, .bytes = bytes};
    memcpy(kept->value, value, bytes);
}

/* The program's only interface but the loopback: what is bound to it is bound already. */
static bool binds_to_our_device(int level, int name, const uint8_t *value, uint32_t bytes)
{
    static const char device[] = "rill0";

    return level == SOL_SOCKET && name == SO_BINDTODEVICE && bytes >= sizeof device - 1 &&
           memcmp(value, device, bytes < sizeof device ? bytes : sizeof device) == 0;
}

static bool is_stamp(const struct psock *ps, int level, int name)
{
    return ps->datagrams && level == SOL_SOCKET && (name == SO_TIMESTAMP || name == SO_TIMESTAMPNS);
}

/* When a datagram came is told beside it by window_take(). The later of the two options counts, as on Linux. */
static int set_stamp(struct psock *ps, int name, const uint8_t *value, uint32_t bytes)
{
    int on;

    if (bytes < sizeof on)
        return -EINVAL;
    memcpy(&on, value, sizeof on);
    if (on != 0 || ps->stamp == name)
        ps->stamp = on != 0 ? name : 0;
    return 0;
}

/* What the program writes goes through a pair of the kernel's, and its error queue is the pair's: it tells nothing. */
static bool asks_for_error_queue(int level, int name, const uint8_t *value, uint32_t bytes)
{
    int on = 0;

    if (bytes >= sizeof on)
        memcpy(&on, value, sizeof on);
    return level == SOL_SOCKET && (name == SO_TIMESTAMPING || name == SO_ZEROCOPY) && on != 0;
}

void answer_setsockopt(struct run *run, struct psock *ps, const struct call *call)
{
    int level = (int)call->args[1], name = (int)call->args[2];
    uint32_t bytes = (uint32_t)call->args[4];
    uint8_t value[VALUE_MAX];
    int error;

    if (bytes > sizeof value) {
        call_answer(call, -EINVAL);
        return;
    }
    if (!program_read(call, call->args[3], value, bytes)) {
        call_answer(call, -EFAULT);
        return;
    }
    if (asks_for_error_queue(level, name, value, bytes)) {
        call_answer(call, -EOPNOTSUPP);
        return;
    }
    /* TCP_CORK and TCP_NODELAY are about what was written before, too. */
    if (ps->phase == PSOCK_OPEN && level == RILL_SOL_TCP && !stream_flush(run, ps)) {
        call_answer(call, -EBADF);
        return;
    }
    if (binds_to_our_device(level, name, value, bytes)) {
        call_answer(call, 0);
        return;
    }
    /* SO_RCVLOWAT is the pair's alone: below the mark data must come into it all the same. */
    if (level == SOL_SOCKET && name == SO_RCVLOWAT)
        error = bytes < sizeof(int) ? -EINVAL : 0;
    else if (is_stamp(ps, level, name))
        error = set_stamp(ps, name, value, bytes);
    else
        error = rill_sock_setsockopt(run->sockets, ps->fd, level, name, value, bytes);
    if ((error == -RILL_EOPNOTSUPP || error == -RILL_ENOPROTOOPT) && is_only_tuning(level, name)) {
        supervisor_say(run, "option %d of level %d was taken, and does nothing", name, level);
        error = 0;
    }
    if (error == 0) {
        keep_option(ps, level, name, value, bytes);
        if (ps->shadow >= 0)
            setsockopt(ps->shadow, level, name, value, bytes);
        set_on_pair(call, level, name, value, bytes);
    }
    call_answer(call, error);
}

/*
 * The pending error. The pair may have told it already, to a read or a write: then it is gone here too; and when it is
 * told here, it must not be told again there.
 */
static int take_error(struct run *run, struct psock *ps)
{
    int ours = 0, pairs = 0;
    uint32_t bytes = sizeof ours;
    socklen_t room = sizeof pairs;
    int end = psock_borrow_end(ps);

    (void)rill_sock_getsockopt(run->sockets, ps->fd, RILL_SOL_SOCKET, RILL_SO_ERROR, &ours, &bytes);
    if (ours == 0)
        ours = -ps->error;
    ps->error = 0;
    if (ps->datagrams && ours == 0)
        ours = -window_take_error(run, ps);
    if (end < 0)
        return ours;
    (void)getsockopt(end, SOL_SOCKET, SO_ERROR, &pairs, &room);
    close(end);
    return ps->phase == PSOCK_DEAD && !ps->peer_ended && pairs == 0 ? 0 : ours;
}

static int ask_pair(const struct psock *ps, int name, void *value, uint32_t *bytes)
{
    int end = psock_borrow_end(ps);
    socklen_t room = *bytes;
    int error = end >= 0 && getsockopt(end, SOL_SOCKET, name, value, &room) == 0 ? 0 : -ENOPROTOOPT;

    if (end >= 0)
        close(end);
    *bytes = room;
    return error;
}

void answer_getsockopt(struct run *run, struct psock *ps, const struct call *call)
{
    int level = (int)call->args[1], name = (int)call->args[2];
    uint8_t value[VALUE_MAX];
    int32_t room;
    uint32_t bytes;
    int error;

    if (!program_read(call, call->args[4], &room, sizeof room)) {
        call_answer(call, -EFAULT);
        return;
    }
    if (room < 0) {
        call_answer(call, -EINVAL);
        return;
    }
    bytes = room < (int32_t)sizeof value ? (uint32_t)room : (uint32_t)sizeof value;
    if (level == SOL_SOCKET && name == SO_ERROR) {
        int pending = take_error(run, ps);

        bytes = bytes < sizeof pending ? bytes : (uint32_t)sizeof pending;
        memcpy(value, &pending, bytes);
        error = 0;
    } else if (level == SOL_SOCKET && name == SO_RCVLOWAT) {
        error = ask_pair(ps, name, value, &bytes);
    } else if (is_stamp(ps, level, name)) {
        int is_set = ps->stamp == name;

        bytes = bytes < sizeof is_set ? bytes : (uint32_t)sizeof is_set;
        memcpy(value, &is_set, bytes);
        error = 0;
    } else {
        error = rill_sock_getsockopt(run->sockets, ps->fd, level, name, value, &bytes);
    }
    if (error == 0) {
        const struct iovec from[2] = {{value, bytes}, {&bytes, sizeof bytes}};
        const struct iovec to[2] = {{(void *)(uintptr_t)call->args[3], bytes},
                                    {(void *)(uintptr_t)call->args[4], sizeof bytes}};

        error = program_write_two(call, from, to) ? 0 : -EFAULT;
    }
    call_answer(call, error);
}

/* -------------------------------------------------------------------- ioctl */

/* Not acknowledged by the peer: what waits in the pair, and what waits in the stack. */
static int count_unsent(struct run *run, struct psock *ps, unsigned long request)
{
    int in_pair = 0, in_stack = 0;

    if (ps->phase == PSOCK_OPEN && ps->pair >= 0)
        ioctl(ps->pair, FIONREAD, &in_pair);
    in_pair -= ps->reserve && in_pair > 0;
    if (rill_sock_ioctl(run->sockets, ps->fd, request, &in_stack) != 0)
        in_stack = 0;
    return in_pair + in_stack + (int)(ps->carry_bytes - ps->carry_done);
}

/*
 * Requests that only look, by a struct ifreq in which there are no pointers: we have rights that the program has not,
 * and a pointer would be followed in our memory.
 */
static bool only_looks(unsigned long request)
{
    switch (request) {
    case SIOCGIFNAME:
    case SIOCGIFFLAGS:
    case SIOCGIFADDR:
    case SIOCGIFDSTADDR:
    case SIOCGIFBRDADDR:
    case SIOCGIFNETMASK:
    case SIOCGIFMETRIC:
    case SIOCGIFMTU:
    case SIOCGIFHWADDR:
    case SIOCGIFINDEX:
    case SIOCGIFPFLAGS:
    case SIOCGIFTXQLEN:
    case SIOCGIFMAP:
        return true;
    default:
        return false;
    }
}

static bool changes_interfaces(unsigned long request)
{
    switch (request) {
    case SIOCSIFLINK:
    case SIOCSIFFLAGS:
    case SIOCSIFADDR:
    case SIOCSIFDSTADDR:
    case SIOCSIFBRDADDR:
    case SIOCSIFNETMASK:
    case SIOCSIFMETRIC:
    case SIOCSIFMTU:
    case SIOCSIFNAME:
    case SIOCSIFHWADDR:
    case SIOCSIFHWBROADCAST:
    case SIOCSIFPFLAGS:
    case SIOCDIFADDR:
    case SIOCSIFTXQLEN:
    case SIOCSIFMAP:
    case SIOCADDMULTI:
    case SIOCDELMULTI:
        return true;
    default:
        return false;
    }
}

/* The interfaces of the namespace, which the program's pair knows nothing of: its kernel socket does. */
static int ask_interfaces(const struct call *call, unsigned long asked)
{
    struct ifreq request;
    int result = 0, fd;
    bool there;

    if (!only_looks(asked))
        return changes_interfaces(asked) ? -EPERM : -EOPNOTSUPP;
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    there = program_read(call, call->args[2], &request, sizeof request);
    if (there && ioctl(fd, asked, &request) != 0)
        result = -errno;
    else if (!there || !program_write(call, call->args[2], &request, sizeof request))
        result = -EFAULT;
    close(fd);
    return result;
}

static int ask_interface_list(const struct call *call)
{
    uint8_t list[64 * sizeof(struct ifreq)];
    struct ifconf request;
    int fd, room, result = 0;
    bool measure;

    if (!program_read(call, call->args[2], &request, sizeof request))
        return -EFAULT;
    measure = request.ifc_buf == NULL;
    room = request.ifc_len < (int)sizeof list ? request.ifc_len : (int)sizeof list;
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    {
        struct ifconf ours = {.ifc_len = measure ? 0 : room, .ifc_buf = measure ? NULL : (char *)list};

        if (ioctl(fd, SIOCGIFCONF, &ours) != 0)
            result = -errno;
        else if (!measure && !program_write(call, (uint64_t)(uintptr_t)request.ifc_buf, list, (size_t)ours.ifc_len))
            result = -EFAULT;
        request.ifc_len = ours.ifc_len;
    }
    close(fd);
    if (result == 0 && !program_write(call, call->args[2], &request, sizeof request))
        result = -EFAULT;
    return result;
}

void answer_ioctl(struct run *run, struct psock *ps, const struct call *call)
{
    unsigned long request = (unsigned long)(uint32_t)call->args[1];
    int number;

    switch (request) {
    case SIOCOUTQ_:
    case SIOCOUTQNSD:
        if (ps->phase == PSOCK_LISTENING) {
            call_answer(call, -EINVAL);
            break;
        }
        number = count_unsent(run, ps, request);
        call_answer(call, program_write(call, call->args[2], &number, sizeof number) ? 0 : -EFAULT);
        break;
    case SIOCGIFCONF:
        call_answer(call, ask_interface_list(call));
        break;
    default:
        call_answer(call, ask_interfaces(call, request));
        break;
    }
}
