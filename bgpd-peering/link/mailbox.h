/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A queue of whole messages from one thread to another, with a descriptor that becomes readable.
 *
 * No FRR in it. A message is one malloc'd object that begins with a struct mail; posting it gives it away, taking it
 * makes it the taker's. The queue is unbounded here: who posts says what bounds it.
 */
#ifndef PEERING_MAILBOX_H
#define PEERING_MAILBOX_H

struct mail {
	struct mail *next;
};

struct mailbox;

/* NULL with errno set. */
struct mailbox *mailbox_new(void);
/* Frees the mailbox; `discard` is called for each message still in it. No thread may use it any more. */
void mailbox_free(struct mailbox *mailbox, void (*discard)(struct mail *));

/* Any thread. Never blocks for longer than the other side's pointer swap. */
void mailbox_post(struct mailbox *mailbox, struct mail *mail);
/* The receiving thread: an eventfd that is readable while something was posted since the last take. */
int mailbox_fd(const struct mailbox *mailbox);
/* The receiving thread: everything posted so far in order, linked by `next`, or NULL; makes the descriptor silent. */
struct mail *mailbox_take(struct mailbox *mailbox);

#endif
