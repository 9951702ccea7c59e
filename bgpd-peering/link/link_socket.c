// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A VRF is a device that the socket is bound to, or a network namespace (zebra's `--vrfwnetns`), which the thread enters while
 * it makes the socket: a socket stays where it was made.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "bgpd-peering/link/link_socket.h"

#include "bgpd-peering/thread_capabilities.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAMESPACES "/run/netns"

static bool is_link_local(const struct sockaddr *address)
{
	return address->sa_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

/* `lo` has these in front of the router's own. */
static bool is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
	return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

/* An address in text. */
static bool read_address(const char *text, struct sockaddr_storage *address)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;

	*address = (struct sockaddr_storage){.ss_family = AF_INET};
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
		return true;
	*address = (struct sockaddr_storage){.ss_family = AF_INET6};
	return inet_pton(AF_INET6, text, &v6->sin6_addr) == 1;
}

/* The first address of the interface that can speak with `to`. */
static bool address_of_interface(const char *name, const struct sockaddr *to, struct sockaddr_storage *address)
{
	struct ifaddrs *all = NULL;
	bool found = false;

	if (getifaddrs(&all) != 0)
		return false;
	for (struct ifaddrs *one = all; one && !found; one = one->ifa_next) {
		if (!one->ifa_addr || strcmp(one->ifa_name, name) != 0 || one->ifa_addr->sa_family != to->sa_family ||
		    is_link_local(one->ifa_addr) != is_link_local(to) || is_loopback(one->ifa_addr) != is_loopback(to))
			continue;
		found = true;
		*address = (struct sockaddr_storage){.ss_family = AF_UNSPEC};
		memcpy(address, one->ifa_addr,
		       to->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
	}
	freeifaddrs(all);
	return found;
}

static bool bind_source(int fd, const struct target *target, const struct sockaddr *to, char *why, size_t why_size)
{
	struct sockaddr_storage address;
	socklen_t size = to->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	int on = 1;

	if (read_address(target->source, &address) ? address.ss_family != to->sa_family :
						     !address_of_interface(target->source, to, &address)) {
		snprintf(why, why_size, "cannot connect to %s from %s: there is no %s address", target->host, target->source,
			 to->sa_family == AF_INET ? "IPv4" : "IPv6");
		return false;
	}
	/* The port is chosen when it connects, as it is without a source. */
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&address, size) == 0)
		return true;
	snprintf(why, why_size, "cannot connect to %s from %s: %s", target->host, target->source,
		 errno == EADDRNOTAVAIL ? "this router has no such address" : strerror(errno));
	return false;
}

static void set_up(int fd)
{
	int on = 1, idle = 30, interval = 10, count = 3, most_milliseconds = 90000;

	/* None of these can keep the link from working; where one is refused, the link's own heartbeats are left. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &most_milliseconds, sizeof(most_milliseconds));
}

/* `device`: to be bound to; "": none. */
static int open_here(const struct target *target, const char *device, const struct addrinfo *address, char *why,
		     size_t why_size)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);

	if (fd < 0) {
		snprintf(why, why_size, "cannot make a socket for %s: %s", target->host, strerror(errno));
		return -1;
	}
	set_up(fd);
	if (device[0] &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device)) != 0) {
		snprintf(why, why_size, "cannot connect to %s in VRF %s: %s", target->host, target->vrf,
			 errno == ENODEV ? "there is no device of that name" : strerror(errno));
		close(fd);
		return -1;
	}
	if (target->source[0] && !bind_source(fd, target, address->ai_addr, why, why_size)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int open_in_namespace(const struct target *target, const struct addrinfo *address, char *why, size_t why_size)
{
	char path[sizeof(NAMESPACES) + NAME_MAX + 1];
	int home, there, fd = -1;

	snprintf(path, sizeof(path), "%s/%s", NAMESPACES, target->vrf);
	home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	there = open(path, O_RDONLY | O_CLOEXEC);
	if (home >= 0 && there < 0 && errno == ENOENT) {
		snprintf(why, why_size, "cannot connect to %s in VRF %s: there is no network namespace %s", target->host,
			 target->vrf, path);
	} else if (home < 0 || there < 0 || setns(there, CLONE_NEWNET) != 0) {
		snprintf(why, why_size, "cannot connect to %s in VRF %s: its network namespace %s cannot be entered: %s",
			 target->host, target->vrf, path, strerror(errno));
	} else {
		fd = open_here(target, "", address, why, why_size);
		/* Where that fails the next sockets would be elsewhere: what is made there is not used. */
		if (setns(home, CLONE_NEWNET) != 0) {
			snprintf(why, why_size, "the network namespace of VRF %s cannot be left: %s", target->vrf,
				 strerror(errno));
			if (fd >= 0)
				close(fd);
			fd = -1;
		}
	}
	if (home >= 0)
		close(home);
	if (there >= 0)
		close(there);
	return fd;
}

int link_socket_open(const struct target *target, const struct addrinfo *address, char *why, size_t why_size)
{
	int fd;

	if (!target->vrf[0])
		return open_here(target, "", address, why, why_size);
	thread_capabilities_raise();
	fd = target->in_namespace ? open_in_namespace(target, address, why, why_size)
				  : open_here(target, target->vrf, address, why, why_size);
	thread_capabilities_lower();
	return fd;
}
