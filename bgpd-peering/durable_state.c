// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines that are not durable yet are kept in order. Where the writer could not write one, it goes back to the writer
 * each second, and all behind it, until it can; a line that loosens is given up at once instead, and its transition does
 * not happen.
 */
#include "bgpd-peering/durable_state.h"

#include "bgpd-peering/bypass.h"
#include "bgpd-peering/controller_link.h"
#include "bgpd-peering/debug_areas.h"
#include "bgpd-peering/drain.h"
#include "bgpd-peering/gate_policy.h"
#include "bgpd-peering/journal_compaction.h"
#include "bgpd-peering/journal_line.h"
#include "bgpd-peering/policy_objects.h"
#include "bgpd-peering/profile.h"
#include "bgpd-peering/push.h"
#include "bgpd-peering/push_answers.h"
#include "bgpd-peering/push_confirm.h"
#include "bgpd-peering/push_revision.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/timers.h"
#include "bgpd-peering/transition.h"
#include "bgpd-peering/turn.h"
#include "bgpd-peering/written_answer.h"

#include "lib/journal_damage.h"
#include "lib/journal_sum.h"
#include "lib/utf8.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

DEFINE_MTYPE_STATIC(PEERING, PEERING_JOURNAL, "Peering journal line");

_Static_assert(JOURNAL_HISTORY_KEPT == HISTORY_MAX, "a compacted journal has all that `show peering NAME history` shows");

#define RETRY_INTERVAL 1 /* seconds */
#define SLICE_MICROSECONDS 3000 /* of the main thread, at a time */

PREDECL_DLIST(line_list);
struct waiting_line {
	struct line_list_item item;
	uint64_t number; /* rises with each line; 0 for one that was put in front of all */
	uint64_t ticket; /* 0: not with the writer */
	bool loosens;
	char *text; /* MTYPE_PEERING_JOURNAL, ends in a newline */
	char opens[CONNECTION_NAME_MAX]; /* the connection that it loosens */
	Peering__Transition *transition; /* reported once durable; NULL for other lines */
	char new_id[37];		 /* of the journal, once durable; empty for other lines */
	uint64_t begun;			 /* what `after` of that line says */
};
DECLARE_DLIST(line_list, struct waiting_line, item);

PREDECL_RBTREE_UNIQ(pushed_tree);
struct pushed {
	struct pushed_tree_item item;
	Peering__DeclareConnection *declaration;
};

static int by_name(const struct pushed *a, const struct pushed *b)
{
	return strcmp(a->declaration->name, b->declaration->name);
}

DECLARE_RBTREE_UNIQ(pushed_tree, struct pushed, item, by_name);

static char path[PATH_MAX + sizeof(JOURNAL_FILE)];
static char journal_id[37];
static uint64_t last_sequence; /* given out, whether it is durable or not */
static struct durable_sequences sequences;
static uint64_t valid_bytes;
static bool present;
static bool unreadable; /* there is a file that must not be touched */
static bool lost_a_line; /* it may have spoken of any session */
static bool has_damage;  /* a line could not be read */
static bool lacks_newline; /* the last line: it is damaged, not torn */
static char problem[3 * PATH_MAX];

static struct journal_writer *writer;
static struct mailbox *completions;
static struct mail *taken; /* out of it, and not looked at yet */
static event_ref *completions_event, *retry_event, *policies_event;
static struct line_list_head waiting;
static uint64_t newest_line, newest_given_up;
static struct pushed_tree_head pushed;

/* ---- reading ---- */

static struct pushed *find_pushed(const char *name)
{
	Peering__DeclareConnection declaration = {.name = (char *)name};
	struct pushed key = {.declaration = &declaration};

	return pushed_tree_find(&pushed, &key);
}

static void keep_pushed(Peering__DeclareConnection *declaration)
{
	struct pushed *entry = find_pushed(declaration->name);

	router.changes++;
	if (entry) {
		peering__declare_connection__free_unpacked(entry->declaration, NULL);
		entry->declaration = declaration;
		return;
	}
	entry = XCALLOC(MTYPE_PEERING_JOURNAL, sizeof(*entry));
	entry->declaration = declaration;
	pushed_tree_add(&pushed, entry);
}

