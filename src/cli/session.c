/*
 * Opening a rill (namespace, device, stack, control socket) and its loop: see
 * session.h.
 */
#include "cli/session.h"

#include "cli/gate.h"
#include "cli/namespace.h"
#include "cli/program.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum session_option {
    OPTION_DEV = ARGS_SESSION_IDS,
    OPTION_ADDR,
    OPTION_GW,
    OPTION_MTU,
    OPTION_IMPAIR,
    OPTION_PCAP,
    OPTION_NAME,
    OPTION_NO_OFFLOAD,
    OPTION_MEMORY,
    OPTION_MSL,
    OPTION_CC,
    OPTION_PACING,
    OPTION_ECN,
    OPTION_FAST_OPEN,
    OPTION_MTU_PROBING,
    OPTION_SHELL,
    OPTION_VERBOSE,
};

const struct args_option session_options[] = {
    {OPTION_DEV, 0, "dev", "tun:NAME", "a TUN device, made if need be (RILL_DEV)"},
    {OPTION_ADDR, 0, "addr", "A/LEN", "rill's own address, default 10.77.0.2/24 (RILL_ADDR)"},
    {OPTION_GW, 0, "gw", "A", "gateway: the kernel's side, default 10.77.0.1 (RILL_GW)"},
    {OPTION_MTU, 0, "mtu", "N", "largest packet, 576 to 65535, default 1500"},
    {OPTION_IMPAIR, 0, "impair", "SPEC", "a bad network, both ways: loss=2%,delay=10ms,rate=100mbit,..."},
    {OPTION_PCAP, 0, "pcap", "FILE", "write every packet to FILE, for rill ladder or Wireshark"},
    {OPTION_NAME, 0, "name", "NAME", "what rill ss and rill shell call this rill"},
    {OPTION_NO_OFFLOAD, 0, "no-offload", NULL, "no segmentation offload: packets as on a wire"},
    {OPTION_MEMORY, 0, "memory", "BYTES", "the stack's hard memory cap, default 256M"},
    {OPTION_MSL, 0, "msl", "MS", "maximum segment lifetime; TIME-WAIT lasts twice that"},
    {OPTION_CC, 0, "cc", "NAME", "congestion control of what rill sends"},
    {OPTION_PACING, 0, "pacing", NULL, "spread segments over the round trip"},
    {OPTION_ECN, 0, "ecn", "WHEN", "congestion marks: off, accept (the default: when asked), on, accurate"},
    {OPTION_FAST_OPEN, 0, "fast-open", NULL, "listeners take data in a SYN (TCP Fast Open); it may come twice"},
    {OPTION_MTU_PROBING, 0, "mtu-probing", "WHEN",
     "find out what a path carries: off, black-hole (the default: once large packets vanish), always"},
    {OPTION_SHELL, 0, "shell", NULL, "a shell beside rill, on the kernel's side; its end ends rill"},
    {OPTION_VERBOSE, 'v', "verbose", NULL, "say what happens"},
    {0, 0, NULL, NULL, NULL},
};

void session_config_default(struct session_config *config)
{
    memset(config, 0, sizeof *config);
    config->dev = getenv("RILL_DEV");
    config->addr = getenv("RILL_ADDR");
    config->gw = getenv("RILL_GW");
    config->mtu = 1500;
    config->mtu_probing = RILL_MTU_PROBING_BLACK_HOLE;
    config->memory_bytes = UINT64_C(256) << 20;
    config->offload = true;
}

