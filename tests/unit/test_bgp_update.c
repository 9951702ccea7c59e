// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bgp_update.h"

/* What a walk visited, as text: "+192.0.2.0/24 -2001:db8::/32#7 ". */
struct seen {
	char text[1024];
	bool add_path;
	struct bgp_update_summary summary;
};

static void visit(const struct bgp_update_prefix *prefix, void *context)
{
	struct seen *seen = context;
	char address[INET6_ADDRSTRLEN];
	size_t used = strlen(seen->text);

	assert_int_equal(prefix->safi, BGP_UPDATE_SAFI_UNICAST);
	assert_non_null(inet_ntop(prefix->afi == BGP_UPDATE_AFI_IPV4 ? AF_INET : AF_INET6, prefix->address, address,
				  sizeof(address)));
	used += (size_t)snprintf(seen->text + used, sizeof(seen->text) - used, "%c%s/%u", prefix->announced ? '+' : '-',
				 address, prefix->length);
	if (prefix->path_id)
		used += (size_t)snprintf(seen->text + used, sizeof(seen->text) - used, "#%u", prefix->path_id);
	snprintf(seen->text + used, sizeof(seen->text) - used, " ");
}

static bool add_path(uint16_t afi, uint8_t safi, void *context)
{
	return ((struct seen *)context)->add_path;
}

/* Walks a copy that is exactly as long, so that a read behind its end is seen by valgrind and the sanitizers. */
static enum bgp_update_error walk(const uint8_t *body, size_t size, struct seen *seen)
{
	uint8_t *copy = malloc(size ? size : 1);
	enum bgp_update_error error;

	assert_non_null(copy);
	memcpy(copy, body, size);
	error = bgp_update_walk(copy, size, add_path, visit, seen, &seen->summary);
	free(copy);
	return error;
}

struct bytes {
	uint8_t at[512];
	size_t size;
};

static void put(struct bytes *bytes, const void *from, size_t size)
{
	assert_true(bytes->size + size <= sizeof(bytes->at));
	memcpy(bytes->at + bytes->size, from, size);
	bytes->size += size;
}

#define PUT(bytes, ...) put(bytes, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void put_sized(struct bytes *bytes, const struct bytes *part)
{
	PUT(bytes, (uint8_t)(part->size >> 8), (uint8_t)part->size);
	put(bytes, part->at, part->size);
}

static void put_attribute(struct bytes *attributes, uint8_t type, const struct bytes *value)
{
	PUT(attributes, 0x80, type, (uint8_t)value->size);
	put(attributes, value->at, value->size);
}

static struct bytes message(const struct bytes *withdrawn, const struct bytes *attributes, const struct bytes *nlri)
{
	struct bytes body = {.size = 0};

	put_sized(&body, withdrawn);
	put_sized(&body, attributes);
	put(&body, nlri->at, nlri->size);
	return body;
}

static const struct bytes nothing;
static const struct bytes origin = {{0x40, 1, 1, 0}, 4};

/* A message with two prefixes in each of the four places that hold some. */
static struct bytes full_message(void)
{
	struct bytes withdrawn = {.size = 0}, attributes = origin, nlri = {.size = 0};
	struct bytes unreach = {.size = 0}, reach = {.size = 0};

	PUT(&withdrawn, 24, 192, 0, 2, 16, 10, 1);
	PUT(&nlri, 24, 198, 51, 100, 0, 32, 203, 0, 113, 1);
	PUT(&unreach, 0, 2, 1, 32, 0x20, 0x01, 0x0d, 0xb9, 0);
	PUT(&reach, 0, 2, 1, 16, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0);
	PUT(&reach, 32, 0x20, 0x01, 0x0d, 0xb8, 128, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9);
	put_attribute(&attributes, 15, &unreach); /* before the other, so that the order is the walk's own */
	put_attribute(&attributes, 14, &reach);
	return message(&withdrawn, &attributes, &nlri);
}

static void visits_all_in_the_order_of_bgpd(void **state)
{
	struct seen seen = {0};
	struct bytes body = full_message();

	assert_int_equal(walk(body.at, body.size, &seen), BGP_UPDATE_OK);
	assert_string_equal(seen.text, "+198.51.100.0/24 +0.0.0.0/0 +203.0.113.1/32 -192.0.2.0/24 -10.1.0.0/16 "
				       "+2001:db8::/32 +2001:db8::9/128 -2001:db9::/32 -::/0 ");
}