static void drop_pushed(const char *name)
{
	struct pushed *entry = find_pushed(name);

	if (!entry)
		return;
	router.changes++;
	pushed_tree_del(&pushed, entry);
	peering__declare_connection__free_unpacked(entry->declaration, NULL);
	XFREE(MTYPE_PEERING_JOURNAL, entry);
}

static void restore_settings(struct connection *connection, const struct journal_record *record)
{
	journal_record_settings(record, connection);
	connection->pushed = find_pushed(connection->name) != NULL;
}

static void restore_connection(const struct journal_record *record)
{
	struct connection *connection = connection_find(record->name);
	struct session *session;

	if (record->type == RECORD_FORGET) {
		drop_pushed(record->name);
		if (!connection)
			return;
		while ((session = session_list_first(&connection->sessions)))
			session_delete(session);
		connection_delete(connection);
		return;
	}
	if (!connection)
		connection = connection_new(record->name, record->vrf);
	connection->adopted = record->adopted;
	connection->discovered = record->discovered;
	connection->link_result = record->link_result;
	connection->overridden = record->overridden;
	connection->former = record->former;
	connection->wanted_kind = record->wanted_kind;
	restore_settings(connection, record);

	/* The line says which sessions there are now; those that it does not name are gone. */
	frr_each_safe (session_list, &connection->sessions, session) {
		bool named = false;

		for (size_t i = 0; i < record->session_count; i++)
			named |= strcmp(record->sessions[i].address, session->address) == 0;
		if (!named)
			session_delete(session);
	}
	for (size_t i = 0; i < record->session_count; i++) {
		session = session_find(record->vrf, record->sessions[i].address);
		if (session && session->connection != connection)
			session_move(session, connection);
		if (!session)
			session = session_new(connection, record->sessions[i].address);
		session->declared = record->sessions[i].declared;
		session->required = record->sessions[i].required;
		session->held = record->sessions[i].held;
		session->made = record->sessions[i].made;
		session->denied = record->sessions[i].held && record->sessions[i].denied;
		session->validated_as = record->sessions[i].validated_as;
		session->denial = record->sessions[i].denial;
	}
	connection->journal_damaged = false;
	connection->drain.ends = record->drain_ends;
	connection->drain.held = record->drain_held;
	connection->maintenance = record->maintenance;
	drain_restored(connection, record->boot_id);
	transition_restore(connection, record->state, record->generation, record->state_since);
}

static void restore_policy(const struct journal_record *record)
{
	struct session *session = session_find(record->vrf, record->address);
	afi_t afi;
	safi_t safi;

	if (!session)
		return;
	FOREACH_AFI_SAFI (afi, safi)
		for (int direction = 0; direction < RMAP_MAX; direction++)
			gate_policy_want_nothing(session, afi, safi, direction);
	for (size_t i = 0; i < record->policy_count; i++)
		gate_policy_want(session, record->policies[i].afi, record->policies[i].safi,
				 record->policies[i].direction, record->policies[i].name);
}

static void restore_history(const Peering__Transition *transition)
{
	struct history_entry entry = {
		.sequence = transition->sequence,
		.at_milliseconds = transition->at_milliseconds,
		.from = connection_state_from_name(transition->from),
		.to = connection_state_from_name(transition->to),
	};

	strlcpy(entry.cause, transition->cause, sizeof(entry.cause));
	utf8_copy(entry.actor, sizeof(entry.actor), transition->actor);
	utf8_copy(entry.message, sizeof(entry.message), transition->message);
	transition_remember(connection_find(transition->connection), &entry);
}

