// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/router.h"

#define STATE_DIRECTORY "/var/lib/frr/peering"
#define TLS_DIRECTORY "/etc/frr/peering"

struct router router = {
	.state_directory = STATE_DIRECTORY,
	.tls_directory = TLS_DIRECTORY,
	.booting = true,
};

bool router_works(void)
{
	char error[256];

	if (router.inert)
		return false;
	if (frr_structures_fit(error, sizeof(error)))
		return true;
	router.inert = true;
	zlog_err("peering: inert: %s: same version, other build options; install the frr-peering of this FRR. No session is gated from here on",
		 error);
	return false;
}

const char *router_inert_reason(void)
{
	return router.crashed ? "bgpd has crashed with it too often: `clear peering crashes`, then restart bgpd"
			      : "its log says why";
}

static bool take_argument(const char *word, char *error, size_t error_size)
{
	static const struct {
		const char *name;
		char *directory;
	} known[] = {
		{"state-dir=", router.state_directory},
		{"tls-dir=", router.tls_directory},
	};

	for (size_t i = 0; i < array_size(known); i++) {
		size_t length = strlen(known[i].name);

		if (strncmp(word, known[i].name, length) != 0)
			continue;
		word += length;
		if (word[0] != '/' || strlcpy(known[i].directory, word, PATH_MAX) >= PATH_MAX) {
			snprintf(error, error_size, "'%s%s' is not an absolute path", known[i].name, word);
			return false;
		}
		return true;
	}
	snprintf(error, error_size, "'%s' is not an argument of the module; use state-dir=DIR or tls-dir=DIR", word);
	return false;
}

bool router_arguments(const char *arguments, char *error, size_t error_size)
{
	char *copy, *rest, *word;
	bool good = true;

	if (!arguments)
		return true;
	copy = rest = XSTRDUP(MTYPE_TMP, arguments);
	while (good && (word = strsep(&rest, ",")))
		if (*word)
			good = take_argument(word, error, error_size);
	XFREE(MTYPE_TMP, copy);
	return good;
}

bool router_reading_file(const struct vty *vty)
{
	return vty->type == VTY_FILE || router.reading_file;
}

bool router_file_ends(const char *command)
{
	if (!command || strncmp(command, "XFRR_", 5) != 0)
		return false;
	if (strcmp(command, "XFRR_start_configuration") == 0)
		router.reading_file = true;
	return strcmp(command, "XFRR_end_configuration") == 0;
}

/* ---- clock and log ---- */

uint64_t wall_clock_milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t wall_clock_seconds_since(uint64_t milliseconds)
{
	uint64_t now = wall_clock_milliseconds();

	return now > milliseconds ? (now - milliseconds) / 1000 : 0;
}
