// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/controller_link.h"

#include "bgpd-peering/catch_up.h"
#include "bgpd-peering/debug_areas.h"
#include "bgpd-peering/durable_state.h"
#include "bgpd-peering/link_plugin.h"
#include "bgpd-peering/push.h"
#include "bgpd-peering/push_answers.h"
#include "bgpd-peering/push_confirm.h"
#include "bgpd-peering/push_revision.h"
#include "bgpd-peering/query.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/snapshots.h"
#include "bgpd-peering/turn.h"

#define AGAIN_INTERVAL 10 /* seconds until a link that could not be begun, or not go on, is begun anew */

static char *controller_host, *router_name;
static uint16_t port;
static bool started;
static bool restart_wanted; /* at the end of the file that is being read */
static bool host_read, name_read; /* a line of the configuration that is read at start speaks of it */
static bool edited;		  /* and the journal is told at the end of the file */

static struct link *link_thread;
static struct mailbox *events;
static event_ref *events_event, *again_event;
static bool missed; /* `link_thread` has not been given all: another one will be */
static bool events_wait; /* for the end of the file that is being read */
/* What the controller can hold: see link.h. Of all links of this bgpd. */
static uint64_t known_sequence;

static bool up;
static uint64_t since;
static char last_text[TLS_ERROR_MAX];

/* ---- reports ---- */

void controller_link_changed(struct connection *connection)
{
	snapshots_changed(connection);
}

void controller_link_gone(void)
{
	snapshots_gone();
}

static void begin_again(event_ref *event);

/*
 * One that the link did not take is in the journal, and so are those behind it, of which the link may have none before:
 * they are sent by the link that begins in its place.
 */
void controller_link_transition(const Peering__Transition *transition)
{
	if (!link_thread || missed)
		return;
	debug_log(DEBUG_CONTROLLER, "controller: transition %llu of %s is queued", (unsigned long long)transition->sequence,
		  transition->connection);
	if (catch_up_is_running()) {
		catch_up_transition(transition);
	} else if (!link_transition(link_thread, transition)) {
		zlog_err("peering: no memory for a report; the link to the controller begins again and sends it then");
		missed = true;
		event_add_seconds(begin_again, NULL, AGAIN_INTERVAL, &again_event);
	}
}

void controller_link_pushed(const char *push, uint64_t revision)
{
	if (link_thread)
		link_pushed(link_thread, push, revision);
}

bool controller_link_send(const Peering__Envelope *envelope)
{
	return !link_thread || link_send(link_thread, envelope) != LINK_TOO_LONG;
}

/* ---- what the link tells ---- */

static void note(bool is_up, const char *text)
{
	bool changed = is_up != up || strcmp(text, last_text) != 0;

	if (is_up != up || !since)
		since = wall_clock_milliseconds();
	up = is_up;
	strlcpy(last_text, text, sizeof(last_text));
	if (!changed)
		return;
	if (is_up)
		zlog_notice("peering: connected to the controller %s as %s", controller_host, text);
	else
		flog_warn(EC_PEERING_CONTROLLER, "peering: not connected to the controller %s: %s; nothing on this router needs it", controller_host, text);
}

static void on_event(struct link_event *event)
{
	static const char *const names[] = {
		[LINK_UP] = "up",	[LINK_DOWN] = "down",	    [LINK_ACKED] = "acknowledged",
		[LINK_PUSH] = "push",	[LINK_DRAINED] = "drained", [LINK_WARNING] = "warning",
	};

	debug_log(DEBUG_CONTROLLER, "controller: %s %llu %s", names[event->type], (unsigned long long)event->sequence,
		  event->text);
	switch (event->type) {
	case LINK_UP:
		note(true, event->text);
		snapshots_begin(link_thread);
		push_answers_tell_rollbacks();
		push_confirm_tell();
		break;
	case LINK_DOWN:
		snapshots_end();
		query_forget();
		note(false, event->text);
		break;
	case LINK_DRAINED:
		snapshots_drained();
		break;
	case LINK_WARNING:
		zlog_warn("peering: %s", event->text);
		break;
	case LINK_ACKED:
		durable_state_acked(event->sequence);
		break;
	case LINK_PUSH:
		if (event->envelope->body_case == PEERING__ENVELOPE__BODY_PUSH)
			push_take(event->envelope->push);
		else if (event->envelope->body_case == PEERING__ENVELOPE__BODY_CONFIRM)
			push_confirm_take(event->envelope->confirm->id);
		else if (event->envelope->body_case == PEERING__ENVELOPE__BODY_QUERY)
			query_take(event->envelope->query);
		break;
	}
}

static void on_events(event_ref *event)
{
	struct mail *mail;
	TURN(TURN_CONTROLLER);

	/* A push is judged against a whole configuration, not against the half of a file: what comes stays where it is. */
	if (router.reading_file) {
		events_wait = true;
		return;
	}
	mail = mailbox_take(events);
	event_add_readable(on_events, NULL, mailbox_fd(events), &events_event);
	while (mail) {
		struct mail *next = mail->next;

		/* A link that was ended meanwhile has nothing more to say. */
		if (link_thread)
			on_event(container_of(mail, struct link_event, mail));
		link_event_free(mail);
		mail = next;
	}
}

/* ---- starting and stopping ---- */

static const char *boot_id(void)
{
	static char id[33];

	if (!id[0])
		snprintf(id, sizeof(id), "%llx-%x", (unsigned long long)wall_clock_milliseconds(), (unsigned int)getpid());
	return id;
}

