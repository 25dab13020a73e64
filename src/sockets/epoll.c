/*
 * epoll(7). As in Linux, something that happens to a file puts those who watch
 * it into their epoll's ready list; epoll_wait looks at that list only. An
 * edge-triggered entry leaves the list when it is told, a level-triggered one
 * when it is found to be no longer ready.
 */
#include "sockets/sockets.h"

#include "base/types.h"

#define ALWAYS (RILL_EPOLLERR | RILL_EPOLLHUP)
#define MODES (RILL_EPOLLEXCLUSIVE | RILL_EPOLLWAKEUP | RILL_EPOLLONESHOT | RILL_EPOLLET)

/* --------------------------------------------------------------- ready list */

static void ready_push(struct rill_sockets *s, uint32_t w)
{
    struct watch *watch = &s->watches[w];
    struct epoll *epoll = &s->files[watch->epoll].epoll;

    watch->is_ready = true;
    watch->ready_next = NONE;
    watch->ready_previous = epoll->ready_tail;
    if (epoll->ready_tail == NONE)
        epoll->ready_head = w;
    else
        s->watches[epoll->ready_tail].ready_next = w;
    epoll->ready_tail = w;
    epoll->ready_count++;
}

static void ready_remove(struct rill_sockets *s, uint32_t w)
{
    struct watch *watch = &s->watches[w];
    struct epoll *epoll = &s->files[watch->epoll].epoll;

    if (!watch->is_ready)
        return;
    watch->is_ready = false;
    if (watch->ready_previous == NONE)
        epoll->ready_head = watch->ready_next;
    else
        s->watches[watch->ready_previous].ready_next = watch->ready_next;
    if (watch->ready_next == NONE)
        epoll->ready_tail = watch->ready_previous;
    else
        s->watches[watch->ready_next].ready_previous = watch->ready_previous;
    epoll->ready_count--;
}

static uint32_t watch_mask(struct rill_sockets *s, const struct watch *watch)
{
    if ((watch->events & ~MODES) == 0)
        return 0; /* a one-shot that was told */
    return file_mask(s, &s->files[watch->file]) & (watch->events | ALWAYS);
}

void file_signal(struct rill_sockets *s, struct file *file, uint32_t key)
{
    for (uint32_t w = file->watches; w != NONE; w = s->watches[w].file_next) {
        struct watch *watch = &s->watches[w];
        struct file *epoll = &s->files[watch->epoll];

        if ((watch->events & ~MODES) == 0 || (key != 0 && (key & watch->events) == 0))
            continue;
        if (!watch->is_ready)
            ready_push(s, w);
        /* Who watches the epoll itself; one level deep, epoll_ctl sees to that. */
        for (uint32_t outer = epoll->watches; outer != NONE; outer = s->watches[outer].file_next) {
            if (!s->watches[outer].is_ready)
                ready_push(s, outer);
        }
    }
}

bool epoll_is_ready(struct rill_sockets *s, struct epoll *epoll)
{
    for (uint32_t w = epoll->ready_head; w != NONE; w = s->watches[w].ready_next) {
        if (watch_mask(s, &s->watches[w]) != 0)
            return true;
    }
    return false;
}

/* ------------------------------------------------------------------ watches */

static uint32_t watch_find(const struct rill_sockets *s, const struct file *epoll, const struct file *file, int fd)
{
    for (uint32_t w = file->watches; w != NONE; w = s->watches[w].file_next) {
        if (s->watches[w].fd == fd && &s->files[s->watches[w].epoll] == epoll)
            return w;
    }
    return NONE;
}

static void watch_free(struct rill_sockets *s, uint32_t w)
{
    struct watch *watch = &s->watches[w];
    uint32_t *link;

    ready_remove(s, w);
    for (link = &s->files[watch->file].watches; *link != w; link = &s->watches[*link].file_next)
        ;
    *link = watch->file_next;
    if (watch->epoll_previous == NONE)
        s->files[watch->epoll].epoll.watches = watch->epoll_next;
    else
        s->watches[watch->epoll_previous].epoll_next = watch->epoll_next;
    if (watch->epoll_next != NONE)
        s->watches[watch->epoll_next].epoll_previous = watch->epoll_previous;
    watch->file_next = s->free_watch;
    s->free_watch = w;
}

void watches_drop(struct rill_sockets *s, struct file *file)
{
    while (file->watches != NONE)
        watch_free(s, file->watches);
}

void epoll_drop(struct rill_sockets *s, struct file *file)
{
    while (file->epoll.watches != NONE)
        watch_free(s, file->epoll.watches);
}

