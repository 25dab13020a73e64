/*
 * Draws a scenario from a seed. Each thing has a stream of its own, by name.
 */
#include "sim/scenario.h"

#include <string.h>

#define US NANOS_PER_US
#define MS NANOS_PER_MS
#define S NANOS_PER_S

#define LIFE_MAX (120 * S)
#define CHAOS_MAX (200 * S)
#define SWARM_PPM (PPM / 2)

const char *fault_name(enum fault fault)
{
#define SIM_X(symbol, name) name,
    static const char *const names[] = {SIM_FAULTS(SIM_X)};
#undef SIM_X
    return names[fault];
}

const char *faults_read(const char *text, uint64_t *out)
{
    *out = strcmp(text, "all") == 0 ? UINT64_MAX : 0;
    if (*out != 0 || strcmp(text, "none") == 0)
        return NULL;
    while (*text != '\0') {
        size_t bytes = strcspn(text, ",");
        unsigned fault = 0;

        while (fault < FAULTS && (strlen(fault_name((enum fault)fault)) != bytes ||
                                  strncmp(text, fault_name((enum fault)fault), bytes) != 0))
            fault++;
        if (fault == FAULTS)
            return text;
        *out |= UINT64_C(1) << fault;
        text += bytes + (text[bytes] == ',');
    }
    return NULL;
}

static void draw_swarm(struct scenario *s, uint64_t only)
{
    for (unsigned fault = 0; fault < FAULTS; fault++) {
        struct choices c;

        choices_init(&c, s->seed, "swarm/%s", fault_name((enum fault)fault));
        if (chance(&c, SWARM_PPM))
            s->faults |= UINT64_C(1) << fault;
    }
    s->faults &= only;
}

/* The last host is no stack but a reference peer; half of these have vices. */
static void draw_reference(struct scenario *s)
{
    struct choices c;

    s->reference = NO_REFERENCE;
    choices_init(&c, s->seed, "reference");
    if (!has_fault(s, FAULT_REFERENCE) || s->session_count > REFERENCES_MAX || chance(&c, PPM / 2))
        return;
    s->reference = (uint8_t)(s->host_count - 1);
    if (has_fault(s, FAULT_VICES))
        s->vices = (uint32_t)choices_word(&c) & (uint32_t)choices_word(&c);
}

static void draw_attacker(struct scenario *s)
{
    struct choices c;

    choices_init(&c, s->seed, "scenario/attacker");
    if (!has_fault(s, FAULT_ATTACKER) || chance(&c, PPM / 2))
        return;
    s->attacker = chance(&c, PPM * 3 / 4) ? ATTACKER_OFF_PATH : ATTACKER_ON_PATH;
    s->attack_pause = choose_log(&c, 100 * US, 1 * S);
}

static void draw_sizes(struct scenario *s)
{
    struct choices c;

    choices_init(&c, s->seed, "sizes");
    s->host_count = 2;
    s->session_count = 1;
    if (s->profile == PROFILE_SMALL) {
        s->host_count = chance(&c, PPM / 2) ? 2 : (uint32_t)choose_between(&c, 2, HOSTS_MAX);
        s->session_count = (uint32_t)choose_between(&c, 1, 8);
    } else if (s->profile == PROFILE_CROWD) {
        s->host_count = (uint32_t)choose_between(&c, 2, HOSTS_MAX);
        s->session_count = (uint32_t)choose_log(&c, 64, SESSIONS_MAX);
    }
    s->heal_at = choose_log(&c, 100 * MS, CHAOS_MAX);
    s->msl = has_fault(s, FAULT_MSL) ? choose_log(&c, has_fault(s, FAULT_REUSE) ? 1 * S : 20 * MS, 10 * S) : 30 * S;
}

/* --------------------------------------------------------------------- links */

