// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "bgpd-peering/link/mailbox.h"

#define THREADS 4
#define MAILS_EACH 100000

struct numbered {
	struct mail mail;
	int thread;
	int number;
};

static struct mail *new_mail(int thread, int number)
{
	struct numbered *numbered = malloc(sizeof(*numbered));

	assert_non_null(numbered);
	numbered->thread = thread;
	numbered->number = number;
	return &numbered->mail;
}

static bool is_readable(const struct mailbox *mailbox, int milliseconds)
{
	struct pollfd fd = {.fd = mailbox_fd(mailbox), .events = POLLIN};

	return poll(&fd, 1, milliseconds) == 1;
}

static int discarded;

static void discard(struct mail *mail)
{
	discarded++;
	free(mail);
}

static void keeps_the_order_and_the_descriptor_tells(void **state)
{
	struct mailbox *mailbox = mailbox_new();
	struct mail *mail, *next;
	int expected = 1;

	assert_non_null(mailbox);
	assert_false(is_readable(mailbox, 0));
	assert_null(mailbox_take(mailbox));
	for (int i = 1; i <= 3; i++)
		mailbox_post(mailbox, new_mail(0, i));
	assert_true(is_readable(mailbox, 0));
	for (mail = mailbox_take(mailbox); mail; mail = next) {
		next = mail->next;
		assert_int_equal(((struct numbered *)mail)->number, expected++);
		free(mail);
	}
	assert_int_equal(expected, 4);
	assert_false(is_readable(mailbox, 0));
	assert_null(mailbox_take(mailbox));

	/* after a take it begins anew */
	mailbox_post(mailbox, new_mail(0, 4));
	assert_true(is_readable(mailbox, 0));
	mail = mailbox_take(mailbox);
	assert_non_null(mail);
	assert_null(mail->next);
	free(mail);
	mailbox_free(mailbox, discard);
}

static void what_is_left_is_discarded(void **state)
{
	struct mailbox *mailbox = mailbox_new();

	assert_non_null(mailbox);
	for (int i = 0; i < 5; i++)
		mailbox_post(mailbox, new_mail(0, i));
	discarded = 0;
	mailbox_free(mailbox, discard);
	assert_int_equal(discarded, 5);
	mailbox_free(NULL, discard);
	assert_int_equal(discarded, 5);
}

struct poster {
	struct mailbox *mailbox;
	pthread_barrier_t *together;
	int thread;
};

static void *post_many(void *argument)
{
	struct poster *poster = argument;

	pthread_barrier_wait(poster->together);
	for (int i = 0; i < MAILS_EACH; i++)
		mailbox_post(poster->mailbox, new_mail(poster->thread, i));
	return NULL;
}

/* From several threads at once: none is lost, none comes twice, and those of one thread keep their order. */
static void many_threads_post(void **state)
{
	struct mailbox *mailbox = mailbox_new();
	struct poster posters[THREADS];
	pthread_t threads[THREADS];
	int expected[THREADS] = {0};
	pthread_barrier_t together;
	int total = 0;

	assert_non_null(mailbox);
	assert_int_equal(pthread_barrier_init(&together, NULL, THREADS), 0);
	for (int i = 0; i < THREADS; i++) {
		posters[i] = (struct poster){.mailbox = mailbox, .together = &together, .thread = i};
		assert_int_equal(pthread_create(&threads[i], NULL, post_many, &posters[i]), 0);
	}
	while (total < THREADS * MAILS_EACH) {
		struct mail *next;

		/* where the descriptor missed one, this never returns in time */
		assert_true(is_readable(mailbox, 30000));
		for (struct mail *mail = mailbox_take(mailbox); mail; mail = next) {
			struct numbered *numbered = (struct numbered *)mail;

			next = mail->next;
			assert_int_equal(numbered->number, expected[numbered->thread]);
			expected[numbered->thread]++;
			total++;
			free(mail);
		}
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(expected[i], MAILS_EACH);
	}
	pthread_barrier_destroy(&together);
	assert_null(mailbox_take(mailbox));
	mailbox_free(mailbox, discard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_order_and_the_descriptor_tells),
		cmocka_unit_test(what_is_left_is_discarded),
		cmocka_unit_test(many_threads_post),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
