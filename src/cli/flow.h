/*
 * A connection and what is done with it. A service (sink, source, echo, stdio,
 * http) is a table of functions; each moves what can be moved whenever
 * something happened, and never waits.
 */
#ifndef CLI_FLOW_H
#define CLI_FLOW_H

#include "cli/session.h"

struct flow;

struct service {
    const char *name;
    bool (*start)(struct flow *flow); /* the connection is there; false: no memory */
    void (*progress)(struct flow *flow);
    unsigned (*descriptors)(struct flow *flow, struct pollfd *fds); /* for the one flow that uses stdin and stdout */
    void (*finish)(struct flow *flow);                              /* give flow->state back */
};

extern const struct service sink_service, source_service, echo_service, stdio_service, http_service, http_get_service;

/* What the services are told by the command line. */
struct service_config {
    const struct service *service;
    uint64_t source_bytes;
    int root_fd;           /* --serve */
    const char *http_path; /* --http */
    const char *http_host;
    int output_fd;
};

struct flow {
    struct flows *flows;
    unsigned slot;
    rill_conn conn;
    struct rill_endpoint remote;
    void *state; /* the service's */
    bool established, end_received, shut, ended;
    bool failed; /* the service's own verdict */
    int error;   /* what ended the connection, negative */
    rill_time deadline;
    uint64_t sent_bytes, received_bytes;
};

struct flows {
    struct session *session;
    struct service_config config;
    void (*ended)(struct flows *flows, struct flow *flow); /* called once, before the flow is freed */
    void *context;
    struct flow **slots;
    unsigned slot_count, live;
    rill_time next_check;
};

/* conn becomes a flow. NULL when there is no memory (the connection is aborted). established: it is so already. */
enum flow_origin { FLOW_CONNECTING, FLOW_ACCEPTED };
struct flow *flow_start(struct flows *flows, rill_conn conn, const struct rill_endpoint *remote,
                        enum flow_origin origin);

/* For session_app. flows_event() returns false when the event belongs to no flow. */
bool flows_event(struct flows *flows, const struct rill_event *event);
unsigned flows_descriptors(struct flows *flows, struct pollfd *fds);
void flows_step(struct flows *flows);
rill_time flows_deadline(struct flows *flows);
void flows_abort_all(struct flows *flows);
void flows_free(struct flows *flows);

/* For services. Receive returns bytes, 0 at the end of the stream, -RILL_EAGAIN, or an error that ends the flow. */
int64_t flow_receive(struct flow *flow, void *data, size_t length_bytes);
int64_t flow_send(struct flow *flow, const void *data, size_t length_bytes);
void flow_shut(struct flow *flow);
void flow_end(struct flow *flow);
void flow_drain(struct flow *flow); /* receive and forget; the flow ends with the stream */

#define FLOW_BUFFER_BYTES 65536u
/* Room that any service may use until it returns. */
extern uint8_t flow_buffer[FLOW_BUFFER_BYTES];

#endif
