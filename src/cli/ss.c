/*
 * rill ss and rill netstat: the connections of all running rills, in the
 * columns and words that people (and their awk) know.
 */
#include "cli/args.h"
#include "cli/json.h"
#include "cli/runtime.h"
#include "cli/ss_filter.h"
#include "cli/ss_names.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum ss_option { OPTION_JSON = 256, OPTION_NAMES, OPTION_RILL };

static const struct args_option ss_options[] = {
    {'t', 't', "tcp", NULL, "TCP (the default)"},
    {'u', 'u', "udp", NULL, "UDP"},
    {'a', 'a', "all", NULL, "listeners too"},
    {'l', 'l', "listening", NULL, "only listeners"},
    {'n', 'n', "numeric", NULL, "numbers, not names (always so)"},
    {'o', 'o', "options", NULL, "the timer that is due first"},
    {'i', 'i', "info", NULL, "what the connection knows of the path"},
    {'e', 'e', "extended", NULL, "rill's name and the connection's id"},
    {'m', 'm', "memory", NULL, "accepted, as ss has it"},
    {'p', 'p', "processes", NULL, "accepted, as ss has it"},
    {'4', '4', "ipv4", NULL, "only IPv4"},
    {'H', 'H', "no-header", NULL, "no header line"},
    {'O', 'O', "oneline", NULL, "one line per connection"},
    {OPTION_JSON, 0, "json", NULL, "one JSON object per connection, fields named as in RFC 9293"},
    {OPTION_NAMES, 0, "names", "rfc|ss|netstat", "whose names for the states"},
    {OPTION_RILL, 0, "rill", "NAME", "only this rill"},
    {0, 0, NULL, NULL, NULL},
};

static const struct args_command ss_args = {
    .name = "ss",
    .synopsis = "[-tuanlioeH] [--json] [state STATE] [FILTER]",
    .summary = "the connections of all running rills, as ss prints them",
    .teaches =
        "Asks every running rill of yours for its connections. Columns, words and filters are those of ss(8): on a\n"
        "listener Recv-Q is the number of connections waiting for accept, Send-Q the limit.\n\n"
        "  rill ss -tan\n"
        "  rill ss -tuan\n"
        "  rill ss -tano state time-wait\n"
        "  rill ss -tan state established '( sport = :80 or dport = :80 )'\n"
        "  rill ss --json | jq .snd_nxt",
    .options = ss_options,
};

static const struct args_command netstat_args = {
    .name = "netstat",
    .synopsis = "[-tuanloe] [--json] [state STATE] [FILTER]",
    .summary = "the same as netstat prints it",
    .teaches = "As rill ss, with netstat's header and netstat's names for the states.\n\n  rill netstat -tan",
    .options = ss_options,
};

struct ss {
    bool tcp, udp; /* which were asked for */
    bool all, listening, timers, info, extended, header, json, oneline, netstat;
    enum ss_dialect dialect;
    uint32_t states; /* 0: by -a and -l */
    const char *only;
    struct ss_filter filter;
};

static void print_timer(const char *line)
{
    static const char *const words[][2] = {
        {"retransmission", "on"},   {"persist", "persist"},    {"keep-alive", "keepalive"}, {"time-wait", "timewait"},
        {"fin-wait-2", "timewait"}, {"delayed-ack", "delack"}, {"user-timeout", "user"},
    };
    uint64_t left = json_find_number(line, "timer_left_ms");
    char timer[24], time[32];

    json_find(line, "timer", timer, sizeof timer);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(timer, words[i][0]) != 0)
            continue;
        if (left >= 60000)
            snprintf(time, sizeof time, "%" PRIu64 "min%" PRIu64 "sec", left / 60000, left / 1000 % 60);
        else if (left >= 1000)
            snprintf(time, sizeof time, "%" PRIu64 ".%" PRIu64 "sec", left / 1000, left / 100 % 10);
        else
            snprintf(time, sizeof time, "%" PRIu64 "ms", left);
        printf(" timer:(%s,%s,%" PRIu64 ")", words[i][1], time, json_find_number(line, "backoff"));
    }
}

static uint64_t number(const char *line, const char *key)
{
    return json_find_number(line, key);
}

static bool is_true(const char *line, const char *key)
{
    char value[8] = "";

    return json_find(line, key, value, sizeof value) && strcmp(value, "true") == 0;
}

