/*
 * UDP under rill run, against the kernel's UDP.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "support/cmocka_all.h"
#include "support/run_world.h"

#define PORT 5300

/* A kernel socket at the port, before rill runs; it answers `count` datagrams with themselves. */
static int kernel_socket(void)
{
    struct sockaddr_in at = world_address("0.0.0.0", PORT);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    limit_waits(fd);
    return fd;
}

static void echo(int fd, unsigned count)
{
    static uint8_t data[65536];

    for (; count > 0; count--) {
        struct sockaddr_in from;
        socklen_t bytes = sizeof from;
        ssize_t n = recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&from, &bytes);

        assert_true(n >= 0);
        assert_int_equal(from.sin_addr.s_addr, inet_addr(WORLD_RILL));
        assert_int_equal(sendto(fd, data, (size_t)n, 0, (struct sockaddr *)&from, bytes), n);
    }
}

static void echo_to(const char *guest, unsigned count)
{
    int fd = kernel_socket();
    pid_t program = world_start(guest, NULL);

    echo(fd, count);
    world_finish(program);
    close(fd);
}

/* ------------------------------------------------------------------------- addresses */

static void guest_addressed(void)
{
    struct sockaddr_in to = world_address(WORLD_KERNEL, PORT), from;
    socklen_t bytes = sizeof from;
    char text[16] = "";
    int fd = guest_socket(SOCK_DGRAM), queued = 0;

    GUEST(sendto(fd, "one", 3, 0, (struct sockaddr *)&to, sizeof to) == 3);
    GUEST(poll_for(fd, POLLIN, 5000) == POLLIN);
    GUEST(ioctl(fd, FIONREAD, &queued) == 0 && queued == 3);
    GUEST(recvfrom(fd, text, sizeof text, MSG_PEEK, (struct sockaddr *)&from, &bytes) == 3);
    bytes = sizeof from;
    GUEST(recvfrom(fd, text, sizeof text, 0, (struct sockaddr *)&from, &bytes) == 3);
    GUEST(memcmp(text, "one", 3) == 0 && from.sin_port == htons(PORT) && from.sin_addr.s_addr == to.sin_addr.s_addr);
    GUEST(poll_for(fd, POLLIN, 0) == 0);
    GUEST(recvfrom(fd, text, sizeof text, MSG_DONTWAIT, (struct sockaddr *)&from, &bytes) == -1 && errno == EAGAIN);
    /* What does not fit is lost, and MSG_TRUNC tells the whole length. */
    GUEST(sendto(fd, "longer", 6, 0, (struct sockaddr *)&to, sizeof to) == 6);
    GUEST(recvfrom(fd, text, 2, MSG_TRUNC, (struct sockaddr *)&from, &bytes) == 6);
    GUEST(sendto(fd, "", 0, 0, (struct sockaddr *)&to, sizeof to) == 0);
    GUEST(recvfrom(fd, text, 2, 0, (struct sockaddr *)&from, &bytes) == 0);
}

static void datagrams_carry_addresses_and_keep_their_bounds(void **state)
{
    (void)state;
    echo_to("addressed", 3);
}

/* ---------------------------------------------------------------------------- length */

static void guest_long(void)
{
    static const unsigned lengths[] = {1473, 4000, 30001, 65507};
    static uint8_t data[65508], back[65536];
    struct sockaddr_in to = world_address(WORLD_KERNEL, PORT);
    int fd = guest_socket(SOCK_DGRAM), discover = IP_PMTUDISC_DO;

    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 2654435761u >> 24);
    GUEST(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    for (unsigned i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        GUEST(sendto(fd, data, lengths[i], 0, NULL, 0) == (ssize_t)lengths[i]);
        GUEST(recvfrom(fd, back, sizeof back, 0, NULL, NULL) == (ssize_t)lengths[i]);
        GUEST(memcmp(back, data, lengths[i]) == 0);
        GUEST(write(fd, data, lengths[i]) == (ssize_t)lengths[i]);
        GUEST(read(fd, back, sizeof back) == (ssize_t)lengths[i]);
        GUEST(memcmp(back, data, lengths[i]) == 0);
    }
    GUEST(sendto(fd, data, 65508, 0, (struct sockaddr *)&to, sizeof to) == -1 && errno == EMSGSIZE);
    GUEST(setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &discover, sizeof discover) == 0);
    GUEST(sendto(fd, data, 1473, 0, (struct sockaddr *)&to, sizeof to) == -1 && errno == EMSGSIZE);
}

