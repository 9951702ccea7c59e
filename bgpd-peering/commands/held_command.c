// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/commands/held_command.h"

#include "bgpd-peering/commands/commands.h"
#include "bgpd-peering/connection/connection.h"
#include "bgpd-peering/push/push.h"
#include "bgpd-peering/turn.h"

#include "lib/buffer.h"

#include <fcntl.h>

DEFINE_MTYPE_STATIC(PEERING, PEERING_HELD_COMMAND, "Peering command that waits for a push");

/* No beginning of it is that of a command of bgpd's. */
#define INSTEAD "held-back-by-peering-push"

PREDECL_DLIST(held_command_list);
struct held_command {
	struct held_command_list_item item;
	int fd;		/* of our own, on the socket of the vty */
	char *line;	/* as it is executed in ENABLE_NODE */
	struct buffer *answer; /* NULL while it waits */
	event_ref *event; /* the latest moment for it, and then what is still to be sent */
};
DECLARE_DLIST(held_command_list, struct held_command, item);

static struct held_command_list_head waiting = INIT_DLIST(waiting), answering = INIT_DLIST(answering);
static event_ref *run_event;

static void command_free(struct held_command *command)
{
	event_stop(command->event);
	close(command->fd);
	if (command->answer)
		buffer_free(command->answer);
	XFREE(MTYPE_PEERING_HELD_COMMAND, command->line);
	XFREE(MTYPE_PEERING_HELD_COMMAND, command);
}

/* ---- which are held ---- */

static bool begins(const char *line, const char *word)
{
	return strncmp(line, word, strlen(word)) == 0;
}

/* The line as it would be typed in ENABLE_NODE. */
static const char *without_do(const char *line)
{
	line += strspn(line, " ");
	if (begins(line, "do "))
		line += strlen("do ") + strspn(line + strlen("do "), " ");
	return line;
}

bool held_command_prints_configuration(const char *line)
{
	line = without_do(line);
	return begins(line, "wr") || ((begins(line, "sh") || begins(line, "co")) && strstr(line, " ru"));
}

static void too_late(event_ref *event);

bool held_command_take(struct vty *vty, const char *line, char **instead)
{
	struct held_command *command;
	int fd;

	/* Who may not look at the configuration is told so at once. */
	if (vty->type != VTY_SHELL_SERV || vty->node < ENABLE_NODE ||
	    buffer_flush_available(vty->obuf, vty->wfd) != BUFFER_EMPTY)
		return false;
	fd = fcntl(vty->wfd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return false;
	command = XCALLOC(MTYPE_PEERING_HELD_COMMAND, sizeof(*command));
	command->fd = fd;
	command->line = XSTRDUP(MTYPE_PEERING_HELD_COMMAND, without_do(line));
	held_command_list_add_tail(&waiting, command);
	event_add_seconds(too_late, command, HELD_COMMAND_SECONDS, &command->event);
	*instead = XSTRDUP(MTYPE_TMP, vty->node == ENABLE_NODE ? INSTEAD : "do " INSTEAD);
	return true;
}

static COMMAND_HANDLER(say_nothing)
{
	return CMD_SUSPEND;
}

void held_command_init(void)
{
	static struct cmd_element element = {.string = INSTEAD,
					     .doc = "What is executed in the place of a command that waits\n",
					     .func = say_nothing,
					     .attr = CMD_ATTR_HIDDEN,
					     .name = "held_command"};

	install_element(ENABLE_NODE, &element);
}

/* ---- what becomes of them ---- */

static void send_some(struct held_command *command);

static void on_writable(event_ref *event)
{
	TURN(TURN_SHOW);

	send_some(event_argument(event));
}

static void send_some(struct held_command *command)
{
	if (buffer_flush_available(command->answer, command->fd) == BUFFER_PENDING) {
		event_add_writable(on_writable, command, command->fd, &command->event);
		return;
	}
	held_command_list_del(&answering, command);
	command_free(command);
}

static void execute(struct held_command *command)
{
	unsigned char end[4] = {0};
	struct vty *vty = vty_new();
	char *said = NULL;
	size_t size = 0;

	vty->type = VTY_SHELL;
	vty->node = ENABLE_NODE;
	vty->of = open_memstream(&said, &size);
	end[3] = vty->of ? (unsigned char)cmd_execute(vty, command->line, NULL, 0) : CMD_WARNING;
	if (vty->of)
		fclose(vty->of);
	vty->of = NULL;
	vty_close(vty);
	command->answer = buffer_new(0);
	if (said)
		buffer_put(command->answer, said, size);
	buffer_put(command->answer, end, sizeof(end));
	free(said);
}

static void run_first(event_ref *event)
{
	struct held_command *command;
	TURN(TURN_SHOW);

	if (push_is_being_applied())
		return;
	command = held_command_list_pop(&waiting);
	event_stop(command->event);
	held_command_list_add_tail(&answering, command);
	execute(command);
	send_some(command);
	held_commands_go_on();
}

void held_commands_go_on(void)
{
	if (held_command_list_first(&waiting) && !run_event)
		event_add_now(run_first, NULL, &run_event);
}

static void too_late(event_ref *event)
{
	TURN(TURN_COMMAND);

	push_finish();
}

void held_commands_stop(void)
{
	struct held_command *command;

	event_stop(run_event);
	while ((command = held_command_list_pop(&waiting)))
		command_free(command);
	while ((command = held_command_list_pop(&answering)))
		command_free(command);
}
