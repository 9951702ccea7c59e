// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is left of a journal says what all of it said. Lines are drawn at random, with an `n` each that nothing looks at
 * but this test; they are read back by a model, before the compaction and behind it.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bgpd-peering/journal/journal_compaction.h"
#include "bgpd-peering/journal/journal_writer.h"
#include "lib/journal_gates.h"
#include "tests/unit/temporary.h"

#define FIRST "{\"type\":\"journal\",\"version\":1,\"id\":\"x\"}\n"
#define TEXT_MAX (4u << 20)

static char before[TEXT_MAX], after[TEXT_MAX];

static size_t read_file(const char *path, char *text)
{
	FILE *file = fopen(path, "r");
	size_t size;

	assert_non_null(file);
	size = fread(text, 1, TEXT_MAX - 1, file);
	fclose(file);
	text[size] = '\0';
	return size;
}

/* Compacts `before`; `tail` is what the writer has added meanwhile. 0 and `after`, or an errno. */
static int compact(const char *tail)
{
	const char *path = temporary_path("journal");
	size_t size = strlen(before);
	struct journal_compaction *compaction;
	enum compaction_step step;
	uint64_t bytes = 0;
	int fd, error = 0;

	temporary_write("journal", before, size);
	fd = open(path, O_RDWR | O_APPEND);
	assert_true(fd >= 0);
	compaction = journal_compaction_begin(path, fd, size);
	assert_non_null(compaction);
	assert_int_equal(write(fd, tail, strlen(tail)), strlen(tail));
	close(fd);
	while ((step = journal_compaction_step(compaction, 1)) == COMPACTION_GOES_ON)
		;
	if (step == COMPACTION_FAILED)
		error = errno;
	assert_int_not_equal(step, COMPACTION_NEEDLESS);
	if (step == COMPACTION_WRITTEN) {
		fd = journal_compaction_finish(compaction, size + strlen(tail), &bytes);
		error = fd < 0 ? errno : 0;
		if (fd >= 0)
			close(fd);
	}
	journal_compaction_end(compaction);
	assert_int_equal(access(temporary_path("journal" JOURNAL_COMPACTION_SUFFIX), F_OK), -1);
	assert_int_equal(read_file(path, after), error ? size + strlen(tail) : bytes);
	return error;
}

/* ---- lines, and a model of what they say ---- */

#define CONNECTIONS 4
#define SESSIONS 6
#define LINES_MOST 20000

enum kind { KIND_LINE, KIND_FORGET, KIND_POLICY, KIND_BYPASS, KIND_PUSHED, KIND_ACKED, KIND_DENY, KIND_PUSHES,
	    KIND_CONTROLLER };

struct line {
	enum kind kind;
	int connection;	    /* -1: none */
	unsigned int sessions; /* bits */
	int session;	    /* of a policy */
	int sequence;	    /* of a transition; 0: it is none */
};

static struct line lines[LINES_MOST];
static int line_count, newest_sequence;
static size_t used;

static const char *const names[CONNECTIONS] = {"ALPHA", "BETA", "GAMMA", "DELTA"};

struct said {
	int last[CONNECTIONS], bypass[CONNECTIONS], pushed[CONNECTIONS], deny, pushes, controller;
	bool was_pushed[CONNECTIONS]; /* when the connection's last line came */
	int history[CONNECTIONS][JOURNAL_HISTORY_KEPT];
	int owner[SESSIONS], policy[SESSIONS];
	int sequence, acked;
	int seen[LINES_MOST];
};

static void end_session(struct said *said, int session)
{
	said->owner[session] = -1;
	said->policy[session] = 0;
}

