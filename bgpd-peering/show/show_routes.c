// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `show peering NAME routes`: what a gated peer has sent and is kept, one route a line, and what would become of it. Of an
 * open gate: what bgpd itself has.
 *
 * A page ends at its limit, or when its few milliseconds are over; it says where to go on. Routes come in the order in
 * which they are kept, so that a page costs what is on it, however many there are. Each session remembers where its last
 * page ended: what the peer changes meanwhile makes no other route be passed over. bgpd's come in its tables' order, so
 * that a prefix alone says where to go on, whether it is still there or not.
 */
#include "bgpd-peering/show/show.h"

#include "bgpd-peering/commands/commands.h"
#include "bgpd-peering/connection/facts.h"
#include "bgpd-peering/gate/inbound.h"
#include "bgpd-peering/gate/rib_walk.h"
#include "bgpd-peering/preview/bgpd_routes.h"
#include "bgpd-peering/preview/import_judgement.h"
#include "bgpd-peering/show/show_table.h"

#include "bgpd/bgp_aspath.h"

#define PATH_SHOWN 200 /* bytes of an AS path in text */
#define LIMIT_DEFAULT 50
#define PAGE_MICROSECONDS 8000

struct route_filter {
	int family; /* of enum counted_family; -1: both */
	const struct session *neighbor; /* NULL: each */
	struct prefix prefix; /* family 0: any */
	bool longer;
	as_path_regex *as_path; /* NULL: any */
	int verdict;		/* -1: any; whether it would be accepted */
	size_t limit;
	struct prefix after;	      /* family 0: from the start */
	uint32_t after_id;	      /* of which of its paths; 0: the only one */
	const struct session *from; /* of which one that was; NULL: the first that may have it */
};

struct page {
	const struct route_filter *filter;
	struct timeval begun;
	struct show_table *table; /* text; NULL: JSON */
	json_object *routes;
	size_t count;
	bool full; /* by its limit or by time; `last` is where to go on */

	/* the session at hand */
	struct session *session;
	struct peer *peer;
	struct import_policy policies[FAMILY_COUNT];
	struct kept_attributes *attributes;
	bool accepted_alone; /* bgpd keeps no others */
	struct prefix last;
	uint32_t last_id;
};

static void to_prefix(const struct bgp_update_prefix *from, struct prefix *prefix)
{
	*prefix = (struct prefix){.family = from->afi == BGP_UPDATE_AFI_IPV4 ? AF_INET : AF_INET6,
				  .prefixlen = from->length};
	memcpy(&prefix->u.prefix, from->address, prefix->family == AF_INET ? IPV4_MAX_BYTELEN : IPV6_MAX_BYTELEN);
}

/* ---- one route ---- */

static void next_hop_text(const struct prefix *prefix, const struct attr *attr, char *text, size_t size)
{
	bool ipv6 = attr->mp_nexthop_len >= IPV6_MAX_BYTELEN && (prefix->family == AF_INET6 || !attr->nexthop.s_addr);

	if (ipv6)
		snprintfrr(text, size, "%pI6", &attr->mp_nexthop_global);
	else
		snprintfrr(text, size, "%pI4", &attr->nexthop);
}

static void add_route(struct page *page, const struct prefix *prefix, uint32_t path_id, enum counted_family family,
		      enum import_rule rule)
{
	struct attr *attr = &page->attributes->attr;
	const char *validation = origin_validity_name(
		attr->aspath ? peer_origin_validity(page->peer, attr, prefix) : ORIGIN_UNKNOWN);
	const char *path = attr->aspath && attr->aspath->str ? attr->aspath->str : "";
	const char *name = import_policy_name(&page->policies[family], rule);
	char next_hop[INET6_ADDRSTRLEN];
	json_object *one;

