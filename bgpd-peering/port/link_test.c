// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/port/link_test.h"

#include "bgpd-peering/checks/check.h"
#include "bgpd-peering/commands/debug_areas.h"
#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/link/controller_link.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/turn.h"

#include <fcntl.h>

_Static_assert(CONNECTION_NAME_MAX <= LINK_TEST_LABEL_MAX && SESSION_ADDRESS_MAX <= LINK_TEST_LABEL_MAX,
	       "a job has room for names");

DEFINE_MTYPE_STATIC(PEERING, PEERING_LINK_TEST, "Peering link test");

#define RUNNING_MOST 8	  /* threads */
#define PORT_DOWN_INTERVAL 1 /* seconds until a port that is down is looked at again */

struct link_test_run {
	event_ref *timer;
	uint64_t number;	    /* of the job that runs; 0: none does */
	struct link_test_job *last; /* NULL: none yet */
};

static struct mailbox *done;
static event_ref *done_event;
static uint64_t last_number;
static unsigned int running;

static const char *const level_names[LINK_TEST_LEVEL_COUNT] = {"optional", "required", "off"};

const char *link_test_level_name(enum link_test_level level)
{
	return level < LINK_TEST_LEVEL_COUNT ? level_names[level] : "optional";
}

int link_test_level_from_name(const char *name)
{
	for (int level = 0; name && level < LINK_TEST_LEVEL_COUNT; level++)
		if (strcmp(name, level_names[level]) == 0)
			return level;
	return -1;
}

bool link_test_address_fits(const struct prefix_ipv4 *address, const struct in_addr *peer, char *error, size_t error_size)
{
	uint32_t local = ntohl(address->prefix.s_addr), remote = ntohl(peer->s_addr);
	uint32_t host_bits = address->prefixlen ? UINT32_MAX >> 1 >> (address->prefixlen - 1) : UINT32_MAX;
	const uint32_t first = 0xa9fe0100, last = 0xa9fefeff; /* 169.254.1.0 to 169.254.254.255, RFC 3927 */

	if (local < first || local > last || remote < first || remote > last)
		snprintf(error, error_size, "both addresses must be in 169.254.1.0 to 169.254.254.255, which is never routed");
	else if (address->prefixlen < 16 || address->prefixlen > 31)
		snprintf(error, error_size, "the prefix length must be 16 to 31");
	else if (local == remote)
		snprintf(error, error_size, "the peer must have another address than this side");
	else if ((local & ~host_bits) != (remote & ~host_bits))
		snprintf(error, error_size, "the peer's address is not in the network of this side's, /%u", address->prefixlen);
	else if (address->prefixlen < 31 && (!(local & host_bits) || (local & host_bits) == host_bits || !(remote & host_bits) ||
					     (remote & host_bits) == host_bits))
		snprintf(error, error_size, "the first and the last address of a network are nobody's");
	else
		return true;
	return false;
}

/* ---- of what ---- */

/* Which of the interface's addresses is in one network with that one. */
static bool find_local(struct interface *interface, const struct prefix *remote, struct prefix *local)
{
	struct prefix addresses[16];
	size_t count = interface_addresses(interface, addresses, array_size(addresses));

	for (size_t i = 0; i < count; i++) {
		if (addresses[i].family != remote->family || !prefix_match(&addresses[i], remote))
			continue;
		*local = addresses[i];
		return true;
	}
	return false;
}

static bool session_prefix(const struct session *session, struct prefix *prefix)
{
	union sockunion su;

	return str2sockunion(session->address, &su) == 0 && sockunion2hostprefix(&su, prefix);
}

static bool is_link_local(const struct prefix *prefix)
{
	return prefix->family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&prefix->u.prefix6);
}

/* The interface that the session's line names, else the one whose network its address is in. NULL where none is. */
static struct interface *interface_towards(const struct session *session, vrf_id_t vrf)
{
	const struct peer *peer = session_peer(session);
	struct prefix remote;

	if (!session_prefix(session, &remote))
		return if_lookup_by_name(session->address, vrf);
	if (is_link_local(&remote))
		return peer && (peer->ifname || peer->update_if)
			       ? if_lookup_by_name(peer->ifname ? peer->ifname : peer->update_if, vrf)
			       : NULL;
	return interface_of_network(&remote, vrf);
}

static struct interface *find_interface(const struct connection *connection)
{
	struct bgp *bgp = bgp_of_vrf(connection->vrf);
	const struct session *session;
	struct interface *interface;

