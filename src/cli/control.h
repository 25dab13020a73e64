/*
 * The control socket of a running rill: one-line questions, JSON lines back.
 */
#ifndef CLI_CONTROL_H
#define CLI_CONTROL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

struct session;

#define CONTROL_CLIENTS 8
#define CONTROL_DESCRIPTORS (CONTROL_CLIENTS + 1)

struct control_client {
    int fd; /* -1: free */
    char line[128];
    size_t line_bytes;
    char *answer; /* malloc'ed; NULL until the line is complete */
    size_t answer_bytes, answer_sent;
};

struct control {
    int fd;
    char path[108];
    struct control_client clients[CONTROL_CLIENTS];
};

void control_init(struct control *control);

/* Listen as `name`. 0, or CLI_FAILED after saying why. */
int control_open(struct control *control, const char *name);
void control_close(struct control *control);

unsigned control_descriptors(struct control *control, struct pollfd *fds);
void control_step(struct session *session, const struct pollfd *fds, unsigned count);

/* Answer one line into *answer (malloc'ed). For control_step() and tests. */
void control_answer(struct session *session, const char *line, char **answer, size_t *answer_bytes);

#endif
