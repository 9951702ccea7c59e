// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `show peering NAME routes`: what a gated peer has sent and is kept, one route a line, and what would become of it.
 *
 * A page ends at its limit, or when its few milliseconds are over; it says where to go on. Routes come in the order in
 * which they are kept, so that a page costs what is on it, however many there are. Each session remembers where its last
 * page ended: what the peer changes meanwhile makes no other route be passed over.
 */
#include "bgpd-peering/show.h"

#include "bgpd-peering/commands.h"
#include "bgpd-peering/facts.h"
#include "bgpd-peering/import_judgement.h"
#include "bgpd-peering/inbound.h"
#include "bgpd-peering/show_table.h"

#include "bgpd/bgp_aspath.h"

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
	struct bgp_update_prefix last;
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

static void add_route(struct page *page, const struct bgp_update_prefix *from, const struct prefix *prefix,
		      enum counted_family family, enum import_rule rule)
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
		char text[PREFIX_STRLEN], id[16] = "";

		if (from->path_id)
			snprintf(id, sizeof(id), " id %u", from->path_id);
		show_table_row(page->table, "%s\t%s%s\t%s\t%s\t%s\t%s%s%s", page->session->address,
			       prefix2str(prefix, text, sizeof(text)), id, next_hop, path[0] ? path : "-", validation,
			       import_rule_text(rule), name ? " " : "", name ? name : "");
		return;
	}
	one = json_object_new_object();
	json_object_string_add(one, "session", page->session->address);
	json_object_string_add(one, "afi", family_name(family));
	json_object_string_addf(one, "prefix", "%pFX", prefix);
	json_object_object_add(one, "pathId", from->path_id ? json_object_new_int64(from->path_id) : NULL);
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

static bool visit(const struct bgp_update_prefix *from, void *context)
{
	struct page *page = context;
	const struct route_filter *filter = page->filter;
	enum counted_family family = from->afi == BGP_UPDATE_AFI_IPV4 ? FAMILY_IPV4 : FAMILY_IPV6;
	struct prefix prefix;
	enum import_rule rule;

	page->last = *from;
	to_prefix(from, &prefix);
	if ((filter->family < 0 || filter->family == (int)family) && takes_prefix(filter, &prefix)) {
		rule = import_judge(&page->policies[family], &prefix, page->attributes);
		if (filter->verdict < 0 || filter->verdict == (rule == IMPORT_ACCEPTED)) {
			add_route(page, from, &prefix, family, rule);
			page->count++;
		}
	}
	page->full = page->count >= filter->limit || monotime_since(&page->begun, NULL) > PAGE_MICROSECONDS;
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

	page->last = *from;
	page->full = monotime_since(&page->begun, NULL) > PAGE_MICROSECONDS;
	return !page->full;
}

static void from_prefix(const struct prefix *from, struct bgp_update_prefix *prefix)
{
	*prefix = (struct bgp_update_prefix){
		.announced = true,
		.afi = from->family == AF_INET ? BGP_UPDATE_AFI_IPV4 : BGP_UPDATE_AFI_IPV6,
		.safi = BGP_UPDATE_SAFI_UNICAST,
		.length = (uint8_t)from->prefixlen,
	};
	memcpy(prefix->address, &from->u.prefix, from->family == AF_INET ? IPV4_MAX_BYTELEN : IPV6_MAX_BYTELEN);
}

/* False where the prefix to go on from is not there. */
static bool go_to_start(struct session *session, const struct prefix *after)
{
	struct route_bookmark *bookmark = &session->bookmark;
	struct bgp_update_prefix prefix;
	struct prefix remembered;

	if (!after->family) {
		adj_rib_in_walk_end(&bookmark->walk);
		adj_rib_in_walk_begin(&bookmark->walk, session->adj_rib_in);
		return true;
	}
	to_prefix(&bookmark->last, &remembered);
	if (bookmark->walk.rib && prefix_same(&remembered, after))
		return true;
	adj_rib_in_walk_end(&bookmark->walk);
	from_prefix(after, &prefix);
	return adj_rib_in_walk_begin_behind(&bookmark->walk, session->adj_rib_in, &prefix);
}

