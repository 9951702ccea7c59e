// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/journal/crash_guard.h"

#include "bgpd-peering/router.h"

#include "lib/crash_record.h"
#include "lib/journal_gates.h"

#include <fcntl.h>
#include <sys/file.h>

#define RECORD_FILE "starts"

static struct crash_record before, now; /* as found, and with this start */
/*
 * Locked as long as this process, or the parent that it is forked from, runs: a run that has ended is told from one that
 * goes on by nothing else. -1: nothing is counted, which is never in bgpd's way.
 */
static int file = -1;
static bool was_empty;
static pid_t runs_as; /* 0: not forked yet */

static void read_text(int from, char *text, size_t size)
{
	ssize_t length = from < 0 ? 0 : pread(from, text, size - 1, 0);

	text[MAX(length, 0)] = '\0';
}

static void write_record(const struct crash_record *record)
{
	char text[CRASH_RECORD_TEXT_MAX];
	ssize_t length;

	crash_record_write(record, text);
	length = (ssize_t)strlen(text);
	/* What cannot be written is not counted. */
	if (pwrite(file, text, (size_t)length, 0) != length || ftruncate(file, length) != 0)
		zlog_notice("peering: %s/" RECORD_FILE " cannot be written: %s; crashes are not counted", router.state_directory,
			    safe_strerror(errno));
}

static bool open_record(void)
{
	char path[PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s/" RECORD_FILE, router.state_directory);
	file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file >= 0 && flock(file, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (file >= 0)
		close(file);
	file = -1;
	return false;
}

static int64_t seconds_since_boot(void)
{
	struct timespec time;

	clock_gettime(CLOCK_BOOTTIME, &time);
	return time.tv_sec;
}

bool crash_guard_begin(void)
{
	char text[CRASH_RECORD_TEXT_MAX], boot_id[CRASH_BOOT_ID_MAX];
	int boot_file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	bool inert;

	read_text(boot_file, boot_id, sizeof(boot_id));
	if (boot_file >= 0)
		close(boot_file);
	boot_id[strcspn(boot_id, "\n")] = '\0';
	if (!boot_id[0] || !open_record())
		return false;
	read_text(file, text, sizeof(text));
	was_empty = !text[0];
	crash_record_read(&before, text);
	now = before;
	inert = crash_record_start(&now, boot_id, seconds_since_boot());
	/* What bgpd does without the module is not counted. */
	now.running = !inert;
	write_record(&now);
	return inert;
}

/* exit() is no crash, wherever bgpd calls it: it cannot bind its port, or another one holds its pid file. */
static void on_exit_called(void)
{
	if (getpid() == runs_as)
		crash_guard_end();
}

void crash_guard_runs(bool dry_run)
{
	if (file < 0)
		return;
	if (!dry_run) {
		/* Not in the parent that it was forked from, whose exit says nothing of this process. */
		runs_as = getpid();
		if (atexit(on_exit_called) != 0)
			runs_as = 0;
		return;
	}
	if (was_empty && ftruncate(file, 0) != 0)
		was_empty = false;
	if (!was_empty)
		write_record(&before);
	close(file);
	file = -1;
}

void crash_guard_end(void)
{
	if (file < 0 || !now.running)
		return;
	now.running = false;
	write_record(&now);
}

size_t crash_guard_clear(void)
{
	size_t count = now.count;

	if (file < 0)
		return 0;
	now.count = 0;
	write_record(&now);
	return count;
}

void crash_guard_alert(void)
{
	char path[PATH_MAX + 32], error[256];
	struct journal_gates *gates;
	size_t unguarded = 0;

	snprintf(path, sizeof(path), "%s/" JOURNAL_FILE, router.state_directory);
	alert_as(EC_PEERING_INERT, "inert: bgpd has crashed %d times within %d minutes with the module; it does nothing in this start. Keep the log and cores, then `clear peering crashes` and restart bgpd",
	      CRASHES_MAX, CRASH_WINDOW / 60);
	switch (journal_gates_read(path, &gates, error, sizeof(error))) {
	case JOURNAL_ABSENT:
		return;
	case JOURNAL_READ:
		break;
	default:
		alert_as(EC_PEERING_INERT, "inert, and %s: nobody knows which sessions were gated", error);
		return;
	}
	for (size_t i = 0; i < journal_gates_count(gates); i++) {
		const struct gate_record *record = journal_gates_at(gates, i);

		if (record->open)
			continue;
		unguarded++;
		alert_as(EC_PEERING_INERT, "inert: the gate of %s (vrf %s) is not closed: %s is %s. Only the boot guard of vtysh's wrapper keeps it shut",
		      record->address, record->vrf, record->connection, record->state);
	}
	if (journal_gates_damage(gates))
		alert_as(EC_PEERING_INERT, "inert, and %s", journal_gates_damage(gates));
	if (unguarded)
		alert_as(EC_PEERING_INERT, "inert: %zu sessions are gated by the journal alone", unguarded);
	journal_gates_free(gates);
}
