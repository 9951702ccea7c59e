// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines below `router bgp`. A `no` line is always accepted, changes no state and opens no gate. */
#include "bgpd-peering/commands.h"

#include "bgpd-peering/address_family.h"
#include "bgpd-peering/check.h"
#include "bgpd-peering/configuration.h"
#include "bgpd-peering/controller_link.h"
#include "bgpd-peering/default_deny.h"
#include "bgpd-peering/gate.h"
#include "bgpd-peering/gate_policy.h"
#include "bgpd-peering/link_test.h"
#include "bgpd-peering/profile.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/session_events.h"
#include "bgpd-peering/timers.h"

#include "lib/utf8.h"

static const char *vrf_of(struct vty *vty)
{
	struct bgp *bgp;

	if (!router_works())
		return NULL;
	bgp = VTY_GET_CONTEXT(bgp);
	return bgp ? bgp_vrf_name(bgp) : NULL;
}

/* The connection that the line is about, made where there is none. */
static struct connection *declare(struct vty *vty, int argc, struct cmd_token *argv[])
{
	const char *vrf = vrf_of(vty);
	struct connection *connection;
	struct verdict verdict = {.code = ""};

	if (!command_module_works(vty) || !vrf)
		return NULL;
	connection = configuration_connection(command_variable(argc, argv, "name"), vrf, &verdict);
	if (!connection)
		command_result(vty, &verdict);
	else if (router_reading_file(vty))
		configuration_line_read(connection);
	return connection;
}

/* The connection of a `no` line, NULL where there is none in this VRF. */
static struct connection *existing(struct vty *vty, int argc, struct cmd_token *argv[])
{
	const char *vrf = vrf_of(vty);
	struct connection *connection;

	if (!command_module_works(vty) || !vrf)
		return NULL;
	connection = connection_find(command_variable(argc, argv, "name"));
	return connection && strcmp(connection->vrf, vrf) == 0 ? connection : NULL;
}

static int changed(struct vty *vty, struct connection *connection)
{
	configuration_changed(connection, router_reading_file(vty), "operator");
	return CMD_SUCCESS;
}

/* A `no` line may be the connection's last one. */
static int removed(struct vty *vty, struct connection *connection)
{
	bool any = connection->kind != KIND_DIRECT || connection->activation_set || connection->remote_as ||
		   connection->description[0] || connection->received_limit[FAMILY_IPV4] ||
		   connection->received_limit[FAMILY_IPV6] || connection->profile[0] || connection->adopted_line ||
		   connection->on_violation_deny || connection->reopen_auto || connection->reopen_hold_down;
	const struct session *session;

	for (int family = 0; family < FAMILY_COUNT; family++)
		any |= connection->allowed_prefixes[family][0] != '\0';
	for (int timer = 0; timer < TIMER_COUNT; timer++)
		any |= connection->timers[timer] != 0;
	for (size_t i = 0; i < check_count; i++)
		any |= connection->check_levels[i] != CHECK_LEVEL_DEFAULT;
	any |= connection->link_test.port[0] || connection->link_test.level != LINK_TEST_OPTIONAL ||
	       connection->link_test.interval || connection->link_test.prefix_length;

	frr_each (session_list_const, &connection->sessions, session)
		any |= session->declared;
	changed(vty, connection);
	connection->declared = any;
	return CMD_SUCCESS;
}

/* ---- default-deny ---- */

static void say(const char *line, void *context)
{
	vty_out(context, "%s\n", line);
}

COMMAND_HANDLER(cmd_default_deny)
{
	const char *vrf = vrf_of(vty);
	struct verdict verdict;

	if (!command_module_works(vty) || !vrf)
		return CMD_WARNING_CONFIG_FAILED;
	default_deny_set_mode(vrf, command_has(argc, argv, "monitor") ? DEFAULT_DENY_MONITOR : DEFAULT_DENY_ON,
			      router_reading_file(vty), say, vty, &verdict);
	return command_result(vty, &verdict);
}

