// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/service/metrics_page.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "controller/api/api.h"
#include "controller/events/event_streams.h"
#include "controller/events/webhooks.h"
#include "controller/routers/census.h"
#include "controller/routers/certificates.h"
#include "controller/routers/reports.h"
#include "controller/routers/routers.h"
#include "controller/service/config.h"
#include "controller/service/metrics.h"
#include "controller/service/monitor.h"
#include "controller/turn.h"
#include "lib/lifecycle.h"
#include "peering-config.h"

#define NAME(name) "peeringcontroller_" name

static void one(struct evbuffer *out, const char *name, const char *type, const char *help, double number)
{
	metric_begin(out, name, type, help);
	metric_add(out, name, NULL, NULL, number);
}

/* ---- Routers and connections ---- */

struct names {
	struct evbuffer *out;
	const struct routers *routers;
	uint64_t known, connected;
};

static bool add_router(const char *name, void *context)
{
	struct names *names = context;
	bool connected = routers_find(names->routers, name) != NULL;

	metric_add(names->out, NAME("router_connected"), "router", name, connected);
	names->known++;
	names->connected += connected;
	return true;
}

static void add_routers(struct evbuffer *out, struct api *api)
{
	struct names names = {.out = out, .routers = api_routers(api)};

	metric_begin(out, NAME("router_connected"), "gauge", "1 while the router's session is up.");
	store_router_names(api_store(api), add_router, &names);
	one(out, NAME("routers_known"), "gauge", "Routers that have ever connected.", (double)names.known);
	one(out, NAME("routers_connected"), "gauge", "Routers whose session is up.", (double)names.connected);
}

static void add_connections(struct evbuffer *out, struct census *census)
{
	const struct census_counts *counts = census_take(census);

	metric_begin(out, NAME("connections"), "gauge", "Connections that routers have reported, by state.");
	for (int i = 0; i < STATE_COUNT; i++)
		metric_add(out, NAME("connections"), "state", connection_state_name(i), (double)counts->states[i]);
	metric_add(out, NAME("connections"), "state", "other", (double)counts->others);
	one(out, NAME("connections_degraded"), "gauge", "Connections with something wrong that a router has reported.",
	    (double)counts->degraded);
}

/* ---- Reports and pushes ---- */

static void add_reports(struct evbuffer *out)
{
	static const char *const kinds[METRIC_REPORT_COUNT] = {
		[METRIC_HELLO] = "hello",	[METRIC_TRANSITION] = "transition",
		[METRIC_SNAPSHOT] = "snapshot", [METRIC_PUSH_RESULT] = "push_result",
		[METRIC_GONE] = "gone",
	};

	metric_begin(out, NAME("reports_total"), "counter", "Messages of routers that were committed.");
	for (int i = 0; i < METRIC_REPORT_COUNT; i++)
		metric_add(out, NAME("reports_total"), "kind", kinds[i], (double)metrics.reports[i]);
	metric_histogram(out, NAME("commit_duration_seconds"), "Time of a transaction with routers' reports.",
			 &metrics.commit_seconds);
	metric_histogram(out, NAME("commit_reports"), "Reports in a transaction.", &metrics.commit_reports);
	one(out, NAME("commit_failures_total"), "counter", "Transactions that could not be committed.",
	    (double)metrics.commit_failures);
}

static void add_pushes(struct evbuffer *out, struct store *store)
{
	uint64_t queued = 0, stored = 0;

	store_count_pushes(store, &queued, &stored);
	one(out, NAME("pushes_queued"), "gauge", "Pushes that wait for their router, or its answer.", (double)queued);
	metric_begin(out, NAME("pushes_total"), "counter", "Pushes that were stored, and answered.");
	metric_add(out, NAME("pushes_total"), "what", "stored", (double)stored);
	metric_add(out, NAME("pushes_total"), "what", "applied", (double)metrics.pushes_applied);
	metric_add(out, NAME("pushes_total"), "what", "refused", (double)metrics.pushes_refused);
}

/* ---- Events and web hooks ---- */

