/*
 * The sequences that test_oracle_udp.c runs, each a fact by its name. Numbers
 * are Linux's: "set 1 2 1" is setsockopt(SOL_SOCKET, SO_REUSEADDR, 1). Where
 * a datagram goes: 0 to the server's port, 1 to one that nobody has, 2 to
 * whom the slot received from last, 3 to port 0; 4 has the family AF_UNSPEC,
 * 5 AF_INET6, 6 is too short.
 */
#ifndef TESTS_SOCKETS_SEQUENCES_UDP_H
#define TESTS_SOCKETS_SEQUENCES_UDP_H

#include "support/cmocka_all.h"

/* What most begin with: s has the server's port, c is a client; then c connected; then each connected to the other. */
#define BOUND "s socket; s bind; c socket;"
#define CONNECTED BOUND "c connect 0;"
#define BOTH CONNECTED "c send 1; s recvfrom 9; s connect 2;"

/* Name, sequence. */
#define SEQUENCES(X)                                                                                                   \
    X(a_fresh_socket_is_writable_and_nothing_else, "c socket; c poll; c error; c name sock; c name peer; c recv 3;")   \
    X(sending_to_nobody_wants_an_address, "c socket; c send 3; c sendto 3 7;")                                         \
    X(a_datagram_goes_there_and_back,                                                                                  \
      BOUND "c sendto 3 0; s poll; s recvfrom 9; s sendto 5 2; c poll; c recvfrom 9; c poll;")                         \
    X(sending_binds_to_a_port, BOUND "c name sock; c sendto 3 0; c name sock;")                                        \
    X(an_empty_datagram_is_readable_and_reads_as_zero,                                                                 \
      CONNECTED "c send 0; s poll; s ioctl 0x541b; s recv 9; s recv 9; s poll;")                                       \
    X(datagrams_keep_their_edges, CONNECTED "c send 3; c send 5; s recv 9; s recv 9; s recv 9;")                       \
    X(the_rest_of_a_datagram_is_lost, CONNECTED "c send 8; c send 2; s recv 3; s recv 9;")                             \
    X(msg_trunc_tells_the_whole_length, CONNECTED "c send 8; s recv 3 0x20; s recv 9;")                                \
    X(peeking_leaves_it, CONNECTED "c send 8; s recv 3 2; s recv 3 0x22; s recv 9; s recv 9 2;")                       \
    X(recvmsg_says_that_it_was_cut, CONNECTED "c send 8; c send 3; s recvmsg 3; s recvmsg 3;")                         \
    X(recvmsg_with_msg_trunc_tells_both, CONNECTED "c send 8; s recvmsg 3 0x20;")                                      \
    X(reading_no_bytes_takes_the_datagram, CONNECTED "c send 8; s recv 0; s recv 9;")                                  \
    X(fionread_is_of_the_first_datagram, CONNECTED "c send 3; c send 5; s ioctl 0x541b; s recv 9; s ioctl 0x541b;")    \
    X(urgent_datagrams_are_not_supported, CONNECTED "c send 3 1;")                                                     \
    X(an_address_must_be_whole_and_of_the_family, BOUND "c sendto 3 6; c sendto 3 5; c sendto 3 3; c sendto 3 4;")     \
    X(connect_wants_a_whole_address_of_the_family, BOUND "c connect 6; c connect 5; c connect 0; c connect 0;")        \
    X(connecting_binds_and_tells_the_peer, BOUND "c connect 0; c name sock; c name peer;")                             \
    X(connecting_to_nothing_gives_up_port_and_peer, CONNECTED "c connect 4; c name sock; c name peer; c send 3;")      \
    X(a_bound_port_outlives_the_connection, BOTH "s connect 4; s name sock; s name peer; c send 3; s recv 9;")         \
    X(a_connected_socket_may_send_elsewhere, CONNECTED "d socket; d bindany; d name sock; c sendto 3 0; s recv 9;")    \
    X(a_connected_socket_hears_its_peer_only, BOTH "d socket; d sendto 3 0; s recv 9; s poll; c send 4; s recv 9;")    \
    X(what_came_before_connecting_is_still_read,                                                                       \
      BOUND "c sendto 3 0; d socket; d sendto 4 0; s recvfrom 9 2; s connect 2; s recv 9; s recv 9;")                  \
    X(a_refusal_is_told_to_a_connected_socket_once, BOUND "c connect 1; c send 3; c poll; c error; c poll; c error;")  \
    X(a_refusal_ends_receiving_once, BOUND "c connect 1; c send 3; c recv 9; c recv 9;")                               \
    X(a_refusal_ends_sending_once, BOUND "c connect 1; c send 3; c send 3; c poll;")                                   \
    X(a_refusal_is_not_told_to_an_unconnected_socket, BOUND "c sendto 3 1; c poll; c error; c recv 9; c sendto 3 1;")  \
    X(a_refusal_outlives_the_connection, BOUND "c connect 1; c send 3; c connect 0; c error;")                         \
    X(a_refused_socket_still_receives, BOTH "s close; c send 3; c poll; c error; c poll;")                             \
    X(with_recverr_an_unconnected_socket_is_told, BOUND "c set 0 11 1; c sendto 3 1; c poll; c error; c get 0 11;")    \
    X(the_error_queue_is_empty_without_errors, BOUND "c set 0 11 1; c recv 9 0x2000; c recv 9 0x2040;")                \
    X(turning_recverr_off_empties_the_queue, BOUND "c set 0 11 1; c sendto 3 1; c error; c set 0 11 0; c poll;")       \
    X(bind_twice_is_invalid, "s socket; s bind; s bind; s name sock;")                                                 \
    X(bind_after_connect_is_invalid, CONNECTED "c bindany;")                                                           \
    X(a_bound_port_is_in_use, "s socket; s bind; t socket; t bind;")                                                   \
    X(two_that_reuse_share_and_the_last_receives,                                                                      \
      "s socket; s set 1 2 1; s bind; t socket; t set 1 2 1; t bind; c socket; c sendto 3 0; s recv 9; t recv 9;")     \
    X(one_that_reuses_is_not_enough, "s socket; s bind; t socket; t set 1 2 1; t bind;")                               \
    X(closing_frees_the_port, "s socket; s bind; s close; t socket; t bind;")                                          \
    X(a_port_is_chosen_for_zero, "s socket; s bindany; s name sock; s bindany;")                                       \
    X(listening_is_not_supported, BOUND "s listen 1; s accept t;")                                                     \
    X(a_listening_stream_has_a_port_of_its_own, "s socket; s bind; l stream; l bind; l listen 1; s poll;")             \
    X(shutdown_needs_a_connection_but_shuts,                                                                           \
      BOUND "c shutdown 0; c poll; c recv 9; c shutdown 1; c poll; c sendto 3 0; c shutdown 5;")                       \
    X(shutdown_of_sending_is_a_broken_pipe, CONNECTED "c shutdown 1; c send 3 0x4000; c poll; c recv 9;")              \
    X(shutdown_of_receiving_still_reads_what_came, BOTH "c send 3; s shutdown 0; s poll; s recv 9; s recv 9;")         \
    X(shutdown_of_both_is_a_hangup, CONNECTED "c shutdown 2; c poll;")                                                 \
    X(connecting_again_does_not_open_what_was_shut, CONNECTED "c shutdown 2; c connect 4; c connect 0; c poll;")       \
    X(what_was_sent_is_no_longer_queued, CONNECTED "c send 3; c ioctl 0x5411; s ioctl 0x5411; s ioctl 0x8905;")        \
    X(a_send_that_fails_binds_too, "c socket; c sendto 3 7; c name sock; c connect 4; c name sock;")                   \
    X(type_protocol_and_domain_are_told, "c socket; c get 1 3; c get 1 38; c get 1 39; c get 1 30;")                   \
    X(buffers_are_doubled_and_have_a_least, "c socket; c get 1 7; c get 1 8; c set 1 8 5000; c get 1 8; c set 1 8 1;"  \
                                            "c get 1 8; c set 1 7 1; c get 1 7;")                                      \
    X(options_of_tcp_are_unknown, "c socket; c set 6 1 1; c get 6 1;")                                                 \
    X(tos_is_taken_whole, "c socket; c set 0 1 0xff; c get 0 1; c set 0 1 0x03; c get 0 1;")                           \
    X(ttl_is_checked, "c socket; c set 0 2 0; c set 0 2 256; c set 0 2 7; c get 0 2; c set 0 2 -1; c get 0 2;")        \
    X(multicast_ttl_is_one_until_set,                                                                                  \
      "c socket; c get 0 33; c set 0 33 9; c get 0 33; c set 0 33 -1; c get 0 33; c set 0 33 256;")                    \
    X(flags_are_told_as_set, "c socket; c get 1 6; c set 1 6 1; c get 1 6; c get 0 8; c set 0 8 1; c get 0 8;"         \
                             "c get 0 12; c set 0 12 1; c get 0 12; c get 0 13; c set 0 13 1; c get 0 13;"             \
                             "c get 1 15; c set 1 15 1; c get 1 15;")                                                  \
    X(pktinfo_tells_the_address, BOUND "s set 0 8 1; c sendto 3 0; s recvmsg 9;")                                      \
    X(ttl_and_tos_are_told, BOUND "s set 0 12 1; s set 0 13 1; c set 0 2 7; c set 0 1 0x28; c sendto 3 0; s recvmsg "  \
                                  "9;")                                                                                \
    X(all_is_told_in_order, BOUND "s set 0 13 1; s set 0 12 1; s set 0 8 1; c sendto 3 0; s recvmsg 9 0 256;")         \
    X(control_that_does_not_fit_is_cut, BOUND "s set 0 8 1; s set 0 12 1; c sendto 3 0; c sendto 3 0; c sendto 3 0;"   \
                                              "c sendto 3 0; s recvmsg 9 0 40; s recvmsg 9 0 28; s recvmsg 9 0 20;"    \
                                              "s recvmsg 9 0 8;")                                                      \
    X(ttl_of_one_datagram_can_be_set, BOUND "s set 0 12 1; s set 0 13 1; c control 3 0 2 9; s recvmsg 9;"              \
                                            "c control 3 0 1 0x20; s recvmsg 9; c sendto 3 0; s recvmsg 9;")           \
    X(a_wrong_control_message_is_invalid, BOUND "c control 3 0 2 0; c control 3 0 2 300; c control 3 0 77 1;")         \
    X(many_are_sent_and_received, CONNECTED "c sendmmsg 3; s recvmmsg 2; s recvmmsg 5; s recvmmsg 5;")                 \
    X(epoll_tells_a_datagram_by_level,                                                                                 \
      BOUND "p epoll; p ctl 1 s 1; p wait; c sendto 3 0; p wait; p wait; s recv 9; p wait;")                           \
    X(epoll_tells_each_arrival_by_edge,                                                                                \
      BOUND "p epoll; p ctl 1 s 0x80000001; p wait; c sendto 3 0; c sendto 3 0; p wait; p wait; s recv 9; p wait;"     \
            "c sendto 3 0; p wait; p wait;")                                                                           \
    X(epoll_tells_an_error, BOUND "q epoll; c connect 1; q ctl 1 c 1; q wait; c send 3; q wait; c error; q wait;")     \
    X(a_duplicate_is_the_same_socket, BOUND "s dup t; c sendto 3 0; t recv 9; s recv 9; s close; c sendto 3 0;"        \
                                            "t recv 9;")                                                               \
    X(a_closed_descriptor_is_bad, "c socket; c close; c sendto 1 0; c recv 1; c recvmsg 1; c connect 0; c error;")     \
    X(broadcast_needs_permission, "c socket; c broadcast 3; c set 1 6 1; c name sock;")                                \
    X(the_longest_datagram_is_bounded, "c socket; c long 65508; c long 65536;")                                        \
    X(a_datagram_longer_than_a_packet_arrives_whole,                                                                   \
      CONNECTED "c long 1473; s ioctl 0x541b; s recv 9 0x20; c long 40000; s recv 9 0x20; c send 2; s recv 9;")        \
    X(pmtu_discovery_is_told_as_set, "c socket; c get 0 10; c set 0 10 0; c get 0 10; c set 0 10 2; c get 0 10;"       \
                                     "c set 0 10 3; c get 0 10; c set 0 10 4; c get 0 10; c set 0 10 5; c get 0 10;"   \
                                     "c set 0 10 6; c set 0 10 -1; c get 0 10; c set 0 10 1; c get 0 10;")             \
    X(the_path_mtu_needs_a_connection, "c socket; c get 0 14;")                                                        \
    X(connecting_to_port_zero_finds_the_source, "c socket; c connect 3; c name sock; c name peer; c poll; c recv 1;")

/* Name, why, sequence: where rill differs, and means to. */
#define DIFFERENCES(X)                                                                                                 \
    X(sending_to_port_zero_is_refused, "what is sent there could only be dropped", "c socket; c connect 3; c send 1;") \
    X(the_error_queue_holds_no_datagram, "only the error, and where it was going, is kept",                            \
      BOUND "c set 0 11 1; c sendto 3 1; c recvmsg 9 0x2000 128;")
#endif
