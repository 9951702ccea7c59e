/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of journal_line.h have of each other. Those that add write into the object of a line, or of a part of it;
 * those that decode are false where a field is missing or out of range.
 */
#ifndef PEERING_JOURNAL_LINE_PRIVATE_H
#define PEERING_JOURNAL_LINE_PRIVATE_H

#include "bgpd-peering/journal/journal_line.h"

#include <json-c/json.h>

extern const char *const journal_timer_keys[TIMER_COUNT];

json_object *journal_connection_json(const struct journal_record *record);
bool journal_decode_connection(json_object *object, struct journal_record *record);

void journal_add_timers(json_object *object, const struct journal_record *record);
bool journal_decode_timers(json_object *object, struct journal_record *record);
void journal_add_check_levels(json_object *object, const struct journal_record *record);
bool journal_decode_check_levels(json_object *connection, struct journal_record *record);
bool journal_decode_profile_name(json_object *object, struct journal_record *record);

bool journal_decode_declaration(json_object *object, struct journal_record *record);

#endif