/* As durable_state.c restores it. */
static void say(struct said *said, int n)
{
	const struct line *line = &lines[n];
	int at = line->connection;

	said->seen[n]++;
	switch (line->kind) {
	case KIND_LINE:
		said->last[at] = n;
		said->was_pushed[at] = said->pushed[at] != 0;
		for (int s = 0; s < SESSIONS; s++) {
			if (line->sessions & (1u << s))
				said->owner[s] = at;
			else if (said->owner[s] == at)
				end_session(said, s);
		}
		if (line->sequence) {
			memmove(said->history[at], said->history[at] + 1, sizeof(said->history[at]) - sizeof(int));
			said->history[at][JOURNAL_HISTORY_KEPT - 1] = n;
			if (line->sequence > said->sequence)
				said->sequence = line->sequence;
		}
		break;
	case KIND_FORGET:
		for (int s = 0; s < SESSIONS; s++)
			if (said->owner[s] == at)
				end_session(said, s);
		said->last[at] = said->bypass[at] = said->pushed[at] = 0;
		said->was_pushed[at] = false;
		memset(said->history[at], 0, sizeof(said->history[at]));
		break;
	case KIND_POLICY:
		if (said->owner[line->session] >= 0)
			said->policy[line->session] = n;
		break;
	case KIND_BYPASS:
		if (said->last[at])
			said->bypass[at] = n;
		break;
	case KIND_PUSHED:
		said->pushed[at] = n;
		break;
	case KIND_ACKED:
		if (line->sequence > said->acked)
			said->acked = line->sequence;
		break;
	case KIND_DENY:
		said->deny = n;
		break;
	case KIND_PUSHES:
		said->pushes = n;
		break;
	case KIND_CONTROLLER:
		said->controller = n;
		break;
	}
}

static struct said *read_back(const char *text)
{
	struct said *said = calloc(1, sizeof(*said));

	assert_non_null(said);
	for (int s = 0; s < SESSIONS; s++)
		said->owner[s] = -1;
	assert_memory_equal(text, FIRST, strlen(FIRST));
	for (text = strchr(text, '\n') + 1; *text; text = strchr(text, '\n') + 1) {
		const char *n = strstr(text, "\"n\":");

		assert_non_null(n);
		say(said, atoi(n + 4));
	}
	return said;
}

