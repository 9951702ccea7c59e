// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One function for each rule. A rule of which the policy says nothing passes, and says so: who asks sees what was looked
 * at.
 */
#include "controller/peerings/peering_judgement.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MD5_KEY "sealedPassword" /* of a neighbor, as it is stored */

struct judge {
	const struct peering_policy *policy;
	const struct peering_request *request;
	const struct peering_facts *facts;
	struct finding *finding;
};

const char *finding_verdict_name(enum finding_verdict verdict)
{
	static const char *const names[] = {"pass", "wait", "fail"};

	return (unsigned int)verdict < sizeof(names) / sizeof(names[0]) ? names[verdict] : "?";
}

__attribute__((format(printf, 2, 3))) static void say(const struct judge *judge, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(judge->finding->sentence, sizeof(judge->finding->sentence), format, arguments);
	va_end(arguments);
}

__attribute__((format(printf, 3, 4))) static void change(const struct judge *judge, enum finding_verdict verdict,
							 const char *format, ...)
{
	va_list arguments;

	judge->finding->verdict = verdict;
	va_start(arguments, format);
	vsnprintf(judge->finding->change, sizeof(judge->finding->change), format, arguments);
	va_end(arguments);
}

/* ---- Reading definitions, whose form is known ---- */

static const char *text_of(json_object *object, const char *key)
{
	json_object *value = json_object_object_get(object, key);

	return value ? json_object_get_string(value) : "";
}

static size_t list_length(json_object *list)
{
	return list ? json_object_array_length(list) : 0;
}

static json_object *neighbors_of(const struct peering_request *request, size_t connection)
{
	return json_object_object_get(request->connections[connection].definition, "neighbors");
}

static bool list_has(json_object *list, const char *text)
{
	for (size_t i = 0; i < list_length(list); i++)
		if (strcmp(json_object_get_string(json_object_array_get_idx(list, i)), text) == 0)
			return true;
	return false;
}

static bool list_has_number(json_object *list, int64_t number)
{
	for (size_t i = 0; i < list_length(list); i++)
		if (json_object_get_int64(json_object_array_get_idx(list, i)) == number)
			return true;
	return false;
}

/* ---- The rules ---- */

static void judge_kind(const struct judge *judge)
{
	const char *kind = connection_kind_name(judge->request->kind);
	char accepted[64] = "";

	for (int i = 0; i < KIND_COUNT; i++)
		if (judge->policy->kinds & (1u << i))
			snprintf(accepted + strlen(accepted), sizeof(accepted) - strlen(accepted), "%s%s",
				 accepted[0] ? ", " : "", connection_kind_name((enum connection_kind)i));
	if (judge->policy->kinds & (1u << judge->request->kind)) {
		say(judge, "kind %s is accepted", kind);
		return;
	}
	say(judge, "kind %s is not accepted", kind);
	change(judge, VERDICT_FAIL, "ask for one of: %s", accepted);
}

static bool location_fits(const struct policy_location *location, const struct peering_request *request)
{
	return (location->metro[0] == '\0' || strcmp(location->metro, request->metro) == 0) &&
	       (location->facility[0] == '\0' || strcmp(location->facility, request->facility) == 0);
}

static void judge_location(const struct judge *judge)
{
	const struct peering_policy *policy = judge->policy;
	char there[FINDING_MAX - 40] = "";

	if (policy->location_count == 0) {
		say(judge, "every location is accepted");
		return;
	}
	for (size_t i = 0; i < policy->location_count; i++) {
		const struct policy_location *location = &policy->locations[i];

		if (location_fits(location, judge->request)) {
			say(judge, "the location is accepted");
			return;
		}
		if (strlen(there) < sizeof(there) - 2 * PEERING_WORDS_MAX - 8)
			snprintf(there + strlen(there), sizeof(there) - strlen(there), "%s%s%s%s", i ? "; " : "",
				 location->metro, location->metro[0] && location->facility[0] ? ", " : "",
				 location->facility);
	}
	say(judge, "there is no peering at this location");
	change(judge, VERDICT_FAIL, "set metro and facility to one of: %s", there);
}

