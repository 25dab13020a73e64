/*
 * A lookup on its way: which names are tried, which server is asked, by UDP
 * or TCP, and how long for. Reads no message: that is message.c's.
 */
#include "base/bytes.h"
#include "resolve/message.h"
#include "resolve/settings.h"
#include "rill/udp.h"
#include "stack/stack.h"

#define REPLY_BYTES_MAX 8192u /* of TCP: far more addresses than are kept */
#define ALIASES_MAX 8u        /* followed by questions of their own */
#define LENGTH_BYTES 2u       /* RFC 1035 4.2.2: in front of each message over TCP */

enum asking { ASKING_NOT, ASKING_UDP, ASKING_TCP };

/* One type of address. */
struct question {
    enum dns_type type;
    bool wanted, done;
    int error; /* when done; else what the last attempt ended with */
    struct dns_name name;
    unsigned aliases;
    unsigned attempt; /* goes round the servers */
    enum asking asking;
    rill_conn conn;
    rill_time deadline;
    uint16_t id;
    uint8_t query[LENGTH_BYTES + DNS_QUERY_BYTES_MAX]; /* the length for TCP in front */
    uint32_t query_bytes;
    uint32_t reply_bytes;
    struct dns_answer answer;
    uint8_t reply[LENGTH_BYTES + REPLY_BYTES_MAX];
};

enum { QUESTIONS = 2 };

struct rill_lookup {
    struct rill_stack *stack;
    struct rill_resolve_config config;
    struct dns_name given;
    bool is_absolute, given_first;
    unsigned candidate, candidates; /* which form of the name is asked for */
    unsigned families;
    rill_time now;
    bool done;
    int error;
    struct question questions[QUESTIONS]; /* A, AAAA */
    struct rill_lookup_result result;
};

size_t rill_lookup_bytes(void)
{
    return (sizeof(struct rill_lookup) + 15) & ~(size_t)15;
}

static void next_attempt(struct rill_lookup *lookup, struct question *question, int error);
static void question_done(struct rill_lookup *lookup, struct question *question, int error);

/* -------------------------------------------------------------------- names */

/* Candidate `index` of the name: as it was given, or with a domain of the search list behind it. */
static bool candidate_name(const struct rill_lookup *lookup, unsigned index, struct dns_name *out)
{
    const char *domain;
    struct dns_name suffix;
    size_t domain_bytes = 0;
    unsigned given_at = lookup->given_first ? 0 : lookup->candidates - 1;

    *out = lookup->given;
    if (index == given_at)
        return true;
    domain = lookup->config.search[lookup->given_first ? index - 1 : index];
    while (domain_bytes < RILL_RESOLVE_NAME_BYTES && domain[domain_bytes] != '\0') /* a bound: or it becomes strlen */
        domain_bytes++;
    if (!dns_name_from_text(domain, domain_bytes, &suffix) ||
        lookup->given.length_bytes - 1u + suffix.length_bytes > DNS_NAME_BYTES_MAX)
        return false;
    memcpy(out->bytes + out->length_bytes - 1, suffix.bytes, suffix.length_bytes);
    out->length_bytes = (uint8_t)(out->length_bytes - 1 + suffix.length_bytes);
    return true;
}

/* resolv.conf(5), ndots: a name with so many dots is tried as it is first. */
static bool take_name(struct rill_lookup *lookup, const char *name)
{
    size_t bytes = 0;
    unsigned dots = 0;

    for (; name[bytes] != '\0'; bytes++) {
        if (bytes >= RILL_RESOLVE_NAME_BYTES)
            return false;
        dots += name[bytes] == '.';
    }
    if (!dns_name_from_text(name, bytes, &lookup->given))
        return false;
    lookup->is_absolute = name[bytes - 1] == '.';
    lookup->candidates = lookup->is_absolute ? 1 : 1 + lookup->config.search_count;
    lookup->given_first = lookup->is_absolute || dots >= lookup->config.ndots;
    return true;
}

/* ------------------------------------------------------------------ results */

static void finish(struct rill_lookup *lookup, int error)
{
    lookup->done = true;
    lookup->error = error;
}

static void merge(struct rill_lookup *lookup, const struct question *question)
{
    struct rill_lookup_result *result = &lookup->result;

    if (result->count == 0) {
        dns_name_to_text(&question->answer.canonical, result->canonical, sizeof result->canonical);
        result->ttl_seconds = question->answer.ttl_seconds;
    }
    result->ttl_seconds = min_u32(result->ttl_seconds, question->answer.ttl_seconds);
    for (unsigned i = 0; i < question->answer.count && result->count < RILL_LOOKUP_ADDRS_MAX; i++)
        result->addrs[result->count++] = question->answer.addrs[i];
}

