// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/link/resolver.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

struct lookup {
	pthread_mutex_t lock;
	int users; /* who asked and who looks it up; the last one frees */
	int fd;
	char *host;
	char port[8];

	/* the answer, once `fd` is readable */
	int result;
	int system_error;
	struct addrinfo *addresses;
};

static void release(struct lookup *lookup)
{
	int users;

	pthread_mutex_lock(&lookup->lock);
	users = --lookup->users;
	pthread_mutex_unlock(&lookup->lock);
	if (users > 0)
		return;
	if (lookup->addresses)
		freeaddrinfo(lookup->addresses);
	close(lookup->fd);
	pthread_mutex_destroy(&lookup->lock);
	free(lookup->host);
	free(lookup);
}

static void *run(void *argument)
{
	struct lookup *lookup = argument;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *addresses = NULL;
	uint64_t one = 1;
	ssize_t written;
	int result;

	prctl(PR_SET_NAME, "peering-dns");
	result = getaddrinfo(lookup->host, lookup->port, &hints, &addresses);

	pthread_mutex_lock(&lookup->lock);
	lookup->result = result;
	lookup->system_error = errno;
	lookup->addresses = result == 0 ? addresses : NULL;
	written = write(lookup->fd, &one, sizeof(one));
	(void)written;
	pthread_mutex_unlock(&lookup->lock);
	release(lookup);
	return NULL;
}

static int start_thread(struct lookup *lookup)
{
	pthread_attr_t detached;
	sigset_t all, before;
	pthread_t thread;
	int error;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, &detached, run, lookup);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&detached);
	return error;
}

struct lookup *lookup_start(const char *host, uint16_t port)
{
	struct lookup *lookup = calloc(1, sizeof(*lookup));
	int error;

	if (!lookup)
		return NULL;
	pthread_mutex_init(&lookup->lock, NULL);
	snprintf(lookup->port, sizeof(lookup->port), "%u", port);
	lookup->users = 2;
	lookup->host = strdup(host);
	lookup->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	error = !lookup->host ? ENOMEM : lookup->fd < 0 ? errno : start_thread(lookup);
	if (error == 0)
		return lookup;
	if (lookup->fd >= 0)
		close(lookup->fd);
	pthread_mutex_destroy(&lookup->lock);
	free(lookup->host);
	free(lookup);
	errno = error;
	return NULL;
}

int lookup_fd(const struct lookup *lookup)
{
	return lookup->fd;
}

int lookup_finish(struct lookup *lookup, struct addrinfo **addresses)
{
	int result, system_error;

	pthread_mutex_lock(&lookup->lock);
	result = lookup->result;
	system_error = lookup->system_error;
	*addresses = lookup->addresses;
	lookup->addresses = NULL;
	pthread_mutex_unlock(&lookup->lock);
	release(lookup);
	errno = system_error;
	return result;
}

void lookup_abandon(struct lookup *lookup)
{
	if (lookup)
		release(lookup);
}