static void add_events(struct evbuffer *out, struct store *store)
{
	int64_t oldest = 1, newest = 0;

	store_event_range(store, &oldest, &newest);
	one(out, NAME("events_total"), "counter", "Events that there have been.", (double)newest);
	one(out, NAME("events_kept"), "gauge", "Events that are still there.", (double)(newest - oldest + 1));
}

static void add_pruned(struct evbuffer *out)
{
	metric_begin(out, NAME("pruned_total"), "counter", "Rows that are kept no longer, for their age or their number.");
	for (int i = 0; i < KEPT_COUNT; i++)
		metric_add(out, NAME("pruned_total"), "what", store_kept_name(i), (double)metrics.pruned[i]);
}

struct hooks {
	struct store_hook {
		char name[65];
		double pending, delivered, dropped, failing;
	} list[WEBHOOKS_MAX];
	size_t count;
};

static bool add_hook(const struct store_webhook *webhook, void *context)
{
	struct hooks *hooks = context;
	struct store_hook *hook = &hooks->list[hooks->count];

	if (hooks->count == WEBHOOKS_MAX)
		return false;
	snprintf(hook->name, sizeof(hook->name), "%s", webhook->name);
	hook->pending = (double)webhook->pending;
	hook->delivered = (double)webhook->delivered;
	hook->dropped = (double)webhook->dropped;
	hook->failing = webhook->failing_since != 0;
	hooks->count++;
	return true;
}

/* The samples of a name stand together. */
static void add_hook_metric(struct evbuffer *out, const struct hooks *hooks, const char *name, const char *type,
			    const char *help, size_t offset)
{
	if (hooks->count == 0)
		return;
	metric_begin(out, name, type, help);
	for (size_t i = 0; i < hooks->count; i++)
		metric_add(out, name, "webhook", hooks->list[i].name,
			   *(const double *)((const char *)&hooks->list[i] + offset));
}

static void add_webhooks(struct evbuffer *out, struct store *store)
{
	struct hooks hooks = {.count = 0};

	store_webhooks(store, add_hook, &hooks);
	add_hook_metric(out, &hooks, NAME("webhook_pending"), "gauge", "Events that it has not accepted yet.",
			offsetof(struct store_hook, pending));
	add_hook_metric(out, &hooks, NAME("webhook_delivered_total"), "counter", "Events that it has accepted.",
			offsetof(struct store_hook, delivered));
	add_hook_metric(out, &hooks, NAME("webhook_dropped_total"), "counter",
			"Events that it was never told of: a day old, or too many.",
			offsetof(struct store_hook, dropped));
	add_hook_metric(out, &hooks, NAME("webhook_failing"), "gauge", "1 where the newest attempt failed.",
			offsetof(struct store_hook, failing));
}

/* ---- The process ---- */

static double file_bytes(const char *path, const char *suffix)
{
	char whole[4096];
	struct stat file;

	return snprintf(whole, sizeof(whole), "%s%s", path, suffix) < (int)sizeof(whole) && stat(whole, &file) == 0
		       ? (double)file.st_size
		       : 0;
}

static void add_database(struct evbuffer *out, const char *path)
{
	struct statvfs disk;

	metric_begin(out, NAME("database_bytes"), "gauge", "Size of the database's files.");
	metric_add(out, NAME("database_bytes"), "file", "main", file_bytes(path, ""));
	metric_add(out, NAME("database_bytes"), "file", "wal", file_bytes(path, "-wal"));
	if (statvfs(path, &disk) == 0)
		one(out, NAME("database_free_bytes"), "gauge", "Room on its disk.",
		    (double)disk.f_bavail * (double)disk.f_frsize);
}

static double open_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	double count = 0;

	if (!folder)
		return 0;
	while (readdir(folder))
		count++;
	closedir(folder);
	/* . and .., and the folder's own. */
	return count - 3;
}

