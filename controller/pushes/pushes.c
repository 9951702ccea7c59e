// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/pushes/pushes.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "controller/pushes/declaration_secret.h"
#include "controller/log.h"
#include "controller/routers/router_session.h"
#include "controller/routers/routers.h"
#include "lib/policy_object.h"
#include "controller/text.h"
#include "controller/turn.h"

/* Pushes that a router may have before it has answered the first of them. */
#define WINDOW 32

/* Behind what is readable by then. */
static const struct timeval next_turn = {.tv_sec = 0};

struct push_waiter {
	LIST_ENTRY(push_waiter) link;
	struct event *deadline;
	char *id;
	char *router;
	push_done done;
	void *context;
};

/* A router for which there is something to send. */
struct due {
	STAILQ_ENTRY(due) link;
	char router[];
};

struct pushes {
	struct event_base *base;
	struct store *store;
	const struct secret_key *key;
	struct routers *routers;
	LIST_HEAD(, push_waiter) waiters; /* bounded by max-api-clients: each waits for one */
	struct event *send;
	STAILQ_HEAD(, due) due; /* each router once */
};

static void send_next(evutil_socket_t fd, short what, void *context);

struct pushes *pushes_new(struct event_base *base, struct store *store, const struct secret_key *key)
{
	struct pushes *pushes = calloc(1, sizeof(*pushes));

	if (!pushes)
		return NULL;
	pushes->base = base;
	pushes->store = store;
	pushes->key = key;
	LIST_INIT(&pushes->waiters);
	STAILQ_INIT(&pushes->due);
	pushes->send = event_new(base, -1, 0, send_next, pushes);
	if (!pushes->send) {
		free(pushes);
		return NULL;
	}
	return pushes;
}

const struct secret_key *pushes_key(const struct pushes *pushes)
{
	return pushes->key;
}

void pushes_set_routers(struct pushes *pushes, struct routers *routers)
{
	pushes->routers = routers;
}

/* The caller frees it; NULL where there is none. */
static struct due *take_due(struct pushes *pushes)
{
	struct due *due = STAILQ_FIRST(&pushes->due);

	if (due)
		STAILQ_REMOVE_HEAD(&pushes->due, link);
	return due;
}

void pushes_free(struct pushes *pushes)
{
	struct due *due;

	if (!pushes)
		return;
	while ((due = take_due(pushes)) != NULL)
		free(due);
	event_free(pushes->send);
	free(pushes);
}

static bool request_to_wire(const struct store_operation *operation, const struct secret_key *key,
			    Peering__Operation *wire, struct declaration_error *error)
{
	wire->declare = declaration_from_stored(operation->definition ? operation->definition : "", key, error);
	if (wire->declare)
		wire->operation_case = PEERING__OPERATION__OPERATION_DECLARE;
	return wire->declare != NULL;
}

static bool policy_to_wire(const struct store_operation *operation, Peering__Operation *wire)
{
	json_object *body = json_tokener_parse(operation->definition ? operation->definition : "");
	struct policy_error error;

	wire->policy = policy_from_json(body, operation->connection, &error);
	json_object_put(body);
	if (wire->policy)
		wire->operation_case = PEERING__OPERATION__OPERATION_POLICY;
	return wire->policy != NULL;
}

static bool withdraw_to_wire(const struct store_operation *operation, Peering__Operation *wire)
{
	Peering__WithdrawPolicy *withdraw = malloc(sizeof(*withdraw));

	if (!withdraw)
		return false;
	peering__withdraw_policy__init(withdraw);
	wire->withdraw_policy = withdraw;
	wire->operation_case = PEERING__OPERATION__OPERATION_WITHDRAW_POLICY;
	withdraw->name = strdup(operation->connection);
	return withdraw->name != NULL;
}

static bool verb_to_wire(const struct store_operation *operation, Peering__Operation *wire)
{
	Peering__ConnectionVerb *verb = malloc(sizeof(*verb));

	if (!verb)
		return false;
	peering__connection_verb__init(verb);
	wire->verb = verb;
	wire->operation_case = PEERING__OPERATION__OPERATION_VERB;
	verb->name = strdup(operation->connection);
	verb->verb = strdup(operation->verb);
	verb->reason = strdup(operation->reason);
	return verb->name && verb->verb && verb->reason;
}

