// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/service/metrics.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

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

/* NULL `label`: none; `bound` of a bucket, or NULL. */
static void add_labels(struct evbuffer *out, const char *label, const char *value, const char *bound)
{
	if (!label && !bound)
		return;
	evbuffer_add(out, "{", 1);
	if (label)
		evbuffer_add_printf(out, "%s=\"", label);
	for (; label && *value; value++) {
		if (*value == '\n')
			evbuffer_add(out, "\\n", 2);
		else if (*value == '"' || *value == '\\')
			evbuffer_add_printf(out, "\\%c", *value);
		else
			evbuffer_add(out, value, 1);
	}
	if (label)
		evbuffer_add(out, "\"", 1);
	if (bound)
		evbuffer_add_printf(out, "%sle=\"%s\"", label ? "," : "", bound);
	evbuffer_add(out, "}", 1);
}

static void add_number(struct evbuffer *out, double number)
{
	/* Whole ones whole: six digits are too few for a time. */
	if (number == floor(number) && fabs(number) < 1e15)
		evbuffer_add_printf(out, " %" PRId64 "\n", (int64_t)number);
	else
		evbuffer_add_printf(out, " %.9g\n", number);
}

/* A sample: the name, its ending, the labels, the number. */
static void add_sample(struct evbuffer *out, const char *name, const char *ending, const char *label, const char *value,
		       const char *bound, double number)
{
	evbuffer_add_printf(out, "%s%s", name, ending);
	add_labels(out, label, value, bound);
	add_number(out, number);
}

void metric_add(struct evbuffer *out, const char *name, const char *label, const char *value, double number)
{
	add_sample(out, name, "", label, value, NULL, number);
}

void metric_add_histogram(struct evbuffer *out, const char *name, const char *label, const char *value,
			  const struct metric_histogram *histogram)
{
	uint64_t below = 0;
	char bound[32];

	for (unsigned int i = 0; i < histogram->count; i++) {
		below += histogram->buckets[i];
		snprintf(bound, sizeof(bound), "%g", histogram->bounds[i]);
		add_sample(out, name, "_bucket", label, value, bound, (double)below);
	}
	below += histogram->buckets[histogram->count];
	add_sample(out, name, "_bucket", label, value, "+Inf", (double)below);
	add_sample(out, name, "_sum", label, value, NULL, histogram->sum);
	add_sample(out, name, "_count", label, value, NULL, (double)below);
}

void metric_histogram(struct evbuffer *out, const char *name, const char *help,
		      const struct metric_histogram *histogram)
{
	metric_begin(out, name, "histogram", help);
	metric_add_histogram(out, name, NULL, NULL, histogram);
}
