// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/routers/certificates.h"

#include <search.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "controller/events/events.h"
#include "controller/log.h"
#include "controller/routers/tls_watch.h"
#include "lib/expiry.h"
#include "lib/tls.h"

/* How often the files are looked at: a stat() of each. */
#define LOOK_SECONDS 5
#define EXPIRY_LOOKS 720 /* looks between two that ask when something ends: an hour */

/* What was said of one that has shown a certificate. There are as many as the CA has signed. */
struct shown {
	char *who; /* "router edge1.example.net" */
	struct expiry_said said;
};

struct certificates {
	const struct config *config;
	struct tls_files files;
	uint64_t print; /* of the files as they were read, or refused, last */
	SSL_CTX *router_tls, *api_tls;
	struct tls_ends ends;
	struct expiry_said own, ca, crl;
	void *shown; /* tsearch() tree of struct shown */
	struct event *look, *hangup;
	unsigned int looks;
	struct certificates_hooks hooks;
	void *context;
};

static bool read_files(struct certificates *certificates, char *error, size_t error_size)
{
	SSL_CTX *router_tls, *api_tls;

	certificates->print = tls_files_print(&certificates->files);
	router_tls = tls_server_context(&certificates->files, error, error_size);
	api_tls = router_tls ? tls_server_context(&certificates->files, error, error_size) : NULL;
	if (!api_tls) {
		SSL_CTX_free(router_tls);
		return false;
	}
	/* Who has none shows a token. */
	tls_certificate_is_optional(api_tls);
	tls_watch(router_tls, "router");
	tls_watch(api_tls, "api");
	/* Sessions that were made with them hold them. */
	SSL_CTX_free(certificates->router_tls);
	SSL_CTX_free(certificates->api_tls);
	certificates->router_tls = router_tls;
	certificates->api_tls = api_tls;
	certificates->ends = tls_context_ends(router_tls);
	return true;
}

/* ---- When they end ---- */

static void say_expiry(const struct certificates *certificates, struct expiry_said *said, const char *whose,
		       const char *name, uint64_t ends)
{
	uint64_t now = (uint64_t)time(NULL);
	char sentence[EXPIRY_SENTENCE_MAX];

	if (!expiry_is_news(said, ends, now))
		return;
	expiry_sentence(sentence, sizeof(sentence), "the certificate", ends, now);
	log_event(LEVEL_WARNING, EVENT_CERTIFICATE_EXPIRING, "whose", whose, "name", name, "message", sentence, "do",
		  "put a new one in its place; it is read without a restart", NULL);
	if (certificates->hooks.ends)
		certificates->hooks.ends(certificates->context, whose, name, ends);
}

static void look_at_own(struct certificates *certificates)
{
	const struct config *config = certificates->config;
	char sentence[EXPIRY_SENTENCE_MAX];
	uint64_t now = (uint64_t)time(NULL);

	say_expiry(certificates, &certificates->own, "controller", config->tls_certificate, certificates->ends.certificate);
	say_expiry(certificates, &certificates->ca, "ca", config->tls_ca, certificates->ends.ca);
	/* A list is made anew every few days: that it ends soon is as it should be. */
	if (certificates->ends.crl <= now && expiry_is_news(&certificates->crl, certificates->ends.crl, now)) {
		expiry_sentence(sentence, sizeof(sentence), "the revocation list", certificates->ends.crl, now);
		log_event(LEVEL_WARNING, "crl-out-of-date", "file", config->tls_crl, "message", sentence, "do",
			  "make a new one; what it names stays refused, and nobody else is", NULL);
	}
}

static int compare_shown(const void *left, const void *right)
{
	return strcmp(((const struct shown *)left)->who, ((const struct shown *)right)->who);
}

static struct shown *find_shown(struct certificates *certificates, const char *who)
{
	struct shown *shown = calloc(1, sizeof(*shown));
	struct shown **node;

