// What is new among the findings of a run, from one checkpoint to the next: each is told once, and told again as
// resolved where it turns out to be void.

import type { Finding, Findings } from '../audit/findings.ts';
import { type FindingKind, SEVERITIES, type Severity } from '../audit/terms.ts';
import type { FindingText } from '../audit/words.ts';
import { transportName } from '../base/transport.ts';
import type { FindingViewRow } from '../store/rows.ts';
import type { AddressTexts } from '../store/sink.ts';

/** A finding as it is told: the columns of the view `findings` as they were then, in the same units. */
export interface FindingNote extends Omit<FindingViewRow, 'finding_id'> {
  readonly kind: FindingKind;
  readonly severity: Severity;
  readonly status: 'open' | 'resolved';
  readonly initiator: string;
  /** Of a resolved one: the kind of the finding that it is a part of from now on; null where it is void. */
  readonly part_of: FindingKind | null;
}

export interface News {
  /** How many findings are open, by severity. */
  readonly open: Readonly<Record<Severity, number>>;
  /** New ones, then those that are resolved. */
  readonly notes: readonly FindingNote[];
}

interface Known {
  /** Null until it is told. */
  note: FindingNote | null;
  seenAt: number;
  readonly protocol: number;
  readonly responderId: number | null;
  readonly port: number | null;
}

/** Compares the findings of one run's checkpoints. */
export class FindingNews {
  private readonly known = new Map<string, Known>();
  private readonly runId: number;
  private readonly addresses: AddressTexts;
  private checkpoint = 0;

  constructor(runId: number, addresses: AddressTexts) {
    this.runId = runId;
    this.addresses = addresses;
  }

  /**
   * A finding is told at the second checkpoint that has it, since a label may still be learned; at the `final` one
   * nothing more is.
   */
  of({ findings, texts }: Findings, final: boolean): News {
    const open = Object.fromEntries(SEVERITIES.map((severity) => [severity, 0])) as Record<Severity, number>;
    const notes: FindingNote[] = [];
    const at = ++this.checkpoint;
    const standing = findings.filter(({ status }) => status === 'open');
    for (const finding of standing) {
      open[finding.severity]++;
      const key = keyOf(finding);
      let known = this.known.get(key);
      const isNew = known === undefined;
      if (known === undefined) {
        const { protocol, responderId, port } = finding;
        known = { note: null, seenAt: at, protocol, responderId, port };
        this.known.set(key, known);
      }
      known.seenAt = at;
      if (known.note !== null || (isNew && !final)) continue;
      known.note = this.note(finding, texts[finding.text]);
      notes.push(known.note);
    }
    for (const [key, known] of this.known) {
      if (known.seenAt === at) continue;
      this.known.delete(key);
      if (known.note === null) continue;
      notes.push({ ...known.note, status: 'resolved', part_of: takenUpBy(known, standing) });
    }
    return { open, notes };
  }

  private note(finding: Finding, text: FindingText): FindingNote {
    const { addresses } = this;
    const { kind, severity, status, port, responderId, initiators, flows, packets, bytes, outcome } = finding;
    const transport = transportName(finding.protocol);
    const responder = responderId === null ? null : addresses.text(responderId);
    const initiator = addresses.text(finding.initiatorId);
    const values: Readonly<Record<string, string | number>> = {
      responder: responder ?? '',
      initiator,
      initiators,
      port: port ?? '',
      transport,
      flows,
    };
    const filled = (words: string) => words.replace(/\{(\w+)\}/g, (all, name) => String(values[name] ?? all));
    return {
      run_id: this.runId,
      kind,
      severity,
      status,
      transport,
      port,
      responder,
      initiator,
      initiators,
      flows,
      packets,
      bytes,
      outcome,
      first_seen_us: finding.firstSeenUs,
      last_seen_us: finding.lastSeenUs,
      title: filled(text.title),
      explanation: filled(text.explanation),
      suggestion: filled(text.suggestion),
      part_of: null,
    };
  }
}

function keyOf({ kind, responderId, protocol, port }: Finding): string {
  return `${kind} ${responderId} ${protocol} ${port}`;
}

/** The kind of the finding that draws together what this one told of, such as a scan; null for none. */
function takenUpBy(known: Known, findings: readonly Finding[]): FindingKind | null {
  const larger = findings.find(
    ({ protocol, responderId, port }) =>
      protocol === known.protocol &&
      ((port === null && known.port !== null && responderId === known.responderId) ||
        (responderId === null && known.responderId !== null && port === known.port)),
  );
  return larger?.kind ?? null;
}
