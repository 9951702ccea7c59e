// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * peering-controller: reads the configuration, opens the store and both listeners, runs the loop until a signal ends
 * it.
 */
#include <curl/curl.h>
#include <errno.h>
#include <event2/event.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "controller/api/api.h"
#include "controller/events/events.h"
#include "controller/events/webhooks.h"
#include "controller/log.h"
#include "controller/peerings/peerings.h"
#include "controller/pushes/pushes.h"
#include "controller/routers/certificates.h"
#include "controller/routers/queries.h"
#include "controller/routers/reports.h"
#include "controller/routers/routers.h"
#include "controller/service/config.h"
#include "controller/service/first_token.h"
#include "controller/service/metrics.h"
#include "controller/service/monitor.h"
#include "controller/service/privileges.h"
#include "controller/service/service_manager.h"
#include "controller/store/retention.h"
#include "controller/store/store.h"
#include "controller/text.h"
#include "lib/secret.h"
#include "lib/tls.h"
#include "peering-config.h"

/* How long sessions may take to hear our last words. */
#define STOP_MILLISECONDS 2000
#define STOP_LOOK_MILLISECONDS 20
#define LOG_BUFFER (64 << 10)

struct controller {
	struct config config;
	struct event_base *base;
	struct certificates *certificates;
	struct store *store;
	struct secret_key *password_key;
	struct events *events;
	struct retention *retention;
	struct webhooks *webhooks;
	struct pushes *pushes;
	struct reports *reports;
	struct routers *routers;
	struct peerings *peerings;
	struct api *api;
	struct monitor *monitor;
	struct service_manager *service_manager;
	struct event *signals[2];
	struct event *reload;
	struct event *stop_look;
	bool stopping;
	int64_t stop_at; /* steady clock */
};

static void usage(FILE *out)
{
	fputs("usage: peering-controller [-c FILE] [--check | --backup COPY | --restore COPY | --create-token ROLE NAME]\n"
	      "\n"
	      "The central controller of frr-peering: routers report to it, people and scripts ask it (peerctl).\n"
	      "Runs in the foreground, logs to standard error, ends on SIGTERM and SIGINT.\n"
	      "\n"
	      "  -c, --config FILE  configuration file (default: " CONFIG_DEFAULT_FILE ")\n"
	      "      --check        judge the configuration, the certificates and the database, change nothing, and "
	      "end\n"
	      "      --backup COPY  copy the database, also while a controller uses it, and end\n"
	      "      --restore COPY put a copy in the database's place, and end; no controller may be using it\n"
	      "      --create-token ROLE NAME\n"
	      "                     make a token for the API (viewer, operator, admin), print it, and end; also while the\n"
	      "                     controller runs\n"
	      "  -V, --version      print the version and end\n"
	      "  -h, --help         print this and end\n"
	      "\n"
	      "Exit status: 0 ended or checked well, 1 could not start (standard error says why), 2 wrong usage.\n",
	      out);
}

static struct tls_files own_files(const struct controller *controller)
{
	return (struct tls_files){
		.ca = controller->config.tls_ca,
		.certificate = controller->config.tls_certificate,
		.key = controller->config.tls_key,
	};
}

/* A router takes a descriptor each; Debian's soft limit of 1024 is for programs that use select(). */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void libevent_says(int severity, const char *message)
{
	if (severity >= EVENT_LOG_WARN)
		log_event(severity == EVENT_LOG_WARN ? LEVEL_WARNING : LEVEL_ERROR, "libevent", "message", message,
			  NULL);
}

/* ---- The end ---- */

static void look_whether_stopped(evutil_socket_t fd, short what, void *context)
{
	struct controller *controller = context;

	if (routers_session_count(controller->routers) == 0 || clock_steady_milliseconds() >= controller->stop_at)
		event_base_loopbreak(controller->base);
}

