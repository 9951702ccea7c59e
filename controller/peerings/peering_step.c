// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/peerings/peering_step.h"

#include <json-c/json.h>
#include <string.h>

#include "lib/lifecycle.h"

/* A report of what a push did may come this much later than its answer. */
#define SETTLED_MILLISECONDS 5000
#define REFUSED_MILLISECONDS 300000

static bool is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static bool passed_since(int64_t then, int64_t milliseconds, int64_t now)
{
	/* A clock that was set back must not stop everything. */
	return now < then || now - then >= milliseconds;
}

/* What the router says and does not say of the connection is how it is. */
static bool settled(const struct store_peering_connection *row, int64_t now)
{
	return !is(row->push_state, "queued") && passed_since(row->snapshot_at, SETTLED_MILLISECONDS, now) &&
	       passed_since(row->answered_at, SETTLED_MILLISECONDS, now);
}

static bool may_ask(const struct store_peering_connection *row, const char *verb, int64_t now)
{
	if (is(row->push_state, "queued"))
		return false;
	if (!is(row->asked, verb))
		return true;
	return passed_since(row->answered_at, is(row->push_state, "refused") ? REFUSED_MILLISECONDS : SETTLED_MILLISECONDS,
			    now);
}

/* ---- What the router reports of it ---- */

static json_object *member(json_object *object, const char *key)
{
	json_object *value = NULL;

	return json_object_is_type(object, json_type_object) && json_object_object_get_ex(object, key, &value) ? value
													       : NULL;
}

