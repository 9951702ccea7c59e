// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/journal/state_file_private.h"

#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/journal/file_job.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/turn.h"

struct state_file_operation state_file_now;

static struct mailbox *done;
static event_ref *step_event, *done_event;

struct state_file_report state_file_report(void)
{
	return (struct state_file_report){
		.operation = !state_file_now.path[0] ? NULL : state_file_now.importing ? "import" : "export",
		.status = !state_file_now.path[0] ? NULL : state_file_now.step != STEP_IDLE ? "running" : state_file_now.failed ? "failed" : "done",
		.path = state_file_now.path[0] ? state_file_now.path : NULL,
		.message = state_file_now.message,
	};
}

void state_file_finish(bool failed)
{
	free(state_file_now.bytes);
	state_file_now.bytes = NULL;
	state_file_now.failed = failed;
	state_file_now.step = state_import_has_notes() ? STEP_FORGETTING : STEP_IDLE;
	if (failed)
		alert_as(EC_PEERING_STATE_FILE, "state %s of %s failed: %s", state_file_now.importing ? "import" : "export", state_file_now.path, state_file_now.message);
	else
		zlog_notice("peering: state %s of %s: %s", state_file_now.importing ? "import" : "export", state_file_now.path, state_file_now.message);
}

static void on_step(event_ref *event);
static void on_done(event_ref *event);

void state_file_go_on(void)
{
	event_add_now(on_step, NULL, &step_event);
}

bool state_file_begin(const char *path, bool importing, struct verdict *verdict)
{
	*verdict = (struct verdict){.accepted = true, .code = ""};
	if (path[0] != '/' || strlen(path) >= sizeof(state_file_now.path))
		verdict_refuse(verdict, "bad-path", "'%s' is not an absolute path; begin it with /", path);
	else if (state_file_now.step != STEP_IDLE)
		verdict_refuse(verdict, "busy", "the %s of %s is still going on; `show peering state-file`",
			       state_file_now.importing ? "import" : "export", state_file_now.path);
	else if (importing && router.reading_file)
		verdict_refuse(verdict, "busy", "a configuration is just being read; try again in a moment");
	else if (importing && !durable_state_writable(verdict->message, sizeof(verdict->message)))
		verdict_refuse(verdict, "journal", "%s", durable_state_problem() ? durable_state_problem()
										 : "the journal is not open yet");
	if (!verdict->accepted)
		return false;
	if (!done) {
		done = mailbox_new();
		if (!done) {
			verdict_refuse(verdict, "memory", "there is no memory for it: %s", safe_strerror(errno));
			return false;
		}
		event_add_readable(on_done, NULL, mailbox_fd(done), &done_event);
	}
	memset(&state_file_now, 0, sizeof(state_file_now));
	state_file_now.importing = importing;
	strlcpy(state_file_now.path, path, sizeof(state_file_now.path));
	return true;
}

/* Gives the job away; it comes back in on_done(). */
bool state_file_start_job(bool write)
{
	struct file_job *job = file_job_new(state_file_now.path, write);

	if (job && write) {
		job->bytes = state_file_now.bytes;
		job->size = state_file_now.size;
		state_file_now.bytes = NULL;
	}
	if (job && file_job_start(job, done))
		return true;
	snprintf(state_file_now.message, sizeof(state_file_now.message), "no thread can be had for the file: %s", safe_strerror(errno));
	if (job)
		file_job_free(job);
	return false;
}

static void on_step(event_ref *event)
{
	struct timeval begun;
	TURN(TURN_LIFECYCLE);

	if (!router_works())
		return;
	monotime(&begun);
	if (state_file_now.step == STEP_COLLECTING)
		state_export_collect(&begun);
	else if (state_file_now.step == STEP_CHECKING)
		state_import_check(&begun);
	else if (state_file_now.step == STEP_FORGETTING)
		state_import_forget(&begun);
	else
		state_import_take(&begun);
	if (state_file_now.step != STEP_IDLE && state_file_now.step != STEP_WRITING)
		state_file_go_on();
}

static void take_back(struct file_job *job)
{
	if (job->error[0]) {
		strlcpy(state_file_now.message, job->error, sizeof(state_file_now.message));
		state_file_finish(true);
	} else if (job->write) {
		snprintf(state_file_now.message, sizeof(state_file_now.message), "%u connections, %zu bytes", state_file_now.taken, job->size);
		state_file_finish(false);
	} else {
		state_file_now.bytes = job->bytes;
		state_file_now.size = job->size;
		job->bytes = NULL;
		state_import_begin_check();
		state_file_go_on();
	}
	file_job_free(job);
}

static void on_done(event_ref *event)
{
	struct mail *mail = mailbox_take(done);
	TURN(TURN_LIFECYCLE);

	event_add_readable(on_done, NULL, mailbox_fd(done), &done_event);
	while (mail) {
		struct file_job *job = container_of(mail, struct file_job, mail);

		mail = mail->next;
		take_back(job);
	}
}
