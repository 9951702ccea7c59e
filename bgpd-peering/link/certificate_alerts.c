// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/link/certificate_alerts.h"

#include "bgpd-peering/alert.h"
#include "bgpd-peering/router.h"

#include "lib/expiry.h"

static struct expiry_said said[CERTIFICATE_FILES];

static const struct {
	const char *what, *file;
	size_t offset;
	bool only_over; /* made anew every few days: that one ends soon is as it should be */
} files[CERTIFICATE_FILES] = {
	{"the router's certificate", "router.pem", offsetof(struct tls_ends, certificate), false},
	{"the CA of the controller in", "ca.pem", offsetof(struct tls_ends, ca), false},
	{"the revocation list", "crl.pem", offsetof(struct tls_ends, crl), true},
};

static uint64_t end_of(const struct tls_ends *ends, int file, uint64_t now)
{
	uint64_t end = *(const uint64_t *)((const char *)ends + files[file].offset);

	return files[file].only_over && end > now ? 0 : end;
}

static void describe(char *text, size_t size, int file, uint64_t end, uint64_t now)
{
	char what[PATH_MAX + 64];

	snprintf(what, sizeof(what), "%s %s/%s", files[file].what, router.tls_directory, files[file].file);
	expiry_sentence(text, size, what, end, now);
}

void certificate_alerts_look(const struct tls_ends *ends)
{
	uint64_t now = wall_clock_milliseconds() / 1000;
	char sentence[TLS_ERROR_MAX];

	for (int file = 0; file < CERTIFICATE_FILES; file++) {
		uint64_t end = end_of(ends, file, now);

		if (!end || !expiry_is_news(&said[file], end, now))
			continue;
		describe(sentence, sizeof(sentence), file, end, now);
		alert_as(EC_PEERING_CERTIFICATE, "%s; the link to the controller needs it renewed, no gate does", sentence);
	}
}

size_t certificate_alerts_describe(const struct tls_ends *ends, char sentences[CERTIFICATE_FILES][TLS_ERROR_MAX])
{
	uint64_t now = wall_clock_milliseconds() / 1000;
	size_t count = 0;

	for (int file = 0; file < CERTIFICATE_FILES; file++) {
		uint64_t end = end_of(ends, file, now);

		if (expiry_of(end, now) != EXPIRY_FAR)
			describe(sentences[count++], TLS_ERROR_MAX, file, end, now);
	}
	return count;
}
