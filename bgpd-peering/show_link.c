// SPDX-License-Identifier: GPL-2.0-or-later
/* `show peering NAME link`: the port as it was at the last link test, and what the test has found. */
#include "bgpd-peering/show.h"

#include "bgpd-peering/commands.h"
#include "bgpd-peering/link_test.h"
#include "bgpd-peering/router.h"

#include "lib/termtable.h"

/* What came of the last test, in two words. */
static const char *result_word(const struct connection *connection)
{
	if (!connection->link_result.at)
		return "not tested";
	return connection->link_result.passed ? "passed" : "failed";
}

static uint64_t seconds_since_test(const struct connection *connection)
{
	uint64_t now = wall_clock_milliseconds();

	return now > connection->link_result.at ? (now - connection->link_result.at) / 1000 : 0;
}

void show_link_line(struct vty *vty, const struct connection *connection)
{
	const struct link_test_result *result = &connection->link_result;
	char port[INTERFACE_NAME_MAX], age[16];

	if (connection->state != STATE_PROVISIONING_STARTED)
		return;
	link_test_port(connection, port);
	show_age(seconds_since_test(connection), age);
	vty_out(vty, "Link     port %s   test %s: %s%s%s%s%s%s\n", port[0] ? port : "-",
		link_test_level_name(connection->link_test.level), result_word(connection), result->at ? " " : "",
		result->at ? age : "", result->at ? " ago" : "", result->reason[0] ? ": " : "", result->reason);
}

/* The same member before the test; one that has come meanwhile is compared with itself. */
static const struct port_part *member_before(const struct port *before, const struct port_part *member)
{
	for (unsigned int i = 0; i < before->member_count; i++)
		if (before->members[i].link.index == member->link.index)
			return &before->members[i];
	return member;
}

/* ---- text ---- */

static void speed_text(const struct port_part *part, char text[32])
{
	if (!part->megabits)
		snprintf(text, 32, "speed not told");
	else if (part->megabits >= 1000)
		snprintf(text, 32, "%gG%s", part->megabits / 1000.0, part->half_duplex ? " half duplex" : "");
	else
		snprintf(text, 32, "%uM%s", part->megabits, part->half_duplex ? " half duplex" : "");
}

static void optics_text(const struct optics *optics, const uint32_t *powers, char *text, size_t size)
{
	size_t used = 0;

	for (unsigned int lane = 0; lane < optics->lanes && used < size; lane++) {
		int32_t level = optics_centi_dbm(powers[lane]);

		if (level == INT32_MIN)
			used += (size_t)snprintf(text + used, size - used, "%snone", lane ? ", " : "");
		else
			used += (size_t)snprintf(text + used, size - used, "%s%.2f", lane ? ", " : "", level / 100.0);
	}
}

static void show_part(struct vty *vty, const char *what, const struct port_part *before, const struct port_part *after)
{
	const struct link_answer *link = &after->link;
	const struct link_counters *now = &link->counters, *then = &before->link.counters;
	char speed[32], rx[96] = "", tx[96] = "";

	speed_text(after, speed);
	vty_out(vty, "%-9s%s %s, %s, MTU %u", what, link->name,
		!link->admin_up ? "shut" : link->operational ? "up" : "down", speed, link->mtu);
	if (link->vlan)
		vty_out(vty, ", VLAN %u", link->vlan);
	if (link->is_backup)
		vty_out(vty, ", backup");
	if (link->kind[0])
		vty_out(vty, ", %s", link->kind);
	vty_out(vty, "\n");
	if (link->has_counters)
		vty_out(vty,
			"         errors rx %llu (+%llu), of them CRC %llu (+%llu), tx %llu (+%llu); dropped rx %llu (+%llu), tx %llu (+%llu)\n",
			(unsigned long long)now->rx_errors, (unsigned long long)(now->rx_errors - then->rx_errors),
			(unsigned long long)now->rx_crc_errors, (unsigned long long)(now->rx_crc_errors - then->rx_crc_errors),
			(unsigned long long)now->tx_errors, (unsigned long long)(now->tx_errors - then->tx_errors),
			(unsigned long long)now->rx_dropped, (unsigned long long)(now->rx_dropped - then->rx_dropped),
			(unsigned long long)now->tx_dropped, (unsigned long long)(now->tx_dropped - then->tx_dropped));
	if (link->kind[0])
		return;
	if (!after->optics.known) {
		vty_out(vty, "         optical power: not told by the driver\n");
		return;
	}
	optics_text(&after->optics, after->optics.rx_power, rx, sizeof(rx));
	optics_text(&after->optics, after->optics.tx_power, tx, sizeof(tx));
	vty_out(vty, "         optical power, dBm: rx %s; tx %s\n", rx, tx);
}

