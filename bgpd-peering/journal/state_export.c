// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/journal/state_file_private.h"

#include "bgpd-peering/gate/default_deny.h"
#include "bgpd-peering/journal/file_job.h"
#include "bgpd-peering/journal/journal_line.h"
#include "bgpd-peering/router.h"

static bool add_record(const struct journal_record *record)
{
	char *line = journal_line_encode(record);
	size_t length = strlen(line);

	if (state_file_now.size + length > state_file_now.capacity) {
		size_t capacity = MAX(2 * state_file_now.capacity, state_file_now.size + length + 65536);
		char *bytes = capacity <= FILE_JOB_MAX ? realloc(state_file_now.bytes, capacity) : NULL;

		if (!bytes) {
			free(line);
			return false;
		}
		state_file_now.bytes = bytes;
		state_file_now.capacity = capacity;
	}
	memcpy(state_file_now.bytes + state_file_now.size, line, length);
	state_file_now.size += length;
	state_file_now.line++;
	free(line);
	return state_file_now.line < STATE_FILE_LINES_MAX;
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
	state_file_now.taken++;
	return added;
}

void state_export_collect(const struct timeval *begun)
{
	struct journal_record end = {.type = RECORD_END};
	struct connection key, *connection;
	bool added = true;

	strlcpy(key.name, state_file_now.position, sizeof(key.name));
	connection = connection_tree_find_gteq(&connections, &key);
	while (added && connection && monotime_since(begun, NULL) < STATE_FILE_SLICE_MICROSECONDS) {
		added = add_connection(connection);
		connection = connection_tree_next(&connections, connection);
	}
	if (added && connection) {
		strlcpy(state_file_now.position, connection->name, sizeof(state_file_now.position));
		return;
	}
	end.sequence = state_file_now.line;
	if (!added || !add_record(&end)) {
		snprintf(state_file_now.message, sizeof(state_file_now.message), "it would have more than %u lines or %u MiB, which no import takes",
			 STATE_FILE_LINES_MAX, FILE_JOB_MAX >> 20);
		state_file_finish(true);
		return;
	}
	state_file_now.step = STEP_WRITING;
	if (!state_file_start_job(true))
		state_file_finish(true);
}

bool state_file_export(const char *path, struct verdict *verdict)
{
	struct journal_record header = {.type = RECORD_EXPORT, .state_since = wall_clock_milliseconds()};
	bool added;

	if (!state_file_begin(path, false, verdict))
		return false;
	strlcpy(header.name, cmd_hostname_get() ? cmd_hostname_get() : "", sizeof(header.name));
	added = add_record(&header);
	default_deny_each(add_default_deny, &added);
	if (!added) {
		verdict_refuse(verdict, "memory", "there is no memory for it");
		state_file_finish(true);
		return false;
	}
	state_file_now.step = STEP_COLLECTING;
	state_file_go_on();
	return true;
}
