// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/crash_guard.h"

#include "bgpd-peering/router.h"

#include "lib/crash_record.h"
#include "lib/journal_gates.h"

#include <fcntl.h>
#include <signal.h>

#define RECORD_FILE "starts"

static struct crash_record before, now; /* as found, and with this start */
static bool ours; /* the record speaks of this process, which is to write it */

static void path_of(char path[PATH_MAX + 32], const char *suffix)
{
	snprintf(path, PATH_MAX + 32, "%s/" RECORD_FILE "%s", router.state_directory, suffix);
}

static void read_text(const char *path, char *text, size_t size)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t length = file < 0 ? 0 : read(file, text, size - 1);

	if (file >= 0)
		close(file);
	text[MAX(length, 0)] = '\0';
}

/* Where there is no folder yet, or no room, nothing is counted: that is never in bgpd's way. */
static void write_record(const struct crash_record *record)
{
	char path[PATH_MAX + 32], fresh[PATH_MAX + 32], text[CRASH_RECORD_TEXT_MAX];
	ssize_t length, written;
	int file;

	crash_record_write(record, text);
	length = (ssize_t)strlen(text);
	path_of(path, "");
	path_of(fresh, ".new");
	file = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file < 0)
		return;
	written = write(file, text, (size_t)length);
	if (close(file) != 0 || written != length || rename(fresh, path) != 0)
		unlink(fresh);
}

static int64_t seconds_since_boot(void)
{
	struct timespec time;

	clock_gettime(CLOCK_BOOTTIME, &time);
	return time.tv_sec;
}

static bool runs(long pid)
{
	return pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

bool crash_guard_begin(void)
{
	char path[PATH_MAX + 32], text[CRASH_RECORD_TEXT_MAX], boot_id[CRASH_BOOT_ID_MAX];
	bool inert;

	path_of(path, "");
	read_text(path, text, sizeof(text));
	crash_record_read(&before, text);
	read_text("/proc/sys/kernel/random/boot_id", boot_id, sizeof(boot_id));
	boot_id[strcspn(boot_id, "\n")] = '\0';
	if (!boot_id[0])
		return false;
	now = before;
	if (runs(now.running) && strcmp(now.boot_id, boot_id) == 0)
		return false;
	inert = crash_record_start(&now, boot_id, seconds_since_boot(), true);
	/* What bgpd does without the module is not counted. */
	now.running = inert ? 0 : (long)getpid();
	ours = true;
	write_record(&now);
	return inert;
}

void crash_guard_runs(bool dry_run)
{
	if (!ours)
		return;
	if (dry_run) {
		write_record(&before);
		ours = false;
	} else if (now.running) {
		now.running = (long)getpid();
		write_record(&now);
	}
}

void crash_guard_end(void)
{
	if (!ours || !now.running)
		return;
	now.running = 0;
	write_record(&now);
}

size_t crash_guard_clear(void)
{
	size_t count = now.count;

	if (!ours)
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
	alert("inert: bgpd has crashed %d times within %d minutes with the module; it does nothing in this start. Keep the log and cores, then `clear peering crashes` and restart bgpd",
	      CRASHES_MAX, CRASH_WINDOW / 60);
	switch (journal_gates_read(path, &gates, error, sizeof(error))) {
	case JOURNAL_ABSENT:
		return;
	case JOURNAL_READ:
		break;
	default:
		alert("inert, and %s: nobody knows which sessions were gated", error);
		return;
	}
	for (size_t i = 0; i < journal_gates_count(gates); i++) {
		const struct gate_record *record = journal_gates_at(gates, i);

		if (record->open)
			continue;
		unguarded++;
		alert("inert: the gate of %s (vrf %s) is not closed: %s is %s. Only the boot guard of vtysh's wrapper keeps it shut",
		      record->address, record->vrf, record->connection, record->state);
	}
	if (unguarded)
		alert("inert: %zu sessions are gated by the journal alone", unguarded);
	journal_gates_free(gates);
}
