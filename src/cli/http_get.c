/*
 * One HTTP GET by rill itself. HTTP/1.0, so that the answer is never chunked:
 * it ends where Content-Length or the stream says.
 */
#include "cli/flow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define HEAD_BYTES_MAX 16384u

struct http_get {
    size_t request_bytes, request_sent;
    size_t head_bytes; /* collected so far */
    bool head_done, has_length;
    uint64_t length, written;
    int status;
    char request[2400];
    char head[HEAD_BYTES_MAX + 1];
};

static bool get_start(struct flow *flow)
{
    const struct service_config *config = &flow->flows->config;
    struct http_get *get = calloc(1, sizeof *get);
    int used;

    if (get == NULL)
        return false;
    used = snprintf(get->request, sizeof get->request,
                    "GET %s%s HTTP/1.0\r\nHost: %s:%u\r\nUser-Agent: rill\r\nAccept: */*\r\nConnection: close\r\n\r\n",
                    config->http_path[0] == '/' ? "" : "/", config->http_path, config->http_host,
                    (unsigned)flow->remote.port);
    get->request_bytes = used > 0 && (size_t)used < sizeof get->request ? (size_t)used : 0;
    flow->state = get;
    return true;
}

static void fail(struct flow *flow, const char *why)
{
    char peer[64];

    cli_error("%s: %s", endpoint_text(&flow->remote, peer, sizeof peer), why);
    flow->failed = true;
    flow_end(flow);
}

static bool write_all(struct flow *flow, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t put = write(flow->flows->config.output_fd, bytes, length);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0) {
            fail(flow, strerror(errno));
            return false;
        }
        bytes += put;
        length -= (size_t)put;
    }
    return true;
}

static bool take_body(struct flow *flow, struct http_get *get, const char *bytes, size_t length)
{
    if (get->has_length && length > get->length - get->written)
        length = (size_t)(get->length - get->written);
    get->written += length;
    return write_all(flow, bytes, length);
}

/* The head is complete, `body` bytes of it already body. */
static bool take_head(struct flow *flow, struct http_get *get, char *end, size_t head_length)
{
    const char *field;

    if (sscanf(get->head, "HTTP/1.%*1d %3d", &get->status) != 1) {
        fail(flow, "the answer is not HTTP");
        return false;
    }
    *end = '\0';
    field = strcasestr(get->head, "\ncontent-length:");
    if (field != NULL) {
        get->has_length = true;
        get->length = strtoull(field + strlen("\ncontent-length:"), NULL, 10);
    }
    get->head_done = true;
    if (get->status < 200 || get->status > 299) {
        char why[160];

        snprintf(why, sizeof why, "the server answered '%.*s'", (int)strcspn(get->head, "\r\n"), get->head);
        fail(flow, why);
        return false;
    }
    return take_body(flow, get, get->head + head_length, get->head_bytes - head_length);
}

static bool collect_head(struct flow *flow, struct http_get *get, const char *bytes, size_t length)
{
    size_t before = get->head_bytes, room = HEAD_BYTES_MAX - before;
    size_t taken = length < room ? length : room;
    char *end;

    memcpy(get->head + before, bytes, taken);
    get->head_bytes += taken;
    get->head[get->head_bytes] = '\0';
    end = memmem(get->head, get->head_bytes, "\r\n\r\n", 4);
    if (end == NULL) {
        if (taken == length)
            return true;
        fail(flow, "the answer's head is too long");
        return false;
    }
    if (!take_head(flow, get, end + 2, (size_t)(end - get->head) + 4))
        return false;
    return take_body(flow, get, bytes + taken, length - taken);
}

static void finish_stream(struct flow *flow, struct http_get *get)
{
    if (!get->head_done)
        fail(flow, "the connection was closed before an answer came");
    else if (get->has_length && get->written < get->length)
        fail(flow, "the connection was closed before the whole file had come");
    else
        flow_end(flow);
}

static void get_progress(struct flow *flow)
{
    struct http_get *get = flow->state;

    while (get->request_sent < get->request_bytes) {
        int64_t put = flow_send(flow, get->request + get->request_sent, get->request_bytes - get->request_sent);

        if (put <= 0)
            break;
        get->request_sent += (size_t)put;
    }
    while (!flow->ended) {
        int64_t got = flow_receive(flow, flow_buffer, sizeof flow_buffer);

        if (got == 0)
            finish_stream(flow, get);
        if (got <= 0)
            return;
        if (get->head_done ? !take_body(flow, get, (const char *)flow_buffer, (size_t)got)
                           : !collect_head(flow, get, (const char *)flow_buffer, (size_t)got))
            return;
        if (get->head_done && get->has_length && get->written == get->length) {
            finish_stream(flow, get);
            return;
        }
    }
}

static void get_finish(struct flow *flow)
{
    free(flow->state);
}

const struct service http_get_service = {
    .name = "http-get",
    .start = get_start,
    .progress = get_progress,
    .finish = get_finish,
};
