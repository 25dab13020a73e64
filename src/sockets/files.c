/*
 * Descriptors and the files that they refer to: lowest number first, shared by
 * dup, gone with the last one (POSIX, "File Descriptor Allocation").
 */
#include "sockets/sockets.h"

#include "base/types.h"
#include "sockets/below.h"
#include "sockets/pipe.h"

void rill_sockets_config_default(struct rill_sockets_config *config)
{
    *config = (struct rill_sockets_config){
        .size = sizeof *config,
        .max_descriptors = 1024,
        .max_watches = 2048,
        .first_descriptor = 3,
    };
}

static size_t rounded(size_t bytes)
{
    return (bytes + 15) & ~(size_t)15;
}

size_t rill_sockets_bytes(const struct rill_sockets_config *config)
{
    return rounded(sizeof(struct rill_sockets)) + rounded(config->max_descriptors * sizeof(struct descriptor)) +
           rounded(config->max_descriptors * sizeof(struct file)) + rounded(config->max_watches * sizeof(struct watch));
}

static bool config_is_valid(const struct rill_sockets_config *config)
{
    return config->size == sizeof *config && config->stack != NULL && config->memory != NULL &&
           ((uintptr_t)config->memory & 15) == 0 && config->max_descriptors >= 1 &&
           config->max_descriptors <= 1u << 24 && config->max_watches <= 1u << 24 &&
           config->first_descriptor < 1u << 24;
}

/* The parts of the table, one behind the other. */
static void lay_out(struct rill_sockets *s)
{
    uint8_t *at = (uint8_t *)s + rounded(sizeof *s);

    s->descriptors = (struct descriptor *)(void *)at;
    at += rounded(s->max_descriptors * sizeof(struct descriptor));
    s->files = (struct file *)(void *)at;
    at += rounded(s->max_descriptors * sizeof(struct file));
    s->watches = (struct watch *)(void *)at;
}

static void make_empty(struct rill_sockets *s)
{
    for (uint32_t i = 0; i < s->max_descriptors; i++) {
        bool last = i + 1 == s->max_descriptors;

        s->descriptors[i].file = NONE;
        s->files[i].kind = FILE_FREE;
        s->files[i].watches = last ? NONE : i + 1;
    }
    for (uint32_t i = 0; i < s->max_watches; i++)
        s->watches[i].file_next = i + 1 == s->max_watches ? NONE : i + 1;
    s->free_file = 0;
    s->free_watch = s->max_watches == 0 ? NONE : 0;
}

int rill_sockets_create(const struct rill_sockets_config *config, struct rill_sockets **out)
{
    struct rill_sockets *s;

    if (!config_is_valid(config))
        return -RILL_EINVAL;
    if (config->memory_bytes < rill_sockets_bytes(config))
        return -RILL_ENOMEM;
    memset(config->memory, 0, rill_sockets_bytes(config));
    s = (struct rill_sockets *)config->memory;
    s->stack = config->stack;
    s->wait = config->wait;
    s->stranger = config->stranger;
    s->context = config->context;
    s->wall_offset = config->wall_offset_ns;
    s->first_descriptor = config->first_descriptor;
    s->max_descriptors = config->max_descriptors;
    s->max_watches = config->max_watches;
    lay_out(s);
    make_empty(s);
    *out = s;
    return 0;
}

void rill_sockets_destroy(struct rill_sockets *s)
{
    s->wait = NULL; /* the end of a process does not linger in close */
    for (uint32_t i = 0; i < s->max_descriptors; i++) {
        if (s->descriptors[i].file != NONE)
            (void)rill_sock_close(s, (int)(i + s->first_descriptor));
    }
}

static struct descriptor *descriptor_of(const struct rill_sockets *s, int fd)
{
    if (fd < 0 || (uint32_t)fd < s->first_descriptor || (uint32_t)fd - s->first_descriptor >= s->max_descriptors)
        return NULL;
    return &s->descriptors[(uint32_t)fd - s->first_descriptor];
}

struct file *file_of(struct rill_sockets *s, int fd)
{
    const struct descriptor *descriptor = descriptor_of(s, fd);

    return descriptor == NULL || descriptor->file == NONE ? NULL : &s->files[descriptor->file];
}

int sock_of(struct rill_sockets *s, int fd, struct file **file, struct sock **sock)
{
    *file = file_of(s, fd);
    if (*file == NULL)
        return -RILL_EBADF;
    if ((*file)->kind != FILE_SOCKET)
        return -RILL_ENOTSOCK;
    *sock = &(*file)->sock;
    return 0;
}

uint32_t file_index(const struct rill_sockets *s, const struct file *file)
{
    return (uint32_t)(file - s->files);
}

rill_conn rill_sock_conn(struct rill_sockets *s, int fd)
{
    struct file *file;
    struct sock *sock;

    return sock_of(s, fd, &file, &sock) == 0 ? sock->conn : 0;
}

