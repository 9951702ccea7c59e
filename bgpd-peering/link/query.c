// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/link/query.h"

#include "bgpd-peering/connection/transition.h"
#include "bgpd-peering/link/controller_link.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/turn.h"

#include "lib/connection_name.h"
#include "lib/utf8.h"

DEFINE_MTYPE_STATIC(PEERING, PEERING_QUERY, "Peering query");

#define HELD_MOST 16
#define PAUSE_MILLISECONDS 10
#define ID_MAX 65
#define LINE_MAX_SIZE 512
#define WORD_MOST 100

PREDECL_DLIST(query_list);
struct held_query {
	struct query_list_item item;
	char id[ID_MAX];
	char line[LINE_MAX_SIZE]; /* as it would be typed */
};
DECLARE_DLIST(query_list, struct held_query, item);

static struct query_list_head held = INIT_DLIST(held);
static event_ref *next_event;

/* ---- answering ---- */

static void send_answer(const char *id, const char *code, const char *message, char *json)
{
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	Peering__QueryAnswer answer = PEERING__QUERY_ANSWER__INIT;

	answer.id = (char *)id;
	answer.code = (char *)code;
	answer.message = (char *)message;
	answer.json.data = (uint8_t *)json;
	answer.json.len = json ? strlen(json) : 0;
	envelope.body_case = PEERING__ENVELOPE__BODY_QUERY_ANSWER;
	envelope.query_answer = &answer;
	if (controller_link_send(&envelope))
		return;
	answer.code = (char *)"too-large";
	answer.message = (char *)"the answer does not fit a message; ask for fewer routes at a time";
	answer.json.len = 0;
	controller_link_send(&envelope);
}

/* A handler says it in JSON where it can, else in a line that begins with a percent sign. */
static void refuse(const char *id, char *text)
{
	json_object *object = json_tokener_parse(text), *error = NULL, *part;
	const char *code = "refused", *sentence = text;
	char message[512];

	text[strcspn(text, "\n")] = '\0';
	if (strncmp(text, "% ", 2) == 0)
		sentence += 2;
	if (object && json_object_object_get_ex(object, "error", &error)) {
		if (json_object_object_get_ex(error, "code", &part))
			code = json_object_get_string(part);
		if (json_object_object_get_ex(error, "message", &part))
			sentence = json_object_get_string(part);
	}
	/* vtysh's grammar refuses without a word. */
	if (!sentence[0]) {
		code = "bad-query";
		sentence = "one of the query's words is none of its kind: an address, a prefix such as 192.0.2.0/24, or a number is wanted";
	}
	utf8_copy(message, sizeof(message), sentence);
	send_answer(id, code, message, NULL);
	json_object_free(object);
}

static void answer_next(event_ref *event)
{
	struct held_query *query = query_list_pop(&held);
	char *text;
	int status;
	TURN(TURN_CONTROLLER);

	if (!query)
		return;
	text = vty_answer(query->line, &status);
	if (status == CMD_SUCCESS)
		send_answer(query->id, "", "", text);
	else
		refuse(query->id, text);
	XFREE(MTYPE_TMP, text);
	XFREE(MTYPE_PEERING_QUERY, query);
	if (query_list_count(&held))
		event_add_milliseconds(answer_next, NULL, PAUSE_MILLISECONDS, &next_event);
}

/* ---- asking ---- */

static const char *word_of(const Peering__Query *query, const char *name)
{
	for (size_t i = 0; i < query->n_words; i++)
		if (strcmp(query->words[i]->name, name) == 0)
			return query->words[i]->value;
	return NULL;
}

