// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The schema, as numbered steps that are only ever added to: step N takes a database of version N - 1 to N. All
 * that a database needs are one transaction. A database of a newer version than this program knows is left alone.
 */
#include <stdio.h>
#include <string.h>

#include "controller/store/store_sqlite.h"

/* "peer": says in the file's header whose database this is. */
#define APPLICATION_ID 0x70656572

static const char *const migrations[] = {
	"PRAGMA application_id = 1885693298;"
	"CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT;"
	"CREATE TABLE router ("
	" name TEXT PRIMARY KEY,"
	" address TEXT NOT NULL,"
	" frr_version TEXT NOT NULL,"
	" module_version TEXT NOT NULL,"
	" journal_id TEXT NOT NULL,"
	" boot_id TEXT NOT NULL,"
	" first_seen_at INTEGER NOT NULL,"
	" connected_at INTEGER NOT NULL,"
	" disconnected_at INTEGER NOT NULL DEFAULT 0,"
	" disconnect_reason TEXT NOT NULL DEFAULT '',"
	" snapshot_at INTEGER NOT NULL DEFAULT 0"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE journal ("
	" router TEXT NOT NULL REFERENCES router (name),"
	" journal_id TEXT NOT NULL,"
	" acked_sequence INTEGER NOT NULL,"
	" first_seen_at INTEGER NOT NULL,"
	" PRIMARY KEY (router, journal_id)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE transition ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" router TEXT NOT NULL REFERENCES router (name),"
	" journal_id TEXT NOT NULL,"
	" sequence INTEGER NOT NULL CHECK (sequence > 0),"
	" connection TEXT NOT NULL,"
	" vrf TEXT NOT NULL,"
	" generation INTEGER NOT NULL,"
	" from_state TEXT NOT NULL,"
	" to_state TEXT NOT NULL,"
	" cause TEXT NOT NULL,"
	" actor TEXT NOT NULL,"
	" at INTEGER NOT NULL,"
	" message TEXT NOT NULL,"
	" received_at INTEGER NOT NULL,"
	" UNIQUE (router, journal_id, sequence)"
	") STRICT;"
	"CREATE INDEX transition_of_connection ON transition (router, connection, id);"
	"CREATE TABLE observed_connection ("
	" router TEXT NOT NULL REFERENCES router (name),"
	" name TEXT NOT NULL,"
	" vrf TEXT NOT NULL,"
	" peer_asn INTEGER NOT NULL,"
	" kind TEXT NOT NULL,"
	" state TEXT NOT NULL,"
	" generation INTEGER NOT NULL,"
	" state_since INTEGER NOT NULL,"
	" activation TEXT NOT NULL,"
	" waiting_for TEXT NOT NULL,"
	" detail TEXT NOT NULL,"
	" observed_at INTEGER NOT NULL,"
	" PRIMARY KEY (router, name)"
	") STRICT;"
	"CREATE TABLE push ("
	" number INTEGER PRIMARY KEY AUTOINCREMENT,"
	" id TEXT NOT NULL UNIQUE,"
	" router TEXT NOT NULL REFERENCES router (name),"
	" actor TEXT NOT NULL,"
	" state TEXT NOT NULL CHECK (state IN ('queued', 'applied', 'refused', 'unanswered')),"
	" created_at INTEGER NOT NULL,"
	" answered_at INTEGER NOT NULL DEFAULT 0"
	") STRICT;"
	"CREATE INDEX push_queued ON push (router, number) WHERE state = 'queued';"
	"CREATE TABLE push_operation ("
	" push INTEGER NOT NULL REFERENCES push (number),"
	" position INTEGER NOT NULL,"
	" connection TEXT NOT NULL,"
	" verb TEXT NOT NULL,"
	" definition TEXT,"
	" reason TEXT NOT NULL,"
	" ok INTEGER NOT NULL DEFAULT 0,"
	" code TEXT NOT NULL DEFAULT '',"
	" message TEXT NOT NULL DEFAULT '',"
	" allowed TEXT NOT NULL DEFAULT '[]',"
	" PRIMARY KEY (push, position)"
	") STRICT;"
	"CREATE INDEX push_operation_of_connection ON push_operation (connection, push);"
	"CREATE TABLE desired_connection ("
	" router TEXT NOT NULL REFERENCES router (name),"
	" name TEXT NOT NULL,"
	" definition TEXT NOT NULL,"
	" actor TEXT NOT NULL,"
	" requested_at INTEGER NOT NULL,"
	" push INTEGER NOT NULL REFERENCES push (number),"
	" PRIMARY KEY (router, name)"
	") STRICT;"
	"CREATE INDEX desired_connection_of_push ON desired_connection (push);",

	/* Events. What a transition says stands in its own row alone. */
	"CREATE TABLE event ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" at INTEGER NOT NULL,"
	" type TEXT NOT NULL,"
	" router TEXT NOT NULL DEFAULT '',"
	" connection TEXT NOT NULL DEFAULT '',"
	" peer_asn INTEGER NOT NULL DEFAULT 0,"
	" transition INTEGER,"
	" data TEXT NOT NULL DEFAULT '{}'"
	") STRICT;"
	"CREATE TABLE degradation ("
	" router TEXT NOT NULL REFERENCES router (name),"
	" connection TEXT NOT NULL,"
	" cause TEXT NOT NULL,"
	" session TEXT NOT NULL,"
	" severity TEXT NOT NULL,"
	" PRIMARY KEY (router, connection, cause, session)"
	") STRICT, WITHOUT ROWID;",

	/* Who changed what through the API. */
	"CREATE TABLE audit ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" at INTEGER NOT NULL,"
	" actor TEXT NOT NULL,"
	" role TEXT NOT NULL,"
	" address TEXT NOT NULL,"
	" action TEXT NOT NULL,"
	" object TEXT NOT NULL,"
	" detail TEXT NOT NULL"
	") STRICT;",

	/* Web hooks: what each still has to be told, and how it went. */
	"CREATE TABLE webhook ("
	" name TEXT PRIMARY KEY,"
	" delivered INTEGER NOT NULL DEFAULT 0,"
	" dropped INTEGER NOT NULL DEFAULT 0,"
	" last_event INTEGER NOT NULL DEFAULT 0,"
	" last_at INTEGER NOT NULL DEFAULT 0,"
	" last_status INTEGER NOT NULL DEFAULT 0,"
	" last_error TEXT NOT NULL DEFAULT '',"
	" last_success_at INTEGER NOT NULL DEFAULT 0,"
	" failing_since INTEGER NOT NULL DEFAULT 0"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE webhook_delivery ("
	" webhook TEXT NOT NULL REFERENCES webhook (name) ON DELETE CASCADE,"
	" event INTEGER NOT NULL,"
	" router TEXT NOT NULL,"
	" connection TEXT NOT NULL,"
	" body TEXT NOT NULL,"
	" created_at INTEGER NOT NULL,"
	" attempts INTEGER NOT NULL DEFAULT 0,"
	" next_at INTEGER NOT NULL DEFAULT 0,"
	" PRIMARY KEY (webhook, event)"
	") STRICT;"
	"CREATE INDEX webhook_delivery_of_connection ON webhook_delivery (webhook, router, connection, event);"
	"CREATE TABLE webhook_cursor (one INTEGER PRIMARY KEY CHECK (one = 1), event INTEGER NOT NULL) STRICT;",

	/* Tokens, of which the hash alone is kept. */
	"CREATE TABLE token ("
	" number INTEGER PRIMARY KEY AUTOINCREMENT,"
	" id TEXT NOT NULL UNIQUE,"
	" name TEXT NOT NULL,"
	" role TEXT NOT NULL,"
	" asn INTEGER NOT NULL,"
	" hash TEXT NOT NULL,"
	" created_by TEXT NOT NULL,"
	" created_at INTEGER NOT NULL,"
	" expires_at INTEGER NOT NULL,"
	" last_used_at INTEGER NOT NULL DEFAULT 0,"
	" revoked_at INTEGER NOT NULL DEFAULT 0,"
	" revoked_by TEXT NOT NULL DEFAULT ''"
	") STRICT;"
	"CREATE UNIQUE INDEX token_name ON token (name) WHERE revoked_at = 0;",
	/* What was answered to requests with an Idempotency-Key. */
	"CREATE TABLE idempotency ("
	" actor TEXT NOT NULL,"
	" key TEXT NOT NULL,"
	" request TEXT NOT NULL," /* its hash */
	" created_at INTEGER NOT NULL,"
	" push_id TEXT NOT NULL,"
	" status INTEGER NOT NULL DEFAULT 0," /* 0: not answered yet */
	" location TEXT NOT NULL DEFAULT '',"
	" answer TEXT NOT NULL DEFAULT '',"
	" PRIMARY KEY (actor, key)"
	") STRICT;"
	"CREATE INDEX idempotency_age ON idempotency (created_at);",
	/* Whose a connection is, to be found by it. */
	"ALTER TABLE desired_connection ADD COLUMN peer_asn INTEGER NOT NULL DEFAULT 0;"
	"UPDATE desired_connection SET peer_asn =" STORE_ASN_OF("definition") ";"
	"CREATE INDEX desired_connection_of_asn ON desired_connection (peer_asn, router, name);"
	"CREATE INDEX observed_connection_of_asn ON observed_connection (peer_asn, router, name);",
	/* What is asked of a push beside its operations, and what a router's pushes have made of it. */
	"ALTER TABLE push ADD COLUMN dry_run INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE push ADD COLUMN expected_revision INTEGER;"
	"ALTER TABLE push ADD COLUMN confirm_seconds INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE push ADD COLUMN confirm_by_person INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE push ADD COLUMN confirmation TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE push ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX push_unconfirmed ON push (router, number) WHERE confirmation = 'waiting';"
	"ALTER TABLE router ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE router ADD COLUMN revision_of TEXT NOT NULL DEFAULT '';",
	/* Since when desired and observed state differ, and which routers are held until that is settled. */
	"ALTER TABLE desired_connection ADD COLUMN differs_since INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE router ADD COLUMN held_since INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE router ADD COLUMN held_push TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE router ADD COLUMN held_behind INTEGER NOT NULL DEFAULT 0;",
	/* Policy objects that are wanted on a router. */
	"CREATE TABLE desired_policy ("
	" router TEXT NOT NULL REFERENCES router (name),"
	" name TEXT NOT NULL,"
	" kind TEXT NOT NULL,"
	" entries INTEGER NOT NULL,"
	" definition TEXT NOT NULL,"
	" actor TEXT NOT NULL,"
	" requested_at INTEGER NOT NULL,"
	" push INTEGER NOT NULL REFERENCES push (number),"
	" PRIMARY KEY (router, name)"
	") STRICT;"
	"CREATE INDEX desired_policy_of_push ON desired_policy (push);",

	/* Peer ASNs, and peerings above connections. */
	"CREATE TABLE peer_asn ("
	" asn INTEGER PRIMARY KEY,"
	" name TEXT NOT NULL,"
	" contacts TEXT NOT NULL,"
	" state TEXT NOT NULL CHECK (state IN ('None', 'Pending', 'Approved', 'Failed')),"
	" reason TEXT NOT NULL,"
	" validated_by TEXT NOT NULL,"
	" validated_at INTEGER NOT NULL,"
	" changed_by TEXT NOT NULL,"
	" changed_at INTEGER NOT NULL"
	") STRICT;"
	"CREATE TABLE peering ("
	" name TEXT PRIMARY KEY,"
	" peer_asn INTEGER NOT NULL,"
	" state TEXT NOT NULL CHECK (state IN ('requested', 'rejected', 'withdrawn', 'approved', 'deprovisioning',"
	" 'deprovisioned')),"
	" reason TEXT NOT NULL DEFAULT '',"
	" document TEXT NOT NULL,"
	" by_peer INTEGER NOT NULL,"
	" requested_by TEXT NOT NULL,"
	" requested_at INTEGER NOT NULL,"
	" decided_by TEXT NOT NULL DEFAULT '',"
	" decided_at INTEGER NOT NULL DEFAULT 0"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX peering_of_asn ON peering (peer_asn, name);"
	"CREATE TABLE peering_connection ("
	" peering TEXT NOT NULL REFERENCES peering (name),"
	" position INTEGER NOT NULL,"
	" router TEXT NOT NULL,"
	" name TEXT NOT NULL,"
	" phase TEXT NOT NULL,"
	" approved TEXT NOT NULL DEFAULT '',"
	" declared INTEGER NOT NULL DEFAULT 0,"
	" problem TEXT NOT NULL DEFAULT '',"
	" asked TEXT NOT NULL DEFAULT '',"
	" push_id TEXT NOT NULL DEFAULT '',"
	" configured_by TEXT NOT NULL DEFAULT '',"
	" configured_at INTEGER NOT NULL DEFAULT 0,"
	" PRIMARY KEY (peering, position)"
	") STRICT, WITHOUT ROWID;"
	"CREATE UNIQUE INDEX peering_connection_live ON peering_connection (router, name) WHERE phase <> 'removed';"
	"CREATE INDEX peering_connection_driven ON peering_connection (peering, router, position)"
	" WHERE phase IN ('declare', 'configure', 'validate', 'remove');"
	"CREATE TABLE peering_history ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" peering TEXT NOT NULL,"
	" at INTEGER NOT NULL,"
	" actor TEXT NOT NULL,"
	" action TEXT NOT NULL,"
	" message TEXT NOT NULL"
	") STRICT;"
	"CREATE INDEX peering_history_of ON peering_history (peering, id);",

	/* Which epoch gave an event its number: from `first` on, up to the next one's. */
	"CREATE TABLE event_epoch (first INTEGER PRIMARY KEY, epoch TEXT NOT NULL UNIQUE) STRICT;"
	"INSERT INTO event_epoch (first, epoch) VALUES (0, lower(hex(randomblob(4))));",

	/* What retention asks for: how many transitions there are of a journal, and what else it finds by. */
	"ALTER TABLE journal ADD COLUMN stored INTEGER NOT NULL DEFAULT 0;"
	"UPDATE journal SET stored = (SELECT count(*) FROM transition t WHERE t.router = journal.router"
	" AND t.journal_id = journal.journal_id);"
	"CREATE TRIGGER transition_gone AFTER DELETE ON transition BEGIN"
	" UPDATE journal SET stored = stored - 1 WHERE router = OLD.router AND journal_id = OLD.journal_id; END;"
	"CREATE INDEX peering_ended ON peering (decided_at) WHERE state IN ('rejected', 'withdrawn', 'deprovisioned');"
	"CREATE INDEX peering_connection_of_push ON peering_connection (push_id) WHERE push_id <> '';"
	/* What a peer AS has changed since `since`. */
	"CREATE TABLE peer_activity ("
	" asn INTEGER PRIMARY KEY,"
	" since INTEGER NOT NULL,"
	" changes INTEGER NOT NULL"
	") STRICT;",

	/*
	 * What routers have of the policies that were pushed, and what a full report has not named again. A digest of 0 is not
	 * known: such a row was there before this step.
	 */
	"CREATE TABLE observed_policy ("
	" router TEXT NOT NULL REFERENCES router (name),"
	" name TEXT NOT NULL,"
	" kind TEXT NOT NULL,"
	" digest INTEGER NOT NULL,"
	" entries INTEGER NOT NULL,"
	" drifted INTEGER NOT NULL,"
	" withdrawn INTEGER NOT NULL,"
	" observed_at INTEGER NOT NULL,"
	" stale INTEGER NOT NULL DEFAULT 0,"
	" PRIMARY KEY (router, name)"
	") STRICT, WITHOUT ROWID;"
	"ALTER TABLE observed_connection ADD COLUMN stale INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE router ADD COLUMN policies_at INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE push_operation ADD COLUMN digest INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE desired_policy ADD COLUMN digest INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE desired_policy ADD COLUMN differs_since INTEGER NOT NULL DEFAULT 0;",

	/* Policies have the same names on every router of a network: what came before and behind one is looked for by router. */
	"ALTER TABLE push_operation ADD COLUMN router TEXT NOT NULL DEFAULT '';"
	"UPDATE push_operation SET router = (SELECT p.router FROM push p WHERE p.number = push_operation.push);"
	"DROP INDEX push_operation_of_connection;"
	"CREATE INDEX push_operation_of_router ON push_operation (router, connection, push);"
	/* Each report asks how much differs. */
	"CREATE INDEX desired_connection_differs ON desired_connection (router, push) WHERE differs_since > 0;"
	"CREATE INDEX desired_policy_differs ON desired_policy (router, push) WHERE differs_since > 0;",
};
const int store_schema_newest = sizeof(migrations) / sizeof(migrations[0]);

/* One number from one row; false where there is none. */
static bool ask_number(sqlite3 *db, const char *sql, int *number)
{
	sqlite3_stmt *statement = NULL;
	bool found =
		sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW;

	if (found)
		*number = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return found;
}

int store_schema_version(sqlite3 *db, const char *path, char *error, size_t error_size)
{
	int application = 0;
	int tables = 0;
	int version = 0;

	if (!ask_number(db, "SELECT count(*) FROM sqlite_master", &tables) ||
	    !ask_number(db, "PRAGMA application_id", &application)) {
		snprintf(error, error_size, "cannot read the database %s: %s; restore it from a copy, or move it away",
			 path, sqlite3_errmsg(db));
		return -1;
	}
	if (tables == 0)
		return 0;
	if (application != APPLICATION_ID || !ask_number(db, "SELECT max(version) FROM schema_version", &version) ||
	    version < 1) {
		snprintf(error, error_size,
			 "%s is a database, but not one of peering-controller's; set 'database' to another file", path);
		return -1;
	}
	if (version > store_schema_newest) {
		snprintf(error, error_size,
			 "the database %s has schema version %d, this peering-controller knows up to %d; install the "
			 "newer "
			 "peering-controller that wrote it",
			 path, version, store_schema_newest);
		return -1;
	}
	return version;
}

bool store_migrate(sqlite3 *db, const char *path, char *error, size_t error_size)
{
	static const char record[] =
		"INSERT INTO schema_version (version, applied_at)"
		" SELECT coalesce(max(version), 0) + 1, unixepoch() * 1000 FROM schema_version";
	int version = store_schema_version(db, path, error, error_size);
	bool good;

	if (version < 0)
		return false;
	if (version == store_schema_newest)
		return true;
	good = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;
	for (int step = version; good && step < store_schema_newest; step++)
		good = sqlite3_exec(db, migrations[step], NULL, NULL, NULL) == SQLITE_OK &&
		       sqlite3_exec(db, record, NULL, NULL, NULL) == SQLITE_OK;
	if (good && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
		return true;
	snprintf(error, error_size,
		 "cannot bring the database %s from schema version %d to %d: %s; it is as it was before", path, version,
		 store_schema_newest, sqlite3_errmsg(db));
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return false;
}
