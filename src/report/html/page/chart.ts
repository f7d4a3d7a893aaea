// Traffic over time by service, stacked; it zooms by dragging, by the buttons, and back by a double click.

import uPlot from 'uplot';
import { byteSize, grouped, spanText, timeText } from '../../format.ts';
import type { PageModel, TrafficModel } from '../model.ts';
import { button, choice, el, fill } from './dom.ts';
import { stacked } from './stack.ts';
import { onTheme } from './theme.ts';

const HEIGHT = 280;
/** Steps of the axis that are whole numbers of KiB, MiB and GiB. */
const POWERS_OF_TWO = Array.from({ length: 50 }, (_, i) => 2 ** i);
const DECIMAL_STEPS = Array.from({ length: 13 }, (_, i) => [1, 2, 5].map((step) => step * 10 ** i)).flat();
const MEASURES = [
  { id: 'bytes', label: 'Bytes' },
  { id: 'packets', label: 'Packets' },
] as const;

export class TrafficChart {
  readonly element = el('div', { class: 'chart' });
  private readonly plotBox = el('div', { class: 'plot', role: 'img' });
  private readonly legend = el('div', {
    class: 'legend',
    role: 'group',
    'aria-label': 'Services in the chart',
  });
  private readonly readout = el('p', { class: 'status', role: 'status' });
  private readonly hidden = new Set<string>();
  private traffic: TrafficModel | null = null;
  private measure: 'bytes' | 'packets' = 'bytes';
  private plot: uPlot | null = null;
  private colours: readonly string[] = [];
  private ink = '';
  private grid = '';

  constructor() {
    const measure = choice('Measure', MEASURES, this.measure, (id) => {
      this.measure = id === 'packets' ? 'packets' : 'bytes';
      this.redraw();
    });
    const zoom = el(
      'div',
      { class: 'choice', role: 'group', 'aria-label': 'Zoom' },
      button('Zoom in', {}, () => this.zoom(0.5, 0)),
      button('Zoom out', {}, () => this.zoom(2, 0)),
      button('Earlier', {}, () => this.zoom(1, -0.5)),
      button('Later', {}, () => this.zoom(1, 0.5)),
      button('Whole', {}, () => this.whole()),
    );
    fill(this.element, el('div', { class: 'tools' }, measure, zoom, this.readout), this.plotBox, this.legend);
    new ResizeObserver(() => this.fit()).observe(this.plotBox);
    onTheme(() => {
      this.readColours();
      this.plot?.redraw();
      this.showLegend();
    });
  }

  update({ traffic }: PageModel): void {
    const before = this.traffic;
    const zoomed = this.zoomedRange();
    this.traffic = traffic;
    this.element.hidden = traffic.series.length === 0;
    this.readColours();
    this.showLegend();
    const same =
      before?.series.map(({ name }) => name).join() === traffic.series.map(({ name }) => name).join();
    if (!same) {
      this.plot?.destroy();
      this.plot = null;
    }
    this.redraw();
    if (same && zoomed !== null) this.plot?.setScale('x', zoomed);
    this.describe();
  }

  private describe(): void {
    const { traffic } = this;
    if (traffic === null || traffic.series.length === 0) return;
    const from = timeText(traffic.startUs);
    const names = traffic.series.map(({ label }) => label).join(', ');
    const span = spanText(traffic.buckets * traffic.widthUs);
    this.plotBox.setAttribute(
      'aria-label',
      `Traffic over ${span} from ${from}, stacked by service: ${names}`,
    );
  }

  private redraw(): void {
    const { traffic } = this;
    if (traffic === null || traffic.series.length === 0) return;
    const data = stacked(traffic, this.measure, this.hidden);
    if (this.plot === null) this.plot = new uPlot(this.options(traffic), data, this.plotBox);
    else this.plot.setData(data, this.zoomedRange() === null);
    for (const [i, { name }] of traffic.series.entries()) {
      const at = traffic.series.length - i;
      if (this.plot.series[at].show === this.hidden.has(name)) {
        this.plot.setSeries(at, { show: !this.hidden.has(name) });
      }
    }
    this.showReadout();
  }

