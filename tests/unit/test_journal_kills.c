// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process that writes a journal is killed at every single thing that it does to the disk: in front of it, in the middle
 * of a write, and behind it. Every line that it was told to be written is there all the same, and the file is one.
 *
 * Each kill is done twice: as a SIGKILL, which leaves what was written, and as a power cut, which takes all that was not
 * synced: bytes, and a name that was changed in a folder that was not. What follows is a course of a connection, line by
 * line, with a compaction in the middle of it.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bgpd-peering/journal/journal_compaction.h"
#include "bgpd-peering/journal/journal_writer.h"
#include "lib/journal_damage.h"
#include "lib/journal_gates.h"
#include "tests/unit/temporary.h"

enum moment { IN_FRONT, IN_THE_MIDDLE, BEHIND, MOMENT_COUNT };

/* What the process that is killed leaves to the one that looks. */
struct seen {
	atomic_uint operations;
	atomic_uint told;	/* lines that were told to be written */
	atomic_uint compactions;
	/* of the file that has the journal's name, and of the one that had it before where the folder is not synced */
	atomic_ulong synced, synced_before;
	atomic_ulong new_synced;
	atomic_bool renamed;
};

static struct seen *seen;
static bool counts;		/* in the process that is killed alone */
static unsigned int kill_at;	/* 0: never */
static enum moment kill_when;
static char journal[1024], fresh[sizeof(journal) + 8], former[1024];

/* ---- the disk: a sync is what this test says of it, so that it takes no time ---- */

static void at(enum moment moment, unsigned int operation)
{
	if (operation == kill_at && moment == kill_when) {
		kill(getpid(), SIGKILL);
		for (;;)
			pause();
	}
}

static unsigned int begin_operation(void)
{
	unsigned int operation = counts ? atomic_fetch_add(&seen->operations, 1) + 1 : 0;

	if (operation)
		at(IN_FRONT, operation);
	return operation;
}

static void end_operation(unsigned int operation)
{
	if (operation)
		at(BEHIND, operation);
}

static bool is_open_on(int fd, const char *path)
{
	struct stat ours, found;

	return fstat(fd, &ours) == 0 && stat(path, &found) == 0 && ours.st_ino == found.st_ino;
}

static void note_sync(int fd)
{
	struct stat status;

	if (!counts || fstat(fd, &status) != 0)
		return;
	if (is_open_on(fd, journal))
		atomic_store(&seen->synced, (unsigned long)status.st_size);
	else if (is_open_on(fd, fresh))
		atomic_store(&seen->new_synced, (unsigned long)status.st_size);
	else if (S_ISDIR(status.st_mode))
		atomic_store(&seen->renamed, false);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
	bool is_file = counts && (is_open_on(fd, journal) || is_open_on(fd, fresh));
	unsigned int operation = is_file ? begin_operation() : 0;
	ssize_t written;

	if (operation && operation == kill_at && kill_when == IN_THE_MIDDLE) {
		syscall(SYS_write, fd, bytes, size / 2);
		at(IN_THE_MIDDLE, operation);
	}
	written = syscall(SYS_write, fd, bytes, size);
	end_operation(operation);
	return written;
}

int fdatasync(int fd)
{
	unsigned int operation = begin_operation();

	note_sync(fd);
	end_operation(operation);
	return 0;
}

int fsync(int fd)
{
	unsigned int operation = begin_operation();

	note_sync(fd);
	end_operation(operation);
	return 0;
}

int ftruncate(int fd, off_t size)
{
	unsigned int operation = begin_operation();
	int result = (int)syscall(SYS_ftruncate, fd, size);

	end_operation(operation);
	return result;
}

int unlink(const char *path)
{
	unsigned int operation = begin_operation();
	int result = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);

	end_operation(operation);
	return result;
}

/* The old file keeps a name, to be put back where the folder is not synced when the power goes. */
int rename(const char *from, const char *to)
{
	unsigned int operation = begin_operation();
	int result;

	if (operation) {
		syscall(SYS_unlinkat, AT_FDCWD, former, 0);
		assert_int_equal(link(to, former), 0);
		atomic_store(&seen->synced_before, atomic_load(&seen->synced));
		atomic_store(&seen->synced, atomic_load(&seen->new_synced));
		atomic_store(&seen->renamed, true);
	}
	result = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
	end_operation(operation);
	return result;
}