static bool operation_to_wire(const struct store_operation *operation, const struct secret_key *key,
			      Peering__Operation *wire, struct declaration_error *error)
{
	if (strcmp(operation->verb, STORE_REQUEST) == 0)
		return request_to_wire(operation, key, wire, error);
	if (strcmp(operation->verb, STORE_POLICY) == 0)
		return policy_to_wire(operation, wire);
	if (strcmp(operation->verb, STORE_WITHDRAW_POLICY) == 0)
		return withdraw_to_wire(operation, wire);
	return verb_to_wire(operation, wire);
}

/* NULL with *error set where memory is short, or the stored definition cannot be read. Freed with free_unpacked(). */
static Peering__Push *push_to_wire(const struct store_push *push, const struct secret_key *key,
				   struct declaration_error *error)
{
	Peering__Push *wire = malloc(sizeof(*wire));
	bool good;

	if (!wire)
		return NULL;
	peering__push__init(wire);
	wire->id = strdup(push->id);
	wire->actor = strdup(push->actor);
	wire->dry_run = push->dry_run;
	wire->expects_revision = push->expects_revision;
	wire->expected_revision = push->expected_revision;
	wire->confirm_seconds = push->confirm_seconds;
	wire->operations = calloc(push->operation_count + 1, sizeof(*wire->operations));
	good = wire->id && wire->actor && wire->operations && push->operation_count <= PUSH_OPERATIONS_MAX;
	for (size_t i = 0; good && i < push->operation_count; i++) {
		const struct store_operation *operation = &push->operations[i];
		Peering__Operation *entry = malloc(sizeof(*entry));

		if (!entry) {
			good = false;
			break;
		}
		peering__operation__init(entry);
		wire->operations[wire->n_operations++] = entry;
		good = operation_to_wire(operation, key, entry, error);
	}
	if (good)
		return wire;
	peering__push__free_unpacked(wire, NULL);
	return NULL;
}

/* One walk over what is queued. */
struct sending {
	const struct secret_key *key;
	struct router_session *session;
	char *refused;		    /* id of a push that this router cannot take, which ends the walk */
	enum protocol_feature lacks; /* of it; PROTOCOL_FEATURE_COUNT: a password of it is lost */
	struct declaration_error error; /* which */
};

/* What the router lacks of what the push needs; PROTOCOL_FEATURE_COUNT where it has all. */
static enum protocol_feature lacking(const struct router_session *session, const Peering__Push *push)
{
	protocol_feature_set lacks = protocol_features_of_push(push) & ~router_session_features(session);
	unsigned int feature = 0;

	while (feature < PROTOCOL_FEATURE_COUNT && !protocol_has_feature(lacks, feature))
		feature++;
	return feature;
}

static bool send_push(const struct store_push *push, void *context)
{
	struct sending *sending = context;
	struct router_session *session = sending->session;
	struct push_window *window = router_session_window(session);
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	bool sent;

	window->newest = push->number;
	envelope.body_case = PEERING__ENVELOPE__BODY_PUSH;
	envelope.push = push_to_wire(push, sending->key, &sending->error);
	if (!envelope.push && strcmp(sending->error.code, "password-lost") == 0) {
		sending->lacks = PROTOCOL_FEATURE_COUNT;
		sending->refused = strdup(push->id);
		return false;
	}
	if (!envelope.push) {
		log_event(LEVEL_ERROR, "push-unreadable", "router", push->router, "push", push->id, "message",
			  "what the database holds of this push cannot be sent; it stays queued", NULL);
		return true;
	}
	sending->lacks = lacking(session, envelope.push);
	if (sending->lacks < PROTOCOL_FEATURE_COUNT) {
		peering__push__free_unpacked(envelope.push, NULL);
		sending->refused = strdup(push->id);
		return false;
	}
	sent = router_session_send(session, &envelope);
	peering__push__free_unpacked(envelope.push, NULL);
	if (sent) {
		window->unanswered++;
		log_event(LEVEL_INFO, "push-sent", "router", push->router, "push", push->id, "actor", push->actor,
			  "connection", push->operations[0].connection, "verb", push->operations[0].verb, NULL);
	}
	return sent;
}

/*
 * A router that does not know a part would pass over it, and do something else than was asked for; and without its
 * password a session is not what was asked for either.
 */
static enum store_result refuse_unsent(struct pushes *pushes, const struct sending *sending)
{
	const char *router = router_session_name(sending->session);
	struct store_operation answer = {.code = sending->error.code, .message = sending->error.sentence, .allowed = "[]"};
	struct store_router hello;
	char sentence[512];

