// Is anything wrong? Findings, the worst first, each with its evidence and what to do.

import { byteSize, counted, grouped, timeText } from '../../format.ts';
import { FINDING_FIELDS, type FindingModel, type PageModel, type WitnessCells } from '../model.ts';
import { append, button, choice, el, fill, searchField } from './dom.ts';
import { showPager } from './table.ts';
import { addressOrder, OUTCOMES, portText, SEVERITIES, SEVERITY_WORDS, shortTime } from './words.ts';

const PAGE_FINDINGS = 12;
/** So many of the worst are open at first. */
const OPEN_AT_FIRST = 1;

const ORDERS: readonly { readonly id: string; readonly label: string }[] = [
  { id: 'severity', label: 'Worst first' },
  { id: 'flows', label: 'Most flows' },
  { id: 'newest', label: 'Newest' },
  { id: 'responder', label: 'By address' },
];

export class Findings {
  readonly element = el('div', { class: 'findings' });
  private readonly list = el('div', { class: 'finding-list' });
  private readonly filters = el('div', { class: 'choice', role: 'group', 'aria-label': 'Severity' });
  private readonly status = el('p', { class: 'status', role: 'status' });
  private readonly pager = el('div', { class: 'pager' });
  private readonly open = new Set<number>();
  private model: PageModel | null = null;
  private all: readonly FindingModel[] = [];
  private severity = 'all';
  private order = 'severity';
  private wanted = '';
  private page = 0;

  constructor() {
    const search = searchField('Search findings', (text) => {
      this.wanted = text;
      this.from(0);
    });
    const order = choice('Order', ORDERS, this.order, (id) => {
      this.order = id;
      this.from(0);
    });
    append(this.element, [
      el('div', { class: 'tools' }, this.filters, order, search, this.status),
      this.list,
      this.pager,
    ]);
  }

  update(model: PageModel): void {
    const first = this.model === null;
    this.model = model;
    this.all = model.findings.rows.map(
      (cells) =>
        Object.fromEntries(FINDING_FIELDS.map((field, i) => [field, cells[i]])) as unknown as FindingModel,
    );
    if (first) for (const finding of this.all.slice(0, OPEN_AT_FIRST)) this.open.add(finding.id);
    this.showFilters();
    this.show();
  }

  /** Shows one severity alone. */
  only(severity: string): void {
    this.severity = severity;
    this.showFilters();
    this.from(0);
  }

  /** Opens what is on the page, for paper. */
  openAll(): void {
    for (const details of this.list.querySelectorAll('details')) details.open = true;
  }

  private from(page: number): void {
    this.page = page;
    this.show();
  }

