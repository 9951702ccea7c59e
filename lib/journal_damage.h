/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a line of the journal is whole, and what can still be told of one that is not: which connection it speaks of, and of which
 * sessions. Names and addresses are looked for as the module writes them; nothing else of the line is believed.
 *
 * Pure. Any thread.
 */
#ifndef PEERING_JOURNAL_DAMAGE_H
#define PEERING_JOURNAL_DAMAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/connection_name.h"

#define DAMAGED_SESSIONS_MAX 64 /* of one connection; a connection has no more */
#define DAMAGED_TEXT_MAX 64	/* of a VRF or an address, with the final NUL */

struct damaged_connection {
	char name[CONNECTION_NAME_MAX];
	char vrf[DAMAGED_TEXT_MAX]; /* "default" where it cannot be told */
	char addresses[DAMAGED_SESSIONS_MAX][DAMAGED_TEXT_MAX];
	size_t address_count;
};

/* The JSON object that is all of the line; NULL where it is not that, has a wrong sum, or memory is short. */
struct json_object *journal_damage_parse(const char *line);

/*
 * The first connection that stands behind `at`: one line may have become of two. Returns where to look for the next one,
 * NULL where there is none.
 */
const char *journal_damage_next(const char *at, struct damaged_connection *found);

/* Whether it speaks, or may speak, of something that has no name in it: any session, or default-deny. */
bool journal_damage_is_nameless(const char *line);

#endif