static void cut_power(void)
{
	if (atomic_load(&seen->renamed)) {
		assert_int_equal(rename(former, journal), 0);
		atomic_store(&seen->synced, atomic_load(&seen->synced_before));
	}
	assert_int_equal(truncate(journal, (off_t)atomic_load(&seen->synced)), 0);
}

/* ---- the course ---- */

#define NAME "PNI-ACME"
#define FIRST "{\"type\":\"journal\",\"version\":1,\"id\":\"x\"}\n"
#define STEP(type, number, state)                                                                                      \
	"{\"type\":\"" type "\",\"sequence\":" number ",\"step\":" number ",\"connection\":{\"name\":\"" NAME              \
	"\",\"vrf\":\"default\",\"state\":\"" state "\",\"sessions\":[{\"address\":\"192.0.2.2\"}]}}\n"

/* Each with its number as `step`. */
static const char *const course[] = {
	STEP("transition", "1", "PendingApproval"),
	STEP("transition", "2", "ProvisioningStarted"),
	"{\"type\":\"policy\",\"step\":3,\"name\":\"" NAME "\",\"vrf\":\"default\",\"address\":\"192.0.2.2\",\"wanted\":[]}\n",
	STEP("transition", "4", "Validating"),
	STEP("transition", "5", "Active"),
	STEP("transition", "6", "ExternalBlocker"),
	STEP("transition", "7", "Validating"),
	STEP("transition", "8", "Active"),
	"{\"type\":\"bypass\",\"step\":9,\"name\":\"" NAME "\",\"on\":true}\n",
	"{\"type\":\"bypass\",\"step\":10,\"name\":\"" NAME "\",\"on\":false}\n",
	STEP("transition", "11", "PendingRemove"),
	STEP("transition", "12", "None"),
	"{\"type\":\"pushed\",\"step\":13,\"declaration\":{\"name\":\"" NAME "\"}}\n",
	STEP("transition", "14", "PendingApproval"),
	STEP("transition", "15", "Active"),
	STEP("forget", "16", "None"),
};
#define STEPS (sizeof(course) / sizeof(course[0]))

/* What stands after so many steps: the gate of the session (1 open, 0 gated, -1 not known). */
static int gate_after(size_t step)
{
	static const int gates[STEPS + 1] = {-1, 0, 0, 0, 0, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 1, -1};

	return gates[step];
}

/* In front of the course: what fills a megabyte, but for some lines, and 180 kB that count. */
static size_t lay_out(void)
{
	static char text[2u << 20];
	size_t used = (size_t)snprintf(text, sizeof(text), "%s", FIRST);

	for (int i = 0; i < 45; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "{\"type\":\"timers\",\"vrf\":\"red-%d\",\"pad\":\"%04000d\"}\n", i, 0);
	while (used < (1u << 20) - 900)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "{\"type\":\"acked\",\"sequence\":0,\"pad\":\"%0*d\"}\n",
					 (1 << 20) - 900 - (int)used > 4000 ? 4000 : 1, 0);
	temporary_write("journal.jsonl", text, used);
	(void)unlink(fresh);
	(void)unlink(former);
	return used;
}

static bool await(struct mailbox *completions, struct mail **taken, bool compaction, uint64_t ticket)
{
	struct pollfd fd = {.fd = mailbox_fd(completions), .events = POLLIN};

	for (;;) {
		struct journal_completion *completion;
		bool found;

		while (!*taken) {
			if (poll(&fd, 1, 30000) != 1)
				return false;
			*taken = mailbox_take(completions);
		}
		completion = (struct journal_completion *)*taken;
		*taken = (*taken)->next;
		if (completion->error)
			return false;
		if (!completion->ticket)
			atomic_fetch_add(&seen->compactions, 1);
		found = completion->ticket ? completion->ticket == ticket : compaction;
		free(completion);
		if (found)
			return true;
	}
}

/* In a process of its own, killed on the way or not: it ends with 0 where it has come to the end. */
static void go_through(size_t valid_bytes, size_t first)
{
	struct mailbox *completions = mailbox_new();
	struct journal_writer *writer = journal_writer_start(journal, valid_bytes, true, completions);
	struct mail *taken = NULL;

	if (!writer)
		_exit(2);
	for (size_t step = first; step < STEPS; step++) {
		uint64_t ticket = journal_writer_append(writer, course[step], strlen(course[step]));

		if (!await(completions, &taken, false, ticket))
			_exit(3);
		atomic_store(&seen->told, step + 1);
	}
	/* Where it has not been compacted already. */
	if (valid_bytes > 512 * 1024 && !atomic_load(&seen->compactions) && !await(completions, &taken, true, 0))
		_exit(4);
	journal_writer_stop(writer, 10000);
	_exit(0);
}

