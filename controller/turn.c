// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/turn.h"

#include <stdbool.h>
#include <time.h>

#include "controller/service/metrics.h"
#include "controller/text.h"

static const double bounds[] = {0.0001, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5};
static const char *const names[TURN_AREAS] = {
	[TURN_API] = "api",		[TURN_REPORTS] = "reports", [TURN_EVENTS] = "events",
	[TURN_PEERINGS] = "peerings",	[TURN_UPKEEP] = "upkeep",
};

static struct metric_histogram turns[TURN_AREAS];
static double longest_seconds[TURN_AREAS], longest_cpu_seconds[TURN_AREAS];
static bool inside;

static int64_t cpu_microseconds(void)
{
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return (int64_t)used.tv_sec * 1000000 + used.tv_nsec / 1000;
}

struct turn turn_begin(enum turn_area area)
{
	struct turn turn = {.began = -1, .area = area};

	if (!inside) {
		turn.began = clock_steady_microseconds();
		turn.cpu = cpu_microseconds();
	}

	inside = true;
	return turn;
}

void turn_end(struct turn *turn)
{
	struct metric_histogram *histogram = &turns[turn->area];
	double seconds, cpu_seconds;

	if (turn->began < 0)
		return;
	inside = false;
	seconds = (double)(clock_steady_microseconds() - turn->began) / 1e6;
	if (seconds > longest_seconds[turn->area])
		longest_seconds[turn->area] = seconds;
	cpu_seconds = (double)(cpu_microseconds() - turn->cpu) / 1e6;
	if (cpu_seconds > longest_cpu_seconds[turn->area])
		longest_cpu_seconds[turn->area] = cpu_seconds;
	histogram->bounds = bounds;
	histogram->count = sizeof(bounds) / sizeof(bounds[0]);
	metric_observe(histogram, seconds);
}

void turn_metrics(struct evbuffer *out, const char *histogram, const char *longest, const char *longest_cpu)
{
	metric_begin(out, histogram, "histogram", "Time for which one thing has held the loop.");
	for (int area = 0; area < TURN_AREAS; area++)
		metric_add_histogram(out, histogram, "in", names[area], &turns[area]);
	metric_begin(out, longest, "gauge", "The longest of them since the start.");
	for (int area = 0; area < TURN_AREAS; area++)
		metric_add(out, longest, "in", names[area], longest_seconds[area]);
	metric_begin(out, longest_cpu, "gauge", "The longest of them by the processor, since the start.");
	for (int area = 0; area < TURN_AREAS; area++)
		metric_add(out, longest_cpu, "in", names[area], longest_cpu_seconds[area]);
}