COMMAND_HANDLER(cmd_no_default_deny)
{
	const char *vrf = vrf_of(vty);
	struct verdict verdict;

	if (command_module_works(vty) && vrf)
		default_deny_set_mode(vrf, DEFAULT_DENY_OFF, router_reading_file(vty), NULL, NULL, &verdict);
	return CMD_SUCCESS;
}

COMMAND_HANDLER(cmd_default_deny_confederation)
{
	const char *vrf = vrf_of(vty);

	if (!command_module_works(vty) || !vrf)
		return CMD_WARNING_CONFIG_FAILED;
	default_deny_set_confederation(vrf, true, router_reading_file(vty), say, vty);
	return CMD_SUCCESS;
}

COMMAND_HANDLER(cmd_no_default_deny_confederation)
{
	const char *vrf = vrf_of(vty);

	if (command_module_works(vty) && vrf)
		default_deny_set_confederation(vrf, false, router_reading_file(vty), NULL, NULL);
	return CMD_SUCCESS;
}

/* The exception as default_deny.h has it: the last two words of the line. */
static void exception_words(int argc, struct cmd_token *argv[], char words[SESSION_ADDRESS_MAX + 32])
{
	snprintf(words, SESSION_ADDRESS_MAX + 32, "%s %s", argv[argc - 2]->text, argv[argc - 1]->arg);
}

/*
 * FRR takes the beginning of a keyword for the whole: `peering default neighbor A`, the declaration of a connection of
 * that name, would except the neighbor, and `no peering con adopted` would take the controller away.
 */
static bool is_whole(struct vty *vty, const struct cmd_token *keyword)
{
	if (strcmp(keyword->arg, keyword->text) == 0)
		return true;
	vty_out(vty, "%% Nothing was changed: write `%s` in full, or give the connection another name than `%s`\n",
		keyword->text, keyword->arg);
	return false;
}

COMMAND_HANDLER(cmd_default_deny_except)
{
	const char *vrf = vrf_of(vty);
	char words[SESSION_ADDRESS_MAX + 32];
	struct verdict verdict;

	if (!command_module_works(vty) || !vrf || !is_whole(vty, argv[argc - 3]))
		return CMD_WARNING_CONFIG_FAILED;
	exception_words(argc, argv, words);
	default_deny_add_exception(vrf, words, router_reading_file(vty), &verdict);
	return command_result(vty, &verdict);
}

COMMAND_HANDLER(cmd_no_default_deny_except)
{
	const char *vrf = vrf_of(vty);
	char words[SESSION_ADDRESS_MAX + 32];

	if (!command_module_works(vty) || !vrf)
		return CMD_SUCCESS;
	exception_words(argc, argv, words);
	default_deny_remove_exception(vrf, words, router_reading_file(vty));
	return CMD_SUCCESS;
}

/* ---- neighbors ---- */

/* It may come later; and it may be that another instance was meant. */
static void say_other_instance(struct vty *vty, const struct connection *connection, const char *text)
{
	struct listnode *node;
	union sockunion su;
	struct bgp *bgp;

	if (str2sockunion(text, &su) != 0 || bgp_of_vrf(connection->vrf) == NULL ||
	    peer_find(bgp_of_vrf(connection->vrf), &su))
		return;
	for (ALL_LIST_ELEMENTS_RO(bm->bgp, node, bgp))
		if (peer_find(bgp, &su))
			vty_out(vty,
				"There is no neighbor %s in vrf %s yet, but one in vrf %s: where that is meant, `no peering %s neighbor %s` here and declare it there\n",
				text, connection->vrf, bgp_vrf_name(bgp), connection->name, text);
}

COMMAND_HANDLER(cmd_neighbor)
{
	struct connection *connection = declare(vty, argc, argv);
	const char *address = command_argument(argc, argv, "neighbor");
	struct verdict verdict;

	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	if (!configuration_add_neighbor(connection, address, command_has(argc, argv, "optional"),
					router_reading_file(vty), &verdict)) {
		/* A connection that this line would have begun is not left half made. */
		if (!connection->declared && connection->state == STATE_NONE && !connection->state_since &&
		    session_list_count(&connection->sessions) == 0)
			connection_delete(connection);
		return command_result(vty, &verdict);
	}
	changed(vty, connection);
	if (!router_reading_file(vty))
		say_other_instance(vty, connection, address);
	if (lifecycle_gate(connection_coming_state(connection)) != GATE_DENY) {
		char normal[SESSION_ADDRESS_MAX];
		const struct session *session;

		session_normalize(address, normal);
		session = session_find(connection->vrf, normal);
		if (session && session->held)
			vty_out(vty,
				"%s is %s: %s is gated and validated by itself; the other sessions are not touched\n",
				connection->name, connection_state_name(connection->state), normal);
	}
	return CMD_SUCCESS;
}