/* The lowest free place from `from` on, or NONE. */
static uint32_t free_place(const struct rill_sockets *s, uint32_t from)
{
    for (uint32_t i = from > s->lowest ? from : s->lowest; i < s->max_descriptors; i++) {
        if (s->descriptors[i].file == NONE)
            return i;
    }
    return NONE;
}

bool descriptor_is_free(const struct rill_sockets *s)
{
    return free_place(s, 0) != NONE;
}

static int descriptor_make(struct rill_sockets *s, uint32_t place, struct file *file, bool close_on_exec)
{
    if (place == s->lowest)
        s->lowest = place + 1;
    s->descriptors[place] = (struct descriptor){file_index(s, file), close_on_exec};
    file->references++;
    return (int)(place + s->first_descriptor);
}

int file_open(struct rill_sockets *s, enum file_kind kind, uint32_t status, bool close_on_exec, struct file **file)
{
    uint32_t place = free_place(s, 0);

    if (place == NONE)
        return -RILL_EMFILE;
    /* There are as many files as descriptors, so one is free. */
    *file = &s->files[s->free_file];
    s->free_file = (*file)->watches;
    memset(*file, 0, sizeof **file);
    (*file)->kind = kind;
    (*file)->status = status;
    (*file)->watches = NONE;
    return descriptor_make(s, place, *file, close_on_exec);
}

static void file_release(struct rill_sockets *s, struct file *file)
{
    if (--file->references > 0)
        return;
    watches_drop(s, file);
    if (file->kind == FILE_SOCKET)
        sock_release(s, file);
    else if (file->kind == FILE_PIPE)
        pipe_drop(s, file);
    else
        epoll_drop(s, file);
    file->kind = FILE_FREE;
    file->watches = s->free_file;
    s->free_file = file_index(s, file);
}

int rill_sock_close(struct rill_sockets *s, int fd)
{
    struct descriptor *descriptor = descriptor_of(s, fd);
    struct file *file = file_of(s, fd);
    uint32_t place;

    if (file == NULL)
        return -RILL_EBADF;
    catch_up(s);
    descriptor->file = NONE;
    place = (uint32_t)(descriptor - s->descriptors);
    if (place < s->lowest)
        s->lowest = place;
    file_release(s, file);
    return 0;
}

static int duplicate_from(struct rill_sockets *s, int fd, int lowest_fd, bool close_on_exec)
{
    struct file *file = file_of(s, fd);
    uint32_t from, place;

    if (file == NULL)
        return -RILL_EBADF;
    if (lowest_fd < 0 || (int64_t)lowest_fd >= (int64_t)s->first_descriptor + s->max_descriptors)
        return -RILL_EINVAL;
    from = (uint32_t)lowest_fd > s->first_descriptor ? (uint32_t)lowest_fd - s->first_descriptor : 0;
    place = free_place(s, from);
    return place == NONE ? -RILL_EMFILE : descriptor_make(s, place, file, close_on_exec);
}

int rill_sock_dup(struct rill_sockets *s, int fd)
{
    return duplicate_from(s, fd, 0, false);
}

int rill_sock_dup3(struct rill_sockets *s, int fd, int new_fd, int flags)
{
    struct descriptor *target = descriptor_of(s, new_fd);
    struct file *file = file_of(s, fd);

    if (fd == new_fd || (flags & ~RILL_O_CLOEXEC) != 0)
        return -RILL_EINVAL;
    if (file == NULL || target == NULL)
        return -RILL_EBADF;
    file->references++; /* closing new_fd must not let go of it */
    if (target->file != NONE)
        (void)rill_sock_close(s, new_fd);
    file->references--;
    return descriptor_make(s, (uint32_t)(target - s->descriptors), file, (flags & RILL_O_CLOEXEC) != 0);
}

int rill_sock_fcntl(struct rill_sockets *s, int fd, int command, int argument)
{
    struct descriptor *descriptor = descriptor_of(s, fd);
    struct file *file = file_of(s, fd);

    if (file == NULL)
        return -RILL_EBADF;
    switch (command) {
    case RILL_F_DUPFD:
    case RILL_F_DUPFD_CLOEXEC:
        return duplicate_from(s, fd, argument, command == RILL_F_DUPFD_CLOEXEC);
    case RILL_F_GETFD:
        return descriptor->close_on_exec ? RILL_FD_CLOEXEC : 0;
    case RILL_F_SETFD:
        descriptor->close_on_exec = (argument & RILL_FD_CLOEXEC) != 0;
        return 0;
    case RILL_F_GETFL:
        if (file->kind == FILE_PIPE)
            return (file->pipe.writes ? RILL_O_WRONLY : RILL_O_RDONLY) | (int)file->status;
        return RILL_O_RDWR | (int)file->status;
    case RILL_F_SETFL:
        file->status = (uint32_t)argument & RILL_O_NONBLOCK;
        return 0;
    default:
        return -RILL_EINVAL;
    }
}
