/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The peering policy: what this network accepts from those who ask for a peering, and how it opens (the JSON file that
 * `peering-policy` names, doc/controller.md). Without a file everything is accepted, by a person.
 *
 * Main thread: hours are told in the policy's time zone, which becomes the process's.
 */
#ifndef PEERING_CONTROLLER_PEERING_POLICY_H
#define PEERING_CONTROLLER_PEERING_POLICY_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/json_reader.h"
#include "controller/peerings/peering_request.h"

#define POLICY_LIST_MAX 1000
#define POLICY_CHECKS_MAX 32
#define POLICY_HOURS_MAX 32
#define POLICY_FILE_MAX ((size_t)256 << 10)

enum policy_md5 { MD5_ALLOWED = 0, MD5_REQUIRED, MD5_FORBIDDEN };

/* Of one address family; numbers are 0 and texts NULL where nothing is said. */
struct policy_family {
	bool required; /* each connection has a neighbor of this family */
	uint32_t max_received_limit;
	uint32_t min_prefixes; /* that the peer says it announces, and that it does before the controller activates */
	uint32_t min_prefix_length, max_prefix_length;
	const char *import_policy, *export_policy;
};

struct policy_location {
	const char *metro, *facility; /* "": any */
	json_object *routers;	      /* array of names in lower case; NULL: any */
};

/* Minutes of a day; `to` at or before `from` is on the next day. */
struct policy_hours {
	unsigned int days; /* a set: bit 0 is Sunday. Of the beginning */
	unsigned int from, to;
};

enum check_level { LEVEL_OFF = 0, LEVEL_ADVISORY, LEVEL_REQUIRED };
extern const char *const check_levels[]; /* "off", "advisory", "required", NULL */

/* Every text is of `document`. */
struct peering_policy {
	json_object *document; /* as it was read */
	unsigned int kinds;    /* a set: bit N is kind N */
	struct policy_location *locations;
	size_t location_count; /* 0: any */
	uint32_t min_bandwidth, max_bandwidth; /* Mbit/s */
	struct policy_family families[PEERING_FAMILIES];
	enum policy_md5 md5;
	struct {
		const char *name;
		enum check_level level;
	} checks[POLICY_CHECKS_MAX];
	size_t check_count;
	const char *profile; /* NULL: what the request says */
	uint32_t min_connections;
	bool different_routers;
	json_object *allowed_asns, *denied_asns; /* arrays, NULL: not said */
	bool waits_for_asn;	   /* a peer AS that is not approved waits; else its request is refused */
	bool approves;		   /* what passes every rule is approved at once */
	bool activates;		   /* the controller does, within the hours */
	const char *time_zone;	   /* never NULL */
	struct policy_hours hours[POLICY_HOURS_MAX];
	size_t hour_count; /* 0: always */
};

/* What there is without a file. NULL where memory is short. */
struct peering_policy *peering_policy_default(void);
/* NULL with a sentence in `error` that names the file and the place. */
struct peering_policy *peering_policy_read(const char *path, char *error, size_t error_size);
/* The same of a text, for tests and for peering_policy_read(). */
struct peering_policy *peering_policy_parse(const char *text, size_t size, struct json_fault *fault);
void peering_policy_free(struct peering_policy *policy);

/* Whether the controller may activate at this time (Unix milliseconds). */
bool peering_policy_in_hours(const struct peering_policy *policy, int64_t at);

#endif
