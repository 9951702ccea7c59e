// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/peerings/peering_policy.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/connection_name.h"

#define DAY_MINUTES 1440
#define WEEK_MINUTES (7 * DAY_MINUTES)
#define NAME_MAX_BYTES 253
#define ZONE_FOLDER "/usr/share/zoneinfo/"
#define ZONE_MAX 64
#define BANDWIDTH_MOST 10000000

static const char *const by_names[] = {"person", "controller", NULL};
const char *const check_levels[] = {"off", "advisory", "required", NULL};

/* ---- Reading ---- */

static bool read_kinds(json_object *body, struct peering_policy *policy, struct json_fault *fault)
{
	json_object *list = NULL;

	policy->kinds = (1u << KIND_COUNT) - 1;
	if (!json_read_list(body, "", "kinds", KIND_COUNT, &list, fault))
		return false;
	if (!list)
		return true;
	policy->kinds = 0;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const char *name = json_object_get_string(json_object_array_get_idx(list, i));
		int kind = name ? connection_kind_from_name(name) : -1;

		if (kind < 0)
			return json_refuse(fault, "bad-value", "kinds[%zu] must be direct, exchange or route-server", i);
		policy->kinds |= 1u << kind;
	}
	return policy->kinds != 0 ? true
				  : json_refuse(fault, "bad-value", "kinds is empty, so nothing is accepted; remove it");
}

/* Names of routers are compared in lower case. */
static bool read_routers(json_object *object, const char *where, struct policy_location *location,
			 struct json_fault *fault)
{
	json_object *list = NULL;

	if (!json_read_list(object, where, "routers", POLICY_LIST_MAX, &list, fault))
		return false;
	if (!list)
		return true;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		json_object *entry = json_object_array_get_idx(list, i);
		char name[NAME_MAX_BYTES + 1] = "";
		const char *given = json_object_is_type(entry, json_type_string) ? json_object_get_string(entry) : "";

		if (given[0] == '\0' || strlen(given) >= sizeof(name))
			return json_refuse(fault, "bad-value", "%srouters[%zu] must be the name of a router", where, i);
		for (size_t at = 0; given[at]; at++)
			name[at] = (char)tolower((unsigned char)given[at]);
		json_object_array_put_idx(list, i, json_object_new_string(name));
	}
	location->routers = list;
	return true;
}

static bool read_locations(json_object *body, struct peering_policy *policy, struct json_fault *fault)
{
	static const char *const keys[] = {"metro", "facility", "routers", NULL};
	json_object *list = NULL;

	if (!json_read_list(body, "", "locations", POLICY_LIST_MAX, &list, fault))
		return false;
	if (!list)
		return true;
	policy->locations = calloc(json_object_array_length(list) + 1, sizeof(*policy->locations));
	if (!policy->locations)
		return json_refuse(fault, "no-memory", "memory is short; try again");
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct policy_location *location = &policy->locations[i];
		json_object *entry = json_object_array_get_idx(list, i);
		char where[40];

		snprintf(where, sizeof(where), "locations[%zu].", i);
		location->metro = location->facility = "";
		if (!json_read_object(entry, where, keys, fault) ||
		    !json_read_text(entry, where, "metro", PEERING_WORDS_MAX, &location->metro, fault) ||
		    !json_read_text(entry, where, "facility", PEERING_WORDS_MAX, &location->facility, fault) ||
		    !read_routers(entry, where, location, fault))
			return false;
		policy->location_count = i + 1;
	}
	return policy->location_count > 0
		       ? true
		       : json_refuse(fault, "bad-value", "locations is empty, so nothing is accepted; remove it");
}

static bool read_number(json_object *object, const char *where, const char *key, int64_t most, uint32_t *number,
			struct json_fault *fault)
{
	int64_t value = *number;

	if (!json_read_number(object, where, key, 1, most, &value, fault))
		return false;
	*number = (uint32_t)value;
	return true;
}

static bool in_order(const char *where, const char *least, uint32_t min, const char *most, uint32_t max,
		     struct json_fault *fault)
{
	return min == 0 || max == 0 || min <= max
		       ? true
		       : json_refuse(fault, "bad-value", "%s%s is above %s, so nothing is accepted", where, least, most);
}

static bool read_bandwidth(json_object *body, struct peering_policy *policy, struct json_fault *fault)
{
	return read_number(body, "", "minBandwidthInMbps", BANDWIDTH_MOST, &policy->min_bandwidth, fault) &&
	       read_number(body, "", "maxBandwidthInMbps", BANDWIDTH_MOST, &policy->max_bandwidth, fault) &&
	       in_order("", "minBandwidthInMbps", policy->min_bandwidth, "maxBandwidthInMbps", policy->max_bandwidth,
			fault);
}

