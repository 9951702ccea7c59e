// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * peerctl: the controller's API for people and scripts.
 */
#include <curl/curl.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/cli/peerctl_audit.h"
#include "controller/cli/peerctl_client.h"
#include "controller/cli/peerctl_command.h"
#include "controller/cli/peerctl_complete.h"
#include "controller/cli/peerctl_differences.h"
#include "controller/cli/peerctl_feed.h"
#include "controller/cli/peerctl_live.h"
#include "controller/cli/peerctl_manual.h"
#include "controller/cli/peerctl_peering.h"
#include "controller/cli/peerctl_policy.h"
#include "controller/cli/peerctl_push.h"
#include "controller/cli/peerctl_push_again.h"
#include "controller/cli/peerctl_request.h"
#include "controller/cli/peerctl_show.h"
#include "controller/cli/peerctl_token.h"
#include "controller/cli/peerctl_watch.h"
#include "controller/cli/peerctl_webhooks.h"
#include "peering-config.h"

/* ---- Commands ---- */

static int list_routers(struct invocation *invocation, const struct command *command)
{
	json_object *answer, *routers = NULL;
	int code = command_pages(invocation, client_path("routers", NULL), "routers", &answer);

	if (code != EXIT_DONE)
		return code;
	json_object_object_get_ex(answer, "routers", &routers);
	if (invocation->json)
		command_print_json(answer);
	else
		show_routers(routers);
	json_object_put(answer);
	return EXIT_DONE;
}

static int list_connections(struct invocation *invocation, const struct command *command)
{
	char *path = client_query(client_path("connections", NULL), "router", invocation->router);
	json_object *all, *connections = NULL;
	int code = command_pages(invocation, client_query(path, "state", invocation->state), "connections", &all);

	if (code != EXIT_DONE)
		return code;
	json_object_object_get_ex(all, "connections", &connections);
	if (invocation->json)
		command_print_json(all);
	else
		show_connections(connections);
	json_object_put(all);
	return EXIT_DONE;
}

static int show_one(struct invocation *invocation, const struct command *command)
{
	json_object *answer;
	int code = command_ask(invocation, NULL,
			       client_path("routers", invocation->arguments[0], "connections",
					   invocation->arguments[1], NULL),
			       NULL, &answer);

	if (code != EXIT_DONE)
		return code;
	if (invocation->json)
		command_print_json(answer);
	else
		show_connection(answer);
	json_object_put(answer);
	return EXIT_DONE;
}

static int request(struct invocation *invocation, const struct command *command)
{
	char error[CLIENT_ERROR_MAX];
	json_object *body = request_body(&invocation->request, invocation->arguments[1], error, sizeof(error));

	if (!body) {
		fprintf(stderr, "peerctl: %s\n", error);
		return EXIT_USAGE;
	}
	invocation->of_options = true;
	return command_push(invocation, NULL, client_path("routers", invocation->arguments[0], "connections", NULL), body);
}

static int verb(struct invocation *invocation, const struct command *command)
{
	json_object *body = json_object_new_object();

	if (invocation->reason)
		json_object_object_add(body, "reason", json_object_new_string(invocation->reason));
	return command_push(invocation, NULL,
		    client_path("routers", invocation->arguments[0], "connections", invocation->arguments[1],
				command->name, NULL),
		    body);
}

