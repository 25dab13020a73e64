/*
 * The oracle's sequences on their own, over the C library's calls and nothing
 * else: what they print is to be compared, here with the kernel's sockets, there
 * under `rill run`. One of the sides may be an agent, in another place.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "sockets/sequences.h"
#include "support/oracle.h"

static const char help[] =
    "usage: oracle --kernel [OPTIONS] [SEQUENCE...]   run them, print what each call returned\n"
    "       oracle --agent PATH                       run one side's calls for another oracle\n"
    "       oracle --list                             names and sequences\n"
    "\n"
    "Options of --kernel:\n"
    "  --server ADDR       IPv4 address that the server's side binds and the client's connects to (127.0.0.1)\n"
    "  --client ADDR       what the client's side binds to (as --server)\n"
    "  --server-at PATH    an agent at this socket makes the server's calls (slots l s t p)\n"
    "  --client-at PATH    the client's (slots c d q)\n"
    "  --only NAME         this sequence alone; may be given more than once\n"
    "  --pause MS          let so much time pass after each call (0 on one host, 20 with an agent)\n"
    "\n"
    "To compare rill run with the kernel, the other side being the kernel's in both:\n"
    "  oracle --agent /tmp/peer &\n"
    "  oracle --kernel --client-at /tmp/peer > kernel.txt\n"
    "  rill run -- oracle --kernel --server 10.77.0.2 --client 10.77.0.1 --client-at /tmp/peer > rill.txt\n"
    "  diff kernel.txt rill.txt\n"
    "with the agent where it reaches 10.77.0.2 (rill run --help). Exit codes: 0 done, 1 failed, 2 usage.\n";

static const struct sequence {
    const char *name, *calls;
} sequences[] = {
#define AS_ROW(name, calls) {#name, calls},
#define AS_DIFFERENT_ROW(name, reason, calls) {#name, calls},
    SEQUENCES(AS_ROW) DIFFERENCES(AS_DIFFERENT_ROW)};

#define SEQUENCE_COUNT (sizeof sequences / sizeof sequences[0])
#define ONLY_MAX 64

struct settings {
    struct oracle_world world; /* of the calls that are made here */
    int agent;                 /* -1: none */
    bool server_is_agent;
    long pause_ms;
    const char *only[ONLY_MAX];
    unsigned only_count;
};

static _Noreturn void fail(const char *what, const char *which)
{
    fprintf(stderr, "oracle: %s %s: %s\n", what, which, strerror(errno));
    exit(1);
}

/* -------------------------------------------------------------------- agent */

static struct sockaddr_un unix_address(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof addr.sun_path) {
        fprintf(stderr, "oracle: %s: a socket's path may have %zu characters\n", path, sizeof addr.sun_path - 1);
        exit(2);
    }
    strcpy(addr.sun_path, path);
    return addr;
}

static void answer(struct oracle_world *w, char *request, char *reply, size_t reply_bytes)
{
    char server[32], client[32], side;
    unsigned a, b, c;

    reply[0] = '\0';
    if (strncmp(request, "line ", 5) == 0) {
        w->length = 0;
        w->text[0] = '\0';
        oracle_line(w, request + 5);
        snprintf(reply, reply_bytes, "%s", w->text);
    } else if (sscanf(request, "begin %31s %31s", server, client) == 2) {
        oracle_kernel_end(w);
        oracle_begin(w);
        inet_pton(AF_INET, server, &w->server);
        inet_pton(AF_INET, client, &w->client);
    } else if (sscanf(request, "free %c %u %u", &side, &a, &b) == 3) {
        snprintf(reply, reply_bytes, "%u",
                 oracle_kernel_port(side == 's' ? w->server : w->client, (uint16_t)a, (uint16_t)b));
    } else if (sscanf(request, "ports %u %u %u", &a, &b, &c) == 3) {
        w->port = (uint16_t)a;
        w->dead_port = (uint16_t)b;
        w->spare_port = (uint16_t)c;
    }
}

static _Noreturn void serve(const char *path)
{
    static struct oracle_world world;
    static char request[ORACLE_LINE_BYTES + 16], reply[ORACLE_TEXT_BYTES];
    struct sockaddr_un addr = unix_address(path);
    int listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);

    world.calls = &oracle_kernel;
    unlink(path);
    if (listener < 0 || bind(listener, (const struct sockaddr *)(const void *)&addr, sizeof addr) != 0 ||
        listen(listener, 1) != 0)
        fail("cannot listen at", path);
    for (;;) {
        int peer = accept(listener, NULL, NULL);
        ssize_t n;

        if (peer < 0)
            fail("cannot accept at", path);
        oracle_begin(&world);
        while ((n = recv(peer, request, sizeof request - 1, 0)) > 0) {
            request[n] = '\0';
            answer(&world, request, reply, sizeof reply);
            if (send(peer, reply, strlen(reply) + 1, MSG_NOSIGNAL) < 0)
                break;
        }
        oracle_kernel_end(&world);
        close(peer);
    }
}

