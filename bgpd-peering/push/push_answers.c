// SPDX-License-Identifier: GPL-2.0-or-later
/* Everything is malloc'd, as protobuf-c's own unpacking does, so that its free function takes it apart. */
#include "bgpd-peering/push/push_answers.h"

#include "bgpd-peering/link/controller_link.h"

#include "lib/utf8.h"

#define KEPT_BYTES_MOST (32 * 1024) /* of one of them */

static char *copy(const char *text)
{
	char *result = strdup(text);

	if (!result)
		memory_oom(strlen(text), "push result");
	return result;
}

static void *zeroed(size_t count, size_t size)
{
	void *result = calloc(count ? count : 1, size);

	if (!result)
		memory_oom(count * size, "push result");
	return result;
}

static Peering__OperationResult *operation_result(const struct verdict *verdict)
{
	Peering__OperationResult *result = zeroed(1, sizeof(*result));
	char allowed[sizeof(verdict->allowed)], *rest = allowed, *word;
	char message[sizeof(verdict->message)];

	/* A sentence that was cut to its buffer may end in a part of a character. */
	utf8_copy(message, sizeof(message), verdict->message);
	utf8_clean(message);

	peering__operation_result__init(result);
	result->ok = verdict->accepted;
	result->code = copy(verdict->code);
	result->message = copy(message);
	strlcpy(allowed, verdict->allowed, sizeof(allowed));
	result->allowed = zeroed(EVENT_COUNT, sizeof(char *));
	while ((word = strsep(&rest, ",")) && result->n_allowed < EVENT_COUNT) {
		while (*word == ' ')
			word++;
		if (*word && strcmp(word, "none") != 0)
			result->allowed[result->n_allowed++] = copy(word);
	}
	return result;
}

Peering__PushResult *push_answer_new(const char *id, size_t most)
{
	Peering__PushResult *answer = zeroed(1, sizeof(*answer));

	peering__push_result__init(answer);
	answer->id = copy(id);
	answer->results = zeroed(most, sizeof(*answer->results));
	return answer;
}

void push_answer_free(Peering__PushResult *answer)
{
	peering__push_result__free_unpacked(answer, NULL);
}

void push_answer_add(Peering__PushResult *answer, const struct verdict *verdict)
{
	answer->results[answer->n_results++] = operation_result(verdict);
}

void push_answer_replace(Peering__PushResult *answer, size_t index, const struct verdict *verdict)
{
	peering__operation_result__free_unpacked(answer->results[index], NULL);
	answer->results[index] = operation_result(verdict);
}

void push_answer_roll_back(Peering__PushResult *answer)
{
	struct verdict verdict = {.code = ""};

	verdict_refuse(&verdict, "rolled-back",
		       "the push was not confirmed in time, and this router has put back what was declared before it");
	answer->applied = false;
	answer->rolled_back = true;
	for (size_t i = 0; i < answer->n_results; i++)
		push_answer_replace(answer, i, &verdict);
}

/* Whether each operation was done, and the codes, and nothing else: a few bytes for each. */
static void shorten(Peering__PushResult *answer)
{
	for (size_t i = 0; i < answer->n_results; i++) {
		Peering__OperationResult *result = answer->results[i];

		free(result->message);
		result->message = copy("");
		while (result->n_allowed)
			free(result->allowed[--result->n_allowed]);
	}
}

void push_answer_send(Peering__PushResult *answer)
{
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;

	envelope.body_case = PEERING__ENVELOPE__BODY_PUSH_RESULT;
	envelope.push_result = answer;
	if (controller_link_send(&envelope))
		return;
	shorten(answer);
	if (!controller_link_send(&envelope))
		zlog_err("peering: the answer to the push %s does not fit a frame", answer->id);
}

/* ---- the last ones ---- */

static struct kept {
	char id[PUSH_ID_MAX];
	uint8_t *bytes; /* NULL: none */
	size_t size;
	bool done;
} kept[PUSH_ANSWERS_KEPT];
static size_t next_kept; /* the oldest one, too */

static struct kept *find_kept(const char *id)
{
	for (size_t i = 0; i < PUSH_ANSWERS_KEPT; i++)
		if (kept[i].bytes && strcmp(kept[i].id, id) == 0)
			return &kept[i];
	return NULL;
}

static uint8_t *pack(const Peering__PushResult *answer, size_t *size)
{
	uint8_t *bytes;

	*size = peering__push_result__get_packed_size(answer);
	bytes = XMALLOC(MTYPE_PEERING_TEXT, *size + 1);
	peering__push_result__pack(answer, bytes);
	return bytes;
}

void push_answer_keep(const Peering__PushResult *answer, bool done)
{
	struct kept *place = find_kept(answer->id);
	size_t size;
	uint8_t *bytes = pack(answer, &size);

	if (size > KEPT_BYTES_MOST) {
		Peering__PushResult *shorter = peering__push_result__unpack(NULL, size, bytes);

		XFREE(MTYPE_PEERING_TEXT, bytes);
		if (!shorter)
			return;
		shorten(shorter);
		bytes = pack(shorter, &size);
		push_answer_free(shorter);
	}
	if (!place) {
		place = &kept[next_kept];
		next_kept = (next_kept + 1) % PUSH_ANSWERS_KEPT;
	}
	XFREE(MTYPE_PEERING_TEXT, place->bytes);
	*place = (struct kept){.bytes = bytes, .size = size, .done = done};
	strlcpy(place->id, answer->id, sizeof(place->id));
}

Peering__PushResult *push_answer_kept(const char *id)
{
	const struct kept *place = find_kept(id);

	return place ? peering__push_result__unpack(NULL, place->size, place->bytes) : NULL;
}

size_t push_answers_done(Peering__PushResult *answers[PUSH_ANSWERS_KEPT])
{
	size_t count = 0;

	for (size_t i = 0; i < PUSH_ANSWERS_KEPT; i++) {
		const struct kept *place = &kept[(next_kept + i) % PUSH_ANSWERS_KEPT];
		Peering__PushResult *answer =
			place->done ? peering__push_result__unpack(NULL, place->size, place->bytes) : NULL;

		if (answer)
			answers[count++] = answer;
	}
	return count;
}

void push_answers_restore(Peering__PushResult *const answers[], size_t count)
{
	for (size_t i = 0; i < count; i++)
		push_answer_keep(answers[i], true);
}

void push_answers_tell_rollbacks(void)
{
	Peering__PushResult *answers[PUSH_ANSWERS_KEPT];
	size_t count = push_answers_done(answers);

	for (size_t i = 0; i < count; i++) {
		if (answers[i]->rolled_back)
			push_answer_send(answers[i]);
		push_answer_free(answers[i]);
	}
}
