// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "bgpd-peering/port/link_test_job.h"

#include "bgpd-peering/job_thread.h"
#include "bgpd-peering/thread_capabilities.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool enter_namespace(struct link_test_job *job)
{
	char text[64];

	if (job->namespace_fd < 0 || setns(job->namespace_fd, CLONE_NEWNET) == 0)
		return true;
	snprintf(job->error, sizeof(job->error), "the network namespace of the VRF cannot be entered: %s",
		 strerror_r(errno, text, sizeof(text)));
	return false;
}

static void test(struct link_test_job *job)
{
	const struct link_answer *link = &job->before.self.link;

	if (!port_query(job->interface, false, &job->before, job->error, sizeof(job->error)))
		return;
	if (link->operational) {
		const struct prober_port port = {
			.name = job->interface,
			.index = link->index,
			.mtu = link->mtu,
			.mac = link->has_mac ? link->mac : NULL,
		};

		for (unsigned int i = 0; i < job->target_count; i++)
			prober_run(&port, &job->targets[i].asked, &job->targets[i].outcome);
	}
	(void)port_query(job->interface, true, &job->after, job->error, sizeof(job->error));
}

static void carry_out(struct mail *mail)
{
	struct link_test_job *job = (struct link_test_job *)mail;

	thread_capabilities_raise();
	if (enter_namespace(job))
		test(job);
	if (job->namespace_fd >= 0)
		close(job->namespace_fd);
	job->namespace_fd = -1;
}

struct link_test_job *link_test_job_new(void)
{
	struct link_test_job *job = calloc(1, sizeof(*job));

	if (job)
		job->namespace_fd = -1;
	return job;
}

void link_test_job_free(struct link_test_job *job)
{
	if (job && job->namespace_fd >= 0)
		close(job->namespace_fd);
	free(job);
}

bool link_test_job_start(struct link_test_job *job, struct mailbox *done)
{
	return job_thread_start("peering-test", carry_out, &job->mail, done);
}

/* ---- the verdict ---- */

/* The other ports of a bridge are other people's. */
static bool is_of_a_lag(const struct port_part *member)
{
	return strcmp(member->link.member_kind, "bond") == 0 || strcmp(member->link.member_kind, "team") == 0;
}

static bool judge_part(const struct port_part *before, const struct port_part *after, char *reason, size_t size)
{
	const struct link_answer *link = &after->link;
	uint64_t rx = link->counters.rx_errors - before->link.counters.rx_errors;
	uint64_t tx = link->counters.tx_errors - before->link.counters.tx_errors;

	if (!link->admin_up)
		snprintf(reason, size, "%s is shut", link->name);
	else if (!link->operational)
		snprintf(reason, size, "%s is down", link->name);
	else if (link->carrier_changes != before->link.carrier_changes)
		snprintf(reason, size, "%s went down and up again meanwhile", link->name);
	else if (link->has_counters && before->link.has_counters && (rx || tx))
		snprintf(reason, size, "%s counted %llu receive and %llu transmit errors meanwhile", link->name,
			 (unsigned long long)rx, (unsigned long long)tx);
	else
		return true;
	return false;
}

static bool judge_target(const struct link_test_target *target, uint32_t mtu, char *reason, size_t size)
{
	const struct prober_outcome *outcome = &target->outcome;

	if (outcome->error[0])
		snprintf(reason, size, "%s: %s", target->label, outcome->error);
	else if (!outcome->neighbor_known && !outcome->received)
		snprintf(reason, size, "%s does not answer %s", target->label,
			 target->asked.ipv6 ? "neighbor discovery" : "ARP");
	else if (!outcome->received)
		snprintf(reason, size, "%s answers %s and no echo", target->label,
			 target->asked.ipv6 ? "neighbor discovery" : "ARP");
	else if (prober_lost_too_many(outcome))
		snprintf(reason, size, "%s: %u of %u echoes were lost", target->label, outcome->sent - outcome->received,
			 outcome->sent);
	else if (outcome->mtu < mtu)
		snprintf(reason, size, "%s: packets of %u bytes pass, of %u, the MTU of this side, they do not", target->label,
			 outcome->mtu, mtu);
	else
		return true;
	return false;
}

bool link_test_job_judge(const struct link_test_job *job, char *reason, size_t size)
{
	reason[0] = '\0';
	if (job->error[0]) {
		snprintf(reason, size, "%s", job->error);
		return false;
	}
	if (!judge_part(&job->before.self, &job->after.self, reason, size))
		return false;
	for (unsigned int i = 0; i < job->target_count; i++)
		if (job->targets[i].required &&
		    !judge_target(&job->targets[i], job->before.self.link.mtu, reason, size))
			return false;
	for (unsigned int i = 0; i < job->after.member_count && i < job->before.member_count; i++)
		if (is_of_a_lag(&job->after.members[i]) &&
		    job->before.members[i].link.index == job->after.members[i].link.index &&
		    !judge_part(&job->before.members[i], &job->after.members[i], reason, size))
			return false;
	if (job->target_count == 0)
		snprintf(reason, size, "nothing answers for the peer: no neighbor of it is on %s", job->interface);
	return job->target_count > 0;
}
