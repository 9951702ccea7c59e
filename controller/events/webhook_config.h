/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file that says which web hooks there are (doc/controller.md). Only who may write in the controller's folder says
 * where it sends what: there is no call of the API for it.
 */
#ifndef PEERING_CONTROLLER_WEBHOOK_CONFIG_H
#define PEERING_CONTROLLER_WEBHOOK_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#define WEBHOOKS_MAX 16
#define WEBHOOK_SECRET_MIN 16
#define WEBHOOK_SECRET_MAX 1024

/* What somebody can want to hear of. */
enum webhook_event {
	WEBHOOK_ACTIVE = 0,
	WEBHOOK_FAILED,
	WEBHOOK_DEGRADED,
	WEBHOOK_RECOVERED,
	WEBHOOK_REMOVED,
	WEBHOOK_EXPIRING,
	WEBHOOK_TEST, /* goes to who is asked for, whatever it wants */
	WEBHOOK_EVENT_COUNT,
};

const char *webhook_event_name(enum webhook_event event); /* "active", …; "?" out of range */

struct webhook_config {
	char *name; /* letters, digits, '-' and '_' */
	char *url;
	char *ca;		/* PEM file; NULL: the system's */
	unsigned char *secret;	/* as in its file, without the line feed at its end */
	size_t secret_size;
	unsigned int events; /* a bit for each */
};

struct webhook_configs {
	struct webhook_config *list;
	size_t count;
};

/*
 * No file at `path`, no web hooks, where `optional`. False with a sentence in `error` that names the file and what is
 * wrong. The caller frees with webhook_configs_free().
 */
bool webhook_configs_read(struct webhook_configs *configs, const char *path, bool optional, char *error,
			  size_t error_size);
void webhook_configs_free(struct webhook_configs *configs);

#endif