/* Without add-path nobody has to be asked. */
static void no_add_path_function_is_needed(void **state)
{
	struct seen seen = {0};
	struct bytes body = full_message();

	assert_int_equal(bgp_update_walk(body.at, body.size, NULL, visit, &seen, &seen.summary),
			 BGP_UPDATE_OK);
	assert_non_null(strstr(seen.text, "+203.0.113.1/32 -192.0.2.0/24"));
}

static void add_path_has_an_identifier_each(void **state)
{
	struct seen seen = {.add_path = true};
	struct bytes withdrawn = {.size = 0}, nlri = {.size = 0}, body;

	PUT(&withdrawn, 0, 0, 0, 7, 24, 192, 0, 2);
	PUT(&nlri, 0, 1, 0, 0, 24, 198, 51, 100, 0, 0, 0, 2, 0);
	body = message(&withdrawn, &origin, &nlri);
	assert_int_equal(walk(body.at, body.size, &seen), BGP_UPDATE_OK);
	assert_string_equal(seen.text, "+198.51.100.0/24#65536 +0.0.0.0/0#2 -192.0.2.0/24#7 ");

	/* an identifier with nothing behind it */
	memset(&seen, 0, sizeof(seen));
	seen.add_path = true;
	PUT(&nlri, 0, 0, 0, 3);
	body = message(&nothing, &origin, &nlri);
	assert_int_equal(walk(body.at, body.size, &seen), BGP_UPDATE_TRUNCATED);

	/* half an identifier is no prefix */
	memset(&seen, 0, sizeof(seen));
	seen.add_path = true;
	nlri.size = 0;
	PUT(&nlri, 0, 0);
	body = message(&nothing, &origin, &nlri);
	assert_int_equal(walk(body.at, body.size, &seen), BGP_UPDATE_TRUNCATED);
	assert_string_equal(seen.text, "");
}

static void bits_behind_the_length_are_cleared(void **state)
{
	struct seen seen = {0};
	struct bytes nlri = {.size = 0}, body;

	PUT(&nlri, 25, 192, 0, 2, 0xff, 4, 0xff, 0, 9, 0xff, 0xff);
	body = message(&nothing, &origin, &nlri);
	assert_int_equal(walk(body.at, body.size, &seen), BGP_UPDATE_OK);
	assert_string_equal(seen.text, "+192.0.2.128/25 +240.0.0.0/4 +0.0.0.0/0 +255.128.0.0/9 ");
}

static void prefixes_that_are_too_long(void **state)
{
	struct seen seen = {0};
	struct bytes nlri = {.size = 0}, reach = {.size = 0}, attributes = {.size = 0}, body;

	PUT(&nlri, 8, 10, 33, 1, 2, 3, 4, 5);
	body = message(&nothing, &origin, &nlri);
	assert_int_equal(walk(body.at, body.size, &seen), BGP_UPDATE_BAD_PREFIX);
	assert_string_equal(seen.text, "+10.0.0.0/8 ");

	memset(&seen, 0, sizeof(seen));
	PUT(&reach, 0, 2, 1, 0, 0, 129, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17);
	put_attribute(&attributes, 14, &reach);
	body = message(&nothing, &attributes, &nothing);
	assert_int_equal(walk(body.at, body.size, &seen), BGP_UPDATE_BAD_PREFIX);
	assert_string_equal(seen.text, "");
}

/* VPNv4, multicast and an AFI of its own: passed over, whatever stands in them, and no End-of-RIB either. */
static void other_families_are_passed_over(void **state)
{
	static const uint8_t families[][3] = {{0, 1, 128}, {0, 1, 2}, {0, 25, 70}, {0x40, 4, 71}};

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		struct seen seen = {0};
		struct bytes reach = {.size = 0}, unreach = {.size = 0}, attributes = {.size = 0}, nlri = {.size = 0}, body;

		put(&reach, families[i], 3);
		PUT(&reach, 4, 192, 0, 2, 1, 0, 0xff, 0xff, 0xff);
		put(&unreach, families[i], 3);
		PUT(&unreach, 0xff);
		put_attribute(&attributes, 14, &reach);
		put_attribute(&attributes, 15, &unreach);
		body = message(&nothing, &attributes, &nothing);
		assert_int_equal(walk(body.at, body.size, &seen), BGP_UPDATE_OK);
		assert_string_equal(seen.text, "");

		PUT(&nlri, 8, 10);
		body = message(&nothing, &attributes, &nlri);
		assert_int_equal(walk(body.at, body.size, &seen), BGP_UPDATE_OK);
		assert_string_equal(seen.text, "+10.0.0.0/8 ");
	}
}

