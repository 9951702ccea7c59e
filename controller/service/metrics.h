/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this process has done since it started, counted for /metrics where it happens. Nothing is decided by it. Main
 * thread.
 */
#ifndef PEERING_CONTROLLER_METRICS_H
#define PEERING_CONTROLLER_METRICS_H

#include <event2/buffer.h>
#include <stdbool.h>
#include <stdint.h>

#include "controller/store/store.h"

enum metric_report {
	METRIC_HELLO = 0,
	METRIC_TRANSITION,
	METRIC_SNAPSHOT,
	METRIC_PUSH_RESULT,
	METRIC_GONE,
	METRIC_REPORT_COUNT
};

#define METRIC_BUCKETS_MAX 12

struct metric_histogram {
	const double *bounds; /* rising */
	unsigned int count;   /* of bounds */
	uint64_t buckets[METRIC_BUCKETS_MAX + 1]; /* of each alone, the last for everything above */
	double sum;
};

extern struct metrics {
	int64_t started_at; /* Unix milliseconds */
	uint64_t reports[METRIC_REPORT_COUNT];
	struct metric_histogram commit_seconds;
	struct metric_histogram commit_reports;
	uint64_t commit_failures;
	uint64_t pushes_applied, pushes_refused;
	uint64_t answers[6]; /* of the API, by the first digit of their status */
	uint64_t event_bytes_worded, event_bytes_sent; /* for readers that stay: put into words, given to them together */
	uint64_t tls_refused;
	uint64_t newcomers_dropped;
	uint64_t pruned[KEPT_COUNT]; /* rows */
	int64_t accept_failed_at; /* steady clock; 0: never */
} metrics;

void metric_observe(struct metric_histogram *histogram, double value);

/*
 * Text for Prometheus: metric_begin() once for each name, then its samples. A label's value may hold anything. NULL
 * `label`: none.
 */
void metric_begin(struct evbuffer *out, const char *name, const char *type, const char *help);
void metric_add(struct evbuffer *out, const char *name, const char *label, const char *value, double number);
/* Samples of a histogram, of which there is one for each value of the label. */
void metric_add_histogram(struct evbuffer *out, const char *name, const char *label, const char *value,
			  const struct metric_histogram *histogram);
/* With its own metric_begin(). */
void metric_histogram(struct evbuffer *out, const char *name, const char *help,
		      const struct metric_histogram *histogram);

#endif
