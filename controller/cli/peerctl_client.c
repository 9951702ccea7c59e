// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/cli/peerctl_client.h"

#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/text.h"

#define SYSTEM_FILE "/etc/peering-controller/peerctl.conf"
#define HOME_FILE ".config/peerctl.conf"
#define DEFAULT_URL "https://localhost:4791"
#define ANSWER_MAX ((size_t)64 << 20)
#define CONNECT_SECONDS 10L
/* The controller waits for a router at most 300 s. */
#define WHOLE_SECONDS 330L
/* Of a stream, in which comments come where nothing else does. */
#define SILENCE_SECONDS 60L
#define RETRIES 5
/* Of many requests. Whoever has no time for them for a minute or more is left. */
#define AT_ONCE 16
#define BUSY_MAX 60
#define BUSY_SECONDS_MOST 30

static void set(char **field, const char *value)
{
	if (!*field && value && value[0] != '\0')
		*field = strdup(value);
}

static char *trim(char *text)
{
	size_t length;

	text += strspn(text, " \t\r\n");
	length = strlen(text);
	while (length > 0 && strchr(" \t\r\n", text[length - 1]))
		text[--length] = '\0';
	return text;
}

static bool read_file(struct client_settings *settings, const char *path, char *error, size_t error_size)
{
	FILE *file = fopen(path, "re");
	char line[2048];
	unsigned int number = 0;
	bool good = true;

	if (!file) {
		if (errno == ENOENT || errno == ENOTDIR)
			return true;
		snprintf(error, error_size, "%s: %s", path, strerror(errno));
		return false;
	}
	while (good && fgets(line, sizeof(line), file)) {
		char *key = trim(line);
		char *value = strchr(key, '=');
		char **field = NULL;

		number++;
		if (key[0] == '\0' || key[0] == '#')
			continue;
		if (value) {
			*value++ = '\0';
			key = trim(key);
			value = trim(value);
			field = strcmp(key, "url") == 0		  ? &settings->url
				: strcmp(key, "ca") == 0	  ? &settings->ca
				: strcmp(key, "certificate") == 0 ? &settings->certificate
				: strcmp(key, "key") == 0	  ? &settings->key
				: strcmp(key, "token-file") == 0  ? &settings->token_file
								  : NULL;
		}
		if (field) {
			set(field, value);
			continue;
		}
		snprintf(error, error_size,
			 "%s:%u: not a line that peerctl knows; there are url, ca, certificate, key and "
			 "token-file, each with = and a value",
			 path, number);
		good = false;
	}
	fclose(file);
	return good;
}

/* The first line of the token's file. */
static bool read_token(struct client_settings *settings, char *error, size_t error_size)
{
	FILE *file = fopen(settings->token_file, "re");
	struct stat status;
	char line[256] = "";

	if (!file) {
		snprintf(error, error_size, "the token's file %s: %s", settings->token_file, strerror(errno));
		return false;
	}
	if (fstat(fileno(file), &status) != 0 || (status.st_mode & (S_IROTH | S_IWOTH))) {
		snprintf(error, error_size,
			 "everybody on this machine can read the token in %s; `chmod o= %s`, and revoke it if somebody may have",
			 settings->token_file, settings->token_file);
		fclose(file);
		return false;
	}
	if (fgets(line, sizeof(line), file))
		set(&settings->token, trim(line));
	fclose(file);
	if (!settings->token)
		snprintf(error, error_size, "the token's file %s is empty", settings->token_file);
	return settings->token != NULL;
}

bool client_settings_complete(struct client_settings *settings, char *error, size_t error_size)
{
	const char *home = getenv("HOME");
	/* A certificate that was named on the command line goes before a token that was not. */
	bool by_certificate = settings->certificate && !settings->token_file;
	char path[PATH_MAX];

	set(&settings->url, getenv("PEERCTL_URL"));
	set(&settings->ca, getenv("PEERCTL_CA"));
	set(&settings->certificate, getenv("PEERCTL_CERT"));
	set(&settings->key, getenv("PEERCTL_KEY"));
	/* A file that was named on the command line goes before the variable. */
	if (!settings->token_file && !by_certificate)
		set(&settings->token, getenv("PEERCTL_TOKEN"));
	set(&settings->token_file, getenv("PEERCTL_TOKEN_FILE"));
	if (home && snprintf(path, sizeof(path), "%s/" HOME_FILE, home) < (int)sizeof(path) &&
	    !read_file(settings, path, error, error_size))
		return false;
	if (!read_file(settings, SYSTEM_FILE, error, error_size))
		return false;
	set(&settings->url, DEFAULT_URL);
	if (!settings->token && settings->token_file && !by_certificate && !read_token(settings, error, error_size))
		return false;
	if (!settings->ca || (!settings->token && (!settings->certificate || !settings->key))) {
		snprintf(error, error_size,
			 "no %s is set; give --%s FILE, the variable %s, or the line '%s = FILE' in ~/" HOME_FILE,
			 !settings->ca		  ? "CA"
			 : !settings->certificate ? "certificate"
						  : "private key",
			 !settings->ca		  ? "ca"
			 : !settings->certificate ? "cert"
						  : "key",
			 !settings->ca		  ? "PEERCTL_CA"
			 : !settings->certificate ? "PEERCTL_CERT"
						  : "PEERCTL_KEY",
			 !settings->ca		  ? "ca"
			 : !settings->certificate ? "certificate"
						  : "key");
		return false;
	}
	if (strncmp(settings->url, "https://", 8) != 0) {
		snprintf(error, error_size, "the controller's address '%s' must begin with https://", settings->url);
		return false;
	}
	return true;
}

