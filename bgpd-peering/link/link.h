/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The link to the controller: one thread that owns DNS, the socket, TLS and the framing. No FRR in it, and no call
 * here waits for the network.
 *
 * It dials one controller after the other, the best first, says Hello, and after HelloAck sends every transition past the acknowledged one in order, then tells the
 * main thread that it is up, which answers with a snapshot. It reconnects for ever, waiting 1 s, 2 s, 4 s … 60 s, each
 * with up to half of it again at random, and starts again at 1 s after a session of a minute. While it speaks with another
 * than the best it looks every 30 s whether a better one answers, as far as TLS; one that has done so for 5 minutes gets the
 * session. Where a return does not last a minute, the next one takes twice as long to come, up to an hour. A peer that has been
 * silent for 90 s (heartbeats come every 30 s) is gone. TLS files are read anew at each attempt, and where they change while
 * a session is up, which goes on unless they revoke the controller's certificate; a file of revocation lists may be missing.
 */
#ifndef PEERING_LINK_H
#define PEERING_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bgpd-peering/link/mailbox.h"
#include "lib/peering.pb-c.h"
#include "lib/tls.h"

struct link;

/* In milliseconds; 0: as told above. Tests have less time. */
struct link_timing {
	unsigned int backoff_first;
	unsigned int backoff_most;
	unsigned int steady;	/* a session that was up for so long makes the wait begin at backoff_first again */
	unsigned int step;	/* for connecting to one address, for TLS, for the answer to Hello: 10 s each */
	unsigned int lookup;	/* for DNS: 30 s */
	unsigned int heartbeat;
	unsigned int look; /* whether the TLS files have changed: 5 s */
	unsigned int silence;
	unsigned int probe;  /* 30 s */
	unsigned int settle; /* 5 min */
};

struct link_target {
	const char *host; /* DNS name or address; the controller's certificate must name it */
	uint16_t port;
	const char *vrf;    /* empty: the default one. DNS is asked in that one in any case. */
	bool in_namespace;  /* the VRF is a network namespace, not a device */
	const char *source; /* address or interface to connect from; empty: as the kernel chooses */
};

/* Copied by link_new(); NULL strings are empty. */
struct link_settings {
	const struct link_target *targets; /* one at least, the best first */
	size_t target_count;
	const char *router_name; /* what Hello says; empty: what the certificate says */
	const char *frr_version;
	const char *module_version;
	const char *journal_id;
	const char *boot_id;
	uint64_t last_sequence; /* of the newest transition in the journal; Hello says it */
	/* The newest that the controller can hold: in the journal when bgpd started, or sent by an earlier link. */
	uint64_t known_sequence;
	const char *last_push; /* what Hello says of pushes */
	uint64_t revision;
	uint64_t given_after;	/* it is given the transitions behind this one before it dials */
	uint64_t journal_after; /* those up to this one were reported under another journal_id: never ask for them again */
	size_t transition_bytes; /* as many of them are kept in memory; 0: 4 MiB */
	struct tls_files tls;
	struct link_timing timing;
};

enum link_event_type {
	LINK_UP,    /* Hello was accepted; text: the router name that the controller knows us by */
	LINK_DOWN,  /* text: why, one sentence; also for a failed attempt. `sequence` 1: for a better controller */
	LINK_ACKED, /* every transition up to `sequence` is committed by the controller */
	LINK_PUSH,  /* envelope: a Push, a Confirm or a Query */
	LINK_HUNGRY,  /* give it the transitions behind `sequence`, which it has not: link_feed() */
	LINK_PROBED,  /* a better controller, which is not spoken with: text: why it is not reached; empty: it is */
	LINK_DRAINED, /* there is room again, after link_has_room() has said no */
	LINK_WARNING, /* text: a sentence for the log; the link goes on all the same */
};

/* Posted to the mailbox given to link_new(); the taker frees it with link_event_free(). */
struct link_event {
	struct mail mail;
	enum link_event_type type;
	size_t target; /* of LINK_UP, LINK_DOWN, LINK_PROBED: index into the settings' */
	uint64_t sequence;
	Peering__Envelope *envelope;
	size_t memory; /* of a push; the link reads no further while 4 MiB of them are with the main thread */
	char text[TLS_ERROR_MAX];
};

/* Any thread; also after link_stop(). */
void link_event_free(struct mail *mail);

/*
 * Main thread, after bgpd has forked. Makes a link that does not dial yet, so that it can be given what the controller
 * has not acknowledged. `events` must outlive it. NULL with errno set. link_stop() ends it.
 */
struct link *link_new(const struct link_settings *settings, struct mailbox *events);
/* Starts its thread, with all signals blocked. False with errno set. */
bool link_start(struct link *link);

enum link_taken {
	LINK_TAKEN = 0,
	LINK_FULL,  /* more of them wait than are kept in memory: it is in the journal, and LINK_HUNGRY asks for it */
	LINK_UNFIT, /* memory is short, or it does not fit a frame: none that comes after it may be given */
};

/*
 * Main thread, never blocks. A transition that is durable in the journal, in rising order of sequence; kept until the
 * controller has acknowledged it, across reconnects. One that is not past the newest that it had, or was acknowledged, is
 * passed over.
 */
enum link_taken link_transition(struct link *link, const Peering__Transition *transition);

/*
 * Main thread, after LINK_HUNGRY: what comes now is behind its `sequence`, from the journal; link_fed() where that is all, or
 * as much as it takes. False where the link has asked for something else since.
 */
bool link_feed(struct link *link, uint64_t behind);
void link_fed(struct link *link);

/* Main thread. What the next Hello says of pushes; link_settings has it for the first. */
void link_pushed(struct link *link, const char *push, uint64_t revision);

enum link_sent {
	LINK_SENT = 0, /* or dropped where there is no session: LINK_UP asks for a full snapshot anyway */
	LINK_TOO_LONG, /* does not fit a frame: divide a large snapshot */
	/* Memory is short; or more than 8 MiB wait, and the session is closed: the next LINK_UP asks for everything. */
	LINK_NOT_SENT,
};

/*
 * Main thread, never blocks. Sends an envelope (snapshot, push result) on the session that there is; LINK_PUSH may come
 * before LINK_UP. Transitions and envelopes leave in the order of the calls.
 */
enum link_sent link_send(struct link *link, const Peering__Envelope *envelope);

/*
 * Main thread. Whether less than 1 MiB waits to be sent: what can be made later is better made then. After a no
 * LINK_DRAINED comes, or LINK_DOWN.
 */
bool link_has_room(struct link *link);

struct link_figures {
	unsigned int overflows;	   /* times that a session was closed since more than 8 MiB waited */
	size_t queued_bytes;	   /* of reports that wait to be sent, and of transitions that the controller has not acknowledged */
	struct tls_ends ends;	   /* of the router's own files; zero before they were read */
};
/* Main thread, never blocks. */
void link_figures(struct link *link, struct link_figures *figures);

/*
 * Main thread. Ends the thread within a second, whatever it is doing (a DNS look-up that hangs is left behind). Nothing
 * is posted after the return. Returns `known_sequence` as it is now. NULL is allowed.
 */
uint64_t link_stop(struct link *link);

#endif
