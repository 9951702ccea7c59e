/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A configuration as a bgpd without the module may read it: what is gated is shut in it, what is open is as it was.
 *
 * Right behind a gated neighbor's first line stands `neighbor X shutdown message peering guard: …`, before the neighbor
 * can come up. A gated dynamic neighbor becomes a shut neighbor of its own beside its listen range. Under default-deny a
 * listen range is taken out, but for what is open in it; a shut peer-group PEERING-GUARD-… remembers it. All of it can be
 * told again by these words, here and in bgpd-peering/journal/guard_undo.c, and is taken back by guarded_config_plain().
 *
 * Pure; no FRR. One thread.
 */
#ifndef PEERING_GUARDED_CONFIG_H
#define PEERING_GUARDED_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/guard_words.h"
#include "lib/journal_gates.h"

/* Text that grows. `bytes` is malloc'd, to be freed; NULL while there is none. */
struct config_text {
	char *bytes;
	size_t length, room;
};

/* Calls back for each session or range that is shut. `what`: "neighbor 192.0.2.2"; `why`: "PNI-ACME is Validating". */
typedef void guarded_config_said(const char *vrf, const char *what, const char *why, void *context);

/*
 * `text` without what the guard has put there, but for neighbors and ranges of which nothing tells whether they are gated:
 * neither `gates` (NULL: there is no journal, or it cannot be read) nor a line, nor default-deny, and that are not open in
 * `running`. Those stay shut, and `said` (may be NULL) is told. Returns whether anything was taken out, else `plain` stays
 * empty.
 */
bool guarded_config_plain(const char *text, size_t length, const char *running, size_t running_length,
			  const struct journal_gates *gates, struct config_text *plain, guarded_config_said *said,
			  void *context);

/*
 * `text` with what is gated shut, by the journal's word (NULL: there is none, or it cannot be read) and by the lines
 * `peering …` in the text. `running` is what bgpd has already: a part of a configuration may name neighbors whose
 * peer-group is not in it. Returns whether anything is shut.
 */
bool guarded_config(const char *text, size_t length, const char *running, size_t running_length,
		    const struct journal_gates *gates, struct config_text *guarded, guarded_config_said *said,
		    void *context);

#endif
