/*
 * What is done about a rill run that was killed: see keeper.h. Its stack is
 * only looked at, since it may have been struck in the middle of anything; who
 * answers the peers is a new one, without any connection.
 */
#include "cli/keeper.h"

#include "base/bytes.h"
#include "wire/checksum.h"
#include "wire/ipv4.h"
#include "wire/tcp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONNECTIONS_MAX (1u << 20)
#define STACK_BYTES (UINT64_C(4) << 20)
#define ANSWER_MOST UINT64_C(1000000000)
#define ANSWER_QUIET UINT64_C(200000000)
#define GRACE_MS 2000
#define LOOK_MS 20

struct watch {
    struct rill_stack *stack; /* the dead one's */
    struct rill_driver *device;
    struct rill_netif_config netif;
    struct stat network; /* the program's */
    bool own_network;
};

/* -------------------------------------------------------------------- peers */

/* RFC 9293 3.10.5: whose peer ABORT tells by a RST. */
static bool wants_reset(const struct rill_status *status)
{
    switch (status->state) {
    case RILL_STATE_SYN_RECEIVED:
    case RILL_STATE_ESTABLISHED:
    case RILL_STATE_FIN_WAIT_1:
    case RILL_STATE_FIN_WAIT_2:
    case RILL_STATE_CLOSE_WAIT:
        return status->protocol == IP_PROTOCOL_TCP && rill_addr_is_v4(&status->remote.addr);
    default:
        return false;
    }
}

static void send_reset(struct rill_driver *device, const struct rill_status *status)
{
    const struct ipv4_header ip = {
        .source = get_be32(status->local.addr.bytes + 12),
        .destination = get_be32(status->remote.addr.bytes + 12),
        .header_bytes = IPV4_HEADER_BYTES,
        .ttl = 64,
        .protocol = IP_PROTOCOL_TCP,
        .total_bytes = IPV4_HEADER_BYTES + TCP_HEADER_BYTES,
        .dont_fragment = true,
    };
    const struct tcp_header tcp = {
        .source_port = status->local.port,
        .destination_port = status->remote.port,
        .seq = {status->snd_nxt},
        .ack = {status->rcv_nxt},
        .flags = TCP_RST | TCP_ACK,
    };
    uint8_t packet[IPV4_HEADER_BYTES + TCP_HEADER_BYTES_MAX], *segment = packet + IPV4_HEADER_BYTES;
    checksum_sum sum = checksum_pseudo4(ip.source, ip.destination, IP_PROTOCOL_TCP, TCP_HEADER_BYTES);

    ipv4_build(packet, &ip);
    (void)tcp_build(segment, &tcp);
    put_be16(segment + 16, checksum_finish(sum + checksum_bytes(segment, TCP_HEADER_BYTES)));
    (void)device->ops->tx_packet(device, packet, IPV4_HEADER_BYTES + TCP_HEADER_BYTES, rill_clock());
}

static unsigned reset_peers(const struct watch *watch)
{
    struct rill_status status;
    uint64_t cursor = 0;
    unsigned count = 0;

    for (unsigned looked = 0; looked < CONNECTIONS_MAX && rill_list(watch->stack, &cursor, &status); looked++)
        if (wants_reset(&status)) {
            send_reset(watch->device, &status);
            count++;
        }
    return count;
}

/*
 * What was on its way when rill was killed makes a RST miss the peer's RCV.NXT: RFC 5961 3.2 answers that by an ACK,
 * and a stack that knows no such connection answers the ACK by a RST that does not miss (RFC 9293 3.10.7.1).
 */
static void answer_peers(const struct watch *watch)
{
    struct rill_config config;
    struct rill_stack *stack;
    struct rill_driver *device = watch->device;
    rill_time began = rill_clock(), moved = began, now;

    rill_config_default(&config);
    config.memory_bytes = STACK_BYTES;
    if (rill_stack_open(&config, &stack) != 0)
        return;
    if (rill_attach(stack, device, &watch->netif) >= 0)
        while ((now = rill_clock()) - began < ANSWER_MOST && now - moved < ANSWER_QUIET) {
            if (rill_turn(stack, &device, 1, now))
                moved = now;
            else
                (void)rill_wait(stack, &device, 1, NULL, 0, LOOK_MS);
        }
    device->ops->close(device);
    rill_stack_close(stack);
}