/* In the order of ss -i; cwnd and ssthresh in segments, as there. */
static void print_info(const char *line, bool oneline)
{
    uint64_t mss = number(line, "snd_mss"), ssthresh = number(line, "ssthresh");
    char control[16] = "";

    json_find(line, "congestion_control", control, sizeof control);
    printf("%s %s%s", oneline ? "" : "\n\t", is_true(line, "timestamps") ? "ts " : "",
           is_true(line, "sack") ? "sack " : "");
    printf("%s", control);
    if (is_true(line, "window_scaling"))
        printf(" wscale:%" PRIu64 ",%" PRIu64, number(line, "snd_wscale"), number(line, "rcv_wscale"));
    printf(" rto:%" PRIu64 " rtt:%.3f/%.3f mss:%" PRIu64 " pmtu:%" PRIu64 " rcvmss:%" PRIu64,
           number(line, "rto_us") / 1000, (double)number(line, "srtt_us") / 1e3,
           (double)number(line, "rttvar_us") / 1e3, mss, number(line, "pmtu"), number(line, "rcv_mss"));
    if (mss > 0)
        printf(" cwnd:%" PRIu64, number(line, "cwnd") / mss);
    if (mss > 0 && ssthresh > 0 && ssthresh < UINT32_C(0x7fffffff))
        printf(" ssthresh:%" PRIu64, ssthresh / mss);
    printf(" bytes_acked:%" PRIu64 " bytes_received:%" PRIu64 " segs_out:%" PRIu64 " segs_in:%" PRIu64
           " retrans:0/%" PRIu64 " snd_wnd:%" PRIu64 " rcv_wnd:%" PRIu64,
           number(line, "bytes_acked"), number(line, "bytes_received"), number(line, "segments_out"),
           number(line, "segments_in"), number(line, "retransmitted"), number(line, "snd_wnd"),
           number(line, "rcv_wnd"));
}

static void print_row(const struct ss *ss, const struct ss_row *row, const char *line)
{
    const char *state = ss_state_name(row->state, ss->dialect);
    uint64_t receive = json_find_number(line, "recv_q"), send = json_find_number(line, "send_q");
    bool listener = strcmp(row->state, "LISTEN") == 0 || (row->udp && row->remote_port == 0);
    char local[64], remote[64], rill[RUNTIME_NAME_MAX] = "", id[24] = "";

    snprintf(local, sizeof local, "%s:%u", strcmp(row->local_address, "::") == 0 ? "0.0.0.0" : row->local_address,
             (unsigned)row->local_port);
    if (listener)
        snprintf(remote, sizeof remote, "0.0.0.0:*");
    else
        snprintf(remote, sizeof remote, "%s:%u", row->remote_address, (unsigned)row->remote_port);
    if (ss->netstat)
        printf("%s   %6" PRIu64 " %6" PRIu64 " %-23s %-23s %-11s", row->udp ? "udp" : "tcp", receive, send, local,
               remote, state);
    else
        printf("%s%-12s %-6" PRIu64 " %-6" PRIu64 " %22s %22s",
               !ss->tcp || !ss->udp ? ""
               : row->udp           ? "udp   "
                                    : "tcp   ",
               state, receive, send, local, remote);
    if (ss->timers)
        print_timer(line);
    json_find(line, "rill", rill, sizeof rill);
    json_find(line, "id", id, sizeof id);
    if (ss->extended)
        printf(" rill:%s id:%s", rill, id);
    if (ss->info && !listener && !row->udp)
        print_info(line, ss->oneline);
    putchar('\n');
}

static void take_row(const char *line, struct ss_row *row)
{
    char protocol[8] = "";

    memset(row, 0, sizeof *row);
    json_find(line, "protocol", protocol, sizeof protocol);
    row->udp = strcmp(protocol, "udp") == 0;
    json_find(line, "state", row->state, sizeof row->state);
    json_find(line, "local_address", row->local_address, sizeof row->local_address);
    json_find(line, "remote_address", row->remote_address, sizeof row->remote_address);
    row->local_port = (uint16_t)json_find_number(line, "local_port");
    row->remote_port = (uint16_t)json_find_number(line, "remote_port");
}

/* As ss: without -a and -l everything but listeners, half-open and TIME-WAIT. A program that reads JSON sees all. */
static uint32_t states_wanted(const struct ss *ss)
{
    if (ss->states != 0)
        return ss->states;
    if (ss->listening)
        return ss_state_bit("LISTEN");
    if (ss->all || ss->json)
        return SS_STATES_ALL;
    return ss_states_without_listen() & ~(ss_state_bit("TIME-WAIT") | ss_state_bit("SYN-RECEIVED"));
}

/* -t, -u; neither: TCP, and for a program that reads JSON everything. An unconnected UDP socket goes with listeners. */
static bool is_wanted(const struct ss *ss, const struct ss_row *row)
{
    uint32_t states = states_wanted(ss);
    bool neither = !ss->tcp && !ss->udp;

    if (row->udp ? !ss->udp && !(neither && ss->json) : !ss->tcp && !neither)
        return false;
    if (row->udp && row->remote_port == 0 && ss->states == 0)
        return ss->all || ss->listening || ss->json;
    return (ss_state_bit(row->state) & states) != 0;
}

