/*
 * netcat: stdin to the connection, the connection to stdout, with half close
 * both ways. The end of stdin becomes a FIN and receiving goes on; the peer's
 * FIN ends the output and sending goes on, unless stdin is a terminal.
 */
#include "cli/flow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A pipe that polls writable takes this much without blocking. */
#define WRITE_BYTES_SAFE 4096u

struct stdio {
    bool input_ended, output_broken, output_is_file;
    size_t in_held, in_sent;
    size_t out_held, out_written;
    uint8_t in[32768], out[32768];
};

static bool is_ready(int fd, short events)
{
    struct pollfd pollfd = {.fd = fd, .events = events};

    return poll(&pollfd, 1, 0) > 0 && pollfd.revents != 0;
}

static bool stdio_start(struct flow *flow)
{
    struct stdio *stdio = calloc(1, sizeof *stdio);
    struct stat status;

    if (stdio == NULL)
        return false;
    stdio->output_is_file = fstat(STDOUT_FILENO, &status) == 0 && S_ISREG(status.st_mode);
    flow->state = stdio;
    return true;
}

/* One read of stdin into the empty buffer. False when there is nothing now, or ever. */
static bool read_input(struct stdio *stdio)
{
    ssize_t got;

    if (stdio->input_ended || !is_ready(STDIN_FILENO, POLLIN))
        return false;
    got = read(STDIN_FILENO, stdio->in, sizeof stdio->in);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return false;
    if (got <= 0) {
        stdio->input_ended = true;
        return false;
    }
    stdio->in_held = (size_t)got;
    stdio->in_sent = 0;
    return true;
}

static void move_input(struct flow *flow)
{
    struct stdio *stdio = flow->state;

    while (!flow->ended && !flow->shut) {
        int64_t put;

        if (stdio->in_sent == stdio->in_held && !read_input(stdio))
            break;
        put = flow_send(flow, stdio->in + stdio->in_sent, stdio->in_held - stdio->in_sent);
        if (put <= 0)
            return;
        stdio->in_sent += (size_t)put;
    }
    if (!flow->ended && stdio->input_ended && stdio->in_sent == stdio->in_held)
        flow_shut(flow);
}

/* False when stdout takes no more now. */
static bool write_output(struct stdio *stdio)
{
    size_t left = stdio->out_held - stdio->out_written;
    ssize_t put;

    if (!stdio->output_is_file) {
        if (!is_ready(STDOUT_FILENO, POLLOUT))
            return false;
        left = left < WRITE_BYTES_SAFE ? left : WRITE_BYTES_SAFE;
    }
    put = write(STDOUT_FILENO, stdio->out + stdio->out_written, left);
    if (put < 0 && (errno == EINTR || errno == EAGAIN))
        return false;
    if (put < 0) {
        stdio->output_broken = true;
        return false;
    }
    stdio->out_written += (size_t)put;
    return true;
}

static void move_output(struct flow *flow)
{
    struct stdio *stdio = flow->state;

    while (!flow->ended && !stdio->output_broken) {
        int64_t got;

        if (stdio->out_written < stdio->out_held) {
            if (!write_output(stdio))
                break;
            continue;
        }
        if (flow->end_received)
            break;
        got = flow_receive(flow, stdio->out, sizeof stdio->out);
        if (got <= 0)
            break;
        stdio->out_held = (size_t)got;
        stdio->out_written = 0;
    }
    if (stdio->output_broken && !flow->ended) {
        if (errno != EPIPE)
            cli_error("standard output: %s", strerror(errno));
        flow->failed = errno != EPIPE;
        flow_end(flow);
    }
}

static void stdio_progress(struct flow *flow)
{
    struct stdio *stdio = flow->state;

    move_input(flow);
    if (!flow->ended)
        move_output(flow);
    if (flow->ended || !flow->end_received || stdio->out_written < stdio->out_held)
        return;
    if (flow->shut || isatty(STDIN_FILENO))
        flow_end(flow);
}

static unsigned stdio_descriptors(struct flow *flow, struct pollfd *fds)
{
    struct stdio *stdio = flow->state;
    unsigned count = 0;

    if (!stdio->input_ended && stdio->in_sent == stdio->in_held)
        fds[count++] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    if (stdio->out_written < stdio->out_held)
        fds[count++] = (struct pollfd){.fd = STDOUT_FILENO, .events = POLLOUT};
    return count;
}

static void stdio_finish(struct flow *flow)
{
    free(flow->state);
}

const struct service stdio_service = {
    .name = "stdio",
    .start = stdio_start,
    .progress = stdio_progress,
    .descriptors = stdio_descriptors,
    .finish = stdio_finish,
};
