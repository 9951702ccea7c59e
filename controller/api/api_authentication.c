// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/api/api_authentication.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "controller/api/token.h"
#include "controller/log.h"
#include "controller/rate_limit.h"
#include "controller/routers/newcomers.h"
#include "controller/text.h"
#include "lib/tls.h"

/* Failures of one source: ten at once, then one in six seconds. */
#define FAILURE_INTERVAL 6000
#define FAILURE_BURST 10
/* Of what an identity may ask in a second it may save up for this long. */
#define BURST_SECONDS 20
#define BUCKETS_MAX 4096
/* When a token was used last is written no more often: each time is a commit. */
#define USED_MILLISECONDS 60000

struct api_authentication {
	const struct config *config;
	struct rate_limit *failures, *requests, *peer_requests;
};

static struct rate_limit *requests_per_second(unsigned int count)
{
	return rate_limit_new(1000 / count, count * BURST_SECONDS, BUCKETS_MAX);
}

struct api_authentication *api_authentication_new(const struct config *config)
{
	struct api_authentication *authentication = calloc(1, sizeof(*authentication));

	if (!authentication)
		return NULL;
	authentication->config = config;
	authentication->failures = rate_limit_new(FAILURE_INTERVAL, FAILURE_BURST, BUCKETS_MAX);
	authentication->requests = requests_per_second(config->api_rate);
	authentication->peer_requests = requests_per_second(config->api_rate_peer);
	if (authentication->failures && authentication->requests && authentication->peer_requests)
		return authentication;
	api_authentication_free(authentication);
	return NULL;
}

void api_authentication_free(struct api_authentication *authentication)
{
	if (!authentication)
		return;
	rate_limit_free(authentication->failures);
	rate_limit_free(authentication->requests);
	rate_limit_free(authentication->peer_requests);
	free(authentication);
}

static void refuse_often(const struct api_request *request, int64_t milliseconds, const char *sentence)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request->http);

	evhttp_add_header(headers, "Retry-After", log_number((uint64_t)(milliseconds + 999) / 1000));
	api_problem(request->http, 429, "too-many-requests", sentence, NULL);
}

/*
 * Whoever fails too often hears 429 and is not logged any more. A good token or certificate of the same source is let in
 * all the same: somebody behind the same address must not be able to lock others out, and 2^256 tokens cannot be tried.
 */
static void refuse(struct api_authentication *authentication, const struct api_request *request, int status,
		   const char *code, const char *sentence)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request->http);
	unsigned char source[NEWCOMERS_SOURCE_SIZE];
	struct sockaddr_storage from;
	char address[LISTENER_ADDRESS_SIZE];
	int64_t wait;

	evhttp_add_header(headers, "Connection", "close");
	api_client_source(request->http, &from);
	newcomers_source((struct sockaddr *)&from, source);
	wait = rate_limit_take(authentication->failures, source, sizeof(source), clock_steady_milliseconds());
	if (wait > 0) {
		refuse_often(request, wait, "too many failed attempts from this address; wait, then show a valid token");
		return;
	}
	listener_format((struct sockaddr *)&from, address);
	log_event(LEVEL_WARNING, "api-refused", "address", address, "message", sentence, NULL);
	if (status == 401)
		evhttp_add_header(headers, "WWW-Authenticate", "Bearer realm=\"peering-controller\"");
	api_problem(request->http, status, code, sentence, NULL);
}

/* ---- Tokens ---- */

struct found {
	const struct token_parts *shown;
	struct api_identity identity;
	char *actor;
	bool matches, ended;
	int64_t last_used_at;
};

