/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line `peering controller`, as it is configured and journalled. */
#ifndef PEERING_CONTROLLER_LINE_H
#define PEERING_CONTROLLER_LINE_H

#include "bgpd-peering/connection/connection.h"

#define CONTROLLERS_MAX 8
#define CONTROLLER_PORT 4790
#define CONTROLLER_PRIORITY 100
#define CONTROLLER_HOST_MAX 256 /* with the final NUL: no name in DNS is longer */

struct controller_line {
	char host[CONTROLLER_HOST_MAX];	  /* DNS name or address */
	char vrf[VRF_NAME_MAX];		  /* "": the default one */
	char source[SESSION_ADDRESS_MAX]; /* address or interface; "": as the kernel chooses */
	uint16_t port;
	uint8_t priority; /* the lowest first */
};

#endif
