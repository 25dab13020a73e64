/*
 * One thread has packets and time; the calls of another wait.
 */
#include "packetdrill/world.h"

#include <errno.h>
#include <pthread.h>

/* How long the other thread may take to come: it is never used up. */
#define WITH_THREADS "settle_usecs=1000000"

static int begin(void **state)
{
    (void)state;
    assert_int_equal(init(WITH_THREADS, &pd), 0);
    return 0;
}

struct waiting_call {
    pthread_t thread;
    int fd;
    long long result;
    int error;
    long long ended_at;
    char data[16];
};

static void begin_call(struct waiting_call *call, int fd, void *(*run)(void *))
{
    *call = (struct waiting_call){.fd = fd};
    assert_int_equal(pthread_create(&call->thread, NULL, run, call), 0);
}

static void end_call(struct waiting_call *call)
{
    assert_int_equal(pthread_join(call->thread, NULL), 0);
}

static void *accept_in_thread(void *argument)
{
    struct waiting_call *call = argument;
    struct timeval time = {0};

    call->result = pd.accept(pd.userdata, call->fd, NULL, NULL);
    (void)pd.gettimeofday(pd.userdata, &time, NULL);
    call->ended_at = time.tv_sec * 1000000LL + time.tv_usec;
    return NULL;
}

static void *read_in_thread(void *argument)
{
    struct waiting_call *call = argument;

    call->result = pd.read(pd.userdata, call->fd, call->data, sizeof call->data);
    call->error = errno;
    return NULL;
}

static void *poll_in_thread(void *argument)
{
    struct waiting_call *call = argument;
    struct pollfd fds = {.fd = call->fd, .events = POLLIN};
    struct timeval time = {0};

    call->result = pd.poll(pd.userdata, &fds, 1, 500);
    (void)pd.gettimeofday(pd.userdata, &time, NULL);
    call->ended_at = time.tv_sec * 1000000LL + time.tv_usec;
    return NULL;
}

/* More than the send buffer holds. */
static void *write_in_thread(void *argument)
{
    static const char data[4 << 20];
    struct waiting_call *call = argument;

    call->result = pd.write(pd.userdata, call->fd, data, sizeof data);
    call->error = errno;
    return NULL;
}

static void a_waiting_accept_returns_when_the_handshake_is_done(void **state)
{
    struct waiting_call call;
    long long begin_at = now_usecs();
    int listener = open_listener();

    (void)state;
    begin_call(&call, listener, accept_in_thread);
    assert_int_equal(pd.usleep(pd.userdata, 100000), 0);
    peer_sends(TCP_SYN, 0, 0, "");
    (void)stack_sends(TCP_SYN | TCP_ACK, 0, 1, "");
    assert_int_equal(pd.usleep(pd.userdata, 50000), 0);
    peer_sends(TCP_ACK, 1, 1, "");
    assert_int_equal(pd.usleep(pd.userdata, SECOND), 0); /* is not seen by the call that has just been ended */
    end_call(&call);
    assert_true(call.result > listener);
    assert_int_equal(call.ended_at, begin_at + 150000);
}

static void a_waiting_read_returns_with_the_data_that_came(void **state)
{
    struct waiting_call call;
    int listener, fd;

    (void)state;
    fd = accept_connection(&listener);
    begin_call(&call, fd, read_in_thread);
    assert_int_equal(pd.usleep(pd.userdata, 10000), 0);
    peer_sends(TCP_ACK | TCP_PSH, 1, 1, "hello");
    end_call(&call);
    assert_int_equal(call.result, 5);
    assert_memory_equal(call.data, "hello", 5);
}

static void a_waiting_poll_times_out_when_the_other_thread_sleeps(void **state)
{
    struct waiting_call call;
    long long begin_at = now_usecs();

    (void)state;
    begin_call(&call, open_listener(), poll_in_thread);
    assert_int_equal(pd.usleep(pd.userdata, 100000), 0);
    assert_int_equal(pd.usleep(pd.userdata, 2 * SECOND), 0);
    end_call(&call);
    assert_int_equal(call.result, 0);
    assert_int_equal(call.ended_at, begin_at + 500000);
}