static void draw_loss(const struct scenario *s, struct link_faults *link, unsigned from, unsigned to)
{
    static const uint8_t flags[] = {1, 2, 4, 16}; /* FIN, SYN, RST, ACK */
    struct choices c;

    choices_init(&c, s->seed, "scenario/link/%u-%u/loss", from, to);
    if (has_fault(s, FAULT_LOSS))
        link->loss_ppm = (uint32_t)choose_log(&c, 100, PPM / 2);
    choices_init(&c, s->seed, "scenario/link/%u-%u/bursts", from, to);
    if (has_fault(s, FAULT_BURSTS)) {
        link->burst_begins_ppm = (uint32_t)choose_log(&c, 100, PPM / 10);
        link->burst_ends_ppm = PPM / (uint32_t)choose_log(&c, 2, 500);
    }
    choices_init(&c, s->seed, "scenario/link/%u-%u/kth", from, to);
    if (has_fault(s, FAULT_KTH)) {
        link->kth_flag = flags[choose(&c, sizeof flags)];
        link->kth = (uint32_t)choose_log(&c, 1, 8);
    }
    choices_init(&c, s->seed, "scenario/link/%u-%u/ecn", from, to);
    if (has_fault(s, FAULT_ECN))
        link->mark_ppm = (uint32_t)choose_log(&c, 100, PPM / 2);
    choices_init(&c, s->seed, "scenario/link/%u-%u/fragments", from, to);
    if (has_fault(s, FAULT_FRAGMENTS) && chance(&c, PPM / 2))
        link->fragment_bytes = (uint32_t)choose_log(&c, 64, 1480);
    choices_init(&c, s->seed, "scenario/link/%u-%u/corrupt", from, to);
    if (has_fault(s, FAULT_CORRUPT))
        link->corrupt_ppm = (uint32_t)choose_log(&c, 100, PPM / 5);
}

static void draw_delay(const struct scenario *s, struct link_faults *link, unsigned from, unsigned to)
{
    struct choices c;

    choices_init(&c, s->seed, "scenario/link/%u-%u/delay", from, to);
    link->delay = has_fault(s, FAULT_DELAY) ? choose_log(&c, 1 * US, 2 * S) : choose_log(&c, 1 * US, 20 * MS);
    choices_init(&c, s->seed, "scenario/link/%u-%u/jitter", from, to);
    if (has_fault(s, FAULT_JITTER))
        link->jitter = choose_log(&c, 1 * US, 10 * link->delay + 1 * MS);
    choices_init(&c, s->seed, "scenario/link/%u-%u/reorder", from, to);
    if (has_fault(s, FAULT_REORDER)) {
        link->reorder_ppm = (uint32_t)choose_log(&c, 1000, PPM / 2);
        link->reorder_delay_max = choose_log(&c, 10 * US, 20 * link->delay + 1 * MS);
    }
    choices_init(&c, s->seed, "scenario/link/%u-%u/spikes", from, to);
    if (has_fault(s, FAULT_SPIKES)) {
        link->spike_ppm = (uint32_t)choose_log(&c, 100, 20000);
        link->spike_max = choose_log(&c, 10 * MS, 60 * S);
    }
    choices_init(&c, s->seed, "scenario/link/%u-%u/rate", from, to);
    if (has_fault(s, FAULT_RATE)) {
        link->rate_bits = choose_log(&c, 10000, UINT64_C(100000000000));
        link->queue_bytes = choose_log(&c, 2, 10000) * 1500;
    }
}

/*
 * Where ports are used again, no packet outlives the MSL: else TCP promises nothing (RFC 9293 3.4.2). Elsewhere
 * copies of it come back when its connection is long gone.
 */
static void draw_link(const struct scenario *s, struct link_faults *link, unsigned from, unsigned to)
{
    struct choices c;

    draw_loss(s, link, from, to);
    draw_delay(s, link, from, to);
    link->life_max = has_fault(s, FAULT_REUSE) ? s->msl / 2 : max_u64(LIFE_MAX, 2 * s->msl + 1 * S);
    link->delay = min_u64(link->delay, link->life_max / 4);
    choices_init(&c, s->seed, "scenario/link/%u-%u/duplicate", from, to);
    if (has_fault(s, FAULT_DUPLICATE)) {
        link->duplicate_ppm = (uint32_t)choose_log(&c, 1000, PPM * 3 / 10);
        link->copies_max = (uint32_t)choose_log(&c, 1, 50);
        link->copy_delay_max = choose_log(&c, 1 * US, 2 * s->msl + 1 * S);
    }
}

/* --------------------------------------------------------------------- hosts */

