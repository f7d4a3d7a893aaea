// Options that say what is allowed, and reading the file that one of them names.

import { readFileSync } from 'node:fs';
import { Option } from 'commander';
import { EXIT, reasonOf, XportsError } from '../base/errors.ts';
import { printable } from '../base/text.ts';
import { readPolicy } from '../policy/document.ts';
import type { Policy } from '../policy/policy.ts';
import { PROFILES } from '../policy/terms.ts';

/** Left out, the policy's profile counts, and without one the allow-list. */
export function profileOption(): Option {
  return new Option(
    '--profile <name>',
    "what is allowed (allow-list, or the policy's, unless given)",
  ).choices(PROFILES);
}

/** Its value is a Policy: the file is read while options are. */
export function policyOption(): Option {
  return new Option('--policy <file>', 'a policy: what else is allowed, denied or excepted').argParser(
    policyOfFile,
  );
}

/** Throws a usage error where the file cannot be read or is no policy. */
export function policyOfFile(path: string): Policy {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new XportsError(
      'usage',
      EXIT.usage,
      `the policy ${printable(path)} cannot be read: ${reasonOf(error)}`,
      'to write one: xports policy init --output exchange.yaml',
    );
  }
  return readPolicy(printable(path), text);
}
