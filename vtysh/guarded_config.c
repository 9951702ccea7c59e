// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "vtysh/guarded_config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vtysh/config_model.h"

#define WHY_MAX 160 /* a shutdown message has 255 characters at most */

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

/* ---- text ---- */

static void append(struct config_text *text, const char *bytes, size_t length)
{
	if (text->length + length + 1 > text->room) {
		text->room = 2 * (text->length + length + 1);
		text->bytes = must(realloc(text->bytes, text->room));
	}
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
	text->bytes[text->length] = '\0';
}

__attribute__((format(printf, 2, 3))) static void append_line(struct config_text *text, const char *format, ...)
{
	char line[CONFIG_LINE_MAX];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	/* Behind a line that has no end of its own: the last of a file, or one that vtysh takes for several. */
	if (text->length && text->bytes[text->length - 1] != '\n')
		append(text, "\n", 1);
	append(text, line, length < (int)sizeof(line) ? (size_t)length : sizeof(line) - 1);
}

/* ---- taking the guard's lines out ---- */

/* One message of the guard's. */
struct mark {
	char vrf[CONFIG_VRF_MAX], key[CONFIG_KEY_MAX];
	bool dynamic;
	char range[CONFIG_KEY_MAX], group[CONFIG_KEY_MAX]; /* of a group of the guard's */
	bool restored;
};

struct marks {
	struct mark *list; /* sorted once all are found */
	size_t count, room;
};

static int by_mark(const void *a, const void *b)
{
	const struct mark *first = a, *second = b;
	int difference = strcmp(first->vrf, second->vrf);

	return difference ? difference : strcmp(first->key, second->key);
}

static bool is_guard_line(const struct config_line *line, char message[CONFIG_LINE_MAX])
{
	if (line->no || !line->in_bgp || line->count < 6 || !config_word_is(line->words[0], "neighbor", 1) ||
	    !config_word_is(line->words[2], "shutdown", 2) || !config_word_is(line->words[3], "message", 1))
		return false;
	config_rest(line, 4, message, CONFIG_LINE_MAX);
	return strncmp(message, GUARD_MESSAGE, strlen(GUARD_MESSAGE)) == 0;
}

static void read_range(struct mark *mark, const char *said)
{
	const char *group = strstr(said, GUARD_RANGE_GROUP);

	if (strncmp(said, GUARD_RANGE, strlen(GUARD_RANGE)) != 0 || !group)
		return;
	said += strlen(GUARD_RANGE);
	if (group <= said || (size_t)(group - said) >= sizeof(mark->range))
		return;
	snprintf(mark->range, sizeof(mark->range), "%.*s", (int)(group - said), said);
	snprintf(mark->group, sizeof(mark->group), "%s", group + strlen(GUARD_RANGE_GROUP));
}

static void find_marks(const char *text, size_t length, struct marks *marks)
{
	struct config_cursor cursor;
	struct config_line line;
	char message[CONFIG_LINE_MAX];

	config_begin(&cursor, text, length);
	while (config_next(&cursor, &line)) {
		struct mark *mark;
		const char *said;

		if (!is_guard_line(&line, message))
			continue;
		if (marks->count == marks->room) {
			marks->room = marks->room ? 2 * marks->room : 32;
			marks->list = must(reallocarray(marks->list, marks->room, sizeof(*marks->list)));
		}
		mark = &marks->list[marks->count++];
		*mark = (struct mark){0};
		said = message + strlen(GUARD_MESSAGE);
		memcpy(mark->vrf, line.vrf, sizeof(mark->vrf));
		config_key(line.words[1], mark->key);
		mark->dynamic = strncmp(said, GUARD_DYNAMIC, strlen(GUARD_DYNAMIC)) == 0;
		if (strncmp(mark->key, GUARD_GROUP, strlen(GUARD_GROUP)) == 0)
			read_range(mark, said);
	}
	if (marks->count)
		qsort(marks->list, marks->count, sizeof(*marks->list), by_mark);
}