void client_settings_free(struct client_settings *settings)
{
	free(settings->url);
	free(settings->ca);
	free(settings->certificate);
	free(settings->key);
	free(settings->token_file);
	free(settings->token);
	memset(settings, 0, sizeof(*settings));
}

struct text {
	char *bytes;
	size_t size;
};

static size_t take_bytes(char *bytes, size_t one, size_t count, void *context)
{
	struct text *text = context;
	char *more;

	if (text->size + count > ANSWER_MAX)
		return 0;
	more = realloc(text->bytes, text->size + count + 1);
	if (!more)
		return 0;
	text->bytes = more;
	memcpy(text->bytes + text->size, bytes, count);
	text->size += count;
	text->bytes[text->size] = '\0';
	return count;
}

/* One request on its way. */
struct transfer {
	CURL *curl;
	struct curl_slist *headers;
	char *url;
	struct text text;
	char error[CURL_ERROR_SIZE];
	struct client_request *request; /* of many */
};

static void transfer_free(struct transfer *transfer)
{
	curl_easy_cleanup(transfer->curl);
	curl_slist_free_all(transfer->headers);
	free(transfer->url);
	free(transfer->text.bytes);
}

static void set_up(struct transfer *transfer, const struct client_settings *settings, const char *method,
		   const char *body)
{
	CURL *curl = transfer->curl;

	curl_easy_setopt(curl, CURLOPT_URL, transfer->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
	/* A controller is reached directly, whatever the environment says of proxies for the web. */
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3);
	/* That CA alone, not the system's. */
	curl_easy_setopt(curl, CURLOPT_CAINFO, settings->ca);
	curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	if (settings->token) {
		curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
		curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, settings->token);
	} else {
		curl_easy_setopt(curl, CURLOPT_SSLCERT, settings->certificate);
		curl_easy_setopt(curl, CURLOPT_SSLKEY, settings->key);
	}
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT,
			 settings->patience ? settings->patience : CONNECT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, settings->patience ? settings->patience : WHOLE_SECONDS);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer->error);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer->text);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, transfer->headers);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "peerctl");
	curl_easy_setopt(curl, CURLOPT_PRIVATE, transfer);
	if (body)
		curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, body);
	/* A GET and a POST are curl's own, by whether there is a body. */
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
}

/* False where memory is short; to be freed all the same. */
static bool transfer_init(struct transfer *transfer, const struct client_settings *settings, const char *method,
			  const char *path, json_object *body)
{
	size_t base = strlen(settings->url);

	while (base > 0 && settings->url[base - 1] == '/')
		base--;
	*transfer = (struct transfer){.curl = curl_easy_init(),
				      .headers = curl_slist_append(NULL, "Content-Type: application/json"),
				      .url = malloc(base + strlen(path) + 1)};
	if (!transfer->curl || !transfer->headers || !transfer->url)
		return false;
	memcpy(transfer->url, settings->url, base);
	memcpy(transfer->url + base, path, strlen(path) + 1);
	set_up(transfer, settings, method,
	       body ? json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN) : NULL);
	return true;
}

/* What came of it. False with a sentence. */
static bool transfer_ended(struct transfer *transfer, const struct client_settings *settings, CURLcode code,
			   struct answer *answer, char *error, size_t error_size)
{
	*answer = (struct answer){0};
	if (code != CURLE_OK) {
		snprintf(error, error_size, "cannot reach the controller at %s: %s", settings->url,
			 transfer->error[0] ? transfer->error : curl_easy_strerror(code));
		return false;
	}
	curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &answer->status);
	answer->body = json_tokener_parse(transfer->text.bytes ? transfer->text.bytes : "");
	/* 204 has none. */
	if (answer->body || answer->status == 204)
		return true;
	snprintf(error, error_size, "what answers at %s is no peering-controller (HTTP status %ld, no JSON)",
		 settings->url, answer->status);
	return false;
}

