// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/journal/kept_lines.h"

#include "bgpd-peering/connection/connection.h"

#include "lib/frrstr.h"
#include "lib/linklist.h"

DEFINE_MTYPE_STATIC(PEERING, PEERING_KEPT_LINE, "Peering kept line");

struct kept_line {
	char vrf[VRF_NAME_MAX];
	char *text; /* MTYPE_PEERING_KEPT_LINE */
};

static struct list *lines;

/* With each keyword whole, whatever part of it was typed. MTYPE_TMP. */
static char *whole_line(int argc, struct cmd_token *argv[], int first)
{
	const char *words[argc + 1];

	for (int i = first; i < argc; i++)
		words[i - first] = argv[i]->type == WORD_TKN ? argv[i]->text : argv[i]->arg;
	return frrstr_join(words, argc - first, " ");
}

/* `no LINE` speaks of the line and of what begins with it, up to a whole word. */
static bool speaks_of(const char *text, const char *line)
{
	size_t length = strlen(text);

	return strncmp(line, text, length) == 0 && (line[length] == '\0' || line[length] == ' ');
}

static void take_out(const char *vrf, const char *text, bool itself_alone)
{
	struct listnode *node, *next;
	struct kept_line *line;

	for (ALL_LIST_ELEMENTS(lines, node, next, line)) {
		if (strcmp(line->vrf, vrf) != 0 ||
		    !(itself_alone ? strcmp(line->text, text) == 0 : speaks_of(text, line->text)))
			continue;
		list_delete_node(lines, node);
		XFREE(MTYPE_PEERING_KEPT_LINE, line->text);
		XFREE(MTYPE_PEERING_KEPT_LINE, line);
	}
}

COMMAND_HANDLER(kept_lines_command)
{
	struct bgp *bgp = VTY_GET_CONTEXT(bgp);
	bool no = argc && argv[0]->type == WORD_TKN && strcmp(argv[0]->text, "no") == 0;
	struct kept_line *line;
	char *text;

	if (!bgp)
		return CMD_WARNING_CONFIG_FAILED;
	text = whole_line(argc, argv, no);
	take_out(bgp_vrf_name(bgp), text, !no);
	if (!no) {
		line = XCALLOC(MTYPE_PEERING_KEPT_LINE, sizeof(*line));
		strlcpy(line->vrf, bgp_vrf_name(bgp), sizeof(line->vrf));
		line->text = XSTRDUP(MTYPE_PEERING_KEPT_LINE, text);
		listnode_add(lines, line);
	}
	XFREE(MTYPE_TMP, text);
	if (vty->type != VTY_FILE && vty->type != VTY_SHELL_SERV)
		vty_out(vty, "The peering module is inert: the line is kept, and means nothing before bgpd starts with it\n");
	return CMD_SUCCESS;
}

static int write_lines(struct bgp *bgp, struct vty *vty)
{
	struct listnode *node;
	struct kept_line *line;

	for (ALL_LIST_ELEMENTS_RO(lines, node, line))
		if (strcmp(line->vrf, bgp_vrf_name(bgp)) == 0)
			vty_out(vty, " %s\n", line->text);
	return 0;
}

void kept_lines_init(void)
{
	lines = list_new();
	hook_register(bgp_inst_config_write, write_lines);
}
