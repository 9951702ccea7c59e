// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines that are not durable yet are kept in order. Where the writer could not write one, it goes back to the writer
 * each second, and all behind it, until it can; a line that loosens is given up at once instead, and its transition does
 * not happen. Lines of a group go to the writer as one, which writes them with one write and sync; one of them that
 * loosens is given up where that fails, and the rest waits.
 */
#include "bgpd-peering/journal/journal_queue.h"

#include "bgpd-peering/commands/debug_areas.h"
#include "bgpd-peering/connection/transition.h"
#include "bgpd-peering/journal/journal_compaction.h"
#include "bgpd-peering/journal/journal_line.h"
#include "bgpd-peering/journal/journal_load.h"
#include "bgpd-peering/journal/written_answer.h"
#include "bgpd-peering/link/controller_link.h"
#include "bgpd-peering/push/push.h"
#include "bgpd-peering/push/pushed_declarations.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/turn.h"

#include "lib/journal_group.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

DEFINE_MTYPE_STATIC(PEERING, PEERING_JOURNAL, "Peering journal line");

_Static_assert(JOURNAL_HISTORY_KEPT == HISTORY_MAX, "a compacted journal has all that `show peering NAME history` shows");

#define RETRY_INTERVAL 1 /* seconds */
#define SLICE_MICROSECONDS 3000 /* of the main thread, at a time */

static char path[PATH_MAX + sizeof(JOURNAL_FILE)];
static struct journal_loaded loaded;
static char journal_id[37];
static uint64_t last_sequence; /* given out, whether it is durable or not */
static uint64_t gap; /* the lowest one that was given up since; 0: none */
static struct durable_sequences sequences;
static char problem[3 * PATH_MAX];

static struct journal_writer *writer;
static struct mailbox *completions;
static struct mail *taken; /* out of it, and not looked at yet */
static event_ref *completions_event, *retry_event;
static struct line_list_head waiting;
static struct waiting_line *settling; /* a group that the disk has, and whose lines are worked off */
static uint64_t newest_line, newest_given_up, newest_change;

/* ---- lines ---- */

static void retry(event_ref *event);

static const char transition_front[] = "{\"type\":\"transition\",\"sequence\":";

struct waiting_line *journal_queue_line(const char *text, bool has_sum)
{
	struct waiting_line *line = XCALLOC(MTYPE_PEERING_JOURNAL, sizeof(*line));

	line->text = XMALLOC(MTYPE_PEERING_JOURNAL, strlen(text) + JOURNAL_SUM_SIZE + 1);
	strcpy(line->text, text);
	if (!has_sum)
		journal_sum_add(line->text);
	return line;
}

/* Its sequence and its sum come when it is queued. */
struct waiting_line *journal_queue_transition(struct journal_record *record)
{
	char *text = journal_line_encode(record);
	struct waiting_line *line = journal_queue_line(text, true);

	free(text);
	line->transition = journal_line_copy_transition(record->transition);
	return line;
}

struct waiting_line *journal_queue_record(const struct journal_record *record)
{
	char *text = journal_line_encode(record);
	struct waiting_line *line = journal_queue_line(text, false);

	free(text);
	return line;
}

uint64_t journal_queue_loosens(struct waiting_line *line, const char *connection)
{
	line->change = ++newest_change;
	strlcpy(line->opens, connection, sizeof(line->opens));
	return line->change;
}

void journal_queue_free(struct waiting_line *line)
{
	struct waiting_line *member;

	if (line->is_group)
		while ((member = line_list_pop(&line->members)))
			journal_queue_free(member);
	if (line->transition)
		peering__transition__free_unpacked(line->transition, NULL);
	XFREE(MTYPE_PEERING_JOURNAL, line->text);
	XFREE(MTYPE_PEERING_JOURNAL, line);
}

