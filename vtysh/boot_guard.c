// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The boot guard: what the wrapper runs instead of vtysh where vtysh is to load a file into bgpd.
 *
 *   peering-boot-guard VTYSH ARGUMENT…
 *
 * It asks bgpd one short question: is the module there, and does it enforce? Then vtysh runs as it was called. Where it is
 * not, the sessions that the journal knows as gated would come up with nothing in their way: vtysh is given a copy of the
 * file in which they are shut (guarded_config.h), and an ALERT names each. Sessions that are open by the journal are never
 * touched, and every daemon gets its configuration in any case. bgpd alone is left without where who is gated is known,
 * or cannot be looked up by this user, and no copy can be made.
 *
 * Nothing of FRR's is compiled in: it works whatever FRR is installed. The copy is memory, not a file: there is nothing
 * that a full disk, a second vtysh or a SIGKILL could spoil or leave behind.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "vtysh/bgpd_question.h"
#include "vtysh/config_lines.h"
#include "vtysh/guarded_config.h"
#include "vtysh/vtysh_arguments.h"

#define STATE_DIRECTORY "/var/lib/frr/peering"
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

static bool quiet; /* there is no bgpd that an ALERT could be about */
static bool marks; /* nothing is loaded: vtysh's output is for a program, which loads later */

__attribute__((format(printf, 1, 2))) static void alert(const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (marks)
		return;
	syslog(quiet ? LOG_NOTICE : LOG_ALERT, "%s" GUARD_MESSAGE "%s", quiet ? "" : "ALERT ", text);
	if (!quiet)
		fprintf(stderr, "ALERT " GUARD_MESSAGE "%s\n", text);
}

/* ---- running vtysh ---- */

__attribute__((noreturn)) static void run(char **argv)
{
	execv(argv[0], argv);
	fprintf(stderr, "vtysh: %s cannot be executed: %s\n", argv[0], strerror(errno));
	exit(127);
}

/* vtysh keeps `-n` for `-b`, not for the `-f` that it is given here. */
static void forgive(void)
{
	pid_t child = fork();
	int status;

	if (child <= 0)
		return;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	exit(0);
}

