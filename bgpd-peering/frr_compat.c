// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/frr_compat.h"

#include "lib/buffer.h"

#include "lib/debug.h"
#include "lib/linklist.h"
#include "lib/table.h"

#include "bgpd/bgp_aspath.h"
#include "bgpd/bgp_attr_evpn.h"
#include "bgpd/bgp_ecommunity.h"
#include "bgpd/bgp_mac.h"
#include "bgpd/bgp_rpki.h"

#include <dlfcn.h>
#include <malloc.h>

/*
 * FRR counts each sort of memory under a name, and keeps the size of what it allocates as long as that is always the
 * same. The types are looked up by name, since most of libfrr's are not exported, and since a symbol that is missing
 * would end bgpd.
 */
static struct structure {
	const char *name;
	size_t size;
	size_t least; /* smaller allocations are something else */
	const struct memtype *type;
	bool fits;
} structures[] = {
#define FRR_STRUCTURE(type_name, structure_type, least_size)                                                           \
	{.name = type_name, .size = sizeof(structure_type), .least = least_size},
#include "bgpd-peering/frr_structures.def"
#undef FRR_STRUCTURE
};

static int find_type(void *unused, struct memgroup *group, struct memtype *type)
{
	for (size_t i = 0; type && i < array_size(structures); i++)
		if (strcmp(structures[i].name, type->name) == 0)
			structures[i].type = type;
	return 0;
}

/* In 8.4 an instance's name is counted under the same name, so that no one size is known: ask the allocator. */
static bool first_instance_fits(void)
{
	return listcount(bm->bgp) == 0 || malloc_usable_size(listgetdata(listhead(bm->bgp))) >= sizeof(struct bgp);
}

bool frr_structures_fit(char *error, size_t error_size)
{
	static bool looked_up;

	if (!looked_up)
		qmem_walk(find_type, NULL);
	looked_up = true;
	for (size_t i = 0; i < array_size(structures); i++) {
		struct structure *each = &structures[i];
		size_t size;

		if (each->fits || !each->type)
			continue;
		size = each->type->size;
		if (size == SIZE_VAR || size < each->least)
			size = 0;
		each->fits = size == each->size;
		if (size && !each->fits) {
			snprintf(error, error_size, "a \"%s\" has %zu bytes in this bgpd and %zu in FRR's headers", each->name,
				 size, each->size);
			return false;
		}
	}
	if (!first_instance_fits()) {
		snprintf(error, error_size, "a \"BGP instance\" is smaller in this bgpd than in FRR's headers");
		return false;
	}
	return true;
}

bool frr_is_ours(char *error, size_t error_size)
{
#ifdef ENABLE_BGP_VNC
	const bool vnc = true;
#else
	const bool vnc = false;
#endif
	const char *version = frrmod_list && frrmod_list->info ? frrmod_list->info->version : NULL;

	if (!version || strcmp(version, FRR_VERSION) != 0) {
		snprintf(error, error_size, "built for FRR %s, this bgpd is %s", FRR_VERSION,
			 version ? version : "of an unknown version");
		return false;
	}
	/* Structures differ with it, and only some of them in size. */
	if (vnc != (dlsym(RTLD_DEFAULT, "bgp_rfapi_new") != NULL)) {
		snprintf(error, error_size, "built for an FRR %s with%s BGP-VNC, this bgpd is one with%s it", FRR_VERSION,
			 vnc ? "" : "out", vnc ? "out" : "");
		return false;
	}
	return true;
}

/* Whose peer_status_changed runs. */
static struct peer *in_hook;

struct peer *peer_hook_runs(struct peer *peer)
{
	struct peer *outer = in_hook;

	in_hook = peer;
	return outer;
}

static struct peer *look_up(struct bgp *bgp, union sockunion *address)
{
#if FRR_SINCE(9, 1)
	return peer_lookup(bgp, address);
#else
	/* For each question peer_lookup() clears a struct peer, which has 700 kB here: `show peering` asks it thousands. */
	static struct peer key;

	SET_FLAG(key.flags, PEER_FLAG_CONFIG_NODE);
	key.su = *address;
	return hash_lookup(bgp->peerhash, &key);
#endif
}

struct peer *peer_find(struct bgp *bgp, union sockunion *address)
{
	struct peer *peer = look_up(bgp, address);

	if (!peer && in_hook && in_hook->bgp == bgp && CHECK_FLAG(in_hook->flags, PEER_FLAG_CONFIG_NODE) &&
	    sockunion_same(peer_remote_address(in_hook), address))
		peer = in_hook;
	return peer;
}

bool node_has_neighbors(int node)
{
	switch (node) {
	case BGP_NODE:
	case BGP_IPV4_NODE:
	case BGP_IPV4M_NODE:
	case BGP_IPV4L_NODE:
	case BGP_IPV6_NODE:
	case BGP_IPV6M_NODE:
	case BGP_IPV6L_NODE:
	case BGP_VPNV4_NODE:
	case BGP_VPNV6_NODE:
	case BGP_EVPN_NODE:
	case BGP_FLOWSPECV4_NODE:
	case BGP_FLOWSPECV6_NODE:
#if FRR_SINCE(10, 7)
	case BGP_LS_NODE:
#endif
		return true;
	default:
		return false;
	}
}

