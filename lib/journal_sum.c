// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/journal_sum.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char key[] = ",\"sum\":\"";
#define KEY_LENGTH (sizeof(key) - 1)
#define DIGITS 8
/* The brace at the end is the line's own. */
_Static_assert(JOURNAL_SUM_SIZE == sizeof(key) - 1 + DIGITS + 1, "key, digits and a quotation mark");

/* The polynomial of Ethernet, bits reversed; four bits at a time. */
static uint32_t crc32(const char *bytes, size_t size)
{
	uint32_t table[16], crc = UINT32_MAX;

	for (uint32_t i = 0; i < 16; i++) {
		table[i] = i;
		for (int bit = 0; bit < 4; bit++)
			table[i] = (table[i] >> 1) ^ (table[i] & 1 ? 0xedb88320u : 0);
	}
	for (size_t i = 0; i < size; i++) {
		crc ^= (unsigned char)bytes[i];
		crc = (crc >> 4) ^ table[crc & 15];
		crc = (crc >> 4) ^ table[crc & 15];
	}
	return ~crc;
}

static void digits_of(uint32_t sum, char digits[DIGITS + 1])
{
	snprintf(digits, DIGITS + 1, "%08x", sum);
}

void journal_sum_add(char *line)
{
	size_t size = strlen(line) - 2;
	char digits[DIGITS + 1];

	digits_of(crc32(line, size), digits);
	memcpy(line + size, key, KEY_LENGTH);
	memcpy(line + size + KEY_LENGTH, digits, DIGITS);
	memcpy(line + size + KEY_LENGTH + DIGITS, "\"}\n", 4);
}

enum journal_sum journal_sum_look(const char *line, size_t length)
{
	size_t size = length - JOURNAL_SUM_SIZE - 1;
	char digits[DIGITS + 1];

	if (length <= JOURNAL_SUM_SIZE || memcmp(line + size, key, KEY_LENGTH) != 0 ||
	    memcmp(line + length - 2, "\"}", 2) != 0)
		return JOURNAL_SUM_NONE;
	digits_of(crc32(line, size), digits);
	return memcmp(line + size + KEY_LENGTH, digits, DIGITS) == 0 ? JOURNAL_SUM_RIGHT : JOURNAL_SUM_WRONG;
}