enum {
	OPTION_ROUTER = 'R',
	OPTION_STATE = 'S',
	OPTION_REASON = 'r',
	OPTION_CONNECTION = 'W',
	OPTION_SINCE = 's',
	OPTION_FILE = 'f',
	OPTION_DRY_RUN = 'D',
	OPTION_FAMILY = 'F',
	OPTION_PREFIX = 'P',
	OPTION_LONGER = 'L',
	OPTION_AS_PATH = 'A',
	OPTION_VERDICT = 'V',
	OPTION_COUNT = 'N',
	OPTION_ASN = 'a',
	OPTION_NEIGHBOR = 'n',
	OPTION_KIND = 'k',
	OPTION_ACTIVATION = 'm',
	OPTION_WINDOW = 'w',
	OPTION_LIMIT = 'l',
	OPTION_IMPORT = 'i',
	OPTION_EXPORT = 'e',
	OPTION_DESCRIPTION = 'd',
	OPTION_ON_VIOLATION = 'v',
	OPTION_REOPEN_MODE = 'O',
	OPTION_REOPEN_HOLD_DOWN = 'H',
	OPTION_PROFILE = 'p',
	OPTION_CHECK = 'c',
	OPTION_VALID_DAYS = 'T',
	OPTION_PASSWORD_FILE = '1',
	OPTION_TTL_SECURITY = '2',
	OPTION_BFD = '3',
	OPTION_BFD_PROFILE = '4',
	OPTION_HOLD_TIME = '5',
	OPTION_KEEPALIVE = '6',
	OPTION_CONNECT_RETRY = '7',
	OPTION_ROLE = '8',
	OPTION_ROLE_STRICT = '9',
	OPTION_LOCAL_ADDRESS = '0',
	OPTION_TIMER = '+',
	OPTION_EXPECT_REVISION = 'E',
	OPTION_CONFIRM = 'C',
	OPTION_CONFIRM_MANUALLY = 'M',
	OPTION_URL = 1000,
	OPTION_CA,
	OPTION_CERT,
	OPTION_KEY,
	OPTION_TOKEN_FILE,
	OPTION_HELP,
	OPTION_VERSION,
	OPTION_OUTPUT,
};

static const struct option options[] = {
	{"router", required_argument, NULL, OPTION_ROUTER},
	{"state", required_argument, NULL, OPTION_STATE},
	{"reason", required_argument, NULL, OPTION_REASON},
	{"connection", required_argument, NULL, OPTION_CONNECTION},
	{"since", required_argument, NULL, OPTION_SINCE},
	{"file", required_argument, NULL, OPTION_FILE},
	{"dry-run", no_argument, NULL, OPTION_DRY_RUN},
	{"family", required_argument, NULL, OPTION_FAMILY},
	{"prefix", required_argument, NULL, OPTION_PREFIX},
	{"longer", no_argument, NULL, OPTION_LONGER},
	{"as-path", required_argument, NULL, OPTION_AS_PATH},
	{"verdict", required_argument, NULL, OPTION_VERDICT},
	{"count", required_argument, NULL, OPTION_COUNT},
	{"asn", required_argument, NULL, OPTION_ASN},
	{"neighbor", required_argument, NULL, OPTION_NEIGHBOR},
	{"kind", required_argument, NULL, OPTION_KIND},
	{"activation", required_argument, NULL, OPTION_ACTIVATION},
	{"validation-window", required_argument, NULL, OPTION_WINDOW},
	{"limit", required_argument, NULL, OPTION_LIMIT},
	{"import", required_argument, NULL, OPTION_IMPORT},
	{"export", required_argument, NULL, OPTION_EXPORT},
	{"description", required_argument, NULL, OPTION_DESCRIPTION},
	{"on-violation", required_argument, NULL, OPTION_ON_VIOLATION},
	{"reopen-mode", required_argument, NULL, OPTION_REOPEN_MODE},
	{"reopen-hold-down", required_argument, NULL, OPTION_REOPEN_HOLD_DOWN},
	{"profile", required_argument, NULL, OPTION_PROFILE},
	{"check", required_argument, NULL, OPTION_CHECK},
	{"valid-days", required_argument, NULL, OPTION_VALID_DAYS},
	{"password-file", required_argument, NULL, OPTION_PASSWORD_FILE},
	{"ttl-security", required_argument, NULL, OPTION_TTL_SECURITY},
	{"bfd", no_argument, NULL, OPTION_BFD},
	{"bfd-profile", required_argument, NULL, OPTION_BFD_PROFILE},
	{"hold-time", required_argument, NULL, OPTION_HOLD_TIME},
	{"keepalive", required_argument, NULL, OPTION_KEEPALIVE},
	{"connect-retry", required_argument, NULL, OPTION_CONNECT_RETRY},
	{"role", required_argument, NULL, OPTION_ROLE},
	{"role-strict", no_argument, NULL, OPTION_ROLE_STRICT},
	{"local-address", required_argument, NULL, OPTION_LOCAL_ADDRESS},
	{"timer", required_argument, NULL, OPTION_TIMER},
	{"expect-revision", required_argument, NULL, OPTION_EXPECT_REVISION},
	{"confirm", required_argument, NULL, OPTION_CONFIRM},
	{"confirm-manually", no_argument, NULL, OPTION_CONFIRM_MANUALLY},
	{"url", required_argument, NULL, OPTION_URL},
	{"ca", required_argument, NULL, OPTION_CA},
	{"cert", required_argument, NULL, OPTION_CERT},
	{"key", required_argument, NULL, OPTION_KEY},
	{"token-file", required_argument, NULL, OPTION_TOKEN_FILE},
	{"output", required_argument, NULL, OPTION_OUTPUT},
	{"help", no_argument, NULL, OPTION_HELP},
	{"version", no_argument, NULL, OPTION_VERSION},
	{NULL, 0, NULL, 0},
};