static void stop(evutil_socket_t number, short what, void *context)
{
	struct controller *controller = context;
	struct timeval look = {.tv_usec = STOP_LOOK_MILLISECONDS * 1000};

	if (controller->stopping) {
		event_base_loopbreak(controller->base);
		return;
	}
	controller->stopping = true;
	service_manager_stopping(controller->service_manager);
	log_event(LEVEL_INFO, "stopping", "signal", number == SIGTERM ? "SIGTERM" : "SIGINT", NULL);
	/* What has arrived is committed and acknowledged before the sessions end. */
	reports_commit_now(controller->reports);
	routers_stop(controller->routers);
	api_stop(controller->api);
	pushes_release(controller->pushes);
	controller->stop_at = clock_steady_milliseconds() + STOP_MILLISECONDS;
	event_add(controller->stop_look, &look);
}

/* ---- New certificates ---- */

static void end_revoked(void *context)
{
	struct controller *controller = context;

	routers_end_revoked(controller->routers);
	api_end_revoked(controller->api);
}

static void look_at_peers(void *context)
{
	struct controller *controller = context;

	routers_look_at_certificates(controller->routers);
}

static void certificate_ends(void *context, const char *whose, const char *name, uint64_t ends)
{
	struct controller *controller = context;

	events_certificate_expiring(controller->events, whose, name, ends);
}

static const struct certificates_hooks certificates_hooks = {
	.renewed = end_revoked, .ends = certificate_ends, .look_at_peers = look_at_peers};

/* ---- The start ---- */

static void reload(evutil_socket_t number, short what, void *context)
{
	struct controller *controller = context;

	peerings_reload(controller->peerings);
}

static bool start_loop(struct controller *controller)
{
	static const int numbers[] = {SIGTERM, SIGINT};

	controller->base = event_base_new();
	if (!controller->base)
		return false;
	controller->stop_look = event_new(controller->base, -1, EV_PERSIST, look_whether_stopped, controller);
	for (int i = 0; i < 2; i++) {
		controller->signals[i] = evsignal_new(controller->base, numbers[i], stop, controller);
		if (!controller->signals[i] || event_add(controller->signals[i], NULL) < 0)
			return false;
	}
	controller->reload = evsignal_new(controller->base, SIGHUP, reload, controller);
	return controller->stop_look && controller->reload;
}

/* Beside the database, and not in it: a copy of the database alone holds no password that can be read. */
static bool load_password_key(struct controller *controller, char *error, size_t error_size)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s.key", controller->config.database) >= (int)sizeof(path)) {
		snprintf(error, error_size, "%s: the name is too long", controller->config.database);
		return false;
	}
	controller->password_key = secret_key_load(path, error, error_size);
	return controller->password_key != NULL;
}

static bool read_webhooks(const struct controller *controller, struct webhook_configs *configs, char *error,
			  size_t error_size)
{
	const char *path = controller->config.webhooks;

	return webhook_configs_read(configs, path, strcmp(path, CONFIG_DEFAULT_WEBHOOKS) == 0, error, error_size);
}

static bool start_webhooks(struct controller *controller, char *error, size_t error_size)
{
	struct webhook_configs configs;

	if (!read_webhooks(controller, &configs, error, error_size))
		return false;
	controller->webhooks =
		webhooks_new(controller->base, controller->store, controller->events, &configs, error, error_size);
	return controller->webhooks != NULL;
}

static bool start_monitor(struct controller *controller, char *error, size_t error_size)
{
	struct monitored monitored = {
		.config = &controller->config,
		.api = controller->api,
		.reports = controller->reports,
		.certificates = controller->certificates,
	};

	if (controller->config.metrics_listen[0] == '\0')
		return true;
	controller->monitor = monitor_open(controller->base, &monitored, error, error_size);
	return controller->monitor != NULL;
}

