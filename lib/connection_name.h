/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a connection may be called. The same rule on the router and on the controller.
 *
 * 1 to 63 of A-Z a-z 0-9 . _ - :, a letter or digit first, and none of the words that stand in a name's place in a
 * command ("default-deny", "json", …). Pure, any thread.
 */
#ifndef PEERING_CONNECTION_NAME_H
#define PEERING_CONNECTION_NAME_H

#include <stdbool.h>
#include <stddef.h>

#define CONNECTION_NAME_MAX 64 /* with the final NUL */

/* NULL where the name is good, else a sentence that says what is wrong with it (static). */
const char *connection_name_error(const char *name);

/*
 * The same of a name for what does not exist yet: it is not the beginning of such a word either, since FRR takes the
 * beginning of a word for the whole.
 */
const char *connection_new_name_error(const char *name);

#endif
