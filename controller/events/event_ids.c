// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/events/event_ids.h"

#include <inttypes.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "controller/events/events.h"

#define PLACE_SIZE 32
#define EPOCH_UNKNOWN "-" /* no database's: its reader hears of a gap, and gets all that there is */

static void place_of(uint32_t peer_asn, char place[PLACE_SIZE])
{
	snprintf(place, PLACE_SIZE, "events for AS%" PRIu32, peer_asn);
}

/* In an address '+' and its like would have to be escaped. */
static void exchange(char *text, const char *these, const char *those)
{
	for (; *text; text++) {
		const char *found = strchr(these, *text);

		if (found)
			*text = those[found - these];
	}
}

bool event_id_show(const struct secret_key *key, uint32_t peer_asn, const char *id, char shown[EVENT_ID_SHOWN_SIZE])
{
	char place[PLACE_SIZE], plain[SECRET_TEXT_MAX + 1];
	uint64_t salt;

	if (peer_asn == 0) {
		snprintf(shown, EVENT_ID_SHOWN_SIZE, "%s", id);
		return true;
	}
	if (RAND_bytes((unsigned char *)&salt, sizeof(salt)) != 1)
		return false;
	/* Equal ones would tell that nothing has happened in between. */
	snprintf(plain, sizeof(plain), "%.*s %" PRIx64, EVENT_ID_SIZE, id, salt);
	place_of(peer_asn, place);
	if (!secret_seal(key, place, plain, shown))
		return false;
	exchange(shown, "+/:", "-_.");
	return true;
}

bool event_id_take(const struct secret_key *key, uint32_t peer_asn, const char *shown, struct store_event_id *id)
{
	char place[PLACE_SIZE], plain[SECRET_TEXT_MAX + 1], sealed[EVENT_ID_SHOWN_SIZE];

	/* The beginning is no secret. */
	if (peer_asn == 0 || strcmp(shown, "0") == 0)
		return event_id_read(shown, id);
	if (strlen(shown) != sizeof(sealed) - 1) {
		/* Of a version that did not seal them. Where it stands would tell how much there is. */
		if (!event_id_read(shown, id))
			return false;
		*id = (struct store_event_id){.epoch = EPOCH_UNKNOWN};
		return true;
	}
	memcpy(sealed, shown, sizeof(sealed));
	exchange(sealed, "-_.", "+/:");
	place_of(peer_asn, place);
	if (secret_open(key, place, sealed, plain)) {
		plain[strcspn(plain, " ")] = '\0';
		return event_id_read(plain, id);
	}
	*id = (struct store_event_id){.number = INT64_MAX};
	return true;
}
