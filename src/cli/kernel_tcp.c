/*
 * Kernel sockets and /proc/net/tcp: see kernel_tcp.h.
 */
#include "cli/kernel_tcp.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in address_of(const struct rill_addr *addr, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

    memcpy(&address.sin_addr, addr->bytes + 12, 4);
    return address;
}

int kernel_listen(const struct rill_addr *addr, uint16_t port)
{
    struct sockaddr_in at = address_of(addr, port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 8) == 0)
        return fd;
    close(fd);
    return -1;
}

int kernel_accept(int listener)
{
    return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

int kernel_connect(const struct rill_addr *addr, uint16_t port)
{
    struct sockaddr_in to = address_of(addr, port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0)
        (void)connect(fd, (struct sockaddr *)&to, sizeof to); /* EINPROGRESS: the SYN is on its way */
    return fd;
}

void kernel_abort(int fd)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};

    if (fd < 0)
        return;
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

struct kernel_row {
    unsigned local_addr, local_port, remote_addr, remote_port, state;
};

static bool next_row(FILE *file, struct kernel_row *row)
{
    char line[256];

    while (fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, " %*u: %8x:%4x %8x:%4x %2x", &row->local_addr, &row->local_port, &row->remote_addr,
                   &row->remote_port, &row->state) == 5)
            return true;
    return false;
}

enum kernel_state kernel_state_of(uint16_t port)
{
    FILE *file = fopen("/proc/self/net/tcp", "re");
    enum kernel_state state = KERNEL_NONE;
    struct kernel_row row;

    while (file != NULL && next_row(file, &row))
        if (row.state != KERNEL_LISTEN && (row.local_port == port || row.remote_port == port))
            state = (enum kernel_state)row.state;
    if (file != NULL)
        fclose(file);
    return state;
}

const char *kernel_state_name(enum kernel_state state)
{
    static const char *const names[] = {"none",      "ESTAB",  "SYN-SENT",   "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2",
                                        "TIME-WAIT", "UNCONN", "CLOSE-WAIT", "LAST-ACK", "LISTEN",     "CLOSING"};

    return (unsigned)state < sizeof names / sizeof names[0] ? names[state] : "?";
}

static void print_row(const struct kernel_row *row)
{
    struct in_addr local = {row->local_addr}, remote = {row->remote_addr};
    char a[INET_ADDRSTRLEN], b[INET_ADDRSTRLEN];

    inet_ntop(AF_INET, &local, a, sizeof a);
    inet_ntop(AF_INET, &remote, b, sizeof b);
    printf("    %-10s %s:%u  %s:%u\n", kernel_state_name((enum kernel_state)row->state), a, row->local_port, b,
           row->remote_port);
}

static void print_proc(uint16_t port)
{
    FILE *file = fopen("/proc/self/net/tcp", "re");
    struct kernel_row row;

    printf("    (there is no ss here: /proc/net/tcp)\n");
    while (file != NULL && next_row(file, &row))
        if (row.local_port == port || row.remote_port == port)
            print_row(&row);
    if (file != NULL)
        fclose(file);
}

void kernel_print_ss(uint16_t port)
{
    char command[96], line[256];
    unsigned lines = 0;
    FILE *from;

    snprintf(command, sizeof command, "ss -tan '( sport = :%u or dport = :%u )' 2>/dev/null", (unsigned)port,
             (unsigned)port);
    from = popen(command, "r");
    while (from != NULL && fgets(line, sizeof line, from) != NULL) {
        size_t length = strcspn(line, "\n");

        while (length > 0 && line[length - 1] == ' ')
            length--;
        if (lines++ == 0)
            printf("    $ ss -tan\n");
        printf("    %.*s\n", (int)length, line);
    }
    if (from != NULL)
        pclose(from);
    if (lines < 2)
        print_proc(port);
}