int session_config_take(struct session_config *config, const struct args *args, int id)
{
    bool right = true;

    switch (id) {
    case OPTION_DEV:
        config->dev = args->value;
        break;
    case OPTION_ADDR:
        config->addr = args->value;
        break;
    case OPTION_GW:
        config->gw = args->value;
        break;
    case OPTION_MTU:
        right = args_number(args, "--mtu", args->value, 576, 65535, &config->mtu);
        break;
    case OPTION_IMPAIR:
        config->impair = args->value;
        break;
    case OPTION_PCAP:
        config->pcap = args->value;
        break;
    case OPTION_NAME:
        config->name = args->value;
        break;
    case OPTION_NO_OFFLOAD:
        config->offload = false;
        break;
    case OPTION_MEMORY:
        right = args_bytes("--memory", args->value, &config->memory_bytes);
        break;
    case OPTION_MSL:
        right = args_number(args, "--msl", args->value, 1, 120000, &config->msl_ms);
        break;
    case OPTION_CC:
        config->congestion_control = args->value;
        right = args_congestion_control("--cc", args->value);
        break;
    case OPTION_PACING:
        config->pacing = true;
        break;
    case OPTION_ECN:
        right = args_ecn("--ecn", args->value, &config->ecn);
        break;
    case OPTION_FAST_OPEN:
        config->fast_open = true;
        break;
    case OPTION_MTU_PROBING:
        right = args_mtu_probing("--mtu-probing", args->value, &config->mtu_probing);
        break;
    case OPTION_SHELL:
        config->shell = true;
        break;
    case OPTION_VERBOSE:
        config->verbose = true;
        break;
    default:
        return args_usage(args->command);
    }
    return right ? 0 : CLI_USAGE;
}

/* ---------------------------------------------------------------- addresses */

static bool parse_prefixed(const char *text, struct rill_addr *addr, uint8_t *bits)
{
    char address[RILL_ADDR_TEXT_BYTES];
    const char *slash = strchr(text, '/');
    size_t length = slash != NULL ? (size_t)(slash - text) : strlen(text);
    unsigned long value = 24;
    char *end = NULL;

    if (length >= sizeof address)
        return false;
    memcpy(address, text, length);
    address[length] = '\0';
    if (slash != NULL) {
        value = strtoul(slash + 1, &end, 10);
        if (end == slash + 1 || *end != '\0' || value < 1 || value > 32)
            return false;
    }
    *bits = (uint8_t)value;
    return rill_addr_parse(address, addr) == 0 && rill_addr_is_v4(addr);
}

/* The first address of the network, or the second one when the first is rill's own. */
static struct rill_addr default_gateway(const struct rill_addr *addr, uint8_t bits)
{
    const uint8_t *b = addr->bytes + 12;
    uint32_t own = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    uint32_t network = bits >= 32 ? own : own & ~(UINT32_MAX >> bits);
    uint32_t gateway = network + 1 != own ? network + 1 : network + 2;

    return rill_addr4((uint8_t)(gateway >> 24), (uint8_t)(gateway >> 16), (uint8_t)(gateway >> 8), (uint8_t)gateway);
}

static int take_addresses(struct session *session, const struct session_config *config)
{
    const char *text = config->addr != NULL ? config->addr : "10.77.0.2/24";

    if (!parse_prefixed(text, &session->addr, &session->prefix_bits)) {
        cli_error("--addr '%s' is not an IPv4 address with a length, as 10.77.0.2/24", text);
        return CLI_USAGE;
    }
    session->gateway = default_gateway(&session->addr, session->prefix_bits);
    if (config->gw != NULL &&
        (rill_addr_parse(config->gw, &session->gateway) != 0 || !rill_addr_is_v4(&session->gateway))) {
        cli_error("--gw '%s' is not an IPv4 address", config->gw);
        return CLI_USAGE;
    }
    if (rill_addr_equal(&session->gateway, &session->addr)) {
        cli_error("--gw and --addr are the same address: the kernel's side needs one of its own");
        return CLI_USAGE;
    }
    return 0;
}

/* ------------------------------------------------------------------ drivers */

#define BUSY_TRIES 40u
#define BUSY_WAIT_MS 25u