	if (!bgp)
		return NULL;
	if (connection->link_test.port[0])
		return if_lookup_by_name(connection->link_test.port, bgp->vrf_id);
	frr_each (session_list_const, &connection->sessions, session)
		if ((interface = interface_towards(session, bgp->vrf_id)))
			return interface;
	return NULL;
}

void link_test_port(const struct connection *connection, char port[INTERFACE_NAME_MAX])
{
	struct interface *interface = connection->link_test.port[0] ? NULL : find_interface(connection);

	strlcpy(port, interface ? interface->name : connection->link_test.port, INTERFACE_NAME_MAX);
}

/* From 169.254.0.0/16 where that is configured, until the link is said to be ready. */
static bool is_on_the_wire(const struct connection *connection)
{
	return connection->link_test.prefix_length && lifecycle_shut(connection->state);
}

/* Another connection that is in service over the interface; NULL where none is. */
static const struct connection *other_on(const struct connection *connection, struct interface *interface)
{
	const struct connection *other;
	const struct session *session;
	struct prefix remote, local;

	frr_each (connection_tree_const, &connections, other) {
		if (other == connection || lifecycle_gate(other->state) != GATE_ALLOW || strcmp(other->vrf, connection->vrf) != 0)
			continue;
		if (strcmp(other->link_test.port, interface->name) == 0)
			return other;
		frr_each (session_list_const, &other->sessions, session)
			if (strcmp(session->address, interface->name) == 0 ||
			    (session_prefix(session, &remote) && !is_link_local(&remote) && find_local(interface, &remote, &local)))
				return other;
	}
	return NULL;
}

static void add_target(struct link_test_job *job, const char *label, bool required, const struct prefix *local,
		       const struct prefix *remote)
{
	struct link_test_target *target = &job->targets[job->target_count++];
	size_t size = remote->family == AF_INET6 ? 16 : 4;

	strlcpy(target->label, label, sizeof(target->label));
	target->required = required;
	target->asked.ipv6 = remote->family == AF_INET6;
	memcpy(target->asked.remote, &remote->u.prefix, size);
	if (local)
		memcpy(target->asked.local, &local->u.prefix, size);
}

/* From 169.254.0.0/16, on the wire. */
static void add_wire(struct link_test_job *job, const struct link_test_settings *settings)
{
	struct prefix local = {.family = AF_INET}, remote = {.family = AF_INET};
	char label[INET_ADDRSTRLEN];

	local.u.prefix4 = settings->address;
	remote.u.prefix4 = settings->peer_address;
	inet_ntop(AF_INET, &settings->peer_address, label, sizeof(label));
	add_target(job, label, true, &local, &remote);
	job->targets[job->target_count - 1].asked.on_wire = true;
}

static bool add_session(struct link_test_job *job, const struct session *session, struct interface *interface, char *error,
			size_t error_size)
{
	struct prefix remote = {.family = AF_INET6}, local;

	if (!session_prefix(session, &remote)) {
		/* Unnumbered: whoever is there. */
		inet_pton(AF_INET6, "ff02::1", &remote.u.prefix6);
		add_target(job, session->address, session->required, NULL, &remote);
		return true;
	}
	if (is_link_local(&remote) || find_local(interface, &remote, &local)) {
		add_target(job, session->address, session->required, is_link_local(&remote) ? NULL : &local, &remote);
		return true;
	}
	if (!session->required)
		return true;
	snprintf(error, error_size, "%s is in no network of %s", session->address, interface->name);
	return false;
}

/* NULL with a sentence where it cannot be made. */
static struct link_test_job *prepare(const struct connection *connection, char *error, size_t error_size)
{
	struct interface *interface = find_interface(connection);
	const struct connection *other;
	const struct session *session;
	struct link_test_job *job;
	bool whole = true;

	if (!interface) {
		if (connection->link_test.port[0])
			snprintf(error, error_size, "bgpd knows of no interface %s", connection->link_test.port);
		else
			snprintf(error, error_size, "no neighbor is in a network of an interface; `peering %s port IFNAME`",
				 connection->name);
		return NULL;
	}
	if (is_on_the_wire(connection) && (other = other_on(connection, interface))) {
		snprintf(error, error_size, "%s carries %s, which is Active: nothing is tested there from 169.254.0.0/16",
			 interface->name, other->name);
		return NULL;
	}
	job = link_test_job_new();
	if (!job) {
		snprintf(error, error_size, "there is no memory for it");
		return NULL;
	}
	strlcpy(job->connection, connection->name, sizeof(job->connection));
	strlcpy(job->interface, interface->name, sizeof(job->interface));
	if (is_on_the_wire(connection))
		add_wire(job, &connection->link_test);
	else
		frr_each (session_list_const, &connection->sessions, session)
			if (whole && job->target_count < LINK_TEST_TARGETS_MAX)
				whole = add_session(job, session, interface, error, error_size);
	if (whole)
		return job;
	link_test_job_free(job);
	return NULL;
}