/* A part of a line may be nothing but one word. */
static bool is_word(const char *text)
{
	size_t length = strlen(text);

	if (length == 0 || length > WORD_MOST)
		return false;
	for (size_t i = 0; i < length; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return true;
}

static bool words_are_known(const Peering__Query *query, struct verdict *verdict)
{
	static const char *const known[] = {"family", "neighbor", "prefix", "longer", "as-path",
					    "verdict", "limit",	  "after",  "id",     "of"};

	for (size_t i = 0; i < query->n_words; i++) {
		bool found = false;

		for (size_t j = 0; j < array_size(known); j++)
			found |= strcmp(query->words[i]->name, known[j]) == 0;
		if (!found || !is_word(query->words[i]->value)) {
			verdict_refuse(verdict, "bad-query", "there is no '%.32s', or its value is not one word of at most %d bytes",
				       is_word(query->words[i]->name) ? query->words[i]->name : "", WORD_MOST);
			return false;
		}
	}
	return true;
}

/* The order of the command; what is wrong in a value its handler says. */
static void add_words(const Peering__Query *query, char *line, size_t size)
{
	static const char *const keywords[] = {"neighbor", "prefix", "as-path", "verdict", "limit", "after", "id", "of"};
	const char *family = word_of(query, "family");
	size_t used = strlen(line);

	if (family)
		used += (size_t)snprintf(line + used, size - used, " %s", family);
	for (size_t i = 0; i < array_size(keywords) && used < size; i++) {
		const char *value = word_of(query, keywords[i]);

		if (value)
			used += (size_t)snprintf(line + used, size - used, " %s %s", keywords[i], value);
		if (value && strcmp(keywords[i], "prefix") == 0 && word_of(query, "longer") && used < size)
			used += (size_t)snprintf(line + used, size - used, " longer");
	}
}

static bool make_line(const Peering__Query *query, char *line, size_t size, struct verdict *verdict)
{
	bool routes = strcmp(query->what, "routes") == 0;
	const char *family = word_of(query, "family");

	if (connection_name_error(query->connection)) {
		verdict_refuse(verdict, "bad-query", "the query names no connection");
		return false;
	}
	if (!routes && (strcmp(query->what, "preview") != 0 || query->n_words)) {
		verdict_refuse(verdict, "bad-query", "a query asks for \"routes\", or for \"preview\" without more words");
		return false;
	}
	if (!words_are_known(query, verdict))
		return false;
	if (family && strcmp(family, "ipv4") != 0 && strcmp(family, "ipv6") != 0) {
		verdict_refuse(verdict, "bad-query", "family is ipv4 or ipv6");
		return false;
	}
	snprintf(line, size, "show peering %s %s", query->connection, query->what);
	add_words(query, line, size);
	if (strlcat(line, " json", size) < size)
		return true;
	verdict_refuse(verdict, "bad-query", "the query is longer than a line may be");
	return false;
}

void query_take(const Peering__Query *query)
{
	struct held_query *taken;
	struct verdict verdict = {.code = ""};
	char line[LINE_MAX_SIZE];

	/* An answer would reach nobody. */
	if (!is_word(query->id) || strlen(query->id) >= ID_MAX)
		return;
	if (!router_works()) {
		send_answer(query->id, "inert", "the peering module is inert in this bgpd; the router's log says why", NULL);
		return;
	}
	if (query_list_count(&held) >= HELD_MOST) {
		send_answer(query->id, "busy", "the router has many questions to answer; ask again in a moment", NULL);
		return;
	}
	if (!make_line(query, line, sizeof(line), &verdict)) {
		send_answer(query->id, verdict.code, verdict.message, NULL);
		return;
	}
	taken = XCALLOC(MTYPE_PEERING_QUERY, sizeof(*taken));
	strlcpy(taken->id, query->id, sizeof(taken->id));
	strlcpy(taken->line, line, sizeof(taken->line));
	query_list_add_tail(&held, taken);
	if (query_list_count(&held) == 1)
		event_add_milliseconds(answer_next, NULL, PAUSE_MILLISECONDS, &next_event);
}

void query_forget(void)
{
	struct held_query *query;

	while ((query = query_list_pop(&held)))
		XFREE(MTYPE_PEERING_QUERY, query);
	event_stop(next_event);
}
