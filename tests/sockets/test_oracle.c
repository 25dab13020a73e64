/*
 * The kernel is the oracle: small sequences of calls run on Linux's loopback
 * sockets and on two stacks back to back; what every call returned, errors,
 * signals, readiness and bytes included, must be the same. The language is
 * that of support/oracle.h; the same sequences run on their own as the program
 * `oracle`.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "sockets/as_tests.h"
#include "sockets/oracle_rill.h"
#include "sockets/sequences.h"

static struct oracle_world kernel, rill;

static void turn(void *context)
{
    pair_turn((struct pair *)context);
}

static void run_on_kernel(const char *sequence)
{
    oracle_begin(&kernel);
    kernel.calls = &oracle_kernel;
    kernel.server.s_addr = kernel.client.s_addr = htonl(INADDR_LOOPBACK);
    oracle_kernel_ports(&kernel);
    oracle_run(&kernel, sequence);
    oracle_kernel_end(&kernel);
}

static void run_on_rill(const char *sequence)
{
    struct pair pair;

    pair_open(&pair);
    oracle_begin(&rill);
    rill.calls = &oracle_rill;
    rill.context = &pair;
    rill.after = turn;
    rill.server.s_addr = htonl(0x0a000001);
    rill.client.s_addr = htonl(0x0a000002);
    rill.port = kernel.port;
    rill.dead_port = kernel.dead_port;
    rill.spare_port = kernel.spare_port;
    oracle_run(&rill, sequence);
    pair_close(&pair);
}

/* On both; true when the texts are equal. */
static bool run_both(const char *sequence)
{
    run_on_kernel(sequence);
    run_on_rill(sequence);
    return strcmp(kernel.text, rill.text) == 0;
}

static void show_both(const char *why)
{
    fail_msg("%s\n--- Linux\n%s--- rill\n%s", why, kernel.text, rill.text);
}

SEQUENCES(AS_FUNCTION)
DIFFERENCES(AS_DIFFERENCE)

/* With sequences as arguments: run these, and show where the two differ. */
static int compare_given(int count, char **given)
{
    int different = 0;

    for (int i = 0; i < count; i++) {
        if (run_both(given[i]))
            continue;
        different++;
        printf("--- Linux\n%s--- rill\n%s", kernel.text, rill.text);
    }
    return different;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {SEQUENCES(AS_ENTRY) DIFFERENCES(AS_DIFFERENT_ENTRY)};

    oracle_kernel_begin();
    if (argc > 1)
        return compare_given(argc - 1, argv + 1) != 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
