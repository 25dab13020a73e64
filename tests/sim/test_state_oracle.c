/* The simulator's own list of edges against the engine's: written twice, compared here. */
#include "sim/state_oracle.h"
#include "support/cmocka_all.h"
#include "tcp/state.h"

static void the_engine_has_no_edge_that_the_oracle_does_not_know(void **state)
{
    (void)state;
    for (unsigned from = 0; from < RILL_STATES; from++)
        for (unsigned to = 0; to < RILL_STATES; to++)
            if (state_edge_is_legal((enum rill_state)from, (enum rill_state)to))
                assert_true(state_edge_is_known(from, to));
}

static void most_pairs_are_no_edge(void **state)
{
    unsigned known = 0;

    (void)state;
    for (unsigned from = 0; from < RILL_STATES; from++)
        for (unsigned to = 0; to < RILL_STATES; to++)
            known += state_edge_is_known(from, to);
    assert_in_range(known, 25, 31);
    assert_false(state_edge_is_known(RILL_STATE_FIN_WAIT_2, RILL_STATE_ESTABLISHED));
    assert_false(state_edge_is_known(RILL_STATES, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_engine_has_no_edge_that_the_oracle_does_not_know),
        cmocka_unit_test(most_pairs_are_no_edge),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
