/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One frame of each message, with every field set: what tests/golden/NAME.hex must hold.
 */
#ifndef TESTS_UNIT_GOLDEN_FRAMES_H
#define TESTS_UNIT_GOLDEN_FRAMES_H

#include <stddef.h>

#include "lib/peering.pb-c.h"

struct golden_frame {
	const char *name;
	const Peering__Envelope *envelope;
};

/* Static; *count is set. */
const struct golden_frame *golden_frames(size_t *count);

#endif
