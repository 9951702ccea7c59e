// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/turn.h"

#include <stdbool.h>

#include "controller/service/metrics.h"
#include "controller/text.h"

static const double bounds[] = {0.0001, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5};
static const char *const names[TURN_AREAS] = {
	[TURN_API] = "api",		[TURN_REPORTS] = "reports", [TURN_EVENTS] = "events",
	[TURN_PEERINGS] = "peerings",	[TURN_UPKEEP] = "upkeep",
};

static struct metric_histogram turns[TURN_AREAS];
static double longest_seconds[TURN_AREAS];
static bool inside;

struct turn turn_begin(enum turn_area area)
{
	struct turn turn = {.began = inside ? -1 : clock_steady_microseconds(), .area = area};

	inside = true;
	return turn;
}

void turn_end(struct turn *turn)
{
	struct metric_histogram *histogram = &turns[turn->area];
	double seconds;

	if (turn->began < 0)
		return;
	inside = false;
	seconds = (double)(clock_steady_microseconds() - turn->began) / 1e6;
	if (seconds > longest_seconds[turn->area])
		longest_seconds[turn->area] = seconds;
	histogram->bounds = bounds;
	histogram->count = sizeof(bounds) / sizeof(bounds[0]);
	metric_observe(histogram, seconds);
}

void turn_metrics(struct evbuffer *out, const char *histogram, const char *longest)
{
	metric_begin(out, histogram, "histogram", "Time for which one thing has held the loop.");
	for (int area = 0; area < TURN_AREAS; area++)
		metric_add_histogram(out, histogram, "in", names[area], &turns[area]);
	metric_begin(out, longest, "gauge", "The longest of them since the start.");
	for (int area = 0; area < TURN_AREAS; area++)
		metric_add(out, longest, "in", names[area], longest_seconds[area]);
}