static void restore(struct journal_record *record)
{
	switch (record->type) {
	case RECORD_JOURNAL:
		/* A line of an earlier version does not say it. */
		if (record->sequence || strcmp(journal_id, record->journal_id) != 0)
			sequences.begun = record->sequence ? record->sequence : sequences.acked;
		strlcpy(journal_id, record->journal_id, sizeof(journal_id));
		/* Behind a line that was lost: what it may have spoken of has lines of its own since. */
		lost_a_line = false;
		break;
	case RECORD_TRANSITION:
		last_sequence = MAX(last_sequence, record->transition->sequence);
		restore_connection(record);
		restore_history(record->transition);
		break;
	case RECORD_CONNECTION:
	case RECORD_FORGET:
		restore_connection(record);
		break;
	case RECORD_POLICY:
		restore_policy(record);
		break;
	case RECORD_BYPASS:
		bypass_restore(record->name[0] ? record->name : NULL, &record->bypass);
		break;
	case RECORD_DEFAULT_DENY:
		default_deny_restore(record->vrf, record->mode, record->confederation, record->exceptions,
				     record->exception_count);
		break;
	case RECORD_PROFILE:
		profile_restore(record->vrf, record->profile, record->check_levels, record->timers[TIMER_WINDOW]);
		break;
	case RECORD_ACKED:
		sequences.acked = MAX(sequences.acked, record->sequence);
		break;
	case RECORD_PUSHED:
		keep_pushed(record->declaration);
		record->declaration = NULL;
		break;
	case RECORD_OBJECT:
		policy_object_restore(record->name, record->policy, record->withdrawn);
		record->policy = NULL;
		break;
	case RECORD_TIMERS:
		timers_restore(record->vrf, record->timers);
		break;
	case RECORD_CONTROLLER:
		controller_link_restore(record->controllers, record->controller_count,
					record->router_name[0] ? record->router_name : NULL);
		break;
	case RECORD_PUSHES:
		push_revision_restore(record->pushes->revision, record->pushes->revision_of);
		push_answers_restore(record->pushes->answers, record->pushes->answer_count);
		push_confirm_restore(&record->pushes->unconfirmed);
		break;
	case RECORD_EXPORT:
	case RECORD_END:
	case RECORD_TYPE_COUNT:
		break;
	}
}

static void close_connection(struct connection *connection)
{
	connection->journal_damaged = true;
	connection->bypass = (struct bypass){0};
}

static void close_all(void)
{
	const struct bypass none = {0};
	struct connection *connection;

	bypass_restore(NULL, &none);
	frr_each (connection_tree, &connections, connection)
		close_connection(connection);
}

/* False where nothing is known of the connection that could be gated. */
static bool close_named(const struct damaged_connection *damaged)
{
	struct connection *connection = connection_find(damaged->name);

	if (!connection && !damaged->address_count)
		return false;
	if (!connection) {
		connection = connection_new(damaged->name, damaged->vrf);
		connection->kind = KIND_EXCHANGE;
		connection->unsettled = true;
	}
	close_connection(connection);
	/* A session that another one has stays with it, but gated: the name in the line may be what is damaged. */
	for (size_t i = 0; i < damaged->address_count; i++) {
		struct session *session = session_find(connection->vrf, damaged->addresses[i]);

		if (session)
			close_connection(session->connection);
		else if (session_list_count(&connection->sessions) < SESSIONS_MAX)
			session_new(connection, damaged->addresses[i]);
	}
	return true;
}

/* A line that cannot be read closes what it speaks of; where it does not even say that, everything. */
static void close_damaged(const char *line, unsigned long number, const char *why)
{
	struct damaged_connection damaged;
	bool nameless = journal_damage_is_nameless(line);
	const char *at = line;

	has_damage = true;
	alert_as(EC_PEERING_JOURNAL_DAMAGE, "%s line %lu cannot be read (%s)", path, number, why);
	while ((at = journal_damage_next(at, &damaged))) {
		nameless |= !close_named(&damaged);
		alert_as(EC_PEERING_JOURNAL_DAMAGE, "line %lu speaks of %s: its gate is closed; look at it with `show peering`, then `adopt` or `activate` again",
		      number, damaged.name);
	}
	if (!nameless)
		return;
	lost_a_line = true;
	close_all();
	alert_as(EC_PEERING_JOURNAL_DAMAGE, "line %lu does not say of whom it speaks: the gate of every connection that nothing behind it speaks of is closed, and that of every external neighbor that the journal does not know. Look with `show peering`, then `peering adopt all`, or `adopt` or `activate` one by one",
	      number);
}

