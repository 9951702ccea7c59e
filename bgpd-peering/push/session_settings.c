// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/push/session_settings.h"

#include "bgpd-peering/push/password.h"
#include "bgpd-peering/push/password_keys.h"

#include "lib/link_addresses.h"
#include "lib/utf8.h"

#define HOPS_MOST 254

static const struct {
	const char *name;
	uint8_t role;
} roles[] = {
	{"provider", ROLE_PROVIDER}, {"rs-server", ROLE_RS_SERVER}, {"rs-client", ROLE_RS_CLIENT},
	{"customer", ROLE_CUSTOMER}, {"peer", ROLE_PEER},
};

/* ROLE_UNDEFINED where there is none of that name. */
static uint8_t role_from_name(const char *name)
{
	for (size_t i = 0; i < array_size(roles); i++)
		if (strcmp(roles[i].name, name) == 0)
			return roles[i].role;
	return ROLE_UNDEFINED;
}

static const char *role_to_name(uint8_t role)
{
	for (size_t i = 0; i < array_size(roles); i++)
		if (roles[i].role == role)
			return roles[i].name;
	return "";
}

/* ---- checking ---- */

static bool is_word(const char *text, size_t most)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return length <= most;
}

const char *session_settings_wrong(const Peering__Neighbor *neighbor)
{
	if (!is_word(neighbor->password, SECRET_TEXT_MAX))
		return "the password is longer than 80 characters, or has a space or one that does not print";
	if (neighbor->ttl_security_hops > HOPS_MOST)
		return "the hops of TTL security are out of range; 1 to 254";
	if (!is_word(neighbor->bfd_profile, BFD_PROFILE_NAME_LEN - 1))
		return "the BFD profile is no name, or a longer one than bgpd takes";
	if (neighbor->bfd_profile[0] && !neighbor->bfd)
		return "a BFD profile goes with BFD alone; switch it on";
	if (neighbor->hold_time && (neighbor->hold_time < 3 || neighbor->hold_time > UINT16_MAX))
		return "the hold time is out of range; 3 to 65535 seconds";
	if (neighbor->keepalive && !neighbor->hold_time)
		return "a keepalive goes with a hold time alone; state both";
	if (neighbor->keepalive > neighbor->hold_time / 3)
		return "the keepalive is more than a third of the hold time";
	if (neighbor->connect_retry > UINT16_MAX)
		return "the connect timer is out of range; 1 to 65535 seconds";
	if (neighbor->role[0] && role_from_name(neighbor->role) == ROLE_UNDEFINED)
		return "the role is unknown to this router; provider, rs-server, rs-client, customer or peer";
	if (neighbor->role_strict && !neighbor->role[0])
		return "a strict role goes with a role alone; state it";
	return NULL;
}

bool session_settings_check_addresses(const Peering__Neighbor *neighbor, const char *address, struct verdict *verdict)
{
	char usual[LINK_ADDRESS_MAX], bare[LINK_ADDRESS_MAX];
	const char *wrong;
	union sockunion su;

	/* Both ends in the wrong fields: each is the other's. */
	if (str2sockunion(address, &su) == 0 &&
	    if_address_is_local(su.sa.sa_family == AF_INET ? (void *)&su.sin.sin_addr : (void *)&su.sin6.sin6_addr,
				su.sa.sa_family, VRF_DEFAULT)) {
		verdict_refuse(verdict, "bad-address", "%s is an address of this router itself; give the other end of the link",
			       address);
		return false;
	}
	if (!neighbor->local_address[0])
		return true;
	wrong = link_addresses_error(neighbor->local_address, address);
	if (!wrong)
		return true;
	verdict_refuse(verdict, "bad-address", "%s: the local address %s %s", address,
		       link_address_usual(neighbor->local_address, usual, bare) ? usual : "?", wrong);
	return false;
}

/* ---- applying ---- */

static bool open_password(const char *connection, const Peering__Neighbor *neighbor, char text[SECRET_TEXT_MAX + 1])
{
	char address[SESSION_ADDRESS_MAX];

	text[0] = '\0';
	return !neighbor->password[0] || (session_normalize(neighbor->address, address) &&
					  password_open(connection, address, neighbor->password, text));
}

bool session_settings_can_be_applied(const char *connection, const Peering__Neighbor *neighbor)
{
	char text[SECRET_TEXT_MAX + 1];
	bool can = open_password(connection, neighbor, text);

	explicit_bzero(text, sizeof(text));
	return can;
}

