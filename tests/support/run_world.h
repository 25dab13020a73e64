/*
 * A program under rill run, and a peer of the kernel's on the other side of
 * the TUN. The test is both: it starts itself as the program, with the name of
 * one of its guests; what a guest asserts fails the test.
 */
#ifndef SUPPORT_RUN_WORLD_H
#define SUPPORT_RUN_WORLD_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#define WORLD_RILL "10.77.0.2"
#define WORLD_KERNEL "10.77.0.1"

/* A guest: what the program does under rill. Nothing of cmocka works in it; it says what is wrong by GUEST(). */
struct guest {
    const char *name;
    void (*run)(void);
};

/* Ends the guest, and fails the test, when the fact does not hold. */
#define GUEST(fact) ((fact) ? (void)0 : guest_fail(#fact, __FILE__, __LINE__))
void guest_fail(const char *fact, const char *file, int line) __attribute__((noreturn));

/* First in main(): runs the guest that the arguments name, and does not return then. */
void world_be_guest(int argc, char **argv, const struct guest *guests);

/* A network namespace for this test, its own root; exits with 77 (skipped), and says so, where that is forbidden. */
void world_enter(void);

/* Start a guest under rill run with the options given (NULL-terminated; may be NULL). */
pid_t world_start(const char *guest, const char *const *options);

/* Another one, while that runs. */
pid_t world_start_beside(const char *guest, const char *const *options);

/* What guests do all the time; each ends the guest when it fails. The type may have SOCK_NONBLOCK beside it. */
int guest_socket(int type);
int guest_connect(const char *address, uint16_t port);
short poll_for(int fd, short events, int timeout_ms); /* what was found ready; 0: nothing in time */

/* From the guest: the peer may begin; and the peer, which waits for that. */
void guest_ready(void);
void world_await(void);

/* The guest's end; its exit status must be 0. */
void world_finish(pid_t program);

/* The exit status, whatever it is. */
int world_wait(pid_t program);

/* The kernel's sockets, blocking, with a time limit on every call. */
struct sockaddr_in world_address(const char *text, uint16_t port);
int kernel_listener(uint16_t port); /* the world closes it, when the next one comes */
int kernel_accept(int listener);
int kernel_connect(uint16_t port); /* to rill; tries for a while, as long as it is refused */

/* Starts a guest and accepts the one connection that it makes to the kernel's port. */
int world_meet(const char *guest, uint16_t port, pid_t *program);

/* Both sides. */
void limit_waits(int fd);
bool read_all(int fd, void *data, size_t bytes);
bool write_all(int fd, const void *data, size_t bytes);

#endif