static void set_number(struct waiting_line *line, uint64_t number)
{
	const char *behind = line->text + strlen(transition_front);
	size_t length = strlen(line->text) - 1, size = length + 25 + JOURNAL_SUM_SIZE;
	char *text = XMALLOC(MTYPE_PEERING_JOURNAL, size);

	/* Of the number that it had. */
	if (journal_sum_look(line->text, length) != JOURNAL_SUM_NONE)
		strcpy(line->text + length - JOURNAL_SUM_SIZE - 1, "}\n");
	line->transition->sequence = number;
	snprintf(text, size, "%s%" PRIu64 "%s", transition_front, line->transition->sequence,
		 behind + strspn(behind, "0123456789"));
	journal_sum_add(text);
	XFREE(MTYPE_PEERING_JOURNAL, line->text);
	line->text = text;
}

/* In the order of the file, so that a controller that has one has all before it. */
static void number_transition(struct waiting_line *line)
{
	set_number(line, ++last_sequence);
}

static void give_number_up(const struct waiting_line *line)
{
	if (line->transition)
		gap = gap ? MIN(gap, line->transition->sequence) : line->transition->sequence;
}

static void move_up(struct waiting_line *line)
{
	if (!line->transition || line->transition->sequence < gap)
		return;
	transition_renumbered(line->transition, ++last_sequence);
	set_number(line, last_sequence);
}

/*
 * What was given up leaves no gap. Nothing behind it was written either: all of it is about to be sent again, under the
 * numbers that follow.
 */
static void close_gap(void)
{
	struct waiting_line *line, *member;

	if (!gap)
		return;
	last_sequence = gap - 1;
	frr_each (line_list, &waiting, line) {
		move_up(line);
		if (line->is_group)
			frr_each (line_list, &line->members, member)
				move_up(member);
	}
	gap = 0;
}

/* All lines of a group as one text, MTYPE_TMP: how many there are is known now. */
static char *group_text(struct waiting_line *group)
{
	size_t size = strlen(group->text) + JOURNAL_GROUP_ROOM + 1;
	struct waiting_line *member;
	char *text, *at;

	frr_each (line_list, &group->members, member)
		size += strlen(member->text);
	text = at = XMALLOC(MTYPE_TMP, size);
	strcpy(at, group->text);
	journal_group_begin(at, line_list_count(&group->members));
	frr_each (line_list, &group->members, member) {
		at += strlen(at);
		strcpy(at, member->text);
	}
	return text;
}

static void give_to_writer(struct waiting_line *line)
{
	char *text = line->is_group ? group_text(line) : line->text;

	line->ticket = journal_writer_append(writer, text, strlen(text));
	if (line->is_group)
		XFREE(MTYPE_TMP, text);
}

/* Nothing overtakes a line that waits for its retry: of a connection, the last line counts. */
static void send_line(struct waiting_line *line)
{
	if (writer && !retry_event)
		give_to_writer(line);
	debug_log(DEBUG_JOURNAL, "journal: ticket %llu: %.*s", (unsigned long long)line->ticket,
		  (int)strcspn(line->text, "\n"), line->text);
	if (!line->ticket && !retry_event)
		event_add_seconds(retry, NULL, RETRY_INTERVAL, &retry_event);
}

static void send_waiting(void)
{
	struct waiting_line *line;

	frr_each (line_list, &waiting, line)
		if (!line->ticket && line != settling)
			send_line(line);
}

static void queue(struct waiting_line *line)
{
	line->number = ++newest_line;
	line_list_add_tail(&waiting, line);
	send_line(line);
}

bool journal_queue_append(struct waiting_line *line)
{
	if (line->transition)
		number_transition(line);
	queue(line);
	if (line->ticket || !line->change)
		return true;
	give_number_up(line);
	line_list_del(&waiting, line);
	journal_queue_free(line);
	return false;
}

