/*
 * Scripts out of runs, in the language of docs/drill.md.
 */
#include "sim/tape.h"

#include "sim/world.h"

#define LISTENING 3
#define CONNECTED 4

static bool is_active(const struct end *end)
{
    return end->side == 0 || end->session->scenario->is_simultaneous;
}

int tape_descriptor(const struct end *end)
{
    return is_active(end) ? LISTENING : CONNECTED;
}

const char *tape_result(int64_t result, char text[32])
{
    if (result >= 0)
        snprintf(text, 32, "%lld", (long long)result);
    else
        snprintf(text, 32, "-1 %s", rill_error_name((int)result));
    return text;
}

static void print_settings(const struct world *world, const struct end *end, FILE *out)
{
    const struct host_scenario *host = &world->scenario.hosts[end->host];
    const struct rill_config *c = &host->config;
    const struct temper *t = &end->temper;

    fprintf(out, "// Taped: seed %llu, session %u, %s.\n--mtu=%u\n", (unsigned long long)world->scenario.seed,
            end->index / 2, end->side == 0 ? "client" : "server", host->mtu);
    fprintf(out, "0 `sysctl -w rill.timestamps=%d rill.sack=%d rill.window_scaling=%d rill.syn_cookies=%d`\n",
            c->timestamps, c->sack, c->window_scaling, c->syn_cookies);
    fprintf(out, "+0 `sysctl -w rill.send_buffer_bytes=%u rill.receive_buffer_bytes=%u`\n",
            is_active(end) && t->send_buffer_bytes != 0 ? t->send_buffer_bytes : c->send_buffer_bytes,
            is_active(end) && t->receive_buffer_bytes != 0 ? t->receive_buffer_bytes : c->receive_buffer_bytes);
    fprintf(out, "+0 `sysctl -w rill.send_buffer_bytes_max=%u rill.receive_buffer_bytes_max=%u`\n",
            is_active(end) && t->send_buffer_bytes != 0 ? 0 : c->send_buffer_bytes_max,
            is_active(end) && t->receive_buffer_bytes != 0 ? 0 : c->receive_buffer_bytes_max);
    fprintf(out, "+0 `sysctl -w rill.rto_min_ms=%u rill.delayed_ack_ms=%u rill.msl_ms=%u rill.user_timeout_ms=%u`\n",
            c->rto_min_ms, c->delayed_ack_ms, c->msl_ms, c->user_timeout_ms);
    fprintf(out, "+0 `sysctl -w rill.fin_wait_2_ms=%u rill.initial_window_segments=%u rill.syn_retries=%u`\n",
            c->fin_wait_2_ms, c->initial_window_segments, c->syn_retries);
    fprintf(out, "+0 `sysctl -w rill.window_pacing=%d`\n", c->window_pacing);
}

static void print_flags(const struct end *end, FILE *out)
{
    static const struct {
        uint32_t flag;
        const char *level, *name;
    } names[] = {{RILL_OPTION_NODELAY, "SOL_TCP", "TCP_NODELAY"},
                 {RILL_OPTION_CORK, "SOL_TCP", "TCP_CORK"},
                 {RILL_OPTION_QUICK_ACK, "SOL_TCP", "TCP_QUICKACK"},
                 {RILL_OPTION_KEEPALIVE, "SOL_SOCKET", "SO_KEEPALIVE"}};

    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if ((end->temper.flags & names[i].flag) != 0)
            fprintf(out, "+0 setsockopt(%d, %s, %s, [1], 4) = 0\n", LISTENING, names[i].level, names[i].name);
    if (is_active(end) && end->temper.mss != 0)
        fprintf(out, "+0 setsockopt(%d, SOL_TCP, TCP_MAXSEG, [%u], 4) = 0\n", LISTENING, end->temper.mss);
}

static void begin(struct world *world, struct tape *tape, const struct end *end)
{
    tape->has_begun = true;
    tape->last_at = world->now;
    print_settings(world, end, tape->file);
    fprintf(tape->file, "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = %d\n", LISTENING);
    print_flags(end, tape->file);
    if (!is_active(end)) {
        fprintf(tape->file, "+0 bind(%d, ..., ...) = 0\n+0 listen(%d, 128) = 0\n", LISTENING, LISTENING);
        return;
    }
    fprintf(tape->file, "+0 fcntl(%d, F_SETFL, O_RDWR|O_NONBLOCK) = 0\n", LISTENING);
}