/* Where it is told that it asks too often it waits, and asks again. */
static bool perform(struct transfer *transfer, const struct client_settings *settings, struct answer *answer, char *error,
		    size_t error_size)
{
	for (int left = RETRIES;; left--) {
		CURLcode code = curl_easy_perform(transfer->curl);
		curl_off_t wait = 0;

		if (!transfer_ended(transfer, settings, code, answer, error, error_size))
			return false;
		curl_easy_getinfo(transfer->curl, CURLINFO_RETRY_AFTER, &wait);
		if (answer->status != 429 || left == 0 || wait < 1 || wait > BUSY_SECONDS_MOST || settings->patience)
			return true;
		sleep((unsigned int)wait);
		json_object_put(answer->body);
		free(transfer->text.bytes);
		transfer->text = (struct text){0};
	}
}

bool client_ask(const struct client_settings *settings, const char *method, const char *path, json_object *body,
		struct answer *answer, char *error, size_t error_size)
{
	struct transfer transfer;
	bool good = false;

	*answer = (struct answer){0};
	if (transfer_init(&transfer, settings, method, path, body))
		good = perform(&transfer, settings, answer, error, error_size);
	else
		snprintf(error, error_size, "memory is short");
	transfer_free(&transfer);
	return good;
}

/* ---- Many at once ---- */

struct many {
	const struct client_settings *settings;
	CURLM *multi;
	struct client_request **waiting; /* a ring of `count` */
	size_t count, first, waiting_count;
	size_t running, done;
	unsigned int refusals;	  /* for want of time, since something was answered */
	int64_t not_before;	  /* steady clock */
	client_progress progress;
	void *context;
};

static void put_back(struct many *many, struct client_request *request)
{
	many->waiting[(many->first + many->waiting_count++) % many->count] = request;
}

static void one_is_done(struct many *many)
{
	many->done++;
	many->progress(many->done, many->count, many->context);
}

static void begin_next(struct many *many)
{
	struct client_request *request = many->waiting[many->first];
	struct transfer *transfer = calloc(1, sizeof(*transfer));

	many->first = (many->first + 1) % many->count;
	many->waiting_count--;
	if (transfer && transfer_init(transfer, many->settings, NULL, request->path, request->body) &&
	    curl_multi_add_handle(many->multi, transfer->curl) == CURLM_OK) {
		transfer->request = request;
		many->running++;
		return;
	}
	if (transfer)
		transfer_free(transfer);
	free(transfer);
	request->error = strdup("memory is short");
	one_is_done(many);
}

/* Whether the controller has no time for it now; sets when to go on. */
static bool is_to_wait(struct many *many, const struct transfer *transfer, long status)
{
	curl_off_t seconds = 0;

	if ((status != 429 && status != 503) || many->refusals >= BUSY_MAX)
		return false;
	curl_easy_getinfo(transfer->curl, CURLINFO_RETRY_AFTER, &seconds);
	if (seconds < 1)
		seconds = 1;
	if (seconds > BUSY_SECONDS_MOST)
		seconds = BUSY_SECONDS_MOST;
	many->not_before = clock_steady_milliseconds() + seconds * 1000;
	many->refusals++;
	return true;
}

static void end_one(struct many *many, CURL *curl, CURLcode code)
{
	char error[CLIENT_ERROR_MAX];
	struct transfer *transfer;
	struct client_request *request;

	curl_easy_getinfo(curl, CURLINFO_PRIVATE, &transfer);
	request = transfer->request;
	curl_multi_remove_handle(many->multi, curl);
	many->running--;
	if (!transfer_ended(transfer, many->settings, code, &request->answer, error, sizeof(error))) {
		request->error = strdup(error);
		one_is_done(many);
	} else if (is_to_wait(many, transfer, request->answer.status)) {
		json_object_put(request->answer.body);
		request->answer = (struct answer){0};
		put_back(many, request);
	} else {
		many->refusals = 0;
		one_is_done(many);
	}
	transfer_free(transfer);
	free(transfer);
}