static void add(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void add(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	used += (size_t)vsnprintf(before + used, sizeof(before) - used, format, arguments);
	va_end(arguments);
	assert_true(used < sizeof(before));
}

static void begin(void)
{
	used = 0;
	line_count = 1;
	newest_sequence = 0;
	add("%s", FIRST);
}

static struct line *next_line(enum kind kind, int connection)
{
	assert_true(line_count < LINES_MOST);
	lines[line_count] = (struct line){.kind = kind, .connection = connection};
	return &lines[line_count++];
}

static void add_connection(const char *type, int connection, unsigned int sessions)
{
	struct line *line = next_line(strcmp(type, "forget") == 0 ? KIND_FORGET : KIND_LINE, connection);
	const char *comma = "";

	line->sessions = sessions;
	add("{\"type\":\"%s\",\"n\":%d", type, line_count - 1);
	if (strcmp(type, "transition") == 0) {
		line->sequence = ++newest_sequence;
		add(",\"sequence\":%d", line->sequence);
	}
	add(",\"connection\":{\"name\":\"%s\",\"vrf\":\"default\",\"state\":\"%s\",\"sessions\":[", names[connection],
	    line_count % 3 ? "Active" : "Validating");
	for (int s = 0; s < SESSIONS; s++) {
		if (!(sessions & (1u << s)))
			continue;
		add("%s{\"address\":\"192.0.2.%d\"%s}", comma, s, line_count % 5 ? "" : ",\"held\":true");
		comma = ",";
	}
	add("]}}\n");
}

static void add_other(enum kind kind, int connection, int session, int sequence)
{
	struct line *line = next_line(kind, connection);
	int n = line_count - 1;

	line->session = session;
	line->sequence = sequence;
	if (kind == KIND_POLICY)
		add("{\"type\":\"policy\",\"n\":%d,\"name\":\"?\",\"vrf\":\"default\",\"address\":\"192.0.2.%d\",\"wanted\":[]}\n",
		    n, session);
	else if (kind == KIND_BYPASS)
		add("{\"type\":\"bypass\",\"n\":%d,\"name\":\"%s\",\"on\":%s}\n", n, names[connection], n % 2 ? "true" : "false");
	else if (kind == KIND_PUSHED)
		add("{\"type\":\"pushed\",\"n\":%d,\"declaration\":{\"name\":\"%s\"}}\n", n, names[connection]);
	else if (kind == KIND_ACKED)
		add("{\"type\":\"acked\",\"n\":%d,\"sequence\":%d}\n", n, sequence);
	else if (kind == KIND_PUSHES)
		add("{\"type\":\"pushes\",\"n\":%d,\"revision\":%d,\"push\":\"\",\"answers\":[]}\n", n, n);
	else if (kind == KIND_DENY)
		add("{\"type\":\"defaultDeny\",\"n\":%d,\"vrf\":\"default\",\"mode\":\"%s\",\"except\":[]}\n", n,
		    n % 2 ? "on" : "off");
	else
		add("{\"type\":\"controller\",\"n\":%d,\"host\":\"%s\",\"port\":4790,\"routerName\":\"\"}\n", n,
		    session ? "controller.example.net" : "");
}

/* Until what counts is less than a quarter of it. */
static void pad(void)
{
	size_t padded = 5 * used + 4096;

	while (used < padded) {
		next_line(KIND_ACKED, -1);
		add("{\"type\":\"acked\",\"n\":%d,\"sequence\":0,\"pad\":\"%04000d\"}\n", line_count - 1, 0);
	}
	add_other(KIND_ACKED, -1, 0, 0);
}

/* ---- tests ---- */

static int chance(int of)
{
	return (int)(random() % of);
}

/* Whether a connection names a session in its last line that is another's. */
static bool contradicts(const struct said *said)
{
	for (int at = 0; at < CONNECTIONS; at++)
		for (int s = 0; said->last[at] && s < SESSIONS; s++)
			if (lines[said->last[at]].sessions & (1u << s) && said->owner[s] != at)
				return true;
	return false;
}

static void draw_line(void)
{
	int connection = chance(CONNECTIONS), session = chance(SESSIONS);
	/* Each has sessions of its own, and now and then one of another's. */
	unsigned int sessions = chance(8) ? 1u << connection : 0;

	if (!chance(3))
		sessions |= 1u << (CONNECTIONS + connection % 2);
	if (!chance(60))
		sessions |= 1u << session;
	switch (chance(24)) {
	case 0:
		add_connection("forget", connection, sessions);
		break;
	case 1:
	case 2:
	case 3:
		add_other(KIND_POLICY, -1, session, 0);
		break;
	case 4:
		add_other(KIND_BYPASS, connection, 0, 0);
		break;
	case 5:
		add_other(KIND_PUSHED, connection, 0, 0);
		break;
	case 6:
		add_other(KIND_ACKED, -1, 0, newest_sequence - chance(newest_sequence < 20 ? newest_sequence + 1 : 20));
		break;
	case 7:
		add_other(KIND_DENY, -1, 0, 0);
		break;
	case 8:
		add_other(KIND_CONTROLLER, -1, chance(2), 0);
		break;
	case 9:
		add_other(KIND_PUSHES, -1, 0, 0);
		break;
	case 10:
	case 11:
		add_connection("connection", connection, sessions);
		break;
	default:
		add_connection("transition", connection, sessions);
		break;
	}
}

static void assert_same(const struct said *was, const struct said *is)
{
	assert_memory_equal(was->last, is->last, sizeof(was->last));
	assert_memory_equal(was->bypass, is->bypass, sizeof(was->bypass));
	assert_memory_equal(was->pushed, is->pushed, sizeof(was->pushed));
	assert_memory_equal(was->was_pushed, is->was_pushed, sizeof(was->was_pushed));
	assert_memory_equal(was->history, is->history, sizeof(was->history));
	assert_memory_equal(was->owner, is->owner, sizeof(was->owner));
	assert_memory_equal(was->policy, is->policy, sizeof(was->policy));
	assert_int_equal(was->deny, is->deny);
	assert_int_equal(was->pushes, is->pushes);
	assert_int_equal(was->controller, is->controller);
	assert_int_equal(was->sequence, is->sequence);
	assert_int_equal(was->acked, is->acked);
}

static void assert_same_gates(void)
{
	struct journal_gates *was, *is;
	char error[256];

	temporary_write("was", before, strlen(before));
	temporary_write("is", after, strlen(after));
	assert_int_equal(journal_gates_read(temporary_path("was"), &was, error, sizeof(error)), JOURNAL_READ);
	assert_int_equal(journal_gates_read(temporary_path("is"), &is, error, sizeof(error)), JOURNAL_READ);
	assert_null(journal_gates_damage(was));
	assert_null(journal_gates_damage(is));
	assert_int_equal(journal_gates_count(was), journal_gates_count(is));
	for (size_t i = 0; i < journal_gates_count(was); i++) {
		const struct gate_record *a = journal_gates_at(was, i), *b = journal_gates_at(is, i);

		assert_string_equal(a->address, b->address);
		assert_string_equal(a->connection, b->connection);
		assert_string_equal(a->state, b->state);
		assert_int_equal(a->open, b->open);
	}
	for (int at = 0; at < CONNECTIONS; at++)
		assert_int_equal(journal_gates_knows(was, names[at]), journal_gates_knows(is, names[at]));
	assert_int_equal(journal_gates_default_deny(was, "default") && journal_gates_default_deny(was, "default")->on,
			 journal_gates_default_deny(is, "default") && journal_gates_default_deny(is, "default")->on);
	journal_gates_free(was);
	journal_gates_free(is);
}

static void what_is_left_says_what_all_of_it_said(void **state)
{
	int compacted = 0;

	for (int round = 0; round < 400; round++) {
		struct said *was, *is;
		int error;

		srandom((unsigned int)round);
		begin();
		for (int i = chance(round % 10 ? 60 : 1500); i >= 0; i--)
			draw_line();
		pad();
		was = read_back(before);
		error = compact("");
		if (error) {
			assert_int_equal(error, EBADMSG);
			assert_true(contradicts(was));
			free(was);
			continue;
		}
		assert_false(contradicts(was));
		compacted++;
		is = read_back(after);
		assert_same(was, is);
		for (int n = 1; n < line_count; n++) {
			assert_true(is->seen[n] <= 1);
			if (lines[n].kind == KIND_LINE && lines[n].sequence > was->acked && was->controller &&
			    lines[was->controller].kind == KIND_CONTROLLER && lines[was->controller].session)
				assert_int_equal(is->seen[n], 1);
		}
		assert_same_gates();
		/* Nothing more than that: of a small network it is small. */
		assert_true(strlen(after) < strlen(before) / 2);
		free(was);
		free(is);
	}
	assert_true(compacted > 200);
}

/* Else the next transition would have a number that the controller knows. What it speaks of does not come back. */
static void the_highest_sequence_is_kept_with_the_end_behind_it(void **state)
{
	struct said *is;

	begin();
	add_connection("transition", 0, 1);
	add_connection("transition", 1, 2);
	add_connection("forget", 1, 2);
	pad();
	assert_int_equal(compact(""), 0);
	is = read_back(after);
	assert_int_equal(is->sequence, 2);
	assert_int_equal(is->last[1], 0);
	assert_int_equal(is->owner[1], -1);
	free(is);
}

/* Of a pushed policy, the last line of its name: that it is gone, too. */
static void a_policy_object_is_as_its_last_line_says(void **state)
{
	begin();
	add("{\"type\":\"policyObject\",\"name\":\"P\",\"policy\":{\"v\":1}}\n");
	add("{\"type\":\"policyObject\",\"name\":\"Q\",\"policy\":{\"v\":2}}\n");
	add("{\"type\":\"policyObject\",\"name\":\"P\",\"policy\":{\"v\":3}}\n");
	add("{\"type\":\"policyObject\",\"name\":\"Q\"}\n");
	add("{\"type\":\"policyObject\",\"name\":\"\",\"putBack\":\"P\"}\n");
	add("{\"type\":\"policyObject\",\"name\":\"\",\"putBack\":\"P\",\"ended\":true}\n");
	add("{\"type\":\"policyObject\",\"name\":\"\",\"putBack\":\"Q\"}\n");
	pad();
	assert_int_equal(compact(""), 0);
	assert_null(strstr(after, "\"v\":1"));
	assert_null(strstr(after, "\"v\":2"));
	assert_non_null(strstr(after, "{\"type\":\"policyObject\",\"name\":\"P\",\"policy\":{\"v\":3}}\n"));
	assert_non_null(strstr(after, "{\"type\":\"policyObject\",\"name\":\"Q\"}\n"));
	assert_non_null(strstr(after, "{\"type\":\"policyObject\",\"name\":\"\",\"putBack\":\"P\",\"ended\":true}\n"));
	assert_non_null(strstr(after, "{\"type\":\"policyObject\",\"name\":\"\",\"putBack\":\"Q\"}\n"));
}

/* Beside what there is now, and in front of the line that says that it waits; no more once it does not. */
static void what_was_before_a_push_is_kept_while_it_waits(void **state)
{
	static const char former[] = "{\"type\":\"policyObject\",\"name\":\"P\",\"policy\":{\"v\":1},\"before\":\"a\"}\n";
	static const char now[] = "{\"type\":\"policyObject\",\"name\":\"P\",\"policy\":{\"v\":2}}\n";
	static const char waits[] = "{\"type\":\"pushes\",\"revision\":2,\"unconfirmed\":{\"push\":\"a\"}}\n";
	const char *kept;

	for (int confirmed = 0; confirmed < 2; confirmed++) {
		begin();
		add("{\"type\":\"policyObject\",\"name\":\"P\",\"policy\":{\"v\":1}}\n");
		add("{\"type\":\"pushes\",\"revision\":1}\n");
		add("%s%s%s", former, now, waits);
		if (confirmed)
			add("{\"type\":\"pushes\",\"revision\":2}\n");
		pad();
		assert_int_equal(compact(""), 0);
		kept = strstr(after, former);
		assert_true((kept != NULL) == !confirmed);
		assert_non_null(strstr(after, now));
		assert_true(confirmed || strstr(kept, waits));
	}
}

/* What comes while it is copied stands behind what was kept. */
static void what_was_added_meanwhile_is_kept(void **state)
{
	static const char tail[] = "{\"type\":\"forget\",\"connection\":{\"name\":\"ALPHA\",\"vrf\":\"default\",\"state\":"
				   "\"None\",\"sessions\":[]}}\n";

	begin();
	add_connection("transition", 0, 1);
	add_connection("transition", 0, 1);
	pad();
	assert_int_equal(compact(tail), 0);
	assert_string_equal(after + strlen(after) - strlen(tail), tail);
	assert_non_null(strstr(after, "ALPHA"));
}

/* What a lost line takes away hangs on where it stands. */
static void a_line_that_cannot_be_read_is_left_in_its_place(void **state)
{
	static const char *const bad[] = {
		"",
		"#",
		"{\"type\":\"transition\"",
		"{\"type\":\"something new\"}",
		"{\"type\":\"export\",\"version\":1,\"router\":\"\",\"at\":1}",
		"{\"type\":\"connection\",\"connection\":{\"name\":\"ALPHA\",\"vrf\":\"default\",\"state\":\"Act#ve\",\"sessions\":[]}}",
		"{\"type\":\"connection\",\"connection\":{\"name\":\"a b\",\"vrf\":\"default\",\"state\":\"Active\",\"sessions\":[]}}",
		"{\"type\":\"connection\",\"connection\":{\"name\":\"ALPHA\",\"vrf\":\"default\",\"state\":\"Active\"}}",
		"{\"type\":\"transition\",\"connection\":{\"name\":\"ALPHA\",\"vrf\":\"default\",\"state\":\"Active\",\"sessions\":[]}}",
		"{\"type\":\"journal\",\"version\":2,\"id\":\"x\"}",
		"{\"type\":\"acked\"}",
		"{\"type\":\"pushes\"}",
	};
	static char kept[TEXT_MAX];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		begin();
		add_connection("transition", 0, 1);
		add("%s\n", bad[i]);
		pad();
		memcpy(kept, before, sizeof(kept));
		assert_int_equal(compact(""), EBADMSG);
		assert_string_equal(after, kept);
	}
	/* And what is no journal. */
	used = 0;
	line_count = 1;
	add_other(KIND_ACKED, -1, 0, 0);
	assert_int_equal(compact(""), EBADMSG);
}

