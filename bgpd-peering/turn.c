// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/turn.h"

#include "bgpd-peering/commands/commands.h"

static const char *const names[TURN_AREAS] = {
	[TURN_SHOW] = "show",
	[TURN_COMMAND] = "command",
	[TURN_SESSION] = "session",
	[TURN_GATE] = "gate",
	[TURN_WALK] = "walk",
	[TURN_LIFECYCLE] = "lifecycle",
	[TURN_AUDIT] = "audit",
	[TURN_PREVIEW] = "preview",
	[TURN_JOURNAL] = "journal",
	[TURN_CONTROLLER] = "controller",
	[TURN_LINK_TEST] = "link-test",
};

static struct turn_figures figures[TURN_AREAS];
static unsigned int depth;
static enum turn_area outermost;

struct turn turn_begin(enum turn_area area)
{
	struct turn turn = {0};

	if (depth++ > 0)
		return turn;
	outermost = area;
	clock_gettime(CLOCK_MONOTONIC, &turn.wall);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &turn.cpu);
	return turn;
}

static uint64_t microseconds_since(clockid_t clock, const struct timespec *begun)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)((now.tv_sec - begun->tv_sec) * 1000000 + (now.tv_nsec - begun->tv_nsec) / 1000);
}

void turn_end(struct turn *turn)
{
	struct turn_figures *of = &figures[outermost];

	if (--depth > 0)
		return;
	of->turns++;
	of->longest_microseconds = MAX(of->longest_microseconds, microseconds_since(CLOCK_MONOTONIC, &turn->wall));
	of->longest_cpu_microseconds =
		MAX(of->longest_cpu_microseconds, microseconds_since(CLOCK_THREAD_CPUTIME_ID, &turn->cpu));
}

const struct turn_figures *turn_figures(enum turn_area area)
{
	return &figures[area];
}

const char *turn_area_name(enum turn_area area)
{
	return names[area];
}

enum turn_area turn_longest(void)
{
	enum turn_area longest = 0;

	for (enum turn_area area = 0; area < TURN_AREAS; area++)
		if (figures[area].longest_microseconds > figures[longest].longest_microseconds)
			longest = area;
	return longest;
}

void turn_clear(void)
{
	memset(figures, 0, sizeof(figures));
}

COMMAND_HANDLER(cmd_clear_holds)
{
	turn_clear();
	return CMD_SUCCESS;
}
