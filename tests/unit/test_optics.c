// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/optics.h"

/* Goes through a module whose pages are given; returns how many were asked for. */
static unsigned int read_module(struct optics_reader *reader, uint8_t pages[][OPTICS_PAGE], unsigned int count, size_t size,
				struct optics_page *last)
{
	struct optics_page page;
	unsigned int asked = 0;

	*reader = (struct optics_reader){0};
	while (optics_next(reader, &page) == OPTICS_READ) {
		assert_true(asked < 4);
		if (asked < count)
			optics_take(reader, pages[asked], size);
		else
			optics_take(reader, NULL, 0);
		*last = page;
		asked++;
	}
	return asked;
}

static void put(uint8_t *at, unsigned int value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void an_sfp(void **state)
{
	uint8_t pages[2][OPTICS_PAGE] = {{0x03}};
	struct optics_reader reader;
	struct optics_page last;

	pages[0][92] = 0x60; /* diagnostics, calibrated */
	put(pages[1] + 102, 5623); /* -2.50 dBm */
	put(pages[1] + 104, 100);  /* -20.00 dBm */
	assert_int_equal(read_module(&reader, pages, 2, OPTICS_PAGE, &last), 2);
	assert_int_equal(last.i2c_address, 0x51);
	assert_true(reader.result.known);
	assert_int_equal(reader.result.lanes, 1);
	assert_int_equal(optics_centi_dbm(reader.result.tx_power[0]), -250);
	assert_int_equal(optics_centi_dbm(reader.result.rx_power[0]), -2000);

	/* A page that does not come, or comes short. */
	assert_int_equal(read_module(&reader, pages, 1, OPTICS_PAGE, &last), 2);
	assert_false(reader.result.known);
	/* Copper, or to be calibrated by who reads. */
	pages[0][92] = 0;
	assert_int_equal(read_module(&reader, pages, 2, OPTICS_PAGE, &last), 1);
	assert_false(reader.result.known);
	pages[0][92] = 0x50;
	assert_int_equal(read_module(&reader, pages, 2, OPTICS_PAGE, &last), 1);
	assert_false(reader.result.known);
}

static void a_qsfp(void **state)
{
	const uint8_t sorts[] = {0x0c, 0x0d, 0x11};
	uint8_t pages[1][OPTICS_PAGE] = {{0}};
	struct optics_reader reader;
	struct optics_page last;

	for (unsigned int lane = 0; lane < 4; lane++) {
		put(pages[0] + 34 + 2 * lane, 1000 * (lane + 1));
		put(pages[0] + 50 + 2 * lane, lane ? 10000 : 0);
	}
	for (size_t i = 0; i < sizeof(sorts); i++) {
		pages[0][0] = sorts[i];
		assert_int_equal(read_module(&reader, pages, 1, OPTICS_PAGE, &last), 1);
		assert_int_equal(last.i2c_address, 0x50);
		assert_true(reader.result.known);
		assert_int_equal(reader.result.lanes, 4);
		assert_int_equal(reader.result.rx_power[3], 4000);
		assert_int_equal(optics_centi_dbm(reader.result.tx_power[1]), 0);
		assert_int_equal(optics_centi_dbm(reader.result.tx_power[0]), INT32_MIN);
	}
	assert_int_equal(read_module(&reader, pages, 1, OPTICS_PAGE - 1, &last), 1);
	assert_false(reader.result.known);
}

static void a_cmis_module(void **state)
{
	uint8_t pages[2][OPTICS_PAGE] = {{0x18}};
	struct optics_reader reader;
	struct optics_page last;

	for (unsigned int lane = 0; lane < 8; lane++) {
		put(pages[1] + 154 - 128 + 2 * lane, 20000 + lane);
		put(pages[1] + 186 - 128 + 2 * lane, 30000 + lane);
	}
	assert_int_equal(read_module(&reader, pages, 2, OPTICS_PAGE, &last), 2);
	assert_int_equal(last.page, 0x11);
	assert_int_equal(last.offset, 128);
	assert_int_equal(reader.result.lanes, 8);
	assert_int_equal(reader.result.tx_power[7], 20007);
	assert_int_equal(reader.result.rx_power[0], 30000);
	/* A cable of copper has one page alone. */
	pages[0][2] = 0x80;
	assert_int_equal(read_module(&reader, pages, 2, OPTICS_PAGE, &last), 1);
	assert_false(reader.result.known);
}

static void no_module(void **state)
{
	uint8_t pages[1][OPTICS_PAGE] = {{0xff}};
	struct optics_reader reader;
	struct optics_page last;

	assert_int_equal(read_module(&reader, pages, 0, 0, &last), 1);
	assert_false(reader.result.known);
	assert_int_equal(read_module(&reader, pages, 1, OPTICS_PAGE, &last), 1);
	assert_false(reader.result.known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_sfp),
		cmocka_unit_test(a_qsfp),
		cmocka_unit_test(a_cmis_module),
		cmocka_unit_test(no_module),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