static bool read_family(json_object *body, enum peering_family which, struct peering_policy *policy,
			struct json_fault *fault)
{
	static const char *const keys[] = {"required",	      "maxReceivedLimit", "minPrefixes",  "minPrefixLength",
					   "maxPrefixLength", "importPolicy",	  "exportPolicy", NULL};
	struct policy_family *family = &policy->families[which];
	int64_t bits = which == FAMILY_IPV4 ? 32 : 128;
	json_object *object;
	char where[16];

	if (!json_object_object_get_ex(body, peering_family_names[which], &object))
		return true;
	snprintf(where, sizeof(where), "%s.", peering_family_names[which]);
	return json_read_object(object, where, keys, fault) &&
	       json_read_flag(object, where, "required", &family->required, fault) &&
	       read_number(object, where, "maxReceivedLimit", UINT32_MAX, &family->max_received_limit, fault) &&
	       read_number(object, where, "minPrefixes", UINT32_MAX, &family->min_prefixes, fault) &&
	       read_number(object, where, "minPrefixLength", bits, &family->min_prefix_length, fault) &&
	       read_number(object, where, "maxPrefixLength", bits, &family->max_prefix_length, fault) &&
	       in_order(where, "minPrefixLength", family->min_prefix_length, "maxPrefixLength",
			family->max_prefix_length, fault) &&
	       in_order(where, "minPrefixes", family->min_prefixes, "maxReceivedLimit", family->max_received_limit,
			fault) &&
	       json_read_text(object, where, "importPolicy", 128, &family->import_policy, fault) &&
	       json_read_text(object, where, "exportPolicy", 128, &family->export_policy, fault);
}

static bool read_checks(json_object *body, struct peering_policy *policy, struct json_fault *fault)
{
	json_object *object;

	if (!json_object_object_get_ex(body, "checks", &object))
		return true;
	if (!json_object_is_type(object, json_type_object) || json_object_object_length(object) > POLICY_CHECKS_MAX)
		return json_refuse(fault, "bad-value", "checks must be an object such as {\"rpki\": \"required\"}");
	json_object_object_foreach (object, name, level) {
		int index = LEVEL_OFF;

		(void)level;
		/* Which checks there are the routers know. */
		if (connection_name_error(name))
			return json_refuse(fault, "bad-value", "checks: \"%.60s\" is no name of a check", name);
		if (!json_read_word(object, "checks.", name, check_levels, &index, fault))
			return false;
		policy->checks[policy->check_count].name = name;
		policy->checks[policy->check_count++].level = (enum check_level)index;
	}
	return true;
}

static bool read_connections(json_object *body, struct peering_policy *policy, struct json_fault *fault)
{
	static const char *const keys[] = {"min", "differentRouters", NULL};
	json_object *object;

	if (!json_object_object_get_ex(body, "connections", &object))
		return true;
	return json_read_object(object, "connections.", keys, fault) &&
	       read_number(object, "connections.", "min", PEERING_CONNECTIONS_MAX, &policy->min_connections, fault) &&
	       json_read_flag(object, "connections.", "differentRouters", &policy->different_routers, fault);
}

static bool read_asn_list(json_object *object, const char *key, json_object **list, struct json_fault *fault)
{
	if (!json_read_list(object, "asns.", key, POLICY_LIST_MAX, list, fault))
		return false;
	for (size_t i = 0; *list && i < json_object_array_length(*list); i++) {
		json_object *entry = json_object_array_get_idx(*list, i);
		int64_t asn = json_object_is_type(entry, json_type_int) ? json_object_get_int64(entry) : 0;

		if (asn < 1 || asn > UINT32_MAX)
			return json_refuse(fault, "bad-asn", "asns.%s[%zu] must be an AS number, 1 to 4294967295", key, i);
	}
	return true;
}

static bool read_asns(json_object *body, struct peering_policy *policy, struct json_fault *fault)
{
	static const char *const keys[] = {"allowed", "denied", "notApproved", NULL};
	static const char *const words[] = {"wait", "refuse", NULL};
	json_object *object;
	int not_approved = 0;

	policy->waits_for_asn = true;
	if (!json_object_object_get_ex(body, "asns", &object))
		return true;
	if (!json_read_object(object, "asns.", keys, fault) ||
	    !read_asn_list(object, "allowed", &policy->allowed_asns, fault) ||
	    !read_asn_list(object, "denied", &policy->denied_asns, fault) ||
	    !json_read_word(object, "asns.", "notApproved", words, &not_approved, fault))
		return false;
	policy->waits_for_asn = not_approved == 0;
	return true;
}

