/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * default-deny: which external sessions are gated although nobody has declared them, for each instance of `router bgp`.
 *
 * Lines of configuration, and what they mean for a peer. bgpd's main thread only.
 */
#ifndef PEERING_DEFAULT_DENY_H
#define PEERING_DEFAULT_DENY_H

#include "bgpd-peering/connection/transition.h"

enum default_deny_mode {
	DEFAULT_DENY_OFF = 0,
	DEFAULT_DENY_MONITOR, /* gates nothing undeclared, and lists what it would gate */
	DEFAULT_DENY_ON,
	DEFAULT_DENY_MODES
};

/* What becomes of a session that no connection has. */
enum default_deny_answer {
	LEFT_ALONE = 0, /* internal, excepted, or default-deny is off */
	WOULD_BE_DENIED,
	IS_DENIED,
};
enum default_deny_answer default_deny_judge(const struct peer *peer);
/* Whether default-deny would gate it, were it on in its instance and no connection had it. */
bool default_deny_covers(const struct peer *peer);

/* The words after `peering default-deny`: "", "monitor"; static. And back, -1 where it is none of them ("off", …). */
const char *default_deny_mode_name(enum default_deny_mode mode); /* "off", "monitor", "on" */
int default_deny_mode_from_name(const char *name);

enum default_deny_mode default_deny_mode(const char *vrf);
bool default_deny_confederation(const char *vrf);
/* What the journal is to say of that: what it was, as long as not all is adopted that it would gate. */
bool default_deny_journalled_confederation(const char *vrf);
/* Whether no line and no journal says anything of it. */
bool default_deny_is_unknown(const char *vrf);
/* Whether default_deny_add_exception() would take the words; else a sentence in `error`. */
bool default_deny_is_exception(const char *words, char *error, size_t error_size);
/* Every neighbor that default-deny would gate, were it on in its instance; whatever its mode is now. */
void default_deny_each_candidate(void (*visit)(struct peer *peer, void *context), void *context);

/* Every instance that has a line. `exceptions` are those of the line `peering default-deny-except`, as typed. */
void default_deny_each(void (*visit)(const char *vrf, enum default_deny_mode mode, void *context), void *context);
void default_deny_each_exception(const char *vrf, void (*visit)(const char *words, void *context), void *context);

/*
 * `peering default-deny [monitor]`. Switched on by a person, or by a file on a router that works, it first adopts every
 * external neighbor of the instance that no connection has, up or not (adoption.h); `said` gets what is done.
 */
bool default_deny_set_mode(const char *vrf, enum default_deny_mode mode, bool reading,
			   void (*said)(const char *line, void *context), void *context, struct verdict *verdict);
/* Switched on where default-deny is, it adopts those neighbors first, in the same way. */
void default_deny_set_confederation(const char *vrf, bool on, bool reading,
				    void (*said)(const char *line, void *context), void *context);
/* `words`: "neighbor 192.0.2.9", "peer-group CORE", "remote-as 64512-65534", "listen-range 10.9.0.0/16". */
bool default_deny_add_exception(const char *vrf, const char *words, bool reading, struct verdict *verdict);
void default_deny_remove_exception(const char *vrf, const char *words, bool reading);

/*
 * Adopts every external neighbor of the instance (NULL: of all) that nothing covers, and those that are gated because
 * nobody has declared them (adoption.h). Returns how many.
 */
unsigned int default_deny_adopt_all(const char *vrf, void (*said)(const char *line, void *context), void *context);
/* Only says so, and changes nothing. */
unsigned int default_deny_would_adopt(const char *vrf, void (*said)(const char *line, void *context), void *context);
/* All that was marked has been adopted. For adoption.c. */
void default_deny_adopted(void);

/* One was not after all: the journal could not be written. For adoption.c. */
void default_deny_adoption_failed(const char *vrf);

/* What the journal says, at start only: replaces what is known of the instance. */
void default_deny_restore(const char *vrf, enum default_deny_mode mode, bool confederation, char *const *exceptions,
			  size_t count);
/* The end of a file. */
void default_deny_file_end(void);

/* A free name for the connection of a neighbor that nobody has declared: its address. */
void default_deny_name(const char *key, char name[CONNECTION_NAME_MAX]);
/* The connection and session of a neighbor that nobody has declared, gated. Safe in a hook. */
struct session *default_deny_discover(const char *vrf, const char *key, as_t asn);

#endif