static const char request_help[] =
	"Asks for a connection: a peer's AS over one or more BGP neighbors of a router. It begins as PendingApproval\n"
	"and passes nothing before it is Active. Repeating a request changes nothing. Where the router is not "
	"connected\n"
	"the request is kept and goes out when it connects.\n"
	"\n"
	"  --asn N                AS number of the peer (required)\n"
	"  --neighbor ADDR        address of a BGP neighbor; repeat it for more. ADDR,optional: the connection can\n"
	"                         become Active without this session (at least one has to be required)\n"
	"  --kind KIND            direct (default), exchange or route-server\n"
	"  --activation MODE      manual, auto or controller: who opens the gate after validation\n"
	"  --validation-window S  seconds that every required session must be up before it may pass\n"
	"  --limit AFI=N          most prefixes that the peer may send; AFI is ipv4 or ipv6\n"
	"  --import AFI=NAME      route-map of the router for what the peer sends\n"
	"  --export AFI=NAME      route-map of the router for what the peer gets\n"
	"  --description TEXT     words for people\n"
	"  --on-violation WHAT    report (default) or deny: what a required check that fails does once it is Active\n"
	"  --reopen-mode MODE     manual (default) or auto: who opens again what that has closed\n"
	"  --reopen-hold-down S   seconds that it has to pass before the router does\n"
	"  --profile NAME         profile of the router\n"
	"  --check NAME=LEVEL     required, advisory or off; repeat it for more\n"
	"  --timer NAME=S         establish, validation, stale or drain; repeat it for more\n"
	"\n"
	"Of the sessions:\n"
	"  --password-file FILE   TCP MD5; the first line of FILE, or of standard input where that is -\n"
	"  --ttl-security HOPS    how far away the peer may be: 1 on a link\n"
	"  --bfd                  BFD with the peer; --bfd-profile NAME: by a profile of the router's bfdd\n"
	"  --hold-time S          seconds; --keepalive S: at most a third of it, which is the default\n"
	"  --connect-retry S      seconds between attempts\n"
	"  --role ROLE            what the router is to the peer (RFC 9234): provider, rs-server, rs-client, customer or\n"
	"                         peer; --role-strict: the peer has to say its own\n"
	"  --local-address ADDR   that the router speaks from; ADDR/LENGTH says which link it is. One of each family\n"
	"\n"
	"--limit, --import and --export hold for every neighbor of that address family, what is said of the sessions for all.\n";
static const char push_options[] =
	"\n"
	"  --dry-run              the router checks it and says what it would do; nothing is changed\n"
	"  --expect-revision N    refused where the router is not at this revision (peerctl routers -o json)\n"
	"  --confirm S            10 to 3600 seconds: the router takes it back by itself unless the controller, which\n"
	"                         does so while it is reached, confirms it\n"
	"  --confirm-manually     and only somebody does: peerctl confirm PUSH\n";
