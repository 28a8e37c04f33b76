/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POLICY_ALTERED_H
#define POLICY_ALTERED_H

#include "policy/policy.h"

/*
 * A proxy between the signer and us that rewrites what was signed breaks the signature as a
 * forger does. Known helpers leave traces: this names the one that would explain it (KAM-17,
 * KAM-20), for the operator's log. Static words; NULL: no trace, or none of what this
 * mechanism signs. A hint, never a reason to trust. Pure; any thread.
 */
const char *altered_by(const struct identity_facts *facts, enum identity_mechanism mechanism);

#endif