/* RFC 8950: ipv4 prefixes with an IPv6 next hop travel in MP_REACH_NLRI. */
static void ipv4_in_mp_reach(void **state)
{
	struct seen seen = {0};
	struct bytes reach = {.size = 0}, attributes = {.size = 0}, body;

	PUT(&reach, 0, 1, 1, 16, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 24, 192, 0, 2);
	/* with a length of two bytes, as long attributes have it */
	PUT(&attributes, 0x90, 14);
	put_sized(&attributes, &reach);
	body = message(&nothing, &attributes, &nothing);
	assert_int_equal(walk(body.at, body.size, &seen), BGP_UPDATE_OK);
	assert_string_equal(seen.text, "+192.0.2.0/24 ");
}

static void end_of_rib_markers(void **state)
{
	static const uint8_t families[][3] = {{0, 2, 1}, {0, 1, 1}, {0, 1, 128}};
	struct seen seen = {0};
	struct bytes body = message(&nothing, &nothing, &nothing);

	assert_int_equal(walk(body.at, body.size, &seen), BGP_UPDATE_END_OF_RIB);
	assert_int_equal(seen.summary.end_of_rib_afi, BGP_UPDATE_AFI_IPV4);
	assert_int_equal(seen.summary.end_of_rib_safi, BGP_UPDATE_SAFI_UNICAST);

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		struct bytes unreach = {.size = 0}, attributes = {.size = 0};

		memset(&seen, 0, sizeof(seen));
		put(&unreach, families[i], 3);
		put_attribute(&attributes, 15, &unreach);
		body = message(&nothing, &attributes, &nothing);
		assert_int_equal(walk(body.at, body.size, &seen), BGP_UPDATE_END_OF_RIB);
		assert_int_equal(seen.summary.end_of_rib_afi, families[i][1]);
		assert_int_equal(seen.summary.end_of_rib_safi, families[i][2]);
	}
	assert_string_equal(seen.text, "");
}

/* Withdrawn prefixes, an empty MP_UNREACH beside any prefix, and attributes without prefixes mark nothing. */
static void what_is_no_end_of_rib(void **state)
{
	struct bytes unreach = {.size = 0}, reach = {.size = 0}, attributes = {.size = 0}, both = {.size = 0};
	struct bytes prefix = {.size = 0}, body;
	struct seen seen = {0};

	PUT(&unreach, 0, 2, 1);
	PUT(&reach, 0, 2, 1, 0, 0);
	PUT(&prefix, 8, 10);
	put_attribute(&attributes, 15, &unreach);
	put_attribute(&both, 15, &unreach);
	put_attribute(&both, 14, &reach);

	body = message(&prefix, &attributes, &nothing);
	assert_int_equal(walk(body.at, body.size, &seen), BGP_UPDATE_OK);
	body = message(&nothing, &attributes, &prefix);
	assert_int_equal(walk(body.at, body.size, &seen), BGP_UPDATE_OK);
	body = message(&nothing, &both, &nothing);
	assert_int_equal(walk(body.at, body.size, &seen), BGP_UPDATE_OK);
	body = message(&nothing, &origin, &nothing);
	assert_int_equal(walk(body.at, body.size, &seen), BGP_UPDATE_OK);
	for (uint8_t safi = 1; safi <= 128; safi += 127) { /* visited, and not visited */
		unreach.size = attributes.size = 0;
		PUT(&unreach, 0, 2, safi, 16, 0x20, 1);
		put_attribute(&attributes, 15, &unreach);
		body = message(&nothing, &attributes, &nothing);
		assert_int_equal(walk(body.at, body.size, &seen), BGP_UPDATE_OK);
	}
	assert_int_equal(seen.summary.end_of_rib_afi, 0);
}

