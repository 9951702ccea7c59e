/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks at one thread of this process, and stops it in the middle of what it does, as a disk that hangs would. */
#ifndef TESTS_UNIT_FREEZE_H
#define TESTS_UNIT_FREEZE_H

#include <stdbool.h>
#include <sys/types.h>

/* The thread called `name`; waits some seconds for it to be there. 0 where it is not. */
pid_t thread_called(const char *name);

/* How many threads are called `name` now. */
unsigned int threads_called(const char *name);

/* Whether the thread called `name` has gone, or goes within some seconds. */
bool thread_gone(const char *name);

/* Whether the signals that a process may get from outside, or from a write, are blocked in the thread. */
bool thread_blocks_signals(pid_t thread);

/* Stops the thread until thaw(), which takes what this returns. -1 where the system does not allow it. */
pid_t freeze(pid_t thread);
void thaw(pid_t tracer);

#endif
