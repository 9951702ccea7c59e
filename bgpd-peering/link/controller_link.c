// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/link/controller_link.h"

#include "bgpd-peering/commands/debug_areas.h"
#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/link/catch_up.h"
#include "bgpd-peering/link/certificate_alerts.h"
#include "bgpd-peering/link/link_plugin.h"
#include "bgpd-peering/link/query.h"
#include "bgpd-peering/link/snapshots.h"
#include "bgpd-peering/policy/policy_staging.h"
#include "bgpd-peering/push/push_answers.h"
#include "bgpd-peering/push/push_confirm.h"
#include "bgpd-peering/push/push_revision.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/turn.h"

#define EXPIRY_INTERVAL 3600 /* seconds between two looks at when certificates end */
#define AGAIN_INTERVAL 10 /* seconds until a link that could not be begun, or not go on, is begun anew */
#define ZEBRA_WAIT 10 /* seconds until zebra has spoken; then the link is begun all the same, as if VRFs were devices */

static struct controller {
	struct controller_line line;
	bool read; /* in the file of the start */
	enum controller_state state;
	uint64_t since; /* of that state */
	char text[TLS_ERROR_MAX];
} controllers[CONTROLLERS_MAX];
static size_t controller_count;
static char *router_name;
static bool started;
static bool restart_wanted; /* at the end of the file that is being read */
static bool name_read; /* a line of the configuration that is read at start speaks of it */
static bool edited; /* and the journal is told at the end of the file */

static struct link *link_thread;
static struct mailbox *events;
static event_ref *events_event, *again_event, *expiry_event, *zebra_event;
static bool zebra_has_spoken; /* or has been waited for in vain */
static bool in_namespaces;    /* what `link_thread` was told of VRFs */
static bool missed; /* `link_thread` has not been given all: another one will be */
static bool events_wait; /* for the end of the file that is being read */
/* What the controller can hold: see link.h. Of all links of this bgpd. */
static uint64_t known_sequence;

