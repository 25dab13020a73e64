/*
 * An application acts on events alone, as a real one does: an event that the
 * stack forgets shows as a session that never ends.
 */
#include "sim/end.h"

#include "sim/host.h"
#include "sim/stream.h"

#define BYTES_MAX 65536u
#define SLICES_MAX 16u
#define NO_MEMORY_AGAIN (50 * NANOS_PER_MS)

static struct rill_stack *stack_of(struct world *world, const struct end *end)
{
    return world->hosts[end->host].stack;
}

static bool fail_end(struct world *world, const struct end *end, const char *oracle, const char *what, int64_t got)
{
    if (oracle[0] == 'S' && world->scenario.attacker == ATTACKER_ON_PATH)
        return false; /* that is what it is able to do */
    return world_fail(world, "%s session %u %s (host %u): %s (%lld); sent %llu of %llu, received %llu of %llu", oracle,
                      end->index / 2, end->side == 0 ? "client" : "server", end->host, what, (long long)got,
                      (unsigned long long)end->sent, (unsigned long long)end->temper.send_total,
                      (unsigned long long)end->received, (unsigned long long)end->session->ends[1 - end->side].sent);
}

void ends_init(struct world *world, unsigned index)
{
    struct session *session = &world->sessions[index];

    session->moved_at = 0;
    session->scenario = &world->scenario.sessions[index];
    for (unsigned side = 0; side < 2; side++) {
        struct end *end = &session->ends[side];

        *end = (struct end){.temper = session->scenario->tempers[side], .session = session};
        end->index = (uint16_t)(2 * index + side);
        end->side = (uint8_t)side;
        end->host = side == 0 ? session->scenario->client : session->scenario->server;
        end->send_key = mix64(world->scenario.seed * 4096 + end->index);
        end->receive_key = mix64(world->scenario.seed * 4096 + (end->index ^ 1u));
        end->timer_at = RILL_NEVER;
    }
}

void end_over(struct world *world, struct end *end)
{
    if (end->is_over)
        return;
    world_trace(world, "session %u %s: over%s%s", end->index / 2, end->side == 0 ? "client" : "server",
                end->error != 0 ? ", " : "", end->error != 0 ? rill_error_name(end->error) : "");
    world->result->errors += end->error != 0;
    end->is_over = true;
    end->conn = 0;
    end->session->moved_at = world->now;
    world->open_ends--;
    world->last_over_at = world->now;
}

static void close_handle(struct world *world, struct end *end)
{
    int result;

    tape_call(world, end, "close(%d) = 0", tape_descriptor(end));
    result = rill_close(stack_of(world, end), end->conn);

    end->has_shut_down = true;
    end_over(world, end);
    if (result != 0)
        fail_end(world, end, "A2", "rill_close", result);
}

/* ------------------------------------------------------------------- opening */

void end_opened(struct world *world, struct end *end)
{
    const struct temper *t = &end->temper;

    end->has_opened = true;
    end->opened_at = end->session->moved_at = world->now;
    end->next_read = t->read_after == RILL_NEVER ? RILL_NEVER : world->now + t->read_after;
    if (!world->is_healed)
        return;
    /* An accepted one: its other end may have been made to believe anything before this one knew of it. */
    world->scenario.attacker == ATTACKER_ON_PATH && end->is_established ? end_give_up(world, end)
                                                                        : end_heal(world, end);
}

static void fill_options(const struct world *world, const struct end *end, struct rill_options *options)
{
    const struct temper *t = &end->temper;

    (void)world;
    rill_options_default(options);
    options->user = end->index + 1u;
    options->flags = t->flags;
    options->send_buffer_bytes = t->send_buffer_bytes;
    options->receive_buffer_bytes = t->receive_buffer_bytes;
    options->mss = t->mss;
}

static bool is_refusal(int result)
{
    return result == -RILL_ENOMEM || result == -RILL_EADDRINUSE;
}

