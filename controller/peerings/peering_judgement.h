/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judges a requested peering by the peering policy, rule by rule, and says why; and makes of each accepted connection
 * what is pushed to its router. Pure; any thread.
 */
#ifndef PEERING_CONTROLLER_PEERING_JUDGEMENT_H
#define PEERING_CONTROLLER_PEERING_JUDGEMENT_H

#include <json-c/json.h>
#include <stdbool.h>

#include "controller/peerings/peering_policy.h"
#include "controller/peerings/peering_request.h"

#define FINDING_MAX 320
#define JUDGEMENT_RULES 19

enum finding_verdict { VERDICT_PASS = 0, VERDICT_WAIT, VERDICT_FAIL };

struct finding {
	const char *rule; /* static: "bandwidth", "ipv6", … */
	enum finding_verdict verdict;
	bool inside; /* it tells of this network's inside, or of other networks: not for peers */
	char sentence[FINDING_MAX];
	char change[FINDING_MAX]; /* what to change in the request, or what is waited for; "" where it passes */
};

struct judgement {
	struct finding findings[JUDGEMENT_RULES];
	size_t count;
	enum finding_verdict verdict; /* the worst */
};

/* What the request does not say itself. */
struct peering_facts {
	bool by_peer;		/* a peer asks, who has no say in this network's own policies */
	bool stored;		/* it was asked for before, under names that stay */
	const char *asn_state;	/* of the peer AS: "None", "Pending", "Approved", "Failed"; NULL: not known here */
	const char *asn_reason; /* of "Failed" */
	struct {
		bool router_known;
		bool name_taken; /* by a connection that is not this peering's */
	} connections[PEERING_CONNECTIONS_MAX];
};

void peering_judge(const struct peering_policy *policy, const struct peering_request *request,
		   const struct peering_facts *facts, struct judgement *judgement);
/* What a peer may know of it: findings of the inside pass, and say that they are looked at by this network. */
void judgement_hide_inside(struct judgement *judgement);
/* Whether a peer of this AS may choose the name, which no other may: it begins with "AS64510-". */
bool peering_name_is_of(const char *name, uint32_t asn);
const char *finding_verdict_name(enum finding_verdict verdict); /* "pass", "wait", "fail" */
/* An array of {rule, verdict, sentence, change}; the caller puts it. */
json_object *judgement_to_json(const struct judgement *judgement);

/*
 * The definition of one connection as its router gets it: what the request says, what the policy adds where the request
 * says nothing, and the activation, which is the policy's. A new object.
 */
json_object *peering_compose(const struct peering_policy *policy, const struct peering_request *request, size_t index);

#endif
