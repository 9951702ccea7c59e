// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * First all lines are read, and of each only its place in the file is remembered, by what it speaks of; a later line
 * takes the place of an earlier one. Then those that are left are copied: what belongs to nothing else in front, what
 * belongs to a connection behind it, what belongs to a session or is a bypass of one connection last, since those count
 * only where their connection is known by then. Among themselves they keep their order.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "bgpd-peering/journal/journal_compaction.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <search.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "lib/connection_name.h"
#include "lib/journal_damage.h"
#include "lib/journal_gates.h"
#include "lib/journal_json.h"
#include "lib/lifecycle.h"

#define WORTH_IT 4 /* the file is so many times what counts of it */
#define COPY_BYTES (64u * 1024u)
#define SYNC_BYTES (1024u * 1024u)	  /* between two syncs, so that the last one is short */
#define PUT_BACK "policyObject putBack"	  /* no policy, but what has become of one */
#define FORMER "policyObject before"	  /* of a push that waits to be confirmed: beside what there is now */
#define SPARE_BYTES (1024u * 1024u)	  /* of the disk, for lines that are written meanwhile */

struct spot {
	uint64_t at;
	uint32_t size; /* 0: none */
};

struct spots {
	struct spot *list;
	size_t count, room;
};

struct place;

struct known_connection {
	char name[CONNECTION_NAME_MAX];
	char vrf[DAMAGED_TEXT_MAX];
	bool lives;
	struct place *places[DAMAGED_SESSIONS_MAX]; /* that its last line names; some may be another's by now */
	size_t place_count;
	struct spot last, bypass;
	struct spot pushed, pushed_before; /* the last one, and the last one in front of `last` */
	struct spots history, forgotten;
};

/* A session: "VRF ADDRESS". */
struct place {
	struct known_connection *owner;
	uint64_t named_at; /* by the line there */
	struct spot policy;
	char key[];
};

/* What is no connection's: "acked", "timers VRF", … */
struct single {
	struct spot spot;
	bool former; /* it counts only while a push waits to be confirmed */
	char key[];
};

struct numbered {
	struct spot spot;
	uint64_t sequence;
	const struct known_connection *connection;
};

enum section { SECTION_JOURNAL, SECTION_SINGLE, SECTION_CONNECTION, SECTION_BEHIND };

struct kept {
	enum section section;
	struct spot spot;
};

struct journal_compaction {
	char *path, *new_path;
	FILE *file;
	uint64_t size;

	/* reading */
	uint64_t at;
	char *line;
	size_t line_room;
	void *connections, *places, *singles; /* of tsearch() */
	struct spot journal; /* the last one */
	struct spot settled; /* the last line `pushes` by which no push waits */
	struct numbered *transitions;
	size_t transition_count, transition_room;
	uint64_t acked;
	bool has_controller;
	bool out_of_memory, contradiction;

	/* copying */
	struct kept *kept;
	size_t kept_count, kept_room, next;
	uint64_t live;
	int fd; /* of the new file; -1 */
	uint64_t unsynced;
	size_t buffered;
	char buffer[COPY_BYTES];
};

/* ---- what is remembered ---- */

static bool is_there(struct spot spot)
{
	return spot.size > 0;
}

static bool grow(void **list, size_t count, size_t *room, size_t element)
{
	size_t larger = *room ? 2 * *room : 8;
	void *memory;

	if (count < *room)
		return true;
	memory = reallocarray(*list, larger, element);
	if (!memory)
		return false;
	*list = memory;
	*room = larger;
	return true;
}

static bool add_spot(struct spots *spots, struct spot spot)
{
	if (!grow((void **)&spots->list, spots->count, &spots->room, sizeof(*spots->list)))
		return false;
	spots->list[spots->count++] = spot;
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct known_connection *)a)->name, ((const struct known_connection *)b)->name);
}

static int by_place_key(const void *a, const void *b)
{
	return strcmp(((const struct place *)a)->key, ((const struct place *)b)->key);
}

static int by_single_key(const void *a, const void *b)
{
	return strcmp(((const struct single *)a)->key, ((const struct single *)b)->key);
}

