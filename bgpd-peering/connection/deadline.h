/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Points in time that survive a restart of bgpd, and that no change of the wall clock moves: milliseconds since the
 * machine has booted, with the boot that they belong to. bgpd's main thread only.
 */
#ifndef PEERING_DEADLINE_H
#define PEERING_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

#define DEADLINE_BOOT_ID_MAX 40 /* with the final NUL */

/* Milliseconds since the machine has booted, suspended or not. Never 0. */
uint64_t deadline_now(void);
/* `seconds` from now. */
uint64_t deadline_in(uint32_t seconds);
/* Seconds that are left, rounded up; 0 where it is past. */
uint64_t deadline_seconds_left(uint64_t deadline);
/* The machine's boot; "" where it is not to be had. Static. */
const char *deadline_boot_id(void);

#endif
