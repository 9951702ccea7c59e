// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/protocol_features.h"

#include <string.h>

char *protocol_feature_names[PROTOCOL_FEATURE_COUNT] = {
	[PROTOCOL_PUSH_OPTIONS] = "push-options",
	[PROTOCOL_QUERIES] = "queries",
};

static bool has_options(const Peering__Push *push)
{
	return push->dry_run || push->expects_revision || push->confirm_seconds;
}

static bool (*const is_needed_by[PROTOCOL_FEATURE_COUNT])(const Peering__Push *push) = {
	[PROTOCOL_PUSH_OPTIONS] = has_options,
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