static void draw_memory(const struct scenario *s, struct host_scenario *host, unsigned i)
{
    struct rill_config *config = &host->config;
    struct choices c;

    choices_init(&c, s->seed, "scenario/host/%u/memory", i);
    config->memory_bytes = s->profile == PROFILE_CROWD ? MEMORY_MAX : MEMORY_MAX / 2;
    if (has_fault(s, FAULT_MEMORY) && chance(&c, PPM / 2))
        config->memory_bytes = (size_t)choose_log(&c, RILL_MEMORY_MIN, MEMORY_MAX / 4) / 4096 * 4096;
    choices_init(&c, s->seed, "scenario/host/%u/buffers", i);
    if (has_fault(s, FAULT_BUFFERS)) {
        config->send_buffer_bytes = (uint32_t)choose_log(&c, 4096, 1 << 20);
        config->receive_buffer_bytes = (uint32_t)choose_log(&c, 4096, 1 << 20);
        config->send_buffer_bytes_max = chance(&c, PPM / 2) ? 0 : (uint32_t)choose_log(&c, 4096, 8 << 20);
        config->receive_buffer_bytes_max = chance(&c, PPM / 2) ? 0 : (uint32_t)choose_log(&c, 4096, 8 << 20);
    }
}

static void draw_options(const struct scenario *s, struct host_scenario *host, unsigned i)
{
    struct rill_config *config = &host->config;
    struct choices c;

    choices_init(&c, s->seed, "scenario/host/%u/options", i);
    if (has_fault(s, FAULT_OPTIONS)) {
        config->timestamps = chance(&c, PPM / 2);
        config->sack = chance(&c, PPM / 2);
        config->window_scaling = chance(&c, PPM / 2);
        config->syn_cookies = chance(&c, PPM / 2);
        config->initial_window_segments = (uint32_t)choose_between(&c, 1, 10);
    }
    choices_init(&c, s->seed, "scenario/host/%u/timeouts", i);
    config->msl_ms = (uint32_t)(s->msl / MS);
    config->keepalive_idle_ms = (uint32_t)choose_log(&c, 5000, 60000);
    config->keepalive_interval_ms = 5000;
    if (has_fault(s, FAULT_TIMEOUTS)) {
        config->rto_min_ms = (uint32_t)choose_log(&c, 10, 1000);
        config->delayed_ack_ms = (uint32_t)choose_between(&c, 0, 499);
        config->user_timeout_ms = (uint32_t)choose_log(&c, 5000, 900000);
        config->syn_timeout_ms = (uint32_t)choose_log(&c, 2000, 180000);
        config->fin_wait_2_ms = (uint32_t)choose_log(&c, 1000, 60000);
        config->syn_retries = (uint32_t)choose_between(&c, 1, 8);
    }
}

/* How it sends: congestion control, pacing, ECN, path MTU. */
static void draw_sender(const struct scenario *s, struct host_scenario *host, unsigned i)
{
    struct rill_config *config = &host->config;
    unsigned names = 0;
    struct choices c;

    choices_init(&c, s->seed, "scenario/host/%u/sender", i);
    while (rill_congestion_control_name(names) != NULL)
        names++;
    if (has_fault(s, FAULT_SENDER)) {
        config->congestion_control = rill_congestion_control_name((unsigned)choose(&c, names));
        config->pacing = chance(&c, PPM / 2);
    }
    if (has_fault(s, FAULT_ECN))
        config->ecn = (uint32_t)choose_between(&c, RILL_ECN_OFF, RILL_ECN_ACCURATE);
    choices_init(&c, s->seed, "scenario/host/%u/mtu-probing", i);
    if (has_fault(s, FAULT_PATH_MTU))
        config->mtu_probing = (uint32_t)choose(&c, RILL_MTU_PROBING_ALWAYS + 1);
}

static void draw_refusals(const struct scenario *s, struct host_scenario *host, unsigned i)
{
    struct choices c;

    choices_init(&c, s->seed, "scenario/host/%u/refusals", i);
    if (has_fault(s, FAULT_REFUSALS) && chance(&c, PPM * 3 / 4)) {
        host->refuse_ppm = (uint32_t)choose_log(&c, 100, PPM / 2);
        host->refuse_max = (uint32_t)choose_log(&c, 1, 64);
    }
    choices_init(&c, s->seed, "scenario/host/%u/fast-open", i);
    if (has_fault(s, FAULT_FAST_OPEN) && chance(&c, PPM * 7 / 8))
        host->fast_open_backlog = (uint32_t)choose_log(&c, 1, 16);
}

