/*
 * Entering and joining namespaces: see namespace.h. What forbids them differs
 * by system, so each failure names its remedy.
 */
#include "cli/namespace.h"

#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t length = (ssize_t)strlen(text);
    bool done = fd >= 0 && write(fd, text, (size_t)length) == length;
    int error = errno;

    if (fd >= 0)
        close(fd);
    errno = error;
    return done;
}

static int read_number(const char *path)
{
    FILE *file = fopen(path, "re");
    int value = -1;

    if (file == NULL)
        return -1;
    if (fscanf(file, "%d", &value) != 1)
        value = -1;
    fclose(file);
    return value;
}

static void explain_refusal(const char *what, int error)
{
    cli_error("cannot make a network namespace: %s: %s", what, strerror(error));
    if (read_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1)
        cli_error("AppArmor forbids it here (Ubuntu): sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0");
    else if (read_number("/proc/sys/kernel/unprivileged_userns_clone") == 0)
        cli_error("the kernel forbids it here: sudo sysctl kernel.unprivileged_userns_clone=1");
    else if (read_number("/proc/sys/user/max_user_namespaces") == 0)
        cli_error("the kernel forbids it here: sudo sysctl user.max_user_namespaces=10000");
    else if (access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0)
        cli_error("in a container, start it with --security-opt seccomp=unconfined --device /dev/net/tun");
    else
        cli_error("run as root, or in a container with --security-opt seccomp=unconfined --device /dev/net/tun");
    cli_error("or give rill a device that exists: --dev tun:NAME");
}

static bool map_to_root(uid_t uid, gid_t gid)
{
    char text[32];

    if (!write_file("/proc/self/setgroups", "deny") && errno != ENOENT)
        return false;
    snprintf(text, sizeof text, "0 %u 1", (unsigned)uid);
    if (!write_file("/proc/self/uid_map", text))
        return false;
    snprintf(text, sizeof text, "0 %u 1", (unsigned)gid);
    return write_file("/proc/self/gid_map", text);
}

static bool bring_loopback_up(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool done;

    if (fd < 0)
        return false;
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    done = ioctl(fd, SIOCSIFFLAGS, &request) == 0;
    close(fd);
    return done;
}

bool namespace_enter(void)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();

    /* Root needs no user namespace, and without one keeps its rights on the files that it serves. */
    if (uid != 0 || unshare(CLONE_NEWNET) != 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
            explain_refusal("unshare", errno);
            return false;
        }
        if (!map_to_root(uid, gid)) {
            explain_refusal("writing the user map", errno);
            return false;
        }
    }
    if (!bring_loopback_up()) {
        explain_refusal("bringing lo up", errno);
        return false;
    }
    return true;
}

static bool join_one(pid_t pid, const char *kind, int type, int network_fd)
{
    char theirs[64], ours[64];
    struct stat their_status, our_status;
    int fd;
    bool done;

    if (network_fd > 0 && type == CLONE_NEWNET)
        snprintf(theirs, sizeof theirs, "/proc/%d/fd/%d", (int)pid, network_fd);
    else
        snprintf(theirs, sizeof theirs, "/proc/%d/ns/%s", (int)pid, kind);
    snprintf(ours, sizeof ours, "/proc/self/ns/%s", kind);
    if (stat(theirs, &their_status) != 0 || stat(ours, &our_status) != 0)
        return false;
    if (their_status.st_ino == our_status.st_ino && their_status.st_dev == our_status.st_dev)
        return true;
    fd = open(theirs, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    done = setns(fd, type) == 0;
    close(fd);
    return done;
}

bool namespace_join(pid_t pid, int network_fd)
{
    if (!join_one(pid, "user", CLONE_NEWUSER, 0) || !join_one(pid, "net", CLONE_NEWNET, network_fd)) {
        cli_error("cannot enter the namespace of process %d: %s", (int)pid, strerror(errno));
        return false;
    }
    return true;
}

bool namespace_check_tun(void)
{
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

    if (fd >= 0) {
        close(fd);
        return true;
    }
    if (errno == ENOENT || errno == ENODEV || errno == ENXIO)
        cli_error("/dev/net/tun is not there: sudo modprobe tun; in a container start it with --device /dev/net/tun");
    else
        cli_error("cannot open /dev/net/tun: %s; it is usually open to all: sudo chmod 666 /dev/net/tun",
                  strerror(errno));
    return false;
}