static void add_process(struct evbuffer *out)
{
	struct rlimit limit = {0};
	struct rusage used = {0};
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (file) {
		if (fscanf(file, "%*u %lu", &pages) != 1)
			pages = 0;
		fclose(file);
	}
	getrusage(RUSAGE_SELF, &used);
	getrlimit(RLIMIT_NOFILE, &limit);
	one(out, "process_cpu_seconds_total", "counter", "Processor time.",
	    (double)used.ru_utime.tv_sec + (double)used.ru_stime.tv_sec +
		    ((double)used.ru_utime.tv_usec + (double)used.ru_stime.tv_usec) / 1e6);
	one(out, "process_resident_memory_bytes", "gauge", "Resident memory.",
	    (double)pages * (double)sysconf(_SC_PAGESIZE));
	one(out, "process_open_fds", "gauge", "Open descriptors.", open_descriptors());
	one(out, "process_max_fds", "gauge", "How many there may be.", (double)limit.rlim_cur);
	one(out, "process_start_time_seconds", "gauge", "When it was started.", (double)metrics.started_at / 1000);
}

static void add_answers(struct evbuffer *out)
{
	static const char *const classes[] = {NULL, NULL, "2xx", "3xx", "4xx", "5xx"};

	metric_begin(out, NAME("api_answers_total"), "counter", "Answers of the API by their status.");
	for (int i = 2; i < 6; i++)
		metric_add(out, NAME("api_answers_total"), "status", classes[i], (double)metrics.answers[i]);
}

void metrics_page(struct evbuffer *out, const struct monitored *monitored)
{
	const struct config *config = monitored->config;
	struct store *store = api_store(monitored->api);
	double streams = event_streams_count(api_event_streams(monitored->api));
	double clients = api_client_count(monitored->api);
	double memory = (double)reports_memory(monitored->reports);
	double sessions = routers_session_count(api_routers(monitored->api));

	metric_begin(out, NAME("info"), "gauge", "1, with the version.");
	metric_add(out, NAME("info"), "version", PACKAGE_VERSION, 1);
	add_routers(out, monitored->api);
	add_connections(out, monitored->census);
	add_reports(out);
	one(out, NAME("store_stuck"), "gauge", "1 while reports cannot be committed.",
	    reports_are_stuck(monitored->reports));
	add_pushes(out, store);
	add_events(out, store);
	add_pruned(out);
	add_webhooks(out, store);
	metric_begin(out, NAME("used"), "gauge", "What is used of each limit.");
	metric_add(out, NAME("used"), "of", "routers", sessions);
	metric_add(out, NAME("used"), "of", "api_clients", clients);
	metric_add(out, NAME("used"), "of", "event_streams", streams);
	metric_add(out, NAME("used"), "of", "reports_bytes", memory);
	metric_begin(out, NAME("limit"), "gauge", "The limits themselves.");
	metric_add(out, NAME("limit"), "of", "routers", config->max_routers);
	metric_add(out, NAME("limit"), "of", "api_clients", config->max_api_clients);
	metric_add(out, NAME("limit"), "of", "event_streams", config->max_event_streams);
	metric_add(out, NAME("limit"), "of", "reports_bytes", (double)REPORTS_MAX);
	add_answers(out);
	one(out, NAME("event_bytes_worded_total"), "counter", "Bytes of events put into words for readers that stay.",
	    (double)metrics.event_bytes_worded);
	one(out, NAME("event_bytes_sent_total"), "counter", "Bytes of events given to readers that stay, to all together.",
	    (double)metrics.event_bytes_sent);
	one(out, NAME("tls_refused_total"), "counter", "Handshakes that failed.", (double)metrics.tls_refused);
	one(out, NAME("newcomers_dropped_total"), "counter", "Connections without a certificate that made room.",
	    (double)metrics.newcomers_dropped);
	one(out, NAME("certificate_end_seconds"), "gauge", "When the controller's certificate ends, Unix time.",
	    (double)certificates_own_end(monitored->certificates));
	turn_metrics(out, NAME("turn_seconds"), NAME("turn_longest_seconds"), NAME("turn_longest_cpu_seconds"));
	add_database(out, config->database);
	add_process(out);
}