/* By its `--help`, "Integrated shell for FRR (version 10.3)": 1003; 0 where it does not say. */
static int version_of(const char *vtysh)
{
	int major = 0, minor = 0, out[2];
	char text[512] = "", *found;
	ssize_t length;
	pid_t child;

	if (pipe(out) != 0)
		return 0;
	child = fork();
	if (child == 0) {
		dup2(out[1], STDOUT_FILENO);
		close(out[0]);
		close(out[1]);
		execl(vtysh, vtysh, "--help", (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	length = read(out[0], text, sizeof(text) - 1);
	close(out[0]);
	if (child > 0)
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
	text[length > 0 ? length : 0] = '\0';
	found = strstr(text, "(version ");
	return found && sscanf(found, "(version %d.%d", &major, &minor) == 2 ? 100 * major + minor : 0;
}

/* With `file` in the place of the one that it would load. */
__attribute__((noreturn)) static void run_with(const char *vtysh, const struct vtysh_arguments *arguments,
					       const char *file, const char *daemon)
{
	char **argv = calloc((size_t)arguments->other_count + 6, sizeof(*argv));
	int count = 0;

	if (!argv)
		abort();
	argv[count++] = (char *)vtysh;
	for (int i = 0; i < arguments->other_count; i++)
		argv[count++] = arguments->others[i];
	if (daemon) {
		argv[count++] = "-d";
		argv[count++] = (char *)daemon;
	}
	argv[count++] = "-f";
	argv[count] = (char *)file;
	if (arguments->forgives)
		forgive();
	run(argv);
}

/* Every daemon but bgpd gets the file as it is. Returns the status to end with. */
static int run_without_bgpd(const char *vtysh, const struct vtysh_arguments *arguments)
{
	DIR *folder = arguments->daemon || arguments->marks ? NULL : opendir(arguments->socket_folder);
	struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		char *dot = strrchr(entry->d_name, '.');
		pid_t child;
		int status;

		if (!dot || strcmp(dot, ".vty") != 0)
			continue;
		*dot = '\0';
		/* "ospfd-2" is reached by the name of its daemon, with its other instances: to load twice does no harm. */
		entry->d_name[strcspn(entry->d_name, "-")] = '\0';
		if (strcmp(entry->d_name, "bgpd") == 0)
			continue;
		child = fork();
		if (child == 0)
			run_with(vtysh, arguments, arguments->file, entry->d_name);
		if (child > 0)
			waitpid(child, &status, 0);
	}
	if (folder)
		closedir(folder);
	return arguments->forgives ? 0 : 1;
}

/* ---- the copy ---- */

/* A system may refuse memory that could be executed; one before Linux 6.3 does not know of the difference. */
static int make_memory(void)
{
	int fd = memfd_create("frr.conf", MFD_NOEXEC_SEAL);

	return fd < 0 && errno == EINVAL ? memfd_create("frr.conf", 0) : fd;
}

/* The name of a file that holds `text` as long as this process, and what it becomes, runs. False with errno set. */
static bool make_copy(const struct config_text *text, char name[64])
{
	int fd = make_memory();
	size_t written = 0;
	sighandler_t previous;

	if (fd < 0)
		return false;
	/* A limit on the size of files is an error here, not the end. */
	previous = signal(SIGXFSZ, SIG_IGN);
	while (written < text->length) {
		ssize_t some = write(fd, text->bytes + written, text->length - written);

		if (some < 0 && errno == EINTR)
			continue;
		if (some <= 0)
			break;
		written += (size_t)some;
	}
	signal(SIGXFSZ, previous);
	if (written < text->length)
		return false;
	snprintf(name, 64, "/proc/self/fd/%d", fd);
	/* Where /proc is not mounted vtysh would find nothing under that name, and no daemon would be configured. */
	return access(name, R_OK) == 0;
}

/* False where there is no such file, or it cannot be read: vtysh says that better. */
static bool read_file(const char *path, struct config_text *text)
{
	FILE *file = fopen(path, "re");
	size_t some;

	if (!file)
		return false;
	do {
		if (text->room - text->length < 65536) {
			char *more = realloc(text->bytes, text->room ? 2 * text->room : 131072);

			if (!more)
				abort();
			text->bytes = more;
			text->room = text->room ? 2 * text->room : 131072;
		}
		some = fread(text->bytes + text->length, 1, text->room - text->length, file);
		text->length += some;
	} while (some);
	some = (size_t)ferror(file);
	fclose(file);
	return !some;
}

static bool is_regular(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static bool has_long_line(const struct config_text *text)
{
	const char *at = text->bytes, *end = text->bytes + text->length, *newline;

	for (; at < end; at = newline + 1) {
		newline = memchr(at, '\n', (size_t)(end - at));
		if ((newline ? newline : end) - at >= CONFIG_LINE_SMALL - 1)
			return true;
		if (!newline)
			break;
	}
	return false;
}

static bool concerns_bgp(const struct config_text *text)
{
	struct config_cursor cursor;
	struct config_line line;

	config_begin(&cursor, text->bytes, text->length);
	while (config_next(&cursor, &line))
		if (line.begins_bgp)
			return true;
	return false;
}

/* ---- where the journal is ---- */

/* `-M peering:state-dir=DIR` of the daemons' options, for a bgpd that does not say. */
static void look_at_options(const char *config_folder, char state_directory[PATH_MAX])
{
	static const char key[] = "state-dir=";
	char path[PATH_MAX + 16], line[4096], *found;
	FILE *file;

	snprintf(path, sizeof(path), "%s/daemons", config_folder);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		found = line[0] == '#' ? NULL : strstr(line, key);
		if (found)
			snprintf(state_directory, PATH_MAX, "%.*s", (int)strcspn(found + strlen(key), ", \t\"'\n"),
				 found + strlen(key));
	}
	if (file)
		fclose(file);
}

/* ---- guarding ---- */

static void say_shut(const char *vrf, const char *what, const char *why, void *context)
{
	alert("%s in vrf %s is shut: %s", what, vrf, why);
}

static const char *words_of(enum bgpd_answer answer)
{
	switch (answer) {
	case BGPD_INERT:
		return "the peering module in bgpd is inert";
	case BGPD_SILENT:
		return "bgpd does not answer, so that nobody knows whether the peering module enforces";
	case BGPD_ABSENT:
		return "no bgpd answers";
	default:
		return "bgpd runs without the peering module";
	}
}

static void guard(const char *vtysh, const struct vtysh_arguments *arguments, const struct config_text *text,
		  enum bgpd_answer answer, const char *state_directory, const char *running, size_t running_length)
{
	char path[PATH_MAX + sizeof(JOURNAL_FILE) + 1], error[PATH_MAX + 256], name[64];
	struct journal_gates *gates;
	struct config_text guarded = {0};
	enum journal_gates_result found;
	bool shut;

	snprintf(path, sizeof(path), "%s/" JOURNAL_FILE, state_directory);
	found = journal_gates_read(path, &gates, error, sizeof(error));
	if (found == JOURNAL_FORBIDDEN) {
		quiet = false;
		alert("%s, and %s: who is gated is not known, and bgpd gets nothing of %s; load it as root", words_of(answer),
		      error, arguments->file);
		exit(run_without_bgpd(vtysh, arguments));
	}
	shut = guarded_config(text->bytes, text->length, running ? running : "", running_length, gates, &guarded, say_shut,
			      NULL);
	if (found == JOURNAL_UNREADABLE)
		alert("%s, and %s: what it knew as gated is not known now; only what the lines `peering …` of %s declare is shut",
		      words_of(answer), error, arguments->file);
	else if (gates && journal_gates_damage(gates))
		alert("%s", journal_gates_damage(gates));
	journal_gates_free(gates);
	if (shut)
		alert("%s: what is named above stays shut until bgpd runs with it; `show peering` then says how it stands",
		      words_of(answer));
	if (guarded.length == text->length && memcmp(guarded.bytes, text->bytes, text->length) == 0 &&
	    is_regular(arguments->file))
		return;
	if (make_copy(&guarded, name))
		run_with(vtysh, arguments, name, arguments->daemon);
	alert("no copy of %s can be made: %s. Gated sessions would be open: bgpd gets nothing of it; every other daemon does",
	      arguments->file, strerror(errno));
	exit(run_without_bgpd(vtysh, arguments));
}

/*
 * What a guard has left in the file is taken out before the module reads it, where it would shut what is open now. The
 * module itself judges what is left.
 */
static void take_back(const char *vtysh, const struct vtysh_arguments *arguments, const char *socket_path)
{
	struct config_text text = {0}, plain = {0};
	size_t running_length;
	char name[64], *running;

	if (!is_regular(arguments->file) || !read_file(arguments->file, &text) ||
	    !memmem(text.bytes, text.length, GUARD_MESSAGE, strlen(GUARD_MESSAGE)))
		return;
	running = bgpd_running_config(socket_path, &running_length);
	if (!guarded_config_plain(text.bytes, text.length, running ? running : "", running_length, NULL, &plain, NULL, NULL))
		return;
	if (!marks)
		fprintf(stderr, GUARD_MESSAGE "%s was saved while sessions were guarded; they are under the module again. `write memory` saves it as it is now\n",
			arguments->file);
	if (make_copy(&plain, name))
		run_with(vtysh, arguments, name, arguments->daemon);
}

int main(int argc, char **argv)
{
	struct vtysh_arguments arguments;
	struct config_text text = {0};
	char socket_path[PATH_MAX + 16], state_directory[PATH_MAX], *running;
	enum bgpd_answer answer;
	size_t running_length;

	/* The wrapper asks whether this can be executed at all. */
	if (argc == 2 && strcmp(argv[1], "--check") == 0)
		return 0;
	if (argc < 2) {
		fprintf(stderr, "usage: %s VTYSH ARGUMENT…\n", argv[0]);
		return 2;
	}
	openlog("peering-boot-guard", LOG_PID, LOG_DAEMON);
	if (!vtysh_arguments(argc - 1, argv + 1, &arguments) || !arguments.loads ||
	    (arguments.daemon && strcmp(arguments.daemon, "bgpd") != 0))
		run(argv + 1);

	/* What of `-b -f FILE` is loaded, and how long a line may be, depends on vtysh's version. */
	if (arguments.both && version_of(argv[1]) >= 900)
		vtysh_arguments_boot_file(&arguments);
	/* The copy for frr-reload.py too: it would find shutdowns in bgpd that are not in the file, and take them out. */
	marks = arguments.marks;
	snprintf(socket_path, sizeof(socket_path), "%s/bgpd.vty", arguments.socket_folder);
	answer = bgpd_question(socket_path, state_directory, &running, &running_length);
	if (answer == BGPD_ENFORCES) {
		take_back(argv[1], &arguments, socket_path);
		run(argv + 1);
	}
	/* One that begins in this moment may be met by vtysh all the same. */
	quiet = answer == BGPD_ABSENT;
	if (!state_directory[0])
		look_at_options(arguments.config_folder, state_directory);
	if (!state_directory[0])
		snprintf(state_directory, sizeof(state_directory), "%s", STATE_DIRECTORY);
	if (!read_file(arguments.file, &text))
		run(argv + 1);
	if (has_long_line(&text) && version_of(argv[1]) > 1003)
		config_lines_set_buffer(CONFIG_LINE_MAX);
	if (concerns_bgp(&text) || !is_regular(arguments.file))
		guard(argv[1], &arguments, &text, answer, state_directory, running, running_length);
	run(argv + 1);
}
