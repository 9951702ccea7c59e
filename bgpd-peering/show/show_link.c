// SPDX-License-Identifier: GPL-2.0-or-later
/* `show peering NAME link`: the port as it was at the last link test, and what the test has found. */
#include "bgpd-peering/show/show.h"

#include "bgpd-peering/commands/commands.h"
#include "bgpd-peering/port/link_test.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/show/show_table.h"

/* What came of the last test, in two words. */
static const char *result_word(const struct connection *connection)
{
	if (!connection->link_result.at)
		return "not tested";
	return connection->link_result.passed ? "passed" : "failed";
}

void show_link_line(struct vty *vty, const struct connection *connection)
{
	const struct link_test_result *result = &connection->link_result;
	char port[INTERFACE_NAME_MAX], age[16];

	if (connection->state != STATE_PROVISIONING_STARTED)
		return;
	link_test_port(connection, port);
	show_age(wall_clock_seconds_since(connection->link_result.at), age);
	show_line(vty, "Link", "port %s   test %s: %s%s%s%s%s%s", port[0] ? port : "-",
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
	char speed[32], rx[96] = "", tx[96] = "", vlan[16] = "";

	speed_text(after, speed);
	if (link->vlan)
		snprintf(vlan, sizeof(vlan), ", VLAN %u", link->vlan);
	show_line(vty, what, "%s %s, %s, MTU %u%s%s%s%s", link->name, !link->admin_up ? "shut" : link->operational ? "up" : "down",
		  speed, link->mtu, vlan, link->is_backup ? ", backup" : "", link->kind[0] ? ", " : "", link->kind);
	if (link->has_counters)
		show_line(vty, " ",
			"errors rx %llu (+%llu), of them CRC %llu (+%llu), tx %llu (+%llu); dropped rx %llu (+%llu), tx %llu (+%llu)",
			(unsigned long long)now->rx_errors, (unsigned long long)(now->rx_errors - then->rx_errors),
			(unsigned long long)now->rx_crc_errors, (unsigned long long)(now->rx_crc_errors - then->rx_crc_errors),
			(unsigned long long)now->tx_errors, (unsigned long long)(now->tx_errors - then->tx_errors),
			(unsigned long long)now->rx_dropped, (unsigned long long)(now->rx_dropped - then->rx_dropped),
			(unsigned long long)now->tx_dropped, (unsigned long long)(now->tx_dropped - then->tx_dropped));
	if (link->kind[0])
		return;
	if (!after->optics.known) {
		show_line(vty, " ", "optical power: not told by the driver");
		return;
	}
	optics_text(&after->optics, after->optics.rx_power, rx, sizeof(rx));
	optics_text(&after->optics, after->optics.tx_power, tx, sizeof(tx));
	show_line(vty, " ", "optical power, dBm: rx %s; tx %s", rx, tx);
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

static void add_target_row(struct show_table *table, const struct link_test_target *target)
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
	show_table_row(table, "%s%s\t%s%s\t%s\t%s\t%s\t%s\t%s", target->label, target->required ? "" : " optional", local,
		       target->asked.on_wire ? ", on the wire" : "", mac, loss, rtt, full, mtu);
}

static void show_link_text(struct vty *vty, const struct connection *connection)
{
	const struct link_test_job *job = link_test_figures(connection);
	char port[INTERFACE_NAME_MAX], age[16], from[INET_ADDRSTRLEN + 16] = "";
	struct show_table *table;

	link_test_port(connection, port);
	if (connection->link_test.prefix_length)
		snprintfrr(from, sizeof(from), ", from %pI4/%u", &connection->link_test.address,
			   connection->link_test.prefix_length);
	show_line(vty, "", "%s  port %s  link test %s%s%s", connection->name, port[0] ? port : "not known",
		  link_test_level_name(connection->link_test.level), from,
		  link_test_is_running(connection) ? ", one is being made" : "");
	if (!connection->link_result.at) {
		show_line(vty, "Result", "not tested; `peering %s link-test now`", connection->name);
		return;
	}
	show_age(wall_clock_seconds_since(connection->link_result.at), age);
	show_line(vty, "Result", "%s %s ago%s%s", result_word(connection), age, connection->link_result.reason[0] ? ": " : "",
		connection->link_result.reason);
	if (!job) {
		show_line(vty, " ", "its figures are not kept over a restart of bgpd; `peering %s link-test now`", connection->name);
		return;
	}
	if (job->after.self.link.index)
		show_port(vty, &job->before, &job->after);
	if (!job->target_count)
		return;
	table = show_table_new("Target\tFrom\tNeighbor\tLost\tRTT ms min/avg/max\tFull size lost\tMTU", LAST_WRAPS);
	for (unsigned int i = 0; i < job->target_count; i++)
		add_target_row(table, &job->targets[i]);
	show_table_print(vty, table);
}

/* ---- JSON ---- */

json_object *show_link_result_json(const struct connection *connection)
{
	const struct link_test_result *result = &connection->link_result;
	json_object *object = json_object_new_object();
	char port[INTERFACE_NAME_MAX];

	link_test_port(connection, port);
	show_json_text(object, "port", port[0] ? port : NULL);
	show_json_text(object, "level", link_test_level_name(connection->link_test.level));
	show_json_bool(object, "running", link_test_is_running(connection));
	json_object_object_add(object, "passed", result->at ? json_object_new_boolean(result->passed) : NULL);
	show_json_time(object, "testedAt", result->at);
	show_json_text(object, "reason", result->reason);
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

	show_json_text(object, "interface", link->name);
	show_json_text(object, "kind", link->kind[0] ? link->kind : NULL);
	show_json_bool(object, "adminUp", link->admin_up);
	show_json_bool(object, "operational", link->operational);
	show_json_known(object, "megabits", after->megabits, after->megabits);
	show_json_bool(object, "halfDuplex", after->half_duplex);
	show_json_number(object, "mtu", link->mtu);
	show_json_known(object, "vlan", link->vlan, link->vlan);
	show_json_bool(object, "backup", link->is_backup);
	show_json_number(object, "carrierChanges", link->carrier_changes);
	if (link->has_counters) {
		show_json_number(object, "receiveErrors", now->rx_errors);
		show_json_number(object, "receiveErrorsDuringTest", now->rx_errors - then->rx_errors);
		show_json_number(object, "crcErrors", now->rx_crc_errors);
		show_json_number(object, "transmitErrors", now->tx_errors);
		show_json_number(object, "transmitErrorsDuringTest", now->tx_errors - then->tx_errors);
		show_json_number(object, "receiveDropped", now->rx_dropped);
		show_json_number(object, "transmitDropped", now->tx_dropped);
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
	show_json_text(object, "target", target->label);
	show_json_text(object, "from", local);
	show_json_bool(object, "onTheWire", target->asked.on_wire);
	show_json_bool(object, "required", target->required);
	show_json_bool(object, "neighborAnswers", outcome->neighbor_known);
	show_json_text(object, "hardwareAddress", outcome->has_mac ? mac : NULL);
	show_json_number(object, "sent", outcome->sent);
	show_json_number(object, "received", outcome->received);
	show_json_number(object, "rttMinMicroseconds", outcome->rtt_min);
	show_json_number(object, "rttAverageMicroseconds", outcome->rtt_average);
	show_json_number(object, "rttMaxMicroseconds", outcome->rtt_max);
	show_json_number(object, "fullSizeSent", outcome->full_sent);
	show_json_number(object, "fullSizeReceived", outcome->full_received);
	show_json_number(object, "mtu", outcome->mtu);
	show_json_text(object, "error", outcome->error[0] ? outcome->error : NULL);
	return object;
}

static json_object *show_link_json(const struct connection *connection)
{
	json_object *object = show_json_begin(), *members = json_object_new_array(), *targets = json_object_new_array();
	const struct link_test_job *job = link_test_figures(connection);
	const struct port *before = job ? &job->before : NULL, *after = job ? &job->after : NULL;
	bool known = after && after->self.link.index;

	show_json_text(object, "name", connection->name);
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
	const struct connection *connection = command_connection(vty, argc, argv);

	if (!connection)
		return CMD_WARNING;
	if (command_has(argc, argv, "json"))
		return vty_json(vty, show_link_json(connection));
	show_link_text(vty, connection);
	return CMD_SUCCESS;
}