void end_connect(struct world *world, struct end *end)
{
    const struct session_scenario *s = end->session->scenario;
    struct rill_stack *stack = stack_of(world, end);
    struct rill_endpoint remote = {host_addr(peer_of(end)->host), s->is_simultaneous ? s->client_port : SERVER_PORT};
    struct rill_options options;
    struct rill_status status;
    int result;

    if (stack == NULL) {
        reference_connect(world, end);
        return;
    }
    fill_options(world, end, &options);
    options.local.port = s->client_port;
    result = rill_tcp_connect(stack, &remote, &options, &end->conn);
    if (result == -RILL_EADDRINUSE && !s->is_simultaneous) {
        options.local.port = 0;
        result = rill_tcp_connect(stack, &remote, &options, &end->conn);
    }
    end_opened(world, end);
    tape_call(world, end, "connect(%d, ..., ...) = -1 EINPROGRESS", tape_descriptor(end));
    if (result == 0)
        result = rill_status(stack, end->conn, &status);
    if (result == 0) {
        end->iss = status.iss;
        end->port = status.local.port;
        world_trace(world, "session %u client: connects from port %u", end->index / 2, status.local.port);
        return;
    }
    end->error = result;
    end_over(world, end);
    if (!is_refusal(result))
        fail_end(world, end, "A2", rill_error_name(result), result);
}

/* Whose connection is this? Its port and its ISN say. */
static struct end *find_server(struct world *world, const struct host_sim *host, const struct rill_status *status)
{
    for (unsigned i = 0; i < world->scenario.session_count; i++) {
        struct end *client = &world->sessions[i].ends[0];
        struct rill_addr addr = host_addr(client->host);

        if (client->has_opened && !client->session->scenario->is_simultaneous && client->iss == status->irs &&
            client->port == status->remote.port && world->sessions[i].ends[1].host == host->index &&
            rill_addr_equal(&addr, &status->remote.addr))
            return &world->sessions[i].ends[1];
    }
    return NULL;
}

static void act(struct world *world, struct end *end);

/*
 * A connection for the second time, and TCP cannot tell: an old ACK carries a cookie (RFC 4987 3.6), or an old SYN was
 * answered with an ISN that is by chance where the last connection ended, so that the peer's TIME-WAIT completes it
 * (RFC 6528's clock goes at the speed of a transfer of 250 kB/s), or a SYN with a fast open cookie came twice (RFC 7413
 * 6.3.1).
 */
static bool is_ghost(const struct host_sim *host, const struct end *end, const struct rill_status *status)
{
    return rill_counted(host->stack, RILL_COUNT_TCP_SYN_COOKIES_TAKEN) > 0 ||
           rill_counted(host->stack, RILL_COUNT_TCP_FAST_OPEN_PASSIVE) > 0 || status->iss - end->iss <= end->sent + 1;
}

static void accept_all(struct world *world, struct host_sim *host)
{
    struct rill_status status;
    rill_conn conn;

    while (host->listener != 0 && rill_accept(host->stack, host->listener, &conn, NULL) == 0) {
        struct end *end;

        if (rill_status(host->stack, conn, &status) != 0) {
            world_fail(world, "A2 host %u: no status of a connection just accepted", host->index);
            return;
        }
        end = find_server(world, host, &status);
        if (end != NULL && end->has_opened && is_ghost(host, end, &status)) {
            rill_abort(host->stack, conn);
            continue;
        }
        if (end == NULL || end->has_opened) {
            world_fail(world, "S7 host %u accepts a connection from port %u that nobody opened%s", host->index,
                       status.remote.port, end != NULL ? " a second time" : "");
            return;
        }
        end->conn = conn;
        end->iss = status.iss;
        end->is_established = end->may_send = end->may_receive = true;
        rill_set_user(host->stack, conn, end->index + 1u);
        rill_set_flags(host->stack, conn, end->temper.flags, 0);
        world->open_ends++;
        world->result->established++;
        tape_call(world, end, "accept(3, ..., ...) = %d", tape_descriptor(end));
        tape_call(world, end, "fcntl(%d, F_SETFL, O_RDWR|O_NONBLOCK) = 0", tape_descriptor(end));
        end_opened(world, end);
        world_trace(world, "session %u server: accepts from port %u", end->index / 2, status.remote.port);
        act(world, end);
    }
}

