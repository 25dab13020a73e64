/*
 * Seccomp's notifications, and a program's memory and descriptors seen from
 * outside: see notify.h.
 */
#include "run/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE_BYTES 4096u
#define PROCESSES_KNOWN 8u

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

int call_receive(int listener, struct call *out)
{
    struct seccomp_notif request;

    memset(&request, 0, sizeof request);
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) != 0)
        return -EAGAIN; /* ENOENT: the one that was there has gone */
    out->listener = listener;
    out->id = request.id;
    out->thread = (pid_t)request.pid;
    out->arch = request.data.arch;
    out->number = request.data.nr;
    memcpy(out->args, request.data.args, sizeof out->args);
    return 0;
}

bool call_is_waiting(const struct call *call)
{
    return ioctl(call->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &call->id) == 0;
}

bool call_answer(const struct call *call, int64_t result)
{
    struct seccomp_notif_resp response = {.id = call->id};

    if (result < 0)
        response.error = (int32_t)result;
    else
        response.val = result;
    return ioctl(call->listener, SECCOMP_IOCTL_NOTIF_SEND, &response) == 0;
}

bool call_continue(const struct call *call)
{
    struct seccomp_notif_resp response = {.id = call->id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};

    return ioctl(call->listener, SECCOMP_IOCTL_NOTIF_SEND, &response) == 0;
}

int call_answer_with_file(const struct call *call, int fd, bool close_on_exec)
{
    struct seccomp_notif_addfd add = {
        .id = call->id,
        .flags = SECCOMP_ADDFD_FLAG_SEND, /* at once: a signal between the two would leave a descriptor behind */
        .srcfd = (uint32_t)fd,
        .newfd_flags = close_on_exec ? O_CLOEXEC : 0,
    };
    int number = ioctl(call->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);

    if (number < 0 && errno != ENOENT)
        call_answer(call, -errno); /* EMFILE is the program's own */
    return number;
}

bool call_replace_file(const struct call *call, int fd, int at, bool close_on_exec)
{
    struct seccomp_notif_addfd add = {
        .id = call->id,
        .flags = SECCOMP_ADDFD_FLAG_SETFD,
        .srcfd = (uint32_t)fd,
        .newfd = (uint32_t)at,
        .newfd_flags = close_on_exec ? O_CLOEXEC : 0,
    };

    return ioctl(call->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) >= 0;
}

bool program_read(const struct call *call, uint64_t from, void *to, size_t bytes)
{
    struct iovec here = {to, bytes}, there = {(void *)(uintptr_t)from, bytes};

    return bytes == 0 || process_vm_readv(call->thread, &here, 1, &there, 1, 0) == (ssize_t)bytes;
}

bool program_write(const struct call *call, uint64_t to, const void *from, size_t bytes)
{
    struct iovec here = {(void *)(uintptr_t)from, bytes}, there = {(void *)(uintptr_t)to, bytes};

    /* A call that is over must not be written into: the memory may serve another purpose by now. */
    return bytes == 0 ||
           (call_is_waiting(call) && process_vm_writev(call->thread, &here, 1, &there, 1, 0) == (ssize_t)bytes);
}

bool program_read_pieces(const struct call *call, const struct iovec *from, size_t count, void *to, size_t bytes)
{
    struct iovec here = {to, bytes};

    return bytes == 0 || process_vm_readv(call->thread, &here, 1, from, count, 0) == (ssize_t)bytes;
}

bool program_write_pieces(const struct call *call, const struct iovec *to, size_t count, const void *from, size_t bytes)
{
    struct iovec here = {(void *)(uintptr_t)from, bytes};

    return bytes == 0 ||
           (call_is_waiting(call) && process_vm_writev(call->thread, &here, 1, to, count, 0) == (ssize_t)bytes);
}

bool program_write_two(const struct call *call, const struct iovec from[2], const struct iovec to[2])
{
    size_t bytes = to[0].iov_len + to[1].iov_len;

    return call_is_waiting(call) && process_vm_writev(call->thread, from, 2, to, 2, 0) == (ssize_t)bytes;
}

