// SPDX-License-Identifier: GPL-2.0-or-later
/* Everything is malloc'd, as protobuf-c's own unpacking does, so that its free function takes it apart. */
#include "bgpd-peering/push_answers.h"

#include "bgpd-peering/controller_link.h"

#include "lib/utf8.h"

#define ANSWERS_KEPT 32
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

static struct {
	char id[PUSH_ID_MAX];
	uint8_t *bytes;
	size_t size;
} kept[ANSWERS_KEPT];
static size_t next_kept;

void push_answer_keep(const Peering__PushResult *answer)
{
	size_t size = peering__push_result__get_packed_size(answer);
	uint8_t *bytes = XMALLOC(MTYPE_PEERING_TEXT, size + 1);

	peering__push_result__pack(answer, bytes);
	if (size > KEPT_BYTES_MOST) {
		Peering__PushResult *shorter = peering__push_result__unpack(NULL, size, bytes);

		XFREE(MTYPE_PEERING_TEXT, bytes);
		if (!shorter)
			return;
		shorten(shorter);
		size = peering__push_result__get_packed_size(shorter);
		bytes = XMALLOC(MTYPE_PEERING_TEXT, size + 1);
		peering__push_result__pack(shorter, bytes);
		push_answer_free(shorter);
	}
	XFREE(MTYPE_PEERING_TEXT, kept[next_kept].bytes);
	kept[next_kept].bytes = bytes;
	kept[next_kept].size = size;
	strlcpy(kept[next_kept].id, answer->id, sizeof(kept[next_kept].id));
	next_kept = (next_kept + 1) % ANSWERS_KEPT;
}

Peering__PushResult *push_answer_kept(const char *id)
{
	for (size_t i = 0; i < ANSWERS_KEPT; i++)
		if (kept[i].bytes && strcmp(kept[i].id, id) == 0)
			return peering__push_result__unpack(NULL, kept[i].size, kept[i].bytes);
	return NULL;
}