/* ---- routes ---- */

struct aspath *peer_read_as_path(const struct peer *peer, const uint8_t *bytes, size_t size, bool four_octet_as)
{
	struct stream *stream = stream_new(MAX(size, (size_t)1));
	struct aspath *path;

	stream_put(stream, bytes, size);
#if FRR_SINCE(9, 0)
	path = aspath_parse(stream, size, four_octet_as, bgp_get_asnotation(peer->bgp));
#else
	path = aspath_parse(stream, size, four_octet_as);
#endif
	stream_free(stream);
	return path;
}

/* `allowas-in` as it applies to this route: since 10.7 a route-map may say. */
static bool allows_own_asn(struct peer *peer, struct bgp_dest *dest, struct attr *attr, afi_t afi, safi_t safi)
{
#if FRR_SINCE(10, 7)
	struct bgp_path_info_extra extra = {0};
	struct attr copy;
	struct bgp_path_info path = {.peer = peer, .attr = &copy, .extra = &extra, .net = dest};
	route_map_result_t result;

	if (!CHECK_FLAG(peer->af_flags[afi][safi], PEER_FLAG_ALLOWAS_IN))
		return false;
	if (!peer->allowas_in_rmap[afi][safi].rmap)
		return !peer->allowas_in_rmap[afi][safi].name;
	attr_copy(&copy, attr);
	SET_FLAG(peer->rmap_type, PEER_RMAP_TYPE_ALLOWAS_IN);
	result = route_map_apply(peer->allowas_in_rmap[afi][safi].rmap, bgp_dest_get_prefix(dest), &path);
	peer->rmap_type = 0;
	attr_copy_flush(&copy);
	return result == RMAP_PERMITMATCH;
#else
	return true;
#endif
}

bool peer_finds_own_asn(struct peer *peer, struct bgp_dest *dest, struct attr *attr, afi_t afi, safi_t safi)
{
	struct bgp *bgp = peer->bgp;
	bool allowed = allows_own_asn(peer, dest, attr, afi, safi);
	int often = allowed ? peer->allowas_in[afi][safi] : 0;

	if (peer->change_local_as) {
		int local = CHECK_FLAG(peer->flags, PEER_FLAG_LOCAL_AS_NO_PREPEND) ? 0 : 1;

#if FRR_SINCE(10, 0)
		if (CHECK_FLAG(peer->af_flags[afi][safi], PEER_FLAG_ALLOWAS_IN))
#else
		if (often)
#endif
			local = often;
		if (aspath_loop_check(attr->aspath, peer->change_local_as) > local)
			return true;
	}
	if (allowed && CHECK_FLAG(peer->af_flags[afi][safi], PEER_FLAG_ALLOWAS_IN_ORIGIN) &&
	    aspath_get_last_as(attr->aspath) == bgp->as)
		return false;
	if (aspath_loop_check(attr->aspath, bgp->as) > often)
		return true;
	if (!CHECK_FLAG(bgp->config, BGP_CONFIG_CONFEDERATION))
		return false;
#if FRR_SINCE(9, 0)
	return aspath_loop_check_confed(attr->aspath, bgp->confed_id) > often;
#else
	return aspath_loop_check(attr->aspath, bgp->confed_id) > often;
#endif
}

bool attr_is_for_other_nodes(struct peer *peer, struct attr *attr)
{
#if FRR_SINCE(10, 0)
	struct ecommunity *communities = bgp_attr_get_ecommunity(attr);

	return communities && ecommunity_lookup(communities, ECOMMUNITY_ENCODE_IP, ECOMMUNITY_NODE_TARGET) &&
	       !ecommunity_node_target_match(communities, &peer->local_id);
#else
	return false;
#endif
}

bool attr_names_own_mac(struct attr *attr)
{
#if FRR_SINCE(10, 0)
	return false;
#else
	struct ethaddr mac;

	return bgp_attr_rmac(attr, &mac) && bgp_mac_exist(&mac);
#endif
}

const char *origin_validity_name(enum origin_validity validity)
{
	static const char *const names[ORIGIN_VALIDITY_COUNT] = {"unknown", "valid", "not-found", "invalid"};

	return validity < ORIGIN_VALIDITY_COUNT ? names[validity] : "unknown";
}

bool origin_validation_is_loaded(void)
{
	return _hook_bgp_rpki_prefix_status.entries != NULL;
}

/* The hook is called as FRR's own hook_call() would, which exists only where the hook is defined. */
enum origin_validity peer_origin_validity(struct peer *peer, struct attr *attr, const struct prefix *prefix)
{
	int state = RPKI_NOT_BEING_USED;