static void apply_password(const char *connection, const Peering__Neighbor *neighbor, struct peer *peer)
{
	char text[SECRET_TEXT_MAX + 1];

	/* One that cannot be opened leaves what is there: without one the session would be open to everybody. */
	if (open_password(connection, neighbor, text)) {
		if (text[0] && (!peer->password || strcmp(peer->password, text) != 0))
			peer_password_set(peer, text);
		else if (!text[0] && peer->password)
			peer_password_unset(peer);
		/* Whether the kernel has it is found out there, and shown. */
		password_keys_typed(NULL);
	}
	explicit_bzero(text, sizeof(text));
}

static void apply_local_address(const Peering__Neighbor *neighbor, struct peer *peer)
{
	char usual[LINK_ADDRESS_MAX], bare[LINK_ADDRESS_MAX];
	union sockunion su;

	if (!neighbor->local_address[0]) {
		peer_update_source_unset(peer);
	} else if (link_address_usual(neighbor->local_address, usual, bare) && str2sockunion(bare, &su) == 0 &&
		   (!peer->update_source || sockunion_cmp(peer->update_source, &su) != 0)) {
		peer_update_source_addr_set(peer, &su);
	}
}

static bool has_strict_role(const struct peer *peer)
{
	return CHECK_FLAG(peer->flags, PEER_FLAG_ROLE_STRICT_MODE);
}

static void apply_role(const Peering__Neighbor *neighbor, struct peer *peer)
{
	uint8_t role = neighbor->role[0] ? role_from_name(neighbor->role) : ROLE_UNDEFINED;

	if (peer->local_role == role && has_strict_role(peer) == neighbor->role_strict)
		return;
	if (role == ROLE_UNDEFINED)
		peer_role_unset(peer);
	else
		peer_role_set(peer, role, neighbor->role_strict);
}

/* What a push has not said before, either, is its operator's where the session is in service: `kept` is that push's. */
static void apply_bfd(const Peering__Neighbor *neighbor, const Peering__Neighbor *kept, struct peer *peer)
{
	if (!neighbor->bfd) {
		if (peer->bfd_config && (!kept || kept->bfd))
			bgp_peer_remove_bfd_config(peer);
		return;
	}
	if (peer->bfd_config && peer->bfd_config->manual &&
	    strcmp(peer->bfd_config->profile, neighbor->bfd_profile) == 0)
		return;
	bgp_peer_configure_bfd(peer, true);
	strlcpy(peer->bfd_config->profile, neighbor->bfd_profile, sizeof(peer->bfd_config->profile));
	bgp_peer_config_apply(peer, peer->group);
}

static uint32_t keepalive_of(const Peering__Neighbor *neighbor)
{
	return neighbor->keepalive ? neighbor->keepalive : neighbor->hold_time / 3;
}

static bool has_timers(const struct peer *peer)
{
	return CHECK_FLAG(peer->flags, PEER_FLAG_TIMER);
}

static uint32_t connect_of(const struct peer *peer)
{
	return CHECK_FLAG(peer->flags, PEER_FLAG_TIMER_CONNECT) ? peer->connect : 0;
}

static void apply_timers(const Peering__Neighbor *neighbor, const Peering__Neighbor *kept, struct peer *peer)
{
	if (neighbor->hold_time)
		peer_timers_set(peer, keepalive_of(neighbor), neighbor->hold_time);
	else if (has_timers(peer) && (!kept || kept->hold_time))
		peer_timers_unset(peer);
	if (neighbor->connect_retry == connect_of(peer))
		return;
	if (neighbor->connect_retry)
		peer_timers_connect_set(peer, neighbor->connect_retry);
	else if (!kept || kept->connect_retry)
		peer_timers_connect_unset(peer);
}

void session_settings_apply(const char *connection, const Peering__Neighbor *neighbor, const Peering__Neighbor *kept,
			    struct peer *peer)
{
	apply_timers(neighbor, kept, peer);
	if (!kept) {
		apply_password(connection, neighbor, peer);
		apply_local_address(neighbor, peer);
		apply_role(neighbor, peer);
		if (neighbor->ttl_security_hops && peer->gtsm_hops != (int)neighbor->ttl_security_hops)
			peer_ttl_security_hops_set(peer, (int)neighbor->ttl_security_hops);
		else if (!neighbor->ttl_security_hops && peer->gtsm_hops)
			peer_ttl_security_hops_unset(peer);
	}
	/* Of one hop or more: that depends on TTL security. */
	apply_bfd(neighbor, kept, peer);
}