static int reach_agent(const char *path)
{
    struct sockaddr_un addr = unix_address(path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

    if (fd < 0 || connect(fd, (const struct sockaddr *)(const void *)&addr, sizeof addr) != 0)
        fail("no agent answers at", path);
    return fd;
}

/* What the agent says; valid until the next time. */
static const char *ask(struct settings *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

static const char *ask(struct settings *s, const char *format, ...)
{
    static char request[ORACLE_LINE_BYTES + 16], reply[ORACLE_TEXT_BYTES];
    va_list arguments;
    ssize_t n;

    va_start(arguments, format);
    vsnprintf(request, sizeof request, format, arguments);
    va_end(arguments);
    if (send(s->agent, request, strlen(request), MSG_NOSIGNAL) < 0 || (n = recv(s->agent, reply, sizeof reply, 0)) <= 0)
        fail("the agent", "is gone");
    reply[n - 1] = '\0';
    return reply;
}

/* ------------------------------------------------------------------ running */

static uint16_t find_port(struct settings *s, bool server, uint16_t a, uint16_t b)
{
    bool remote = s->agent >= 0 && server == s->server_is_agent;
    uint16_t port = remote ? (uint16_t)strtoul(ask(s, "free %c %u %u", server ? 's' : 'c', a, b), NULL, 10)
                           : oracle_kernel_port(server ? s->world.server : s->world.client, a, b);

    if (port == 0) {
        fprintf(stderr, "oracle: the %s's address is not where its calls are made\n", server ? "server" : "client");
        exit(1);
    }
    return port;
}

static void begin(struct settings *s)
{
    struct oracle_world *w = &s->world;
    char server[INET_ADDRSTRLEN], client[INET_ADDRSTRLEN];

    oracle_begin(w);
    if (s->agent >= 0)
        (void)ask(s, "begin %s %s", inet_ntop(AF_INET, &w->server, server, sizeof server),
                  inet_ntop(AF_INET, &w->client, client, sizeof client));
    w->port = find_port(s, true, 0, 0);
    w->dead_port = find_port(s, true, w->port, 0);
    w->spare_port = find_port(s, false, w->port, w->dead_port);
    if (s->agent >= 0)
        (void)ask(s, "ports %u %u %u", w->port, w->dead_port, w->spare_port);
}

static bool run_line(void *context, const char *line)
{
    struct settings *s = (struct settings *)context;
    struct timespec pause = {s->pause_ms / 1000, s->pause_ms % 1000 * 1000000};

    if (s->agent >= 0 && oracle_is_server(line[0]) == s->server_is_agent) {
        fputs(ask(s, "line %s", line), stdout);
    } else {
        s->world.length = 0;
        oracle_line(&s->world, line);
        fputs(s->world.text, stdout);
    }
    if (s->pause_ms > 0)
        nanosleep(&pause, NULL);
    return true;
}

static void run(struct settings *s, const char *name, const char *calls)
{
    printf("== %s\n", name);
    begin(s);
    oracle_each_line(calls, run_line, s);
    oracle_kernel_end(&s->world);
    fflush(stdout);
}

static bool is_wanted(const struct settings *s, const char *name)
{
    for (unsigned i = 0; i < s->only_count; i++) {
        if (strcmp(s->only[i], name) == 0)
            return true;
    }
    return s->only_count == 0;
}

static int run_named(struct settings *s)
{
    unsigned ran = 0;

    for (size_t i = 0; i < SEQUENCE_COUNT; i++) {
        if (!is_wanted(s, sequences[i].name))
            continue;
        run(s, sequences[i].name, sequences[i].calls);
        ran++;
    }
    if (ran > 0)
        return 0;
    fprintf(stderr, "oracle: no sequence has that name; oracle --list shows all\n");
    return 2;
}

/* ---------------------------------------------------------------- arguments */

static int usage(void)
{
    fprintf(stderr, "oracle: what to do? oracle --help\n");
    return 2;
}

static struct in_addr address(const char *text)
{
    struct in_addr addr;

    if (inet_pton(AF_INET, text, &addr) != 1) {
        fprintf(stderr, "oracle: \"%s\" is no IPv4 address\n", text);
        exit(2);
    }
    return addr;
}

static int list(void)
{
    for (size_t i = 0; i < SEQUENCE_COUNT; i++)
        printf("%s: %s\n", sequences[i].name, sequences[i].calls);
    return 0;
}

/* The exit code, or -1: run. */
static int read_arguments(struct settings *s, int argc, char **argv)
{
    static const struct option options[] = {{"kernel", no_argument, NULL, 'k'},
                                            {"agent", required_argument, NULL, 'a'},
                                            {"list", no_argument, NULL, 'l'},
                                            {"server", required_argument, NULL, 's'},
                                            {"client", required_argument, NULL, 'c'},
                                            {"server-at", required_argument, NULL, 'S'},
                                            {"client-at", required_argument, NULL, 'C'},
                                            {"only", required_argument, NULL, 'o'},
                                            {"pause", required_argument, NULL, 'p'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *client = NULL;
    bool runs = false;
    int c;

    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (c) {
        case 'k':
            runs = true;
            break;
        case 'a':
            serve(optarg);
        case 'l':
            return list();
        case 's':
            s->world.server = address(optarg);
            break;
        case 'c':
            client = optarg;
            break;
        case 'S':
        case 'C':
            s->agent = reach_agent(optarg);
            s->server_is_agent = c == 'S';
            break;
        case 'o':
            if (s->only_count < ONLY_MAX)
                s->only[s->only_count++] = optarg;
            break;
        case 'p':
            s->pause_ms = strtol(optarg, NULL, 10);
            break;
        case 'h':
            fputs(help, stdout);
            return 0;
        default:
            return 2;
        }
    }
    s->world.client = client != NULL ? address(client) : s->world.server;
    if (s->pause_ms < 0)
        s->pause_ms = s->agent >= 0 ? 20 : 0;
    return runs ? -1 : usage();
}

int main(int argc, char **argv)
{
    static struct settings settings = {.agent = -1, .pause_ms = -1};
    int code;

    oracle_kernel_begin();
    settings.world.calls = &oracle_kernel;
    settings.world.server.s_addr = htonl(INADDR_LOOPBACK);
    code = read_arguments(&settings, argc, argv);
    if (code >= 0)
        return code;
    if (optind == argc)
        return run_named(&settings);
    for (int i = optind; i < argc; i++)
        run(&settings, argv[i], argv[i]);
    return 0;
}
