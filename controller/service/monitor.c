// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A server of its own for two paths: evhttp has no bound for the connections that it takes. One request a connection.
 */
#include "controller/service/monitor.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "controller/api/api.h"
#include "controller/log.h"
#include "controller/routers/census.h"
#include "controller/service/config.h"
#include "controller/service/health.h"
#include "controller/service/metrics.h"
#include "controller/service/metrics_page.h"
#include "controller/text.h"

#define REQUEST_MAX 8192
#define CLIENT_SECONDS 5
#define KEPT_MILLISECONDS 1000

struct client {
	LIST_ENTRY(client) link;
	struct monitor *monitor;
	struct bufferevent *stream;
	struct event *deadline; /* for all of it, also of one that sends a byte now and then */
	bool answered;
};

struct monitor {
	struct monitored monitored;
	struct event_base *base;
	struct evconnlistener *listener;
	LIST_HEAD(, client) clients;
	unsigned int count;
	/* What was answered a moment ago. */
	struct kept {
		struct evbuffer *page;
		int64_t at; /* steady clock; 0: none */
		bool good;
	} metrics, health;
};

static void end(struct client *client)
{
	LIST_REMOVE(client, link);
	client->monitor->count--;
	bufferevent_free(client->stream);
	event_free(client->deadline);
	free(client);
}

static void answer(struct client *client, const char *status, const char *type, struct evbuffer *body)
{
	struct evbuffer *output = bufferevent_get_output(client->stream);

	client->answered = true;
	bufferevent_disable(client->stream, EV_READ);
	evbuffer_add_printf(output,
			    "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nCache-Control: no-store\r\n"
			    "Connection: close\r\n\r\n",
			    status, type, body ? evbuffer_get_length(body) : 0);
	if (body)
		evbuffer_add_buffer(output, body);
}

static bool make_metrics(struct evbuffer *page, const struct monitored *monitored)
{
	metrics_page(page, monitored);
	return true;
}

static void answer_kept(struct client *client, struct kept *kept, const char *type,
			bool (*make)(struct evbuffer *page, const struct monitored *monitored))
{
	int64_t now = clock_steady_milliseconds();
	struct evbuffer *copy = evbuffer_new();

	if (kept->at == 0 || now - kept->at >= KEPT_MILLISECONDS) {
		evbuffer_drain(kept->page, evbuffer_get_length(kept->page));
		kept->good = make(kept->page, &client->monitor->monitored);
		kept->at = now;
	}
	if (copy) {
		size_t size = evbuffer_get_length(kept->page);

		evbuffer_add(copy, evbuffer_pullup(kept->page, -1), size);
	}
	answer(client, copy && kept->good ? "200 OK" : "503 Service Unavailable", type, copy);
	if (copy)
		evbuffer_free(copy);
}

static bool begins_with(const char *line, const char *path)
{
	size_t length = strlen(path);

	return strncmp(line, path, length) == 0 && (line[length] == ' ' || line[length] == '?');
}

static void readable(struct bufferevent *stream, void *context)
{
	struct client *client = context;
	struct evbuffer *input = bufferevent_get_input(stream);
	struct evbuffer_ptr blank = evbuffer_search(input, "\r\n\r\n", 4, NULL);
	char line[128] = "";

	if (blank.pos < 0 && evbuffer_get_length(input) < REQUEST_MAX)
		return;
	evbuffer_copyout(input, line, sizeof(line) - 1);
	if (blank.pos < 0)
		answer(client, "431 Request Header Fields Too Large", "text/plain", NULL);
	else if (begins_with(line, "GET /metrics"))
		answer_kept(client, &client->monitor->metrics, "text/plain; version=0.0.4; charset=utf-8",
			    make_metrics);
	else if (begins_with(line, "GET /healthz"))
		answer_kept(client, &client->monitor->health, "application/json", health_page);
	else if (strncmp(line, "GET ", 4) == 0)
		answer(client, "404 Not Found", "text/plain", NULL);
	else
		answer(client, "405 Method Not Allowed", "text/plain", NULL);
	evbuffer_drain(input, evbuffer_get_length(input));
}

static void written(struct bufferevent *stream, void *context)
{
	struct client *client = context;

	if (client->answered && evbuffer_get_length(bufferevent_get_output(stream)) == 0)
		end(client);
}

static void happened(struct bufferevent *stream, short what, void *context)
{
	end(context);
}

static void late(evutil_socket_t fd, short what, void *context)
{
	end(context);
}

static void accepted(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from, int length,
		     void *context)
{
	struct monitor *monitor = context;
	struct timeval patience = {.tv_sec = CLIENT_SECONDS};
	struct client *client = monitor->count < MONITOR_CLIENTS_MAX ? calloc(1, sizeof(*client)) : NULL;

	if (!client) {
		close(fd);
		return;
	}
	client->monitor = monitor;
	client->stream = bufferevent_socket_new(monitor->base, fd, BEV_OPT_CLOSE_ON_FREE);
	client->deadline = event_new(monitor->base, -1, 0, late, client);
	if (!client->stream || !client->deadline || event_add(client->deadline, &patience) < 0) {
		if (client->stream)
			bufferevent_free(client->stream);
		else
			close(fd);
		if (client->deadline)
			event_free(client->deadline);
		free(client);
		return;
	}
	LIST_INSERT_HEAD(&monitor->clients, client, link);
	monitor->count++;
	bufferevent_setcb(client->stream, readable, written, happened, client);
	bufferevent_setwatermark(client->stream, EV_READ, 0, REQUEST_MAX);
	bufferevent_enable(client->stream, EV_READ | EV_WRITE);
}

struct monitor *monitor_open(struct event_base *base, const struct monitored *monitored, char *error,
			     size_t error_size)
{
	struct monitor *monitor = calloc(1, sizeof(*monitor));

	snprintf(error, error_size, "memory is short");
	if (!monitor)
		return NULL;
	monitor->base = base;
	monitor->monitored = *monitored;
	LIST_INIT(&monitor->clients);
	monitor->metrics.page = evbuffer_new();
	monitor->health.page = evbuffer_new();
	monitor->monitored.census = census_new(base, api_store(monitored->api));
	if (monitor->metrics.page && monitor->health.page && monitor->monitored.census)
		monitor->listener =
			listener_open(base, monitored->config->metrics_listen, accepted, monitor, error, error_size);
	if (monitor->listener)
		return monitor;
	monitor_free(monitor);
	return NULL;
}

void monitor_free(struct monitor *monitor)
{
	struct client *client;

	if (!monitor)
		return;
	while ((client = LIST_FIRST(&monitor->clients)) != NULL)
		end(client);
	if (monitor->listener)
		evconnlistener_free(monitor->listener);
	census_free(monitor->monitored.census);
	if (monitor->metrics.page)
		evbuffer_free(monitor->metrics.page);
	if (monitor->health.page)
		evbuffer_free(monitor->health.page);
	free(monitor);
}

void monitor_bound(const struct monitor *monitor, char text[LISTENER_ADDRESS_SIZE])
{
	listener_bound(monitor->listener, text);
}
