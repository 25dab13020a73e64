/* Delivery rate samples against what a log of all that was sent and delivered says. */
#include "tcp/rate.h"

#include "tcp/inside.h"
#include "tcp/scoreboard.h"

#define BYTES 1000u
#define PACKETS 400u

/* What happened, in order: packet `which` was sent, or an ACK whose newest packet it was. */
struct event {
    bool is_ack, pipe_was_empty;
    uint32_t us, which;
    uint64_t delivered; /* after it */
};

struct log {
    struct event events[2 * PACKETS];
    unsigned count;
    unsigned sent_by[PACKETS]; /* the event that sent it */
    bool delivered[PACKETS];
    uint32_t sent, una;
};

static struct seq start_of(const struct inside *t, uint32_t packet)
{
    return seq_add(seq_add(t->tcb->iss, 1), packet * BYTES);
}

static uint32_t now_us(const struct inside *t)
{
    return host_us(&t->tcp->ip.host);
}

static struct sender *start(struct inside *t, struct log *log, uint32_t iss)
{
    *log = (struct log){0};
    inside_configure(t, 4u << 20);
    inside_open(t, iss, 1, 1u << 20);
    assert_true(connection_make_busy(t->tcp, t->tcb));
    assert_true(sender_make(t->tcp, t->tcb));
    return sender_at(t->tcp, t->tcb);
}

static void time_passes(struct inside *t, uint64_t us)
{
    host_set_now(&t->tcp->ip.host, t->tcp->ip.host.now + us * NANOS_PER_US);
}

static void send_packet(struct inside *t, struct log *log)
{
    struct seq from = start_of(t, log->sent);
    bool was_empty = sender_flight(t->tcp, t->tcb) == 0;
    struct sent *record = scoreboard_new(t->tcp, t->tcb);

    assert_non_null(record);
    t->tcb->snd_nxt = seq_add(from, BYTES);
    scoreboard_sent_new(t->tcp, t->tcb, record, from, BYTES, 0);
    log->sent_by[log->sent] = log->count;
    log->events[log->count++] =
        (struct event){false, was_empty, now_us(t), log->sent, sender_at(t->tcp, t->tcb)->delivered};
    log->sent++;
}

/* Everything before packet `una` is acknowledged, and `sacked` if that is not PACKETS. */
static bool acknowledge(struct inside *t, struct log *log, uint32_t una, uint32_t sacked, struct ack_sample *ack)
{
    uint32_t newest = PACKETS;

    *ack = (struct ack_sample){.sacked_end = t->tcb->snd_una, .echo_age_ms = UINT32_MAX};
    for (uint32_t i = log->una; i < log->sent; i++) {
        if (log->delivered[i] || !(i < una || i == sacked))
            continue;
        log->delivered[i] = true;
        newest = i; /* sent in order: the last one is the newest */
    }
    work_begin(&tcp_host(t->tcp)->work);
    if (una > log->una)
        scoreboard_acked(t->tcp, t->tcb, start_of(t, una), ack);
    log->una = una;
    t->tcb->snd_una = start_of(t, una);
    if (sacked < log->sent && sacked >= una)
        assert_true(scoreboard_sacked(t->tcp, t->tcb, start_of(t, sacked), start_of(t, sacked + 1), ack));
    rate_finish(t->tcp, t->tcb, ack);
    if (newest == PACKETS)
        return false;
    log->events[log->count++] = (struct event){true, false, now_us(t), newest, sender_at(t->tcp, t->tcb)->delivered};
    return true;
}

/* The sample of the last event, recomputed: clocks run since the last ACK before the sending, or since the pipe was
 * empty. */
static void check_sample(const struct inside *t, const struct log *log, const struct ack_sample *ack)
{
    const struct event *end = &log->events[log->count - 1];
    const struct event *sending = &log->events[log->sent_by[end->which]];
    const struct event *since = sending;
    uint32_t send_elapsed, ack_elapsed, first_sent;
    uint64_t before = 0;

    for (const struct event *e = log->events; e < sending; e++)
        before = e->delivered;
    while (!since->is_ack && !since->pipe_was_empty)
        since--;
    first_sent = since->is_ack ? log->events[log->sent_by[since->which]].us : since->us;
    send_elapsed = sending->us - first_sent;
    ack_elapsed = end->us - since->us;
    assert_true(ack->has_data);
    assert_int_equal(ack->prior_delivered, before);
    assert_int_equal(ack->rate_bytes, end->delivered - before);
    assert_int_equal(ack->interval_us, send_elapsed > ack_elapsed ? send_elapsed : ack_elapsed);
    assert_int_equal(sender_at(t->tcp, t->tcb)->delivered, end->delivered);
}