COMMAND_HANDLER(cmd_no_neighbor)
{
	struct connection *connection = existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	configuration_remove_neighbor(connection, command_argument(argc, argv, "neighbor"));
	return removed(vty, connection);
}

/* ---- settings ---- */

COMMAND_HANDLER(cmd_kind)
{
	struct connection *connection = declare(vty, argc, argv);

	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	connection->kind = connection_kind_from_name(argv[argc - 1]->text);
	return changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_kind)
{
	struct connection *connection = existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	connection->kind = KIND_DIRECT;
	return removed(vty, connection);
}

COMMAND_HANDLER(cmd_remote_as)
{
	struct connection *connection = declare(vty, argc, argv);

	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	connection->remote_as = strtoul(argv[argc - 1]->arg, NULL, 10);
	return changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_remote_as)
{
	struct connection *connection = existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	connection->remote_as = 0;
	return removed(vty, connection);
}

COMMAND_HANDLER(cmd_description)
{
	int index = 0;
	char *text;
	bool fits, clean;
	struct connection *connection;

	argv_find(argv, argc, "LINE", &index);
	text = argv_concat(argv, argc, index);
	/* An older version took it: at a start the line goes on. */
	if (router.booting)
		utf8_clean(text);
	fits = strlen(text) < DESCRIPTION_MAX;
	clean = utf8_is_clean(text);
	if (!clean)
		vty_out(vty, "%% The description has a control character or is not UTF-8; remove it\n");
	else if (!fits)
		vty_out(vty, "%% The description is too long: %zu characters, at most %d\n", strlen(text),
			DESCRIPTION_MAX - 1);
	connection = fits && clean ? declare(vty, argc, argv) : NULL;
	if (connection)
		strlcpy(connection->description, text, sizeof(connection->description));
	XFREE(MTYPE_TMP, text);
	return connection ? changed(vty, connection) : CMD_WARNING_CONFIG_FAILED;
}

COMMAND_HANDLER(cmd_no_description)
{
	struct connection *connection = existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	connection->description[0] = '\0';
	return removed(vty, connection);
}

static enum counted_family family_of(int argc, struct cmd_token *argv[])
{
	return command_has(argc, argv, "ipv4") ? FAMILY_IPV4 : FAMILY_IPV6;
}

COMMAND_HANDLER(cmd_received_limit)
{
	struct connection *connection = declare(vty, argc, argv);

	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	connection->received_limit[family_of(argc, argv)] = strtoul(argv[argc - 1]->arg, NULL, 10);
	return changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_received_limit)
{
	struct connection *connection = existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	connection->received_limit[family_of(argc, argv)] = 0;
	return removed(vty, connection);
}

COMMAND_HANDLER(cmd_activation)
{
	struct connection *connection = declare(vty, argc, argv);

	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	connection->activation = activation_mode_from_name(argv[argc - 1]->text);
	connection->activation_set = true;
	return changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_activation)
{
	struct connection *connection = existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	connection->activation_set = false;
	return removed(vty, connection);
}

/* "validation-window …", or "timers WHICH …". */
static enum connection_timer timer_of(int argc, struct cmd_token *argv[])
{
	int at = 0;

	return argv_find(argv, argc, "timers", &at) ? timer_from_name(argv[at + 1]->text) : TIMER_WINDOW;
}