	next_hop_text(prefix, attr, next_hop, sizeof(next_hop));
	if (page->table) {
		char text[PREFIX_STRLEN], id[16] = "", shown[PATH_SHOWN];

		/* The peer chooses how long it is, and each line of it costs time. JSON has it whole. */
		if (strlcpy(shown, path, sizeof(shown)) >= sizeof(shown))
			strlcpy(shown + sizeof(shown) - sizeof("…"), "…", sizeof("…"));
		if (path_id)
			snprintf(id, sizeof(id), " id %u", path_id);
		show_table_row(page->table, "%s\t%s%s\t%s\t%s\t%s\t%s%s%s", page->session->address,
			       prefix2str(prefix, text, sizeof(text)), id, next_hop, path[0] ? shown : "-", validation,
			       import_rule_text(rule), name ? " " : "", name ? name : "");
		return;
	}
	one = json_object_new_object();
	json_object_string_add(one, "session", page->session->address);
	json_object_string_add(one, "afi", family_name(family));
	json_object_string_addf(one, "prefix", "%pFX", prefix);
	json_object_object_add(one, "pathId", path_id ? json_object_new_int64(path_id) : NULL);
	json_object_string_add(one, "nextHop", next_hop);
	json_object_string_add(one, "asPath", path);
	json_object_string_add(one, "originValidation", validation);
	json_object_boolean_add(one, "wouldAccept", rule == IMPORT_ACCEPTED);
	json_object_object_add(one, "rejectedBy",
			       rule == IMPORT_ACCEPTED ? NULL : json_object_new_string(import_rule_name(rule)));
	json_object_object_add(one, "rejectedByName", name ? json_object_new_string(name) : NULL);
	json_object_array_add(page->routes, one);
}

static bool takes_prefix(const struct route_filter *filter, const struct prefix *prefix)
{
	if (!filter->prefix.family)
		return true;
	if (prefix->family != filter->prefix.family)
		return false;
	return filter->longer ? prefix_match(&filter->prefix, prefix) : prefix_same(&filter->prefix, prefix);
}

/* Whose path is asked for. Returns whether the page has room for the next one. */
static bool look_at(struct page *page, const struct prefix *prefix, uint32_t path_id)
{
	const struct route_filter *filter = page->filter;
	enum counted_family family = prefix->family == AF_INET ? FAMILY_IPV4 : FAMILY_IPV6;
	enum import_rule rule = IMPORT_ACCEPTED;

	if ((filter->family < 0 || filter->family == (int)family) && takes_prefix(filter, prefix)) {
		if (!page->accepted_alone)
			rule = import_judge(&page->policies[family], prefix, page->attributes);
		if (filter->verdict < 0 || filter->verdict == (rule == IMPORT_ACCEPTED)) {
			add_route(page, prefix, path_id, family, rule);
			page->count++;
		}
	}
	return page->count < filter->limit;
}

static bool time_is_up(const struct page *page)
{
	return monotime_since(&page->begun, NULL) > PAGE_MICROSECONDS;
}

static bool visit(const struct bgp_update_prefix *from, void *context)
{
	struct page *page = context;

	to_prefix(from, &page->last);
	page->last_id = from->path_id;
	page->full = !look_at(page, &page->last, from->path_id) || time_is_up(page);
	return !page->full;
}

/* ---- a session ---- */

static bool takes_path(const struct route_filter *filter, const struct kept_attributes *attributes)
{
	if (!filter->as_path)
		return true;
	return attributes->attr.aspath && bgp_regexec(filter->as_path, attributes->attr.aspath) == 0;
}

/* A message whose path is not asked for. */
static bool pass_over(const struct bgp_update_prefix *from, void *context)
{
	struct page *page = context;

	to_prefix(from, &page->last);
	page->last_id = from->path_id;
	page->full = time_is_up(page);
	return !page->full;
}

static void from_prefix(const struct prefix *from, uint32_t path_id, struct bgp_update_prefix *prefix)
{
	*prefix = (struct bgp_update_prefix){
		.announced = true,
		.afi = from->family == AF_INET ? BGP_UPDATE_AFI_IPV4 : BGP_UPDATE_AFI_IPV6,
		.safi = BGP_UPDATE_SAFI_UNICAST,
		.path_id = path_id,
		.length = (uint8_t)from->prefixlen,
	};
	memcpy(prefix->address, &from->u.prefix, from->family == AF_INET ? IPV4_MAX_BYTELEN : IPV6_MAX_BYTELEN);
}

/* False where the prefix to go on from is not there. */
static bool go_to_start(struct session *session, const struct prefix *after, uint32_t after_id)
{
	struct route_bookmark *bookmark = &session->bookmark;
	struct bgp_update_prefix prefix;

	if (!after->family) {
		adj_rib_in_walk_end(&bookmark->walk);
		adj_rib_in_walk_begin(&bookmark->walk, session->adj_rib_in);
		return true;
	}
	if (bookmark->walk.rib && prefix_same(&bookmark->last, after) && bookmark->last_id == after_id)
		return true;
	adj_rib_in_walk_end(&bookmark->walk);
	from_prefix(after, after_id, &prefix);
	return adj_rib_in_walk_begin_behind(&bookmark->walk, session->adj_rib_in, &prefix);
}

