/*
 * Files and directory listings below a root: see http_files.h. openat2 with
 * RESOLVE_BENEATH makes the kernel keep the promise; where it is missing, no
 * symbolic link is followed at all.
 */
#include "cli/http_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LISTING_ENTRIES_MAX 10000

/* O_NONBLOCK: a FIFO in the directory must not hang the stack. */
#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

static int open_step_by_step(int root_fd, const char *path)
{
    int at = fcntl(root_fd, F_DUPFD_CLOEXEC, 0);

    while (at >= 0 && *path != '\0') {
        size_t length = strcspn(path, "/");
        char name[256];
        int next;

        if (length >= sizeof name) {
            close(at);
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(name, path, length);
        name[length] = '\0';
        path += length;
        path += *path == '/';
        next = openat(at, name, OPEN_FLAGS | O_NOFOLLOW);
        close(at);
        at = next;
    }
    return at;
}

static int open_beneath(int root_fd, const char *path)
{
    struct open_how how = {.flags = OPEN_FLAGS, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    long fd;

    while (*path == '/')
        path++;
    fd = syscall(SYS_openat2, root_fd, *path != '\0' ? path : ".", &how, sizeof how);
    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        return open_step_by_step(root_fd, path);
    return (int)fd;
}

bool http_path_is_plain(const char *path)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";

    return path[strspn(path, plain)] == '\0' && strncmp(path, "//", 2) != 0;
}

static void put_encoded(FILE *to, const char *text)
{
    for (; *text != '\0'; text++) {
        char one[2] = {*text, '\0'};

        if (*text != '/' && http_path_is_plain(one))
            fputc(*text, to);
        else
            fprintf(to, "%%%02X", (unsigned)(unsigned char)*text);
    }
}

static void put_escaped(FILE *to, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '<' || *text == '>' || *text == '&' || *text == '"')
            fprintf(to, "&#%d;", *text);
        else
            fputc(*text, to);
    }
}

static char *list_directory(int fd, const char *path)
{
    struct dirent **entries = NULL;
    char *text = NULL, name[64];
    size_t bytes = 0;
    FILE *to = open_memstream(&text, &bytes);
    int count;

    if (to == NULL)
        return NULL;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    count = scandir(name, &entries, NULL, alphasort);
    fputs("<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>", to);
    put_escaped(to, path);
    fputs("</title>\n<h1>", to);
    put_escaped(to, path);
    fputs("</h1>\n<ul>\n", to);
    for (int i = 0; i < count; i++) {
        const char *slash = entries[i]->d_type == DT_DIR ? "/" : "";

        if (entries[i]->d_name[0] != '.' && i < LISTING_ENTRIES_MAX) {
            fputs("<li><a href=\"", to);
            put_encoded(to, entries[i]->d_name);
            fprintf(to, "%s\">", slash);
            put_escaped(to, entries[i]->d_name);
            fprintf(to, "%s</a>\n", slash);
        }
        free(entries[i]);
    }
    free(entries);
    fputs("</ul>\n", to);
    fclose(to);
    return text;
}

static enum http_files_result open_directory(int fd, const char *path, struct http_found *found)
{
    struct stat status;
    int index = openat(fd, "index.html", OPEN_FLAGS | O_NOFOLLOW);

    if (index >= 0 && fstat(index, &status) == 0 && S_ISREG(status.st_mode)) {
        found->file = index;
        found->size = (uint64_t)status.st_size;
        return HTTP_FILE;
    }
    if (index >= 0)
        close(index);
    found->listing = list_directory(fd, path);
    return found->listing != NULL ? HTTP_DIRECTORY : HTTP_FORBIDDEN;
}

enum http_files_result http_files_open(int root_fd, const char *path, struct http_found *found)
{
    bool slash = path[strlen(path) - 1] == '/';
    enum http_files_result result = HTTP_NOT_FOUND;
    struct stat status;
    int fd = open_beneath(root_fd, path);

    memset(found, 0, sizeof *found);
    if (fd < 0)
        return errno == EACCES || errno == EPERM ? HTTP_FORBIDDEN : HTTP_NOT_FOUND;
    if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
        result = slash ? open_directory(fd, path, found) : HTTP_NEEDS_SLASH;
    } else if (!slash && S_ISREG(status.st_mode)) {
        found->file = fd;
        found->size = (uint64_t)status.st_size;
        return HTTP_FILE;
    }
    close(fd);
    return result;
}
