// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An import goes over the lines three times: to check them all, to close what they close, to open what they open. What is
 * known here is looked at again at each line's turn: people and peers go on meanwhile.
 */
#include "bgpd-peering/state_file.h"

#include "bgpd-peering/configuration.h"
#include "bgpd-peering/default_deny.h"
#include "bgpd-peering/drain.h"
#include "bgpd-peering/durable_state.h"
#include "bgpd-peering/file_job.h"
#include "bgpd-peering/gate.h"
#include "bgpd-peering/gate_policy.h"
#include "bgpd-peering/journal_line.h"
#include "bgpd-peering/router.h"

DEFINE_MTYPE_STATIC(PEERING, PEERING_STATE_FILE, "Peering state file");

#define SLICE_MICROSECONDS 3000

/* ---- the operation ---- */

enum step { IDLE = 0, COLLECTING, WRITING, READING, CHECKING, CLOSING, OPENING, DEFAULT_DENY, FORGETTING };

static struct {
	enum step step;
	bool importing, failed;
	char path[PATH_MAX];
	char message[512];

	/* export: what is written; import: what was read */
	char *bytes; /* malloc'd */
	size_t size, capacity;
	char position[CONNECTION_NAME_MAX];

	/* import */
	size_t at;
	unsigned int line; /* the one that ends in front of `at` */
	char router[CONNECTION_NAME_MAX];
	unsigned int taken, opening, known, left_out;
} now;

static struct mailbox *done;
static event_ref *step_event, *done_event;

struct state_file_report state_file_report(void)
{
	return (struct state_file_report){
		.operation = !now.path[0] ? NULL : now.importing ? "import" : "export",
		.status = !now.path[0] ? NULL : now.step != IDLE ? "running" : now.failed ? "failed" : "done",
		.path = now.path[0] ? now.path : NULL,
		.message = now.message,
	};
}

static struct journal_record *checked; /* the last connection of the check, as the file has it */

static void finish(bool failed)
{
	free(now.bytes);
	now.bytes = NULL;
	now.failed = failed;
	now.step = checked ? FORGETTING : IDLE;
	if (failed)
		alert("state %s of %s failed: %s", now.importing ? "import" : "export", now.path, now.message);
	else
		zlog_notice("peering: state %s of %s: %s", now.importing ? "import" : "export", now.path, now.message);
}

static void on_step(event_ref *event);
static void on_done(event_ref *event);

static bool begin(const char *path, bool importing, struct verdict *verdict)
{
	*verdict = (struct verdict){.accepted = true, .code = ""};
	if (path[0] != '/' || strlen(path) >= sizeof(now.path))
		verdict_refuse(verdict, "bad-path", "'%s' is not an absolute path; begin it with /", path);
	else if (now.step != IDLE)
		verdict_refuse(verdict, "busy", "the %s of %s is still going on; `show peering state-file`",
			       now.importing ? "import" : "export", now.path);
	else if (importing && router.reading_file)
		verdict_refuse(verdict, "busy", "a configuration is just being read; try again in a moment");
	else if (importing && !durable_state_writable(verdict->message, sizeof(verdict->message)))
		verdict_refuse(verdict, "journal", "%s", durable_state_problem() ? durable_state_problem()
										 : "the journal is not open yet");
	if (!verdict->accepted)
		return false;
	if (!done) {
		done = mailbox_new();
		if (!done) {
			verdict_refuse(verdict, "memory", "there is no memory for it: %s", safe_strerror(errno));
			return false;
		}
		event_add_readable(on_done, NULL, mailbox_fd(done), &done_event);
	}
	memset(&now, 0, sizeof(now));
	now.importing = importing;
	strlcpy(now.path, path, sizeof(now.path));
	return true;
}

/* Gives the job away; it comes back in on_done(). */
static bool start_job(bool write)
{
	struct file_job *job = file_job_new(now.path, write);

	if (job && write) {
		job->bytes = now.bytes;
		job->size = now.size;
		now.bytes = NULL;
	}
	if (job && file_job_start(job, done))
		return true;
	snprintf(now.message, sizeof(now.message), "no thread can be had for the file: %s", safe_strerror(errno));
	if (job)
		file_job_free(job);
	return false;
}

/* ---- export ---- */

