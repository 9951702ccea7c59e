// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/netlink_answer.h"

#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/if.h>
#include <linux/if_bonding.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "lib/byte_reader.h"

#define ALIGNED(size) (((size) + NLA_ALIGNTO - 1) & ~(size_t)(NLA_ALIGNTO - 1))

/* The next attribute; false at the end, and where what follows is none. */
static bool next_attribute(struct byte_reader *reader, uint16_t *type, struct byte_reader *value)
{
	struct byte_reader part;
	struct nlattr header;

	if (reader->left < sizeof(header))
		return false;
	memcpy(&header, reader->at, sizeof(header));
	if (header.nla_len < sizeof(header) || !take(reader, header.nla_len, &part))
		return false;
	/* The last one may lack what fills it up. */
	if (!take(reader, ALIGNED(header.nla_len) - header.nla_len, value))
		reader->left = 0;
	*type = header.nla_type & NLA_TYPE_MASK;
	value->at = part.at + sizeof(header);
	value->left = header.nla_len - sizeof(header);
	return true;
}

static void read_number(const struct byte_reader *value, void *number, size_t size)
{
	if (value->left >= size)
		memcpy(number, value->at, size);
}

static void read_name(const struct byte_reader *value, char name[INTERFACE_NAME_MAX])
{
	size_t length = strnlen((const char *)value->at, value->left);

	if (length >= INTERFACE_NAME_MAX)
		return;
	memcpy(name, value->at, length);
	name[length] = '\0';
}

static bool read_mac(const struct byte_reader *value, uint8_t mac[6])
{
	if (value->left != 6)
		return false;
	memcpy(mac, value->at, 6);
	return true;
}

/* ---- interfaces ---- */

static void read_vlan(struct byte_reader data, struct link_answer *link)
{
	struct byte_reader value;
	uint16_t type;

	while (next_attribute(&data, &type, &value))
		if (type == IFLA_VLAN_ID)
			read_number(&value, &link->vlan, sizeof(link->vlan));
}

static void read_member(struct byte_reader data, struct link_answer *link)
{
	struct byte_reader value;
	uint8_t state = BOND_STATE_ACTIVE;
	uint16_t type;

	while (next_attribute(&data, &type, &value))
		if (type == IFLA_BOND_SLAVE_STATE)
			read_number(&value, &state, sizeof(state));
	link->is_backup = state == BOND_STATE_BACKUP;
}

static void read_kind(struct byte_reader info, struct link_answer *link)
{
	struct byte_reader value, data = {0}, member_data = {0};
	uint16_t type;

	while (next_attribute(&info, &type, &value)) {
		if (type == IFLA_INFO_KIND)
			read_name(&value, link->kind);
		else if (type == IFLA_INFO_SLAVE_KIND)
			read_name(&value, link->member_kind);
		else if (type == IFLA_INFO_DATA)
			data = value;
		else if (type == IFLA_INFO_SLAVE_DATA)
			member_data = value;
	}
	/* What a number means is known once the kind is. */
	if (strcmp(link->kind, "vlan") == 0)
		read_vlan(data, link);
	if (strcmp(link->member_kind, "bond") == 0)
		read_member(member_data, link);
}

static void read_counters(const struct byte_reader *value, struct link_answer *link)
{
	struct rtnl_link_stats64 stats = {0};

	/* Later kernels have more of them, earlier ones fewer. */
	if (value->left < offsetof(struct rtnl_link_stats64, rx_frame_errors))
		return;
	memcpy(&stats, value->at, value->left < sizeof(stats) ? value->left : sizeof(stats));
	link->has_counters = true;
	link->counters = (struct link_counters){
		.rx_packets = stats.rx_packets,
		.tx_packets = stats.tx_packets,
		.rx_errors = stats.rx_errors,
		.tx_errors = stats.tx_errors,
		.rx_dropped = stats.rx_dropped,
		.tx_dropped = stats.tx_dropped,
		.rx_crc_errors = stats.rx_crc_errors,
	};
}

