/*
 * Questions to a running rill: ss, counters, memory, netns, hold PORT on|off,
 * and adopt PID FD, which rill run --join asks.
 * A slow asker never blocks the stack: answers are made at once and leave as
 * the socket takes them.
 */
#include "cli/control.h"

#include "cli/json.h"
#include "cli/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

void control_init(struct control *control)
{
    control->fd = -1;
    control->path[0] = '\0';
    for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
        control->clients[i].fd = -1;
}

static bool someone_listens(const struct sockaddr_un *at)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* EAGAIN: one that was stopped, and whose queue is full */
    bool there = fd >= 0 && (connect(fd, (const struct sockaddr *)at, sizeof *at) == 0 || errno == EAGAIN);

    if (fd >= 0)
        close(fd);
    return there;
}

static int open_at(struct control *control, const char *name, const struct sockaddr_un *at)
{
    if (someone_listens(at)) {
        cli_error("a rill named '%s' is running already; --name gives this one another name", name);
        return CLI_FAILED;
    }
    unlink(at->sun_path);
    control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (control->fd < 0 || bind(control->fd, (const struct sockaddr *)at, sizeof *at) != 0 ||
        chmod(at->sun_path, 0600) != 0 || listen(control->fd, CONTROL_CLIENTS) != 0) {
        cli_error("control socket %s: %s", at->sun_path, strerror(errno));
        return CLI_FAILED;
    }
    snprintf(control->path, sizeof control->path, "%s", at->sun_path);
    return CLI_DONE;
}

int control_open(struct control *control, const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int lock, status;

    if (!runtime_socket_path(name, at.sun_path, sizeof at.sun_path))
        return CLI_FAILED;
    lock = runtime_lock();
    status = open_at(control, name, &at);
    if (lock >= 0)
        close(lock);
    return status;
}

static void drop_client(struct control_client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    free(client->answer);
    memset(client, 0, sizeof *client);
    client->fd = -1;
}

void control_close(struct control *control)
{
    for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
        drop_client(&control->clients[i]);
    if (control->fd >= 0)
        close(control->fd);
    if (control->path[0] != '\0')
        unlink(control->path);
    control_init(control);
}

/* ------------------------------------------------------------------ answers */

static void put_endpoint(struct json *json, const char *address_key, const char *port_key,
                         const struct rill_endpoint *endpoint)
{
    char text[RILL_ADDR_TEXT_BYTES];

    json_text(json, address_key, rill_addr_format(&endpoint->addr, text));
    json_number(json, port_key, endpoint->port);
}

static const char *timer_name(enum rill_timer timer)
{
    static const char *const names[] = {"",           "retransmission", "persist",    "delayed-ack",
                                        "keep-alive", "time-wait",      "fin-wait-2", "user-timeout"};

    return (unsigned)timer < sizeof names / sizeof names[0] ? names[timer] : "";
}

static void put_sequence_space(struct json *json, const struct rill_status *status)
{
    json_number(json, "iss", status->iss);
    json_number(json, "irs", status->irs);
    json_number(json, "snd_una", status->snd_una);
    json_number(json, "snd_nxt", status->snd_nxt);
    json_number(json, "snd_wnd", status->snd_wnd);
    json_number(json, "rcv_nxt", status->rcv_nxt);
    json_number(json, "rcv_wnd", status->rcv_wnd);
    json_number(json, "snd_mss", status->snd_mss);
    json_number(json, "rcv_mss", status->rcv_mss);
    json_number(json, "pmtu", status->pmtu);
    json_bool(json, "timestamps", status->timestamps);
    json_bool(json, "sack", status->sack);
    json_bool(json, "window_scaling", status->window_scaling);
    json_text(json, "ecn", status->ecn == RILL_ECN_ACCURATE ? "accurate" : status->ecn == RILL_ECN_ON ? "on" : "off");
    json_bool(json, "syn_data", status->syn_data);
    json_number(json, "snd_wscale", status->snd_wscale);
    json_number(json, "rcv_wscale", status->rcv_wscale);
}

static void put_progress(struct json *json, const struct rill_status *status)
{
    json_number(json, "srtt_us", status->srtt_us);
    json_number(json, "rttvar_us", status->rttvar_us);
    json_number(json, "rto_us", status->rto_us);
    json_number(json, "cwnd", status->cwnd_bytes);
    json_number(json, "ssthresh", status->ssthresh_bytes);
    json_number(json, "flight", status->flight_bytes);
    json_text(json, "congestion_control", status->congestion_control != NULL ? status->congestion_control : "");
    json_number(json, "retransmitted", status->retransmitted);
    json_number(json, "segments_in", status->segments_in);
    json_number(json, "segments_out", status->segments_out);
    json_number(json, "bytes_acked", status->bytes_sent_acked);
    json_number(json, "bytes_received", status->bytes_received);
}