static const char reason_option[] = "\n  --reason TEXT  kept with the change\n";

static const struct command commands[] = {
	{"routers", "routers", "Lists the routers that report to the controller.\n", 0, "", list_routers},
	{"connections", "connections [--router ROUTER] [--state STATE]",
	 "Lists connections.\n\n"
	 "  --router ROUTER  of one router alone\n"
	 "  --state STATE    in one connection state alone, such as Validating\n",
	 0, "RS", list_connections},
	{"watch", "watch [--router ROUTER] [--connection NAME] [--since ID]",
	 "Prints what happens, a line each, as it happens, until it is interrupted. Where the connection is lost it\n"
	 "connects again and goes on where it was.\n\n"
	 "  --router ROUTER    of one router alone\n"
	 "  --connection NAME  of connections of this name alone\n"
	 "  --since ID         first what came behind this event; ids stand in -o json, which is one object a line\n",
	 0, "RWs", watch_command},
	{"webhooks", "webhooks", "Lists the web hooks, what waits for each, and how the newest attempt went.\n", 0, "",
	 webhooks_command},
	{"webhook-test", "webhook-test NAME", "Sends an event of no consequence to a web hook, and says what came of it.\n", 1,
	 "", webhook_test_command},
	{"show", "show ROUTER NAME", "Shows one connection: sessions, checks, history, and what to do next.\n", 2, "",
	 show_one},
	{"routes", "routes ROUTER NAME [OPTION]...",
	 "Shows what the peer has sent, asked live from the router: each route with what the connection's own policy would\n"
	 "make of it.\n\n"
	 "  --family AFI       ipv4 or ipv6 alone\n"
	 "  --neighbor ADDR    of one session alone\n"
	 "  --prefix PREFIX    that prefix, with --longer also all that are in it\n"
	 "  --as-path REGEX    whose AS path fits\n"
	 "  --verdict VERDICT  accepted or rejected\n"
	 "  --count N          at most so many (100)\n",
	 2, "FnPLAVN", live_routes},
	{"preview", "preview ROUTER NAME",
	 "Shows what activation would do, asked live from the router: how many routes would be accepted and rejected, by\n"
	 "which rule, and how many would be sent.\n",
	 2, "", live_preview},
	{"request", "request ROUTER NAME --asn N --neighbor ADDR [OPTION]...", request_help, 2, "anmkwliedvOHpc1234567890+DECM", request},
	{"approve", "approve ROUTER NAME [--reason TEXT]", "Accepts a request.\n", 2, "rDECM", verb},
	{"ready", "ready ROUTER NAME [--reason TEXT]",
	 "Says that the port is wired and the peer has configured BGP: the sessions may come up, gated.\n", 2, "rDECM",
	 verb},
	{"activate", "activate ROUTER NAME [--reason TEXT]",
	 "Opens the gate of a connection whose validation has passed.\n", 2, "rDECM", verb},
	{"reopen", "reopen ROUTER NAME [--reason TEXT]",
	 "Opens again what a violation has closed, once every required check passes.\n", 2, "rDECM", verb},
	{"deprovision", "deprovision ROUTER NAME [--reason TEXT]",
	 "Takes a connection out of service: drained, then closed.\n", 2, "rDECM", verb},
	{"withdraw", "withdraw ROUTER NAME [--reason TEXT]", "Takes a request back that is not in service.\n", 2, "rDECM",
	 verb},
	{"retry", "retry ROUTER NAME [--reason TEXT]", "Tries again after a failure.\n", 2, "rDECM", verb},
	{"block", "block ROUTER NAME --reason TEXT", "Parks a connection that waits for somebody else.\n", 2, "rDECM", verb},
	{"unblock", "unblock ROUTER NAME [--reason TEXT]", "Lets it go on where it was blocked.\n", 2, "rDECM", verb},
	{"force-cancel", "force-cancel ROUTER NAME --reason TEXT",
	 "Gives up a connection that is not in service, whatever it waits for.\n", 2, "rDECM", verb},
	{"maintenance-on", "maintenance-on ROUTER NAME [--reason TEXT]",
	 "Keeps traffic away by graceful shutdown; the connection stays Active.\n", 2, "rDECM", verb},
	{"maintenance-off", "maintenance-off ROUTER NAME [--reason TEXT]", "Ends that.\n", 2, "rDECM", verb},
	{"push", "push PUSH", "Shows what has come of a request or a verb that its router had not answered yet.\n", 1, "",
	 push_look},
	{"confirm", "confirm PUSH", "Keeps a push that its router would take back (--confirm-manually).\n", 1, "",
	 push_confirm},
	{"policy list", "policy list ROUTER", "Lists the policy objects that are wanted on a router.\n", 1, "", policy_list},
	{"policy show", "policy show ROUTER NAME", "Prints one of them, as JSON.\n", 2, "", policy_show},
	{"policy set", "policy set ROUTER NAME -f FILE [OPTION]...",
	 "Pushes a prefix-list, as-path list, community list or route-map, which the file has as JSON (doc/controller.md). What\n"
	 "was pushed under the name before is replaced in one step.\n",
	 2, "fDECM", policy_set},
	{"policy withdraw", "policy withdraw ROUTER NAME [OPTION]...", "Takes one back: it goes when nothing uses it any more.\n", 2, "DECM",
	 policy_withdraw},
	{"policy push-again", "policy push-again ROUTER NAME [--reason TEXT] [OPTION]...",
	 "Asks for a policy once more, as it was asked for last.\n", 2, "rDECM", policy_verb},
	{"policy accept", "policy accept ROUTER NAME [--reason TEXT]",
	 "Asks for a policy no longer: the router keeps what it has, and is not told.\n", 2, "r", policy_verb},
	{"diff", "diff [--router ROUTER]", differences_help, 0, "R", list_differences},
	{"push-again", "push-again ROUTER [NAME] [--reason TEXT]", push_again_help, 2, "r", push_again, 1},
	{"accept", "accept ROUTER NAME [--reason TEXT]",
	 "Takes what the router has for what is asked for; the router is not told.\n", 2, "r", verb},
	{"audit", "audit [--count N] [--since ID]",
	 "Lists who has changed what through the controller, the newest last.\n\n"
	 "  --count N   the newest N (100)\n"
	 "  --since ID  all behind this one instead\n",
	 0, "Ns", audit_command},
	{"token create", "token create ROLE NAME [--asn N] [--valid-days N]", token_create_help, 2, "aT", token_create},
	{"token list", "token list", "Lists the tokens, without what makes them valid.\n", 0, "", token_list},
	{"token revoke", "token revoke ID", "Ends a token at once.\n", 1, "", token_revoke},
	{"peering list", "peering list [--state STATE] [--asn N]", "Lists peerings.\n", 0, "Sa", peering_list},
	{"peering show", "peering show PEERING", "Shows a peering: its connections, what the policy says, its history.\n", 1,
	 "", peering_show},
	{"peering request", "peering request FILE [--dry-run]", peering_request_help, 1, "D", peering_request},
	{"peering approve", "peering approve PEERING [--reason TEXT]",
	 "Accepts a peering: its connections go to their routers. Again: tries again what a router refused.\n", 1, "r",
	 peering_verb},
	{"peering reject", "peering reject PEERING --reason TEXT", "Refuses a requested peering.\n", 1, "r", peering_verb},
	{"peering withdraw", "peering withdraw PEERING [--reason TEXT]", "Takes a requested peering back.\n", 1, "r",
	 peering_verb},
	{"peering deprovision", "peering deprovision PEERING [--reason TEXT]",
	 "Takes every connection of a peering out of service, and removes it.\n", 1, "r", peering_verb},
	{"peering bgp-configured", "peering bgp-configured PEERING CONNECTION",
	 "Says that the other side has configured BGP: the router may start the sessions, gated.\n", 2, "",
	 peering_bgp_configured},
	{"peering policy", "peering policy", "Prints the peering policy in force.\n", 0, "", peering_policy_show},
	{"asn list", "asn list [--state STATE]", "Lists peer ASNs.\n", 0, "S", asn_list},
	{"asn show", "asn show ASN", "Shows a peer AS and its contacts.\n", 1, "", asn_show},
	{"asn set", "asn set ASN FILE", asn_set_help, 2, "", asn_set},
	{"asn approve", "asn approve ASN [--reason TEXT]", "Says that a peer AS is who it says.\n", 1, "r", asn_validate},
	{"asn fail", "asn fail ASN --reason TEXT", "Says that it is not.\n", 1, "r", asn_validate},
	{"asn delete", "asn delete ASN", "Forgets a peer AS that has no peering.\n", 1, "", asn_delete},
	{"apply", "apply -f FILE [--dry-run]",
	 "Has the controller ask for every policy and connection of a file that differs from what was asked for last, on one\n"
	 "router or many. What the file leaves out stays as it is, and is listed. All of the file is judged before anything\n"
	 "is sent. Policies go first, a router's in one push as far as a request has room, 1,000 of them or 900 KiB; where it\n"
	 "is refused, nothing more is sent for that router. Each connection is a push of its own, and one that is refused\n"
	 "holds up none of the others. Running it again is safe: what stands is not asked for again.\n\n"
	 "  -f, --file FILE  the feed, as peerctl export writes it; - is standard input\n"
	 "  --dry-run        what would be done, and nothing is\n",
	 0, "fD", feed_apply},
	{"export", "export [--router ROUTER]",
	 "Prints every policy and connection that was asked for as a feed for peerctl apply.\n\n"
	 "  --router ROUTER  of one router alone\n",
	 0, "R", feed_export},
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static const char common_help[] =
	"  -o json          print the controller's JSON\n"
	"  --url URL        the controller's API (PEERCTL_URL; default https://localhost:4791)\n"
	"  --ca FILE        CA that signed the controller's certificate (PEERCTL_CA)\n"
	"  --cert FILE      an operator's certificate (PEERCTL_CERT)\n"
	"  --key FILE       its private key (PEERCTL_KEY)\n"
	"  --token-file FILE  a token in the place of a certificate (PEERCTL_TOKEN_FILE; or the token in PEERCTL_TOKEN)\n"
	"  --help, --version\n"
	"\n"
	"What is not given comes from the variable, then from the lines url, ca, certificate, key and token-file in\n"
	"~/.config/peerctl.conf, then from /etc/peering-controller/peerctl.conf.\n"
	"\n"
	"Exit status: 0 done, 1 refused (diff: something differs), 2 wrong usage, 3 the controller was not reached.\n";

static const char common_heading[] = "\nOptions of every command:\n";

static void help(FILE *out)
{
	fputs("usage: peerctl COMMAND [ARGUMENT]... [OPTION]...\n\nCommands (peerctl COMMAND --help says more):\n",
	      out);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(out, "  %s\n", commands[i].usage);
	fputs(common_heading, out);
	fputs(common_help, out);
}

static void command_help(const struct command *command)
{
	printf("usage: peerctl %s\n\n%s%s%s%s%s", command->usage, command->help,
	       strchr(command->options, OPTION_REASON) ? reason_option : "",
	       strchr(command->options, OPTION_EXPECT_REVISION) ? push_options : "", common_heading, common_help);
}

/* By one word, or by two ("token create"); *words says how many it took. */
static const struct command *find_command(char **argv, int argc, int *words)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		const char *space = strchr(commands[i].name, ' ');
		size_t length = space ? (size_t)(space - commands[i].name) : strlen(commands[i].name);

		*words = space ? 2 : 1;
		if (argc >= *words && strlen(argv[0]) == length && strncmp(argv[0], commands[i].name, length) == 0 &&
		    (!space || strcmp(argv[1], space + 1) == 0))
			return &commands[i];
	}
	return NULL;
}

