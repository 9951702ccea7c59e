/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a configuration says of BGP neighbors, as far as it matters to who is gated: for each instance its neighbors,
 * peer-groups and the module's own lines. Pure; no FRR. One thread.
 */
#ifndef PEERING_CONFIG_MODEL_H
#define PEERING_CONFIG_MODEL_H

#include "lib/journal_gates.h"
#include "vtysh/config_lines.h"

#define CONFIG_KEY_MAX 256 /* an address, an interface, the name of a peer-group or a connection; with the final NUL */

enum as_rule { AS_UNSAID = 0, AS_NUMBER, AS_INTERNAL, AS_EXTERNAL };

/* A neighbor or a peer-group. */
struct config_neighbor {
	char key[CONFIG_KEY_MAX]; /* an address as inet_ntop() writes it */
	char group[CONFIG_KEY_MAX];
	bool is_group;
	bool shut;     /* by the operator */
	bool visited;  /* for whoever goes through the text */
	enum as_rule rule;
	unsigned long remote_as, local_as;
};

/* `peering NAME neighbor ADDRESS`, or an address that a line `peering gated` names (connection empty). */
struct config_declaration {
	char connection[CONFIG_KEY_MAX], address[CONFIG_KEY_MAX];
};

struct config_instance {
	char vrf[CONFIG_VRF_MAX];
	unsigned long asn;
	void *neighbors; /* of tsearch() */
	struct config_declaration *declarations; /* sorted by address once all is read */
	size_t declaration_count, declaration_room;
	char (*adopted)[CONFIG_KEY_MAX]; /* names of connections */
	size_t adopted_count;
	unsigned long *confederation_peers;
	size_t confederation_peer_count;
	unsigned long confederation; /* its identifier, 0 for none */
	bool says_default_deny;	     /* the text has that line; exceptions alone do not switch it */
	struct default_deny_record default_deny;
};

struct config_model {
	struct config_instance *instances;
	size_t count;
};

/* Adds what `text` says; of one thing, what was added last counts. */
void config_model_add(struct config_model *model, const char *text, size_t length);
/* Behind the last of them. */
void config_model_done(struct config_model *model);
void config_model_clear(struct config_model *model);

struct config_instance *config_model_instance(const struct config_model *model, const char *vrf);
/* `key` in any spelling. NULL where there is none. */
struct config_neighbor *config_model_neighbor(const struct config_instance *instance, const char *key);
/* NULL where no line declares it. */
const struct config_declaration *config_model_declaration(const struct config_instance *instance, const char *key);
bool config_model_is_adopted(const struct config_instance *instance, const char *connection);
/* Whether the line takes a neighbor away, with all that was said of it. */
bool config_takes_away(const struct config_line *line);

/* An address in one spelling; everything else as it is. */
void config_key(const char *text, char key[CONFIG_KEY_MAX]);
/* "10.9.0.0/16" into bytes, family and length; false where it is none. An address alone is a prefix of full length. */
struct config_prefix {
	int family, length;
	unsigned char bytes[16];
};
bool config_prefix_read(const char *text, struct config_prefix *prefix);
bool config_prefix_covers(const struct config_prefix *outer, const struct config_prefix *inner);

#endif
