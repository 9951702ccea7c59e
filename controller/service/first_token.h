/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A token made on the controller's machine, without the API: the first one, or when every admin's is lost. Who may write
 * the database may do that anyway.
 */
#ifndef PEERING_CONTROLLER_FIRST_TOKEN_H
#define PEERING_CONTROLLER_FIRST_TOKEN_H

/*
 * Prints the token, whether the controller runs or not. Returns an exit status; what is wrong is said on standard error.
 * As root it becomes the owner of the database first, for what it creates must be that one's too.
 */
int first_token(const char *database, const char *role, const char *name);

#endif
