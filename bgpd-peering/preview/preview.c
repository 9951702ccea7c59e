// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/preview/preview.h"

#include "bgpd-peering/gate/inbound.h"
#include "bgpd-peering/gate/rib_walk.h"
#include "bgpd-peering/preview/bgpd_routes.h"
#include "bgpd-peering/preview/export_judgement.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/turn.h"

#include "bgpd/bgp_aspath.h"

#define SLICE_MICROSECONDS 4000
#define REST_MILLISECONDS 10	  /* between two slices */
#define FRESH_MILLISECONDS 5000	  /* one that is younger is not made anew by itself */
#define RECENT_MILLISECONDS 60000 /* the same for one that nobody looks at */
#define CHEAP_ROUTES 20000
/* What a show may work at by itself, and how often. */
#define AT_ONCE_MICROSECONDS 3000
#define AT_ONCE_EACH_MICROSECONDS 100000

DEFINE_MTYPE_STATIC(PEERING, PEERING_PREVIEW, "Peering preview");

PREDECL_DLIST(preview_list);
struct preview_work {
	struct preview_list_item item;
	struct session *session;
	struct preview *result;

	struct adj_rib_in_walk kept; /* while the gate is closed */
	enum counted_family importing; /* while it is open: where `table` is */
	bool imports_done;
	enum counted_family exporting;
	struct rib_walk table;

	/* of one slice */
	struct timeval begun;
	int64_t microseconds;
	struct import_policy policies[FAMILY_COUNT];
	struct kept_attributes *attributes;
	bool validates;
};
DECLARE_DLIST(preview_list, struct preview_work, item);

static struct preview_list_head works;
static event_ref *slice_event;

static void slice(event_ref *event);

static bool time_is_up(const struct preview_work *work)
{
	return monotime_since(&work->begun, NULL) > work->microseconds;
}

/* Whose routes there are to look at: those kept here while its gate is closed, bgpd's while it is open. NULL: none. */
static struct peer *peer_of(const struct session *session)
{
	return session->counted_peer && !session->replay ? session->counted_peer : bgpd_routes_peer(session);
}

static uint64_t taken_of(const struct session *session)
{
	struct peer *peer = bgpd_routes_peer(session);

	return peer ? bgpd_routes_taken(peer) : adj_rib_in_taken(session->adj_rib_in);
}

/* ---- counting ---- */

static void count(struct preview_count *count, const struct prefix *prefix, const struct aspath *path)
{
	struct preview_example *example;

	if (count->routes++ >= PREVIEW_EXAMPLES)
		return;
	example = &count->examples[count->routes - 1];
	example->prefix = *prefix;
	strlcpy(example->as_path, path && path->str ? path->str : "", sizeof(example->as_path));
}

static void to_prefix(const struct bgp_update_prefix *from, struct prefix *prefix)
{
	*prefix = (struct prefix){.family = from->afi == BGP_UPDATE_AFI_IPV4 ? AF_INET : AF_INET6,
				  .prefixlen = from->length};
	memcpy(&prefix->u.prefix, from->address, prefix->family == AF_INET ? IPV4_MAX_BYTELEN : IPV6_MAX_BYTELEN);
}

static void judge(struct preview_work *work, enum counted_family family, const struct prefix *prefix)
{
	struct preview_family *into = &work->result->families[family];
	struct attr *attr = &work->attributes->attr;
	enum import_rule rule = IMPORT_ACCEPTED;

	if (!into->accepted_alone)
		rule = import_judge(&work->policies[family], prefix, work->attributes);
	into->judged++;
	count(&into->by_rule[rule], prefix, attr->aspath);
	if (work->validates && attr->aspath)
		count(&into->by_origin[peer_origin_validity(work->policies[family].peer, attr, prefix)], prefix, attr->aspath);
}

static bool judge_kept_one(const struct bgp_update_prefix *from, void *context)
{
	struct preview_work *work = context;
	struct prefix prefix;

	to_prefix(from, &prefix);
	judge(work, from->afi == BGP_UPDATE_AFI_IPV4 ? FAMILY_IPV4 : FAMILY_IPV6, &prefix);
	return !time_is_up(work);
}

/* Returns whether it is done. */
static bool judge_kept(struct preview_work *work, struct peer *peer)
{
	struct kept_attributes attributes;
	const uint8_t *message;
	size_t size;

	while ((message = adj_rib_in_walk_message(&work->kept, &size))) {
		if (time_is_up(work))
			return false;
		kept_attributes_read(&attributes, peer, message, size);
		work->attributes = &attributes;
		adj_rib_in_walk_prefixes(&work->kept, judge_kept_one, work);
		kept_attributes_release(&attributes);
	}
	return true;
}

