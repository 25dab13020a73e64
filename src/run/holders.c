/*
 * Who has the program's end of a pair: where it was seen last, or, since a
 * fork or a passed descriptor is told to nobody, wherever it is.
 */
#include "run/supervisor.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DESCRIPTORS_MAX 16384u /* looked at in one search */

bool psock_is_held(const struct psock *ps)
{
    return ps->process > 0 && process_socket(ps->process, ps->process_fd) == ps->inode;
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

bool psock_find(struct psock *ps)
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
