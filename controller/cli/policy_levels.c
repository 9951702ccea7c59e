// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/cli/policy_levels.h"

#include <stdbool.h>
#include <stddef.h>

static int level_of(json_object *levels, const char *name)
{
	json_object *level = NULL;

	return json_object_object_get_ex(levels, name, &level) ? json_object_get_int(level) : 0;
}

/* Each call is looked at once. False: nothing was to be raised. */
static bool raise_levels(json_object *levels, json_object *calls)
{
	bool raised = false;

	json_object_object_foreach(calls, name, called)
	{
		int before = level_of(levels, name), level = before;

		for (size_t i = 0; i < json_object_array_length(called); i++) {
			int below = level_of(levels, json_object_get_string(json_object_array_get_idx(called, i)));

			if (below >= level)
				level = below + 1;
		}
		if (level > POLICY_LEVELS_MAX)
			level = POLICY_LEVELS_MAX;
		if (level != before)
			json_object_object_add(levels, name, json_object_new_int(level));
		raised |= level != before;
	}
	return raised;
}

json_object *policy_levels(json_object *calls)
{
	json_object *levels = json_object_new_object();

	json_object_object_foreach(calls, name, called)
	{
		(void)called;
		json_object_object_add(levels, name, json_object_new_int(1));
	}
	/* Each round has every level right that is not above its number. */
	for (int round = 1; round < POLICY_LEVELS_MAX && raise_levels(levels, calls); round++)
		;
	return levels;
}
