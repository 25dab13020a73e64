/*
 * The HTTP/1.1 file server (RFC 9110, 9112) on rill's native API: GET and
 * HEAD, keep-alive, pipelining, one range. A file leaves by pread as the
 * connection has room, so that a thousand downloads hold no file in memory.
 */
#include "cli/flow.h"
#include "cli/http_files.h"
#include "cli/http_request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A client that neither asks nor takes its answer for so long is let go. */
#define IDLE_LIMIT UINT64_C(60000000000)

struct http {
    size_t in_bytes; /* in `in`, not parsed yet */
    uint64_t skip;   /* of a request's body */
    size_t head_bytes, head_sent;
    int file; /* the answer's body; -1: `text`, or none */
    uint64_t offset, left;
    char *text; /* malloc'ed body, or NULL */
    bool close_after, answering;
    char head[HTTP_TARGET_BYTES_MAX + 512];
    char in[HTTP_HEAD_BYTES_MAX];
    struct http_request request;
};

static bool http_start(struct flow *flow)
{
    struct http *http = calloc(1, sizeof *http);

    if (http == NULL)
        return false;
    http->file = -1;
    flow->state = http;
    flow->deadline = rill_clock() + IDLE_LIMIT;
    return true;
}

static void drop_body(struct http *http)
{
    if (http->file >= 0)
        close(http->file);
    free(http->text);
    http->file = -1;
    http->text = NULL;
    http->left = 0;
}

static void http_finish(struct flow *flow)
{
    drop_body(flow->state);
    free(flow->state);
}

/* ------------------------------------------------------------------ answers */

static void put_head(struct http *http, int status, const char *type, uint64_t length, const char *more)
{
    int used = snprintf(http->head, sizeof http->head,
                        "HTTP/1.1 %d %s\r\nServer: rill\r\nContent-Type: %s\r\nContent-Length: %llu\r\n%s%s\r\n",
                        status, http_reason(status), type, (unsigned long long)length, more,
                        http->close_after ? "Connection: close\r\n" : "");

    http->head_bytes = used > 0 && (size_t)used < sizeof http->head ? (size_t)used : 0;
    http->head_sent = 0;
    http->answering = true;
}

static void answer_text(struct http *http, int status, const char *type, char *text, const char *more)
{
    http->text = text;
    http->offset = 0;
    http->left = text != NULL ? strlen(text) : 0;
    put_head(http, status, type, http->left, more);
}

static void answer_status(struct http *http, int status)
{
    char *text = NULL;

    if (asprintf(&text, "%d %s\n", status, http_reason(status)) < 0)
        text = NULL;
    answer_text(http, status, "text/plain; charset=utf-8", text, status == 405 ? "Allow: GET, HEAD\r\n" : "");
}

static void answer_redirect(struct http *http)
{
    char more[HTTP_TARGET_BYTES_MAX + 16];

    /* Only a path that needs no encoding is sent back; others are listed as they are asked for. */
    snprintf(more, sizeof more, "Location: %s/\r\n", http->request.path);
    answer_text(http, 301, "text/plain; charset=utf-8", NULL, more);
}

static void answer_file(struct http *http, int file, uint64_t size, const char *path)
{
    char more[128] = "Accept-Ranges: bytes\r\n";
    uint64_t first, length;

    if (!http_request_range(&http->request, size, &first, &length)) {
        close(file);
        snprintf(more, sizeof more, "Content-Range: bytes */%llu\r\n", (unsigned long long)size);
        answer_text(http, 416, "text/plain; charset=utf-8", NULL, more);
        return;
    }
    if (http->request.has_range)
        snprintf(more, sizeof more, "Accept-Ranges: bytes\r\nContent-Range: bytes %llu-%llu/%llu\r\n",
                 (unsigned long long)first, (unsigned long long)(first + length - 1), (unsigned long long)size);
    http->file = file;
    http->offset = first;
    http->left = length;
    put_head(http, http->request.has_range ? 206 : 200, http_content_type(path), length, more);
}