static void read_lines(FILE *file)
{
	char *line = NULL;
	size_t capacity = 0;
	ssize_t length;
	unsigned long number = 0;
	char error[160];
	bool all_damaged = false;
	int error_number;

	while ((length = getline(&line, &capacity, file)) > 0) {
		struct journal_record record;

		number++;
		lacks_newline = line[length - 1] != '\n' &&
				journal_sum_look(line, (size_t)length - 1) == JOURNAL_SUM_RIGHT;
		if (line[length - 1] != '\n' && !lacks_newline) {
			/* The line that was being written when the power went: never acknowledged, cut off. */
			if (!ferror(file))
				zlog_notice("peering: %s ends in a torn line of %zd bytes, which is cut off", path, length);
			break;
		}
		valid_bytes += (uint64_t)length;
		if (!lacks_newline)
			line[length - 1] = '\0';
		if (length <= JOURNAL_LINE_MAX && journal_line_decode(line, &record, error, sizeof(error))) {
			restore(&record);
			journal_record_clear(&record);
		} else {
			close_damaged(line, number, length > JOURNAL_LINE_MAX ? "too long" : error);
			all_damaged |= number == 1;
		}
	}
	error_number = errno;
	free(line);
	if (ferror(file)) {
		/* No end of the file: what stands behind may close what was read as open. */
		unreadable = true;
		close_all();
		snprintf(problem, sizeof(problem),
			 "%s cannot be read behind line %lu: %s; every gate stays closed, and the file is left as it is. Mend the disk or put a copy of the file back, and restart bgpd",
			 path, number, safe_strerror(error_number));
	} else if (number > 0 && (all_damaged || !journal_id[0])) {
		unreadable = true;
		/* Of no journal nothing is lost. */
		lost_a_line = false;
		close_all();
		snprintf(problem, sizeof(problem),
			 "%s is not a journal of this module; every gate stays closed. Move the file away and adopt what carries traffic",
			 path);
	}
}

void durable_state_load(void)
{
	FILE *file;

	line_list_init(&waiting);
	pushed_tree_init(&pushed);
	snprintf(path, sizeof(path), "%s/%s", router.state_directory, JOURNAL_FILE);

	file = fopen(path, "re");
	if (!file && errno == ENOENT)
		return;
	present = true;
	if (!file) {
		unreadable = true;
		snprintf(problem, sizeof(problem), "%s cannot be read: %s; every gate stays closed", path,
			 safe_strerror(errno));
		return;
	}
	if (journal_is_taken(fileno(file))) {
		fclose(file);
		unreadable = true;
		snprintf(problem, sizeof(problem),
			 "%s is in use by another bgpd; give each its own folder (-M peering:state-dir=DIR). Nothing of it is known here",
			 path);
		return;
	}
	read_lines(file);
	fclose(file);
	/* What was read need not be written again. */
	while (session_policy_next())
		;
	transition_restore_gates();
	sequences.loaded = sequences.durable = last_sequence;
}

/* ---- writing ---- */

static void retry(event_ref *event);
static void write_policies(event_ref *event);
static struct waiting_line *append(struct journal_record *record, bool loosens);

/* Nothing overtakes a line that waits for its retry: of a connection, the last line counts. */
static void send_line(struct waiting_line *line)
{
	if (writer && !retry_event)
		line->ticket = journal_writer_append(writer, line->text, strlen(line->text));
	debug_log(DEBUG_JOURNAL, "journal: ticket %llu: %.*s", (unsigned long long)line->ticket,
		  (int)strcspn(line->text, "\n"), line->text);
	if (!line->ticket && !retry_event)
		event_add_seconds(retry, NULL, RETRY_INTERVAL, &retry_event);
}

static void free_line(struct waiting_line *line)
{
	if (line->transition)
		peering__transition__free_unpacked(line->transition, NULL);
	XFREE(MTYPE_PEERING_JOURNAL, line->text);
	XFREE(MTYPE_PEERING_JOURNAL, line);
}