COMMAND_HANDLER(cmd_timer)
{
	struct connection *connection = declare(vty, argc, argv);

	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	connection->timers[timer_of(argc, argv)] = strtoul(argv[argc - 1]->arg, NULL, 10);
	timers_look_again(connection);
	return changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_timer)
{
	struct connection *connection = existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	connection->timers[timer_of(argc, argv)] = 0;
	timers_look_again(connection);
	return removed(vty, connection);
}

COMMAND_HANDLER(cmd_timer_default)
{
	const char *vrf = vrf_of(vty);

	if (!command_module_works(vty) || !vrf)
		return CMD_WARNING_CONFIG_FAILED;
	router.lines_read |= router_reading_file(vty);
	timers_set_default(vrf, timer_of(argc, argv), strtoul(argv[argc - 1]->arg, NULL, 10));
	return CMD_SUCCESS;
}

COMMAND_HANDLER(cmd_no_timer_default)
{
	const char *vrf = vrf_of(vty);

	if (command_module_works(vty) && vrf)
		timers_set_default(vrf, timer_of(argc, argv), 0);
	return CMD_SUCCESS;
}

COMMAND_HANDLER(cmd_allowed_prefixes)
{
	const char *list = argv[argc - 1]->arg;
	bool fits = strlen(list) < PREFIX_LIST_NAME_MAX;
	struct connection *connection = fits ? declare(vty, argc, argv) : NULL;

	if (!fits)
		vty_out(vty, "%% The name of the prefix-list is too long: %zu characters, at most %d\n", strlen(list),
			PREFIX_LIST_NAME_MAX - 1);
	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	strlcpy(connection->allowed_prefixes[family_of(argc, argv)], list, PREFIX_LIST_NAME_MAX);
	return changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_allowed_prefixes)
{
	struct connection *connection = existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	connection->allowed_prefixes[family_of(argc, argv)][0] = '\0';
	return removed(vty, connection);
}

/* "check NAME …": the place of the check in the table. */
static int check_of(int argc, struct cmd_token *argv[])
{
	int at = 0;

	return argv_find(argv, argc, "check", &at) ? check_find(argv[at + 1]->text) : -1;
}

COMMAND_HANDLER(cmd_check)
{
	int check = check_of(argc, argv);
	struct connection *connection = check >= 0 ? declare(vty, argc, argv) : NULL;

	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	connection->check_levels[check] = check_level_from_name(argv[argc - 1]->text);
	return changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_check)
{
	int check = check_of(argc, argv);
	struct connection *connection = check >= 0 ? existing(vty, argc, argv) : NULL;

	if (!connection)
		return CMD_SUCCESS;
	connection->check_levels[check] = CHECK_LEVEL_DEFAULT;
	return removed(vty, connection);
}

/* ---- the link test ---- */

COMMAND_HANDLER(cmd_port)
{
	const char *port = argv[argc - 1]->arg;
	bool fits = strlen(port) < INTERFACE_NAME_MAX;
	struct connection *connection = fits ? declare(vty, argc, argv) : NULL;

	if (!fits)
		vty_out(vty, "%% The name of an interface has at most %d characters\n", INTERFACE_NAME_MAX - 1);
	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	if (strcmp(connection->link_test.port, port) != 0) {
		strlcpy(connection->link_test.port, port, sizeof(connection->link_test.port));
		link_test_void(connection);
	}
	return changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_port)
{
	struct connection *connection = existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	if (connection->link_test.port[0]) {
		connection->link_test.port[0] = '\0';
		link_test_void(connection);
	}
	return removed(vty, connection);
}

COMMAND_HANDLER(cmd_link_test_level)
{
	struct connection *connection = declare(vty, argc, argv);

	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	connection->link_test.level = link_test_level_from_name(argv[argc - 1]->text);
	return changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_link_test_level)
{
	struct connection *connection = existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	connection->link_test.level = LINK_TEST_OPTIONAL;
	return removed(vty, connection);
}

static void set_link_test_addresses(struct connection *connection, struct in_addr address, uint8_t prefix_length,
				    struct in_addr peer)
{
	struct link_test_settings *settings = &connection->link_test;

	if (settings->prefix_length == prefix_length && settings->address.s_addr == address.s_addr &&
	    settings->peer_address.s_addr == peer.s_addr)
		return;
	settings->address = address;
	settings->prefix_length = prefix_length;
	settings->peer_address = peer;
	link_test_void(connection);
}

