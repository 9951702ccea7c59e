// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/push/push_revision.h"

#include "bgpd-peering/push/push_record.h"

static uint64_t revision;
static char made_by[PUSH_ID_MAX];

uint64_t push_revision(void)
{
	return revision;
}

const char *push_revision_of(void)
{
	return made_by;
}

void push_revision_rise(const char *push)
{
	push_revision_restore(revision + 1, push);
}

void push_revision_restore(uint64_t number, const char *push)
{
	revision = number;
	strlcpy(made_by, push, sizeof(made_by));
}