static void send_waiting(void)
{
	struct waiting_line *line;

	frr_each (line_list, &waiting, line)
		if (!line->ticket)
			send_line(line);
}

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
	if (writer)
		journal_writer_resume(writer);
	/* Where nothing waits, a line that says nothing new shows whether the disk works again. */
	if (writer && problem[0] && !line_list_first(&waiting))
		append(&acked, false);
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
		if (!problem[0])
			alert_as(EC_PEERING_JOURNAL_WRITE, "the journal %s cannot be written: %s; no gate opens until it can", path,
			      safe_strerror(completion->error));
		snprintf(problem, sizeof(problem), "%s cannot be written: %s; no gate opens until it can", path,
			 safe_strerror(completion->error));
		if (!retry_event)
			event_add_seconds(retry, NULL, RETRY_INTERVAL, &retry_event);
		if (!line->loosens) {
			answers_journal_moved();
			return;
		}
		newest_given_up = line->number;
	} else {
		if (problem[0])
			zlog_notice("peering: the journal %s can be written again", path);
		problem[0] = '\0';
		if (line->transition) {
			sequences.durable = MAX(sequences.durable, line->transition->sequence);
			controller_link_transition(line->transition);
		}
		if (line->new_id[0]) {
			zlog_notice("peering: the journal %s is %s from now on, it was %s", path, line->new_id, journal_id);
			strlcpy(journal_id, line->new_id, sizeof(journal_id));
			sequences.begun = line->begun;
			controller_link_new_journal();
		}
	}
	line_list_del(&waiting, line);
	if (line->loosens)
		transition_durable(line->opens, completion->ticket, completion->error);
	free_line(line);
	push_journal_moved();
	answers_journal_moved();
}

/* One sync may have written thousands of lines: they are worked off some at a time. */
static void on_completions(event_ref *event)
{
	struct timeval begun;
	TURN(TURN_JOURNAL);

	monotime(&begun);
	if (!taken)
		taken = mailbox_take(completions);
	while (taken && monotime_since(&begun, NULL) < SLICE_MICROSECONDS) {
		struct journal_completion *completion = container_of(taken, struct journal_completion, mail);

		taken = taken->next;
		completed(completion);
		free(completion);
	}
	if (taken)
		event_add_now(on_completions, NULL, &completions_event);
	else
		event_add_readable(on_completions, NULL, mailbox_fd(completions), &completions_event);
}

/* `room` behind it is for its sum; 0: it has that. */
static struct waiting_line *append_text(const char *text, size_t room, bool loosens)
{
	struct waiting_line *line = XCALLOC(MTYPE_PEERING_JOURNAL, sizeof(*line));

	line->number = ++newest_line;
	line->text = XMALLOC(MTYPE_PEERING_JOURNAL, strlen(text) + room + 1);
	strcpy(line->text, text);
	if (room)
		journal_sum_add(line->text);
	line->loosens = loosens;
	line_list_add_tail(&waiting, line);
	send_line(line);
	return line;
}

static struct waiting_line *append(struct journal_record *record, bool loosens)
{
	char *text = journal_line_encode(record);
	struct waiting_line *line = append_text(text, JOURNAL_SUM_SIZE, loosens);

	free(text);
	return line;
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
	struct waiting_line *line;
	int descriptor;

	if (unreadable) {
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
			writer = journal_writer_start(path, valid_bytes, !has_damage, completions);
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
		line = append(&record, false);
		line->number = 0;
		line_list_del(&waiting, line);
		line_list_add_head(&waiting, line);
	} else if (lacks_newline) {
		/* It stays where it is, for the next start too. */
		line = XCALLOC(MTYPE_PEERING_JOURNAL, sizeof(*line));
		line->text = XSTRDUP(MTYPE_PEERING_JOURNAL, "\n");
		line_list_add_head(&waiting, line);
	}
	send_waiting();
}

void durable_state_stop(void)
{
	struct waiting_line *line;

	event_stop(completions_event);
	event_stop(retry_event);
	event_stop(policies_event);
	write_policies(NULL);
	if (writer)
		journal_writer_stop(writer, 2000);
	writer = NULL;
	while ((line = line_list_pop(&waiting)))
		free_line(line);
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
		if (line->loosens && line->number > since && line->number <= upto)
			return true;
	return false;
}

const char *durable_state_problem(void)
{
	return problem[0] ? problem : NULL;
}

bool durable_state_was_present(void)
{
	return present;
}

bool durable_state_breaks_off(void)
{
	return unreadable && journal_id[0];
}

