// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "bgpd-peering/port/prober.h"

#include "bgpd-peering/port/port_query.h"

#include "lib/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/icmp.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ECHO_PAYLOAD 56	     /* bytes */
#define ECHO_INTERVAL 100    /* milliseconds */
#define ECHO_PATIENCE 1000   /* after the last one */
#define LATE_MAX 64	     /* packets that are still looked at behind that */
#define SEARCH_PATIENCE 300  /* for one size */
#define SEARCH_ECHOES 2	     /* of one size */
#define ARP_REQUESTS 3
#define ARP_PATIENCE 500
#define PACKET_MAX 65535
#define SERIES_MAX PROBER_ECHOES

struct prober {
	const struct prober_port *port;
	const struct prober_target *target;
	struct prober_outcome *outcome;
	int fd;	    /* echoes: raw, or of IPv4 frames */
	int arp_fd; /* -1 but on the wire */
	bool to_all; /* the target is every node of the link */
	uint16_t id, next_sequence;
	uint8_t *packet; /* PACKET_MAX bytes, to send */
	uint8_t *answer; /* PACKET_MAX bytes, received */

	/* the series that is on */
	uint16_t first;
	unsigned int count;
	size_t payload;
	int64_t sent_at[SERIES_MAX]; /* microseconds; 0: not sent */
	int64_t took[SERIES_MAX];    /* microseconds; -1: has not come back */
};

static int64_t now_microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void failed(struct prober *prober, const char *what, int error)
{
	char text[64];

	if (!prober->outcome->error[0])
		snprintf(prober->outcome->error, sizeof(prober->outcome->error), "%s: %s", what,
			 strerror_r(error, text, sizeof(text)));
}

static size_t address_size(const struct prober_target *target)
{
	return target->ipv6 ? 16 : 4;
}

static bool is_given(const uint8_t *address, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (address[i])
			return true;
	return false;
}

/* ---- sockets ---- */

static bool open_ipv4(struct prober *prober)
{
	const struct icmp_filter only_replies = {.data = ~(1u << ICMP_ECHOREPLY)};
	const int whole = IP_PMTUDISC_PROBE, on = 1;
	struct sockaddr_in local = {.sin_family = AF_INET};
	int fd = prober->fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);

	memcpy(&local.sin_addr, prober->target->local, 4);
	/* Past no gateway, whatever routes say: it is the link that is tested. */
	return fd >= 0 && setsockopt(fd, SOL_RAW, ICMP_FILTER, &only_replies, sizeof(only_replies)) == 0 &&
	       setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, prober->port->name, (socklen_t)strlen(prober->port->name) + 1) == 0 &&
	       setsockopt(fd, SOL_SOCKET, SO_DONTROUTE, &on, sizeof(on)) == 0 &&
	       setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &whole, sizeof(whole)) == 0 &&
	       setsockopt(fd, IPPROTO_IP, IP_RECVFRAGSIZE, &on, sizeof(on)) == 0 &&
	       bind(fd, (struct sockaddr *)&local, sizeof(local)) == 0;
}

static bool open_ipv6(struct prober *prober)
{
	const int whole = IPV6_PMTUDISC_PROBE, on = 1, off = 0;
	struct sockaddr_in6 local = {.sin6_family = AF_INET6};
	struct icmp6_filter only_replies;
	int fd = prober->fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);

	ICMP6_FILTER_SETBLOCKALL(&only_replies);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &only_replies);
	memcpy(&local.sin6_addr, prober->target->local, 16);
	if (IN6_IS_ADDR_LINKLOCAL(&local.sin6_addr))
		local.sin6_scope_id = prober->port->index;
	return fd >= 0 && setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &only_replies, sizeof(only_replies)) == 0 &&
	       setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, prober->port->name, (socklen_t)strlen(prober->port->name) + 1) == 0 &&
	       setsockopt(fd, SOL_SOCKET, SO_DONTROUTE, &on, sizeof(on)) == 0 &&
	       setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &whole, sizeof(whole)) == 0 &&
	       setsockopt(fd, IPPROTO_IPV6, IPV6_DONTFRAG, &on, sizeof(on)) == 0 &&
	       setsockopt(fd, IPPROTO_IPV6, IPV6_RECVFRAGSIZE, &on, sizeof(on)) == 0 &&
	       setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &off, sizeof(off)) == 0 &&
	       bind(fd, (struct sockaddr *)&local, sizeof(local)) == 0;
}

