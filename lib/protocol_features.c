// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/protocol_features.h"

#include <string.h>

char *protocol_feature_names[PROTOCOL_FEATURE_COUNT] = {
	[PROTOCOL_PUSH_OPTIONS] = "push-options",
	[PROTOCOL_SESSION_SETTINGS] = "session-settings",
	[PROTOCOL_POLICY_OBJECTS] = "policy-objects",
	[PROTOCOL_QUERIES] = "queries",
	[PROTOCOL_PUSHED_STATE] = "pushed-state",
	[PROTOCOL_CONFIRMED_POLICIES] = "confirmed-policies",
};

static bool has_options(const Peering__Push *push)
{
	return push->dry_run || push->expects_revision || push->confirm_seconds;
}

static bool states_session(const Peering__Neighbor *neighbor)
{
	return neighbor->password[0] || neighbor->ttl_security_hops || neighbor->bfd || neighbor->keepalive ||
	       neighbor->hold_time || neighbor->connect_retry || neighbor->role[0] || neighbor->local_address[0];
}

static bool states_settings(const Peering__DeclareConnection *declaration)
{
	for (size_t i = 0; i < declaration->n_neighbors; i++)
		if (states_session(declaration->neighbors[i]))
			return true;
	return declaration->establish_timer || declaration->validation_timer || declaration->stale_timer ||
	       declaration->drain_timer;
}

static bool has_session_settings(const Peering__Push *push)
{
	for (size_t i = 0; i < push->n_operations; i++)
		if (push->operations[i]->operation_case == PEERING__OPERATION__OPERATION_DECLARE &&
		    states_settings(push->operations[i]->declare))
			return true;
	return false;
}

static bool has_policies(const Peering__Push *push)
{
	for (size_t i = 0; i < push->n_operations; i++)
		if (push->operations[i]->operation_case == PEERING__OPERATION__OPERATION_POLICY ||
		    push->operations[i]->operation_case == PEERING__OPERATION__OPERATION_WITHDRAW_POLICY)
			return true;
	return false;
}

static bool has_policies_to_confirm(const Peering__Push *push)
{
	return push->confirm_seconds && has_policies(push);
}

static bool (*const is_needed_by[PROTOCOL_FEATURE_COUNT])(const Peering__Push *push) = {
	[PROTOCOL_PUSH_OPTIONS] = has_options,
	[PROTOCOL_SESSION_SETTINGS] = has_session_settings,
	[PROTOCOL_POLICY_OBJECTS] = has_policies,
	[PROTOCOL_CONFIRMED_POLICIES] = has_policies_to_confirm,
};

protocol_feature_set protocol_features_read(char *const *names, size_t count)
{
	protocol_feature_set set = 0;

	for (size_t i = 0; i < count; i++)
		for (unsigned int feature = 0; feature < PROTOCOL_FEATURE_COUNT; feature++)
			if (strcmp(names[i], protocol_feature_names[feature]) == 0)
				set |= UINT32_C(1) << feature;
	return set;
}

bool protocol_has_feature(protocol_feature_set set, enum protocol_feature feature)
{
	return set & (UINT32_C(1) << feature);
}

protocol_feature_set protocol_features_of_push(const Peering__Push *push)
{
	protocol_feature_set set = 0;

	for (unsigned int feature = 0; feature < PROTOCOL_FEATURE_COUNT; feature++)
		if (is_needed_by[feature] && is_needed_by[feature](push))
			set |= UINT32_C(1) << feature;
	return set;
}