static bool up;
static uint64_t since;
static size_t current; /* the one that is spoken with; else 0 */

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
	} else if (link_transition(link_thread, transition) == LINK_UNFIT) {
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

static void note(struct controller *controller, enum controller_state state, const char *text)
{
	bool changed = state != controller->state || strcmp(text, controller->text) != 0;

	if (state != controller->state)
		controller->since = wall_clock_milliseconds();
	controller->state = state;
	strlcpy(controller->text, text, sizeof(controller->text));
	if (!changed)
		return;
	if (state == CONTROLLER_CONNECTED)
		zlog_notice("peering: connected to the controller %s as %s", controller->line.host, text);
	else if (state == CONTROLLER_FAILED)
		flog_warn(EC_PEERING_CONTROLLER, "peering: not connected to the controller %s: %s; nothing on this router needs it",
			  controller->line.host, text);
}

static void note_up(bool is_up, size_t which)
{
	if (is_up != up || !since)
		since = wall_clock_milliseconds();
	up = is_up;
	current = is_up ? which : 0;
}

/* There is no link, and for none of them. */
static void note_trouble(const char *text)
{
	for (size_t i = 0; i < controller_count; i++)
		note(&controllers[i], CONTROLLER_FAILED, text);
	note_up(false, 0);
}

static void fed(const char *error);

/* What it asks for may have been on its way. */
static void feed(uint64_t behind)
{
	if (missed || !link_feed(link_thread, behind))
		return;
	if (catch_up_is_running())
		catch_up_stop();
	catch_up_begin(link_thread, behind, fed);
}

static void look_at_certificates_again(event_ref *event);

static void look_at_certificates(void)
{
	struct link_figures figures;

	controller_link_figures(&figures);
	certificate_alerts_look(&figures.ends);
	event_stop(expiry_event);
	event_add_seconds(look_at_certificates_again, NULL, EXPIRY_INTERVAL, &expiry_event);
}

static void look_at_certificates_again(event_ref *event)
{
	TURN(TURN_CONTROLLER);

	look_at_certificates();
}

/* Frees it. */
static void on_event(struct link_event *event)
{
	static const char *const names[] = {
		[LINK_UP] = "up",	[LINK_DOWN] = "down",	    [LINK_ACKED] = "acknowledged",
		[LINK_PUSH] = "push",	[LINK_DRAINED] = "drained", [LINK_WARNING] = "warning",
		[LINK_HUNGRY] = "hungry", [LINK_PROBED] = "probed",
	};
	struct controller *controller = &controllers[event->target];

	debug_log(DEBUG_CONTROLLER, "controller: %s %llu %s", names[event->type], (unsigned long long)event->sequence,
		  event->text);
	switch (event->type) {
	case LINK_UP:
		note(controller, CONTROLLER_CONNECTED, event->text);
		note_up(true, event->target);
		look_at_certificates();
		snapshots_begin(link_thread);
		push_answers_tell_rollbacks();
		push_confirm_tell();
		break;
	case LINK_DOWN:
		snapshots_end();
		query_forget();
		if (event->sequence)
			note(controller, CONTROLLER_REACHABLE, "");
		else
			note(controller, CONTROLLER_FAILED, event->text);
		note_up(false, 0);
		look_at_certificates();
		break;
	case LINK_HUNGRY:
		feed(event->sequence);
		break;
	case LINK_PROBED:
		note(controller, event->text[0] ? CONTROLLER_FAILED : CONTROLLER_REACHABLE, event->text);
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
		if (event->envelope->body_case == PEERING__ENVELOPE__BODY_PUSH) {
			policy_staging_push(event);
			return;
		}
		if (event->envelope->body_case == PEERING__ENVELOPE__BODY_CONFIRM)
			push_confirm_take(event->envelope->confirm->id);
		else if (event->envelope->body_case == PEERING__ENVELOPE__BODY_QUERY)
			query_take(event->envelope->query);
		break;
	}
	link_event_free(&event->mail);
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
		else
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
	event_stop(zebra_event);
	event_stop(expiry_event);
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
	current = 0;
	for (size_t i = 0; i < controller_count; i++) {
		controllers[i].state = CONTROLLER_UNTRIED;
		controllers[i].since = 0;
		controllers[i].text[0] = '\0';
	}
}

static void begin_later(const char *error)
{
	note_trouble(error);
	missed = true;
	event_add_seconds(begin_again, NULL, AGAIN_INTERVAL, &again_event);
}

/* The link has what the controller does not know yet, or as much of it as it takes. */
static void caught_up(const char *error)
{
	if (!error && !link_start(link_thread))
		error = safe_strerror(errno);
	if (error)
		begin_later(error);
}

static void fed(const char *error)
{
	if (error)
		begin_later(error);
	else
		link_fed(link_thread);
}

/* What VRFs are on this router, all of them alike: else devices, which newer FRR takes them for until zebra has spoken. */
static bool vrfs_are_namespaces(void)
{
	return vrf_get_backend() == VRF_BACKEND_NETNS;
}

static bool vrfs_matter(void)
{
	bool any = false;

	for (size_t i = 0; i < controller_count; i++)
		any |= controllers[i].line.vrf[0] != '\0';
	return any;
}

static void begin_link(void)
{
	struct durable_sequences sequences = durable_state_sequences();
	char ca[PATH_MAX + 16], certificate[PATH_MAX + 16], key[PATH_MAX + 16], crl[PATH_MAX + 16];
	struct link_target targets[CONTROLLERS_MAX];
	struct link_settings settings = {
		.targets = targets,
		.target_count = controller_count,
		.router_name = router_name,
		.frr_version = FRR_VERSION,
		.module_version = PEERING_PACKAGE_VERSION,
		.journal_id = durable_state_journal_id(),
		.boot_id = boot_id(),
		.last_sequence = sequences.durable,
		.known_sequence = MAX(known_sequence, sequences.loaded),
		.last_push = push_revision_of(),
		.revision = push_revision(),
		.given_after = sequences.acked,
		.journal_after = sequences.begun,
		.tls = {.ca = ca, .certificate = certificate, .key = key, .crl = crl},
	};

	in_namespaces = vrfs_are_namespaces();
	for (size_t i = 0; i < controller_count; i++)
		targets[i] = (struct link_target){
			.host = controllers[i].line.host,
			.port = controllers[i].line.port,
			.vrf = controllers[i].line.vrf,
			.in_namespace = in_namespaces,
			.source = controllers[i].line.source,
		};
	snprintf(ca, sizeof(ca), "%s/ca.pem", router.tls_directory);
	snprintf(certificate, sizeof(certificate), "%s/router.pem", router.tls_directory);
	snprintf(key, sizeof(key), "%s/router.key", router.tls_directory);
	snprintf(crl, sizeof(crl), "%s/crl.pem", router.tls_directory);

	if (!settings.journal_id[0]) {
		note_trouble("the journal cannot be used, and without it nothing can be reported");
		return;
	}
	if (link_load_error()) {
		note_trouble(link_load_error());
		return;
	}
	events = mailbox_new();
	if (events)
		link_thread = link_new(&settings, events);
	if (!link_thread) {
		note_trouble(safe_strerror(errno));
		return;
	}
	event_add_readable(on_events, NULL, mailbox_fd(events), &events_event);
	missed = false;
	catch_up_begin(link_thread, sequences.acked, caught_up);
}

static void zebra_is_silent(event_ref *event);

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
	if (!zebra_has_spoken && vrfs_matter())
		event_add_seconds(zebra_is_silent, NULL, ZEBRA_WAIT, &zebra_event);
	else if (controller_count)
		begin_link();
}

static void zebra_is_silent(event_ref *event)
{
	TURN(TURN_CONTROLLER);

	zlog_warn("peering: zebra has not said yet what VRFs are; the link to the controller takes them for devices until it does");
	zebra_has_spoken = true;
	restart();
}

