// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/push/push_record.h"

#include "bgpd-peering/journal/journal_line.h"
#include "bgpd-peering/push/push_answers.h"

#include "lib/journal_json.h"

void unconfirmed_push_clear(struct unconfirmed_push *unconfirmed)
{
	for (size_t i = 0; i < unconfirmed->before_count; i++)
		if (unconfirmed->before[i].declaration)
			peering__declare_connection__free_unpacked(unconfirmed->before[i].declaration, NULL);
	XFREE(MTYPE_PEERING_TEXT, unconfirmed->before);
	push_policies_clear(&unconfirmed->policies);
	*unconfirmed = (struct unconfirmed_push){.id = ""};
}

void push_record_clear(struct push_record *record)
{
	for (size_t i = 0; i < record->answer_count; i++)
		push_answer_free(record->answers[i]);
	record->answer_count = 0;
	unconfirmed_push_clear(&record->unconfirmed);
}

/* ---- to JSON ---- */

/* How many operations it has, and the codes of those that were not done: all of them, mostly. */
static json_object *answer_to_json(const Peering__PushResult *answer)
{
	json_object *object = json_object_new_object(), *codes = json_object_new_object();

	journal_add_text(object, "push", answer->id);
	journal_add_number(object, "revision", answer->revision);
	if (answer->rolled_back)
		json_object_object_add(object, "rolledBack", json_object_new_boolean(true));
	journal_add_number(object, "operations", answer->n_results);
	for (size_t i = 0; i < answer->n_results; i++) {
		char index[24];

		snprintf(index, sizeof(index), "%zu", i);
		/* Of a push that was rolled back each has the same one. */
		if (!answer->results[i]->ok && !answer->rolled_back)
			journal_add_text(codes, index, answer->results[i]->code);
	}
	if (json_object_object_length(codes))
		json_object_object_add(object, "codes", codes);
	else
		json_object_put(codes);
	return object;
}

static json_object *unconfirmed_to_json(const struct unconfirmed_push *unconfirmed)
{
	json_object *object = json_object_new_object(), *before = json_object_new_array();

	journal_add_text(object, "push", unconfirmed->id);
	journal_add_text(object, "actor", unconfirmed->actor);
	journal_add_number(object, "seconds", unconfirmed->seconds);
	journal_add_number(object, "ends", unconfirmed->ends);
	journal_add_number(object, "endsAt", unconfirmed->ends_at);
	journal_add_text(object, "boot", unconfirmed->boot_id);
	for (size_t i = 0; i < unconfirmed->before_count; i++) {
		const struct former_declaration *former = &unconfirmed->before[i];
		json_object *one = json_object_new_object();

		journal_add_text(one, "name", former->name);
		if (former->ended)
			json_object_object_add(one, "ended", json_object_new_boolean(true));
		if (former->drains)
			json_object_object_add(one, "drains", json_object_new_boolean(true));
		if (former->declaration)
			journal_line_add_declaration(one, former->declaration);
		json_object_array_add(before, one);
	}
	json_object_object_add(object, "before", before);
	if (unconfirmed->policies.count)
		json_object_object_add(object, "policies", push_policies_to_json(&unconfirmed->policies));
	return object;
}

size_t unconfirmed_push_size(const struct unconfirmed_push *unconfirmed)
{
	json_object *object = unconfirmed_to_json(unconfirmed);
	size_t size = strlen(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));

	json_object_put(object);
	return size;
}

void push_record_to_json(const struct push_record *record, json_object *object)
{
	json_object *answers = json_object_new_array();

	journal_add_number(object, "revision", record->revision);
	journal_add_text(object, "push", record->revision_of);
	for (size_t i = 0; i < record->answer_count; i++)
		json_object_array_add(answers, answer_to_json(record->answers[i]));
	json_object_object_add(object, "answers", answers);
	if (record->unconfirmed.id[0])
		json_object_object_add(object, "unconfirmed", unconfirmed_to_json(&record->unconfirmed));
}

/* ---- from JSON ---- */

