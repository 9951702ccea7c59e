/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * peerctl peering …, peerctl asn … and peerctl policy: requests, what the policy says of them, and who decides.
 */
#ifndef PEERING_CONTROLLER_PEERCTL_PEERING_H
#define PEERING_CONTROLLER_PEERCTL_PEERING_H

#include "controller/cli/peerctl_command.h"

extern const char peering_request_help[];
extern const char asn_set_help[];

int peering_list(struct invocation *invocation, const struct command *command);
int peering_show(struct invocation *invocation, const struct command *command);
int peering_request(struct invocation *invocation, const struct command *command);
/* The verb is the second word of the command's name. */
int peering_verb(struct invocation *invocation, const struct command *command);
int peering_bgp_configured(struct invocation *invocation, const struct command *command);

int asn_list(struct invocation *invocation, const struct command *command);
int asn_show(struct invocation *invocation, const struct command *command);
int asn_set(struct invocation *invocation, const struct command *command);
int asn_delete(struct invocation *invocation, const struct command *command);
/* "approve" or "fail" */
int asn_validate(struct invocation *invocation, const struct command *command);

int peering_policy_show(struct invocation *invocation, const struct command *command);

#endif
