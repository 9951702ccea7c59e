// SPDX-License-Identifier: GPL-2.0-or-later
#include "peering-config.h"

#include "tests/unit/freeze.h"

#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

/* Counts the threads called `name`; *last is one of them. */
static unsigned int find_threads(const char *name, pid_t *last)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *entry;
	unsigned int count = 0;

	*last = 0;
	while (tasks && (entry = readdir(tasks))) {
		char path[300], line[64] = "";
		FILE *file;

		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", entry->d_name);
		file = fopen(path, "r");
		if (!file)
			continue;
		if (fgets(line, sizeof(line), file))
			line[strcspn(line, "\n")] = '\0';
		fclose(file);
		if (strcmp(line, name) != 0)
			continue;
		count++;
		*last = (pid_t)atoi(entry->d_name);
	}
	if (tasks)
		closedir(tasks);
	return count;
}

unsigned int threads_called(const char *name)
{
	pid_t last;

	return find_threads(name, &last);
}

pid_t thread_called(const char *name)
{
	pid_t thread = 0;

	for (int i = 0; i < 1000 && !thread; i++) {
		if (find_threads(name, &thread) == 0)
			usleep(10000);
	}
	return thread;
}

bool thread_gone(const char *name)
{
	for (int i = 0; i < 1000; i++) {
		if (threads_called(name) == 0)
			return true;
		usleep(10000);
	}
	return false;
}

bool thread_blocks_signals(pid_t thread)
{
	static const int signals[] = {SIGHUP,  SIGINT,	SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE,
				      SIGALRM, SIGTERM, SIGCHLD, SIGCONT, SIGXFSZ, SIGXCPU};
	char path[64], line[256];
	uint64_t blocked = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", (int)thread);
	file = fopen(path, "r");
	if (!file)
		return false;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "SigBlk: %" SCNx64, &blocked) == 1)
			break;
	fclose(file);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (!(blocked & UINT64_C(1) << (signals[i] - 1)))
			return false;
	return true;
}

/* A process cannot trace a thread of its own, so a child does. */
static void trace(pid_t thread, int ready, int release)
{
	char byte = 'y';
	int status;

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails before thaw() leaves nothing behind */
	if (ptrace(PTRACE_SEIZE, thread, NULL, NULL) != 0 || ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) != 0 ||
	    waitpid(thread, &status, __WALL) != thread)
		byte = 'n';
	if (write(ready, &byte, 1) != 1 || byte == 'n')
		_exit(1);
	/* Ends when thaw() kills this process, and the kernel lets a thread go whose tracer is dead. */
	if (read(release, &byte, 1) != 0)
		_exit(1);
	_exit(0);
}

pid_t freeze(pid_t thread)
{
	int ready[2], release[2];
	char byte = 'n';
	pid_t tracer;

	if (pipe(ready) != 0)
		return -1;
	if (pipe(release) != 0) {
		close(ready[0]);
		close(ready[1]);
		return -1;
	}
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
	tracer = fork();
	if (tracer == 0)
		trace(thread, ready[1], release[0]);
	close(ready[1]);
	close(release[0]);
	if (tracer < 0 || read(ready[0], &byte, 1) != 1 || byte != 'y') {
		if (tracer > 0)
			waitpid(tracer, NULL, 0);
		tracer = -1;
	}
	close(ready[0]);
	/* The child holds this end as well, and so waits for ever. */
	close(release[1]);
	return tracer;
}

void thaw(pid_t tracer)
{
	kill(tracer, SIGKILL);
	waitpid(tracer, NULL, 0);
}
