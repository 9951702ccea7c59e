/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration file: `key = value` lines, '#' begins a comment, every key has a default (doc/controller.md).
 */
#ifndef PEERING_CONTROLLER_CONFIG_H
#define PEERING_CONTROLLER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#define CONFIG_DEFAULT_FILE "/etc/peering-controller/peering-controller.conf"
/* The only one that need not be there. */
#define CONFIG_DEFAULT_WEBHOOKS "/etc/peering-controller/webhooks.json"
#define CONFIG_ERROR_MAX 2048
#define CONFIG_LIST_GAP ", \t"

struct config {
	/* "ADDRESS:PORT", "[ADDRESS]:PORT"; port 0 lets the kernel choose. */
	char *router_listen;
	char *api_listen;
	char *metrics_listen; /* "": nowhere */
	/* PEM files. */
	char *tls_ca;
	char *tls_certificate;
	char *tls_key;
	char *tls_crl; /* revocation lists; NULL: none */
	char *database;
	char *user; /* that root becomes; "": none */
	char *webhooks; /* JSON file */
	char *peering_policy; /* "" for none */
	unsigned int heartbeat;		/* seconds between our heartbeats to a router */
	unsigned int silence;		/* seconds without a frame of a router, or in which it reads nothing */
	unsigned int handshake_timeout; /* seconds for TLS and Hello, each */
	unsigned int push_wait;		/* seconds that an API request waits for the router's answer */
	unsigned int max_routers;	/* sessions that have said Hello */
	unsigned int max_api_clients;	/* connections that have shown a certificate or a token */
	unsigned int api_rate;		/* requests a second of one who asks; many times that at once */
	unsigned int api_rate_peer;	/* the same of a peer */
	/* E-mail addresses in certificates of people who are admins, or may only look; CONFIG_LIST_GAP between them. */
	char *admins;
	char *viewers;
	/* Connections that have not, on either side: in all, and from one address or IPv6 /64. */
	unsigned int max_handshakes;
	unsigned int max_handshakes_per_source;
	unsigned int max_event_streams; /* readers of GET /v1/events that stay */
	unsigned int events_kept;	/* the newest, at most */
	unsigned int events_days;	/* and none that is older */
	/* The same of transitions, of operations of answered pushes, of the audit log; of ended peerings days alone. */
	unsigned int history_kept, history_days;
	unsigned int pushes_kept, pushes_days;
	unsigned int audit_kept, audit_days;
	unsigned int peerings_days;
	unsigned int idempotency_keys;	/* of the last 24 hours, at most */
	unsigned int peer_peerings;	/* of one AS that have not ended, at most */
	unsigned int peer_changes;	/* that one AS makes in 24 hours, at most */
};

/*
 * Sets every default, then reads `path`; NULL reads CONFIG_DEFAULT_FILE where it exists. False with a sentence in
 * `error` that names file and line and says what to do; `config` is then empty. The caller frees with config_free().
 */
bool config_read(struct config *config, const char *path, char *error, size_t error_size);
void config_free(struct config *config);

#endif
