/*
 * One configuration, three dialects: see settings.h.
 */
#include "drill/settings.h"

#include <stdlib.h>
#include <string.h>

enum setting_kind {
    AS_BOOL,
    AS_CONTROL,     /* the name of a congestion control */
    AS_NUMBER,      /* in the field's own unit, times the row's factor, over 1,000 */
    LINUX_ECN,      /* 0 off, 1 on, 2 when asked, 3 AccECN */
    FAST_OPEN_BITS, /* Linux's: ip-sysctl says which */
    FAST_OPEN_KEYS, /* one or two of four words each, with a comma between them */
    LAST_OF_THREE,  /* "4096 16384 131072": the default is what counts for a script */
    FAST_OPEN_BIT,  /* FreeBSD's: one bit of the same, in the row's last column */
    RFC1323,        /* FreeBSD's: 0 neither, 1 both, 2 window scale alone, 3 timestamps alone */
    DATA_RETRIES,   /* Linux's: a number of retransmissions that stands for the time they take */
    MODERATE,       /* 0: the buffer in this field does not grow by itself */
    LOSS_PROBES,    /* Linux's: from 3 on */
    BASE_MSS,       /* Linux's: without the headers, which the field counts */
    FIXED_ON,       /* what rill does is what this name does when it is not 0 */
    FIXED,          /* what rill does is what this name does at the value in the row's last column */
    WITHOUT_EFFECT, /* on anything that a script can see here */
    NO_KNOB,
};

struct setting {
    const char *name;
    enum setting_kind kind;
    size_t offset;
    uint32_t thousandths; /* of the field's unit in one of the name's; or as the kind says */
};

#define FIELD(name) offsetof(struct rill_config, name)