/* ---- running it ---- */

static void on_timer(event_ref *event);
static void on_done(event_ref *event);

static struct link_test_run *run_of(struct connection *connection)
{
	if (!connection->link_run)
		connection->link_run = XCALLOC(MTYPE_PEERING_LINK_TEST, sizeof(*connection->link_run));
	return connection->link_run;
}

static bool is_looked_at(const struct connection *connection, const struct check *check)
{
	return check_level(connection, (size_t)check_find(check->name)) != CHECK_OFF;
}

/* Whether it is tested without being asked for. */
static bool is_wanted(const struct connection *connection)
{
	if (connection->let_go || router.dry_run || !router_works())
		return false;
	if (connection->state == STATE_VALIDATING)
		return is_looked_at(connection, &check_ping) || is_looked_at(connection, &check_path_mtu);
	return connection->state == STATE_PROVISIONING_STARTED && connection->link_test.level != LINK_TEST_OFF &&
	       !connection->link_result.passed;
}

static uint32_t interval(const struct connection *connection)
{
	return connection->link_test.interval ? connection->link_test.interval : LINK_TEST_INTERVAL_DEFAULT;
}

static void try_again(struct connection *connection, uint32_t seconds)
{
	struct link_test_run *run = run_of(connection);

	event_stop(run->timer);
	if (is_wanted(connection))
		event_add_seconds(on_timer, connection, seconds, &run->timer);
}

/* What it finds again is not written again. */
static void conclude(struct connection *connection, bool passed, const char *reason)
{
	struct link_test_result *result = &connection->link_result;
	bool same = result->at && result->passed == passed && strcmp(result->reason, reason) == 0;

	result->at = wall_clock_milliseconds();
	if (same)
		return;
	result->passed = passed;
	strlcpy(result->reason, reason, sizeof(result->reason));
	zlog_notice("peering: %s: link test %s%s%s", connection->name, passed ? "passed" : "failed", passed ? "" : ": ", reason);
	durable_state_connection(connection);
	controller_link_changed(connection);
}

static int namespace_of(const struct connection *connection)
{
	struct bgp *bgp = bgp_of_vrf(connection->vrf);
	int fd = -1;

	if (!bgp || bgp->vrf_id == VRF_DEFAULT)
		return -1;
	/* Where a VRF is a device, nothing is switched, and this is the namespace that there is. */
	frr_with_privs(&bgpd_privs) {
		if (vrf_switch_to_netns(bgp->vrf_id) >= 0) {
			fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
			(void)vrf_switchback_to_initial();
		}
	}
	return fd;
}

/* Gives the job away; it comes back in on_done(). */
static bool start(struct connection *connection, struct link_test_job *job, char *error, size_t error_size)
{
	if (!done) {
		done = mailbox_new();
		if (done)
			event_add_readable(on_done, NULL, mailbox_fd(done), &done_event);
	}
	job->namespace_fd = namespace_of(connection);
	job->number = ++last_number;
	debug_log(DEBUG_LINK, "link: %s: a test begins, %u targets", connection->name, job->target_count);
	if (!done || !link_test_job_start(job, done)) {
		snprintf(error, error_size, "no thread can be had for it: %s", safe_strerror(errno));
		link_test_job_free(job);
		return false;
	}
	run_of(connection)->number = last_number;
	running++;
	return true;
}

static void on_timer(event_ref *event)
{
	struct connection *connection = event_argument(event);
	struct link_test_run *run = run_of(connection);
	struct interface *interface;
	struct link_test_job *job;
	char error[sizeof(connection->link_result.reason)];
	TURN(TURN_LINK_TEST);

	if (!is_wanted(connection) || run->number)
		return;
	interface = find_interface(connection);
	if (running >= RUNNING_MOST) {
		try_again(connection, PORT_DOWN_INTERVAL);
	} else if (interface && !if_is_operative(interface)) {
		snprintf(error, sizeof(error), "%s is down", interface->name);
		conclude(connection, false, error);
		try_again(connection, PORT_DOWN_INTERVAL);
	} else if (!(job = prepare(connection, error, sizeof(error))) || !start(connection, job, error, sizeof(error))) {
		conclude(connection, false, error);
		try_again(connection, interface ? interval(connection) : PORT_DOWN_INTERVAL);
	}
}

