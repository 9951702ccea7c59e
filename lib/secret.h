/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Passwords where others may read: in a journal, in a database. They are sealed there, under a key of this machine that
 * stands in a file of its own.
 *
 * Who has a sealed text and not the key learns at most that two texts of one place are the same; nobody can change one, or
 * put it in another place. AES-256-SIV: the same text of the same place is sealed the same each time, so that what holds
 * sealed texts can be compared. Who has the key file, too, has the passwords: it is no protection from root, or from a
 * copy of the whole folder.
 *
 * Any thread, with one key in one thread at a time.
 */
#ifndef PEERING_LIB_SECRET_H
#define PEERING_LIB_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#define SECRET_TEXT_MAX 80    /* bytes, without the final NUL: what bgpd takes as a password */
#define SECRET_SEALED_SIZE 137 /* with the final NUL; each sealed text is as long as any other */

struct secret_key;

/*
 * Reads the key; where there is no such file it is made, for its owner alone, and synced: a start waits for it. NULL with a
 * sentence in `error`.
 */
struct secret_key *secret_key_load(const char *path, char *error, size_t error_size);
void secret_key_free(struct secret_key *key); /* NULL is fine */

/* `place` is what the text belongs to. False where the text is too long, or where OpenSSL fails. */
bool secret_seal(const struct secret_key *key, const char *place, const char *text, char sealed[SECRET_SEALED_SIZE]);
/* False where it was not sealed with this key for this place. */
bool secret_open(const struct secret_key *key, const char *place, const char *sealed, char text[SECRET_TEXT_MAX + 1]);

#endif
