// SMTP (RFC 5321, RFC 3207, RFC 4954; Exchange's own verbs by MS-OXSMTP and MS-XLOGIN), POP3 (RFC 1939, RFC 2595, RFC
// 5034), IMAP (RFC 9051) and NNTP (RFC 3977, RFC 4642, RFC 4643): greetings, commands, logins. FTP (RFC 959) is told
// apart from SMTP, whose greeting looks the same.

import { BY_CLIENT, BY_SERVER, CLEARTEXT_LOGIN, P, STARTTLS } from '../facts.ts';
import { isAt, isDigit, isText, isWithin, isWordEnd, lineEnd, SPACE, whichAt, word } from '../text.ts';

const MINUS = 45;
const STAR = 42;
/** Mechanisms that send a password or a token as it is. */
const CLEAR_MECHANISMS = ['PLAIN', 'LOGIN', 'XOAUTH2', 'OAUTHBEARER'].map(word);

const SMTP_PORTS = [25, 26, 465, 475, 587, 717, 2525];
const SMTP_GREETINGS = ['220', '421', '554'].map(word);
const SMTP_WORDS = ['SMTP', 'POSTFIX', 'SENDMAIL', 'EXIM', 'MAIL SERVICE', ' MX '].map(word);
const SMTP_HELLOS = ['EHLO ', 'HELO ', 'LHLO ', 'MAIL FROM:', 'RCPT TO:', 'XPROXY ', 'XPROXYFROM '].map(word);
const SMTP_STARTTLS = ['STARTTLS', 'X-ANONYMOUSTLS'].map(word);
const FTP_PORT = 21;
const FTP_WORDS = ['FTP', 'FILEZILLA'].map(word);
const AUTH = word('AUTH ');
const POP3_PORTS = [110, 995, 1995];
const IMAP_PORTS = [143] as const;
const POP3_OK = word('+OK');
const POP3_ERROR = word('-ERR');
const POP3_OPENINGS = ['CAPA', 'STLS', 'APOP ', 'AUTH', 'USER ', 'QUIT'].map(word);
const POP3_STLS = word('STLS');
const POP3_LOGINS = ['USER ', 'PASS '].map(word);
const IMAP_GREETINGS = ['OK', 'PREAUTH', 'BYE'].map(word);
const IMAP_COMMANDS = [
  'CAPABILITY',
  'LOGIN',
  'AUTHENTICATE',
  'STARTTLS',
  'NOOP',
  'ID',
  'LOGOUT',
  'SELECT',
  'EXAMINE',
  'LIST',
  'LSUB',
  'STATUS',
  'NAMESPACE',
  'ENABLE',
  'UID',
  'FETCH',
  'IDLE',
].map(word);
const IMAP = { login: 1, authenticate: 2, startTls: 3 } as const;
const IMAP_TAG_MAX = 20;
const NNTP_PORTS = [119, 433, 563];
const NNTP_GREETINGS = ['200', '201', '400', '502'].map(word);
const NNTP_WORDS = ['NNTP', 'NEWS', 'INN '].map(word);
const NNTP_OPENINGS = ['MODE READER', 'AUTHINFO ', 'CAPABILITIES', 'XOVER ', 'MODE STREAM'].map(word);
const NNTP_LOGINS = ['AUTHINFO USER ', 'AUTHINFO PASS '].map(word);
const NNTP_STARTTLS = word('STARTTLS');
const AUTHENTICATE = word('AUTHINFO SASL ');

const isAny = (ports: readonly number[], srcPort: number, dstPort: number) =>
  ports.includes(srcPort) || ports.includes(dstPort);

function holdsAny(view: DataView, at: number, end: number, words: readonly Uint8Array[]): boolean {
  for (const one of words) if (isWithin(view, at, end, one)) return true;
  return false;
}

const isReply = (view: DataView, at: number, end: number) =>
  end - at > 4 && (view.getUint8(at + 3) === SPACE || view.getUint8(at + 3) === MINUS);

/** SMTP, FTP or NNTP by a greeting with a number, which needs words of its own or a port to tell; 0 for none. */
function lookGreeting(view: DataView, at: number, end: number, srcPort: number, dstPort: number): number {
  if (!isReply(view, at, end)) return 0;
  const line = lineEnd(view, at, end);
  if (!isText(view, at, line)) return 0;
  if (whichAt(view, at, end, SMTP_GREETINGS) >= 0) {
    if (holdsAny(view, at + 4, line, SMTP_WORDS)) return P.smtp | BY_SERVER;
    if (holdsAny(view, at + 4, end, FTP_WORDS) || isAny([FTP_PORT], srcPort, dstPort))
      return P.ftp | BY_SERVER;
    if (isAny(SMTP_PORTS, srcPort, dstPort)) return P.smtp | BY_SERVER;
  }
  if (whichAt(view, at, end, NNTP_GREETINGS) >= 0) {
    if (holdsAny(view, at + 4, line, NNTP_WORDS) || isAny(NNTP_PORTS, srcPort, dstPort))
      return P.nntp | BY_SERVER;
  }
  return 0;
}

