// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "vtysh/bgpd_question.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MAX (512UL * 1024 * 1024)
#define END_LENGTH 4 /* three NULs and a status byte */

static int64_t now_milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd one = {.fd = fd, .events = events};
	int ready;

	do {
		int64_t left = deadline - now_milliseconds();

		if (left <= 0)
			return false;
		ready = poll(&one, 1, (int)left);
	} while (ready < 0 && errno == EINTR);
	return ready > 0;
}

static bool send_command(int fd, const char *command, int64_t deadline)
{
	size_t length = strlen(command) + 1, sent = 0;

	while (sent < length) {
		ssize_t some;

		if (!wait_for(fd, POLLOUT, deadline))
			return false;
		some = send(fd, command + sent, length - sent, MSG_NOSIGNAL);
		if (some < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		if (some > 0)
			sent += (size_t)some;
	}
	return true;
}

/* The answer, malloc'd and ended by a NUL; NULL where none came in time. `status` is bgpd's, 0 for success. */
static char *ask(int fd, const char *command, int64_t deadline, size_t *length, int *status)
{
	char *answer = NULL;
	size_t room = 0;

	*length = 0;
	if (!send_command(fd, command, deadline))
		return NULL;
	for (;;) {
		ssize_t some;

		if (room - *length < 4096) {
			char *more = room < ANSWER_MAX ? realloc(answer, room ? 2 * room : 65536) : NULL;

			if (!more)
				break;
			answer = more;
			room = room ? 2 * room : 65536;
		}
		if (!wait_for(fd, POLLIN, deadline))
			break;
		some = recv(fd, answer + *length, room - *length, 0);
		if (some < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (some <= 0)
			break;
		*length += (size_t)some;
		if (*length >= END_LENGTH && memcmp(answer + *length - END_LENGTH, "\0\0\0", 3) == 0) {
			*status = (unsigned char)answer[*length - 1];
			*length -= END_LENGTH;
			return answer;
		}
	}
	free(answer);
	return NULL;
}

/* Of `-M peering:state-dir=DIR,…` on bgpd's command line; where there is a module it may be one that cannot answer. */
static void look_at_command_line(int fd, char state_directory[PATH_MAX])
{
	static const char key[] = "state-dir=";
	struct ucred peer;
	socklen_t size = sizeof(peer);
	char path[64], words[65536], *found;
	ssize_t length;
	int file;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
		return;
	snprintf(path, sizeof(path), "/proc/%ld/cmdline", (long)peer.pid);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return;
	length = read(file, words, sizeof(words) - 1);
	close(file);
	if (length <= 0)
		return;
	words[length] = '\0';
	found = memmem(words, (size_t)length, key, strlen(key));
	if (found) {
		found += strlen(key);
		snprintf(state_directory, PATH_MAX, "%.*s", (int)strcspn(found, ",\n"), found);
	}
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

static char *ask_running_config(int fd, int64_t deadline, size_t *length)
{
	size_t ignored;
	int status;

	free(ask(fd, "enable", deadline, &ignored, &status));
	return ask(fd, "show running-config", deadline, length, &status);
}

char *bgpd_running_config(const char *socket_path, size_t *length)
{
	int fd = connect_to(socket_path);
	char *running;

	*length = 0;
	if (fd < 0)
		return NULL;
	running = ask_running_config(fd, now_milliseconds() + BGPD_PATIENCE * 1000, length);
	close(fd);
	return running;
}

enum bgpd_answer bgpd_question(const char *socket_path, char state_directory[PATH_MAX], char **running, size_t *length)
{
	int64_t deadline = now_milliseconds() + BGPD_PATIENCE * 1000;
	enum bgpd_answer result = BGPD_WITHOUT;
	int fd = connect_to(socket_path), status = 0;
	size_t answered;
	char *answer;

	state_directory[0] = '\0';
	*running = NULL;
	*length = 0;
	/* A queue that is full says that bgpd does not come to take it. */
	if (fd < 0)
		return errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR ? BGPD_ABSENT : BGPD_SILENT;
	answer = ask(fd, "show peering guard", deadline, &answered, &status);
	if (!answer) {
		close(fd);
		return BGPD_SILENT;
	}
	if (status == 0) {
		char *directory = memmem(answer, answered, "state-dir ", 10);

		if (directory)
			snprintf(state_directory, PATH_MAX, "%.*s", (int)strcspn(directory + 10, "\r\n"), directory + 10);
		if (strncmp(answer, "enforcing", 9) == 0)
			result = BGPD_ENFORCES;
		else if (strncmp(answer, "inert", 5) == 0)
			result = BGPD_INERT;
	}
	free(answer);
	if (result != BGPD_ENFORCES) {
		if (!state_directory[0])
			look_at_command_line(fd, state_directory);
		*running = ask_running_config(fd, deadline, length);
	}
	close(fd);
	return result;
}
