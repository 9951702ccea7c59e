/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * peerctl's way to the controller: where it is, with which certificate, and one request at a time.
 */
#ifndef PEERING_CONTROLLER_PEERCTL_CLIENT_H
#define PEERING_CONTROLLER_PEERCTL_CLIENT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#define CLIENT_ERROR_MAX 1024

enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_UNREACHED = 3 };

/* Each NULL until something sets it; owned. */
struct client_settings {
	char *url;
	char *ca;
	char *certificate;
	char *key;
	char *token_file;
	char *token; /* in the place of the certificate */
};

/*
 * Sets what is still NULL from the environment (the token from there alone, or from the file), then ~/.config/peerctl.conf, then /etc/peering-controller/peerctl.conf.
 * False with a sentence where a file cannot be read, everybody can read the token, or something is missing in the end.
 */
bool client_settings_complete(struct client_settings *settings, char *error, size_t error_size);
void client_settings_free(struct client_settings *settings);

struct answer {
	long status;
	json_object *body; /* NULL where the answer was no JSON */
};

/*
 * `path` begins with "/v1/"; `method` NULL is GET, or POST where there is a body. False with a sentence in `error` where the controller was not
 * reached or did not speak as it should. The caller puts answer->body.
 */
bool client_ask(const struct client_settings *settings, const char *method, const char *path, json_object *body,
		struct answer *answer, char *error, size_t error_size);

/* Joins path segments, each escaped, behind "/v1". Ends with NULL; malloc. */
char *client_path(const char *segment, ...) __attribute__((sentinel));
/* Appends "?key=value" or "&key=value", escaped, where the value is not NULL; takes and returns `path`. */
char *client_query(char *path, const char *key, const char *value);

#endif