void journal_queue_append_group(const char *first, struct line_list_head *lines)
{
	struct waiting_line *group = journal_queue_line(first, true), *line;

	group->text = XREALLOC(MTYPE_PEERING_JOURNAL, group->text, strlen(first) + 1);
	group->is_group = true;
	line_list_init(&group->members);
	while ((line = line_list_pop(lines))) {
		if (line->transition) {
			number_transition(line);
			transition_numbered(line->transition, line->change);
		}
		line_list_add_tail(&group->members, line);
	}
	queue(group);
}

/* ---- what becomes of them ---- */

static void retry(event_ref *event)
{
	struct journal_record acked = {.type = RECORD_ACKED, .sequence = sequences.acked};
	struct waiting_line *line;
	TURN(TURN_JOURNAL);

	/* One that is still with the writer will fail as well, and comes before those behind it. */
	frr_each (line_list, &waiting, line) {
		if (!line->ticket)
			continue;
		event_add_seconds(retry, NULL, RETRY_INTERVAL, &retry_event);
		return;
	}
	close_gap();
	if (writer)
		journal_writer_resume(writer);
	/* Where nothing waits, a line that says nothing new shows whether the disk works again. */
	if (writer && problem[0] && !line_list_first(&waiting))
		journal_queue_append(journal_queue_record(&acked));
	else
		send_waiting();
}

static void compacted(const struct journal_completion *completion)
{
	if (completion->error)
		zlog_warn("peering: the journal %s of %" PRIu64 " bytes cannot be compacted: %s; it goes on as it is", path,
			  completion->bytes, completion->error == EBADMSG ? "what it says contradicts itself, or a line cannot be read"
									  : safe_strerror(completion->error));
	else
		zlog_notice("peering: the journal %s is compacted, from %" PRIu64 " bytes to %" PRIu64, path,
			    completion->bytes_before, completion->bytes);
}

static void cannot_be_written(int error)
{
	if (!problem[0])
		alert_as(EC_PEERING_JOURNAL_WRITE, "the journal %s cannot be written: %s; no gate opens until it can", path,
			 safe_strerror(error));
	snprintf(problem, sizeof(problem), "%s cannot be written: %s; no gate opens until it can", path, safe_strerror(error));
	if (!retry_event)
		event_add_seconds(retry, NULL, RETRY_INTERVAL, &retry_event);
}

/* It is in no list any more. */
static void settle(struct waiting_line *line, int error)
{
	if (!error && line->transition) {
		sequences.durable = MAX(sequences.durable, line->transition->sequence);
		controller_link_transition(line->transition);
	}
	if (!error && line->new_id[0]) {
		zlog_notice("peering: the journal %s is %s from now on, it was %s", path, line->new_id, journal_id);
		strlcpy(journal_id, line->new_id, sizeof(journal_id));
		sequences.begun = line->begun;
		controller_link_new_journal();
	}
	if (line->change)
		transition_durable(line->opens, line->change, error);
	journal_queue_free(line);
}

static void told(void)
{
	push_journal_moved();
	answers_journal_moved();
}

/* What loosens is given up; the rest of it waits. */
static void give_up_openings(struct waiting_line *group, int error)
{
	struct waiting_line *line;

	frr_each_safe (line_list, &group->members, line) {
		if (!line->change)
			continue;
		newest_given_up = group->number;
		give_number_up(line);
		line_list_del(&group->members, line);
		settle(line, error);
	}
}

/* Of a group nothing is left but what pushes have left behind: push.c says that anew, with what became of this one. */
static bool is_needless(const struct waiting_line *line)
{
	return line->is_group && line_list_count(&line->members) <= 1;
}

static void failed(struct waiting_line *line, int error)
{
	cannot_be_written(error);
	if (line->is_group)
		give_up_openings(line, error);
	if (!line->change && !is_needless(line)) {
		answers_journal_moved();
		return;
	}
	newest_given_up = line->number;
	give_number_up(line);
	line_list_del(&waiting, line);
	settle(line, error);
	told();
}