static void replace(char **field, const char *value)
{
	free(*field);
	*field = strdup(value);
}

/* False with a sentence said. */
static bool take_option(struct invocation *invocation, int option, const char *value)
{
	switch (option) {
	case OPTION_ROUTER:
		invocation->router = value;
		return true;
	case OPTION_STATE:
		invocation->state = value;
		return true;
	case OPTION_REASON:
		invocation->reason = value;
		return true;
	case OPTION_CONNECTION:
		invocation->connection = value;
		return true;
	case OPTION_SINCE:
		invocation->since = value;
		return true;
	case OPTION_FAMILY:
		invocation->routes.family = value;
		return true;
	case OPTION_PREFIX:
		invocation->routes.prefix = value;
		return true;
	case OPTION_LONGER:
		invocation->routes.longer = true;
		return true;
	case OPTION_AS_PATH:
		invocation->routes.as_path = value;
		return true;
	case OPTION_VERDICT:
		invocation->routes.verdict = value;
		return true;
	case OPTION_COUNT:
		invocation->routes.count = value;
		return command_takes_number("count", value, 1, 10000000);
	case OPTION_FILE:
		invocation->file = value;
		return true;
	case OPTION_DRY_RUN:
		invocation->dry_run = true;
		return true;
	case OPTION_EXPECT_REVISION:
		invocation->expected_revision = value;
		return command_takes_number("expect-revision", value, 0, INT64_MAX);
	case OPTION_CONFIRM:
		invocation->confirm_seconds = value;
		return command_takes_number("confirm", value, 10, 3600);
	case OPTION_CONFIRM_MANUALLY:
		invocation->confirm_manually = true;
		return true;
	case OPTION_URL:
		replace(&invocation->settings.url, value);
		return true;
	case OPTION_CA:
		replace(&invocation->settings.ca, value);
		return true;
	case OPTION_CERT:
		replace(&invocation->settings.certificate, value);
		return true;
	case OPTION_KEY:
		replace(&invocation->settings.key, value);
		return true;
	case OPTION_TOKEN_FILE:
		replace(&invocation->settings.token_file, value);
		return true;
	case OPTION_VALID_DAYS:
		invocation->valid_days = value;
		return command_takes_number("valid-days", value, 1, 3650);
	case OPTION_OUTPUT:
	case 'o':
		invocation->json = strcmp(value, "json") == 0;
		if (!invocation->json && strcmp(value, "table") != 0) {
			fprintf(stderr, "peerctl: -o takes json or table, not '%s'\n", value);
			return false;
		}
		return true;
	default:
		return request_option(&invocation->request, option, value);
	}
}

