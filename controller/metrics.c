// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/metrics.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static const double seconds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5};
static const double reports[] = {1, 4, 16, 64, 256, 1024, 4096};

struct metrics metrics = {
	.commit_seconds = {.bounds = seconds, .count = sizeof(seconds) / sizeof(seconds[0])},
	.commit_reports = {.bounds = reports, .count = sizeof(reports) / sizeof(reports[0])},
};

void metric_observe(struct metric_histogram *histogram, double value)
{
	unsigned int i = 0;

	while (i < histogram->count && value > histogram->bounds[i])
		i++;
	histogram->buckets[i]++;
	histogram->sum += value;
}

void metric_begin(struct evbuffer *out, const char *name, const char *type, const char *help)
{
	evbuffer_add_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_label(struct evbuffer *out, const char *label, const char *value)
{
	evbuffer_add_printf(out, "{%s=\"", label);
	for (; *value; value++) {
		if (*value == '\n')
			evbuffer_add(out, "\\n", 2);
		else if (*value == '"' || *value == '\\')
			evbuffer_add_printf(out, "\\%c", *value);
		else
			evbuffer_add(out, value, 1);
	}
	evbuffer_add(out, "\"}", 2);
}

static void add_number(struct evbuffer *out, double number)
{
	/* Whole ones whole: six digits are too few for a time. */
	if (number == floor(number) && fabs(number) < 1e15)
		evbuffer_add_printf(out, " %" PRId64 "\n", (int64_t)number);
	else
		evbuffer_add_printf(out, " %.9g\n", number);
}

void metric_add(struct evbuffer *out, const char *name, const char *label, const char *value, double number)
{
	evbuffer_add_printf(out, "%s", name);
	if (label)
		add_label(out, label, value);
	add_number(out, number);
}

void metric_histogram(struct evbuffer *out, const char *name, const char *help,
		      const struct metric_histogram *histogram)
{
	uint64_t below = 0;

	metric_begin(out, name, "histogram", help);
	for (unsigned int i = 0; i < histogram->count; i++) {
		below += histogram->buckets[i];
		evbuffer_add_printf(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name, histogram->bounds[i], below);
	}
	below += histogram->buckets[histogram->count];
	evbuffer_add_printf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum", name, below, name);
	add_number(out, histogram->sum);
	evbuffer_add_printf(out, "%s_count %" PRIu64 "\n", name, below);
}