COMMAND_HANDLER(cmd_link_test_address)
{
	struct connection *connection;
	struct prefix_ipv4 address;
	struct in_addr peer;
	char error[128];

	/* As it is: str2prefix_ipv4() keeps the bits of the host. */
	if (!str2prefix_ipv4(command_argument(argc, argv, "address"), &address) ||
	    inet_pton(AF_INET, argv[argc - 1]->arg, &peer) != 1) {
		vty_out(vty, "%% '%s' or '%s' is no address\n", command_argument(argc, argv, "address"), argv[argc - 1]->arg);
		return CMD_WARNING_CONFIG_FAILED;
	}
	if (!link_test_address_fits(&address, &peer, error, sizeof(error))) {
		vty_out(vty, "%% %c%s\n", toupper((unsigned char)error[0]), error + 1);
		return CMD_WARNING_CONFIG_FAILED;
	}
	connection = declare(vty, argc, argv);
	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	set_link_test_addresses(connection, address.prefix, address.prefixlen, peer);
	return changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_link_test_address)
{
	struct connection *connection = existing(vty, argc, argv);
	const struct in_addr none = {0};

	if (!connection)
		return CMD_SUCCESS;
	set_link_test_addresses(connection, none, 0, none);
	return removed(vty, connection);
}

COMMAND_HANDLER(cmd_link_test_timer)
{
	struct connection *connection = declare(vty, argc, argv);

	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	connection->link_test.interval = strtoul(argv[argc - 1]->arg, NULL, 10);
	return changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_link_test_timer)
{
	struct connection *connection = existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	connection->link_test.interval = 0;
	return removed(vty, connection);
}

COMMAND_HANDLER(cmd_use_profile)
{
	const char *name = argv[argc - 1]->arg, *error = profile_name_error(name);
	struct connection *connection = error ? NULL : declare(vty, argc, argv);

	if (error)
		vty_out(vty, "%% '%s': %s\n", name, error);
	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	strlcpy(connection->profile, name, sizeof(connection->profile));
	if (!profile_of(connection) && !router_reading_file(vty))
		vty_out(vty, "There is no profile %s yet: until there is, %s does not pass its validation\n", name,
			connection->name);
	return changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_use_profile)
{
	struct connection *connection = existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	connection->profile[0] = '\0';
	return removed(vty, connection);
}

/* ---- profiles ---- */

/* The profile that the line is about; of a `no` line NULL where there is none. */
static struct profile *profile_of_line(struct vty *vty, int argc, struct cmd_token *argv[], bool make)
{
	const char *name = command_variable(argc, argv, "profile"), *vrf = vrf_of(vty), *error;
	struct profile *profile;

	if (!command_module_works(vty) || !vrf)
		return NULL;
	error = profile_name_error(name);
	if (error && make)
		vty_out(vty, "%% '%s': %s\n", name, error);
	if (error)
		return NULL;
	profile = make ? profile_make(vrf, name) : profile_find(vrf, name);
	if (profile && router_reading_file(vty))
		configuration_line_read(NULL);
	if (profile)
		profile_line(profile, router_reading_file(vty));
	return profile;
}

COMMAND_HANDLER(cmd_profile_check)
{
	int check = check_of(argc, argv);
	struct profile *profile = check >= 0 ? profile_of_line(vty, argc, argv, true) : NULL;

	if (!profile)
		return CMD_WARNING_CONFIG_FAILED;
	profile->check_levels[check] = check_level_from_name(argv[argc - 1]->text);
	profile_changed(profile, router_reading_file(vty));
	return CMD_SUCCESS;
}

COMMAND_HANDLER(cmd_no_profile_check)
{
	int check = check_of(argc, argv);
	struct profile *profile = check >= 0 ? profile_of_line(vty, argc, argv, false) : NULL;

	if (!profile)
		return CMD_SUCCESS;
	profile->check_levels[check] = CHECK_LEVEL_DEFAULT;
	profile_changed(profile, router_reading_file(vty));
	return CMD_SUCCESS;
}

