// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/frame.h"

#include <malloc.h>
#include <stdlib.h>

/*
 * Counts what an unpacking takes: empty repeated messages of two bytes each grow to a hundred times their size, and an
 * empty string takes a block of the allocator as any other does.
 */
struct budget {
	size_t left;
	enum frame_error failure; /* why nothing was given, FRAME_OK where all was */
};

/* With the allocator's own word in front of it. */
static size_t block_size(void *memory)
{
	return malloc_usable_size(memory) + sizeof(size_t);
}

static void *budget_alloc(void *data, size_t size)
{
	struct budget *budget = data;
	void *memory;

	if (size > budget->left) {
		budget->failure = FRAME_TOO_LONG;
		return NULL;
	}
	/* Plain malloc, so that the caller frees an envelope without a budget. */
	memory = malloc(size);
	if (!memory)
		budget->failure = FRAME_NO_MEMORY;
	else if (block_size(memory) > budget->left)
		budget->left = 0;
	else
		budget->left -= block_size(memory);
	return memory;
}

static void budget_free(void *data, void *pointer)
{
	struct budget *budget = data;

	if (!pointer)
		return;
	budget->left += block_size(pointer);
	free(pointer);
}

const char *frame_error_text(enum frame_error error)
{
	switch (error) {
	case FRAME_OK:
		return "the frame is good";
	case FRAME_INCOMPLETE:
		return "the frame is not complete yet";
	case FRAME_TOO_LONG:
		return "the frame is empty, longer than 1 MiB, or takes more than 16 MiB to unpack";
	case FRAME_GARBAGE:
		return "the frame holds no message of the peering protocol";
	case FRAME_NO_MEMORY:
		return "memory is short";
	}
	return "unknown error";
}

enum frame_error frame_pack(const Peering__Envelope *envelope, uint8_t **frame, size_t *size)
{
	size_t length = peering__envelope__get_packed_size(envelope);
	uint8_t *bytes;

	if (length == 0 || length > FRAME_MAX_BYTES)
		return FRAME_TOO_LONG;
	bytes = malloc(FRAME_HEADER_BYTES + length);
	if (!bytes)
		return FRAME_NO_MEMORY;
	bytes[0] = (uint8_t)(length >> 24);
	bytes[1] = (uint8_t)(length >> 16);
	bytes[2] = (uint8_t)(length >> 8);
	bytes[3] = (uint8_t)length;
	peering__envelope__pack(envelope, bytes + FRAME_HEADER_BYTES);
	*frame = bytes;
	*size = FRAME_HEADER_BYTES + length;
	return FRAME_OK;
}

enum frame_error frame_unpack_measured(const uint8_t *bytes, size_t size, Peering__Envelope **envelope, size_t *used,
				       size_t *memory)
{
	struct budget budget = {.left = FRAME_MAX_UNPACKED_BYTES, .failure = FRAME_OK};
	ProtobufCAllocator allocator = {.alloc = budget_alloc, .free = budget_free, .allocator_data = &budget};
	Peering__Envelope *unpacked;
	size_t length;

	if (size < FRAME_HEADER_BYTES) {
		*used = FRAME_HEADER_BYTES;
		return FRAME_INCOMPLETE;
	}
	length = (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];
	if (length == 0 || length > FRAME_MAX_BYTES)
		return FRAME_TOO_LONG;
	if (size - FRAME_HEADER_BYTES < length) {
		*used = FRAME_HEADER_BYTES + length;
		return FRAME_INCOMPLETE;
	}
	unpacked = peering__envelope__unpack(&allocator, length, bytes + FRAME_HEADER_BYTES);
	if (!unpacked)
		return budget.failure != FRAME_OK ? budget.failure : FRAME_GARBAGE;
	*envelope = unpacked;
	*used = FRAME_HEADER_BYTES + length;
	*memory = FRAME_MAX_UNPACKED_BYTES - budget.left;
	return FRAME_OK;
}

enum frame_error frame_unpack(const uint8_t *bytes, size_t size, Peering__Envelope **envelope, size_t *used)
{
	size_t memory;

	return frame_unpack_measured(bytes, size, envelope, used, &memory);
}
