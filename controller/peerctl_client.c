// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/peerctl_client.h"

#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SYSTEM_FILE "/etc/peering-controller/peerctl.conf"
#define HOME_FILE ".config/peerctl.conf"
#define DEFAULT_URL "https://localhost:4791"
#define ANSWER_MAX ((size_t)64 << 20)
#define CONNECT_SECONDS 10L
/* The controller waits for a router at most 300 s. */
#define WHOLE_SECONDS 330L
#define RETRIES 5
#define RETRY_SECONDS_MAX 60

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

static CURLcode perform(CURL *curl, const struct client_settings *settings, const char *url, const char *body,
			struct curl_slist *headers, struct text *text, char *curl_error)
{
	curl_easy_setopt(curl, CURLOPT_URL, url);
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
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, WHOLE_SECONDS);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, curl_error);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, text);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "peerctl");
	if (body) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
	}
	return curl_easy_perform(curl);
}

bool client_ask(const struct client_settings *settings, const char *method, const char *path, json_object *body,
		struct answer *answer, char *error, size_t error_size)
{
	CURL *curl = curl_easy_init();
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	char curl_error[CURL_ERROR_SIZE] = "";
	struct text text = {0};
	size_t url_size = strlen(settings->url) + strlen(path) + 1;
	char *url = malloc(url_size);
	size_t base = strlen(settings->url);
	CURLcode code;

	*answer = (struct answer){0};
	if (!curl || !headers || !url) {
		snprintf(error, error_size, "memory is short");
		code = CURLE_OUT_OF_MEMORY;
		goto out;
	}
	while (base > 0 && settings->url[base - 1] == '/')
		base--;
	snprintf(url, url_size, "%.*s%s", (int)base, settings->url, path);
	/* A GET and a POST are curl's own, by whether there is a body. */
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	for (int left = RETRIES;; left--) {
		curl_off_t wait = 0;

		code = perform(curl, settings, url,
			       body ? json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN) : NULL, headers, &text,
			       curl_error);
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
		curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &wait);
		/* Too fast: the same again, when the controller says. */
		if (code != CURLE_OK || answer->status != 429 || left == 0 || wait < 1 || wait > RETRY_SECONDS_MAX)
			break;
		sleep((unsigned int)wait);
		free(text.bytes);
		text = (struct text){0};
	}
	if (code != CURLE_OK)
		snprintf(error, error_size, "cannot reach the controller at %s: %s", settings->url,
			 curl_error[0] ? curl_error : curl_easy_strerror(code));
	else
		answer->body = json_tokener_parse(text.bytes ? text.bytes : "");
	/* 204 has none. */
	if (code == CURLE_OK && !answer->body && answer->status != 204) {
		snprintf(error, error_size, "what answers at %s is no peering-controller (HTTP status %ld, no JSON)",
			 settings->url, answer->status);
		code = CURLE_RECV_ERROR;
	}
out:
	free(url);
	free(text.bytes);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	return code == CURLE_OK;
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
