/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The variable LD_PRELOAD, as ld.so reads it: files separated by spaces and colons. No FRR in it.
 */
#ifndef PEERING_PRELOAD_H
#define PEERING_PRELOAD_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Writes `value` without the entries that name `file` (by path, or as another path of the same file) to `out`, which
 * has room for strlen(value) + 1 bytes. The other entries keep their order. Returns whether any are left.
 */
bool preload_without(const char *value, const char *file, char *out);

/*
 * Takes `file` out of this process's LD_PRELOAD, so that its children do not load it; unsets the variable where nothing
 * is left. Where memory is short it unsets it as well. Before threads are started.
 */
void preload_forget(const char *file);

#endif
