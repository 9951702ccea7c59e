/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drift: what the controller has pushed and somebody has changed or removed on the router. It is told and not fought: it
 * ends when things are again as they were pushed, by hand or by the same push once more, or when a person accepts them as
 * they are. Only what a declaration states can drift.
 *
 * Looked up when it is asked for. bgpd's main thread only.
 */
#ifndef PEERING_DRIFT_H
#define PEERING_DRIFT_H

#include "bgpd-peering/connection/connection.h"
#include "bgpd-peering/connection/transition.h"

#include "lib/peering.pb-c.h"

struct drift {
	size_t count;	 /* of what differs; 0: nothing */
	char first[192]; /* of them, a sentence */
};

/* False where nothing differs. */
bool drift_find(const struct connection *connection, struct drift *drift);
/*
 * What was pushed of it, with what is there now in the place of what differs; passwords are left out. NULL where no push
 * has declared it, or it has ended. The caller frees it with free_unpacked().
 */
Peering__DeclareConnection *drift_declared(const struct connection *connection);
/* Something of the connection was changed: drift begins, goes on, or is over. Not in a hook where a neighbor goes. */
void drift_note(struct connection *connection);
/* What is there becomes what is declared, durably. False with a refusal where nothing differs or nothing would be left. */
bool drift_accept(struct connection *connection, struct verdict *verdict);

#endif