/* ------------------------------------------------------------------ receiving */

bool end_check_bytes(struct world *world, struct end *end, const uint8_t *data, size_t bytes)
{
    if (end->received + bytes > peer_of(end)->sent)
        return fail_end(world, end, "S1", "more bytes than were sent", (int64_t)bytes);
    if (!stream_matches(end->receive_key, end->received, data, bytes))
        return fail_end(world, end, "S1", "the stream is wrong in the next bytes", (int64_t)bytes);
    return true;
}

static uint64_t last_mark(const struct end *end)
{
    return end->mark_count == 0 ? 0 : end->marks[(end->mark_count - 1) % MARKS];
}

/*
 * S5: a mark that is told is one that the peer has set. But the pointer has 16 bits: where the mark is further ahead it
 * says 65535, as everybody's does, until the segments come nearer.
 */
static void judge_mark(struct world *world, struct end *end, uint64_t mark)
{
    const struct end *peer = peer_of(end);
    uint32_t kept = peer->mark_count < MARKS ? peer->mark_count : MARKS;
    bool is_forgotten = kept == MARKS && mark < peer->marks[peer->mark_count % MARKS];

    for (uint32_t i = 0; i < kept; i++)
        if (peer->marks[i] == mark)
            return;
    if (!is_forgotten && (mark > last_mark(peer) || mark < UINT16_MAX))
        fail_end(world, end, "S5", "an urgent mark that the peer has not set", (int64_t)mark);
}

/* Bytes that may be read now without passing an urgent byte, and then that one alone; those that like read across. */
static uint32_t until_mark(struct world *world, struct end *end, uint32_t wanted)
{
    struct rill_status status;
    uint64_t mark;

    if (!has_fault(&world->scenario, FAULT_URGENT) || stack_of(world, peer_of(end)) == NULL ||
        rill_status(stack_of(world, end), end->conn, &status) != 0 || status.urgent_ahead == 0)
        return wanted;
    mark = end->received + status.urgent_ahead;
    if (mark < end->mark_seen)
        fail_end(world, end, "S5", "the urgent mark went back", (int64_t)mark);
    if (mark != end->mark_seen) {
        judge_mark(world, end, mark);
        world->result->marks++;
    }
    end->mark_seen = mark;
    return end->temper.stops_at_mark ? min_u32(wanted, max_u32(status.urgent_ahead - 1, 1)) : wanted;
}

void end_saw_end(struct world *world, struct end *end)
{
    const struct end *peer = peer_of(end);

    end->saw_end = true;
    if (peer->mark_count > 0 && stack_of(world, end) != NULL && end->mark_seen != last_mark(peer))
        fail_end(world, end, "S5", "end of the stream, and the last urgent mark was not told",
                 (int64_t)last_mark(peer));
    if (!peer->has_shut_down)
        fail_end(world, end, "S2", "end of the stream, and the peer has not closed", 0);
    else if (end->received != peer->sent)
        fail_end(world, end, "S2", "end of the stream before all bytes", 0);
}

static int64_t read_borrowed(struct world *world, struct end *end)
{
    struct rill_slice slices[SLICES_MAX];
    int count = rill_borrow(stack_of(world, end), end->conn, slices, SLICES_MAX);
    uint64_t bytes = 0, wanted = until_mark(world, end, end->temper.read_bytes);

    if (count <= 0)
        return count;
    for (int i = 0; i < count && bytes < wanted; i++) {
        uint64_t n = min_u64(slices[i].length_bytes, wanted - bytes);

        if (!end_check_bytes(world, end, slices[i].data, n))
            return -RILL_EIO;
        end->received += n;
        bytes += n;
    }
    end->received -= bytes;
    if (rill_consume(stack_of(world, end), end->conn, bytes) != 0)
        fail_end(world, end, "A2", "rill_consume", (int64_t)bytes);
    return (int64_t)bytes;
}