/* Cut anywhere but between two prefixes of the NLRI field, the message is truncated. */
static void every_cut_is_judged(void **state)
{
	struct bytes body = full_message();

	for (size_t cut = 0; cut < body.size; cut++) {
		struct seen seen = {0};
		bool between = cut == body.size - 10 || cut == body.size - 6 || cut == body.size - 5;
		enum bgp_update_error error = walk(body.at, cut, &seen);

		if (between)
			assert_int_equal(error, BGP_UPDATE_OK);
		else
			assert_int_equal(error, BGP_UPDATE_TRUNCATED);
	}
}

/* Lengths inside that point past their own part, although the message goes on behind it. */
static void lengths_stay_within_their_part(void **state)
{
	struct seen seen = {0};
	struct bytes withdrawn = {.size = 0}, attributes = {.size = 0}, reach = {.size = 0}, nlri = {.size = 0}, body;

	PUT(&nlri, 24, 192, 0, 2);
	PUT(&withdrawn, 24, 10, 1); /* its last byte would be the attributes' length */
	body = message(&withdrawn, &origin, &nlri);
	assert_int_equal(walk(body.at, body.size, &seen), BGP_UPDATE_TRUNCATED);

	PUT(&attributes, 0x80, 15, 9, 0, 2, 1); /* nine bytes, of which three are attributes */
	body = message(&nothing, &attributes, &nlri);
	assert_int_equal(walk(body.at, body.size, &seen), BGP_UPDATE_TRUNCATED);

	attributes.size = 0;
	PUT(&reach, 0, 2, 1, 200, 1, 2, 3, 4); /* a next hop of 200 bytes */
	put_attribute(&attributes, 14, &reach);
	body = message(&nothing, &attributes, &nlri);
	assert_int_equal(walk(body.at, body.size, &seen), BGP_UPDATE_TRUNCATED);

	attributes.size = 0;
	PUT(&attributes, 0x90, 15, 0); /* a length of two bytes, of which one is there */
	body = message(&nothing, &attributes, &nlri);
	assert_int_equal(walk(body.at, body.size, &seen), BGP_UPDATE_TRUNCATED);

	attributes.size = 0;
	PUT(&attributes, 0x80, 15, 2, 0, 2); /* a family without SAFI */
	body = message(&nothing, &attributes, &nlri);
	assert_int_equal(walk(body.at, body.size, &seen), BGP_UPDATE_TRUNCATED);
}

/* ---- picking out ---- */

static struct bytes with_header(const struct bytes *body)
{
	struct bytes whole = {.size = 0};
	size_t size = BGP_UPDATE_HEADER + body->size;

	for (int i = 0; i < 16; i++)
		PUT(&whole, 0xff);
	PUT(&whole, (uint8_t)(size >> 8), (uint8_t)size, 2);
	put(&whole, body->at, body->size);
	return whole;
}

static bool keep_odd_lengths(const struct bgp_update_prefix *prefix, void *context)
{
	assert_true(prefix->announced);
	return prefix->length % 16 != 0 || prefix->length == 32;
}

static bool keep_none(const struct bgp_update_prefix *prefix, void *context)
{
	return false;
}

static bool no_add_path(uint16_t afi, uint8_t safi, void *context)
{
	return false;
}

static bool all_add_path(uint16_t afi, uint8_t safi, void *context)
{
	return true;
}

static void picks_announcements_and_their_attributes(void **state)
{
	struct bytes body = full_message(), whole = with_header(&body);
	uint8_t out[sizeof(whole.at)];
	struct seen seen = {0};
	size_t size = bgp_update_filter(whole.at, whole.size, no_add_path, keep_odd_lengths, NULL, out);

	assert_true(size > 0 && size < whole.size);
	assert_int_equal(out[16] << 8 | out[17], size);
	assert_int_equal(walk(out + BGP_UPDATE_HEADER, size - BGP_UPDATE_HEADER, &seen), BGP_UPDATE_OK);
	assert_string_equal(seen.text, "+198.51.100.0/24 +203.0.113.1/32 +2001:db8::/32 ");
	/* ORIGIN is still the first attribute. */
	assert_memory_equal(out + BGP_UPDATE_HEADER + 4, origin.at, origin.size);
	assert_int_equal(bgp_update_filter(whole.at, whole.size, no_add_path, keep_none, NULL, out), 0);
}