static void long_datagrams_leave_and_arrive_in_fragments(void **state)
{
    (void)state;
    echo_to("long", 8);
}

/* ----------------------------------------------------------------------------- ends */

static void guest_connected(void)
{
    struct sockaddr_in to = world_address(WORLD_KERNEL, PORT), name;
    socklen_t bytes = sizeof name;
    char text[16] = "";
    int fd = guest_socket(SOCK_DGRAM);

    GUEST(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    GUEST(getsockname(fd, (struct sockaddr *)&name, &bytes) == 0 && name.sin_addr.s_addr == inet_addr(WORLD_RILL));
    GUEST(write(fd, "ab", 2) == 2 && read(fd, text, sizeof text) == 2 && memcmp(text, "ab", 2) == 0);
    GUEST(send(fd, "", 0, 0) == 0 && recv(fd, text, sizeof text, 0) == 0);
    for (unsigned i = 0; i < 5; i++)
        GUEST(send(fd, &"01234"[i], 1, 0) == 1);
    for (unsigned i = 0; i < 5; i++) /* plain calls and addressed ones in turn */
        GUEST((i % 2 == 0 ? recv(fd, text, 4, 0) : recvfrom(fd, text, 4, 0, (struct sockaddr *)&name, &bytes)) == 1 &&
              text[0] == (char)('0' + i));
    GUEST(poll_for(fd, POLLIN | POLLOUT, 0) == POLLOUT);
}

static void plain_calls_and_addressed_ones_share_one_queue(void **state)
{
    (void)state;
    echo_to("connected", 7);
}

static void guest_messages(void)
{
    struct sockaddr_in to = world_address(WORLD_KERNEL, PORT), from[3];
    struct iovec halves[2] = {{(char[]){"le"}, 2}, {(char[]){"ft"}, 2}}, rooms[3];
    struct mmsghdr messages[3] = {0};
    uint8_t control[64];
    char text[3][8] = {""};
    int fd = guest_socket(SOCK_DGRAM), on = 1, got = 0;

    GUEST(setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) == 0);
    for (unsigned i = 0; i < 3; i++)
        messages[i].msg_hdr =
            (struct msghdr){.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = halves, .msg_iovlen = 2};
    GUEST(sendmmsg(fd, messages, 3, 0) == 3 && messages[2].msg_len == 4);
    for (unsigned i = 0; i < 3; i++) {
        rooms[i] = (struct iovec){text[i], sizeof text[i]};
        messages[i].msg_hdr =
            (struct msghdr){.msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &rooms[i], .msg_iovlen = 1};
    }
    while (got < 2)
        got += recvmmsg(fd, messages + got, (unsigned)(2 - got), 0, NULL);
    GUEST(memcmp(text[1], "left", 4) == 0 && messages[1].msg_len == 4 && from[1].sin_port == htons(PORT));
    messages[2].msg_hdr.msg_control = control;
    messages[2].msg_hdr.msg_controllen = sizeof control;
    GUEST(recvmsg(fd, &messages[2].msg_hdr, 0) == 4);
    {
        const struct cmsghdr *first = CMSG_FIRSTHDR(&messages[2].msg_hdr);
        struct in_pktinfo info;

        GUEST(first != NULL && first->cmsg_level == IPPROTO_IP && first->cmsg_type == IP_PKTINFO);
        memcpy(&info, CMSG_DATA(first), sizeof info);
        GUEST(info.ipi_addr.s_addr == inet_addr(WORLD_RILL));
    }
}

static void messages_go_in_batches_with_control_data(void **state)
{
    (void)state;
    echo_to("messages", 3);
}

