// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/utf8.h"

#include <stdint.h>
#include <string.h>

/* Line and paragraph separators, and what turns the direction of writing in a terminal. */
static bool is_unwanted(uint32_t code)
{
	return code == 0x2028 || code == 0x2029 || (code >= 0x202a && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069);
}

size_t utf8_character(const char *at)
{
	const unsigned char *bytes = (const unsigned char *)at;
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
	return is_unwanted(code) ? 0 : length;
}

bool utf8_is_clean(const char *text)
{
	while (*text != '\0') {
		size_t length = utf8_character(text);

		if (length == 0)
			return false;
		text += length;
	}
	return true;
}

void utf8_clean(char *text)
{
	while (*text != '\0') {
		size_t length = utf8_character(text);

		if (length == 0)
			*text = '?';
		text += length ? length : 1;
	}
}

bool utf8_copy(char *to, size_t size, const char *from)
{
	size_t length = strlen(from);
	bool fits = length < size;

	if (size == 0)
		return false;
	if (!fits) {
		length = size - 1;
		/* Back to the beginning of the character that would be cut; one has three bytes behind its first at most. */
		for (size_t back = 0; back < 4 && back <= length; back++) {
			if (((unsigned char)from[length - back] & 0xc0) != 0x80) {
				length -= back;
				break;
			}
		}
	}
	memcpy(to, from, length);
	to[length] = '\0';
	return fits;
}
