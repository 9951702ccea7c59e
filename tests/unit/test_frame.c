// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "lib/frame.h"

/* A Push whose id is `size` letters. The frame's packed length is a little more. */
static Peering__Envelope *push_of(Peering__Envelope *envelope, Peering__Push *push, char *id)
{
	*envelope = (Peering__Envelope)PEERING__ENVELOPE__INIT;
	*push = (Peering__Push)PEERING__PUSH__INIT;
	push->id = id;
	envelope->body_case = PEERING__ENVELOPE__BODY_PUSH;
	envelope->push = push;
	return envelope;
}

static void packs_and_unpacks(void **state)
{
	Peering__Envelope envelope, *read = NULL;
	Peering__Push push;
	uint8_t *frame = NULL;
	size_t size = 0, used = 0;

	assert_int_equal(frame_pack(push_of(&envelope, &push, "change-7"), &frame, &size), FRAME_OK);
	/* the header is big-endian and does not count itself */
	assert_int_equal(frame[0], 0);
	assert_int_equal(frame[1], 0);
	assert_int_equal(frame[2] << 8 | frame[3], size - FRAME_HEADER_BYTES);
	assert_int_equal(frame_unpack(frame, size, &read, &used), FRAME_OK);
	assert_int_equal(used, size);
	assert_int_equal(read->body_case, PEERING__ENVELOPE__BODY_PUSH);
	assert_string_equal(read->push->id, "change-7");
	peering__envelope__free_unpacked(read, NULL);
	free(frame);
}

static void takes_the_first_of_two(void **state)
{
	Peering__Envelope envelope, *read = NULL;
	Peering__Push push;
	uint8_t *first, *second, *both;
	size_t first_size, second_size, used = 0;

	assert_int_equal(frame_pack(push_of(&envelope, &push, "first"), &first, &first_size), FRAME_OK);
	assert_int_equal(frame_pack(push_of(&envelope, &push, "second one"), &second, &second_size), FRAME_OK);
	both = malloc(first_size + second_size);
	assert_non_null(both);
	memcpy(both, first, first_size);
	memcpy(both + first_size, second, second_size);

	assert_int_equal(frame_unpack(both, first_size + second_size, &read, &used), FRAME_OK);
	assert_int_equal(used, first_size);
	assert_string_equal(read->push->id, "first");
	peering__envelope__free_unpacked(read, NULL);
	assert_int_equal(frame_unpack(both + used, second_size, &read, &used), FRAME_OK);
	assert_int_equal(used, second_size);
	assert_string_equal(read->push->id, "second one");
	peering__envelope__free_unpacked(read, NULL);
	free(both);
	free(first);
	free(second);
}

/* Each cut of a frame is incomplete, and says how much the whole needs; each copy is exactly as long as the cut. */
static void every_cut_is_incomplete(void **state)
{
	Peering__Envelope envelope, *read = NULL;
	Peering__Push push;
	uint8_t *frame;
	size_t size;

	assert_int_equal(frame_pack(push_of(&envelope, &push, "a push of some length"), &frame, &size), FRAME_OK);
	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *bytes = malloc(cut ? cut : 1);
		size_t used = 0;

		assert_non_null(bytes);
		memcpy(bytes, frame, cut);
		assert_int_equal(frame_unpack(bytes, cut, &read, &used), FRAME_INCOMPLETE);
		assert_int_equal(used, cut < FRAME_HEADER_BYTES ? FRAME_HEADER_BYTES : size);
		free(bytes);
	}
	assert_null(read);
	free(frame);
}

static void length_is_judged_before_the_body_is_there(void **state)
{
	const uint8_t empty[] = {0, 0, 0, 0};
	const uint8_t at_most[] = {0, 0x10, 0, 0};
	const uint8_t too_long[] = {0, 0x10, 0, 1};
	const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff};
	Peering__Envelope *read = NULL;
	size_t used = 0;

	assert_int_equal(frame_unpack(empty, 4, &read, &used), FRAME_TOO_LONG);
	assert_int_equal(frame_unpack(at_most, 4, &read, &used), FRAME_INCOMPLETE);
	assert_int_equal(used, FRAME_HEADER_BYTES + FRAME_MAX_BYTES);
	assert_int_equal(frame_unpack(too_long, 4, &read, &used), FRAME_TOO_LONG);
	assert_int_equal(frame_unpack(huge, 4, &read, &used), FRAME_TOO_LONG);
	assert_null(read);
}

