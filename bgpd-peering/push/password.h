/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Passwords of sessions that a controller has pushed. From the moment that a push is taken, a declaration has them sealed
 * (lib/secret.h), in memory and in the journal; they are opened where bgpd is told, and nowhere else. The key is in
 * `password.key`, in the folder of the journal. bgpd's main thread only.
 */
#ifndef PEERING_PASSWORD_H
#define PEERING_PASSWORD_H

#include "bgpd-peering/connection/transition.h"

#include "lib/peering.pb-c.h"
#include "lib/secret.h"

/* Loads the key, or makes it, once the folder of the journal is there: at start, before a session can be. */
void password_start(void);

/* What came in the clear is sealed. False with a refusal, and no password is left in it. */
bool password_seal_declared(Peering__DeclareConnection *declaration, struct verdict *verdict);
/* False where `sealed` is not of this router's key. `address` as session_normalize() writes it. */
bool password_open(const char *connection, const char *address, const char *sealed, char text[SECRET_TEXT_MAX + 1]);
/* "" is sealed as "". */
bool password_seal(const char *connection, const char *address, const char *text, char sealed[SECRET_SEALED_SIZE]);

#endif
