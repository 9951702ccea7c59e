/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What link.c (the main thread's side, dialling) and link_session.c (one session with the controller) share. Nobody else
 * includes it.
 */
#ifndef PEERING_LINK_PRIVATE_H
#define PEERING_LINK_PRIVATE_H

#include <pthread.h>

#include "bgpd-peering/link/link.h"
#include "bgpd-peering/link/resolver.h"

#define LINK_PUSH_ID_MAX 128 /* with the final NUL */

/* A packed frame that waits. */
struct queued {
	struct queued *next;
	uint64_t order;	   /* of the call that brought it: transitions and messages leave in one order */
	uint64_t sequence; /* of a transition */
	uint64_t at;	   /* of a transition: Unix milliseconds */
	uint8_t *frame;
	size_t size;
};

struct queue {
	struct queued *first;
	struct queued **end;
};

/* One controller. The texts are fixed by link_new(). */
struct target {
	char *host;
	char *vrf;    /* "": the default one */
	bool in_namespace;
	char *source; /* "": as the kernel chooses */
	uint16_t port;
	struct lookup *lookup; /* the thread's own: one that has not answered yet, perhaps from an earlier attempt */
};

struct link {
	/* fixed by link_new() */
	struct mailbox *events;
	int wake; /* eventfd: something below has changed */
	struct target *targets; /* the best first */
	size_t target_count;
	char *router_name;
	char *frr_version;
	char *module_version;
	char *journal_id;
	char *boot_id;
	char *ca;
	char *certificate;
	char *key;
	char *crl; /* used where the file is there */
	struct link_timing timing;
	size_t transition_bytes_most;
	pthread_t thread;
	bool started; /* the main thread's own */

	pthread_mutex_t lock;
	pthread_cond_t ended; /* for `finished` */

	/* under the lock */
	struct queue transitions; /* not acknowledged; only the thread takes one out */
	struct queued *unsent;	  /* the first of them that this session has not begun to send */
	struct queue messages;	  /* of the session that is up */
	size_t message_bytes;
	size_t transition_bytes;
	struct tls_ends ends; /* as the files were read last */
	uint64_t last_order;
	uint64_t last_sequence;	  /* what Hello says */
	uint64_t newest;	  /* the last one in `transitions`, or where that is empty the acknowledged one */
	uint64_t acked;
	uint64_t known; /* the newest that the controller can hold */
	uint64_t journal_after; /* the journal has its id from the transition behind this one on */
	bool short_of; /* transitions behind `newest` are in the journal alone: none is taken before link_feed() */
	bool asked;    /* for them, by LINK_HUNGRY */
	bool feeding;  /* they are on their way */
	unsigned int overflows;
	char last_push[LINK_PUSH_ID_MAX]; /* what Hello says */
	uint64_t revision;
	bool up; /* HelloAck has come: messages go out behind what is resumed */
	bool wants_room; /* LINK_DRAINED is waited for */
	bool overflowed;
	bool stopping;
	bool finished;
	bool abandoned; /* link_stop() gave up: the thread frees the link when it ends */

	/* the thread's own */
	char warned[TLS_ERROR_MAX]; /* the newest LINK_WARNING */
	uint64_t files_print;	    /* of the TLS files as they were read last */
	size_t current;	      /* target of the attempt, or of the session */
	SSL_CTX *context;     /* of the attempt */
	struct probe *probe;  /* of the session: of a better controller; NULL: none is better */
	bool returning;	      /* the session was ended for a better controller */
	unsigned int returns; /* in a row that did not last */
};

enum link_wait {
	LINK_READY,
	LINK_WOKEN, /* not ready, but woken by the main thread */
	LINK_TIMEOUT,
	LINK_STOPPING,
};

#define LINK_ROOM_BYTES (1024u * 1024u)

/* link.c, for the link's thread. */
uint64_t link_now(void); /* milliseconds, monotonic */
/* The same with a second descriptor, which is told as LINK_WOKEN. */
enum link_wait link_wait_either(struct link *link, int fd, short events, int other, short other_events, uint64_t deadline);
/* Waits until `fd` (-1: none) has one of `events`, `deadline` has come, or the main thread has something to say. */
enum link_wait link_wait(struct link *link, int fd, short events, uint64_t deadline);
struct link_event *link_event_new(enum link_event_type type);
/* Asks for what the journal alone has, where there is room for it. False where memory is short. */
bool link_ask(struct link *link);
/*
 * Reads the TLS files again where they have changed. False where the other side's certificate is revoked by now; files that
 * cannot be used are told, and end nothing.
 */
bool link_still_trusts(struct link *link, SSL *ssl);
/* Gives the event away; it goes nowhere once link_stop() was called. */
void link_post(struct link *link, struct link_event *event);
void queue_append(struct queue *queue, struct queued *queued);
void queue_clear(struct queue *queue);
void queued_free(struct queued *queued);
/* Whether so much is with the main thread that nothing more shall be read. */
bool link_throttled(void);
/* For link_event_new(LINK_PUSH). */
void link_count_push(struct link_event *event, size_t memory);

/*
 * link_session.c: speaks with the controller over `ssl`, whose handshake is done, until something ends it. Leaves in
 * `why` what ended it. Returns for how many milliseconds the session was up.
 */
uint64_t link_session_run(struct link *link, SSL *ssl, int fd, char *why, size_t why_size);

/*
 * link_probe.c: while a session is up, whether a better controller can be reached again. begin() and end() are of the
 * session; step() never waits, and says whether it is time to go back to the better one.
 */
void link_probe_begin(struct link *link);
bool link_probe_step(struct link *link);
/* What the next step waits for; -1: nothing before `deadline`. */
int link_probe_wait(const struct link *link, short *events, uint64_t *deadline);
void link_probe_end(struct link *link);

#endif
