// SPDX-License-Identifier: GPL-2.0-or-later
#include "peering-config.h"

#include "tests/unit/own_network.h"

#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/temporary.h"

static bool loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool up;

	if (fd < 0)
		return false;
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	up = ioctl(fd, SIOCSIFFLAGS, &request) == 0;
	close(fd);
	return up;
}

static bool put_over(const char *system_file, const char *name, const char *content)
{
	char *real = realpath(system_file, NULL);
	bool done;

	temporary_write(name, content, strlen(content));
	done = real && mount(temporary_path(name), real, "none", MS_BIND, NULL) == 0;
	free(real);
	return done;
}

/* An ordinary user becomes root of a namespace of its own first. */
static bool become_root(void)
{
	char map[64];
	uid_t uid = geteuid();
	FILE *file;

	if (uid == 0)
		return true;
	if (unshare(CLONE_NEWUSER) != 0)
		return false;
	snprintf(map, sizeof(map), "0 %u 1\n", (unsigned int)uid);
	file = fopen("/proc/self/uid_map", "w");
	return file && fputs(map, file) >= 0 && fclose(file) == 0;
}

bool own_network_enter(void)
{
	/* made before there is another user, or it could not be removed */
	temporary_directory();
	/* the loopback before what may fail: in a chroot whose root is no mount point the network is all there is */
	return become_root() && unshare(CLONE_NEWNET | CLONE_NEWNS) == 0 && loopback_up() &&
	       mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
	       put_over("/etc/resolv.conf", "resolv.conf", "nameserver 127.0.0.1\noptions timeout:2 attempts:2\n") &&
	       put_over("/etc/hosts", "hosts", "127.0.0.1 localhost\n::1 localhost\n") &&
	       put_over("/etc/nsswitch.conf", "nsswitch.conf", "hosts: files dns\n");
}