static void draw_driver(const struct scenario *s, struct host_scenario *host, unsigned i)
{
    struct choices c;

    choices_init(&c, s->seed, "scenario/host/%u/driver", i);
    host->rx_burst_max = 64;
    host->polls_often = chance(&c, PPM / 2);
    host->borrows_rx = has_fault(s, FAULT_RX_BORROWED) && chance(&c, PPM / 2);
    host->has_offload = has_fault(s, FAULT_OFFLOAD) && chance(&c, PPM * 3 / 4) && i != s->reference;
    if (has_fault(s, FAULT_TX_PARTIAL))
        host->tx_burst_max = (uint32_t)choose_log(&c, 1, 16);
    choices_init(&c, s->seed, "scenario/host/%u/driver/rx", i);
    if (has_fault(s, FAULT_RX_BATCHES)) {
        host->rx_burst_max = (uint32_t)choose_log(&c, 1, 64);
        host->rx_delay_max = choose_log(&c, 1 * US, 100 * MS);
    }
    choices_init(&c, s->seed, "scenario/host/%u/driver/tx", i);
    if (has_fault(s, FAULT_TX_FULL)) {
        host->tx_full_ppm = (uint32_t)choose_log(&c, 100, PPM / 5);
        host->tx_full_max = choose_log(&c, 100 * US, 60 * S);
    }
    choices_init(&c, s->seed, "scenario/host/%u/driver/late", i);
    if (has_fault(s, FAULT_LATE_POLLS))
        host->poll_late_max = choose_log(&c, 10 * US, 10 * S);
    choices_init(&c, s->seed, "scenario/host/%u/mtu", i);
    host->mtu = has_fault(s, FAULT_MTU) ? (uint16_t)choose_between(&c, 576, 9000) : 1500;
}

/* Clocks near where 32 bits of milliseconds, or 64 of nanoseconds, change sign. */
static void draw_clock(const struct scenario *s, struct host_scenario *host, unsigned i)
{
    static const uint32_t corners[] = {0, UINT32_C(0x80000000), UINT32_C(0xffffffff), UINT32_C(0x7fffffff)};
    static const rill_time ticks[] = {1, 500 * US, 1 * MS, 4 * MS, 10 * MS, 15625 * US, 55 * MS};
    struct choices c;

    choices_init(&c, s->seed, "scenario/host/%u/clock", i);
    host->clock_offset = choose_log(&c, 1 * S, 1000000 * S);
    if (has_fault(s, FAULT_CLOCK_START)) {
        uint64_t before = choose_log(&c, 1 * MS, 2 * s->heal_at + 1 * S);
        uint64_t wrap = (UINT64_C(1) << (chance(&c, PPM / 2) ? 31 : 32)) * MS;

        host->ran_before = wrap > before ? wrap - before : 0;
        if (chance(&c, PPM / 4))
            host->clock_offset = (UINT64_C(1) << 63) - before - host->ran_before;
    }
    choices_init(&c, s->seed, "scenario/host/%u/tick", i);
    /* Where a connection is begun again within a tick its ISN is the same, and nothing tells the incarnations apart. */
    host->clock_tick = has_fault(s, FAULT_CLOCK_COARSE) && !has_fault(s, FAULT_REUSE) && !has_fault(s, FAULT_LISTENER)
                           ? ticks[choose(&c, sizeof ticks / sizeof ticks[0])]
                           : 1;
    choices_init(&c, s->seed, "scenario/host/%u/isn", i);
    host->has_corner_isn = has_fault(s, FAULT_ISN) && chance(&c, PPM * 3 / 4);
    host->corner_isn = corners[choose(&c, 4)] - (uint32_t)choose_log(&c, 1, 100000);
}

static void draw_host(const struct scenario *s, struct host_scenario *host, unsigned i)
{
    struct choices c;
    uint64_t secret[2];

    rill_config_default(&host->config);
    choices_init(&c, s->seed, "scenario/host/%u/counts", i);
    host->config.transfer_counts = chance(&c, PPM / 2);
    draw_memory(s, host, i);
    draw_options(s, host, i);
    draw_sender(s, host, i);
    draw_driver(s, host, i);
    draw_refusals(s, host, i);
    draw_clock(s, host, i);
    choices_init(&c, s->seed, "scenario/host/%u/secret", i);
    secret[0] = choices_word(&c);
    secret[1] = choices_word(&c);
    memcpy(host->secret, secret, sizeof host->secret);
}

/* ------------------------------------------------------------------ sessions */

static uint64_t draw_total(const struct scenario *s, struct choices *c)
{
    static const uint64_t most[] = {[PROFILE_TINY] = 4096, [PROFILE_SMALL] = 1 << 20, [PROFILE_CROWD] = 16384};

    return chance(c, PPM / 6) ? 0 : choose_log(c, 1, most[s->profile]);
}