static const struct setting settings[] = {
    /* Linux */
    {"net.ipv4.tcp_timestamps", AS_BOOL, FIELD(timestamps), 0},
    {"net.ipv4.tcp_window_scaling", AS_BOOL, FIELD(window_scaling), 0},
    {"net.ipv4.tcp_sack", AS_BOOL, FIELD(sack), 0},
    {"net.ipv4.tcp_rmem", LAST_OF_THREE, FIELD(receive_buffer_bytes), 2000},
    {"net.ipv4.tcp_wmem", LAST_OF_THREE, FIELD(send_buffer_bytes), 1000},
    {"net.ipv4.tcp_fin_timeout", AS_NUMBER, FIELD(fin_wait_2_ms), 1000000},
    {"net.ipv4.tcp_synack_retries", AS_NUMBER, FIELD(syn_retries), 1000},
    {"net.ipv4.tcp_keepalive_time", AS_NUMBER, FIELD(keepalive_idle_ms), 1000000},
    {"net.ipv4.tcp_keepalive_intvl", AS_NUMBER, FIELD(keepalive_interval_ms), 1000000},
    {"net.ipv4.tcp_keepalive_probes", AS_NUMBER, FIELD(keepalive_probes), 1000},
    {"net.ipv4.tcp_retries2", DATA_RETRIES, FIELD(user_timeout_ms), 0},
    {"net.ipv4.tcp_moderate_rcvbuf", MODERATE, FIELD(receive_buffer_bytes_max), 0},
    {"net.ipv4.tcp_syncookies", AS_BOOL, FIELD(syn_cookies), 0},
    {"net.ipv4.tcp_ecn", LINUX_ECN, FIELD(ecn), 0},
    {"net.ipv4.tcp_fastopen", FAST_OPEN_BITS, FIELD(fast_open), 0},
    {"net.ipv4.tcp_fastopen_key", FAST_OPEN_KEYS, 0, 0},
    {"net.ipv4.tcp_rto_min_us", AS_NUMBER, FIELD(rto_min_ms), 1},
    {"net.ipv4.tcp_rto_max_ms", AS_NUMBER, FIELD(rto_max_ms), 1000},
    {"net.ipv4.tcp_mtu_probing", AS_NUMBER, FIELD(mtu_probing), 1000},
    {"net.ipv4.tcp_base_mss", BASE_MSS, FIELD(mtu_base), 0},
    {"net.ipv4.tcp_early_retrans", LOSS_PROBES, FIELD(loss_probes), 0},
    {"net.ipv4.tcp_max_tw_buckets", AS_NUMBER, FIELD(max_time_wait), 1000},
    {"net.ipv4.tcp_congestion_control", AS_CONTROL, FIELD(congestion_control), 0},
    /* FreeBSD */
    {"net.inet.tcp.cc.algorithm", AS_CONTROL, FIELD(congestion_control), 0},
    {"net.inet.tcp.rfc1323", RFC1323, 0, 0},
    {"net.inet.tcp.ecn.enable", LINUX_ECN, FIELD(ecn), 0},
    {"net.inet.tcp.fastopen.client_enable", FAST_OPEN_BIT, FIELD(fast_open), RILL_FAST_OPEN_CLIENT},
    {"net.inet.tcp.fastopen.server_enable", FAST_OPEN_BIT, FIELD(fast_open), RILL_FAST_OPEN_SERVER},
    {"net.inet.tcp.fastopen.acceptany", FAST_OPEN_BIT, FIELD(fast_open), RILL_FAST_OPEN_SERVER_NO_COOKIE},
    {"net.inet.tcp.recvbuf_auto", MODERATE, FIELD(receive_buffer_bytes_max), 0},
    {"net.inet.tcp.sendbuf_auto", MODERATE, FIELD(send_buffer_bytes_max), 0},
    {"net.inet.tcp.recvbuf_max", AS_NUMBER, FIELD(receive_buffer_bytes_max), 2000},
    {"net.inet.tcp.sendbuf_max", AS_NUMBER, FIELD(send_buffer_bytes_max), 1000},
    {"net.inet.tcp.maxtcptw", AS_NUMBER, FIELD(max_time_wait), 1000},
    {"net.inet.tcp.pmtud_blackhole_detection", AS_NUMBER, FIELD(mtu_probing), 1000},
    {"kern.ipc.maxsockbuf", AS_NUMBER, FIELD(window_bytes_max), 1000},
    {"net.inet.tcp.syncookies", AS_BOOL, FIELD(syn_cookies), 0},
    {"net.inet.tcp.sack.enable", AS_BOOL, FIELD(sack), 0},
    {"net.inet.tcp.recvspace", AS_NUMBER, FIELD(receive_buffer_bytes), 2000},
    {"net.inet.tcp.sendspace", AS_NUMBER, FIELD(send_buffer_bytes), 1000},
    {"net.inet.tcp.msl", AS_NUMBER, FIELD(msl_ms), 1000},
    {"net.inet.tcp.rexmit_initial", AS_NUMBER, FIELD(rto_initial_ms), 1000},
    {"net.inet.tcp.rexmit_min", AS_NUMBER, FIELD(rto_min_ms), 1000},
    {"net.inet.tcp.delacktime", AS_NUMBER, FIELD(delayed_ack_ms), 1000},
    {"net.inet.tcp.finwait2_timeout", AS_NUMBER, FIELD(fin_wait_2_ms), 1000},
    {"net.inet.tcp.keepidle", AS_NUMBER, FIELD(keepalive_idle_ms), 1000},
    {"net.inet.tcp.keepintvl", AS_NUMBER, FIELD(keepalive_interval_ms), 1000},
    {"net.inet.tcp.keepcnt", AS_NUMBER, FIELD(keepalive_probes), 1000},
    {"net.inet.tcp.initcwnd_segments", AS_NUMBER, FIELD(initial_window_segments), 1000},
    {"net.inet.tcp.syncache.rexmtlimit", AS_NUMBER, FIELD(syn_retries), 1000},
    /* rill: the names of struct rill_config */
    {"rill.timestamps", AS_BOOL, FIELD(timestamps), 0},
    {"rill.window_scaling", AS_BOOL, FIELD(window_scaling), 0},
    {"rill.sack", AS_BOOL, FIELD(sack), 0},
    {"rill.loss_probes", AS_BOOL, FIELD(loss_probes), 0},
    {"rill.syn_cookies", AS_BOOL, FIELD(syn_cookies), 0},
    {"rill.congestion_control", AS_CONTROL, FIELD(congestion_control), 0},
    {"rill.pacing", AS_BOOL, FIELD(pacing), 0},
    {"rill.window_pacing", AS_BOOL, FIELD(window_pacing), 0},
    {"rill.remember_rtt", AS_BOOL, FIELD(remember_rtt), 0},
    {"rill.max_connections", AS_NUMBER, FIELD(max_connections), 1000},
    {"rill.max_time_wait", AS_NUMBER, FIELD(max_time_wait), 1000},
    {"rill.send_buffer_bytes", AS_NUMBER, FIELD(send_buffer_bytes), 1000},
    {"rill.receive_buffer_bytes", AS_NUMBER, FIELD(receive_buffer_bytes), 1000},
    {"rill.send_buffer_bytes_max", AS_NUMBER, FIELD(send_buffer_bytes_max), 1000},
    {"rill.receive_buffer_bytes_max", AS_NUMBER, FIELD(receive_buffer_bytes_max), 1000},
    {"rill.window_bytes_max", AS_NUMBER, FIELD(window_bytes_max), 1000},
    {"rill.msl_ms", AS_NUMBER, FIELD(msl_ms), 1000},
    {"rill.rto_initial_ms", AS_NUMBER, FIELD(rto_initial_ms), 1000},
    {"rill.rto_min_ms", AS_NUMBER, FIELD(rto_min_ms), 1000},
    {"rill.rto_max_ms", AS_NUMBER, FIELD(rto_max_ms), 1000},
    {"rill.rto_granularity_ms", AS_NUMBER, FIELD(rto_granularity_ms), 1000},
    {"rill.user_timeout_ms", AS_NUMBER, FIELD(user_timeout_ms), 1000},
    {"rill.syn_timeout_ms", AS_NUMBER, FIELD(syn_timeout_ms), 1000},
    {"rill.delayed_ack_ms", AS_NUMBER, FIELD(delayed_ack_ms), 1000},
    {"rill.fin_wait_2_ms", AS_NUMBER, FIELD(fin_wait_2_ms), 1000},
    {"rill.keepalive_idle_ms", AS_NUMBER, FIELD(keepalive_idle_ms), 1000},
    {"rill.keepalive_interval_ms", AS_NUMBER, FIELD(keepalive_interval_ms), 1000},
    {"rill.keepalive_probes", AS_NUMBER, FIELD(keepalive_probes), 1000},
    {"rill.bbr_loss_percent", AS_NUMBER, FIELD(bbr_loss_percent), 1000},
    {"rill.initial_window_segments", AS_NUMBER, FIELD(initial_window_segments), 1000},
    {"rill.syn_retries", AS_NUMBER, FIELD(syn_retries), 1000},
    {"rill.ecn", AS_NUMBER, FIELD(ecn), 1000},
    {"rill.fast_open", AS_NUMBER, FIELD(fast_open), 1000},
    {"rill.fast_open_key_ms", AS_NUMBER, FIELD(fast_open_key_ms), 1000},
    {"rill.mtu_probing", AS_NUMBER, FIELD(mtu_probing), 1000},
    {"rill.mtu_base", AS_NUMBER, FIELD(mtu_base), 1000},
    /* What rill does in one way only */
    {"net.ipv4.tcp_dsack", FIXED, 0, 1},
    {"net.ipv4.tcp_recovery", FIXED, 0, 1},
    {"net.ipv4.tcp_frto", FIXED_ON, 0, 0},
    {"net.ipv4.tcp_slow_start_after_idle", FIXED, 0, 1},
    {"net.ipv4.tcp_syn_linear_timeouts", FIXED, 0, 0},
    {"net.ipv4.tcp_ecn_option", FIXED, 0, 2},
    {"net.ipv4.tcp_reordering", FIXED, 0, 3},
    {"net.ipv4.tcp_ecn_fallback", FIXED, 0, 1},
    {"net.ipv4.tcp_autocorking", FIXED, 0, 0},
    {"net.ipv4.tcp_comp_sack_nr", FIXED, 0, 0},
    {"net.ipv4.tcp_adv_win_scale", FIXED, 0, 1},
    {"net.ipv4.tcp_no_metrics_save", FIXED, 0, 1}, /* rill.remember_rtt is off in scripts */
    {"net.ipv4.tcp_rfc1337", FIXED, 0, 1},
    {"net.ipv4.tcp_stdurg", FIXED, 0, 0},
    {"net.ipv4.tcp_abort_on_overflow", FIXED, 0, 0},
    {"net.ipv4.tcp_thin_linear_timeouts", FIXED, 0, 0},
    {"net.ipv4.tcp_shrink_window", FIXED, 0, 0},
    {"net.ipv4.tcp_workaround_signed_windows", FIXED, 0, 0},
    {"net.ipv4.tcp_reflect_tos", FIXED, 0, 0},
    {"net.ipv4.ip_no_pmtu_disc", FIXED, 0, 0},
    {"net.inet.tcp.insecure_rst", FIXED, 0, 0},
    {"net.inet.tcp.insecure_syn", FIXED, 0, 0},
    {"net.inet.tcp.insecure_ack", FIXED, 0, 0},
    {"net.inet.tcp.drop_synfin", FIXED, 0, 1},
    {"net.inet.tcp.blackhole", FIXED, 0, 0},
    {"net.inet.tcp.path_mtu_discovery", FIXED, 0, 1},
    {"net.inet.tcp.tolerate_missing_ts", FIXED, 0, 0},
    {"net.inet.tcp.syncookies_only", FIXED, 0, 0},
    {"net.inet.tcp.nolocaltimewait", FIXED, 0, 0},
    {"net.inet.tcp.fast_finwait2_recycle", FIXED, 0, 0},
    {"net.inet.tcp.rfc3042", FIXED, 0, 1},
    {"net.inet.tcp.rfc3390", FIXED, 0, 1},
    {"net.inet.tcp.rfc3465", FIXED, 0, 1},
    {"net.inet.tcp.rfc6675_pipe", FIXED, 0, 1},
    {"net.inet.tcp.sack.revised", FIXED, 0, 1},
    {"net.inet.tcp.sack.lrd", FIXED, 0, 1},
    {"net.inet.tcp.do_prr", FIXED, 0, 1},
    {"net.inet.tcp.do_lrd", FIXED, 0, 1},
    {"net.inet.tcp.cc.abe", FIXED, 0, 0},
    {"net.inet.tcp.minmss", FIXED, 0, 216},
    {"net.inet.tcp.mssdflt", FIXED, 0, 536},
    {"net.inet.tcp.icmp_may_rst", FIXED, 0, 1},
    {"net.inet.tcp.isn_reseed_interval", FIXED, 0, 0},
    {"net.inet.tcp.rexmit_drop_options", FIXED, 0, 0},
    {"net.inet.udp.blackhole", FIXED, 0, 0},
    /* About offloads, logs and tables that nothing here has; a script's stack is new, with nothing to purge */
    {"net.ipv4.tcp_fack", WITHOUT_EFFECT, 0, 0},
    {"net.ipv4.tcp_min_tso_segs", WITHOUT_EFFECT, 0, 0},
    {"net.ipv4.tcp_tso_win_divisor", WITHOUT_EFFECT, 0, 0},
    {"net.ipv4.tcp_tso_rtt_log", WITHOUT_EFFECT, 0, 0},
    {"net.ipv4.tcp_limit_output_bytes", WITHOUT_EFFECT, 0, 0},
    {"net.ipv4.tcp_comp_sack_delay_ns", WITHOUT_EFFECT, 0, 0},
    {"net.ipv4.tcp_comp_sack_slack_ns", WITHOUT_EFFECT, 0, 0},
    {"net.ipv4.tcp_low_latency", WITHOUT_EFFECT, 0, 0},
    {"net.ipv4.tcp_available_ulp", WITHOUT_EFFECT, 0, 0},
    {"net.ipv4.tcp_backlog_ack_defer", WITHOUT_EFFECT, 0, 0},
    {"net.ipv4.route.flush", WITHOUT_EFFECT, 0, 0},
    {"net.core.rmem_max", WITHOUT_EFFECT, 0, 0},
    {"net.core.wmem_max", WITHOUT_EFFECT, 0, 0},
    {"net.core.optmem_max", WITHOUT_EFFECT, 0, 0},
    {"net.core.default_qdisc", WITHOUT_EFFECT, 0, 0},
    {"net.core.netdev_max_backlog", WITHOUT_EFFECT, 0, 0},
    {"net.ipv4.tcp_mem", WITHOUT_EFFECT, 0, 0},
    {"net.inet.tcp.tso", WITHOUT_EFFECT, 0, 0},
    {"net.inet.tcp.hostcache.purge", WITHOUT_EFFECT, 0, 0},
    {"net.inet.tcp.hostcache.purgenow", WITHOUT_EFFECT, 0, 0},
    {"net.inet.tcp.hostcache.enable", WITHOUT_EFFECT, 0, 0},
    {"net.inet.tcp.log_debug", WITHOUT_EFFECT, 0, 0},
    {"net.inet.tcp.log_in_vain", WITHOUT_EFFECT, 0, 0},
    {"net.inet.tcp.soreceive_stream", WITHOUT_EFFECT, 0, 0},
    {"kern.timecounter.alloweddeviation", WITHOUT_EFFECT, 0, 0},
    /* Known, without a knob */
    {"net.ipv4.tcp_tw_reuse", NO_KNOB, 0, 0},
    {"net.ipv4.tcp_retries1", NO_KNOB, 0, 0},
    {"net.ipv4.tcp_orphan_retries", NO_KNOB, 0, 0},
    {"net.ipv4.tcp_max_syn_backlog", NO_KNOB, 0, 0},
    {"net.ipv4.tcp_invalid_ratelimit", NO_KNOB, 0, 0},
    {"net.ipv4.tcp_challenge_ack_limit", NO_KNOB, 0, 0},
    {"net.ipv4.tcp_max_reordering", NO_KNOB, 0, 0},
    {"net.ipv4.tcp_min_rtt_wlen", NO_KNOB, 0, 0},
    {"net.ipv4.tcp_min_snd_mss", NO_KNOB, 0, 0},
    {"net.ipv4.tcp_probe_interval", NO_KNOB, 0, 0},
    {"net.ipv4.tcp_probe_threshold", NO_KNOB, 0, 0},
    {"net.ipv4.tcp_mtu_probe_floor", NO_KNOB, 0, 0},
    {"net.ipv4.tcp_max_orphans", NO_KNOB, 0, 0},
    {"net.ipv4.tcp_pingpong_thresh", NO_KNOB, 0, 0},
    {"net.core.somaxconn", NO_KNOB, 0, 0},
    {"net.ipv4.ip_local_port_range", NO_KNOB, 0, 0},
    {"net.ipv4.tcp_pacing_ss_ratio", NO_KNOB, 0, 0},
    {"net.ipv4.tcp_pacing_ca_ratio", NO_KNOB, 0, 0},
    {"net.ipv4.tcp_fastopen_blackhole_timeout_sec", NO_KNOB, 0, 0},
    {"net.inet.tcp.rexmit_slop", NO_KNOB, 0, 0},
    {"net.inet.tcp.keepinit", NO_KNOB, 0, 0},
    {"net.inet.tcp.cc.abe_frlossreduce", NO_KNOB, 0, 0},
    {"net.inet.tcp.cc.newreno.beta", NO_KNOB, 0, 0},
    {"net.inet.tcp.cc.newreno.beta_ecn", NO_KNOB, 0, 0},
    {"net.inet.tcp.functions_default", NO_KNOB, 0, 0},
    {"net.inet.tcp.ack_war_timewindow", NO_KNOB, 0, 0},
    {"net.inet.tcp.ack_war_cnt", NO_KNOB, 0, 0},
};