/* Whether it was killed. */
static bool run(size_t valid_bytes, size_t first, unsigned int operation, enum moment moment)
{
	int status;
	pid_t pid;

	*seen = (struct seen){0};
	atomic_store(&seen->synced, valid_bytes);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		kill_at = operation;
		kill_when = moment;
		counts = true;
		go_through(valid_bytes, first);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status)) {
		assert_int_equal(WTERMSIG(status), SIGKILL);
		return true;
	}
	if (WEXITSTATUS(status) != 0)
		fail_msg("it ended with %d", WEXITSTATUS(status));
	return false;
}

/* ---- what is there afterwards ---- */

/* Its whole lines in bytes, and the last step of the course that is in it. What is not a line may only be at the end. */
static size_t look(size_t *last_step)
{
	static char text[4u << 20];
	FILE *file = fopen(journal, "r");
	size_t size, whole = 0, filled = 0;
	char *end;

	assert_non_null(file);
	size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[size] = '\0';
	*last_step = 0;
	assert_memory_equal(text, FIRST, strlen(FIRST));
	while (whole < size && (end = strchr(text + whole, '\n'))) {
		struct json_object *object;
		const char *step;

		*end = '\0';
		object = journal_damage_parse(text + whole);
		if (!object)
			fail_msg("no line: %.200s", text + whole);
		json_object_put(object);
		filled += strstr(text + whole, "\"vrf\":\"red-") != NULL;
		step = strstr(text + whole, "\"step\":");
		if (step && (size_t)atoi(step + 7) > *last_step)
			*last_step = (size_t)atoi(step + 7);
		whole = (size_t)(end - text) + 1;
	}
	assert_int_equal(filled, 45);
	return whole;
}

static int gate(void)
{
	struct journal_gates *gates;
	const struct gate_record *record;
	char error[256];
	int open;

	assert_int_equal(journal_gates_read(journal, &gates, error, sizeof(error)), JOURNAL_READ);
	assert_null(journal_gates_damage(gates));
	record = journal_gates_find(gates, "default", "192.0.2.2");
	open = record ? record->open : -1;
	journal_gates_free(gates);
	return open;
}

static void every_line_that_was_told_to_be_written_is_there(void **state)
{
	unsigned int operations, killed = 0, compacted = 0;

	assert_false(run(lay_out(), 0, 0, IN_FRONT));
	operations = atomic_load(&seen->operations);
	assert_int_equal(atomic_load(&seen->told), STEPS);
	assert_int_equal(atomic_load(&seen->compactions), 1);
	/* Two for each line, and those of the compaction: how many writes, hangs on the time. */
	assert_true(operations > 2 * STEPS + 4);

	for (unsigned int k = 1; k <= operations; k++)
		for (int moment = 0; moment < MOMENT_COUNT; moment++)
			for (int power = 0; power < 2; power++) {
				size_t last, whole;

				if (!run(lay_out(), 0, k, moment))
					continue; /* no write, or nothing so late this time */
				killed++;
				if (power)
					cut_power();
				whole = look(&last);
				if (last < atomic_load(&seen->told) || last > atomic_load(&seen->told) + 1)
					fail_msg("killed at %u (%d, %d): step %zu is there, %u was told", k, moment, power, last,
						 atomic_load(&seen->told));
				assert_int_equal(gate(), gate_after(last));
				/* It goes on from there to the end, and nothing is left of what was broken off. */
				assert_false(run(whole, last, 0, IN_FRONT));
				compacted += atomic_load(&seen->compactions);
				look(&last);
				assert_int_equal(last, STEPS);
				assert_int_equal(gate(), -1);
				assert_int_equal(access(fresh, F_OK), -1);
			}
	/* Every operation in front and behind, and each write in its middle besides. */
	assert_true(killed >= 2 * (2 * operations - 4));
	assert_true(compacted > 0);
	print_message("%u operations, %u kills\n", operations, killed);
}

static int set_up(void **state)
{
	snprintf(journal, sizeof(journal), "%s", temporary_path("journal.jsonl"));
	snprintf(fresh, sizeof(fresh), "%s%s", journal, JOURNAL_COMPACTION_SUFFIX);
	snprintf(former, sizeof(former), "%s", temporary_path("former"));
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return seen == MAP_FAILED ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_that_was_told_to_be_written_is_there),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