static bool judge_bgpds_one(const struct bgp_dest *dest, uint32_t path_id, const struct attr *attr, void *context)
{
	struct preview_work *work = context;
	struct kept_attributes attributes;

	kept_attributes_of(&attributes, work->policies[work->importing].peer, attr);
	work->attributes = &attributes;
	judge(work, work->importing, bgp_dest_get_prefix(dest));
	work->attributes = NULL;
	return true;
}

static bool judge_bgpds(struct preview_work *work, struct peer *peer)
{
	struct bgp_dest *dest;
	struct prefix_rd *rd;

	for (; work->importing < FAMILY_COUNT; work->importing++) {
		if (!work->result->families[work->importing].carries)
			continue;
		if (!rib_walk_is_on(&work->table))
			rib_walk_begin(&work->table, peer->bgp, family_afi(work->importing), SAFI_UNICAST);
		while (!time_is_up(work) && (dest = rib_walk_next(&work->table, &rd)))
			bgpd_routes_visit(dest, peer, !work->result->families[work->importing].accepted_alone,
					  judge_bgpds_one, work);
		if (rib_walk_is_on(&work->table))
			return false;
	}
	return true;
}

static bool judge_table(struct preview_work *work, struct peer *peer)
{
	struct preview_family *into = &work->result->families[work->exporting];
	struct export_policy *policy;
	struct bgp_dest *dest = NULL;
	struct prefix_rd *rd;

	policy = export_policy_begin(work->session, peer, work->exporting, &into->sends_nothing);
	into->sends = true;
	if (!policy) {
		rib_walk_end(&work->table);
		return true;
	}
	if (!rib_walk_is_on(&work->table))
		rib_walk_begin(&work->table, peer->bgp, family_afi(work->exporting), SAFI_UNICAST);
	while (!time_is_up(work) && (dest = rib_walk_next(&work->table, &rd))) {
		struct bgp_path_info *path = export_judge(policy, dest);

		if (path)
			count(&into->sent, bgp_dest_get_prefix(dest), path->attr->aspath);
	}
	export_policy_end(policy);
	return !rib_walk_is_on(&work->table);
}

/* ---- the work ---- */

static void finish(struct preview_work *work, bool keep)
{
	struct session *session = work->session;

	preview_list_del(&works, work);
	adj_rib_in_walk_end(&work->kept);
	rib_walk_end(&work->table);
	session->preview_work = NULL;
	if (keep) {
		work->result->at = wall_clock_milliseconds();
		work->result->changed = taken_of(session) != work->result->taken;
		XFREE(MTYPE_PEERING_PREVIEW, session->preview);
		session->preview = work->result;
	} else {
		XFREE(MTYPE_PEERING_PREVIEW, work->result);
	}
	XFREE(MTYPE_PEERING_PREVIEW, work);
}

static void name_rules(struct preview_work *work)
{
	for (int family = 0; family < FAMILY_COUNT; family++) {
		for (int rule = 0; rule < IMPORT_RULE_COUNT; rule++) {
			const char *name = import_policy_name(&work->policies[family], rule);
			struct preview_count *count = &work->result->families[family].by_rule[rule];

			strlcpy(count->name, name ? name : "", sizeof(count->name));
		}
	}
}

static void go_on(struct preview_work *work, int64_t microseconds)
{
	struct peer *peer = peer_of(work->session);

	if (!peer) {
		finish(work, false);
		return;
	}
	monotime(&work->begun);
	work->validates = origin_validation_is_loaded();
	work->microseconds = microseconds;
	for (int family = 0; family < FAMILY_COUNT; family++)
		import_policy_begin(&work->policies[family], work->session, peer, family);
	if (!work->imports_done) {
		work->imports_done = work->session->counted_peer ? judge_kept(work, peer) : judge_bgpds(work, peer);
		if (!work->imports_done)
			return;
		name_rules(work);
	}
	for (; work->result->exports && work->exporting < FAMILY_COUNT; work->exporting++)
		if (!judge_table(work, peer))
			return;
	finish(work, true);
}

static void slice(event_ref *event)
{
	struct preview_work *first = preview_list_first(&works);
	TURN(TURN_PREVIEW);

	if (!router_works() || !first)
		return;
	go_on(first, SLICE_MICROSECONDS);
	if (preview_list_count(&works))
		event_add_milliseconds(slice, NULL, REST_MILLISECONDS, &slice_event);
}

/* Those that begin by themselves are of gated sessions alone. */
static bool can_begin_by_itself(const struct session *session)
{
	return session->counted_peer && !session->replay;
}

/* bgpd's limit on accepted prefixes ends the session; where it only warns it is none. */
static uint32_t maximum_prefix_of(const struct peer *peer, afi_t afi)
{
	if (!CHECK_FLAG(peer->af_flags[afi][SAFI_UNICAST], PEER_FLAG_MAX_PREFIX) ||
	    CHECK_FLAG(peer->af_flags[afi][SAFI_UNICAST], PEER_FLAG_MAX_PREFIX_WARNING))
		return 0;
	return peer->pmax[afi][SAFI_UNICAST];
}