static bool is_marked(const struct marks *marks, const struct config_line *line)
{
	char message[CONFIG_LINE_MAX];
	struct mark key, *mark;

	if (line->count < 2 || !config_word_is(line->words[0], "neighbor", 1))
		return false;
	memcpy(key.vrf, line->vrf, sizeof(key.vrf));
	config_key(line->words[1], key.key);
	mark = bsearch(&key, marks->list, marks->count, sizeof(key), by_mark);
	return mark && (mark->dynamic || mark->range[0] || is_guard_line(line, message));
}

/* What stands in the place of a range that the guard has taken out. */
static bool is_piece(const struct marks *marks, const struct config_line *line)
{
	struct config_prefix outer, inner;

	if (line->no || line->count < 6 || strcmp(line->words[0], "bgp") != 0 || strcmp(line->words[1], "listen") != 0 ||
	    strcmp(line->words[2], "range") != 0 || !config_prefix_read(line->words[3], &inner))
		return false;
	for (size_t i = 0; i < marks->count; i++) {
		const struct mark *mark = &marks->list[i];

		if (mark->range[0] && strcmp(mark->vrf, line->vrf) == 0 &&
		    strcmp(mark->group, line->words[5]) == 0 && config_prefix_read(mark->range, &outer) &&
		    config_prefix_covers(&outer, &inner))
			return true;
	}
	return false;
}

/* Behind every peer-group of the instance, and in front of its first address family. */
static void restore_ranges(struct marks *marks, const char *vrf, struct config_text *plain)
{
	for (size_t i = 0; i < marks->count; i++) {
		struct mark *mark = &marks->list[i];

		if (!mark->range[0] || mark->restored || strcmp(mark->vrf, vrf) != 0)
			continue;
		append_line(plain, " bgp listen range %s peer-group %s\n", mark->range, mark->group);
		mark->restored = true;
	}
}

/* Returns whether there was anything to take out. */
static bool take_out(const char *text, size_t length, struct marks *marks, struct config_text *plain)
{
	struct config_cursor cursor;
	struct config_line line;
	char vrf[CONFIG_VRF_MAX] = "";

	config_begin(&cursor, text, length);
	while (marks->count && config_next(&cursor, &line)) {
		bool block = line.count && config_word_is(line.words[0], "address-family", 4);

		if (vrf[0] && (block || line.ends_block || line.begins_bgp || !line.in_bgp)) {
			restore_ranges(marks, vrf, plain);
			vrf[0] = '\0';
		}
		if (line.in_bgp && !line.depth && !block && !line.ends_block)
			memcpy(vrf, line.vrf, sizeof(vrf));
		if (line.in_bgp && (is_marked(marks, &line) || is_piece(marks, &line)))
			continue;
		append(plain, line.start, line.length);
	}
	if (vrf[0])
		restore_ranges(marks, vrf, plain);
	return marks->count > 0;
}

/* ---- whom the guard's lines may be taken from ---- */

static const struct default_deny_record *default_deny_in(const struct config_instance *instance,
							 const struct journal_gates *gates, const char *vrf)
{
	const struct default_deny_record *record = gates ? journal_gates_default_deny(gates, vrf) : NULL;

	return instance->says_default_deny || !record ? &instance->default_deny : record;
}

/* Something says now whether it is gated. */
static bool is_judged(const struct mark *mark, const struct config_model *model, const struct journal_gates *gates)
{
	const struct config_instance *instance = config_model_instance(model, mark->vrf);

	if (gates && (journal_gates_bypass_all(gates) || journal_gates_lost_a_line(gates) ||
		      journal_gates_find(gates, mark->vrf, mark->key)))
		return true;
	return instance && (default_deny_in(instance, gates, mark->vrf)->on ||
			    config_model_declaration(instance, mark->key));
}

/* Somebody has taken the guard's word back in bgpd. */
static bool is_open_in(const struct config_model *running, const struct marks *running_marks, const struct mark *mark)
{
	const struct config_instance *instance = config_model_instance(running, mark->vrf);
	const struct config_neighbor *neighbor;

	if (!instance || bsearch(mark, running_marks->list, running_marks->count, sizeof(*mark), by_mark))
		return false;
	if (mark->dynamic)
		return true;
	neighbor = config_model_neighbor(instance, mark->range[0] ? mark->group : mark->key);
	return neighbor && !neighbor->shut;
}

