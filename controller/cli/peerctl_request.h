/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of `peerctl request`, and the API's body that they make. The controller judges what stands in it.
 */
#ifndef PEERING_CONTROLLER_PEERCTL_REQUEST_H
#define PEERING_CONTROLLER_PEERCTL_REQUEST_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REQUEST_NEIGHBORS_MAX 16

/* For one address family; all texts are the command line's. */
struct request_family {
	uint32_t limit; /* 0: none */
	const char *import_policy;
	const char *export_policy;
	const char *local_address;
};

struct request_options {
	uint32_t asn;				      /* 0: not given */
	const char *neighbors[REQUEST_NEIGHBORS_MAX]; /* "ADDR" or "ADDR,optional" */
	size_t neighbor_count;
	const char *kind;
	const char *activation;
	uint32_t validation_window; /* 0: not given */
	const char *on_violation;
	const char *reopen_mode;
	uint32_t reopen_hold_down; /* 0: not given */
	const char *profile;
	json_object *checks; /* name and level of each; NULL: none is given */
	json_object *session; /* keys of every neighbor; NULL: none is given */
	json_object *timers;  /* name and seconds of each; NULL: none is given */
	const char *description;
	struct request_family ipv4, ipv6;
};

/* Takes one option by its character in peerctl.c. False with a sentence said on standard error. */
bool request_option(struct request_options *options, int option, const char *value);

/* NULL with a sentence in `error` where something is missing. The caller puts it. */
json_object *request_body(const struct request_options *options, const char *name, char *error, size_t error_size);

void request_options_free(struct request_options *options);

#endif