static void picks_under_path_identifiers(void **state)
{
	struct bytes nlri = {.size = 0}, body, whole;
	uint8_t out[sizeof(whole.at)];
	struct seen seen = {.add_path = true};
	size_t size;

	PUT(&nlri, 0, 0, 0, 5, 24, 192, 0, 2, 0, 0, 0, 6, 16, 10, 1, 0, 0, 0, 7, 0);
	body = message(&nothing, &origin, &nlri);
	whole = with_header(&body);
	size = bgp_update_filter(whole.at, whole.size, all_add_path, keep_odd_lengths, NULL, out);
	assert_int_equal(walk(out + BGP_UPDATE_HEADER, size - BGP_UPDATE_HEADER, &seen), BGP_UPDATE_OK);
	assert_string_equal(seen.text, "+192.0.2.0/24#5 ");
}

/* VPN routes, both ways, stay byte for byte; those beside them go. */
static void leaves_other_families_as_they_are(void **state)
{
	struct bytes attributes = origin, nlri = {.size = 0}, reach = {.size = 0}, unreach = {.size = 0}, body, whole;
	uint8_t out[sizeof(whole.at)];
	struct seen seen = {0};
	size_t size;

	PUT(&reach, 0, 1, 128, 4, 192, 0, 2, 1, 0, 112, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1, 192, 0, 2);
	PUT(&unreach, 0, 1, 128, 112, 0x80, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 10, 0, 0);
	put_attribute(&attributes, 14, &reach);
	put_attribute(&attributes, 15, &unreach);
	PUT(&nlri, 16, 10, 1);
	body = message(&nothing, &attributes, &nlri);
	whole = with_header(&body);
	size = bgp_update_filter(whole.at, whole.size, no_add_path, keep_none, NULL, out);
	assert_int_equal(size, whole.size - nlri.size);
	assert_memory_equal(out + BGP_UPDATE_HEADER, whole.at + BGP_UPDATE_HEADER, size - BGP_UPDATE_HEADER);
	assert_int_equal(walk(out + BGP_UPDATE_HEADER, size - BGP_UPDATE_HEADER, &seen), BGP_UPDATE_OK);
	assert_string_equal(seen.text, "");
	assert_true(seen.summary.other_families);
}

static void picks_nothing_out_of_what_breaks_off(void **state)
{
	struct bytes body = full_message(), whole = with_header(&body);
	uint8_t out[sizeof(whole.at)];

	for (size_t size = 0; size < whole.size; size++) {
		uint8_t *copy = malloc(size ? size : 1);

		assert_non_null(copy);
		memcpy(copy, whole.at, size);
		/* Cut in the NLRI field, between two prefixes, it is another message, and a good one. */
		if (bgp_update_filter(copy, size, no_add_path, keep_odd_lengths, NULL, out))
			assert_true(size >= whole.size - 10);
		free(copy);
	}
}

/* ---- taking away ---- */

static const struct bgp_update_sender sender = {.asn = 4200000001, .four_octet_as = true, .unknown_type = 255};

/* The attributes as text: "1:00 2:0201fa56ea01 ", a long value by its size. */
static void attributes_text(const uint8_t *body, char *text, size_t size)
{
	const uint8_t *at = body + 4 + (body[0] << 8 | body[1]), *end = at + (at[-2] << 8 | at[-1]);
	size_t used = 0;

	text[0] = '\0';
	while (at < end) {
		bool extended = at[0] & 0x10;
		size_t length = extended ? (size_t)(at[2] << 8 | at[3]) : at[2];
		const uint8_t *value = at + (extended ? 4 : 3);

		used += (size_t)snprintf(text + used, size - used, "%u:", at[1]);
		for (size_t i = 0; i < length && length <= 8; i++)
			used += (size_t)snprintf(text + used, size - used, "%02x", value[i]);
		if (length > 8)
			used += (size_t)snprintf(text + used, size - used, "%zu bytes", length);
		used += (size_t)snprintf(text + used, size - used, " ");
		at = value + length;
	}
	assert_ptr_equal(at, end);
}