	for (struct hookent *entry = _hook_bgp_rpki_prefix_status.entries; entry; entry = entry->next) {
		union {
			void *pointer;
			int (*function)(struct peer *, struct attr *, const struct prefix *);
			int (*with_argument)(void *, struct peer *, struct attr *, const struct prefix *);
		} call = {.pointer = entry->hookfn};

		state += entry->has_arg ? call.with_argument(entry->hookarg, peer, attr, prefix)
					: call.function(peer, attr, prefix);
	}
	switch (state) {
	case RPKI_VALID:
		return ORIGIN_VALID;
	case RPKI_NOTFOUND:
		return ORIGIN_NOT_FOUND;
	case RPKI_INVALID:
		return ORIGIN_INVALID;
	default:
		return ORIGIN_UNKNOWN;
	}
}

enum origin_validity asn_origin_validity(struct peer *peer, as_t origin, const struct prefix *prefix)
{
	/* bgpd's rpki module reads the last segment of the path, and nothing else of the attributes. */
	struct assegment segment = {.as = &origin, .length = 1, .type = AS_SEQUENCE};
	struct aspath path = {.segments = &segment};
	struct attr attr = {.aspath = &path};

	return peer_origin_validity(peer, &attr, prefix);
}

/* ---- debugging ---- */

#if FRR_SINCE(10, 1)
void debugs_install(struct debug *debugs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		debug_install(&debugs[i]);
}
#else
/*
 * Up to 10.0 bgpd prints and saves what it knows itself and asks nobody. So its command and its writer are put behind
 * ours. `desc` is the line "debug peering AREA".
 */
static struct debug *our_debugs;
static size_t our_debug_count;
static const struct cmd_element *their_show;
static int (*their_write)(struct vty *vty);

static void set_all(uint32_t flags, bool set)
{
	for (size_t i = 0; i < our_debug_count; i++)
		DEBUG_FLAGS_SET(&our_debugs[i], flags, set);
}

static int show_with_ours(const struct cmd_element *self, struct vty *vty, int argc, struct cmd_token *argv[])
{
	int result = their_show->func(their_show, vty, argc, argv);

	for (size_t i = 0; i < our_debug_count; i++)
		if (DEBUG_MODE_CHECK(&our_debugs[i], DEBUG_MODE_ALL))
			vty_out(vty, "  %s debugging is on\n", our_debugs[i].desc + strlen("debug "));
	return result;
}

static int write_with_ours(struct vty *vty)
{
	int written = their_write ? their_write(vty) : 0;

	for (size_t i = 0; i < our_debug_count; i++) {
		if (!DEBUG_MODE_CHECK(&our_debugs[i], DEBUG_MODE_CONF))
			continue;
		vty_out(vty, "%s\n", our_debugs[i].desc);
		written++;
	}
	return written;
}

void debugs_install(struct debug *debugs, size_t count)
{
	static struct debug_callbacks callbacks = {.debug_set_all = set_all};
	static struct cmd_element ours;
	struct cmd_node *writer = vector_lookup(cmdvec, DEBUG_NODE), *node = vector_lookup(cmdvec, ENABLE_NODE);

	our_debugs = debugs;
	our_debug_count = count;
	debug_init(&callbacks);
	if (writer) {
		their_write = writer->config_write;
		writer->config_write = write_with_ours;
	}
	for (unsigned int i = 0; node && !their_show && i < vector_active(node->cmd_vector); i++) {
		const struct cmd_element *element = vector_slot(node->cmd_vector, i);

		if (element && strcmp(element->string, "show debugging [bgp]") == 0)
			their_show = element;
	}
	if (!their_show)
		return;
	ours = *their_show;
	ours.func = show_with_ours;
	uninstall_element(ENABLE_NODE, their_show);
	_install_element(ENABLE_NODE, &ours);
}
#endif

char *vty_answer(const char *line, int *status)
{
	struct vty *vty = vty_new();
	vector words = cmd_make_strvec(line);
	char *text, *to;

	/* Of the kinds of vty this one keeps all that is printed, however much; lines end with "\r\n" in it. */
	vty->type = VTY_TERM;
	vty->node = VIEW_NODE;
	*status = words ? cmd_execute_command(words, vty, NULL, 0) : CMD_ERR_NO_MATCH;
	if (words)
		cmd_free_strvec(words);
	text = buffer_getstr(vty->obuf);
	buffer_reset(vty->obuf);
	vty_close(vty);
	to = text;
	for (const char *from = text; *from; from++)
		if (*from != '\r')
			*to++ = *from;
	*to = '\0';
	return text;
}

struct interface *interface_of_network(const struct prefix *address, vrf_id_t vrf_id)
{
	struct vrf *vrf = vrf_lookup_by_id(vrf_id);
	struct interface *interface, *found = NULL;
	struct connected *connected;
	int longest = -1;

	if (address->family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&address->u.prefix6))
		return NULL;
	FOR_ALL_INTERFACES (vrf, interface) {
		for_each_connected (interface, connected) {
			const struct prefix *network = connected->address ? CONNECTED_PREFIX(connected) : NULL;

			if (!network || network->family != address->family || network->prefixlen <= longest ||
			    !prefix_match(network, address))
				continue;
			longest = network->prefixlen;
			found = interface;
		}
	}
	return found;
}