static void completed(const struct journal_completion *completion)
{
	struct waiting_line *line;

	if (!completion->ticket) {
		compacted(completion);
		return;
	}
	frr_each (line_list, &waiting, line)
		if (line->ticket == completion->ticket)
			break;
	if (!line)
		return;
	line->ticket = 0;
	debug_log(DEBUG_JOURNAL, "journal: ticket %llu: %s", (unsigned long long)completion->ticket,
		  completion->error ? safe_strerror(completion->error) : "durable");
	if (completion->error) {
		failed(line, completion->error);
		return;
	}
	if (problem[0])
		zlog_notice("peering: the journal %s can be written again", path);
	problem[0] = '\0';
	if (line->is_group) {
		settling = line;
		return;
	}
	line_list_del(&waiting, line);
	settle(line, 0);
	told();
}

/* One line of the group that the disk has. */
static void settle_one(void)
{
	struct waiting_line *group = settling, *line = line_list_pop(&group->members);

	if (line) {
		settle(line, 0);
		return;
	}
	settling = NULL;
	line_list_del(&waiting, group);
	journal_queue_free(group);
	told();
}

/* One sync may have written thousands of lines: they are worked off some at a time. */
static void on_completions(event_ref *event)
{
	struct timeval begun;
	TURN(TURN_JOURNAL);

	monotime(&begun);
	if (!taken)
		taken = mailbox_take(completions);
	while ((taken || settling) && monotime_since(&begun, NULL) < SLICE_MICROSECONDS) {
		struct journal_completion *completion;

		if (settling) {
			settle_one();
			continue;
		}
		completion = container_of(taken, struct journal_completion, mail);
		taken = taken->next;
		completed(completion);
		free(completion);
	}
	if (taken || settling)
		event_add_now(on_completions, NULL, &completions_event);
	else
		event_add_readable(on_completions, NULL, mailbox_fd(completions), &completions_event);
}

/* ---- starting and stopping ---- */

void durable_state_load(void)
{
	line_list_init(&waiting);
	pushed_declarations_init();
	snprintf(path, sizeof(path), "%s/%s", router.state_directory, JOURNAL_FILE);
	journal_load(path, &loaded);
	strlcpy(journal_id, loaded.journal_id, sizeof(journal_id));
	strlcpy(problem, loaded.problem, sizeof(problem));
	sequences = loaded.sequences;
	last_sequence = loaded.last_sequence;
}

static void draw_id(char id[37])
{
	uint8_t bytes[16];

	/* Only told apart from other journals, not kept secret. */
	if (getentropy(bytes, sizeof(bytes)) != 0)
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)random();
	for (size_t i = 0, at = 0; i < sizeof(bytes); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			id[at++] = '-';
		snprintf(id + at, 3, "%02x", bytes[i]);
		at += 2;
	}
}

void durable_state_start(void)
{
	struct statfs filesystem;
	struct journal_record record = {.type = RECORD_JOURNAL};
	int descriptor;

	if (loaded.unreadable) {
		alert_as(EC_PEERING_JOURNAL_DAMAGE, "%s", problem);
		return;
	}
	(void)mkdir(router.state_directory, 0700);
	if (statfs(router.state_directory, &filesystem) != 0) {
		snprintf(problem, sizeof(problem),
			 "%s cannot be used for the journal: %s; make it with `install -d -o frr -g frr -m 0700 %s` and restart bgpd",
			 router.state_directory, safe_strerror(errno), router.state_directory);
	} else if (filesystem.f_type == TMPFS_MAGIC) {
		snprintf(problem, sizeof(problem),
			 "%s is on a tmpfs, which a reboot empties; the journal needs a disk (-M peering:state-dir=DIR)",
			 router.state_directory);
	} else if ((descriptor = open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600)) < 0) {
		snprintf(problem, sizeof(problem), "%s cannot be written: %s; no gate opens until it can", path,
			 safe_strerror(errno));
	} else {
		close(descriptor);
		completions = mailbox_new();
		if (completions)
			writer = journal_writer_start(path, loaded.valid_bytes, !loaded.has_damage, completions);
		if (!writer)
			snprintf(problem, sizeof(problem), "the journal %s cannot be opened: %s", path,
				 errno == EWOULDBLOCK ? "another bgpd uses it" : safe_strerror(errno));
	}
	if (!writer) {
		alert_as(EC_PEERING_JOURNAL_DAMAGE, "%s", problem);
		return;
	}
	event_add_readable(on_completions, NULL, mailbox_fd(completions), &completions_event);
	/* In front of what has been said since the start. */
	if (!journal_id[0]) {
		draw_id(journal_id);
		strlcpy(record.journal_id, journal_id, sizeof(record.journal_id));
		line_list_add_head(&waiting, journal_queue_record(&record));
	} else if (loaded.lacks_newline) {
		/* It stays where it is, for the next start too. */
		line_list_add_head(&waiting, journal_queue_line("\n", true));
	}
	send_waiting();
}

