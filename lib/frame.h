/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames on the wire: a big-endian u32 length, then that many bytes of one protobuf Envelope.
 *
 * Pure: no socket, no clock. Used by the router's link and by the controller. Any thread; an object belongs to one.
 */
#ifndef PEERING_FRAME_H
#define PEERING_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/peering.pb-c.h"

#define FRAME_HEADER_BYTES 4
/* The cap that is checked before anything is allocated. */
#define FRAME_MAX_BYTES (1024u * 1024u)
/* What an envelope may take in memory: a frame of 1 MiB can be made to grow to a hundred times that. */
#define FRAME_MAX_UNPACKED_BYTES (16u * 1024u * 1024u)

enum frame_error {
	FRAME_OK = 0,
	FRAME_INCOMPLETE, /* more bytes are needed; not an error of the peer */
	FRAME_TOO_LONG,   /* the length says more than FRAME_MAX_BYTES, or 0; or it unpacks to too much */
	FRAME_GARBAGE,    /* the bytes are not an Envelope */
	FRAME_NO_MEMORY,
};

/* One sentence for each error, static. */
const char *frame_error_text(enum frame_error error);

/*
 * Packs an envelope into a frame. Sets *frame (malloc, the caller frees it) and *size. FRAME_TOO_LONG and
 * FRAME_NO_MEMORY leave both untouched.
 */
enum frame_error frame_pack(const Peering__Envelope *envelope, uint8_t **frame, size_t *size);

/*
 * Reads the first frame of `bytes`. On FRAME_OK *envelope is the caller's, to be freed with
 * peering__envelope__free_unpacked(), and *used says how many bytes the frame took. On FRAME_INCOMPLETE *used is the
 * number of bytes that the whole frame needs, as far as it is known (FRAME_HEADER_BYTES while the header is not
 * complete). Any other result means that the stream cannot go on.
 */
enum frame_error frame_unpack(const uint8_t *bytes, size_t size, Peering__Envelope **envelope, size_t *used);

/* The same; on FRAME_OK *memory says what the envelope takes until it is freed. */
enum frame_error frame_unpack_measured(const uint8_t *bytes, size_t size, Peering__Envelope **envelope, size_t *used,
				       size_t *memory);

#endif
