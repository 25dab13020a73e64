/*
 * The filter as a list of rules, and the list as a BPF program. Knows numbers
 * of system calls and nothing of what is done about them.
 */
#include "run/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NUMBER offsetof(struct seccomp_data, nr)
#define ARCH offsetof(struct seccomp_data, arch)
#define LOW(n) (offsetof(struct seccomp_data, args) + 8u * (n)) /* both machines are little endian */
#define HIGH(n) (LOW(n) + 4u)

#define ARCH_I386 0x40000003u
#define ARCH_ARM 0x40000028u
#define X32_BIT 0x40000000u

#define PROGRAM_MAX 256u

enum rule {
    RULE_ALWAYS,
    RULE_INET,    /* argument 0 is AF_INET or AF_INET6 */
    RULE_RECEIVE, /* argument 4, where an address lies, is given, or MSG_ERRQUEUE or MSG_TRUNC in argument 3 */
    RULE_SEND,    /* the same, or MSG_MORE in argument 3 */
    RULE_IOCTL,   /* argument 1 is a request that TCP or IP would answer */
    RULE_OPENAT,  /* argument 2 opens for reading */
    RULE_OPEN,    /* argument 1 does */
};

struct call {
    int number;
    enum rule rule;
    unsigned unless, only; /* enum filter_flag */
};

static const struct call calls[] = {
    {SYS_socket, RULE_INET, 0, 0},
    {SYS_bind, RULE_ALWAYS, 0, 0},
    {SYS_listen, RULE_ALWAYS, 0, 0},
    {SYS_connect, RULE_ALWAYS, 0, 0},
    {SYS_accept, RULE_ALWAYS, 0, 0},
    {SYS_accept4, RULE_ALWAYS, 0, 0},
    {SYS_shutdown, RULE_ALWAYS, 0, 0},
    {SYS_getsockname, RULE_ALWAYS, 0, 0},
    {SYS_getpeername, RULE_ALWAYS, 0, 0},
    {SYS_getsockopt, RULE_ALWAYS, 0, 0},
    {SYS_setsockopt, RULE_ALWAYS, 0, 0},
    {SYS_sendto, RULE_SEND, 0, 0},
    {SYS_recvfrom, RULE_RECEIVE, 0, 0},
    {SYS_sendmsg, RULE_ALWAYS, 0, 0},
    {SYS_recvmsg, RULE_ALWAYS, 0, 0},
    {SYS_sendmmsg, RULE_ALWAYS, 0, 0},
    {SYS_recvmmsg, RULE_ALWAYS, 0, 0},
    {SYS_ioctl, RULE_IOCTL, 0, 0},
    {SYS_openat, RULE_OPENAT, 0, FILTER_OPENS},
#ifdef SYS_open
    {SYS_open, RULE_OPEN, 0, FILTER_OPENS},
#endif
    {SYS_io_uring_setup, RULE_ALWAYS, FILTER_IO_URING, 0},
};

/* What a 32-bit program would make sockets with: socketcall or socket of i386; socket of ARM. */
static const uint32_t i386_calls[] = {102, 359};
static const uint32_t arm_calls[] = {281};

struct program {
    struct sock_filter code[PROGRAM_MAX];
    unsigned length;
};

static void add(struct program *program, struct sock_filter instruction)
{
    if (program->length < PROGRAM_MAX)
        program->code[program->length] = instruction;
    program->length++;
}

static void load(struct program *program, size_t offset)
{
    add(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void finish(struct program *program, uint32_t verdict)
{
    add(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict));
}

/* Skip so many instructions when the accumulator is, or is not, k. */
static void skip_if(struct program *program, uint32_t k, uint8_t equal, uint8_t other)
{
    add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, equal, other));
}

static void ask_if_inet(struct program *program, unsigned flags)
{
    load(program, LOW(0));
    if ((flags & FILTER_OPENS) != 0) {
        /* ss asks NETLINK_SOCK_DIAG, which knows the kernel's sockets only; without it, it reads /proc/net. */
        skip_if(program, AF_NETLINK, 0, 4);
        load(program, LOW(2));
        skip_if(program, NETLINK_SOCK_DIAG, 0, 1);
        finish(program, SECCOMP_RET_ERRNO | EPROTONOSUPPORT);
        finish(program, SECCOMP_RET_ALLOW);
    }
    skip_if(program, AF_INET, 1, 0);
    skip_if(program, AF_INET6, 0, 1);
    finish(program, SECCOMP_RET_USER_NOTIF);
    finish(program, SECCOMP_RET_ALLOW);
}

