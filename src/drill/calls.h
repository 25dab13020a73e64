/*
 * The system calls that scripts may make: see run_call.c. Each returns what
 * its namesake would, or a negative RILL_E..., or CALL_FAILED after run_fail().
 * A call that would wait returns -RILL_EAGAIN and is made again.
 */
#ifndef DRILL_CALLS_H
#define DRILL_CALLS_H

#include "drill/values.h"

#define CALL_FAILED INT64_MIN

/* rill's number for the script's, from argument `index`; one that nobody has when the script's has none. */
bool call_fd(struct run *run, const struct drill_call *call, unsigned index, int *out);
int fd_of(const struct run *run, int64_t script_fd);
/* The script's number for a new descriptor becomes rill's. */
bool name_descriptor(struct run *run, int64_t script_fd, int fd);
int script_fd_of(const struct run *run, int fd);

/* calls_socket.c */
int64_t call_socket(struct run *run, const struct drill_call *call);
int64_t call_bind(struct run *run, const struct drill_call *call);
int64_t call_listen(struct run *run, const struct drill_call *call);
int64_t call_accept(struct run *run, const struct drill_call *call);
int64_t call_accept4(struct run *run, const struct drill_call *call);
int64_t call_connect(struct run *run, const struct drill_call *call);
int64_t call_shutdown(struct run *run, const struct drill_call *call);
int64_t call_close(struct run *run, const struct drill_call *call);
int64_t call_getsockname(struct run *run, const struct drill_call *call);
int64_t call_getpeername(struct run *run, const struct drill_call *call);
int64_t call_dup(struct run *run, const struct drill_call *call);

/* As large as the larger of both families. */
union drill_sockaddr {
    uint16_t family;
    struct rill_sockaddr_in v4;
    struct rill_sockaddr_in6 v6;
};

/* "...": the script's own addresses. Returns the length, 0 after run_fail(). */
uint32_t sockaddr_from(struct run *run, const struct drill_expr *expr, bool local, union drill_sockaddr *out);

/* An address that came out, against the struct that the script wrote for it. False after run_fail(). */
bool check_address(struct run *run, const struct drill_expr *expr, const union drill_sockaddr *got);

/* calls_data.c */
int64_t call_read(struct run *run, const struct drill_call *call);
int64_t call_recv(struct run *run, const struct drill_call *call);
int64_t call_recvfrom(struct run *run, const struct drill_call *call);
int64_t call_write(struct run *run, const struct drill_call *call);
int64_t call_send(struct run *run, const struct drill_call *call);
int64_t call_sendto(struct run *run, const struct drill_call *call);

int64_t call_sendfile(struct run *run, const struct drill_call *call);

/* calls_files.c */
int64_t call_open(struct run *run, const struct drill_call *call);
int64_t call_pipe(struct run *run, const struct drill_call *call);
int64_t call_splice(struct run *run, const struct drill_call *call);
/* A file that the script opened: this process's descriptor. False: it is something else. */
bool host_fd_of(const struct run *run, int64_t script_fd, int *out);
void host_fds_close(struct run *run);

/* calls_vector.c */
int64_t call_readv(struct run *run, const struct drill_call *call);
int64_t call_writev(struct run *run, const struct drill_call *call);
int64_t call_sendmsg(struct run *run, const struct drill_call *call);
int64_t call_recvmsg(struct run *run, const struct drill_call *call);

/* calls_option.c */
int64_t call_setsockopt(struct run *run, const struct drill_call *call);
int64_t call_getsockopt(struct run *run, const struct drill_call *call);
int64_t call_fcntl(struct run *run, const struct drill_call *call);
int64_t call_ioctl(struct run *run, const struct drill_call *call);

/* calls_poll.c */
int64_t call_poll(struct run *run, const struct drill_call *call);
int64_t call_epoll_create(struct run *run, const struct drill_call *call);
int64_t call_epoll_ctl(struct run *run, const struct drill_call *call);
int64_t call_epoll_wait(struct run *run, const struct drill_call *call);

#endif
