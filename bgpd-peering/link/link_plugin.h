/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The link as an object of its own, peering_link.so, which the module loads.
 *
 * libfrr exports SHA256_Init, SHA256_Update and SHA256_Final of its own, which return nothing. In bgpd they come before
 * libcrypto's, libcrypto itself calls them instead of its own, and takes what happens to stand in a register for the
 * result: certificates fail to verify at random. Loaded with RTLD_DEEPBIND, libcrypto finds its own first. That has to
 * happen before anything else loads libcrypto into bgpd (the rpki module does), so the module does it at once.
 */
#ifndef PEERING_LINK_PLUGIN_H
#define PEERING_LINK_PLUGIN_H

#include "bgpd-peering/link/link.h"

#include "lib/secret.h"

#define LINK_PLUGIN_FILE "peering_link.so"
#define LINK_PLUGIN_SYMBOL "peering_link_functions"

/* What peering_link.so exports. */
struct link_functions {
	const char *package_version; /* of the module's own build */
	struct link *(*make)(const struct link_settings *settings, struct mailbox *events);
	bool (*start)(struct link *link);
	enum link_taken (*transition)(struct link *link, const Peering__Transition *transition);
	bool (*feed)(struct link *link, uint64_t behind);
	void (*fed)(struct link *link);
	void (*pushed)(struct link *link, const char *push, uint64_t revision);
	enum link_sent (*send)(struct link *link, const Peering__Envelope *envelope);
	bool (*has_room)(struct link *link);
	void (*figures)(struct link *link, struct link_figures *figures);
	uint64_t (*stop)(struct link *link);
	void (*event_free)(struct mail *mail);
	/* of lib/secret.h, which needs OpenSSL, too */
	struct secret_key *(*secret_key_load)(const char *path, char *error, size_t error_size);
	bool (*secret_seal)(const struct secret_key *key, const char *place, const char *text,
			    char sealed[SECRET_SEALED_SIZE]);
	bool (*secret_open)(const struct secret_key *key, const char *place, const char *sealed,
			    char text[SECRET_TEXT_MAX + 1]);
};

/*
 * The module's side, which then has the functions of link.h, and those of secret.h that are named above. Loads peering_link.so from the module's own folder. At
 * the module's init, once; on a failure link_new() fails, and link_load_error() says why.
 */
void link_load(void);
const char *link_load_error(void); /* NULL where it is loaded */

#endif