static void show_port(struct vty *vty, const struct port *before, const struct port *after)
{
	show_part(vty, "Port", &before->self, &after->self);
	if (after->lower.link.index)
		show_part(vty, "  over", &before->lower, &after->lower);
	for (unsigned int i = 0; i < after->member_count; i++)
		show_part(vty, "  member", member_before(before, &after->members[i]), &after->members[i]);
}

static void mac_text(const struct prober_outcome *outcome, char text[18])
{
	const uint8_t *mac = outcome->mac;

	if (outcome->has_mac)
		snprintf(text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	else
		snprintf(text, 18, "%s", outcome->neighbor_known ? "yes" : "no answer");
}

static void add_target_row(struct ttable *table, const struct link_test_target *target)
{
	const struct prober_outcome *outcome = &target->outcome;
	char local[INET6_ADDRSTRLEN], mac[18], rtt[48] = "-", loss[32] = "-", full[32] = "-", mtu[16] = "-";

	inet_ntop(target->asked.ipv6 ? AF_INET6 : AF_INET, target->asked.local, local, sizeof(local));
	mac_text(outcome, mac);
	if (outcome->sent)
		snprintf(loss, sizeof(loss), "%u of %u", outcome->sent - outcome->received, outcome->sent);
	if (outcome->received)
		snprintf(rtt, sizeof(rtt), "%.2f/%.2f/%.2f", outcome->rtt_min / 1000.0, outcome->rtt_average / 1000.0,
			 outcome->rtt_max / 1000.0);
	if (outcome->full_sent)
		snprintf(full, sizeof(full), "%u of %u", outcome->full_sent - outcome->full_received, outcome->full_sent);
	if (outcome->mtu)
		snprintf(mtu, sizeof(mtu), "%u", outcome->mtu);
	ttable_add_row(table, "%s%s|%s%s|%s|%s|%s|%s|%s", target->label, target->required ? "" : " optional", local,
		       target->asked.on_wire ? ", on the wire" : "", mac, loss, rtt, full, mtu);
}

static void show_link_text(struct vty *vty, const struct connection *connection)
{
	const struct link_test_job *job = link_test_figures(connection);
	char port[INTERFACE_NAME_MAX], age[16];
	struct ttable *table;

	link_test_port(connection, port);
	vty_out(vty, "%s  port %s  link test %s", connection->name, port[0] ? port : "not known",
		link_test_level_name(connection->link_test.level));
	if (connection->link_test.prefix_length)
		vty_out(vty, ", from %pI4/%u", &connection->link_test.address, connection->link_test.prefix_length);
	vty_out(vty, "%s\n", link_test_is_running(connection) ? ", one is being made" : "");
	if (!connection->link_result.at) {
		vty_out(vty, "Result   not tested; `peering %s link-test now`\n", connection->name);
		return;
	}
	show_age(seconds_since_test(connection), age);
	vty_out(vty, "Result   %s %s ago%s%s\n", result_word(connection), age, connection->link_result.reason[0] ? ": " : "",
		connection->link_result.reason);
	if (!job) {
		vty_out(vty, "         its figures are not kept over a restart of bgpd; `peering %s link-test now`\n", connection->name);
		return;
	}
	if (job->after.self.link.index)
		show_port(vty, &job->before, &job->after);
	if (!job->target_count)
		return;
	table = show_table_new();
	ttable_add_row(table, "Target|From|Neighbor|Lost|RTT ms min/avg/max|Full size lost|MTU");
	for (unsigned int i = 0; i < job->target_count; i++)
		add_target_row(table, &job->targets[i]);
	show_table_print(vty, table);
}

/* ---- JSON ---- */

static void add_text(json_object *object, const char *key, const char *value)
{
	json_object_object_add(object, key, value ? json_object_new_string(value) : NULL);
}

static void add_number(json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_int64((int64_t)value));
}

static void add_bool(json_object *object, const char *key, bool value)
{
	json_object_object_add(object, key, json_object_new_boolean(value));
}

json_object *show_link_result_json(const struct connection *connection)
{
	const struct link_test_result *result = &connection->link_result;
	time_t at = (time_t)(result->at / 1000);
	json_object *object = json_object_new_object();
	char port[INTERFACE_NAME_MAX], when[32];
	struct tm broken;

	strftime(when, sizeof(when), "%FT%TZ", gmtime_r(&at, &broken));
	link_test_port(connection, port);
	add_text(object, "port", port[0] ? port : NULL);
	add_text(object, "level", link_test_level_name(connection->link_test.level));
	add_bool(object, "running", link_test_is_running(connection));
	json_object_object_add(object, "passed", result->at ? json_object_new_boolean(result->passed) : NULL);
	add_text(object, "testedAt", result->at ? when : NULL);
	add_text(object, "reason", result->reason);
	return object;
}

