/*
 * The engine of `rill bench soak` and of the transfer tests. Its application
 * acts on events alone, as a real one does: an event that the stack forgets
 * shows as a stalled stream.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/types.h"
#include "cli/soak.h"

#define PORT 7
#define CHUNK_BYTES 65536u
#define QUEUE_PACKETS 1024u
#define STALL_MAX (30 * 60 * NANOS_PER_S) /* of virtual time without a byte: longer than any chain of backed off RTOs */
#define TURNS_WITHOUT_TIME_MAX 1000000u
#define WAIT_AFTER_CLOSE (3600 * NANOS_PER_S) /* 2 MSL, FIN-WAIT-2 and the user timeout are over by then */

/* One end: a stack, its driver, and an application that sends one stream and receives another. */
struct end {
    const char *name;
    struct rill_stack *stack;
    struct rill_driver *driver;
    void *memory;
    size_t memory_bytes;
    rill_conn listener, conn;
    uint64_t sent, received;
    uint32_t sends_seed, receives_seed; /* of the streams */
    bool may_send, may_receive;         /* since the last EAGAIN */
    bool is_established, has_shut_down, saw_end;
    uint64_t chunk_start; /* the stream's position that chunk[0] is for; UINT64_MAX: no chunk yet */
    uint64_t chunk[CHUNK_BYTES / 8];
};

struct soak {
    const struct soak_settings *settings;
    struct soak_result *result;
    struct end ends[2];
    struct rill_driver *impaired; /* NULL when direct */
    rill_time now, last_progress;
    uint64_t turns_at_now;
};