/* The largest envelope that fits, and one byte more. */
static void packs_up_to_the_cap(void **state)
{
	char *id = malloc(FRAME_MAX_BYTES + 1);
	Peering__Envelope envelope, *read = NULL;
	Peering__Push push;
	uint8_t *frame = NULL;
	size_t size = 0, used = 0, over;

	assert_non_null(id);
	memset(id, 'x', FRAME_MAX_BYTES);
	id[FRAME_MAX_BYTES] = '\0';
	over = peering__envelope__get_packed_size(push_of(&envelope, &push, id)) - FRAME_MAX_BYTES;

	id[FRAME_MAX_BYTES - over] = '\0';
	assert_int_equal(frame_pack(&envelope, &frame, &size), FRAME_OK);
	assert_int_equal(size, FRAME_HEADER_BYTES + FRAME_MAX_BYTES);
	assert_int_equal(frame_unpack(frame, size, &read, &used), FRAME_OK);
	assert_int_equal(strlen(read->push->id), FRAME_MAX_BYTES - over);
	peering__envelope__free_unpacked(read, NULL);
	free(frame);

	frame = NULL;
	size = 0;
	id[FRAME_MAX_BYTES - over] = 'x';
	id[FRAME_MAX_BYTES - over + 1] = '\0';
	assert_int_equal(frame_pack(&envelope, &frame, &size), FRAME_TOO_LONG);
	assert_null(frame);
	assert_int_equal(size, 0);
	free(id);
}

static void an_empty_envelope_is_no_frame(void **state)
{
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	uint8_t *frame = NULL;
	size_t size = 0;

	assert_int_equal(frame_pack(&envelope, &frame, &size), FRAME_TOO_LONG);
	assert_null(frame);
}

static void garbage_is_told(void **state)
{
	const uint8_t wrong_type[] = {0, 0, 0, 2, 0x0b, 0x00}; /* a group, which proto3 has not */
	const uint8_t short_string[] = {0, 0, 0, 4, 0x32, 0x02, 0x0a, 0x7f}; /* push { id longer than the frame } */
	const uint8_t http[] = {0, 0, 0, 8, 'G', 'E', 'T', ' ', '/', ' ', 'H', 'T'};
	Peering__Envelope *read = NULL;
	size_t used = 0;

	assert_int_equal(frame_unpack(wrong_type, sizeof(wrong_type), &read, &used), FRAME_GARBAGE);
	assert_int_equal(frame_unpack(short_string, sizeof(short_string), &read, &used), FRAME_GARBAGE);
	assert_int_equal(frame_unpack(http, sizeof(http), &read, &used), FRAME_GARBAGE);
	assert_null(read);
}

/* A body of a later version of the protocol is a good frame with no body that is known here. */
static void an_unknown_body_is_no_garbage(void **state)
{
	const uint8_t later[] = {0, 0, 0, 4, 0xfa, 0x07, 0x01, 'x'}; /* field 127 */
	Peering__Envelope *read = NULL;
	size_t used = 0;

	assert_int_equal(frame_unpack(later, sizeof(later), &read, &used), FRAME_OK);
	assert_int_equal(read->body_case, PEERING__ENVELOPE__BODY__NOT_SET);
	peering__envelope__free_unpacked(read, NULL);
}

/* Half a million empty connections of two bytes each would be a hundred megabytes of structures. */
static void a_frame_that_grows_too_much_is_refused(void **state)
{
	size_t size = FRAME_HEADER_BYTES + FRAME_MAX_BYTES;
	size_t inner = FRAME_MAX_BYTES - 4; /* behind the tag and the length of the snapshot */
	uint8_t *frame = malloc(size);
	Peering__Envelope *read = NULL;
	size_t used = 0;

	assert_non_null(frame);
	memcpy(frame, (const uint8_t[]){0, 0x10, 0, 0, 0x1a, 0xfc, 0xff, 0x3f}, 8);
	for (size_t i = 0; i < inner; i += 2) {
		frame[8 + i] = 0x12;
		frame[9 + i] = 0x00;
	}
	assert_int_equal(frame_unpack(frame, size, &read, &used), FRAME_TOO_LONG);
	assert_null(read);

	/* The same with a few is a snapshot. */
	memcpy(frame, (const uint8_t[]){0, 0, 0, 10, 0x1a, 8}, 6);
	memcpy(frame + 6, (const uint8_t[]){0x12, 0, 0x12, 0, 0x12, 0, 0x12, 0}, 8);
	assert_int_equal(frame_unpack(frame, 14, &read, &used), FRAME_OK);
	assert_int_equal(read->snapshot->n_connections, 4);
	peering__envelope__free_unpacked(read, NULL);
	free(frame);
}

