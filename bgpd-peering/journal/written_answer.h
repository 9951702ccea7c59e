/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answer to a verb is held back until what it has changed is on the disk: what vtysh says is done is there after a
 * crash. bgpd goes on meanwhile; only the vtysh that has asked waits, and no longer than for ANSWER_SECONDS.
 *
 * FRR's CMD_SUSPEND sends no end of an answer, and reads on. The end is sent later on a descriptor of our own: the vty may
 * be gone by then. bgpd's main thread only.
 */
#ifndef PEERING_WRITTEN_ANSWER_H
#define PEERING_WRITTEN_ANSWER_H

#include "bgpd-peering/connection/connection.h"

#define ANSWER_SECONDS 3

/*
 * The last thing that a command does; its handler returns what this returns. `since` is durable_state_newest_line() from
 * before the verb, `result` what the handler would return. At once, where nothing has been journalled since, where the
 * journal cannot be written (which is said, but not in JSON), and where it is not vtysh that asks.
 */
int answer_when_written(struct vty *vty, uint64_t since, bool json, int result);

/* A line has reached the disk, or could not be written. By durable_state.c. */
void answers_journal_moved(void);

#endif
