// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/routers/newcomers.h"

#include <netinet/in.h>
#include <string.h>

#include "controller/log.h"
#include "controller/routers/listener.h"
#include "controller/service/metrics.h"
#include "controller/text.h"

/* A flood of connections shall not be one of lines. */
#define SAY_MILLISECONDS 10000

void newcomers_init(struct newcomers *newcomers, const char *side, unsigned int most, unsigned int most_of_source)
{
	*newcomers = (struct newcomers){.side = side, .most = most, .most_of_source = most_of_source};
	newcomers->said_at = clock_steady_milliseconds() - SAY_MILLISECONDS;
	TAILQ_INIT(&newcomers->list);
}

/* Whoever has an IPv6 address has a whole /64 of them. */
void newcomers_source(const struct sockaddr *from, unsigned char source[NEWCOMERS_SOURCE_SIZE])
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;

	memset(source, 0, NEWCOMERS_SOURCE_SIZE);
	if (from->sa_family == AF_INET) {
		source[10] = source[11] = 0xff;
		memcpy(source + 12, &v4->sin_addr, 4);
	} else if (from->sa_family == AF_INET6) {
		memcpy(source, &v6->sin6_addr, IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) ? 16 : 8);
	}
}

/* The oldest of the newcomer's own source where that has too many, else the oldest of all where all are too many. */
static struct newcomer *one_too_many(const struct newcomers *newcomers, const struct newcomer *newcomer)
{
	struct newcomer *other, *oldest = NULL;
	unsigned int count = 0;

	TAILQ_FOREACH (other, &newcomers->list, link) {
		if (memcmp(other->source, newcomer->source, sizeof(other->source)) != 0)
			continue;
		if (!oldest)
			oldest = other;
		count++;
	}
	if (count > newcomers->most_of_source)
		return oldest;
	return newcomers->count > newcomers->most ? TAILQ_FIRST(&newcomers->list) : NULL;
}

static void say(struct newcomers *newcomers, const struct sockaddr *from)
{
	int64_t now = clock_steady_milliseconds();
	char address[LISTENER_ADDRESS_SIZE];

	newcomers->dropped++;
	metrics.newcomers_dropped++;
	if (now - newcomers->said_at < SAY_MILLISECONDS)
		return;
	listener_format(from, address);
	log_event(LEVEL_WARNING, "newcomers-dropped", "side", newcomers->side, "connections",
		  log_number(newcomers->dropped), "newest", address, "message",
		  "more connections are open than may be before they have shown a certificate; the oldest of them make "
		  "room (max-handshakes, max-handshakes-per-source)",
		  NULL);
	newcomers->said_at = now;
	newcomers->dropped = 0;
}

struct newcomer *newcomers_add(struct newcomers *newcomers, struct newcomer *newcomer, const struct sockaddr *from)
{
	struct newcomer *leaving;

	newcomers_source(from, newcomer->source);
	newcomer->listed = true;
	TAILQ_INSERT_TAIL(&newcomers->list, newcomer, link);
	newcomers->count++;
	leaving = one_too_many(newcomers, newcomer);
	if (leaving) {
		newcomers_remove(newcomers, leaving);
		say(newcomers, from);
	}
	return leaving;
}

void newcomers_remove(struct newcomers *newcomers, struct newcomer *newcomer)
{
	if (!newcomer->listed)
		return;
	newcomer->listed = false;
	TAILQ_REMOVE(&newcomers->list, newcomer, link);
	newcomers->count--;
}