bool guarded_config_plain(const char *text, size_t length, const char *running, size_t running_length,
			  const struct journal_gates *gates, struct config_text *plain, guarded_config_said *said,
			  void *context)
{
	struct config_model model = {0}, running_model = {0};
	struct marks marks = {0}, running_marks = {0};
	size_t kept = 0;
	bool any;

	find_marks(text, length, &marks);
	if (!marks.count)
		return false;
	find_marks(running, running_length, &running_marks);
	config_model_add(&running_model, running, running_length);
	config_model_add(&model, running, running_length);
	config_model_add(&model, text, length);
	config_model_done(&model);
	for (size_t i = 0; i < marks.count; i++) {
		const struct mark *mark = &marks.list[i];
		char what[2 * CONFIG_KEY_MAX];

		if (is_open_in(&running_model, &running_marks, mark) || is_judged(mark, &model, gates)) {
			marks.list[kept++] = *mark;
			continue;
		}
		snprintf(what, sizeof(what), mark->range[0] ? "listen range %s" : "neighbor %s",
			 mark->range[0] ? mark->range : mark->key);
		if (said)
			said(mark->vrf, what, "a guard had shut it, and nothing says now whether it is gated", context);
	}
	marks.count = kept;
	any = take_out(text, length, &marks, plain);
	config_model_clear(&model);
	config_model_clear(&running_model);
	free(marks.list);
	free(running_marks.list);
	return any;
}

/* ---- who is gated ---- */

struct guarding {
	const struct journal_gates *gates;
	const struct config_model *model;
	const struct config_instance *instance;
	const char *vrf;
	struct config_text *guarded;
	guarded_config_said *said;
	void *context;
	size_t count;
};

static const struct default_deny_record *default_deny_of(const struct guarding *guarding)
{
	return default_deny_in(guarding->instance, guarding->gates, guarding->vrf);
}

enum sort { SORT_UNKNOWN, SORT_INTERNAL, SORT_EXTERNAL };

/* As bgpd will sort it; `as` its number, 0 where only the peer knows. */
static enum sort sort_of(const struct config_instance *instance, const struct config_neighbor *neighbor,
			 unsigned long *as)
{
	const struct config_neighbor *group =
		neighbor->group[0] ? config_model_neighbor(instance, neighbor->group) : NULL;
	const struct config_neighbor *says = neighbor->rule != AS_UNSAID || !group ? neighbor : group;
	unsigned long local = neighbor->local_as ? neighbor->local_as : group ? group->local_as : 0;

	*as = says->rule == AS_NUMBER ? says->remote_as : 0;
	switch (says->rule) {
	case AS_UNSAID:
		break;
	case AS_INTERNAL:
		return SORT_INTERNAL;
	case AS_EXTERNAL:
		return SORT_EXTERNAL;
	case AS_NUMBER:
		/* What bgpd makes of the last two depends on its version, and on the order in which it was typed. */
		if (!instance->asn || *as == instance->confederation || (local && (*as == instance->asn || *as == local)))
			return SORT_UNKNOWN;
		return *as == instance->asn ? SORT_INTERNAL : SORT_EXTERNAL;
	}
	return SORT_UNKNOWN;
}

static bool is_confederation(const struct config_instance *instance, unsigned long as)
{
	for (size_t i = 0; i < instance->confederation_peer_count; i++)
		if (as && instance->confederation_peers[i] == as)
			return true;
	return false;
}

static bool as_is_in(const char *value, unsigned long as)
{
	unsigned long first, last;
	int read = sscanf(value, "%lu-%lu", &first, &last);

	return as && read >= 1 && as >= first && as <= (read == 2 ? last : first);
}

