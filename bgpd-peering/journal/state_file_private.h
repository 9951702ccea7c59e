/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What export and import of a state file share: the one operation that is under way. state_file.c has its beginning, its
 * end, its events and the file; state_export.c and state_import.c what is done at each step. bgpd's main thread only.
 */
#ifndef PEERING_STATE_FILE_PRIVATE_H
#define PEERING_STATE_FILE_PRIVATE_H

#include "bgpd-peering/journal/state_file.h"

#define STATE_FILE_SLICE_MICROSECONDS 3000

enum state_file_step {
	STEP_IDLE = 0,
	STEP_COLLECTING, /* export */
	STEP_WRITING,
	STEP_READING, /* import */
	STEP_CHECKING,
	STEP_CLOSING,
	STEP_OPENING,
	STEP_DEFAULT_DENY,
	STEP_FORGETTING,
};

struct state_file_operation {
	enum state_file_step step;
	bool importing, failed;
	char path[PATH_MAX];
	char message[512];

	/* export: what is written; import: what was read */
	char *bytes; /* malloc'd */
	size_t size, capacity;
	char position[CONNECTION_NAME_MAX];

	/* import */
	size_t at;
	unsigned int line; /* the one that ends in front of `at` */
	char router[CONNECTION_NAME_MAX];
	unsigned int taken, opening, known, left_out;
};
extern struct state_file_operation state_file_now;

/* False with a refusal. */
bool state_file_begin(const char *path, bool importing, struct verdict *verdict);
/* The next step's slice in the next turn. */
void state_file_go_on(void);
/* To the thread that reads or writes; false with a message, and the operation is to be finished. */
bool state_file_start_job(bool write);
/* With what `message` says. */
void state_file_finish(bool failed);

/* One slice that began at `begun`. */
void state_export_collect(const struct timeval *begun);

/* The file has been read. */
void state_import_begin_check(void);
void state_import_check(const struct timeval *begun);
void state_import_take(const struct timeval *begun);
/* What was noted for the check is given back: STEP_FORGETTING, where there is anything. */
bool state_import_has_notes(void);
void state_import_forget(const struct timeval *begun);

#endif