bool link_answer_read(const uint8_t *message, size_t size, struct link_answer *link)
{
	struct byte_reader reader = {.at = message, .left = size}, part, value;
	struct ifinfomsg header;
	uint8_t state = IF_OPER_UNKNOWN;
	bool elsewhere = false;
	uint16_t type;

	memset(link, 0, sizeof(*link));
	if (!take(&reader, sizeof(header), &part))
		return false;
	memcpy(&header, part.at, sizeof(header));
	if (header.ifi_index <= 0)
		return false;
	link->index = (uint32_t)header.ifi_index;
	link->admin_up = header.ifi_flags & IFF_UP;
	while (next_attribute(&reader, &type, &value)) {
		switch (type) {
		case IFLA_IFNAME:
			read_name(&value, link->name);
			break;
		case IFLA_MTU:
			read_number(&value, &link->mtu, sizeof(link->mtu));
			break;
		case IFLA_OPERSTATE:
			read_number(&value, &state, sizeof(state));
			break;
		case IFLA_CARRIER_CHANGES:
			read_number(&value, &link->carrier_changes, sizeof(link->carrier_changes));
			break;
		case IFLA_LINK:
			read_number(&value, &link->lower, sizeof(link->lower));
			break;
		case IFLA_LINK_NETNSID:
			elsewhere = true;
			break;
		case IFLA_MASTER:
			read_number(&value, &link->master, sizeof(link->master));
			break;
		case IFLA_ADDRESS:
			link->has_mac = read_mac(&value, link->mac);
			break;
		case IFLA_LINKINFO:
			read_kind(value, link);
			break;
		case IFLA_STATS64:
			read_counters(&value, link);
			break;
		}
	}
	/* Some drivers never say; the flag tells then. */
	link->operational = link->admin_up && (header.ifi_flags & IFF_RUNNING) &&
			    (state == IF_OPER_UP || state == IF_OPER_UNKNOWN);
	/* For a veth that is its other end, no interface below; and a number may count in another namespace. */
	if (elsewhere || (strcmp(link->kind, "vlan") != 0 && strcmp(link->kind, "macvlan") != 0))
		link->lower = 0;
	return link->name[0] != '\0';
}

/* ---- neighbors ---- */

bool neighbor_answer_read(const uint8_t *message, size_t size, struct neighbor_answer *neighbor)
{
	struct byte_reader reader = {.at = message, .left = size}, part, value;
	bool addressed = false;
	struct ndmsg header;
	size_t length;
	uint16_t type;

	memset(neighbor, 0, sizeof(*neighbor));
	if (!take(&reader, sizeof(header), &part))
		return false;
	memcpy(&header, part.at, sizeof(header));
	if (header.ndm_ifindex <= 0 || (header.ndm_family != 2 /* AF_INET */ && header.ndm_family != 10 /* AF_INET6 */))
		return false;
	neighbor->index = (uint32_t)header.ndm_ifindex;
	neighbor->ipv6 = header.ndm_family == 10;
	length = neighbor->ipv6 ? 16 : 4;
	while (next_attribute(&reader, &type, &value)) {
		if (type == NDA_DST && value.left == length) {
			memcpy(neighbor->address, value.at, length);
			addressed = true;
		} else if (type == NDA_LLADDR) {
			neighbor->has_mac = read_mac(&value, neighbor->mac);
		}
	}
	neighbor->is_known = header.ndm_state & (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT | NUD_NOARP);
	return addressed;
}

/* ---- ethtool ---- */

static bool take_generic_header(struct byte_reader *reader)
{
	struct byte_reader part;

	return take(reader, GENL_HDRLEN, &part);
}

uint16_t family_answer_read(const uint8_t *message, size_t size)
{
	struct byte_reader reader = {.at = message, .left = size}, value;
	uint16_t type, id = 0;

	if (!take_generic_header(&reader))
		return 0;
	while (next_attribute(&reader, &type, &value))
		if (type == CTRL_ATTR_FAMILY_ID)
			read_number(&value, &id, sizeof(id));
	return id;
}

bool speed_answer_read(const uint8_t *message, size_t size, struct speed_answer *speed)
{
	struct byte_reader reader = {.at = message, .left = size}, value;
	uint32_t megabits = 0;
	uint8_t duplex = DUPLEX_UNKNOWN;
	uint16_t type;

	memset(speed, 0, sizeof(*speed));
	if (!take_generic_header(&reader))
		return false;
	while (next_attribute(&reader, &type, &value)) {
		if (type == ETHTOOL_A_LINKMODES_SPEED)
			read_number(&value, &megabits, sizeof(megabits));
		else if (type == ETHTOOL_A_LINKMODES_DUPLEX)
			read_number(&value, &duplex, sizeof(duplex));
	}
	if (megabits != (uint32_t)SPEED_UNKNOWN)
		speed->megabits = megabits;
	speed->half_duplex = duplex == DUPLEX_HALF;
	return true;
}

size_t module_answer_read(const uint8_t *message, size_t size, uint8_t *bytes, size_t room)
{
	struct byte_reader reader = {.at = message, .left = size}, value;
	size_t copied = 0;
	uint16_t type;

	if (!take_generic_header(&reader))
		return 0;
	while (next_attribute(&reader, &type, &value)) {
		if (type != ETHTOOL_A_MODULE_EEPROM_DATA)
			continue;
		copied = value.left < room ? value.left : room;
		memcpy(bytes, value.at, copied);
	}
	return copied;
}
