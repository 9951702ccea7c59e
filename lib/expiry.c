// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/expiry.h"

#include <stdio.h>
#include <time.h>

#define HOUR 3600u
#define DAY (24u * HOUR)

enum expiry expiry_of(uint64_t ends, uint64_t now)
{
	if (ends == 0)
		return EXPIRY_FAR;
	if (ends <= now)
		return EXPIRY_OVER;
	if (ends - now <= DAY)
		return EXPIRY_DAY;
	if (ends - now <= 7 * DAY)
		return EXPIRY_WEEK;
	return ends - now <= 30 * DAY ? EXPIRY_MONTH : EXPIRY_FAR;
}

bool expiry_is_news(struct expiry_said *said, uint64_t ends, uint64_t now)
{
	enum expiry step = expiry_of(ends, now);
	bool news;

	if (said->ends != ends)
		*said = (struct expiry_said){.ends = ends};
	news = step > said->step;
	if (news)
		said->step = step;
	return news;
}

void expiry_sentence(char *text, size_t size, const char *what, uint64_t ends, uint64_t now)
{
	uint64_t apart = ends > now ? ends - now : now - ends;
	unsigned long long count = apart >= 2 * DAY ? apart / DAY : apart >= HOUR ? apart / HOUR : apart / 60;
	const char *unit = apart >= 2 * DAY ? "day" : apart >= HOUR ? "hour" : "minute";
	const char *plural = count == 1 ? "" : "s";
	time_t seconds = (time_t)ends;
	char at[32] = "?";
	struct tm broken;

	if (gmtime_r(&seconds, &broken))
		strftime(at, sizeof(at), "%Y-%m-%d %H:%M UTC", &broken);
	if (ends > now)
		snprintf(text, size, "%s ends in %llu %s%s, at %s", what, count, unit, plural, at);
	else
		snprintf(text, size, "%s ended %llu %s%s ago, at %s", what, count, unit, plural, at);
}