static int open_tun(struct session *session, const struct session_config *config)
{
    struct rill_tun_config tun = {.mtu = (uint16_t)config->mtu, .prefix_bits = session->prefix_bits};
    const char *name = "rill0";
    int error;

    if (config->dev != NULL) {
        if (strncmp(config->dev, "tun:", 4) != 0 || config->dev[4] == '\0' ||
            strlen(config->dev + 4) >= sizeof tun.name || strchr(config->dev + 4, '/') != NULL) {
            cli_error("--dev '%s' is not a device that rill knows: tun:NAME, with a name of at most 15 characters",
                      config->dev);
            return CLI_USAGE;
        }
        name = config->dev + 4;
    }
    snprintf(tun.name, sizeof tun.name, "%s", name);
    tun.kernel_addr = session->gateway;
    tun.offload = config->offload && config->impair == NULL;
    error = rill_tun_open(&tun, &session->driver);
    /* A rill that was killed is still being cleared away. */
    for (unsigned tries = 0; error == -EBUSY && tries < BUSY_TRIES; tries++) {
        usleep(BUSY_WAIT_MS * 1000);
        error = rill_tun_open(&tun, &session->driver);
    }
    if (error != 0) {
        cli_error("TUN device %s: %s%s", name, strerror(-error),
                  error == -RILL_EPERM || error == -RILL_EACCES
                      ? "; making one needs CAP_NET_ADMIN: run as root, or leave --dev out"
                  : error == -EBUSY ? "; another program has it open"
                                    : "");
        return CLI_FAILED;
    }
    return 0;
}

static int add_impairment(struct session *session, const char *spec)
{
    struct rill_impairment tx, rx;
    struct rill_driver *outer;
    const char *where = spec;
    int error = rill_impairment_parse(spec, &tx, &where);

    if (error != 0) {
        cli_error("--impair: '%s' is not understood; as loss=2%%,delay=10ms,rate=100mbit,queue=64k,dup=1%%,reorder=1%%,"
                  "corrupt=1%%,jitter=1ms,seed=7",
                  where);
        return CLI_USAGE;
    }
    rx = tx;
    rx.seed = tx.seed + 1;
    error = rill_impaired_wire(session->driver, &tx, &rx, &outer);
    if (error != 0) {
        cli_error("impaired wire: %s", strerror(-error));
        return CLI_FAILED;
    }
    session->driver = outer;
    return 0;
}

static int add_tap(struct session *session, const char *path)
{
    struct rill_driver *outer;
    int error = rill_pcap_tap(session->driver, path, &outer);

    if (error != 0) {
        cli_error("--pcap %s: %s", path, strerror(-error));
        return CLI_FAILED;
    }
    session->driver = outer;
    return 0;
}

static int open_drivers(struct session *session, const struct session_config *config)
{
    struct rill_driver *gate;
    int status = open_tun(session, config);

    if (status == 0 && config->impair != NULL)
        status = add_impairment(session, config->impair);
    if (status == 0 && config->pcap != NULL)
        status = add_tap(session, config->pcap);
    if (status != 0)
        return status;
    if (gate_open(session->driver, &gate) != 0) {
        cli_error("no memory");
        return CLI_FAILED;
    }
    session->driver = gate;
    return 0;
}

/* -------------------------------------------------------------------- stack */