static void finished(struct link_test_job *job)
{
	struct connection *connection = connection_find(job->connection);
	char reason[sizeof(connection->link_result.reason)];
	struct link_test_run *run = connection ? connection->link_run : NULL;
	bool passed;

	running--;
	if (!run || run->number != job->number) {
		link_test_job_free(job);
		return;
	}
	run->number = 0;
	link_test_job_free(run->last);
	run->last = job;
	passed = link_test_job_judge(job, reason, sizeof(reason));
	debug_log(DEBUG_LINK, "link: %s: a test ends: %s%s%s", connection->name, passed ? "passed" : "failed",
		  passed ? "" : ", ", reason);
	conclude(connection, passed, reason);
	try_again(connection, interval(connection));
}

static void on_done(event_ref *event)
{
	struct mail *mail = mailbox_take(done);
	TURN(TURN_LINK_TEST);

	/* At most RUNNING_MOST. */
	while (mail) {
		struct link_test_job *job = container_of(mail, struct link_test_job, mail);

		mail = mail->next;
		finished(job);
	}
	event_add_readable(on_done, NULL, mailbox_fd(done), &done_event);
}

/* ---- what others say ---- */

void link_test_look_again(struct connection *connection)
{
	if (connection->link_run)
		event_stop(connection->link_run->timer);
	if (is_wanted(connection))
		event_add_now(on_timer, connection, &run_of(connection)->timer);
}

void link_test_void(struct connection *connection)
{
	/* The lines that the journal knows are read again. */
	if (router.booting)
		return;
	connection->link_result = (struct link_test_result){0};
	if (connection->link_run) {
		connection->link_run->number = 0;
		link_test_job_free(connection->link_run->last);
		connection->link_run->last = NULL;
	}
	link_test_look_again(connection);
}

void link_test_forget(struct connection *connection)
{
	if (!connection->link_run)
		return;
	event_stop(connection->link_run->timer);
	link_test_job_free(connection->link_run->last);
	XFREE(MTYPE_PEERING_LINK_TEST, connection->link_run);
}

bool link_test_begin(struct connection *connection, struct verdict *verdict)
{
	char error[sizeof(connection->link_result.reason)];
	struct link_test_job *job;

	*verdict = (struct verdict){.code = ""};
	if (link_test_is_running(connection)) {
		verdict_refuse(verdict, "busy", "%s is being tested; `show peering %s link`", connection->name, connection->name);
		return false;
	}
	if (running >= RUNNING_MOST) {
		verdict_refuse(verdict, "busy", "%u links are being tested; try again in a moment", running);
		return false;
	}
	job = prepare(connection, error, sizeof(error));
	if (!job || !start(connection, job, error, sizeof(error))) {
		verdict_refuse(verdict, "link-test", "%s cannot be tested: %s", connection->name, error);
		return false;
	}
	event_stop(connection->link_run->timer);
	verdict->accepted = true;
	snprintf(verdict->message, sizeof(verdict->message), "%s is being tested; `show peering %s link` says what comes of it",
		 connection->name, connection->name);
	return true;
}

/* ---- what there is to say ---- */

bool link_test_is_running(const struct connection *connection)
{
	return connection->link_run && connection->link_run->number;
}

const struct link_test_job *link_test_figures(const struct connection *connection)
{
	return connection->link_run ? connection->link_run->last : NULL;
}

static const struct link_test_target *target_of(const struct session *session)
{
	const struct link_test_job *job = link_test_figures(session->connection);

	for (unsigned int i = 0; job && i < job->target_count; i++)
		if (!job->targets[i].asked.on_wire && strcmp(job->targets[i].label, session->address) == 0)
			return &job->targets[i];
	return NULL;
}

const struct prober_outcome *link_test_of_session(const struct session *session)
{
	const struct link_test_target *target = target_of(session);

	return target && session->connection->link_result.at >= session->connection->state_since ? &target->outcome : NULL;
}

void link_test_say_missing(const struct session *session, char *text, size_t size)
{
	const struct connection *connection = session->connection;

	if (link_test_is_running(connection) || connection->link_result.at < connection->state_since)
		snprintf(text, size, "the echoes are out");
	else
		snprintf(text, size, "%s", connection->link_result.reason);
}

void link_test_describe(const struct connection *connection, char *text, size_t size)
{
	const struct link_test_result *result = &connection->link_result;

	if (result->passed)
		snprintf(text, size, "passed");
	else if (result->at)
		snprintf(text, size, "%s", result->reason);
	else
		snprintf(text, size, link_test_is_running(connection) ? "it is being made" : "it has not been made");
}
