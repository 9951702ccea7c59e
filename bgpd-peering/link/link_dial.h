/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a controller's name to TLS that is up, in steps that never wait: DNS, TCP to one address after the other, the
 * handshake. The link's thread alone; one dial belongs to one target at a time.
 */
#ifndef PEERING_LINK_DIAL_H
#define PEERING_LINK_DIAL_H

#include "bgpd-peering/link/link_private.h"

enum dial_stage { DIAL_LOOKUP, DIAL_CONNECT, DIAL_TLS, DIAL_DONE, DIAL_FAILED };

struct dial {
	enum dial_stage stage;
	struct link *link;
	struct target *target;
	struct addrinfo *addresses, *address; /* all of them; the one that is tried */
	SSL *ssl;
	/* What the next step waits for, until when; -1: nothing, it can go on at once. */
	int wait_fd;
	short wait_events;
	uint64_t deadline;
	int fd;
	char why[TLS_ERROR_MAX]; /* of DIAL_FAILED: a sentence */
};

/* `context` is not needed any longer once it returns. dial_end() in any case. */
void dial_begin(struct dial *dial, struct link *link, struct target *target, SSL_CTX *context);
/* Goes on as far as it can; DIAL_DONE and DIAL_FAILED are the end. */
enum dial_stage dial_step(struct dial *dial);
/* Closes what is open. A look-up that has not answered is kept for the next dial of this target. */
void dial_end(struct dial *dial);

#endif