static void draw_pace(const struct scenario *s, struct temper *t, struct choices *c)
{
    t->write_bytes = (uint32_t)choose_log(c, 1, 65536);
    t->write_bytes = (uint32_t)max_u64(t->write_bytes, t->send_total / 256);
    t->read_bytes = 65536;
    if (!has_fault(s, FAULT_TEMPERS))
        return;
    if (chance(c, PPM / 4))
        t->write_pause = choose_log(c, 1 * US, 2 * S);
    if (chance(c, PPM / 4)) {
        t->read_bytes = (uint32_t)choose_log(c, 1, 16384);
        t->read_pause = choose_log(c, 100 * US, 1 * S);
    }
    if (chance(c, PPM / 4))
        t->read_after = choose_log(c, 1 * MS, s->heal_at);
    if (chance(c, PPM / 10))
        t->read_after = RILL_NEVER;
    if (chance(c, PPM / 8)) {
        t->hold_after = choose_log(c, 1 * US, s->heal_at);
        t->hold_for = choose_log(c, 1 * MS, s->heal_at);
    }
}

static void draw_temper(const struct scenario *s, struct temper *t, unsigned session, unsigned side)
{
    static const uint32_t flags[] = {
        0, 0, RILL_OPTION_NODELAY, RILL_OPTION_KEEPALIVE, RILL_OPTION_QUICK_ACK, RILL_OPTION_CORK};
    struct choices c;

    choices_init(&c, s->seed, "scenario/session/%u/%u", session, side);
    t->send_total = draw_total(s, &c);
    draw_pace(s, t, &c);
    choices_init(&c, s->seed, "scenario/session/%u/%u/ending", session, side);
    if (!has_fault(s, FAULT_TEMPERS))
        return;
    t->ending = chance(&c, PPM / 2) ? ENDING_POLITE : (enum ending)choose(&c, ENDINGS);
    t->ending_after = choose_log(&c, 1 * US, s->heal_at);
    t->flags = flags[choose(&c, 6)] | flags[choose(&c, 6)];
    t->borrows = chance(&c, PPM / 3);
    t->peeks = chance(&c, PPM / 8);
    if (chance(&c, PPM / 4))
        t->receive_buffer_bytes = (uint32_t)choose_log(&c, 2048, 1 << 20);
    if (chance(&c, PPM / 4))
        t->send_buffer_bytes = (uint32_t)choose_log(&c, 2048, 1 << 20);
    if (chance(&c, PPM / 8))
        t->mss = (uint16_t)choose_between(&c, 100, 1460);
}

static void draw_urgent(const struct scenario *s, struct temper *t, unsigned session, unsigned side)
{
    struct choices c;

    choices_init(&c, s->seed, "scenario/session/%u/%u/urgent", session, side);
    if (!has_fault(s, FAULT_URGENT))
        return;
    t->stops_at_mark = chance(&c, PPM / 2);
    if (chance(&c, PPM / 2))
        t->urgent_every = (uint32_t)choose_log(&c, 1, 64);
}

/* The SYN waits for the first data (RFC 7413), so there must be some. URG has no place in a SYN. */
static void draw_fast_open(const struct scenario *s, struct session_scenario *session, unsigned i)
{
    struct temper *t = &session->tempers[0];
    struct choices c;

    choices_init(&c, s->seed, "scenario/session/%u/fast-open", i);
    if (!has_fault(s, FAULT_FAST_OPEN) || session->is_simultaneous || t->send_total == 0 || chance(&c, PPM / 4))
        return;
    t->flags |= RILL_OPTION_FAST_OPEN;
    t->urgent_every = 0;
}

static void draw_session(const struct scenario *s, struct session_scenario *session, unsigned i)
{
    struct choices c;

    choices_init(&c, s->seed, "scenario/session/%u", i);
    session->server = s->profile == PROFILE_CROWD ? 0 : (uint8_t)choose(&c, s->host_count);
    session->client = (uint8_t)((session->server + 1 + choose(&c, s->host_count - 1)) % s->host_count);
    session->starts_at[0] = i == 0 ? 1 * MS : choose_log(&c, 1 * MS, s->heal_at);
    session->starts_at[1] = session->starts_at[0] + (chance(&c, PPM / 2) ? 0 : choose_log(&c, 1, 100 * MS));
    session->is_simultaneous = has_fault(s, FAULT_SIMULTANEOUS) && chance(&c, PPM / 3);
    if (session->client == s->reference || session->server == s->reference)
        session->is_simultaneous = false;
    if (has_fault(s, FAULT_REUSE))
        session->client_port = (uint16_t)(2000 + choose(&c, 2));
    if (session->is_simultaneous || (i == 0 && has_fault(s, FAULT_ISN)))
        session->client_port = (uint16_t)(3000 + i);
    for (unsigned side = 0; side < 2; side++) {
        draw_temper(s, &session->tempers[side], i, side);
        draw_urgent(s, &session->tempers[side], i, side);
    }
    draw_fast_open(s, session, i);
}