/* "09:00" to minutes; "24:00" is the end of the day. -1 where it is neither. */
static int minutes_of(const char *text)
{
	int hours, minutes;

	if (strlen(text) != 5 || text[2] != ':' || !isdigit((unsigned char)text[0]) ||
	    !isdigit((unsigned char)text[1]) || !isdigit((unsigned char)text[3]) || !isdigit((unsigned char)text[4]))
		return -1;
	hours = (text[0] - '0') * 10 + text[1] - '0';
	minutes = (text[3] - '0') * 10 + text[4] - '0';
	return minutes < 60 && hours * 60 + minutes <= DAY_MINUTES ? hours * 60 + minutes : -1;
}

static bool read_days(json_object *object, const char *where, struct policy_hours *hours, struct json_fault *fault)
{
	static const char *const days[] = {"sunday",   "monday", "tuesday",  "wednesday",
					   "thursday", "friday", "saturday", NULL};
	json_object *list = NULL;

	hours->days = 0x7f;
	if (!json_read_list(object, where, "days", 7, &list, fault))
		return false;
	if (!list)
		return true;
	hours->days = 0;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const char *name = json_object_get_string(json_object_array_get_idx(list, i));
		int day = 0;

		while (days[day] && (!name || strcmp(days[day], name) != 0))
			day++;
		if (!days[day])
			return json_refuse(fault, "bad-value", "%sdays[%zu] must be a day such as monday", where, i);
		hours->days |= 1u << day;
	}
	return hours->days != 0 ? true : json_refuse(fault, "bad-value", "%sdays is empty; remove it", where);
}

static bool read_hours(json_object *object, const char *where, struct policy_hours *hours, struct json_fault *fault)
{
	static const char *const keys[] = {"days", "from", "to", NULL};
	const char *from = "00:00", *to = "24:00";
	int begin, end;

	if (!json_read_object(object, where, keys, fault) || !read_days(object, where, hours, fault) ||
	    !json_read_text(object, where, "from", 5, &from, fault) ||
	    !json_read_text(object, where, "to", 5, &to, fault))
		return false;
	begin = minutes_of(from);
	end = minutes_of(to);
	if (begin < 0 || begin == DAY_MINUTES || end < 0)
		return json_refuse(fault, "bad-value", "%s%s must be a time of day such as \"09:30\"", where,
				   end < 0 ? "to" : "from");
	if (begin == end)
		return json_refuse(fault, "bad-value", "%sfrom and to are the same; the whole day is 00:00 to 24:00",
				   where);
	hours->from = (unsigned int)begin;
	hours->to = (unsigned int)end;
	return true;
}

/* A name of the system's list of time zones; UTC is there without one. */
static bool zone_exists(const char *zone)
{
	char path[sizeof(ZONE_FOLDER) + ZONE_MAX];

	if (strcmp(zone, "UTC") == 0)
		return true;
	if (zone[0] == '\0' || zone[0] == '/' || strstr(zone, "..") || strlen(zone) > ZONE_MAX)
		return false;
	for (const char *at = zone; *at; at++)
		if (!isalnum((unsigned char)*at) && !strchr("/_+-", *at))
			return false;
	snprintf(path, sizeof(path), ZONE_FOLDER "%s", zone);
	/* A folder is none. */
	return access(path, R_OK) == 0 && access(path, X_OK) != 0;
}

static bool read_activation(json_object *body, struct peering_policy *policy, struct json_fault *fault)
{
	static const char *const keys[] = {"by", "timeZone", "hours", NULL};
	json_object *object, *list = NULL;
	int by = 0;

	policy->time_zone = "UTC";
	if (!json_object_object_get_ex(body, "activation", &object))
		return true;
	if (!json_read_object(object, "activation.", keys, fault) ||
	    !json_read_word(object, "activation.", "by", by_names, &by, fault) ||
	    !json_read_text(object, "activation.", "timeZone", ZONE_MAX, &policy->time_zone, fault) ||
	    !json_read_list(object, "activation.", "hours", POLICY_HOURS_MAX, &list, fault))
		return false;
	policy->activates = by == 1;
	if (!zone_exists(policy->time_zone))
		return json_refuse(fault, "bad-value",
				   "activation.timeZone \"%s\" is no time zone of this machine; give one such as "
				   "Europe/Berlin (" ZONE_FOLDER ", package tzdata)",
				   policy->time_zone);
	if (list && !policy->activates)
		return json_refuse(fault, "bad-value",
				   "activation.hours are the controller's; with activation.by person remove them");
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		char where[48];

		snprintf(where, sizeof(where), "activation.hours[%zu].", i);
		if (!read_hours(json_object_array_get_idx(list, i), where, &policy->hours[i], fault))
			return false;
		policy->hour_count = i + 1;
	}
	return !list || policy->hour_count > 0
		       ? true
		       : json_refuse(fault, "bad-value", "activation.hours is empty; remove it, which means always");
}