	if (sending->lacks < PROTOCOL_FEATURE_COUNT) {
		router_session_describe(sending->session, &hello);
		snprintf(sentence, sizeof(sentence),
			 "%s runs version %s of frr-peering, which does not have \"%s\", and this push needs it; nothing was "
			 "sent. Install the newer frr-peering there first",
			 router, hello.module_version, protocol_feature_names[sending->lacks]);
		answer.code = "router-too-old";
		answer.message = sentence;
	}
	log_event(LEVEL_WARNING, "push-refused", "router", router, "push", sending->refused, "code", answer.code,
		  "message", answer.message, NULL);
	return store_push_answered(pushes->store, router, sending->refused, false, &answer, 1, clock_milliseconds());
}

static void finish_matching(struct pushes *pushes, const char *id, const char *router);

static void send_queued(struct pushes *pushes, struct router_session *session)
{
	struct push_window *window = router_session_window(session);
	struct sending sending = {.key = pushes->key, .session = session, .error.code = ""};
	enum store_result result = STORE_OK;

	/* Sending closes a session whose router does not read. */
	router_session_ref(session);
	while (result == STORE_OK && router_session_is_up(session) && window->unanswered < WINDOW) {
		result = store_pushes_queued(pushes->store, router_session_name(session), window->newest,
					     WINDOW - window->unanswered, send_push, &sending);
		if (!sending.refused)
			break;
		if (result == STORE_OK)
			result = refuse_unsent(pushes, &sending);
		if (result == STORE_OK)
			finish_matching(pushes, sending.refused, NULL);
		free(sending.refused);
		sending.refused = NULL;
	}
	router_session_unref(session);
	/* What is queued goes out with the next push or answer. */
	if (result != STORE_OK)
		log_event(LEVEL_ERROR, "store-failed", "message", store_error(pushes->store), NULL);
}

static void send_to(struct pushes *pushes, const char *router)
{
	struct router_session *session = routers_find(pushes->routers, router);

	if (session)
		send_queued(pushes, session);
}

/* One router in each turn: what is read, sealed and packed of a large push takes as long as storing it did. */
static void send_next(evutil_socket_t fd, short what, void *context)
{
	struct pushes *pushes = context;
	struct due *due = take_due(pushes);
	TURN(TURN_API);

	if (!due)
		return;
	send_to(pushes, due->router);
	free(due);
	if (!STAILQ_EMPTY(&pushes->due))
		event_add(pushes->send, &next_turn);
}

void pushes_created(struct pushes *pushes, const char *router)
{
	struct due *due;

	STAILQ_FOREACH (due, &pushes->due, link)
		if (strcmp(due->router, router) == 0)
			return;
	due = malloc(sizeof(*due) + strlen(router) + 1);
	if (!due) {
		send_to(pushes, router);
		return;
	}
	strcpy(due->router, router);
	STAILQ_INSERT_TAIL(&pushes->due, due, link);
	event_add(pushes->send, &next_turn);
}

static void finish(struct push_waiter *waiter)
{
	push_done done = waiter->done;
	void *context = waiter->context;
	char *id = waiter->id;

	waiter->id = NULL;
	pushes_forget(waiter);
	done(id, context);
	free(id);
}

static void expired(evutil_socket_t fd, short what, void *context)
{
	finish(context);
}

struct push_waiter *pushes_wait(struct pushes *pushes, const char *id, const char *router, unsigned int seconds,
				push_done done, void *context)
{
	struct push_waiter *waiter = calloc(1, sizeof(*waiter));
	struct timeval delay = {.tv_sec = seconds};

	if (!waiter)
		return NULL;
	waiter->done = done;
	waiter->context = context;
	waiter->id = strdup(id);
	waiter->router = strdup(router);
	waiter->deadline = event_new(pushes->base, -1, 0, expired, waiter);
	LIST_INSERT_HEAD(&pushes->waiters, waiter, link);
	if (!waiter->id || !waiter->router || !waiter->deadline || event_add(waiter->deadline, &delay) < 0) {
		pushes_forget(waiter);
		return NULL;
	}
	return waiter;
}

void pushes_forget(struct push_waiter *waiter)
{
	LIST_REMOVE(waiter, link);
	if (waiter->deadline)
		event_free(waiter->deadline);
	free(waiter->id);
	free(waiter->router);
	free(waiter);
}

