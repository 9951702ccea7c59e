// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/service/first_token.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/api/api_tokens.h"
#include "controller/log.h"
#include "controller/text.h"

static bool become_owner(const char *database)
{
	char folder[PATH_MAX];
	struct stat status;
	char *slash;

	if (geteuid() != 0)
		return true;
	snprintf(folder, sizeof(folder), "%s", database);
	slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	if (stat(database, &status) != 0 && stat(folder, &status) != 0)
		return true;
	return status.st_uid == 0 ||
	       (setgroups(0, NULL) == 0 && setgid(status.st_gid) == 0 && setuid(status.st_uid) == 0);
}

/* The token and its row of the audit log. */
static enum store_result create(struct store *store, const struct token_wish *wish, char text[TOKEN_TEXT_SIZE])
{
	char id[TOKEN_ID_SIZE];
	struct store_audit row = {
		.at = clock_milliseconds(),
		.actor = wish->created_by,
		.role = api_role_name(API_ROLE_ADMIN),
		.address = "local",
		.action = "token.create",
		.object = id,
		.detail = "{}",
	};
	enum store_result result = store_begin(store);

	if (result == STORE_OK)
		result = token_create(store, wish, text, id);
	if (result == STORE_OK)
		result = store_audit(store, &row);
	if (result == STORE_OK)
		result = store_commit(store);
	if (result != STORE_OK)
		store_rollback(store);
	return result;
}

static int fail(const char *sentence)
{
	fprintf(stderr, "peering-controller: %s\n", sentence);
	return EXIT_FAILURE;
}

int first_token(const char *database, const char *role, const char *name)
{
	const struct passwd *user = getpwuid(getuid());
	char error[STORE_ERROR_MAX], created_by[128], text[TOKEN_TEXT_SIZE];
	int number = api_role_from_name(role);
	struct token_wish wish = {.name = name, .days = TOKEN_DAYS_STANDARD, .created_by = created_by};
	enum store_result result;
	struct store *store;

	if (number <= API_ROLE_PEER)
		return fail("the role is viewer, operator or admin; peers' tokens are made with peerctl");
	if (!token_name_is_good(name))
		return fail("the name of a token has 1 to 64 letters, digits, '.', '_', '-' or '@'");
	wish.role = (enum api_role)number;
	snprintf(created_by, sizeof(created_by), "local:%s", user ? user->pw_name : log_number(getuid()));
	if (!become_owner(database))
		return fail(strerror(errno));
	store = store_open_beside(database, error, sizeof(error));
	if (!store)
		return fail(error);
	result = create(store, &wish, text);
	if (result == STORE_REFUSED)
		fail("there is a token of this name; revoke that one, or choose another name");
	else if (result != STORE_OK)
		fail(store_error(store)[0] ? store_error(store) : "this machine has no random numbers yet; try again");
	else
		puts(text);
	store_close(store);
	return result == STORE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