static void ask_one(const char *name, void *context)
{
    const struct ss *ss = context;
    FILE *from;
    char line[2048];

    if (ss->only != NULL && strcmp(ss->only, name) != 0)
        return;
    from = runtime_ask_stream(name, "ss");
    while (from != NULL && fgets(line, sizeof line, from) != NULL) {
        struct ss_row row;

        take_row(line, &row);
        if (!is_wanted(ss, &row) || !ss_filter_matches(&ss->filter, &row))
            continue;
        if (ss->json)
            fputs(line, stdout);
        else
            print_row(ss, &row, line);
    }
    if (from != NULL)
        fclose(from);
}

/* [state WORD]... [exclude WORD]... FILTER */
static bool take_words(struct ss *ss, const struct args *args)
{
    int at = 0;

    while (at + 1 < args->word_count &&
           (strcmp(args->words[at], "state") == 0 || strcmp(args->words[at], "exclude") == 0)) {
        uint32_t meant = ss_states_meant(args->words[at + 1]);

        if (meant == 0) {
            cli_error(
                "'%s' is not a state: established, syn-sent, syn-recv, fin-wait-1, fin-wait-2, time-wait, closed, "
                "close-wait, last-ack, listening, closing, all, connected, synchronized, bucket, big",
                args->words[at + 1]);
            return false;
        }
        if (args->words[at][0] == 's')
            ss->states |= meant;
        else
            ss->states = (ss->states != 0 ? ss->states : SS_STATES_ALL) & ~meant;
        at += 2;
    }
    return ss_filter_parse(&ss->filter, args->words + at, args->word_count - at);
}

static bool take_names(struct ss *ss, const char *text)
{
    if (strcmp(text, "rfc") == 0)
        ss->dialect = SS_NAMES_RFC;
    else if (strcmp(text, "ss") == 0)
        ss->dialect = SS_NAMES_SS;
    else if (strcmp(text, "netstat") == 0)
        ss->dialect = SS_NAMES_NETSTAT;
    else {
        cli_error("--names '%s' is none of rfc, ss, netstat", text);
        return false;
    }
    return true;
}

static void take_flag(struct ss *ss, int id)
{
    switch (id) {
    case 't':
        ss->tcp = true;
        break;
    case 'u':
        ss->udp = true;
        break;
    case 'a':
        ss->all = true;
        break;
    case 'l':
        ss->listening = true;
        break;
    case 'o':
        ss->timers = true;
        break;
    case 'i':
        ss->info = true;
        break;
    case 'e':
        ss->extended = true;
        break;
    case 'H':
        ss->header = false;
        break;
    case 'O':
        ss->oneline = true;
        break;
    case OPTION_JSON:
        ss->json = true;
        break;
    default:
        break;
    }
}

static void print_header(const struct ss *ss)
{
    if (ss->json || !ss->header)
        return;
    if (ss->netstat)
        printf("Active Internet connections%s\n"
               "Proto Recv-Q Send-Q Local Address           Foreign Address         State      %s\n",
               ss->all         ? " (servers and established)"
               : ss->listening ? " (only servers)"
                               : " (w/o servers)",
               ss->timers ? " Timer" : "");
    else
        printf("%s%-12s %-6s %-6s %22s %22s\n", ss->tcp && ss->udp ? "Netid " : "", "State", "Recv-Q", "Send-Q",
               "Local Address:Port", "Peer Address:Port");
}

static int run(const struct args_command *command, struct ss *ss, int argc, char **argv)
{
    struct args args;
    unsigned count;
    int id;

    args_begin(&args, command, argc, argv);
    while ((id = args_next(&args)) != ARGS_END) {
        if (id == ARGS_HELP)
            return CLI_DONE;
        if (id == ARGS_ERROR || (id == OPTION_NAMES && !take_names(ss, args.value)))
            return CLI_USAGE;
        if (id == OPTION_RILL)
            ss->only = args.value;
        take_flag(ss, id);
    }
    if (!take_words(ss, &args))
        return CLI_USAGE;
    if (runtime_directory() == NULL)
        return CLI_FAILED;
    print_header(ss);
    count = runtime_each(ask_one, ss);
    if (count == 0 && !ss->json)
        cli_note("no rill is running (of this user); start one: rill listen 80 --serve . --shell");
    return CLI_DONE;
}

static int ss_run(int argc, char **argv)
{
    struct ss ss = {.header = true, .dialect = SS_NAMES_SS};

    return run(&ss_args, &ss, argc, argv);
}

static int netstat_run(int argc, char **argv)
{
    struct ss ss = {.header = true, .dialect = SS_NAMES_NETSTAT, .netstat = true};

    return run(&netstat_args, &ss, argc, argv);
}

const struct cli_command ss_command = {&ss_args, ss_run};
const struct cli_command netstat_command = {&netstat_args, netstat_run};
