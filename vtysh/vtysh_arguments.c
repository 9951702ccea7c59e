// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "vtysh/vtysh_arguments.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Behind the letters. */
enum { OPTION_SOCKET = 1000, OPTION_CONFIG, OPTION_NO_FORK, OPTION_TIMEOUT };

static const struct option long_options[] = {
	{"boot", no_argument, NULL, 'b'},
	{"eval", required_argument, NULL, 'e'},
	{"command", required_argument, NULL, 'c'},
	{"daemon", required_argument, NULL, 'd'},
	{"vty_socket", required_argument, NULL, OPTION_SOCKET},
	{"config_dir", required_argument, NULL, OPTION_CONFIG},
	{"inputfile", required_argument, NULL, 'f'},
	{"histfile", required_argument, NULL, 'H'},
	{"echo", no_argument, NULL, 'E'},
	{"dryrun", no_argument, NULL, 'C'},
	{"help", no_argument, NULL, 'h'},
	{"noerror", no_argument, NULL, 'n'},
	{"mark", no_argument, NULL, 'm'},
	{"writeconfig", no_argument, NULL, 'w'},
	{"pathspace", required_argument, NULL, 'N'},
	{"user", no_argument, NULL, 'u'},
	{"timestamp", no_argument, NULL, 't'},
	{"no-fork", no_argument, NULL, OPTION_NO_FORK},
	{"exec-timeout", required_argument, NULL, OPTION_TIMEOUT},
	{NULL, 0, NULL, 0},
};

static void keep(struct vtysh_arguments *arguments, int option, const char *value)
{
	char *word;

	for (size_t i = 0; long_options[i].name; i++) {
		if (long_options[i].val != option)
			continue;
		if (asprintf(&word, "--%s%s%s", long_options[i].name, value ? "=" : "", value ? value : "") < 0)
			abort();
		arguments->others[arguments->other_count++] = word;
		return;
	}
}

void vtysh_arguments_boot_file(struct vtysh_arguments *arguments)
{
	snprintf(arguments->file, sizeof(arguments->file), "%.*s/frr.conf", PATH_MAX - 16, arguments->config_folder);
}

bool vtysh_arguments(int argc, char **argv, struct vtysh_arguments *arguments)
{
	bool boots = false, forgives = false, other = false;
	const char *file = NULL, *space = NULL, *socket_folder = "/var/run/frr", *config_folder = "/etc/frr";
	int option;

	*arguments = (struct vtysh_arguments){.others = calloc((size_t)argc + 5, sizeof(char *))};
	if (!arguments->others)
		abort();
	opterr = 0;
	while ((option = getopt_long(argc, argv, "be:c:d:nf:H:mEhCwN:ut", long_options, NULL)) != -1) {
		switch (option) {
		case 'b':
			boots = true;
			continue;
		case 'f':
			file = optarg;
			continue;
		case 'd':
			arguments->daemon = optarg;
			continue;
		case 'n':
			forgives = true;
			break;
		case 'm':
			arguments->marks = true;
			break;
		case 'h':
		case 'C':
		case 'w':
			other = true;
			break;
		case 'N':
			space = optarg;
			break;
		case OPTION_SOCKET:
			socket_folder = optarg;
			break;
		case OPTION_CONFIG:
			config_folder = optarg;
			break;
		case '?':
		case ':':
			return false;
		default:
			break;
		}
		keep(arguments, option, optarg);
	}
	/* With commands besides it loads the file all the same, in the later versions. */
	arguments->loads = (arguments->marks ? file && strcmp(file, "-") != 0 : boots || file) && !other;
	arguments->forgives = boots && forgives;
	snprintf(arguments->socket_folder, sizeof(arguments->socket_folder), "%s%s%s", socket_folder, space ? "/" : "",
		 space ? space : "");
	snprintf(arguments->config_folder, sizeof(arguments->config_folder), "%s%s%s", config_folder, space ? "/" : "",
		 space ? space : "");
	if (file)
		snprintf(arguments->file, sizeof(arguments->file), "%s", file);
	else
		vtysh_arguments_boot_file(arguments);
	arguments->both = boots && file;
	return true;
}