static bool start(struct controller *controller, char *error, size_t error_size)
{
	const struct config *config = &controller->config;

	snprintf(error, error_size, "memory is short");
	controller->certificates = certificates_load(config, error, error_size);
	if (!controller->certificates)
		return false;
	controller->store = store_open(config->database, error, error_size);
	if (!controller->store)
		return false;
	/* Whatever was connected when we last ran, and waited for an answer, is not any more. */
	if (store_event_epoch_begins(controller->store) != STORE_OK ||
	    store_router_disconnected(controller->store, NULL, clock_milliseconds(), "the controller was restarted") !=
		    STORE_OK) {
		snprintf(error, error_size, "%s: %s", config->database, store_error(controller->store));
		return false;
	}
	if (!load_password_key(controller, error, error_size) || !start_loop(controller))
		return false;
	controller->events = events_new(controller->base, controller->store);
	if (!controller->events)
		return false;
	controller->retention = retention_new(controller->base, config, controller->store);
	if (!controller->retention)
		return false;
	controller->pushes = pushes_new(controller->base, controller->store, controller->password_key);
	if (!controller->pushes)
		return false;
	controller->reports = reports_new(controller->base, controller->store, controller->pushes);
	if (!controller->reports)
		return false;
	controller->routers = routers_open(controller->base, config, controller->certificates, controller->reports,
					   controller->pushes, error, error_size);
	if (!controller->routers)
		return false;
	pushes_set_routers(controller->pushes, controller->routers);
	controller->peerings = peerings_new(controller->base, config->peering_policy, controller->store, controller->pushes,
					    error, error_size);
	/* The signal finds what it reads again. */
	if (!controller->peerings || event_add(controller->reload, NULL) < 0)
		return false;
	if (!start_webhooks(controller, error, error_size))
		return false;
	controller->api = api_open(controller->base, config, controller->certificates, controller->store, controller->pushes,
				   controller->routers, controller->events, controller->webhooks, controller->peerings,
				   error, error_size);
	return controller->api && start_monitor(controller, error, error_size) &&
	       certificates_watch(controller->certificates, controller->base, &certificates_hooks, controller);
}

static void announce(const struct controller *controller)
{
	struct tls_files files = own_files(controller);
	char warning[TLS_ERROR_MAX];
	char router_address[LISTENER_ADDRESS_SIZE];
	char api_address[LISTENER_ADDRESS_SIZE];
	char metrics_address[LISTENER_ADDRESS_SIZE];

	if (tls_key_is_exposed(&files, warning, sizeof(warning)))
		log_event(LEVEL_WARNING, "key-exposed", "message", warning, NULL);
	routers_bound(controller->routers, router_address);
	api_bound(controller->api, api_address);
	if (controller->monitor)
		monitor_bound(controller->monitor, metrics_address);
	log_event(LEVEL_INFO, "ready", "version", PACKAGE_VERSION, "router-listen", router_address, "api-listen",
		  api_address, "metrics-listen", controller->monitor ? metrics_address : "none", "database",
		  controller->config.database, NULL);
}

/* Also after a start that failed half-way. */
static void tear_down(struct controller *controller)
{
	if (controller->pushes && controller->routers)
		pushes_release(controller->pushes);
	service_manager_free(controller->service_manager);
	monitor_free(controller->monitor);
	if (controller->routers)
		queries_interrupted(routers_queries(controller->routers), NULL);
	api_free(controller->api);
	peerings_free(controller->peerings);
	routers_free(controller->routers);
	if (controller->reports)
		reports_commit_now(controller->reports);
	reports_free(controller->reports);
	webhooks_free(controller->webhooks);
	retention_free(controller->retention);
	events_free(controller->events);
	pushes_free(controller->pushes);
	for (int i = 0; i < 2; i++)
		if (controller->signals[i])
			event_free(controller->signals[i]);
	if (controller->stop_look)
		event_free(controller->stop_look);
	certificates_free(controller->certificates);
	if (controller->reload)
		event_free(controller->reload);
	/* Frees the last streams as well. */
	if (controller->base)
		event_base_free(controller->base);
	libevent_global_shutdown();
	store_close(controller->store);
	secret_key_free(controller->password_key);
	config_free(&controller->config);
}

