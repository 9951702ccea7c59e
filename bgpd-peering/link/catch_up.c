// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/link/catch_up.h"

#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/journal/journal_line.h"
#include "bgpd-peering/journal/journal_reader.h"
#include "bgpd-peering/turn.h"

DEFINE_MTYPE_STATIC(PEERING, PEERING_CATCH_UP, "Peering transition that waits for the journal's");

PREDECL_DLIST(later_list);
struct later {
	struct later_list_item item;
	Peering__Transition *transition;
};
DECLARE_DLIST(later_list, struct later, item);

static struct link *link_to_feed; /* NULL: nothing runs */
static void (*tell_done)(const char *error);
static uint64_t after, upto; /* after < sequence <= upto */
static struct journal_reader *reader;
static struct journal_piece *pieces; /* taken, not looked at */
static event_ref *readable_event, *work_event;
static struct later_list_head later = INIT_DLIST(later);

static void done_with_piece(void)
{
	struct journal_piece *piece = pieces;

	pieces = (struct journal_piece *)piece->mail.next;
	journal_reader_done(reader, piece);
}

void catch_up_stop(void)
{
	struct later *entry;

	event_stop(readable_event);
	event_stop(work_event);
	while (pieces)
		done_with_piece();
	journal_reader_end(reader);
	reader = NULL;
	while ((entry = later_list_pop(&later))) {
		peering__transition__free_unpacked(entry->transition, NULL);
		XFREE(MTYPE_PEERING_CATCH_UP, entry);
	}
	link_to_feed = NULL;
}

static void finish(const char *error)
{
	enum link_taken taken = LINK_TAKEN;
	struct later *entry;

	frr_each (later_list, &later, entry)
		if (!error && taken == LINK_TAKEN)
			taken = link_transition(link_to_feed, entry->transition);
	if (taken == LINK_UNFIT)
		error = "memory is short";
	catch_up_stop();
	tell_done(error);
}

static enum link_taken feed_line(const char *line)
{
	struct journal_record record;
	enum link_taken taken = LINK_TAKEN;
	char error[160];

	/* What cannot be read was said when bgpd started. */
	if (!journal_line_decode(line, &record, error, sizeof(error)))
		return LINK_TAKEN;
	if (record.type == RECORD_TRANSITION && record.transition->sequence > after &&
	    record.transition->sequence <= upto)
		taken = link_transition(link_to_feed, record.transition);
	journal_record_clear(&record);
	return taken;
}

static enum link_taken feed_piece(struct journal_piece *piece)
{
	char *end = piece->text + piece->size;
	enum link_taken taken = LINK_TAKEN;

	for (char *line = piece->text, *next; line < end && taken == LINK_TAKEN; line = next) {
		next = (char *)memchr(line, '\n', (size_t)(end - line));
		*next++ = '\0';
		taken = feed_line(line);
	}
	return taken;
}

static void on_readable(event_ref *event);

/* One piece in each turn of the event loop: some hundred lines. */
static void work(event_ref *event)
{
	char sentence[PATH_MAX + 160];
	bool last = pieces->last;
	int error = pieces->error;
	enum link_taken taken;
	TURN(TURN_CONTROLLER);

	taken = feed_piece(pieces);
	if (taken != LINK_TAKEN) {
		finish(taken == LINK_FULL ? NULL : "memory is short");
		return;
	}
	done_with_piece();
	if (last && error) {
		snprintf(sentence, sizeof(sentence),
			 "what it does not know yet stands in the journal %s, which cannot be read: %s",
			 durable_state_path(), safe_strerror(error));
		finish(sentence);
	} else if (last) {
		finish(NULL);
	} else if (pieces) {
		event_add_now(work, NULL, &work_event);
	} else {
		event_add_readable(on_readable, NULL, journal_reader_fd(reader), &readable_event);
	}
}

static void on_readable(event_ref *event)
{
	TURN(TURN_CONTROLLER);

	pieces = journal_reader_take(reader);
	if (pieces)
		work(NULL);
	else
		event_add_readable(on_readable, NULL, journal_reader_fd(reader), &readable_event);
}

void catch_up_begin(struct link *link, uint64_t behind, void (*done)(const char *error))
{
	link_to_feed = link;
	tell_done = done;
	after = behind;
	upto = durable_state_sequences().durable;
	if (upto <= after) {
		finish(NULL);
		return;
	}
	reader = journal_reader_start(durable_state_path(), after, upto);
	if (!reader) {
		finish(safe_strerror(errno));
		return;
	}
	event_add_readable(on_readable, NULL, journal_reader_fd(reader), &readable_event);
}

bool catch_up_is_running(void)
{
	return link_to_feed != NULL;
}

void catch_up_transition(const Peering__Transition *transition)
{
	struct later *entry = XCALLOC(MTYPE_PEERING_CATCH_UP, sizeof(*entry));

	entry->transition = journal_line_copy_transition(transition);
	later_list_add_tail(&later, entry);
}