static bool fail(struct soak *soak, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool fail(struct soak *soak, const char *format, ...)
{
    va_list arguments;
    if (soak->result->failure[0] != '\0')
        return false;
    va_start(arguments, format);
    vsnprintf(soak->result->failure, sizeof soak->result->failure, format, arguments);
    va_end(arguments);
    return false;
}

/* ---------------------------------------------------------------- streams */

/* SplitMix64's output function over the position: any 8 bytes of a stream are known without those before them. */
static uint64_t stream_word(uint32_t seed, uint64_t index)
{
    uint64_t z = ((uint64_t)seed << 32 ^ index) + UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* The stream's bytes from `position`, which is a multiple of 8. */
static void fill(uint64_t *words, size_t count, uint32_t seed, uint64_t position)
{
    for (size_t i = 0; i < count; i++)
        words[i] = stream_word(seed, position / 8 + i);
}

static bool verify(struct soak *soak, const struct end *end, const uint8_t *data, size_t bytes)
{
    static const size_t word_bytes = 8;
    for (size_t i = 0; i < bytes;) {
        uint64_t position = end->received + i;
        size_t skip = position % word_bytes;
        uint64_t word = stream_word(end->receives_seed, position / word_bytes);
        size_t length = word_bytes - skip < bytes - i ? word_bytes - skip : bytes - i;
        if (memcmp(data + i, (const uint8_t *)&word + skip, length) != 0)
            return fail(soak, "%s: the stream is wrong in the %zu bytes from %llu on", end->name, length,
                        (unsigned long long)position);
        i += length;
    }
    return true;
}

/* ------------------------------------------------------------ application */

/* One chunk's worth or less; false when the stack takes no more for now. */
static bool send_some(struct soak *soak, struct end *end)
{
    uint64_t total = soak->settings->bytes;
    uint64_t start = end->sent - end->sent % CHUNK_BYTES;
    if (end->chunk_start != start) {
        fill(end->chunk, CHUNK_BYTES / 8, end->sends_seed, start);
        end->chunk_start = start;
    }
    size_t offset = (size_t)(end->sent - start);
    size_t bytes = (size_t)min_u64(CHUNK_BYTES - offset, total - end->sent);
    int64_t taken = rill_send(end->stack, end->conn, (const uint8_t *)end->chunk + offset, bytes, 0);
    if (taken < 0 && taken != -RILL_EAGAIN)
        return fail(soak, "%s: rill_send: %s", end->name, rill_error_name((int)taken));
    if (taken > (int64_t)bytes)
        return fail(soak, "%s: rill_send took more than it was given", end->name);
    end->sent += taken > 0 ? (uint64_t)taken : 0;
    return taken == (int64_t)bytes;
}

static bool send_all(struct soak *soak, struct end *end)
{
    uint64_t before = end->sent;
    while (end->may_send && end->sent < soak->settings->bytes)
        end->may_send = send_some(soak, end);
    if (end->sent == soak->settings->bytes && !end->has_shut_down && end->is_established) {
        int result = rill_shutdown(end->stack, end->conn);
        if (result < 0)
            return fail(soak, "%s: rill_shutdown: %s", end->name, rill_error_name(result));
        end->has_shut_down = true;
        return true;
    }
    return end->sent != before;
}

/* False when nothing more is there for now. */
static bool receive_some(struct soak *soak, struct end *end)
{
    uint8_t data[CHUNK_BYTES];
    int64_t got = rill_receive(end->stack, end->conn, data, sizeof data, 0);
    if (got == -RILL_EAGAIN)
        return false;
    if (got < 0)
        return fail(soak, "%s: rill_receive: %s", end->name, rill_error_name((int)got));
    if (got == 0) {
        end->saw_end = true;
        return end->received == soak->settings->bytes ||
               fail(soak, "%s: the stream ends after %llu bytes", end->name, (unsigned long long)end->received);
    }
    if (end->received + (uint64_t)got > soak->settings->bytes)
        return fail(soak, "%s: more bytes than were sent", end->name);
    if (!verify(soak, end, data, (size_t)got))
        return false;
    end->received += (uint64_t)got;
    return true;
}

static bool receive_all(struct soak *soak, struct end *end)
{
    uint64_t before = end->received;
    bool had_end = end->saw_end;
    while (end->may_receive && !end->saw_end)
        end->may_receive = receive_some(soak, end);
    return end->received != before || end->saw_end != had_end;
}

static void accept_one(struct soak *soak, struct end *end)
{
    int result = rill_accept(end->stack, end->listener, &end->conn, NULL);
    if (result < 0)
        fail(soak, "%s: rill_accept: %s", end->name, rill_error_name(result));
    end->is_established = end->may_send = end->may_receive = true;
}

static void take_events(struct soak *soak, struct end *end)
{
    struct rill_event event;
    while (rill_next(end->stack, &event)) {
        if (event.what & RILL_ACCEPTABLE)
            accept_one(soak, end);
        if (event.what & RILL_RESET)
            fail(soak, "%s: the connection was reset: %s", end->name, rill_error_name(event.error));
        end->is_established |= (event.what & RILL_ESTABLISHED) != 0;
        end->may_send |= (event.what & (RILL_ESTABLISHED | RILL_WRITABLE)) != 0;
        end->may_receive |= (event.what & (RILL_READABLE | RILL_PEER_CLOSED)) != 0;
    }
}

/* True when something moved. */
static bool run_application(struct soak *soak, struct end *end)
{
    take_events(soak, end);
    if (end->conn == 0)
        return false;
    bool has_received = receive_all(soak, end);
    bool has_sent = send_all(soak, end);
    return has_received || has_sent;
}

/* ------------------------------------------------------------------ world */

static bool open_stack(struct soak *soak, struct end *end, uint8_t host, uint64_t secret)
{
    struct rill_config config;
    rill_config_default(&config);
    config.memory_bytes = soak->settings->memory_bytes != 0 ? soak->settings->memory_bytes : (size_t)64 << 20;
    config.memory =
        mmap(NULL, config.memory_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (config.memory == MAP_FAILED)
        return fail(soak, "%s: no memory", end->name);
    end->memory = config.memory;
    end->memory_bytes = config.memory_bytes;
    uint64_t words[2] = {stream_word((uint32_t)secret, host), stream_word((uint32_t)(secret >> 32), host)};
    memcpy(config.secret, words, sizeof config.secret);
    int result = rill_stack_create(&config, &end->stack);
    if (result < 0)
        return fail(soak, "%s: rill_stack_create: %s", end->name, rill_error_name(result));
    struct rill_netif_config netif = {.name = "wire", .addr = rill_addr4(10, 0, 0, host), .prefix_bits = 24};
    result = rill_attach(end->stack, end->driver, &netif);
    return result == 0 || fail(soak, "%s: rill_attach: %s", end->name, rill_error_name(result));
}

static bool open_wire(struct soak *soak)
{
    const struct soak_settings *settings = soak->settings;
    struct rill_impairment impairment = settings->impairment;
    struct rill_driver **a = &soak->ends[0].driver, **b = &soak->ends[1].driver;
    uint16_t mtu = settings->mtu != 0 ? settings->mtu : 1500;
    int result = settings->has_offload ? rill_memory_wire_offload(mtu, QUEUE_PACKETS, a, b)
                                       : rill_memory_wire(mtu, QUEUE_PACKETS, a, b);
    impairment.seed = settings->seed;
    if (result == 0 && !settings->is_direct) {
        result = rill_impaired_wire(*a, &impairment, &impairment, &soak->impaired);
        *a = soak->impaired != NULL ? soak->impaired : *a;
    }
    if (result == 0 && settings->pcap != NULL)
        result = rill_pcap_tap(*a, settings->pcap, a);
    return result == 0 || fail(soak, "the wire: error %d", -result);
}

static bool open_world(struct soak *soak)
{
    struct end *client = &soak->ends[0], *server = &soak->ends[1];
    uint64_t seed = soak->settings->seed;
    struct rill_options options;
    struct rill_endpoint remote = {.addr = rill_addr4(10, 0, 0, 2), .port = PORT};
    if (!open_wire(soak) || !open_stack(soak, client, 1, seed) || !open_stack(soak, server, 2, seed))
        return false;
    rill_options_default(&options);
    options.local.port = PORT;
    int result = rill_tcp_listen(server->stack, &options, &server->listener);
    if (result == 0)
        result = rill_tcp_connect(client->stack, &remote, NULL, &client->conn);
    return result == 0 || fail(soak, "listen or connect: %s", rill_error_name(result));
}

static void close_world(struct soak *soak)
{
    for (unsigned i = 0; i < 2; i++) {
        struct end *end = &soak->ends[i];
        if (end->driver != NULL)
            end->driver->ops->close(end->driver);
        if (end->stack != NULL)
            rill_stack_destroy(end->stack);
        if (end->memory != NULL)
            munmap(end->memory, end->memory_bytes);
    }
}

/* ------------------------------------------------------------------- time */

static rill_time next_deadline(struct soak *soak)
{
    rill_time next = RILL_NEVER;
    for (unsigned i = 0; i < 2; i++) {
        struct end *end = &soak->ends[i];
        next = min_u64(next, rill_deadline(end->stack));
        next = min_u64(next, end->driver->ops->deadline(end->driver));
    }
    return next;
}

static bool check_invariants(struct soak *soak)
{
    for (unsigned i = 0; i < 2; i++) {
        if (!rill_check(soak->ends[i].stack))
            return fail(soak, "%s: rill_check() found a broken invariant at turn %llu", soak->ends[i].name,
                        (unsigned long long)soak->result->turns);
    }
    return true;
}

/* Let everything happen that happens now; true when anything did. */
static bool step(struct soak *soak)
{
    bool moved = false, progressed = false;
    for (unsigned i = 0; i < 2; i++) {
        struct end *end = &soak->ends[i];
        moved |= rill_turn(end->stack, &end->driver, 1, soak->now);
        progressed |= run_application(soak, end);
    }
    soak->result->turns++;
    if (soak->settings->checks_every != 0 && soak->result->turns % soak->settings->checks_every == 0)
        check_invariants(soak);
    if (progressed)
        soak->last_progress = soak->now;
    if (++soak->turns_at_now > TURNS_WITHOUT_TIME_MAX)
        fail(soak, "something moves for ever without time passing");
    return moved || progressed;
}

/* Set the clock to when the next thing happens; false when nothing ever will, or not before `until`. */
static bool advance(struct soak *soak, rill_time until)
{
    rill_time next = next_deadline(soak);
    if (next > until)
        return false;
    if (next > soak->now) {
        soak->now = next;
        soak->turns_at_now = 0;
    }
    return true;
}

static bool is_complete(const struct soak *soak)
{
    bool complete = true;
    for (unsigned i = 0; i < 2; i++)
        complete &= soak->ends[i].has_shut_down && soak->ends[i].saw_end;
    return complete;
}

static bool fail_stalled(struct soak *soak, const char *how)
{
    const struct end *a = &soak->ends[0], *b = &soak->ends[1];
    return fail(soak, "%s at %.3f s: client sent %llu received %llu, server sent %llu received %llu of %llu bytes", how,
                (double)soak->now / (double)NANOS_PER_S, (unsigned long long)a->sent, (unsigned long long)a->received,
                (unsigned long long)b->sent, (unsigned long long)b->received,
                (unsigned long long)soak->settings->bytes);
}

static bool run_streams(struct soak *soak)
{
    while (soak->result->failure[0] == '\0') {
        if (step(soak))
            continue;
        if (is_complete(soak))
            return true;
        if (!advance(soak, RILL_NEVER - 1))
            return fail_stalled(soak, "nothing will ever happen again");
        if (soak->now - soak->last_progress > STALL_MAX)
            return fail_stalled(soak, "no byte moves");
    }
    return false;
}

/* Both ends close their handles; TIME-WAIT passes; then nothing may be left. */
static bool run_close(struct soak *soak)
{
    rill_time until = soak->now + WAIT_AFTER_CLOSE;
    for (unsigned i = 0; i < 2; i++) {
        struct end *end = &soak->ends[i];
        if (rill_close(end->stack, end->conn) < 0)
            return fail(soak, "%s: rill_close failed", end->name);
        end->conn = 0;
    }
    while (soak->result->failure[0] == '\0' && (step(soak) || advance(soak, until)))
        continue;
    for (unsigned i = 0; i < 2 && check_invariants(soak); i++) {
        struct end *end = &soak->ends[i];
        struct rill_memory memory;
        rill_memory(end->stack, &memory);
        if (memory.connections != 0 || memory.half_open != 0 || memory.time_wait != 0 || memory.buffer_bytes != 0)
            return fail(soak, "%s kept %u connections, %u half-open, %u in TIME-WAIT, %llu buffer bytes", end->name,
                        memory.connections, memory.half_open, memory.time_wait,
                        (unsigned long long)memory.buffer_bytes);
    }
    return soak->result->failure[0] == '\0';
}

bool soak_run(const struct soak_settings *settings, struct soak_result *result)
{
    struct soak *soak = calloc(1, sizeof *soak);
    *result = (struct soak_result){0};
    if (soak == NULL)
        return false;
    soak->settings = settings;
    soak->result = result;
    for (unsigned i = 0; i < 2; i++) {
        struct end *end = &soak->ends[i];
        end->name = i == 0 ? "client" : "server";
        end->sends_seed = (uint32_t)settings->seed * 2 + i;
        end->receives_seed = (uint32_t)settings->seed * 2 + (1 - i);
        end->chunk_start = UINT64_MAX;
    }
    bool is_good = open_world(soak) && run_streams(soak);
    result->took = soak->now;
    if (is_good)
        is_good = run_close(soak);
    if (soak->impaired != NULL)
        rill_impaired_counts(soak->impaired, &result->faults[0], &result->faults[1]);
    for (unsigned i = 0; i < 2 && soak->ends[i].stack != NULL; i++)
        result->retransmitted += rill_counted(soak->ends[i].stack, RILL_COUNT_TCP_RETRANSMITTED);
    close_world(soak);
    free(soak);
    return is_good;
}
