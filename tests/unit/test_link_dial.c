// SPDX-License-Identifier: GPL-2.0-or-later
/* What can go wrong on the way to a controller. */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/freeze.h"
#include "tests/unit/pki.h"
#include "tests/unit/router_end.h"
#include "tests/unit/temporary.h"

/* The same text each time: it is the main thread that folds them. */
static void a_refused_connection_is_told_each_time(void **state)
{
	struct link_settings settings = settings_for("127.0.0.1", controller.port);
	char expected[100];

	snprintf(expected, sizeof(expected), "cannot connect to 127.0.0.1 port %u: Connection refused", controller.port);
	close(controller.listener);
	controller.listener = -1;
	start(&settings);
	for (int i = 0; i < 4; i++)
		expect_down(expected);
}

static void all_addresses_are_tried(void **state)
{
	struct link_settings settings = settings_for("localhost", controller.port);

	/* localhost is ::1 first, and nobody listens there */
	if (!own_network)
		skip();
	start(&settings);
	come_up_empty();
}

static void a_name_that_does_not_exist(void **state)
{
	struct link_settings settings = settings_for("controller.invalid", controller.port);

	if (!own_network)
		skip();
	start(&settings);
	expect_down("cannot look up controller.invalid");
	expect_down("cannot look up controller.invalid");
}

static int silent_name_server(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(53), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* The look-up takes some seconds; it is told before, no second one is begun beside it, and stopping leaves it behind. */
static void dns_that_hangs_is_left_behind(void **state)
{
	struct link_settings settings = settings_for("controller.example.net", controller.port);
	int fd;

	if (!own_network)
		skip();
	fd = silent_name_server();
	settings.timing.lookup = 200;
	start(&settings);
	expect_down("DNS does not answer for controller.example.net");
	expect_down("DNS does not answer for controller.example.net");
	expect_down("DNS does not answer for controller.example.net");
	assert_int_equal(threads_called("peering-dns"), 1);
	stop_in_time();
	assert_true(thread_gone(LINK_THREAD));
	assert_int_equal(threads_called("peering-dns"), 1);
	close(fd);
	/* It ends by itself, and frees what it holds: the next question is refused. */
	for (int i = 0; i < 3 && !thread_gone("peering-dns"); i++)
		;
	assert_true(thread_gone("peering-dns"));
}

/* A listener whose queue is full does not answer at all. */
static void a_connection_that_hangs(void **state)
{
	struct link_settings settings = settings_for("127.0.0.1", controller.port);
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fds[8];

	address.sin_port = htons(controller.port);
	assert_int_equal(listen(controller.listener, 0), 0);
	for (int i = 0; i < 8; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		assert_true(fds[i] >= 0);
		connect(fds[i], (struct sockaddr *)&address, sizeof(address));
	}
	settings.timing.step = 300;
	start(&settings);
	expect_down("Connection timed out");
	stop_in_time();
	settings.timing.step = 0;
	start(&settings);
	usleep(100000);
	stop_in_time();
	for (int i = 0; i < 8; i++)
		close(fds[i]);
}

static void tls_that_hangs(void **state)
{
	struct link_settings settings = settings_for("127.0.0.1", controller.port);

	settings.timing.step = 300;
	start(&settings);
	expect_down("no TLS with 127.0.0.1");
	stop_in_time();
	settings.timing.step = 0;
	start(&settings);
	controller_accept_tcp(&controller);
	usleep(100000);
	stop_in_time();
}

static void restart_controller(struct tls_files files)
{
	controller_close(&controller);
	controller_open(&controller, files);
}

static void the_wrong_ca(void **state)
{
	restart_controller(pki_other_files(PKI_CONTROLLER));
	start_default();
	controller_accept_tcp(&controller);
	assert_false(controller_handshake(&controller));
	expect_down("not signed by the CA in our CA file");
}

#define DAY 86400L

static void the_wrong_name(void **state)
{
	struct link_settings settings = settings_for("127.0.0.1", controller.port);

	pki_issue("elsewhere",
		  &(struct pki_request){.usage = "serverAuth", .san_type = GEN_DNS, .san = "elsewhere.example.net",
					.san_size = 21, .begins = -DAY, .ends = DAY});
	restart_controller(pki_files("elsewhere"));
	settings = settings_for("127.0.0.1", controller.port);
	start(&settings);
	controller_accept_tcp(&controller);
	assert_false(controller_handshake(&controller));
	expect_down("certificate does not name 127.0.0.1");
}

static void an_expired_controller(void **state)
{
	struct link_settings settings = settings_for("localhost", controller.port);

	if (!own_network)
		skip();
	pki_issue("expired", &(struct pki_request){.usage = "serverAuth", .san_type = GEN_DNS, .san = "localhost",
						   .san_size = 9, .begins = -2 * DAY, .ends = -DAY});
	restart_controller(pki_files("expired"));
	settings = settings_for("localhost", controller.port);
	start(&settings);
	controller_accept_tcp(&controller);
	assert_false(controller_handshake(&controller));
	expect_down("the other side's certificate has expired");
}

/* In TLS 1.3 the client learns that only after its own handshake is done. */
static void an_expired_router(void **state)
{
	struct link_settings settings = settings_for("127.0.0.1", controller.port);

	pki_issue("expired-router", &(struct pki_request){.usage = "clientAuth", .san_type = GEN_DNS, .san = PKI_ROUTER,
							  .san_size = strlen(PKI_ROUTER), .begins = -2 * DAY, .ends = -DAY});
	settings.tls = pki_files("expired-router");
	start(&settings);
	for (int i = 0; i < 10; i++) {
		controller_accept_tcp(&controller);
		assert_false(controller_handshake(&controller));
		controller_hang_up(&controller);
		expect_down("our certificate has expired");
	}
}

/* Files are read anew at each attempt, so that a certificate that was forgotten needs no restart of bgpd. */
static void missing_files_are_named_until_they_are_there(void **state)
{
	struct link_settings settings = settings_for("127.0.0.1", controller.port);
	struct tls_files good = pki_files(PKI_ROUTER);
	const char *later = temporary_path("later.pem");

	settings.tls.certificate = later;
	start(&settings);
	expect_down(later);
	expect_down(later);
	assert_int_equal(symlink(good.certificate, later), 0);
	controller_accept(&controller);
	assert_int_equal(unlink(later), 0);
}

static void plain_tcp_is_not_spoken(void **state)
{
	start_default();
	controller_accept_tcp(&controller);
	assert_int_equal(send(controller.fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28, 0), 28);
	expect_down("does not speak TLS");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LINK_TEST(a_refused_connection_is_told_each_time),
		LINK_TEST(all_addresses_are_tried),
		LINK_TEST(a_name_that_does_not_exist),
		LINK_TEST(dns_that_hangs_is_left_behind),
		LINK_TEST(a_connection_that_hangs),
		LINK_TEST(tls_that_hangs),
		LINK_TEST(the_wrong_ca),
		LINK_TEST(the_wrong_name),
		LINK_TEST(an_expired_controller),
		LINK_TEST(an_expired_router),
		LINK_TEST(missing_files_are_named_until_they_are_there),
		LINK_TEST(plain_tcp_is_not_spoken),
	};

	router_end_begin();
	return cmocka_run_group_tests(tests, router_end_certificates, NULL);
}