/* The one that is in the tree already, or this one; it is freed where it is not needed. NULL where memory is short. */
static void *find_or_keep(struct journal_compaction *compaction, void **tree, void *fresh,
			  int (*compare)(const void *, const void *))
{
	void **found = fresh ? tsearch(fresh, tree, compare) : NULL;

	if (!found || *found != fresh)
		free(fresh);
	if (!found) {
		compaction->out_of_memory = true;
		return NULL;
	}
	return *found;
}

static struct known_connection *connection_of(struct journal_compaction *compaction, const char *name)
{
	struct known_connection *fresh = calloc(1, sizeof(*fresh));

	if (fresh)
		snprintf(fresh->name, sizeof(fresh->name), "%s", name);
	return find_or_keep(compaction, &compaction->connections, fresh, by_name);
}

static struct place *place_of(struct journal_compaction *compaction, const char *vrf, const char *address)
{
	size_t size = strlen(vrf) + strlen(address) + 2;
	struct place *fresh = calloc(1, sizeof(*fresh) + size);

	if (fresh)
		snprintf(fresh->key, size, "%s %s", vrf, address);
	return find_or_keep(compaction, &compaction->places, fresh, by_place_key);
}

/* The line takes the place of the last one that began with these words. */
static bool keep_single(struct journal_compaction *compaction, struct spot spot, const char *type, const char *vrf,
			const char *name)
{
	size_t size = strlen(type) + strlen(vrf) + strlen(name) + 3;
	struct single *single = calloc(1, sizeof(*single) + size);

	if (single)
		snprintf(single->key, size, "%s %s %s", type, vrf, name);
	single = find_or_keep(compaction, &compaction->singles, single, by_single_key);
	if (single) {
		single->spot = spot;
		single->former = strcmp(type, FORMER) == 0;
	}
	return single != NULL;
}

/* ---- lines; each function is false where the line cannot be read ---- */

static void lose(struct place *place)
{
	place->owner = NULL;
	place->policy = (struct spot){0};
}

/* Those that the line does not name are gone, and what the operator wanted of them. */
static bool take_sessions(struct journal_compaction *compaction, struct known_connection *connection,
			  json_object *sessions, struct spot spot)
{
	struct place *named[DAMAGED_SESSIONS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < json_object_array_length(sessions); i++) {
		json_object *session = json_object_array_get_idx(sessions, i);
		const char *address = json_object_is_type(session, json_type_object) ? journal_text(session, "address") : NULL;
		struct place *place = address ? place_of(compaction, connection->vrf, address) : NULL;

		if (!place)
			return false;
		if (place->named_at != spot.at)
			named[count++] = place;
		place->named_at = spot.at;
	}
	for (size_t i = 0; i < connection->place_count; i++)
		if (connection->places[i]->owner == connection && connection->places[i]->named_at != spot.at)
			lose(connection->places[i]);
	for (size_t i = 0; i < count; i++)
		named[i]->owner = connection;
	memcpy(connection->places, named, count * sizeof(*named));
	connection->place_count = count;
	return true;
}

static bool forget(struct known_connection *connection, struct spot spot)
{
	for (size_t i = 0; i < connection->place_count; i++)
		if (connection->places[i]->owner == connection)
			lose(connection->places[i]);
	connection->place_count = 0;
	connection->lives = false;
	connection->last = connection->bypass = connection->pushed = connection->pushed_before = (struct spot){0};
	connection->history.count = 0;
	return add_spot(&connection->forgotten, spot);
}

/* The connection that a line speaks of, as it says; NULL where it cannot be read. */
static struct known_connection *take_connection(struct journal_compaction *compaction, json_object *object,
						struct spot spot, bool gone)
{
	struct known_connection *connection;
	json_object *said, *sessions;
	const char *name, *vrf;