static void ask_if_flag_or_address(struct program *program, uint32_t flag)
{
    load(program, LOW(3));
    add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, flag, 0, 1));
    finish(program, SECCOMP_RET_USER_NOTIF);
    load(program, LOW(4));
    skip_if(program, 0, 0, 2);
    load(program, HIGH(4));
    skip_if(program, 0, 1, 0);
    finish(program, SECCOMP_RET_USER_NOTIF);
    finish(program, SECCOMP_RET_ALLOW);
}

/* SIOCOUTQ, SIOCOUTQNSD, and the interface requests, 0x8910 to 0x897f. */
static void ask_if_network_request(struct program *program)
{
    load(program, LOW(1));
    skip_if(program, 0x5411, 5, 0);
    skip_if(program, 0x894b, 4, 0);
    add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x8910, 0, 2));
    add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 0x897f, 1, 0));
    add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0));
    finish(program, SECCOMP_RET_ALLOW);
    finish(program, SECCOMP_RET_USER_NOTIF);
}

/* Servers open the files that they send with O_NONBLOCK; nobody reads /proc/net so. */
static void ask_if_reading(struct program *program, unsigned argument)
{
    load(program, LOW(argument));
    add(program,
        (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_ACCMODE | O_DIRECTORY | O_PATH | O_NONBLOCK, 1, 0));
    finish(program, SECCOMP_RET_USER_NOTIF);
    finish(program, SECCOMP_RET_ALLOW);
}

static void add_rule(struct program *program, enum rule rule, unsigned flags)
{
    switch (rule) {
    case RULE_ALWAYS:
        finish(program, SECCOMP_RET_USER_NOTIF);
        break;
    case RULE_INET:
        ask_if_inet(program, flags);
        break;
    case RULE_RECEIVE:
        ask_if_flag_or_address(program, MSG_ERRQUEUE | MSG_TRUNC);
        break;
    case RULE_SEND:
        ask_if_flag_or_address(program, MSG_MORE);
        break;
    case RULE_IOCTL:
        ask_if_network_request(program);
        break;
    case RULE_OPENAT:
        ask_if_reading(program, 2);
        break;
    case RULE_OPEN:
        ask_if_reading(program, 1);
        break;
    }
}

/* Calls of another machine's numbering: those that make sockets are asked about, to be refused aloud. */
static void add_foreign(struct program *program, uint32_t arch, const uint32_t *numbers, uint8_t count)
{
    skip_if(program, arch, 0, (uint8_t)(2 * count + 2));
    load(program, NUMBER);
    for (unsigned i = 0; i < count; i++) {
        skip_if(program, numbers[i], 0, 1);
        finish(program, SECCOMP_RET_USER_NOTIF);
    }
    finish(program, SECCOMP_RET_ALLOW);
}

static void build(struct program *program, unsigned flags)
{
    program->length = 0;
    load(program, ARCH);
    add_foreign(program, ARCH_I386, i386_calls, sizeof i386_calls / sizeof i386_calls[0]);
    add_foreign(program, ARCH_ARM, arm_calls, sizeof arm_calls / sizeof arm_calls[0]);
    skip_if(program, FILTER_ARCH, 1, 0);
    finish(program, SECCOMP_RET_ERRNO | ENOSYS);
    load(program, NUMBER);
#ifdef __x86_64__
    add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1));
    finish(program, SECCOMP_RET_ERRNO | ENOSYS);
#endif
    for (unsigned i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        unsigned jump = program->length;

        if ((calls[i].unless & flags) != 0 || (calls[i].only & flags) != calls[i].only)
            continue;
        skip_if(program, (uint32_t)calls[i].number, 0, 0);
        add_rule(program, calls[i].rule, flags);
        program->code[jump].jf = (uint8_t)(program->length - jump - 1);
    }
    finish(program, SECCOMP_RET_ALLOW);
}

int filter_install(unsigned flags)
{
    struct program program;
    struct sock_fprog list;
    long fd;

    build(&program, flags);
    if (program.length > PROGRAM_MAX)
        return -E2BIG;
    list = (struct sock_fprog){.len = (unsigned short)program.length, .filter = program.code};
    fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &list);
    return fd < 0 ? -errno : (int)fd;
}
