/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the handlers of peer ASNs and of peerings share. A peer sees what is of its own AS, and of people of this network
 * not their names. Main thread.
 */
#ifndef PEERING_CONTROLLER_API_PEERINGS_H
#define PEERING_CONTROLLER_API_PEERINGS_H

#include "controller/api/api.h"
#include "controller/peerings/peerings.h"

#define PEERINGS_PAGE_MAX 200
#define PEERINGS_REASON_MAX 159 /* bytes */

/* The query of a list. */
struct peering_filter {
	const char *state; /* NULL: any */
	uint32_t asn;	   /* 0: any; a peer's own */
	const char *after;
	unsigned int limit;
};

/* `states` is a list that NULL ends. False where it has answered. */
bool api_read_peering_filter(const struct api_request *request, const char *const *states,
			     struct peering_filter *filter);

/* {} or {"reason": "…"}; *reason stays the body's, "" where there is none. False where it has answered. */
bool api_read_peering_reason(const struct api_request *request, json_object *body, bool wanted, const char **reason);

/* Ends the transaction that `result` is of: committed, else rolled back and answered with false. */
bool api_commit(const struct api_request *request, enum store_result result);

/* Who did it, for who asks: null where it is nobody, "operator" where a peer shall not know. */
json_object *api_actor(const struct api_request *request, const char *actor);

void api_get_peer_asns(const struct api_request *request);
void api_get_peer_asn(const struct api_request *request);
void api_put_peer_asn(const struct api_request *request);
void api_delete_peer_asn(const struct api_request *request);
void api_post_peer_asn_validate(const struct api_request *request);

void api_get_peering_policy(const struct api_request *request);
void api_get_peerings(const struct api_request *request);
void api_get_peering(const struct api_request *request);
void api_post_peering(const struct api_request *request);
void api_post_peering_approve(const struct api_request *request);
void api_post_peering_reject(const struct api_request *request);
void api_post_peering_withdraw(const struct api_request *request);
void api_post_peering_deprovision(const struct api_request *request);
void api_post_bgp_configured(const struct api_request *request);

#endif