/* `key`: of a neighbor, or NULL; `range`: where dynamic ones are in, or NULL. */
static bool is_excepted(const struct default_deny_record *record, const char *key, const char *group,
			const char *range, unsigned long as)
{
	struct config_prefix outer, inner;

	for (size_t i = 0; i < record->exception_count; i++) {
		const char *words = record->exceptions[i], *value = strchr(words, ' ');

		if (!value)
			continue;
		value++;
		if (strncmp(words, "neighbor ", 9) == 0) {
			char spelled[CONFIG_KEY_MAX];

			config_key(value, spelled);
			if (key && strcmp(key, spelled) == 0)
				return true;
		} else if (strncmp(words, "peer-group ", 11) == 0) {
			if (group && strcmp(group, value) == 0)
				return true;
		} else if (strncmp(words, "remote-as ", 10) == 0) {
			if (as_is_in(value, as))
				return true;
		} else if (strncmp(words, "listen-range ", 13) == 0 && range) {
			if (config_prefix_read(value, &outer) && config_prefix_read(range, &inner) &&
			    config_prefix_covers(&outer, &inner))
				return true;
		}
	}
	return false;
}

/* The journal may have known any session as gated. */
static bool lost_a_line(const struct guarding *guarding)
{
	return guarding->gates && journal_gates_lost_a_line(guarding->gates);
}

static bool default_deny_covers(const struct guarding *guarding, const struct config_neighbor *neighbor,
				const char *group, const char *range)
{
	const struct default_deny_record *record = default_deny_of(guarding);
	unsigned long as;

	/* Where the text does not say what it is, bgpd has been asked, and knows nothing of it either. */
	if (!(lost_a_line(guarding) || record->on) || sort_of(guarding->instance, neighbor, &as) != SORT_EXTERNAL)
		return false;
	if (is_confederation(guarding->instance, as) && !record->confederation)
		return false;
	return !is_excepted(record, range ? NULL : neighbor->key, group, range, as);
}

/* Whether what the line declares is gated, and then why. For a session that the journal does not know. */
static bool declaration_gates(const struct guarding *guarding, const struct config_declaration *declaration,
			      char why[WHY_MAX])
{
	const char *name = declaration->connection;

	if (!name[0])
		snprintf(why, WHY_MAX, "it was gated when this was saved");
	else
		snprintf(why, WHY_MAX, "%.64s has not been validated", name);
	return !name[0] || (guarding->gates && journal_gates_knows(guarding->gates, name)) || lost_a_line(guarding) ||
	       !config_model_is_adopted(guarding->instance, name);
}

/* Whether the neighbor is gated, and then why. */
static bool is_gated(const struct guarding *guarding, const struct config_neighbor *neighbor, char why[WHY_MAX])
{
	const struct journal_gates *gates = guarding->gates;
	const struct gate_record *record = gates ? journal_gates_find(gates, guarding->vrf, neighbor->key) : NULL;
	const struct config_declaration *declaration;
	unsigned long as;

	if (gates && journal_gates_bypass_all(gates))
		return false;
	if (sort_of(guarding->instance, neighbor, &as) == SORT_INTERNAL)
		return false;
	if (record) {
		snprintf(why, WHY_MAX, "%s is %s", record->connection, record->state);
		return !record->open;
	}
	declaration = config_model_declaration(guarding->instance, neighbor->key);
	if (declaration)
		return declaration_gates(guarding, declaration, why);
	snprintf(why, WHY_MAX, lost_a_line(guarding) ? "a line of the journal cannot be read, and may have known it"
						     : "undeclared, under default-deny");
	return default_deny_covers(guarding, neighbor, neighbor->group[0] ? neighbor->group : NULL, NULL);
}

/* ---- shutting ---- */

static void say(struct guarding *guarding, const char *sort, const char *key, const char *why)
{
	char what[2 * CONFIG_KEY_MAX];

	guarding->count++;
	snprintf(what, sizeof(what), "%s %s", sort, key);
	guarding->said(guarding->vrf, what, why, guarding->context);
}

/* Whether there may be the neighbor behind this line. It need not: a group may turn out to have no AS number yet. */
static bool may_begin(const struct config_line *line)
{
	if (line->no)
		return false;
	if (config_word_is(line->words[2], "peer-group", 2) && line->count > 3)
		return true;
	return !line->depth && (config_remote_as(line, 2) || config_word_is(line->words[2], "interface", 2));
}