static void guest_has_more_room_than_memory(void)
{
    struct sockaddr_in to = world_address(WORLD_KERNEL, PORT);
    char *text = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned char there[16];
    int fd = guest_socket(SOCK_DGRAM);

    GUEST(text != MAP_FAILED && madvise(text, 65536, MADV_NOHUGEPAGE) == 0);
    GUEST(sendto(fd, "one", 3, 0, (struct sockaddr *)&to, sizeof to) == 3);
    GUEST(recvfrom(fd, text, SIZE_MAX, 0, (struct sockaddr *)&to, &(socklen_t){sizeof to}) == 3);
    GUEST(memcmp(text, "one", 3) == 0);
    GUEST(mincore(text, 65536, there) == 0);
    for (unsigned i = 1; i < 16; i++) /* what is not written is not brought into memory */
        GUEST((there[i] & 1) == 0);
}

static void of_a_buffer_only_what_a_datagram_fills_is_touched(void **state)
{
    (void)state;
    echo_to("has_more_room_than_memory", 1);
}

#define PIECES 1024u /* UIO_MAXIOV */

static void guest_in_pieces(void)
{
    static struct iovec pieces[PIECES + 1];
    static uint8_t sent[PIECES + 1], received[PIECES + 1];
    struct sockaddr_in to = world_address(WORLD_KERNEL, PORT);
    struct msghdr message = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = pieces, .msg_iovlen = PIECES + 1};
    int fd = guest_socket(SOCK_DGRAM);

    for (unsigned i = 0; i <= PIECES; i++) {
        sent[i] = (uint8_t)(i * 7 + i / 256);
        pieces[i] = (struct iovec){&sent[i], 1};
    }
    GUEST(sendmsg(fd, &message, 0) == -1 && errno == EMSGSIZE);
    message.msg_iovlen = PIECES;
    GUEST(sendmsg(fd, &message, 0) == PIECES);
    for (unsigned i = 0; i < PIECES; i++)
        pieces[i].iov_base = &received[PIECES - i]; /* the last first */
    GUEST(recvmsg(fd, &message, 0) == PIECES);
    for (unsigned i = 0; i < PIECES; i++)
        GUEST(received[PIECES - i] == sent[i]);
}

static void a_datagram_may_lie_in_as_many_pieces_as_the_kernel_takes(void **state)
{
    (void)state;
    echo_to("in_pieces", 1);
}

/* ---------------------------------------------------------------------------- errors */

static void guest_refused(void)
{
    struct sockaddr_in to = world_address(WORLD_KERNEL, 9), from;
    socklen_t bytes = sizeof from;
    char byte;
    int fd = guest_socket(SOCK_DGRAM);

    GUEST(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    GUEST(send(fd, "x", 1, 0) == 1);
    GUEST((poll_for(fd, POLLIN, 5000) & (POLLIN | POLLERR)) != 0);
    GUEST(recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&from, &bytes) == -1 && errno == ECONNREFUSED);
    GUEST(recvfrom(fd, &byte, 1, MSG_DONTWAIT, (struct sockaddr *)&from, &bytes) == -1 && errno == EAGAIN);
}

static void an_unreachable_port_wakes_a_connected_socket(void **state)
{
    (void)state;
    world_finish(world_start("refused", NULL));
}

static void guest_asks_why(void)
{
    struct sockaddr_in to = world_address(WORLD_KERNEL, 9);
    socklen_t bytes = sizeof(int);
    int fd = guest_socket(SOCK_DGRAM), error = 0;
    char byte;

    GUEST(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    GUEST(send(fd, "x", 1, 0) == 1);
    GUEST((poll_for(fd, POLLIN, 5000) & (POLLIN | POLLERR)) != 0);
    GUEST(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes) == 0 && error == ECONNREFUSED);
    GUEST(poll_for(fd, POLLIN, 0) == 0);
    GUEST(recv(fd, &byte, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN);
    GUEST(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes) == 0 && error == 0);
}

static void a_refusal_is_told_once_to_who_asks_for_the_error(void **state)
{
    (void)state;
    world_finish(world_start("asks_why", NULL));
}