/* A socket for frames of one protocol; with a filter from the first of them on. */
static int open_frames(const struct prober *prober, uint16_t protocol, const struct sock_fprog *filter)
{
	const struct sockaddr_ll local = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = (int)prober->port->index,
	};
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error;

	if (fd >= 0 && (!filter || setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, filter, sizeof(*filter)) == 0) &&
	    bind(fd, (const struct sockaddr *)&local, sizeof(local)) == 0)
		return fd;
	error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	return -1;
}

static uint32_t ipv4_number(const uint8_t address[4])
{
	return (uint32_t)address[0] << 24 | (uint32_t)address[1] << 16 | (uint32_t)address[2] << 8 | address[3];
}

/* On a port that carries traffic, nothing of that comes up here. */
static bool open_wire(struct prober *prober)
{
	struct sock_filter icmp_of_the_two[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9), /* protocol */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMP, 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 12), /* source */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ipv4_number(prober->target->remote), 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16), /* destination */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ipv4_number(prober->target->local), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, PACKET_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog filter = {.len = sizeof(icmp_of_the_two) / sizeof(icmp_of_the_two[0]), .filter = icmp_of_the_two};

	if (!prober->port->mac) {
		errno = EAFNOSUPPORT;
		return false;
	}
	prober->arp_fd = open_frames(prober, ETH_P_ARP, NULL);
	prober->fd = prober->arp_fd >= 0 ? open_frames(prober, ETH_P_IP, &filter) : -1;
	return prober->fd >= 0;
}

static ssize_t send_frame(const struct prober *prober, int fd, uint16_t protocol, const uint8_t mac[6], const void *bytes,
			  size_t size)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = (int)prober->port->index,
		.sll_halen = 6,
	};

	memcpy(to.sll_addr, mac, 6);
	return sendto(fd, bytes, size, 0, (struct sockaddr *)&to, sizeof(to));
}

/* ---- ARP ---- */

static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* `sender` all zero: asks whether anybody has the address, without saying that we do (RFC 5227). */
static void ask_for(const struct prober *prober, const uint8_t sender[4], const uint8_t address[4])
{
	struct probe_arp arp = {0};
	uint8_t packet[PROBE_ARP_SIZE];

	memcpy(arp.sender_mac, prober->port->mac, 6);
	memcpy(arp.sender, sender, 4);
	memcpy(arp.target, address, 4);
	probe_arp_write(packet, &arp);
	(void)send_frame(prober, prober->arp_fd, ETH_P_ARP, broadcast, packet, sizeof(packet));
}

static void answer_arp(const struct prober *prober, const struct probe_arp *request)
{
	struct probe_arp arp = {.is_reply = true};
	uint8_t packet[PROBE_ARP_SIZE];

	memcpy(arp.sender_mac, prober->port->mac, 6);
	memcpy(arp.sender, prober->target->local, 4);
	memcpy(arp.target_mac, request->sender_mac, 6);
	memcpy(arp.target, request->sender, 4);
	probe_arp_write(packet, &arp);
	(void)send_frame(prober, prober->arp_fd, ETH_P_ARP, request->sender_mac, packet, sizeof(packet));
}