static void shut(struct guarding *guarding, const struct config_line *line, const char *why)
{
	/* In an address family vtysh would leave it for this line, and take what follows for something else. */
	if (line->depth)
		append_line(guarding->guarded, " exit-address-family\n");
	append_line(guarding->guarded, " neighbor %s shutdown message " GUARD_MESSAGE "%s\n", line->words[1], why);
	if (line->depth)
		append(guarding->guarded, line->family, line->family_length);
}

static void pass_neighbor(struct guarding *guarding, const struct config_line *line)
{
	struct config_neighbor *neighbor;
	char why[WHY_MAX];

	neighbor = line->count > 2 ? config_model_neighbor(guarding->instance, line->words[1]) : NULL;
	/* The operator's own shutdown stays what it is. */
	if (!neighbor || neighbor->is_group || neighbor->shut || !is_gated(guarding, neighbor, why)) {
		append(guarding->guarded, line->start, line->length);
		return;
	}
	if (line->no && config_word_is(line->words[2], "shutdown", 2))
		return;
	append(guarding->guarded, line->start, line->length);
	if (!may_begin(line))
		return;
	shut(guarding, line, why);
	if (!neighbor->visited)
		say(guarding, "neighbor", neighbor->key, why);
	neighbor->visited = true;
}

/* Those of the journal that are in the range and have no line of their own. */
static const struct gate_record *next_dynamic(const struct guarding *guarding, const struct config_prefix *range,
					      size_t *index)
{
	const struct journal_gates *gates = guarding->gates;

	while (gates && *index < journal_gates_count(gates)) {
		const struct gate_record *record = journal_gates_at(gates, (*index)++);
		struct config_prefix address;

		if (strcmp(record->vrf, guarding->vrf) == 0 && config_prefix_read(record->address, &address) &&
		    config_prefix_covers(range, &address) &&
		    !config_model_neighbor(guarding->instance, record->address))
			return record;
	}
	return NULL;
}

/* Takes the range out, but for what is open or excepted in it. */
static void withhold(struct guarding *guarding, const char *range, const struct config_prefix *outer, const char *group)
{
	const struct default_deny_record *deny = default_deny_of(guarding);
	const struct gate_record *record;
	char name[CONFIG_KEY_MAX + sizeof(GUARD_GROUP)];
	size_t index = 0;

	snprintf(name, sizeof(name), GUARD_GROUP "%s", range);
	for (char *c = name; *c; c++)
		if (*c == '/' || *c == ':')
			*c = '-';
	append_line(guarding->guarded, " neighbor %s peer-group\n", name);
	append_line(guarding->guarded, " neighbor %s shutdown message " GUARD_MESSAGE GUARD_RANGE "%s" GUARD_RANGE_GROUP "%s\n",
		    name, range, group);
	while ((record = next_dynamic(guarding, outer, &index)))
		if (record->open)
			append_line(guarding->guarded, " bgp listen range %s/%d peer-group %s\n", record->address,
				    strchr(record->address, ':') ? 128 : 32, group);
	for (size_t i = 0; i < deny->exception_count; i++) {
		const char *words = deny->exceptions[i], *value = strchr(words, ' ');
		bool address = strncmp(words, "neighbor ", 9) == 0;
		struct config_prefix inner;

		if ((!address && strncmp(words, "listen-range ", 13) != 0) || !value ||
		    !config_prefix_read(++value, &inner) || !config_prefix_covers(outer, &inner))
			continue;
		if (address)
			append_line(guarding->guarded, " bgp listen range %s/%d peer-group %s\n", value, inner.length, group);
		else
			append_line(guarding->guarded, " bgp listen range %s peer-group %s\n", value, group);
	}
	say(guarding, "listen range", range, "dynamic neighbors under default-deny");
}