static int64_t read_copied(struct world *world, struct end *end)
{
    uint32_t wanted = until_mark(world, end, min_u32(end->temper.read_bytes, BYTES_MAX));
    struct rill_stack *stack = stack_of(world, end);
    int64_t got, peeked = 0;

    if (end->temper.peeks)
        peeked = rill_receive(stack, end->conn, world->scratch, wanted, RILL_RECEIVE_PEEK);
    if (peeked > 0 && !end_check_bytes(world, end, world->scratch, (size_t)peeked))
        return -RILL_EIO;
    got = peeked < 0 ? peeked : rill_receive(stack, end->conn, world->scratch, wanted, 0);
    if (peeked > 0 && peeked != got)
        fail_end(world, end, "A2", "rill_receive gives something else than when peeked", got);
    return got <= 0 || end_check_bytes(world, end, world->scratch, (size_t)got) ? got : -RILL_EIO;
}

static void end_with_error(struct world *world, struct end *end, int error)
{
    end->error = error;
    close_handle(world, end);
}

static void read_some(struct world *world, struct end *end)
{
    char text[32];

    while (!end->is_over && end->may_receive && !end->saw_end && world->now >= end->next_read) {
        int64_t got = end->temper.borrows ? read_borrowed(world, end) : read_copied(world, end);

        if (world_has_failed(world))
            return;
        if (got != -RILL_EAGAIN)
            tape_call(world, end, "read(%d, ..., %u) = %s", tape_descriptor(end), end->temper.read_bytes,
                      tape_result(got, text));
        if (got > 0) {
            end->received += (uint64_t)got;
            end->session->moved_at = world->now;
            end->next_read = world->now + end->temper.read_pause;
        } else if (got == 0) {
            end_saw_end(world, end);
        } else if (got == -RILL_EAGAIN) {
            end->may_receive = false;
        } else {
            end_with_error(world, end, (int)got);
        }
    }
}

/* -------------------------------------------------------------------- sending */

static void write_some(struct world *world, struct end *end)
{
    const struct temper *t = &end->temper;
    char text[32];

    while (!end->is_over && end->may_send && !end->has_shut_down && end->sent < t->send_total &&
           world->now >= end->next_write) {
        size_t bytes = (size_t)min_u64(min_u32(t->write_bytes, BYTES_MAX), t->send_total - end->sent);
        int64_t taken;

        bool is_urgent = t->urgent_every != 0 && ++end->writes % t->urgent_every == 0;

        stream_fill(end->send_key, end->sent, world->scratch, bytes);
        taken = rill_send(stack_of(world, end), end->conn, world->scratch, bytes, is_urgent ? RILL_SEND_URGENT : 0);
        tape_call(world, end, "write(%d, ..., %zu) = %s", tape_descriptor(end), bytes, tape_result(taken, text));
        if (taken > (int64_t)bytes)
            fail_end(world, end, "A2", "rill_send took more than it was given", taken);
        if (taken > 0) {
            end->sent += (uint64_t)taken;
            if (is_urgent && taken == (int64_t)bytes)
                end->marks[end->mark_count++ % MARKS] = end->sent;
            end->may_send = taken == (int64_t)bytes;
            end->next_write = world->now + t->write_pause;
        } else if (taken == -RILL_EAGAIN) {
            end->may_send = false;
        } else if (taken == -RILL_ENOBUFS) {
            end->next_write = world->now + NO_MEMORY_AGAIN;
        } else {
            end_with_error(world, end, (int)taken);
        }
    }
}

/* -------------------------------------------------------------------- endings */