static bool add_record(const struct journal_record *record)
{
	char *line = journal_line_encode(record);
	size_t length = strlen(line);

	if (now.size + length > now.capacity) {
		size_t capacity = MAX(2 * now.capacity, now.size + length + 65536);
		char *bytes = capacity <= FILE_JOB_MAX ? realloc(now.bytes, capacity) : NULL;

		if (!bytes) {
			free(line);
			return false;
		}
		now.bytes = bytes;
		now.capacity = capacity;
	}
	memcpy(now.bytes + now.size, line, length);
	now.size += length;
	now.line++;
	free(line);
	return now.line < STATE_FILE_LINES_MAX;
}

static void add_default_deny(const char *vrf, enum default_deny_mode mode, void *context)
{
	struct journal_record record = {0};

	journal_record_of_default_deny(&record, vrf);
	*(bool *)context &= add_record(&record);
	journal_record_clear(&record);
}

/* What is closed here for a reason that a state does not tell is held in the file. */
static void hold(struct journal_record *record, const struct connection *connection)
{
	const struct session *session;
	size_t i = 0;

	frr_each (session_list_const, &connection->sessions, session) {
		if (i == record->session_count)
			break;
		record->sessions[i++].held |= connection->journal_damaged || session->violation.count;
	}
}

static bool add_connection(const struct connection *connection)
{
	struct journal_record record = {.type = RECORD_CONNECTION};
	const struct session *session;
	bool added;

	if (connection->state == STATE_NONE && !connection->state_since)
		return true;
	journal_record_of_connection(&record, connection);
	hold(&record, connection);
	added = add_record(&record);
	frr_each (session_list_const, &connection->sessions, session) {
		struct journal_record policy = {0};

		if (session->gate != GATE_DENY || session->hands_off)
			continue;
		journal_record_of_policy(&policy, session);
		if (policy.policy_count)
			added &= add_record(&policy);
		journal_record_clear(&policy);
	}
	now.taken++;
	return added;
}

static void collect(const struct timeval *begun)
{
	struct journal_record end = {.type = RECORD_END};
	struct connection key, *connection;
	bool added = true;

	strlcpy(key.name, now.position, sizeof(key.name));
	connection = connection_tree_find_gteq(&connections, &key);
	while (added && connection && monotime_since(begun, NULL) < SLICE_MICROSECONDS) {
		added = add_connection(connection);
		connection = connection_tree_next(&connections, connection);
	}
	if (added && connection) {
		strlcpy(now.position, connection->name, sizeof(now.position));
		return;
	}
	end.sequence = now.line;
	if (!added || !add_record(&end)) {
		snprintf(now.message, sizeof(now.message), "it would have more than %u lines or %u MiB, which no import takes",
			 STATE_FILE_LINES_MAX, FILE_JOB_MAX >> 20);
		finish(true);
		return;
	}
	now.step = WRITING;
	if (!start_job(true))
		finish(true);
}

bool state_file_export(const char *path, struct verdict *verdict)
{
	struct journal_record header = {.type = RECORD_EXPORT, .state_since = wall_clock_milliseconds()};
	bool added;

	if (!begin(path, false, verdict))
		return false;
	strlcpy(header.name, cmd_hostname_get() ? cmd_hostname_get() : "", sizeof(header.name));
	added = add_record(&header);
	default_deny_each(add_default_deny, &added);
	if (!added) {
		verdict_refuse(verdict, "memory", "there is no memory for it");
		finish(true);
		return false;
	}
	now.step = COLLECTING;
	event_add_now(on_step, NULL, &step_event);
	return true;
}

/* ---- import: what a file must not say twice ---- */

PREDECL_RBTREE_UNIQ(seen_tree);
struct seen {
	struct seen_tree_item item;
	char key[]; /* the name of a connection; or a VRF, a blank and an address */
};

static int seen_compare(const struct seen *a, const struct seen *b)
{
	return strcmp(a->key, b->key);
}

DECLARE_RBTREE_UNIQ(seen_tree, struct seen, item, seen_compare);
static struct seen_tree_head seen_keys;

/* False where it was seen before. */
static bool see(const char *key)
{
	struct seen *seen = XCALLOC(MTYPE_PEERING_STATE_FILE, sizeof(*seen) + strlen(key) + 1);

	strcpy(seen->key, key);
	if (!seen_tree_add(&seen_keys, seen))
		return true;
	XFREE(MTYPE_PEERING_STATE_FILE, seen);
	return false;
}

