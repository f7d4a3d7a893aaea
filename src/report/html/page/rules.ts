// Firewall rules to copy, in several languages.

import { grouped } from '../../format.ts';
import type { PageModel, RulesModel } from '../model.ts';
import { button, choice, el, fill } from './dom.ts';

export class Rules {
  readonly element = el('div', { class: 'rules' });
  private readonly tools = el('div', { class: 'tools' });
  private readonly text = el('code');
  private readonly box = el(
    'pre',
    { tabindex: 0, role: 'region', 'aria-label': 'Firewall rules' },
    this.text,
  );
  private readonly status = el('p', { class: 'status', role: 'status' });
  private rules: readonly RulesModel[] = [];
  private run = 0;
  private chosen = '';

  update({ rules, run }: PageModel): void {
    const first = this.rules.length === 0;
    this.rules = rules;
    this.run = run.id;
    if (rules.length === 0) {
      fill(this.element, el('p', { class: 'none' }, 'There is no expected traffic to make rules for.'));
      return;
    }
    if (first) {
      this.chosen = rules[0].name;
      const options = rules.map(({ name, label }) => ({ id: name, label }));
      const pick = choice('Language of the rules', options, this.chosen, (id) => {
        this.chosen = id;
        fill(this.status);
        this.show();
      });
      fill(
        this.tools,
        pick,
        button('Copy', { class: 'primary' }, () => void this.copy()),
        this.status,
      );
      fill(this.element, this.tools, this.box);
    }
    this.show();
  }

  private show(): void {
    const rules = this.rules.find(({ name }) => name === this.chosen);
    if (rules === undefined) return;
    const command = `xports rules --run ${this.run} --format ${rules.name} > ${rules.file}`;
    const shown =
      rules.text ??
      `# ${grouped(rules.lines)} lines are too long for a page. Write them to a file:\n${command}`;
    if (this.text.textContent !== shown) this.text.textContent = shown;
  }

  private async copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.text.textContent ?? '');
      fill(this.status, 'Copied.');
    } catch {
      getSelection()?.selectAllChildren(this.text);
      fill(this.status, 'Selected: copy it with Ctrl-C.');
    }
  }
}
