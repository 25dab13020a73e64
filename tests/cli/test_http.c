/*
 * The file server on a real connection: two stacks in this process, the server
 * on one, a client made of plain calls on the other.
 */
#include "support/cmocka_all.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/bench_world.h"
#include "cli/flow.h"

#define PORT 80
#define BIG_BYTES 3000000u

static struct world world;
static struct session session;
static struct flows flows;
static rill_conn listener, client;
static char root[64];
static uint8_t *big;

static char answer[BIG_BYTES + 65536];
static size_t answer_bytes;
static bool answer_ended;

static void write_file(const char *name, const void *bytes, size_t length)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", root, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    fclose(file);
}

static int make_root(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/rill-http-XXXXXX");
    assert_non_null(mkdtemp(root));
    big = malloc(BIG_BYTES);
    assert_non_null(big);
    for (unsigned i = 0; i < BIG_BYTES; i++)
        big[i] = (uint8_t)(i * 2654435761u >> 24);
    write_file("big", big, BIG_BYTES);
    write_file("a.txt", "hello\n", 6);
    return 0;
}

static int remove_root(void **state)
{
    static const char *const names[] = {"/big", "/a.txt", ""};
    char path[128];

    (void)state;
    free(big);
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s%s", root, names[i]);
        if (remove(path) != 0)
            return -1;
    }
    return 0;
}

/* Everything that can happen now: packets, the server's events. The client reads only when told. */
static void run(void)
{
    struct rill_event event;
    struct rill_endpoint peer;
    rill_conn conn;
    bool told;

    do {
        world_settle(&world);
        told = false;
        while (rill_next(world.stack[1], &event)) {
            told = true;
            if (event.conn == listener)
                while (rill_accept(world.stack[1], listener, &conn, &peer) == 0)
                    flow_start(&flows, conn, &peer, FLOW_ACCEPTED);
            else
                flows_event(&flows, &event);
        }
        world_forget_events(&world, 0);
    } while (told);
}

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(world_open(&world, 16u << 20, 1500), 0);
    memset(&session, 0, sizeof session);
    memset(&flows, 0, sizeof flows);
    session.stack = world.stack[1];
    flows.session = &session;
    flows.config.service = &http_service;
    flows.config.root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(flows.config.root_fd >= 0);
    listener = world_listen(&world, PORT, 8);
    client = world_connect(&world, PORT);
    assert_true(listener != 0 && client != 0);
    run();
    answer_bytes = 0;
    answer_ended = false;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    flows_abort_all(&flows);
    flows_free(&flows);
    close(flows.config.root_fd);
    world_close(&world);
    return 0;
}

static void send_text(const char *text)
{
    assert_int_equal(rill_send(world.stack[0], client, text, strlen(text), 0), (int64_t)strlen(text));
    run();
}

/* Read until nothing more comes, a second of virtual time long. */
static void read_answer(void)
{
    for (unsigned quiet = 0; quiet < 10 && !answer_ended;) {
        int64_t got = rill_receive(world.stack[0], client, answer + answer_bytes, sizeof answer - 1 - answer_bytes, 0);

        if (got > 0) {
            answer_bytes += (size_t)got;
            quiet = 0;
        } else if (got == 0) {
            answer_ended = true;
        } else {
            assert_int_equal(got, -RILL_EAGAIN);
            world.now += 100000000u;
            quiet++;
        }
        run();
    }
    answer[answer_bytes] = '\0';
}

static unsigned count_of(const char *what)
{
    unsigned count = 0;

    for (const char *at = answer; (at = strstr(at, what)) != NULL; at += strlen(what))
        count++;
    return count;
}

static void a_request_in_single_bytes_is_answered(void **state)
{
    const char *request = "GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n";

    (void)state;
    for (; *request != '\0'; request++)
        send_text((char[]){*request, '\0'});
    read_answer();
    assert_int_equal(count_of("HTTP/1.1 200 OK"), 1);
    assert_string_equal(answer + answer_bytes - 10, "\r\n\r\nhello\n");
    assert_false(answer_ended);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    const char *second;

    (void)state;
    send_text("GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\nGET /nope HTTP/1.1\r\nHost: x\r\n\r\n"
              "HEAD /a.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    read_answer();
    second = strstr(answer, "404 Not Found");
    assert_non_null(second);
    assert_int_equal(count_of("200 OK"), 2);
    assert_true(strstr(answer, "200 OK") < second);
    assert_int_equal(count_of("hello"), 1);
    assert_true(answer_ended);
}

static void a_big_file_comes_whole_to_a_slow_reader(void **state)
{
    const char *body;

    (void)state;
    send_text("GET /big HTTP/1.0\r\n\r\n");
    world.now += 5000000000u; /* the window is full by now */
    run();
    read_answer();
    body = strstr(answer, "\r\n\r\n");
    assert_non_null(body);
    body += 4;
    assert_int_equal(answer_bytes - (size_t)(body - answer), BIG_BYTES);
    assert_memory_equal(body, big, BIG_BYTES);
    assert_true(answer_ended);
}

static void a_client_that_half_closes_still_gets_its_answer(void **state)
{
    (void)state;
    assert_true(rill_send(world.stack[0], client, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n", 30, 0) == 30);
    assert_int_equal(rill_shutdown(world.stack[0], client), 0);
    run();
    read_answer();
    assert_true(answer_bytes > BIG_BYTES);
    assert_true(answer_ended);
}

static void a_bad_request_is_answered_and_closed(void **state)
{
    (void)state;
    send_text("BREW /pot HTTP/1.1\r\nHost: x\r\n\r\nGET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n");
    read_answer();
    assert_non_null(strstr(answer, "HTTP/1.1 405 Method Not Allowed"));
    assert_non_null(strstr(answer, "Allow: GET, HEAD"));
    assert_int_equal(count_of("HTTP/1.1"), 1);
    assert_true(answer_ended);
}

static void a_head_that_never_ends_is_refused(void **state)
{
    static char text[9000];

    (void)state;
    memset(text, 'a', sizeof text - 1);
    memcpy(text, "GET / HTTP/1.1\r\nX: ", 19);
    send_text(text);
    read_answer();
    assert_non_null(strstr(answer, "HTTP/1.1 431 "));
    assert_true(answer_ended);
}

static void a_file_that_shrinks_breaks_the_connection(void **state)
{
    char path[128];

    (void)state;
    send_text("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
    snprintf(path, sizeof path, "%s/big", root);
    assert_int_equal(truncate(path, 10), 0);
    for (unsigned i = 0; i < 1000 && rill_receive(world.stack[0], client, answer, 65536, 0) > 0; i++)
        run();
    assert_int_equal(flows.live, 0);
    write_file("big", big, BIG_BYTES);
}

static void a_client_that_resets_leaves_nothing_behind(void **state)
{
    (void)state;
    send_text("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(flows.live, 1);
    rill_abort(world.stack[0], client);
    run();
    assert_int_equal(flows.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_request_in_single_bytes_is_answered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pipelined_requests_are_answered_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_big_file_comes_whole_to_a_slow_reader, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_client_that_half_closes_still_gets_its_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_bad_request_is_answered_and_closed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_head_that_never_ends_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_shrinks_breaks_the_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_client_that_resets_leaves_nothing_behind, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, make_root, remove_root);
}
