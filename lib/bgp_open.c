// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/bgp_open.h"

#include "lib/byte_reader.h"

#define HEADER 19
#define HOLD_TIME_AND_IDENTIFIER 6
#define PARAMETERS_EXTENDED 255 /* RFC 9072: as a size and as a type, it says that sizes have two octets */
#define PARAMETER_CAPABILITIES 2
#define CAPABILITY_FOUR_OCTET_AS 65

static uint32_t four_octet_asn(struct byte_reader capabilities)
{
	uint8_t code, size;
	struct byte_reader value;
	uint32_t asn;

	while (take_u8(&capabilities, &code) && take_u8(&capabilities, &size) && take(&capabilities, size, &value))
		if (code == CAPABILITY_FOUR_OCTET_AS && take_u32(&value, &asn))
			return asn;
	return 0;
}

uint32_t bgp_open_asn(const uint8_t *message, size_t size)
{
	struct byte_reader open = {.at = message, .left = size}, passed, parameters, value;
	uint8_t version, one_octet, type;
	bool extended = false;
	uint16_t asn;

	if (!take(&open, HEADER, &passed) || !take_u8(&open, &version) || !take_u16(&open, &asn) ||
	    !take(&open, HOLD_TIME_AND_IDENTIFIER, &passed) || !take_u8(&open, &one_octet))
		return 0;
	if (one_octet == PARAMETERS_EXTENDED && open.left && open.at[0] == PARAMETERS_EXTENDED) {
		extended = true;
		if (!take_u8(&open, &type) || !take_sized(&open, &parameters))
			return asn;
	} else if (!take(&open, one_octet, &parameters)) {
		return asn;
	}
	while (take_u8(&parameters, &type)) {
		uint32_t wide;

		if (extended ? !take_sized(&parameters, &value)
			     : !take_u8(&parameters, &one_octet) || !take(&parameters, one_octet, &value))
			break;
		wide = type == PARAMETER_CAPABILITIES ? four_octet_asn(value) : 0;
		if (wide)
			return wide;
	}
	return asn;
}
