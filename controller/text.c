// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* Bytes of the character that begins at `bytes`, 0 where it is not valid UTF-8 or is a control character. */
static size_t character_length(const unsigned char *bytes)
{
	size_t length;
	uint32_t code;

	if (bytes[0] < 0x80)
		return bytes[0] >= 0x20 && bytes[0] != 0x7f;
	if (bytes[0] >= 0xc2 && bytes[0] <= 0xdf) {
		length = 2;
		code = bytes[0] & 0x1f;
	} else if (bytes[0] >= 0xe0 && bytes[0] <= 0xef) {
		length = 3;
		code = bytes[0] & 0x0f;
	} else if (bytes[0] >= 0xf0 && bytes[0] <= 0xf4) {
		length = 4;
		code = bytes[0] & 0x07;
	} else {
		return 0;
	}
	for (size_t i = 1; i < length; i++) {
		/* A NUL is no continuation byte: never reads past the end. */
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (bytes[i] & 0x3f);
	}
	if (code < 0xa0) /* C1 controls */
		return 0;
	if ((length == 3 && code < 0x800) || (length == 4 && (code < 0x10000 || code > 0x10ffff)))
		return 0;
	if (code >= 0xd800 && code <= 0xdfff)
		return 0;
	/* Line and paragraph separators, and what turns the direction of writing in a terminal. */
	if (code == 0x2028 || code == 0x2029 || (code >= 0x202a && code <= 0x202e) ||
	    (code >= 0x2066 && code <= 0x2069))
		return 0;
	return length;
}

char *text_clean(const char *raw, size_t max)
{
	const unsigned char *from = (const unsigned char *)(raw ? raw : "");
	size_t size = strnlen((const char *)from, max);
	char *clean = malloc(size + 1);
	size_t used = 0;

	if (!clean)
		return NULL;
	while (*from != '\0') {
		size_t length = character_length(from);

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

bool text_is_clean(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	while (*at != '\0') {
		size_t length = character_length(at);

		if (length == 0)
			return false;
		at += length;
	}
	return true;
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

bool random_id(char id[TEXT_ID_SIZE])
{
	unsigned char bytes[(TEXT_ID_SIZE - 1) / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return false;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(id + 2 * i, 3, "%02x", bytes[i]);
	return true;
}