/* A limit on the size of files, under which the kernel writes a part and then refuses. */
static void a_full_disk_leaves_the_journal_as_it_was(void **state)
{
	const char *path = temporary_path("full");
	struct journal_compaction *compaction;
	enum compaction_step step;
	struct rlimit whole, limit;
	uint64_t bytes;
	int fd;

	begin();
	for (int i = 0; i < 100; i++)
		add_connection("transition", 0, 1);
	pad();
	temporary_write("full", before, used);
	fd = open(path, O_RDWR | O_APPEND);
	compaction = journal_compaction_begin(path, fd, used);
	assert_non_null(compaction);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &whole), 0);
	limit = whole;
	limit.rlim_cur = 5000;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	while ((step = journal_compaction_step(compaction, 1)) == COMPACTION_GOES_ON)
		;
	assert_int_equal(step, COMPACTION_WRITTEN);
	assert_int_equal(journal_compaction_finish(compaction, used, &bytes), -1);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &whole), 0);
	journal_compaction_end(compaction);
	close(fd);
	read_file(path, after);
	assert_string_equal(after, before);
	assert_int_equal(access(temporary_path("full" JOURNAL_COMPACTION_SUFFIX), F_OK), -1);
}

/* Its name is another file's by then: neither is touched. */
static void a_file_that_was_put_in_its_place_is_left_alone(void **state)
{
	const char *path = temporary_path("moved");
	struct journal_compaction *compaction;
	enum compaction_step step;
	uint64_t bytes;
	int fd;

	begin();
	add_connection("transition", 0, 1);
	pad();
	temporary_write("moved", before, used);
	fd = open(path, O_RDWR | O_APPEND);
	compaction = journal_compaction_begin(path, fd, used);
	assert_non_null(compaction);
	while ((step = journal_compaction_step(compaction, 1)) == COMPACTION_GOES_ON)
		;
	assert_int_equal(step, COMPACTION_WRITTEN);
	temporary_write("copy", FIRST, strlen(FIRST));
	assert_int_equal(rename(temporary_path("copy"), path), 0);
	assert_int_equal(journal_compaction_finish(compaction, used, &bytes), -1);
	assert_int_equal(errno, ESTALE);
	journal_compaction_end(compaction);
	read_file(path, after);
	assert_string_equal(after, FIRST);
	assert_int_equal(access(temporary_path("moved" JOURNAL_COMPACTION_SUFFIX), F_OK), -1);
	assert_null(journal_compaction_begin(path, fd, used));
	assert_int_equal(errno, ESTALE);
	close(fd);
}