static void forget_seen(const struct timeval *begun)
{
	struct seen *seen;

	while (monotime_since(begun, NULL) < SLICE_MICROSECONDS) {
		seen = seen_tree_pop(&seen_keys);
		if (!seen) {
			XFREE(MTYPE_PEERING_STATE_FILE, checked);
			now.step = IDLE;
			return;
		}
		XFREE(MTYPE_PEERING_STATE_FILE, seen);
	}
}

/* ---- import: the check ---- */

static bool wrong(const char *format, ...) PRINTFRR(1, 2);
static bool wrong(const char *format, ...)
{
	size_t used = (size_t)snprintf(now.message, sizeof(now.message), "line %u: ", now.line);
	va_list arguments;

	va_start(arguments, format);
	vsnprintfrr(now.message + used, sizeof(now.message) - used, format, arguments);
	va_end(arguments);
	return false;
}

static bool check_connection(const struct journal_record *record)
{
	const struct connection *connection = connection_find(record->name);
	char key[VRF_NAME_MAX + SESSION_ADDRESS_MAX + 1], normal[SESSION_ADDRESS_MAX];

	if (!see(record->name))
		return wrong("%s stands in it twice", record->name);
	if (connection && strcmp(connection->vrf, record->vrf) != 0)
		return wrong("%s is a connection of vrf %s here, and of vrf %s in the file; names are unique over all VRFs",
			     record->name, connection->vrf, record->vrf);
	for (size_t i = 0; i < record->session_count; i++) {
		const char *address = record->sessions[i].address;

		if (!address[0] || !session_normalize(address, normal) || strcmp(address, normal) != 0)
			return wrong("'%s' of %s is neither an address nor an interface", address, record->name);
		snprintf(key, sizeof(key), "%s %s", record->vrf, address);
		if (!see(key))
			return wrong("the neighbor %s stands in it twice", address);
	}
	*checked = *record;
	return true;
}

static bool check_policy(const struct journal_record *record)
{
	if (strcmp(record->vrf, checked->vrf) == 0)
		for (size_t i = 0; i < checked->session_count; i++)
			if (strcmp(record->address, checked->sessions[i].address) == 0)
				return true;
	return wrong("a policy of %s, which is no neighbor of the connection in front of it", record->address);
}

static bool check_default_deny(const struct journal_record *record)
{
	char error[160];

	for (size_t i = 0; i < record->exception_count; i++)
		if (!default_deny_is_exception(record->exceptions[i], error, sizeof(error)))
			return wrong("%s", error);
	return true;
}

static bool check_record(const struct journal_record *record, bool last)
{
	if ((now.line == 1) != (record->type == RECORD_EXPORT))
		return now.line == 1 ? wrong("this is no file that `peering state export` has written")
				     : wrong("another export begins in the middle");
	if (last && record->type != RECORD_END)
		return wrong("the file ends here, without the line that ends an export; it is not whole");
	switch (record->type) {
	case RECORD_EXPORT:
		strlcpy(now.router, record->name, sizeof(now.router));
		return true;
	case RECORD_CONNECTION:
		return check_connection(record);
	case RECORD_POLICY:
		return check_policy(record);
	case RECORD_DEFAULT_DENY:
		return check_default_deny(record);
	case RECORD_END:
		if (!last)
			return wrong("the export ends here, but there is more behind it");
		return record->sequence == now.line - 1 ||
		       wrong("the export had %llu lines in front of this one; some are missing, or were added",
			     (unsigned long long)record->sequence);
	default:
		return wrong("such a line has no place in an export");
	}
}

/* The next line of the file, decoded. False: there is none, or it cannot be read, which now.message says. */
static bool next_record(struct journal_record *record)
{
	char *line = now.bytes + now.at, *end;
	char error[160];

	if (now.at == now.size)
		return false;
	now.line++;
	end = memchr(line, '\n', now.size - now.at);
	if (!end)
		return wrong("it does not end; the file is not whole");
	if (now.line > STATE_FILE_LINES_MAX)
		return wrong("more than %u lines are not read", STATE_FILE_LINES_MAX);
	if (end - line >= JOURNAL_LINE_MAX)
		return wrong("it is longer than %u bytes", JOURNAL_LINE_MAX);
	if (memchr(line, '\0', (size_t)(end - line)))
		return wrong("it has a zero byte");
	now.at += (size_t)(end - line) + 1;
	*end = '\0';
	error[0] = '\0';
	if (journal_line_decode(line, record, error, sizeof(error))) {
		*end = '\n';
		return true;
	}
	*end = '\n';
	return wrong("%s", error);
}