static void takes_every_announcement_away(void **state)
{
	struct bytes body = full_message(), whole = with_header(&body);
	struct seen seen = {0};
	char text[256], expected[256];

	assert_true(bgp_update_announces(whole.at, whole.size));
	assert_true(bgp_update_neutralize(whole.at, whole.size, &sender));
	assert_false(bgp_update_announces(whole.at, whole.size));
	assert_int_equal(walk(whole.at + BGP_UPDATE_HEADER, whole.size - BGP_UPDATE_HEADER, &seen), BGP_UPDATE_OK);
	/* Only what it withdraws is left, and nothing of that is missing. */
	assert_null(strchr(seen.text, '+'));
	assert_string_equal(seen.text, "-192.0.2.0/24 -10.1.0.0/16 -2001:db9::/32 -::/0 ");
	assert_int_equal(seen.summary.end_of_rib_afi, 0);
	attributes_text(whole.at + BGP_UPDATE_HEADER, text, sizeof(text));
	/* What the two sizes, the withdrawals, the three attributes and its own head leave of the message. */
	snprintf(expected, sizeof(expected), "15:9 bytes 1:00 2:0201fa56ea01 3:c0000201 255:%zu bytes ",
		 body.size - 4 - 7 - 12 - 20 - 3);
	assert_string_equal(text, expected);
	/* Once more, and it is left alone. */
	assert_false(bgp_update_neutralize(whole.at, whole.size, &sender));
}

/* Withdrawals of any family stay, wherever they stand; an empty one does not become an End-of-RIB. */
static void leaves_withdrawals_beside_announcements(void **state)
{
	struct bytes attributes = origin, vpn = {.size = 0}, empty = {.size = 0}, reach = {.size = 0}, body, whole;
	struct seen seen = {0};
	char text[256];

	PUT(&reach, 0, 2, 1, 16, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0);
	PUT(&vpn, 0, 1, 128, 112, 0x80, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 10, 0, 0);
	PUT(&empty, 0, 2, 1);
	put_attribute(&attributes, 15, &empty);
	put_attribute(&attributes, 14, &reach);
	put_attribute(&attributes, 15, &vpn);
	body = message(&nothing, &attributes, &nothing);
	whole = with_header(&body);
	assert_true(bgp_update_neutralize(whole.at, whole.size, &sender));
	assert_false(bgp_update_announces(whole.at, whole.size));
	assert_int_equal(walk(whole.at + BGP_UPDATE_HEADER, whole.size - BGP_UPDATE_HEADER, &seen), BGP_UPDATE_OK);
	assert_true(seen.summary.other_families);
	attributes_text(whole.at + BGP_UPDATE_HEADER, text, sizeof(text));
	assert_string_equal(text, "15:18 bytes 1:00 2:0201fa56ea01 3:c0000201 255:12 bytes ");
	/* The empty one alone beside an announcement: nothing of it is left. */
	attributes = origin;
	put_attribute(&attributes, 15, &empty);
	put_attribute(&attributes, 14, &reach);
	body = message(&nothing, &attributes, &nothing);
	whole = with_header(&body);
	assert_true(bgp_update_neutralize(whole.at, whole.size, &sender));
	assert_int_equal(walk(whole.at + BGP_UPDATE_HEADER, whole.size - BGP_UPDATE_HEADER, &seen), BGP_UPDATE_OK);
}

/* Each size once, from one byte behind the header to one of an extended message, with NLRI to the end. */
static void takes_away_at_every_size(void **state)
{
	static uint8_t whole[BGP_UPDATE_MOST];
	static const bool flags[] = {false, true};

	for (size_t size = BGP_UPDATE_HEADER; size <= BGP_UPDATE_MOST; size += size < 700 ? 1 : 997) {
		for (int variant = 0; variant < 8; variant++) {
			struct bgp_update_sender from = {.asn = 64510, .four_octet_as = flags[variant & 1],
							 .confederation = flags[variant >> 1 & 1],
							 .add_path = flags[variant >> 2 & 1], .unknown_type = 254};
			struct seen seen = {.add_path = from.add_path};
			bool written;

			memset(whole, 0xff, 16);
			whole[16] = (uint8_t)(size >> 8);
			whole[17] = (uint8_t)size;
			whole[18] = 2;
			memset(whole + BGP_UPDATE_HEADER, 0, size - BGP_UPDATE_HEADER);
			written = bgp_update_neutralize(whole, size, &from);
			/* Nothing but End-of-RIB, or no room for a single prefix. */
			assert_int_equal(written, size > BGP_UPDATE_HEADER + 4 &&
							  (!from.add_path || size >= BGP_UPDATE_HEADER + 4 + 5));
			assert_int_equal(whole[16] << 8 | whole[17], size);
			if (!written)
				continue;
			assert_false(bgp_update_announces(whole, size));
			seen.text[0] = '\0';
			if (size < BGP_UPDATE_HEADER + 24 + 2)
				assert_int_equal(bgp_update_walk(whole + BGP_UPDATE_HEADER, size - BGP_UPDATE_HEADER,
								 add_path, visit, &seen, &seen.summary), BGP_UPDATE_OK);
			assert_null(strchr(seen.text, '+'));
		}
	}
}

