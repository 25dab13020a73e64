/*
 * The sequences that test_oracle.c runs, each a fact by its name. Numbers are
 * Linux's: "set 1 2 1" is setsockopt(SOL_SOCKET, SO_REUSEADDR, 1).
 */
#ifndef TESTS_SOCKETS_SEQUENCES_H
#define TESTS_SOCKETS_SEQUENCES_H

/* What most begin with: l listens, c is connected to s. */
#define LISTENING "l socket; l set 1 2 1; l bind; l listen 4;"
#define CONNECTED LISTENING "c socket; c connect; l accept s; c connect;"

/* Name, sequence. */
#define SEQUENCES(X)                                                                                                   \
    X(a_fresh_socket_shows_out_and_hup, "c socket; c poll; c error; c name sock; c name peer;")                        \
    X(a_fresh_socket_cannot_send_receive_or_shut,                                                                      \
      "c socket; c send 3 0x4000; c recv 3; c shutdown 1; c poll; c recv 3; c send 3 0x4000;")                         \
    X(shutdown_of_receiving_on_a_fresh_socket_ends_reading,                                                            \
      "c socket; c shutdown 0; c poll; c recv 3; c shutdown 2; c poll;")                                               \
    X(shutdown_refuses_an_unknown_how, "c socket; c shutdown 3; c shutdown -1;")                                       \
    X(a_closed_descriptor_is_bad,                                                                                      \
      "c socket; c close; c send 1; c recv 1; c poll; c error; c shutdown 1; c listen 1; c close;"                     \
      "c ioctl 0x541b; c name sock; c accept d;")                                                                      \
    X(bind_twice_is_invalid, "l socket; l bind; l bind; l name sock;")                                                 \
    X(a_bound_port_is_in_use, "l socket; l bind; s socket; s bind;")                                                   \
    X(two_sockets_that_reuse_may_bind_but_only_one_listens,                                                            \
      "l socket; l set 1 2 1; l bind; s socket; s set 1 2 1; s bind; l listen 1; s listen 1;")                         \
    X(a_listened_port_is_in_use_even_with_reuse, LISTENING "s socket; s set 1 2 1; s bind;")                           \
    X(a_listener_is_not_ready_until_somebody_comes,                                                                    \
      LISTENING "l poll; l accept s; c socket; c connect; l poll; l accept s; l poll; l accept t;")                    \
    X(a_listener_neither_sends_nor_receives,                                                                           \
      LISTENING "l send 3 0x4000; l recv 3; l ioctl 0x541b; l ioctl 0x5411; l name peer; l name sock; l get 1 30;"     \
                "l error;")                                                                                            \
    X(connect_on_a_listener_is_isconn, LISTENING "l connect;")                                                         \
    X(listen_again_changes_the_backlog_only,                                                                           \
      LISTENING "l listen 9; l poll; c socket; c connect; l listen 0; l accept s;")                                    \
    X(listen_without_bind_takes_a_port, "l socket; l listen 1; l name sock; l get 1 30;")                              \
    X(listen_on_a_connected_socket_is_invalid, CONNECTED "c listen 1; s listen 1;")                                    \
    X(accept_on_what_does_not_listen_is_invalid, "c socket; c accept d;" CONNECTED "s accept t;")                      \
    X(shutdown_of_receiving_ends_a_listener,                                                                           \
      LISTENING "l shutdown 0; l poll; l accept s; l get 1 30; c socket; c connect; c poll; c error;")                 \
    X(shutdown_of_sending_leaves_a_listener, LISTENING "l shutdown 1; l poll; c socket; c connect; l accept s;")       \
    X(connect_goes_in_progress_then_zero_then_isconn,                                                                  \
      LISTENING "c socket; c connect; c connect; c connect; c poll; c error;")                                         \
    X(a_connected_socket_that_never_asked_is_zero_first,                                                               \
      LISTENING "c socket; c connect; l accept s; c send 3; s recv 9; c connect; c connect;")                          \
    X(refused_connect_shows_everything_and_one_error,                                                                  \
      "c socket; c connect 1; c poll; c error; c error; c poll; c send 1 0x4000; c recv 1; c name peer;")              \
    X(refused_connect_gives_its_error_to_the_second_connect,                                                           \
      "c socket; c connect 1; c connect 1; c connect 1; c poll;")                                                      \
    X(refused_connect_whose_error_was_taken_aborts_then_starts_anew,                                                   \
      "c socket; c connect 1; c error; c connect 1; c connect 1; c error;")                                            \
    X(refused_connect_gives_its_error_to_send,                                                                         \
      "c socket; c connect 1; c send 1 0x4000; c send 1 0x4000; c error; c recv 1;")                                   \
    X(refused_connect_gives_its_error_to_recv, "c socket; c connect 1; c recv 1; c recv 1; c error; c send 1 0x4000;") \
    X(a_refused_socket_can_connect_elsewhere,                                                                          \
      LISTENING "c socket; c connect 1; c connect; c connect; l accept s; c connect; c send 2; s recv 5;")             \
    X(connect_to_nothing_disconnects,                                                                                  \
      CONNECTED "c connect 2; c poll; c error; c name peer; s poll; s recv 1; s recv 1; c connect; l accept t;"        \
                "c connect; c send 2; t recv 4;")                                                                      \
    X(connected_sockets_know_their_ends,                                                                               \
      CONNECTED "c name peer; s name peer; c name sock; s name sock; c get 1 30; c get 1 3; c get 1 39;"               \
                "c get 1 38;")                                                                                         \
    X(both_ends_can_send_and_nothing_else_shows, CONNECTED "c poll; s poll; c ioctl 0x541b; s recv 1;")                \
    X(bytes_arrive_in_order_and_are_counted,                                                                           \
      CONNECTED "c send 5; s poll; s ioctl 0x541b; s recv 2; s ioctl 0x541b; s recv 9; s recv 9; s poll;")             \
    X(peek_leaves_the_bytes, CONNECTED "c send 5; s recv 3 2; s recv 9 2; s recv 9; s recv 9 2;")                      \
    X(recv_of_nothing_is_zero_with_data_and_again_without, CONNECTED "s recv 0; c send 3; s recv 0; s recv 3;")        \
    X(send_of_nothing_is_zero, CONNECTED "c send 0; s recv 4; c shutdown 1; c send 0 0x4000;")                         \
    X(discarding_counts_but_does_not_copy, CONNECTED "c send 6; s recv 2 0x20; s recv 9;")                             \
    X(waitall_without_waiting_gives_what_is_there, CONNECTED "c send 3; s recv 9 0x100; s recv 9 0x100;")              \
    X(dontwait_is_again, CONNECTED "s recv 9 0x40; c send 2 0x40; s recv 9 0x40;")                                     \
    X(half_close_lets_the_other_direction_go_on,                                                                       \
      CONNECTED "c shutdown 1; s poll; s recv 3; s recv 3; c poll; s send 4; c recv 9; c send 1 0x4000; s close;"      \
                "c poll; c recv 1; c poll;")                                                                           \
    X(data_before_the_fin_is_read_first,                                                                               \
      CONNECTED "c send 3; c shutdown 1; s poll; s ioctl 0x541b; s recv 9; s poll; s recv 9; s recv 9;")               \
    X(hup_only_when_both_directions_are_shut,                                                                          \
      CONNECTED "c shutdown 1; c poll; s poll; s shutdown 1; c poll; s poll; c name peer; s name peer; c error;"       \
                "s error;")                                                                                            \
    X(after_both_fins_calls_say_gone,                                                                                  \
      CONNECTED "c shutdown 1; s shutdown 1; c shutdown 1; s shutdown 1; c send 1 0x4000; s send 1 0x4000;"            \
                "c recv 1; s recv 1; c connect; s connect;")                                                           \
    X(shutdown_twice_is_fine, CONNECTED "c shutdown 1; c shutdown 1; c shutdown 0; c poll;")                           \
    X(shutdown_of_receiving_reads_as_end_but_data_still_comes,                                                         \
      CONNECTED "s shutdown 0; s poll; s recv 5; c send 4; s poll; s recv 9; s recv 9; c poll;")                       \
    X(shutdown_of_both_shows_hup, CONNECTED "s shutdown 2; s poll; c poll; c recv 1; c send 1 0x4000; c poll;")        \
    X(close_is_a_fin, CONNECTED "s close; c poll; c recv 3; c recv 3;")                                                \
    X(sending_to_a_closed_peer_draws_a_reset,                                                                          \
      CONNECTED "s close; c send 3 0x4000; c poll; c error; c send 3 0x4000; c recv 3; c poll;")                       \
    X(sending_to_a_closed_peer_fails_with_pipe,                                                                        \
      CONNECTED "s close; c send 3 0x4000; c send 3 0x4000; c send 3 0x4000; c recv 3; c error;")                      \
    X(reset_is_told_once_to_recv,                                                                                      \
      CONNECTED "s set 1 13 0; s close; c poll; c recv 3; c recv 3; c poll; c error; c send 1 0x4000;")                \
    X(reset_is_told_once_to_send,                                                                                      \
      CONNECTED "s set 1 13 0; s close; c send 1 0x4000; c send 1 0x4000; c recv 1; c error;")                         \
    X(reset_is_told_once_to_so_error,                                                                                  \
      CONNECTED "s set 1 13 0; s close; c error; c error; c poll; c recv 1; c send 1 0x4000; c name peer;"             \
                "c shutdown 1; c connect;")                                                                            \
    X(close_with_unread_data_resets, CONNECTED "c send 3; s close; c poll; c recv 3; c recv 3; c send 1 0x4000;")      \
    X(close_after_reading_all_does_not_reset, CONNECTED "c send 3; s recv 3; s close; c poll; c recv 3; c error;")     \
    X(reset_after_a_fin_is_no_reset_for_the_reader,                                                                    \
      CONNECTED "s shutdown 1; c recv 1; s set 1 13 0; s close; c poll; c recv 1; c send 1 0x4000;"                    \
                "c send 1 0x4000;")                                                                                    \
    X(linger_zero_resets, CONNECTED "c set 1 13 0; c close; s poll; s recv 1; s recv 1; s poll;")                      \
    X(closing_a_listener_resets_who_waited, LISTENING "c socket; c connect; l close; c poll; c recv 1; c recv 1;")     \
    X(a_client_that_left_before_accept_is_accepted,                                                                    \
      LISTENING "c socket; c connect; c send 3; c close; l poll; l accept s; s poll; s recv 9; s recv 9;")             \
    X(a_client_that_reset_before_accept_is_accepted,                                                                   \
      LISTENING "c socket; c connect; c set 1 13 0; c close; l poll; l accept s; s poll; s recv 9; s recv 9;"          \
                "s name peer;")                                                                                        \
    X(dup_shares_the_connection_until_the_last_close,                                                                  \
      CONNECTED "c dup d; c close; s poll; d send 3; s recv 9; d close; s poll; s recv 9;")                            \
    X(dup_of_a_listener_accepts, LISTENING "l dup t; l close; c socket; c connect; t poll; t accept s; s poll;")       \
    X(urgent_byte_is_out_of_band,                                                                                      \
      CONNECTED "c send 4 1; s poll; s ioctl 0x8905; s ioctl 0x541b; s recv 9; s poll; s ioctl 0x8905; s recv 9 1;"    \
                "s recv 9 1; s poll; s recv 9;")                                                                       \
    X(urgent_byte_alone_is_no_data,                                                                                    \
      CONNECTED "c send 1 1; s poll; s ioctl 0x8905; s ioctl 0x541b; s recv 9; s recv 1 1; s poll;")                   \
    X(urgent_byte_can_be_peeked, CONNECTED "c send 2 1; s recv 1 3; s recv 1 3; s recv 1 1; s recv 1 3;")              \
    X(reading_stops_at_the_mark,                                                                                       \
      CONNECTED "c send 4 1; c send 3; s recv 9; s ioctl 0x8905; s recv 9; s ioctl 0x8905; s recv 9;")                 \
    X(urgent_byte_inline_stays_in_the_stream,                                                                          \
      CONNECTED "s set 1 10 1; c send 4 1; c send 3; s poll; s recv 9; s ioctl 0x8905; s recv 9; s ioctl 0x8905;"      \
                "s recv 9 1;")                                                                                         \
    X(a_second_mark_moves_the_first, CONNECTED "c send 2 1; c send 2 1; s recv 9; s recv 9 1; s recv 9; s recv 9 1;")  \
    X(urgent_without_mark_is_invalid, CONNECTED "s recv 1 1; c send 1; s recv 1 1;")                                   \
    X(urgent_before_the_data_is_read_then_the_stream,                                                                  \
      CONNECTED "c send 4 1; s recv 1 1; s poll; s ioctl 0x541b; s recv 9; s recv 9; s poll;")                         \
    X(low_water_mark_holds_readiness,                                                                                  \
      CONNECTED "s set 1 18 4; s get 1 18; c send 3; s poll; c send 1; s poll; s recv 2; s poll; s recv 9;")           \
    X(options_are_told_as_they_were_set,                                                                               \
      "c socket; c set 1 2 1; c get 1 2; c set 1 9 1; c get 1 9; c set 1 10 1; c get 1 10; c set 6 1 1;"               \
      "c get 6 1; c set 6 3 1; c get 6 3; c set 0 1 16; c get 0 1; c set 0 2 33; c get 0 2;"                           \
      "c set 6 18 5000; c get 6 18; c get 1 18; c get 1 19; c set 1 6 1; c get 1 6; c set 1 12 3;"                     \
      "c get 1 12;")                                                                                                   \
    X(buffers_are_doubled_and_bounded_below,                                                                           \
      "c socket; c set 1 7 10000; c get 1 7; c set 1 8 20000; c get 1 8; c set 1 7 1; c get 1 7;"                      \
      "c set 1 8 1; c get 1 8;")                                                                                       \
    X(read_only_options_cannot_be_set,                                                                                 \
      "c socket; c set 1 3 1; c set 1 4 1; c set 1 30 1; c set 1 38 1; c set 1 39 1; c set 1 19 1;"                    \
      "c set 1 999 1; c get 1 999; c set 6 999 1; c get 6 999; c get 99 1; c set 99 1 1;")                             \
    X(bad_values_are_invalid,                                                                                          \
      "c socket; c set 0 2 0; c set 0 2 256; c set 0 2 -1; c get 0 2; c set 6 2 87; c set 6 2 32768;"                  \
      "c set 6 18 -1; c set 6 4 0; c set 6 5 40000; c set 6 6 128; c set 6 7 0;")                                      \
    X(mss_of_a_fresh_socket_is_the_default, "c socket; c get 6 2; c set 6 2 600; c get 6 2;")                          \
    X(epoll_level_tells_until_read,                                                                                    \
      CONNECTED "p epoll; p ctl 1 s 0x2001; p wait; c send 3; p wait; p wait; s recv 9; p wait; c send 1; p wait;")    \
    X(epoll_edge_tells_each_arrival_once,                                                                              \
      CONNECTED "p epoll; p ctl 1 s 0x80002001; p wait; c send 3; p wait; p wait; c send 2; p wait; p wait;"           \
                "s recv 9; p wait; c shutdown 1; p wait; p wait;")                                                     \
    X(epoll_edge_on_a_ready_socket_tells_at_once,                                                                      \
      CONNECTED "c send 3; p epoll; p ctl 1 s 0x80000005; p wait; p wait; p ctl 3 s 0x80000005; p wait; p wait;")      \
    X(epoll_one_shot_is_armed_again_by_mod,                                                                            \
      CONNECTED "p epoll; p ctl 1 s 0x40000001; c send 1; p wait; c send 1; p wait; p ctl 3 s 0x40000001; p wait;"     \
                "p wait;")                                                                                             \
    X(epoll_connect_edge,                                                                                              \
      LISTENING "q epoll; c socket; q ctl 1 c 0x80002005; q wait; q wait; c connect; q wait; q wait; l accept s;"      \
                "s send 2; q wait; s close; q wait; q wait;")                                                          \
    X(epoll_refused_connect, "q epoll; c socket; c connect 1; q ctl 1 c 0x2005; q wait; c error; q wait;")             \
    X(epoll_reset_edge,                                                                                                \
      CONNECTED "p epoll; p ctl 1 s 0x80002005; p wait; c set 1 13 0; c close; p wait; p wait; s recv 1; p wait;")     \
    X(epoll_forgets_a_closed_socket, CONNECTED "p epoll; p ctl 1 s 0x1; c send 1; s close; p wait; p ctl 2 s 0;")      \
    X(epoll_keeps_a_closed_socket_with_a_dup,                                                                          \
      CONNECTED "p epoll; p ctl 1 s 0x1; s dup t; c send 1; s close; p wait; t close; p wait;")                        \
    X(epoll_listener_level_and_edge,                                                                                   \
      LISTENING "p epoll; p ctl 1 l 0x1; p wait; c socket; c connect; p wait; p wait; l accept s; p wait;"             \
                "p ctl 3 l 0x80000001; d socket; d connect; p wait; p wait;")                                          \
    X(epoll_ctl_errors,                                                                                                \
      CONNECTED "p epoll; p ctl 1 p 1; p ctl 2 s 0; p ctl 3 s 1; p ctl 1 s 1; p ctl 1 s 1; p ctl 7 s 1;"               \
                "s ctl 1 l 1; p ctl 1 t 1; p send 1; p recv 1; p shutdown 1; p listen 1;")                             \
    X(epoll_in_an_epoll_and_in_poll, CONNECTED "p epoll; p ctl 1 s 0x1; p poll; c send 1; p poll; s recv 1; p poll;")  \
    X(epoll_half_close_level,                                                                                          \
      CONNECTED "p epoll; p ctl 1 s 0x2001; c shutdown 1; p wait; s shutdown 1; p wait; s recv 1; p wait;")            \
    X(epoll_hup_without_asking, CONNECTED "p epoll; p ctl 1 s 0; c shutdown 1; p wait; s shutdown 1; p wait;")         \
    X(epoll_local_shutdown_is_an_edge,                                                                                 \
      CONNECTED "p epoll; p ctl 1 s 0x80002001; p wait; s shutdown 0; p wait; p wait;")                                \
    X(epoll_order_is_that_of_arrival,                                                                                  \
      LISTENING "p epoll; c socket; c connect; l accept s; d socket; d connect; l accept t; p ctl 1 t 0x1;"            \
                "p ctl 1 s 0x1; c send 1; d send 1; p wait; p wait; p wait;")                                          \
    X(outq_is_empty_when_all_is_acknowledged,                                                                          \
      CONNECTED "c send 5; s recv 9; s send 1; c recv 1; c ioctl 0x541b; s ioctl 0x894b; c ioctl 0x894b;"              \
                "c ioctl 0x1234;")                                                                                     \
    X(shutdown_while_connecting_refused, "c socket; c connect 1; c shutdown 2; c poll; c error;")                      \
    X(port_is_free_again_after_close, "l socket; l bind; l listen 1; l close; s socket; s bind; s listen 1;")          \
    X(time_wait_keeps_the_port_from_those_who_do_not_reuse,                                                            \
      "l socket; l set 1 2 1; l bind; l listen 1; c socket; c connect; l accept s; s close; c recv 1;"                 \
      "c close; l close; t socket; t bind; t set 1 2 1; t bind;")                                                      \
    X(a_connection_of_the_port_keeps_it,                                                                               \
      "l socket; l bind; l listen 1; c socket; c connect; l accept s; l close; t socket; t bind;"                      \
      "t set 1 2 1; t bind;")                                                                                          \
    X(accepted_sockets_inherit_options,                                                                                \
      "l socket; l set 1 2 1; l set 1 9 1; l set 6 1 1; l set 1 10 1; l set 6 18 7000; l set 0 1 8;"                   \
      "l bind; l listen 1; c socket; c connect; l accept s; s get 1 9; s get 6 1; s get 1 10;"                         \
      "s get 6 18; s get 1 30; s get 1 2;")                                                                            \
    X(simultaneous_data_both_ways, CONNECTED "c send 5; s send 6; c recv 9; s recv 9; c poll; s poll;")                \
    X(more_flag_delays_nothing_for_ever, CONNECTED "c send 3 0x8000; c send 2; s recv 9;")                             \
    X(cork_holds_until_it_is_pulled, CONNECTED "c set 6 3 1; c send 3; s recv 9; c set 6 3 0; s recv 9;")              \
    X(shutdown_of_both_in_two_steps_refuses_data_too,                                                                  \
      CONNECTED "s shutdown 0; s shutdown 1; c send 2; s poll; s error; c poll; c recv 1;")                            \
    X(shutdown_of_both_after_the_peers_fin, CONNECTED "c shutdown 1; s shutdown 2; s poll; c poll; s error; c error;") \
    X(shutdown_of_receiving_with_data_queued,                                                                          \
      CONNECTED "c send 4; s shutdown 0; s poll; s ioctl 0x541b; s recv 2; s recv 9; s recv 9;")                       \
    X(unread_data_survives_the_end_of_the_connection,                                                                  \
      CONNECTED "c send 4; c shutdown 1; s shutdown 1; s poll; s recv 2; s recv 9; s recv 9; s name peer;")            \
    X(connect_to_nothing_on_a_fresh_socket, "c socket; c connect 2; c poll; c error;")                                 \
    X(connect_to_nothing_keeps_a_bound_port, "l socket; l bind; l connect 2; l name sock; l listen 2; l name sock;")   \
    X(connect_to_nothing_ends_a_listener,                                                                              \
      LISTENING "l connect 2; l get 1 30; l error; l poll; l listen 2; c socket; c connect; l accept s;")              \
    X(a_bound_socket_connects_from_its_port,                                                                           \
      LISTENING "d socket; d connect 2; d name sock; d connect; d name peer; d name sock;")                            \
    X(recv_while_connected_but_idle_then_reset, CONNECTED "c set 1 13 0; s recv 1; c close; s recv 1; s recv 1;")      \
    X(peek_at_the_end_is_zero, CONNECTED "c send 2; c shutdown 1; s recv 5 2; s recv 5; s recv 5 2; s recv 5;")        \
    X(peek_does_not_take_an_error_away_twice, CONNECTED "c set 1 13 0; c close; s recv 1 2; s recv 1 2; s error;")     \
    X(peek_and_waitall, CONNECTED "c send 3; s recv 9 0x102; s recv 9 0x102; s recv 3 0x102;")                         \
    X(discard_with_peek, CONNECTED "c send 3; s recv 9 0x22; s recv 9;")                                               \
    X(urgent_then_fin,                                                                                                 \
      CONNECTED "c send 2 1; c shutdown 1; s poll; s recv 9; s recv 9 1; s recv 9; s recv 9 1; s poll;")               \
    X(urgent_lost_by_oobinline_later,                                                                                  \
      CONNECTED "c send 3 1; s set 1 10 1; s recv 1 1; s recv 9; s ioctl 0x8905; s recv 9;")                           \
    X(urgent_peek_across_the_stream, CONNECTED "c send 3 1; c send 2; s recv 9 2; s recv 9; s recv 9 2; s recv 9;")    \
    X(urgent_is_an_edge_for_pri,                                                                                       \
      CONNECTED "p epoll; p ctl 1 s 0x80000002; p wait; c send 2 1; p wait; p wait; c send 2 1; p wait;"               \
                "s recv 1 1; p wait;")                                                                                 \
    X(low_water_mark_and_peek, CONNECTED "s set 1 18 3; c send 2; s recv 9 2; s recv 9; s recv 9;")                    \
    X(low_water_mark_raised_over_what_is_there,                                                                        \
      CONNECTED "c send 2; s poll; s set 1 18 3; s poll; s set 1 18 0; s get 1 18; s poll;")                           \
    X(low_water_mark_lowered_is_an_edge,                                                                               \
      CONNECTED "s set 1 18 5; p epoll; p ctl 1 s 0x80000001; c send 2; p wait; s set 1 18 1; p wait; p wait;")        \
    X(low_water_mark_and_fin, CONNECTED "s set 1 18 5; c send 2; c shutdown 1; s poll; s recv 9; s recv 9;")           \
    X(send_after_peer_half_closed,                                                                                     \
      CONNECTED "s shutdown 1; c send 3; s recv 9; c shutdown 1; s recv 9; c send 1 0x4000;")                          \
    X(close_of_a_socket_in_close_wait_with_everything_read,                                                            \
      CONNECTED "s shutdown 1; c recv 1; c close; s poll; s recv 1; s error;")                                         \
    X(close_of_both_ends, CONNECTED "s close; c close; l accept s;")                                                   \
    X(two_listeners_worth_of_queue,                                                                                    \
      LISTENING "c socket; c connect; d socket; d connect; l poll; l accept s; l poll; l accept t; l poll;"            \
                "c name peer; t name peer;")                                                                           \
    X(fresh_socket_in_epoll, "c socket; q epoll; q ctl 1 c 0x5; q wait; q ctl 3 c 0x80000005; q wait; q wait;")        \
    X(epoll_mod_to_other_events,                                                                                       \
      CONNECTED "p epoll; p ctl 1 s 0x1; p wait; p ctl 3 s 0x4; p wait; p ctl 3 s 0x1; p wait; c send 1; p wait;")     \
    X(epoll_del_then_add,                                                                                              \
      CONNECTED "c send 1; p epoll; p ctl 1 s 0x1; p wait; p ctl 2 s 0; p wait; p ctl 1 s 0x1; p wait;")               \
    X(epoll_one_shot_and_error,                                                                                        \
      CONNECTED "p epoll; p ctl 1 s 0x40000001; c set 1 13 0; c close; p wait; p wait; p ctl 3 s 0x40000001;"          \
                "p wait;")                                                                                             \
    X(epoll_edge_after_partial_read_stays_silent,                                                                      \
      CONNECTED "p epoll; p ctl 1 s 0x80000001; c send 5; p wait; s recv 2; p wait; s recv 9; p wait; s recv 9;"       \
                "p wait;")                                                                                             \
    X(epoll_edge_out_only_once_when_writable,                                                                          \
      CONNECTED "p epoll; p ctl 1 s 0x80000004; p wait; p wait; s send 3; p wait; c recv 3; p wait;")                  \
    X(epoll_edge_in_and_out_tells_both, CONNECTED "p epoll; p ctl 1 s 0x80000005; p wait; c send 1; p wait; p wait;")  \
    X(epoll_two_epolls_each_get_the_edge,                                                                              \
      CONNECTED "p epoll; t epoll; p ctl 1 s 0x80000001; t ctl 1 s 0x80000001; c send 1; p wait; t wait; p wait;"      \
                "t wait;")                                                                                             \
    X(epoll_closed_before_its_sockets, CONNECTED "p epoll; p ctl 1 s 0x1; p close; c send 1; s recv 9; p wait;")       \
    X(epoll_of_a_dup_and_its_original,                                                                                 \
      CONNECTED "p epoll; s dup t; p ctl 1 s 0x1; p ctl 1 t 0x1; c send 1; p wait; p ctl 2 s 0; p wait;")              \
    X(dup_shares_shutdown, CONNECTED "c dup d; c shutdown 1; d send 1 0x4000; d poll; s recv 1;")                      \
    X(dup_of_a_bad_descriptor, "c socket; c close; c dup d;")                                                          \
    X(bind_of_a_connected_socket_is_invalid, CONNECTED "c bind;")                                                      \
    X(bind_after_a_refused_connect_is_fine, "d socket; d connect 1; d bind; d name sock; d connect; d connect;")       \
    X(listen_negative_backlog, "l socket; l bind; l listen -1; c socket; c connect; l accept s;")                      \
    X(accept_sees_what_arrived_before,                                                                                 \
      LISTENING "c socket; c connect; c send 4; c shutdown 1; l accept s; s poll; s recv 9; s recv 9;")                \
    X(keepalive_settings_before_and_after, "c socket; c set 1 9 5; c get 1 9; c set 1 9 0; c get 1 9;")                \
    X(user_timeout_on_a_connection, CONNECTED "c set 6 18 4000; c get 6 18; s get 6 18;")                              \
    X(a_reset_leaves_unread_data,                                                                                      \
      CONNECTED "c send 4; c set 1 13 0; c close; s poll; s recv 2; s ioctl 0x541b; s recv 9; s recv 9; s recv 9;"     \
                "s error;")                                                                                            \
    X(a_reset_whose_error_was_taken_leaves_unread_data,                                                                \
      CONNECTED "c send 4; c set 1 13 0; c close; s error; s poll; s send 1 0x4000; s recv 9; s recv 9;")              \
    X(a_reset_and_peeking, CONNECTED "c send 4; c set 1 13 0; c close; s recv 9 2; s recv 9; s recv 9 2; s recv 9;")   \
    X(a_reset_before_waitall_has_all, CONNECTED "c send 4; c set 1 13 0; c close; s recv 9 0x100; s recv 9 0x100;")    \
    X(a_reset_takes_the_urgent_byte_away, CONNECTED "c send 2 1; c set 1 13 0; c close; s recv 1 1; s recv 9;")        \
    X(a_reset_behind_the_end_of_the_stream,                                                                            \
      CONNECTED "c send 4; c shutdown 1; s send 3; c close; s poll; s recv 2; s recv 9; s recv 9; s send 1 0x4000;"    \
                "s error;")                                                                                            \
    X(times_of_a_connection,                                                                                           \
      "c socket; c set 6 4 10; c get 6 4; c set 6 5 11; c get 6 5; c set 6 6 3; c get 6 6; c set 6 7 2; c get 6 7;"    \
      "c set 6 4 0; c set 6 5 32768; c set 6 6 128; c set 6 7 0; c get 6 4; c get 6 5; c get 6 6; c get 6 7;")         \
    X(times_are_inherited,                                                                                             \
      "l socket; l set 6 4 10; l set 6 5 11; l set 6 6 3; l set 6 8 7; l set 6 25 5000; l bind; l listen 1; c socket;" \
      "c connect; l accept s; s get 6 4; s get 6 5; s get 6 6; s get 6 8; s get 6 25; s set 6 4 20; l get 6 4;")       \
    X(reuseport_is_kept, "c socket; c get 1 15; c set 1 15 1; c get 1 15; c set 1 15 0; c get 1 15;")                  \
    X(reuseport_lets_two_listen,                                                                                       \
      "l socket; l set 1 15 1; l bind; s socket; s bind; s set 1 15 1; s bind; l listen 1; s listen 1; t socket;"      \
      "t set 1 2 1; t bind;")                                                                                          \
    X(reuseport_flows_find_a_listener,                                                                                 \
      "l socket; l set 1 15 1; l bind; l listen 1; s socket; s set 1 15 1; s bind; s listen 1; c socket; c connect;"   \
      "d socket; d connect; c poll; d poll;")                                                                          \
    X(reuseport_asked_for_by_a_listener_later,                                                                         \
      "l socket; l bind; l listen 1; s socket; s set 1 15 1; s bind; l set 1 15 1; s bind; s listen 1;")               \
    X(reuseaddr_is_no_reuseport,                                                                                       \
      "l socket; l set 1 15 1; l set 1 2 1; l bind; l listen 1; s socket; s set 1 2 1; s bind; t socket;"              \
      "t set 1 15 1; t bind; t listen 1;")                                                                             \
    X(reuseport_beside_a_connection,                                                                                   \
      "l socket; l set 1 15 1; l bind; l listen 1; c socket; c connect; l accept s; l close; t socket; t set 1 15 1;"  \
      "t bind; t listen 1;")                                                                                           \
    X(reuseport_is_inherited,                                                                                          \
      "l socket; l set 1 15 1; l bind; l listen 1; c socket; c connect; l accept s; s get 1 15; c get 1 15;")          \
    X(defer_accept_counts_in_doubled_seconds,                                                                          \
      "c socket; c get 6 9; c set 6 9 1; c get 6 9; c set 6 9 5; c get 6 9; c set 6 9 30; c get 6 9; c set 6 9 0;"     \
      "c get 6 9; c set 6 9 -3; c get 6 9;")                                                                           \
    X(defer_accept_waits_for_data,                                                                                     \
      "l socket; l set 1 2 1; l set 6 9 10; l bind; l listen 4; c socket; c connect; c connect; c poll; l poll;"       \
      "l accept s; c send 3; l poll; l accept s; s recv 9; s get 6 9;")                                                \
    X(defer_accept_is_content_with_a_fin,                                                                              \
      "l socket; l set 1 2 1; l set 6 9 10; l bind; l listen 4; c socket; c connect; c shutdown 1; l poll;"            \
      "l accept s; s recv 9;")                                                                                         \
    X(defer_accept_and_a_client_that_closes,                                                                           \
      "l socket; l set 1 2 1; l set 6 9 10; l bind; l listen 4; c socket; c connect; c close; l poll; l accept s;"     \
      "s recv 9;")                                                                                                     \
    X(defer_accept_taken_back,                                                                                         \
      "l socket; l set 1 2 1; l set 6 9 10; l bind; l listen 4; c socket; c connect; l set 6 9 0; d socket;"           \
      "d connect; l poll; l accept s; l accept t;")                                                                    \
    X(defer_accept_and_a_listener_that_closes,                                                                         \
      "l socket; l set 1 2 1; l set 6 9 10; l bind; l listen 4; c socket; c connect; l close; c poll;"                 \
      "c send 2 0x4000; c recv 1;")                                                                                    \
    X(quick_ack_before_connecting, "c socket; c get 6 12; c set 6 12 0; c get 6 12; c set 6 12 1; c get 6 12;")        \
    X(a_window_clamp_is_at_least_1152,                                                                                 \
      "c socket; c get 6 10; c set 6 10 1; c get 6 10; c set 6 10 5000; c get 6 10; c set 6 10 0; c get 6 10;")        \
    X(the_pacing_rate_has_a_bound, "c socket; c get 1 47; c set 1 47 100000; c get 1 47; c set 1 47 -1; c get 1 47;")  \
    X(options_that_mean_nothing_here,                                                                                  \
      "c socket; c get 1 49; c get 1 46; c get 1 47; c get 1 40; c get 1 44; c get 1 14; c set 1 14 1; c get 1 14;"    \
      "c get 1 11; c get 1 35; c get 1 37; c get 1 42; c get 1 36; c get 1 5; c get 1 29; c get 1 60;")                \
    X(listen_bind_and_disconnect_mixed, "l socket; l bind; l listen 1; l listen 1; l bind; l connect 2; l listen 1;")  \
    X(lengths_of_socket_options_got,                                                                                   \
      "c socket; c getn 1 2 0; c getn 1 2 1; c getn 1 2 3; c getn 1 2 4; c getn 1 2 8; c getn 1 2 -1;"                 \
      "c getn 1 4 1; c getn 1 3 2;")                                                                                   \
    X(lengths_of_tcp_options_got,                                                                                      \
      "c socket; c getn 6 1 0; c getn 6 1 1; c getn 6 1 3; c getn 6 1 4; c getn 6 1 99; c getn 6 1 -1;")               \
    X(lengths_of_ip_options_got,                                                                                       \
      "c socket; c getn 0 1 0; c getn 0 1 1; c getn 0 1 2; c getn 0 1 4; c getn 0 1 99; c getn 0 1 -1;"                \
      "c getn 0 2 1; c getn 0 2 3;")                                                                                   \
    X(lengths_of_socket_options_set,                                                                                   \
      "c socket; c setn 1 2 0 1; c setn 1 2 1 1; c setn 1 2 3 1; c setn 1 2 4 1; c setn 1 2 8 1;"                      \
      "c setn 1 2 -1 1; c get 1 2;")                                                                                   \
    X(lengths_of_tcp_options_set,                                                                                      \
      "c socket; c setn 6 1 0 1; c setn 6 1 1 1; c setn 6 1 3 1; c setn 6 1 8 1; c setn 6 1 -1 1;"                     \
      "c get 6 1;")                                                                                                    \
    X(lengths_of_ip_options_set,                                                                                       \
      "c socket; c setn 0 1 0 16; c setn 0 1 1 16; c get 0 1; c setn 0 1 3 32; c get 0 1;"                             \
      "c setn 0 1 8 8; c get 0 1; c setn 0 1 -1 8; c setn 0 2 1 255; c get 0 2; c setn 0 2 1 0;"                       \
      "c setn 0 2 2 300; c get 0 2;")                                                                                  \
    X(lengths_of_ipv6_options,                                                                                         \
      "c socket 1; c getn 41 26 0; c getn 41 26 1; c getn 41 26 3; c getn 41 26 8; c setn 41 26 1 1;"                  \
      "c setn 41 26 3 1; c setn 41 26 8 1; c setn 41 26 0 1;")                                                         \
    X(lengths_of_linger, "c socket; c setn 1 13 4 1; c setn 1 13 7 1; c setn 1 13 8 1; c getn 1 13 4; c getn 1 13 8;"  \
                         "c getn 1 13 16; c getn 1 13 3; c getn 1 13 0;")                                              \
    X(lengths_of_timeouts,                                                                                             \
      "c socket; c setn 1 20 4 1; c setn 1 20 8 1; c setn 1 20 16 1; c getn 1 20 4; c getn 1 20 16;"                   \
      "c getn 1 20 99; c setn 1 21 16 2; c getn 1 21 16; c getn 1 21 8; c setn 1 21 15 2;")                            \
    X(lengths_of_tcp_info, "c socket; c getn 6 11 0; c getn 6 11 1; c getn 6 11 4; c getn 6 11 8; c getn 6 11 104;"    \
                           "c getn 6 11 232; c getn 6 11 -1; c setn 6 11 104 0;")                                      \
    X(lengths_of_the_congestion_controls_name,                                                                         \
      "c socket; c getn 6 13 0; c setn 6 13 0 0; c setn 6 13 4 0x6f6e6572; c getn 6 13 16;"                            \
      "c getn 6 13 3; c setn 6 13 8 0x78787878; c setn 6 13 -1 0;")                                                    \
    X(lengths_of_the_pacing_rate,                                                                                      \
      "c socket; c getn 1 47 4; c getn 1 47 8; c setn 1 47 8 1000; c getn 1 47 8; c setn 1 47 2 7;")                   \
    X(a_device_is_none_and_may_be_set_to_none,                                                                         \
      "c socket; c getn 1 25 16; c getn 1 25 0; c setn 1 25 0 0; c setn 1 25 3 0x7a7a;"                                \
      "c setn 1 25 -1 0; c setn 1 25 1 0; c get 1 62; c set 1 62 0; c set 1 62 -1;")                                   \
    X(ip_options_of_a_stream_are_kept,                                                                                 \
      "c socket; c set 0 8 1; c get 0 8; c set 0 11 1; c get 0 11; c set 0 12 1; c get 0 12;"                          \
      "c set 0 13 7; c get 0 13; c set 0 24 1; c get 0 24; c set 0 6 1; c get 0 6; c set 0 7 1;"                       \
      "c get 0 7; c set 0 8 0; c get 0 8; c get 0 11; c get 0 19;")                                                    \
    X(ipv6_options_of_a_stream_are_kept,                                                                               \
      "c socket 1; c set 41 49 1; c get 41 49; c set 41 25 1; c get 41 25; c get 41 51; c get 41 66;"                  \
      "c set 41 23 2; c get 41 23; c set 41 23 6; c set 41 16 300; c set 41 16 5; c get 41 16;"                        \
      "c set 41 67 256; c set 41 67 32; c get 41 67;")                                                                 \
    X(mtu_discovery_of_a_stream,                                                                                       \
      "c socket; c get 0 10; c set 0 10 2; c get 0 10; c set 0 10 9; c set 0 10 -1; c set 0 10 1;"                     \
      "c get 0 10;")                                                                                                   \
    X(kept_options_are_inherited,                                                                                      \
      "l socket; l set 0 11 1; l set 0 13 1; l bind; l listen 1; c socket; c connect; l accept s;"                     \
      "s get 0 11; s get 0 13; s get 0 8;")                                                                            \
    X(ipv6_options_of_an_ipv4_socket, "c socket; c get 41 26; c set 41 26 1; c get 41 16; c set 41 16 1;")             \
    X(levels_that_nobody_has,                                                                                          \
      "c socket; c set 255 1 1; c get 255 1; c set 17 1 1; c get 17 1; c set 2 1 1; c get 2 1;"                        \
      "c set -1 1 1; c get -1 1;")                                                                                     \
    X(fast_open_options, "c socket; c get 6 23; c set 6 23 5; c get 6 23; c set 6 30 1; c get 6 30; c set 6 30 2;"     \
                         "c set 6 36 1; c get 6 36;")                                                                  \
    X(backlog_made_smaller_with_two_waiting,                                                                           \
      LISTENING "c socket; c connect; d socket; d connect; l listen 0; l poll; l accept s; l accept t;"                \
                "l accept p;")                                                                                         \
    X(linger_2_is_bounded,                                                                                             \
      "c socket; c get 6 8; c set 6 8 10; c get 6 8; c set 6 8 1000; c get 6 8; c set 6 8 -5; c get 6 8; c set 6 8 0;" \
      "c get 6 8;")                                                                                                    \
    X(not_sent_low_water_mark, "c socket; c get 6 25; c set 6 25 4096; c get 6 25; c set 6 25 0; c get 6 25;")         \
    X(tos_keeps_the_ecn_bits_out, CONNECTED "c set 0 1 0xb7; c get 0 1; c set 0 1 0; c get 0 1;")                      \
    X(ttl_minus_one_is_the_default, "c socket; c set 0 2 7; c set 0 2 -1; c get 0 2; s socket; s get 0 2;")            \
    X(ipv6_options_need_an_ipv6_socket, "c socket; c set 41 26 1; c set 41 67 1; c set 41 16 5;")                      \
    X(nodelay_inherits_and_reads_as_one,                                                                               \
      "l socket; l set 6 1 7; l get 6 1; l bind; l listen 1; c socket; c connect; l accept s; s get 6 1;")             \
    X(so_error_of_a_listener_is_none, LISTENING "l error; l set 1 13 0; l close;")                                     \
    X(shutdown_reading_then_close_with_queued_data_resets,                                                             \
      CONNECTED "c send 3; s shutdown 0; s close; c poll; c error;")                                                   \
    X(reset_while_data_is_unsent,                                                                                      \
      CONNECTED "c set 6 3 1; c send 3; s set 1 13 0; s close; c poll; c error; c send 1 0x4000;")                     \
    X(poll_after_reset_error_taken_by_recv,                                                                            \
      CONNECTED "s set 1 13 0; s close; c recv 1; c poll; c name sock; c name peer; c listen 1;")                      \
    X(connect_again_after_reset,                                                                                       \
      CONNECTED "s set 1 13 0; s close; c recv 1; c connect; c connect 2; c connect; c connect; l accept t;")          \
    X(ioctl_on_the_ended,                                                                                              \
      CONNECTED "s close; c recv 1; c shutdown 1; c ioctl 0x541b; c ioctl 0x5411; c ioctl 0x8905; c ioctl 0x894b;")    \
    X(ioctl_on_the_fresh, "c socket; c ioctl 0x541b; c ioctl 0x5411; c ioctl 0x8905; c ioctl 0x894b;")                 \
    X(readable_count_leaves_the_fin_out,                                                                               \
      CONNECTED "c send 2; c shutdown 1; s ioctl 0x541b; s recv 9; s ioctl 0x541b;")                                   \
    X(shutdown_between_a_failed_connect_and_the_next,                                                                  \
      "c socket; c connect 1; c shutdown 2; c connect 1; c poll; c error; c connect 2; c connect 1;")                  \
    X(shutdown_of_a_connect_that_was_not_asked_about, LISTENING "c socket; c connect; c shutdown 0; c connect;")       \
    X(shutdown_before_connect_stays_shut,                                                                              \
      LISTENING "c socket; c shutdown 0; c connect; c poll; c recv 9; c shutdown 1; l accept s; s recv 3;")            \
    X(an_epoll_hears_of_a_disconnect,                                                                                  \
      CONNECTED "p epoll; p ctl 1 s 0x80002001; s connect 2; p wait; p wait; s name sock;")                            \
    X(low_water_mark_set_on_a_shut_socket_is_no_edge,                                                                  \
      CONNECTED "p epoll; p ctl 1 s 0x80002007; s shutdown 0; p wait; s set 1 18 1; p wait;")                          \
    X(data_below_the_low_water_mark_is_no_edge,                                                                        \
      CONNECTED "p epoll; p ctl 1 s 0x80000005; p wait; s set 1 18 3; c send 1; p wait; c set 6 1 1; c send 4;"        \
                "p wait;")                                                                                             \
    X(an_urgent_byte_at_the_reader_is_lost_to_the_next,                                                                \
      CONNECTED "c set 6 1 1; c send 1 1; s poll; c send 3 1; s recv 9; s recv 1 1; s recv 9;")                        \
    X(epoll_entries_leave_from_the_middle,                                                                             \
      LISTENING "p epoll; c socket; c connect; l accept s; d socket; d connect; l accept t; p ctl 1 l 1;"              \
                "p ctl 1 s 1; p ctl 1 t 1; c send 1; d send 1; s close; p wait; p ctl 2 l 0; t recv 1; p wait;"        \
                "p ctl 1 l 1; d send 1; p wait; t close; p wait; p close;")                                            \
    X(select_of_a_fresh_socket, "c socket; c select; c connect 1; c select; c error; c select;")                       \
    X(select_of_a_listener, LISTENING "l select; c socket; c connect; l select; l accept s; l select;")                \
    X(select_of_both_ends_of_a_connection,                                                                             \
      CONNECTED "c select; s select; c send 2; s select; s recv 1; s select; s recv 1; s select;")                     \
    X(select_of_half_closed_ends, CONNECTED "c shutdown 1; c select; s select; s shutdown 1; c select; s select;")     \
    X(select_of_a_reset_connection, CONNECTED "s set 1 13 0; s close; c select; c error; c select;")                   \
    X(select_of_urgent_data, CONNECTED "c send 2 1; s select; s recv 1 1; s select; s recv 9; s select;")              \
    X(select_below_the_low_water_mark, CONNECTED "s set 1 18 4; c send 2; s select; c send 2; s select;")              \
    X(sigpipe_after_shutdown, CONNECTED "c shutdown 1; c send 1; c send 1 0x4000; c send 0;")                          \
    X(sigpipe_of_a_fresh_socket, "c socket; c send 1; c send 1 0x4000;")                                               \
    X(sigpipe_only_after_the_reset_was_told, CONNECTED "s set 1 13 0; s close; c send 1; c send 1; c send 1 0x4000;")  \
    X(sigpipe_of_a_peer_that_closed, CONNECTED "s close; c send 1; c send 1; c send 1; c recv 1;")                     \
    X(sigpipe_of_a_listener, LISTENING "l send 1; l send 1 0x4000;")                                                   \
    X(sigpipe_of_a_refused_connect, "c socket; c connect 1; c send 1; c send 1; c send 1;")                            \
    X(sigpipe_of_oob, CONNECTED "c shutdown 1; c send 1 1; c send 1 0x4001;")                                          \
    X(half_close_then_the_other_half,                                                                                  \
      CONNECTED "c shutdown 1; s poll; s recv 1; s shutdown 1; c poll; c recv 1; c poll; s poll; s close;"             \
                "c close;")                                                                                            \
    X(half_close_lets_a_lot_come_back,                                                                                 \
      CONNECTED "c send 3; c shutdown 1; s recv 9; s recv 9; s send 9; s send 9; s shutdown 1; c recv 30;"             \
                "c recv 30; c poll; s poll;")                                                                          \
    X(half_close_of_receiving_does_not_tell_the_peer,                                                                  \
      CONNECTED "c shutdown 0; s poll; s send 3; c ioctl 0x541b; c recv 9; c recv 9; c poll; s poll;")                 \
    X(half_close_with_unread_data_then_close_resets,                                                                   \
      CONNECTED "s send 3; c shutdown 1; s poll; c close; s poll; s recv 9; s error;")                                 \
    X(half_close_in_close_wait_with_queued_data,                                                                       \
      CONNECTED "s shutdown 1; c send 3; c shutdown 1; s recv 9; s recv 9; s poll; c poll; c recv 1;")                 \
    X(shutdown_both_then_data_from_the_peer_resets,                                                                    \
      CONNECTED "c shutdown 2; s send 3; s poll; s error; c poll; c recv 3; c error;")                                 \
    X(shutdown_both_with_unread_data,                                                                                  \
      CONNECTED "s send 3; c shutdown 2; c poll; c recv 1; c recv 9; c recv 9; s poll; s recv 1;")                     \
    X(shutdown_receiving_then_close, CONNECTED "s shutdown 0; s close; c poll; c recv 1; c send 1; c send 1;")         \
    X(shutdown_receiving_twice_and_sending_once,                                                                       \
      CONNECTED "s shutdown 0; s shutdown 0; s shutdown 1; s shutdown 0; s poll; c poll;")                             \
    X(shutdown_after_the_reset,                                                                                        \
      CONNECTED "s set 1 13 0; s close; c shutdown 1; c shutdown 0; c shutdown 2; c error; c poll;")                   \
    X(shutdown_while_in_time_wait,                                                                                     \
      CONNECTED "c shutdown 1; s shutdown 1; c shutdown 0; c shutdown 2; s shutdown 2; c poll; s poll;")               \
    X(shutdown_of_a_listener_with_waiting_connections,                                                                 \
      LISTENING "c socket; c connect; l shutdown 0; c poll; c error; c recv 1; l poll; l accept s;")                   \
    X(shutdown_of_both_of_a_listener,                                                                                  \
      LISTENING "l shutdown 2; l poll; l name sock; l listen 2; l poll; c socket; c connect; l accept s;")             \
    X(shutdown_of_a_listener_that_is_opened_again,                                                                     \
      LISTENING "l shutdown 0; l listen 4; l get 1 30; c socket; c connect; l poll; l accept s; s name peer;")         \
    X(shutdown_of_a_listener_then_connect,                                                                             \
      "c socket; c bind 2; c listen 1; c shutdown 0; c connect 1; c error; c poll;")                                   \
    X(a_listener_that_was_shut_keeps_its_port,                                                                         \
      LISTENING "l shutdown 0; s socket; s bind; s set 1 2 1; s bind; l name sock;")                                   \
    X(reset_while_the_reader_has_half_closed,                                                                          \
      CONNECTED "c shutdown 0; s set 1 13 0; s close; c poll; c recv 1; c error; c send 1 0x4000;")                    \
    X(reset_while_the_writer_has_half_closed,                                                                          \
      CONNECTED "c shutdown 1; s set 1 13 0; s close; c poll; c recv 1; c recv 1; c error;")                           \
    X(reset_in_time_wait_is_not_seen,                                                                                  \
      CONNECTED "c shutdown 1; s recv 1; s close; c recv 1; c poll; c error; c recv 1; c send 1 0x4000;")              \
    X(reset_by_closing_with_unread_data_and_unsent_answer,                                                             \
      CONNECTED "c send 4; s send 3; s close; c poll; c recv 9; c recv 9; c recv 9; c error;")                         \
    X(reset_between_peek_and_read,                                                                                     \
      CONNECTED "c send 4; s recv 2 2; c set 1 13 0; c close; s recv 9 2; s recv 1; s recv 9; s recv 9;")              \
    X(reset_is_told_to_one_of_two_descriptors,                                                                         \
      CONNECTED "c dup d; s set 1 13 0; s close; d recv 1; c recv 1; c poll; d poll; d error;")                        \
    X(reset_of_a_connection_in_the_accept_queue_with_data,                                                             \
      LISTENING "c socket; c connect; c send 3; c set 1 13 0; c close; l accept s; s poll; s error; s recv 9;"         \
                "s recv 9; s name peer; s send 1 0x4000;")                                                             \
    X(accept_of_a_connection_that_half_closed,                                                                         \
      LISTENING "c socket; c connect; c shutdown 1; l accept s; s poll; s send 3; c recv 9; s recv 1; s close;"        \
                "c recv 1; c poll;")                                                                                   \
    X(accept_after_data_and_close,                                                                                     \
      LISTENING "c socket; c connect; c send 5; c close; l accept s; s ioctl 0x541b; s recv 2; s recv 9;"              \
                "s recv 9; s send 1 0x4000; s send 1; s error;")                                                       \
    X(accept_in_order,                                                                                                 \
      LISTENING "c socket; c connect; d socket; d connect; l accept s; l accept t; c send 1; d send 2;"                \
                "s recv 9; t recv 9; l accept p;")                                                                     \
    X(accept_on_a_closed_or_fresh_or_connected_socket,                                                                 \
      "c socket; c accept d; c close; c accept d;" CONNECTED "c accept d; s accept t;")                                \
    X(accept_of_a_reset_connection_then_of_a_good_one,                                                                 \
      LISTENING "c socket; c connect; c set 1 13 0; c close; d socket; d connect; l poll; l accept s;"                 \
                "l accept t; s recv 1; t poll; d poll;")                                                               \
    X(listen_twice_with_other_backlogs,                                                                                \
      LISTENING "l listen 0; l listen 100; l listen -1; l get 1 30; c socket; c connect; l accept s;")                 \
    X(listen_after_connect_fails, "c socket; c connect 1; c listen 1; c error; c listen 1; c get 1 30;")               \
    X(listen_of_a_socket_that_was_connected, CONNECTED "c connect 2; c listen 2; c get 1 30; c name sock;")            \
    X(listen_while_connecting, LISTENING "c socket; c connect; c listen 1; c connect; c listen 1;")                    \
    X(two_listeners_on_one_port_by_bind_first,                                                                         \
      "l socket; l bind; l listen 1; s socket; s listen 1; s name sock; s bind;")                                      \
    X(connect_twice_to_the_same,                                                                                       \
      LISTENING "c socket; c connect; c connect; c connect; c connect 1; l accept s; l accept t;")                     \
    X(connect_after_connect_by_unspec,                                                                                 \
      CONNECTED "c connect 2; c name sock; c name peer; c connect; c name peer; l accept t; c connect; t poll;")       \
    X(connect_unspec_while_connecting,                                                                                 \
      LISTENING "c socket; c connect; c connect 2; c poll; c error; l poll; l accept s; s recv 1; c connect;"          \
                "c connect; c error;")                                                                                 \
    X(connect_unspec_twice, CONNECTED "c connect 2; c connect 2; c error; c error; c poll; s poll; s recv 1;")         \
    X(connect_unspec_after_half_close,                                                                                 \
      CONNECTED "c shutdown 1; s recv 1; c connect 2; s poll; s error; c poll; c connect; l accept t;"                 \
                "c connect; c send 1; t recv 1;")                                                                      \
    X(connect_unspec_with_unread_data, CONNECTED "s send 3; c connect 2; c recv 9; c poll; s poll; s error;")          \
    X(connect_of_a_bound_socket_to_nobody,                                                                             \
      "d socket; d bind 2; d connect 1; d error; d name sock; d connect; d error;")                                    \
    X(connect_to_nobody_then_to_somebody,                                                                              \
      LISTENING "c socket; c connect 1; c error; c connect; c connect; c connect; c poll; l accept s;"                 \
                "c send 1; s recv 1;")                                                                                 \
    X(connect_error_by_poll_then_so_error_then_connect,                                                                \
      "c socket; c connect 1; c poll; c select; c error; c poll; c connect 1; c connect 1; c connect 1;")              \
    X(connect_error_is_not_told_to_getpeername,                                                                        \
      "c socket; c connect 1; c name peer; c name sock; c error; c name sock;")                                        \
    X(connect_and_options_meanwhile,                                                                                   \
      LISTENING "c socket; c connect; c set 6 1 1; c get 6 1; c set 1 9 1; c get 1 9; c set 1 7 9000;"                 \
                "c get 1 7; c connect; c get 6 1;")                                                                    \
    X(so_error_once_after_a_reset_seen_by_poll,                                                                        \
      CONNECTED "s set 1 13 0; s close; c poll; c poll; c error; c poll; c error; c recv 1;")                          \
    X(so_error_of_the_good, CONNECTED "c error; s error; c send 1; c error; s error; s recv 1; s error;")              \
    X(so_error_after_send_failed,                                                                                      \
      CONNECTED "s set 1 13 0; s close; c send 1 0x4000; c error; c poll; c recv 1; c recv 1;")                        \
    X(so_error_of_a_dup, "c socket; c connect 1; c dup d; d error; c error; d close; c poll;")                         \
    X(peek_then_waitall_then_read, CONNECTED "c send 4; s recv 2 2; s recv 2 0x102; s recv 4 0x100; s recv 1 2;")      \
    X(peek_of_nothing,                                                                                                 \
      CONNECTED "s recv 0 2; s recv 1 2; c send 1; s recv 0 2; s recv 1 2; s recv 1; c shutdown 1; s recv 0 2;"        \
                "s recv 1 2;")                                                                                         \
    X(peek_past_the_urgent_byte,                                                                                       \
      CONNECTED "c send 3 1; s recv 9 2; s recv 9 2; s recv 1 1; s recv 9 2; s recv 9; s recv 9 2; c send 1;"          \
                "s recv 9 2;")                                                                                         \
    X(waitall_and_the_end_of_the_stream, CONNECTED "c send 3; c shutdown 1; s recv 9 0x100; s recv 9 0x100;")          \
    X(waitall_and_the_urgent_mark, CONNECTED "c send 3; c send 2 1; s recv 9 0x100; s recv 9 0x100; s recv 9;")        \
    X(waitall_of_a_reset,                                                                                              \
      CONNECTED "c send 3; c set 1 13 0; c close; s recv 9 0x102; s recv 9 0x100; s recv 9 0x100;")                    \
    X(urgent_byte_twice,                                                                                               \
      CONNECTED "c send 2 1; s recv 1 1; s recv 1 1; c send 2 1; s recv 1 1; s recv 9; s recv 9; s recv 9;")           \
    X(urgent_byte_peeked, CONNECTED "c send 2 1; s recv 1 3; s recv 1 3; s recv 1 1; s recv 1 3;")                     \
    X(urgent_byte_of_none,                                                                                             \
      CONNECTED "s recv 1 1; c send 1; s recv 1 1; c shutdown 1; s recv 1 1; s recv 9; s recv 1 1;")                   \
    X(urgent_byte_alone,                                                                                               \
      CONNECTED "c send 1 1; s poll; s ioctl 0x8905; s recv 9; s recv 1 1; s recv 9; s ioctl 0x8905;")                 \
    X(urgent_byte_inline,                                                                                              \
      CONNECTED "s set 1 10 1; c send 3 1; s poll; s recv 9; s ioctl 0x8905; s recv 9; s recv 1 1;")                   \
    X(urgent_byte_inline_then_not,                                                                                     \
      CONNECTED "s set 1 10 1; c send 3 1; s recv 1; s set 1 10 0; s recv 9; s recv 1 1; s recv 9;")                   \
    X(urgent_byte_and_at_mark,                                                                                         \
      CONNECTED "c send 3; c send 1 1; c send 2; s ioctl 0x8905; s recv 9; s ioctl 0x8905; s recv 9;"                  \
                "s ioctl 0x8905; s recv 9;")                                                                           \
    X(urgent_byte_and_count,                                                                                           \
      CONNECTED "c send 3; c send 1 1; c send 2; s ioctl 0x541b; s recv 1; s ioctl 0x541b; s recv 9;"                  \
                "s ioctl 0x541b; s recv 9; s ioctl 0x541b;")                                                           \
    X(urgent_byte_and_close, CONNECTED "c send 1 1; s close; c poll; c error;")                                        \
    X(urgent_byte_read_is_not_unread_data, CONNECTED "c send 1 1; s recv 1 1; s close; c poll; c recv 1; c error;")    \
    X(urgent_byte_and_low_water_mark,                                                                                  \
      CONNECTED "s set 1 18 3; c send 2 1; s poll; s recv 1 1; s poll; c send 2; s poll; s recv 9;")                   \
    X(urgent_edges,                                                                                                    \
      CONNECTED "p epoll; p ctl 1 s 0x80000003; p wait; c send 1 1; p wait; s recv 1 1; p wait; c send 1 1;"           \
                "p wait; p wait;")                                                                                     \
    X(linger_zero_with_queued_data_resets,                                                                             \
      CONNECTED "c set 6 3 1; c send 3; c set 1 13 0; c close; s poll; s recv 9; s error;")                            \
    X(linger_zero_of_one_of_two_descriptors,                                                                           \
      CONNECTED "c dup d; c set 1 13 0; c close; s poll; d send 2; s recv 9; d close; s poll; s recv 1;")              \
    X(linger_zero_after_half_close,                                                                                    \
      CONNECTED "c shutdown 1; s recv 1; c set 1 13 0; c close; s poll; s recv 1; s send 1 0x4000; s error;")          \
    X(linger_zero_of_a_listener, LISTENING "l set 1 13 0; c socket; c connect; l close; c poll; c recv 1;")            \
    X(linger_zero_of_who_never_connected,                                                                              \
      "c socket; c set 1 13 0; c close; d socket; d set 1 13 0; d connect 1; d close;")                                \
    X(linger_zero_in_time_wait, CONNECTED "c shutdown 1; s recv 1; s close; c recv 1; c set 1 13 0; c close;")         \
    X(linger_zero_of_accepted_is_inherited,                                                                            \
      "l socket; l set 1 2 1; l set 1 13 0; l bind; l listen 4; c socket; c connect; l accept s; s close;"             \
      "c poll; c recv 1;")                                                                                             \
    X(linger_taken_back, CONNECTED "s set 1 13 0; s set 1 13 -1; s close; c poll; c recv 1;")                          \
    X(bind_to_two_ports, "c socket; c bind; c bind 2; c name sock; d socket; d bind 2; d name sock;")                  \
    X(bind_to_any_and_to_one,                                                                                          \
      "l socket; l bind 1; s socket; s bind; s set 1 2 1; s bind; l set 1 2 1; s bind; l listen 1; s listen 1;")       \
    X(bind_to_one_and_to_any,                                                                                          \
      "l socket; l bind; s socket; s bind 1; s set 1 2 1; s bind 1; l set 1 2 1; s bind 1; s listen 1;"                \
      "l listen 1;")                                                                                                   \
    X(bind_to_a_foreign_address, "c socket; c bind 5; c name sock; c bind 2; c name sock;")                            \
    X(bind_conflict_with_a_closed_listener,                                                                            \
      LISTENING "l close; l socket; l bind; l listen 1; c socket; c connect; l accept s;")                             \
    X(bind_conflict_with_reuse_on_one_side,                                                                            \
      "l socket; l set 1 2 1; l bind; s socket; s bind; s set 1 2 1; s bind; t socket; t bind;")                       \
    X(bind_after_reuse_was_taken_back,                                                                                 \
      "l socket; l set 1 2 1; l bind; l set 1 2 0; s socket; s set 1 2 1; s bind; l set 1 2 1; s bind;")               \
    X(bind_of_a_socket_that_connected_by_itself,                                                                       \
      CONNECTED "c bind; d socket; d bind 2; d connect; d bind 2; d name sock;")                                       \
    X(bind_beside_an_accepted_connection,                                                                              \
      LISTENING "c socket; c connect; l accept s; l close; t socket; t bind; t set 1 2 1; t bind; t listen 1;"         \
                "d socket; d connect; t accept p;")                                                                    \
    X(bind_beside_a_connecting_socket,                                                                                 \
      "d socket; d bind 2; d connect 1; c socket; c bind 2; d error; c bind 2; c name sock;")                          \
    X(reuseport_beside_reuseaddr,                                                                                      \
      "l socket; l set 1 15 1; l set 1 2 1; l bind; s socket; s set 1 15 1; s bind; t socket; t set 1 2 1;"            \
      "t bind;")                                                                                                       \
    X(reuseport_of_a_listener_and_a_bound_one,                                                                         \
      "l socket; l set 1 15 1; l bind; l listen 1; s socket; s set 1 15 1; s bind; s name sock; s close;"              \
      "t socket; t bind;")                                                                                             \
    X(reuseport_listener_goes_and_comes,                                                                               \
      "l socket; l set 1 15 1; l bind; l listen 1; s socket; s set 1 15 1; s bind; s listen 1; l close;"               \
      "c socket; c connect; s poll; s accept t;")                                                                      \
    X(getsockname_at_each_step,                                                                                        \
      "c socket; c name sock; c bind 2; c name sock; c connect 1; c name sock; c error; c name sock;"                  \
      "c connect 2; c name sock;")                                                                                     \
    X(getsockname_of_an_accepting_pair,                                                                                \
      LISTENING "l name sock; c socket; c name sock; c connect; c name sock; l accept s; s name sock;"                 \
                "c name peer; s name peer; c close; s name peer; s recv 1; s close;")                                  \
    X(getsockname_after_the_end,                                                                                       \
      CONNECTED "s close; c recv 1; c name sock; c name peer; c shutdown 1; c name peer; c name sock;")                \
    X(getsockname_after_a_reset,                                                                                       \
      CONNECTED "s set 1 13 0; s close; c name sock; c name peer; c error; c name sock; c name peer;"                  \
                "c connect 2; c name sock;")                                                                           \
    X(getpeername_needs_a_connection,                                                                                  \
      "c socket; c name peer; c bind 2; c name peer;" LISTENING "l name peer; c connect; c name peer;"                 \
      "l accept s; c name peer;")                                                                                      \
    X(nonblock_can_be_set_and_taken_back, CONNECTED "s nonblock 0; s nonblock 1; s recv 1; s recv 1 0x40;")            \
    X(epoll_of_a_half_open_pair,                                                                                       \
      CONNECTED "q epoll; q ctl 1 c 0x2007; q wait; s shutdown 1; q wait; c recv 1; q wait; s close; q wait;"          \
                "c send 1 0x4000; q wait;")                                                                            \
    X(epoll_of_a_reset_pair,                                                                                           \
      CONNECTED "q epoll; q ctl 1 c 0x2001; s set 1 13 0; s close; q wait; q wait; c error; q wait; c close;"          \
                "q wait;")                                                                                             \
    X(epoll_edge_of_a_reset_is_one,                                                                                    \
      CONNECTED "q epoll; q ctl 1 c 0x80002001; q wait; s set 1 13 0; s close; q wait; q wait; c error;"               \
                "q wait; c recv 1; q wait;")                                                                           \
    X(epoll_edge_of_a_fin_then_reset,                                                                                  \
      CONNECTED "q epoll; q ctl 1 c 0x80002005; q wait; s shutdown 1; q wait; s set 1 13 0; s close; q wait;"          \
                "q wait;")                                                                                             \
    X(epoll_edge_of_data_and_fin_together,                                                                             \
      CONNECTED "q epoll; q ctl 1 c 0x80002001; s send 3; s close; q wait; c recv 9; q wait; c recv 1; q wait;")       \
    X(epoll_of_an_accepted_socket_with_data,                                                                           \
      LISTENING "c socket; c connect; c send 2; l accept s; p epoll; p ctl 1 s 0x80000005; p wait; p wait;"            \
                "s recv 9; c send 1; p wait;")                                                                         \
    X(epoll_of_a_listener_that_is_shut,                                                                                \
      LISTENING "p epoll; p ctl 1 l 1; l shutdown 0; p wait; l listen 1; p wait; c socket; c connect; p wait;")        \
    X(epoll_one_shot_of_a_listener,                                                                                    \
      LISTENING "p epoll; p ctl 1 l 0x40000001; c socket; c connect; p wait; d socket; d connect; p wait;"             \
                "p ctl 3 l 0x40000001; p wait;")                                                                       \
    X(epoll_exclusive, CONNECTED "p epoll; p ctl 1 s 0x10000001; c send 1; p wait; p ctl 3 s 1; s recv 1; p wait;")    \
    X(epoll_add_with_no_events_then_mod,                                                                               \
      CONNECTED "p epoll; p ctl 1 s 0; c send 1; p wait; p ctl 3 s 1; p wait; p ctl 3 s 0; p wait;")                   \
    X(epoll_of_the_other_side,                                                                                         \
      CONNECTED "q epoll; p epoll; q ctl 1 c 1; p ctl 1 s 1; c send 1; q wait; p wait; s send 1; q wait;"              \
                "s recv 1; p wait; c recv 1; q wait;")                                                                 \
    X(send_more_then_fin, CONNECTED "c send 3 0x8000; s recv 9; c shutdown 1; s recv 9; s recv 9;")                    \
    X(send_with_unknown_flags, CONNECTED "c send 1 0x10000000; c send 1 0x200000; c send 1 0x4; s recv 9;")            \
    X(send_dontwait_and_eor, CONNECTED "c send 2 0xc0; s recv 9;")                                                     \
    X(recv_flags_that_mean_nothing, CONNECTED "c send 3; s recv 1 0x80; s recv 1 0x4; s recv 1 0x8000;")               \
    X(recv_of_the_error_queue,                                                                                         \
      CONNECTED "c send 3; s recv 1 0x2000; s set 1 13 0; s close; c recv 1 0x2000; c recv 1;")                        \
    X(ioctls_of_a_listener_with_somebody,                                                                              \
      LISTENING "c socket; c connect; l ioctl 0x541b; l ioctl 0x5411; l ioctl 0x8905;")                                \
    X(ioctls_in_half_close,                                                                                            \
      CONNECTED "c send 3; c shutdown 1; s ioctl 0x541b; s recv 9; s ioctl 0x541b; c ioctl 0x894b;")                   \
    X(the_other_end_of_a_dup_is_closed,                                                                                \
      CONNECTED "s dup t; s close; c poll; c send 1; t recv 1; t close; c poll; c recv 1;")                            \
    X(closing_twice, CONNECTED "c close; c close; s recv 1; s close; s close;")                                        \
    X(many_small_sends_are_one_read,                                                                                   \
      CONNECTED "c set 6 1 1; c send 1; c send 2; c send 3; s ioctl 0x541b; s recv 30;")                               \
    X(cork_and_close, CONNECTED "c set 6 3 1; c send 3; s recv 9; c close; s recv 9; s recv 9;")                       \
    X(cork_and_nodelay, CONNECTED "c set 6 3 1; c set 6 1 1; c send 3; s recv 9; c set 6 3 0; s recv 9;")              \
    X(both_ends_close_at_once_with_data, CONNECTED "c send 2; s send 2; c close; s poll; s recv 9; s error; s close;") \
    X(v6_socket_and_its_options,                                                                                       \
      "c socket 1; c get 41 26; c set 41 26 1; c get 41 26; c get 1 39; c set 0 1 8; c get 0 1;")                      \
    X(v6_listener_takes_mapped_connections,                                                                            \
      "l socket 1; l bind 3; l listen 2; c socket; c connect; l accept s; s name peer; s name sock; c send 2;"         \
      "s recv 9; s get 1 39;")                                                                                         \
    X(v6_only_listener_takes_none,                                                                                     \
      "l socket 2; l bind 3; l listen 2; c socket; c connect; c poll; c error; l accept s;")                           \
    X(v6_only_listener_and_ipv4_share_a_port,                                                                          \
      "l socket 2; l bind 3; l listen 2; s socket; s bind 1; s listen 2; c socket; c connect; s accept t;"             \
      "l accept p;")                                                                                                   \
    X(v6_and_ipv4_collide_on_a_port,                                                                                   \
      "l socket 1; l bind 3; l listen 2; s socket; s bind; s bind 1; s set 1 2 1; s bind;")                            \
    X(v6_bound_to_a_mapped_address,                                                                                    \
      "l socket 1; l bind 4; l name sock; l listen 2; c socket; c connect; l accept s; s name peer; t socket;"         \
      "t bind;")                                                                                                       \
    X(v6_client_to_a_mapped_address,                                                                                   \
      LISTENING "c socket 1; c connect 3; l accept s; c connect 3; c name peer; c name sock; s name peer;"             \
                "c send 1; s recv 1;")                                                                                 \
    X(v6_only_client_to_a_mapped_address, LISTENING "c socket 2; c connect 3; c error; c poll;")                       \
    X(v6_only_cannot_bind_a_mapped_address, "l socket 2; l bind 4; l bind 3; l name sock;")                            \
    X(v6_option_after_bind, "l socket 1; l bind 3; l set 41 26 1; l get 41 26;")                                       \
    X(v4_socket_to_a_v6_address, "c socket; c connect 3; c bind 3; c bind 4;")                                         \
    X(v6_socket_to_a_v4_address, LISTENING "c socket 1; c connect; c bind 2; c name sock;")                            \
    X(crossed_fins,                                                                                                    \
      CONNECTED "c send 2; s send 3; c shutdown 1; s shutdown 1; c recv 9; c recv 9; s recv 9; s recv 9; c poll;"      \
                "s poll; c close; s close;")

/* Accepted differences: name, reason, a sequence in which Linux and rill must differ (else it belongs above). */
#define DIFFERENCES(X)                                                                                                 \
    X(a_port_that_was_shared_once_is_shared_for_good,                                                                  \
      "Linux remembers that the first socket of a port had SO_REUSEPORT; here the sockets of now count",               \
      "l socket; l set 1 15 1; l bind; s socket; s set 1 15 1; s bind; l set 1 15 0; t socket; t set 1 15 1; t bind;") \
    X(time_wait_does_not_remember_who_would_reuse,                                                                     \
      "SO_REUSEADDR of the socket that is gone is not kept in the 48 bytes of TIME-WAIT",                              \
      "l socket; l bind; l listen 1; c socket; c connect; l accept s; s close; c recv 1; c close;"                     \
      "l close; t socket; t set 1 2 1; t bind;")                                                                       \
    X(two_marks_that_come_between_two_calls_are_one,                                                                   \
      "the layer learns of the mark when it is called: of two, the later one",                                         \
      CONNECTED "c set 6 1 1; c send 1 1; c send 3 1; s recv 9;")

#endif