static void walk_session(struct page *page, struct session *session)
{
	struct route_bookmark *bookmark = &session->bookmark;
	struct kept_attributes attributes;
	const uint8_t *message;
	size_t size;

	page->session = session;
	page->peer = session->counted_peer;
	page->attributes = &attributes;
	for (int family = 0; family < FAMILY_COUNT; family++)
		import_policy_begin(&page->policies[family], session, page->peer, family);
	while (!page->full && (message = adj_rib_in_walk_message(&bookmark->walk, &size))) {
		kept_attributes_read(&attributes, page->peer, message, size);
		adj_rib_in_walk_prefixes(&bookmark->walk, takes_path(page->filter, &attributes) ? visit : pass_over, page);
		kept_attributes_release(&attributes);
	}
	bookmark->last = page->last;
	/* The last one of all was the last of this page, too. */
	if (page->full && !adj_rib_in_walk_message(&bookmark->walk, &size))
		page->full = false;
	if (!page->full)
		adj_rib_in_walk_end(&bookmark->walk);
	page->attributes = NULL;
}

static bool has_routes(const struct session *session)
{
	return session->counted_peer && !session->replay && session->adj_rib_in &&
	       adj_rib_in_complete(session->adj_rib_in);
}

/* Why a session has none to show; NULL where it has. */
static const char *no_routes(const struct session *session)
{
	if (!session->counted_peer || session->replay)
		return "not up with a closed gate; bgpd has what it sends: `show bgp neighbors ADDRESS routes`";
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
		from = NULL;
		if (!has_routes(session))
			continue;
		if (after.family && !session_carries(session, session->counted_peer,
						     after.family == AF_INET ? AFI_IP : AFI_IP6, SAFI_UNICAST))
			continue;
		if (!go_to_start(session, &after)) {
			vty_out(vty, "%% %s announces %pFX no more; begin anew without `after`\n", session->address, &after);
			return false;
		}
		after = (struct prefix){0};
		walk_session(page, session);
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
		json_object_array_add(array, one);
	}
	return array;
}

static int print_json(struct vty *vty, const struct page *page, const struct connection *connection)
{
	json_object *object = show_json_begin(), *next = NULL;
	struct prefix last;

	if (page->full) {
		to_prefix(&page->last, &last);
		next = json_object_new_object();
		json_object_string_addf(next, "after", "%pFX", &last);
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
	struct prefix last;

	if (page->count)
		show_table_print(vty, page->table);
	else
		show_table_free(page->table);
	reasons_text(vty, connection);
	to_prefix(&page->last, &last);
	if (page->full)
		vty_out(vty, "%zu shown; for more of them add `after %pFX of %s`\n", page->count, &last,
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

static bool read_filter(struct vty *vty, const struct connection *connection, int argc, struct cmd_token *argv[],
			struct route_filter *filter)
{
	const char *limit = command_argument(argc, argv, "limit");

	filter->family = command_has(argc, argv, "ipv4") ? FAMILY_IPV4 : command_has(argc, argv, "ipv6") ? FAMILY_IPV6 : -1;
	filter->longer = command_has(argc, argv, "longer");
	filter->verdict = command_has(argc, argv, "accepted") ? 1 : command_has(argc, argv, "rejected") ? 0 : -1;
	filter->limit = limit ? strtoul(limit, NULL, 10) : LIMIT_DEFAULT;
	if (!read_prefix(command_argument(argc, argv, "prefix"), &filter->prefix) ||
	    !read_prefix(command_argument(argc, argv, "after"), &filter->after)) {
		vty_out(vty, "%% That is no prefix\n");
		return false;
	}
	return read_neighbor(vty, connection, command_argument(argc, argv, "neighbor"), &filter->neighbor) &&
	       read_neighbor(vty, connection, command_argument(argc, argv, "of"), &filter->from);
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
