// SPDX-License-Identifier: GPL-2.0-or-later
#include "peering-config.h"

#include "controller/service/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "controller/log.h"

bool privileges_drop(const char *user, char *error, size_t error_size)
{
	const struct passwd *entry;

	/* For whatever user: no program that could be started gets more. */
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (geteuid() != 0)
		return true;
	if (user[0] == '\0') {
		log_event(LEVEL_WARNING, "running-as-root", "do",
			  "set 'user' in the configuration, or start it as another user, as the unit does", NULL);
		return true;
	}
	errno = 0;
	entry = getpwnam(user);
	if (!entry) {
		snprintf(error, error_size, "there is no user '%s': %s", user,
			 errno ? strerror(errno) : "make it, or set 'user'");
		return false;
	}
	if (initgroups(user, entry->pw_gid) < 0 || setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) < 0 ||
	    setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) < 0) {
		snprintf(error, error_size, "cannot become user '%s': %s", user, strerror(errno));
		return false;
	}
	/* A user of id 0 is root under another name. */
	if (geteuid() == 0 || setuid(0) == 0) {
		snprintf(error, error_size, "'user' is '%s', which is root; name another", user);
		return false;
	}
	return true;
}