/* What an envelope takes is what its freeing gives back: strings of no letters, and structures, count as they are. */
static void an_envelope_is_measured(void **state)
{
	enum { CONNECTIONS = 20000, FLAGS = 20000 };
	size_t inner = 2 * CONNECTIONS, size = 8 + inner, used = 0, memory = 0, few = 0;
	uint8_t *frame = malloc(size);
	Peering__Envelope *read = NULL;

	assert_non_null(frame);
	/* A snapshot of empty connections. */
	memcpy(frame, (const uint8_t[]){0, 0, (inner + 4) >> 8 & 0xff, (inner + 4) & 0xff, 0x1a}, 5);
	memcpy(frame + 5, (const uint8_t[]){(inner & 0x7f) | 0x80, (inner >> 7 & 0x7f) | 0x80, inner >> 14}, 3);
	for (size_t i = 0; i < inner; i += 2)
		memcpy(frame + 8 + i, (const uint8_t[]){0x12, 0}, 2);
	assert_int_equal(frame_unpack_measured(frame, size, &read, &used, &memory), FRAME_OK);
	assert_int_equal(read->snapshot->n_connections, CONNECTIONS);
	assert_true(memory > CONNECTIONS * (sizeof(Peering__ConnectionStatus) + sizeof(void *)));
	assert_true(memory < CONNECTIONS * (sizeof(Peering__ConnectionStatus) + sizeof(void *)) * 3 / 2);
	peering__envelope__free_unpacked(read, NULL);

	/* One connection with as many flags of no letters. */
	inner = 2 * FLAGS;
	memcpy(frame, (const uint8_t[]){0, 0, (inner + 8) >> 8 & 0xff, (inner + 8) & 0xff, 0x1a}, 5);
	memcpy(frame + 5, (const uint8_t[]){((inner + 4) & 0x7f) | 0x80, ((inner + 4) >> 7 & 0x7f) | 0x80, (inner + 4) >> 14},
	       3);
	frame = realloc(frame, size + 4);
	assert_non_null(frame);
	memcpy(frame + 8, (const uint8_t[]){0x12, (inner & 0x7f) | 0x80, (inner >> 7 & 0x7f) | 0x80, inner >> 14}, 4);
	for (size_t i = 0; i < inner; i += 2)
		memcpy(frame + 12 + i, (const uint8_t[]){0x42, 0}, 2);
	assert_int_equal(frame_unpack_measured(frame, size + 4, &read, &used, &memory), FRAME_OK);
	assert_int_equal(read->snapshot->connections[0]->n_flags, FLAGS);
	assert_true(memory > FLAGS * (malloc_usable_size(read->snapshot->connections[0]->flags[0]) + sizeof(void *)));
	peering__envelope__free_unpacked(read, NULL);

	memcpy(frame, (const uint8_t[]){0, 0, 0, 2, 0x1a, 0}, 6);
	assert_int_equal(frame_unpack_measured(frame, 6, &read, &used, &few), FRAME_OK);
	assert_true(few < 1000);
	peering__envelope__free_unpacked(read, NULL);
	free(frame);
}

static void each_error_has_its_sentence(void **state)
{
	for (int error = FRAME_OK; error <= FRAME_NO_MEMORY; error++) {
		assert_true(strlen(frame_error_text(error)) > 10);
		for (int other = FRAME_OK; other < error; other++)
			assert_string_not_equal(frame_error_text(error), frame_error_text(other));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packs_and_unpacks),
		cmocka_unit_test(takes_the_first_of_two),
		cmocka_unit_test(every_cut_is_incomplete),
		cmocka_unit_test(length_is_judged_before_the_body_is_there),
		cmocka_unit_test(packs_up_to_the_cap),
		cmocka_unit_test(an_empty_envelope_is_no_frame),
		cmocka_unit_test(garbage_is_told),
		cmocka_unit_test(an_unknown_body_is_no_garbage),
		cmocka_unit_test(a_frame_that_grows_too_much_is_refused),
		cmocka_unit_test(an_envelope_is_measured),
		cmocka_unit_test(each_error_has_its_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
