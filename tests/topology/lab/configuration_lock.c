// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Preloaded into bgpd: FRR's running configuration is locked by a client of its northbound (gRPC, `configure exclusive`)
 * while the file that PEERING_TEST_LOCK names is there.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

int nb_running_lock_check(int client, const void *user)
{
	int (*next)(int, const void *) = (int (*)(int, const void *))dlsym(RTLD_NEXT, "nb_running_lock_check");
	const char *path = getenv("PEERING_TEST_LOCK");

	return path && access(path, F_OK) == 0 ? -1 : next(client, user);
}
