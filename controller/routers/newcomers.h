/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections that have not shown who they are yet: anybody can open them, so there is room for so many and no more, in
 * all and from one source. One more pushes out the oldest, never somebody who is known, and nobody is kept from
 * connecting.
 *
 * A source is an IPv4 address, or the /64 of an IPv6 address. Main thread.
 */
#ifndef PEERING_CONTROLLER_NEWCOMERS_H
#define PEERING_CONTROLLER_NEWCOMERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>

#define NEWCOMERS_SOURCE_SIZE 16

struct newcomer {
	TAILQ_ENTRY(newcomer) link;
	unsigned char source[NEWCOMERS_SOURCE_SIZE];
	bool listed;
};

struct newcomers {
	TAILQ_HEAD(, newcomer) list; /* the oldest first */
	const char *side;	     /* "router", "api"; for the log */
	unsigned int count;
	unsigned int most, most_of_source;
	uint64_t dropped; /* since it was said last */
	int64_t said_at;  /* steady clock */
};

void newcomers_init(struct newcomers *newcomers, const char *side, unsigned int most, unsigned int most_of_source);

/*
 * Takes one in, which the caller keeps. Returns who has to go for it, or NULL: it is taken out already, and for the
 * caller to end. Says in the log, now and then, that this happens.
 */
struct newcomer *newcomers_add(struct newcomers *newcomers, struct newcomer *newcomer, const struct sockaddr *from);

/* What an address counts as. */
void newcomers_source(const struct sockaddr *from, unsigned char source[NEWCOMERS_SOURCE_SIZE]);

/* It has shown who it is, or is over. Nothing where it is not in. */
void newcomers_remove(struct newcomers *newcomers, struct newcomer *newcomer);

#endif