static int check(struct controller *controller, char *error, size_t error_size)
{
	struct webhook_configs configs = {0};
	bool good;
	struct tls_files files = own_files(controller);
	char warning[TLS_ERROR_MAX];

	controller->certificates = certificates_load(&controller->config, error, error_size);
	good = controller->certificates && store_check(controller->config.database, error, error_size) &&
	       peerings_check_policy(controller->config.peering_policy, error, error_size) &&
	       read_webhooks(controller, &configs, error, error_size);
	if (tls_key_is_exposed(&files, warning, sizeof(warning)))
		fprintf(stderr, "peering-controller: warning: %s\n", warning);
	if (good)
		puts("the configuration is good");
	else
		fprintf(stderr, "peering-controller: %s\n", error);
	webhook_configs_free(&configs);
	tear_down(controller);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int copy(struct controller *controller, const char *backup, const char *restore, char *error, size_t error_size)
{
	const char *database = controller->config.database;
	bool good;

	umask(077);
	good = backup ? store_backup(database, backup, error, error_size)
		      : store_restore(database, restore, error, error_size);
	if (good && backup)
		printf("%s is a copy of %s\n", backup, database);
	else if (good)
		printf("%s is as in %s\n", database, restore);
	else
		fprintf(stderr, "peering-controller: %s\n", error);
	tear_down(controller);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run(struct controller *controller, char *error, size_t error_size)
{
	metrics.started_at = clock_milliseconds();
	raise_descriptor_limit();
	curl_global_init(CURL_GLOBAL_DEFAULT);
	umask(077);
	signal(SIGPIPE, SIG_IGN);
	event_set_log_callback(libevent_says);
	if (!privileges_drop(controller->config.user, error, error_size) || !start(controller, error, error_size)) {
		log_event(LEVEL_ERROR, "cannot-start", "message", error, NULL);
		tear_down(controller);
		return EXIT_FAILURE;
	}
	announce(controller);
	controller->service_manager = service_manager_new(controller->base);
	service_manager_ready(controller->service_manager);
	event_base_dispatch(controller->base);
	tear_down(controller);
	log_event(LEVEL_INFO, "stopped", NULL);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"check", no_argument, NULL, 'k'},
		{"backup", required_argument, NULL, 'b'},
		{"restore", required_argument, NULL, 'r'},
		{"create-token", required_argument, NULL, 't'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	static char log_buffer[LOG_BUFFER];
	struct controller controller = {0};
	char error[CONFIG_ERROR_MAX + TLS_ERROR_MAX];
	const char *path = NULL;
	const char *backup = NULL, *restore = NULL;
	const char *token_role = NULL;
	bool only_check = false;
	int option;

	setvbuf(stderr, log_buffer, _IOFBF, sizeof(log_buffer));
	while ((option = getopt_long(argc, argv, "c:Vh", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 'k':
			only_check = true;
			break;
		case 'b':
			backup = optarg;
			break;
		case 'r':
			restore = optarg;
			break;
		case 't':
			token_role = optarg;
			break;
		case 'V':
			puts("peering-controller " PACKAGE_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (only_check + (backup != NULL) + (restore != NULL) + (token_role != NULL) > 1) {
		fputs("peering-controller: --check, --backup, --restore and --create-token exclude one another\n", stderr);
		return 2;
	}
	if (token_role && optind + 1 != argc) {
		fputs("peering-controller: --create-token takes a role and a name\n", stderr);
		return 2;
	}
	if (!token_role && optind < argc) {
		fprintf(stderr, "peering-controller: unexpected argument '%s'\n", argv[optind]);
		usage(stderr);
		return 2;
	}
	if (!config_read(&controller.config, path, error, sizeof(error))) {
		fprintf(stderr, "peering-controller: %s\n", error);
		return EXIT_FAILURE;
	}
	if (token_role) {
		int status;

		umask(077);
		status = first_token(controller.config.database, token_role, argv[optind]);
		config_free(&controller.config);
		return status;
	}
	if (only_check)
		return check(&controller, error, sizeof(error));
	if (backup || restore)
		return copy(&controller, backup, restore, error, sizeof(error));
	return run(&controller, error, sizeof(error));
}