/** What the first payload of one direction says of the protocols of mail and news; 0 where it is none of them. */
export function lookMail(view: DataView, at: number, end: number, srcPort: number, dstPort: number): number {
  if (end - at < 4) return 0;
  const first = view.getUint8(at);
  if (isDigit(first))
    return lookGreeting(view, at, end, srcPort, dstPort) || lookImapCommand(view, at, end, srcPort, dstPort);
  if (first === STAR) return lookImapGreeting(view, at, end);
  if (isAt(view, at, end, POP3_OK) || isAt(view, at, end, POP3_ERROR)) {
    return lookPop3Greeting(view, at, end, srcPort, dstPort);
  }
  if (!isText(view, at, lineEnd(view, at, end))) return 0;
  if (whichAt(view, at, end, SMTP_HELLOS) >= 0) return P.smtp | BY_CLIENT | smtpCommand(view, at, end);
  if (isAny(POP3_PORTS, srcPort, dstPort) && whichAt(view, at, end, POP3_OPENINGS) >= 0) {
    return P.pop3 | BY_CLIENT | pop3Command(view, at, end);
  }
  if (whichAt(view, at, end, NNTP_OPENINGS) >= 0) return P.nntp | BY_CLIENT | nntpCommand(view, at, end);
  return lookImapCommand(view, at, end, srcPort, dstPort);
}

/** `+OK` alone is also what other servers answer: words must follow, or the port be POP3's. */
function lookPop3Greeting(view: DataView, at: number, end: number, srcPort: number, dstPort: number): number {
  const line = lineEnd(view, at, end);
  if (!isText(view, at, line)) return 0;
  if (isAny(POP3_PORTS, srcPort, dstPort)) return P.pop3 | BY_SERVER;
  return line - at > POP3_OK.length + 2 && view.getUint8(at + POP3_OK.length) === SPACE && line < end
    ? P.pop3 | BY_SERVER
    : 0;
}

function lookImapGreeting(view: DataView, at: number, end: number): number {
  if (view.getUint8(at + 1) !== SPACE || !isText(view, at, lineEnd(view, at, end))) return 0;
  const which = whichAt(view, at + 2, end, IMAP_GREETINGS);
  if (which < 0 || !isWordEnd(view, at + 2 + IMAP_GREETINGS[which].length, end)) return 0;
  return P.imap | BY_SERVER;
}

function lookImapCommand(view: DataView, at: number, end: number, srcPort: number, dstPort: number): number {
  // A tag may be anything; without a greeting before it, one with a digit is asked for.
  const isTag = isAny(IMAP_PORTS, srcPort, dstPort) || hasDigit(view, at, imapTagEnd(view, at, end));
  if (!isTag || imapCommandAt(view, at, end) < 0) return 0;
  if (!isText(view, at, lineEnd(view, at, end))) return 0;
  return P.imap | BY_CLIENT | imapCommand(view, at, end);
}

/** A tag, and which command comes after it; -1 for none. */
function imapCommandAt(view: DataView, at: number, end: number): number {
  const command = imapTagEnd(view, at, end);
  if (command < 0) return -1;
  const which = whichAt(view, command, end, IMAP_COMMANDS);
  return which >= 0 && isWordEnd(view, command + IMAP_COMMANDS[which].length, end) ? which : -1;
}

/** Where the command begins after a tag of printable characters; -1 for none. */
function imapTagEnd(view: DataView, at: number, end: number): number {
  for (let i = at; i < end && i - at <= IMAP_TAG_MAX; i++) {
    const code = view.getUint8(i);
    if (code === SPACE) return i > at ? i + 1 : -1;
    if (code < SPACE || code > 126) return -1;
  }
  return -1;
}

function hasDigit(view: DataView, at: number, end: number): boolean {
  for (let i = at; i < end; i++) if (isDigit(view.getUint8(i))) return true;
  return false;
}

const isClearMechanism = (view: DataView, at: number, end: number) => {
  const which = whichAt(view, at, end, CLEAR_MECHANISMS);
  return which >= 0 && isWordEnd(view, at + CLEAR_MECHANISMS[which].length, end);
};

/** Facts in an SMTP client's command: 0, STARTTLS or CLEARTEXT_LOGIN. */
export function smtpCommand(view: DataView, at: number, end: number): number {
  const which = whichAt(view, at, end, SMTP_STARTTLS);
  if (which >= 0 && isWordEnd(view, at + SMTP_STARTTLS[which].length, end)) return STARTTLS;
  const auth = isAt(view, at, end, AUTH);
  return auth && isClearMechanism(view, at + AUTH.length, end) ? CLEARTEXT_LOGIN : 0;
}

/** The same for POP3. */
export function pop3Command(view: DataView, at: number, end: number): number {
  if (isAt(view, at, end, POP3_STLS) && isWordEnd(view, at + POP3_STLS.length, end)) return STARTTLS;
  if (whichAt(view, at, end, POP3_LOGINS) >= 0) return CLEARTEXT_LOGIN;
  return smtpCommand(view, at, end) & CLEARTEXT_LOGIN;
}

/** The same for IMAP. */
export function imapCommand(view: DataView, at: number, end: number): number {
  const which = imapCommandAt(view, at, end);
  if (which === IMAP.startTls) return STARTTLS;
  if (which === IMAP.login) return CLEARTEXT_LOGIN;
  if (which !== IMAP.authenticate) return 0;
  const mechanism = imapTagEnd(view, at, end) + IMAP_COMMANDS[which].length + 1;
  return isClearMechanism(view, mechanism, end) ? CLEARTEXT_LOGIN : 0;
}

/** The same for NNTP. */
export function nntpCommand(view: DataView, at: number, end: number): number {
  if (isAt(view, at, end, NNTP_STARTTLS) && isWordEnd(view, at + NNTP_STARTTLS.length, end)) return STARTTLS;
  if (whichAt(view, at, end, NNTP_LOGINS) >= 0) return CLEARTEXT_LOGIN;
  const sasl = isAt(view, at, end, AUTHENTICATE);
  return sasl && isClearMechanism(view, at + AUTHENTICATE.length, end) ? CLEARTEXT_LOGIN : 0;
}