static void leaves_what_announces_nothing(void **state)
{
	struct bytes empty = message(&nothing, &nothing, &nothing), end_of_rib = with_header(&empty), before = end_of_rib;
	struct bytes withdrawn = {.size = 0}, unreach = {.size = 0}, attributes = {.size = 0}, body, whole;

	assert_false(bgp_update_neutralize(end_of_rib.at, end_of_rib.size, &sender));
	assert_memory_equal(end_of_rib.at, before.at, before.size);
	PUT(&unreach, 0, 2, 1);
	put_attribute(&attributes, 15, &unreach);
	body = message(&nothing, &attributes, &nothing);
	whole = before = with_header(&body);
	assert_false(bgp_update_neutralize(whole.at, whole.size, &sender));
	assert_memory_equal(whole.at, before.at, before.size);
	PUT(&withdrawn, 24, 192, 0, 2);
	body = message(&withdrawn, &attributes, &nothing);
	whole = before = with_header(&body);
	assert_false(bgp_update_neutralize(whole.at, whole.size, &sender));
	assert_memory_equal(whole.at, before.at, before.size);
	/* Shorter than a header, or than its two sizes: nothing is touched, nothing is read behind the end. */
	assert_false(bgp_update_neutralize(whole.at, 5, &sender));
	assert_false(bgp_update_neutralize(whole.at, BGP_UPDATE_HEADER + 3, &sender));
}

/* Lengths that lie about what follows are taken for announcements. */
static void takes_away_what_cannot_be_read(void **state)
{
	struct bytes body = {.size = 0}, whole;

	PUT(&body, 0xff, 0xff, 0, 0);
	for (int i = 0; i < 40; i++)
		PUT(&body, 24);
	whole = with_header(&body);
	assert_true(bgp_update_neutralize(whole.at, whole.size, &sender));
	assert_false(bgp_update_announces(whole.at, whole.size));
	body.at[0] = body.at[1] = 0;
	body.at[3] = 30; /* attributes that break off */
	whole = with_header(&body);
	assert_true(bgp_update_neutralize(whole.at, whole.size, &sender));
	assert_false(bgp_update_announces(whole.at, whole.size));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(picks_announcements_and_their_attributes),
		cmocka_unit_test(picks_under_path_identifiers),
		cmocka_unit_test(leaves_other_families_as_they_are),
		cmocka_unit_test(picks_nothing_out_of_what_breaks_off),
		cmocka_unit_test(takes_every_announcement_away),
		cmocka_unit_test(leaves_withdrawals_beside_announcements),
		cmocka_unit_test(takes_away_at_every_size),
		cmocka_unit_test(leaves_what_announces_nothing),
		cmocka_unit_test(takes_away_what_cannot_be_read),
		cmocka_unit_test(visits_all_in_the_order_of_bgpd),
		cmocka_unit_test(no_add_path_function_is_needed),
		cmocka_unit_test(add_path_has_an_identifier_each),
		cmocka_unit_test(bits_behind_the_length_are_cleared),
		cmocka_unit_test(prefixes_that_are_too_long),
		cmocka_unit_test(other_families_are_passed_over),
		cmocka_unit_test(ipv4_in_mp_reach),
		cmocka_unit_test(end_of_rib_markers),
		cmocka_unit_test(what_is_no_end_of_rib),
		cmocka_unit_test(every_cut_is_judged),
		cmocka_unit_test(lengths_stay_within_their_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