static void work_begin(struct session *session, bool exports)
{
	struct preview_work *work = XCALLOC(MTYPE_PEERING_PREVIEW, sizeof(*work));
	struct peer *peer = peer_of(session);

	work->session = session;
	work->result = XCALLOC(MTYPE_PEERING_PREVIEW, sizeof(*work->result));
	work->result->generation = session->connection->generation;
	work->result->taken = taken_of(session);
	work->result->exports = exports;
	for (int family = 0; family < FAMILY_COUNT; family++) {
		struct preview_family *into = &work->result->families[family];

		into->carries = session_carries(session, peer, family_afi(family), SAFI_UNICAST);
		into->accepted_alone = !session->counted_peer && !bgpd_routes_has_rejected(peer, family);
		into->maximum_prefix = maximum_prefix_of(peer, family_afi(family));
	}
	if (session->adj_rib_in)
		adj_rib_in_walk_begin(&work->kept, session->adj_rib_in);
	session->preview_work = work;
	preview_list_add_tail(&works, work);
	if (!slice_event)
		event_add_milliseconds(slice, NULL, REST_MILLISECONDS, &slice_event);
}

void preview_begin(struct session *session, int64_t microseconds)
{
	if (!peer_of(session))
		return;
	/* One that nobody has asked for says nothing of what would be sent. */
	if (session->preview_work && !session->preview_work->result->exports)
		finish(session->preview_work, false);
	if (session->preview_work)
		return;
	if (!session->preview || !session->preview->exports || session->preview->asked_for ||
	    !preview_stands(session, session->preview)) {
		work_begin(session, true);
		if (microseconds > 0)
			go_on(session->preview_work, microseconds);
	}
	if (!session->preview_work)
		session->preview->asked_for = true;
}

static bool is_cheap(const struct session *session)
{
	return inbound_count(session, FAMILY_IPV4) + inbound_count(session, FAMILY_IPV6) <= CHEAP_ROUTES;
}

/* A show may ask for thousands: the first few are worked at until they are finished, the others in the background. */
static void work_at_once(struct preview_work *work)
{
	static struct timeval window;
	static int64_t spent;
	struct timeval begun;

	if (monotime_since(&window, NULL) > AT_ONCE_EACH_MICROSECONDS) {
		monotime(&window);
		spent = 0;
	}
	if (spent > AT_ONCE_MICROSECONDS)
		return;
	monotime(&begun);
	go_on(work, AT_ONCE_MICROSECONDS - spent);
	spent += monotime_since(&begun, NULL);
}

bool preview_would_accept(const struct session *session, enum counted_family family, uint64_t *count)
{
	bool stands = session->preview && preview_stands(session, session->preview);

	if (!can_begin_by_itself(session))
		return false;
	if (!session->preview_work && inbound_is_complete(session) && is_cheap(session) &&
	    (!stands || wall_clock_milliseconds() - session->preview->at > FRESH_MILLISECONDS)) {
		work_begin(session_find(session->connection->vrf, session->address), false);
		work_at_once(session->preview_work);
	}
	if (!session->preview || !preview_stands(session, session->preview))
		return false;
	*count = session->preview->families[family].by_rule[IMPORT_ACCEPTED].routes;
	return true;
}

const struct preview *preview_recent(const struct session *session)
{
	const struct preview *preview = session->preview;
	bool stands = preview && preview_stands(session, preview);
	uint64_t fresh = stands || !is_cheap(session) ? RECENT_MILLISECONDS : 0;

	if (!can_begin_by_itself(session) || !inbound_is_complete(session))
		return NULL;
	if (!session->preview_work && (!preview || wall_clock_milliseconds() - preview->at > fresh))
		work_begin(session_find(session->connection->vrf, session->address), false);
	return stands ? preview : NULL;
}

void preview_forget(struct session *session)
{
	if (session->preview_work)
		finish(session->preview_work, false);
	XFREE(MTYPE_PEERING_PREVIEW, session->preview);
}

void preview_init(void)
{
	preview_list_init(&works);
}

/* ---- what is known ---- */

const struct preview *preview_newest(const struct session *session)
{
	return session->preview;
}

bool preview_stands(const struct session *session, const struct preview *preview)
{
	return !preview->changed && preview->taken == taken_of(session);
}

int64_t preview_progress(const struct session *session)
{
	const struct preview_work *work = session->preview_work;

	return work ? (int64_t)(work->result->families[FAMILY_IPV4].judged + work->result->families[FAMILY_IPV6].judged)
		    : -1;
}