/* ---------------------------------------------------------------- processes */

static bool is_programs(const struct watch *watch, pid_t process)
{
    struct stat network;
    char path[48];

    snprintf(path, sizeof path, "/proc/%d/ns/net", (int)process);
    return process != getpid() && stat(path, &network) == 0 && network.st_ino == watch->network.st_ino &&
           network.st_dev == watch->network.st_dev;
}

/* Signal 0 counts them. */
static unsigned signal_programs(const struct watch *watch, int number)
{
    DIR *processes = watch->own_network ? opendir("/proc") : NULL;
    const struct dirent *entry;
    unsigned count = 0;

    while (processes != NULL && (entry = readdir(processes)) != NULL) {
        pid_t process = (pid_t)strtol(entry->d_name, NULL, 10);

        if (process > 0 && is_programs(watch, process) && kill(process, number) == 0)
            count++;
    }
    if (processes != NULL)
        closedir(processes);
    return count;
}

static void end_programs(const struct watch *watch)
{
    for (int waited = 0; waited < GRACE_MS; waited += LOOK_MS) {
        if (signal_programs(watch, 0) == 0)
            return;
        usleep(LOOK_MS * 1000);
    }
    (void)signal_programs(watch, SIGKILL);
}

/* --------------------------------------------------------------------- life */

/* Nothing of the other's is held but the device: not its control socket above all, which would seem to live. */
static void let_go(int a, int b)
{
    unsigned low = (unsigned)(a < b ? a : b), high = (unsigned)(a < b ? b : a);
    int null = open("/dev/null", O_RDWR);

    dup2(null, 0);
    dup2(null, 1);
    if (low > 3)
        syscall(SYS_close_range, 3u, low - 1, 0);
    if (high > low + 1)
        syscall(SYS_close_range, low + 1, high - 1, 0);
    syscall(SYS_close_range, high + 1, ~0u, 0);
}

static void __attribute__((noreturn)) keep(const struct watch *watch, int line)
{
    unsigned count;
    char byte;

    for (int number = SIGHUP; number < SIGRTMIN; number++)
        signal(number, number == SIGCHLD ? SIG_DFL : SIG_IGN);
    setsid();
    prctl(PR_SET_NAME, "rill-keeper");
    let_go(line, watch->device->ops->descriptor(watch->device));
    if (read(line, &byte, 1) != 0)
        _exit(0);
    count = reset_peers(watch);
    (void)signal_programs(watch, SIGTERM);
    answer_peers(watch);
    cli_error("rill itself was killed; connections that were reset: %u", count);
    end_programs(watch);
    _exit(1);
}

bool keeper_start(struct keeper *keeper, const struct session *session, bool own_network)
{
    struct watch watch = {
        .stack = session->stack,
        .device = session->driver,
        .netif = {.name = "rill0",
                  .addr = session->addr,
                  .prefix_bits = session->prefix_bits,
                  .gateway = session->gateway},
        .own_network = own_network && stat("/proc/self/ns/net", &watch.network) == 0,
    };
    int ends[2];
    pid_t between;

    keeper->line = -1;
    while (watch.device->inner != NULL)
        watch.device = watch.device->inner;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        cli_error("no keeper: %s", strerror(errno));
        return false;
    }
    /* By a process between, so that it is no child of ours: those are the program's. */
    between = fork();
    if (between == 0) {
        pid_t process = fork();

        close(ends[0]);
        if (process == 0)
            keep(&watch, ends[1]);
        _exit(process < 0);
    }
    close(ends[1]);
    keeper->line = ends[0];
    if (between < 0 || waitpid(between, NULL, 0) != between) {
        cli_error("no keeper: %s", strerror(errno));
        return false;
    }
    return true;
}

void keeper_dismiss(struct keeper *keeper)
{
    char byte = 'd';

    if (keeper->line < 0)
        return;
    if (send(keeper->line, &byte, 1, MSG_NOSIGNAL) == 1)
        (void)read(keeper->line, &byte, 1); /* its end */
    close(keeper->line);
    keeper->line = -1;
}
