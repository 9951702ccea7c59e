// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/service/service_manager.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct service_manager {
	int fd;
	struct sockaddr_un to;
	socklen_t to_size;
	struct event *beat; /* NULL: no watchdog */
};

static void tell(struct service_manager *manager, const char *state)
{
	if (manager)
		sendto(manager->fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&manager->to,
		       manager->to_size);
}

/* A path, or '@' and a name that is not in the file system. */
static bool find_socket(struct service_manager *manager, const char *name)
{
	size_t length = name ? strlen(name) : 0;

	if (length < 2 || length >= sizeof(manager->to.sun_path) || (name[0] != '/' && name[0] != '@'))
		return false;
	manager->to.sun_family = AF_UNIX;
	memcpy(manager->to.sun_path, name, length);
	if (name[0] == '@')
		manager->to.sun_path[0] = '\0';
	manager->to_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	return true;
}

static void beat(evutil_socket_t fd, short what, void *context)
{
	tell(context, "WATCHDOG=1");
}

/* Three times in the time that it waits. */
static bool start_beating(struct service_manager *manager, struct event_base *base)
{
	const char *text = getenv("WATCHDOG_USEC"), *process = getenv("WATCHDOG_PID");
	uint64_t microseconds = text ? strtoull(text, NULL, 10) / 3 : 0;
	struct timeval each = {.tv_sec = (time_t)(microseconds / 1000000),
			       .tv_usec = (suseconds_t)(microseconds % 1000000)};

	if (microseconds == 0 || (process && strtol(process, NULL, 10) != (long)getpid()))
		return true;
	manager->beat = event_new(base, -1, EV_PERSIST, beat, manager);
	return manager->beat && event_add(manager->beat, &each) == 0;
}

struct service_manager *service_manager_new(struct event_base *base)
{
	struct service_manager *manager = calloc(1, sizeof(*manager));

	if (!manager)
		return NULL;
	manager->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (manager->fd >= 0 && find_socket(manager, getenv("NOTIFY_SOCKET")) && start_beating(manager, base))
		return manager;
	service_manager_free(manager);
	return NULL;
}

void service_manager_free(struct service_manager *manager)
{
	if (!manager)
		return;
	if (manager->beat)
		event_free(manager->beat);
	if (manager->fd >= 0)
		close(manager->fd);
	free(manager);
}

void service_manager_ready(struct service_manager *manager)
{
	tell(manager, "READY=1");
}

void service_manager_stopping(struct service_manager *manager)
{
	tell(manager, "STOPPING=1");
}