static json_object *powers_json(const struct optics *optics, const uint32_t *powers)
{
	json_object *array = json_object_new_array();

	for (unsigned int lane = 0; lane < optics->lanes; lane++) {
		int32_t level = optics_centi_dbm(powers[lane]);

		json_object_array_add(array, level == INT32_MIN ? NULL : json_object_new_double(level / 100.0));
	}
	return array;
}

static json_object *part_json(const struct port_part *before, const struct port_part *after)
{
	json_object *object = json_object_new_object();
	const struct link_answer *link = &after->link;
	const struct link_counters *now = &link->counters, *then = &before->link.counters;

	add_text(object, "interface", link->name);
	add_text(object, "kind", link->kind[0] ? link->kind : NULL);
	add_bool(object, "adminUp", link->admin_up);
	add_bool(object, "operational", link->operational);
	json_object_object_add(object, "megabits", after->megabits ? json_object_new_int64(after->megabits) : NULL);
	add_bool(object, "halfDuplex", after->half_duplex);
	add_number(object, "mtu", link->mtu);
	json_object_object_add(object, "vlan", link->vlan ? json_object_new_int64(link->vlan) : NULL);
	add_bool(object, "backup", link->is_backup);
	add_number(object, "carrierChanges", link->carrier_changes);
	if (link->has_counters) {
		add_number(object, "receiveErrors", now->rx_errors);
		add_number(object, "receiveErrorsDuringTest", now->rx_errors - then->rx_errors);
		add_number(object, "crcErrors", now->rx_crc_errors);
		add_number(object, "transmitErrors", now->tx_errors);
		add_number(object, "transmitErrorsDuringTest", now->tx_errors - then->tx_errors);
		add_number(object, "receiveDropped", now->rx_dropped);
		add_number(object, "transmitDropped", now->tx_dropped);
	}
	json_object_object_add(object, "receivePowerDbm",
			       after->optics.known ? powers_json(&after->optics, after->optics.rx_power) : NULL);
	json_object_object_add(object, "transmitPowerDbm",
			       after->optics.known ? powers_json(&after->optics, after->optics.tx_power) : NULL);
	return object;
}

static json_object *target_json(const struct link_test_target *target)
{
	const struct prober_outcome *outcome = &target->outcome;
	json_object *object = json_object_new_object();
	char local[INET6_ADDRSTRLEN], mac[18];

	inet_ntop(target->asked.ipv6 ? AF_INET6 : AF_INET, target->asked.local, local, sizeof(local));
	mac_text(outcome, mac);
	add_text(object, "target", target->label);
	add_text(object, "from", local);
	add_bool(object, "onTheWire", target->asked.on_wire);
	add_bool(object, "required", target->required);
	add_bool(object, "neighborAnswers", outcome->neighbor_known);
	add_text(object, "hardwareAddress", outcome->has_mac ? mac : NULL);
	add_number(object, "sent", outcome->sent);
	add_number(object, "received", outcome->received);
	add_number(object, "rttMinMicroseconds", outcome->rtt_min);
	add_number(object, "rttAverageMicroseconds", outcome->rtt_average);
	add_number(object, "rttMaxMicroseconds", outcome->rtt_max);
	add_number(object, "fullSizeSent", outcome->full_sent);
	add_number(object, "fullSizeReceived", outcome->full_received);
	add_number(object, "mtu", outcome->mtu);
	add_text(object, "error", outcome->error[0] ? outcome->error : NULL);
	return object;
}

static json_object *show_link_json(const struct connection *connection)
{
	json_object *object = show_json_begin(), *members = json_object_new_array(), *targets = json_object_new_array();
	const struct link_test_job *job = link_test_figures(connection);
	const struct port *before = job ? &job->before : NULL, *after = job ? &job->after : NULL;
	bool known = after && after->self.link.index;

	add_text(object, "name", connection->name);
	json_object_object_add(object, "linkTest", show_link_result_json(connection));
	json_object_object_add(object, "port", known ? part_json(&before->self, &after->self) : NULL);
	json_object_object_add(object, "over", known && after->lower.link.index ? part_json(&before->lower, &after->lower) : NULL);
	for (unsigned int i = 0; known && i < after->member_count; i++)
		json_object_array_add(members, part_json(member_before(before, &after->members[i]), &after->members[i]));
	for (unsigned int i = 0; job && i < job->target_count; i++)
		json_object_array_add(targets, target_json(&job->targets[i]));
	json_object_object_add(object, "members", members);
	json_object_object_add(object, "targets", targets);
	return object;
}

/* ---- the command ---- */

COMMAND_HANDLER(cmd_show_link)
{
	const char *name = command_variable(argc, argv, "name");
	const struct connection *connection = connection_find(name);

	if (!connection) {
		vty_out(vty, "%% There is no connection '%s'; `show peering` lists them\n", name);
		return CMD_WARNING;
	}
	if (command_has(argc, argv, "json"))
		return vty_json(vty, show_link_json(connection));
	show_link_text(vty, connection);
	return CMD_SUCCESS;
}