void journal_queue_stop(void)
{
	struct waiting_line *line;

	event_stop(completions_event);
	event_stop(retry_event);
	if (writer)
		journal_writer_stop(writer, 2000);
	writer = NULL;
	while ((line = line_list_pop(&waiting)))
		journal_queue_free(line);
	while (taken) {
		struct journal_completion *completion = container_of(taken, struct journal_completion, mail);

		taken = taken->next;
		free(completion);
	}
}

bool durable_state_writable(char *error, size_t error_size)
{
	if (writer && !problem[0])
		return true;
	snprintf(error, error_size, "%s", problem[0] ? problem : "the journal is not open yet; try again in a moment");
	return false;
}

uint64_t durable_state_newest_line(void)
{
	return newest_line;
}

uint64_t durable_state_given_up(void)
{
	return newest_given_up;
}

bool durable_state_lines_done(uint64_t number)
{
	struct waiting_line *first = line_list_first(&waiting);

	return !first || first->number > number;
}

bool durable_state_opens_between(uint64_t since, uint64_t upto)
{
	struct waiting_line *line;

	frr_each (line_list, &waiting, line)
		if (line->change && line->number > since && line->number <= upto)
			return true;
	return false;
}

const char *durable_state_problem(void)
{
	return problem[0] ? problem : NULL;
}

bool durable_state_was_present(void)
{
	return loaded.present;
}

bool durable_state_breaks_off(void)
{
	return loaded.unreadable && journal_id[0];
}

bool durable_state_lost_a_line(void)
{
	return loaded.lost_a_line;
}

void durable_state_make_up_for_lost_lines(void)
{
	struct journal_record record = {.type = RECORD_JOURNAL, .sequence = sequences.begun};

	strlcpy(record.journal_id, journal_id, sizeof(record.journal_id));
	journal_queue_append(journal_queue_record(&record));
}

const char *durable_state_journal_id(void)
{
	/* The controller knows more of this journal than could be read: nothing is reported in its name. */
	return loaded.unreadable ? "" : journal_id;
}

const char *durable_state_path(void)
{
	return path;
}

struct durable_sequences durable_state_sequences(void)
{
	return sequences;
}

bool durable_state_renew_id(char *error, size_t error_size)
{
	struct journal_record record = {.type = RECORD_JOURNAL, .sequence = sequences.acked};
	struct waiting_line *line;

	if (!durable_state_writable(error, error_size))
		return false;
	draw_id(record.journal_id);
	line = journal_queue_record(&record);
	strlcpy(line->new_id, record.journal_id, sizeof(line->new_id));
	line->begun = record.sequence;
	journal_queue_append(line);
	return true;
}

void durable_state_acked(uint64_t sequence)
{
	struct journal_record record = {.type = RECORD_ACKED, .sequence = sequence};

	if (sequence <= sequences.acked)
		return;
	sequences.acked = sequence;
	journal_queue_append(journal_queue_record(&record));
}
