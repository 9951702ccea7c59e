// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/api/api_identity.h"

#include <string.h>
#include <strings.h>

#include "controller/api/api.h"

static const char *const role_names[API_ROLE_COUNT] = {"peer", "viewer", "operator", "admin"};

const char *api_role_name(enum api_role role)
{
	return (unsigned int)role < API_ROLE_COUNT ? role_names[role] : "?";
}

int api_role_from_name(const char *name)
{
	for (int role = 0; role < API_ROLE_COUNT; role++)
		if (strcmp(role_names[role], name) == 0)
			return role;
	return -1;
}

/* `list` is what the configuration holds: names with commas between them. */
static bool is_listed(const char *list, const char *email)
{
	while (*list != '\0') {
		size_t length;

		list += strspn(list, CONFIG_LIST_GAP);
		length = strcspn(list, CONFIG_LIST_GAP);
		if (length == strlen(email) && strncasecmp(list, email, length) == 0)
			return true;
		list += length;
	}
	return false;
}

enum api_role api_role_of_certificate(const struct config *config, const char *email)
{
	/* Who stands in both has the lesser. */
	if (is_listed(config->viewers, email))
		return API_ROLE_VIEWER;
	return is_listed(config->admins, email) ? API_ROLE_ADMIN : API_ROLE_OPERATOR;
}

bool api_may_see_asn(const struct api_request *request, uint32_t asn)
{
	return request->identity.role > API_ROLE_PEER || (asn != 0 && request->identity.asn == asn);
}