static void end_link(void)
{
	event_stop(events_event);
	event_stop(again_event);
	events_wait = false;
	snapshots_end();
	query_forget();
	if (catch_up_is_running())
		catch_up_stop();
	if (link_thread) {
		/* It knows what it was told when it began. */
		known_sequence = link_stop(link_thread);
		link_thread = NULL;
	}
	if (events)
		mailbox_free(events, link_event_free);
	events = NULL;
	up = false;
	since = 0;
	last_text[0] = '\0';
}

/* The link has what the controller does not know yet. */
static void caught_up(const char *error)
{
	if (!error && !link_start(link_thread))
		error = safe_strerror(errno);
	if (!error)
		return;
	note(false, error);
	missed = true;
	event_add_seconds(begin_again, NULL, AGAIN_INTERVAL, &again_event);
}

static void begin_link(void)
{
	struct durable_sequences sequences = durable_state_sequences();
	char ca[PATH_MAX + 16], certificate[PATH_MAX + 16], key[PATH_MAX + 16];
	struct link_settings settings = {
		.host = controller_host,
		.port = port,
		.router_name = router_name,
		.frr_version = FRR_VERSION,
		.module_version = PEERING_PACKAGE_VERSION,
		.journal_id = durable_state_journal_id(),
		.boot_id = boot_id(),
		.last_sequence = sequences.durable,
		.known_sequence = MAX(known_sequence, sequences.loaded),
		.last_push = push_revision_of(),
		.revision = push_revision(),
		.tls = {.ca = ca, .certificate = certificate, .key = key},
	};

	snprintf(ca, sizeof(ca), "%s/ca.pem", router.tls_directory);
	snprintf(certificate, sizeof(certificate), "%s/router.pem", router.tls_directory);
	snprintf(key, sizeof(key), "%s/router.key", router.tls_directory);

	if (!settings.journal_id[0]) {
		note(false, "the journal cannot be used, and without it nothing can be reported");
		return;
	}
	if (link_load_error()) {
		note(false, link_load_error());
		return;
	}
	events = mailbox_new();
	if (events)
		link_thread = link_new(&settings, events);
	if (!link_thread) {
		note(false, safe_strerror(errno));
		return;
	}
	event_add_readable(on_events, NULL, mailbox_fd(events), &events_event);
	missed = false;
	catch_up_begin(link_thread, caught_up);
}

static void restart(void)
{
	if (!started)
		return;
	/* What the controller pushes is judged against a whole configuration, not against the half of a file. */
	if (router.reading_file) {
		restart_wanted = true;
		return;
	}
	restart_wanted = false;
	end_link();
	if (controller_host)
		begin_link();
}

static void begin_again(event_ref *event)
{
	TURN(TURN_CONTROLLER);

	restart();
}

void controller_link_start(void)
{
	started = true;
	/* What it pushes is judged against a whole configuration, and that is still to come. */
	if (router.booting)
		restart_wanted = true;
	else
		restart();
}

void controller_link_file_end(void)
{
	if (edited)
		durable_state_controller();
	edited = false;
	if (restart_wanted)
		restart();
	if (events_wait)
		event_add_readable(on_events, NULL, mailbox_fd(events), &events_event);
	events_wait = false;
}

void controller_link_new_journal(void)
{
	if (controller_host)
		restart();
}

void controller_link_stop(void)
{
	end_link();
	started = false;
}

static void tell_journal(void)
{
	if (router.booting || router.reading_file)
		edited = true;
	else
		durable_state_controller();
}

void controller_link_set(const char *new_host, uint16_t new_port)
{
	host_read = true;
	if (controller_host && new_host && strcmp(controller_host, new_host) == 0 && port == new_port)
		return;
	XFREE(MTYPE_PEERING_TEXT, controller_host);
	controller_host = new_host ? XSTRDUP(MTYPE_PEERING_TEXT, new_host) : NULL;
	port = new_port;
	tell_journal();
	restart();
}

void controller_link_set_router_name(const char *name)
{
	name_read = true;
	if ((!router_name && !name) || (router_name && name && strcmp(router_name, name) == 0))
		return;
	XFREE(MTYPE_PEERING_TEXT, router_name);
	router_name = name ? XSTRDUP(MTYPE_PEERING_TEXT, name) : NULL;
	tell_journal();
	if (controller_host)
		restart();
}

void controller_link_restore(const char *host, uint16_t new_port, const char *name)
{
	XFREE(MTYPE_PEERING_TEXT, controller_host);
	XFREE(MTYPE_PEERING_TEXT, router_name);
	controller_host = host ? XSTRDUP(MTYPE_PEERING_TEXT, host) : NULL;
	router_name = name ? XSTRDUP(MTYPE_PEERING_TEXT, name) : NULL;
	port = new_port;
}

void controller_link_settle_lines(void)
{
	if (!host_read)
		controller_link_set(NULL, 0);
	if (!name_read)
		controller_link_set_router_name(NULL);
}

const char *controller_link_host(void)
{
	return controller_host;
}

uint16_t controller_link_port(void)
{
	return port;
}

const char *controller_link_router_name(void)
{
	return router_name;
}

bool controller_link_is_up(void)
{
	return up;
}

uint64_t controller_link_since(void)
{
	return since;
}

bool controller_link_figures(struct link_figures *figures)
{
	*figures = (struct link_figures){0};
	if (!link_thread)
		return false;
	link_figures(link_thread, figures);
	return true;
}

void controller_link_describe(char *text, size_t size)
{
	if (!controller_host)
		snprintf(text, size, "none");
	else if (up)
		snprintf(text, size, "connected to %s as %s", controller_host, last_text);
	else
		snprintf(text, size, "%s not connected: %s", controller_host, last_text[0] ? last_text : "starting");
}
