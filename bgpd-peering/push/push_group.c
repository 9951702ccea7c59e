// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/push/push_group.h"

#include "bgpd-peering/connection/transition.h"

DEFINE_MTYPE_STATIC(PEERING, PEERING_GROUP, "Peering push on its way to the journal");

PREDECL_RBTREE_UNIQ(touched_tree);
struct touched {
	struct touched_tree_item item;
	char name[CONNECTION_NAME_MAX];
	bool open; /* by what the journal has of it */
	char *before; /* its line from before, malloc'd; NULL: its configuration is none of the push's, or it was closed */
	bool again; /* the group has a line that is older than one that was written at once */
};

static int by_name(const struct touched *a, const struct touched *b)
{
	return strcmp(a->name, b->name);
}

DECLARE_RBTREE_UNIQ(touched_tree, struct touched, item, by_name);

static struct touched_tree_head touched = INIT_RBTREE_UNIQ(touched);
static struct line_list_head lines = INIT_DLIST(lines);
static char *first; /* line of the group, malloc'd; NULL: it has none yet */
static enum { OUTSIDE, CONFIGURES, MOVES } inside;

static struct touched *find(const char *name)
{
	struct touched key;

	strlcpy(key.name, name, sizeof(key.name));
	return touched_tree_find(&touched, &key);
}

static struct touched *touch(const char *name, bool open)
{
	struct touched *entry = find(name);

	if (entry)
		return entry;
	entry = XCALLOC(MTYPE_PEERING_GROUP, sizeof(*entry));
	strlcpy(entry->name, name, sizeof(entry->name));
	entry->open = open;
	touched_tree_add(&touched, entry);
	return entry;
}

static bool may_be_open(const struct connection *connection)
{
	return lifecycle_gate(connection->state) != GATE_DENY;
}

static char *line_of(const struct connection *connection)
{
	struct journal_record record = {.type = RECORD_CONNECTION};

	journal_record_of_connection(&record, connection);
	return journal_line_encode(&record);
}

void push_group_enter(const char *name, bool configures)
{
	const struct connection *connection = connection_find(name);
	struct touched *entry;

	inside = configures ? CONFIGURES : MOVES;
	if (!configures || !name[0])
		return;
	entry = touch(name, connection && may_be_open(connection));
	if (entry->open && connection && !entry->before)
		entry->before = line_of(connection);
}

void push_group_leave(void)
{
	inside = OUTSIDE;
}

/* What the line was to say of the configuration is the push's, and that is not committed. */
static void say_as_before(struct journal_record *record, const char *line)
{
	struct journal_record before;
	char *text = strdup(line), error[160];

	if (!text)
		memory_oom(strlen(line), "journal line");
	text[strcspn(text, "\n")] = '\0';
	if (journal_line_decode(text, &before, error, sizeof(error))) {
		journal_record_configure(record, &before);
		journal_record_clear(&before);
	}
	free(text);
}

bool push_group_takes(struct journal_record *record, bool loosens, bool open)
{
	struct touched *entry = find(record->name);

	if (inside == OUTSIDE && !entry)
		return false;
	open = entry ? entry->open : open;
	if (inside == CONFIGURES || loosens || !open) {
		touch(record->name, open);
		return true;
	}
	if (entry && entry->before)
		say_as_before(record, entry->before);
	if (entry)
		entry->again = true;
	return false;
}

bool push_group_takes_configuration(const char *name)
{
	return inside == CONFIGURES || (first && (!name || find(name)));
}

void push_group_add(struct waiting_line *line)
{
	/* As it is before the push. */
	if (!first)
		first = durable_state_pushes_line();
	line_list_add_tail(&lines, line);
}

bool push_group_has_lines(void)
{
	return first != NULL;
}

static struct waiting_line *say_again(const struct connection *connection)
{
	struct journal_record record = {.type = RECORD_CONNECTION};

	journal_record_of_connection(&record, connection);
	return journal_queue_record(&record);
}

static bool is_opening(const struct touched *entry)
{
	const struct connection *connection = connection_find(entry->name);

	return connection && connection->pending.ticket;
}

static void append_lines(void)
{
	char *last = durable_state_pushes_line();

	push_group_add(journal_queue_line(last, false));
	free(last);
	journal_queue_append_group(first, &lines);
	free(first);
	first = NULL;
}

/* What was closed meanwhile is said behind each older line of it; what is being opened, behind the line that opens. */
void push_group_commit(void)
{
	bool any = push_group_has_lines();
	struct touched *entry;

	frr_each (touched_tree, &touched, entry)
		if (any && entry->again && connection_find(entry->name) && !is_opening(entry))
			push_group_add(say_again(connection_find(entry->name)));
	if (any)
		append_lines();
	while ((entry = touched_tree_pop(&touched))) {
		if (any && entry->again && is_opening(entry))
			journal_queue_append(say_again(connection_find(entry->name)));
		free(entry->before);
		XFREE(MTYPE_PEERING_GROUP, entry);
	}
}

void push_group_cancel_openings(void)
{
	struct waiting_line *line;

	frr_each_safe (line_list, &lines, line) {
		if (!line->change)
			continue;
		line_list_del(&lines, line);
		transition_durable(line->opens, line->change, ECANCELED);
		journal_queue_free(line);
	}
}
