// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "bgpd-peering/port/port_query.h"

#include <errno.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- questions and answers ---- */

struct question {
	union {
		struct nlmsghdr header;
		uint8_t bytes[256];
	};
};

static void begin(struct question *question, uint16_t type, uint16_t flags, const void *body, size_t size)
{
	memset(question, 0, sizeof(*question));
	question->header.nlmsg_type = type;
	question->header.nlmsg_flags = NLM_F_REQUEST | flags;
	question->header.nlmsg_seq = 1;
	memcpy(NLMSG_DATA(&question->header), body, size);
	question->header.nlmsg_len = (uint32_t)NLMSG_LENGTH(size);
}

/* What is asked fits by far. Returns the attribute, for those that others are nested in. */
static struct nlattr *add(struct question *question, uint16_t type, const void *value, size_t size)
{
	struct nlattr *attribute = (struct nlattr *)(question->bytes + NLMSG_ALIGN(question->header.nlmsg_len));

	attribute->nla_type = type;
	attribute->nla_len = (uint16_t)(NLA_HDRLEN + size);
	if (size)
		memcpy((uint8_t *)attribute + NLA_HDRLEN, value, size);
	question->header.nlmsg_len = NLMSG_ALIGN(question->header.nlmsg_len) + (uint32_t)NLA_ALIGN(attribute->nla_len);
	return attribute;
}

static void end_nested(struct question *question, struct nlattr *attribute)
{
	attribute->nla_len = (uint16_t)(question->bytes + question->header.nlmsg_len - (uint8_t *)attribute);
}

/* What to do with an answer's body; false: it was the one, look no further. */
typedef bool (*visit)(const uint8_t *body, size_t size, void *context);

/* 0, or an error of the kernel's. */
static int read_answers(int fd, visit each, void *context)
{
	/* A message of an interface with many queues or functions is long. */
	union {
		struct nlmsghdr header;
		uint8_t bytes[65536];
	} buffer;

	for (;;) {
		ssize_t size = recv(fd, buffer.bytes, sizeof(buffer.bytes), 0);
		unsigned int left = size > 0 ? (unsigned int)size : 0;

		if (size < 0 && errno == EINTR)
			continue;
		if (size <= 0)
			return size < 0 ? errno : EIO;
		for (struct nlmsghdr *header = &buffer.header; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
			if (header->nlmsg_type == NLMSG_DONE)
				return 0;
			if (header->nlmsg_type == NLMSG_ERROR) {
				const struct nlmsgerr *error = NLMSG_DATA(header);

				return header->nlmsg_len < NLMSG_LENGTH(sizeof(*error)) ? EIO : -error->error;
			}
			if (!each(NLMSG_DATA(header), header->nlmsg_len - NLMSG_HDRLEN, context) ||
			    !(header->nlmsg_flags & NLM_F_MULTI))
				return 0;
		}
	}
}