/* "4096 16384 131072" or "4096,16384,131072": the one in the middle; a single number: itself. */
static uint64_t middle_number(const char *value)
{
    char *end;
    uint64_t first = strtoull(value, &end, 0);

    end += strspn(end, " \t,");
    return *end >= '0' && *end <= '9' ? strtoull(end, NULL, 0) : first;
}

/* Half of the receive buffer is offered (ADR 0006). */
static void set_window_max(struct rill_config *config, uint32_t bytes)
{
    config->window_bytes_max = bytes;
    config->receive_buffer_bytes_max = bytes < UINT32_C(1) << 29 ? 2 * bytes : UINT32_C(1) << 30;
    if (config->receive_buffer_bytes > config->receive_buffer_bytes_max)
        config->receive_buffer_bytes = config->receive_buffer_bytes_max;
}

/* The last one of the three: what a window may grow to, and with it the scale of a SYN. */
static void store_window_max(struct rill_config *config, const char *value)
{
    char *end;
    uint64_t last = 0;

    for (unsigned i = 0; i < 3; i++, value = end + strspn(end, " \t,"))
        last = strtoull(value, &end, 0);
    if (last > 0 && last <= UINT32_C(1) << 30)
        set_window_max(config, (uint32_t)last);
}

static enum setting_result store_control(struct rill_config *config, const char *value)
{
    const char *name;

