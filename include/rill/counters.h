/*
 * The names of what rill counts. Every dropped packet has one reason here; a
 * reason's number may change between releases, its name does not.
 */
#ifndef RILL_COUNTERS_H
#define RILL_COUNTERS_H

/* X(symbol, "name", "what it means") */
#define RILL_DROPS(X)                                                                                                  \
    X(NONE, "none", "not dropped")                                                                                     \
    X(IP_SHORT, "ip_short", "fewer bytes than an IP header needs")                                                     \
    X(IP_VERSION, "ip_version", "IP version is not one that the interface speaks")                                     \
    X(IP_HEADER_LENGTH, "ip_header_length", "IPv4 header length below 20 or past the packet's end")                    \
    X(IP_TOTAL_LENGTH, "ip_total_length", "IP total length shorter than its header or longer than the packet")         \
    X(IP_CHECKSUM, "ip_checksum", "IPv4 header checksum is wrong")                                                     \
    X(IP_OPTIONS, "ip_options", "IPv4 options malformed, or source routed")                                            \
    X(IP_MARTIAN, "ip_martian", "source or destination address is not possible on this interface")                     \
    X(IP_NOT_OURS, "ip_not_ours", "destination address is not one of the stack's")                                     \
    X(IP_FRAGMENT_LENGTH, "ip_fragment_length",                                                                        \
      "fragment without data, or of no multiple of 8 bytes where more follow")                                         \
    X(IP_FRAGMENT_TOO_LONG, "ip_fragment_too_long", "fragments of more than an IP packet may have (ping of death)")    \
    X(IP_FRAGMENT_TINY, "ip_fragment_tiny", "fragment that cuts a TCP header in two (RFC 1858, RFC 3128)")             \
    X(IP_FRAGMENT_OVERLAP, "ip_fragment_overlap",                                                                      \
      "fragments that contradict each other: the whole datagram goes (RFC 5722)")                                      \
    X(IP_FRAGMENT_DUPLICATE, "ip_fragment_duplicate", "fragment that is there already")                                \
    X(IP_FRAGMENT_TOO_MANY, "ip_fragment_too_many", "datagram of too many fragments")                                  \
    X(IP_FRAGMENT_ECN, "ip_fragment_ecn", "congestion mark among fragments that know of no ECN (RFC 3168)")            \
    X(IP_FRAGMENT_TIMEOUT, "ip_fragment_timeout", "fragment whose others did not come in time")                        \
    X(IP_FRAGMENT_EVICTED, "ip_fragment_evicted",                                                                      \
      "fragment given up for newer ones: too many bytes wait, of all or of its source")                                \
    X(IP_FRAGMENT_NO_MEMORY, "ip_fragment_no_memory", "fragment refused: the arena has no memory for it")              \
    X(IP_PROTOCOL, "ip_protocol", "no protocol here takes it")                                                         \
    X(IP_NO_ROUTE, "ip_no_route", "no route to the destination")                                                       \
    X(ICMP_SHORT, "icmp_short", "ICMP message shorter than its type needs")                                            \
    X(ICMP_CHECKSUM, "icmp_checksum", "ICMP checksum is wrong")                                                        \
    X(ICMP_TYPE, "icmp_type", "ICMP type that the stack does not act on")                                              \
    X(ICMP_BROADCAST, "icmp_broadcast", "echo request to a broadcast or multicast address")                            \
    X(ICMP_NO_CONNECTION, "icmp_no_connection", "ICMP error that quotes no connection of ours")                        \
    X(ICMP_SEQUENCE, "icmp_sequence", "ICMP error that quotes a sequence number not in flight (RFC 5927)")             \
    X(TCP_SHORT, "tcp_short", "fewer bytes than a TCP header needs")                                                   \
    X(TCP_DATA_OFFSET, "tcp_data_offset", "TCP data offset below 5 or past the segment's end")                         \
    X(TCP_CHECKSUM, "tcp_checksum", "TCP checksum is wrong")                                                           \
    X(TCP_PORT_ZERO, "tcp_port_zero", "source or destination port is 0")                                               \
    X(TCP_BROADCAST, "tcp_broadcast", "TCP segment to or from a broadcast or multicast address")                       \
    X(TCP_NO_CONNECTION, "tcp_no_connection", "no connection or listener takes the segment")                           \
    X(TCP_LAND, "tcp_land", "segment from outside that claims one of our own addresses")                               \
    X(TCP_OUT_OF_WINDOW, "tcp_out_of_window", "sequence number outside the receive window")                            \
    X(TCP_PAWS, "tcp_paws", "timestamp older than the last one (RFC 7323 PAWS)")                                       \
    X(TCP_OVERTAKEN_ACK, "tcp_overtaken_ack", "empty ACK older than one that came before it; its SACK blocks count")   \
    X(TCP_NO_TIMESTAMP, "tcp_no_timestamp", "segment without the timestamp option that was agreed")                    \
    X(TCP_RST_NOT_EXACT, "tcp_rst_not_exact", "RST in the window but not at RCV.NXT (RFC 5961)")                       \
    X(TCP_SYN_IN_WINDOW, "tcp_syn_in_window", "SYN on a synchronized connection (RFC 5961)")                           \
    X(TCP_NO_ACK_BIT, "tcp_no_ack_bit", "segment without ACK in a state that needs it")                                \
    X(TCP_ACK_UNSENT, "tcp_ack_unsent", "acknowledges what was never sent")                                            \
    X(TCP_ACK_TOO_OLD, "tcp_ack_too_old", "acknowledges data older than the largest window (RFC 5961)")                \
    X(TCP_BAD_HANDSHAKE_ACK, "tcp_bad_handshake_ack", "the handshake's ACK acknowledges something else")               \
    X(TCP_FLAGS, "tcp_flags", "flags that the state does not take")                                                    \
    X(TCP_DATA_AFTER_FIN, "tcp_data_after_fin", "data beyond the peer's FIN")                                          \
    X(TCP_DATA_AFTER_CLOSE, "tcp_data_after_close", "data that nobody can read any more")                              \
    X(TCP_REASSEMBLY_FULL, "tcp_reassembly_full", "out-of-order data shed: too many gaps or too many bytes")           \
    X(TCP_RECEIVE_FULL, "tcp_receive_full", "in-order data refused: the receive buffer's true size is used up")        \
    X(TCP_NO_MEMORY, "tcp_no_memory", "the arena refused a block or a buffer")                                         \
    X(TCP_SYN_QUEUE_FULL, "tcp_syn_queue_full", "SYN refused: the listener's SYN queue is full")                       \
    X(TCP_ACCEPT_QUEUE_FULL, "tcp_accept_queue_full", "handshake held back: the accept queue is full")                 \
    X(TCP_TIME_WAIT_RST, "tcp_time_wait_rst", "RST ignored in TIME-WAIT (RFC 1337)")                                   \
    X(TCP_TIME_WAIT_SYN, "tcp_time_wait_syn", "SYN in TIME-WAIT that may not reuse it (RFC 6191)")                     \
    X(UDP_SHORT, "udp_short", "fewer bytes than a UDP header needs")                                                   \
    X(UDP_LENGTH, "udp_length", "UDP length below 8 or past the packet's end")                                         \
    X(UDP_CHECKSUM, "udp_checksum", "UDP checksum is wrong")                                                           \
    X(UDP_PORT_ZERO, "udp_port_zero", "UDP destination port is 0")                                                     \
    X(UDP_LAND, "udp_land", "datagram from outside that claims one of our own addresses")                              \
    X(UDP_MULTICAST, "udp_multicast", "datagram to a multicast group that nobody joined")                              \
    X(UDP_NO_SOCKET, "udp_no_socket", "no socket takes the datagram")                                                  \
    X(UDP_RECEIVE_FULL, "udp_receive_full", "datagram refused: the socket's receive buffer is used up")                \
    X(UDP_NO_MEMORY, "udp_no_memory", "datagram refused: the arena has no memory for it")                              \
    X(REPLY_QUEUE_FULL, "reply_queue_full", "an answer was not queued: too many wait to be sent")

