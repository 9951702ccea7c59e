// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/api/token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define ID_BYTES ((TOKEN_ID_SIZE - 1) / 2)
#define SECRET_BYTES 32

static const char hex_digits[] = "0123456789abcdef";

static void to_hex(const unsigned char *bytes, size_t count, char *text)
{
	for (size_t i = 0; i < count; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

bool token_hash(char hash[TOKEN_HASH_SIZE], const char *piece, ...)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
	va_list more;

	va_start(more, piece);
	/* Each with its NUL, so that no two lists are the same text. */
	for (; good && piece; piece = va_arg(more, const char *))
		good = EVP_DigestUpdate(context, piece, strlen(piece) + 1) == 1;
	va_end(more);
	good = good && EVP_DigestFinal_ex(context, digest, NULL) == 1;
	EVP_MD_CTX_free(context);
	if (good)
		to_hex(digest, 32, hash);
	return good;
}

bool token_draw(char text[TOKEN_TEXT_SIZE], struct token_parts *parts)
{
	unsigned char bytes[ID_BYTES + SECRET_BYTES];
	char secret[2 * SECRET_BYTES + 1];
	bool good = getrandom(bytes, sizeof(bytes), 0) == (ssize_t)sizeof(bytes);

	if (good) {
		to_hex(bytes, ID_BYTES, parts->id);
		to_hex(bytes + ID_BYTES, SECRET_BYTES, secret);
		snprintf(text, TOKEN_TEXT_SIZE, TOKEN_PREFIX "%s_%s", parts->id, secret);
		good = token_hash(parts->hash, secret, NULL);
	}
	OPENSSL_cleanse(bytes, sizeof(bytes));
	OPENSSL_cleanse(secret, sizeof(secret));
	return good;
}

bool token_read(const char *text, struct token_parts *parts)
{
	const char *id = text + sizeof(TOKEN_PREFIX) - 1;
	const char *secret = id + TOKEN_ID_SIZE;

	if (strlen(text) != TOKEN_TEXT_SIZE - 1 || strncmp(text, TOKEN_PREFIX, sizeof(TOKEN_PREFIX) - 1) != 0 ||
	    strspn(id, hex_digits) != TOKEN_ID_SIZE - 1 || secret[-1] != '_' ||
	    strspn(secret, hex_digits) != 2 * SECRET_BYTES)
		return false;
	memcpy(parts->id, id, TOKEN_ID_SIZE - 1);
	parts->id[TOKEN_ID_SIZE - 1] = '\0';
	return token_hash(parts->hash, secret, NULL);
}

bool token_hashes_equal(const char *one, const char *other)
{
	return strlen(one) == TOKEN_HASH_SIZE - 1 && strlen(other) == TOKEN_HASH_SIZE - 1 &&
	       CRYPTO_memcmp(one, other, TOKEN_HASH_SIZE - 1) == 0;
}

bool token_name_is_good(const char *name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-@";
	size_t length = strlen(name);

	return length > 0 && length <= TOKEN_NAME_MAX && strspn(name, allowed) == length;
}
