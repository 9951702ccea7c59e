// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/push/password.h"

#include "bgpd-peering/router.h"

#define KEY_FILE "password.key"

static struct secret_key *key;
static char problem[PATH_MAX + 256] = "the key is not loaded yet; try again in a moment";

void password_start(void)
{
	char path[PATH_MAX + sizeof(KEY_FILE)];

	if (key)
		return;
	snprintf(path, sizeof(path), "%s/%s", router.state_directory, KEY_FILE);
	key = secret_key_load(path, problem, sizeof(problem));
	if (!key)
		zlog_warn("peering: passwords cannot be pushed: %s", problem);
}

static void place_of(const char *connection, const char *address, char place[CONNECTION_NAME_MAX + SESSION_ADDRESS_MAX])
{
	snprintf(place, CONNECTION_NAME_MAX + SESSION_ADDRESS_MAX, "%s %s", connection, address);
}

bool password_seal(const char *connection, const char *address, const char *text, char sealed[SECRET_SEALED_SIZE])
{
	char place[CONNECTION_NAME_MAX + SESSION_ADDRESS_MAX];

	sealed[0] = '\0';
	if (!text[0])
		return true;
	place_of(connection, address, place);
	return key && secret_seal(key, place, text, sealed);
}

bool password_open(const char *connection, const char *address, const char *sealed, char text[SECRET_TEXT_MAX + 1])
{
	char place[CONNECTION_NAME_MAX + SESSION_ADDRESS_MAX];

	place_of(connection, address, place);
	text[0] = '\0';
	return key && secret_open(key, place, sealed, text);
}

bool password_seal_declared(Peering__DeclareConnection *declaration, struct verdict *verdict)
{
	bool good = true;

	for (size_t i = 0; i < declaration->n_neighbors; i++) {
		Peering__Neighbor *neighbor = declaration->neighbors[i];
		char address[SESSION_ADDRESS_MAX], sealed[SECRET_SEALED_SIZE];

		neighbor->password_differs = false;
		if (!neighbor->password[0])
			continue;
		good &= session_normalize(neighbor->address, address) &&
			password_seal(declaration->name, address, neighbor->password, sealed);
		explicit_bzero(neighbor->password, strlen(neighbor->password));
		free(neighbor->password);
		neighbor->password = strdup(good ? sealed : "");
		if (!neighbor->password)
			memory_oom(sizeof(sealed), "password");
	}
	if (!good)
		verdict_refuse(verdict, "no-key", "%s: the router cannot keep a password: %s", declaration->name, problem);
	return good;
}
