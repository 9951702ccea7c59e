/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `peering state export FILE` and `import FILE`: what is known of every connection, in one file that another router, or
 * this one without its journal, takes over.
 *
 * The format is the journal's, one JSON line a record, between a first line `export` and a last line `end` that counts
 * them. What is known here is never overruled by a file: import speaks only of what this router knows nothing of, or no
 * more than that its configuration declares it or that it has come up undeclared. It is read whole and checked whole
 * before anything is done; what closes is done first. doc/guide.md has the rules. bgpd's main thread only: it works in
 * slices of a few milliseconds, and files are a thread's business (file_job.h).
 */
#ifndef PEERING_STATE_FILE_H
#define PEERING_STATE_FILE_H

#include "bgpd-peering/connection/transition.h"

#define STATE_FILE_LINES_MAX 50000

/* Begins one; false with a refusal: a path that is not absolute, another one under way, no journal to write. */
bool state_file_export(const char *path, struct verdict *verdict);
bool state_file_import(const char *path, struct verdict *verdict);

/* The newest one. */
struct state_file_report {
	const char *operation; /* "export", "import"; NULL: there was none since bgpd started */
	const char *status;    /* "running", "done", "failed" */
	const char *path;
	const char *message; /* a sentence: what was done, or why nothing was */
};
struct state_file_report state_file_report(void);

#endif