/* Commands of two words, of which the first is there. False where there is none. */
static bool tell_second_words(const char *first)
{
	size_t length = strlen(first);
	bool any = false;

	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strncmp(commands[i].name, first, length) != 0 || commands[i].name[length] != ' ')
			continue;
		fprintf(stderr, any ? ", %s" : "peerctl: the commands of that name are %s", commands[i].name);
		any = true;
	}
	if (any)
		fputs("; see peerctl --help\n", stderr);
	return any;
}

static bool has_empty_argument(const struct invocation *invocation)
{
	for (int i = 0; i < invocation->argument_count; i++)
		if (!invocation->arguments[i][0])
			return true;
	return false;
}

static bool is_asn(const char *text)
{
	size_t length = strlen(text);

	return length <= 10 && strspn(text, "0123456789") == length && atoll(text) >= 1 && atoll(text) <= UINT32_MAX;
}

/* One that stands in the usage without brackets. */
static bool lacks_option(const struct invocation *invocation, const struct command *command)
{
	return (strstr(command->usage, " --reason TEXT") && !invocation->reason) ||
	       (strstr(command->usage, " -f FILE") && !invocation->file);
}

enum parsed { PARSED, PARSED_HELP, PARSED_WRONG };

/* Options may stand anywhere; those of another command are refused once the command is known. */
static enum parsed parse(struct invocation *invocation, int argc, char **argv, const struct command **command)
{
	bool used[128] = {false};
	bool wants_help = false;
	int option, words;