	if (!json_object_object_get_ex(object, "connection", &said) || !json_object_is_type(said, json_type_object))
		return NULL;
	name = journal_text(said, "name");
	vrf = journal_text(said, "vrf");
	sessions = journal_array(said, "sessions");
	if (!name || connection_name_error(name) || !vrf || strlen(vrf) >= DAMAGED_TEXT_MAX ||
	    connection_state_from_name(journal_text(said, "state")) < 0 || !sessions ||
	    json_object_array_length(sessions) > DAMAGED_SESSIONS_MAX)
		return NULL;
	connection = connection_of(compaction, name);
	if (!connection)
		return NULL;
	if (gone)
		return forget(connection, spot) ? connection : NULL;
	/* One that changes its VRF without an end in between is nothing that the module writes. */
	compaction->contradiction |= connection->lives && strcmp(connection->vrf, vrf) != 0;
	snprintf(connection->vrf, sizeof(connection->vrf), "%s", vrf);
	connection->lives = true;
	connection->last = spot;
	if (is_there(connection->pushed))
		connection->pushed_before = connection->pushed;
	return take_sessions(compaction, connection, sessions, spot) ? connection : NULL;
}

static bool take_transition(struct journal_compaction *compaction, json_object *object, struct spot spot)
{
	struct known_connection *connection = take_connection(compaction, object, spot, false);
	struct spots *history = connection ? &connection->history : NULL;
	uint64_t sequence;

	if (!connection || !journal_number(object, "sequence", &sequence))
		return false;
	if (history->count == JOURNAL_HISTORY_KEPT)
		memmove(history->list, history->list + 1, --history->count * sizeof(*history->list));
	if (!add_spot(history, spot) || !grow((void **)&compaction->transitions, compaction->transition_count,
					      &compaction->transition_room, sizeof(*compaction->transitions))) {
		compaction->out_of_memory = true;
		return false;
	}
	compaction->transitions[compaction->transition_count++] =
		(struct numbered){.spot = spot, .sequence = sequence, .connection = connection};
	return true;
}

static bool take_bypass(struct journal_compaction *compaction, json_object *object, struct spot spot)
{
	const char *name = journal_text(object, "name");
	struct known_connection *connection;

	if (!name)
		return false;
	if (!name[0])
		return keep_single(compaction, spot, "bypass", "", "");
	connection = connection_of(compaction, name);
	if (connection && connection->lives)
		connection->bypass = spot;
	return connection != NULL;
}

static bool take_policy(struct journal_compaction *compaction, json_object *object, struct spot spot)
{
	const char *vrf = journal_text(object, "vrf"), *address = journal_text(object, "address");
	struct place *place = vrf && address ? place_of(compaction, vrf, address) : NULL;

	if (place && place->owner)
		place->policy = spot;
	return place != NULL;
}

static bool take_pushed(struct journal_compaction *compaction, json_object *object, struct spot spot)
{
	json_object *declaration;
	const char *name;
	struct known_connection *connection;

	if (!json_object_object_get_ex(object, "declaration", &declaration))
		return false;
	name = journal_text(declaration, "name");
	if (!name || connection_name_error(name))
		return false;
	connection = connection_of(compaction, name);
	if (connection)
		connection->pushed = spot;
	return connection != NULL;
}

static bool take_journal(struct journal_compaction *compaction, json_object *object, struct spot spot)
{
	uint64_t version;

	compaction->journal = spot;
	return journal_text(object, "id") && journal_number(object, "version", &version) && version == 1;
}

static bool take_single(struct journal_compaction *compaction, json_object *object, const char *type, struct spot spot)
{
	const char *vrf = journal_text(object, "vrf"), *host = journal_text(object, "host");
	const char *profile = journal_text(object, "profile"), *name = journal_text(object, "name");
	const char *put_back = journal_text(object, "putBack");
	uint64_t sequence;

	if (strcmp(type, "acked") == 0) {
		if (!journal_number(object, "sequence", &sequence))
			return false;
		if (sequence < compaction->acked)
			return true;
		compaction->acked = sequence;
		return keep_single(compaction, spot, type, "", "");
	}
	if (strcmp(type, "controller") == 0) {
		compaction->has_controller = host && host[0];
		return host && keep_single(compaction, spot, type, "", "");
	}
	if (strcmp(type, "pushes") == 0) {
		if (!json_object_object_get_ex(object, "unconfirmed", NULL))
			compaction->settled = spot;
		return journal_number(object, "revision", &sequence) && keep_single(compaction, spot, type, "", "");
	}
	if (strcmp(type, "profile") == 0)
		return vrf && profile && keep_single(compaction, spot, type, vrf, profile);
	if (strcmp(type, "policyObject") == 0 && put_back)
		return keep_single(compaction, spot, PUT_BACK, "", put_back);
	if (strcmp(type, "policyObject") == 0)
		return name && keep_single(compaction, spot, journal_text(object, "before") ? FORMER : type, "", name);
	if (strcmp(type, "timers") == 0 || strcmp(type, "defaultDeny") == 0)
		return vrf && keep_single(compaction, spot, type, vrf, "");
	return false;
}

