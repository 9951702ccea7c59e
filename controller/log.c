// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "controller/text.h"
#include "lib/utf8.h"

/* Longer values are cut: who floods us shall not flood the log as well. */
#define VALUE_MAX 1000

static bool gathering;

static bool is_plain(const char *value)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/@+-[]";
	size_t length = strlen(value);

	return length > 0 && length <= VALUE_MAX && strspn(value, plain) == length;
}

static void write_value(FILE *out, const char *value)
{
	if (is_plain(value)) {
		fputs(value, out);
		return;
	}
	putc('"', out);
	for (size_t i = 0; value[i] != '\0';) {
		unsigned char byte = (unsigned char)value[i];
		size_t length = utf8_character(value + i);

		if (i + (length ? length : 1) > VALUE_MAX) {
			fputs("...", out);
			break;
		}
		if (length == 0)
			fprintf(out, "\\x%02x", byte);
		else if (byte == '"' || byte == '\\')
			fprintf(out, "\\%c", byte);
		else
			fwrite(value + i, 1, length, out);
		i += length ? length : 1;
	}
	putc('"', out);
}

void log_event(enum log_level level, const char *event, ...)
{
	static const char *const level_names[] = {"info", "warning", "error"};
	char now[TEXT_TIME_SIZE];
	const char *key;
	va_list pairs;

	text_time(clock_milliseconds(), now);
	/* Standard error is not buffered by itself; a line in one write does not mix with another process's. */
	flockfile(stderr);
	fprintf(stderr, "time=%s level=%s event=%s", now, level_names[level], event);
	va_start(pairs, event);
	while ((key = va_arg(pairs, const char *)) != NULL) {
		const char *value = va_arg(pairs, const char *);

		if (!value)
			continue;
		fprintf(stderr, " %s=", key);
		write_value(stderr, value);
	}
	va_end(pairs);
	putc('\n', stderr);
	if (!gathering)
		fflush(stderr);
	funlockfile(stderr);
}

void log_gather(bool gather)
{
	gathering = gather;
	if (!gather)
		fflush(stderr);
}

const char *log_number(uint64_t number)
{
	static char texts[8][24];
	static unsigned int next;
	char *text = texts[next++ % 8];

	snprintf(text, sizeof(texts[0]), "%" PRIu64, number);
	return text;
}