/* A socket for each question: nothing of one that came too late is taken for the answer to another. */
static int ask(int protocol, struct question *question, visit each, void *context)
{
	const struct timeval patience = {.tv_sec = QUERY_MILLISECONDS / 1000};
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), error;

	if (fd < 0)
		return errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (sendto(fd, question->bytes, question->header.nlmsg_len, 0, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		error = errno;
	else
		error = read_answers(fd, each, context);
	close(fd);
	return error;
}

/* ---- interfaces ---- */

static bool take_link(const uint8_t *body, size_t size, void *context)
{
	return !link_answer_read(body, size, context);
}

static int query_link(uint32_t index, const char *name, struct link_answer *link)
{
	struct ifinfomsg body = {.ifi_index = (int)index};
	struct question question;
	int error;

	begin(&question, RTM_GETLINK, 0, &body, sizeof(body));
	if (name)
		add(&question, IFLA_IFNAME, name, strlen(name) + 1);
	memset(link, 0, sizeof(*link));
	error = ask(NETLINK_ROUTE, &question, take_link, link);
	return error == 0 && !link->index ? ENODEV : error;
}

struct members {
	struct port *port;
	uint32_t master;
};

static bool take_member(const uint8_t *body, size_t size, void *context)
{
	struct members *members = context;
	struct port *port = members->port;
	struct link_answer link;

	/* Kernels that do not sort them out themselves list every interface. */
	if (link_answer_read(body, size, &link) && link.master == members->master && port->member_count < PORT_MEMBERS_MAX)
		port->members[port->member_count++].link = link;
	return true;
}

static void query_members(struct port *port, uint32_t master)
{
	struct members members = {.port = port, .master = master};
	struct ifinfomsg body = {0};
	struct question question;

	begin(&question, RTM_GETLINK, NLM_F_DUMP, &body, sizeof(body));
	add(&question, IFLA_MASTER, &master, sizeof(master));
	(void)ask(NETLINK_ROUTE, &question, take_member, &members);
}

/* ---- ethtool ---- */

static bool take_family(const uint8_t *body, size_t size, void *context)
{
	*(uint16_t *)context = family_answer_read(body, size);
	return false;
}

/* The number of ethtool's family; 0 in a kernel without it. */
static uint16_t ethtool_family(void)
{
	const struct genlmsghdr body = {.cmd = CTRL_CMD_GETFAMILY, .version = 1};
	struct question question;
	uint16_t family = 0;

	begin(&question, GENL_ID_CTRL, 0, &body, sizeof(body));
	add(&question, CTRL_ATTR_FAMILY_NAME, ETHTOOL_GENL_NAME, sizeof(ETHTOOL_GENL_NAME));
	return ask(NETLINK_GENERIC, &question, take_family, &family) == 0 ? family : 0;
}

static void begin_ethtool(struct question *question, uint16_t family, uint8_t command, uint16_t header_type, uint32_t index)
{
	const struct genlmsghdr body = {.cmd = command, .version = ETHTOOL_GENL_VERSION};
	struct nlattr *header;

	begin(question, family, 0, &body, sizeof(body));
	header = add(question, header_type | NLA_F_NESTED, NULL, 0);
	add(question, ETHTOOL_A_HEADER_DEV_INDEX, &index, sizeof(index));
	end_nested(question, header);
}

static bool take_speed(const uint8_t *body, size_t size, void *context)
{
	return !speed_answer_read(body, size, context);
}

struct module_page {
	uint8_t bytes[OPTICS_PAGE];
	size_t size;
};

static bool take_module(const uint8_t *body, size_t size, void *context)
{
	struct module_page *page = context;

	page->size = module_answer_read(body, size, page->bytes, sizeof(page->bytes));
	return false;
}

static void query_module(uint16_t family, struct port_part *part)
{
	struct optics_reader reader = {0};
	struct optics_page page;

	while (optics_next(&reader, &page) == OPTICS_READ) {
		uint32_t offset = page.offset, length = OPTICS_PAGE;
		struct module_page got = {0};
		struct question question;

		begin_ethtool(&question, family, ETHTOOL_MSG_MODULE_EEPROM_GET, ETHTOOL_A_MODULE_EEPROM_HEADER, part->link.index);
		add(&question, ETHTOOL_A_MODULE_EEPROM_OFFSET, &offset, sizeof(offset));
		add(&question, ETHTOOL_A_MODULE_EEPROM_LENGTH, &length, sizeof(length));
		add(&question, ETHTOOL_A_MODULE_EEPROM_PAGE, &page.page, sizeof(page.page));
		add(&question, ETHTOOL_A_MODULE_EEPROM_I2C_ADDRESS, &page.i2c_address, sizeof(page.i2c_address));
		(void)ask(NETLINK_GENERIC, &question, take_module, &got);
		optics_take(&reader, got.bytes, got.size);
	}
	part->optics = reader.result;
}

static void query_driver(uint16_t family, bool modules, struct port_part *part)
{
	struct speed_answer speed = {0};
	struct question question;

	begin_ethtool(&question, family, ETHTOOL_MSG_LINKMODES_GET, ETHTOOL_A_LINKMODES_HEADER, part->link.index);
	if (ask(NETLINK_GENERIC, &question, take_speed, &speed) == 0) {
		part->megabits = speed.megabits;
		part->half_duplex = speed.half_duplex;
	}
	/* A module is plugged into a port, into nothing that is made of ports. */
	if (modules && !part->link.kind[0])
		query_module(family, part);
}

/* ---- all ---- */

static bool has_members(const struct link_answer *link)
{
	return strcmp(link->kind, "bond") == 0 || strcmp(link->kind, "team") == 0 || strcmp(link->kind, "bridge") == 0;
}

bool port_query(const char *interface, bool modules, struct port *port, char *error, size_t error_size)
{
	char text[64];
	uint16_t family;
	int failed;

	memset(port, 0, sizeof(*port));
	failed = query_link(0, interface, &port->self.link);
	if (failed) {
		if (failed == ENODEV)
			snprintf(error, error_size, "there is no interface %s", interface);
		else
			snprintf(error, error_size, "the kernel says nothing of %s: %s", interface,
				 strerror_r(failed, text, sizeof(text)));
		return false;
	}
	if (port->self.link.lower && query_link(port->self.link.lower, NULL, &port->lower.link) != 0)
		port->lower.link.index = 0;
	if (has_members(&port->self.link))
		query_members(port, port->self.link.index);
	else if (port->lower.link.index && has_members(&port->lower.link))
		query_members(port, port->lower.link.index);

	family = ethtool_family();
	if (!family)
		return true;
	query_driver(family, modules, &port->self);
	if (port->lower.link.index)
		query_driver(family, modules, &port->lower);
	for (unsigned int i = 0; i < port->member_count; i++)
		query_driver(family, modules, &port->members[i]);
	return true;
}

static bool take_neighbor(const uint8_t *body, size_t size, void *context)
{
	return !neighbor_answer_read(body, size, context);
}

bool port_query_neighbor(uint32_t index, bool ipv6, const uint8_t *address, struct neighbor_answer *answer)
{
	struct ndmsg body = {.ndm_family = ipv6 ? AF_INET6 : AF_INET, .ndm_ifindex = (int)index};
	struct question question;

	memset(answer, 0, sizeof(*answer));
	begin(&question, RTM_GETNEIGH, 0, &body, sizeof(body));
	add(&question, NDA_DST, address, ipv6 ? 16 : 4);
	return ask(NETLINK_ROUTE, &question, take_neighbor, answer) == 0 && answer->is_known;
}
