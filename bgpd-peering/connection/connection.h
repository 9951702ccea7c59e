/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections and their sessions, as the router knows them: what is configured and what has become of it.
 *
 * bgpd's main thread only. A session is keyed by VRF and address (or interface), never by a struct peer: bgpd frees
 * those and makes new ones for the same neighbor. Every change of `state` goes through transition.c, every change of
 * bgpd's policy through gate.c.
 */
#ifndef PEERING_CONNECTION_H
#define PEERING_CONNECTION_H

#include "bgpd-peering/frr_compat.h"
#include "bgpd-peering/port/port_traffic.h"

#include "lib/adj_rib_in.h"
#include "lib/connection_name.h"
#include "lib/lifecycle.h"
#include "lib/netlink_answer.h"

DECLARE_MGROUP(PEERING);
DECLARE_MTYPE(PEERING_TEXT);

#define SESSION_ADDRESS_MAX 64	/* an address or an interface name, with the final NUL */
#define VRF_NAME_MAX 64		/* with the final NUL */
#define DESCRIPTION_MAX 81	/* with the final NUL */
#define HISTORY_MAX 100		/* transitions kept for `show peering NAME` */
#define SESSIONS_MAX 64		/* of one connection */
#define PROFILE_NAME_MAX CONNECTION_NAME_MAX
#define PREFIX_LIST_NAME_MAX 65	/* with the final NUL */
#define LINK_TEST_INTERVAL_DEFAULT 60 /* seconds */
#define CHECKS_MAX 32		/* checks that there can be; check.h */
#define FLAPS_MOST 3		/* ends of a session that are remembered; service.h */

/* The two unicast families that are counted and limited. Everything of bgpd's is gated, also what is not in here. */
enum counted_family { FAMILY_IPV4 = 0, FAMILY_IPV6, FAMILY_COUNT };

static inline afi_t family_afi(enum counted_family family)
{
	return family == FAMILY_IPV4 ? AFI_IP : AFI_IP6;
}

static inline const char *family_name(enum counted_family family)
{
	return family == FAMILY_IPV4 ? "ipv4" : "ipv6";
}

/* What takes how long; timers.h. */
enum connection_timer {
	TIMER_WINDOW = 0, /* every required session has to be up for so long before it may pass */
	TIMER_ESTABLISH,  /* it may wait for its link, and then for its peer */
	TIMER_VALIDATION, /* it may be Validating */
	TIMER_STALE,	  /* it waits for its peer before it is called stale */
	TIMER_DRAIN,	  /* traffic has to leave, on the way out */
	TIMER_COUNT
};

/* What a check's verdict means for a connection. */
enum check_level { CHECK_LEVEL_DEFAULT = 0, CHECK_REQUIRED, CHECK_ADVISORY, CHECK_OFF, CHECK_LEVEL_COUNT };

/* What the link test means for `ready`. */
enum link_test_level { LINK_TEST_OPTIONAL = 0, LINK_TEST_REQUIRED, LINK_TEST_OFF, LINK_TEST_LEVEL_COUNT };

/* The lines that say how a link is tested; link_test.h. */
struct link_test_settings {
	char port[INTERFACE_NAME_MAX]; /* "": the interface that the neighbors are on */
	enum link_test_level level;
	uint32_t interval;		     /* seconds; 0: the default */
	struct in_addr address, peer_address; /* of 169.254.0.0/16, for the test alone */
	uint8_t prefix_length;		     /* of both; 0: none, it is made from the sessions' addresses */
};

/* What the last link test has found. */
struct link_test_result {
	uint64_t at; /* Unix milliseconds; 0: the link has not been tested */
	bool passed;
	char reason[160]; /* why not; "" where it has passed */
};

/* What the operator wants in the place that the reserved route-map holds while the gate is closed. */
struct wanted_policy {
	bool known; /* false: nobody has said; such a direction stays denied */
	bool said;  /* by a line or by the journal; false: an empty place was found when the gate closed */
	char *name; /* MTYPE_PEERING_TEXT; NULL: what the peer-group says, or none */
};

/* What was typed at a gated session's policy meanwhile: kept, shown, and of no effect before the gate opens. */
struct policy_attempts {
	uint32_t count;
	uint64_t last_at; /* Unix milliseconds */
	char last_line[96];
};

/* The audit has found that something has passed although the gate was closed; audit.h. */
struct violation {
	bool ended;	/* the session that the last one was found on is being shut or reset */
	uint32_t count; /* 0: none since a person has looked */
	uint64_t at;	/* of the last one, Unix milliseconds */
	char what[256];
};

