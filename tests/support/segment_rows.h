/*
 * Facts about arriving segments that hold in many states: each is walked from
 * a state that peer_reach() made, at all corner sequence numbers, for both
 * kinds of open. A test program lists them as rows of the state table.
 */
#ifndef SUPPORT_SEGMENT_ROWS_H
#define SUPPORT_SEGMENT_ROWS_H

#include "support/tcp_peer.h"

/* How the connection is made. */
#define WITH_TIMESTAMPS 0x01u
#define WITH_SACK 0x02u
#define WITH_SMALL_BUFFER 0x04u /* the stack's window is small enough to be filled */
#define ONLY_ACTIVE 0x08u
#define ONLY_PASSIVE 0x10u
#define TIME_WAIT_BLOCK 0x20u /* TIME-WAIT after rill_close() */

struct segment_row {
    const char *name; /* "ST-089 the_fact" */
    enum rill_state state;
    unsigned with;
    unsigned variants; /* the fact is walked on a fresh connection for each */
    void (*fact)(struct peer *p, unsigned variant);
};

/* A cmocka test function whose state is a struct segment_row. */
void segment_row_walk(void **state);

/* An entry for cmocka: ROW("ST-089 rst_at_rcv_nxt_ends_it", RILL_STATE_ESTABLISHED, 0, 1, rst_at_rcv_nxt_resets) */
#define ROW(name, state, with, variants, fact)                                                                         \
    {                                                                                                                  \
        name, segment_row_walk, NULL, NULL, &(struct segment_row)                                                      \
        {                                                                                                              \
            name, state, with, variants, fact                                                                          \
        }                                                                                                              \
    }

/* SND.UNA as it was reached: before our FIN where that is not acknowledged yet. */
uint32_t una_of(struct peer *p);

/* Nothing was sent, told or changed. */
void expect_unmoved(struct peer *p, enum rill_state state);

/* The facts. The number behind a name is how many variants it has. */
void bad_checksum_is_dropped(struct peer *p, unsigned variant);
void rst_at_rcv_nxt_resets(struct peer *p, unsigned variant);
void rst_in_window_is_challenged(struct peer *p, unsigned variant); /* 2 */
void rst_out_of_window_is_silently_dropped(struct peer *p, unsigned variant);
void syn_in_window_is_challenged(struct peer *p, unsigned variant);               /* 4 */
void syn_out_of_window_is_challenged(struct peer *p, unsigned variant);           /* 4 */
void old_timestamp_is_acknowledged_and_dropped(struct peer *p, unsigned variant); /* 2; WITH_TIMESTAMPS */
void missing_timestamp_is_silently_dropped(struct peer *p, unsigned variant);     /* WITH_TIMESTAMPS */
void segment_without_ack_is_dropped(struct peer *p, unsigned variant);
void old_ack_is_ignored(struct peer *p, unsigned variant);
void too_old_ack_is_challenged(struct peer *p, unsigned variant);          /* 2 */
void ack_of_unsent_data_is_answered(struct peer *p, unsigned variant);     /* 2 */
void data_in_order_is_delivered(struct peer *p, unsigned variant);         /* WITH_SACK or not */
void data_out_of_order_is_kept(struct peer *p, unsigned variant);          /* 2; WITH_SACK */
void straddling_data_is_trimmed(struct peer *p, unsigned variant);         /* 3 */
void old_data_is_acknowledged(struct peer *p, unsigned variant);           /* states that receive */
void data_beyond_window_is_acknowledged(struct peer *p, unsigned variant); /* 2 */
void data_at_zero_window_is_refused(struct peer *p, unsigned variant);     /* 3; WITH_SMALL_BUFFER */
void urgent_is_told_once_per_mark(struct peer *p, unsigned variant);
void fin_out_of_order_waits(struct peer *p, unsigned variant); /* 3 */
void data_after_fin_is_ignored(struct peer *p, unsigned variant);
void data_before_fin_again_is_acknowledged(struct peer *p, unsigned variant);
void fin_again_is_acknowledged(struct peer *p, unsigned variant);

void data_after_close_is_answered_with_rst(struct peer *p, unsigned variant); /* in order, out of order */

#endif
