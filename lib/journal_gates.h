/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the journal says of gates, for those who read it while the module does not enforce: which sessions are open, which
 * are gated, and what default-deny is in each instance. The module itself reads the journal with journal_line.h.
 *
 * A line that cannot be read, or of a type that is not known, closes the connection that it names, with the addresses in
 * it, or every one where it names none, until a later line says more; a torn last line is cut off; a file that does not begin as a journal opens
 * nothing. Never more than one line, of JOURNAL_LINE_MAX bytes, is in memory. No clock, no FRR. Any one thread.
 */
#ifndef PEERING_JOURNAL_GATES_H
#define PEERING_JOURNAL_GATES_H

#include <stdbool.h>
#include <stddef.h>

#define JOURNAL_FILE "journal.jsonl"
#define JOURNAL_LINE_MAX (1024 * 1024) /* with its newline; a longer one is not read */

enum journal_gates_result {
	JOURNAL_READ = 0,
	JOURNAL_ABSENT,
	JOURNAL_FORBIDDEN, /* there is one, and this user may not read it */
	JOURNAL_UNREADABLE,
};

struct gate_record {
	const char *vrf, *address, *connection;
	const char *state; /* of the connection; static */
	bool open;	   /* Active (or a bypass is on), and nothing says otherwise */
};

/* `exceptions`: "neighbor 192.0.2.9", "remote-as 64512-65534", as the module writes them. */
struct default_deny_record {
	bool on, confederation;
	char **exceptions;
	size_t exception_count;
};

struct journal_gates;

/*
 * Reads `path`. With JOURNAL_READ *gates is to be freed with journal_gates_free(); else it is NULL and, but for
 * JOURNAL_ABSENT, `error` holds a sentence. Damage found on the way is no error: journal_gates_damage().
 */
enum journal_gates_result journal_gates_read(const char *path, struct journal_gates **gates, char *error,
					     size_t error_size);
void journal_gates_free(struct journal_gates *gates); /* NULL is allowed */

/* A sentence about what could not be read, or NULL. */
const char *journal_gates_damage(const struct journal_gates *gates);

/* Sorted by VRF and address; what they point to lives as long as `gates`. */
size_t journal_gates_count(const struct journal_gates *gates);
const struct gate_record *journal_gates_at(const struct journal_gates *gates, size_t index);
/* NULL where no connection has the session. `address` as inet_ntop() writes it, or an interface. */
const struct gate_record *journal_gates_find(const struct journal_gates *gates, const char *vrf, const char *address);
/* Whether there is a connection of that name, with sessions or without. */
bool journal_gates_knows(const struct journal_gates *gates, const char *connection);
/* Whether a line that cannot be read may have spoken of any session: what the journal does not know is gated, too. */
bool journal_gates_lost_a_line(const struct journal_gates *gates);
/* Whether `peering bypass all` is on: nothing is gated. */
bool journal_gates_bypass_all(const struct journal_gates *gates);

/* NULL where the journal has no line of the instance. */
const struct default_deny_record *journal_gates_default_deny(const struct journal_gates *gates, const char *vrf);

#endif