	if (!shown)
		return NULL;
	shown->who = strdup(who);
	node = shown->who ? tsearch(shown, &certificates->shown, compare_shown) : NULL;
	if (!node || *node != shown) {
		free(shown->who);
		free(shown);
	}
	return node ? *node : NULL;
}

void certificates_shown(struct certificates *certificates, const char *kind, const char *name, SSL *ssl)
{
	uint64_t ends = tls_certificate_ends(SSL_get0_peer_certificate(ssl));
	char who[TLS_NAME_MAX + 16];
	struct shown *shown;

	snprintf(who, sizeof(who), "%s %s", kind, name);
	shown = find_shown(certificates, who);
	if (shown)
		say_expiry(certificates, &shown->said, kind, name, ends);
}

/* ---- Reading them again ---- */

static void read_again(struct certificates *certificates)
{
	char error[TLS_ERROR_MAX], warning[TLS_ERROR_MAX];

	if (!read_files(certificates, error, sizeof(error))) {
		log_event(LEVEL_ERROR, "certificates-refused", "message", error, "do",
			  "mend the files; those that were read before stay in use", NULL);
		return;
	}
	log_event(LEVEL_INFO, "certificates-read", "certificate", certificates->config->tls_certificate, NULL);
	if (tls_key_is_exposed(&certificates->files, warning, sizeof(warning)))
		log_event(LEVEL_WARNING, "key-exposed", "message", warning, NULL);
	look_at_own(certificates);
	certificates->hooks.renewed(certificates->context);
}

static void look(evutil_socket_t fd, short what, void *context)
{
	struct certificates *certificates = context;

	if (tls_files_print(&certificates->files) != certificates->print)
		read_again(certificates);
	if (++certificates->looks % EXPIRY_LOOKS != 0)
		return;
	look_at_own(certificates);
	certificates->hooks.look_at_peers(certificates->context);
}

static void hung_up(evutil_socket_t number, short what, void *context)
{
	read_again(context);
}

bool certificates_watch(struct certificates *certificates, struct event_base *base, const struct certificates_hooks *hooks,
			void *context)
{
	struct timeval each = {.tv_sec = LOOK_SECONDS};

	certificates->hooks = *hooks;
	certificates->context = context;
	certificates->look = event_new(base, -1, EV_PERSIST, look, certificates);
	certificates->hangup = evsignal_new(base, SIGHUP, hung_up, certificates);
	if (!certificates->look || !certificates->hangup || event_add(certificates->look, &each) < 0 ||
	    event_add(certificates->hangup, NULL) < 0)
		return false;
	look_at_own(certificates);
	return true;
}

/* ---- Life ---- */

struct certificates *certificates_load(const struct config *config, char *error, size_t error_size)
{
	struct certificates *certificates = calloc(1, sizeof(*certificates));

	if (!certificates) {
		snprintf(error, error_size, "memory is short");
		return NULL;
	}
	certificates->config = config;
	certificates->files = (struct tls_files){
		.ca = config->tls_ca,
		.certificate = config->tls_certificate,
		.key = config->tls_key,
		.crl = config->tls_crl,
	};
	if (!read_files(certificates, error, error_size)) {
		certificates_free(certificates);
		return NULL;
	}
	return certificates;
}

static void free_shown(void *pointer)
{
	struct shown *shown = pointer;

	free(shown->who);
	free(shown);
}

void certificates_free(struct certificates *certificates)
{
	if (!certificates)
		return;
	if (certificates->look)
		event_free(certificates->look);
	if (certificates->hangup)
		event_free(certificates->hangup);
	tdestroy(certificates->shown, free_shown);
	SSL_CTX_free(certificates->router_tls);
	SSL_CTX_free(certificates->api_tls);
	free(certificates);
}

SSL_CTX *certificates_router_tls(const struct certificates *certificates)
{
	return certificates->router_tls;
}

SSL_CTX *certificates_api_tls(const struct certificates *certificates)
{
	return certificates->api_tls;
}

uint64_t certificates_own_end(const struct certificates *certificates)
{
	return certificates->ends.certificate;
}