static void take_arp(struct prober *prober)
{
	struct prober_outcome *outcome = prober->outcome;
	struct sockaddr_ll from = {0};
	socklen_t from_size = sizeof(from);
	struct probe_arp arp;
	uint8_t packet[128];
	ssize_t size = recvfrom(prober->arp_fd, packet, sizeof(packet), MSG_DONTWAIT, (struct sockaddr *)&from, &from_size);

	if (size <= 0 || from.sll_pkttype == PACKET_OUTGOING || !probe_arp_read(packet, (size_t)size, &arp))
		return;
	if (memcmp(arp.sender, prober->target->local, 4) == 0) {
		snprintf(outcome->error, sizeof(outcome->error),
			 "somebody else on the link has the address of this side, %02x:%02x:%02x:%02x:%02x:%02x", arp.sender_mac[0],
			 arp.sender_mac[1], arp.sender_mac[2], arp.sender_mac[3], arp.sender_mac[4], arp.sender_mac[5]);
		return;
	}
	if (memcmp(arp.sender, prober->target->remote, 4) != 0 || memcmp(arp.target, prober->target->local, 4) != 0)
		return;
	if (outcome->has_mac && memcmp(outcome->mac, arp.sender_mac, 6) != 0)
		snprintf(outcome->error, sizeof(outcome->error), "two on the link have the address of the peer");
	memcpy(outcome->mac, arp.sender_mac, 6);
	outcome->has_mac = outcome->neighbor_known = true;
	if (!arp.is_reply)
		answer_arp(prober, &arp);
}

/* ---- echoes ---- */

static int send_echo(struct prober *prober, const struct probe_echo *echo)
{
	const struct prober_target *target = prober->target;
	uint8_t *icmp = prober->packet + (target->on_wire ? PROBE_IPV4_HEADER : 0);
	size_t size = probe_echo_write(icmp, (size_t)(prober->packet + PACKET_MAX - icmp), target->ipv6, echo);
	ssize_t sent;

	if (target->on_wire) {
		size = probe_ipv4_write(prober->packet, size, target->local, target->remote);
		sent = send_frame(prober, prober->fd, ETH_P_IP, prober->outcome->mac, prober->packet, size);
	} else if (target->ipv6) {
		struct sockaddr_in6 to = {.sin6_family = AF_INET6};

		memcpy(&to.sin6_addr, target->remote, 16);
		to.sin6_scope_id = prober->port->index;
		sent = sendto(prober->fd, icmp, size, 0, (struct sockaddr *)&to, sizeof(to));
	} else {
		struct sockaddr_in to = {.sin_family = AF_INET};

		memcpy(&to.sin_addr, target->remote, 4);
		sent = sendto(prober->fd, icmp, size, 0, (struct sockaddr *)&to, sizeof(to));
	}
	return sent < 0 ? errno : 0;
}

/* Where what was received comes from, and its ICMP. False for what is not of the target. */
static bool unwrap(struct prober *prober, const struct sockaddr_storage *from, size_t size, struct probe_echo *echo)
{
	const struct prober_target *target = prober->target;
	struct probe_ipv4 ipv4;

	if (target->ipv6) {
		const struct sockaddr_in6 *sender = (const struct sockaddr_in6 *)from;

		if (!prober->to_all && memcmp(&sender->sin6_addr, target->remote, 16) != 0)
			return false;
		if (!probe_echo_read(prober->answer, size, true, echo))
			return false;
		if (prober->to_all && echo->is_reply && echo->id == prober->id)
			memcpy(prober->outcome->answered_by, &sender->sin6_addr, 16);
		return true;
	}
	return probe_ipv4_read(prober->answer, size, &ipv4) && ipv4.protocol == IPPROTO_ICMP &&
	       memcmp(ipv4.from, target->remote, 4) == 0 &&
	       (!target->on_wire || memcmp(ipv4.to, target->local, 4) == 0) &&
	       probe_echo_read(ipv4.payload, ipv4.payload_size, false, echo);
}

/* A peer whose MTU is smaller may take the echo all the same, and answer in fragments: that is not whole. */
static bool came_in_fragments(struct msghdr *message)
{
	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header))
		if ((header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_RECVFRAGSIZE) ||
		    (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_RECVFRAGSIZE))
			return true;
	return false;
}

