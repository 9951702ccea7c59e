// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/alert.h"

#include "lib/ferr.h"

static struct log_ref references[] = {
	{
		.code = EC_PEERING_OTHER,
		.title = "Peering: somebody has to look",
		.description = "Something is not as it was asked for; the message says what.",
		.suggestion = "Do what the message says, and see `show peering problems`.",
	},
	{
		.code = EC_PEERING_VIOLATION,
		.title = "Peering: something has passed a closed gate",
		.description = "The audit has found a route of a gated peer in a table, or one that was sent to it. The session was shut.",
		.suggestion = "Keep the log and `show peering NAME json`, report both, then `clear peering violation NAME`.",
	},
	{
		.code = EC_PEERING_WALL,
		.title = "Peering: a wall of a closed gate was missing",
		.description = "One of several things that keep a gate closed was taken away, by another program or by a fault, and was put up again. Nothing has passed.",
		.suggestion = "Look for who has typed or pushed configuration at that time. Report it where nobody has.",
	},
	{
		.code = EC_PEERING_GATE_CLOSED,
		.title = "Peering: a violation has closed a gate",
		.description = "A required check fails on a connection that is Active with on-violation deny, or many did and no more gates close for now.",
		.suggestion = "`show peering NAME` says what it costs and what to do; `peering NAME reopen` once the check passes.",
	},
	{
		.code = EC_PEERING_CUT_OFF,
		.title = "Peering: a session was cut off",
		.description = "The peer of a gated session has sent more prefixes than its received-limit, and got a Cease.",
		.suggestion = "Ask the peer, or raise received-limit; then `clear bgp ADDRESS`.",
	},
	{
		.code = EC_PEERING_BYPASS,
		.title = "Peering: a bypass holds gates open",
		.description = "An operator has opened gates whatever the validation says.",
		.suggestion = "`no peering bypass NAME` or `no peering bypass all` as soon as it is not needed any more.",
	},
	{
		.code = EC_PEERING_JOURNAL_WRITE,
		.title = "Peering: the journal cannot be written",
		.description = "What the module decides cannot be made durable. What closes takes effect, and nothing opens.",
		.suggestion = "Make room on the disk, or mount it writable; the module tries again by itself.",
	},
	{
		.code = EC_PEERING_JOURNAL_DAMAGE,
		.title = "Peering: a part of the journal cannot be read",
		.description = "What it may have said is taken to be that the gate is closed.",
		.suggestion = "Look with `show peering`, then `adopt` or `activate` again what carried traffic.",
	},
	{
		.code = EC_PEERING_INERT,
		.title = "Peering: the module does nothing in this bgpd",
		.description = "bgpd has crashed too often with it, or is of another build. Sessions that were gated may be open.",
		.suggestion = "Keep the log and cores. `clear peering crashes` and a restart of bgpd, or the package of this FRR, bring it back.",
	},
	{
		.code = EC_PEERING_DECLARATION,
		.title = "Peering: a line says something else than what runs",
		.description = "A connection was declared for a session that is up, or says adopted without a record of it.",
		.suggestion = "`peering NAME adopt` takes it as it runs; the message says what else there is.",
	},
	{
		.code = EC_PEERING_DEFAULT_DENY,
		.title = "Peering: default-deny needs somebody",
		.description = "It gates neighbors that nobody has adopted, or could not be switched on.",
		.suggestion = "`peering adopt all dry-run`, then `peering adopt all` for those that carried traffic.",
	},
	{
		.code = EC_PEERING_GUARD,
		.title = "Peering: the boot guard has shut something",
		.description = "bgpd was started without the module, and what was gated was kept shut. It stays so until somebody says what it is.",
		.suggestion = "Declare it, or take out the `shutdown` where it is to run as it is.",
	},
	{
		.code = EC_PEERING_STATE_FILE,
		.title = "Peering: a state file is not taken over as it stands",
		.description = "An export or import has failed, or what it says of a connection is not taken.",
		.suggestion = "`show peering state-file`; what is gated meanwhile can be adopted or activated by hand.",
	},
	{
		.code = EC_PEERING_CONTROLLER,
		.title = "Peering: the controller is not reached",
		.description = "Reports wait in the journal. Nothing on the router needs the controller.",
		.suggestion = "The message says what fails: name, address, TCP, TLS or the certificate.",
	},
	{
		.code = EC_PEERING_OVERRIDDEN,
		.title = "Peering: a connection was activated by force",
		.description = "An operator has opened its gates whatever the validation said.",
		.suggestion = "`show peering NAME checks`; `clear peering overridden NAME` once that is as it should be.",
	},
	{
		.code = EC_PEERING_CERTIFICATE,
		.title = "Peering: a certificate of the link to the controller ends",
		.description = "Once it has ended the controller is not reached any more. No gate and no session looks at it.",
		.suggestion = "Put the new files in the place of the old ones; they are read at once, without a restart.",
	},
	{.code = END_FERR},
};

void alerts_init(void)
{
	log_ref_add(references);
}
