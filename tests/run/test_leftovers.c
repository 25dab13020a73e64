/*
 * Ten thousand connections through rill run, each way, leave nothing behind:
 * no descriptor, no connection, no memory.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/cmocka_all.h"
#include "support/run_world.h"
#include "support/sanitized.h"

#define PORT 8080
#define FIRST 2000u /* until everything has been used once */
#define THEN 8000u
/* Of memory that may come and go. A sanitizer keeps what was freed for a while, to see who still uses it. */
#if IS_SANITIZED
#define SLACK_KIB 65536u
#else
#define SLACK_KIB 512u
#endif

static char directory[64];

/* --------------------------------------------------------------------- what there is */

struct leftovers {
    unsigned descriptors;
    uint64_t connections, half_open, time_wait, buffer_bytes, resident_kib;
};

static unsigned count_descriptors(pid_t process)
{
    char path[48];
    unsigned count = 0;
    DIR *files;

    snprintf(path, sizeof path, "/proc/%d/fd", (int)process);
    files = opendir(path);
    assert_non_null(files);
    while (readdir(files) != NULL)
        count++;
    closedir(files);
    return count;
}

static uint64_t resident_kib(pid_t process)
{
    char path[48], line[128];
    uint64_t kib = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/status", (int)process);
    file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "VmRSS:", 6) == 0)
            kib = strtoull(line + 6, NULL, 10);
    fclose(file);
    return kib;
}

static uint64_t number_in(const char *json, const char *key)
{
    char quoted[48];
    const char *at;

    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    at = strstr(json, quoted);
    assert_non_null(at);
    return strtoull(at + strlen(quoted), NULL, 10);
}

/* Rill's own count of what its stack holds. */
static void ask_rill(const char *name, struct leftovers *out)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char answer[2048] = "";
    size_t got = 0;
    ssize_t n;

    snprintf(to.sun_path, sizeof to.sun_path, "%s/%s.sock", directory, name);
    limit_waits(fd);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_true(write_all(fd, "memory\n", 7));
    while ((n = read(fd, answer + got, sizeof answer - 1 - got)) > 0)
        got += (size_t)n;
    close(fd);
    out->connections = number_in(answer, "connections");
    out->half_open = number_in(answer, "half_open");
    out->time_wait = number_in(answer, "time_wait");
    out->buffer_bytes = number_in(answer, "buffer_bytes");
}

/* The last connection's end, and TIME-WAIT, may take a moment. */
static struct leftovers look_at(pid_t program, const char *name)
{
    struct leftovers found;

    for (unsigned tries = 0; tries < 200; tries++) {
        ask_rill(name, &found);
        if (found.connections <= 1 && found.half_open == 0 && found.time_wait == 0)
            break;
        usleep(20000);
    }
    found.descriptors = count_descriptors(program);
    found.resident_kib = resident_kib(program);
    print_message(
        "%u descriptors, %llu connections, %llu half open, %llu in TIME-WAIT, %llu bytes in buffers, %llu KiB "
        "resident\n",
        found.descriptors, (unsigned long long)found.connections, (unsigned long long)found.half_open,
        (unsigned long long)found.time_wait, (unsigned long long)found.buffer_bytes,
        (unsigned long long)found.resident_kib);
    return found;
}

/* One connection is held all the time, by which the guest is told what to do. */
static void nothing_has_grown(const struct leftovers *before, const struct leftovers *after)
{
    assert_int_equal(after->connections, 1);
    assert_int_equal(after->half_open, 0);
    assert_int_equal(after->time_wait, 0);
    assert_true(after->buffer_bytes <= before->buffer_bytes + 8192); /* the held one's last byte */
    assert_int_equal(after->descriptors, before->descriptors);
    assert_true(after->resident_kib <= before->resident_kib + SLACK_KIB);
}

static pid_t start(const char *guest, const char *name)
{
    const char *options[] = {"--name", name, "--msl", "20", NULL};

    return world_start(guest, options);
}