static void half_close(struct world *world, struct end *end)
{
    int result;

    if (end->is_over || end->has_shut_down || !end->is_established || end->sent < end->temper.send_total)
        return;
    if (end->temper.ending == ENDING_CLOSE_SENT) {
        close_handle(world, end);
        return;
    }
    end->has_shut_down = true;
    tape_call(world, end, "shutdown(%d, SHUT_WR) = 0", tape_descriptor(end));
    result = rill_shutdown(stack_of(world, end), end->conn);
    if (result == -RILL_ECONNRESET || result == -RILL_ETIMEDOUT) /* ended before it was accepted */
        end_with_error(world, end, result);
    else if (result != 0)
        fail_end(world, end, "A2", "rill_shutdown", result);
}

static void end_on_time(struct world *world, struct end *end)
{
    const struct temper *t = &end->temper;

    if (end->is_over || t->ending < ENDING_CLOSE_AT || world->now < end->opened_at + t->ending_after)
        return;
    if (t->ending == ENDING_ABORT_AT) {
        end->has_aborted = true;
        tape_call(world, end, "setsockopt(%d, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}, 8) = 0",
                  tape_descriptor(end));
        tape_call(world, end, "close(%d) = 0", tape_descriptor(end));
        rill_abort(stack_of(world, end), end->conn);
        end_over(world, end);
    } else {
        close_handle(world, end);
    }
}

static void hold(struct world *world, struct end *end)
{
    const struct temper *t = &end->temper;
    rill_time from = end->opened_at + t->hold_after;

    if (end->is_over || t->hold_for == 0 || world->now < from || (!end->is_held && (end->was_held || world->is_healed)))
        return;
    if (!end->is_held) {
        end->is_held = end->was_held = true;
        world_trace(world, "session %u %s: holds its output", end->index / 2, end->side == 0 ? "client" : "server");
        rill_hold_output(stack_of(world, end), end->conn, true);
    } else if (world->now >= from + t->hold_for || world->is_healed) {
        end->is_held = false;
        world_trace(world, "session %u %s: lets it go", end->index / 2, end->side == 0 ? "client" : "server");
        rill_hold_output(stack_of(world, end), end->conn, false);
    }
}

/* ----------------------------------------------------------------------- time */

static void later(const struct world *world, rill_time at, rill_time *next)
{
    if (at > world->now)
        *next = min_u64(*next, at);
}

static void set_timer(struct world *world, struct end *end)
{
    const struct temper *t = &end->temper;
    rill_time next = RILL_NEVER;

    if (end->is_over)
        return;
    if (end->may_send && end->sent < t->send_total)
        later(world, end->next_write, &next);
    if (end->may_receive && !end->saw_end && end->next_read != RILL_NEVER)
        later(world, end->next_read, &next);
    if (t->ending >= ENDING_CLOSE_AT)
        later(world, end->opened_at + t->ending_after, &next);
    if (t->hold_for != 0) {
        later(world, end->opened_at + t->hold_after, &next);
        later(world, end->opened_at + t->hold_after + t->hold_for, &next);
    }
    if (next == RILL_NEVER || (next >= end->timer_at && end->timer_at > world->now))
        return;
    end->timer_at = next;
    event_queue_push(
        &world->queue,
        (struct event){.at = next, .kind = EVENT_END, .index = end->index, .version = ++end->timer_version});
}

static void act(struct world *world, struct end *end)
{
    if (end->is_over)
        return;
    hold(world, end);
    end_on_time(world, end);
    read_some(world, end);
    write_some(world, end);
    if (world_has_failed(world))
        return;
    half_close(world, end);
    if (!end->is_over && end->saw_end && end->has_shut_down)
        close_handle(world, end);
    set_timer(world, end);
}

void end_timer(struct world *world, struct end *end, uint32_t version)
{
    if (end->is_over || version != end->timer_version)
        return;
    end->timer_at = RILL_NEVER;
    host_take_events(world, &world->hosts[end->host]);
    if (!end->is_over)
        act(world, end);
    host_turn(world, &world->hosts[end->host]);
}