static bool is_no(int error)
{
    return error == -RILL_ENXIO || error == -RILL_EADDRNOTAVAIL;
}

static void start_question(struct rill_lookup *lookup, struct question *question, const struct dns_name *name)
{
    question->done = false;
    question->error = -RILL_ETIMEDOUT;
    question->name = *name;
    question->attempt = 0;
    question->asking = ASKING_NOT;
    next_attempt(lookup, question, 0);
}

static void start_candidate(struct rill_lookup *lookup)
{
    struct dns_name name;

    while (lookup->candidate < lookup->candidates && !candidate_name(lookup, lookup->candidate, &name))
        lookup->candidate++;
    if (lookup->candidate == lookup->candidates) {
        finish(lookup, lookup->error != 0 ? lookup->error : -RILL_ENXIO);
        return;
    }
    for (int i = 0; i < QUESTIONS; i++) { /* nothing is judged before all have begun */
        lookup->questions[i].aliases = 0;
        lookup->questions[i].done = !lookup->questions[i].wanted;
    }
    for (int i = 0; i < QUESTIONS; i++)
        if (lookup->questions[i].wanted)
            start_question(lookup, &lookup->questions[i], &name);
}

/* All questions about one form of the name are answered. The next form is tried when this one has no addresses. */
static void judge(struct rill_lookup *lookup)
{
    int no = -RILL_ENXIO, failure = 0;

    for (int i = 0; i < QUESTIONS; i++) {
        const struct question *question = &lookup->questions[i];

        if (!question->wanted)
            continue;
        if (question->error == 0)
            merge(lookup, question);
        else if (!is_no(question->error))
            failure = question->error;
        else if (question->error == -RILL_EADDRNOTAVAIL)
            no = question->error;
    }
    if (lookup->result.count > 0 || failure != 0) {
        finish(lookup, lookup->result.count > 0 ? 0 : failure);
        return;
    }
    if (lookup->error != -RILL_EADDRNOTAVAIL) /* the first name that is there without addresses is remembered */
        lookup->error = no;
    lookup->candidate++;
    start_candidate(lookup);
}

static void question_done(struct rill_lookup *lookup, struct question *question, int error)
{
    question->done = true;
    question->error = error;
    question->deadline = RILL_NEVER;
    for (int i = 0; i < QUESTIONS; i++)
        if (!lookup->questions[i].done)
            return;
    judge(lookup);
}

/* ------------------------------------------------------------------- asking */

static void hang_up(struct rill_lookup *lookup, struct question *question)
{
    if (question->asking == ASKING_UDP)
        (void)rill_close(lookup->stack, question->conn);
    else if (question->asking == ASKING_TCP)
        (void)rill_abort(lookup->stack, question->conn);
    question->asking = ASKING_NOT;
    question->conn = 0;
}

static const struct rill_endpoint *server_of(const struct rill_lookup *lookup, const struct question *question)
{
    return &lookup->config.servers[question->attempt % lookup->config.server_count];
}

/* RFC 5452 9.2: each attempt has an id and a port that nobody can guess. */
static int ask_by_udp(struct rill_lookup *lookup, struct question *question)
{
    const struct rill_slice slice = {question->query + LENGTH_BYTES, question->query_bytes};
    int64_t error = rill_udp_open(lookup->stack, NULL, &question->conn);

    if (error != 0)
        return (int)error;
    question->asking = ASKING_UDP;
    error = rill_udp_connect(lookup->stack, question->conn, server_of(lookup, question));
    if (error == 0)
        error = rill_udp_send_to(lookup->stack, question->conn, NULL, &slice, 1, NULL);
    return error < 0 ? (int)error : 0;
}

static int ask_by_tcp(struct rill_lookup *lookup, struct question *question)
{
    int error = rill_tcp_connect(lookup->stack, server_of(lookup, question), NULL, &question->conn);

    question->reply_bytes = 0;
    question->asking = error == 0 ? ASKING_TCP : ASKING_NOT;
    return error;
}

