/*
 * Parsing one HTTP/1.1 request head: see http_request.h. Total: any bytes give
 * a request, "more", or a status.
 */
#include "cli/http_request.h"

#include <string.h>
#include <strings.h>

struct span {
    const char *at;
    size_t length;
};

static bool span_is(struct span span, const char *text)
{
    return strlen(text) == span.length && strncasecmp(span.at, text, span.length) == 0;
}

static struct span trim(struct span span)
{
    while (span.length > 0 && (span.at[0] == ' ' || span.at[0] == '\t')) {
        span.at++;
        span.length--;
    }
    while (span.length > 0 &&
           (span.at[span.length - 1] == ' ' || span.at[span.length - 1] == '\t' || span.at[span.length - 1] == '\r'))
        span.length--;
    return span;
}

/* The head's end: behind the empty line. RFC 9112 2.2: a bare LF may end a line. 0: not there yet. */
static size_t head_length(const char *bytes, size_t length)
{
    for (size_t i = 0; i + 1 < length; i++) {
        if (bytes[i] != '\n')
            continue;
        if (bytes[i + 1] == '\n')
            return i + 2;
        if (i + 2 < length && bytes[i + 1] == '\r' && bytes[i + 2] == '\n')
            return i + 3;
    }
    return 0;
}

static struct span next_line(const char **at, const char *end)
{
    const char *start = *at;
    const char *stop = memchr(start, '\n', (size_t)(end - start));
    struct span line = {start, (size_t)((stop != NULL ? stop : end) - start)};

    *at = stop != NULL ? stop + 1 : end;
    if (line.length > 0 && line.at[line.length - 1] == '\r')
        line.length--;
    return line;
}

static struct span next_word(struct span *line)
{
    const char *space = memchr(line->at, ' ', line->length);
    struct span word = {line->at, space != NULL ? (size_t)(space - line->at) : line->length};

