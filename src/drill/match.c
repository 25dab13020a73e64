/*
 * Expected packets against captured ones. Data is matched as a stream: an
 * expected packet may be met by several segments, and one segment may meet
 * several expected packets, unless segments are to match one to one.
 */
#include "drill/run.h"

#include "drill/option_bytes.h"
#include "wire/ipv4.h"
#include "wire/tcp.h"

#include <stdlib.h>
#include <string.h>

static bool mismatch(struct run *run, const struct captured *got, const char *what)
{
    struct text text = {0};

    captured_describe(got, &text);
    run_fail(run, "expected %s, got %s (%s)", run->event->source, text_of(&text), what);
    text_free(&text);
    return false;
}

/* ---------------------------------------------------------------------- options */

static bool timestamp_matches(struct run *run, struct flow *flow, const struct drill_option *expected,
                              const struct drill_option *got)
{
    int64_t apart_ms;

    if (got->value_count != 2)
        return false;
    if (!flow->ts_known) {
        flow->ts_known = true;
        flow->ts_offset = expected->any ? 0 : expected->values[0] - got->values[0];
    }
    apart_ms = (int32_t)(got->values[0] + flow->ts_offset - expected->values[0]);
    return expected->any || (llabs(apart_ms) <= run->tolerance_us / 1000 + 1 && got->values[1] == expected->values[1]);
}

static bool option_matches(struct run *run, struct flow *flow, const struct drill_option *expected,
                           const struct drill_option *got)
{
    if (expected->kind != got->kind)
        return false;
    if (expected->kind == WIRE_TS)
        return timestamp_matches(run, flow, expected, got);
    return expected->any || (expected->value_count == got->value_count && expected->byte_count == got->byte_count &&
                             memcmp(expected->values, got->values, sizeof expected->values) == 0 &&
                             memcmp(expected->bytes, got->bytes, sizeof expected->bytes) == 0);
}

static const struct drill_option *find_kind(const struct drill_option *options, unsigned count, uint8_t kind)
{
    for (unsigned i = 0; i < count; i++)
        if (options[i].kind == kind)
            return &options[i];
    return NULL;
}

static unsigned count_real(const struct drill_option *options, unsigned count)
{
    unsigned real = 0;

    for (unsigned i = 0; i < count; i++)
        real += options[i].kind > WIRE_NOP;
    return real;
}

static bool options_match_as_set(struct run *run, const struct drill_packet *expected, const struct captured *got)
{
    if (count_real(expected->options, expected->option_count) != count_real(got->options, got->option_count))
        return false;
    for (unsigned i = 0; i < expected->option_count; i++) {
        const struct drill_option *option = &expected->options[i], *other;

        if (option->kind <= WIRE_NOP)
            continue;
        other = find_kind(got->options, got->option_count, option->kind);
        if (other == NULL || !option_matches(run, got->flow, option, other))
            return false;
    }
    return true;
}

static bool options_match(struct run *run, const struct drill_packet *expected, const struct captured *got)
{
    /* FreeBSD's SYNs have the options in another order, which is taste. */
    bool as_set = run->options->options_as_set ||
                  ((expected->flags & TCP_SYN) != 0 && strcmp(run->options->profile, "freebsd") == 0);

    if (expected->options_any)
        return true;
    if (as_set)
        return options_match_as_set(run, expected, got);
    if (expected->option_count != got->option_count)
        return false;
    for (unsigned i = 0; i < expected->option_count; i++)
        if (!option_matches(run, got->flow, &expected->options[i], &got->options[i]))
            return false;
    return true;
}

/* ----------------------------------------------------------------------- fields */

static bool in_time(struct run *run, const struct captured *got)
{
    rill_time slack = (rill_time)run->tolerance_us * 1000;

    if (run->window_end == RILL_NEVER)
        return true;
    if (got->at + slack >= run->window_begin && got->at <= run->window_end + slack)
        return true;
    run_fail(run, "expected %s at %.6f, got it at %.6f", run->event->source, run_seconds(run, run->window_begin),
             run_seconds(run, got->at));
    return false;
}

static bool ip_matches(struct run *run, const struct drill_packet *expected, const struct captured *got)
{
    if (expected->tos >= 0 && got->tos != expected->tos)
        return mismatch(run, got, "the TOS differs");
    if (expected->ecn == DRILL_ECN_ECT01 && (got->tos & 3) != DRILL_ECN_ECT0 && (got->tos & 3) != DRILL_ECN_ECT1)
        return mismatch(run, got, "the ECN field differs");
    if (expected->ecn >= 0 && expected->ecn != DRILL_ECN_ECT01 && (got->tos & 3) != expected->ecn)
        return mismatch(run, got, "the ECN field differs");
    if (expected->ttl >= 0 && got->ttl != expected->ttl)
        return mismatch(run, got, "the TTL differs");
    if (expected->flow_label >= 0)
        return mismatch(run, got, "IPv4 has no flow label");
    return true;
}

static bool ports_match(struct run *run, const struct drill_packet *expected, const struct captured *got)
{
    return !expected->has_ports ||
           (got->source_port == expected->source_port && got->destination_port == expected->destination_port) ||
           mismatch(run, got, "the ports differ");
}