    for (unsigned i = 0; (name = rill_congestion_control_name(i)) != NULL; i++) {
        if (strcmp(name, value) == 0 || (strcmp(value, "newreno") == 0 && strcmp(name, "reno") == 0)) {
            config->congestion_control = name;
            return SETTING_DONE;
        }
    }
    return SETTING_NO_KNOB;
}

/* "a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4[,...]": words whose bytes stand low end first. */
static void store_keys(struct rill_config *config, const char *value)
{
    uint32_t *count = &config->fast_open_key_count;

    *count = 0;
    while (*value != '\0' && *count < 2) {
        for (unsigned i = 0; i < 4; i++) {
            char *end;
            unsigned long word = strtoul(value, &end, 16);

            for (unsigned k = 0; k < 4; k++)
                config->fast_open_keys[*count][4 * i + k] = (uint8_t)(word >> 8 * k);
            value = end + strspn(end, "-, ");
        }
        (*count)++;
    }
}

/* Linux's retransmits_timed_out(): the time that so many retransmissions take when the first comes after 200 ms. */
static uint64_t retries_in_ms(uint64_t retries)
{
    const uint64_t first_ms = 200, longest_ms = 120000, doublings = 9;

    if (retries <= doublings)
        return ((UINT64_C(2) << retries) - 1) * first_ms;
    return ((UINT64_C(2) << doublings) - 1) * first_ms + (retries - doublings) * longest_ms;
}