static void begin_again(event_ref *event)
{
	TURN(TURN_CONTROLLER);

	restart();
}

/* zebra says what VRFs are before it tells of the first interface. The link begins anew outside of this hook. */
static int on_interface(struct interface *interface)
{
	bool other = link_thread && in_namespaces != vrfs_are_namespaces() && vrfs_matter();
	TURN(TURN_CONTROLLER);

	zebra_has_spoken = true;
	if (other || zebra_event) {
		event_stop(zebra_event);
		event_add_seconds(begin_again, NULL, 0, &zebra_event);
	}
	return 0;
}

void controller_link_start(void)
{
	started = true;
	hook_register(if_add, on_interface);
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
	if (controller_count)
		restart();
}

void controller_link_stop(void)
{
	hook_unregister(if_add, on_interface);
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

static bool is_same(const struct controller_line *line, const struct controller_line *other)
{
	return strcmp(line->host, other->host) == 0 && line->port == other->port && strcmp(line->vrf, other->vrf) == 0;
}

static void take_out(size_t which)
{
	controller_count--;
	memmove(&controllers[which], &controllers[which + 1], (controller_count - which) * sizeof(controllers[0]));
}

/* Behind those of the same priority. */
static void put_in(const struct controller_line *line, bool read)
{
	size_t which = controller_count++;

	for (; which > 0 && controllers[which - 1].line.priority > line->priority; which--)
		controllers[which] = controllers[which - 1];
	controllers[which] = (struct controller){.line = *line, .read = read};
}

bool controller_link_add(const struct controller_line *line)
{
	size_t which = 0;

	while (which < controller_count && !is_same(&controllers[which].line, line))
		which++;
	if (which == controller_count && controller_count == CONTROLLERS_MAX)
		return false;
	if (which < controller_count) {
		controllers[which].read = true;
		if (controllers[which].line.priority == line->priority &&
		    strcmp(controllers[which].line.source, line->source) == 0)
			return true;
		take_out(which);
	}
	put_in(line, true);
	tell_journal();
	restart();
	return true;
}

bool controller_link_remove(const char *host, uint16_t number, const char *vrf)
{
	struct controller_line exact = {.port = number ? number : CONTROLLER_PORT};
	bool found_exact = false, found;

	/* What is written without a port or a VRF means that line where there is one: a reload takes out one at a time. */
	if (host) {
		strlcpy(exact.host, host, sizeof(exact.host));
		strlcpy(exact.vrf, vrf ? vrf : "", sizeof(exact.vrf));
		for (size_t i = controller_count; !found_exact && i-- > 0;) {
			found_exact = is_same(&controllers[i].line, &exact);
			if (found_exact)
				take_out(i);
		}
	}
	found = found_exact;
	for (size_t i = controller_count; !found_exact && i-- > 0;) {
		const struct controller_line *line = &controllers[i].line;

		if ((host && strcmp(line->host, host) != 0) || (number && line->port != number) ||
		    (vrf && strcmp(line->vrf, vrf) != 0))
			continue;
		take_out(i);
		found = true;
	}
	if (!found)
		return false;
	tell_journal();
	restart();
	return true;
}

void controller_link_set_router_name(const char *name)
{
	name_read = true;
	if ((!router_name && !name) || (router_name && name && strcmp(router_name, name) == 0))
		return;
	XFREE(MTYPE_PEERING_TEXT, router_name);
	router_name = name ? XSTRDUP(MTYPE_PEERING_TEXT, name) : NULL;
	tell_journal();
	if (controller_count)
		restart();
}

void controller_link_restore(const struct controller_line *lines, size_t count, const char *name)
{
	controller_count = 0;
	for (size_t i = 0; i < count; i++)
		put_in(&lines[i], false);
	XFREE(MTYPE_PEERING_TEXT, router_name);
	router_name = name ? XSTRDUP(MTYPE_PEERING_TEXT, name) : NULL;
}

void controller_link_settle_lines(void)
{
	bool gone = false;

	for (size_t i = controller_count; i-- > 0;) {
		if (controllers[i].read)
			continue;
		take_out(i);
		gone = true;
	}
	if (gone) {
		tell_journal();
		restart();
	}
	if (!name_read)
		controller_link_set_router_name(NULL);
}

size_t controller_link_count(void)
{
	return controller_count;
}

const struct controller_line *controller_link_line(size_t which)
{
	return &controllers[which].line;
}

const char *controller_link_host(void)
{
	return controller_count ? controllers[current].line.host : NULL;
}

struct controller_status controller_link_status(size_t which)
{
	const struct controller *controller = &controllers[which];

	return (struct controller_status){.state = controller->state, .since = controller->since, .text = controller->text};
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
	const struct controller *controller = &controllers[current];

	if (!controller_count)
		snprintf(text, size, "none");
	else if (up)
		snprintf(text, size, "connected to %s as %s", controller->line.host, controller->text);
	else
		snprintf(text, size, "%s not connected: %s", controller->line.host,
			 controller->text[0] ? controller->text : "starting");
}