static void next_step(enum step step)
{
	now.step = step;
	now.at = 0;
	now.line = 0;
}

static void check_lines(const struct timeval *begun)
{
	struct journal_record record;

	while (monotime_since(begun, NULL) < SLICE_MICROSECONDS) {
		bool good;

		if (!next_record(&record)) {
			if (!now.line)
				snprintf(now.message, sizeof(now.message), "the file is empty");
			finish(true);
			return;
		}
		good = check_record(&record, now.at == now.size);
		journal_record_clear(&record);
		if (!good) {
			finish(true);
			return;
		}
		if (now.at == now.size) {
			next_step(CLOSING);
			return;
		}
	}
}

/* ---- import: taking over ---- */

/*
 * Nothing is known of it that closes it: it has just been declared, or has come up undeclared, and nobody has decided
 * anything since.
 */
static bool is_unknown(const struct connection *connection)
{
	const struct session *session;

	if (connection->pending.ticket || connection->let_go || connection->journal_damaged || connection->bypass.on)
		return false;
	frr_each (session_list_const, &connection->sessions, session)
		if (session->violation.count)
			return false;
	if (connection->state == STATE_NONE)
		return !connection->state_since;
	return connection->state == STATE_PENDING_APPROVAL && connection->history_count == 1;
}

static bool opens(const struct journal_record *record)
{
	return lifecycle_gate(record->state) == GATE_ALLOW;
}

static void take_session(struct connection *connection, const struct journal_record *record, size_t i)
{
	struct session *session = session_find(record->vrf, record->sessions[i].address);
	const struct peer *peer;

	if (session && session->connection != connection) {
		if (!session->connection->discovered || session->declared || !is_unknown(session->connection) ||
		    session_list_count(&connection->sessions) >= SESSIONS_MAX) {
			now.left_out++;
			return;
		}
		configuration_take_session(connection, session);
		session->declared = record->sessions[i].declared;
	}
	if (!session) {
		if (session_list_count(&connection->sessions) >= SESSIONS_MAX) {
			now.left_out++;
			return;
		}
		session = session_new(connection, record->sessions[i].address);
		session->declared = record->sessions[i].declared;
		session->required = record->sessions[i].required;
		/* Up, and open both here and in the file: it is taken as it stands. */
		peer = session_peer(session);
		session->hands_off = peer && peer_is_established(peer);
	}
	session->held_next = record->sessions[i].held;
	if (session->held_next || !opens(record))
		gate_close(session);
}

/* The policies behind the connection's line, where nobody has said anything here. Those of others are passed over. */
static void take_policies(const struct connection *connection)
{
	struct journal_record record;

	for (;;) {
		size_t at = now.at;
		struct session *session;

		if (!next_record(&record))
			return;
		if (record.type != RECORD_POLICY) {
			now.at = at;
			now.line--;
			journal_record_clear(&record);
			return;
		}
		session = session_find(record.vrf, record.address);
		for (size_t i = 0; session && session->connection == connection && !session->hands_off &&
				   i < record.policy_count;
		     i++) {
			const struct policy_record *policy = &record.policies[i];

			if (!session->wanted[policy->afi][policy->safi][policy->direction].said)
				gate_policy_want(session, policy->afi, policy->safi, policy->direction, policy->name);
		}
		journal_record_clear(&record);
	}
}