static bool take_line(struct journal_compaction *compaction, const char *line, struct spot spot)
{
	json_object *object = journal_damage_parse(line);
	const char *type = object ? journal_text(object, "type") : NULL;
	bool good = false;

	if (!type || (spot.at == 0 && strcmp(type, "journal") != 0))
		good = false;
	else if (strcmp(type, "journal") == 0)
		good = take_journal(compaction, object, spot);
	else if (strcmp(type, "transition") == 0)
		good = take_transition(compaction, object, spot);
	else if (strcmp(type, "connection") == 0 || strcmp(type, "forget") == 0)
		good = take_connection(compaction, object, spot, type[0] == 'f') != NULL;
	else if (strcmp(type, "bypass") == 0)
		good = take_bypass(compaction, object, spot);
	else if (strcmp(type, "policy") == 0)
		good = take_policy(compaction, object, spot);
	else if (strcmp(type, "pushed") == 0)
		good = take_pushed(compaction, object, spot);
	else
		good = take_single(compaction, object, type, spot);
	json_object_put(object);
	return good;
}

/* 0 or an errno. */
static int read_line(struct journal_compaction *compaction)
{
	ssize_t length = getline(&compaction->line, &compaction->line_room, compaction->file);
	struct spot spot = {.at = compaction->at, .size = (uint32_t)length};

	if (length <= 0)
		return ferror(compaction->file) ? EIO : EBADMSG;
	if (length > JOURNAL_LINE_MAX || compaction->line[length - 1] != '\n' ||
	    strlen(compaction->line) != (size_t)length || compaction->at + spot.size > compaction->size)
		return EBADMSG;
	compaction->line[length - 1] = '\0';
	compaction->at += spot.size;
	if (!take_line(compaction, compaction->line, spot))
		return compaction->out_of_memory ? ENOMEM : EBADMSG;
	return 0;
}

/* ---- what is kept ---- */

static void keep(struct journal_compaction *compaction, enum section section, struct spot spot)
{
	if (!is_there(spot))
		return;
	if (!grow((void **)&compaction->kept, compaction->kept_count, &compaction->kept_room, sizeof(*compaction->kept))) {
		compaction->out_of_memory = true;
		return;
	}
	compaction->kept[compaction->kept_count++] = (struct kept){.section = section, .spot = spot};
}

static void keep_connection(const void *node, VISIT visit, void *context)
{
	const struct known_connection *connection = *(const struct known_connection *const *)node;
	struct journal_compaction *compaction = context;

	if (visit != postorder && visit != leaf)
		return;
	keep(compaction, SECTION_CONNECTION, connection->last);
	keep(compaction, SECTION_CONNECTION, connection->pushed);
	keep(compaction, SECTION_CONNECTION, connection->pushed_before);
	keep(compaction, SECTION_BEHIND, connection->bypass);
	for (size_t i = 0; i < connection->history.count; i++)
		keep(compaction, SECTION_CONNECTION, connection->history.list[i]);
	/* What another one has taken, its last line must not name: it would take that back. */
	for (size_t i = 0; i < connection->place_count; i++)
		compaction->contradiction |= connection->places[i]->owner != connection;
}

static void keep_policy(const void *node, VISIT visit, void *context)
{
	if (visit == postorder || visit == leaf)
		keep(context, SECTION_BEHIND, (*(const struct place *const *)node)->policy);
}

static void keep_one(const void *node, VISIT visit, void *context)
{
	const struct single *single = *(const struct single *const *)node;
	struct journal_compaction *compaction = context;

	if ((visit == postorder || visit == leaf) && !(single->former && single->spot.at < compaction->settled.at))
		keep(compaction, SECTION_SINGLE, single->spot);
}

