/*
 * What an HTTP path means below the served directory. Nothing outside of it is
 * ever opened, whatever the path or a symbolic link says.
 */
#ifndef CLI_HTTP_FILES_H
#define CLI_HTTP_FILES_H

#include <stdbool.h>
#include <stdint.h>

enum http_files_result { HTTP_FILE, HTTP_DIRECTORY, HTTP_NEEDS_SLASH, HTTP_FORBIDDEN, HTTP_NOT_FOUND };

struct http_found {
    int file; /* HTTP_FILE: the caller's to close */
    uint64_t size;
    char *listing; /* HTTP_DIRECTORY: HTML, the caller's to free */
};

/* path as http_request_parse() leaves it. A directory's index.html is its file. */
enum http_files_result http_files_open(int root_fd, const char *path, struct http_found *found);

/* Only characters that need no percent-encoding. */
bool http_path_is_plain(const char *path);

#endif
