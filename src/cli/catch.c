/*
 * rill catch: brings the kernel's TCP into a state that usually passes too
 * quickly to be seen, holds it there, and lets the kernel's own ss show it.
 * The peer is a plain kernel socket of this process; the crossing of packets
 * is arranged by not reading the device (the gate) or by withholding output.
 */
#include "cli/gate.h"
#include "cli/kernel_tcp.h"
#include "cli/session.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_PORT 7001
#define PATIENCE UINT64_C(3000000000)

enum catch_option { OPTION_HOLD = 256 };

static const struct args_option catch_options[] = {
    {OPTION_HOLD, 0, "hold", "SECONDS", "keep each state so long, to look at it from rill shell"},
    {0, 0, NULL, NULL, NULL},
};

static const struct args_command catch_args = {
    .name = "catch",
    .synopsis = "STATE... | all [--hold SECONDS] [OPTIONS]",
    .summary = "bring the kernel into a TCP state that netstat never shows, and show it",
    .teaches =
        "Arranges the packets between rill and the kernel so that the kernel's TCP stays in the state, and prints\n"
        "what its own ss says. STATE: listen, syn-sent, syn-recv, established, fin-wait-1, fin-wait-2, close-wait,\n"
        "closing, last-ack, time-wait.\n\n"
        "  rill catch syn-recv\n"
        "  rill catch closing last-ack\n"
        "  rill catch all",
    .options = catch_options,
    .options2 = session_options,
};

struct catch
{
    struct session session;
    struct session_config config;
    uint16_t port;
    int listener, fd; /* the kernel's */
    rill_conn conn;   /* rill's */
    rill_time hold_ns;
};

/* ------------------------------------------------------------------- steps */

static void run_for(struct catch *catch, rill_time ns)
{
    rill_time until = rill_clock() + ns;

    while (rill_clock() < until && !catch->session.stopping)
        session_step(&catch->session, 5);
}

static bool run_until(struct catch *catch, enum kernel_state state)
{
    rill_time until = rill_clock() + PATIENCE;

    while (kernel_state_of(catch->port) != state) {
        if (rill_clock() > until || catch->session.stopping)
            return false;
        session_step(&catch->session, 2);
    }
    return true;
}

static bool rill_connects(struct catch *catch)
{
    struct rill_endpoint to = {.addr = catch->session.gateway, .port = catch->port};
    int error;

    catch->listener = kernel_listen(&to.addr, to.port);
    if (catch->listener < 0) {
        cli_error("the kernel's socket on port %u: %s", (unsigned)to.port, strerror(errno));
        return false;
    }
    error = rill_tcp_connect(catch->session.stack, &to, NULL, &catch->conn);
    if (error != 0)
        cli_error("connect: %s", rill_error_name(error));
    return error == 0;
}

static bool handshake(struct catch *catch)
{
    rill_time until = rill_clock() + PATIENCE;

    if (!rill_connects(catch))
        return false;
    while ((catch->fd = kernel_accept(catch->listener)) < 0) {
        if (rill_clock() > until || catch->session.stopping)
            return false;
        session_step(&catch->session, 2);
    }
    close(catch->listener);
    catch->listener = -1;
    return true;
}

static void stop_reading(struct catch *catch)
{
    gate_set(catch->session.driver, GATE_SHUT);
}

static void kernel_closes(struct catch *catch)
{
    shutdown(catch->fd, SHUT_WR);
}

static void rill_closes(struct catch *catch)
{
    rill_shutdown(catch->session.stack, catch->conn);
    run_for(catch, 10000000);
}

/* ------------------------------------------------------------------- scenes */

static bool arrange_listen(struct catch *catch)
{
    catch->listener = kernel_listen(&catch->session.gateway, catch->port);
    return catch->listener >= 0;
}

static bool arrange_syn_sent(struct catch *catch)
{
    stop_reading(catch);
    catch->fd = kernel_connect(&catch->session.addr, catch->port);
    return catch->fd >= 0;
}