  /** Series stand in reverse, so that each is drawn over the sum above it. */
  private options(traffic: TrafficModel): uPlot.Options {
    const stepped = uPlot.paths.stepped?.({ align: 1 });
    const count = traffic.series.length;
    const axis = {
      stroke: () => this.ink,
      grid: { stroke: () => this.grid, width: 1 },
      ticks: { show: false },
    };
    return {
      width: this.plotBox.clientWidth || 800,
      height: HEIGHT,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false } },
      scales: { x: { time: true }, y: { range: (_, __, max) => [0, max > 0 ? max * 1.05 : 1] } },
      axes: [
        { ...axis, values: (_, splits, __, ___, step) => splits.map((split) => tickText(split, step)) },
        {
          ...axis,
          size: 76,
          incrs: () => (this.measure === 'bytes' ? POWERS_OF_TWO : DECIMAL_STEPS),
          values: (_, splits) =>
            splits.map((split) =>
              this.measure === 'bytes' ? byteSize(Math.round(split)) : grouped(Math.round(split)),
            ),
        },
      ],
      series: [
        {},
        ...traffic.series.map((_, i) => {
          const colour = () => this.colours[count - 1 - i];
          const style = { label: traffic.series[count - 1 - i].label, width: 1, points: { show: false } };
          return { ...style, stroke: colour, fill: colour, ...(stepped ? { paths: stepped } : {}) };
        }),
      ],
      hooks: { setCursor: [() => this.showReadout()], setScale: [() => this.showReadout()] },
    };
  }

  private readColours(): void {
    const style = getComputedStyle(document.documentElement);
    const value = (name: string) => style.getPropertyValue(name).trim();
    this.ink = value('--muted');
    this.grid = value('--line');
    let next = 1;
    this.colours = (this.traffic?.series ?? []).map(({ name }) => {
      if (name === 'unlisted') return value('--series-bad');
      return name === 'others' ? value('--series-others') : value(`--series-${next++}`);
    });
  }

  private showLegend(): void {
    const { traffic } = this;
    if (traffic === null) return;
    const focused = [...this.legend.children].indexOf(document.activeElement as Element);
    fill(
      this.legend,
      ...traffic.series.map(({ name, label }, i) => {
        const swatch = el('span', { class: 'swatch', 'aria-hidden': 'true' });
        swatch.style.setProperty('background', this.colours[i]);
        const entry = button('', { 'aria-pressed': String(!this.hidden.has(name)) }, () => {
          if (!this.hidden.delete(name)) this.hidden.add(name);
          this.showLegend();
          this.redraw();
        });
        entry.append(swatch, label);
        return entry;
      }),
    );
    if (focused >= 0) (this.legend.children[focused] as HTMLElement | undefined)?.focus();
  }

  /** What is under the pointer, or what part is shown. */
  private showReadout(): void {
    const { traffic, plot, measure } = this;
    if (traffic === null || plot === null) return;
    const at = plot.cursor.idx;
    if (at === null || at === undefined || at >= traffic.buckets || (plot.cursor.left ?? -1) < 0) {
      const [from, to] = [plot.scales.x.min ?? 0, plot.scales.x.max ?? 0];
      fill(this.readout, `${timeText(from * 1e6)} to ${timeText(to * 1e6)}, by ${spanText(traffic.widthUs)}`);
      return;
    }
    const amounts = traffic.series.map((series) => {
      const cells = series[measure];
      let value = 0;
      for (let i = 0; i < cells.length; i += 2) if (cells[i] === at) value = cells[i + 1];
      return { label: series.label, value };
    });
    const parts = amounts
      .filter(({ value }) => value > 0)
      .sort((a, b) => b.value - a.value)
      .slice(0, 4)
      .map(({ label, value }) => `${label} ${measure === 'bytes' ? byteSize(value) : grouped(value)}`);
    const time = timeText(traffic.startUs + at * traffic.widthUs);
    fill(this.readout, `${time}: ${parts.length === 0 ? 'nothing' : parts.join(', ')}`);
  }

  private bounds(): { min: number; max: number } {
    const x = this.plot?.data[0] ?? [];
    return { min: x[0] ?? 0, max: x[x.length - 1] ?? 0 };
  }

  /** The part that is shown; null for the whole. */
  private zoomedRange(): { min: number; max: number } | null {
    const { min, max } = this.plot?.scales.x ?? {};
    const whole = this.bounds();
    if (min === undefined || max === undefined || min === null || max === null) return null;
    return min <= whole.min && max >= whole.max ? null : { min, max };
  }

  private zoom(factor: number, shift: number): void {
    const whole = this.bounds();
    const { min, max } = this.zoomedRange() ?? whole;
    const least = ((this.traffic?.widthUs ?? 60e6) / 1e6) * 2;
    const width = Math.min(Math.max((max - min) * factor, least), whole.max - whole.min);
    const from = (min + max) / 2 - width / 2 + shift * width;
    const start = Math.min(Math.max(from, whole.min), whole.max - width);
    this.plot?.setScale('x', { min: start, max: start + width });
  }

  private whole(): void {
    this.plot?.setScale('x', this.bounds());
  }

  /** Fills the width there is. */
  fit(): void {
    const width = this.plotBox.clientWidth;
    if (width > 0 && this.plot !== null && width !== this.plot.width)
      this.plot.setSize({ width, height: HEIGHT });
  }
}

/** `09:05`, `09:05:30` where ticks are closer, and the day where one begins or ticks are days. */
function tickText(seconds: number, step: number): string {
  const text = timeText(seconds * 1e6);
  if (step >= 86_400 || text.slice(11, 19) === '00:00:00') return text.slice(5, 10);
  return step < 60 ? text.slice(11, 19) : text.slice(11, 16);
}