static void put_datagrams(struct json *json, const struct rill_status *status)
{
    json_number(json, "pmtu", status->pmtu);
    json_number(json, "datagrams_in", status->segments_in);
    json_number(json, "datagrams_out", status->segments_out);
    json_number(json, "bytes_sent", status->bytes_sent_acked);
    json_number(json, "bytes_received", status->bytes_received);
}

static void put_status(FILE *to, const char *name, const struct rill_status *status)
{
    struct json json;
    char id[24];

    /* As text: a 64-bit number is more than JSON readers keep. */
    snprintf(id, sizeof id, "%llx", (unsigned long long)status->conn);
    json_begin(&json, to);
    json_text(&json, "rill", name);
    json_text(&json, "id", id);
    json_text(&json, "protocol", status->protocol == 17 ? "udp" : "tcp");
    json_text(&json, "state", rill_state_name(status->state));
    json_number(&json, "recv_q", status->receive_queued);
    json_number(&json, "send_q",
                status->state == RILL_STATE_LISTEN ? status->receive_buffer_bytes : status->send_queued);
    put_endpoint(&json, "local_address", "local_port", &status->local);
    put_endpoint(&json, "remote_address", "remote_port", &status->remote);
    json_bool(&json, "orphan", status->orphan);
    json_text(&json, "timer", timer_name(status->timer));
    json_number(&json, "timer_left_ms", status->timer == RILL_TIMER_NONE ? 0 : status->timer_left / 1000000u);
    json_number(&json, "backoff", status->backoff);
    if (status->state == RILL_STATE_LISTEN) {
        json_number(&json, "half_open", status->half_open);
    } else if (status->protocol == 17) {
        put_datagrams(&json, status);
    } else {
        put_sequence_space(&json, status);
        put_progress(&json, status);
    }
    json_end(&json);
}

static void answer_ss(struct session *session, FILE *to)
{
    struct rill_status status;
    uint64_t cursor = 0;

    while (rill_list(session->stack, &cursor, &status))
        put_status(to, session->name, &status);
}

static void answer_counters(struct session *session, FILE *to)
{
    struct json json;

    json_begin(&json, to);
    json_text(&json, "rill", session->name);
    for (unsigned i = 0; i < RILL_COUNT_KINDS; i++)
        json_number(&json, rill_count_name((enum rill_count)i), rill_counted(session->stack, (enum rill_count)i));
    for (unsigned i = 1; i < RILL_DROP_KINDS; i++) {
        char key[64];
        uint64_t drops = rill_drops(session->stack, (enum rill_drop)i);

        snprintf(key, sizeof key, "drop_%s", rill_drop_name((enum rill_drop)i));
        if (drops != 0)
            json_number(&json, key, drops);
    }
    json_end(&json);
}

static void answer_memory(struct session *session, FILE *to)
{
    struct rill_memory memory;
    struct json json;

    rill_memory(session->stack, &memory);
    json_begin(&json, to);
    json_text(&json, "rill", session->name);
    json_number(&json, "arena_bytes", memory.arena_bytes);
    json_number(&json, "used_bytes", memory.used_bytes);
    json_number(&json, "used_bytes_max", memory.used_bytes_max);
    json_number(&json, "head_bytes", memory.head_bytes);
    json_number(&json, "connection_bytes", memory.connection_bytes);
    json_number(&json, "half_open_bytes", memory.half_open_bytes);
    json_number(&json, "time_wait_bytes", memory.time_wait_bytes);
    json_number(&json, "path_bytes", memory.path_bytes);
    json_number(&json, "buffer_bytes", memory.buffer_bytes);
    json_number(&json, "table_bytes", memory.table_bytes);
    json_number(&json, "connections", memory.connections);
    json_number(&json, "half_open", memory.half_open);
    json_number(&json, "time_wait", memory.time_wait);
    json_number(&json, "paths", memory.paths);
    json_number(&json, "listeners", memory.listeners);
    json_number(&json, "udp_bytes", memory.udp_bytes);
    json_number(&json, "udp_sockets", memory.udp_sockets);
    json_number(&json, "refusals", memory.refusals);
    json_end(&json);
}

static void answer_netns(struct session *session, FILE *to)
{
    char text[RILL_ADDR_TEXT_BYTES];
    struct json json;

    json_begin(&json, to);
    json_text(&json, "rill", session->name);
    json_number(&json, "pid", (uint64_t)getpid());
    if (session->namespace_fd > 0)
        json_number(&json, "namespace_fd", (uint64_t)session->namespace_fd);
    json_bool(&json, "own_namespace", session->own_namespace);
    json_text(&json, "address", rill_addr_format(&session->addr, text));
    json_text(&json, "kernel_address", rill_addr_format(&session->gateway, text));
    json_end(&json);
}