bool program_read_text(const struct call *call, uint64_t from, char *to, size_t bytes)
{
    size_t got = 0;

    while (got < bytes - 1) { /* page by page: the next one may not be there */
        size_t part = PAGE_BYTES - (size_t)((from + got) % PAGE_BYTES);

        if (part > bytes - 1 - got)
            part = bytes - 1 - got;
        if (!program_read(call, from + got, to + got, part))
            return false;
        if (memchr(to + got, '\0', part) != NULL)
            return true;
        got += part;
    }
    to[bytes - 1] = '\0';
    return true;
}

/* ---------------------------------------------------------------- processes */

pid_t process_of_thread(pid_t thread)
{
    static struct {
        pid_t thread, process;
    } last;
    char path[48], line[128];
    pid_t process = thread;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/task/%d", (int)last.process, (int)thread);
    /* Numbers come again; and what is a process by now has a /proc/NUMBER/task/NUMBER of its own. */
    if (last.thread == thread && last.process != thread && access(path, F_OK) == 0)
        return last.process;
    snprintf(path, sizeof path, "/proc/%d/status", (int)thread);
    file = fopen(path, "re");
    if (file == NULL)
        return thread;
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "Tgid:", 5) == 0) {
            process = (pid_t)strtol(line + 5, NULL, 10);
            break;
        }
    fclose(file);
    last.thread = thread;
    last.process = process;
    return process;
}

/*
 * A descriptor of a process or thread is good for that one alone: of one that is gone it says ESRCH. Kernels before 6.9
 * have none of a thread that is not its process's first: it is the process's then, and lives on when the thread is gone.
 */
struct known {
    pid_t number;  /* of the process or thread that was asked about; 0: nothing is known */
    pid_t process; /* whose descriptor it is instead; 0: its own */
    int pidfd;
};

static void forget(struct known *known)
{
    if (known->number != 0)
        close(known->pidfd);
    known->number = 0;
}

static void get_to_know(struct known *known, pid_t number)
{
    known->process = 0;
    known->pidfd = (int)syscall(SYS_pidfd_open, number, 0);
    if (known->pidfd < 0)
        known->pidfd = (int)syscall(SYS_pidfd_open, number, PIDFD_THREAD);
    if (known->pidfd < 0) {
        known->process = process_of_thread(number);
        known->pidfd = (int)syscall(SYS_pidfd_open, known->process, 0);
    }
    known->number = known->pidfd >= 0 ? number : 0;
}

/* The thread's number may be another's by now, in another process; that of a process whose descriptor answers may not. */
static bool is_still(const struct known *known, pid_t number)
{
    char path[48];

    if (known->number != number || known->process == 0)
        return known->number == number;
    snprintf(path, sizeof path, "/proc/%d/task/%d", (int)known->process, (int)number);
    return access(path, F_OK) == 0;
}

int process_file(pid_t process, int fd)
{
    static struct known all[PROCESSES_KNOWN]; /* those asked last */
    struct known *known = &all[(unsigned)process % PROCESSES_KNOWN];

    for (unsigned tries = 0; tries < 2; tries++) {
        int file;

        if (!is_still(known, process)) {
            forget(known);
            get_to_know(known, process);
        }
        if (known->number == 0)
            return -1;
        file = (int)syscall(SYS_pidfd_getfd, known->pidfd, fd, 0);
        if (file >= 0 || errno != ESRCH)
            return file;
        forget(known);
    }
    return -1;
}

uint64_t process_socket(pid_t process, int fd)
{
    char path[48], target[48];
    ssize_t length;

    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)process, fd);
    length = readlink(path, target, sizeof target - 1);
    if (length <= 8 || memcmp(target, "socket:[", 8) != 0)
        return 0;
    target[length] = '\0';
    return strtoull(target + 8, NULL, 10);
}

int process_file_flags(pid_t process, int fd)
{
    char path[48], text[256];
    const char *flags;
    ssize_t length;
    int file;

    snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", (int)process, fd);
    file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0)
        return 0;
    text[length] = '\0';
    flags = strstr(text, "flags:");
    return flags != NULL ? (int)strtol(flags + 6, NULL, 8) : 0;
}
