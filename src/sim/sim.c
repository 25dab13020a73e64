/*
 * The run: chaos until a drawn time, then the heal; from there every session
 * must end (L1), every block must go (L2), in silence (L3), and leave no memory
 * behind (R3).
 */
#include "sim/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "sim/attacker.h"
#include "sim/capture.h"
#include "sim/end.h"
#include "sim/host.h"
#include "sim/moment.h"

/*
 * L1: of the heal, or of its last move, each session that is not over. What still lay in a queue at the heal may come two
 * minutes later, a listener that answers it with a cookie sends no RST for as long as the cookie lives, SYN_COOKIE_LIFE_MS,
 * and the next retransmission may be a minute away.
 */
#define MOVES_WITHIN (420 * NANOS_PER_S)
#define ALL_OVER_WITHIN (3600 * NANOS_PER_S) /* L1: of the heal */
#define ALL_GONE_WITHIN (960 * NANOS_PER_S)  /* L2: of the last end's close */
#define QUIET_AFTER (10 * NANOS_PER_S)       /* L3 */
#define EVENTS_MAX UINT64_C(5000000)
#define EVENTS_AT_ONCE_MAX UINT64_C(200000)

/* ------------------------------------------------------------------ reporting */

bool world_has_failed(const struct world *world)
{
    return world->result->failure[0] != '\0';
}

bool world_fail(struct world *world, const char *format, ...)
{
    struct sim_result *result = world->result;
    va_list values;

    if (world_has_failed(world))
        return false;
    result->failed_at = world->now;
    va_start(values, format);
    vsnprintf(result->failure, sizeof result->failure, format, values);
    va_end(values);
    world_trace(world, "FAILS: %s", result->failure);
    return false;
}

void world_trace(struct world *world, const char *format, ...)
{
    FILE *trace = world->settings.trace;
    va_list values;

    if (trace == NULL)
        return;
    fprintf(trace, "%14.6f ", (double)world->now / (double)NANOS_PER_S);
    va_start(values, format);
    vfprintf(trace, format, values);
    va_end(values);
    fputc('\n', trace);
}

void world_hash(struct world *world, uint64_t a, uint64_t b)
{
    world->result->hash = mix64(world->result->hash + world->now + a * UINT64_C(0x9E3779B97F4A7C15) + (b << 1 | 1));
}

/* An assert of the engine's ends the run, not the program; outside of a run it does what it always does. */
static jmp_buf *assert_door;
static struct world *assert_world;

_Noreturn void rill_assert_failed(const char *what, const char *file, int line)
{
    if (assert_door == NULL) {
        fprintf(stderr, "rill: assert failed: %s (%s:%d)\n", what, file, line);
        abort();
    }
    world_fail(assert_world, "A0 assert failed: %s (%s:%d)", what, file, line);
    longjmp(*assert_door, 1);
}

void sim_describe(const struct world *world, char *text, size_t bytes)
{
    const struct scenario *s = &world->scenario;
    size_t used = (size_t)snprintf(text, bytes, "%u hosts, %u sessions, heal at %.3f s, faults:", s->host_count,
                                   s->session_count, (double)s->heal_at / (double)NANOS_PER_S);

    for (unsigned fault = 0; fault < FAULTS; fault++)
        if (has_fault(s, (enum fault)fault) && used < bytes)
            used += (size_t)snprintf(text + used, bytes - used, " %s", fault_name((enum fault)fault));
}

/* ------------------------------------------------------------------- the world */

struct world *sim_open(void)
{
    struct world *world = calloc(1, sizeof *world);