  private showFilters(): void {
    const counts = new Map<string, number>();
    for (const finding of this.all) {
      const name = groupOf(finding);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    const names = ['all', ...SEVERITIES, 'resolved'].filter((name) => name === 'all' || counts.has(name));
    if (!names.includes(this.severity)) this.severity = 'all';
    const focused = this.filters.contains(document.activeElement);
    fill(
      this.filters,
      ...names.map((name) => {
        const count = name === 'all' ? this.all.length : (counts.get(name) ?? 0);
        const pressed = String(name === this.severity);
        return button(`${name} ${grouped(count)}`, { 'aria-pressed': pressed }, () => this.only(name));
      }),
    );
    if (focused) this.filters.querySelector<HTMLElement>('[aria-pressed="true"]')?.focus();
  }

  private show(): void {
    const { model } = this;
    if (model === null) return;
    this.element.classList.toggle('empty', this.all.length === 0);
    const words = this.wanted.split(/\s+/).filter((word) => word !== '');
    const found = this.all
      .filter((finding) => this.severity === 'all' || groupOf(finding) === this.severity)
      .filter((finding) => words.every((word) => this.textOf(finding, model).includes(word)));
    this.sort(found, model);
    const pages = Math.max(1, Math.ceil(found.length / PAGE_FINDINGS));
    this.page = Math.min(this.page, pages - 1);
    const from = this.page * PAGE_FINDINGS;
    const focused = document.activeElement?.closest('details')?.id;
    fill(this.list, ...found.slice(from, from + PAGE_FINDINGS).map((finding) => this.item(finding, model)));
    if (found.length === 0) {
      const nothing =
        this.all.length === 0 ? 'There are no findings: all that was judged is allowed.' : 'Nothing matches.';
      append(this.list, [el('p', { class: 'none' }, nothing)]);
    }
    if (focused !== undefined && focused !== '')
      document.querySelector<HTMLElement>(`#${focused} > summary`)?.focus();
    const { total } = model.findings;
    const more =
      total > this.all.length
        ? `; the worst ${grouped(this.all.length)} of ${grouped(total)}, the rest by: xports findings --run ${model.run.id}`
        : '';
    fill(this.status, `${counted(found.length, 'finding')}${more}`);
    showPager(this.pager, this.page, pages, (page) => this.from(page));
  }

  private sort(found: FindingModel[], { addresses }: PageModel): void {
    if (this.order === 'flows') found.sort((a, b) => b.flows - a.flows);
    if (this.order === 'newest') found.sort((a, b) => b.firstUs - a.firstUs);
    if (this.order === 'responder') {
      const keys = new Map(found.map((f) => [f.id, addressOrder(addresses[f.responder] ?? '')]));
      found.sort((a, b) => ((keys.get(a.id) ?? '') < (keys.get(b.id) ?? '') ? -1 : 1));
    }
  }

  private textOf(finding: FindingModel, { addresses, findings }: PageModel): string {
    const { title, kind, severity, outcome, explanation } = finding;
    const sides = `${addresses[finding.initiator] ?? ''} ${addresses[finding.responder] ?? ''}`;
    const port = portText(finding.transport, finding.port);
    return `${title} ${kind} ${severity} ${outcome} ${port} ${sides} ${findings.texts[explanation]}`.toLowerCase();
  }

  private item(finding: FindingModel, model: PageModel): HTMLElement {
    const { severity, status } = finding;
    const item = el('details', { id: `finding-${finding.id}`, class: `finding ${groupOf(finding)}` });
    item.open = this.open.has(finding.id);
    item.addEventListener('toggle', () => {
      if (item.open) this.open.add(finding.id);
      else this.open.delete(finding.id);
    });
    const badge = el(
      'span',
      { class: `badge ${severity}` },
      status === 'open' ? severity : `${severity}, ${status}`,
    );
    const summary = el(
      'summary',
      {},
      badge,
      el('span', { class: 'finding-title' }, finding.title),
      el('span', { class: 'finding-meta' }, sidesOf(finding, model)),
    );
    append(item, [summary, this.details(finding, model)]);
    return item;
  }

  private details(finding: FindingModel, model: PageModel): HTMLElement {
    const { texts, witnesses } = model.findings;
    const explanation = texts[finding.explanation] ?? '';
    const suggestion = texts[finding.suggestion] ?? '';
    const fact = (name: string, value: string) => el('div', {}, el('dt', {}, name), el('dd', {}, value));
    const evidence = el(
      'dl',
      { class: 'facts' },
      fact('Severity', `${finding.severity}: ${SEVERITY_WORDS[finding.severity] ?? ''}`),
      fact('Outcome', OUTCOMES[finding.outcome] ?? finding.outcome),
      fact(
        'Amount',
        `${counted(finding.flows, 'flow')}, ${counted(finding.packets, 'packet')}, ${byteSize(finding.bytes)}`,
      ),
      fact('Seen', seenText(finding)),
      fact('Kind', finding.kind.replaceAll('-', ' ')),
    );
    const body = el('div', { class: 'finding-body' });
    append(body, [
      explanation === '' ? null : el('p', {}, explanation),
      suggestion === '' ? null : el('p', { class: 'todo' }, el('strong', {}, 'What to do: '), suggestion),
      evidence,
      witnessTable(witnesses[finding.id], finding, model),
    ]);
    return body;
  }
}

function seenText({ firstUs, lastUs }: FindingModel): string {
  const [from, to] = [timeText(firstUs), timeText(lastUs)];
  if (from === to) return from;
  return `${from.slice(0, 19)} to ${from.slice(0, 10) === to.slice(0, 10) ? to.slice(11) : to}`;
}

function groupOf(finding: FindingModel): string {
  return finding.status === 'open' ? finding.severity : finding.status;
}

function sidesOf(finding: FindingModel, { addresses }: PageModel): string {
  const from = addresses[finding.initiator] ?? 'unknown';
  const more = finding.initiators > 1 ? ` and ${counted(finding.initiators - 1, 'other')}` : '';
  const many = finding.kind === 'port-scan' && finding.port === null;
  const to = addresses[finding.responder] ?? 'many hosts';
  const port = many ? `${finding.transport}, many ports` : portText(finding.transport, finding.port);
  return `${from}${more} → ${to}, ${port} · ${counted(finding.flows, 'flow')} · ${OUTCOMES[finding.outcome] ?? finding.outcome}`;
}

function witnessTable(
  witnesses: readonly WitnessCells[] | undefined,
  finding: FindingModel,
  { addresses }: PageModel,
): HTMLElement | null {
  if (witnesses === undefined) return null;
  const head = ['Who', 'Flows', 'Packets', 'Bytes', 'First seen', 'Last seen'];
  const rest = finding.initiators - witnesses.length;
  const caption =
    rest > 0
      ? `Who did it; ${counted(rest, 'more address', 'more addresses')} with fewer bytes`
      : 'Who did it';
  return el(
    'table',
    { class: 'small' },
    el('caption', {}, caption),
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        ...head.map((name, i) => el('th', { scope: 'col', class: i === 0 ? '' : 'number' }, name)),
      ),
    ),
    el(
      'tbody',
      {},
      ...witnesses.map(([who, flows, packets, bytes, first, last]) =>
        el(
          'tr',
          {},
          el('td', { class: 'mono' }, addresses[who] ?? ''),
          ...[grouped(flows), grouped(packets), byteSize(bytes), shortTime(first), shortTime(last)].map(
            (text) => el('td', { class: 'number' }, text),
          ),
        ),
      ),
    ),
  );
}
