// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_SIZE 64
#define TAG_SIZE 16
#define PREFIX "sealed1:"

struct secret_key {
	unsigned char bytes[KEY_SIZE];
	EVP_CIPHER *cipher;
};

/* ---- the file ---- */

/* The folder, too: a key that a power failure takes away takes along what was sealed with it. */
static bool sync_folder(const char *path)
{
	char copy[PATH_MAX];
	int folder;
	bool good;

	snprintf(copy, sizeof(copy), "%s", path);
	folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	good = folder >= 0 && fsync(folder) == 0;
	if (folder >= 0)
		close(folder);
	return good;
}

static bool make_file(const char *path, unsigned char bytes[KEY_SIZE])
{
	char fresh[PATH_MAX];
	int file, why;
	bool good;

	if (snprintf(fresh, sizeof(fresh), "%s.new", path) >= (int)sizeof(fresh)) {
		errno = ENAMETOOLONG;
		return false;
	}
	if (RAND_priv_bytes(bytes, KEY_SIZE) != 1) {
		errno = EIO;
		return false;
	}
	(void)unlink(fresh);
	file = open(fresh, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	if (file < 0)
		return false;
	good = write(file, bytes, KEY_SIZE) == KEY_SIZE && fsync(file) == 0;
	why = errno;
	close(file);
	if (good && rename(fresh, path) == 0 && sync_folder(path))
		return true;
	if (!good)
		errno = why;
	(void)unlink(fresh);
	return false;
}

static bool read_file(int file, unsigned char bytes[KEY_SIZE], char *error, size_t error_size, const char *path)
{
	unsigned char more;
	struct stat about;

	if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode) || read(file, bytes, KEY_SIZE) != KEY_SIZE ||
	    read(file, &more, 1) != 0)
		snprintf(error, error_size, "%s is no key of %d bytes", path, KEY_SIZE);
	else if (about.st_mode & 077)
		snprintf(error, error_size, "%s is a key that others than its owner may use; `chmod 600` it", path);
	else
		return true;
	return false;
}

struct secret_key *secret_key_load(const char *path, char *error, size_t error_size)
{
	struct secret_key *key = calloc(1, sizeof(*key));
	int file = open(path, O_RDONLY | O_CLOEXEC);
	bool good = false;

	if (!key) {
		snprintf(error, error_size, "memory is short");
	} else if (file >= 0) {
		good = read_file(file, key->bytes, error, error_size, path);
	} else if (errno != ENOENT || !make_file(path, key->bytes)) {
		snprintf(error, error_size, "the key %s cannot be used: %s", path, strerror(errno));
	} else {
		good = true;
	}
	if (file >= 0)
		close(file);
	if (good && !(key->cipher = EVP_CIPHER_fetch(NULL, "AES-256-SIV", NULL))) {
		snprintf(error, error_size, "OpenSSL has no AES-256-SIV");
		good = false;
	}
	if (good)
		return key;
	secret_key_free(key);
	return NULL;
}

void secret_key_free(struct secret_key *key)
{
	if (!key)
		return;
	EVP_CIPHER_free(key->cipher);
	OPENSSL_cleanse(key->bytes, sizeof(key->bytes));
	free(key);
}

/* ---- sealing ---- */

/* In and out are SECRET_TEXT_MAX bytes. */
static bool run_cipher(const struct secret_key *key, bool seal, const char *place, const unsigned char *in,
		       unsigned char *out, unsigned char tag[TAG_SIZE])
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int length;
	bool good;

	good = context && EVP_CipherInit_ex2(context, key->cipher, key->bytes, NULL, seal, NULL) == 1;
	if (good && !seal)
		good = EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, tag) == 1;
	good = good &&
	       EVP_CipherUpdate(context, NULL, &length, (const unsigned char *)place, (int)strlen(place)) == 1 &&
	       EVP_CipherUpdate(context, out, &length, in, SECRET_TEXT_MAX) == 1 && length == SECRET_TEXT_MAX &&
	       EVP_CipherFinal_ex(context, out + length, &length) == 1;
	if (good && seal)
		good = EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, tag) == 1;
	EVP_CIPHER_CTX_free(context);
	return good;
}

bool secret_seal(const struct secret_key *key, const char *place, const char *text, char sealed[SECRET_SEALED_SIZE])
{
	/* Filled up with NULs: how long it is does not show. */
	unsigned char padded[SECRET_TEXT_MAX] = {0}, raw[TAG_SIZE + SECRET_TEXT_MAX];
	size_t length = strlen(text);
	bool good;

	sealed[0] = '\0';
	if (length > SECRET_TEXT_MAX)
		return false;
	memcpy(padded, text, length);
	good = run_cipher(key, true, place, padded, raw + TAG_SIZE, raw);
	OPENSSL_cleanse(padded, sizeof(padded));
	if (!good)
		return false;
	strcpy(sealed, PREFIX);
	EVP_EncodeBlock((unsigned char *)sealed + strlen(PREFIX), raw, sizeof(raw));
	return true;
}

bool secret_open(const struct secret_key *key, const char *place, const char *sealed, char text[SECRET_TEXT_MAX + 1])
{
	unsigned char raw[TAG_SIZE + SECRET_TEXT_MAX];

	text[0] = text[SECRET_TEXT_MAX] = '\0';
	if (strlen(sealed) != SECRET_SEALED_SIZE - 1 || strncmp(sealed, PREFIX, strlen(PREFIX)) != 0 ||
	    EVP_DecodeBlock(raw, (const unsigned char *)sealed + strlen(PREFIX),
			    SECRET_SEALED_SIZE - 1 - (int)strlen(PREFIX)) != sizeof(raw))
		return false;
	if (run_cipher(key, false, place, raw + TAG_SIZE, (unsigned char *)text, raw))
		return true;
	OPENSSL_cleanse(text, SECRET_TEXT_MAX);
	return false;
}