static void judge_routers(const struct judge *judge)
{
	const struct peering_policy *policy = judge->policy;

	judge->finding->inside = true;
	say(judge, "every router is one of this network's, at this location");
	for (size_t i = 0; i < judge->request->connection_count; i++) {
		const char *router = judge->request->connections[i].router;
		bool listed = false, here = false;

		/* Of no location: the rule of that says so. */
		for (size_t j = 0; j < policy->location_count; j++) {
			if (!location_fits(&policy->locations[j], judge->request))
				continue;
			listed = true;
			here = here || !policy->locations[j].routers || list_has(policy->locations[j].routers, router);
		}
		if ((here || !listed) && judge->facts->connections[i].router_known)
			continue;
		say(judge, "connections[%zu].router: there is no router %.100s at this location", i, router);
		change(judge, VERDICT_FAIL, "name a router of the location that has connected to this controller");
		return;
	}
}

bool peering_name_is_of(const char *name, uint32_t asn)
{
	char prefix[20];

	snprintf(prefix, sizeof(prefix), "AS%u-", asn);
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

static bool names_are_own(const struct peering_request *request)
{
	bool own = peering_name_is_of(request->name, request->peer_asn);

	for (size_t i = 0; i < request->connection_count; i++)
		own = own && peering_name_is_of(request->connections[i].name, request->peer_asn);
	return own;
}

static void judge_names(const struct judge *judge)
{
	judge->finding->inside = !names_are_own(judge->request);
	say(judge, "no name of a connection is taken");
	for (size_t i = 0; i < judge->request->connection_count; i++) {
		if (!judge->facts->connections[i].name_taken)
			continue;
		say(judge, "connections[%zu].name: the router has another connection of this name", i);
		change(judge, VERDICT_FAIL, "choose another name than %s", judge->request->connections[i].name);
		return;
	}
}

static void judge_bandwidth(const struct judge *judge)
{
	uint32_t asked = judge->request->bandwidth;
	uint32_t min = judge->policy->min_bandwidth, max = judge->policy->max_bandwidth;

	if (min == 0 && max == 0) {
		say(judge, "every bandwidth is accepted");
	} else if (asked == 0) {
		say(judge, "the bandwidth is not said");
		change(judge, VERDICT_FAIL, "set bandwidthInMbps");
	} else if (min != 0 && asked < min) {
		say(judge, "%u Mbit/s is less than the least, %u", asked, min);
		change(judge, VERDICT_FAIL, "set bandwidthInMbps to at least %u", min);
	} else if (max != 0 && asked > max) {
		say(judge, "%u Mbit/s is more than the most, %u", asked, max);
		change(judge, VERDICT_FAIL, "set bandwidthInMbps to at most %u", max);
	} else {
		say(judge, "%u Mbit/s is accepted", asked);
	}
}

static void judge_asn_lists(const struct judge *judge)
{
	uint32_t asn = judge->request->peer_asn;

	if (list_has_number(judge->policy->denied_asns, asn)) {
		say(judge, "AS%u is not accepted here", asn);
		change(judge, VERDICT_FAIL, "nothing in the request; write to this network's peering team");
	} else if (judge->policy->allowed_asns && !list_has_number(judge->policy->allowed_asns, asn)) {
		say(judge, "AS%u is none of those that are accepted here", asn);
		change(judge, VERDICT_FAIL, "nothing in the request; write to this network's peering team");
	} else {
		say(judge, "AS%u is accepted", asn);
	}
}

static void judge_peer_asn(const struct judge *judge)
{
	const char *state = judge->facts->asn_state ? judge->facts->asn_state : "None";
	uint32_t asn = judge->request->peer_asn;

	if (strcmp(state, "Approved") == 0) {
		say(judge, "peer AS%u is approved", asn);
	} else if (strcmp(state, "Failed") == 0) {
		say(judge, "the validation of peer AS%u failed: %.200s", asn,
		    judge->facts->asn_reason ? judge->facts->asn_reason : "");
		change(judge, VERDICT_FAIL, "mend that, and have the peer AS validated again");
	} else {
		say(judge, "peer AS%u is not approved (%s)", asn, state);
		change(judge, judge->policy->waits_for_asn ? VERDICT_WAIT : VERDICT_FAIL,
		       "register it by PUT /v1/peer-asns/%u, and have it validated", asn);
	}
}

static void judge_connections(const struct judge *judge)
{
	size_t count = judge->request->connection_count;

	if (count >= judge->policy->min_connections) {
		say(judge, "%zu connection%s will do", count, count == 1 ? "" : "s");
		return;
	}
	say(judge, "%zu connection%s is less than the least, %u", count, count == 1 ? "" : "s",
	    judge->policy->min_connections);
	change(judge, VERDICT_FAIL, "ask for at least %u connections", judge->policy->min_connections);
}

static void judge_different_routers(const struct judge *judge)
{
	const struct peering_request *request = judge->request;

	say(judge, judge->policy->different_routers ? "there are two routers" : "one router will do");
	if (!judge->policy->different_routers)
		return;
	for (size_t i = 1; i < request->connection_count; i++)
		if (strcmp(request->connections[i].router, request->connections[0].router) != 0)
			return;
	say(judge, "every connection is on the same router");
	change(judge, VERDICT_FAIL, "ask for connections on two routers");
}

static void judge_family(const struct judge *judge, enum peering_family family)
{
	const char *name = peering_family_names[family];

	say(judge, judge->policy->families[family].required ? "every connection has %s" : "%s is not required", name);
	if (!judge->policy->families[family].required)
		return;
	for (size_t i = 0; i < judge->request->connection_count; i++) {
		json_object *neighbors = neighbors_of(judge->request, i);
		bool has = false;

		for (size_t j = 0; j < list_length(neighbors); j++)
			has = has || peering_family_of(text_of(json_object_array_get_idx(neighbors, j), "address")) == family;
		if (has)
			continue;
		say(judge, "connections[%zu] has no neighbor with an %s address", i, name);
		change(judge, VERDICT_FAIL, "add an %s neighbor to it", name);
		return;
	}
}

static void judge_ipv4(const struct judge *judge)
{
	judge_family(judge, FAMILY_IPV4);
}

static void judge_ipv6(const struct judge *judge)
{
	judge_family(judge, FAMILY_IPV6);
}

static void judge_md5(const struct judge *judge)
{
	enum policy_md5 md5 = judge->policy->md5;

	say(judge, md5 == MD5_ALLOWED ? "MD5 is as the request says"
		   : md5 == MD5_REQUIRED ? "every session has a key for MD5"
					 : "no session has a key for MD5");
	for (size_t i = 0; md5 != MD5_ALLOWED && i < judge->request->connection_count; i++) {
		json_object *neighbors = neighbors_of(judge->request, i);

		for (size_t j = 0; j < list_length(neighbors); j++) {
			bool has = text_of(json_object_array_get_idx(neighbors, j), MD5_KEY)[0] != '\0';

			if (has == (md5 == MD5_REQUIRED))
				continue;
			say(judge, "connections[%zu].neighbors[%zu] has %s", i, j,
			    has ? "a key for MD5, which is not accepted" : "no key for MD5, which is required");
			change(judge, VERDICT_FAIL, has ? "leave its password out" : "give it a password");
			return;
		}
	}
}

static void judge_received_limit(const struct judge *judge)
{
	say(judge, "every limit on received prefixes is accepted");
	for (size_t i = 0; i < judge->request->connection_count; i++) {
		json_object *neighbors = neighbors_of(judge->request, i);

		for (size_t j = 0; j < list_length(neighbors); j++) {
			json_object *families =
				json_object_object_get(json_object_array_get_idx(neighbors, j), "families");

			for (size_t k = 0; k < list_length(families); k++) {
				json_object *family = json_object_array_get_idx(families, k);
				enum peering_family which =
					strcmp(text_of(family, "afi"), "ipv6") == 0 ? FAMILY_IPV6 : FAMILY_IPV4;
				uint32_t most = judge->policy->families[which].max_received_limit;
				int64_t asked = json_object_get_int64(json_object_object_get(family, "receivedLimit"));

				if (most == 0 || asked <= (int64_t)most)
					continue;
				say(judge, "connections[%zu].neighbors[%zu]: a limit of %lld %s prefixes is more than the "
				    "most, %u", i, j, (long long)asked, peering_family_names[which], most);
				change(judge, VERDICT_FAIL, "set its receivedLimit to at most %u", most);
				return;
			}
		}
	}
}

/* Of the families that the peering has. */
static void judge_prefixes(const struct judge *judge)
{
	uint32_t count[PEERING_FAMILIES] = {0};

	for (size_t i = 0; i < list_length(judge->request->prefixes); i++)
		count[peering_family_of(
			json_object_get_string(json_object_array_get_idx(judge->request->prefixes, i)))]++;
	say(judge, "enough prefixes are announced");
	for (int i = 0; i < PEERING_FAMILIES; i++) {
		uint32_t least = judge->policy->families[i].min_prefixes;

		if (count[i] >= least || !peering_request_has_family(judge->request, (enum peering_family)i))
			continue;
		say(judge, "%u %s prefix%s are less than the least, %u", count[i], peering_family_names[i],
		    count[i] == 1 ? "" : "es", least);
		change(judge, VERDICT_FAIL, "name the %s prefixes that you announce in prefixes, at least %u",
		       peering_family_names[i], least);
		return;
	}
}

static void judge_prefix_length(const struct judge *judge)
{
	say(judge, "every prefix has a length that is accepted");
	for (size_t i = 0; i < list_length(judge->request->prefixes); i++) {
		const char *prefix = json_object_get_string(json_object_array_get_idx(judge->request->prefixes, i));
		const struct policy_family *family = &judge->policy->families[peering_family_of(prefix)];
		uint32_t length = (uint32_t)atoi(strchr(prefix, '/') + 1);
		bool is_short = family->min_prefix_length && length < family->min_prefix_length;

		if (!is_short && !(family->max_prefix_length && length > family->max_prefix_length))
			continue;
		say(judge, "prefixes[%zu], %s, is %s than /%u", i, prefix, is_short ? "shorter" : "longer",
		    is_short ? family->min_prefix_length : family->max_prefix_length);
		change(judge, VERDICT_FAIL, "announce prefixes of at %s /%u", is_short ? "least" : "most",
		       is_short ? family->min_prefix_length : family->max_prefix_length);
		return;
	}
}

static int level_of(const char *name)
{
	for (int i = 0; check_levels[i]; i++)
		if (strcmp(check_levels[i], name) == 0)
			return i;
	return -1;
}

static void judge_checks(const struct judge *judge)
{
	say(judge, "no check is weaker than required");
	for (size_t i = 0; i < judge->request->connection_count; i++) {
		json_object *checks = json_object_object_get(judge->request->connections[i].definition, "checks");

		for (size_t j = 0; j < judge->policy->check_count; j++) {
			const char *name = judge->policy->checks[j].name;
			json_object *level = checks ? json_object_object_get(checks, name) : NULL;

			if (!level || level_of(json_object_get_string(level)) >= (int)judge->policy->checks[j].level)
				continue;
			say(judge, "connections[%zu].checks.%s is %s, at least %s is required", i, name,
			    json_object_get_string(level), check_levels[judge->policy->checks[j].level]);
			change(judge, VERDICT_FAIL, "leave it out, or set it to %s",
			       check_levels[judge->policy->checks[j].level]);
			return;
		}
	}
}

static const char *activation_of(const struct peering_policy *policy)
{
	return activation_mode_name(policy->activates ? ACTIVATION_CONTROLLER : ACTIVATION_MANUAL);
}

static void judge_activation(const struct judge *judge)
{
	const char *mode = activation_of(judge->policy);

	say(judge, judge->policy->activates ? "the controller activates" : "a person activates");
	for (size_t i = 0; i < judge->request->connection_count; i++) {
		const char *asked = text_of(judge->request->connections[i].definition, "activation");

		if (asked[0] == '\0' || strcmp(asked, mode) == 0)
			continue;
		say(judge, "connections[%zu].activation is %s, here it is %s", i, asked, mode);
		change(judge, VERDICT_FAIL, "leave it out");
		return;
	}
}

/* The first key of `object` that is none of `allowed`; NULL: there is none. */
static const char *key_beside(json_object *object, const char *const *allowed)
{
	json_object_object_foreach (object, key, value) {
		const char *const *known = allowed;

		(void)value;
		while (*known && strcmp(*known, key) != 0)
			known++;
		if (!*known)
			return key;
	}
	return NULL;
}

/* The peer's own facts alone, so that whatever else a connection can hold one day is not the peer's. */
static void judge_own(const struct judge *judge)
{
	static const char *const keys[] = {"router", "name", "peerAsn", "kind", "description", "neighbors", NULL};
	static const char *const neighbor_keys[] = {"address", "optional", "description", "families", MD5_KEY, NULL};
	static const char *const family_keys[] = {"afi", "receivedLimit", NULL};

	say(judge, "the request asks for nothing that is this network's to choose");
	for (size_t i = 0; judge->facts->by_peer && i < judge->request->connection_count; i++) {
		json_object *neighbors = neighbors_of(judge->request, i);
		const char *found = key_beside(judge->request->connections[i].definition, keys);

		for (size_t j = 0; !found && j < list_length(neighbors); j++) {
			json_object *neighbor = json_object_array_get_idx(neighbors, j);
			json_object *families = json_object_object_get(neighbor, "families");

			found = key_beside(neighbor, neighbor_keys);
			for (size_t k = 0; !found && k < list_length(families); k++)
				found = key_beside(json_object_array_get_idx(families, k), family_keys);
		}
		if (!found)
			continue;
		say(judge, "connections[%zu]: %s is this network's to choose", i, found);
		change(judge, VERDICT_FAIL, "leave %s out", found);
		return;
	}
}

/*
 * Peers choose names of their own alone: a name that is taken would tell of another network. What was stored before there
 * was this rule goes on.
 */
static void judge_own_names(const struct judge *judge)
{
	say(judge, "the names are the peer's to choose");
	if (!judge->facts->by_peer || judge->facts->stored || names_are_own(judge->request))
		return;
	say(judge, "the name of the peering, or of one of its connections, is not the peer's to choose");
	change(judge, VERDICT_FAIL, "begin each name with AS%u-", judge->request->peer_asn);
}

static const struct rule {
	const char *name;
	void (*judge)(const struct judge *judge);
} rules[] = {
	{"asn", judge_asn_lists},
	{"peer-asn", judge_peer_asn},
	{"kind", judge_kind},
	{"location", judge_location},
	{"bandwidth", judge_bandwidth},
	{"connections", judge_connections},
	{"different-routers", judge_different_routers},
	{"router", judge_routers},
	{"connection-name", judge_names},
	{"ipv4", judge_ipv4},
	{"ipv6", judge_ipv6},
	{"md5", judge_md5},
	{"received-limit", judge_received_limit},
	{"prefixes", judge_prefixes},
	{"prefix-length", judge_prefix_length},
	{"checks", judge_checks},
	{"activation", judge_activation},
	{"own-choice", judge_own},
	{"own-names", judge_own_names},
};
_Static_assert(sizeof(rules) / sizeof(rules[0]) == JUDGEMENT_RULES, "one finding for each rule");

void peering_judge(const struct peering_policy *policy, const struct peering_request *request,
		   const struct peering_facts *facts, struct judgement *judgement)
{
	memset(judgement, 0, sizeof(*judgement));
	for (size_t i = 0; i < JUDGEMENT_RULES; i++) {
		struct finding *finding = &judgement->findings[judgement->count++];
		struct judge judge = {.policy = policy, .request = request, .facts = facts, .finding = finding};

		finding->rule = rules[i].name;
		rules[i].judge(&judge);
		if (finding->verdict > judgement->verdict)
			judgement->verdict = finding->verdict;
	}
}

void judgement_hide_inside(struct judgement *judgement)
{
	judgement->verdict = VERDICT_PASS;
	for (size_t i = 0; i < judgement->count; i++) {
		struct finding *finding = &judgement->findings[i];

		if (finding->inside) {
			finding->verdict = VERDICT_PASS;
			snprintf(finding->sentence, sizeof(finding->sentence), "this network looks at it when it approves");
			finding->change[0] = '\0';
		}
		if (finding->verdict > judgement->verdict)
			judgement->verdict = finding->verdict;
	}
}

json_object *judgement_to_json(const struct judgement *judgement)
{
	json_object *array = json_object_new_array();

	for (size_t i = 0; i < judgement->count; i++) {
		const struct finding *finding = &judgement->findings[i];
		json_object *object = json_object_new_object();

		json_object_object_add(object, "rule", json_object_new_string(finding->rule));
		json_object_object_add(object, "verdict", json_object_new_string(finding_verdict_name(finding->verdict)));
		json_object_object_add(object, "sentence", json_object_new_string(finding->sentence));
		json_object_object_add(object, "change",
				       finding->change[0] ? json_object_new_string(finding->change) : NULL);
		json_object_array_add(array, object);
	}
	return array;
}

/* ---- What is pushed ---- */

static void add_where_missing(json_object *object, const char *key, const char *text)
{
	if (text && text[0] && !json_object_object_get(object, key))
		json_object_object_add(object, key, json_object_new_string(text));
}

static void compose_family(const struct policy_family *policy, json_object *family)
{
	if (policy->max_received_limit && !json_object_object_get(family, "receivedLimit"))
		json_object_object_add(family, "receivedLimit", json_object_new_int64(policy->max_received_limit));
	add_where_missing(family, "importPolicy", policy->import_policy);
	add_where_missing(family, "exportPolicy", policy->export_policy);
}

static void compose_neighbor(const struct peering_policy *policy, json_object *neighbor)
{
	json_object *families = json_object_object_get(neighbor, "families");

	if (list_length(families) == 0) {
		json_object *own = json_object_new_object();
		enum peering_family family = peering_family_of(text_of(neighbor, "address"));

		json_object_object_add(own, "afi", json_object_new_string(peering_family_names[family]));
		json_object_array_add(families, own);
	}
	for (size_t i = 0; i < list_length(families); i++) {
		json_object *family = json_object_array_get_idx(families, i);

		compose_family(&policy->families[strcmp(text_of(family, "afi"), "ipv6") == 0 ? FAMILY_IPV6 : FAMILY_IPV4],
			       family);
	}
}

json_object *peering_compose(const struct peering_policy *policy, const struct peering_request *request, size_t index)
{
	json_object *definition = NULL, *neighbors, *checks;

	if (json_object_deep_copy(request->connections[index].definition, &definition, NULL) < 0)
		return NULL;
	json_object_object_del(definition, "router");
	json_object_object_add(definition, "activation", json_object_new_string(activation_of(policy)));
	add_where_missing(definition, "description", request->description);
	add_where_missing(definition, "profile", policy->profile);
	if (policy->check_count > 0 && !json_object_object_get(definition, "checks"))
		json_object_object_add(definition, "checks", json_object_new_object());
	checks = json_object_object_get(definition, "checks");
	for (size_t i = 0; i < policy->check_count; i++)
		add_where_missing(checks, policy->checks[i].name, check_levels[policy->checks[i].level]);
	neighbors = json_object_object_get(definition, "neighbors");
	for (size_t i = 0; i < list_length(neighbors); i++)
		compose_neighbor(policy, json_object_array_get_idx(neighbors, i));
	return definition;
}