/* And that its connection has ended since, so that it does not come back. */
static void keep_transition(struct journal_compaction *compaction, const struct numbered *transition)
{
	const struct spots *forgotten = &transition->connection->forgotten;
	size_t i = 0;

	keep(compaction, SECTION_CONNECTION, transition->spot);
	while (i < forgotten->count && forgotten->list[i].at < transition->spot.at)
		i++;
	if (i < forgotten->count)
		keep(compaction, SECTION_CONNECTION, forgotten->list[i]);
}

static void keep_transitions(struct journal_compaction *compaction)
{
	const struct numbered *newest = NULL;

	for (size_t i = 0; i < compaction->transition_count; i++) {
		const struct numbered *transition = &compaction->transitions[i];

		/* The next one goes on counting from it. */
		if (!newest || transition->sequence >= newest->sequence)
			newest = transition;
		if (compaction->has_controller && transition->sequence > compaction->acked)
			keep_transition(compaction, transition);
	}
	if (newest)
		keep_transition(compaction, newest);
}

static int by_section_and_place(const void *a, const void *b)
{
	const struct kept *first = a, *second = b;

	if (first->section != second->section)
		return first->section < second->section ? -1 : 1;
	return first->spot.at < second->spot.at ? -1 : first->spot.at > second->spot.at;
}

/* 0 or an errno. */
static int choose(struct journal_compaction *compaction)
{
	size_t count = 0;

	keep(compaction, SECTION_JOURNAL, compaction->journal);
	twalk_r(compaction->singles, keep_one, compaction);
	twalk_r(compaction->connections, keep_connection, compaction);
	twalk_r(compaction->places, keep_policy, compaction);
	keep_transitions(compaction);
	if (compaction->out_of_memory)
		return ENOMEM;
	if (compaction->contradiction || compaction->kept_count == 0)
		return EBADMSG;
	qsort(compaction->kept, compaction->kept_count, sizeof(*compaction->kept), by_section_and_place);
	for (size_t i = 0; i < compaction->kept_count; i++) {
		if (count && compaction->kept[i].spot.at == compaction->kept[count - 1].spot.at)
			continue;
		compaction->kept[count++] = compaction->kept[i];
		compaction->live += compaction->kept[i].spot.size;
	}
	compaction->kept_count = count;
	return 0;
}

/* ---- the new file; 0 or an errno ---- */

static int open_new_file(struct journal_compaction *compaction)
{
	struct statvfs disk;
	struct stat status;

	if (fstat(fileno(compaction->file), &status) != 0 || fstatvfs(fileno(compaction->file), &disk) != 0)
		return errno;
	if (disk.f_bavail * disk.f_frsize < 2 * compaction->live + SPARE_BYTES)
		return ENOSPC;
	(void)unlink(compaction->new_path);
	compaction->fd = open(compaction->new_path, O_CREAT | O_EXCL | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
	if (compaction->fd < 0)
		return errno;
	/* Whoever may read the journal may go on to; that a group cannot be given is no reason to let it grow. */
	(void)!fchown(compaction->fd, (uid_t)-1, status.st_gid);
	return fchmod(compaction->fd, status.st_mode & 0777) == 0 ? 0 : errno;
}

static int flush(struct journal_compaction *compaction)
{
	for (size_t done = 0; done < compaction->buffered;) {
		ssize_t written = write(compaction->fd, compaction->buffer + done, compaction->buffered - done);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return errno;
		done += (size_t)written;
	}
	compaction->unsynced += compaction->buffered;
	compaction->buffered = 0;
	if (compaction->unsynced < SYNC_BYTES)
		return 0;
	compaction->unsynced = 0;
	return fdatasync(compaction->fd) == 0 ? 0 : errno;
}

static int copy(struct journal_compaction *compaction, uint64_t at, uint64_t size)
{
	while (size > 0) {
		size_t room = sizeof(compaction->buffer) - compaction->buffered, most = size < room ? (size_t)size : room;
		ssize_t got = pread(fileno(compaction->file), compaction->buffer + compaction->buffered, most, (off_t)at);
		int error;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? errno : EIO;
		compaction->buffered += (size_t)got;
		at += (uint64_t)got;
		size -= (uint64_t)got;
		if (compaction->buffered == sizeof(compaction->buffer) && (error = flush(compaction)) != 0)
			return error;
	}
	return 0;
}

static int copy_next(struct journal_compaction *compaction)
{
	const struct spot *spot = &compaction->kept[compaction->next++].spot;

	return copy(compaction, spot->at, spot->size);
}

/* ---- in order ---- */

struct journal_compaction *journal_compaction_begin(const char *path, int fd, uint64_t size)
{
	struct journal_compaction *compaction = calloc(1, sizeof(*compaction));
	struct stat ours, found;
	int error = ENOMEM;

	if (!compaction)
		return NULL;
	compaction->fd = -1;
	compaction->size = size;
	compaction->path = strdup(path);
	if (compaction->path && asprintf(&compaction->new_path, "%s" JOURNAL_COMPACTION_SUFFIX, path) < 0)
		compaction->new_path = NULL;
	if (compaction->new_path) {
		compaction->file = fopen(path, "re");
		error = errno;
	}
	if (compaction->file) {
		if (fstat(fd, &ours) == 0 && fstat(fileno(compaction->file), &found) == 0 && ours.st_dev == found.st_dev &&
		    ours.st_ino == found.st_ino)
			return compaction;
		error = ESTALE;
	}
	journal_compaction_end(compaction);
	errno = error;
	return NULL;
}

static bool is_over(const struct timespec *begun, unsigned int milliseconds)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - begun->tv_sec) * 1000 + (now.tv_nsec - begun->tv_nsec) / 1000000 >= (long)milliseconds;
}

