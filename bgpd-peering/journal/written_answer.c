// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/journal/written_answer.h"

#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/turn.h"

#include "lib/buffer.h"
#include "lib/command.h"

#include <fcntl.h>
#include <sys/socket.h>

DEFINE_MTYPE_STATIC(PEERING, PEERING_ANSWER, "Peering answer that waits for the disk");

static const char not_yet[] =
	"This is not in the journal yet: what closes a gate is in force, what opens one waits for the disk\n";
static const char given_up[] = "% The journal could not be written: no gate was opened\n";

PREDECL_DLIST(answer_list);
struct answer {
	struct answer_list_item item;
	int fd; /* of our own, on the socket of the vty */
	uint64_t since, upto;
	bool json;
	int result;
	event_ref *deadline;
};
DECLARE_DLIST(answer_list, struct answer, item);

static struct answer_list_head answers = INIT_DLIST(answers);

/* The status that ends an answer for vtysh. One that does not take it is gone, or has not read what came before. */
static void give(struct answer *answer, const char *words, int result)
{
	char text[sizeof(not_yet) + 4] = "";
	size_t length = answer->json ? 0 : strlcpy(text, words, sizeof(text));

	memset(text + length, 0, 3);
	text[length + 3] = (char)result;
	(void)!send(answer->fd, text, length + 4, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(answer->fd);
	event_stop(answer->deadline);
	answer_list_del(&answers, answer);
	XFREE(MTYPE_PEERING_ANSWER, answer);
}

static void too_late(event_ref *event)
{
	TURN(TURN_JOURNAL);
	struct answer *answer = event_argument(event);

	give(answer, not_yet, answer->result);
}

static bool given_up_in(const struct answer *answer)
{
	uint64_t lost = durable_state_given_up();

	return lost > answer->since && lost <= answer->upto;
}

void answers_journal_moved(void)
{
	struct answer *answer;

	frr_each_safe (answer_list, &answers, answer) {
		if (durable_state_lines_done(answer->upto))
			give(answer, given_up_in(answer) ? given_up : "",
			     given_up_in(answer) ? CMD_WARNING : answer->result);
		/* What opens is decided in the same batch: given up, or on the disk. */
		else if (durable_state_problem() && !durable_state_opens_between(answer->since, answer->upto))
			give(answer, given_up_in(answer) ? given_up : not_yet,
			     given_up_in(answer) ? CMD_WARNING : answer->result);
	}
}

int answer_when_written(struct vty *vty, uint64_t since, bool json, int result)
{
	uint64_t upto = durable_state_newest_line();
	struct answer *answer;
	int fd;

	if (upto == since || durable_state_lines_done(upto))
		return result;
	if (durable_state_problem()) {
		if (!json)
			vty_out(vty, "%s", not_yet);
		return result;
	}
	if (vty->type != VTY_SHELL_SERV || buffer_flush_available(vty->obuf, vty->wfd) != BUFFER_EMPTY)
		return result;
	fd = fcntl(vty->wfd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return result;
	answer = XCALLOC(MTYPE_PEERING_ANSWER, sizeof(*answer));
	*answer = (struct answer){.fd = fd, .since = since, .upto = upto, .json = json, .result = result};
	answer_list_add_tail(&answers, answer);
	event_add_seconds(too_late, answer, ANSWER_SECONDS, &answer->deadline);
	return CMD_SUSPEND;
}
