/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes or reads one whole file in a thread of its own: a disk may hang, and bgpd's main thread must not with it.
 *
 * No FRR in it. A job is one malloc'd object; starting it gives it away, and it comes back through the mailbox.
 */
#ifndef PEERING_FILE_JOB_H
#define PEERING_FILE_JOB_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "bgpd-peering/link/mailbox.h"

#define FILE_JOB_MAX (64u * 1024 * 1024) /* bytes; a larger file is not read */

struct file_job {
	struct mail mail; /* first */
	char path[PATH_MAX];
	bool write;
	char *bytes; /* malloc'd, the job's: what to write; what was read, with a NUL behind it */
	size_t size;
	char error[256]; /* a sentence; empty where all went well */
};

/*
 * Main thread. Writing: beside the path, synced, then under its name, which must not exist; mode 0600; nothing is left
 * where that fails. Reading: a regular file. The job is posted to `done`, which must outlive it. False with errno where
 * no thread can be had; the job is the caller's then.
 */
bool file_job_start(struct file_job *job, struct mailbox *done);
/* NULL where memory is short. */
struct file_job *file_job_new(const char *path, bool write);
void file_job_free(struct file_job *job);

#endif