static void answer_request(struct flow *flow, struct http *http)
{
    const char *path = http->request.path;
    struct http_found found;

    switch (http_files_open(flow->flows->config.root_fd, path, &found)) {
    case HTTP_FILE:
        answer_file(http, found.file, found.size, path[strlen(path) - 1] == '/' ? "index.html" : path);
        break;
    case HTTP_DIRECTORY:
        answer_text(http, 200, "text/html; charset=utf-8", found.listing, "");
        break;
    case HTTP_NEEDS_SLASH:
        if (http_path_is_plain(path))
            answer_redirect(http);
        else
            answer_status(http, 404);
        break;
    case HTTP_FORBIDDEN:
        answer_status(http, 403);
        break;
    case HTTP_NOT_FOUND:
        answer_status(http, 404);
        break;
    }
    if (http->request.method == HTTP_HEAD)
        drop_body(http);
}

/* ----------------------------------------------------------------- requests */

static void consume_input(struct http *http, size_t bytes)
{
    http->in_bytes -= bytes;
    memmove(http->in, http->in + bytes, http->in_bytes);
}

/* Parse the next request out of what is there. False when more must come. */
static bool take_request(struct flow *flow, struct http *http)
{
    int taken;

    if (http->skip > 0) {
        size_t skipped = http->skip < http->in_bytes ? (size_t)http->skip : http->in_bytes;

        consume_input(http, skipped);
        http->skip -= skipped;
    }
    taken = http->in_bytes > 0 ? http_request_parse(http->in, http->in_bytes, &http->request) : 0;
    if (taken == 0)
        return false;
    flow->deadline = rill_clock() + IDLE_LIMIT;
    if (taken < 0) {
        http->close_after = true;
        answer_status(http, -taken);
        return true;
    }
    consume_input(http, (size_t)taken);
    http->skip = http->request.body_bytes;
    http->close_after = !http->request.keep_alive;
    answer_request(flow, http);
    return true;
}

/* Read the next piece of the file. 0: the file shrank, and the promised length cannot be kept. */
static size_t read_file(struct flow *flow, struct http *http)
{
    int64_t room = rill_send_room(flow->flows->session->stack, flow->conn);
    /* One byte more than there is room for: a send that falls short is what asks for RILL_WRITABLE. */
    uint64_t want = room > 0 ? (uint64_t)room + 1 : 1;
    ssize_t got;

    want = want < FLOW_BUFFER_BYTES ? want : FLOW_BUFFER_BYTES;
    want = want < http->left ? want : http->left;
    got = pread(http->file, flow_buffer, (size_t)want, (off_t)http->offset);
    return got > 0 ? (size_t)got : 0;
}

/* Next piece of the answer. False when there is no room now (or the flow ended); room comes with an event. */
static bool send_some(struct flow *flow, struct http *http)
{
    const void *from = http->head + http->head_sent;
    size_t length = http->head_bytes - http->head_sent;
    bool head = length > 0;
    int64_t put;

    if (!head && http->file >= 0) {
        from = flow_buffer;
        length = read_file(flow, http);
        if (length == 0) {
            flow->ended = flow->failed = true;
            rill_abort(flow->flows->session->stack, flow->conn);
            return false;
        }
    } else if (!head) {
        from = http->text + http->offset;
        length = (size_t)http->left;
    }
    put = flow_send(flow, from, length);
    if (put <= 0)
        return false;
    flow->deadline = rill_clock() + IDLE_LIMIT;
    if (head) {
        http->head_sent += (size_t)put;
    } else {
        http->offset += (uint64_t)put;
        http->left -= (uint64_t)put;
    }
    return true;
}

/* True when the whole answer was handed over. */
static bool send_answer(struct flow *flow, struct http *http)
{
    while (http->head_sent < http->head_bytes || http->left > 0)
        if (!send_some(flow, http))
            return false;
    drop_body(http);
    http->answering = false;
    return true;
}

static void http_progress(struct flow *flow)
{
    struct http *http = flow->state;

    while (!flow->ended) {
        int64_t got;

        if (http->answering && !send_answer(flow, http))
            return;
        if (http->close_after && http->head_bytes > 0) {
            /* RFC 9112 9.6: half close, then read on to the peer's close, so that no RST overtakes the answer. */
            flow_shut(flow);
            flow_drain(flow);
            return;
        }
        if (take_request(flow, http))
            continue;
        got = flow_receive(flow, http->in + http->in_bytes, sizeof http->in - http->in_bytes);
        if (got == 0)
            flow_end(flow);
        if (got <= 0)
            return;
        http->in_bytes += (size_t)got;
    }
}

const struct service http_service = {
    .name = "http",
    .start = http_start,
    .progress = http_progress,
    .finish = http_finish,
};
