// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "bgpd-peering/job_thread.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>

struct work {
	const char *name;
	void (*carry_out)(struct mail *job);
	struct mail *job;
	struct mailbox *done;
};

static void *run(void *argument)
{
	struct work *work = argument;

	prctl(PR_SET_NAME, work->name);
	work->carry_out(work->job);
	mailbox_post(work->done, work->job);
	free(work);
	return NULL;
}

bool job_thread_start(const char *name, void (*carry_out)(struct mail *job), struct mail *job, struct mailbox *done)
{
	struct work *work = malloc(sizeof(*work));
	sigset_t all, before;
	pthread_t thread;
	int error = ENOMEM;

	if (work) {
		*work = (struct work){name, carry_out, job, done};
		/* bgpd handles its signals on the main thread. */
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &before);
		error = pthread_create(&thread, NULL, run, work);
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	if (error != 0) {
		free(work);
		errno = error;
		return false;
	}
	pthread_detach(thread);
	return true;
}