static int ask(struct rill_lookup *lookup, struct question *question, bool by_tcp)
{
    uint64_t draw = host_draw(tcp_host(&lookup->stack->tcp));

    question->id = (uint16_t)draw;
    question->query_bytes =
        (uint32_t)dns_query_build(question->query + LENGTH_BYTES, question->id, &question->name, question->type);
    put_be16(question->query, (uint16_t)question->query_bytes);
    question->deadline = lookup->now + (rill_time)lookup->config.timeout_ms * NANOS_PER_MS;
    return by_tcp ? ask_by_tcp(lookup, question) : ask_by_udp(lookup, question);
}

/* error: what the attempt before ended with; 0 when there was none. */
static void next_attempt(struct rill_lookup *lookup, struct question *question, int error)
{
    const unsigned attempts = lookup->config.attempts * lookup->config.server_count;

    if (error != 0) {
        hang_up(lookup, question);
        question->error = error;
        question->attempt++;
    }
    while (question->attempt < attempts) {
        error = ask(lookup, question, lookup->config.tcp_only);
        if (error == 0)
            return;
        hang_up(lookup, question);
        question->error = error;
        question->attempt++;
    }
    question_done(lookup, question, question->error);
}

static void follow_alias(struct rill_lookup *lookup, struct question *question)
{
    if (++question->aliases > ALIASES_MAX)
        question_done(lookup, question, -RILL_EIO);
    else
        start_question(lookup, question, &question->answer.canonical);
}

/* True when the question has no more to do with this message's conversation. */
static bool take_response(struct rill_lookup *lookup, struct question *question, const uint8_t *message, size_t bytes)
{
    bool by_tcp = question->asking == ASKING_TCP;
    enum dns_verdict verdict =
        dns_response_parse(message, bytes, question->id, &question->name, question->type, &question->answer);
    int error;

    switch (verdict) {
    case DNS_NOT_OURS:
        return false;
    case DNS_MALFORMED:
    case DNS_FAILURE:
        next_attempt(lookup, question, -RILL_EIO);
        return true;
    case DNS_TRUNCATED:
        hang_up(lookup, question);
        error = by_tcp ? -RILL_EIO : ask(lookup, question, true);
        if (error != 0)
            next_attempt(lookup, question, error);
        return true;
    default:
        break;
    }
    hang_up(lookup, question);
    if (verdict == DNS_ALIAS)
        follow_alias(lookup, question);
    else
        question_done(lookup, question,
                      verdict == DNS_ANSWER    ? 0
                      : verdict == DNS_NO_NAME ? -RILL_ENXIO
                                               : -RILL_EADDRNOTAVAIL);
    return true;
}

static void udp_event(struct rill_lookup *lookup, struct question *question)
{
    for (;;) {
        struct rill_slice slice;
        int error = rill_udp_borrow(lookup->stack, question->conn, &slice, NULL);

        if (error == -RILL_EAGAIN)
            return;
        if (error != 0) { /* the server's host refuses: no need to wait */
            next_attempt(lookup, question, error);
            return;
        }
        if (take_response(lookup, question, slice.data, slice.length_bytes))
            return;
        (void)rill_udp_consume(lookup->stack, question->conn);
    }
}

/* What came so far; the message when it is whole. */
static void read_stream(struct rill_lookup *lookup, struct question *question)
{
    for (;;) {
        uint32_t message_bytes = question->reply_bytes < LENGTH_BYTES ? 0 : get_be16(question->reply);
        uint32_t wanted = LENGTH_BYTES + message_bytes;
        int64_t got;

        if (message_bytes > REPLY_BYTES_MAX) {
            next_attempt(lookup, question, -RILL_EIO);
            return;
        }
        if (question->reply_bytes >= LENGTH_BYTES && question->reply_bytes == wanted) {
            if (!take_response(lookup, question, question->reply + LENGTH_BYTES, message_bytes))
                next_attempt(lookup, question, -RILL_EIO);
            return;
        }
        got = rill_receive(lookup->stack, question->conn, question->reply + question->reply_bytes,
                           wanted - question->reply_bytes, 0);
        if (got == -RILL_EAGAIN)
            return;
        if (got <= 0) {
            next_attempt(lookup, question, got == 0 ? -RILL_EIO : (int)got);
            return;
        }
        question->reply_bytes += (uint32_t)got;
    }
}

static void tcp_event(struct rill_lookup *lookup, struct question *question, const struct rill_event *event)
{
    uint32_t all = LENGTH_BYTES + question->query_bytes;

    if ((event->what & RILL_RESET) != 0) {
        next_attempt(lookup, question, event->error);
        return;
    }
    if ((event->what & RILL_ESTABLISHED) != 0 &&
        rill_send(lookup->stack, question->conn, question->query, all, 0) != (int64_t)all) {
        next_attempt(lookup, question, -RILL_EIO);
        return;
    }
    if ((event->what & (RILL_READABLE | RILL_PEER_CLOSED)) != 0)
        read_stream(lookup, question);
}

