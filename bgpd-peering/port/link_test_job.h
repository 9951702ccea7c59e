/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One link test from its beginning to its end, in a thread of its own: it waits for peers and for drivers.
 *
 * No FRR in it. A job is one malloc'd object; starting it gives it away, and it comes back through the mailbox. The
 * thread raises the capabilities that bgpd keeps permitted (CAP_NET_RAW, CAP_NET_ADMIN, CAP_SYS_ADMIN for another
 * network namespace) for itself alone. It changes nothing in the kernel.
 */
#ifndef PEERING_LINK_TEST_JOB_H
#define PEERING_LINK_TEST_JOB_H

#include "bgpd-peering/link/mailbox.h"
#include "bgpd-peering/port/port_query.h"
#include "bgpd-peering/port/prober.h"

#define LINK_TEST_TARGETS_MAX 8
#define LINK_TEST_LABEL_MAX 64

struct link_test_target {
	char label[LINK_TEST_LABEL_MAX]; /* the session, or the address on the wire; for people */
	bool required;
	struct prober_target asked;
	struct prober_outcome outcome;
};

struct link_test_job {
	struct mail mail; /* first */

	/* what to do */
	char connection[LINK_TEST_LABEL_MAX];
	uint64_t number; /* of the run */
	char interface[INTERFACE_NAME_MAX];
	int namespace_fd; /* a network namespace, the job's; -1: that of the process */
	struct link_test_target targets[LINK_TEST_TARGETS_MAX];
	unsigned int target_count;

	/* what came of it */
	struct port before, after; /* self.link.index 0: nothing is known */
	char error[160];	   /* a sentence; empty where the test could be made */
};

/* NULL where memory is short. */
struct link_test_job *link_test_job_new(void);
void link_test_job_free(struct link_test_job *job);
/* Main thread. `done` must outlive it. False with errno where no thread can be had; the job is the caller's then. */
bool link_test_job_start(struct link_test_job *job, struct mailbox *done);

/*
 * Whether the link has passed, and a sentence on what has not, empty where it has: it is up; of the required targets,
 * at most one echo is lost, one of full size comes back, and the neighbor answers; no error was counted meanwhile.
 */
bool link_test_job_judge(const struct link_test_job *job, char *reason, size_t size);

#endif