static bool judge(const struct store_token *token, void *context)
{
	struct found *found = context;
	int role = api_role_from_name(token->role);

	/* A peer of no AS would be taken for one of ours where the AS is asked for. */
	found->matches = token_hashes_equal(token->hash, found->shown->hash) && role >= 0 &&
			 (role == API_ROLE_PEER) == (token->asn != 0);
	found->ended = token->revoked_at != 0 || token->expires_at <= clock_milliseconds();
	if (!found->matches || found->ended)
		return true;
	found->last_used_at = token->last_used_at;
	snprintf(found->actor, API_ACTOR_MAX, "token:%.*s", TOKEN_NAME_MAX, token->name);
	found->identity = (struct api_identity){.actor = found->actor, .role = (enum api_role)role, .asn = token->asn};
	memcpy(found->identity.token, found->shown->id, sizeof(found->identity.token));
	return true;
}

static void note_use(const struct api_request *request, const struct found *found)
{
	int64_t now = clock_milliseconds();

	/* A clock that jumped back writes it too. Where the store is busy the next use does. */
	if (found->last_used_at > now || now - found->last_used_at > USED_MILLISECONDS)
		store_token_used(api_store(request->api), found->shown->id, now);
}

static bool by_token(struct api_authentication *authentication, struct api_request *request, const char *header,
		     char *actor)
{
	struct token_parts parts;
	struct found found = {.shown = &parts, .actor = actor};
	enum store_result result;

	if (strncasecmp(header, "Bearer ", 7) != 0 || !token_read(header + 7 + strspn(header + 7, " "), &parts)) {
		refuse(authentication, request, 401, "bad-token",
		       "the header Authorization takes 'Bearer' and a token as /v1/tokens gives them out");
		return false;
	}
	result = store_token(api_store(request->api), parts.id, judge, &found);
	if (result != STORE_OK && result != STORE_NOT_FOUND) {
		api_problem_store(request->http, api_store(request->api), result);
		return false;
	}
	if (!found.matches || found.ended) {
		/* Only who has the whole token learns that it was one. */
		refuse(authentication, request, 401, "bad-token",
		       found.matches ? "this token has expired or was revoked; ask an admin for another"
				     : "there is no such token; ask an admin for one");
		return false;
	}
	request->identity = found.identity;
	note_use(request, &found);
	return true;
}

/* ---- Certificates ---- */

static bool by_certificate(struct api_authentication *authentication, struct api_request *request, SSL *ssl, char *actor)
{
	char name[TLS_NAME_MAX], sentence[TLS_NAME_MAX + 256];
	bool router;

	if (tls_peer_email(ssl, actor, API_ACTOR_MAX)) {
		request->identity.actor = actor;
		request->identity.role = api_role_of_certificate(authentication->config, actor);
		return true;
	}
	if (!SSL_get0_peer_certificate(ssl)) {
		refuse(authentication, request, 401, "no-identity",
		       "show an operator's certificate, or a token in the header Authorization: Bearer");
		return false;
	}
	router = tls_peer_dns_name(ssl, name, sizeof(name));
	snprintf(sentence, sizeof(sentence),
		 "the certificate%s%s names no operator: it needs an e-mail address of at most %zu bytes in its subject "
		 "alternative names; use an operator's certificate",
		 router ? " of " : "", router ? name : "", API_ACTOR_MAX - 1);
	refuse(authentication, request, 403, "not-an-operator", sentence);
	return false;
}

bool api_authenticate(struct api_authentication *authentication, struct api_request *request, SSL *ssl,
		      char actor[API_ACTOR_MAX])
{
	const char *header = evhttp_find_header(evhttp_request_get_input_headers(request->http), "Authorization");
	struct rate_limit *limit;
	int64_t wait;

	if (!(header ? by_token(authentication, request, header, actor)
		     : by_certificate(authentication, request, ssl, actor)))
		return false;
	limit = request->identity.role == API_ROLE_PEER ? authentication->peer_requests : authentication->requests;
	wait = rate_limit_take(limit, actor, strlen(actor), clock_steady_milliseconds());
	if (wait > 0)
		refuse_often(request, wait, "too many requests; go on after the seconds in Retry-After");
	return wait == 0;
}
