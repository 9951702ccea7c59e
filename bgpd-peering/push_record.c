// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/push_record.h"

#include "bgpd-peering/journal_line.h"
#include "bgpd-peering/push_answers.h"


void unconfirmed_push_clear(struct unconfirmed_push *unconfirmed)
{
	for (size_t i = 0; i < unconfirmed->before_count; i++)
		if (unconfirmed->before[i].declaration)
			peering__declare_connection__free_unpacked(unconfirmed->before[i].declaration, NULL);
	XFREE(MTYPE_PEERING_TEXT, unconfirmed->before);
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

static void add_text(json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key, json_object_new_string(text));
}

static void add_number(json_object *object, const char *key, uint64_t number)
{
	json_object_object_add(object, key, json_object_new_uint64(number));
}

/* How many operations it has, and the codes of those that were not done: all of them, mostly. */
static json_object *answer_to_json(const Peering__PushResult *answer)
{
	json_object *object = json_object_new_object(), *codes = json_object_new_object();

	add_text(object, "push", answer->id);
	add_number(object, "revision", answer->revision);
	if (answer->rolled_back)
		json_object_object_add(object, "rolledBack", json_object_new_boolean(true));
	add_number(object, "operations", answer->n_results);
	for (size_t i = 0; i < answer->n_results; i++) {
		char index[24];

		snprintf(index, sizeof(index), "%zu", i);
		/* Of a push that was rolled back each has the same one. */
		if (!answer->results[i]->ok && !answer->rolled_back)
			add_text(codes, index, answer->results[i]->code);
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

	add_text(object, "push", unconfirmed->id);
	add_text(object, "actor", unconfirmed->actor);
	add_number(object, "seconds", unconfirmed->seconds);
	add_number(object, "ends", unconfirmed->ends);
	add_number(object, "endsAt", unconfirmed->ends_at);
	add_text(object, "boot", unconfirmed->boot_id);
	for (size_t i = 0; i < unconfirmed->before_count; i++) {
		const struct former_declaration *former = &unconfirmed->before[i];
		json_object *one = json_object_new_object();

		add_text(one, "name", former->name);
		if (former->ended)
			json_object_object_add(one, "ended", json_object_new_boolean(true));
		if (former->drains)
			json_object_object_add(one, "drains", json_object_new_boolean(true));
		if (former->declaration)
			journal_line_add_declaration(one, former->declaration);
		json_object_array_add(before, one);
	}
	json_object_object_add(object, "before", before);
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

	add_number(object, "revision", record->revision);
	add_text(object, "push", record->revision_of);
	for (size_t i = 0; i < record->answer_count; i++)
		json_object_array_add(answers, answer_to_json(record->answers[i]));
	json_object_object_add(object, "answers", answers);
	if (record->unconfirmed.id[0])
		json_object_object_add(object, "unconfirmed", unconfirmed_to_json(&record->unconfirmed));
}

/* ---- from JSON ---- */

static const char *text_of(json_object *object, const char *key)
{
	json_object *value;

	if (!json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

static bool copy_text(json_object *object, const char *key, char *text, size_t size)
{
	const char *value = text_of(object, key);

	return value && strlcpy(text, value, size) < size;
}

static bool read_number(json_object *object, const char *key, uint64_t *number)
{
	json_object *value;

	if (!json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, json_type_int) ||
	    json_object_get_int64(value) < 0)
		return false;
	*number = json_object_get_uint64(value);
	return true;
}

static bool is_true(json_object *object, const char *key)
{
	json_object *value;

	return json_object_object_get_ex(object, key, &value) && json_object_get_boolean(value);
}

static json_object *array_of(json_object *object, const char *key)
{
	json_object *value;

	return json_object_object_get_ex(object, key, &value) && json_object_is_type(value, json_type_array) ? value
													     : NULL;
}

/* Its sentences have gone with the bgpd that wrote it. */
static Peering__PushResult *answer_from_json(json_object *object)
{
	const char *id = text_of(object, "push");
	json_object *codes = NULL;
	Peering__PushResult *answer;
	uint64_t revision, count;

	if (!id || strlen(id) >= PUSH_ID_MAX || !read_number(object, "revision", &revision) ||
	    !read_number(object, "operations", &count) || count > PUSH_OPERATIONS_MAX)
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
		code = codes ? text_of(codes, index) : NULL;
		if (code)
			verdict_refuse(&verdict, code, "this router has been restarted since; its log has the reason");
		answer->applied &= !code;
		push_answer_add(answer, &verdict);
	}
	if (is_true(object, "rolledBack"))
		push_answer_roll_back(answer);
	return answer;
}

static bool unconfirmed_from_json(json_object *object, struct unconfirmed_push *unconfirmed)
{
	json_object *before = array_of(object, "before");
	uint64_t seconds;

	if (!before || json_object_array_length(before) > PUSH_OPERATIONS_MAX ||
	    !copy_text(object, "push", unconfirmed->id, sizeof(unconfirmed->id)) || !unconfirmed->id[0] ||
	    !copy_text(object, "actor", unconfirmed->actor, sizeof(unconfirmed->actor)) ||
	    !read_number(object, "seconds", &seconds) || seconds > UINT32_MAX ||
	    !read_number(object, "ends", &unconfirmed->ends) || !read_number(object, "endsAt", &unconfirmed->ends_at) ||
	    !copy_text(object, "boot", unconfirmed->boot_id, sizeof(unconfirmed->boot_id)))
		return false;
	unconfirmed->seconds = (uint32_t)seconds;
	unconfirmed->before =
		XCALLOC(MTYPE_PEERING_TEXT, (json_object_array_length(before) + 1) * sizeof(*unconfirmed->before));
	for (size_t i = 0; i < json_object_array_length(before); i++) {
		json_object *one = json_object_array_get_idx(before, i);
		struct former_declaration *former = &unconfirmed->before[unconfirmed->before_count++];

		if (!json_object_is_type(one, json_type_object) ||
		    !copy_text(one, "name", former->name, sizeof(former->name)))
			return false;
		former->ended = is_true(one, "ended");
		former->drains = is_true(one, "drains");
		if (!json_object_object_get_ex(one, "declaration", NULL))
			continue;
		former->declaration = journal_line_declaration_of(one);
		if (!former->declaration)
			return false;
	}
	return true;
}

bool push_record_from_json(json_object *object, struct push_record *record)
{
	json_object *answers = array_of(object, "answers"), *unconfirmed;
	bool good;

	*record = (struct push_record){0};
	good = answers && json_object_array_length(answers) <= PUSH_ANSWERS_KEPT &&
	       read_number(object, "revision", &record->revision) &&
	       copy_text(object, "push", record->revision_of, sizeof(record->revision_of));
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
