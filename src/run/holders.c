/*
 * Who has the program's end of a pair: where it was seen last, or, since a
 * fork or a passed descriptor is told to nobody, wherever it is.
 */
#include "run/supervisor.h"

#include <dirent.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIND_TRIES 4u
#define DESCRIPTORS_MAX 16384u /* looked at in one search */

bool psock_is_held(const struct psock *ps)
{
    return ps->process > 0 && process_socket(ps->process, ps->process_fd) == ps->inode;
}

/* One question to sock_diag(7), by the number of a socket. 1, or 0 for no; -1: this kernel does not answer that. */
static int ask_kernel(int diag, uint64_t inode)
{
    struct {
        struct nlmsghdr header;
        struct unix_diag_req request;
    } question = {
        .header = {.nlmsg_len = sizeof question, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST},
        .request = {.sdiag_family = AF_UNIX,
                    .udiag_states = UINT32_MAX,
                    .udiag_ino = (uint32_t)inode,
                    .udiag_cookie = {UINT32_MAX, UINT32_MAX}},
    };
    union {
        struct nlmsghdr header;
        uint8_t bytes[512];
    } answer;
    ssize_t n = send(diag, &question, sizeof question, 0) == (ssize_t)sizeof question
                    ? recv(diag, &answer, sizeof answer, 0)
                    : -1;

    if (n >= (ssize_t)sizeof answer.header && answer.header.nlmsg_type == SOCK_DIAG_BY_FAMILY)
        return 1;
    if (n >= (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)) && answer.header.nlmsg_type == NLMSG_ERROR)
        return ((const struct nlmsgerr *)NLMSG_DATA(&answer.header))->error == -ENOENT ? 0 : -1;
    return -1;
}

bool psock_exists(struct run *run, const struct psock *ps)
{
    const struct timeval patience = {.tv_sec = 1};
    int there;

    if (psock_is_held(ps))
        return true;
    if (run->diag == DIAG_NOT_OPEN) {
        run->diag = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
        if (run->diag >= 0)
            setsockopt(run->diag, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        else
            run->diag = DIAG_NONE;
    }
    there = run->diag >= 0 ? ask_kernel(run->diag, ps->inode) : 0;
    if (there < 0) {
        close(run->diag);
        run->diag = DIAG_NONE;
    }
    return there > 0;
}

int psock_borrow_end(const struct psock *ps)
{
    struct stat status;
    int end = ps->process > 0 ? process_file(ps->process, ps->process_fd) : -1;

    if (end >= 0 && (fstat(end, &status) != 0 || (uint64_t)status.st_ino != ps->inode)) {
        close(end);
        end = -1;
    }
    return end;
}

/* The entry's number, -1: it is no number. */
static int number_of(const struct dirent *entry)
{
    char *end;
    long number = strtol(entry->d_name, &end, 10);

    return *end == '\0' && end != entry->d_name ? (int)number : -1;
}

static bool find_in_process(struct psock *ps, pid_t process, unsigned *budget)
{
    char path[32];
    const struct dirent *entry;
    bool found = false;
    DIR *files;

    snprintf(path, sizeof path, "/proc/%d/fd", (int)process);
    files = opendir(path);
    if (files == NULL)
        return false; /* gone, or somebody else's */
    while (!found && *budget > 0 && (entry = readdir(files)) != NULL) {
        int fd = number_of(entry);

        if (fd < 0)
            continue;
        (*budget)--;
        found = process_socket(process, fd) == ps->inode;
        if (found) {
            ps->process = process;
            ps->process_fd = fd;
        }
    }
    closedir(files);
    return found;
}

static bool find(struct psock *ps)
{
    unsigned budget = DESCRIPTORS_MAX;
    const struct dirent *entry;
    bool found = psock_is_held(ps);
    DIR *processes = found ? NULL : opendir("/proc");

    while (processes != NULL && !found && budget > 0 && (entry = readdir(processes)) != NULL) {
        pid_t process = (pid_t)number_of(entry);

        if (process > 0 && process != getpid())
            found = find_in_process(ps, process, &budget);
    }
    if (processes != NULL)
        closedir(processes);
    return found;
}

int psock_find_end(struct psock *ps)
{
    int end = -1;

    /* Who had it may close it between the look and the reach, when another has it too. */
    for (unsigned tries = 0; end < 0 && tries < FIND_TRIES && find(ps); tries++)
        end = psock_borrow_end(ps);
    return end;
}