static void take_connection(const struct journal_record *record)
{
	struct connection *connection = connection_find(record->name);
	char reason[TRANSITION_MESSAGE_MAX];
	struct session *session;
	struct verdict verdict;
	bool made = !connection;

	if (connection && (!is_unknown(connection) || strcmp(connection->vrf, record->vrf) != 0)) {
		now.known++;
		return;
	}
	if (!connection)
		connection = connection_new(record->name, record->vrf);
	/* The lines that stand here are newer than the file. */
	if (!connection->declared)
		journal_record_settings(record, connection);
	frr_each (session_list, &connection->sessions, session)
		session->held_next = opens(record);
	for (size_t i = 0; i < record->session_count; i++)
		take_session(connection, record, i);
	take_policies(connection);
	if (connection->state == record->state && connection->state_since) {
		/* Here as there. */
		now.known++;
		return;
	}
	connection->generation = MAX(connection->generation, record->generation);
	connection->former = record->former;
	connection->wanted_kind = record->wanted_kind;
	connection->overridden = record->overridden;
	connection->maintenance = record->maintenance;
	drain_restored(connection, record->boot_id);
	snprintf(reason, sizeof(reason), "state of %s", now.router[0] ? now.router : "another router");
	if (!transition_take_over(connection, record->state, record->adopted,
				  record->discovered && !connection->declared, reason, &verdict)) {
		alert("%s stays gated, although the file calls it %s: %s", connection->name,
		      connection_state_name(record->state), verdict.message);
		connection->maintenance = (struct maintenance){0};
		now.known++;
		return;
	}
	connection->pending.made = made && connection->pending.ticket;
	now.taken++;
	now.opening += opens(record);
}

static void take_default_deny(const struct journal_record *record)
{
	struct verdict verdict;

	if (!default_deny_is_unknown(record->vrf))
		return;
	for (size_t i = 0; i < record->exception_count; i++)
		default_deny_add_exception(record->vrf, record->exceptions[i], false, &verdict);
	default_deny_set_confederation(record->vrf, record->confederation, false, NULL, NULL);
	/* As typed: what runs here, and no connection has, is adopted. */
	if (!default_deny_set_mode(record->vrf, record->mode, false, NULL, NULL, &verdict))
		alert("default-deny of vrf %s is not taken over: %s", record->vrf, verdict.message);
}

static void take_lines(const struct timeval *begun)
{
	struct journal_record record;

	while (monotime_since(begun, NULL) < SLICE_MICROSECONDS) {
		if (!next_record(&record)) {
			if (now.step == DEFAULT_DENY) {
				snprintf(now.message, sizeof(now.message),
					 "%u connections taken over, %u of them open; %u are known here and stay as they are; %u neighbors belong to others here and are left out",
					 now.taken, now.opening, now.known, now.left_out);
				finish(false);
				return;
			}
			next_step(now.step + 1);
			continue;
		}
		if (record.type == RECORD_CONNECTION && now.step != DEFAULT_DENY && opens(&record) == (now.step == OPENING))
			take_connection(&record);
		else if (record.type == RECORD_DEFAULT_DENY && now.step == DEFAULT_DENY)
			take_default_deny(&record);
		journal_record_clear(&record);
	}
}

bool state_file_import(const char *path, struct verdict *verdict)
{
	if (!begin(path, true, verdict))
		return false;
	now.step = READING;
	if (start_job(false))
		return true;
	verdict_refuse(verdict, "thread", "%s", now.message);
	finish(true);
	return false;
}

/* ---- events ---- */

static void on_step(event_ref *event)
{
	struct timeval begun;

	if (!router_works())
		return;
	monotime(&begun);
	if (now.step == COLLECTING)
		collect(&begun);
	else if (now.step == CHECKING)
		check_lines(&begun);
	else if (now.step == FORGETTING)
		forget_seen(&begun);
	else
		take_lines(&begun);
	if (now.step != IDLE && now.step != WRITING)
		event_add_now(on_step, NULL, &step_event);
}

static void take_back(struct file_job *job)
{
	if (job->error[0]) {
		strlcpy(now.message, job->error, sizeof(now.message));
		finish(true);
	} else if (job->write) {
		snprintf(now.message, sizeof(now.message), "%u connections, %zu bytes", now.taken, job->size);
		finish(false);
	} else {
		now.bytes = job->bytes;
		now.size = job->size;
		job->bytes = NULL;
		checked = XCALLOC(MTYPE_PEERING_STATE_FILE, sizeof(*checked));
		seen_tree_init(&seen_keys);
		next_step(CHECKING);
		event_add_now(on_step, NULL, &step_event);
	}
	file_job_free(job);
}

static void on_done(event_ref *event)
{
	struct mail *mail = mailbox_take(done);

	event_add_readable(on_done, NULL, mailbox_fd(done), &done_event);
	while (mail) {
		struct file_job *job = container_of(mail, struct file_job, mail);

		mail = mail->next;
		take_back(job);
	}
}
