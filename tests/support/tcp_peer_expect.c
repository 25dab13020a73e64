/*
 * What a scripted peer's test expects of the stack, and what is said when it does not come.
 */
#include <stdio.h>

#include "support/tcp_peer.h"

static const char *flag_names(unsigned flags, char to[32])
{
    static const char letters[] = "FSRPAUEC";
    unsigned n = 0;

    for (unsigned i = 0; i < 8; i++)
        if ((flags & 1u << i) != 0)
            to[n++] = letters[i];
    to[n] = '\0';
    return to;
}

static void complain(const struct peer *p, const char *file, int line, const char *expected)
{
    char names[32];

    print_error("%s:%d: [%s] ISN %#x, ISS %#x: expected %s; left to expect:", file, line, p->what, p->isn, p->iss,
                expected);
    for (unsigned i = p->sent_first; i < p->sent_count; i++) {
        const struct peer_segment *s = &p->sent[i];

        print_error(" <SEQ=%u%s><ACK=%u><%s>+%u", s->seq, s->raw_seq == s->seq ? "" : "r", s->ack,
                    flag_names(s->flags, names), s->data_bytes);
    }
    for (unsigned i = 0; i < p->event_count; i++)
        print_error(" event %#x error %d", p->events[i].what, (int)p->events[i].error);
    print_error("\n");
    _fail(file, line);
}

static const struct peer_segment *next_segment(struct peer *p, const char *file, int line)
{
    if (p->sent_first == p->sent_count)
        complain(p, file, line, "a segment");
    return &p->sent[p->sent_first];
}

struct peer_segment expect_segment_at(struct peer *p, unsigned flags, uint32_t seq, uint32_t ack, uint32_t data_bytes,
                                      const char *file, int line)
{
    const struct peer_segment *s = next_segment(p, file, line);
    char text[96], names[32];

    if ((s->flags & ~(unsigned)TCP_PSH) != flags || s->seq != seq || s->data_bytes != data_bytes ||
        ((flags & TCP_ACK) != 0 && s->ack != ack) || ((flags & TCP_ACK) == 0 && s->raw_ack != 0)) {
        (void)snprintf(text, sizeof text, "<SEQ=%u><ACK=%u><%s>+%u", seq, ack, flag_names(flags, names), data_bytes);
        complain(p, file, line, text);
    }
    p->sent_first++;
    return *s;
}

void expect_raw_segment_at(struct peer *p, unsigned flags, uint32_t seq, uint32_t ack, const char *file, int line)
{
    const struct peer_segment *s = next_segment(p, file, line);
    char text[96], names[32];

    if (s->flags != flags || s->raw_seq != seq || s->raw_ack != ack || s->data_bytes != 0) {
        (void)snprintf(text, sizeof text, "raw <SEQ=%#x><ACK=%#x><%s>", seq, ack, flag_names(flags, names));
        complain(p, file, line, text);
    }
    p->sent_first++;
}

void expect_nothing_at(struct peer *p, const char *file, int line)
{
    if (p->sent_first != p->sent_count)
        complain(p, file, line, "no segment");
    p->sent_first = p->sent_count = 0;
}

void expect_event_at(struct peer *p, rill_conn conn, unsigned bits, int error, const char *file, int line)
{
    char text[64];

    (void)snprintf(text, sizeof text, "event %#x error %d", bits, error);
    for (unsigned i = 0; i < p->event_count; i++) {
        if (p->events[i].conn != conn)
            continue;
        if (p->events[i].what != bits || p->events[i].error != error)
            complain(p, file, line, text);
        p->events[i] = p->events[--p->event_count];
        return;
    }
    complain(p, file, line, text);
}

void expect_no_event_at(struct peer *p, const char *file, int line)
{
    if (p->event_count != 0)
        complain(p, file, line, "no event");
}

enum rill_state peer_state(struct peer *p)
{
    enum rill_state found = RILL_STATE_CLOSED;
    struct rill_status status;
    uint64_t cursor = 0;

    while (rill_list(p->stack, &cursor, &status)) {
        if (status.state == RILL_STATE_LISTEN && found == RILL_STATE_CLOSED)
            found = RILL_STATE_LISTEN;
        else if (status.state != RILL_STATE_LISTEN && status.remote.port == PEER_PORT)
            found = status.state;
    }
    return found;
}

void expect_state_at(struct peer *p, enum rill_state state, const char *file, int line)
{
    enum rill_state is = peer_state(p);

    if (is != state) {
        print_error("%s:%d: [%s] ISN %#x, ISS %#x: expected state %s, is %s\n", file, line, p->what, p->isn, p->iss,
                    rill_state_name(state), rill_state_name(is));
        _fail(file, line);
    }
}

void expect_status_at(struct peer *p, rill_conn conn, struct rill_status *out, const char *file, int line)
{
    int error = rill_status(p->stack, conn, out);

    if (error != 0) {
        print_error("%s:%d: [%s] rill_status says %d\n", file, line, p->what, error);
        _fail(file, line);
    }
}