static bool arrange_syn_recv(struct catch *catch)
{
    if (!rill_connects(catch))
        return false;
    /* The SYN leaves; the answer, which may be there at once, is read only when nothing can leave any more. */
    stop_reading(catch);
    rill_turn(catch->session.stack, &catch->session.driver, 1, rill_clock());
    if (rill_hold_output(catch->session.stack, catch->conn, true) != 0)
        return false;
    gate_set(catch->session.driver, GATE_OPEN);
    return true;
}

static bool arrange_established(struct catch *catch)
{
    return handshake(catch);
}

static bool arrange_fin_wait_1(struct catch *catch)
{
    if (!handshake(catch))
        return false;
    stop_reading(catch);
    kernel_closes(catch);
    return true;
}

static bool arrange_fin_wait_2(struct catch *catch)
{
    if (!handshake(catch))
        return false;
    kernel_closes(catch);
    return true;
}

static bool arrange_close_wait(struct catch *catch)
{
    if (!handshake(catch))
        return false;
    rill_closes(catch);
    return true;
}

static bool arrange_closing(struct catch *catch)
{
    if (!handshake(catch))
        return false;
    stop_reading(catch);
    kernel_closes(catch);
    rill_closes(catch);
    return true;
}

static bool arrange_last_ack(struct catch *catch)
{
    if (!handshake(catch))
        return false;
    rill_closes(catch);
    if (!run_until(catch, KERNEL_CLOSE_WAIT))
        return false;
    stop_reading(catch);
    kernel_closes(catch);
    return true;
}

static bool arrange_time_wait(struct catch *catch)
{
    if (!handshake(catch))
        return false;
    kernel_closes(catch);
    if (!run_until(catch, KERNEL_FIN_WAIT_2))
        return false;
    rill_closes(catch);
    return true;
}

static const struct scene {
    const char *name;
    enum kernel_state state;
    bool (*arrange)(struct catch *catch);
    const char *arranged, *means;
} scenes[] = {
    {"listen", KERNEL_LISTEN, arrange_listen, "a kernel socket listens, nobody comes",
     "LISTEN: waiting for a SYN from anyone."},
    {"syn-sent", KERNEL_SYN_SENT, arrange_syn_sent, "the kernel connects to rill, and rill does not read its SYN",
     "SYN-SENT: the kernel has sent a SYN and waits for the answer."},
    {"syn-recv", KERNEL_SYN_RECV, arrange_syn_recv,
     "rill connects to the kernel and withholds the handshake's last ACK",
     "SYN-RECEIVED: the kernel has answered the SYN; until the ACK of its own SYN comes, accept() returns nothing."},
    {"established", KERNEL_ESTABLISHED, arrange_established, "the whole handshake",
     "ESTABLISHED: both have seen the other's SYN acknowledged."},
    {"fin-wait-1", KERNEL_FIN_WAIT_1, arrange_fin_wait_1, "the kernel closes, and rill does not read its FIN",
     "FIN-WAIT-1: the kernel has sent its FIN, and no ACK of it has come."},
    {"fin-wait-2", KERNEL_FIN_WAIT_2, arrange_fin_wait_2, "the kernel closes, rill acknowledges and does not close",
     "FIN-WAIT-2: half closed; the kernel still receives for as long as rill likes to send."},
    {"close-wait", KERNEL_CLOSE_WAIT, arrange_close_wait, "rill closes, the kernel's program does not",
     "CLOSE-WAIT: the kernel waits for its own program to close; when this piles up, that program leaks sockets."},
    {"closing", KERNEL_CLOSING, arrange_closing,
     "both close at once: rill's FIN leaves before rill has read the kernel's",
     "CLOSING: a simultaneous close; each has the other's FIN, neither has the ACK of its own."},
    {"last-ack", KERNEL_LAST_ACK, arrange_last_ack,
     "rill closes, then the kernel does, and rill does not read that FIN",
     "LAST-ACK: the kernel has closed second and waits for the very last ACK."},
    {"time-wait", KERNEL_TIME_WAIT, arrange_time_wait, "the kernel closes first, rill second",
     "TIME-WAIT: the one who closed first waits 2 MSL, in case its last ACK was lost."},
};

#define SCENES (sizeof scenes / sizeof scenes[0])

static const char *rill_state_of(struct catch *catch)
{
    struct rill_status status;
    uint64_t cursor = 0;

    while (rill_list(catch->session.stack, &cursor, &status))
        if (status.protocol == 6 && (status.local.port == catch->port || status.remote.port == catch->port))
            return rill_state_name(status.state);
    return "CLOSED";
}