static void take_echo(struct prober *prober)
{
	struct sockaddr_storage from = {0};
	struct iovec bytes = {.iov_base = prober->answer, .iov_len = PACKET_MAX};
	union {
		struct cmsghdr header;
		uint8_t bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr message = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t size = recvmsg(prober->fd, &message, MSG_DONTWAIT);
	struct probe_echo echo;
	unsigned int place;

	if (size <= 0 || came_in_fragments(&message) || !unwrap(prober, &from, (size_t)size, &echo))
		return;
	if (!echo.is_reply) {
		/* Only on the wire; elsewhere the kernel answers. */
		echo.is_reply = true;
		if (prober->target->on_wire && prober->outcome->has_mac)
			(void)send_echo(prober, &echo);
		return;
	}
	place = (uint16_t)(echo.sequence - prober->first);
	if (echo.id == prober->id && place < prober->count && echo.payload_size == prober->payload &&
	    prober->sent_at[place] && prober->took[place] < 0)
		prober->took[place] = now_microseconds() - prober->sent_at[place];
}

static unsigned int come_back(const struct prober *prober)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < prober->count; i++)
		count += prober->took[i] >= 0;
	return count;
}

/*
 * Takes what comes until then; to the full, or only as long as an echo is out. Where the machine let this thread wait beyond
 * that, what has come in time lies there still: it is taken too.
 */
static void receive_until(struct prober *prober, int64_t until, bool to_the_full)
{
	for (unsigned int late = 0; late < LATE_MAX;) {
		struct pollfd polled[2] = {{.fd = prober->fd, .events = POLLIN}, {.fd = prober->arp_fd, .events = POLLIN}};
		int64_t left = until - now_microseconds();

		if (!to_the_full && come_back(prober) == prober->count)
			return;
		if (left <= 0)
			late++;
		if (poll(polled, 2, left > 0 ? (int)(left / 1000) + 1 : 0) <= 0) {
			if (left <= 0)
				return;
			continue;
		}
		if (polled[0].revents)
			take_echo(prober);
		if (polled[1].revents)
			take_arp(prober);
	}
}

/* Sends `count` echoes and waits for them. Returns how many have come back. */
static unsigned int series(struct prober *prober, unsigned int count, size_t payload, int patience, unsigned int *sent)
{
	unsigned int out = 0;

	prober->first = prober->next_sequence;
	prober->count = count;
	prober->payload = payload;
	for (unsigned int i = 0; i < count; i++) {
		prober->sent_at[i] = 0;
		prober->took[i] = -1;
	}
	for (unsigned int i = 0; i < count; i++) {
		const struct probe_echo echo = {.id = prober->id, .sequence = prober->next_sequence++, .payload_size = payload};
		int error;

		prober->sent_at[i] = now_microseconds();
		error = send_echo(prober, &echo);
		/* An earlier one that could not be delivered is told to the next one. */
		if (error == EHOSTUNREACH || error == ECONNREFUSED)
			error = send_echo(prober, &echo);
		if (error)
			failed(prober, "an echo cannot be sent", error);
		else
			out++;
		receive_until(prober, prober->sent_at[i] + ECHO_INTERVAL * 1000, i + 1 < count);
	}
	receive_until(prober, now_microseconds() + patience * 1000, false);
	if (sent)
		*sent = out;
	return come_back(prober);
}

static void small_ones(struct prober *prober)
{
	struct prober_outcome *outcome = prober->outcome;
	int64_t total = 0;

	outcome->received = series(prober, PROBER_ECHOES, ECHO_PAYLOAD, ECHO_PATIENCE, &outcome->sent);
	for (unsigned int i = 0; i < prober->count; i++) {
		int64_t took = prober->took[i];

		if (took < 0)
			continue;
		total += took;
		if (!outcome->rtt_min || took < outcome->rtt_min)
			outcome->rtt_min = (uint32_t)took;
		if (took > outcome->rtt_max)
			outcome->rtt_max = (uint32_t)took;
	}
	if (outcome->received)
		outcome->rtt_average = (uint32_t)(total / outcome->received);
}