static void a_waiting_write_goes_on_as_the_peer_acknowledges(void **state)
{
    uint8_t packet[2048];
    struct waiting_call call;
    uint32_t received = 1;
    int listener, fd;

    (void)state;
    fd = accept_connection(&listener);
    begin_call(&call, fd, write_in_thread);
    while (received < 1 + (4u << 20)) {
        size_t bytes = sizeof packet;
        struct packet_facts facts;
        long long at;

        assert_int_equal(pd.netdev_receive(pd.userdata, packet, &bytes, &at), 0);
        assert_int_not_equal(bytes, 0);
        assert_null(packet_check(packet, bytes, &facts));
        assert_int_equal(facts.seq - iss, received);
        received += (uint32_t)facts.payload_bytes;
        peer_sends(TCP_ACK, 1, received, "");
    }
    end_call(&call);
    assert_int_equal(call.result, 4 << 20);
}

static void a_descriptor_closed_under_a_waiting_read_is_kept_for_it(void **state)
{
    struct waiting_call call;
    int listener, fd;

    (void)state;
    fd = accept_connection(&listener);
    begin_call(&call, fd, read_in_thread);
    assert_int_equal(pd.usleep(pd.userdata, 10000), 0);
    assert_int_equal(pd.close(pd.userdata, fd), 0);
    peer_sends(TCP_ACK | TCP_PSH, 1, 1, "hello");
    end_call(&call);
    assert_int_equal(call.result, 5);
    (void)stack_sends(TCP_ACK, 1, 6, "");
    (void)stack_sends(TCP_FIN | TCP_ACK, 1, 6, ""); /* the last user is gone */
}

static void *drive_in_thread(void *argument)
{
    struct waiting_call *call = argument;

    call->result = pd.usleep(pd.userdata, 1000);
    if (call->fd >= 0)
        (void)pd.shutdown(pd.userdata, call->fd, SHUT_RDWR);
    return NULL;
}

static void the_thread_that_moved_time_last_is_the_one_that_others_wait_for(void **state)
{
    struct waiting_call call;
    int listener;

    (void)state;
    assert_int_equal(init("", &pd), 0);
    listener = open_listener();
    begin_call(&call, -1, drive_in_thread);
    end_call(&call);
    begin_call(&call, listener, drive_in_thread);
    assert_int_equal(pd.accept(pd.userdata, listener, NULL, NULL), -1);
    assert_int_equal(errno, EINVAL); /* by the other's shutdown: no deadlock */
    end_call(&call);
}

static void freeing_ends_a_waiting_call(void **state)
{
    struct waiting_call call;
    int listener;

    (void)state;
    assert_int_equal(init(WITH_THREADS, &pd), 0);
    begin_call(&call, accept_connection(&listener), read_in_thread);
    assert_int_equal(pd.usleep(pd.userdata, 500000), 0);
    pd.free(pd.userdata);
    end_call(&call);
    assert_int_equal(call.result, -1);
    assert_int_equal(call.error, EINTR);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_waiting_accept_returns_when_the_handshake_is_done),
        TEST(a_waiting_read_returns_with_the_data_that_came),
        TEST(a_waiting_poll_times_out_when_the_other_thread_sleeps),
        TEST(a_waiting_write_goes_on_as_the_peer_acknowledges),
        TEST(a_descriptor_closed_under_a_waiting_read_is_kept_for_it),
        cmocka_unit_test_teardown(the_thread_that_moved_time_last_is_the_one_that_others_wait_for, end),
        cmocka_unit_test(freeing_ends_a_waiting_call),
    };

    return cmocka_run_group_tests_name("packetdrill.threads", tests, load, unload);
}