/* Its sentences have gone with the bgpd that wrote it. */
static Peering__PushResult *answer_from_json(json_object *object)
{
	const char *id = journal_text(object, "push");
	json_object *codes = NULL;
	Peering__PushResult *answer;
	uint64_t revision, count;

	if (!id || strlen(id) >= PUSH_ID_MAX || !journal_number(object, "revision", &revision) ||
	    !journal_number(object, "operations", &count) || count > PUSH_OPERATIONS_MAX)
		return NULL;
	json_object_object_get_ex(object, "codes", &codes);
	answer = push_answer_new(id, count);
	answer->revision = revision;
	answer->applied = true;
	for (size_t i = 0; i < count; i++) {
		struct verdict verdict = {.accepted = true, .code = ""};
		const char *code;
		char index[24];

		snprintf(index, sizeof(index), "%zu", i);
		code = codes ? journal_text(codes, index) : NULL;
		if (code)
			verdict_refuse(&verdict, code, "this router has been restarted since; its log has the reason");
		answer->applied &= !code;
		push_answer_add(answer, &verdict);
	}
	if (journal_true(object, "rolledBack"))
		push_answer_roll_back(answer);
	return answer;
}

static bool unconfirmed_from_json(json_object *object, struct unconfirmed_push *unconfirmed)
{
	json_object *before = journal_array(object, "before"), *policies = journal_array(object, "policies");
	uint64_t seconds;

	if (!before || json_object_array_length(before) > PUSH_OPERATIONS_MAX ||
	    !journal_copy_text(object, "push", unconfirmed->id, sizeof(unconfirmed->id)) || !unconfirmed->id[0] ||
	    !journal_copy_text(object, "actor", unconfirmed->actor, sizeof(unconfirmed->actor)) ||
	    !journal_number(object, "seconds", &seconds) || seconds > UINT32_MAX ||
	    !journal_number(object, "ends", &unconfirmed->ends) || !journal_number(object, "endsAt", &unconfirmed->ends_at) ||
	    !journal_copy_text(object, "boot", unconfirmed->boot_id, sizeof(unconfirmed->boot_id)))
		return false;
	unconfirmed->seconds = (uint32_t)seconds;
	unconfirmed->before =
		XCALLOC(MTYPE_PEERING_TEXT, (json_object_array_length(before) + 1) * sizeof(*unconfirmed->before));
	for (size_t i = 0; i < json_object_array_length(before); i++) {
		json_object *one = json_object_array_get_idx(before, i);
		struct former_declaration *former = &unconfirmed->before[unconfirmed->before_count++];

		if (!json_object_is_type(one, json_type_object) ||
		    !journal_copy_text(one, "name", former->name, sizeof(former->name)))
			return false;
		former->ended = journal_true(one, "ended");
		former->drains = journal_true(one, "drains");
		if (!json_object_object_get_ex(one, "declaration", NULL))
			continue;
		former->declaration = journal_line_declaration_of(one);
		if (!former->declaration)
			return false;
	}
	/* Of a later version than the rest. */
	return !json_object_object_get_ex(object, "policies", NULL) ||
	       (policies && push_policies_from_json(policies, &unconfirmed->policies));
}

bool push_record_from_json(json_object *object, struct push_record *record)
{
	json_object *answers = journal_array(object, "answers"), *unconfirmed;
	bool good;

	*record = (struct push_record){0};
	good = answers && json_object_array_length(answers) <= PUSH_ANSWERS_KEPT &&
	       journal_number(object, "revision", &record->revision) &&
	       journal_copy_text(object, "push", record->revision_of, sizeof(record->revision_of));
	for (size_t i = 0; good && i < json_object_array_length(answers); i++) {
		Peering__PushResult *answer = answer_from_json(json_object_array_get_idx(answers, i));

		good = answer != NULL;
		if (answer)
			record->answers[record->answer_count++] = answer;
	}
	if (good && json_object_object_get_ex(object, "unconfirmed", &unconfirmed))
		good = json_object_is_type(unconfirmed, json_type_object) &&
		       unconfirmed_from_json(unconfirmed, &record->unconfirmed);
	if (!good)
		push_record_clear(record);
	return good;
}