COMMAND_HANDLER(cmd_profile_window)
{
	struct profile *profile = profile_of_line(vty, argc, argv, true);

	if (!profile)
		return CMD_WARNING_CONFIG_FAILED;
	profile->validation_window = strtoul(argv[argc - 1]->arg, NULL, 10);
	profile_changed(profile, router_reading_file(vty));
	return CMD_SUCCESS;
}

COMMAND_HANDLER(cmd_no_profile_window)
{
	struct profile *profile = profile_of_line(vty, argc, argv, false);

	if (!profile)
		return CMD_SUCCESS;
	profile->validation_window = 0;
	profile_changed(profile, router_reading_file(vty));
	return CMD_SUCCESS;
}

/* ---- violations ---- */

/* What fails just now would close at once. */
static void say_failing(struct vty *vty, const struct connection *connection)
{
	const struct session *session;

	frr_each (session_list_const, &connection->sessions, session)
		if (connection->state == STATE_ACTIVE && session->fault.check)
			vty_out(vty,
				"%s fails now, %s: its gate closes; `no peering %s on-violation` if that is not meant\n",
				session->address, session->fault.check->name, connection->name);
}

COMMAND_HANDLER(cmd_on_violation)
{
	struct connection *connection = declare(vty, argc, argv);

	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	connection->on_violation_deny = command_has(argc, argv, "deny");
	if (connection->on_violation_deny)
		say_failing(vty, connection);
	return changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_on_violation)
{
	struct connection *connection = existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	connection->on_violation_deny = false;
	return removed(vty, connection);
}

COMMAND_HANDLER(cmd_reopen_mode)
{
	struct connection *connection = declare(vty, argc, argv);

	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	connection->reopen_auto = command_has(argc, argv, "auto");
	return changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_reopen_mode)
{
	struct connection *connection = existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	connection->reopen_auto = false;
	return removed(vty, connection);
}

COMMAND_HANDLER(cmd_reopen_hold_down)
{
	struct connection *connection = declare(vty, argc, argv);

	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	connection->reopen_hold_down = strtoul(argv[argc - 1]->arg, NULL, 10);
	return changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_reopen_hold_down)
{
	struct connection *connection = existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	connection->reopen_hold_down = 0;
	return removed(vty, connection);
}

COMMAND_HANDLER(cmd_adopted)
{
	struct connection *connection = declare(vty, argc, argv);

	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	connection->adopted_line = true;
	return changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_adopted)
{
	struct connection *connection = existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	connection->adopted_line = false;
	return removed(vty, connection);
}

/* ---- the policy behind a closed gate ---- */

/* "neighbor A.B.C.D ipv4 unicast route-map NAME in", read off the tokens behind "gated". */
struct gated_line {
	const char *vrf;
	char address[SESSION_ADDRESS_MAX];
	afi_t afi;
	safi_t safi;
	int direction;
	const char *name; /* NULL: inherit */
};

static bool read_gated_line(struct vty *vty, int argc, struct cmd_token *argv[], struct gated_line *line)
{
	int at = 0;

	line->vrf = vrf_of(vty);
	if (!command_module_works(vty) || !line->vrf || !argv_find(argv, argc, "neighbor", &at) ||
	    !session_normalize(argv[at + 1]->arg, line->address))
		return false;
	line->afi = afi_from_word(argv[at + 2]->text);
	line->safi = safi_from_word(argv[at + 3]->text);
	line->direction = strcmp(argv[argc - 1]->text, "in") == 0 ? RMAP_IN : RMAP_OUT;
	line->name = command_argument(argc, argv, "route-map");
	if (line->afi != AFI_UNSPEC && line->safi != SAFI_UNSPEC)
		return true;
	vty_out(vty, "%% This bgpd has no address family %s %s\n", argv[at + 2]->text, argv[at + 3]->text);
	return false;
}

