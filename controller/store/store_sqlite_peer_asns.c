// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SQLite store: peer ASNs.
 */
#include "controller/store/store_sqlite.h"

enum store_result store_peer_asn_put(struct store *store, const struct store_peer_asn *peer_asn)
{
	return store_change(store, SQL_PEER_ASN_PUT, NUMBER(peer_asn->asn), TEXT(peer_asn->name),
			    TEXT(peer_asn->contacts), TEXT(peer_asn->state), TEXT(peer_asn->reason),
			    TEXT(peer_asn->validated_by), NUMBER(peer_asn->validated_at), TEXT(peer_asn->changed_by),
			    NUMBER(peer_asn->changed_at));
}

enum store_result store_peer_asn_delete(struct store *store, uint32_t asn)
{
	sqlite3_stmt *statement = store_bound(store, SQL_PEER_ASN_USED, NUMBER(asn));
	enum store_result result;

	result = store_next(store, statement);
	sqlite3_reset(statement);
	if (result == STORE_OK)
		return store_refuse(store, "a peering of this peer AS has not ended");
	if (result != STORE_NOT_FOUND)
		return result;
	result = store_change(store, SQL_PEER_ASN_DELETE, NUMBER(asn));
	return result == STORE_OK && sqlite3_changes(store->db) == 0 ? STORE_NOT_FOUND : result;
}

static bool visit_peer_asn(sqlite3_stmt *statement, store_peer_asn_visit visit, void *context)
{
	struct store_peer_asn peer_asn = {
		.asn = (uint32_t)sqlite3_column_int64(statement, 0),
		.name = store_column_text(statement, 1),
		.contacts = store_column_text(statement, 2),
		.state = store_column_text(statement, 3),
		.reason = store_column_text(statement, 4),
		.validated_by = store_column_text(statement, 5),
		.validated_at = sqlite3_column_int64(statement, 6),
		.changed_by = store_column_text(statement, 7),
		.changed_at = sqlite3_column_int64(statement, 8),
	};

	return visit(&peer_asn, context);
}

enum store_result store_peer_asn(struct store *store, uint32_t asn, store_peer_asn_visit visit, void *context)
{
	sqlite3_stmt *statement = store_bound(store, SQL_PEER_ASN, NUMBER(asn));

	return STORE_ONE(store, statement, visit ? visit_peer_asn(statement, visit, context) : true);
}

enum store_result store_peer_asns(struct store *store, const char *state, uint32_t only, uint32_t after,
				  unsigned int limit, store_peer_asn_visit visit, void *context)
{
	sqlite3_stmt *statement = store_bound(store, SQL_PEER_ASNS, NUMBER(after), TEXT(state), NUMBER(only),
					      NUMBER(limit));

	return STORE_WALK(store, statement, visit_peer_asn(statement, visit, context));
}

enum store_result store_peer_changes(struct store *store, uint32_t asn, int64_t from, int64_t now, uint64_t *count,
				     int64_t *since)
{
	sqlite3_stmt *statement = store_bound(store, SQL_PEER_CHANGES, NUMBER(asn), NUMBER(from), NUMBER(now));
	enum store_result result = store_next(store, statement);

	*count = result == STORE_OK ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
	*since = result == STORE_OK ? sqlite3_column_int64(statement, 1) : now;
	sqlite3_reset(statement);
	return result == STORE_NOT_FOUND ? STORE_OK : result;
}

enum store_result store_peer_changed(struct store *store, uint32_t asn, int64_t from, int64_t now)
{
	return store_change(store, SQL_PEER_CHANGED, NUMBER(asn), NUMBER(from), NUMBER(now));
}