/* tcp(4): 3 is AccECN, asked for as well; Linux's ip-sysctl says the same. */
static uint64_t ecn_mode(uint64_t number)
{
    static const uint8_t modes[] = {RILL_ECN_OFF, RILL_ECN_ON, RILL_ECN_ACCEPT, RILL_ECN_ACCURATE};

    return number < sizeof modes ? modes[number] : RILL_ECN_ACCEPT;
}

static uint64_t fast_open_mode(uint64_t bits)
{
    return (bits & 3) | (bits & 4 ? RILL_FAST_OPEN_CLIENT_NO_COOKIE : 0) |
           (bits & 0x200 ? RILL_FAST_OPEN_SERVER_NO_COOKIE : 0) | (bits & 0x400 ? RILL_FAST_OPEN_ALL_LISTENERS : 0);
}

/* What goes into the row's field, which holds `old` now. */
static uint64_t field_value(const struct rill_config *config, const struct setting *setting, uint64_t number,
                            uint64_t old)
{
    switch (setting->kind) {
    case LINUX_ECN:
        return ecn_mode(number);
    case FAST_OPEN_BITS:
        return fast_open_mode(number);
    case FAST_OPEN_BIT:
        return number != 0 ? old | setting->thousandths : old & ~(uint64_t)setting->thousandths;
    case BASE_MSS:
        return number + 40;
    case DATA_RETRIES:
        return retries_in_ms(number);
    case MODERATE:
        if (number != 0)
            return old;
        return setting->offset == FIELD(receive_buffer_bytes_max) ? config->receive_buffer_bytes
                                                                  : config->send_buffer_bytes;
    default:
        return number * setting->thousandths / 1000;
    }
}