static const char *text_of(json_object *object, const char *key)
{
	json_object *value = member(object, key);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

static size_t list_length(json_object *list)
{
	return json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
}

/* *required counts the required checks. */
static bool checks_pass(json_object *detail, size_t *required)
{
	json_object *checks = member(detail, "checks");
	bool pass = true;

	*required = 0;
	for (size_t i = 0; i < list_length(checks); i++) {
		json_object *check = json_object_array_get_idx(checks, i);

		if (!is(text_of(check, "level"), "required"))
			continue;
		(*required)++;
		pass = pass && is(text_of(check, "verdict"), "pass");
	}
	return pass;
}

/* Each family that it has sessions of announces as many prefixes as the policy wants. */
static bool enough_prefixes(json_object *detail, const struct peering_policy *policy)
{
	json_object *sessions = member(detail, "sessions");
	int64_t received[PEERING_FAMILIES] = {0};
	bool has[PEERING_FAMILIES] = {false};

	for (size_t i = 0; i < list_length(sessions); i++) {
		json_object *session = json_object_array_get_idx(sessions, i);

		for (int family = 0; family < PEERING_FAMILIES; family++) {
			if (!is(text_of(session, "afi"), peering_family_names[family]))
				continue;
			has[family] = true;
			received[family] += json_object_get_int64(member(session, "receivedCount"));
		}
	}
	for (int family = 0; family < PEERING_FAMILIES; family++)
		if (has[family] && received[family] < (int64_t)policy->families[family].min_prefixes)
			return false;
	return true;
}

/* ---- Phases ---- */

static struct peering_step declare(const struct store_peering_connection *row, int64_t now)
{
	/* Before the first push nothing of this name is ours. */
	if (!is(row->asked, STORE_REQUEST)) {
		if (row->observed[0] && !is(row->observed, connection_state_name(STATE_NONE)))
			return (struct peering_step){.phase = "failed",
						     .problem = "the router has another connection of this name"};
		return (struct peering_step){.verb = STORE_REQUEST};
	}
	if (is(row->push_state, "applied"))
		return (struct peering_step){.phase = "configure", .declared = true};
	if (is(row->push_state, "refused"))
		return (struct peering_step){.phase = "failed",
					     .problem = row->push_message[0] ? row->push_message
									     : "the router refused it, see its log"};
	if (is(row->push_state, "queued"))
		return (struct peering_step){0};
	/* Nobody knows whether the router did it: it shows. */
	if (row->observed_asn == row->peer_asn && row->observed[0] &&
	    !is(row->observed, connection_state_name(STATE_NONE)) &&
	    !is(row->observed, connection_state_name(STATE_PENDING_APPROVAL)))
		return (struct peering_step){.phase = "configure", .declared = true};
	return settled(row, now) ? (struct peering_step){.verb = STORE_REQUEST} : (struct peering_step){0};
}

static struct peering_step configure(const struct store_peering_connection *row, int64_t now)
{
	int state = connection_state_from_name(row->observed);
	json_object *detail;
	size_t required;
	bool linked;

	if (state == STATE_PROVISIONING_COMPLETED || state == STATE_VALIDATING || state == STATE_ACTIVE)
		return (struct peering_step){.phase = "validate", .declared = true};
	if ((state != STATE_PROVISIONING_STARTED && state != STATE_APPROVED) || row->configured_at == 0 ||
	    !may_ask(row, "ready", now))
		return (struct peering_step){0};
	/* The link test comes first where it is required. */
	detail = json_tokener_parse(row->detail);
	linked = checks_pass(detail, &required);
	json_object_put(detail);
	return linked ? (struct peering_step){.verb = "ready"} : (struct peering_step){0};
}

static struct peering_step validate(const struct store_peering_connection *row, const struct peering_policy *policy,
				    int64_t now)
{
	int state = connection_state_from_name(row->observed);
	json_object *detail;
	size_t required;
	bool good;

	if (state == STATE_ACTIVE)
		return (struct peering_step){.phase = "service", .declared = true};
	if (state == STATE_PENDING_APPROVAL || state == STATE_APPROVED || state == STATE_PROVISIONING_STARTED)
		return (struct peering_step){.phase = "configure", .declared = true};
	if (state != STATE_VALIDATING || !policy->activates ||
	    !is(row->activation, activation_mode_name(ACTIVATION_CONTROLLER)) || !may_ask(row, "activate", now) ||
	    !peering_policy_in_hours(policy, now))
		return (struct peering_step){0};
	detail = json_tokener_parse(row->detail);
	good = checks_pass(detail, &required) && required > 0 && enough_prefixes(detail, policy);
	json_object_put(detail);
	return good ? (struct peering_step){.verb = "activate"} : (struct peering_step){0};
}

/* The verb that ends a connection in this state; NULL: it is ending, or nobody knows the state. */
static const char *ending_verb(int state)
{
	switch (state) {
	case STATE_ACTIVE:
	case STATE_TYPE_CHANGE_REQUESTED:
	case STATE_TYPE_CHANGE_IN_PROGRESS:
		return "deprovision";
	case STATE_PENDING_APPROVAL:
	case STATE_APPROVED:
	case STATE_PROVISIONING_FAILED:
		return "withdraw";
	case STATE_PROVISIONING_STARTED:
	case STATE_PROVISIONING_COMPLETED:
	case STATE_VALIDATING:
	case STATE_EXTERNAL_BLOCKER:
		return "force-cancel";
	default:
		return NULL;
	}
}

static struct peering_step take_away(const struct store_peering_connection *row, int64_t now)
{
	const char *verb = ending_verb(connection_state_from_name(row->observed));

	if (row->observed[0] == '\0' || is(row->observed, connection_state_name(STATE_NONE)))
		return settled(row, now) ? (struct peering_step){.phase = "removed"} : (struct peering_step){0};
	return verb && may_ask(row, verb, now) ? (struct peering_step){.verb = verb} : (struct peering_step){0};
}

struct peering_step peering_next_step(const struct store_peering_connection *row, const struct peering_policy *policy,
				      int64_t now)
{
	if (is(row->phase, "declare"))
		return declare(row, now);
	if (is(row->phase, "configure"))
		return configure(row, now);
	if (is(row->phase, "validate"))
		return validate(row, policy, now);
	if (is(row->phase, "remove"))
		return take_away(row, now);
	return (struct peering_step){0};
}

const char *peering_step_waits_for(const struct store_peering_connection *row, const struct peering_policy *policy,
				   int64_t now)
{
	if (is(row->phase, "waiting"))
		return "the approval of the peering";
	if (is(row->phase, "failed"))
		return "a person: approve the peering again once it is mended";
	if ((is(row->phase, "declare") || is(row->phase, "remove")) && !row->connected)
		return PEERING_STEP_ROUTER_AWAY;
	if (is(row->phase, "declare") || is(row->phase, "remove"))
		return PEERING_STEP_ROUTER;
	if (is(row->phase, "configure"))
		return row->configured_at == 0 ? "the other side: it has not said that BGP is configured"
					       : "the router, which starts the sessions";
	if (!is(row->phase, "validate"))
		return "";
	if (connection_state_from_name(row->observed) != STATE_VALIDATING)
		return "the sessions";
	if (!policy->activates || !is(row->activation, activation_mode_name(ACTIVATION_CONTROLLER)))
		return "its validation, and then a person who activates it";
	return peering_policy_in_hours(policy, now) ? "its validation"
						    : "its validation, and the hours in which the controller activates";
}
