/* SPDX-License-Identifier: GPL-2.0-or-later */
/* peerctl: the JSON files that people write. */
#ifndef PEERING_CONTROLLER_PEERCTL_FILE_H
#define PEERING_CONTROLLER_PEERCTL_FILE_H

#include <json-c/json.h>

/* Reads one value; "-" is standard input. NULL with a sentence on standard error that names file and line; else the caller's. */
json_object *file_read_json(const char *path);

#endif
