/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What peerctl prints for people, from the API's JSON. What is missing in it is "-".
 */
#ifndef PEERING_CONTROLLER_PEERCTL_SHOW_H
#define PEERING_CONTROLLER_PEERCTL_SHOW_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "controller/cli/peerctl_table.h"

void show_routers(json_object *routers);
void show_connections(json_object *connections);
void show_connection(json_object *connection);
/* A push that was applied, or still waits. */
void show_push(json_object *push);

/* How long ago an RFC 3339 time of the controller's was. */
void show_age(const char *text, char age[AGE_SIZE]);
/* Columns, where a terminal does not say how many it has, and of tables that wrap where nobody reads along. */
#define WIDEST 132
/* Where rows are cut for who reads along; 0: nowhere. */
size_t show_width(void);

/* A member as text, "" where there is none; valid as long as the object. */
const char *member_text(json_object *object, const char *key);
/* A list, or NULL; its length is 0 then. */
json_object *member_list(json_object *object, const char *key);
size_t list_length(json_object *list);
/* Its texts with commas between them, as far as there is room. */
void join_list(json_object *list, char *text, size_t size);

#endif
