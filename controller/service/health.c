// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/service/health.h"

#include <json-c/json.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <time.h>

#include "controller/api/api.h"
#include "controller/routers/certificates.h"
#include "controller/routers/reports.h"
#include "controller/service/config.h"
#include "controller/service/metrics.h"
#include "controller/service/monitor.h"
#include "controller/text.h"

/* After a failure of accept() the listener pauses for a second: failing again and again is what counts. */
#define ACCEPT_FAILED_MILLISECONDS 5000
/* Room on the database's disk below which the next transactions may find none. */
#define DISK_BYTES_LEAST (1 << 20)

static void add_problem(json_object *problems, const char *check, const char *detail)
{
	json_object *problem = json_object_new_object();

	json_object_object_add(problem, "check", json_object_new_string(check));
	json_object_object_add(problem, "detail", json_object_new_string(detail));
	json_object_array_add(problems, problem);
}

/* Whether a transaction can be begun: nobody else holds the database, and its file is there. */
static void look_at_store(json_object *problems, const struct monitored *monitored)
{
	struct store *store = api_store(monitored->api);

	if (reports_are_stuck(monitored->reports))
		add_problem(problems, "database", "what routers report cannot be committed; see the log");
	else if (store_begin(store) != STORE_OK)
		add_problem(problems, "database", store_error(store));
	else
		store_rollback(store);
	if (reports_full(monitored->reports))
		add_problem(problems, "reports", "as many reports wait as may; routers are not read from");
}

/* Where nothing is reported, no transaction tells that the next one will fail. */
static void look_at_disk(json_object *problems, const struct monitored *monitored)
{
	struct statvfs disk;

	if (statvfs(monitored->config->database, &disk) == 0 &&
	    (double)disk.f_bavail * (double)disk.f_frsize < DISK_BYTES_LEAST)
		add_problem(problems, "disk", "the database's disk has less than 1 MiB of room; make some");
}

bool health_page(struct evbuffer *out, const struct monitored *monitored)
{
	json_object *object = json_object_new_object(), *problems = json_object_new_array();
	uint64_t ends = certificates_own_end(monitored->certificates);
	int64_t accept_failed_at = metrics.accept_failed_at;
	bool healthy;

	look_at_store(problems, monitored);
	look_at_disk(problems, monitored);
	if (accept_failed_at != 0 && clock_steady_milliseconds() - accept_failed_at < ACCEPT_FAILED_MILLISECONDS)
		add_problem(problems, "listeners", "connections cannot be accepted; raise the limit of open files");
	if (ends != 0 && ends <= (uint64_t)time(NULL))
		add_problem(problems, "certificate", "the controller's certificate has ended; routers refuse it");
	healthy = json_object_array_length(problems) == 0;
	json_object_object_add(object, "schemaVersion", json_object_new_int(API_SCHEMA_VERSION));
	json_object_object_add(object, "status", json_object_new_string(healthy ? "ok" : "failing"));
	json_object_object_add(object, "problems", problems);
	evbuffer_add_printf(
		out, "%s\n",
		json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
	return healthy;
}
