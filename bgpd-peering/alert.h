/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is logged for a person to act on: at level warning, ALERT in front, with a code that `show error CODE` explains.
 *
 * Any thread that may log.
 */
#ifndef PEERING_ALERT_H
#define PEERING_ALERT_H

#include "bgpd-peering/frr_compat.h"

/* Far behind those of bgpd's own, in bgpd's range. A code keeps its number: new ones come at the end. */
enum alert_code {
	EC_PEERING_OTHER = 0x02F00001,
	EC_PEERING_VIOLATION,	   /* something has passed a closed gate */
	EC_PEERING_WALL,	   /* a wall was missing, and was put up again */
	EC_PEERING_GATE_CLOSED,	   /* by a violation of an Active connection */
	EC_PEERING_CUT_OFF,	   /* beyond received-limit */
	EC_PEERING_BYPASS,
	EC_PEERING_JOURNAL_WRITE,
	EC_PEERING_JOURNAL_DAMAGE,
	EC_PEERING_INERT,
	EC_PEERING_DECLARATION,	   /* of a session that runs, or that has ended */
	EC_PEERING_DEFAULT_DENY,
	EC_PEERING_GUARD,	   /* what the boot guard has shut */
	EC_PEERING_STATE_FILE,
	EC_PEERING_CONTROLLER,
	EC_PEERING_OVERRIDDEN,
	EC_PEERING_CERTIFICATE,	   /* of the link to the controller: it ends, or has ended */
};

#define alert_as(code, format, ...) flog_warn(code, "peering: ALERT " format, ##__VA_ARGS__)
#define alert(format, ...) alert_as(EC_PEERING_OTHER, format, ##__VA_ARGS__)

/* Tells FRR what the codes mean. In frr_late_init. */
void alerts_init(void);

#endif