static void guest_refused_at_home(void)
{
    struct sockaddr_in to = world_address(WORLD_RILL, 9);
    int fd = guest_socket(SOCK_DGRAM);
    char byte;

    GUEST(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    for (unsigned i = 0; i < 50; i++) { /* nobody else's address could be flooded so */
        GUEST(send(fd, "x", 1, 0) == 1);
        GUEST((poll_for(fd, POLLIN, 5000) & (POLLIN | POLLERR)) != 0);
        GUEST(recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&to, &(socklen_t){sizeof to}) == -1);
        GUEST(errno == ECONNREFUSED);
    }
}

static void a_closed_port_of_ones_own_address_refuses(void **state)
{
    (void)state;
    world_finish(world_start("refused_at_home", NULL));
}

/* ------------------------------------------------------------------------ shutdown */

static void *read_plainly(void *fd)
{
    char byte;

    GUEST(recv(*(int *)fd, &byte, 1, 0) == 0);
    return NULL;
}

static void *read_with_an_address(void *fd)
{
    struct sockaddr_in from;
    socklen_t bytes = sizeof from;
    char byte;

    GUEST(recvfrom(*(int *)fd, &byte, 1, 0, (struct sockaddr *)&from, &bytes) == 0);
    return NULL;
}

static void guest_shuts(void)
{
    struct sockaddr_in at = world_address("0.0.0.0", PORT);
    int fd = guest_socket(SOCK_DGRAM);
    pthread_t readers[2];

    GUEST(bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
    GUEST(pthread_create(&readers[0], NULL, read_plainly, &fd) == 0);
    GUEST(pthread_create(&readers[1], NULL, read_with_an_address, &fd) == 0);
    usleep(100000);
    GUEST(shutdown(fd, SHUT_RDWR) == -1 && errno == ENOTCONN); /* and it shuts */
    GUEST(pthread_join(readers[0], NULL) == 0 && pthread_join(readers[1], NULL) == 0);
    GUEST(send(fd, "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE);
    GUEST((poll_for(fd, POLLIN | POLLRDHUP, 0) & (POLLIN | POLLRDHUP | POLLHUP)) == (POLLIN | POLLRDHUP | POLLHUP));
    GUEST(close(fd) == 0);
    fd = guest_socket(SOCK_DGRAM);
    for (unsigned tries = 0; tries < 100 && bind(fd, (struct sockaddr *)&at, sizeof at) != 0; tries++) {
        GUEST(errno == EADDRINUSE && tries < 99);
        usleep(10000);
    }
}

static void shutdown_wakes_who_reads_and_close_still_frees_the_port(void **state)
{
    (void)state;
    world_finish(world_start("shuts", NULL));
}

/* ------------------------------------------------------------------- control messages */

static void guest_has_little_room(void)
{
    struct sockaddr_in to = world_address(WORLD_KERNEL, PORT);
    int fd = guest_socket(SOCK_DGRAM), on = 1;
    _Alignas(8) uint8_t control[CMSG_SPACE(sizeof(struct in_pktinfo)) + 8];
    char text[4];
    struct iovec piece = {text, sizeof text};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};

    GUEST(setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) == 0);
    GUEST(setsockopt(fd, IPPROTO_IP, IP_RECVTTL, &on, sizeof on) == 0);
    GUEST(sendto(fd, "one", 3, 0, (struct sockaddr *)&to, sizeof to) == 3);
    GUEST(recvmsg(fd, &message, 0) == 3);
    GUEST((message.msg_flags & MSG_CTRUNC) != 0 && message.msg_controllen == CMSG_SPACE(sizeof(struct in_pktinfo)));
    GUEST(CMSG_FIRSTHDR(&message)->cmsg_type == IP_PKTINFO);
}

static void guest_asks_when(void)
{
    struct sockaddr_in to = world_address(WORLD_KERNEL, PORT);
    int fd = guest_socket(SOCK_DGRAM), on = 1, is_set = 0;
    _Alignas(8) uint8_t control[128];
    char text[4];
    struct iovec piece = {text, sizeof text};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct timespec before, told, after;
    const struct cmsghdr *first;

    GUEST(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) == 0);
    GUEST(getsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &is_set, &(socklen_t){sizeof is_set}) == 0 && is_set == 1);
    GUEST(setsockopt(fd, IPPROTO_IP, IP_RECVTTL, &on, sizeof on) == 0);
    clock_gettime(CLOCK_REALTIME, &before);
    GUEST(sendto(fd, "one", 3, 0, (struct sockaddr *)&to, sizeof to) == 3);
    GUEST(recvmsg(fd, &message, 0) == 3);
    clock_gettime(CLOCK_REALTIME, &after);
    first = CMSG_FIRSTHDR(&message);
    GUEST(first != NULL && first->cmsg_level == SOL_SOCKET && first->cmsg_type == SCM_TIMESTAMPNS);
    memcpy(&told, CMSG_DATA(first), sizeof told);
    GUEST(told.tv_sec >= before.tv_sec && told.tv_sec <= after.tv_sec);
    first = CMSG_NXTHDR(&message, (struct cmsghdr *)(uintptr_t)first);
    GUEST(first != NULL && first->cmsg_level == IPPROTO_IP && first->cmsg_type == IP_TTL);
}