static bool read_document(json_object *body, struct peering_policy *policy, struct json_fault *fault)
{
	static const char *const keys[] = {"kinds",  "locations", "minBandwidthInMbps", "maxBandwidthInMbps",
					   "ipv4",   "ipv6",	  "md5",		"checks",
					   "profile", "connections", "asns",		"approval",
					   "activation", NULL};
	static const char *const md5_words[] = {"allowed", "required", "forbidden", NULL};
	static const char *const approval_words[] = {"person", "automatic", NULL};
	int md5 = MD5_ALLOWED, approval = 0;

	if (!json_read_object(body, "", keys, fault) || !read_kinds(body, policy, fault) ||
	    !read_locations(body, policy, fault) || !read_bandwidth(body, policy, fault) ||
	    !read_family(body, FAMILY_IPV4, policy, fault) || !read_family(body, FAMILY_IPV6, policy, fault) ||
	    !json_read_word(body, "", "md5", md5_words, &md5, fault) || !read_checks(body, policy, fault) ||
	    !json_read_text(body, "", "profile", CONNECTION_NAME_MAX - 1, &policy->profile, fault) ||
	    !read_connections(body, policy, fault) || !read_asns(body, policy, fault) ||
	    !json_read_word(body, "", "approval", approval_words, &approval, fault) ||
	    !read_activation(body, policy, fault))
		return false;
	policy->md5 = (enum policy_md5)md5;
	policy->approves = approval == 1;
	return true;
}

struct peering_policy *peering_policy_parse(const char *text, size_t size, struct json_fault *fault)
{
	struct peering_policy *policy = calloc(1, sizeof(*policy));

	if (!policy) {
		json_refuse(fault, "no-memory", "memory is short; try again");
		return NULL;
	}
	policy->document = json_parse(text, size, fault);
	if (policy->document && read_document(policy->document, policy, fault))
		return policy;
	peering_policy_free(policy);
	return NULL;
}

struct peering_policy *peering_policy_default(void)
{
	struct json_fault fault;

	return peering_policy_parse("{}", 2, &fault);
}

struct peering_policy *peering_policy_read(const char *path, char *error, size_t error_size)
{
	struct json_fault fault = {.code = ""};
	struct peering_policy *policy = NULL;
	FILE *file = fopen(path, "re");
	char *text = malloc(POLICY_FILE_MAX + 1);
	size_t size;

	if (!file || !text) {
		snprintf(error, error_size, "%s: cannot read: %s", path, strerror(errno));
	} else {
		size = fread(text, 1, POLICY_FILE_MAX, file);
		text[size] = '\0';
		if (ferror(file))
			snprintf(error, error_size, "%s: cannot read: %s", path, strerror(errno));
		else if (size == POLICY_FILE_MAX)
			snprintf(error, error_size, "%s: the file is larger than %zu bytes", path, POLICY_FILE_MAX - 1);
		else if (!(policy = peering_policy_parse(text, size, &fault)))
			snprintf(error, error_size, "%s: %s", path, fault.sentence);
	}
	free(text);
	if (file)
		fclose(file);
	return policy;
}

void peering_policy_free(struct peering_policy *policy)
{
	if (!policy)
		return;
	json_object_put(policy->document);
	free(policy->locations);
	free(policy);
}

/* ---- Hours ---- */

/* Nothing else here tells local time, and the variable is only ever replaced by another value. */
static void use_zone(const char *zone)
{
	const char *now = getenv("TZ");

	if (now && strcmp(now, zone) == 0)
		return;
	setenv("TZ", zone, 1);
	tzset();
}

bool peering_policy_in_hours(const struct peering_policy *policy, int64_t at)
{
	time_t seconds = (time_t)(at / 1000);
	struct tm local;
	unsigned int now;

	if (policy->hour_count == 0)
		return true;
	use_zone(policy->time_zone);
	if (!localtime_r(&seconds, &local))
		return false;
	now = (unsigned int)(local.tm_wday * DAY_MINUTES + local.tm_hour * 60 + local.tm_min);
	for (size_t i = 0; i < policy->hour_count; i++) {
		const struct policy_hours *hours = &policy->hours[i];
		unsigned int length = (hours->to + DAY_MINUTES - hours->from) % DAY_MINUTES;

		if (length == 0)
			length = DAY_MINUTES;
		for (unsigned int day = 0; day < 7; day++) {
			unsigned int begin = day * DAY_MINUTES + hours->from;

			if (hours->days & (1u << day) && (now + WEEK_MINUTES - begin) % WEEK_MINUTES < length)
				return true;
		}
	}
	return false;
}