struct check;

/* A check that fails on a session in service. Times are of the monotonic clock; service.h. */
struct offence {
	const struct check *check; /* NULL: none */
	time_t since, last;	   /* seen first and last */
	bool stands;		   /* for long enough to be said */
	char figures[64], reason[192];
};

/* That a violation has closed the gate of a session that was in service: the last time, also when it is open again. */
struct denial {
	uint64_t at;	/* Unix milliseconds; 0: never */
	uint32_t count; /* in a row: each doubles the hold-down before it opens by itself */
	char cause[24];
	char figures[64], reason[160];
};

PREDECL_HASH(session_table);
PREDECL_HASH(gated_peer_table);
PREDECL_HASH(watched_peer_table);
PREDECL_DLIST(session_list);
PREDECL_DLIST(policy_list);
PREDECL_RBTREE_UNIQ(connection_tree);

/* Where the last page of `show peering NAME routes` ended. */
struct route_bookmark {
	struct adj_rib_in_walk walk;
	struct prefix last;
	uint32_t last_id; /* of its paths */
};

struct session {
	struct session_table_item by_address;
	struct session_list_item in_connection;
	struct gated_peer_table_item by_peer;
	struct watched_peer_table_item by_watched;

	struct connection *connection;
	char address[SESSION_ADDRESS_MAX]; /* as bgpd prints it */
	bool declared;			   /* stands in the configuration */
	bool required;
	bool removal_failed; /* routes have stayed in a table when its gate closed: the audit ends it */
	bool hands_off; /* open before anything was said of it: its gate is left as it is until it goes down */
	bool made;	/* a push has made its neighbor: a push may change it and take it away */
	bool removed;	/* a push has removed its neighbor, and a file that is being read may bring it back; removed_neighbors.h */
	bool held;	/* gated although its connection is Active: it was added, or `denied` */
	bool denied;	/* what holds it is a violation */
	bool held_next; /* what `held` is to be once the pending change is durable */

	enum gate_position gate;
	struct wanted_policy wanted[AFI_MAX][SAFI_MAX][RMAP_MAX];
	bool wanted_changed; /* and not handed to the journal yet: in the list of those */
	struct policy_list_item in_policies;
	struct policy_attempts attempts;
	struct violation violation;
	uint32_t wrong_opens; /* OPENs with another AS number than the neighbor's, one after the other */
	/* That the controller has been told of: of report.c. */
	uint32_t reported_changes; /* ups and downs */
	struct reported_counts {
		uint64_t received, installed, advertised;
	} reported_counts[FAMILY_COUNT];
	bool asks;	      /* its peer, for its routes: session_events.c sends its default again */
	bool negotiated[AFI_MAX][SAFI_MAX]; /* families that the gate hides from bgpd while it is closed */
	struct gate_closing *closing;	    /* of gate_closing.c: what had passed is being taken back; NULL otherwise */

	int key_error;	/* errno of the kernel, which does not take its password; 0: it does, or there is none; password_keys.h */

	as_t validated_as; /* of the peer when its gate opened; 0: not known */

	/* of service.c */
	struct denial denial;
	struct offence fault, notice; /* of a required check, of an advisory one */
	bool near_limit[FAMILY_COUNT];
	time_t passing_since; /* monotonic; held, and every required check passes; 0: one does not */
	bool opens;	      /* by the event that is just being judged */
	time_t downs[FLAPS_MOST]; /* ring, monotonic */
	unsigned int downs_next;

	/* of inbound.c */
	struct peer *counted_peer; /* Established and gated, in gated_peer_table; NULL otherwise */
	struct adj_rib_in *adj_rib_in; /* what it has sent since; NULL until the first message */
	bool kept_from_the_start;      /* of the session: nothing was parsed by bgpd before */
	bool end_of_rib[FAMILY_COUNT];
	event_ref *cutting_off; /* in the next turn of the event loop */
	uint32_t cut_off;	/* it was, because its peer sent more prefixes of a family than that; 0: it was not */
	struct inbound_audit *inbound_audit; /* of inbound_audit.c: what is wrong with it; NULL where it is not counted */
	struct preview *preview;	/* of preview.c: the newest finished one; NULL: none */
	struct preview_work *preview_work; /* the one in progress; NULL: none */
	struct route_bookmark bookmark; /* of show_routes.c */
	struct inbound_replay *replay; /* what was kept is being given to bgpd; NULL otherwise */

