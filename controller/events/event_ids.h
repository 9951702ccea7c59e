/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The id of an event as its reader sees it. Numbers rise by one with everything that happens, so a peer would learn from
 * them how much happens to others: it is given a text instead that holds the id sealed, another one each time. Any thread,
 * with one key in one thread at a time.
 */
#ifndef PEERING_CONTROLLER_EVENT_IDS_H
#define PEERING_CONTROLLER_EVENT_IDS_H

#include <stdbool.h>
#include <stdint.h>

#include "controller/store/store.h"
#include "lib/secret.h"

#define EVENT_ID_SHOWN_SIZE SECRET_SEALED_SIZE

/* `id` as events.h writes it; `peer_asn` is the peer's that reads, 0: it is no peer. False where OpenSSL fails. */
bool event_id_show(const struct secret_key *key, uint32_t peer_asn, const char *id, char shown[EVENT_ID_SHOWN_SIZE]);
/*
 * False where `shown` never was the id of an event. What was sealed for somebody else, or with a key that is gone, is read
 * as one that is not there yet: its reader hears of a gap, and goes on with what comes. What a peer was given by a version
 * that sealed nothing is read as one of another database: a gap, and all that the peer may see.
 */
bool event_id_take(const struct secret_key *key, uint32_t peer_asn, const char *shown, struct store_event_id *id);

#endif
