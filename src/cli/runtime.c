/*
 * The directory of control sockets: see runtime.h. Below /tmp it must belong
 * to the user and be closed to others, or somebody else could pose as a rill.
 */
#include "cli/runtime.h"

#include "cli/cli.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static char directory[88];

static bool usable(const char *path)
{
    struct stat status;

    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return false;
    if (lstat(path, &status) != 0 || !S_ISDIR(status.st_mode))
        return false;
    return status.st_uid == geteuid() && (status.st_mode & 077) == 0 && access(path, W_OK) == 0;
}

static bool try_directory(const char *format, const char *base)
{
    int used = snprintf(directory, sizeof directory, format, base);

    return used > 0 && (size_t)used < sizeof directory && usable(directory);
}

const char *runtime_directory(void)
{
    static bool found;
    const char *given = getenv("RILL_RUNTIME_DIR");
    const char *xdg = getenv("XDG_RUNTIME_DIR");
    char user[24];

    if (found)
        return directory;
    snprintf(user, sizeof user, "%u", (unsigned)geteuid());
    if (given != NULL && *given != '\0')
        found = try_directory("%s", given);
    else if (xdg != NULL && *xdg != '\0')
        found = try_directory("%s/rill", xdg);
    if (!found && geteuid() == 0 && given == NULL)
        found = try_directory("/run/%s", "rill");
    if (!found && given == NULL)
        found = try_directory("/tmp/rill-%s", user);
    if (!found)
        cli_error(
            "no directory for control sockets: %s must be yours alone (mode 0700); RILL_RUNTIME_DIR names another",
            directory);
    return found ? directory : NULL;
}

bool runtime_socket_path(const char *name, char *path, size_t path_bytes)
{
    const char *in = runtime_directory();

    if (in == NULL)
        return false;
    if (*name == '\0' || *name == '.' || strlen(name) >= RUNTIME_NAME_MAX || strchr(name, '/') != NULL) {
        cli_error("'%s' cannot be a rill's name: 1 to %d characters, no slash, no dot in front", name,
                  RUNTIME_NAME_MAX - 1);
        return false;
    }
    return snprintf(path, path_bytes, "%s/%s.sock", in, name) < (int)path_bytes;
}

int runtime_ask(const char *name, const char *line)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const struct timeval patience = {.tv_sec = 2}; /* a rill that was stopped (^Z) answers nothing */
    char text[160];
    int fd, length;

    if (!runtime_socket_path(name, to.sun_path, sizeof to.sun_path)) {
        errno = EINVAL;
        return -1;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience); /* connect's too: unix(7) */
    length = snprintf(text, sizeof text, "%s\n", line);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0 || write(fd, text, (size_t)length) != length) {
        int error = errno;

        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

FILE *runtime_ask_stream(const char *name, const char *line)
{
    int fd = runtime_ask(name, line);
    FILE *stream = fd >= 0 ? fdopen(fd, "r") : NULL;

    if (fd >= 0 && stream == NULL)
        close(fd);
    return stream;
}

int runtime_lock(void)
{
    const char *in = runtime_directory();
    int fd = in != NULL ? open(in, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (fd >= 0 && flock(fd, LOCK_EX) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* 0, or the errno of connect(2). */
static int knock(const struct sockaddr_un *to)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); /* its queue may be full, and it stopped */
    int error = fd >= 0 && (connect(fd, (const struct sockaddr *)to, sizeof *to) == 0 || errno == EAGAIN) ? 0 : errno;

    if (fd >= 0)
        close(fd);
    return error;
}

static bool answers(const char *name)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int error, lock;

    if (!runtime_socket_path(name, to.sun_path, sizeof to.sun_path))
        return false;
    error = knock(&to);
    if (error != ECONNREFUSED)
        return error == 0;
    lock = runtime_lock();
    error = knock(&to);
    if (error == ECONNREFUSED && lock >= 0)
        unlink(to.sun_path);
    if (lock >= 0)
        close(lock);
    return error == 0;
}

unsigned runtime_each(void (*fn)(const char *name, void *context), void *context)
{
    const char *in = runtime_directory();
    struct dirent **entries = NULL;
    unsigned count = 0;
    int found = in != NULL ? scandir(in, &entries, NULL, alphasort) : 0;

    for (int i = 0; i < found; i++) {
        char name[RUNTIME_NAME_MAX];
        size_t length = strlen(entries[i]->d_name);

        if (length > 5 && length - 5 < sizeof name && strcmp(entries[i]->d_name + length - 5, ".sock") == 0) {
            memcpy(name, entries[i]->d_name, length - 5);
            name[length - 5] = '\0';
            if (answers(name)) {
                fn(name, context);
                count++;
            }
        }
        free(entries[i]);
    }
    free(entries);
    return count;
}

static void keep_name(const char *name, void *context)
{
    snprintf(context, RUNTIME_NAME_MAX, "%s", name);
}

bool runtime_only(char *name, size_t name_bytes)
{
    char last[RUNTIME_NAME_MAX] = "";
    unsigned count = runtime_each(keep_name, last);

    if (count != 1) {
        cli_error(count == 0 ? "no rill is running" : "several rills are running: name one (rill ss lists them)");
        return false;
    }
    snprintf(name, name_bytes, "%s", last);
    return true;
}