enum compaction_step journal_compaction_step(struct journal_compaction *compaction, unsigned int milliseconds)
{
	struct timespec begun;
	int error = 0;

	clock_gettime(CLOCK_MONOTONIC, &begun);
	while (error == 0 && !is_over(&begun, milliseconds)) {
		if (compaction->at < compaction->size) {
			error = read_line(compaction);
		} else if (!compaction->kept_count) {
			error = choose(compaction);
			if (error == 0 && compaction->live * WORTH_IT > compaction->size)
				return COMPACTION_NEEDLESS;
			if (error == 0)
				error = open_new_file(compaction);
		} else if (compaction->next < compaction->kept_count) {
			error = copy_next(compaction);
		} else {
			return COMPACTION_WRITTEN;
		}
	}
	errno = error;
	return error ? COMPACTION_FAILED : COMPACTION_GOES_ON;
}

uint64_t journal_compaction_live(const struct journal_compaction *compaction)
{
	return compaction->live;
}

/* Somebody may have moved the journal away, or put a copy in its place. */
static int is_still_the_journal(const struct journal_compaction *compaction)
{
	struct stat ours, found;

	if (fstat(fileno(compaction->file), &ours) != 0 || lstat(compaction->path, &found) != 0)
		return errno;
	return ours.st_dev == found.st_dev && ours.st_ino == found.st_ino ? 0 : ESTALE;
}

int journal_compaction_finish(struct journal_compaction *compaction, uint64_t upto, uint64_t *bytes)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int error = copy(compaction, compaction->size, upto - compaction->size), fd = compaction->fd;

	if (error == 0)
		error = flush(compaction);
	if (error == 0 && fsync(fd) != 0)
		error = errno;
	if (error == 0 && fcntl(fd, F_OFD_SETLK, &lock) != 0 && (errno == EAGAIN || errno == EACCES))
		error = EWOULDBLOCK;
	if (error == 0)
		error = is_still_the_journal(compaction);
	if (error == 0 && rename(compaction->new_path, compaction->path) != 0)
		error = errno;
	if (error != 0) {
		errno = error;
		return -1;
	}
	*bytes = compaction->live + (upto - compaction->size);
	compaction->fd = -1;
	return fd;
}

static void free_connection(void *node)
{
	struct known_connection *connection = node;

	free(connection->history.list);
	free(connection->forgotten.list);
	free(connection);
}

void journal_compaction_end(struct journal_compaction *compaction)
{
	if (!compaction)
		return;
	if (compaction->fd >= 0) {
		close(compaction->fd);
		(void)unlink(compaction->new_path);
	}
	if (compaction->file)
		fclose(compaction->file);
	tdestroy(compaction->connections, free_connection);
	tdestroy(compaction->places, free);
	tdestroy(compaction->singles, free);
	free(compaction->transitions);
	free(compaction->kept);
	free(compaction->line);
	free(compaction->path);
	free(compaction->new_path);
	free(compaction);
}
