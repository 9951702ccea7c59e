// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/connection_name.h"

#include <string.h>
#include <strings.h>

/* Words of the grammar that stand, or will stand, where a name may stand; letter case does not save a name. */
static const char *const reserved[] = {
	"adopt",	"all",		"asn",		"bypass",	"clear",	"controller",
	"default-deny",	"default-deny-confederation",	"default-deny-except",		"gated",	"guard",
	"interface",	"json",		"maintenance",	"monitor",	"name",		"neighbor",	"none",
	"problems",	"profile",	"prometheus",	"router-name",	"state",	"state-file",	"summary",
	"timers",	"vrf",		"would-deny",
};

const char *connection_name_error(const char *name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";
	size_t length = strlen(name);

	if (length == 0)
		return "the name is empty; give 1 to 63 letters, digits, '.', '_', '-' or ':'";
	if (length >= CONNECTION_NAME_MAX)
		return "the name is too long; at most 63 characters";
	if (strspn(name, allowed) != length)
		return "the name has a character that is not allowed; use letters, digits, '.', '_', '-' and ':'";
	if (strchr("._-:", name[0]))
		return "the name must begin with a letter or a digit";
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (strcasecmp(name, reserved[i]) == 0)
			return "the name is a word of the command itself; choose another";
	return NULL;
}

const char *connection_new_name_error(const char *name)
{
	const char *error = connection_name_error(name);

	for (size_t i = 0; !error && i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (strncmp(name, reserved[i], strlen(name)) == 0)
			error = "the name is the beginning of a word of the command, and would be taken for that word; choose a longer one";
	return error;
}
