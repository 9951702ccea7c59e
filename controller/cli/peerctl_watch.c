// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/cli/peerctl_watch.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/cli/peerctl_show.h"
#include "controller/text.h"

/* Far above any event of the controller's. */
#define LINE_MAX_BYTES ((size_t)1 << 20)
#define DETAIL_SIZE 1024
#define RETRY_FIRST_SECONDS 1
#define RETRY_MOST_SECONDS 30

struct watch {
	const struct invocation *invocation;
	bool colour;
	bool heard; /* the controller has answered well in this connection */
	char *last; /* id of the newest event */
	/* What has come of the stream and is no whole line yet, and of the event that stands there. */
	char *line, *data;
	size_t line_size;
	int router_width, connection_width;
};

static void interrupted(int number)
{
	/* Every line was written out when it was whole. */
	_exit(EXIT_DONE);
}

/* ---- One event in words ---- */

static const char *state_colour(const char *state)
{
	if (strcmp(state, "Active") == 0)
		return "\033[32m";
	return strcmp(state, "ProvisioningFailed") == 0 || strcmp(state, "ExternalBlocker") == 0 ? "\033[31m" : "";
}

static const char *colour_of(const char *type, json_object *data)
{
	if (strcmp(type, "transition") == 0)
		return state_colour(member_text(data, "to"));
	if (strcmp(type, "degraded") == 0 || strcmp(type, "router-disconnected") == 0 || strcmp(type, "gap") == 0)
		return "\033[31m";
	if (strcmp(type, "recovered") == 0 || strcmp(type, "router-connected") == 0)
		return "\033[32m";
	return strcmp(type, "certificate-expiring") == 0 ? "\033[33m" : "";
}

static void describe(const char *type, json_object *event, json_object *data, char text[DETAIL_SIZE])
{
	const char *message = member_text(data, "message"), *session = member_text(data, "session");

	if (strcmp(type, "transition") == 0)
		snprintf(text, DETAIL_SIZE, "%s -> %s%s%s%s%s", member_text(data, "from"), member_text(data, "to"),
			 member_text(data, "actor")[0] ? " by " : "", member_text(data, "actor"),
			 message[0] ? ": " : "", message);
	else if (strcmp(type, "degraded") == 0)
		snprintf(text, DETAIL_SIZE, "[%s] %s%s%s: %s", member_text(data, "severity"), member_text(data, "cause"),
			 session[0] ? " " : "", session, member_text(data, "reason"));
	else if (strcmp(type, "recovered") == 0)
		snprintf(text, DETAIL_SIZE, "%s%s%s", member_text(data, "cause"), session[0] ? " " : "", session);
	else if (strncmp(type, "push-", 5) == 0)
		snprintf(text, DETAIL_SIZE, "%s: %s, by %s", member_text(data, "verb"), member_text(data, "state"),
			 member_text(data, "actor"));
	else if (strcmp(type, "router-connected") == 0 || strcmp(type, "router-new") == 0)
		snprintf(text, DETAIL_SIZE, "from %s, FRR %s", member_text(data, "address"),
			 member_text(data, "frrVersion"));
	else if (strcmp(type, "router-disconnected") == 0)
		snprintf(text, DETAIL_SIZE, "%s", member_text(data, "reason"));
	else if (strcmp(type, "certificate-expiring") == 0)
		snprintf(text, DETAIL_SIZE, "of the %s %s, at %s", member_text(data, "whose"), member_text(data, "name"),
			 member_text(data, "endsAt"));
	else if (strcmp(type, "controller-started") == 0)
		snprintf(text, DETAIL_SIZE, "version %s", member_text(data, "version"));
	else if (strcmp(type, "webhook-test") == 0)
		snprintf(text, DETAIL_SIZE, "%s, by %s", member_text(data, "webhook"), member_text(data, "actor"));
	else if (strcmp(type, "gap") == 0)
		snprintf(text, DETAIL_SIZE, "what came behind %s is not there any more; this goes on behind %s",
			 member_text(event, "after"), member_text(event, "resumedAfter"));
	else
		snprintf(text, DETAIL_SIZE, "%s",
			 data ? json_object_to_json_string_ext(data, JSON_C_TO_STRING_PLAIN) : "");
}

/* Columns begin below each other as far as what came until now can tell. */
static void print_column(const char *text, int *width)
{
	char *clean = text_clean(text[0] ? text : "-", DETAIL_SIZE);
	int length = clean ? (int)strlen(clean) : 0;

	if (length > *width)
		*width = length;
	printf("%-*s  ", *width, clean ? clean : "");
	free(clean);
}