static int open_stack(struct session *session, const struct session_config *config)
{
    struct rill_netif_config netif = {.name = "rill0"};
    struct rill_config stack;
    int error;

    rill_config_default(&stack);
    stack.memory_bytes = config->memory_bytes;
    if (config->msl_ms != 0)
        stack.msl_ms = (uint32_t)config->msl_ms;
    stack.congestion_control = config->congestion_control;
    stack.pacing = config->pacing;
    stack.transfer_counts = true; /* for TCP_INFO: those who look at connections are worth 96 bytes of each */
    if (config->ecn != RILL_ECN_DEFAULT)
        stack.ecn = config->ecn;
    stack.mtu_probing = config->mtu_probing;
    if (config->fast_open)
        stack.fast_open |= RILL_FAST_OPEN_ALL_LISTENERS;
    error = (config->shared ? rill_stack_open_shared : rill_stack_open)(&stack, &session->stack);
    if (error != 0) {
        cli_error("cannot make a stack in %llu bytes of memory: %s (at least %u bytes are needed)",
                  (unsigned long long)config->memory_bytes, strerror(-error), RILL_MEMORY_MIN);
        return CLI_FAILED;
    }
    netif.mtu = session->driver->mtu;
    netif.offload = session->driver->offload;
    netif.addr = session->addr;
    netif.prefix_bits = session->prefix_bits;
    netif.gateway = session->gateway;
    error = rill_attach(session->stack, session->driver, &netif);
    if (error < 0) {
        cli_error("cannot attach the device: %s", strerror(-error));
        return CLI_FAILED;
    }
    return 0;
}

#define LOOP_MTU 65535u
#define LOOP_PACKETS 1024u

int session_open_loop(struct session *session)
{
    const struct rill_netif_config netif = {.name = "loop", .addr = session->addr, .prefix_bits = 32};
    int error = rill_memory_loop(LOOP_MTU, LOOP_PACKETS, &session->loop);

    if (error == 0)
        error = rill_attach(session->stack, session->loop, &netif);
    if (error == 0)
        return 0;
    cli_error("no way to rill's own address: %s", strerror(-error));
    return CLI_FAILED;
}

static int catch_signals(struct session *session)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    session->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return session->signal_fd >= 0 ? 0 : CLI_FAILED;
}

static int open_rest(struct session *session, const struct session_config *config)
{
    int status;

    if (config->name != NULL)
        snprintf(session->name, sizeof session->name, "%.*s", RUNTIME_NAME_MAX - 1, config->name);
    else
        snprintf(session->name, sizeof session->name, "rill-%d", (int)getpid());
    if (config->dev == NULL || *config->dev == '\0') {
        session->own_namespace = true;
        if (!namespace_enter())
            return CLI_FAILED;
    }
    if (!namespace_check_tun())
        return CLI_FAILED;
    status = open_drivers(session, config);
    if (status == 0)
        status = open_stack(session, config);
    if (status == 0)
        status = catch_signals(session);
    if (status == 0)
        status = control_open(&session->control, session->name);
    return status;
}

int session_open(struct session *session, const struct session_config *config)
{
    char path[108];
    int status;

    memset(session, 0, sizeof *session);
    control_init(&session->control);
    session->signal_fd = -1;
    session->verbose = config->verbose;
    status = take_addresses(session, config);
    if (status != 0)
        return status;
    /* Before the namespace, in which everybody is root: it depends on who we are. */
    if (!runtime_socket_path(config->name != NULL ? config->name : "x", path, sizeof path))
        return config->name != NULL ? CLI_USAGE : CLI_FAILED;
    status = open_rest(session, config);
    if (status != 0)
        session_close(session);
    return status;
}

void session_close(struct session *session)
{
    program_end(session->program);
    session->program = 0;
    control_close(&session->control);
    if (session->driver != NULL)
        session->driver->ops->close(session->driver);
    if (session->loop != NULL)
        session->loop->ops->close(session->loop);
    if (session->stack != NULL)
        rill_stack_close(session->stack);
    if (session->signal_fd >= 0)
        close(session->signal_fd);
    session->driver = NULL;
    session->loop = NULL;
    session->stack = NULL;
    session->signal_fd = -1;
}

/* --------------------------------------------------------------------- loop */

int session_start_program(struct session *session, char **argv)
{
    setenv("RILL_RUNTIME_DIR", runtime_directory(), 1);
    setenv("RILL_NAME", session->name, 1);
    session->program = program_start(argv);
    if (session->program < 0) {
        session->program = 0;
        return CLI_FAILED;
    }
    return 0;
}

void session_stop(struct session *session, int status)
{
    if (session->stopping)
        return;
    session->stopping = true;
    session->status = status;
    session->linger_until = rill_clock() + UINT64_C(5000000000);
}

