/*
 * Where running rills meet: a directory of the user's own with one Unix socket
 * per rill, NAME.sock.
 */
#ifndef CLI_RUNTIME_H
#define CLI_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define RUNTIME_NAME_MAX 48

/*
 * The directory: $RILL_RUNTIME_DIR, $XDG_RUNTIME_DIR/rill, /run/rill for root, /tmp/rill-UID. Found once, so call it
 * before entering a namespace, where everybody is root. NULL when none can be had (said so).
 */
const char *runtime_directory(void);

/* The socket's path of the rill with this name. False when the name is no name (said so). */
bool runtime_socket_path(const char *name, char *path, size_t path_bytes);

/*
 * While somebody has it nobody else makes or removes a socket there: one that is bound and does not listen yet looks
 * as one that is left over. Close it soon; -1: there is none.
 */
int runtime_lock(void);

/* Connect to a running rill and send it a line; its answer can be read from the descriptor. -1 with errno. */
int runtime_ask(const char *name, const char *line);

/* The same as a stream to read; NULL with errno. */
FILE *runtime_ask_stream(const char *name, const char *line);

/*
 * Call fn for every running rill, by name; a socket left by one that is gone is removed. Returns how many answered
 * the door.
 */
unsigned runtime_each(void (*fn)(const char *name, void *context), void *context);

/* The only running rill's name; false when there are none or several (said so). */
bool runtime_only(char *name, size_t name_bytes);

#endif
