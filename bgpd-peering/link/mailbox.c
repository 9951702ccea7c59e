// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/link/mailbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mailbox {
	pthread_mutex_t lock;
	struct mail *first;
	struct mail **end; /* where the next one is hung */
	int fd;
};

struct mailbox *mailbox_new(void)
{
	struct mailbox *mailbox = calloc(1, sizeof(*mailbox));
	int error;

	if (!mailbox)
		return NULL;
	mailbox->end = &mailbox->first;
	mailbox->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (mailbox->fd < 0) {
		error = errno;
		free(mailbox);
		errno = error;
		return NULL;
	}
	error = pthread_mutex_init(&mailbox->lock, NULL);
	if (error != 0) {
		close(mailbox->fd);
		free(mailbox);
		errno = error;
		return NULL;
	}
	return mailbox;
}

void mailbox_free(struct mailbox *mailbox, void (*discard)(struct mail *))
{
	struct mail *next;

	if (!mailbox)
		return;
	for (struct mail *mail = mailbox->first; mail; mail = next) {
		next = mail->next;
		discard(mail);
	}
	close(mailbox->fd);
	pthread_mutex_destroy(&mailbox->lock);
	free(mailbox);
}

void mailbox_post(struct mailbox *mailbox, struct mail *mail)
{
	mail->next = NULL;
	pthread_mutex_lock(&mailbox->lock);
	/* Inside the lock, so that the descriptor and the queue never tell different stories. It cannot block or fail. */
	if (!mailbox->first) {
		uint64_t one = 1;
		ssize_t written = write(mailbox->fd, &one, sizeof(one));

		(void)written;
	}
	*mailbox->end = mail;
	mailbox->end = &mail->next;
	pthread_mutex_unlock(&mailbox->lock);
}

int mailbox_fd(const struct mailbox *mailbox)
{
	return mailbox->fd;
}

struct mail *mailbox_take(struct mailbox *mailbox)
{
	struct mail *first;

	pthread_mutex_lock(&mailbox->lock);
	first = mailbox->first;
	if (first) {
		uint64_t count;
		ssize_t got = read(mailbox->fd, &count, sizeof(count));

		(void)got;
		mailbox->first = NULL;
		mailbox->end = &mailbox->first;
	}
	pthread_mutex_unlock(&mailbox->lock);
	return first;
}
