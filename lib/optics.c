// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/optics.h"

#include <math.h>

enum {
	/* SFF-8024 identifiers */
	SORT_SFP = 0x03,
	SORT_QSFP = 0x0c,
	SORT_QSFP_PLUS = 0x0d,
	SORT_QSFP28 = 0x11,
	SORT_QSFP_DD = 0x18,
	SORT_OSFP = 0x19,
	SORT_QSFP_CMIS = 0x1e,

	ADDRESS_MODULE = 0x50,
	ADDRESS_DIAGNOSTICS = 0x51, /* of an SFP */

	/* SFF-8472: in the first page whether there are diagnostics, and whether they are calibrated; the figures. */
	SFP_MONITORING = 92,
	SFP_HAS_MONITORING = 0x40,
	SFP_IS_CALIBRATED = 0x20,
	SFP_TX_POWER = 102,
	SFP_RX_POWER = 104,

	/* SFF-8636: in the lower page. */
	QSFP_LANES = 4,
	QSFP_RX_POWER = 34,
	QSFP_TX_POWER = 50,

	/* CMIS: in page 11h, which is the upper half; the memory is flat in modules without it. */
	CMIS_FLAT = 2,
	CMIS_IS_FLAT = 0x80,
	CMIS_LANE_PAGE = 0x11,
	CMIS_LANES = 8,
	CMIS_TX_POWER = 154 - OPTICS_PAGE,
	CMIS_RX_POWER = 186 - OPTICS_PAGE,
};

static bool is_qsfp(uint8_t sort)
{
	return sort == SORT_QSFP || sort == SORT_QSFP_PLUS || sort == SORT_QSFP28;
}

static bool is_cmis(uint8_t sort)
{
	return sort == SORT_QSFP_DD || sort == SORT_OSFP || sort == SORT_QSFP_CMIS;
}

enum optics_step optics_next(const struct optics_reader *reader, struct optics_page *page)
{
	*page = (struct optics_page){.i2c_address = ADDRESS_MODULE};
	if (reader->pages == 0)
		return OPTICS_READ;
	if (reader->pages > 1 || reader->result.known)
		return OPTICS_DONE;
	if (reader->sort == SORT_SFP) {
		page->i2c_address = ADDRESS_DIAGNOSTICS;
		return OPTICS_READ;
	}
	if (is_cmis(reader->sort)) {
		page->page = CMIS_LANE_PAGE;
		page->offset = OPTICS_PAGE;
		return OPTICS_READ;
	}
	return OPTICS_DONE;
}

static void take_powers(struct optics *result, const uint8_t *bytes, unsigned int lanes, size_t rx, size_t tx)
{
	result->known = true;
	result->lanes = lanes;
	for (unsigned int lane = 0; lane < lanes; lane++) {
		result->rx_power[lane] = (uint32_t)(bytes[rx + 2 * lane] << 8 | bytes[rx + 2 * lane + 1]);
		result->tx_power[lane] = (uint32_t)(bytes[tx + 2 * lane] << 8 | bytes[tx + 2 * lane + 1]);
	}
}

static void take_first(struct optics_reader *reader, const uint8_t *bytes)
{
	uint8_t sort = bytes[0];

	if (is_qsfp(sort)) {
		take_powers(&reader->result, bytes, QSFP_LANES, QSFP_RX_POWER, QSFP_TX_POWER);
	} else if (sort == SORT_SFP) {
		/* Figures that the reader would have to calibrate are left out. */
		if ((bytes[SFP_MONITORING] & SFP_HAS_MONITORING) && (bytes[SFP_MONITORING] & SFP_IS_CALIBRATED))
			reader->sort = sort;
	} else if (is_cmis(sort) && !(bytes[CMIS_FLAT] & CMIS_IS_FLAT)) {
		reader->sort = sort;
	}
}

void optics_take(struct optics_reader *reader, const uint8_t *bytes, size_t size)
{
	unsigned int page = reader->pages++;

	if (size < OPTICS_PAGE)
		return;
	if (page == 0)
		take_first(reader, bytes);
	else if (reader->sort == SORT_SFP)
		take_powers(&reader->result, bytes, 1, SFP_RX_POWER, SFP_TX_POWER);
	else
		take_powers(&reader->result, bytes, CMIS_LANES, CMIS_RX_POWER, CMIS_TX_POWER);
}

int32_t optics_centi_dbm(uint32_t tenth_microwatts)
{
	/* 0 dBm is one milliwatt. */
	return tenth_microwatts ? (int32_t)lround(1000.0 * log10(tenth_microwatts / 10000.0)) : INT32_MIN;
}
