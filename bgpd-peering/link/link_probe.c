// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether a better controller can be reached again, while a worse one is spoken with: TCP and TLS with each better one, the
 * best first, and no word more. The best that answers, each time for `settle` without a miss, is returned to.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bgpd-peering/link/link_dial.h"

#define SETTLE_MOST 3600000u

struct probe {
	struct dial dial;
	bool dialling;
	size_t target;	    /* that is dialled */
	size_t better;	    /* that has answered, since `since`; 0: none has */
	uint64_t since;
	uint64_t next_at;
};

void link_probe_begin(struct link *link)
{
	if (link->current == 0)
		return;
	link->probe = calloc(1, sizeof(*link->probe));
	if (link->probe)
		link->probe->next_at = link_now() + link->timing.probe;
}

void link_probe_end(struct link *link)
{
	if (link->probe && link->probe->dialling)
		dial_end(&link->probe->dial);
	free(link->probe);
	link->probe = NULL;
}

static void tell(struct link *link, size_t target, const char *why)
{
	struct link_event *event = link_event_new(LINK_PROBED);

	if (!event)
		return;
	event->target = target;
	snprintf(event->text, sizeof(event->text), "%s", why);
	link_post(link, event);
}

static uint64_t settle(const struct link *link)
{
	uint64_t time = (uint64_t)link->timing.settle << (link->returns < 8 ? link->returns : 8);

	return time < SETTLE_MOST ? time : SETTLE_MOST;
}

static bool has_answered(struct link *link, size_t target)
{
	struct probe *probe = link->probe;
	uint64_t now = link_now();

	tell(link, target, "");
	if (!probe->since || probe->better != target)
		probe->since = now;
	probe->better = target;
	return now - probe->since >= settle(link);
}

static void dial(struct link *link, size_t target)
{
	link->probe->target = target;
	link->probe->dialling = true;
	dial_begin(&link->probe->dial, link, &link->targets[target], link->context);
}

bool link_probe_step(struct link *link)
{
	struct probe *probe = link->probe;
	bool answered;

	if (!probe)
		return false;
	if (!probe->dialling && link_now() >= probe->next_at)
		dial(link, 0);
	while (probe->dialling && dial_step(&probe->dial) >= DIAL_DONE) {
		answered = probe->dial.stage == DIAL_DONE;
		if (!answered)
			tell(link, probe->target, probe->dial.why);
		else
			SSL_shutdown(probe->dial.ssl);
		dial_end(&probe->dial);
		probe->dialling = false;
		probe->next_at = link_now() + link->timing.probe;
		if (answered)
			return has_answered(link, probe->target);
		if (probe->target + 1 < link->current)
			dial(link, probe->target + 1);
		else
			probe->since = 0;
	}
	return false;
}

int link_probe_wait(const struct link *link, short *events, uint64_t *deadline)
{
	const struct probe *probe = link->probe;

	*events = 0;
	if (!probe)
		return -1;
	if (!probe->dialling) {
		if (probe->next_at < *deadline)
			*deadline = probe->next_at;
		return -1;
	}
	if (probe->dial.deadline < *deadline)
		*deadline = probe->dial.deadline;
	*events = probe->dial.wait_events;
	return probe->dial.wait_fd;
}