Peering__Neighbor session_settings_without_harmless(const Peering__Neighbor *neighbor)
{
	Peering__Neighbor rest = *neighbor;

	rest.bfd = rest.password_differs = false;
	rest.bfd_profile = (char *)protobuf_c_empty_string;
	rest.keepalive = rest.hold_time = rest.connect_retry = 0;
	return rest;
}

/* ---- drift ---- */

/* protobuf-c's own way to keep a text. */
static void replace(char **text, const char *with)
{
	if (*text != protobuf_c_empty_string)
		free(*text);
	*text = strdup(with);
	if (!*text)
		memory_oom(strlen(with), "declaration");
}

static bool same_password(const char *connection, const Peering__Neighbor *neighbor, const struct peer *peer)
{
	char text[SECRET_TEXT_MAX + 1];
	bool same = open_password(connection, neighbor, text) && peer->password && strcmp(peer->password, text) == 0;

	explicit_bzero(text, sizeof(text));
	return same;
}

static bool same_local_address(const Peering__Neighbor *neighbor, const struct peer *peer)
{
	char usual[LINK_ADDRESS_MAX], bare[LINK_ADDRESS_MAX];
	union sockunion su;

	return link_address_usual(neighbor->local_address, usual, bare) && str2sockunion(bare, &su) == 0 &&
	       peer->update_source && sockunion_cmp(peer->update_source, &su) == 0;
}

void session_settings_compare(const char *connection, const char *address, Peering__Neighbor *neighbor,
			      const struct peer *peer, void (*differs)(const char *what, void *context), void *context)
{
	char sealed[SECRET_SEALED_SIZE], from[INET6_ADDRSTRLEN] = "";

	if (neighbor->password[0] && !same_password(connection, neighbor, peer)) {
		differs(peer->password ? "has another password than was pushed" : "has no password, and one was pushed",
			context);
		neighbor->password_differs = peer->password != NULL;
		/* Without a key it stays what was pushed: to accept a drift never declares a session without its password. */
		if (password_seal(connection, address, peer->password ? peer->password : "", sealed))
			replace(&neighbor->password, sealed);
	}
	if (neighbor->ttl_security_hops && peer->gtsm_hops != (int)neighbor->ttl_security_hops) {
		differs("has another TTL security than was pushed", context);
		neighbor->ttl_security_hops = (uint32_t)peer->gtsm_hops;
	}
	if (neighbor->bfd && (!peer->bfd_config || strcmp(peer->bfd_config->profile, neighbor->bfd_profile) != 0)) {
		differs(peer->bfd_config ? "has another BFD profile than was pushed" : "has no BFD, as it was pushed",
			context);
		neighbor->bfd = peer->bfd_config != NULL;
		replace(&neighbor->bfd_profile, peer->bfd_config ? peer->bfd_config->profile : "");
	}
	if (neighbor->hold_time && (!has_timers(peer) || peer->holdtime != neighbor->hold_time ||
				    peer->keepalive != keepalive_of(neighbor))) {
		differs("has another hold time or keepalive than was pushed", context);
		neighbor->hold_time = has_timers(peer) ? peer->holdtime : 0;
		neighbor->keepalive = has_timers(peer) ? peer->keepalive : 0;
	}
	if (neighbor->connect_retry && connect_of(peer) != neighbor->connect_retry) {
		differs("has another connect timer than was pushed", context);
		neighbor->connect_retry = connect_of(peer);
	}
	if (neighbor->role[0] && (peer->local_role != role_from_name(neighbor->role) ||
				  has_strict_role(peer) != neighbor->role_strict)) {
		differs("has another role than was pushed", context);
		replace(&neighbor->role, role_to_name(peer->local_role));
		neighbor->role_strict = has_strict_role(peer);
	}
	if (neighbor->local_address[0] && !same_local_address(neighbor, peer)) {
		differs("speaks from another address than was pushed", context);
		if (peer->update_source)
			sockunion2str(peer->update_source, from, sizeof(from));
		replace(&neighbor->local_address, from);
	}
}