static void samples_are_what_the_log_of_all_events_says(void **state)
{
    static struct log log;
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        uint64_t random = seed;
        struct inside t;
        unsigned samples = 0;

        start(&t, &log, inside_corners[seed % INSIDE_CORNERS]);
        time_passes(&t, UINT64_C(4294967296) - 20000); /* host_us() wraps meanwhile */
        while (log.una < PACKETS) {
            struct ack_sample ack;
            uint32_t in_flight = log.sent - log.una;

            time_passes(&t, inside_below(&random, 4) == 0 ? 0 : inside_below(&random, 3000));
            if (log.sent < PACKETS && (in_flight == 0 || inside_below(&random, 40) > in_flight)) {
                send_packet(&t, &log);
                continue;
            }
            if (acknowledge(&t, &log, log.una + inside_below(&random, in_flight < 4 ? in_flight + 1 : 4),
                            inside_below(&random, 2) == 0 ? log.una + inside_below(&random, in_flight + 1) : PACKETS,
                            &ack)) {
                check_sample(&t, &log, &ack);
                samples++;
            }
        }
        assert_int_equal(sender_at(t.tcp, t.tcb)->delivered, PACKETS * BYTES);
        assert_true(samples > PACKETS / 6);
        inside_close(&t);
    }
}

/* So many packets are all that the application gave. */
static void queue_packets(struct inside *t, unsigned packets)
{
    static const uint8_t bytes[4 * BYTES];

    assert_int_equal(rill_send(t->stack, t->conn, bytes, packets * BYTES, 0), packets * BYTES);
}

static void a_steady_path_is_measured_exactly(void **state)
{
    static struct log log;
    struct ack_sample ack;
    struct inside t;
    (void)state;
    start(&t, &log, 1);
    for (unsigned i = 0; i < 20; i++) { /* a packet a millisecond, 20 ms away */
        send_packet(&t, &log);
        time_passes(&t, 1000);
    }
    for (unsigned i = 0; i < 100; i++) {
        assert_true(acknowledge(&t, &log, log.una + 1, PACKETS, &ack));
        send_packet(&t, &log);
        time_passes(&t, 1000);
    }
    assert_true(ack.is_rate_valid);
    assert_int_equal((uint64_t)ack.rate_bytes * 1000000 / ack.interval_us, 1000000);
    assert_int_equal(ack.prior_flight, 20 * BYTES);
    inside_close(&t);
}

static void a_bubble_marks_the_samples_until_it_has_left_the_pipe(void **state)
{
    static struct log log;
    struct ack_sample ack;
    struct inside t;
    struct sender *sender;
    (void)state;
    sender = start(&t, &log, 1);
    queue_packets(&t, 1);
    rate_check_app_limited(t.tcp, t.tcb); /* there is something to send */
    assert_int_equal(sender->app_limited, 0);
    send_packet(&t, &log);
    rate_check_app_limited(t.tcp, t.tcb); /* nothing more is, and cwnd is not used up */
    assert_int_equal(sender->app_limited, BYTES);
    send_packet(&t, &log);
    time_passes(&t, 1000);
    acknowledge(&t, &log, 1, PACKETS, &ack);
    assert_false(ack.is_app_limited); /* sent before */
    send_packet(&t, &log);
    time_passes(&t, 1000);
    acknowledge(&t, &log, 2, PACKETS, &ack);
    assert_true(ack.is_app_limited);
    assert_int_equal(sender->app_limited, 0); /* what was in flight then has been delivered, and more */
    send_packet(&t, &log);
    acknowledge(&t, &log, 4, PACKETS, &ack);
    assert_false(ack.is_app_limited);
    inside_close(&t);
}

static void a_full_window_or_a_loss_to_repair_is_not_the_applications_fault(void **state)
{
    static struct log log;
    struct inside t;
    struct sender *sender;
    (void)state;
    sender = start(&t, &log, 1);
    t.tcb->cwnd = 3 * BYTES;
    queue_packets(&t, 3);
    for (unsigned i = 0; i < 3; i++)
        send_packet(&t, &log);
    rate_check_app_limited(t.tcp, t.tcb);
    assert_int_equal(sender->app_limited, 0);
    scoreboard_lost(t.tcp, t.tcb, scoreboard_find(t.tcp, t.tcb, start_of(&t, 0)), start_of(&t, 1));
    rate_check_app_limited(t.tcp, t.tcb);
    assert_int_equal(sender->app_limited, 0);
    scoreboard_unlose(t.tcp, t.tcb);
    t.tcb->cwnd = 4 * BYTES;
    rate_check_app_limited(t.tcp, t.tcb); /* but now it is */
    assert_int_equal(sender->app_limited, 3 * BYTES);
    inside_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_what_the_log_of_all_events_says),
        cmocka_unit_test(a_steady_path_is_measured_exactly),
        cmocka_unit_test(a_bubble_marks_the_samples_until_it_has_left_the_pipe),
        cmocka_unit_test(a_full_window_or_a_loss_to_repair_is_not_the_applications_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