/* AccECN's digit stands for the flags AE, CWR and ECE together. */
static uint16_t expected_flags(const struct drill_packet *expected)
{
    uint16_t flags = expected->flags;

    if (expected->ace >= 0)
        flags |= (uint16_t)((expected->ace & 1 ? TCP_ECE : 0) | (expected->ace & 2 ? TCP_CWR : 0) |
                            (expected->ace & 4 ? DRILL_FLAG_AE : 0));
    return flags;
}

/* All but sequence, length and flags. */
static bool fields_match(struct run *run, const struct drill_packet *expected, const struct captured *got)
{
    if (!ip_matches(run, expected, got) || !ports_match(run, expected, got))
        return false;
    if (expected->has_ack && (got->flags & TCP_ACK) != 0 && got->ack != expected->ack)
        return mismatch(run, got, "the ACK number differs");
    if (expected->has_window && !run->options->any_window && got->window != expected->window)
        return mismatch(run, got, "the window differs");
    if (expected->has_urgent && got->urgent != expected->urgent)
        return mismatch(run, got, "the urgent pointer differs");
    if (!options_match(run, expected, got))
        return mismatch(run, got, "the options differ");
    return true;
}

/* ------------------------------------------------------------------------ matching */

/* Of the first captured segment, what the expected packet wants; the rest stays for the next one. */
static void keep_rest(struct captured *got, uint32_t taken_bytes)
{
    got->seq += taken_bytes;
    got->length_bytes -= taken_bytes;
}

/* A segment that is a part of the expected one: its flags may say less, and FIN or PSH come with the last. */
static bool part_matches(struct run *run, const struct drill_packet *expected, const struct captured *got, bool last,
                         bool shared)
{
    uint16_t want = expected_flags(expected), have = got->flags;
    uint16_t loose = last && !shared ? 0 : TCP_PSH | TCP_FIN;

    if ((want & ~(uint32_t)loose) != (have & ~(uint32_t)loose))
        return mismatch(run, got, "the flags differ");
    if (shared && (want & TCP_FIN) != 0)
        return mismatch(run, got, "the FIN comes later");
    return fields_match(run, expected, got);
}

static bool take_segments(struct run *run, const struct drill_packet *expected)
{
    uint32_t next = expected->seq, left = expected->length_bytes;
    rill_time until =
        run->window_end == RILL_NEVER ? RILL_NEVER : run->window_end + (rill_time)run->tolerance_us * 1000;

    for (;;) {
        struct captured *got = run->captured;
        bool shared, last;

        if (got == NULL) {
            if (!run_wait_for_packet(run, until))
                return false;
            got = run->captured;
        }
        if (got == NULL)
            return run_fail(run, "expected %s at %.6f, got nothing", run->event->source,
                            run_seconds(run, run->window_begin));
        if (got->protocol != IP_PROTOCOL_TCP)
            return mismatch(run, got, "another protocol");
        if (got->seq != next)
            return mismatch(run, got, "the sequence number differs");
        shared = got->length_bytes > left;
        last = got->length_bytes >= left;
        if ((run->options->exact_segments || run->exact_segments) && (shared || !last))
            return mismatch(run, got, "the length differs");
        if ((left > 0 && got->length_bytes == 0) || (left == 0 && shared))
            return mismatch(run, got, "the length differs");
        if (!part_matches(run, expected, got, last, shared) || !in_time(run, got))
            return false;
        if (shared) {
            keep_rest(got, left);
            return true;
        }
        next += got->length_bytes;
        left -= got->length_bytes;
        captured_drop_first(run);
        if (last)
            return true;
    }
}

static bool icmp_matches(struct run *run, const struct drill_packet *expected, const struct captured *got)
{
    if (got->icmp_type != expected->icmp_type || got->icmp_code != expected->icmp_code)
        return mismatch(run, got, "the type or the code differs");
    if (expected->has_echo_id && got->echo_id != expected->echo_id)
        return mismatch(run, got, "the identifier differs");
    if (expected->has_echo_seq && got->echo_seq != expected->echo_seq)
        return mismatch(run, got, "the sequence number differs");
    if (expected->has_echo_bytes && got->length_bytes != expected->length_bytes)
        return mismatch(run, got, "the length differs");
    return true;
}

static bool take_other(struct run *run, const struct drill_packet *expected)
{
    uint8_t protocol = expected->protocol == DRILL_UDP ? IP_PROTOCOL_UDP : IP_PROTOCOL_ICMP;
    struct captured *got;

    if (!run_wait_for_packet(run, run->window_end + (rill_time)run->tolerance_us * 1000))
        return false;
    got = run->captured;
    if (got == NULL)
        return run_fail(run, "expected %s, got nothing", run->event->source);
    if (got->protocol != protocol)
        return mismatch(run, got, "another protocol");
    if (protocol == IP_PROTOCOL_UDP && got->length_bytes != expected->length_bytes)
        return mismatch(run, got, "the length differs");
    if (protocol == IP_PROTOCOL_UDP && !ports_match(run, expected, got))
        return false;
    if (protocol == IP_PROTOCOL_ICMP && !icmp_matches(run, expected, got))
        return false;
    if (!ip_matches(run, expected, got) || !in_time(run, got))
        return false;
    captured_drop_first(run);
    return true;
}

bool match_packet(struct run *run, const struct drill_packet *expected)
{
    return expected->protocol == DRILL_TCP ? take_segments(run, expected) : take_other(run, expected);
}