/* ---- by the writer ---- */

static void discard(struct mail *mail)
{
	free(mail);
}

/* The next one that is a line's (`ticket`), or tells of a compaction (0). */
static struct journal_completion *await(struct mailbox *completions, struct mail **taken)
{
	struct pollfd fd = {.fd = mailbox_fd(completions), .events = POLLIN};
	struct mail *mail;

	while (!*taken) {
		assert_int_equal(poll(&fd, 1, 30000), 1);
		*taken = mailbox_take(completions);
	}
	mail = *taken;
	*taken = mail->next;
	return (struct journal_completion *)mail;
}

/* One that has grown is compacted, with what is left of a broken one in the way; a lock and its readers go with it. */
static void the_writer_compacts_what_has_grown(void **state)
{
	const char *path = temporary_path("grown");
	struct mailbox *completions = mailbox_new();
	struct journal_completion *told;
	struct journal_writer *writer;
	struct mail *taken = NULL;
	struct stat status;
	int fd;

	begin();
	add_connection("transition", 0, 1);
	while (used < (1u << 20))
		add("{\"type\":\"acked\",\"n\":1,\"sequence\":1,\"pad\":\"%0800d\"}\n", 1);
	temporary_write("grown", before, used);
	temporary_write("grown" JOURNAL_COMPACTION_SUFFIX, "what a crash has left", 21);
	assert_int_equal(chmod(path, 0640), 0);
	writer = journal_writer_start(path, used, true, completions);
	assert_non_null(writer);
	told = await(completions, &taken);
	assert_int_equal(told->ticket, 0);
	assert_int_equal(told->error, 0);
	assert_int_equal(told->bytes_before, used);
	assert_true(told->bytes < 2000);
	free(told);
	assert_int_equal(journal_writer_append(writer, "{\"type\":\"acked\",\"sequence\":2}\n", 30), 1);
	told = await(completions, &taken);
	assert_int_equal(told->ticket, 1);
	assert_int_equal(told->error, 0);
	free(told);
	fd = open(path, O_RDONLY);
	assert_true(journal_is_taken(fd));
	close(fd);
	journal_writer_stop(writer, 5000);
	assert_true(read_file(path, after) < 2000);
	assert_non_null(strstr(after, "ALPHA"));
	assert_string_equal(after + strlen(after) - 30, "{\"type\":\"acked\",\"sequence\":2}\n");
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0640);
	assert_int_equal(access(temporary_path("grown" JOURNAL_COMPACTION_SUFFIX), F_OK), -1);
	mailbox_free(completions, discard);
}

