// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/events/http_sender.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "peering-config.h"

#define CONNECT_SECONDS 5L
#define WHOLE_SECONDS 10L
/* An answer that is longer is cut off: what it says is not of interest. */
#define ANSWER_MAX ((size_t)64 << 10)

struct transfer {
	LIST_ENTRY(transfer) link;
	CURL *curl;
	struct curl_slist *headers;
	http_done done;
	void *context;
	size_t received;
	char error[CURL_ERROR_SIZE];
};

struct http_sender {
	struct event_base *base;
	CURLM *multi;
	struct event *timer;
	LIST_HEAD(, transfer) transfers;
};

static void free_transfer(struct http_sender *sender, struct transfer *transfer)
{
	LIST_REMOVE(transfer, link);
	if (transfer->curl) {
		curl_multi_remove_handle(sender->multi, transfer->curl);
		curl_easy_cleanup(transfer->curl);
	}
	curl_slist_free_all(transfer->headers);
	free(transfer);
}

static void tell_finished(struct http_sender *sender)
{
	CURLMsg *message;
	int more;

	while ((message = curl_multi_info_read(sender->multi, &more)) != NULL) {
		CURLcode code = message->data.result;
		struct transfer *transfer;
		long status = 0;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
		/* Where we cut a long answer off, its status has come. */
		if (code == CURLE_OK || code == CURLE_WRITE_ERROR)
			curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
		transfer->done((int)status,
			       status > 0		 ? ""
			       : transfer->error[0] != '\0' ? transfer->error
							 : curl_easy_strerror(code),
			       transfer->context);
		free_transfer(sender, transfer);
	}
}

static void socket_ready(evutil_socket_t fd, short what, void *context)
{
	struct http_sender *sender = context;
	int flags = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
	int running;

	curl_multi_socket_action(sender->multi, fd, flags, &running);
	tell_finished(sender);
}

static void timer_fired(evutil_socket_t fd, short what, void *context)
{
	struct http_sender *sender = context;
	int running;

	curl_multi_socket_action(sender->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	tell_finished(sender);
}

static int watch_socket(CURL *curl, curl_socket_t fd, int what, void *context, void *watched)
{
	struct http_sender *sender = context;
	struct event *event = watched;
	short flags = (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0) | EV_PERSIST;

	if (event)
		event_free(event);
	event = NULL;
	if (what != CURL_POLL_REMOVE) {
		event = event_new(sender->base, fd, flags, socket_ready, sender);
		if (event && event_add(event, NULL) < 0) {
			event_free(event);
			event = NULL;
		}
	}
	curl_multi_assign(sender->multi, fd, event);
	return event || what == CURL_POLL_REMOVE ? 0 : -1;
}

static int set_timer(CURLM *multi, long milliseconds, void *context)
{
	struct http_sender *sender = context;
	struct timeval delay = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};

	if (milliseconds < 0)
		return event_del(sender->timer);
	return event_add(sender->timer, &delay);
}

static size_t drop_answer(char *bytes, size_t one, size_t count, void *context)
{
	struct transfer *transfer = context;

	transfer->received += count;
	return transfer->received > ANSWER_MAX ? 0 : count;
}

static void set_options(struct transfer *transfer, const struct http_post *post)
{
	CURL *curl = transfer->curl;

	curl_easy_setopt(curl, CURLOPT_URL, post->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (post->ca) {
		curl_easy_setopt(curl, CURLOPT_CAINFO, post->ca);
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, WHOLE_SECONDS);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer->error);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop_answer);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "peering-controller/" PACKAGE_VERSION);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, transfer->headers);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(post->body));
	curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, post->body);
	curl_easy_setopt(curl, CURLOPT_PRIVATE, transfer);
}

static bool copy_headers(struct transfer *transfer, const char *const *headers)
{
	for (; *headers; headers++) {
		struct curl_slist *more = curl_slist_append(transfer->headers, *headers);

		if (!more)
			return false;
		transfer->headers = more;
	}
	return true;
}

bool http_sender_post(struct http_sender *sender, const struct http_post *post, http_done done, void *context)
{
	struct transfer *transfer = calloc(1, sizeof(*transfer));

	if (!transfer)
		return false;
	LIST_INSERT_HEAD(&sender->transfers, transfer, link);
	transfer->done = done;
	transfer->context = context;
	transfer->curl = curl_easy_init();
	if (transfer->curl && copy_headers(transfer, post->headers)) {
		set_options(transfer, post);
		if (curl_multi_add_handle(sender->multi, transfer->curl) == CURLM_OK)
			return true;
	}
	free_transfer(sender, transfer);
	return false;
}

struct http_sender *http_sender_new(struct event_base *base)
{
	struct http_sender *sender = calloc(1, sizeof(*sender));

	if (!sender)
		return NULL;
	LIST_INIT(&sender->transfers);
	sender->base = base;
	sender->multi = curl_multi_init();
	sender->timer = event_new(base, -1, 0, timer_fired, sender);
	if (!sender->multi || !sender->timer) {
		http_sender_free(sender);
		return NULL;
	}
	curl_multi_setopt(sender->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(sender->multi, CURLMOPT_SOCKETDATA, sender);
	curl_multi_setopt(sender->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(sender->multi, CURLMOPT_TIMERDATA, sender);
	return sender;
}

void http_sender_free(struct http_sender *sender)
{
	struct transfer *transfer;

	if (!sender)
		return;
	while ((transfer = LIST_FIRST(&sender->transfers)) != NULL)
		free_transfer(sender, transfer);
	/* Closes the connections that were kept, and tells of their sockets. */
	curl_multi_cleanup(sender->multi);
	if (sender->timer)
		event_free(sender->timer);
	free(sender);
}