void end_heal(struct world *world, struct end *end)
{
    struct temper *t = &end->temper;

    if (!end->has_opened || end->is_over || stack_of(world, end) == NULL)
        return;
    end->next_read = end->next_write = world->now;
    t->read_pause = t->write_pause = 0;
    t->read_bytes = BYTES_MAX;
    t->write_bytes = max_u32(t->write_bytes, 1024);
    rill_set_flags(stack_of(world, end), end->conn, RILL_OPTION_KEEPALIVE, 0);
    act(world, end);
}

void end_give_up(struct world *world, struct end *end)
{
    if (!end->has_opened || end->is_over)
        return;
    end->has_aborted = true;
    if (stack_of(world, end) != NULL)
        rill_abort(stack_of(world, end), end->conn);
    else
        reference_abort(world, end);
    end_over(world, end);
}

/* --------------------------------------------------------------------- events */

/*
 * S6: a reset needs somebody who sent it: a peer that is gone, or never was. A listener that has sent cookies may be:
 * it knows nothing of the connection when later data overtakes the ACK that carries the cookie (RFC 4987 3.6).
 */
static void judge_reset(struct world *world, struct end *end, int error)
{
    const struct end *peer = peer_of(end);
    struct rill_status status;

    if (error != -RILL_ECONNRESET || !peer->has_opened || peer->is_over)
        return;
    if (stack_of(world, peer) == NULL) {
        if (reference_is_well(world, peer))
            fail_end(world, end, "S6", "reset, and the reference peer is well", error);
        return;
    }
    if (rill_counted(stack_of(world, peer), RILL_COUNT_TCP_SYN_COOKIES_SENT) > 0)
        return;
    if (rill_status(stack_of(world, peer), peer->conn, &status) == 0 && status.state != RILL_STATE_CLOSED)
        fail_end(world, end, "S6", "reset, and the peer is well", error);
}

/* S3: what came in order before the reset can still be read; then comes the error, or the end of the stream. */
static void read_rest(struct world *world, struct end *end, int error)
{
    int64_t got;

    while ((got = read_copied(world, end)) > 0)
        end->received += (uint64_t)got;
    if (got == 0)
        end_saw_end(world, end);
    else if (got != error)
        fail_end(world, end, "S3", "neither the error nor the end of the stream after a reset", got);
}

static void reset(struct world *world, struct end *end, int error)
{
    read_rest(world, end, error);
    judge_reset(world, end, error);
    end_with_error(world, end, error);
}

static void take_event(struct world *world, struct end *end, const struct rill_event *event)
{
    if (end->is_over || end->conn != event->conn) {
        fail_end(world, end, "A3", "an event for a handle that was given back", (int64_t)event->what);
        return;
    }
    if ((event->what & RILL_ESTABLISHED) != 0 && !end->is_established) {
        end->is_established = true;
        world->result->established++;
    }
    if ((event->what & RILL_RESET) != 0) {
        reset(world, end, event->error);
        return;
    }
    end->may_send |= (event->what & (RILL_ESTABLISHED | RILL_WRITABLE)) != 0;
    end->may_receive |= (event->what & (RILL_READABLE | RILL_PEER_CLOSED | RILL_CLOSED)) != 0;
    act(world, end);
}

bool host_take_events(struct world *world, struct host_sim *host)
{
    struct rill_event event;
    bool any = false;

    while (!world_has_failed(world) && rill_next(host->stack, &event)) {
        any = true;
        world_hash(world, event.what, event.user);
        if (event.user == USER_LISTENER)
            accept_all(world, host);
        else if (event.user == 0 || event.user > 2 * world->scenario.session_count)
            world_fail(world, "A3 host %u: an event for nobody (user %llu)", host->index,
                       (unsigned long long)event.user);
        else
            take_event(world, end_at(world, (unsigned)event.user - 1), &event);
    }
    return any;
}
