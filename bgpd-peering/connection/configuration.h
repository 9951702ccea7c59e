/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lines of configuration do, typed, read from a file or pushed: they declare, they never move a state by
 * themselves but for the first declaration (row 1) and a line `adopted` that no journal contradicts (row 21).
 *
 * Lines of a file take effect for the lifecycle at the file's end; for the gate at once. bgpd's main thread only.
 */
#ifndef PEERING_CONFIGURATION_H
#define PEERING_CONFIGURATION_H

#include "bgpd-peering/connection/transition.h"

/* The connection of that name in this VRF, made where there is none. NULL with a refusal. */
struct connection *configuration_connection(const char *name, const char *vrf, struct verdict *verdict);

/*
 * Declares a neighbor of the connection. `reading`: the line comes from a file. A neighbor that is up with an open gate
 * is refused when typed, and left as it is, flag `conflict`, when read.
 */
bool configuration_add_neighbor(struct connection *connection, const char *address, bool optional, bool reading,
				struct verdict *verdict);
/* Gives the session to the connection; the former one goes where it was there for this session alone. */
void configuration_take_session(struct connection *connection, struct session *session);
/* The line is taken out; opens nothing. */
void configuration_remove_neighbor(struct connection *connection, const char *address);

/* After a line of the connection. Typed: the first one requests it. Read: waits for the file's end. */
void configuration_changed(struct connection *connection, bool reading, const char *actor);

/*
 * Makes the connection of these neighbors and adopts it as it stands: `peering NAME adopt neighbor ADDRESS…`. `reason`
 * may be NULL.
 */
bool configuration_adopt(const char *name, const char *vrf, const char *const *addresses, size_t count,
			 const char *reason, struct verdict *verdict);

/* A line of ours is read from a file; `connection` is what it speaks of, NULL where that is no connection. */
void configuration_line_read(struct connection *connection);

/* A command has been executed while a file is read. One that brings no more is taken to have ended. */
void configuration_file_goes_on(void);

/* Its lines stand, and what they lead to has changed: a new generation, which is judged anew. No gate is touched. */
void configuration_edited(struct connection *connection);
/* The end of a file: requests and adoptions that its lines ask for, gates asserted, pushed neighbors made again. */
void configuration_file_end(void);

#endif