static void print_event(struct watch *watch, json_object *event)
{
	const char *type = member_text(event, "type"), *at = member_text(event, "at");
	int type_width = 19; /* of the longest */
	json_object *data = NULL;
	char text[DETAIL_SIZE], *clean;

	json_object_object_get_ex(event, "data", &data);
	describe(type, event, data, text);
	clean = text_clean(text, sizeof(text));
	/* To the second. */
	printf("%.19s%s  ", at[0] ? at : "-                  ", at[0] ? "Z" : " ");
	print_column(member_text(event, "router"), &watch->router_width);
	print_column(member_text(event, "connection"), &watch->connection_width);
	if (watch->colour)
		fputs(colour_of(type, data), stdout);
	print_column(type, &type_width);
	fputs(clean ? clean : "", stdout);
	if (watch->colour)
		fputs("\033[0m", stdout);
	putchar('\n');
	free(clean);
}

/* ---- The stream ---- */

static bool keep(char **field, const char *value)
{
	free(*field);
	*field = strdup(value);
	return *field != NULL;
}

static void end_event(struct watch *watch)
{
	json_object *event = watch->data ? json_tokener_parse(watch->data) : NULL;

	free(watch->data);
	watch->data = NULL;
	if (!event)
		return;
	if (watch->invocation->json)
		puts(json_object_to_json_string_ext(event, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	else
		print_event(watch, event);
	json_object_put(event);
	/* Who reads a pipe is gone, or the disk is full. */
	if (fflush(stdout) != 0)
		exit(EXIT_UNREACHED);
}

static bool take_line(struct watch *watch, const char *line)
{
	watch->heard = true;
	if (line[0] == '\0') {
		end_event(watch);
		return true;
	}
	if (strncmp(line, "id: ", 4) == 0)
		return keep(&watch->last, line + 4);
	return strncmp(line, "data: ", 6) != 0 || keep(&watch->data, line + 6);
}

static bool take_bytes(const char *bytes, size_t size, void *context)
{
	struct watch *watch = context;

	while (size > 0) {
		const char *end = memchr(bytes, '\n', size);
		size_t length = end ? (size_t)(end - bytes) : size;
		char *more = watch->line_size + length < LINE_MAX_BYTES
				     ? realloc(watch->line, watch->line_size + length + 1)
				     : NULL;

		if (!more)
			return false;
		watch->line = more;
		memcpy(more + watch->line_size, bytes, length);
		watch->line_size += length;
		more[watch->line_size] = '\0';
		if (!end)
			return true;
		watch->line_size = 0;
		if (!take_line(watch, more))
			return false;
		bytes += length + 1;
		size -= length + 1;
	}
	return true;
}

static void forget_pieces(struct watch *watch)
{
	free(watch->line);
	free(watch->data);
	watch->line = NULL;
	watch->data = NULL;
	watch->line_size = 0;
	watch->heard = false;
}

static char *stream_path(const struct invocation *invocation)
{
	char *path = client_path("events", NULL);

	path = client_query(path, "router", invocation->router);
	path = client_query(path, "connection", invocation->connection);
	return client_query(path, "after", invocation->since);
}

/* "1234-9f86d081", or a peer's, which is sealed and long. */
static bool is_event_id(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return strlen(text) > 100 ||
	       (digits > 0 && digits <= 18 && (text[digits] == '\0' || (text[digits] == '-' && text[digits + 1] != '\0')));
}

int watch_command(struct invocation *invocation, const struct command *command)
{
	struct watch watch = {.invocation = invocation, .router_width = 12, .connection_width = 16};
	unsigned int retry = RETRY_FIRST_SECONDS;
	bool ever_heard = false, refused;
	char *path;
	int code;

	if (invocation->since && !is_event_id(invocation->since)) {
		fprintf(stderr,
			"peerctl: --since takes the id of an event, such as 1234-9f86d081, not '%s'; peerctl watch -o json shows them\n",
			invocation->since);
		return EXIT_USAGE;
	}
	path = stream_path(invocation);
	watch.colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	signal(SIGINT, interrupted);
	for (;;) {
		char error[CLIENT_ERROR_MAX];
		json_object *problem = NULL;

		code = client_stream(&invocation->settings, path, watch.last, take_bytes, &watch, &problem, error,
				     sizeof(error));
		refused = problem != NULL;
		if (problem) {
			fprintf(stderr, "peerctl: %s\n", member_text(problem, "detail"));
			json_object_put(problem);
		}
		if (watch.heard) {
			ever_heard = true;
			retry = RETRY_FIRST_SECONDS;
		}
		forget_pieces(&watch);
		if (!ever_heard || code == EXIT_REFUSED) {
			if (code == EXIT_UNREACHED && !refused)
				fprintf(stderr, "peerctl: %s\n", error);
			break;
		}
		if (retry == RETRY_FIRST_SECONDS)
			fprintf(stderr, "peerctl: the connection to the controller is lost; connecting again\n");
		sleep(retry);
		retry = retry * 2 < RETRY_MOST_SECONDS ? retry * 2 : RETRY_MOST_SECONDS;
	}
	free(path);
	free(watch.last);
	return code;
}