COMMAND_HANDLER(cmd_gated)
{
	bool reading = router_reading_file(vty);
	struct gated_line line;
	struct session *session;

	if (!read_gated_line(vty, argc, argv, &line))
		return CMD_WARNING_CONFIG_FAILED;
	session = session_find(line.vrf, line.address);
	if (!session && !reading) {
		vty_out(vty, "%% No connection has the neighbor %s; nothing of it is gated\n", line.address);
		return CMD_WARNING_CONFIG_FAILED;
	}
	if (!session) {
		/* It was gated when the file was saved, and nobody had declared it. */
		session = default_deny_discover(line.vrf, line.address, 0);
		session_events_later(session->connection);
	}
	if (reading)
		configuration_line_read(NULL);
	gate_policy_want(session, line.afi, line.safi, line.direction, line.name);
	/* A file that was saved while the gate was closed, read after it has opened. */
	if (!router.booting)
		gate_assert(session);
	return CMD_SUCCESS;
}

/* Nothing is wanted there any more, and so nothing passes there once the gate opens, until something is. */
COMMAND_HANDLER(cmd_no_gated)
{
	struct gated_line line;
	struct session *session;

	if (!read_gated_line(vty, argc, argv, &line))
		return CMD_SUCCESS;
	session = session_find(line.vrf, line.address);
	if (session)
		gate_policy_want_nothing(session, line.afi, line.safi, line.direction);
	return CMD_SUCCESS;
}

/* ---- the controller ---- */

COMMAND_HANDLER(cmd_controller)
{
	const char *host = command_variable(argc, argv, "host"), *vrf = command_argument(argc, argv, "vrf"),
		   *source = command_argument(argc, argv, "source"), *number = command_argument(argc, argv, "port"),
		   *priority = command_argument(argc, argv, "priority");
	struct controller_line line = {
		.port = number ? (uint16_t)strtoul(number, NULL, 10) : CONTROLLER_PORT,
		.priority = priority ? (uint8_t)strtoul(priority, NULL, 10) : CONTROLLER_PRIORITY,
	};

	if (!command_module_works(vty) || !is_whole(vty, argv[1]))
		return CMD_WARNING_CONFIG_FAILED;
	if (strlcpy(line.host, host, sizeof(line.host)) >= sizeof(line.host) ||
	    (source && strlcpy(line.source, source, sizeof(line.source)) >= sizeof(line.source)) ||
	    /* The name of a network namespace is one of a file. */
	    (vrf && (strlcpy(line.vrf, vrf, sizeof(line.vrf)) >= sizeof(line.vrf) || strchr(vrf, '/')))) {
		vty_out(vty, "%% peering: the name of the controller, its VRF or its source is none\n");
		return CMD_WARNING_CONFIG_FAILED;
	}
	if (strcmp(line.vrf, VRF_DEFAULT_NAME) == 0)
		line.vrf[0] = '\0';
	router.lines_read |= router_reading_file(vty);
	if (controller_link_add(&line))
		return CMD_SUCCESS;
	vty_out(vty, "%% peering: there are %d controllers; take one out first: no peering controller HOST\n", CONTROLLERS_MAX);
	return CMD_WARNING_CONFIG_FAILED;
}

COMMAND_HANDLER(cmd_no_controller)
{
	const char *number = command_argument(argc, argv, "port"), *vrf = command_argument(argc, argv, "vrf");

	if (vrf && strcmp(vrf, VRF_DEFAULT_NAME) == 0)
		vrf = "";
	if (command_module_works(vty) && is_whole(vty, argv[2]))
		controller_link_remove(command_variable(argc, argv, "host"),
				       number ? (uint16_t)strtoul(number, NULL, 10) : 0, vrf);
	return CMD_SUCCESS;
}

COMMAND_HANDLER(cmd_router_name)
{
	if (!command_module_works(vty) || !is_whole(vty, argv[1]))
		return CMD_WARNING_CONFIG_FAILED;
	router.lines_read |= router_reading_file(vty);
	controller_link_set_router_name(command_variable(argc, argv, "router"));
	return CMD_SUCCESS;
}

COMMAND_HANDLER(cmd_no_router_name)
{
	if (command_module_works(vty) && is_whole(vty, argv[2]))
		controller_link_set_router_name(NULL);
	return CMD_SUCCESS;
}