	/* of watch.c */
	struct peer *watched_peer; /* Established and in service, in watched_peer_table; NULL otherwise */
	struct watch *watch;	   /* what it announces; NULL where nobody looks */
};

/* In PendingRemove; drain.h. */
struct drain {
	uint64_t ends;	/* deadline.h; 0: it is over */
	bool held; /* it does not end by itself: the push that began it is not confirmed, or was rolled back */
	event_ref *look; /* at what drains, in maintenance too */
	struct port_traffic traffic;
	unsigned int quiet_looks; /* in a row */
};

/* Active, and drained all the same; drain.h. */
struct maintenance {
	bool on;
	uint64_t since;	  /* Unix milliseconds */
	uint64_t ends;	  /* deadline.h; 0: when somebody ends it */
	uint64_t ends_at; /* Unix milliseconds: where the machine has booted since, this counts */
	char reason[TRANSITION_MESSAGE_MAX];
};

/* Somebody has given sessions their own policy, whatever the state; bypass.h. */
struct bypass {
	bool on;
	uint64_t since; /* Unix milliseconds */
	char actor[64];
	char reason[160];
};

struct history_entry {
	uint64_t sequence;
	uint64_t at_milliseconds;
	enum connection_state from, to;
	char cause[8];
	char actor[TRANSITION_ACTOR_MAX];
	char message[TRANSITION_MESSAGE_MAX];
};

/* A change that loosens: it takes effect when its journal line is durable. */
struct pending_change {
	uint64_t ticket; /* of journal_writer_append(); 0: nothing is pending */
	struct history_entry entry;
	bool adopted, discovered; /* the connection's flags once it has taken effect */
	struct maintenance maintenance;
	bool declares;		  /* it gets the lines of configuration of an adopted one then */
	bool overridden;	  /* likewise */
	enum connection_kind kind; /* and its kind */
	bool release;		  /* it is no transition: the connection is let go of */
	bool made;		  /* the connection was made for it, by an adoption or an import */
	bool edited;		  /* the connection was, meanwhile: that goes into the journal behind it */
};

struct connection {
	struct connection_tree_item by_name;
	char name[CONNECTION_NAME_MAX];
	char vrf[VRF_NAME_MAX];

	/* configuration */
	bool declared; /* at least one line stands in the configuration, or a push has made it */
	bool pushed;   /* declared by the controller; its neighbors are made again at start */
	time_t drift_since;  /* monotonic: this bgpd has seen that it is no more as it was pushed; 0: it is; drift.h */
	bool policy_edited;  /* what a neighbor of it goes by, a moment ago; policy_edits.h */
	enum connection_kind kind;
	enum activation_mode activation;
	bool activation_set;
	as_t remote_as; /* 0: whatever the neighbor's own line says */
	char description[DESCRIPTION_MAX];
	uint32_t received_limit[FAMILY_COUNT]; /* prefixes; 0: not set */
	uint32_t timers[TIMER_COUNT];	       /* seconds; 0: the profile's, or the default */
	char profile[PROFILE_NAME_MAX];	       /* profile.h; "": none */
	uint64_t profile_serial;	       /* the profile's change that the generation stands for */
	char allowed_prefixes[FAMILY_COUNT][PREFIX_LIST_NAME_MAX]; /* prefix-lists; "": none */
	enum check_level check_levels[CHECKS_MAX]; /* by place in the table of checks; what nobody has set is the profile's, or the default */
	struct link_test_settings link_test;
	bool adopted_line;
	bool on_violation_deny;	   /* a violation closes the session's gate; else it is reported */
	bool reopen_auto;	   /* which opens again by itself; else an operator's `reopen` */
	uint32_t reopen_hold_down; /* seconds; 0: the default */

	/* what has become of it */
	enum connection_state state;
	enum connection_state former;	  /* in ExternalBlocker: the state that it was blocked in; None elsewhere */
	enum connection_kind wanted_kind; /* in TypeChange…: what it is to become */
	uint64_t state_since; /* Unix milliseconds */
	time_t entered;		 /* when this bgpd saw the state begin, by the monotonic clock */
	uint64_t before_entered; /* seconds that an earlier bgpd saw of it */
	uint64_t generation;
	bool adopted, discovered, journal_damaged;
	bool overridden; /* a person has activated it whatever the validation said, and nobody has looked at that since */
	bool report_wanted; /* the controller has not seen the last change */
	time_t reported_at; /* monotonic; 0: not yet */
	bool unsettled; /* read from a file whose end has not come yet, and not known to the journal */
	bool read;	/* a line of the configuration that is read at start speaks of it */
	bool edited;	/* its configuration was, and the journal has not been told */
	struct pending_change pending;
	struct bypass bypass;
	struct drain drain;
	struct maintenance maintenance, maintenance_next; /* what the verb that is being judged makes of it */
	bool let_go; /* its gates are open, and it goes as soon as bgpd has all that was kept for it */
	struct link_test_result link_result;
	struct link_test_run *link_run; /* of link_test.c: its timer and figures; NULL where there are none */
	struct session_list_head sessions;
	event_ref *evaluation; /* timer of validation.c */
	event_ref *state_timer; /* of timers.c */
	event_ref *after_hook; /* of session_events.c */