static void walk_kept(struct page *page, struct session *session)
{
	struct route_bookmark *bookmark = &session->bookmark;
	struct kept_attributes attributes;
	const uint8_t *message;
	size_t size;

	page->attributes = &attributes;
	page->accepted_alone = false;
	while (!page->full && (message = adj_rib_in_walk_message(&bookmark->walk, &size))) {
		kept_attributes_read(&attributes, page->peer, message, size);
		adj_rib_in_walk_prefixes(&bookmark->walk, takes_path(page->filter, &attributes) ? visit : pass_over, page);
		kept_attributes_release(&attributes);
	}
	bookmark->last = page->last;
	bookmark->last_id = page->last_id;
	/* The last one of all was the last of this page, too. */
	if (page->full && !adj_rib_in_walk_message(&bookmark->walk, &size))
		page->full = false;
	if (!page->full)
		adj_rib_in_walk_end(&bookmark->walk);
	page->attributes = NULL;
}

/* Of bgpd's, one path at one place of a table. */
struct bgpds {
	struct page *page;
	bool passing;	   /* the first place is the one that the last page ended in, and its paths up to `until` were on that */
	uint32_t until;
};

static bool visit_bgpds(const struct bgp_dest *dest, uint32_t path_id, const struct attr *attr, void *context)
{
	struct bgpds *bgpds = context;
	struct page *page = bgpds->page;
	struct kept_attributes attributes;

	if (bgpds->passing) {
		bgpds->passing = path_id != bgpds->until;
		return true;
	}
	kept_attributes_of(&attributes, page->peer, attr);
	page->last_id = path_id;
	if (!takes_path(page->filter, &attributes))
		return true;
	page->attributes = &attributes;
	page->full = !look_at(page, bgp_dest_get_prefix(dest), path_id);
	page->attributes = NULL;
	return !page->full;
}

/* What of the place where the last page ended was not on it. */
static void finish_place(struct page *page, struct bgp_table *table, const struct prefix *prefix, uint32_t path_id)
{
	struct bgpds bgpds = {.page = page, .passing = true, .until = path_id};
	struct bgp_dest *dest = bgp_node_lookup(table, prefix);

	if (!dest)
		return;
	page->last = *prefix;
	bgpd_routes_visit(dest, page->peer, !page->accepted_alone, visit_bgpds, &bgpds);
	if (bgpds.passing) {
		/* That path is not there any more, and so it does not say which came before it. */
		bgpds.passing = false;
		bgpd_routes_visit(dest, page->peer, !page->accepted_alone, visit_bgpds, &bgpds);
	}
	bgp_dest_unlock_node(dest);
}

static void walk_bgpds_family(struct page *page, enum counted_family family, const struct prefix *after,
			      uint32_t after_id)
{
	struct bgpds bgpds = {.page = page};
	struct bgp *bgp = page->peer->bgp;
	struct rib_walk walk;
	struct bgp_dest *dest;
	struct prefix_rd *rd;

	page->accepted_alone = !bgpd_routes_has_rejected(page->peer, family);
	if (after->family) {
		finish_place(page, bgp->rib[family_afi(family)][SAFI_UNICAST], after, after_id);
		rib_walk_begin_behind(&walk, bgp, family_afi(family), SAFI_UNICAST, after);
	} else {
		rib_walk_begin(&walk, bgp, family_afi(family), SAFI_UNICAST);
	}
	while (!page->full && (dest = rib_walk_next(&walk, &rd))) {
		page->last = *bgp_dest_get_prefix(dest);
		page->last_id = 0;
		bgpd_routes_visit(dest, page->peer, !page->accepted_alone, visit_bgpds, &bgpds);
		page->full = page->full || time_is_up(page);
	}
	rib_walk_end(&walk);
}

static void walk_bgpds(struct page *page, struct session *session, struct prefix after, uint32_t after_id)
{
	enum counted_family first = after.family == AF_INET6 ? FAMILY_IPV6 : FAMILY_IPV4;

	for (int family = (int)first; family < FAMILY_COUNT && !page->full; family++) {
		if (session_carries(session, page->peer, family_afi(family), SAFI_UNICAST) &&
		    (page->filter->family < 0 || page->filter->family == family))
			walk_bgpds_family(page, family, &after, after_id);
		after = (struct prefix){0};
	}
}

/* One that has routes. */
static void page_begin_session(struct page *page, struct session *session)
{
	page->session = session;
	page->peer = session->counted_peer ? session->counted_peer : bgpd_routes_peer(session);
	for (int family = 0; family < FAMILY_COUNT; family++)
		import_policy_begin(&page->policies[family], session, page->peer, family);
}

