/*
 * One system call that a program waits with: what it asked, its memory and its
 * descriptors, and the ways to answer it. Knows nothing of sockets.
 */
#ifndef RUN_NOTIFY_H
#define RUN_NOTIFY_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct call {
    int listener; /* whose notification it is */
    uint64_t id;
    pid_t thread;
    uint32_t arch;
    int number;
    uint64_t args[6];
};

/* 0; -EAGAIN: none is there any more. */
int call_receive(int listener, struct call *out);

/* False when the program does not wait any more: a signal ended the call, or the program. */
bool call_is_waiting(const struct call *call);

/* Each answers the call. False when nobody waited any more. */
bool call_answer(const struct call *call, int64_t result); /* negative: -errno */
bool call_continue(const struct call *call);               /* the kernel carries it out */
/* The call's result is a new descriptor in the program, for a file that is open here. Its number, or -1. */
int call_answer_with_file(const struct call *call, int fd, bool close_on_exec);

/* Put a file at the descriptor `at` of the program, in place of what is there; the call still waits. */
bool call_replace_file(const struct call *call, int fd, int at, bool close_on_exec);

/* The program's memory. False: it cannot be reached (-EFAULT is the answer). */
bool program_read(const struct call *call, uint64_t from, void *to, size_t bytes);
bool program_write(const struct call *call, uint64_t to, const void *from, size_t bytes);
/* To or from several places there and one here; as many bytes, at most what the pieces hold. */
bool program_read_pieces(const struct call *call, const struct iovec *from, size_t count, void *to, size_t bytes);
bool program_write_pieces(const struct call *call, const struct iovec *to, size_t count, const void *from,
                          size_t bytes);
bool program_write_two(const struct call *call, const struct iovec from[2], const struct iovec to[2]);
/* A path or other text; cut at bytes - 1. */
bool program_read_text(const struct call *call, uint64_t from, char *to, size_t bytes);

/* The file under a descriptor of a process, for us too (close it soon: it keeps the file alive). -1: none. */
int process_file(pid_t process, int fd);
/* The number of the socket under a descriptor, 0 when it is no socket. */
uint64_t process_socket(pid_t process, int fd);
/* The flags in /proc/PID/fdinfo: O_CLOEXEC among them. */
int process_file_flags(pid_t process, int fd);
/* The process that a thread belongs to. */
pid_t process_of_thread(pid_t thread);

#endif
