// SPDX-License-Identifier: GPL-2.0-or-later
/* peering_link.so's one symbol. */
#include "bgpd-peering/link/link_plugin.h"

__attribute__((visibility("default"))) extern const struct link_functions peering_link_functions;

const struct link_functions peering_link_functions = {
	.package_version = PEERING_PACKAGE_VERSION,
	.make = link_new,
	.start = link_start,
	.transition = link_transition,
	.feed = link_feed,
	.fed = link_fed,
	.pushed = link_pushed,
	.send = link_send,
	.has_room = link_has_room,
	.figures = link_figures,
	.stop = link_stop,
	.event_free = link_event_free,
	.secret_key_load = secret_key_load,
	.secret_seal = secret_seal,
	.secret_open = secret_open,
};
