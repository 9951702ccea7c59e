// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/connection/timers.h"

#include "bgpd-peering/checks/validation.h"
#include "bgpd-peering/connection/connection_walk.h"
#include "bgpd-peering/connection/profile.h"
#include "bgpd-peering/connection/transition.h"
#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/turn.h"

#define RETRY_INTERVAL 1 /* seconds */

static const char *const names[TIMER_COUNT] = {
	[TIMER_WINDOW] = "window",
	[TIMER_ESTABLISH] = "establish",
	[TIMER_VALIDATION] = "validation",
	[TIMER_STALE] = "stale",
	[TIMER_DRAIN] = "drain",
};
static const uint32_t built_in[TIMER_COUNT] = {
	[TIMER_WINDOW] = 600,
	[TIMER_STALE] = 14 * 86400,
	[TIMER_DRAIN] = 300,
};

PREDECL_DLIST(timer_defaults);
struct timer_default {
	struct timer_defaults_item item;
	char vrf[VRF_NAME_MAX];
	uint32_t seconds[TIMER_COUNT];
	bool read[TIMER_COUNT]; /* a file has brought it */
};
DECLARE_DLIST(timer_defaults, struct timer_default, item);

/* An entry lives as long as bgpd. */
static struct timer_defaults_head defaults = INIT_DLIST(defaults);

const char *timer_name(enum connection_timer timer)
{
	return (unsigned int)timer < TIMER_COUNT ? names[timer] : "?";
}

int timer_from_name(const char *name)
{
	for (int timer = 0; timer < TIMER_COUNT; timer++)
		if (strcmp(names[timer], name) == 0)
			return timer;
	return -1;
}

/* ---- how long ---- */

static struct timer_default *find(const char *vrf)
{
	struct timer_default *entry;

	frr_each (timer_defaults, &defaults, entry)
		if (strcmp(entry->vrf, vrf) == 0)
			return entry;
	return NULL;
}

static struct timer_default *find_or_make(const char *vrf)
{
	struct timer_default *entry = find(vrf);

	if (entry)
		return entry;
	entry = XCALLOC(MTYPE_PEERING_TEXT, sizeof(*entry));
	strlcpy(entry->vrf, vrf, sizeof(entry->vrf));
	timer_defaults_add_tail(&defaults, entry);
	return entry;
}

uint32_t timers_default(const char *vrf, enum connection_timer timer)
{
	const struct timer_default *entry = find(vrf);

	return entry ? entry->seconds[timer] : 0;
}

uint32_t timers_seconds(const struct connection *connection, enum connection_timer timer)
{
	const struct profile *profile = timer == TIMER_WINDOW ? profile_of(connection) : NULL;
	uint32_t of_instance;

	if (connection->timers[timer])
		return connection->timers[timer];
	if (profile && profile->validation_window)
		return profile->validation_window;
	of_instance = timers_default(connection->vrf, timer);
	return of_instance ? of_instance : built_in[timer];
}

void timers_restore(const char *vrf, const uint32_t seconds[TIMER_COUNT])
{
	memcpy(find_or_make(vrf)->seconds, seconds, sizeof(find_or_make(vrf)->seconds));
}

static void look_again(struct connection *connection)
{
	timers_look_again(connection);
	validation_look_again(connection);
}

void timers_set_default(const char *vrf, enum connection_timer timer, uint32_t seconds)
{
	static struct connection_walk walk = {.visit = look_again};
	struct timer_default *entry = find_or_make(vrf);

	entry->read[timer] = true;
	if (entry->seconds[timer] == seconds)
		return;
	entry->seconds[timer] = seconds;
	durable_state_timers(vrf, entry->seconds);
	connection_walk_begin(&walk);
}

void timers_settle_lines(void)
{
	struct timer_default *entry;

	frr_each (timer_defaults, &defaults, entry)
		for (int timer = 0; timer < TIMER_COUNT; timer++)
			if (!entry->read[timer])
				timers_set_default(entry->vrf, timer, 0);
}

/* ---- the timers of the states ---- */

static enum connection_timer timer_of(enum connection_state state)
{
	switch (state) {
	case STATE_PROVISIONING_STARTED:
	case STATE_PROVISIONING_COMPLETED:
		return TIMER_ESTABLISH;
	case STATE_VALIDATING:
		return TIMER_VALIDATION;
	default:
		return TIMER_COUNT;
	}
}

static void time_out(event_ref *event)
{
	struct connection *connection = event_argument(event);
	enum connection_timer timer = timer_of(connection->state);
	char reason[TRANSITION_MESSAGE_MAX];
	TURN(TURN_LIFECYCLE);

	if (timer == TIMER_COUNT || !router_works())
		return;
	/* It may be about to open. */
	if (connection->pending.ticket) {
		event_add_seconds(time_out, connection, RETRY_INTERVAL, &connection->state_timer);
		return;
	}
	snprintf(reason, sizeof(reason), "the %s timer of %u s has ended", timer_name(timer),
		 timers_seconds(connection, timer));
	transition(connection, EVENT_TIMED_OUT, "router", reason, NULL);
}

enum connection_timer timers_running(const struct connection *connection, uint32_t *left)
{
	enum connection_timer timer = timer_of(connection->state);
	uint32_t seconds = timer < TIMER_COUNT && !connection->let_go ? timers_seconds(connection, timer) : 0;
	int64_t until = connection->entered + seconds - monotime(NULL);

	*left = MAX(until, 0);
	return seconds ? timer : TIMER_COUNT;
}

void timers_look_again(struct connection *connection)
{
	uint32_t left;

	event_stop(connection->state_timer);
	if (timers_running(connection, &left) < TIMER_COUNT)
		event_add_seconds(time_out, connection, left, &connection->state_timer);
}

void timers_state_entered(struct connection *connection, uint64_t before_milliseconds)
{
	connection->entered = monotime(NULL);
	connection->before_entered = before_milliseconds / 1000;
}

bool timers_is_stale(const struct connection *connection)
{
	return connection->state == STATE_PROVISIONING_COMPLETED &&
	       (uint64_t)(monotime(NULL) - connection->entered) + connection->before_entered >=
		       timers_seconds(connection, TIMER_STALE);
}
