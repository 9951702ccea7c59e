// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The wire stays what it is: frames that were written once, against what the C side packs and reads today. The same
 * files are read by another decoder in tests/topology/test_golden.py.
 *
 * With GOLDEN_WRITE in the environment the files are written anew; only for a message that is new.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/frame.h"
#include "tests/unit/golden_frames.h"

#define FRAME_MOST 4096
#define LINE_BYTES 32

static void path_of(const char *name, char *path, size_t size)
{
	assert_true(snprintf(path, size, "%s/%s.hex", GOLDEN_FOLDER, name) < (int)size);
}

static size_t read_golden(const char *name, uint8_t *bytes)
{
	char path[1024];
	FILE *file;
	size_t size = 0;
	unsigned int byte;

	path_of(name, path, sizeof(path));
	file = fopen(path, "r");
	if (!file)
		fail_msg("%s is missing", path);
	while (fscanf(file, "%2x", &byte) == 1) {
		assert_true(size < FRAME_MOST);
		bytes[size++] = (uint8_t)byte;
	}
	assert_true(feof(file));
	fclose(file);
	return size;
}

static void write_golden(const char *name, const uint8_t *bytes, size_t size)
{
	char path[1024];
	FILE *file;

	path_of(name, path, sizeof(path));
	file = fopen(path, "w");
	assert_non_null(file);
	for (size_t i = 0; i < size; i++)
		fprintf(file, "%02x%s", bytes[i], i + 1 == size || (i + 1) % LINE_BYTES == 0 ? "\n" : "");
	assert_int_equal(fclose(file), 0);
}

static void what_is_packed_is_golden(void **state)
{
	size_t count;
	const struct golden_frame *frames = golden_frames(&count);

	for (size_t i = 0; i < count; i++) {
		uint8_t golden[FRAME_MOST], *packed = NULL;
		size_t golden_size, size = 0;

		assert_int_equal(frame_pack(frames[i].envelope, &packed, &size), FRAME_OK);
		if (getenv("GOLDEN_WRITE"))
			write_golden(frames[i].name, packed, size);
		golden_size = read_golden(frames[i].name, golden);
		if (size != golden_size || memcmp(packed, golden, size) != 0)
			fail_msg("%s is packed otherwise than tests/golden/%s.hex", frames[i].name, frames[i].name);
		free(packed);
	}
}

static void golden_frames_are_read(void **state)
{
	size_t count;
	const struct golden_frame *frames = golden_frames(&count);

	for (size_t i = 0; i < count; i++) {
		uint8_t golden[FRAME_MOST], *again = NULL;
		size_t size = read_golden(frames[i].name, golden), used = 0, again_size = 0;
		Peering__Envelope *envelope = NULL;

		assert_int_equal(frame_unpack(golden, size, &envelope, &used), FRAME_OK);
		assert_int_equal(used, size);
		assert_int_equal(envelope->body_case, frames[i].envelope->body_case);
		assert_int_equal(frame_pack(envelope, &again, &again_size), FRAME_OK);
		assert_int_equal(again_size, size);
		assert_memory_equal(again, golden, size);
		free(again);
		peering__envelope__free_unpacked(envelope, NULL);
	}
}

/* Every kind of message of the protocol has its frame. */
static void no_message_is_forgotten(void **state)
{
	size_t count;
	const struct golden_frame *frames = golden_frames(&count);

	assert_int_equal(count, peering__envelope__descriptor.n_fields);
	for (unsigned int i = 0; i < peering__envelope__descriptor.n_fields; i++)
		assert_string_equal(frames[i].name, peering__envelope__descriptor.fields[i].name);
}

/* tests/golden/newer.hex: a Transition with fields 1000 and 1001, which this version does not know. */
static void newer_fields_are_passed_over(void **state)
{
	uint8_t golden[FRAME_MOST];
	size_t size = read_golden("newer", golden), used = 0;
	Peering__Envelope *envelope = NULL;

	assert_int_equal(frame_unpack(golden, size, &envelope, &used), FRAME_OK);
	assert_int_equal(envelope->body_case, PEERING__ENVELOPE__BODY_TRANSITION);
	assert_int_equal(envelope->transition->sequence, 18);
	assert_string_equal(envelope->transition->to, "Hibernating");
	assert_int_equal(envelope->transition->base.n_unknown_fields, 2);
	peering__envelope__free_unpacked(envelope, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_packed_is_golden),
		cmocka_unit_test(golden_frames_are_read),
		cmocka_unit_test(no_message_is_forgotten),
		cmocka_unit_test(newer_fields_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
