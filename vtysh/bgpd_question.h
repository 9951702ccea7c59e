/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the boot guard asks bgpd over its vty socket. Nothing here waits longer than BGPD_PATIENCE in all.
 */
#ifndef PEERING_BGPD_QUESTION_H
#define PEERING_BGPD_QUESTION_H

#include <limits.h>
#include <stddef.h>

#define BGPD_PATIENCE 30 /* seconds */

enum bgpd_answer {
	BGPD_ENFORCES = 0,
	BGPD_INERT,   /* the module is loaded, and does nothing */
	BGPD_WITHOUT, /* no module, or one that was built for another bgpd */
	BGPD_SILENT,  /* there is a bgpd that does not answer */
	BGPD_ABSENT,  /* there is none */
};

/*
 * Asks the bgpd behind `socket_path`. `state_directory` becomes that of its module, "" where bgpd does not say; where the
 * module does not enforce, *running is bgpd's running configuration (malloc'd), NULL where it could not be had.
 */
enum bgpd_answer bgpd_question(const char *socket_path, char state_directory[PATH_MAX], char **running, size_t *length);

/* bgpd's running configuration, malloc'd; NULL where it could not be had. */
char *bgpd_running_config(const char *socket_path, size_t *length);

#endif
