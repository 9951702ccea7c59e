/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A job that may wait for long, in a thread of its own, which ends with it. No FRR in it.
 */
#ifndef PEERING_JOB_THREAD_H
#define PEERING_JOB_THREAD_H

#include <stdbool.h>

#include "bgpd-peering/link/mailbox.h"

/*
 * Main thread. `carry_out` runs in the thread, which is called `name` (15 characters; the string stays) and takes no
 * signals; then the job, one malloc'd object that begins with its mail, is posted to `done`, which must outlive it. False
 * with errno where no thread can be had; the job is the caller's then.
 */
bool job_thread_start(const char *name, void (*carry_out)(struct mail *job), struct mail *job, struct mailbox *done);

#endif