bool durable_state_lost_a_line(void)
{
	return lost_a_line;
}

void durable_state_make_up_for_lost_lines(void)
{
	struct journal_record record = {.type = RECORD_JOURNAL, .sequence = sequences.begun};

	strlcpy(record.journal_id, journal_id, sizeof(record.journal_id));
	append(&record, false);
}

const char *durable_state_journal_id(void)
{
	/* The controller knows more of this journal than could be read: nothing is reported in its name. */
	return unreadable ? "" : journal_id;
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
	line = append(&record, false);
	strlcpy(line->new_id, record.journal_id, sizeof(line->new_id));
	line->begun = record.sequence;
	return true;
}

/* ---- what is said ---- */

/* What the record is to say once the pending change has taken effect. */
static void record_pending(struct journal_record *record, const struct connection *connection,
			   const struct pending_change *pending)
{
	const struct session *session;
	size_t i = 0;

	record->adopted = pending->adopted;
	record->discovered = pending->discovered;
	record->maintenance = pending->maintenance;
	record->overridden = pending->overridden;
	record->kind = pending->kind;
	record->declared |= pending->declares;
	record->adopted_line |= pending->declares;
	frr_each (session_list_const, &connection->sessions, session) {
		if (i == record->session_count)
			break;
		record->sessions[i].declared |= pending->declares;
		record->sessions[i++].held = session->held_next;
	}
}

uint64_t durable_state_transition(const struct connection *connection, struct history_entry *entry,
				  const struct pending_change *pending)
{
	struct journal_record record = {.type = RECORD_TRANSITION};
	Peering__Transition message = PEERING__TRANSITION__INIT;
	struct waiting_line *line;

	entry->sequence = ++last_sequence;
	message.sequence = entry->sequence;
	message.connection = (char *)connection->name;
	message.vrf = (char *)connection->vrf;
	message.generation = connection->generation;
	message.from = (char *)connection_state_name(entry->from);
	message.to = (char *)connection_state_name(entry->to);
	message.cause = entry->cause;
	message.actor = entry->actor;
	message.at_milliseconds = entry->at_milliseconds;
	message.message = entry->message;

	journal_record_of_connection(&record, connection);
	if (pending)
		record_pending(&record, connection, pending);
	record.state = entry->to;
	if (entry->from != entry->to)
		record.state_since = entry->at_milliseconds;
	record.transition = &message;
	line = append(&record, pending != NULL);
	line->transition = journal_line_copy_transition(&message);
	if (pending && !line->ticket) {
		line_list_del(&waiting, line);
		free_line(line);
		return 0;
	}
	if (pending)
		strlcpy(line->opens, connection->name, sizeof(line->opens));
	return line->ticket;
}

void durable_state_connection(struct connection *connection)
{
	struct journal_record record = {.type = RECORD_CONNECTION};

	if (connection->pending.ticket) {
		connection->pending.edited = true;
		return;
	}
	journal_record_of_connection(&record, connection);
	append(&record, false);
}

/* ---- what the operator wants of gated sessions ---- */

/* In slices by its event; without one, at the end, everything. */
static void write_policies(event_ref *event)
{
	struct session *session;
	struct timeval begun;
	TURN(TURN_JOURNAL);

	monotime(&begun);
	while ((session = session_policy_next())) {
		struct journal_record record = {0};

		journal_record_of_policy(&record, session);
		append(&record, false);
		journal_record_clear(&record);
		if (event && monotime_since(&begun, NULL) > SLICE_MICROSECONDS) {
			event_add_now(write_policies, NULL, &policies_event);
			return;
		}
	}
}

void durable_state_policy(struct session *session)
{
	session_policy_changed(session);
	if (!policies_event)
		event_add_now(write_policies, NULL, &policies_event);
}

uint64_t durable_state_forget(const struct connection *connection, bool opens)
{
	struct journal_record record = {0};
	struct waiting_line *line;

	journal_record_of_connection(&record, connection);
	record.type = RECORD_FORGET;
	line = append(&record, opens);
	if (opens && !line->ticket) {
		line_list_del(&waiting, line);
		free_line(line);
		return 0;
	}
	if (opens)
		strlcpy(line->opens, connection->name, sizeof(line->opens));
	drop_pushed(connection->name);
	return line->ticket;
}