static bool has_routes(const struct session *session)
{
	if (session->counted_peer)
		return !session->replay && session->adj_rib_in && adj_rib_in_complete(session->adj_rib_in);
	return bgpd_routes_peer(session) != NULL;
}

/* Whether there are routes that cannot be shown because bgpd does not keep them. */
static bool misses_rejected(const struct session *session)
{
	struct peer *peer = bgpd_routes_peer(session);

	for (int family = 0; peer && family < FAMILY_COUNT; family++)
		if (session_carries(session, peer, family_afi(family), SAFI_UNICAST) &&
		    !bgpd_routes_has_rejected(peer, family))
			return true;
	return false;
}

/* Why a session has none to show; NULL where it has. */
static const char *no_routes(const struct session *session)
{
	if (bgpd_routes_peer(session))
		return NULL;
	if (session->replay)
		return "its gate is being opened";
	if (!session->counted_peer)
		return "it is not up";
	if (!adj_rib_in_complete(session->adj_rib_in))
		return "more came than is kept, or what could not be read: it is counted only";
	return NULL;
}

/*
 * Goes through the sessions from the first one that is meant. Where that is the second, the page goes on at its start.
 * False with a message.
 */
static bool walk_connection(struct vty *vty, struct page *page, struct connection *connection)
{
	const struct route_filter *filter = page->filter;
	const struct session *from = filter->from;
	struct prefix after = filter->after;
	struct session *session;

	frr_each (session_list, &connection->sessions, session) {
		if (page->full)
			break;
		if ((filter->neighbor && session != filter->neighbor) || (from && session != from))
			continue;
		if (!has_routes(session)) {
			if (session == from)
				after = (struct prefix){0};
			from = NULL;
			continue;
		}
		from = NULL;
		page_begin_session(page, session);
		if (after.family && !session_carries(session, page->peer, after.family == AF_INET ? AFI_IP : AFI_IP6,
						     SAFI_UNICAST))
			continue;
		if (!session->counted_peer) {
			walk_bgpds(page, session, after, filter->after_id);
		} else if (go_to_start(session, &after, filter->after_id)) {
			walk_kept(page, session);
		} else {
			vty_out(vty, "%% %s announces %pFX no more; begin anew without `after`\n", session->address, &after);
			return false;
		}
		after = (struct prefix){0};
	}
	return true;
}

/* ---- the command ---- */

static void reasons_text(struct vty *vty, const struct connection *connection)
{
	const struct session *session;

	frr_each (session_list_const, &connection->sessions, session)
		if (no_routes(session))
			show_line(vty, "", "%s: no routes: %s", session->address, no_routes(session));
		else if (misses_rejected(session))
			show_line(vty, "", "%s: %s", session->address, BGPD_KEEPS_NO_REJECTED);
}

static json_object *reasons_json(const struct connection *connection)
{
	json_object *array = json_object_new_array();
	const struct session *session;

	frr_each (session_list_const, &connection->sessions, session) {
		json_object *one = json_object_new_object();
		const char *why = no_routes(session);

		json_object_string_add(one, "address", session->address);
		json_object_object_add(one, "noRoutes", why ? json_object_new_string(why) : NULL);
		json_object_boolean_add(one, "rejectedKept", !why && !misses_rejected(session));
		json_object_array_add(array, one);
	}
	return array;
}

static int print_json(struct vty *vty, const struct page *page, const struct connection *connection)
{
	json_object *object = show_json_begin(), *next = NULL;

	if (page->full) {
		next = json_object_new_object();
		json_object_string_addf(next, "after", "%pFX", &page->last);
		json_object_int_add(next, "id", page->last_id);
		json_object_string_add(next, "of", page->session->address);
	}
	json_object_string_add(object, "name", connection->name);
	json_object_string_add(object, "connectionState", connection_state_name(connection->state));
	json_object_object_add(object, "sessions", reasons_json(connection));
	json_object_object_add(object, "routes", page->routes);
	json_object_object_add(object, "next", next);
	return vty_json(vty, object);
}

static void print_text(struct vty *vty, struct page *page, const struct connection *connection)
{
	char id[16] = "";

	if (page->count)
		show_table_print(vty, page->table);
	else
		show_table_free(page->table);
	reasons_text(vty, connection);
	if (page->last_id)
		snprintf(id, sizeof(id), " id %u", page->last_id);
	if (page->full)
		vty_out(vty, "%zu shown; for more of them add `after %pFX%s of %s`\n", page->count, &page->last, id,
			page->session->address);
	else
		vty_out(vty, "%zu shown, and no more\n", page->count);
}

