/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is left to read of bytes from outside. Every take says whether there was enough, and takes nothing where there
 * was not. Pure, any thread.
 */
#ifndef PEERING_BYTE_READER_H
#define PEERING_BYTE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct byte_reader {
	const uint8_t *at;
	size_t left;
};

static inline bool take(struct byte_reader *reader, size_t size, struct byte_reader *part)
{
	if (size > reader->left)
		return false;
	part->at = reader->at;
	part->left = size;
	reader->at += size;
	reader->left -= size;
	return true;
}

static inline bool take_u8(struct byte_reader *reader, uint8_t *value)
{
	struct byte_reader part;

	if (!take(reader, 1, &part))
		return false;
	*value = part.at[0];
	return true;
}

static inline bool take_u16(struct byte_reader *reader, uint16_t *value)
{
	struct byte_reader part;

	if (!take(reader, 2, &part))
		return false;
	*value = (uint16_t)(part.at[0] << 8 | part.at[1]);
	return true;
}

static inline bool take_u32(struct byte_reader *reader, uint32_t *value)
{
	struct byte_reader part;

	if (!take(reader, 4, &part))
		return false;
	*value = (uint32_t)part.at[0] << 24 | (uint32_t)part.at[1] << 16 | (uint32_t)part.at[2] << 8 | part.at[3];
	return true;
}

/* A part whose size stands in front of it, in two bytes. */
static inline bool take_sized(struct byte_reader *reader, struct byte_reader *part)
{
	struct byte_reader rest = *reader;
	uint16_t size;

	if (!take_u16(&rest, &size) || !take(&rest, size, part))
		return false;
	*reader = rest;
	return true;
}

static inline void write_u16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

#endif
