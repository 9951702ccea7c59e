/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A directory for the files of one test program, gone again when it ends. */
#ifndef TESTS_UNIT_TEMPORARY_H
#define TESTS_UNIT_TEMPORARY_H

#include <stddef.h>

/* The directory, made at the first call below $TMPDIR or /tmp, and removed at exit() with all that is in it. */
const char *temporary_directory(void);

/* Path of `name` in it; one of 64 static buffers that take turns. */
const char *temporary_path(const char *name);

/* Writes a file there. */
void temporary_write(const char *name, const void *content, size_t size);

#endif
