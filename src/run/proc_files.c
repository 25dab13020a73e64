/*
 * Which opened paths are answered, and with what: see proc_files.h.
 */
#include "run/proc_files.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATH_BYTES 64u

FILE *proc_open_kernels(const char *name)
{
    char path[32];

    snprintf(path, sizeof path, "/proc/self/net/%s", name);
    return fopen(path, "re");
}

/* Behind "/proc/": "net/tcp", "self/net/tcp", "1234/net/tcp". NULL: another file. */
static const char *name_below_proc_net(const char *path)
{
    const char *at = path + 6;

    if (strncmp(path, "/proc/", 6) != 0)
        return NULL;
    if (strncmp(at, "net/", 4) == 0)
        return at + 4;
    while (isalnum((unsigned char)*at) || *at == '-')
        at++;
    return strncmp(at, "/net/", 5) == 0 ? at + 5 : NULL;
}

static bool write_proc_net(struct run *run, const char *name, FILE *to)
{
    if (strcmp(name, "tcp") == 0 || strcmp(name, "tcp6") == 0)
        return proc_sockets(run, to, false, name[3] != '\0');
    if (strcmp(name, "udp") == 0 || strcmp(name, "udp6") == 0)
        return proc_sockets(run, to, true, name[3] != '\0');
    if (strcmp(name, "snmp") == 0 || strcmp(name, "netstat") == 0)
        return proc_counters(run, to, name);
    return strcmp(name, "dev") == 0 && proc_interfaces(run, to);
}

/* The user's own file, but for its name servers. */
static bool write_resolv_conf(const char *servers, FILE *to)
{
    char line[512];
    FILE *from = fopen("/etc/resolv.conf", "re");

    while (from != NULL && fgets(line, sizeof line, from) != NULL)
        if (strncmp(line, "nameserver", 10) != 0)
            fputs(line, to);
    if (from != NULL)
        fclose(from);
    while (*servers != '\0') {
        size_t length = strcspn(servers, ",");

        fprintf(to, "nameserver %.*s\n", (int)length, servers);
        servers += length;
        servers += *servers == ',';
    }
    return true;
}

static bool write_content(struct run *run, const char *path, FILE *to)
{
    const char *name = name_below_proc_net(path);

    if (name != NULL)
        return write_proc_net(run, name, to);
    return run->config.dns != NULL && strcmp(path, "/etc/resolv.conf") == 0 && write_resolv_conf(run->config.dns, to);
}

/* A file in memory with the content, at its beginning; -1: not one of ours. */
static int make_file(struct run *run, const char *path)
{
    int fd = memfd_create("rill", MFD_CLOEXEC);
    FILE *to = fd >= 0 ? fdopen(dup(fd), "w") : NULL;
    bool done = to != NULL && write_content(run, path, to);

    if (to != NULL && fclose(to) != 0)
        done = false;
    if (done && lseek(fd, 0, SEEK_SET) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool could_be_ours(const char *path)
{
    return strncmp(path, "/proc/", 6) == 0 || strcmp(path, "/etc/resolv.conf") == 0;
}

void answer_open(struct run *run, const struct call *call)
{
    bool at = call->number == SYS_openat;
    int flags = (int)call->args[at ? 2 : 1], fd;
    char path[PATH_BYTES];

    if (!program_read_text(call, call->args[at ? 1 : 0], path, sizeof path) || !could_be_ours(path) ||
        (fd = make_file(run, path)) < 0) {
        run->counts.continued++;
        call_continue(call);
        return;
    }
    (void)call_answer_with_file(call, fd, (flags & O_CLOEXEC) != 0);
    close(fd);
}