/* ------------------------------------------------------------- timed faults */

static void add_timed(struct scenario *s, struct timed_fault fault)
{
    if (s->timed_count < TIMED_FAULTS_MAX && fault.at < s->heal_at)
        s->timed[s->timed_count++] = fault;
}

static void draw_timed(struct scenario *s)
{
    struct choices c;

    choices_init(&c, s->seed, "scenario/partition");
    for (uint64_t n = has_fault(s, FAULT_PARTITION) ? choose_between(&c, 1, 4) : 0; n > 0; n--)
        add_timed(s,
                  (struct timed_fault){TIMED_CUT, choose_log(&c, 1 * MS, s->heal_at), choose_log(&c, 1 * S, 3600 * S),
                                       0, (uint8_t)choose(&c, s->host_count), (uint8_t)choose(&c, s->host_count)});
    choices_init(&c, s->seed, "scenario/jumps");
    for (uint64_t n = has_fault(s, FAULT_CLOCK_JUMP) && !has_fault(s, FAULT_REUSE) ? choose_between(&c, 1, 3) : 0;
         n > 0; n--)
        add_timed(s, (struct timed_fault){TIMED_JUMP, choose_log(&c, 1 * MS, s->heal_at),
                                          choose_log(&c, 1 * MS, 3600 * S), 0, (uint8_t)choose(&c, s->host_count), 0});
    choices_init(&c, s->seed, "scenario/listener");
    for (uint64_t n = has_fault(s, FAULT_LISTENER) ? choose_between(&c, 1, 3) : 0; n > 0; n--) {
        uint8_t host = (uint8_t)choose(&c, s->host_count);
        rill_time at = choose_log(&c, 1 * MS, s->heal_at);

        add_timed(s, (struct timed_fault){TIMED_LISTENER_CLOSES, at, 0, 0, host, 0});
        add_timed(s, (struct timed_fault){TIMED_LISTENER_OPENS, at + choose_log(&c, 1 * US, 10 * S), 0, 0, host, 0});
    }
}

/* Memory and paths that become narrow for a while. */
static void draw_narrows(struct scenario *s)
{
    struct choices c;

    choices_init(&c, s->seed, "scenario/squeeze");
    for (uint64_t n = has_fault(s, FAULT_SQUEEZE) ? choose_between(&c, 1, 4) : 0; n > 0; n--) {
        struct timed_fault f = {.kind = TIMED_SQUEEZE, .host = (uint8_t)choose(&c, s->host_count)};

        f.at = choose_log(&c, 1 * MS, s->heal_at);
        f.value = (uint32_t)choose_log(&c, 1, 64) - 1;
        add_timed(s, f);
        f.kind = TIMED_RELEASE;
        f.at += choose_log(&c, 1 * US, 30 * S);
        add_timed(s, f);
    }
    choices_init(&c, s->seed, "scenario/path-mtu");
    for (uint64_t n = has_fault(s, FAULT_PATH_MTU) ? choose_between(&c, 1, 6) : 0; n > 0; n--) {
        struct timed_fault f = {.kind = chance(&c, PPM * 3 / 4) ? TIMED_MTU : TIMED_BLACK_HOLE};

        f.at = choose_log(&c, 1 * MS, s->heal_at);
        f.host = (uint8_t)choose(&c, s->host_count);
        f.other = (uint8_t)choose(&c, s->host_count);
        f.value = chance(&c, PPM / 4) ? 0 : (uint32_t)choose_between(&c, 576, 1500);
        add_timed(s, f);
    }
}

void scenario_draw(struct scenario *s, uint64_t seed, enum profile profile, uint64_t only)
{
    memset(s, 0, sizeof *s);
    s->seed = seed;
    s->profile = profile;
    draw_swarm(s, only);
    draw_sizes(s);
    draw_reference(s);
    draw_attacker(s);
    for (unsigned i = 0; i < s->host_count; i++) {
        draw_host(s, &s->hosts[i], i);
        for (unsigned j = 0; j < s->host_count; j++)
            draw_link(s, &s->links[i][j], i, j);
    }
    for (unsigned i = 0; i < s->session_count; i++)
        draw_session(s, &s->sessions[i], i);
    draw_timed(s);
    draw_narrows(s);
}