    line->at += word.length + (space != NULL);
    line->length -= word.length + (space != NULL);
    return word;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* RFC 3986 6.2.2: decode, then drop "." and empty segments; ".." is refused rather than resolved. */
static int take_path(struct span target, char *path)
{
    size_t used = 0, segment = 1;

    if (target.length == 0 || target.at[0] != '/')
        return -400;
    if (target.length >= HTTP_TARGET_BYTES_MAX)
        return -414;
    for (size_t i = 0; i <= target.length; i++) {
        char c = i < target.length ? target.at[i] : '\0';
        bool end = c == '\0' || c == '?' || c == '#';

        if (i < target.length && c == '\0')
            return -400;
        if (c == '%') {
            if (i + 2 >= target.length || hex_digit(target.at[i + 1]) < 0 || hex_digit(target.at[i + 2]) < 0)
                return -400;
            c = (char)(hex_digit(target.at[i + 1]) * 16 + hex_digit(target.at[i + 2]));
            i += 2;
            if (c == '\0')
                return -400;
        }
        if (end || c == '/') {
            size_t length = used > segment ? used - segment : 0;

            if (length == 2 && path[segment] == '.' && path[segment + 1] == '.')
                return -400;
            if (length == 1 && path[segment] == '.')
                used = segment;
            if (end)
                break;
            if (used > 0 && path[used - 1] == '/')
                continue;
        }
        path[used++] = c;
        if (c == '/')
            segment = used;
    }
    path[used] = '\0';
    return 0;
}

static int take_request_line(struct span line, struct http_request *out)
{
    struct span method = next_word(&line), target = next_word(&line), version = line;

    if (method.length == 0 || target.length == 0)
        return -400;
    if (version.length != 8 || memcmp(version.at, "HTTP/", 5) != 0 || version.at[6] != '.')
        return -400;
    if (version.at[5] != '1')
        return -505;
    out->http_1_0 = version.at[7] == '0';
    out->keep_alive = !out->http_1_0;
    if (span_is(method, "GET"))
        out->method = HTTP_GET;
    else if (span_is(method, "HEAD"))
        out->method = HTTP_HEAD;
    else
        return -405;
    return take_path(target, out->path);
}

static bool take_number(struct span *span, uint64_t *out)
{
    size_t digits = 0;
    uint64_t value = 0;

    while (digits < span->length && span->at[digits] >= '0' && span->at[digits] <= '9') {
        if (digits >= 18)
            return false;
        value = value * 10 + (uint64_t)(span->at[digits++] - '0');
    }
    span->at += digits;
    span->length -= digits;
    *out = value;
    return digits > 0;
}

/* RFC 9110 14.1.2, one range; what is not understood is ignored, as 14.2 asks. */
static void take_range(struct span value, struct http_request *out)
{
    uint64_t first = 0, last = UINT64_MAX;

    if (value.length < 7 || strncasecmp(value.at, "bytes=", 6) != 0)
        return;
    value.at += 6;
    value.length -= 6;
    if (value.at[0] == '-') {
        value.at++;
        value.length--;
        if (take_number(&value, &last) && value.length == 0) {
            out->has_range = out->range_from_end = true;
            out->range_last = last;
        }
        return;
    }
    if (!take_number(&value, &first) || value.length == 0 || value.at[0] != '-')
        return;
    value.at++;
    value.length--;
    if (value.length > 0 && (!take_number(&value, &last) || value.length > 0 || last < first))
        return;
    out->has_range = true;
    out->range_first = first;
    out->range_last = last;
}

static int take_field(struct span line, struct http_request *out, bool *host)
{
    const char *colon = memchr(line.at, ':', line.length);
    struct span name, value;

    /* RFC 9112 5.1: no space before the colon, no folded lines. */
    if (colon == NULL || colon == line.at || colon[-1] == ' ' || line.at[0] == ' ' || line.at[0] == '\t')
        return -400;
    name = (struct span){line.at, (size_t)(colon - line.at)};
    value = trim((struct span){colon + 1, line.length - name.length - 1});
    if (span_is(name, "host")) {
        if (*host)
            return -400;
        *host = true;
    } else if (span_is(name, "connection")) {
        if (span_is(value, "close"))
            out->keep_alive = false;
        else if (span_is(value, "keep-alive"))
            out->keep_alive = true;
    } else if (span_is(name, "range")) {
        take_range(value, out);
    } else if (span_is(name, "content-length")) {
        if (!take_number(&value, &out->body_bytes) || value.length > 0)
            return -400;
    } else if (span_is(name, "transfer-encoding")) {
        return -501;
    }
    return 0;
}

int http_request_parse(const char *bytes, size_t length_bytes, struct http_request *out)
{
    const char *at = bytes, *end;
    size_t blank = 0, head;
    bool host = false;
    int status;

    /* RFC 9112 2.2: empty lines before a request are skipped. */
    while (blank < length_bytes && (bytes[blank] == '\r' || bytes[blank] == '\n'))
        blank++;
    head = head_length(bytes + blank, length_bytes - blank);
    if (head == 0) {
        if (length_bytes < HTTP_HEAD_BYTES_MAX)
            return 0;
        return memchr(bytes + blank, '\n', length_bytes - blank) == NULL ? -414 : -431;
    }
    at += blank;
    end = at + head;
    memset(out, 0, sizeof *out);
    status = take_request_line(next_line(&at, end), out);
    while (status == 0 && at < end) {
        struct span line = next_line(&at, end);

        if (line.length == 0)
            break;
        status = take_field(line, out, &host);
    }
    if (status == 0 && !host && !out->http_1_0)
        status = -400; /* RFC 9112 3.2 */
    return status != 0 ? status : (int)(blank + head);
}

bool http_request_range(const struct http_request *request, uint64_t size, uint64_t *first, uint64_t *length_bytes)
{
    *first = 0;
    *length_bytes = size;
    if (!request->has_range)
        return true;
    if (request->range_from_end) {
        if (request->range_last == 0 || size == 0)
            return false;
        *length_bytes = request->range_last < size ? request->range_last : size;
        *first = size - *length_bytes;
        return true;
    }
    if (request->range_first >= size)
        return false;
    *first = request->range_first;
    *length_bytes = (request->range_last < size - 1 ? request->range_last : size - 1) - *first + 1;
    return true;
}

const char *http_reason(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 206:
        return "Partial Content";
    case 301:
        return "Moved Permanently";
    case 400:
        return "Bad Request";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 414:
        return "URI Too Long";
    case 416:
        return "Range Not Satisfiable";
    case 431:
        return "Request Header Fields Too Large";
    case 501:
        return "Not Implemented";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Internal Server Error";
    }
}

const char *http_content_type(const char *path)
{
    static const struct {
        const char *ending, *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".htm", "text/html; charset=utf-8"},
        {".txt", "text/plain; charset=utf-8"},
        {".md", "text/plain; charset=utf-8"},
        {".c", "text/plain; charset=utf-8"},
        {".h", "text/plain; charset=utf-8"},
        {".css", "text/css"},
        {".js", "text/javascript"},
        {".json", "application/json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".jpeg", "image/jpeg"},
        {".gif", "image/gif"},
        {".ico", "image/x-icon"},
        {".pdf", "application/pdf"},
        {".wasm", "application/wasm"},
        {".xml", "application/xml"},
    };
    const char *dot = strrchr(path, '.');

    for (size_t i = 0; dot != NULL && i < sizeof types / sizeof types[0]; i++)
        if (strcasecmp(dot, types[i].ending) == 0)
            return types[i].type;
    return "application/octet-stream";
}
