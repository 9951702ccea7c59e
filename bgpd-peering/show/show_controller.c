// SPDX-License-Identifier: GPL-2.0-or-later
/* `show peering controller`: each of them, and what waits for the one that is spoken with. */
#include "bgpd-peering/commands/commands.h"
#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/link/certificate_alerts.h"
#include "bgpd-peering/link/controller_link.h"
#include "bgpd-peering/link/link.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/show/show.h"
#include "bgpd-peering/show/show_table.h"

static const char *state_name(enum controller_state state)
{
	static const char *const names[] = {
		[CONTROLLER_UNTRIED] = "not-tried",
		[CONTROLLER_FAILED] = "not-connected",
		[CONTROLLER_REACHABLE] = "reachable",
		[CONTROLLER_CONNECTED] = "connected",
	};

	return names[state];
}

static void show_text(struct vty *vty)
{
	struct show_table *table = show_table_new("Controller\tPort\tPriority\tVRF\tSource\tState\tSince\tWhy", LAST_WRAPS);
	struct durable_sequences sequences = durable_state_sequences();
	char ends[CERTIFICATE_FILES][TLS_ERROR_MAX];
	struct link_figures figures;
	size_t count;

	for (size_t i = 0; i < controller_link_count(); i++) {
		const struct controller_line *line = controller_link_line(i);
		struct controller_status status = controller_link_status(i);
		char age[16] = "-";

		if (status.since)
			show_age(wall_clock_seconds_since(status.since), age);
		show_table_row(table, "%s\t%u\t%u\t%s\t%s\t%s\t%s\t%s%s", line->host, line->port, line->priority,
			       line->vrf[0] ? line->vrf : "-", line->source[0] ? line->source : "-", state_name(status.state),
			       age, status.state == CONTROLLER_CONNECTED ? "as " : "", status.text);
	}
	show_table_print(vty, table);
	if (!controller_link_count()) {
		show_line(vty, "", "No controller is configured; nothing on this router needs one");
		return;
	}
	controller_link_figures(&figures);
	show_line(vty, "Transitions:", "%llu in the journal, acknowledged up to %llu",
		  (unsigned long long)sequences.durable, (unsigned long long)sequences.acked);
	show_line(vty, "Reports:", "%zu bytes wait; %u times too many did, and the session began anew with a full report",
		  figures.queued_bytes, figures.overflows);
	count = certificate_alerts_describe(&figures.ends, ends);
	for (size_t i = 0; i < count; i++)
		show_line(vty, "Attention:", "%s", ends[i]);
}

static json_object *show_json(void)
{
	json_object *object = show_json_begin(), *list = json_object_new_array();
	struct durable_sequences sequences = durable_state_sequences();
	struct link_figures figures;

	for (size_t i = 0; i < controller_link_count(); i++) {
		const struct controller_line *line = controller_link_line(i);
		struct controller_status status = controller_link_status(i);
		json_object *one = json_object_new_object();

		show_json_text(one, "host", line->host);
		show_json_number(one, "port", line->port);
		show_json_number(one, "priority", line->priority);
		show_json_text(one, "vrf", line->vrf[0] ? line->vrf : NULL);
		show_json_text(one, "source", line->source[0] ? line->source : NULL);
		show_json_text(one, "state", state_name(status.state));
		show_json_time(one, "since", status.since);
		show_json_text(one, "routerName", status.state == CONTROLLER_CONNECTED ? status.text : NULL);
		show_json_text(one, "reason", status.state == CONTROLLER_FAILED ? status.text : NULL);
		json_object_array_add(list, one);
	}
	json_object_object_add(object, "controllers", list);
	controller_link_figures(&figures);
	show_json_number(object, "newestTransition", sequences.durable);
	show_json_number(object, "acknowledgedTransition", sequences.acked);
	show_json_number(object, "queuedBytes", figures.queued_bytes);
	show_json_number(object, "overflows", figures.overflows);
	show_json_time(object, "certificateEnds", figures.ends.certificate * 1000);
	show_json_time(object, "caEnds", figures.ends.ca * 1000);
	show_json_time(object, "crlEnds", figures.ends.crl * 1000);
	return object;
}

COMMAND_HANDLER(cmd_show_controller)
{
	if (command_has(argc, argv, "json"))
		return vty_json(vty, show_json());
	show_text(vty);
	return CMD_SUCCESS;
}
