/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Optical power, read from the memory of a pluggable module: SFP (SFF-8472), QSFP (SFF-8636) and CMIS.
 *
 * Pure, any thread. The caller reads pages of 128 bytes from the module in the order that optics_next() asks for, and
 * hands over each. A page that is shorter than its figures is not believed.
 */
#ifndef PEERING_OPTICS_H
#define PEERING_OPTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTICS_PAGE 128
#define OPTICS_LANES_MAX 8

struct optics {
	bool known;	 /* `lanes` of figures below */
	unsigned int lanes;
	uint32_t rx_power[OPTICS_LANES_MAX], tx_power[OPTICS_LANES_MAX]; /* in 0.1 microwatts; 0: no light, or not told */
};

/* One page to read: what ETHTOOL_MSG_MODULE_EEPROM_GET takes. */
struct optics_page {
	uint8_t i2c_address, page, offset;
};

enum optics_step { OPTICS_READ = 0, OPTICS_DONE };

/* Begin with all zero. */
struct optics_reader {
	unsigned int pages; /* read so far */
	uint8_t sort;	    /* of module, its SFF-8024 identifier */
	struct optics result;
};

/* The page to read next. OPTICS_DONE: `result` says what there is. */
enum optics_step optics_next(const struct optics_reader *reader, struct optics_page *page);
/* Hands over what was read of that page; 0 bytes where the driver gives nothing. */
void optics_take(struct optics_reader *reader, const uint8_t *bytes, size_t size);

/* In hundredths of dBm; INT32_MIN for no light. */
int32_t optics_centi_dbm(uint32_t tenth_microwatts);

#endif
