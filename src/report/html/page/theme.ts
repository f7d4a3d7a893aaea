// Light or dark: as the system says, unless the reader chooses; paper is always light.

import { button } from './dom.ts';

const KEY = 'xports-theme';
const THEMES = ['auto', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];

const listeners: (() => void)[] = [];

/** Calls back whenever colours have changed. */
export function onTheme(listener: () => void): void {
  listeners.push(listener);
}

function themeChanged(): void {
  for (const listener of listeners) listener();
}

function storedTheme(): Theme {
  try {
    return THEMES.find((theme) => theme === localStorage.getItem(KEY)) ?? 'auto';
  } catch {
    // A file may have no storage.
    return 'auto';
  }
}

function applyTheme(theme: Theme): void {
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  themeChanged();
}

/** The button that goes through the themes. */
export function themeButton(): HTMLButtonElement {
  let theme = storedTheme();
  const label = () => `Theme: ${theme}`;
  const element = button(label(), { class: 'theme' }, () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    element.textContent = label();
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // It is forgotten with the page.
    }
    applyTheme(theme);
  });
  applyTheme(theme);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', themeChanged);
  return element;
}

/** Paper gets light colours, and what was chosen comes back after it. */
export function lightForPrint(before: () => void): void {
  let chosen: string | undefined;
  window.addEventListener('beforeprint', () => {
    chosen = document.documentElement.dataset.theme;
    applyTheme('light');
    before();
  });
  window.addEventListener('afterprint', () =>
    applyTheme(chosen === 'dark' || chosen === 'light' ? chosen : 'auto'),
  );
}