	while ((option = getopt_long(argc, argv, "o:hf:", options, NULL)) != -1) {
		if (option == OPTION_HELP || option == 'h') {
			wants_help = true;
		} else if (option == OPTION_VERSION) {
			puts("peerctl " PACKAGE_VERSION);
			return PARSED_HELP;
		} else if (option == '?' || !take_option(invocation, option, optarg)) {
			return PARSED_WRONG;
		} else if (option < 128 && option != 'o') {
			used[option] = true;
		}
	}
	*command = find_command(argv + optind, argc - optind, &words);
	if (wants_help && !*command) {
		help(stdout);
		return PARSED_HELP;
	}
	if (!*command) {
		if (optind < argc && !tell_second_words(argv[optind]))
			fprintf(stderr, "peerctl: there is no command '%s'; see peerctl --help\n", argv[optind]);
		else if (optind == argc)
			help(stderr);
		return PARSED_WRONG;
	}
	if (wants_help) {
		command_help(*command);
		return PARSED_HELP;
	}
	for (const struct option *known = options; known->name; known++) {
		if (known->val < 128 && used[known->val] && !strchr((*command)->options, known->val)) {
			fprintf(stderr, "peerctl: '%s' takes no --%s; see peerctl %s --help\n", (*command)->name, known->name,
				(*command)->name);
			return PARSED_WRONG;
		}
	}
	invocation->arguments = argv + optind + words;
	invocation->argument_count = argc - optind - words;
	if (invocation->argument_count > (*command)->arguments ||
	    invocation->argument_count < (*command)->arguments - (*command)->optional ||
	    lacks_option(invocation, *command)) {
		fprintf(stderr, "usage: peerctl %s\n", (*command)->usage);
		return PARSED_WRONG;
	}
	if (has_empty_argument(invocation)) {
		fprintf(stderr, "peerctl: an argument is empty; usage: peerctl %s\n", (*command)->usage);
		return PARSED_WRONG;
	}
	if (strstr((*command)->usage, " ASN") && !is_asn(invocation->arguments[0])) {
		fprintf(stderr, "peerctl: ASN is a number from 1 to 4294967295, such as 64510, not '%s'\n", invocation->arguments[0]);
		return PARSED_WRONG;
	}
	if (invocation->confirm_manually && !invocation->confirm_seconds) {
		fputs("peerctl: --confirm-manually goes with --confirm S, the seconds within which somebody confirms\n", stderr);
		return PARSED_WRONG;
	}
	return PARSED;
}

