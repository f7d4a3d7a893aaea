// Giving root away once the device is open: groups, group, user, and a look at whether it is gone for good
// (setuid(2), capabilities(7)). Node's calls go through the C library, which changes every thread of the process.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { EXIT, XportsError } from '../../base/errors.ts';
import { printable } from '../../base/text.ts';

/** Who the process goes on as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  /** All groups that the user is in. */
  readonly groups: readonly number[];
}

/**
 * Who called: `user` by name or number where it is given, otherwise the user behind sudo or doas; null where the
 * process is not root, or root itself called. Throws XportsError where there is no such user.
 */
export function accountToBe(user: string | null, env: NodeJS.ProcessEnv = process.env): Account | null {
  if (process.getuid === undefined) return null;
  const isRoot = process.geteuid?.() === 0;
  if (user !== null) {
    const account = lookUp(user);
    if (!isRoot && account.uid !== process.getuid()) {
      throw new XportsError(
        'usage',
        EXIT.usage,
        `--user ${printable(user)}: only root can become another user`,
      );
    }
    return isRoot ? account : null;
  }
  if (!isRoot) return null;
  const behind = env.SUDO_UID ?? env.DOAS_USER;
  if (behind === undefined || behind === '' || behind === '0') return null;
  return lookUp(behind);
}

/** Becomes the account, with its groups, and makes sure. Throws XportsError where anything of root is left. */
export function dropPrivileges(account: Account): void {
  const { uid, gid, groups } = account;
  process.setgroups?.([...groups]);
  process.setgid?.(gid);
  process.setuid?.(uid);
  const left = privilegesLeft(account);
  if (left === null) return;
  throw new XportsError('live', EXIT.noLive, `privileges could not be given away: ${left}`);
}

/** What of root is left, as a sentence; null for nothing. */
function privilegesLeft({ uid, gid }: Account): string | null {
  if (process.getuid?.() !== uid || process.geteuid?.() !== uid) return 'the user is still another';
  if (process.getgid?.() !== gid || process.getegid?.() !== gid) return 'the group is still another';
  if (uid !== 0 && canBeRootAgain()) return 'the process can become root again';
  const capabilities = effectiveCapabilities();
  return uid === 0 || capabilities === null || capabilities === 0n ? null : 'capabilities are left';
}

function canBeRootAgain(): boolean {
  try {
    process.setuid?.(0);
    return true;
  } catch {
    return false;
  }
}

/** The set of capabilities that works now (proc_pid_status(5), CapEff); null where there is no /proc. */
export function effectiveCapabilities(): bigint | null {
  try {
    const set = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'));
    return set === null ? null : BigInt(`0x${set[1]}`);
  } catch {
    return null;
  }
}

function lookUp(user: string): Account {
  try {
    const groups = ask('-G', user).split(' ').map(Number);
    return { uid: Number(ask('-u', user)), gid: Number(ask('-g', user)), groups };
  } catch {
    if (/^\d+$/.test(user)) return { uid: Number(user), gid: Number(user), groups: [Number(user)] };
    throw new XportsError('usage', EXIT.usage, `--user ${printable(user)}: there is no such user`);
  }
}

/** id(1) knows users of any directory service. */
function ask(what: string, user: string): string {
  return execFileSync('/usr/bin/id', [what, '--', user], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}
