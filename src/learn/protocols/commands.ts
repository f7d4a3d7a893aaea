// Commands of a client that logs in, line by line, until it is past that: what comes after is mail and news, in which
// any line may look like a command.

import { CLEARTEXT_LOGIN, P } from '../facts.ts';
import { isAt, lineEnd, word } from '../text.ts';
import { ldapCommand } from './directory.ts';
import { imapCommand, nntpCommand, pop3Command, smtpCommand } from './mail.ts';

/** The client is past logging in; beside the facts of facts.ts. */
export const LOGIN_OVER = 1 << 11;
/** Commands may be sent several at a time; so many lines of one payload are read. */
const MAX_LINES = 8;
const PAST_LOGIN = [
  'MAIL FROM',
  'RCPT TO',
  'DATA',
  'BDAT',
  'STAT',
  'RETR',
  'POST',
  'IHAVE',
  'GROUP',
  'ARTICLE',
].map(word);

/** True for protocols whose client's commands are read. */
export function isCommanded(protocol: number): boolean {
  return (
    protocol === P.smtp ||
    protocol === P.pop3 ||
    protocol === P.imap ||
    protocol === P.nntp ||
    protocol === P.ldap
  );
}

/** STARTTLS, CLEARTEXT_LOGIN and LOGIN_OVER, as far as one payload of the client says so. */
export function commandFacts(protocol: number, view: DataView, at: number, to: number): number {
  let facts = protocol === P.ldap ? ldapCommand(view, at, to) : 0;
  if (protocol === P.ldap) return (facts & CLEARTEXT_LOGIN) !== 0 ? facts | LOGIN_OVER : facts;
  let line = at;
  for (let i = 0; i < MAX_LINES && line < to; i++) {
    for (const verb of PAST_LOGIN) if (isAt(view, line, to, verb)) return facts | LOGIN_OVER;
    facts |= factsOfLine(protocol, view, line, to);
    if ((facts & CLEARTEXT_LOGIN) !== 0) return facts | LOGIN_OVER;
    line = lineEnd(view, line, to) + 1;
    if (line < to && view.getUint8(line) === 10) line++;
  }
  return facts;
}

function factsOfLine(protocol: number, view: DataView, at: number, to: number): number {
  switch (protocol) {
    case P.smtp:
      return smtpCommand(view, at, to);
    case P.pop3:
      return pop3Command(view, at, to);
    case P.imap:
      return imapCommand(view, at, to);
    case P.nntp:
      return nntpCommand(view, at, to);
    default:
      return 0;
  }
}