    for (unsigned i = 0; world != NULL && i < HOSTS_MAX; i++) {
        world->memory[i] =
            mmap(NULL, MEMORY_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (world->memory[i] == MAP_FAILED) {
            free(world);
            return NULL;
        }
    }
    return world;
}

void sim_close(struct world *world)
{
    for (unsigned i = 0; i < HOSTS_MAX; i++)
        munmap(world->memory[i], MEMORY_MAX);
    event_queue_free(&world->queue);
    frames_free(&world->frames);
    free(world);
}

static void push(struct world *world, enum event_kind kind, rill_time at, unsigned index)
{
    event_queue_push(&world->queue, (struct event){.at = at, .kind = (uint16_t)kind, .index = (uint16_t)index});
}

static void push_scenario(struct world *world)
{
    const struct scenario *s = &world->scenario;

    for (unsigned i = 0; i < s->session_count; i++) {
        unsigned clients = s->sessions[i].is_simultaneous ? 2 : 1;

        ends_init(world, i);
        if (s->sessions[i].is_left_out)
            continue;
        for (unsigned side = 0; side < clients; side++)
            push(world, EVENT_START, s->sessions[i].starts_at[side], 2 * i + side);
        world->open_ends += clients;
    }
    for (unsigned i = 0; i < s->timed_count; i++)
        push(world, EVENT_FAULT, s->timed[i].at, i);
    push(world, EVENT_HEAL, s->heal_at, 0);
    if (s->attacker != ATTACKER_NONE)
        push(world, EVENT_ATTACK, 0, 0);
}

static bool open_world(struct world *world)
{
    const struct scenario *s = &world->scenario;

    world->now = 0;
    world->open_ends = 0;
    world->events_at_now = 0;
    world->last_over_at = 0;
    world->progress_judged_at = 0;
    world->is_healed = world->is_over = false;
    memset(&world->packets, 0, sizeof world->packets);
    event_queue_init(&world->queue, s->seed);
    for (unsigned i = 0; i < s->host_count; i++) {
        for (unsigned j = 0; j < s->host_count; j++) {
            struct link *link = &world->links[i][j];

            link_init(link, s->seed, &s->links[i][j], i, j);
            link->met = world->settings.met;
            if (world->settings.cuts != NULL && world->settings.cuts->has_mishaps)
                link->only = &world->settings.cuts->mishaps;
        }
    }
    for (unsigned i = 0; i < s->host_count; i++)
        if (!host_open(world, i))
            return false;
    push_scenario(world);
    if (s->reference != NO_REFERENCE)
        references_init(world);
    attacker_init(world);
    return true;
}

static void close_world(struct world *world)
{
    struct event event;

    for (unsigned i = 0; i < world->scenario.host_count; i++)
        host_close(world, i);
    while (event_queue_pop(&world->queue, &event))
        if (event.kind == EVENT_ARRIVAL)
            frame_give(&world->frames, event.object);
}

/* --------------------------------------------------------------------- events */

static void cut(struct world *world, unsigned from, unsigned to, rill_time until)
{
    world_trace(world, "link %u-%u is cut until %.3f", from, to, (double)until / (double)NANOS_PER_S);
    world->links[from][to].cut_until = max_u64(world->links[from][to].cut_until, until);
}

static void narrow(struct world *world, const struct timed_fault *f)
{
    struct link *forth = &world->links[f->host][f->other], *back = &world->links[f->other][f->host];

    world_trace(world, "between hosts %u and %u the MTU is %u%s", f->host, f->other, f->value,
                f->kind == TIMED_BLACK_HOLE ? ", and nobody says so" : "");
    forth->mtu = back->mtu = f->value;
    forth->is_black_hole = back->is_black_hole = f->kind == TIMED_BLACK_HOLE;
}

static void fault(struct world *world, const struct timed_fault *f)
{
    struct host_sim *host = &world->hosts[f->host];

    switch (f->kind) {
    case TIMED_CUT:
        for (unsigned i = 0; i < world->scenario.host_count; i++) {
            if (i == f->other || f->host == f->other)
                cut(world, f->host, i, world->now + f->lasts);
            if (f->host == f->other)
                cut(world, i, f->host, world->now + f->lasts);
        }
        break;
    case TIMED_JUMP:
        world_trace(world, "host %u's clock jumps by %.3f s", f->host, (double)f->lasts / (double)NANOS_PER_S);
        host_jump(world, host, f->lasts);
        break;
    case TIMED_LISTENER_CLOSES:
        world_trace(world, "host %u closes its listener", f->host);
        if (host->listener != 0)
            rill_close(host->stack, host->listener);
        host->listener = 0;
        host_turn(world, host);
        break;
    case TIMED_SQUEEZE:
        world_trace(world, "host %u's memory is taken", f->host);
        host_squeeze(host, f->value);
        break;
    case TIMED_RELEASE:
        world_trace(world, "host %u's memory is given back", f->host);
        host_release(host);
        host_turn(world, host);
        break;
    case TIMED_MTU:
    case TIMED_BLACK_HOLE:
        narrow(world, f);
        break;
    default:
        world_trace(world, "host %u opens its listener", f->host);
        host_listen(world, host);
        break;
    }
}

static void trace_memory(struct world *world)
{
    for (unsigned i = 0; i < world->scenario.host_count && world->settings.trace != NULL; i++) {
        struct rill_memory m;

        if (world->hosts[i].stack == NULL)
            continue;
        rill_memory(world->hosts[i].stack, &m);
        world_trace(
            world,
            "host %u: %llu of %llu bytes used: head %llu, connections %llu (%u), half-open %llu, TIME-WAIT %llu, "
            "paths %llu, tables %llu, buffers %llu and %llu spare",
            i, (unsigned long long)m.used_bytes, (unsigned long long)m.arena_bytes, (unsigned long long)m.head_bytes,
            (unsigned long long)m.connection_bytes, m.connections, (unsigned long long)m.half_open_bytes,
            (unsigned long long)m.time_wait_bytes, (unsigned long long)m.path_bytes, (unsigned long long)m.table_bytes,
            (unsigned long long)m.buffer_bytes, (unsigned long long)m.spare_buffer_bytes);
    }
}

static void heal(struct world *world)
{
    const struct scenario *s = &world->scenario;

    world_trace(world, "heal");
    trace_memory(world);
    world->is_healed = true;
    for (unsigned i = 0; i < s->host_count; i++)
        for (unsigned j = 0; j < s->host_count; j++)
            link_heal(&world->links[i][j]);
    for (unsigned i = 0; i < s->host_count && !world_has_failed(world); i++) {
        if (world->hosts[i].stack != NULL)
            host_take_events(world, &world->hosts[i]);
        for (unsigned e = 0; e < 2 * s->session_count; e++)
            if (end_at(world, e)->host == i && !world_has_failed(world))
                s->attacker == ATTACKER_ON_PATH ? end_give_up(world, end_at(world, e))
                                                : end_heal(world, end_at(world, e));
        if (!world_has_failed(world))
            host_heal(world, &world->hosts[i]);
    }
}

static void handle(struct world *world, const struct event *event)
{
    switch (event->kind) {
    case EVENT_ARRIVAL: {
        struct frame *frame = event->object;

        if (world->settings.trace != NULL)
            trace_packet(world, frame->to, "gets", frame);
        world->copies_arrived += frame->is_copy || frame->is_forged || frame->entered_at < world->quiet_since;
        host_arrival(world, &world->hosts[frame->to], frame);
        break;
    }
    case EVENT_HOST:
        world->hosts[event->index].wakes_at = RILL_NEVER;
        host_turn(world, &world->hosts[event->index]);
        break;
    case EVENT_END:
        end_timer(world, end_at(world, event->index), event->version);
        break;
    case EVENT_START:
        end_connect(world, end_at(world, event->index));
        host_turn(world, &world->hosts[end_at(world, event->index)->host]);
        break;
    case EVENT_FAULT:
        fault(world, &world->scenario.timed[event->index]);
        break;
    case EVENT_ATTACK:
        attacker_acts(world);
        break;
    default:
        heal(world);
        break;
    }
}

static bool is_stale(struct world *world, const struct event *event)
{
    if (event->kind == EVENT_HOST)
        return event->version != world->hosts[event->index].wake_version;
    if (event->kind == EVENT_END)
        return event->version != end_at(world, event->index)->timer_version || end_at(world, event->index)->is_over;
    return false;
}

/* ------------------------------------------------------------ what must come */

static void check_stacks(struct world *world)
{
    for (unsigned i = 0; i < world->scenario.host_count; i++)
        if (world->hosts[i].stack != NULL && !rill_check(world->hosts[i].stack))
            world_fail(world, "R1 host %u: rill_check() found a broken invariant", i);
}

/* R3, and whether there is anything left to wait for. */
static bool is_all_gone(struct world *world)
{
    for (unsigned i = 0; i < world->scenario.host_count; i++) {
        struct rill_memory m;

        if (world->hosts[i].stack == NULL)
            continue;
        rill_memory(world->hosts[i].stack, &m);
        if (m.connections != 0 || m.half_open != 0 || m.time_wait != 0 || m.paths != 0 || m.buffer_bytes != 0)
            return false;
        if (m.used_bytes_max > world->scenario.hosts[i].config.memory_bytes)
            world_fail(world, "R2 host %u used %llu bytes of %zu", i, (unsigned long long)m.used_bytes_max,
                       world->scenario.hosts[i].config.memory_bytes);
    }
    return world->scenario.reference == NO_REFERENCE || reference_is_gone(world);
}

/* What a driver was given is its own until the next call, and there may have been none. */
static void call_once_more(struct world *world)
{
    for (unsigned i = 0; i < world->scenario.host_count; i++)
        if (world->hosts[i].stack != NULL)
            rill_poll(world->hosts[i].stack, host_clock(world, &world->hosts[i]));
}

static bool fail_not_gone(struct world *world, const char *oracle, const char *when)
{
    for (unsigned i = 0; i < world->scenario.host_count; i++) {
        struct rill_status status = {0};
        struct rill_memory m;
        uint64_t cursor = 0;

        if (world->hosts[i].stack == NULL)
            continue;
        rill_memory(world->hosts[i].stack, &m);
        if (m.connections + m.half_open + m.time_wait + m.paths == 0 && m.buffer_bytes == 0)
            continue;
        while (rill_list(world->hosts[i].stack, &cursor, &status) && status.state == RILL_STATE_LISTEN)
            continue;
        return world_fail(
            world,
            "%s %s host %u still has %u connections, %u half-open, %u in TIME-WAIT, %u paths, %llu buffer "
            "bytes; one is %u > .%u.%u in %s",
            oracle, when, i, m.connections, m.half_open, m.time_wait, m.paths, (unsigned long long)m.buffer_bytes,
            status.local.port, status.remote.addr.bytes[15], status.remote.port, rill_state_name(status.state));
    }
    if (world->scenario.reference != NO_REFERENCE && !reference_is_gone(world))
        return world_fail(world, "%s %s the reference peer still has connections", oracle, when);
    return true;
}

/* Of the ends that have not moved since. */
static bool fail_not_over(struct world *world, const char *when, rill_time since)
{
    for (unsigned e = 0; e < 2 * world->scenario.session_count; e++) {
        struct end *end = end_at(world, e), *peer = peer_of(end);
        struct rill_status s = {0}, p = {0};

        if (!end->has_opened || end->is_over || end->session->moved_at > since)
            continue;
        if (end->conn != 0)
            rill_status(world->hosts[end->host].stack, end->conn, &s);
        if (peer->conn != 0)
            rill_status(world->hosts[peer->host].stack, peer->conn, &p);
        return world_fail(world,
                          "L1 %s session %u %s (host %u) is not over: %s, sent %llu of %llu received %llu, queued to "
                          "send %u, to read %u, flight %u, window %u, backoff %u, flags 0x%x, buffers %u %u; its peer "
                          "%s: %s, sent %llu of %llu "
                          "received %llu",
                          when, e / 2, e % 2 == 0 ? "client" : "server", end->host, rill_state_name(s.state),
                          (unsigned long long)end->sent, (unsigned long long)end->temper.send_total,
                          (unsigned long long)end->received, s.send_queued, s.receive_queued, s.flight_bytes, s.snd_wnd,
                          s.backoff, end->temper.flags, s.send_buffer_bytes, s.receive_buffer_bytes,
                          peer->is_over      ? "is over"
                          : peer->has_opened ? "is open"
                                             : "never opened",
                          rill_state_name(p.state), (unsigned long long)peer->sent,
                          (unsigned long long)peer->temper.send_total, (unsigned long long)peer->received);
    }
    return true;
}

/* L1, looked at each second. */
static bool judge_progress(struct world *world)
{
    rill_time heal_at = world->scenario.heal_at;

    if (world->now < world->progress_judged_at + NANOS_PER_S || world->now < heal_at + MOVES_WITHIN)
        return true;
    world->progress_judged_at = world->now;
    if (world->now > heal_at + ALL_OVER_WITHIN)
        return fail_not_over(world, "an hour after the heal", RILL_NEVER);
    return fail_not_over(world, "for 420 s", world->now - MOVES_WITHIN);
}

/*
 * L3: the packets since ten seconds after the last application left, against the connections there were then; but for
 * what old copies and what was long on its way may be answered with, and the answer to that.
 */
static void judge_silence(struct world *world)
{
    uint64_t packets, seconds;

    if (world->open_ends > 0 || world->now < world->last_over_at + QUIET_AFTER || !world->is_healed ||
        world->now < world->scenario.heal_at + QUIET_AFTER || /* a full device had answers waiting */
        world->scenario.attacker == ATTACKER_ON_PATH) /* two ends that it made believe different things may argue */
        return;
    if (world->quiet_since == 0) {
        world->quiet_since = world->now;
        world->quiet_packets = world->result->packets;
        world->copies_arrived = 0;
        return;
    }
    packets = world->result->packets - world->quiet_packets;
    seconds = (world->now - world->quiet_since) / NANOS_PER_S + 10;
    if (packets > seconds * 2 * world->scenario.session_count + 2 * world->copies_arrived)
        world_fail(world, "L3 %llu packets in %llu s after all applications had left", (unsigned long long)packets,
                   (unsigned long long)seconds);
}

/* True when the run is over, well or not. */
static bool is_finished(struct world *world, const struct event *event)
{
    const struct scenario *s = &world->scenario;

    if (world_has_failed(world))
        return true;
    if (!world->is_healed)
        return false;
    if (world->open_ends > 0)
        return !judge_progress(world);
    judge_silence(world);
    if (world->now > max_u64(world->last_over_at, s->heal_at) + ALL_GONE_WITHIN)
        return is_all_gone(world) || !fail_not_gone(world, "L2", "16 min after the last close");
    return event->kind != EVENT_ARRIVAL && is_all_gone(world);
}

static void count_event(struct world *world, const struct event *event)
{
    struct sim_result *result = world->result;

    world->events_at_now = event->at == world->now ? world->events_at_now + 1 : 0;
    world->now = event->at;
    result->events++;
    world_hash(world, event->kind, event->index);
    if (result->events > (world->settings.events_max != 0 ? world->settings.events_max : EVENTS_MAX) ||
        world->events_at_now > EVENTS_AT_ONCE_MAX)
        world_fail(world, "L3 %llu events, %llu of them at this instant", (unsigned long long)result->events,
                   (unsigned long long)world->events_at_now);
}

/* Until then, or until the run is over. */
static void run_until(struct world *world, rill_time until)
{
    const struct sim_settings *settings = &world->settings;
    struct event event;

    while (!world->is_over && event_queue_next_at(&world->queue) < until) {
        (void)event_queue_pop(&world->queue, &event);
        if (is_stale(world, &event))
            continue;
        count_event(world, &event);
        handle(world, &event);
        if (settings->check != 0 && world->result->events % settings->check == 0 && !world_has_failed(world))
            check_stacks(world);
        world->is_over = is_finished(world, &event);
    }
}

static void run_to_end(struct world *world)
{
    run_until(world, RILL_NEVER);
    if (world_has_failed(world))
        return;
    call_once_more(world);
    if (world->open_ends > 0)
        fail_not_over(world, "nothing will ever happen again:", RILL_NEVER);
    else if (!is_all_gone(world))
        fail_not_gone(world, "R3", "nothing will ever happen again:");
    check_stacks(world);
}

static void run(struct world *world)
{
    if (open_world(world))
        run_to_end(world);
}

static void run_to_fork(struct world *world)
{
    if (open_world(world))
        run_until(world, world->settings.fork_at);
}

static void note_counts(struct world *world)
{
    for (unsigned i = 0; i < world->scenario.host_count; i++) {
        struct rill_memory m;

        if (world->hosts[i].stack == NULL)
            continue;
        rill_memory(world->hosts[i].stack, &m);
        world->result->requests[i] = m.requests - world->hosts[i].requests_before;
        world->result->fast_opens += (uint32_t)rill_counted(world->hosts[i].stack, RILL_COUNT_TCP_FAST_OPEN_PASSIVE);
    }
}

static void begin(struct world *world, const struct sim_settings *settings, struct sim_result *result)
{
    *result = (struct sim_result){0};
    world->settings = *settings;
    world->result = result;
    world->quiet_since = 0;
    scenario_draw(&world->scenario, settings->seed, settings->profile, settings->faults);
    if (settings->cuts != NULL)
        cuts_apply(settings->cuts, &world->scenario);
    if (settings->pcap != NULL)
        capture_begin(settings->pcap);
}

/* An assert that fails ends it. */
static void guard(struct world *world, void (*part)(struct world *))
{
    jmp_buf door;

    assert_world = world;
    assert_door = &door;
    if (setjmp(door) == 0)
        part(world);
    assert_door = NULL;
}

static bool finish(struct world *world)
{
    struct sim_result *result = world->result;

    trace_memory(world);
    note_counts(world);
    result->took = world->now;
    return result->failure[0] == '\0';
}

bool sim_run(struct world *world, const struct sim_settings *settings, struct sim_result *result)
{
    bool is_well;

    begin(world, settings, result);
    guard(world, run);
    is_well = finish(world);
    close_world(world);
    return is_well;
}

unsigned sim_run_forked(struct world *world, const struct sim_settings *settings, unsigned count, const uint64_t *seeds,
                        struct sim_result *results)
{
    struct moment *moment;
    unsigned done = 0;

    begin(world, settings, &results[0]);
    guard(world, run_to_fork);
    moment = moment_take(world);
    for (; moment != NULL && done < count; done++) {
        world->result = &results[done];
        moment_restore(moment, world);
        if (seeds[done] != 0)
            moment_reseed(world, seeds[done]);
        if (!world_has_failed(world))
            guard(world, run_to_end);
        (void)finish(world);
    }
    if (moment != NULL)
        moment_free(moment);
    close_world(world);
    return done;
}