void client_ask_many(const struct client_settings *settings, struct client_request *requests, size_t count,
		     client_progress progress, void *context)
{
	struct many many = {.settings = settings, .count = count, .progress = progress, .context = context};

	if (count == 0)
		return;
	many.multi = curl_multi_init();
	many.waiting = calloc(count, sizeof(struct client_request *));
	if (!many.multi || !many.waiting) {
		fputs("peerctl: memory is short\n", stderr);
		exit(EXIT_UNREACHED);
	}
	/* A handle reuses the connections of those before it. */
	curl_multi_setopt(many.multi, CURLMOPT_MAXCONNECTS, (long)AT_ONCE);
	for (size_t i = 0; i < count; i++)
		put_back(&many, &requests[i]);
	while (many.done < count) {
		int left = 0;
		CURLMsg *message;

		while (many.waiting_count > 0 && many.running < AT_ONCE &&
		       clock_steady_milliseconds() >= many.not_before)
			begin_next(&many);
		curl_multi_perform(many.multi, &left);
		while ((message = curl_multi_info_read(many.multi, &left)))
			if (message->msg == CURLMSG_DONE)
				end_one(&many, message->easy_handle, message->data.result);
		if (many.done < count)
			curl_multi_poll(many.multi, NULL, 0, many.running == AT_ONCE ? 1000 : 100, NULL);
	}
	free(many.waiting);
	curl_multi_cleanup(many.multi);
}

struct stream {
	struct transfer transfer;
	client_take take;
	void *context;
};

static size_t take_piece(char *bytes, size_t one, size_t count, void *context)
{
	struct stream *stream = context;
	long status = 0;

	curl_easy_getinfo(stream->transfer.curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		return take_bytes(bytes, one, count, &stream->transfer.text);
	return stream->take(bytes, count, stream->context) ? count : 0;
}

static CURLcode read_stream(struct stream *stream, const char *last)
{
	CURL *curl = stream->transfer.curl;
	char header[64];

	/* The list is not empty: its head stays. */
	curl_slist_append(stream->transfer.headers, "Accept: text/event-stream");
	if (last) {
		snprintf(header, sizeof(header), "Last-Event-ID: %s", last);
		curl_slist_append(stream->transfer.headers, header);
	}
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 0L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, SILENCE_SECONDS);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_piece);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, stream);
	return curl_easy_perform(curl);
}

int client_stream(const struct client_settings *settings, const char *path, const char *last, client_take take,
		  void *context, json_object **problem, char *error, size_t error_size)
{
	struct stream stream = {.take = take, .context = context};
	CURLcode code = CURLE_OUT_OF_MEMORY;
	long status = 0;

	*problem = NULL;
	if (transfer_init(&stream.transfer, settings, NULL, path, NULL)) {
		code = read_stream(&stream, last);
		curl_easy_getinfo(stream.transfer.curl, CURLINFO_RESPONSE_CODE, &status);
	}
	if (code == CURLE_OK && status != 200)
		*problem = json_tokener_parse(stream.transfer.text.bytes ? stream.transfer.text.bytes : "");
	if (code != CURLE_OK || (status != 200 && !*problem))
		snprintf(error, error_size, "cannot reach the controller at %s: %s", settings->url,
			 stream.transfer.error[0] ? stream.transfer.error : curl_easy_strerror(code));
	transfer_free(&stream.transfer);
	if (*problem && status != 429 && status != 503)
		return EXIT_REFUSED;
	return code == CURLE_OK && status == 200 ? EXIT_DONE : EXIT_UNREACHED;
}

/* Appends; takes `path`. */
static char *append(char *path, const char *text, bool escape)
{
	char *escaped = escape ? curl_easy_escape(NULL, text, 0) : NULL;
	const char *added = escape ? escaped : text;
	size_t used = path ? strlen(path) : 0;
	char *longer = added ? realloc(path, used + strlen(added) + 1) : NULL;

	if (!longer) {
		fputs("peerctl: memory is short\n", stderr);
		exit(EXIT_UNREACHED);
	}
	memcpy(longer + used, added, strlen(added) + 1);
	curl_free(escaped);
	return longer;
}

char *client_path(const char *segment, ...)
{
	char *path = append(NULL, "/v1", false);
	va_list more;

	va_start(more, segment);
	for (; segment; segment = va_arg(more, const char *)) {
		path = append(path, "/", false);
		/* curl takes the length 0 for "to the end", and the server refuses an empty segment. */
		path = append(path, segment, segment[0] != '\0');
	}
	va_end(more);
	return path;
}

char *client_query(char *path, const char *key, const char *value)
{
	if (!value)
		return path;
	path = append(path, strchr(path, '?') ? "&" : "?", false);
	path = append(path, key, false);
	path = append(path, "=", false);
	return append(path, value, value[0] != '\0');
}
