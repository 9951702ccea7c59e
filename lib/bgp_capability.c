// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/bgp_capability.h"

#include "lib/byte_reader.h"

#define HEADER 19
#define CODE_MULTIPROTOCOL 1 /* RFC 4760: AFI, a reserved byte, SAFI */
#define ACTION_SET 0
#define AFI_NONE 0xffff

size_t bgp_capability_hide_families(uint8_t *message, size_t size, bgp_capability_family tell, void *context)
{
	struct byte_reader list = {.at = message, .left = size}, header;
	size_t count = 0;

	if (!take(&list, HEADER, &header))
		return 0;
	for (;;) {
		uint8_t action, code, length;
		struct byte_reader value;

		if (!take_u8(&list, &action) || !take_u8(&list, &code) || !take_u8(&list, &length) ||
		    !take(&list, length, &value))
			return count;
		if (code != CODE_MULTIPROTOCOL || length < 4)
			continue;
		count++;
		tell((uint16_t)(value.at[0] << 8 | value.at[1]), value.at[3], action == ACTION_SET, context);
		write_u16(message + (value.at - message), AFI_NONE);
	}
}