/* hold PORT on|off: every connection with that port at either end. */
static void answer_hold(struct session *session, unsigned port, bool hold, FILE *to)
{
    struct rill_status status;
    uint64_t cursor = 0, count = 0;
    struct json json;

    while (rill_list(session->stack, &cursor, &status)) {
        if (status.local.port != port && status.remote.port != port)
            continue;
        if (rill_hold_output(session->stack, status.conn, hold) == 0)
            count++;
    }
    json_begin(&json, to);
    json_text(&json, "rill", session->name);
    json_bool(&json, "hold", hold);
    json_number(&json, "connections", count);
    json_end(&json);
}

static void answer_adopt(struct session *session, int pid, int listener, FILE *to)
{
    int error = session->adopt != NULL ? session->adopt(session->app.context, pid, listener) : -EOPNOTSUPP;
    struct json json;

    json_begin(&json, to);
    json_text(&json, "rill", session->name);
    json_number(&json, "adopted", error == 0);
    if (error != 0)
        json_text(&json, "error",
                  error == -EOPNOTSUPP ? "this rill runs no programs: it is no rill run" : strerror(-error));
    json_end(&json);
}

static void answer_error(const char *line, FILE *to)
{
    struct json json;

    json_begin(&json, to);
    json_text(&json, "error", "not understood; known are: ss, counters, memory, netns, hold PORT on|off");
    json_text(&json, "line", line);
    json_end(&json);
}

void control_answer(struct session *session, const char *line, char **answer, size_t *answer_bytes)
{
    FILE *to = open_memstream(answer, answer_bytes);
    unsigned port;
    int pid, listener;
    char word[8];

    if (to == NULL)
        return;
    if (strcmp(line, "ss") == 0)
        answer_ss(session, to);
    else if (strcmp(line, "counters") == 0)
        answer_counters(session, to);
    else if (strcmp(line, "memory") == 0)
        answer_memory(session, to);
    else if (strcmp(line, "netns") == 0)
        answer_netns(session, to);
    else if (sscanf(line, "hold %5u %7s", &port, word) == 2 && (strcmp(word, "on") == 0 || strcmp(word, "off") == 0))
        answer_hold(session, port, strcmp(word, "on") == 0, to);
    else if (sscanf(line, "adopt %d %d", &pid, &listener) == 2)
        answer_adopt(session, pid, listener, to);
    else
        answer_error(line, to);
    fclose(to);
}

/* ------------------------------------------------------------------ sockets */

unsigned control_descriptors(struct control *control, struct pollfd *fds)
{
    unsigned count = 0;

    if (control->fd < 0)
        return 0;
    fds[count++] = (struct pollfd){.fd = control->fd, .events = POLLIN};
    for (unsigned i = 0; i < CONTROL_CLIENTS; i++) {
        const struct control_client *client = &control->clients[i];

        if (client->fd >= 0)
            fds[count++] = (struct pollfd){.fd = client->fd, .events = client->answer != NULL ? POLLOUT : POLLIN};
    }
    return count;
}

static void accept_client(struct control *control)
{
    int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0)
        return;
    for (unsigned i = 0; i < CONTROL_CLIENTS; i++) {
        if (control->clients[i].fd >= 0)
            continue;
        control->clients[i].fd = fd;
        return;
    }
    close(fd);
}

static void read_line(struct session *session, struct control_client *client)
{
    char *end;
    ssize_t got = read(client->fd, client->line + client->line_bytes, sizeof client->line - 1 - client->line_bytes);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        drop_client(client);
        return;
    }
    client->line_bytes += (size_t)got;
    client->line[client->line_bytes] = '\0';
    end = strchr(client->line, '\n');
    if (end == NULL && client->line_bytes < sizeof client->line - 1)
        return;
    if (end != NULL)
        *end = '\0';
    control_answer(session, client->line, &client->answer, &client->answer_bytes);
    if (client->answer == NULL)
        drop_client(client);
}

static void write_answer(struct control_client *client)
{
    ssize_t put = send(client->fd, client->answer + client->answer_sent, client->answer_bytes - client->answer_sent,
                       MSG_NOSIGNAL);

    if (put < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (put > 0)
        client->answer_sent += (size_t)put;
    if (put < 0 || client->answer_sent == client->answer_bytes)
        drop_client(client);
}

void control_step(struct session *session, const struct pollfd *fds, unsigned count)
{
    struct control *control = &session->control;

    for (unsigned n = 0; n < count; n++) {
        if (fds[n].revents == 0)
            continue;
        if (fds[n].fd == control->fd) {
            accept_client(control);
            continue;
        }
        for (unsigned i = 0; i < CONTROL_CLIENTS; i++) {
            struct control_client *client = &control->clients[i];

            if (client->fd != fds[n].fd)
                continue;
            if (client->answer == NULL)
                read_line(session, client);
            else
                write_answer(client);
            break;
        }
    }
}