static void print_time(struct world *world, struct tape *tape, const struct end *end)
{
    uint64_t passed;

    if (!tape->has_begun)
        begin(world, tape, end);
    passed = world->now - tape->last_at;
    tape->last_at = world->now;
    if (passed == 0)
        fputs("+0 ", tape->file);
    else
        fprintf(tape->file, "+%llu.%09llu ", (unsigned long long)(passed / NANOS_PER_S),
                (unsigned long long)(passed % NANOS_PER_S));
}

/* The end that is taped, when it is this one or when end is NULL. */
static const struct end *taped(struct world *world, const struct end *end)
{
    struct tape *tape = world->settings.tape;
    const struct end *wanted = tape != NULL && tape->file != NULL ? end_at(world, tape->end) : NULL;

    return end == NULL || end == wanted ? wanted : NULL;
}

void tape_call(struct world *world, const struct end *end, const char *format, ...)
{
    struct tape *tape = world->settings.tape;
    va_list values;

    if (taped(world, end) == NULL)
        return;
    print_time(world, tape, end);
    va_start(values, format);
    vfprintf(tape->file, format, values);
    va_end(values);
    fputc('\n', tape->file);
}

/* ------------------------------------------------------------------- packets */

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint16_t port_of(const struct end *end)
{
    return is_active(end) ? end->port : SERVER_PORT;
}

static void print_option(const uint8_t *option, uint32_t acks_from, FILE *out)
{
    switch (option[0]) {
    case 2:
        fprintf(out, "mss %u", (unsigned)option[2] << 8 | option[3]);
        return;
    case 3:
        fprintf(out, "wscale %u", option[2]);
        return;
    case 4:
        fputs("sackOK", out);
        return;
    case 5:
        fputs("sack", out);
        for (unsigned i = 2; i + 8 <= option[1]; i += 8)
            fprintf(out, " %u:%u", get32(option + i) - acks_from, get32(option + i + 4) - acks_from);
        return;
    case 8:
        fprintf(out, "TS val %u ecr %u", get32(option + 2), get32(option + 6));
        return;
    default:
        fputs("raw ", out);
        for (unsigned i = 0; i < option[1]; i++)
            fprintf(out, "%02x", option[i]);
    }
}

/* Only of packets that packet_read() has found right. */
static void print_options(const uint8_t *tcp, uint32_t acks_from, FILE *out)
{
    uint32_t at = 20, end = (uint32_t)(tcp[12] >> 4) * 4;
    const char *before = " <";

    while (at < end && tcp[at] != 0) {
        fputs(before, out);
        before = ",";
        if (tcp[at] == 1)
            fputs("nop", out);
        else
            print_option(tcp + at, acks_from, out);
        at += tcp[at] == 1 ? 1 : tcp[at + 1];
    }
    for (; at < end; at++, before = ",")
        fprintf(out, "%seol", before);
    if (end > 20)
        fputc('>', out);
}

static bool is_of_end(const struct end *end, bool is_sent, const struct packet_seen *f)
{
    const struct end *peer = &end->session->ends[1 - end->side];
    const struct end *from = is_sent ? end : peer, *to = is_sent ? peer : end;

    return f->from == from->host + 1 && f->to == to->host + 1 && f->from_port == port_of(from) &&
           f->to_port == port_of(to);
}

void tape_packet(struct world *world, const struct host_sim *host, bool is_sent, const uint8_t *packet,
                 const struct packet_seen *f)
{
    struct tape *tape = world->settings.tape;
    const struct end *end = taped(world, NULL);
    unsigned from = is_sent ? 0 : 1;
    uint32_t seq, last;

    if (end == NULL || end->host != host->index || f->protocol != 6 || !is_of_end(end, is_sent, f))
        return;
    print_time(world, tape, end);
    if ((f->flags & TCP_SYN) != 0) {
        tape->has_iss[from] = true;
        tape->iss[from] = f->seq;
    }
    seq = f->seq - tape->iss[from];
    last = seq + f->payload_bytes;
    fprintf(tape->file, "%c ", is_sent ? '>' : '<');
    for (unsigned bit = 0; bit < 8; bit++)
        if (bit != 4 && (f->flags >> bit & 1) != 0)
            fputc("FSRP.UEW"[bit], tape -> file);
    if ((f->flags & TCP_ACK) != 0)
        fputc('.', tape->file);
    fprintf(tape->file, " %u:%u(%u)", seq, last, f->payload_bytes);
    if ((f->flags & TCP_ACK) != 0)
        fprintf(tape->file, " ack %u", f->ack - tape->iss[1 - from]);
    fprintf(tape->file, " win %u", f->window);
    print_options(packet + 20, tape->iss[1 - from], tape->file);
    fputc('\n', tape->file);
}