/* ----------------------------------------------------------------------------- clients */

static void guest_come_and_go(unsigned count)
{
    for (; count > 0; count--) {
        char byte = 'b';
        int fd = guest_connect(WORLD_KERNEL, PORT);

        GUEST(write_all(fd, &byte, 1) && read_all(fd, &byte, 1));
        close(fd);
    }
}

static void guest_connects(void)
{
    int held = guest_connect(WORLD_KERNEL, PORT);
    char byte;

    guest_come_and_go(FIRST);
    GUEST(write_all(held, "f", 1) && read_all(held, &byte, 1));
    guest_come_and_go(THEN);
    GUEST(write_all(held, "t", 1) && !read_all(held, &byte, 1));
}

static void answer_each(int listener, unsigned count)
{
    for (; count > 0; count--) {
        int fd = kernel_accept(listener);
        char byte;

        assert_true(read_all(fd, &byte, 1) && write_all(fd, &byte, 1));
        close(fd);
    }
}

static void ten_thousand_connections_made_leave_nothing_behind(void **state)
{
    int listener = kernel_listener(PORT), held;
    pid_t program = start("connects", "made");
    struct leftovers before, after;
    char byte;

    (void)state;
    held = kernel_accept(listener);
    answer_each(listener, FIRST);
    assert_true(read_all(held, &byte, 1));
    before = look_at(program, "made");
    assert_true(write_all(held, "g", 1));
    answer_each(listener, THEN);
    assert_true(read_all(held, &byte, 1));
    after = look_at(program, "made");
    nothing_has_grown(&before, &after);
    close(held);
    world_finish(program);
}

/* ----------------------------------------------------------------------------- servers */

static void guest_accepts(void)
{
    struct sockaddr_in at = world_address("0.0.0.0", PORT);
    int listener = socket(AF_INET, SOCK_STREAM, 0), held;
    char byte;

    GUEST(bind(listener, (struct sockaddr *)&at, sizeof at) == 0 && listen(listener, 64) == 0);
    guest_ready();
    held = accept(listener, NULL, NULL);
    for (unsigned i = 0; i < FIRST + THEN; i++) {
        int fd = accept(listener, NULL, NULL);

        GUEST(fd >= 0);
        limit_waits(fd);
        GUEST(read_all(fd, &byte, 1) && write_all(fd, &byte, 1));
        close(fd);
    }
    GUEST(!read_all(held, &byte, 1));
}

static void ask_each(unsigned count)
{
    for (; count > 0; count--) {
        int fd = kernel_connect(PORT);
        char byte = 'q';

        assert_true(write_all(fd, &byte, 1) && read_all(fd, &byte, 1));
        close(fd);
    }
}

static void ten_thousand_connections_accepted_leave_nothing_behind(void **state)
{
    pid_t program = start("accepts", "accepted");
    struct leftovers before, after;
    int held;

    (void)state;
    world_await();
    held = kernel_connect(PORT);
    ask_each(FIRST);
    before = look_at(program, "accepted");
    ask_each(THEN);
    after = look_at(program, "accepted");
    nothing_has_grown(&before, &after);
    close(held);
    world_finish(program);
}

int main(int argc, char **argv)
{
    static const struct guest guests[] = {
        {"connects", guest_connects},
        {"accepts", guest_accepts},
        {NULL, NULL},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_thousand_connections_made_leave_nothing_behind),
        cmocka_unit_test(ten_thousand_connections_accepted_leave_nothing_behind),
    };
    int failed;

    world_be_guest(argc, argv, guests);
    world_enter();
    snprintf(directory, sizeof directory, "/tmp/rill-leftovers-XXXXXX");
    if (mkdtemp(directory) == NULL)
        return 1;
    setenv("RILL_RUNTIME_DIR", directory, 1);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(directory);
    return failed;
}
