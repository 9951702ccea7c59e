/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A peering as the API shows it, to who asks: peers see their own alone, and nothing of this network's inside. Main thread.
 */
#ifndef PEERING_CONTROLLER_API_PEERING_VIEW_H
#define PEERING_CONTROLLER_API_PEERING_VIEW_H

#include "controller/api/api_peerings.h"

/* A peering as the handlers need it, with the request that it is of. */
struct loaded_peering {
	const struct api_request *request;
	char state[16];
	char reason[PEERINGS_REASON_MAX + 1];
	bool by_peer, failed;
	struct peering_request body;
	bool good; /* `body` is to be freed */
	json_object *object;
	enum store_result result;
};

/* Whom a change is for: If-Match holds. False where it has answered; else the caller unloads. */
bool peering_find_to_decide(const struct api_request *request, struct loaded_peering *loaded);
void peering_unload(struct loaded_peering *loaded);

/* Answers with what the policy has against it. */
void peering_refuse_by_policy(const struct api_request *request, int status, const struct judgement *judgement);
/* Answers with one peering, its findings and its history. */
void peering_answer_with(const struct api_request *request, const char *name, int status);

/* The members that one in a list has. *failed says whether a router refused one of its connections. */
enum store_result peering_fill(json_object *object, const struct api_request *request,
			       const struct store_peering *peering, bool *failed);
/* What who asks may do with one in this state. */
json_object *peering_verbs(const struct api_request *request, const char *state);

#endif
