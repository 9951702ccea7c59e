// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "lib/utf8.h"

char *text_clean(const char *raw, size_t max)
{
	const char *from = raw ? raw : "";
	size_t size = strnlen(from, max);
	char *clean = malloc(size + 1);
	size_t used = 0;

	if (!clean)
		return NULL;
	while (*from != '\0') {
		size_t length = utf8_character(from);

		if (used + (length ? length : 1) > size)
			break;
		if (length == 0) {
			clean[used++] = '?';
			/* One for the whole of a character that is unwanted or cut. */
			for (from++; (*from & 0xc0) == 0x80; from++)
				continue;
			continue;
		}
		memcpy(clean + used, from, length);
		used += length;
		from += length;
	}
	clean[used] = '\0';
	return clean;
}

void text_time(int64_t milliseconds, char text[TEXT_TIME_SIZE])
{
	time_t seconds = (time_t)(milliseconds / 1000);
	struct tm utc;
	char day[24];

	text[0] = '\0';
	if (milliseconds < 0 || !gmtime_r(&seconds, &utc) || utc.tm_year > 9999 - 1900)
		return;
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text, TEXT_TIME_SIZE, "%s.%03dZ", day, (int)(milliseconds % 1000));
}

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_milliseconds(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t clock_steady_milliseconds(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_steady_microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

bool random_id(char id[TEXT_ID_SIZE])
{
	unsigned char bytes[(TEXT_ID_SIZE - 1) / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return false;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(id + 2 * i, 3, "%02x", bytes[i]);
	return true;
}
