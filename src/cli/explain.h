/*
 * Addresses and errors in words.
 */
#ifndef CLI_EXPLAIN_H
#define CLI_EXPLAIN_H

#include "rill/rill.h"

/* "connection refused by 10.77.0.1:81: nothing listens there". Takes either sign. */
void explain_error(int error, const struct rill_endpoint *remote, char *text, size_t text_bytes);

/* "10.77.0.1:81"; returns text. */
char *endpoint_text(const struct rill_endpoint *endpoint, char *text, size_t text_bytes);

#endif