static void program_ended(struct session *session)
{
    int status = program_reap(&session->program);

    if (status < 0 || !session->program_decides)
        return;
    if (status != 0)
        cli_error("the program ended with status %d", status);
    session_stop(session, status == 0 ? CLI_DONE : CLI_FAILED);
}

static void take_signals(struct session *session)
{
    struct signalfd_siginfo signal;

    while (read(session->signal_fd, &signal, sizeof signal) == (ssize_t)sizeof signal) {
        if (signal.ssi_signo == SIGCHLD) {
            program_ended(session);
            continue;
        }
        if (session->stopping || session->app.stop == NULL) {
            session_stop(session, CLI_FAILED);
            session->linger_until = 0;
            continue;
        }
        session->app.stop(session->app.context);
    }
}

#define ROUNDS_MAX 32

/* Turn the stack until it and the application have nothing more to do. True when they may still have. */
static bool turn(struct session *session)
{
    struct rill_driver *const drivers[2] = {session->driver, session->loop};

    for (unsigned round = 0; round < ROUNDS_MAX; round++) {
        struct rill_event event;
        bool told = false;

        rill_turn(session->stack, drivers, session->loop != NULL ? 2 : 1, rill_clock());
        while (rill_next(session->stack, &event)) {
            told = true;
            if (session->app.event != NULL)
                session->app.event(session->app.context, &event);
        }
        if (!told)
            return false;
    }
    return true;
}

static int limit_timeout(const struct session *session, int timeout_ms)
{
    rill_time deadline, now;

    if (session->app.deadline == NULL)
        return timeout_ms;
    deadline = session->app.deadline(session->app.context);
    now = rill_clock();
    if (deadline == RILL_NEVER)
        return timeout_ms;
    if (deadline <= now)
        return 0;
    deadline = (deadline - now) / 1000000u + 1;
    return timeout_ms >= 0 && (rill_time)timeout_ms < deadline ? timeout_ms
                                                               : (int)(deadline < 60000 ? deadline : 60000);
}

void session_step(struct session *session, int timeout_ms)
{
    struct rill_driver *const drivers[2] = {session->driver, session->loop};
    struct pollfd fds[1 + CONTROL_DESCRIPTORS + SESSION_APP_DESCRIPTORS];
    unsigned control_count, app_count = 0;
    bool more = turn(session);

    if (session->stopping && timeout_ms < 0)
        timeout_ms = 0; /* an event has just ended the session: the caller wants to know */
    fds[0] = (struct pollfd){.fd = session->signal_fd, .events = POLLIN};
    control_count = control_descriptors(&session->control, fds + 1);
    if (session->app.descriptors != NULL)
        app_count = session->app.descriptors(session->app.context, fds + 1 + control_count);
    rill_wait(session->stack, drivers, session->loop != NULL ? 2 : 1, fds, 1 + control_count + app_count,
              more ? 0 : limit_timeout(session, timeout_ms));
    if (fds[0].revents != 0)
        take_signals(session);
    control_step(session, fds + 1, control_count);
    if (session->app.step != NULL)
        session->app.step(session->app.context, fds + 1 + control_count, app_count);
}

/* Connections whose peer still waits for something of ours. */
static bool still_closing(struct session *session)
{
    struct rill_status status;
    uint64_t cursor = 0;

    while (rill_list(session->stack, &cursor, &status))
        if (status.protocol == 6 && status.state != RILL_STATE_LISTEN && status.state != RILL_STATE_TIME_WAIT &&
            status.state != RILL_STATE_CLOSED && status.state != RILL_STATE_FIN_WAIT_2)
            return true;
    return false;
}

int session_run(struct session *session)
{
    while (!session->stopping)
        session_step(session, -1);
    while (rill_clock() < session->linger_until && still_closing(session))
        session_step(session, 50);
    turn(session);
    return session->status;
}