/* Those that wait for `id`, or for anything of `router`; NULL matches all. Each in a turn of its own: answers are long. */
static void finish_matching(struct pushes *pushes, const char *id, const char *router)
{
	struct push_waiter *waiter;

	LIST_FOREACH (waiter, &pushes->waiters, link)
		if ((!id || strcmp(waiter->id, id) == 0) && (!router || strcmp(waiter->router, router) == 0))
			event_add(waiter->deadline, &next_turn);
}

void pushes_release(struct pushes *pushes)
{
	struct push_waiter *waiter;

	/* What `done` does ends no other one's wait. */
	while ((waiter = LIST_FIRST(&pushes->waiters)) != NULL)
		finish(waiter);
}

/* ---- Confirming ---- */

/* A router that a push has cut off is silent soon: so many heartbeats behind the answer say that this one has not. */
#define BEATS_TO_CONFIRM 2

static void send_confirm(struct router_session *session, const char *id)
{
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	Peering__Confirm confirm = PEERING__CONFIRM__INIT;

	confirm.id = (char *)id;
	envelope.body_case = PEERING__ENVELOPE__BODY_CONFIRM;
	envelope.confirm = &confirm;
	if (router_session_send(session, &envelope))
		log_event(LEVEL_INFO, "push-confirm", "router", router_session_name(session), "push", id, NULL);
}

void pushes_released(struct pushes *pushes, const char *router)
{
	struct router_session *session = routers_find(pushes->routers, router);

	log_event(LEVEL_INFO, "router-released", "router", router, "message",
		  "its differences are settled, pushes go out again", NULL);
	if (session)
		send_queued(pushes, session);
}

struct unconfirmed {
	char *id; /* NULL: none waits, or memory is short */
	bool by_person;
};

static bool note_unconfirmed(const struct store_push *push, void *context)
{
	struct unconfirmed *found = context;

	found->id = strdup(push->id);
	found->by_person = push->confirm_by_person;
	return true;
}

/* *id is to be freed; NULL where nothing waits for the controller itself. False where the store could not be read. */
static bool unconfirmed_of(struct pushes *pushes, struct router_session *session, char **id)
{
	struct unconfirmed found = {.id = NULL};
	enum store_result result =
		store_push_unconfirmed(pushes->store, router_session_name(session), note_unconfirmed, &found);

	*id = found.by_person ? NULL : found.id;
	if (found.by_person)
		free(found.id);
	return result == STORE_OK || result == STORE_NOT_FOUND;
}

static void confirm_what_waits(struct pushes *pushes, struct router_session *session)
{
	char *id;

	/* The router takes back what nobody confirms: the next heartbeat tries again. */
	router_session_window(session)->unconfirmed = !unconfirmed_of(pushes, session, &id);
	if (id)
		send_confirm(session, id);
	free(id);
}

void pushes_heard(struct pushes *pushes, struct router_session *session)
{
	struct push_window *window = router_session_window(session);

	if (window->unconfirmed && ++window->beats >= BEATS_TO_CONFIRM)
		confirm_what_waits(pushes, session);
}

void pushes_confirm(struct pushes *pushes, const char *router, const char *id)
{
	struct router_session *session = routers_find(pushes->routers, router);

	if (session && router_session_is_up(session))
		send_confirm(session, id);
}

/* ---- From reports.c ---- */

void pushes_connected(struct pushes *pushes, struct router_session *session)
{
	/* It has found its way here behind the push. */
	confirm_what_waits(pushes, session);
	send_queued(pushes, session);
}

void pushes_answered(struct pushes *pushes, struct router_session *session, const char *id, bool first)
{
	struct push_window *window = router_session_window(session);
	char *unconfirmed;
	bool known = unconfirmed_of(pushes, session, &unconfirmed);

	/* The answer to a push of an earlier session may come in this one. */
	if (first && window->unanswered > 0)
		window->unanswered--;
	if (first && (!known || (unconfirmed && strcmp(unconfirmed, id) == 0))) {
		window->unconfirmed = true;
		window->beats = 0;
	}
	free(unconfirmed);
	finish_matching(pushes, id, NULL);
	send_queued(pushes, session);
}

void pushes_interrupted(struct pushes *pushes, const char *router)
{
	finish_matching(pushes, NULL, router);
}