/* Of a damaged one nothing is taken away, and one of which most counts is not written again. */
static void the_writer_leaves_others_as_they_are(void **state)
{
	const char *path = temporary_path("left");

	for (int damaged = 0; damaged < 2; damaged++) {
		struct mailbox *completions = mailbox_new();
		struct mail *taken = NULL;
		struct journal_writer *writer;
		struct journal_completion *told;
		struct stat was, is;

		begin();
		while (used < (1u << 20))
			add("{\"type\":\"timers\",\"n\":1,\"vrf\":\"%d\",\"pad\":\"%0800d\"}\n", damaged ? 1 : line_count++, 1);
		temporary_write("left", before, used);
		temporary_write("left" JOURNAL_COMPACTION_SUFFIX, "what a crash has left", 21);
		assert_int_equal(stat(path, &was), 0);
		writer = journal_writer_start(path, used, !damaged, completions);
		assert_non_null(writer);
		for (uint64_t ticket = 1; ticket <= 50; ticket++) {
			assert_int_equal(journal_writer_append(writer, "{\"type\":\"acked\",\"sequence\":1}\n", 30), ticket);
			told = await(completions, &taken);
			assert_int_equal(told->ticket, ticket);
			assert_int_equal(told->error, 0);
			free(told);
		}
		journal_writer_stop(writer, 5000);
		assert_int_equal(stat(path, &is), 0);
		assert_int_equal(was.st_ino, is.st_ino);
		assert_int_equal(is.st_size, used + 50 * 30);
		assert_int_equal(access(temporary_path("left" JOURNAL_COMPACTION_SUFFIX), F_OK), -1);
		mailbox_free(completions, discard);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_left_says_what_all_of_it_said),
		cmocka_unit_test(the_highest_sequence_is_kept_with_the_end_behind_it),
		cmocka_unit_test(a_policy_object_is_as_its_last_line_says),
		cmocka_unit_test(what_was_before_a_push_is_kept_while_it_waits),
		cmocka_unit_test(what_was_added_meanwhile_is_kept),
		cmocka_unit_test(a_line_that_cannot_be_read_is_left_in_its_place),
		cmocka_unit_test(a_full_disk_leaves_the_journal_as_it_was),
		cmocka_unit_test(a_file_that_was_put_in_its_place_is_left_alone),
		cmocka_unit_test(the_writer_compacts_what_has_grown),
		cmocka_unit_test(the_writer_leaves_others_as_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
