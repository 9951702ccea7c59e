// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/commands/debug_areas.h"

#include "bgpd-peering/commands/commands.h"

static const char *const names[DEBUG_AREA_COUNT] = {
	[DEBUG_GATE] = "gate",	     [DEBUG_VALIDATION] = "validation", [DEBUG_LIFECYCLE] = "lifecycle",
	[DEBUG_JOURNAL] = "journal", [DEBUG_CONTROLLER] = "controller", [DEBUG_LINK] = "link",
};

struct debug debug_areas[DEBUG_AREA_COUNT] = {
	[DEBUG_GATE] = FRR_DEBUG("debug peering gate", "Peering gate"),
	[DEBUG_VALIDATION] = FRR_DEBUG("debug peering validation", "Peering validation"),
	[DEBUG_LIFECYCLE] = FRR_DEBUG("debug peering lifecycle", "Peering lifecycle"),
	[DEBUG_JOURNAL] = FRR_DEBUG("debug peering journal", "Peering journal"),
	[DEBUG_CONTROLLER] = FRR_DEBUG("debug peering controller", "Peering controller"),
	[DEBUG_LINK] = FRR_DEBUG("debug peering link", "Peering link"),
};

void debug_areas_init(void)
{
	debugs_install(debug_areas, DEBUG_AREA_COUNT);
}

/* One area, or all where none is named. */
static void set(struct vty *vty, int argc, struct cmd_token *argv[], bool on)
{
	uint32_t mode = DEBUG_NODE2MODE(vty->node);
	bool one = argv[argc - 1]->type == WORD_TKN && strcmp(argv[argc - 1]->text, "peering") != 0;

	for (int area = 0; area < DEBUG_AREA_COUNT; area++) {
		if (one && strcmp(argv[argc - 1]->text, names[area]) != 0)
			continue;
		DEBUG_MODE_SET(&debug_areas[area], mode, on);
		if (vty->node != CONFIG_NODE)
			vty_out(vty, "Peering %s debugging is %s\n", names[area], on ? "on" : "off");
	}
}

COMMAND_HANDLER(cmd_debug)
{
	set(vty, argc, argv, true);
	return CMD_SUCCESS;
}

COMMAND_HANDLER(cmd_no_debug)
{
	set(vty, argc, argv, false);
	return CMD_SUCCESS;
}