static void shut_dynamic(struct guarding *guarding, const char *address, const char *why)
{
	append_line(guarding->guarded, " neighbor %s remote-as external\n", address);
	append_line(guarding->guarded, " neighbor %s shutdown message " GUARD_MESSAGE GUARD_DYNAMIC "%s\n", address, why);
	say(guarding, "neighbor", address, why);
}

/* Those that the journal knows, and those that only lines declare. */
static void shut_range(struct guarding *guarding, const struct config_prefix *range)
{
	const struct config_instance *instance = guarding->instance;
	const struct gate_record *record;
	char why[WHY_MAX];
	size_t index = 0;

	while ((record = next_dynamic(guarding, range, &index))) {
		if (record->open)
			continue;
		snprintf(why, sizeof(why), "%s is %s", record->connection, record->state);
		shut_dynamic(guarding, record->address, why);
	}
	for (size_t i = 0; i < instance->declaration_count; i++) {
		const struct config_declaration *declaration = &instance->declarations[i];
		struct config_prefix address;

		if (config_prefix_read(declaration->address, &address) && config_prefix_covers(range, &address) &&
		    !config_model_neighbor(instance, declaration->address) &&
		    !(guarding->gates && journal_gates_find(guarding->gates, guarding->vrf, declaration->address)) &&
		    declaration_gates(guarding, declaration, why))
			shut_dynamic(guarding, declaration->address, why);
	}
}

static void pass_range(struct guarding *guarding, const struct config_line *line)
{
	struct config_neighbor none = {0}, *group;
	struct config_prefix range;
	unsigned long as;
	bool bypass = guarding->gates && journal_gates_bypass_all(guarding->gates);

	if (bypass || line->no || line->depth || line->count < 6 || !config_word_is(line->words[2], "range", 1) ||
	    !config_prefix_read(line->words[3], &range)) {
		append(guarding->guarded, line->start, line->length);
		return;
	}
	group = config_model_neighbor(guarding->instance, line->words[5]);
	if (default_deny_covers(guarding, group ? group : &none, line->words[5], line->words[3])) {
		withhold(guarding, line->words[3], &range, line->words[5]);
		return;
	}
	/* In front of the range, which lets them in. */
	if (!group || sort_of(guarding->instance, group, &as) != SORT_INTERNAL)
		shut_range(guarding, &range);
	append(guarding->guarded, line->start, line->length);
}

bool guarded_config(const char *text, size_t length, const char *running, size_t running_length,
		    const struct journal_gates *gates, struct config_text *guarded, guarded_config_said *said,
		    void *context)
{
	struct config_model model = {0};
	struct guarding guarding = {
		.gates = gates, .model = &model, .guarded = guarded, .said = said, .context = context};
	struct config_text plain = {0}, plain_running = {0};
	struct config_cursor cursor;
	struct config_line line;

	/* What an earlier guard has shut is judged anew, where there is something to judge by. */
	if (guarded_config_plain(text, length, running, running_length, gates, &plain, said, context)) {
		text = plain.bytes ? plain.bytes : "";
		length = plain.length;
	}
	if (guarded_config_plain(running, running_length, "", 0, gates, &plain_running, NULL, NULL)) {
		running = plain_running.bytes ? plain_running.bytes : "";
		running_length = plain_running.length;
	}
	config_model_add(&model, running, running_length);
	config_model_add(&model, text, length);
	config_model_done(&model);

	config_begin(&cursor, text, length);
	while (config_next(&cursor, &line)) {
		guarding.vrf = line.vrf;
		guarding.instance = line.in_bgp ? config_model_instance(&model, line.vrf) : NULL;
		if (guarding.instance && line.count && !line.begins_bgp && config_word_is(line.words[0], "neighbor", 1))
			pass_neighbor(&guarding, &line);
		else if (guarding.instance && line.count > 2 && config_word_is(line.words[0], "bgp", 2) &&
			 config_word_is(line.words[1], "listen", 1))
			pass_range(&guarding, &line);
		else
			append(guarded, line.start, line.length);
	}
	config_model_clear(&model);
	free(plain.bytes);
	free(plain_running.bytes);
	return guarding.count > 0;
}
