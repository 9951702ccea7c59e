// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes from the network through frame_unpack(), as a stream of frames. What unpacks must pack again into
 * a frame that unpacks to the same. For libFuzzer, or with fuzz_main.c for afl++ and `make check`.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/frame.h"
#include "tests/fuzz/fuzz.h"

static void require(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_frame: %s\n", what);
	abort();
}

static void pack_again(const Peering__Envelope *envelope)
{
	Peering__Envelope *second = NULL;
	uint8_t *frame, *frame_of_second;
	size_t size, size_of_second, used;
	enum frame_error error = frame_pack(envelope, &frame, &size);

	/* Fields may take more room than they came in, and an envelope without a body has no frame. */
	if (error != FRAME_OK) {
		require(error == FRAME_TOO_LONG, "an envelope that was read cannot be packed");
		return;
	}
	/*
	 * One that needs more memory in this spelling is not read. Nor is one with a field number of 0, which protobuf-c
	 * takes for an unknown field where it is spelled in two bytes, and writes in one, which it refuses. Nothing sends
	 * on what it has received.
	 */
	error = frame_unpack(frame, size, &second, &used);
	require(error == FRAME_OK || error == FRAME_TOO_LONG || error == FRAME_GARBAGE, "a packed frame is not whole");
	if (error == FRAME_OK) {
		require(used == size, "a packed frame is longer than it says");
		require(second->body_case == envelope->body_case, "packing has changed the body");
		require(frame_pack(second, &frame_of_second, &size_of_second) == FRAME_OK, "the second packing fails");
		require(size == size_of_second && memcmp(frame, frame_of_second, size) == 0, "two packings differ");
		free(frame_of_second);
		peering__envelope__free_unpacked(second, NULL);
	}
	free(frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t at = 0;

	while (at < size) {
		Peering__Envelope *envelope = NULL;
		size_t used = 0;
		enum frame_error error = frame_unpack(data + at, size - at, &envelope, &used);

		require(strlen(frame_error_text(error)) > 0, "an error has no text");
		if (error == FRAME_INCOMPLETE) {
			require(used > size - at, "incomplete, although all that is needed is there");
			require(used <= FRAME_HEADER_BYTES + FRAME_MAX_BYTES, "more is asked for than the cap");
		}
		if (error != FRAME_OK) {
			require(!envelope, "an error with an envelope");
			break;
		}
		require(used > FRAME_HEADER_BYTES && used <= size - at, "the frame ends behind the data");
		pack_again(envelope);
		peering__envelope__free_unpacked(envelope, NULL);
		at += used;
	}
	return 0;
}
