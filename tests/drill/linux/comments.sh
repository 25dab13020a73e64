#!/bin/bash
# a comment ends with its line: no command; sysctl -q net.ipv4.tcp_sack=0
# not even behind a backslash \
sysctl -q net.ipv4.tcp_window_scaling=0 # && sysctl -q net.ipv4.tcp_sack=0
exit 0
sysctl -q net.ipv4.tcp_timestamps=0