/* The largest size that comes back, between one that does and one that does not. */
static uint32_t search(struct prober *prober, size_t headers, uint32_t good, uint32_t bad)
{
	while (bad - good > 1) {
		uint32_t middle = good + (bad - good) / 2;

		if (series(prober, SEARCH_ECHOES, middle - headers, SEARCH_PATIENCE, NULL))
			good = middle;
		else
			bad = middle;
	}
	return good;
}

static void full_size(struct prober *prober)
{
	struct prober_outcome *outcome = prober->outcome;
	size_t headers = (prober->target->ipv6 ? PROBE_IPV6_HEADER : PROBE_IPV4_HEADER) + PROBE_ICMP_HEADER;
	/* That of a loopback is more than IPv4 has. */
	uint32_t mtu = prober->port->mtu < PACKET_MAX ? prober->port->mtu : PACKET_MAX;

	outcome->mtu = (uint32_t)(headers + ECHO_PAYLOAD);
	if (mtu <= outcome->mtu)
		return;
	outcome->full_received = series(prober, PROBER_FULL_SIZE_ECHOES, mtu - headers, ECHO_PATIENCE, &outcome->full_sent);
	outcome->mtu = outcome->full_received ? mtu : search(prober, headers, outcome->mtu, mtu);
}

/* ---- one target ---- */

static void resolve(struct prober *prober)
{
	static const uint8_t nobody[4];

	prober->count = 0;
	ask_for(prober, nobody, prober->target->local);
	for (int i = 0; i < ARP_REQUESTS && !prober->outcome->has_mac; i++) {
		int64_t until = now_microseconds() + ARP_PATIENCE * 1000;

		ask_for(prober, prober->target->local, prober->target->remote);
		while (!prober->outcome->has_mac && now_microseconds() < until)
			receive_until(prober, now_microseconds() + 20000, true);
	}
}

static void look_at_neighbor(struct prober *prober)
{
	const struct prober_target *target = prober->target;
	struct prober_outcome *outcome = prober->outcome;
	struct neighbor_answer neighbor;

	outcome->neighbor_known = port_query_neighbor(prober->port->index, target->ipv6,
						      prober->to_all ? outcome->answered_by : target->remote, &neighbor);
	outcome->has_mac = outcome->neighbor_known && neighbor.has_mac;
	if (outcome->has_mac)
		memcpy(outcome->mac, neighbor.mac, 6);
}

static void run(struct prober *prober)
{
	const struct prober_target *target = prober->target;
	bool open = target->on_wire ? open_wire(prober) : target->ipv6 ? open_ipv6(prober) : open_ipv4(prober);

	if (!open) {
		failed(prober, "no socket for echoes can be had", errno);
		return;
	}
	if (target->on_wire) {
		resolve(prober);
		if (!prober->outcome->has_mac)
			return;
	}
	small_ones(prober);
	if (prober->outcome->received)
		full_size(prober);
	if (!target->on_wire)
		look_at_neighbor(prober);
}

void prober_run(const struct prober_port *port, const struct prober_target *target, struct prober_outcome *outcome)
{
	struct prober prober = {.port = port, .target = target, .outcome = outcome, .fd = -1, .arp_fd = -1};

	memset(outcome, 0, sizeof(*outcome));
	if (!is_given(target->remote, address_size(target)))
		return;
	prober.to_all = target->ipv6 && target->remote[0] == 0xff;
	prober.packet = malloc(PACKET_MAX);
	prober.answer = malloc(PACKET_MAX);
	if (getrandom(&prober.id, sizeof(prober.id), GRND_NONBLOCK) != sizeof(prober.id))
		prober.id = (uint16_t)now_microseconds();
	if (prober.packet && prober.answer)
		run(&prober);
	else
		failed(&prober, "no memory", ENOMEM);
	if (prober.fd >= 0)
		close(prober.fd);
	if (prober.arp_fd >= 0)
		close(prober.arp_fd);
	free(prober.packet);
	free(prober.answer);
}
