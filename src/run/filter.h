/*
 * The seccomp filter that a program under rill run lives with: which of its
 * system calls are asked about. Everything else runs as if nobody looked.
 */
#ifndef RUN_FILTER_H
#define RUN_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__x86_64__)
#define FILTER_ARCH 0xc000003eu /* AUDIT_ARCH_X86_64 */
#elif defined(__aarch64__)
#define FILTER_ARCH 0xc00000b7u /* AUDIT_ARCH_AARCH64 */
#else
#error "rill run knows the system calls of x86-64 and of 64-bit ARM"
#endif

enum filter_flag {
    FILTER_OPENS = 0x1,    /* ask about files opened for reading: /proc/net, /etc/resolv.conf */
    FILTER_IO_URING = 0x2, /* let io_uring be: its sockets are then the kernel's */
};

/* For this thread and what it starts. The listener's descriptor, close-on-exec; or -errno. */
int filter_install(unsigned flags);

#endif
