#!/bin/bash
# What commands_of_a_file.pkt begins with.
set -e
sysctl -q net.ipv4.tcp_window_scaling=0 \
          net.ipv4.tcp_timestamps=0
