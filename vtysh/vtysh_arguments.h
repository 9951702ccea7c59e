/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtysh's command line, as vtysh of every supported FRR reads it. */
#ifndef PEERING_VTYSH_ARGUMENTS_H
#define PEERING_VTYSH_ARGUMENTS_H

#include <limits.h>
#include <stdbool.h>

struct vtysh_arguments {
	bool loads;		 /* a file into daemons: `-b` or `-f`, and nothing that makes it something else; or it marks */
	bool marks;		 /* `-m -f`: frr-reload.py asks what a file says, and will make bgpd so */
	bool forgives;		 /* `-b -n`: ends with 0 whatever the file's lines come to */
	const char *daemon;	 /* `-d`, or NULL */
	char file[PATH_MAX];	 /* that it loads */
	bool both;		 /* `-b` and `-f`: up to FRR 8 it is the file of `-f`, then vtysh_arguments_boot_file() */
	char socket_folder[PATH_MAX];
	char config_folder[PATH_MAX];
	char **others; /* every other option than -b, -f and -d, NULL at the end, with room for four more words */
	int other_count;
};

/* False where an option is unknown: then it is for vtysh to say so. What it points to lives as long as argv. */
bool vtysh_arguments(int argc, char **argv, struct vtysh_arguments *arguments);

/* `file` becomes the one that `-b` loads. */
void vtysh_arguments_boot_file(struct vtysh_arguments *arguments);

#endif