/* -------------------------------------------------------------------- calls */

static bool known_without_asking(struct rill_lookup *lookup, const char *name)
{
    struct rill_lookup_result *result = &lookup->result;
    struct rill_addr addr;

    if (rill_addr_parse(name, &addr) == 0) {
        result->addrs[0] = addr;
        result->count = (lookup->families & (rill_addr_is_v4(&addr) ? RILL_LOOKUP_V4 : RILL_LOOKUP_V6)) != 0 ? 1 : 0;
        finish(lookup, result->count != 0 ? 0 : -RILL_EADDRNOTAVAIL);
        return true;
    }
    if (lookup->config.hosts != NULL)
        result->count = hosts_find(lookup->config.hosts, lookup->config.hosts_bytes, name, lookup->families,
                                   result->addrs, RILL_LOOKUP_ADDRS_MAX);
    lookup->config.hosts = NULL; /* it was the caller's for this long */
    if (result->count == 0)
        return false;
    finish(lookup, 0);
    return true;
}

static bool config_is_valid(const struct rill_resolve_config *config)
{
    return config->size == sizeof *config && config->server_count <= RILL_RESOLVE_SERVERS_MAX &&
           config->search_count <= RILL_RESOLVE_SEARCH_MAX && config->attempts >= 1 && config->attempts <= 100 &&
           config->timeout_ms >= 1 && config->timeout_ms <= 3600000;
}

int rill_lookup_start(void *memory, struct rill_stack *stack, const struct rill_resolve_config *config,
                      const char *name, unsigned families, struct rill_lookup **out)
{
    struct rill_lookup *lookup = (struct rill_lookup *)memory;

    if (!config_is_valid(config) || (families & (RILL_LOOKUP_V4 | RILL_LOOKUP_V6)) == 0 || name[0] == '\0')
        return -RILL_EINVAL;
    memset(lookup, 0, sizeof *lookup);
    lookup->stack = stack;
    lookup->config = *config;
    lookup->families = families;
    lookup->now = tcp_host(&stack->tcp)->epoch + tcp_host(&stack->tcp)->now;
    lookup->questions[0].type = DNS_TYPE_A;
    lookup->questions[0].wanted = (families & RILL_LOOKUP_V4) != 0;
    lookup->questions[1].type = DNS_TYPE_AAAA;
    lookup->questions[1].wanted = (families & RILL_LOOKUP_V6) != 0;
    *out = lookup;
    if (known_without_asking(lookup, name))
        return 0;
    if (config->server_count == 0 || !take_name(lookup, name))
        return -RILL_EINVAL;
    start_candidate(lookup);
    return 0;
}

bool rill_lookup_event(struct rill_lookup *lookup, const struct rill_event *event)
{
    for (int i = 0; i < QUESTIONS; i++) {
        struct question *question = &lookup->questions[i];

        if (question->asking == ASKING_NOT || question->conn != event->conn)
            continue;
        if (question->asking == ASKING_UDP)
            udp_event(lookup, question);
        else
            tcp_event(lookup, question, event);
        return true;
    }
    return false;
}

void rill_lookup_poll(struct rill_lookup *lookup, rill_time now)
{
    lookup->now = now > lookup->now ? now : lookup->now;
    for (int i = 0; i < QUESTIONS && !lookup->done; i++) {
        struct question *question = &lookup->questions[i];

        if (question->asking != ASKING_NOT && lookup->now >= question->deadline)
            next_attempt(lookup, question, -RILL_ETIMEDOUT);
    }
}

rill_time rill_lookup_deadline(const struct rill_lookup *lookup)
{
    rill_time first = RILL_NEVER;

    for (int i = 0; i < QUESTIONS; i++)
        if (lookup->questions[i].asking != ASKING_NOT)
            first = min_u64(first, lookup->questions[i].deadline);
    return first;
}

int rill_lookup_result(const struct rill_lookup *lookup, struct rill_lookup_result *out)
{
    if (!lookup->done)
        return -RILL_EINPROGRESS;
    *out = lookup->result;
    return lookup->error;
}

void rill_lookup_end(struct rill_lookup *lookup)
{
    for (int i = 0; i < QUESTIONS; i++)
        hang_up(lookup, &lookup->questions[i]);
    lookup->done = true;
}