static int show_page(struct vty *vty, struct connection *connection, const struct route_filter *filter, bool json)
{
	struct page page = {.filter = filter};
	bool walked;

	monotime(&page.begun);
	if (json) {
		page.routes = json_object_new_array();
	} else {
		page.table = show_table_new("Session\tPrefix\tNext hop\tAS path\tOrigin\tWould be", LAST_WRAPS);
	}
	walked = walk_connection(vty, &page, connection);
	if (walked && json)
		return print_json(vty, &page, connection);
	if (walked)
		print_text(vty, &page, connection);
	else if (json)
		json_object_free(page.routes);
	else
		show_table_free(page.table);
	return walked ? CMD_SUCCESS : CMD_WARNING;
}

static bool read_prefix(const char *text, struct prefix *prefix)
{
	if (!text)
		return true;
	if (!str2prefix(text, prefix))
		return false;
	apply_mask(prefix);
	return true;
}

/* A neighbor of the connection. */
static bool read_neighbor(struct vty *vty, const struct connection *connection, const char *text,
			  const struct session **session)
{
	char address[SESSION_ADDRESS_MAX];

	if (!text)
		return true;
	*session = session_normalize(text, address) ? session_find(connection->vrf, address) : NULL;
	if (*session && (*session)->connection == connection)
		return true;
	vty_out(vty, "%% '%s' is no neighbor of %s\n", text, connection->name);
	return false;
}

static bool is_of_family(struct vty *vty, const struct route_filter *filter, const struct prefix *prefix)
{
	if (!prefix->family || filter->family < 0 || filter->family == (prefix->family == AF_INET ? FAMILY_IPV4 : FAMILY_IPV6))
		return true;
	vty_out(vty, "%% %pFX is not of %s\n", prefix, family_name((enum counted_family)filter->family));
	return false;
}

/* Words that exclude each other would list nothing, and that says something else. */
static bool filter_is_of_one_thing(struct vty *vty, const struct route_filter *filter)
{
	if (filter->neighbor && filter->from && filter->neighbor != filter->from) {
		vty_out(vty, "%% `neighbor %s` and `of %s` are two sessions\n", filter->neighbor->address, filter->from->address);
		return false;
	}
	return is_of_family(vty, filter, &filter->prefix) && is_of_family(vty, filter, &filter->after);
}

static bool read_filter(struct vty *vty, const struct connection *connection, int argc, struct cmd_token *argv[],
			struct route_filter *filter)
{
	const char *limit = command_argument(argc, argv, "limit"), *after_id = command_argument(argc, argv, "id");

	filter->family = command_has(argc, argv, "ipv4") ? FAMILY_IPV4 : command_has(argc, argv, "ipv6") ? FAMILY_IPV6 : -1;
	filter->longer = command_has(argc, argv, "longer");
	filter->verdict = command_has(argc, argv, "accepted") ? 1 : command_has(argc, argv, "rejected") ? 0 : -1;
	filter->limit = limit ? strtoul(limit, NULL, 10) : LIMIT_DEFAULT;
	filter->after_id = after_id ? (uint32_t)strtoul(after_id, NULL, 10) : 0;
	if (!read_prefix(command_argument(argc, argv, "prefix"), &filter->prefix) ||
	    !read_prefix(command_argument(argc, argv, "after"), &filter->after)) {
		vty_out(vty, "%% That is no prefix\n");
		return false;
	}
	return read_neighbor(vty, connection, command_argument(argc, argv, "neighbor"), &filter->neighbor) &&
	       read_neighbor(vty, connection, command_argument(argc, argv, "of"), &filter->from) &&
	       filter_is_of_one_thing(vty, filter);
}

COMMAND_HANDLER(cmd_show_routes)
{
	struct connection *connection;
	const char *regex = command_argument(argc, argv, "as-path");
	struct route_filter filter = {0};
	int result;

	if (!command_module_works(vty))
		return CMD_WARNING;
	connection = command_connection(vty, argc, argv);
	if (!connection)
		return CMD_WARNING;
	if (!read_filter(vty, connection, argc, argv, &filter))
		return CMD_WARNING;
	if (regex) {
		filter.as_path = bgp_regcomp(regex);
		if (!filter.as_path) {
			vty_out(vty, "%% '%s' is no regular expression\n", regex);
			return CMD_WARNING;
		}
	}
	result = show_page(vty, connection, &filter, command_has(argc, argv, "json"));
	if (filter.as_path)
		bgp_regex_free(filter.as_path);
	return result;
}
