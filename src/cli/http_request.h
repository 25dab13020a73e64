/*
 * HTTP/1.1 requests (RFC 9112), as far as a file server needs them. Fed as
 * bytes come; bounded; knows nothing of files and connections.
 */
#ifndef CLI_HTTP_REQUEST_H
#define CLI_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEAD_BYTES_MAX 8192u /* request line and fields: more is answered with 431 */
#define HTTP_TARGET_BYTES_MAX 2048u

enum http_method { HTTP_GET, HTTP_HEAD };

struct http_request {
    enum http_method method;
    bool keep_alive;
    bool http_1_0;
    bool has_range;
    bool range_from_end;              /* "bytes=-N": the last range_last bytes */
    uint64_t range_first, range_last; /* range_last UINT64_MAX: to the end */
    uint64_t body_bytes;              /* Content-Length: to be skipped before the next request */
    char path[HTTP_TARGET_BYTES_MAX]; /* decoded, without query; begins with '/', has no "." or ".." segments */
};

/*
 * A request's head at the start of bytes. Returns how many bytes it took; 0 when it is not complete yet; or the
 * negative status to answer with (-400, -405, -414, -431, -501, -505), after which the connection is of no use.
 */
int http_request_parse(const char *bytes, size_t length_bytes, struct http_request *out);

/* What part of size bytes to send: false when none can be (416). */
bool http_request_range(const struct http_request *request, uint64_t size, uint64_t *first, uint64_t *length_bytes);

const char *http_reason(int status);

/* By the name's ending; "application/octet-stream" when it says nothing. */
const char *http_content_type(const char *path);

#endif