	struct history_entry *history; /* ring, MTYPE_PEERING_TEXT */
	size_t history_count, history_next;
};

int connection_compare(const struct connection *a, const struct connection *b);
DECLARE_RBTREE_UNIQ(connection_tree, struct connection, by_name, connection_compare);
DECLARE_DLIST(session_list, struct session, in_connection);

/* Every connection, sorted by name. */
extern struct connection_tree_head connections;

void connections_init(void);

struct connection *connection_find(const char *name);
/* Makes a connection in state None; the name has been checked, and is free. `vrf` is "default" or a VRF's name. */
struct connection *connection_new(const char *name, const char *vrf);
/* Only a connection that has no session. */
void connection_delete(struct connection *connection);
/* As if no line had spoken of it. Its sessions stay, undeclared. */
void connection_clear_configuration(struct connection *connection);
/* The state that the connection is in or, where its journal line is on the way to the disk, becomes. */
enum connection_state connection_coming_state(const struct connection *connection);
/* Whether a session of it is up with an open gate although nothing had been said of it: it is to be adopted. */
bool connection_has_conflict(const struct connection *connection);
void connection_facts(const struct connection *connection, struct lifecycle_facts *facts);
/* Under a type change: what it becomes. */
enum connection_kind connection_kind_to_be(const struct connection *connection);
enum activation_mode connection_activation(const struct connection *connection);

/* `address` as bgpd prints it (session_normalize()). NULL where no connection has it. */
struct session *session_find(const char *vrf, const char *address);
struct session *session_new(struct connection *connection, const char *address);
void session_delete(struct session *session);
/* Gives a session with all that is known of it to another connection of the same VRF. */
void session_move(struct session *session, struct connection *to);
/* Rewrites an address into bgpd's spelling; an interface name stays as it is. False where it is too long. */
bool session_normalize(const char *text, char address[SESSION_ADDRESS_MAX]);

/* The configured (or dynamic) peer that the session is now, never a doppelganger; NULL where bgpd has none. */
struct peer *session_peer(const struct session *session);
/* The key of a peer: its interface, else its address. */
const char *peer_key(const struct peer *peer);
/* "default" or the VRF's name. */
const char *bgp_vrf_name(const struct bgp *bgp);
/* Of its address; ipv6 for an interface. */
enum counted_family session_family(const struct session *session);
#define BGP_WORDS_MAX (VRF_NAME_MAX + 9)
/* "bgp", or "bgp vrf NAME": what stands in front of a neighbor in FRR's commands. Written to `text`, and returned. */
const char *session_bgp_words(const struct session *session, char text[BGP_WORDS_MAX]);
/* NULL where bgpd has no such instance, and where the module is inert. */
struct bgp *bgp_of_vrf(const char *vrf);
/* The session of a peer, its doppelganger included; NULL where no connection has it. */
struct session *session_of_peer(const struct peer *peer);

/* Whether the session carries a family: negotiated where it is up (the gate's hiding it aside), configured elsewhere. */
bool session_carries(const struct session *session, const struct peer *peer, afi_t afi, safi_t safi);

/* Sessions whose `wanted` has changed: put in once, taken out one by one. NULL where there is none. */
void session_policy_changed(struct session *session);
struct session *session_policy_next(void);

/* The gated, established session of a peer; an O(1) look-up, NULL for every other peer. For inbound.c. */
struct session *session_counted(const struct peer *peer);
/* How many there are. */
size_t session_counted_count(void);
void session_counted_set(struct session *session, struct peer *peer);
void session_counted_clear(struct session *session);

/* The session in service whose peer is watched; as above. For watch.c. */
struct session *session_watched(const struct peer *peer);
void session_watched_set(struct session *session, struct peer *peer);
void session_watched_clear(struct session *session);

#endif
