/*
 * A TUN device as the kernel knows it: made or found, given an MTU and, where
 * it has none, an address, and brought up. Knows nothing of packets.
 */
#ifndef DRIVERS_TUN_DEVICE_H
#define DRIVERS_TUN_DEVICE_H

#include "rill/driver.h"

/* A non-blocking descriptor, or -errno. Fills in config's name and MTU. */
int tun_device_open(struct rill_tun_config *config);

#endif