static int watch_add(struct rill_sockets *s, struct file *epoll, struct file *file, int fd,
                     const struct rill_epoll_event *event)
{
    uint32_t w = s->free_watch;
    struct watch *watch = &s->watches[w];

    if (w == NONE)
        return -RILL_ENOMEM;
    s->free_watch = watch->file_next;
    *watch = (struct watch){
        .file = file_index(s, file),
        .epoll = file_index(s, epoll),
        .fd = fd,
        .events = event->events | ALWAYS,
        .data = event->data,
        .file_next = file->watches,
        .epoll_next = epoll->epoll.watches,
        .epoll_previous = NONE,
    };
    if (watch->epoll_next != NONE)
        s->watches[watch->epoll_next].epoll_previous = w;
    file->watches = w;
    epoll->epoll.watches = w;
    if (watch_mask(s, watch) != 0)
        ready_push(s, w);
    return 0;
}

static void watch_modify(struct rill_sockets *s, uint32_t w, const struct rill_epoll_event *event)
{
    struct watch *watch = &s->watches[w];

    watch->events = event->events | ALWAYS;
    watch->data = event->data;
    if (!watch->is_ready && watch_mask(s, watch) != 0)
        ready_push(s, w);
}

/* -------------------------------------------------------------------- calls */

int rill_sock_epoll_create(struct rill_sockets *s, int flags)
{
    struct file *file;
    int fd;

    if ((flags & ~RILL_EPOLL_CLOEXEC) != 0)
        return -RILL_EINVAL;
    fd = file_open(s, FILE_EPOLL, 0, flags != 0, &file);
    if (fd >= 0)
        file->epoll = (struct epoll){.watches = NONE, .ready_head = NONE, .ready_tail = NONE};
    return fd;
}

static bool holds_an_epoll(const struct rill_sockets *s, const struct file *epoll)
{
    for (uint32_t w = epoll->epoll.watches; w != NONE; w = s->watches[w].epoll_next) {
        if (s->files[s->watches[w].file].kind == FILE_EPOLL)
            return true;
    }
    return false;
}

/* An epoll in an epoll, and no deeper: then there is no loop either. */
static bool is_too_deep(const struct rill_sockets *s, const struct file *epoll, const struct file *file)
{
    return file->kind == FILE_EPOLL && (holds_an_epoll(s, file) || epoll->watches != NONE);
}

int rill_sock_epoll_ctl(struct rill_sockets *s, int epoll_fd, int operation, int fd,
                        const struct rill_epoll_event *event)
{
    struct file *epoll = file_of(s, epoll_fd);
    struct file *file = file_of(s, fd);
    uint32_t w;

    if (epoll == NULL || file == NULL)
        return -RILL_EBADF;
    if (epoll == file || epoll->kind != FILE_EPOLL || (operation != RILL_EPOLL_CTL_DEL && event == NULL))
        return -RILL_EINVAL;
    catch_up(s);
    w = watch_find(s, epoll, file, fd);
    switch (operation) {
    case RILL_EPOLL_CTL_ADD:
        if (w != NONE)
            return -RILL_EEXIST;
        return is_too_deep(s, epoll, file) ? -RILL_ELOOP : watch_add(s, epoll, file, fd, event);
    case RILL_EPOLL_CTL_MOD:
        if (w == NONE)
            return -RILL_ENOENT;
        if (((event->events | s->watches[w].events) & RILL_EPOLLEXCLUSIVE) != 0)
            return -RILL_EINVAL;
        watch_modify(s, w, event);
        return 0;
    case RILL_EPOLL_CTL_DEL:
        if (w == NONE)
            return -RILL_ENOENT;
        watch_free(s, w);
        return 0;
    default:
        return -RILL_EINVAL;
    }
}

/* Look once at each entry that is in the list now. */
static int harvest(struct rill_sockets *s, struct epoll *epoll, struct rill_epoll_event *events, int max)
{
    int n = 0;

    for (uint32_t looks = epoll->ready_count; looks > 0 && n < max; looks--) {
        uint32_t w = epoll->ready_head;
        struct watch *watch = &s->watches[w];
        uint32_t mask = watch_mask(s, watch);

        ready_remove(s, w);
        if (mask == 0)
            continue;
        events[n++] = (struct rill_epoll_event){mask, watch->data};
        if ((watch->events & RILL_EPOLLONESHOT) != 0)
            watch->events &= MODES;
        else if ((watch->events & RILL_EPOLLET) == 0)
            ready_push(s, w); /* at the end: the others have their turn first */
    }
    return n;
}

int rill_sock_epoll_wait(struct rill_sockets *s, int epoll_fd, struct rill_epoll_event *events, int max, int timeout_ms)
{
    struct file *file = file_of(s, epoll_fd);
    rill_time deadline;

    if (file == NULL)
        return -RILL_EBADF;
    if (file->kind != FILE_EPOLL || max <= 0)
        return -RILL_EINVAL;
    catch_up(s);
    deadline = deadline_after_ms(s, timeout_ms);
    for (;;) {
        int n = harvest(s, &file->epoll, events, max);
        int error;

        if (n > 0)
            return n;
        error = wait_for_more(s, deadline);
        if (error != 0)
            return error == -RILL_EAGAIN ? 0 : error;
    }
}
