// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GET …/connections/NAME/routes and …/preview: asked live from the router, and passed on as its `show peering` has them.
 */
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/api.h"
#include "controller/routers/queries.h"
#include "controller/routers/router_session.h"
#include "controller/routers/routers.h"
#include "controller/text.h"
#include "controller/turn.h"
#include "lib/protocol_features.h"
#include "lib/tls.h"
#include "lib/utf8.h"

#define JSON_DEPTH_MAX 32
#define CODE_MAX 64
#define SENTENCE_MAX 512
#define ROUTES_MAX 500
#define ROUTES_DEFAULT "100"

/* What the API calls a word of a query. */
static const struct {
	const char *parameter, *word;
} words[] = {
	{"family", "family"}, {"neighbor", "neighbor"}, {"prefix", "prefix"}, {"longer", "longer"}, {"asPath", "as-path"},
	{"verdict", "verdict"}, {"limit", "limit"}, {"after", "after"}, {"afterId", "id"}, {"afterOf", "of"},
};
#define WORD_COUNT (sizeof(words) / sizeof(words[0]))

struct waiting {
	struct api *api;
	struct evhttp_request *http;
	struct query *query;
	char router[TLS_NAME_MAX];
};

/* ---- The answer ---- */

static void pass_on(struct evhttp_request *http, const Peering__QueryAnswer *answer)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
	json_object *object = NULL;

	if (tokener) {
		json_tokener_set_flags(tokener, JSON_TOKENER_VALIDATE_UTF8);
		object = json_tokener_parse_ex(tokener, (const char *)answer->json.data, (int)answer->json.len);
		json_tokener_free(tokener);
	}
	if (json_object_is_type(object, json_type_object)) {
		api_reply(http, 200, object, NULL);
		return;
	}
	json_object_put(object);
	api_problem(http, 502, "bad-answer", "what the router answered cannot be read; look at it on the router", NULL);
}

static void refuse(struct evhttp_request *http, const Peering__QueryAnswer *answer)
{
	char *sentence = text_clean(answer->message, SENTENCE_MAX);
	size_t length = strlen(answer->code);
	bool plain = length < CODE_MAX && strspn(answer->code, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
	int status = strcmp(answer->code, "busy") == 0 ? 503 : strcmp(answer->code, "bad-query") == 0 ? 400 : 409;

	api_problem(http, status, plain ? answer->code : "refused", sentence && sentence[0] ? sentence : "the router refused this",
		    NULL);
	free(sentence);
}

static void answered(enum query_end end, const Peering__QueryAnswer *answer, void *context)
{
	struct waiting *waiting = context;
	TURN(TURN_API);

	evhttp_connection_set_closecb(evhttp_request_get_connection(waiting->http), NULL, NULL);
	if (end == QUERY_LOST)
		api_problem_format(waiting->http, 504, "router-lost", "the session with %s ended before it answered; try again",
				   waiting->router);
	else if (end == QUERY_TOO_LATE)
		api_problem_format(waiting->http, 504, "no-answer", "%s has not answered in time; try again",
				   waiting->router);
	else if (answer->code[0])
		refuse(waiting->http, answer);
	else
		pass_on(waiting->http, answer);
	free(waiting);
}

static void client_left(struct evhttp_connection *connection, void *context)
{
	struct waiting *waiting = context;

	queries_forget(waiting->query);
	/* evhttp has let go of a request whose connection broke, and leaves it to us. */
	if (!evhttp_request_get_connection(waiting->http))
		evhttp_request_free(waiting->http);
	free(waiting);
}

/* ---- The question ---- */

static void ask(const struct api_request *request, struct router_session *session, Peering__Query *query)
{
	struct waiting *waiting = calloc(1, sizeof(*waiting));

	if (waiting) {
		waiting->api = request->api;
		waiting->http = request->http;
		snprintf(waiting->router, sizeof(waiting->router), "%s", router_session_name(session));
		waiting->query = queries_ask(routers_queries(api_routers(request->api)), session, query,
					     api_config(request->api)->push_wait, answered, waiting);
	}
	if (!waiting || !waiting->query) {
		free(waiting);
		api_problem(request->http, 503, "not-asked", "the router could not be asked; try again", NULL);
		return;
	}
	evhttp_connection_set_closecb(evhttp_request_get_connection(request->http), client_left, waiting);
}

/* A connected router that can be asked. NULL where it has answered. */
static struct router_session *find_router(const struct api_request *request)
{
	const char *router = request->segments[1];
	struct router_session *session;

	if (!api_router_known(request, router))
		return NULL;
	session = routers_find(api_routers(request->api), router);
	if (!session) {
		api_problem_format(request->http, 409, "router-not-connected",
				   "%s is not connected, and only it knows; try again when `peerctl routers` shows it connected",
				   router);
		return NULL;
	}
	if (protocol_has_feature(router_session_features(session), PROTOCOL_QUERIES))
		return session;
	api_problem_format(request->http, 409, "router-too-old",
			   "%s runs a version of frr-peering that cannot be asked this; install the newer one there first",
			   router);
	return NULL;
}

void api_get_preview(const struct api_request *request)
{
	struct router_session *session = find_router(request);
	Peering__Query query = PEERING__QUERY__INIT;

	if (!session)
		return;
	query.connection = request->segments[3];
	query.what = (char *)"preview";
	ask(request, session, &query);
}

/* False where it has answered. */
static bool read_words(const struct api_request *request, Peering__QueryWord *read, size_t *count)
{
	const struct evkeyval *parameter;

	TAILQ_FOREACH (parameter, request->query, next) {
		size_t i = 0;

		while (i < WORD_COUNT && strcmp(words[i].parameter, parameter->key) != 0)
			i++;
		if (i == WORD_COUNT || *count == WORD_COUNT || !utf8_is_clean(parameter->value) ||
		    (strcmp(words[i].word, "limit") == 0 && (atoi(parameter->value) < 1 || atoi(parameter->value) > ROUTES_MAX))) {
			api_problem_format(request->http, 400, "bad-query",
					   "there are family, neighbor, prefix, longer, asPath, verdict (accepted, rejected), limit "
					   "(1 to %d), and after, afterId, afterOf from `next` of the page before",
					   ROUTES_MAX);
			return false;
		}
		peering__query_word__init(&read[*count]);
		read[*count].name = (char *)words[i].word;
		read[(*count)++].value = parameter->value;
	}
	return true;
}

void api_get_routes(const struct api_request *request)
{
	Peering__QueryWord read[WORD_COUNT + 1], *pointers[WORD_COUNT + 1];
	struct router_session *session = find_router(request);
	Peering__Query query = PEERING__QUERY__INIT;
	size_t count = 0;

	if (!session || !read_words(request, read, &count))
		return;
	if (!evhttp_find_header(request->query, "limit")) {
		peering__query_word__init(&read[count]);
		read[count].name = (char *)"limit";
		read[count++].value = (char *)ROUTES_DEFAULT;
	}
	for (size_t i = 0; i < count; i++)
		pointers[i] = &read[i];
	query.connection = request->segments[3];
	query.what = (char *)"routes";
	query.words = pointers;
	query.n_words = count;
	ask(request, session, &query);
}
