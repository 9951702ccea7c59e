// SPDX-License-Identifier: GPL-2.0-or-later
/* What the controller's pushes have made of this router: the revision, and the push that is still to be confirmed. */
#include "bgpd-peering/show/show.h"

#include "bgpd-peering/connection/deadline.h"
#include "bgpd-peering/push/push_confirm.h"
#include "bgpd-peering/push/push_revision.h"

#include <json-c/json.h>

void show_unconfirmed_push(char *text, size_t size)
{
	const struct unconfirmed_push *push = push_unconfirmed();
	uint64_t left;

	text[0] = '\0';
	if (!push)
		return;
	left = deadline_seconds_left(push->ends);
	if (left)
		snprintf(text, size, "the push %s is rolled back in %llu:%02llu unless the controller confirms it", push->id,
			 (unsigned long long)left / 60, (unsigned long long)left % 60);
	else
		snprintf(text, size, "the push %s is being rolled back", push->id);
}

json_object *show_pushes_json(void)
{
	const struct unconfirmed_push *push = push_unconfirmed();
	json_object *object = json_object_new_object(), *waiting = NULL, *names, *policies;

	show_json_number(object, "revision", push_revision());
	show_json_text(object, "revisionOf", push_revision() ? push_revision_of() : NULL);
	if (push) {
		waiting = json_object_new_object();
		names = json_object_new_array();
		policies = json_object_new_array();
		show_json_text(waiting, "push", push->id);
		show_json_text(waiting, "actor", push->actor);
		show_json_number(waiting, "secondsLeft", deadline_seconds_left(push->ends));
		for (size_t i = 0; i < push->before_count; i++)
			json_object_array_add(names, json_object_new_string(push->before[i].name));
		for (size_t i = 0; i < push->policies.count; i++)
			json_object_array_add(policies, json_object_new_string(push->policies.list[i].name));
		json_object_object_add(waiting, "connections", names);
		json_object_object_add(waiting, "policies", policies);
	}
	json_object_object_add(object, "unconfirmed", waiting);
	return object;
}
