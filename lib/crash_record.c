// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/crash_record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void crash_record_read(struct crash_record *record, const char *text)
{
	int used = 0;
	int64_t at;
	int running;

	*record = (struct crash_record){0};
	if (sscanf(text, "boot %39s running %d crashes%n", record->boot_id, &running, &used) != 2 || !used ||
	    (running != 0 && running != 1)) {
		*record = (struct crash_record){0};
		return;
	}
	record->running = running;
	for (text += used; record->count < CRASHES_MAX && sscanf(text, " %" SCNd64 "%n", &at, &used) == 1; text += used)
		record->crashes[record->count++] = at;
}

void crash_record_write(const struct crash_record *record, char text[CRASH_RECORD_TEXT_MAX])
{
	int length = snprintf(text, CRASH_RECORD_TEXT_MAX, "boot %s running %d crashes", record->boot_id, record->running);

	for (size_t i = 0; i < record->count; i++)
		length += snprintf(text + length, CRASH_RECORD_TEXT_MAX - (size_t)length, " %" PRId64, record->crashes[i]);
	snprintf(text + length, CRASH_RECORD_TEXT_MAX - (size_t)length, "\n");
}

static void drop_first(struct crash_record *record)
{
	memmove(record->crashes, record->crashes + 1, --record->count * sizeof(record->crashes[0]));
}

bool crash_record_start(struct crash_record *record, const char *boot_id, int64_t now)
{
	if (strcmp(record->boot_id, boot_id) != 0) {
		*record = (struct crash_record){0};
		snprintf(record->boot_id, sizeof(record->boot_id), "%s", boot_id);
	}
	while (record->count && (record->crashes[0] > now || now - record->crashes[0] > CRASH_WINDOW))
		drop_first(record);
	if (record->running) {
		if (record->count == CRASHES_MAX)
			drop_first(record);
		record->crashes[record->count++] = now;
		record->running = 0;
	}
	return record->count >= CRASHES_MAX;
}