static void store(struct rill_config *config, const struct setting *setting, const char *value)
{
    uint8_t *field = (uint8_t *)config + setting->offset;
    uint64_t number = setting->kind == LAST_OF_THREE ? middle_number(value) : strtoull(value, NULL, 0);
    uint32_t narrow;
    bool on;

    if (setting->kind == AS_BOOL || setting->kind == LOSS_PROBES) {
        on = number >= (setting->kind == LOSS_PROBES ? 3 : 1);
        memcpy(field, &on, sizeof on);
        return;
    }
    memcpy(&narrow, field, sizeof narrow);
    number = field_value(config, setting, number, narrow);
    narrow = number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
    memcpy(field, &narrow, sizeof narrow);
}

static enum setting_result apply(struct rill_config *config, const struct setting *setting, const char *value)
{
    unsigned long number = strtoul(value, NULL, 0);

    switch (setting->kind) {
    case NO_KNOB:
        return SETTING_NO_KNOB;
    case WITHOUT_EFFECT:
        return SETTING_DONE;
    case FIXED_ON:
        return number != 0 ? SETTING_DONE : SETTING_NO_KNOB;
    case FIXED:
        return number == setting->thousandths ? SETTING_DONE : SETTING_NO_KNOB;
    case AS_CONTROL:
        return store_control(config, value);
    case FAST_OPEN_KEYS:
        store_keys(config, value);
        return SETTING_DONE;
    case RFC1323:
        config->window_scaling = number == 1 || number == 2;
        config->timestamps = number == 1 || number == 3;
        return SETTING_DONE;
    default:
        store(config, setting, value);
        if (strcmp(setting->name, "net.ipv4.tcp_rmem") == 0)
            store_window_max(config, value);
        if (strcmp(setting->name, "kern.ipc.maxsockbuf") == 0)
            set_window_max(config, (uint32_t)number);
        return SETTING_DONE;
    }
}

enum setting_result settings_set(struct rill_config *config, const char *name, const char *value)
{
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (strcmp(settings[i].name, name) == 0)
            return apply(config, &settings[i], value);
    return SETTING_UNKNOWN;
}

bool settings_profile(struct rill_config *config, const char *profile)
{
    rill_config_default(config);
    config->window_pacing = false; /* scripts say what an ACK releases, not how it is spread */
    config->transfer_counts = true;
    config->remember_rtt = false; /* scripts have one connection after another, each from nothing */
    if (strcmp(profile, "linux") == 0) {
        config->rto_max_ms = 120000;
        config->rto_granularity_ms = 200; /* it floors the variance, not the sum */
        config->syn_retries = 5;
        return true;
    }
    if (strcmp(profile, "freebsd") == 0) {
        config->rto_min_ms = 230;
        set_window_max(config, 2u << 20);             /* kern.ipc.maxsockbuf */
        config->receive_buffer_bytes = 2 * 45 * 1460; /* recvspace of 65,536, in whole segments; half is offered */
        config->rto_max_ms = 60000;
        config->syn_retries = 3;
        return true;
    }
    return strcmp(profile, "rill") == 0;
}