static void the_time_of_arrival_is_told_to_who_asks(void **state)
{
    (void)state;
    echo_to("asks_when", 1);
}

static void of_control_messages_those_that_fit_are_told(void **state)
{
    (void)state;
    echo_to("has_little_room", 1);
}

/* ---------------------------------------------------------------------------- server */

static void guest_serves(void)
{
    struct sockaddr_in at = world_address("0.0.0.0", PORT), from, loopback = world_address("127.0.0.1", PORT);
    socklen_t bytes = sizeof from;
    char text[16];
    int fd = guest_socket(SOCK_DGRAM), client = guest_socket(SOCK_DGRAM);

    GUEST(bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
    guest_ready();
    GUEST(recvfrom(fd, text, sizeof text, 0, (struct sockaddr *)&from, &bytes) == 4); /* sleeps until it comes */
    GUEST(from.sin_addr.s_addr == inet_addr(WORLD_KERNEL));
    GUEST(sendto(fd, text, 4, 0, (struct sockaddr *)&from, bytes) == 4);
    /* The same socket answers the loopback. */
    GUEST(sendto(client, "local", 5, 0, (struct sockaddr *)&loopback, sizeof loopback) == 5);
    GUEST(recvfrom(fd, text, sizeof text, 0, (struct sockaddr *)&from, &bytes) == 5);
    GUEST(from.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
    GUEST(sendto(fd, text, 5, 0, (struct sockaddr *)&from, bytes) == 5);
    GUEST(recv(client, text, sizeof text, 0) == 5);
}

static void a_server_on_all_addresses_answers_the_wire_and_the_loopback(void **state)
{
    pid_t program = world_start("serves", NULL);
    struct sockaddr_in to = world_address(WORLD_RILL, PORT);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    char text[16];

    (void)state;
    limit_waits(fd);
    world_await();
    usleep(100000);
    assert_int_equal(sendto(fd, "ping", 4, 0, (struct sockaddr *)&to, sizeof to), 4);
    assert_int_equal(recv(fd, text, sizeof text, 0), 4);
    close(fd);
    world_finish(program);
}

/* -------------------------------------------------------------- descriptors that change */

static void *await_answer(void *fd)
{
    struct sockaddr_in from;
    socklen_t bytes = sizeof from;
    char text[4];

    GUEST(recvfrom(*(int *)fd, text, sizeof text, 0, (struct sockaddr *)&from, &bytes) == 2);
    GUEST(memcmp(text, "go", 2) == 0);
    return NULL;
}

static void guest_changes_what_is_waited_for(void)
{
    struct sockaddr_in to = world_address(WORLD_KERNEL, PORT);
    int fd = guest_socket(SOCK_DGRAM), other = dup(fd), null = open("/dev/null", O_RDWR);
    pthread_t reader;

    GUEST(pthread_create(&reader, NULL, await_answer, &fd) == 0);
    usleep(100000);
    GUEST(dup2(null, fd) == fd);
    GUEST(sendto(other, "go", 2, 0, (struct sockaddr *)&to, sizeof to) == 2);
    GUEST(pthread_join(reader, NULL) == 0);
}

static void a_receive_that_waits_keeps_its_socket_when_the_number_gets_another(void **state)
{
    (void)state;
    echo_to("changes_what_is_waited_for", 1);
}

static void guest_leaves_datagrams_behind(void)
{
    struct sockaddr_in to = world_address(WORLD_KERNEL, PORT);
    int fd = guest_socket(SOCK_DGRAM);

    GUEST(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    GUEST(kill(getppid(), SIGSTOP) == 0); /* rill finds all of them, and the end, at once */
    usleep(50000);
    GUEST(send(fd, "", 0, 0) == 0 && send(fd, "x", 1, 0) == 1 && send(fd, "yz", 2, 0) == 2);
    GUEST(close(fd) == 0);
    GUEST(kill(getppid(), SIGCONT) == 0);
}

static void datagrams_behind_an_empty_one_are_sent_though_the_socket_is_closed(void **state)
{
    int fd = kernel_socket();
    pid_t program = world_start("leaves_datagrams_behind", NULL);
    char text[4];

    (void)state;
    for (ssize_t bytes = 0; bytes < 3; bytes++)
        assert_int_equal(recv(fd, text, sizeof text, 0), bytes);
    world_finish(program);
    close(fd);
}

static void guest_cannot_be_told(void)
{
    struct sockaddr_in to = world_address(WORLD_KERNEL, PORT);
    struct iovec piece = {(char[]){"p"}, 1};
    struct mmsghdr *message =
        (struct mmsghdr *)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int fd = guest_socket(SOCK_DGRAM);

    GUEST(message != MAP_FAILED);
    message->msg_hdr = (struct msghdr){.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &piece, .msg_iovlen = 1};
    GUEST(mprotect(message, 4096, PROT_READ) == 0);
    GUEST(sendmmsg(fd, message, 1, 0) == -1 && errno == EFAULT);
}

static void a_batch_whose_lengths_cannot_be_written_is_a_fault(void **state)
{
    (void)state;
    world_finish(world_start("cannot_be_told", NULL));
}

int main(int argc, char **argv)
{
    static const struct guest guests[] = {
        {"asks_when", guest_asks_when},
        {"cannot_be_told", guest_cannot_be_told},
        {"leaves_datagrams_behind", guest_leaves_datagrams_behind},
        {"changes_what_is_waited_for", guest_changes_what_is_waited_for},
        {"addressed", guest_addressed},
        {"connected", guest_connected},
        {"messages", guest_messages},
        {"in_pieces", guest_in_pieces},
        {"has_more_room_than_memory", guest_has_more_room_than_memory},
        {"refused", guest_refused},
        {"asks_why", guest_asks_why},
        {"refused_at_home", guest_refused_at_home},
        {"shuts", guest_shuts},
        {"has_little_room", guest_has_little_room},
        {"serves", guest_serves},
        {"long", guest_long},
        {NULL, NULL},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_whose_lengths_cannot_be_written_is_a_fault),
        cmocka_unit_test(datagrams_behind_an_empty_one_are_sent_though_the_socket_is_closed),
        cmocka_unit_test(a_receive_that_waits_keeps_its_socket_when_the_number_gets_another),
        cmocka_unit_test(long_datagrams_leave_and_arrive_in_fragments),
        cmocka_unit_test(datagrams_carry_addresses_and_keep_their_bounds),
        cmocka_unit_test(plain_calls_and_addressed_ones_share_one_queue),
        cmocka_unit_test(messages_go_in_batches_with_control_data),
        cmocka_unit_test(a_datagram_may_lie_in_as_many_pieces_as_the_kernel_takes),
        cmocka_unit_test(of_a_buffer_only_what_a_datagram_fills_is_touched),
        cmocka_unit_test(an_unreachable_port_wakes_a_connected_socket),
        cmocka_unit_test(a_refusal_is_told_once_to_who_asks_for_the_error),
        cmocka_unit_test(a_closed_port_of_ones_own_address_refuses),
        cmocka_unit_test(shutdown_wakes_who_reads_and_close_still_frees_the_port),
        cmocka_unit_test(of_control_messages_those_that_fit_are_told),
        cmocka_unit_test(the_time_of_arrival_is_told_to_who_asks),
        cmocka_unit_test(a_server_on_all_addresses_answers_the_wire_and_the_loopback),
    };

    world_be_guest(argc, argv, guests);
    world_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
