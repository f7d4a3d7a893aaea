// From the text of a policy file to what it says. Whatever is wrong is told with its line and column, all at once.

import { LineCounter, parseDocument } from 'yaml';
import { EXIT, XportsError } from '../base/errors.ts';
import { SERVICE_IDS } from '../service/catalog.ts';
import { Checker, type Place, type Problem } from './check.ts';
import type { ExceptionRule, Policy, Range } from './policy.ts';
import { profileServices } from './profiles.ts';
import { POLICY_SCHEMA } from './schema.ts';
import { isNetwork } from './servers.ts';
import type { FindingKind, ProfileName, Role, Severity } from './terms.ts';

const MOST_BYTES = 1 << 20;
const FIRST_DYNAMIC_PORT = 1024;
const UNLISTED = 'unlisted';

type OneOrMore<T> = T | readonly T[];

/** The file as YAML gives it once it fits the schema. */
interface Written {
  readonly profile?: ProfileName;
  readonly servers?:
    | readonly (string | { readonly address: OneOrMore<string>; readonly role?: Role })[]
    | null;
  readonly 'rpc-ranges'?: readonly string[] | null;
  readonly services?: readonly WrittenService[] | null;
  readonly denied?: readonly WrittenRule[] | null;
  readonly exceptions?:
    | readonly (WrittenRule & { readonly expires?: string; readonly reason: string })[]
    | null;
  readonly mirrors?: readonly string[] | null;
  readonly tunnels?:
    | readonly { readonly between: readonly OneOrMore<string>[]; readonly reason: string }[]
    | null;
  readonly severities?: readonly (WrittenRule & { readonly severity: Severity })[] | null;
}

interface WrittenService {
  readonly name: string;
  readonly transport: 'tcp' | 'udp';
  readonly ports: OneOrMore<string | number>;
  readonly from?: OneOrMore<string>;
  readonly to?: OneOrMore<string>;
  readonly reason?: string;
}

interface WrittenRule {
  readonly initiator?: OneOrMore<string>;
  readonly responder?: OneOrMore<string>;
  readonly transport?: string;
  readonly ports?: OneOrMore<string | number>;
  readonly service?: string;
  readonly reason?: string;
  readonly kind?: FindingKind;
}

export interface Parsed {
  /** Null where there are problems. */
  readonly policy: Policy | null;
  /** In the order of the file. */
  readonly problems: readonly Problem[];
}

/** Reads a policy. Throws a usage error (exit code 2) with a line for every problem, `name:line:column: what`. */
export function readPolicy(name: string, text: string): Policy {
  const { policy, problems } = parsePolicy(text, name);
  if (policy !== null) return policy;
  const many = problems.length === 1 ? 'one mistake' : `${problems.length} mistakes`;
  const lines = problems.map(({ line, column, text: what }) => `${name}:${line}:${column}: ${what}`);
  throw new XportsError(
    'usage',
    EXIT.usage,
    [`${name} has ${many}`, ...lines].join('\n'),
    'docs/policy.md says what is accepted; to begin with a policy that is valid: xports policy init',
  );
}

/** `name` is that of the file. */
export function parsePolicy(text: string, name = ''): Parsed {
  if (Buffer.byteLength(text) > MOST_BYTES) {
    return { policy: null, problems: [{ line: 1, column: 1, text: 'a policy has at most 1 MiB' }] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    version: '1.2',
    merge: false,
  });
  const checker = new Checker(document, lines);
  for (const error of document.errors) checker.at(error.pos[0], error.message);
  if (checker.problems.length === 0) checker.check(POLICY_SCHEMA);
  if (checker.problems.length > 0) return { policy: null, problems: inOrder(checker.problems) };
  const written = (document.toJS() ?? {}) as Written;
  const lineOf = (place: Place) => {
    const node = document.getIn(place, true) as { readonly range?: readonly number[] } | undefined;
    return lines.linePos(node?.range?.[0] ?? 0).line;
  };
  const policy = new Reading(checker, lineOf).policy(name, text, written);
  return checker.problems.length > 0
    ? { policy: null, problems: inOrder(checker.problems) }
    : { policy, problems: [] };
}

function inOrder(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
}

/** What a schema cannot tell: whether an address, a date or a name makes sense. */
class Reading {
  private readonly checker: Checker;
  private readonly lineOf: (place: Place) => number;

  constructor(checker: Checker, lineOf: (place: Place) => number) {
    this.checker = checker;
    this.lineOf = lineOf;
  }