static void let_go(struct catch *catch, bool tell)
{
    gate_set(catch->session.driver, GATE_OPEN);
    if (catch->conn != 0)
        rill_hold_output(catch->session.stack, catch->conn, false);
    run_for(catch, 30000000);
    if (tell)
        printf("    let go: the kernel is in %s, rill in %s\n", kernel_state_name(kernel_state_of(catch->port)),
               rill_state_of(catch));
    kernel_abort(catch->fd);
    if (catch->listener >= 0)
        close(catch->listener);
    run_for(catch, 10000000);
    if (catch->conn != 0)
        rill_abort(catch->session.stack, catch->conn);
    catch->conn = 0;
    run_for(catch, 10000000);
}

static bool play(struct catch *catch, const struct scene *scene)
{
    bool seen;

    catch->listener = catch->fd = -1;
    catch->conn = 0;
    printf("%s: %s\n", kernel_state_name(scene->state), scene->arranged);
    seen = scene->arrange(catch) && (scene->state == KERNEL_LISTEN || run_until(catch, scene->state));
    run_for(catch, 5000000); /* what has come in meanwhile changes rill's own state */
    kernel_print_ss(catch->port);
    printf("    the kernel is in %s, rill in %s\n",
           seen ? kernel_state_name(scene->state) : kernel_state_name(kernel_state_of(catch->port)),
           rill_state_of(catch));
    printf("    %s\n", scene->means);
    fflush(stdout);
    run_for(catch, catch->hold_ns);
    let_go(catch, scene->state != KERNEL_LISTEN && scene->state != KERNEL_ESTABLISHED);
    fflush(stdout);
    if (!seen && !catch->session.stopping)
        cli_error("the kernel did not come into %s", kernel_state_name(scene->state));
    catch->port++;
    return seen;
}

static const struct scene *find_scene(const char *name)
{
    for (size_t i = 0; i < SCENES; i++)
        if (strcasecmp(scenes[i].name, name) == 0 || strcasecmp(kernel_state_name(scenes[i].state), name) == 0)
            return &scenes[i];
    if (strcasecmp(name, "syn-received") == 0)
        return find_scene("syn-recv");
    return NULL;
}

static bool take_options(struct catch *catch, struct args *args, int *status)
{
    int id;

    *status = CLI_USAGE;
    while ((id = args_next(args)) != ARGS_END) {
        if (id == ARGS_HELP) {
            *status = CLI_DONE;
            return false;
        }
        if (id == ARGS_ERROR)
            return false;
        if (id == OPTION_HOLD ? !args_seconds("--hold", args->value, &catch->hold_ns)
                              : session_config_take(&catch->config, args, id) != 0)
            return false;
    }
    if (args->word_count == 0) {
        args_usage(args->command);
        return false;
    }
    for (int i = 0; i < args->word_count; i++) {
        if (strcmp(args->words[i], "all") == 0 || find_scene(args->words[i]) != NULL)
            continue;
        cli_error("'%s' is not a state to catch; rill catch --help lists them", args->words[i]);
        return false;
    }
    return true;
}

static bool play_word(struct catch *catch, const char *word)
{
    bool seen = true;

    if (strcmp(word, "all") != 0)
        return play(catch, find_scene(word));
    for (size_t i = 0; i < SCENES && !catch->session.stopping; i++)
        seen &= play(catch, &scenes[i]);
    return seen;
}

static int catch_run(int argc, char **argv)
{
    static struct catch catch;
    struct args args;
    bool seen = true;
    int status;

    session_config_default(&catch.config);
    args_begin(&args, &catch_args, argc, argv);
    if (!take_options(&catch, &args, &status))
        return status;
    status = session_open(&catch.session, &catch.config);
    if (status != 0)
        return status;
    catch.port = FIRST_PORT;
    for (int i = 0; i < args.word_count && !catch.session.stopping; i++)
        seen &= play_word(&catch, args.words[i]);
    session_close(&catch.session);
    return seen ? CLI_DONE : CLI_FAILED;
}

const struct cli_command catch_command = {&catch_args, catch_run};