/* X(symbol, "name", "what it means") */
#define RILL_COUNTS(X)                                                                                                 \
    X(IP_IN, "ip_in", "IP packets received")                                                                           \
    X(IP_OUT, "ip_out", "IP packets sent; a train counts each of its segments")                                        \
    X(IP_BYTES_IN, "ip_bytes_in", "bytes of IP packets received")                                                      \
    X(IP_BYTES_OUT, "ip_bytes_out", "bytes of IP packets sent")                                                        \
    X(IP_FRAGMENTS_IN, "ip_fragments_in", "fragments received")                                                        \
    X(IP_REASSEMBLED, "ip_reassembled", "datagrams put together from fragments")                                       \
    X(IP_FRAGMENTED, "ip_fragmented", "datagrams sent in fragments, which ip_out counts each")                         \
    X(ICMP_TIME_EXCEEDED_OUT, "icmp_time_exceeded_out", "time exceeded messages sent, about fragments")                \
    X(ICMP_ECHO_REPLIES, "icmp_echo_replies", "echo requests answered")                                                \
    X(ICMP_UNREACHABLE_OUT, "icmp_unreachable_out", "destination unreachable messages sent")                           \
    X(ICMP_ERRORS_HELD, "icmp_errors_held", "ICMP errors held back by the rate limit")                                 \
    X(ICMP_ERRORS_IN, "icmp_errors_in", "ICMP errors received about packets that we sent")                             \
    X(UDP_DATAGRAMS_IN, "udp_datagrams_in", "UDP datagrams given to sockets")                                          \
    X(UDP_DATAGRAMS_OUT, "udp_datagrams_out", "UDP datagrams sent")                                                    \
    X(TCP_SEGMENTS_IN, "tcp_segments_in", "TCP segments received; a merged one counts each part")                      \
    X(TCP_SEGMENTS_OUT, "tcp_segments_out", "TCP segments sent, retransmissions included")                             \
    X(TCP_RETRANSMITTED, "tcp_retransmitted", "TCP segments retransmitted")                                            \
    X(TCP_RESETS_OUT, "tcp_resets_out", "RST segments sent")                                                           \
    X(TCP_CHALLENGE_ACKS, "tcp_challenge_acks", "challenge ACKs sent (RFC 5961)")                                      \
    X(TCP_ACKS_HELD, "tcp_acks_held", "ACKs to unacceptable segments held back by the rate limit")                     \
    X(TCP_ACTIVE_OPENS, "tcp_active_opens", "connections opened by a call")                                            \
    X(TCP_PASSIVE_OPENS, "tcp_passive_opens", "connections that a listener completed")                                 \
    X(TCP_FAILED_OPENS, "tcp_failed_opens", "handshakes that ended without a connection")                              \
    X(TCP_RESETS_IN, "tcp_resets_in", "connections ended by a peer's RST")                                             \
    X(TCP_TIMEOUTS, "tcp_timeouts", "connections given up after no answer")                                            \
    X(TCP_RTO_FIRED, "tcp_rto_fired", "retransmission timeouts")                                                       \
    X(TCP_FAST_RETRANSMITS, "tcp_fast_retransmits", "fast recoveries entered")                                         \
    X(TCP_LOSS_PROBES, "tcp_loss_probes", "tail loss probes sent (RFC 8985)")                                          \
    X(TCP_SPURIOUS, "tcp_spurious", "recoveries undone because nothing was lost")                                      \
    X(TCP_PERSIST_PROBES, "tcp_persist_probes", "zero-window probes sent")                                             \
    X(TCP_KEEPALIVE_PROBES, "tcp_keepalive_probes", "keep-alive probes sent")                                          \
    X(TCP_DELAYED_ACKS, "tcp_delayed_acks", "ACKs sent by the delayed-ACK timer")                                      \
    X(TCP_OUT_OF_ORDER, "tcp_out_of_order", "segments queued out of order")                                            \
    X(TCP_DUPLICATES, "tcp_duplicates", "segments with nothing new in them")                                           \
    X(TCP_TIME_WAIT_REUSED, "tcp_time_wait_reused", "TIME-WAIT connections reopened by a SYN (RFC 6191)")              \
    X(TCP_TIME_WAIT_EVICTED, "tcp_time_wait_evicted", "TIME-WAIT blocks ended early to make room")                     \
    X(TCP_SYN_RETRANSMITTED, "tcp_syn_retransmitted", "SYN,ACKs sent again")                                           \
    X(TCP_SYN_COOKIES_SENT, "tcp_syn_cookies_sent", "SYNs answered with a cookie")                                     \
    X(TCP_SYN_COOKIES_TAKEN, "tcp_syn_cookies_taken", "connections made from a cookie")                                \
    X(TCP_ECN_MARKS_IN, "tcp_ecn_marks_in", "segments that came with a congestion mark, where ECN was agreed")         \
    X(TCP_ECN_ECHOES_IN, "tcp_ecn_echoes_in", "ACKs that told of a congestion mark")                                   \
    X(TCP_FAST_OPEN_PASSIVE, "tcp_fast_open_passive", "connections opened by a SYN with a cookie (RFC 7413)")          \
    X(TCP_FAST_OPEN_BAD_COOKIE, "tcp_fast_open_bad_cookie", "SYNs whose fast open cookie is not valid")                \
    X(TCP_FAST_OPEN_LIMITED, "tcp_fast_open_limited", "SYNs with a cookie while too many fast opens were pending")     \
    X(TCP_FAST_OPEN_ACTIVE, "tcp_fast_open_active", "SYNs sent with data")                                             \
    X(TCP_FAST_OPEN_REFUSED, "tcp_fast_open_refused", "SYNs sent with data that was not acknowledged")                 \
    X(TCP_MTU_BLACK_HOLES, "tcp_mtu_black_holes", "timeouts after which segments became smaller (RFC 4821)")           \
    X(TCP_MTU_RESTORED, "tcp_mtu_restored", "segment sizes restored since smaller ones did not help")                  \
    X(TCP_MTU_PROBES, "tcp_mtu_probes", "segments sent larger than the path was known to carry (RFC 4821)")            \
    X(TCP_MTU_PROBES_ACKED, "tcp_mtu_probes_acked", "such probes that arrived: the path carries as much")              \
    X(TCP_MTU_PROBES_LOST, "tcp_mtu_probes_lost", "such probes that were lost alone: they were too big")

#ifdef __cplusplus
extern "C" {
#endif

#define RILL_X(symbol, name, meaning) RILL_DROP_##symbol,
enum rill_drop { RILL_DROPS(RILL_X) RILL_DROP_KINDS };
#undef RILL_X

#define RILL_X(symbol, name, meaning) RILL_COUNT_##symbol,
enum rill_count { RILL_COUNTS(RILL_X) RILL_COUNT_KINDS };
#undef RILL_X

#ifdef __cplusplus
}
#endif
#endif
