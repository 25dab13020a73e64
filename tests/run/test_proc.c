/*
 * What a program finds in /proc/net and in /etc/resolv.conf under rill run.
 */
#include <errno.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/cmocka_all.h"
#include "support/run_world.h"

#define PORT 8000

static bool file_has(const char *path, const char *text, char *line, size_t line_bytes)
{
    FILE *file = fopen(path, "r");
    bool found = false;

    GUEST(file != NULL);
    while (!found && fgets(line, (int)line_bytes, file) != NULL)
        found = strstr(line, text) != NULL;
    fclose(file);
    return found;
}

static void guest_sockets(void)
{
    struct sockaddr_in to = world_address(WORLD_KERNEL, PORT), at = world_address("0.0.0.0", 8080);
    char line[512], inode[32];
    struct stat status;
    int fd = socket(AF_INET, SOCK_STREAM, 0), listener = socket(AF_INET, SOCK_STREAM, 0),
        udp = socket(AF_INET, SOCK_DGRAM, 0);

    GUEST(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    GUEST(bind(listener, (struct sockaddr *)&at, sizeof at) == 0 && listen(listener, 7) == 0);
    GUEST(bind(udp, (struct sockaddr *)&at, sizeof at) == 0);
    /* 10.77.0.1:8000, ESTABLISHED; and the number by which tools find the process. */
    GUEST(file_has("/proc/net/tcp", " 01004D0A:1F40 01 ", line, sizeof line));
    GUEST(fstat(fd, &status) == 0);
    snprintf(inode, sizeof inode, " %llu ", (unsigned long long)status.st_ino);
    GUEST(strstr(line, inode) != NULL);
    GUEST(file_has("/proc/self/net/tcp", " 00000000:1F90 00000000:0000 0A ", line, sizeof line));
    GUEST(file_has("/proc/net/udp", " 00000000:1F90 00000000:0000 07 ", line, sizeof line));
    GUEST(!file_has("/proc/net/tcp6", ":1F90 ", line, sizeof line));
    GUEST(file_has("/proc/net/snmp", "Tcp: 1 ", line, sizeof line));
    GUEST(file_has("/proc/net/netstat", "TcpExt:", line, sizeof line));
    GUEST(file_has("/proc/net/dev", " rill0:", line, sizeof line));
    GUEST(strtoull(strchr(line, ':') + 1, NULL, 10) > 0);
}

static void proc_net_shows_the_stacks_sockets_and_counters(void **state)
{
    (void)state;
    (void)kernel_listener(PORT);
    world_finish(world_start("sockets", NULL));
}

static void guest_interfaces(void)
{
    struct ifaddrs *list;
    bool found = false;
    struct ifreq request = {.ifr_name = "rill0"};
    struct sockaddr_in address;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    GUEST(getifaddrs(&list) == 0);
    for (const struct ifaddrs *each = list; each != NULL; each = each->ifa_next)
        if (each->ifa_addr != NULL && each->ifa_addr->sa_family == AF_INET && strcmp(each->ifa_name, "lo") != 0) {
            memcpy(&address, each->ifa_addr, sizeof address);
            found = true;
            GUEST(address.sin_addr.s_addr == inet_addr(WORLD_RILL) && strcmp(each->ifa_name, "rill0") == 0);
        }
    freeifaddrs(list);
    GUEST(found);
    GUEST(ioctl(fd, SIOCGIFADDR, &request) == 0);
    memcpy(&address, &request.ifr_addr, sizeof address);
    GUEST(address.sin_addr.s_addr == inet_addr(WORLD_RILL));
}

static void the_programs_interface_has_rills_address(void **state)
{
    (void)state;
    world_finish(world_start("interfaces", NULL));
}

/* Pointers in a request are the program's: the supervisor must not follow them, nor take another size for granted. */
static void guest_requests(void)
{
    struct ethtool_value link = {.cmd = ETHTOOL_GLINK};
    struct ifreq request = {.ifr_name = "rill0", .ifr_data = (char *)&link};
    struct arpreq neighbour = {.arp_flags = 0};
    int fd = socket(AF_INET, SOCK_STREAM, 0), mtu;

    GUEST(ioctl(fd, SIOCETHTOOL, &request) == -1 && errno == EOPNOTSUPP);
    GUEST(ioctl(fd, SIOCGARP, &neighbour) == -1 && errno == EOPNOTSUPP);
    GUEST(ioctl(fd, SIOCGIFMTU, &request) == 0);
    mtu = request.ifr_mtu;
    request.ifr_mtu = 1000;
    GUEST(ioctl(fd, SIOCSIFMTU, &request) == -1 && errno == EPERM);
    GUEST(ioctl(fd, SIOCGIFMTU, &request) == 0 && request.ifr_mtu == mtu);
}

static void interfaces_can_be_looked_at_and_not_changed(void **state)
{
    (void)state;
    world_finish(world_start("requests", NULL));
}

static void guest_resolver(void)
{
    char line[256];

    GUEST(file_has("/etc/resolv.conf", "nameserver 10.77.0.53\n", line, sizeof line));
    GUEST(file_has("/etc/resolv.conf", "nameserver 10.77.0.54\n", line, sizeof line));
    GUEST(file_has("/etc/passwd", "root", line, sizeof line));
    GUEST(fopen("/etc/there/is/none", "r") == NULL && errno == ENOENT);
}

static void name_servers_are_those_of_the_option(void **state)
{
    static const char *const options[] = {"--dns", "10.77.0.53,10.77.0.54", NULL};

    (void)state;
    world_finish(world_start("resolver", options));
}

int main(int argc, char **argv)
{
    static const struct guest guests[] = {
        {"sockets", guest_sockets},
        {"interfaces", guest_interfaces},
        {"requests", guest_requests},
        {"resolver", guest_resolver},
        {NULL, NULL},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proc_net_shows_the_stacks_sockets_and_counters),
        cmocka_unit_test(the_programs_interface_has_rills_address),
        cmocka_unit_test(interfaces_can_be_looked_at_and_not_changed),
        cmocka_unit_test(name_servers_are_those_of_the_option),
    };

    world_be_guest(argc, argv, guests);
    world_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