void durable_state_bypass(const char *name, const struct bypass *bypass)
{
	struct journal_record record = {.type = RECORD_BYPASS, .bypass = *bypass};

	strlcpy(record.name, name ? name : "", sizeof(record.name));
	append(&record, false);
}

void durable_state_default_deny(const char *vrf)
{
	struct journal_record record = {0};

	journal_record_of_default_deny(&record, vrf);
	append(&record, false);
	journal_record_clear(&record);
}

void durable_state_timers(const char *vrf, const uint32_t seconds[TIMER_COUNT])
{
	struct journal_record record = {.type = RECORD_TIMERS};

	strlcpy(record.vrf, vrf, sizeof(record.vrf));
	memcpy(record.timers, seconds, sizeof(record.timers));
	append(&record, false);
}

void durable_state_profile(const struct profile *profile)
{
	struct journal_record record = {.type = RECORD_PROFILE, .timers[TIMER_WINDOW] = profile->validation_window};

	strlcpy(record.profile, profile->name, sizeof(record.profile));
	strlcpy(record.vrf, profile->vrf, sizeof(record.vrf));
	memcpy(record.check_levels, profile->check_levels, sizeof(record.check_levels));
	append(&record, false);
}

void durable_state_controller(void)
{
	struct journal_record record = {.type = RECORD_CONTROLLER, .controller_count = controller_link_count()};
	const char *name = controller_link_router_name();

	/* One that is longer is no name that DNS could have: it is in the file alone. */
	if (strlcpy(record.router_name, name ? name : "", sizeof(record.router_name)) >= sizeof(record.router_name))
		return;
	for (size_t i = 0; i < record.controller_count; i++)
		record.controllers[i] = *controller_link_line(i);
	append(&record, false);
}

void durable_state_acked(uint64_t sequence)
{
	struct journal_record record = {.type = RECORD_ACKED, .sequence = sequence};

	if (sequence <= sequences.acked)
		return;
	sequences.acked = sequence;
	append(&record, false);
}

/* One that is longer than a line may be: with fewer answers, the oldest go. What has to be restored fits always. */
void durable_state_pushes(void)
{
	const struct unconfirmed_push *unconfirmed = push_unconfirmed();
	Peering__PushResult *answers[PUSH_ANSWERS_KEPT];
	struct push_record pushes = {.revision = push_revision()};
	struct journal_record record = {.type = RECORD_PUSHES, .pushes = &pushes};
	size_t count = push_answers_done(answers), left_out = 0;
	bool fits;

	strlcpy(pushes.revision_of, push_revision_of(), sizeof(pushes.revision_of));
	if (unconfirmed)
		pushes.unconfirmed = *unconfirmed;
	do {
		char *line;

		pushes.answer_count = count - left_out;
		memcpy(pushes.answers, answers + left_out, pushes.answer_count * sizeof(*answers));
		line = journal_line_encode(&record);
		fits = strlen(line) + JOURNAL_SUM_SIZE <= JOURNAL_LINE_MAX;
		free(line);
	} while (!fits && ++left_out <= count);
	append(&record, false);
	for (size_t i = 0; i < count; i++)
		push_answer_free(answers[i]);
}

void durable_state_pushed(const Peering__DeclareConnection *declaration)
{
	struct journal_record record = {.type = RECORD_PUSHED};

	record.declaration = journal_line_copy_declaration(declaration);
	append(&record, false);
	keep_pushed(record.declaration);
}

void durable_state_policy_object(const char *name, const Peering__Policy *policy, bool withdrawn, const char *line)
{
	struct journal_record record = {.type = RECORD_OBJECT, .withdrawn = withdrawn};

	if (line) {
		append_text(line, 0, false);
		return;
	}
	strlcpy(record.name, name, sizeof(record.name));
	record.policy = (Peering__Policy *)policy;
	append(&record, false);
}

const Peering__DeclareConnection *durable_state_pushed_of(const char *name)
{
	const struct pushed *entry = find_pushed(name);

	return entry ? entry->declaration : NULL;
}