int main(int argc, char **argv)
{
	struct invocation invocation = {0};
	const struct command *command = NULL;
	char error[CLIENT_ERROR_MAX];
	int code;

	setlocale(LC_ALL, "");
	/* The locale's decimal comma has no place in JSON. */
	setlocale(LC_NUMERIC, "C");
	curl_global_init(CURL_GLOBAL_DEFAULT);
	if (argc > 2 && strcmp(argv[1], "complete") == 0) {
		complete_words(argv + 2, argc - 2, commands, COMMAND_COUNT, options);
		curl_global_cleanup();
		return EXIT_DONE;
	}
	if (argc == 2 && strcmp(argv[1], "manual") == 0) {
		manual_print(commands, COMMAND_COUNT, (const char *const[]){reason_option, push_options, NULL},
			     common_help);
		return EXIT_DONE;
	}
	switch (parse(&invocation, argc, argv, &command)) {
	case PARSED_HELP:
		code = EXIT_DONE;
		break;
	case PARSED_WRONG:
		code = EXIT_USAGE;
		break;
	default:
		if (client_settings_complete(&invocation.settings, error, sizeof(error))) {
			code = command->run(&invocation, command);
		} else {
			fprintf(stderr, "peerctl: %s\n", error);
			code = EXIT_USAGE;
		}
	}
	client_settings_free(&invocation.settings);
	request_options_free(&invocation.request);
	curl_global_cleanup();
	/* A pipe that is full or gone must not pass for success. */
	if (fflush(stdout) != 0 && code == EXIT_DONE)
		code = EXIT_UNREACHED;
	return code;
}