  policy(path: string, text: string, written: Written): Policy {
    const profile = written.profile ?? null;
    const own = (written.services ?? []).map(({ name }) => name);
    const names = [...SERVICE_IDS, ...profileServices('microsoft').map(({ id }) => id), ...own];
    return {
      path,
      text,
      profile,
      servers: (written.servers ?? []).map((entry, i) =>
        typeof entry === 'string'
          ? { networks: this.networks(['servers', i], entry), role: null }
          : { networks: this.networks(['servers', i, 'address'], entry.address), role: entry.role ?? null },
      ),
      rpcRanges: (written['rpc-ranges'] ?? []).map((range, i) => this.rpcRange(['rpc-ranges', i], range)),
      services: (written.services ?? []).map((service, i) => ({
        name: this.ownName(['services', i, 'name'], service.name),
        transport: service.transport,
        ports: this.ranges(['services', i, 'ports'], service.ports),
        from: this.optionalNetworks(['services', i, 'from'], service.from),
        to: this.optionalNetworks(['services', i, 'to'], service.to),
        reason: service.reason ?? null,
      })),
      denied: (written.denied ?? []).map((rule, i) => {
        if (rule.service === undefined && rule.ports === undefined) {
          this.checker.say(['denied', i], 'this entry needs a service or ports');
        }
        return {
          service: this.known(['denied', i, 'service'], rule.service, names),
          transport: (rule.transport as 'tcp' | 'udp' | undefined) ?? null,
          ports: this.optionalRanges(['denied', i, 'ports'], rule.ports),
          reason: rule.reason ?? null,
        };
      }),
      exceptions: (written.exceptions ?? []).map((rule, i): ExceptionRule => {
        const at = ['exceptions', i] as const;
        if (Object.keys(rule).every((key) => key === 'reason' || key === 'expires')) {
          this.checker.say(at, 'this exception names nothing, so it would allow everything');
        }
        return {
          line: this.lineOf(at),
          initiator: this.optionalNetworks([...at, 'initiator'], rule.initiator),
          responder: this.optionalNetworks([...at, 'responder'], rule.responder),
          transport: rule.transport ?? null,
          ports: this.optionalRanges([...at, 'ports'], rule.ports),
          service: this.known([...at, 'service'], rule.service, [UNLISTED, ...names]),
          reason: rule.reason,
          expires: this.date([...at, 'expires'], rule.expires),
        };
      }),
      mirrors: (written.mirrors ?? []).flatMap((entry, i) => this.networks(['mirrors', i], entry)),
      tunnels: (written.tunnels ?? []).map(({ between, reason }, i) => ({
        between: [
          this.networks(['tunnels', i, 'between', 0], between[0]),
          this.networks(['tunnels', i, 'between', 1], between[1]),
        ],
        reason,
      })),
      severities: (written.severities ?? []).map((rule, i) => {
        if (rule.kind === undefined && rule.ports === undefined) {
          this.checker.say(['severities', i], 'this entry needs a kind or ports');
        }
        return {
          kind: rule.kind ?? null,
          transport: rule.transport ?? null,
          ports: this.optionalRanges(['severities', i, 'ports'], rule.ports),
          severity: rule.severity,
        };
      }),
    };
  }

  private networks(place: Place, given: OneOrMore<string>): readonly string[] {
    const entries = typeof given === 'string' ? [given] : given;
    for (const [i, entry] of entries.entries()) {
      if (isNetwork(entry)) continue;
      const at = typeof given === 'string' ? place : [...place, i];
      this.checker.say(at, `"${entry}" is neither an address nor a network`);
    }
    return entries;
  }

  private optionalNetworks(place: Place, given: OneOrMore<string> | undefined): readonly string[] | null {
    return given === undefined ? null : this.networks(place, given);
  }

  private ranges(place: Place, given: OneOrMore<string | number>): readonly Range[] {
    const entries = typeof given === 'object' ? given : [given];
    return entries.map((entry, i): Range => {
      if (typeof entry === 'number') return [entry, entry];
      const [first, last] = entry.split('-').map(Number);
      if (first > last || last > 65_535) {
        this.checker.say(
          typeof given === 'object' ? [...place, i] : place,
          `"${entry}" is no range of ports: FIRST-LAST, up to 65535`,
        );
      }
      return [first, last];
    });
  }

  private optionalRanges(
    place: Place,
    given: OneOrMore<string | number> | undefined,
  ): readonly Range[] | null {
    return given === undefined ? null : this.ranges(place, given);
  }

  private rpcRange(place: Place, given: string): Range {
    const [range] = this.ranges(place, given);
    if (range[0] < FIRST_DYNAMIC_PORT) this.checker.say(place, "RPC's dynamic ports are those from 1024 on");
    return range;
  }

  private ownName(place: Place, name: string): string {
    if (name === UNLISTED || name === 'rpc-dynamic') {
      this.checker.say(place, `"${name}" is a name of xports' own; name RPC's ports under rpc-ranges`);
    }
    return name;
  }

  private known(place: Place, name: string | undefined, names: readonly string[]): string | null {
    if (name !== undefined && !names.includes(name)) {
      this.checker.say(
        place,
        `there is no service "${name}": xports services lists them, and services: adds some`,
      );
    }
    return name ?? null;
  }

  private date(place: Place, text: string | undefined): string | null {
    if (text === undefined) return null;
    const time = Date.parse(`${text}T00:00:00Z`);
    // 2026-02-30 would become March.
    if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== text) {
      this.checker.say(place, `there is no day ${text}`);
    }
    return text;
  }
}
