/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * peerctl's way to the controller: where it is, with which certificate, and requests one by one or many at once.
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
	long patience; /* seconds that a request may take; 0: as long as the controller may wait for a router */
};

/*
 * Sets what is still NULL from the environment, then ~/.config/peerctl.conf, then /etc/peering-controller/peerctl.conf;
 * the token from the environment or from token_file. False with a sentence where a file cannot be read, everybody can
 * read the token's, or something is missing in the end.
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

/* One of many: `path` and `body` are the caller's, what comes of it is put by the caller. */
struct client_request {
	const char *path;
	json_object *body;
	struct answer answer;
	char *error; /* a sentence (malloc) where the controller was not reached; NULL: `answer` holds */
};

/* After each one that is done. */
typedef void (*client_progress)(size_t done, size_t count, void *context);

/*
 * POSTs all of them, some at a time and in no order, and returns when each has its answer. What the controller is too
 * busy for (429, 503) is asked again after the time that it names, up to sixty times in a row.
 */
void client_ask_many(const struct client_settings *settings, struct client_request *requests, size_t count,
		     client_progress progress, void *context);

/* A piece of an answer that goes on; false ends it. */
typedef bool (*client_take)(const char *bytes, size_t size, void *context);

/*
 * Reads the server-sent events at `path` until the connection ends; `last` NULL, or the id behind which they begin.
 * EXIT_DONE where the controller ended it well; EXIT_REFUSED with what it said in *problem, the caller's to put;
 * EXIT_UNREACHED with a sentence in `error`, also where it refuses for now alone (status 429 or 503).
 */
int client_stream(const struct client_settings *settings, const char *path, const char *last, client_take take,
		  void *context, json_object **problem, char *error, size_t error_size);

/* Joins path segments, each escaped, behind "/v1". Ends with NULL; malloc. */
char *client_path(const char *segment, ...) __attribute__((sentinel));
/* Appends "?key=value" or "&key=value", escaped, where the value is not NULL; takes and returns `path`. */
char *client_query(char *path, const char *key, const char *value);

#endif
