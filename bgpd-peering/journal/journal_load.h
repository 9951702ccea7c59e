/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal, read into what the module knows: once, at start, before any peer can be. bgpd's main thread.
 */
#ifndef PEERING_JOURNAL_LOAD_H
#define PEERING_JOURNAL_LOAD_H

#include "bgpd-peering/journal/durable_state.h"

struct journal_loaded {
	char journal_id[37]; /* "": none */
	struct durable_sequences sequences;
	uint64_t last_sequence; /* of a transition */
	uint64_t valid_bytes;	/* what is behind them is to be cut off */
	bool present;
	bool unreadable; /* there is a file that must not be touched; `problem` says why */
	bool lost_a_line; /* it may have spoken of any session */
	bool has_damage;  /* a line could not be read */
	bool lacks_newline; /* the last line: it is damaged, not torn */
	char problem[3 * PATH_MAX];
};

/* Never fails: what cannot be read closes the gates it speaks of, and is said in the log. */
void journal_load(const char *path, struct journal_loaded *loaded);

#endif
