// What the page is given: one JSON document. Addresses stand in a list of their own and are named by their place in it,
// and so do sentences that many findings share. Times are microseconds since the epoch.

/** Place of an address in `addresses`; -1 for none. */
export type AddressNo = number;

export interface PageModel {
  readonly version: string;
  readonly madeAtUs: number;
  readonly anonymized: boolean;
  readonly run: RunModel;
  readonly verdict: VerdictModel;
  readonly addresses: readonly string[];
  readonly findings: FindingsModel;
  readonly verdicts: readonly AmountModel[];
  readonly services: readonly ServiceModel[];
  readonly servicesTotal: number;
  readonly traffic: TrafficModel;
  readonly matrices: readonly MatrixModel[];
  readonly pairs: PairsModel;
  readonly hosts: HostsModel;
  readonly endpoints: readonly EndpointModel[];
  readonly unused: readonly UnusedModel[];
  readonly exceptions: readonly ExceptionModel[];
  readonly rules: readonly RulesModel[];
  readonly trust: TrustModel;
}

export interface RunModel {
  readonly id: number;
  readonly status: string;
  readonly sensor: string;
  readonly sources: readonly { readonly name: string; readonly detail: string }[];
  readonly sourcesTotal: number;
  readonly firstUs: number | null;
  readonly lastUs: number | null;
  readonly packets: number;
  readonly bytes: number;
  readonly flows: number;
  readonly profile: string;
  readonly hasPolicy: boolean;
  readonly servers: string | null;
}

export interface VerdictModel {
  readonly tone: 'bad' | 'warn' | 'good' | 'none';
  readonly sentence: string;
  readonly detail: string;
}

export interface AmountModel {
  readonly name: string;
  readonly flows: number;
  readonly packets: number;
  readonly bytes: number;
}

export interface FindingModel {
  readonly id: number;
  readonly severity: string;
  readonly status: string;
  readonly kind: string;
  readonly title: string;
  /** Places in `texts`. */
  readonly explanation: number;
  readonly suggestion: number;
  readonly transport: string;
  readonly port: number | null;
  readonly responder: AddressNo;
  readonly initiator: AddressNo;
  readonly initiators: number;
  readonly flows: number;
  readonly packets: number;
  readonly bytes: number;
  readonly outcome: string;
  readonly firstUs: number;
  readonly lastUs: number;
}

/** One initiator behind a finding: address, flows, packets, bytes, first and last seen. */
export type WitnessCells = readonly [AddressNo, number, number, number, number, number];

export interface FindingsModel {
  readonly counts: Readonly<Record<string, number>>;
  readonly total: number;
  readonly texts: readonly string[];
  /** Values of FindingModel, in the order of FINDING_FIELDS. */
  readonly rows: readonly (readonly (string | number | null)[])[];
  /** Initiators of a finding by its number, those with most bytes first. */
  readonly witnesses: Readonly<Record<number, readonly WitnessCells[]>>;
}

export interface ServiceModel {
  readonly service: string;
  readonly label: string;
  readonly transport: string;
  readonly port: number | null;
  readonly verdict: string;
  readonly flows: number;
  readonly packets: number;
  readonly bytes: number;
  readonly initiators: number;
  readonly responders: number;
  readonly firstUs: number;
  readonly lastUs: number;
}

export interface TrafficModel {
  readonly widthUs: number;
  /** The beginnings of stretches of `widthUs`, without gaps. */
  readonly startUs: number;
  readonly buckets: number;
  readonly series: readonly SeriesModel[];
}

export interface SeriesModel {
  readonly name: string;
  readonly label: string;
  /** Pairs of a bucket's number and what it had; buckets that are not named had nothing. */
  readonly packets: readonly number[];
  readonly bytes: readonly number[];
}

export interface MatrixModel {
  readonly id: string;
  readonly label: string;
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly { readonly name: string; readonly note: string }[];
  /** Row, column, verdict (0 expected, 1 unexpected, 2 any other), flows, bytes. */
  readonly cells: readonly (readonly [number, number, number, number, number])[];
  readonly rowsTotal: number;
  readonly columnsTotal: number;
}

export interface PairsModel {
  readonly total: number;
  readonly kinds: readonly {
    readonly service: string;
    readonly transport: string;
    readonly verdict: string;
  }[];
  /** Initiator, responder, kind, port (-1 for none), flows, packets, bytes, first and last seen. */
  readonly rows: readonly (readonly number[])[];
}

export interface HostModel {
  readonly address: AddressNo;
  readonly roles: readonly string[];
  readonly evidence: string;
  readonly flowsBegun: number;
  readonly flowsReceived: number;
  readonly bytes: number;
}

export interface HostsModel {
  readonly total: number;
  readonly rows: readonly HostModel[];
}

export interface EndpointModel {
  readonly server: string;
  readonly port: string;
  readonly names: readonly string[];
  readonly how: string;
  readonly firstUs: number;
}

export interface UnusedModel {
  readonly service: string;
  readonly label: string;
  readonly ports: string;
  readonly by: string;
}

export interface ExceptionModel {
  readonly status: string;
  readonly matches: string;
  readonly reason: string;
  readonly expires: string | null;
  readonly flows: number;
}

export interface RulesModel {
  readonly name: string;
  readonly label: string;
  readonly file: string;
  /** Null where it is too long for a page. */
  readonly text: string | null;
  readonly lines: number;
}

export interface TrustModel {
  readonly warnings: number;
  readonly remarks: readonly { readonly warning: boolean; readonly text: string }[];
  readonly skipped: readonly { readonly reason: string; readonly packets: number; readonly bytes: number }[];
}

export const FINDING_FIELDS = [
  'id',
  'severity',
  'status',
  'kind',
  'title',
  'explanation',
  'suggestion',
  'transport',
  'port',
  'responder',
  'initiator',
  'initiators',
  'flows',
  'packets',
  'bytes',
  'outcome',
  'firstUs',
  'lastUs',
] as const satisfies readonly (keyof FindingModel)[];
