/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Before anything else is done: root becomes the user of the configuration, for good.
 */
#ifndef PEERING_CONTROLLER_PRIVILEGES_H
#define PEERING_CONTROLLER_PRIVILEGES_H

#include <stdbool.h>
#include <stddef.h>

/*
 * `user` "" changes nothing, and says in the log where that leaves the controller as root. Nobody but root needs to
 * change. False with a sentence in `error`: no such user, or it could not be done wholly.
 */
bool privileges_drop(const char *user, char *error, size_t error_size);

#endif
